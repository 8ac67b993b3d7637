"""Calls of the operators of wengert.autograd.derivatives.indexing."""

from . import call, samples  # noqa: F401
