"""Covariances, and integrals by the trapezoidal rule."""

from __future__ import annotations

import warnings

import wengert

from .._composite import composite
from ._shapes import dtype_word, wrap_dim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wengert import Tensor
    from wengert._typing import Number


def _check_weights(name, weights, kind, right_kind, observations):
    if weights.dim() > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with {weights.dim()} dimensions"
        )
    if not right_kind:
        raise RuntimeError(f"cov(): expected {name} to have {kind} dtype but got {name} with {dtype_word(weights)} dtype")
    if weights.numel() != observations:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input "
            f"but got {weights.numel()} != {observations}"
        )
    if observations and weights.min().item() < 0:
        raise RuntimeError(f"cov(): {name} cannot be negative")


@composite("method")
def cov(input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
    """The covariances of the rows of input, each a variable; its columns are the observations.

    fweights says how often each observation counts (integers), aweights how much (floats). The denominator is the number of
    observations less correction; a UserWarning where that is not positive.

    >>> wengert.cov(wengert.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.dim() > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.dim()} dimensions"
        )
    if input.dtype == wengert.bool:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    table = input if input.dim() == 2 else input.reshape(1, -1)
    observations = table.size(1)
    weights = None
    if fweights is not None:
        integral = not fweights.dtype.is_floating_point and fweights.dtype != wengert.bool
        _check_weights("fweights", fweights, "integral", integral, observations)
        weights = fweights
    if aweights is not None:
        _check_weights("aweights", aweights, "floating point", aweights.dtype.is_floating_point, observations)
        weights = aweights if weights is None else weights * aweights
    total = observations if weights is None else weights.sum()
    if weights is not None and observations and total == 0:
        raise RuntimeError("cov(): weights sum to zero, can't be normalized")

    dtype = table.dtype if table.dtype.is_floating_point else wengert.get_default_dtype()
    table = table.to(dtype)
    mean = (table if weights is None else table * weights).sum(1, keepdim=True) / (total or 1)
    # Each weight w counts as w observations, of which those of aweights take w ** 2 from the degrees of freedom.
    share = 1 if aweights is None or weights is None else (weights * aweights).sum() / total
    divisor = total - correction * share
    if divisor <= 0:
        _warn_of_few_observations()
        divisor = 0
    table = table - mean
    weighted = table if weights is None else table * weights
    return (wengert.mm(table, weighted.to(table.dtype).t()) / divisor).squeeze()


@composite("method")
def corrcoef(input: Tensor) -> Tensor:
    """The correlation coefficients of the rows of input, each a variable; its columns are the observations.

    NaN for a variable that does not vary.

    >>> wengert.corrcoef(wengert.tensor([[0.0, 1.0, 2.0], [4.0, 2.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.dim() > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.dim()} dimensions"
        )
    if input.dtype == wengert.bool:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    table = input if input.dim() == 2 else input.reshape(1, -1)
    table = table.to(table.dtype if table.dtype.is_floating_point else wengert.get_default_dtype())
    if table.size(1) < 2:
        _warn_of_few_observations()
        return wengert.full((table.size(0),) * 2, float("nan"), dtype=table.dtype).squeeze()
    deviations = table.std(1)
    covariances = cov(table).reshape(table.size(0), table.size(0))
    return (covariances / deviations.unsqueeze(1) / deviations).clamp(-1, 1).squeeze()


def _warn_of_few_observations():
    warnings.warn(
        "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.", stacklevel=3
    )


def _check_samples(name, y, x, dx, dim):
    """dim as an index from 0, and x as steps can be taken from it."""
    if x is not None and (not wengert.is_tensor(x) or dx != 1):
        raise TypeError(f"{name}() takes the points as a tensor x, or their distance dx")
    if wengert.bool in (y.dtype, y.dtype if x is None else x.dtype):
        which = "`y`" if x is None else "`x` or `y`"
        raise RuntimeError(f"{name}: received a bool input for {which}, but bool is not supported")
    if x is None and isinstance(dx, bool):
        raise RuntimeError(f"{name}: Currently, we only support dx as a real number.")
    if y.dim() == 0:
        raise IndexError(f"Dimension specified as {dim if x is None else 0} but tensor has no dimensions")
    dim = wrap_dim(dim, y.dim())
    if x is None or x.dim() == 0:
        return dim, x
    if x.dim() == 1:
        if x.size(0) != y.size(dim):
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        return dim, x.reshape([-1] + [1] * (y.dim() - 1 - dim))
    return dim, x


def _areas(y, x, dx, dim):
    """The area under y between each two neighbours along dim."""
    y = y if y.dtype.is_floating_point else y.to(wengert.get_default_dtype())  # integers would wrap
    size = max(y.size(dim) - 1, 0)
    sums = y.narrow(dim, min(1, y.size(dim)), size) + y.narrow(dim, 0, size)
    if x is None:
        return sums * dx / 2
    if x.dim() == 0:
        raise RuntimeError("x must have at least one dimension")
    along = x.dim() - (y.dim() - dim)
    if along < 0 or x.size(along) != y.size(dim):
        raise RuntimeError("There must be one `x` value for each sample point")
    x = x if x.dtype.is_floating_point else x.to(wengert.int64)
    steps = x.narrow(along, min(1, x.size(along)), size) - x.narrow(along, 0, size)
    return sums * steps / 2


@composite(aliases="trapz")
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Number = 1, dim: int = -1) -> Tensor:
    """The integral of y along dim by the trapezoidal rule, at the points x or dx apart.

    >>> wengert.trapezoid(wengert.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    dim, x = _check_samples("trapezoid", y, x, dx, dim)
    if y.size(dim) == 0:
        return wengert.zeros([size for d, size in enumerate(y.shape) if d != dim], dtype=y.dtype)
    return _areas(y, x, dx, dim).sum(dim)


@composite()
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Number = 1, dim: int = -1) -> Tensor:
    """The running integral of y along dim by the trapezoidal rule; one element less than y has.

    >>> wengert.cumulative_trapezoid(wengert.tensor([1.0, 5.0, 10.0]))
    tensor([ 3.0000, 10.5000])
    """
    dim, x = _check_samples("cumulative_trapezoid", y, x, dx, dim)
    return _areas(y, x, dx, dim).cumsum(dim)
