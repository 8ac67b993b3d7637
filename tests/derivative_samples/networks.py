"""Calls of the operators of wengert.autograd.derivatives.networks."""

from . import call, samples

# ---- convolutions


def convolutions(make, dims, transposed=False):
    """Input, weight and bias of small convolutions, with every number at two values or more."""
    sizes = (5, 4, 3)[:dims]
    for options in (
        {},
        {"padding": 1, "stride": 2},
        {"dilation": 2, "padding": 2},
        {"groups": 2, "padding": 1},
        {"stride": (2, 1, 3)[:dims], "padding": (1, 0, 1)[:dims], "groups": 3},
    ):
        groups = options.get("groups", 1)
        channels = 1 if groups == 3 else 2
        kernel = (2, 3, 2)[:dims]
        shape = (channels * groups, 2, *kernel) if transposed else (2 * groups, channels, *kernel)
        yield make(2, channels * groups, *sizes), make(*shape), make(2 * groups), options


def conv_samples(dims):
    @samples(f"conv{dims}d")
    def _(make):
        for input, weight, bias, options in convolutions(make, dims):
            yield call(input, weight, bias, **options)
        yield call(make(2, *[4] * dims), make(3, 2, *[2] * dims))

    @samples(f"conv{dims}d.padding")
    def _(make):
        yield call(make(1, 2, *[4] * dims), make(2, 2, *[2] * dims), make(2), padding="same", dilation=2)
        yield call(make(1, 2, *[4] * dims), make(2, 2, *[3] * dims), padding="same")
        yield call(make(1, 2, *[4] * dims), make(2, 2, *[2] * dims), padding="valid", stride=2)

    @samples(f"conv_transpose{dims}d")
    def _(make):
        for input, weight, bias, options in convolutions(make, dims, transposed=True):
            yield call(input, weight, bias, **options)
        yield call(make(1, 2, *[3] * dims), make(2, 1, *[2] * dims), stride=3, output_padding=2)


for dims in (1, 2, 3):
    conv_samples(dims)


@samples("_conv_forward")
def _(make):
    yield call(make(2, 4, 5, 4), make(2, 2, 3, 2), (2, 2, 2, 3), (2, 1), (0, 0), (1, 1), 2)
    yield call(make(3, 5), make(2, 3, 2), (2, 4))


@samples("_conv_input_gradient")
def _(make):
    yield call(make(2, 2, 2, 3), make(2, 2, 3, 2), (2, 4, 5, 4), (2, 1), (0, 0), (1, 1), 2)
    yield call(make(2, 4), make(2, 3, 2), (3, 5))


@samples("_conv_weight_gradient")
def _(make):
    yield call(make(2, 2, 2, 3), make(2, 4, 5, 4), (2, 2, 3, 2), (2, 1), (0, 0), (1, 1), 2)
    yield call(make(2, 4), make(3, 5), (2, 3, 2))


# ---- pooling: elements are distinct, since the derivative of a maximum jumps at ties


def pool_samples(dims):
    sizes = (7, 6, 5)[:dims]

    @samples(f"max_pool{dims}d", f"max_pool{dims}d_with_indices")
    def _(make):
        yield call(make.distinct(2, 2, *sizes), 2)
        yield call(make.distinct(1, *sizes), (3, 2, 2)[:dims], stride=(2, 1, 2)[:dims], padding=1, ceil_mode=True)
        yield call(make.distinct(1, 1, *sizes), 2, 1, 0, 2)

    @samples(f"avg_pool{dims}d")
    def _(make):
        yield call(make(2, 2, *sizes), 2)
        yield call(
            make(1, *sizes), (3, 2, 2)[:dims], stride=(2, 1, 2)[:dims], padding=1, ceil_mode=True, count_include_pad=False
        )
        yield call(make(1, 1, *sizes), 3, 1, 1, True)
        if dims > 1:
            yield call(make(1, *sizes), 2, divisor_override=3)

    @samples(f"adaptive_avg_pool{dims}d")
    def _(make):
        for output in (1, (3, 4, 2)[:dims], sizes):
            yield call(make(2, 2, *sizes), output)

    @samples(f"adaptive_max_pool{dims}d")
    def _(make):
        for output in (1, (3, 4, 2)[:dims], sizes):
            yield call(make.distinct(2, 1, *sizes), output)


for dims in (1, 2, 3):
    pool_samples(dims)


@samples("_max_pool_gradient")
def _(make):
    yield call(make(2, 3, 4), make.index(2, 3, 4, high=9), (2, 3, 9), 1)
    yield call(make(2, 2, 2), make.index(2, 2, 2, high=12), (2, 3, 4), 2)


@samples("_avg_pool_gradient")
def _(make):
    yield call(make(2, 2), (2, 5), (2,), (2,))
    yield call(make(1, 3, 3), (1, 5, 4), (3, 2), (2, 2), 1, True, False)
    yield call(make(1, 2, 2), (1, 4, 4), (2, 2), None, 0, False, True, 3)


@samples("_adaptive_avg_pool_gradient")
def _(make):
    yield call(make(2, 3), (2, 7), 1)
    yield call(make(1, 2, 3), (1, 5, 4), 2)
