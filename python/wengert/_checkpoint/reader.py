"""An interpreter of pickles that builds data and calls nothing of the file's choice.

It knows the instructions that containers, numbers, strings and tensors need. Of the globals that a pickle names, the tables below
hold all there are; each stands for a function of this module that checks its arguments. Anything else ends with UnpicklingError.
"""

import math
import pickle
import struct
from collections import Counter, OrderedDict

from .. import _C
from .writer import STORAGES

_DTYPES = {f"torch.{storage}": dtype for dtype, storage in STORAGES.items()}
_ARRAY_KINDS = ("b", "i", "u", "f")  # of NumPy's dtypes: bool, integers, floats
_MARK = object()
_MAX_NUMEL = 2**63 - 1  # a tensor of stride 0 needs no memory for its elements, but they are counted


class Storage:
    """A storage as a pickle names it; `elements` is a 1-d tensor of what it holds, read when first used."""

    def __init__(self, dtype, numel, load):
        self.dtype, self.numel, self.load, self._elements = dtype, numel, load, None

    @property
    def elements(self):
        if self._elements is None:
            self._elements = self.load(self.dtype) if self.numel else _C.tensor([], dtype=self.dtype)
        return self._elements


def refusal(name):
    return pickle.UnpicklingError(
        f"Weights only load failed. Unsupported global: GLOBAL {name} was not an allowed global by default. "
        "[wengert.load runs no code of a file, with weights_only=False neither: a file may hold tensors, numbers, strings, bytes, "
        "lists, tuples, dicts, sets, OrderedDict, Counter, Size, dtypes, devices and NumPy's arrays; save a state_dict() of such values]"
    )


# ---- what the globals stand for


def _tensor(storage, offset, size, stride, requires_grad, hooks, dtype=None):
    """_rebuild_tensor_v2 and _v3: a view of the storage, whose bounds are checked before."""
    if not isinstance(storage, Storage):
        raise TypeError("a tensor without a storage")
    dtype = dtype or storage.dtype
    size, stride = tuple(size), tuple(stride)
    numbers = (offset, *size, *stride)
    if len(size) != len(stride) or any(type(n) is not int or n < 0 for n in numbers):
        raise ValueError(f"a tensor of size {size}, stride {stride}, offset {offset}")
    if math.prod(size) > _MAX_NUMEL:
        raise ValueError(f"a tensor of size {size}")
    bytes_held = storage.numel * storage.dtype.itemsize
    if 0 not in size:
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if (last + 1) * dtype.itemsize > bytes_held:
            raise ValueError(
                f"a tensor of size {size}, stride {stride}, offset {offset} and {dtype} does not fit its storage of {bytes_held} bytes"
            )
    elements = storage.elements
    if dtype != storage.dtype:
        elements = elements.view(dtype) if elements.numel() else elements.to(dtype)
    # A tensor without elements may say any offset and strides.
    tensor = elements.as_strided(size, stride, offset) if 0 not in size else elements[:0].as_strided(size, stride, 0)
    tensor = tensor.detach()
    return tensor.requires_grad_() if requires_grad is True else tensor


def _tensor_v2(storage, offset, size, stride, requires_grad, hooks, metadata=None):
    return _tensor(storage, offset, size, stride, requires_grad, hooks)


def _tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype, metadata=None):
    if not isinstance(dtype, _C.dtype):
        raise TypeError("a tensor without a dtype")
    return _tensor(storage, offset, size, stride, requires_grad, hooks, dtype)


def _parameter(data, requires_grad, hooks):
    from ..nn import Parameter

    return Parameter(data, requires_grad=bool(requires_grad))


def _ordered_dict(pairs=()):
    if not isinstance(pairs, (list, tuple)):
        raise TypeError("an OrderedDict of no pairs")
    return OrderedDict(pairs)


def _counter(counts=None):
    counts = {} if counts is None else counts
    if type(counts) is not dict:
        raise TypeError("a Counter of no dict")
    return Counter(counts)


def _encode(text, encoding="latin1"):
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise TypeError("bytes in another encoding than latin1")
    return text.encode("latin1")


def _bytearray(text="", encoding="latin-1"):
    return bytearray(text) if type(text) is bytes else bytearray(_encode(text, encoding))


def _set_of(kind):
    def make(items=()):
        if not isinstance(items, (list, tuple)):
            raise TypeError("a set of no list")
        return kind(items)

    return make


