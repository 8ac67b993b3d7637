"""How one process reads its data set: one call per batch."""

import itertools

from .... import Tensor, int64, no_grad, tensor
from ..dataset import IterableDataset, Subset, TensorDataset
from .collate import default_collate


def make_fetch(dataset, auto_collation, collate_fn, drop_last):
    """fetch(indices) -> the batch; with auto_collation indices are those of a batch, else it is one index.

    Of an IterableDataset what is asked for does not matter but in number; StopIteration where nothing is left.
    """
    if isinstance(dataset, IterableDataset):
        return _iterable_fetch(iter(dataset), auto_collation, collate_fn, drop_last)
    if not auto_collation:
        return lambda index: collate_fn(dataset[index])
    if collate_fn is default_collate and (rows := _tensor_rows(dataset)):
        return rows
    if callable(getattr(dataset, "__getitems__", None)):
        return lambda indices: collate_fn(dataset.__getitems__(indices))
    return lambda indices: collate_fn([dataset[i] for i in indices])


def _iterable_fetch(samples, auto_collation, collate_fn, drop_last):
    if not auto_collation:
        return lambda _: collate_fn(next(samples))

    def fetch(batch):
        data = list(itertools.islice(samples, len(batch)))
        if not data or (drop_last and len(data) < len(batch)):
            raise StopIteration
        return collate_fn(data)

    return fetch


def _tensor_rows(dataset):
    """fetch for a TensorDataset and Subsets of one: the batch in one gather per tensor in place of a stack of rows.

    None for other data sets, for subclasses, and where the rows' history or class would tell the difference.
    """
    chain = []
    while type(dataset) is Subset:
        chain.append(dataset.indices)
        dataset = dataset.dataset
    if type(dataset) is not TensorDataset:
        return None
    tensors = dataset.tensors
    if any(type(each) is not Tensor or each.requires_grad for each in tensors):
        return None

    def fetch(indices):
        for subset in chain:
            indices = [subset[i] for i in indices]
        rows = tensor(indices, dtype=int64)
        with no_grad():
            return [each[rows] for each in tensors]

    return fetch
