"""What the functions of this package share: checks with PyTorch's sentences, NumPy's arrays, named results."""

import sys
from collections import namedtuple
from typing import Any

import wengert

from .. import _C
from .._composite import write
from .._composites._shapes import dtype_word
from ..autograd.primitive import fail_out


class LinAlgError(RuntimeError):
    """A matrix that the function cannot work on: singular, or not positive definite."""


def check(condition, message):
    if not condition:
        raise RuntimeError(message)


def check_float(name, tensor):
    check(
        tensor.dtype.is_floating_point,
        f"{name}: Expected a floating point or complex tensor as input. Got {dtype_word(tensor)}",
    )


def check_matrices(name, tensor, argument="A"):
    check(tensor.dim() >= 2, f"{name}: The input tensor {argument} must have at least 2 dimensions.")


def check_square(name, tensor):
    check_matrices(name, tensor)
    check(
        tensor.size(-1) == tensor.size(-2),
        f"{name}: A must be batches of square matrices, but they are {tensor.size(-2)} by {tensor.size(-1)} matrices",
    )


def named(name: str, fields: str) -> Any:
    """The class of a result with named fields, which prints as PyTorch's."""

    def text(self):
        shown = (f"{field}={value!r}" for field, value in zip(fields.split(), self, strict=True))
        return f"torch.return_types.{name}(\n" + ",\n".join(shown) + ")"

    base: Any = namedtuple(name, fields)  # type: ignore[misc]
    return type(name, (base,), {"__slots__": (), "__module__": "wengert.return_types", "__repr__": text})


def given(out, result):
    """result, or out= with it. RuntimeError where that would need a gradient."""
    if out is None:
        return result
    if needs_gradient(result, out):
        fail_out(f"linalg_{sys._getframe(1).f_code.co_name}")
    return write(out, result)


def batched(function, *tensors):
    """function of NumPy's arrays, whose results come back as tensors of the first one's dtype."""
    import numpy

    with numpy.errstate(all="ignore"):
        results = function(*(tensor.numpy(force=True) for tensor in tensors))
    if isinstance(results, tuple):
        return tuple(wengert.from_numpy(numpy.asarray(result, order="C")) for result in results)
    return wengert.from_numpy(numpy.asarray(results, order="C"))


def needs_gradient(*tensors):
    """Whether a call with these tensors, or tuples of them, is recorded."""
    return _C._needs_gradient(tensors)


def column_major(tensor):
    """The matrices stored by columns, as LAPACK leaves its results and PyTorch shows them."""
    return tensor.mT.contiguous().mT


def each_matrix(tensor):
    """(index over the batch, matrix) of every matrix; the index is None where there is one without a batch."""
    if tensor.dim() == 2:
        yield None, tensor
        return
    yield from enumerate(tensor.reshape(tensor.shape[:-2].numel(), *tensor.shape[-2:]))


def batch_text(index):
    return "" if index is None else f"(Batch element {index}): "


def broadcast_batches(a, b):
    """Both with the batch dimensions that they have in common."""
    batch = wengert.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return a.expand((*batch, *a.shape[-2:])), b.expand((*batch, *b.shape[-2:]))


def first_zero_pivot(matrix):
    """The number, from 1, of the first zero on the diagonal of U in the factorisation with row exchanges; 0 for none."""
    import numpy

    u = numpy.array(matrix.numpy(force=True))
    n = u.shape[0]
    found = 0
    for k in range(n):
        p = k + int(numpy.argmax(numpy.abs(u[k:, k])))
        if u[p, k] == 0:
            found = found or k + 1
            continue
        u[[k, p]] = u[[p, k]]
        u[k + 1 :, k:] -= numpy.outer(u[k + 1 :, k] / u[k, k], u[k, k:])
    return found


def first_bad_minor(matrix):
    """The order of the first leading minor of a symmetric matrix that is not positive; 0 for none."""
    import numpy

    a = matrix.numpy(force=True)
    for k in range(1, a.shape[0] + 1):
        try:
            factor = numpy.linalg.cholesky(a[:k, :k])
        except numpy.linalg.LinAlgError:
            return k
        if numpy.isnan(factor[-1, -1]):
            return k
    return 0


def converged(name, function, A, what):
    """batched(function, A); LinAlgError in PyTorch's words where LAPACK's iteration failed."""
    import numpy

    try:
        return batched(function, A)
    except numpy.linalg.LinAlgError:
        pass
    for index, matrix in each_matrix(A):
        try:
            batched(function, matrix)
        except numpy.linalg.LinAlgError:
            why = "is ill-conditioned or has too many repeated " + what
            if what == "singular values" and not bool(wengert.isfinite(matrix).all()):
                why = "contained non-finite values"
            text = f"{name}: {batch_text(index)}The algorithm failed to converge because the input matrix {why}."
            raise LinAlgError(text) from None
    raise AssertionError("a batch failed, of which no matrix does")
