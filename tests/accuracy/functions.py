"""The functions of one argument whose errors are measured: what they are in higher precision, and the errors allowed."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import mpmath
import numpy as np

try:
    from scipy import special
except ImportError:
    special = None

EXTENDED = np.finfo(np.longdouble).nmant >= 63  # long double decides float64; else mpmath does


@dataclass(frozen=True)
class Function:
    """`double` takes float64 arrays and is right to far less than an ULP of float32: None where only SciPy has such a
    function and it is not installed; our own float64 takes its place, which is measured against `exact` itself.
    `extended` is the same for long double, and `exact` takes an mpmath number. A `parity` of 1 or -1 says that f(-x) is
    f(x) or -f(x), bit for bit. The interval `dense` is where the function is neither constant nor the identity.
    """

    name: str
    exact: Callable
    double: Callable | None
    extended: Callable | None = None
    parity: int = 0
    dense: tuple[float, float] = (-10, 10)
    bound32: float = 1.5
    bound64: float = 1.0
    note: str = ""  # why float64 has another bound than 1
    module: str = ""  # "special" for what is not in the main namespace

    def of(self, library: object) -> Callable | None:
        """The library's function; None where it has none of that name."""
        for place in (getattr(library, "special", None), library) if self.module else (library,):
            if (found := getattr(place, self.name, None)) is not None:
                return found
        return None


def numpy_function(name: str, exact: Callable, numpy_name: str = "", **options) -> Function:
    function = getattr(np, numpy_name or name)
    return Function(name, exact, function, function, **options)


def scipy_function(name: str, exact: Callable, scipy_name: str = "", **options) -> Function:
    return Function(name, exact, getattr(special, scipy_name or name) if special else None, **options)


def by_element(function: Callable) -> Callable:
    vectorised = np.frompyfunc(function, 1, 1)
    return lambda x: vectorised(x).astype(np.float64)


# ---- definitions in mpmath where it has no function of the name


def sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def logit(x):
    return mpmath.log(x) - mpmath.log1p(-x)


def entr(x):
    return x if mpmath.isnan(x) else mpmath.mpf(0) if x == 0 else -x * mpmath.log(x) if x > 0 else mpmath.ninf


def lgamma(x):
    if x == mpmath.floor(x) and x <= 0:
        return mpmath.inf
    # Near a zero of lgamma the reflection formula in mpmath's loggamma cancels.
    with mpmath.workprec(mpmath.mp.prec + 120):
        return mpmath.re(mpmath.loggamma(x))


def digamma(x):
    with mpmath.workprec(mpmath.mp.prec + 120):
        return mpmath.digamma(x)


def erfcx(x):
    if x > 1e5:  # exp and erfc of the square would cancel to nothing that mpmath can hold
        square = x * x
        return (1 - 1 / (2 * square) + 3 / (4 * square**2)) / (x * mpmath.sqrt(mpmath.pi))
    return mpmath.exp(x * x) * mpmath.erfc(x)


def log_ndtr(x):
    if x < -1e5:
        return -x * x / 2 - mpmath.log(-x * mpmath.sqrt(2 * mpmath.pi)) + mpmath.log1p(-1 / (x * x))
    return mpmath.log1p(-mpmath.ncdf(-x)) if x > 0 else mpmath.log(mpmath.ncdf(x))


def newton(value, slope, start, target):
    """The root of value(y) = target from a start close to it."""
    y = start
    for _ in range(60):
        step = (value(y) - target) / slope(y)
        y -= step
        if abs(step) <= abs(y) * mpmath.mpf(2) ** -100:
            return y
    raise ArithmeticError(f"no convergence at {target}")


def ndtri(p):
    if not 0 <= p <= 1:
        return mpmath.nan
    if p in (0, 1):
        return mpmath.inf * (1 if p else -1)
    if p > 0.5:
        return -ndtri(1 - p)
    if p == 0.5:
        return mpmath.mpf(0)
    if p > 0.02:
        start = (p - 0.5) * mpmath.sqrt(2 * mpmath.pi)
        return newton(mpmath.ncdf, mpmath.npdf, start, p)
    log = mpmath.log(p)
    start = -mpmath.sqrt(-2 * log - mpmath.log(-4 * mpmath.pi * log))
    return newton(lambda y: mpmath.log(mpmath.ncdf(y)), lambda y: mpmath.npdf(y) / mpmath.ncdf(y), start, log)


def erfinv(y):
    if not abs(y) <= 1:
        return mpmath.nan
    if abs(y) == 1:
        return mpmath.inf * y
    if abs(y) < 2**-60:
        return y * mpmath.sqrt(mpmath.pi) / 2
    with mpmath.workprec(mpmath.mp.prec + 80):
        return ndtri((1 + y) / 2) / mpmath.sqrt(2)


def bessel(order: int, scaled: bool):
    def exact(x):
        if mpmath.isinf(x):
            return mpmath.mpf(0) if scaled else x if order else abs(x)
        if abs(x) > 500:  # Hankel's asymptotic series, far beyond where its terms grow
            total = term = mpmath.mpf(1)
            for k in range(1, 40):
                term *= -(4 * order**2 - (2 * k - 1) ** 2) / (8 * k * abs(x))
                total += term
            value = total / mpmath.sqrt(2 * mpmath.pi * abs(x)) * (1 if scaled else mpmath.exp(abs(x)))
            return -value if order and x < 0 else value
        return mpmath.besseli(order, x) * (mpmath.exp(-abs(x)) if scaled else 1)

    return exact


# ---- float64 functions that are not NumPy's


def double_sigmoid(x):
    return 1 / (1 + np.exp(-x))


