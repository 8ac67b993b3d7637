"""CUDA's libraries: not here. Their switches may be set."""

from types import SimpleNamespace

matmul = SimpleNamespace(allow_tf32=False, allow_fp16_reduced_precision_reduction=False)


def is_built():
    """False."""
    return False
