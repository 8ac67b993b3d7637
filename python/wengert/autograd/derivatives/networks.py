"""Rows of convolutions and pooling."""

from wengert import _C

from . import rule

_functions = _C.functions

# ---- convolutions: the gradient to the input is the transposed convolution, that to the weight a correlation of the two. Both
# are operators with rows of their own, which are convolutions again. Their arguments: two tensors, the shape of the result, the
# convolution's numbers, the padding before the first element.

conv_forward = _functions["_conv_forward"]
conv_input_gradient = _functions["_conv_input_gradient"]
conv_weight_gradient = _functions["_conv_weight_gradient"]


def before(padding, weight_shape, dilation):
    """The padding before the first element; that of 'same' is smaller there where it is odd."""
    if not isinstance(padding, str):
        return padding
    dilation = dilation if len(dilation) > 1 else dilation * (len(weight_shape) - 2)
    return [d * (k - 1) // 2 if padding == "same" else 0 for d, k in zip(dilation, weight_shape[2:], strict=True)]


def summed_over_all_but_channels(grad, weight_shape):
    """The sum of g, (N, C, sizes) or (C, sizes), for each channel."""
    channels = grad.dim() - len(weight_shape) + 1
    return grad.sum([dim for dim in range(grad.dim()) if dim != channels])


rule(
    *(f"conv{dims}d{overload}" for dims in (1, 2, 3) for overload in ("", ".padding")),
    input=lambda grad, weight, input_shape, weight_shape, stride, padding, dilation, groups: conv_input_gradient(
        grad, weight, input_shape, stride, before(padding, weight_shape, dilation), dilation, groups
    ),
    weight=lambda grad, input, weight_shape, stride, padding, dilation, groups: conv_weight_gradient(
        grad, input, weight_shape, stride, before(padding, weight_shape, dilation), dilation, groups
    ),
    bias=summed_over_all_but_channels,
    node="ConvolutionBackward0",
)
rule(
    *(f"conv_transpose{dims}d" for dims in (1, 2, 3)),
    input=lambda grad, weight, input_shape, stride, padding, dilation, groups: conv_forward(
        grad, weight, input_shape, stride, padding, dilation, groups
    ),
    weight=lambda grad, input, weight_shape, stride, padding, dilation, groups: conv_weight_gradient(
        input, grad, weight_shape, stride, padding, dilation, groups
    ),
    bias=summed_over_all_but_channels,
    node="ConvolutionBackward0",
)
rule(
    "_conv_forward",
    input=lambda grad, weight, input_shape, stride, padding, dilation, groups: conv_input_gradient(
        grad, weight, input_shape, stride, padding, dilation, groups
    ),
    weight=lambda grad, input, weight_shape, stride, padding, dilation, groups: conv_weight_gradient(
        grad, input, weight_shape, stride, padding, dilation, groups
    ),
    tangent="multilinear",
)
rule(
    "_conv_input_gradient",
    cotangent=lambda grad, weight, cotangent_shape, stride, padding, dilation, groups: conv_forward(
        grad, weight, cotangent_shape, stride, padding, dilation, groups
    ),
    weight=lambda grad, cotangent, weight_shape, stride, padding, dilation, groups: conv_weight_gradient(
        cotangent, grad, weight_shape, stride, padding, dilation, groups
    ),
    tangent="multilinear",
)
rule(
    "_conv_weight_gradient",
    cotangent=lambda grad, input, cotangent_shape, stride, padding, dilation, groups: conv_forward(
        input, grad, cotangent_shape, stride, padding, dilation, groups
    ),
    input=lambda grad, cotangent, input_shape, stride, padding, dilation, groups: conv_input_gradient(
        cotangent, grad, input_shape, stride, padding, dilation, groups
    ),
    tangent="multilinear",
)

# ---- pooling: the gradient of a maximum goes to the place it was found at, that of a mean to all elements of its window alike

max_pool_gradient = _functions["_max_pool_gradient"]
avg_pool_gradient = _functions["_avg_pool_gradient"]
adaptive_avg_pool_gradient = _functions["_adaptive_avg_pool_gradient"]


def taken_at(values, indices, dims):
    """The elements of g at the places, within each channel"""
    return values.flatten(-dims).gather(-1, indices.flatten(-dims)).view(indices.shape)


def places_of_max(input, dims, kernel_size, stride, padding, dilation, ceil_mode):
    """Within each channel, whose own dimensions are the last `dims`."""
    return _functions[f"max_pool{dims}d_with_indices"](input, kernel_size, stride, padding, dilation, ceil_mode)[1]


def to_max(grad, input, dims, kernel_size, stride, padding, dilation, ceil_mode):
    """g, added at the places of the maxima"""
    places = places_of_max(input, dims, kernel_size, stride, padding, dilation, ceil_mode)
    return max_pool_gradient(grad, places, input.shape, dims)


def of_max(tangent, input, dims, kernel_size, stride, padding, dilation, ceil_mode):
    """The tangent at the places of the maxima"""
    return taken_at(tangent, places_of_max(input, dims, kernel_size, stride, padding, dilation, ceil_mode), dims)


def to_windows(grad, input_shape, dims, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """g, divided among the elements of its window"""
    kernel_size = kernel_size * dims if len(kernel_size) == 1 else kernel_size
    return avg_pool_gradient(grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def averaged(grad, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """The means of g's windows"""
    divisor = (divisor_override,) if len(kernel_size) > 1 else ()
    name = f"avg_pool{len(kernel_size)}d"
    return _functions[name](grad, kernel_size, stride, padding, ceil_mode, count_include_pad, *divisor)


rule(
    "max_pool1d",
    input=lambda grad, input, kernel_size, stride, padding, dilation, ceil_mode: to_max(
        grad, input, 1, kernel_size, stride, padding, dilation, ceil_mode
    ),
    tangent=lambda input, input_tangent, kernel_size, stride, padding, dilation, ceil_mode: of_max(
        input_tangent, input, 1, kernel_size, stride, padding, dilation, ceil_mode
    ),
    kink="of equal elements the first has the gradient",
    node="MaxPool1DWithIndicesBackward0",
)
rule(
    "max_pool1d_with_indices",
    "adaptive_max_pool1d",
    input=lambda grad, indices, input_shape: max_pool_gradient(grad, indices, input_shape, 1),
    tangent=lambda indices, input_tangent: taken_at(input_tangent, indices, 1),
    kink="of equal elements the first has the gradient",
)
rule(
    "max_pool2d",
    input=lambda grad, input, kernel_size, stride, padding, dilation, ceil_mode: to_max(
        grad, input, 2, kernel_size, stride, padding, dilation, ceil_mode
    ),
    tangent=lambda input, input_tangent, kernel_size, stride, padding, dilation, ceil_mode: of_max(
        input_tangent, input, 2, kernel_size, stride, padding, dilation, ceil_mode
    ),
    kink="of equal elements the first has the gradient",
    node="MaxPool2DWithIndicesBackward0",
)
rule(
    "max_pool2d_with_indices",
    "adaptive_max_pool2d",
    input=lambda grad, indices, input_shape: max_pool_gradient(grad, indices, input_shape, 2),
    tangent=lambda indices, input_tangent: taken_at(input_tangent, indices, 2),
    kink="of equal elements the first has the gradient",
)
rule(
    "max_pool3d",
    input=lambda grad, input, kernel_size, stride, padding, dilation, ceil_mode: to_max(
        grad, input, 3, kernel_size, stride, padding, dilation, ceil_mode
    ),
    tangent=lambda input, input_tangent, kernel_size, stride, padding, dilation, ceil_mode: of_max(
        input_tangent, input, 3, kernel_size, stride, padding, dilation, ceil_mode
    ),
    kink="of equal elements the first has the gradient",
    node="MaxPool3DWithIndicesBackward0",
)
rule(
    "max_pool3d_with_indices",
    "adaptive_max_pool3d",
    input=lambda grad, indices, input_shape: max_pool_gradient(grad, indices, input_shape, 3),
    tangent=lambda indices, input_tangent: taken_at(input_tangent, indices, 3),
    kink="of equal elements the first has the gradient",
)
rule(
    "avg_pool1d",
    input=lambda grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad: to_windows(
        grad, input_shape, 1, kernel_size, stride, padding, ceil_mode, count_include_pad, None
    ),
    tangent="linear",
)
rule(
    "avg_pool2d",
    input=lambda grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override: to_windows(
        grad, input_shape, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    ),
    tangent="linear",
)
rule(
    "avg_pool3d",
    input=lambda grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override: to_windows(
        grad, input_shape, 3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    ),
    tangent="linear",
)
rule(
    "adaptive_avg_pool1d",
    input=lambda grad, input_shape: adaptive_avg_pool_gradient(grad, input_shape, 1),
    tangent="linear",
)
rule(
    "adaptive_avg_pool2d",
    input=lambda grad, input_shape: adaptive_avg_pool_gradient(grad, input_shape, 2),
    tangent="linear",
)
rule(
    "adaptive_avg_pool3d",
    input=lambda grad, input_shape: adaptive_avg_pool_gradient(grad, input_shape, 3),
    tangent="linear",
)

rule(
    "_max_pool_gradient",
    cotangent=lambda grad, indices, dims: taken_at(grad, indices, dims),
    tangent="linear",
)
rule("_avg_pool_gradient", cotangent=averaged, tangent="linear")
rule(
    "_adaptive_avg_pool_gradient",
    cotangent=lambda grad, cotangent_shape, dims: _functions[f"adaptive_avg_pool{dims}d"](grad, cotangent_shape[-dims:]),
    tangent="linear",
)
