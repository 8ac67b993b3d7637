"""Normalisation: elements brought to mean 0 and variance 1, over a batch, a layer, groups of channels or an image."""

import math

import wengert

from ... import _C
from .padding import pad

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"]

_layer_norm, _rms_norm, _group_norm = (_C.functions[name] for name in ("layer_norm", "rms_norm", "group_norm"))


def _check_many(size):
    """ValueError where a channel has one value alone: its variance is not defined."""
    if math.prod(size) // max(size[1], 1) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """(input - m) / sqrt(v + eps) weight + bias for each channel of (N, C, ...): Ioffe & Szegedy (2015).

    In training m and v are the channel's mean and variance, and running_mean and running_var (C), unless None, follow them:
    r becomes (1 - momentum) r + momentum m, and likewise for the unbiased variance. Otherwise m and v are running_mean and
    running_var. ValueError for one value a channel in training.

    >>> x = wengert.tensor([[1.0], [3.0]])
    >>> wengert.nn.functional.batch_norm(x, None, None, training=True, eps=0.0)
    tensor([[-1.],
            [ 1.]])
    """
    if training:
        _check_many(input.shape)
    return wengert.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)


def instance_norm(
    input,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-5,
):
    """batch_norm of every element of the batch by itself: Ulyanov et al. (2017).

    >>> wengert.nn.functional.instance_norm(wengert.tensor([[[1.0, 3.0]]]), eps=0.0)
    tensor([[[-1.,  1.]]])
    """
    if use_input_stats and math.prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    return wengert.instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """(input - m) / sqrt(v + eps) weight + bias, with mean and variance over the last dimensions, normalized_shape: Ba et al. (2016).

    RuntimeError where input does not end in normalized_shape.

    >>> wengert.nn.functional.layer_norm(wengert.tensor([[1.0, 3.0]]), [2], eps=0.0)
    tensor([[-1.,  1.]])
    """
    return _layer_norm(input, normalized_shape, weight, bias, eps)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """input / sqrt(mean(input^2) + eps) weight, over the last dimensions, normalized_shape: Zhang & Sennrich (2019).

    eps is the dtype's unless given.

    >>> wengert.nn.functional.rms_norm(wengert.tensor([[1.0, 7.0]]), [2])
    tensor([[0.2000, 1.4000]])
    """
    return _rms_norm(input, normalized_shape, weight, eps)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """(input - m) / sqrt(v + eps) weight + bias, with mean and variance over groups of channels of (N, C, ...): Wu & He (2018).

    RuntimeError unless num_groups divides C.

    >>> wengert.nn.functional.group_norm(wengert.tensor([[[1.0], [3.0]]]), 1, eps=0.0).flatten()
    tensor([-1.,  1.])
    """
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    batch, channels, *size = input.shape
    if num_groups > 0 and channels % num_groups == 0:
        _check_many([batch * channels // num_groups, num_groups, *size])
    return _group_norm(input, num_groups, weight, bias, eps)


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """input / (k + alpha mean(squares))^beta, the mean over size neighbouring channels of (N, C, ...): Krizhevsky et al. (2012).

    >>> wengert.nn.functional.local_response_norm(wengert.ones(1, 1, 1), 1, alpha=3.0, beta=0.5)
    tensor([[[0.5000]]])
    """
    if input.dim() < 3:
        raise ValueError(f"Expected 3D or higher dimensionality                          input (got {input.dim()} dimensions)")
    if input.numel() == 0:
        return input
    # channels beyond the first and the last count as zeros
    squares = pad(input.square(), [0, 0] * (input.dim() - 2) + [size // 2, (size - 1) // 2])
    mean = squares.unfold(1, size, 1).sum(-1) / size
    return input / (mean * alpha + k).pow(beta)
