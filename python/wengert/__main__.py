"""The command ``wengert``, also ``python -m wengert``. A part of the package joins it with a subcommand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    from wengert.bench import cli as bench

    parser = argparse.ArgumentParser(prog="wengert", description="Tensors and automatic differentiation on the CPU")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    benchmarks = commands.add_parser("bench", help="benchmarks against NumPy, PyTorch and JAX")
    bench.register(benchmarks.add_subparsers(title="benchmarks", required=True, metavar="COMMAND"))
    options = parser.parse_args(arguments)
    if options.version:
        import wengert

        print(f"wengert {wengert.__version__}")
        return 0
    if not hasattr(options, "run"):
        parser.print_help()
        return 2
    return bench.run(options)


if __name__ == "__main__":
    sys.exit(main())
