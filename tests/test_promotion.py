"""The dtype of a result: PyTorch's table for tensors, 0-d tensors and Python numbers."""

import itertools

import pytest

import wengert as torch
from reference import DTYPES, dtype_of, name_of

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
