"""The array API namespace against NumPy's, which follows the same standard."""

import inspect
import os
import subprocess
import sys

import numpy as np
import pytest

import wengert
from reference import dtype_of, name_of, samples

xp = wengert.ones(1).__array_namespace__()

# Everything that the 2024.12 standard names, but complex dtypes.
CONSTANTS = "e inf nan newaxis pi"
DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64"
CREATION = (
    "arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril triu zeros zeros_like"
)
OTHERS = (
    "astype can_cast finfo iinfo isdtype result_type take take_along_axis matmul matrix_transpose tensordot vecdot "
    "broadcast_arrays broadcast_to concat expand_dims flip moveaxis permute_dims repeat reshape roll squeeze stack tile unstack "
    "argmax argmin count_nonzero nonzero searchsorted where unique_all unique_counts unique_inverse unique_values argsort sort "
    "cumulative_prod cumulative_sum max mean min prod std sum var all any diff __array_namespace_info__"
)
UNARY = (
    "abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor isfinite isinf isnan log log1p log2 "
    "log10 logical_not negative positive reciprocal round sign signbit sin sinh square sqrt tan tanh trunc"
)
BINARY = (
    "add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal floor_divide greater "
    "greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor maximum minimum multiply nextafter not_equal "
    "pow remainder subtract"
)
LINALG = (
    "cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank matrix_transpose outer pinv qr "
    "slogdet solve svd svdvals tensordot trace vecdot vector_norm"
)
BOOLEAN = {"logical_not", "logical_and", "logical_or", "logical_xor"}
INTEGER = {"bitwise_invert", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"}


def dtypes_for(name):
    if name in BOOLEAN:
        return ["bool"]
    return ["int32", "uint8", "int64"] if name in INTEGER else ["float32", "float64"]


def same(result, wanted, about=""):
    wanted = np.asarray(wanted)
    assert isinstance(result, wengert.Tensor), about
    assert (tuple(result.shape), name_of(result.dtype)) == (wanted.shape, wanted.dtype.name), about
    tolerance = 1e-5 if wanted.dtype == np.float32 else 1e-11
    np.testing.assert_allclose(result.numpy(), wanted, rtol=tolerance, atol=tolerance, err_msg=str(about))


def values(shape, dtype, seed=0):
    array = samples(shape, dtype, seed)
    return array % 5 + 1 if np.issubdtype(dtype, np.integer) else array


@pytest.mark.parametrize(
    "name", [*f"{CONSTANTS} {DTYPES} {CREATION} {OTHERS} {UNARY} {BINARY}".split(), "clip", "real", "imag"]
)
def test_every_name_is_there_and_documented(name):
    member = getattr(xp, name)
    if callable(member) and name not in DTYPES.split():
        assert member.__doc__


@pytest.mark.parametrize("name", LINALG.split())
def test_every_name_of_the_linear_algebra(name):
    assert getattr(xp.linalg, name).__doc__


def test_namespace_and_versions():
    x = wengert.ones(2)
    assert x.__array_namespace__(api_version="2023.12") is x.__array_namespace__() is xp
    assert xp.__array_api_version__ == "2024.12"
    with pytest.raises(ValueError, match="1999"):
        x.__array_namespace__(api_version="1999.12")
    info = xp.__array_namespace_info__()
    assert info.capabilities()["boolean indexing"] and str(info.default_device()) == "cpu" == str(info.devices()[0])
    assert info.default_dtypes()["integral"] == xp.int64
    assert set(info.dtypes()) == set(DTYPES.split()) and set(info.dtypes(kind="signed integer")) == {
        "int8",
        "int16",
        "int32",
        "int64",
    }
    assert set(info.dtypes(kind=("bool", "real floating"))) == {"bool", "float32", "float64"}


@pytest.mark.parametrize("name", UNARY.split())
def test_unary(name):
    for dtype in dtypes_for(name):
        array = values((3, 5), dtype)
        if name in ("acos", "asin", "atanh"):
            array = np.tanh(array)
        elif name in ("acosh", "log", "log1p", "log2", "log10", "sqrt"):
            array = np.abs(array) + array.dtype.type(1)
        same(getattr(xp, name)(wengert.asarray(array)), getattr(np, name)(array), (name, dtype))


@pytest.mark.parametrize("name", BINARY.split())
def test_binary(name):
    for dtype in dtypes_for(name):
        a, b = values((3, 5), dtype, 1), values((5,), dtype, 2)
        if name == "pow":
            a = np.abs(a)
        if "shift" in name:
            b = b % 4
        function, reference = getattr(xp, name), getattr(np, name)
        same(function(wengert.asarray(a), wengert.asarray(b)), reference(a, b), (name, dtype))
        number = True if dtype == "bool" else 2 if name in INTEGER else 2.0
        same(function(wengert.asarray(a), number), reference(a, np.asarray(number, dtype)), (name, dtype, "number"))
        with pytest.raises(TypeError):
            function(x1=wengert.asarray(a), x2=wengert.asarray(b))


def test_clip_round_real():
    x = np.array([-3.5, 0.5, 1.5, 2.5, 9], "float32")
    t = wengert.asarray(x)
    same(xp.clip(t, -1, 2), np.clip(x, -1, 2))
    same(xp.clip(t, min=0.0), np.clip(x, 0, None))
    same(xp.clip(t, max=wengert.asarray(x[::-1].copy())), np.minimum(x, x[::-1]))
    same(xp.clip(t), x)
    same(xp.round(t), np.round(x))
    same(xp.round(wengert.asarray([1, 2])), np.array([1, 2]))
    assert xp.real(t) is t
    with pytest.raises(RuntimeError, match="complex"):
        xp.imag(t)


def test_creation():
    same(xp.arange(5), np.arange(5))
    same(xp.arange(1, 2, 0.25, dtype=xp.float64), np.arange(1, 2, 0.25))
    assert xp.arange(5, 1).shape == (0,) and xp.arange(5, 1).dtype == xp.int64
    same(xp.asarray([[1, 2], [3, 4]], dtype=xp.uint8), np.array([[1, 2], [3, 4]], "uint8"))
    same(xp.asarray(True), np.array(True))
    array = np.arange(3.0)
    shared, own = xp.asarray(array), xp.asarray(array, copy=True)
    array[0] = 9
    assert shared[0] == 9 and own[0] == 0
    for k in (-4, -1, 0, 2, 5):
        same(xp.eye(3, 4, k=k, dtype=xp.int32), np.eye(3, 4, k, dtype="int32"))
    same(xp.full((2, 3), 7), np.full((2, 3), 7))
    same(xp.full(2, 1.5, dtype=xp.float64), np.full(2, 1.5))
    same(xp.linspace(0, 1, 5, dtype=xp.float64), np.linspace(0, 1, 5))
    same(xp.linspace(0, 1, 5, dtype=xp.float64, endpoint=False), np.linspace(0, 1, 5, endpoint=False))
    for indexing in ("xy", "ij"):
        grids = xp.meshgrid(xp.arange(2), xp.arange(3), indexing=indexing)
        for ours, wanted in zip(grids, np.meshgrid(np.arange(2), np.arange(3), indexing=indexing), strict=True):
            same(ours, wanted)
    square = np.arange(9).reshape(3, 3)
    for k in (-1, 0, 1):
        same(xp.tril(wengert.asarray(square), k=k), np.tril(square, k))
        same(xp.triu(wengert.asarray(square), k=k), np.triu(square, k))
    for name in ("zeros_like", "ones_like", "empty_like"):
        assert getattr(xp, name)(xp.zeros((2, 3), dtype=xp.int16)).dtype == xp.int16
    same(xp.full_like(xp.zeros(2), 3), np.full(2, 3, "float32"))
    same(xp.from_dlpack(np.arange(3)), np.arange(3))
    with pytest.raises(ValueError, match="cpu"):
        xp.zeros(2, device="cuda")


def test_dtypes():
    x = wengert.ones(2, dtype=wengert.int32)
    assert xp.astype(x, xp.int32, copy=False) is x and xp.astype(x, xp.int32) is not x
    assert xp.astype(x, xp.float64).dtype == xp.float64
    assert xp.can_cast(xp.int8, xp.int32) and not xp.can_cast(xp.int64, xp.int32) and not xp.can_cast(xp.uint64, xp.int64)
    assert xp.can_cast(x, xp.int64)
    assert xp.result_type(xp.int8, xp.uint8) == xp.int16 and xp.result_type(x, xp.int64, 1) == xp.int64
    assert xp.result_type(xp.float32, 1.0) == xp.float32
    with pytest.raises(ValueError, match="at least one"):
        xp.result_type(1, 2)
    assert (
        xp.isdtype(xp.int8, "integral") and xp.isdtype(xp.uint8, ("bool", "unsigned integer")) and xp.isdtype(xp.bool, xp.bool)
    )
    assert not xp.isdtype(xp.float32, "complex floating")
    with pytest.raises(ValueError, match="kind"):
        xp.isdtype(xp.int8, "number")
    limits, wanted = xp.finfo(xp.float32), np.finfo("float32")
    assert (limits.bits, limits.eps, limits.max, limits.smallest_normal) == (32, wanted.eps, wanted.max, wanted.smallest_normal)
    assert limits.dtype == xp.float32 and xp.iinfo(xp.int8).min == -128 and xp.iinfo(x).dtype == xp.int32


def test_manipulation():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(6.0, 12.0).reshape(2, 3)
    s, t = wengert.asarray(a), wengert.asarray(b)
    for axis in (0, 1, -1):
        same(xp.concat([s, t], axis=axis), np.concat([a, b], axis=axis))
        same(xp.stack([s, t], axis=axis), np.stack([a, b], axis=axis))
        same(xp.flip(s, axis=axis), np.flip(a, axis))
        same(xp.roll(s, 1, axis=axis), np.roll(a, 1, axis))
        same(xp.repeat(s, 2, axis=axis), np.repeat(a, 2, axis))
        for ours, wanted in zip(xp.unstack(s, axis=axis), np.unstack(a, axis=axis), strict=True):
            same(ours, wanted)
        same(xp.expand_dims(s, axis=axis), np.expand_dims(a, axis))
    same(xp.concat([s, t], axis=None), np.concat([a, b], axis=None))
    same(xp.flip(s), np.flip(a))
    same(xp.roll(s, (1, 2), axis=(0, 1)), np.roll(a, (1, 2), (0, 1)))
    same(xp.roll(s, 4), np.roll(a, 4))
    same(xp.repeat(s, wengert.asarray([1, 2, 0]), axis=1), np.repeat(a, [1, 2, 0], 1))
    same(xp.repeat(s, 2), np.repeat(a, 2))
    same(xp.tile(s, (2, 1, 2)), np.tile(a, (2, 1, 2)))
    same(xp.permute_dims(s, (1, 0)), a.T)
    same(xp.matrix_transpose(s), a.T)
    same(xp.moveaxis(s, 0, 1), np.moveaxis(a, 0, 1))
    same(xp.reshape(s, (3, -1)), a.reshape(3, 2))
    assert xp.reshape(s, (3, 2), copy=False).data_ptr() == s.data_ptr() != xp.reshape(s, (3, 2), copy=True).data_ptr()
    with pytest.raises(ValueError, match="view"):
        xp.reshape(s.T, (6,), copy=False)
    same(xp.squeeze(s.unsqueeze(0), 0), a)
    with pytest.raises(ValueError, match="size 1"):
        xp.squeeze(s, 0)
    same(xp.broadcast_to(s, (4, 2, 3)), np.broadcast_to(a, (4, 2, 3)))
    same(xp.broadcast_arrays(s, t[:1])[1], np.broadcast_arrays(a, b[:1])[1])


REDUCTIONS = ["sum", "prod", "max", "min", "mean", "var", "std", "all", "any", "count_nonzero"]


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8", "uint32", "bool", "float64"])
def test_reductions(name, dtype):
    if (name in ("mean", "var", "std") and not dtype.startswith("float")) or (name in ("max", "min") and dtype == "bool"):
        pytest.skip("not in the standard")
    array = values((2, 3, 4), dtype)
    for axis in (None, 0, -1, (0, 2), (0, 1, 2)):
        for keepdims in (False, True):
            wanted = getattr(np, name)(array, axis=axis, keepdims=keepdims)
            if name == "count_nonzero":
                wanted = np.asarray(wanted, "int64")
            same(getattr(xp, name)(wengert.asarray(array), axis=axis, keepdims=keepdims), wanted, (axis, keepdims))


def test_moments_and_positions():
    a = values((3, 4), "float64")
    t = wengert.asarray(a)
    same(xp.var(t, axis=1, correction=1), np.var(a, axis=1, ddof=1))
    same(xp.std(t, correction=1.0), np.std(a, ddof=1))
    same(xp.sum(t, dtype=xp.float32), np.sum(a, dtype="float32"))
    for name in ("argmax", "argmin"):
        for axis in (None, 0, 1):
            for keepdims in (False, True):
                same(getattr(xp, name)(t, axis=axis, keepdims=keepdims), getattr(np, name)(a, axis=axis, keepdims=keepdims))
    for ours, reference in ((xp.cumulative_sum, np.cumulative_sum), (xp.cumulative_prod, np.cumulative_prod)):
        same(ours(t, axis=1, include_initial=True), reference(a, axis=1, include_initial=True))
        same(ours(t[0]), reference(a[0]))
        with pytest.raises(ValueError, match="axis"):
            ours(t)
    same(xp.diff(t, n=2, axis=0), np.diff(a, 2, 0))
    same(xp.diff(t, prepend=t[:, :1], append=t[:, :1]), np.diff(a, prepend=a[:, :1], append=a[:, :1]))


def test_searching_and_sets():
    a = np.array([[3, 1, 2, 3], [0, 1, 1, 9]])
    t = wengert.asarray(a)
    for axis in (0, 1):
        same(xp.sort(t, axis=axis), np.sort(a, axis))
        same(xp.sort(t, axis=axis, descending=True), np.flip(np.sort(a, axis), axis))
        same(xp.argsort(t, axis=axis), np.argsort(a, axis, stable=True))
    for ours, wanted in zip(xp.nonzero(t), np.nonzero(a), strict=True):
        same(ours, wanted)
    with pytest.raises(ValueError, match="0-dim"):
        xp.nonzero(wengert.tensor(1))
    edges = np.array([1, 3, 5])
    for side in ("left", "right"):
        same(xp.searchsorted(wengert.asarray(edges), t, side=side), np.searchsorted(edges, a, side=side))
    same(xp.where(t > 1, t, 0), np.where(a > 1, a, 0))
    same(xp.take(t, wengert.asarray([1, 0]), axis=1), np.take(a, [1, 0], 1))
    order = np.argsort(a, 1)
    same(xp.take_along_axis(t, wengert.asarray(order), axis=1), np.take_along_axis(a, order, 1))
    for name in ("unique_all", "unique_counts", "unique_inverse"):
        ours, wanted = getattr(xp, name)(t), getattr(np, name)(a)
        assert ours._fields == wanted._fields
        for field in ours._fields:
            same(getattr(ours, field), getattr(wanted, field), (name, field))
    same(xp.unique_values(t), np.unique(a))


def test_products():
    a, b = values((2, 3, 4), "float64", 1), values((2, 4, 5), "float64", 2)
    s, t = wengert.asarray(a), wengert.asarray(b)
    same(xp.matmul(s, t), a @ b)
    same(xp.tensordot(s, t, axes=((2,), (1,))), np.tensordot(a, b, ((2,), (1,))))
    same(xp.tensordot(s[0], t[0], axes=1), a[0] @ b[0])
    same(xp.vecdot(s, s), np.vecdot(a, a))
    same(xp.vecdot(s, s, axis=-2), np.vecdot(a, a, axis=-2))
    with pytest.raises(ValueError, match="axis"):
        xp.vecdot(s, s, axis=0)


def test_linear_algebra():
    matrix = values((2, 4, 4), "float64")
    spd = matrix @ matrix.swapaxes(1, 2) + np.eye(4)
    m, s = wengert.asarray(matrix), wengert.asarray(spd)
    la, ref = xp.linalg, np.linalg
    same(la.cholesky(s), ref.cholesky(spd))
    same(la.cholesky(s, upper=True), ref.cholesky(spd).swapaxes(1, 2))
    same(la.det(m), ref.det(matrix))
    same(la.inv(s), ref.inv(spd))
    same(la.solve(s, m), ref.solve(spd, matrix))
    same(la.eigvalsh(s), ref.eigvalsh(spd))
    same(la.svdvals(m), ref.svdvals(matrix))
    same(la.matrix_norm(m), ref.matrix_norm(matrix))
    same(la.matrix_norm(m, ord=1, keepdims=True), ref.matrix_norm(matrix, ord=1, keepdims=True))
    same(la.vector_norm(m, axis=(0, 1)), ref.vector_norm(matrix, axis=(0, 1)))
    same(la.vector_norm(m, ord=1), ref.vector_norm(matrix, ord=1))
    same(la.matrix_power(m, 3), ref.matrix_power(matrix, 3))
    same(la.matrix_rank(m), ref.matrix_rank(matrix))
    same(la.pinv(m), ref.pinv(matrix))
    same(la.diagonal(m, offset=1), ref.diagonal(matrix, offset=1))
    same(la.trace(m), ref.trace(matrix))
    same(la.outer(m[0, 0], m[0, 1]), ref.outer(matrix[0, 0], matrix[0, 1]))
    same(la.cross(m[..., :3], m[..., 1:]), ref.cross(matrix[..., :3], matrix[..., 1:]))
    values_, vectors = la.eigh(s)
    same(vectors * values_[:, None, :] @ vectors.mT, spd)
    q, r = la.qr(m)
    same(q @ r, matrix)
    u, sigma, vh = la.svd(m, full_matrices=False)
    same(u * sigma[:, None, :] @ vh, matrix)
    sign, logabsdet = la.slogdet(m)
    same(sign * logabsdet.exp(), ref.det(matrix))


def test_every_function_takes_its_arrays_by_position_only():
    for name in [*UNARY.split(), *BINARY.split(), "sum", "sort", "concat", "reshape", "matmul"]:
        kinds = [p.kind for p in inspect.signature(getattr(xp, name)).parameters.values()]
        assert kinds[0] is inspect.Parameter.POSITIONAL_ONLY, name


def test_scipy_runs_on_tensors(monkeypatch):
    special = pytest.importorskip("scipy.special")
    stats = pytest.importorskip("scipy.stats")
    x = samples((50,), "float64")
    # SciPy reads the switch when it is imported: what it computes without it has to be right too.
    np.testing.assert_allclose(np.asarray(special.logsumexp(wengert.asarray(x))), special.logsumexp(x))
    np.testing.assert_allclose(np.asarray(stats.zscore(wengert.asarray(x))), stats.zscore(x))


SCIPY = """
import numpy as np, wengert
from scipy import special, stats
x = np.random.default_rng(0).standard_normal((50, 3))
t = wengert.asarray(x)
for ours, wanted in [
    (special.logsumexp(t, axis=0), special.logsumexp(x, axis=0)),
    (special.softmax(t, axis=1), special.softmax(x, axis=1)),
    (stats.zscore(t, axis=0), stats.zscore(x, axis=0)),
    (stats.skew(t, axis=0), stats.skew(x, axis=0)),
    (stats.moment(t, order=3, axis=0), stats.moment(x, order=3, axis=0)),
]:
    assert isinstance(ours, wengert.Tensor), type(ours)
    np.testing.assert_allclose(ours.numpy(), wanted, rtol=1e-10)
"""


SKLEARN = """
import numpy as np, sklearn, wengert
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler
x = np.random.default_rng(0).standard_normal((60, 5))
t = wengert.asarray(x)
with sklearn.config_context(array_api_dispatch=True):
    scaled = MinMaxScaler().fit_transform(t)
    reduced = PCA(n_components=2, svd_solver="full").fit(t)
assert isinstance(scaled, wengert.Tensor) and isinstance(reduced.components_, wengert.Tensor)
plain = PCA(n_components=2, svd_solver="full").fit(x)
np.testing.assert_allclose(scaled.numpy(), MinMaxScaler().fit_transform(x))
np.testing.assert_allclose(np.abs(reduced.components_.numpy()), np.abs(plain.components_))
np.testing.assert_allclose(reduced.explained_variance_.numpy(), plain.explained_variance_)
"""


@pytest.mark.parametrize(("package", "script"), [("scipy", SCIPY), ("sklearn", SKLEARN)])
def test_packages_that_dispatch(package, script):
    pytest.importorskip(package)
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}  # read when SciPy is imported
    result = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr


def test_dtype_names_are_those_of_the_package():
    for name in DTYPES.split():
        assert getattr(xp, name) is dtype_of(name)
