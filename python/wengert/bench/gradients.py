"""The cases of automatic differentiation: what recording and a backward pass cost, from one element to a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from .cases import ITEMSIZE, Case, Operand, elements

FAMILY = "autograd"
ONE = Operand("x", (1,), low=0.5, high=0.5, grad=True)
CURVE = ("torch.sin(torch.log(x**2 + 1))", "np.sin(np.log(x**2 + 1))", "np.cos(np.log(x**2 + 1)) * 2 * x / (x**2 + 1)")


def backward(operands: tuple[Operand, ...], forward: str, seed: str = "") -> str:
    """Statements that define ``step``: the value of ``forward`` and, after a backward pass from ``seed``, the gradients. They
    are dropped as ``zero_grad`` does, so that no pass adds to another's."""
    leaves = [o.name for o in operands if o.grad]
    return (
        f"def step({', '.join(o.name for o in operands)}):\n"
        f"    value = {forward}\n"
        f"    value.backward({seed})\n"
        f"    results = (value, {', '.join(f'{name}.grad' for name in leaves)})\n"
        f"    {' = '.join(f'{name}.grad' for name in leaves)} = None\n"
        "    return results\n"
    )


def vjp(operands: tuple[Operand, ...], forward: str, seed: str) -> str:
    """The same in JAX, where a function is differentiated."""
    leaves = ", ".join(o.name for o in operands if o.grad)
    return f"(lambda value, back: (value, *back({seed})))(*jax.vjp(lambda {leaves}: {forward}, {leaves}))"


def gradient(
    name: str,
    operands: tuple[Operand, ...],
    torch: str,
    numpy: str,
    gradients: str,
    seed: str = "",
    jax: str | None = None,
    bytes: float | None = None,
    flops: float = 0.0,
    program: Mapping[str, str] = MappingProxyType({}),
    family: str = FAMILY,
) -> Case:
    """Forward and backward pass of ``torch``, from the operand ``seed`` or, left empty, from one. ``gradients`` is NumPy's
    formula of them; ``jax`` the forward pass where it differs from ``numpy``, empty where compiling would leave nothing of
    the work; ``program`` what these call. ``bytes`` are by default those of every operand, and a gradient for each leaf."""
    arguments = ", ".join(o.name for o in operands)
    forward = numpy if jax is None else jax
    ones = "np.ones((1,), np.float32)" if elements(operands[0].shape) == 1 else "np.ones((), np.float32)"
    return Case(
        name=name,
        family=family,
        dtype="float32",
        operands=operands,
        code={
            "torch": f"step({arguments})",
            "jax": forward and vjp(operands, forward, seed or ones),
            "reference": f"({numpy}, {gradients})",
        },
        bytes=sum(elements(o.shape) * ITEMSIZE[o.dtype or "float32"] * (1 + o.grad) for o in operands)
        if bytes is None
        else bytes,
        flops=flops,
        program={**program, "torch": program.get("torch", "") + backward(operands, torch, seed)},
    )


