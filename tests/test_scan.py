"""cumsum, cumprod, cummax, cummin, logcumsumexp: every dtype, layout, dim and length, against NumPy."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import wengert as torch
from reference import DTYPES, FLOATS, LENGTHS, assert_same, bits, digits, dtype_of, layouts, samples

NAN, INF = float("nan"), float("inf")
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
floats = pytest.mark.parametrize("dtype", FLOATS)


def total_dtype(dtype):
    return dtype if dtype in (*FLOATS, "uint64") else "int64"


def running(name, array, axis):
    """(values, positions) of the extremes so far, by definition."""
    moved = np.moveaxis(array, axis, 0)
    values, positions = moved.copy(), np.zeros(moved.shape, "int64")
    for j in range(1, len(moved)):
        x, best = moved[j], values[j - 1]
        with np.errstate(invalid="ignore"):
            wins = (x >= best if name == "cummax" else x <= best) | (x != x)
        values[j] = np.where(wins, x, best)
        positions[j] = np.where(wins, j, positions[j - 1])
    return np.moveaxis(values, 0, axis), np.moveaxis(positions, 0, axis)


@every_dtype
@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
def test_totals_of_every_length(name, dtype):
    for length in LENGTHS:
        array = digits(length, dtype, length)
        if name == "cumprod" and dtype in FLOATS:
            array = np.sign(array) * 2.0 ** np.where(np.arange(length) % 2, 1, -1)
            array = array.astype(dtype)
        expected = getattr(np, name)(array, dtype=total_dtype(dtype))
        assert_same(getattr(torch.tensor(array), name)(0), expected, length)
        for columns in (3, 70):
            table = np.repeat(array[:, None], columns, 1)
            expected = getattr(np, name)(table, axis=0, dtype=total_dtype(dtype))
            assert_same(getattr(torch.tensor(table), name)(0), expected, length)


@every_dtype
@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 4), (9, 1, 70), (3, 0, 2), (0,), ()])
def test_scans_of_every_dim_and_layout(shape, dtype):
    for layout, tensor, array in layouts(digits(shape, dtype)):
        for dim in range(-max(len(shape), 1), max(len(shape), 1)):
            about = (layout, dim)
            if not shape:
                assert_same(tensor.cumsum(dim), array.astype(total_dtype(dtype)), about)
                continue
            assert_same(torch.cumsum(tensor, dim), array.cumsum(dim, dtype=total_dtype(dtype)), about)
            assert tensor.cumsum(dim).is_contiguous()
            for name in ("cummax", "cummin") if array.size else ():
                values, positions = running(name, array, dim)
                result = getattr(torch, name)(tensor, dim)
                assert_same(result.values, values, about)
                assert_same(result.indices, positions, about)


@pytest.mark.parametrize("target", DTYPES[1:])
def test_totals_in_another_dtype(target):
    for dtype in DTYPES:
        array = digits((5, 33), dtype)
        result = torch.cumsum(torch.tensor(array), 1, dtype=dtype_of(target))
        assert_same(result, array.astype(target).cumsum(1, dtype=target), dtype)


def test_totals_wrap():
    x = torch.tensor([200, 100], dtype=torch.uint8)
    assert x.cumsum(0).tolist() == [200, 300] and x.cumsum(0, dtype=torch.uint8).tolist() == [200, 44]
    assert torch.tensor([2**63 - 1, 1]).cumsum(0).tolist() == [2**63 - 1, -(2**63)]
    assert torch.tensor([2**62, 4]).cumprod(0).tolist() == [2**62, 0]


@floats
def test_running_sums_are_accurate(dtype):
    """float32 is added in float64 and rounded once; float64 is not worse than adding in order."""
    for length in (1000, 300_007):
        array = np.random.default_rng(length).random(length).astype(dtype)
        exact = np.cumsum(array.astype(np.longdouble))
        eps = np.finfo(dtype).eps
        for tensor in (torch.tensor(array), torch.tensor(np.repeat(array, 2))[::2]):
            error = np.abs(tensor.cumsum(0).numpy() - exact)
            assert (error <= eps * (0.51 if dtype == "float32" else 64) * exact).all()
        columns = torch.tensor(np.repeat(array[:1000, None], 5, 1)).cumsum(0).numpy()
        assert (np.abs(columns - exact[:1000, None]) <= eps * (0.51 if dtype == "float32" else 1000) * exact[:1000, None]).all()


@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
def test_forms_of_totals(name):
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    expected = getattr(np, name)(x.numpy(), axis=1)
    out = torch.zeros(2, 2)
    assert getattr(torch, name)(x, 1, out=out) is out and (out.numpy() == expected).all()
    doubles = torch.zeros(2, 2, dtype=torch.float64)
    assert (getattr(torch, name)(x, 1, out=doubles).numpy() == expected).all()
    strided = torch.zeros(2, 4)[:, ::2]
    assert (getattr(torch, name)(x, 1, out=strided).numpy() == expected).all()
    getattr(torch, name)(x.t(), 0, out=x.t())
    assert (x.numpy() == expected).all()
    version = x._version
    y = torch.tensor([1, 2, 3], dtype=torch.int8)
    assert getattr(y, name + "_")(0) is y and y.dtype == torch.int8 and y.tolist() in ([1, 3, 6], [1, 2, 6])
    assert getattr(x, name + "_")(0) is x and x._version > version
    with pytest.raises(RuntimeError, match="Bad in-place call: input tensor dtype signed char and output tensor dtype float"):
        getattr(y, name + "_")(0, dtype=torch.float32)
    with pytest.raises(NotImplementedError, match=f"\"{name}_out_cpu\" not implemented for 'Bool'"):
        getattr(torch.tensor([True]), name + "_")(0)
    with pytest.raises(IndexError, match="Dimension out of range"):
        getattr(x, name)(2)


@pytest.mark.parametrize("name", ["cummax", "cummin"])
def test_running_extremes(name):
    array = np.array([1, 3, NAN, 4, NAN, 0, 3], "float32")
    for shaped, dim in [(array, 0), (np.repeat(array[:, None], 70, 1), 0), (np.repeat(array[None], 3, 0), 1)]:
        values, positions = running(name, shaped, dim)
        result = getattr(torch.tensor(shaped), name)(dim)
        assert_same(result.values, values)
        assert_same(result.indices, positions)
    for dtype in DTYPES:
        for length in (*LENGTHS[1:],):
            array = samples((length, 2), dtype, length)
            for dim, ordered in ((0, array), (1, array.T.copy())):
                values, positions = running(name, ordered, dim)
                result = getattr(torch.tensor(ordered), name)(dim)
                assert_same(result.values, values, (dtype, length))
                assert_same(result.indices, positions, (dtype, length))
    out = torch.zeros(0), torch.zeros(0, dtype=torch.int64)
    result = getattr(torch, name)(torch.tensor([2.0, 1.0, 3.0]), 0, out=out)
    assert result[0] is out[0] and result[1] is out[1] and out[0].tolist() in ([2, 2, 3], [2, 1, 1])
    with pytest.raises(RuntimeError, match="expected scalar_type Long but found Float"):
        getattr(torch, name)(torch.tensor([2.0]), 0, out=(torch.zeros(1), torch.zeros(1)))
    with pytest.raises(IndexError, match="Expected reduction dim -1 or 0 for scalar but got 1"):
        getattr(torch, name)(torch.tensor(2.0), 1)


@floats
def test_logcumsumexp(dtype):
    array = (100 * samples((6, 40), dtype)).astype(dtype)
    exact = array.astype(np.longdouble)
    for dim in (0, 1):
        expected = np.logaddexp.accumulate(exact, axis=dim)
        for name, tensor, _ in layouts(array):
            if not name.startswith("repeated"):
                np.testing.assert_allclose(tensor.logcumsumexp(dim).numpy(), expected, rtol=2 * np.finfo(dtype).eps)
    special = torch.tensor([-INF, -INF, 1.0, INF, 3.0, NAN, 2.0], dtype=dtype_of(dtype)).logcumsumexp(0)
    np.testing.assert_array_equal(special.numpy(), np.array([-INF, -INF, 1, INF, INF, NAN, NAN], dtype))
    with pytest.raises(NotImplementedError, match="\"logcumsumexp_out_cpu\" not implemented for 'Long'"):
        torch.tensor([1]).logcumsumexp(0)


@given(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5), st.data())
def test_scans_of_any_shape(shape, data):
    name, tensor, array = data.draw(st.sampled_from(list(layouts(digits(shape, "float32")))))
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    assert_same(tensor.cumsum(dim), array.cumsum(dim), (name, dim))
    values, positions = running("cummin", array, dim)
    assert_same(tensor.cummin(dim).values, values, (name, dim))
    assert_same(tensor.cummin(dim).indices, positions, (name, dim))


def test_scans_have_the_same_bits_for_any_thread_count_and_layout():
    tensors = [torch.randn(100_001), torch.randn(300, 500), torch.randn(40, 50, 70)]
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        results.append([])
        for x, name in itertools.product(tensors, ("cumsum", "cumprod", "logcumsumexp")):
            for dim in range(x.dim()):
                result = bits(getattr(x, name)(dim))
                order = tuple(range(x.dim()))[::-1]
                permuted = x.permute(order).contiguous().permute(order)
                assert bits(getattr(permuted, name)(dim)) == result
                results[-1].append(result)
    assert results[0] == results[1] == results[2]
