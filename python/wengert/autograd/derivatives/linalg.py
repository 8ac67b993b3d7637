"""Rows of the functions of wengert.linalg that leave wengert for LAPACK, and of cdist. The others are made of operators.

Matrices are the last two dimensions; every formula holds for batches of them. Sources: M. Giles, "Collected matrix derivative
results for forward and reverse mode algorithmic differentiation", 2008; G. Golub & V. Pereyra, "The differentiation of
pseudo-inverses and nonlinear least squares problems whose variables separate", SIAM J. Numer. Anal. 10(2), 1973; N. J. Higham,
"What is the adjugate of a matrix?", 2020.
"""

import wengert

from . import rule
from ._distances import cdist
from ._exponential import frechet
from ._factorisations import cholesky, eigh, lu, qr, svd


def _solve(grad, A, B_shape, left, result, needs):
    """A⁻ᵀ g for B and -A⁻ᵀ g Xᵀ for A, where A X = B; g A⁻ᵀ and -Xᵀ g A⁻ᵀ, where X A = B (Giles 2008)."""
    vector = wengert.linalg.solvers.is_vector(A.shape, B_shape)
    if vector:
        grad, result = grad.unsqueeze(-1), result.unsqueeze(-1)
    grad_b = wengert.linalg.solve_ex(A.mT, grad, left=left).result  # of singular matrices NaN, as X is
    grad_a = None
    if needs[0]:
        grad_a = -(grad_b @ result.mT if left else result.mT @ grad_b)
    return grad_a, grad_b.squeeze(-1) if vector else grad_b


def _solve_triangular(grad, A, upper, left, unitriangular, result, needs):
    """A⁻ᵀ g for B and the triangle that is read of -A⁻ᵀ g Xᵀ for A, where A X = B; g A⁻ᵀ and -Xᵀ g A⁻ᵀ, where X A = B."""
    grad_b = wengert.linalg.solve_triangular(A.mT, grad, upper=not upper, left=left, unitriangular=unitriangular)
    grad_a = None
    if needs[0]:
        grad_a = -(grad_b @ result.mT if left else result.mT @ grad_b)
        grad_a = grad_a.triu(int(unitriangular)) if upper else grad_a.tril(-int(unitriangular))
    return grad_a, grad_b


def _det(grad, A, result):
    """g·(the cofactors of A): g·y·A⁻ᵀ, or for singular matrices det(U)·det(V)·g·U diag(products of the other S) Vᵀ (Higham 2020)."""
    singular = (result == 0).reshape(-1)
    if not bool(singular.any()):
        return (grad * result)[..., None, None] * wengert.linalg.inv(A).mT
    matrices, regular = A.reshape(singular.numel(), *A.shape[-2:]), ~singular
    of_regular = result.reshape(-1)[regular][:, None, None] * wengert.linalg.inv(matrices[regular]).mT
    cofactors = result.new_zeros(matrices.shape).index_put((regular,), of_regular)
    cofactors = cofactors.index_put((singular,), _singular_cofactors(matrices[singular]))
    return grad[..., None, None] * cofactors.reshape(A.shape)


def _singular_cofactors(A):
    u, s, vh = wengert.linalg.svd(A)
    others = wengert.where(wengert.eye(s.size(-1), dtype=wengert.bool), 1.0, s.unsqueeze(-2)).prod(-1)
    sign = (wengert.linalg.det(u.detach()) * wengert.linalg.det(vh.detach())).sign()
    return u @ ((sign.unsqueeze(-1) * others).unsqueeze(-1) * vh)


def _slogdet(some_grads, A):
    """g₂·A⁻ᵀ."""
    grad = some_grads[1]
    return None if grad is None else grad[..., None, None] * wengert.linalg.inv_ex(A).inverse.mT


