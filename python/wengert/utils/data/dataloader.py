"""DataLoader: an iterable of batches."""

import multiprocessing
import multiprocessing.context
from types import GenericAlias

from ._utils.collate import default_collate, default_convert
from ._utils.fetch import make_fetch
from ._utils.worker import get_worker_info
from .dataset import IterableDataset
from .sampler import BatchSampler, InfiniteSampler, RandomSampler, SequentialSampler, draw_seed

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]


class DataLoader:
    """Batches of a data set.

    Args:
        dataset: with ``__getitem__`` and ``__len__``, or an :class:`IterableDataset`.
        batch_size: samples per batch; None hands on the samples themselves, through default_convert.
        shuffle: a random order in every pass, by a RandomSampler; in turn otherwise.
        sampler: an iterable of indices in place of shuffle.
        batch_sampler: an iterable of lists of indices in place of batch_size, shuffle, sampler and drop_last.
        num_workers: processes that fetch; 0: none, the batches are fetched here. Each has seeds of its own, which follow from
            the generator's next number.
        collate_fn: makes a batch of a list of samples; :func:`default_collate` unless given.
        pin_memory, pin_memory_device: accepted; memory of the CPU needs no pinning.
        drop_last: leave out a last batch that is smaller.
        timeout: seconds to wait for a batch of the workers before RuntimeError; 0: for ever.
        worker_init_fn: called in each worker with its number, after its seeds are set.
        multiprocessing_context: a start method or a context; "fork" unless given. Others have to pickle the data set.
        generator: of the random order and of the workers' seeds; the default one unless given.
        prefetch_factor: batches that each worker is asked for ahead, 2 unless given.
        persistent_workers: keep the workers from one pass to the next.
        in_order: batches come in the order of the sampler; False: as they are ready.

    An exception in a worker is raised here, of the same type and with its traceback as text. A worker that dies is a
    RuntimeError that names it.

    >>> _ = wengert.manual_seed(0)
    >>> loader = wengert.utils.data.DataLoader(range(6), batch_size=4, shuffle=True)
    >>> list(loader)
    [tensor([0, 4, 3, 5]), tensor([2, 1])]
    """

    __class_getitem__: classmethod = classmethod(GenericAlias)
    _FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
    _initialized = False
    _iterator = None  # the one with persistent workers

    def __init__(
        self,
        dataset,
        batch_size=1,
        shuffle=None,
        sampler=None,
        batch_sampler=None,
        num_workers=0,
        collate_fn=None,
        pin_memory=False,
        drop_last=False,
        timeout=0,
        worker_init_fn=None,
        multiprocessing_context=None,
        generator=None,
        *,
        prefetch_factor=None,
        persistent_workers=False,
        pin_memory_device="",
        in_order=True,
    ):
        if num_workers < 0:
            raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError(
                "prefetch_factor option could only be specified in multiprocessing."
                "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
            )
        if num_workers > 0 and prefetch_factor is None:
            prefetch_factor = 2
        if prefetch_factor is not None and prefetch_factor < 0:
            raise ValueError("prefetch_factor option should be non-negative")
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        self.dataset = dataset
        self.num_workers, self.prefetch_factor, self.timeout = num_workers, prefetch_factor, timeout
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device
        self.worker_init_fn, self.multiprocessing_context = worker_init_fn, multiprocessing_context
        self.generator, self.in_order, self.persistent_workers = generator, in_order, persistent_workers

        iterable = isinstance(dataset, IterableDataset)
        if iterable:
            _refuse_order(shuffle, sampler, batch_sampler)
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
            batch_size, drop_last = None, False
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            if iterable:
                sampler = InfiniteSampler()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size, self.drop_last, self.sampler, self.batch_sampler = batch_size, drop_last, sampler, batch_sampler
        self.collate_fn = collate_fn or (default_collate if self._auto_collation else default_convert)
        self._initialized = True

    def __setattr__(self, name, value):
        if self._initialized and name in self._FIXED:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    @property
    def multiprocessing_context(self):
        """The context that workers are made in; None for that of "fork"."""
        return self._multiprocessing_context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context):
        if context is not None:
            if self.num_workers == 0:
                raise ValueError(
                    "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
                    f"num_workers={self.num_workers}"
                )
            if isinstance(context, str):
                known = multiprocessing.get_all_start_methods()
                if context not in known:
                    raise ValueError(
                        f"multiprocessing_context option should specify a valid start method in {known!r}, but got "
                        f"multiprocessing_context={context!r}"
                    )
                context = multiprocessing.get_context(context)
            if not isinstance(context, multiprocessing.context.BaseContext):
                raise TypeError(
                    "multiprocessing_context option should be a valid context object or a string specifying the start method, "
                    f"but got multiprocessing_context={context}"
                )
        self._multiprocessing_context = context

    @property
    def _auto_collation(self):
        return self.batch_sampler is not None

    @property
    def _index_sampler(self):
        return self.batch_sampler if self._auto_collation else self.sampler

    def __iter__(self):
        if self.num_workers == 0:
            return _Iterator(self)
        from ._utils.pool import WorkerIterator

        if not self.persistent_workers:
            return WorkerIterator(self)
        if self._iterator is None or not self._iterator.usable:
            self._iterator = WorkerIterator(self)
        else:
            self._iterator.reset(self)
        return self._iterator

    def __len__(self):
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        length = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)

    def __getstate__(self):
        return {name: value for name, value in self.__dict__.items() if name != "_iterator"}


def _refuse_order(shuffle, sampler, batch_sampler):
    """ValueError for options that ask for an order of an IterableDataset, which has its own."""
    for name, value in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
        if value is not None:
            raise ValueError(f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}")


class _Iterator:
    """One pass in the process that iterates."""

    def __init__(self, loader):
        self._loader = loader
        self._indices = iter(loader._index_sampler)
        draw_seed(loader.generator)  # the workers' seed, which PyTorch draws where there are none too
        self._fetch = make_fetch(loader.dataset, loader._auto_collation, loader.collate_fn, loader.drop_last)

    def __iter__(self):
        return self

    def __next__(self):
        return self._fetch(next(self._indices))

    next = __next__

    def __len__(self):
        return len(self._loader._index_sampler)
