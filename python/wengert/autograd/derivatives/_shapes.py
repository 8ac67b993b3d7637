"""What reductions give, put back into the shape they reduced: over whole dims, or at the elements they chose."""


def kept(reduced, input_shape, dim, keepdim):
    """What a reduction over dim gave, with the reduced dims of size 1; 0-d, which broadcasts, where all were reduced."""
    if keepdim or dim is None or dim == () or not input_shape:
        return reduced
    if not isinstance(dim, tuple):
        return reduced.unsqueeze(dim)
    if len(dim) == 1:
        return reduced.unsqueeze(dim[0])
    gone = {d % len(input_shape) for d in dim}
    return reduced.reshape([1 if d in gone else size for d, size in enumerate(input_shape)])


def spread(grad, input_shape, dim, keepdim):
    """g for every element that was reduced: a view with strides of 0."""
    return kept(grad, input_shape, dim, keepdim).expand(input_shape)


def reduced_count(input_shape, dim):
    """How many elements a reduction over dim makes one of."""
    if dim is None or dim == ():
        return input_shape.numel()
    count = 1
    if input_shape:
        for d in dim if isinstance(dim, tuple) else (dim,):
            count *= input_shape[d]
    return count


def placed(grad, indices, input_shape, dim, keepdim=True):
    """g where the indices say along dim, and zeros."""
    grad, indices = kept(grad, input_shape, dim, keepdim), kept(indices, input_shape, dim, keepdim)
    return grad.new_zeros(input_shape).scatter_(dim, indices, grad)


def shared(grad, chosen, dim=None):
    """g for the chosen elements, in equal parts among those that a reduction over dim makes one of; g has that dim still."""
    return chosen * (grad / chosen.sum(dim, keepdim=True))