def _calls() -> Iterator[Case]:
    """On one element, where the calls, the nodes and the walk over them are all there is."""

    def call(name: str, operands: tuple[Operand, ...], code: dict[str, str], program: str = "", check: str = "value") -> Case:
        return Case(name, FAMILY, "float32", operands, code, 0.0, 0.0, check, {"torch": program})

    pair = (ONE, Operand("y", (1,), grad=True))
    plain = (Operand("x", (1,)), Operand("y", (1,)))
    yield call("x * y, 1 element, recorded", pair, {"torch": "x * y", "reference": "x * y"})
    # After a backward pass: everything that a program with gradients loads is there.
    loaded = "torch.ones(1, requires_grad=True).exp().backward()\n"
    yield call("x * y, 1 element, nothing requires grad", plain, {"torch": "x * y", "reference": "x * y"}, loaded)
    guarded = "def product(x, y):\n    with torch.no_grad():\n        return x * y\n"
    yield call("with no_grad(): x * y, 1 element", pair, {"torch": "product(x, y)", "reference": "x * y"}, guarded)
    yield gradient("sin(log(x**2 + 1)), 1 element", (ONE,), *CURVE, bytes=0.0)
    iteration = (
        "x = torch.tensor([1.0], requires_grad=True)\n"
        "optimizer = torch.optim.Adam([x], lr=0.1)\n"
        "def step():\n"
        "    optimizer.zero_grad()\n"
        f"    y = {CURVE[0]}\n"
        "    y.backward()\n"
        "    optimizer.step()\n"
        "    return y\n"
    )
    yield call("Adam iteration of sin(log(x**2 + 1)), 1 element", (), {"torch": "step()"}, iteration, "peers")
    additions = "def added(x, y):\n    for _ in range(1000):\n        x = x + y\n    return x\n"
    yield gradient(
        "1000 additions, 1 element",
        pair,
        "added(x, y)",
        "x + 1000 * y",
        "np.ones(1), np.full(1, 1000)",
        jax="",
        bytes=0.0,
        program={"torch": additions},
    )


def mm(n: int, family: str = FAMILY) -> Case:
    operands = (Operand("a", (n, n), grad=True), Operand("b", (n, n), grad=True), Operand("g", (n, n)))
    formulas = ("torch.mm(a, b)", "np.matmul(a, b)", "g @ b.T, a.T @ g")
    return gradient(f"mm f32 {n}x{n}x{n}", operands, *formulas, seed="g", bytes=24.0 * n * n, flops=6.0 * n**3, family=family)


def chain(length: int, count: int, family: str = FAMILY) -> Case:
    """``length`` layers of x -> sin(1.01 x) on ``count`` elements."""

    def layers(sin: str) -> str:
        return f"def layers(x):\n    for _ in range({length}):\n        x = {sin}(x * 1.01)\n    return x\n"

    slope = (
        "def slope(x):\n"
        "    d = np.ones_like(x)\n"
        f"    for _ in range({length}):\n"
        "        d, x = d * np.float32(1.01) * np.cos(x * np.float32(1.01)), np.sin(x * np.float32(1.01))\n"
        "    return d\n"
    )
    x = (Operand("x", (count,), grad=True),)
    name = f"{length} layers of sin(1.01 * x) f32 {count:.0e}".replace("e+0", "e")
    program = {"torch": layers("torch.sin"), "numpy": layers("np.sin") + slope}
    return gradient(name, x, "layers(x).sum()", "layers(x).sum()", "slope(x)", program=program, family=family)


def mlp(batch: int, inputs: int, hidden: int, outputs: int, family: str = FAMILY) -> Case:
    """Two layers by hand, the squared error between them and a target."""
    operands = (
        Operand("w", (inputs, hidden), low=-0.1, high=0.1, grad=True),
        Operand("b", (hidden,), low=-0.1, high=0.1, grad=True),
        Operand("v", (hidden, outputs), low=-0.1, high=0.1, grad=True),
        Operand("c", (outputs,), low=-0.1, high=0.1, grad=True),
        Operand("x", (batch, inputs)),
        Operand("t", (batch, outputs)),
    )
    numpy = (
        "def layers(w, b, v, c, x, t):\n"
        "    return ((np.maximum(x @ w + b, 0) @ v + c - t) ** 2).mean()\n"
        "def slopes(w, b, v, c, x, t):\n"
        "    h = np.maximum(x @ w + b, 0)\n"
        "    d = 2 * (h @ v + c - t) / t.size\n"
        "    z = d @ v.T * (h > 0)\n"
        "    return x.T @ z, z.sum(0), h.T @ d, d.sum(0)\n"
    )
    return gradient(
        f"MLP {inputs}-{hidden}-{outputs}, batch {batch}",
        operands,
        "((torch.relu(x @ w + b) @ v + c - t) ** 2).mean()",
        "layers(w, b, v, c, x, t)",
        "*slopes(w, b, v, c, x, t)",
        # Forward, the gradients of both weights, and the hidden layer's.
        flops=2.0 * batch * (2 * inputs * hidden + 3 * hidden * outputs),
        program={"numpy": numpy},
        family=family,
    )


