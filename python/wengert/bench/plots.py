"""The figures of the mv-mm report, with matplotlib, as SVG."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

from . import answer
from .cases import SHORT
from .limits import Limits
from .peers import BenchError

Row = dict[str, Any]
COLORS = {"wengert": "#0b5fa5", "numpy": "#d1770c", "torch": "#c0392b", "torch+intel": "#8e5aa8", "jax": "#2e8b57"}
FORCED = "#6b7785"
LEGEND = {"frameon": False, "fontsize": 8}


def require() -> None:
    """Raises BenchError, naming the extra, where matplotlib is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise BenchError("--report needs matplotlib: pip install 'wengert[bench]'") from None


def _svg(draw: Callable[[Any, Any], None], width: float = 7.2, height: float = 4.4) -> str:
    """``draw(figure, axes)`` rendered without a display."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, which="major", color="#e3e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    draw(figure, axes)
    for axis in (axes.xaxis, axes.yaxis):
        if not isinstance(axis.get_major_locator(), FixedLocator):
            axis.set_major_formatter(lambda value, _: f"{value:g}")
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def _main(rows: list[Row], first: str) -> dict[str, Any]:
    """The dtype, layout and thread count that the figures show: those of the first row of the first contestant."""
    top = answer.pick(rows, contestant=first)[0]
    return {key: top[key] for key in ("dtype", "layout", "threads")}


def time_over_size(rows: list[Row], first: str) -> str:
    """mv, mm with one column and the forced gemm over n, square and warm; the others' mv."""
    common = {**_main(rows, first), "cache": "warm"}

    def series(name: str, op: str) -> tuple[list[int], list[float], list[float], list[float]]:
        found = sorted(answer.pick(rows, contestant=name, op=op, columns=1, **common), key=lambda r: r["m"])
        square = [r for r in found if r["m"] == r["k"]]
        us = [[r[key] / 1e3 for r in square] for key in ("ns", "q1_ns", "q3_ns")]
        return [r["m"] for r in square], us[0], us[1], us[2]

    def draw(figure: Any, axes: Any) -> None:
        for name in dict.fromkeys(r["contestant"] for r in rows):
            n, us, low, high = series(name, "mv")
            axes.plot(
                n, us, "o-", color=COLORS[name], label=f"{name} mv", markersize=4, linewidth=2.2 if name == first else 1.3
            )
            axes.fill_between(n, low, high, color=COLORS[name], alpha=0.15, linewidth=0)
        for op, style, color, label in (
            ("mm", "s--", COLORS[first], "mm, 1 column"),
            ("gemm", "^:", FORCED, "mm forced through gemm"),
        ):
            n, us, _, _ = series(first, op)
            if n:
                axes.plot(n, us, style, color=color, label=f"{first} {label}", markersize=4, linewidth=1.3)
        axes.set(xscale="log", yscale="log", xlabel="n of the n by n matrix", ylabel="time, us")
        ticks = sorted({r["m"] for r in rows if r["m"] == r["k"]})
        axes.set_xticks(ticks, [str(t) for t in ticks], fontsize=8)
        axes.minorticks_off()
        axes.legend(**LEGEND)

    return _svg(draw)