def _complex(real=0.0, imag=0.0):
    if not isinstance(real, (int, float)) or not isinstance(imag, (int, float)):
        raise TypeError("a complex number of no numbers")
    return complex(real, imag)


def _size(numbers=()):
    if not isinstance(numbers, (list, tuple)) or any(type(n) is not int for n in numbers):
        raise TypeError("a Size of no integers")
    return _C.Size(numbers)


def _device(*arguments):
    return _C.device(":".join(str(each) for each in arguments))


class _ArrayType:
    """numpy.ndarray and numpy.dtype(...), which a pickle names to make arrays of: `dtype` is of numbers, or None."""

    def __init__(self, dtype=None):
        self.dtype = dtype


def _array_dtype(name, align=False, copy=False):
    import numpy

    if type(name) is not str or name[:1] not in _ARRAY_KINDS or not name[1:].isdecimal():
        raise TypeError(f"an array of {name!r}")
    return _ArrayType(numpy.dtype(name))


def _empty_array(kind, shape, code):
    import numpy

    if not isinstance(kind, _ArrayType) or kind.dtype is not None:
        raise TypeError("an array of another class")
    return numpy.empty(0, numpy.uint8)


def _array_scalar(kind, data):
    import numpy

    if not isinstance(kind, _ArrayType) or type(data) is not bytes or kind.dtype is None or len(data) != kind.dtype.itemsize:
        raise TypeError("a number of an array without its bytes")
    return numpy.frombuffer(data, kind.dtype)[0]


def _array_of_buffer(data, kind, shape, order):
    """numpy._core.numeric._frombuffer, of pickles of protocol 5."""
    array = _empty_array(_ArrayType(), (0,), b"b")
    _fill_array(array, (1, shape, kind, order == "F", bytes(data) if isinstance(data, (bytes, bytearray)) else None))
    return array


def _fill_array(array, state):
    """What ndarray.__setstate__ does, with all sizes checked before."""
    version, shape, kind, fortran, data = state
    dtype = kind.dtype if isinstance(kind, _ArrayType) else None
    sizes = type(shape) is tuple and all(type(n) is int and n >= 0 for n in shape)
    if version != 1 or dtype is None or not sizes or type(fortran) is not bool or type(data) is not bytes:
        raise TypeError("an array that is none of numbers")
    if math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"an array of shape {shape} and {dtype} with {len(data)} bytes")
    array.__setstate__((version, shape, dtype, fortran, data))


class _Called:
    """A global that a pickle may call."""

    def __init__(self, function):
        self.function = function


class _Named:
    """A storage class, which a pickle only names."""

    def __init__(self, name):
        self.name = name


_CALLED = {
    "torch._utils._rebuild_tensor_v2": _tensor_v2,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _parameter,
    "torch.Size": _size,
    "torch.device": _device,
    "collections.OrderedDict": _ordered_dict,
    "collections.Counter": _counter,
    "_codecs.encode": _encode,
    "builtins.bytes": lambda: b"",  # how protocol 2 writes these
    "builtins.bytearray": _bytearray,
    "builtins.set": _set_of(set),
    "builtins.frozenset": _set_of(frozenset),
    "builtins.complex": _complex,
    "numpy.dtype": _array_dtype,
    "numpy._core.multiarray._reconstruct": _empty_array,
    "numpy._core.multiarray.scalar": _array_scalar,
    "numpy._core.numeric._frombuffer": _array_of_buffer,
}


def _data(items):
    """items, none of which is a function, a class or a storage."""
    for item in items:
        if isinstance(item, (_ArrayType, _Called, _Named, Storage)):
            raise TypeError("a function, class or storage where data should be")
    return items


def _find(name):
    name = name.replace("__builtin__.", "builtins.").replace("numpy.core.", "numpy._core.")
    if name == "numpy.ndarray":
        return _ArrayType()
    if name in _CALLED:
        return _Called(_CALLED[name])
    if name in _DTYPES or name == "torch.storage.UntypedStorage":
        return _Named(name)
    dtype = getattr(_C, name.removeprefix("torch."), None) if name.startswith("torch.") else None
    if isinstance(dtype, _C.dtype):
        return dtype
    raise refusal(name)


