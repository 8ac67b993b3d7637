"""The elements in other places: flip, roll, repeat, triangles, diagonals, padding, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import wengert as torch
from reference import DTYPES, assert_near, assert_same, digits, layouts, samples, wide

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
MATRICES = hnp.array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=6)


@st.composite
def laid_out(draw, shapes=SHAPES):
    array = digits(draw(shapes), draw(st.sampled_from(DTYPES)))
    _, tensor, values = draw(st.sampled_from(list(layouts(array))))
    return tensor, values


@given(laid_out(), st.data())
def test_flip(pair, data):
    tensor, array = pair
    dims = data.draw(st.lists(st.integers(0, max(array.ndim - 1, 0)), unique=True)) if array.ndim else []
    dims = [dim - array.ndim * data.draw(st.integers(0, 1)) for dim in dims]
    assert_same(torch.flip(tensor, dims), np.flip(array, dims))
    if dims:
        assert_same(tensor.flip(*dims), np.flip(array, dims))
    if array.ndim >= 2:
        assert_same(torch.fliplr(tensor), np.fliplr(array))
        assert_same(tensor.flipud(), np.flipud(array))
        k = data.draw(st.integers(-5, 5))
        assert_same(torch.rot90(tensor, k), np.rot90(array, k))
        assert_same(tensor.rot90(k, [-1, 0]), np.rot90(array, k, (-1, 0)))


@given(laid_out(), st.data())
def test_roll(pair, data):
    tensor, array = pair
    shift = data.draw(st.integers(-9, 9))
    assert_same(tensor.roll(shift), np.roll(array, shift))
    if array.ndim:
        dims = data.draw(st.lists(st.integers(-array.ndim, array.ndim - 1), min_size=1, max_size=3))
        shifts = data.draw(st.lists(st.integers(-9, 9), min_size=len(dims), max_size=len(dims)))
        assert_same(torch.roll(tensor, shifts, dims), np.roll(array, shifts, dims))


@given(laid_out(), st.data())
def test_repeat_and_tile(pair, data):
    tensor, array = pair
    repeats = data.draw(st.lists(st.integers(0, 3), max_size=array.ndim + 2))
    assert_same(torch.tile(tensor, repeats), np.tile(array, repeats))
    if len(repeats) >= array.ndim and repeats:
        assert_same(tensor.repeat(*repeats), np.tile(array, repeats))
        assert_same(tensor.repeat(repeats), np.tile(array, repeats))


@given(laid_out(), st.data())
def test_repeat_interleave(pair, data):
    tensor, array = pair
    times = data.draw(st.integers(0, 3))
    assert_same(tensor.repeat_interleave(times), np.repeat(array, times))
    each = data.draw(hnp.arrays("int64", array.size, elements=st.integers(0, 3)))
    assert_same(torch.repeat_interleave(tensor, torch.tensor(each)), np.repeat(array, each))
    assert_same(torch.repeat_interleave(torch.tensor(each)), np.repeat(np.arange(each.size), each))
    if array.ndim:
        dim = data.draw(st.integers(-array.ndim, array.ndim - 1))
        each = data.draw(hnp.arrays("int32", array.shape[dim], elements=st.integers(0, 3)))
        assert_same(torch.repeat_interleave(tensor, times, dim), np.repeat(array, times, dim))
        expected = np.repeat(array, each, dim)
        assert_same(tensor.repeat_interleave(torch.tensor(each), dim), expected)
        assert_same(tensor.repeat_interleave(torch.tensor(each), dim, output_size=expected.shape[dim]), expected)


@given(laid_out(MATRICES), st.integers(-8, 8))
def test_triangles(pair, k):
    tensor, array = pair
    for ours, theirs in ((torch.tril, np.tril), (torch.triu, np.triu)):
        expected = theirs(array, k)
        result = ours(tensor, k)
        assert_same(result, expected)
        assert result.is_contiguous()
        out = torch.empty(0, dtype=tensor.dtype)
        assert_same(ours(tensor, k, out=out), expected)
        for _, copy, values in layouts(np.array(array)):
            if 0 in copy.stride() and copy.numel() > 1:
                continue
            assert getattr(copy, ours.__name__ + "_")(k) is copy
            assert_same(copy, theirs(values, k))


def test_triangles_of_any_offset():
    x = torch.ones(3, 3)
    for k in (2**63 - 1, -(2**63), 2**62 + 1, -(2**62) - 1):
        assert x.tril(k).sum() == (9 if k > 0 else 0)
        assert x.triu(k).sum() == (0 if k > 0 else 9)
        assert x.t().clone().triu_(k).sum() == (0 if k > 0 else 9)
        assert x.diagonal(k).shape == (0,)


@given(laid_out(MATRICES), st.integers(-7, 7), st.data())
def test_diagonals(pair, offset, data):
    tensor, array = pair
    dims = data.draw(st.permutations(range(array.ndim)))[:2]
    expected = np.diagonal(array, offset, *dims)
    view = tensor.diagonal(offset, dims[0], dims[1] - array.ndim)
    assert_same(view, expected)
    assert expected.size == 0 or tensor.data_ptr() <= view.data_ptr() or -1 in np.sign(tensor.stride())
    if array.ndim == 2:
        assert_same(torch.diag(tensor, offset), np.diag(array, offset))
        if array.dtype != bool:
            wanted = array.trace() if array.dtype.kind == "f" else array.astype("int64").trace()
            assert_same(tensor.trace(), np.asarray(wanted, array.dtype if array.dtype.kind == "f" else "int64"))
    row = array.reshape(-1)
    assert_same(torch.diagflat(tensor, offset), np.diagflat(row, offset))
    embedded = torch.diag_embed(tensor, offset)
    assert_same(embedded.diagonal(offset, -2, -1), array)
    assert embedded.shape == (*array.shape[:-1], array.shape[-1] + abs(offset), array.shape[-1] + abs(offset))
    assert torch.count_nonzero(embedded) == np.count_nonzero(array) if hasattr(torch, "count_nonzero") else True
    assert_same(torch.diag_embed(tensor, offset, 0, -1).diagonal(offset, 0, -1), array)


@given(laid_out(), st.data())
def test_constant_pad(pair, data):
    tensor, array = pair
    count = data.draw(st.integers(0, array.ndim))
    pads = data.draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=count, max_size=count))
    widths = [(0, 0)] * (array.ndim - count) + pads[::-1]
    flat = [n for pad in pads for n in pad]
    value = data.draw(st.integers(0, 1))
    assert_same(
        torch.constant_pad_nd(tensor, flat, value), np.pad(array, widths, constant_values=value) if array.ndim else array
    )
    if array.ndim and array.shape[-1] >= 2:
        assert_same(torch.constant_pad_nd(tensor, (-1, 2), value), np.pad(array[..., 1:], [(0, 0)] * (array.ndim - 1) + [(0, 2)],
                                                                          constant_values=value))  # fmt: skip


def test_large_copies_have_every_element():
    """Beyond the sizes where threads and writes past the caches begin."""
    array = np.arange(2300 * 2101, dtype="float32").reshape(2300, 2101)
    tensor = torch.tensor(array)
    for dims in ((0,), (1,), (0, 1)):
        assert_same(tensor.flip(dims), np.flip(array, dims))
    assert_same(tensor.roll((7, 2000), (0, 1)), np.roll(array, (7, 2000), (0, 1)))
    assert_same(tensor.roll(-5), np.roll(array, -5))
    assert_same(tensor.repeat(2, 2), np.tile(array, (2, 2)))
    assert_same(tensor.tril(3), np.tril(array, 3))
    assert_same(tensor.t().triu(-3), np.triu(array.T, -3))
    assert_same(tensor.t().clone().tril_(), np.tril(array.T))
    assert_same(tensor.repeat_interleave(3, 1), np.repeat(array, 3, 1))


@given(laid_out(), st.data())
def test_diff(pair, data):
    tensor, array = pair
    if array.ndim == 0:
        return
    n, dim = data.draw(st.integers(0, 4)), data.draw(st.integers(-array.ndim, array.ndim - 1))
    if n <= array.shape[dim]:
        assert_same(torch.diff(tensor, n, dim), np.diff(array, n, dim))
        if n:
            expected = np.diff(array, n, dim, prepend=array, append=array)
            assert_same(tensor.diff(n, dim, prepend=tensor, append=tensor), expected)
    else:
        assert tensor.diff(n, dim).size(dim) == 0


@pytest.mark.parametrize("edge_order", [1, 2])
def test_gradient(edge_order):
    array = samples((5, 4, 6), "float64")
    tensor = torch.tensor(array)
    for ours, theirs in zip(
        torch.gradient(tensor, edge_order=edge_order), np.gradient(array, edge_order=edge_order), strict=True
    ):
        assert_near(ours, wide(theirs), "float64", 4)
    steps = [0.5, 2.0, 3.0]
    expected = np.gradient(array, *steps, edge_order=edge_order)
    for ours, theirs in zip(torch.gradient(tensor, spacing=steps, edge_order=edge_order), expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-12)
    places = [np.cumsum(np.random.default_rng(i).uniform(0.5, 2, n)) for i, n in enumerate(array.shape)]
    expected = np.gradient(array, *places, edge_order=edge_order)
    got = torch.gradient(tensor, spacing=[torch.tensor(p) for p in places], edge_order=edge_order)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-10, atol=1e-10)
    (along,) = torch.gradient(tensor, dim=1, edge_order=edge_order)
    np.testing.assert_allclose(along.numpy(), np.gradient(array, axis=1, edge_order=edge_order), rtol=1e-12)


@pytest.mark.parametrize("p", [0, 0.5, 1, 2, 3, float("inf")])
@pytest.mark.parametrize("rows", [4, 30])
def test_cdist(p, rows):
    a, b = samples((2, rows, 5), "float64", 1), samples((rows + 1, 5), "float64", 2)
    apart = np.abs(wide(a)[..., :, None, :] - wide(b)[None, None])
    if p == 0:
        expected = (apart != 0).sum(-1)
    elif p == float("inf"):
        expected = apart.max(-1)
    else:
        expected = (apart**p).sum(-1) ** (1 / p)
    result = torch.cdist(torch.tensor(a), torch.tensor(b), p)
    np.testing.assert_allclose(result.numpy(), expected.astype("float64"), rtol=1e-12)
    exact = torch.cdist(torch.tensor(a), torch.tensor(b), compute_mode="donot_use_mm_for_euclid_dist")
    np.testing.assert_allclose(exact.numpy(), np.sqrt((apart**2).sum(-1)).astype("float64"), rtol=1e-12)


def test_resize():
    x = torch.arange(6)
    y = x.view(2, 3)
    assert x.resize_(2, 2) is x and x.tolist() == [[0, 1], [2, 3]] and x.data_ptr() == y.data_ptr()
    assert x.resize_((6,)).tolist() == list(range(6))
    x.resize_(1000)
    assert x.shape == (1000,) and x[:6].tolist() == list(range(6)) and y.tolist() == [[0, 1, 2], [3, 4, 5]]
    x.fill_(1)
    assert x.resize_as_(torch.zeros(2, 5)).shape == (2, 5) and x.is_contiguous()
    with pytest.raises(RuntimeError, match="Trying to resize storage that is not resizable"):
        torch.from_numpy(np.zeros(3)).resize_(9)
    assert y[0].resize_(0, 4).shape == (0, 4)


def test_sum_to_size():
    x = torch.arange(24).view(2, 3, 4)
    for size in [(2, 3, 4), (3, 4), (3, 1), (1, 1, 1), (4,), (1,), ()]:
        expected = x.numpy()
        expected = expected.sum(tuple(range(3 - len(size))))
        expected = expected.sum(tuple(i for i, n in enumerate(size) if n == 1), keepdims=True)
        assert_same(x.sum_to_size(size), expected)
    with pytest.raises(RuntimeError, match=r"size \{\[2\]\} is not expandable to size \{\[2, 3, 4\]\}"):
        x.sum_to_size(2)


def test_copies_of_views_share_nothing():
    x = torch.arange(6.0).view(2, 3)
    calls = {
        "as_strided_copy": ((2, 2), (1, 2)),
        "diagonal_copy": (),
        "expand_copy": ((4, 2, 3),),
        "narrow_copy": (1, 0, 2),
        "permute_copy": ((1, 0),),
        "select_copy": (0, 1),
        "squeeze_copy": (),
        "t_copy": (),
        "transpose_copy": (0, 1),
        "unfold_copy": (1, 2, 1),
        "unsqueeze_copy": (0,),
        "view_copy": ((3, 2),),
    }
    for name, args in calls.items():
        view = getattr(torch, name.removesuffix("_copy"), None) or getattr(torch.Tensor, name.removesuffix("_copy"))
        result, expected = getattr(torch, name)(x, *args), view(x, *args)
        assert_same(result, expected.numpy())
        assert result.data_ptr() != x.data_ptr() and result.is_contiguous()
        out = torch.empty(0)
        assert getattr(torch, name)(x, *args, out=out) is out
        assert_same(out, expected.numpy())
    assert [t.tolist() for t in torch.unbind_copy(x)] == [[0, 1, 2], [3, 4, 5]]
    assert [t.shape for t in torch.split_with_sizes_copy(x, [1, 2], 1)] == [(2, 1), (2, 2)]


def test_more_parts_than_dimensions():
    """A list of parts may be longer than any shape."""
    x = torch.arange(200.0, requires_grad=True)
    parts = x.split([1] * 100 + [100])
    assert [p.tolist() for p in parts[:3]] == [[0], [1], [2]] and parts[-1].tolist() == list(range(100, 200))
    torch.cat(parts[1:]).sum().backward()
    assert x.grad.tolist() == [0] + [1] * 199
    assert len(torch.tensor_split(x, list(range(1, 200)))) == 200
    assert torch.split_with_sizes_copy(x, [2] * 100)[99].tolist() == [198, 199]
    with pytest.raises(RuntimeError, match="sum exactly to 200"):
        x.split([1] * 199)
    assert torch.nn.functional.pad(torch.zeros([1] * 40), [0, 0] * 39 + [0, 1]).shape == (2, *[1] * 39)
    with pytest.raises(RuntimeError, match="at most 64 dimensions, got 65"):
        torch.zeros([1] * 65)


X = torch.arange(12.0).view(3, 4)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: X.flip(0, 0), RuntimeError, "dim 0 appears multiple times in the list of dims"),
        (lambda: X[0].fliplr(), RuntimeError, "Input must be >= 2-d."),
        (lambda: X[0, 0].flipud(), RuntimeError, "Input must be >= 1-d."),
        (lambda: X.rot90(1, [0]), RuntimeError, "expected total rotation dims == 2, but got dims = 1"),
        (lambda: X.rot90(1, [0, -2]), RuntimeError, "expected rotation dims to be different, but got dim0 = 0 and dim1 = -2"),
        (lambda: X.roll((1, 2)), RuntimeError, "shifts and dimensions must align. shifts: 2, dims:0"),
        (lambda: X.roll(1, 5), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 5)"),
        (lambda: X.repeat(2), RuntimeError, "Number of dimensions of repeat dims can not be smaller than number of"),
        (lambda: X.repeat(2, -1), RuntimeError, "Trying to create tensor with negative dimension -4: [6, -4]"),
        (lambda: X.repeat(2**40, 2**40), RuntimeError, "Storage size calculation overflowed"),
        (lambda: X.repeat_interleave(-1), RuntimeError, "Repeats must be non-negative"),
        (lambda: X.repeat_interleave(torch.tensor([1, -1, 1]), 0), RuntimeError, "repeats can not be negative"),
        (lambda: X.repeat_interleave(torch.tensor([1, 1]), 0), RuntimeError, "repeats must have the same size as input along "
         "dim, but got repeats.size(0) = 2 and input.size(0) = 3"),
        (lambda: torch.repeat_interleave(X[0]), NotImplementedError, "\"repeat_interleave_cpu\" not implemented for 'Float'"),
        (lambda: X[0].tril(), RuntimeError, "tril: input tensor must have at least 2 dimensions"),
        (lambda: X.expand(2, 3, 4).triu_(), RuntimeError, "unsupported operation: more than one element of the written-to"),
        (lambda: X.diagonal(0, 1, 1), RuntimeError, "diagonal dimensions cannot be identical 1, 1"),
        (lambda: X[None].diag(), RuntimeError, "diag(): Supports 1D or 2D tensors. Got 3D"),
        (lambda: X[0].trace(), RuntimeError, "trace: expected a matrix, but got tensor with dim 1"),
        (lambda: torch.constant_pad_nd(X, (1,)), RuntimeError, "Length of pad must be even but instead it equals 1"),
        (lambda: torch.constant_pad_nd(X, (1,) * 6), RuntimeError, "Length of pad should be no more than twice the number of"),
        (lambda: torch.constant_pad_nd(X, (-3, -3)), RuntimeError, "narrow(): length must be non-negative."),
        (lambda: torch.constant_pad_nd(X, (-7, 1)), RuntimeError, ""),
        (lambda: X[0, 0].diff(), RuntimeError, "diff expects input to be at least one-dimensional"),
        (lambda: X.diff(-1), RuntimeError, "order must be non-negative but got -1"),
        (lambda: torch.gradient(X, edge_order=3), RuntimeError, "torch.gradient only supports edge_order=1 and edge_order=2."),
        (lambda: torch.gradient(X[:1]), RuntimeError, "torch.gradient expected each dimension size to be at least edge_order+1"),
        (lambda: torch.cdist(X, X[:, :2]), RuntimeError, "X1 and X2 must have the same number of columns. X1: 4 X2: 2"),
        (lambda: torch.cdist(X.int(), X), RuntimeError, "cdist only supports floating-point dtypes, X1 got: Int"),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value).startswith(message)
    assert X.tolist() == torch.arange(12.0).view(3, 4).tolist()
