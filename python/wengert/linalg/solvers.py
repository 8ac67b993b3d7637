"""Systems of equations, inverses, determinants, least squares."""

import wengert

from .._composites._shapes import dtype_word
from ..autograd.primitive import primitive
from ._support import (
    LinAlgError,
    batch_text,
    batched,
    broadcast_batches,
    check,
    check_float,
    check_matrices,
    check_square,
    column_major,
    each_matrix,
    first_zero_pivot,
    given,
    named,
)
from .decompositions import permutation_of, svd

InvEx = named("linalg_inv_ex", "inverse info")
Lstsq = named("linalg_lstsq", "solution residuals rank singular_values")
Slogdet = named("linalg_slogdet", "sign logabsdet")
SolveEx = named("linalg_solve_ex", "result info")


@primitive("linalg_det")
def det(A, *, out=None):
    """The determinants (*) of square matrices (*, n, n).

    >>> wengert.linalg.det(wengert.tensor([[2.0, 0.0], [5.0, 3.0]]))
    tensor(6.)
    """
    check_square("linalg.det", A)
    check_float("linalg.det", A)
    import numpy

    return given(out, batched(numpy.linalg.det, A))


@primitive("linalg_slogdet")
def slogdet(A, *, out=None):
    """The signs and the logarithms of the absolute values of the determinants of square matrices (*, n, n).

    >>> wengert.linalg.slogdet(-wengert.eye(3))
    torch.return_types.linalg_slogdet(
    sign=tensor(-1.),
    logabsdet=tensor(0.))
    """
    check_square("linalg.slogdet", A)
    check_float("linalg.slogdet", A)
    import numpy

    return given(out, Slogdet(*batched(lambda a: tuple(numpy.linalg.slogdet(a)), A)))


def _with_infos(function, A, *others):
    """function of A (and others) by NumPy, and the first zero pivot of every matrix that has one, for which it gives NaN."""
    import numpy

    try:
        return batched(function, A, *others), [0] * A.shape[:-2].numel()
    except numpy.linalg.LinAlgError:
        pass
    results, infos = [], []
    rest = [list(each_matrix(other)) for other in others]
    for index, (_, matrix) in enumerate(each_matrix(A)):
        infos.append(first_zero_pivot(matrix))
        own = [other[index][1] for other in rest]
        try:
            results.append(batched(function, matrix, *own))
        except numpy.linalg.LinAlgError:
            infos[-1] = infos[-1] or matrix.size(-1)
            results.append(wengert.full_like(own[0] if own else matrix, wengert.nan))
    return wengert.stack(results).reshape((*A.shape[:-2], *results[0].shape)), infos


def _info_tensor(infos, batch):
    return wengert.tensor(infos, dtype=wengert.int32).reshape(batch)


