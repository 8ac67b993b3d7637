"""The cases of the numeric surface: mathematics, broadcasting, reductions, movement, indexing, sorting, and small calls."""

from __future__ import annotations

from collections.abc import Iterator

from .cases import ITEMSIZE, Case, Operand, elements

MATRIX = (2000, 2000)


def _case(
    name: str,
    family: str,
    operands: tuple[Operand, ...],
    torch: str,
    numpy: str,
    result: float,
    dtype: str = "float32",
    check: str = "value",
    jax: str | None = None,
) -> Case:
    """A case that moves its operands and ``result`` bytes."""
    code = {"torch": torch, "numpy": numpy} | ({} if jax is None else {"jax": jax})
    moved = sum(elements(o.shape) * ITEMSIZE[o.dtype or dtype] for o in operands) + result
    return Case(name, family, dtype, operands, code, float(moved), 0.0, check)


def _maths() -> Iterator[Case]:
    x = (Operand("x", (1000000,), low=0.1, high=10.0),)
    chain = ("torch.sin(torch.log(x**2 + 1))", "np.sin(np.log(x**2 + 1))")
    yield _case("sin(log(x**2 + 1)) f32 1e6", "maths", x, *chain, 4e6)
    for name in ("exp", "log", "sin", "tanh"):
        yield _case(f"{name} f64 1e6", "maths", x, f"torch.{name}(x)", f"np.{name}(x)", 8e6, "float64")
    large = (Operand("x", (30000000,), low=0.1, high=10.0),)
    yield _case("exp f32 3e7", "maths", large, "torch.exp(x)", "np.exp(x)", 1.2e8)
    yield _case("x * 2 f32 3e7", "maths", large, "x * 2", "x * np.float32(2)", 1.2e8)
    wide = (Operand("x", (1000000,), low=0.1, high=10.0),)
    yield _case("x ** 2.5 f32 1e6", "maths", wide, "x ** 2.5", "x ** np.float32(2.5)", 4e6)


def _broadcast() -> Iterator[Case]:
    def of(name: str, *shapes: tuple[int, ...]) -> Case:
        operands = tuple(Operand(letter, shape) for letter, shape in zip("ab", shapes, strict=True))
        return _case(name, "broadcast", operands, "a + b", "a + b", 4e6)

    yield of("(1000,1000) + (1000,) f32", (1000, 1000), (1000,))
    yield of("(1000,1) + (1,1000) f32", (1000, 1), (1, 1000))
    yield _case("a + a.t() f32 2000x2000", "broadcast", (Operand("a", MATRIX),), "a + a.t()", "a + a.T", 1.6e7)


def _reductions() -> Iterator[Case]:
    def of(name: str, torch: str, numpy: str, result: float = 8000.0, check: str = "value") -> Case:
        return _case(f"{name} f32 2000x2000", "reduction", (Operand("a", MATRIX, low=0.0),), torch, numpy, result, check=check)

    yield of("sum(0)", "a.sum(0)", "a.sum(0)")
    yield of("sum(1)", "a.sum(1)", "a.sum(1)")
    yield of("mean(1)", "a.mean(1)", "a.mean(1)")
    yield of("var(1)", "a.var(1)", "a.var(1, ddof=1)")
    yield of("prod(1)", "a.prod(1)", "a.prod(1)")
    yield of("norm", "torch.norm(a)", "np.linalg.norm(a)", 4.0)
    yield of("amax(1)", "a.amax(1)", "a.max(1)")
    yield of("argmax", "a.argmax()", "a.argmax()", 8.0)
    yield of("argmax(0)", "a.argmax(0)", "a.argmax(0)", 16000.0)
    yield of("argmax(1)", "a.argmax(1)", "a.argmax(1)", 16000.0)
    yield of("cumsum(0)", "a.cumsum(0)", "a.cumsum(0)", 1.6e7)
    yield of("cumsum(1)", "a.cumsum(1)", "a.cumsum(1)", 1.6e7)
    softmax = "(lambda e: e / e.sum(1, keepdims=True))(np.exp(a))"
    yield of("softmax(1)", "torch.softmax(a, 1)", softmax, 1.6e7)
    chain = "(lambda e: e / e.sum(1, keepdim=True))(torch.exp(a))"
    yield of("exp, sum, div", chain, softmax, 1.6e7)
    yield of("logsumexp(1)", "torch.logsumexp(a, 1)", "np.log(np.exp(a).sum(1))")
    yield of("a > 2, any", "torch.any(a > 2)", "np.any(a > 2)", 1.0)


def _movement() -> Iterator[Case]:
    pair = (Operand("a", MATRIX), Operand("b", MATRIX))
    yield _case("cat(0) f32 2 of 2000x2000", "movement", pair, "torch.cat((a, b))", "np.concatenate((a, b))", 3.2e7)
    yield _case("cat(1) f32 2 of 2000x2000", "movement", pair, "torch.cat((a, b), 1)", "np.concatenate((a, b), 1)", 3.2e7)
    one = (Operand("a", MATRIX),)
    yield _case(
        "flip(1) f32 2000x2000", "movement", one, "torch.flip(a, (1,))", "np.flip(a, 1).copy()", 1.6e7, jax="np.flip(a, 1)"
    )
    yield _case("roll(1) f32 2000x2000", "movement", one, "torch.roll(a, 7, 1)", "np.roll(a, 7, 1)", 1.6e7)
    yield _case("tril f32 2000x2000", "movement", one, "torch.tril(a)", "np.tril(a)", 1.6e7)
    row = (Operand("a", (1000,)),)
    yield _case("repeat(1000, 1) f32 1000", "movement", row, "a.repeat(1000, 1)", "np.tile(a, (1000, 1))", 4e6)


