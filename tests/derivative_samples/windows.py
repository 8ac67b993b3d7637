"""Calls of the operators of wengert.autograd.derivatives.windows."""

from . import call, samples


@samples("nn_unfold")
def _(make):
    yield call(make(2, 3, 4, 5), 2)
    yield call(make(2, 1, 5, 6), (3, 2), dilation=(1, 2), padding=(2, 1), stride=(2, 3))


@samples("nn_fold")
def _(make):
    yield call(make(2, 12, 12), (4, 5), 2)
    yield call(make(2, 6, 12), (5, 6), (3, 2), dilation=(1, 2), padding=(2, 1), stride=(2, 2))