def inv(A, *, out=None):
    """The inverses of square matrices (*, n, n). LinAlgError where one is singular.

    >>> wengert.linalg.inv(wengert.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return given(out, inv_ex(A, check_errors=True).inverse)


@primitive("linalg_inv_ex")
def inv_ex(A, *, check_errors=False, out=None):
    """inv without the error: (inverse, info), info being 0 or the first zero pivot; the inverse is NaN there.

    >>> wengert.linalg.inv_ex(wengert.ones(2, 2)).info
    tensor(2, dtype=torch.int32)
    """
    check_square("linalg.inv", A)
    check_float("linalg.inv", A)
    import numpy

    inverse, infos = _with_infos(numpy.linalg.inv, A)
    for index, info in enumerate(infos):
        if check_errors and info:
            raise LinAlgError(
                f"linalg.inv: {batch_text(None if A.dim() == 2 else index)}The diagonal element {info} is zero, the inversion could "
                "not be completed because the input matrix is singular."
            )
    return given(out, InvEx(column_major(inverse), _info_tensor(infos, A.shape[:-2])))


def is_vector(A_shape, B_shape):
    """Whether B is a vector, or a batch of them, rather than matrices."""
    return len(B_shape) == 1 or tuple(B_shape) == tuple(A_shape[:-1])


def _check_pair(name, A, B):
    check(
        A.dtype == B.dtype,
        f"{name}: Expected A and B to have the same dtype, but found A of type {dtype_word(A)} and B of type "
        f"{dtype_word(B)} instead",
    )


def _check_system(name, A, B, left):
    n = B.size(-2 if left else -1)
    fits = A.size(-1) == n
    order = "AX = B" if left else "XA = B"
    check(
        fits,
        f"{name}: Incompatible shapes of A and B for the equation {order} "
        f"({A.size(-2)}x{A.size(-1)} and {B.size(-2)}x{B.size(-1)})",
    )


def _solve(A, B, left):
    name = "linalg.solve"
    check_square(name, A)
    check_float(name, A)
    _check_pair(name, A, B)
    import numpy

    vector = is_vector(A.shape, B.shape)
    columns = B.unsqueeze(-1) if vector else B
    check_matrices(name, columns, "B")
    _check_system(name, A, columns, left)
    if vector:
        check(left, f"{name}: Vector broadcasting of the left hand side is not supported for left=False. In this case "
              "linalg.solve is equivalent to B / A.squeeze(-1)")  # fmt: skip
    a, b = broadcast_batches(A if left else A.mT, columns if left else columns.mT)
    result, infos = _with_infos(numpy.linalg.solve, a, b)
    result = column_major(result) if left else result.mT.contiguous()
    own = (0,) * (a.dim() - A.dim()) + tuple(slice(size) for size in A.shape[:-2])  # of A's matrices, not of their repetitions
    return (result.squeeze(-1) if vector else result), _info_tensor(infos, a.shape[:-2])[own]


def solve(A, B, *, left=True, out=None):
    """The X with A @ X = B (without left: X @ A = B) for square A (*, n, n) and B (*, n, k), or (*, n), or (n,).

    Batches are broadcast. LinAlgError where an A is singular.

    >>> wengert.linalg.solve(wengert.tensor([[2.0, 0.0], [0.0, 4.0]]), wengert.tensor([1.0, 2.0]))
    tensor([0.5000, 0.5000])
    """
    return given(out, solve_ex(A, B, left=left, check_errors=True).result)


@primitive("linalg_solve_ex")
def solve_ex(A, B, *, left=True, check_errors=False, out=None):
    """solve without the error: (result, info), info being 0 or the first zero pivot; the result is NaN there.

    >>> wengert.linalg.solve_ex(wengert.ones(2, 2), wengert.ones(2)).info
    tensor(2, dtype=torch.int32)
    """
    result, infos = _solve(A, B, left)
    for index, info in enumerate(infos.reshape(-1).tolist() if check_errors else ()):
        if info:
            where = batch_text(None if A.dim() == 2 else index)
            raise LinAlgError(f"torch.linalg.solve: {where}The solver failed because the input matrix is singular.")
    return given(out, SolveEx(result, infos))


_LEAF = 32  # rows that are solved one by one; above, halves and a matrix product


def _substitute(a, b, upper, unit):
    """The X with a @ X = b for triangular a, whose other triangle is not read."""
    n = a.size(-1)
    if n > _LEAF:
        h = n // 2
        if upper:
            below = _substitute(a[..., h:, h:], b[..., h:, :], upper, unit)
            above = _substitute(a[..., :h, :h], b[..., :h, :] - a[..., :h, h:] @ below, upper, unit)
        else:
            above = _substitute(a[..., :h, :h], b[..., :h, :], upper, unit)
            below = _substitute(a[..., h:, h:], b[..., h:, :] - a[..., h:, :h] @ above, upper, unit)
        return wengert.cat((above, below), -2)
    rows: list = [None] * n
    for i in reversed(range(n)) if upper else range(n):
        known = range(i + 1, n) if upper else range(i)
        row = b[..., i, :]
        if len(known):
            solved = wengert.stack([rows[j] for j in known], -2)
            row = row - (a[..., i : i + 1, known[0] : known[-1] + 1] @ solved).squeeze(-2)
        rows[i] = row if unit else row / a[..., i, i, None]
    return wengert.stack(rows, -2) if rows else b.clone()


@primitive("linalg_solve_triangular")
def solve_triangular(A, B, *, upper, left=True, unitriangular=False, out=None):
    """The X with A @ X = B (without left: X @ A = B) for triangular A (*, n, n), whose other triangle is not read.

    unitriangular: the diagonal is taken as ones. A zero on the diagonal gives infinities and NaN, not an error.

    >>> wengert.linalg.solve_triangular(wengert.tensor([[2.0, 1.0], [0.0, 4.0]]), wengert.tensor([[4.0], [8.0]]), upper=True)
    tensor([[1.],
            [2.]])
    """
    name = "linalg.solve_triangular"
    check_square(name, A)
    check_matrices(name, B, "B")
    _check_pair(name, A, B)
    check_float(name, A)
    _check_system(name, A, B, left)
    a, b = broadcast_batches(A, B)
    if left:
        return given(out, column_major(_substitute(a, b, upper, unitriangular)))
    return given(out, _substitute(a.mT, b.mT, not upper, unitriangular).mT)


def lu_solve(LU, pivots, B, *, left=True, adjoint=False, out=None):
    """The X with A @ X = B (without left: X @ A = B; with adjoint: A.mT @ X = B), from lu_factor(A).

    >>> A = wengert.tensor([[1.0, 2.0], [4.0, 2.0]])
    >>> wengert.linalg.lu_solve(*wengert.linalg.lu_factor(A), wengert.tensor([[3.0], [6.0]]))
    tensor([[1.],
            [1.]])
    """
    name = "linalg.lu_solve"
    check_square(f"torch.{name}", LU)
    check_matrices(name, B, "B")
    check_float(name, LU)
    _check_pair(name, LU, B)
    _check_system(name, LU, B, left)
    if not left:
        return given(out, lu_solve(LU, pivots, B.mT, adjoint=not adjoint).mT)
    factors, b = broadcast_batches(LU, B)
    n = LU.size(-1)
    rows = permutation_of(pivots, n).expand((*factors.shape[:-2], n))
    if adjoint:
        x = solve_triangular(factors.mT, b, upper=False)
        x = solve_triangular(factors.mT, x, upper=True, unitriangular=True)
        back = wengert.argsort(rows, -1)
        return given(out, column_major(wengert.take_along_dim(x, back.unsqueeze(-1), -2)))
    x = wengert.take_along_dim(b, rows.unsqueeze(-1), -2)
    x = solve_triangular(factors, x, upper=False, unitriangular=True)
    return given(out, solve_triangular(factors, x, upper=True))


@primitive("linalg_lstsq")
def _lstsq(A, B, rcond, driver):
    name = "torch.linalg.lstsq"
    check(A.dim() >= 2, f"{name}: input must have at least 2 dimensions.")
    check(B.dim() >= 1, f"{name}: other must have at least 1 dimension.")
    check(A.dtype == B.dtype, f"{name}: Expected input and other to have the same dtype, but got input's dtype {dtype_word(A)} "
          f"and other's dtype {dtype_word(B)}")  # fmt: skip
    check_float(name, A)
    check(
        0 <= A.dim() - B.dim() <= 1,
        f"{name}: input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1",
    )
    vector = is_vector(A.shape, B.shape)
    b = B.unsqueeze(-1) if vector else B
    check(A.size(-2) == b.size(-2), f"{name}: input.size(-2) should match other.size(-{1 if vector else 2})")
    check(
        driver in ("gels", "gelsy", "gelsd", "gelss"),
        f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)",
    )
    m, n = A.shape[-2:]
    a, b = broadcast_batches(A, b)
    epsilon = wengert.finfo(A.dtype).eps
    u, s, vh = svd(a, False)
    cut = (epsilon * max(m, n) if rcond is None else rcond) * (s[..., :1] if s.size(-1) else s)
    used = s > cut
    inverse = wengert.where(used, 1 / wengert.where(used, s, 1.0), 0.0)
    solution = column_major(vh.mT @ (inverse.unsqueeze(-1) * (u.mT @ b)))
    rank = used.sum(-1)
    if driver == "gels" and bool((rank < min(m, n)).any()):
        index = batch_text(None if rank.dim() == 0 else int((rank < min(m, n)).reshape(-1).nonzero()[0]))
        raise LinAlgError(f"{name}: {index}The least squares solution could not be computed because the input matrix does not have "
                          "full rank.")  # fmt: skip
    empty = wengert.empty(0, dtype=A.dtype)
    residuals = empty
    if driver != "gelsy" and m > n and bool((rank == n).all()):
        residuals = ((a @ solution - b) ** 2).sum(-2)
    return Lstsq(
        solution.squeeze(-1) if vector else solution,
        residuals,
        wengert.empty(0, dtype=wengert.int64) if driver == "gels" else rank,
        s if driver in ("gelsd", "gelss") else empty,
    )


def lstsq(A, B, rcond=None, *, driver=None):
    """The X that makes the columns of A @ X - B smallest, and of these the smallest, for A (*, m, n) and B (*, m, k) or (*, m).

    Returns (solution, residuals, rank, singular_values), which are empty as in PyTorch: residuals, the squared lengths per
    column, for m > n and full rank with every driver but "gelsy" (the default); rank without "gels"; singular values with
    "gelsd" and "gelss". Singular values below rcond (default: the dtype's epsilon times max(m, n)) times the largest are zeros.
    LinAlgError with "gels" where a matrix has not full rank.

    >>> A = wengert.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> wengert.linalg.lstsq(A, wengert.tensor([[1.0], [3.0], [5.0]])).solution.round(decimals=3)
    tensor([[1.],
            [2.]])
    """
    solution, residuals, rank, s = _lstsq(A, B, rcond, driver or "gelsy")
    return Lstsq(solution, residuals, rank, s.detach() if s.requires_grad else s)


@primitive("linalg_pinv")
def pinv(A, *, atol=None, rtol=None, hermitian=False, out=None):
    """The pseudo-inverses (*, n, m) of matrices (*, m, n): singular values up to max(atol, rtol * largest) count as zeros.

    rtol: by default the dtype's epsilon times max(m, n), and 0 where atol is given. hermitian: A is symmetric.

    >>> wengert.linalg.pinv(wengert.tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    check(
        A.dim() >= 2 and A.dtype.is_floating_point,
        f"linalg.pinv({dtype_word(A)}{{{list(A.shape)}}}): expected a tensor with 2 or more dimensions of float, double, cfloat "
        "or cdouble types",
    )
    from .norms import tolerance

    if A.numel() == 0:
        return given(out, wengert.zeros(*A.shape[:-2], A.size(-1), A.size(-2), dtype=A.dtype))
    if hermitian:
        from .decompositions import eigh

        values, vectors = eigh(A)
        sizes = values.abs()
        used = sizes > tolerance(A, sizes.amax(-1, True), atol, rtol).unsqueeze(-1)
        inverse = wengert.where(used, 1 / wengert.where(used, values, 1.0), 0.0)
        return given(out, (vectors * inverse.unsqueeze(-2)) @ vectors.mT)
    u, s, vh = svd(A, False)
    used = ~(s <= tolerance(A, s[..., :1], atol, rtol).unsqueeze(-1))  # NaN stays
    inverse = wengert.where(used, 1 / wengert.where(used, s, 1.0), 0.0)
    return given(out, (vh.mT * inverse.unsqueeze(-2)) @ u.mT)


def tensorinv(A, ind=2, *, out=None):
    """The inverse of A as the map from its last dimensions to its first `ind`: shape A.shape[ind:] + A.shape[:ind].

    >>> wengert.linalg.tensorinv(wengert.eye(6).reshape(2, 3, 6), ind=2).shape
    torch.Size([6, 2, 3])
    """
    check(ind > 0, f"Expected a strictly positive integer for 'ind', but got {ind}")
    rows, columns = A.shape[:ind], A.shape[ind:]
    check(
        rows.numel() == columns.numel(),
        "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
        f"{columns.numel()} != {rows.numel()}",
    )
    return given(out, inv(A.reshape(rows.numel(), columns.numel())).reshape((*columns, *rows)))


def tensorsolve(A, B, dims=None, *, out=None):
    """The X with tensordot(A, X, X.dim()) = B; dims are moved to the end of A first.

    >>> wengert.linalg.tensorsolve(wengert.eye(6).reshape(2, 3, 6), wengert.ones(2, 3)).shape
    torch.Size([6])
    """
    if dims is not None:
        A = A.movedim(tuple(dims), tuple(range(A.dim() - len(dims), A.dim())))
    shape = A.shape[B.dim() :]
    check(
        shape.numel() == B.numel(),
        "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but got "
        f"{shape.numel()} != {B.numel()}",
    )
    return given(out, solve(A.reshape(B.numel(), shape.numel()), B.reshape(-1)).reshape(shape))
