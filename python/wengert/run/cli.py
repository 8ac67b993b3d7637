"""The options of ``wengert run`` and ``wengert compat``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ..version import pytorch


def run(arguments: Sequence[str]) -> int:
    """Runs the program that arguments name; the status to exit with."""
    parser = argparse.ArgumentParser(
        prog="wengert run",
        description=f"Runs a program written for PyTorch: `import torch` imports wengert, in the meaning of PyTorch {pytorch}.",
    )
    parser.add_argument("-m", dest="module", action="store_true", help="SCRIPT is the name of a module, as for python -m")
    parser.add_argument("script", metavar="SCRIPT", help="the program: a file, or a folder with __main__.py")
    parser.add_argument("arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER, help="its own arguments")
    options = parser.parse_args(arguments)
    from . import program

    return (program.run_module if options.module else program.run_script)(options.script, options.arguments)


def register_compat(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Lists, without running them, the names of PyTorch that programs use, and which of them wengert covers."
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="Python files, or folders of them")
    parser.add_argument("--missing", action="store_true", help="list only what is not covered")


def compat(options: argparse.Namespace) -> int:
    from . import compat

    return compat.report(options.files, options.missing)
