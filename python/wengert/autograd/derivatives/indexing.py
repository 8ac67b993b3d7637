"""Rows of indexing: elements taken from, and written to, places that an index, a mask or a key names.

To take at an index and to add at an index are each other's derivatives. Of elements written to one place the last one stays: it
has the gradient, the others have none.
"""

import wengert

from . import rule
from ._places import at_key, cleared, copied, of_shape, put_there, scattered, taken, wrapped
from ._reduced import reduction_gradients
from ._strided import strided_scatter_gradients

LAST = "of elements written to one place, the last has the gradient (PyTorch gives it to all of them)"

# ---- taken


def along(grad, input_shape, indices, dim):
    """g added up where indices took it, for an input that may be broadcast to them."""
    if dim is None:
        count = input_shape.numel()
        places = wrapped(indices.reshape(-1), count)
        return grad.new_zeros(count).scatter_add_(0, places, grad.reshape(-1)).reshape(input_shape)
    shape = list(grad.shape)
    shape[dim] = input_shape[dim]
    return grad.new_zeros(shape).scatter_add_(dim, wrapped(indices, input_shape[dim]).expand(grad.shape), grad)


def unselected(grad, input_shape, mask):
    """Zeros with g where the mask holds."""
    shape = input_shape if mask.shape == input_shape else wengert.broadcast_shapes(input_shape, mask.shape)
    return grad.new_zeros(shape).masked_scatter_(mask, grad)


rule("getitem", input=at_key, tangent="linear", node="IndexBackward0")
rule(
    "index_select",
    input=lambda grad, input_shape, dim, index: grad.new_zeros(input_shape).index_add_(dim, index, grad),
    tangent="linear",
)
rule(
    "gather",
    input=lambda grad, input_shape, dim, index: grad.new_zeros(input_shape).scatter_add_(dim, index, grad),
    tangent="linear",
)
rule("take_along_dim", input=along, tangent="linear", node="GatherBackward0")
rule(
    "take",
    input=lambda grad, input_shape, index: grad.new_zeros(input_shape).put_(index, grad, accumulate=True),
    tangent="linear",
)
rule("masked_select", input=unselected, tangent="linear")

# ---- added


def times(grad, alpha):
    """alpha * g."""
    return grad if alpha == 1 else grad * alpha


rule(
    "index_add",
    input=lambda grad: grad,
    source=lambda grad, dim, index, alpha: times(grad.index_select(dim, index), alpha),
    tangent="linear",
)
rule(
    "scatter_add",
    input=lambda grad: grad,
    src=lambda grad, dim, index, src_shape: of_shape(grad.gather(dim, index), src_shape),
    tangent="linear",
)

# ---- written


def zeros_as(grad, shape):
    """Zeros that take one element of memory."""
    return grad.new_zeros(()).expand(shape)


def assigned(grad, key, value_shape):
    """g at the key, in the shape of a value whose leading dims of size 1 were left out."""
    chosen = taken(grad, key)
    missing = len(value_shape) - chosen.dim()
    return chosen.sum_to_size(value_shape[missing:]).reshape(value_shape) if missing > 0 else chosen


def indexed_sum(grad, input_shape, dim, index):
    """The sum of g at the places of index along dim, each counted once."""
    if not input_shape:
        return grad
    return grad.index_select(dim, wrapped(index, input_shape[dim]).unique()).sum()


def scatter_input(grad, dim, index, reduce):
    """g where nothing was written, or all of it where elements were added."""
    _check_reduce(reduce)
    return grad if reduce == "add" else grad.scatter(dim, index, 0.0)


def scatter_src(grad, input_shape, dim, index, src_shape, reduce):
    """g where src was written or added."""
    _check_reduce(reduce)
    if reduce == "add":
        return of_shape(grad.gather(dim, index), src_shape)
    return scattered(grad, input_shape, dim, index, src_shape)


def _check_reduce(reduce):
    if reduce == "multiply":
        raise NotImplementedError(
            "the derivative for 'scatter' with reduce='multiply' is not implemented; scatter_reduce(dim, index, src, 'prod') has one"
        )


def scatter_value_input(grad, dim, index, value, reduce):
    """g, with 0 where the value was written, or multiplied as the input was."""
    if reduce == "add":
        return grad
    return grad.scatter(dim, index, value, reduce=reduce) if reduce else grad.scatter(dim, index, 0.0)


