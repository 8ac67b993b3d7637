"""Products of tensors made of the matrix operators."""

from __future__ import annotations

import wengert

from .._composite import composite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wengert import Tensor


@composite("method", "out")
def inner(input: Tensor, other: Tensor) -> Tensor:
    """The sums of products over the last dimensions of both: shape input.shape[:-1] + other.shape[:-1].

    A 0-d operand multiplies the other one. RuntimeError where the last sizes differ.

    >>> wengert.inner(wengert.tensor([1, 2, 3]), wengert.tensor([[0, 2, 1], [1, 1, 1]]))
    tensor([7, 6])
    """
    if input.dim() == 0 or other.dim() == 0:
        return wengert.mul(input, other)
    if input.size(-1) != other.size(-1):
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    rows = wengert.mm(input.reshape(-1, input.size(-1)), other.reshape(-1, other.size(-1)).t())
    return rows.reshape(input.shape[:-1] + other.shape[:-1])


@composite("method", "out")
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """The scalar product of two vectors of the same length: dot, since there are no complex numbers.

    >>> wengert.vdot(wengert.tensor([2, 3]), wengert.tensor([2, 1]))
    tensor(7)
    """
    return wengert.dot(input, other)
