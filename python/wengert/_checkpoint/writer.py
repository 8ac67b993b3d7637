"""A pickle of plain data and tensors, of protocol 2, as ``torch.save`` writes it; nothing else can be written.

The instructions are those of Python's ``pickletools``. Globals are names of PyTorch, which need not be installed.
"""

import pickle
import struct
import sys
from collections import Counter, OrderedDict

from .. import _C
from .._tensor import Tensor

# Names of torch's storage classes; dtypes without one are stored as bytes.
STORAGES = {
    "bool": "BoolStorage",
    "uint8": "ByteStorage",
    "int8": "CharStorage",
    "int16": "ShortStorage",
    "int32": "IntStorage",
    "int64": "LongStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "float32": "FloatStorage",
    "float64": "DoubleStorage",
}


class _Storage:
    """Memory that tensors share, as far as they reach: elements first to last of the tensor that shows it."""

    def __init__(self, key, tensor):
        self.key, self.tensor, self.first, self.last = key, tensor, None, 0
        self.offsets, self.sizes = [], []  # where in the pickle numbers stand that are known at its end

    def cover(self, first, last):
        self.first, self.last = first if self.first is None else min(self.first, first), max(self.last, last)


class Writer:
    """dump(value) makes `pickled`, bytes; storages() yields (key, buffer) for what its tensors hold."""

    def __init__(self):
        self.out = bytearray(b"\x80\x02")
        self.memo = {}  # id: number
        self.kept = []  # objects whose id is in memo
        self.path = []
        self.by_address: dict[int, _Storage] = {}
        self.all = []

    def dump(self, value):
        self._save(value)
        self.out += b"."
        for storage in self.all:
            item = storage.tensor.dtype.itemsize
            first = storage.first or 0
            for at, offset in storage.offsets:
                self.out[at : at + 8] = (offset - first).to_bytes(8, "little")
            for at, in_bytes in storage.sizes:
                self.out[at : at + 8] = ((storage.last - first) * (item if in_bytes else 1)).to_bytes(8, "little")
        return bytes(self.out)

    def storages(self):
        for storage in self.all:
            size = storage.last - (storage.first or 0)
            yield storage.key, memoryview(storage.tensor.as_strided((size,), (1,), storage.first)).cast("B") if size else b""

    # ---- values

    def _save(self, value):
        number = self.memo.get(id(value))
        if number is not None:
            self.out += b"h" + bytes([number]) if number < 256 else b"j" + struct.pack("<L", number)
            return
        kind = type(value)
        save = _SAVERS.get(kind)
        if save is None:
            save = self._saver_of(value)
        save(self, value)

    def _saver_of(self, value):
        """What saves a value whose exact type is not in the table."""
        if isinstance(value, Tensor):
            nn = sys.modules.get("wengert.nn")
            return Writer._save_parameter if nn is not None and isinstance(value, nn.Parameter) else Writer._save_tensor
        if type(value).__module__ == "numpy" and hasattr(value, "item"):
            if not hasattr(value, "__setitem__"):
                return lambda writer, scalar: writer._save(scalar.item())
            if value.dtype.kind in "biuf":
                return Writer._save_array
        hint = ""
        if hasattr(value, "state_dict"):
            hint = "; save its state_dict()"
        elif isinstance(value, dict):
            hint = "; dict(...) of it can be saved"
        elif isinstance(value, (int, float, str, bytes, list, tuple)):
            base = next(each for each in (int, float, str, bytes, list, tuple) if isinstance(value, each))
            hint = f"; {base.__name__}(...) of it can be saved"
        raise pickle.PicklingError(
            f"cannot save obj{''.join(self.path)}, a {type(value).__module__}.{type(value).__qualname__}: files hold tensors, "
            f"numbers, strings, bytes, lists, tuples, dicts, sets, OrderedDict, Counter, Size, dtypes, devices and NumPy's arrays{hint}"
        )

    def _remember(self, value):
        number = self.memo[id(value)] = len(self.memo)
        self.kept.append(value)
        self.out += b"q" + bytes([number]) if number < 256 else b"r" + struct.pack("<L", number)

    def _global(self, module, name):
        key = f"{module} {name}"
        if key in self.memo:
            self._save_known(key)
            return
        self.out += f"c{module}\n{name}\n".encode()
        number = self.memo[key] = len(self.memo)
        self.out += b"q" + bytes([number]) if number < 256 else b"r" + struct.pack("<L", number)

    def _save_known(self, key):
        number = self.memo[key]
        self.out += b"h" + bytes([number]) if number < 256 else b"j" + struct.pack("<L", number)

    def _save_none(self, value):
        self.out += b"N"

    def _save_bool(self, value):
        self.out += b"\x88" if value else b"\x89"

    def _save_int(self, value):
        if 0 <= value < 256:
            self.out += b"K" + bytes([value])
        elif -(2**31) <= value < 2**31:
            self.out += b"J" + struct.pack("<i", value)
        else:
            raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            self.out += (b"\x8a" + bytes([len(raw)]) if len(raw) < 256 else b"\x8b" + struct.pack("<i", len(raw))) + raw

    def _save_float(self, value):
        self.out += b"G" + struct.pack(">d", value)

    def _save_str(self, value):
        raw = value.encode("utf-8", "surrogatepass")
        if len(raw) > 0xFFFFFFFF:
            raise OverflowError(f"cannot save obj{''.join(self.path)}: a string of more than 4 GiB")
        self.out += b"X" + struct.pack("<L", len(raw)) + raw
        self._remember(value)

    def _call(self, module, name, *arguments):
        """The instructions of module.name(*arguments)."""
        self._global(module, name)
        self._save_sequence(arguments)
        self.out += b"R"

    def _save_bytes(self, value):
        self._call("_codecs", "encode", value.decode("latin-1"), "latin1")
        self._remember(value)

    def _save_bytearray(self, value):
        self._call("__builtin__", "bytearray", value.decode("latin-1"), "latin-1")
        self._remember(value)

    def _save_sequence(self, values):
        """A tuple of values, which is not remembered."""
        if len(values) == 0:
            self.out += b")"
            return
        if len(values) > 3:
            self.out += b"("
        for value in values:
            self._save(value)
        self.out += (b"\x85", b"\x86", b"\x87")[len(values) - 1] if len(values) <= 3 else b"t"

    def _save_tuple(self, value):
        if len(value) > 3:
            self.out += b"("
        self._save_items(value)
        self.out += (b")", b"\x85", b"\x86", b"\x87")[len(value)] if len(value) <= 3 else b"t"
        if value:
            self._remember(value)

    def _save_items(self, values):
        for i, value in enumerate(values):
            self.path.append(f"[{i}]")
            self._save(value)
            self.path.pop()

    def _save_list(self, value):
        self.out += b"]"
        self._remember(value)
        self.out += b"("
        self._save_items(value)
        self.out += b"e"

    def _save_pairs(self, value):
        if not value:
            return
        self.out += b"("
        for key, item in value.items():
            self.path.append(f"[{key!r}]")
            self._save(key)
            self._save(item)
            self.path.pop()
        self.out += b"u"

    def _save_dict(self, value):
        self.out += b"}"
        self._remember(value)
        self._save_pairs(value)

    def _save_ordered_dict(self, value):
        self._call("collections", "OrderedDict")
        self._remember(value)
        self._save_pairs(value)
        if value.__dict__:  # a state_dict's _metadata
            self.path.append(".__dict__")
            self._save(dict(value.__dict__))
            self.path.pop()
            self.out += b"b"

    def _save_counter(self, value):
        self._call("collections", "Counter", dict(value))
        self._remember(value)

    def _save_set(self, value):
        self._call("__builtin__", type(value).__name__, list(value))
        self._remember(value)

    def _save_complex(self, value):
        self._call("__builtin__", "complex", value.real, value.imag)

    def _save_size(self, value):
        self._call("torch", "Size", tuple(value))
        self._remember(value)

    def _save_dtype(self, value):
        self._global("torch", str(value).removeprefix("torch."))

    def _save_device(self, value):
        self._call("torch", "device", str(value))

    def _save_array(self, value):
        """An array of NumPy, as it pickles itself: an empty one, and then shape, dtype, order and elements."""
        self._global("numpy._core.multiarray", "_reconstruct")
        self._global("numpy", "ndarray")
        self._save((0,))
        self._save(b"b")
        self.out += b"\x87R"
        self._remember(value)
        self.out += b"("
        self._save(1)
        self._save(tuple(value.shape))
        self._call("numpy", "dtype", value.dtype.str[1:], False, True)
        self._save((3, "|" if value.dtype.itemsize == 1 else value.dtype.str[0], None, None, None, -1, -1, 0))
        self.out += b"b"
        self._save(False)
        self._save(value.tobytes())
        self.out += b"tb"

    # ---- tensors

    def _save_tensor(self, value):
        self._rebuild_tensor(value, value.requires_grad)
        self._remember(value)

    def _save_parameter(self, value):
        self._global("torch._utils", "_rebuild_parameter")
        self.out += b"("
        self._rebuild_tensor(value, False)
        self._save(value.requires_grad)
        self._call("collections", "OrderedDict")
        self.out += b"tR"
        self._remember(value)

    def _rebuild_tensor(self, value, requires_grad):
        tensor = value.detach()
        if tensor.numel() and any(stride < 0 for stride in tensor.stride()):
            tensor = tensor.contiguous()  # a storage of its own: PyTorch knows no negative strides
        dtype = str(tensor.dtype).removeprefix("torch.")
        storage = self._storage(tensor)
        name = STORAGES.get(dtype)
        self._global("torch._utils", "_rebuild_tensor_v2" if name else "_rebuild_tensor_v3")
        self.out += b"(("
        self._save("storage")
        self._global("torch" if name else "torch.storage", name or "UntypedStorage")
        self._save(storage.key)
        self._save("cpu")
        storage.sizes.append((self._placeholder(), name is None))
        self.out += b"tQ"
        storage.offsets.append((self._placeholder(), tensor.storage_offset() if tensor.numel() else 0))
        self._save_sequence(tuple(tensor.shape))
        self._save_sequence(tuple(tensor.stride()))
        self._save(bool(requires_grad))
        self._call("collections", "OrderedDict")
        if not name:
            self._save(tensor.dtype)
        self.out += b"tR"

    def _placeholder(self):
        """An eight-byte integer that dump fills in; where it stands."""
        self.out += b"\x8a\x08" + bytes(8)
        return len(self.out) - 8

    def _storage(self, tensor):
        if tensor.numel() == 0:
            self.all.append(_Storage(str(len(self.all)), tensor))
            return self.all[-1]
        item = tensor.dtype.itemsize
        offset = tensor.storage_offset()
        address = tensor.data_ptr() - offset * item
        storage = self.by_address.get(address)
        if storage is None:
            storage = self.by_address[address] = _Storage(str(len(self.all)), tensor)
            self.all.append(storage)
        elif storage.tensor.dtype != tensor.dtype:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different types "
                f"[obj{''.join(self.path)}: {tensor.dtype} of what is {storage.tensor.dtype} elsewhere; clone one of them]"
            )
        reach = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
        storage.cover(offset, offset + reach + 1)
        return storage


_SAVERS = {
    type(None): Writer._save_none,
    bool: Writer._save_bool,
    int: Writer._save_int,
    float: Writer._save_float,
    complex: Writer._save_complex,
    str: Writer._save_str,
    bytes: Writer._save_bytes,
    bytearray: Writer._save_bytearray,
    tuple: Writer._save_tuple,
    list: Writer._save_list,
    dict: Writer._save_dict,
    set: Writer._save_set,
    frozenset: Writer._save_set,
    OrderedDict: Writer._save_ordered_dict,
    Counter: Writer._save_counter,
    Tensor: Writer._save_tensor,
    _C.Size: Writer._save_size,
    _C.dtype: Writer._save_dtype,
    _C.device: Writer._save_device,
}