def roofline(rows: list[Row], known: Limits, first: str) -> str:
    """GFLOP/s over flops a byte: the measured roofs, every contestant's mv and mm, the forced gemm."""
    common = _main(rows, first)
    shown = [r for r in answer.pick(rows, **common) if r["gbs"] > 0]

    def draw(figure: Any, axes: Any) -> None:
        peak = known.peak(common["dtype"], common["threads"])
        x = [r["gflops"] / r["gbs"] for r in shown]
        ends = [min(x, default=0.1) / 4, max(x, default=1.0) * 4]
        if peak:
            for size, label in ((known.cache / 2, "last cache"), (known.beyond, "memory")):
                bandwidth = known.bandwidth(size, common["threads"])
                if bandwidth:
                    ridge = peak / bandwidth
                    xs = [ends[0], ridge, max(ends[1], 2 * ridge)]
                    axes.plot(
                        xs,
                        [ends[0] * bandwidth, peak, peak],
                        color="#30363d",
                        linewidth=1.4,
                        linestyle="-" if label != "memory" else "--",
                    )
                    axes.text(
                        1.1 * ends[0],
                        1.2 * ends[0] * bandwidth,
                        f"{label}: {bandwidth:.0f} GB/s",
                        rotation=math.degrees(math.atan(bandwidth)),
                        rotation_mode="anchor",
                        transform_rotates_text=True,
                        fontsize=8,
                    )
            axes.annotate(
                f"FMA peak: {peak:.0f} GFLOP/s",
                (ends[1], peak),
                textcoords="offset points",
                xytext=(-4, 5),
                ha="right",
                fontsize=8,
            )
        for name in dict.fromkeys(r["contestant"] for r in shown):
            for op, marker in (("mv", "o"), ("mm", "s"), ("gemm", "^")):
                mine = answer.pick(shown, contestant=name, op=op)
                warm = [r for r in mine if r["cache"] == "warm"]
                cold = [r for r in mine if r["cache"] == "cold"]
                color = FORCED if op == "gemm" else COLORS[name]
                label = f"{name} {'forced gemm' if op == 'gemm' else op}"
                for points, filled in ((warm, True), (cold, False)):
                    if points:
                        axes.plot(
                            [r["gflops"] / r["gbs"] for r in points],
                            [r["gflops"] for r in points],
                            marker,
                            color=color,
                            markerfacecolor=color if filled else "white",
                            markersize=5,
                            alpha=0.8,
                            label=label if filled else f"{label}, cold",
                        )
        axes.set(xscale="log", yscale="log", xlabel="flops a byte (arithmetic intensity)", ylabel="GFLOP/s")
        figure.legend(ncols=4, loc="outside lower center", **LEGEND)

    return _svg(draw, height=5.0)


def over_columns(rows: list[Row], known: Limits, first: str) -> str:
    """mm over its number of columns at the place with the most of them, beside as many calls of mv."""
    place = answer.most_columns(rows, first)
    m, k = place["m"], place["k"]

    def draw(figure: Any, axes: Any) -> None:
        ticks: set[int] = set()
        for name in dict.fromkeys(r["contestant"] for r in rows):
            found = sorted(answer.pick(rows, contestant=name, op="mm", **place), key=lambda r: r["columns"])
            if len(found) < 2 and name != first:
                continue
            n = [r["columns"] for r in found]
            ticks |= set(n)
            axes.plot(
                n,
                [r["ns"] / 1e3 for r in found],
                "o-",
                color=COLORS[name],
                label=f"{name} mm",
                markersize=4,
                linewidth=2.2 if name == first else 1.3,
            )
        vector = answer.pick(rows, contestant=first, op="mv", **place)
        span = sorted(ticks)
        if vector and span:
            axes.plot(span, [n * vector[0]["ns"] / 1e3 for n in span], ":", color=FORCED, label=f"{first} mv, once per column")
        least = [
            known.least_ns(r["bytes"], r["flops"], r["dtype"], r["threads"])
            for r in _by_columns(answer.pick(rows, contestant=first, op="mm", **place))
        ]
        if least and all(least):
            axes.plot(span, [b[0] / 1e3 for b in least if b], color="#30363d", linewidth=1.2, label="machine limit")
        axes.set(xscale="log", yscale="log", xlabel=f"columns of B in ({m}, {k}) @ ({k}, n)", ylabel="time, us")
        axes.set_xticks(span, [str(n) for n in span])
        axes.minorticks_off()
        axes.legend(**LEGEND)

    return _svg(draw)


def _by_columns(rows: list[Row]) -> list[Row]:
    """Rows in the order of their columns, with their bytes and flops."""
    ordered = sorted(rows, key=lambda r: r["columns"])
    return [{**r, "bytes": r["gbs"] * r["ns"], "flops": r["gflops"] * r["ns"]} for r in ordered]


def figures(rows: list[Row], known: Limits, first: str) -> list[tuple[str, str, str]]:
    """(title, caption, svg) of each figure."""
    common = _main(rows, first)
    place = f"{SHORT[common['dtype']]}, {common['threads']} threads"
    return [
        (
            "Time over size",
            f"Square matrices, {place}, warm operands; bands: the middle half of the samples.",
            time_over_size(rows, first),
        ),
        (
            "Roofline",
            f"{place}. Lines: what this machine was measured to do. Hollow markers: cold operands.",
            roofline(rows, known, first),
        ),
        (
            "Columns 1 to 16",
            f"{place}, warm operands: what further columns cost, beside one mv for each.",
            over_columns(rows, known, first),
        ),
    ]
