"""New arrays."""

import wengert


def _checked(device):
    if device is not None and str(device) != "cpu":
        raise ValueError(f"the device is 'cpu', not {device!r}")


def arange(start, /, stop=None, step=1, *, dtype=None, device=None):
    """The numbers from start (0 where stop is None) up to stop, step apart."""
    _checked(device)
    if stop is None:
        start, stop = 0, start
    if (stop - start) * step <= 0:
        wanted = dtype or (
            wengert.int64 if all(isinstance(n, int) for n in (start, stop, step)) else wengert.get_default_dtype()
        )
        return wengert.empty(0, dtype=wanted)
    return wengert.arange(start, stop, step, dtype=dtype)


def asarray(obj, /, *, dtype=None, device=None, copy=None):
    """obj as an array: an array, nested sequences, numbers, or an object with DLPack or the buffer protocol."""
    _checked(device)
    if isinstance(obj, (bool, int, float)):
        return wengert.tensor(obj, dtype=dtype)
    return wengert.asarray(obj, dtype=dtype, copy=copy)


def empty(shape, *, dtype=None, device=None):
    """An uninitialised array."""
    _checked(device)
    return wengert.empty(shape, dtype=dtype)


def empty_like(x, /, *, dtype=None, device=None):
    """An uninitialised array of x's shape."""
    _checked(device)
    return wengert.empty(x.shape, dtype=dtype or x.dtype)


def eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None):
    """Ones on the k-th diagonal of an (n_rows, n_cols) matrix of zeros."""
    _checked(device)
    n_cols = n_rows if n_cols is None else n_cols
    result = wengert.zeros(n_rows, n_cols, dtype=dtype)
    if -n_rows < k < n_cols:
        wengert.diagonal(result, k).fill_(1)
    return result


def from_dlpack(x, /, *, device=None, copy=None):
    """An array that shares the memory of an object with ``__dlpack__``."""
    return wengert.from_dlpack(x, device=device, copy=copy)


def full(shape, fill_value, *, dtype=None, device=None):
    """An array of one value."""
    _checked(device)
    return wengert.full((shape,) if isinstance(shape, int) else shape, fill_value, dtype=dtype)


def full_like(x, /, fill_value, *, dtype=None, device=None):
    """An array of x's shape of one value."""
    return full(x.shape, fill_value, dtype=dtype or x.dtype, device=device)


def linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True):
    """num evenly spaced numbers from start to stop, which belongs to them unless endpoint is False."""
    _checked(device)
    if endpoint:
        return wengert.linspace(start, stop, num, dtype=dtype)
    return wengert.linspace(start, stop, num + 1, dtype=dtype)[:num].clone()


def meshgrid(*arrays, indexing="xy"):
    """The coordinates of a grid from those of its axes."""
    return list(wengert.meshgrid(*arrays, indexing=indexing))


def ones(shape, *, dtype=None, device=None):
    """An array of ones."""
    _checked(device)
    return wengert.ones(shape, dtype=dtype)


def ones_like(x, /, *, dtype=None, device=None):
    """Ones of x's shape."""
    return ones(x.shape, dtype=dtype or x.dtype, device=device)


def tril(x, /, *, k=0):
    """Matrices without what lies above the k-th diagonal."""
    return wengert.tril(x, k)


def triu(x, /, *, k=0):
    """Matrices without what lies below the k-th diagonal."""
    return wengert.triu(x, k)


def zeros(shape, *, dtype=None, device=None):
    """An array of zeros."""
    _checked(device)
    return wengert.zeros(shape, dtype=dtype)


def zeros_like(x, /, *, dtype=None, device=None):
    """Zeros of x's shape."""
    return zeros(x.shape, dtype=dtype or x.dtype, device=device)
