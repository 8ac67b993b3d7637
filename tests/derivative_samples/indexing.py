"""Calls of the operators of wengert.autograd.derivatives.indexing.

Places that are written are named once: to elements that a later one overwrites PyTorch gives a gradient, and this library none.
"""

import numpy

import wengert

from . import call, samples

_ALL = slice(None)


def _apart(make, *shapes):
    """Tensors without two elements near each other, in any of them."""
    counts = [int(numpy.prod(shape)) for shape in shapes]
    values = numpy.split(make.distinct(sum(counts), grad=False).numpy(), numpy.cumsum(counts)[:-1])
    return [make.leaf(part.reshape(shape), True) for part, shape in zip(values, shapes, strict=True)]


@samples("getitem")
def _(make):
    for key in [0, -1, _ALL, ..., None, (), (0, 1), (_ALL, -1), slice(1, None), slice(None, None, 2), slice(2, 1), (..., 0)]:
        yield call(make(3, 4, 2), key)
    yield call(make(3, 4, 2), (None, 1, ..., None))
    yield call(make(3, 4, 2), (slice(1, 2), None, slice(0, 4, 3), 1))
    yield call(make(3, 4, 2), wengert.tensor(1))
    yield call(make(4, 3).t(), (slice(1, None), 2))
    yield call(make(), ...)
    yield call(make(), None)
    list_of, grid = make.index(5, high=3), make.index(2, 3, high=3)
    for key in [list_of, grid, (list_of,), (grid, list_of[:3]), (_ALL, list_of), (_ALL, grid, 1), (..., list_of)]:
        yield call(make(3, 4, 3), key)
    yield call(make(3, 3, 3), (list_of, _ALL, list_of))
    yield call(make(3, 3, 3), (list_of, None, 1))
    yield call(make(3, 3, 3), (0, _ALL, list_of))
    yield call(make(2, 3, 4, 3), (_ALL, grid, slice(1, 3), grid[:1]))
    yield call(make(2, 3, 4, 3), (slice(1, None), list_of[:, None], None, list_of - 3))
    yield call(make(4, 3).t(), (list_of, _ALL))
    for key in [[0, 2, 0], [[0, 2], [1, 1]], [True, False, True], (_ALL, [1, 1]), range(2), [], (1, [0, 3])]:
        yield call(make(3, 4), key)
    for key in [
        make.mask(3),
        make.mask(3, 4),
        (_ALL, make.mask(4)),
        (make.mask(3), 1),
        True,
        False,
        (None, make.mask(3), _ALL),
    ]:
        yield call(make(3, 4), key)
    yield call(make(2, 3, 4), (0, make.mask(3, 4)))
    yield call(make(2, 3, 4), (make.mask(2, 3), wengert.tensor([1])))
    yield call(make(), True)


@samples("index_select")
def _(make):
    yield call(make(3, 4), 1, make.index(5, high=4))
    yield call(make(4, 3).t(), 0, make.index(5, high=3))
    yield call(make(3, 4), -1, make.index(0, high=4))
    yield call(make(3), 0, wengert.tensor(1))
    yield call(make(), 0, wengert.tensor([0]))


@samples("gather")
def _(make):
    yield call(make(3, 4), 0, make.index(5, 4, high=3))
    yield call(make(3, 4), 1, make.index(2, 6, high=4))
    yield call(make(4, 3).t(), -1, make.index(3, 2, high=4))
    yield call(make(3), 0, make.index(0, high=3))
    yield call(make(), 0, wengert.tensor(0))


@samples("take_along_dim")
def _(make):
    yield call(make(3, 4), make.index(3, 2, high=4), 1)
    yield call(make(3, 4), make.index(1, 4, high=3), 0)
    yield call(make(1, 4), make.index(3, 2, high=4), -1)
    yield call(make(3, 4), make.index(2, 2, high=12))
    yield call(make(3, 4), wengert.tensor([[-1, 0, -2, -1]]), 0)


@samples("take")
def _(make):
    yield call(make(3, 4), make.index(2, 5, high=12))
    yield call(make(4, 3).t(), wengert.tensor([-1, 0, -1]))
    yield call(make(3, 4), wengert.tensor(3))


@samples("masked_select")
def _(make):
    yield call(make(3, 4), make.mask(3, 4))
    yield call(make(3, 4), make.mask(4))
    yield call(make(4), make.mask(3, 1))
    yield call(make(4, 3).t(), make.mask(3, 4))
    yield call(make(), wengert.tensor(True))
    yield call(make(2, 3), wengert.tensor(False))


@samples("index_put")
def _(make):
    rows = make.permutation(4)[:3]
    yield call(make(4, 3), (rows,), make(3, 3))
    yield call(make(4, 3), (rows,), make(3))
    yield call(make(4, 3), (rows,), make(1, 1))
    yield call(make(4, 3), (rows, wengert.tensor([2, 0, 1])), make(3))
    yield call(make(4, 3), (rows[:, None], wengert.tensor([0, -1])), make(3, 2))
    yield call(make(3, 4).t(), (rows,), make(3, 3).t())
    yield call(make(4, 3), (make.mask(4),), make(3))
    yield call(make(4, 3), (wengert.tensor([[True, False, False]] * 4),), make(4))
    yield call(make(4, 3), (make.index(6, high=4),), make(6, 3), accumulate=True)
    yield call(make(4, 3), (make.index(6, high=4), make.index(2, 1, high=3)), make(6), True)


