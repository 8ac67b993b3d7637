"""What this machine can do, measured, and shares of it.

A case takes at least its bytes over the read bandwidth of a working set of its size, and at least its flops over the FMA peak;
the longer of the two is its limit (the roofline). Bandwidth and peak are the best of several probes: a probe that another
process disturbed only ever reports too little.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROBE_S = 0.04
BEYOND = 4  # last caches that a working set fills to stand for memory; of twice a cache a good part still hits
FLOAT = {"float32": "f32", "float64": "f64"}


def cache_sizes() -> dict[str, int]:
    """Bytes of the data caches the first processor sees, by level: L1, L2, L3. Empty where the system does not tell."""
    found: dict[str, int] = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
        except OSError:
            continue
        if kind != "Instruction" and size:
            unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(size[-1], 1)
            found[f"L{level}"] = int(size.rstrip("KMG")) * unit
    return found


def last_level_cache() -> int:
    """Bytes of the largest cache; 32 MiB where the system does not tell."""
    return max(cache_sizes().values(), default=32 << 20)


def processors() -> int:
    """Processors this process may use: its affinity mask, capped by the cgroup's quota."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            count = min(count, max(1, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):
        pass
    return count


def copies_to_flush(size: float) -> int:
    """How many sets of operands of ``size`` bytes overflow the last cache as the probe of memory does, so that each is cold when
    its turn comes again."""
    return max(1, math.ceil(BEYOND * last_level_cache() / max(size, 1.0)))


@dataclass
class Limits:
    """``peaks``: (dtype, threads) -> GFLOP/s. ``bandwidths``: (working set in bytes, threads) -> GB/s."""

    cache: int = field(default_factory=last_level_cache)
    peaks: dict[tuple[str, int], float] = field(default_factory=dict)
    bandwidths: dict[tuple[int, int], float] = field(default_factory=dict)

    @property
    def beyond(self) -> int:
        """The working set that stands for memory."""
        return BEYOND * self.cache

    def working_sets(self) -> list[int]:
        inside = [16 << 10]
        while inside[-1] * 4 <= self.cache // 2:
            inside.append(inside[-1] * 4)
        return [*inside, self.beyond]

    def measure(self, ask: Callable[..., dict[str, Any]], threads: Iterable[int], seconds: float = PROBE_S) -> None:
        """Probes through ``ask(op, **arguments)``; figures already there are kept if they are better."""
        for count in threads:
            for dtype in FLOAT:
                self._keep(self.peaks, (dtype, count), ask("peak", dtype=dtype, threads=count, seconds=seconds)["gflops"])
            for size in self.working_sets():
                self._keep(self.bandwidths, (size, count), ask("bandwidth", bytes=size, threads=count, seconds=seconds)["gbs"])

    @staticmethod
    def _keep(where: dict[Any, float], key: Any, value: float) -> None:
        where[key] = max(value, where.get(key, 0.0))

    def peak(self, dtype: str, threads: int) -> float | None:
        return max((v for (d, t), v in self.peaks.items() if d == dtype and t <= threads), default=None)

    def bandwidth(self, size: float, threads: int, cold: bool = False) -> float | None:
        """GB/s of the measured working set nearest to ``size`` on a logarithmic scale; memory's if ``cold``. The best of up to
        ``threads`` threads: small sets are read faster by one."""
        if not self.bandwidths:
            return None
        nearest = min(self.working_sets(), key=lambda s: abs(math.log(s / max(size, 1.0))))
        wanted = self.beyond if cold else nearest
        return max((v for (s, t), v in self.bandwidths.items() if s == wanted and t <= threads), default=None)

    def least_ns(self, size: float, flops: float, dtype: str, threads: int, cold: bool = False) -> tuple[float, str] | None:
        """The least time the machine needs, and what it spends it on: ``memory`` or ``compute``. None where no probe tells."""
        bandwidth, peak = self.bandwidth(size, threads, cold), self.peak(dtype, threads)
        if peak is None and flops > 2 * size:  # integer products: no probe says what their arithmetic could do
            return None
        bounds = []
        if bandwidth and size:
            bounds.append((size / bandwidth, "memory"))
        if peak and flops:
            bounds.append((flops / peak, "compute"))
        return max(bounds, default=None)

    def share(
        self, size: float, flops: float, dtype: str, threads: int, ns: float, cold: bool = False
    ) -> tuple[float, str] | tuple[None, str]:
        """The part of the limit reached in ``ns`` nanoseconds, and which limit."""
        least = self.least_ns(size, flops, dtype, threads, cold)
        return (None, "call" if not size else "unknown") if least is None else (least[0] / ns, least[1])

    def to_json(self) -> dict[str, Any]:
        return {
            "last_level_cache": self.cache,
            "peak_gflops": [{"dtype": d, "threads": t, "gflops": v} for (d, t), v in self.peaks.items()],
            "read_gbs": [{"bytes": s, "threads": t, "gbs": v} for (s, t), v in self.bandwidths.items()],
        }

    def describe(self, threads: int) -> str:
        """One line for a header."""
        if not self.peaks:
            return "limits unknown: the probes need wengert's extension"
        peaks = ", ".join(f"{short} {self.peak(dtype, threads) or 0:.0f}" for dtype, short in FLOAT.items())
        inside = max((v for (s, t), v in self.bandwidths.items() if t <= threads and s != self.beyond), default=0.0)
        last = self.bandwidth(self.cache / 2, threads)
        memory = self.bandwidth(self.beyond, threads)
        return f"FMA peak {peaks} GFLOP/s; read {inside:.0f} GB/s at best, {last:.0f} from the last cache, {memory:.0f} from memory"
