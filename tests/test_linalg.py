"""wengert.linalg against NumPy's float64 results and the equations that its results satisfy."""

import numpy as np
import pytest

import wengert as torch
from reference import layouts

LA = torch.linalg
DTYPES = ["float32", "float64"]
BATCHES = [(), (3,), (2, 3), (0,), (2, 0)]
TOLERANCE = {"float32": 2e-4, "float64": 1e-10}
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def matrices(batch, m, n, dtype, seed=0):
    return np.random.default_rng(seed).standard_normal((*batch, m, n)).astype(dtype)


def positive(batch, n, dtype, seed=0):
    a = matrices(batch, n, n, "float64", seed)
    return (a @ a.swapaxes(-1, -2) + np.eye(n)).astype(dtype)


def close(result, wanted, dtype, about=""):
    wanted = np.asarray(wanted)
    assert tuple(result.shape) == wanted.shape, about
    assert str(result.dtype) == f"torch.{dtype}", about
    tolerance = TOLERANCE[dtype] * max(1.0, np.abs(wanted).max(initial=0))
    np.testing.assert_allclose(result.numpy(), wanted, rtol=TOLERANCE[dtype], atol=tolerance, err_msg=str(about))


@every_dtype
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_square_matrices(batch, n, dtype):
    a, p = matrices(batch, n, n, dtype), positive(batch, n, dtype)
    s, t = torch.tensor(a), torch.tensor(p)
    wide = p.astype("float64")
    close(LA.det(s), np.linalg.det(a.astype("float64")), dtype)
    sign, logabsdet = LA.slogdet(t)
    close(sign * logabsdet.exp(), np.linalg.det(wide), dtype)
    close(LA.inv(t), np.linalg.inv(wide), dtype)
    close(LA.cholesky(t), np.linalg.cholesky(wide), dtype)
    close(LA.cholesky(t, upper=True), np.linalg.cholesky(wide).swapaxes(-1, -2), dtype)
    values, vectors = LA.eigh(t)
    close(values, np.linalg.eigvalsh(wide), dtype)
    close(LA.eigvalsh(t, UPLO="U"), np.linalg.eigvalsh(wide), dtype)
    close(vectors * values.unsqueeze(-2) @ vectors.mT, wide, dtype)
    for power in (-2, -1, 0, 1, 2, 5):
        close(LA.matrix_power(t, power), np.linalg.matrix_power(wide, power), dtype, power)
    close(LA.pinv(t), np.linalg.inv(wide), dtype)
    close(LA.pinv(t, hermitian=True), np.linalg.inv(wide), dtype)


@every_dtype
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("shape", [(3, 3), (5, 2), (2, 5), (1, 4)])
def test_any_matrices(batch, shape, dtype):
    a = matrices(batch, *shape, dtype)
    t, wide = torch.tensor(a), a.astype("float64")
    k = min(shape)
    q, r = LA.qr(t)
    assert q.shape == (*batch, shape[0], k)
    close(q @ r, wide, dtype)
    close(q.mT @ q, np.broadcast_to(np.eye(k), (*batch, k, k)), dtype)
    q, r = LA.qr(t, "complete")
    assert q.shape == (*batch, shape[0], shape[0]) and r.shape == (*batch, *shape)
    close(q @ r, wide, dtype)
    empty, alone = LA.qr(t, mode="r")
    assert empty.shape == (0,)
    close(alone, r[..., :k, :].numpy(), dtype)
    u, s, vh = LA.svd(t, full_matrices=False)
    close(u * s.unsqueeze(-2) @ vh, wide, dtype)
    assert LA.svd(t).U.shape == (*batch, shape[0], shape[0])
    close(LA.svdvals(t), np.linalg.svd(wide, compute_uv=False), dtype)
    close(LA.pinv(t), np.linalg.pinv(wide), dtype)
    close(LA.matrix_rank(t).to(t.dtype), np.full(batch, k), dtype)


