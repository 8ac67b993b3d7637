"""oneDNN: not used, the kernels are wengert's own. Its switch may be set."""

enabled = False


def is_available():
    """False."""
    return False
