"""Reductions, running sums and differences."""

import wengert

from .. import _C


def _dims(x, axis):
    return tuple(range(x.dim())) if axis is None else axis


def _accumulator(x, dtype):
    """The standard's dtype of a sum or product: integers grow to 64 bits and keep their signedness."""
    if dtype is not None or x.dtype.is_floating_point:
        return dtype or x.dtype
    return _C.int64 if x.dtype.is_signed or x.dtype == _C.bool else _C.uint64


def sum(x, /, *, axis=None, dtype=None, keepdims=False):
    """The sum over axes."""
    return wengert.sum(x, _dims(x, axis), keepdims, dtype=_accumulator(x, dtype)) if x.dim() else x.to(_accumulator(x, dtype))


def prod(x, /, *, axis=None, dtype=None, keepdims=False):
    """The product over axes."""
    dtype = _accumulator(x, dtype)
    if axis is None and not keepdims:
        return wengert.prod(x, dtype=dtype)
    axes = _dims(x, axis)
    axes = (axes,) if isinstance(axes, int) else axes
    for one in sorted((one % x.dim() for one in axes), reverse=True):
        x = wengert.prod(x, one, keepdims, dtype=dtype)
    return x.to(dtype)


def max(x, /, *, axis=None, keepdims=False):
    """The largest element over axes; NaN where there is one."""
    return wengert.amax(x, _dims(x, axis), keepdims)


def min(x, /, *, axis=None, keepdims=False):
    """The smallest element over axes; NaN where there is one."""
    return wengert.amin(x, _dims(x, axis), keepdims)


def mean(x, /, *, axis=None, keepdims=False):
    """The mean over axes."""
    return wengert.mean(x, _dims(x, axis), keepdims)


def var(x, /, *, axis=None, correction=0.0, keepdims=False):
    """The variance over axes, the squared deviations divided by their number less the correction."""
    return wengert.var(x, _dims(x, axis), correction=correction, keepdim=keepdims)


def std(x, /, *, axis=None, correction=0.0, keepdims=False):
    """The square root of the variance."""
    return wengert.std(x, _dims(x, axis), correction=correction, keepdim=keepdims)


def all(x, /, *, axis=None, keepdims=False):
    """Whether all elements over axes are non-zero."""
    return wengert.all(x, _dims(x, axis), keepdims).to(_C.bool)


def any(x, /, *, axis=None, keepdims=False):
    """Whether one element over axes is non-zero."""
    return wengert.any(x, _dims(x, axis), keepdims).to(_C.bool)


def count_nonzero(x, /, *, axis=None, keepdims=False):
    """How many elements over axes are non-zero."""
    return sum((x != 0), axis=axis, keepdims=keepdims)


def argmax(x, /, *, axis=None, keepdims=False):
    """The position of the first largest element along an axis, or in the flattened array."""
    return wengert.argmax(x, axis, keepdims)


def argmin(x, /, *, axis=None, keepdims=False):
    """The position of the first smallest element along an axis, or in the flattened array."""
    return wengert.argmin(x, axis, keepdims)


def _cumulative(operator, start, x, axis, dtype, include_initial):
    if axis is None:
        if x.dim() != 1:
            raise ValueError(f"an axis is needed for an array of {x.dim()} dimensions")
        axis = 0
    result = operator(x, axis, dtype=_accumulator(x, dtype))
    if not include_initial:
        return result
    shape = list(x.shape)
    shape[axis] = 1
    return wengert.cat([wengert.full(shape, start, dtype=result.dtype), result], axis)


def cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False):
    """The sums up to every element along an axis."""
    return _cumulative(wengert.cumsum, 0, x, axis, dtype, include_initial)


def cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False):
    """The products up to every element along an axis."""
    return _cumulative(wengert.cumprod, 1, x, axis, dtype, include_initial)


def diff(x, /, *, axis=-1, n=1, prepend=None, append=None):
    """The n-th differences of neighbours along an axis."""
    return wengert.diff(x, n, axis, prepend, append)
