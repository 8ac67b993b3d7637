"""Pooling against naive windows in NumPy."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wengert as torch
from reference import FLOATS, assert_same, bits, dtype_of, layouts

F = torch._C.functions
NAN, INF = float("nan"), float("inf")
floats = pytest.mark.parametrize("dtype", FLOATS)


def each(value, dims):
    return (value,) * dims if isinstance(value, int) else tuple(value)


def windows(size, kernel, stride, padding=0, dilation=1, ceil=False):
    """For each window along one axis: the places of its elements, those outside too."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (-(-room // stride) if ceil else room // stride) + 1
    if ceil and (count - 1) * stride >= size + padding:
        count -= 1
    return [[o * stride - padding + k * dilation for k in range(kernel)] for o in range(count)]


def pooled(x, dims, axes, reduce):
    """reduce(plane, places of each axis) for every window of every plane, stacked."""
    shape, lead = [len(axis) for axis in axes], x.shape[: x.ndim - dims]
    planes = x.reshape(-1, *x.shape[x.ndim - dims :])
    results = [reduce(plane, window) for plane in planes for window in itertools.product(*axes)]
    return np.array(results).reshape(*lead, *shape, *np.shape(results[0] if results else ()))


def inside(plane, window):
    return [[i for i in places if 0 <= i < size] for places, size in zip(window, plane.shape, strict=True)]


def largest(plane, window):
    places = inside(plane, window)
    values = plane[np.ix_(*places)]
    flat = np.arange(plane.size).reshape(plane.shape)[np.ix_(*places)].ravel()
    found = np.flatnonzero(np.isnan(values.ravel()))
    at = found[-1] if len(found) else np.argmax(values)
    return values.ravel()[at], flat[at]


def max_reference(x, dims, kernel, stride=None, padding=0, dilation=1, ceil_mode=False):
    stride = kernel if stride is None else stride
    numbers = zip(*(each(value, dims) for value in (kernel, stride, padding, dilation)), strict=True)
    axes = [windows(size, *four, ceil_mode) for size, four in zip(x.shape[-dims:], numbers, strict=True)]
    pairs = pooled(x, dims, axes, largest)
    return pairs[..., 0].astype(x.dtype), pairs[..., 1].astype("int64")


def mean_reference(x, dims, kernel, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None):
    stride = kernel if stride is None else stride
    padding = each(padding, dims)
    numbers = zip(each(kernel, dims), each(stride, dims), padding, strict=True)
    axes = [windows(size, *three, 1, ceil_mode) for size, three in zip(x.shape[-dims:], numbers, strict=True)]

    def mean(plane, window):
        places = inside(plane, window)
        limits = zip(window, plane.shape, padding, strict=True)
        padded = [sum(i < size + p for i in places) for places, size, p in limits]
        count = np.prod(padded) if count_include_pad else np.prod([len(axis) for axis in places])
        return plane[np.ix_(*places)].sum() / (divisor_override or count)

    return pooled(x.astype("float64"), dims, axes, mean)


