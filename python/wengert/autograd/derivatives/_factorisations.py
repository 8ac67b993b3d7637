"""Gradients of factorisations of matrices A (*, m, n), k = min(m, n). In the formulas g₁, g₂ ... are the gradients of the factors.

Singular vectors and eigenvectors are unique up to their signs, and within equal values up to a rotation: their gradients are
meant for functions that do not depend on that choice.

Sources: I. Murray, "Differentiation of the Cholesky decomposition", 2016; S. F. Walter & L. Lehmann, "Algorithmic differentiation
of linear algebra functions with application in optimum experimental design", 2010; J. Townsend, "Differentiating the singular
value decomposition", 2016; M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", 2008.
"""

import wengert


def _skew(x):
    return x - x.mT


def _symmetric(x):
    """The lower triangle and its mirror image."""
    return x.tril() + x.tril(-1).mT


def _solve(triangle, b, upper, left=True, unitriangular=False):
    return wengert.linalg.solve_triangular(triangle, b, upper=upper, left=left, unitriangular=unitriangular)


def cholesky(grad, L, upper):
    """L⁻ᵀ sym(tril(Lᵀ g)) L⁻¹ / 2 for A = L Lᵀ, where sym mirrors a triangle (Murray 2016)."""
    lower, grad = (L.mT, grad.mT) if upper else (L, grad)
    middle = _solve(lower.mT, _symmetric(lower.mT @ grad), upper=True)
    return _solve(lower, middle, upper=False, left=False) / 2


def qr(some_grads, Q, R, mode):
    """(g₁ + Q sym(tril(R g₂ᵀ - g₁ᵀ Q))) R⁻ᵀ for A = Q R, where sym mirrors a triangle (Walter & Lehmann 2010).

    For m < n, A = [X Y] and R = [U V]: X = Q U is the square case, to whose g₁ the gradient gV of V = Qᵀ Y adds Y gVᵀ.
    """
    grad_q, grad_r = some_grads
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, mode='reduced') "
            "if you are going to differentiate through linalg.qr."
        )
    m, n = Q.size(-2), R.size(-1)
    if mode == "complete" and m > n:
        raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")
    wide = grad_r is not None and m < n
    square, grad_v = R, None
    if m < n:
        square = R[..., :m]
    if wide:
        grad_r, grad_v = grad_r[..., :m], grad_r[..., m:]
        added = Q @ (R[..., m:] @ grad_v.mT)
        grad_q = added if grad_q is None else grad_q + added
    middle = 0 if grad_r is None else square @ grad_r.mT
    if grad_q is not None:
        middle = middle - grad_q.mT @ Q
    grad_x = Q @ _symmetric(middle)
    grad_x = _solve(square.mT, grad_x if grad_q is None else grad_q + grad_x, upper=False, left=False)
    if m >= n:
        return grad_x
    rest = Q @ grad_v if wide else wengert.zeros((*R.shape[:-2], m, n - m), dtype=R.dtype)
    return wengert.cat((grad_x, rest), -1)


def svd(some_grads, U, S, Vh):
    """U (g₂ + skew(Uᵀ g₁) / E S + S skew(Vᵀ g₃) / E) Vᵀ + (I - U Uᵀ) g₁ S⁻¹ Vᵀ + U S⁻¹ g₃ᵀ (I - V Vᵀ), E[i, j] = S[j]² - S[i]².

    For A = U S Vᵀ, skew(X) = X - Xᵀ (Townsend 2016). Singular values alone need neither E nor S⁻¹: equal ones and zeros do no
    harm. The columns P that full matrices have beyond the k-th are a basis of what the others leave: dP = -U dUᵀ P.
    """
    grad_u, grad_s, grad_vh = some_grads
    k = S.size(-1)
    u, vh = U[..., :k], Vh[..., :k, :]
    if grad_u is None and grad_vh is None:
        return (u * grad_s.unsqueeze(-2)) @ vh
    gaps = S.unsqueeze(-2) - S.unsqueeze(-1)
    gaps = gaps * (S.unsqueeze(-2) + S.unsqueeze(-1)) + wengert.eye(k, dtype=S.dtype)
    middle = 0 if grad_s is None else wengert.diag_embed(grad_s)
    if grad_u is not None:
        middle = middle + _skew(u.mT @ grad_u[..., :k]) / gaps * S.unsqueeze(-2)
    if grad_vh is not None:
        middle = middle + _skew(vh @ grad_vh[..., :k, :].mT) / gaps * S.unsqueeze(-1)
    result = u @ middle @ vh
    if grad_u is not None and U.size(-2) > k:
        result = result + (_outside(U, grad_u, k) / S.unsqueeze(-2)) @ vh
    if grad_vh is not None and Vh.size(-1) > k:
        result = result + u @ (_outside(Vh.mT, grad_vh.mT, k) / S.unsqueeze(-2)).mT
    return result


