"""Rows of arithmetic, rounding, powers, exponentials, trigonometry, and the operators that choose or mix.

What a row saves is what PyTorch saves, or less: a program that changes a tensor in place after its use then works here where it
works there.
"""

import math

import wengert

from . import rule

_LN2, _LN10 = math.log(2), math.log(10)

sigmoid_gradient = wengert._C.functions["_sigmoid_gradient"]  # g (1 - y) y
tanh_gradient = wengert._C.functions["_tanh_gradient"]  # g (1 - y^2)
threshold_gradient = wengert._C.functions["_threshold_gradient"]  # g where the other is above a number or NaN, else 0


def _zero(grad):
    """Zeros: of steps, and of operators that do not depend on the argument where they have a derivative."""
    return None


def _identity(grad):
    return grad


def _scaled(tensor, factor):
    return tensor if factor == 1 else tensor * factor


def _chosen(grad, condition):
    return wengert.where(condition, grad, 0.0)


def _power_of_base(grad, input, exponent):
    """exponent input^(exponent - 1)."""
    if not isinstance(exponent, wengert.Tensor):
        if exponent == 0:
            return None
        if not wengert.is_grad_enabled() and exponent in (1, 2):
            return grad if exponent == 1 else grad * (input * 2)
        return grad * (exponent * input.pow(exponent - 1))  # down to input^0: the derivative after the last is 0, no error
    lowered = (exponent - 1).masked_fill(wengert.logical_and(input == 0, exponent == 0), 0)  # 0 0^(0 - 1) is 0 here
    return grad * (exponent * input.pow(lowered))


def _power_of_exponent(grad, input, exponent, result):
    """input^exponent log(input)."""
    if isinstance(input, wengert.Tensor):
        # Where 0^exponent is constant, log(1) takes the place of log(0). xlogy takes the logarithm of integers in grad's dtype.
        return wengert.xlogy(grad * result, input.masked_fill(wengert.logical_and(input == 0, exponent >= 0), 1))
    if input == 0:
        return grad * (result * wengert.where(exponent >= 0, 0.0, -math.inf))
    return grad * (result * (math.log(input) if input > 0 else math.nan))


def _double(value):
    return value.double() if isinstance(value, wengert.Tensor) else value


def _angle(grad, away, radius):
    """The gradient of atan2 from away / radius^2: 0 at the origin."""
    radius = radius.masked_fill(radius == 0, 1)
    return grad * (away / radius / radius)


def _half_at_ties(grad, tie, none):
    return wengert.where(none, 0.0, wengert.where(tie, grad / 2, grad))


def _clamp(grad, input, min=None, max=None):
    """1 where neither bound takes effect."""
    if min is None:
        return _chosen(grad, input <= max)
    if max is None:
        return _chosen(grad, input >= min)
    return _chosen(grad, wengert.logical_and(input >= min, input <= max))


def _clamp_of_min(grad, input, min, max=None):
    """1 where the result is min."""
    below = input < min
    return _chosen(grad, below if max is None else wengert.logical_and(below, min < max))


def _clamp_of_max(grad, input, max, min=None):
    """1 where the result is max."""
    above = input > max
    return _chosen(grad, above if min is None else wengert.logical_or(above, max < min))


# Arithmetic

