"""``wengert bench table``: a line per case, with the time of each contestant, how many times wengert's time the others take,
and the share of the machine's limit that wengert reaches. Then the peak memory of backward passes and training steps."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import cases, elementwise, gradients, limits, memory, output, peers, surface, training
from .cases import Case
from .output import ratio_text, share_text, size_text, time_text
from .progress import Progress
from .workers import Crew, Timing, peak_memory, ratio

QUICK_S = 42.0
QUICK_FLOPS = 3e9
QUICK_DTYPES = ("float32", "bool")


def chosen_cases(patterns: str, names: Sequence[str], quick: bool = False) -> list[Case]:
    """The cases ``patterns`` fit. The elementwise ones come from wengert's own op table, so they need it to take part."""
    every = [case for module in (cases, surface, gradients, training, memory) for case in module.written_cases()]
    if "wengert" in names:
        every += elementwise.installed_cases()
    wanted = cases.select(every, patterns)
    if quick:
        wanted = [
            c for c in wanted if c.flops <= QUICK_FLOPS and c.dtype in QUICK_DTYPES and c.name[-3:] not in (" NT", " TN", " TT")
        ]
    return wanted


def by_turns(wanted: Sequence[Case]) -> list[Case]:
    """A case of each family, then the next of each: what to measure first when time may run out."""
    families: dict[str, list[Case]] = {}
    for case in wanted:
        families.setdefault(case.family, []).append(case)
    return [case for turn in itertools.zip_longest(*families.values()) for case in turn if case is not None]


def row(
    case: Case, results: dict[str, Timing | str], first: str, threads: int, known: limits.Limits, by: str
) -> dict[str, Any]:
    """One line of the table, as --json writes it."""
    timings = {name: r for name, r in results.items() if isinstance(r, Timing)}
    ours = timings.get(first)
    ratios = {name: ratio(t, ours, by) for name, t in timings.items() if ours is not None and name != first}
    share, bound = (
        (None, "")
        if ours is None
        else known.share(case.bytes, case.flops, case.dtype, threads, ours.best if by == "best" else ours.median)
    )
    return {
        "case": case.name,
        "family": case.family,
        "dtype": case.dtype,
        "bytes": case.bytes,
        "flops": case.flops,
        "times": {name: t.to_json() for name, t in timings.items()},
        "ratios": ratios,
        "ratios_best": {name: ratio(t, ours, "best") for name, t in timings.items() if ours is not None and name != first},
        "fastest_peer": min(ratios, key=ratios.__getitem__, default=None),
        "vs_fastest": min(ratios.values(), default=None),
        "share": share,
        "bound": bound,
        "checked": len(timings) > 1 if case.check == "peers" else case.check != "none",
        "problems": {name: r for name, r in results.items() if isinstance(r, str)},
    }


def memory_row(case: Case, results: dict[str, int | str], first: str) -> dict[str, Any]:
    """One line of the peaks of memory, as --json writes it."""
    sizes = {name: r for name, r in results.items() if isinstance(r, int)}
    ours = sizes.get(first)
    return {
        "case": case.name,
        "family": case.family,
        "peak_bytes": sizes,
        "ratios": {name: size / ours for name, size in sizes.items() if ours and name != first},
        "problems": {name: r for name, r in results.items() if isinstance(r, str)},
    }


def run(
    wanted: Sequence[Case],
    names: Sequence[str],
    threads: int,
    rounds: int,
    seconds: float,
    by: str = "median",
    shim: Path | None = None,
    limit_s: float | None = None,
) -> tuple[dict[str, Any], limits.Limits]:
    """Times ``wanted``, and weighs those of the family of memory. Returns what --json writes, and the limits. With ``limit_s``,
    leaves out what does not fit."""
    begin = time.monotonic()
    known = limits.Limits()
    measured: list[tuple[Case, dict[str, Timing | str]]] = []
    timed = [case for case in wanted if case.family != memory.FAMILY]
    weighed: list[dict[str, Any]] = []

    def over() -> bool:
        return limit_s is not None and time.monotonic() - begin > limit_s

    with Progress(len(wanted)) as progress:
        progress.say("starting " + ", ".join(names))
        with Crew(names, threads, shim) as crew:
            about = dict(crew.about)
            progress.say("probing the machine")
            problems = crew.probe(known, sorted({1, threads}))
            for case in timed if limit_s is None else by_turns(timed):
                if over():
                    break
                progress.say(case.name)
                measured.append((case, crew.measure(case, rounds=rounds, seconds=seconds)))
                progress.step(case.name)
            problems += crew.probe(known, sorted({1, threads}))
            problems += [f"{name}: {why}" for name, why in crew.failed.items()]
        for case in wanted:
            if case.family == memory.FAMILY and not over():
                progress.say(case.name)
                weighed.append(memory_row(case, peak_memory(case, about, threads, shim), names[0]))
                progress.step(case.name)
    if left := len(wanted) - len(measured) - len(weighed):
        problems.append(f"{left} of {len(wanted)} cases left out: the time of --quick was over")
    problems += output.disturbed([t for _, results in measured for t in results.values() if isinstance(t, Timing)])
    order = {title: i for i, title in enumerate(f"{c.family}: {c.name}" for c in wanted)}
    measured.sort(key=lambda m: order[f"{m[0].family}: {m[0].name}"])
    rows = [row(case, results, names[0], threads, known, by) for case, results in measured]
    problems += [f"{name}: {r['case']}: {why}" for r in [*rows, *weighed] for name, why in r["problems"].items()]
    data = {
        "command": "table",
        "machine": output.machine(),
        "contestants": about,
        "presets_removed": peers.presets(os.environ),
        "threads": threads,
        "rounds": rounds,
        "by": by,
        "limits": known.to_json(),
        "rows": rows,
        "memory": weighed,
        "problems": list(dict.fromkeys(problems)),
        "seconds": time.monotonic() - begin,
    }
    return data, known