def adaptive_axes(sizes, output):
    return [
        [range(i * s // n, -(-(i + 1) * s // n)) for i in range(n)]
        for s, n in zip(sizes, each(output, len(sizes)), strict=True)
    ]


def values(*shape, dtype="float64", seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype(dtype)


CASES = [  # sizes, kernel_size, options
    ((28, 28), 2, {}),
    ((14, 15), 2, {"ceil_mode": True}),
    ((9, 70), 3, {"stride": 2, "padding": 1}),
    ((9, 9), 3, {"stride": 1, "padding": 1}),
    ((8, 7), (2, 3), {"stride": (3, 1)}),
    ((3, 3), 3, {"padding": 1, "ceil_mode": True, "stride": 2}),
    ((5, 5), 5, {}),
    ((1, 1), 1, {}),
    ((40,), 4, {"stride": 3, "ceil_mode": True}),
    ((100,), 2, {}),
    ((6, 5, 7), 2, {}),
    ((6, 5, 7), (2, 3, 2), {"stride": (1, 2, 3), "padding": (1, 1, 0), "ceil_mode": True}),
]


@floats
@pytest.mark.parametrize("case", CASES, ids=map(str, CASES))
def test_max_pool(case, dtype):
    sizes, kernel, options = case
    dims = len(sizes)
    for x in (values(2, 3, *sizes, dtype=dtype), values(3, *sizes, dtype=dtype)):
        expected, places = max_reference(x, dims, kernel, **options)
        assert_same(F[f"max_pool{dims}d"](torch.tensor(x), kernel, **options), expected)
        result = F[f"max_pool{dims}d_with_indices"](torch.tensor(x), kernel, **options)
        assert_same(result.values, expected)
        assert_same(result.indices, places)


@floats
def test_max_pool_with_holes(dtype):
    for dims, dilation, padding in [(1, 2, 0), (1, 3, 1), (2, 2, 1), (2, (1, 3), (0, 1)), (3, 2, 1)]:
        x = values(2, *[9] * dims, dtype=dtype)
        expected, places = max_reference(x, dims, 2, 2, padding, dilation)
        result = F[f"max_pool{dims}d_with_indices"](torch.tensor(x), 2, 2, padding, dilation)
        assert_same(result[0], expected)
        assert_same(result[1], places)


@floats
def test_max_pool_of_special_elements(dtype):
    """The last NaN of a window wins; of equal elements, -inf too, the first inside of the input."""
    x = np.array([[[NAN, 1, 2, -INF], [3, NAN, -INF, -INF], [0, 0, INF, 5], [0, -0.0, 5, INF]]], dtype)
    for options in ({"stride": 2}, {"stride": 1}, {"stride": 2, "padding": 1}, {"stride": 1, "padding": 1}):
        result = F["max_pool2d_with_indices"](torch.tensor(x), 2, **options)
        expected, places = max_reference(x, 2, 2, **options)
        assert_same(result[0], expected, options)
        assert_same(result[1], places, options)
    lowest = torch.full((1, 5, 5), -INF, dtype=dtype_of(dtype))
    values, places = F["max_pool2d_with_indices"](lowest, 3, 2, 1)
    assert (values == -INF).all() and places.tolist() == [[[0, 1, 3], [5, 6, 8], [15, 16, 18]]]


@floats
@pytest.mark.parametrize("case", CASES, ids=map(str, CASES))
def test_avg_pool(case, dtype):
    sizes, kernel, options = case
    dims = len(sizes)
    ways = [{}, {"count_include_pad": False}] + ([{"divisor_override": 3}, {"divisor_override": -2}] if dims > 1 else [])
    for x in (values(2, 3, *sizes, dtype=dtype), values(3, *sizes, dtype=dtype)):
        for way in ways:
            result = F[f"avg_pool{dims}d"](torch.tensor(x), kernel, **options, **way)
            expected = mean_reference(x, dims, kernel, **options, **way)
            assert result.dtype == dtype_of(dtype)
            np.testing.assert_allclose(result.numpy(), expected, rtol=0, atol=1e-6 if dtype == "float32" else 1e-14)


@floats
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_adaptive(dims, dtype):
    sizes = (7, 12, 6)[:dims]
    x = values(2, 3, *sizes, dtype=dtype)
    for output in (1, 2, 3, 5, (3, 4, 2)[:dims], sizes, (9, 13, 7)[:dims]):
        axes = adaptive_axes(sizes, output)
        expected = pooled(x.astype("float64"), dims, axes, lambda plane, window: plane[np.ix_(*window)].mean())
        result = F[f"adaptive_avg_pool{dims}d"](torch.tensor(x), output)
        np.testing.assert_allclose(result.numpy(), expected, rtol=0, atol=1e-6 if dtype == "float32" else 1e-14)
        pairs = pooled(x, dims, axes, largest)
        result = F[f"adaptive_max_pool{dims}d"](torch.tensor(x), output)
        assert_same(result.values, pairs[..., 0].astype(dtype))
        assert_same(result.indices, pairs[..., 1].astype("int64"))
        assert_same(F[f"adaptive_max_pool{dims}d"](torch.tensor(x[0]), output)[1], pairs[0, ..., 1].astype("int64"))
    assert F[f"adaptive_avg_pool{dims}d"](torch.tensor(x), 0).shape == (2, 3, *[0] * dims)


@floats
def test_gradients_are_the_transposes(dtype):
    """<gradient(g), x> = <g, pool(x)> for the linear ones; the maximum's adds g at the places."""
    close = {"rtol": 1e-5 if dtype == "float32" else 1e-12}
    for sizes, kernel, options in CASES:
        dims = len(sizes)
        x = torch.tensor(values(2, 3, *sizes, dtype=dtype))
        for way in ({}, {"count_include_pad": False}):
            result = F[f"avg_pool{dims}d"](x, kernel, **options, **way)
            grad = torch.tensor(values(*result.shape, dtype=dtype, seed=1))
            back = F["_avg_pool_gradient"](grad, x.shape, each(kernel, dims), **options, **way)
            assert back.shape == x.shape
            np.testing.assert_allclose((back * x).sum().item(), (grad * result).sum().item(), atol=1e-4, **close)
        result, places = F[f"max_pool{dims}d_with_indices"](x, kernel, **options)
        grad = torch.tensor(values(*result.shape, dtype=dtype, seed=1))
        back = F["_max_pool_gradient"](grad, places, x.shape, dims)
        expected = np.zeros((6, int(np.prod(sizes))), dtype)
        for plane, at, g in zip(expected, places.numpy().reshape(6, -1), grad.numpy().reshape(6, -1), strict=True):
            np.add.at(plane, at, g)
        assert_same(back, expected.reshape(x.shape))
    for dims in (1, 2, 3):
        x = torch.tensor(values(2, 3, *(7, 6, 5)[:dims], dtype=dtype))
        for output in (1, 2, 3, 9):
            result = F[f"adaptive_avg_pool{dims}d"](x, output)
            grad = torch.tensor(values(*result.shape, dtype=dtype, seed=1))
            back = F["_adaptive_avg_pool_gradient"](grad, x.shape, dims)
            np.testing.assert_allclose((back * x).sum().item(), (grad * result).sum().item(), atol=1e-4, **close)


@given(st.data())
def test_any_numbers(data):
    draw = data.draw
    dims = draw(st.integers(1, 3))
    numbers = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(dims))  # noqa: E731
    kernel, stride, dilation = numbers(1, 3), numbers(1, 3), numbers(1, 3)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(kernel, padding, dilation, strict=True)]
    x, ceil = values(2, *(n + draw(st.integers(0, 6)) for n in least)), draw(st.booleans())
    expected, places = max_reference(x, dims, kernel, stride, padding, dilation, ceil)
    result = F[f"max_pool{dims}d_with_indices"](torch.tensor(x), kernel, stride, padding, dilation, ceil)
    assert_same(result[0], expected)
    assert_same(result[1], places)


@floats
def test_layouts(dtype):
    for name, ours, array in layouts(values(2, 6, 9, dtype=dtype)):
        if array.shape[-2:] == (6, 9):
            assert_same(torch.max_pool2d(ours, 2), max_reference(array, 2, 2)[0], name)
            np.testing.assert_allclose(F["avg_pool2d"](ours, 2).numpy(), mean_reference(array, 2, 2), rtol=1e-5, atol=1e-6)


def test_no_elements():
    for name in ("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d"):
        assert F[name](torch.zeros(0, 3, 8, 8), 2).shape == ((0, 3, 2, 2) if "adaptive" in name else (0, 3, 4, 4))
    assert F["max_pool2d_with_indices"](torch.zeros(0, 3, 8, 8), 2)[1].shape == (0, 3, 4, 4)
    assert F["_max_pool_gradient"](torch.zeros(0, 3, 4, 4), torch.zeros(0, 3, 4, 4).long(), (0, 3, 8, 8), 2).shape == (
        0,
        3,
        8,
        8,
    )
    assert F["_avg_pool_gradient"](torch.zeros(0, 3, 4, 4), (0, 3, 8, 8), (2, 2)).shape == (0, 3, 8, 8)
    assert not F["_adaptive_avg_pool_gradient"](torch.zeros(2, 3, 0, 0), (2, 3, 8, 8), 2).any()


def test_same_bits_for_any_thread_count():
    results = []
    x = torch.tensor(values(8, 16, 30, 31, dtype="float32"))
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        best, places = F["max_pool2d_with_indices"](x, 3, 2, 1)
        mean = F["avg_pool2d"](x, 3, 2, 1)
        results.append(
            [
                bits(best),
                bits(places),
                bits(mean),
                bits(F["_max_pool_gradient"](best, places, x.shape, 2)),
                bits(F["_avg_pool_gradient"](mean, x.shape, (3, 3), 2, 1)),
                bits(F["adaptive_avg_pool2d"](x, 7)),
            ]
        )
    assert results[0] == results[1] == results[2]


ERRORS = [
    ("max_pool2d", (2, 3, 8, 8), (3, 0), RuntimeError, "stride should not be zero"),
    ("max_pool2d", (2, 3, 8, 8), (-1,), RuntimeError, "kernel size should be greater than zero"),
    (
        "max_pool2d",
        (2, 3, 8, 8),
        ((1, 2, 3),),
        RuntimeError,
        "max_pool2d: kernel_size must either be a single int, or a tuple of two ints",
    ),
    (
        "max_pool2d",
        (2, 3, 8, 8),
        (3, (1, 2, 3)),
        RuntimeError,
        "max_pool2d: stride must either be omitted, a single int, or a tuple of two ints",
    ),
    (
        "max_pool2d",
        (2, 3, 8, 8),
        (3, 1, 2),
        RuntimeError,
        "pad should be at most half of effective kernel size, but got pad=2, kernel_size=3 and dilation=1",
    ),
    ("max_pool2d", (2, 3, 8, 8), (3, 1, -1), RuntimeError, "pad must be non-negative, but got pad: -1"),
    ("max_pool2d", (2, 3, 8, 8), (3, 1, 0, 0), RuntimeError, "dilation should be greater than zero"),
    (
        "max_pool2d",
        (2, 3, 8, 8),
        (9,),
        RuntimeError,
        r"Given input size: \(3x8x8\). Calculated output size: \(3x0x0\). Output size is too small",
    ),
    ("max_pool2d", (8, 8), (2,), RuntimeError, r"non-empty 3D or 4D \(batch mode\) tensor expected for input"),
    (
        "max_pool2d",
        (2, 0, 8, 8),
        (2,),
        RuntimeError,
        r"Expected 3D or 4D \(batch mode\) tensor with optional 0 dim batch size for input, but got:\[2, 0, 8, 8\]",
    ),
    (
        "max_pool1d",
        (8,),
        (2,),
        RuntimeError,
        r"max_pool1d: Expected 2D or 3D \(batch mode\) tensor with optional 0 dim batch size for input, but got:\[8\]",
    ),
    ("avg_pool2d", (2, 3, 8, 8), (3, 1, 0, False, True, 0), RuntimeError, "divisor must be not zero"),
    ("avg_pool2d", (2, 3, 8, 8), (9,), RuntimeError, "Output size is too small"),
    (
        "adaptive_avg_pool2d",
        (2, 3, 8, 8),
        ((-1, 2),),
        RuntimeError,
        "elements of output_size must be greater than or equal to 0",
    ),
    ("adaptive_avg_pool2d", (2, 3, 8, 8), ((1, 2, 3),), RuntimeError, "adaptive_avg_pool2d: output_size must be 2"),
    ("adaptive_avg_pool2d", (8, 8), (2,), RuntimeError, r"adaptive_avg_pool2d\(\): Expected 3D or 4D tensor, but got \[8, 8\]"),
    (
        "adaptive_max_pool2d",
        (2, 3, 0, 8),
        (2,),
        RuntimeError,
        "non-zero size for non-batch dimensions, but input has sizes .* with dimension 2 being empty",
    ),
]


@pytest.mark.parametrize("case", ERRORS, ids=[f"{c[0]}-{c[1]}-{c[2]}" for c in ERRORS])
def test_errors(case):
    name, shape, arguments, kind, message = case
    with pytest.raises(kind, match=message):
        F[name](torch.zeros(shape), *arguments)


def test_other_errors():
    for name in ("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d"):
        with pytest.raises(NotImplementedError, match=f"\"{name}\" not implemented for 'Bool'"):
            F[name](torch.zeros(1, 4, 4).bool(), 2)
    gradient = F["_max_pool_gradient"]
    with pytest.raises(RuntimeError, match="expected indices of dtype int64"):
        gradient(torch.zeros(1, 2), torch.zeros(1, 2), (1, 4), 1)
    with pytest.raises(torch.IndexOutOfRangeError, match="an index is out of range for planes of 4 elements"):
        gradient(torch.zeros(1, 2), torch.tensor([[0, 4]]), (1, 4), 1)
    with pytest.raises(RuntimeError, match="expected a gradient of shape"):
        F["_avg_pool_gradient"](torch.zeros(1, 3), (1, 4), (2,))


@pytest.mark.parity
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_parity(dims):
    functional = pytest.importorskip("torch.nn.functional")
    theirs = pytest.importorskip("torch")
    rng = np.random.default_rng(dims)
    for _ in range(100):
        kernel, stride, dilation = (int(rng.integers(1, 4)) for _ in range(3))
        ceil, padding = bool(rng.integers(2)), int(rng.integers(0, kernel // 2 + 1))
        x = rng.standard_normal((2, 3, *rng.integers(max(1, dilation * (kernel - 1) + 1), 12, dims))).astype("float32")
        x[rng.random(x.shape) < 0.02] = rng.choice([NAN, -INF, INF])
        ours, other = torch.tensor(x), theirs.tensor(x)
        pair = getattr(functional, f"max_pool{dims}d_with_indices")(other, kernel, stride, padding, dilation, ceil)
        result = F[f"max_pool{dims}d_with_indices"](ours, kernel, stride, padding, dilation, ceil)
        assert_same(result[0], pair[0].numpy())
        assert_same(result[1], pair[1].numpy())
        include = bool(rng.integers(2))
        mean = getattr(functional, f"avg_pool{dims}d")(other, kernel, stride, padding, ceil, include).numpy()
        np.testing.assert_allclose(
            F[f"avg_pool{dims}d"](ours, kernel, stride, padding, ceil, include).numpy(), mean, rtol=1e-5, atol=1e-6
        )
        output = [int(n) for n in rng.integers(1, 14, dims)]
        mean = getattr(functional, f"adaptive_avg_pool{dims}d")(other, output).numpy()
        np.testing.assert_allclose(F[f"adaptive_avg_pool{dims}d"](ours, output).numpy(), mean, rtol=1e-5, atol=1e-6)
        pair = getattr(functional, f"adaptive_max_pool{dims}d")(other, output, return_indices=True)
        result = F[f"adaptive_max_pool{dims}d"](ours, output)
        assert_same(result[0], pair[0].numpy())
        assert_same(result[1], pair[1].numpy())
