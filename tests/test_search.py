"""Positions of values: searchsorted, bucketize, isin, unique, unique_consecutive."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wengert as torch
from reference import DTYPES, FLOATS, INTS, assert_same, digits, layouts, samples

NAN = float("nan")


@pytest.mark.parametrize("dtype", [*INTS, *FLOATS])
def test_searchsorted(dtype):
    for n in (0, 1, 2, 7, 64, 1000):
        sequence = np.sort(digits((n,), dtype) if n < 64 else samples((n,), dtype))
        values = np.concatenate([samples((50,), dtype, 1), digits((20,), dtype, 2), sequence])
        for side in ("left", "right"):
            expected = np.searchsorted(sequence, values, side)
            result = torch.searchsorted(torch.tensor(sequence), torch.tensor(values), side=side)
            assert_same(result, expected)
            assert_same(torch.searchsorted(torch.tensor(sequence), torch.tensor(values), right=side == "right"), expected)
            assert_same(torch.bucketize(torch.tensor(values), torch.tensor(sequence), right=side == "right"), expected)
            small = torch.bucketize(torch.tensor(values), torch.tensor(sequence), right=side == "right", out_int32=True)
            assert_same(small, expected.astype("int32"))


def test_searchsorted_of_every_layout():
    sequence = np.sort(samples((17,), "float64"))
    for layout, values, array in layouts(samples((3, 4, 5), "float64", 1)):
        for name, ordered, _ in layouts(sequence):
            if not name.startswith("repeated"):
                assert_same(torch.searchsorted(ordered, values), np.searchsorted(sequence, array), (layout, name))


def test_searchsorted_of_rows():
    sequences = np.sort(samples((2, 3, 8), "float32"), -1)
    values = samples((2, 3, 5), "float32", 1)
    expected = np.array(
        [[np.searchsorted(s, v) for s, v in zip(*pair, strict=True)] for pair in zip(sequences, values, strict=True)]
    )
    assert_same(torch.searchsorted(torch.tensor(sequences), torch.tensor(values)), expected)


def test_searchsorted_with_an_order():
    sequence = samples((40,), "int64")
    order = np.argsort(sequence)
    values = samples((30,), "int64", 1)
    result = torch.searchsorted(torch.tensor(sequence), torch.tensor(values), sorter=torch.tensor(order))
    assert_same(result, np.searchsorted(sequence, values, sorter=order))


def test_searchsorted_of_numbers_and_nan():
    sequence = torch.tensor([1, 3, 3, 5])
    assert torch.searchsorted(sequence, 3).item() == 1
    assert torch.searchsorted(sequence, 3.5).item() == 3
    assert torch.searchsorted(sequence, 3, right=True).shape == ()
    assert torch.bucketize(4, sequence).item() == 3
    assert torch.searchsorted(sequence, torch.tensor([2.5, 5.0])).tolist() == [1, 3]
    assert torch.searchsorted(torch.tensor([1.0, 2.0, NAN]), torch.tensor([NAN, 2.0])).tolist() == [3, 1]
    out = torch.empty(0, dtype=torch.int64)
    assert torch.searchsorted(sequence, torch.tensor([9]), out=out) is out and out.tolist() == [4]


@pytest.mark.parametrize("dtype", [*INTS, *FLOATS])
def test_isin(dtype):
    elements = digits((3, 50), dtype)
    for tests in (digits((7,), dtype, 3), digits((0,), dtype), samples((2, 30), dtype)):
        expected = np.isin(elements, tests)
        assert_same(torch.isin(torch.tensor(elements), torch.tensor(tests)), expected)
        assert_same(torch.isin(torch.tensor(elements), torch.tensor(tests), invert=True), ~expected)
        assert_same(torch.isin(torch.tensor(elements), torch.tensor(tests), assume_unique=True), expected)
    assert_same(torch.isin(torch.tensor(elements), 3), elements == 3)
    assert torch.isin(3, torch.tensor([1, 3])).item() is True
    assert torch.isin(torch.tensor([1.0, NAN, -0.0]), torch.tensor([NAN, 1.0, 0.0])).tolist() == [True, False, True]


@pytest.mark.parametrize("dtype", DTYPES)
def test_unique(dtype):
    for shape in [(), (0,), (1,), (30,), (4, 9), (5000,)]:
        for make in (digits, samples):
            for layout, tensor, array in layouts(make(shape, dtype)):
                values, inverse, counts = np.unique(array, return_inverse=True, return_counts=True)
                result = torch.unique(tensor, return_inverse=True, return_counts=True)
                assert isinstance(result, tuple)
                assert_same(result[0], values, layout)
                assert_same(result[1], inverse.reshape(shape), layout)
                assert_same(result[2], counts, layout)
                assert_same(tensor.unique(), values)
                assert_same(tensor.unique(sorted=False, return_counts=True)[1], counts)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_unique_slices(dtype):
    for shape in [(6, 2), (2, 7), (3, 2, 4), (1, 1), (0, 3)]:
        array = np.minimum(digits(shape, dtype), np.array(2).astype(dtype))
        for layout, tensor, same in layouts(array):
            for dim in range(-len(shape), len(shape)):
                if 0 in shape and shape[dim] != 0:
                    continue
                values, inverse, counts = np.unique(same, return_inverse=True, return_counts=True, axis=dim)
                result = tensor.unique(return_inverse=True, return_counts=True, dim=dim)
                for ours, numpys in zip(result, (values, inverse.reshape(-1), counts), strict=True):
                    assert_same(ours, numpys, (layout, shape, dim))


@given(st.lists(st.integers(0, 2), max_size=40))
def test_unique_consecutive(values):
    tensor = torch.tensor(values, dtype=torch.int64)
    starts = [i for i, v in enumerate(values) if i == 0 or values[i - 1] != v]
    result, inverse, counts = torch.unique_consecutive(tensor, True, True)
    assert result.tolist() == [values[i] for i in starts]
    assert counts.tolist() == list(np.diff([*starts, len(values)]))
    assert result[inverse].tolist() == values if values else inverse.tolist() == []
    rows = torch.tensor([[v, -v] for v in values], dtype=torch.int64).view(-1, 2)
    assert rows.unique_consecutive(dim=0)[:, 0].tolist() == result.tolist()


def test_no_two_nan_are_alike():
    values, counts = torch.unique(torch.tensor([NAN, 1.0, NAN, 0.0, -0.0]), return_counts=True)
    assert str(values.tolist()) == "[0.0, 1.0, nan, nan]" and counts.tolist() == [2, 1, 1, 1]


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda x: torch.searchsorted(torch.tensor(1.0), x),
            RuntimeError,
            "torch.searchsorted(): boundaries tensor should have",
        ),
        (
            lambda x: torch.searchsorted(x.view(1, 3), 1.0),
            RuntimeError,
            "torch.searchsorted(): input value can be a scalar only",
        ),
        (
            lambda x: torch.searchsorted(x.view(1, 3), x),
            RuntimeError,
            "torch.searchsorted(): boundaries tensor should be 1 dim",
        ),
        (
            lambda x: torch.searchsorted(x, x, side="a"),
            RuntimeError,
            "torch.searchsorted(): side can only be 'left' or 'right'",
        ),
        (
            lambda x: torch.searchsorted(x, x, side="left", right=True),
            RuntimeError,
            "torch.searchsorted(): side and right can't",
        ),
        (lambda x: torch.searchsorted(x, x, sorter=x), RuntimeError, "torch.searchsorted(): sorter must be a tensor of long"),
        (
            lambda x: torch.searchsorted(x, x, sorter=x[:2].long()),
            RuntimeError,
            "torch.searchsorted(): boundary and sorter must",
        ),
        (
            lambda x: torch.searchsorted(x, x, sorter=x.long() * 9),
            RuntimeError,
            "torch.searchsorted(): sorter index out of range",
        ),
        (lambda x: torch.searchsorted(x.bool(), x.bool()), NotImplementedError, '"searchsorted_out_cpu" not implemented for'),
        (lambda x: torch.bucketize(x, x.view(1, 3)), RuntimeError, "boundaries tensor must be 1 dimension, but got dim(2)"),
        (lambda x: torch.isin(1, 2), TypeError, "isin() received an invalid combination of arguments"),
        (lambda x: torch.isin(x.bool(), True), RuntimeError, "Unsupported input type encountered for isin(): Bool"),
        (
            lambda x: torch.unique(x, dim=4),
            IndexError,
            "Dimension out of range (expected to be in range of [-1, 0], but got 4)",
        ),
        (lambda x: torch.unique(torch.tensor(3), dim=0), IndexError, "Dimension specified as 0 but tensor has no dimensions"),
        (lambda x: torch.zeros(3, 0).unique(dim=0), RuntimeError, "There are 0 sized dimensions, and they aren't selected, so"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error) as raised:
        call(torch.ones(3))
    assert str(raised.value).startswith(message)
