"""``wengert bench mv-mm``: if ``mm`` and ``mv`` do the same thing, why does ``mv`` exist?

Measures ``mv``, ``mm`` with 1 to 16 columns, and ``mm`` with one column forced through the gemm kernel, over sizes, layouts,
dtypes, threads, warm and cold operands, for every contestant, and holds each time against the machine's limits.
"""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import answer, cases, limits, output, peers
from .cases import Case
from .output import ratio_text, share_text, time_text
from .progress import Progress
from .workers import Crew, Timing, ratio

TALL, WIDE = (100000, 64), (64, 100000)
SIZES = (64, 128, 256, 512, 1024, 2048, 4096, 8192)
SHAPES = (*((n, n) for n in SIZES), TALL, WIDE)
QUICK_SHAPES = ((64, 64), (256, 256), (1024, 1024), (4096, 4096), TALL, WIDE)
COLUMNS = (1, 2, 3, 4, 8, 16)
TRANS = {"rows": "NN", "columns": "TN"}
LAYOUT_TEXT = {"rows": "row-major", "columns": "transposed"}
QUICK_S = 40.0  # of measuring; a minute with start-up, report and a slower machine


@dataclass(frozen=True)
class Options:
    contestants: tuple[str, ...] = ("wengert",)
    shapes: tuple[tuple[int, int], ...] = SHAPES
    dtypes: tuple[str, ...] = ("float32", "float64")
    layouts: tuple[str, ...] = ("rows", "columns")
    threads: tuple[int, ...] = (1,)
    columns: tuple[int, ...] = COLUMNS
    caches: tuple[str, ...] = ("warm", "cold")
    rounds: int = 5
    seconds: float = 0.02  # of one contestant's round
    by: str = "median"  # or best: the figure of a point
    quick: bool = False


def with_options(default: Options, chosen: dict[str, Any]) -> Options:
    """``default`` with what the user chose in its place; None is no choice."""
    return replace(default, **{key: value for key, value in chosen.items() if value is not None})


@dataclass(frozen=True)
class Point:
    """One thing to time: ``op`` is mv, mm or gemm (mm forced through the gemm kernel)."""

    op: str
    m: int
    k: int
    columns: int
    dtype: str
    layout: str
    threads: int
    cache: str

    def case(self) -> Case:
        if self.op == "mv":
            return cases.mv(self.m, self.k, self.dtype, self.layout)
        if self.op == "gemm":
            return cases.forced_gemm(self.m, self.k, self.dtype, TRANS[self.layout])
        return cases.mm(self.m, self.k, self.columns, self.dtype, TRANS[self.layout])

    def title(self) -> str:
        what = "mv" if self.op == "mv" else f"{self.op} {self.columns} col"
        return f"{what} {cases.SHORT[self.dtype]} {self.m}x{self.k} {LAYOUT_TEXT[self.layout]} {self.threads}T {self.cache}"


def thread_counts(most: int) -> tuple[int, ...]:
    """All processors first, then the powers of two below."""
    below = [1 << i for i in range(most.bit_length()) if 1 << i < most]
    return (most, *reversed(below))


def _group(options: Options, shape: tuple[int, int], dtype: str, layout: str, threads: int, cache: str) -> Iterator[Point]:
    """mv, mm with its columns and the forced gemm of one matrix. More than one column only with warm operands."""
    m, k = shape
    yield Point("mv", m, k, 1, dtype, layout, threads, cache)
    for n in options.columns:
        if n == 1 or cache == "warm":
            yield Point("mm", m, k, n, dtype, layout, threads, cache)
    yield Point("gemm", m, k, 1, dtype, layout, threads, cache)


def grid(options: Options) -> list[Point]:
    """Every point of the full run, thread count by thread count."""
    return [
        point
        for threads in options.threads
        for shape in options.shapes
        for dtype in options.dtypes
        for layout in options.layouts
        for cache in options.caches
        for point in _group(options, shape, dtype, layout, threads, cache)
    ]


