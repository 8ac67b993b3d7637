"""Calls of the operators of wengert.autograd.derivatives.special."""

from . import call, samples  # noqa: F401
