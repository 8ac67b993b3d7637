"""NAdam."""

from typing import ClassVar

import wengert

from ._kernel import KernelOptimizer, check, check_betas, check_lr


class NAdam(KernelOptimizer):
    """NAdam (Dozat 2016): :class:`Adam` with Nesterov's momentum, whose strength mu grows::

        g = grad + weight_decay * p                   (decoupled_weight_decay: p = p - lr * weight_decay * p instead)
        mu(t) = betas[0] * (1 - 0.5 * 0.96 ** (t * momentum_decay))
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g ** 2
        h = mu(t + 1) * m / (1 - mu(1) ... mu(t + 1)) + (1 - mu(t)) * g / (1 - mu(1) ... mu(t))
        p = p - lr * h / (sqrt(v / (1 - betas[1] ** t)) + eps)

    maximize negates the gradient. foreach is accepted and changes nothing. ValueError for options out of range.

    >>> p = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = wengert.optim.NAdam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    tensor([0.8944, 1.8944])
    """

    _update = wengert._C.optimizers["nadam"]
    _numbers: ClassVar[dict] = {"step": 0.0, "mu_product": 1.0}
    _tensors: ClassVar[dict] = {"exp_avg": None, "exp_avg_sq": None}
    _later_options: ClassVar[dict] = {
        "maximize": False,
        "foreach": None,
        "capturable": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
    }

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        momentum_decay=4e-3,
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
        check(momentum_decay >= 0.0, f"Invalid momentum_decay value: {momentum_decay}")
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
            },
        )
