"""The options of ``wengert bench``, and what happens with the results."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from . import limits, mv_mm, output, peers, table
from .cases import SHORT


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _shapes(text: str) -> tuple[tuple[int, int], ...]:
    """``64,1024,tall,wide,300x20``"""
    named = {"tall": mv_mm.TALL, "wide": mv_mm.WIDE}
    try:
        return tuple(named.get(part) or _shape(part) for part in _list(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}': sizes are numbers, MxK, tall or wide, separated by commas") from None


def _shape(text: str) -> tuple[int, int]:
    m, _, k = text.partition("x")
    shape = int(m), int(k or m)
    if min(shape) < 1:
        raise ValueError(text)
    return shape


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part) for part in _list(text))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1:
        raise argparse.ArgumentTypeError(f"'{text}': positive numbers separated by commas")
    return numbers


def _choices(*known: str, **short: str) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        chosen = tuple(short.get(part, part) for part in _list(text))
        for part in chosen:
            if part not in known:
                raise argparse.ArgumentTypeError(f"'{part}': choose from {', '.join([*known, *short])}")
        return chosen

    return parse


def _common(parser: argparse.ArgumentParser) -> None:
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--peers", metavar="LIST", help="beside wengert: of numpy, torch, torch+intel, jax (default: all installed)"
    )
    who.add_argument("--contestants", metavar="LIST", help="exactly these; the first is what the others are compared with")
    parser.add_argument(
        "--intel", action="store_true", help="also torch+intel: PyTorch whose MKL is told that it runs on Intel"
    )
    parser.add_argument(
        "--rounds", type=int, metavar="N", help="rounds in which the contestants take turns (default: 5, quick 3)"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="of one contestant's turn (default: 0.02, quick 0.008)")
    help = "what is compared: medians of the rounds, or the best samples, which other work on the machine disturbs less"
    parser.add_argument("--by", choices=("median", "best"), default="median", help=help)
    parser.add_argument("--quick", action="store_true", help="the most telling part, within a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all figures")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="a line per figure")


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommands mv-mm and table."""
    parser = commands.add_parser(
        "mv-mm", help="mv, mm by columns and mm forced through gemm", description=(mv_mm.__doc__ or "").replace("``", "")
    )
    _common(parser)
    parser.add_argument("--report", type=Path, metavar="DIR", help="a page with plots: DIR/index.html (needs matplotlib)")
    parser.add_argument(
        "--sizes", type=_shapes, metavar="LIST", help="64,1024,tall,wide,300x20 (default: 64 to 8192, tall, wide)"
    )
    known = {SHORT[d]: d for d in ("float32", "float64")}
    parser.add_argument(
        "--dtypes", type=_choices("float32", "float64", **known), metavar="LIST", help="f32,f64 (default: both)"
    )
    kinds = {"row-major": "rows", "transposed": "columns"}
    parser.add_argument(
        "--layouts", type=_choices("rows", "columns", **kinds), metavar="LIST", help="row-major,transposed (default: both)"
    )
    parser.add_argument(
        "--threads", type=_numbers, metavar="LIST", help="thread counts (default: all processors, then halves down to 1)"
    )
    parser.add_argument("--columns", type=_numbers, metavar="LIST", help="columns of mm (default: 1,2,3,4,8,16)")
    parser.add_argument("--caches", type=_choices("warm", "cold"), metavar="LIST", help="warm,cold (default: both)")
    parser.set_defaults(run=run_mv_mm)

    parser = commands.add_parser(
        "table",
        help="every case, a line each, against the peers; peaks of memory",
        description=(table.__doc__ or "").replace("``", ""),
    )
    _common(parser)
    parser.add_argument(
        "--filter", default="", metavar="LIST", help="cases whose 'family: name' holds one of these, or fits a glob"
    )
    parser.add_argument("--list", action="store_true", help="print the cases and stop")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of every contestant (default: all processors)")
    parser.set_defaults(run=run_table)


@contextlib.contextmanager
def _contestants(options: argparse.Namespace) -> Iterator[tuple[list[str], Path | None, list[str]]]:
    """The names, the shim of torch+intel while it is needed, and what to tell about it."""
    names = peers.choose(options.contestants, options.peers, options.intel)
    with tempfile.TemporaryDirectory(prefix="wengert-bench-") as folder:
        if "torch+intel" not in names:
            yield names, None, []
        else:
            shim, compiler = peers.build_shim(Path(folder))
            yield names, shim, [peers.INTEL_NOTE.format(compiler=compiler)]


def run_mv_mm(options: argparse.Namespace) -> int:
    output.check_writable(options.json, options.csv, options.report and options.report / "index.html")
    if options.report:
        from . import plots

        plots.require()
    with _contestants(options) as (names, shim, notes):
        quick = options.quick
        default = mv_mm.Options(
            contestants=tuple(names),
            threads=mv_mm.thread_counts(limits.processors()),
            rounds=3 if quick else 5,
            seconds=0.008 if quick else 0.02,
            shapes=mv_mm.QUICK_SHAPES if quick else mv_mm.SHAPES,
            by=options.by,
            quick=quick,
        )
        chosen = {
            "shapes": options.sizes,
            "dtypes": options.dtypes,
            "layouts": options.layouts,
            "threads": options.threads and tuple(sorted(set(options.threads), reverse=True)),
            "columns": options.columns,
            "caches": options.caches,
            "rounds": options.rounds,
            "seconds": options.seconds,
        }
        data, known = mv_mm.run(mv_mm.with_options(default, chosen), shim)
    print(mv_mm.text(data, known, notes))
    if options.json:
        output.write_json(options.json, data)
    if options.csv:
        output.write_csv(options.csv, data["rows"])
    if options.report:
        from . import report

        print(f"\nreport: {report.write(options.report, data, known, notes)}")
    return 0 if data["rows"] else 1


def run_table(options: argparse.Namespace) -> int:
    output.check_writable(options.json, options.csv)
    names = peers.choose(options.contestants, options.peers, options.intel)
    wanted = table.chosen_cases(options.filter, names, options.quick)
    if not wanted:
        raise peers.BenchError(f"no case fits --filter {options.filter}; --list shows them all")
    if options.list:
        print("\n".join(f"{case.family}: {case.name}" for case in wanted))
        return 0
    with _contestants(options) as (names, shim, notes):
        quick = options.quick
        rounds, seconds = options.rounds or (3 if quick else 5), options.seconds or (0.008 if quick else 0.02)
        data, known = table.run(
            wanted,
            names,
            options.threads or limits.processors(),
            rounds,
            seconds,
            options.by,
            shim,
            table.QUICK_S if quick else None,
        )
    print(table.text(data, known, notes))
    if options.json:
        output.write_json(options.json, data)
    if options.csv:
        output.write_csv(options.csv, table.flat(data))
    lines = [*data["rows"], *data["memory"]]
    return 0 if lines and not any(r["problems"] for r in lines) else 1


def run(options: argparse.Namespace) -> int:
    """Runs the chosen subcommand; what the user can mend is one line on standard error and status 2."""
    try:
        return int(options.run(options))
    except peers.BenchError as error:
        print(f"wengert bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("wengert bench: interrupted", file=sys.stderr)
        return 130


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="wengert bench", description="Benchmarks against NumPy, PyTorch and JAX")
    register(parser.add_subparsers(title="benchmarks", required=True, metavar="COMMAND"))
    return run(parser.parse_args(arguments))