@every_dtype
def test_solve(dtype):
    for batch, other, columns in [((), (), 2), ((3,), (), 1), ((), (3,), 2), ((2, 1), (3,), 4)]:
        a, b = positive(batch, 4, dtype), matrices(other, 4, columns, dtype, 1)
        wanted = np.linalg.solve(a.astype("float64"), b.astype("float64"))
        close(LA.solve(torch.tensor(a), torch.tensor(b)), wanted, dtype)
        rows = np.ascontiguousarray(b.swapaxes(-1, -2))
        x = LA.solve(torch.tensor(a), torch.tensor(rows), left=False)
        close(x @ torch.tensor(a), np.broadcast_to(rows, x.shape), dtype)
    a, b = positive((3,), 4, dtype), matrices((), 3, 4, dtype, 1)
    close(LA.solve(torch.tensor(a), torch.tensor(b)), np.linalg.solve(a, b[..., None])[..., 0], dtype)
    close(
        LA.solve(torch.tensor(a), torch.tensor(b[0])),
        np.linalg.solve(a, np.broadcast_to(b[0], (3, 4))[..., None])[..., 0],
        dtype,
    )
    result, info = LA.solve_ex(torch.tensor(a), torch.tensor(b))
    assert info.tolist() == [0, 0, 0] and info.dtype == torch.int32 and result.shape == (3, 4)


@every_dtype
@pytest.mark.parametrize("n", [0, 1, 3, 33, 70])
def test_triangular(n, dtype):
    a = matrices((2,), n, n, dtype) / max(n, 1) + 2 * np.eye(n, dtype=dtype)
    b = matrices((2,), n, 3, dtype, 1)
    t, c = torch.tensor(a), torch.tensor(b)
    for upper in (False, True):
        for unit in (False, True):
            triangle = (np.triu if upper else np.tril)(a.astype("float64"))
            if unit:
                triangle[..., range(n), range(n)] = 1
            close(LA.solve_triangular(t, c, upper=upper, unitriangular=unit), np.linalg.solve(triangle, b), dtype)
            x = LA.solve_triangular(t, c.mT, upper=upper, left=False, unitriangular=unit)
            close(x, np.linalg.solve(triangle.swapaxes(1, 2), b).swapaxes(1, 2), dtype)
    singular = LA.solve_triangular(torch.zeros(2, 2), torch.ones(2, 1), upper=True)
    assert not torch.isfinite(singular).any()


@every_dtype
def test_lu(dtype):
    pytest.importorskip("scipy")
    for batch in BATCHES:
        for shape in [(3, 3), (4, 2), (2, 4)]:
            a = matrices(batch, *shape, dtype)
            p, lower, upper = LA.lu(torch.tensor(a))
            close(p @ lower @ upper, a, dtype)
            assert (lower.triu(1) == 0).all() and (upper.tril(-1) == 0).all()
    a, b = matrices((2,), 4, 4, dtype), matrices((2,), 4, 3, dtype, 1)
    factors, pivots = LA.lu_factor(torch.tensor(a))
    assert pivots.dtype == torch.int32
    close(LA.lu_solve(factors, pivots, torch.tensor(b)), np.linalg.solve(a, b), dtype)
    close(LA.lu_solve(factors, pivots, torch.tensor(b), adjoint=True), np.linalg.solve(a.swapaxes(1, 2), b), dtype)
    x = LA.lu_solve(factors, pivots, torch.tensor(b).mT, left=False)
    close(x @ torch.tensor(a), b.swapaxes(1, 2), dtype)
    close(torch.lu_solve(torch.tensor(b), factors, pivots), np.linalg.solve(a, b), dtype)
    assert LA.lu_factor_ex(torch.ones(3, 3)).info == 2
    with pytest.raises(LA.LinAlgError, match=r"U\[2,2\] is zero"):
        LA.lu_factor(torch.ones(3, 3))


@every_dtype
def test_least_squares(dtype):
    for shape in [(6, 3), (3, 6), (4, 4)]:
        a, b = matrices((2,), *shape, dtype), matrices((2,), shape[0], 2, dtype, 1)
        result = LA.lstsq(torch.tensor(a), torch.tensor(b))
        wanted = np.stack([np.linalg.lstsq(x.astype("float64"), y.astype("float64"))[0] for x, y in zip(a, b, strict=True)])
        close(result.solution, wanted, dtype)
        assert result.rank.tolist() == [min(shape)] * 2 and result.residuals.shape == result.singular_values.shape == (0,)
    a, b = torch.tensor(matrices((), 6, 3, dtype)), torch.tensor(matrices((), 6, 2, dtype, 1))
    result = LA.lstsq(a, b, driver="gelsd")
    close(result.residuals, np.linalg.lstsq(a.double().numpy(), b.double().numpy())[1], dtype)
    assert result.singular_values.shape == (3,) and LA.lstsq(a, b, driver="gels").rank.shape == (0,)
    close(LA.lstsq(a, b[:, 0]).solution, result.solution[:, 0].numpy(), dtype)
    deficient = LA.lstsq(torch.ones(4, 2), torch.ones(4, 1))
    assert deficient.rank == 1
    close(deficient.solution, [[0.5], [0.5]], "float32")


@every_dtype
def test_norms(dtype):
    a = matrices((2,), 3, 4, dtype)
    t = torch.tensor(a)
    for order in ("fro", "nuc", 1, -1, 2, -2, float("inf"), -float("inf")):
        for keepdim in (False, True):
            wanted = np.linalg.norm(a.astype("float64"), order, (1, 2), keepdim)
            close(LA.matrix_norm(t, order, keepdim=keepdim), wanted, dtype, order)
        wanted = np.linalg.norm(a.astype("float64"), order, (2, 0))
        close(LA.matrix_norm(t, order, dim=(2, 0)), wanted, dtype, order)
        close(LA.norm(t[0], order), np.linalg.norm(a[0].astype("float64"), order), dtype, order)
        if order not in ("fro", "nuc"):
            close(LA.norm(t, order, dim=1), np.linalg.norm(a.astype("float64"), order, 1), dtype, order)
    close(LA.norm(t), np.sqrt((a.astype("float64") ** 2).sum()), dtype)
    close(LA.vector_norm(t, 3, dim=(0, 2)), (np.abs(a.astype("float64")) ** 3).sum((0, 2)) ** (1 / 3), dtype)
    assert str(LA.matrix_norm(t, dtype=torch.float64).dtype) == "torch.float64"
    p = positive((2,), 3, dtype)
    for order in (None, 2, -2, 1, -1, "fro", float("inf"), "nuc"):
        wanted = [np.linalg.cond(x.astype("float64"), order) for x in p] if order != "nuc" else None
        result = LA.cond(torch.tensor(p), order)
        assert result.shape == (2,)
        if wanted:
            close(result, wanted, dtype, order)
    assert torch.isinf(LA.cond(torch.zeros(2, 2), 1))


def test_ranks():
    t = torch.diag(torch.tensor([1.0, 1e-3, 1e-9, 0.0]))
    assert LA.matrix_rank(t) == 2
    assert LA.matrix_rank(t, atol=1e-2) == 1 and LA.matrix_rank(t, rtol=1e-10) == 3 and LA.matrix_rank(t, tol=1e-2) == 1
    assert LA.matrix_rank(t, hermitian=True) == 2 and LA.matrix_rank(torch.zeros(2, 0, 3)).tolist() == [0, 0]
    assert LA.matrix_rank(torch.stack((t, 1e-4 * t)), atol=torch.tensor([1e-2, 1e-2])).tolist() == [1, 0]


@every_dtype
def test_products(dtype):
    a, b = matrices((2,), 4, 3, dtype, 1), matrices((4,), 1, 3, dtype, 2)[:, 0]
    s, t = torch.tensor(a), torch.tensor(b)
    close(LA.cross(s, s.flip(1)), np.cross(a, a[:, ::-1]), dtype)
    close(LA.vecdot(s, t), (a * b).sum(-1), dtype)
    close(LA.vander(t[0], N=4), np.vander(b[0], 4, increasing=True), dtype)
    close(LA.diagonal(s), np.diagonal(a, 0, 1, 2), dtype)
    assert torch.equal(LA.matmul(s, s.mT), s @ s.mT)


@every_dtype
def test_exponentials(dtype):
    symmetric = positive((3,), 4, "float64") * np.array([0.01, 1, 5])[:, None, None]
    values, vectors = np.linalg.eigh(symmetric)
    wanted = vectors * np.exp(values)[:, None] @ vectors.swapaxes(1, 2)
    result = LA.matrix_exp(torch.tensor(symmetric.astype(dtype)))
    for r, w in zip(result, wanted, strict=True):
        np.testing.assert_allclose(r.numpy(), w, rtol=1e-3 if dtype == "float32" else 1e-9, atol=1e-4 * np.abs(w).max())
    assert torch.equal(torch.matrix_exp(torch.zeros(2, 2)), torch.eye(2))


