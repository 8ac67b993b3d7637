"""Dtypes: casts, promotion, limits, kinds, and what the namespace says of itself."""

import wengert

from .. import _C

_KINDS = {
    "bool": ("bool",),
    "signed integer": ("int8", "int16", "int32", "int64"),
    "unsigned integer": ("uint8", "uint16", "uint32", "uint64"),
    "real floating": ("float32", "float64"),
    "complex floating": (),
}
_KINDS["integral"] = _KINDS["signed integer"] + _KINDS["unsigned integer"]
_KINDS["numeric"] = _KINDS["integral"] + _KINDS["real floating"]


def astype(x, dtype, /, *, copy=True, device=None):
    """x in another dtype; x itself where it has that dtype and copy is False."""
    if device is not None and str(device) != "cpu":
        raise ValueError(f"the device is 'cpu', not {device!r}")
    return x.clone() if copy and x.dtype == dtype else x.to(dtype)


def can_cast(from_, to, /):
    """Whether promotion leads from a dtype (or an array's) to another."""
    dtype = from_.dtype if isinstance(from_, wengert.Tensor) else from_
    try:
        return wengert.promote_types(dtype, to) == to
    except RuntimeError:  # uint64 and signed integers have no common dtype
        return False


def result_type(*arrays_and_dtypes):
    """The dtype that arrays, dtypes and Python numbers have in common; at least one is an array or a dtype."""
    dtypes = [item.dtype if isinstance(item, wengert.Tensor) else item for item in arrays_and_dtypes]
    numbers = [item for item in dtypes if isinstance(item, (bool, int, float))]
    dtypes = [item for item in dtypes if not isinstance(item, (bool, int, float))]
    if not dtypes:
        raise ValueError("result_type() needs at least one array or dtype")
    result = dtypes[0]
    for dtype in dtypes[1:]:
        result = wengert.promote_types(result, dtype)
    for number in numbers:
        result = wengert.result_type(wengert.empty(1, dtype=result), number)
    return result


class _Limits:
    def __init__(self, **fields):
        self.__dict__.update(fields)

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in vars(self).items())})"


class finfo_object(_Limits):
    """bits, eps, max, min, smallest_normal and dtype of a floating dtype."""


class iinfo_object(_Limits):
    """bits, max, min and dtype of an integer dtype."""


def finfo(type, /):
    """The limits of a floating dtype, or of an array's."""
    dtype = type.dtype if isinstance(type, wengert.Tensor) else type
    info = wengert.finfo(dtype)
    return finfo_object(
        bits=info.bits, eps=info.eps, max=info.max, min=info.min, smallest_normal=info.smallest_normal, dtype=dtype
    )


def iinfo(type, /):
    """The limits of an integer dtype, or of an array's."""
    dtype = type.dtype if isinstance(type, wengert.Tensor) else type
    info = wengert.iinfo(dtype)
    return iinfo_object(bits=info.bits, max=info.max, min=info.min, dtype=dtype)


def isdtype(dtype, kind):
    """Whether dtype is the dtype kind, or of the kind it names, or of one of a tuple of them."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, one) for one in kind)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ValueError(f"unknown kind of dtype {kind!r}; there are: {', '.join(map(repr, _KINDS))}")
        return any(dtype == getattr(_C, name) for name in _KINDS[kind])
    return dtype == kind


class __array_namespace_info__:  # the standard's name
    """What the namespace can do: its devices, dtypes and capabilities."""

    def capabilities(self):
        """Masks may index, shapes may depend on data, dimensions are bounded by 64."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self):
        """The CPU."""
        return wengert.device("cpu")

    def devices(self):
        """The CPU."""
        return [wengert.device("cpu")]

    def default_dtypes(self, *, device=None):
        """The dtypes of Python's numbers; there are no complex ones."""
        return {"real floating": wengert.get_default_dtype(), "integral": _C.int64, "indexing": _C.int64}

    def dtypes(self, *, device=None, kind=None):
        """The dtypes by name, all or those of a kind or of one of a tuple of kinds."""
        kinds = ("bool", "numeric") if kind is None else kind if isinstance(kind, tuple) else (kind,)
        return {name: getattr(_C, name) for one in kinds for name in _KINDS[one]}
