"""Losses: how far predictions are from targets, element by element or class by class."""

import math

import wengert

from ... import _C
from . import _losses
from ._reduction import check_reduction, legacy_reduction, reduced

_cross_entropy, _nll = _C.functions["cross_entropy_loss"], _C.functions["nll_loss"]

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "gaussian_nll_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
]

# ---- classes


def cross_entropy(
    input,
    target,
    weight=None,
    size_average=None,
    ignore_index=-100,
    reduce=None,
    reduction="mean",
    label_smoothing=0.0,
):
    """-log softmax(input)[target] for scores input (N, C, ...) or (C) of C classes, and target (N, ...) of classes.

    target may also hold a probability of each class, in input's shape. weight (C) multiplies the losses of each class; the mean
    divides by the sum of the weights of the targets, and leaves out those that are ignore_index. label_smoothing spreads so much
    of the target over all classes alike: Szegedy et al. (2016). RuntimeError and ValueError for shapes and dtypes that do not fit,
    IndexError for a class out of range.

    >>> scores = wengert.tensor([[0.0, 0.0], [5.0, 0.0]])
    >>> wengert.nn.functional.cross_entropy(scores, wengert.tensor([0, 0]), reduction="none")
    tensor([0.6931, 0.0067])
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    if input.dim() > 1 and target.shape != input.shape:
        _check_batch(input, target)
    return _cross_entropy(input, target, weight, reduction, ignore_index, label_smoothing)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """-input[target] for logarithms of probabilities input (N, C, ...) or (C), and target (N, ...) of classes; see cross_entropy.

    >>> wengert.nn.functional.nll_loss(wengert.tensor([[-0.5, -1.0]]), wengert.tensor([1]))
    tensor(1.)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    if input.dim() > 1:
        _check_batch(input, target)
    return _nll(input, target, weight, reduction, ignore_index)


