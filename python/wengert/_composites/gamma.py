"""Derivatives of the logarithm of the gamma function, and its form of several dimensions."""

from __future__ import annotations

import math

import wengert

from .._composite import composite
from ..autograd.primitive import primitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wengert import Tensor

# B(2j) / (2j)! of the Euler-Maclaurin formula.
_BERNOULLI = (
    *(1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600),
    *(-3617 / 10670622842880000, 43867 / 5109094217170944000, -174611 / 802857662698291200000),
)


def _zeta(s: int, *parts: tuple[Tensor | float, Tensor]) -> Tensor:
    """The sum over `parts` (factor, q) of factor times Hurwitz' zeta function, the sum of (q + k)^-s over k = 0, 1, ..., for
    float64 q > 0 and s > 1.

    The first terms are summed one by one, as many as bring the first one left out of Euler and Maclaurin's formula for the rest
    below 2^-53 of the sum. Parts are added term by term, since large ones may cancel."""
    direct = 10 + s // 2
    total: Tensor | float = 0.0
    for factor, q in parts:
        y = q + direct
        rest = y.pow(1 - s) / (s - 1) + 0.5 * y.pow(-s)
        rising = float(s)  # s (s + 1) ... (s + 2j - 2)
        for j, coefficient in enumerate(_BERNOULLI, 1):
            rest = rest + coefficient * rising * y.pow(1 - s - 2 * j)
            rising *= (s + 2 * j - 1) * (s + 2 * j)
        total = total + factor * rest
    for k in reversed(range(direct)):  # the small ones first
        term: Tensor | float = 0.0
        for factor, q in parts:
            term = term + factor * (q + k).pow(-s)
        total = total + term
    assert not isinstance(total, float)
    return total


@composite("out")
@primitive("polygamma")
def polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of digamma, element by element: digamma itself for n = 0. Integers become the default float dtype.

    Infinite at 0 and at the negative integers. Computed in float64, to within 8 ULP of it for positive elements.

    >>> wengert.polygamma(1, wengert.tensor([1.0, 0.5]))
    tensor([1.6449, 4.9348])
    """
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    if n == 0:
        return wengert.digamma(input)
    dtype = input.dtype if input.is_floating_point() else wengert.get_default_dtype()
    x, s = input.double(), n + 1
    whole = x == x.floor()
    below, above = x - x.floor(), x.ceil() - x  # the distances to the integers beside x, both exact near them
    positive = x > 0
    if bool(positive.all()):
        total = _zeta(s, (1.0, x))
    else:
        # The terms up to the last negative one are those of a sum from a positive place, less those of another.
        two = x.isfinite().logical_and(wengert.logical_or(positive, whole).logical_not())
        sign = wengert.where(two, (-1.0) ** s, 0.0)
        right = wengert.where(positive, x, wengert.where(two, below, 1.0))
        left = wengert.where(two, above, 1.0)
        total = _zeta(s, (1.0, right), (sign, left)) - sign * _zeta(s, (1.0, wengert.where(two, 1 - x, 1.0)))
        total = wengert.where(whole.logical_and(x <= 0), wengert.inf, total)
        total = wengert.where(x.isnan().logical_or(x == -wengert.inf), wengert.nan, total)
    factorial = float(math.factorial(n)) if n <= 170 else math.inf
    return ((-1) ** s * factorial * total).to(dtype)


@composite("method only", "inplace", name="polygamma")
def _polygamma_of(input: Tensor, n: int) -> Tensor:
    """The n-th derivative of digamma, element by element: wengert.polygamma.

    >>> wengert.tensor([1.0]).polygamma(2)
    tensor([-2.4041])
    """
    return polygamma(n, input)


@composite("method", "inplace", "out")
def mvlgamma(input: Tensor, p: int) -> Tensor:
    """The logarithm of the gamma function of p dimensions: p (p - 1) / 4 log(pi) + the sum of lgamma(input - j / 2) for j < p.

    >>> wengert.mvlgamma(wengert.tensor([3.0, 4.0]), 2)
    tensor([1.5502, 3.5651])
    """
    if input.dtype == wengert.bool:
        raise RuntimeError("The input tensor may not be a boolean tensor.")
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    dtype = input.dtype if input.is_floating_point() else wengert.get_default_dtype()
    x = input.double().contiguous()
    total = wengert.full_like(x, p * (p - 1) / 4 * math.log(math.pi))
    for j in range(p):
        total = total + (x - j / 2).lgamma()
    return total.to(dtype)