class Reader:
    """load() is the value of a pickle; open_storage(key, location, nbytes) -> function that returns the elements in a dtype."""

    def __init__(self, data, open_storage):
        self.data, self.at = data, 0
        self.open_storage = open_storage
        self.stack, self.marks, self.memo, self.storages = [], [], {}, {}

    def load(self):
        try:
            while True:
                code = self._take(1)[0]
                if code == 0x2E:  # STOP
                    return _data([self._pop()])[0]
                step = _STEPS.get(code)
                if step is None:
                    raise pickle.UnpicklingError(f"Weights only load failed. Unsupported operand {code}")
                step(self)
        except (IndexError, KeyError, TypeError, ValueError, OverflowError, AttributeError, struct.error) as error:
            what = "text that is not UTF-8" if isinstance(error, UnicodeError) else error
            raise pickle.UnpicklingError(
                f"Weights only load failed. The pickle is damaged or hostile, before its byte {self.at}: {what}"
            ) from None

    # ---- the stream and the stack

    def _take(self, count):
        if not 0 <= count <= len(self.data) - self.at:
            raise ValueError("it ends early")
        self.at += count
        return self.data[self.at - count : self.at]

    def _number(self, form):
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _line(self):
        end = self.data.find(b"\n", self.at, self.at + 1000)
        if end < 0:
            raise ValueError("a name without an end")
        line = self.data[self.at : end].decode()
        self.at = end + 1
        return line

    def _push(self, value):
        self.stack.append(value)

    def _pop(self):
        value = self.stack.pop()
        if value is _MARK:
            raise ValueError("a mark where a value should be")
        return value

    def _pop_to_mark(self):
        """The values above the last mark, which goes too."""
        start = self.marks.pop()
        items = self.stack[start + 1 :]
        del self.stack[start:]
        return items

    # ---- instructions

    def _mark(self):
        self.marks.append(len(self.stack))
        self.stack.append(_MARK)

    def _tuple_of(self, count):
        items = [self._pop() for _ in range(count)]
        self._push(tuple(items[::-1]))

    def _protocol(self):
        version = self._take(1)[0]
        if version > 5:
            raise ValueError(f"protocol {version} of pickle")

    def _long(self, form):
        self._push(int.from_bytes(self._take(self._number(form)), "little", signed=True))

    def _text(self, form):
        self._push(bytes(self._take(self._number(form))).decode("utf-8", "surrogatepass"))

    def _bytes(self, form):
        self._push(bytes(self._take(self._number(form))))

    def _bytearray8(self):
        self._push(bytearray(self._take(self._number("<Q"))))

    def _append(self):
        item = self._pop()
        self._top(list).extend(_data([item]))

    def _appends(self):
        items = self._pop_to_mark()
        self._top(list).extend(_data(items))

    def _add_items(self):
        items = self._pop_to_mark()
        self._top(set).update(items)

    def _set_item(self):
        value, key = self._pop(), self._pop()
        self._top(dict, OrderedDict)[key] = _data([value])[0]

    def _set_items(self):
        items = self._pop_to_mark()
        if len(items) % 2:
            raise ValueError("a key without a value")
        self._top(dict, OrderedDict).update(zip(items[::2], _data(items[1::2]), strict=True))

    def _top(self, *kinds):
        top = self.stack[-1]
        if type(top) not in kinds:
            raise TypeError(f"items for a {type(top).__name__}")
        return top

    def _global(self):
        module, name = self._line(), self._line()
        self._push(_find(f"{module}.{name}"))

    def _stack_global(self):
        name, module = self._pop(), self._pop()
        self._push(_find(f"{module}.{name}"))

    def _reduce(self):
        arguments, called = self._pop(), self._pop()
        if not isinstance(called, _Called) or type(arguments) is not tuple:
            raise TypeError("a call of what is no function")
        self._push(called.function(*arguments))

    def _build(self):
        """What an array of NumPy holds, and attributes of an OrderedDict: _metadata, which a state_dict has. Nothing else."""
        state = self._pop()
        top = self.stack[-1]
        if isinstance(top, _ArrayType):  # the byte order is all that a dtype of numbers has
            if top.dtype is not None and state[1] in ("<", ">"):
                top.dtype = top.dtype.newbyteorder(state[1])
            return
        if type(top).__name__ == "ndarray":
            _fill_array(top, state)
            return
        target = self._top(OrderedDict)
        if type(state) is not dict or any(type(key) is not str or hasattr(OrderedDict, key) for key in state):
            raise TypeError("attributes that an OrderedDict does not have")
        target.__dict__.update(state)

    def _persistent(self):
        """A storage: ("storage", class, key, location, number of elements)."""
        kind, storage_class, key, location, numel = self._pop()
        if kind != "storage" or not isinstance(storage_class, _Named) or type(key) is not str or type(location) is not str:
            raise TypeError("a persistent id that is no storage's")
        if type(numel) is not int or numel < 0:
            raise ValueError(f"a storage of {numel} elements")
        name = _DTYPES.get(storage_class.name, "uint8")
        if key in self.storages:
            known = self.storages[key]
            if (str(known.dtype), known.numel) != (f"torch.{name}", numel):
                raise ValueError(f"the storage {key} in two dtypes or sizes")
        else:
            dtype = getattr(_C, name, None)
            if dtype is None:
                raise pickle.UnpicklingError(f"the file has a tensor of torch.{name}, a dtype that wengert does not cover")
            load = self.open_storage(key, location, numel * dtype.itemsize)
            self.storages[key] = Storage(dtype, numel, load)
        self._push(self.storages[key])

    def _put(self, form):
        self.memo[self._number(form)] = self.stack[-1]

    def _get(self, form):
        self._push(self.memo[self._number(form)])

    def _pop_mark(self):
        self._pop_to_mark()

    def _memoize(self):
        self.memo[len(self.memo)] = self.stack[-1]


