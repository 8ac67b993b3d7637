"""polygamma and mvlgamma against mpmath."""

import mpmath
import numpy as np
import pytest

import wengert as torch
from reference import assert_near


def exact(n, x):
    """The n-th derivative of digamma by terms up to where Euler and Maclaurin's formula converges. (mpmath's own fails for some
    negative arguments, and loses digits of small values.)"""
    with mpmath.workprec(160):
        x, s, total = mpmath.mpf(float(x)), n + 1, mpmath.mpf(0)
        while x < 40:
            total += x**-s
            x += 1
        total += x ** (1 - s) / (s - 1) + x**-s / 2
        rising = mpmath.mpf(s)
        for j in range(1, 40):
            total += mpmath.bernoulli(2 * j) / mpmath.factorial(2 * j) * rising * x ** (1 - s - 2 * j)
            rising *= (s + 2 * j - 1) * (s + 2 * j)
        return np.longdouble(mpmath.nstr((-1) ** s * mpmath.factorial(n) * total, 25))


def values():
    rng = np.random.default_rng(0)
    return np.concatenate(
        [10.0 ** rng.uniform(-6, 6, 40), [0.5, 1, 2, 10, 1e-9], -rng.uniform(0, 30, 20), [-0.5, -1e-9, -7.001]]
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8, 20])
def test_polygamma(n):
    x = values()
    expected = np.array([exact(n, v) for v in x])
    positive = x > 0
    with np.errstate(over="ignore", under="ignore"):
        assert_near(torch.polygamma(n, torch.tensor(x[positive])), expected[positive], "float64", 8)
        close = np.abs(torch.polygamma(n, torch.tensor(x)).numpy() - expected) <= 1e-13 * np.abs(expected)  # has zeros below 0
        assert close.all()
        single = x.astype("float32")
        expected = np.array([exact(n, v) for v in single])
        assert_near(torch.polygamma(n, torch.tensor(single)), expected, "float32", 0.52)


def test_polygamma_of_special_values():
    x = torch.tensor([0.0, -1.0, -0.0, float("inf"), -float("inf"), float("nan"), -1e30])
    nan, inf = float("nan"), float("inf")
    for n, pole in [(1, inf), (2, -inf), (3, inf)]:
        np.testing.assert_array_equal(torch.polygamma(n, x).numpy(), [pole, pole, pole, 0, nan, nan, pole])
    assert torch.equal(torch.polygamma(0, x), torch.digamma(x)) or torch.polygamma(0, x).isnan().any()
    assert torch.polygamma(1, torch.tensor([1, 2])).dtype == torch.float32
    assert (
        torch.tensor([2.0]).polygamma_(1) == torch.special.polygamma(1, torch.tensor(2.0)) == torch.tensor([2.0]).polygamma(1)
    )
    assert torch.polygamma(2, torch.ones(0, 3)).shape == (0, 3)
    with pytest.raises(RuntimeError, match=r"polygamma\(n, x\) does not support negative n."):
        torch.polygamma(-1, x)


def test_mvlgamma():
    x = np.linspace(2.1, 40, 50)
    for p in (1, 2, 5):
        expected = p * (p - 1) / 4 * np.log(np.pi) + sum(torch.tensor(x - j / 2).lgamma().numpy() for j in range(p))
        np.testing.assert_allclose(torch.mvlgamma(torch.tensor(x), p).numpy(), expected, rtol=1e-14)
        assert torch.equal(torch.special.multigammaln(torch.tensor(x), p), torch.tensor(x).mvlgamma(p))
    assert torch.tensor([3, 4]).mvlgamma(2).dtype == torch.float32
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        torch.tensor([3, 4]).mvlgamma_(2)
    with pytest.raises(RuntimeError, match="p has to be greater than or equal to 1"):
        torch.mvlgamma(torch.ones(2), 0)
