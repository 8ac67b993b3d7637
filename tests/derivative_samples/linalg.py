"""Calls of the operators of wengert.autograd.derivatives.linalg."""

from . import call, samples  # noqa: F401
