"""Factorisations: Cholesky, QR, singular values, symmetric eigenvalues, LU."""

import wengert

from .._composites._shapes import dtype_word
from ..autograd.primitive import primitive
from ._support import (
    LinAlgError,
    batch_text,
    batched,
    check,
    check_float,
    check_matrices,
    check_square,
    column_major,
    converged,
    each_matrix,
    first_bad_minor,
    given,
    named,
    needs_gradient,
)

CholeskyEx = named("linalg_cholesky_ex", "L info")
Eigh = named("linalg_eigh", "eigenvalues eigenvectors")
LU = named("linalg_lu", "P L U")
LUFactor = named("linalg_lu_factor", "LU pivots")
LUFactorEx = named("linalg_lu_factor_ex", "LU pivots info")
QR = named("linalg_qr", "Q R")
SVD = named("linalg_svd", "U S Vh")


def _infos(values, batch):
    return wengert.tensor(values, dtype=wengert.int32).reshape(batch)


def _cholesky(A, upper):
    """The factors of all matrices and, for each, the order of the first minor that is not positive."""
    check_square("linalg.cholesky", A)
    check_float("linalg.cholesky", A)
    import numpy

    lower = A.mT if upper else A
    try:
        factor, whole = batched(numpy.linalg.cholesky, lower), True
    except numpy.linalg.LinAlgError:
        whole = False
    if whole and not bool(wengert.isnan(wengert.linalg.diagonal(factor)).any()):
        infos = [0] * A.shape[:-2].numel()
    else:
        factors, infos = [], []
        for _, matrix in each_matrix(lower):
            infos.append(first_bad_minor(matrix))
            bad = infos[-1] > 0
            factors.append(wengert.full_like(matrix, wengert.nan).tril() if bad else batched(numpy.linalg.cholesky, matrix))
        factor = wengert.stack(factors).reshape(A.shape)
    return (factor.mT if upper else column_major(factor)), infos


def cholesky(A, *, upper=False, out=None):
    """The lower triangular L with A = L @ L.mT of symmetric positive definite matrices (*, n, n); with upper, L.mT.

    Only the triangle asked for is read. LinAlgError where a leading minor is not positive.

    >>> wengert.linalg.cholesky(wengert.tensor([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]])
    """
    return given(out, cholesky_ex(A, upper=upper, check_errors=True).L)


@primitive("linalg_cholesky_ex")
def cholesky_ex(A, *, upper=False, check_errors=False, out=None):
    """cholesky without the error: (L, info), info being 0 or the order of the first leading minor that is not positive.

    What a factor holds where info is not 0 is unspecified (here NaN).

    >>> wengert.linalg.cholesky_ex(-wengert.eye(2)).info
    tensor(1, dtype=torch.int32)
    """
    factor, infos = _cholesky(A, upper)
    for index, info in enumerate(infos):
        if check_errors and info:
            raise LinAlgError(
                f"linalg.cholesky: {batch_text(None if A.dim() == 2 else index)}The factorization could not be completed because "
                f"the input is not positive-definite (the leading minor of order {info} is not positive-definite)."
            )
    return given(out, CholeskyEx(factor, _infos(infos, A.shape[:-2])))


@primitive("linalg_qr")
def qr(A, mode="reduced", *, out=None):
    """A = Q @ R with orthonormal columns in Q and R upper triangular, of matrices (*, m, n).

    mode: "reduced" gives Q (*, m, k) and R (*, k, n), k = min(m, n); "complete" Q (*, m, m) and R (*, m, n); "r" R alone, Q empty.

    >>> Q, R = wengert.linalg.qr(wengert.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> wengert.allclose(Q @ R, wengert.tensor([[3.0, 1.0], [4.0, 2.0]]))
    True
    """
    check(
        mode in ("reduced", "complete", "r"),
        f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'",
    )
    check_matrices("linalg.qr", A)
    check_float("linalg.qr", A)
    import numpy

    if mode == "r":
        result = QR(wengert.empty(0, dtype=A.dtype), column_major(batched(lambda a: numpy.linalg.qr(a, "r"), A)))
    else:
        q, r = batched(lambda a: tuple(numpy.linalg.qr(a, mode)), A)
        result = QR(column_major(q), column_major(r))
    return given(out, result)


