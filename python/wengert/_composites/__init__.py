"""The operators written in Python, a module per subject. Importing this package fills ``_composite.TABLE``."""

from . import differences, dtypes, movement, products
