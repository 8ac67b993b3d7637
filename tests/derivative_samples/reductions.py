"""Calls of the operators of wengert.autograd.derivatives.reductions."""

from . import call, samples  # noqa: F401
