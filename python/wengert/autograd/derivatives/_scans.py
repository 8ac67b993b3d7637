"""Gradients of products and scans whose elements may be zero or infinite, where one cannot divide."""

import wengert

from ._shapes import kept


def exclusive_products(x, dim):
    """The product of the elements before each along dim."""
    first = x.narrow(dim, 0, min(1, x.size(dim)))
    return wengert.cat([wengert.ones_like(first), x.narrow(dim, 0, max(x.size(dim) - 1, 0)).cumprod(dim)], dim)


def recurrence(factors, x, dim):
    """s with s[k] = x[k] + factors[k]·s[k + 1] along dim, the factors being one fewer, in log2(n) steps.

    After a step x[k] has met the elements k to k + reach, and factors[k] is the product of as many factors: the scan of Hillis
    and Steele, Data parallel algorithms (1986). Nothing is divided, so that a zero is as good as any other element.
    """
    n, reach = x.size(dim), 1
    while reach < n:
        met = x.narrow(dim, 0, n - reach).addcmul(factors, x.narrow(dim, reach, n - reach))
        x = wengert.cat([met, x.narrow(dim, n - reach, reach)], dim)
        left = n - 2 * reach
        if left > 0:
            factors = factors.narrow(dim, 0, left) * factors.narrow(dim, reach, left)
        reach *= 2
    return x


def prod_gradient(grad, input, result, dim, keepdim):
    """g·(the product of the other elements): g·y / x, or without dividing where a product is 0 or not finite."""
    if not input.ndim:
        return grad
    grad, result = kept(grad, input.shape, dim, keepdim), kept(result, input.shape, dim, keepdim)
    # One look at the products, which are few, decides between one pass and two scans.
    if ((result != 0) & result.isfinite()).all():
        return grad * result / input
    x, along = (input.reshape(-1), 0) if dim is None else (input, dim)
    x = x.to(grad.dtype)
    others = exclusive_products(x, along) * exclusive_products(x.flip(along), along).flip(along)
    return grad * others.reshape(input.shape)


def cumprod_gradient(grad, input, result, dim):
    """Σ g[i]·y[i] / x[k] over i ≥ k; where an x is 0, Σ g[i]·(the product of x[j] with j ≤ i and j ≠ k), without dividing."""
    if not input.ndim:
        return grad
    if not (input == 0).any():
        return (grad * result).flip(dim).cumsum(dim).flip(dim) / input
    x = input.to(grad.dtype)
    return exclusive_products(x, dim) * recurrence(x.narrow(dim, 1, x.size(dim) - 1), grad, dim)


def logcumsumexp_gradient(grad, input, result, dim):
    """Σ g[i]·exp(x[k] - y[i]) over i ≥ k, in steps by factors exp(y[i] - y[i + 1]) ≤ 1, which cannot overflow."""
    if not input.numel() or not input.ndim:
        return grad * (input - result).exp()
    n = input.size(dim)
    y, after = result.narrow(dim, 0, n - 1), result.narrow(dim, 1, n - 1)
    step = (y - after).masked_fill((y == after) & y.isinf(), 0.0)  # between equal infinities
    return (input - result).exp() * recurrence(step.exp(), grad, dim)
