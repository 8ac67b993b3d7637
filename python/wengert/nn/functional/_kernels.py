"""Operators of the table by name."""

from ... import _C


def kernel(name):
    """The operator; one that raises RuntimeError where the extension is older than this package and has none."""
    function = _C.functions.get(name)
    if function is not None:
        return function

    def missing(*args, **options):
        raise RuntimeError(f"wengert's extension module has no operator {name!r}: it is older than the package; build it again")

    return missing
