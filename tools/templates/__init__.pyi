import builtins
from collections.abc import Sequence
from typing import Any, overload

from . import _C
from . import array_api as array_api
from . import linalg as linalg
from . import random as random
from . import special as special
from ._C import Generator as Generator
from ._C import IndexOutOfRangeError as IndexOutOfRangeError
from ._C import Size as Size
from ._C import can_cast as can_cast
from ._C import channels_last as channels_last
from ._C import channels_last_3d as channels_last_3d
from ._C import contiguous_format as contiguous_format
from ._C import default_generator as default_generator
from ._C import device as device
from ._C import dtype as dtype
from ._C import empty_cache as empty_cache
from ._C import from_numpy as from_numpy
from ._C import get_default_dtype as get_default_dtype
from ._C import get_num_threads as get_num_threads
from ._C import layout as layout
from ._C import memory_format as memory_format
from ._C import memory_stats as memory_stats
from ._C import preserve_format as preserve_format
from ._C import promote_types as promote_types
from ._C import result_type as result_type
from ._C import set_default_dtype as set_default_dtype
from ._C import set_num_threads as set_num_threads
from ._C import strided as strided
from ._C import tensor as tensor
from ._creation import as_tensor as as_tensor
from ._creation import asarray as asarray
from ._creation import frombuffer as frombuffer
from ._interop import from_dlpack as from_dlpack
from ._interop import to_dlpack as to_dlpack
from ._typing import Device, DType, Layout, MemoryFormat, Number
from ._tensor import Tensor as Tensor
from ._typeinfo import finfo as finfo
from ._typeinfo import iinfo as iinfo
# [results]

__version__: str

inf: builtins.float
nan: builtins.float
pi: builtins.float
e: builtins.float

bool: dtype
uint8: dtype
int8: dtype
int16: dtype
short: dtype
int32: dtype
int: dtype
int64: dtype
long: dtype
uint16: dtype
uint32: dtype
uint64: dtype
float32: dtype
float: dtype
float64: dtype
double: dtype

def is_tensor(obj: object) -> builtins.bool: ...
def numel(input: Tensor) -> builtins.int: ...
def is_floating_point(input: Tensor) -> builtins.bool: ...
def show_config() -> str: ...
def manual_seed(seed: builtins.int) -> Generator: ...
def seed() -> builtins.int: ...
def initial_seed() -> builtins.int: ...
def get_rng_state() -> Tensor: ...
def set_rng_state(new_state: Tensor) -> None: ...
def get_printoptions() -> dict[str, Any]: ...
def set_printoptions(
    precision: builtins.int | None = None,
    threshold: builtins.float | None = None,
    edgeitems: builtins.int | None = None,
    linewidth: builtins.int | None = None,
    profile: str | None = None,
    sci_mode: builtins.bool | None = None,
) -> None: ...

# [functions]
