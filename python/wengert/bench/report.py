"""The HTML page of ``mv-mm --report DIR``: one file, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from . import mv_mm, plots
from .limits import Limits

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, sans-serif; color: #1c2128; background: #fff; max-width: 62rem; margin: 2.5rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin-bottom: .3rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; border-bottom: 1px solid #d9dee4; padding-bottom: .25rem; }
.about { color: #57606a; font-size: .88rem; }
.about p { margin: .15rem 0; }
figure { margin: 1rem 0 2rem; }
figure img { width: 100%; max-width: 50rem; height: auto; }
figcaption { color: #57606a; font-size: .88rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .8rem; font-variant-numeric: tabular-nums; }
th, td { padding: .22rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #eaedf0; }
th { color: #57606a; font-weight: 600; border-bottom: 1px solid #afb8c1; }
"""


def paragraphs(lines: Sequence[str]) -> str:
    return "\n".join(f"<p>{escape(line)}</p>" for line in lines)


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    """A table whose first ``left`` columns are flush left."""

    def line(cells: Sequence[str], tag: str) -> str:
        made = (f"<{tag}{' style=text-align:left' if i < left else ''}>{escape(c)}</{tag}>" for i, c in enumerate(cells))
        return f"<tr>{''.join(made)}</tr>"

    body = "\n".join(line(row, "td") for row in rows)
    return f'<div class="wide"><table><thead>{line(header, "th")}</thead><tbody>\n{body}\n</tbody></table></div>'


def figure(title: str, caption: str, svg: str) -> str:
    data = base64.b64encode(svg.encode()).decode()
    return (
        f'<figure><img alt="{escape(title)}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption><b>{escape(title)}.</b> {escape(caption)}</figcaption></figure>"
    )


def page(data: dict[str, Any], known: Limits, notes: Sequence[str] = ()) -> str:
    first = next(iter(data["contestants"]))
    turns = (
        f"Every contestant runs in a process of its own. They take turns over {data['rounds']} rounds, each round beginning with "
        "another one, so that a change in the machine meets them alike. A figure is the median of its rounds' medians; the spread "
        "is the interquartile range of the samples. Warm operands are used again at once; cold ones come in turn from a pool that "
        "overflows the last cache four times. Results are checked against NumPy before they are timed."
    )
    shares = (
        "The limits are measured here, by probes of wengert's own: chains of independent fused multiply-adds in registers, and "
        "reads of working sets from 16 KiB to beyond the caches. A share of the limit is the least time the probes allow for the "
        "bytes and flops of the product, over the time measured."
    )
    legend = (
        "limit: share of the measured machine limit. mm 1 col, forced gemm: how many times mv's time. The other contestants: their "
        "mv, and how many times the first's it takes."
    )
    parts = [
        "<h1>If mm and mv do the same thing, why does mv exist?</h1>",
        f'<div class="about">{paragraphs(mv_mm.heading(data, known, list(notes)))}</div>',
        "<h2>The answer</h2>",
        paragraphs(data["answer"]),
        "<h2>The figures</h2>",
        *(figure(*f) for f in plots.figures(data["rows"], known, first)),
        f"<h2>mv, mm with one column, mm forced through gemm</h2>{html_table(*mv_mm.places(data), left=4)}",
        f'<p class="about">{escape(legend)}</p>',
        f"<h2>Columns</h2>{html_table(*mv_mm.by_columns(data), left=3)}",
        "<h2>Method</h2>",
        paragraphs([turns, shares]),
    ]
    if data["problems"]:
        parts += ["<h2>Not measured or not right</h2>", paragraphs(data["problems"])]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>mv and mm on this machine</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def write(folder: Path, data: dict[str, Any], known: Limits, notes: Sequence[str] = ()) -> Path:
    """Writes ``folder``/index.html and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    path.write_text(page(data, known, notes), encoding="utf-8")
    return path
