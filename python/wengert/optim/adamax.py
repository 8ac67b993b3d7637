"""Adamax."""

from typing import ClassVar

import wengert

from ._kernel import KernelOptimizer, check, check_betas, check_lr


class Adamax(KernelOptimizer):
    """Adamax (Kingma & Ba 2015, section 7.1): :class:`Adam` with the maximum norm::

        g = grad + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        u = max(betas[1] * u, abs(g) + eps)
        p = p - lr * m / (1 - betas[0] ** t) / u

    maximize negates the gradient. foreach is accepted and changes nothing. ValueError for options out of range.

    >>> p = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = wengert.optim.Adamax([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    tensor([0.9000, 1.9000])
    """

    _update = wengert._C.optimizers["adamax"]
    _tensors: ClassVar[dict] = {"exp_avg": None, "exp_inf": None}
    _later_options: ClassVar[dict] = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        capturable=False,
    ):
        check_lr(lr)
        check(eps >= 0.0, f"Invalid epsilon value: {eps}")
        check_betas(betas)
        check(weight_decay >= 0.0, f"Invalid weight_decay value: {weight_decay}")
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )
