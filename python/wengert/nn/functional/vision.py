"""Images: resampling, pixels and channels rearranged, windows as columns."""

import math

import wengert

from ._windows import col2im, counts, im2col
from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

__all__ = [
    "channel_shuffle",
    "fold",
    "interpolate",
    "native_channel_shuffle",
    "pixel_shuffle",
    "pixel_unshuffle",
    "unfold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]

# ---- resampling

_LINEAR = {"linear": 3, "bilinear": 4, "trilinear": 5}  # mode: dimensions of the input
_AREA = {3: adaptive_avg_pool1d, 4: adaptive_avg_pool2d, 5: adaptive_avg_pool3d}


def interpolate(
    input, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, antialias=False
):
    """input (N, C, ...), with 1 to 3 spatial dimensions, resampled to a size or by a scale_factor.

    mode: "nearest" (the element that holds the point's lower corner), "nearest-exact" (its middle), "linear", "bilinear",
    "trilinear", "bicubic" (with a = -0.75: Keys, 1981), "area" (means), and for 4-d inputs with antialias "lanczos".
    align_corners puts the first and last elements' middles on each other instead of the edges. antialias widens the filter of
    "bilinear" and "bicubic" where the result is smaller, as image libraries do. ValueError and NotImplementedError for arguments
    that do not fit together.

    >>> wengert.nn.functional.interpolate(wengert.tensor([[[0.0, 1.0]]]), scale_factor=2, mode="linear")
    tensor([[[0.0000, 0.2500, 0.7500, 1.0000]]])
    """
    ndim = input.dim()
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
            )
    elif align_corners is None:
        align_corners = False
    sizes, scales = _sizes(input, size, scale_factor, recompute_scale_factor, mode)
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and ndim == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    if mode == "lanczos" and ndim == 4:
        if align_corners:
            raise ValueError("Lanczos mode does not support align_corners=True")
        if not antialias:
            raise ValueError("Lanczos mode requires antialias=True")
    _check_resampling(input, sizes, mode)
    if mode == "area":
        return _AREA[ndim](input, sizes)
    for dim, (count, scale) in reversed(list(enumerate(zip(sizes, scales, strict=True), 2))):  # rows are copied whole
        if mode.startswith("nearest"):
            input = _nearest(input, dim, count, scale, mode == "nearest-exact")
        elif antialias:
            input = _filtered(input, dim, count, scale, align_corners, mode)
        else:
            input = _between(input, dim, count, scale, align_corners, mode == "bicubic")
    return input.contiguous()


def _sizes(input, size, scale_factor, recompute, mode):
    """(sizes, scale of each or None) of the result."""
    dims = input.dim() - 2
    spatial = list(input.shape[2:])
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    given = size if size is not None else scale_factor
    if isinstance(given, (list, tuple)) and len(given) != dims:
        if size is not None:
            raise ValueError(
                "Input and output must have the same number of spatial dimensions, but got input with spatial dimensions of "
                f"{spatial} and output size of {size}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and output size "
                "in (o1, o2, ...,oK) format."
            )
        raise ValueError(
            "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial dimensions of "
            f"{spatial} and scale_factor of shape {scale_factor}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and "
            "scale_factor in (s1, s2, ...,sK) format."
        )
    given = list(given) if isinstance(given, (list, tuple)) else [given] * dims
    if size is None:
        sizes = [int(n * scale) for n, scale in zip(spatial, given, strict=True)]
        return sizes, [None] * dims if recompute or mode == "area" else given
    if recompute:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if not all(isinstance(n, int) for n in given):
        raise TypeError(
            "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], but got size with types "
            f"{[type(n) for n in given]}"
        )
    return given, [None] * dims


def _check_resampling(input, sizes, mode):
    ndim = input.dim()
    if mode in _LINEAR and ndim in (3, 4, 5) and _LINEAR[mode] != ndim:
        raise NotImplementedError(f"Got {ndim}D input, but {mode} mode needs {_LINEAR[mode]}D input")
    fits = (
        mode in ("nearest", "nearest-exact", "area")
        or _LINEAR.get(mode) == ndim
        or (mode in ("bicubic", "lanczos") and ndim == 4)
    )
    if ndim not in (3, 4, 5) or not fits:
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {ndim}D) for the modes: nearest | linear | bilinear | "
            f"bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
        )
    if min(sizes) < 1 or 0 in input.shape[1:]:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input ({', '.join(f'{n}' for n in input.shape[2:])}) and "
            f"output ({', '.join(map(str, sizes))})"
        )


