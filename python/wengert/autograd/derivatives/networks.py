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
    """The elements of values at indices within each channel, whose last `dims` dimensions are its own."""
    return values.flatten(-dims).gather(-1, indices.flatten(-dims)).view(indices.shape)


def averaged(grad, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """avg_pool of g over as many axes as kernel_size has."""
    divisor = (divisor_override,) if len(kernel_size) > 1 else ()
    name = f"avg_pool{len(kernel_size)}d"
    return _functions[name](grad, kernel_size, stride, padding, ceil_mode, count_include_pad, *divisor)


def pooling_rows(dims):
    """The rows for pooling over `dims` axes."""
    places_of_max = _functions[f"max_pool{dims}d_with_indices"]

    rule(
        f"max_pool{dims}d",
        input=lambda grad, input, input_shape, kernel_size, stride, padding, dilation, ceil_mode: max_pool_gradient(
            grad, places_of_max(input, kernel_size, stride, padding, dilation, ceil_mode)[1], input_shape, dims
        ),
        tangent=lambda input, input_tangent, kernel_size, stride, padding, dilation, ceil_mode: taken_at(
            input_tangent, places_of_max(input, kernel_size, stride, padding, dilation, ceil_mode)[1], dims
        ),
        kink="of equal elements the first has the gradient",
        node=f"MaxPool{dims}DWithIndicesBackward0",
    )
    rule(
        f"max_pool{dims}d_with_indices",
        f"adaptive_max_pool{dims}d",
        input=lambda grad, indices, input_shape: max_pool_gradient(grad, indices, input_shape, dims),
        tangent=lambda indices, input_tangent: taken_at(input_tangent, indices, dims),
        kink="of equal elements the first has the gradient",
    )
    if dims == 1:
        rule(
            "avg_pool1d",
            input=lambda grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad: avg_pool_gradient(
                grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad
            ),
            tangent="linear",
        )
    else:
        rule(
            f"avg_pool{dims}d",
            input=lambda grad, input_shape, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override: (
                avg_pool_gradient(
                    grad,
                    input_shape,
                    kernel_size * dims if len(kernel_size) == 1 else kernel_size,
                    stride,
                    padding,
                    ceil_mode,
                    count_include_pad,
                    divisor_override,
                )
            ),
            tangent="linear",
        )
    rule(
        f"adaptive_avg_pool{dims}d",
        input=lambda grad, input_shape: adaptive_avg_pool_gradient(grad, input_shape, dims),
        tangent="linear",
    )


for dims in (1, 2, 3):
    pooling_rows(dims)

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
