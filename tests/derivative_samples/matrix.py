"""Calls of the operators of wengert.autograd.derivatives.matrix."""

from . import call, samples


@samples("dot")
def _(make):
    yield call(make(4), make(4))
    yield call(make(8)[::2], make(1).expand(4))
    yield call(make(0), make(0))


@samples("outer")
def _(make):
    yield call(make(3), make(4))
    yield call(make(1).expand(3), make(8)[::2])
    yield call(make(0), make(2))


@samples("mv")
def _(make):
    yield call(make(3, 4), make(4))
    yield call(make(4, 3).t(), make(1).expand(4))
    yield call(make(3, 0), make(0))
    yield call(make(0, 3), make(3))


@samples("mm", "_mm_gemm")
def _(make):
    yield call(make(2, 3), make(3, 4))
    yield call(make(3, 2).t(), make(4, 3).t())
    yield call(make(3, 1).expand(3, 3), make(1, 4).expand(3, 4))
    yield call(make(1, 3), make(3, 1))
    yield call(make(2, 0), make(0, 4))
    yield call(make(0, 3), make(3, 4))


@samples("bmm")
def _(make):
    yield call(make(2, 2, 3), make(2, 3, 4))
    yield call(make(2, 3, 2).mT, make(2, 4, 3).mT)
    yield call(make(1, 2, 3).expand(2, 2, 3), make(3, 4, 2).permute(2, 0, 1))
    yield call(make(0, 2, 3), make(0, 3, 4))


@samples("matmul")
def _(make):
    yield call(make(2, 3), make(3))
    yield call(make(3), make(3, 2))
    yield call(make(2, 3), make(3, 4))
    yield call(make(2, 2, 3), make(2, 3, 4))
    yield call(make(5, 2, 3), make(3, 4))
    yield call(make(5, 2, 3), make(4, 3).t())
    yield call(make(2, 5, 3).transpose(0, 1), make(3, 4))
    yield call(make(2, 3), make(5, 3, 4))
    yield call(make(3, 2).t(), make(5, 4, 3).mT)
    yield call(make(2, 5, 2, 3), make(3, 4))
    yield call(make(2, 3), make(2, 5, 3, 4))
    yield call(make(5, 2, 3), make(3))
    yield call(make(2, 5, 2, 3), make(3))
    yield call(make(3), make(5, 3, 4))
    yield call(make(3), make(2, 5, 3, 4))
    yield call(make(1, 2, 3), make(5, 3, 4))
    yield call(make(5, 1, 2, 3), make(2, 3, 4))
    yield call(make(2, 2, 3), make(5, 1, 3, 4))
    yield call(make(5, 2, 3), make(1, 3, 4))
    yield call(make(0, 2, 3), make(3, 4))
    yield call(make(5, 0, 3), make(3, 4))
    yield call(make(5, 2, 0), make(0, 4))
    yield call(make(0, 3), make(5, 3, 4))
    yield call(make(2, 0), make(5, 0, 4))


@samples("addmv")
def _(make):
    yield call(make(2), make(2, 3), make(3))
    yield call(make(), make(3, 2).t(), make(3), beta=0.5, alpha=3)
    yield call(make(1), make(2, 3), make(3), beta=2, alpha=-0.5)


@samples("addmm")
def _(make):
    yield call(make(2, 4), make(2, 3), make(3, 4))
    yield call(make(4), make(2, 3), make(4, 3).t())
    yield call(make(2, 1), make(3, 2).t(), make(3, 4), beta=0.5, alpha=3)
    yield call(make(), make(2, 3), make(3, 4), beta=0, alpha=2)


@samples("baddbmm")
def _(make):
    yield call(make(2, 2, 4), make(2, 2, 3), make(2, 3, 4))
    yield call(make(4), make(2, 3, 2).mT, make(2, 4, 3).mT, beta=0.5, alpha=3)
    yield call(make(2, 1, 1), make(2, 2, 3), make(2, 3, 4), beta=2, alpha=-0.5)
