"""Calls of the operators of wengert.autograd.derivatives.movement."""

import wengert

from . import call, samples


@samples("cat")
def _(make):
    yield call([make(2, 3), make(4, 3)])
    yield call([make(2, 3), make(3, 2).t().t()[:2, :1], make(2, 0)], -1)
    yield call([make(3), make(3, grad=False), make(1)], 0)
    yield call([make(0), make(2, 3)], 1)
    yield call([make(2)])


@samples("stack")
def _(make):
    yield call([make(2, 3), make(3, 2).t()])
    yield call([make(2, 3), make(2, 3, grad=False), make(2, 3)], -1)
    yield call([make(), make()])


@samples("hstack")
def _(make):
    yield call([make(2), make(3)])
    yield call([make(2, 1), make(2, 3)])
    yield call([make(), make()])
    yield call([make(2, 1, 3), make(2, 2, 3)])


@samples("vstack")
def _(make):
    yield call([make(3), make(2, 3)])
    yield call([make(), make()])
    yield call([make(2, 2, 3), make(1, 2, 3)])


@samples("dstack")
def _(make):
    yield call([make(3), make(1, 3)])
    yield call([make(), make()])
    yield call([make(2, 3, 1), make(2, 3, 2)])


@samples("column_stack")
def _(make):
    yield call([make(3), make(3, 2)])
    yield call([make(), make()])
    yield call([make(3, 2), make(2, 3).t()])


@samples("flip")
def _(make):
    yield call(make(2, 3), (0,))
    yield call(make(2, 3, 4), (-1, 0))
    yield call(make(2, 3).t(), (1,))
    yield call(make(), ())


@samples("fliplr", "flipud")
def _(make):
    yield call(make(2, 3))
    yield call(make(2, 3, 2).transpose(0, 1))


@samples("rot90")
def _(make):
    yield call(make(2, 3))
    yield call(make(2, 3), 2)
    yield call(make(2, 3, 4), -1, (1, 2))
    yield call(make(2, 3, 4), 5, (2, 0))


@samples("roll")
def _(make):
    yield call(make(5), 2)
    yield call(make(2, 3), 2)
    yield call(make(2, 3), -1, 1)
    yield call(make(2, 3).t(), (1, 2), (0, -1))


@samples("repeat")
def _(make):
    yield call(make(2, 3), (2, 3))
    yield call(make(3), (2, 1, 2))
    yield call(make(2, 3).t(), (1, 1))
    yield call(make(2, 3), (0, 2))
    yield call(make(), (3,))


@samples("tile")
def _(make):
    yield call(make(2, 3), (2,))
    yield call(make(2, 3), (2, 3))
    yield call(make(3), (2, 2))
    yield call(make(), (2,))


@samples("repeat_interleave.int")
def _(make):
    yield call(make(3), 2)
    yield call(make(2, 3), 2)
    yield call(make(2, 3), 3, 0)
    yield call(make(2, 3).t(), 2, -1)
    yield call(make(2, 3), 0, 1)
    yield call(make(), 2)


@samples("repeat_interleave.tensor")
def _(make):
    yield call(make(3), wengert.tensor([1, 0, 2]))
    yield call(make(2, 2), wengert.tensor([1, 0, 2, 3]))
    yield call(make(2, 3), wengert.tensor([1, 0, 2]), 1)
    yield call(make(2, 3), wengert.tensor([2]), -2)


@samples("constant_pad_nd")
def _(make):
    yield call(make(2, 3), (1, 2))
    yield call(make(2, 3), (1, 0, 2, 1), 1.5)
    yield call(make(2, 4), (-1, 1, 0, -1), 0.5)
    yield call(make(3, 2).t(), (0, 1))
    yield call(make(2, 3), ())


@samples("tril", "triu")
def _(make):
    yield call(make(3, 4))
    yield call(make(4, 3), 1)
    yield call(make(2, 3, 3), -1)
    yield call(make(4, 3).t(), 1)


@samples("diag")
def _(make):
    yield call(make(3))
    yield call(make(3), -1)
    yield call(make(3, 4), 1)
    yield call(make(4, 3).t())


@samples("diagflat")
def _(make):
    yield call(make(3))
    yield call(make(2, 2), 1)
    yield call(make())


@samples("diag_embed")
def _(make):
    yield call(make(3))
    yield call(make(2, 3), 1)
    yield call(make(2, 3), -1, 2, 0)


@samples("trace")
def _(make):
    yield call(make(3, 3))
    yield call(make(2, 4))
    yield call(make(0, 2))


@samples("sum_to_size")
def _(make):
    yield call(make(2, 3), (1, 3))
    yield call(make(4, 2, 3), (2, 1))
    yield call(make(2, 3), (2, 3))
    yield call(make(2, 3), ())


@samples("alias_copy")
def _(make):
    yield call(make(2, 3))
    yield call(make(2, 3).t())


@samples("view_copy")
def _(make):
    yield call(make(2, 3), (3, 2))
    yield call(make(2, 3), (-1,))


@samples("contiguous", "clone")
def _(make):
    yield call(make(2, 3))
    yield call(make(2, 3).t())
    yield call(make(3).expand(2, 3))
    yield call(make())


@samples("to")
def _(make):
    yield call(make(2, 3), wengert.float64, copy=True)


@samples("to.other", "type_as")
def _(make):
    yield call(make(2, 3), wengert.zeros(1, dtype=wengert.float64))


@samples("to.device", "cpu", "double")
def _(make):
    yield call(make(2, 3))


@samples("copy_")
def _(make):
    yield call(make(2, 3), make(2, 3))
    yield call(make(2, 3), make(3, 1)[:2])
    yield call(make(2, 3, grad=False), make(3))
    yield call(make(2, 3), 2.0)


@samples("fill", "fill_")
def _(make):
    yield call(make(2, 3), 1.5)
    yield call(make(2, 3), make())


@samples("zero_")
def _(make):
    yield call(make(2, 3))
