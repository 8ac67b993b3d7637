"""``wengert bench table``: a line per case, with the time of each contestant, how many times wengert's time the others take,
and the share of the machine's limit that wengert reaches."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import cases, elementwise, limits, output, peers, surface
from .cases import Case
from .output import ratio_text, share_text, time_text
from .progress import Progress
from .workers import Crew, Timing, ratio

QUICK_S = 42.0
QUICK_FLOPS = 3e9
QUICK_DTYPES = ("float32", "bool")


def chosen_cases(patterns: str, names: Sequence[str], quick: bool = False) -> list[Case]:
    """The cases ``patterns`` fit. The elementwise ones come from wengert's own op table, so they need it to take part."""
    every = cases.written_cases() + surface.written_cases()
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
        "checked": case.check != "none",
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
    """Times ``wanted``. Returns what --json writes, and the limits. With ``limit_s``, leaves out what does not fit."""
    begin = time.monotonic()
    known = limits.Limits()
    measured: list[tuple[Case, dict[str, Timing | str]]] = []
    with Progress(len(wanted)) as progress:
        progress.say("starting " + ", ".join(names))
        with Crew(names, threads, shim) as crew:
            about = dict(crew.about)
            progress.say("probing the machine")
            problems = crew.probe(known, sorted({1, threads}))
            for case in wanted if limit_s is None else by_turns(wanted):
                if limit_s is not None and time.monotonic() - begin > limit_s:
                    problems.append(
                        f"{len(wanted) - len(measured)} of {len(wanted)} cases left out: the time of --quick was over"
                    )
                    break
                progress.say(case.name)
                measured.append((case, crew.measure(case, rounds=rounds, seconds=seconds)))
                progress.step(case.name)
            problems += crew.probe(known, sorted({1, threads}))
            problems += [f"{name}: {why}" for name, why in crew.failed.items()]
    problems += output.disturbed([t for _, results in measured for t in results.values() if isinstance(t, Timing)])
    order = {title: i for i, title in enumerate(f"{c.family}: {c.name}" for c in wanted)}
    measured.sort(key=lambda m: order[f"{m[0].family}: {m[0].name}"])
    rows = [row(case, results, names[0], threads, known, by) for case, results in measured]
    problems += [f"{name}: {r['case']}: {why}" for r in rows for name, why in r["problems"].items()]
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
        "problems": list(dict.fromkeys(problems)),
        "seconds": time.monotonic() - begin,
    }
    return data, known


def _line(r: dict[str, Any], names: Sequence[str], by: str) -> list[str]:
    shown = "best" if by == "best" else "median"

    def when(name: str) -> str:
        return time_text(r["times"][name][shown]) if name in r["times"] else "failed" if name in r["problems"] else "-"

    line = [r["case"] + ("" if r["checked"] else " *"), when(names[0])]
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
    if any(not r["checked"] for r in data["rows"]):
        parts[-1] += " *: NumPy has no such function to check the result against."
    if data["problems"]:
        parts.append("\n".join(["Not measured or not right:", *(f"  {p}" for p in data["problems"])]))
    return "\n\n".join(parts)


def flat(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows for --csv: one per case and contestant."""
    keys = ("case", "family", "dtype", "bytes", "flops")
    return [
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


def _share(r: dict[str, Any], name: str, data: dict[str, Any]) -> float | None:
    """The share of the limit ``name`` reaches, from the first contestant's."""
    first = next(iter(data["contestants"]))
    if r["share"] is None or first not in r["times"]:
        return None
    key = "best" if data["by"] == "best" else "median"
    return float(r["share"] * r["times"][first][key] / r["times"][name][key])
