"""Tensors that a module counts as its own: parameters, which are trained, and buffers, which are only stored."""

import wengert
from wengert import Tensor

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A tensor that becomes one of a module's parameters when it is assigned to an attribute of the module.

    It shares data's memory, is a leaf of the graph and requires a gradient unless told otherwise. Operations on it give plain
    tensors.

    >>> weight = wengert.nn.Parameter(wengert.ones(2))
    >>> weight
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    >>> weight * 2
    tensor([2., 2.], grad_fn=<MulBackward0>)
    """

    def __new__(cls, data=None, requires_grad=True):
        if data is None:
            data = wengert.empty(0)
        return Tensor.__new__(cls, data.detach()).requires_grad_(requires_grad)

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that becomes one of a module's buffers when it is assigned to an attribute of the module.

    Buffers that are not persistent stay out of the module's state_dict.

    >>> module = wengert.nn.Module()
    >>> module.mean = wengert.nn.Buffer(wengert.zeros(2))
    >>> list(module.state_dict())
    ['mean']
    """

    persistent: bool

    def __new__(cls, data=None, *, persistent=True):
        if data is None:
            data = wengert.empty(0)
        buffer = Tensor.__new__(cls, data.detach()).requires_grad_(data.requires_grad)
        buffer.persistent = persistent
        return buffer
