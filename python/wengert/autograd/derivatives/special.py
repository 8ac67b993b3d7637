"""Rows of special functions: the gamma, error and Bessel families, entropies, logit and sinc.

Formulas are those of the NIST Digital Library of Mathematical Functions (DLMF, https://dlmf.nist.gov), chapters 5 (gamma),
7 (error functions) and 10 (Bessel functions).
"""

import math

import wengert

from . import rule

_SQRT_PI, _SQRT_2PI = math.sqrt(math.pi), math.sqrt(2 * math.pi)

# Of z = (pi x)^2: sinc'(x) = -pi^2 x / 3 times their sum, from the spherical Bessel function j1, DLMF 10.53.1. For z < 1 the
# first one left out is below 2^-53 of it.
_SINC_SERIES = [3 * (-0.5) ** k / (math.factorial(k) * math.prod(range(1, 2 * k + 4, 2))) for k in range(9)]

# Of z = (x / 2)^2: i1'(x), DLMF 10.25.2. For z < 1/4 the first one left out is below 2^-53 of it.
_I1_SERIES = [(k + 0.5) / (math.factorial(k) * math.factorial(k + 1)) for k in range(10)]


def _series(coefficients, z):
    """The sum of coefficient z^k, by Horner."""
    total = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = total * z + coefficient
    return total


def _by_series(input, bound, series, direct):
    """series(x) where |x| < bound, since direct(x) cancels there; neither sees the other's elements."""
    near = input.abs() < bound
    return wengert.where(near, series(input.masked_fill(near.logical_not(), 0)), direct(input.masked_fill(near, bound)))


def _sinc(grad, input):
    """(cos(pi x) - sinc(x)) / x."""
    return grad * _by_series(
        input,
        1 / math.pi,
        series=lambda x: x * _series(_SINC_SERIES, (x * math.pi).square()) * (-(math.pi**2) / 3),
        direct=lambda x: ((x * math.pi).cos() - x.sinc()) / x,
    )


def _i1(grad, input, result):
    """(i0(x) + i2(x)) / 2 = i0(x) - i1(x) / x, DLMF 10.29.1."""
    return grad * _by_series(
        input,
        1,
        series=lambda x: _series(_I1_SERIES, (x / 2).square()),
        direct=lambda x: x.i0() - result / x,
    )


def _i1e(grad, input, result):
    """exp(-|x|) i1'(x) - sign(x) i1e(x)."""
    slope = _by_series(
        input,
        1,
        series=lambda x: (-x.abs()).exp() * _series(_I1_SERIES, (x / 2).square()),
        direct=lambda x: wengert.special_i0e(x) - result / x,
    )
    return grad * (slope - input.sign() * result)


def _log_ndtr(grad, input):
    """The normal density over ndtr(x); below 0, where both vanish, through erfcx, which leaves out their common factor."""
    right = input.clamp_min(0)
    left = input.clamp_max(0)
    density = (right * right * -0.5).exp() / (wengert.special_ndtr(right) * _SQRT_2PI)
    return grad * wengert.where(input > 0, density, 2 / _SQRT_2PI / wengert.special_erfcx(left * -math.sqrt(0.5)))


def _logit(grad, input, eps):
    """1 / (x (1 - x)) from 0 to 1, or from eps to 1 - eps."""
    if eps is None:
        slope = input * (1 - input)
        return (grad / slope).masked_fill(slope < 0, math.nan)
    outside = wengert.logical_or(input < eps, input > 1 - eps)
    x = input.masked_fill(outside, 0.5)
    return grad.masked_fill(outside, 0) / (x * (1 - x))


def _log_of_other(xlogy, grad, input, other, pole):
    """The gradient of input of xlogy or xlog1py, whose logarithm is -inf at other = pole, and 0 at pole + 1."""
    if isinstance(other, wengert.Tensor):
        return xlogy(grad, other.masked_fill(wengert.logical_and(input == 0, other <= pole), pole + 1))
    return xlogy(grad, other).masked_fill(input == 0, 0) if other <= pole else xlogy(grad, other)


rule("lgamma", input=lambda grad, input: grad * input.digamma(), tangent="elementwise", domain=(0.4, 3))
rule("digamma", input=lambda grad, input: grad * wengert.polygamma(1, input), tangent="elementwise", domain=(0.4, 3))
rule("polygamma", input=lambda grad, n, input: grad * wengert.polygamma(n + 1, input), tangent="elementwise")

rule(
    "i0", input=lambda grad, input: grad * wengert.special_i1(input), tangent="elementwise", domain=(-2, 2), node="I0Backward0"
)
rule(
    "special_i0e",
    input=lambda grad, input, result: grad * (wengert.special_i1e(input) - input.sign() * result),
    tangent="elementwise",
    domain=(0.2, 2),
    kink="0 at 0.",
    node="SpecialI0EBackward0",
)
rule("special_i1", input=_i1, tangent="elementwise", domain=(-3, 3), node="SpecialI1Backward0")
rule("special_i1e", input=_i1e, tangent="elementwise", domain=(-3, 3), kink="1/2 at 0.", node="SpecialI1EBackward0")

rule("erf", input=lambda grad, input: grad * ((-input * input).exp() * (2 / _SQRT_PI)), tangent="elementwise", domain=(-2, 2))
rule("erfc", input=lambda grad, input: grad * ((-input * input).exp() * (-2 / _SQRT_PI)), tangent="elementwise", domain=(-2, 2))
rule(
    "erfinv",
    input=lambda grad, input: grad * (input.erfinv().square().exp() * (_SQRT_PI / 2)),
    tangent="elementwise",
    domain=(-0.8, 0.8),
)
rule(
    "special_erfcx",
    input=lambda grad, input, result: grad * (input * result * 2 - 2 / _SQRT_PI),
    tangent="elementwise",
    domain=(-2, 2),
)
rule(
    "special_ndtr",
    input=lambda grad, input: grad * ((input * input * -0.5).exp() / _SQRT_2PI),
    tangent="elementwise",
    domain=(-2, 2),
)
rule(
    "special_ndtri",
    input=lambda grad, result: grad * ((result * result * 0.5).exp() * _SQRT_2PI),
    tangent="elementwise",
    domain=(0.1, 0.9),
)
rule("special_log_ndtr", input=_log_ndtr, tangent="elementwise", domain=(-3, 3))

rule("special_entr", input=lambda grad, input: grad * (-1 - input.log()), tangent="elementwise", domain=(0.2, 2))
rule(
    "xlogy",
    input=lambda grad, input, other: _log_of_other(wengert.xlogy, grad, input, other, 0),
    other=lambda grad, input, other: grad * (input / other),
    tangent="elementwise",
    domain={"input": (-2, 2), "other": (0.4, 2)},
    kink="That of input is 0 at input = 0 >= other.",
    node=("XlogyBackward2", "XlogyBackward0", "XlogyBackward1"),
)
rule(
    "special_xlog1py",
    input=lambda grad, input, other: _log_of_other(wengert.special_xlog1py, grad, input, other, -1),
    other=lambda grad, input, other: grad * (input / (other + 1)),
    tangent="elementwise",
    domain={"input": (-2, 2), "other": (-0.6, 2)},
    kink="That of input is 0 at input = 0, other <= -1.",
    node=("SpecialXlog1PyBackward2", "SpecialXlog1PyBackward0", "SpecialXlog1PyBackward1"),
)
rule("logit", input=_logit, tangent="elementwise", domain=(0.1, 0.9), kink="With eps, 0 outside of [eps, 1 - eps].")
rule("sinc", input=_sinc, tangent="elementwise", domain=(-2, 2))
