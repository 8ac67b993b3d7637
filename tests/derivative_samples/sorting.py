"""Calls of the operators of wengert.autograd.derivatives.sorting."""

from . import call, samples  # noqa: F401
