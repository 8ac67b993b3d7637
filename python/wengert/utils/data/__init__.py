"""Data sets, the order in which they are read, and batches: what PyTorch calls ``torch.utils.data``.

>>> from wengert.utils.data import DataLoader, TensorDataset
>>> x, y = wengert.arange(5), wengert.arange(5) * 10
>>> for batch in DataLoader(TensorDataset(x, y), batch_size=2):
...     print(batch)
[tensor([0, 1]), tensor([ 0, 10])]
[tensor([2, 3]), tensor([20, 30])]
[tensor([4]), tensor([40])]

For a seed, orders and splits are PyTorch's. Worker processes (``num_workers``) are forked, whatever Python's default is.
"""

from ._utils.collate import default_collate, default_convert
from ._utils.worker import get_worker_info
from .dataloader import DataLoader
from .dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from .sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

__all__ = [
    "BatchSampler",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
]


def __getattr__(name):
    import difflib

    near = difflib.get_close_matches(name, __all__, 3)
    hint = f"; the nearest it has: {', '.join(near)}" if near else ""
    raise AttributeError(f"wengert.utils.data does not cover {name!r}{hint}", name=name)
