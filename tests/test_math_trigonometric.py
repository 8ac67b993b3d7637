"""sin, cos, tan, their inverses, hypot and sinc: special values, huge arguments, samples of every binade."""

import mpmath
import numpy as np
import pytest

import wengert as torch
from reference import FLOATS, ULPS, assert_near, assert_same

NAN, INF = float("nan"), float("inf")
EXACT = {
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "asin": mpmath.asin,
    "acos": mpmath.acos,
    "atan": mpmath.atan,
    "sinc": lambda x: mpmath.sincpi(x) if x != mpmath.nint(x) or x == 0 else mpmath.mpf(0),
}
BINARY = {"atan2": mpmath.atan2, "hypot": mpmath.hypot}


def with_mpmath(function, *arrays):
    """The exact values, rounded to long double."""
    with mpmath.workprec(1200):
        exact = [function(*(mpmath.mpf(float(x)) for x in xs)) for xs in zip(*arrays, strict=True)]
    with mpmath.workdps(25):
        return np.array([np.longdouble(mpmath.nstr(+value, 25, strip_zeros=False)) for value in exact])


def every_binade(dtype, each, seed=0):
    """Finite values of both signs and every exponent."""
    info, rng = np.finfo(dtype), np.random.default_rng(seed)
    exponents = np.repeat(np.arange(info.minexp - info.nmant, info.maxexp), each)
    mantissas = rng.uniform(1, 2, exponents.size).astype(dtype) * rng.choice([-1, 1], exponents.size)
    return np.ldexp(mantissas.astype(dtype), exponents).astype(dtype)


def near_multiples(dtype, count=200):
    """The floats about multiples of pi/2, where most of an angle is taken off."""
    multiples = np.concatenate([np.arange(count), np.random.default_rng(0).integers(0, 2**26, count)])
    with mpmath.workprec(200):
        nearest = np.array([float(int(n) * mpmath.pi / 2) for n in multiples]).astype(dtype)
    return np.concatenate([nearest, np.nextafter(nearest, dtype(0)), np.nextafter(nearest, dtype(INF))])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_samples(name, dtype):
    x = every_binade(dtype, 1 if dtype is np.float64 else 4)
    if name in ("asin", "acos"):
        x = np.concatenate([x[abs(x) <= 1], np.random.default_rng(1).uniform(-1, 1, 300).astype(dtype)])
    elif name == "sinc":
        x = np.concatenate([x[abs(x) < 2.0**60], np.random.default_rng(1).uniform(-9, 9, 300).astype(dtype)])
    else:
        x = np.concatenate([x, np.random.default_rng(1).uniform(-9, 9, 300).astype(dtype)])
    if name in ("sin", "cos", "tan"):
        x = np.concatenate([x, near_multiples(dtype)])
    result = getattr(torch, name)(torch.tensor(x))
    assert_near(result, with_mpmath(EXACT[name], x), np.dtype(dtype).name, ULPS[name], name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", BINARY)
def test_samples_of_pairs(name, dtype):
    rng, info = np.random.default_rng(2), np.finfo(dtype)
    y = np.concatenate([every_binade(dtype, 1, 3), rng.standard_normal(500).astype(dtype)])
    with np.errstate(over="ignore", under="ignore"):
        close = np.ldexp(y, rng.integers(-3, 4, y.size)) * rng.uniform(0.5, 2, y.size).astype(dtype)
    for x in (rng.permutation(y), np.where(np.isfinite(close), close, y), np.full_like(y, info.tiny)):
        exact = with_mpmath(BINARY[name], y, x)
        assert_near(getattr(torch, name)(torch.tensor(y), torch.tensor(x)), exact, info.dtype.name, ULPS[name], name)


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_values(dtype):
    def of(function, *values):
        return getattr(torch, function)(*(torch.tensor(v, dtype=getattr(torch, dtype)) for v in values)).numpy()

    x = [NAN, INF, -INF, 0.0, -0.0]
    half = np.array(np.pi / 2, dtype)
    for function, expected in {
        "sin": [NAN, NAN, NAN, 0.0, -0.0],
        "cos": [NAN, NAN, NAN, 1, 1],
        "tan": [NAN, NAN, NAN, 0.0, -0.0],
        "asin": [NAN, NAN, NAN, 0.0, -0.0],
        "acos": [NAN, NAN, NAN, half, half],
        "atan": [NAN, half, -half, 0.0, -0.0],
        "sinc": [NAN, NAN, NAN, 1, 1],
        "deg2rad": x,
        "rad2deg": x,
    }.items():
        for repeat in (1, 5, 20):
            assert_same(torch.tensor(of(function, x * repeat)), np.array(expected * repeat, dtype))
    ends = of("asin", [1, -1, 1.0001, -2]), of("acos", [1, -1, 1.0001, -2])
    assert_same(torch.tensor(ends[0]), np.array([half, -half, NAN, NAN], dtype))
    assert_same(torch.tensor(ends[1]), np.array([0.0, np.pi, NAN, NAN], dtype))
    assert of("atan", [1.0])[0] == np.array(np.pi / 4, dtype)
    whole = of("sinc", [1.0, -2, 3, 2.0**24 - 1, -(2.0**30), 2.0**90])
    assert (whole == 0).all() and not np.signbit(whole).any()


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_pairs(dtype):
    values = [NAN, INF, -INF, 0.0, -0.0, 1, -1, 3, 1e-45, -3e38]
    y, x = (np.array(v * 3, dtype).ravel() for v in zip(*[(a, b) for a in values for b in values], strict=True))
    y, x = y[:99], x[:99]
    wide = np.longdouble if dtype == "float64" else np.float64
    for name, function in (("atan2", np.arctan2), ("hypot", np.hypot)):
        with np.errstate(all="ignore"):
            exact = function(y.astype(wide), x.astype(wide))
        result = getattr(torch, name)(torch.tensor(y), torch.tensor(x))
        assert_near(result, exact, dtype, ULPS[name], name)
        zero = exact == 0
        assert (np.signbit(result.numpy()[zero]) == np.signbit(exact[zero])).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_a_huge_lane_leaves_its_neighbours(name, dtype):
    """A vector with a lane beyond the range of the fast reduction takes another path."""
    x = np.linspace(-8, 8, 64).astype(dtype)
    huge = np.array([5, 6, 40])
    mixed = x.copy()
    mixed[huge] = [1e30, -3e38, INF]
    function = getattr(torch, name)
    plain, result = function(torch.tensor(x)).numpy(), function(torch.tensor(mixed)).numpy()
    others = np.delete(np.arange(64), huge)
    assert_same(torch.tensor(result[others]), plain[others])
    assert_same(function(torch.tensor(-mixed)), result if name == "cos" else -result)


def test_integers_become_floats():
    ints = torch.tensor([0, 1, 2])
    for name in ("sin", "cos", "tan", "atan", "sinc", "deg2rad", "rad2deg"):
        assert getattr(torch, name)(ints).dtype == torch.float32
    assert torch.atan2(ints, torch.tensor([True, False, True])).dtype == torch.float32
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type"):
        ints.sin_()
    with pytest.raises(NotImplementedError, match="\"hypot_cpu\" not implemented for 'Long'"):
        torch.hypot(ints, ints)
