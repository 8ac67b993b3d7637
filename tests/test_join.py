"""cat, stack and their kin, and the splits that undo them, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import wengert as torch
from reference import DTYPES, assert_same, digits, dtype_of, layouts

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)


@st.composite
def alike(draw):
    """A dim and arrays that agree in all the others, as tensors in some layout."""
    shape = draw(SHAPES)
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    dtype = draw(st.sampled_from(DTYPES))
    pairs = []
    for seed in range(draw(st.integers(1, 4))):
        sizes = list(shape)
        sizes[dim] = draw(st.integers(0, 5))
        if len(sizes) == 1 and sizes[0] == 0:
            sizes[0] = 1
        array = digits(sizes, dtype, seed)
        _, tensor, values = draw(st.sampled_from(list(layouts(array))))
        pairs.append((tensor, values))
    return dim, [t for t, _ in pairs], [a for _, a in pairs]


@given(alike())
def test_cat(case):
    dim, tensors, arrays = case
    result = torch.cat(tensors, dim)
    assert_same(result, np.concatenate(arrays, dim))
    assert result.is_contiguous()
    out = torch.empty(0, dtype=tensors[0].dtype)
    assert torch.concatenate(tensors, axis=dim, out=out) is out
    assert_same(out, np.concatenate(arrays, dim))
    strided = torch.zeros(*result.shape, 2, dtype=result.dtype)[..., 0]
    torch.concat(tuple(tensors), dim, out=strided)
    assert_same(strided, np.concatenate(arrays, dim))


@given(alike(), st.data())
def test_split_undoes_cat(case, data):
    dim, tensors, arrays = case
    whole = torch.cat(tensors, dim)
    parts = whole.split([t.shape[dim] for t in tensors], dim)
    assert isinstance(parts, tuple)
    for part, array in zip(parts, arrays, strict=True):
        assert_same(part, array)
    size = data.draw(st.integers(1, 6))
    for part, start in zip(torch.split(whole, size, dim), range(0, max(whole.size(dim), 1), size), strict=True):
        assert_same(part, whole.narrow(dim, start, min(size, whole.size(dim) - start)).numpy())


@given(SHAPES, st.data())
def test_stack_and_unbind(shape, data):
    dim = data.draw(st.integers(-len(shape) - 1, len(shape)))
    arrays = [digits(shape, "int32", seed) for seed in range(data.draw(st.integers(1, 3)))]
    tensors = [data.draw(st.sampled_from(list(layouts(array)))) for array in arrays]
    arrays = [values for _, _, values in tensors]
    result = torch.stack([tensor for _, tensor, _ in tensors], dim)
    assert_same(result, np.stack(arrays, dim))
    for part, array in zip(result.unbind(dim), arrays, strict=True):
        assert_same(part, array)
        assert array.size == 0 or result.data_ptr() <= part.data_ptr() < result.data_ptr() + result.nbytes


@pytest.mark.parametrize("shapes", [[(), ()], [(3,), (2,)], [(2, 3), (2, 3)], [(2, 1, 3), (2, 1, 3)]])
def test_stacks_by_letter(shapes):
    arrays = [digits(shape, "float32", seed) for seed, shape in enumerate(shapes)]
    tensors = [torch.tensor(array) for array in arrays]
    assert_same(torch.hstack(tensors), np.hstack(arrays))
    if shapes[0] != (3,):
        assert_same(torch.vstack(tensors), np.vstack(arrays))
        assert_same(torch.row_stack(tensors), np.vstack(arrays))
        assert_same(torch.dstack(tensors), np.dstack(arrays))
        assert_same(torch.column_stack(tensors), np.column_stack(arrays))


def test_cat_promotes_and_passes_over_empty_vectors():
    a, b, empty = torch.tensor([[1, 2]]), torch.tensor([[0.5, 1.5]]), torch.zeros(0, dtype=torch.float64)
    assert torch.cat([a, b]).dtype == torch.float32
    assert torch.cat([a, a.to(torch.int8)]).dtype == torch.int64
    assert_same(torch.cat([empty, a, empty], 1), np.array([[1.0, 2.0]]))
    assert torch.cat([empty, empty], 3).shape == (0,)
    out = torch.zeros(2, 2, dtype=torch.float64)
    assert_same(torch.cat([a, b], out=out), np.array([[1, 2], [0.5, 1.5]]))


def test_large_cats_have_every_element():
    """Beyond the sizes where threads and writes past the caches begin."""
    for shape, dim in [((3000, 1100), 0), ((1100, 3000), 1), ((70, 50, 900), 1)]:
        a, b = (np.arange(np.prod(shape), dtype="float32").reshape(shape) + k for k in (0, 0.5))
        assert_same(torch.cat([torch.tensor(a), torch.tensor(b)], dim), np.concatenate([a, b], dim))
        assert_same(torch.stack([torch.tensor(a), torch.tensor(b)], dim), np.stack([a, b], dim))


@given(SHAPES, st.data())
def test_tensor_split_and_chunk(shape, data):
    array = digits(shape, "int64")
    _, tensor, array = data.draw(st.sampled_from(list(layouts(array))))
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    sections = data.draw(st.integers(1, 6))
    indices = data.draw(st.lists(st.integers(-5, 6), max_size=3))
    for where in (sections, indices, torch.tensor(indices, dtype=torch.int64), torch.tensor(sections)):
        plain = sections if where is sections or (torch.is_tensor(where) and where.dim() == 0) else indices
        expected = np.array_split(array, plain, dim)
        for part, values in zip(torch.tensor_split(tensor, where, dim), expected, strict=True):
            assert_same(part, values)
    size = array.shape[dim]
    parts = tensor.chunk(sections, dim)
    assert len(parts) == (sections if size == 0 else -(-size // -(-size // sections)))
    assert_same(torch.cat(parts, dim), array) if array.ndim > 1 or size else None
    assert all(part.shape[dim] == parts[0].shape[dim] for part in parts[:-1])


def test_splits_by_letter():
    x = torch.arange(24).view(2, 3, 4)
    for name, dim in (("hsplit", 1), ("vsplit", 0), ("dsplit", 2)):
        split = getattr(torch, name)
        for part, values in zip(split(x, [1]), np.split(x.numpy(), [1], dim), strict=True):
            assert_same(part, values)
        for part, values in zip(getattr(x, name)(x.size(dim)), np.split(x.numpy(), x.size(dim), dim), strict=True):
            assert_same(part, values)
    assert [t.tolist() for t in torch.hsplit(torch.arange(4), 2)] == [[0, 1], [2, 3]]


def test_block_diag_grids_and_products():
    blocks = [
        digits((2, 3), "float32"),
        digits((4,), "int64"),
        np.asarray(5.0, "float64"),
    ]  # a 0-d tensor does not widen the others
    result = torch.block_diag(*map(torch.tensor, blocks))
    assert result.dtype == torch.float32 and result.shape == (4, 8)
    assert_same(result[:2, :3], blocks[0])
    assert result[3, 7] == 5 and result.sum() == blocks[0].sum() + blocks[1].sum() + 5
    assert torch.block_diag().shape == (1, 0)
    a, b, c = np.arange(2), np.arange(3), np.arange(4)
    for indexing in ("ij", "xy"):
        expected = np.meshgrid(a, b, c, indexing=indexing)
        for grid, values in zip(torch.meshgrid(*map(torch.tensor, (a, b, c)), indexing=indexing), expected, strict=True):
            assert_same(grid, values)
    with pytest.warns(UserWarning, match="it will be required to pass the indexing argument"):
        torch.meshgrid(torch.arange(2), torch.arange(3))
    assert torch.cartesian_prod(torch.arange(2), torch.arange(2)).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


@pytest.mark.parametrize("r", [0, 1, 2, 3, 6])
@pytest.mark.parametrize("again", [False, True])
def test_combinations(r, again):
    import itertools

    take = itertools.combinations_with_replacement if again else itertools.combinations
    expected = list(take([5, 6, 7, 8, 9], r)) if r else []
    result = torch.combinations(torch.arange(5, 10), r, again)
    assert result.tolist() == [list(row) for row in expected] and result.dtype == torch.int64


def test_broadcasting():
    shapes = [(2, 1), (3,), (4, 1, 1)]
    assert torch.broadcast_shapes(*shapes) == np.broadcast_shapes(*shapes) == (4, 2, 3)
    arrays = [digits(shape, "int64") for shape in shapes]
    for view, array in zip(torch.broadcast_tensors(*map(torch.tensor, arrays)), np.broadcast_arrays(*arrays), strict=True):
        assert_same(view, array)
    assert [t.dim() for t in torch.atleast_1d(torch.tensor(1), torch.zeros(2, 2))] == [1, 2]
    assert torch.atleast_2d(torch.zeros(3)).shape == (1, 3) and torch.atleast_3d(torch.zeros(3)).shape == (1, 3, 1)
    assert torch.atleast_3d([torch.zeros(2, 3)])[0].shape == (2, 3, 1)


X = torch.arange(12.0).view(3, 4)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: torch.cat([]), ValueError, "torch.cat(): expected a non-empty list of Tensors"),
        (lambda: torch.cat([X[0, 0]]), RuntimeError, "zero-dimensional tensor (at position 0) cannot be concatenated"),
        (lambda: torch.cat([X, X[0]]), RuntimeError, "Tensors must have same number of dimensions: got 2 and 1"),
        (lambda: torch.cat([X, X[:, :2]]), RuntimeError, "Sizes of tensors must match except in dimension 0. Expected size 4 "
         "but got size 2 for tensor number 1 in the list."),
        (lambda: torch.cat([X, X], 2), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
        (lambda: torch.cat([X, 3]), TypeError, ""),
        (lambda: torch.cat(X), TypeError, "cat(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor"),
        (lambda: torch.cat([X[:1], X[:1]], out=X[:2]), RuntimeError, "unsupported operation: some elements of the input"),
        (lambda: torch.cat([X], out=torch.zeros(0, dtype=torch.int64)), TypeError, "torch.cat(): input types can't be cast "
         "to the desired output type Long"),
        (lambda: torch.stack([]), RuntimeError, "stack expects a non-empty TensorList"),
        (lambda: torch.stack([X, X[0]]), RuntimeError, "stack expects each tensor to be equal size, but got [3, 4] at entry 0 "
         "and [4] at entry 1"),
        (lambda: torch.split(X, -1), RuntimeError, "split expects split_size be non-negative, but got split_size=-1"),
        (lambda: X.split(0), RuntimeError, "split_size can only be 0 if dimension size is 0, but got dimension size of 3"),
        (lambda: X.split([1, 1]), RuntimeError, "split_with_sizes expects split_sizes to sum exactly to 3 (input tensor's "
         "size at dimension 0), but got split_sizes=[1, 1]"),
        (lambda: X.split([4, -1]), RuntimeError, "split_with_sizes expects split_sizes have only non-negative entries"),
        (lambda: X.chunk(0), RuntimeError, "chunk expects `chunks` to be greater than 0, got: 0"),
        (lambda: X.tensor_split(0), RuntimeError, "number of sections must be larger than 0, got 0"),
        (lambda: X.hsplit(3), RuntimeError, "torch.hsplit attempted to split along dimension 1, but the size of the dimension "
         "4 is not divisible by the split_size 3!"),
        (lambda: X.dsplit(1), RuntimeError, "torch.dsplit requires a tensor with at least 3 dimension, but got a tensor with "
         "2 dimensions!"),
        (lambda: X[0, 0].unbind(), IndexError, "Dimension specified as 0 but tensor has no dimensions"),
        (lambda: torch.block_diag(X, X[None]), RuntimeError, "torch.block_diag: Input tensors must have 2 or fewer dimensions."),
        (lambda: torch.meshgrid(X[0], X[0].int(), indexing="ij"), RuntimeError, "meshgrid expects all tensors to have"),
        (lambda: torch.meshgrid(X[0], indexing="a"), RuntimeError, "torch.meshgrid: indexing must be one of"),
        (lambda: torch.broadcast_tensors(X, X[:, :3]), RuntimeError, "The size of tensor a (4) must match the size of tensor b"),
        (lambda: torch.broadcast_shapes((2,), (3,)), RuntimeError, "Attempting to broadcast a dimension of length 3 at -1!"),
        (lambda: torch.combinations(X), RuntimeError, "Expect a 1D vector, but got shape [3, 4]"),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    before = X.tolist()
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value).startswith(message)
    assert X.tolist() == before


def test_dtypes_of_lists_stay_apart_from_numbers():
    assert torch.cat([torch.ones(1, dtype=dtype_of(name)) for name in ("uint8", "int8")]).dtype == torch.int16
