"""Elementwise functions: ours under the standard's names, with its positional-only arguments."""

import wengert

UNARY = {
    **{name: name for name in ("abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "exp")},
    **{name: name for name in ("expm1", "floor", "isfinite", "isinf", "isnan", "log", "log1p", "log2", "log10")},
    **{name: name for name in ("logical_not", "negative", "positive", "reciprocal", "sign", "signbit", "sin", "sinh")},
    **{name: name for name in ("square", "sqrt", "tan", "tanh", "trunc")},
    "bitwise_invert": "bitwise_not",
    "conj": "positive",
}
BINARY = {
    **{name: name for name in ("add", "atan2", "bitwise_and", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift")},
    **{name: name for name in ("bitwise_xor", "copysign", "divide", "floor_divide", "hypot", "logaddexp", "logical_and")},
    **{name: name for name in ("logical_or", "logical_xor", "maximum", "minimum", "multiply", "nextafter", "pow")},
    **{name: name for name in ("remainder", "subtract")},
    "equal": "eq",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "not_equal": "ne",
}


def _unary(name, ours):
    operator = getattr(wengert, ours)

    def function(x, /):
        return operator(x)

    return _named(function, name, ours)


def _binary(name, ours):
    operator = getattr(wengert, ours)

    def function(x1, x2, /):
        # One of the two may be a Python number, whose category then has no say beyond its own, as in the standard.
        if not isinstance(x1, wengert.Tensor):
            x1 = wengert.tensor(x1, dtype=_dtype_beside(x1, x2))
        elif not isinstance(x2, wengert.Tensor):
            x2 = wengert.tensor(x2, dtype=_dtype_beside(x2, x1))
        return operator(x1, x2)

    return _named(function, name, ours)


def _dtype_beside(number, tensor):
    return wengert.result_type(tensor, number)


def _named(function, name, ours):
    function.__name__ = function.__qualname__ = name
    function.__module__ = "wengert.array_api"
    function.__doc__ = f"``wengert.{ours}``, element by element."
    return function


FUNCTIONS = {
    **{name: _unary(name, ours) for name, ours in UNARY.items()},
    **{name: _binary(name, ours) for name, ours in BINARY.items()},
}


def round(x, /):
    """The nearest whole number, ties to even; integers are unchanged."""
    return wengert.round(x) if x.is_floating_point() else x.clone()


def clip(x, /, min=None, max=None):
    """x limited to [min, max], in x's dtype; either bound may be None."""
    if min is None and max is None:
        return x.clone()
    bounds = [
        bound.to(x.dtype)
        if isinstance(bound, wengert.Tensor)
        else None
        if bound is None
        else wengert.tensor(bound, dtype=x.dtype)
        for bound in (min, max)
    ]
    return wengert.clamp(x, *bounds)


def real(x, /):
    """x itself: there are no complex dtypes."""
    return x


def imag(x, /):
    """RuntimeError: there are no complex dtypes."""
    raise RuntimeError(f"imag(): is defined for complex dtypes only, not for {x.dtype}")
