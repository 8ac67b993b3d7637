"""Arrays in another shape, order or company."""

import wengert


def broadcast_arrays(*arrays):
    """The arrays in their common shape."""
    return list(wengert.broadcast_tensors(*arrays))


def broadcast_to(x, /, shape):
    """x in a larger shape, without memory."""
    return wengert.broadcast_to(x, shape)


def concat(arrays, /, *, axis=0):
    """The arrays one after the other along an axis; flattened first where axis is None."""
    arrays = list(arrays)
    if axis is None:
        arrays, axis = [array.reshape(-1) for array in arrays], 0
    if not -arrays[0].dim() <= axis < arrays[0].dim():
        raise IndexError(f"concat(): axis {axis} is out of range for arrays of {arrays[0].dim()} dimensions")
    return wengert.cat(arrays, axis)


def expand_dims(x, /, *, axis=0):
    """x with a new axis of size 1."""
    if not -x.dim() - 1 <= axis <= x.dim():
        raise IndexError(f"expand_dims(): axis {axis} is out of range for an array of {x.dim()} dimensions")
    return x.unsqueeze(axis)


def flip(x, /, *, axis=None):
    """x backwards along one axis, a tuple of axes, or all."""
    return wengert.flip(x, tuple(range(x.dim())) if axis is None else axis)


def matrix_transpose(x, /):
    """The matrices of the last two axes transposed."""
    return x.mT


def moveaxis(x, source, destination, /):
    """x with axes moved to other places."""
    return wengert.movedim(x, source, destination)


def permute_dims(x, /, axes):
    """x with its axes in another order."""
    return x.permute(axes)


def repeat(x, repeats, /, *, axis=None):
    """Every element repeated, along an axis or flattened."""
    return wengert.repeat_interleave(x, repeats, dim=axis)


def reshape(x, /, shape, *, copy=None):
    """x in another shape; ValueError where copy is False and a copy would be needed."""
    if copy is False:
        try:
            return x.view(shape)
        except RuntimeError as error:
            raise ValueError(str(error)) from None
    result = x.reshape(shape)
    return result.clone() if copy else result


def roll(x, /, shift, *, axis=None):
    """x with its elements moved along axes, round the end."""
    return wengert.roll(x, shift, axis)


def squeeze(x, /, axis):
    """x without axes, which must have size 1."""
    axes = (axis,) if isinstance(axis, int) else axis
    for one in axes:
        if x.size(one) != 1:
            raise ValueError(f"squeeze(): axis {one} of an array of shape {tuple(x.shape)} does not have size 1")
    return x.squeeze(axes)


def stack(arrays, /, *, axis=0):
    """Arrays of one shape along a new axis."""
    return wengert.stack(list(arrays), axis)


def tile(x, repetitions, /):
    """x repeated as a block."""
    return wengert.tile(x, repetitions)


def unstack(x, /, *, axis=0):
    """The parts of x along an axis, as a tuple of views."""
    return tuple(wengert.unbind(x, axis))
