"""wengert.viz.graph and what it returns."""

import os
import sys

import wengert

from . import _dot, _html, _layout, _model, _svg, _text
from ._drawing import drawing
from ._names import Names, parameters_of, variables_of

LIMIT = 2000
"""How many vertices a picture shows; of a larger graph those recorded last, and how many others there are."""

_LINES = 200
# Above this many boxes dot takes seconds to minutes, and is used only when asked for.
_DOT_BOXES = 250


def graph(*tensors, params=None):
    """The graph that was recorded for tensors: a :class:`Graph`, to print, to show in a notebook, or to save.

    It is read from ``grad_fn`` and ``next_functions``; nothing is computed again, and the Graph keeps no tensor alive. Leaves are
    called what `params` calls them (a dict, pairs such as ``named_parameters()`` gives, or a module), else as the caller's
    variables; so are results of operators that a variable holds. Before backward it tells what each node has saved, afterwards the
    norms of the leaves' gradients.

    RuntimeError for a tensor that does not require grad, TypeError for anything but tensors.

    >>> x = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> y = (x**2 + 1).log().sin()
    >>> wengert.viz.graph(y)
    <Graph of y: 4 operators, 1 leaf>
    """
    if len(tensors) == 1 and isinstance(tensors[0], tuple | list):
        tensors = tuple(tensors[0])
    if not tensors:
        raise TypeError("graph(): expected a tensor")
    for tensor in tensors:
        if not isinstance(tensor, wengert.Tensor):
            raise TypeError(f"graph(): expected tensors, not {type(tensor).__name__}")
        if not tensor.requires_grad:
            raise RuntimeError(
                "graph(): the tensor does not require grad and does not have a grad_fn: no graph was recorded for it"
            )
    names = Names(parameters_of(params), variables_of(sys._getframe(1)))
    return Graph(_model.read(tensors, names))


class Graph:
    """The recorded graph of one or more tensors; made by :func:`graph`.

    ``print`` shows Wengert's list, a notebook the picture. Pictures run from the leaves at the top to the results at the bottom;
    lines carry shapes, and hovering over an operator shows its formulas. They are laid out by Graphviz where its program `dot` is
    installed, and here where it is not. Of large graphs pictures show the part that was recorded last.
    """

    def __init__(self, model):
        self.model = model

    def __repr__(self):
        names = ", ".join(edge.name for edge in self.model.results)
        return f"<Graph of {names}: {_text.counts(self.model)}>"

    def __str__(self):
        return self.to_text(_LINES)

    def to_text(self, limit=None):
        """Wengert's list: a line for each leaf and operator in the order they were recorded, and one that sums up.

        limit: how many lines at most, half of them from the end; ``print`` takes 200.
        """
        return _text.listing(self.model, limit)

    def to_dot(self, limit=LIMIT):
        """The picture in Graphviz's language, for its own programs."""
        return _dot.source(drawing(self.model, limit))

    def to_svg(self, limit=LIMIT, engine=None):
        """The picture as SVG. engine: "dot" for Graphviz, "own" for the layout made here, None for what is there."""
        shown = drawing(self.model, limit)
        return _svg.svg(shown, _places(shown, engine), repr(self)[1:-1])

    def to_html(self, limit=LIMIT, engine=None):
        """The picture as a page that needs nothing else: no script, nothing fetched."""
        shown = drawing(self.model, limit)
        text = _text.listing(self.model, limit)
        return _html.page(shown, _places(shown, engine), repr(self)[1:-1], _text.summary(self.model), text)

    def save(self, path, limit=LIMIT, engine=None):
        """Writes the file that the suffix of path asks for: .svg, .html, .dot, .txt, or .png where Graphviz is installed.

        ValueError for another suffix; RuntimeError where .png needs Graphviz.
        """
        suffix = os.path.splitext(path)[1].lower()
        if suffix == ".png":
            data = _dot.render(self.to_dot(limit), "png")
        elif suffix == ".svg":
            data = self.to_svg(limit, engine).encode()
        elif suffix in (".html", ".htm"):
            data = self.to_html(limit, engine).encode()
        elif suffix in (".dot", ".gv"):
            data = self.to_dot(limit).encode()
        elif suffix == ".txt":
            data = f"{self.to_text()}\n".encode()
        else:
            raise ValueError(f"save(): the suffix of {os.fspath(path)!r} must be .svg, .html, .dot, .txt or .png")
        with open(path, "wb") as file:
            file.write(data)

    def _repr_svg_(self):
        return self.to_svg()

    def _repr_html_(self):
        shown = drawing(self.model, LIMIT)
        return _html.fragment(shown, _places(shown, None), repr(self)[1:-1])


def _places(shown, engine):
    """The Layout by an engine; without a choice Graphviz's where it is there and fast, else our own."""
    if engine not in (None, "dot", "own"):
        raise ValueError(f"engine must be 'dot', 'own' or None, not {engine!r}")
    if engine == "dot":
        return _dot.layout(shown)
    if engine is None and len(shown.boxes) <= _DOT_BOXES and _dot.program():
        try:
            return _dot.layout(shown)
        except _dot.GraphvizError:
            pass
    return _layout.layout(shown)
