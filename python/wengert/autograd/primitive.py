"""Functions that leave wengert, for LAPACK in NumPy or SciPy, as operators with a row of the derivative table.

::

    @primitive("linalg_qr")
    def qr(A, mode="reduced", *, out=None):
        ...

The row's formulas ask for the function's arguments by their names, and for the fields of its named tuple. Nothing inside needs to
be differentiable: the function gets its tensors without their history. Functions made of operators need no decorator: their
parts record.
"""

from .. import _C


def primitive(name):
    """Decorates a function of tensors whose derivatives are the row `name`. It returns one tensor, or a named tuple of them."""

    def decorate(function):
        names = None

        def call(*args, **options):
            nonlocal names
            if not _C._needs_gradient((*args, *options.values())):
                return function(*args, **options)
            if options.get("out") is not None:
                fail_out(name)
            results = function(*map(_plain, args), **{key: _plain(value) for key, value in options.items()})
            results = _plain(results) if isinstance(results, _C.TensorBase) else results._make(map(_plain, results))
            if names is None:  # by now the arguments are known to fit
                names = _parameters(function)
            return _C._record(name, names, _all_arguments(function, names, args, options), results)

        call.__name__, call.__qualname__, call.__module__ = function.__name__, function.__qualname__, function.__module__
        call.__doc__ = function.__doc__
        call.__wrapped__ = function  # type: ignore[attr-defined]
        return call

    return decorate


def fail_out(name):
    raise RuntimeError(
        f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad."
    )


def _plain(value):
    """The same elements without a history: of a result, as no view of anything."""
    return value.detach() if isinstance(value, _C.TensorBase) else value


def _parameters(function):
    code = function.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _all_arguments(function, names, args, options):
    """Every argument of a valid call in the order of names, by default where it is not given."""
    defaults = function.__defaults__ or ()
    values = dict(zip(names[function.__code__.co_argcount - len(defaults) :], defaults, strict=False))
    values.update(function.__kwdefaults__ or {})
    values.update(zip(names, args, strict=False))
    values.update(options)
    return tuple(values[name] for name in names)
