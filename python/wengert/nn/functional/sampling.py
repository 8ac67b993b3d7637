"""Images read at any place: affine_grid and grid_sample (Jaderberg et al., "Spatial transformer networks", 2015)."""

import functools
import itertools
import math

import wengert

from .vision import _keys

__all__ = ["affine_grid", "grid_sample"]


def affine_grid(theta, size, align_corners=None):
    """The places in the input, for grid_sample, that a matrix maps each element of a result of the given size to.

    Args:
        theta: (N, 2, 3), or (N, 3, 4) for volumes.
        size: of the result, (N, C, H, W) or (N, C, D, H, W).
        align_corners: -1 and 1 are the middles of the first and last elements rather than their edges.

    Returns:
        (N, H, W, 2) or (N, D, H, W, 3).

    Raises:
        ValueError, NotImplementedError: theta or size of another form.

    >>> wengert.nn.functional.affine_grid(wengert.eye(2, 3)[None], (1, 1, 1, 2), align_corners=True)[0, 0]
    tensor([[-1.,  0.],
            [ 1.,  0.]])
    """
    if align_corners is None:
        _warn_of_corners()
        align_corners = False
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    size = list(size)
    if len(size) not in (4, 5):
        raise NotImplementedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size {size}."
        )
    d = len(size) - 2
    if theta.dim() != 3 or theta.shape[-2:] != (d, d + 1):
        raise ValueError(
            f"Expected a batch of {d}D affine matrices of shape Nx{d}x{d + 1} for size {size}. Got {tuple(theta.shape)}."
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    along = [_middles(count, theta.dtype, align_corners) for count in size[2:]]
    places = list(wengert.meshgrid(*along, indexing="ij"))[::-1]
    base = wengert.stack([*places, wengert.ones_like(places[0])], -1).view(1, -1, d + 1)
    return (base @ theta.mT).view(size[0], *size[2:], d)


def _middles(count, dtype, align_corners):
    places = wengert.arange(count, dtype=dtype)
    if align_corners:
        return places * (2 / (count - 1)) - 1 if count > 1 else places
    return (places * 2 + 1) / count - 1


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """The elements of input at the places of grid, each coordinate from -1 to 1 over the input, the last dimension's first.

    Args:
        input: (N, C, H, W) or (N, C, D, H, W).
        grid: (N, H', W', 2) or (N, D', H', W', 3), of input's dtype.
        mode: "bilinear" (of volumes trilinear), "nearest", or of images "bicubic" (with a = -0.75: Keys, 1981).
        padding_mode: what lies outside: "zeros", the "border"'s elements, or those of a "reflection" at the border.
        align_corners: -1 and 1 are the middles of the first and last elements rather than their edges.

    Returns:
        (N, C, H', W') or (N, C, D', H', W'). The gradient to grid of "nearest" is 0.

    Raises:
        ValueError, RuntimeError: unknown modes; dtypes or shapes that do not go together.

    >>> image = wengert.tensor([[[[0.0, 2.0], [4.0, 6.0]]]])
    >>> wengert.nn.functional.grid_sample(image, wengert.zeros(1, 1, 1, 2), align_corners=False)
    tensor([[[[3.]]]])
    """
    for name, given, known in (
        ("mode", mode, "bilinear nearest bicubic"),
        ("padding_mode", padding_mode, "zeros border reflection"),
    ):
        if given not in known.split():
            first, second, third = known.split()
            raise ValueError(
                f"nn.functional.grid_sample(): expected {name} to be '{first}', '{second}'{',' if name == 'padding_mode' else ''} or "
                f"'{third}', but got: '{given}'"
            )
    if align_corners is None:
        _warn_of_corners()
        align_corners = False
    _check(input, grid, mode)
    sizes = input.shape[2:]
    d = len(sizes)
    axes = []  # per dimension of the input: (places, weights, or None for 1) of each tap
    for k, size in enumerate(sizes):
        x = grid[..., d - 1 - k]
        x = (x + 1) * ((size - 1) / 2) if align_corners else ((x + 1) * size - 1) / 2
        axes.append(_taps(x, size, mode, padding_mode, align_corners))
    rows = input.flatten(2)  # (N, C, elements)
    parts = []
    for taps in itertools.product(*axes):
        places = [x.clamp(0, size - 1).nan_to_num_(0.0).long() for (x, _), size in zip(taps, sizes, strict=True)]
        inside = [(x >= 0).logical_and_(x <= size - 1) for (x, _), size in zip(taps, sizes, strict=True)]
        place = functools.reduce(lambda outer, at: outer * at[0] + at[1], zip(sizes, places, strict=True), wengert.tensor(0))
        weight = wengert.where(functools.reduce(wengert.logical_and, inside), math.prod(w for _, w in taps), 0.0)
        read = rows.gather(2, place.flatten(1).unsqueeze(1).expand(-1, input.size(1), -1))
        parts.append(read * weight.flatten(1).unsqueeze(1))
    return functools.reduce(wengert.add, parts).view(*input.shape[:2], *grid.shape[1:-1])


def _taps(x, size, mode, padding_mode, align_corners):
    """[(places, weights)] of the elements that x, in elements of a dimension, is made from."""
    if mode == "bicubic":
        first = x.detach().floor()
        t = x - first
        weights = (_keys(t + 1, -0.75), _keys(t, -0.75), _keys(1 - t, -0.75), _keys(2 - t, -0.75))
        return [(_inside(first + k - 1, size, padding_mode, align_corners), w) for k, w in enumerate(weights)]
    x = _inside(x, size, padding_mode, align_corners)
    if mode == "nearest":
        return [(x.detach().round(), wengert.where(x.isfinite(), 1 + (x - x.detach()) * 0, 1.0))]
    first = x.detach().floor()
    return [(first, first + 1 - x), (first + 1, x - first)]


def _inside(x, size, padding_mode, align_corners):
    """The place that stands for x. Where x is brought to the border, nothing depends on it any more."""
    if padding_mode == "zeros":
        return x
    if padding_mode == "reflection":
        low, high = (0.0, size - 1.0) if align_corners else (-0.5, size - 0.5)
        span = high - low
        if span == 0:
            x = x * 0
        else:
            away = (x - low).abs()
            rest, turns = away.fmod(span), (away.detach() / span).floor()
            x = wengert.where(turns.remainder(2) == 0, rest, span - rest) + low
    return wengert.where(x > 0, wengert.where(x < size - 1, x, size - 1.0), 0.0)


def _check(input, grid, mode):
    if input.dtype != grid.dtype:
        raise RuntimeError(
            "grid_sampler(): expected input and grid to have same dtype, but input has "
            f"{str(input.dtype).removeprefix('torch.')} and grid has {str(grid.dtype).removeprefix('torch.')}"
        )
    if not input.is_floating_point():
        raise RuntimeError(f"grid_sampler(): expected input of a floating dtype, but got {input.dtype}")
    shapes = f"but got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    if input.dim() not in (4, 5) or input.dim() != grid.dim():
        raise RuntimeError(f"grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, {shapes}")
    if input.size(0) != grid.size(0):
        raise RuntimeError(f"grid_sampler(): expected grid and input to have same batch size, {shapes}")
    if grid.size(-1) != input.dim() - 2:
        raise RuntimeError(f"grid_sampler(): expected grid to have size {input.dim() - 2} in last dimension, {shapes}")
    if 0 in input.shape[2:]:
        raise RuntimeError(
            f"grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes {list(input.shape)}"
        )
    if mode == "bicubic" and input.dim() == 5:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")


def _warn_of_corners():
    import warnings

    warnings.warn(
        "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
        "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details.",
        stacklevel=3,
    )
