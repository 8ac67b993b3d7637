"""Rows of sorts and order statistics: the gradient goes where the elements came from."""

import wengert

from . import rule
from ._shapes import placed
from .reductions import whole_extreme_gradient

rule(
    "sort",
    "topk",
    input=lambda grad, indices, input_shape, dim: placed(grad, indices, input_shape, dim),
    kink="ties keep the order that the indices give them",
)
rule(
    "msort",
    input=lambda grad, input: placed(grad, input.argsort(dim=0, stable=True), input.shape, 0),
    kink="ties keep their order",
    node="SortBackward0",
)


def chosen_gradient(grad, indices, input_shape, dim, keepdim):
    """g where the indices say along dim, and zeros."""
    return placed(grad, indices, input_shape, dim, keepdim)


OF_TIES = "of ties, the element that the index names has the whole gradient"

rule("kthvalue", "mode", input=chosen_gradient, kink=OF_TIES)
rule("median.dim", input=chosen_gradient, kink=OF_TIES, node="MedianBackward1")
rule("nanmedian.dim", input=chosen_gradient, kink=OF_TIES, node="NanmedianBackward1")
rule("median", "nanmedian", input=whole_extreme_gradient, kink="elements equal to the median share the gradient equally")

# ---- quantiles


def quantile_gradient(grad, input, q, dim, interpolation, ignore_nan):
    """g where the quantile came from, in the parts that the interpolation took."""
    rows, ranks, _ = _rows_and_ranks(input, q, dim, ignore_nan)
    parts = _like_ranks(grad, q, ranks)
    if interpolation in ("linear", "midpoint"):
        above = ranks - ranks.floor() if interpolation == "linear" else 0.5
        ranks = wengert.cat([ranks.floor(), ranks.ceil()], -1)
        parts = wengert.cat([parts * (1 - above), parts * above], -1)
    else:
        ranks = {"lower": ranks.floor, "higher": ranks.ceil, "nearest": ranks.round}[interpolation]()
    places = rows.argsort(dim=-1, stable=True).gather(-1, ranks.long())
    gradient = parts.new_zeros(rows.shape).scatter_add_(-1, places, parts)
    return gradient.reshape(input.shape) if dim is None or not input.ndim else gradient.movedim(-1, dim)


def rank_gradient(grad, input, q, dim, interpolation, ignore_nan):
    """g·(x above - x below)·(n - 1) for linear interpolation; the others choose, and so does a NaN."""
    if interpolation != "linear":
        return None
    rows, ranks, chosen = _rows_and_ranks(input, q, dim, ignore_nan)
    values = rows.sort(-1).values
    step = values.gather(-1, ranks.ceil().long()) - values.gather(-1, ranks.floor().long())
    last = (rows == rows).sum(-1, keepdim=True) - 1
    return (_like_ranks(grad, q, ranks) * step * last).masked_fill(chosen, 0.0)


def _rows_and_ranks(input, q, dim, ignore_nan):
    """input as rows (..., n); the ranks of the quantiles (..., Q) in them; the rows whose ranks q does not decide (..., 1)."""
    rows = input.reshape(-1) if dim is None or not input.ndim else input.movedim(dim, -1)
    last, nan = rows.shape[-1] - 1, rows.isnan()
    if ignore_nan:
        return rows, q * (last - nan.sum(-1, keepdim=True)).clamp(min=0), nan.all(-1, keepdim=True)
    # A NaN is sorted to the end, and is every quantile.
    spoilt = nan.any(-1, keepdim=True)
    return rows, wengert.where(spoilt, float(last), q * last), spoilt


def _like_ranks(grad, q, ranks):
    """The result's gradient, which begins with Q and may have kept dim, in the shape of the ranks."""
    return (grad.movedim(0, -1) if q.ndim else grad).reshape(ranks.shape)


OF_RANKS = "of ties, the elements that a stable sort puts there; the rank of an element has no gradient"

rule(
    "quantile",
    input=lambda grad, input, q, dim, interpolation: quantile_gradient(grad, input, q, dim, interpolation, ignore_nan=False),
    q=lambda grad, input, q, dim, interpolation: rank_gradient(grad, input, q, dim, interpolation, ignore_nan=False),
    kink=OF_RANKS,
    node="SqueezeBackward4",
)
rule(
    "nanquantile",
    input=lambda grad, input, q, dim, interpolation: quantile_gradient(grad, input, q, dim, interpolation, ignore_nan=True),
    q=lambda grad, input, q, dim, interpolation: rank_gradient(grad, input, q, dim, interpolation, ignore_nan=True),
    kink=OF_RANKS,
    node="SqueezeBackward4",
)
rule(
    "quantile.number",
    input=lambda grad, input, q, dim, interpolation: quantile_gradient(
        grad, input, input.new_full((), q), dim, interpolation, ignore_nan=False
    ),
    kink=OF_RANKS,
    node="SqueezeBackward4",
)
rule(
    "nanquantile.number",
    input=lambda grad, input, q, dim, interpolation: quantile_gradient(
        grad, input, input.new_full((), q), dim, interpolation, ignore_nan=True
    ),
    kink=OF_RANKS,
    node="SqueezeBackward4",
)

# ---- counts

rule("bincount", weights=lambda grad, input: grad.index_select(0, input.long()))
rule("histc", input=lambda grad: None, kink="counts are constant between the edges of the bins")
rule("histogram", "histogram.count", input=None, bins=None, weight=None)
rule("unique", "unique_consecutive", input=None)
