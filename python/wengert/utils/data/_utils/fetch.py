"""How one process reads its data set: one call per batch."""

import itertools

from .... import Tensor, int64, tensor
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
    base = dataset
    while type(base) is Subset:
        chain.append(base.indices)
        base = base.dataset
    if type(base) is not TensorDataset:
        return None
    tensors = base.tensors
    if any(type(each) is not Tensor or each.requires_grad for each in tensors):
        return None

    def fetch(indices):
        rows = indices
        for subset in chain:
            rows = [subset[i] for i in rows]
        if not rows or any(type(i) is not int or i < 0 for i in rows):
            return default_collate([dataset[i] for i in indices])
        rows = tensor(rows, dtype=int64)
        return [each.index_select(0, rows) for each in tensors]

    return fetch
