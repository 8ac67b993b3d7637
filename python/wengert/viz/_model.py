"""The recorded graph as plain data, read once: what the pictures and the text are made from.

A model keeps no tensor and no node alive. Nothing recurses: a chain of 100,000 operators is read like one of four.
"""

import functools
import heapq

import wengert

from ._names import Names
from ._values import dtype_text, extent, identity, key_text, line_text, shape_text, value_text

# The kinds of vertices. A constant is a tensor that needs no gradient and that an operator has saved.
PARAMETER, LEAF, CONSTANT, OPERATOR = "parameter", "leaf", "constant", "operator"


class Edge:
    """A tensor that an operator was given: output number `output` of `source`. argument: its name, where that is known."""

    __slots__ = ("argument", "output", "source")

    def __init__(self, source, output, argument=None):
        self.source, self.output, self.argument = source, output, argument

    @property
    def name(self):
        return self.source.names[self.output]

    @property
    def type(self):
        """(shape, dtype) as texts."""
        return self.source.outputs[self.output]


class Saved:
    """A value that a node keeps for backward. storage, nbytes: of a tensor; shared: the vertex that has the same storage."""

    __slots__ = ("name", "nbytes", "shared", "storage", "text")

    def __init__(self, name, text, storage=None, nbytes=0, shared=None):
        self.name, self.text, self.storage, self.nbytes, self.shared = name, text, storage, nbytes, shared


class Vertex:
    """A leaf, a constant or an operator.

    names       of its results: the caller's, or made up (v1, v2, ... for operators). given: None for those
    outputs     (shape, dtype) of its results, as texts
    operator    of an operator: its name in the table, or that of the custom function; else None
    call        of an operator: its arguments, an Edge or the text of a number each
    node_name   of an operator: the name of its grad_fn, PyTorch's
    row         of an operator: its row of the derivative table, or None
    saved       of an operator: a list of Saved. note: why they cannot be seen, as after backward
    where       of an operator: the line that called it, where lines were noted
    grad_norm   of a leaf, after backward: the 2-norm of its gradient
    """

    __slots__ = (
        "call",
        "given",
        "grad_norm",
        "kind",
        "names",
        "node_name",
        "note",
        "operator",
        "outputs",
        "row",
        "saved",
        "where",
    )

    def __init__(self, kind, names, outputs):
        self.kind, self.names, self.given, self.outputs = kind, names, names, outputs
        self.operator = self.node_name = self.row = self.where = self.grad_norm = None
        self.call, self.saved, self.note = [], [], ""

    @property
    def name(self):
        return ", ".join(self.names)

    @property
    def inputs(self):
        return [part for part in self.call if isinstance(part, Edge)]

    @property
    def title(self):
        """What stands in the box: ``sin``, ``pow(·, 2)``, or the name of a leaf."""
        if self.operator is None:
            return self.name
        if all(isinstance(part, Edge) for part in self.call):
            return self.operator
        return self._called("·" if isinstance(part, Edge) else part for part in self.call)

    @property
    def expression(self):
        """The call of an operator with the names of its arguments: ``pow(x, 2)``, ``x[0]``."""
        return self._called(part.name if isinstance(part, Edge) else part for part in self.call)

    def _called(self, arguments):
        first, *others = arguments
        if self.operator == "getitem" and others:
            return f"{first}[{', '.join(others)}]"
        return f"{self.operator}({', '.join([first, *others])})"

    @property
    def nbytes(self):
        """Of the tensors that this node saved, every storage once."""
        return sum({entry.storage: entry.nbytes for entry in self.saved if entry.storage is not None}.values())


class Model:
    """vertices: leaves, constants and operators, every one after its inputs, operators in the order they were recorded.

    results are Edges. storages: how many the graph saved, of nbytes together, leaf_nbytes of which belong to leaves.
    """

    __slots__ = ("leaf_nbytes", "nbytes", "results", "storages", "vertices")

    def __init__(self, vertices, results, storages, nbytes, leaf_nbytes):
        self.vertices, self.results = vertices, results
        self.storages, self.nbytes, self.leaf_nbytes = storages, nbytes, leaf_nbytes

    def count(self, *kinds):
        return sum(vertex.kind in kinds for vertex in self.vertices)


def read(tensors, names):
    """The Model of the graph that tensors are the results of."""
    return _Reader(names).read(tensors)


