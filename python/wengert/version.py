"""Versions: ``__version__`` is wengert's, ``pytorch`` that of the PyTorch whose names and meaning it follows."""

from . import _C

__version__ = _C.version
pytorch = "2.13.0"
cuda = hip = xpu = None
debug = False
