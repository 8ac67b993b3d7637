"""Gradients of cdist."""

import math

import wengert
from wengert._composites.distances import rows_at_a_time, through_product


def cdist(grad, x1, x2, p, compute_mode, result):
    """Σ g[i, j]·sign(d)·|d|^(p - 1) / y[i, j]^(p - 1) over j for x1[i], where d = x1[i] - x2[j]; the negative over i for x2[j].

    Differences are made again, a block of rows at a time, where the distances came from them.
    """
    if p == 0 or result.numel() == 0 or x1.size(-1) == 0:
        return None, None
    if p in (1, math.inf):
        weights = grad
    else:
        apart = result != 0
        weights = wengert.where(apart, grad / wengert.where(apart, result, 1.0) ** (p - 1), 0.0)
    if through_product(x1, x2, p, compute_mode):
        grad1 = x1 * weights.sum(-1, keepdim=True) - weights @ x2
        return grad1, x2 * weights.sum(-2).unsqueeze(-1) - weights.mT @ x1
    firsts, second = [], 0
    for start, count in rows_at_a_time(x1, x2):
        difference = x1.narrow(-2, start, count).unsqueeze(-2) - x2.unsqueeze(-3)
        flow = weights.narrow(-2, start, count).unsqueeze(-1)
        if p == math.inf:
            flow = flow * (difference.abs() == result.narrow(-2, start, count).unsqueeze(-1))
        flow = flow * _direction(difference, p)
        firsts.append(flow.sum(-2))
        second = second - flow.sum(-3)
    return wengert.cat(firsts, -2), second


def _direction(difference, p):
    """sign(d)·|d|^(p - 1), 0 where d = 0."""
    if p == 2:
        return difference
    if p in (1, math.inf):
        return difference.sign()
    return difference.sign() * wengert.where(difference == 0, 1.0, difference.abs()) ** (p - 1)
