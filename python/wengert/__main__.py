"""The command ``wengert``, also ``python -m wengert``. A part of the package joins it with a subcommand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["run"]:  # a program starts without what the other commands import
        from wengert.run import cli as run

        return run.run(arguments[1:])
    from wengert.bench import cli as bench
    from wengert.run import cli as run

    parser = argparse.ArgumentParser(prog="wengert", description="Tensors and automatic differentiation on the CPU")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    benchmarks = commands.add_parser("bench", help="benchmarks against NumPy, PyTorch and JAX")
    bench.register(benchmarks.add_subparsers(title="benchmarks", required=True, metavar="COMMAND"))
    commands.add_parser("run", help="run a program written for PyTorch", add_help=False)
    run.register_compat(commands.add_parser("compat", help="the names of PyTorch that programs use, and which are covered"))
    options = parser.parse_args(arguments)
    if options.version:
        import wengert

        print(f"wengert {wengert.__version__}")
        return 0
    if hasattr(options, "files"):
        return run.compat(options)
    if not hasattr(options, "run"):
        parser.print_help()
        return 2
    return bench.run(options)


if __name__ == "__main__":
    sys.exit(main())
