"""Linear algebra in PyTorch's spelling: ``torch.linalg``.

Factorisations and solvers are LAPACK's, through NumPy (and SciPy where a function says so), which are loaded when first used.
Every function takes batches: the last two dimensions are the matrices. float32 and float64; eigenvalues of general matrices
would be complex and are not covered.

Float results are differentiable, as often as you like: the functions that call LAPACK have rows of the derivative table, and the
others are made of operators.
"""

from ._support import LinAlgError
from .decompositions import (
    cholesky,
    cholesky_ex,
    eigh,
    eigvalsh,
    householder_product,
    lu,
    lu_factor,
    lu_factor_ex,
    qr,
    svd,
    svdvals,
)
from .norms import cond, matrix_norm, matrix_rank, norm, vector_norm
from .products import cross, diagonal, matmul, matrix_exp, matrix_power, multi_dot, vander, vecdot
from .solvers import (
    det,
    inv,
    inv_ex,
    lstsq,
    lu_solve,
    pinv,
    slogdet,
    solve,
    solve_ex,
    solve_triangular,
    tensorinv,
    tensorsolve,
)


def __getattr__(name):
    if name in ("eig", "eigvals"):
        raise AttributeError(
            f"wengert.linalg does not cover {name!r}: complex numbers are not covered; eigh and eigvalsh take symmetric matrices",
            name=name,
        )
    import difflib

    near = difflib.get_close_matches(name, globals(), 3)
    hint = f"; the nearest it has: {', '.join(near)}" if near else ""
    raise AttributeError(f"wengert.linalg does not cover {name!r}{hint}", name=name)
