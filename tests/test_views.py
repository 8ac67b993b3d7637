"""Views: shapes, strides and shared memory, against NumPy; hypothesis finds the shapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import wengert as torch
from reference import LAYOUTS, assert_same, layouts

SHAPES = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4)


def numbered(shape):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape)


def assert_view(view, array):
    """The array's values in the array's own memory, at NumPy's strides where a stride means anything."""
    assert_same(view, array)
    if array.size:
        assert view.data_ptr() == array.ctypes.data
        for size, stride, step in zip(view.shape, view.stride(), array.strides, strict=True):
            assert size == 1 or stride * 8 == step


@st.composite
def laid_out(draw):
    array = numbered(draw(SHAPES))
    _, tensor, values = draw(st.sampled_from(list(layouts(array))))
    return tensor, tensor.numpy() if values.size else values  # the array in the tensor's memory


def divisors_of(numel, draw):
    """A shape of the given number of elements, at times with a -1."""
    if numel == 0:
        shape = [*draw(st.lists(st.integers(0, 3), max_size=3)), 0]
        return draw(st.permutations(shape))
    shape, rest = [], numel
    while rest > 1:
        factor = draw(st.sampled_from([d for d in range(2, rest + 1) if rest % d == 0]))
        shape.append(factor)
        rest //= factor
    shape += [1] * draw(st.integers(0, 2))
    shape = draw(st.permutations(shape))
    if shape and draw(st.booleans()):
        shape[draw(st.integers(0, len(shape) - 1))] = -1
    return shape


@given(laid_out(), st.data())
def test_reshape_and_view(pair, data):
    tensor, array = pair
    shape = divisors_of(array.size, data.draw)
    expected = array.reshape(shape)
    result = tensor.reshape(shape)
    assert_same(result, expected)
    if array.size == 0:
        return
    if np.shares_memory(expected, array):
        assert result.data_ptr() == tensor.data_ptr()
        assert_view(tensor.view(shape), expected)
    else:
        assert result.is_contiguous()
        low, high = np.lib.array_utils.byte_bounds(array)
        assert not low <= result.data_ptr() < high
        with pytest.raises(RuntimeError, match="view size is not compatible with input tensor's size and stride"):
            tensor.view(shape)


@given(laid_out(), st.data())
def test_permute(pair, data):
    tensor, array = pair
    order = data.draw(st.permutations(range(array.ndim)))
    signed = [d - array.ndim * data.draw(st.integers(0, 1)) for d in order]
    if signed:
        assert_view(tensor.permute(*signed), array.transpose(order))
    assert_view(tensor.permute(tuple(signed)), array.transpose(order))


@given(laid_out(), st.data())
def test_transpose(pair, data):
    tensor, array = pair
    dims = st.integers(-max(array.ndim, 1), max(array.ndim, 1) - 1)
    a, b = data.draw(dims), data.draw(dims)
    expected = array.swapaxes(a, b) if array.ndim else array
    assert_view(tensor.transpose(a, b), expected)
    assert_view(torch.swapaxes(tensor, a, b), expected)
    if array.ndim == 2:
        assert_view(tensor.t(), array.T)
        assert_view(tensor.T, array.T)
    if array.ndim >= 2:
        assert_view(tensor.mT, array.swapaxes(-1, -2))


@given(laid_out(), st.data())
def test_unsqueeze_and_squeeze(pair, data):
    tensor, array = pair
    dim = data.draw(st.integers(-array.ndim - 1, array.ndim))
    taller = np.expand_dims(array, dim)
    assert_view(tensor.unsqueeze(dim), taller)
    assert_view(torch.unsqueeze(tensor, dim).squeeze(dim), array)
    assert_view(tensor.unsqueeze(dim).squeeze(), array.squeeze())
    ones = tuple(d for d in range(array.ndim) if array.shape[d] == 1)
    assert_view(tensor.squeeze(tuple(range(array.ndim))), array.squeeze(ones))


@given(laid_out(), st.data())
def test_flatten(pair, data):
    tensor, array = pair
    start = data.draw(st.integers(0, max(array.ndim - 1, 0)))
    end = data.draw(st.integers(start, max(array.ndim - 1, 0)))
    middle = int(np.prod(array.shape[start : end + 1]))
    expected = array.reshape(*array.shape[:start], middle, *array.shape[end + 1 :])
    result = tensor.flatten(start, end - array.ndim if array.ndim else -1)
    assert_same(result, expected)
    if array.size:
        assert (result.data_ptr() == tensor.data_ptr()) == np.shares_memory(expected, array)
    assert_same(tensor.flatten(), array.reshape(-1))


