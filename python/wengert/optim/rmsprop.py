"""RMSprop."""

from typing import ClassVar

import wengert

from ._kernel import KernelOptimizer, check, check_lr


class RMSprop(KernelOptimizer):
    """RMSprop (Tieleman & Hinton 2012): steps of the gradient over the root of its mean square, which decays::

        g = grad + weight_decay * p
        v = alpha * v + (1 - alpha) * g ** 2
        d = sqrt(v) + eps                    (centered: sqrt(v - a ** 2) + eps with a = alpha * a + (1 - alpha) * g; Graves 2013)
        p = p - lr * g / d                   (momentum: b = momentum * b + g / d, p = p - lr * b)

    maximize negates the gradient. foreach is accepted and changes nothing. ValueError for options out of range.

    >>> p = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = wengert.optim.RMSprop([p], lr=0.01)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    tensor([0.9000, 1.9000])
    """

    _update = wengert._C.optimizers["rmsprop"]
    _tensors: ClassVar[dict] = {"square_avg": None, "momentum_buffer": "momentum", "grad_avg": "centered"}
    _later_options: ClassVar[dict] = {
        "momentum": 0,
        "centered": False,
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }

    def __init__(
        self,
        params,
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0,
        momentum=0,
        centered=False,
        capturable=False,
        foreach=None,
        maximize=False,
        differentiable=False,
    ):
        check_lr(lr)
        check(eps >= 0.0, f"Invalid epsilon value: {eps}")
        check(momentum >= 0.0, f"Invalid momentum value: {momentum}")
        check(weight_decay >= 0.0, f"Invalid weight_decay value: {weight_decay}")
        check(alpha >= 0.0, f"Invalid alpha value: {alpha}")
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "alpha": alpha,
                "eps": eps,
                "centered": centered,
                "weight_decay": weight_decay,
                "capturable": capturable,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
            },
        )
