"""Rows of normalisation: y = (x - m) s, s = 1 / sqrt(v + eps), with the mean m and the variance v over some dimensions.

With h = g weight, the gradient to x is s (h - mean(h) - y mean(h y)), the means over the same dimensions; that to the weight is the
sum of g y, that to the bias the sum of g, over the others. Fused operators compute all three in one pass; where the pass is
recorded itself, for second derivatives, the same is written with operators that have rows.
"""

import wengert
from wengert import _C

from . import rule

_functions = _C.functions
rows_norm_gradient = _functions["_rows_norm_gradient"]
group_norm_gradient = _functions["_group_norm_gradient"]
batch_norm_gradient = _functions["_batch_norm_gradient"]


def normalized(input, dims, eps, centred=True):
    """(y, s) over dims; not centred, m = 0."""
    if centred:
        input = input - input.mean(dims, keepdim=True)
    scale = (input.square().mean(dims, keepdim=True) + eps).rsqrt()
    return input * scale, scale


def to_input(h, y, scale, dims, centred=True):
    """s (h - mean(h) - y mean(h y)); not centred, without mean(h)."""
    tilted = h - y * (h * y).mean(dims, keepdim=True)
    return scale * (tilted - h.mean(dims, keepdim=True) if centred else tilted)


def weighted(grad, weight):
    return grad if weight is None else grad * weight


def rows_gradients(grad, input, normalized_shape, weight, eps, centred, needs):
    """To input, weight and bias of rows of the last dimensions."""
    if not wengert.is_grad_enabled():
        return rows_norm_gradient(grad, input, normalized_shape, weight, eps, centred, needs[0], any(needs[1:]))
    dims = list(range(-len(normalized_shape), 0))
    eps = wengert.finfo(input.dtype).eps if eps is None else eps
    y, scale = normalized(input, dims, eps, centred)
    return to_input(weighted(grad, weight), y, scale, dims, centred), grad * y, grad


def layer_norm(grad, input, normalized_shape, weight, eps, needs):
    """s (h - mean(h) - y mean(h y)), g y and g"""
    return rows_gradients(grad, input, normalized_shape, weight, eps, True, needs)


def rms_norm(grad, input, normalized_shape, weight, eps, needs):
    """s (h - y mean(h y)) and g y"""
    return rows_gradients(grad, input, normalized_shape, weight, eps, False, (*needs, False))[:2]


def channel(vector, dim):
    """A vector over the channels, dim 1 of dim dimensions; None stays."""
    return None if vector is None else vector.view(-1, *[1] * (dim - 2))


def summed(values):
    """Over all dimensions but the channels'."""
    return values.sum([dim for dim in range(values.dim()) if dim != 1])


def group_norm(grad, input, num_groups, weight, eps):
    """s (h - mean(h) - y mean(h y)), the sums of g y and of g"""
    if not wengert.is_grad_enabled():
        return group_norm_gradient(grad, input, num_groups, weight, eps)
    shape, groups = input.shape, (input.shape[0], num_groups, -1)
    y, scale = normalized(input.reshape(groups), [2], eps)
    h = weighted(grad, channel(weight, grad.dim())).reshape(groups)
    y_of_channels = y.reshape(shape)
    return to_input(h, y, scale, [2]).reshape(shape), summed(grad * y_of_channels), summed(grad)


def batch_norm_train(grad, input, weight, eps, mean, scale):
    """s (h - mean(h) - y mean(h y)), the sums of g y and of g"""
    if not wengert.is_grad_enabled():
        return batch_norm_gradient(grad, input, weight, mean, scale, True)
    dims = [dim for dim in range(input.dim()) if dim != 1]
    y, own_scale = normalized(input, dims, eps)
    return to_input(weighted(grad, channel(weight, grad.dim())), y, own_scale, dims), summed(grad * y), summed(grad)


def batch_norm_eval(grad, input, weight, running_mean, running_var, eps):
    """s h, the sums of g y and of g: m and s do not depend on the input"""
    scale = (running_var + eps).rsqrt()
    if not wengert.is_grad_enabled():
        return batch_norm_gradient(grad, input, weight, running_mean, scale, False)
    scale, mean = channel(scale, grad.dim()), channel(running_mean, grad.dim())
    h = weighted(grad, channel(weight, grad.dim()))
    return h * scale, summed(grad * (input - mean) * scale), summed(grad)


rule("layer_norm", of=("input", "weight", "bias"), joint=layer_norm, node="NativeLayerNormBackward0")
rule("rms_norm", of=("input", "weight"), joint=rms_norm, node="FusedRmsNormBackward0")
rule("group_norm", of=("input", "weight", "bias"), joint=group_norm, node="NativeGroupNormBackward0")
rule(
    "_batch_norm_train",
    of=("input", "weight", "bias"),
    joint=batch_norm_train,
    node="NativeBatchNormBackward0",
)
rule(
    "_batch_norm_eval",
    of=("input", "weight", "bias"),
    joint=batch_norm_eval,
    node="NativeBatchNormBackward0",
)
