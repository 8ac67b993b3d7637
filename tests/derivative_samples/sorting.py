"""Calls of the operators of wengert.autograd.derivatives.sorting."""

from . import call, samples


@samples("sort")
def _(make):
    yield call(make.distinct(6))
    yield call(make.distinct(3, 4), 0, True)
    yield call(make.distinct(3, 4).t(), -1)
    yield call(make())
    yield call(make(0, 3), 1)


@samples("msort")
def _(make):
    yield call(make.distinct(6))
    yield call(make.distinct(3, 4).t())
    yield call(make())


@samples("topk")
def _(make):
    yield call(make.distinct(6), 2)
    yield call(make.distinct(3, 4), 2, 0)
    yield call(make.distinct(3, 4).t(), 3, -2, largest=False)
    yield call(make.distinct(3, 4), 0)
    yield call(make(), 1)


@samples("kthvalue")
def _(make):
    yield call(make.distinct(6), 2)
    yield call(make.distinct(3, 4), 2, 0)
    yield call(make.distinct(3, 4).t(), 4, -2, keepdim=True)
    yield call(make(), 1)


@samples("median", "nanmedian")
def _(make):
    yield call(make.distinct(5))
    yield call(make.distinct(3, 4).t())
    yield call(make())


@samples("median.dim", "nanmedian.dim")
def _(make):
    yield call(make.distinct(5), 0)
    yield call(make.distinct(3, 4), -1)
    yield call(make.distinct(3, 4).t(), 0, keepdim=True)
    yield call(make(), 0)


@samples("mode")
def _(make):
    yield call(make.distinct(5))
    yield call(make.distinct(3, 4), 0)
    yield call(make.distinct(3, 4).t(), 1, keepdim=True)
    yield call(make())


@samples("quantile", "nanquantile")
def _(make):
    # Ranks of the elements are kinks of the derivative by q.
    yield call(make.distinct(5), make.leaf([0.2, 0.6, 0.9], True))
    yield call(make.distinct(3, 4), make.leaf([0.2, 0.6], True), 1)
    yield call(make.distinct(3, 4).t(), make.leaf([0.2, 0.6], True), 0, keepdim=True)
    yield call(make.distinct(3, 4), make.leaf(0.3, True), -1, True)
    yield call(make.distinct(3, 4), make.leaf(0.3, True))
    yield call(make.distinct(3, 4), make.leaf([0.3, 0.8], True), None, True)
    yield call(make.distinct(5), make.leaf([0.0, 0.25, 1.0], False))
    yield call(make(), make.leaf([0.3, 0.8], False), 0)
    for interpolation in ("lower", "higher", "nearest", "midpoint"):
        yield call(make.distinct(2, 3, 2), make.leaf([0.3, 0.6, 1.0], False), 1, interpolation=interpolation)


@samples("quantile.number", "nanquantile.number")
def _(make):
    yield call(make.distinct(5), 0.3)
    yield call(make.distinct(3, 4), 0.3, -1)
    yield call(make.distinct(3, 4).t(), 0.6, 1, keepdim=True)
    yield call(make.distinct(3, 4), 0.6, keepdim=True)
    yield call(make(), 0.5)
    for interpolation in ("lower", "higher", "nearest", "midpoint"):
        yield call(make.distinct(3, 4), 0.4, 1, interpolation=interpolation)


@samples("bincount")
def _(make):
    yield call(make.index(7, high=4), make(7))
    yield call(make.index(7, high=4), make(7), minlength=6)


@samples("histc")
def _(make):
    yield call(make.distinct(8), bins=4, min=-1, max=1)
