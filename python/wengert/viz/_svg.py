"""A drawing as SVG. Colours and fonts are attributes: nothing depends on, or reaches, the page around it."""

import math
from html import escape

from ._drawing import COLOURS, ELIDED, FONT, OPERATOR, RESULT, SMALL_SIZE, TITLE_SIZE, tip

_LINE, _TEXT, _FAINT = "#707a84", "#1d2328", "#4d565f"


def svg(drawing, places, title, tips=True):
    """The picture; places is the Layout of the drawing, tips whether boxes have what hovering tells as `title` elements."""
    width, height = math.ceil(places.width), math.ceil(places.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="{FONT}" role="img" aria-label="{escape(title)}">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for line, route in zip(drawing.lines, places.routes, strict=True):
        parts.append(_curve(line, route))
    for box, place in zip(drawing.boxes, places.places, strict=True):
        parts.append(_box(box, place, tips))
    for line, place in zip(drawing.lines, places.labels, strict=True):
        if line.label:
            parts.append(_label(line.label, place))
    return "\n".join([*parts, "</svg>", ""])


def _number(value):
    return f"{value:.1f}".removesuffix(".0")


def _curve(line, route):
    """A spline and its arrowhead, which points where the last piece comes in."""
    (x0, y0), (x, y) = route[-2], route[-1]
    length = math.hypot(x - x0, y - y0) or 1.0
    dx, dy = (x - x0) / length, (y - y0) / length
    points = " ".join(f"{_number(px)},{_number(py)}" for px, py in route[1:])
    wings = [(x - 7 * dx - 3 * dy, y - 7 * dy + 3 * dx), (x - 7 * dx + 3 * dy, y - 7 * dy - 3 * dx)]
    head = " ".join(f"{_number(px)},{_number(py)}" for px, py in ((x, y), *wings))
    return (
        f"<g><title>{escape(line.tip)}</title>"
        f'<path d="M{_number(route[0][0])},{_number(route[0][1])} C{points}" fill="none" stroke="{_LINE}" stroke-width="1.1"/>'
        f'<polygon points="{head}" fill="{_LINE}"/></g>'
    )


def _box(box, place, tips):
    x, y = place[0] - box.width / 2, place[1] - box.height / 2
    fill, border = COLOURS[box.kind]
    round_ = 5 if box.kind == OPERATOR else 13 if box.kind == RESULT else 2
    dash = ' stroke-dasharray="4 3"' if box.kind == ELIDED else ""
    text = [_text(box.title, place[0], y + 17.5, TITLE_SIZE, _TEXT, "600")]
    for i, line in enumerate(box.lines):
        text.append(_text(line, place[0], y + 31 + 14 * i, SMALL_SIZE, _FAINT))
    told = f"<title>{escape(tip(box).text())}</title>" if tips else ""
    return (
        f'<g class="{box.kind}">{told}<rect x="{_number(x)}" y="{_number(y)}" width="{_number(box.width)}" '
        f'height="{_number(box.height)}" rx="{round_}" fill="{fill}" stroke="{border}" '
        f'stroke-width="{2 if box.kind == RESULT else 1.2}"{dash}/>{"".join(text)}</g>'
    )


def _text(text, x, y, size, fill, weight="400"):
    return (
        f'<text x="{_number(x)}" y="{_number(y)}" font-size="{size}" font-weight="{weight}" fill="{fill}" '
        f'text-anchor="middle">{escape(text)}</text>'
    )


def _label(text, place):
    """A shape, on a white edge so that it can be read where lines cross."""
    return (
        f'<text x="{_number(place[0])}" y="{_number(place[1] + 3.5)}" font-size="{SMALL_SIZE}" fill="{_FAINT}" stroke="#ffffff" '
        f'stroke-width="3" paint-order="stroke" text-anchor="middle" pointer-events="none">{escape(text)}</text>'
    )