@given(laid_out(), st.data())
def test_expand(pair, data):
    tensor, array = pair
    sizes = [data.draw(st.integers(0, 3)) if size == 1 else size for size in array.shape]
    front = data.draw(st.lists(st.integers(0, 3), max_size=2))
    expected = np.broadcast_to(array, (*front, *sizes))
    asked = [size if data.draw(st.booleans()) or size != have else -1 for size, have in zip(sizes, array.shape, strict=True)]
    result = tensor.expand((*front, *asked))
    assert_view(result, expected)
    assert_same(result.clone(), expected)
    assert_same(result.contiguous(), expected)


def test_strides_as_pytorch_has_them():
    x = torch.empty(2, 3, 4)
    assert x.stride() == (12, 4, 1) and x.stride(-1) == 1 and x.storage_offset() == 0
    assert x.unsqueeze(0).stride() == (24, 12, 4, 1)
    assert x.unsqueeze(1).stride() == (12, 12, 4, 1)
    assert x.unsqueeze(-1).stride() == (12, 4, 1, 1)
    assert x.expand(5, 2, 3, 4).stride() == (0, 12, 4, 1)
    assert x[:, 1:].storage_offset() == 4 and x[1, 2].storage_offset() == 20
    assert torch.empty(0, 3).stride() == (3, 1) and torch.empty(3, 0).stride() == (1, 1)
    assert torch.zeros(0, 3).view(3, 0).stride() == (1, 1)
    assert torch.zeros(()).stride() == () and torch.zeros(()).unsqueeze(0).stride() == (1,)
    assert x.transpose(0, 2).view(4, 3, 1, 2).stride()[:2] == (1, 4)


def test_shape_questions():
    x = torch.empty(2, 3, 4, dtype=torch.float64)
    assert x.shape == x.size() == (2, 3, 4) and x.size(1) == x.size(-2) == 3 and x.size(dim=0) == 2
    assert isinstance(x.shape, tuple) and isinstance(x.shape, torch.Size) and x.shape.numel() == 24
    assert repr(x.size()) == "torch.Size([2, 3, 4])" and repr(x.shape[1:]) == "torch.Size([3, 4])"
    assert type(x.shape + x.shape) is torch.Size and list(x.shape) == [2, 3, 4] and hash(x.shape) == hash((2, 3, 4))
    assert x.dim() == x.ndim == x.ndimension() == 3 and x.numel() == x.nelement() == torch.numel(x) == 24
    assert x.element_size() == x.itemsize == 8 and x.nbytes == 192 and len(x) == 2
    assert x.is_contiguous() and not x.mT.is_contiguous() and x[:1].mT.mT.is_contiguous()
    assert torch.is_tensor(x) and not torch.is_tensor(3) and x.is_floating_point()
    assert torch.empty(1, 3)[:, :0].is_contiguous() and torch.empty(3, 1).t().is_contiguous()


def test_in_place_forms_change_the_tensor_and_not_the_memory():
    x = torch.arange(6).view(1, 2, 3)
    y, data = x, x.data_ptr()
    assert x.squeeze_(0) is x and x.t_() is x and x.unsqueeze_(0) is x and x.transpose_(0, 2) is x
    assert y.shape == (2, 3, 1) and y.data_ptr() == data
    assert y.squeeze().tolist() == [[0, 1, 2], [3, 4, 5]]


def test_views_of_views_write_to_one_memory():
    base = torch.zeros(4, 6, dtype=torch.int64)
    base.t()[1:5].view(2, 2, 4)[1].unsqueeze(0)[0, :, ::2].fill_(7)
    expected = np.zeros((4, 6), "int64")
    expected[::2, 3:5] = 7
    assert_same(base, expected)


