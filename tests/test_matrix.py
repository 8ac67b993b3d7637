"""The matrix family, every dtype, layout and size, against NumPy. Whole-number samples make every sum exact, in any order."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wengert as torch
from reference import DTYPES, FLOATS, INTS, assert_same, digits, dtype_of, layouts, samples, wide

NUMBERS = DTYPES[1:]  # products of bool are not defined
SIZES = (0, 1, 2, 3, 7, 16, 17, 33)
LARGE = [
    (64, 64, 64),
    (65, 129, 63),
    (128, 31, 200),
    (1, 1000, 1),
    (1000, 1, 1000),
    (257, 1, 3),
    (1, 513, 129),
    (300, 300, 2),
    (3, 300, 300),
    (257, 511, 130),
    (1000, 1000, 1),
    (40, 4000, 40),
]
every_dtype = pytest.mark.parametrize("dtype", NUMBERS)


def pair(a_shape, b_shape, dtype):
    a, b = digits(a_shape, dtype, 1), digits(b_shape, dtype, 2)
    return a, b, torch.tensor(a), torch.tensor(b)


def product(a, b):
    """NumPy's, but for integers without its slow loop: exact in float64, then wrapped."""
    if a.dtype.kind == "f":
        return np.matmul(a, b)
    return np.matmul(a.astype("float64"), b.astype("float64")).astype("int64").astype(a.dtype)


class TestLecture:
    """The figures of the lecture."""

    a = torch.tensor([[1, 2, 3], [4, 3, 8], [1, 7, 2]])
    b = torch.tensor([[2, 4, 1], [1, 3, 6], [2, 6, 5]])

    def test_dot(self):
        result = torch.dot(torch.tensor([1, 2, 3]), torch.tensor([4, 5, 6]))
        assert result.dtype == torch.int64 and result.shape == () and result.item() == 32
        assert repr(result) == "tensor(32)"

    def test_mm(self):
        x, y = torch.arange(1, 7).view(2, 3), torch.arange(1, 7).view(3, 2)
        assert torch.mm(x, y).tolist() == [[22, 28], [49, 64]]
        assert torch.mm(y, x).tolist() == [[9, 12, 15], [19, 26, 33], [29, 40, 51]]

    def test_matmul(self):
        expected = [[10, 28, 28], [27, 73, 62], [13, 37, 53]]
        assert torch.matmul(self.a, self.b).tolist() == (self.a @ self.b).tolist() == expected

    def test_matmul_with_vectors(self):
        assert torch.matmul(torch.tensor([3, 6, 2]), self.a).tolist() == [29, 38, 61]
        assert torch.matmul(self.b, torch.tensor([4, 1, 9])).tolist() == [21, 61, 59]
        assert torch.mv(self.b, torch.tensor([4, 1, 9])).tolist() == [21, 61, 59]

    def test_hadamard(self):
        result = torch.tensor([[1, 2], [3, 4]]) * torch.tensor([[5, 6], [7, 8]])
        assert repr(result) == "tensor([[ 5, 12],\n        [21, 32]])"

    def test_errors(self):
        with pytest.raises(RuntimeError) as raised:
            torch.mm(torch.ones(3, 2), torch.ones(3, 2))
        assert str(raised.value).startswith("mat1 and mat2 shapes cannot be multiplied (3x2 and 3x2)")
        with pytest.raises(RuntimeError) as raised:
            torch.dot(torch.ones(2), torch.ones(3))
        assert str(raised.value).startswith(
            "inconsistent tensor size, expected tensor [2] and src [3] to have the same number of elements, "
            "but got 2 and 3 elements respectively"
        )


@every_dtype
def test_mm_of_every_small_size(dtype):
    for m, k, n in itertools.product(SIZES, repeat=3):
        a, b, x, y = pair((m, k), (k, n), dtype)
        expected = product(a, b)
        assert_same(torch.mm(x, y), expected, (m, k, n))
        if m == n or k in (0, 3):
            assert_same(x @ y, expected, (m, k, n))


@every_dtype
@pytest.mark.parametrize("m, k, n", LARGE)
def test_mm_of_large_sizes(m, k, n, dtype):
    a, b, x, y = pair((m, k), (k, n), dtype)
    expected = product(a, b)
    assert_same(x.mm(y), expected)
    assert_same(torch.tensor(a.T.copy()).t() @ torch.tensor(b.T.copy()).t(), expected)


