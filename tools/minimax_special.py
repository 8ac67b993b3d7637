"""Coefficients of the polynomials in csrc/simd/erf.h, bessel.h, gamma.h and gamma_of_float.h.

    python tools/minimax_special.py [name ...]     prints the tables named, or all: highest power first

Needs mpmath and NumPy. The polynomial is that of Remez (tools/minimax.py); then its coefficients are rounded, lowest power
first, and what a rounding changes is spread over the higher powers by least squares. (Levelling again, as tools/minimax.py does,
fails where a rounded coefficient alone causes more than the level.)
"""

import sys

import mpmath as mp
import numpy as np
from minimax import Problem, remez, rounded, show, split


def fit(problem, parts=1):
    coefficients, level = remez(problem)
    points = [problem.low + (problem.high - problem.low) * (i + mp.mpf("0.5")) / 400 for i in range(400)]
    u = np.array([float(point) for point in points])
    weight = np.array([float(problem.weight(point)) for point in points])
    powers = u[:, None] ** np.arange(problem.degree + 1)
    for k in range(problem.degree + 1):
        exact = coefficients[k]
        coefficients[k] = (
            sum(split(exact, [problem.bits] * (parts - 1), problem.bits)) if k == 0 else rounded(exact, problem.bits)
        )
        if k < problem.degree:
            higher = powers[:, k + 1 :] * weight[:, None]
            scale = np.abs(higher).max(axis=0)
            change = float(exact - coefficients[k]) * powers[:, k] * weight
            spread = np.linalg.lstsq(higher / scale, change, rcond=1e-12)[0] / scale
            for j, value in enumerate(spread, k + 1):
                coefficients[j] += mp.mpf(float(value))
    errors = [abs((problem.g(p) - mp.polyval(coefficients[::-1], p)) * problem.weight(p)) for p in points]
    return coefficients, max(errors), level


def erf_near_zero(high, degree, bits):
    return Problem(
        f"erf(x) = x + x P(x^2), |x| <= {high}, {bits} bits",
        lambda u: 2 / mp.sqrt(mp.pi) - 1 if u == 0 else mp.erf(mp.sqrt(u)) / mp.sqrt(u) - 1,
        lambda u: mp.sqrt(mp.pi) / 2 if u == 0 else mp.sqrt(u) / mp.erf(mp.sqrt(u)),
        mp.mpf(0),
        mp.mpf(high) ** 2,
        degree,
        bits,
    )


def erf_far(low, high, middle, degree, bits):
    return Problem(
        f"erf(x) = 1 - P(x - {middle})^2, {low} <= x <= {high}, {bits} bits",
        lambda t: mp.sqrt(mp.erfc(t + middle)),
        lambda t: 2 * mp.sqrt(mp.erfc(t + middle)) / mp.erf(t + middle),
        mp.mpf(low) - middle,
        mp.mpf(high) - middle,
        degree,
        bits,
    )


def scaled_erfc(low, pole, degree, bits):
    """exp(x^2) erfc(x) (1 + 2x) as a function of q = (x - pole) / (x + pole), which takes [low, infinity) to [.., 1]."""

    def g(q):
        if q == 1:
            return 2 / mp.sqrt(mp.pi)
        x = pole * (1 + q) / (1 - q)
        if x > 1000:
            return (1 + 2 * x) / (x * mp.sqrt(mp.pi)) * mp.nsum(lambda k: mp.fac2(2 * k - 1) / (-2 * x * x) ** k, [0, 12])
        return mp.exp(x * x) * mp.erfc(x) * (1 + 2 * x)

    low, pole = mp.mpf(low), mp.mpf(pole)
    return Problem(
        f"exp(x^2) erfc(x) (1 + 2x) = P((x - {float(pole)}) / (x + {float(pole)})), x >= {float(low)}, {bits} bits",
        g,
        lambda q: 1 / g(q),
        (low - pole) / (low + pole),
        mp.mpf(1),
        degree,
        bits,
    )


def inverse_erfc(log):
    """y with log(erfc(y)) = log."""
    y = mp.sqrt(-log) if log < -2 else mp.sqrt(mp.pi) / 2 * (1 - mp.exp(log))
    for _ in range(60):
        step = (mp.log(mp.erfc(y)) - log) * mp.erfc(y) * mp.exp(y * y) * mp.sqrt(mp.pi) / 2
        y += step
        if abs(step) < abs(y) * mp.mpf(10) ** -45:
            return y
    raise ArithmeticError("no convergence")