def _indexing() -> Iterator[Case]:
    rows = (Operand("a", (100000, 64)), Operand("i", (100000,), dtype="int64", low=0, high=100000))
    yield _case("a[i] rows f32 100000x64", "indexing", rows, "a[i]", "a.take(i, 0)", 2.56e7, jax="a[i]")
    yield _case(
        "index_select rows f32 100000x64", "indexing", rows, "torch.index_select(a, 0, i)", "a.take(i, 0)", 2.56e7, jax="a[i]"
    )
    flat = (Operand("a", (1000000,)), Operand("m", (1000000,), dtype="bool"))
    yield _case("a[mask] f32 1e6", "indexing", flat, "a[m]", "a[m]", 2e6, jax="")
    yield _case("masked_fill f32 1e6", "indexing", flat, "a.masked_fill(m, 0.0)", "np.where(m, np.float32(0), a)", 4e6)
    both = (*flat, Operand("b", (1000000,)))
    yield _case("where f32 1e6", "indexing", both, "torch.where(m, a, b)", "np.where(m, a, b)", 4e6)
    yield _case("nonzero bool 1e6", "indexing", (flat[1],), "torch.nonzero(m)", "np.argwhere(m)", 4e6, jax="")
    square = (Operand("a", (1000, 1000)), Operand("i", (1000, 1000), dtype="int64", low=0, high=1000))
    yield _case("gather(1) f32 1000x1000", "indexing", square, "torch.gather(a, 1, i)", "np.take_along_axis(a, i, 1)", 4e6)
    many = (Operand("a", (1000000,)), Operand("i", (1000000,), dtype="int64", low=0, high=10000))
    yield _case(
        "index_add f32 1e6 to 1e4",
        "indexing",
        many,
        "torch.zeros(10000).index_add_(0, i, a)",
        "np.bincount(i, a, 10000).astype(np.float32)",
        4e4,
        jax="np.zeros(10000, np.float32).at[i].add(a)",
    )


def _sorting() -> Iterator[Case]:
    flat = (Operand("a", (1000000,)),)
    yield _case("sort f32 1e6", "sorting", flat, "torch.sort(a).values", "np.sort(a)", 1.2e7)
    yield _case(
        "topk 100 of f32 1e6",
        "sorting",
        flat,
        "torch.topk(a, 100).values",
        "np.sort(np.partition(a, 999900)[999900:])[::-1]",
        1200,
    )
    yield _case(
        "sort(1) f32 1000x1000", "sorting", (Operand("a", (1000, 1000)),), "torch.sort(a, 1).values", "np.sort(a, 1)", 1.2e7
    )
    ints = (Operand("a", (1000000,), dtype="int64", low=0, high=1000),)
    yield _case("unique i64 1e6 of 1000", "sorting", ints, "torch.unique(a)", "np.unique(a)", 8000, "int64", jax="")
    line = (Operand("a", (1000000,)),)
    grid = "torch.linspace(-1, 1, 1001)", "np.linspace(-1, 1, 1001, dtype=np.float32)"
    yield _case(
        "bucketize f32 1e6 in 1001",
        "sorting",
        line,
        f"torch.bucketize(a, {grid[0]})",
        f"np.searchsorted({grid[1]}, a)",
        8e6,
        check="none",
    )


def _small() -> Iterator[Case]:
    """Every kind of call on four elements, where the call is all there is."""
    a, b = Operand("a", (4,), low=0.1, high=0.9), Operand("b", (4,), low=0.1, high=0.9)
    i, m = Operand("i", (4,), dtype="int64", low=0, high=4), Operand("m", (4,), dtype="bool")
    calls = {
        "exp": ((a,), "torch.exp(a)", "np.exp(a)"),
        "a ** 2": ((a,), "a ** 2", "a ** 2"),
        "a > b": ((a, b), "a > b", "a > b"),
        "clamp": ((a,), "torch.clamp(a, 0.2, 0.5)", "np.clip(a, 0.2, 0.5)"),
        "where": ((m, a, b), "torch.where(m, a, b)", "np.where(m, a, b)"),
        "sum": ((a,), "a.sum()", "a.sum()"),
        "mean": ((a,), "a.mean()", "a.mean()"),
        "max(0)": ((a,), "a.max(0).values", "a.max(0)"),
        "argmax": ((a,), "a.argmax()", "a.argmax()"),
        "var": ((a,), "a.var()", "a.var(ddof=1)"),
        "cumsum": ((a,), "a.cumsum(0)", "a.cumsum(0)"),
        "softmax": ((a,), "torch.softmax(a, 0)", "(lambda e: e / e.sum())(np.exp(a))"),
        "a[i]": ((a, i), "a[i]", "a[i]"),
        "a[mask]": ((a, m), "a[m]", "a[m]"),
        "index_select": ((a, i), "torch.index_select(a, 0, i)", "a.take(i)"),
        "gather": ((a, i), "torch.gather(a, 0, i)", "a.take(i)"),
        "cat": ((a, b), "torch.cat((a, b))", "np.concatenate((a, b))"),
        "stack": ((a, b), "torch.stack((a, b))", "np.stack((a, b))"),
        "sort": ((a,), "torch.sort(a).values", "np.sort(a)"),
    }
    for name, (operands, torch, numpy) in calls.items():
        jax = "" if name == "a[mask]" else None
        code = {"torch": torch, "numpy": numpy} | ({} if jax is None else {"jax": jax})
        yield Case(f"{name}, 4 elements", "small call", "float32", operands, code, 0.0, 0.0)


def written_cases() -> list[Case]:
    """Every case of this file."""
    return [*_maths(), *_broadcast(), *_reductions(), *_movement(), *_indexing(), *_sorting(), *_small()]
