"""Operators that choose or mix: where, masked_fill, clamp, nan_to_num, lerp, addcmul, addcdiv, isclose, rsub."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import wengert as torch
from reference import DTYPES, FLOATS, INTS, LENGTHS, assert_same, bits, dtype_of, layouts, samples, wide

NAN, INF = float("nan"), float("inf")
NUMBERS = [*INTS, *FLOATS]


def mask_of(shape, seed=0):
    return samples(shape, "bool", seed)


def arrays_of(shape, dtype):
    return samples(shape, dtype, 1), samples(shape, dtype, 2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_where(dtype):
    for length in LENGTHS:
        m, (a, b) = mask_of(length), arrays_of(length, dtype)
        condition, x, y = torch.tensor(m), torch.tensor(a), torch.tensor(b)
        assert_same(torch.where(condition, x, y), np.where(m, a, b))
        assert_same(x.where(condition, y), np.where(m, a, b))
        one, zero = (True, False) if dtype == "bool" else (1, 0)
        assert_same(torch.where(condition, x, zero), np.where(m, a, np.zeros_like(a)))
        assert_same(torch.where(condition, one, y), np.where(m, np.ones_like(b), b))
        assert_same(torch.where(condition, x, y, out=torch.empty(0, dtype=dtype_of(dtype))), np.where(m, a, b))


@pytest.mark.parametrize("dtype", ["bool", "int16", "float32", "float64"])
def test_where_of_every_layout(dtype):
    for shape in [(5, 7), (2, 3, 4), ()]:
        m, (a, b) = mask_of(shape), arrays_of(shape, dtype)
        for (p, c, m_), (q, x, a_), (r, y, b_) in itertools.product(layouts(m), layouts(a), layouts(b)):
            assert_same(torch.where(c, x, y), np.where(m_, a_, b_), (shape, p, q, r))


def test_where_broadcasts_conditions():
    a, b = arrays_of((65, 70), "float32")
    for shape in [(65, 1), (70,), (1, 1), ()]:
        m = mask_of(shape, 3)
        assert_same(torch.where(torch.tensor(m), torch.tensor(a), torch.tensor(b)), np.where(m, a, b), shape)
        assert_same(torch.where(torch.tensor(m), torch.tensor(a[0]), torch.tensor(b)), np.where(m, a[0], b), shape)
        assert_same(torch.where(torch.tensor(m), torch.tensor(a), 2.0), np.where(m, a, np.float32(2)), shape)


@given(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=4, max_side=4, min_side=0), st.data())
def test_three_operands_broadcast(shapes, data):
    first, second, third = shapes.input_shapes
    dtypes = [data.draw(st.sampled_from(DTYPES[:6] + FLOATS)) for _ in range(2)]
    (_, c, m), (_, x, a), (_, y, b) = (
        data.draw(st.sampled_from(list(layouts(array))))
        for array in (mask_of(first), samples(second, dtypes[0], 1), samples(third, dtypes[1], 2))
    )
    promoted = str(torch.result_type(x, y)).removeprefix("torch.")
    result = torch.where(c, x, y)
    assert tuple(result.shape) == shapes.result_shape
    assert_same(result, np.where(m, a.astype(promoted), b.astype(promoted)))
    p, q, r = (samples(shape, "float32", seed) for seed, shape in enumerate(shapes.input_shapes))
    exact = wide(p) + wide(np.float32(0.5) * q) * wide(r)
    result = torch.addcmul(torch.tensor(p), torch.tensor(q), torch.tensor(r), value=0.5)
    np.testing.assert_allclose(result.numpy(), exact, rtol=3e-7, atol=1e-6)  # without a fused multiply-add two roundings
    assert_same(
        torch.clamp(torch.tensor(p), torch.tensor(q), torch.tensor(r)), np.minimum(np.maximum(p, q), r).astype("float32")
    )


def test_where_promotes_and_refuses():
    condition = torch.tensor([True, False])
    assert torch.where(condition, 1, 2).tolist() == [1, 2] and torch.where(condition, 1, 2).dtype == torch.int64
    assert torch.where(condition, 1, 2.5).dtype == torch.float32
    assert torch.where(condition, torch.tensor([1, 2]), torch.tensor(2.5)).dtype == torch.float32
    assert torch.where(condition, torch.tensor([1, 2], dtype=torch.uint8), -1).tolist() == [1, 255]
    with pytest.raises(RuntimeError, match="value cannot be converted to type uint8_t without overflow"):
        torch.where(condition, torch.tensor([1, 2], dtype=torch.uint8), 300)
    with pytest.raises(RuntimeError, match="where expected condition to be a boolean tensor, but got a tensor with dtype Long"):
        torch.where(torch.tensor([1, 0]), 1, 2)
    with pytest.raises(RuntimeError, match="Expected out type to be Float but got Double"):
        torch.where(condition, torch.ones(2), 0.0, out=torch.empty(2, dtype=torch.float64))
    with pytest.raises(RuntimeError, match=r"The size of tensor a \(2\) must match the size of tensor b \(3\)"):
        torch.where(condition, torch.ones(3), 1.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_masked_fill(dtype):
    a = samples((9, 33), dtype, 1)
    x = torch.tensor(a)
    number = {"b": True, "f": -1.5}.get(a.dtype.kind, 7)
    for shape in [(9, 33), (33,), (9, 1), ()]:
        m = mask_of(shape, 5)
        exact = np.where(m, np.array(number).astype(dtype), a)
        assert_same(x.masked_fill(torch.tensor(m), number), exact, shape)
        assert_same(x.masked_fill(torch.tensor(m), torch.tensor(number)), exact, shape)
        y = x.clone()
        version = y._version
        assert y.masked_fill_(torch.tensor(m), number) is y and y._version == version + 1
        assert_same(y, exact, shape)
        z = torch.tensor(np.ascontiguousarray(a.T)).t()
        z.masked_fill_(torch.tensor(m), number)
        assert_same(z, exact, shape)


def test_masked_fill_refuses():
    x, mask = torch.tensor([1, 2, 3]), torch.tensor([True, False, True])
    assert x.masked_fill(mask, 3.7).tolist() == [3, 2, 3]
    for value in (INF, NAN):
        with pytest.raises(RuntimeError, match="value cannot be converted to type int64_t without overflow"):
            x.masked_fill(mask, value)
    with pytest.raises(RuntimeError, match="value cannot be converted to type uint8_t without overflow"):
        x.byte().masked_fill_(mask, torch.tensor(300))
    with pytest.raises(RuntimeError, match="only supports a 0-dimensional value tensor, but got tensor with 1 dimension"):
        x.masked_fill(mask, torch.tensor([1]))
    with pytest.raises(RuntimeError, match="only supports boolean masks, but got mask with dtype long int"):
        x.masked_fill(x, 1)
    with pytest.raises(RuntimeError, match=r"output with shape \[3\] doesn't match the broadcast shape \[2, 3\]"):
        x.masked_fill_(torch.ones(2, 3).bool(), 1)
    assert x.tolist() == [1, 2, 3]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_clamp(dtype):
    a, low, high = (samples(1000, dtype, seed) for seed in range(3))
    x = torch.tensor(a)
    least, most = (-0.5, 0.5) if dtype in FLOATS else (3, 100)
    assert_same(x.clamp(least, most), np.clip(a, np.array(least, dtype), np.array(most, dtype)))
    assert_same(x.clip(min=least), np.maximum(a, np.array(least, dtype)))
    assert_same(x.clamp(max=most), np.minimum(a, np.array(most, dtype)))
    assert_same(x.clamp_min(least), np.maximum(a, np.array(least, dtype)))
    assert_same(torch.clamp_max(x, most), np.minimum(a, np.array(most, dtype)))
    assert_same(x.clamp(torch.tensor(low), torch.tensor(high)), np.minimum(np.maximum(a, low), high))
    assert_same(x.clamp(most, least), np.full_like(a, least))
    y = x.clone()
    assert y.clamp_(least, most) is y
    assert_same(y, x.clamp(least, most).numpy())


def test_clamp_promotes_and_keeps_nan():
    x = torch.tensor([1, 5])
    assert x.clamp(0.5).dtype == x.clamp(0, 2.5).dtype == torch.float32
    assert x.clamp(torch.tensor([2.0, 2.0]), torch.tensor([3.0, 3.0], dtype=torch.float64)).tolist() == [2, 3]
    y = torch.tensor([NAN, 1.0, -1.0])
    assert str(y.clamp(0, 3).tolist()) == "[nan, 1.0, 0.0]"
    assert str(y.clamp(0, NAN).tolist()) == str(y.clamp(min=NAN).tolist()) == "[nan, nan, nan]"
    assert str(y.clamp(torch.tensor([0.0, NAN, 0.0])).tolist()) == "[nan, nan, 0.0]"
    assert str(torch.tensor([-0.0, 0.0]).clamp(0.0).tolist()) == "[-0.0, 0.0]"
    with pytest.raises(RuntimeError, match="At least one of 'min' or 'max' must not be None"):
        x.clamp()
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        x.clamp_(0.5)
    with pytest.raises(RuntimeError, match="value cannot be converted to type int8_t without overflow"):
        x.char().clamp(max=300)
    with pytest.raises(NotImplementedError, match="not implemented for 'Bool'"):
        (x > 1).clamp(True)


def test_nan_to_num():
    x = torch.tensor([NAN, INF, -INF, 1.0])
    assert x.nan_to_num().tolist() == [0.0, np.finfo("float32").max, np.finfo("float32").min, 1.0]
    assert x.double().nan_to_num().tolist() == [0.0, np.finfo("float64").max, np.finfo("float64").min, 1.0]
    assert x.nan_to_num(1, 2, 3).tolist() == [1.0, 2.0, 3.0, 1.0]
    assert x.nan_to_num_(neginf=-7, posinf=INF) is x and x.tolist() == [0.0, INF, -7.0, 1.0]
    whole = torch.tensor([1, 2])
    assert whole.nan_to_num(5).tolist() == [1, 2] and whole.nan_to_num(5) is not whole
    with pytest.raises(RuntimeError, match="nan_to_num: dtype of out: Float should be same as input: Long"):
        torch.nan_to_num(whole, out=torch.empty(2))


@pytest.mark.parametrize("dtype", FLOATS)
def test_lerp(dtype):
    a, b, w = (samples((7, 33), dtype, seed) for seed in range(3))
    x, y, weight = torch.tensor(a), torch.tensor(b), torch.tensor(w)
    eps = np.finfo(dtype).eps
    for result, by in (
        (torch.lerp(x, y, weight), w),
        (x.lerp(y, 0.25), 0.25),
        (x.lerp(y, torch.tensor(0.75)), 0.75),
        (x.clone().lerp_(y, weight[0]), w[0]),
    ):
        np.testing.assert_allclose(result.numpy(), wide(a) + by * (wide(b) - wide(a)), rtol=4 * eps, atol=16 * eps)
    assert_same(x.lerp(y, 1.0), b)
    assert_same(x.lerp(y, 0.0), a)
    with pytest.raises(RuntimeError, match=r"expected dtype .* for `end` but got dtype long int"):
        x.lerp(torch.tensor(1), 0.5)
    with pytest.raises(NotImplementedError, match=r"lerp_kernel_scalar.* not implemented for .Long"):
        torch.tensor([1]).lerp(torch.tensor([1]), 0.5)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_addcmul_and_addcdiv(dtype):
    a, b, c = (samples((7, 33), dtype, seed) for seed in range(3))
    x, y, z = torch.tensor(a), torch.tensor(b), torch.tensor(c)
    if dtype in INTS:
        with np.errstate(over="ignore"):
            assert_same(torch.addcmul(x, y, z, value=3), a + np.array(3, dtype) * b * c)
            assert_same(torch.addcmul(x, y, z, value=2.7), a + np.array(2, dtype) * b * c)
        with pytest.raises(RuntimeError, match="Integer division with addcdiv is no longer supported"):
            torch.addcdiv(x, y, z)
        return
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(x.addcmul(y, z).numpy(), wide(a) + wide(b) * wide(c), rtol=2 * eps, atol=8 * eps)
    exact = wide(a) - 2 * wide(b) / wide(c)
    np.testing.assert_allclose(
        torch.addcdiv(x, y, z, value=-2).numpy(), exact, rtol=4 * eps, atol=8 * eps * np.abs(b / c).max()
    )
    w = x.clone()
    assert w.addcmul_(y, z, value=2) is w
    assert bits(w) == bits(torch.addcmul(x, y, z, value=2))


def test_isclose():
    x = torch.tensor([1.0, NAN, INF, INF, -INF, 1.0])
    y = torch.tensor([1.000001, NAN, INF, -INF, 1.0, 1.1])
    assert torch.isclose(x, y).tolist() == np.isclose(x.numpy(), y.numpy()).tolist()
    assert x.isclose(y, equal_nan=True).tolist() == np.isclose(x.numpy(), y.numpy(), equal_nan=True).tolist()
    assert torch.isclose(x, y, rtol=0, atol=0.2).tolist() == [True, False, True, False, False, True]
    assert torch.isclose(torch.tensor([1, 5]), torch.tensor([2, 8]), atol=1).tolist() == [True, False]
    big = torch.tensor([2**60, 2**60])
    assert torch.isclose(big, big + torch.tensor([0, 1]), rtol=0, atol=0).tolist() == [True, False]
    assert torch.isclose(x[:1].expand(3), y[:1].expand(3)).tolist() == [True] * 3
    with pytest.raises(RuntimeError, match="Long did not match Float"):
        torch.isclose(torch.tensor([1]), torch.tensor([1.0]))
    for name in ("rtol", "atol"):
        with pytest.raises(RuntimeError, match=f"{name} must be greater than or equal to zero, but got -1"):
            torch.isclose(x, y, **{name: -1})


def test_rsub():
    x = torch.tensor([1, 2])
    assert torch.rsub(x, 10).tolist() == [9, 8] and torch.rsub(x, x, alpha=3).tolist() == [-2, -4]
    assert torch.rsub(x, 2.5).dtype == torch.float32
    with pytest.raises(RuntimeError, match="Subtraction, the `-` operator, with a bool tensor is not supported"):
        torch.rsub(x > 1, 2)
