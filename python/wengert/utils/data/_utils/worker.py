"""A worker process: reads its part of the data set and sends batches until its tasks end."""

import contextlib
import os
import queue
import random
import threading

from .... import set_num_threads
from ....random import manual_seed
from ..dataset import IterableDataset
from . import channel
from .exceptions import ExceptionWrapper
from .fetch import make_fetch

_WATCH_SECONDS = 5.0  # how often an idle worker looks whether its parent still lives
_info = None


class WorkerInfo:
    """What a worker process knows of itself: id, num_workers, seed (its own) and dataset (its copy)."""

    def __init__(self, **values):
        self.__dict__.update(values)

    def __setattr__(self, name, value):
        raise RuntimeError("Cannot assign attributes to WorkerInfo objects")

    def __repr__(self):
        return f"WorkerInfo({', '.join(f'{name}={value}' for name, value in self.__dict__.items())})"


def get_worker_info():
    """The WorkerInfo of this process, None in the process that iterates over the DataLoader."""
    return _info


class Exhausted:
    """The answer to a task for which an IterableDataset has no samples left."""


class Resumed:
    """The task to begin another pass, and the answer to it."""


def run_worker(worker_id, tasks, results, close_here, plan):
    """The main function of a worker. tasks and results are its ends of two pipes, close_here the ends that are others'."""
    for connection in close_here:
        connection.close()
    # The parent has been interrupted too, or has let go.
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        _serve(worker_id, tasks, results.fileno(), **plan)


def _serve(
    worker_id, tasks, results, *, dataset, num_workers, auto_collation, collate_fn, drop_last, base_seed, worker_init_fn
):
    global _info

    waiting = _receive_eagerly(tasks)
    where = f"in DataLoader worker process {worker_id}"
    seed = base_seed + worker_id
    set_num_threads(1)
    _seed_everything(base_seed, worker_id)
    _info = WorkerInfo(id=worker_id, num_workers=num_workers, seed=seed, dataset=dataset)
    failed = None
    try:
        if worker_init_fn is not None:
            worker_init_fn(worker_id)
        fetch = make_fetch(dataset, auto_collation, collate_fn, drop_last)
    except Exception:
        failed = ExceptionWrapper(where)
    while (task := waiting.get()) is not None:
        number, index = task
        answer: object
        try:
            if isinstance(index, Resumed):
                fetch = make_fetch(dataset, auto_collation, collate_fn, drop_last)
                answer = index
            else:
                answer = failed or fetch(index)
        except Exception as error:
            ended = isinstance(error, StopIteration) and isinstance(dataset, IterableDataset)
            answer = Exhausted() if ended else ExceptionWrapper(where)
        try:
            parts = channel.pack((number, answer))
        except Exception:  # a batch that cannot be pickled
            parts = channel.pack((number, ExceptionWrapper(where)))
        channel.send(results, parts)
        del answer, parts


def _receive_eagerly(tasks):
    """A queue that a thread fills with tasks, so that the parent never waits for a full pipe. It ends with None: the parent has
    closed its end, or has died."""
    received: queue.SimpleQueue = queue.SimpleQueue()
    parent = os.getppid()

    def loop():
        try:
            while True:
                while not tasks.poll(_WATCH_SECONDS):
                    # The other end of the pipe may be open in processes that were forked meanwhile.
                    if os.getppid() != parent:
                        raise EOFError
                received.put(tasks.recv())
        except (EOFError, OSError):
            received.put(None)

    threading.Thread(target=loop, daemon=True).start()
    return received


def _seed_everything(base_seed, worker_id):
    """Seeds wengert, random and NumPy for this worker as PyTorch does, NumPy from a hash of both numbers (its SeedSequence): its
    generator is that of random, and must not give the same numbers."""
    import numpy

    manual_seed(base_seed + worker_id)
    random.seed(base_seed + worker_id)
    words = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    numpy.random.seed(numpy.random.SeedSequence(words).generate_state(4))
