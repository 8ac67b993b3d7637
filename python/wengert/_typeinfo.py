"""The limits of dtypes: finfo and iinfo."""

from . import _C

# By dtype: bits, eps, largest, smallest normal, decimal resolution.
_FLOATS = {
    _C.float32: (32, 2.0**-23, (2 - 2.0**-23) * 2.0**127, 2.0**-126, 1e-6),
    _C.float64: (64, 2.0**-52, (2 - 2.0**-52) * 2.0**1023, 2.0**-1022, 1e-15),
}


class _TypeInfo:
    __slots__ = ("_dtype",)
    _dtype: _C.dtype

    @property
    def dtype(self):
        """The dtype's name."""
        return str(self._dtype).removeprefix("torch.")

    def __eq__(self, other):
        return self._dtype is other._dtype if type(self) is type(other) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self):
        return type(self), (self._dtype,)


class finfo(_TypeInfo):
    """The limits of a float dtype; of the default one where none is given.

    >>> wengert.finfo(wengert.float32).eps
    1.1920928955078125e-07
    """

    __slots__ = ("bits", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type=None):
        dtype = _dtype_of("finfo", _C.get_default_dtype() if type is None else type)
        if dtype not in _FLOATS:
            raise TypeError("torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'")
        self._dtype = dtype
        self.bits, self.eps, self.max, self.tiny, self.resolution = _FLOATS[dtype]
        self.min, self.smallest_normal = -self.max, self.tiny

    def __repr__(self):
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo(_TypeInfo):
    """The limits of an integer dtype.

    >>> wengert.iinfo(wengert.int8)
    iinfo(min=-128, max=127, dtype=int8)
    """

    __slots__ = ("bits", "max", "min")

    def __init__(self, type):
        dtype = _dtype_of("iinfo", type)
        if dtype.is_floating_point:
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'")
        if dtype is _C.bool:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        self._dtype, self.bits = dtype, 8 * dtype.itemsize
        self.max = 2 ** (self.bits - dtype.is_signed) - 1
        self.min = -self.max - 1 if dtype.is_signed else 0

    def __repr__(self):
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def _dtype_of(name, type):
    dtype = {float: _C.float64, int: _C.int64, bool: _C.bool}.get(type, type)
    if not isinstance(dtype, _C.dtype):
        raise TypeError(f"{name}(): argument 'type' (position 1) must be torch.dtype, not {type.__class__.__name__}")
    return dtype
