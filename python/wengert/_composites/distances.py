"""Distances between rows."""

from __future__ import annotations

import math

import wengert

from .. import _C
from .._composite import composite
from ..autograd.primitive import primitive
from ._shapes import broadcast_shape, dtype_word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wengert import Tensor

_vector_norm = _C.functions["_linalg_vector_norm"]
_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")
_BLOCK_BYTES = 1 << 24  # of differences held at a time


@composite()
@primitive("cdist")
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The p-norm distances between every row of x1 (..., P, M) and every row of x2 (..., R, M): (..., P, R).

    The Euclidean ones (p = 2) of more than 25 rows come from one matrix product, which loses digits where rows are close;
    compute_mode "donot_use_mm_for_euclid_dist" takes the differences instead.

    >>> wengert.cdist(wengert.tensor([[0.0, 0.0]]), wengert.tensor([[3.0, 4.0]]))
    tensor([[5.]])
    """
    if compute_mode is None:
        compute_mode = _MODES[0]
    if compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    for name, x in (("X1", x1), ("X2", x2)):
        if x.dim() < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {x.dim()}D")
    if x1.size(-1) != x2.size(-1):
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.size(-1)} X2: {x2.size(-1)}")
    for name, x in (("X1", x1), ("X2", x2)):
        if not x.is_floating_point():
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {dtype_word(x)}")
    if x1.dtype != x2.dtype:
        raise RuntimeError(f"expected scalar type {dtype_word(x1)} but found {dtype_word(x2)}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    batch = broadcast_shape(x1.shape[:-2], x2.shape[:-2])
    rows, others, columns = x1.size(-2), x2.size(-2), x1.size(-1)
    if rows == 0 or others == 0 or columns == 0:
        return wengert.zeros(*batch, rows, others, dtype=x1.dtype)
    if through_product(x1, x2, p, compute_mode):
        return _euclidean(x1, x2)
    result = wengert.empty(*batch, rows, others, dtype=x1.dtype)
    for start, count in rows_at_a_time(x1, x2):
        differences = x1.narrow(-2, start, count).unsqueeze(-2) - x2.unsqueeze(-3)
        result.narrow(-2, start, count).copy_(_vector_norm(differences, p, -1))
    return result


def through_product(x1, x2, p, compute_mode):
    """Whether the distances come from one matrix product."""
    many = x1.size(-2) > 25 or x2.size(-2) > 25
    return p == 2 and (compute_mode == _MODES[1] or (compute_mode in (None, _MODES[0]) and many))


def rows_at_a_time(x1, x2):
    """(first, count) of as many rows of x1 as keep their differences from x2 within a block."""
    rows, batch = x1.size(-2), math.prod(broadcast_shape(x1.shape[:-2], x2.shape[:-2]))
    count = max(1, _BLOCK_BYTES // max(1, batch * x2.size(-2) * x2.size(-1) * x1.itemsize))
    for start in range(0, rows, count):
        yield start, min(count, rows - start)


def _euclidean(x1, x2):
    """|a - b|^2 = |a|^2 - 2 a.b + |b|^2."""
    squares = (x1 * x1).sum(-1, keepdim=True) + (x2 * x2).sum(-1).unsqueeze(-2)
    return (squares - 2 * (x1 @ x2.mT)).clamp_(min=0).sqrt_()
