"""Padding: constants, or the tensor's own elements, around its last dimensions."""

import wengert

from ... import _C

_constant = _C.functions["constant_pad_nd"]

__all__ = ["pad"]


def pad(input, pad, mode="constant", value=None):
    """input with elements added around its last dimensions; negative numbers take elements away.

    pad holds (before, after) of the last dimension, then of the one before it, and so on. mode "constant" adds value (0),
    "reflect" the elements beyond the edge in reverse, "replicate" the edge's, "circular" those of the other side. The last three
    pad the last 1, 2 or 3 dimensions of (N, C, ...) or (C, ...). RuntimeError and NotImplementedError for paddings that do not
    fit.

    >>> wengert.nn.functional.pad(wengert.tensor([[1.0, 2.0, 3.0]]), (2, 1), mode="reflect")
    tensor([[3., 2., 1., 2., 3., 2.]])
    """
    pad = tuple(int(n) for n in pad)
    if mode == "constant":
        return _constant(input, pad, 0.0 if value is None else value)
    if len(pad) % 2 != 0:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * input.dim():
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {input.dim()}"
        )
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode not in _MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    dims, ndim = len(pad) // 2, input.dim()
    if dims not in (1, 2, 3) or ndim not in (dims + 1, dims + 2):
        raise NotImplementedError(
            f"Padding size {len(pad)} is not supported for {ndim}D input tensor.\n"
            "Supported combinations for non-constant padding:\n"
            "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
            "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
            "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )
    if mode != "circular" and 0 in input.shape[ndim - dims - 1 :]:
        raise RuntimeError(
            f"Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
            f"input, but got: {list(input.shape)}"
        )
    check, strips = _MODES[mode]
    for i in range(dims):
        check(input, pad, i, pad[2 * i], pad[2 * i + 1])
    for i in range(dims):
        before, after = pad[2 * i : 2 * i + 2]
        dim = input.dim() - 1 - i
        if before < 0 or after < 0:
            taken = max(0, -before)
            input = input.narrow(dim, taken, input.size(dim) - taken - max(0, -after))
        if before > 0 or after > 0:
            first, last = strips(input, dim, max(0, before), max(0, after))
            input = wengert.cat([first, input, last], dim)
    return input.clone() if not any(pad) else input.contiguous()


def _check_left(input, pad, i, before, after):
    """RuntimeError where negative paddings leave nothing."""
    size = input.size(-1 - i)
    if size + before + after < 1:
        name = "WHD"[i]
        raise RuntimeError(f"input ({name}: {size}) is too small. Calculated output {name}: {size + before + after}")


def _check_reflect(input, pad, i, before, after):
    size, dim = input.size(-1 - i), input.dim() - 1 - i
    if before >= size or after >= size:
        raise RuntimeError(
            f"Argument #{4 + 2 * i}: Padding size should be less than the corresponding input dimension, but got: padding ({before}, {after}) at dimension "
            f"{dim} of input {list(input.shape)}"
        )
    _check_left(input, pad, i, before, after)


def _check_circular(input, pad, i, before, after):
    if before > input.size(-1 - i) or after > input.size(-1 - i):
        raise RuntimeError("Padding value causes wrapping around more than once.")
    if input.size(-1 - i) + before + after < 1:
        raise RuntimeError("Negative padding value is resulting in an empty dimension")


def _reflected(input, dim, before, after):
    size = input.size(dim)
    return input.narrow(dim, 1, before).flip(dim), input.narrow(dim, size - 1 - after, after).flip(dim)


def _replicated(input, dim, before, after):
    shape = list(input.shape)
    return [
        input.narrow(dim, place, 1).expand(*shape[:dim], count, *shape[dim + 1 :])
        for place, count in ((0, before), (input.size(dim) - 1, after))
    ]


def _wrapped(input, dim, before, after):
    return input.narrow(dim, input.size(dim) - before, before), input.narrow(dim, 0, after)


_MODES = {
    "reflect": (_check_reflect, _reflected),
    "replicate": (_check_left, _replicated),
    "circular": (_check_circular, _wrapped),
}
