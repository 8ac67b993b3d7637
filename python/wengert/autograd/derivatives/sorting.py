"""Rows of sorting operators."""

from . import rule  # noqa: F401