rule("add", input=_identity, other=lambda grad, alpha: _scaled(grad, alpha), tangent="elementwise", domain=(-2, 2))
rule(
    "sub",
    input=_identity,
    other=lambda grad, alpha: _scaled(grad, -alpha),
    tangent="elementwise",
    domain=(-2, 2),
    node=("SubBackward0", "SubBackward0", "RsubBackward1"),
)
rule(
    "rsub",
    input=lambda grad, alpha: _scaled(grad, -alpha),
    other=_identity,
    tangent="elementwise",
    domain=(-2, 2),
    node=("RsubBackward1", "RsubBackward0", "RsubBackward0"),
)
rule(
    "mul", input=lambda grad, other: grad * other, other=lambda grad, input: grad * input, tangent="elementwise", domain=(-2, 2)
)
rule(
    "div",
    input=lambda grad, other, rounding_mode: None if rounding_mode else grad / other,
    other=lambda grad, input, other, rounding_mode: None if rounding_mode else -grad * (input / other / other),
    tangent="elementwise",
    domain={"input": (-2, 2), "other": (0.4, 2)},
    kink="With a rounding_mode zero everywhere, also at the steps.",
    node=("DivBackward0", "DivBackward0", "MulBackward0"),  # PyTorch multiplies a number by the reciprocal
)
rule(
    "floor_divide",
    input=_zero,
    other=_zero,
    tangent="elementwise",
    kink="Zero everywhere, also at the steps; PyTorch's backward raises.",
)
rule(
    "remainder",
    input=_identity,
    other=lambda grad, input, other: -grad * wengert.div(input, other, rounding_mode="floor"),
    tangent="elementwise",
    kink="At the steps that of one side: the quotient is taken as constant. PyTorch's backward raises for a number and a tensor.",
    node=("RemainderBackward0", "RemainderBackward1", "RemainderBackward1"),
)
rule(
    "fmod",
    input=_identity,
    other=lambda grad, input, other: -grad * wengert.div(input, other, rounding_mode="trunc"),
    tangent="elementwise",
    kink="At the steps that of one side: the quotient is taken as constant.",
    node=("FmodBackward0", "FmodBackward1", "FmodBackward1"),
)
rule("neg", input=lambda grad: -grad, tangent="linear", domain=(-2, 2))
rule(
    "square",
    input=lambda grad, input: _power_of_base(grad, input, 2),
    tangent="elementwise",
    domain=(-2, 2),
    node="PowBackward0",
)
rule("reciprocal", input=lambda grad, result: -grad * (result * result), tangent="elementwise", domain=(0.4, 2))
rule("abs", input=lambda grad, input: grad * input.sign(), tangent="elementwise", kink="0 at 0.")
# PyTorch returns the tensor itself from these, and so do they here: nothing is recorded unless a copy is made.
rule(
    "positive",
    "conj",
    "conj_physical",
    "resolve_conj",
    "resolve_neg",
    "real",
    input=_identity,
    tangent="linear",
    domain=(-2, 2),
)
rule("deg2rad", input=lambda grad: grad.deg2rad(), tangent="linear", domain=(-2, 2), node="Deg2RadBackward0")
rule("rad2deg", input=lambda grad: grad.rad2deg(), tangent="linear", domain=(-2, 2), node="Rad2DegBackward0")

# Rounding and signs

rule("floor", "ceil", "trunc", "round", input=_zero, tangent="elementwise", kink="Zero everywhere, also at the steps.")
rule("round.decimals", input=_zero, tangent="elementwise", kink="Zero everywhere, also at the steps.", node="RoundBackward1")
rule("frac", input=_identity, tangent="elementwise", kink="1 everywhere, also at the steps.")
rule("sign", "angle", input=_zero, tangent="elementwise", kink="Zero everywhere, also at 0.")
rule(
    "heaviside",
    input=_zero,
    values=lambda grad, input: _chosen(grad, input == 0),
    tangent="elementwise",
    kink="That of input is zero, also at 0; PyTorch's backward raises.",
)
rule(
    "copysign",
    input=lambda grad, input, result: grad * (input.sign() * result.sign()),
    other=_zero,
    tangent="elementwise",
    kink="0 where input is 0; other has no influence but at its change of sign.",
    node=("CopysignBackward1", "CopysignBackward0", "CopysignBackward0"),
)
rule(
    "nextafter",
    input=lambda grad, input, other: grad.masked_fill(input == other, 0),
    other=_zero,
    tangent="elementwise",
    kink="The step to the next float is taken as constant; 0 for both where they are equal.",
)
rule(
    "ldexp",
    input=lambda grad, other: grad.ldexp(other),
    other=lambda grad, result: grad * (result * _LN2),
    tangent="elementwise",
    domain=(-2, 2),
)
rule("frexp", input=lambda grad, exponent: grad.ldexp(-exponent), kink="The exponent is taken as constant.")


# Powers and exponentials

