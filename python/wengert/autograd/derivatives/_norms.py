"""Gradients of p-norms, of a distance and of renorm."""

import math

import wengert
from wengert import _C

from ._shapes import kept


def norm_gradient(grad, input, p, result, dim, keepdim):
    """g·sign(x)·(|x| / y)^(p - 1); for p = ±∞ g·sign(x) in equal parts where |x| = y; for p = 0 zeros."""
    p = 2 if p is None else p
    if p == 0:
        return None
    grad, norm = kept(grad, input.shape, dim, keepdim), kept(result, input.shape, dim, keepdim)
    if p == 1:
        return grad * input.sign()
    if p == 2:
        return input * (grad / norm).masked_fill(norm == 0, 0.0)
    if math.isinf(p):
        largest = input.abs() == norm
        count = largest.sum(dim, keepdim=True).clamp(min=1)  # none equals a NaN
        return input.sign() * largest * (grad / count)
    if p < 2:
        # |x|^(p - 1) is infinite or has an infinite derivative at 0, and so has y^(1 - p).
        power = input.abs().pow(p - 1).masked_fill(input == 0, 0.0)
        return input.sign() * power * (grad * norm.pow(1 - p)).masked_fill(norm == 0, 0.0)
    # Quotients first: |x|^(p - 1) alone may overflow.
    ratio = input / norm.masked_fill(norm == 0, 1.0)
    return ratio.sign() * ratio.abs().pow(p - 1) * grad


def dist_gradients(grad, input, other, p, result):
    """The norm's gradient at x - z, and its negative."""
    grad = norm_gradient(grad, input - other, p, result, None, False)
    return (None, None) if grad is None else (grad, -grad)


def renorm_gradient(grad, input, p, dim, maxnorm):
    """g, or m / y·(g - ∂y·Σ g·x / y) for the slices along dim whose norm y exceeds m."""
    others = tuple(d for d in range(input.ndim) if d != dim % input.ndim)
    norm = _C.functions["_linalg_vector_norm"](input, p, others, True)
    inverse = 1 / (norm + 1e-7)
    along = norm_gradient((grad * input).sum(others, keepdim=True), input, p, norm, others, True)
    return wengert.where(norm > maxnorm, maxnorm * inverse * (grad - inverse * along), grad)
