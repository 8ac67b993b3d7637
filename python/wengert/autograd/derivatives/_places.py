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
    if _is_plain(key):
        zeros[key] = grad
        return zeros
    if key.__class__ is wengert.Tensor and key.dim() > 0:
        return zeros.index_put_((key,), grad, accumulate=not is_mask(key))
    view, dims, tensors = _selection(zeros, key)
    if not tensors:
        view.copy_(grad)
        return zeros
    if dims[-1] >= len(dims):  # index_put writes to the first dims
        rest = [dim for dim in range(view.dim()) if dim not in dims]
        first = _list_dim(dims)
        listed = list(range(first, first + grad.dim() - len(rest)))
        view = view.permute(dims + rest)
        grad = grad.permute(listed + [dim for dim in range(grad.dim()) if dim not in listed])
    view.index_put_(tensors, grad, accumulate=not _names_once(tensors))
    return zeros


def taken(grad, key):
    """g at the key; 0 for elements that a later one has overwritten in x[key] = values."""
    chosen = grad[key]
    if _is_plain(key):
        return chosen
    view, dims, tensors = _selection(grad, key)
    if not tensors or _names_once(tensors):
        return chosen
    marks = wengert.empty([view.shape[dim] for dim in dims], dtype=wengert.int64)
    key = tuple(tensors)
    listed = marks[key]
    order = wengert.arange(listed.numel()).view(listed.shape)
    marks[key] = order
    behind = chosen.dim() - _list_dim(dims) - listed.dim()
    return _only(chosen, (marks[key] == order).reshape(tuple(listed.shape) + (1,) * behind))


def cleared(grad, key):
    """g with 0 at the key."""
    result = grad.clone()
    result[key] = 0.0
    return result


def _is_plain(key):
    """Whether a key has ints, slices, None and Ellipsis only."""
    return _PLAIN.issuperset(map(type, key)) if key.__class__ is tuple else key.__class__ in _PLAIN


def _names_once(tensors):
    """Whether these tensors of a key can name no place twice: one mask."""
    return len(tensors) == 1 and is_mask(tensors[0])


def _list_dim(dims):
    """Where the indices' dims stand in the result: at the first dim that was indexed if those are neighbours, else in front."""
    return dims[0] if dims == list(range(dims[0], dims[0] + len(dims))) else 0


def _selection(input, key):
    """The view that a key's ints, slices and None make of the input, and its tensors with the dims of the view that they index."""
    if isinstance(key, list) and _is_tuple_like(key):
        key = tuple(key)
    items = [_item(item) for item in (key if isinstance(key, tuple) else (key,))]
    skipped = input.dim() - sum(_taken(item) for item in items)
    plain: list = []
    dims: list[int] = []
    tensors, dim = [], 0
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
    return of_shape(_only(grad.gather(dim, index), _last(index, dim, input_shape)), src_shape)


def copied(grad, input_shape, dim, index):
    """g at the places of index_copy(dim, index, source); 0 for elements that a later one has overwritten."""
    chosen = grad.index_select(dim, index)
    if not input_shape or index.numel() < 2:
        return chosen
    last = _last(index, 0, (input_shape[dim],))
    return _only(chosen, last.reshape([-1] + [1] * (grad.dim() - 1 - dim % grad.dim())))


def put_there(grad, input_shape, index, source_shape):
    """g at the places of put(index, source); 0 for elements that a later one has overwritten."""
    count = input_shape.numel()
    places = index.reshape(-1)
    last = _last(wrapped(places, count), 0, (count,))
    return _only(grad.take(index).reshape(-1), last).reshape(source_shape)


def wrapped(index, size):
    """An index whose negative entries count from the end, without them."""
    return wengert.where(index < 0, index + size, index)


def of_shape(chosen, shape):
    """What an index of the first elements of src took, with zeros for the rest of src."""
    if chosen.shape == shape:
        return chosen
    if chosen.dim() != len(shape):  # a scalar is indexed as one element; an index without elements fits any src
        return chosen.reshape(shape) if chosen.numel() else None
    return wengert.constant_pad_nd(chosen, [n for d in reversed(range(len(shape))) for n in (0, shape[d] - chosen.shape[d])])


def _last(index, dim, input_shape):
    """Where index names a place along dim for the last time: a mask in the shape of index."""
    order = wengert.arange(index.numel()).view(index.shape)
    return order.new_empty(input_shape).scatter_(dim, index, order).gather(dim, index) == order


def _only(chosen, last):
    """What was chosen, where `last` holds."""
    return chosen if last.all() else wengert.where(last, chosen, 0.0)
