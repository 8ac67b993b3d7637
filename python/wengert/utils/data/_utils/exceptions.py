"""An exception of a worker process on its way to the process that iterates."""

import pickle
import sys
import traceback


class _KeyErrorMessage(str):
    """A KeyError prints repr(message): this one keeps its lines."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


class ExceptionWrapper:
    """The exception being handled: its type and its traceback as text, since the traceback itself stays in its process."""

    def __init__(self, where):
        error = sys.exception()
        kind = type(error)
        self.name, self.where = kind.__name__, where
        self.text = "".join(traceback.format_exception(error))
        self.kind = next((each for each in kind.__mro__ if _importable(each)), RuntimeError)

    def reraise(self):
        """Raises an exception of the same type whose message holds the traceback; RuntimeError where the type takes no message."""
        message = f"Caught {self.name} {self.where}.\nOriginal {self.text}"
        if self.kind is KeyError:
            message = _KeyErrorMessage(message)
        try:
            error = self.kind(message)
        except Exception:  # its constructor wants other arguments
            error = RuntimeError(message)
        raise error


def _importable(kind):
    try:
        pickle.dumps(kind)
    except (pickle.PicklingError, AttributeError, ImportError):
        return False
    return True
