"""What a picture shows: boxes with lines of text, edges with labels, and what hovering over a box tells.

DOT, SVG and HTML are written from this; none of them looks at the model.
"""

from ._model import CONSTANT, LEAF, OPERATOR, PARAMETER
from ._text import count_text, gradient
from ._values import bytes_text

RESULT, ELIDED = "result", "elided"

# (fill, border) of boxes by kind.
COLOURS = {
    PARAMETER: ("#fde8c8", "#c77d0a"),
    LEAF: ("#dcebfa", "#2f74b5"),
    CONSTANT: ("#f1f1f1", "#9a9a9a"),
    OPERATOR: ("#ffffff", "#707a84"),
    RESULT: ("#d9f2dc", "#2e8b43"),
    ELIDED: ("#ffffff", "#b9bec4"),
}
MEANINGS = {
    PARAMETER: "parameter",
    LEAF: "leaf",
    CONSTANT: "constant, without gradient",
    OPERATOR: "operator",
    RESULT: "result",
}

# Monospace fonts, whose characters are 0.6 of the size wide: boxes are measured without asking anybody.
FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"
TITLE_SIZE, SMALL_SIZE = 13, 10.5
_LONGEST = 44
# Of a formula that is a longer function, hovering shows the call.
_MOST_LINES = 16


def text_width(text, size):
    return 0.603 * size * len(text)


class Box:
    """title and lines of text, and what hovering tells: a list of (heading, text) pairs, with `vertex` for the formulas."""

    __slots__ = ("height", "kind", "lines", "name", "title", "vertex", "width")

    def __init__(self, name, kind, title, lines, vertex=None):
        self.name, self.kind, self.title, self.lines, self.vertex = name, kind, _short(title), list(map(_short, lines)), vertex
        widths = [text_width(self.title, TITLE_SIZE), *(text_width(line, SMALL_SIZE) for line in self.lines)]
        self.width = max(44.0, max(widths) + 18)
        self.height = 26.0 + 14 * len(self.lines)


class Line:
    """From one box to another, by their positions in the list of boxes; label is written beside it, tip told on hovering."""

    __slots__ = ("label", "source", "target", "tip")

    def __init__(self, source, target, label, tip=""):
        self.source, self.target, self.label, self.tip = source, target, label, tip


class Drawing:
    """boxes, lines, and how many vertices are left out."""

    __slots__ = ("boxes", "left_out", "lines")

    def __init__(self, boxes, lines, left_out):
        self.boxes, self.lines, self.left_out = boxes, lines, left_out


def drawing(model, limit):
    """The picture of a model; of more than `limit` vertices those recorded last, the others as one box that counts them."""
    shown = _latest(model, limit)
    left_out = len(model.vertices) - len(shown)
    boxes, lines, at = [], [], {}
    if left_out:
        boxes.append(Box("elided", ELIDED, f"… {left_out:,} more", ["recorded earlier, not drawn"]))
    names = {id(edge.source) for edge in model.results}
    for vertex in shown:
        at[id(vertex)] = len(boxes)
        boxes.append(_box(f"n{len(boxes)}", vertex, id(vertex) in names))
    for vertex in shown:
        target, elided, labelled = at[id(vertex)], 0, set()
        for edge in vertex.inputs:
            if id(edge.source) not in at:
                elided += 1
                continue
            lines.append(_line(at[id(edge.source)], target, edge))
            # Of lines that run side by side, as of x * x, the first has the label of all.
            side_by_side = (id(edge.source), edge.output)
            if side_by_side in labelled:
                lines[-1].label = ""
            labelled.add(side_by_side)
        if elided:
            lines.append(Line(0, target, count_text(elided, "input")))
    for number, edge in enumerate(model.results):
        shape, dtype = edge.type
        boxes.append(Box(f"r{number}", RESULT, edge.name, [f"{dtype} {shape}"]))
        if id(edge.source) in at:
            lines.append(_line(at[id(edge.source)], len(boxes) - 1, edge))
        else:
            lines.append(Line(0, len(boxes) - 1, shape))
    return Drawing(boxes, lines, left_out)


