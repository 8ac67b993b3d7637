"""Anomaly detection: each node notes the traceback of the call that made it, shown when a backward pass fails in that node."""

import traceback
import warnings

from .. import _C


def traceback_text():
    """The traceback of the user's call that is being recorded."""
    import wengert

    folder = wengert.__file__.rpartition("/")[0] + "/"
    frames = [frame for frame in traceback.extract_stack() if not frame.filename.startswith(folder)]
    return "".join(traceback.format_list(frames))


def explain(node):
    """Warns with the traceback that the node noted."""
    where = node.where
    if where is None:
        text = "No forward pass information available. Enable detect anomaly during forward pass for more information."
        warnings.warn(f"Error detected in {node.name()}. {text}", UserWarning, stacklevel=3)
    else:
        text = f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n{where}"
        warnings.warn(text, UserWarning, stacklevel=3)


class set_detect_anomaly:
    """Switches anomaly detection on or off at once, and back at the end of a with statement.

    With it, a backward pass that raises warns with the traceback of the forward call whose node failed, and with check_nan a NaN in
    a gradient is a RuntimeError. It is slow: for hunting errors only.

    >>> with wengert.autograd.set_detect_anomaly(True):
    ...     x = wengert.ones(1, requires_grad=True)
    ...     y = x * 2
    >>> "y = x * 2" in y.grad_fn.where or "<doctest" in y.grad_fn.where
    True
    """

    def __init__(self, mode, check_nan=True):
        self.before = _C._get_notes()
        _C._set_notes(2 if mode else 0, check_nan)

    def __enter__(self):
        return None

    def __exit__(self, *error):
        _C._set_notes(*self.before)


class detect_anomaly(set_detect_anomaly):
    """set_detect_anomaly(True, check_nan) for the length of a with statement."""

    def __init__(self, check_nan=True):
        super().__init__(True, check_nan)


def is_anomaly_enabled():
    """Whether anomaly detection is on."""
    return _C._get_notes()[0] == 2


def is_anomaly_check_nan_enabled():
    """Whether a NaN in a gradient is an error while anomaly detection is on."""
    return _C._get_notes()[1]
