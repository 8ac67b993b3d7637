"""Calls of the operators of wengert.autograd.derivatives.activations; away from kinks, which lie at 0, ±0.5, ±1 and ±3."""

from . import call, samples


def off_kinks(make, *shape):
    """Elements of either sign between the kinks, some in each piece."""
    values = make.random.choice([-4.0, -2.0, -0.75, -0.25, 0.25, 0.75, 2.0, 4.0], shape)
    return make.leaf(values + make.random.uniform(-0.2, 0.2, shape), True)


@samples("gelu")
def _(make):
    yield call(make(3, 4))
    yield call(make(3, 4), approximate="tanh")


@samples("_gelu_gradient")
def _(make):
    yield call(make(3, 4), make(3, 4))
    yield call(make(3, 4), make(3, 4), approximate="tanh")


@samples("silu", "mish", "logsigmoid", "selu", "hardsigmoid", "hardswish")
def _(make):
    yield call(off_kinks(make, 3, 4))
    yield call(off_kinks(make))


@samples(
    "_silu_gradient",
    "_mish_gradient",
    "_logsigmoid_gradient",
    "_selu_gradient",
    "_hardsigmoid_gradient",
    "_hardswish_gradient",
)
def _(make):
    yield call(make(3, 4), off_kinks(make, 3, 4))


@samples("softplus")
def _(make):
    yield call(make(3, 4))
    yield call(off_kinks(make, 4, 5), beta=2.0, threshold=1.0)


@samples("_softplus_gradient")
def _(make):
    yield call(make(3, 4), make(3, 4))
    yield call(make(4, 5), off_kinks(make, 4, 5), 2.0, 1.0)


@samples("elu")
def _(make):
    yield call(off_kinks(make, 3, 4))
    yield call(off_kinks(make, 3, 4), 0.7, 1.5)


@samples("_elu_gradient")
def _(make):
    yield call(make(3, 4), off_kinks(make, 3, 4), 0.7, 1.5)


@samples("leaky_relu", "softshrink", "hardshrink")
def _(make):
    yield call(off_kinks(make, 3, 4))
    yield call(off_kinks(make, 3, 4), 0.5)


@samples("_prelu_kernel")
def _(make):
    yield call(off_kinks(make, 2, 3, 4), make(3, 1))
    yield call(off_kinks(make, 5), make(1))


@samples("_leaky_relu_gradient")
def _(make):
    yield call(make(3, 4), off_kinks(make, 3, 4), 0.1)
    yield call(make(2, 3, 4), off_kinks(make, 2, 3, 4), make(3, 1))


@samples("_sigmoid_gradient", "_tanh_gradient")
def _(make):
    yield call(make(3, 4), make(3, 4))
    yield call(make(3, 4), make(1, 4))


@samples("_shrink_gradient", "_threshold_gradient")
def _(make):
    yield call(make(3, 4), off_kinks(make, 3, 4), 0.5)


@samples("hardtanh")
def _(make):
    yield call(off_kinks(make, 3, 4))
    yield call(off_kinks(make, 3, 4), -0.5, 3.0)


@samples("_hardtanh_gradient")
def _(make):
    yield call(make(3, 4), off_kinks(make, 3, 4), -0.5, 3.0)


@samples("threshold")
def _(make):
    yield call(off_kinks(make, 3, 4), 0.5, -7.0)
