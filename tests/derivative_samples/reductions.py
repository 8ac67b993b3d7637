"""Calls of the operators of wengert.autograd.derivatives.reductions."""

from . import call, samples

INF = float("inf")


def over_dims(make):
    """Arguments of a reduction over one dim, several, or all, in every layout."""
    yield make(2, 3), ()
    yield make(3, 4), (0,)
    yield make(3, 4), (-1,)
    yield make(2, 3, 4), ((0, -1),)
    yield make(2, 3, 4), ((1,),)
    yield make(2, 3), ((),)
    yield make(2, 3, 4).transpose(0, 2), (1,)
    yield make(3, 1).expand(3, 4), (1,)


@samples("sum", "mean", "nansum", "nanmean")
def _(make):
    for input, dim in over_dims(make):
        yield call(input, *dim)
        if dim:
            yield call(input, *dim, keepdim=True)
    yield call(make())
    yield call(make(), 0)
    yield call(make(0, 3), 0)
    yield call(make(3, 0, 2), 0)


@samples("var", "std", "var_mean", "std_mean")
def _(make):
    for input, dim in over_dims(make):
        # The spread of an expanded dim is 0; PyTorch's count of dim=() is not the forward's.
        if input.stride(-1) and dim != ((),):
            yield call(input, *dim)
            yield call(input, *dim, correction=0)
            if dim:
                yield call(input, *dim, correction=0.5, keepdim=True)
    yield call(make(3, 4).t(), correction=2)


@samples("var.dim", "std.dim", "var_mean.dim", "std_mean.dim")
def _(make):
    yield call(make(3, 4), 1, False)
    yield call(make(3, 4), (0, 1), True)
    yield call(make(3, 4).t(), 0, True, keepdim=True)


@samples("var.unbiased", "std.unbiased", "var_mean.unbiased", "std_mean.unbiased")
def _(make):
    yield call(make(3, 4), False)
    yield call(make(3, 4).t(), True)


def with_zeros(make, zeros, *shape):
    """Positive elements, but zeros at these places."""
    values = make.random.uniform(0.5, 2.0, shape)
    values.reshape(-1)[zeros] = 0.0
    return make.leaf(values, True)


@samples("prod")
def _(make):
    yield call(make.away(2, 3))
    yield call(make())
    yield call(make(), 0)
    yield call(make.away(3, 4), 0)
    yield call(make.away(3, 4), -1, keepdim=True)
    yield call(make.away(2, 3, 4).transpose(0, 2), 1)
    for zeros in ([2], [0, 3], [0, 1, 2, 3]):
        yield call(with_zeros(make, zeros, 4))
        yield call(with_zeros(make, zeros, 4), 0)
        yield call(with_zeros(make, [*zeros, 7], 3, 4), 1, keepdim=True)
        yield call(with_zeros(make, zeros, 3, 4))
        yield call(with_zeros(make, zeros, 3, 4).t(), 1)
    yield call(make(0, 3), 0)
    yield call(make(2, 0), 1)


@samples("cumprod")
def _(make):
    yield call(make.away(5), 0)
    yield call(make(), 0)
    yield call(make.away(3, 4), -1)
    yield call(make.away(2, 3, 4).transpose(0, 2), 1)
    for zeros in ([2], [0, 3], [0, 1, 2, 3], [3]):
        yield call(with_zeros(make, zeros, 4), 0)
        yield call(with_zeros(make, zeros, 3, 4), 1)
        yield call(with_zeros(make, zeros, 3, 4).t(), -2)
    yield call(with_zeros(make, [4, 8], 11), 0)
    yield call(with_zeros(make, [0], 1), 0)
    yield call(make(0, 3), 0)


@samples("cumsum", "logcumsumexp")
def _(make):
    yield call(make(5), 0)
    yield call(make(), 0)
    yield call(make(3, 4), -1)
    yield call(make(2, 3, 4).transpose(0, 2), 1)
    yield call(make(3, 1).expand(3, 7), 1)
    yield call(make(7, 2, low=-40, high=40), 0)
    yield call(make(0, 3), 0)
    yield call(make(3, 0), 0)


@samples("cummax", "cummin")
def _(make):
    yield call(make.distinct(6), 0)
    yield call(make(), 0)
    yield call(make.distinct(3, 4), -1)
    yield call(make.distinct(3, 4).t(), 1)
    yield call(make(0, 3), 0)


