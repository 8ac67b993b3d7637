"""The graph as plain text: Wengert's list, one line a leaf, constant or operator, in the order of recording."""

from ._model import CONSTANT, LEAF, OPERATOR, PARAMETER
from ._values import bytes_text

# Columns are aligned up to this width; what is longer pushes its own line only.
_WIDEST = 40


def listing(model, limit=None):
    """The list, and a line that sums it up; of more than `limit` vertices the first and the last, and how many are left out."""
    vertices, left_out = model.vertices, 0
    if limit is not None and len(vertices) > limit:
        left_out = len(vertices) - limit
        vertices = vertices[: limit // 2] + vertices[limit // 2 + left_out :]
    rows = [_row(vertex) for vertex in vertices]
    widths = [min(_WIDEST, max((len(row[i]) for row in rows), default=0)) for i in range(3)]
    lines = []
    for name, call, kind, rest in rows:
        lines.append(f"{name:{widths[0]}} = {call:{widths[1]}}  {kind:{widths[2]}}  {rest}".rstrip())
    if left_out:
        lines.insert(limit // 2, f"... {left_out:,} lines left out; to_text() has them all")
    return "\n".join([*lines, summary(model)])


def _row(vertex):
    kind = ", ".join(f"{dtype} {shape}" for shape, dtype in vertex.outputs)
    if vertex.kind != OPERATOR:
        return vertex.name, vertex.kind, kind, gradient(vertex)
    notes = [kept(vertex), f"at {vertex.where}" if vertex.where else ""]
    return vertex.name, vertex.expression, kind, "; ".join(filter(None, notes))


def gradient(vertex):
    return "" if vertex.grad_norm is None else f"gradient norm {vertex.grad_norm:.4g}"


def kept(vertex):
    """What a node keeps for backward, in words; empty where it keeps nothing."""
    if vertex.note:
        return f"saved: {vertex.note}"
    tensors = [entry for entry in vertex.saved if entry.storage is not None]
    if not tensors:
        return ""
    names = [f"{entry.name} (shared with {entry.shared.name})" if entry.shared else entry.name for entry in tensors]
    return f"saves {', '.join(names)}: {bytes_text(vertex.nbytes)}"


def summary(model):
    """One line: how much of everything there is."""
    results = ", ".join(edge.name for edge in model.results)
    parts = [f"result{'s' * (len(model.results) > 1)} {results}", counts(model)]
    if model.storages:
        own = f", {bytes_text(model.leaf_nbytes)} of it the leaves' own" if model.leaf_nbytes else ""
        parts.append(f"{bytes_text(model.nbytes)} saved in {count_text(model.storages, 'storage')}{own}")
    return "; ".join(parts)


def counts(model):
    words = {OPERATOR: "operator", PARAMETER: "parameter", LEAF: "leaf", CONSTANT: "constant"}
    return ", ".join(count_text(model.count(kind), word) for kind, word in words.items() if model.count(kind))


def count_text(count, word):
    plural = {"leaf": "leaves"}.get(word, f"{word}s")
    return f"{count:,} {word if count == 1 else plural}"
