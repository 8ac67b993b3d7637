"""Normalisation of layers, groups of channels and neighbouring channels."""

import wengert

from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = ["GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class LocalResponseNorm(Module):
    """x / (k + alpha mean(x^2))^beta, the mean over size neighbouring channels of (N, C, ...): Krizhevsky et al. (2012).

    >>> wengert.nn.LocalResponseNorm(1, alpha=3.0, beta=0.5)(wengert.ones(1, 1, 2))
    tensor([[[0.5000, 0.5000]]])
    """

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0):
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input):
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self):
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class LayerNorm(Module):
    """(x - m) / sqrt(v + eps) weight + bias, with mean and variance over the last dimensions, normalized_shape: Ba et al. (2016).

    >>> wengert.nn.LayerNorm(2, eps=0.0, elementwise_affine=False)(wengert.tensor([[1.0, 3.0]]))
    tensor([[-1.,  1.]])
    """

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        for name, used in (("weight", elementwise_affine), ("bias", elementwise_affine and bias)):
            value = Parameter(wengert.empty(self.normalized_shape, device=device, dtype=dtype)) if used else None
            self.register_parameter(name, value)
        self.reset_parameters()

    def reset_parameters(self):
        """weight 1 and bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input):
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"


class RMSNorm(Module):
    """x / sqrt(mean(x^2) + eps) weight, over the last dimensions, normalized_shape: Zhang & Sennrich (2019).

    >>> wengert.nn.RMSNorm(2, elementwise_affine=False)(wengert.tensor([[1.0, 7.0]]))
    tensor([[0.2000, 1.4000]])
    """

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = Parameter(wengert.empty(self.normalized_shape, device=device, dtype=dtype)) if elementwise_affine else None
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self):
        """weight 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x):
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


def _shape(normalized_shape):
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


class GroupNorm(Module):
    """(x - m) / sqrt(v + eps) weight + bias, with mean and variance over groups of channels of (N, C, ...): Wu & He (2018).

    ValueError unless num_groups divides num_channels.

    >>> wengert.nn.GroupNorm(2, 4)(wengert.ones(5, 4, 3)).shape
    torch.Size([5, 4, 3])
    """

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True, device=None, dtype=None, *, bias=True):
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        for name, used in (("weight", affine), ("bias", affine and bias)):
            value = Parameter(wengert.empty(num_channels, device=device, dtype=dtype)) if used else None
            self.register_parameter(name, value)
        self.reset_parameters()

    def reset_parameters(self):
        """weight 1 and bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input):
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"