def test_tensor_equations():
    a = np.random.default_rng(0).standard_normal((4, 6, 8, 3))
    close(LA.tensorinv(torch.tensor(a)), np.linalg.tensorinv(a), "float64")
    b = np.random.default_rng(1).standard_normal((2, 3))
    square = np.random.default_rng(2).standard_normal((2, 3, 6))
    close(LA.tensorsolve(torch.tensor(square), torch.tensor(b)), np.linalg.tensorsolve(square, b), "float64")


def test_householder_products():
    a = np.random.default_rng(0).standard_normal((5, 3))
    raw, tau = np.linalg.qr(a, "raw")
    wanted, _ = np.linalg.qr(a)
    close(LA.householder_product(torch.tensor(np.ascontiguousarray(raw.T)), torch.tensor(tau)), wanted, "float64")


def test_layouts():
    a = matrices((2,), 3, 3, "float64")
    for name, tensor, array in layouts(a):
        close(LA.svdvals(tensor), np.linalg.svd(array, compute_uv=False), "float64", name)
        close(LA.solve(tensor + 3 * torch.eye(3), tensor), np.linalg.solve(array + 3 * np.eye(3), array), "float64", name)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: LA.inv(torch.ones(3, 3)), LA.LinAlgError, "linalg.inv: The diagonal element 2 is zero, the inversion could not be"),
        (lambda: LA.inv(torch.stack((torch.eye(3), torch.ones(3, 3)))), LA.LinAlgError, r"linalg.inv: \(Batch element 1\): The diago"),
        (lambda: LA.solve(torch.ones(2, 2), torch.ones(2)), LA.LinAlgError, "torch.linalg.solve: The solver failed because the inp"),
        (lambda: LA.cholesky(-torch.eye(2)), LA.LinAlgError, "the leading minor of order 1 is not positive-definite"),
        (lambda: LA.cholesky(torch.stack((torch.eye(2), torch.diag(torch.tensor([1.0, -1.0]))))), LA.LinAlgError,
         r"\(Batch element 1\): .* leading minor of order 2"),
        (lambda: LA.det(torch.ones(2, 3)), RuntimeError, "linalg.det: A must be batches of square matrices, but they are 2 by 3"),
        (lambda: LA.det(torch.ones(3)), RuntimeError, "linalg.det: The input tensor A must have at least 2 dimensions."),
        (lambda: LA.det(torch.ones(3, 3).long()), RuntimeError, "linalg.det: Expected a floating point or complex tensor as input. G"),
        (lambda: LA.solve(torch.eye(3), torch.ones(2, 1)), RuntimeError, r"linalg.solve: Incompatible shapes of A and B for the equat"),
        (lambda: LA.solve(torch.eye(3), torch.ones(3).double()), RuntimeError, "Expected A and B to have the same dtype, but found A"),
        (lambda: LA.qr(torch.ones(3, 2), "x"), RuntimeError, "qr received unrecognized mode 'x' but expected one of 'reduced'"),
        (lambda: LA.eigh(torch.ones(2, 2), "x"), RuntimeError, "Expected UPLO argument to be 'L' or 'U', but got x"),
        (lambda: LA.eigvalsh(torch.ones(2, 2).long()), NotImplementedError, "\"linalg_eigh_cpu\" not implemented for 'Long'"),
        (lambda: LA.lstsq(torch.ones(3, 2), torch.ones(4, 1)), RuntimeError, r"input.size\(-2\) should match other.size\(-2\)"),
        (lambda: LA.lstsq(torch.ones(3, 2), torch.ones(3, 1), driver="x"), RuntimeError, "parameter `driver` should be one of"),
        (lambda: LA.matrix_norm(torch.ones(3, 3), 3), RuntimeError, "linalg.matrix_norm: Order 3 not supported."),
        (lambda: LA.matrix_norm(torch.ones(3, 3), dim=(0, 0)), RuntimeError, r"dims must be different. Got \(0, 0\)"),
        (lambda: LA.norm(torch.ones(2, 2, 2), 2), RuntimeError, "the input must be 1D or 2D. Got 3D."),
        (lambda: LA.cross(torch.ones(2, 3), torch.ones(2, 4)), RuntimeError, "inputs dimension -1 must have length 3. Got 3 and 4"),
        (lambda: LA.pinv(torch.ones(3)), RuntimeError, "expected a tensor with 2 or more dimensions of float"),
        (lambda: LA.eig(torch.ones(2, 2)), AttributeError, "wengert.linalg does not cover 'eig': complex numbers are not covered"),
        (lambda: LA.no_such_thing, AttributeError, "wengert.linalg does not cover 'no_such_thing'"),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_results_without_errors():
    batch = torch.stack((torch.eye(3), torch.ones(3, 3)))
    inverse, info = LA.inv_ex(batch)
    assert info.tolist() == [0, 2] and torch.equal(inverse[0], torch.eye(3)) and torch.isnan(inverse[1]).all()
    factor, info = LA.cholesky_ex(torch.stack((torch.eye(2), -torch.eye(2))))
    assert info.tolist() == [0, 1] and torch.equal(factor[0], torch.eye(2))
    result, info = LA.solve_ex(batch, torch.ones(3, 1))
    assert info.tolist() == [0, 2] and result[0].tolist() == [[1]] * 3
    for call in (lambda: LA.inv_ex(batch, check_errors=True), lambda: LA.cholesky_ex(-batch, check_errors=True)):
        with pytest.raises(LA.LinAlgError):
            call()


def test_named_results_and_out():
    t = torch.eye(2)
    assert repr(LA.slogdet(t)).startswith("torch.return_types.linalg_slogdet(\nsign=tensor(1.),\nlogabsdet=")
    outs = torch.empty(0), torch.empty(0)
    assert LA.qr(t, out=outs) is outs and torch.equal(outs[0] @ outs[1], t)
    out = torch.empty(2, 2)
    assert LA.inv(t, out=out) is out and torch.equal(out, t)


def test_the_top_level():
    p = torch.tensor(positive((2,), 3, "float64"))
    assert torch.equal(torch.det(p), LA.det(p)) and torch.equal(p.inverse(), LA.inv(p))
    close(torch.logdet(p), np.linalg.slogdet(p.numpy())[1], "float64")
    assert torch.isnan(torch.logdet(-torch.eye(3)))
    u, s, v = torch.svd(p)
    close(u * s.unsqueeze(-2) @ v.mT, p.numpy(), "float64")
    q, r = p.qr()
    close(q @ r, p.numpy(), "float64")
    factor = torch.cholesky(p)
    close(torch.cholesky_solve(p, factor), np.broadcast_to(np.eye(3), (2, 3, 3)), "float64")
    close(torch.cholesky_inverse(factor), np.linalg.inv(p.numpy()), "float64")
    close(torch.pinverse(p), np.linalg.inv(p.numpy()), "float64")
    close(torch.triangular_solve(p, factor, upper=False)[0], np.linalg.solve(factor.numpy(), p.numpy()), "float64")
    assert torch.equal(p.matrix_power(2), p @ p)


def test_empty_matrices():
    """As in PyTorch: no sizes have the largest 0, and no smallest; batches of no matrices keep their shapes."""
    for shape in [(0, 0), (0, 3), (3, 0), (2, 0, 3), (2, 3, 0), (0, 2, 2)]:
        x = torch.zeros(shape)
        for p in (None, 1, -1, 2, -2, "fro", "nuc", float("inf")):
            assert torch.equal(LA.cond(x, p), torch.zeros(shape[:-2]))
        for p in (1, 2, float("inf"), "fro", "nuc"):
            assert torch.equal(LA.matrix_norm(x, p), torch.zeros(shape[:-2]))
            assert LA.matrix_norm(x, p, keepdim=True).shape == (*shape[:-2], 1, 1)
        p, lower, upper = LA.lu(x)
        assert torch.equal(p @ lower @ upper, x) and LA.lu_factor(x).pivots.shape == (*shape[:-2], min(shape[-2:]))
    with pytest.raises(IndexError, match="Expected reduction dim 0 to have non-zero size"):
        LA.matrix_norm(torch.zeros(0, 0), -1)


def test_nan():
    """Is an error where LAPACK's iteration fails or a pivot is no number; and NaN elsewhere."""
    x = torch.eye(3).repeat(2, 1, 1)
    x[1, 0, 0] = torch.nan
    for call in (LA.svd, LA.svdvals, LA.pinv, LA.matrix_rank, LA.cond):
        with pytest.raises(LA.LinAlgError, match=r"linalg.svd: \(Batch element 1\): .* matrix contained non-finite values\."):
            call(x)
        with pytest.raises(LA.LinAlgError, match=r"linalg.svd: The algorithm failed to converge because the input matrix cont"):
            call(x[1])
    with pytest.raises(LA.LinAlgError, match=r"linalg.cholesky: \(Batch element 1\): .*the leading minor of order 1 is not"):
        LA.cholesky(x)
    assert LA.cholesky_ex(x).info.tolist() == [0, 1]
    assert LA.det(x).isnan().tolist() == [False, True]


def test_layouts_of_results():
    """Results are stored by columns, as LAPACK leaves them, where PyTorch's are."""
    x = torch.eye(3).repeat(2, 1, 1) + torch.ones(3, 3)
    by_columns = [LA.inv(x), LA.inv_ex(x)[0], LA.cholesky(x), LA.solve(x, x), LA.solve_triangular(x, x, upper=True), *LA.qr(x)]
    by_columns += [LA.svd(x).U, LA.svd(x).Vh, LA.eigh(x).eigenvectors, LA.matrix_power(x, -1), LA.qr(x, "r").R]
    assert all(result.stride() == (9, 1, 3) for result in by_columns)
    by_rows = [
        LA.solve(x, x, left=False),
        LA.solve_triangular(x, x, upper=True, left=False),
        LA.matrix_exp(x),
        LA.matrix_power(x, 2),
    ]
    assert all(result.stride()[-1] == 1 for result in by_rows[::2] + by_rows[3:])
    assert LA.solve_ex(torch.ones(3, 3), x).info.shape == () and LA.solve_ex(torch.ones(1, 3, 3), x).info.tolist() == [2]


def test_lstsq_arguments():
    deficient, b = torch.ones(2, 4, 2), torch.ones(2, 4, 1)
    with pytest.raises(
        LA.LinAlgError, match=r"lstsq: \(Batch element 0\): The least squares solution could not be computed because"
    ):
        LA.lstsq(deficient, b, driver="gels")
    result = LA.lstsq(deficient, b, driver="gelsd")
    assert result.rank.tolist() == [1, 1] and result.residuals.shape == (0,)
    close(deficient @ result.solution, b.numpy(), "float32")
    with pytest.raises(RuntimeError, match=r"input.dim\(\) must be greater or equal to other.dim\(\)"):
        LA.lstsq(torch.ones(4, 2), b)


# ---- derivatives: what the calls of tests/derivative_samples do not say


def leaf(values):
    return torch.tensor(np.asarray(values, dtype="float64"), requires_grad=True)


def slopes(function, values, step=1e-6):
    """The gradient of a scalar function by central differences."""
    values = np.asarray(values, dtype="float64")
    result = np.zeros_like(values)
    for place in np.ndindex(values.shape):
        ends = []
        for sign in (1, -1):
            moved = values.copy()
            moved[place] += sign * step
            ends.append(function(torch.tensor(moved)).item())
        result[place] = (ends[0] - ends[1]) / (2 * step)
    return result


def gradient(function, values):
    x = leaf(values)
    return torch.autograd.grad(function(x), x)[0].numpy()


@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (3, 2)])
def test_gradient_of_the_columns_beyond_the_singular_vectors(shape):
    """Full matrices: the projection on the other columns does not depend on the choice of a basis."""
    a, weights = matrices((), *shape, "float64"), matrices((), 4, 4, "float64", 1)

    def loss(x):
        u, s, vh = LA.svd(x)
        rest = u[:, s.size(0) :] if shape[0] > shape[1] else vh[s.size(0) :].mT
        return (rest @ rest.mT * torch.tensor(weights[: rest.size(0), : rest.size(0)])).sum()

    np.testing.assert_allclose(gradient(loss, a), slopes(loss, a), atol=1e-7)


def test_gradients_with_equal_singular_values_and_eigenvalues():
    np.testing.assert_allclose(gradient(lambda x: LA.svdvals(x).sum(), np.eye(3)), np.eye(3), atol=1e-12)
    np.testing.assert_allclose(gradient(lambda x: LA.svd(x).S.sum(), np.eye(3, 2)), np.eye(3, 2), atol=1e-12)
    np.testing.assert_allclose(gradient(lambda x: LA.eigvalsh(x).sum(), np.eye(3)), np.eye(3), atol=1e-12)
    np.testing.assert_allclose(gradient(lambda x: LA.eigh(x).eigenvalues.sum(), np.eye(3)), np.eye(3), atol=1e-12)
    np.testing.assert_allclose(gradient(lambda x: LA.matrix_norm(x, "nuc"), np.eye(3)), np.eye(3), atol=1e-12)
    assert not np.isfinite(gradient(lambda x: LA.svd(x).U[0, 1], np.eye(3))).all()


def test_determinants_of_singular_matrices():
    """The gradient is the matrix of cofactors: not zero where the rank is n - 1."""
    rank2 = np.array([[1.0, 2, 3], [2, 4, 6], [1, 1, 1]])
    rank1 = np.ones((3, 3))
    batch = np.stack((rank2, np.eye(3), rank1, np.zeros((3, 3))))
    cofactors = [[[-2, 4, -2], [1, -2, 1], [0, 0, 0]], np.eye(3), np.zeros((3, 3)), np.zeros((3, 3))]
    np.testing.assert_allclose(gradient(lambda x: LA.det(x).sum(), batch), cofactors, atol=1e-12)
    np.testing.assert_allclose(gradient(LA.det, rank2), cofactors[0], atol=1e-12)
    np.testing.assert_array_equal(gradient(LA.det, [[0.0]]), [[1]])
    x = leaf([[1.0, 2], [2, 4]])
    (first,) = torch.autograd.grad(LA.det(x), x, create_graph=True)
    (second,) = torch.autograd.grad((first * torch.tensor([[1.0, 2], [3, 4]]).double()).sum(), x)
    np.testing.assert_allclose(first.detach().numpy(), [[4, -2], [-2, 1]], atol=1e-12)
    np.testing.assert_allclose(second.numpy(), [[4, -3], [-2, 1]], atol=1e-12)


def test_singular_matrices_give_no_error_in_backward():
    x = leaf(np.ones((2, 2, 2)) + np.array([np.zeros((2, 2)), np.eye(2)]))
    for result in (LA.inv_ex(x).inverse, LA.solve_ex(x, torch.ones(2, 1).double()).result, LA.slogdet(x).logabsdet):
        (grad,) = torch.autograd.grad(result.sum(), x)
        assert not grad[0].isfinite().all() and grad[1].isfinite().all()


def test_what_has_no_gradient():
    x = leaf(matrices((), 4, 2, "float64"))
    b = torch.tensor(matrices((), 4, 1, "float64", 1))
    result = LA.lstsq(x, b, driver="gelsd")
    assert result.solution.requires_grad and result.residuals.requires_grad
    assert not (result.singular_values.requires_grad or result.rank.requires_grad)
    p, lower, upper = LA.lu(x)
    assert not p.requires_grad and lower.requires_grad and upper.requires_grad
    assert not LA.matrix_rank(x).requires_grad and not LA.inv_ex(x[:2]).info.requires_grad
    with torch.no_grad():
        assert not any(factor.requires_grad for factor in (*LA.svd(x), *LA.qr(x), torch.cdist(x, x)))
    assert LA.matrix_power(x[:2], 0).requires_grad


def test_results_may_be_written_to():
    """They are no views of what the function made inside."""
    a = matrices((), 3, 3, "float64")
    for function in (lambda x: LA.qr(x).R, LA.inv, lambda x: LA.solve(x, x[0]), lambda x: LA.cholesky(x @ x.mT, upper=True)):
        result = function(leaf(a))
        assert result._base is None and result.mul_(2).grad_fn.name() == "MulBackward0"
    np.testing.assert_allclose(
        gradient(lambda x: LA.matrix_exp(x).mul_(2).exp().sum(), a), gradient(lambda x: (LA.matrix_exp(x) * 2).exp().sum(), a)
    )


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("linalg_qr", lambda x, out: LA.qr(x, out=(out, torch.empty(0).double()))),
        ("linalg_inv", lambda x, out: LA.inv(x, out=out)),
        ("linalg_det", lambda x, out: LA.det(x, out=out)),
        ("linalg_cond", lambda x, out: LA.cond(x, out=out)),
        ("linalg_svdvals", lambda x, out: LA.svdvals(x, out=out)),
        ("linalg_matrix_power", lambda x, out: LA.matrix_power(x, 3, out=out)),
    ],
)
def test_out_has_no_gradient(name, call):
    text = (
        rf"^{name}\(\): functions with out=... arguments don't support automatic differentiation, but one of the arguments requ"
    )
    with pytest.raises(RuntimeError, match=text):
        call(leaf(np.eye(2)), torch.empty(0).double())
    with pytest.raises(RuntimeError, match=text):
        call(torch.eye(2).double(), leaf(np.zeros(0)))
    with torch.no_grad():
        call(leaf(np.eye(2)), torch.empty(0).double())


def test_factors_without_derivatives():
    tall = leaf(matrices((), 3, 2, "float64"))
    with pytest.raises(RuntimeError, match=r"The derivative of linalg.qr depends on Q, which is not computed when mode='r'"):
        LA.qr(tall, "r").R.sum().backward()
    with pytest.raises(RuntimeError, match="The QR decomposition is not differentiable when mode='complete' and nrows > ncols"):
        LA.qr(tall, "complete").R.sum().backward()


def test_wrong_arguments_of_recorded_calls():
    x = leaf(np.eye(2))
    for call in (
        lambda: LA.inv_ex(),
        lambda: LA.qr(x, "reduced", 3),
        lambda: LA.det(x, dim=1),
        lambda: LA.solve_triangular(x, x),
    ):
        with pytest.raises(TypeError):
            call()


def test_names_of_nodes():
    x = leaf(np.eye(2) * 2)
    assert LA.cholesky(x).grad_fn.name() == "LinalgCholeskyExBackward0"
    assert LA.eigvalsh(x).grad_fn.name() == "LinalgEighBackward0"
    assert LA.svdvals(x).grad_fn.name() == "LinalgSvdBackward0"
    assert LA.solve(x, x).grad_fn.name() == "LinalgSolveExBackward0"
    assert torch.cdist(x, x).grad_fn.name() == "CdistBackward0"


def test_gradients_of_distances(monkeypatch):
    """The same in blocks of rows; none at distance 0; for p = inf in full to every largest difference, as in PyTorch."""
    from wengert._composites import distances

    a, b = matrices((2,), 7, 3, "float64"), matrices((), 4, 3, "float64", 1)
    weights = torch.tensor(matrices((2,), 7, 4, "float64", 2))
    for p in (0.5, 1, 1.5, 2, 3, np.inf):
        whole = [gradient(lambda x, p=p: (torch.cdist(x, torch.tensor(b), p) * weights).sum(), a)]
        whole.append(gradient(lambda x, p=p: (torch.cdist(torch.tensor(a), x, p) * weights).sum(), b))
        monkeypatch.setattr(distances, "_BLOCK_BYTES", 2 * 4 * 3 * 8 * 3)
        parts = [gradient(lambda x, p=p: (torch.cdist(x, torch.tensor(b), p) * weights).sum(), a)]
        parts.append(gradient(lambda x, p=p: (torch.cdist(torch.tensor(a), x, p) * weights).sum(), b))
        monkeypatch.undo()
        for one, other in zip(whole, parts, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)
        assert (gradient(lambda x, p=p: torch.cdist(x, x.detach(), p).diagonal().sum(), b) == 0).all()
    np.testing.assert_array_equal(
        gradient(lambda x: torch.cdist(x, 0 * x.detach(), np.inf).sum(), [[2.0, -2.0, 1.0]]), [[1, -1, 0]]
    )


@every_dtype
def test_gradients_have_the_dtype_of_the_argument(dtype):
    a = torch.tensor(positive((2,), 3, dtype), requires_grad=True)
    functions = (LA.inv, LA.cholesky, LA.det, LA.matrix_exp, LA.svdvals, LA.eigvalsh, LA.pinv, lambda x: LA.solve(x, x[0]))
    for function in functions:
        (grad,) = torch.autograd.grad(function(a).sum(), a)
        assert grad.dtype == a.dtype and grad.shape == a.shape and grad.isfinite().all()
