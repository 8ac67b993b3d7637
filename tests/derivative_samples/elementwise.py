"""Calls of the operators of wengert.autograd.derivatives.elementwise, where a domain alone does not do."""

from . import call, samples

SHAPES = [((3, 4), (3, 4)), ((3, 1), (1, 4)), ((2, 3, 4), (4,)), ((), (3,)), ((0, 3), (1, 3)), ((), ())]


def pairs(first, second, **options):
    """Two tensors of one shape, broadcast against each other either way, without elements, and without dimensions."""
    for a, b in SHAPES:
        yield call(first(*a), second(*b), **options)


def singles(one, **options):
    for shape in ((3, 4), (), (0, 3)):
        yield call(one(*shape), **options)
    yield call(one(3, 4).t(), **options)
    yield call(one(3, 1).expand(3, 4), **options)


def between(make, *shape, grad=True):
    """Elements at least 0.2 away from whole numbers and from halves between them."""
    parts = make.random.uniform(0.2, 0.3, shape) + make.random.choice([0.0, 0.5], shape)
    return make.leaf(make.random.integers(-3, 3, shape) + parts, grad)


def grid(make, *shape, offset=0.0):
    """Multiples of 0.1, shifted by offset: two grids have no ties and no element near the other's."""
    return make.leaf(make.random.integers(-10, 11, shape) * 0.1 + offset, True)


# Arithmetic


@samples("add", "sub")
def _(make):
    yield from pairs(make, make)
    yield from pairs(make, make, alpha=-2.5)
    yield call(make(3, 4).t(), make(3).expand(4, 3), alpha=3)
    yield call(make(3, 4), 1.5)
    yield call(make(3, 4), 2, alpha=2)
    yield call(1.5, make(3, 4))
    yield call(2, make(3, 4), alpha=0.5)
    yield call(make(3, 4), make.index(4, high=5))


@samples("rsub")
def _(make):
    yield from pairs(make, make)
    yield from pairs(make, make, alpha=-2.5)
    yield call(make(3, 4), 1.5)
    yield call(make(3, 4), 2, alpha=2)


@samples("mul")
def _(make):
    yield from pairs(make, make)
    yield call(make(3, 4).t(), make(3).expand(4, 3))
    yield call(make(3, 4), 1.5)
    yield call(-2, make(3, 4))
    yield call(make(3, 4), make.index(4, high=5))
    yield call(make.mask(3, 4), make(4))


@samples("div")
def _(make):
    yield from pairs(make, make.away)
    yield call(make(3, 4).t(), make.away(3).expand(4, 3))
    yield call(make(3, 4), 1.5)
    yield call(-2, make.away(3, 4))
    yield call(make.index(3, 4, high=5), make.away(4))
    for rounding_mode in ("floor", "trunc"):
        yield call(between(make, 3, 4), 1, rounding_mode=rounding_mode)
        yield call(make(3, 1, low=0.2, high=0.9), make(1, 4, low=1.1), rounding_mode=rounding_mode)


def remainders(make):
    for _ in range(3):
        quotient, divisor = between(make, 3, 4, grad=False), make.away(3, 4, low=0.6, grad=False)
        yield call(make.leaf(quotient * divisor, True), make.leaf(divisor, True))
    yield from pairs(lambda *shape: make.away(*shape, high=0.9), lambda *shape: make(*shape, low=1.1))
    yield call(between(make, 3, 4), 1)
    yield call(between(make, 3, 4), -0.5)


@samples("fmod")
def _(make):
    yield from remainders(make)


@samples("remainder")
def _(make):
    yield from remainders(make)
    yield call(1.0, make.away(3, 4, low=0.6, high=0.9))


@samples("abs", "sign", "angle")
def _(make):
    yield from singles(make.away)


# Rounding and signs


@samples("floor", "ceil", "trunc", "round", "frac")
def _(make):
    yield from singles(lambda *shape: between(make, *shape))


@samples("round.decimals")
def _(make):
    yield from singles(lambda *shape: between(make, *shape), decimals=0)
    yield call(make.leaf(between(make, 3, 4, grad=False) / 10, True), decimals=1)


@samples("floor_divide")
def _(make):
    yield call(between(make, 3, 4), 1)
    yield call(make(3, 1, low=0.2, high=0.9), make(1, 4, low=1.1))
    yield call(1.0, make.away(3, 4, low=0.6, high=0.9))


@samples("heaviside")
def _(make):
    yield from pairs(make.away, make)
    yield call(make.mask(3, 4).double(), make(4))


@samples("copysign")
def _(make):
    yield from pairs(make.away, make.away)
    yield call(make.away(3, 4), -1.5)
    yield call(make.away(3, 4), 2)
    yield call(make.away(3, 4), make.index(4, high=3))


@samples("nextafter")
def _(make):
    yield from pairs(make, lambda *shape: make(*shape, low=3, high=4))


@samples("ldexp")
def _(make):
    yield from pairs(make, make)
    yield call(make(3, 4), make.index(4, high=5))


@samples("frexp")
def _(make):
    yield from singles(lambda *shape: make.away(*shape, low=1.1, high=1.9))
    yield call(make.leaf([[3.0, -5.0, 100.0], [0.3, 0.7, -1e-3]], True))


# Powers and exponentials


@samples("pow")
def _(make):
    def base(*shape):
        return make(*shape, low=0.4)

    yield from pairs(base, make)
    for exponent in (-2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.0, 2.5, 3, 4.0):
        yield call(base(3, 4), exponent)
    for exponent in (-1, 0, 1, 2, 3):
        yield call(make.away(4), exponent)
    yield call(make.away(3, 4), make.index(3, 4, high=4))
    yield call(make.index(3, 4, high=4) + 1, make(4))
    for number in (2, 0.5, 1, 10.0):
        yield call(number, make(3, 4))


@samples("float_power")
def _(make):
    yield from pairs(lambda *shape: make(*shape, low=0.4), make)
    for exponent in (-1, 0, 1, 2, 2.5):
        yield call(make(3, 4, low=0.4), exponent)
    yield call(make.away(3, 4), make.index(3, 4, high=4))
    yield call(make.index(3, 4, high=4) + 1, make(4))
    yield call(2, make(3, 4))


@samples("atan2", "hypot")
def _(make):
    yield from pairs(make.away, make.away)


# Choosing and mixing


@samples("relu")
def _(make):
    yield from singles(make.away)


@samples("maximum", "minimum", "fmax", "fmin")
def _(make):
    yield from pairs(lambda *shape: grid(make, *shape), lambda *shape: grid(make, *shape, offset=0.05))


@samples("where")
def _(make):
    for a, b in SHAPES:
        yield call(make.mask(3, 4) if a == (3, 1) else make.mask(*a), make(*a), make(*b))
    yield call(make.mask(2, 1, 3), make(4, 1), make())
    yield call(make.mask(3, 4), make(3, 4), -1.5)
    yield call(make.mask(3, 4), 2, make(3, 4))
    yield call(make.mask(3, 4), make(4, 3).t(), make(3, 1).expand(3, 4))


@samples("where.self")
def _(make):
    yield call(make(3, 4), make.mask(3, 4), make(4))
    yield call(make(3, 1), make.mask(4), make(2, 1, 1))
    yield call(make(3, 4), make.mask(3, 1), 0.5)


@samples("masked_fill")
def _(make):
    yield call(make(3, 4), make.mask(3, 4), 2)
    yield call(make(3, 4), make.mask(4), make())
    yield call(make(4), make.mask(3, 4), make())
    yield call(make(3, 1), make.mask(1, 4), -1.5)
    yield call(make(0, 3), make.mask(3), make())
    yield call(make(), make.mask(), make())
    yield call(make(4, 3).t(), make.mask(3, 1), make())


@samples("clamp")
def _(make):
    def bounds(*shape, offset):
        return grid(make, *shape, offset=offset)

    for low, high in ((-0.45, 0.35), (None, 0.35), (-0.45, None), (0.35, -0.45)):
        yield call(grid(make, 3, 4), low, high)
    yield call(grid(make, 4, 3).t(), min=-0.45, max=0.85)
    for shape in ((3, 4), (4,), (2, 1, 1), ()):
        yield call(grid(make, 3, 4), bounds(*shape, offset=0.03), bounds(*shape, offset=0.06))
    yield call(grid(make, 3, 4), bounds(4, offset=0.03), None)
    yield call(grid(make, 3, 1), None, bounds(4, offset=0.03))
    yield call(grid(make, 3, 4), bounds(3, 4, offset=0.03), bounds(1, 4, offset=0.46))
    yield call(grid(make, 0, 3), bounds(3, offset=0.03), bounds(1, offset=0.46))


@samples("clamp_min", "clamp_max")
def _(make):
    yield from pairs(lambda *shape: grid(make, *shape), lambda *shape: grid(make, *shape, offset=0.05))
    yield call(grid(make, 3, 4), 0.25)


@samples("lerp")
def _(make):
    yield call(make(3, 4), make(3, 4), 0.3)
    yield call(make(3, 1), make(1, 4), 1.7)
    for a, b in SHAPES:
        yield call(make(*a), make(*a), make(*b))
    yield call(make(3, 1), make(4), make(2, 1, 1))


@samples("addcmul")
def _(make):
    for a, b in SHAPES:
        yield call(make(*a), make(*b), make(*b))
    yield call(make(3, 1), make(4), make(2, 1, 1), value=-2.5)
    yield call(make(4, 3).t(), make(3, 4), make(3, 1).expand(3, 4), value=3)


@samples("addcdiv")
def _(make):
    for a, b in SHAPES:
        yield call(make(*a), make(*b), make.away(*b))
    yield call(make(3, 1), make(4), make.away(2, 1, 1), value=-2.5)
    yield call(make(4, 3).t(), make(3, 4), make.away(3, 1).expand(3, 4), value=3)
