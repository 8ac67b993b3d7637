"""Gradients put back at the places that elements were taken from, and the mathematics of writing to places twice."""

import operator

import wengert

_PLAIN = frozenset({int, slice, type(None), type(Ellipsis)})
_WHOLE = slice(None)


def embedded(grad, shape, view, *args):
    """Zeros of the shape, with g as their view(zeros, *args)."""
    zeros = grad.new_zeros(shape)
    view(zeros, *args).copy_(grad)
    return zeros


# ---- keys


def is_mask(tensor):
    """Whether indexing takes its elements as flags."""
    return tensor.dtype == wengert.bool or tensor.dtype == wengert.uint8


def at_key(grad, input_shape, key):
    """Zeros with g added up at the key: the gradient of x in x[key]."""
    zeros = grad.new_zeros(input_shape)
    if key.__class__ is tuple:
        if _PLAIN.issuperset(map(type, key)):
            zeros[key] = grad
            return zeros
    elif key.__class__ in _PLAIN:
        zeros[key] = grad
        return zeros
    elif key.__class__ is wengert.Tensor and key.dim() > 0:
        return zeros.index_put_((key,), grad, accumulate=not is_mask(key))
    view, dims, tensors = _selection(zeros, key)
    if not tensors:
        view.copy_(grad)
        return zeros
    # index_put writes to the first dims; the list stands where its dims were if they are neighbours, else in front.
    first = dims[0] if dims == list(range(dims[0], dims[0] + len(dims))) else 0
    if dims[-1] >= len(dims):
        rest = [dim for dim in range(view.dim()) if dim not in dims]
        listed = list(range(first, first + grad.dim() - len(rest)))
        view = view.permute(dims + rest)
        grad = grad.permute(listed + [dim for dim in range(grad.dim()) if dim not in listed])
    once = len(tensors) == 1 and is_mask(tensors[0])
    view.index_put_(tensors, grad, accumulate=not once)
    return zeros


def _selection(input, key):
    """The view that a key's ints, slices and None make of the input, and its tensors with the dims of the view that they index."""
    if isinstance(key, list) and _is_tuple_like(key):
        key = tuple(key)
    items = [_item(item) for item in (key if isinstance(key, tuple) else (key,))]
    skipped = input.dim() - sum(_taken(item) for item in items)
    plain, dims, tensors, dim = [], [], [], 0
    for item in items:
        if isinstance(item, wengert.Tensor):
            plain += [_WHOLE] * _taken(item)
        elif isinstance(item, bool):  # a new dim of size 1, indexed once or not at all
            plain.append(None)
            item = wengert.zeros(int(item), dtype=wengert.int64)
        else:
            plain.append(item)
            dim += skipped if item is Ellipsis else not isinstance(item, int)
            continue
        tensors.append(item)
        dims += range(dim, dim + (item.dim() if is_mask(item) else 1))
        dim = dims[-1] + 1
    return input[tuple(plain)], dims, tensors


def _item(item):
    """A key's item as an int, a bool, a slice, None, an Ellipsis or a tensor with dims."""
    if item is None or item is Ellipsis or isinstance(item, (bool, slice)):
        return item
    if isinstance(item, wengert.Tensor):
        if item.dim() > 0:
            return item
        return bool(item) if is_mask(item) else int(item)
    try:
        return operator.index(item)
    except TypeError:
        made = wengert.as_tensor(item)
        return made if is_mask(made) else made.to(wengert.int64)


def _taken(item):
    """How many dims of the input an item stands for."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    return item.dim() if isinstance(item, wengert.Tensor) and is_mask(item) else 1


def _is_tuple_like(key):
    """Whether a list is meant as a tuple of keys: as PyTorch, a short one that holds more than numbers."""
    more = (slice, type(None), type(Ellipsis), wengert.Tensor, list, tuple, range)
    return len(key) < 32 and any(isinstance(item, more) for item in key)


# ---- places written to more than once, where the last element stays


def scattered(grad, input_shape, dim, index, src_shape):
    """g at the places of scatter(dim, index, src); 0 for elements that a later one has overwritten."""
    taken = grad.gather(dim, index)
    return of_shape(_only(taken, _last(index, dim, input_shape)), src_shape)


def copied(grad, input_shape, dim, index):
    """g at the places of index_copy(dim, index, source); 0 for elements that a later one has overwritten."""
    taken = grad.index_select(dim, index)
    if not input_shape or index.numel() < 2:
        return taken
    last = _last(index, 0, input_shape[dim : dim + 1 or None])
    return _only(taken, last.reshape([-1] + [1] * (taken.dim() - 1 - dim % taken.dim())))


def put_there(grad, input_shape, index, source_shape):
    """g at the places of put(index, source); 0 for elements that a later one has overwritten."""
    count = input_shape.numel()
    places = index.reshape(-1)
    last = _last(wrapped(places, count), 0, (count,))
    return _only(grad.take(index).reshape(-1), last).reshape(source_shape)


def written(grad, input_shape, indices):
    """g at the places of index_put(indices, values); 0 for elements that a later one has overwritten."""
    taken = grad[as_key(indices)]
    given = [place for place, index in enumerate(indices) if index is not None]
    if len(given) == 1 and is_mask(indices[given[0]]):
        return taken
    sizes, dim = [], 0
    for index in indices:
        count = index.dim() if index is not None and is_mask(index) else 1
        if index is not None:
            sizes += input_shape[dim : dim + count]
        dim += count
    key = tuple(indices[place] for place in given)
    marks = wengert.empty(sizes, dtype=wengert.int64)
    listed = marks[key]
    order = wengert.arange(listed.numel()).view(listed.shape)
    marks[key] = order
    first = given[0] if given[-1] - given[0] == len(given) - 1 else 0
    behind = taken.dim() - first - listed.dim()
    return _only(taken, (marks[key] == order).reshape(tuple(listed.shape) + (1,) * behind))


def as_key(indices):
    """The key of x[...] for the indices of index_put, where None is a whole dim."""
    return tuple(_WHOLE if index is None else index for index in indices)


def wrapped(index, size):
    """An index whose negative entries count from the end, without them."""
    return wengert.where(index < 0, index + size, index)


def cleared(grad, indices):
    """g with 0 at the key."""
    result = grad.clone()
    result[as_key(indices)] = 0.0
    return result


def of_shape(taken, shape):
    """What an index of the first elements of src took, with zeros for the rest of src."""
    if taken.shape == shape:
        return taken
    if taken.dim() != len(shape):  # a scalar is indexed as one element; an index without elements fits any src
        return taken.reshape(shape) if taken.numel() else None
    return wengert.constant_pad_nd(taken, [n for d in reversed(range(len(shape))) for n in (0, shape[d] - taken.shape[d])])


def _last(index, dim, input_shape):
    """Where index names a place along dim for the last time: a mask in the shape of index."""
    order = wengert.arange(index.numel()).view(index.shape)
    return order.new_empty(input_shape).scatter_(dim, index, order).gather(dim, index) == order


def _only(taken, last):
    """What was taken, where `last` holds."""
    return taken if last.all() else wengert.where(last, taken, 0.0)
