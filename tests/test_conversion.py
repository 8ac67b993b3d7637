"""Casts, copies and fills: values against NumPy, identity where nothing changes, the version counter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import wengert as torch
from reference import DTYPES, LENGTHS, assert_same, dtype_of, layouts, samples

CASTS = {
    "bool": "bool",
    "byte": "uint8",
    "char": "int8",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
}


def castable(shape, dtype, target, seed=0):
    """Samples whose values every target holds: a float beyond an integer's range is undefined in C and PyTorch alike."""
    array = samples(shape, dtype, seed)
    if dtype.startswith("float"):
        array = np.abs(array) * 40 if target == "uint8" else array * 30
    return array.astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", DTYPES)
def test_casts(dtype, target):
    for length in LENGTHS:
        array = castable(length, dtype, target, length)
        assert_same(torch.tensor(array).to(dtype_of(target)), array.astype(target), length)
    for name, tensor, array in layouts(castable((7, 9), dtype, target)):
        assert_same(tensor.to(dtype_of(target)), array.astype(target), name)
        into = torch.zeros(9, 7, dtype=dtype_of(target)).t()
        assert into.copy_(tensor) is into
        assert_same(into, array.astype(target), name)
    assert_same(torch.tensor(castable((), dtype, target)).to(dtype_of(target)), castable((), dtype, target).astype(target))


@pytest.mark.parametrize("method, target", CASTS.items())
def test_cast_methods(method, target):
    for dtype in DTYPES:
        x = torch.tensor(castable((3, 4), dtype, target))
        for result in (
            getattr(x, method)(),
            x.to(dtype_of(target)),
            x.to(dtype=dtype_of(target)),
            x.to("cpu", dtype_of(target)),
            x.to(torch.zeros(1, dtype=dtype_of(target))),
            x.type_as(torch.zeros(1, dtype=dtype_of(target))),
            x.type(dtype_of(target)),
        ):
            assert result.dtype == dtype_of(target)
            assert (result is x) == (dtype == target)
        copied = x.to(dtype_of(target), copy=True)
        assert copied is not x and copied.data_ptr() != x.data_ptr() and copied.dtype == dtype_of(target)
    assert x.cpu() is x and x.to("cpu") is x and x.to(torch.device("cpu")) is x


def test_casts_of_special_values():
    x = torch.tensor([float("nan"), float("inf"), 0.0, -0.0, 1e-45])
    assert x.bool().tolist() == [True, True, False, False, True]
    assert_same(x.double(), x.numpy().astype("float64"))
    assert torch.tensor([1e300, -1e300], dtype=torch.float64).float().tolist() == [float("inf"), -float("inf")]
    assert torch.tensor([2.9, -2.9, 0.5, -0.5]).int().tolist() == [2, -2, 0, 0]
    assert torch.tensor([300, -1, 2**40 + 5]).byte().tolist() == [44, 255, 5]
    assert torch.tensor([2, 0, -1]).bool().tolist() == [True, False, True]
    exact = 2**53 + 1
    assert torch.tensor([exact]).double().item() == 2**53 and torch.tensor([2**24 + 1]).float().item() == 2**24


@pytest.mark.parametrize("dtype", DTYPES)
def test_contiguous_and_clone(dtype):
    for name, tensor, array in layouts(samples((3, 5, 4), dtype)):
        dense = tensor.contiguous()
        assert_same(dense, array, name)
        assert dense.is_contiguous() and dense.stride() == (20, 4, 1)
        assert (dense is tensor) == tensor.is_contiguous()
        copy = tensor.clone()
        assert_same(copy, array, name)
        assert copy is not tensor and copy.data_ptr() != tensor.data_ptr()
        if name in ("contiguous", "transposed", "unaligned"):
            assert copy.stride() == tensor.stride(), name
        assert tensor.clone(memory_format=torch.contiguous_format).is_contiguous()


def test_clone_keeps_the_order_of_dimensions_as_pytorch():
    x = torch.zeros(3, 4)
    assert x.t().clone().stride() == (1, 4)
    assert x[:, ::2].clone().stride() == (2, 1)
    assert torch.zeros(3, 1, 4).expand(3, 2, 4).clone().stride() == (8, 4, 1)
    assert torch.zeros(2, 3, 4).permute(2, 0, 1).clone().stride() == (1, 12, 4)


@pytest.mark.parametrize("side", [1, 3, 8, 16, 31, 64, 100, 257])
@pytest.mark.parametrize("dtype", DTYPES)
def test_transposing_copies(side, dtype):
    array = samples((side, side + 3), dtype)
    assert_same(torch.tensor(array).t().contiguous(), array.T)
    three = samples((3, side, 5), dtype)
    assert_same(torch.tensor(three).permute(2, 0, 1).contiguous(), three.transpose(2, 0, 1))
    assert_same(torch.tensor(three).transpose(0, 1).contiguous(), three.swapaxes(0, 1))


@st.composite
def shapes_to_copy(draw):
    pair = draw(hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=draw(hnp.array_shapes(max_dims=4, max_side=4))))
    return pair.input_shapes[0], pair.result_shape


