"""Shapes, padding, resampling, pixels, channels and windows against NumPy, in float64."""

import itertools
import math

import numpy as np
import pytest

import wengert as torch
from nn_reference import close, random, tensor
from wengert import nn
from wengert.autograd import gradcheck
from wengert.nn import functional as F


def test_shapes():
    x = torch.arange(24.0).view(2, 3, 4)
    assert nn.Flatten()(x).shape == (2, 12) and nn.Flatten(0, 1)(x).shape == (6, 4)
    assert nn.Unflatten(2, (2, 2))(x).shape == (2, 3, 2, 2) and nn.Identity()(x) is x


PAD = {"constant": {}, "reflect": {}, "replicate": {"mode": "edge"}, "circular": {"mode": "wrap"}}


@pytest.mark.parametrize("mode", PAD)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_pad(mode, dims):
    around = (1, 2, 3, 0, 2, 1)[: 2 * dims]
    for shape in ((2, 3, *[5] * dims), (3, *[5] * dims)):
        x = random(*shape)
        widths = [(0, 0)] * (len(shape) - dims) + [around[2 * d : 2 * d + 2] for d in reversed(range(dims))]
        expected = np.pad(x, widths, **{"mode": mode, **PAD[mode]})
        close(F.pad(tensor(x), around, mode), expected)
    if dims < 3:
        assert gradcheck(lambda t: F.pad(t, around, mode), (tensor(random(1, 2, *[4] * dims), True),))


def test_pad_constants_and_less():
    x = random(2, 3)
    close(F.pad(tensor(x), (1, -1), value=7.0), np.pad(x[:, :-1], ((0, 0), (1, 0)), constant_values=7.0))
    close(F.pad(tensor(x), (-1, 1), "replicate"), np.pad(x[:, 1:], ((0, 0), (0, 1)), "edge"))
    assert F.pad(tensor(x), (0, 0), "reflect").data_ptr() != tensor(x).data_ptr()
    close(nn.ConstantPad2d(1, 2.0)(tensor(x[None])), np.pad(x[None], ((0, 0), (1, 1), (1, 1)), constant_values=2.0))
    close(nn.ZeroPad1d((1, 0))(tensor(x)), np.pad(x, ((0, 0), (1, 0))))


def test_pixels_and_channels():
    x = random(2, 8, 3, 4)
    shuffled = x.reshape(2, 2, 2, 2, 3, 4).transpose(0, 1, 4, 2, 5, 3).reshape(2, 2, 6, 8)
    close(F.pixel_shuffle(tensor(x), 2), shuffled)
    close(F.pixel_unshuffle(tensor(shuffled), 2), x)
    close(F.channel_shuffle(tensor(x), 4), x.reshape(2, 4, 2, 3, 4).swapaxes(1, 2).reshape(x.shape))


