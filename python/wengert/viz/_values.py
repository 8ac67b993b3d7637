"""How the values of a graph are written: shapes, dtypes, bytes, numbers; and the memory that a tensor holds on to."""


def shape_text(shape):
    """``(2, 3)`` without the type's name."""
    return str(tuple(shape))


def dtype_text(dtype):
    return str(dtype).rpartition(".")[2]


def bytes_text(count):
    """``12 B``, ``1.5 KiB``."""
    if count < 1024:
        return f"{count} B"
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        count /= 1024
        if count < 1000 or unit == "TiB":
            return f"{count:.3g} {unit}"
    raise AssertionError("a count of bytes is finite")


def value_text(value, longest=32):
    """A number, tuple or other plain value, shortened in the middle."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    if text.startswith("torch."):  # dtypes and Sizes
        text = text.removeprefix("torch.").removeprefix("Size(").replace("[", "(").replace("])", ")")
    return text if len(text) <= longest else f"{text[: longest // 2]}…{text[-(longest // 2 - 1) :]}"


def key_text(key):
    """What stood between the brackets of x[key]: ``0, 1:``; a tensor or list by its dtype and shape."""
    parts = key if isinstance(key, tuple) else (key,)
    return ", ".join(map(_part_of_key, parts))


def _part_of_key(part):
    if isinstance(part, slice):
        bounds = ["" if bound is None else str(bound) for bound in (part.start, part.stop)]
        return ":".join(bounds if part.step is None else [*bounds, str(part.step)])
    if part is Ellipsis:
        return "..."
    if hasattr(part, "dtype") and hasattr(part, "shape"):
        return f"{dtype_text(part.dtype)} {shape_text(part.shape)}"
    return value_text(part)


def line_text(where):
    """``file:line`` of what a node notes about its call, which may be a whole traceback; None where it notes nothing."""
    if where is None or "\n" not in where:
        return where
    calls = [line.strip() for line in where.splitlines() if line.lstrip().startswith('File "')]
    file, _, rest = calls[-1].removeprefix('File "').partition('", line ')
    return f"{file}:{rest.partition(',')[0]}"


def extent(tensor):
    """(storage, first, last) of the bytes that a tensor's elements reach: where its storage begins, and two addresses.

    A storage is named by the address that offset 0 has. An expanded tensor reaches no more than what it was expanded from.
    """
    size = tensor.element_size()
    address = tensor.data_ptr()
    if tensor.numel() == 0:
        return address, address, address
    steps = [(count - 1) * stride * size for count, stride in zip(tensor.shape, tensor.stride(), strict=True)]
    first = address + sum(step for step in steps if step < 0)
    last = address + sum(step for step in steps if step > 0) + size
    return address - tensor.storage_offset() * size, first, last


def identity(tensor):
    """Equal for two objects that are the same view of the same memory."""
    return tensor.data_ptr(), tuple(tensor.shape), tuple(tensor.stride()), str(tensor.dtype)
