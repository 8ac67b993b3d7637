"""The machine in words, text tables, JSON and CSV."""

from __future__ import annotations

import csv
import json
import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import limits, peers
from .workers import Timing

DISTURBED = 1.5


def cpu_model() -> str:
    try:
        found = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1).strip() if found else platform.processor() or platform.machine()


def machine() -> dict[str, Any]:
    return {
        "cpu": cpu_model(),
        "processors": limits.processors(),
        "caches": limits.cache_sizes(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def size_text(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} GiB"


def machine_text(about: Mapping[str, Any]) -> str:
    caches = ", ".join(f"{level} {size_text(size)}" for level, size in about["caches"].items())
    return (
        f"{about['cpu']}, {about['processors']} processors" + (f", {caches}" if caches else "") + f", "
        f"{size_text(about['memory'])} memory; {about['system']}, Python {about['python']}"
    )


def contestants_text(about: Mapping[str, Mapping[str, str]]) -> str:
    def one(name: str) -> str:
        isa = about[name].get("isa")
        return f"{name} {about[name].get('version', '')}" + (f" ({isa})" if isa else "")

    return ", ".join(one(name) for name in about)


def presets_text(removed: Mapping[str, str]) -> str:
    if not removed:
        return "no presets in the environment that would steer a contestant"
    return "removed from every contestant's environment: " + ", ".join(f"{k}={v}" for k, v in removed.items())


def disturbed(timings: Sequence[Timing]) -> list[str]:
    """A warning where many figures show that other work ran on the machine."""
    odd = sum(t.median > DISTURBED * t.best for t in timings)
    if odd <= len(timings) / 20:
        return []
    text = (
        f"{odd} of {len(timings)} figures have a median over {DISTURBED} times the best sample: other work ran on the machine. "
        "Threads that wait for one another suffer most; repeat when it is quiet, or compare minima with --by best"
    )
    return [text]


def time_text(ns: float) -> str:
    if ns < 1e3:
        return f"{ns:.0f} ns"
    us = ns / 1e3
    if us < 1e4:
        return f"{us:.2f} us" if us < 100 else f"{us:.0f} us"
    return f"{us / 1e3:.1f} ms" if us < 1e6 else f"{us / 1e6:.2f} s"


def ratio_text(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}x"


def share_text(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f}%"


def text_table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """Columns as wide as their widest entry; the first ``left`` of them flush left, the others flush right."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]

    def render(line: Sequence[str]) -> str:
        return "  ".join(
            c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()

    return "\n".join([render(lines[0]), "  ".join("-" * w for w in widths), *map(render, lines[1:])])


def write_json(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n")


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """One line per row; the columns are all keys, in the order they first come up."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def check_writable(*paths: Path | None) -> None:
    """Raises BenchError for a result file that could not be written, before minutes of measuring."""
    for path in paths:
        if path is None:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            there = path.exists()
            with path.open("a"):
                pass
            if not there:
                path.unlink()
        except OSError as error:
            raise peers.BenchError(f"cannot write {path}: {error.strerror}") from error
