"""Layers of networks made of other operators."""

from __future__ import annotations

import wengert

from .._composite import composite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wengert import Tensor
    from wengert._typing import Number


@composite()
def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = True,
) -> Tensor:
    """(input - m) / sqrt(v + eps) * weight + bias for each channel, dim 1 of input.

    In training m and v are the mean and the variance of the channel, and running_mean and running_var, where there are such, become
    momentum times the mean and the unbiased variance plus 1 - momentum times themselves. Otherwise m and v are running_mean and
    running_var. The vectors have an element for each channel and input's dtype, float32 or float64. RuntimeError for other shapes.

    >>> wengert.batch_norm(wengert.tensor([[1.0, 2.0], [3.0, 6.0]]), None, None, None, None, True, 0.1, 0.0)
    tensor([[-1., -1.],
            [ 1.,  1.]])
    """
    functions = wengert._C.functions
    if training:
        if (running_mean is None) != (running_var is None):
            raise ValueError("running_mean and running_var must either both be None or neither be None")
        return functions["_batch_norm_train"](input, weight, bias, running_mean, running_var, momentum, eps)[0]
    for name, value in (("running_mean", running_mean), ("running_var", running_var)):
        if value is None:
            raise RuntimeError(f"{name} must be defined in evaluation mode")
    return functions["_batch_norm_eval"](input, weight, bias, running_mean, running_var, eps)


@composite()
def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = True,
) -> Tensor:
    """batch_norm of each image of a batch by itself; running_mean and running_var follow the means over the batch.

    RuntimeError where use_input_stats is false and running_mean or running_var is None.

    >>> wengert.instance_norm(wengert.tensor([[[1.0, 3.0], [2.0, 6.0]]]), None, None, None, None, True, 0.1, 0.0)
    tensor([[[-1.,  1.],
             [-1.,  1.]]])
    """
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    if running_mean is None and running_var is None:
        return wengert.group_norm(input, input.shape[1], weight, bias, eps)
    batch, channels = input.shape[:2]
    weight, bias, mean, variance = (
        None if vector is None else vector.repeat(batch) for vector in (weight, bias, running_mean, running_var)
    )
    images = input.reshape(1, batch * channels, *input.shape[2:])
    result = wengert.batch_norm(images, weight, bias, mean, variance, use_input_stats, momentum, eps)
    if use_input_stats:
        with wengert.no_grad():
            for running, each in ((running_mean, mean), (running_var, variance)):
                if running is not None and each is not None:
                    running.copy_(each.view(batch, channels).mean(0))
    return result.view(input.shape)


@composite("method")
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """input where it is positive, else weight * input; weight has one element, or one for each channel (dim 1 of input).

    RuntimeError for another number of elements, or weight of more than one dim.

    >>> wengert.prelu(wengert.tensor([[-1.0, -1.0], [1.0, 1.0]]), wengert.tensor([0.5, 2.0]))
    tensor([[-0.5000, -2.0000],
            [ 1.0000,  1.0000]])
    """
    if input.dtype != weight.dtype:
        raise RuntimeError(f"prelu: Type promoting not supported. Got {_name(input)} and {_name(weight)}")
    if weight.dim() > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.dim()}")
    if weight.numel() != 1:
        if input.dim() == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = input.shape[1] if input.dim() > 1 else 1
        if weight.numel() != channels:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}."
            )
        weight = weight.view(-1, *[1] * (input.dim() - 2))
    return wengert._C.functions["_prelu_kernel"](input, weight)


def _name(tensor):
    """float of float32, double of float64, as PyTorch's messages have them."""
    return {wengert.float32: "float", wengert.float64: "double"}.get(tensor.dtype, str(tensor.dtype).removeprefix("torch."))


@composite()
def celu(input: Tensor, alpha: Number = 1.0) -> Tensor:
    """input where it is positive, else alpha * (exp(input / alpha) - 1). RuntimeError for alpha = 0.

    >>> wengert.celu(wengert.tensor([-1.0, 0.0, 1.0]), 2.0)
    tensor([-0.7869,  0.0000,  1.0000])
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return wengert._C.functions["elu"](input, alpha, 1.0 / alpha)


@composite()
def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """In training each element is 0 with probability p, drawn anew, else input / (1 - p); otherwise input itself.

    RuntimeError for p outside of [0, 1].

    >>> wengert.dropout(wengert.ones(3), 0.5, False)
    tensor([1., 1., 1.])
    """
    if not 0 <= p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p:g}")
    if p == 0 or not train or input.numel() == 0:
        return input
    if p == 1:
        return input * wengert.zeros((), dtype=input.dtype)
    return input * wengert.empty_like(input).bernoulli_(1 - p).div_(1 - p)
