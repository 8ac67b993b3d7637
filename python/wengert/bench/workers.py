"""The parent's side of the workers: start them, let them take turns, gather what they say."""

from __future__ import annotations

import contextlib
import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from . import peers
from .adapters import agree, numbers
from .cases import Case
from .limits import Limits

# Loads this folder under a name of its own, so that the process of a peer never imports wengert (and its thread pool).
# The folder above comes last on the path: enough to find a wengert that is run from its source.
BOOTSTRAP = """
import importlib.util, sys
folder, library, threads = sys.argv[1:]
spec = importlib.util.spec_from_file_location("wengert_bench", folder + "/__init__.py", submodule_search_locations=[folder])
package = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
sys.path.append(folder.rsplit("/", 2)[0])
from wengert_bench.worker import main
main(library, int(threads))
"""
ANSWER_S = 300  # a worker silent for longer counts as hung
PAUSE_S, MOST_PAUSE_S = (
    0.005,
    0.3,
)  # while threads spin after their work: OpenMP's a few milliseconds, OpenBLAS's a tenth of a second


def running_ns(pid: int) -> int:
    """What all threads of a process have run so far; 0 where the system does not tell."""
    total = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError, ValueError):  # a thread that has just ended
            total += int(task.read_text().split()[0])
    return total


def wait_until_idle(workers: Iterable[Worker]) -> None:
    """Waits until no thread of the contestants spins any more, or ``MOST_PAUSE_S``."""
    pids = [worker.process.pid for worker in workers]
    deadline = time.monotonic() + MOST_PAUSE_S
    before = sum(map(running_ns, pids))
    while True:
        time.sleep(PAUSE_S)
        now = sum(map(running_ns, pids))
        if now - before < PAUSE_S * 1e9 / 10 or time.monotonic() > deadline:
            return
        before = now


class WorkerError(Exception):
    """A contestant's process that failed or gave no answer, or what its library raised."""


