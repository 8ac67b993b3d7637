"""Rows of reductions: sums, extremes, moments, norms, softmax and scans."""

import wengert

from . import rule
from ._norms import dist_gradients, norm_gradient, renorm_gradient
from ._scans import cumprod_gradient, logcumsumexp_gradient, prod_gradient
from ._shapes import kept, placed, reduced_count, shared, spread

# ---- sums and products


def mean_gradient(grad, input_shape, dim, keepdim):
    """g / n, for each of the n elements: a view with strides of 0."""
    count = max(reduced_count(input_shape, dim), 1)  # of no elements, any number will do but the 0 that makes NaNs
    return spread(grad / count, input_shape, dim, keepdim)


def nansum_gradient(grad, input, dim, keepdim):
    """g where x is a number."""
    return kept(grad, input.shape, dim, keepdim) * (input == input)


def nanmean_gradient(grad, input, dim, keepdim):
    """g / n for each of the n numbers."""
    return shared(kept(grad, input.shape, dim, keepdim), input == input, dim)


rule("sum", input=spread, tangent="linear", node=("SumBackward0", "SumBackward1"))
rule("mean", input=mean_gradient, tangent="linear", node=("MeanBackward0", "MeanBackward1"))
rule("nansum", input=nansum_gradient, kink="no gradient goes to a NaN")
rule("nanmean", input=nanmean_gradient, kink="no gradient goes to a NaN, but NaN where all are", node="DivBackward0")
rule("prod", input=prod_gradient, node=("ProdBackward0", "ProdBackward1"))

# ---- extremes


def extreme_gradient(grad, input, result, dim, keepdim):
    """g where x = y, in equal parts."""
    grad, result = kept(grad, input.shape, dim, keepdim), kept(result, input.shape, dim, keepdim)
    return shared(grad, input == result, dim)


def whole_extreme_gradient(grad, input, result):
    """g where x = y, or where x is NaN if y is, in equal parts."""
    return shared(grad, input == result if result == result else input != input)


def aminmax_gradient(some_grads, input, min, max, dim, keepdim):
    """g₁ where x = min and g₂ where x = max, each in equal parts."""
    parts = [
        extreme_gradient(grad, input, result, dim, keepdim)
        for grad, result in zip(some_grads, (min, max), strict=True)
        if grad is not None
    ]
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]


OF_TIES = "ties share the gradient equally, and so do NaNs"

rule("max", input=whole_extreme_gradient, kink=OF_TIES, node="MaxBackward1")
rule("min", input=whole_extreme_gradient, kink=OF_TIES, node="MinBackward1")
rule("amax", "amin", input=extreme_gradient, kink="ties share the gradient equally; NaN where the result is NaN")
rule("aminmax", input=aminmax_gradient, kink="ties share the gradient equally; NaN where the result is NaN")

rule(
    "max.dim",
    "min.dim",
    input=lambda grad, indices, input_shape, dim, keepdim: placed(grad, indices, input_shape, dim, keepdim),
    kink="of ties, the element that the index names has the whole gradient",
)

rule(
    "max.other",
    input=lambda grad, input, other: wengert.where(input == other, grad / 2, grad.masked_fill(input < other, 0.0)),
    other=lambda grad, input, other: wengert.where(input == other, grad / 2, grad.masked_fill(other < input, 0.0)),
    kink="half for each of a tie; all for both where one is NaN",
    node="MaximumBackward0",
)
rule(
    "min.other",
    input=lambda grad, input, other: wengert.where(input == other, grad / 2, grad.masked_fill(input > other, 0.0)),
    other=lambda grad, input, other: wengert.where(input == other, grad / 2, grad.masked_fill(other > input, 0.0)),
    kink="half for each of a tie; all for both where one is NaN",
    node="MinimumBackward0",
)

# ---- moments


def var_gradient(grad, input, dim, correction, keepdim):
    """2·g·(x - mean) / (n - correction)."""
    freedom = reduced_count(input.shape, dim) - (1 if correction is None else correction)
    grad = kept(grad * (2 / freedom if freedom else float("inf")), input.shape, dim, keepdim)
    return (input - input.mean(dim, keepdim=True)) * grad


def std_gradient(grad, input, result, dim, correction, keepdim):
    """g·(x - mean) / (y·(n - correction)), 0 where y = 0."""
    return var_gradient((grad / (2 * result)).masked_fill(result == 0, 0.0), input, dim, correction, keepdim)


def var_mean_gradient(some_grads, input, dim, correction, keepdim):
    """2·g₁·(x - mean) / (n - correction) + g₂ / n."""
    of_var, of_mean = some_grads
    if of_var is None:
        return mean_gradient(of_mean, input.shape, dim, keepdim)
    of_var = var_gradient(of_var, input, dim, correction, keepdim)
    return of_var if of_mean is None else of_var + mean_gradient(of_mean, input.shape, dim, keepdim)


