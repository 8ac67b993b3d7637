"""Products of tensors made of the matrix operators."""

from __future__ import annotations

import wengert

from .._composite import composite
from ._shapes import dtype_word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wengert import Tensor
    from wengert._typing import Number


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
    if input.dtype != other.dtype:
        raise RuntimeError("both inputs should have same dtype")
    return wengert.tensordot(input, other, ([-1], [-1]))


@composite("method", "out")
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """The scalar product of two vectors of the same length: dot, since there are no complex numbers.

    >>> wengert.vdot(wengert.tensor([2, 3]), wengert.tensor([2, 1]))
    tensor(7)
    """
    return wengert.dot(input, other)


@composite("method", "inplace", "out")
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """beta * input + alpha * outer(vec1, vec2), where input broadcasts to the shape of the product.

    With beta = 0 input is not read: NaN and infinities in it do not spread.

    >>> wengert.addr(wengert.zeros(2, 2), wengert.tensor([1.0, 2.0]), wengert.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    for name, vector in (("vec1", vec1), ("vec2", vec2)):
        if vector.dim() != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {vector.dim()}-D")
    shape = (vec1.numel(), vec2.numel())
    input = input.expand(shape)
    dtype = wengert.promote_types(input.dtype, wengert.promote_types(vec1.dtype, vec2.dtype))
    if not dtype.is_floating_point and (isinstance(beta, float) or isinstance(alpha, float)):
        name = "beta" if isinstance(beta, float) else "alpha"
        raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")
    product = wengert.outer(vec1, vec2)
    if dtype == wengert.bool:
        product = product if alpha else wengert.zeros(shape, dtype=dtype)
        return wengert.logical_or(input, product) if beta else product.clone()
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product.to(dtype)
    return wengert.add(input if beta == 1 else input * beta, product)


@composite("method", "inplace", "out")
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """beta * input + alpha * the sum over the batch of the matrix products batch1[i] @ batch2[i].

    With beta = 0 input is not read: NaN and infinities in it do not spread.

    >>> wengert.addbmm(wengert.zeros(1, 1), wengert.ones(3, 1, 2), wengert.ones(3, 2, 1))
    tensor([[6.]])
    """
    for name, batch in (("batch1", batch1), ("batch2", batch2)):
        if batch.dim() != 3:
            raise RuntimeError(f"{name} must be a 3D tensor, got {batch.dim()}D")
    input = input.expand(batch1.size(1), batch2.size(2))
    if batch1.size(0) != batch2.size(0):
        raise RuntimeError(f"batch1 and batch2 must have same number of batches, got {batch1.size(0)} and {batch2.size(0)}")
    if batch1.size(2) != batch2.size(1):
        shapes = [f"{batch.size(1)}x{batch.size(2)}" for batch in (batch1, batch2)]
        raise RuntimeError(f"Incompatible matrix sizes for bmm ({shapes[0]} and {shapes[1]})")
    # The sum over the batch is one product: batches side by side times batches below each other.
    wide = batch1.transpose(0, 1).reshape(batch1.size(1), -1)
    return wengert.addmm(input, wide, batch2.reshape(-1, batch2.size(2)), beta=beta, alpha=alpha)


@composite("method", "out")
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The cross products of the vectors of three elements along dim: the first dimension of size 3 unless given.

    Both have the same number of dimensions and broadcast along the others.

    >>> wengert.cross(wengert.tensor([1, 0, 0]), wengert.tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    if dim is None:
        sizes = list(input.shape)
        if 3 not in sizes:
            raise RuntimeError("no dimension of size 3 in input")
        dim = sizes.index(3)
    return cross_products(input, other, dim)


def cross_products(input, other, dim):
    """linalg.cross, under whose name PyTorch's errors go."""
    if input.dim() != other.dim():
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    if input.size(dim) != 3 or other.size(dim) != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.size(dim)} and {other.size(dim)}"
        )
    a, b = wengert.broadcast_tensors(input, other)
    if input.dtype == wengert.bool:
        raise NotImplementedError("\"cross\" not implemented for 'Bool'")
    if input.dtype != other.dtype:
        raise RuntimeError(f"expected scalar type {dtype_word(input)} but found {dtype_word(other)}")
    (a0, a1, a2), (b0, b1, b2) = a.unbind(dim), b.unbind(dim)
    return wengert.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], dim)


@composite("method", "out")
def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: blocks of other, one for each element of input, which multiplies it.

    >>> wengert.kron(wengert.tensor([1, 2]), wengert.tensor([1, 1]))
    tensor([1, 1, 2, 2])
    """
    ndim = max(input.dim(), other.dim())
    a = [1] * (ndim - input.dim()) + list(input.shape)
    b = [1] * (ndim - other.dim()) + list(other.shape)
    product = input.reshape([n for size in a for n in (size, 1)]) * other.reshape([n for size in b for n in (1, size)])
    return product.reshape([x * y for x, y in zip(a, b, strict=True)])
