"""Matrices of powers."""

from __future__ import annotations

import wengert

from .._composite import composite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wengert import Tensor


@composite()
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of a vector's elements as columns, N of them: falling, or with increasing=True rising from 0.

    >>> wengert.vander(wengert.tensor([1, 2, 3]))
    tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]])
    """
    if x.dim() != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    columns = x.numel() if N is None else N
    if columns < 0:
        raise RuntimeError("N must be non-negative.")
    dtype = x.dtype if x.is_floating_point() else wengert.int64
    powers = wengert.ones((x.numel(), columns), dtype=dtype)
    if columns > 1:
        powers[:, 1:] = x.unsqueeze(1)
        powers = powers.cumprod(1)
    return powers if increasing else powers.flip(1)
