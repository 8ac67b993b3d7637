"""``python -m wengert.bench mv-mm`` and ``python -m wengert.bench table``."""

import sys

from .cli import main

sys.exit(main())
