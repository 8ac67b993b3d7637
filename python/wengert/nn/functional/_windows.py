"""Windows of images as columns, and columns added up to images: each the gradient of the other."""

from ... import _C
from ...autograd.primitive import primitive

_pad = _C.functions["constant_pad_nd"]


def counts(size, kernel_size, dilation, padding, stride):
    """How many windows fit along each axis."""
    return [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(size, kernel_size, dilation, padding, stride, strict=True)
    ]


def _taps(count, kernel_size, dilation, stride):
    """(i, j, rows, columns): the elements of a padded image that element (i, j) of all windows meets."""
    for i in range(kernel_size[0]):
        rows = slice(i * dilation[0], i * dilation[0] + (count[0] - 1) * stride[0] + 1, stride[0])
        for j in range(kernel_size[1]):
            yield i, j, rows, slice(j * dilation[1], j * dilation[1] + (count[1] - 1) * stride[1] + 1, stride[1])


@primitive("nn_unfold")
def im2col(input, kernel_size, dilation, padding, stride):
    """(N, C, H, W) to (N, C kH kW, windows)."""
    batch, channels, *size = input.shape
    count = counts(size, kernel_size, dilation, padding, stride)
    padded = _pad(input, (padding[1], padding[1], padding[0], padding[0]))
    columns = input.new_empty((batch, channels, *kernel_size, *count))
    for i, j, rows, row in _taps(count, kernel_size, dilation, stride):
        columns[:, :, i, j].copy_(padded[:, :, rows, row])
    return columns.view(batch, channels * kernel_size[0] * kernel_size[1], count[0] * count[1])


@primitive("nn_fold")
def col2im(input, output_size, kernel_size, dilation, padding, stride):
    """(N, C kH kW, windows) to (N, C, *output_size), elements that windows share added up."""
    batch = input.size(0)
    channels = input.size(1) // (kernel_size[0] * kernel_size[1])
    count = counts(output_size, kernel_size, dilation, padding, stride)
    columns = input.reshape(batch, channels, *kernel_size, *count)
    padded = input.new_zeros((batch, channels, output_size[0] + 2 * padding[0], output_size[1] + 2 * padding[1]))
    for i, j, rows, row in _taps(count, kernel_size, dilation, stride):
        padded[:, :, rows, row].add_(columns[:, :, i, j])
    return _pad(padded, (-padding[1], -padding[1], -padding[0], -padding[0]))
