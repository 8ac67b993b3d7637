"""The answer in words, computed from the measured rows: what ``mv`` saves, where, and why."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from .cases import ITEMSIZE, SHORT
from .limits import Limits
from .output import size_text, time_text

Row = dict[str, Any]
LEVEL = 0.05  # ratios nearer to 1 than this are called level
PLACE = ("m", "k", "dtype", "layout", "threads", "cache")


def geometric_mean(values: Iterable[float]) -> float:
    return math.exp(statistics.fmean(math.log(v) for v in values))


def pick(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    return [r for r in rows if all(r[key] == value for key, value in wanted.items())]


def pairs(rows: Sequence[Row], contestant: str, op: str, columns: int = 1, base: str = "mv") -> list[tuple[Row, Row]]:
    """(row of ``base``, row of ``op``) of one contestant at every place where both were measured."""
    there = {tuple(r[key] for key in PLACE): r for r in pick(rows, contestant=contestant, op=base, columns=1)}
    others = pick(rows, contestant=contestant, op=op, columns=columns)
    return [(there[place], r) for r in others if (place := tuple(r[key] for key in PLACE)) in there]


def times(pair: tuple[Row, Row]) -> float:
    return float(pair[1]["ns"] / pair[0]["ns"])


def place_text(row: Row) -> str:
    layout = "" if row["layout"] == "rows" else " transposed"
    plural = "s" if row["threads"] > 1 else ""
    return f"{row['m']}x{row['k']} {SHORT[row['dtype']]}{layout}, {row['threads']} thread{plural}, {row['cache']}"


def _verdict(ratio: float) -> str:
    if abs(ratio - 1) <= LEVEL:
        return "level"
    return f"{100 * (1 - 1 / ratio):.0f}% saved by mv" if ratio > 1 else f"mm {100 * (1 - ratio):.0f}% shorter"


def intensity(rows: Sequence[Row], known: Limits) -> list[str]:
    """Why one column is a matter of bandwidth."""
    dtype, threads = rows[0]["dtype"], max(r["threads"] for r in rows)
    low = 2 / ITEMSIZE[dtype]
    text = (
        f"A product with one column reads every element of A once and does 2 flops with it: {low:g} flop{'s' if low > 1 else ''} a byte in "
        f"{SHORT[dtype]}, whichever function it is called through."
    )
    inside, memory = (known.bandwidth(size, threads) for size in (known.cache / 2, known.beyond))
    peak = known.peak(dtype, threads)
    if peak and inside and memory:
        text += (
            f" This machine multiplies {peak:.0f} GFLOP/s and reads {inside:.0f} GB/s from its last cache, {memory:.0f} GB/s from "
            f"memory: its arithmetic is busy from {peak / inside:.1f} flops a byte on ({peak / memory:.1f} beyond the caches). So "
            f"one column can use at most {100 * min(1, low * inside / peak):.0f}% of the arithmetic ({100 * min(1, low * memory / peak):.0f}% "
            "beyond the caches), and the time is the time to read A."
        )
    return [text]


def against_mm(rows: Sequence[Row], first: str) -> list[str]:
    """mv beside mm with one column."""
    found = pairs(rows, first, "mm")
    if not found:
        return []
    mean, most = geometric_mean(map(times, found)), max(found, key=times)
    text = (
        f"{first}: mm with one column takes {mean:.2f} times mv's time over {len(found)} measured places ({_verdict(mean)}); the "
        f"farthest is {times(most):.2f} times at {place_text(most[0])} ({time_text(most[0]['ns'])} and "
        f"{time_text(most[1]['ns'])})."
    )
    if first == "wengert" and abs(mean - 1) <= LEVEL:
        text += " mm sees the one column and takes mv's kernel, so between the two names no work is left to save: mv spares the reshaping."
    return [text]


def against_gemm(rows: Sequence[Row], first: str) -> list[str]:
    """mv beside the gemm kernel forced on one column."""
    found = pairs(rows, first, "gemm")
    if not found:
        return []
    most, least = max(found, key=times), min(found, key=times)
    saved = (
        f"Forced through the gemm kernel, the same one column takes {geometric_mean(map(times, found)):.2f} times mv's time in the "
        f"mean: from {times(least):.2f} at {place_text(least[0])} to {times(most):.2f} at {place_text(most[0])}. That is what a "
        "kernel of its own saves, and why mv exists."
    )
    mv, gemm = most
    share = "" if mv["share"] is None else f", {100 * mv['share']:.0f}% of the limit there"
    why = (
        f"Why: at {mv['m']}x{mv['k']} mv reads {mv['gbs']:.0f} GB/s{share}; the gemm kernel reaches {gemm['gbs']:.0f} GB/s, for its "
        "register tile is laid out for many columns: with one, a vector of B holds one number, and each element of A still costs a "
        "broadcast and a multiplication of a whole vector."
    )
    out = [saved, why]
    caches = {c: [times(p) for p in found if p[0]["cache"] == c] for c in ("warm", "cold")}
    if caches["warm"] and caches["cold"]:
        warm, cold = geometric_mean(caches["warm"]), geometric_mean(caches["cold"])
        trend = "less" if cold < warm else "no less"
        out.append(
            f"Warm operands: {warm:.2f} times; operands that come from memory: {cold:.2f} times. Cold, mv saves {trend}: "
            + ("both wait for the same bytes." if cold < warm else "the wait for memory does not hide the kernel's own work.")
        )
    return out


def call_cost(rows: Sequence[Row], known: Limits, first: str) -> list[str]:
    """What is left of a small mv when the reading is taken away."""
    small = min(pick(rows, contestant=first, op="mv", cache="warm"), key=lambda r: r["m"] * r["k"], default=None)
    if small is None:
        return []
    size = small["gbs"] * small["ns"]
    least = known.least_ns(size, 0.0, small["dtype"], small["threads"])
    if least is None or least[0] > 0.8 * small["ns"]:
        return []
    text = (
        f"Small products are calls: at {place_text(small)} mv takes {time_text(small['ns'])}, of which reading its "
        f"{size_text(size)} needs {time_text(least[0])}. The rest is the way from Python to the kernel and back."
    )
    return [text]


def most_columns(rows: Sequence[Row], first: str) -> Row:
    """The place (keys of PLACE) with the most column counts of mm; among equals the matrix nearest to a million elements, which
    caches hold and calls do not hide."""
    places: dict[tuple[Any, ...], int] = {}
    for r in pick(rows, contestant=first, op="mm", cache="warm"):
        place = tuple(r[key] for key in PLACE)
        places[place] = places.get(place, 0) + 1
    best = max(places, key=lambda p: (places[p], -abs(math.log(p[0] * p[1] / 1e6))), default=(0, 0, "", "", 0, "warm"))
    return dict(zip(PLACE, best, strict=True))


def columns(rows: Sequence[Row], first: str) -> list[str]:
    """What further columns cost, and what calling mv once per column would."""
    place = most_columns(rows, first)
    found = pick(rows, contestant=first, op="mm", **place)
    found = sorted(found, key=lambda r: r["columns"])
    mv = pick(rows, contestant=first, op="mv", **place)
    if len(found) < 2 or not mv:
        return []
    last, vector = found[-1], mv[0]
    steps = ", ".join(f"{r['columns']}: {time_text(r['ns'])}" for r in found)
    n, cost = last["columns"], last["ns"] / vector["ns"]
    text = (
        f"More columns share one reading of A. At {place_text(vector)} mm takes ({steps}): {n} columns cost {cost:.1f} times one mv, "
        f"where {n} calls of mv would cost {n} times. "
    )
    if cost < n:
        text += (
            f"With several vectors at hand, stack them and call mm: it saves {n / cost:.1f} times here, {last['gflops']:.0f} GFLOP/s "
            f"in place of {vector['gflops']:.0f}."
        )
    else:
        text += "Here, stacking vectors for mm does not pay."
    return [text]


def threads(rows: Sequence[Row], first: str) -> list[str]:
    """What further threads bring to mv."""
    most = max(r["threads"] for r in rows)
    mine = pick(rows, contestant=first, op="mv")
    one = {tuple(r[key] for key in PLACE if key != "threads"): r for r in mine if r["threads"] == 1}
    gains = []
    for r in mine:
        place = tuple(r[key] for key in PLACE if key != "threads")
        if r["threads"] == most > 1 and place in one:
            gains.append((one[place]["ns"] / r["ns"], r))
    if not gains:
        return []
    best, least = max(gains, key=lambda g: g[0]), min(gains, key=lambda g: g[0])
    text = f"Threads: {most} of them make mv {best[0]:.2f} times as fast as one at {place_text(best[1])}"
    return [text + (f", {least[0]:.2f} times at {place_text(least[1])}." if len(gains) > 1 else ".")]


def peers(rows: Sequence[Row], first: str) -> list[str]:
    """The same question to the others, and their mv beside ours."""
    out = []
    for name in dict.fromkeys(r["contestant"] for r in rows if r["contestant"] != first):
        mv = [r["vs_first"] for r in pick(rows, contestant=name, op="mv") if r["vs_first"]]
        own = pairs(rows, name, "mm")
        parts = []
        if mv:
            parts.append(f"its mv takes {geometric_mean(mv):.2f} times {first}'s (from {min(mv):.2f} to {max(mv):.2f})")
        if own:
            mean = geometric_mean(map(times, own))
            parts.append(f"its mm with one column takes {mean:.2f} times its own mv ({_verdict(mean)})")
        if parts:
            out.append(f"{name}: " + "; ".join(parts) + ".")
    return out


def sentences(rows: Sequence[Row], known: Limits, first: str) -> list[str]:
    """The answer, a paragraph each."""
    if not rows:
        return ["Nothing was measured."]
    return [
        *intensity(rows, known),
        *against_mm(rows, first),
        *against_gemm(rows, first),
        *call_cost(rows, known, first),
        *columns(rows, first),
        *threads(rows, first),
        *peers(rows, first),
    ]
