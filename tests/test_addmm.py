"""addmv, addmm, baddbmm: beta * input + alpha * product; and out= of the whole matrix family."""

import itertools

import numpy as np
import pytest

import wengert as torch
from reference import DTYPES, assert_same, digits, dtype_of, layouts

NUMBERS = DTYPES[1:]
NAN = float("nan")
# name, and the shapes of input, the product's operands, and smaller inputs that broadcast
FAMILY = {
    "addmv": ((17,), (17, 9), (9,), [(1,), ()]),
    "addmm": ((17, 20), (17, 9), (9, 20), [(20,), (1, 20), (17, 1), (1,), ()]),
    "baddbmm": ((3, 7, 5), (3, 7, 9), (3, 9, 5), [(5,), (7, 1), (3, 1, 1), (1, 7, 5), ()]),
}
every_function = pytest.mark.parametrize("name", FAMILY)


def arrays(name, dtype):
    *shapes, smaller = FAMILY[name]
    return [digits(shape, dtype, seed) for seed, shape in enumerate(shapes)], smaller


def expected(start, a, b, beta, alpha):
    exact = alpha * (a.astype("float64") @ b.astype("float64"))
    if beta:
        exact = beta * start.astype("float64") + exact
    return exact.astype("int64").astype(start.dtype) if start.dtype.kind in "iu" else exact.astype(start.dtype)


@every_function
@pytest.mark.parametrize("dtype", NUMBERS)
def test_values(name, dtype):
    (start, a, b), smaller = arrays(name, dtype)
    function = getattr(torch, name)
    x, y, z = (torch.tensor(array) for array in (start, a, b))
    factors = (0, 1, 2, 0.5) if dtype.startswith("float") else (0, 1, 2, -3)
    for beta, alpha in itertools.product(factors, repeat=2):
        result = expected(start, a, b, beta, alpha)
        assert_same(function(x, y, z, beta=beta, alpha=alpha) + 0, result + 0)
        assert_same(getattr(x, name)(y, z, beta=beta, alpha=alpha) + 0, result + 0)
        into = x.clone()
        assert getattr(into, name + "_")(y, z, beta=beta, alpha=alpha) is into
        assert_same(into + 0, result + 0)
    assert_same(x, start)
    for shape in smaller:
        less = digits(shape, dtype, 7)
        assert_same(function(torch.tensor(less), y, z), expected(np.broadcast_to(less, start.shape), a, b, 1, 1), shape)


@every_function
@pytest.mark.parametrize("dtype", ["int32", "float32", "float64"])
def test_layouts(name, dtype):
    (start, a, b), _ = arrays(name, dtype)
    function = getattr(torch, name)
    for (l0, x, u), (l1, y, v), (l2, z, w) in itertools.product(layouts(start), layouts(a), layouts(b)):
        assert_same(function(x, y, z, beta=2, alpha=3), expected(u, v, w, 2, 3), (l0, l1, l2))
    for (kind, x, u), (l1, y, v) in itertools.product(layouts(start), layouts(a)):
        if not kind.startswith("repeated"):
            assert_same(getattr(x.clone() if l1 else x, name + "_")(y, torch.tensor(b)), expected(u, v, b, 1, 1), (kind, l1))
    for kind, x, u in layouts(start):
        if not kind.startswith("repeated"):
            assert getattr(x, name + "_")(torch.tensor(a), torch.tensor(b), beta=3) is x
            assert_same(x, expected(u, a, b, 3, 1), kind)


@every_function
def test_an_input_times_zero_is_not_read(name):
    (start, a, b), _ = arrays(name, "float32")
    x, y, z = torch.full(start.shape, NAN), torch.tensor(a), torch.tensor(b)
    assert_same(getattr(torch, name)(x, y, z, beta=0), expected(start, a, b, 0, 1))
    assert_same(getattr(x, name + "_")(y, z, beta=0), expected(start, a, b, 0, 1))


@pytest.mark.parametrize("dtype", NUMBERS)
def test_sums_over_nothing(dtype):
    kind = dtype_of(dtype)
    zeros = lambda *shape: torch.zeros(shape, dtype=kind)  # noqa: E731
    assert torch.addmm(torch.full((2, 3), 2, dtype=kind), zeros(2, 0), zeros(0, 3), beta=3).tolist() == [[6] * 3] * 2
    assert torch.addmv(torch.full((2,), 2, dtype=kind), zeros(2, 0), zeros(0), beta=3).tolist() == [6] * 2
    assert torch.baddbmm(torch.full((1, 2, 3), 2, dtype=kind), zeros(1, 2, 0), zeros(1, 0, 3)).tolist() == [[[2] * 3] * 2]
    assert torch.addmm(torch.full((2, 3), 2, dtype=kind), zeros(2, 0), zeros(0, 3), beta=0).tolist() == [[0] * 3] * 2
    assert torch.addmm(zeros(0, 3), zeros(0, 2), zeros(2, 3)).shape == (0, 3)
    assert torch.mm(zeros(2, 0), zeros(0, 3)).tolist() == [[0] * 3] * 2 and torch.dot(zeros(0), zeros(0)).item() == 0


