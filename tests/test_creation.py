"""tensor() and the creation functions: values, inferred dtypes, sizes at and beyond the limits."""

import numpy as np
import pytest

import wengert as torch
from reference import DTYPES, FLOATS, INTS, assert_same, dtype_of, layouts, name_of, samples

NAN = float("nan")


@pytest.mark.parametrize(
    "data, dtype, shape",
    [
        (5, "int64", ()),
        (2.5, "float32", ()),
        (True, "bool", ()),
        ([1, 2, 3], "int64", (3,)),
        ([1, 2.5], "float32", (2,)),
        ([True, 2], "int64", (2,)),
        ([True, 2.5], "float32", (2,)),
        ([True, False], "bool", (2,)),
        ([], "float32", (0,)),
        ([[], []], "float32", (2, 0)),
        ([[]], "float32", (1, 0)),
        (((1, 2), [3, 4]), "int64", (2, 2)),
        ([[[[1], [2]]]], "int64", (1, 1, 2, 1)),
        (range(3), "int64", (3,)),
        (bytearray(b"ab"), "int64", (2,)),
        (np.float64(1.5), "float64", ()),
        (np.float32(1.5), "float32", ()),
        (np.int16(3), "int16", ()),
        (np.bool_(True), "bool", ()),
        ([np.float64(1.5), 2], "float64", (2,)),
        ([np.int8(1), np.int16(2)], "int16", (2,)),
        ([torch.tensor(1), torch.tensor(2)], "int64", (2,)),
        ([torch.tensor(1.5, dtype=torch.float64), 2], "float64", (2,)),
        ([2**63 - 1, -(2**63)], "int64", (2,)),
        ([NAN, float("inf"), -0.0], "float32", (3,)),
    ],
)
def test_tensor_infers(data, dtype, shape):
    def plain(value):
        if isinstance(value, list):
            return [plain(element) for element in value]
        return value.item() if isinstance(value, torch.Tensor) else value

    result = torch.tensor(data)
    assert_same(result, np.array(plain(data), dtype).reshape(shape))
    assert result.is_contiguous()


def test_default_dtype_is_that_of_python_floats():
    torch.set_default_dtype(torch.float64)
    assert torch.get_default_dtype() == torch.tensor(1.5).dtype == torch.tensor([]).dtype == torch.float64
    assert torch.zeros(1).dtype == torch.eye(1).dtype == torch.arange(1.0).dtype == torch.float64
    assert torch.full((1,), 1.5).dtype == (torch.tensor(1) / 2).dtype == torch.float64


@pytest.mark.parametrize("dtype", DTYPES)
def test_tensor_of_dtype(dtype):
    wanted = dtype_of(dtype)
    assert_same(torch.tensor([[0, 1], [2, 3]], dtype=wanted), np.array([[0, 1], [2, 3]]).astype(dtype))
    assert_same(torch.tensor([0.0, 1.75], dtype=wanted), np.array([0.0, 1.75]).astype(dtype))
    assert_same(torch.tensor([True, False], dtype=wanted), np.array([True, False]).astype(dtype))
    assert_same(torch.tensor(samples((3, 5), dtype)), samples((3, 5), dtype))
    assert_same(torch.tensor(samples((), dtype)), samples((), dtype))


def test_python_types_as_dtypes():
    assert [torch.tensor([1, 2], dtype=t).dtype for t in (float, int, bool)] == [torch.float64, torch.int64, torch.bool]


def test_tensor_copies():
    array = np.arange(6).reshape(2, 3)
    tensor = torch.tensor(array)
    again = torch.tensor(tensor[:, 1:])
    array[:] = 0
    tensor[:] = 7
    assert again.tolist() == [[1, 2], [4, 5]]
    assert torch.tensor(array[::-1, ::2]).is_contiguous()


def test_tensor_wraps_negatives_into_unsigned():
    assert torch.tensor([-1, -255], dtype=torch.uint8).tolist() == [255, 1]


