"""The standard's linear algebra extension."""

from collections import namedtuple
from math import inf

import wengert

eigh_result = namedtuple("eigh_result", ["eigenvalues", "eigenvectors"])
qr_result = namedtuple("qr_result", ["Q", "R"])
slogdet_result = namedtuple("slogdet_result", ["sign", "logabsdet"])
svd_result = namedtuple("svd_result", ["U", "S", "Vh"])


def matmul(x1, x2, /):
    """The matrix product."""
    return wengert.matmul(*_promoted(x1, x2))


def tensordot(x1, x2, /, *, axes=2):
    """The sums of products over axes of both."""
    a, b = _promoted(x1, x2)
    return wengert.tensordot(a, b, dims=axes)


def vecdot(x1, x2, /, *, axis=-1):
    """The scalar products of the vectors along an axis."""
    if not -min(x1.dim(), x2.dim()) <= axis < 0:
        raise ValueError(f"vecdot(): axis {axis} is not a negative axis of both arrays")
    if x1.size(axis) != x2.size(axis):
        raise ValueError(f"vecdot(): the sizes {x1.size(axis)} and {x2.size(axis)} along axis {axis} differ")
    x1, x2 = _promoted(x1, x2)
    return matmul(x1.movedim(axis, -1).unsqueeze(-2), x2.movedim(axis, -1).unsqueeze(-1)).squeeze((-2, -1))


def _promoted(x1, x2):
    dtype = wengert.promote_types(x1.dtype, x2.dtype)
    return x1.to(dtype), x2.to(dtype)


def matrix_transpose(x, /):
    """The matrices of the last two axes transposed."""
    return x.mT


def cholesky(x, /, *, upper=False):
    """The triangular factor of symmetric positive definite matrices."""
    return wengert.linalg.cholesky(x, upper=upper)


def cross(x1, x2, /, *, axis=-1):
    """The vector product of vectors of three elements along an axis."""
    return wengert.linalg.cross(*_promoted(x1, x2), dim=axis)


def det(x, /):
    """The determinants."""
    return wengert.linalg.det(x)


def diagonal(x, /, *, offset=0):
    """The diagonals of matrices, a view."""
    return wengert.diagonal(x, offset, -2, -1)


def eigh(x, /):
    """The eigenvalues and eigenvectors of symmetric matrices."""
    return eigh_result(*wengert.linalg.eigh(x))


def eigvalsh(x, /):
    """The eigenvalues of symmetric matrices."""
    return wengert.linalg.eigvalsh(x)


def inv(x, /):
    """The inverses."""
    return wengert.linalg.inv(x)


def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    """The norms of matrices: 'fro', 'nuc', 1, 2, inf and their negatives."""
    return wengert.linalg.matrix_norm(x, ord, (-2, -1), keepdims)


def matrix_power(x, n, /):
    """The n-th powers of square matrices."""
    return wengert.linalg.matrix_power(x, n)


def matrix_rank(x, /, *, rtol=None):
    """The ranks of matrices: their singular values above rtol times the largest."""
    return wengert.linalg.matrix_rank(x, rtol=rtol)


def outer(x1, x2, /):
    """The products of every element of one vector with every one of another."""
    return wengert.outer(*_promoted(x1, x2))


def pinv(x, /, *, rtol=None):
    """The pseudo-inverses."""
    return wengert.linalg.pinv(x, rtol=rtol)


def qr(x, /, *, mode="reduced"):
    """The factors of matrices into an orthonormal and an upper triangular one."""
    return qr_result(*wengert.linalg.qr(x, mode))


def slogdet(x, /):
    """The signs and logarithms of the absolute values of the determinants."""
    return slogdet_result(*wengert.linalg.slogdet(x))


def solve(x1, x2, /):
    """The solutions of x1 @ x = x2."""
    return wengert.linalg.solve(x1, x2)


def svd(x, /, *, full_matrices=True):
    """The singular value decompositions."""
    return svd_result(*wengert.linalg.svd(x, full_matrices))


def svdvals(x, /):
    """The singular values."""
    return wengert.linalg.svdvals(x)


def trace(x, /, *, offset=0, dtype=None):
    """The sums of diagonals."""
    from ._reductions import sum

    return sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    """The norms of vectors: any number, inf or -inf."""
    return wengert.linalg.vector_norm(x, float(ord) if abs(ord) != inf else ord, axis, keepdims)
