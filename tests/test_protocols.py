"""Tensors in NumPy's functions, pickled, copied, and shared through DLPack."""

import copy
import io
import pickle
import warnings

import numpy as np
import pytest

import wengert as torch
from reference import DTYPES, assert_same, layouts, samples


class Marked(torch.Tensor):
    """A user's subclass, with attributes."""


@pytest.mark.parametrize("dtype", DTYPES)
def test_pickle(dtype):
    for name, tensor, array in layouts(samples((3, 4), dtype)):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            result = pickle.loads(pickle.dumps(tensor, protocol))
            assert_same(result, array, (name, protocol))
            assert type(result) is torch.Tensor
            result.fill_(1)  # memory of its own
        buffers = []
        data = pickle.dumps(tensor, 5, buffer_callback=buffers.append)
        assert len(buffers) == 1
        assert_same(pickle.loads(data, buffers=[bytearray(b.raw()) for b in buffers]), array)
        read_only = pickle.loads(data, buffers=[bytes(b.raw()) for b in buffers])
        assert_same(read_only, array)
        read_only.fill_(0)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,)])
def test_pickle_of_few_elements(shape):
    array = samples(shape, "float64")
    assert_same(pickle.loads(pickle.dumps(torch.tensor(array))), array)


def test_pickle_keeps_dense_strides_classes_and_attributes():
    tensor = torch.arange(24).view(2, 3, 4).permute(2, 0, 1)
    assert pickle.loads(pickle.dumps(tensor)).stride() == tensor.stride()
    marked = Marked(torch.ones(2))
    marked.note = ["a"]
    result = pickle.loads(pickle.dumps(marked))
    assert type(result) is Marked and result.note == ["a"] and result.tolist() == [1, 1]


def test_copy_shares_and_deepcopy_does_not():
    tensor = torch.arange(6).view(2, 3).t()
    tensor.note = ["a"]
    shallow, deep = copy.copy(tensor), copy.deepcopy(tensor)
    assert shallow is not tensor and shallow.data_ptr() == tensor.data_ptr() and shallow.note is tensor.note
    assert deep.data_ptr() != tensor.data_ptr() and deep.stride() == tensor.stride() and deep.note == ["a"]
    assert deep.note is not tensor.note
    pair = copy.deepcopy([tensor, tensor])
    assert pair[0] is pair[1]
    assert type(copy.deepcopy(Marked(tensor))) is Marked and type(copy.copy(Marked(tensor))) is Marked


def test_objects_that_pickle_by_name():
    for value in (torch.float32, torch.uint64, torch.Size([2, 3]), torch.device("cpu")):
        assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize("dtype", DTYPES)
def test_dlpack_shares_both_ways(dtype):
    array = samples((3, 4), dtype)
    tensor = torch.from_dlpack(array)
    assert_same(tensor, array)
    assert tensor.data_ptr() == array.ctypes.data
    back = np.from_dlpack(tensor.t())
    assert back.dtype == array.dtype and back.strides == array.T.strides
    np.testing.assert_array_equal(back, array.T)
    del array, tensor
    back[...] = 1


def test_dlpack_arguments():
    tensor = torch.arange(6).view(2, 3)
    assert tensor.__dlpack_device__() == (1, 0)
    for version in (None, (0, 8), (1, 0)):
        capsule = tensor.__dlpack__(max_version=version)
        assert torch.from_dlpack(capsule).data_ptr() == tensor.data_ptr()
        with pytest.raises((ValueError, BufferError)):
            torch.from_dlpack(capsule)  # used up
    assert torch.from_dlpack(tensor.__dlpack__(copy=True)).data_ptr() != tensor.data_ptr()
    assert torch.from_dlpack(tensor, copy=True).data_ptr() != tensor.data_ptr()
    assert torch.from_dlpack(torch.to_dlpack(tensor)).tolist() == tensor.tolist()
    tensor.__dlpack__()  # nobody takes it
    for call in (
        lambda: tensor.__dlpack__(stream=1),
        lambda: tensor.__dlpack__(dl_device=(2, 0)),
        lambda: torch.from_dlpack(tensor, device="cuda"),
        lambda: torch.from_dlpack(np.zeros(2, "complex64")),
    ):
        with pytest.raises(BufferError):
            call()


def test_dlpack_of_read_only_memory():
    array = np.arange(3.0)
    array.flags.writeable = False
    tensor = torch.from_numpy(array)
    with pytest.raises(BufferError, match="read-only"):
        tensor.__dlpack__()
    assert not np.from_dlpack(tensor).flags.writeable
    again = torch.from_dlpack(tensor)
    with pytest.raises(RuntimeError, match="read"):
        again.fill_(1)


NAMES = ["sin", "exp", "negative", "sqrt", "absolute", "isnan", "floor", "rint", "arctan", "square", "sign", "logical_not"]


@pytest.mark.parametrize("name", NAMES)
def test_unary_ufuncs(name):
    array = np.abs(samples((3, 4), "float64"))
    result = getattr(np, name)(torch.tensor(array))
    assert isinstance(result, torch.Tensor)
    np.testing.assert_allclose(result.numpy(), getattr(np, name)(array), rtol=1e-14)


def test_every_ufunc_gives_tensors():
    for name in dir(np):
        ufunc = getattr(np, name)
        if not isinstance(ufunc, np.ufunc) or ufunc.signature:
            continue
        for array in (np.array([1.0, 2.0]), np.array([1, 2]), np.array([True, False])):
            if name == "reciprocal" and array.dtype.kind != "f":
                continue  # ours are floats, as PyTorch's
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    wanted = ufunc(*[array] * ufunc.nin)
                except TypeError:
                    continue
                results = ufunc(*[torch.tensor(array)] * ufunc.nin)
            for result, want in zip(*[r if isinstance(r, tuple) else (r,) for r in (results, wanted)], strict=True):
                if want.dtype.kind in "biuf" and want.dtype.itemsize != 2:
                    assert isinstance(result, torch.Tensor), name
                    np.testing.assert_allclose(result.numpy(), want, rtol=1e-6, err_msg=name)


def test_operators_beside_arrays_and_numpys_numbers():
    t, a = torch.tensor([1.0, 2.0]), np.array([3.0, 4.0])
    for result in (t + a, a + t, np.add(a, t), a * t - a * t + (t + a)):
        assert isinstance(result, torch.Tensor) and result.dtype == torch.float64 and result.tolist() == [4, 6]
    for result in (np.float64(2) * t, t * np.float64(2), np.int64(2) * t):
        assert isinstance(result, torch.Tensor) and result.dtype == torch.float32 and result.tolist() == [2, 4]
    assert (a > t).tolist() == [True, True] and isinstance(a > t, torch.Tensor)
    a += t
    assert type(a) is np.ndarray and a.tolist() == [4, 6]
    assert (np.eye(2) @ t.double()).tolist() == [1, 2]


def test_ufunc_methods_and_out():
    t = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert np.add.reduce(t).tolist() == [4, 6]
    assert np.multiply.outer(t[0], t[1]).tolist() == [[3, 4], [6, 8]]
    assert np.add.accumulate(t, 1).tolist() == [[1, 3], [3, 7]]
    out = torch.zeros(2, 2)
    assert np.multiply(t, 2, out=out) is out and out.tolist() == [[2, 4], [6, 8]]
    array = np.zeros((2, 2), "float32")
    assert np.add(t, 1, out=array) is array and array.tolist() == [[2, 3], [4, 5]]
    assert np.add(t, 1, where=np.array([True, False]), out=out) is out and out.tolist() == [[2, 4], [4, 8]]
    quotient, remainder = np.divmod(torch.tensor([7, 8]), 3)
    assert quotient.tolist() == [2, 2] and remainder.tolist() == [1, 2]


CALLS = {
    "concatenate": lambda np, t: np.concatenate([t, t], axis=1),
    "concatenate flat": lambda np, t: np.concatenate([t, t], axis=None),
    "stack": lambda np, t: np.stack([t, t], axis=-1),
    "vstack": lambda np, t: np.vstack([t, t]),
    "hstack": lambda np, t: np.hstack([t, t]),
    "dstack": lambda np, t: np.dstack([t, t]),
    "sum": lambda np, t: np.sum(t),
    "sum axis": lambda np, t: np.sum(t, axis=1, keepdims=True),
    "mean": lambda np, t: np.mean(t, axis=(0, 1)),
    "max": lambda np, t: np.max(t, 0),
    "std": lambda np, t: np.std(t, axis=0),
    "var": lambda np, t: np.var(t, ddof=1),
    "argmax": lambda np, t: np.argmax(t, axis=1),
    "cumsum": lambda np, t: np.cumsum(t),
    "cumsum axis": lambda np, t: np.cumsum(t, axis=0),
    "all": lambda np, t: np.all(t > 0),
    "dot": lambda np, t: np.dot(t, t.T),
    "inner": lambda np, t: np.inner(t, t),
    "outer": lambda np, t: np.outer(t, t),
    "kron": lambda np, t: np.kron(t, t),
    "transpose": lambda np, t: np.transpose(t),
    "reshape": lambda np, t: np.reshape(t, (3, 2)),
    "ravel": lambda np, t: np.ravel(t),
    "expand_dims": lambda np, t: np.expand_dims(t, (0, 2)),
    "squeeze": lambda np, t: np.squeeze(t[None]),
    "moveaxis": lambda np, t: np.moveaxis(t, 0, 1),
    "swapaxes": lambda np, t: np.swapaxes(t, 0, 1),
    "broadcast_to": lambda np, t: np.broadcast_to(t, (2, 2, 3)),
    "flip": lambda np, t: np.flip(t, 0),
    "roll": lambda np, t: np.roll(t, 1, axis=1),
    "tile": lambda np, t: np.tile(t, (2, 1)),
    "tril": lambda np, t: np.tril(t),
    "diag": lambda np, t: np.diag(t),
    "clip": lambda np, t: np.clip(t, 1, 3),
    "where": lambda np, t: np.where(t > 2, t, 0),
    "trace": lambda np, t: np.trace(t),
    "median": lambda np, t: np.median(t, axis=0),
    "percentile": lambda np, t: np.percentile(t, 30),
    "sort": lambda np, t: np.sort(t, axis=0),
    "unique": lambda np, t: np.unique(t),
    "linalg.norm": lambda np, t: np.linalg.norm(t),
    "einsum": lambda np, t: np.einsum("ij,kj->ik", t, t),
    "cov": lambda np, t: np.cov(t),
    "interp": lambda np, t: np.interp(t, np.array([0.0, 5.0]), np.array([0.0, 1.0])),
    "zeros_like": lambda np, t: np.zeros_like(t),
    "full_like": lambda np, t: np.full_like(t, 7),
    "nansum": lambda np, t: np.nansum(t),
    "gradient": lambda np, t: np.gradient(t)[0],
}


@pytest.mark.parametrize("name", CALLS)
def test_functions_give_tensors(name):
    array = np.array([[1.0, 4.0, 2.0], [3.0, 0.5, 5.0]])
    result = CALLS[name](np, torch.tensor(array))
    assert isinstance(result, torch.Tensor), type(result)
    wanted = np.asarray(CALLS[name](np, array))
    assert tuple(result.shape) == wanted.shape
    np.testing.assert_allclose(result.numpy(), wanted, rtol=1e-12)


def test_functions_that_do_not_give_arrays():
    t = torch.ones(2, 3)
    assert np.shape(t) == (2, 3) and np.ndim(t) == 2 and np.size(t) == 6
    assert np.allclose(t, np.ones((2, 3))) and np.array_equal(t, t)
    assert type(np.asarray(t)) is np.ndarray and np.asarray(t).ctypes.data == t.data_ptr()
    out = torch.zeros(3)
    assert np.sum(t, axis=0, out=out) is out and out.tolist() == [2, 2, 2]
    buffer = io.BytesIO()
    np.save(buffer, t)
    buffer.seek(0)
    assert np.load(buffer).tolist() == t.tolist()