def test_large():
    a, b = digits((300, 200), "float32", 1), digits((200, 250), "float32", 2)
    start = digits((300, 250), "float32", 3)
    x, y, z = (torch.tensor(array) for array in (start, a, b))
    assert_same(torch.addmm(x, y, z, beta=2, alpha=-3), expected(start, a, b, 2, -3))
    assert_same(x.addmm_(y, z), expected(start, a, b, 1, 1))


OUTS = {
    "dot": (((40,), (40,)), ()),
    "mv": (((9, 40), (40,)), (9,)),
    "outer": (((9,), (40,)), (9, 40)),
    "mm": (((9, 40), (40, 20)), (9, 20)),
    "bmm": (((3, 9, 40), (3, 40, 20)), (3, 9, 20)),
    "matmul": (((3, 9, 40), (40, 20)), (3, 9, 20)),
    "addmv": (((9,), (9, 40), (40,)), (9,)),
    "addmm": (((9, 20), (9, 40), (40, 20)), (9, 20)),
    "baddbmm": (((3, 9, 20), (3, 9, 40), (3, 40, 20)), (3, 9, 20)),
}
every_out = pytest.mark.parametrize("name", OUTS)


def call(name, dtype="float32", **keywords):
    shapes, _ = OUTS[name]
    tensors = [torch.tensor(digits(shape, dtype, seed)) for seed, shape in enumerate(shapes)]
    return getattr(torch, name)(*tensors, **keywords), tensors


@every_out
@pytest.mark.parametrize("dtype", NUMBERS)
def test_out_of_every_layout(name, dtype):
    result, _ = call(name, dtype)
    for kind, out, _ in layouts(np.zeros(OUTS[name][1], dtype)):
        if not kind.startswith("repeated"):
            strides = out.stride()
            assert call(name, dtype, out=out)[0] is out
            assert_same(out, result.numpy(), kind)
            assert out.stride() == strides
    empty = torch.zeros(0, dtype=dtype_of(dtype))
    assert call(name, dtype, out=empty)[0] is empty
    assert_same(empty, result.numpy())


@every_out
def test_out_that_does_not_fit(name):
    shape = OUTS[name][1]
    wrong_shape = torch.zeros((*shape[:-1], 7) if shape else (2,))
    before = wrong_shape.tolist()
    with pytest.raises(RuntimeError) as raised:
        call(name, out=wrong_shape)
    assert str(list(wrong_shape.shape)) in str(raised.value) and wrong_shape.tolist() == before
    if name != "outer":  # which promotes, as elementwise operators do
        with pytest.raises(RuntimeError, match="dtype"):
            call(name, out=torch.zeros(shape, dtype=torch.float64))
    with pytest.raises(RuntimeError):
        call(name, out=torch.zeros(shape, dtype=torch.int64))
    if shape:
        with pytest.raises(RuntimeError, match="more than one element of the written-to tensor refers to a single memory"):
            call(name, out=torch.zeros((1,) * len(shape)).expand(shape))
    with pytest.raises(TypeError):
        call(name, out=[1])


def test_out_may_not_overlap_the_operands():
    square = torch.arange(16.0).view(4, 4)
    before = square.tolist()
    writes = [
        lambda: torch.mm(square, square, out=square),
        lambda: torch.mm(square, torch.eye(4), out=square.t()),
        lambda: torch.mv(square, torch.ones(4), out=square[0]),
        lambda: torch.mv(torch.eye(4), square[0], out=square[0]),
        lambda: torch.dot(square[0], square[1], out=square[0, 0]),
        lambda: torch.matmul(square, square, out=square),
        lambda: torch.bmm(square.view(1, 4, 4), square.view(1, 4, 4), out=square.view(1, 4, 4)),
        lambda: square.addmm_(square, square),
        lambda: square[0].addmv_(square, torch.ones(4)),
    ]
    for write in writes:
        with pytest.raises(RuntimeError, match="unsupported operation: "):
            write()
        assert square.tolist() == before
    assert torch.addmm(square, torch.eye(4), torch.eye(4), out=square) is square  # input may be the result
    assert square.tolist() == (torch.tensor(before) + torch.eye(4)).tolist()