_POWER_KINK = "That of input is 0 at input = exponent = 0; that of exponent is 0 at input = 0 <= exponent."
_POWER_NODES = ("PowBackward0", "PowBackward1", "PowBackward2")
rule(
    "pow",
    input=_power_of_base,
    exponent=_power_of_exponent,
    tangent="elementwise",
    domain=(0.4, 2),
    kink=_POWER_KINK,
    node=_POWER_NODES,
)
rule(
    "float_power",
    input=lambda grad, input, exponent: _power_of_base(grad, input.double(), _double(exponent)),
    exponent=lambda grad, input, exponent, result: _power_of_exponent(grad, _double(input), exponent, result),
    tangent="elementwise",
    domain=(0.4, 2),
    kink=_POWER_KINK,
    node=_POWER_NODES,
)
rule("sqrt", input=lambda grad, result: grad / (result * 2), tangent="elementwise", domain=(0.4, 2))
rule("rsqrt", input=lambda grad, result: grad * (result * result * result * -0.5), tangent="elementwise", domain=(0.4, 2))
rule("exp", input=lambda grad, result: grad * result, tangent="elementwise", domain=(-2, 2))
rule("exp2", input=lambda grad, result: grad * (result * _LN2), tangent="elementwise", domain=(-2, 2))
rule("expm1", input=lambda grad, result: grad * (result + 1), tangent="elementwise", domain=(-2, 2))
rule("log", input=lambda grad, input: grad / input, tangent="elementwise", domain=(0.4, 2))
rule("log2", input=lambda grad, input: grad / (input * _LN2), tangent="elementwise", domain=(0.4, 2))
rule("log10", input=lambda grad, input: grad / (input * _LN10), tangent="elementwise", domain=(0.4, 2))
rule("log1p", input=lambda grad, input: grad / (input + 1), tangent="elementwise", domain=(-0.6, 2), node="Log1PBackward0")
rule(
    "logaddexp",
    input=lambda grad, input, other: grad / ((other - input).exp() + 1),
    other=lambda grad, input, other: grad / ((input - other).exp() + 1),
    tangent="elementwise",
    domain=(-2, 2),
)
rule(
    "logaddexp2",
    input=lambda grad, input, other: grad / ((other - input).exp2() + 1),
    other=lambda grad, input, other: grad / ((input - other).exp2() + 1),
    tangent="elementwise",
    domain=(-2, 2),
)

# Trigonometric and hyperbolic functions

rule("sin", input=lambda grad, input: grad * input.cos(), tangent="elementwise", domain=(-2, 2))
rule("cos", input=lambda grad, input: -grad * input.sin(), tangent="elementwise", domain=(-2, 2))
rule("tan", input=lambda grad, result: grad * (result * result + 1), tangent="elementwise", domain=(-1.2, 1.2))
rule("asin", input=lambda grad, input: grad * (1 - input * input).rsqrt(), tangent="elementwise", domain=(-0.8, 0.8))
rule("acos", input=lambda grad, input: -grad * (1 - input * input).rsqrt(), tangent="elementwise", domain=(-0.8, 0.8))
rule("atan", input=lambda grad, input: grad / (input * input + 1), tangent="elementwise", domain=(-2, 2))
rule(
    "atan2",
    input=lambda grad, input, other: _angle(grad, other, input.hypot(other)),
    other=lambda grad, input, other: _angle(-grad, input, input.hypot(other)),
    tangent="elementwise",
    kink="0 for both at the origin.",
)
rule(
    "hypot",
    input=lambda grad, input, result: grad * (input / result),
    other=lambda grad, other, result: grad * (other / result),
    tangent="elementwise",
    domain=(0.2, 2),
    kink="NaN for both at the origin.",
)
rule("sinh", input=lambda grad, input: grad * input.cosh(), tangent="elementwise", domain=(-2, 2))
rule("cosh", input=lambda grad, input: grad * input.sinh(), tangent="elementwise", domain=(-2, 2))
rule("tanh", input=lambda grad, result: tanh_gradient(grad, result), tangent="elementwise", domain=(-2, 2))
rule("asinh", input=lambda grad, input: grad * (input * input + 1).rsqrt(), tangent="elementwise", domain=(-2, 2))
rule("acosh", input=lambda grad, input: grad * (input * input - 1).rsqrt(), tangent="elementwise", domain=(1.2, 3))
rule("atanh", input=lambda grad, input: grad / (1 - input * input), tangent="elementwise", domain=(-0.8, 0.8))
rule("sigmoid", input=lambda grad, result: sigmoid_gradient(grad, result), tangent="elementwise", domain=(-2, 2))

