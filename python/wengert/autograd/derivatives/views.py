"""Rows of views: the same elements in another shape or order, or a part of them.

A gradient is a view of `grad` wherever every element has its place there, and else zeros that hold it.
"""

import wengert
from wengert import Tensor

from . import rule
from ._places import embedded
from ._strided import strided_gradient

# ---- the same elements, in another shape


def reshaped(grad, input_shape):
    """g in the input's shape."""
    return grad.reshape(input_shape)


# A tangent may be laid out otherwise than its tensor: what is a view of the one may be a copy of the other.
rule("view", input=reshaped, tangent=lambda input_tangent, size: input_tangent.reshape(size))
rule(
    "view_as",
    input=reshaped,
    tangent=lambda input_tangent, other_shape: input_tangent.reshape(other_shape),
    unread=("other",),
    node="ViewBackward0",
)
rule("reshape_as", input=reshaped, tangent="linear", unread=("other",), node="ViewBackward0")
rule("reshape", "unflatten", "flatten", "ravel", input=reshaped, tangent="linear", node="ViewBackward0")
# The elements' bits, read as another dtype: not differentiable, as in PyTorch.
rule("view.dtype", input=None)
rule("squeeze", input=reshaped, tangent="linear")
rule("unsqueeze", input=lambda grad, dim: grad.squeeze(dim), tangent="linear")

# The engine sums over the dims that were broadcast.
rule("expand", "broadcast_to", input=lambda grad: grad, tangent="linear", node="ExpandBackward0")
rule("expand_as", input=lambda grad: grad, tangent="linear", unread=("other",), node="ExpandBackward0")

# ---- the same elements, in another order of dims


def unpermuted(grad, dims):
    """g with its dims put back: dim `dims[place]` from `place`."""
    order = [0] * len(dims)
    for place, dim in enumerate(dims):
        order[dim] = place
    return grad.permute(order)


rule("t", input=lambda grad: grad.t(), tangent="linear")
rule("T", input=lambda grad: grad.T, tangent="linear", node="PermuteBackward0")
rule("mT", "mH", "adjoint", input=lambda grad: grad.mT, tangent="linear", node="TransposeBackward0")
rule("H", input=lambda grad: grad.H, tangent="linear", node="TransposeBackward0")
rule("transpose", input=lambda grad, dim0, dim1: grad.transpose(dim0, dim1), tangent="linear")
rule("permute", input=unpermuted, tangent="linear")
rule(
    "movedim",
    "movedim.dims",
    input=lambda grad, source, destination: grad.movedim(destination, source),
    tangent="linear",
    node="PermuteBackward0",
)

# ---- a part of the elements

rule(
    "select",
    input=lambda grad, input_shape, dim, index: embedded(grad, input_shape, Tensor.select, dim, index),
    tangent="linear",
)
rule(
    "narrow",
    "narrow.tensor",
    input=lambda grad, input_shape, dim, start, length: embedded(grad, input_shape, Tensor.narrow, dim, int(start), length),
    tangent="linear",
    node="SliceBackward0",
)
rule(
    "diagonal",
    input=lambda grad, input_shape, offset, dim1, dim2: embedded(grad, input_shape, Tensor.diagonal, offset, dim1, dim2),
    tangent="linear",
)


def folded(grad, input_shape, dimension, size, step):
    """g of all windows, (..., windows, ..., size), added up at the places that they read."""
    if not input_shape:  # a scalar is one element
        return grad.sum()
    if step >= size:
        return embedded(grad, input_shape, Tensor.unfold, dimension, size, step)
    places = wengert.arange(input_shape[dimension]).unfold(0, size, step).reshape(-1)
    dim = dimension % len(input_shape)
    windows = grad.movedim(-1, dim + 1).flatten(dim, dim + 1)
    return grad.new_zeros(input_shape).index_add_(dim, places, windows)


rule("unfold", input=folded, tangent="linear")
rule(
    "as_strided",
    input=strided_gradient,
    kink="elements of the input that share a place in memory share its gradient equally",
)

# ---- several parts


def joined(grads, dim):
    """The parts' gradients one behind the other."""
    return wengert.cat(grads, dim)


def overlaid(grads, input_shape, indices, dim):
    """The gradients of the parts between indices: joined where each begins at the end of the last, else added up."""
    size = input_shape[dim]
    starts = [slice(start, None).indices(size)[0] for start in (0, *indices)]
    ends = [start + grad.shape[dim] for start, grad in zip(starts, grads, strict=True)]
    if [*starts[1:], size] == ends:
        return joined(grads, dim)
    total = grads[0].new_zeros(input_shape)
    for start, grad in zip(starts, grads, strict=True):
        if grad.shape[dim] > 0:
            total.narrow(dim, start, grad.shape[dim]).add_(grad)
    return total


def second(input_shape):
    """The dim of hsplit."""
    return 0 if len(input_shape) == 1 else 1


rule("split", tensor=joined, tangent="linear")
rule("split.sizes", tensor=joined, tangent="linear", node="SplitWithSizesBackward0")
rule("split.method", input=joined, tangent="linear")
rule("split.method_sizes", "split_with_sizes", input=joined, tangent="linear", node="SplitWithSizesBackward0")
rule("unsafe_split", input=joined, tangent="linear")
rule("chunk", input=joined, tangent="linear", node="SplitBackward0")
rule("tensor_split", input=joined, tangent="linear", node="SliceBackward0")
rule("tensor_split.indices", input=overlaid, tangent="linear", node="SliceBackward0")
rule(
    "tensor_split.tensor",
    input=lambda grads, input_shape, tensor_indices_or_sections, dim: (
        overlaid(grads, input_shape, tensor_indices_or_sections.tolist(), dim)
        if tensor_indices_or_sections.dim()
        else joined(grads, dim)
    ),
    tangent="linear",
    node="SliceBackward0",
)
rule(
    "hsplit",
    input=lambda grads, input_shape: joined(grads, second(input_shape)),
    tangent="linear",
    node="SliceBackward0",
)
rule(
    "hsplit.indices",
    input=lambda grads, input_shape, indices: overlaid(grads, input_shape, indices, second(input_shape)),
    tangent="linear",
    node="SliceBackward0",
)
rule("vsplit", input=lambda grads: joined(grads, 0), tangent="linear", node="SliceBackward0")
rule(
    "vsplit.indices",
    input=lambda grads, input_shape, indices: overlaid(grads, input_shape, indices, 0),
    tangent="linear",
    node="SliceBackward0",
)
rule("dsplit", input=lambda grads: joined(grads, 2), tangent="linear", node="SliceBackward0")
rule(
    "dsplit.indices",
    input=lambda grads, input_shape, indices: overlaid(grads, input_shape, indices, 2),
    tangent="linear",
    node="SliceBackward0",
)
rule("unbind", input=lambda grads, dim: wengert.stack(grads, dim), tangent="linear")