def _latest(model, limit):
    """The vertices to draw, in the model's order: operators from the last one back, each with its leaves."""
    if len(model.vertices) <= limit:
        return model.vertices
    chosen: set = set()
    for vertex in reversed(model.vertices):
        if vertex.kind != OPERATOR:
            continue
        own = {id(edge.source) for edge in vertex.inputs if edge.source.kind != OPERATOR} | {id(vertex)}
        if chosen and len(chosen | own) > limit:
            break
        chosen |= own
    return [vertex for vertex in model.vertices if id(vertex) in chosen]


def _box(name, vertex, is_result):
    if vertex.kind != OPERATOR:
        ((shape, dtype),) = vertex.outputs
        return Box(name, vertex.kind, vertex.title, filter(None, [f"{dtype} {shape}", gradient(vertex)]), vertex)
    dtypes = ", ".join(dict.fromkeys(dtype for _, dtype in vertex.outputs))
    saves = f"saves {bytes_text(vertex.nbytes)}" if vertex.nbytes else ""
    given = "" if is_result else ", ".join(filter(None, vertex.given))
    title = f"{given} = {vertex.title}" if given else vertex.title
    return Box(name, OPERATOR, title, [", ".join(filter(None, [dtypes, saves]))], vertex)


def _line(source, target, edge):
    shape, dtype = edge.type
    tip = f"{edge.name}: {dtype} {shape}"
    return Line(source, target, shape, f"{edge.argument} = {tip}" if edge.argument else tip)


def _short(text):
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}…{text[-(_LONGEST // 2 - 1) :]}"


# ---- what hovering tells


class Tip:
    """head; formulas as (argument, mathematics, Python); lines of plain text below."""

    __slots__ = ("formulas", "head", "lines")

    def __init__(self, head, formulas=(), lines=()):
        self.head, self.formulas, self.lines = head, list(formulas), list(lines)

    def text(self):
        parts = [self.head]
        for argument, mathematics, python in self.formulas:
            parts.append(f"gradient of {argument}: {mathematics}")
            parts += ["    " + line for line in python.splitlines()]
        return "\n".join(parts + self.lines)


def tip(box):
    """The Tip of a box."""
    vertex = box.vertex
    if vertex is None:
        return Tip(box.title, lines=box.lines)
    types = "; ".join(f"{dtype} {shape}" for shape, dtype in vertex.outputs)
    if vertex.kind != OPERATOR:
        return Tip(f"{vertex.name}: {MEANINGS[vertex.kind]}", lines=filter(None, [types, gradient(vertex)]))
    lines = [f"result: {vertex.name}, {types}", *map(_saved_text, vertex.saved)]
    if vertex.note:
        lines.append(f"saved: {vertex.note}")
    if vertex.row is not None and vertex.row.kink:
        lines.append(vertex.row.kink)
    if vertex.where:
        lines.append(f"recorded at {vertex.where}")
    return Tip(f"{vertex.title}   {vertex.node_name}", _formulas(vertex), lines)


def _saved_text(entry):
    if entry.storage is None:
        return f"saved {entry.name} = {entry.text}"
    shared = f", shared with {entry.shared.name}" if entry.shared else ""
    return f"saved {entry.name}: {entry.text}, {bytes_text(entry.nbytes)}{shared}"


def _formulas(vertex):
    """(argument, mathematics, Python) of the formulas that backward calls: those of arguments that need a gradient."""
    if vertex.row is None:
        return []
    from wengert.autograd.derivatives import _source

    code, mathematics = _source.source(vertex.row), _source.mathematics(vertex.row)
    needed = {edge.argument for edge in vertex.inputs if edge.source.kind != CONSTANT}
    return [
        (argument, mathematics[argument], code[argument] if code[argument].count("\n") < _MOST_LINES else _source.call(formula))
        for argument, formula in _source.formulas(vertex.row).items()
        if formula is not None and argument in needed
    ]
