"""Operators written once, in Python, from other operators, and published like those of the op table.

A composite is a plain function on tensors in a module of ``wengert._composites``::

    @composite("method", "out", aliases="moveaxis")
    def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
        ...

It always is the function ``wengert.movedim``, unless "method only" says otherwise. The forms add to that:

method       ``Tensor.movedim`` too: the first argument is the tensor
inplace      ``Tensor.movedim_`` writes the result into the tensor; its shape must not change
out          the function takes ``out=``, a tensor or, for a result of several tensors, a tuple of them

Annotations are those of ``KINDS``: stubs, ``docs/ops.md`` and the generated tests are made from them. (Their names are
imported under ``if TYPE_CHECKING:`` only, since importing ``typing`` takes as long as importing wengert.)
"""

from . import _C

TABLE: "list[Composite]" = []  # in the order of the docs

# What an annotation is called in the op table (csrc/ops/op.h); others stand for themselves.
KINDS = {
    "Tensor": "Tensor",
    "Tensor | Number": "Operand",
    "Number": "Number",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "str": "str",
    "int | Sequence[int]": "int[]",
    "Sequence[int]": "tuple",
    "Sequence[Tensor]": "Tensor[]",
    "dtype": "dtype",
    "Generator": "Generator",
    "device": "device",
    "layout": "layout",
    "memory_format": "memory_format",
}


class Composite:
    """One row: the function and how it is published."""

    __slots__ = ("aliases", "forms", "function", "name")

    def __init__(self, name, function, forms, aliases):
        self.name, self.function, self.forms, self.aliases = name, function, forms, aliases


def composite(*forms, aliases="", name=None):
    """Publishes the decorated function; see the head of this module."""

    def register(function):
        TABLE.append(Composite(name or function.__name__, function, forms, aliases.split()))
        return function

    return register


def write(out, result):
    """Copies result into out= as operators do: an empty out is resized, another shape or kind of dtype is an error."""
    if isinstance(result, tuple):
        for place, value in zip(out, result, strict=True):
            write(place, value)
    else:
        _C.functions["_write"](result, out=out)
    return out


def _wrapper(function, name, call):
    call.__name__ = call.__qualname__ = name
    call.__doc__ = function.__doc__
    call.__module__ = "wengert"
    call.__wrapped__ = function
    return call


def _with_out(name, function):
    def call(*args, out=None, **options):
        if out is not None and _C._needs_gradient((*args, *options.values())):
            raise RuntimeError(
                f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments requires "
                "grad."
            )
        result = function(*args, **options)
        return result if out is None else write(out, result)

    return _wrapper(function, name, call)


def _inplace(name, function):
    def call(self, *args, **options):
        # What the parts keep of self must not be what is written below.
        before = self.clone() if _C._needs_gradient((self, *args)) else self
        result = function(before, *args, **options)
        if not _C.can_cast(result.dtype, self.dtype):
            kinds = (tensor.type().removeprefix("torch.").removesuffix("Tensor") for tensor in (result, self))
            raise RuntimeError("result type {} can't be cast to the desired output type {}".format(*kinds))
        return self.copy_(result)

    return _wrapper(function, name, call)


def publish(namespace, tensor):
    """Puts every composite into a module's namespace and onto the Tensor class."""
    for row in TABLE:
        function = _with_out(row.name, row.function) if "out" in row.forms else row.function
        for name in (row.name, *row.aliases):
            if "method only" not in row.forms:
                namespace[name] = function
            if "method" in row.forms or "method only" in row.forms:
                setattr(tensor, name, row.function)
            if "inplace" in row.forms:
                setattr(tensor, f"{name}_", _inplace(f"{name}_", row.function))


def _argument(parameter):
    annotation = parameter.annotation
    optional = annotation.endswith(" | None")
    kind = KINDS.get(annotation.removesuffix(" | None"), annotation.removesuffix(" | None"))
    given = parameter.default is not parameter.empty
    return {
        "name": parameter.name,
        "kind": kind,
        "optional": optional,
        "keyword_only": parameter.kind is parameter.KEYWORD_ONLY,
        "variadic": parameter.kind is parameter.VAR_POSITIONAL,
        "default": str(parameter.default) if given else None,
    }


def table():
    """The composites in the form of ``_C.op_table()``, for documentation, stubs and tests."""
    import inspect

    rows = []
    for row in TABLE:
        signature = inspect.signature(row.function)
        forms = [] if "method only" in row.forms else ["function"]
        if "method" in row.forms or "method only" in row.forms:
            forms.append("method")
        rows.append(
            {
                "name": row.name,
                "public_name": row.name,
                "aliases": row.aliases,
                "args": [_argument(p) for p in signature.parameters.values()],
                "returns": signature.return_annotation,
                "fields": [],
                "forms": forms + [form for form in ("inplace", "out") if form in row.forms],
                "doc": inspect.getdoc(row.function),
                "family": row.function.__module__.rpartition(".")[2].replace("_", " "),
                "dtypes": [],
            }
        )
    return rows
