"""Tensor classes by dtype, which PyTorch keeps from its beginnings: ``torch.FloatTensor([1, 2])``, ``torch.LongTensor(2, 3)``."""

from . import _C
from ._tensor import Tensor


class _TensorOf(type):
    """A class whose call makes a tensor of one dtype, and whose instances are all tensors of it."""

    dtype: _C.dtype

    def __call__(cls, *arguments):
        if len(arguments) == 1 and not isinstance(arguments[0], (int, _C.Size)):
            data = arguments[0]
            if isinstance(data, Tensor):
                if data.dtype != cls.dtype:
                    raise TypeError(f"expected {cls.dtype} (got {data.dtype})")
                return data.detach()
            return _C.tensor(data, dtype=cls.dtype)
        sizes = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], _C.Size) else arguments
        return _C.functions["empty"](tuple(sizes) or (0,), dtype=cls.dtype)

    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor) and instance.dtype == cls.dtype


def _tensor_of(name, dtype):
    doc = f"tensor(data, dtype={dtype}) of data; of sizes, a tensor that holds anything.\n\n>>> isinstance(wengert.{name}([1, 0]), wengert.Tensor)\nTrue"
    return _TensorOf(name, (), {"dtype": dtype, "__doc__": doc, "__module__": __name__})


BoolTensor = _tensor_of("BoolTensor", _C.bool)
ByteTensor = _tensor_of("ByteTensor", _C.uint8)
CharTensor = _tensor_of("CharTensor", _C.int8)
ShortTensor = _tensor_of("ShortTensor", _C.int16)
IntTensor = _tensor_of("IntTensor", _C.int32)
LongTensor = _tensor_of("LongTensor", _C.int64)
FloatTensor = _tensor_of("FloatTensor", _C.float32)
DoubleTensor = _tensor_of("DoubleTensor", _C.float64)
