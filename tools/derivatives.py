"""Writes docs/derivatives.md: every row of the derivative table as mathematics and as Python.

    python tools/derivatives.py           writes the page
    python tools/derivatives.py --check   prints how the checked-in page differs; exit code 1 if it does
    python tools/derivatives.py --prove   proves every row by tests/proof.py first, and keeps the errors found in
                                          tools/derivatives.json: {"sin": {"first": 1.2e-11, "second": 3e-9, "forward": 0.0}, ...}

It reads the table of the installed wengert.
"""

from __future__ import annotations

import argparse
import difflib
import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType

from wengert.autograd.derivatives import TABLE, Row, _source

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "derivatives.md"
ERRORS = ROOT / "tools" / "derivatives.json"

HEAD = """\
<!-- Made by tools/derivatives.py from the derivative table: do not edit. -->
# Derivatives

One row an operator, from `wengert/autograd/derivatives`, whose head says what the names of a formula's parameters mean. A formula
gives the gradient of one argument. `python tools/derivatives.py` writes this page from the rows themselves; the suite checks
every one of them to second order.

In the mathematics *g* is the gradient of the result *y* (g₁, g₂ of several), *x* the input, *z* the other operand, *A* and *B* first
and second matrix, *v* a vector, *p* an exponent; a product by `·` is element by element, one by a space a matrix product;
`[x > 0]` is 1 where it holds, else 0. What broadcasting has made larger is summed afterwards.

- **Saved**: what a formula asks for, and with it all that the graph keeps alive for backward.
- **Forward**: how a tangent passes in forward mode. *linear*: the operator of the tangents; *multilinear*: the sum of the
  operator with one argument replaced by its tangent; *elementwise*: the formula with the tangent for g; *from the formula*: by
  differentiating the formula, in which g is linear.
- **Error**: the largest that `tests/proof.py` found over its calls of the operator, in float64, relative to the sizes of what is
  compared: first derivatives against central differences / second derivatives against central differences of the first / forward
  mode against backward.
"""
ORDERS = ("first", "second", "forward")

FORWARD = {"linear": "linear", "multilinear": "multilinear", "elementwise": "elementwise", None: "from the formula"}
NOT_SAVED = {"grad", "grads", "some_grads", "needs"}


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_").replace("<", "&lt;").replace("\n", " ")


def sentence(text: str) -> str:
    """A convention, which rows write with and without a capital and a full stop."""
    return cell(text[:1].upper() + text[1:].removesuffix("."))


def code(text: str) -> str:
    """Python in a cell of a table, where `|` ends the cell even inside backticks."""
    return f"`{text}`".replace("|", "\\|")


def key_of(row: Row) -> tuple:
    """Equal for rows that share their formulas: they share the lines of the page."""
    return (tuple(_source.formulas(row).items()), row.tangent, row.kink, row.module)


def families() -> dict[str, list[list[Row]]]:
    """Per module of the table its rows, those that share everything together, in the order of the table."""
    groups: dict[tuple, list[Row]] = {}
    for row in TABLE.values():
        groups.setdefault(key_of(row), []).append(row)
    by_family: dict[str, list[list[Row]]] = {}
    for rows in groups.values():
        by_family.setdefault(rows[0].module, []).append(rows)
    return by_family


def arguments_of(row: Row) -> dict[FunctionType | None, list[str]]:
    """formula -> the arguments that it is for."""
    by_formula: dict[FunctionType | None, list[str]] = {}
    for argument, formula in _source.formulas(row).items():
        by_formula.setdefault(formula, []).append(argument)
    return by_formula


def saved(formula: FunctionType) -> str:
    kept = []
    for name in _source.parameters(formula):
        if name in NOT_SAVED:
            continue
        for suffix, of in (("_shape", "shape"), ("_dtype", "dtype"), ("_layout", "layout")):
            if name.endswith(suffix):
                name = f"{of} of {name.removesuffix(suffix)}"
        kept.append(name)
    return ", ".join(kept)


def error_of(rows: list[Row], errors: dict[str, dict]) -> str:
    """The largest errors over rows that share their lines."""
    found = [errors[row.name] for row in rows if row.name in errors]
    worst = [max(each[order] for each in found) for order in ORDERS] if found else []
    return " / ".join(f"{error:.0e}" if error else "0" for error in worst)


def forward(row: Row) -> str:
    if not row.differentiable:
        return ""
    return code(_source.call(row.tangent)) if callable(row.tangent) else FORWARD[row.tangent]


def lines_of(rows: list[Row], errors: dict[str, dict]) -> list[str]:
    """The lines of one group of rows: one for each formula, the first with what holds for all."""
    row = rows[0]
    lines: list[str] = []
    for formula, arguments in arguments_of(row).items():
        first = not lines
        if formula is None:
            shown = ["not differentiable", "", ""]
        else:
            shown = [cell(_source.notation(formula)), code(_source.call(formula)), cell(saved(formula))]
        names = ", ".join(f"`{each.name}`" for each in rows) if first else ""
        about = [forward(row), error_of(rows, errors), sentence(row.kink or "")] if first else ["", "", ""]
        lines.append("| " + " | ".join([names, ", ".join(map(code, arguments)), *shown, *about]) + " |")
    return lines


def functions_of(groups: list[list[Row]]) -> dict[Callable, str]:
    """function -> its source, of all functions that the formulas of a family are or call, in the order of their first use."""
    found: dict[Callable, str] = {}
    for rows in groups:
        row = rows[0]
        own = [*_source.formulas(row).values(), row.tangent]
        waiting = [formula for formula in own if callable(formula)]
        while waiting:
            for function in _source.helpers(waiting.pop(0)).values():
                if function not in found:
                    found[function] = inspect.getsource(function).rstrip()
                    waiting.append(function)
    return found


def page() -> str:
    errors = json.loads(ERRORS.read_text()) if ERRORS.exists() else {}
    parts = [HEAD]
    for family, groups in families().items():
        module = sys.modules[f"wengert.autograd.derivatives.{family}"]
        described = inspect.cleandoc(module.__doc__ or "").partition("\n\n")[0]
        parts.append(f"\n## {family.capitalize()}\n\n{cell(described)}\n")
        parts.append(
            "| Operator | Argument | Formula | Python | Saved | Forward | Error | Convention |\n|---|---|---|---|---|---|---|---|"
        )
        parts += ["\n".join(lines_of(rows, errors)) for rows in groups]
        functions = functions_of(groups)
        if functions:
            listed = "\n\n\n".join(functions.values())
            parts.append(f"\n<details><summary>The functions called there</summary>\n\n```python\n{listed}\n```\n\n</details>")
    return "\n".join(parts) + "\n"


def prove() -> None:
    """Proves every row and keeps the errors, two digits of each."""
    sys.path.insert(0, str(ROOT / "tests"))
    import proof

    measured = {}
    for name in proof.differentiable_rows():
        measured[name] = {order: float(f"{error:.1e}") for order, error in proof.prove(name).items()}
        print(name, measured[name])
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(errors)}" for name, errors in measured.items())
    ERRORS.write_text(f"{{\n{lines}\n}}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the checked-in page instead of writing it")
    parser.add_argument("--prove", action="store_true", help="prove every row first, and keep the errors found")
    options = parser.parse_args()
    if options.prove:
        prove()
    check = options.check
    old, new = PAGE.read_text() if PAGE.exists() else "", page()
    name = str(PAGE.relative_to(ROOT))
    if old == new:
        return 0
    if check:
        sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), name, f"{name} (new)"))
        return 1
    PAGE.write_text(new)
    print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