def _in_order(roots):
    """The operators' nodes that roots lead to, with their next_functions: inputs first, else as recorded."""
    edges = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in edges or _is_accumulator(node):
            continue
        edges[node] = node.next_functions
        stack += [source for source, _ in edges[node] if source is not None]
    waiting: dict = {}
    consumers: dict = {}
    for node, own in edges.items():
        sources = {source for source, _ in own if source in edges}
        waiting[node] = len(sources)
        for source in sources:
            consumers.setdefault(source, []).append(node)
    # Numbers of nodes are unique, so that nodes themselves are never compared.
    ready = [(node.sequence, node) for node, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    while ready:
        _, node = heapq.heappop(ready)
        yield node, edges[node]
        for consumer in consumers.get(node, ()):
            waiting[consumer] -= 1
            if waiting[consumer] == 0:
                heapq.heappush(ready, (consumer.sequence, consumer))


def _is_accumulator(node):
    return type(node).__name__ == "AccumulateGrad"


def _type_of(tensor):
    return shape_text(tensor.shape), dtype_text(tensor.dtype)


def _norm(tensor):
    return float(tensor.detach().double().norm())


class _Reader:
    def __init__(self, names: Names):
        self.names = names
        self.vertices: list[Vertex] = []
        self.by_node: dict = {}
        self.by_tensor: dict = {}  # id of a leaf, or identity of a constant -> vertex
        self.made_up: dict[str, int] = {}
        self.storages: dict = {}  # storage -> [first byte, last byte, the vertex that has it, is that a leaf, is it saved]
        self.held: list = []  # ids and addresses are those of living tensors

    def read(self, tensors):
        for node, edges in _in_order([tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]):
            self.by_node[node] = self.operator(node, edges)
        results = [
            Edge(self.leaf(tensor), 0) if tensor.grad_fn is None else Edge(self.by_node[tensor.grad_fn], tensor.output_nr)
            for tensor in tensors
        ]
        kept = [(last - first, is_leaf) for first, last, _, is_leaf, is_saved in self.storages.values() if is_saved]
        return Model(
            self.vertices, results, len(kept), sum(size for size, _ in kept), sum(size for size, is_leaf in kept if is_leaf)
        )

    def add(self, vertex):
        self.vertices.append(vertex)
        return vertex

    def name(self, stem):
        """The next free made-up name."""
        taken = self.names.taken
        while True:
            number = self.made_up[stem] = self.made_up.get(stem, 0) + 1
            if f"{stem}{number}" not in taken:
                return f"{stem}{number}"

    def leaf(self, tensor):
        if id(tensor) not in self.by_tensor:
            name = self.names.parameters.get(id(tensor))
            kind = PARAMETER if name or type(tensor).__name__ == "Parameter" else LEAF
            name = name or self.names.leaves.get(id(tensor)) or self.name("leaf")
            vertex = self.by_tensor[id(tensor)] = self.add(Vertex(kind, (name,), (_type_of(tensor),)))
            if tensor.grad is not None:
                vertex.grad_norm = _norm(tensor.grad)
            self.store(tensor, vertex, is_leaf=True)
        return self.by_tensor[id(tensor)]

    def constant(self, tensor):
        key = identity(tensor)
        if key not in self.by_tensor:
            name = self.names.constants.get(key) or self.name("c")
            self.by_tensor[key] = self.add(Vertex(CONSTANT, (name,), (_type_of(tensor),)))
        return self.by_tensor[key]

    def operator(self, node, edges):
        saved, note = self.saved_by(node)
        row = node.row
        vertex = Vertex(OPERATOR, (), tuple((shape_text(shape), dtype_text(dtype)) for shape, dtype in node.outputs))
        vertex.node_name, vertex.row, vertex.note, vertex.where = type(node).__name__, row, note, line_text(node.where)
        vertex.operator = row.name.partition(".")[0] if row else vertex.node_name.rstrip("0123456789").removesuffix("Backward")
        vertex.call = self.call(row, edges, saved)
        vertex.given = tuple(self.names.results.get((node, output)) for output in range(len(vertex.outputs)))
        stem = "" if all(vertex.given) else self.name("v")
        made_up = (stem,) if len(vertex.given) == 1 else (f"{stem}[{output}]" for output in range(len(vertex.given)))
        vertex.names = tuple(name or other for name, other in zip(vertex.given, made_up, strict=True))
        self.add(vertex)
        for name, value in saved.items():
            self.keep(vertex, name, value)
        return vertex

    # ---- arguments

    def call(self, row, edges, saved):
        """The arguments of an operator as far as the graph has them: Edges, and numbers as text."""
        inputs = iter(edges)
        parts = []
        positional = True
        for name, by_place, default, count in _arguments(row, len(edges)):
            if count:
                parts += [self.argument(name, edge, saved) for edge in _take(inputs, count)]
                continue
            value = saved.get(name)
            if isinstance(value, wengert.Tensor):
                parts.append(Edge(self.constant(value), 0, name))
            elif name in saved and value is not None and str(value) != default:
                positional &= by_place
                parts.append(value_text(value) if positional else f"{name}={value_text(value)}")
            else:
                positional = False
        if row is not None and "key" in saved:
            key = key_text(saved["key"])
            parts.append(key if row.name == "getitem" else f"[{key}]")
        return parts + [self.argument(None, edge, saved) for edge in inputs]

    def argument(self, name, edge, saved):
        node, output = edge
        if node is not None:
            return Edge(self.leaf(node.variable) if _is_accumulator(node) else self.by_node[node], output, name)
        value = saved.get(name)
        if isinstance(value, wengert.Tensor):
            return Edge(self.constant(value), 0, name)
        # A number, or a tensor that needs no gradient and that no formula asks for.
        return "const" if value is None else value_text(value)

    # ---- what is saved

    def saved_by(self, node):
        """(values by name, why there are none)."""
        try:
            if node.row is None and hasattr(node, "saved_tensors"):
                return {f"saved_tensors[{i}]": value for i, value in enumerate(node.saved_tensors)}, ""
            return node.saved, "freed by backward" if node.freed else ""
        except Exception as error:
            # A tensor was written to since, or a hook of saved_tensors_hooks failed: the picture does not depend on it.
            return {}, str(error).partition("\n")[0]

    def keep(self, vertex, name, value):
        if isinstance(value, wengert.Tensor):
            storage, shared, nbytes = self.store(value, vertex)
            text = f"{dtype_text(value.dtype)} {shape_text(value.shape)}"
            vertex.saved.append(Saved(name, text, storage, nbytes, shared))
        elif isinstance(value, tuple | list) and any(isinstance(part, wengert.Tensor) for part in value):
            for i, part in enumerate(value):
                self.keep(vertex, f"{name}[{i}]", part)
        else:
            vertex.saved.append(Saved(name, value_text(value)))

    def store(self, tensor, vertex, is_leaf=False):
        """Notes that a vertex has a tensor: (storage, the vertex that had it before or None, bytes)."""
        self.held.append(tensor)
        storage, first, last = extent(tensor)
        known = self.storages.setdefault(storage, [first, last, vertex, is_leaf, False])
        known[:2] = min(first, known[0]), max(last, known[1])
        known[4] |= not is_leaf
        return storage, known[2] if known[2] is not vertex else None, last - first


def _take(items, count):
    return [item for _, item in zip(range(count), items, strict=False)]


def _arguments(row, count):
    """(name, whether it is written without the name, default, number of edges) of the arguments of a node with `count` edges.

    Those with a formula have an edge each, in the order of the signature; a list of tensors has the edges that are left.
    """
    if row is None:
        return []
    differentiable = [*row.of, *(name for name, formula in row.formulas.items() if formula is not None)]
    listed = _signatures().get(row.name) or [(name, "Tensor", True, None) for name in differentiable]
    lists = sum(kind == _LIST for name, kind, _, _ in listed if name in differentiable)
    rest = count - (len(differentiable) - lists)
    return [
        (name, by_place, default, 0 if name not in differentiable else rest if kind == _LIST else 1)
        for name, kind, by_place, default in listed
    ]


_LIST = "tuple of Tensors"


@functools.cache
def _signatures():
    """(argument, kind, whether it is written without the name, default) of the arguments of every operator of the op table."""

    def described(part):
        return part["name"], part["kind"], part["kind"] in ("Tensor", "Number") and not part["keyword_only"], part["default"]

    return {op["name"]: [described(part) for part in op["args"]] for op in wengert._C.op_table()}
