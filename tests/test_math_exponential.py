"""Exponentials, logarithms, roots and the hyperbolic functions at the edges of their domains."""

import math

import mpmath
import numpy as np
import pytest

import wengert as torch
from reference import DTYPES, FLOATS, assert_near, assert_same, bits, dtype_of

NAN, INF = float("nan"), float("inf")

# Inputs and results, in both float dtypes.
EDGES = {
    "exp": [(0.0, 1), (-0.0, 1), (INF, INF), (-INF, 0), (1e30, INF), (-1e30, 0), (1e-40, 1)],
    "exp2": [(0.0, 1), (10.0, 1024), (-1.0, 0.5), (INF, INF), (-INF, 0), (1e30, INF), (-1e30, 0), (1e-40, 1)],
    "expm1": [(0.0, 0), (-0.0, -0.0), (INF, INF), (-INF, -1), (1e30, INF), (-1e30, -1), (1e-40, 1e-40), (-1e-40, -1e-40)],
    "log": [(0.0, -INF), (-0.0, -INF), (1.0, 0), (INF, INF), (-INF, NAN), (-1.0, NAN), (-1e-40, NAN)],
    "log2": [(0.0, -INF), (-0.0, -INF), (1.0, 0), (8.0, 3), (2.0**-140, -140), (INF, INF), (-INF, NAN), (-1.0, NAN)],
    "log10": [(0.0, -INF), (1.0, 0), (1000.0, 3), (1e10, 10), (INF, INF), (-INF, NAN), (-1.0, NAN)],
    "log1p": [(0.0, 0), (-0.0, -0.0), (-1.0, -INF), (-2.0, NAN), (INF, INF), (-INF, NAN), (1e-40, 1e-40), (-1e-40, -1e-40)],
    "sqrt": [(0.0, 0), (-0.0, -0.0), (4.0, 2), (INF, INF), (-INF, NAN), (-1.0, NAN), (2.0**-140, 2.0**-70)],
    "rsqrt": [
        (0.0, INF),
        (-0.0, -INF),
        (4.0, 0.5),
        (INF, 0),
        (-INF, NAN),
        (-1.0, NAN),
        (2.0**-140, 2.0**70),
        (2.0**126, 2.0**-63),
    ],
    "sigmoid": [(0.0, 0.5), (INF, 1), (-INF, 0), (1e30, 1), (-1e30, 0), (40.0, 1)],
    "tanh": [(0.0, 0), (-0.0, -0.0), (INF, 1), (-INF, -1), (1e30, 1), (-40.0, -1), (1e-40, 1e-40), (-1e-40, -1e-40)],
    "sinh": [(0.0, 0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (1e30, INF), (-1e30, -INF), (1e-40, 1e-40), (-1e-40, -1e-40)],
    "cosh": [(0.0, 1), (-0.0, 1), (INF, INF), (-INF, INF), (1e30, INF), (-1e30, INF)],
    "asinh": [(0.0, 0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (1e-40, 1e-40), (-1e-40, -1e-40)],
    "acosh": [(1.0, 0), (INF, INF), (-INF, NAN), (0.5, NAN), (-1.0, NAN), (-3e38, NAN), (0.0, NAN)],
    "atanh": [
        (0.0, 0),
        (-0.0, -0.0),
        (1.0, INF),
        (-1.0, -INF),
        (2.0, NAN),
        (INF, NAN),
        (-INF, NAN),
        (1e-40, 1e-40),
        (-1e-40, -1e-40),
    ],
    "logit": [(0.0, -INF), (-0.0, -INF), (0.5, 0), (1.0, INF), (-1e-40, NAN), (2.0, NAN), (INF, NAN), (-INF, NAN)],
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", EDGES)
def test_edges(name, dtype):
    x, expected = np.array([*EDGES[name], (NAN, NAN)], dtype).T
    for repeat in (1, 7):  # in the tail, and in full vectors
        result = getattr(torch, name)(torch.tensor(np.tile(x, repeat)))
        assert_same(result, np.tile(expected, repeat), name)


@pytest.mark.parametrize("name", EDGES)
def test_an_unusual_lane_changes_no_other(name):
    """Paths for ordinary vectors and for others agree to the bit."""
    for dtype in FLOATS:
        usual = np.linspace(1.1 if name == "acosh" else 0.01, 0.99 if name in ("atanh", "logit") else 3, 64).astype(dtype)
        alone = getattr(torch, name)(torch.tensor(usual)).numpy()
        for value in (0.0, -1e30, INF, NAN, 1e-40, 80.0, -80.0):
            mixed = usual.copy()
            mixed[5::8] = value
            others = np.arange(64) % 8 != 5
            result = getattr(torch, name)(torch.tensor(mixed)).numpy()
            ulp = np.abs(result.view(f"i{result.itemsize}").astype(np.int64) - alone.view(f"i{alone.itemsize}"))
            assert ulp[others].max() <= 1, (name, value)


@pytest.mark.parametrize(
    "name, x",
    [
        ("exp", [-745.1, -708.5, -1e-20, 1e-20, 0.34657, 709.7]),
        ("expm1", [-1e-18, 1e-300, 0.3465, -0.3466, 37.4, 709.7]),
        ("exp2", [-1074, -1022.5, 0.5, 1023.99]),
        ("log", [5e-324, 1e-310, 1 - 2.0**-53, 1 + 2.0**-52, 1.7e308]),
        ("log1p", [-1 + 2.0**-53, 5e-324, 1e-17, 0.41, 1e300]),
        ("tanh", [1e-300, 1e-8, 0.1733, 18.9]),
        ("sinh", [1e-300, 1e-8, 0.3466, 710.4]),
        ("cosh", [1e-8, 0.3466, 710.4]),
        ("asinh", [1e-300, 1e-8, 0.5, 1e200, 1.7e308]),
        ("acosh", [1 + 2.0**-52, 1.5, 1e200, 1.7e308]),
        ("atanh", [1e-300, 1e-8, 0.5, 1 - 2.0**-53]),
    ],
)
def test_against_mpmath(name, x):
    exact_function = {"exp2": lambda v: mpmath.power(2, v)}.get(name) or getattr(mpmath, name)
    with mpmath.workdps(60):
        for value in x:
            exact = exact_function(mpmath.mpf(value))
            result = getattr(torch, name)(torch.tensor([value], dtype=torch.float64)).item()
            unit = mpmath.mpf(math.ulp(float(exact)))
            assert abs(mpmath.mpf(result) - exact) <= unit, (name, value)


def test_logit_with_eps():
    x = torch.tensor([0.5, 0.2, 1.5, -1.0, NAN])
    expected = [math.log(p / (1 - p)) for p in (0.5, 0.2, 0.9, 0.1)]
    np.testing.assert_allclose(torch.logit(x, 0.1).numpy(), [*expected, NAN], rtol=1e-6)
    np.testing.assert_allclose(x.logit(eps=0.1).numpy(), [*expected, NAN], rtol=1e-6)
    np.testing.assert_allclose(x.clone().logit_(0.1).numpy(), [*expected, NAN], rtol=1e-6)
    assert torch.logit(torch.tensor([0.5]), eps=0.7).item() == pytest.approx(math.log(0.7 / 0.3))  # the lower bound is set last


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d not in FLOATS])
def test_integers_become_floats(dtype):
    ones = torch.ones(3, dtype=dtype_of(dtype))
    for name in EDGES:
        result = getattr(torch, name)(ones)
        assert result.dtype == torch.float32, name
        assert bits(result) == bits(getattr(torch, name)(torch.ones(3))), name
        with pytest.raises(RuntimeError, match=r"^result type Float can't be cast to the desired output type"):
            getattr(ones, name + "_")()


@pytest.mark.parametrize("name", ["logaddexp", "logaddexp2"])
def test_sums_in_logarithms(name):
    """float32 to 0.7 ULP also where the terms cancel to 10^-8, or to a sum of exactly 1; infinities and NaN."""
    rng = np.random.default_rng(5)
    base = 2.0 if name == "logaddexp2" else math.e
    x = rng.uniform(-3, -0.01, 4000)
    y = np.log1p(-(base**x)) / math.log(base)
    x = np.concatenate([x, rng.uniform(-100, 100, 4000), rng.uniform(-1e-5, 1e-5, 100)]).astype(np.float32)
    y = np.concatenate([y, rng.uniform(-100, 100, 4000), rng.uniform(-40, -20, 100)]).astype(np.float32)
    function = getattr(torch, name)
    exact = getattr(np, name)(x.astype(np.longdouble), y.astype(np.longdouble))
    known = np.abs(exact) > 1e-8
    assert_near(function(torch.tensor(x), torch.tensor(y))[torch.tensor(known)], exact[known], "float32", 0.7)
    assert torch.logaddexp2(torch.full((20,), -1.0), torch.full((20,), -1.0)).tolist() == [0] * 20
    x = torch.tensor([INF, -INF, INF, -INF, NAN, 1.0, NAN, 3e38])
    y = torch.tensor([INF, -INF, -INF, 1.0, 1.0, NAN, INF, -3e38])
    assert_same(function(x, y), np.array([INF, -INF, INF, 1, NAN, NAN, NAN, 3e38], np.float32))
