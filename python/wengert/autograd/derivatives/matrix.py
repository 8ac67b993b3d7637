"""Rows of matrix operators."""

from . import rule  # noqa: F401
