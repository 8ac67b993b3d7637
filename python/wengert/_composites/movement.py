"""Tensors spread, aligned and put together: what takes any number of tensors, and what needs no speed of its own."""

from __future__ import annotations

import wengert

from .._composite import composite
from ._shapes import broadcast_shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from wengert import Size, Tensor


def _listed(tensors: tuple) -> tuple:
    """The tensors of f(a, b) or of f([a, b])."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    for place, tensor in enumerate(tensors):
        if not wengert.is_tensor(tensor):
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {type(tensor).__name__}")
    return tensors


# ---- shapes made alike


@composite()
def broadcast_shapes(*shapes: int | Sequence[int]) -> Size:
    """The shape that tensors of these shapes broadcast to; an int is a shape of one dimension.

    >>> wengert.broadcast_shapes((2, 1), (3,))
    torch.Size([2, 3])
    """
    for one in shapes:
        if not isinstance(one, int) and not (isinstance(one, (list, tuple)) and all(isinstance(n, int) for n in one)):
            raise RuntimeError(f"Input shapes should be of type ints, a tuple of ints, or a list of ints, got {one}")
    given = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    result = [1] * max(map(len, given), default=0)
    for place, shape in enumerate(given):
        for dim in range(-1, -1 - len(shape), -1):
            if shape[dim] < 0:
                raise ValueError("Attempting to broadcast a dimension with negative length!")
            if shape[dim] not in (1, result[dim]):
                if result[dim] != 1:
                    raise RuntimeError(
                        f"Attempting to broadcast a dimension of length {shape[dim]} at {dim}! Mismatching argument at index "
                        f"{place} had {shape}; but expected shape should be broadcastable to {result}"
                    )
                result[dim] = shape[dim]
    return wengert.Size(result)


@composite()
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Views of the tensors expanded to their common shape; RuntimeError where they have none.

    >>> wengert.broadcast_tensors(wengert.tensor([1, 2]), wengert.tensor([[3], [4]]))[0]
    tensor([[1, 2],
            [1, 2]])
    """
    for place, tensor in enumerate(tensors):
        if not wengert.is_tensor(tensor):
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {type(tensor).__name__}")
    shape: tuple[int, ...] = ()
    for tensor in tensors:
        shape = broadcast_shape(shape, tensor.shape)
    return tuple(tensor if tensor.shape == shape else tensor.expand(shape) for tensor in tensors)


def _at_least(tensors, shaped):
    if len(tensors) == 1 and wengert.is_tensor(tensors[0]):
        return shaped(tensors[0])
    return tuple(shaped(tensor) for tensor in _listed(tensors))


