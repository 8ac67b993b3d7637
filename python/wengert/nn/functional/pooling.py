"""Pooling: each window, or each part of an image, becomes its largest element, its mean or its norm."""

import math

from ... import _C
from .activation import relu

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]

avg_pool1d, avg_pool2d, avg_pool3d = (_C.functions[f"avg_pool{dims}d"] for dims in (1, 2, 3))
_max = [_C.functions[f"max_pool{dims}d"] for dims in (1, 2, 3)]
_max_with_indices = [_C.functions[f"max_pool{dims}d_with_indices"] for dims in (1, 2, 3)]
_adaptive_avg = [_C.functions[f"adaptive_avg_pool{dims}d"] for dims in (1, 2, 3)]
_adaptive_max = [_C.functions[f"adaptive_max_pool{dims}d"] for dims in (1, 2, 3)]


def _named(function, name, doc):
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _max_pool(dims):
    values_of, both_of = _max[dims - 1], _max_with_indices[dims - 1]
    shape = {1: "(N, C, L)", 2: "(N, C, H, W)", 3: "(N, C, D, H, W)"}[dims]

    def with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        values, indices = both_of(input, kernel_size, stride or None, padding, dilation, ceil_mode)
        return values, indices

    def max_pool(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
        if return_indices:
            return with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
        return values_of(input, kernel_size, stride or None, padding, dilation, ceil_mode)

    return (
        _named(
            max_pool,
            f"max_pool{dims}d",
            f"""The largest element of each window of input {shape}, and with return_indices its place in the channel.

    stride is kernel_size unless given; padding is never the largest; with ceil_mode the last window may hang over.

    >>> wengert.nn.functional.max_pool{dims}d(wengert.ones(1, 1{", 4" * dims}), 2).shape
    torch.Size([1, 1{", 2" * dims}])
    """,
        ),
        _named(with_indices, f"max_pool{dims}d_with_indices", f"max_pool{dims}d with return_indices."),
    )


max_pool1d, max_pool1d_with_indices = _max_pool(1)
max_pool2d, max_pool2d_with_indices = _max_pool(2)
max_pool3d, max_pool3d_with_indices = _max_pool(3)


def _sizes(input, output_size, dims):
    """output_size for each dimension; None keeps input's."""
    if isinstance(output_size, int):
        return (output_size,) * dims
    given = tuple(output_size)
    if len(given) == dims and input.dim() > dims:
        return tuple(n if size is None else size for size, n in zip(given, input.shape[-dims:], strict=True))
    return given


def _adaptive(dims):
    mean_of, both_of = _adaptive_avg[dims - 1], _adaptive_max[dims - 1]

    def average(input, output_size):
        return mean_of(input, _sizes(input, output_size, dims))

    def with_indices(input, output_size, return_indices=False):
        values, indices = both_of(input, _sizes(input, output_size, dims))
        return values, indices

    def largest(input, output_size, return_indices=False):
        values, indices = both_of(input, _sizes(input, output_size, dims))
        return (values, indices) if return_indices else values

    parts = "of parts that divide the last dimensions of input into output_size, a number or one for each; None keeps a size."
    example = """

    >>> wengert.nn.functional.{}(wengert.ones(1, 1{}), {}).shape
    torch.Size([1, 1{}])
    """
    numbers = (", 5" * dims, 2, ", 2" * dims)
    return (
        _named(
            average,
            f"adaptive_avg_pool{dims}d",
            f"The means {parts}" + example.format(f"adaptive_avg_pool{dims}d", *numbers),
        ),
        _named(
            largest,
            f"adaptive_max_pool{dims}d",
            f"The largest elements, and with return_indices their places in the channel, {parts}"
            + example.format(f"adaptive_max_pool{dims}d", *numbers),
        ),
        _named(with_indices, f"adaptive_max_pool{dims}d_with_indices", f"adaptive_max_pool{dims}d with return_indices."),
    )


adaptive_avg_pool1d, adaptive_max_pool1d, adaptive_max_pool1d_with_indices = _adaptive(1)
adaptive_avg_pool2d, adaptive_max_pool2d, adaptive_max_pool2d_with_indices = _adaptive(2)
adaptive_avg_pool3d, adaptive_max_pool3d, adaptive_max_pool3d_with_indices = _adaptive(3)


# ---- norms of windows


def _lp_pool(input, norm_type, kernel_size, stride, ceil_mode, dims):
    stride = stride or None
    if norm_type == math.inf:
        return _max[dims - 1](input.abs(), kernel_size, stride, 0, 1, ceil_mode)
    if norm_type == -math.inf:
        return -_max[dims - 1](-input.abs(), kernel_size, stride, 0, 1, ceil_mode)
    count = kernel_size**dims if isinstance(kernel_size, int) else math.prod(kernel_size)
    mean = (avg_pool1d, avg_pool2d, avg_pool3d)[dims - 1](input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    return (mean.sign() * relu(mean.abs()) * count).pow(1.0 / norm_type)


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """(sum of x^p)^(1 / p) of each window of input (N, C, L), p = norm_type; infinity gives the largest |x|.

    >>> wengert.nn.functional.lp_pool1d(wengert.tensor([[3.0, 4.0]]), 2, 2)
    tensor([[5.]])
    """
    return _lp_pool(input, norm_type, kernel_size, stride, ceil_mode, 1)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """lp_pool1d for windows of input (N, C, H, W).

    >>> wengert.nn.functional.lp_pool2d(wengert.ones(1, 1, 2, 2), 2, 2).flatten()
    tensor([2.])
    """
    return _lp_pool(input, norm_type, kernel_size, stride, ceil_mode, 2)


def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """lp_pool1d for windows of input (N, C, D, H, W).

    >>> wengert.nn.functional.lp_pool3d(wengert.ones(1, 1, 2, 2, 2), 2, 2).flatten()
    tensor([2.8284])
    """
    return _lp_pool(input, norm_type, kernel_size, stride, ceil_mode, 3)


# ---- back to the size before pooling


def _each(value, dims):
    return (value,) * dims if isinstance(value, int) else tuple(value) * (dims if len(value) == 1 else 1)


def _max_unpool(input, indices, kernel_size, stride, padding, output_size, dims):
    kernel_size, padding = _each(kernel_size, dims), _each(padding, dims)
    stride = kernel_size if stride is None or stride == () else _each(stride, dims)
    default = [(n - 1) * s + k - 2 * p for n, s, k, p in zip(input.shape[-dims:], stride, kernel_size, padding, strict=True)]
    if output_size is None:
        size = default
    else:
        given = output_size[2:] if len(output_size) == dims + 2 else output_size
        size = list(given)
        if len(size) != dims:
            raise ValueError(
                f"output_size should be a sequence containing {dims} or {dims + 2} elements, but it has a length of "
                f"'{len(output_size)}'"
            )
        for dim, (n, usual, s) in enumerate(zip(size, default, stride, strict=True)):
            if not usual - s < n < usual + s:
                raise ValueError(f'invalid output_size "{given}" (dim {dim} must be between {usual - s} and {usual + s})')
    if input.dim() not in (dims + 1, dims + 2) or indices.shape != input.shape:
        raise RuntimeError(
            f"max_unpool{dims}d: expected input (N, C, ...) or (C, ...) with {dims} spatial dimensions and indices of its shape, but "
            f"got {list(input.shape)} and {list(indices.shape)}"
        )
    outer = input.shape[:-dims]
    zeros = input.new_zeros((*outer, math.prod(size)))
    return zeros.scatter(-1, indices.flatten(-dims), input.flatten(-dims)).view(*outer, *size)


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The elements of max_pool1d put back to their indices, zeros elsewhere.

    output_size chooses among the sizes that pooling takes to input's.

    >>> x = wengert.tensor([[1.0, 3.0, 2.0, 0.0]])
    >>> wengert.nn.functional.max_unpool1d(*wengert.nn.functional.max_pool1d(x, 2, return_indices=True), 2)
    tensor([[0., 3., 2., 0.]])
    """
    return _max_unpool(input, indices, kernel_size, stride, padding, output_size, 1)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The elements of max_pool2d put back to their indices, zeros elsewhere.

    >>> pooled = wengert.nn.functional.max_pool2d(wengert.ones(1, 1, 4, 4), 2, return_indices=True)
    >>> wengert.nn.functional.max_unpool2d(*pooled, 2).shape
    torch.Size([1, 1, 4, 4])
    """
    return _max_unpool(input, indices, kernel_size, stride, padding, output_size, 2)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """The elements of max_pool3d put back to their indices, zeros elsewhere.

    >>> pooled = wengert.nn.functional.max_pool3d(wengert.ones(1, 1, 4, 4, 4), 2, return_indices=True)
    >>> wengert.nn.functional.max_unpool3d(*pooled, 2).shape
    torch.Size([1, 1, 4, 4, 4])
    """
    return _max_unpool(input, indices, kernel_size, stride, padding, output_size, 3)
