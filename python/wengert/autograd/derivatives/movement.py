"""Rows of operators that join, repeat, reorder, copy, convert and fill."""

import wengert
from wengert import Tensor

from . import TABLE, rule, views  # noqa: F401 (for its rows)
from ._places import embedded

# ---- tensors joined


def parts(grad, dim, sizes, shapes):
    """g cut into parts of these sizes along dim, in these shapes."""
    count = grad.dim()
    cut = grad.split(sizes, dim)
    return tuple(part if len(shape) == count else part.reshape(shape) for part, shape in zip(cut, shapes, strict=True))


def concatenated(grad, tensors_shape, dim):
    """The part of g that came from each tensor; shape (0,) fits all others."""
    sizes = [shape[dim] if len(shape) > 1 or dim in (0, -1) else 0 for shape in tensors_shape]
    return parts(grad, dim, sizes, tensors_shape)


def stacked_in_rows(grad, tensors_shape):
    """The rows of g that came from each tensor; fewer than two dims are one row."""
    return parts(grad, 0, [shape[0] if len(shape) > 1 else 1 for shape in tensors_shape], tensors_shape)


def stacked_in_columns(grad, tensors_shape):
    """The columns of g that came from each tensor; fewer than two dims are one column."""
    return parts(grad, 1, [shape[1] if len(shape) > 1 else 1 for shape in tensors_shape], tensors_shape)


def stacked_aside(grad, tensors_shape):
    """As concatenated, along dim 1, or dim 0 of vectors; a scalar is a vector."""
    sizes = [shape[len(shape) > 1] if shape else 1 for shape in tensors_shape]
    return parts(grad, min(grad.dim(), 2) - 1, sizes, tensors_shape)


def stacked_in_depth(grad, tensors_shape):
    """As concatenated, along dim 2; fewer than three dims have depth 1."""
    return parts(grad, 2, [shape[2] if len(shape) > 2 else 1 for shape in tensors_shape], tensors_shape)


rule("cat", tensors=concatenated, tangent="linear")
rule("stack", tensors=lambda grad, dim: grad.unbind(dim), tangent="linear")
rule("hstack", tensors=stacked_aside, tangent="linear", node="CatBackward0")
rule("vstack", tensors=stacked_in_rows, tangent="linear", node="CatBackward0")
rule("dstack", tensors=stacked_in_depth, tangent="linear", node="CatBackward0")
rule("column_stack", tensors=stacked_in_columns, tangent="linear", node="CatBackward0")

# ---- elements in another order


def rolled_back(grad, shifts, dims):
    """g rolled by as much the other way."""
    return grad.roll(-shifts if isinstance(shifts, int) else [-shift for shift in shifts], dims)


rule("flip", input=lambda grad, dims: grad.flip(dims), tangent="linear")
rule("fliplr", input=lambda grad: grad.fliplr(), tangent="linear", node="FlipBackward0")
rule("flipud", input=lambda grad: grad.flipud(), tangent="linear", node="FlipBackward0")
rule("rot90", input=lambda grad, k, dims: grad.rot90(-k, dims), tangent="linear")
rule("roll", input=rolled_back, tangent="linear")

# ---- elements repeated


def unrepeated(grad, input_shape, repeats):
    """The sum of g over the copies of each element. A dim of the result is (copies, size); missing ones are 1."""
    if isinstance(repeats, int):
        repeats = (repeats,)
    count = max(len(repeats), len(input_shape))
    shape: list[int] = []
    copies: list[int] = []
    for n, size in zip(
        [1] * (count - len(repeats)) + list(repeats), [1] * (count - len(input_shape)) + list(input_shape), strict=True
    ):
        if n != 1:
            copies.append(len(shape))
            shape.append(n)
        shape.append(size)
    grad = grad.reshape(shape)
    return (grad.sum(copies) if copies else grad).reshape(input_shape)


def uninterleaved(grad, input_shape, repeats, dim):
    """The sum of g over the copies of each element, which lie side by side along dim, or in the flattened input."""
    if dim is None or not input_shape:
        return grad.reshape((input_shape.numel(), repeats)).sum(1).reshape(input_shape)
    return grad.unflatten(dim, (input_shape[dim], repeats)).sum(dim + 1 if dim >= 0 else dim)


def uninterleaved_by_counts(grad, input_shape, repeats, dim):
    """As uninterleaved, with a number of copies for each."""
    if dim is None:
        count, dim, shape = input_shape.numel(), 0, (input_shape.numel(),)
    else:
        count, shape = input_shape[dim], input_shape
    source = wengert.repeat_interleave(repeats.expand(count))
    return grad.new_zeros(shape).index_add_(dim, source, grad).reshape(input_shape)


rule("repeat", input=unrepeated, tangent="linear")
rule(
    "tile",
    input=lambda grad, input_shape, dims: unrepeated(grad, input_shape, dims),
    tangent="linear",
    node="RepeatBackward0",
)
rule("repeat_interleave.int", input=uninterleaved, tangent="linear", node="ViewBackward0")
rule("repeat_interleave.tensor", input=uninterleaved_by_counts, tangent="linear", node="IndexSelectBackward0")
rule("sum_to_size", input=lambda grad, input_shape: grad.expand(input_shape), tangent="linear", node="SumBackward1")