def _line(r: dict[str, Any], names: Sequence[str], by: str) -> list[str]:
    shown = "best" if by == "best" else "median"

    def when(name: str) -> str:
        return time_text(r["times"][name][shown]) if name in r["times"] else "failed" if name in r["problems"] else "-"

    line = [r["case"] + ("" if r["checked"] or not r["times"] else " *"), when(names[0])]
    for name in names[1:]:
        line += [when(name), ratio_text(r["ratios"].get(name))]
    return line + ([ratio_text(r["vs_fastest"])] if names[1:] else []) + [share_text(r["share"]), r["bound"]]


def text(data: dict[str, Any], known: limits.Limits, notes: Sequence[str] = ()) -> str:
    """The table on the terminal, a block per family."""
    names = list(data["contestants"])
    threads = f"{data['threads']} thread{'s' if data['threads'] > 1 else ''}"
    what = "minima of all samples" if data["by"] == "best" else "medians of rounds"
    parts = [
        "\n".join(
            [
                output.machine_text(data["machine"]),
                f"contestants: {output.contestants_text(data['contestants'])}; {threads} each; {what}",
                known.describe(data["threads"]),
                output.presets_text(data["presets_removed"]),
                *notes,
            ]
        )
    ]
    if not names:
        return "\n\n".join([*parts, *data["problems"]])
    header = ["case", names[0]]
    for name in names[1:]:
        header += [name, "ratio"]
    header += (["fastest"] if names[1:] else []) + ["limit", "bound"]
    lines: list[list[str]] = []
    for r in data["rows"]:
        lines.append(_line(r, names, data["by"]))
    if lines:
        parts.append(output.text_table(header, lines))
        parts.append(
            f"ratio: how many times {names[0]}'s time; fastest: to the fastest of them; limit: share of the machine's limit."
        )
        if any(r["times"] and not r["checked"] for r in data["rows"]):
            parts[-1] += " *: nothing to check the result against, neither a function of NumPy nor another contestant."
    if data["memory"]:
        parts.append(_memory_text(data["memory"], names))
    if data["problems"]:
        parts.append("\n".join(["Not measured or not right:", *(f"  {p}" for p in data["problems"])]))
    return "\n\n".join(parts)


def _memory_text(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> str:
    def size(r: dict[str, Any], name: str) -> str:
        found = r["peak_bytes"].get(name)
        return size_text(found) if found is not None else "failed" if name in r["problems"] else "-"

    header, lines = ["peak memory", names[0]], []
    for name in names[1:]:
        header += [name, "ratio"]
    for r in rows:
        line = [r["case"], size(r, names[0])]
        for name in names[1:]:
            line += [size(r, name), ratio_text(r["ratios"].get(name))]
        lines.append(line)
    note = f"ratio: how many times {names[0]}'s peak. A peak is what a run adds to the memory that is resident before it."
    return output.text_table(header, lines) + "\n\n" + note


def flat(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows for --csv: one per case and contestant."""
    keys = ("case", "family", "dtype", "bytes", "flops")
    times = [
        {
            **{key: r[key] for key in keys},
            "contestant": name,
            **{f"{key}_ns": t[key] for key in ("median", "q1", "q3", "best")},
            "cpus": t["cpus"],
            "ratio": r["ratios"].get(name, 1.0),
            "share": _share(r, name, data),
            "bound": r["bound"],
        }
        for r in data["rows"]
        for name, t in r["times"].items()
    ]
    weights = [
        {"case": r["case"], "family": r["family"], "contestant": name, "peak_bytes": size, "ratio": r["ratios"].get(name, 1.0)}
        for r in data["memory"]
        for name, size in r["peak_bytes"].items()
    ]
    return times + weights


def _share(r: dict[str, Any], name: str, data: dict[str, Any]) -> float | None:
    """The share of the limit ``name`` reaches, from the first contestant's."""
    first = next(iter(data["contestants"]))
    if r["share"] is None or first not in r["times"]:
        return None
    key = "best" if data["by"] == "best" else "median"
    return float(r["share"] * r["times"][first][key] / r["times"][name][key])
