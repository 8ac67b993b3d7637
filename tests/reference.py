"""What results are compared with: NumPy, under the names that differ, and the layouts that inputs come in."""

import numpy as np

import wengert as torch

INTS = ("uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64")
FLOATS = ("float32", "float64")
DTYPES = ("bool", *INTS, *FLOATS)
LENGTHS = (0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 1000)  # around the widths of vectors and their multiples

# Operators that NumPy spells differently, or means differently.
NAMES = {
    "sub": "subtract",
    "mul": "multiply",
    "div": "true_divide",
    "neg": "negative",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "frac": lambda x: x - np.trunc(x),
    "sign": lambda x: x if x.dtype == bool else np.nan_to_num(np.sign(x)),
    "square": lambda x: np.square(x.astype("int64") if x.dtype == bool else x),
    "remainder": lambda x, y: remainder(x, y),
    "bitwise_left_shift": lambda x, y: shift(x, y, np.left_shift, 0),
    "bitwise_right_shift": lambda x, y: shift(x, y, np.right_shift, np.where(x < 0, -1, 0).astype(x.dtype)),
    "heaviside": lambda x, values: np.where(x == 0, values, x > 0).astype(x.dtype),
    "relu": lambda x: np.where(x < 0, np.zeros_like(x), x),
    "copysign": lambda x, y: np.copysign(x, y),
    "nextafter": lambda x, y: nextafter(x, y),
    "ldexp": lambda x, y: ldexp(x, y),
    "signbit": lambda x: np.signbit(x) if x.dtype.kind in "if" else np.zeros(x.shape, bool),
    "angle": lambda x: np.where(np.isnan(x), x, np.where(x < 0, np.longdouble(np.pi), 0)),
    "xlogy": lambda x, y: np.where((x == 0) & ~np.isnan(y), 0, x * np.log(y)),
    "special_xlog1py": lambda x, y: np.where((x == 0) & ~np.isnan(y), 0, x * np.log1p(y)),
    "pow": lambda x, y: power(x, y),
    "sigmoid": lambda x: sigmoid(x),
    "logit": lambda x: np.where(abs(x - 0.5) < 0.25, np.log1p((2 * x - 1) / (1 - x)), np.log(x / (1 - x))),
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "sinc": lambda x: sinc(x),
    "isinf": lambda x: np.isinf(x.astype(np.float64) if x.dtype.kind != "f" else x),
}

# Units in the last place that a function may be off; the others are rounded correctly.
ULPS = {
    "exp": 1,
    "exp2": 1.5,
    "expm1": 1.5,
    "log": 1,
    "log2": 1.5,
    "log10": 1.5,
    "log1p": 1.5,
    **dict.fromkeys(["sigmoid", "tanh", "sinh", "cosh", "asinh", "acosh", "atanh", "logit", "rsqrt"], 1),
    "ldexp": 1.5,  # of an exponent that is not whole
    "pow": 1,
    "xlogy": 1.5,
    "special_xlog1py": 2,
    # float32: 0.52 and 0.59 at most. float64 has no wider type to add in: where the terms cancel, the error of the larger one is
    # left, up to 2.3 of its units (5e6 samples). See SCALE.
    "logaddexp": 2.5,
    "logaddexp2": 2.5,
    "sin": 1,
    "cos": 1,
    "tan": 1.5,
    "asin": 1,
    "acos": 1,
    "atan": 1.5,
    "atan2": 1.5,
    "hypot": 1.5,
    "sinc": 2.5,
    "deg2rad": 1.2,
    "rad2deg": 1.2,
}

# Operators whose error is measured in units of the largest of the operands and the result.
SCALE = ("logaddexp", "logaddexp2")

# Functions that NumPy has not. tests/accuracy measures them; elsewhere they are compared with what they give for float64 in
# contiguous memory.
MEASURED = [
    "erf",
    "erfc",
    "erfinv",
    "lgamma",
    "digamma",
    "i0",
    "special_i0e",
    "special_i1",
    "special_i1e",
    "special_ndtr",
    "special_ndtri",
    "special_log_ndtr",
    "special_erfcx",
    "special_entr",
]


