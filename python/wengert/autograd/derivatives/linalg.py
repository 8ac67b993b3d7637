"""Rows of linalg operators."""

from . import rule  # noqa: F401
