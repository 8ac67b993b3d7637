"""Tensors as other libraries and the standard library meet them: DLPack, pickling, copying."""

from . import _C

_CPU = (1, 0)  # DLPack's device type and number


def from_dlpack(ext_tensor, *, device=None, copy=None):
    """A tensor that shares the memory of an object with ``__dlpack__``, or of a DLPack capsule.

    device: None or the CPU. copy: True for memory of its own; False raises BufferError where sharing is not possible.
    BufferError for memory that is not the CPU's and for dtypes that do not exist here.

    >>> import numpy
    >>> array = numpy.arange(3)
    >>> tensor = wengert.from_dlpack(array)
    >>> tensor[0] = 7
    >>> array
    array([7, 1, 2])
    """
    if device is not None and str(device) not in ("cpu", "cpu:0"):
        raise BufferError(f"from_dlpack(): the device is 'cpu', not {device!r}")
    if type(ext_tensor).__name__ == "PyCapsule":
        capsule = ext_tensor
    else:
        if ext_tensor.__dlpack_device__()[0] != _CPU[0]:
            raise BufferError(f"from_dlpack(): the memory is on DLPack's device {ext_tensor.__dlpack_device__()}, not the CPU")
        try:
            capsule = ext_tensor.__dlpack__(max_version=(1, 0))
        except TypeError:  # written before DLPack 1.0
            capsule = ext_tensor.__dlpack__()
    tensor = _C.from_dlpack_capsule(capsule)
    return tensor.clone() if copy else tensor


def to_dlpack(tensor):
    """A DLPack capsule, to be taken once, that shares the tensor's memory.

    >>> wengert.from_dlpack(wengert.to_dlpack(wengert.ones(2)))
    tensor([1., 1.])
    """
    return _C.to_dlpack(tensor)


def export(tensor, stream, max_version, dl_device, copy):
    """What ``Tensor.__dlpack__`` gives."""
    if stream not in (None, -1):
        raise BufferError("__dlpack__(): a tensor on the CPU has no stream")
    if dl_device is not None and tuple(dl_device) != _CPU:
        raise BufferError(f"__dlpack__(): the tensor is on the CPU {_CPU}, not on {tuple(dl_device)}")
    if tensor.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    copied = bool(copy)
    return _C.to_dlpack(tensor.clone() if copied else tensor, max_version is not None and max_version[0] >= 1, copied)


def reduce(tensor, protocol):
    """What pickle stores: the elements in their order in memory, out of band where the protocol can, and how they lie.

    Views are stored as what they show: memory shared by several pickled tensors is not shared afterwards. Of the history, whether
    the tensor requires a gradient is stored.
    """
    import pickle

    requires_grad, cls, attributes = tensor.requires_grad, type(tensor), tensor.__dict__ or None
    tensor = tensor.detach()
    order = sorted(range(tensor.dim()), key=lambda i: -tensor.stride(i))
    if not tensor.permute(order).is_contiguous():
        order = list(range(tensor.dim()))
    dense = tensor.permute(order).contiguous()
    data = pickle.PickleBuffer(dense) if protocol >= 5 else memoryview(dense).tobytes()
    dtype = str(tensor.dtype).removeprefix("torch.")
    return rebuild, (cls, data, dtype, tuple(dense.shape), tuple(order), requires_grad), attributes


def rebuild(cls, data, dtype, shape, order, requires_grad=False):
    """The tensor of ``reduce``. Memory that cannot be written, of bytes, is copied."""
    import wengert

    dtype = getattr(_C, dtype)
    view = memoryview(data)
    if view.nbytes == 0:
        dense = wengert.empty(shape, dtype=dtype)
    else:
        dense = wengert.frombuffer(bytearray(view) if view.readonly else view, dtype=dtype).view(shape)
    inverse = [order.index(i) for i in range(len(order))]
    return with_class(dense.permute(inverse).detach(), cls).requires_grad_(requires_grad)


def with_class(tensor, cls):
    """tensor as an instance of cls, a subclass of Tensor."""
    return tensor if type(tensor) is cls else cls(tensor)


def copy(tensor):
    """copy.copy: another object on the same memory."""
    result = with_class(tensor.detach(), type(tensor)).requires_grad_(tensor.requires_grad)
    result.__dict__.update(tensor.__dict__)
    return result


def deepcopy(tensor, memo):
    """copy.deepcopy: a clone with the attributes and the gradient copied as deeply. RuntimeError for what is no leaf."""
    from copy import deepcopy as copy_of

    if not tensor.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment. "
            "[use detach().clone() for a copy without history]"
        )
    if id(tensor) in memo:
        return memo[id(tensor)]
    result = with_class(tensor.detach().clone(), type(tensor)).requires_grad_(tensor.requires_grad)
    memo[id(tensor)] = result
    if tensor.grad is not None:
        result.grad = copy_of(tensor.grad, memo)
    for name, value in tensor.__dict__.items():
        result.__dict__[name] = copy_of(value, memo)
    return result
