"""Tensors and automatic differentiation on the CPU, in PyTorch's spelling: ``import wengert as torch``."""

from . import _C, _composite, _composites
from ._C import (
    Generator,
    IndexOutOfRangeError,
    Size,
    can_cast,
    device,
    dtype,
    empty_cache,
    from_numpy,
    get_default_dtype,
    get_num_threads,
    is_grad_enabled,
    is_inference_mode_enabled,
    layout,
    memory_format,
    memory_stats,
    promote_types,
    result_type,
    set_default_dtype,
    set_num_threads,
    tensor,
)
from ._creation import as_tensor, asarray, frombuffer
from ._interop import from_dlpack, to_dlpack
from ._printing import get_printoptions, set_printoptions
from ._tensor import INPLACE_FUNCTIONS, Tensor
from ._typeinfo import finfo, iinfo
from .config import show_config
from .random import default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state

__version__ = _C.version

strided = _C.strided
contiguous_format = _C.contiguous_format
preserve_format = _C.preserve_format
channels_last = _C.channels_last
channels_last_3d = _C.channels_last_3d
inf = float("inf")
nan = float("nan")
pi = 3.141592653589793
e = 2.718281828459045


def is_tensor(obj):
    """Whether obj is a Tensor."""
    return isinstance(obj, Tensor)


def numel(input):
    """The number of elements of input."""
    return input.numel()


def is_floating_point(input):
    """Whether the elements of input are floats."""
    return input.is_floating_point()


# Loaded when first used.
_SUBMODULES = (
    "amp",
    "array_api",
    "autograd",
    "backends",
    "cuda",
    "func",
    "linalg",
    "nn",
    "optim",
    "serialization",
    "special",
    "utils",
    "version",
    "viz",
)
_LAZY = {
    "no_grad": "autograd.modes",
    "enable_grad": "autograd.modes",
    "set_grad_enabled": "autograd.modes",
    "inference_mode": "autograd.modes",
    "is_anomaly_check_nan_enabled": "autograd.anomaly",
    "is_anomaly_enabled": "autograd.anomaly",
    "load": "serialization",
    "save": "serialization",
    "autocast": "amp",
    "are_deterministic_algorithms_enabled": "_settings",
    "compile": "_settings",
    "get_default_device": "_settings",
    "get_float32_matmul_precision": "_settings",
    "get_num_interop_threads": "_settings",
    "is_deterministic_algorithms_warn_only_enabled": "_settings",
    "set_default_device": "_settings",
    "set_float32_matmul_precision": "_settings",
    "set_num_interop_threads": "_settings",
    "use_deterministic_algorithms": "_settings",
    "bfloat16": "_absent",
    "cdouble": "_absent",
    "cfloat": "_absent",
    "complex128": "_absent",
    "complex64": "_absent",
    "float16": "_absent",
    "half": "_absent",
    "BoolTensor": "_legacy",
    "ByteTensor": "_legacy",
    "CharTensor": "_legacy",
    "DoubleTensor": "_legacy",
    "FloatTensor": "_legacy",
    "IntTensor": "_legacy",
    "LongTensor": "_legacy",
    "ShortTensor": "_legacy",
}


def __getattr__(name):
    if name in _SUBMODULES:
        import importlib

        return importlib.import_module(f"wengert.{name}")
    if name in _LAZY:
        import importlib

        value = globals()[name] = getattr(importlib.import_module(f"wengert.{_LAZY[name]}"), name)
        return value
    import difflib

    near = difflib.get_close_matches(name, globals(), 3)
    hint = f"; the nearest it has: {', '.join(near)}" if near else ""
    raise AttributeError(f"wengert does not cover {name!r}{hint}", name=name)


# Every operator of the table but those of nn.functional, then the dtypes; both take names of builtins (max, sum, abs, bool,
# float), so they come last.
globals().update({name: function for name, function in _C.functions.items() if name not in _C.network_functions})
_composite.publish(globals(), Tensor)
globals().update({name: getattr(Tensor, name) for name in INPLACE_FUNCTIONS.split()})
del INPLACE_FUNCTIONS
bool = _C.bool
uint8 = _C.uint8
int8 = _C.int8
int16 = short = _C.int16
int32 = int = _C.int32
int64 = long = _C.int64
uint16 = _C.uint16
uint32 = _C.uint32
uint64 = _C.uint64
float32 = float = _C.float32
float64 = double = _C.float64
