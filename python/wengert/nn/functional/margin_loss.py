"""Losses that ask for a margin: between classes, or between near and far pairs of vectors."""

import wengert

from . import _losses
from ._reduction import check_reduction, legacy_reduction, reduced
from .distance import pairwise_distance

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]

# ---- pairs and triples


def cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """1 - cos for target 1, max(0, cos - margin) for target -1, of the angle between the vectors input1 and input2.

    The inputs are (N, D) with target (N), or (D) with target (). RuntimeError for other shapes.

    >>> x = wengert.tensor([[1.0, 0.0]])
    >>> wengert.nn.functional.cosine_embedding_loss(x, x, wengert.tensor([-1.0]))
    tensor(1.)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    if target.dim() > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if target.dim() == 1 and (input1.dim() != 2 or input2.dim() != 2):
        raise RuntimeError(
            f"1D target tensor expects 2D input tensors, but found inputs with sizes {list(input1.shape)} and {list(input2.shape)}."
        )
    if target.dim() == 0 and (input1.dim() != 1 or input2.dim() != 1):
        raise RuntimeError(
            f"0D target tensor expects 1D input tensors, but found inputs with sizes {list(input1.shape)} and {list(input2.shape)}."
        )
    eps = 1e-12
    product = (input1 * input2).sum(-1)
    squares = (input1.square().sum(-1) + eps) * (input2.square().sum(-1) + eps)
    cosine = product / squares.sqrt()
    zero = wengert.zeros_like(cosine)
    loss = wengert.where(target == 1, 1 - cosine, zero) + wengert.where(target == -1, (cosine - margin).clamp_min(0), zero)
    return reduced(loss, reduction)


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """input for target 1, max(0, margin - input) for target -1, where input is a distance.

    >>> wengert.nn.functional.hinge_embedding_loss(wengert.tensor([0.25, 0.25]), wengert.tensor([1.0, -1.0]), reduction="none")
    tensor([0.2500, 0.7500])
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    far = (margin - input).clamp_min(0)
    loss = far.masked_fill(target == 1, 0) + input.masked_fill(target == -1, 0)
    return reduced(loss, reduction)


def margin_ranking_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """max(0, -target (input1 - input2) + margin): target 1 wants input1 to be the larger one, -1 the smaller one.

    >>> wengert.nn.functional.margin_ranking_loss(wengert.tensor([1.0]), wengert.tensor([2.0]), wengert.tensor([1.0]))
    tensor(1.)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError(
            f"margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: {input1.shape}, input2: "
            f"{input2.shape}, target: {target.shape} "
        )
    return reduced((-target * (input1 - input2) + margin).clamp_min(0), reduction)


def _triplet(anchor, positive, negative, distance, margin, swap, reduction):
    check_reduction(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.dim() == positive.dim() == negative.dim():
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: anchor "
            f"{anchor.dim()}D, positive {positive.dim()}D, and negative {negative.dim()}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = wengert.minimum(far, distance(positive, negative))
    return reduced((near - far + margin).clamp_min(0), reduction)


def triplet_margin_loss(
    anchor,
    positive,
    negative,
    margin=1.0,
    p=2,
    eps=1e-6,
    swap=False,
    size_average=None,
    reduce=None,
    reduction="mean",
):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), d the p-norm distance: Balntas et al. (2016).

    swap takes the distance of positive and negative where that is smaller than the one of anchor and negative. ValueError unless
    margin > 0.

    >>> a, p, n = (wengert.tensor([[value]]) for value in (0.0, 1.0, 1.5))
    >>> wengert.nn.functional.triplet_margin_loss(a, p, n)
    tensor(0.5000)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    return _triplet(anchor, positive, negative, lambda x, y: pairwise_distance(x, y, p, eps), margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"
):
    """triplet_margin_loss with a distance of one's own: distance_function(x, y).

    >>> a, p, n = (wengert.tensor([[value]]) for value in (0.0, 1.0, 1.5))
    >>> wengert.nn.functional.triplet_margin_with_distance_loss(a, p, n, distance_function=lambda x, y: (x - y).abs().sum(1))
    tensor(0.5000)
    """
    return _triplet(anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction)


# ---- classes


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """log(1 + exp(-target input)) for targets 1 and -1.

    >>> wengert.nn.functional.soft_margin_loss(wengert.tensor([0.0]), wengert.tensor([1.0]))
    tensor(0.6931)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    return _losses.soft_margin_loss(input, target, reduction)


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    """The sum over the classes i other than target of max(0, margin - input[target] + input[i])^p, over their number C.

    input is (N, C) with target (N), or (C) with target (). weight (C) multiplies the losses of each class. p is 1 or 2.

    >>> wengert.nn.functional.multi_margin_loss(wengert.tensor([[0.5, 0.0]]), wengert.tensor([0]))
    tensor(0.2500)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    if input.dim() not in (1, 2) or input.size(-1) == 0:
        raise RuntimeError(f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(input.shape)}")
    scores = input if input.dim() == 2 else input.unsqueeze(0)
    rows, classes = scores.shape
    if target.dim() > 1 or target.numel() != rows:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). Expected "
            f"target size [{rows}], but got {list(target.shape)}. Input has shape {list(input.shape)}."
        )
    target = target.reshape(rows, 1)
    if rows and not (target.min() >= 0 and target.max() < classes):
        raise RuntimeError("target out of range")
    short = (scores - scores.gather(1, target) + margin).relu()
    short = short.square() if p == 2 else short
    if weight is not None:
        short = short * weight[target]
    loss = short.scatter(1, target, 0.0).sum(1) / classes
    return reduced(loss if input.dim() == 2 else loss.squeeze(0), reduction)


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """The sum over the classes j in target and i not in target of max(0, 1 - input[j] + input[i]), over the number of classes.

    input and target are (N, C) or (C); a row of target lists classes, up to the first -1.

    >>> wengert.nn.functional.multilabel_margin_loss(wengert.tensor([0.5, 0.0]), wengert.tensor([0, -1]))
    tensor(0.2500)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    if input.dim() not in (1, 2) or target.shape != input.shape:
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    if target.dtype != wengert.int64:
        raise RuntimeError(f"expected scalar type Long but found {target.type().removeprefix('torch.').removesuffix('Tensor')}")
    scores, listed = (x if x.dim() == 2 else x.unsqueeze(0) for x in (input, target))
    rows, classes = scores.shape
    if listed.numel() and not (listed.min() >= -1 and listed.max() < classes):
        raise RuntimeError("target out of range")
    counts = (listed >= 0).long().cumprod(1)  # 1 up to the first -1
    places = listed * counts
    wanted = wengert.zeros(rows, classes, dtype=wengert.int64).scatter_add_(1, places, counts) > 0
    short = (1 - scores.gather(1, places).unsqueeze(2) + scores.unsqueeze(1)).relu()  # (N, listed, classes)
    counted = counts.bool().unsqueeze(2).logical_and(wanted.logical_not().unsqueeze(1))
    loss = (short * counted).sum([1, 2]) / classes
    return reduced(loss if input.dim() == 2 else loss.squeeze(0), reduction)


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """The mean over the classes (the last dimension) of binary_cross_entropy_with_logits(input, target) times weight.

    >>> wengert.nn.functional.multilabel_soft_margin_loss(wengert.tensor([[0.0, 0.0]]), wengert.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    check_reduction(reduction)
    loss = _losses.binary_cross_entropy_with_logits(input, target, None, None, "none")
    if weight is not None:
        loss = loss * weight
    loss = loss.sum(input.dim() - 1) / input.size(-1)
    return reduced(loss, reduction)
