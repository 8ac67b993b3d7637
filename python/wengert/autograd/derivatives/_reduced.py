"""scatter_reduce and index_reduce: elements of src meet at places of the input, and are combined there."""

import wengert


def reduction_gradients(grad, input, src, result, reduce, include_self, needs, collect, combine, clear):
    """The gradients of input and src, where

    collect(t)                          takes the element of t at the place of each element of src,
    combine(t, src, reduce, include)    writes src to its places in t, as the operator does, and
    clear(t)                            writes 0 there.

    sum: g, and g at src's place. mean: those, divided by how many met there. prod: g times the product of the others. amax and
    amin: g in equal parts to the elements that equal the result. Without include_self, what the input had there does not matter.
    """
    need_input, need_src = needs
    grad_input = clear(grad) if need_input and not include_self else None
    of_input = need_input and include_self
    if reduce == "sum":
        return grad if of_input else grad_input, collect(grad) if need_src else None
    if reduce == "prod":
        if of_input:
            grad_input = combine(grad, src, "prod", True)
        return grad_input, collect(grad) * _others(input, src, result, include_self, collect, combine) if need_src else None
    if reduce == "mean":
        from_input, from_src = float(include_self), wengert.ones_like(src)
    else:
        from_input = (input == result).to(grad.dtype) if include_self else 0.0
        from_src = (src == collect(result)).to(grad.dtype)
    count = combine(grad.new_zeros(grad.shape) + from_input, from_src, "sum", True)
    if include_self:
        part = grad / count
        if of_input:
            grad_input = part if reduce == "mean" else part * from_input
        grad_src = collect(part) if need_src else None
    else:
        grad_src = collect(grad) / collect(count) if need_src else None
    if grad_src is not None and reduce != "mean":
        grad_src = grad_src * from_src
    return grad_input, grad_src


def _others(input, src, result, include_self, collect, combine):
    """For each element of src, the product of all the others that met at its place: result / src, and without it where it is 0."""
    zero = src == 0
    if not zero.any():
        return collect(result) / src
    # Of several zeros at a place, each has one that is not it, so the product is 0; but its derivative is not, where they are two.
    order = wengert.arange(src.numel()).view(src.shape)
    none = order.new_zeros(input.shape)
    first = zero & (order == collect(combine(none, wengert.where(zero, order, src.numel()), "amin", False)))
    second = zero & ~first & (collect(combine(none, zero.to(order.dtype), "sum", True)) == 2)

    def without(chosen):
        return collect(combine(input, src.masked_fill(chosen, 1.0), "prod", include_self))

    plain = collect(result) / src.masked_fill(zero, 1.0)
    return wengert.where(first, without(first), wengert.where(second, without(second), plain))
