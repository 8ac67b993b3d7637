"""The dtype of a result: PyTorch's table for tensors, 0-d tensors and Python numbers."""

import itertools
import pickle

import numpy as np
import pytest

import wengert as torch
from reference import DTYPES, FLOATS, INTS, dtype_of, name_of

TENSORS = """
         bool     uint8    int8     int16    int32    int64    float32  float64
bool     bool     uint8    int8     int16    int32    int64    float32  float64
uint8    uint8    uint8    int16    int16    int32    int64    float32  float64
int8     int8     int16    int8     int16    int32    int64    float32  float64
int16    int16    int16    int16    int16    int32    int64    float32  float64
int32    int32    int32    int32    int32    int32    int64    float32  float64
int64    int64    int64    int64    int64    int64    int64    float32  float64
float32  float32  float32  float32  float32  float32  float32  float32  float64
float64  float64  float64  float64  float64  float64  float64  float64  float64
"""
# Where PyTorch raises: the smallest dtype that holds both, if there is one.
UNSIGNED = """
         uint16   uint32   uint64
bool     uint16   uint32   uint64
uint8    uint16   uint32   uint64
int8     int32    int64    -
int16    int32    int64    -
int32    int32    int64    -
int64    int64    int64    -
uint16   uint16   uint32   uint64
uint32   uint32   uint32   uint64
uint64   uint64   uint64   uint64
float32  float32  float32  float32
float64  float64  float64  float64
"""
TENSOR_AND_ZERO_DIMENSIONAL = """
         bool     uint8    int8     int16    int32    int64    float32  float64
bool     bool     uint8    int8     int16    int32    int64    float32  float64
uint8    uint8    uint8    uint8    uint8    uint8    uint8    float32  float64
int8     int8     int8     int8     int8     int8     int8     float32  float64
int16    int16    int16    int16    int16    int16    int16    float32  float64
int32    int32    int32    int32    int32    int32    int32    float32  float64
int64    int64    int64    int64    int64    int64    int64    float32  float64
float32  float32  float32  float32  float32  float32  float32  float32  float32
float64  float64  float64  float64  float64  float64  float64  float64  float64
"""
TENSOR_AND_NUMBER = """
         True     1        1.5
bool     bool     int64    float32
uint8    uint8    uint8    float32
int8     int8     int8     float32
int16    int16    int16    float32
int32    int32    int32    float32
int64    int64    int64    float32
float32  float32  float32  float32
float64  float64  float64  float64
"""
CAN_CAST = """
         bool     uint8    int8     int16    int32    int64    float32  float64
bool     True     True     True     True     True     True     True     True
uint8    False    True     True     True     True     True     True     True
int8     False    True     True     True     True     True     True     True
int16    False    True     True     True     True     True     True     True
int32    False    True     True     True     True     True     True     True
int64    False    True     True     True     True     True     True     True
float32  False    False    False    False    False    False    True     True
float64  False    False    False    False    False    False    True     True
"""


def cells(table):
    columns, *rows = (line.split() for line in table.strip().splitlines())
    return [(row[0], column, cell) for row in rows for column, cell in zip(columns, row[1:], strict=True)]


def zeros(shape, name):
    return torch.zeros(shape, dtype=dtype_of(name))


@pytest.mark.parametrize("a, b, result", cells(TENSORS))
def test_two_tensors(a, b, result):
    assert name_of(torch.promote_types(dtype_of(a), dtype_of(b))) == result
    for shape in ((2,), ()):
        x, y = zeros(shape, a), zeros(shape, b)
        assert name_of(torch.result_type(x, y)) == name_of((x + y).dtype) == name_of((x * y).dtype) == result
        assert name_of((x / y).dtype) == (result if result.startswith("float") else "float32")
        assert (x == y).dtype == torch.bool


