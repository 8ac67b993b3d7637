"""Stochastic gradient descent."""

from typing import ClassVar

import wengert
from wengert import Tensor

from ._kernel import KernelOptimizer, check


class SGD(KernelOptimizer):
    """Stochastic gradient descent, with momentum where that is not 0 (Robbins & Monro 1951; Sutskever et al. 2013)::

        g = grad + weight_decay * p
        b = momentum * b + (1 - dampening) * g        (b = g at the first step)
        p = p - lr * b                                (nesterov: p - lr * (g + momentum * b))

    maximize negates the gradient. foreach and fused are accepted and change nothing. ValueError for options out of range.

    >>> p = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = wengert.optim.SGD([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    tensor([0.8000, 1.6000])
    """

    _update = wengert._C.optimizers["sgd"]
    _numbers: ClassVar[dict] = {}
    _later_options: ClassVar[dict] = {
        "nesterov": False,
        "maximize": False,
        "foreach": None,
        "differentiable": False,
        "fused": False,
    }

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
        foreach=None,
        differentiable=False,
        fused=None,
    ):
        check(not isinstance(lr, Tensor) or lr.numel() == 1, "Tensor lr must be 1-element")
        check(not lr < 0.0, f"Invalid learning rate: {lr}")
        check(not momentum < 0.0, f"Invalid momentum value: {momentum}")
        check(not weight_decay < 0.0, f"Invalid weight_decay value: {weight_decay}")
        check(
            not nesterov or (momentum > 0 and dampening == 0),
            "Nesterov momentum requires a momentum and zero dampening",
        )
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )

    def _begin(self, param, state, group):
        state["momentum_buffer"] = wengert.empty_like(param)  # the first step writes it
