"""The process that iterates: gives its workers indices in turn and hands on their batches in order."""

import collections
import contextlib
import itertools
import multiprocessing
import os
import signal
import time
import warnings
import weakref

from ..sampler import draw_seed
from . import channel
from .exceptions import ExceptionWrapper
from .worker import Exhausted, Resumed, run_worker

_PATIENCE = 5.0  # seconds that a worker has to end by itself before it is made to


class Workers:
    """Processes, each with a pipe for its tasks and one for its answers."""

    def __init__(self, count, context, plan):
        import numpy  # noqa: F401  Once here, not once in each worker, which seeds it.

        self.owner = os.getpid()
        self.processes, self.tasks, self.results = [], [], []
        try:
            for worker_id in range(count):
                self._start(worker_id, context, plan)
        except BaseException:
            self.shutdown()
            raise

    def _start(self, worker_id, context, plan):
        task_reader, task_writer = context.Pipe(duplex=False)
        result_reader, result_writer = context.Pipe(duplex=False)
        channel.enlarge(result_writer.fileno())
        # A forked process has a copy of every open end; one that kept another's would keep it from seeing the end of its pipe.
        forked = context.get_start_method() == "fork"
        others = [task_writer, result_reader, *self.tasks, *self.results] if forked else []
        process = context.Process(target=run_worker, args=(worker_id, task_reader, result_writer, others, plan), daemon=True)
        try:
            with warnings.catch_warnings():
                # Python warns of a fork beside other threads. Those of wengert's kernels are looked after: see core/parallel.cpp.
                warnings.filterwarnings("ignore", "This process", DeprecationWarning)
                process.start()
        finally:
            task_reader.close()
            result_writer.close()
        self.processes.append(process)
        self.tasks.append(task_writer)
        self.results.append(result_reader)

    def give(self, worker_id, task):
        """Sends a task; a worker that has died is found when its answer is waited for."""
        with contextlib.suppress(BrokenPipeError):
            self.tasks[worker_id].send(task)

    def dismiss(self, worker_id):
        """Lets a worker end after the tasks that it has."""
        self.tasks[worker_id].close()

    def receive(self, worker_ids, timeout):
        """(worker, number of the task, answer) of the first of these workers that answers.

        RuntimeError after timeout seconds (0: none), or where one of them has died.
        """
        deadline = time.monotonic() + timeout if timeout > 0 else None
        by_fd = {self.results[each].fileno(): each for each in worker_ids}
        try:
            fd = channel.wait_readable(by_fd, deadline, self._check)[0]
            return by_fd[fd], *channel.receive(fd, deadline, self._check)
        except TimeoutError:
            raise RuntimeError(f"DataLoader timed out after {timeout:g} seconds") from None
        except EOFError:
            self.processes[by_fd[fd]].join(_PATIENCE)
            self._check()
            raise RuntimeError(f"DataLoader worker (pid(s) {self.processes[by_fd[fd]].pid}) closed its pipe") from None

    def _check(self):
        """RuntimeError where a worker has died that had not been dismissed."""
        dead = [
            each for each, tasks in zip(self.processes, self.tasks, strict=True) if not each.is_alive() and not tasks.closed
        ]
        if dead:
            pids = ", ".join(str(each.pid) for each in dead)
            reasons = ", ".join(_reason(each.exitcode) for each in dead)
            raise RuntimeError(f"DataLoader worker (pid(s) {pids}) exited unexpectedly [{reasons}]")

    def shutdown(self):
        """Ends the workers. In a process that was forked from the owner nothing is done."""
        if os.getpid() != self.owner:
            return
        for connection in (*self.tasks, *self.results):
            connection.close()  # a worker that waits for tasks, or to send, ends
        limit = time.monotonic() + _PATIENCE
        for process in self.processes:
            process.join(max(0.0, limit - time.monotonic()))
            if process.is_alive():
                process.terminate()
                process.join(_PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()


def _reason(exitcode):
    if exitcode is not None and exitcode < 0:
        try:
            return f"killed by signal: {signal.Signals(-exitcode).name}"
        except ValueError:
            return f"killed by signal: {-exitcode}"
    return f"exit code {exitcode}"


class WorkerIterator:
    """One pass, or with persistent_workers many, over a DataLoader with worker processes.

    Task number i goes to worker i modulo their number, so that what is drawn for a batch depends on the seed alone; only
    IterableDatasets that have ended are passed over.
    """

    def __init__(self, loader):
        indices = iter(loader._index_sampler)
        base_seed = draw_seed(loader.generator)
        self._timeout = loader.timeout
        self._count = loader.num_workers
        self._in_order = loader.in_order
        self._persistent = loader.persistent_workers
        self._outstanding_limit = loader.prefetch_factor * loader.num_workers
        plan = {
            "dataset": loader.dataset,
            "num_workers": loader.num_workers,
            "auto_collation": loader._auto_collation,
            "collate_fn": loader.collate_fn,
            "drop_last": loader.drop_last,
            "base_seed": base_seed,
            "worker_init_fn": loader.worker_init_fn,
        }
        context = loader.multiprocessing_context or multiprocessing.get_context("fork")
        self._workers = Workers(loader.num_workers, context, plan)
        self._end = weakref.finalize(self, self._workers.shutdown)
        self._active = [True] * self._count
        self._tasks = {}  # number: worker that has it, in the order given
        self._broken = None  # what the workers ended with before their time
        self._begin(loader, indices)

    def reset(self, loader):
        """Begins another pass with the same workers."""
        self._drain()
        self._active = [True] * self._count
        for worker in range(self._count):
            self._workers.give(worker, (-1, Resumed()))
        waiting = set(range(self._count))
        while waiting:
            worker, _, answer = self._receive(waiting)
            if isinstance(answer, ExceptionWrapper):
                answer.reraise()
            waiting.discard(worker)
        self._begin(loader, iter(loader._index_sampler))

    def _begin(self, loader, indices):
        self._sampler, self._indices = loader._index_sampler, indices
        self._turns = itertools.cycle(range(self._count))
        self._given = self._next = 0
        self._arrived = {}  # number: answer that is not due yet
        self._load: collections.Counter = collections.Counter()
        for _ in range(self._outstanding_limit):
            self._give()

    @property
    def usable(self):
        """Whether the workers are there for another pass."""
        return self._end.alive

    def _receive(self, workers):
        try:
            return self._workers.receive(workers, self._timeout)
        except BaseException as error:  # a dead worker, a time-out, an interrupt in the middle of a message
            self._broken = str(error)
            self._end()
            raise

    def _drain(self):
        """Takes the answers of a pass that was left early."""
        for number in self._arrived:
            del self._tasks[number]
        while self._tasks:
            _, number, _ = self._receive(set(self._tasks.values()))
            del self._tasks[number]

    def _give(self):
        """Gives the next index, if there is one, to the worker whose turn it is, if there is one."""
        for _ in range(self._count):
            worker = next(self._turns)
            if self._active[worker] and (self._in_order or self._load[worker] < self._outstanding_limit // sum(self._active)):
                break
        else:
            return
        try:
            index = next(self._indices)
        except StopIteration:
            return
        self._tasks[self._given] = worker
        self._load[worker] += 1
        self._workers.give(worker, (self._given, index))
        self._given += 1

    def __iter__(self):
        return self

    def __next__(self):
        if self._broken is not None:
            raise RuntimeError(f"this pass over the DataLoader has ended with an error: {self._broken}")
        while self._tasks:
            if self._in_order:
                due = next(iter(self._tasks))
                if due in self._arrived:
                    return self._take(due, self._arrived.pop(due))
            waiting = {worker for number, worker in self._tasks.items() if number not in self._arrived}
            worker, number, answer = self._receive(waiting)
            if isinstance(answer, Exhausted):
                self._retire(worker, number)
            elif not self._in_order or number == due:
                return self._take(number, answer)
            else:
                self._arrived[number] = answer
        if not self._persistent:
            self._end()
        raise StopIteration

    next = __next__

    def __len__(self):
        return len(self._sampler)

    def _take(self, number, answer):
        self._load[self._tasks.pop(number)] -= 1
        self._give()
        if isinstance(answer, ExceptionWrapper):
            answer.reraise()
        return answer

    def _retire(self, worker, number):
        """The worker's copy of the data set has ended: it gets no further tasks."""
        del self._tasks[number]
        self._load[worker] -= 1
        if self._active[worker]:
            self._active[worker] = False
            if not self._persistent:
                self._workers.dismiss(worker)
        self._give()
