"""Coefficients and tables of the functions in csrc/simd.

    python tools/minimax.py            prints every table, highest power first

Needs mpmath.
Remez exchange in 60-digit arithmetic on the relative error of the whole function: for f(x) ~ head(x) + x^k P(u), the
error |x^k (P - g) / f| is levelled over the reduced interval. The coefficients are then rounded one after the other, lowest power
first, and the remaining ones fitted again, so that a rounded coefficient costs no accuracy that a later one can repay.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp

mp.mp.dps = 60


@dataclass
class Problem:
    name: str
    g: Callable  # what P approximates, as a function of u
    weight: Callable  # factor from the error of P to the relative error of the function
    low: object  # interval of u
    high: object
    degree: int
    bits: int  # of a coefficient: 24 or 53


def solve_level(problem, nodes, fixed):
    """The free coefficients and the level E with (g - P) * weight = +-E at the nodes."""
    free = problem.degree + 1 - len(fixed)
    matrix, right = mp.matrix(free + 1, free + 1), mp.matrix(free + 1, 1)
    for i, u in enumerate(nodes):
        for j in range(free):
            matrix[i, j] = u ** (j + len(fixed))
        matrix[i, free] = (-1) ** i / problem.weight(u)
        right[i] = problem.g(u) - sum(c * u**k for k, c in enumerate(fixed))
    solution = mp.lu_solve(matrix, right)
    return [solution[j] for j in range(free)], abs(solution[free])


def remez(problem, fixed=()):
    """Coefficients, lowest power first, and the largest relative error; the first len(fixed) are given."""
    fixed = list(fixed)
    count = problem.degree + 2 - len(fixed)
    middle, half = (problem.high + problem.low) / 2, (problem.high - problem.low) / 2
    # Interior nodes: where the weight vanishes at an end, the error has no extremum there.
    nodes = [middle - half * mp.cos(mp.pi * (i + mp.mpf("0.5")) / count) for i in range(count)]
    grid = [middle - half * mp.cos(mp.pi * i / 600) for i in range(601)]
    values = [(problem.g(u), problem.weight(u)) for u in grid]
    for _ in range(30):
        free, level = solve_level(problem, nodes, fixed)
        coefficients = fixed + free
        errors = [(v - mp.polyval(coefficients[::-1], u)) * w for u, (v, w) in zip(grid, values, strict=True)]
        # One extremum per run of equal sign.
        extrema = [0]
        for i in range(1, len(grid)):
            if (errors[i] > 0) == (errors[extrema[-1]] > 0):
                if abs(errors[i]) > abs(errors[extrema[-1]]):
                    extrema[-1] = i
            else:
                extrema.append(i)
        while len(extrema) > count:  # drop the weaker end, so that the signs still alternate
            extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
        largest = max(abs(e) for e in errors)
        if len(extrema) < count or largest < level * mp.mpf("1.001"):
            break
        nodes = [grid[i] for i in extrema]
    return coefficients, largest


def rounded(value, bits):
    if abs(value) < mp.mpf("1e-40"):  # 0 but for the error of a fit
        return mp.mpf(0)
    mantissa, exponent = mp.frexp(value)
    return mp.ldexp(mp.nint(mp.ldexp(mantissa, bits)), exponent - bits)


def fit(problem):
    fixed, best = [], None
    for k in range(problem.degree + 1):
        coefficients, error = remez(problem, fixed)
        # With the lowest powers given, an interval around 0 may have no levelled error: what was found before is rounded then.
        if best is None or error < 4 * best[1]:
            best = coefficients, error
        fixed.append(rounded(best[0][k], problem.bits))
    errors = []
    for i in range(2001):
        u = problem.low + (problem.high - problem.low) * i / 2000
        errors.append(abs((problem.g(u) - mp.polyval(fixed[::-1], u)) * problem.weight(u)))
    return fixed, max(errors)


def tail(function, head, power, terms):
    """(function(x) - head(x)) / x^power, by its series near 0 where the difference cancels."""
    series = list(mp.taylor(lambda x: function(x) - head(x), 0, power + terms))[power:]

    def g(x):
        return mp.polyval(series[::-1], x) if abs(x) < mp.mpf("1e-3") else (function(x) - head(x)) / x**power

    return g


QUARTER = (mp.pi / 4) ** 2


def sine(degree, bits):
    g = tail(mp.sin, lambda x: x, 3, 24)
    return Problem(
        f"sin(r) = r + r^3 P(r^2), |r| <= pi/4, {bits} bits",
        lambda z: g(mp.sqrt(z)),
        lambda z: mp.mpf(0) if z == 0 else z * mp.sqrt(z) / mp.sin(mp.sqrt(z)),
        mp.mpf(0),
        QUARTER,
        degree,
        bits,
    )


def cosine(degree, bits):
    g = tail(mp.cos, lambda x: 1 - x * x / 2, 4, 24)
    return Problem(
        f"cos(r) = 1 - r^2/2 + r^4 P(r^2), |r| <= pi/4, {bits} bits",
        lambda z: g(mp.sqrt(z)),
        lambda z: z * z / mp.cos(mp.sqrt(z)),
        mp.mpf(0),
        QUARTER,
        degree,
        bits,
    )


def logarithm(degree, bits):
    return Problem(
        f"log(1 + f) = f - f^2/2 + f^3 P(f), 1 + f in [sqrt(1/2), sqrt(2)], {bits} bits",
        tail(mp.log1p, lambda x: x - x * x / 2, 3, 24),
        lambda x: mp.mpf(0) if x == 0 else x**3 / mp.log1p(x),
        mp.sqrt(2) / 2 - 1,
        mp.sqrt(2) - 1,
        degree,
        bits,
    )


def logarithm_by_quotient(degree, bits):
    g = tail(mp.atanh, lambda s: s, 3, 40)
    high = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2
    return Problem(
        f"log(1 + f) = 2 atanh(s) = 2 s + s z P(z), s = f / (2 + f), z = s^2, {bits} bits",
        lambda z: 2 * g(mp.sqrt(z)),
        lambda z: mp.mpf(0) if z == 0 else z * mp.sqrt(z) / (2 * mp.atanh(mp.sqrt(z))),
        mp.mpf(0),
        high,
        degree,
        bits,
    )


def exponential(degree, bits, high, relative_to):
    """The error is levelled relative to e^r or to e^r - 1."""
    return Problem(
        f"e^r = 1 + r + r^2 P(r), |r| <= {mp.nstr(high, 4)}, {bits} bits",
        tail(mp.exp, lambda x: 1 + x, 2, 24),
        lambda x: abs(x**2 / relative_to(x)) if x else mp.mpf(0),
        -high,
        high * mp.mpf("1.001"),  # no node at 0, where the weight is 0
        degree,
        bits,
    )


def power_of_two(degree, bits, high="0.5"):
    return Problem(
        f"2^r = 1 + r P(r), |r| <= {high}, {bits} bits",
        tail(lambda x: mp.mpf(2) ** x, lambda x: mp.mpf(1), 1, 24),
        lambda x: abs(x) / mp.mpf(2) ** x,
        -mp.mpf(high),
        mp.mpf(high) * mp.mpf("1.001"),
        degree,
        bits,
    )


def logarithm_near_one(degree, bits, base=mp.e):
    rest = tail(mp.log1p, lambda x: x, 2, 24)
    return Problem(
        f"log(1 + r) = r + r^2 P(r), in units of log({mp.nstr(base, 3)}), -1/32 <= r <= 1/16, {bits} bits",
        lambda x: rest(x) / mp.log(base),
        lambda x: abs(x**2 / mp.log1p(x)) * mp.log(base) if x else mp.mpf(0),
        mp.mpf(-1) / 32,
        mp.mpf("1.001") / 16,
        degree,
        bits,
    )


def fine_logarithm(degree, bits):
    return Problem(
        f"log(1 + r) = r - r^2/2 + r^3 P(r), -0.0275 <= r <= 0.0313, {bits} bits",
        tail(mp.log1p, lambda x: x - x * x / 2, 3, 24),
        lambda x: abs(x**3 / mp.log1p(x)) if x else mp.mpf(0),
        mp.mpf("-0.0275"),
        mp.mpf("0.0313"),
        degree,
        bits,
    )


def exponential_table(bits):
    """2^(k/16) as a high and a low part."""
    rows = [split(mp.mpf(2) ** (mp.mpf(k) / 16), [bits], bits) for k in range(16)]
    return [[row[i] for row in rows] for i in range(2)]


def logarithm_table(bits, unit, base=mp.e):
    """For a mantissa m in [0.75, 1.5), by the upper four bits k behind the point: c ~ 1/m of 8 bits, and -log(c), for m < 1 that
    of 2 c, as a high part in units of 2^unit and a low part. c = 1 on both sides of 1, where m c - 1 has to be exact."""
    table = [[], [], []]
    for k in range(16):
        centre = (1 + (k + mp.mpf("0.5")) / 16) / (2 if k >= 8 else 1)
        c = mp.mpf(1) if k in (0, 15) else mp.nint(256 / centre) / 256
        value = (-mp.log(c) + (mp.log(2) if k >= 8 else 0)) / mp.log(base)
        high = mp.ldexp(mp.nint(mp.ldexp(value, -unit)), unit)
        for column, x in zip(table, (c, high, rounded(value - high, bits)), strict=True):
            column.append(x)
    return table


def fine_logarithm_table():
    """As logarithm_table(), of float32 and by the upper five bits: c has 6 bits behind the point for m >= 1 and 5 below, so that
    m c - 1 is exact."""
    table = [[], [], []]
    for k in range(32):
        half = 2 if k >= 16 else 1
        steps = 64 // half
        c = mp.mpf(1) if k in (0, 31) else mp.nint(steps * half / (1 + (k + mp.mpf("0.5")) / 32)) / steps
        value = -mp.log(c) + mp.log(half)
        high = mp.ldexp(mp.nint(mp.ldexp(value, 15)), -15)
        for column, x in zip(table, (c, high, rounded(value - high, 24)), strict=True):
            column.append(x)
    return table


def interpolation(f, low, high, degree):
    """The polynomial through f at Chebyshev's nodes of [low, high], lowest power first."""
    cosines = [mp.cos(mp.pi * (2 * i + 1) / (2 * degree + 2)) for i in range(degree + 1)]
    nodes = [((high + low) + (high - low) * cosine) / 2 for cosine in cosines]
    return list(mp.lu_solve(mp.matrix([[x**j for j in range(degree + 1)] for x in nodes]), mp.matrix([f(x) for x in nodes])))


