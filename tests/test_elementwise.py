"""Every elementwise operator of the op table, for every dtype, layout and length, against NumPy."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import wengert as torch
from reference import (
    DTYPES,
    FLOATS,
    INTS,
    LENGTHS,
    ULPS,
    assert_near,
    assert_same,
    bits,
    dtype_of,
    into_domain,
    layouts,
    oracle,
    samples,
    scale_of,
)

ROWS = [op for op in torch._C.op_table() if op["family"] == "elementwise" and op["dtypes"]]
FLOATS_ONLY = {"frac", "logaddexp", "logaddexp2", "hypot", "nextafter"}  # others make floats of integers
NAN, INF = float("nan"), float("inf")
SPECIAL = [NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 1e-45, 3.4e38]


def arity(op):
    return sum(arg["kind"] == "Tensor" for arg in op["args"])


def compute_dtype(op, dtype):
    """The dtype a row computes in for operands of dtype; None where it is not defined for it."""
    if dtype in op["dtypes"]:
        return dtype
    if op["name"] in FLOATS_ONLY:
        return None
    return "float32" if not set(op["dtypes"]) & set(INTS) else None


CASES = [pytest.param(op, dtype, id=f"{op['name']}-{dtype}") for op in ROWS for dtype in DTYPES if compute_dtype(op, dtype)]
every_case = pytest.mark.parametrize("op, dtype", CASES)
every_row = pytest.mark.parametrize("op", [pytest.param(op, id=op["name"]) for op in ROWS])


def inputs(op, shape, dtype, seed=0):
    return into_domain(op["name"], [samples(shape, dtype, 10 * seed + i) for i in range(arity(op))])


def expected(op, dtype, arrays):
    """(dtype, exact values) of the result."""
    computed = compute_dtype(op, dtype)
    exact = oracle(op["name"])(*(array.astype(computed) for array in arrays))
    return ("bool" if exact.dtype == bool else computed), exact


def check(op, dtype, tensors, arrays, about=""):
    result_dtype, exact = expected(op, dtype, arrays)
    result = getattr(torch, op["public_name"])(*tensors)
    assert_near(result, exact, result_dtype, ULPS.get(op["name"], 0.51), about, scale_of(op["name"], arrays))
    return result


def test_the_table_has_the_lectures_operators():
    names = {op["name"] for op in ROWS}
    assert names >= {"add", "sub", "mul", "div", "neg", "abs", "eq", "ne", "lt", "le", "gt", "ge"}


@every_case
def test_lengths(op, dtype):
    for length in LENGTHS:
        arrays = inputs(op, length, dtype, length)
        check(op, dtype, [torch.tensor(a) for a in arrays], arrays, length)


@every_case
def test_layouts(op, dtype):
    """Every combination of layouts gives the values, and the very bits, of contiguous operands."""
    for shape in [(2, 3, 4), (3, 65), (4, 1), ()]:
        choices = [list(layouts(array)) for array in inputs(op, shape, dtype)]
        for combination in itertools.product(*choices):
            names, tensors, arrays = zip(*combination, strict=True)
            result = check(op, dtype, tensors, arrays, (shape, names))
            dense = getattr(torch, op["public_name"])(*(torch.tensor(np.ascontiguousarray(a)) for a in arrays))
            assert bits(result) == bits(dense), (shape, names)


@every_case
def test_forms(op, dtype):
    """Method, alias, out= and in-place form do what the function does."""
    arrays = inputs(op, (3, 9), dtype)
    tensors = [torch.tensor(array) for array in arrays]
    result = getattr(torch, op["public_name"])(*tensors)
    for name in (op["public_name"], *op["aliases"]):
        assert_same(getattr(torch, name)(*tensors), result.numpy())
        if "method" in op["forms"]:
            assert_same(getattr(tensors[0], name)(*tensors[1:]), result.numpy())
    if "out" in op["forms"]:
        for out in (torch.zeros(0, dtype=result.dtype), torch.zeros(9, 3, dtype=result.dtype).t()):
            assert getattr(torch, op["public_name"])(*tensors, out=out) is out
            assert_same(out, result.numpy())
    if "inplace" in op["forms"]:
        for make in (lambda t: t.clone(), lambda t: t.clone().t().contiguous().t()):
            target = make(tensors[0])
            if torch.can_cast(result.dtype, target.dtype):
                assert getattr(target, op["public_name"] + "_")(*tensors[1:]) is target
                assert_same(target, result.to(target.dtype).numpy())


@every_case
def test_empty(op, dtype):
    for shape in [(0,), (0, 3), (3, 0, 2)]:
        arrays = inputs(op, shape, dtype)
        check(op, dtype, [torch.tensor(a) for a in arrays], arrays, shape)


BINARY = [pytest.param(op, id=op["name"]) for op in ROWS if arity(op) == 2]


@pytest.mark.parametrize("op", BINARY)
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4, min_side=0), st.data())
def test_broadcasting(op, shapes, data):
    dtype = "float32" if compute_dtype(op, "float32") else "int32"
    pairs = [
        data.draw(st.sampled_from(list(layouts(array))))
        for array in into_domain(op["name"], [samples(shape, dtype, seed) for seed, shape in enumerate(shapes.input_shapes)])
    ]
    result = check(op, dtype, [p[1] for p in pairs], [p[2] for p in pairs], [p[0] for p in pairs])
    assert tuple(result.shape) == shapes.result_shape


@every_row
def test_special_values(op):
    for dtype in FLOATS:
        if not compute_dtype(op, dtype):
            continue
        columns = list(itertools.product(SPECIAL, repeat=arity(op)))
        for repeat in (1, 20):  # in the tail, and in full vectors
            arrays = [np.array(column * repeat).astype(dtype) for column in zip(*columns, strict=True)]
            exact_dtype, exact = expected(op, dtype, arrays)
            result = getattr(torch, op["public_name"])(*(torch.tensor(a) for a in arrays))
            with np.errstate(all="ignore"):
                rounded = exact.astype(exact_dtype)
            if op["name"] in ("maximum", "minimum", "fmax", "fmin"):  # either zero may win
                rounded, result = rounded + 0.0, result + 0.0
            if op["name"] in ULPS:
                assert_near(result, exact, exact_dtype, ULPS[op["name"]], scale=scale_of(op["name"], arrays))
                assert_same(
                    torch.where(torch.tensor(exact == 0), result, 1.0), np.where(exact == 0, rounded, rounded.dtype.type(1))
                )
            else:
                assert_same(result, rounded)


@pytest.mark.parametrize("dtype", INTS)
def test_integers_wrap(dtype):
    info = np.iinfo(dtype)
    ends = np.array([info.min, info.min + 1, 0, 1, info.max - 1, info.max] * 12, dtype)
    x, y = torch.tensor(ends), torch.tensor(ends[::-1].copy())
    with np.errstate(over="ignore"):
        assert_same(x + x, ends + ends)
        assert_same(x - y, ends - ends[::-1])
        assert_same(x * x, ends * ends)
        assert_same(-x, -ends)
        assert_same(abs(x), np.abs(ends))


@pytest.mark.parametrize("dtype", [*INTS, *FLOATS])
def test_division(dtype):
    a, b = samples(200, dtype, 1), samples(200, dtype, 2)
    b[b == 0] = 1
    if dtype in INTS:
        b[::2] = np.random.default_rng(0).integers(1, 12, 100)
        a[:4], b[:4] = np.iinfo(dtype).min, [1, 2, 3, 1 if dtype.startswith("u") else -1]
    x, y = torch.tensor(a), torch.tensor(b)
    if dtype in INTS:
        with np.errstate(over="ignore"):
            floor = a // b
            truncated = floor + ((a % b != 0) & ((a < 0) != (b < 0))).astype(dtype)
        assert_same(torch.div(x, y), a.astype("float32") / b.astype("float32"))
    else:
        floor, truncated = a // b, np.trunc(a / b)
        assert_same(torch.div(x, y), a / b)
    assert_same(torch.div(x, y, rounding_mode="floor"), floor)
    assert_same(torch.div(x, y, rounding_mode="trunc"), truncated)
    assert_same(x.div(y, rounding_mode=None), (x / y).numpy())
    assert x.div_(y, rounding_mode="trunc") is x
    assert_same(x, truncated)


def test_division_by_zero():
    ints = torch.tensor([1, 0, -1])
    assert str((ints / 0).tolist()) == "[inf, nan, -inf]"
    floats = torch.tensor([1.0, 0.0, -1.0])
    assert str(torch.div(floats, 0.0, rounding_mode="floor").tolist()) == "[inf, nan, -inf]"
    for mode in ("floor", "trunc"):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            torch.div(ints, torch.tensor([1, 0, 1]), rounding_mode=mode)
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            ints.div_(0, rounding_mode=mode)
    assert ints.tolist() == [1, 0, -1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_alpha(dtype):
    a, b = samples((5, 7), dtype, 1), samples((5, 7), dtype, 2)
    x, y = torch.tensor(a), torch.tensor(b)
    if dtype == "bool":
        assert_same(torch.add(x, y, alpha=True), a | b)
        assert_same(torch.add(x, y, alpha=False), a)
        return
    alpha = 3 if dtype in INTS else 2.5
    with np.errstate(over="ignore"):
        scaled = b * np.array(alpha, dtype)
        plus, minus = a + scaled, a - scaled
    if dtype in INTS:
        assert_same(torch.add(x, y, alpha=alpha), plus)
        assert_same(torch.sub(x, y, alpha=alpha), minus)
    else:
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(torch.add(x, y, alpha=alpha).numpy(), plus, rtol=eps, atol=4 * eps)
        np.testing.assert_allclose(torch.sub(x, y, alpha=alpha).numpy(), minus, rtol=eps, atol=4 * eps)
    z = x.clone()
    assert z.add_(y, alpha=alpha) is z
    assert_same(z, torch.add(x, y, alpha=alpha).numpy())
    assert_same(torch.add(x, 2, alpha=3), (x + 6).numpy())


def test_operators_are_the_functions():
    x, y = torch.tensor([[3.0, -2.0], [0.5, 8.0]]), torch.tensor([2.0, -2.0])
    pairs = [
        (x + y, torch.add(x, y)),
        (x - y, torch.sub(x, y)),
        (x * y, torch.mul(x, y)),
        (x / y, torch.div(x, y)),
        (-x, torch.neg(x)),
        (abs(x), torch.abs(x)),
        (x == y, torch.eq(x, y)),
        (x != y, torch.ne(x, y)),
        (x < y, torch.lt(x, y)),
        (x <= y, torch.le(x, y)),
        (x > y, torch.gt(x, y)),
        (x >= y, torch.ge(x, y)),
    ]
    for operator, function in pairs:
        assert_same(operator, function.numpy())
    assert +x is x
    assert (2 - y).tolist() == [0, 4] and (4 / y).tolist() == [2, -2] and (y > 1).tolist() == [True, False]
    assert (2 + y).tolist() == (y + 2).tolist() == [4, 0] and (3 * y).tolist() == [6, -6]
    z = y
    z += 1
    z *= torch.tensor(2.0)
    z -= 2
    z /= 2
    assert z is y and y.tolist() == [2, -2]
    assert (x == None) is False and (x != "a") is True  # noqa: E711
    for expression in (lambda: x + "a", lambda: None * x, lambda: x < "a", lambda: x @ 3, lambda: [1] - x):
        with pytest.raises(TypeError, match=r"unsupported operand|not supported between"):
            expression()


def test_comparison_of_large_integers_is_exact():
    big = 2**53
    x = torch.tensor([big, big + 1])
    assert (x == big).tolist() == [True, False] and (x > big).tolist() == [False, True]
    assert (torch.tensor([255], dtype=torch.uint8) > torch.tensor([-1], dtype=torch.int8)).item() is True
    assert dtype_of("bool") == (x == x).dtype


def floats(values, dtype="float32"):
    return torch.tensor(values, dtype=dtype_of(dtype))


@pytest.mark.parametrize("dtype", FLOATS)
def test_remainders_of_infinities_and_zeros(dtype):
    """A zero has the sign of the dividend; a remainder takes the divisor, infinite or not, to come to its side."""
    x = floats([5, -5, INF, -INF, NAN, 0.0, -0.0, 5, -5, 4, -4, 0.0], dtype)
    y = floats([INF, INF, 2, 2, 2, 2, 2, -INF, -INF, -2, 2, 0.0], dtype)
    assert str(torch.remainder(x, y).tolist()) == str([5, INF, NAN, NAN, NAN, 0.0, -0.0, -INF, -5, 0.0, -0.0, NAN]).replace(
        "[5,", "[5.0,"
    ).replace("-5,", "-5.0,")
    assert str(torch.fmod(x, y).tolist()) == "[5.0, -5.0, nan, nan, nan, 0.0, -0.0, 5.0, -5.0, 0.0, -0.0, nan]"
    assert str((x // y).tolist()) == "[0.0, -1.0, nan, nan, nan, 0.0, -0.0, -1.0, 0.0, -2.0, -2.0, nan]"
    assert str((floats([1, -1, 0], dtype) // 0).tolist()) == "[inf, -inf, nan]"


@pytest.mark.parametrize("dtype", FLOATS)
def test_remainders_are_exact(dtype):
    """Quotients up to and beyond the digits of the dtype, next to whole numbers, and of subnormals."""
    rng = np.random.default_rng(5)
    a = (rng.standard_normal(3000) * 2.0 ** rng.integers(-60, 60, 3000)).astype(dtype)
    b = (rng.standard_normal(3000) * 2.0 ** rng.integers(-60, 60, 3000)).astype(dtype)
    whole = np.rint(rng.standard_normal(1000) * 1000).astype(dtype)
    a[:1000] = np.nextafter(whole * b[:1000], np.where(whole > 0, -INF, INF).astype(dtype))
    tiny = np.finfo(dtype).smallest_subnormal
    a[1000:1100], b[1000:1100] = tiny * rng.integers(0, 99, 100).astype(dtype), tiny * rng.integers(1, 9, 100).astype(dtype)
    x, y = torch.tensor(a), torch.tensor(b)
    with np.errstate(all="ignore"):
        assert_same(torch.fmod(x, y), np.fmod(a, b))
        assert_same(torch.remainder(x, y), oracle("remainder")(a, b).astype(dtype))
        assert_same(torch.floor_divide(x, y), np.floor_divide(a, b))


def test_integer_division_and_shifts():
    x, y = torch.tensor([5, -5, 5, -5]), torch.tensor([3, 3, -3, -3])
    assert (x % y).tolist() == [2, 1, -1, -2] and torch.fmod(x, y).tolist() == [2, -2, 2, -2]
    assert (x // y).tolist() == [1, -2, -2, 1] and (7 // y).tolist() == [2, 2, -3, -3] and (7 % y).tolist() == [1, 1, -2, -2]
    for dtype in ("int8", "int16", "int32", "int64"):
        low = np.iinfo(dtype).min
        smallest = torch.tensor([low], dtype=dtype_of(dtype))
        assert (smallest // -1).tolist() == [low] and (smallest % -1).tolist() == torch.fmod(smallest, -1).tolist() == [0]
    for operation in (torch.remainder, torch.fmod, torch.floor_divide, lambda a, b: a % b, lambda a, b: a // b):
        for divisor in (0, torch.tensor(0), torch.tensor([1, 0, 1, 1])):
            with pytest.raises(RuntimeError, match="ZeroDivisionError"):
                operation(x, divisor)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        torch.tensor([5], dtype=torch.uint8) % 256  # a number wraps
    assert (torch.tensor([1, 2]) << 63).tolist() == [-(2**63), 0]
    assert (torch.tensor([1, -1]) << -1).tolist() == [0, 0] and (torch.tensor([-1, 2]) >> -1).tolist() == [-1, 0]
    assert (torch.tensor([-1, 2]) >> 64).tolist() == [-1, 0] and (1 << torch.tensor([3, 70])).tolist() == [8, 0]
    assert torch.lcm(torch.tensor([4, 0]), torch.tensor([-6, 3])).tolist() == [12, 0]
    assert torch.gcd(torch.tensor([0, -12]), torch.tensor([0, 18])).tolist() == [0, 6]


@pytest.mark.parametrize("dtype", INTS)
def test_integer_division_at_the_edges(dtype):
    """Operands about powers of two, quotients next to whole numbers, and both ends of the dtype."""
    rng = np.random.default_rng(7)
    limits = np.iinfo(dtype)
    n, width = 4000, limits.bits

    def numbers():
        size = rng.integers(0, width, n)
        values = [(int(rng.integers(0, 2**63)) * 2 + int(rng.integers(2))) >> (64 - 1 - int(s)) for s in size]
        near = [2 ** int(s) + int(d) for s, d in zip(size, rng.integers(-2, 3, n), strict=True)]
        values[::2] = near[::2]
        values = [-v if limits.min and rng.integers(2) else v for v in values]
        return [min(max(v, limits.min), limits.max) for v in values]

    a, b = numbers(), [v or 1 for v in numbers()]
    for i in range(0, n, 3):  # about a multiple
        whole = a[i] // b[i] * b[i] + int(rng.integers(-1, 2))
        a[i] = min(max(whole, limits.min), limits.max)
    a[:6] = [limits.min, limits.max] * 3
    b[:6] = [1, 1, limits.max, limits.max, limits.min or 1, limits.min or 1]
    a[6:10], b[6:10] = [limits.min, limits.max - 1] * 2, [limits.max - 1, limits.max, -1 if limits.min else 1, limits.max - 2]

    def truncated(x, y):
        return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)

    def wrap(values):
        return [(v - limits.min) % 2**width + limits.min for v in values]

    x, y = torch.tensor(a, dtype=dtype_of(dtype)), torch.tensor(b, dtype=dtype_of(dtype))
    pairs = list(zip(a, b, strict=True))
    assert torch.floor_divide(x, y).tolist() == wrap(u // v for u, v in pairs)
    assert torch.remainder(x, y).tolist() == [u % v for u, v in pairs]
    assert torch.div(x, y, rounding_mode="trunc").tolist() == wrap(truncated(u, v) for u, v in pairs)
    assert torch.fmod(x, y).tolist() == [u - truncated(u, v) * v for u, v in pairs]
    for v in b[:40]:  # one divisor for all, and one dividend
        assert (x // v).tolist() == wrap(u // v for u in a) and (v % y).tolist() == [v % u for u in b]
    gcds = wrap(math.gcd(u, v) for u, v in pairs)
    assert torch.gcd(x, y).tolist() == gcds
    multiples = [(lcm, u, v) for lcm, (u, v) in zip(torch.lcm(x, y).tolist(), pairs, strict=True) if abs(u * v) <= limits.max]
    assert all(lcm == math.lcm(u, v) for lcm, u, v in multiples) and len(multiples) > n // 8


@pytest.mark.parametrize("dtype", INTS)
def test_shifts_by_any_number(dtype):
    limits = np.iinfo(dtype)
    places = [p for p in [*range(-3, 140), limits.max, limits.min] if limits.min <= p <= limits.max]
    values = [limits.min, limits.max, 0, 1, limits.max // 3, limits.min // 3]
    left = [[(v << p if 0 <= p < limits.bits else 0) for p in places] for v in values]
    left = [[(v - limits.min) % 2**limits.bits + limits.min for v in row] for row in left]
    right = [[v >> (p if 0 <= p < limits.bits else limits.bits) for p in places] for v in values]
    x, p = torch.tensor(values, dtype=dtype_of(dtype)), torch.tensor(places, dtype=dtype_of(dtype))
    assert (x[:, None] << p).tolist() == left and (x[:, None] >> p).tolist() == right
    dense = x[:, None].expand(-1, len(places)).contiguous()
    assert (dense << p.expand_as(dense).contiguous()).tolist() == left
    assert [(x >> int(k)).tolist() for k in places] == [list(column) for column in zip(*right, strict=True)]


def test_bool_and_the_bitwise_operators():
    t, f = torch.tensor([True, False]), torch.tensor([False, False])
    assert (t & f).tolist() == [False, False] and (t | f).tolist() == (t ^ f).tolist() == [True, False]
    assert (~t).tolist() == [False, True] and (t & 3).dtype == torch.int64
    for operation in (torch.remainder, torch.fmod, torch.floor_divide, torch.bitwise_left_shift, torch.bitwise_right_shift):
        with pytest.raises(NotImplementedError, match="not implemented for 'Bool'"):
            operation(t, f)
    for operation in (torch.bitwise_and, torch.bitwise_left_shift, torch.gcd):
        with pytest.raises(NotImplementedError, match="not implemented for 'Float'"):
            operation(torch.ones(2), torch.ones(2))
    with pytest.raises(TypeError, match="only implemented on integer and Boolean-type tensors"):
        ~torch.ones(2)
    with pytest.raises(RuntimeError, match="Boolean inputs not supported for relu"):
        t.relu()
    with pytest.raises(RuntimeError, match="heaviside is not yet implemented for tensors with different dtypes"):
        torch.heaviside(torch.ones(2), torch.ones(2, dtype=torch.float64))


def test_every_operator_has_reflected_and_inplace_forms():
    x, y = torch.tensor([5, -7]), torch.tensor([2, 3])
    for symbol in ("+", "-", "*", "//", "%", "&", "|", "^", "<<", ">>"):
        of_numbers = [eval(f"a {symbol} b") for a, b in zip([5, -7], [2, 3], strict=True)]
        assert eval(f"x {symbol} y").tolist() == of_numbers, symbol
        assert eval(f"5 {symbol} y").tolist() == [eval(f"5 {symbol} b") for b in (2, 3)], symbol
        z = x.clone()
        scope = {"z": z, "y": y}
        exec(f"z {symbol}= y", scope)
        assert scope["z"] is z and z.tolist() == of_numbers, symbol
        for expression in (f"x {symbol} None", f"None {symbol} x"):
            with pytest.raises(TypeError, match="unsupported operand"):
                eval(expression)
    for name in ("div", "truediv"):
        assert getattr(y, f"__r{name}__")(6).tolist() == [3, 2]
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output type Long"):
        x //= 2.5
    with pytest.raises(TypeError, match="unsupported operand"):
        divmod(x, 2)


def test_rounding():
    x = floats([0.5, 1.5, -0.5, -2.5, NAN, INF, -0.0, 2.0**23 + 1, -8388609.0])
    assert str(x.round().tolist()) == "[0.0, 2.0, -0.0, -2.0, nan, inf, -0.0, 8388609.0, -8388609.0]"
    assert str(x.ceil().tolist()) == "[1.0, 2.0, -0.0, -2.0, nan, inf, -0.0, 8388609.0, -8388609.0]"
    assert str(x.floor().tolist()) == "[0.0, 1.0, -1.0, -3.0, nan, inf, -0.0, 8388609.0, -8388609.0]"
    assert str(x.fix().tolist()) == "[0.0, 1.0, -0.0, -2.0, nan, inf, -0.0, 8388609.0, -8388609.0]"
    y = floats([0.125, 1.567, 1234.5, NAN, INF, -0.0], "float64")
    assert str(y.round(decimals=2).tolist()) == "[0.12, 1.57, 1234.5, nan, nan, -0.0]".replace("nan, nan", "nan, inf")
    assert str(torch.round(y, decimals=-2).tolist()) == "[0.0, 0.0, 1200.0, nan, inf, -0.0]"
    with pytest.raises(NotImplementedError, match="\"round_cpu\" not implemented for 'Long'"):
        torch.round(torch.tensor([15]), decimals=-1)
    for name in ("floor", "ceil", "trunc", "round", "frac", "sign"):
        with pytest.raises(RuntimeError, match="Found dtype Double but expected Float"):
            getattr(torch, name)(torch.ones(2), out=torch.empty(2, dtype=torch.float64))


def test_functions_that_write_in_place():
    """PyTorch has some of the in-place methods as functions too."""
    x = torch.tensor([1.0, -4.0])
    assert torch.relu_(x) is x and torch.sqrt_(torch.square_(x)) is x and x.tolist() == [1, 0]
    assert torch.clamp_(x, 0.25, 0.5) is x and torch.fill_(x, 2) is x and torch.zero_(x).tolist() == [0, 0]
    with pytest.raises(TypeError, match="Tensor"):
        torch.exp_(1.0)