@every_dtype
@pytest.mark.parametrize("m, k, n", [(5, 7, 6), (1, 9, 33), (33, 9, 1), (17, 1, 16), (70, 65, 40)])
def test_mm_of_every_layout(m, k, n, dtype):
    a, b, *_ = pair((m, k), (k, n), dtype)
    for (one, x, u), (other, y, v) in itertools.product(layouts(a), layouts(b)):
        assert_same(torch.mm(x, y), product(u, v), (one, other))


@every_dtype
def test_mv(dtype):
    for m, k in [*itertools.product((*SIZES, 100), repeat=2), (1000, 3), (3, 1000), (512, 513)]:
        a, b, x, y = pair((m, k), (k,), dtype)
        assert_same(torch.mv(x, y), product(a, b), (m, k))
        assert_same(y @ torch.tensor(a.T.copy()), product(b, a.T), (m, k))
    for m, k in [(6, 7), (1, 40), (40, 1), (65, 33), (129, 257)]:
        a, b, *_ = pair((m, k), (k,), dtype)
        for (one, x, u), (other, y, v) in itertools.product(layouts(a), layouts(b)):
            assert_same(x.mv(y), product(u, v), (m, k, one, other))


@every_dtype
def test_dot(dtype):
    for length in (0, 1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 65, 1000, 100003):
        a, b, x, y = pair(length, length, dtype)
        assert_same(torch.dot(x, y), product(a, b), length)
    for (one, x, u), (other, y, v) in itertools.product(layouts(digits(70, dtype)), layouts(digits(70, dtype, 3))):
        assert_same(x.dot(y), product(u, v), (one, other))


@pytest.mark.parametrize("dtype", DTYPES)
def test_outer(dtype):
    for m, n in itertools.product((0, 1, 3, 16, 33, 200), repeat=2):
        a, b, x, y = pair(m, n, dtype)
        for function in (torch.outer, torch.ger, torch.Tensor.outer):
            assert_same(function(x, y), np.outer(a, b), (m, n))
    for (one, x, u), (other, y, v) in itertools.product(layouts(digits(9, dtype)), layouts(digits(20, dtype, 3))):
        assert_same(torch.outer(x, y), np.outer(u, v), (one, other))


def test_outer_promotes():
    x, y = torch.tensor([1, 2]), torch.tensor([0.5, 2.0])
    assert torch.outer(x, y).tolist() == [[0.5, 2], [1, 4]] and torch.outer(x, y).dtype == torch.float32


@every_dtype
def test_bmm(dtype):
    for batch, (m, k, n) in itertools.product(
        (0, 1, 2, 5), [(0, 2, 3), (2, 0, 3), (1, 1, 1), (4, 4, 4), (3, 5, 2), (16, 16, 16), (17, 33, 9), (1, 40, 7), (8, 40, 1)]
    ):
        a, b, x, y = pair((batch, m, k), (batch, k, n), dtype)
        assert_same(torch.bmm(x, y), product(a, b), (batch, m, k, n))
    a, b, x, y = pair((100, 4, 4), (100, 4, 4), dtype)
    assert_same(x.bmm(y), product(a, b))


@every_dtype
def test_bmm_of_every_layout(dtype):
    for m, k, n in [(4, 5, 6), (1, 9, 5), (33, 17, 20)]:
        a, b, *_ = pair((3, m, k), (3, k, n), dtype)
        for (one, x, u), (other, y, v) in itertools.product(layouts(a), layouts(b)):
            assert_same(torch.bmm(x, y), product(u, v), (m, k, n, one, other))


RANKS = [
    ((3,), (3,)),
    ((2, 3), (3, 4)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 4)),
    ((7, 1, 2, 3), (5, 3, 4)),
    ((7, 5, 2, 3), (3, 4)),
    ((1, 5, 2, 3), (7, 1, 3, 4)),
    ((7, 5, 2, 3), (3,)),
    ((3,), (7, 5, 3, 4)),
    ((2, 1, 3, 1, 2, 3), (2, 1, 4, 3, 2)),
    ((0, 2, 3), (3, 4)),
    ((0, 2, 3), (3,)),
    ((5, 0, 3), (5, 3, 4)),
    ((5, 2, 0), (5, 0, 4)),
    ((5, 2, 0), (0,)),
    ((0,), (0,)),
    ((0,), (0, 3)),
    ((1, 2, 3), (0, 3, 4)),
    ((64, 3), (8, 3, 64)),
    ((3, 40, 33), (33, 50)),
]


@every_dtype
@pytest.mark.parametrize("a_shape, b_shape", RANKS)
def test_matmul_of_every_rank(a_shape, b_shape, dtype):
    a, b, x, y = pair(a_shape, b_shape, dtype)
    expected = product(a, b)
    for result in (torch.matmul(x, y), x.matmul(y), x @ y):
        assert_same(result, expected)


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
@pytest.mark.parametrize("a_shape, b_shape", RANKS)
def test_matmul_of_every_rank_and_layout(a_shape, b_shape, dtype):
    a, b, *_ = pair(a_shape, b_shape, dtype)
    for (one, x, u), (other, y, v) in itertools.product(layouts(a), layouts(b)):
        assert_same(torch.matmul(x, y), product(u, v), (one, other))


@st.composite
def operands(draw):
    """Two arrays that matmul takes: batches that broadcast, vectors at times."""
    m, k, n = (draw(st.integers(0, 9)) for _ in range(3))
    batch = draw(st.lists(st.integers(1, 3), max_size=3))
    sides = []
    for matrix in ((m, k), (k, n)):
        own = [size if draw(st.booleans()) else 1 for size in batch[draw(st.integers(0, len(batch))) :]]
        vector = draw(st.integers(0, 4)) == 0
        sides.append((k,) if vector else (*own, *matrix))
    return sides


@given(operands(), st.data())
def test_matmul_broadcasts(shapes, data):
    (one, x, u), (other, y, v) = (
        data.draw(st.sampled_from(list(layouts(digits(shape, "float32", seed))))) for seed, shape in enumerate(shapes)
    )
    assert_same(torch.matmul(x, y), product(u, v), (shapes, one, other))


def test_matmul_of_expanded_batches():
    a, b = digits((1, 3, 4), "float32"), digits((6, 4, 5), "float32", 1)
    expected = product(a, b)
    x, y = torch.tensor(a).expand(6, 3, 4), torch.tensor(b)
    assert_same(x @ y, expected)
    assert_same(torch.bmm(x, y), expected)
    same = torch.tensor(b[0]).expand(2, 3, 4, 5)
    assert_same(torch.tensor(a[0]) @ same, product(a[0], np.broadcast_to(b[0], (2, 3, 4, 5))))


@pytest.mark.parametrize("dtype", INTS)
def test_integers_wrap(dtype):
    a, b = samples((20, 70), dtype, 1), samples((70, 30), dtype, 2)
    with np.errstate(over="ignore"):
        expected = a @ b
    x, y = torch.tensor(a), torch.tensor(b)
    assert_same(x @ y, expected)
    assert_same(x.mv(y[:, 3]), expected[:, 3])
    assert_same(torch.dot(x[2], y[:, 3]), expected[2, 3])
    assert_same(torch.bmm(x.expand(3, 20, 70), y.expand(3, 70, 30))[2], expected)
    with np.errstate(over="ignore"):
        assert_same(torch.outer(x[0], y[0]), np.outer(a[0], b[0]))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("m, k, n", [(1, 1000, 1), (8, 1000, 8), (130, 300, 70), (65, 2000, 1), (1, 2000, 65), (400, 400, 400)])
def test_accuracy(m, k, n, dtype):
    """Within the bound of pairwise-like summation: a few units of |A| |B| in the last place, however long the sum."""
    a, b = samples((m, k), dtype, 1), samples((k, n), dtype, 2)
    exact, bound = wide(a) @ wide(b), np.abs(wide(a)) @ np.abs(wide(b))
    eps = np.finfo(dtype).eps
    for result in (torch.tensor(a) @ torch.tensor(b), torch.tensor(a.T.copy()).t() @ torch.tensor(b)):
        assert (np.abs(result.numpy() - exact) <= eps * (np.sqrt(k) + 4) * bound).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [3, 40, 130])
def test_nan_and_infinity_reach_the_result(dtype, size):
    """A zero does not hide them, and they stay in their row and column."""
    x, y = torch.zeros(size, size, dtype=dtype_of(dtype)), torch.ones(size, size, dtype=dtype_of(dtype))
    x[1, 2], y[0, 1] = float("inf"), float("nan")
    result = (x @ y).numpy()
    expected = np.zeros((size, size))
    expected[1], expected[:, 1] = np.inf, np.nan
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal((x.mv(y[:, 0])).numpy(), expected[:, 0])
    assert np.isnan(torch.dot(x[1], x[0]).item())
