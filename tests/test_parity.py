"""Random calls of every operator that PyTorch has too: values, dtypes, strides, views or copies, exceptions and messages.

The samples are the same in every run, unless PARITY_SEED and PARITY_SAMPLES ask for others and more of them."""

import importlib
import os
import random
import re

import numpy as np
import pytest

import wengert
from reference import DTYPES, FLOATS, bits, digits, samples

pytestmark = pytest.mark.parity

SAMPLES = int(os.environ.get("PARITY_SAMPLES", "400"))
SEED = os.environ.get("PARITY_SEED", "")
SHAPES = [
    (),
    (1,),
    (3,),
    (0,),
    (2, 3),
    (3, 2),
    (3, 3),
    (1, 3),
    (3, 1),
    (0, 3),
    (2, 3, 2),
    (2, 2, 3),
    (2, 3, 3),
    (1, 3, 3),
    (2, 1, 1, 3),
]
# Differences on purpose: operator, what either message contains, why.
ON_PURPOSE = [
    ("", "not implemented for 'UInt", "PyTorch leaves uint16, uint32 and uint64 half done"),
    ("", "Promotion for uint16, uint32, uint64 types is not supported", "likewise"),
    ("", "unsupported operation", "of several errors in one call either may be named: the overlap here"),
    ("", "output with shape", "likewise: the shape of the in-place result"),
    ("", "can't be cast to the desired output type", "likewise: its dtype"),
    ("where where.self", "without overflow", "likewise: a number that the dtype cannot hold"),
    ("addmm", "not implemented for 'Bool'", "likewise: the dtype"),
    ("baddbmm", "not implemented for 'Bool'", "likewise"),
    ("baddbmm", "Bad in-place call", "likewise: the shape of the in-place result"),
    ("baddbmm", "must be a 3D tensor", "PyTorch broadcasts input to sizes that the batches do not have"),
    ("baddbmm", "must have the same dtype", "likewise"),
    ("baddbmm", "Input dtypes must be the same", "likewise"),
    ("bmm baddbmm", "expected scalar type", "PyTorch lets an empty batch pass"),
    ("addmv", "Dimension specified as 0 but tensor has no dimensions", "the vectors' sizes are compared first"),
    ("", "appears multiple times in the list of dims", "likewise, of a dim twice and one out of range"),
    ("norm norm.p", "has no attribute 'layout'", "PyTorch's norm is written in Python"),
    ("renorm", "INTERNAL ASSERT FAILED", "of the unsigned dtypes"),
    ("cummax cummin", "Dimension out of range", "PyTorch does not look at dim where there are no elements"),
    ("baddbmm", "Expected size for first two dimensions", "likewise"),
    ("matmul", "size mismatch, got", "PyTorch folds a batch into a matrix, and names that, by the strides of sizes 1 too"),
    ("inverse matrix_power", "is zero, the inversion could not", "the class is ours, and rounding decides which pivot is zero"),
    ("is_nonzero narrow.tensor", "without overflow", "of uint64"),
    ("inner tensordot", "not implemented for 'Bool'", "PyTorch multiplies single bools"),
    ("chain_matmul", "must have be the same dtype", "likewise"),
    ("matmul", "addmv input tensors must have the same dtype", "likewise"),
    (
        "view.dtype view_copy.dtype",
        "must be",
        "PyTorch keeps NumPy's strides of empty arrays, and divides before it looks at strides",
    ),
    (
        "add sub mul div",
        "'input' (position 1) must be Tensor, not",
        "PyTorch's functions also take a number as their first argument",
    ),
    (
        "expand expand_as broadcast_to expand_copy",
        "integer multiplication overflow",
        "PyTorch takes negative sizes of new dimensions where nothing is multiplied",
    ),
    ("expand broadcast_to expand_copy", "isn't allowed in a leading, non-existing dimension", "likewise"),
    ("unflatten", "sizes must be non-empty", "PyTorch takes the int 0 for an empty tuple"),
    ("unflatten", "unflatten got an unexpected error", "PyTorch's message holds a C++ trace"),
    ("unflatten", "Dimension specified as", "likewise"),
    ("as_strided as_strided_copy", "Storage size calculation overflowed", "negative sizes: PyTorch adds them up first"),
    ("as_strided as_strided_copy", "storage offset", "as_strided of an empty tensor: its offset is where it was cut out"),
    ("split split.sizes", "argument 'tensor' (position 1) must be Tensor", "PyTorch's is Python and asks for an attribute"),
    ("narrow_copy", "Expected dim <", "PyTorch checks by another path than narrow's"),
    ("narrow_copy", "narrow(): length must be non-negative", "likewise"),
    ("narrow_copy", "start", "likewise"),
    ("view_copy", "Use .reshape(...) instead", "PyTorch reads uninitialised memory"),
    ("resize_ resize_as_", "Unsupported memory format", "PyTorch has no preserve_format here"),
    ("gradient", "edge_order+1", "of several errors"),
    ("repeat_interleave.tensor", "repeats can not be negative", "PyTorch does not look at the repeats of nothing"),
    ("diff", "Dimension out of range", "PyTorch does not look at dim where n is 0"),
    ("meshgrid", "Expected 0D or 1D tensor in the tensor list", "the text of a tensor"),
    ("addbmm", "must be a 3D tensor", "PyTorch asks for a third size before it looks at the dimensions"),
    ("addr", "Boolean beta only supported for Boolean results", "PyTorch takes a bool as a number elsewhere"),
    ("addr", "2D tensor expected", "PyTorch's in-place form has messages of its own"),
    ("addr", "size mismatch, input:", "likewise"),
    ("kron", "Use .reshape(...) instead", "PyTorch's view fails for products that are not contiguous"),
    ("resize_ resize_as_", "with negative dimension", "PyTorch counts the elements before it looks at each size"),
    ("to to.other to.device", "invalid combination of arguments", "PyTorch takes True for a device"),
    ("to to.other to.device", "device", "there is one device"),
    (
        "index_select",
        "INDICES element is out of DATA bounds",
        "PyTorch has another error for every path; ours is the one of rows",
    ),
    ("index_select", "self indexing axis dim should be positive", "likewise"),
    ("index_fill index_copy index_add", "setStorage: sizes", "PyTorch meets the empty dimension before the index out of range"),
    ("index_fill index_copy", "out of bounds for dimension", "PyTorch writes before it meets the index out of range"),
    ("index_add index_reduce", "Dimension specified as 0 but tensor has no dimensions", "of several errors"),
    ("index_reduce", "Expected reduce to be one of", "likewise"),
    ("take_along_dim", "Use .reshape(...) instead", "PyTorch flattens by view"),
    (
        "take_along_dim",
        "is out of bounds for dimension",
        "PyTorch takes the remainder, and gives an element that was not asked for",
    ),
    ("scatter scatter.value scatter_add scatter_reduce gather", "not implemented for 'UInt", "PyTorch has no such loop"),
    ("index_add index_reduce index_put put", "not implemented for 'UInt", "likewise"),
    ("scatter scatter_add scatter_reduce", "same number of dimensions as src tensor", "PyTorch asks src for a size it has not"),
    (
        "scatter scatter.value scatter_add scatter_reduce",
        "out of bounds for dimension",
        "PyTorch writes before it meets the index",
    ),
    ("index_reduce", "out of bounds for dimension", "PyTorch names it in two ways"),
    ("index_reduce", "setStorage: sizes", "likewise"),
    ("index index_put", "tensors used as indices must be long", "several errors in one key"),
    ("index index_put", "too many indices for tensor", "likewise"),
    ("index", "masked_fill_ only supports boolean masks", "masks of uint8 are written to as they are read"),
    ("index_put", "out of bounds for dimension", "likewise"),
    ("index_put", "at least one tensor", "an index of no dimensions"),
    ("as_strided_scatter", "with negative dimension", "of several errors"),
    ("unravel_index", "must be tuple of ints, not bool", "a bool is no size"),
    ("unravel_index", "has no attribute 'is_complex'", "PyTorch's is Python and asks for an attribute"),
    ("histc histogram histogram.count", "not implemented for", "of several errors: the dtype, which PyTorch meets last"),
    ("isin", "view size is not compatible", "PyTorch flattens by view"),
    ("norm norm.p", "norm on the dimension", "of several errors"),
    ("searchsorted", "boundaries tensor should have positive dimension", "likewise"),
    ("histogram histogram.count", "torch.histogram", "likewise"),
    ("histogram.count", "without overflow", "likewise"),
    ("index_reduce", "not implemented for 'Bool'", "likewise"),
    ("kthvalue", "not implemented for 'Bool'", "PyTorch takes the one element of a 0-d tensor"),
    ("matmul", "expected scalar type", "PyTorch does not compare the dtypes of empty operands"),
    ("as_strided_scatter", "are out of bounds for storage of size", "PyTorch copies the gaps of its operand too"),
    ("repeat_interleave", "allocated size does not match", "PyTorch does not look at the size of nothing"),
    ("repeat_interleave", "with negative dimension", "likewise"),
    ("repeat_interleave.tensor", "can't allocate memory", "PyTorch's sentence stands after the place in its source"),
    ("repeat_interleave.tensor", "Storage size calculation overflowed", "its numbers"),
    ("arange.start", "step must be nonzero", "PyTorch counts steps of a half, and adds them as integers: nothing"),
    ("index", "0-dim tensor", "PyTorch writes a tensor to z[5] by another path than it reads"),
    ("index", "out of bounds for dimension", "the dimension named after an ellipsis"),
    ("index", "valid indices", "several errors in one key"),
    ("index", "CPUBoolType", "PyTorch's writing names the type of bool unlike its expand"),
]
# Which of several equal elements they point to, as their second result, is not said.
KEYWORDS = ("unique_consecutive",)  # PyTorch mistakes what it is given by position
TIES = ("topk", "kthvalue", "median.dim", "nanmedian.dim", "mode")
UNSORTED = ("searchsorted", "bucketize")  # what is searched here mostly is not in order: then either may find anything
UNINITIALISED = ("empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided", "empty_permuted")
# Totals of uint64 are uint64; PyTorch's are int64.
UNSIGNED_TOTALS = ("sum", "nansum", "prod", "cumsum", "cumprod", "sum_to_size")


