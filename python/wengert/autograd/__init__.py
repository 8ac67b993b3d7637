"""Automatic differentiation: the graph that operations record, and the passes over it.

``derivatives`` is the table of derivatives, ``graph`` the nodes, ``engine`` the backward pass, ``forward_ad`` forward mode.
"""

from .. import _C
from . import graph
from .engine import backward, grad
from .graph import set_multithreading_enabled
from .modes import enable_grad, inference_mode, no_grad, set_grad_enabled

is_grad_enabled = _C.is_grad_enabled

# Loaded when first used.
_NAMES = {
    "Function": "function",
    "blame": "watching",
    "detect_anomaly": "anomaly",
    "gradcheck": "gradcheck",
    "gradgradcheck": "gradcheck",
    "GradcheckError": "gradcheck",
    "set_detect_anomaly": "anomaly",
    "watch": "watching",
}
_MODULES = ("anomaly", "derivatives", "forward_ad", "function", "functional")


def __getattr__(name):
    import importlib

    if name in _NAMES:
        value = getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
        globals()[name] = value  # over the module of the same name
        return value
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"wengert.autograd does not cover {name!r}", name=name)


def Variable(data, requires_grad=False):
    """PyTorch's old name of a tensor: data itself, with requires_grad set.

    >>> wengert.autograd.Variable(wengert.ones(1), requires_grad=True)
    tensor([1.], requires_grad=True)
    """
    return data.requires_grad_(requires_grad)
