"""Tensors that may share the memory of what they are made from."""

from . import _C
from ._tensor import Tensor


def _shared(data):
    """A tensor on the memory of data, or None where there is none to share."""
    if isinstance(data, Tensor):
        return data
    if hasattr(data, "__array_interface__") and not isinstance(data, (int, float)) and getattr(data, "ndim", 0) > 0:
        import numpy

        return _C.from_numpy(numpy.asarray(data))
    return None


def as_tensor(data, dtype=None, device=None):
    """A tensor of data: data itself, or on the memory of a NumPy array, unless dtype asks for another; else a copy.

    >>> t = wengert.tensor([1, 2])
    >>> wengert.as_tensor(t) is t
    True
    """
    shared = _shared(data)
    if shared is None:
        return _C.tensor(data, dtype=dtype, device=device)
    return shared if dtype is None and device is None else shared.to(device=device or "cpu", dtype=dtype or shared.dtype)


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False):
    """A tensor of obj, which shares its memory where it can: tensors, NumPy arrays, DLPack capsules' owners, buffers.

    copy=True makes it one of its own, copy=False refuses to copy with ValueError.

    >>> wengert.asarray([1, 2])
    tensor([1, 2])
    """
    result = _asarray(obj, dtype, device, copy)
    return result.requires_grad_() if requires_grad else result


def _asarray(obj, dtype, device, copy):
    shared = _shared(obj)
    if shared is None and hasattr(obj, "__dlpack__"):
        from ._interop import from_dlpack

        shared = from_dlpack(obj)
    if shared is None and not isinstance(obj, (list, tuple, str)) and not hasattr(obj, "__array_interface__"):
        try:
            memoryview(obj)
        except TypeError:
            pass
        else:
            shared = frombuffer(obj, dtype=dtype or _C.get_default_dtype())
    if shared is None:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        return _C.tensor(obj, dtype=dtype, device=device)
    wanted = shared if device is None else shared.to(device)
    if dtype is not None and dtype != shared.dtype:
        if copy is False:
            names = _type_name(shared.dtype), _type_name(dtype)
            raise ValueError(f"can't alias tensor with dtype '{names[0]}' into dtype '{names[1]}'.")
        return wanted.to(dtype)
    return wanted.clone() if copy else wanted


def _type_name(dtype):
    return _C.tensor([], dtype=dtype).type().removeprefix("torch.").removesuffix("Tensor")


def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    """A 1-d tensor on the memory of an object with the buffer protocol, from byte `offset`, of `count` elements or all.
    RuntimeError for requires_grad with a dtype that is no float's.

    >>> wengert.frombuffer(bytearray(b"abcd"), dtype=wengert.uint8, offset=1)
    tensor([ 98,  99, 100], dtype=torch.uint8)
    """
    import numpy

    try:
        view = memoryview(buffer)
    except TypeError:
        raise ValueError("object does not implement Python buffer protocol.") from None
    length, item = view.nbytes, dtype.itemsize
    if length == 0 or count == 0:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} bytes) minus 1"
        )
    if count < 0 and (length - offset) % item:
        raise ValueError(
            f"buffer length ({length - offset} bytes) after offset ({offset} bytes) must be a multiple of element size ({item})"
        )
    if count > 0 and offset + count * item > length:
        raise ValueError(
            f"requested buffer length ({count} * {item} bytes) after offset ({offset} bytes) must not be greater than actual "
            f"buffer length ({length} bytes)"
        )
    name = str(dtype).removeprefix("torch.")
    result = _C.from_numpy(numpy.frombuffer(buffer, dtype=name, count=count if count > 0 else -1, offset=offset))
    return result.requires_grad_() if requires_grad else result


def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
    """A tensor of data with memory of its own, of this tensor's dtype unless dtype is given.

    >>> wengert.tensor([1.5]).new_tensor([1, 2])
    tensor([1., 2.])
    """
    return _C.tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


Tensor.new_tensor = new_tensor  # type: ignore[method-assign]
