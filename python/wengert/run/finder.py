"""``import torch`` means wengert: modules that show wengert's under PyTorch's names."""

import importlib
import importlib.abc
import importlib.machinery
import sys
from types import ModuleType

from .names import OVERRIDES, TOP, counterpart, names_of, nearest, refusal


class Namespace(ModuleType):
    """A module of wengert under its name in PyTorch. What it lacks is an AttributeError with the nearest names."""

    def __init__(self, name, own):
        super().__init__(name, own.__doc__)
        # Functions and classes are found at once, as in any module; submodules, and what is loaded when first used, by __getattr__.
        shown = {key: value for key, value in vars(own).items() if not isinstance(value, ModuleType) and key[:2] != "__"}
        self.__dict__.update(shown, __own__=own, **OVERRIDES.get(name, {}))

    def __getattr__(self, name):
        if name in ("__path__", "__file__", "__all__"):  # asked of every module by import
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        own = self.__own__
        full = f"{self.__name__}.{name}"
        submodule = counterpart(full)
        if submodule is not None:
            return importlib.import_module(full)
        try:
            value = getattr(own, name)
        except AttributeError:
            value = own
        if isinstance(value, ModuleType):  # none of its submodules: there is no such name
            raise AttributeError(refusal(full, nearest(own, name, self.__name__)), name=name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        # A program's settings (torch.backends.cudnn.benchmark = True) and patches hold for wengert itself; import's own do not.
        if name[:2] != "__" and not isinstance(value, Namespace):
            setattr(self.__own__, name, value)

    def __dir__(self):
        return names_of(self.__own__)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds "torch" and everything below it, and nothing else."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != TOP and not fullname.startswith(f"{TOP}."):
            return None
        own = counterpart(fullname)
        if own is None:
            parent, _, name = fullname.rpartition(".")
            owner = sys.modules[parent].__own__
            # Without .name, which tells `from torch.nn import X` that X may be missing and hides this message.
            raise ModuleNotFoundError(refusal(fullname, nearest(owner, name, parent)))
        package = importlib.import_module(own)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=hasattr(package, "__path__"))

    def create_module(self, spec):
        return Namespace(spec.name, importlib.import_module(counterpart(spec.name)))

    def exec_module(self, module):
        """Nothing: wengert's module has run."""


def install():
    """Makes ``import torch`` import wengert in this process. RuntimeError where PyTorch itself has been imported."""
    loaded = sys.modules.get(TOP)
    if loaded is not None and not isinstance(loaded, Namespace):
        raise RuntimeError(f"PyTorch itself has been imported already, from {getattr(loaded, '__file__', None)}")
    if not any(isinstance(each, Finder) for each in sys.meta_path):
        sys.meta_path.insert(0, Finder())
