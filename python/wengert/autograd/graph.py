"""The recorded graph: nodes, their hooks, what they keep.

A node is made by the C++ recorder (csrc/python/record.cpp) for each operation on tensors that need a gradient. It holds the rule of
its operator, the edges to the nodes that its inputs came from (``next_functions``), the values that the formulas ask for, and the
shapes of its results. Leaves end in ``AccumulateGrad`` nodes.
"""

from .. import _C
from ..utils.hooks import register

Node = _C.Node


def _register_hook(self, fn):
    """fn(grad_inputs, grad_outputs) runs after the node and may return other grad_inputs; returns a handle."""
    return register(self._hooks, fn)


def _register_prehook(self, fn):
    """fn(grad_outputs) runs before the node and may return other grad_outputs; returns a handle."""
    return register(self._prehooks, fn)


Node.register_hook, Node.register_prehook = _register_hook, _register_prehook  # type: ignore[method-assign]


class CopySlices(Node):
    """The history of a tensor whose view was written to: the written part's gradient goes through the operator that wrote, the
    rest to what the tensor held before. The layouts are (sizes, strides, storage offset) of the tensor and of the view."""

    def __init__(self, inner, base, view, own_edge):
        self.inner, self.base, self.view, self.own_edge = inner, base, view, own_edge

    def run_backward(self, grad):
        from .derivatives._strided import extent, view

        low, count = extent(self.base, self.view)
        memory = grad.new_zeros(count)
        view(memory, self.base, low).copy_(grad)
        part = view(memory, self.view, low)
        inner = self.inner(part.clone())
        grads = inner if isinstance(inner, tuple) else (inner,)
        if self.own_edge and grads[0] is not None:
            part.copy_(grads[0])
        else:
            part.zero_()
        return (view(memory, self.base, low), *(grads[1:] if self.own_edge else grads))

    def release(self):
        # A second derivative may lead to what the inner operator kept of its own result, and so to its node: that runs later.
        if not self.inner._queued:
            getattr(self.inner, "release", self.inner.release_saved)()


_refusals: "list[str]" = []  # messages of the disable_saved_tensors_hooks in force


class saved_tensors_hooks:
    """Inside, tensors that nodes keep go through pack_hook(tensor) when they are kept and unpack_hook(packed) when they are used.

    >>> x = wengert.ones(2, requires_grad=True)
    >>> with wengert.autograd.graph.saved_tensors_hooks(lambda t: t.numpy(), wengert.from_numpy):
    ...     y = x.exp()
    >>> y.sum().backward()
    >>> x.grad
    tensor([2.7183, 2.7183])
    """

    def __init__(self, pack_hook, unpack_hook):
        self.hooks = (pack_hook, unpack_hook)

    def __enter__(self):
        if _refusals:
            raise RuntimeError(_refusals[-1])
        self.before = _C._set_pack_hooks(self.hooks)

    def __exit__(self, *error):
        _C._set_pack_hooks(self.before)


class save_on_cpu(saved_tensors_hooks):
    """The identity: tensors are on the CPU already."""

    def __init__(self, pin_memory=False, device_type="cpu"):
        super().__init__(lambda tensor: tensor, lambda tensor: tensor)


class disable_saved_tensors_hooks:
    """Inside, entering saved_tensors_hooks raises RuntimeError(error_message)."""

    def __init__(self, error_message):
        self.error_message = error_message

    def __enter__(self):
        _refusals.append(self.error_message)

    def __exit__(self, *error):
        _refusals.pop()


class set_multithreading_enabled:
    """Accepted for PyTorch's sake: a backward pass runs on the thread that called it."""

    def __init__(self, mode):
        self.mode = bool(mode)

    def __enter__(self):
        return None

    def __exit__(self, *error):
        return None


class GradientEdge(tuple):
    """(node, output number): where the gradient of a tensor goes."""

    __slots__ = ()

    def __new__(cls, node, output_nr):
        return super().__new__(cls, (node, output_nr))

    node = property(lambda self: self[0])
    output_nr = property(lambda self: self[1])


def get_gradient_edge(tensor):
    """The edge of a tensor that requires a gradient; RuntimeError for one that does not."""
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    if tensor.grad_fn is None:
        from .modes import enable_grad

        with enable_grad():  # any operation on a leaf leads to its accumulator
            return GradientEdge(tensor.view_as(tensor).grad_fn.next_functions[0][0], 0)
    return GradientEdge(tensor.grad_fn, tensor.output_nr)
