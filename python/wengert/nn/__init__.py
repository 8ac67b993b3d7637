"""Networks: modules that own their parameters, layers, losses; :mod:`wengert.nn.functional` has them as functions."""

from . import functional, init, modules, parameter, utils
from .modules import *  # noqa: F403
from .parameter import Buffer, Parameter

__all__ = ["Buffer", "Parameter", "functional", "init", "modules", "parameter", "utils", *modules.__all__]

_NOT_COVERED = {
    "AdaptiveLogSoftmaxWithLoss": "softmax over a tree of classes",
    "CrossMapLRN2d": "LocalResponseNorm normalises over channels too",
    "DataParallel": "there is one device, the CPU",
    "FractionalMaxPool2d": "fractional pooling",
    "FractionalMaxPool3d": "fractional pooling",
    "LinearCrossEntropyLoss": "Linear and CrossEntropyLoss in one; use the two",
    "SyncBatchNorm": "there is one process; use BatchNorm",
    "UninitializedBuffer": "a buffer has a shape from the start",
    "UninitializedParameter": "a parameter has a shape from the start",
}


def __getattr__(name):
    if name.startswith("Lazy"):
        raise AttributeError(f"wengert.nn does not cover {name!r}: give {name[4:]} the sizes of its input", name=name)
    if name in _NOT_COVERED:
        raise AttributeError(f"wengert.nn does not cover {name!r}: {_NOT_COVERED[name]}", name=name)
    import difflib

    near = difflib.get_close_matches(name, globals(), 3)
    hint = f"; the nearest it has: {', '.join(near)}" if near else ""
    raise AttributeError(f"wengert.nn does not cover {name!r}{hint}", name=name)
