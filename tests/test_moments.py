"""Means, variances, deviations, norms, covariances: every layout and dim, against NumPy in higher precision."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import wengert as torch
from reference import DTYPES, FLOATS, bits, digits, dtype_of, layouts, samples, wide

NAN, INF = float("nan"), float("inf")
floats = pytest.mark.parametrize("dtype", FLOATS)


def close(tensor, expected, ulps=2, about=""):
    """Within `ulps` of the expected values, and of their dtype and shape."""
    result = tensor.numpy()
    assert result.shape == np.shape(expected), about
    tolerance = ulps * np.finfo(result.dtype).eps
    np.testing.assert_allclose(
        result.astype(np.longdouble), expected, rtol=tolerance, atol=tolerance * 1e-3, err_msg=str(about)
    )


def axes_of(ndim):
    yield None
    yield from range(-ndim, ndim)
    for count in range(2, ndim + 1):
        yield from itertools.combinations(range(ndim), count)


def moment(array, axis, correction, keepdims=False):
    return np.var(array.astype(np.longdouble), axis=axis, ddof=correction, keepdims=keepdims)


@floats
@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 4), (9, 1, 70), (130, 3), (3, 130)])
def test_moments_of_every_dim_and_layout(shape, dtype):
    for name, tensor, array in layouts(samples(shape, dtype)):
        for axis, keep in itertools.product(axes_of(len(shape)), (False, True)):
            about = (name, axis, keep)
            exact = array.astype(np.longdouble)
            n = array.size if axis is None else np.prod([shape[a] for a in np.atleast_1d(axis)])
            mean = exact.mean(axis, keepdims=keep)
            tolerance = 8 * np.finfo(dtype).eps
            np.testing.assert_allclose(
                torch.mean(tensor, axis, keep).numpy(), mean, rtol=tolerance, atol=tolerance, err_msg=about
            )
            if n == 1:
                continue
            variance = moment(array, axis, 1, keep)
            repeated = name.startswith("repeated")
            tolerance = {"rtol": 4 * np.finfo(dtype).eps, "atol": 1e-12 if repeated else 0}
            for result in (
                torch.var(tensor, axis, keepdim=keep),
                torch.var(tensor, axis, correction=1, keepdim=keep),
                torch.var(tensor, axis, unbiased=True, keepdim=keep),
                torch.std(tensor, axis, keepdim=keep).double().square(),
            ):
                np.testing.assert_allclose(result.numpy(), variance, **tolerance, err_msg=str(about))
            both = torch.var_mean(tensor, axis, correction=0.5, keepdim=keep)
            np.testing.assert_allclose(both[0].numpy(), moment(array, axis, 0.5, keep), **tolerance)
            np.testing.assert_allclose(both[1].numpy(), mean, rtol=4 * np.finfo(dtype).eps, atol=1e-15)
            assert isinstance(both, tuple) and both[0].dtype == both[1].dtype == dtype_of(dtype)


@floats
def test_variances_are_accurate(dtype):
    """Far from zero, and over many blocks, the squared deviations keep their digits."""
    for shape, axis in [((200_003,), 0), ((1000, 64), 0), ((64, 5000), 1), ((3, 9000, 2), 1)]:
        array = (1000 + samples(shape, dtype)).astype(dtype)
        expected = moment(array, axis, 1)
        ulps = 2 if dtype == "float32" else 64  # of float64 the means of blocks are rounded too
        close(torch.tensor(array).var(axis), expected, ulps, shape)
        close(torch.tensor(np.repeat(array, 2, 0))[::2].var(axis), expected, ulps, shape)
    outlier = np.ones(5000, dtype)
    outlier[0] = 1e6
    ulps = 2 if dtype == "float32" else 512  # as many squares as one lane may add
    close(torch.tensor(outlier).var(), moment(outlier, None, 1), ulps)


def test_forms_of_the_correction():
    x = torch.tensor([[1.0, 3.0], [2.0, 6.0]])
    assert (
        x.var().item() == pytest.approx(14 / 3) and x.var(False).item() == 3.5 and x.var(True).item() == pytest.approx(14 / 3)
    )
    assert x.var(1).tolist() == [2, 8] and x.var(1, False).tolist() == [1, 4] and x.var(1, False, True).tolist() == [[1], [4]]
    assert x.std(1, correction=0).tolist() == [1, 2] and x.std(dim=1, unbiased=False).tolist() == [1, 2]
    assert x.var(()).item() == x.var(None).item() == x.var((0, 1)).item() == x.var().item()
    assert [t.tolist() for t in torch.std_mean(x, 1, correction=0)] == [[1, 2], [2, 4]]
    assert [t.item() for t in torch.std_mean(torch.tensor([1.0, 3.0]), False)] == [1, 2]
    out = torch.zeros(2, dtype=torch.float64)
    assert torch.var(x, 1, out=out) is out and out.tolist() == [2, 8]


@pytest.mark.parametrize("name", ["var", "std", "var_mean", "std_mean"])
def test_too_few_degrees_of_freedom_warn(name):
    for tensor, keywords in [
        (torch.ones(1), {}),
        (torch.ones(3), {"correction": 3}),
        (torch.zeros(0), {}),
        (torch.zeros(0, 2), {"dim": 0}),
    ]:
        with pytest.warns(UserWarning, match=rf"^{name}\(\): degrees of freedom is <= 0"):
            result = getattr(torch, name)(tensor, **keywords)
        assert np.isnan((result[0] if "mean" in name else result).numpy()).all()
    with pytest.raises(UserWarning):  # warnings are errors here
        getattr(torch, name)(torch.ones(1))


def test_errors_of_moments():
    for dtype in DTYPES:
        if dtype in FLOATS:
            continue
        x = torch.ones(3, dtype=dtype_of(dtype))
        with pytest.raises(RuntimeError, match="std and var only support floating point and complex dtypes"):
            x.var()
        with pytest.raises(RuntimeError, match="var_mean only support floating point and complex dtypes"):
            torch.var_mean(x)
        with pytest.raises(
            RuntimeError, match=r"mean\(\): could not infer output dtype\. Input dtype must be either a floating point"
        ):
            x.mean()
        assert x.mean(dtype=torch.float32).item() == 1
        with pytest.raises(RuntimeError, match=r"nanmean\(\): expected input to have floating point or complex dtype"):
            x.nanmean()
    with pytest.raises(RuntimeError, match="Optional dtype must be either a floating point"):
        torch.ones(2).mean(dtype=torch.int32)
    with pytest.raises(RuntimeError, match="dim 0 appears multiple times in the list of dims"):
        torch.ones(2, 3).var((0, -2))
    with pytest.raises(RuntimeError, match="can't be cast"):
        torch.mean(torch.ones(2), out=torch.zeros((), dtype=torch.int64))


@floats
def test_means(dtype):
    assert np.isnan(torch.zeros(0, dtype=dtype_of(dtype)).mean().item()) and torch.zeros(0, 3).mean(0).shape == (3,)
    array = samples((40, 33), dtype)
    array[::3, ::2] = NAN
    array[:, 5] = NAN
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for axis in (None, 0, 1, (0, 1)):
            expected = np.nanmean(wide(array), axis=axis)
            np.testing.assert_allclose(torch.tensor(array).nanmean(axis).numpy(), expected, rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(
                torch.tensor(array).nansum(axis).numpy(), np.nansum(wide(array), axis=axis), rtol=1e-5, atol=1e-6
            )
    assert np.isnan(torch.tensor([INF, -INF, NAN]).nansum().item())
    assert np.isnan(torch.tensor([NAN]).nanmean().item()) and torch.tensor([NAN]).nansum().item() == 0


NORMS = [0, 1, 2, INF, -INF, 0.5, 3, -1, 2.5]


@floats
@pytest.mark.parametrize("order", NORMS)
def test_norms(order, dtype):
    for shape in [(7,), (5, 70), (2, 3, 4)]:
        for name, tensor, array in layouts(digits(shape, dtype)):
            magnitudes = np.abs(array.astype(np.longdouble))
            for axis, keep in itertools.product(axes_of(len(shape)), (False, True)):
                if order == 0:
                    expected = (magnitudes != 0).sum(axis, keepdims=keep)
                elif np.isinf(order):
                    expected = (magnitudes.max if order > 0 else magnitudes.min)(axis, keepdims=keep)
                else:
                    expected = (magnitudes**order).sum(axis, keepdims=keep) ** (np.longdouble(1) / order)
                close(torch.norm(tensor, order, axis, keep), expected, 8, (name, axis))
                close(torch._C.functions["_linalg_vector_norm"](tensor, order, axis, keep), expected, 8, (name, axis))
                if order == 2:
                    close(tensor.norm(dim=axis, keepdim=keep) if np.size(axis) < 3 else tensor.norm(2, axis, keep), expected, 2)


def test_norms_of_extremes():
    assert torch.tensor([3e30, 4e30]).norm().item() == pytest.approx(5e30)  # its squares pass float32
    assert torch.tensor([3e-30, 4e-30]).norm().item() == pytest.approx(5e-30)
    for order in (1, 2, INF, -INF):
        assert np.isnan(torch.tensor([1.0, NAN, 2.0]).norm(order).item())
        assert torch.tensor([1.0, -INF]).norm(order).item() == (1 if order == -INF else INF)
    assert torch.zeros(0).norm().item() == 0 and torch.zeros(0, 3).norm(1, 0).tolist() == [0, 0, 0]
    with pytest.raises(RuntimeError, match=r"linalg\.vector_norm cannot compute the inf norm on an empty tensor"):
        torch.zeros(0).norm(INF)
    with pytest.raises(RuntimeError, match=r"linalg\.vector_norm cannot compute the -1 norm on the dimension 0"):
        torch.zeros(0, 3).norm(-1, 0)
    with pytest.raises(
        RuntimeError, match=r"linalg\.vector_norm: Expected a floating point or complex tensor as input\. Got Long"
    ):
        torch.tensor([1]).norm()
    with pytest.raises(RuntimeError, match="should be convertible without narrowing"):
        torch.zeros(3, dtype=torch.float64).norm(dtype=torch.float32)
    with pytest.raises(RuntimeError, match=r"linalg\.matrix_norm: Order foo not supported"):
        torch.zeros(3).norm("foo")
    assert torch.tensor([3.0, 4.0]).norm(dtype=torch.float64).dtype == torch.float64
    out = torch.zeros(2)
    assert torch.norm(torch.eye(2), 2, 0, out=out) is out and out.tolist() == [1, 1]


def test_dist_and_renorm():
    assert torch.dist(torch.tensor([1.0, 2.0]), torch.tensor([[4.0], [2.0]])).item() == pytest.approx(14**0.5)
    assert torch.dist(torch.tensor([1.0]), torch.tensor([3]), 1).item() == 2
    with pytest.raises(
        RuntimeError, match=r"norm\(\): input dtype should be either floating point or complex\. Got Long instead"
    ):
        torch.dist(torch.tensor([1]), torch.tensor([1]))
    x = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    result = x.renorm(2, 0, 1)
    np.testing.assert_allclose(result.numpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)
    assert x.renorm_(2, 0, 1) is x and bits(x) == bits(result)
    for args, message in [
        ((0, 0, 1), "non-positive-norm not supported"),
        ((2, 0, -1), "expected maxnorm to be >= 0 but got -1"),
    ]:
        with pytest.raises(RuntimeError, match=f"renorm: {message}"):
            x.renorm(*args)


@given(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5), st.data())
def test_moments_of_any_shape(shape, data):
    name, tensor, array = data.draw(st.sampled_from(list(layouts(samples(shape, "float64")))))
    axes = tuple(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    with np.errstate(all="ignore"):
        variance = torch.var(tensor, axes, correction=0).numpy()
        np.testing.assert_allclose(variance, moment(array, axes, 0), rtol=1e-14, atol=1e-30, err_msg=name)
    np.testing.assert_allclose(torch.mean(tensor, axes).numpy(), array.astype(np.longdouble).mean(axes), rtol=1e-13, atol=1e-15)
    expected = np.sqrt((array.astype(np.longdouble) ** 2).sum(axes))
    np.testing.assert_allclose(torch.norm(tensor, 2, axes).numpy(), expected, rtol=1e-14)


def test_moments_have_the_same_bits_for_any_thread_count():
    tensors = [torch.randn(300_001), torch.randn(700, 500), torch.randn(40, 50, 200), torch.randn(100_000, 3)]
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        results.append([])
        for x in tensors:
            for dim in range(-1, x.dim()):
                for name in ("var", "mean", "norm", "nansum", "nanmean", "prod"):
                    arguments = (2, dim) if name == "norm" else (dim,)
                    results[-1].append(bits(getattr(x, name)(*arguments)))
                    results[-1].append(bits(getattr(x, name)()))
    assert results[0] == results[1] == results[2]


def test_cov_and_corrcoef():
    array = samples((4, 50), "float64")
    x = torch.tensor(array)
    np.testing.assert_allclose(torch.cov(x).numpy(), np.cov(array), rtol=1e-12)
    np.testing.assert_allclose(x.cov(correction=0).numpy(), np.cov(array, ddof=0), rtol=1e-12)
    often, much = np.random.default_rng(1).integers(0, 4, 50), np.random.default_rng(2).random(50)
    for f, a in itertools.product((None, often), (None, much)):
        given_weights = {"fweights": f, "aweights": a}
        tensors = {key: None if value is None else torch.tensor(value) for key, value in given_weights.items()}
        np.testing.assert_allclose(torch.cov(x, **tensors).numpy(), np.cov(array, **given_weights), rtol=1e-12)
    np.testing.assert_allclose(torch.corrcoef(x).numpy(), np.corrcoef(array), rtol=1e-12)
    assert torch.corrcoef(x[0]).item() == pytest.approx(1) and np.isnan(torch.corrcoef(torch.ones(2, 3)).numpy()).all()
    assert torch.cov(x[0]).shape == () and torch.cov(torch.zeros(0, 3)).shape == (0, 0)
    with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
        torch.cov(torch.tensor(3.0))
    for bad, message in [
        ({"fweights": torch.tensor([1.0] * 50)}, "expected fweights to have integral dtype"),
        ({"aweights": torch.tensor([1] * 50)}, "expected aweights to have floating point dtype"),
        ({"fweights": torch.tensor([1, 2])}, "expected fweights to have the same numel"),
        ({"fweights": torch.tensor([-1] * 50)}, "fweights cannot be negative"),
    ]:
        with pytest.raises(RuntimeError, match=message):
            torch.cov(x, **bad)


def test_trapezoids():
    array, points = samples((4, 9), "float64"), np.sort(samples(9, "float64", 1))
    y, x = torch.tensor(array), torch.tensor(points)
    np.testing.assert_allclose(torch.trapezoid(y).numpy(), np.trapezoid(array), rtol=1e-12)
    np.testing.assert_allclose(torch.trapz(y, x).numpy(), np.trapezoid(array, points), rtol=1e-12)
    np.testing.assert_allclose(torch.trapezoid(y, dx=0.5, dim=0).numpy(), np.trapezoid(array, dx=0.5, axis=0), rtol=1e-12)
    running = torch.cumulative_trapezoid(y, x).numpy()
    np.testing.assert_allclose(
        running, [[np.trapezoid(row[: j + 2], points[: j + 2]) for j in range(8)] for row in array], rtol=1e-9
    )
    assert torch.trapezoid(torch.tensor([[1, 2]])).tolist() == [1.5] and torch.cumulative_trapezoid(
        torch.zeros(2, 1)
    ).shape == (2, 0)
    assert torch.trapezoid(torch.tensor([120, 120], dtype=torch.int8)).item() == 120  # does not wrap
    with pytest.raises(RuntimeError, match="There must be one `x` value for each sample point"):
        torch.trapezoid(y, x[:3])