def inverse_erf(w):
    """erfinv(x) / x at the x with (1 - x) (1 + x) = exp(-w)."""
    if w == 0:
        return mp.sqrt(mp.pi) / 2
    x = mp.sqrt(-mp.expm1(-w))
    return inverse_erfc(mp.log(mp.exp(-w) / (1 + x))) / x


def erfinv(low, high, middle, degree, bits):
    middle = mp.mpf(middle)
    return Problem(
        f"erfinv(x) = x P(w - {middle}), w = -log((1 - x) (1 + x)), {low} <= w <= {high}, {bits} bits",
        lambda t: inverse_erf(t + middle),
        lambda t: 1 / inverse_erf(t + middle),
        mp.mpf(low) - middle,
        mp.mpf(high) - middle,
        degree,
        bits,
    )


def erfinv_far(low, high, middle, degree, bits):
    middle = mp.mpf(middle)
    return Problem(
        f"erfinv(x) = x P(sqrt(w) - {middle}), {low} <= sqrt(w) <= {high}, {bits} bits",
        lambda t: inverse_erf((t + middle) ** 2),
        lambda t: 1 / inverse_erf((t + middle) ** 2),
        mp.mpf(low) - middle,
        mp.mpf(high) - middle,
        degree,
        bits,
    )


def bessel_near(order, high, degree, bits):
    """I0(x) and I1(x) / (x / 2) as functions of u = (x / 2)^2."""

    def g(u):
        return mp.hyper([], [order + 1], u)

    shown = "I1(x) = x / 2 P" if order else "I0(x) = P"
    return Problem(
        f"{shown}((x / 2)^2), |x| <= {high}, {bits} bits", g, lambda u: 1 / g(u), mp.mpf(0), mp.mpf(high) ** 2 / 4, degree, bits
    )


def bessel_far(order, low, degree, bits):
    def g(t):
        if t == 0:
            return 1 / mp.sqrt(2 * mp.pi)
        return mp.besseli(order, low / t) * mp.exp(-low / t) * mp.sqrt(low / t)

    return Problem(
        f"exp(-x) I{order}(x) sqrt(x) = P({low} / x), x >= {low}, {bits} bits",
        g,
        lambda t: 1 / g(t),
        mp.mpf(0),
        mp.mpf(1),
        degree,
        bits,
    )


def digamma(degree, bits):
    root = mp.findroot(mp.digamma, 1.46)

    def g(t):
        x = t + mp.mpf("1.5")
        return mp.digamma(x) / (x - root) if x != root else mp.psi(1, root)

    half = mp.mpf("0.5")
    return Problem(
        f"digamma(x) = (x - {mp.nstr(root, 6)}..) P(x - 1.5), 1 <= x <= 2", g, lambda t: 1 / g(t), -half, half, degree, bits
    )


def digamma_far(low, degree, bits):
    low = mp.mpf(low)

    def g(u):
        if u < mp.mpf("1e-8"):
            return mp.mpf(1) / 12 - u / 120
        x = 1 / mp.sqrt(u)
        return (mp.log(x) - 1 / (2 * x) - mp.digamma(x)) / u

    return Problem(
        f"digamma(x) = log(x) - 1/(2x) - u P(u), u = 1/x^2, x >= {low}, {bits} bits",
        g,
        lambda u: u / mp.digamma(1 / mp.sqrt(u)) if u else mp.mpf(0),
        mp.mpf(0),
        1 / low**2,
        degree,
        bits,
    )


def cotangent(degree, bits):
    """The error is levelled, not the relative one: the function is 0 at 1/2."""

    def g(u):
        if u < mp.mpf("1e-10"):
            return 1 - mp.pi**2 * u / 3
        return mp.pi * mp.sqrt(u) * mp.cot(mp.pi * mp.sqrt(u))

    return Problem(
        f"pi r cot(pi r) = P(r^2), |r| <= 1/2, {bits} bits", g, lambda u: mp.mpf(1), mp.mpf(0), mp.mpf("0.25"), degree, bits
    )


