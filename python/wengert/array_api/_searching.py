"""Sorting, searching, sets, and elements by their indices."""

from collections import namedtuple

import wengert

unique_all_result = namedtuple("unique_all_result", ["values", "indices", "inverse_indices", "counts"])
unique_counts_result = namedtuple("unique_counts_result", ["values", "counts"])
unique_inverse_result = namedtuple("unique_inverse_result", ["values", "inverse_indices"])


def argsort(x, /, *, axis=-1, descending=False, stable=True):
    """The indices that sort x along an axis."""
    return wengert.argsort(x, dim=axis, descending=descending, stable=stable)


def sort(x, /, *, axis=-1, descending=False, stable=True):
    """x sorted along an axis."""
    return wengert.sort(x, dim=axis, descending=descending, stable=stable).values


def nonzero(x, /):
    """The indices of the non-zero elements, an array per axis."""
    if x.dim() == 0:
        raise ValueError("nonzero(): a 0-dimensional array has no axes")
    return tuple(wengert.nonzero(x, as_tuple=True))


def searchsorted(x1, x2, /, *, side="left", sorter=None):
    """Where the elements of x2 belong in the sorted x1."""
    return wengert.searchsorted(x1, x2, side=side, sorter=sorter)


def where(condition, x1, x2, /):
    """x1 where condition holds, else x2."""
    return wengert.where(condition, x1, x2)


def take(x, indices, /, *, axis=None):
    """The elements at indices along an axis, which only a vector may leave out."""
    if axis is None:
        if x.dim() != 1:
            raise ValueError(f"take(): an axis is needed for an array of {x.dim()} dimensions")
        axis = 0
    return wengert.index_select(x, axis, indices)


def take_along_axis(x, indices, /, *, axis=-1):
    """The elements at indices along an axis, which belong to the other axes' own places."""
    return wengert.take_along_dim(x, indices, axis)


def _unique(x):
    return wengert.unique(x.reshape(-1), sorted=True, return_inverse=True, return_counts=True)


def unique_all(x, /):
    """The distinct elements, where each stands first, which of them each element of x is, and how often each occurs."""
    values, inverse, counts = _unique(x)
    order = wengert.argsort(inverse, stable=True)
    first = order[wengert.cumsum(counts, 0) - counts]
    return unique_all_result(values, first, inverse.reshape(x.shape), counts)


def unique_counts(x, /):
    """The distinct elements and how often each occurs."""
    values, _, counts = _unique(x)
    return unique_counts_result(values, counts)


def unique_inverse(x, /):
    """The distinct elements and which of them each element of x is."""
    values, inverse, _ = _unique(x)
    return unique_inverse_result(values, inverse.reshape(x.shape))


def unique_values(x, /):
    """The distinct elements."""
    return wengert.unique(x.reshape(-1))