@pytest.fixture(scope="module")
def reference():
    return importlib.import_module("torch")


# Shapes that often make products.
VECTORS, MATRICES, BATCHES = (
    [(2,), (3,)],
    [(2, 3), (3, 2), (3, 3), (2, 2)],
    [(2, 3, 3), (2, 2, 3), (2, 3, 2), (1, 3, 3), (0, 3, 3)],
)
ALIKE = [(2, 3), (2, 3), (2, 3), (2, 1), (3,), (1, 3), (), (0, 3)]
GATHERED = [(2, 3), (2, 2), (2, 1), (1, 3), (2, 3, 2), (0, 3)]
ROWS = [(2, 3), (3, 3), (3, 2), (2, 3, 2)]
SAME = [(2, 3), (2, 3), (2, 3), (3, 3), (2,), ()]
RANKS = {
    **{name: {"input": ROWS} for name in ("index_select", "gather", "take_along_dim", "index_fill")},
    **{
        name: {"input": SAME, "source": SAME, "src": SAME}
        for name in ("index_add", "index_copy", "index_reduce", "scatter", "scatter.value", "scatter_add", "scatter_reduce")
    },
    "put": {"input": SAME, "source": [(2,), (3,), (1,), ()]},
    "index_put": {"input": ROWS, "values": [(), (1,), (2,), (3,), (2, 3)]},
    **{name: {"input": SAME, "mask": SAME, "source": [(9,), (2, 3), (3, 3)]} for name in ("masked_select", "masked_scatter")},
    **{name: {"sorted_sequence": VECTORS, "boundaries": VECTORS} for name in ("searchsorted", "bucketize")},
    **{name: {"input": SHAPES, "q": [(), (1,), (2,)]} for name in ("quantile", "nanquantile")},
    **{name: {"start": [()], "end": [()]} for name in ("linspace", "logspace")},
    "bincount": {"input": [(3,), (2,), (0,), (2, 3)], "weights": [(3,), (2,)]},
    "histogram": {"input": [(3,), (2, 3)], "bins": [(2,), (3,), (1,)], "weight": [(3,), (2, 3)]},
    "histogram.count": {"input": [(3,), (2, 3), (0,)], "weight": [(3,), (2, 3)]},
    "select_scatter": {"input": SAME, "src": [(3,), (2,), ()]},
    "slice_scatter": {"input": SAME, "src": SAME},
    "diagonal_scatter": {"input": SAME, "src": [(2,), (3,), (1,)]},
    "as_strided_scatter": {"input": SAME, "src": SAME},
    "masked_fill": {"input": MATRICES, "mask": [(2, 1), (3,), (2, 3), (3, 3), ()], "value": [(), (), (1,)]},
    "lerp": dict.fromkeys(("input", "end", "weight"), ALIKE),
    "addcmul": dict.fromkeys(("input", "tensor1", "tensor2"), ALIKE),
    "addcdiv": dict.fromkeys(("input", "tensor1", "tensor2"), ALIKE),
    "clamp": dict.fromkeys(("input", "min", "max"), ALIKE),
    "where": dict.fromkeys(("condition", "input", "other"), ALIKE),
    "where.self": dict.fromkeys(("input", "condition", "other"), ALIKE),
    "dot": {"input": VECTORS, "tensor": VECTORS},
    "outer": {"input": VECTORS, "vec2": VECTORS},
    "mv": {"input": MATRICES, "vec": VECTORS},
    "mm": {"input": MATRICES, "mat2": MATRICES},
    "bmm": {"input": BATCHES, "mat2": BATCHES},
    "addmv": {"input": VECTORS, "mat": MATRICES, "vec": VECTORS},
    "addmm": {"input": [*VECTORS, *MATRICES], "mat1": MATRICES, "mat2": MATRICES},
    "baddbmm": {"input": [*VECTORS, *MATRICES, *BATCHES], "batch1": BATCHES, "batch2": BATCHES},
}


