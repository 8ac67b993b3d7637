"""Intel's MKL: not used, the kernels are wengert's own."""


def is_available():
    """False."""
    return False
