"""What programs ask of a GPU before they do without: there is none.

>>> wengert.device("cuda" if wengert.cuda.is_available() else "cpu")
device(type='cpu')
"""


def is_available():
    """False."""
    return False


def is_initialized():
    """False."""
    return False


def is_bf16_supported(including_emulation=True):
    """False."""
    return False


def device_count():
    """0."""
    return 0


def manual_seed(seed):
    """Nothing: there is no generator to seed, as in PyTorch without CUDA."""


def manual_seed_all(seed):
    """Nothing, likewise."""


def seed():
    """Nothing, likewise."""


def seed_all():
    """Nothing, likewise."""


def empty_cache():
    """Nothing: no memory of a GPU is held. :func:`wengert.empty_cache` gives back that of the CPU."""


def memory_allocated(device=None):
    """0."""
    return 0


def max_memory_allocated(device=None):
    """0."""
    return 0


def memory_reserved(device=None):
    """0."""
    return 0


def max_memory_reserved(device=None):
    """0."""
    return 0


def reset_peak_memory_stats(device=None):
    """Nothing."""


def __getattr__(name):
    if name == "amp":
        import importlib

        return importlib.import_module(f"{__name__}.amp")
    if name in _NEED_CUDA:

        def unavailable(*arguments, **named):
            raise AssertionError("Torch not compiled with CUDA enabled [wengert computes on the CPU only]")

        unavailable.__name__ = unavailable.__qualname__ = name
        return unavailable
    raise AttributeError(f"wengert.cuda does not cover {name!r}: there is no CUDA here", name=name)


_NEED_CUDA = (
    "current_device",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "init",
    "set_device",
    "synchronize",
)
