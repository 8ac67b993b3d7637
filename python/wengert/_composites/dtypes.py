"""Questions about a tensor's dtype, and the dtypes that are not covered."""

from __future__ import annotations

import wengert

from .._composite import composite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wengert import Tensor


def check_tensor(name, value):
    if not isinstance(value, wengert.Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(value).__name__}")


@composite("method")
def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers.

    >>> wengert.tensor([1], dtype=wengert.uint8).is_signed()
    False
    """
    check_tensor("is_signed", input)
    return input.dtype.is_signed


@composite("method")
def is_complex(input: Tensor) -> bool:
    """False: complex dtypes are not covered.

    >>> wengert.tensor([1.]).is_complex()
    False
    """
    check_tensor("is_complex", input)
    return False


@composite("method")
def is_nonzero(input: Tensor) -> bool:
    """Whether the only element is not zero; RuntimeError unless there is exactly one.

    >>> wengert.is_nonzero(wengert.tensor([0.5]))
    True
    """
    check_tensor("is_nonzero", input)
    return bool(input)


@composite("method")
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether both tensors have the same shape.

    >>> wengert.is_same_size(wengert.zeros(2), wengert.zeros(2, 1))
    False
    """
    return input.shape == other.shape


def not_covered(name):
    return TypeError(f"wengert has no dtype {name}; float32 is the smallest float dtype it covers")


@composite("method only")
def half(input: Tensor) -> Tensor:
    """TypeError: float16 is not covered.

    >>> wengert.ones(1).half()
    Traceback (most recent call last):
    TypeError: wengert has no dtype float16; float32 is the smallest float dtype it covers
    """
    raise not_covered("float16")


@composite("method only")
def bfloat16(input: Tensor) -> Tensor:
    """TypeError: bfloat16 is not covered.

    >>> wengert.ones(1).bfloat16()
    Traceback (most recent call last):
    TypeError: wengert has no dtype bfloat16; float32 is the smallest float dtype it covers
    """
    raise not_covered("bfloat16")