def windows(x, kernel, dilation, padding, stride):
    padded = np.pad(x, ((0, 0), (0, 0), *[(p, p) for p in padding]))
    count = [(padded.shape[2 + a] - dilation[a] * (kernel[a] - 1) - 1) // stride[a] + 1 for a in range(2)]
    columns = []
    for i, j in itertools.product(range(count[0]), range(count[1])):
        rows = [i * stride[0] + k * dilation[0] for k in range(kernel[0])]
        cols = [j * stride[1] + k * dilation[1] for k in range(kernel[1])]
        columns.append(padded[:, :, rows][:, :, :, cols].reshape(len(x), -1))
    return np.stack(columns, 2)


@pytest.mark.parametrize(
    "numbers", [((2, 3), (1, 1), (0, 0), (1, 1)), ((2, 2), (2, 1), (1, 2), (2, 3)), ((3, 1), (1, 2), (0, 1), (3, 1))]
)
def test_unfold_and_fold(numbers):
    x = random(2, 3, 6, 7)
    expected = windows(x, *numbers)
    close(F.unfold(tensor(x), *numbers), expected)
    y = random(*expected.shape)
    folded = F.fold(tensor(y), (6, 7), *numbers)
    assert math.isclose((expected * y).sum(), (x * folded.numpy()).sum(), rel_tol=1e-12)  # fold is unfold's transpose
    close(F.unfold(tensor(x[0]), *numbers), expected[0])
    assert gradcheck(lambda t: F.unfold(t, *numbers), (tensor(random(1, 2, 6, 7), True),))
    close(nn.Fold((6, 7), *numbers)(tensor(y)), folded.numpy())


def resampled(x, count, scale, kind, align):
    """Along the last axis, by definition."""
    size = x.shape[-1]
    step = size / count if scale is None else 1 / scale
    columns = []
    for i in range(count):
        if kind == "nearest":
            columns.append(x[..., min(int(i * step), size - 1)])
            continue
        if kind == "nearest-exact":
            columns.append(x[..., min(int((i + 0.5) * step), size - 1)])
            continue
        place = i * (size - 1) / (count - 1) if align else (i + 0.5) * step - 0.5
        if kind == "linear":
            place = max(place, 0)
            low = int(place)
            t = place - low
            columns.append(x[..., low] * (1 - t) + x[..., min(low + 1, size - 1)] * t)
            continue
        low = math.floor(place)
        total = 0
        for k in range(-1, 3):
            d = abs(place - low - k)
            w = ((-0.75 + 2) * d - (-0.75 + 3)) * d * d + 1 if d <= 1 else -0.75 * (((d - 5) * d + 8) * d - 4)
            total = total + w * x[..., min(max(low + k, 0), size - 1)]
        columns.append(total)
    return np.stack(columns, -1)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic"])
@pytest.mark.parametrize(
    "target", [{"size": 7}, {"size": 3}, {"scale_factor": 2}, {"scale_factor": 1.7}, {"size": 8, "align_corners": True}]
)
def test_interpolate(mode, target):
    if "nearest" in mode and "align_corners" in target:
        pytest.skip("takes no align_corners")
    dims = {"linear": 1, "trilinear": 3}.get(mode, 2)
    x = random(2, 3, *range(4, 4 + dims))
    kind = {"bicubic": "cubic"}.get(mode, "linear" if mode.endswith("linear") else mode)
    expected = x
    for axis in range(2, 2 + dims):
        count = target.get("size") or int(x.shape[axis] * target["scale_factor"])
        moved = resampled(np.moveaxis(expected, axis, -1), count, target.get("scale_factor"), kind, target.get("align_corners"))
        expected = np.moveaxis(moved, -1, axis)
    close(F.interpolate(tensor(x), mode=mode, **target), expected)
    if dims < 3:
        assert gradcheck(lambda t: F.interpolate(t, mode=mode, **target), (tensor(random(1, 1, *[4] * dims), True),))


def test_interpolate_area_and_antialias():
    x = random(1, 1, 4, 8)
    close(F.interpolate(tensor(x), (2, 4), mode="area"), x.reshape(1, 1, 2, 2, 4, 2).mean((3, 5)))
    for mode in ("bilinear", "bicubic", "lanczos"):
        smaller = F.interpolate(torch.ones(1, 1, 8, 8), (3, 5), mode=mode, antialias=True)
        np.testing.assert_allclose(smaller.numpy(), 1.0, rtol=1e-6)  # weights sum to 1
    line = torch.arange(8.0).view(1, 1, 1, 8)
    halves = F.interpolate(line, (1, 4), mode="bilinear", antialias=True).flatten().tolist()
    np.testing.assert_allclose(halves[1:3], [2.5, 4.5], rtol=1e-6)  # symmetric filters keep straight lines


def test_upsampling_deprecations():
    x = torch.arange(4.0).view(1, 1, 2, 2)
    with pytest.warns(UserWarning, match="deprecated"):
        assert F.upsample(x, 4).shape == (1, 1, 4, 4)
    with pytest.warns(UserWarning, match="deprecated"):
        assert torch.equal(F.upsample_nearest(x, scale_factor=2), nn.UpsamplingNearest2d(scale_factor=2)(x))
    with pytest.warns(UserWarning, match="deprecated"):
        assert torch.equal(F.upsample_bilinear(x, 3), nn.UpsamplingBilinear2d(3)(x))


# ---- sampling


def keys(t):
    """The cubic weights of the four elements around t in [0, 1)."""
    near = lambda d: (1.25 * d - 2.25) * d * d + 1  # noqa: E731
    far = lambda d: ((-0.75 * d + 3.75) * d - 6) * d + 3  # noqa: E731
    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def into(place, size, padding, corners):
    """The place inside of a dimension that a place stands for, by walking."""
    if padding == "zeros":
        return place
    if padding == "reflection":
        low, high = (0.0, size - 1.0) if corners else (-0.5, size - 0.5)
        if low == high:
            return 0.0
        while not low <= place <= high:
            place = 2 * low - place if place < low else 2 * high - place
    return min(max(place, 0.0), size - 1.0)


def sampled(image, grid, mode, padding, corners):
    """One image (C, sizes), one place after another."""
    sizes = image.shape[1:]
    out = np.zeros((len(image), *grid.shape[:-1]))
    for at in np.ndindex(*grid.shape[:-1]):
        axes = []
        for size, g in zip(sizes, grid[at][::-1], strict=True):
            place = (g + 1) / 2 * (size - 1) if corners else ((g + 1) * size - 1) / 2
            if mode == "bicubic":
                first = math.floor(place)
                axes.append([(into(first + k - 1, size, padding, corners), w) for k, w in enumerate(keys(place - first))])
                continue
            place = into(place, size, padding, corners)
            first = math.floor(place)
            axes.append(
                [(round(place), 1.0)] if mode == "nearest" else [(first, first + 1 - place), (first + 1, place - first)]
            )
        for taps in itertools.product(*axes):
            if all(0 <= p < size for (p, _), size in zip(taps, sizes, strict=True)):
                out[(slice(None), *at)] += image[(slice(None), *(int(p) for p, _ in taps))] * math.prod(w for _, w in taps)
    return out


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_grid_sample(mode, padding, corners):
    for sizes, places in (((4, 5), (3, 4)), ((1, 3), (2, 2)), ((3, 2, 4), (2, 3, 2))):
        if mode == "bicubic" and len(sizes) == 3:
            continue
        image, grid = random(2, 3, *sizes), random(2, *places, len(sizes), low=-3.0, high=3.0)
        call = lambda x, g: F.grid_sample(x, g, mode, padding, corners)  # noqa: E731
        expected = [sampled(i, g, mode, padding, corners) for i, g in zip(image, grid, strict=True)]
        close(call(tensor(image), tensor(grid)), expected)
        assert gradcheck(call, (tensor(image, True), tensor(grid, True)))


def test_places_that_are_none():
    image = torch.ones(1, 1, 2, 2)
    grid = torch.tensor([[[[math.nan, 0.0], [math.inf, 0.0], [0.0, -math.inf], [0.0, 0.0]]]])
    for padding in ("zeros", "border"):
        assert F.grid_sample(image, grid, padding_mode=padding, align_corners=True)[0, 0, 0, 3].item() == 1
    assert F.grid_sample(image, grid, align_corners=True)[0, 0, 0, :3].tolist() == [0, 0, 0]
    assert F.grid_sample(image[:0], grid[:0], align_corners=True).shape == (0, 1, 1, 4)


def test_affine_grid_is_the_place_of_each_element():
    for sizes in ((4, 3), (2, 3, 4), (1, 2)):
        d = len(sizes)
        image, identity = tensor(random(2, 3, *sizes)), torch.eye(d, d + 1).double().expand(2, d, d + 1)
        for corners in (False, True):
            grid = F.affine_grid(identity, image.shape, align_corners=corners)
            assert grid.shape == (2, *sizes, d)
            close(F.grid_sample(image, grid, align_corners=corners), image.numpy(), 1e-12)
    theta = random(1, 2, 3)
    grid = F.affine_grid(tensor(theta), (1, 1, 2, 2), align_corners=False).numpy()
    for i, j in itertools.product(range(2), repeat=2):
        np.testing.assert_allclose(grid[0, i, j], theta[0] @ [j - 0.5, i - 0.5, 1])


def test_sampling_refuses():
    image, grid = torch.zeros(2, 3, 4, 5), torch.zeros(2, 2, 2, 2)
    for arguments, error, words in (
        ((image, grid, "linear"), ValueError, "expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: 'linear'"),
        ((image, grid, "nearest", "edge"), ValueError, "'zeros', 'border', or 'reflection', but got: 'edge'"),
        ((image, grid.double()), RuntimeError, "same dtype, but input has float32 and grid has float64"),
        ((image, grid[0]), RuntimeError, "expected 4D or 5D input and grid with same number of dimensions"),
        ((image, grid[:1]), RuntimeError, "same batch size"),
        ((image, torch.zeros(2, 2, 2, 3)), RuntimeError, "size 2 in last dimension"),
        ((torch.zeros(2, 3, 0, 5), grid), RuntimeError, "non-empty spatial dimensions"),
        ((torch.zeros(2, 3, 4, 5, 6), torch.zeros(2, 1, 1, 1, 3), "bicubic"), RuntimeError, "only supports 4D input"),
    ):
        with pytest.raises(error, match=words):
            F.grid_sample(*arguments, align_corners=False)
    with pytest.warns(UserWarning, match="Default grid_sample and affine_grid behavior"):
        F.grid_sample(image, grid)
    for theta, size, error, words in (
        (torch.zeros(1, 2, 3).long(), (1, 1, 2, 2), ValueError, "floating point type"),
        (torch.zeros(1, 3, 3), (1, 1, 2, 2), ValueError, "Expected a batch of 2D affine matrices of shape Nx2x3"),
        (torch.zeros(1, 2, 3), (1, 1, 0, 2), ValueError, "non-zero, positive output size"),
        (torch.zeros(1, 2, 3), (1, 2, 2), NotImplementedError, "4D and 5D sizes"),
    ):
        with pytest.raises(error, match=words):
            F.affine_grid(theta, size, align_corners=False)
