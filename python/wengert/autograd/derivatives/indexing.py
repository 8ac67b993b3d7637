"""Rows of indexing operators."""

from . import rule  # noqa: F401