def unscattered(grad, mask, source_shape):
    """g where the mask holds, for the first elements of source; 0 for the rest."""
    chosen = grad.masked_select(mask)
    rest = source_shape.numel() - chosen.numel()
    return (wengert.constant_pad_nd(chosen, (0, rest)) if rest else chosen).reshape(source_shape)


rule("setitem", input=cleared, value=assigned, kink=LAST)
rule(
    "index_put",
    input=lambda grad, indices, accumulate: grad if accumulate else cleared(grad, tuple(indices)),
    values=lambda grad, indices, accumulate: grad[tuple(indices)] if accumulate else taken(grad, tuple(indices)),
    tangent="linear",
    kink=LAST,
)
rule(
    "put",
    input=lambda grad, index, accumulate: grad if accumulate else grad.put(index, zeros_as(grad, index.shape)),
    source=lambda grad, input_shape, index, source_shape, accumulate: (
        grad.take(index).reshape(source_shape) if accumulate else put_there(grad, input_shape, index, source_shape)
    ),
    tangent="linear",
    kink=LAST,
)
rule(
    "index_copy",
    input=lambda grad, dim, index: grad.index_fill(dim, index, 0.0),
    source=copied,
    tangent="linear",
    kink=LAST,
)
rule(
    "index_fill",
    input=lambda grad, dim, index: grad.index_fill(dim, index, 0.0),
    value=indexed_sum,
)
rule("scatter", input=scatter_input, src=scatter_src, kink=LAST)
rule("scatter.value", input=scatter_value_input, node="ScatterBackward1")
rule(
    "masked_scatter",
    input=lambda grad, mask: grad.masked_fill(mask, 0.0),
    source=unscattered,
    tangent="linear",
)

# ---- combined with what is there


def scatter_reduce_gradients(grad, input, dim, index, src, reduce, include_self, result, needs):
    """The gradients of input and src; see _reduced."""

    def collect(tensor):
        return tensor.gather(dim, index)

    def combine(tensor, elements, reduce, include_self):
        return tensor.scatter_reduce(dim, index, elements, reduce, include_self=include_self)

    def clear(tensor):
        return tensor.scatter(dim, index, 0.0)

    if index.numel() == 0:
        return grad, None
    used = src
    if src.shape != index.shape and src.dim() == index.dim():
        used = src[tuple(slice(size) for size in index.shape)]
    gradients = reduction_gradients(grad, input, used, result, reduce, include_self, needs, collect, combine, clear)
    return gradients[0], of_shape(gradients[1], src.shape) if needs[1] else None


def index_reduce_gradients(grad, input, dim, index, source, reduce, include_self, result, needs):
    """The gradients of input and source; see _reduced."""

    def collect(tensor):
        return tensor.index_select(dim, index)

    def combine(tensor, elements, reduce, include_self):
        if reduce == "sum":
            return tensor.index_add(dim, index, elements)
        return tensor.index_reduce(dim, index, elements, reduce, include_self=include_self)

    def clear(tensor):
        return tensor.index_fill(dim, index, 0.0)

    return reduction_gradients(grad, input, source, result, reduce, include_self, needs, collect, combine, clear)


rule(
    "scatter_reduce",
    of=("input", "src"),
    joint=scatter_reduce_gradients,
    kink="amax and amin: ties share the gradient equally; prod: exact with any number of zeros",
)
rule(
    "index_reduce",
    of=("input", "source"),
    joint=index_reduce_gradients,
    kink="amax and amin: ties share the gradient equally; prod: exact with any number of zeros",
)

# ---- a view of a copy, replaced


rule(
    "select_scatter",
    input=lambda grad, src_shape, dim, index: grad.select_scatter(zeros_as(grad, src_shape), dim, index),
    src=lambda grad, dim, index: grad.select(dim, index),
    tangent="linear",
)
rule(
    "slice_scatter",
    input=lambda grad, src_shape, dim, start, end, step: grad.slice_scatter(zeros_as(grad, src_shape), dim, start, end, step),
    src=lambda grad, dim, start, end, step: grad[(slice(None),) * (dim % grad.dim()) + (slice(start, end, step),)],
    tangent="linear",
)
rule(
    "diagonal_scatter",
    input=lambda grad, src_shape, offset, dim1, dim2: grad.diagonal_scatter(zeros_as(grad, src_shape), offset, dim1, dim2),
    src=lambda grad, offset, dim1, dim2: grad.diagonal(offset, dim1, dim2),
    tangent="linear",
)
rule("as_strided_scatter", of=("input", "src"), joint=strided_scatter_gradients)
