"""Rprop."""

from typing import ClassVar

import wengert
from wengert import Tensor

from ._kernel import KernelOptimizer, check, check_lr


class Rprop(KernelOptimizer):
    """Rprop (Riedmiller & Braun 1993), for gradients of the whole data: each element has a step of its own, lr at first, which
    grows by etas[1] while the gradient keeps its sign and shrinks by etas[0] where it turns, within step_sizes; the size of the
    gradient does not count. Where it turned, the element stays for one step.

    maximize negates the gradient. foreach is accepted and changes nothing. ValueError for options out of range.

    >>> p = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = wengert.optim.Rprop([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    tensor([0.9000, 1.9000])
    """

    _update = wengert._C.optimizers["rprop"]
    _tensors: ClassVar[dict] = {"prev": None}
    _later_options: ClassVar[dict] = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self,
        params,
        lr=1e-2,
        etas=(0.5, 1.2),
        step_sizes=(1e-6, 50),
        *,
        capturable=False,
        foreach=None,
        maximize=False,
        differentiable=False,
    ):
        check_lr(lr)
        check(0.0 < etas[0] < 1.0 < etas[1], f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(
            params,
            {
                "lr": lr,
                "etas": etas,
                "step_sizes": step_sizes,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _begin(self, param, state, group):
        if not state:
            super()._begin(param, state, group)
            lr = group["lr"]
            state["step_size"] = wengert.full_like(param, lr.item() if isinstance(lr, Tensor) else lr)
