"""Adagrad."""

from typing import ClassVar

import wengert

from ._kernel import KernelOptimizer, check, check_lr, number_dtype


class Adagrad(KernelOptimizer):
    """Adagrad (Duchi et al. 2011): steps of the gradient over the root of the sum of its squares::

        g = grad + weight_decay * p
        s = s + g ** 2                                (initial_accumulator_value at the beginning)
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    maximize negates the gradient. foreach and fused are accepted and change nothing. ValueError for options out of range.

    >>> p = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = wengert.optim.Adagrad([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    tensor([0.9000, 1.9000])
    """

    _update = wengert._C.optimizers["adagrad"]
    _later_options: ClassVar[dict] = {"foreach": None, "maximize": False, "differentiable": False, "fused": None}

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        fused=None,
    ):
        check_lr(lr)
        check(lr_decay >= 0.0, f"Invalid lr_decay value: {lr_decay}")
        check(weight_decay >= 0.0, f"Invalid weight_decay value: {weight_decay}")
        check(initial_accumulator_value >= 0.0, f"Invalid initial_accumulator_value value: {initial_accumulator_value}")
        check(eps >= 0.0, f"Invalid epsilon value: {eps}")
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "fused": fused,
            },
        )
        for group in self.param_groups:
            for p in group["params"]:
                self._begin(p, self.state[p], group)

    def _begin(self, param, state, group):
        if not state:
            state["step"] = wengert.tensor(0.0, dtype=number_dtype(group))
            state["sum"] = wengert.full_like(param, self.defaults["initial_accumulator_value"])