@given(shapes_to_copy(), st.data())
def test_copy_broadcasts(shapes, data):
    source, result = shapes
    values = samples(source, "int32")
    from_tensor = data.draw(st.sampled_from(list(layouts(values))))
    into = torch.zeros(result, dtype=torch.float64)
    order = data.draw(st.permutations(range(len(result))))
    target = into.permute(order) if result and data.draw(st.booleans()) and len(source) <= 1 else into
    expected = np.zeros(result).transpose(order) if target is not into else np.zeros(result)
    try:
        expected[...] = from_tensor[2]
    except ValueError:
        with pytest.raises(RuntimeError):
            target.copy_(from_tensor[1])
        return
    assert target.copy_(from_tensor[1]) is target
    assert_same(target, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_fill(dtype):
    for value in (0, 1, 1.75, True, torch.tensor(3)):
        number = value.item() if isinstance(value, torch.Tensor) else value
        for name, tensor, array in layouts(samples((7, 9), dtype)):
            if name.startswith("repeated"):
                continue
            tensor = tensor[1:, ::2]
            assert tensor.fill_(value) is tensor
            assert_same(tensor, np.full(tensor.shape, number).astype(dtype), (name, value))
            assert tensor.zero_() is tensor
            assert_same(tensor, np.zeros(tensor.shape, dtype), name)
            assert array.shape == (7, 9)
    for length in LENGTHS:
        guarded = torch.zeros(length + 2, dtype=dtype_of(dtype))
        guarded[1:-1].fill_(1)
        assert guarded.double().tolist() == [0, *[1] * length, 0]


def test_fill_of_repeated_elements_is_allowed():
    one = torch.zeros(1)
    assert one.expand(3).fill_(2).tolist() == [2, 2, 2] and one.item() == 2
    assert one.expand(3).zero_().tolist() == [0, 0, 0] and one.item() == 0


def test_copy_of_a_number():
    x = torch.zeros(2, 3, dtype=torch.int8)
    assert x.copy_(7) is x and x.tolist() == [[7] * 3] * 2
    assert x.copy_(-2.7).tolist() == [[-2] * 3] * 2 and x[0].copy_(True).tolist() == [1, 1, 1]


def test_copy_of_itself_and_of_a_neighbour():
    x = torch.arange(6)
    assert x.copy_(x) is x and x[:3].copy_(x[3:]).tolist() == [3, 4, 5]
    square = torch.arange(4).view(2, 2)
    with pytest.raises(RuntimeError, match="unsupported operation: some elements of the input tensor and the written-to"):
        x[1:].copy_(x[:-1])
    assert x.tolist() == [3, 4, 5, 3, 4, 5] and square[0].copy_(square[1]).tolist() == [2, 3]


def test_the_version_counts_writes():
    x = torch.zeros(3, 4)
    assert x._version == 0
    view = x.t()[1:]
    for count, write in enumerate(
        [
            lambda: x.add_(1),
            lambda: view.mul_(2),
            lambda: x.fill_(3),
            lambda: x.zero_(),
            lambda: x.copy_(torch.ones(4)),
            lambda: x.__setitem__(0, 1),
            lambda: x.__setitem__((slice(None), 1), torch.zeros(3)),
            lambda: torch.add(x, 1, out=x),
            lambda: torch.mm(torch.ones(3, 2), torch.ones(2, 4), out=x),
        ],
        1,
    ):
        write()
        assert x._version == view._version == count
    reads = [x + 1, x.clone(), x.t().contiguous(), x.sum(), view @ x, x.to(torch.int32)]
    assert x._version == 9 and all(result._version == 0 for result in reads)
    with pytest.raises(RuntimeError):
        x.add_(torch.zeros(5))
    assert x._version == 9


def test_types_by_name():
    names = ["Bool", "Byte", "Char", "Short", "Int", "Long", "UInt16", "UInt32", "UInt64", "Float", "Double"]
    for dtype in DTYPES:
        assert torch.zeros(2).type(torch.zeros(1, dtype=dtype_of(dtype)).type()).dtype == dtype_of(dtype)
    assert torch.ones(2).type(torch.LongTensor).tolist() == [1, 1]
    for unknown in ("torch.Nothing", "LongTensor", "torch.cuda.FloatTensor"):
        with pytest.raises(ValueError, match=f"invalid type: '{unknown}'"):
            torch.zeros(1).type(unknown)
    assert [torch.zeros(1, dtype=dtype_of(d)).type() for d in DTYPES] == [f"torch.{name}Tensor" for name in names]
    assert [repr(dtype_of(d)) for d in DTYPES] == [f"torch.{d}" for d in DTYPES]
    assert torch.float is torch.float32 and torch.double is torch.float64 and torch.long is torch.int64
    assert torch.int is torch.int32 and torch.short is torch.int16
    for dtype in DTYPES:
        assert dtype_of(dtype).itemsize == np.dtype(dtype).itemsize
        assert dtype_of(dtype).is_floating_point == dtype.startswith("float")
        assert dtype_of(dtype).is_signed == (dtype[0] in "if")


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda x: x.copy_(torch.zeros(2)), RuntimeError, "The size of tensor a (3) must match the size of tensor b (2)"),
        (lambda x: x.copy_(torch.zeros(4, 2, 3)), RuntimeError, "output with shape [2, 3] doesn't match the broadcast sh"),
        (lambda x: x.copy_("a"), TypeError, "copy_(): argument 'other' (position 1) must be Tensor, not str"),
        (lambda x: x[:1, :1].expand(2, 3).copy_(x), RuntimeError, "unsupported operation: more than one element of the "
         "written-to tensor refers to a single memory location. Please clone() the tensor before performing the operation."),
        (lambda x: x.fill_("a"), TypeError, "fill_("),
        (lambda x: x.fill_(x), RuntimeError, "fill_ only supports 0-dimension value tensor but got tensor with 2 dim"),
        (lambda x: x.byte().fill_(300), RuntimeError, "value cannot be converted to type uint8"),
        (lambda x: x.to("nowhere"), RuntimeError, ""),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    x = torch.ones(2, 3)
    with pytest.raises(error) as raised:
        call(x)
    assert str(raised.value).startswith(message)
    assert x.tolist() == [[1, 1, 1], [1, 1, 1]]
