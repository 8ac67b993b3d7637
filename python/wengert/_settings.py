"""Settings of PyTorch that hold here whatever they are set to: results have the same bits in every run, float32 is computed in
float32, one pool of threads serves all, operators run as they are called."""

from . import _C

_debug_mode = "default"
_precision = "highest"


def use_deterministic_algorithms(mode, *, warn_only=False):
    """Accepted: every operator is deterministic, for any number of threads."""
    global _debug_mode

    _debug_mode = ("warn" if warn_only else "error") if mode else "default"


def are_deterministic_algorithms_enabled():
    """What use_deterministic_algorithms was last given."""
    return _debug_mode != "default"


def is_deterministic_algorithms_warn_only_enabled():
    """What use_deterministic_algorithms was last given as warn_only."""
    return _debug_mode == "warn"


def set_float32_matmul_precision(precision):
    """Accepted: "highest", "high" or "medium"; products of float32 are computed in float32."""
    global _precision

    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"float32_matmul_precision must be one of 'highest', 'high' or 'medium', got {precision!r}")
    _precision = precision


def get_float32_matmul_precision():
    """What set_float32_matmul_precision was last given."""
    return _precision


def set_num_interop_threads(num):
    """Accepted: operators run one after another."""
    if num <= 0:
        raise RuntimeError("Expected positive number of threads")


def get_num_interop_threads():
    """1."""
    return 1


def set_default_device(device):
    """Accepted for the CPU and None; RuntimeError for another device."""
    if device is not None:
        _C.device(device)


def get_default_device():
    """The CPU."""
    return _C.device("cpu")


def compile(model=None, *, fullgraph=False, dynamic=None, backend="inductor", mode=None, options=None, disable=False):
    """model as it is, a module or a function; a decorator without one. There is no compiler; the meaning is the same.

    >>> wengert.compile(lambda x: 2 * x)(wengert.ones(1))
    tensor([2.])
    """
    return (lambda function: function) if model is None else model
