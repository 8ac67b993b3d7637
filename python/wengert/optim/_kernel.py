"""Optimizers whose step is one kernel over all parameters of a group."""

from collections.abc import Callable
from typing import ClassVar

import wengert
from wengert import Tensor

from .optimizer import Optimizer

# The devices that PyTorch's message names. Graphs are captured on those only.
_CAPTURABLE = ["cuda", "xpu", "hpu", "privateuseone", "xla"]


def number_dtype(group):
    """The dtype of numbers in the state: float64 where that is the default dtype and no fused kernel was asked for."""
    if group.get("fused"):
        return wengert.float32
    return wengert.float64 if wengert.get_default_dtype() == wengert.float64 else wengert.float32


def check_lr(lr):
    """ValueError unless lr is a number, or a tensor of one element, that is at least 0."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    check(lr >= 0.0, f"Invalid learning rate: {lr}")


def check(holds, message):
    """ValueError unless holds."""
    if not holds:
        raise ValueError(message)


def check_betas(betas):
    """ValueError unless both are in [0, 1)."""
    for index in (0, 1):
        check(0.0 <= betas[index] < 1.0, f"Invalid beta parameter at index {index}: {betas[index]}")


class KernelOptimizer(Optimizer):
    """A method of ``_C.optimizers``, and what it keeps for a parameter.

    The kernel reads options from the group, gradients from the parameters, and tensors from their state, whatever was put there
    since the last step. It works in place, in float32 or float64, for any strides; its order of operations is PyTorch's.
    """

    _update: Callable[..., None]  # update(group, state, begin)
    _numbers: ClassVar[dict] = {"step": 0.0}  # tensors of one element, at the beginning
    _tensors: ClassVar[dict] = {}  # name: the option without which it is not needed, or None
    _later_options: ClassVar[dict] = {}  # options that state dicts of earlier versions lack

    def __init__(self, params, defaults):
        if defaults.get("fused"):
            if defaults["differentiable"]:
                raise RuntimeError("`fused` does not support `differentiable`")
            if defaults["foreach"]:
                raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
        super().__init__(params, defaults)

    def add_param_group(self, param_group):
        if self.defaults["differentiable"] or (isinstance(param_group, dict) and param_group.get("differentiable")):
            raise NotImplementedError(
                f"{type(self).__name__}(differentiable=True): steps are not recorded here; write the update with operators instead"
            )
        super().add_param_group(param_group)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in self._later_options.items():
                group.setdefault(name, value)
            for p in group["params"]:
                kept = self.state.get(p) or {}
                for name in self._numbers:
                    if name in kept and not isinstance(kept[name], Tensor):
                        kept[name] = wengert.tensor(float(kept[name]), dtype=number_dtype(group))

    def _begin(self, param, state, group):
        """Fills in the state of a parameter before its first step."""
        if state:
            return
        if group.get("capturable"):
            raise AssertionError(f"If capturable=True, params and state_steps must be on supported devices: {_CAPTURABLE}.")
        for name, value in self._numbers.items():
            state[name] = wengert.tensor(value, dtype=number_dtype(group))
        for name, option in self._tensors.items():
            if option is None or group[option]:
                state[name] = wengert.zeros_like(param)

    def step(self, closure=None):
        """One step of all parameters that have a gradient; returns closure()'s result, if there is one."""
        loss = None
        if closure is not None:
            with wengert.enable_grad():
                loss = closure()
        update, state, begin = self._update, self.state, self._begin
        for group in self.param_groups:
            update(group, state, begin)
        return loss
