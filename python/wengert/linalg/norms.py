"""Norms, condition numbers, ranks."""

from math import inf

import wengert

from .. import _C
from ._support import check, check_float, check_matrices, check_square, given
from .decompositions import eigvalsh, svdvals


def _as_dims(dim):
    return (dim,) if isinstance(dim, int) else tuple(dim)


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None, out=None):
    """The norm of the vectors along dim (all elements by default): (sum |x|^ord)^(1/ord); inf, -inf and 0 (how many are not 0) too.

    >>> wengert.linalg.vector_norm(wengert.tensor([3.0, 4.0]))
    tensor(5.)
    """
    return given(out, _C.functions["_linalg_vector_norm"](x, ord, dim, keepdim, dtype=dtype))


def _singular_values(A, dims):
    return svdvals(A.movedim(dims, (-2, -1)))


def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None, out=None):
    """The norm of the matrices of two dimensions: "fro", "nuc", inf, -inf, 1, -1, 2, -2.

    inf: the largest sum of a row's absolute values, 1: of a column's, 2: the largest singular value, negative: the smallest;
    "nuc": the sum of the singular values.

    >>> wengert.linalg.matrix_norm(wengert.tensor([[1.0, -2.0], [3.0, 4.0]]), 1)
    tensor(6.)
    """
    name = "linalg.matrix_norm"
    check(ord in ("fro", "nuc", inf, -inf, 1, -1, 2, -2), f"{name}: Order {ord} not supported.")
    check_matrices(name, A)
    check_float(name, A)
    dims = _as_dims(dim)
    check(len(dims) == 2, f"{name}: dim must be a 2-tuple. Got {' '.join(map(str, dims))}")
    wrapped = tuple(d % A.dim() if -A.dim() <= d < A.dim() else A.size(d) and d for d in dims)
    check(wrapped[0] != wrapped[1], f"{name}: dims must be different. Got ({dims[0]}, {dims[1]})")
    if dtype is not None:
        A = A.to(dtype)
    if ord == "fro":
        return given(out, vector_norm(A, 2, dims, keepdim))
    if ord in ("nuc", 2, -2):
        values, last = _singular_values(A, wrapped), -1
    else:
        added, last = (wrapped[1], wrapped[0]) if abs(ord) == inf else wrapped
        values = A.abs().sum(added)
        last -= added < last
    if ord == "nuc":
        result = values.sum(-1)
    elif ord > 0 and values.size(last) == 0:  # the largest of no sizes
        result = values.sum(last)
    else:
        result = values.amax(last) if ord > 0 else values.amin(last)
    if keepdim:
        for d in sorted(wrapped):
            result = result.unsqueeze(d)
    return given(out, result)


def norm(A, ord=None, dim=None, keepdim=False, *, out=None, dtype=None):
    """vector_norm over one dimension or, without ord, over all elements; matrix_norm over two.

    RuntimeError for ord without dim, unless A is 1-D or 2-D.

    >>> wengert.linalg.norm(wengert.tensor([[3.0, 0.0], [0.0, 4.0]]), "nuc")
    tensor(7.)
    """
    dims = None if dim is None else _as_dims(dim)
    check(
        ord is None or dims is not None or A.dim() in (1, 2),
        f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.dim()}D.",
    )
    matrix = isinstance(ord, str) or (ord is not None and (len(dims) == 2 if dims is not None else A.dim() == 2))
    if matrix:
        return given(out, matrix_norm(A, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype))
    return given(out, vector_norm(A, 2 if ord is None else ord, dims, keepdim, dtype=dtype))


def tolerance(A, largest, atol, rtol):
    """max(atol, rtol * largest) per matrix, with PyTorch's defaults; `largest` has a last dimension of 1."""
    if rtol is None:
        rtol = 0.0 if atol is not None else wengert.finfo(A.dtype).eps * max(A.shape[-2:])
    bound = largest.squeeze(-1) * rtol
    return bound if atol is None else wengert.maximum(bound, wengert.as_tensor(atol, dtype=A.dtype))


def matrix_rank(A, *, tol=None, atol=None, rtol=None, hermitian=False, out=None):
    """How many singular values of matrices (*, m, n) are above max(atol, rtol * largest).

    rtol: by default the dtype's epsilon times max(m, n), and 0 where atol (or its older name tol) is given. hermitian: A is
    symmetric.

    >>> wengert.linalg.matrix_rank(wengert.ones(3, 3))
    tensor(1)
    """
    check(A.dim() >= 2, "torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.")
    check(A.dtype.is_floating_point, "This function doesn't handle types other than float and double")
    if A.numel() == 0:
        return given(out, wengert.zeros(A.shape[:-2], dtype=wengert.int64))
    A = A.detach()  # integers have no gradient
    s = eigvalsh(A).abs() if hermitian else svdvals(A)
    bound = tolerance(A, s.amax(-1, True), tol if atol is None else atol, rtol)
    return given(out, (s > bound.unsqueeze(-1)).sum(-1))


def cond(A, p=None, *, out=None):
    """The condition numbers of matrices: the norm of order p times that of the inverse; by default, and for 2 and -2, the
    largest singular value over the smallest (-2: the reverse). Infinite for singular matrices.

    >>> wengert.linalg.cond(wengert.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor(2.)
    """
    check(A.dim() >= 2, "linalg.cond: The input tensor must have at least 2 dimensions.")
    check(p in (None, "fro", "nuc", inf, -inf, 1, -1, 2, -2), f"linalg.cond got an invalid norm type: {p}")
    if A.numel() == 0:
        return given(out, wengert.zeros(A.shape[:-2], dtype=A.dtype))
    if p is None or p in (2, -2):
        s = svdvals(A)
        return given(out, s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1])
    check_square(f"linalg.cond(ord={p})", A)
    from .solvers import inv_ex

    inverse, infos = inv_ex(A)
    result = matrix_norm(A, p) * matrix_norm(wengert.where((infos != 0)[..., None, None], 0.0, inverse), p)
    return given(out, wengert.where(infos != 0, inf, result))
