"""Convolutions and transposed convolutions as layers."""

import math

import wengert

from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module
from .utils import _ntuple, _reverse_repeat_tuple

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
]

_PADDING_MODES = {"zeros", "reflect", "replicate", "circular"}


class _ConvNd(Module):
    """What convolutions over `dims` axes have in common."""

    dims = 0
    transposed = False

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding,
        dilation,
        output_padding,
        groups,
        bias,
        padding_mode,
        device=None,
        dtype=None,
    ):
        super().__init__()
        each = _ntuple(self.dims)
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = each(kernel_size)
        self.stride = each(stride)
        self.dilation = each(dilation)
        self.padding = self._checked_padding(padding, padding_mode)
        self.output_padding = each(output_padding)
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._padding_around()
        channels = (in_channels, out_channels // groups) if self.transposed else (out_channels, in_channels // groups)
        self.weight = Parameter(wengert.empty((*channels, *self.kernel_size), device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(wengert.empty(out_channels, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def _checked_padding(self, padding, padding_mode):
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be one of {{'same', 'valid'}}")
            if padding == "same" and any(step != 1 for step in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        if padding_mode not in _PADDING_MODES:
            raise ValueError(f"padding_mode must be one of {_PADDING_MODES}, but got padding_mode='{padding_mode}'")
        return padding if isinstance(padding, str) else _ntuple(self.dims)(padding)

    def _padding_around(self):
        """(before, after) of the last axis, then of the one before it, for padding modes other than zeros."""
        if not isinstance(self.padding, str):
            return _reverse_repeat_tuple(self.padding, 2)
        around = []
        for step, size in zip(reversed(self.dilation), reversed(self.kernel_size), strict=True):
            total = step * (size - 1) if self.padding == "same" else 0
            around += [total // 2, total - total // 2]
        return around

    def reset_parameters(self):
        """Draws the parameters anew, uniform on [-a, a], a = 1 / sqrt(elements of the input that a result sees)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self):
        none, ones = (0,) * self.dims, (1,) * self.dims
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != none:
            text += f", padding={self.padding}"
        if self.dilation != ones:
            text += f", dilation={self.dilation}"
        if self.output_padding != none:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class _Conv(_ConvNd):
    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode, device, dtype
        )

    def _conv_forward(self, input, weight, bias):
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = 0
        return self._convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input):
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Conv):
    """The correlation of (N, C, L) or (C, L) with weight (out_channels, C / groups, kernel), plus bias.

    padding is a number, "valid" or "same"; padding_mode is "zeros", "reflect", "replicate" or "circular".

    >>> wengert.nn.Conv1d(2, 4, 3)(wengert.ones(1, 2, 10)).shape
    torch.Size([1, 4, 8])
    """

    dims = 1
    _convolve = staticmethod(F.conv1d)


class Conv2d(_Conv):
    """The correlation of (N, C, H, W) or (C, H, W) with weight (out_channels, C / groups, kH, kW), plus bias.

    Sizes are a number or one for each axis; padding may be "valid" or "same"; padding_mode is "zeros", "reflect", "replicate" or
    "circular".

    >>> wengert.nn.Conv2d(1, 4, 3, padding="same")(wengert.ones(5, 1, 8, 8)).shape
    torch.Size([5, 4, 8, 8])
    """

    dims = 2
    _convolve = staticmethod(F.conv2d)


class Conv3d(_Conv):
    """The correlation of (N, C, D, H, W) or (C, D, H, W) with weight (out_channels, C / groups, kD, kH, kW), plus bias.

    >>> wengert.nn.Conv3d(1, 2, 2)(wengert.ones(1, 1, 3, 3, 3)).shape
    torch.Size([1, 2, 2, 2, 2])
    """

    dims = 3
    _convolve = staticmethod(F.conv3d)


class _ConvTransposeNd(_ConvNd):
    transposed = True

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _output_padding(self, input, output_size):
        """What is added at the end of each axis so that the result has output_size."""
        if output_size is None:
            return self.output_padding
        dims = self.dims
        skipped = input.dim() - dims  # the batch and the channels
        if len(output_size) == dims + skipped:
            output_size = output_size[skipped:]
        if len(output_size) != dims:
            raise ValueError(
                f"ConvTranspose{dims}D: for {input.dim()}D input, output_size must have {dims} or {dims + skipped} elements (got "
                f"{len(output_size)})"
            )
        least = [
            (n - 1) * stride - 2 * padding + dilation * (size - 1) + 1
            for n, stride, padding, dilation, size in zip(
                input.shape[-dims:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        most = [n + stride - 1 for n, stride in zip(least, self.stride, strict=True)]
        if any(not low <= size <= high for size, low, high in zip(output_size, least, most, strict=True)):
            raise ValueError(
                f"requested an output size of {output_size}, but valid sizes range from {least} to {most} (for an input of "
                f"{input.shape[2:]})"
            )
        return [size - low for size, low in zip(output_size, least, strict=True)]

    def forward(self, input, output_size=None):
        return self._convolve(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self._output_padding(input, output_size),
            self.groups,
            self.dilation,
        )


class ConvTranspose1d(_ConvTransposeNd):
    """The transpose of Conv1d: weight (C, out_channels / groups, kernel). output_size chooses among the sizes that fit.

    >>> wengert.nn.ConvTranspose1d(4, 2, 3, stride=2)(wengert.ones(1, 4, 5)).shape
    torch.Size([1, 2, 11])
    """

    dims = 1
    _convolve = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_ConvTransposeNd):
    """The transpose of Conv2d: weight (C, out_channels / groups, kH, kW). output_size chooses among the sizes that fit.

    >>> up = wengert.nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1)
    >>> up(wengert.ones(1, 4, 5, 5), output_size=(10, 10)).shape
    torch.Size([1, 2, 10, 10])
    """

    dims = 2
    _convolve = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_ConvTransposeNd):
    """The transpose of Conv3d: weight (C, out_channels / groups, kD, kH, kW). output_size chooses among the sizes that fit.

    >>> wengert.nn.ConvTranspose3d(2, 1, 2)(wengert.ones(1, 2, 2, 2, 2)).shape
    torch.Size([1, 1, 3, 3, 3])
    """

    dims = 3
    _convolve = staticmethod(F.conv_transpose3d)