def double_logit(x):
    return np.where(np.abs(x - 0.5) < 0.25, np.log1p((2 * x - 1) / (1 - x)), np.log(x) - np.log1p(-x))


def double_sinc(x):
    whole = np.rint(x)
    sine = np.sin(np.pi * (x - whole)) * np.where(whole % 2 == 0, 1, -1)
    return np.where(x == 0, 1.0, sine / (np.pi * x))


def double_entr(x):
    return np.where(x == 0, 0.0, np.where(x < 0, -np.inf, -x * np.log(x)))


def exact_sinc(x):
    return mpmath.mpf(1) if x == 0 else mpmath.mpf(0) if abs(x) > 2**60 else mpmath.sincpi(x)


ROUNDINGS = "several roundings add up"
SPECIAL = {"module": "special"}

FUNCTIONS = {
    function.name: function
    for function in [
        numpy_function("sqrt", mpmath.sqrt, dense=(0, 1e6), bound32=0.5, bound64=0.5),
        Function("rsqrt", lambda x: 1 / mpmath.sqrt(x), lambda x: 1 / np.sqrt(x), lambda x: 1 / np.sqrt(x), dense=(0, 1e6)),
        numpy_function("exp", mpmath.exp, dense=(-104, 89), bound32=1.0),
        numpy_function(
            "exp2",
            lambda x: mpmath.power(2, x),
            dense=(-150, 128),
            bound64=1.1,
            note="1.01 without fused multiply-add, else below 1",
        ),
        numpy_function("expm1", mpmath.expm1, dense=(-18, 89)),
        numpy_function("log", mpmath.log, dense=(0, 4), bound32=1.0),
        numpy_function("log2", lambda x: mpmath.log(x) / mpmath.ln(2), dense=(0, 4)),
        numpy_function("log10", lambda x: mpmath.log(x) / mpmath.ln(10), dense=(0, 4)),
        numpy_function("log1p", mpmath.log1p, dense=(-1, 4)),
        numpy_function("sin", mpmath.sin, dense=(-100, 100), parity=-1, bound32=1.0),
        numpy_function("cos", mpmath.cos, dense=(-100, 100), parity=1, bound32=1.0),
        numpy_function("tan", mpmath.tan, dense=(-100, 100), parity=-1, bound64=1.25, note="the polynomial's own roundings"),
        numpy_function("asin", mpmath.asin, "arcsin", dense=(-1, 1), parity=-1),
        numpy_function("acos", mpmath.acos, "arccos", dense=(-1, 1)),
        numpy_function("atan", mpmath.atan, "arctan", parity=-1),
        numpy_function("sinh", mpmath.sinh, dense=(-90, 90), parity=-1),
        numpy_function("cosh", mpmath.cosh, dense=(-90, 90), parity=1),
        numpy_function("tanh", mpmath.tanh, dense=(-10, 10), parity=-1, bound32=1.0),
        numpy_function("asinh", mpmath.asinh, "arcsinh", parity=-1),
        numpy_function("acosh", mpmath.acosh, "arccosh", dense=(1, 10)),
        numpy_function("atanh", mpmath.atanh, "arctanh", dense=(-1, 1), parity=-1),
        Function("sigmoid", sigmoid, double_sigmoid, lambda x: 1 / (1 + np.exp(-x)), dense=(-104, 18), bound32=1.0),
        Function("logit", logit, double_logit, double_logit, dense=(0, 1)),
        Function("sinc", exact_sinc, double_sinc, parity=1, bound64=2.2, note="two factors, each rounded"),
        Function("erf", mpmath.erf, special.erf if special else by_element(math.erf), dense=(-4, 4), parity=-1),
        Function("erfc", mpmath.erfc, special.erfc if special else by_element(math.erfc), dense=(-4, 10.1)),
        scipy_function("erfinv", erfinv, dense=(-1, 1), parity=-1, bound64=2, note=ROUNDINGS),
        Function(
            "lgamma",
            lgamma,
            special.gammaln if special else by_element(lambda x: math.lgamma(x) if x > 0 or x % 1 else math.inf),
            bound64=math.inf,
            note="the C library's",
        ),
        scipy_function(
            "digamma",
            digamma,
            bound64=math.inf,
            note="2 ULP for positive arguments; near its zeros at negative ones the relative error has no bound",
        ),
        scipy_function("i0", bessel(0, False), dense=(-92, 92), parity=1, bound64=3, note=ROUNDINGS),
        scipy_function("i0e", bessel(0, True), dense=(-92, 92), parity=1, bound64=3, note=ROUNDINGS, **SPECIAL),
        scipy_function("i1", bessel(1, False), dense=(-92, 92), parity=-1, bound64=3, note=ROUNDINGS, **SPECIAL),
        scipy_function("i1e", bessel(1, True), dense=(-92, 92), parity=-1, bound64=4, note=ROUNDINGS, **SPECIAL),
        scipy_function("ndtr", mpmath.ncdf, dense=(-14.2, 5.5), bound64=1.5, note=ROUNDINGS, **SPECIAL),
        scipy_function("ndtri", ndtri, dense=(0, 1), bound64=2, note=ROUNDINGS, **SPECIAL),
        scipy_function("log_ndtr", log_ndtr, dense=(-20, 14.2), bound64=2, note=ROUNDINGS, **SPECIAL),
        scipy_function("erfcx", erfcx, dense=(-9.4, 50), bound64=1.5, note=ROUNDINGS, **SPECIAL),
        Function("entr", entr, double_entr, double_entr, dense=(0, 4), bound64=2, note=ROUNDINGS, **SPECIAL),
    ]
}
