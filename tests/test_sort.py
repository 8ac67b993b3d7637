"""Sorting and order statistics: sort, argsort, msort, topk, kthvalue, median, mode, quantile."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wengert as torch
from reference import DTYPES, FLOATS, INTS, LENGTHS, assert_same, digits, layouts, samples

NAN = float("nan")
LONG = (300, 513, 5000, 32768, 32769, 70000)  # around the changes of method


def rows_of(n, dtype, kind, seed=0):
    """Values that differ, tie, cluster in few bits, or hold NaN and both zeros."""
    rng = np.random.default_rng(seed + n)
    if kind == "ties":
        return digits((n,), dtype, seed)
    array = samples((n,), dtype, seed)
    if kind == "wide" and dtype in FLOATS:
        array = (array * 10.0 ** rng.integers(-30, 30, n)).astype(dtype)
    if kind == "special" and dtype in FLOATS and n > 2:
        for value in (np.nan, -np.nan, 0.0, -0.0, np.inf, -np.inf):
            array[rng.integers(0, n, n // 6 + 1)] = value
    return array


def order_of(array, descending, axis=-1):
    """The stable order, NaN above all numbers."""
    if not descending:
        return np.argsort(array, axis=axis, kind="stable")
    backwards = np.flip(array, axis)
    return np.flip(array.shape[axis] - 1 - np.argsort(backwards, axis=axis, kind="stable"), axis)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["plain", "ties", "wide", "special"])
def test_sort_is_stable(dtype, kind):
    for n in (*LENGTHS, *LONG):
        array = rows_of(n, dtype, kind)
        tensor = torch.tensor(array)
        for descending in (False, True):
            order = order_of(array, descending)
            values, indices = torch.sort(tensor, descending=descending)
            assert_same(indices, order, (n, descending))
            assert values.numpy().tobytes() == array[order].tobytes(), (n, descending)
            assert_same(tensor.argsort(descending=descending), order)
            if not descending:
                assert torch.msort(tensor).numpy().tobytes() == array[order].tobytes()


@pytest.mark.parametrize("dtype", ["bool", "int16", "uint32", "int64", "float32", "float64"])
def test_sort_along_every_dim_of_every_layout(dtype):
    for shape in [(), (1,), (5,), (3, 4), (4, 1, 3), (2, 3, 5), (0, 3), (3, 0)]:
        for layout, tensor, array in layouts(digits(shape, dtype)):
            for dim in range(-max(1, len(shape)), max(1, len(shape))):
                for descending in (False, True):
                    values, indices = tensor.sort(dim, descending)
                    order = order_of(np.atleast_1d(array), descending, dim).reshape(shape)
                    assert_same(indices, order, (layout, shape, dim))
                    assert_same(values, np.take_along_axis(np.atleast_1d(array), np.atleast_1d(order), dim).reshape(shape))


def test_sort_keeps_a_dense_layout():
    x = torch.arange(24).view(2, 3, 4).permute(2, 0, 1)
    for dim in range(3):
        values, indices = x.sort(dim)
        assert values.stride() == indices.stride() == x.stride()


@given(
    st.integers(0, 200).flatmap(lambda n: st.lists(st.floats(width=32), min_size=n, max_size=n)),
    st.booleans(),
)
def test_sort_of_any_floats(values, descending):
    array = np.array(values, np.float32)
    result, indices = torch.sort(torch.tensor(array), descending=descending)
    order = order_of(array, descending)
    assert_same(indices, order)
    assert result.numpy().tobytes() == array[order].tobytes()


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=100), st.integers(0, 63))
def test_sort_of_any_integers(values, shift):
    array = np.array(values, np.int64) >> shift
    assert_same(torch.tensor(array).argsort(), np.argsort(array, kind="stable"))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8"])
def test_results_do_not_depend_on_threads(dtype):
    array = rows_of(200_000, dtype, "special").reshape(2, -1)
    tensor, results = torch.tensor(array), []
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        pairs = [
            tensor.sort(),
            tensor.sort(0),
            tensor.view(-1).topk(50),
            tensor.topk(9000),
            tensor.median(0),
            tensor.kthvalue(77),
        ]
        results.append([part.numpy().tobytes() for pair in pairs for part in pair])
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("dtype", [*INTS, *FLOATS])
@pytest.mark.parametrize("kind", ["plain", "ties", "special"])
def test_topk_is_the_beginning_of_the_stable_order(dtype, kind):
    for n in (1, 2, 17, 600, 5000, 70000):
        array = rows_of(n, dtype, kind)
        tensor = torch.tensor(array)
        for largest in (True, False):
            order = order_of(array, largest)
            for k in {0, 1, 2, n // 100, n // 3, n}:
                if k > n:
                    continue
                values, indices = torch.topk(tensor, k, largest=largest)
                assert_same(indices, order[:k], (n, k, largest))
                assert_same(values, array[order[:k]], (n, k, largest))


def test_topk_of_rows():
    for layout, tensor, array in layouts(samples((6, 700), "float32")):
        for dim in (0, 1):
            values, indices = tensor.topk(3, dim)
            order = np.take(order_of(array, True, dim), range(3), dim)
            assert_same(indices, order, layout)
            assert_same(values, np.take_along_axis(array, order, dim), layout)
            assert values.is_contiguous()
    values, indices = torch.tensor(3.5).topk(1)
    assert (values.item(), indices.item(), values.shape) == (3.5, 0, ())


@pytest.mark.parametrize("dtype", [*INTS, *FLOATS])
def test_kthvalue_and_median(dtype):
    for kind in ("plain", "ties", "wide", "special"):
        for n in (1, 2, 3, 8, 64, 65, 600, 70000):
            array = rows_of(n, dtype, kind)
            tensor, order = torch.tensor(array), order_of(array, False)
            for k in {1, (n + 1) // 2, n}:
                value, index = tensor.kthvalue(k)
                assert index.item() == order[k - 1]
                assert_same(value, array[order[k - 1]])
            nans = int(np.isnan(array).sum()) if dtype in FLOATS else 0
            at = order[n - nans] if nans else order[(n - 1) // 2]
            for value in (tensor.median(), tensor.median(0).values):
                assert_same(value, array[at])
            assert tensor.median(0).indices.item() == at
            at = order[max(n - nans - 1, 0) // 2]
            assert_same(tensor.nanmedian(), array[at])
            assert tensor.nanmedian(0).indices.item() == at


def test_dims_and_keepdim():
    array = samples((3, 4, 5), "float64")
    tensor = torch.tensor(array)
    for dim in range(-3, 3):
        for keepdim in (False, True):
            for result in (tensor.median(dim, keepdim), tensor.kthvalue(2, dim, keepdim), tensor.mode(dim, keepdim)):
                assert result.values.shape == result.indices.shape == np.max(array, dim, keepdims=keepdim).shape
            which = (array.shape[dim] - 1) // 2
            expected = np.take(np.sort(array, dim), [which], dim)
            assert_same(tensor.median(dim, True).values, expected)
    assert tensor[:, :0].median(0).values.shape == (0, 5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_mode_is_the_smallest_of_the_most_frequent(dtype):
    array = digits((40, 9), dtype)
    values, indices = torch.tensor(array).mode(1)
    for row, value, index in zip(array, values.tolist(), indices.tolist(), strict=True):
        present, counts = np.unique(row, return_counts=True)
        assert value == present[np.argmax(counts)]
        assert index == np.flatnonzero(row == value)[-1]
    assert torch.tensor([1, 2, 2, 1, 3, 3]).mode().indices.item() == 3


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("interpolation", ["linear", "lower", "higher", "nearest", "midpoint"])
def test_quantile(dtype, interpolation):
    for shape in [(1,), (7,), (4, 9), (3, 2, 5)]:
        array = samples(shape, dtype)
        tensor = torch.tensor(array)
        qs = [0.0, 0.125, 0.5, 0.8125, 1.0]  # exact in both dtypes, so that ranks are as well
        for dim in (None, *range(len(shape))):
            expected = np.quantile(array.astype(np.float64), qs, axis=dim, method=interpolation)
            result = torch.quantile(tensor, torch.tensor(qs, dtype=tensor.dtype), dim, interpolation=interpolation)
            np.testing.assert_allclose(result.numpy(), expected, rtol=1e-5, atol=1e-6)
            assert result.dtype == tensor.dtype
            for i, q in enumerate(qs):
                one = tensor.quantile(q, dim, interpolation=interpolation)
                assert_same(one, result[i].numpy())
                assert tensor.quantile(q, dim, True).shape == np.max(array, dim, keepdims=True).shape


def test_quantile_and_nan():
    x = torch.tensor([[1.0, NAN, 3.0, 2.0], [4.0, 2.0, 3.0, 1.0], [NAN] * 4])
    assert str(torch.quantile(x, 0.5, dim=1).tolist()) == "[nan, 2.5, nan]"
    assert str(torch.nanquantile(x, 0.5, dim=1).tolist()) == "[2.0, 2.5, nan]"
    assert str(torch.nanquantile(x, torch.tensor([0.0, 1.0]), 1).tolist()) == "[[1.0, 1.0, nan], [3.0, 4.0, nan]]"


def test_out():
    x = torch.tensor([3.0, 1.0, 2.0])
    values, indices = torch.empty(0), torch.empty(0, dtype=torch.int64)
    result = torch.sort(x, out=(values, indices))
    assert result[0] is values and values.tolist() == [1, 2, 3] and indices.tolist() == [1, 2, 0]
    torch.sort(x, out=(x, indices))
    assert x.tolist() == [1, 2, 3]
    out = torch.zeros(4)[::2]
    torch.topk(x, 2, out=(out, torch.empty(2, dtype=torch.int64)))
    assert out.tolist() == [3, 2]
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype float, but got double instead"):
        torch.sort(x, out=(torch.empty(3, dtype=torch.float64), indices))
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype long int, but got int instead"):
        torch.sort(x, out=(values, torch.empty(3, dtype=torch.int32)))


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda x: x.sort(2), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
        (lambda x: x.topk(4), RuntimeError, "selected index k out of range"),
        (lambda x: x.topk(-1), RuntimeError, "selected index k out of range"),
        (lambda x: x.bool().topk(1), RuntimeError, "topk does not support bool dtypes on CPU"),
        (lambda x: x.kthvalue(0), RuntimeError, "kthvalue(): selected number k out of range for dimension 1"),
        (lambda x: x.kthvalue(4), RuntimeError, "kthvalue(): selected number k out of range for dimension 1"),
        (lambda x: x[:0].kthvalue(1, 0), IndexError, "kthvalue(): Expected reduction dim 0 to have non-zero size."),
        (lambda x: x.bool().kthvalue(1), NotImplementedError, "\"kthvalue_cpu\" not implemented for 'Bool'"),
        (lambda x: x[:0].median(0), IndexError, "median(): Expected reduction dim 0 to have non-zero size."),
        (lambda x: x.bool().median(), NotImplementedError, "\"median_cpu\" not implemented for 'Bool'"),
        (lambda x: x[:0].mode(0), IndexError, "mode(): Expected reduction dim 0 to have non-zero size."),
        (lambda x: x.quantile(1.5), RuntimeError, "quantile() q must be in the range [0, 1] but got 1.5"),
        (lambda x: x.quantile(torch.tensor([2.0])), RuntimeError, "quantile() q values must be in the range [0, 1]"),
        (lambda x: x.quantile(torch.tensor([[0.5]])), RuntimeError, "quantile() q must be a scalar or 1D tensor"),
        (lambda x: x.quantile(torch.tensor(0.5).double()), RuntimeError, "quantile() q tensor must be same dtype as the input"),
        (lambda x: x.long().quantile(0.5), RuntimeError, "quantile() input tensor must be either float or double dtype"),
        (lambda x: x[:0].quantile(0.5), RuntimeError, "quantile() input tensor must be non-empty"),
        (
            lambda x: x.quantile(0.5, interpolation="a"),
            RuntimeError,
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got a",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error) as raised:
        call(torch.ones(2, 3))
    assert str(raised.value).startswith(message)


def test_median_of_nothing():
    assert str(torch.empty(0).median().item()) == str(torch.empty(0, 3).nanmedian().item()) == "nan"
