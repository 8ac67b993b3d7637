"""The largest error of a function of one argument, in units in the last place, and where it is.

The unit is the distance of neighbouring floats at the exact value. A NaN, an infinity or a zero of the other sign where the
exact result has none counts as an infinite error; a result that overflows or underflows as rounding would counts as right.
"""

import math
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import mpmath
import numpy as np

from functions import EXTENDED, Function

DIGITS = {np.dtype(np.float32): (24, -126, 127), np.dtype(np.float64): (53, -1022, 1023)}  # and smallest, largest exponent
PIECE = 1 << 16  # elements measured at once: every intermediate stays in the cache
TASK = 1 << 24  # inputs between two reports of progress
PRECISION = 160
RESOLUTION = 2.0**-26  # float64 tells errors of float32 apart by this: smaller differences are not worth asking mpmath


@dataclass(frozen=True)
class Worst:
    ulp: float = 0.0
    x: float = 0.0

    def __or__(self, other: "Worst") -> "Worst":
        return other if other.ulp > self.ulp else self


def errors(result: np.ndarray, exact: np.ndarray, x: np.ndarray) -> np.ndarray:
    """In ULP of result.dtype; exact is of a larger type."""
    bits, low, high = DIGITS[result.dtype]
    with np.errstate(all="ignore"):
        exponent = np.where(exact == 0, low, np.clip(np.frexp(exact)[1] - 1, low, high))
        limit = np.ldexp(exact.dtype.type(1), high + 1)
        # An infinity stands for the next number that the format would have, and so does any exact value beyond.
        got = np.clip(result.astype(exact.dtype), -limit, limit)
        error = np.ldexp(np.abs(got - np.clip(exact, -limit, limit)), bits - 1 - exponent)
        wrong = (np.isnan(got) != np.isnan(exact)) | ((x == 0) & (exact == 0) & (np.signbit(got) != np.signbit(exact)))
        wrong |= np.isinf(exact) & ~np.isinf(result)
    return np.where(wrong, np.inf, np.where(np.isnan(error), 0, error)).astype(np.float64)


def exact_error(function: Function, x: float, result: float, dtype: np.dtype) -> float | None:
    """By mpmath; None where that has no value."""
    bits, low, high = DIGITS[np.dtype(dtype)]
    with mpmath.workprec(PRECISION):
        try:
            exact = function.exact(mpmath.mpf(float(x)))
        except (ValueError, ZeroDivisionError, ArithmeticError):
            return None
        if not isinstance(exact, mpmath.mpf) or not mpmath.isfinite(exact):
            nothing = not isinstance(exact, mpmath.mpf) or mpmath.isnan(exact)
            return 0.0 if (math.isnan(result) if nothing else result == exact) else math.inf
        if math.isnan(result):
            return math.inf
        limit = mpmath.ldexp(1, high + 1)
        got = limit * (1 if result > 0 else -1) if math.isinf(result) else mpmath.mpf(float(result))
        exact = max(-limit, min(limit, exact))
        exponent = min(max(mpmath.frexp(exact)[1] - 1, low), high) if exact else low
        return float(mpmath.ldexp(abs(got - exact), bits - 1 - exponent))


def worst_of(function: Function, x: np.ndarray, result: np.ndarray, error: np.ndarray, known: Worst = Worst()) -> Worst:
    """The largest error above the known one; mpmath has the last word on it."""
    blur = RESOLUTION if x.dtype == np.float32 else 0.0
    candidates = np.flatnonzero(error > known.ulp + blur)
    for i in candidates[np.argsort(-error[candidates], kind="stable")]:
        if error[i] <= known.ulp + blur:
            break
        true = exact_error(function, x[i], result[i], x.dtype)
        known |= Worst(float(error[i]) if true is None else true, float(x[i]))
    return known


Call = Callable[[np.ndarray], np.ndarray]


def oracle(function: Function) -> Call:
    if function.double is not None:
        return function.double
    import wengert

    own = function.of(wengert)
    return lambda x: own(wengert.from_numpy(np.ascontiguousarray(x))).numpy()


def measure32(function: Function, calls: Iterable[Call], x: np.ndarray, known: list[Worst] | None = None) -> list[Worst]:
    """The worst of each of several implementations on the same float32 inputs."""
    calls = list(calls)
    worst = list(known or [Worst()] * len(calls))
    double = oracle(function)
    for begin in range(0, len(x), PIECE):
        piece = x[begin : begin + PIECE]
        with np.errstate(all="ignore"):
            exact = double(piece.astype(np.float64))
            rounded = exact.astype(np.float32).view(np.uint32)
            for k, call in enumerate(calls):
                result = call(piece)
                some = slice(None)
                if worst[k].ulp >= 0.499:  # correctly rounded results are hardly worse
                    some = np.flatnonzero(result.view(np.uint32) != rounded)
                error = errors(result[some], exact[some], piece[some])
                worst[k] = worst_of(function, piece[some], result[some], error, worst[k])
    return worst


def measure64(function: Function, calls: Iterable[Call], x: np.ndarray) -> list[Worst]:
    """Likewise for float64: against long double where NumPy has the function, else value by value against mpmath."""
    worst = []
    with np.errstate(all="ignore"):
        wide = function.extended(x.astype(np.longdouble)) if function.extended and EXTENDED else None
        for call in calls:
            result = call(x)
            if wide is not None:
                worst.append(worst_of(function, x, result, errors(result, wide, x)))
                continue
            each = (exact_error(function, a, b, x.dtype) for a, b in zip(x, result, strict=True))
            found = Worst()
            for value, error in zip(x, each, strict=True):
                found |= Worst(error or 0.0, float(value))
            worst.append(found)
    return worst


# ---- inputs


def stratified(dtype: np.dtype, per_exponent: int, evenly: int, dense: tuple[float, float], seed: int = 0) -> np.ndarray:
    """Both signs of every exponent in equal numbers, the ends of each binade, infinities, NaN, and as many again as
    `evenly` says over the interval `dense` and at its ends."""
    dtype = np.dtype(dtype)
    unsigned = np.dtype(f"uint{8 * dtype.itemsize}").type
    fraction = DIGITS[dtype][0] - 1
    rng = np.random.default_rng(seed)
    strata = np.arange(1 << (8 * dtype.itemsize - fraction), dtype=np.uint64)[:, None] << np.uint64(fraction)
    ends = np.array([0, 1, 2, (1 << fraction) - 2, (1 << fraction) - 1], np.uint64)
    inner = rng.integers(0, 1 << fraction, (len(strata), per_exponent), dtype=np.uint64)
    bits = (strata | np.concatenate([np.broadcast_to(ends, (len(strata), 5)), inner], axis=1)).astype(unsigned)
    low, high = (dtype.type(end) for end in dense)
    inside = rng.uniform(low, high, evenly).astype(dtype)
    around = [
        end for edge in (low, high) for end in (edge, np.nextafter(edge, dtype.type(-9)), np.nextafter(edge, dtype.type(9)))
    ]
    return np.concatenate([bits.ravel().view(dtype), inside, np.array(around, dtype)])


def float32_range(begin: int, end: int) -> np.ndarray:
    return np.arange(begin, end, dtype=np.uint64).astype(np.uint32).view(np.float32)


# ---- every float32


def wengert_call(function: Function) -> Call:
    import wengert

    own = function.of(wengert)
    assert own is not None, f"wengert has no {function.name}"
    return lambda x: own(wengert.from_numpy(x)).numpy()


def task(name: str, begin: int) -> Worst:
    """The inputs whose bits are begin .. begin + TASK. An even or odd function is measured for positive ones, and its
    negative ones are only compared with them."""
    from functions import FUNCTIONS

    function = FUNCTIONS[name]
    call = wengert_call(function)
    worst = Worst()
    for first in range(begin, begin + TASK, PIECE):
        x = float32_range(first, first + PIECE)
        (worst,) = measure32(function, [call], x, [worst])
        if function.parity:
            positive, negative = call(x), call(-x)
            mirrored = negative if function.parity > 0 else -negative
            differ = (positive.view(np.uint32) != mirrored.view(np.uint32)) & ~(np.isnan(positive) & np.isnan(mirrored))
            if differ.any():
                (worst,) = measure32(function, [call], -x[differ], [worst])
    return worst


def prepare(threads: int):
    import wengert

    wengert.set_num_threads(threads)


def every_float32(function: Function, processes: int) -> Iterator[tuple[float, Worst]]:
    """Measures all 2^32 inputs; yields the part done and the worst so far."""
    begins = range(0, 1 << (31 if function.parity else 32), TASK)
    worst = Worst()
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), prepare, (1,)) as pool:
        for done, found in enumerate(pool.map(task, [function.name] * len(begins), begins), 1):
            worst |= found
            yield done / len(begins), worst
