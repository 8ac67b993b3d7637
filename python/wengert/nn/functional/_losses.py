"""Losses of single elements as operators of one node each: the rows of wengert.autograd.derivatives.pointwise_losses."""

from ... import _C
from ...autograd.primitive import primitive
from ._reduction import reduced

_smooth_l1, _squared_difference = _C.functions["_smooth_l1"], _C.functions["_squared_difference"]


@primitive("nn_mse_loss")
def mse_loss(input, target, reduction):
    """(x - t)^2"""
    return reduced(_squared_difference(input, target), reduction)


@primitive("nn_smooth_l1_loss")
def smooth_l1_loss(input, target, reduction, beta):
    """d^2 / (2 beta) for d = |x - t| < beta, else d - beta / 2"""
    return reduced(_smooth_l1(input, target, beta, 1), reduction)


@primitive("nn_huber_loss")
def huber_loss(input, target, reduction, delta):
    """d^2 / 2 for d = |x - t| <= delta, else delta (d - delta / 2)"""
    return reduced(_smooth_l1(input, target, delta, delta), reduction)


@primitive("nn_binary_cross_entropy")
def binary_cross_entropy(input, target, weight, reduction):
    """-t log(x) - (1 - t) log(1 - x), the logarithms at least -100"""
    log, log_of_rest = input.log().clamp_(min=-100), (-input).log1p_().clamp_(min=-100)
    loss = (target - 1).mul_(log_of_rest).sub_(log.mul_(target))
    return reduced(loss if weight is None else loss.mul_(weight), reduction)


@primitive("nn_binary_cross_entropy_with_logits")
def binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction):
    """(1 - t) x + (1 + (p - 1) t) log(1 + exp(-x)), p the pos_weight: cross entropy of sigmoid(x)"""
    softplus = input.abs().neg_().exp_().log1p_().sub_(input.clamp(max=0))  # log(1 + exp(-x))
    if pos_weight is not None:
        softplus = softplus * (1 + (pos_weight - 1) * target)
    loss = (1 - target) * input + softplus
    return reduced(loss if weight is None else loss * weight, reduction)


@primitive("nn_soft_margin_loss")
def soft_margin_loss(input, target, reduction):
    """log(1 + exp(-t x))"""
    product = input * target
    return reduced(product.abs().neg_().exp_().log1p_().sub_(product.clamp_(max=0)), reduction)
