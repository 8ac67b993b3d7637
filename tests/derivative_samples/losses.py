"""Calls of the operators of wengert.autograd.derivatives.losses."""

import wengert

from . import call, samples


def weights(make, classes):
    return make(classes, low=0.5, grad=False)


@samples("cross_entropy_loss")
def _(make):
    yield call(make(4, 5), make.index(4, high=5))
    yield call(make(4, 5), wengert.tensor([1, -100, 4, 0]), weights(make, 5), "sum", label_smoothing=0.1)
    yield call(make(4, 5), wengert.tensor([1, 3, 4, 0]), weights(make, 5), "none", 3)
    yield call(make(2, 3, 4), make.index(2, 4, high=3), weights(make, 3), "mean", label_smoothing=0.3)
    yield call(make(5), wengert.tensor(2))
    yield call(make(4, 5), make(4, 5, low=0.0), weights(make, 5), "mean", label_smoothing=0.2)
    yield call(make(2, 3, 4), make(2, 3, 4, low=0.0), None, "none")


@samples("nll_loss")
def _(make):
    yield call(make(4, 5), make.index(4, high=5))
    yield call(make(4, 5), wengert.tensor([1, -100, 4, 0]), weights(make, 5), "sum")
    yield call(make(2, 3, 4), make.index(2, 4, high=3), weights(make, 3), "none")
    yield call(make(5), wengert.tensor(2))


@samples("embedding")
def _(make):
    yield call(make(5, 3), make.index(2, 4, high=5))
    yield call(make(5, 3), wengert.tensor(1))
