"""Differences along a dimension: diff and gradient."""

from __future__ import annotations

import wengert

from .._composite import composite
from ._shapes import wrap_dim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from wengert import Tensor
    from wengert._typing import Number


@composite("method", "out")
def diff(input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None) -> Tensor:
    """The n-th differences of neighbours along dim: input[i + 1] - input[i], n times; of bools, whether they differ.

    prepend and append are put before and after input along dim first, unless n is 0.

    >>> wengert.diff(wengert.tensor([1, 4, 9]))
    tensor([3, 5])
    """
    if input.dim() == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    dim = wrap_dim(dim, input.dim())
    for other in (prepend, append):
        _check_joins(input, other, dim)
    if n == 0:
        return input.clone()
    parts = [part for part in (prepend, input, append) if part is not None]
    if len(parts) > 1:
        input = wengert.cat(parts, dim)
    for _ in range(min(n, input.size(dim))):
        size = input.size(dim)
        if size == 0:
            break
        after, before = input.narrow(dim, 1, size - 1), input.narrow(dim, 0, size - 1)
        input = after != before if input.dtype == wengert.bool else after - before
    return input


def _check_joins(input, other, dim):
    if other is None:
        return
    if other.dim() != input.dim():
        raise RuntimeError("diff expects prepend or append to be the same dimension as input")
    for i, (have, given) in enumerate(zip(input.shape, other.shape, strict=True)):
        if i != dim and have != given:
            raise RuntimeError(
                "diff expects the shape of tensor to prepend or append to match that of input except along the differencing "
                f"dimension; input.size({i}) = {have}, but got tensor.size({i}) = {given}"
            )


@composite()
def gradient(
    input: Tensor,
    *,
    spacing: Number | Sequence[Number] | Sequence[Tensor] = 1,
    dim: int | Sequence[int] | None = None,
    edge_order: int = 1,
) -> tuple[Tensor, ...]:
    """The derivative of samples along each dimension in dim (all of them unless given), by second-order central differences.

    spacing is the distance of neighbours, one for all dimensions or one for each, or a vector of coordinates for each.
    At the ends the differences are one-sided, of order edge_order (1 or 2).

    >>> wengert.gradient(wengert.tensor([1.0, 4.0, 9.0]))
    (tensor([3., 4., 5.]),)
    """
    if input.dtype == wengert.uint8:
        raise RuntimeError("torch.gradient does not support uint8 input.")
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    steps: Any = spacing if isinstance(spacing, (list, tuple)) else None  # one for each dimension
    if wengert.is_tensor(spacing):
        raise TypeError("gradient(): argument 'spacing' must be Number or tuple, not Tensor")
    if dim is None:
        dims = list(range(input.dim()))
        if steps is not None and len(steps) != input.dim():
            raise RuntimeError(
                "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to 'self.dim() = "
                f"{input.dim()}', since dim argument was not given, but got a list of length {len(steps)}"
            )
    else:
        given = dim if isinstance(dim, (list, tuple)) else [dim]
        dims = [wrap_dim(d, input.dim()) for d in given]
        if input.dim() == 0 and dims:
            raise IndexError(f"Dimension specified as {given[0]} but tensor has no dimensions")
        for place, d in enumerate(dims):
            if d in dims[:place]:
                raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
        if steps is not None and len(steps) != len(dims):
            raise RuntimeError(
                "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the "
                f"same length, but got a spacing argument of length {len(steps)} and a dim argument of length {len(dims)}."
            )
    for d in dims:
        if input.dim() and input.size(d) < edge_order + 1:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    results = []
    for place, d in enumerate(dims):
        step: Any = spacing if steps is None else steps[place]
        if wengert.is_tensor(step):
            if step.dim() != 1:
                raise RuntimeError(
                    "torch.gradient expected each element of spacing to have one dimension, "
                    f"but got an element with {step.dim()} dimensions!"
                )
            if step.numel() != input.size(d):
                raise RuntimeError(
                    "torch.gradient expected each element of spacing to have as many coordinates as the dimension has "
                    f"elements, but got {step.numel()} for dimension {d} of size {input.size(d)}"
                )
            results.append(_uneven(input, d, step, edge_order))
        else:
            results.append(_even(input, d, step, edge_order))
    return tuple(results)


def _even(f, dim, h, edge_order):
    size = f.size(dim)

    def at(i):
        return f.narrow(dim, i % size, 1)

    if edge_order == 1:
        first, last = (at(1) - at(0)) / h, (at(-1) - at(-2)) / h
    else:
        first = (-1.5 * at(0) + 2 * at(1) - 0.5 * at(2)) / h
        last = (0.5 * at(-3) - 2 * at(-2) + 1.5 * at(-1)) / h
    middle = (f.narrow(dim, 2, size - 2) - f.narrow(dim, 0, size - 2)) / (2 * h)
    return wengert.cat([first, middle, last], dim)


def _uneven(f, dim, x, edge_order):
    size = f.size(dim)
    step = x[1:] - x[:-1]
    shape = [1] * f.dim()
    shape[dim] = -1

    def at(i):
        return f.narrow(dim, i % size, 1)

    before, after = step[:-1], step[1:]
    a = -after / (before * (before + after))
    b = (after - before) / (before * after)
    c = before / (after * (before + after))
    middle = (
        a.reshape(shape) * f.narrow(dim, 0, size - 2)
        + b.reshape(shape) * f.narrow(dim, 1, size - 2)
        + c.reshape(shape) * f.narrow(dim, 2, size - 2)
    )
    if edge_order == 1:
        first, last = (at(1) - at(0)) / step[0], (at(-1) - at(-2)) / step[-1]
    else:
        p, q = step[0], step[1]
        first = -(2 * p + q) / (p * (p + q)) * at(0) + (p + q) / (p * q) * at(1) - p / (q * (p + q)) * at(2)
        p, q = step[-2], step[-1]
        last = q / (p * (p + q)) * at(-3) - (p + q) / (p * q) * at(-2) + (p + 2 * q) / (q * (p + q)) * at(-1)
    return wengert.cat([first, middle, last], dim)