def log_gamma(degree, bits):
    def g(t):
        x = t + mp.mpf("1.5")
        if x in (1, 2):
            return mp.euler if x == 1 else 1 - mp.euler
        return mp.loggamma(x).real / ((x - 1) * (x - 2))

    half = mp.mpf("0.5")
    return Problem(
        f"lgamma(x) = (x - 1) (x - 2) P(x - 1.5), 1 <= x <= 2, {bits} bits", g, lambda t: 1 / g(t), -half, half, degree, bits
    )


def log_gamma_far(low, degree, bits):
    low = mp.mpf(low)

    def g(u):
        if u == 0:
            return mp.mpf(1) / 12
        x = 1 / mp.sqrt(u)
        return x * (mp.loggamma(x) - ((x - mp.mpf("0.5")) * mp.log(x) - x + mp.log(2 * mp.pi) / 2))

    return Problem(
        f"lgamma(x) = (x - 1/2) log(x) - x + log(2 pi) / 2 + P(1/x^2) / x, x >= {low}, {bits} bits",
        g,
        lambda u: mp.sqrt(u) / mp.loggamma(1 / mp.sqrt(u)) if u else mp.mpf(0),
        mp.mpf(0),
        1 / low**2,
        degree,
        bits,
    )


def erfinv_over_root(low, high, middle, degree, bits):
    middle = mp.mpf(middle)
    return Problem(
        f"erfinv(x) = x (s + P(s - {middle})), s = sqrt(w), {low} <= s <= {high}, {bits} bits",
        lambda t: inverse_erf((t + middle) ** 2) - (t + middle),
        lambda t: 1 / inverse_erf((t + middle) ** 2),
        mp.mpf(low) - middle,
        mp.mpf(high) - middle,
        degree,
        bits,
    )


PROBLEMS = {
    "erf32": lambda: erf_near_zero("1.0625", 6, 24),
    "erf32far": lambda: erf_far("1.05", "3.95", mp.mpf("2.5"), 11, 24),
    "erfc32": lambda: scaled_erfc("0.75", "2.5", 10, 24),
    "erf64": lambda: erf_near_zero("1", 11, 53),
    "erfc64": lambda: scaled_erfc("0.75", "3", 22, 53),
    "erfinv32": lambda: erfinv("0", "4", "0", 9, 24),
    "erfinv32tail": lambda: erfinv_over_root("1.99", "4.18", "3", 11, 24),
    # Starting points of one Halley step.
    "erfinv64": lambda: erfinv("0", "5", "2.5", 8, 53),
    "erfinv64tail": lambda: erfinv_far("2.23", "6.2", "4", 12, 53),
    "erfinv64far": lambda: erfinv_far("6.1", "27.4", "12", 12, 53),
    "i0near": lambda: bessel_near(0, 10, 16, 53),
    "i1near": lambda: bessel_near(1, 10, 16, 53),
    "i0far": lambda: bessel_far(0, 10, 20, 53),
    "i1far": lambda: bessel_far(1, 10, 20, 53),
    "digamma": lambda: digamma(22, 53),
    # For float32 results.
    "digamma32": lambda: digamma(11, 53),
    "digamma32far": lambda: digamma_far(3, 4, 53),
    "cotangent": lambda: cotangent(10, 53),
    "lgamma32": lambda: log_gamma(12, 53),
    "lgamma32far": lambda: log_gamma_far(3, 4, 53),
}
IN_TWO_PARTS = {"erfc32", "erfc64", "erfinv32"}  # whose constant is the sum of the last two numbers printed


def main():
    for name in sys.argv[1:] or PROBLEMS:
        problem = PROBLEMS[name]()
        coefficients, error, level = fit(problem, 2 if name in IN_TWO_PARTS else 1)
        exponents = (f"2^{float(mp.log(value, 2)):.1f}" for value in (error, level))
        print("{}: {}: relative error {}, {} before rounding".format(name, problem.name, *exponents))
        leading = split(coefficients[0], [problem.bits], problem.bits) if name in IN_TWO_PARTS else coefficients[:1]
        print(f"  {show([*coefficients[:0:-1], *leading], problem.bits)}", flush=True)


if __name__ == "__main__":
    main()