@primitive("linalg_svd")
def svd(A, full_matrices=True, *, driver=None, out=None):
    """A = U @ diag(S) @ Vh with orthonormal U and Vh and singular values S in descending order, of matrices (*, m, n).

    Without full_matrices U is (*, m, k) and Vh (*, k, n), k = min(m, n). driver is for GPUs and has to be None.

    >>> wengert.linalg.svd(wengert.tensor([[3.0, 0.0], [0.0, -4.0]])).S
    tensor([4., 3.])
    """
    check(
        driver is None, "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend."
    )
    check_matrices("linalg.svd", A)
    check_float("linalg.svd", A)
    import numpy

    u, s, vh = converged("linalg.svd", lambda a: tuple(numpy.linalg.svd(a, full_matrices=full_matrices)), A, "singular values")
    return given(out, SVD(column_major(u), s, column_major(vh)))


def svdvals(A, *, driver=None, out=None):
    """The singular values (*, k) of matrices (*, m, n) in descending order, k = min(m, n).

    >>> wengert.linalg.svdvals(wengert.tensor([[3.0, 0.0], [0.0, -4.0]]))
    tensor([4., 3.])
    """
    check(
        driver is None, "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend."
    )
    check_matrices("linalg.svd", A)
    check_float("linalg.svd", A)
    if needs_gradient(A):  # which takes the singular vectors
        return given(out, svd(A, False).S)
    import numpy

    return given(out, converged("linalg.svd", lambda a: numpy.linalg.svd(a, compute_uv=False), A, "singular values"))


