"""Sign, exponent and mantissa, neighbours, angle; and what of complex numbers remains for real ones."""

import numpy as np
import pytest

import wengert as torch
from reference import DTYPES, FLOATS, assert_same, layouts

NAN, INF = float("nan"), float("inf")


def every_kind(dtype, seed=0):
    """Values of every exponent, subnormal ones too, and the special ones."""
    info, rng = np.finfo(dtype), np.random.default_rng(seed)
    exponents = np.arange(info.minexp - info.nmant, info.maxexp)
    values = np.ldexp(rng.uniform(1, 2, exponents.size) * rng.choice([-1, 1], exponents.size), exponents)
    special = [0.0, -0.0, 1, -1, 0.5, INF, -INF, NAN, info.max, info.tiny, info.smallest_subnormal, -info.smallest_subnormal]
    return np.concatenate([values, special]).astype(dtype)


@pytest.mark.parametrize("dtype", FLOATS)
def test_frexp(dtype):
    x = every_kind(dtype)
    x = x[: x.size - x.size % 4].reshape(-1, 4)
    mantissa, exponent = np.frexp(x)
    exponent[~np.isfinite(x)] = 0
    for layout, tensor, array in layouts(x):
        if layout.startswith("repeated"):
            continue
        result = torch.frexp(tensor)
        assert_same(result.mantissa, mantissa, layout)
        assert_same(result.exponent, exponent, layout)
        assert_same(torch.ldexp(*result), array, layout)
    out = torch.zeros(0, dtype=tensor.dtype), torch.zeros(0, dtype=torch.int32)
    assert torch.frexp(torch.tensor(x), out=out)[0] is out[0]
    assert_same(out[1], exponent)


def test_frexp_refuses():
    with pytest.raises(RuntimeError, match="only supports floating-point dtypes"):
        torch.frexp(torch.tensor([1, 2]))
    with pytest.raises(RuntimeError, match="expects exponent to have int dtype but got Long"):
        torch.frexp(torch.tensor([1.0]), out=(torch.zeros(1), torch.zeros(1, dtype=torch.int64)))
    with pytest.raises(RuntimeError, match="expects mantissa to have dtype Float but got Double"):
        torch.frexp(torch.tensor([1.0]), out=(torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.int32)))


@pytest.mark.parametrize("dtype", FLOATS)
def test_ldexp(dtype):
    x = every_kind(dtype)
    for exponent in (0, 1, -1, 30, -30, 127, -127, 1000, -1000, 2200, -2200, 100_000, -100_000):
        with np.errstate(all="ignore"):
            expected = np.ldexp(x, np.int32(exponent))
        assert_same(torch.ldexp(torch.tensor(x), torch.tensor(exponent)), expected, exponent)
    result = torch.ldexp(torch.tensor([1.5, 1.0, 1.0, 1.0]), torch.tensor([0.5, INF, -INF, NAN]))
    assert torch.allclose(result, torch.tensor([1.5 * 2**0.5, INF, 0, NAN]), equal_nan=True)
    assert torch.ldexp(torch.tensor([1, 3]), torch.tensor([2, -1])).tolist() == [4, 1.5]
    # Exponents that are not whole beside those that are, which stay exact.
    exponent = np.linspace(-20, 20, 81).astype(dtype)
    result = torch.ldexp(torch.tensor(np.full_like(exponent, 3)), torch.tensor(exponent)).numpy()
    assert np.allclose(result, 3 * np.exp2(exponent), rtol=4 * np.finfo(dtype).eps, atol=0)
    assert np.array_equal(result[::2], 3 * np.exp2(exponent[::2]))


@pytest.mark.parametrize("dtype", FLOATS)
def test_nextafter(dtype):
    x = every_kind(dtype)
    for towards in (x, x[::-1], np.full_like(x, INF), np.full_like(x, -INF), np.zeros_like(x), -np.zeros_like(x)):
        with np.errstate(all="ignore"):
            expected = np.nextafter(x, towards)
        assert_same(torch.nextafter(torch.tensor(x), torch.tensor(np.ascontiguousarray(towards))), expected)


@pytest.mark.parametrize("dtype", FLOATS)
def test_signs(dtype):
    x = every_kind(dtype)
    tensor = torch.tensor(x)
    assert_same(torch.signbit(tensor), np.signbit(x))
    assert_same(torch.copysign(tensor, torch.tensor(x[::-1].copy())), np.copysign(x, x[::-1]))
    assert_same(torch.copysign(tensor, -0.0), np.copysign(x, np.array(-0.0, dtype)))
    angle = np.where(np.isnan(x), x, np.where(x < 0, np.array(np.pi, dtype), np.array(0, dtype)))
    assert_same(torch.angle(tensor), angle)
    assert torch.copysign(torch.tensor([3, 0]), -1).tolist() == [-3, 0]
    assert torch.signbit(torch.tensor([-1, 0, 1])).tolist() == [True, False, False]
    assert torch.signbit(torch.tensor([200], dtype=torch.uint8)).tolist() == [False]
    assert torch.angle(torch.tensor([-2, 2])).dtype == torch.float32


@pytest.mark.parametrize("dtype", DTYPES)
def test_real_numbers_are_their_own_parts(dtype):
    x = torch.ones(2, 3, dtype=getattr(torch, dtype)).t()
    for name in ("conj", "conj_physical", "resolve_conj", "resolve_neg"):
        assert getattr(torch, name)(x) is x and getattr(x, name)() is x
    assert torch.real(x) is x and x.conj_physical_() is x
    out = torch.zeros(0, dtype=x.dtype)
    assert torch.conj_physical(x, out=out) is out
    assert_same(out, x.numpy())
    if dtype == "bool":
        with pytest.raises(RuntimeError, match=r"The `\+` operator, on a bool tensor is not supported"):
            x.positive()
    else:
        assert torch.positive(x) is x and x.positive() is x