@samples("max", "min")
def _(make):
    yield call(make.distinct(2, 3))
    yield call(make.distinct(2, 3).t())
    yield call(make())


@samples("max.other", "min.other")
def _(make):
    yield call(make.distinct(2, 3), make.distinct(2, 3, gap=0.3))
    yield call(make.distinct(2, 3), make(3, low=-6, high=-5))
    yield call(make(2, 1, low=3, high=4), make.distinct(3, 2, 3))


@samples("max.dim", "min.dim")
def _(make):
    yield call(make.distinct(3, 4), 1)
    yield call(make.distinct(3, 4), -2, keepdim=True)
    yield call(make.distinct(2, 3, 2).transpose(0, 2), 1)
    yield call(make(), 0)
    yield call(make(0, 3), 1)


@samples("amax", "amin")
def _(make):
    yield call(make.distinct(3, 4))
    yield call(make.distinct(3, 4), 0)
    yield call(make.distinct(3, 4).t(), -1, keepdim=True)
    yield call(make.distinct(2, 3, 2), (0, -1))
    yield call(make.distinct(2, 3, 2), (1, 2), True)
    yield call(make())


@samples("aminmax")
def _(make):
    yield call(make.distinct(3, 4))
    yield call(make.distinct(3, 4), dim=0)
    yield call(make.distinct(3, 4).t(), dim=-1, keepdim=True)
    yield call(make.distinct(3, 4), keepdim=True)


@samples("norm")
def _(make):
    for input, dim in over_dims(make):
        if dim != ((),):
            yield call(input, "fro", *dim)
    yield call(make(2, 3), "fro", (0, 1), keepdim=True)


@samples("norm.p")
def _(make):
    yield call(make(2, 3), None)
    for p in (0, 1, 2, 3, 3.5, 1.5, 0.5, -1, -2.5):
        yield call(make.away(2, 3), p)
        yield call(make.away(3, 4).t(), p, 1)
        yield call(make.away(2, 3, 2), p, (0, 2), keepdim=True)
    for p in (INF, -INF):
        yield call(make.distinct(2, 3), p)
        yield call(make.distinct(3, 4).t(), p, 1)
        yield call(make.distinct(2, 3, 2), p, (0, 2), keepdim=True)


@samples("_linalg_vector_norm")
def _(make):
    for p in (0, 1, 2, 3, 3.5, 0.5, -1):
        yield call(make.away(2, 3), p)
        yield call(make.away(3, 4).t(), p, 1)
        yield call(make.away(2, 3, 2), p, (0, 2), keepdim=True)
    yield call(make(2, 3))
    yield call(make.distinct(2, 3), INF)
    yield call(make.distinct(2, 3), -INF, 0, keepdim=True)


@samples("dist")
def _(make):
    yield call(make(2, 3), make(2, 3))
    yield call(make(2, 3), make(3))
    for p in (0, 1, 2, 3, 0.5):
        yield call(make(2, 1), make(3, low=3, high=4), p)
    yield call(make.distinct(5), make.distinct(5, gap=0.33), INF)


@samples("renorm")
def _(make):
    for p in (1, 2, 3.5):
        yield call(make.away(3, 4), p, 0, 2)
        yield call(make.away(3, 4).t(), p, -1, 3.0)
        yield call(make.away(2, 3, 2), p, 1, 2)


@samples("softmax", "log_softmax")
def _(make):
    yield call(make(5), 0)
    yield call(make(), 0)
    yield call(make(3, 4), -1)
    yield call(make(3, 4).t(), 1)
    yield call(make(2, 3, 4), 1)
    yield call(make(3, 1).expand(3, 4), 1)
    yield call(make(0, 3), 1)
    yield call(make(3, 0), 1)


@samples("logsumexp")
def _(make):
    yield call(make(5), 0)
    yield call(make(), 0)
    yield call(make(3, 4), -1, keepdim=True)
    yield call(make(3, 4).t(), 1)
    yield call(make(2, 3, 4), (0, 2))
    yield call(make(2, 3, 4), (0, 1), True)
    yield call(make(0, 3), 1)
    yield call(make(3, 2, low=-800, high=800), 0)
