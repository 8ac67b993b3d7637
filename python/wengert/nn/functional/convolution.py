"""Convolutions and transposed convolutions."""

from ... import _C

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_tbc",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]

conv1d, conv2d, conv3d = (_C.functions[f"conv{dims}d"] for dims in (1, 2, 3))
conv_transpose1d, conv_transpose2d, conv_transpose3d = (_C.functions[f"conv_transpose{dims}d"] for dims in (1, 2, 3))


def conv_tbc(input, weight, bias, pad=0):
    """conv1d of input (T, N, C) with weight (kernel, C, results) and bias (results): (T', N, results).

    >>> wengert.nn.functional.conv_tbc(wengert.ones(3, 1, 2), wengert.ones(2, 2, 1), wengert.zeros(1)).flatten()
    tensor([4., 4.])
    """
    if input.dim() != 3:
        raise RuntimeError("Input must have 3 dims: time, batch, in_channel")
    if weight.dim() != 3:
        raise RuntimeError("Weight tensor must have 3 dims: kernel_width, in_channels, out_channels.")
    if bias.dim() != 1:
        raise RuntimeError("Bias must be 1-D")
    return conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad).permute(2, 0, 1)