@composite()
def atleast_1d(*tensors: Tensor | Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
    """Each tensor as a view with at least one dimension.

    >>> wengert.atleast_1d(wengert.tensor(5))
    tensor([5])
    """
    return _at_least(tensors, lambda t: t.reshape(1) if t.dim() == 0 else t)


@composite()
def atleast_2d(*tensors: Tensor | Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
    """Each tensor as a view with at least two dimensions; a vector becomes a row.

    >>> wengert.atleast_2d(wengert.tensor([1, 2]))
    tensor([[1, 2]])
    """
    return _at_least(tensors, lambda t: t.reshape(1, 1) if t.dim() == 0 else t.unsqueeze(0) if t.dim() == 1 else t)


@composite()
def atleast_3d(*tensors: Tensor | Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
    """Each tensor as a view with at least three dimensions: a vector lies along the second, a matrix along the first two.

    >>> wengert.atleast_3d(wengert.tensor([1, 2])).shape
    torch.Size([1, 2, 1])
    """

    def shaped(t):
        if t.dim() == 0:
            return t.reshape(1, 1, 1)
        return t.unsqueeze(0).unsqueeze(-1) if t.dim() == 1 else t.unsqueeze(-1) if t.dim() == 2 else t

    return _at_least(tensors, shaped)


# ---- grids and products of sets


def _grid(tensors, indexing):
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for tensor in tensors:
        if tensor.dtype != tensors[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if indexing not in ("xy", "ij"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for tensor in tensors:
        if tensor.dim() > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {tensor}")
    swap = indexing == "xy" and len(tensors) >= 2
    order = [1, 0, *range(2, len(tensors))] if swap else list(range(len(tensors)))
    shape = [tensors[place].numel() for place in order]
    grids = []
    for place, tensor in enumerate(tensors):
        along = [1] * len(tensors)
        along[order.index(place)] = tensor.numel()
        grids.append(tensor.reshape(along).expand(shape))
    return tuple(grids)


@composite()
def meshgrid(*tensors: Tensor | Sequence[Tensor], indexing: str | None = None) -> tuple[Tensor, ...]:
    """Views that give, at each point of the grid of vectors, its coordinates: i-th result [i1, i2, ...] is tensors[i][ii].

    indexing "ij" takes the vectors as dimensions in their order; "xy" exchanges the first two. Leaving it out means "ij" and
    warns, as PyTorch does.

    >>> wengert.meshgrid(wengert.tensor([1, 2]), wengert.tensor([3, 4]), indexing="ij")[0]
    tensor([[1, 1],
            [2, 2]])
    """
    tensors = _listed(tensors)
    if indexing is None:
        import warnings

        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.",
            UserWarning,
            stacklevel=2,
        )
    return _grid(tensors, "ij" if indexing is None else indexing)


def _check_vectors(tensors):
    for tensor in tensors:
        if tensor.dim() != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(tensor.shape)}")


@composite()
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All ways of taking one element of each vector, as rows in lexicographic order.

    >>> wengert.cartesian_prod(wengert.tensor([1, 2]), wengert.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    tensors = _listed(tensors)
    _check_vectors(tensors)
    if len(tensors) == 1:
        return tensors[0]
    return wengert.stack([grid.reshape(-1) for grid in _grid(tensors, "ij")], 1)


@composite("method")
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways of taking r elements of a vector without regard to order, as rows in lexicographic order of their positions.

    >>> wengert.combinations(wengert.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    _check_vectors([input])
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return wengert.empty(0, dtype=input.dtype)
    # Rows of positions, one column at a time: each row is followed by those that go on from its last position.
    last = wengert.arange(input.numel())
    columns = [last]
    for _ in range(r - 1):
        first = last if with_replacement else last + 1
        counts = input.numel() - first
        columns = [column.repeat_interleave(counts) for column in columns]
        starts = (counts.cumsum(0) - counts - first).repeat_interleave(counts)
        last = wengert.arange(starts.numel()) - starts
        columns.append(last)
    return wengert.stack([input.index_select(0, column) for column in columns], 1)


def _promoted(tensors):
    """The dtype of an operator on all of them: 0-d tensors only count where they are of a higher category."""
    models = []
    for group in ([t for t in tensors if t.dim() > 0], [t for t in tensors if t.dim() == 0]):
        if group:
            dtype = group[0].dtype
            for tensor in group:
                dtype = wengert.promote_types(dtype, tensor.dtype)
            models.append(wengert.empty((0,) if group[0].dim() else (), dtype=dtype))
    return wengert.result_type(*models) if len(models) == 2 else models[0].dtype


@composite()
def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix of zeros with the given matrices along its diagonal; vectors are rows and numbers 1 x 1.

    >>> wengert.block_diag(wengert.tensor([[1, 2]]), wengert.tensor([[3], [4]]))
    tensor([[1, 2, 0],
            [0, 0, 3],
            [0, 0, 4]])
    """
    tensors = _listed(tensors)
    if not tensors:
        return wengert.empty(1, 0)
    for place, tensor in enumerate(tensors):
        if tensor.dim() > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {place} has {tensor.dim()} dimensions"
            )
    dtype = _promoted(tensors)
    blocks = atleast_2d(tensors)
    rows, columns = sum(block.size(0) for block in blocks), sum(block.size(1) for block in blocks)
    result = wengert.zeros(rows, columns, dtype=dtype)
    row = column = 0
    for block in blocks:
        height, width = block.shape
        result[row : row + height, column : column + width].copy_(block)
        row, column = row + height, column + width
    return result
