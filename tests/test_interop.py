"""Memory shared with NumPy and the buffer protocol, and values leaving as Python objects."""

import gc
import io
import sys

import numpy as np
import pytest

import wengert as torch
from reference import DTYPES, assert_same, dtype_of, layouts, samples


@pytest.mark.parametrize("dtype", DTYPES)
def test_from_numpy_shares(dtype):
    array = samples((3, 4), dtype)
    tensor = torch.from_numpy(array)
    assert_same(tensor, array)
    assert tensor.data_ptr() == array.ctypes.data
    tensor[1, 2] = 1
    assert array[1, 2] == 1
    array[0, 0] = 0
    assert tensor[0, 0].item() == 0


@pytest.mark.parametrize(
    "key",
    [np.s_[::-1], np.s_[:, ::-1], np.s_[::-2, 1::3], np.s_[:0], np.s_[1], np.s_[1, 2], np.s_[..., None], np.s_[:, :1]],
)
def test_from_numpy_keeps_strides(key):
    array = np.arange(35, dtype="int32").reshape(5, 7)[key]
    if not isinstance(array, np.ndarray):
        array = np.asarray(array)
    tensor = torch.from_numpy(array)
    assert_same(tensor, array)
    for size, stride, step in zip(array.shape, tensor.stride(), array.strides, strict=True):
        assert size < 2 or 4 * stride == step
    assert_same(tensor + 1, array + np.int32(1))
    assert_same(tensor.clone(), array)


