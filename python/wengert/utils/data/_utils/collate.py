"""From a list of samples to a batch.

Samples of one kind are joined: tensors and arrays are stacked, numbers become a tensor, strings stay a list, and mappings and
sequences are joined element by element.
"""

import copy
import re
import sys
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence

import wengert

default_collate_err_msg_format = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
_NOT_NUMBERS = re.compile("[SaUO]")  # dtypes of NumPy: bytes, strings, objects


def _is_numpy(value, *names):
    """Whether value's type is one of NumPy's, without importing NumPy."""
    cls = type(value)
    return cls.__module__ == "numpy" and (not names or cls.__name__ in names)


def _like(original, items):
    """A mapping or sequence of original's own type with these items, or None where its type cannot be made from them."""
    try:
        if isinstance(original, MutableMapping):
            mapping = copy.copy(original)  # keeps what a subclass adds
            mapping.update(items)
            return mapping
        if isinstance(original, MutableSequence):
            sequence = copy.copy(original)
            for i, item in enumerate(items):
                sequence[i] = item
            return sequence
        return type(original)(items)
    except TypeError:
        return None


def _convert_numpy(data):
    if _is_numpy(data, "ndarray") and _NOT_NUMBERS.search(data.dtype.str):
        return data
    return wengert.as_tensor(data)


def default_convert(data):
    """Arrays of NumPy inside data as tensors that share their memory; everything else stays as it is.

    >>> import numpy
    >>> wengert.utils.data.default_convert({"x": numpy.arange(2), "name": "a"})
    {'x': tensor([0, 1]), 'name': 'a'}
    """
    if isinstance(data, wengert.Tensor):
        return data
    if _is_numpy(data) and not _is_numpy(data, "str_", "bytes_"):
        return _convert_numpy(data)
    if isinstance(data, Mapping):
        values = {key: default_convert(data[key]) for key in data}
        converted = _like(data, values)
        return values if converted is None else converted
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(item) for item in data))
    if isinstance(data, tuple):
        return [default_convert(item) for item in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        items = [default_convert(item) for item in data]
        converted = _like(data, items)
        return items if converted is None else converted
    return data


def collate(batch, *, collate_fn_map=None):
    """default_collate with further types: collate_fn_map maps a type, or a tuple of types, to f(batch, *, collate_fn_map)."""
    sample = batch[0]
    if collate_fn_map is not None:
        if type(sample) in collate_fn_map:
            return collate_fn_map[type(sample)](batch, collate_fn_map=collate_fn_map)
        for types, function in collate_fn_map.items():
            if isinstance(sample, types):
                return function(batch, collate_fn_map=collate_fn_map)

    def joined(samples):
        return collate(samples, collate_fn_map=collate_fn_map)

    if isinstance(sample, Mapping):
        items = {key: joined([each[key] for each in batch]) for key in sample}
        made = _like(sample, items)
        return items if made is None else made
    if isinstance(sample, tuple) and hasattr(sample, "_fields"):
        return type(sample)(*(joined(column) for column in zip(*batch, strict=True)))
    if isinstance(sample, Sequence):
        if any(len(each) != len(sample) for each in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [joined(column) for column in zip(*batch, strict=True)]
        if isinstance(sample, tuple):
            return columns
        made = _like(sample, columns)
        return columns if made is None else made
    raise TypeError(default_collate_err_msg_format.format(type(sample)))


def collate_tensor_fn(batch, *, collate_fn_map=None):
    return wengert.stack(list(batch))


def collate_numpy_array_fn(batch, *, collate_fn_map=None):
    if _NOT_NUMBERS.search(batch[0].dtype.str):
        raise TypeError(default_collate_err_msg_format.format(batch[0].dtype))
    return collate([wengert.as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch, *, collate_fn_map=None):
    return wengert.as_tensor(batch)


def collate_float_fn(batch, *, collate_fn_map=None):
    return wengert.tensor(batch, dtype=wengert.float64)


def collate_int_fn(batch, *, collate_fn_map=None):
    return wengert.tensor(batch)


def collate_str_fn(batch, *, collate_fn_map=None):
    return batch


default_collate_fn_map: dict = {
    wengert.Tensor: collate_tensor_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def default_collate(batch):
    """The samples of a list joined to a batch.

    RuntimeError where tensors or sequences differ in size, TypeError for samples of another kind.

    >>> wengert.utils.data.default_collate([("a", 1, [2.5]), ("b", 3, [4.5])])
    [('a', 'b'), tensor([1, 3]), [tensor([2.5000, 4.5000], dtype=torch.float64)]]
    """
    if "numpy" in sys.modules:  # samples can hold its objects
        numpy = sys.modules["numpy"]
        default_collate_fn_map.setdefault(numpy.ndarray, collate_numpy_array_fn)
        default_collate_fn_map.setdefault((numpy.bool_, numpy.number), collate_numpy_scalar_fn)
    return collate(batch, collate_fn_map=default_collate_fn_map)