@samples("setitem")
def _(make):
    rows = make.permutation(4)[:3]
    for key in [0, (), (slice(1, 3), 1), (..., None, 0), (0, 1), slice(2, 2), wengert.tensor(-1)]:
        yield call(make(4, 3), key, make())
    yield call(make(4, 3), slice(0, 2), make(2, 3))
    yield call(make(3, 4).t(), (slice(None), slice(0, 2)), make(1, 1, 2))
    yield call(make(4, 3, grad=False), (slice(None), 1), make(4))
    yield call(make(4, 3), 1, 2.5)
    yield call(make(4, 3), rows, make(3, 3))
    yield call(make(3, 4), (_ALL, rows), make(1, 1, 3))
    yield call(make(4, 3), (rows, wengert.tensor([2, 0, 1])), make(3))
    yield call(make(4, 3, 2), (rows[:, None], wengert.tensor([0, -1]), 1), make(3, 2))
    yield call(make(4, 2, 4), (rows, _ALL, rows), make(3, 2))
    yield call(make(4, 3), make.mask(4, 3), make())
    yield call(make(4, 3), wengert.tensor([True, False, True, False]), make(2, 3))
    yield call(make(4, 3), ([1, 3],), make(3))
    yield call(make(4, 3), True, make(3))
    yield call(make(), ..., make())


@samples("put")
def _(make):
    places = make.permutation(12)[:6]
    yield call(make(3, 4), places.view(2, 3), make(2, 3))
    yield call(make(4, 3).t(), places - 12, make(3, 2))
    yield call(make(3, 4), make.index(7, high=12), make(7), accumulate=True)


@samples("index_copy")
def _(make):
    yield call(make(4, 3), 0, make.permutation(4)[:3], make(3, 3))
    yield call(make(3, 4), -1, make.permutation(4)[:2], make(2, 3).t())
    yield call(make(3), 0, wengert.tensor([1]), make(1))
    yield call(make(), 0, wengert.tensor([0]), make())


@samples("index_fill")
def _(make):
    yield call(make(4, 3), 0, wengert.tensor([1, 3, 1]), 2.5)
    yield call(make(4, 3), 1, wengert.tensor([0]), make())
    yield call(make(4, 3), -1, wengert.tensor([0, 2]), make())
    yield call(make(4, 3), 0, wengert.tensor([1, 2, 1]), make())
    yield call(make(), 0, wengert.tensor([0]), make())


@samples("index_add")
def _(make):
    yield call(make(4, 3), 0, make.index(6, high=4), make(6, 3))
    yield call(make(3, 4), -1, make.index(5, high=4), make(5, 3).t(), alpha=2.5)
    yield call(make(3), 0, wengert.tensor(1), make(1))
    yield call(make(), 0, wengert.tensor([0]), make(), alpha=3)


@samples("index_reduce")
def _(make):
    for include_self in [True, False]:
        for reduce in ["prod", "mean", "amax", "amin"]:
            input, source = _apart(make, (4, 3), (6, 3))
            yield call(input, 0, make.index(6, high=4), source, reduce, include_self=include_self)
            yield call(make(3, 4), -1, make.index(5, high=3), make(5, 3).t(), reduce, include_self=include_self)
    yield call(make(), 0, wengert.tensor([0]), make(), "prod")


@samples("scatter")
def _(make):
    columns = wengert.tensor([[3, 0], [1, 2], [0, 3]])
    yield call(make(3, 4), 1, columns, make(3, 2))
    yield call(make(4, 3).t(), -1, columns, make(2, 3).t())
    yield call(make(3, 4), 1, columns[:2, :1], make(3, 2)[:2, :1])
    yield call(make(3), 0, make.index(0, high=3), make(0))
    yield call(make(), 0, wengert.tensor(0), make())


@samples("scatter.value")
def _(make):
    yield call(make(3, 4), 0, make.index(2, 4, high=3), 1.5)
    yield call(make(3, 4), 1, make.index(3, 6, high=4), 1.5)


@samples("scatter_add")
def _(make):
    yield call(make(3, 4), 0, make.index(5, 4, high=3), make(5, 4))
    yield call(make(4, 3).t(), -1, make.index(3, 6, high=4), make(6, 3).t())
    yield call(make(), 0, wengert.tensor([0]), make(1))


@samples("scatter_reduce")
def _(make):
    for include_self in [True, False]:
        for reduce in ["sum", "prod", "mean", "amax", "amin"]:
            input, src = _apart(make, (3, 4), (5, 4))
            yield call(input, 0, make.index(5, 4, high=3), src, reduce, include_self=include_self)
            yield call(make(4, 3).t(), 1, make.index(3, 6, high=3), make(6, 3).t(), reduce, include_self=include_self)
    yield call(make(), 0, wengert.tensor([0]), make(1), "prod")


@samples("masked_scatter")
def _(make):
    yield call(make(3, 4), make.mask(3, 4), make(3, 4))
    yield call(make(3, 4), make.mask(4), make(2, 6))
    yield call(make(4, 3).t(), make.mask(3, 1), make(20))
    yield call(make(4), make.mask(3, 4), make(12))


@samples("select_scatter")
def _(make):
    yield call(make(3, 4), make(4), 0, 1)
    yield call(make(4, 3).t(), make(3), -1, -1)


@samples("slice_scatter")
def _(make):
    yield call(make(3, 4), make(2, 4), 0, 1)
    yield call(make(3, 4), make(3, 2), 1, None, None, 2)
    yield call(make(3, 5), make(3, 2), -1, -4, 9, 2)


@samples("diagonal_scatter")
def _(make):
    yield call(make(3, 4), make(3))
    yield call(make(2, 3, 4), make(3, 1), -1, 0, 2)


@samples("as_strided_scatter")
def _(make):
    yield call(make(3, 4), make(2, 2), (2, 2), (4, 1), 1)
    yield call(make(3, 4), make(3), (3,), (5,))
    yield call(make(2), make(), (), (), 1)