def test_from_numpy_broadcast_and_transposed():
    for array in (np.broadcast_to(np.arange(3.0), (4, 3)), np.arange(6.0).reshape(2, 3).T):
        tensor = torch.from_numpy(array)
        assert_same(tensor, array)
        assert tensor.stride() == tuple(step // 8 for step in array.strides)


def test_read_only_arrays_are_read_but_not_written():
    array = np.arange(6.0).reshape(2, 3)
    array.flags.writeable = False
    tensor = torch.from_numpy(array)
    other = torch.ones(2, 3, dtype=torch.float64)
    assert (tensor @ other.t()).tolist() == [[3, 3], [12, 12]]
    assert (tensor + tensor).sum() == 30
    writes = [
        lambda: tensor.fill_(1),
        lambda: tensor.zero_(),
        lambda: tensor.copy_(other),
        lambda: tensor.add_(1),
        lambda: tensor.t().mul_(2),
        lambda: tensor.__setitem__(0, 1),
        lambda: tensor[0].__setitem__(1, 5.0),
        lambda: torch.add(other, 1, out=tensor),
        lambda: torch.mm(other, torch.ones(3, 3, dtype=torch.float64), out=tensor),
        lambda: torch.zeros(2, 3, out=tensor),
        lambda: tensor.view(-1).addmv_(torch.ones(6, 2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)),
    ]
    for write in writes:
        with pytest.raises(RuntimeError):
            write()
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not tensor.numpy().flags.writeable
    assert memoryview(tensor).readonly
    writable = tensor.clone()
    writable += 1
    assert writable.sum() == 21


@pytest.mark.parametrize(
    "array, error, message",
    [
        ([1, 2], TypeError, "expected np.ndarray (got list)"),
        (np.array(["a"]), TypeError, "can't convert np.ndarray of type numpy.str_. The only supported types are: "),
        (np.zeros(2, np.longdouble), TypeError, "can't convert np.ndarray of type numpy.longdouble."),
        (np.array([None]), TypeError, "can't convert np.ndarray of type numpy.object_."),
        (np.zeros(3, ">f4"), ValueError, "given numpy array has byte order different from the native byte order."),
        (
            np.zeros(3, [("a", "i4"), ("b", "i2")])["a"],
            ValueError,
            "given numpy array strides not a multiple of the element byte size.",
        ),
        (np.frombuffer(bytes(9), "f8", 1, 1), ValueError, "the memory of the given numpy array is not aligned"),
    ],
)
def test_arrays_that_cannot_be_shared(array, error, message):
    with pytest.raises(error) as raised:
        torch.from_numpy(array)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_shares_every_layout(dtype):
    for name, tensor, array in layouts(samples((3, 5), dtype)):
        shared = tensor.numpy()
        assert shared.dtype == dtype and shared.shape == (3, 5), name
        np.testing.assert_array_equal(shared, array)
        assert shared.ctypes.data == tensor.data_ptr(), name
        assert tuple(step // shared.itemsize for step in shared.strides) == tensor.stride(), name
        if not name.startswith("repeated"):
            shared[2, 3] = 1
            assert tensor[2, 3].item() == 1, name
    assert torch.tensor(3.5).numpy() == np.float32(3.5)
    assert torch.zeros(2, 0, 3).numpy().shape == (2, 0, 3)


def test_array_protocol():
    tensor = torch.tensor([[1, 2], [3, 4]])
    assert np.shares_memory(np.asarray(tensor), tensor.numpy())
    assert not np.shares_memory(np.array(tensor), tensor.numpy())
    assert np.asarray(tensor, dtype="float32").dtype == np.float32
    assert not np.shares_memory(np.array(tensor, copy=True), tensor.numpy())
    with pytest.raises(ValueError, match="copy"):
        np.array(tensor, dtype="float32", copy=False)
    assert np.sum(np.asarray(tensor)) == 10


def test_numbers_of_numpy_beside_tensors():
    tensor = torch.tensor([1.0, 2.0])
    for number in (np.float32(2), np.float64(2), np.int64(2)):
        for result in (tensor * number, number * tensor):
            assert isinstance(result, torch.Tensor) and result.tolist() == [2.0, 4.0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_memoryview(dtype):
    for name, tensor, array in layouts(samples((3, 4), dtype)):
        view = memoryview(tensor)
        assert view.shape == (3, 4) and view.itemsize == tensor.element_size(), name
        assert view.strides == tuple(step * view.itemsize for step in tensor.stride()), name
        assert view.nbytes == tensor.nbytes and not view.readonly
        assert view.tolist() == array.tolist() == tensor.tolist(), name
    view = memoryview(torch.zeros(4, dtype=dtype_of(dtype)))
    view[1] = True if dtype == "bool" else 1
    assert view.obj.tolist() == [0, 1, 0, 0]


def test_buffers_of_what_is_not_contiguous():
    tensor = torch.arange(6).view(2, 3)
    assert memoryview(tensor).c_contiguous and memoryview(tensor.t()).f_contiguous
    assert bytes(memoryview(tensor.t())) == tensor.t().contiguous().numpy().tobytes()
    assert io.BytesIO().write(tensor) == 48
    with pytest.raises(BufferError):
        io.BytesIO().write(tensor.t())  # asks for plain bytes


@pytest.mark.parametrize("dtype", DTYPES)
def test_item_and_tolist(dtype):
    kind = {"b": bool, "i": int, "u": int, "f": float}[np.dtype(dtype).kind]
    array = samples((2, 3), dtype, seed=3)
    tensor = torch.tensor(array)
    assert tensor[1, 2].item() == array[1, 2].item() and type(tensor[1, 2].item()) is kind
    assert torch.tensor(array[:1, :1]).item() == array[0, 0].item()
    for name, strided, values in layouts(array):
        assert strided.tolist() == values.tolist(), name
    assert torch.tensor(array[1, 1]).tolist() == array[1, 1].item()
    assert torch.zeros(0, 3, dtype=dtype_of(dtype)).tolist() == []
    assert torch.zeros(2, 0, dtype=dtype_of(dtype)).tolist() == [[], []]


def test_conversion_to_numbers():
    assert int(torch.tensor([3.9])) == 3 and float(torch.tensor([[2]])) == 2.0 and bool(torch.tensor([0.0])) is False
    assert [10, 20, 30][torch.tensor(1)] == 20 and range(5)[torch.tensor([2])] == 2
    assert f"{torch.tensor(3.14159):.2f}" == "3.14"
    for call, error, message in [
        (lambda: torch.tensor([1, 2]).item(), RuntimeError, "a Tensor with 2 elements cannot be converted to Scalar"),
        (lambda: torch.tensor([]).item(), RuntimeError, "a Tensor with 0 elements cannot be converted to Scalar"),
        (lambda: int(torch.tensor([1, 2])), ValueError, "only one element tensors can be converted to Python scalars"),
        (lambda: bool(torch.tensor([1, 2])), RuntimeError, "Boolean value of Tensor with more than one value is ambig"),
        (lambda: bool(torch.tensor([])), RuntimeError, "Boolean value of Tensor with no values is ambiguous"),
        (lambda: [1][torch.tensor(1.0)], TypeError, "only integer tensors of a single element can be converted to an"),
        (lambda: int(torch.tensor(float("nan"))), ValueError, "cannot convert float NaN to integer"),
        (lambda: int(torch.tensor(float("inf"))), OverflowError, "cannot convert float infinity to integer"),
    ]:
        with pytest.raises(error) as raised:
            call()
        assert str(raised.value).startswith(message)


def test_the_array_outlives_the_tensor_and_the_tensor_the_array():
    shared = torch.arange(100000).numpy()[10:]
    gc.collect()
    filler = [torch.zeros(100000, dtype=torch.int64) for _ in range(4)]
    assert shared[0] == 10 and shared[-1] == 99999 and len(filler) == 4
    tensor = torch.from_numpy(np.arange(100000))[10:]
    gc.collect()
    assert tensor[0] == 10 and tensor[-1] == 99999
    view = memoryview(torch.arange(1000)[5:])
    gc.collect()
    assert view[0] == 5


def test_no_references_leak():
    array = np.arange(10.0)
    before = sys.getrefcount(array)
    for _ in range(100):
        tensor = torch.from_numpy(array)
        view = tensor[2:].view(2, 4)
        assert sys.getrefcount(array) > before
        del tensor
        assert view[0, 0] == 2
        del view
        memoryview(torch.from_numpy(array)).release()
        with pytest.raises(TypeError):
            torch.from_numpy(np.zeros(1, np.longdouble))
    assert sys.getrefcount(array) == before
    tensor = torch.arange(10)
    before = sys.getrefcount(tensor)
    for _ in range(100):
        with memoryview(tensor) as view:
            assert view[1] == 1
        assert tensor.numpy()[2] == 2 and tensor.tolist()[3] == 3
    gc.collect()
    assert sys.getrefcount(tensor) == before