def quick_grid(options: Options) -> list[Point]:
    """The points that carry the answer, in the order they are dropped from the end when the minute is over: one dtype, all
    threads, warm, one column; then the columns, the other layout, cold operands and f64 at one size; then one thread."""
    most, dtype, layout = options.threads[0], options.dtypes[0], options.layouts[0]
    one = replace(options, columns=tuple(n for n in options.columns if n == 1))
    middle = min(options.shapes, key=lambda shape: abs(shape[0] * shape[1] - (1 << 20)))
    points = [p for shape in options.shapes for p in _group(one, shape, dtype, layout, most, "warm")]
    points += _group(options, middle, dtype, layout, most, "warm")
    for other in options.layouts[1:]:
        points += _group(one, middle, dtype, other, most, "warm")
    for cache in options.caches:
        points += _group(one, middle, dtype, layout, most, cache)
    for other in options.dtypes[1:]:
        points += _group(one, middle, other, layout, most, "warm")
    for threads in options.threads[1:]:
        points += _group(one, middle, dtype, layout, threads, "warm")
    return list(dict.fromkeys(points))


def row(
    point: Point, name: str, timing: Timing, known: limits.Limits, ours: Timing | None, by: str = "median"
) -> dict[str, Any]:
    """One measured figure as the tables, JSON and CSV have it; ``ns`` is the one that counts. ``vs_first``: how many times the
    first contestant's time."""
    case = point.case()
    ns = timing.best if by == "best" else timing.median
    share, bound = known.share(case.bytes, case.flops, case.dtype, point.threads, ns, point.cache == "cold")
    return {
        "contestant": name,
        "op": point.op,
        "m": point.m,
        "k": point.k,
        "columns": point.columns,
        "dtype": point.dtype,
        "layout": point.layout,
        "threads": point.threads,
        "cache": point.cache,
        "ns": ns,
        "median_ns": timing.median,
        "q1_ns": timing.q1,
        "q3_ns": timing.q3,
        "best_ns": timing.best,
        "gbs": case.bytes / ns,
        "gflops": case.flops / ns,
        "share": share,
        "bound": bound,
        "vs_first": None if ours is None else ratio(timing, ours, by),
        "cpus": timing.cpus,
    }


def _takes_part(point: Point, options: Options, names: Iterable[str]) -> list[str]:
    """Under --quick, JAX (60 ms of compiling a shape) runs only the square products of one column up to 1024."""
    few = options.quick and (point.m != point.k or point.columns > 1 or point.cache == "cold" or point.m > 1024)
    return [name for name in names if not (few and name == "jax")]


def run(options: Options, shim: Path | None = None) -> tuple[dict[str, Any], limits.Limits]:
    """Measures the grid. Returns what --json writes, and the limits."""
    begin = time.monotonic()
    points = quick_grid(options) if options.quick else grid(options)
    known = limits.Limits()
    measured: list[tuple[Point, dict[str, Timing]]] = []
    problems: list[str] = []
    about: dict[str, dict[str, str]] = {}
    skipped = 0
    with Progress(len(points)) as progress:
        for threads in options.threads:
            mine = [p for p in points if p.threads == threads]
            if not mine:
                continue
            progress.say("starting " + ", ".join(options.contestants))
            with Crew(options.contestants, threads, shim) as crew:
                about = about or crew.about
                counts = [t for t in options.threads if t <= threads]
                progress.say("probing the machine")
                problems += crew.probe(known, counts)
                for point in mine:
                    if options.quick and time.monotonic() - begin > QUICK_S:
                        skipped += 1
                        continue
                    progress.say(point.title())
                    case = point.case()
                    copies = limits.copies_to_flush(case.bytes) if point.cache == "cold" else 1
                    names = _takes_part(point, options, crew.workers)
                    results = crew.measure(case, copies, options.rounds, options.seconds, names)
                    problems += [f"{name}: {point.title()}: {r}" for name, r in results.items() if isinstance(r, str)]
                    measured.append((point, {name: r for name, r in results.items() if isinstance(r, Timing)}))
                    progress.step(point.title())
                problems += crew.probe(known, counts)
                problems += [f"{name}: {why}" for name, why in crew.failed.items()]
    problems += output.disturbed([t for _, results in measured for t in results.values()])
    if skipped:
        problems.append(f"{skipped} of {len(points)} points left out: the time of --quick was over")
    first = options.contestants[0]
    rows = [
        row(point, name, t, known, results.get(first), options.by) for point, results in measured for name, t in results.items()
    ]
    data = {
        "command": "mv-mm",
        "machine": output.machine(),
        "contestants": about,
        "presets_removed": peers.presets(os.environ),
        "threads": list(options.threads),
        "rounds": options.rounds,
        "by": options.by,
        "limits": known.to_json(),
        "rows": rows,
        "problems": list(dict.fromkeys(problems)),
        "answer": answer.sentences(rows, known, first),
        "seconds": time.monotonic() - begin,
    }
    return data, known


