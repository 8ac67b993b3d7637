import builtins
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

from . import _C
from . import random as random
# [submodules]
from ._C import channels_last as channels_last
from ._C import channels_last_3d as channels_last_3d
from ._C import contiguous_format as contiguous_format
from ._C import preserve_format as preserve_format
from ._C import strided as strided
# [reexports]
# [lazy]
from ._typing import Device, DType, Layout, MemoryFormat, Number
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

_Function = TypeVar("_Function", bound=Callable[..., Any])

class _Mode:
    def __enter__(self) -> None: ...
    def __exit__(self, *error: object) -> None: ...
    def __call__(self, function: _Function, /) -> _Function: ...

# Classes whose instances are modes; of a function, which they decorate without parentheses, they make another one.
@overload
def no_grad(function: None = None) -> _Mode: ...
@overload
def no_grad(function: _Function) -> _Function: ...
@overload
def enable_grad(function: None = None) -> _Mode: ...
@overload
def enable_grad(function: _Function) -> _Function: ...
@overload
def inference_mode(mode: builtins.bool = True) -> _Mode: ...
@overload
def inference_mode(mode: _Function) -> _Function: ...
def set_grad_enabled(mode: builtins.bool) -> _Mode: ...
def is_anomaly_enabled() -> builtins.bool: ...
def is_anomaly_check_nan_enabled() -> builtins.bool: ...

# [functions]
