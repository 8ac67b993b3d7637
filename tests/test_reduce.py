"""Sums, products, extremes, logic, counts, equal, allclose: every dtype, layout, dim and length, against NumPy."""

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


@every_dtype
@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 4), (9, 1, 70), (70, 3), ()])
def test_extremes_over_several_dims(shape, dtype):
    for layout, tensor, array in layouts(digits(shape, dtype)):
        for (dim, axis), keep in itertools.product(dims_of(len(shape)), (False, True)):
            dim = () if dim is None else dim
            about = (layout, dim, keep)
            assert_same(torch.amax(tensor, dim, keep), array.max(axis, keepdims=keep), about)
            assert_same(tensor.amin(dim, keepdim=keep), array.min(axis, keepdims=keep), about)
            if isinstance(dim, int) or dim == ():
                both = torch.aminmax(tensor, dim=None if dim == () else dim, keepdim=keep)
                assert_same(both.min, array.min(axis, keepdims=keep), about)
                assert_same(both.max, array.max(axis, keepdims=keep), about)
                if dtype != "bool":
                    which = None if dim == () else dim
                    assert_same(torch.argmax(tensor, which, keep), np.argmax(array, axis, keepdims=keep), about)
                    assert_same(tensor.argmin(which, keepdim=keep), np.argmin(array, axis, keepdims=keep), about)


def test_positions_among_many_elements():
    """Chunks are searched one by one; the first of equals wins, and a NaN everything."""
    array = np.zeros(200_000, "float32")
    for places in ([150_000], [40_000, 150_000], [199_999], [32_767, 32_768]):
        array[:] = 0
        array[places] = 1
        assert torch.tensor(array).argmax().item() == places[0] and torch.tensor(-array).argmin().item() == places[0]
        assert torch.tensor(array.reshape(400, 500)).argmax().item() == places[0]
        array[places] = NAN
        array[3] = 5
        assert torch.tensor(array).argmax().item() == torch.tensor(array).argmin().item() == places[0]


@pytest.mark.parametrize("name", ["argmax", "argmin", "amax", "amin", "max", "min", "aminmax"])
def test_no_elements_have_no_extreme(name):
    function, none = getattr(torch, name), torch.zeros(0, 3)
    with pytest.raises((RuntimeError, IndexError), match=r"Expected reduction dim to be specified|no identity"):
        function(none)
    with pytest.raises(IndexError, match="Expected reduction dim 0 to have non-zero size"):
        function(none, dim=0)
    result = function(none, dim=1)
    assert (result if isinstance(result, torch.Tensor) else result[0]).shape == (0,)
    if name.startswith("arg"):
        with pytest.raises(RuntimeError, match=rf"{name}\(\): does not support bool input"):
            function(torch.tensor([True]))


@every_dtype
@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 4), (300, 3), (3, 300), (0,), (3, 0), ()])
def test_logic_and_counts(shape, dtype):
    rng = np.random.default_rng(0)
    sparse = (samples(shape, dtype) * (rng.random(shape) < 0.4)).astype(dtype)
    for base in (sparse, np.ones(shape, dtype), np.zeros(shape, dtype)):
        result_dtype = "uint8" if dtype == "uint8" else "bool"
        for layout, tensor, array in layouts(base):
            for (dim, axis), keep in itertools.product(dims_of(len(shape)), (False, True)):
                about = (layout, dim, keep)
                assert_same(torch.all(tensor, dim, keep), array.all(axis, keepdims=keep).astype(result_dtype), about)
                assert_same(tensor.any(dim, keepdim=keep), array.any(axis, keepdims=keep).astype(result_dtype), about)
                if not keep:
                    expected = np.asarray((array != 0).sum(axis), "int64")
                    assert_same(torch.count_nonzero(tensor, dim), expected, about)
            assert_same(tensor.all(()), (array != 0).astype(result_dtype), layout)  # no dims: nothing is reduced


def test_long_counts():
    for dtype in ("bool", "uint8", "int16", "float32", "float64"):
        tensor = torch.ones(70_001, dtype=dtype_of(dtype))
        assert tensor.count_nonzero().item() == 70_001 and tensor.all().item()
        assert tensor.view(-1, 1).expand(-1, 3).count_nonzero(0).tolist() == [70_001] * 3
        tensor[60_000] = 0
        assert tensor.count_nonzero().item() == 70_000 and not tensor.all().item() and tensor.any().item()
    special = torch.tensor([NAN, -0.0, INF])
    assert special.count_nonzero().item() == 2 and special.any().item() and not special.all().item()


def test_logic_out():
    x = torch.tensor([[1.0, 0.0], [2.0, 3.0]])
    for dtype in (torch.bool, torch.uint8):
        out = torch.zeros(2, dtype=dtype)
        assert torch.all(x, 1, out=out) is out and out.tolist() == [0, 1]
    with pytest.raises(RuntimeError, match="all only supports bool tensor for result, got: Float"):
        torch.all(x, out=torch.zeros(()))


@every_dtype
def test_products(dtype):
    for shape in ((7,), (3, 5), (2, 3, 4), (40, 3), (3, 40), (0, 2), ()):
        base = digits(shape, dtype)
        if dtype in FLOATS:
            base = np.sign(base) * 2.0 ** (np.arange(base.size).reshape(shape) % 3 - 1)
        for layout, tensor, array in layouts(base.astype(dtype)):
            for dim in (None, *range(-len(shape), len(shape))):
                for keep in (False, True):
                    expected = array.prod(dim, dtype=sum_dtype(dtype) if dtype not in FLOATS else "float64", keepdims=keep)
                    result = torch.prod(tensor, dim, keep)
                    np.testing.assert_allclose(result.numpy(), expected.astype(result.numpy().dtype), rtol=1e-7)
                    assert result.numpy().dtype == sum_dtype(dtype), layout
    assert torch.zeros(0).prod().item() == 1 and torch.tensor([3, 100], dtype=torch.uint8).prod(dtype=torch.uint8).item() == 44
    assert torch.tensor([1e30, 1e30, 1e-30, 1e-30]).prod().item() == pytest.approx(1)  # multiplied in float64
    assert np.isnan(torch.tensor([0.0, INF]).prod().item())


def test_nansum_of_integers_is_their_sum():
    assert torch.tensor([1, 2]).nansum().dtype == torch.int64 and torch.tensor([True, True]).nansum().item() == 2


def test_out_of_the_same_dtype():
    x = torch.ones(2, 3)
    with pytest.raises(RuntimeError, match="Expected the dtype for input and out to match, but got Float for input's dtype"):
        torch.amax(x, 0, out=torch.zeros(3, dtype=torch.float64))
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype long int, but got float instead"):
        torch.argmax(x, 0, out=torch.zeros(3))
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype"):
        torch.prod(x, 0, dtype=torch.float64, out=torch.zeros(3))


def test_ten_million_elements():
    array = np.random.default_rng(3).random(10_000_000, dtype="float32")
    exact = array.astype("float64").sum()
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        x = torch.tensor(array)
        results.append((x.sum().item(), x.view(1000, 10_000).sum(0).numpy().tobytes(), x.argmax().item(), x.amax().item()))
    assert results[0] == results[1] == results[2]
    assert abs(results[0][0] - exact) <= 2**-23 * exact and results[0][2] == array.argmax() and results[0][3] == array.max()


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


def test_extremes_of_no_dim():
    x = torch.tensor([[1, 3], [4, 2]])
    assert x.amax(None) == torch.amax(x, dim=None) == x.amax() == 4 and x.amin(None, True).tolist() == [[1]]