def _check_symmetric(A, UPLO):
    check_square("linalg.eigh", A)
    check(UPLO.upper() in ("L", "U"), f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    if not A.dtype.is_floating_point:
        raise NotImplementedError(f"\"linalg_eigh_cpu\" not implemented for '{dtype_word(A)}'")


@primitive("linalg_eigh")
def eigh(A, UPLO="L", *, out=None):
    """The eigenvalues in ascending order and the eigenvectors, as columns, of symmetric matrices (*, n, n).

    Only the triangle UPLO, "L" or "U", is read.

    >>> wengert.linalg.eigh(wengert.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    _check_symmetric(A, UPLO)
    import numpy

    values, vectors = converged("linalg.eigh", lambda a: tuple(numpy.linalg.eigh(a, UPLO.upper())), A, "eigenvalues")
    return given(out, Eigh(values, column_major(vectors)))


def eigvalsh(A, UPLO="L", *, out=None):
    """The eigenvalues (*, n) of symmetric matrices (*, n, n) in ascending order; only the triangle UPLO is read.

    >>> wengert.linalg.eigvalsh(wengert.tensor([[2.0, 0.0], [0.0, 1.0]]))
    tensor([1., 2.])
    """
    _check_symmetric(A, UPLO)
    if needs_gradient(A):  # which takes the eigenvectors
        return given(out, eigh(A, UPLO).eigenvalues)
    import numpy

    return given(out, converged("linalg.eigh", lambda a: numpy.linalg.eigvalsh(a, UPLO.upper()), A, "eigenvalues"))


def _check_lu(name, A, pivot):
    check(pivot, f"linalg.{name}: LU without pivoting is not implemented on the CPU")
    name = "torch.lu_factor" if name == "lu_factor" else "linalg.lu"
    check(A.dim() >= 2, f"{name}: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead")
    if not A.dtype.is_floating_point:
        raise NotImplementedError(f"\"lu_cpu\" not implemented for '{dtype_word(A)}'")


def _getrf(A):
    """LU, pivots from 1 and infos of every matrix, by SciPy's LAPACK."""
    try:
        from scipy.linalg.lapack import get_lapack_funcs
    except ImportError:
        raise ImportError("linalg.lu and linalg.lu_factor need SciPy: pip install wengert[linalg]") from None
    (getrf,) = get_lapack_funcs(("getrf",), dtype=A.numpy(force=True).dtype)
    m, n = A.shape[-2:]
    factors, pivots, infos = [], [], []
    for _, matrix in each_matrix(A):
        if matrix.numel() == 0:
            factor, pivot, info = matrix.clone(), wengert.zeros(min(m, n), dtype=wengert.int32), 0
        else:
            array, indices, info = getrf(matrix.numpy(force=True))
            factor, pivot = wengert.tensor(array), wengert.tensor(indices).to(wengert.int32) + 1
        factors.append(factor)
        pivots.append(pivot)
        infos.append(info)
    batch = A.shape[:-2]
    if not factors:
        return A.clone(), wengert.zeros(*batch, min(m, n), dtype=wengert.int32), wengert.zeros(batch, dtype=wengert.int32)
    stacked = column_major(wengert.stack(factors).reshape(A.shape))
    return stacked, wengert.stack(pivots).reshape((*batch, min(m, n))), _infos(infos, batch)


@primitive("linalg_lu_factor_ex")
def lu_factor_ex(A, *, pivot=True, check_errors=False, out=None):
    """(LU, pivots, info) of matrices (*, m, n): the factors in one matrix, the row exchanges from 1, and 0 or the first zero of U.

    Needs SciPy.

    >>> wengert.linalg.lu_factor_ex(wengert.ones(2, 2)).info
    tensor(2, dtype=torch.int32)
    """
    _check_lu("lu_factor", A, pivot)
    result = LUFactorEx(*_getrf(A))
    if check_errors:
        _check_factors(result.info)
    return given(out, result)


def _check_factors(infos):
    for index, info in enumerate(infos.reshape(-1).tolist()):
        if info:
            raise LinAlgError(
                f"torch.linalg.lu_factor: {batch_text(None if infos.dim() == 0 else index)}U[{info},{info}] is zero and using it on "
                "lu_solve would result in a division by zero. If you still want to perform the factorization, consider calling "
                "linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
            )


def lu_factor(A, *, pivot=True, out=None):
    """(LU, pivots) for lu_solve, of matrices (*, m, n). LinAlgError where U has a zero on its diagonal. Needs SciPy.

    >>> wengert.linalg.lu_factor(wengert.tensor([[1.0, 2.0], [4.0, 2.0]])).pivots
    tensor([2, 2], dtype=torch.int32)
    """
    factors, pivots, infos = lu_factor_ex(A, pivot=pivot)
    _check_factors(infos)
    return given(out, LUFactor(factors, pivots))


def permutation_of(pivots, m):
    """The rows of A that P.mT @ A has in each place, (*, m), from LAPACK's exchanges."""
    flat = pivots.reshape(pivots.shape[:-1].numel(), pivots.size(-1)).tolist()
    rows = []
    for exchanges in flat:
        order = list(range(m))
        for i, j in enumerate(exchanges):
            order[i], order[j - 1] = order[j - 1], order[i]
        rows.append(order)
    return wengert.tensor(rows, dtype=wengert.int64).reshape((*pivots.shape[:-1], m))


def lu(A, *, pivot=True, out=None):
    """A = P @ L @ U with a permutation P, L lower triangular with a unit diagonal and U upper triangular. Needs SciPy.

    >>> P, L, U = wengert.linalg.lu(wengert.tensor([[1.0, 2.0], [4.0, 2.0]]))
    >>> P @ L @ U
    tensor([[1., 2.],
            [4., 2.]])
    """
    _check_lu("lu", A, pivot)
    factors, pivots, _ = lu_factor_ex(A)
    m, n = A.shape[-2:]
    k = min(m, n)
    lower = factors[..., :k].tril(-1) + wengert.eye(m, k, dtype=A.dtype)
    upper = factors[..., :k, :].triu()
    p = wengert.eye(m, dtype=A.dtype)[permutation_of(pivots, m)].mT.contiguous()
    return given(out, LU(p, lower, upper))


def householder_product(input, tau, *, out=None):
    """The first n columns of the product of the reflectors I - tau_i v_i v_i^T that are stored below input's diagonal.

    input (*, m, n), tau (*, k) with k <= n <= m.

    >>> wengert.linalg.householder_product(wengert.ones(2, 1), wengert.zeros(1))
    tensor([[1.],
            [0.]])
    """
    check(input.dim() >= 2, "torch.linalg.householder_product: input must have at least 2 dimensions.")
    check_float("linalg.householder_product", input)
    m, n = input.shape[-2:]
    k = tau.size(-1)
    check(m >= n, "torch.linalg.householder_product: input.shape[-2] must be greater than or equal to input.shape[-1]")
    check(n >= k, "torch.linalg.householder_product: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    from .solvers import solve_triangular

    one = wengert.eye(m, n, dtype=input.dtype)
    v = (input.tril(-1) + one)[..., :k]
    # The product is I - V T V^T with T = (I + D S)^-1 D, where D has tau on its diagonal and S is the strict upper triangle of V^T V:
    # R. Schreiber & C. Van Loan, "A storage-efficient WY representation for products of Householder transformations", SIAM J. Sci.
    # Stat. Comput. 10(1), 1989.
    upper = tau.unsqueeze(-1) * (v.mT @ v)
    weights = solve_triangular(upper, tau.unsqueeze(-1) * v.mT[..., :n], upper=True, unitriangular=True)
    return given(out, one - v @ weights)
