"""Calls of the operators of wengert.autograd.derivatives.movement."""

from . import call, samples  # noqa: F401
