"""How many elements there are: bincount, histc, histogram."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wengert as torch
from reference import FLOATS, INTS, assert_same, layouts, samples

NAN = float("nan")


@pytest.mark.parametrize("dtype", INTS)
def test_bincount(dtype):
    for layout, tensor, array in layouts(np.abs(samples((300,), "int8")).clip(0, 90).astype(dtype)):
        for minlength in (0, 5, 200):
            expected = np.bincount(array.astype(np.int64), minlength=minlength)
            assert_same(torch.bincount(tensor, minlength=minlength), expected, layout)
        weights = samples((300,), "float64", 1)
        assert_same(tensor.bincount(torch.tensor(weights)), np.bincount(array.astype(np.int64), weights))
        whole = samples((300,), "int16", 1)
        assert_same(tensor.bincount(torch.tensor(whole)), np.bincount(array.astype(np.int64), whole))
        single = torch.bincount(tensor, torch.tensor(whole).float())
        assert_same(single, np.bincount(array.astype(np.int64), whole).astype("float32"))


def test_bincount_of_nothing():
    none = torch.tensor([], dtype=torch.int64)
    assert torch.bincount(none).tolist() == [] and torch.bincount(none, minlength=2).tolist() == [0, 0]


@pytest.mark.parametrize("dtype", FLOATS)
def test_histc(dtype):
    for layout, tensor, array in layouts(samples((20, 30), dtype)):
        for bins, low, high in [(1, -1, 1), (16, -2, 2), (7, 0, 0), (100, 0, 0.5)]:
            ends = None if low == high else (low, high)
            expected, edges = np.histogram(array.astype(np.float64), bins, ends)
            result = torch.histc(tensor, bins, low, high)
            assert result.dtype == tensor.dtype and result.shape == (bins,)
            # An element within rounding of an edge may be counted on either side of it.
            near = sum(int(np.isclose(array, edge, rtol=1e-5, atol=1e-6).sum()) for edge in edges)
            assert abs(result.numpy() - expected).sum() <= 2 * near, (layout, bins)
    assert torch.histc(torch.tensor([1.0, 1.0]), 4).tolist() == [0, 0, 2, 0]
    assert torch.histc(torch.tensor([1.0, NAN, 3.0, 9.0]), 2, 1, 3).tolist() == [1, 1]


@pytest.mark.parametrize("dtype", FLOATS)
def test_histogram(dtype):
    array, weights = samples((200,), dtype), np.abs(samples((200,), dtype, 1))
    edges = np.array([-2, -0.5, 0, 0.25, 3], dtype)
    for weight in (None, weights):
        for density in (False, True):
            expected = np.histogram(array, edges, weights=weight, density=density)
            ours = torch.tensor(weight) if weight is not None else None
            result = torch.histogram(torch.tensor(array), torch.tensor(edges), weight=ours, density=density)
            np.testing.assert_allclose(result.hist.numpy(), expected[0], rtol=1e-5)
            assert_same(result.bin_edges, edges)
            expected = np.histogram(array, 8, (-1, 1), weights=weight, density=density)
            result = torch.tensor(array).histogram(8, range=(-1.0, 1.0), weight=ours, density=density)
            np.testing.assert_allclose(result[0].numpy(), expected[0], rtol=1e-5)
            np.testing.assert_allclose(result[1].numpy(), expected[1], rtol=1e-6)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60), st.integers(1, 20))
def test_histogram_counts_every_element_once(values, bins):
    tensor = torch.tensor(values, dtype=torch.float64) / 8
    hist, edges = torch.histogram(tensor, bins)
    assert hist.sum().item() == len(values) == torch.histc(tensor, bins).sum().item()
    assert edges[0] <= tensor.min() and edges[-1] >= tensor.max()
    array, ends = tensor.numpy(), edges.numpy()
    places = np.minimum(np.searchsorted(ends, array, "right") - 1, bins - 1)
    assert hist.tolist() == np.bincount(places, minlength=bins).tolist()


def test_out():
    hist, edges = torch.empty(0), torch.empty(0)
    assert torch.histogram(torch.ones(2), 1, out=(hist, edges))[0] is hist
    assert hist.tolist() == [2] and edges.tolist() == [0.5, 1.5]
    assert torch.histc(torch.ones(2), 1, out=hist) is hist


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda x: torch.bincount(torch.tensor([-1])),
            RuntimeError,
            "bincount only supports 1-d non-negative integral inputs.",
        ),
        (
            lambda x: torch.bincount(torch.tensor([[1]])),
            RuntimeError,
            "bincount only supports 1-d non-negative integral inputs.",
        ),
        (lambda x: torch.bincount(x), NotImplementedError, "\"bincount_cpu\" not implemented for 'Float'"),
        (lambda x: torch.bincount(x.long(), minlength=-1), RuntimeError, "minlength should be >= 0"),
        (lambda x: torch.bincount(x.long(), x[:2]), RuntimeError, "weights should be 1-d and have the same length as input"),
        (lambda x: torch.histc(x.long()), NotImplementedError, "\"histogram_cpu\" not implemented for 'Long'"),
        (lambda x: torch.histc(x, 0), RuntimeError, "torch.histogram(): bins must be > 0, but got 0 for dimension 0"),
        (lambda x: torch.histc(x, 3, 2, 1), RuntimeError, "torch.histc: max must be larger than min"),
        (lambda x: torch.histc(x * NAN), RuntimeError, "torch.histc: range of [nan, nan] is not finite"),
        (lambda x: torch.histogram(x.long(), 3), NotImplementedError, "\"histogramdd\" not implemented for 'Long'"),
        (lambda x: torch.histogram(x, 0), RuntimeError, "torch.histogram(): bins must be > 0, but got 0 for dimension 0"),
        (lambda x: torch.histogram(x, 3, range=(2.0, 1.0)), RuntimeError, "torch.histogramdd: min should not exceed max, but"),
        (lambda x: torch.histogram(x, 3, range=(2.0,)), RuntimeError, "torch.histogramdd: for a 1-dimensional histogram range"),
        (lambda x: torch.histogram(x, 3, range=2.0), TypeError, "histogram()"),
        (
            lambda x: torch.histogram(x, 3, weight=x[:2]),
            RuntimeError,
            "torch.histogramdd: if weight tensor is provided it shou",
        ),
        (
            lambda x: torch.histogram(x, x.double()),
            RuntimeError,
            "torch.histogramdd: input tensor and bins tensors should have",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error) as raised:
        call(torch.ones(3))
    assert str(raised.value).startswith(message)
