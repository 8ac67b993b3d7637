"""Coefficients and tables of csrc/simd/trig.h, inverse_trig.h and huge_angle.h, and of sinh; those of sin and cos are minimax.py's.

python tools/minimax_trigonometric.py            prints every table, highest power first
"""

import mpmath as mp
from minimax import QUARTER, Problem, fit, rounded, show, split, tail


def odd(name, function, high, degree, bits):
    """function(x) = x + x^3 P(x^2) for x^2 up to high."""
    g = tail(function, lambda x: x, 3, 40)
    return Problem(
        f"{name}(x) = x + x^3 P(x^2), x^2 <= {mp.nstr(mp.mpf(high), 4)}, {bits} bits",
        lambda z: g(mp.sqrt(z)),
        lambda z: mp.mpf(0) if z == 0 else z * mp.sqrt(z) / function(mp.sqrt(z)),
        mp.mpf(0),
        mp.mpf(high),
        degree,
        bits,
    )


def cardinal_sine(degree):
    def g(z):
        z = max(z, mp.mpf("1e-12"))
        x = mp.pi * mp.sqrt(z)
        return (mp.sin(x) / x - 1) / z

    return Problem(
        "sin(pi r) / (pi r) = 1 + r^2 P(r^2), |r| <= 1/2, 53 bits",
        g,
        lambda z: z / (1 + z * g(z)),
        mp.mpf(0),
        mp.mpf("0.25"),
        degree,
        53,
    )


def below(value, bits):
    """value as a part that is not larger, and the rest."""
    mantissa, exponent = mp.frexp(value)
    high = mp.ldexp(mp.floor(mp.ldexp(mantissa, bits)), exponent - bits)
    return [high, rounded(value - high, bits)]


def main():
    for problem in (
        odd("tan", mp.tan, QUARTER, 6, 24),
        odd("tan", mp.tan, QUARTER, 13, 53),
        odd("asin", mp.asin, "0.25", 5, 24),
        odd("asin", mp.asin, "0.25", 12, 53),
        odd("atan", mp.atan, "1.02", 8, 24),  # beyond 1, so that atan(1) rounds to pi/4
        odd("atan", mp.atan, mp.mpf(1) / 9, 9, 53),
        odd("sinh", mp.sinh, "1.01", 3, 24),
        cardinal_sine(4),
        cardinal_sine(5),
        cardinal_sine(7),
    ):
        coefficients, error = fit(problem)
        print(f"{problem.name}: relative error 2^{float(mp.log(error, 2)):.1f}")
        print(f"  {show(coefficients[::-1], problem.bits)}")
    for text, parts, bits in (
        ("pi/2, n * the second part exact for n < 2^14", split(mp.pi / 2, [24, 11], 24), 24),
        ("pi/2, n * the second part exact for n < 2^20", split(mp.pi / 2, [53, 33], 53), 53),
        ("pi/2, n * the first three parts exact for n < 2^13", split(mp.pi / 2, [11, 11, 11], 24), 24),
        ("pi/2, n * the first three parts exact for n < 2^20", split(mp.pi / 2, [33, 33, 33], 53), 53),
        ("pi", split(mp.pi, [24], 24), 24),
        ("pi", split(mp.pi, [53], 53), 53),
        ("atan(1/2)", split(mp.atan(0.5), [53], 53), 53),
        ("pi/180", below(mp.pi / 180, 24), 24),
        ("pi/180", below(mp.pi / 180, 53), 53),
        ("180/pi", below(180 / mp.pi, 24), 24),
        ("180/pi", below(180 / mp.pi, 53), 53),
    ):
        print(f"{text}, {bits} bits:\n  {show(parts, bits)}")
    with mp.workprec(1400):
        bits = int(mp.floor(mp.ldexp(2 / mp.pi, 1280)))
    words = [bits >> shift & (2**64 - 1) for shift in range(1216, -1, -64)]
    print("2/pi, 64 bits a word:\n  " + ", ".join(f"{word:#018x}" for word in [0, *words]))


if __name__ == "__main__":
    main()
