"""Rows of elementwise operators."""

from . import rule  # noqa: F401
