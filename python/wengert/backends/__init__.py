"""Switches of PyTorch's libraries that programs set or ask for. None of these libraries is here, and setting one changes nothing."""

from . import cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
