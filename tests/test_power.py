"""pow: its precision, C's special cases, integers, exponents that have loops of their own, and the operators **."""

import itertools
import math

import numpy as np
import pytest

import wengert as torch
from reference import FLOATS, INTS, assert_near, assert_same, dtype_of, layouts

NAN, INF = float("nan"), float("inf")
SPECIAL = [NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5, 1.5, 1e-45, -1e-45, 3e38, -3e38, 16777217.0]
NUMBERS = [0, 1, 2, 3, 0.5, -0.5, -1, -2, 4, 2.5, -1.5, 7.0, INF, -INF, NAN]


def c_pow(x, y):
    try:
        return math.pow(x, y)
    except OverflowError:
        return math.copysign(INF, x) if y % 2 == 1 else INF
    except ValueError:  # a zero to a negative power, or NaN
        if x != 0:
            return NAN
        return math.copysign(INF, x) if y % 2 == 1 else INF


def wide(dtype):
    return np.float64 if dtype == "float32" else np.longdouble


def exact(x, y):
    x = x.astype(wide(x.dtype))
    y = np.broadcast_to(np.asarray(y).astype(x.dtype), x.shape).copy()  # by a single 0.5 NumPy would take the root
    with np.errstate(all="ignore"):
        return np.power(x, y)


def exact_of_number(x, number):
    """The root of -0 and -inf is not their power."""
    if abs(number) != 0.5:
        return exact(x, np.array(number, x.dtype))
    with np.errstate(all="ignore"):
        root = np.sqrt(x.astype(wide(x.dtype)))
        return root if number > 0 else 1 / root


@pytest.mark.parametrize("dtype", FLOATS)
def test_special_values(dtype):
    with np.errstate(over="ignore"):
        bases, exponents = np.array(list(itertools.product(SPECIAL, repeat=2)), dtype).T
        expected = np.array([c_pow(float(x), float(y)) for x, y in zip(bases, exponents, strict=True)])
        expected = expected.astype(wide(dtype))
    for x, y, e in [(bases, exponents, expected), (bases[:3], exponents[:3], expected[:3])]:
        assert_near(torch.tensor(x) ** torch.tensor(y), e, dtype, 1)
        result = (torch.tensor(x) ** torch.tensor(y)).numpy()
        assert (np.signbit(result) == np.signbit(e))[~np.isnan(e)].all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("number", NUMBERS)
def test_numbers(dtype, number):
    """An exponent with a loop of its own gives what the general one does, to 1.3 ULP: 1 with FMA."""
    with np.errstate(over="ignore"):
        x = np.concatenate([np.array(SPECIAL), np.random.default_rng(0).standard_normal(200)]).astype(dtype)
    expected = exact_of_number(x, number)
    for name, tensor, array in layouts(np.tile(x, (2, 1))):
        assert_near(tensor**number, exact_of_number(array, number), dtype, 1.3, name)
    target = torch.tensor(x)
    target **= number
    assert_near(target, expected, dtype, 1.3)
    assert_same(torch.pow(torch.tensor(x), number, out=torch.zeros(0, dtype=dtype_of(dtype))), target.numpy())


@pytest.mark.parametrize("dtype", FLOATS)
def test_precision(dtype):
    """Over the whole range of results; bases far from 1, and so near that the exponent is huge."""
    rng = np.random.default_rng(1)
    n = 50_000
    limit, digits = (87.0, 7.0) if dtype == "float32" else (708.0, 15.0)
    logs = np.where(rng.random(n) < 0.5, rng.uniform(-limit, limit, n), 10 ** rng.uniform(-digits, 0, n))
    x = np.exp(logs).astype(dtype)
    x[x == 1] = 2
    y = (rng.uniform(-limit, limit, n) / np.log(x.astype(np.float64))).astype(dtype)
    with np.errstate(over="ignore"):
        assert_near(torch.tensor(x) ** torch.tensor(y), exact(x, y), dtype, 0.6 if dtype == "float32" else 1)
    small = rng.uniform(0, 8, n).astype(dtype)
    whole = np.rint(rng.uniform(-9, 9, n)).astype(dtype)
    assert_near(torch.tensor(-small) ** torch.tensor(whole), exact(-small, whole), dtype, 0.6 if dtype == "float32" else 1)


@pytest.mark.parametrize("dtype", FLOATS)
def test_exponents_beyond_any_result(dtype):
    largest = float(np.finfo(dtype).max)
    base, exponent = (
        torch.tensor([2, 0.5, 2, 0.5, 1], dtype=dtype_of(dtype)),
        torch.tensor([largest] * 5, dtype=dtype_of(dtype)),
    )
    assert (base**exponent).tolist() == [INF, 0, INF, 0, 1]
    assert (base**-exponent).tolist() == [0, INF, 0, INF, 1]


