"""Rows of windows as columns (nn.functional.unfold) and columns added up (fold): each is the gradient of the other."""

from . import rule


def columns(images, kernel_size, dilation, padding, stride):
    """Each window gets the elements that it is made of."""
    from ...nn.functional._windows import im2col

    return im2col(images, kernel_size, dilation, padding, stride)


def image(columns, output_size, kernel_size, dilation, padding, stride):
    """Each element of the image gets the sum over the windows that it is in."""
    from ...nn.functional._windows import col2im

    return col2im(columns, output_size, kernel_size, dilation, padding, stride)


rule(
    "nn_unfold",
    input=lambda grad, input_shape, kernel_size, dilation, padding, stride: image(
        grad, input_shape[2:], kernel_size, dilation, padding, stride
    ),
    tangent=lambda input_tangent, kernel_size, dilation, padding, stride: columns(
        input_tangent, kernel_size, dilation, padding, stride
    ),
    node="Im2ColBackward0",
)
rule(
    "nn_fold",
    input=lambda grad, kernel_size, dilation, padding, stride: columns(grad, kernel_size, dilation, padding, stride),
    tangent=lambda input_tangent, output_size, kernel_size, dilation, padding, stride: image(
        input_tangent, output_size, kernel_size, dilation, padding, stride
    ),
    node="Col2ImBackward0",
)