def _arithmetic() -> Iterator[Case]:
    yield mm(512)
    square = (Operand("a", (512, 512), grad=True), Operand("b", (512, 512), grad=True))
    ones = "np.ones_like(a)"
    yield gradient(
        "mm f32 512x512x512, sum()",
        square,
        "torch.mm(a, b).sum()",
        "np.matmul(a, b).sum()",
        f"{ones} @ b.T, a.T @ {ones}",
        bytes=20.0 * 512**2,
        flops=6.0 * 512**3,
    )
    x = (Operand("x", (1000000,), low=0.1, high=10.0, grad=True),)
    yield gradient("sin(log(x**2 + 1)).sum() f32 1e6", x, f"{CURVE[0]}.sum()", f"{CURVE[1]}.sum()", CURVE[2])
    yield chain(20, 1000000)
    row = (Operand("a", (1000, 1000), grad=True), Operand("b", (1000,), grad=True), Operand("g", (1000, 1000)))
    yield gradient("(1000,1000) * (1000,) f32", row, "a * b", "a * b", "g * b, (g * a).sum(0)", seed="g")
    yield replace(mlp(4, 2, 16, 1), bytes=0.0, flops=0.0)  # calls are all there is
    yield mlp(64, 784, 128, 10)


def _movement() -> Iterator[Case]:
    """One operator, and a random gradient of its result."""
    n = 1000
    a, g = Operand("a", (n, n), grad=True), Operand("g", (n, n))
    i = Operand("i", (n, n), dtype="int64", low=0, high=n)
    into = "(lambda zeros: (np.{0}, zeros)[1])(np.zeros_like(a))"
    halves = (Operand("a", (n, n // 2), grad=True), Operand("b", (n, n // 2), grad=True), g)
    yield gradient(
        "cat(1) f32 2 of 1000x500",
        halves,
        "torch.cat((a, b), 1)",
        "np.concatenate((a, b), 1)",
        "g[:, :500], g[:, 500:]",
        seed="g",
    )
    rows = (
        Operand("a", (10000, 64), grad=True),
        Operand("i", (100000,), dtype="int64", low=0, high=10000),
        Operand("g", (100000, 64)),
    )
    yield gradient("a[i] f32 100000 rows of 10000x64", rows, "a[i]", "a[i]", into.format("add.at(zeros, i, g)"), seed="g")
    yield gradient(
        "gather(1) f32 1000x1000",
        (a, i, g),
        "torch.gather(a, 1, i)",
        "np.take_along_axis(a, i, 1)",
        into.format(f"add.at(zeros, (np.arange({n})[:, None], i), g)"),
        seed="g",
    )
    softmax = "(lambda e: e / e.sum(1, keepdims=True))(np.exp(a))"
    yield gradient(
        "softmax(1) f32 1000x1000",
        (a, g),
        "torch.softmax(a, 1)",
        softmax,
        f"(lambda s: s * (g - (g * s).sum(1, keepdims=True)))({softmax})",
        seed="g",
        jax="jax.nn.softmax(a, 1)",
    )
    yield gradient(
        "cumsum(1) f32 1000x1000",
        (a, g),
        "torch.cumsum(a, 1)",
        "np.cumsum(a, 1)",
        "np.flip(np.cumsum(np.flip(g, 1), 1), 1)",
        seed="g",
    )
    yield gradient(
        "sort(1) f32 1000x1000",
        (a, g),
        "torch.sort(a, dim=1, stable=True).values",  # equal elements get the gradients of their own places
        "np.sort(a, 1)",
        into.format("put_along_axis(zeros, np.argsort(a, 1, kind='stable'), g, 1)"),
        seed="g",
    )


def written_cases() -> list[Case]:
    """Every case of this file."""
    return [*_calls(), *_arithmetic(), *_movement()]
