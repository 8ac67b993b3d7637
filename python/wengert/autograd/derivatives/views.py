"""Rows of views operators."""

from . import rule  # noqa: F401
