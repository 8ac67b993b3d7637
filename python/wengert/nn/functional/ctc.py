"""Connectionist temporal classification: Graves et al., "Connectionist temporal classification: labelling unsegmented sequence data
with recurrent neural networks", 2006."""

import wengert

from ._reduction import check_reduction
from .padding import pad

__all__ = ["ctc_loss"]

_NEVER = -1e30  # the logarithm of what is impossible: finite, so that sums and their slopes stay so


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """-log of the probability that a sequence of classes reads as a target: once repetitions, then blanks are left out of it.

    Args:
        log_probs: (T, N, C) or (T, C), logarithms of the probabilities of C classes at T steps; of log_softmax.
        targets: (N, S) or (S) of classes that are not blank; or all targets of a batch one after another, (sum of their lengths).
        input_lengths: (N) or (), how many steps of each sequence count; a tensor or a tuple of ints.
        target_lengths: likewise of targets.
        blank: the class of no label.
        reduction: "none", "sum", or "mean": the mean of the losses, each divided by the length of its target.
        zero_infinity: a target that its sequence cannot read as, as it is too short, has loss 0 rather than inf.

    Returns:
        (N) or (), or () of a reduction. The gradient to log_probs is PyTorch's, of probabilities that sum to one:
        exp(log_probs) less the probability of each class at each step given the target.

    Raises:
        RuntimeError: lengths, dtypes or shapes that do not go together; a blank that is no class.

    >>> log_probs = wengert.tensor([[0.5, 0.5], [0.5, 0.5]]).log()
    >>> wengert.nn.functional.ctc_loss(log_probs, wengert.tensor([1]), (2,), (1,)).exp()  # -1, 1-, 11: of 4, 3
    tensor(1.3333)
    """
    check_reduction(reduction)
    batched = log_probs.dim() == 3
    if log_probs.dim() not in (2, 3) or not log_probs.is_floating_point():
        raise RuntimeError(
            f"ctc_loss: expected log_probs of shape (T, N, C) or (T, C) and a floating dtype, got {_about(log_probs)}"
        )
    if not batched:
        log_probs = log_probs.unsqueeze(1)
    steps, batch, classes = log_probs.shape
    inputs = _lengths("input_lengths", input_lengths, batch, steps)
    if not 0 <= blank < classes:
        raise RuntimeError(f"blank must be in label range, got {blank} of {classes} classes")
    lengths = _lengths("target_lengths", target_lengths, batch, None)
    labels, ends = _labels(targets, lengths, batch, batched, blank, classes), wengert.tensor(lengths)

    # States: blanks, and between them the labels. alpha[s]: all readings of the first steps that end in state s.
    states = 2 * labels.size(1) + 1
    own = wengert.full((batch, states), blank, dtype=wengert.int64)
    own[:, 1::2] = labels
    skips = wengert.zeros(batch, states, dtype=wengert.bool)  # over the blank between two labels that differ
    skips[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    seen = log_probs.gather(2, own.expand(steps, batch, states)).clamp(min=_NEVER)
    alpha = pad(seen[0][:, :2], (0, states - min(states, 2)), value=_NEVER)
    rows = [alpha]
    for t in range(1, max(inputs, default=0)):
        shifted = pad(alpha, (2, 0), value=_NEVER)
        ways = [alpha, shifted[:, 1:-1], wengert.where(skips, shifted[:, :-2], _NEVER)]
        alpha = wengert.stack(ways).logsumexp(0) + seen[t]
        rows.append(alpha)
    last = (wengert.tensor(inputs) - 1).clamp(min=0)
    final = wengert.stack(rows)[last, wengert.arange(batch)]  # (N, states)
    ending = wengert.stack([2 * ends, (2 * ends - 1).clamp(min=0)], 1)
    found = wengert.where(ending.new_tensor([[False, True]]).bool() & (ends == 0).unsqueeze(1), _NEVER, final.gather(1, ending))
    loss = -found.logsumexp(1)

    if log_probs.requires_grad:  # 0, with the slope exp(log_probs) at the steps that count
        counted = (wengert.arange(steps).unsqueeze(1) < wengert.tensor(inputs)).unsqueeze(2)
        sums = wengert.where(counted, log_probs.exp(), 0.0).sum((0, 2))
        loss = loss + (sums - sums.detach())
    loss = wengert.where(loss < -_NEVER / 2, loss, 0.0 if zero_infinity else float("inf"))
    if reduction == "mean":
        return (loss / ends.clamp(min=1)).mean()
    if reduction == "sum":
        return loss.sum()
    return loss if batched else loss.squeeze(0)


def _about(tensor):
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def _lengths(name, given, batch, most):
    lengths = (
        given.flatten().tolist()
        if isinstance(given, wengert.Tensor)
        else list(given)
        if isinstance(given, (tuple, list))
        else [given]
    )
    if len(lengths) != batch:
        raise RuntimeError(f"{name} must be of size batch_size: {batch}, but got {len(lengths)}")
    for n in lengths:
        if not isinstance(n, int) or n < 0:
            raise RuntimeError(
                f"Expected {name} to have value at least 0, but got value {n} (while checking arguments for ctc_loss)"
            )
        if most is not None and n > most:
            raise RuntimeError(
                f"Expected {name} to have value at most {most}, but got value {n} (while checking arguments for ctc_loss)"
            )
    return lengths


def _labels(targets, lengths, batch, batched, blank, classes):
    """(N, longest), filled up with blanks."""
    if targets.dtype.is_floating_point or targets.dtype == wengert.bool:
        raise RuntimeError(f"ctc_loss: targets must be integers, got {_about(targets)}")
    longest = max(lengths, default=0)
    labels = wengert.full((batch, longest), blank, dtype=wengert.int64)
    if targets.dim() == 2 and targets.size(0) == batch and targets.size(1) >= longest:
        for i, n in enumerate(lengths):
            labels[i, :n] = targets[i, :n]
    elif (targets.dim() == 1 and targets.size(0) == sum(lengths)) or (
        not batched and targets.dim() == 1 and targets.size(0) >= longest
    ):
        begin = 0
        for i, n in enumerate(lengths):
            labels[i, :n] = targets[begin : begin + n]
            begin += n
    else:
        raise RuntimeError(f"ctc_loss: targets of shape {tuple(targets.shape)} do not go with target_lengths {lengths}")
    if labels.numel() and (int(labels.min()) < 0 or int(labels.max()) >= classes):
        raise RuntimeError(f"ctc_loss: expected targets from 0 to {classes - 1}, got {labels.tolist()}")
    return labels
