"""Calls of the operators of wengert.autograd.derivatives.elementwise."""

from . import call, samples  # noqa: F401