@pytest.mark.parametrize("name, value", [("zeros", 0), ("ones", 1)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_filled(name, value, dtype):
    make = getattr(torch, name)
    for shape in [(), (0,), (1,), (2, 3), (5, 0, 2), (17, 33)]:
        assert_same(make(shape, dtype=dtype_of(dtype)), np.full(shape, value, dtype))
    assert make(2, 3).dtype == torch.float32


def test_forms_of_a_size():
    one = torch.tensor(2)
    for result in [
        torch.zeros(2, 3),
        torch.zeros((2, 3)),
        torch.zeros([2, 3]),
        torch.zeros(torch.Size([2, 3])),
        torch.zeros(size=(2, 3)),
        torch.zeros(np.int64(2), 3),
        torch.zeros(one, 3),
        torch.empty(2, 3),
        torch.full((2, 3), 0.0),
    ]:
        assert result.shape == torch.Size([2, 3]) == (2, 3)
    assert repr(torch.empty(2, 3).shape) == "torch.Size([2, 3])"
    assert torch.zeros(()).dim() == 0
    assert torch.empty(3, dtype=torch.int8, device="cpu", layout=torch.strided, requires_grad=False).shape == (3,)


@pytest.mark.parametrize(
    "value, dtype", [(7, "int64"), (1.5, "float32"), (True, "bool"), (torch.tensor(3), "int64"), (NAN, "float32")]
)
def test_full_follows_its_value(value, dtype):
    number = value.item() if isinstance(value, torch.Tensor) else value
    assert_same(torch.full((2, 3), value), np.full((2, 3), number, dtype))
    assert_same(torch.full((2,), 1.5, dtype=torch.int32), np.full(2, 1, "int32"))


@pytest.mark.parametrize("n, m", [(0, 0), (1, 1), (3, 3), (2, 4), (4, 2), (0, 3), (3, 0), (65, 33)])
def test_eye(n, m):
    for dtype in DTYPES:
        assert_same(torch.eye(n, m, dtype=dtype_of(dtype)), np.eye(n, m, dtype=dtype))
    assert_same(torch.eye(n), np.eye(n, dtype="float32"))


@pytest.mark.parametrize(
    "arguments", [(0,), (5,), (1000,), (2, 7), (7, 2, -1), (7, 2, -2), (-3, 4, 3), (5, 5), (2**63 - 3, 2**63 - 1)]
)
def test_arange_of_ints(arguments):
    assert_same(torch.arange(*arguments), np.arange(*arguments))


@pytest.mark.parametrize(
    "start, end, step, size",
    [(0, 1, 0.1, 10), (0.0, 2.5, 1, 3), (1, 2, 0.5, 2), (1, 0, -0.25, 4), (0, 1e-9, 1, 1), (-1.5, 1.5, 0.5, 6)],
)
def test_arange_of_floats(start, end, step, size):
    for dtype in FLOATS:
        exact = start + np.arange(size) * step
        assert_same(torch.arange(start, end, step, dtype=dtype_of(dtype)), exact.astype(dtype))
    assert torch.arange(2.5).tolist() == [0, 1, 2]


def test_arange_of_floats_as_integers():
    assert torch.arange(0.5, 3.5, dtype=torch.int64).tolist() == torch.arange(0.5, 3, dtype=torch.int32).tolist() == [0, 1, 2]
    assert torch.arange(0.5, dtype=torch.int64).tolist() == []
    with pytest.raises(ValueError, match="step must be nonzero"):
        torch.arange(0, 2, 0.5, dtype=torch.int64)


@pytest.mark.parametrize("dtype", [*INTS, *FLOATS])
def test_arange_of_dtype(dtype):
    assert_same(torch.arange(100, dtype=dtype_of(dtype)), np.arange(100, dtype=dtype))
    assert name_of(torch.arange(3, out=torch.empty(0, dtype=dtype_of(dtype))).dtype) == dtype


def test_out():
    out = torch.empty(2, 3)
    for make in (torch.zeros, torch.ones, torch.empty):
        assert make(2, 3, out=out) is out
    assert torch.full((2, 3), 4.0, out=out) is out and out.tolist() == [[4.0] * 3] * 2
    assert torch.eye(2, 3, out=out) is out and out.tolist() == [[1, 0, 0], [0, 1, 0]]
    sparse = torch.zeros(10)[::2]
    assert torch.arange(5, out=sparse) is sparse and sparse.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: torch.tensor([[1], [1, 2]]), ValueError, "expected sequence of length 1 at dim 1 (got 2)"),
        (lambda: torch.tensor([[1, 2], [1]]), ValueError, "expected sequence of length 2 at dim 1 (got 1)"),
        (lambda: torch.tensor([[1, 2], 3]), TypeError, "not a sequence"),
        (lambda: torch.tensor([1, [2]]), TypeError, "'list' object cannot be interpreted as"),
        (lambda: torch.tensor("a"), TypeError, "new(): invalid data type 'str'"),
        (lambda: torch.tensor(b"a"), TypeError, "new(): invalid data type 'bytes'"),
        (lambda: torch.tensor(["a"]), ValueError, "too many dimensions 'str'"),
        (lambda: torch.tensor(None), RuntimeError, "Could not infer dtype of NoneType"),
        (lambda: torch.tensor({1: 2}), RuntimeError, "Could not infer dtype of dict"),
        (lambda: torch.tensor(object()), RuntimeError, "Could not infer dtype of object"),
        (lambda: torch.tensor(300, dtype=torch.uint8), RuntimeError, "value cannot be converted to type uint8"),
        (lambda: torch.tensor(-300, dtype=torch.uint8), RuntimeError, "value cannot be converted to type uint8"),
        (lambda: torch.tensor([-200], dtype=torch.int8), RuntimeError, "value cannot be converted to type int8"),
        (lambda: torch.tensor(NAN, dtype=torch.int64), RuntimeError, "value cannot be converted to type int64"),
        (lambda: torch.tensor(1e30, dtype=torch.int32), RuntimeError, "value cannot be converted to type int32"),
        (lambda: torch.tensor([2**63]), ValueError, "Overflow when unpacking long long"),
        (lambda: torch.tensor([1], dtype=3), TypeError, "tensor(): argument 'dtype' must be torch.dtype, not int"),
        (lambda: torch.zeros(), TypeError, 'zeros() missing 1 required positional arguments: "size"'),
        (lambda: torch.zeros(2.0), TypeError, "zeros(): argument 'size' (position 1) must be tuple of ints, not float"),
        (lambda: torch.zeros(None), TypeError, "zeros(): argument 'size' (position 1) must be tuple of ints, not None"),
        (lambda: torch.zeros(True), TypeError, "zeros(): argument 'size' (position 1) must be tuple of ints, not bool"),
        (lambda: torch.full(2, 1), TypeError, "full(): argument 'size' (position 1) must be tuple of ints, not int"),
        (lambda: torch.full((2,), "a"), TypeError, "full(): argument 'fill_value' (position 2) must be Number, not"),
        (lambda: torch.full((2,), 300, dtype=torch.uint8), RuntimeError, "value cannot be converted to type uint8"),
        (lambda: torch.zeros(-1), RuntimeError, "zeros: Dimension size must be non-negative."),
        (lambda: torch.empty(-1, 2), RuntimeError, "Trying to create tensor with negative dimension -1: [-1, 2]"),
        (lambda: torch.ones(2, -3), RuntimeError, "Trying to create tensor with negative dimension -3: [2, -3]"),
        (lambda: torch.full((-3,), 1), RuntimeError, "Trying to create tensor with negative dimension -3: [-3]"),
        (lambda: torch.rand(-1), RuntimeError, "Trying to create tensor with negative dimension -1: [-1]"),
        (lambda: torch.eye(-1), RuntimeError, "n must be greater or equal to 0, got -1"),
        (lambda: torch.eye(2, -1), RuntimeError, "m must be greater or equal to 0, got -1"),
        (lambda: torch.arange(5, 1), RuntimeError, "upper bound and lower bound inconsistent with step sign"),
        (lambda: torch.arange(1, 5, -1), RuntimeError, "upper bound and lower bound inconsistent with step sign"),
        (lambda: torch.arange(1, 5, 0), RuntimeError, "step must be nonzero"),
        (lambda: torch.arange(NAN), RuntimeError, "unsupported range: 0 -> nan"),
        (lambda: torch.arange(float("inf")), RuntimeError, "unsupported range: 0 -> inf"),
        (lambda: torch.arange(3, dtype=torch.bool), NotImplementedError, "\"arange_cpu\" not implemented for 'Bool'"),
        (lambda: torch.arange("a"), TypeError, "arange()"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value).startswith(message)


HUGE = [(2**62,), (2**31, 2**31), (2**32, 2**32), (2**20, 2**20, 2**20, 2**20), (2**63 - 1,)]


@pytest.mark.parametrize("make", [torch.empty, torch.zeros, torch.ones, torch.rand, lambda size: torch.full(size, 1.0)])
def test_sizes_that_overflow(make):
    for size in HUGE:
        with pytest.raises(RuntimeError, match="overflowed with sizes="):
            make(size)
    with pytest.raises((TypeError, ValueError), match="Overflow when unpacking long long"):
        make((2**63,))


@pytest.mark.parametrize("make", [torch.empty, torch.zeros, lambda size, dtype: torch.full((size,), 1.0, dtype=dtype)])
def test_more_than_the_memory(make):
    for _ in range(3):
        with pytest.raises(RuntimeError, match="can't allocate memory: you tried to allocate 562949953421312 bytes"):
            make(2**46, dtype=torch.float64)
        assert torch.ones(1000).sum() == 1000  # and the process goes on


def test_empty_of_huge_sides():
    for size in [(0, 2**62), (2**62, 0)]:
        empty = torch.zeros(size)
        assert empty.numel() == 0 and empty.shape == size
    assert torch.zeros(3, 0).tolist() == [[], [], []]


@pytest.mark.parametrize("dtype", [*INTS, *FLOATS])
def test_linspace_and_logspace(dtype):
    wanted = dtype_of(dtype)
    for start, end, steps in [(0, 1, 0), (3, 9, 1), (0, 1, 2), (0, 100, 5), (7, 2, 6), (0, 120, 121)]:
        exact = np.linspace(start, end, steps)
        result = torch.linspace(start, end, steps, dtype=wanted)
        if dtype in FLOATS:
            np.testing.assert_allclose(result.numpy(), exact, rtol=4 * np.finfo(dtype).eps, atol=0)
            if steps > 1:
                assert (result[0].item(), result[-1].item()) == (start, end)
        else:
            assert abs(result.numpy().astype(float) - np.trunc(exact)).max(initial=0) <= 1
        assert result.dtype == wanted and result.shape == (steps,)
    np.testing.assert_allclose(torch.logspace(0, 3, 4, dtype=wanted).numpy()[:3], [1, 10, 100], rtol=1e-6)
    assert torch.logspace(0, 6, 7, base=2, dtype=wanted).tolist() == [1, 2, 4, 8, 16, 32, 64]


def test_linspace_takes_0d_tensors():
    assert torch.linspace(torch.tensor(0), 2, 3).tolist() == torch.linspace(0, torch.tensor(2.0), 3).tolist() == [0, 1, 2]
    out = torch.empty(6)[::2]
    assert torch.linspace(0, 1, 3, out=out) is out and out.tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("rows, columns", [(0, 0), (1, 1), (3, 3), (2, 5), (5, 2), (0, 3), (3, 0)])
def test_triangles(rows, columns):
    for offset in (-(2**62), -6, -2, -1, 0, 1, 4, 2**62):
        near = max(-10, min(10, offset))
        for make, numpys in [(torch.tril_indices, np.tril_indices), (torch.triu_indices, np.triu_indices)]:
            assert_same(make(rows, columns, offset), np.array(numpys(rows, near, columns), dtype=np.int64))
            assert make(rows, columns, offset, dtype=torch.int32).dtype == torch.int32


@pytest.mark.parametrize("dtype", DTYPES)
def test_like(dtype):
    wanted = dtype_of(dtype)
    for layout, tensor, array in layouts(samples((3, 4), dtype)):
        for name, value in [("zeros_like", 0), ("ones_like", 1)]:
            result = getattr(torch, name)(tensor)
            assert_same(result, np.full(array.shape, value, dtype), layout)
            assert_same(getattr(torch, name)(tensor, dtype=torch.float64), np.full(array.shape, value, "float64"))
        assert_same(torch.full_like(tensor, 1), np.full(array.shape, 1, dtype))
        assert torch.empty_like(tensor).dtype == wanted
        assert tensor.new_zeros(2, 3).tolist() == [[0] * 3] * 2 and tensor.new_zeros((2,)).dtype == wanted
        assert_same(tensor.new_ones(2), np.ones(2, dtype))
        assert_same(tensor.new_full((2,), 1), np.ones(2, dtype))
        assert tensor.new_empty(5).shape == (5,)
        assert_same(tensor.new_tensor([0, 1]), np.array([0, 1], dtype))


def test_like_keeps_a_dense_layout():
    x = torch.zeros(2, 3, 4).permute(2, 0, 1)
    for make in (torch.zeros_like, torch.empty_like, torch.rand_like, torch.randn_like):
        assert make(x).stride() == x.stride()
        assert make(x, memory_format=torch.contiguous_format).is_contiguous()
        assert make(x[:, :, ::2]).stride() == (1, 8, 4)
    assert torch.zeros_like(torch.zeros(3).expand(2, 3)).is_contiguous()


def test_strides_as_given():
    assert torch.empty_strided((2, 3), (1, 2)).stride() == torch.ones(1).new_empty_strided((2, 3), (1, 2)).stride() == (1, 2)
    assert torch.empty_permuted((2, 3, 4), (2, 0, 1)).stride() == (3, 1, 6)
    assert torch.scalar_tensor(3).dtype == torch.float32 and torch.scalar_tensor(3, dtype=torch.int8).item() == 3


def test_as_tensor_shares():
    tensor, array = torch.tensor([1, 2]), np.array([1.0, 2.0])
    assert torch.as_tensor(tensor) is torch.asarray(tensor) is tensor
    assert torch.as_tensor(tensor, dtype=torch.int64) is tensor
    assert torch.as_tensor(tensor, dtype=torch.float32).tolist() == [1.0, 2.0]
    for make in (torch.as_tensor, torch.asarray):
        make(array)[0] = 7
        assert array[0] == 7
        make(array, dtype=torch.float32)[0] = 8
        assert array[0] == 7
        assert make([1, 2]).dtype == torch.int64 and make(2.5).dtype == torch.float32
        assert make(np.float64(2.5)).dtype == torch.float64
        array[0] = 1
    copied = torch.asarray(array, copy=True)
    copied[0] = 9
    assert array[0] == 1 and torch.asarray(tensor, copy=True) is not tensor
    assert torch.asarray(bytearray(b"ab"), dtype=torch.uint8).tolist() == [97, 98]
    with pytest.raises(ValueError, match="can't alias arbitrary sequence into a tensor"):
        torch.asarray([1], copy=False)
    with pytest.raises(ValueError, match="can't alias tensor with dtype 'Long' into dtype 'Float'"):
        torch.asarray(tensor, dtype=torch.float32, copy=False)


def test_frombuffer():
    memory = bytearray(range(8))
    shared = torch.frombuffer(memory, dtype=torch.uint8)
    shared[0] = 9
    assert memory[0] == 9 and shared.tolist() == [9, 1, 2, 3, 4, 5, 6, 7]
    assert torch.frombuffer(memory, dtype=torch.int16, count=2, offset=2).tolist() == [0x302, 0x504]
    assert torch.frombuffer(np.arange(3), dtype=torch.int64).tolist() == [0, 1, 2]
    for arguments, message in [
        ({"dtype": torch.int16, "offset": 1}, r"buffer length \(7 bytes\) after offset \(1 bytes\) must be a multiple of"),
        ({"dtype": torch.int16, "offset": 8}, r"offset \(8 bytes\) must be non-negative and no greater than buffer length"),
        ({"dtype": torch.int16, "count": 9}, r"requested buffer length \(9 \* 2 bytes\) after offset \(0 bytes\) must not be"),
        ({"dtype": torch.int16, "count": 0}, r"both buffer length \(8\) and count \(0\) must not be 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            torch.frombuffer(memory, **arguments)
    with pytest.raises(ValueError, match="object does not implement Python buffer protocol"):
        torch.frombuffer(3, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="read-only"):
        torch.frombuffer(b"abc", dtype=torch.uint8).zero_()


def test_vander():
    for values in ([1, 2, 3], [1.5, -2.0], []):
        for n in (None, 0, 1, 4):
            for increasing in (False, True):
                array = np.array(values, "int64" if values == [1, 2, 3] else "float32")
                expected = np.vander(array, n, increasing).astype(array.dtype)
                assert_same(torch.vander(torch.tensor(array), n, increasing), expected)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: torch.linspace(0, 1, -1), RuntimeError, "number of steps must be non-negative"),
        (lambda: torch.linspace(torch.ones(1), 1, 2), RuntimeError, "linspace only supports 0-dimensional start and end tens"),
        (lambda: torch.linspace(0, 1, 2, dtype=torch.bool), NotImplementedError, "\"linspace_cpu\" not implemented for 'Bool'"),
        (lambda: torch.logspace(0, 1, 2, dtype=torch.bool), NotImplementedError, "\"logspace_cpu\" not implemented for 'Bool'"),
        (lambda: torch.tril_indices(-1, 2), RuntimeError, "row must be non-negative, got-1"),
        (lambda: torch.triu_indices(2, -1), RuntimeError, "col must be non-negative, got-1"),
        (
            lambda: torch.tril_indices(2, 2, dtype=torch.bool),
            NotImplementedError,
            "\"tril_indices\" not implemented for 'Bool'",
        ),
        (lambda: torch.empty_strided((2, 3), (1,)), RuntimeError, "dimensionality of sizes (2) must match dimensionality of"),
        (lambda: torch.empty_strided((2, 3), (-1, 2)), RuntimeError, "Storage size calculation overflowed with sizes=[2, 3]"),
        (lambda: torch.empty_permuted((2, 3), (0, 0)), RuntimeError, "Duplicate dim not allowed"),
        (lambda: torch.empty_permuted((2, 3), (0, 5)), RuntimeError, "Dimension out of range (expected to be between 0 and 1"),
        (lambda: torch.zeros_like(3), TypeError, "zeros_like(): argument 'input' (position 1) must be Tensor, not int"),
        (lambda: torch.ones(1).new_zeros(-1), RuntimeError, "Trying to create tensor with negative dimension -1: [-1]"),
        (lambda: torch.vander(torch.ones(2, 2)), RuntimeError, "x must be a one-dimensional tensor."),
        (lambda: torch.vander(torch.ones(2), -1), RuntimeError, "N must be non-negative."),
    ],
)
def test_errors_of_the_rest(call, error, message):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value).startswith(message)


def test_numbers_that_a_dtype_does_not_hold():
    """Negative ints wrap into the unsigned dtypes up to 32 bits; floats do not, nor what is too large."""
    assert torch.tensor([-1, -255], dtype=torch.uint8).tolist() == [255, 1]
    assert torch.tensor([2**64 - 1, 3.0], dtype=torch.uint64).tolist() == [2**64 - 1, 3]
    for data in (-1, [1, -(2**63)], [[2.5], [-5]]):
        with pytest.raises(OverflowError, match="can't convert negative int to unsigned"):
            torch.tensor(data, dtype=torch.uint64)
    for value, dtype in [(-256, "uint8"), (256, "uint8"), (-1.0, "uint8"), (-0.5, "uint32"), (127.5, "int8"), (-1.5, "uint64"),
                         (2.0**64, "uint64"), (float("nan"), "int64"), (2**31, "int32")]:  # fmt: skip
        with pytest.raises(RuntimeError, match=f"value cannot be converted to type {dtype} without overflow"):
            torch.tensor([value], dtype=getattr(torch, dtype))