def tanh_table():
    """Columns of 32 floats: a centre, tanh of it in two parts, and the coefficients of d, d^2 ... d^5 for x = centre + d. An
    interval is a quarter of a binade from 2^-4 to 2^4; its row is given by the last five of the exponent's and upper two
    mantissa bits of x. The first reaches down to 0 and the last ones, where tanh is 1, up to infinity.
    """
    rows = [None] * 32
    for i in range(32):
        low, high = (mp.ldexp(mp.mpf(4 + j % 4) / 4, j // 4 - 4) for j in (i, i + 1))
        centre = (low + high) / 2
        if i == 0:
            cubic, quintic = interpolation(lambda z: mp.re(mp.tanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, 0, high**2, 1)
            centre, row = mp.mpf(0), [0, 0, 1, 0, cubic, 0, quintic]
        elif low >= 10:
            row = [1, 0, 0, 0, 0, 0, 0]
        else:
            first, *rest = interpolation(lambda d, centre=centre: mp.tanh(centre + d), low - centre, high - centre, 5)
            row = [*split(first, [24], 24), *rest]
        rows[(i + 12) % 32] = [centre, *(rounded(mp.mpf(value), 24) if value else mp.mpf(0) for value in row)]
    return list(zip(*rows, strict=True))


def sigmoid_table():
    """Columns of 32 floats: a centre, sigmoid of it in two parts and the coefficients of d, d^2 ... d^6 for x = centre + d. The
    row is given by the last five bits of the whole number n next to 2 x, -16 to 15. The centre is near n / 2, where c1, as large
    as the function for x < 0, is nearly a float (Gal's method).
    """
    rows = []
    for i in range(32):
        middle = mp.mpf(i if i < 16 else i - 32) / 2

        def misfit(centre):
            y = 1 / (1 + mp.exp(-centre))
            c1 = y * (1 - y)
            return abs(rounded(c1, 24) - c1) / y

        centre = min((middle + mp.ldexp(k, -15) for k in range(-100, 101)), key=misfit)
        low, high = (middle - centre + quarter for quarter in (mp.mpf("-0.25"), mp.mpf("0.25")))
        first, *rest = interpolation(lambda d, centre=centre: 1 / (1 + mp.exp(-centre - d)), low, high, 6)
        rows.append([centre, *split(first, [24], 24), *(rounded(value, 24) for value in rest)])
    return list(zip(*rows, strict=True))


def split(value, leading, bits):
    """value as a sum: `leading` has the bits of each part but the last, which has all of `bits`."""
    parts = []
    for width in [*leading, bits]:
        parts.append(rounded(value, width))
        value -= parts[-1]
    return parts


def show(values, bits):
    return ", ".join(re.sub(r"\.?0+p", "p", float(v).hex()) + ("f" if bits == 24 else "") for v in values)


def main():
    for problem in (
        sine(2, 24),
        cosine(2, 24),
        sine(5, 53),
        cosine(5, 53),
        logarithm(8, 24),
        logarithm_by_quotient(6, 53),
        logarithm_near_one(3, 24),
        logarithm_near_one(3, 24, 2),
        logarithm_near_one(3, 24, 10),
        logarithm_near_one(5, 53),
        logarithm_near_one(8, 53),
        fine_logarithm(3, 24),
        exponential(5, 24, mp.log(2) / 2, mp.expm1),
        exponential(10, 53, mp.log(2) / 2, mp.expm1),
        exponential(1, 24, mp.log(2) / 32, mp.exp),
        exponential(4, 53, mp.log(2) / 32, mp.exp),
        power_of_two(5, 24),
        power_of_two(10, 53),
        power_of_two(3, 53, "0.03125"),
    ):
        coefficients, error = fit(problem)
        print(f"{problem.name}: relative error 2^{float(mp.log(error, 2)):.1f}")
        print(f"  {show(coefficients[::-1], problem.bits)}")
    for text, value, leading, bits in (
        ("pi/2 for FMA", mp.pi / 2, [24, 24], 24),
        ("pi/2, n * part exact for n < 2^13", mp.pi / 2, [11, 11, 11], 24),
        ("pi/2, n * part exact for n < 2^20", mp.pi / 2, [33, 33], 53),
        ("ln 2, e * part exact", mp.log(2), [15], 24),
        ("ln 2, e * part exact", mp.log(2), [42], 53),
        ("1 / ln 2", 1 / mp.log(2), [24], 24),
        ("1 / ln 2", 1 / mp.log(2), [53], 53),
        ("1 / ln 10", 1 / mp.log(10), [24], 24),
        ("log10(2), e * part exact", mp.log10(2), [15], 24),
        ("1 / ln 10", 1 / mp.log(10), [53], 53),
    ):
        print(f"{text}, {bits} bits:\n  {show(split(value, leading, bits), bits)}")
    for bits, unit in ((24, -15), (53, -42)):
        print(f"2^(k/16) and the rest, {bits} bits; then c, -log(c) and the rest:")
        for column in (*exponential_table(bits), *logarithm_table(bits, unit)):
            print(f"  {show(column, bits)}")
    for base in (2, 10):
        print(f"log of base {base}: -log(c) and the rest")
        for column in logarithm_table(24, -15, base)[1:]:
            print(f"  {show(column, 24)}")
    print("log for pow: c, -log(c) and the rest")
    for column in fine_logarithm_table():
        print(f"  {show(column, 24)}")
    print("tanh: centre, high, low, c1 ... c5")
    for column in tanh_table():
        print(f"  {show(column, 24)}")
    print("sigmoid: centre, high, low, c1 ... c6")
    for column in sigmoid_table():
        print(f"  {show(column, 24)}")


if __name__ == "__main__":
    main()