def std_mean_gradient(some_grads, input, results, dim, correction, keepdim):
    """g₁·(x - mean) / (y·(n - correction)) + g₂ / n."""
    of_std, of_mean = some_grads
    if of_std is None:
        return mean_gradient(of_mean, input.shape, dim, keepdim)
    of_std = std_gradient(of_std, input, results[0], dim, correction, keepdim)
    return of_std if of_mean is None else of_std + mean_gradient(of_mean, input.shape, dim, keepdim)


OF_ONE = "NaN where n = correction, as of a single element"
OF_EQUALS = "0 where the elements are equal; NaN where n = correction, as of a single element"

rule("var", input=var_gradient, kink=OF_ONE)
rule(
    "var.dim", input=lambda grad, input, dim, unbiased, keepdim: var_gradient(grad, input, dim, unbiased, keepdim), kink=OF_ONE
)
rule("var.unbiased", input=lambda grad, input, unbiased: var_gradient(grad, input, None, unbiased, False), kink=OF_ONE)

rule("std", input=std_gradient, kink=OF_EQUALS)
rule(
    "std.dim",
    input=lambda grad, input, result, dim, unbiased, keepdim: std_gradient(grad, input, result, dim, unbiased, keepdim),
    kink=OF_EQUALS,
)
rule(
    "std.unbiased",
    input=lambda grad, input, result, unbiased: std_gradient(grad, input, result, None, unbiased, False),
    kink=OF_EQUALS,
)

rule("var_mean", input=var_mean_gradient, kink=OF_ONE)
rule(
    "var_mean.dim",
    input=lambda some_grads, input, dim, unbiased, keepdim: var_mean_gradient(some_grads, input, dim, unbiased, keepdim),
    kink=OF_ONE,
)
rule(
    "var_mean.unbiased",
    input=lambda some_grads, input, unbiased: var_mean_gradient(some_grads, input, None, unbiased, False),
    kink=OF_ONE,
)

rule("std_mean", input=std_mean_gradient, kink=OF_EQUALS)
rule(
    "std_mean.dim",
    input=lambda some_grads, input, results, dim, unbiased, keepdim: std_mean_gradient(
        some_grads, input, results, dim, unbiased, keepdim
    ),
    kink=OF_EQUALS,
)
rule(
    "std_mean.unbiased",
    input=lambda some_grads, input, results, unbiased: std_mean_gradient(some_grads, input, results, None, unbiased, False),
    kink=OF_EQUALS,
)

# ---- norms

OF_ZEROS = "0 where x = 0; for p = ±inf the elements with |x| = y share the gradient equally"

rule(
    "norm",
    input=lambda grad, input, result, dim, keepdim: norm_gradient(grad, input, 2, result, dim, keepdim),
    kink="0 where x = 0",
    node="LinalgVectorNormBackward0",
)
rule("norm.p", input=norm_gradient, kink=OF_ZEROS, node="LinalgVectorNormBackward0")
rule(
    "_linalg_vector_norm",
    input=lambda grad, input, ord, result, dim, keepdim: norm_gradient(grad, input, ord, result, dim, keepdim),
    kink=OF_ZEROS,
    node="LinalgVectorNormBackward0",
)
rule("dist", of=("input", "other"), joint=dist_gradients, kink=OF_ZEROS)
rule("renorm", input=renorm_gradient, kink="a slice whose norm is maxnorm is taken to be kept")

# ---- softmax


def softmax_gradient(grad, result, dim):
    """y·(g - Σ g·y)."""
    weighted = grad * result
    return weighted.addcmul(result, weighted.sum(dim, keepdim=True), value=-1)


def log_softmax_gradient(grad, result, dim):
    """g - exp(y)·Σ g."""
    return grad.addcmul(result.exp(), grad.sum(dim, keepdim=True), value=-1)


rule(
    "softmax",
    input=softmax_gradient,
    # The Jacobian diag(y) - y y' is symmetric.
    tangent=lambda input_tangent, result, dim: softmax_gradient(input_tangent, result, dim),
)
rule("log_softmax", input=log_softmax_gradient)


def logsumexp_gradient(grad, input, result, dim, keepdim):
    """g·exp(x - y)."""
    grad, result = kept(grad, input.shape, dim, keepdim), kept(result, input.shape, dim, keepdim)
    return grad * (input - result).exp()


rule("logsumexp", input=logsumexp_gradient, kink="NaN at an infinity that the result equals")

# ---- scans


def cumsum_gradient(grad, dim):
    """Σ g[i] over i ≥ k."""
    return grad.flip(dim).cumsum(dim).flip(dim)


def last_extreme_gradient(grad, indices, input_shape, dim):
    """g added up where the indices say."""
    return grad.new_zeros(input_shape).scatter_add_(dim, indices, grad)


rule("cumsum", input=cumsum_gradient, tangent="linear")
rule("cumprod", input=cumprod_gradient)
rule("cummax", "cummin", input=last_extreme_gradient, kink="of ties, the last one has the gradient")
rule("logcumsumexp", input=logcumsumexp_gradient, kink="NaN at an infinity that the result equals")