def _check_batch(input, target):
    batch = target.size(0) if target.dim() else 1
    if input.size(0) != batch:
        raise ValueError(f"Expected input batch_size ({input.size(0)}) to match target batch_size ({batch}).")


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """target (log(target) - input), for input the logarithms of probabilities, and target probabilities or, with log_target, their
    logarithms: the Kullback-Leibler divergence, if reduction is "batchmean", which divides the sum by the size of the batch.

    >>> p = wengert.tensor([[0.5, 0.5]])
    >>> wengert.nn.functional.kl_div(wengert.tensor([[0.25, 0.75]]).log(), p, reduction="batchmean")
    tensor(0.1438)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    elif reduction == "mean":
        import warnings

        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides only by the "
            "batch size, and aligns with the KL div math definition.'mean' will be changed to behave the same as 'batchmean' in the "
            "next major release.",
            stacklevel=2,
        )
    if reduction != "batchmean":
        check_reduction(reduction)
    loss = target.exp() * (target - input) if log_target else wengert.xlogy(target, target) - target * input
    if reduction == "batchmean":
        return loss.sum() / input.size(0) if input.dim() else loss.sum()
    return reduced(loss, reduction)


# ---- probabilities of two classes


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """-target log(input) - (1 - target) log(1 - input) for probabilities; the logarithms count as -100 at least.

    ValueError where the shapes differ, RuntimeError for elements of input outside [0, 1].

    >>> wengert.nn.functional.binary_cross_entropy(wengert.tensor([0.5, 0.9]), wengert.tensor([1.0, 1.0]), reduction="none")
    tensor([0.6931, 0.1054])
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. Please ensure "
            "they have the same size."
        )
    if input.numel():
        low, high = input.detach().aminmax()
        if not (low.item() >= 0 and high.item() <= 1):
            raise RuntimeError("all elements of input should be between 0 and 1")
    if weight is not None:
        weight = weight.expand(wengert.broadcast_shapes(weight.shape, target.shape))
    return _losses.binary_cross_entropy(input, target, weight, reduction)


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """binary_cross_entropy(sigmoid(input), target), without its loss of digits.

    weight multiplies the losses, pos_weight those of target 1; both broadcast with input. ValueError where the shapes differ.

    >>> wengert.nn.functional.binary_cross_entropy_with_logits(wengert.tensor([0.0, 100.0]), wengert.tensor([1.0, 1.0]))
    tensor(0.3466)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    if target.shape != input.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    return _losses.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)


# ---- numbers


def _check_sizes(input, target, weight):
    """Warns where the shapes differ, as PyTorch does."""
    if target.shape != input.shape:
        import warnings

        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely lead to "
            "incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
    if weight is not None and weight.shape != input.shape:
        raise ValueError("Weights and input must have the same size.")


def _weighted(loss, weight, reduction):
    """The mean divides by the sum of the weights."""
    loss = loss * weight
    return loss.sum() / weight.sum() if reduction == "mean" else reduced(loss, reduction)


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """(input - target)^2. A weighted mean divides by the sum of the weights. Shapes that differ broadcast, with a warning.

    >>> wengert.nn.functional.mse_loss(wengert.tensor([1.0, 2.0]), wengert.tensor([1.0, 4.0]))
    tensor(2.)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    if target.shape != input.shape or weight is not None:
        _check_sizes(input, target, weight)
    if weight is not None:
        return _weighted(_losses.mse_loss(input, target, "none"), weight, reduction)
    return _losses.mse_loss(input, target, reduction)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """|input - target|; otherwise as mse_loss.

    >>> wengert.nn.functional.l1_loss(wengert.tensor([1.0, 2.0]), wengert.tensor([1.0, 4.0]))
    tensor(1.)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    _check_sizes(input, target, weight)
    loss = (input - target).abs()
    return reduced(loss, reduction) if weight is None else _weighted(loss, weight, reduction)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """d^2 / (2 beta) for d = |input - target| < beta, else d - beta / 2: Girshick (2015). RuntimeError for a negative beta.

    >>> wengert.nn.functional.smooth_l1_loss(wengert.tensor([0.0, 0.0]), wengert.tensor([0.5, 3.0]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    _check_sizes(input, target, None)
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return reduced((input - target).abs(), reduction)
    return _losses.smooth_l1_loss(input, target, reduction, beta)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """d^2 / 2 for d = |input - target| <= delta, else delta (d - delta / 2): Huber (1964). RuntimeError unless delta > 0.

    >>> wengert.nn.functional.huber_loss(wengert.tensor([0.0, 0.0]), wengert.tensor([0.5, 3.0]), reduction="none")
    tensor([0.1250, 2.5000])
    """
    _check_sizes(input, target, weight)
    check_reduction(reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is None:
        return _losses.huber_loss(input, target, reduction, delta)
    return reduced(_losses.huber_loss(input, target, "none", delta) * weight, reduction)


# ---- distributions of numbers


def poisson_nll_loss(input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):
    """exp(input) - target input, or without log_input, input - target log(input + eps): -log of a Poisson probability.

    full adds Stirling's approximation of log(target!) where target is above 1.

    >>> wengert.nn.functional.poisson_nll_loss(wengert.tensor([0.0]), wengert.tensor([2.0]))
    tensor(1.)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return reduced(loss, reduction)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """(log(var) + (input - target)^2 / var) / 2: -log of a normal density of mean input and variance var, which counts as eps at least.

    var has input's shape, the same with a last dimension of 1 or without one, or is a number. full adds log(2 pi) / 2. ValueError
    for a negative variance and for other shapes.

    >>> wengert.nn.functional.gaussian_nll_loss(wengert.tensor([1.0]), wengert.tensor([2.0]), wengert.tensor([1.0]))
    tensor(0.5000)
    """
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * wengert.ones_like(input)
    elif (var < 0).any():
        raise ValueError("var has negative entry/entries")
    if var.shape != input.shape:
        if input.shape[:-1] == var.shape:
            var = var.unsqueeze(-1)
        elif input.dim() != var.dim() or sum(b for a, b in zip(input.shape, var.shape, strict=True) if a != b) != 1:
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    # max(var, eps), with the gradient of var everywhere
    var = var + (eps - var.detach()).clamp_(min=0)
    loss = (var.log() + (input - target).square() / var) * 0.5
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)
