"""Calls of the operators of wengert.autograd.derivatives.views."""

from . import call, samples  # noqa: F401
