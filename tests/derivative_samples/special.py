"""Calls of the operators of wengert.autograd.derivatives.special, where a domain alone does not do."""

from . import call, samples


def halves(make, *shape):
    """Elements of either sign at least 0.3 away from whole numbers, where the gamma function has poles."""
    return make.leaf(make.random.integers(-3, 4, shape) + make.random.uniform(0.3, 0.7, shape), True)


@samples("lgamma", "digamma")
def _(make):
    for shape in ((3, 4), (), (0, 3)):
        yield call(halves(make, *shape))
    yield call(make(3, 4, low=0.4, high=20.0).t())


@samples("polygamma")
def _(make):
    for n in (0, 1, 2, 5):
        yield call(n, make(3, 4, low=0.4, high=5.0))
    yield call(1, halves(make, 3, 4).t())
    yield call(2, halves(make))
    yield call(3, make(0, 3))


@samples("special_i0e")
def _(make):
    for shape in ((3, 4), (), (0, 3)):
        yield call(make.away(*shape))


@samples("special_i1", "special_i1e")
def _(make):
    for high in (0.3, 1.5, 10.0):
        yield call(make.away(3, 4, low=0.01, high=high))
    yield call(make.away(0, 3))
    yield call(make.away())


@samples("special_log_ndtr")
def _(make):
    for low, high in ((-3, 3), (-30, -3), (3, 8)):
        yield call(make(3, 4, low=low, high=high))
    yield call(make(0, 3))
    yield call(make())


@samples("xlogy")
def _(make):
    for a, b in (((3, 4), (3, 4)), ((3, 1), (1, 4)), ((), (3,)), ((0, 3), (1, 3))):
        yield call(make(*a), make(*b, low=0.4))
    yield call(make(3, 4), 2.5)
    yield call(-1.5, make(3, 4, low=0.4))
    yield call(0, make(3, 4, low=0.4))
    yield call(make(3, 4), make.index(4, high=3) + 1)


@samples("special_xlog1py")
def _(make):
    for a, b in (((3, 4), (3, 4)), ((3, 1), (1, 4)), ((), (3,)), ((0, 3), (1, 3))):
        yield call(make(*a), make(*b, low=-0.6))
    yield call(make(3, 4), 2.5)
    yield call(-1.5, make(3, 4, low=-0.6))
    yield call(make(3, 4), make.index(4, high=3))


@samples("logit")
def _(make):
    for shape in ((3, 4), (), (0, 3)):
        yield call(make(*shape, low=0.1, high=0.9))
    yield call(make.leaf([0.1, 0.2, 0.4, 0.6, 0.8, 0.9], True), eps=0.25)
    yield call(make(3, 4, low=0.1, high=0.9).t(), 1e-3)


@samples("sinc")
def _(make):
    for high in (0.25, 2.0, 6.0):
        yield call(make.away(3, 4, low=0.01, high=high))
    yield call(make.away(0, 3))
    yield call(make.away())
