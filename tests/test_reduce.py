"""sum, max, min, equal, allclose: every dtype, layout, dim and length, against NumPy."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import wengert as torch
from reference import DTYPES, FLOATS, INTS, LENGTHS, assert_same, digits, dtype_of, layouts, samples, wide

NAN, INF = float("nan"), float("inf")
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def sum_dtype(dtype):
    return dtype if dtype in (*FLOATS, "uint64") else "int64"


def dims_of(ndim):
    """Every dim argument of a tensor with ndim dimensions, as (torch's, NumPy's)."""
    yield None, None
    for dim in range(-ndim, ndim):
        yield dim, dim
    for count in range(1, ndim + 1):
        for dims in itertools.combinations(range(ndim), count):
            yield dims, dims


@every_dtype
def test_sum_of_every_length(dtype):
    for length in (*LENGTHS, 10007):
        array = digits(length, dtype, length)
        assert_same(torch.tensor(array).sum(), array.sum(dtype=sum_dtype(dtype)), length)
        table = digits((length, 3), dtype, length)
        for dim in (0, 1):
            assert_same(torch.sum(torch.tensor(table), dim), table.sum(dim, dtype=sum_dtype(dtype)), (length, dim))
            assert_same(torch.tensor(table.T.copy()).t().sum(dim), table.sum(dim, dtype=sum_dtype(dtype)), (length, dim))


@every_dtype
@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 4), (9, 1, 70), (3, 0, 2), (0,), ()])
def test_sum_of_every_dim_and_layout(shape, dtype):
    for name, tensor, array in layouts(digits(shape, dtype)):
        for (dim, axis), keep in itertools.product(dims_of(len(shape)), (False, True)):
            result = torch.sum(tensor, dim, keep)
            assert_same(result, array.sum(axis, dtype=sum_dtype(dtype), keepdims=keep), (name, dim, keep))
        assert_same(tensor.sum(), array.sum(dtype=sum_dtype(dtype)), name)
        if shape:
            assert_same(tensor.sum(dim=-1, keepdim=True), array.sum(-1, dtype=sum_dtype(dtype), keepdims=True), name)
            assert_same(tensor.sum(axis=0), array.sum(0, dtype=sum_dtype(dtype)), name)


@every_dtype
@pytest.mark.parametrize("target", DTYPES[1:])
def test_sum_in_another_dtype(dtype, target):
    array = digits((5, 33), dtype)
    tensor = torch.tensor(array)
    for dim in (None, 0, 1):
        assert_same(torch.sum(tensor, dim, dtype=dtype_of(target)), array.astype(target).sum(dim, dtype=target))


def test_sums_of_integers_wrap():
    assert torch.tensor([2**63 - 1, 1]).sum().item() == -(2**63)
    assert torch.tensor([200, 100], dtype=torch.uint8).sum().item() == 300
    assert torch.tensor([200, 100], dtype=torch.uint8).sum(dtype=torch.uint8).item() == 44


def test_sum_of_no_dims_is_the_sum_of_all():
    x = torch.ones(2, 3)
    assert torch.sum(x, ()).item() == torch.sum(x, []).item() == 6 and torch.sum(x, None, True).shape == (1, 1)


def test_sum_out():
    x = torch.arange(6.0).view(2, 3)
    out = torch.zeros(3)
    assert torch.sum(x, 0, out=out) is out and out.tolist() == [3, 5, 7]
    wide_out = torch.zeros(4, dtype=torch.float64)[::2]
    assert torch.sum(x, 1, out=wide_out) is wide_out and wide_out.tolist() == [3, 12]


@pytest.mark.parametrize("dtype", FLOATS)
def test_sum_is_accurate(dtype):
    """Blocks are combined in pairs: the error grows with the logarithm of the length."""
    for length in (1000, 100_003, 1_000_000):
        array = np.random.default_rng(length).random(length).astype(dtype)
        exact = wide(array).sum()
        eps = np.finfo(dtype).eps
        for tensor in (torch.tensor(array), torch.tensor(np.repeat(array, 2))[::2]):
            assert abs(tensor.sum().item() - exact) <= 4 * eps * exact
    tall = np.random.default_rng(1).random((100_000, 3)).astype(dtype)
    error = np.abs(torch.tensor(tall).sum(0).numpy() - wide(tall).sum(0))
    assert (error <= 8 * np.finfo(dtype).eps * wide(tall).sum(0)).all()


def test_special_values_in_sums():
    assert str(torch.tensor([1.0, NAN]).sum().item()) == "nan" and torch.tensor([1.0, INF]).sum().item() == INF
    assert str(torch.tensor([-INF, INF]).sum().item()) == "nan"
    assert np.signbit(torch.zeros(0).sum().item()) == np.signbit(0.0)


def every_extreme(test):
    return pytest.mark.parametrize("name", ["max", "min"])(test)


@every_dtype
@every_extreme
def test_extremes_of_every_length(name, dtype):
    for length in (*LENGTHS[1:], 10007):
        array = samples(length, dtype, length)
        tensor = torch.tensor(array)
        assert_same(getattr(torch, name)(tensor), getattr(np, name)(array), length)
        values, indices = getattr(torch, name)(tensor, 0)
        assert_same(values, getattr(np, name)(array), length)
        assert_same(indices, np.asarray(getattr(np, "arg" + name)(array)), length)


@every_dtype
@every_extreme
@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 4), (1, 9), (70, 3), ()])
def test_extremes_of_every_dim_and_layout(shape, name, dtype):
    for layout, tensor, array in layouts(digits(shape, dtype)):  # few values: ties, of which the first counts
        assert_same(getattr(tensor, name)(), getattr(np, name)(array), layout)
        for dim, keep in itertools.product(range(-len(shape), len(shape)), (False, True)):
            result = getattr(torch, name)(tensor, dim, keepdim=keep)
            assert_same(result.values, getattr(np, name)(array, axis=dim, keepdims=keep), (layout, dim))
            assert_same(result.indices, getattr(np, "arg" + name)(array, axis=dim, keepdims=keep), (layout, dim))
            assert result[0] is result.values and result[1] is result.indices and len(result) == 2


@every_extreme
def test_nan_wins(name):
    for length, at in [(3, 1), (100, 0), (100, 57), (100, 99)]:
        array = np.arange(length, dtype="float32")
        array[at:] = np.where(np.arange(length)[at:] % 7 == at % 7, np.nan, array[at:])
        tensor = torch.tensor(array)
        assert np.isnan(getattr(tensor, name)().item())
        values, indices = getattr(tensor, name)(0)
        assert np.isnan(values.item()) and indices.item() == at
    assert getattr(torch.tensor([-INF, INF]), name)().item() == (INF if name == "max" else -INF)


@every_extreme
def test_extremes_of_two_tensors(name):
    a, b = samples((3, 1), "float32", 1), samples((1, 4), "float32", 2)
    x, y = torch.tensor(a), torch.tensor(b)
    expected = getattr(np, name + "imum")(a, b)
    assert_same(getattr(torch, name)(x, y), expected)
    assert_same(getattr(x, name)(y), expected)
    assert_same(getattr(torch, name + "imum")(x, y), expected)
    dims = torch.tensor([[3, 1], [2, 5]])  # a 0-d tensor beside them is an operand, not a dim
    assert getattr(torch, name)(dims, torch.tensor(1)).shape == getattr(dims, name)(torch.tensor(0)).shape == (2, 2)
    both = getattr(torch, name)(torch.tensor([NAN, 1.0]), torch.tensor([1.0, NAN]))
    assert np.isnan(both.numpy()).all()


@every_extreme
def test_extremes_out(name):
    x = torch.tensor([[3, 1], [2, 5]])
    values, indices = torch.zeros(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)
    result = getattr(torch, name)(x, 1, out=(values, indices))
    assert result[0] is values and result[1] is indices
    assert values.tolist() == ([3, 5] if name == "max" else [1, 2])
    assert indices.tolist() == ([0, 1] if name == "max" else [1, 0])


@given(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5), st.data())
def test_reductions_of_any_shape(shape, data):
    name, tensor, array = data.draw(st.sampled_from(list(layouts(digits(shape, "float32")))))
    dims = tuple(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    assert_same(tensor.sum(dims), array.sum(dims), (name, dims))
    assert_same(tensor.max(dims[0])[0], array.max(dims[0]), (name, dims))
    assert_same(tensor.min(dims[0])[1], array.argmin(dims[0]), (name, dims))


@every_dtype
def test_equal(dtype):
    for length in LENGTHS:
        array = samples(length, dtype, length)
        tensor = torch.tensor(array)
        assert torch.equal(tensor, torch.tensor(array)) is True and tensor.equal(tensor)
        for at in {0, length // 2, length - 1} if length else ():
            other = array.copy()
            other[at] = other[at] + 1 if dtype in FLOATS else other[at] ^ 1
            assert torch.equal(tensor, torch.tensor(other)) is False, (length, at)
    for name, tensor, array in layouts(samples((5, 7), dtype)):
        assert torch.equal(tensor, torch.tensor(np.ascontiguousarray(array))), name
    assert not torch.equal(torch.zeros(2, 3), torch.zeros(3, 2)) and not torch.equal(torch.zeros(2), torch.zeros(2, 1))
    assert torch.equal(torch.zeros(0, 3), torch.zeros(0, 3)) and not torch.equal(torch.zeros(0, 3), torch.zeros(0))


def test_equal_of_special_values():
    nan = torch.tensor([NAN])
    assert not torch.equal(nan, torch.tensor([NAN])) and torch.equal(torch.tensor([0.0]), torch.tensor([-0.0]))


def test_allclose():
    x = torch.tensor([1.0, 1000.0, 0.0])
    assert torch.allclose(x, x) is True and x.allclose(x + torch.tensor([5e-6, 5e-3, 5e-9]))
    assert not torch.allclose(x, x + 1e-3) and torch.allclose(x, x + 1e-3, atol=2e-3) and torch.allclose(x, x * 1.01, rtol=0.02)
    assert torch.allclose(torch.tensor([INF, -INF]), torch.tensor([INF, -INF]))
    assert not torch.allclose(torch.tensor([INF]), torch.tensor([-INF])) and not torch.allclose(torch.tensor([INF]), x[:1])
    nan = torch.tensor([NAN])
    assert not torch.allclose(nan, nan) and torch.allclose(nan, nan, equal_nan=True)
    assert torch.allclose(torch.zeros(0), torch.zeros(0)) and torch.allclose(torch.zeros(2), torch.zeros(1))
    for dtype in DTYPES:
        one = torch.ones(3, dtype=dtype_of(dtype))
        assert torch.allclose(one, one) and not torch.allclose(one, torch.zeros(3, dtype=dtype_of(dtype)))
    assert torch.allclose(torch.tensor([1000000]), torch.tensor([1000001])) and INTS
    for length in (7, 64, 1000):
        array = samples(length, "float64", 1)
        off = array.copy()
        off[-1] += 1
        assert torch.allclose(torch.tensor(array), torch.tensor(array * (1 + 1e-7)))
        assert not torch.allclose(torch.tensor(array), torch.tensor(off))
    for name, tensor, array in layouts(samples((5, 7), "float32")):
        assert torch.allclose(tensor, torch.tensor(np.ascontiguousarray(array))), name
