"""Adam with decoupled weight decay."""

from .adam import Adam


class AdamW(Adam):
    """:class:`Adam` whose weight decay shrinks the parameters themselves, p = p - lr * weight_decay * p, instead of being part of
    the gradient and so of its moments (Loshchilov & Hutter 2019).

    >>> p = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = wengert.optim.AdamW([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    tensor([0.8990, 1.8980])
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=1e-2,
        amsgrad=False,
        *,
        maximize=False,
        foreach=None,
        capturable=False,
        differentiable=False,
        fused=None,
    ):
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:  # also of state dicts that do not know the option
            group["decoupled_weight_decay"] = True