def _with(method, argument):
    return lambda reader: method(reader, argument)


_STEPS = {
    0x80: Reader._protocol,  # PROTO
    0x95: lambda reader: reader._take(8),  # FRAME
    0x28: Reader._mark,  # MARK
    0x30: Reader._pop,  # POP
    0x31: Reader._pop_mark,  # POP_MARK
    0x4E: lambda reader: reader._push(None),  # NONE
    0x88: lambda reader: reader._push(True),  # NEWTRUE
    0x89: lambda reader: reader._push(False),  # NEWFALSE
    0x4B: lambda reader: reader._push(reader._number("<B")),  # BININT1
    0x4D: lambda reader: reader._push(reader._number("<H")),  # BININT2
    0x4A: lambda reader: reader._push(reader._number("<i")),  # BININT
    0x8A: _with(Reader._long, "<B"),  # LONG1
    0x8B: _with(Reader._long, "<i"),  # LONG4
    0x47: lambda reader: reader._push(reader._number(">d")),  # BINFLOAT
    0x58: _with(Reader._text, "<L"),  # BINUNICODE
    0x8C: _with(Reader._text, "<B"),  # SHORT_BINUNICODE
    0x8D: _with(Reader._text, "<Q"),  # BINUNICODE8
    0x42: _with(Reader._bytes, "<L"),  # BINBYTES
    0x43: _with(Reader._bytes, "<B"),  # SHORT_BINBYTES
    0x8E: _with(Reader._bytes, "<Q"),  # BINBYTES8
    0x96: Reader._bytearray8,  # BYTEARRAY8
    0x29: lambda reader: reader._push(()),  # EMPTY_TUPLE
    0x85: _with(Reader._tuple_of, 1),  # TUPLE1
    0x86: _with(Reader._tuple_of, 2),  # TUPLE2
    0x87: _with(Reader._tuple_of, 3),  # TUPLE3
    0x74: lambda reader: reader._push(tuple(reader._pop_to_mark())),  # TUPLE
    0x5D: lambda reader: reader._push([]),  # EMPTY_LIST
    0x61: Reader._append,  # APPEND
    0x65: Reader._appends,  # APPENDS
    0x7D: lambda reader: reader._push({}),  # EMPTY_DICT
    0x73: Reader._set_item,  # SETITEM
    0x75: Reader._set_items,  # SETITEMS
    0x8F: lambda reader: reader._push(set()),  # EMPTY_SET
    0x90: Reader._add_items,  # ADDITEMS
    0x91: lambda reader: reader._push(frozenset(reader._pop_to_mark())),  # FROZENSET
    0x63: Reader._global,  # GLOBAL
    0x93: Reader._stack_global,  # STACK_GLOBAL
    0x52: Reader._reduce,  # REDUCE
    0x62: Reader._build,  # BUILD
    0x51: Reader._persistent,  # BINPERSID
    0x71: _with(Reader._put, "<B"),  # BINPUT
    0x72: _with(Reader._put, "<L"),  # LONG_BINPUT
    0x68: _with(Reader._get, "<B"),  # BINGET
    0x6A: _with(Reader._get, "<L"),  # LONG_BINGET
    0x94: Reader._memoize,  # MEMOIZE
}
