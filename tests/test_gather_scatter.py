"""gather, the scatters, index_*, take, put, masked_* and nonzero, against plain loops and NumPy."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wengert as torch
from reference import DTYPES, FLOATS, assert_same, bits, digits, dtype_of, layouts, samples

WRITABLE = ("contiguous", "transposed", "reversed", "sliced", "unaligned")


def at(index, dim, place):
    """The place in the tensor that an element of the index stands for."""
    return (*place[:dim], index[place], *place[dim + 1 :])


@st.composite
def cases(draw, max_dims=3):
    """(array, dim, index, src): the index no larger than the array but along dim, src no smaller than the index."""
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=max_dims)))
    dim = draw(st.integers(0, len(shape) - 1))
    sizes = [draw(st.integers(0, n)) for n in shape]
    sizes[dim] = draw(st.integers(0, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):  # the same list for all: a broadcast index
        one = [n if d == dim else 1 for d, n in enumerate(sizes)]
        index = np.broadcast_to(rng.integers(0, shape[dim], one), sizes)
    else:
        index = rng.integers(0, shape[dim], sizes)
    larger = [n + draw(st.integers(0, 2)) for n in sizes]
    dtype = draw(st.sampled_from(DTYPES))
    return digits(shape, dtype, draw(st.integers(0, 99))), dim, index, digits(tuple(larger), dtype, draw(st.integers(0, 99)))


def index_tensor(index, which):
    """The index as int64 or int32, with its zero strides, contiguous or transposed."""
    dtype = ["int64", "int32"][which % 2]
    if 0 in index.strides and index.size:
        one = index[tuple(slice(0, 1) if stride == 0 else slice(None) for stride in index.strides)]
        return torch.tensor(one.astype(dtype)).expand(index.shape)
    order = tuple(range(index.ndim))[::-1] if which & 2 else tuple(range(index.ndim))
    return torch.tensor(np.ascontiguousarray(index.transpose(order).astype(dtype))).permute(order)


def laid_out(array, which, names=None):
    choices = [(n, t) for n, t, _ in layouts(array) if names is None or n in names]
    return choices[which % len(choices)][1]


@given(cases(), st.integers(0, 99))
@settings(deadline=None, max_examples=100)
def test_gather(case, which):
    array, dim, index, _ = case
    expected = np.empty(index.shape, array.dtype)
    for place in np.ndindex(index.shape):
        expected[place] = array[at(index, dim, place)]
    tensor = laid_out(array, which, WRITABLE)
    assert_same(tensor.gather(dim, index_tensor(index, which)), expected)
    assert_same(torch.gather(tensor, dim - array.ndim, index_tensor(index, which)), expected)
    out = torch.empty(0, dtype=tensor.dtype)
    assert torch.gather(tensor, dim, index_tensor(index, which), out=out) is out
    assert_same(out, expected)


def combine(a, b, how):
    if a.dtype == bool:
        return {"sum": a | b, "prod": a & b, "amax": a | b, "amin": a & b}[how]
    with np.errstate(all="ignore"):
        return {"sum": a + b, "prod": a * b, "amax": np.maximum(a, b), "amin": np.minimum(a, b)}[how]


@given(cases(), st.integers(0, 99))
@settings(deadline=None, max_examples=100)
def test_scatter(case, which):
    array, dim, index, src = case
    expected, added, times = array.copy(), array.copy(), array.copy()
    for place in np.ndindex(index.shape):
        to = at(index, dim, place)
        expected[to] = src[place]
        added[to] = combine(added[to], src[place], "sum")
        times[to] = combine(times[to], src[place], "prod")
    tensor, source, i = laid_out(array, which, WRITABLE), laid_out(src, which // 2, WRITABLE), index_tensor(index, which)
    before = bits(tensor)
    assert_same(tensor.scatter(dim, i, source), expected)
    assert_same(tensor.scatter_add(dim, i, source), added)
    assert_same(torch.scatter(tensor, dim, i, source, reduce="add"), added)
    assert_same(torch.scatter(tensor, dim, i, source, reduce="multiply"), times)
    filled = array.copy()
    for place in np.ndindex(index.shape):
        filled[at(index, dim, place)] = 1
    assert_same(tensor.scatter(dim, i, 1), filled)
    assert bits(tensor) == before
    written = laid_out(array, which, WRITABLE)
    assert written.scatter_(dim, i, source) is written
    assert_same(written, expected)
    written = laid_out(array, which, WRITABLE)
    assert_same(written.scatter_add_(dim, i, source), added)


@given(cases(2), st.integers(0, 99), st.booleans())
@settings(deadline=None, max_examples=100)
def test_scatter_reduce(case, which, include_self):
    array, dim, index, src = case
    i = index_tensor(index, which)
    lists = {}
    for place in np.ndindex(index.shape):
        lists.setdefault(at(index, dim, place), []).append(src[place])
    for how in ("sum", "prod", "amax", "amin", "mean"):
        if how == "mean" and array.dtype == bool:
            continue
        expected = array.copy()
        for place, values in lists.items():
            all_values = [array[place], *values] if include_self else values
            total = all_values[0]
            for value in all_values[1:]:
                total = combine(total, value, "sum" if how == "mean" else how)
            if how == "mean":
                n = array.dtype.type(len(all_values))
                total = total / n if array.dtype.kind == "f" else total // n
            expected[place] = total
        result = laid_out(array, which, WRITABLE).scatter_reduce(dim, i, torch.tensor(src), how, include_self=include_self)
        assert_same(result, expected, how)


@st.composite
def lists(draw):
    """(array, dim, index): a vector of indices into one dimension."""
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    dim = draw(st.integers(0, len(shape) - 1))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    index = rng.integers(0, shape[dim], draw(st.integers(0, 9)))
    return digits(shape, draw(st.sampled_from(DTYPES)), draw(st.integers(0, 99))), dim, index


def written_at(array, dim, index, source):
    result = array.copy()
    for k, to in enumerate(index):
        result[(*[slice(None)] * dim, to)] = source[(*[slice(None)] * dim, k)]
    return result


@given(lists(), st.integers(0, 99))
@settings(deadline=None, max_examples=100)
def test_lists_along_a_dimension(case, which):
    array, dim, index = case
    tensor = laid_out(array, which)
    shape = [index.size if d == dim else n for d, n in enumerate(array.shape)]
    source = digits(tuple(shape), array.dtype.name, which)
    i, s = torch.tensor(index), laid_out(source, which // 3, WRITABLE)
    ours = tensor.contiguous().numpy()
    assert_same(tensor.index_select(dim, i), np.take(ours, index, dim))
    assert_same(torch.index_select(tensor, dim - array.ndim, i.int()), np.take(ours, index, dim))

    def place(k):
        return (*[slice(None)] * dim, k)

    filled, reduced = ours.copy(), {how: ours.copy() for how in ("sum", "prod", "amax", "amin")}
    for k, to in enumerate(index):
        filled[place(to)] = 1
        for how, result in reduced.items():
            result[place(to)] = combine(result[place(to)], source[place(k)], how)
    assert_same(tensor.index_copy(dim, i, s), written_at(ours, dim, index, source))
    assert_same(tensor.index_fill(dim, i, 1), filled)
    assert_same(tensor.index_fill(dim, i - array.shape[dim], torch.tensor(1)), filled)
    assert_same(tensor.index_add(dim, i, s), reduced["sum"])
    for how in ("prod", "amax", "amin"):
        assert_same(tensor.index_reduce(dim, i, s, how), reduced[how], how)
    written = laid_out(array, which, WRITABLE)
    assert written.index_add_(dim, i, s) is written
    assert_same(laid_out(array, which, WRITABLE).index_copy_(dim, i, s), written_at(array, dim, index, source))


def test_index_add_with_alpha():
    x, i = torch.zeros(3, 2), torch.tensor([2, 2, 0])
    assert x.index_add(0, i, torch.ones(3, 2), alpha=0.5).tolist() == [[0.5, 0.5], [0, 0], [1, 1]]
    assert x.int().index_add(0, i, torch.ones(3, 2).int(), alpha=2.9).tolist() == [[2, 2], [0, 0], [4, 4]]


@pytest.mark.parametrize("include_self", [True, False])
def test_means(include_self):
    x, i = torch.tensor([10.0, 20.0, 30.0]), torch.tensor([0, 0, 2])
    s = torch.tensor([1.0, 3.0, 4.0])
    expected = [14 / 3, 20, 17] if include_self else [2, 20, 4]
    np.testing.assert_allclose(x.index_reduce(0, i, s, "mean", include_self=include_self).numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(x.scatter_reduce(0, i, s, "mean", include_self=include_self).numpy(), expected, rtol=1e-6)
    y = torch.tensor([0, 0], dtype=torch.int32)
    assert y.scatter_reduce(0, torch.tensor([0, 0]), torch.tensor([-3, -2], dtype=torch.int32), "mean").tolist() == [-2, 0]


@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_and_infinity(dtype):
    x, i = torch.zeros(3, dtype=dtype_of(dtype)), torch.tensor([0, 1, 2, 0, 1, 2])
    s = torch.tensor([float("nan"), 1, float("-inf"), 2, float("nan"), float("-inf")], dtype=dtype_of(dtype))
    for how in ("amax", "amin"):
        result = x.scatter_reduce(0, i, s, how, include_self=False)
        assert np.isnan(result.numpy()[:2]).all() and result[2] == float("-inf")


@given(st.lists(st.integers(1, 5), max_size=3), st.integers(0, 30), st.integers(0, 99), st.sampled_from(DTYPES))
@settings(deadline=None, max_examples=80)
def test_take_and_put(shape, n, which, dtype):
    array = digits(tuple(shape), dtype, which)
    rng = np.random.default_rng(which)
    index = rng.integers(-array.size, array.size, n)
    values = digits((n,), dtype, which + 1)
    tensor, i = laid_out(array, which, WRITABLE), torch.tensor(index)
    assert_same(tensor.take(i), array.flat[index] if n else np.zeros(0, array.dtype))
    expected, added = array.copy(), array.copy()
    for k, value in zip(index, values, strict=True):
        expected.flat[k] = value
        added.flat[k] = combine(added.flat[k], value, "sum")
    assert_same(tensor.put(i, torch.tensor(values)), expected)
    assert_same(tensor.put_(i, torch.tensor(values), accumulate=True), added)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("shape", [(60000,), (3000, 17), (17, 3000), (4, 3, 2000)])
def test_the_same_bits_for_any_number_of_threads(shape, dtype):
    rng = np.random.default_rng(1)
    x, src = torch.tensor(samples(shape, dtype)), torch.tensor(samples(shape, dtype, 1))
    before, results = torch.get_num_threads(), {}
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            for dim in range(len(shape)):
                rng = np.random.default_rng(dim)
                index = torch.tensor(rng.integers(0, shape[dim], shape))
                line = torch.tensor(rng.integers(0, shape[dim], shape[dim]))
                got = [x.gather(dim, index), x.scatter(dim, index, src), x.scatter_add(dim, index, src),
                       x.index_add(dim, line, src), x.index_copy(dim, line, src), x.index_select(dim, line),
                       x.scatter_reduce(dim, index, src, "mean"), x.index_put((line % shape[0] if dim else line,), src[:1, ...]
                       if len(shape) > 1 else src, accumulate=True) if dim == 0 else x]  # fmt: skip
                got = [bits(tensor) for tensor in got]
                assert results.setdefault(dim, got) == got
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_masks(dtype):
    array = samples((5, 7), dtype)
    mask, values = samples((5, 7), "bool", 4), samples((40,), dtype, 5)
    for name, tensor, same in layouts(array):
        for mask_name, m, mask_values in layouts(mask):
            about = (name, mask_name)
            assert_same(tensor.masked_select(m), same[mask_values], about)
            expected = same.copy()
            expected[mask_values] = values[: mask_values.sum()]
            assert_same(tensor.masked_scatter(m, torch.tensor(values)), expected, about)
            if name in WRITABLE:
                assert_same(tensor.clone().masked_scatter_(m, torch.tensor(values)), expected, about)
        rows = np.argwhere(same)
        assert_same(tensor.nonzero(), rows)
        assert_same(torch.argwhere(tensor), rows)
        for ours, theirs in zip(tensor.nonzero(as_tuple=True), np.nonzero(same), strict=True):
            assert_same(ours, theirs)
        for ours, theirs in zip(torch.where(tensor), np.nonzero(same), strict=True):
            assert_same(ours, theirs)
    assert_same(torch.tensor(array).masked_select(torch.tensor(mask[:1])), array[np.broadcast_to(mask[:1], (5, 7))])


@pytest.mark.parametrize(
    "shape", [(), (0,), (0, 3), (3, 0), (1,), (300, 400), (40, 3, 50, 2), (2, 2, 2, 2, 2, 2, 2), (100000, 2)]
)
def test_nonzero_of_every_shape(shape):
    for share in (0.01, 0.5, 1):
        array = np.random.default_rng(1).random(shape) < share
        tensor = torch.tensor(array)
        expected = np.argwhere(array) if shape else np.zeros((int(array), 0), np.int64)
        assert_same(tensor.nonzero(), expected)
        rows = torch.nonzero_static(tensor, size=5, fill_value=-2)
        padded = np.full((5, len(shape)), -2)
        padded[: len(expected[:5])] = expected[:5]
        assert_same(rows, padded)
    z = torch.tensor(7).nonzero(as_tuple=True)
    assert len(z) == 1 and z[0].tolist() == [0]


def test_unravel_index():
    positions = np.arange(24).reshape(4, 6)
    for ours, theirs in zip(
        torch.unravel_index(torch.tensor(positions), (2, 3, 4)), np.unravel_index(positions, (2, 3, 4)), strict=True
    ):
        assert_same(ours, theirs)
    assert torch.unravel_index(torch.tensor([5]), 7)[0].tolist() == [5]
    with pytest.raises(TypeError, match="expected 'indices' to be integer dtype, but got torch"):
        torch.unravel_index(torch.tensor([5.0]), (7,))
    with pytest.raises(ValueError, match="'shape' cannot have negative values"):
        torch.unravel_index(torch.tensor([5]), (-7,))


def test_take_along_dim():
    array = samples((4, 5), "float32")
    order = array.argsort(1)
    tensor = torch.tensor(array)
    assert_same(tensor.take_along_dim(torch.tensor(order), 1), np.take_along_axis(array, order, 1))
    assert_same(
        tensor.take_along_dim(torch.tensor(order[:1] - 5), dim=1),
        np.take_along_axis(array, np.broadcast_to(order[:1], (4, 5)), 1),
    )
    assert_same(tensor.take_along_dim(torch.tensor([7, 0])), array.flat[[7, 0]])


def test_views_replaced():
    array = np.arange(12.0, dtype="float32").reshape(3, 4)
    for _, tensor, _ in layouts(array):
        if 0 in tensor.stride():
            continue
        expected = array.copy()
        expected[:, 1] = 9
        assert_same(tensor.select_scatter(torch.full((3,), 9.0), 1, -3), expected)
        expected = array.copy()
        expected[1:, :] = 9
        assert_same(tensor.slice_scatter(torch.full((2, 4), 9.0), 0, 1), expected)
        expected = array.copy()
        expected[:, ::3] = 9
        assert_same(tensor.slice_scatter(torch.full((3, 2), 9.0), 1, step=3), expected)
        expected = array.copy()
        expected[[0, 1, 2], [1, 2, 3]] = 9
        assert_same(tensor.diagonal_scatter(torch.full((3,), 9.0), 1), expected)
        assert_same(tensor, array)
    expected = array.copy()
    expected.flat[[1, 2, 5, 6]] = 9
    assert_same(torch.tensor(array).as_strided_scatter(torch.full((2, 2), 9.0), (2, 2), (4, 1), 1), expected)
    part = torch.tensor(array)[1:].as_strided_scatter(torch.full((2,), 9.0), (2,), (1,))
    assert part[0].tolist() == [9, 9, 6, 7]


def test_zero_dimensions():
    z, o = torch.tensor(3.0), torch.tensor([0])
    assert z.gather(0, torch.tensor(0)) == 3 and z.gather(0, torch.tensor([0, 0])).tolist() == [3, 3]
    assert z.index_select(0, o) == 3 and z.take(o).tolist() == [3]
    assert z.scatter(0, torch.tensor(0), 5) == z.index_fill(0, o, 5) == z.index_copy(0, o, torch.tensor([5.0])) == 5
    assert z.index_add(0, torch.tensor(0), torch.tensor(1.0)) == z.scatter_add(0, torch.tensor(0), torch.tensor(1.0)) == 4
    assert z.masked_select(torch.tensor(True)).tolist() == [3]


PLACES = torch.tensor([0, 2])


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda x: x.index_select(0, PLACES * 2), IndexError, "index out of range in self"),
        (lambda x: x.index_select(0, -PLACES), IndexError, "index out of range in self"),
        (lambda x: x.index_select(0, PLACES[None]), IndexError, "index_select(): Index is supposed to be a vector"),
        (lambda x: x.index_select(0, PLACES.float()), RuntimeError, "index_select(): Expected dtype int32 or int64 for index"),
        (lambda x: x.index_select(2, PLACES), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
        (lambda x: x.gather(0, PLACES), RuntimeError, "Index tensor must have the same number of dimensions as input tensor"),
        (lambda x: x.gather(1, PLACES[None] * 2), RuntimeError, "index 4 is out of bounds for dimension 1 with size 4"),
        (lambda x: x.gather(1, PLACES[None] - 1), RuntimeError, "index -1 is out of bounds for dimension 1 with size 4"),
        (lambda x: x.gather(0, torch.zeros(2, 5).long()), RuntimeError, "Size does not match at dimension 1 expected index "
         "[2, 5] to be no larger than self [3, 4] apart from dimension 0"),
        (lambda x: x.scatter_(1, PLACES[None] * 2, 1.0), RuntimeError, "index 4 is out of bounds for dimension 1 with size 4"),
        (lambda x: x.scatter_(1, PLACES[None], torch.ones(1, 1)), RuntimeError, "Expected index [1, 2] to be no larger than self "
         "[3, 4] apart from dimension 1 and to be no larger size than src [1, 1]"),
        (lambda x: x.scatter_(1, PLACES[None], torch.ones(1, 2).int()), RuntimeError, "scatter(): Expected self.dtype to be equal"),
        (lambda x: x.scatter_(1, PLACES[None], 1, reduce="sum"), RuntimeError, "reduce argument must be either add or multiply."),
        (lambda x: x.scatter_add_(1, PLACES[None] - 1, torch.ones(1, 2)), RuntimeError, "index -1 is out of bounds for dimension 1"),
        (lambda x: x.scatter_reduce_(1, PLACES[None], torch.ones(1, 2), "max"), RuntimeError,
         "reduce argument must be either sum, prod, mean, amax or amin, got max"),
        (lambda x: x.index_add_(0, PLACES * 2, torch.ones(2, 4)), RuntimeError, "index 4 is out of bounds for dimension 0 with"),
        (lambda x: x.index_add_(0, PLACES, torch.ones(3, 4)), RuntimeError, "index_add_(): Number of indices (2) should be equal to "
         "source.size(dim): (3), for dim: 0"),
        (lambda x: x.index_copy_(0, PLACES * 2, torch.ones(2, 4)), IndexError, "index_copy_(): index 4 is out of bounds for dim"),
        (lambda x: x.index_fill_(0, PLACES * 2, 1), IndexError, "index 4 is out of bounds for dimension 0 with size 3"),
        (lambda x: x.index_reduce_(0, PLACES * 2, torch.ones(2, 4), "prod"), IndexError, "index out of range in self"),
        (lambda x: x.index_reduce_(0, PLACES, torch.ones(2, 4), "sum"), RuntimeError, "index_reduce(): Expected reduce to be one of"),
        (lambda x: x.take(PLACES * 6), IndexError, "out of range: tried to access index 12 on a tensor of 12 elements."),
        (lambda x: x.put_(PLACES * 6, torch.ones(2)), IndexError, "out of range: tried to access index 12 on a tensor of 12 elem"),
        (lambda x: x.put_(PLACES, torch.ones(3)), IndexError, "put_(): Expected source and index to have the same number of"),
        (lambda x: x.masked_select(PLACES), RuntimeError, "masked_select: expected BoolTensor for mask"),
        (lambda x: x.masked_scatter_(x == 0, torch.ones(3)), RuntimeError, "Number of elements of source < number of ones in"),
        (lambda x: x.masked_scatter_(x, torch.ones(3)), RuntimeError, "masked_scatter_ only supports boolean masks, but got mask "
         "with dtype Float"),
        (lambda x: x.index_copy_(0, PLACES, x[1:]), RuntimeError, "unsupported operation: some elements of the input tensor and the"),
        (lambda x: x[0].expand(3, 4).scatter_(0, PLACES[None], 1), RuntimeError, "unsupported operation: more than one element"),
        (lambda x: torch.gather(x, 0, PLACES[None], out=torch.empty(0).int()), RuntimeError, "Expected out tensor to have dtype float"),
    ],
)  # fmt: skip
def test_errors_leave_the_tensor_as_it_was(call, error, message):
    x = torch.zeros(3, 4)
    with pytest.raises(error) as raised:
        call(x)
    assert str(raised.value).startswith(message)
    assert x.sum() == 0 and x._version == 0


# Every operator that takes indices, writing to x, by an index vector into dim 0: (call, whether negative ones count from the end).
WRITERS = {
    "scatter_": (lambda x, i, v: x.scatter_(0, i, v), False),
    "scatter_ number": (lambda x, i, v: x.scatter_(0, i, 1), False),
    "scatter_ add": (lambda x, i, v: x.scatter_(0, i, v, reduce="add"), False),
    "scatter_ multiply": (lambda x, i, v: x.scatter_(0, i, v, reduce="multiply"), False),
    "scatter_add_": (lambda x, i, v: x.scatter_add_(0, i, v), False),
    **{
        f"scatter_reduce_ {reduce}": (lambda x, i, v, reduce=reduce: x.scatter_reduce_(0, i, v, reduce), False)
        for reduce in ("sum", "prod", "mean", "amax", "amin")
    },
    **{
        f"index_reduce_ {reduce}": (lambda x, i, v, reduce=reduce: x.index_reduce_(0, vector(i), v, reduce), False)
        for reduce in ("prod", "mean", "amax", "amin")
    },
    "index_add_": (lambda x, i, v: x.index_add_(0, vector(i), v), False),
    "index_copy_": (lambda x, i, v: x.index_copy_(0, vector(i), v), False),
    "index_fill_": (lambda x, i, v: x.index_fill_(0, vector(i), 1), True),
    "index_put_": (lambda x, i, v: x.index_put_((vector(i),), v), True),
    "index_put_ accumulate": (lambda x, i, v: x.index_put_((vector(i),), v, accumulate=True), True),
    "x[i] =": (lambda x, i, v: x.__setitem__(vector(i), v), True),
    "x[..., i] =": (lambda x, i, v: x.t().__setitem__((..., vector(i)), 1), True),
    "x[list] =": (lambda x, i, v: x.__setitem__(vector(i).tolist(), 1), True),
    "put_": (lambda x, i, v: x.put_(i * x[:1].numel(), v), True),
    "put_ accumulate": (lambda x, i, v: x.put_(i * x[:1].numel(), v, accumulate=True), True),
    "gather out=": (lambda x, i, v: torch.gather(torch.ones(5), 0, vector(i), out=x.view(-1)[: len(i)]), False),
    "index_select out=": (lambda x, i, v: torch.index_select(torch.ones(5), 0, vector(i), out=x.view(-1)[: len(i)]), False),
    "take out=": (lambda x, i, v: torch.take(torch.ones(5), vector(i), out=x.view(-1)[: len(i)]), True),
    "take_along_dim out=": (
        lambda x, i, v: torch.take_along_dim(torch.ones(5), vector(i), 0, out=x.view(-1)[: len(i)]),
        True,
    ),
    "scatter_add out=": (
        lambda x, i, v: torch.scatter_add(torch.ones(5), 0, vector(i), torch.ones(len(i)), out=x[:, 0]),
        False,
    ),
}
READERS = {
    "gather": (lambda x, i: x.gather(0, i), False),
    "index_select": (lambda x, i: x.index_select(0, vector(i)), False),
    "index_select of columns": (lambda x, i: x.t().index_select(-1, vector(i)), False),
    "take": (lambda x, i: x.take(i * x[:1].numel()), True),
    "take_along_dim": (lambda x, i: x.take_along_dim(i, 0), True),
    "x[i]": (lambda x, i: x[vector(i)], True),
    "x[list]": (lambda x, i: x[vector(i).tolist()], True),
    "x[i, j]": (lambda x, i: x[vector(i), vector(i) * 0], True),
    **{name: (lambda x, i, call=call: call(x, i, torch.ones(i.shape)), wraps) for name, (call, wraps) in WRITERS.items()},
}


def vector(index):
    return index[:, 0] if index.dim() == 2 else index


@pytest.mark.parametrize("name", READERS)
def test_an_index_out_of_range(name):
    """Is an IndexError (and a RuntimeError where PyTorch has that) in every operator, before anything is written."""
    call, wraps = READERS[name]
    for bad, place, wide, layout in itertools.product([5, -6, 2**30, -(2**30), -1], [0, 3], [True, False], range(3)):
        if not wide and name.startswith(("index_copy", "index_fill", "put", "take")):
            continue  # these take int64 only
        x = [torch.full((5, 2), 7.0), torch.full((2, 5), 7.0).t(), torch.full((5, 4), 7.0)[:, ::2]][layout]
        index = torch.zeros(4, 2, dtype=torch.int64 if wide else torch.int32)
        index[place] = bad
        if name.endswith("out=") and layout:
            continue
        if bad == -1 and wraps:
            call(x, index)
            continue
        with pytest.raises(IndexError) as raised:
            call(x, index)
        assert isinstance(raised.value, RuntimeError) == (type(raised.value) is torch.IndexOutOfRangeError)
        assert (x == 7).all() and x._version == 0, (name, bad, place)


@pytest.mark.parametrize("bad", [0, 99_999, 200_000])
def test_an_index_out_of_range_far_down_a_long_list(bad):
    index = torch.zeros(200_001, dtype=torch.int64)
    index[bad] = 50
    x, ones = torch.zeros(50), torch.ones(200_001)
    for call in (
        lambda: x[index],
        lambda: x.__setitem__(index, 1),
        lambda: x.index_add_(0, index, ones),
        lambda: x.scatter_(0, index, 1),
        lambda: x.gather(0, index),
        lambda: x.put_(index, ones),
    ):
        with pytest.raises(IndexError):
            call()
    assert x.sum() == 0