def _nearest(input, dim, count, scale, middle):
    size = input.size(dim)
    if count == size:
        return input
    if count % size == 0 and scale in (None, count // size):  # every element repeated as often
        return input.repeat_interleave(count // size, dim)
    # float32, so that roundings fall as PyTorch's do
    places = wengert.arange(count, dtype=wengert.float32) + (0.5 if middle else 0.0)
    places = (places * (1 / scale if scale else size / count)).floor().long().clamp_(max=size - 1)
    return input.index_select(dim, places)


def _source(input, dim, count, scale, align_corners):
    """Where the middles of the result's elements lie, in elements of the input from the middle of the first."""
    size = input.size(dim)
    places = wengert.arange(count, dtype=input.dtype)
    if align_corners:
        return places * ((size - 1) / (count - 1) if count > 1 else 0.0)
    return (places + 0.5) * (1 / scale if scale else size / count) - 0.5


def _between(input, dim, count, scale, align_corners, cubic):
    """Linear interpolation between two elements, or cubic between four; beyond the edge lies the edge's element."""
    size = input.size(dim)
    if count == size and not (cubic and scale):  # as PyTorch, which takes scale there for 1
        return input
    source = _source(input, dim, count, scale, align_corners)
    if not cubic:
        source = source.clamp_(min=0)
    first = source.floor()
    t = source - first
    first = first.long()
    along = [1] * input.dim()
    along[dim] = count
    tap = lambda places: input.index_select(dim, places.clamp(0, size - 1))  # noqa: E731
    if not cubic:
        return wengert.lerp(tap(first), tap(first + 1), t.view(along))
    weights = [_keys(abs_t, -0.75).view(along) for abs_t in (t + 1, t, 1 - t, 2 - t)]
    total = tap(first - 1) * weights[0]
    for k in (1, 2, 3):
        total = wengert.addcmul(total, tap(first + k - 1), weights[k])
    return total


def _keys(x, a):
    """The cubic convolution kernel of Keys (1981) at x >= 0."""
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return wengert.where(x <= 1, near, wengert.where(x < 2, far, wengert.zeros_like(x)))


def _sinc_window(x):
    """The Lanczos kernel sinc(x) sinc(x / 3) for |x| < 3."""
    return wengert.where(x < 3, x.sinc() * (x / 3).sinc(), wengert.zeros_like(x))


_FILTERS = {
    "bilinear": (1.0, lambda x: (1 - x).clamp_(min=0)),
    "bicubic": (2.0, lambda x: _keys(x, -0.5)),
    "lanczos": (3.0, _sinc_window),
}


def _filtered(input, dim, count, scale, align_corners, mode):
    """Weighted means of the elements within the filter's reach, which grows with the step between the result's elements."""
    size = input.size(dim)
    step = 1 / scale if scale else size / count
    if align_corners:
        step = (size - 1) / (count - 1) if count > 1 else 0.0
    reach, kernel = _FILTERS[mode]
    width = max(step, 1.0)
    middles = (wengert.arange(count, dtype=wengert.float64) + 0.5) * step
    first = (middles - reach * width + 0.5).long().clamp_(min=0)
    last = (middles + reach * width + 0.5).long().clamp_(max=size)
    places = wengert.arange(size)
    weights = kernel(((places + 0.5 - middles.unsqueeze(1)) / width).abs())
    inside = (places >= first.unsqueeze(1)).logical_and_(places < last.unsqueeze(1))
    weights = weights.masked_fill_(inside.logical_not_(), 0.0)
    weights = (weights / weights.sum(1, keepdim=True)).to(input.dtype)  # (count, size)
    if dim == input.dim() - 1:
        return input.matmul(weights.t())
    return weights.matmul(input)


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """PyTorch's deprecated name of interpolate."""
    _deprecated("upsample", "interpolate")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    """PyTorch's deprecated name of interpolate with mode "nearest"."""
    _deprecated("upsample_nearest", "interpolate")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    """PyTorch's deprecated name of interpolate with mode "bilinear" and align_corners."""
    _deprecated("upsample_bilinear", "interpolate")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _deprecated(name, other):
    import warnings

    warnings.warn(f"`nn.functional.{name}` is deprecated. Use `nn.functional.{other}` instead.", stacklevel=3)


# ---- pixels and channels


def _check_factor(name, input, factor, word):
    if input.dim() < 3:
        raise RuntimeError(f"{name} expects input to have at least 3 dimensions, but got input with {input.dim()} dimension(s)")
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {word}, but got {factor}")


def pixel_shuffle(input, upscale_factor):
    """(..., C r^2, H, W) to (..., C, H r, W r), r = upscale_factor: r^2 channels become the pixels of squares. Shi et al. (2016).

    >>> wengert.nn.functional.pixel_shuffle(wengert.arange(4.0).view(4, 1, 1), 2)
    tensor([[[0., 1.],
             [2., 3.]]])
    """
    _check_factor("pixel_shuffle", input, upscale_factor, "upscale_factor")
    r = upscale_factor
    *batch, channels, height, width = input.shape
    if channels % (r * r) != 0:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={channels} is not divisible by {r * r}"
        )
    n = len(batch)
    squares = input.reshape(*batch, channels // (r * r), r, r, height, width)
    order = (*range(n + 1), n + 3, n + 1, n + 4, n + 2)
    return squares.permute(order).reshape(*batch, channels // (r * r), height * r, width * r)


def pixel_unshuffle(input, downscale_factor):
    """(..., C, H r, W r) to (..., C r^2, H, W), r = downscale_factor: the inverse of pixel_shuffle.

    >>> wengert.nn.functional.pixel_unshuffle(wengert.ones(1, 2, 6, 6), 2).shape
    torch.Size([1, 8, 3, 3])
    """
    _check_factor("pixel_unshuffle", input, downscale_factor, "downscale_factor")
    r = downscale_factor
    *batch, channels, height, width = input.shape
    for name, place, size in (("height", -2, height), ("width", -1, width)):
        if size % r != 0:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({place})={size} is not divisible "
                f"by {r}"
            )
    n = len(batch)
    squares = input.reshape(*batch, channels, height // r, r, width // r, r)
    order = (*range(n + 1), n + 2, n + 4, n + 1, n + 3)
    return squares.permute(order).reshape(*batch, channels * r * r, height // r, width // r)


def channel_shuffle(input, groups):
    """The channels of (N, C, ...), in groups, taken from each group in turn: Zhang et al. (2018), "ShuffleNet".

    >>> wengert.nn.functional.channel_shuffle(wengert.arange(4.0).view(1, 4, 1), 2).flatten()
    tensor([0., 2., 1., 3.])
    """
    if input.dim() < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    batch, channels, *size = input.shape
    if channels % groups != 0:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {channels} channels and {groups} groups.")
    return input.reshape(batch, groups, channels // groups, *size).transpose(1, 2).reshape(input.shape)


native_channel_shuffle = channel_shuffle


# ---- windows


def _pair(value, name):
    if isinstance(value, int):
        return (value, value)
    value = tuple(value)
    if len(value) not in (1, 2):
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(value)}")
    return value * 2 if len(value) == 1 else value


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """The windows of images (N, C, H, W) or (C, H, W) as columns: (N, C kH kW, windows).

    Padding counts as zeros. RuntimeError for numbers that leave no window.

    >>> wengert.nn.functional.unfold(wengert.arange(6.0).view(1, 1, 2, 3), 2)
    tensor([[[0., 1.],
             [1., 2.],
             [3., 4.],
             [4., 5.]]])
    """
    numbers = [_pair(n, name) for n, name in zip((kernel_size, dilation, padding, stride), _WINDOW_NAMES, strict=True)]
    _check_window(*numbers)
    if input.dim() not in (3, 4) or 0 in input.shape[-3:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: "
            f"{list(input.shape)}"
        )
    images = input if input.dim() == 4 else input.unsqueeze(0)
    count = counts(images.shape[2:], *numbers)
    if min(count) < 1:
        kernel, dilated, padded, _ = numbers
        raise RuntimeError(
            f"Given input with spatial size {tuple(images.shape[2:])}, kernel_size={kernel}, dilation={dilated}, padding={padded}, "
            f"calculated shape of the array of sliding blocks as {tuple(count)}, but its components must be at least one."
        )
    columns = im2col(images, *numbers)
    return columns if input.dim() == 4 else columns.squeeze(0)


_WINDOW_NAMES = ("kernel_size", "dilation", "padding", "stride")


def _check_window(kernel_size, dilation, padding, stride):
    for name, pair in (("kernel size", kernel_size), ("dilation", dilation), ("stride", stride)):
        if min(pair) < 1:
            raise RuntimeError(
                f"{name} should be greater than zero, but got {name.replace(' ', '_')}_height: {pair[0]} "
                f"{name.replace(' ', '_')}_width: {pair[1]}"
            )
    if min(padding) < 0:
        raise RuntimeError(f"padding should be non-negative, but got pad_height: {padding[0]} pad_width: {padding[1]}")


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Columns (N, C kH kW, windows) or (C kH kW, windows) added up to images of output_size: (N, C, H, W) or (C, H, W).

    The transpose of unfold, not its inverse: elements that windows share are added up.

    >>> wengert.nn.functional.fold(wengert.ones(1, 4, 2), (2, 3), 2)
    tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    output_size = _pair(output_size, "output_size")
    numbers = [_pair(n, name) for n, name in zip((kernel_size, dilation, padding, stride), _WINDOW_NAMES, strict=True)]
    _check_window(*numbers)
    if input.dim() not in (2, 3) or 0 in input.shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, but got: "
            f"{list(input.shape)}"
        )
    columns = input if input.dim() == 3 else input.unsqueeze(0)
    kernel = numbers[0]
    if columns.size(1) % math.prod(kernel) != 0:
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={columns.size(1)} and kernel_size={kernel}."
        )
    count = counts(output_size, *numbers)
    if min(count) < 1 or math.prod(count) != columns.size(2):
        names = ", ".join(f"{name}={pair}" for name, pair in zip(_WINDOW_NAMES, numbers, strict=True))
        raise RuntimeError(
            f"Given output_size={output_size}, {names}, expected size of input's dimension 2 to match the calculated number of sliding "
            f"blocks {count[0]} * {count[1]} = {math.prod(count)}, but got input.size(2)={columns.size(2)}."
        )
    images = col2im(columns, output_size, *numbers)
    return images if input.dim() == 3 else images.squeeze(0)
