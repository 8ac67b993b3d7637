"""Convolutions, transposed convolutions and their gradients against naive sums over the kernel's elements in float64."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wengert as torch
from reference import FLOATS, bits, layouts

forward_of = torch._C.functions["_conv_forward"]
input_gradient = torch._C.functions["_conv_input_gradient"]
weight_gradient = torch._C.functions["_conv_weight_gradient"]
floats = pytest.mark.parametrize("dtype", FLOATS)
TOLERANCE = {"float32": 2e-5, "float64": 1e-13}


def each(value, dims):
    return (value,) * dims if isinstance(value, int) else tuple(value)


def taps(x, weight, count, stride, padding, dilation, groups):
    """(kernel element, the view of padded x that it meets) for each; x is (N, C, ...), padding that before the first."""
    dims = weight.ndim - 2
    stride, padding, dilation = each(stride, dims), each(padding, dims), each(dilation, dims)
    reach = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(count, stride, weight.shape[2:], dilation, strict=True)]
    after = [max(0, r - p - n) for r, p, n in zip(reach, padding, x.shape[2:], strict=True)]
    padded = np.pad(x, [(0, 0), (0, 0), *zip(padding, after, strict=True)])
    for element in np.ndindex(weight.shape[2:]):
        where = tuple(
            slice(k * d, k * d + (n - 1) * s + 1, s) if n else slice(0)
            for k, d, n, s in zip(element, dilation, count, stride, strict=True)
        )
        yield element, padded[(..., *where)], padded, where


def reference(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, count=None):
    x, weight = x.astype("float64"), weight.astype("float64")
    dims = weight.ndim - 2
    if count is None:
        numbers = zip(x.shape[2:], each(padding, dims), each(dilation, dims), weight.shape[2:], each(stride, dims), strict=True)
        count = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, p, d, k, s in numbers]
    out = np.zeros((len(x), len(weight), *count))
    channels, results = weight.shape[1], len(weight) // groups
    for element, view, *_ in taps(x, weight, count, stride, padding, dilation, groups):
        for g in range(groups):
            kernel = weight[(slice(g * results, (g + 1) * results), slice(None), *element)]
            out[:, g * results : (g + 1) * results] += np.einsum(
                "mc,nc...->nm...", kernel, view[:, g * channels : (g + 1) * channels]
            )
    return out if bias is None else out + bias.astype("float64").reshape(-1, *[1] * dims)


def reference_gradients(grad, x, weight, stride=1, padding=0, dilation=1, groups=1):
    """To the input and the weight, from the same pairs of elements."""
    grad, x, weight = (a.astype("float64") for a in (grad, x, weight))
    dims, count = weight.ndim - 2, grad.shape[2:]
    to_weight, total = np.zeros_like(weight), None
    channels, results = weight.shape[1], len(weight) // groups
    for element, view, padded, where in taps(x, weight, count, stride, padding, dilation, groups):
        total = np.zeros_like(padded) if total is None else total
        for g in range(groups):
            m, c = slice(g * results, (g + 1) * results), slice(g * channels, (g + 1) * channels)
            to_weight[(m, slice(None), *element)] = np.tensordot(grad[:, m], view[:, c], [[0, *range(2, 2 + dims)]] * 2)
            total[(slice(None), c, *where)] += np.einsum("mc,nm...->nc...", weight[(m, slice(None), *element)], grad[:, m])
    inside = tuple(slice(p, p + n) for p, n in zip(each(padding, dims), x.shape[2:], strict=True))
    return total[(..., *inside)], to_weight


def close(result, expected, dtype, about=None):
    assert str(result.dtype) == f"torch.{dtype}" and tuple(result.shape) == expected.shape, (
        about,
        result.shape,
        expected.shape,
    )
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(result.numpy(), expected, rtol=0, atol=TOLERANCE[dtype] * scale, err_msg=str(about))


def random(*shape, dtype="float64", seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype(dtype)


def check(name, x, weight, bias, dtype, **options):
    """Forward, both gradients, and the transposed convolution, which is the first of them."""
    arrays = [None if a is None else a.astype(dtype) for a in (x, weight, bias)]
    tensors = [None if a is None else torch.tensor(a) for a in arrays]
    result = getattr(torch, name)(*tensors, **options)
    expected = reference(*arrays, **options)
    close(result, expected, dtype, options)
    grad = random(*expected.shape, dtype=dtype, seed=1)
    to_input, to_weight = reference_gradients(grad, arrays[0], arrays[1], **options)
    numbers = [options.get(key, value) for key, value in {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}.items()]
    spread = [value if i == 3 else each(value, weight.ndim - 2) for i, value in enumerate(numbers)]
    ours = torch.tensor(grad)
    close(input_gradient(ours, tensors[1], x.shape, *spread), to_input, dtype, options)
    close(weight_gradient(ours, tensors[0], weight.shape, *spread), to_weight, dtype, options)
    close(forward_of(tensors[0], tensors[1], expected.shape, *spread), reference(*arrays[:2], **options), dtype, options)


CASES = [  # sizes, channels of a group, results of a group, kernel, options
    ((28, 28), 1, 16, (3, 3), {}),
    ((28, 28), 1, 16, (5, 5), {"padding": 2}),
    ((14, 14), 16, 32, (3, 3), {"padding": 1}),
    ((7, 7), 32, 9, (3, 3), {"padding": 1}),
    ((56, 17), 3, 5, (3, 3), {"padding": 1, "stride": 2}),
    ((13, 11), 4, 6, (3, 2), {"stride": (2, 3), "padding": (1, 0)}),
    ((9, 9), 2, 3, (3, 3), {"dilation": 2}),
    ((12, 9), 2, 3, (3, 2), {"dilation": (2, 3), "stride": (3, 2), "padding": (2, 1)}),
    ((6, 6), 2, 3, (2, 2), {"stride": 4}),  # input that no result sees
    ((3, 3), 2, 3, (5, 5), {"padding": 2}),  # a kernel larger than the input
    ((1, 1), 5, 7, (3, 3), {"padding": 1}),
    ((5, 5), 3, 8, (5, 5), {}),  # one result
    ((8, 8), 20, 30, (1, 1), {}),
    ((8, 8), 20, 30, (1, 1), {"stride": 2}),
    ((6, 6), 3, 4, (3, 3), {"groups": 2, "padding": 1}),
    ((10, 10), 1, 1, (3, 3), {"groups": 6, "padding": 1}),
    ((10, 9), 1, 2, (3, 3), {"groups": 5, "padding": 1, "stride": 2}),
    ((7, 70), 1, 1, (5, 3), {"groups": 3, "padding": 2, "dilation": (1, 2)}),
    ((9, 9), 1, 9, (3, 3), {"groups": 2}),
    ((40,), 3, 5, (7,), {"padding": 3}),
    ((200,), 1, 1, (9,), {"groups": 4, "stride": 3}),
    ((33,), 4, 6, (2,), {"stride": 2, "dilation": 3}),
    ((4, 5, 6), 3, 4, (3, 2, 3), {"padding": 1}),
    ((6, 5, 9), 2, 3, (2, 2, 2), {"stride": 2, "dilation": (1, 2, 3), "padding": (1, 0, 2)}),
    ((4, 4, 4), 1, 1, (3, 3, 3), {"groups": 3, "padding": 1, "stride": (2, 1, 2)}),
    ((6, 6), 150, 20, (3, 3), {"padding": 1}),  # more terms than one block of the product has
]


@floats
@pytest.mark.parametrize("case", CASES, ids=[f"{c[0]}-{c[1]}-{c[2]}-{c[3]}-{c[4]}" for c in CASES])
def test_convolutions(case, dtype):
    sizes, channels, results, kernel, options = case
    groups = options.get("groups", 1)
    for batch, with_bias in ((1, False), (3, True)):
        x = random(batch, channels * groups, *sizes)
        weight = random(results * groups, channels, *kernel, seed=2)
        bias = random(results * groups, seed=3) if with_bias else None
        check(f"conv{len(sizes)}d", x, weight, bias, dtype, **options)


@floats
def test_sizes_around_the_tiles(dtype):
    """Widths and numbers of channels around those of vectors and register tiles, batches of small images."""
    for width, results in [(1, 1), (2, 7), (15, 8), (16, 9), (17, 17), (47, 49), (48, 5), (49, 33), (97, 3), (130, 2)]:
        check("conv2d", random(2, 3, 4, width), random(results, 3, 3, 3, seed=1), random(results), dtype, padding=1)
    for batch in (1, 2, 5, 40, 100):
        check("conv2d", random(batch, 4, 3, 3), random(6, 4, 3, 3, seed=1), random(6), dtype, padding=1)
        check("conv2d", random(batch, 4, 4, 4), random(6, 4, 2, 2, seed=1), None, dtype, stride=2)
    check("conv2d", random(2, 24, 60, 64), random(5, 24, 3, 3, seed=1), None, dtype, padding=1)  # several bands


@floats
def test_unbatched(dtype):
    for dims in (1, 2, 3):
        x, weight, bias = random(3, *[6] * dims, dtype=dtype), random(4, 3, *[3] * dims, dtype=dtype), random(4, dtype=dtype)
        result = getattr(torch, f"conv{dims}d")(torch.tensor(x), torch.tensor(weight), torch.tensor(bias))
        close(result, reference(x[None], weight, bias)[0], dtype)
        swapped = np.ascontiguousarray(weight.swapaxes(0, 1))
        grad = random(4, *[6] * dims, dtype=dtype)
        result = getattr(torch, f"conv_transpose{dims}d")(torch.tensor(grad), torch.tensor(weight))
        shape = (1, 3, *[8] * dims)
        close(result, reference_gradients(grad[None], np.zeros(shape), weight)[0][0], dtype)
        assert swapped.shape[0] == 3


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_same_and_valid(dims):
    for kernel, dilation in itertools.product((1, 2, 3, 4), (1, 2)):
        x, weight = random(2, 3, *[9] * dims), random(4, 3, *[kernel] * dims)
        result = getattr(torch, f"conv{dims}d")(torch.tensor(x), torch.tensor(weight), padding="same", dilation=dilation)
        before = dilation * (kernel - 1) // 2
        expected = reference(x, weight, padding=before, dilation=dilation, count=[9] * dims)
        close(result, expected, "float64", (kernel, dilation))
        result = getattr(torch, f"conv{dims}d")(torch.tensor(x), torch.tensor(weight), padding="valid")
        close(result, reference(x, weight), "float64", kernel)


@floats
def test_layouts(dtype):
    """Any strides of input, weight and bias."""
    x, weight = random(4, 6, 5, dtype=dtype), random(2, 6, 3, dtype=dtype)
    for (name, ours, array), (_, kernel, weights) in itertools.product(layouts(x), layouts(weight)):
        if array.shape[1:] == (6, 5) and weights.shape == (2, 6, 3):
            close(torch.conv1d(ours, kernel), reference(array, weights), dtype, name)
    image = torch.tensor(random(2, 8, 8, 3, dtype=dtype)).permute(0, 3, 1, 2)
    kernel = torch.tensor(random(3, 3, 3, 4, dtype=dtype)).permute(3, 2, 1, 0)
    close(torch.conv2d(image, kernel), reference(image.numpy(), kernel.numpy()), dtype)
    bias = torch.tensor(random(8, dtype=dtype))[::2]
    close(torch.conv2d(image, kernel, bias), reference(image.numpy(), kernel.numpy(), bias.numpy()), dtype)
    grad = torch.ones(1, 1, 1, 1, dtype=image.dtype).expand(2, 4, 6, 6)
    to_input, to_weight = reference_gradients(grad.numpy(), image.numpy(), kernel.numpy())
    close(input_gradient(grad, kernel, image.shape), to_input, dtype)
    close(weight_gradient(grad, image, kernel.shape), to_weight, dtype)


@floats
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_transposed(dims, dtype):
    sizes = (5, 4, 6)[:dims]
    for stride, padding, more, dilation, groups, kernel in [
        (1, 0, 0, 1, 1, 3),
        (2, 1, 1, 1, 1, 3),
        (3, 0, 2, 1, 2, 2),
        (2, 0, 0, 2, 1, 3),
        (2, 1, 1, 2, 2, 2),
        (3, 1, 0, 2, 1, 4),
        (4, 0, 0, 1, 1, 2),
    ]:
        x, weight = random(2, 2 * groups, *sizes, dtype=dtype), random(2 * groups, 3, *[kernel] * dims, dtype=dtype)
        bias = random(3 * groups, dtype=dtype)
        shape = [(n - 1) * stride - 2 * padding + dilation * (kernel - 1) + more + 1 for n in sizes]
        expected, _ = reference_gradients(x, np.zeros((2, 3 * groups, *shape)), weight, stride, padding, dilation, groups)
        function = getattr(torch, f"conv_transpose{dims}d")
        about = (stride, padding, more, dilation, groups, kernel)
        tensors = torch.tensor(x), torch.tensor(weight)
        options = {"stride": stride, "padding": padding, "output_padding": more, "groups": groups, "dilation": dilation}
        close(function(*tensors, **options), expected, dtype, about)
        close(function(*tensors, torch.tensor(bias), **options), expected + bias.reshape(-1, *[1] * dims), dtype, about)


@given(st.data())
def test_any_numbers(data):
    """Every combination of sizes, strides, paddings, dilations and groups."""
    draw = data.draw
    dims = draw(st.integers(1, 3))
    numbers = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(dims))  # noqa: E731
    kernel, stride, padding, dilation = numbers(1, 3), numbers(1, 3), numbers(0, 2), numbers(1, 3)
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in zip(kernel, padding, dilation, strict=True)]
    sizes = tuple(n + draw(st.integers(0, 6)) for n in least)
    groups, channels, results = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    x, weight = random(draw(st.integers(1, 3)), channels * groups, *sizes), random(results * groups, channels, *kernel)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    check(f"conv{dims}d", x, weight, random(len(weight)), draw(st.sampled_from(FLOATS)), **options)


def test_no_elements():
    assert torch.conv2d(torch.zeros(0, 3, 8, 8), torch.zeros(4, 3, 3, 3)).shape == (0, 4, 6, 6)
    result = torch.conv2d(torch.zeros(2, 0, 8, 8), torch.zeros(4, 0, 3, 3))
    assert result.shape == (2, 4, 6, 6) and not result.any()
    assert (torch.conv2d(torch.zeros(2, 0, 8, 8), torch.zeros(4, 0, 3, 3), torch.ones(4)) == 1).all()
    assert torch.conv_transpose2d(torch.zeros(0, 3, 8, 8), torch.zeros(3, 4, 3, 3)).shape == (0, 4, 10, 10)
    grad = torch.zeros(0, 4, 6, 6)
    assert input_gradient(grad, torch.zeros(4, 3, 3, 3), (0, 3, 8, 8)).shape == (0, 3, 8, 8)
    assert not weight_gradient(grad, torch.zeros(0, 3, 8, 8), (4, 3, 3, 3)).any()


@floats
def test_not_a_number_stays_where_it_belongs(dtype):
    """Padding counts as zero, not as zero times something; NaN and inf reach what sees them and nothing else."""
    for groups in (1, 3):
        x = random(2, 3, 9, 9, dtype=dtype)
        x[0, 1, 4, 4], x[1, 2, 0, 0] = np.nan, np.inf
        weight = np.abs(random(3, 3 // groups, 3, 3, dtype=dtype)) + 1
        with np.errstate(invalid="ignore"):
            expected = reference(x, weight, padding=1, groups=groups)
        result = torch.conv2d(torch.tensor(x), torch.tensor(weight), padding=1, groups=groups).numpy()
        assert (np.isnan(result) == np.isnan(expected)).all() and (np.isinf(result) == np.isinf(expected)).all()


def test_same_bits_for_any_thread_count():
    results = []
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        results.append([])
        for x, weight, options in [
            ((32, 1, 28, 28), (16, 1, 3, 3), {}),
            ((20, 16, 14, 14), (32, 16, 3, 3), {"padding": 1}),
            ((1, 64, 30, 30), (24, 64, 3, 3), {"padding": 1, "stride": 2}),
            ((1, 96, 6, 6), (96, 96, 3, 3), {"padding": 1}),
            ((40, 32, 4, 4), (16, 32, 3, 3), {"padding": 1}),
            ((4, 32, 40, 40), (32, 1, 3, 3), {"padding": 1, "groups": 32}),
        ]:
            x, weight = torch.tensor(random(*x, dtype="float32")), torch.tensor(random(*weight, dtype="float32"))
            result = torch.conv2d(x, weight, **options)
            options = {k: (v,) if k != "groups" else v for k, v in options.items()}
            results[-1].append(bits(result))
            results[-1].append(bits(input_gradient(result, weight, x.shape, **options)))
            results[-1].append(bits(weight_gradient(result, x, weight.shape, **options)))
    assert results[0] == results[1] == results[2]


ERRORS = [
    (
        (2, 3, 8, 8),
        (4, 2, 3, 3),
        {},
        r"Given groups=1, weight of size \[4, 2, 3, 3\], expected input\[2, 3, 8, 8\] to have 2 channels, but got 3 channels instead",
    ),
    ((3, 8, 8), (4, 2, 3, 3), {}, r"expected input\[1, 3, 8, 8\] to have 2 channels, but got 3 channels instead"),
    ((8, 8), (4, 3, 3, 3), {}, r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv2d, but got input of size: \[8, 8\]"),
    (
        (2, 3, 8, 8),
        (4, 3, 9, 9),
        {},
        r"Calculated padded input size per channel: \(8 x 8\). Kernel size: \(9 x 9\). Kernel size can't be greater than actual input size",
    ),
    ((2, 3, 8, 8), (4, 3, 3, 3), {"padding": -1}, "negative padding is not supported"),
    ((2, 3, 8, 8), (4, 3, 3, 3), {"stride": 0}, "non-positive stride is not supported"),
    ((2, 3, 8, 8), (4, 3, 3, 3), {"dilation": 0}, "non-positive dilation is not supported"),
    ((2, 3, 8, 8), (4, 3, 3, 3), {"groups": 0}, "non-positive groups is not supported"),
    ((2, 3, 8, 8), (4, 3, 3, 3), {"groups": 2}, "to have 6 channels, but got 3 channels instead"),
    (
        (2, 4, 8, 8),
        (3, 2, 3, 3),
        {"groups": 2},
        r"Given groups=2, expected weight to be divisible by 2 at dimension 0, but got weight of size \[\[3, 2, 3, 3\]\] instead",
    ),
    (
        (2, 3, 8, 8),
        (4, 3, 3, 3),
        {"stride": (1, 2, 3)},
        r"expected stride to be a single integer value or a list of 2 values to match the convolution dimensions, but got stride=\[1, 2, 3\]",
    ),
    ((2, 3, 8, 8), (4, 3, 3), {}, "expected stride to be a single integer value or a list of 1 values"),
    ((2, 3, 8, 8), (4,), {}, "weight should have at least three dimensions"),
    ((2, 3, 8, 8), (4, 3, 3, 3), {"padding": "same", "stride": 2}, "padding='same' is not supported for strided convolutions"),
    ((2, 3, 8, 8), (4, 3, 3, 3), {"padding": "round"}, "Invalid padding string: 'round'"),
    (
        (2, 3, 0, 8),
        (4, 3, 3, 3),
        {"padding": 2},
        r"Only zero batch or zero channel inputs are supported, but got input shape: \[2, 3, 0, 8\]",
    ),
    ((2, 3, 8, 8), (0, 3, 3, 3), {}, "expected weight to be at least 1 at dimension 0"),
]


@pytest.mark.parametrize("case", ERRORS, ids=[str(case[:3]) for case in ERRORS])
def test_errors(case):
    x, weight, options, message = case
    with pytest.raises(RuntimeError, match=message):
        torch.conv2d(torch.zeros(x), torch.zeros(weight), **options)


def test_errors_of_dtypes_and_bias():
    x, weight = torch.zeros(2, 3, 8, 8), torch.zeros(4, 3, 3, 3)
    with pytest.raises(
        RuntimeError, match=r"Input type \(torch.FloatTensor\) and weight type \(torch.DoubleTensor\) should be the same"
    ):
        torch.conv2d(x, weight.double())
    with pytest.raises(RuntimeError, match="expected scalar type Double but found Float"):
        torch.conv2d(x.double(), weight)
    with pytest.raises(RuntimeError, match=r"Input type \(float\) and bias type \(double\) should be the same"):
        torch.conv2d(x, weight, torch.zeros(4, dtype=torch.float64))
    with pytest.raises(
        RuntimeError, match=r"expected bias to be 1-dimensional with 4 elements, but got bias of size \[5\] instead"
    ):
        torch.conv2d(x, weight, torch.zeros(5))
    with pytest.raises(NotImplementedError, match="\"slow_conv2d_cpu\" not implemented for 'Bool'"):
        torch.conv2d(x.bool(), weight.bool())
    with pytest.raises(
        RuntimeError,
        match=r"Given transposed=1, weight of size \[4, 3, 3, 3\], expected input\[2, 3, 8, 8\] to have 4 channels",
    ):
        torch.conv_transpose2d(x, weight)
    with pytest.raises(RuntimeError, match="output padding must be smaller than either stride or dilation"):
        torch.conv_transpose2d(x, weight.transpose(0, 1), output_padding=1)
    with pytest.raises(RuntimeError, match="negative output_padding is not supported"):
        torch.conv_transpose2d(x, weight.transpose(0, 1), output_padding=-1)
    with pytest.raises(RuntimeError, match="Output size is too small"):
        torch.conv_transpose2d(x, weight.transpose(0, 1), padding=8)
    with pytest.raises(RuntimeError, match="are not of one convolution"):
        weight_gradient(torch.zeros(2, 4, 6, 6), x, (5, 3, 3, 3))


@pytest.mark.parity
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_parity(dims):
    reference_torch = pytest.importorskip("torch")
    rng = np.random.default_rng(dims)
    for _ in range(60):
        groups, kernel, stride, dilation = (int(rng.integers(1, n)) for n in (3, 4, 4, 3))
        padding = int(rng.integers(0, 3))
        sizes = [int(n) for n in rng.integers(max(1, dilation * (kernel - 1) + 1), 12, dims)]
        x = rng.standard_normal((2, 2 * groups, *sizes)).astype("float32")
        weight = rng.standard_normal((3 * groups, 2, *[kernel] * dims)).astype("float32")
        bias = rng.standard_normal(3 * groups).astype("float32")
        options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        name = f"conv{dims}d"
        theirs = getattr(reference_torch, name)(*map(reference_torch.tensor, (x, weight, bias)), **options).numpy()
        ours = getattr(torch, name)(*map(torch.tensor, (x, weight, bias)), **options).numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
        weight = np.ascontiguousarray(weight.reshape(groups, 3, 2, -1).swapaxes(1, 2).reshape(2 * groups, 3, *[kernel] * dims))
        options["output_padding"] = int(rng.integers(0, max(stride, dilation)))
        if any((n - 1) * stride - 2 * padding + dilation * (kernel - 1) + options["output_padding"] < 0 for n in sizes):
            continue
        name = f"conv_transpose{dims}d"
        theirs = getattr(reference_torch, name)(*map(reference_torch.tensor, (x, weight, bias)), **options).numpy()
        ours = getattr(torch, name)(*map(torch.tensor, (x, weight, bias)), **options).numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
