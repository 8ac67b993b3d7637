"""Rows of special operators."""

from . import rule  # noqa: F401
