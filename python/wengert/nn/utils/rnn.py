"""Sequences of different lengths: padded to one tensor, or packed without padding for recurrent layers."""

from collections import namedtuple

import wengert
from wengert import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


def invert_permutation(permutation):
    """The permutation that undoes another; None for None.

    >>> wengert.nn.utils.rnn.invert_permutation(wengert.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    return wengert.empty_like(permutation).scatter_(0, permutation, wengert.arange(len(permutation)))


class PackedSequence(namedtuple("PackedSequence", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"])):
    """Sequences, the longest first, step by step: data (elements, ...) holds the first elements of all, then the second ones ...

    batch_sizes says how many sequences have an element at each step; sorted_indices and unsorted_indices, or None, lead to the order
    by length and back. pack_sequence and pack_padded_sequence make them.
    """

    __slots__ = ()

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if batch_sizes is None:  # PackedSequence((data, batch_sizes))
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args, **kwargs):
        """The sequence with data.to(...)."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._replace(data=data)

    def cpu(self):
        """The sequence itself."""
        return self

    def double(self):
        """The sequence as float64."""
        return self.to(wengert.float64)

    def float(self):
        """The sequence as float32."""
        return self.to(wengert.float32)

    def long(self):
        """The sequence as int64."""
        return self.to(wengert.int64)

    def int(self):
        """The sequence as int32."""
        return self.to(wengert.int32)

    @property
    def is_cuda(self):
        """False."""
        return False

    def is_pinned(self):
        """False."""
        return False


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    """A PackedSequence of the first lengths[i] elements of each sequence of input (T, N, ...), or (N, T, ...) with batch_first.

    Unless enforce_sorted, lengths may be in any order. RuntimeError for lengths that do not fit.

    >>> packed = wengert.nn.utils.rnn.pack_padded_sequence(wengert.tensor([[1, 4], [2, 0]]), [2, 1])
    >>> packed.data, packed.batch_sizes
    (tensor([1, 4, 2]), tensor([2, 1]))
    """
    lengths = lengths.tolist() if isinstance(lengths, Tensor) else list(lengths)
    sequences = input.transpose(0, 1) if batch_first else input
    steps, count = sequences.size(0), sequences.size(1)
    order = None
    if not enforce_sorted:
        lengths_tensor, order = wengert.sort(wengert.tensor(lengths, dtype=wengert.int64), descending=True, stable=True)
        lengths = lengths_tensor.tolist()
        sequences = sequences.index_select(1, order)
    if input.numel() == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    if len(lengths) != count:
        raise RuntimeError(f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} (batch_size={count})")
    if lengths[-1] <= 0:
        raise RuntimeError("Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0")
    if lengths != sorted(lengths, reverse=True):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass `enforce_sorted=False` to "
            "pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do not need ONNX exportability."
        )
    if lengths[0] > steps:
        raise RuntimeError(f"Expected lengths of at most {steps}, the length of the padded sequences, but got {lengths[0]}")
    inside = _inside(lengths, lengths[0])
    places = inside.flatten().nonzero().view(-1)
    data = sequences[: lengths[0]].reshape(-1, *sequences.shape[2:]).index_select(0, places)
    return PackedSequence(data, inside.sum(1), order, None)


def _inside(lengths, steps):
    """(steps, sequences): whether a sequence has an element at a step."""
    return wengert.arange(steps).unsqueeze(1) < wengert.tensor(lengths, dtype=wengert.int64)


def _lengths(batch_sizes):
    """The lengths of the sequences, the longest first."""
    sizes = wengert.arange(int(batch_sizes[0]))
    return (sizes < batch_sizes.unsqueeze(1)).sum(0)


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    """(padded (T, N, ...) or, with batch_first, (N, T, ...), lengths) of a PackedSequence.

    T is the largest length, or total_length, which must not be less: ValueError.

    >>> packed = wengert.nn.utils.rnn.pack_sequence([wengert.tensor([1, 2]), wengert.tensor([3])])
    >>> wengert.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    (tensor([[1, 2],
            [3, 0]]), tensor([2, 1]))
    """
    data, batch_sizes, _, back = sequence
    steps, count = len(batch_sizes), int(batch_sizes[0])
    if total_length is not None and total_length < steps:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got total_length="
            f"{total_length} and max sequence length being {steps}"
        )
    total = steps if total_length is None else total_length
    lengths = _lengths(batch_sizes)
    places = (wengert.arange(total).unsqueeze(1) < lengths).flatten().nonzero().view(-1)
    padded = data.new_full((total * count, *data.shape[1:]), padding_value).index_copy(0, places, data)
    padded = padded.view(total, count, *data.shape[1:])
    if back is not None:
        padded, lengths = padded.index_select(1, back), lengths.index_select(0, back)
    return (padded.transpose(0, 1) if batch_first else padded), lengths


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    """Sequences (length, ...) padded to the longest and stacked: (T, N, ...), or (N, T, ...) with batch_first.

    >>> wengert.nn.utils.rnn.pad_sequence([wengert.tensor([1, 2]), wengert.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if isinstance(sequences, Tensor):
        sequences = sequences.unbind(0)
    elif not hasattr(sequences, "__iter__"):
        raise RuntimeError(f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}")
    sequences = tuple(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    total = max(sequence.size(0) for sequence in sequences)
    padded = []
    for sequence in sequences:
        missing = total - sequence.size(0)
        around = [0, 0] * (sequence.dim() - 1) + ([missing, 0] if padding_side == "left" else [0, missing])
        padded.append(wengert.constant_pad_nd(sequence, around, padding_value) if missing else sequence)
    return wengert.stack(padded, 0 if batch_first else 1)


def unpad_sequence(padded_sequences, lengths, batch_first=False):
    """The sequences of a padded tensor, the reverse of pad_sequence.

    >>> wengert.nn.utils.rnn.unpad_sequence(wengert.tensor([[1, 3], [2, 0]]), wengert.tensor([2, 1]))
    [tensor([1, 2]), tensor([3])]
    """
    sequences = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [sequence[: int(length)] for sequence, length in zip(sequences.unbind(0), lengths, strict=True)]


def pack_sequence(sequences, enforce_sorted=True):
    """A PackedSequence of sequences (length, ...), the longest first unless enforce_sorted is False.

    >>> wengert.nn.utils.rnn.pack_sequence([wengert.tensor([1, 2]), wengert.tensor([3])]).data
    tensor([1, 3, 2])
    """
    lengths = [sequence.size(0) for sequence in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences):
    """The sequences of a PackedSequence, the reverse of pack_sequence.

    >>> packed = wengert.nn.utils.rnn.pack_sequence([wengert.tensor([1, 2]), wengert.tensor([3])])
    >>> wengert.nn.utils.rnn.unpack_sequence(packed)
    [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
