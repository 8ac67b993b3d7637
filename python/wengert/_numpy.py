"""NumPy's functions on tensors: ``np.sin(t)`` and ``np.concatenate([t, t])`` give tensors.

A function with a counterpart here runs on it, so that it is as fast as ours and, later, differentiable; any other runs in
NumPy on arrays that share the tensors' memory, and its arrays come back as tensors. Arrays beside tensors are taken as
tensors that share their memory, NumPy's scalars as Python numbers, as in PyTorch.
"""

import numpy

import wengert

Tensor = wengert.Tensor

# NumPy's ufuncs whose name differs from ours; the others are looked up by their own name.
UFUNCS = {
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "negative": "neg",
    "power": "pow",
    "mod": "remainder",
    "absolute": "abs",
    "fabs": "abs",
    "rint": "round",
    "equal": "eq",
    "not_equal": "ne",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "invert": "bitwise_not",
    "left_shift": "bitwise_left_shift",
    "right_shift": "bitwise_right_shift",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "radians": "deg2rad",
    "degrees": "rad2deg",
}
SHARED = {
    *("add", "maximum", "minimum", "fmax", "fmin", "remainder", "fmod", "floor_divide", "float_power", "positive", "sign"),
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "square", "reciprocal", "sin", "cos", "tan"),
    *("sinh", "cosh", "tanh", "floor", "ceil", "trunc", "isnan", "isinf", "isfinite", "signbit", "copysign", "nextafter"),
    *("ldexp", "logical_and", "logical_or", "logical_xor", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor"),
    *("gcd", "lcm", "hypot", "logaddexp", "logaddexp2", "heaviside", "deg2rad", "rad2deg", "matmul"),
}


def _has_dtype(array):
    """Whether a dtype of ours holds the elements."""
    return array.dtype.isnative and isinstance(getattr(wengert, array.dtype.name, None), wengert.dtype)


def _to_tensor(value):
    """An operand as the operators take it; None where it is nothing they know."""
    if isinstance(value, (Tensor, bool, int, float)):
        return value
    if isinstance(value, numpy.generic):
        return value.item() if value.dtype.kind in "biuf" else None
    if isinstance(value, numpy.ndarray):
        return wengert.from_numpy(value) if _has_dtype(value) else None
    if isinstance(value, (list, tuple)):
        return wengert.tensor(value)
    return None


def _to_numpy(value):
    """value with every tensor in it, at any depth of lists, tuples and dicts, as an array on the same memory."""
    if isinstance(value, Tensor):
        return value.numpy()
    if isinstance(value, dict):
        return {key: _to_numpy(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_to_numpy(item) for item in value)
    return value


def _from_numpy(value):
    """value with the arrays in it as tensors where a dtype of ours holds them."""
    if isinstance(value, numpy.generic):
        value = numpy.asarray(value)
    if isinstance(value, numpy.ndarray):
        return wengert.from_numpy(value) if _has_dtype(value) else value
    if type(value) in (list, tuple):
        return type(value)(_from_numpy(item) for item in value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_from_numpy(item) for item in value))
    return value


def _known(operand):
    return isinstance(operand, (Tensor, bool, int, float))


def _written(out, result):
    """result, or out with result written into it; out is a tensor or an array."""
    if out is None:
        return result
    if isinstance(out, Tensor):
        return out.copy_(result)
    out[...] = result.numpy()
    return out


def apply_ufunc(ufunc, method, inputs, options):
    """``Tensor.__array_ufunc__``."""
    out = options.pop("out", ())
    name = UFUNCS.get(ufunc.__name__, ufunc.__name__ if ufunc.__name__ in SHARED else None)
    if method == "__call__" and name and not options:
        operands = [_to_tensor(value) for value in inputs]
        if all(map(_known, operands)):
            try:
                return _written(out[0] if out else None, getattr(wengert, name)(*operands))
            except NotImplementedError:  # a dtype that only NumPy takes, as abs of bool
                pass
    if out:
        options["out"] = tuple(_to_numpy(value) for value in out)
    result = getattr(ufunc, method)(*map(_to_numpy, inputs), **_to_numpy(options))
    if out:
        return out[0] if len(out) == 1 else out
    return _from_numpy(result)


def _fits(function, args, options):
    """Whether a plain function takes these arguments: those that only NumPy has are left to NumPy."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    return len(args) <= len(names) and all(name in names for name in options)


def apply_function(function, args, options):
    """``Tensor.__array_function__``."""
    ours = FUNCTIONS.get(function)
    own_options = {name: value for name, value in options.items() if name != "out"}
    if ours is not None and _fits(ours, args, own_options):
        return _written(options.get("out"), ours(*args, **own_options))
    result = function(*_to_numpy(args), **_to_numpy(options))
    out = options.get("out")
    return out if isinstance(out, Tensor) else _from_numpy(result)


def _tensor(value):
    tensor = _to_tensor(value)
    return tensor if isinstance(tensor, Tensor) else wengert.tensor(tensor)


def _tensors(values):
    return [_tensor(value) for value in values]


def _dims(tensor, axis):
    return tuple(range(tensor.dim())) if axis is None else axis


def _reduction(name):
    function = getattr(wengert, name)

    def reduction(a, axis=None, keepdims=False):
        tensor = _tensor(a)
        return function(tensor, dim=_dims(tensor, axis), keepdim=keepdims)

    return reduction


def _moment(name):
    function = getattr(wengert, name)

    def moment(a, axis=None, ddof=0, keepdims=False):
        tensor = _tensor(a)
        return function(tensor, dim=_dims(tensor, axis), correction=ddof, keepdim=keepdims)

    return moment


def _position(name):
    function = getattr(wengert, name)

    def position(a, axis=None, keepdims=False):
        return function(_tensor(a), axis, keepdims)

    return position


def _running(name):
    function = getattr(wengert, name)

    def running(a, axis=None):
        tensor = _tensor(a)
        return function(tensor.reshape(-1), 0) if axis is None else function(tensor, axis)

    return running


def _along(name):
    """Of tensors put together along a dimension that the function itself knows."""
    function = getattr(wengert, name)
    return lambda tup: function(_tensors(tup))


def _concatenate(arrays, axis=0):
    tensors = _tensors(arrays)
    return wengert.cat([t.reshape(-1) for t in tensors], 0) if axis is None else wengert.cat(tensors, axis)


def _dot(a, b):
    a, b = _tensor(a), _tensor(b)
    if a.dim() == 0 or b.dim() == 0:
        return wengert.mul(a, b)
    if b.dim() == 1:
        return wengert.tensordot(a, b, dims=([-1], [0]))
    return wengert.tensordot(a, b, dims=([-1], [b.dim() - 2]))


def _transpose(a, axes=None):
    tensor = _tensor(a)
    return tensor.permute(tuple(range(tensor.dim()))[::-1] if axes is None else axes)


def _promoted(a, b):
    a, b = _tensor(a), _tensor(b)
    dtype = wengert.promote_types(a.dtype, b.dtype)
    return a.to(dtype), b.to(dtype)


def _isclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False):
    first, second = _promoted(a, b)
    return wengert.isclose(first, second, rtol, atol, equal_nan)


def _allclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False):
    first, second = _promoted(a, b)
    return wengert.allclose(first, second, rtol, atol, equal_nan)


def _clip(a, a_min=None, a_max=None):
    return wengert.clamp(_tensor(a), _to_tensor(a_min), _to_tensor(a_max))


def _where(condition, x, y):
    return wengert.where(_tensor(condition), _to_tensor(x), _to_tensor(y))


def _expand_dims(a, axis):
    tensor = _tensor(a)
    axes = (axis,) if isinstance(axis, int) else axis
    total = tensor.dim() + len(axes)
    for at in sorted(i % total for i in axes):
        tensor = tensor.unsqueeze(at)
    return tensor


def _squeeze(a, axis=None):
    return _tensor(a).squeeze() if axis is None else _tensor(a).squeeze(axis)


# The functions with a counterpart here. Arguments that are not named are left to NumPy.
FUNCTIONS = {
    numpy.concatenate: _concatenate,
    numpy.stack: lambda arrays, axis=0: wengert.stack(_tensors(arrays), axis),
    numpy.vstack: _along("vstack"),
    numpy.hstack: _along("hstack"),
    numpy.dstack: _along("dstack"),
    numpy.column_stack: _along("column_stack"),
    numpy.sum: _reduction("sum"),
    numpy.mean: _reduction("mean"),
    numpy.amax: _reduction("amax"),
    numpy.max: _reduction("amax"),
    numpy.amin: _reduction("amin"),
    numpy.min: _reduction("amin"),
    numpy.all: _reduction("all"),
    numpy.any: _reduction("any"),
    numpy.nansum: _reduction("nansum"),
    numpy.nanmean: _reduction("nanmean"),
    numpy.count_nonzero: lambda a, axis=None: wengert.count_nonzero(_tensor(a), axis),
    numpy.var: _moment("var"),
    numpy.std: _moment("std"),
    numpy.argmax: _position("argmax"),
    numpy.argmin: _position("argmin"),
    numpy.cumsum: _running("cumsum"),
    numpy.cumprod: _running("cumprod"),
    numpy.dot: _dot,
    numpy.inner: lambda a, b: wengert.inner(_tensor(a), _tensor(b)),
    numpy.outer: lambda a, b: wengert.outer(_tensor(a).reshape(-1), _tensor(b).reshape(-1)),
    numpy.kron: lambda a, b: wengert.kron(_tensor(a), _tensor(b)),
    numpy.trace: lambda a: wengert.trace(_tensor(a)),
    numpy.transpose: _transpose,
    numpy.reshape: lambda a, shape: _tensor(a).reshape(shape),
    numpy.ravel: lambda a: _tensor(a).reshape(-1),
    numpy.squeeze: _squeeze,
    numpy.expand_dims: _expand_dims,
    numpy.swapaxes: lambda a, axis1, axis2: _tensor(a).transpose(axis1, axis2),
    numpy.moveaxis: lambda a, source, destination: wengert.movedim(_tensor(a), source, destination),
    numpy.broadcast_to: lambda array, shape: wengert.broadcast_to(_tensor(array), shape),
    numpy.flip: lambda m, axis=None: wengert.flip(_tensor(m), _dims(_tensor(m), axis)),
    numpy.roll: lambda a, shift, axis=None: wengert.roll(_tensor(a), shift, axis),
    numpy.tile: lambda A, reps: wengert.tile(_tensor(A), reps),
    numpy.tril: lambda m, k=0: wengert.tril(_tensor(m), k),
    numpy.triu: lambda m, k=0: wengert.triu(_tensor(m), k),
    numpy.diag: lambda v, k=0: wengert.diag(_tensor(v), k),
    numpy.clip: _clip,
    numpy.where: _where,
    numpy.isclose: _isclose,
    numpy.allclose: _allclose,
    numpy.zeros_like: lambda a: wengert.zeros_like(_tensor(a)),
    numpy.ones_like: lambda a: wengert.ones_like(_tensor(a)),
    numpy.empty_like: lambda prototype: wengert.empty_like(_tensor(prototype)),
    numpy.full_like: lambda a, fill_value: wengert.full_like(_tensor(a), fill_value),
    numpy.copy: lambda a: _tensor(a).clone(),
    numpy.shape: lambda a: tuple(a.shape),
    numpy.ndim: lambda a: a.dim(),
    numpy.size: lambda a: a.numel(),
}
