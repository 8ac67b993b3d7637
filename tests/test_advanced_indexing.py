"""x[key] and x[key] = value with tensors, masks, lists and arrays in the key, against NumPy, whose rules are the same but for
one: an int beside index tensors is a dimension that goes away first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wengert as torch
from reference import DTYPES, assert_same, bits, layouts, samples


def numbered(*shape):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape)


@st.composite
def keyed(draw):
    """(array, key for NumPy, key for us): index arrays that broadcast together, masks, slices, None and one Ellipsis."""
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    common = tuple(draw(st.lists(st.integers(0, 3), max_size=2)))
    theirs, ours, dim = [], [], 0
    ellipsis = draw(st.integers(-1, len(shape)))
    while dim < len(shape):
        if dim == ellipsis:
            skip = draw(st.integers(1, len(shape) - dim))  # of none, NumPy parts the lists beside it and PyTorch does not
            theirs.append(...)
            ours.append(...)
            dim, ellipsis = dim + skip, -1
            tail = shape[dim:]
            # From here on every dimension has its key, so that the Ellipsis stands for exactly those skipped.
            for size in tail:
                key = slice(None, None, draw(st.sampled_from([1, 2])))
                if draw(st.booleans()):
                    key = rng.integers(-size, size, common)
                theirs.append(key)
                ours.append(torch.tensor(key) if isinstance(key, np.ndarray) else key)
            break
        kind = draw(st.sampled_from(["index", "slice", "none", "mask", "stop", "list"]))
        size = shape[dim]
        if kind == "stop":
            break
        if kind == "none":
            theirs.append(None)
            ours.append(None)
            continue
        if kind == "slice":
            key = slice(draw(st.integers(-4, 4)), draw(st.integers(-4, 4)), draw(st.sampled_from([1, 2, -1, -2])))
            theirs.append(key)
            ours.append(key)
        elif kind == "mask":
            rank = draw(st.integers(1, len(shape) - dim))
            # As many true ones as the other indices have, or any number where there are none.
            mask = np.zeros(int(np.prod(shape[dim : dim + rank])), bool)
            wanted = common[-1] if common else 1
            mask[rng.permutation(mask.size)[:wanted]] = True
            mask = mask.reshape(shape[dim : dim + rank])
            theirs.append(mask)
            ours.append(torch.tensor(mask) if rng.random() < 0.7 else mask)
            dim += rank - 1
        else:
            part = tuple(1 if rng.random() < 0.2 else n for n in common[rng.integers(0, len(common) + 1) :])
            index = rng.integers(-size, size, part)
            if index.ndim == 0:
                index = index.reshape(1)
            theirs.append(index)
            if kind == "list" and index.size:
                ours.append(index.tolist())
            else:
                ours.append(torch.tensor(index.astype(rng.choice(["int64", "int32"]))))
        dim += 1
    return samples(shape, draw(st.sampled_from(DTYPES))), tuple(theirs), tuple(ours)


def layout_of(array, which):
    choices = list(layouts(array))
    return choices[which % len(choices)]


@given(keyed(), st.integers(0, 6))
@settings(deadline=None, max_examples=150)
def test_reading(case, which):
    array, theirs, ours = case
    name, tensor, values = layout_of(array, which)
    try:
        expected = values[theirs]
    except IndexError:
        with pytest.raises(IndexError):
            tensor[ours]
        return
    assert_same(tensor[ours], expected, (name, theirs))


@given(keyed(), st.integers(0, 6), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=150)
def test_writing(case, which, seed):
    array, theirs, ours = case
    name, tensor, values = layout_of(array, which)
    if name.startswith("repeated"):
        return
    expected, before = values.copy(), bits(tensor)
    rng = np.random.default_rng(seed)
    try:
        target = expected[theirs]
    except IndexError:
        with pytest.raises(IndexError):
            tensor[ours] = 1
        assert bits(tensor) == before
        return
    # Values that are a function of the place, so that it does not matter which of several for one place is the last.
    places = numbered(*array.shape)[theirs]
    value = (places % 2).astype(array.dtype) if rng.random() < 0.7 else np.ones([1] * rng.integers(0, 2), array.dtype)
    expected[theirs] = value
    tensor[ours] = 1 if value.size == 1 and rng.random() < 0.5 and value.item() == 1 else torch.tensor(value)
    assert_same(tensor, expected, (name, theirs, target.shape))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_layout(dtype):
    array = samples((5, 6), dtype)
    i, j = np.array([4, 0, 0, -2]), np.array([[1], [5]])
    mask = samples((5, 6), "bool", 3)
    keys = [np.s_[i], np.s_[:, i], np.s_[j % 5, i], np.s_[mask], np.s_[mask[:, 0]], np.s_[:, mask[0]], np.s_[mask[:, 0], 1:3]]
    for name, tensor, values in layouts(array):
        for key in keys:
            ours = tuple(
                torch.tensor(k) if isinstance(k, np.ndarray) else k for k in (key if isinstance(key, tuple) else (key,))
            )
            assert_same(tensor[ours], values[key], (name, key))
            if name.startswith("repeated"):
                continue
            expected = values.copy()
            expected[key] = values[0, 0]
            written = tensor.clone()
            written[ours] = tensor[0, 0].clone()
            assert_same(written, expected, (name, key))


@pytest.mark.parametrize("n", [0, 1, 7, 63, 64, 65, 1000, 40000, 100001])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_masks_of_every_length(n, dtype):
    array, rng = samples((n,), dtype), np.random.default_rng(n)
    for share in (0, 0.02, 0.5, 1):
        mask = rng.random(n) < share
        tensor, ours = torch.tensor(array), torch.tensor(mask)
        assert_same(tensor[ours], array[mask])
        assert_same(ours.nonzero(), np.argwhere(mask))
        values = samples((mask.sum(),), dtype, 1)
        expected = array.copy()
        expected[mask] = values
        tensor[ours] = torch.tensor(values)
        assert_same(tensor, expected)
        expected[mask] = 3
        tensor[ours] = 3
        assert_same(tensor, expected)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("width", [1, 3, 16, 64, 300])
def test_long_lists(threads, width):
    """Of equal places the last value stays, whoever writes it."""
    rng = np.random.default_rng(width)
    array, index = samples((3000, width), "float32"), rng.integers(-3000, 3000, 8000)
    values = samples((8000, width), "float32", 2)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        tensor = torch.tensor(array)
        assert_same(tensor[torch.tensor(index)], array[index])
        expected = array.copy()
        expected[index] = values
        tensor[torch.tensor(index)] = torch.tensor(values)
        assert_same(tensor, expected)
        expected[index] = 7
        tensor[torch.tensor(index)] = 7
        assert_same(tensor, expected)
    finally:
        torch.set_num_threads(before)


def test_kinds_of_keys():
    x, array = torch.arange(12).view(3, 4), numbered(3, 4)
    for key in ([0, 2], [True, False, True], range(2), np.array([0, 2]), np.array([True, False, True])):
        assert_same(x[key], array[np.array(key) if not isinstance(key, range) else list(key)])
    assert_same(x[torch.tensor([1, 0, 1], dtype=torch.uint8)], array[[0, 2]])  # a mask
    assert_same(x[torch.tensor([1, 0], dtype=torch.int32)], array[[1, 0]])
    assert_same(x[[0, 2], [1, 3]], array[[0, 2], [1, 3]])
    assert_same(x[[[0, 2], [1, 3]]], array[[0, 2], [1, 3]])  # a list of lists is a tuple of them
    assert_same(x[[0, slice(None)]], array[0])
    assert_same(x[[]], array[[]])
    assert_same(x[torch.tensor(2), [1, -1]], array[2, [1, -1]])
    assert x[True].shape == (1, 3, 4) and x[False].shape == (0, 3, 4) and x[0, True].shape == (1, 4)
    assert x[torch.tensor(True)].shape == (1, 3, 4) and x[torch.tensor(1)].data_ptr() == x[1].data_ptr()
    z = torch.tensor(3.0)
    assert z[True].tolist() == [3] and z[torch.tensor(False)].tolist() == []
    z[torch.tensor(True)] = 5
    assert z == 5


def test_where_the_list_stands():
    x = torch.zeros(2, 3, 4, 5)
    i = torch.tensor([0, 1, 1])
    for key, shape in [
        ((slice(None), i), (2, 3, 4, 5)),
        ((slice(None), i, i), (2, 3, 5)),
        ((slice(None), i, slice(None), i), (3, 2, 4)),
        ((i, ..., i), (3, 3, 4)),
        ((0, slice(None), i), (3, 3, 5)),  # an int takes its dimension away, unlike in NumPy
        ((i, 0), (3, 4, 5)),
        ((i, slice(None), 0), (3, 3, 5)),
        ((slice(None), i[:, None], i), (2, 3, 3, 5)),
        ((None, i), (1, 3, 3, 4, 5)),
    ]:
        assert x[key].shape == shape, key


def test_values():
    x = torch.zeros(3, 4)
    x[torch.tensor([0, 2])] = torch.ones(1, 1, 4)  # leading ones do not count
    x[:, torch.tensor([1])] = torch.tensor([[5.0], [6.0], [7.0]])
    assert x.tolist() == [[1, 5, 1, 1], [0, 6, 0, 0], [1, 7, 1, 1]]
    x[x > 4] = torch.tensor(2)  # one value for a mask is cast
    assert x.tolist() == [[1, 2, 1, 1], [0, 2, 0, 0], [1, 2, 1, 1]]
    x[x == 2] = torch.tensor([7.0, 8.0, 9.0])
    assert x[:, 1].tolist() == [7, 8, 9]
    y = torch.zeros(3, dtype=torch.int32)
    y[[0, 2]] = 2.7
    assert y.tolist() == [2, 0, 2]


def test_overlap():
    x = torch.arange(6)
    x[torch.tensor([0, 1, 2])] = x[3:].clone()
    x[[0, 1]] = x[[1, 0]]
    assert x.tolist() == [4, 3, 5, 3, 4, 5]
    with pytest.raises(RuntimeError, match="unsupported operation: some elements of the input tensor"):
        x[[1, 2, 3]] = x[:3]
    x = torch.arange(6)
    x[::2][torch.tensor([0, 1])] = x[2::2]  # interleaved: read before it is written
    assert x.tolist() == [2, 1, 4, 3, 4, 5]
    m = torch.tensor([True, False, True])
    m[m] = False
    assert m.tolist() == [False] * 3
    index = torch.tensor([2, 0, 1])
    index[index.clone()] = torch.tensor([5, 6, 7])
    assert index.tolist() == [6, 7, 5]


@pytest.mark.parametrize(
    "key, error, message",
    [
        ([0, 3], IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
        ([0, -4], IndexError, "index -4 is out of bounds for dimension 0 with size 3"),
        (([0, 1], [0, 4]), IndexError, "index 4 is out of bounds for dimension 1 with size 4"),
        ((slice(None), [4]), IndexError, "index 4 is out of bounds for dimension 1 with size 4"),
        (([0, 1], [0, 1, 2]), IndexError, "shape mismatch: indexing tensors could not be broadcast together with shapes [2], [3]"),
        (([0], [0], [0]), IndexError, "too many indices for tensor of dimension 2"),
        ((torch.zeros(3, 4) > 0, 0), IndexError, "too many indices for tensor of dimension 2"),
        (torch.zeros(3, 4, 1) > 0, IndexError, "too many indices for tensor of dimension 2"),
        (torch.zeros(4) > 0, IndexError, "The shape of the mask [4] at index 0 does not match the shape of the indexed tensor [3, 4] at index 0"),
        ((slice(None), torch.zeros(3) > 0), IndexError, "The shape of the mask [3] at index 0 does not match the shape of the indexed tensor [3, 4] at index 1"),
        (torch.zeros(2), IndexError, "tensors used as indices must be long, int, byte or bool tensors"),
        (torch.zeros(2, dtype=torch.int16), IndexError, "tensors used as indices must be long, int, byte or bool tensors"),
        (([0], 1.5), IndexError, "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid"),
        (np.bool_(True), IndexError, "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid"),
        ("a", TypeError, "new(): invalid data type 'str'"),
    ],
)  # fmt: skip
def test_errors(key, error, message):
    x = torch.zeros(3, 4)
    for call in (lambda: x[key], lambda: x.__setitem__(key, 1)):
        with pytest.raises(error) as raised:
            call()
        assert str(raised.value).startswith(message)
    assert x.sum() == 0 and x._version == 0


@pytest.mark.parametrize(
    "key, value, error, message",
    [
        ([0, 2], torch.ones(3), RuntimeError, "shape mismatch: value tensor of shape [3] cannot be broadcast to indexing result of shape [2, 4]"),
        ([0, 2], torch.ones(2, 2, 4), RuntimeError, "shape mismatch: value tensor of shape [2, 2, 4] cannot be broadcast to indexing result of shape [2, 4]"),
        (torch.ones(3, 4) > 0, torch.ones(2), RuntimeError, "shape mismatch: value tensor of shape [2] cannot be broadcast to indexing result of shape [12]"),
        ([0, 2], torch.ones(4, dtype=torch.int64), RuntimeError, "Index put requires the source and destination dtypes match, got Float for the destination and Long for the source."),
        ([0, 2], [1, 2], TypeError, "can't assign a list to a torch.FloatTensor"),
        ([0, 2], "a", TypeError, "can't assign a str to a torch.FloatTensor"),
    ],
)  # fmt: skip
def test_errors_of_values(key, value, error, message):
    x = torch.zeros(3, 4)
    with pytest.raises(error) as raised:
        x[key] = value
    assert str(raised.value).startswith(message)
    assert x.sum() == 0
    with pytest.raises(RuntimeError, match="value cannot be converted to type uint8_t without overflow"):
        torch.zeros(3, dtype=torch.uint8)[[0]] = 300


def test_empty():
    x = torch.zeros(0, 3)
    assert x[torch.zeros(0, dtype=torch.int64)].shape == (0, 3)
    assert x[:, torch.tensor([0])].shape == (0, 1)
    with pytest.raises(IndexError, match="index is out of bounds for dimension with size 0"):
        x[torch.tensor([0])]
    assert torch.zeros(3, 4)[torch.zeros(3, 4) > 0].shape == (0,)
    x[x > 0] = 1
    torch.zeros(3)[[]] = 1


def test_index_put():
    i, j = torch.tensor([0, 2, 0]), torch.tensor([1, 3, 1])
    x = torch.zeros(3, 4)
    assert x.index_put((i, j), torch.tensor(5.0)).sum() == 10 and x.sum() == 0
    y = torch.index_put(x, [i, j], torch.tensor([1.0, 2.0, 4.0]), accumulate=True)
    assert y[0, 1] == 5 and y[2, 3] == 2
    assert x.index_put_((i,), torch.ones(3, 4), accumulate=True) is x and x[:, 0].tolist() == [2, 0, 1]
    b = torch.zeros(3, dtype=torch.bool).index_put((i,), torch.tensor(True), accumulate=True)
    assert b.tolist() == [True, False, True]


def test_many_dimensions():
    shape = (2,) * 10
    array = numbered(*shape)
    tensor, i = torch.tensor(array), np.array([1, 0, 1])
    key = (slice(None), i, slice(None, None, -1), i, ..., i, slice(None))
    assert_same(tensor[tuple(torch.tensor(k) if isinstance(k, np.ndarray) else k for k in key)], array[key])
