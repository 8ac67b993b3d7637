"""Dropout: elements, or whole channels, set to zero at random while a network is trained."""

import wengert

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]

# scale times alpha of selu, which alpha dropout leads elements to
_SELU = 1.7580993408473766


def _check(p):
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _mask(input, p, channels):
    """Ones with probability 1 - p, else zeros: an element each, or one for each (N, C) with channels."""
    if not channels:
        return wengert.empty_like(input).bernoulli_(1 - p)
    if input.dim() < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return input.new_empty((*input.shape[:2], *[1] * (input.dim() - 2))).bernoulli_(1 - p)


def _dropped(input, p, training, inplace, channels=False):
    if p == 0 or not training or input.numel() == 0:
        return input
    if p == 1:
        return input.mul_(0) if inplace else input * 0
    kept = _mask(input.detach(), p, channels).div_(1 - p)
    return input.mul_(kept) if inplace else input * kept


def _alpha_dropped(input, p, training, inplace, channels=False):
    """a (x m - s (1 - m)) + a s p, where m is the mask and s the limit of selu: Klambauer et al. (2017), section "Alpha dropout"."""
    _check(p)
    if p == 0 or not training or input.numel() == 0:
        return input
    if p == 1:
        return input.mul_(0) if inplace else input * 0
    mask = _mask(input.detach(), p, channels)
    a = 1 / ((_SELU**2 * p + 1) * (1 - p)) ** 0.5
    shift = (mask - 1).mul_(_SELU * a).add_(_SELU * a * p)
    mask.mul_(a)
    return input.mul_(mask).add_(shift) if inplace else input * mask + shift


def dropout(input, p=0.5, training=True, inplace=False):
    """input with elements set to zero with probability p and the others divided by 1 - p; input itself unless training.

    ValueError for a p outside [0, 1].

    >>> (wengert.nn.functional.dropout(wengert.ones(1000), 0.25) == 0).sum() > 100
    tensor(True)
    """
    _check(p)
    return _dropped(input, p, training, inplace)


def dropout1d(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels of (N, C, L) or (C, L). RuntimeError for other numbers of dimensions.

    >>> wengert.nn.functional.dropout1d(wengert.ones(1, 1, 1), training=False).item()
    1.0
    """
    _check(p)
    ndim = input.dim()
    if ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. Note that dropout1d exists to provide channel-wise "
            "dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs)."
        )
    return _unbatched(input, ndim == 2, p, training, inplace)


def dropout2d(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels of (N, C, H, W). Other numbers of dimensions are taken as (N, C, ...), with a warning.

    >>> wengert.nn.functional.dropout2d(wengert.ones(1, 1, 1, 1), training=False).item()
    1.0
    """
    _check(p)
    ndim = input.dim()
    if ndim not in (3, 4):
        _warn(
            f"dropout2d: Received a {ndim}-D input to dropout2d, which is deprecated and will result in an error in a future release. "
            "To retain the behavior and silence this warning, please use dropout instead. Note that dropout2d exists to provide "
            "channel-wise dropout on inputs with 2 spatial dimensions, a channel dimension, and an optional batch dimension (i.e. 3D "
            "or 4D inputs)."
        )
    if ndim == 3:
        _warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired - input is "
            "interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a future release to interpret "
            "the input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise dropout behavior, "
            "please switch to using dropout1d instead."
        )
    return _dropped(input, p, training, inplace, True)


def dropout3d(input, p=0.5, training=True, inplace=False):
    """dropout of whole channels of (N, C, D, H, W) or (C, D, H, W). Others are taken as (N, C, ...), with a warning.

    >>> wengert.nn.functional.dropout3d(wengert.ones(1, 1, 1, 1, 1), training=False).item()
    1.0
    """
    _check(p)
    ndim = input.dim()
    if ndim not in (4, 5):
        _warn(
            f"dropout3d: Received a {ndim}-D input to dropout3d, which is deprecated and will result in an error in a future release. "
            "To retain the behavior and silence this warning, please use dropout instead. Note that dropout3d exists to provide "
            "channel-wise dropout on inputs with 3 spatial dimensions, a channel dimension, and an optional batch dimension (i.e. 4D "
            "or 5D inputs)."
        )
    return _unbatched(input, ndim == 4, p, training, inplace)


def _warn(message):
    import warnings

    warnings.warn(message, stacklevel=3)


def _unbatched(input, unbatched, p, training, inplace):
    """_dropped of the channels of (N, C, ...), or of (C, ...) if unbatched."""
    if not unbatched:
        return _dropped(input, p, training, inplace, True)
    result = _dropped(input.unsqueeze(0), p, training, inplace, True)
    return input if inplace else result.squeeze(0)


def alpha_dropout(input, p=0.5, training=False, inplace=False):
    """Dropout that keeps mean 0 and variance 1, for networks with selu: Klambauer et al. (2017).

    >>> wengert.nn.functional.alpha_dropout(wengert.ones(2), training=False)
    tensor([1., 1.])
    """
    return _alpha_dropped(input, p, training, inplace)


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False):
    """alpha_dropout of whole channels of (N, C, ...).

    >>> wengert.nn.functional.feature_alpha_dropout(wengert.ones(1, 2), training=False)
    tensor([[1., 1.]])
    """
    return _alpha_dropped(input, p, training, inplace, True)
