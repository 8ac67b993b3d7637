"""Rows of the activations of networks, and of their gradients, g f'(x), which are operators of one pass."""

from wengert import _C

from . import rule

_functions = _C.functions

# ---- smooth ones

gelu_gradient = _functions["_gelu_gradient"]
silu_gradient = _functions["_silu_gradient"]
mish_gradient = _functions["_mish_gradient"]
softplus_gradient = _functions["_softplus_gradient"]
logsigmoid_gradient = _functions["_logsigmoid_gradient"]
sigmoid_gradient = _functions["_sigmoid_gradient"]
tanh_gradient = _functions["_tanh_gradient"]


def gelu_second(input, approximate):
    """f'' of x Φ(x): φ(x) (2 - x²); or of ½ x (1 + tanh u), u = √(2/π) (x + 0.044715 x³)."""
    if approximate == "none":
        return (input.square() * -0.5).exp() * (2 - input.square()) * 0.3989422804014327
    slope = 0.7978845608028654 * (1 + 0.134145 * input.square())
    t = (0.7978845608028654 * (input + 0.044715 * input.pow(3))).tanh()
    return (1 - t.square()) * (slope + input * (0.7978845608028654 * 0.134145 * input - t * slope.square()))


def silu_second(input):
    """f'' of x s, where s is the sigmoid."""
    s = input.sigmoid()
    return s * (1 - s) * (2 + input * (1 - 2 * s))


def mish_second(input):
    """f'' of x t, t = tanh(log(1 + eˣ)), whose derivative is (1 - t²) s with the sigmoid s."""
    s, t = input.sigmoid(), _functions["softplus"](input).tanh()
    return (1 - t.square()) * s * (2 + input * (1 - s - 2 * t * s))


def softplus_second(input, beta, threshold):
    """beta s (1 - s) where beta x is not above threshold"""
    s = (input * beta).sigmoid()
    return (beta * s * (1 - s)).masked_fill(input * beta > threshold, 0)


def logsigmoid_second(input):
    """-s (1 - s)"""
    s = input.sigmoid()
    return s * (s - 1)


rule("gelu", input=lambda grad, input, approximate: gelu_gradient(grad, input, approximate=approximate), tangent="elementwise")
rule(
    "_gelu_gradient",
    cotangent=lambda grad, input, approximate: gelu_gradient(grad, input, approximate=approximate),
    input=lambda grad, cotangent, input, approximate: grad * cotangent * gelu_second(input, approximate),
    tangent="elementwise",
)
rule("silu", input=lambda grad, input: silu_gradient(grad, input), tangent="elementwise")
rule(
    "_silu_gradient",
    cotangent=lambda grad, input: silu_gradient(grad, input),
    input=lambda grad, cotangent, input: grad * cotangent * silu_second(input),
    tangent="elementwise",
)
rule("mish", input=lambda grad, input: mish_gradient(grad, input), tangent="elementwise")
rule(
    "_mish_gradient",
    cotangent=lambda grad, input: mish_gradient(grad, input),
    input=lambda grad, cotangent, input: grad * cotangent * mish_second(input),
    tangent="elementwise",
)
rule(
    "softplus",
    input=lambda grad, input, beta, threshold: softplus_gradient(grad, input, beta, threshold),
    tangent="elementwise",
    kink="above the threshold the slope is 1",
)
rule(
    "_softplus_gradient",
    cotangent=lambda grad, input, beta, threshold: softplus_gradient(grad, input, beta, threshold),
    input=lambda grad, cotangent, input, beta, threshold: grad * cotangent * softplus_second(input, beta, threshold),
    tangent="elementwise",
)
rule(
    "logsigmoid",
    input=lambda grad, input: logsigmoid_gradient(grad, input),
    tangent="elementwise",
    node="LogSigmoidBackward0",
)
rule(
    "_logsigmoid_gradient",
    cotangent=lambda grad, input: logsigmoid_gradient(grad, input),
    input=lambda grad, cotangent, input: grad * cotangent * logsigmoid_second(input),
    tangent="elementwise",
)

# ---- of sigmoid and tanh, whose own rows are among the elementwise ones


rule(
    "_sigmoid_gradient",
    cotangent=lambda grad, output: sigmoid_gradient(grad, output),
    output=lambda grad, cotangent, output: grad * cotangent * (1 - 2 * output),
    tangent="elementwise",
)
rule(
    "_tanh_gradient",
    cotangent=lambda grad, output: tanh_gradient(grad, output),
    output=lambda grad, cotangent, output: grad * cotangent * (-2 * output),
    tangent="elementwise",
)

# ---- exponentials below zero

