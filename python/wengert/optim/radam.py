"""RAdam."""

from typing import ClassVar

import wengert

from ._kernel import KernelOptimizer, check, check_betas, check_lr


class RAdam(KernelOptimizer):
    """RAdam (Liu et al. 2020): :class:`Adam` that scales its steps by r while the mean square is of few gradients, and leaves it
    out while its variance is intractable::

        g = grad + weight_decay * p                   (decoupled_weight_decay: p = p - lr * weight_decay * p instead)
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g ** 2
        n = 2 / (1 - betas[1]) - 1;  k = n - 2 * t * betas[1] ** t / (1 - betas[1] ** t)
        r = sqrt((k - 4) * (k - 2) * n / ((n - 4) * (n - 2) * k))
        p = p - lr * m / (1 - betas[0] ** t) * (r * sqrt(1 - betas[1] ** t) / (sqrt(v) + eps) if k > 5 else 1)

    maximize negates the gradient. foreach is accepted and changes nothing. ValueError for options out of range.

    >>> p = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = wengert.optim.RAdam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    tensor([0.8000, 1.6000])
    """

    _update = wengert._C.optimizers["radam"]
    _tensors: ClassVar[dict] = {"exp_avg": None, "exp_avg_sq": None}
    _later_options: ClassVar[dict] = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
        "capturable": False,
    }

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        decoupled_weight_decay=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
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
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
            },
        )
