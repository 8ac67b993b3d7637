"""Calls of the functions of wengert.autograd.derivatives.linalg, and of linear algebra made of operators."""

from math import inf

import wengert

from . import call, composites, samples


def symmetric(a, *rest):
    """What reads one triangle has a gradient as a function of symmetric matrices."""
    return (a + a.mT) / 2, *rest


def triangular(b, factor, *rest):
    """For functions whose gradient in PyTorch has the triangle too that they do not read."""
    return b, factor.tril(), *rest


def product(*factors):
    result = factors[0]
    for factor in factors[1:]:
        result = result @ factor
    return result


def rebuilt(u, s, vh):
    """What does not depend on signs, and for full matrices not on the choice of the other columns."""
    k = s.shape[-1]
    return (u[..., :k] * s.unsqueeze(-2)) @ vh[..., :k, :], u[..., :k].abs(), s, vh[..., :k, :].abs()


# ---- factorisations


@samples("linalg_cholesky_ex")
@composites("linalg_cholesky", "cholesky")
def _(make):
    yield call(make.definite(n=3)).prepared(symmetric)
    yield call(make.definite(n=3), upper=True).prepared(symmetric)
    yield call(make.definite(2, n=4).mT).prepared(symmetric)
    yield call(make.definite(1, n=2).expand(3, 2, 2), upper=True).prepared(symmetric)
    yield call(make.definite(n=1))
    yield call(make(0, 0))
    yield call(make(2, 0, 0))


@samples("linalg_qr")
def _(make):
    for a in (
        make(4, 3),
        make.regular(n=3),
        make(3, 5),
        make(2, 3, 4).mT,
        make(1, 2, 3).expand(2, 2, 3),
        make(1, 1),
        make(0, 3),
        make(2, 0),
    ):
        yield call(a)
        yield call(a).reduced(lambda q, r: q)
        yield call(a).reduced(lambda q, r: r)
    yield call(make.regular(n=3), mode="complete")
    yield call(make(2, 2, 3), "complete")


@samples("linalg_svd")
def _(make):
    for a in (make(3, 3), make(4, 2), make(2, 4), make(2, 2, 3).mT, make(1, 2, 3).expand(2, 2, 3), make(1, 1)):
        yield call(a, full_matrices=False).reduced(rebuilt)
        yield call(a).reduced(rebuilt)
        yield call(a, False).reduced(lambda u, s, vh: u.abs())
        yield call(a, False).reduced(lambda u, s, vh: s)
        yield call(a, False).reduced(lambda u, s, vh: vh.abs())
    yield call(make(0, 2), False)
    yield call(make(2, 0, 2), False)


@samples("linalg_eigh")
def _(make):
    for a in (make(3, 3), make(2, 2, 2).mT, make(1, 2, 2).expand(2, 2, 2), make(1, 1), make(0, 0)):
        yield call(a).prepared(symmetric).reduced(lambda values, vectors: (values, vectors.abs()))
        yield call(a, UPLO="U").prepared(symmetric).reduced(lambda values, vectors: vectors.abs())
        yield call(a).prepared(symmetric).reduced(lambda values, vectors: values)


@composites("linalg_svdvals")
def _(make):
    yield call(make(3, 4))
    yield call(make(2, 3, 2).mT)
    yield call(make(0, 2))


@composites("linalg_eigvalsh")
def _(make):
    yield call(make(3, 3)).prepared(symmetric)
    yield call(make(2, 3, 3), UPLO="U").prepared(symmetric)


@samples("linalg_lu_factor_ex")
@composites("linalg_lu_factor")
def _(make):
    yield call(make.regular(n=3))
    yield call(make(3, 3))
    yield call(make(2, 4, 3))
    yield call(make(2, 4, 3).mT)
    yield call(make(1, 3, 3).expand(2, 3, 3))
    yield call(make(5, 1))
    yield call(make(1, 5))
    yield call(make(0, 3))
    yield call(make(0, 2, 2))


@composites("linalg_lu")
def _(make):
    yield call(make(3, 3)).reduced(lambda p, lower, upper: (lower, upper))
    yield call(make(2, 4, 3))
    yield call(make(2, 3))


@composites("linalg_householder_product")
def _(make):
    yield call(make(4, 3), make(3))
    yield call(make(4, 3), make(2))
    yield call(make(2, 3, 3).mT, make(2, 2))
    yield call(make(3, 2), make(0))


# ---- systems


@samples("linalg_inv_ex")
@composites("linalg_inv", "inverse")
def _(make):
    yield call(make.regular(n=3))
    yield call(make.regular(2, n=3).mT)
    yield call(make.regular(1, n=2).expand(3, 2, 2))
    yield call(make(0, 0))
    yield call(make(0, 2, 2))


@samples("linalg_solve_ex")
@composites("linalg_solve")
def _(make):
    yield call(make.regular(n=3), make(3, 2))
    yield call(make.regular(n=3), make(3))
    yield call(make.regular(n=3).mT, make(2, 3).mT)
    yield call(make.regular(n=3), make(2, 3), left=False)
    yield call(make.regular(2, n=3), make(2, 3))
    yield call(make.regular(2, n=3), make(3))
    yield call(make.regular(2, n=3), make(3, 2))
    yield call(make.regular(n=3), make(2, 3, 2))
    yield call(make.regular(2, 1, n=2), make(3, 2, 1).expand(3, 2, 4))
    yield call(make.regular(2, n=2), make(3, 2), left=False)
    yield call(make.regular(n=3), make(3, 2, grad=False))
    yield call(make.regular(n=3, grad=False), make(3))
    yield call(make(0, 0), make(0, 2))
    yield call(make.regular(n=2), make(2, 0))


@samples("linalg_solve_triangular")
def _(make):
    for upper in (False, True):
        for unitriangular in (False, True):
            yield call(make.regular(n=3), make(3, 2), upper=upper, unitriangular=unitriangular)
            yield call(make.regular(2, n=3).mT, make(2, 3), upper=upper, left=False, unitriangular=unitriangular)
    yield call(make.regular(n=2), make(3, 2, 1), upper=True)
    yield call(make.regular(3, 1, n=2), make(1, 2, 2).expand(2, 2, 2), upper=False)
    yield call(make.regular(n=40), make(40, 1), upper=True)
    yield call(make(0, 0), make(0, 2), upper=True)
    yield call(make.regular(n=2), make(2, 0), upper=True)


@composites("triangular_solve")
def _(make):
    for upper in (False, True):
        for transpose in (False, True):
            yield call(make(3, 2), make.regular(n=3), upper=upper, transpose=transpose)
    yield call(make(2, 1), make.regular(2, n=2), unitriangular=True)


@composites("cholesky_solve")
def _(make):
    yield call(make(3, 2), make.regular(n=3)).prepared(triangular)
    yield call(make(3, 2), make.regular(n=3), upper=True).prepared(lambda b, factor: (b, factor.triu()))
    yield call(make(2, 3, 1), make.regular(2, n=3)).prepared(triangular)


@composites("cholesky_inverse")
def _(make):
    yield call(make.regular(n=3)).prepared(lambda factor: (factor.tril(),))
    yield call(make.regular(2, n=3), upper=True).prepared(lambda factor: (factor.triu(),))


@composites("linalg_lu_solve")
def _(make):
    for left in (True, False):
        for adjoint in (True, False):
            pivots = wengert.tensor([2, 3, 3], dtype=wengert.int32)
            yield call(make.regular(n=3), pivots, make(3, 3), left=left, adjoint=adjoint)
    yield call(make.regular(2, n=2), wengert.tensor([[1, 2], [2, 2]], dtype=wengert.int32), make(2, 3, 2).mT)


@samples("linalg_pinv")
@composites("pinverse")
def _(make):
    yield call(make.regular(n=3))
    yield call(make(4, 2))
    yield call(make(2, 2, 3))
    yield call(make(2, 3, 4).mT)
    yield call(make(4, 2), make(2, 3)).prepared(lambda a, b: (a @ b,))  # of rank 2
    yield call(make(0, 3))


@samples("linalg_lstsq")
def _(make):
    for a in (make(4, 2), make.regular(n=3), make(2, 2, 4), make(3, 2, 4).mT):
        yield call(a, make(*a.shape[:-1], 2))
        yield call(a, make(*a.shape[:-1], 2), driver="gelsd")
        yield call(a, make(*a.shape[:-1]), driver="gelsd")
    yield call(make(4, 2), make(4, 1), driver="gelss").reduced(lambda x, residuals, rank, s: residuals)
    yield call(make(4, 2), make(4, 1, grad=False), driver="gels")
    yield call(make(4, 2, grad=False), make(4, 1))
    yield call(make(4, 2), make(2, 3), make(4, 1)).prepared(lambda a, b, c: (a @ b, c))  # of rank 2


@composites("linalg_tensorinv")
def _(make):
    yield call(make(2, 3, 6))
    yield call(make(4, 2, 2), ind=1)


@composites("linalg_tensorsolve")
def _(make):
    yield call(make(2, 3, 6), make(2, 3))
    yield call(make(6, 2, 3), make(2, 3), dims=(0,))


# ---- determinants, exponentials, norms


@samples("linalg_det")
@composites("det")
def _(make):
    yield call(make(3, 3))
    yield call(make(2, 3, 3).mT)
    yield call(make(1, 2, 2).expand(3, 2, 2))
    yield call(make(1, 1))
    yield call(make(0, 0))
    yield call(make(0, 2, 2))


@samples("linalg_slogdet")
@composites("slogdet")
def _(make):
    yield call(make.regular(n=3))
    yield call(-make.regular(2, n=3).mT)
    yield call(make.regular(n=2)).reduced(lambda sign, logabsdet: sign * logabsdet)
    yield call(make(0, 0))


@composites("logdet")
def _(make):
    yield call(make.definite(n=3))
    yield call(make.definite(2, n=3))


@samples("linalg_matrix_exp")
@composites("matrix_exp")
def _(make):
    yield call(make(3, 3))
    yield call(make(2, 3, 3, low=-9, high=9).mT)  # with squarings
    yield call(make(1, 2, 2).expand(2, 2, 2))
    yield call(make(3, 3).triu(1))
    yield call(make(1, 1))
    yield call(make(0, 0))


@composites("linalg_matrix_power", "matrix_power")
def _(make):
    for n in (-2, -1, 0, 1, 2, 3, 5):
        yield call(make.regular(n=3), n)
    yield call(make(2, 3, 3).mT, 4)


@composites("linalg_matrix_norm")
def _(make):
    for order in ("fro", "nuc", 1, -1, 2, -2, inf, -inf):
        yield call(make(3, 4), order)
        yield call(make(3, 2, 4), order, dim=(2, 0), keepdim=True)


@composites("linalg_norm")
def _(make):
    yield call(make(3, 4))
    yield call(make(3, 4), "nuc")
    yield call(make(2, 3, 4), 3, dim=1)


@composites("linalg_vector_norm")
def _(make):
    yield call(make.away(3, 4), 3, dim=(0,))
    yield call(make.away(3, 4))


@composites("linalg_cond")
def _(make):
    for p in (None, 2, -2):  # PyTorch's backward fails for the other norms
        yield call(make.regular(2, n=3), p)
    yield call(make(3, 2))


# ---- products


@composites("linalg_multi_dot")
def _(make):
    yield call(make(2, 3), make(3, 4), make(4, 2)).prepared(lambda *matrices: (matrices,))
    yield call(make(3), make(3, 4), make(4)).prepared(lambda *matrices: (matrices,))


@composites("chain_matmul")
def _(make):
    yield call(make(2, 3), make(3, 4), make(4, 2))


@composites("linalg_cross", "cross")
def _(make):
    yield call(make(2, 3), make(2, 3), dim=-1)
    yield call(make(3, 1), make(3, 4), dim=0)


@composites("linalg_vecdot")
def _(make):
    yield call(make(2, 3), make(2, 3))
    yield call(make(2, 1, 3), make(4, 3))


@composites("linalg_vander")
def _(make):
    yield call(make(3))
    yield call(make(2, 3), N=4)


@composites("inner")
def _(make):
    yield call(make(2, 3), make(4, 3))
    yield call(make(2, 3), make())


@composites("vdot")
def _(make):
    yield call(make(3), make(3))


@composites("addr")
def _(make):
    yield call(make(2, 3), make(2), make(3))
    yield call(make(3), make(2), make(3), beta=0.5, alpha=2)
    yield call(make(2, 3), make(2), make(3), beta=0)


@composites("addbmm")
def _(make):
    yield call(make(2, 4), make(3, 2, 3), make(3, 3, 4))
    yield call(make(4), make(3, 2, 3), make(3, 4, 3).mT, beta=0.5, alpha=2)


@composites("kron")
def _(make):
    yield call(make(2, 3), make(3, 2))
    yield call(make(2), make(3, 2, 2))


@composites("tensordot")
def _(make):
    yield call(make(2, 3, 4), make(4, 3, 5), dims=([1, 2], [1, 0]))
    yield call(make(2, 3), make(2, 3), 2)
    yield call(make(2), make(3), 0)


@composites("einsum")
def _(make):
    def equation(text):
        return lambda *tensors: (text, *tensors)

    yield call(make(2, 3), make(3, 4)).prepared(equation("ij,jk->ik"))
    yield call(make(3, 3)).prepared(equation("ii"))
    yield call(make(2, 3), make(3, 2), make(2, 4)).prepared(equation("ij,ja,ab->ib"))
    yield call(make(2, 2, 3), make(1, 3, 4)).prepared(equation("...ij,...jk->...k"))


# ---- distances and statistics


@samples("cdist")
def _(make):
    for p in (0, 0.5, 1, 1.5, 2, 2.5, 3, inf):
        yield call(make(3, 2), make(4, 2), p)
    yield call(make(2, 3, 2), make(4, 2), p=1.5)
    yield call(make(2, 1, 3, 2), make(3, 3, 2), p=2)
    yield call(make(2, 3).mT, make(1, 2).expand(4, 2))
    yield call(make(3, 2), make(4, 2), compute_mode="use_mm_for_euclid_dist")
    yield call(make(2, 3, 2), make(4, 2), compute_mode="use_mm_for_euclid_dist")
    yield call(make(30, 2), make(3, 2))
    yield call(make(3, 2), make(4, 2, grad=False), compute_mode="donot_use_mm_for_euclid_dist")
    yield call(make(0, 2), make(3, 2))
    yield call(make(2, 0), make(3, 0))


@composites("cov")
def _(make):
    yield call(make(3, 5))
    yield call(make(5), correction=0)
    yield call(make(3, 5), correction=2)
    yield call(make(3, 5), fweights=wengert.tensor([1, 0, 3, 2, 1]))
    yield call(make(3, 5), aweights=make(5, low=0.1))
    yield call(make(3, 5), fweights=wengert.tensor([1, 0, 3, 2, 1]), aweights=make(5, low=0.1), correction=0)


@composites("corrcoef")
def _(make):
    yield call(make(3, 5))


@composites("trapezoid", "cumulative_trapezoid")
def _(make):
    yield call(make(3, 4))
    yield call(make(3, 4), make(4))
    yield call(make(3, 4), make(3, 4), dim=0)
    yield call(make(3, 4), dx=0.5, dim=0)


@composites("diff")
def _(make):
    yield call(make(3, 4))
    yield call(make(3, 4), 2, 0)
    yield call(make(3, 4), 1, 0, make(1, 4), make(2, 4))
    yield call(make(3, 4), 0)


@composites("gradient")
def _(make):
    yield call(make(3, 4))
    yield call(make(3, 4), dim=1, edge_order=2, spacing=0.5)
