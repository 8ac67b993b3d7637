"""The cases: what is timed, as data.

A case is an expression over named operands in each library's own spelling, and the statements that it needs before it. ``wengert`` runs the PyTorch spelling as it
stands (``import wengert as torch``), JAX runs the NumPy spelling under ``jit`` with ``np`` meaning ``jax.numpy``. The NumPy
spelling is also the reference that results are checked against. Being plain data, a case travels to a worker as JSON.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

ITEMSIZE = {"float32": 4, "float64": 8, "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1}
SHORT = {"float32": "f32", "float64": "f64", "int64": "i64", "int32": "i32", "bool": "bool"}


@dataclass(frozen=True)
class Operand:
    """A random tensor. ``layout``: ``rows`` is contiguous, ``columns`` is stored transposed, ``strided`` takes every second
    element along the last dimension of one twice as wide. Integers are in [-100, 100] without 0 or, where high is above 1,
    in [low, high). ``grad``: it requires gradients, in the libraries whose tensors do."""

    name: str
    shape: tuple[int, ...]
    layout: str = "rows"
    dtype: str = ""  # empty: the case's
    low: float = -1.0
    high: float = 1.0
    grad: bool = False


def _spelled(code: dict[str, str], library: str) -> str:
    spelling = {"wengert": "torch", "jax": "numpy"}.get(library, library)
    return code.get(library, code.get(spelling, ""))


@dataclass(frozen=True)
class Case:
    """``code`` maps a library to its expression; a library that is missing, or whose expression is empty, sits the case out.

    ``bytes`` counts every operand and the result once, ``flops`` the additions and multiplications: whichever takes longer at
    the machine's limit is what the case is held against. Both are zero where the cost of the call is all there is.
    ``program`` maps a library to statements that run once, before the first evaluation: what the expression calls, and the state
    that it changes. ``check``: ``value`` against NumPy (against ``code["reference"]``, where NumPy itself sits out), ``moments``
    for random draws, ``peers`` for the first few numbers of a run, compared between the contestants, ``none`` where NumPy has no
    such function.
    """

    name: str
    family: str
    dtype: str
    operands: tuple[Operand, ...]
    code: dict[str, str]
    bytes: float
    flops: float
    check: str = "value"
    program: dict[str, str] = field(default_factory=dict)

    def expression(self, library: str) -> str:
        """The expression ``library`` runs; empty if it sits this case out."""
        return _spelled(self.code, library)

    def statements(self, library: str) -> str:
        """The program ``library`` runs before the expression; empty if there is none."""
        return _spelled(self.program, library)

    def setup(self, library: str, copies: int = 1) -> Any:
        """The case bound to fresh operands of ``library``: call it for one evaluation (see ``adapters.Bound``)."""
        from .adapters import adapter

        return adapter(library).bind(self, copies)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Case:
        operands = tuple(Operand(**{**o, "shape": tuple(o["shape"])}) for o in data["operands"])
        return cls(**{**data, "operands": operands})


def elements(shape: Iterable[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def dims(shape: Iterable[int]) -> str:
    return "x".join(str(size) for size in shape)


def _code(torch: str, numpy: str, **others: str) -> dict[str, str]:
    return {"torch": torch, "numpy": numpy, **others}


def mm(m: int, k: int, n: int, dtype: str = "float32", trans: str = "NN", family: str = "gemm", **code: str) -> Case:
    """(m,k) by (k,n). ``trans``: N as stored, T stored transposed, for A and B."""
    size = ITEMSIZE[dtype]
    moved, flops = (m * k + k * n + m * n) * size, 2.0 * m * k * n
    layout = {"N": "rows", "T": "columns"}
    return Case(
        name=f"mm {SHORT[dtype]} {m}x{k}x{n}" + ("" if trans == "NN" else f" {trans}"),
        family=family,
        dtype=dtype,
        operands=(Operand("a", (m, k), layout[trans[0]]), Operand("b", (k, n), layout[trans[1]])),
        code=code or _code("torch.mm(a, b)", "np.matmul(a, b)"),
        bytes=moved,
        flops=flops,
    )


def mv(m: int, k: int, dtype: str = "float32", layout: str = "rows", family: str = "mv") -> Case:
    """(m,k) by (k,)."""
    suffix = {"rows": "", "columns": " T", "strided": " strided"}[layout]
    return Case(
        name=f"mv {SHORT[dtype]} {m}x{k}{suffix}",
        family=family,
        dtype=dtype,
        operands=(Operand("a", (m, k), layout), Operand("x", (k,))),
        code=_code("torch.mv(a, x)", "np.matmul(a, x)"),
        bytes=(m * k + k + m) * ITEMSIZE[dtype],
        flops=2.0 * m * k,
    )


def forced_gemm(m: int, k: int, dtype: str, trans: str) -> Case:
    """One column through the gemm kernel, which ``mm`` itself never does."""
    return mm(m, k, 1, dtype, trans, "gemm", wengert="torch._mm_gemm(a, b)", reference="np.matmul(a, b)")


def batched(left: tuple[int, ...], right: tuple[int, ...], torch: str = "torch.matmul(a, b)") -> Case:
    m, k, n = left[-2], left[-1], right[-1]
    rank = max(len(left), len(right)) - 2
    pad = [(1,) * (rank + 2 - len(s)) + s for s in (left, right)]
    batch = elements(max(a, b) for a, b in zip(pad[0][:-2], pad[1][:-2], strict=True))
    return Case(
        name=f"bmm f32 {dims(left)} @ {dims(right)}",
        family="bmm",
        dtype="float32",
        operands=(Operand("a", left), Operand("b", right)),
        code=_code(torch, "np.matmul(a, b)"),
        bytes=4.0 * (elements(left) + elements(right) + batch * m * n),
        flops=2.0 * batch * m * k * n,
    )


def _gemm() -> Iterator[Case]:
    for n in (256, 512, 1024, 2048, 4096):
        for dtype in ("float32", "float64"):
            for trans in ("NN", "NT", "TN", "TT"):
                yield mm(n, n, n, dtype, trans)
    for dtype in ("float32", "float64"):
        for n in (8, 16, 32, 64, 128):
            yield mm(n, n, n, dtype, family="small gemm")
    skinny = [(127, 131, 129), (1000, 1000, 1000), (1024, 16, 1024), (1024, 1024, 16), (16, 1024, 1024), (4096, 64, 64)]
    skinny += [(64, 4096, 64), (64, 64, 16384), (3000, 784, 10), (1, 1024, 1024)]
    for m, k, n in skinny:
        yield mm(m, k, n, family="skinny")
    for n in (1, 2, 4, 8, 16, 32):
        yield mm(1000, 1000, n, family="columns")
    for n in (1, 2, 4, 8, 16, 32):
        yield mm(n, 1000, 1000, trans="NT", family="columns")
    yield mm(512, 512, 512, "int64", family="integer")


def _bmm() -> Iterator[Case]:
    for batch, n in ((1000, 4), (512, 16), (256, 32), (128, 64), (64, 128), (16, 512)):
        yield batched((batch, n, n), (batch, n, n), "torch.bmm(a, b)")
    yield batched((32, 64, 128), (128, 64))
    yield batched((8, 1, 64, 64), (1, 16, 64, 64))


def _mv() -> Iterator[Case]:
    for dtype in ("float32", "float64"):
        for n in (256, 1000, 2048, 4096, 8192):
            yield mv(n, n, dtype)
        yield mv(2048, 2048, dtype, "columns")
        yield mv(2048, 2048, dtype, "strided")
        yield mv(100000, 64, dtype)
        yield mv(64, 100000, dtype)
        yield mv(64, 100000, dtype, "columns")
    for n in (1000, 1000000):
        yield Case(
            name=f"dot f32 {n}",
            family="dot",
            dtype="float32",
            operands=(Operand("a", (n,)), Operand("b", (n,))),
            code=_code("torch.dot(a, b)", "np.dot(a, b)"),
            bytes=8.0 * n,
            flops=2.0 * n,
        )


def _calls() -> Iterator[Case]:
    def call(name: str, operands: tuple[Operand, ...], code: dict[str, str]) -> Case:
        return Case(name, "call", "float32", operands, code, 0.0, 0.0)

    one, other = Operand("a", (1,)), Operand("b", (1,))
    yield call("a + b, 1 element", (one, other), _code("a + b", "a + b"))
    yield call("mv 4x4", (Operand("a", (4, 4)), Operand("x", (4,))), _code("torch.mv(a, x)", "a @ x", jax="np.matmul(a, x)"))
    yield call("view(-1), 4x4", (Operand("a", (4, 4)),), _code("a.view(-1)", "a.reshape(-1)"))
    yield call("a[0], 4x4", (Operand("a", (4, 4)),), _code("a[0]", "a[0]"))


def _memory() -> Iterator[Case]:
    for n in (1000000, 30000000):
        pair = (Operand("a", (n,)), Operand("b", (n,)))
        yield Case(
            f"a + b f32 {n:.0e}".replace("e+0", "e"), "memory", "float32", pair, _code("a + b", "a + b"), 12.0 * n, float(n)
        )
    yield Case(
        name="a.t().contiguous() f32 2000x2000",
        family="memory",
        dtype="float32",
        operands=(Operand("a", (2000, 2000)),),
        code=_code("a.t().contiguous()", "np.ascontiguousarray(a.T)", jax="a.T"),
        bytes=2 * 4.0 * 2000 * 2000,
        flops=0.0,
    )
    yield Case(
        name="sum f32 2000x2000",
        family="memory",
        dtype="float32",
        operands=(Operand("a", (2000, 2000), low=0.0),),
        code=_code("a.sum()", "a.sum()"),
        bytes=4.0 * 2000 * 2000,
        flops=2000.0 * 2000,
    )
    yield Case(
        name="randn f32 1e6",
        family="random",
        dtype="float32",
        operands=(),
        code=_code(
            "torch.randn(1000000)", "rng.standard_normal(1000000, dtype=np.float32)", jax="jax.random.normal(key, (1000000,))"
        ),
        bytes=4.0e6,
        flops=0.0,
        check="moments",
    )


def written_cases() -> list[Case]:
    """The cases of this file. ``surface`` has those of the numeric surface, ``gradients`` and ``training`` those of automatic
    differentiation, ``elementwise`` a row per elementwise operator."""
    return [*_gemm(), *_bmm(), *_mv(), *_calls(), *_memory()]


def select(cases: Iterable[Case], patterns: str) -> list[Case]:
    """The cases one of the comma-separated patterns fits: a part of ``family: name``, or a glob for the whole of it."""
    wanted = [p.strip() for p in patterns.split(",") if p.strip()]

    def fits(case: Case) -> bool:
        title = f"{case.family}: {case.name}"
        return any(fnmatch.fnmatch(title, p) if "*" in p or "?" in p else p in title for p in wanted)

    return [case for case in cases if not wanted or fits(case)]
