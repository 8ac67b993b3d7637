"""Learning rate schedulers in PyTorch's spelling: ``torch.optim.lr_scheduler``.

A scheduler writes the learning rates of an optimizer's groups. Call its step() after the optimizer's, each epoch or, where the
class says so, each batch. Rates are computed in Python floats in PyTorch's order, so that they are equal to the last bit.
"""

from ._base import LRScheduler
from .composed import ChainedScheduler, SequentialLR
from .cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .cycles import CyclicLR, OneCycleLR
from .decays import ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR
from .factors import LambdaLR, MultiplicativeLR
from .plateau import ReduceLROnPlateau

_LRScheduler = LRScheduler  # its name before PyTorch 2.0

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
