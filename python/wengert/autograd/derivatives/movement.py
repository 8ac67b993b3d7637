"""Rows of movement operators."""

from . import rule  # noqa: F401
