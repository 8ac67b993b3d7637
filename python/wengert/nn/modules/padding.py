"""Padding as layers: (before, after) of the last dimension, then of the one before it, or one number for all."""

from .. import functional as F
from .module import Module
from .utils import _ntuple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Pad(Module):
    """Padding of the last `dims` dimensions."""

    dims = 0
    mode = "constant"

    def __init__(self, padding):
        super().__init__()
        self.padding = _ntuple(2 * self.dims)(padding)

    def forward(self, input):
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self):
        return f"{self.padding}"


class _ConstantPadNd(_Pad):
    def __init__(self, padding, value):
        super().__init__(padding)
        self.value = value

    def forward(self, input):
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self):
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """value around (N, C, L) or (C, L).

    >>> wengert.nn.ConstantPad1d((1, 2), 7.0)(wengert.zeros(1, 2))
    tensor([[7., 0., 0., 7., 7.]])
    """

    dims = 1


class ConstantPad2d(_ConstantPadNd):
    """value around (N, C, H, W) or (C, H, W).

    >>> wengert.nn.ConstantPad2d(1, 7.0)(wengert.zeros(1, 2, 3, 3)).shape
    torch.Size([1, 2, 5, 5])
    """

    dims = 2


class ConstantPad3d(_ConstantPadNd):
    """value around (N, C, D, H, W) or (C, D, H, W).

    >>> wengert.nn.ConstantPad3d(1, 7.0)(wengert.zeros(1, 2, 3, 3, 3)).shape
    torch.Size([1, 2, 5, 5, 5])
    """

    dims = 3


class _ZeroPad(_ConstantPadNd):
    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad):
    """Zeros around (N, C, L) or (C, L).

    >>> wengert.nn.ZeroPad1d(1)(wengert.ones(1, 2, 3)).shape
    torch.Size([1, 2, 5])
    """

    dims = 1


class ZeroPad2d(_ZeroPad):
    """Zeros around (N, C, H, W) or (C, H, W).

    >>> wengert.nn.ZeroPad2d(1)(wengert.ones(1, 2, 3, 3)).shape
    torch.Size([1, 2, 5, 5])
    """

    dims = 2


class ZeroPad3d(_ZeroPad):
    """Zeros around (N, C, D, H, W) or (C, D, H, W).

    >>> wengert.nn.ZeroPad3d(1)(wengert.ones(1, 2, 3, 3, 3)).shape
    torch.Size([1, 2, 5, 5, 5])
    """

    dims = 3


class _ReflectionPadNd(_Pad):
    mode = "reflect"


class ReflectionPad1d(_ReflectionPadNd):
    """The elements beyond the edge in reverse, around (N, C, L) or (C, L).

    >>> wengert.nn.ReflectionPad1d(2)(wengert.tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 2., 1., 2., 3., 2., 1.]])
    """

    dims = 1


class ReflectionPad2d(_ReflectionPadNd):
    """The elements beyond the edge in reverse, around (N, C, H, W) or (C, H, W).

    >>> wengert.nn.ReflectionPad2d(1)(wengert.ones(1, 2, 3, 3)).shape
    torch.Size([1, 2, 5, 5])
    """

    dims = 2


class ReflectionPad3d(_ReflectionPadNd):
    """The elements beyond the edge in reverse, around (N, C, D, H, W) or (C, D, H, W).

    >>> wengert.nn.ReflectionPad3d(1)(wengert.ones(1, 2, 3, 3, 3)).shape
    torch.Size([1, 2, 5, 5, 5])
    """

    dims = 3


class _ReplicationPadNd(_Pad):
    mode = "replicate"


class ReplicationPad1d(_ReplicationPadNd):
    """The edge's element, around (N, C, L) or (C, L).

    >>> wengert.nn.ReplicationPad1d(1)(wengert.tensor([[1.0, 2.0, 3.0]]))
    tensor([[1., 1., 2., 3., 3.]])
    """

    dims = 1


class ReplicationPad2d(_ReplicationPadNd):
    """The edge's elements, around (N, C, H, W) or (C, H, W).

    >>> wengert.nn.ReplicationPad2d(1)(wengert.ones(1, 2, 3, 3)).shape
    torch.Size([1, 2, 5, 5])
    """

    dims = 2


class ReplicationPad3d(_ReplicationPadNd):
    """The edge's elements, around (N, C, D, H, W) or (C, D, H, W).

    >>> wengert.nn.ReplicationPad3d(1)(wengert.ones(1, 2, 3, 3, 3)).shape
    torch.Size([1, 2, 5, 5, 5])
    """

    dims = 3


class _CircularPadNd(_Pad):
    mode = "circular"


class CircularPad1d(_CircularPadNd):
    """The elements of the other side, around (N, C, L) or (C, L).

    >>> wengert.nn.CircularPad1d(1)(wengert.tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 1., 2., 3., 1.]])
    """

    dims = 1


class CircularPad2d(_CircularPadNd):
    """The elements of the other side, around (N, C, H, W) or (C, H, W).

    >>> wengert.nn.CircularPad2d(1)(wengert.ones(1, 2, 3, 3)).shape
    torch.Size([1, 2, 5, 5])
    """

    dims = 2


class CircularPad3d(_CircularPadNd):
    """The elements of the other side, around (N, C, D, H, W) or (C, D, H, W).

    >>> wengert.nn.CircularPad3d(1)(wengert.ones(1, 2, 3, 3, 3)).shape
    torch.Size([1, 2, 5, 5, 5])
    """

    dims = 3
