"""The operators written in Python, a module per subject. Importing this package fills ``_composite.TABLE``."""

from . import (
    contraction,
    differences,
    distances,
    dtypes,
    gamma,
    linear_algebra,
    movement,
    network,
    powers,
    products,
    statistics,
)