class Worker:
    """One contestant in a process of its own."""

    def __init__(self, name: str, threads: int, environment: dict[str, str]):
        self.name = name
        self.stderr = tempfile.TemporaryFile()  # noqa: SIM115
        library = peers.CONTESTANTS[name].library
        folder = str(Path(__file__).resolve().parent)
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", BOOTSTRAP, folder, library, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            env=environment,
        )

    def send(self, op: str, **arguments: Any) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"op": op, **arguments}).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise WorkerError(self._last_words()) from None

    def receive(self, timeout: float = ANSWER_S) -> dict[str, Any]:
        """The answer to the last request. WorkerError if it is an error, or never comes."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        if not ready:
            self.close()
            raise WorkerError(f"no answer within {timeout:.0f} s; stopped")
        line = self.process.stdout.readline()
        if not line:
            raise WorkerError(self._last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return dict(answer["ok"])

    def call(self, op: str, **arguments: Any) -> dict[str, Any]:
        self.send(op, **arguments)
        return self.receive()

    def _last_words(self) -> str:
        code = self.process.wait(timeout=10)
        self.stderr.seek(0)
        lines = self.stderr.read().decode(errors="replace").strip().splitlines()
        return f"process ended with status {code}" + (f": {lines[-1]}" if lines else "")

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        if self.alive:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.stderr):
            if stream is not None and not stream.closed:
                with contextlib.suppress(BrokenPipeError):  # unsent request to a dead process
                    stream.close()


@dataclass(frozen=True)
class Timing:
    """Nanoseconds a call: medians over the rounds of each round's quartiles, the best of all samples, each round's median."""

    median: float
    q1: float
    q3: float
    best: float
    rounds: tuple[float, ...]
    cpus: float  # processors kept busy, on average

    @property
    def spread(self) -> float:
        """Interquartile range as a share of the median."""
        return (self.q3 - self.q1) / self.median

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def combine(rounds: list[dict[str, float]]) -> Timing:
    def middle(key: str) -> float:
        return statistics.median(r[key] for r in rounds)

    medians = tuple(r["median"] for r in rounds)
    return Timing(middle("median"), middle("q1"), middle("q3"), min(r["best"] for r in rounds), medians, middle("cpus"))


def ratio(peer: Timing, ours: Timing, by: str = "median") -> float:
    """How many times longer the peer takes. ``median``: of the ratios round by round, in which drift cancels; ``best``:
    of the two minima."""
    if by == "best":
        return peer.best / ours.best
    return statistics.median(p / o for p, o in zip(peer.rounds, ours.rounds, strict=False))


class Crew:
    """One worker per contestant, all with the same number of threads."""

    def __init__(self, names: Iterable[str], threads: int, shim: Path | None = None):
        self.threads = threads
        self.workers: dict[str, Worker] = {}
        self.about: dict[str, dict[str, str]] = {}
        self.failed: dict[str, str] = {}  # contestants that never came up
        try:
            for name in names:
                self.workers[name] = Worker(name, threads, peers.environment(name, threads, os.environ, shim))
            for name, worker in list(self.workers.items()):
                try:
                    self.about[name] = worker.call("hello")
                except WorkerError as error:
                    self.failed[name] = str(error)
                    self.workers.pop(name).close()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for worker in self.workers.values():
            worker.close()

    def probe(self, known: Limits, threads: Iterable[int]) -> list[str]:
        """Measures the machine's limits in the process of wengert, which has the probes; says what went wrong."""
        worker = self.workers.get("wengert")
        if worker is None:
            return ["limits of the machine unknown: wengert, which has the probes, does not take part"]
        try:
            known.measure(worker.call, threads)
        except WorkerError as error:
            return [f"limits of the machine unknown: {error}"]
        return []

    def measure(
        self, case: Case, copies: int = 1, rounds: int = 5, seconds: float = 0.02, only: Iterable[str] | None = None
    ) -> dict[str, Timing | str]:
        """Each contestant's timing of ``case``, or what went wrong with it. Who sits it out is absent."""
        wanted = set(self.workers if only is None else only)
        results: dict[str, Timing | str] = {}
        ready: list[Worker] = []
        takes_part = [
            w for w in self.workers.values() if w.name in wanted and case.expression(peers.CONTESTANTS[w.name].library)
        ]
        asked: list[Worker] = []
        first: dict[str, list[float]] = {}
        for worker in takes_part:  # all at once: compiling and checking is not timed
            try:
                worker.send("setup", case=case.to_json(), copies=copies)
                asked.append(worker)
            except WorkerError as error:
                results[worker.name] = str(error)
        for worker in asked:
            try:
                first[worker.name] = worker.receive()["first"]
                ready.append(worker)
            except WorkerError as error:
                results[worker.name] = str(error)
        if case.check == "peers":
            wrong = disagreements(first)
            results.update(wrong)
            ready = [w for w in ready if w.name not in wrong]
        samples: dict[str, list[dict[str, float]]] = {w.name: [] for w in ready}
        slow = False
        for turn in range(rounds):
            if slow and turn >= 3:
                break
            # A different contestant begins each round.
            for worker in ready[turn % max(len(ready), 1) :] + ready[: turn % max(len(ready), 1)]:
                if worker.name in results:
                    continue
                wait_until_idle(ready)
                try:
                    samples[worker.name].append(worker.call("run", seconds=seconds))
                except WorkerError as error:
                    results[worker.name] = str(error)
            slow = any(s and s[-1]["median"] > 2e8 for s in samples.values())
        for worker in ready:
            if worker.name not in results and samples[worker.name]:
                results[worker.name] = combine(samples[worker.name])
        for worker in takes_part:
            if not worker.alive:
                del self.workers[worker.name]
                self.failed[worker.name] = f"stopped at '{case.name}': {results[worker.name]}"
                worker.close()
            elif worker.name in first:
                worker.call("drop")
        return results


def disagreements(first: Mapping[str, Sequence[float]]) -> dict[str, str]:
    """Who computes other numbers than the first peer of wengert does, and which."""
    reference = next((name for name in first if name != "wengert"), None)
    if reference is None:
        return {}
    return {
        name: f"WrongResult: {numbers(values)} where {reference} has {numbers(first[reference])}"
        for name, values in first.items()
        if not agree(values, first[reference])
    }


def peak_memory(case: Case, names: Iterable[str], threads: int, shim: Path | None = None) -> dict[str, int | str]:
    """Bytes at the peak of one run, or what went wrong with it, each contestant in a process that runs nothing else."""
    results: dict[str, int | str] = {}
    for name in names:
        if not case.expression(peers.CONTESTANTS[name].library):
            continue
        worker = Worker(name, threads, peers.environment(name, threads, os.environ, shim))
        try:
            results[name] = int(worker.call("memory", case=case.to_json())["bytes"])
        except WorkerError as error:
            results[name] = str(error)
        finally:
            worker.close()
    return results