# Choosing and mixing

rule("relu", input=lambda grad, result: threshold_gradient(grad, result, 0), tangent="elementwise", kink="0 at 0.")
rule(
    "maximum",
    input=lambda grad, input, other: _half_at_ties(grad, input == other, input < other),
    other=lambda grad, input, other: _half_at_ties(grad, input == other, input > other),
    tangent="elementwise",
    kink="Half each where they are equal; all to each where one is NaN.",
)
rule(
    "minimum",
    input=lambda grad, input, other: _half_at_ties(grad, input == other, input > other),
    other=lambda grad, input, other: _half_at_ties(grad, input == other, input < other),
    tangent="elementwise",
    kink="Half each where they are equal; all to each where one is NaN.",
)
rule(
    "fmax",
    input=lambda grad, input, other: _chosen(grad, wengert.logical_or(input >= other, other.isnan())),
    other=lambda grad, input, other: grad.masked_fill(wengert.logical_or(input >= other, other.isnan()), 0),
    tangent="elementwise",
    kink="All to input where they are equal or both are NaN.",
)
rule(
    "fmin",
    input=lambda grad, input, other: _chosen(grad, wengert.logical_or(input <= other, other.isnan())),
    other=lambda grad, input, other: grad.masked_fill(wengert.logical_or(input <= other, other.isnan()), 0),
    tangent="elementwise",
    kink="All to input where they are equal or both are NaN.",
)
rule(
    "where",
    "where.self",
    input=lambda grad, condition: wengert.where(condition, grad, 0.0),
    other=lambda grad, condition: wengert.where(condition, 0.0, grad),
    tangent="elementwise",
    node="WhereBackward0",
)
rule(
    "masked_fill",
    input=lambda grad, mask: grad.masked_fill(mask, 0),
    value=lambda grad, mask: wengert.where(mask, grad, 0.0),
    tangent="elementwise",
    node="MaskedFillBackward0",
)
_CLAMP_KINK = "All to input at a bound, to max where min is above it; nothing where one is NaN."
rule(
    "clamp",
    input=_clamp,
    min=_clamp_of_min,
    max=_clamp_of_max,
    tangent="elementwise",
    kink=_CLAMP_KINK,
    node=("ClampBackward1", "ClampBackward0", "ClampBackward0"),
)
rule(
    "clamp_min",
    input=lambda grad, input, min: _clamp(grad, input, min=min),
    min=lambda grad, input, min: _clamp_of_min(grad, input, min),
    tangent="elementwise",
    kink=_CLAMP_KINK,
    node=("ClampMinBackward0", "ClampMinBackward1", "ClampMinBackward1"),
)
rule(
    "clamp_max",
    input=lambda grad, input, max: _clamp(grad, input, max=max),
    max=lambda grad, input, max: _clamp_of_max(grad, input, max),
    tangent="elementwise",
    kink=_CLAMP_KINK,
    node=("ClampMaxBackward0", "ClampMaxBackward1", "ClampMaxBackward1"),
)
rule(
    "nan_to_num",
    input=lambda grad, input: _chosen(grad, input.isfinite()),
    tangent="elementwise",
    domain=(-2, 2),
    kink="0 where NaN or an infinity was replaced.",
)
rule(
    "lerp",
    input=lambda grad, weight: grad * (1 - weight),
    end=lambda grad, weight: grad * weight,
    weight=lambda grad, input, end: grad * (end - input),
    tangent="elementwise",
    domain=(-2, 2),
    node="LerpBackward0",
)
rule(
    "addcmul",
    input=_identity,
    tensor1=lambda grad, tensor2, value: _scaled(grad * tensor2, value),
    tensor2=lambda grad, tensor1, value: _scaled(grad * tensor1, value),
    tangent="elementwise",
    domain=(-2, 2),
)
rule(
    "addcdiv",
    input=_identity,
    tensor1=lambda grad, tensor2, value: _scaled(grad, value) / tensor2,
    tensor2=lambda grad, tensor1, tensor2, value: _scaled(grad, -value) * (tensor1 / tensor2 / tensor2),
    tangent="elementwise",
    domain={"input": (-2, 2), "tensor1": (-2, 2), "tensor2": (0.4, 2)},
)