def _matrix_exp(grad, A):
    """L(Aᵀ, g), the adjoint of E -> L(A, E) in exp(A + E) = exp(A) + L(A, E) + O(|E|²) (Al-Mohy & Higham 2009)."""
    return frechet(A.mT, grad)


def _pinv(grad, A, result):
    """-Pᵀ g Pᵀ + (I - A P) gᵀ P Pᵀ + Pᵀ P gᵀ (I - P A) for P = A⁺ of constant rank (Golub & Pereyra 1973)."""
    p, g = result, grad.mT
    left, right = g @ p @ p.mT, p.mT @ (p @ g)
    return left - A @ (p @ left) + right - (right @ p) @ A - p.mT @ grad @ p.mT


def _lstsq(some_grads, A, B, rcond, solution, needs):
    """Z = A⁺ᵀ g₁ - 2 D g₂ for B, -Z Xᵀ - D (A⁺ A⁺ᵀ g₁)ᵀ + A⁺ᵀ X (g₁ - Aᵀ A⁺ᵀ g₁)ᵀ for A, where X = A⁺ B and D = A X - B.

    The gradient of A⁺ B with that of A⁺ multiplied out (Golub & Pereyra 1973). Residuals do not change with X to first order.
    """
    grad_x, grad_r = some_grads[:2]
    vector = wengert.linalg.solvers.is_vector(A.shape, B.shape)
    x, b = (solution.unsqueeze(-1), B.unsqueeze(-1)) if vector else (solution, B)
    misfit = A @ x - b
    grad_a = grad_b = None
    if grad_x is not None:
        grad_x = grad_x.unsqueeze(-1) if vector else grad_x
        inverse = wengert.linalg.pinv(A, rtol=rcond)
        grad_b = inverse.mT @ grad_x
        if needs[0]:
            grad_a = inverse.mT @ x @ (grad_x - A.mT @ grad_b).mT - misfit @ (inverse @ grad_b).mT - grad_b @ x.mT
    if grad_r is not None and grad_r.numel():  # empty with most drivers and shapes
        flow = 2 * misfit * grad_r.unsqueeze(-2)
        grad_b = -flow if grad_b is None else grad_b - flow
        grad_a = flow @ x.mT if grad_a is None else grad_a + flow @ x.mT
    return grad_a, grad_b.squeeze(-1) if vector and grad_b is not None else grad_b


rule(
    "linalg_cholesky_ex",
    A=cholesky,
    kink="Only one triangle is read; the gradient is the symmetric one, as of a symmetric A.",
)
rule("linalg_qr", A=qr)
rule(
    "linalg_svd",
    A=svd,
    kink="Singular vectors have no derivative at equal singular values nor, of a matrix that is not square, at zeros.",
)
rule(
    "linalg_eigh",
    A=eigh,
    kink="Eigenvectors have no derivative at equal eigenvalues. The gradient is the symmetric one, as of a symmetric A.",
)
rule("linalg_lu_factor_ex", A=lu)

rule("linalg_inv_ex", A=lambda grad, inverse: -(inverse.mT @ grad @ inverse.mT))
rule("linalg_solve_ex", of=("A", "B"), joint=_solve)
rule("linalg_solve_triangular", of=("A", "B"), joint=_solve_triangular)
rule(
    "linalg_pinv",
    A=_pinv,
    kink="Where a change of A changes its rank there is no derivative.",
)
rule(
    "linalg_lstsq",
    of=("A", "B"),
    joint=_lstsq,
    constant=("singular_values",),
    kink="Where a change of A changes its rank there is no derivative.",
)

rule("linalg_det", A=_det)
rule("linalg_slogdet", A=_slogdet)
rule("linalg_matrix_exp", A=_matrix_exp, tangent=lambda A, A_tangent: frechet(A, A_tangent))

rule(
    "cdist",
    of=("x1", "x2"),
    joint=cdist,
    kink="No gradient at distance 0; for p = 1 at equal elements 0; for p = inf all elements that are largest have it in full.",
)
