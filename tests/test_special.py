"""Error functions, gamma functions and Bessel functions: special values, and samples against mpmath.

tests/accuracy measures the errors over the whole range; tests/test_elementwise.py has the layouts and forms.
"""

import math

import mpmath
import numpy as np
import pytest

import wengert as torch
from reference import FLOATS, INTS, assert_same, dtype_of

INF, NAN = math.inf, math.nan
X = [NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 2.0]
# At X; None: an ordinary number.
AT_X = {
    "erf": [NAN, 1, -1, 0.0, -0.0, None, None, None],
    "erfc": [NAN, 0.0, 2, 1, 1, None, None, None],
    "erfcx": [NAN, 0.0, INF, 1, 1, None, None, None],
    "erfinv": [NAN, NAN, NAN, 0.0, -0.0, INF, -INF, NAN],
    "gammaln": [NAN, INF, INF, INF, INF, 0.0, INF, 0.0],
    "digamma": [NAN, INF, NAN, -INF, INF, None, NAN, None],
    "i0": [NAN, INF, INF, 1, 1, None, None, None],
    "i0e": [NAN, 0.0, 0.0, 1, 1, None, None, None],
    "i1": [NAN, INF, -INF, 0.0, -0.0, None, None, None],
    "i1e": [NAN, 0.0, -0.0, 0.0, -0.0, None, None, None],
    "ndtr": [NAN, 1, 0.0, 0.5, 0.5, None, None, None],
    "ndtri": [NAN, NAN, NAN, -INF, -INF, INF, NAN, NAN],
    "log_ndtr": [NAN, -0.0, -INF, None, None, None, None, None],
    "entr": [NAN, -INF, -INF, 0.0, 0.0, -0.0, -INF, None],
}


@pytest.mark.parametrize("name", AT_X)
@pytest.mark.parametrize("dtype", FLOATS)
def test_special_values(name, dtype):
    for repeat in (1, 20):  # in the tail, and in full vectors
        result = getattr(torch.special, name)(torch.tensor(np.array(X * repeat, dtype))).numpy()
        wanted = np.array([math.pi if value is None else value for value in AT_X[name]] * repeat, dtype)
        ordinary = np.array([value is None for value in AT_X[name]] * repeat)
        assert np.isfinite(result[ordinary]).all()
        wanted[ordinary] = result[ordinary]
        assert_same(torch.tensor(result), wanted, name)


def test_no_function_of_one_tensor_takes_a_number():
    with pytest.raises(TypeError, match=r"erf\(\): argument 'input' \(position 1\) must be Tensor, not float"):
        torch.erf(2.0)


@pytest.mark.parametrize("dtype", ["bool", *INTS])
def test_integers_become_floats(dtype):
    for name in AT_X:
        function = getattr(torch.special, name)
        ints = torch.tensor(np.array([0, 1, 1, 0], dtype))
        assert_same(function(ints), function(ints.to(torch.float32)).numpy(), name)
        with pytest.raises(RuntimeError, match="can't be cast"):
            function(torch.ones(4), out=torch.ones(4, dtype=dtype_of(dtype)))


def test_the_namespace():
    for name in dir(torch.special):
        assert callable(getattr(torch.special, name)), name
    assert set(dir(torch.special)) >= set(AT_X)
    assert torch.special.psi is torch.digamma and torch.special.gammaln is torch.lgamma
    assert torch.special.erf is torch.erf
    with pytest.raises(AttributeError, match="does not cover 'erfinvv'; the nearest it has: erfinv"):
        torch.special.erfinvv  # noqa: B018
    with pytest.raises(AttributeError, match="does not cover 'airy_bi'"):
        _ = torch.special.airy_bi
    for name in ("i0e", "i1", "i1e", "ndtr", "ndtri", "log_ndtr", "erfcx", "entr"):  # functions only, as in PyTorch
        assert not hasattr(torch.Tensor, f"special_{name}") and not hasattr(torch.Tensor, name), name


# Identities at arguments where neither side loses digits.
def test_inverse_functions():
    x = torch.tensor(np.linspace(-3, 3, 1001))
    np.testing.assert_allclose(torch.erfinv(torch.erf(x)).numpy(), x.numpy(), rtol=1e-11, atol=1e-300)
    z = torch.tensor(np.linspace(-37, 1, 1001))
    np.testing.assert_allclose(torch.special.ndtri(torch.special.ndtr(z)).numpy(), z.numpy(), rtol=1e-13, atol=1e-15)
    p = torch.tensor(np.ldexp(1.0, np.arange(-1074, 0)))
    np.testing.assert_allclose(torch.special.ndtr(torch.special.ndtri(p)).numpy(), p.numpy(), rtol=1e-12, atol=5e-324)


def test_far_from_where_they_are_measured_densely():
    """Single values at which a factor would over- or underflow."""
    cases = [
        ("erfc", 26.5, mpmath.erfc(26.5)),
        ("erfcx", 1e300, 1 / (mpmath.sqrt(mpmath.pi) * mpmath.mpf(1e300))),
        ("erfcx", -26.0, 2 * mpmath.exp(676) - mpmath.exp(676) * mpmath.erfc(26)),
        ("i0", 713.0, mpmath.besseli(0, 713)),
        ("i1e", 1e200, 1 / mpmath.sqrt(2 * mpmath.pi * mpmath.mpf(1e200))),
        ("log_ndtr", -1.8e154, -(mpmath.mpf(1.8e154) ** 2) / 2),
        ("log_ndtr", -1e100, -(mpmath.mpf(1e100) ** 2) / 2),
        ("log_ndtr", 38.0, -mpmath.ncdf(-38)),
        ("ndtri", 1e-300, mpmath.mpf("-37.0471")),
        ("gammaln", 1e300, mpmath.loggamma(1e300)),
        ("digamma", 1e-300, mpmath.mpf(-1e300)),
    ]
    for name, x, exact in cases:
        result = getattr(torch.special, name)(torch.tensor([x], dtype=torch.float64)).item()
        tolerance = 1e-5 if name == "ndtri" else 1e-14
        assert abs(result / float(exact) - 1) < tolerance, (name, x, result, float(exact))


def test_roots():
    """Near a root the result has no more digits than its argument, but those it has."""
    for name, root in (("digamma", 1.4616321449683623), ("gammaln", 1.0), ("gammaln", 2.0)):
        function = getattr(torch.special, name)
        for x in (root, math.nextafter(root, 0), math.nextafter(root, 9), root + 1e-6):
            with mpmath.workprec(200):
                exact = mpmath.digamma(x) if name == "digamma" else mpmath.loggamma(x)
            result = function(torch.tensor([x], dtype=torch.float64)).item()
            assert abs(result - exact) <= 1e-15 * abs(exact), (name, x, result, exact)


def test_digamma_of_positive_numbers():
    x = np.concatenate([np.linspace(0.01, 12, 700), np.logspace(-300, 300, 200)])
    result = torch.digamma(torch.tensor(x)).numpy()
    with mpmath.workprec(200):
        exact = np.array([float(mpmath.digamma(value)) for value in x])
    assert (np.abs(result - exact) <= 2.5 * np.spacing(np.abs(exact))).all()
