"""Averaged stochastic gradient descent."""

from typing import ClassVar

import wengert

from ._kernel import KernelOptimizer, check, check_lr, number_dtype


class ASGD(KernelOptimizer):
    """Stochastic gradient descent with the average of its parameters, `state[p]["ax"]`, from step t0 on (Polyak & Juditsky 1992;
    rates as in Bottou 2010)::

        g = grad + weight_decay * p
        p = (1 - lambd * eta) * p - eta * g           (eta = lr at the first step)
        a = a + mu * (p - a)                          (mu = 1 at the first step)
        eta = lr / (1 + lambd * lr * t) ** alpha;  mu = 1 / max(1, t - t0)

    maximize negates the gradient. foreach is accepted and changes nothing. ValueError for options out of range.

    >>> p = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = wengert.optim.ASGD([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    tensor([0.8000, 1.6000])
    """

    _update = wengert._C.optimizers["asgd"]
    _numbers: ClassVar[dict] = {"step": 0.0, "eta": 0.0, "mu": 1.0}
    _tensors: ClassVar[dict] = {"ax": None}
    _later_options: ClassVar[dict] = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self,
        params,
        lr=1e-2,
        lambd=1e-4,
        alpha=0.75,
        t0=1e6,
        weight_decay=0,
        foreach=None,
        maximize=False,
        differentiable=False,
        capturable=False,
    ):
        check_lr(lr)
        check(weight_decay >= 0.0, f"Invalid weight_decay value: {weight_decay}")
        super().__init__(
            params,
            {
                "lr": lr,
                "lambd": lambd,
                "alpha": alpha,
                "t0": t0,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )

    def _begin(self, param, state, group):
        if not state:
            super()._begin(param, state, group)
            state["eta"] = wengert.tensor(float(group["lr"]), dtype=number_dtype(group))
