"""The errors of the mathematical functions, against the bounds that docs/accuracy.md states.

The suite takes a stratified sample; `python -m pytest -m accuracy` takes every float32, minutes for each function.
"""

import os

import numpy as np
import pytest

from functions import EXTENDED, FUNCTIONS
from ulp import errors, every_float32, exact_error, measure32, measure64, stratified, wengert_call

every_function = pytest.mark.parametrize("function", [pytest.param(f, id=name) for name, f in FUNCTIONS.items()])


@every_function
def test_float32(function):
    x = stratified(np.float32, 1000, 500_000, function.dense)
    (worst,) = measure32(function, [wengert_call(function)], x)
    assert worst.ulp <= function.bound32, worst


@every_function
def test_float64(function):
    fast = function.extended and EXTENDED
    x = stratified(np.float64, 4, 50_000, function.dense)
    if not fast:  # mpmath takes a fraction of a millisecond for each
        x = np.concatenate([x[::157], x[-400:]])
    (worst,) = measure64(function, [wengert_call(function)], x)
    assert worst.ulp <= function.bound64, worst


@pytest.mark.accuracy
@every_function
def test_every_float32(function):
    for _, worst in every_float32(function, len(os.sched_getaffinity(0))):
        assert worst.ulp <= function.bound32, worst


def test_the_measure_itself():
    one, above = np.float32(1), np.nextafter(np.float32(1), np.float32(2))
    tiny, huge = np.float32(2.0**-149), np.finfo(np.float32).max

    def error(result, exact, x=1.0):
        return float(errors(np.array([result], np.float32), np.array([exact], np.float64), np.array([x], np.float32))[0])

    assert error(above, 1.0) == 1 and error(one, float(above)) == 1
    assert error(np.nextafter(one, np.float32(0)), 1.0) == 0.5  # the unit above a power of two
    assert error(tiny, 2.0**-150) == 0.5 and error(0.0, 2.0**-150) == 0.5 and error(tiny, 0.0) == 1
    assert error(np.inf, 1e300) == 0 and error(huge, 1e300) == 1 and error(np.inf, 2.0**128 - 2.0**103) == 0.5
    assert error(np.inf, np.inf) == 0 and error(huge, np.inf) == np.inf and error(-np.inf, 1e300) > 1e7
    assert error(np.nan, np.nan) == 0 and error(np.nan, 1.0) == np.inf and error(1.0, np.nan) == np.inf
    assert error(-0.0, 0.0, 0.0) == np.inf and error(-0.0, 0.0) == 0
    exp = FUNCTIONS["exp"]
    assert exact_error(exp, 0.0, 1.0, np.float32) == 0 and exact_error(exp, 200.0, np.inf, np.float32) == 0
    assert exact_error(exp, np.inf, np.inf, np.float64) == 0 and exact_error(exp, np.nan, np.nan, np.float64) == 0
    assert abs(exact_error(exp, 1.0, np.float64(np.e), np.float64) - 0.33) < 0.01
