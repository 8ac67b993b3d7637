"""Dims and shapes as the operators in C++ check them."""


def wrap_dim(dim, ndim):
    """dim in [-ndim, ndim) as an index from 0; a 0-d tensor counts as 1-d."""
    ndim = max(ndim, 1)
    if not -ndim <= dim < ndim:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {dim})")
    return dim % ndim


def broadcast_shape(a, b):
    """The common shape of a and b, with the elementwise operators' sentence where there is none."""
    ndim = max(len(a), len(b))
    a, b = (1,) * (ndim - len(a)) + tuple(a), (1,) * (ndim - len(b)) + tuple(b)
    for dim in range(ndim - 1, -1, -1):
        if a[dim] != b[dim] and 1 not in (a[dim], b[dim]):
            raise RuntimeError(
                f"The size of tensor a ({a[dim]}) must match the size of tensor b ({b[dim]}) at non-singleton dimension {dim}"
            )
    return tuple(y if x == 1 else x for x, y in zip(a, b, strict=True))


def dtype_word(tensor):
    """The dtype as PyTorch's messages have it: Float, Long."""
    return tensor.type().removeprefix("torch.").removesuffix("Tensor")
