"""Where results go: out= and in-place forms, what they accept, what they refuse before writing anything."""

import numpy as np
import pytest

import wengert as torch
from reference import assert_same

SINGLE = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
    "Please clone() the tensor before performing the operation."
)
PARTIAL = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory location. "
    "Please clone() the tensor before performing the operation."
)


def test_out_is_written_and_returned():
    x = torch.arange(6.0).view(2, 3)
    for out in (torch.zeros(2, 3), torch.zeros(0), torch.zeros(3, 2).t(), torch.zeros(4, 6)[::2, 1::2], torch.zeros(2, 3)[:]):
        data = out.data_ptr()
        assert torch.add(x, 1, out=out) is out
        assert out.tolist() == [[1, 2, 3], [4, 5, 6]]
        assert data in (out.data_ptr(), 0) or out.numel() == 6
    wide = torch.zeros(2, 3, dtype=torch.float64)
    assert torch.mul(x, 2, out=wide) is wide and wide.tolist() == (x * 2).tolist()
    assert torch.add(x, 1, out=None).shape == (2, 3)


def test_out_of_another_shape_is_refused():
    x, out = torch.ones(5), torch.zeros(3)
    with pytest.raises(RuntimeError) as raised:
        torch.add(x, 1, out=out)
    assert "[3]" in str(raised.value) and "[5]" in str(raised.value)
    assert out.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "write",
    [
        lambda x: torch.add(x, x, out=x),
        lambda x: torch.mul(x, 2, out=x),
        lambda x: x.add_(x),
        lambda x: x.mul_(2),
        lambda x: torch.add(x[:], 0, out=x).mul_(2),
    ],
)
def test_an_operand_may_be_the_result(write):
    for length in (1, 8, 17, 1000):
        x = torch.arange(length)
        assert write(x) is x and x.tolist() == [2 * i for i in range(length)]


def test_a_part_of_the_memory_that_does_not_overlap_may_be_the_result():
    x = torch.arange(8)
    assert torch.add(x[:4], x[4:], out=x[:4]).tolist() == [4, 6, 8, 10]
    assert torch.add(x[::2], 1, out=x[1::2]).tolist() == [5, 9, 5, 7]
    assert x.tolist() == [4, 5, 8, 9, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "write, message",
    [
        (lambda x: x[1:].add_(x[:-1]), PARTIAL),
        (lambda x: torch.add(x[:-1], 1, out=x[1:]), PARTIAL),
        (lambda x: torch.neg(x[2:], out=x[:-2]), PARTIAL),
        (lambda x: x[:1].expand(8).add_(1), SINGLE),
        (lambda x: torch.add(x, 1, out=torch.zeros(1, dtype=torch.int64).expand(8)), SINGLE),
        (lambda x: torch.mm(x.view(2, 4), x.view(4, 2), out=x[:1].expand(2, 2)), SINGLE),
        (lambda x: x.add_(torch.zeros(2, 8).long()), "output with shape [8] doesn't match the broadcast shape [2, 8]"),
        (lambda x: x.add_(torch.arange(3)), "The size of tensor a (8) must match the size of tensor b (3) at non-single"),
        (lambda x: x.add_(1.5), "result type Float can't be cast to the desired output type Long"),
        (lambda x: x.div_(2), "result type Float can't be cast to the desired output type Long"),
        (lambda x: x.__iadd__(1.5), "result type Float can't be cast to the desired output type Long"),
        (lambda x: x.bool().add_(1), "result type Long can't be cast to the desired output type Bool"),
        (lambda x: torch.add(x, 1.5, out=x), "result type Float can't be cast to the desired output type Long"),
        (lambda x: torch.eq(x, x, out=x[:1].expand(8)), SINGLE),
    ],
)
def test_refused(write, message):
    x = torch.arange(8)
    with pytest.raises(RuntimeError) as raised:
        write(x)
    assert str(raised.value).startswith(message)
    assert x.tolist() == list(range(8)) and x._version == 0


def test_a_transposed_operand_overlaps_too():
    x = torch.arange(9).view(3, 3)
    with pytest.raises(RuntimeError, match="some elements of the input tensor and the written-to tensor refer"):
        x.add_(x.t())
    assert_same(x, np.arange(9).reshape(3, 3))


def test_out_has_to_be_a_tensor():
    with pytest.raises(TypeError):
        torch.mm(torch.ones(2, 2), torch.ones(2, 2), out=3)
    with pytest.raises(TypeError):
        torch.ones(2).add(1, out=torch.ones(2))


def test_comparisons_write_to_any_dtype():
    x = torch.tensor([1.0, 2.0, 3.0])
    for dtype in (torch.bool, torch.uint8, torch.int64, torch.float32):
        out = torch.zeros(3, dtype=dtype)
        assert torch.gt(x, 1.5, out=out) is out and out.tolist() == [0, 1, 1]
    assert x.gt_(1.5) is x and x.dtype == torch.float32 and x.tolist() == [0, 1, 1]


def test_in_place_operators_keep_the_object_and_the_dtype():
    x = torch.arange(4, dtype=torch.float64)
    y, data = x, x.data_ptr()
    x += torch.ones(4)
    x *= 2
    x -= torch.tensor(1, dtype=torch.int8)
    x /= 2
    assert x is y and x.data_ptr() == data and x.dtype == torch.float64 and x.tolist() == [0.5, 1.5, 2.5, 3.5]
    column = torch.zeros(3, 4)
    column[:, 1] += 5
    column[1] *= 2
    assert column.sum() == 20 and column[1, 1] == 10
    bytes_ = torch.tensor([250], dtype=torch.uint8)
    bytes_ += 10
    assert bytes_.item() == 4
