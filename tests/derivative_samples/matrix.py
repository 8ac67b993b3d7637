"""Calls of the operators of wengert.autograd.derivatives.matrix."""

from . import call, samples  # noqa: F401