@pytest.mark.parametrize("a, b, result", cells(UNSIGNED))
def test_unsigned_tensors(a, b, result):
    for first, second in ((a, b), (b, a)):
        x, y = zeros((2,), first), zeros((2,), second)
        if result == "-":
            for call in (torch.result_type, torch.add, torch.eq, lambda p, q: torch.promote_types(p.dtype, q.dtype)):
                with pytest.raises(RuntimeError, match="Promotion for uint16, uint32, uint64 types is not supported"):
                    call(x, y)
            continue
        assert name_of(torch.promote_types(dtype_of(first), dtype_of(second))) == result
        assert name_of(torch.result_type(x, y)) == name_of((x + y).dtype) == result
        zero_dim = zeros((), second)
        kept = result if (second.startswith("float") and not first.startswith("float")) or first == "bool" else first
        assert name_of((x + zero_dim).dtype) == kept


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64"])
def test_a_number_keeps_an_unsigned_dtype(dtype):
    x = torch.tensor([1, 2], dtype=dtype_of(dtype))
    for result in (x + 1, 1 + x, x * True, x % 2, x // 2, x & 1, x.clamp(0, 5), x << 1):
        assert name_of(result.dtype) == dtype
    assert (x - 2).tolist() == [2 ** (8 * x.element_size()) - 1, 0] and (x + 1.5).dtype == torch.float32
    assert (x.float() == x).all() and (x > 1).tolist() == [False, True]


def test_integers_beyond_int64():
    big = torch.tensor([2**63, 2**64 - 1], dtype=torch.uint64)
    assert big.tolist() == [2**63, 2**64 - 1] and big[1].item() == int(big[1]) == 2**64 - 1
    assert repr(big) == "tensor([ 9223372036854775808, 18446744073709551615], dtype=torch.uint64)"
    assert (big - 2**63).tolist() == [0, 2**63 - 1] and (big >> 63).tolist() == [1, 1] and (big // 2**63).tolist() == [1, 1]
    assert (big % 10).tolist() == [2**63 % 10, (2**64 - 1) % 10] and (big > 2**63).tolist() == [False, True]
    assert big.float().tolist() == [2.0**63, 2.0**64] and big.long().tolist() == [-(2**63), -1]
    assert torch.maximum(big, big.flip(0)).tolist() == [2**64 - 1] * 2 and torch.gcd(big, big).tolist() == big.tolist()
    assert (torch.tensor([1]) + 2**63).tolist() == [-(2**63) + 1] and (torch.tensor([1.0]) * 2**63).item() == 2.0**63
    for call in (lambda: torch.tensor([1]) + 2**64, lambda: torch.tensor([1.0]) * 2**100, lambda: big * -(2**64)):
        with pytest.raises(OverflowError, match="int too big to convert"):
            call()
    with pytest.raises(ValueError, match="Overflow when unpacking long long"):
        torch.tensor([2**63])


def test_floats_out_of_range_become_integers_as_pytorchs():
    x = torch.tensor([-1.0, 1e10, 1e19, 1e20, float("nan"), float("inf"), -1e10] * 9)
    expected = {
        "uint8": [255, 0, 0, 0, 0, 0, 0],
        "uint16": [65535, 0, 0, 0, 0, 0, 0],
        "uint32": [2**32 - 1, 0, 0, 0, 2**31, 0, 2**31],
        "uint64": [2**64 - 1, 10**10, 9999999980506447872, 0, 2**63, 0, 2**64 - 10**10],
        "int32": [-1, *[-(2**31)] * 6],
        "int64": [-1, 10**10, *[-(2**63)] * 4, -(10**10)],
    }
    for name, values in expected.items():
        assert x.to(dtype_of(name)).tolist()[-7:] == values, name


@pytest.mark.parametrize("a, b, result", cells(TENSOR_AND_ZERO_DIMENSIONAL))
def test_a_tensor_and_a_zero_dimensional_one(a, b, result):
    x, y = zeros((2,), a), zeros((), b)
    for left, right in ((x, y), (y, x)):
        assert name_of(torch.result_type(left, right)) == name_of((left + right).dtype) == result
        assert (left + right).shape == (2,)


@pytest.mark.parametrize("a, number, result", cells(TENSOR_AND_NUMBER))
def test_a_tensor_and_a_number(a, number, result):
    number = {"True": True, "1": 1, "1.5": 1.5}[number]
    for shape in ((2,), ()):
        x = zeros(shape, a)
        for outcome in (x + number, number + x, x * number, torch.add(x, number), x.add(number)):
            assert name_of(outcome.dtype) == result
        assert name_of(torch.result_type(x, number)) == name_of(torch.result_type(number, x)) == result


@pytest.mark.parametrize("source, target, allowed", cells(CAN_CAST))
def test_can_cast_decides_where_a_result_may_go(source, target, allowed):
    assert str(torch.can_cast(dtype_of(source), dtype_of(target))) == allowed
    x, out = zeros((2,), source), zeros((2,), target)
    if allowed == "True":
        assert torch.mul(x, x, out=out) is out
        return
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type"):
        torch.mul(x, x, out=out)
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type"):
        out.mul_(x)


def test_the_default_dtype_is_that_of_a_float():
    torch.set_default_dtype(torch.float64)
    x = torch.tensor([1, 2])
    assert (x + 1.5).dtype == (x / 2).dtype == torch.result_type(x, 1.5) == torch.float64
    assert (torch.tensor([1.0], dtype=torch.float32) + 1.5).dtype == torch.float32
    with pytest.raises(TypeError, match="only floating-point types are supported as the default type"):
        torch.set_default_dtype(torch.int64)


@pytest.mark.parametrize("number", [300, -1, 2**40])
def test_a_number_takes_the_dtype_of_the_tensor(number):
    for name in DTYPES[1:6]:
        x = torch.arange(3, dtype=dtype_of(name))
        span = 2 ** (8 * x.element_size())
        low = 0 if name == "uint8" else -span // 2
        assert (x + number).tolist() == [(i + number - low) % span + low for i in range(3)], name


def test_values_are_computed_in_the_promoted_dtype():
    a, b = torch.tensor([200], dtype=torch.uint8), torch.tensor([100], dtype=torch.int8)
    assert (a + b).tolist() == [300] and (a + torch.tensor(100)).tolist() == [44]
    third = torch.tensor(1 / 3, dtype=torch.float64)
    assert (torch.tensor([0.0]) + third).item() == torch.tensor(1 / 3, dtype=torch.float32).item()
    assert (torch.tensor([0.0], dtype=torch.float64) + third).item() == 1 / 3
    assert (torch.tensor([2**24 + 1]) + torch.tensor([0.0])).item() == 2**24
    for name, other in itertools.product(DTYPES, repeat=2):
        if "uint64" in (name, other) and {name, other} & {"int8", "int16", "int32", "int64"}:
            continue  # no dtype holds both
        x, y = torch.ones(3, dtype=dtype_of(name)), torch.ones(3, dtype=dtype_of(other))
        assert (x * y).double().tolist() == [1, 1, 1]


@pytest.mark.parametrize("dtype", FLOATS)
def test_finfo(dtype):
    ours, limits = torch.finfo(dtype_of(dtype)), np.finfo(dtype)
    for name in ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution"):
        assert getattr(ours, name) == float(str(limits.resolution) if name == "resolution" else getattr(limits, name)), name
    assert ours.dtype == dtype and (ours == torch.finfo()) == (dtype == "float32")
    assert repr(torch.finfo(torch.float32)) == (
        "finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, smallest_normal=1.17549e-38, "
        "tiny=1.17549e-38, dtype=float32)"
    )
    assert torch.finfo(float).dtype == "float64" and pickle.loads(pickle.dumps(ours)) == ours
    with pytest.raises(TypeError, match=r"torch.finfo\(\) requires a floating point input type"):
        torch.finfo(torch.int32)


@pytest.mark.parametrize("dtype", INTS)
def test_iinfo(dtype):
    ours, limits = torch.iinfo(dtype_of(dtype)), np.iinfo(dtype)
    assert (ours.bits, ours.min, ours.max, ours.dtype) == (limits.bits, limits.min, limits.max, dtype)
    assert repr(torch.iinfo(torch.int8)) == "iinfo(min=-128, max=127, dtype=int8)"
    assert repr(torch.iinfo(torch.int64)) == "iinfo(min=-9.22337e+18, max=9.22337e+18, dtype=int64)"
    with pytest.raises(TypeError, match=r"torch.bool is not supported by torch.iinfo"):
        torch.iinfo(torch.bool)
    with pytest.raises(TypeError, match=r"must be torch.dtype, not str"):
        torch.iinfo(dtype)


def test_questions_about_dtypes():
    x = torch.tensor([0.5])
    assert x.is_signed() and torch.is_signed(x.int()) and not x.byte().is_signed() and not x.bool().is_signed()
    assert x.is_floating_point() and not torch.is_floating_point(x.int())
    assert not x.is_complex() and not torch.is_complex(x)
    assert x.is_nonzero() and not torch.is_nonzero(torch.tensor(0)) and x.is_same_size(x + 1)
    for wrong in (torch.ones(2), torch.ones(0)):
        with pytest.raises(RuntimeError, match="Boolean value of Tensor with"):
            wrong.is_nonzero()
    for name in ("half", "bfloat16"):
        with pytest.raises(TypeError, match="wengert has no dtype"):
            getattr(x, name)()
