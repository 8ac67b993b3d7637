"""cuDNN: not here. Its switches may be set."""

enabled = True
benchmark = False
deterministic = True
allow_tf32 = False


def is_available():
    """False."""
    return False


def version():
    """None."""
    return None