elu_gradient = _functions["_elu_gradient"]
selu_gradient = _functions["_selu_gradient"]
SELU = 1.7580993408473766  # scale times alpha


def elu_second(input, alpha, input_scale):
    """alpha c² exp(c x) below zero, c the input's scale"""
    return ((input * input_scale).exp() * (alpha * input_scale**2)).masked_fill(input > 0, 0)


rule(
    "elu",
    input=lambda grad, input, alpha, input_scale: elu_gradient(grad, input, alpha, input_scale),
    tangent="elementwise",
    kink="at 0 that of the exponential",
)
rule(
    "_elu_gradient",
    cotangent=lambda grad, input, alpha, input_scale: elu_gradient(grad, input, alpha, input_scale),
    input=lambda grad, cotangent, input, alpha, input_scale: grad * cotangent * elu_second(input, alpha, input_scale),
    tangent="elementwise",
)
rule(
    "selu",
    input=lambda grad, input: selu_gradient(grad, input),
    tangent="elementwise",
    kink="at 0 that of the exponential",
    node="EluBackward0",
)
rule(
    "_selu_gradient",
    cotangent=lambda grad, input: selu_gradient(grad, input),
    input=lambda grad, cotangent, input: grad * cotangent * elu_second(input, SELU, 1),
    tangent="elementwise",
)

# ---- pieces of lines, whose gradients do not change with the input: their gradient to it is zero

leaky_relu_gradient = _functions["_leaky_relu_gradient"]
hardtanh_gradient = _functions["_hardtanh_gradient"]
hardsigmoid_gradient = _functions["_hardsigmoid_gradient"]
hardswish_gradient = _functions["_hardswish_gradient"]
shrink_gradient = _functions["_shrink_gradient"]
threshold_gradient = _functions["_threshold_gradient"]


def below_zero(values, input):
    """Values where input is not positive, else 0."""
    return values.masked_fill(input > 0, 0)


rule(
    "leaky_relu",
    input=lambda grad, input, negative_slope: leaky_relu_gradient(grad, input, negative_slope),
    tangent="elementwise",
    kink="at 0 the negative slope",
)
rule(
    "_prelu_kernel",
    input=lambda grad, input, weight: leaky_relu_gradient(grad, input, weight),
    weight=lambda grad, input: below_zero(grad * input, input),
    tangent="elementwise",
    kink="at 0 the negative slope",
)
rule(
    "_leaky_relu_gradient",
    cotangent=lambda grad, input, negative_slope: leaky_relu_gradient(grad, input, negative_slope),
    input=lambda grad: None,
    negative_slope=lambda grad, cotangent, input: below_zero(grad * cotangent, input),
    tangent="elementwise",
)
rule(
    "hardtanh",
    input=lambda grad, input, min_val, max_val: hardtanh_gradient(grad, input, min_val, max_val),
    tangent="elementwise",
    kink="at the bounds 0",
)
rule(
    "_hardtanh_gradient",
    cotangent=lambda grad, input, min_val, max_val: hardtanh_gradient(grad, input, min_val, max_val),
    input=lambda grad: None,
    tangent="elementwise",
)
rule(
    "hardsigmoid",
    input=lambda grad, input: hardsigmoid_gradient(grad, input),
    tangent="elementwise",
    kink="at -3 and 3 0",
)
rule(
    "_hardsigmoid_gradient",
    cotangent=lambda grad, input: hardsigmoid_gradient(grad, input),
    input=lambda grad: None,
    tangent="elementwise",
)
rule(
    "hardswish",
    input=lambda grad, input: hardswish_gradient(grad, input),
    tangent="elementwise",
    kink="at -3 0, at 3 1",
)
rule(
    "_hardswish_gradient",
    cotangent=lambda grad, input: hardswish_gradient(grad, input),
    input=lambda grad, cotangent, input: (grad * cotangent / 3).masked_fill(input.abs() >= 3, 0),
    tangent="elementwise",
)
rule(
    "softshrink",
    "hardshrink",
    input=lambda grad, input, lambd: shrink_gradient(grad, input, lambd),
    tangent="elementwise",
    kink="at ±lambd 0",
)
rule(
    "_shrink_gradient",
    cotangent=lambda grad, input, lambd: shrink_gradient(grad, input, lambd),
    input=lambda grad: None,
    tangent="elementwise",
)
rule(
    "threshold",
    input=lambda grad, input, threshold: threshold_gradient(grad, input, threshold),
    tangent="elementwise",
    kink="at the threshold 0",
)
rule(
    "_threshold_gradient",
    cotangent=lambda grad, input, threshold: threshold_gradient(grad, input, threshold),
    input=lambda grad: None,
    tangent="elementwise",
)
