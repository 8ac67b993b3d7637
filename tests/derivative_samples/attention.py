"""Calls of the operators of wengert.autograd.derivatives.attention."""

from . import call, samples


@samples("_attention")
def _(make):
    yield call(make(2, 3, 4), make(2, 5, 4), make(2, 5, 3), None, False, 0.5)
    yield call(make(6, 4), make(6, 4), make(6, 2), None, True, 0.7)
    yield call(make(2, 1, 3, 4), make(2, 5, 4), make(1, 5, 3), make(3, 5, grad=False), False, 0.5)
    mask = make.mask(2, 3, 5)
    mask[:, :, 0] = True
    yield call(make(2, 3, 4), make(2, 5, 4), make(2, 5, 3), mask, False, 1.0)
