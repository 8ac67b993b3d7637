"""Rows of losses that compare each element x of input with t of target, and then take their mean or sum.

The gradient of every element's loss is g f'(x), times 1 / count for a mean.
"""

import math

import wengert
from wengert import _C

from . import rule

scaled_difference = _C.functions["_scaled_difference"]  # f (x - t)
smooth_l1_gradient = _C.functions["_smooth_l1_gradient"]  # f (x - t) / beta, the last brought into [-1, 1]


def share(grad, count, reduction):
    """g, of a mean g / count"""
    return grad / count if reduction == "mean" else grad


def each(grad, slopes, reduction):
    """g f', of a mean g f' / count."""
    return share(grad, slopes.numel(), reduction) * slopes


def count(input, target):
    """How many elements they broadcast to."""
    return input.numel() if input.shape == target.shape else math.prod(wengert.broadcast_shapes(input.shape, target.shape))


def mse(grad, input, target, reduction):
    """2 (x - t)"""
    return scaled_difference(share(grad * 2, count(input, target), reduction), input, target)


rule(
    "_squared_difference",
    input=lambda grad, input, target: scaled_difference(grad * 2, input, target),
    target=lambda grad, input, target: scaled_difference(grad * -2, input, target),
    tangent="elementwise",
)
rule(
    "_scaled_difference",
    factor=lambda grad, input, target: grad * (input - target),
    input=lambda grad, factor: grad * factor,
    target=lambda grad, factor: -grad * factor,
    tangent="elementwise",
)


rule(
    "nn_mse_loss",
    input=mse,
    target=lambda grad, input, target, reduction: mse(-grad, input, target, reduction),
    node="MseLossBackward0",
)


def smooth_l1(grad, input, target, reduction, beta):
    """(x - t) / beta, brought into [-1, 1]"""
    return smooth_l1_gradient(share(grad, count(input, target), reduction), input, target, beta)


rule(
    "_smooth_l1",
    input=lambda grad, input, target, beta, outer: smooth_l1_gradient(grad * outer, input, target, beta),
    target=lambda grad, input, target, beta, outer: smooth_l1_gradient(grad * -outer, input, target, beta),
    tangent="elementwise",
)
rule(
    "_smooth_l1_gradient",
    factor=lambda grad, input, target, beta: smooth_l1_gradient(grad, input, target, beta),
    input=lambda grad, factor, input, target, beta: (grad * factor / beta).masked_fill((input - target).abs() > beta, 0),
    target=lambda grad, factor, input, target, beta: (grad * factor / -beta).masked_fill((input - target).abs() > beta, 0),
    tangent="elementwise",
    kink="at the distance beta that of the parabola",
)


rule(
    "nn_smooth_l1_loss",
    input=smooth_l1,
    target=lambda grad, input, target, reduction, beta: smooth_l1(-grad, input, target, reduction, beta),
    node="SmoothL1LossBackward0",
)


def huber(grad, input, target, reduction, delta):
    """x - t, brought into [-delta, delta]"""
    return smooth_l1_gradient(share(grad, count(input, target), reduction) * delta, input, target, delta)


rule(
    "nn_huber_loss",
    input=huber,
    target=lambda grad, input, target, reduction, delta: huber(-grad, input, target, reduction, delta),
    node="HuberLossBackward0",
)


def weighted(slopes, weight):
    return slopes if weight is None else slopes * weight


def binary(grad, input, target, weight, reduction):
    """(x - t) / (x (1 - x)), the denominator at least 1e-12"""
    return each(grad, weighted((input - target) / (input * (1 - input)).clamp_min(1e-12), weight), reduction)


def binary_to_target(grad, input, target, weight, reduction):
    """log(1 - x) - log(x), each at least -100"""
    slopes = (-input).log1p().clamp_min(-100) - input.log().clamp_min(-100)
    return each(grad, weighted(slopes, weight), reduction)


rule(
    "nn_binary_cross_entropy",
    input=binary,
    target=binary_to_target,
    weight=None,
    kink="The slope ends at 1e12 where x is 0 or 1.",
    node="BinaryCrossEntropyBackward0",
)


def logits(grad, input, target, weight, pos_weight, reduction):
    """s - t with s = sigmoid(x); of a pos_weight p, s (1 - t) - p t (1 - s)"""
    s = input.sigmoid()
    slopes = s - target if pos_weight is None else s * (1 - target) - pos_weight * target * (1 - s)
    return each(grad, weighted(slopes, weight), reduction)


def logits_to_target(grad, input, target, weight, pos_weight, reduction):
    """-x; of a pos_weight p, log(1 - s) - p log(s)"""
    slopes = -input if pos_weight is None else log_sigmoid(-input) - pos_weight * log_sigmoid(input)
    return each(grad, weighted(slopes, weight), reduction)


def log_sigmoid(x):
    return x.clamp(max=0) - (-x.abs()).exp().log1p()


rule(
    "nn_binary_cross_entropy_with_logits",
    input=logits,
    target=logits_to_target,
    weight=None,
    pos_weight=None,
    node="BinaryCrossEntropyWithLogitsBackward0",
)


def soft_margin(grad, input, target, reduction):
    """-t sigmoid(-t x)"""
    return each(grad, -target * (-target * input).sigmoid(), reduction)


rule(
    "nn_soft_margin_loss",
    input=soft_margin,
    target=lambda grad, input, target, reduction: soft_margin(grad, target, input, reduction),
    node="SoftMarginLossBackward0",
)
