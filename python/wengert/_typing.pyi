# Names for annotations only: inside the package's stubs `int`, `dtype`, `device` and the like are wengert's own.
import builtins
from typing import TypeAlias

from . import _C

Number: TypeAlias = builtins.int | builtins.float
DType: TypeAlias = _C.dtype | type[builtins.int] | type[builtins.float]
Device: TypeAlias = _C.device | builtins.str
Layout: TypeAlias = _C.layout
MemoryFormat: TypeAlias = _C.memory_format
