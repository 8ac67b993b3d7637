"""Batch normalisation as layers."""

import wengert

from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d"]


class _NormBase(Module):
    """Channels with a weight, a bias and running statistics."""

    _version = 2  # num_batches_tracked is stored since 2

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        kind = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(wengert.empty(num_features, **kind)) if affine else None)
        self.register_parameter("bias", Parameter(wengert.empty(num_features, **kind)) if affine and bias else None)
        self.register_buffer("running_mean", wengert.zeros(num_features, **kind) if track_running_stats else None)
        self.register_buffer("running_var", wengert.ones(num_features, **kind) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", wengert.tensor(0) if track_running_stats else None)
        self.reset_parameters()

    def reset_running_stats(self):
        """Forgets the statistics: mean 0, variance 1."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self):
        """Forgets the statistics; weight 1 and bias 0."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def extra_repr(self):
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
        version = local_metadata.get("version")
        key = prefix + "num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            state_dict[key] = self.num_batches_tracked
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)


class _BatchNorm(_NormBase):
    ndims: "tuple[int, ...]" = ()  # numbers of dimensions of an input

    def _check_input_dim(self, input):
        if input.dim() not in self.ndims:
            allowed = " or ".join(f"{ndim}D" for ndim in self.ndims)
            raise ValueError(f"expected {allowed} input (got {input.dim()}D input)")

    def forward(self, input):
        self._check_input_dim(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        tracked = self.track_running_stats
        if self.training and tracked:
            batches = self.num_batches_tracked
            if batches is not None:
                batches.add_(1)
                if self.momentum is None:  # the mean over all batches
                    momentum = 1.0 / batches.item()
        mean, variance = self.running_mean, self.running_var
        by_batch = self.training or (mean is None and variance is None)
        if self.training and not tracked:
            mean = variance = None
        return F.batch_norm(input, mean, variance, self.weight, self.bias, by_batch, momentum, self.eps)


class BatchNorm1d(_BatchNorm):
    """(x - m) / sqrt(v + eps) weight + bias for each channel of (N, C) or (N, C, L): Ioffe & Szegedy (2015).

    In training m and v are the mean and the variance over the batch, which the buffers running_mean and running_var follow with
    momentum (None takes the mean over all batches); in evaluation they are these, unless track_running_stats is False.

    >>> norm = wengert.nn.BatchNorm1d(1, eps=0.0)
    >>> norm(wengert.tensor([[1.0], [3.0]])).flatten().tolist()
    [-1.0, 1.0]
    >>> norm.running_mean
    tensor([0.2000])
    """

    ndims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """BatchNorm1d for channels of (N, C, H, W).

    >>> wengert.nn.BatchNorm2d(3)(wengert.rand(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    ndims = (4,)


class BatchNorm3d(_BatchNorm):
    """BatchNorm1d for channels of (N, C, D, H, W).

    >>> wengert.nn.BatchNorm3d(3)(wengert.rand(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    ndims = (5,)
