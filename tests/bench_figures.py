"""Canned figures for the tests of the benchmark."""

from wengert.bench.limits import Limits
from wengert.bench.workers import Timing


def timing(us, rounds=None):
    ns = us * 1e3
    return Timing(ns, 0.95 * ns, 1.05 * ns, 0.9 * ns, tuple(1e3 * r for r in rounds or (us, us, us)), 1.0)


def imagined():
    """Limits of an imagined machine: 400 and 200 GFLOP/s, 200 GB/s from caches, 50 from memory; half of it with one thread."""
    made = Limits(cache=32 << 20)
    for threads, part in ((1, 0.5), (2, 1.0)):
        made.peaks["float32", threads], made.peaks["float64", threads] = 400 * part, 200 * part
        for size in made.working_sets():
            made.bandwidths[size, threads] = (50 if size == made.beyond else 200) * part
    return made
