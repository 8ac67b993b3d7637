"""A drawing as HTML: the SVG, and over every box a place that shows its formulas while the pointer is on it.

Style sheets do it alone: no script, nothing fetched, and notebooks show it as a file does.
"""

from html import escape

from ._drawing import COLOURS, MEANINGS, tip
from ._svg import svg

_STYLE = """\
.wengert-graph { position: relative; display: inline-block; background: #fff; color: #1d2328; text-align: left;
  font: 13px/1.45 system-ui, sans-serif; }
.wengert-graph svg { display: block; max-width: none; }
.wengert-graph .spot { position: absolute; border-radius: 5px; }
.wengert-graph .spot:hover, .wengert-graph .spot:focus { outline: 2px solid #2f74b5; z-index: 2; }
.wengert-graph .tip { display: none; position: absolute; left: 50%; top: calc(100% + 6px); width: max-content;
  max-width: 52em; padding: 8px 12px; background: #fff; border: 1px solid #b9bec4; border-radius: 6px;
  box-shadow: 0 3px 12px #0003; }
.wengert-graph .aside .tip { left: auto; right: 50%; }
.wengert-graph .spot:hover .tip, .wengert-graph .spot:focus .tip { display: block; }
.wengert-graph .tip b { margin-right: 0.6em; }
.wengert-graph .tip table { border-collapse: collapse; margin: 4px 0; background: none; }
.wengert-graph .tip td { padding: 1px 14px 1px 0; border: 0; text-align: left; vertical-align: top; background: none; }
.wengert-graph .tip td:first-child { white-space: nowrap; }
.wengert-graph code { font: 12px/1.45 ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap; }
.wengert-legend { font: 12px/1.6 system-ui, sans-serif; color: #1d2328; }
.wengert-legend span { padding: 1px 8px; margin-right: 6px; border: 1px solid; border-radius: 4px; }
"""

# Farther right than this, in pixels, a tip is shown to the left, where there is room for it.
_ASIDE = 640

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ margin: 24px; background: #fff; color: #1d2328; font: 14px/1.5 system-ui, sans-serif; }}
pre {{ font: 12px/1.5 ui-monospace, Menlo, Consolas, monospace; }}
</style>
<h1 style="font-size: 18px">{title}</h1>
<p>{summary}</p>
{picture}
<details><summary>As text</summary><pre>{text}</pre></details>
</html>
"""


def fragment(drawing, places, title):
    """The picture for a notebook: a style sheet, the SVG, and the spots over it."""
    spots = []
    for box, (x, y) in zip(drawing.boxes, places.places, strict=True):
        left, top = x - box.width / 2, y - box.height / 2
        spots.append(
            f'<div class="spot{" aside" * (x > _ASIDE)}" tabindex="0" style="left:{left:.1f}px;top:{top:.1f}px;width:{box.width:.1f}px;'
            f'height:{box.height:.1f}px"><div class="tip">{_tip(box)}</div></div>'
        )
    used = dict.fromkeys(box.kind for box in drawing.boxes if box.kind in MEANINGS)
    legend = "".join(
        f'<span style="background:{COLOURS[kind][0]};border-color:{COLOURS[kind][1]}">{MEANINGS[kind]}</span>' for kind in used
    )
    return (
        f"<style>{_STYLE}</style>\n"
        f'<div class="wengert-graph">{svg(drawing, places, title, tips=False)}{"".join(spots)}</div>\n'
        f'<div class="wengert-legend">{legend}</div>\n'
    )


def page(drawing, places, title, summary, text):
    """The picture as a page of its own."""
    return _PAGE.format(
        title=escape(title), summary=escape(summary), picture=fragment(drawing, places, title), text=escape(text)
    )


def _tip(box):
    told = tip(box)
    parts = [f"<b>{escape(told.head)}</b>"]
    if told.formulas:
        rows = "".join(
            f"<tr><td>gradient of {escape(argument)}</td><td>{escape(mathematics)}</td><td><code>{escape(python)}</code></td></tr>"
            for argument, mathematics, python in told.formulas
        )
        parts.append(f"<table>{rows}</table>")
    parts += [f"<div>{escape(line)}</div>" for line in told.lines]
    return "".join(parts)
