"""Rows of windows as columns (nn.functional.unfold) and columns added up (fold): each is the gradient of the other."""

from . import rule


def to_image(grad, input_shape, kernel_size, dilation, padding, stride):
    """Each element of the image gets g of all the windows that it is in."""
    from ...nn.functional._windows import col2im

    return col2im(grad, input_shape[2:], kernel_size, dilation, padding, stride)


def to_columns(grad, kernel_size, dilation, padding, stride):
    """Each window gets g of the elements that it was added to."""
    from ...nn.functional._windows import im2col

    return im2col(grad, kernel_size, dilation, padding, stride)


rule("im2col", input=to_image, tangent="linear", node="Im2ColBackward0")
rule("col2im", input=to_columns, tangent="linear", node="Col2ImBackward0")
