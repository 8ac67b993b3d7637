"""The peak memory of programs: what a backward pass or a training step needs at its worst moment, above what was there before.

The system's record is read, not an allocator's count: every library's memory is found in the same way, whoever allocates it.
"""

from __future__ import annotations

import contextlib
import ctypes
from pathlib import Path
from typing import Any

from . import gradients, training
from .adapters import Adapter
from .cases import Case

FAMILY = "peak memory"


def written_cases() -> list[Case]:
    """The programs; those of training but the tiny one, whose memory is lost in single pages."""
    return [
        gradients.chain(20, 1000000, FAMILY),
        gradients.mlp(1024, 784, 512, 10, FAMILY),
        gradients.mm(512, FAMILY),
        *(make(FAMILY) for make in (training.mlp, training.cnn, training.transformer, training.lstm)),
    ]


class Unsupported(Exception):
    """The system does not tell what is asked."""


def _status(field: str) -> int:
    """Bytes of a field of /proc/self/status: VmRSS, what is resident; VmHWM, its peak."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError as error:
        raise Unsupported(f"peak memory is read from /proc, which is not there: {error.strerror}") from error
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(field + ":"))


def _reset_peak() -> None:
    """Lowers VmHWM to VmRSS: what reading operands and checking took is over."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError as error:
        raise Unsupported(f"this system does not let a process reset its peak memory: {error.strerror}") from error


def _map_large_blocks() -> None:
    """Has glibc's malloc map each block from 128 KiB up, as it does in a fresh process. Otherwise it would raise that bound
    with the first large block that is freed, and add the holes between aligned blocks of its heap to what a library needs."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(-3, 128 << 10)  # M_MMAP_THRESHOLD


def peak(adapter: Adapter, case: Case) -> dict[str, Any]:
    """``bytes`` that a run takes at its worst moment above the state before it.

    The first run, which is checked, is over by then: what it loaded, compiled and keeps for good, such as an optimizer's state,
    belongs to the state before. Blocks that are kept for later are given back, so that the run has to ask for them again.
    """
    _map_large_blocks()
    bound = adapter.bind(case)
    adapter.check(case, bound)
    adapter.release()
    _reset_peak()
    before = _status("VmRSS")
    bound()
    return {"bytes": max(_status("VmHWM") - before, 0)}
