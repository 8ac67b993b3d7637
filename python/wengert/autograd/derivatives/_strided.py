"""as_strided and its inverse, on any layouts: elements of the result or of the input may share places in memory."""

import wengert


def strided_gradient(grad, input_layout, size, stride, storage_offset):
    """Each place of memory collects g of the result's elements there, and gives it in equal parts to the input's elements there."""
    sizes, strides, offset = input_layout
    if storage_offset is None:
        storage_offset = offset
    if 0 in sizes or 0 in size:
        return None
    low, count = extent((sizes, strides, offset), (size, stride, storage_offset))
    offset, storage_offset = offset - low, storage_offset - low
    if may_overlap(size, stride):
        memory = grad.new_zeros(count).index_add_(0, _places(count, size, stride, storage_offset), grad.reshape(-1))
    else:
        memory = grad.new_zeros(count)
        _view(memory, size, stride, storage_offset).copy_(grad)
    if may_overlap(sizes, strides):
        places = _places(count, sizes, strides, offset)
        sharing = grad.new_zeros(count).index_add_(0, places, grad.new_ones(()).expand(places.shape))
        memory = memory / sharing.clamp(min=1)
    return _view(memory, sizes, strides, offset)


def strided_scatter_gradients(grad, input_layout, size, stride, storage_offset, needs):
    """g as memory that is laid out as the result: src has its view, the input the rest."""
    sizes, strides, offset = input_layout
    if storage_offset is None:
        storage_offset = offset
    if 0 in size:
        return grad, None
    if 0 in sizes:
        return None, None
    if may_overlap(sizes, strides):  # the result is laid out as a clone
        strides, offset = wengert.empty_strided(sizes, strides, dtype=wengert.bool).clone().stride(), 0
    low, count = extent((sizes, strides, offset), (size, stride, storage_offset))
    memory = grad.new_zeros(count)
    _view(memory, sizes, strides, offset - low).copy_(grad)
    src = _view(memory, size, stride, storage_offset - low)
    if not needs[0]:
        return None, src
    rest = memory.clone()
    _view(rest, size, stride, storage_offset - low).zero_()
    return _view(rest, sizes, strides, offset - low), src


def may_overlap(sizes, strides):
    """Whether two elements could share a place: not if each stride, in their order, steps over all that the smaller ones reach."""
    reach = 0
    for stride, size in sorted((abs(stride), size) for size, stride in zip(sizes, strides, strict=True) if size > 1):
        if stride <= reach:
            return True
        reach += stride * (size - 1)
    return False


def extent(*layouts):
    """The first place that these layouts reach, and the count from there to the last."""
    low, high = [], []
    for sizes, strides, offset in layouts:
        reach = [stride * (size - 1) for size, stride in zip(sizes, strides, strict=True)]
        low.append(offset + sum(n for n in reach if n < 0))
        high.append(offset + sum(n for n in reach if n > 0))
    return min(low), max(high) - min(low) + 1


def view(memory, layout, low):
    """The view of a vector that holds the places from `low` on, by a layout (sizes, strides, offset)."""
    sizes, strides, offset = layout
    return _view(memory, sizes, strides, offset - low)


def _view(memory, sizes, strides, offset):
    """The view of a vector by a layout whose strides may be negative."""
    if min(strides, default=0) >= 0:
        return memory.as_strided(sizes, strides, offset)
    offset += sum(stride * (size - 1) for size, stride in zip(sizes, strides, strict=True) if stride < 0)
    forward = memory.as_strided(sizes, [abs(stride) for stride in strides], offset)
    return forward[tuple(slice(None, None, -1 if stride < 0 else 1) for stride in strides)]


def _places(count, sizes, strides, offset):
    """The place of each element, in their order."""
    return _view(wengert.arange(count), sizes, strides, offset).reshape(-1)
