"""The graph of a model for TensorBoard, translated from the history that one call of it records.

Nodes of the history are numbered as they are made. Hooks on the modules note these numbers at each entry and exit, which tells
afterwards in which module's scope a node belongs.
"""

from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DataType
from tensorboard.compat.proto.versions_pb2 import VersionDef

from ... import Tensor, empty, no_grad
from ...autograd import enable_grad
from ...random import fork_rng
from .._pytree import flatten

_PRODUCER = 22  # of the GraphDefs that PyTorch writes
_LONGEST = 200  # letters of an operator's arguments
_TYPES = {
    "bool": "DT_BOOL",
    "uint8": "DT_UINT8",
    "int8": "DT_INT8",
    "int16": "DT_INT16",
    "int32": "DT_INT32",
    "int64": "DT_INT64",
    "uint16": "DT_UINT16",
    "uint32": "DT_UINT32",
    "uint64": "DT_UINT64",
    "float16": "DT_HALF",
    "bfloat16": "DT_BFLOAT16",
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
}


def of_model(model, inputs):
    """The GraphDef of model(*inputs), where inputs is a tuple of arguments or the only one."""
    arguments = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    leaves, spec = flatten(list(arguments))
    fed = [_Input(i, leaf) for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
    passed = iter([each.passed for each in fed])
    arguments = spec.unflatten([next(passed) if isinstance(leaf, Tensor) else leaf for leaf in leaves])
    scopes = _Scopes(model)
    with fork_rng(), _unchanged(model), scopes, enable_grad():
        outputs = [each for each in flatten(model(*arguments))[0] if isinstance(each, Tensor)]
        translation = _Translation(fed, scopes)
        translation.visit([each.grad_fn for each in outputs])
        translation.add_outputs(outputs)
    return translation.graph


class _Input:
    """A tensor that is passed to the model: of floats, a copy with a history, so that all that follows from it is recorded."""

    def __init__(self, number, tensor):
        self.name, self.tensor, self.passed, self.node = f"input/input_{number}", tensor, tensor, None
        if tensor.is_floating_point():
            with enable_grad():
                self.passed = tensor.detach().requires_grad_().clone()
            self.node = self.passed.grad_fn


class _unchanged:
    """A context in which all parameters require gradients; at its end they and the buffers are what they were."""

    def __init__(self, model):
        self.frozen = [
            each for each in _named(model, "parameters").values() if not each.requires_grad and each.is_floating_point()
        ]
        self.buffers = [(each, each.detach().clone()) for each in _named(model, "buffers").values()]

    def __enter__(self):
        for parameter in self.frozen:
            parameter.requires_grad_(True)

    def __exit__(self, *error):
        for parameter in self.frozen:
            parameter.requires_grad_(False)
        with no_grad():
            for buffer, value in self.buffers:
                buffer.copy_(value)


def _named(model, what):
    """The model's parameters, buffers or modules by name; none for a function."""
    return dict(getattr(model, f"named_{what}")()) if hasattr(model, f"named_{what}") else {}


class _Scopes:
    """A context that watches which modules run. scopes() then gives the scope of each of a list of node numbers."""

    def __init__(self, model):
        self.modules = _named(model, "modules")
        self.root = type(model).__name__ if self.modules else ""
        self.parameters = {id(each): name for name, each in _named(model, "parameters").items()}
        self.events = []  # (number, scope that is entered; None: left)
        self.probe = empty(1).requires_grad_()

    def __enter__(self):
        self.handles = []
        for name, module in self.modules.items():
            scope = self.of_module(name)
            self.handles.append(module.register_forward_pre_hook(lambda *_, scope=scope: self._note(scope)))
            self.handles.append(module.register_forward_hook(lambda *_: self._note(None)))

    def __exit__(self, *error):
        for handle in self.handles:
            handle.remove()

    def _note(self, scope):
        with enable_grad():
            node = self.probe.neg().grad_fn
        assert node is not None
        self.events.append((node.sequence, scope))

    def of_module(self, name):
        """The scope of the module at a dotted name: Net/Sequential[body]/Linear[0]."""
        scope, parts = [self.root], name.split(".") if name else []
        for i, part in enumerate(parts):
            scope.append(f"{type(self.modules['.'.join(parts[: i + 1])]).__name__}[{part}]")
        return "/".join(scope)

    def of_parameter(self, parameter):
        """The scope and name of a parameter, None for another tensor."""
        name = self.parameters.get(id(parameter))
        if name is None:
            return None
        module, _, own = name.rpartition(".")
        return f"{self.of_module(module)}/{own}"

    def of_numbers(self, numbers):
        """The scopes of node numbers in ascending order."""
        events = iter([*self.events, (float("inf"), None)])
        inside: list = []
        when, scope = next(events)
        for number in numbers:
            while when < number:
                if scope is None:
                    inside.pop()
                else:
                    inside.append(scope)
                when, scope = next(events)
            yield inside[-1] if inside else self.root


class _Translation:
    """Builds the GraphDef: visit() the nodes that outputs come from, then add_outputs()."""

    def __init__(self, inputs, scopes):
        self.inputs, self.scopes = inputs, scopes
        self.graph = GraphDef(versions=VersionDef(producer=_PRODUCER))
        self.names = {}  # node number: name in the graph
        self.used = {}  # name: how often
        for each in inputs:
            name = self._unique(each.name)
            self.graph.node.append(_node_def(name, "Input", [], [(each.tensor.shape, each.tensor.dtype)]))
            each.name = name
            if each.node is not None:
                self.names[each.node.sequence] = name

    def _unique(self, name):
        count = self.used[name] = self.used.get(name, -1) + 1
        return self._unique(f"{name}_{count}") if count else name

    def visit(self, roots):
        nodes, waiting = {}, [each for each in roots if each is not None]
        while waiting:
            node = waiting.pop()
            if node.sequence in nodes or node.sequence in self.names:
                continue
            nodes[node.sequence] = node
            waiting += [edge for edge, _ in node.next_functions if edge is not None]
        order = sorted(nodes)
        for number, scope in zip(order, self.scopes.of_numbers(order), strict=True):
            node = nodes[number]
            if (leaf := getattr(node, "variable", None)) is not None:
                name = self.scopes.of_parameter(leaf)
                self.names[number] = self._unique(name or "leaf")
                kind = "Parameter" if name else "Leaf"
                self.graph.node.append(_node_def(self.names[number], kind, [], [(leaf.shape, leaf.dtype)]))
            else:
                operator = _operator(node)
                self.names[number] = self._unique(f"{scope}/{operator}" if scope else operator)
        # Names first, edges afterwards: the number of a leaf says when it was used first, not where it stands.
        for number in order:
            node = nodes[number]
            if getattr(node, "variable", None) is None:
                self.graph.node.append(
                    _node_def(self.names[number], _operator(node), self._edges(node), node.outputs, _details(node))
                )

    def _edges(self, node):
        edges = [self._edge(each, number) for each, number in node.next_functions if each is not None]
        # An input that has no history, of integers, is known by the memory of what the node keeps.
        kept = {each.data_ptr() for each in node.saved.values() if isinstance(each, Tensor)}
        return edges + [each.name for each in self.inputs if each.node is None and each.tensor.data_ptr() in kept]

    def _edge(self, node, number):
        name = self.names[node.sequence]
        return f"{name}:{number}" if number else name

    def add_outputs(self, outputs):
        for i, each in enumerate(outputs):
            edges = [] if each.grad_fn is None else [self._edge(each.grad_fn, each.output_nr)]
            self.graph.node.append(_node_def(self._unique(f"output/output_{i}"), "Output", edges, [(each.shape, each.dtype)]))


def _operator(node):
    """The name of the operator that made a node."""
    if node.row is not None:
        return node.row.name.partition(".")[0]
    return node.name().removesuffix("0").removesuffix("Backward")


def _details(node):
    """The arguments that a node keeps and where in the program it was made, as attributes."""
    plain = {name: value for name, value in node.saved.items() if _is_plain(value) and not name.endswith("_layout")}
    details = {"arguments": ", ".join(f"{name}={_text(value)}" for name, value in plain.items())[:_LONGEST]}
    if node.where:
        details["where"] = str(node.where)
    return {name: text for name, text in details.items() if text}


def _is_plain(value):
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _text(value):
    return f"({', '.join(map(_text, value))})" if isinstance(value, (list, tuple)) else str(value)


def _node_def(name, operator, edges, outputs, details=None):
    """A NodeDef; outputs are (shape, dtype) of each result."""
    node = NodeDef(name=name, op=operator, input=edges, device="/device:CPU:0")
    shapes = [TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in shape]) for shape, _ in outputs]
    node.attr["_output_shapes"].CopyFrom(AttrValue(list=AttrValue.ListValue(shape=shapes)))
    if outputs:
        dtype = str(outputs[0][1]).removeprefix("torch.")
        node.attr["T"].CopyFrom(AttrValue(type=DataType.Value(_TYPES[dtype])))
    for key, text in (details or {}).items():
        node.attr[key].CopyFrom(AttrValue(s=text.encode()))
    return node