class Argument:
    """A value that each of the two libraries can make for itself."""

    def __init__(self, make, text):
        self.make, self.text = make, text

    def __repr__(self):
        return self.text


def tensor(rng, shapes=SHAPES, dtypes=DTYPES, wild=0.2):
    shape, dtype, seed = rng.choice(shapes), rng.choice(dtypes), rng.randrange(1000)
    array = (digits if rng.random() < 1 - wild else samples)(shape, dtype, seed)
    layout = rng.choice(["dense", "dense", "transposed", "sliced", "repeated"])

    def make(torch):
        if layout == "transposed" and shape:
            order = tuple(range(len(shape)))[::-1]
            return torch.tensor(np.ascontiguousarray(array.transpose(order))).permute(order)
        if layout == "sliced" and shape:
            apart = np.zeros([2 * n + 1 for n in shape], dtype)
            odd = (slice(1, None, 2),) * len(shape)
            apart[odd] = array
            return torch.tensor(apart)[odd]
        if layout == "repeated" and 0 not in shape:
            return torch.tensor(array[:1]).expand(shape) if shape else torch.tensor(array)
        return torch.tensor(array)

    return Argument(make, f"{layout} {dtype}{list(shape)}")


def indices(rng, shapes):
    """An index tensor: mostly int64, in range, without duplicates along it where it is short enough (which of several values
    for one place PyTorch keeps is not said)."""
    shape = rng.choice(shapes)
    array = (
        np.argsort(np.random.default_rng(rng.randrange(1000)).random(shape), axis=0) if shape else np.array(rng.randrange(2))
    )
    if rng.random() < 0.1:
        array = array - rng.randrange(1, 4)
    dtype = rng.choice(["int64"] * 12 + ["int32", "int32", "uint8", "int16", "float32"])
    return Argument(lambda torch: torch.tensor(array.astype(dtype)), f"dense {dtype}{list(shape)}={array.tolist()}")


