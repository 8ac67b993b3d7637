"""Rows of the losses of classification and of embedding.

With p = softmax(x) and the target t as weights of the classes, weighted and smoothed, the loss of a row is the sum of t (log(sum(eˣ))
- x), and its gradient p sum(t) - t.
"""

import wengert
from wengert import _C

from . import rule

_functions = _C.functions
cross_entropy_gradient = _functions["_cross_entropy_gradient"]
nll_gradient = _functions["_nll_loss_gradient"]


def spread_target(input, target, weight, ignore_index, label_smoothing):
    """t, of input's shape, and the number that reduction="mean" divides by."""
    dim = min(input.dim(), 2) - 1
    shape = [-1 if i == dim else 1 for i in range(input.dim())]
    weight = input.new_ones(input.shape[dim]) if weight is None else weight
    classes = weight.view(shape)
    if target.shape == input.shape:
        t = target.to(input.dtype) * (1 - label_smoothing) + label_smoothing / input.shape[dim]
        return t * classes, input.numel() // input.shape[dim]
    counted = (target != ignore_index).unsqueeze(dim) if input.dim() > 1 else target != ignore_index
    index = target.long().unsqueeze(dim) if input.dim() > 1 else target.long().reshape(1)
    index = index.masked_fill(counted.logical_not(), 0)
    own = input.new_zeros(input.shape).scatter(dim, index, 1.0) * classes
    t = (own * (1 - label_smoothing) + classes * (label_smoothing / input.shape[dim])) * counted
    return t, (weight[index] * counted).sum()


def factors(grad, input, reduction, count):
    """What each row's loss is multiplied by, of a shape that broadcasts with input."""
    if reduction == "mean":
        return grad / count
    if reduction == "sum" or input.dim() == 1:
        return grad.reshape(())
    return grad.unsqueeze(1)


def cross_entropy(grad, input, target, weight, reduction, ignore_index, label_smoothing):
    """p sum(t) - t, times each row's factor"""
    if not wengert.is_grad_enabled():
        return cross_entropy_gradient(grad, input, target, weight, reduction, ignore_index, label_smoothing)
    t, count = spread_target(input, target, weight, ignore_index, label_smoothing)
    dim = min(input.dim(), 2) - 1
    return (input.softmax(dim) * t.sum(dim, keepdim=True) - t) * factors(grad, input, reduction, count)


def target_of_cross_entropy(grad, input, target, weight, reduction, label_smoothing):
    """-log p, weighted, for a target of probabilities"""
    dim = min(input.dim(), 2) - 1
    losses = -input.log_softmax(dim) * (1 - label_smoothing)
    if weight is not None:
        losses = losses * weight.view([-1 if i == dim else 1 for i in range(input.dim())])
    return losses * factors(grad, input, reduction, input.numel() // input.shape[dim])


def nll(grad, input, target, weight, reduction, ignore_index):
    """-t, times each row's factor"""
    if not wengert.is_grad_enabled():
        return nll_gradient(grad, input, target, weight, reduction, ignore_index)
    t, count = spread_target(input, target, weight, ignore_index, 0.0)
    return -t * factors(grad, input, reduction, count)


def embedding(grad, indices, weight_shape, padding_idx, scale_grad_by_freq):
    """Each row of g added to the row that its index names"""
    rows, index = grad.reshape(-1, weight_shape[1]), indices.flatten()
    if scale_grad_by_freq:
        rows = rows / index.bincount(minlength=weight_shape[0])[index].unsqueeze(1)
    if padding_idx >= 0:
        rows = rows.masked_fill((index == padding_idx).unsqueeze(1), 0)
    return grad.new_zeros(weight_shape).index_add(0, index, rows)


rule(
    "cross_entropy_loss",
    input=cross_entropy,
    target=target_of_cross_entropy,
    weight=None,
    node="CrossEntropyLossBackward0",
)
rule("nll_loss", input=nll, target=None, weight=None, node="NllLossBackward0")
rule("embedding", weight=embedding, tangent=lambda weight_tangent, indices: _functions["embedding"](weight_tangent, indices))
