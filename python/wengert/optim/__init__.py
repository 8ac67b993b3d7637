"""Optimizers and learning rate schedulers in PyTorch's spelling: ``torch.optim``.

A step of SGD, Adam and their relatives is one kernel over all parameters of a group; results are PyTorch's step by step.
"""

from . import lr_scheduler
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam
from .adamax import Adamax
from .adamw import AdamW
from .asgd import ASGD
from .lbfgs import LBFGS
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .sgd import SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
]


def __getattr__(name):
    import difflib

    near = difflib.get_close_matches(name, __all__, 3)
    hint = f"; the nearest it has: {', '.join(near)}" if near else ""
    raise AttributeError(f"wengert.optim does not cover {name!r}{hint}", name=name)
