"""Basic indexing, read and written: every key of small pools, against NumPy."""

import itertools

import numpy as np
import pytest

import wengert as torch
from reference import DTYPES, LAYOUTS, assert_same, dtype_of, layouts, samples

STEPS = (None, 1, 2, 3, 7, *((-1, -2, -3, -7) if "reversed" in LAYOUTS else ()))
BOUNDS = (None, *range(-7, 8))
KEYS = (0, -1, slice(None), slice(1, None), slice(None, None, STEPS[-2]), None, ...)


def view_of(array, key):
    """NumPy's result as an array that still knows its memory: array[0, 0] alone would be a number."""
    return array[key] if ... in (key if isinstance(key, tuple) else (key,)) else array[(*key, ...)]


def numbered(shape):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape)


@pytest.mark.parametrize("size", [0, 1, 5])
def test_every_slice_of_a_vector(size):
    array = numbered((size,))
    tensor = torch.tensor(array)
    for start, stop, step in itertools.product(BOUNDS, BOUNDS, STEPS):
        expected = array[start:stop:step]
        assert tensor[start:stop:step].tolist() == expected.tolist(), (start, stop, step)
        written, reference = tensor.clone(), array.copy()
        written[start:stop:step] = -1
        reference[start:stop:step] = -1
        assert written.tolist() == reference.tolist(), (start, stop, step)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 2), (1, 1), (2, 0)])
def test_every_key_of_up_to_four_parts(shape):
    array = numbered(shape)
    tensor = torch.tensor(array)
    for count in range(5):
        for key in itertools.product(KEYS, repeat=count):
            parts = sum(part is not None and part is not ... for part in key)
            if key.count(...) > 1 or parts > len(shape):
                continue
            try:
                expected = view_of(array, key)
            except IndexError:
                with pytest.raises(IndexError):
                    tensor[key]
                continue
            result = tensor[key]
            assert tuple(result.shape) == expected.shape, key
            assert result.tolist() == expected.tolist(), key
            if expected.size:
                offset = expected.__array_interface__["data"][0] - array.__array_interface__["data"][0]
                assert result.data_ptr() - tensor.data_ptr() == offset, key
                strides = [(n, step // 8) for n, step in zip(expected.shape, expected.strides, strict=True) if n > 1]
                assert [(n, s) for n, s in zip(result.shape, result.stride(), strict=True) if n > 1] == strides, key


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 2)])
def test_writing_through_every_key(shape):
    array = numbered(shape)
    for key in itertools.product(KEYS, repeat=2):
        if key.count(...) > 1:
            continue
        for value in (-1, "full", "row"):
            expected, tensor = array.copy(), torch.tensor(array)
            target = view_of(expected, key)
            if value == -1:
                target[...] = tensor[key] = -1
            else:
                source = -numbered(target.shape if value == "full" else target.shape[-1:]) - 1
                target[...] = source
                tensor[key] = torch.tensor(source)
            assert tensor.tolist() == expected.tolist(), (key, value)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_layout(dtype):
    array = samples((5, 6), dtype)
    key = np.s_[1::2, 4:1:-1] if "reversed" in LAYOUTS else np.s_[1::2, 1:4]
    for name, tensor, values in layouts(array):
        assert_same(tensor[key], values[key], name)
        assert_same(tensor[2], values[2], name)
        assert_same(tensor[-1, 3], values[-1, 3], name)
        if name.startswith("repeated"):
            continue
        expected = values.copy()
        expected[key] = values[0, 0]
        tensor[key] = tensor[0, 0].clone()
        assert_same(tensor, expected, name)


def test_a_written_value_is_cast():
    x = torch.zeros(4, dtype=torch.int64)
    x[0] = 2.7
    x[1:3] = torch.tensor([1.5, -1.5])
    x[3] = True
    assert x.tolist() == [2, 1, -1, 1]
    x[:] = torch.tensor(9, dtype=torch.int8)
    assert x.tolist() == [9] * 4
    x[torch.tensor(1)] = 4
    assert x.tolist() == [9, 4, 9, 9]
    y = torch.zeros(2, 3)
    y[0] = torch.ones(1, 1, 3)  # leading ones of the value do not count
    y[1, 2] = torch.full((1,), 5.0)
    assert y.tolist() == [[1, 1, 1], [0, 0, 5]]


def test_writing_a_tensor_into_itself():
    x = torch.arange(6)
    x[:3] = x[3:]
    assert x.tolist() == [3, 4, 5, 3, 4, 5]
    x[:] = x
    assert x.tolist() == [3, 4, 5, 3, 4, 5]


def test_integers_of_every_kind():
    x = torch.arange(5)
    assert x[np.int64(2)] == x[torch.tensor(2)] == x[2] == 2
    assert x[np.uint8(1) : np.int32(3)].tolist() == x[torch.tensor(1) : torch.tensor(3)].tolist() == [1, 2]


