"""Adam."""

from typing import ClassVar

import wengert
from wengert import Tensor

from ._kernel import KernelOptimizer, check, check_betas, check_lr


def _check_tensor_beta(betas, index, foreach, capturable):
    if not isinstance(betas[index], Tensor):
        return
    check(
        capturable or not foreach,
        f"betas[{index}] as a Tensor is not supported for capturable=False and foreach=True",
    )
    check(betas[index].numel() == 1, f"Tensor betas[{index}] must be 1-element")


class Adam(KernelOptimizer):
    """Adam (Kingma & Ba 2015): steps of the gradient's mean over the root of its mean square, both of which decay::

        g = grad + weight_decay * p                   (decoupled_weight_decay: p = p - lr * weight_decay * p instead)
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g ** 2    (amsgrad: the largest v so far is used; Reddi et al. 2018)
        p = p - lr * m / (1 - betas[0] ** t) / (sqrt(v / (1 - betas[1] ** t)) + eps)

    maximize negates the gradient. foreach and fused are accepted and change nothing. ValueError for options out of range.

    >>> p = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = wengert.optim.Adam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    tensor([0.9000, 1.9000])
    """

    _update = wengert._C.optimizers["adam"]
    _tensors: ClassVar[dict] = {"exp_avg": None, "exp_avg_sq": None, "max_exp_avg_sq": "amsgrad"}
    _later_options: ClassVar[dict] = {
        "amsgrad": False,
        "maximize": False,
        "foreach": None,
        "capturable": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
        "fused": None,
    }

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
        fused=None,
        decoupled_weight_decay=False,
    ):
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        check_lr(lr)
        check(eps >= 0.0, f"Invalid epsilon value: {eps}")
        check_betas(betas)
        check(weight_decay >= 0.0, f"Invalid weight_decay value: {weight_decay}")
        check(
            all(isinstance(beta, float) for beta in betas) or all(isinstance(beta, Tensor) for beta in betas),
            "betas must be either both floats or both Tensors",
        )
        for index in (0, 1):
            _check_tensor_beta(betas, index, foreach, capturable)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(beta.squeeze() if isinstance(beta, Tensor) else beta for beta in betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )
