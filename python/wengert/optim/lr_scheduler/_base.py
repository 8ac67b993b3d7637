"""The base of the schedulers: counting epochs, writing learning rates, warnings about the order of calls."""

import warnings
import weakref
from typing import Any

from wengert import Tensor

from ..optimizer import Optimizer

EPOCH_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being "
    "deprecated where possible. Please use `scheduler.step()` to step the "
    "scheduler. During the deprecation, if epoch is different from None, the "
    "closed form is used instead of the new chainable form, where available. "
    "Please open an issue if you are unable to replicate your use case: "
    "https://github.com/pytorch/pytorch/issues/new/choose."
)
_SEE_MORE = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


def own(value):
    """value, of a tensor a copy."""
    return value.clone() if isinstance(value, Tensor) else value


def group_values(optimizer, key):
    """group[key] of all groups, without sharing tensors."""
    return [own(group[key]) for group in optimizer.param_groups]


def write(group, key, value):
    """Sets group[key]; where it is a tensor, its element."""
    if isinstance(group[key], Tensor):
        group[key].fill_(value.item() if isinstance(value, Tensor) else value)
    else:
        group[key] = value


def for_each_group(name, optimizer, value):
    """value as a list with an entry for each group. ValueError for a list of another length."""
    groups = len(optimizer.param_groups)
    if isinstance(value, (list, tuple)):
        if len(value) != groups:
            raise ValueError(
                f"{name} must have the same length as optimizer.param_groups. "
                f"{name} has {len(value)} values, param_groups has {groups}."
            )
    else:
        value = [value] * groups
    return [own(entry) for entry in value]


def check_optimizer(optimizer):
    """TypeError unless it is one."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def _notice_steps(optimizer):
    """Has optimizer.step note that it was called."""
    if hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        return
    alive = weakref.ref(optimizer)
    replaced = vars(optimizer).get("step")  # where somebody gave this optimizer a step of its own

    def step(*args, **kwargs):
        optimizer: Any = alive()
        optimizer._opt_called = True
        if replaced is not None:
            return replaced(*args, **kwargs)
        return type(optimizer).step(optimizer, *args, **kwargs)

    step._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
    step.__doc__ = optimizer.step.__doc__
    optimizer.step = step


class LRScheduler:
    """The base of all schedulers. Subclasses define get_lr(), the learning rates of epoch `last_epoch`.

    A scheduler writes group["lr"] of the optimizer's groups, at once for epoch 0 and then with each step(). last_epoch is -1, or
    the epoch to resume at, for which groups must have "initial_lr". ``state_dict()`` is everything but the optimizer.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer, last_epoch=-1):
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for index, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", own(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{index}] when resuming scheduler with "
                    "last_epoch >= 0.\n"
                    "This typically happens when:\n"
                    "1. You're trying to resume training from a checkpoint but haven't properly loaded the optimizer state\n"
                    "2. You're using last_epoch >= 0 for a fresh training run (not recommended)"
                )
        self.base_lrs = group_values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _notice_steps(optimizer)
        self._initial_step()

    def _initial_step(self):
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self):
        """The state as a dict: every attribute but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict):
        """Takes over a state of state_dict()."""
        self.__dict__.update(state_dict)

    def get_last_lr(self):
        """The learning rates written last, one for each group."""
        return self._last_lr

    def get_lr(self):
        """The learning rates of epoch `last_epoch`, one for each group. For step(); others want get_last_lr()."""
        raise NotImplementedError

    def step(self, epoch=None):
        """On to the next epoch, or to that one (deprecated). To be called after the optimizer's step()."""
        if self._step_count == 1:
            if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
                warnings.warn(
                    "Seems like `optimizer.step()` has been overridden after learning rate scheduler "
                    "initialization. Please, make sure to call `optimizer.step()` before "
                    f"`lr_scheduler.step()`. {_SEE_MORE}",
                    UserWarning,
                    stacklevel=2,
                )
            elif not getattr(self.optimizer, "_opt_called", False):
                warnings.warn(
                    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. "
                    "In PyTorch 1.1.0 and later, you should call them in the opposite order: "
                    "`optimizer.step()` before `lr_scheduler.step()`.  Failure to do this "
                    "will result in PyTorch skipping the first value of the learning rate schedule. "
                    f"{_SEE_MORE}",
                    UserWarning,
                    stacklevel=2,
                )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch=None):
        if epoch is None:
            self.last_epoch += 1
            rates = self.get_lr
        else:
            self.last_epoch = epoch
            rates = getattr(self, "_get_closed_form_lr", self.get_lr)
        self._write_rates(rates)

    def _write_rates(self, rates):
        """Writes what rates() gives, which get_lr() does not take for a call of the user's."""
        self._get_lr_called_within_step = True
        try:
            values = rates()
        finally:
            self._get_lr_called_within_step = False
        for group, lr in zip(self.optimizer.param_groups, values, strict=True):
            write(group, "lr", lr)
        self._last_lr = group_values(self.optimizer, "lr")

    def _scaled(self, factor):
        """The current learning rates times factor."""
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _unchanged(self):
        return group_values(self.optimizer, "lr")

    def _warn_outside_step(self):
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )
