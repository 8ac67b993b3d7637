"""Tables of vectors looked up by integers, and classes as vectors."""

import wengert

from ... import _C

_rows = _C.functions["embedding"]

__all__ = ["embedding", "embedding_bag", "one_hot"]


def _check_indices(indices):
    if indices.dtype not in (wengert.int64, wengert.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{indices.type()} instead (while checking arguments for embedding_bag)"
        )


@wengert.no_grad()
def _shorten(weight, indices, max_norm, norm_type):
    """Scales the rows of weight that indices name, in place, to a norm of max_norm where it is larger."""
    rows = indices.reshape(-1).unique()
    chosen = weight.detach().index_select(0, rows)
    norms = chosen.norm(norm_type, 1, keepdim=True)
    scale = wengert.where(norms > max_norm, max_norm / (norms + 1e-7), wengert.ones_like(norms))
    weight.index_copy_(0, rows.long(), chosen * scale)


def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """The rows of weight (count, size) that the integers of input name: (*input.shape, size).

    The row padding_idx gets no gradient. With max_norm, rows of a larger norm_type-norm are scaled to it, in place, before.
    With scale_grad_by_freq the gradient of a row is divided by how often input names it. IndexError for an integer out of range;
    sparse=True is not covered.

    >>> wengert.nn.functional.embedding(wengert.tensor([1, 0]), wengert.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    padding_idx = _padding(padding_idx, weight)
    if max_norm is not None:
        _shorten(weight, input, max_norm, norm_type)
    return _rows(weight, input, padding_idx, scale_grad_by_freq, sparse)


def _padding(padding_idx, weight):
    """padding_idx from 0, or -1 for none."""
    if padding_idx is None:
        return -1
    if not -weight.size(0) <= padding_idx < weight.size(0) and padding_idx != 0:
        raise AssertionError("Padding_idx must be within num_embeddings")
    return padding_idx + weight.size(0) if padding_idx < 0 else padding_idx


def embedding_bag(
    input,
    weight,
    offsets=None,
    max_norm=None,
    norm_type=2,
    scale_grad_by_freq=False,
    mode="mean",
    sparse=False,
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
):
    """The sums, means or maxima (mode) of bags of rows of weight (count, size): (bags, size).

    input (bags, length) holds a bag's integers in each row; a vector holds them one behind the other, and offsets where each bag
    begins (with include_last_offset, also where the last one ends). per_sample_weights are factors of the rows, for sums alone.
    padding_idx names a row that counts nowhere. Bags of nothing give zeros. ValueError for shapes that do not fit; see also
    embedding.

    >>> table = wengert.tensor([[1.0], [2.0], [4.0]])
    >>> wengert.nn.functional.embedding_bag(wengert.tensor([0, 1, 2]), table, wengert.tensor([0, 2]), mode="sum")
    tensor([[3.],
            [4.]])
    """
    if per_sample_weights is not None and input.shape != per_sample_weights.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the same shape as the "
            f"input ({input.shape})"
        )
    if weight.dim() != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}")
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. However, "
                f"found offsets of type {type(offsets)}"
            )
        bags, length = input.shape
        bag_of = wengert.arange(bags).repeat_interleave(length)
    elif input.dim() == 1:
        if offsets is None:
            raise ValueError("offsets has to be a 1D Tensor but got None")
        if offsets.dim() != 1:
            raise ValueError("offsets has to be a 1D Tensor")
        bags, bag_of = _bags(offsets, len(input), include_last_offset)
    else:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}")
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got mode="
            f"'{mode}'). Please open a feature request on GitHub."
        )
    _check_indices(input)
    if max_norm is not None:
        _shorten(weight, input, max_norm, norm_type)
    flat = input.reshape(-1)
    padding_idx = _padding(padding_idx, weight)
    if padding_idx >= 0:
        kept = (flat != padding_idx).nonzero().reshape(-1)
        flat, bag_of = flat.index_select(0, kept), bag_of.index_select(0, kept)
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1).index_select(0, kept)
    rows = _rows(weight, flat, -1, scale_grad_by_freq, sparse)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(-1, 1)
    zeros = weight.new_zeros((bags, weight.size(1)))
    if mode == "max":
        return zeros.index_reduce(0, bag_of, rows, "amax", include_self=False)
    sums = zeros.index_add(0, bag_of, rows)
    if mode == "sum":
        return sums
    return sums / wengert.bincount(bag_of, minlength=bags).clamp_(min=1).to(weight.dtype).unsqueeze(1)


def _bags(offsets, length, include_last_offset):
    """The number of bags, and the bag of each of the integers."""
    starts = offsets.tolist()
    if starts and starts[0] != 0:
        raise RuntimeError(
            f"offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got {starts[0]}"
        )
    if starts and starts[-1] > length:
        raise RuntimeError(f"offsets[-1] can not be greater than input's length {length} but got offsets[-1] of {starts[-1]}")
    if include_last_offset:
        if not starts:
            raise RuntimeError("include_last_offset: number of offset should be at least 1")
        ends = starts[1:]
        starts = starts[:-1]
    else:
        ends = [*starts[1:], length]
    counts = [end - start for start, end in zip(starts, ends, strict=True)]
    if any(count < 0 for count in counts):
        raise RuntimeError(f"embedding_bag: offsets have to be in ascending order, got {offsets.tolist()}")
    return len(starts), wengert.arange(len(starts)).repeat_interleave(wengert.tensor(counts, dtype=wengert.int64))


def one_hot(tensor, num_classes=-1):
    """Ones at the places that the integers of an int64 tensor name, else zeros: (*tensor.shape, num_classes).

    num_classes is one more than the largest integer unless given. RuntimeError for integers out of range.

    >>> wengert.nn.functional.one_hot(wengert.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if tensor.dtype != wengert.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if tensor.numel() == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return wengert.zeros(*tensor.shape, num_classes, dtype=wengert.int64)
    low, high = (int(bound) for bound in tensor.aminmax())
    if low < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = high + 1
    elif high >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return wengert.zeros(*tensor.shape, num_classes, dtype=wengert.int64).scatter_(-1, tensor.unsqueeze(-1), 1)
