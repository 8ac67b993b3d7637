"""Rows of reductions operators."""

from . import rule  # noqa: F401