@pytest.mark.parametrize("dtype", FLOATS)
def test_subnormals(dtype):
    info = np.finfo(dtype)
    x = np.linspace(1, 2, 999).astype(dtype) * info.tiny
    halved = x * np.array(2.0**-5, dtype)
    for base in (x, halved):
        assert_near(torch.tensor(base) ** torch.tensor(np.full_like(base, 0.75)), exact(base, 0.75), dtype, 1)
    root = np.sqrt(halved)
    assert_near(torch.tensor(root) ** torch.tensor(np.full_like(root, 2)), exact(root, 2), dtype, 1)


@pytest.mark.parametrize("dtype", INTS)
def test_integers(dtype):
    """As Python's integers, modulo 2^bits."""
    info = np.iinfo(dtype)
    bases = [b for b in (0, 1, 2, 3, 7, 10, info.max, info.min, -1, -2, -3, -10) if info.min <= b <= info.max]
    exponents = [e for e in (*range(12), 63, 64, 100, info.max) if e <= info.max]

    def wrapped(value):
        return (value - info.min) % (info.max - info.min + 1) + info.min

    x = torch.tensor(np.array(bases, dtype))
    for exponent in exponents:
        expected = np.array([wrapped(pow(b, exponent, info.max - info.min + 1)) for b in bases], dtype)
        assert_same(x**exponent, expected, exponent)
        assert_same(x ** torch.full(x.shape, exponent, dtype=x.dtype), expected, exponent)
        assert_same(torch.pow(x, torch.tensor(exponent, dtype=x.dtype)), expected, exponent)
    if info.min < 0:
        ones = torch.tensor(np.array([-3, -1, 0, 1, 2], dtype))
        assert (ones ** torch.full(ones.shape, -1, dtype=ones.dtype)).tolist() == [0, -1, 0, 1, 0]
        assert (ones ** torch.full(ones.shape, -2, dtype=ones.dtype)).tolist() == [0, 1, 0, 1, 0]


def test_integer_errors():
    x = torch.tensor([1, 2])
    for call in (lambda: x**-1, lambda: x.pow(-2), lambda: x.clone().pow_(-1), lambda: torch.tensor([True]) ** -1):
        with pytest.raises(RuntimeError, match="Integers to negative integer powers are not allowed"):
            call()
    with pytest.raises(RuntimeError, match="Integers to negative integer powers"):
        torch.zeros(0, dtype=torch.uint8) ** -1
    with pytest.raises(RuntimeError, match="value cannot be converted to type int8_t without overflow"):
        x.to(torch.int8) ** 300
    assert (300 ** torch.tensor([1, 2], dtype=torch.int8)).tolist() == [44, -112]
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type"):
        x.pow_(2.0)
    assert x.tolist() == [1, 2]


def test_bool():
    b = torch.tensor([True, False])
    assert_same(b**True, np.array([True, False]))
    assert_same(b**False, np.array([True, True]))
    assert_same(b**2, np.array([1, 0]))
    assert_same(2**b, np.array([2, 1]))
    with pytest.raises(NotImplementedError, match="\"pow\" not implemented for 'Bool'"):
        b**b


def test_operators_and_promotion():
    f, i = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([1, 2, 4])
    assert (2**f).tolist() == [2, 4, 16] and (f**2).tolist() == [1, 4, 16] and pow(f, 2).tolist() == [1, 4, 16]
    assert (i**2).dtype == (2**i).dtype == torch.int64 and (2**i).tolist() == [2, 4, 16]
    assert (i**2.0).dtype == (i**0.5).dtype == (2.0**i).dtype == torch.float32
    assert (i**0.5).tolist() == [1, pytest.approx(2**0.5), 2] and (i**-1.0).tolist() == [1, 0.5, 0.25]
    assert (f ** torch.tensor(2.0, dtype=torch.float64)).dtype == torch.float32
    assert torch.pow(2, f).tolist() == [2, 4, 16] and f.pow(exponent=2).tolist() == [1, 4, 16]
    assert (f ** torch.tensor([[1], [2]])).tolist() == [[1, 2, 4], [1, 4, 16]]
    for wrong in ("a", None):
        with pytest.raises(TypeError):
            f**wrong
    with pytest.raises(TypeError):
        pow(f, 2, 3)
    g = f
    g **= 2
    assert g is f and f.tolist() == [1, 4, 16]


def test_layout():
    """Of tensor ** x as that of the tensor; number ** tensor is row-major, as in PyTorch."""
    x = torch.ones(2, 3, 4).permute(2, 0, 1)
    assert (x**2).stride() == (x**0.5).stride() == (x**x).stride() == (1, 12, 4)
    for base in (2, 2.5, 1):
        assert (base**x).stride() == torch.float_power(base, x).stride() == (6, 3, 1)
        assert (base ** x.int()).stride() == (6, 3, 1)
    rng = np.random.default_rng(0).random((5, 6, 7))
    assert np.array_equal(
        (2.0 ** torch.tensor(rng).permute(2, 0, 1)).numpy(), (2.0 ** torch.tensor(rng)).numpy().transpose(2, 0, 1)
    )