def _beside(rows: list[dict[str, Any]], ours: dict[str, Any], name: str) -> str:
    found = answer.pick(rows, contestant=name, op="mv", **{key: ours[key] for key in answer.PLACE})
    return f"{time_text(found[0]['ns'])} {ratio_text(found[0]['vs_first'])}" if found else "-"


def places(data: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """mv of the first contestant at each place: against its mm with one column, its forced gemm, and the others' mv."""
    rows, names = data["rows"], list(data["contestants"])
    first, others = names[0], names[1:]
    header = [
        "A",
        "layout",
        "thr",
        "cache",
        f"{first} mv",
        "spread",
        "GB/s",
        "limit",
        "mm 1 col",
        "forced gemm",
        *(f"{n} mv" for n in others),
    ]
    lines = []
    for mv in answer.pick(rows, contestant=first, op="mv"):
        line = [f"{mv['m']}x{mv['k']} {cases.SHORT[mv['dtype']]}", LAYOUT_TEXT[mv["layout"]], str(mv["threads"]), mv["cache"]]
        line += [time_text(mv["ns"]), f"{100 * (mv['q3_ns'] - mv['q1_ns']) / mv['median_ns']:.0f}%"]
        line += [f"{mv['gbs']:.0f}", share_text(mv["share"])]
        for op in ("mm", "gemm"):
            found = answer.pick(rows, contestant=first, op=op, columns=1, **{key: mv[key] for key in answer.PLACE})
            line.append(ratio_text(found[0]["ns"] / mv["ns"] if found else None))
        lines.append(line + [_beside(rows, mv, name) for name in others])
    return header, lines


def by_columns(data: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """mm by number of columns: time, GFLOP/s and share of the limit of the first contestant, time of the others."""
    rows, names = data["rows"], list(data["contestants"])
    several = {tuple(r[key] for key in answer.PLACE) for r in rows if r["op"] == "mm" and r["columns"] > 1}
    header = ["A", "layout", "thr", "columns", names[0], "GFLOP/s", "limit", "bound", *names[1:]]
    lines = []
    for r in answer.pick(rows, contestant=names[0], op="mm"):
        if tuple(r[key] for key in answer.PLACE) not in several:
            continue
        line = [f"{r['m']}x{r['k']} {cases.SHORT[r['dtype']]}", LAYOUT_TEXT[r["layout"]], str(r["threads"]), str(r["columns"])]
        line += [time_text(r["ns"]), f"{r['gflops']:.0f}", share_text(r["share"]), r["bound"]]
        for name in names[1:]:
            same = {key: r[key] for key in answer.PLACE}
            found = answer.pick(rows, contestant=name, op="mm", columns=r["columns"], **same)
            line.append(f"{time_text(found[0]['ns'])} {ratio_text(found[0]['vs_first'])}" if found else "-")
        lines.append(line)
    return header, lines


def heading(data: dict[str, Any], known: limits.Limits, notes: list[str]) -> list[str]:
    """What a reader must know before the figures."""
    return [
        output.machine_text(data["machine"]),
        "contestants: " + output.contestants_text(data["contestants"]),
        known.describe(max(data["threads"])),
        output.presets_text(data["presets_removed"]),
        *notes,
    ]


def text(data: dict[str, Any], known: limits.Limits, notes: list[str]) -> str:
    """The report on the terminal."""
    legend = (
        "spread: interquartile range of the samples. limit: share of the measured machine limit. mm 1 col, forced gemm: how many "
        "times mv's time.\nOther contestants: their mv and how many times the first's it takes."
    )
    parts = [
        "\n".join(heading(data, known, notes)),
        output.text_table(*places(data), left=4),
        legend,
        output.text_table(*by_columns(data), left=3),
        *(textwrap.fill(paragraph, 120) for paragraph in data["answer"]),
    ]
    if data["problems"]:
        parts.append("\n".join(["Not measured or not right:", *(f"  {p}" for p in data["problems"])]))
    return "\n\n".join(part for part in parts if part)
