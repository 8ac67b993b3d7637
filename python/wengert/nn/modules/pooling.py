"""Pooling as layers."""

from .. import functional as F
from .module import Module
from .utils import _ntuple

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _MaxPoolNd(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input):
        return self._pool(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    def extra_repr(self):
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """The largest element of each window of (N, C, L) or (C, L), and with return_indices its place.

    >>> wengert.nn.MaxPool1d(2)(wengert.ones(1, 3, 5)).shape
    torch.Size([1, 3, 2])
    """

    _pool = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPoolNd):
    """The largest element of each window of (N, C, H, W) or (C, H, W), and with return_indices its place.

    >>> wengert.nn.MaxPool2d(2)(wengert.arange(16.0).view(1, 4, 4))
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """

    _pool = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPoolNd):
    """The largest element of each window of (N, C, D, H, W) or (C, D, H, W), and with return_indices its place.

    >>> wengert.nn.MaxPool3d(2)(wengert.ones(1, 3, 5, 5, 5)).shape
    torch.Size([1, 3, 2, 2, 2])
    """

    _pool = staticmethod(F.max_pool3d)


class _AvgPoolNd(Module):
    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPoolNd):
    """The mean of each window of (N, C, L) or (C, L); padding counts as zeros, or not at all.

    >>> wengert.nn.AvgPool1d(2)(wengert.ones(1, 3, 5)).shape
    torch.Size([1, 3, 2])
    """

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        super().__init__()
        single = _ntuple(1)
        self.kernel_size = single(kernel_size)
        self.stride = single(stride if stride is not None else kernel_size)
        self.padding = single(padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input):
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)


class _AvgPoolOfImages(_AvgPoolNd):
    def __init__(
        self,
        kernel_size,
        stride=None,
        padding=0,
        ceil_mode=False,
        count_include_pad=True,
        divisor_override=None,
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input):
        return self._pool(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool2d(_AvgPoolOfImages):
    """The mean of each window of (N, C, H, W) or (C, H, W); padding counts as zeros, or not at all.

    >>> wengert.nn.AvgPool2d(2)(wengert.arange(16.0).view(1, 4, 4))
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """

    _pool = staticmethod(F.avg_pool2d)


class AvgPool3d(_AvgPoolOfImages):
    """The mean of each window of (N, C, D, H, W) or (C, D, H, W); padding counts as zeros, or not at all.

    >>> wengert.nn.AvgPool3d(2)(wengert.ones(1, 3, 5, 5, 5)).shape
    torch.Size([1, 3, 2, 2, 2])
    """

    _pool = staticmethod(F.avg_pool3d)


class _LPPoolNd(Module):
    def __init__(self, norm_type, kernel_size, stride=None, ceil_mode=False):
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input):
        return self._pool(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self):
        return f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, ceil_mode={self.ceil_mode}"


class LPPool1d(_LPPoolNd):
    """(sum of x^p)^(1 / p) of each window of (N, C, L), p = norm_type.

    >>> wengert.nn.LPPool1d(2, 2)(wengert.ones(1, 1, 2)).flatten()
    tensor([1.4142])
    """

    _pool = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPoolNd):
    """(sum of x^p)^(1 / p) of each window of (N, C, H, W), p = norm_type.

    >>> wengert.nn.LPPool2d(2, 2)(wengert.ones(1, 1, 2, 2)).flatten()
    tensor([2.])
    """

    _pool = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPoolNd):
    """(sum of x^p)^(1 / p) of each window of (N, C, D, H, W), p = norm_type.

    >>> wengert.nn.LPPool3d(2, 2)(wengert.ones(1, 1, 2, 2, 2)).flatten()
    tensor([2.8284])
    """

    _pool = staticmethod(F.lp_pool3d)


class _AdaptiveAvgPoolNd(Module):
    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def forward(self, input):
        return self._pool(input, self.output_size)

    def extra_repr(self):
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """The means of output_size parts of (N, C, L) or (C, L).

    >>> wengert.nn.AdaptiveAvgPool1d(2)(wengert.ones(1, 3, 5)).shape
    torch.Size([1, 3, 2])
    """

    _pool = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """The means of output_size parts of (N, C, H, W) or (C, H, W), a number or one for each axis; None keeps a size.

    >>> wengert.nn.AdaptiveAvgPool2d((1, None))(wengert.ones(5, 3, 8, 8)).shape
    torch.Size([5, 3, 1, 8])
    """

    _pool = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """The means of output_size parts of (N, C, D, H, W) or (C, D, H, W).

    >>> wengert.nn.AdaptiveAvgPool3d(2)(wengert.ones(1, 3, 5, 5, 5)).shape
    torch.Size([1, 3, 2, 2, 2])
    """

    _pool = staticmethod(F.adaptive_avg_pool3d)


class _AdaptiveMaxPoolNd(_AdaptiveAvgPoolNd):
    def __init__(self, output_size, return_indices=False):
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input):
        return self._pool(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """The largest elements of output_size parts of (N, C, L) or (C, L).

    >>> wengert.nn.AdaptiveMaxPool1d(2)(wengert.ones(1, 3, 5)).shape
    torch.Size([1, 3, 2])
    """

    _pool = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """The largest elements of output_size parts of (N, C, H, W) or (C, H, W).

    >>> wengert.nn.AdaptiveMaxPool2d(2)(wengert.ones(1, 3, 5, 5)).shape
    torch.Size([1, 3, 2, 2])
    """

    _pool = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """The largest elements of output_size parts of (N, C, D, H, W) or (C, D, H, W).

    >>> wengert.nn.AdaptiveMaxPool3d(2)(wengert.ones(1, 3, 5, 5, 5)).shape
    torch.Size([1, 3, 2, 2, 2])
    """

    _pool = staticmethod(F.adaptive_max_pool3d)


class _MaxUnpoolNd(Module):
    dims = 0

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        each = _ntuple(self.dims)
        self.kernel_size = each(kernel_size)
        self.stride = each(stride if stride is not None else kernel_size)
        self.padding = each(padding)

    def forward(self, input, indices, output_size=None):
        return self._unpool(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """The elements of MaxPool1d put back to their indices, zeros elsewhere.

    >>> pool, unpool = wengert.nn.MaxPool1d(2, return_indices=True), wengert.nn.MaxUnpool1d(2)
    >>> unpool(*pool(wengert.tensor([[1.0, 3.0, 2.0, 0.0]])))
    tensor([[0., 3., 2., 0.]])
    """

    dims = 1
    _unpool = staticmethod(F.max_unpool1d)


class MaxUnpool2d(_MaxUnpoolNd):
    """The elements of MaxPool2d put back to their indices, zeros elsewhere.

    >>> pool, unpool = wengert.nn.MaxPool2d(2, return_indices=True), wengert.nn.MaxUnpool2d(2)
    >>> unpool(*pool(wengert.ones(1, 1, 4, 4))).shape
    torch.Size([1, 1, 4, 4])
    """

    dims = 2
    _unpool = staticmethod(F.max_unpool2d)


class MaxUnpool3d(_MaxUnpoolNd):
    """The elements of MaxPool3d put back to their indices, zeros elsewhere.

    >>> pool, unpool = wengert.nn.MaxPool3d(2, return_indices=True), wengert.nn.MaxUnpool3d(2)
    >>> unpool(*pool(wengert.ones(1, 1, 4, 4, 4))).shape
    torch.Size([1, 1, 4, 4, 4])
    """

    dims = 3
    _unpool = staticmethod(F.max_unpool3d)
