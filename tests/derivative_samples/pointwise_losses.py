"""Calls of the losses of wengert.autograd.derivatives.pointwise_losses."""

from . import call, samples

REDUCTIONS = ("mean", "sum", "none")


def probabilities(make, *shape):
    return make(*shape, low=0.1, high=0.9)


@samples("nn_mse_loss")
def _(make):
    for reduction in REDUCTIONS:
        yield call(make(3, 4), make(3, 4), reduction=reduction)
    yield call(make(), make())


@samples("_squared_difference")
def _(make):
    yield call(make(3, 4), make(3, 4))
    yield call(make(3, 4), make(1, 4))


@samples("_scaled_difference")
def _(make):
    yield call(make(3, 4), make(3, 4), make(3, 4))
    yield call(make(), make(3, 4), make(4))


@samples("_smooth_l1")
def _(make):
    yield call(make.away(3, 4, low=1.0), make(3, 4, low=-0.2, high=0.2), 0.5, 2.0)
    yield call(make(3, 4, low=-0.2, high=0.2), make(3, 1, low=-0.2, high=0.2), 1.0, 1.0)


@samples("_smooth_l1_gradient")
def _(make):
    yield call(make(3, 4), make.away(3, 4, low=1.0), make(3, 4, low=-0.2, high=0.2), 0.5)
    yield call(make(), make(3, 4, low=-0.2, high=0.2), make(3, 4, low=-0.2, high=0.2), 1.0)


@samples("nn_smooth_l1_loss")
def _(make):
    for reduction in REDUCTIONS:  # distances of both kinds, none near beta
        yield call(make.away(3, 4, low=1.0), make(3, 4, low=-0.2, high=0.2), reduction=reduction, beta=0.5)
        yield call(make(3, 4, low=-0.2, high=0.2), make(3, 4, low=-0.2, high=0.2), reduction=reduction)


@samples("nn_huber_loss")
def _(make):
    for reduction in REDUCTIONS:
        yield call(make.away(3, 4, low=1.0), make(3, 4, low=-0.2, high=0.2), reduction=reduction, delta=0.5)
        yield call(make(3, 4, low=-0.2, high=0.2), make(3, 4, low=-0.2, high=0.2), reduction=reduction)


@samples("nn_binary_cross_entropy")
def _(make):
    for reduction in REDUCTIONS:
        yield call(probabilities(make, 3, 4), probabilities(make, 3, 4), reduction=reduction)
        yield call(probabilities(make, 3, 4), probabilities(make, 3, 4), make(4, grad=False), reduction=reduction)


@samples("nn_binary_cross_entropy_with_logits")
def _(make):
    for reduction in REDUCTIONS:
        yield call(make.away(3, 4), probabilities(make, 3, 4), reduction=reduction)
        weights = [make(4, low=0.5, high=2.0, grad=False) for _ in range(2)]
        yield call(make.away(3, 4), probabilities(make, 3, 4), weights[0], reduction=reduction, pos_weight=weights[1])


@samples("nn_soft_margin_loss")
def _(make):
    for reduction in REDUCTIONS:
        yield call(make.away(3, 4), make.away(3, 4), reduction=reduction)