def plain(value):
    return Argument(lambda torch: value, repr(value))


def of_dtype(name):
    return Argument(lambda torch: getattr(torch, name), name)


def argument(rng, spec, op, first):
    """A value for one argument: mostly of its kind, at times of another."""
    kind = spec["kind"]
    if rng.random() < 0.02 and kind != "torch.device":
        return plain(rng.choice([None, "a", 1.5, [1, 2], True]))
    if kind == "Operand" and rng.random() < 0.4:
        return plain(rng.choice([0, 1, -3, 2.5, True]))
    if kind == "Tensor" and op["family"] == "indexing" and spec["name"] in ("index", "indices") and rng.random() < 0.95:
        vector = op["name"].startswith("index_") or op["name"] in ("take", "put") or rng.random() < 0.1
        return indices(rng, [(2,), (3,), (1,), (), (0,)] if vector else GATHERED)
    if kind in ("Tensor", "Operand"):
        operand = re.search(rf"\b{spec['name']}: Operand", op.get("signature", ""))
        if operand and rng.random() < 0.4:
            return plain(rng.choice([0, 1, -3, 300, 2.5, True, False, float("nan")]))
        likely = RANKS.get(op["name"]) if rng.random() < 0.8 else None
        shapes = likely.get(spec["name"], SHAPES) if likely else SHAPES
        dtypes = [first.text.split()[1].split("[")[0]] if first and rng.random() < 0.8 else DTYPES
        if spec["name"] in ("mask", "condition") and rng.random() < 0.9:
            dtypes = ["bool"]
        return tensor(rng, shapes, dtypes, 0 if op["name"] == "bincount" else 0.2)  # which counts to the largest element
    if kind == "tuple of Tensors" and op["name"] == "index_put" and rng.random() < 0.9:
        parts = [indices(rng, [(2,), (2,), (1,), (3,), (2, 1)]) for _ in range(rng.choice([1, 1, 2, 3]))]
        if rng.random() < 0.3:
            parts[rng.randrange(len(parts))] = tensor(rng, [(2, 3), (3, 3), (2,), (3,)], ["bool"])
        return Argument(lambda torch: tuple(part.make(torch) for part in parts), repr(parts))
    if kind in ("tuple of Tensors", "Tensor[]"):
        parts = [tensor(rng)]
        dtype, _, shape = parts[0].text.split(" ", 1)[1].partition("[")
        for _ in range(rng.randrange(3)):
            alike = [s for s in SHAPES if str(list(s)) == "[" + shape] if rng.random() < 0.8 else SHAPES
            parts.append(tensor(rng, alike, [dtype] if rng.random() < 0.7 else DTYPES))
        return Argument(lambda torch: [part.make(torch) for part in parts], repr(parts))
    if kind == "int":
        return plain(rng.choice([0, 1, -1, rng.randrange(-3, 4)]))
    if kind in ("tuple of ints", "int[]", "tuple"):
        if rng.random() < 0.3:
            return plain(rng.randrange(-2, 4))
        return plain(tuple(rng.choice([-1, 0, 1, 2, 3, 6, 9]) for _ in range(rng.randrange(4))))
    if kind == "Number":
        return plain(rng.choice([0, 1, 2, -1, 0.5, 2.0, True, 10]))
    if kind == "float":
        return plain(rng.choice([0, 1e-5, 0.5, 1]))
    if kind == "bool":
        return plain(rng.choice([True, False]))
    if kind == "str":
        if spec["name"] == "reduce":
            return plain(rng.choice(["add", "multiply", "sum", "prod", "mean", "amax", "amin"]))
        if spec["name"] == "interpolation":
            return plain(rng.choice(["linear", "lower", "higher", "nearest", "midpoint", "a"]))
        if spec["name"] == "side":
            return plain(rng.choice(["left", "right", "a"]))
        return plain(rng.choice(["floor", "trunc", "a"]))
    if kind == "tuple of floats":
        return plain(rng.choice([(0.0, 2.0), (-1.5, 1.0), (1, 1), (2.0, 1.0), (1.0,)]))
    if kind in ("torch.dtype", "dtype"):
        return of_dtype(rng.choice(DTYPES))
    if kind == "torch.device":
        return plain("cpu")
    if kind == "torch.layout":
        return of_dtype("strided")
    if kind == "torch.memory_format":
        formats = ["contiguous_format"] if op["name"] in ("empty", "contiguous") else ["contiguous_format", "preserve_format"]
        return of_dtype(rng.choice(formats))
    return None


def sample(rng, op):
    """(positional, keywords) for one call."""
    positional, keywords, first = [], {}, None
    for spec in op["args"]:
        if spec["name"] in ("pin_memory", "requires_grad", "non_blocking", "generator"):
            continue
        optional = spec["default"] is not None or spec["optional"]
        if optional and rng.random() < 0.6:
            continue
        if spec.get("variadic"):
            positional += [tensor(rng) for _ in range(rng.randrange(4))]
            continue
        value = argument(rng, spec, op, first)
        if value is None:
            continue
        if spec["kind"] == "Tensor" and first is None and value.text[0] in "dtsr" and "[" in value.text:
            first = value
        if (
            spec["keyword_only"]
            or keywords
            or (positional and op["name"] in KEYWORDS)
            or len(positional) != op["args"].index(spec)
        ):
            keywords[spec["name"]] = value
        else:
            positional.append(value)
    return positional, keywords


def function_of(torch, name):
    """The function of a row; None where the library has none. Rows of torch.special are special_name."""
    place = torch.special if name.startswith("special_") else torch
    return getattr(place, name.removeprefix("special_"), None)


def plain_tensors(torch, inputs, named):
    return [value for value in (*inputs, *named.values()) if isinstance(value, torch.Tensor)]


def outcome(torch, form, name, positional, keywords):
    """What a call gives: ("value", results, inputs) or ("error", type, message, inputs)."""
    inputs = [value.make(torch) for value in positional]
    named = {key: value.make(torch) for key, value in keywords.items()}
    tensors = plain_tensors(torch, inputs, named)
    try:
        if form == "function":
            result = function_of(torch, name)(*inputs, **named)
        else:
            result = getattr(inputs[0], name)(*inputs[1:], **named)
    except Exception as error:
        return "error", type(error), str(error), tensors
    return "value", list(result) if isinstance(result, tuple) else [result], None, tensors


def described(torch, result, tensors):
    """Everything about a result but its values: type, dtype, shape, strides, and what it shares memory with."""
    if not isinstance(result, torch.Tensor):
        return type(result).__name__, result
    offsets = ()
    if result.numel():
        shared = []
        for index, source in enumerate(tensors):
            if not source.numel():
                continue
            low, high = np.lib.array_utils.byte_bounds(source.numpy())
            if low <= result.data_ptr() < high:
                shared.append((index, result.data_ptr() - source.data_ptr(), result is source))
        offsets = tuple(shared)
    strides = [stride for size, stride in zip(result.shape, result.stride(), strict=True) if size > 1]  # others mean nothing
    return str(result.dtype), tuple(result.shape), strides if result.numel() else None, offsets


# PyTorch rounds 1 / ln 2 before it adds logarithms, x / (1 - x) before its logarithm is taken, and pi x before its sine; takes
# ndtr to be (1 + erf) / 2; and loses digits near digamma's zeros. Powers of a base near 1 or 0. The edge of a histogram that is
# next to zero.
ABSOLUTE = {"logaddexp2", "logit", "logspace", "sinc", "special_ndtr", "digamma", "histogram.count"}


def same_values(a, b, op):
    family = op["family"]
    if a.dtype.kind != "f" or family in ("view", "conversion", "copy", "creation"):
        return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    eps = np.finfo(a.dtype).eps
    with np.errstate(all="ignore"):
        # PyTorch's vectors lose some subnormal results.
        close = np.abs(a - b) <= np.finfo(a.dtype).tiny + 16 * eps * np.maximum(np.abs(a), np.abs(b)) + (
            64 * eps if family in ("matrix", "products", "linear algebra", "reduction") or op["name"] in ABSOLUTE else 0
        )
    return bool(np.all(close | (a == b) | (np.isnan(a) & np.isnan(b))))


def on_purpose(op, ours, theirs):
    if theirs[1] is TypeError:
        return True  # forms of a call that we take and PyTorch does not
    text = f"{ours[2]} {theirs[2]}"
    return any(op["name"] in names.split() or not names for names, part, _ in ON_PURPOSE if part in text)


def difference(torch, op, form, name, positional, keywords):
    """None, or how the two outcomes of one call differ."""
    ours = outcome(wengert, form, name, positional, keywords)
    theirs = outcome(torch, form, name, positional, keywords)
    if "error" in (ours[0], theirs[0]) and on_purpose(op, ours, theirs):
        return None
    if ours[0] != theirs[0]:
        what = [f"{o[1].__name__}: {o[2]}" if o[0] == "error" else f"{o[1]}" for o in (ours, theirs)]
        return f"{what[0]}\n    PyTorch: {what[1]}"
    if ours[0] == "error":
        if not issubclass(ours[1], theirs[1]):
            return f"{ours[1].__name__}: {ours[2]}\n    PyTorch: {theirs[1].__name__}: {theirs[2][:200]}"
        if ours[1] in (RuntimeError, IndexError) and not ours[2].startswith(theirs[2].split("\n")[0].rstrip(".")):
            return f"{ours[2]}\n    PyTorch: {theirs[2][:300]}"
    else:
        uninitialised = op["name"] in (*UNINITIALISED, *UNSORTED, "resize_", "resize_as_")
        for number, (a, b) in enumerate(zip(ours[1], theirs[1], strict=True)):
            about = described(wengert, a, ours[3]), described(torch, b, theirs[3])
            wider = op["name"] in UNSIGNED_TOTALS and about[0][0] == "torch.uint64"
            if about[0][wider:] != about[1][wider:]:
                return f"{about[0]}\n    PyTorch: {about[1]}"
            a = a.view(wengert.int64) if wider else a
            if number == 1 and op["name"] in TIES:
                continue
            if isinstance(a, wengert.Tensor) and not uninitialised and not same_values(a.numpy(), b.numpy(), op):
                return f"{a}\n    PyTorch: {b}"
    if op["name"].startswith("resize_"):
        return None
    if ours[0] == "error":  # PyTorch may have written something before it met the error
        theirs = (
            None,
            None,
            None,
            plain_tensors(torch, [v.make(torch) for v in positional], {k: v.make(torch) for k, v in keywords.items()}),
        )
    for a, b in zip(ours[3], theirs[3], strict=True):
        if not same_values(a.numpy(), b.numpy().view(a.numpy().dtype), op):
            return f"operand after the call: {a}\n    PyTorch: {b}"
    return None


def forms(op):
    for public in (op["public_name"], *op["aliases"]):
        if "function" in op["forms"]:
            yield "function", public
        if "method" in op["forms"] or "inplace_only" in op["forms"]:
            yield "method", public
        if "inplace" in op["forms"]:
            yield "method", public + "_"


TOTAL = []  # (operator, samples, failures)
# PyTorch multiplies by a power of two that may overflow (0 * inf), laid out in its own way.
APART = {"ldexp"}
# PyTorch's trigamma has nine digits, and a number at its poles; tests/test_gamma.py has it.
APART |= {"polygamma"}
# Of LAPACK: factors have other signs and strides, messages name the newer functions; tests/test_linalg.py has them.
APART |= {
    "cholesky",
    "cholesky_inverse",
    "cholesky_solve",
    "lu_solve",
    "matrix_exp",
    "pinverse",
    "qr",
    "svd",
    "triangular_solve",
}
# A sublist of random tensors is no equation; tests/test_einsum.py has those.
APART |= {"einsum"}
# Dtypes that do not exist here.
APART |= {"half", "bfloat16"}
# PyTorch adds integers in their own dtype, which wraps, and its cov writes to its operand; tests/test_moments.py has them.
APART |= {"cov", "corrcoef", "trapezoid", "cumulative_trapezoid"}
OPS = [
    op
    for op in (*wengert._C.op_table(), *wengert._composite.table())
    if op["family"] not in ("random", "network") and op["name"] not in APART
]


def by_chance(op, arguments):
    """What PyTorch answers in more than one way: it reads past the end of repeated rows; NaN and what uint32 cannot hold become
    one number in its vectors and another in the rest of its loop. Or where float32 decides about integers."""
    if op["name"] in ("median.dim", "nanmedian.dim"):
        return "repeated" in arguments
    if op["name"] == "isclose":  # PyTorch compares integers in float32, which rounds large ones
        return ("int" in arguments or "bool" in arguments) and (
            "repeated" in arguments or re.search(r", (0\.5|1)[,\]]", arguments) is not None
        )
    return op["name"] == "copy_" and "uint32" in arguments and "nan" in arguments


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("op", OPS, ids=[op["name"] for op in OPS])
def test_operator(op, reference):
    rng = random.Random(SEED + op["name"])
    failures, count = [], 0
    kinds = [
        form
        for form in forms(op)
        if (function_of(reference, form[1]) if form[0] == "function" else hasattr(reference.Tensor, form[1]))
    ]
    assert kinds or op["name"].startswith("_")
    while kinds and count < SAMPLES:
        positional, keywords = sample(rng, op)
        if by_chance(op, repr(positional)):
            continue
        form, name = rng.choice(kinds)
        if form == "method" and not (positional and "[" in positional[0].text and positional[0].text[0] in "dtsr"):
            continue
        count += 1
        found = difference(reference, op, form, name, positional, keywords)
        if found:
            arguments = ", ".join([*map(repr, positional), *(f"{key}={value}" for key, value in keywords.items())])
            failures.append(f"{name}({arguments}) [{form}]\n    wengert: {found}")
    TOTAL.append((op["name"], count, len(failures)))
    assert not failures, f"{len(failures)} of {count} differ:\n" + "\n".join(failures[:12])


def advanced_key(rng):
    """A list, mask or tensor of indices for one key."""
    if rng.random() < 0.2:
        return plain(
            rng.choice([[0, 1], [1], [], [True, False], True, False, range(2), [[0], [1]], np.array([1, 0]), np.int64(1)])
        )
    if rng.random() < 0.3:
        return tensor(rng, [(2,), (3,), (2, 3), (3, 3), ()], ["bool"])
    return indices(rng, [(2,), (2,), (1,), (2, 1), (3,), ()])


@pytest.mark.filterwarnings("ignore")
def test_advanced_indexing(reference):
    rng = random.Random(SEED + "advanced indexing")
    failures = []
    for _ in range(5 * SAMPLES):
        source = tensor(rng)
        parts = [
            plain(rng.choice(KEYS[:9])) if rng.random() < 0.5 else advanced_key(rng) for _ in range(rng.choice([1, 1, 2, 2, 3]))
        ]
        if sum(part.text == "Ellipsis" for part in parts) > 1:
            continue
        key = Argument(lambda torch, parts=parts: tuple(part.make(torch) for part in parts), f"({parts})")
        if len(parts) == 1:
            key = parts[0]
        value = rng.choice(
            [
                None,
                None,
                plain(3),
                plain(1.5),
                tensor(rng, [(), (1,), (2,), (2, 3), (3,)], [source.text.split()[1].split("[")[0]]),
            ]
        )
        name, rest = ("__getitem__", []) if value is None else ("__setitem__", [value])
        found = difference(reference, {"name": "index", "family": "view"}, "method", name, [source, key, *rest], {})
        if found:
            failures.append(f"{name}({source}, {key}, {rest})\n    wengert: {found}")
    assert not failures, f"{len(failures)} differ:\n" + "\n".join(failures[:12])


KEYS = [0, -1, 2, 5, slice(None), slice(1, None), slice(None, None, 2), slice(-2, 9), None, ..., 1.5, slice(None, None, 0)]


@pytest.mark.filterwarnings("ignore")
def test_indexing(reference):
    rng = random.Random(SEED + "indexing")
    failures = []
    for _ in range(3 * SAMPLES):
        source = tensor(rng)
        key = tuple(rng.choice(KEYS) for _ in range(rng.randrange(4)))
        key = key[0] if len(key) == 1 and rng.random() < 0.5 else key
        value = rng.choice([None, plain(3), plain(1.5), tensor(rng)])
        name, rest = ("__getitem__", []) if value is None else ("__setitem__", [value])
        if key is not ... and isinstance(key, tuple) and key.count(...) > 1:
            continue
        found = difference(reference, {"name": "index", "family": "view"}, "method", name, [source, plain(key), *rest], {})
        if found:
            failures.append(f"{name}({source}, {key}, {rest})\n    wengert: {found}")
    assert not failures, f"{len(failures)} differ:\n" + "\n".join(failures[:12])


@pytest.mark.filterwarnings("ignore")
def test_tensor(reference):
    """tensor() of random nested data: not ragged, where PyTorch looks at the first elements only."""
    rng = random.Random(SEED + "tensor")
    leaves = [0, 1, -5, 2.5, True, False, 300, np.float64(1.5), np.int8(3), 2**40, float("inf")]

    def square(shape):
        return rng.choice(leaves) if not shape else [square(shape[1:]) for _ in range(shape[0])]

    failures = []
    for _ in range(SAMPLES):
        value = square(rng.choice(SHAPES))
        keywords = {"dtype": of_dtype(rng.choice(DTYPES))} if rng.random() < 0.5 else {}
        found = difference(reference, {"name": "tensor", "family": "creation"}, "function", "tensor", [plain(value)], keywords)
        if found:
            failures.append(f"tensor({value}, {keywords})\n    wengert: {found}")
    assert not failures, f"{len(failures)} differ:\n" + "\n".join(failures[:12])


@pytest.mark.parametrize("dtype", FLOATS)
def test_products_are_as_accurate(reference, dtype):
    """The error against exact products is at most PyTorch's, plus a little: it depends on the order of summation."""
    for m, k, n in [(64, 1000, 64), (1, 5000, 1), (300, 300, 300), (200, 3000, 1)]:
        a, b = samples((m, k), dtype, 1), samples((k, n), dtype, 2)
        exact = a.astype(np.longdouble) @ b.astype(np.longdouble)
        ours, theirs = (np.abs((t.tensor(a) @ t.tensor(b)).numpy() - exact).max() for t in (wengert, reference))
        assert ours <= 4 * theirs + np.finfo(dtype).eps
    assert bits(wengert.zeros(2)) == bytes(8)


def test_summary(reference, capsys):
    with capsys.disabled():
        print(f"\nparity with PyTorch {reference.__version__}: {len(TOTAL)} operators, {sum(t[1] for t in TOTAL)} samples, "
              f"{sum(t[2] for t in TOTAL)} failures")  # fmt: skip
