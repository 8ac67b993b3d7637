"""Measures the errors of the mathematical functions and writes docs/accuracy.md.

    python tools/accuracy.py                      every function: some minutes for each
    python tools/accuracy.py exp log              those rows only; the others stay as they were measured
    python tools/accuracy.py --inputs 1000000     fewer inputs for the comparison, and not every float32 for wengert

It measures the installed wengert, and NumPy and PyTorch beside it where they are installed, on the same inputs. What was
measured is kept in tools/accuracy.json, from which the page is made, and tools/generate.py takes its column of docs/ops.md.
Needs mpmath; with SciPy the oracles of some functions are independent of ours.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import math
import os
import sys
import time
from pathlib import Path

import numpy as np

import wengert

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "accuracy"))

from functions import EXTENDED, FUNCTIONS, Function  # noqa: E402
from ulp import Call, Worst, every_float32, measure32, measure64, stratified, wengert_call  # noqa: E402

RESULTS = ROOT / "tools" / "accuracy.json"
PAGE = ROOT / "docs" / "accuracy.md"
EXTENDED_INPUTS, MPMATH_INPUTS = 400_000, 6_000  # of float64

NUMPY_NAMES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
}


def libraries(function: Function) -> dict[str, Call]:
    """By name, those that have the function."""
    calls = {"wengert": wengert_call(function)}
    if (found := getattr(np, NUMPY_NAMES.get(function.name, function.name), None)) is not None:
        calls["numpy"] = found
    if importlib.util.find_spec("torch") and (theirs := function.of(torch := importlib.import_module("torch"))) is not None:
        calls["torch"] = lambda x: theirs(torch.from_numpy(x)).numpy()
    return calls


def written(worst: Worst) -> dict:
    return {"ulp": worst.ulp, "x": float(worst.x).hex()}


def progress(text: str):
    if sys.stderr.isatty():
        print(f"\r{text:78}", end="", file=sys.stderr, flush=True)


def measure(function: Function, inputs: int | None, processes: int) -> dict:
    """One row of each table."""
    calls = libraries(function)
    row: dict = {"float32": {}, "float64": {}}
    size = inputs or 1 << 24
    x = stratified(np.float32, size // 1024, size // 2, function.dense)
    for name, worst in zip(calls, measure32(function, calls.values(), x), strict=True):
        row["float32"][name] = written(worst)
    row["float32"]["inputs"] = len(x)
    if inputs is None:
        for part, worst in every_float32(function, processes):
            progress(f"{function.name}: {part:.0%}, {worst.ulp:.3f} ULP at {worst.x!r}")
        row["float32"]["every"] = written(worst)
    quick = function.extended is not None and EXTENDED
    size = EXTENDED_INPUTS if quick else MPMATH_INPUTS
    x = stratified(np.float64, 8, size // 2, function.dense, seed=1)
    if not quick:  # every exponent has 13 of them
        strata = x[: -size // 2]
        x = np.concatenate([strata[:: max(1, 2 * len(strata) // size)], x[-size // 2 :]])
    for name, worst in zip(calls, measure64(function, calls.values(), x), strict=True):
        row["float64"][name] = written(worst)
    row["float64"]["inputs"] = len(x)
    return row


def shown_ulp(entry: dict | None) -> str:
    if entry is None:
        return ""
    ulp = entry["ulp"]
    return "wrong" if math.isinf(ulp) else f"{ulp:.2f}" if ulp < 1000 else f"{ulp:.0e}"


def shown_input(entry: dict, dtype: str) -> str:
    return str(np.dtype(dtype).type(float.fromhex(entry["x"])))


def page(results: dict) -> str:
    lines = [
        "<!-- Made by tools/accuracy.py: do not edit. -->",
        "# Accuracy",
        "",
        "The largest errors measured, in units in the last place (ULP): the distance of neighbouring floats at the exact value.",
        "0.5 is correct rounding. A result that overflows or underflows where rounding the exact value would is right; `wrong` is a",
        "NaN, an infinity, a finite number or a sign of zero where the exact value is something else.",
        "",
        "`python tools/accuracy.py` measures and writes this page; `python -m pytest tests/accuracy` checks the bounds on a sample,",
        "and with `-m accuracy` for every float32.",
    ]
    for dtype in ("float32", "float64"):
        rows = [(name, results["functions"][name]) for name in FUNCTIONS if name in results["functions"]]
        bounds = [FUNCTIONS[name].bound32 if dtype == "float32" else FUNCTIONS[name].bound64 for name, _ in rows]
        single = dtype == "float32"
        lines += ["", f"## {dtype}", ""]
        if single:
            lines += [
                "wengert for each of the 2^32 inputs, where that was measured, and the three libraries on the same sample: both signs",
                "and all exponents in equal numbers, and as many numbers again where the function is neither constant nor the identity.",
            ]
        else:
            lines += [
                "The three libraries on the same sample, drawn as that of float32, against 80-bit arithmetic where the platform",
                "has such a function and mpmath elsewhere; mpmath decides in the end.",
            ]
        libraries_shown = ["wengert", "numpy", "torch"]
        heads = ["Function", "Bound", *(["Every float32", "at"] if single else []), "wengert"]
        heads += [*([] if single else ["at"]), "NumPy", "PyTorch", "Inputs"]
        lines += ["", "| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
        for (name, row), bound in zip(rows, bounds, strict=True):
            entry = row[dtype]
            cells = [f"`{'special.' if FUNCTIONS[name].module else ''}{name}`", "" if math.isinf(bound) else f"{bound:g}"]
            if single:
                every = entry.get("every")
                cells += [shown_ulp(every), shown_input(every, dtype) if every else ""]
            cells.append(shown_ulp(entry.get("wengert")))
            if not single:
                cells.append(shown_input(entry["wengert"], dtype))
            cells += [shown_ulp(entry.get(library)) for library in libraries_shown[1:]]
            cells.append(f"{entry['inputs']:,}")
            lines.append("| " + " | ".join(cells) + " |")
        notes = {FUNCTIONS[name].note: [] for name, _ in rows if FUNCTIONS[name].note} if not single else {}
        for name, _ in rows:
            if FUNCTIONS[name].note in notes:
                notes[FUNCTIONS[name].note].append(f"`{name}`")
        lines += [f"\n{', '.join(names)}: {note}." for note, names in notes.items()]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    lines += ["", f"Measured with {versions}."]
    return "\n".join(lines) + "\n"


def versions() -> dict:
    found = {"wengert": f"{wengert.__version__} ({wengert._C.isa})", "NumPy": np.__version__}
    if importlib.util.find_spec("torch"):
        found["PyTorch"] = importlib.import_module("torch").__version__
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("functions", nargs="*", metavar="function", help="all unless named")
    parser.add_argument(
        "--inputs", type=int, help="float32 inputs for all libraries; leaves out the measurement of every float32"
    )
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--page-only", action="store_true", help="writes the page from what was measured before")
    options = parser.parse_args()
    if unknown := set(options.functions) - set(FUNCTIONS):
        parser.error(f"no such function: {', '.join(sorted(unknown))}")

    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"functions": {}}
    for name in [] if options.page_only else options.functions or FUNCTIONS:
        begin = time.monotonic()
        row = measure(FUNCTIONS[name], options.inputs, options.processes)
        if options.inputs is not None and (before := results["functions"].get(name, {}).get("float32", {}).get("every")):
            row["float32"]["every"] = before
        results["functions"][name] = row
        results["versions"] = versions()
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        shown = {dtype: {key: shown_ulp(v) for key, v in row[dtype].items() if key != "inputs"} for dtype in row}
        progress("")
        print(f"{name}: {shown} in {time.monotonic() - begin:.0f} s", flush=True)
    PAGE.write_text(page(results))


if __name__ == "__main__":
    main()