@pytest.mark.parametrize("key", [(None, ...), slice(0, 1), (None, 0), (slice(0, 1), slice(0, 1)), (..., None), ...], ids=str)
def test_augmented_assignment_writes_a_view_to_itself(key):
    x, expected = torch.zeros(3, 4), np.zeros((3, 4))
    x[key] += 1
    expected[key] += 1
    assert np.array_equal(x.numpy(), expected)


def test_iteration():
    x = torch.arange(6).view(3, 2)
    rows = list(x)
    assert [row.tolist() for row in rows] == x.tolist() and all(row.shape == (2,) for row in rows)
    _, b, _ = x
    b += 10  # rows are views
    assert x.tolist() == [[0, 1], [12, 13], [4, 5]]
    assert [v.item() for v in x[0]] == [0, 1] and list(torch.zeros(0, 3)) == []
    assert [row.tolist() for row in reversed(rows)] == [[4, 5], [12, 13], [0, 1]]
    assert 12 in x and 99 not in x and torch.tensor(4) in x and 1.5 not in x


@pytest.mark.parametrize(
    "key, error, message",
    [
        (3, IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
        (-4, IndexError, "index -4 is out of bounds for dimension 0 with size 3"),
        ((0, 4), IndexError, "index 4 is out of bounds for dimension 1 with size 4"),
        ((slice(None), -5), IndexError, "index -5 is out of bounds for dimension 1 with size 4"),
        ((..., 4), IndexError, "index 4 is out of bounds for dimension 1 with size 4"),
        ((0, 0, 0), IndexError, "too many indices for tensor of dimension 2"),
        ((0, slice(None), slice(None)), IndexError, "too many indices for tensor of dimension 2"),
        (1.5, IndexError, "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indic"),
        (object(), IndexError, "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid"),
        (slice(None, None, 0), ValueError, "slice step cannot be zero"),
        (2**70, ValueError, "Overflow when unpacking long long"),
    ],
)  # fmt: skip
def test_errors(key, error, message):
    x = torch.zeros(3, 4)
    for call in (lambda: x[key], lambda: x.__setitem__(key, 1)):
        with pytest.raises(error) as raised:
            call()
        assert str(raised.value).startswith(message)
    assert x.sum() == 0


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda x, z: z[0], IndexError, "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or"),
        (lambda x, z: z[:], IndexError, "slice() cannot be applied to a 0-dim tensor."),
        (lambda x, z: z.__setitem__(0, 1), IndexError, "invalid index of a 0-dim tensor. Use `tensor.item()` in Python"),
        (lambda x, z: x.__setitem__(0, torch.zeros(3)), RuntimeError, "The expanded size of the tensor (4) must match the "
         "existing size (3) at non-singleton dimension 0.  Target sizes: [4].  Tensor sizes: [3]"),
        (lambda x, z: x.__setitem__(0, torch.zeros(2, 4)), RuntimeError, "expand(torch.FloatTensor{[2, 4]}, size=[4]): "
         "the number of sizes provided (1) must be greater or equal to the number of dimensions in the tensor (2)"),
        (lambda x, z: x.__setitem__((0, 0), torch.zeros(2)), RuntimeError, "expand(torch.FloatTensor{[2]}, size=[]):"),
        (lambda x, z: x.__setitem__(0, "a"), TypeError, "can't assign a str to a torch.FloatTensor"),
        (lambda x, z: x.__setitem__(0, [1.0] * 4), TypeError, "can't assign a list to a torch.FloatTensor"),
        (lambda x, z: x.__setitem__(0, None), TypeError, "can't assign a NoneType to a torch.FloatTensor"),
        (lambda x, z: x.__delitem__(0), TypeError, "Tensor does not support deleting items"),
        (lambda x, z: len(z), TypeError, "len() of a 0-d tensor"),
        (lambda x, z: iter(z), TypeError, "iteration over a 0-d tensor"),
        (lambda x, z: "a" in x, RuntimeError, "Tensor.__contains__ only supports Tensor or scalar, but you passed in a"),
    ],
)  # fmt: skip
def test_other_errors(call, error, message):
    x, z = torch.zeros(3, 4), torch.tensor(0.0)
    with pytest.raises(error) as raised:
        call(x, z)
    assert str(raised.value).startswith(message)
    assert x.sum() == 0 and z == 0


def test_zero_dimensions():
    z = torch.tensor(3.0)
    assert z[...].item() == z[()].item() == 3 and z[None].shape == (1,) and z[None, ..., None].shape == (1, 1)
    z[...] = 4
    assert z == 4
    assert dtype_of("float32") == z.dtype
