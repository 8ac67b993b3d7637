"""Instance normalisation as layers."""

from .. import functional as F
from .batchnorm import _NormBase

__all__ = ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]


class _InstanceNorm(_NormBase):
    dims = 0  # axes after the channels

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=False,
        track_running_stats=False,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def _check_input_dim(self, input):
        if input.dim() not in (self.dims + 1, self.dims + 2):
            raise ValueError(f"expected {self.dims + 1}D or {self.dims + 2}D input (got {input.dim()}D input)")

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
        if local_metadata.get("version") is None and not self.track_running_stats:
            found = [prefix + name for name in ("running_mean", "running_var") if prefix + name in state_dict]
            if found:
                name = type(self).__name__
                error_msgs.append(
                    "Unexpected running stats buffer(s) {} for {} with track_running_stats=False. If state_dict is a checkpoint saved "
                    "before 0.4.0, this may be expected because {} does not track running stats by default since 0.4.0. Please remove "
                    "these keys from state_dict. If the running stats are actually needed, instead set track_running_stats=True in {} "
                    "to enable them. See the documentation of {} for details.".format(
                        " and ".join(f'"{key}"' for key in found), name, name, name, name
                    )
                )
                for key in found:
                    state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)

    def forward(self, input):
        self._check_input_dim(input)
        dim = input.dim() - self.dims - 1
        if input.size(dim) != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={dim} to match num_features ({self.num_features}), but got: {input.size(dim)}."
                )
            import warnings

            warnings.warn(
                f"input's size at dim={dim} does not match num_features. You can silence this warning by not passing in num_features, "
                "which is not used because affine=False",
                stacklevel=4,
            )
        return self._normalized(input) if dim == 1 else self._normalized(input.unsqueeze(0)).squeeze(0)

    def _normalized(self, input):
        return F.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """BatchNorm of every element of a batch (N, C, L) by itself, or of (C, L): Ulyanov et al. (2017).

    >>> wengert.nn.InstanceNorm1d(1, eps=0.0)(wengert.tensor([[[1.0, 3.0]]]))
    tensor([[[-1.,  1.]]])
    """

    dims = 1


class InstanceNorm2d(_InstanceNorm):
    """InstanceNorm1d for (N, C, H, W) or (C, H, W).

    >>> wengert.nn.InstanceNorm2d(3)(wengert.rand(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    dims = 2


class InstanceNorm3d(_InstanceNorm):
    """InstanceNorm1d for (N, C, D, H, W) or (C, D, H, W).

    >>> wengert.nn.InstanceNorm3d(3)(wengert.rand(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    dims = 3