def _outside(basis, grad, k):
    """The part of the gradient of the first k columns that is orthogonal to them, and what that of the others adds to it."""
    own, rest = basis[..., :k], basis[..., k:]
    outside = grad[..., :k] - own @ (own.mT @ grad[..., :k])
    return outside - rest @ (grad[..., k:].mT @ own) if rest.size(-1) else outside


def eigh(some_grads, eigenvalues, eigenvectors):
    """V (g₁ + skew(Vᵀ g₂) / 2 E) Vᵀ for A = V D Vᵀ, where E[i, j] = D[j] - D[i] and skew(X) = X - Xᵀ (Giles 2008).

    Eigenvalues alone need no E.
    """
    grad_values, grad_vectors = some_grads
    v = eigenvectors
    if grad_vectors is None:
        return (v * grad_values.unsqueeze(-2)) @ v.mT
    gaps = eigenvalues.unsqueeze(-2) - eigenvalues.unsqueeze(-1)
    gaps = gaps + wengert.eye(gaps.size(-1), dtype=gaps.dtype)
    middle = _skew(v.mT @ grad_vectors) / (2 * gaps)
    if grad_values is not None:
        middle = middle + wengert.diag_embed(grad_values)
    return v @ middle @ v.mT


def lu(grad, LU, pivots):
    """P L⁻ᵀ (tril(Lᵀ g, -1) + triu(g Uᵀ)) U⁻ᵀ for A = P L U, square: g has the gradient of L below its diagonal, else that of U.

    From L⁻¹ d(Pᵀ A) U⁻¹ = L⁻¹ dL + dU U⁻¹, strictly lower plus upper. Of a tall A the other rows of L are A₂ U⁻¹, which takes
    L₂ᵀ gL₂ from gU Uᵀ; of a wide one the other columns of U are L⁻¹ A₂, which takes gU₂ U₂ᵀ from Lᵀ gL.
    """
    from wengert.linalg.decompositions import permutation_of

    m, n = LU.shape[-2:]
    k = min(m, n)
    square = LU[..., :k, :k]
    lower = square.tril(-1) + wengert.eye(k, dtype=LU.dtype)
    grad_square = grad[..., :k, :k]
    of_lower, of_upper = lower.mT @ grad_square, grad_square @ square.triu().mT
    if n > k:
        of_lower = of_lower - grad[..., k:] @ LU[..., k:].mT
    if m > k:
        of_upper = of_upper - LU[..., k:, :].mT @ grad[..., k:, :]
    middle = of_lower.tril(-1) + of_upper.triu()
    if m > k:
        middle = wengert.cat((_solve(square.mT, middle, upper=True, unitriangular=True), grad[..., k:, :]), -2)
        result = _solve(square.mT, middle, upper=False, left=False)
    else:
        middle = _solve(square.mT, middle, upper=False, left=False)
        if n > k:
            middle = wengert.cat((middle, grad[..., k:]), -1)
        result = _solve(square.mT, middle, upper=True, unitriangular=True)
    places = permutation_of(pivots, m).argsort(-1)
    return wengert.take_along_dim(result, places.unsqueeze(-1), -2)