def ours(name):
    return lambda x: getattr(torch, name)(torch.tensor(np.ascontiguousarray(x, np.float64))).numpy().reshape(x.shape)


NAMES |= {name: ours(name) for name in MEASURED}
ULPS |= dict.fromkeys(MEASURED, 1.5)


def remainder(x, y):
    """With the sign of y; a zero has the sign of x."""
    rest = np.fmod(x, y)
    return np.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)


def power(x, y):
    """Negative powers of integers are rounded towards zero."""
    if x.dtype.kind != "i":
        return np.power(x, y)
    inverse = np.where(x == 1, 1, np.where(x == -1, np.where(y % 2 == 0, 1, -1), 0)).astype(x.dtype)
    return np.where(y < 0, inverse, np.power(x, np.where(y < 0, 0, y)))


def sigmoid(x):
    e = np.exp(-abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def sinc(x):
    """With the whole numbers as exact zeros."""
    whole = np.round(x)
    pi = np.longdouble("3.14159265358979323846264338")
    sine = np.where(whole % 2 == 0, 1, -1) * np.sin(pi * (x - whole))
    return np.where(x == 0, 1, np.where(x == whole, abs(sine), sine) / np.where(x == whole, abs(x), x) / pi)


def nextafter(x, y):
    """In the dtype that x was before wide()."""
    narrow = {"float64": np.float32, "longdouble": np.float64, "float128": np.float64}[x.dtype.name]
    return np.nextafter(x.astype(narrow), y.astype(narrow)).astype(x.dtype)


def ldexp(x, y):
    whole = np.where(y == np.trunc(y), np.clip(y, -40000, 40000), 0).astype(np.int32)
    return np.where(y == np.trunc(y), np.ldexp(x, whole), x * np.exp2(y))


def shift(x, y, function, otherwise):
    inside = (y >= 0) & (y < 8 * x.itemsize)
    return np.where(inside, function(x, np.where(inside, y, 0)), np.asarray(otherwise, x.dtype))


def into_domain(name, arrays):
    """The arrays as inputs of an operator: divisors that are not zero, shifts about the width of the dtype ..."""
    if arrays[0].dtype.kind in "iu":
        if name in ("floor_divide", "remainder", "fmod"):
            return [arrays[0], np.where(arrays[1] == 0, 1, arrays[1]).astype(arrays[1].dtype)]
        if name.endswith("_shift"):
            low = -2 if arrays[1].dtype.kind == "i" else 0
            return [arrays[0], (arrays[1] % (8 * arrays[1].itemsize + 4 - low) + low).astype(arrays[1].dtype)]
        if name in ("gcd", "lcm"):
            return [(array % 12).astype(array.dtype) for array in arrays]
    return arrays


def oracle(name):
    """The NumPy function of an elementwise operator, computing in higher precision where it takes floats."""
    function = NAMES.get(name, name)
    function = getattr(np, function, None) if isinstance(function, str) else function
    assert function is not None, f"tests/reference.py: NumPy has no {name!r}; name its counterpart in NAMES"

    def precise(*arrays):
        with np.errstate(all="ignore"):
            return function(*(wide(array) if array.dtype.kind == "f" else array for array in arrays))

    return precise


def wide(array):
    """The array in the next larger float type."""
    return array.astype({"float32": np.float64, "float64": np.longdouble}.get(array.dtype.name, array.dtype))


def dtype_of(name):
    return getattr(torch, name)


def name_of(dtype):
    return str(dtype).removeprefix("torch.")


def samples(shape, dtype, seed=0):
    """Values over the whole range of an integer dtype, normal ones of a float dtype."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype in INTS:
        info = np.iinfo(dtype)
        return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    return rng.standard_normal(shape).astype(dtype)


def digits(shape, dtype, seed=0):
    """Small whole numbers, whose sums of products are exact in every dtype and order; no zero, so none of them is -0."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    magnitude = rng.integers(1, 5, shape)
    return np.asarray(magnitude if dtype.startswith("u") else magnitude * rng.choice([-1, 1], shape)).astype(dtype)


# Each makes a tensor of the array's shape whose elements lie in memory in its own way, and returns it with its values.
def contiguous(array):
    return torch.tensor(array), array


def transposed(array):
    order = range(array.ndim)[::-1]
    return torch.tensor(np.ascontiguousarray(array.transpose(order))).permute(tuple(order)), array


def reversed_(array):
    flip = (slice(None, None, -1),) * array.ndim
    return torch.tensor(np.ascontiguousarray(array[flip]))[flip], array


def sliced(array):
    apart = np.full([2 * size + 1 for size in array.shape], 77).astype(array.dtype)
    odd = (slice(1, None, 2),) * array.ndim
    apart[odd] = array
    return torch.tensor(apart)[odd], array


def unaligned(array):
    return torch.tensor(np.append(array.flat[:1], array.flat))[array.size > 0 :].view(array.shape), array


def repeated_rows(array):
    one = array[:1]
    return torch.tensor(one).expand(array.shape), np.broadcast_to(one, array.shape)


def repeated_columns(array):
    one = array[..., :1]
    return torch.tensor(one).expand(array.shape), np.broadcast_to(one, array.shape)


LAYOUTS = {
    "contiguous": contiguous,
    "transposed": transposed,
    "reversed": reversed_,
    "sliced": sliced,
    "unaligned": unaligned,
    "repeated_rows": repeated_rows,
    "repeated_columns": repeated_columns,
}


def layouts(array):
    """(name, tensor, array) for every layout that the shape allows."""
    for name, make in LAYOUTS.items():
        if array.ndim == 0 and name not in ("contiguous", "unaligned"):
            continue
        if array.size == 0 and name.startswith("repeated"):
            continue
        yield name, *make(array)


def bits(tensor):
    """The elements in row-major order, as bytes."""
    return tensor.contiguous().numpy().tobytes()


def assert_same(tensor, array, about=""):
    """dtype, shape and every value; NaN equals NaN and the signs of zeros count."""
    array = np.asarray(array)
    assert isinstance(tensor, torch.Tensor), (about, type(tensor))
    assert (name_of(tensor.dtype), tuple(tensor.shape)) == (array.dtype.name, array.shape), about
    result = tensor.numpy()
    np.testing.assert_array_equal(result, array, err_msg=str(about))
    if array.dtype.kind == "f":
        zero = array == 0
        assert (np.signbit(result[zero]) == np.signbit(array[zero])).all(), (about, "sign of zero")


def scale_of(name, arrays):
    """The operands' largest magnitude, where that decides how near the results of the operator are."""
    if name not in SCALE:
        return 0
    magnitude = np.abs(np.broadcast_arrays(*arrays)).max(0)
    return np.where(np.isfinite(magnitude), magnitude, 0)


def assert_near(tensor, exact, dtype, ulps=0.51, about="", scale=0):
    """dtype and shape, and every value within `ulps` units in the last place of dtype from the exact one; of the exact value or
    of `scale`, whichever is larger."""
    exact = np.asarray(exact)
    assert (name_of(tensor.dtype), tuple(tensor.shape)) == (dtype, exact.shape), about
    if dtype not in FLOATS:
        np.testing.assert_array_equal(tensor.numpy(), exact.astype(dtype), err_msg=str(about))
        return
    with np.errstate(all="ignore"):
        rounded = exact.astype(dtype)
        result = tensor.numpy()
        same = (result == rounded) | (np.isnan(result) & np.isnan(rounded))
        off = np.abs(result.astype(exact.dtype) - exact) / np.spacing(
            np.maximum(np.abs(rounded), np.asarray(scale, dtype))
        ).astype(exact.dtype)
    bad = ~same & ~(off <= ulps)
    assert not bad.any(), (about, "result, exact, ULP:", result[bad][:3], exact[bad][:3], off[bad][:3])
