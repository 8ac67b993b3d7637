"""The process of one contestant: reads requests, one JSON object a line, and answers each with one line.

{"op": "hello"}                                   -> about the library
{"op": "setup", "case": {...}, "copies": 1}       -> checked against NumPy, or the first numbers, for the parent to compare
{"op": "run", "seconds": 0.05}                    -> one round of samples, nanoseconds a call
{"op": "drop"}                                    -> operands freed
{"op": "memory", "case": {...}}                   -> bytes at the peak of one run
{"op": "peak" | "bandwidth", ...}                 -> what the machine can do (wengert only)
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import statistics
import sys
import time
from typing import Any

from . import memory
from .adapters import Adapter, Bound, adapter
from .cases import Case

SAMPLE_NS = 100_000  # long beside the clock, short beside a scheduler's slice, so that most samples are undisturbed
SMALL_NS = 20_000  # below, the cost of the loop itself is measured and subtracted
WARM_UP = 0.25  # of a round's time
SAMPLES = (
    5  # at least in a round, unless they take FAR times its time: a few calls that met other work must not be all there is
)
FAR = 5


class Timer:
    """Rounds of samples over one bound case. With more than one set of operands each evaluation takes the next set."""

    def __init__(self, bound: Bound):
        self.bound = bound
        self.cycle = itertools.cycle(bound.sets) if len(bound.sets) > 1 else None
        self.inner = 0
        self.overhead = 0.0
        self.expected = 0  # nanoseconds of one sample

    def _time(self, n: int, loop: Any) -> int:
        items = itertools.islice(self.cycle, n) if self.cycle else itertools.repeat(self.bound.sets[0], n)
        begin = time.perf_counter_ns()
        loop(items)
        return time.perf_counter_ns() - begin

    def _range(self) -> None:
        """How many evaluations one sample needs."""
        n = 1
        self._time(1, self.bound.loop)
        while (spent := self._time(n, self.bound.loop)) < SAMPLE_NS:
            n = max(n + 1, min(10 * n, 1 + int(n * 1.2 * SAMPLE_NS / max(spent, 1))))
        self.inner, self.expected = n, spent
        if spent / n < SMALL_NS:
            count = max(n, 1000)
            self.overhead = min(self._time(count, self.bound.idle) for _ in range(20)) / count

    def run(self, seconds: float) -> dict[str, Any]:
        gc.disable()
        try:
            budget = int(seconds * 1e9)
            if not self.inner:
                self._range()
            begin = time.perf_counter_ns()
            while self.expected < budget and time.perf_counter_ns() - begin < WARM_UP * budget:
                self._time(self.inner, self.bound.loop)
            samples: list[float] = []
            begin, cpu = time.perf_counter_ns(), time.process_time_ns()
            while (
                not samples
                or (spent := time.perf_counter_ns() - begin) < budget
                or (len(samples) < SAMPLES and spent < FAR * budget)
            ):
                samples.append(max(self._time(self.inner, self.bound.loop) / self.inner - self.overhead, 0.1))
            spent = time.perf_counter_ns() - begin
            cpus = (time.process_time_ns() - cpu) / max(spent, 1)
        finally:
            gc.enable()
        q1, median, q3 = statistics.quantiles(samples, n=4, method="inclusive") if len(samples) > 1 else samples * 3
        return {
            "best": min(samples),
            "q1": q1,
            "median": median,
            "q3": q3,
            "samples": len(samples),
            "inner": self.inner,
            "cpus": cpus,
        }


class Server:
    def __init__(self, library: str, threads: int):
        self.adapter: Adapter = adapter(library)
        self.adapter.set_threads(threads)
        self.timer: Timer | None = None

    def hello(self, request: dict[str, Any]) -> dict[str, Any]:
        return self.adapter.about()

    def setup(self, request: dict[str, Any]) -> dict[str, Any]:
        self.timer = None
        case = Case.from_json(request["case"])
        bound = self.adapter.bind(case, request["copies"])
        first = self.adapter.first(bound) if case.check == "peers" else None
        if first is None and self.adapter.module != "numpy":
            self.adapter.check(case, bound)
        self.timer = Timer(bound)
        return {"first": first}

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.timer is not None, "run before setup"
        return self.timer.run(request["seconds"])

    def drop(self, request: dict[str, Any]) -> dict[str, Any]:
        self.timer = None
        return {}

    def memory(self, request: dict[str, Any]) -> dict[str, Any]:
        return memory.peak(self.adapter, Case.from_json(request["case"]))

    def peak(self, request: dict[str, Any]) -> dict[str, Any]:
        library = self.adapter.library
        probe = library._C.fma_peak_gflops
        return {"gflops": probe(getattr(library, request["dtype"]), request["threads"], request["seconds"])}

    def bandwidth(self, request: dict[str, Any]) -> dict[str, Any]:
        probe = self.adapter.library._C.read_bandwidth_gbs
        return {"gbs": probe(request["bytes"], request["threads"], request["seconds"])}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"ok": getattr(self, request["op"])(request)}
        except Exception as error:  # whatever a contestant raises is its result for this case
            self.timer = None
            return {"error": f"{type(error).__name__}: {error}".strip()}


def main(library: str, threads: int) -> None:
    """Serves standard input. Answers go to what was standard output; anything a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        server = Server(library, threads)
        for line in sys.stdin:
            answers.write(json.dumps(server.answer(json.loads(line))) + "\n")
    except KeyboardInterrupt:
        pass
    except Exception as error:
        answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
        raise
