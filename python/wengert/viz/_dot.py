"""Graphviz: a drawing in its language, and its `dot` program where that is installed."""

import shutil
import subprocess

from ._drawing import COLOURS, SMALL_SIZE, TITLE_SIZE, text_width, tip
from ._layout import MARGIN, Layout

# dot's time grows fast with the size of a graph; pictures do without it then.
SECONDS = 20
_POINTS = 72.0  # an inch of dot's


class GraphvizError(RuntimeError):
    """`dot` is missing, failed, or took too long."""


def program():
    """The path of `dot`, or None."""
    return shutil.which("dot")


def source(drawing):
    """The drawing in the DOT language, with what hovering tells as tooltips."""
    text = [
        "digraph wengert {",
        '  graph [rankdir=TB, bgcolor=white, ranksep="0.45"]',
        f'  node [shape=box, style="rounded,filled", fontname="DejaVu Sans Mono", fontsize={TITLE_SIZE}]',
        f'  edge [fontname="DejaVu Sans Mono", fontsize={SMALL_SIZE}, color="#707a84", arrowsize=0.6]',
    ]
    for box in drawing.boxes:
        fill, border = COLOURS[box.kind]
        label = r"\n".join(map(_escaped, [box.title, *box.lines]))
        text.append(
            f'  {box.name} [label="{label}", fillcolor="{fill}", color="{border}", tooltip="{_quoted(tip(box).text())}"]'
        )
    for line in drawing.lines:
        ends = f"{drawing.boxes[line.source].name} -> {drawing.boxes[line.target].name}"
        text.append(f'  {ends} [label="{_escaped(line.label)}", tooltip="{_quoted(line.tip)}"]')
    return "\n".join([*text, "}", ""])


def _escaped(text):
    """As part of a label, where a backslash begins an escape."""
    return text.replace("\\", r"\\").replace('"', r"\"")


def _quoted(text):
    return _escaped(text).replace("\n", "&#10;")


def render(text, form):
    """What `dot` makes of a DOT text, as bytes: form is "png", "plain", ... GraphvizError where it cannot."""
    path = program()
    if path is None:
        raise GraphvizError("needs Graphviz, whose program `dot` was not found")
    try:
        done = subprocess.run([path, f"-T{form}"], input=text.encode(), capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GraphvizError(f"Graphviz: {error}") from None
    if done.returncode:
        raise GraphvizError(f"Graphviz: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def layout(drawing):
    """The Layout that `dot` gives a drawing; GraphvizError where it cannot."""
    text = [
        "digraph {",
        "  graph [ranksep=0.45]",
        "  node [shape=box, fixedsize=true]",
        f"  edge [arrowhead=none, fontname=Courier, fontsize={SMALL_SIZE}]",
    ]
    for i, box in enumerate(drawing.boxes):
        text.append(f'  {i} [width={box.width / _POINTS:.4f}, height={box.height / _POINTS:.4f}, label=""]')
    for line in drawing.lines:
        # Only the size of a label matters here; one more character keeps it off its line.
        text.append(f'  {line.source} -> {line.target} [label="{"x" * (len(line.label) + 1) if line.label else ""}"]')
    return _parse(render("\n".join([*text, "}"]), "plain").decode(), drawing)


def _parse(plain, drawing):
    """dot's plain form: lengths in inches, y upwards, a line for each node and edge."""
    numbers: dict = {}
    for number, line in enumerate(drawing.lines):
        numbers.setdefault((line.source, line.target), []).append(number)
    places = [(0.0, 0.0)] * len(drawing.boxes)
    routes: list = [[]] * len(drawing.lines)
    labels = [(0.0, 0.0)] * len(drawing.lines)
    width = height = 0.0

    def point(x, y):
        return float(x) * _POINTS + MARGIN, height - float(y) * _POINTS - MARGIN

    for words in filter(None, map(str.split, plain.splitlines())):
        if words[0] == "graph":
            width, height = (float(word) * _POINTS + 2 * MARGIN for word in words[2:4])
        elif words[0] == "node":
            places[int(words[1])] = point(*words[2:4])
        elif words[0] == "edge":
            number = numbers[int(words[1]), int(words[2])].pop(0)
            end = 4 + 2 * int(words[3])
            routes[number] = [point(*words[i : i + 2]) for i in range(4, end, 2)]
            if drawing.lines[number].label:
                x, y = point(*words[end + 1 : end + 3])
                labels[number] = x + text_width(" ", SMALL_SIZE) / 2, y
    return Layout(places, routes, labels, width, height)
