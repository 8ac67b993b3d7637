"""Calls of the operators of wengert.autograd.derivatives.normalization."""

from . import call, samples


@samples("layer_norm")
def _(make):
    yield call(make(3, 5), (5,))
    yield call(make(2, 3, 4), (3, 4), make(3, 4), make(3, 4), 0.1)
    yield call(make(2, 6), (6,), make(6))


@samples("rms_norm")
def _(make):
    yield call(make(3, 5), (5,))
    yield call(make(2, 3, 4), (3, 4), make(3, 4), 0.1)


@samples("group_norm")
def _(make):
    yield call(make(2, 4, 3), 2)
    yield call(make(2, 6, 3, 2), 3, make(6), make(6), 0.1)
    yield call(make(3, 4), 1, make(4))


@samples("_batch_norm_train")
def _(make):
    yield call(make(3, 2, 4), None, None, None, None, 0.1, 1e-5)
    yield call(make(4, 3, 2, 2), make(3), make(3), None, None, 0.1, 0.1)
    yield call(make(5, 3), make(3), make(3), make(3, grad=False), make(3, low=0.5, grad=False), 0.1, 0.1)


@samples("_batch_norm_eval")
def _(make):
    yield call(make(3, 2, 4), None, None, make(2, grad=False), make(2, low=0.5, grad=False), 1e-5)
    yield call(make(5, 3), make(3), make(3), make(3, grad=False), make(3, low=0.5, grad=False), 0.1)
