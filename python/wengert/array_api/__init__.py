"""The Python array API standard, version 2024.12, on wengert's tensors (data-apis.org/array-api/2024.12).

``x.__array_namespace__()`` gives this module. Names, signatures and results are the standard's; errors and docstrings of what
stands behind a function are those of the operator of that name. Beyond the standard's freedom: there are no complex dtypes, and
``x.size`` is PyTorch's method (``math.prod(x.shape)`` is the number of elements), so code goes through a helper such as
``array_api_compat.size``, as for PyTorch itself.

>>> xp = wengert.ones(2).__array_namespace__()
>>> xp.sum(xp.asarray([[1, 2], [3, 4]]), axis=0)
tensor([4, 6])
"""

from math import e, inf, nan, pi

from .. import _C
from . import linalg
from ._creation import (
    arange,
    asarray,
    empty,
    empty_like,
    eye,
    from_dlpack,
    full,
    full_like,
    linspace,
    meshgrid,
    ones,
    ones_like,
    tril,
    triu,
    zeros,
    zeros_like,
)
from ._dtypes import __array_namespace_info__, astype, can_cast, finfo, iinfo, isdtype, result_type
from ._elementwise import FUNCTIONS, clip, imag, real, round
from ._manipulation import (
    broadcast_arrays,
    broadcast_to,
    concat,
    expand_dims,
    flip,
    matrix_transpose,
    moveaxis,
    permute_dims,
    repeat,
    reshape,
    roll,
    squeeze,
    stack,
    tile,
    unstack,
)
from ._reductions import (
    all,
    any,
    argmax,
    argmin,
    count_nonzero,
    cumulative_prod,
    cumulative_sum,
    diff,
    max,
    mean,
    min,
    prod,
    std,
    sum,
    var,
)
from ._searching import (
    argsort,
    nonzero,
    searchsorted,
    sort,
    take,
    take_along_axis,
    unique_all,
    unique_counts,
    unique_inverse,
    unique_values,
    where,
)
from .linalg import matmul, tensordot, vecdot

__array_api_version__ = "2024.12"
newaxis = None

globals().update(FUNCTIONS)
for _name in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"):
    globals()[_name] = getattr(_C, _name)

VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12")


def namespace(api_version=None):
    """This module, which serves every version of the standard up to its own; ValueError for others."""
    import sys

    if api_version is not None and api_version not in VERSIONS:
        raise ValueError(f"the array API's versions here are {', '.join(VERSIONS)}, not {api_version!r}")
    return sys.modules[__name__]
