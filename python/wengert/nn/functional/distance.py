"""Norms, distances and angles between vectors."""

import wengert

from ..._composites._shapes import dtype_word

__all__ = ["cosine_similarity", "normalize", "pairwise_distance", "pdist"]


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """input over its p-norm along dim, which counts as eps at least.

    >>> wengert.nn.functional.normalize(wengert.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    norm = input.norm(p, dim, keepdim=True).clamp_min(eps)
    return input / norm if out is None else wengert.div(input, norm, out=out)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """x1 . x2 / (|x1| |x2|) along dim, where the norms count as eps at least. The shapes broadcast.

    >>> wengert.nn.functional.cosine_similarity(wengert.tensor([1.0, 0.0]), wengert.tensor([1.0, 1.0]), dim=0)
    tensor(0.7071)
    """
    dtype = wengert.result_type(x1, x2)
    if not dtype.is_floating_point:
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {dtype_word(x1 if x1.dtype == dtype else x2)}"
        )
    x1, x2 = wengert.broadcast_tensors(x1.to(dtype), x2.to(dtype))
    norms = [x.norm(2, dim, keepdim=True).clamp_min(eps) for x in (x1, x2)]
    return ((x1 / norms[0]) * (x2 / norms[1])).sum(dim)


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """The p-norm of x1 - x2 + eps along the last dimension. The shapes broadcast.

    >>> wengert.nn.functional.pairwise_distance(wengert.tensor([[0.0, 0.0]]), wengert.tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """
    return (x1 - x2 + eps).norm(p, -1, keepdim=keepdim)


def pdist(input, p=2):
    """The p-norm distances of all pairs of rows of input (N, M), in the order of the upper triangle: (N (N - 1) / 2).

    >>> wengert.nn.functional.pdist(wengert.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    tensor([5.0000, 1.0000, 4.2426])
    """
    if input.dim() != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.dim()}D")
    if not input.is_floating_point():
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    first, second = wengert.triu_indices(input.size(0), input.size(0), 1)
    return (input.index_select(0, first) - input.index_select(0, second)).norm(p, 1)