def test_every_layout_is_what_it_says():
    array = numbered((3, 4))
    strides = {name: tensor.stride() for name, tensor, _ in layouts(array)}
    expected = {
        "contiguous": (4, 1),
        "transposed": (1, 3),
        "reversed": (-4, -1),
        "sliced": (18, 2),
        "unaligned": (4, 1),
        "repeated_rows": (0, 1),
        "repeated_columns": (1, 0),
    }
    assert strides == {name: expected[name] for name in LAYOUTS}


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda x: x.view(5), RuntimeError, "shape '[5]' is invalid for input of size 12"),
        (lambda x: x.view(-1, 5), RuntimeError, "shape '[-1, 5]' is invalid for input of size 12"),
        (lambda x: x.view(0, -1), RuntimeError, "shape '[0, -1]' is invalid for input of size 12"),
        (lambda x: x.view(-1, -1), RuntimeError, "only one dimension can be inferred"),
        (lambda x: x.view(-2, 6), RuntimeError, "invalid shape dimension -2 at index 0 of shape [-2, 6]"),
        (lambda x: x[:0].view(0, -1), RuntimeError, "cannot reshape tensor of 0 elements into shape [0, -1] because"),
        (lambda x: x.t().view(12), RuntimeError, "view size is not compatible with input tensor's size and stride"),
        (lambda x: x.view("a"), TypeError, "view() received an invalid combination of arguments - got (str)"),
        (lambda x: x.view(2.0, 6), TypeError, "view() received an invalid combination of arguments - got (float, int)"),
        (lambda x: x.view(2**40, 2**40), RuntimeError, "shape '[1099511627776, 1099511627776]' is invalid"),
        (lambda x: x.reshape(5, 5), RuntimeError, "shape '[5, 5]' is invalid for input of size 12"),
        (lambda x: x.permute(0), RuntimeError, "permute(sparse_coo): number of dimensions in the tensor input does not"),
        (lambda x: x.permute(0, 0), RuntimeError, "permute(): duplicate dims are not allowed."),
        (lambda x: x.permute(0, 2), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
        (lambda x: x.transpose(0, 2), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got"),
        (lambda x: x.transpose(-3, 0), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but go"),
        (lambda x: x.unsqueeze(3), IndexError, "Dimension out of range (expected to be in range of [-3, 2], but got 3)"),
        (lambda x: x.squeeze(2), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
        (lambda x: x.squeeze((0, 0)), RuntimeError, "dim 0 appears multiple times in the list of dims"),
        (lambda x: x[0, 0].squeeze(1), IndexError, "Dimension out of range (expected to be in range of [-1, 0], but go"),
        (lambda x: x.view(3, 2, 2).t(), RuntimeError, "t() expects a tensor with <= 2 dimensions, but self is 3D"),
        (lambda x: x[0].mT, RuntimeError, "tensor.mT is only supported on matrices or batches of matrices. Got 1-D"),
        (lambda x: x.flatten(1, 0), RuntimeError, "flatten() has invalid args: start_dim cannot come after end_dim"),
        (lambda x: x.flatten(2), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
        (lambda x: x.expand(4, 4), RuntimeError, "The expanded size of the tensor (4) must match the existing size (3) "
         "at non-singleton dimension 0.  Target sizes: [4, 4].  Tensor sizes: [3, 4]"),
        (lambda x: x.expand(4), RuntimeError, "expand(torch.LongTensor{[3, 4]}, size=[4]): the number of sizes provided "
         "(1) must be greater or equal to the number of dimensions in the tensor (2)"),
        (lambda x: x.expand(-1, 3, 4), RuntimeError, "The expanded size of the tensor (-1) isn't allowed in a leading, "),
        (lambda x: x.expand(3, -2), RuntimeError, "The expanded size of the tensor (-2) must match the existing size (4)"),
        (lambda x: x.size(2), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
        (lambda x: x.stride(-3), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got -3)"),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    x = torch.arange(12).view(3, 4)
    with pytest.raises(error) as raised:
        call(x)
    assert str(raised.value).startswith(message)
    assert x.shape == (3, 4)


def test_expanding_beyond_int64():
    with pytest.raises(RuntimeError):
        torch.zeros(1).expand(2**62, 2**2)


def test_more_dimensions_than_fit_in_place():
    shape = (1, 2) * 6
    array = numbered(shape)
    tensor = torch.from_numpy(array)
    order = tuple(range(12))[::-1]
    assert_view(tensor.permute(order), array.transpose(order))
    assert_same((tensor.permute(order) + 1).reshape(-1), (array.transpose(order) + 1).reshape(-1))
    assert tensor.squeeze().shape == (2,) * 6
    assert torch.zeros((1,) * 64).dim() == 64
    with pytest.raises((RuntimeError, ValueError)):
        torch.zeros((1,) * 65)
    with pytest.raises((RuntimeError, ValueError)):
        torch.zeros((1,) * 64).unsqueeze(0)


def test_bytes_as_another_dtype():
    x = torch.tensor([[1.0, -2.0], [0.0, 3.0]])
    assert_same(x.view(torch.int32), x.numpy().view("int32"))
    assert_same(x.view(torch.float64), x.numpy().view("float64"))
    assert_same(x.view(torch.uint8), x.numpy().view("uint8"))
    assert x.view(torch.uint8).data_ptr() == x.data_ptr()
    with pytest.raises(RuntimeError, match=r"self.stride\(-1\) must be 1 to view"):
        x.t().view(torch.uint8)
    with pytest.raises(RuntimeError, match="must be divisible by"):
        x[:, :1].view(torch.float64)
