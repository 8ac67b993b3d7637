"""The functions of ``wengert.linalg`` that PyTorch has at its top level and on tensors, some with older arguments."""

from __future__ import annotations

import wengert

from .._composite import composite
from ._shapes import dtype_word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wengert import Tensor


def _support():
    from ..linalg import _support as support  # NumPy's part of the package is loaded when first used

    return support


@composite("method")
def det(input: Tensor) -> Tensor:
    """The determinants of square matrices (*, n, n): linalg.det.

    >>> wengert.det(wengert.tensor([[2.0, 0.0], [5.0, 3.0]]))
    tensor(6.)
    """
    return wengert.linalg.det(input)


@composite("method")
def logdet(input: Tensor) -> Tensor:
    """The logarithms of the determinants of square matrices; NaN where one is negative, -inf where it is zero.

    >>> wengert.logdet(wengert.eye(2))
    tensor(0.)
    """
    _support().check_square("logdet", input)
    _support().check_float("logdet", input)
    sign, logabsdet = wengert.linalg.slogdet(input)
    return wengert.where(sign < 0, wengert.nan, logabsdet)


@composite("method", "out")
def slogdet(input: Tensor) -> tuple[Tensor, Tensor]:
    """The signs and logarithms of the absolute values of the determinants: linalg.slogdet.

    >>> wengert.slogdet(-wengert.eye(3)).sign
    tensor(-1.)
    """
    return wengert.linalg.slogdet(input)


@composite("method", "out")
def inverse(input: Tensor) -> Tensor:
    """The inverses of square matrices: linalg.inv.

    >>> wengert.inverse(wengert.tensor([[2.0]]))
    tensor([[0.5000]])
    """
    return wengert.linalg.inv(input)


@composite("method")
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudo-inverses of matrices, singular values up to rcond times the largest counting as zeros: linalg.pinv.

    >>> wengert.pinverse(wengert.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    return wengert.linalg.pinv(input, rtol=rcond)


@composite("method", "out")
def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """The triangular factors of symmetric positive definite matrices: linalg.cholesky, which new code calls.

    >>> wengert.cholesky(wengert.tensor([[4.0]]))
    tensor([[2.]])
    """
    _support().check_square("cholesky", input)
    if not input.dtype.is_floating_point:
        raise NotImplementedError(f"\"cholesky_cpu\" not implemented for '{dtype_word(input)}'")
    return wengert.linalg.cholesky(input, upper=upper)


@composite("method", "out")
def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """The inverses of the matrices whose Cholesky factors are given.

    >>> wengert.cholesky_inverse(wengert.tensor([[2.0]]))
    tensor([[0.2500]])
    """
    return wengert.cholesky_solve(wengert.eye(input.size(-1), dtype=input.dtype).expand(input.shape), input, upper)


@composite("method", "out")
def cholesky_solve(input: Tensor, input2: Tensor, upper: bool = False) -> Tensor:
    """The X with A @ X = input (*, n, k) for the A (*, n, n) whose Cholesky factor is input2.

    >>> wengert.cholesky_solve(wengert.tensor([[8.0]]), wengert.tensor([[2.0]]))
    tensor([[2.]])
    """
    lower = input2.mT if upper else input2
    half = wengert.linalg.solve_triangular(lower, input, upper=False)
    return wengert.linalg.solve_triangular(lower.mT, half, upper=True)


@composite("method", "out")
def qr(input: Tensor, some: bool = True) -> tuple[Tensor, Tensor]:
    """The factors Q and R of matrices: linalg.qr, which new code calls.

    >>> wengert.qr(wengert.eye(2)).R.abs()
    tensor([[1., 0.],
            [0., 1.]])
    """
    return wengert.linalg.qr(input, "reduced" if some else "complete")


@composite("method")
def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    """U, S and V with input = U @ diag(S) @ V.mT: linalg.svd, which new code calls, gives V.mT.

    Without compute_uv U and V are zeros.

    >>> wengert.svd(wengert.eye(2))[1]
    tensor([1., 1.])
    """
    if not compute_uv:
        s = wengert.linalg.svdvals(input)
        batch, (m, n) = input.shape[:-2], input.shape[-2:]
        return wengert.zeros(*batch, m, m, dtype=input.dtype), s, wengert.zeros(*batch, n, n, dtype=input.dtype)
    u, s, vh = wengert.linalg.svd(input, not some)
    return u, s, vh.mT


@composite("method", "out")
def matrix_power(input: Tensor, n: int) -> Tensor:
    """The n-th powers of square matrices: linalg.matrix_power.

    >>> wengert.matrix_power(wengert.tensor([[2]]), 3)
    tensor([[8]])
    """
    return wengert.linalg.matrix_power(input, n)


@composite("method")
def matrix_exp(input: Tensor) -> Tensor:
    """The exponentials of square matrices: linalg.matrix_exp.

    >>> wengert.matrix_exp(wengert.zeros(1, 1))
    tensor([[1.]])
    """
    return wengert.linalg.matrix_exp(input)


@composite("method", "out")
def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """The X with A @ X = b, from the factors of A: linalg.lu_solve, which new code calls.

    >>> wengert.lu_solve(wengert.ones(1, 1), wengert.tensor([[2.0]]), wengert.tensor([1], dtype=wengert.int32))
    tensor([[0.5000]])
    """
    return wengert.linalg.lu_solve(LU_data, LU_pivots, b)


@composite("method", "out")
def triangular_solve(
    b: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> tuple[Tensor, Tensor]:
    """The X with A @ X = b (with transpose, A.mT @ X = b) for triangular A, and A: linalg.solve_triangular, which new code calls.

    >>> wengert.triangular_solve(wengert.tensor([[4.0]]), wengert.tensor([[2.0]]))[0]
    tensor([[2.]])
    """
    if transpose:
        return wengert.linalg.solve_triangular(A.mT, b, upper=not upper, unitriangular=unitriangular), A.clone()
    return wengert.linalg.solve_triangular(A, b, upper=upper, unitriangular=unitriangular), A.clone()
