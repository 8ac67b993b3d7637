"""Which object of wengert a name of PyTorch stands for, and which names come nearest to one that stands for nothing."""

import difflib
import importlib
import importlib.util
import pkgutil
from types import ModuleType

from .._absent import dtype_not_covered
from ..version import pytorch

TOP = "torch"
# Parts of wengert that PyTorch does not have.
_OWN = {"array_api", "bench", "config", "run", "viz"}
# What torch.__version__ says: the version whose meaning wengert follows, and that it is not PyTorch.
VERSION = f"{pytorch}+wengert"
OVERRIDES = {TOP: {"__version__": VERSION}, f"{TOP}.version": {"__version__": VERSION}}


def counterpart(name):
    """The name of the module of wengert for a module of PyTorch, "torch" or one below it; None where there is none."""
    parts = name.split(".")
    if len(parts) > 1 and (parts[1] in _OWN or _private(parts[1])):
        return None
    own = ".".join(["wengert", *parts[1:]])
    try:
        return own if importlib.util.find_spec(own) is not None else None
    except ModuleNotFoundError:  # nor its parent
        return None


def names_of(owner):
    """The public names of a module or class, also those that are loaded when first used."""
    names = set(dir(owner))
    if isinstance(owner, ModuleType):
        for listed in ("_LAZY", "_SUBMODULES", "_NAMES", "_MODULES", "__all__"):
            names.update(getattr(owner, listed, ()))
        names.update(module.name for module in pkgutil.iter_modules(getattr(owner, "__path__", ())))
        if owner.__name__ == "wengert":
            names -= _OWN
        names = {name for name in names if not _foreign(owner, name)}
    return sorted(name for name in names if not name.startswith("_"))


def _private(name):
    return name.startswith("_") and not name.startswith("__")


def _foreign(module, name):
    """Whether a name of a module is another package, which it imports."""
    value = vars(module).get(name)
    return isinstance(value, ModuleType) and not value.__name__.startswith("wengert")


def nearest(owner, name, prefix):
    """Up to three public names of owner that look like name, with prefix before them."""
    known: dict[str, list[str]] = {}
    for each in names_of(owner):
        known.setdefault(each.lower(), []).append(each)
    found = [each for match in difflib.get_close_matches(name.lower(), known, 3, cutoff=0.7) for each in known[match]]
    return [f"{prefix}.{each}" for each in found[:3]]


def refusal(name, near):
    """The sentence for a name of PyTorch that stands for nothing."""
    hint = f"; the nearest it has: {', '.join(near)}" if near else ""
    return f"wengert does not cover {name}{hint}"


def resolve(name):
    """(whether wengert covers a dotted name of PyTorch, the names nearest to its first part that it does not).

    Attributes of anything but modules and classes are taken as covered: they show only in a running program.

    >>> from wengert.run.names import resolve
    >>> resolve("torch.linalg.solve")
    (True, [])
    >>> covered, near = resolve("torch.linalg.sovle")
    >>> covered, near[0]
    (False, 'torch.linalg.solve')
    """
    parts = name.split(".")
    owner, path = importlib.import_module("wengert"), TOP
    for part in parts[1:]:
        inside = f"{path}.{part}"
        if isinstance(owner, ModuleType):
            own = counterpart(inside)
            if own is None and (part in _OWN or _private(part) or not hasattr(owner, part) or _foreign(owner, part)):
                return False, nearest(owner, part, path)
            value = importlib.import_module(own) if own is not None and not _shadowed(owner, part) else getattr(owner, part)
        elif isinstance(owner, type):
            if not hasattr(owner, part):
                return False, nearest(owner, part, path)
            value = getattr(owner, part)
        else:
            break
        if isinstance(value, dtype_not_covered):
            return False, nearest(owner, part, path)
        owner, path = value, inside
    return True, []


def _shadowed(module, name):
    """Whether a name of a module is something else than its submodule of the same name."""
    return name in vars(module) and not isinstance(vars(module)[name], ModuleType)