# ---- margins, triangles and diagonals


def unpadded(grad, input_shape, pad):
    """g without the margins, and 0 where a negative one has cut."""
    if min(pad, default=0) < 0:
        return wengert.constant_pad_nd(grad, [-n for n in pad])
    for place in range(0, len(pad), 2):
        dim = len(input_shape) - 1 - place // 2
        if pad[place] or pad[place + 1]:
            grad = grad.narrow(dim, pad[place], input_shape[dim])
    return grad


def undiagonal(grad, input_shape, diagonal):
    """g as the diagonal, or the diagonal of g, whichever the input was."""
    if len(input_shape) == 1:
        return grad.diagonal(diagonal)
    return embedded(grad, input_shape, Tensor.diagonal, diagonal)


rule(
    "constant_pad_nd",
    input=unpadded,
    tangent=lambda input_tangent, pad: wengert.constant_pad_nd(input_tangent, pad),
)
rule("tril", input=lambda grad, diagonal: grad.tril(diagonal), tangent="linear")
rule("triu", input=lambda grad, diagonal: grad.triu(diagonal), tangent="linear")
rule("diag", input=undiagonal, tangent="linear", node="DiagonalBackward0_copy")
rule(
    "diagflat",
    input=lambda grad, input_shape, offset: grad.diagonal(offset).reshape(input_shape),
    tangent="linear",
    node="DiagEmbedBackward0",
)
rule("diag_embed", input=lambda grad, offset, dim1, dim2: grad.diagonal(offset, dim1, dim2), tangent="linear")
rule("trace", input=lambda grad, input_shape: embedded(grad, input_shape, Tensor.diagonal), tangent="linear")

# ---- views, copied: the formulas are the views'

for view, name, node in [
    ("as_strided", "as_strided_copy", "AsStridedBackward0_copy"),
    ("diagonal", "diagonal_copy", "DiagonalBackward0_copy"),
    ("expand", "expand_copy", "ExpandBackward0_copy"),
    ("narrow", "narrow_copy", None),
    ("permute", "permute_copy", "PermuteBackward0_copy"),
    ("select", "select_copy", "SelectBackward0_copy"),
    ("squeeze", "squeeze_copy", "SqueezeBackward0_copy"),
    ("t", "t_copy", "TBackward0_copy"),
    ("transpose", "transpose_copy", "TransposeBackward0_copy"),
    ("unfold", "unfold_copy", "UnfoldBackward0_copy"),
    ("unsqueeze", "unsqueeze_copy", "UnsqueezeBackward0_copy"),
    ("view", "view_copy", "ViewBackward0_copy"),
    ("view.dtype", "view_copy.dtype", None),
    ("split_with_sizes", "split_with_sizes_copy", "SplitWithSizesBackward0_copy"),
    ("unbind", "unbind_copy", "UnbindBackward0_copy"),
]:
    rule(name, node=node, tangent=TABLE[view].tangent, kink=TABLE[view].kink, **TABLE[view].formulas)

rule("alias_copy", input=lambda grad: grad, tangent="linear", node="AliasBackward0_copy")

# ---- copies and conversions: the engine casts to the input's dtype

rule("contiguous", "clone", input=lambda grad: grad, tangent="linear", node="CloneBackward0")
rule("to", "to.device", "cpu", input=lambda grad: grad, tangent="linear", node="ToCopyBackward0")
rule("to.other", "type_as", input=lambda grad: grad, tangent="linear", unread=("other",), node="ToCopyBackward0")
rule("float", "double", input=lambda grad: grad, tangent="linear", node="ToCopyBackward0")

# ---- elements replaced: nothing that was there before matters

rule("copy_", input=lambda grad: None, other=lambda grad: grad, node="CopyBackwards")
rule("fill", input=lambda grad: None, value=lambda grad: grad, node=("FillBackward0", "FillBackward1", "FillBackward1"))
rule("fill_", input=lambda grad: None, value=lambda grad: grad, node=("FillBackward2", "FillBackward3", "FillBackward3"))
rule("zero_", input=lambda grad: None)

# ---- random draws: zeros for what they depend on, as in PyTorch

rule("uniform_", "normal_", "log_normal_", "exponential_", "geometric_", "cauchy_", input=lambda grad: None)
rule("random_", input=lambda grad: None, node="RandomBackward2")
rule("random_.to", input=lambda grad: None, node="RandomBackward1")
rule("random_.from", input=lambda grad: None)
rule("bernoulli", "bernoulli.number", "poisson", input=lambda grad: None)
rule("bernoulli.tensor", input=lambda grad: None, p=lambda grad: None)
rule("bernoulli_", input=lambda grad: None, p=lambda grad: None, node="BernoulliBackward1")
rule("bernoulli_.number", input=lambda grad: None, node="BernoulliBackward2")
rule("normal", mean=lambda grad: None, std=lambda grad: None, node="NormalBackward3")
rule("normal.mean", mean=lambda grad: None, node="NormalBackward1")
rule("normal.std", std=lambda grad: None, node="NormalBackward2")
