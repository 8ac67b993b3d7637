"""Writes what is made from the op table: the type stubs in python/wengert and docs/ops.md.

    python tools/generate.py           writes the files
    python tools/generate.py --check   prints how the checked-in files differ; exit code 1 if they do

It reads the tables of the installed wengert (operators, composites, derivatives, the names that load late), so install the working
tree first.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import wengert
from wengert import _C, _composite
from wengert._tensor import INPLACE_FUNCTIONS
from wengert.autograd.derivatives import TABLE, _source

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python" / "wengert"
TEMPLATES = ROOT / "tools" / "templates"
ACCURACY = ROOT / "tools" / "accuracy.json"  # what tools/accuracy.py measured

# What stands at the type's place in the stubs.
TYPES = {
    "Tensor": "Tensor",
    "Tensor[]": "Sequence[Tensor]",
    "Operand": "Tensor | Number",
    "Number": "Number",
    "int": "builtins.int",
    "float": "builtins.float",
    "bool": "builtins.bool",
    "str": "builtins.str",
    "int[]": "builtins.int | Sequence[builtins.int]",
    "float[]": "Sequence[builtins.float]",
    "list": "Sequence[builtins.int]",
    "tuple": "Sequence[builtins.int]",
    "dtype": "DType",
    "Generator": "_C.Generator",
    "device": "Device",
    "layout": "Layout",
    "memory_format": "MemoryFormat",
}

RESULTS = {
    "Tensor": "Tensor",
    "Tensor[]": "tuple[Tensor, ...]",
    "Tensor | Tensor[]": "Tensor | tuple[Tensor, ...]",
    "bool": "builtins.bool",
    "Number": "Number",
}

# Accepted because PyTorch has them, without a choice on a CPU: left out of docs/ops.md.
WITHOUT_CHOICE = {"device", "layout", "memory_format", "non_blocking", "pin_memory"}

# Composites that raise for every tensor.
REFUSED = {"half", "bfloat16"}

FAMILIES = {
    "elementwise": "Computed in the dtypes given, after PyTorch's type promotion and broadcasting.",
    "reduction": "",
    "matrix": "",
    "view": "Views share the memory of their input.",
    "conversion": "",
    "copy": "",
    "creation": "",
    "network": "Operators of layers and losses, float32 and float64.",
    "random": "Drawn from `generator`, `wengert.default_generator` unless given: for a seed, PyTorch's CPU stream.",
}


@dataclass(frozen=True)
class Argument:
    name: str
    type: str  # as the signature has it, without the '?'
    optional: bool
    default: str | None
    keyword_only: bool
    variadic: bool = False

    def stub(self, *, bare: bool = False, after_default: bool = False) -> str:
        """The parameter; after_default: one of those before it has a default, so that Python asks for one here."""
        if bare:
            return f"*{self.name}: builtins.int"
        annotation = TYPES.get(self.type) or plain_types(self.type)
        if self.variadic:
            return f"*{self.name}: {annotation}"
        annotation += " | None" if self.optional else ""
        if self.default is None:
            return f"{self.name}: {annotation}" + (" = ..." if after_default else "")
        default = repr(self.default) if self.type == "str" and self.default != "None" else self.default
        return f"{self.name}: {annotation} = {default}"


def plain_types(annotation: str) -> str:
    """A Python annotation with the builtins that operators are named after written in full."""
    return re.sub(r"(?<![\w.])(int|float|bool|str)\b", r"builtins.\1", annotation)


def arguments_of(op: dict) -> list[Argument]:
    if "signature" in op:
        return parse(op["signature"])
    names = ("name", "kind", "optional", "default", "keyword_only", "variadic")
    return [Argument(*(argument[name] for name in names)) for argument in op["args"]]


def parse(signature: str) -> list[Argument]:
    """The arguments of a signature, whose grammar is at the head of csrc/ops/op.h."""
    arguments = []
    keyword_only = False
    for part in signature.split(" -> ")[0].split(","):
        part = part.strip()
        if part == "*":
            keyword_only = True
        elif part:
            name, rest = part.split(":", 1)
            annotation, _, default = (text.strip() for text in rest.partition("="))
            arguments.append(
                Argument(name.strip(), annotation.rstrip("?"), annotation.endswith("?"), default or None, keyword_only)
            )
    return arguments


def result_type(op: dict, out: bool = False) -> str:
    if op["fields"]:
        return f"tuple[{', '.join(['Tensor'] * len(op['fields']))}]" if out else f"_{op['public_name']}_result"
    return RESULTS.get(op["returns"]) or plain_types(op["returns"])


def definitions(name: str, op: dict, form: str) -> Iterator[str]:
    """The stub's lines for one row under one name: a second one where sizes may be given bare."""
    arguments = arguments_of(op)
    positional = [a for a in arguments if not a.keyword_only]
    keywords = [a.stub() for a in arguments if a.keyword_only]
    if form == "function" and "out" in op["forms"]:
        keywords.append(f"out: {result_type(op, out=True)} | None = None")
    method = not form.endswith("function")
    if method:
        positional = positional[1:]
    indent = "    " if method else ""
    first = ["self"] if method else []
    returns = "Tensor" if form.startswith("inplace") else result_type(op)
    star = ["*"] if keywords and not any(a.variadic for a in positional) else []
    given = [a.stub(after_default=any(b.default is not None for b in positional[:i])) for i, a in enumerate(positional)]
    taken = first + given + star + keywords
    yield f"{indent}def {name}({', '.join(taken)}) -> {returns}: ..."
    if positional and positional[-1].type == "int[]" and not positional[-1].variadic:
        bare = first + [a.stub() for a in positional[:-1]] + [positional[-1].stub(bare=True)] + keywords
        yield f"{indent}def {name}({', '.join(bare)}) -> {returns}: ..."


def overloads(lines: list[str]) -> list[str]:
    if len(lines) == 1:
        return lines
    indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    # An overload that could never be chosen is left out: the same parameters again.
    return [text for line in dict.fromkeys(lines) for text in (f"{indent}@overload", line)]


def published(table: list[dict]) -> list[dict]:
    """The operators that users see in wengert or on tensors: not those of nn.functional alone."""
    return [op for op in table if op["name"][0] != "_" and set(op["forms"]) - {"network", "out"}]


def members(table: list[dict], form: str) -> list[str]:
    """All definitions of functions, or of methods with their in-place forms, by name."""
    by_name: dict[str, list[str]] = {}
    for op in published(table):
        for name in [op["public_name"], *op["aliases"]]:
            if form == "function":
                forms = [("function", name)] if "function" in op["forms"] else []
                place = name if "inplace_only" in op["forms"] else f"{name}_"
                if place in INPLACE_FUNCTIONS.split() and ("inplace" in op["forms"] or "inplace_only" in op["forms"]):
                    forms.append(("inplace function", place))
            else:
                forms = [("method", name)] if "method" in op["forms"] and "inplace_only" not in op["forms"] else []
                if "inplace" in op["forms"]:
                    forms.append(("inplace", f"{name}_"))
                if "inplace_only" in op["forms"]:
                    forms.append(("inplace", name))
            for kind, shown in forms:
                by_name.setdefault(shown, []).extend(definitions(shown, op, kind))
    return [line for name in sorted(by_name) for line in overloads(by_name[name])]


def results(table: list[dict]) -> list[str]:
    """The named tuples that operators with two results return."""
    fields = {op["public_name"]: op["fields"] for op in published(table) if op["fields"]}
    lines = []
    for name, names in fields.items():
        lines += [f"class _{name}_result(NamedTuple):", *(f"    {field}: Tensor" for field in names), ""]
    return lines


def imports(table: list[dict]) -> list[str]:
    return list(dict.fromkeys(f"from ._tensor import _{op['public_name']}_result" for op in published(table) if op["fields"]))


def declared(template: str) -> set[str]:
    """The names that a template declares itself."""
    names = set()
    for node in ast.parse((TEMPLATES / template).read_text()).body:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def reexports(template: str) -> list[str]:
    """What wengert/__init__.py imports from its modules, but for what the template declares."""
    left_out = declared(template)
    lines = []
    for node in ast.parse((PACKAGE / "__init__.py").read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [alias.name for alias in node.names]
            lines += [f"from .{node.module} import {name} as {name}" for name in names if name not in left_out]
    return [line for line in lines if hasattr(wengert, line.rpartition(" ")[2])]  # but for what it deletes again


def lazy(template: str) -> list[str]:
    """The names that wengert loads when they are first used, but for what the template declares."""
    left_out = declared(template)
    return [f"from .{module} import {name} as {name}" for name, module in sorted(wengert._LAZY.items()) if name not in left_out]


def submodules() -> list[str]:
    return [f"from . import {name} as {name}" for name in sorted(wengert._SUBMODULES)]


def fill(template: str, **parts: list[str]) -> str:
    text = (TEMPLATES / template).read_text()
    for name, lines in parts.items():
        text = re.sub(rf"^ *# \[{name}\]\n", lambda _, lines=lines: "".join(f"{line}\n" for line in lines), text, flags=re.M)
    return "# Made by tools/generate.py from the op table and tools/templates: do not edit.\n" + text


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def first_sentence(doc: str) -> str:
    paragraph = " ".join(doc.strip().split("\n\n")[0].split())
    paragraph = re.sub(r"(?::\w+:)?`+([^`]*)`+", r"`\1`", paragraph)  # reStructuredText's marks
    match = re.match(r"(.*?[.!?])(?=\s+[A-Z]|\s*$)", paragraph)
    return match.group(1) if match else paragraph


def dtypes_of(op: dict) -> str:
    every = ["bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float32", "float64"]
    missing = [name for name in every if name not in op["dtypes"]]
    if not missing:
        return "all"
    if len(missing) == 1:
        return f"all but {missing[0]}"
    if missing == ["float32", "float64"]:
        return "integers and bool"
    return "floats" if op["dtypes"] == ["float32", "float64"] else ", ".join(op["dtypes"])


def errors() -> dict[str, str]:
    """The largest errors measured, in ULP of float32 and float64, by operator."""
    measured = json.loads(ACCURACY.read_text())["functions"] if ACCURACY.exists() else {}
    shown = {}
    for name, row in measured.items():
        entries = [row["float32"].get("every") or row["float32"].get("wengert"), row["float64"].get("wengert")]
        if all(entries):
            shown[name] = " / ".join(f"{entry['ulp']:.2f}" for entry in entries)
    return shown


def gradient_of(op: dict) -> str:
    """The arguments with a gradient that is not always zero, by the derivative table, or why there are none."""
    row = TABLE.get(op["name"])
    if row is None:
        made_of_others = "signature" not in op and "Tensor" in op["returns"] and op["name"] not in REFUSED
        return "parts" if made_of_others else ""
    if not row.differentiable:
        return "no"
    return ", ".join(name for name, text in _source.mathematics(row).items() if text not in (None, "0")) or "zero"


def forms_of(op: dict) -> str:
    name = op["public_name"]
    shown = []
    if "function" in op["forms"]:
        shown.append(f"`wengert.{name}`")
    if "method" in op["forms"] or "inplace_only" in op["forms"]:
        shown.append(f"`Tensor.{name}`")
    if "inplace" in op["forms"]:
        shown.append(f"`Tensor.{name}_`")
    if "out" in op["forms"]:
        shown.append("`out=`")
    if "network" in op["forms"]:
        shown.append(f"`nn.functional.{name}`")
    return ", ".join(shown)


def shown_signature(op: dict) -> str:
    arguments = [a for a in arguments_of(op) if a.name not in WITHOUT_CHOICE]
    parts = []
    for i, a in enumerate(arguments):
        if a.keyword_only and not any(before.keyword_only or before.variadic for before in arguments[:i]):
            parts.append("*")
        star = "*" if a.variadic else ""
        parts.append(f"{star}{a.name}: {a.type}{'?' if a.optional else ''}" + (f" = {a.default}" if a.default else ""))
    result = f"({', '.join(op['fields'])})" if op["fields"] else op["returns"]
    return f"({', '.join(parts)})" + (f" -> {result}" if result != "Tensor" else "")


def ops_page(table: list[dict]) -> str:
    lines = [
        "<!-- Made by tools/generate.py from the op table: do not edit. -->",
        "# Operators",
        "",
        "`help(wengert.mm)` shows the whole text. `?` after a type: None is allowed. `Operand`: a tensor or a number.",
        "`int[]`: ints, or one tuple or list of them. Not shown are `" + "`, `".join(sorted(WITHOUT_CHOICE)) + "`,",
        "which are accepted, as in PyTorch, where they mean this machine's memory. Errors are the largest measured, in ULP of float32",
        "and float64; [accuracy.md](accuracy.md) says how.",
        "",
        "**Gradient**: the arguments that have one, by the [derivative table](derivatives.md); *zero*: recorded, and always zero;",
        "*parts*: made of other operators, which record; *no*: RuntimeError for arguments that require a gradient; empty: the result",
        "has no float dtype, or does not depend on elements of a tensor. Functions that create tensors take `requires_grad=True`: the",
        "result is a leaf, whose gradient backward passes accumulate in `.grad` ([autograd.md](autograd.md)).",
    ]
    accuracy = errors()
    for family in dict.fromkeys(op["family"] for op in table):
        rows = [op for op in table if op["family"] == family and op["forms"] and op["name"][0] != "_"]
        with_dtypes = any(op["dtypes"] for op in rows)
        with_errors = any(op["public_name"] in accuracy for op in rows)
        with_gradients = any(gradient_of(op) for op in rows)
        lines += ["", f"## {family.capitalize()}", ""]
        if FAMILIES.get(family):
            lines += [FAMILIES[family], ""]
        columns = {"Dtypes": with_dtypes, "Error": with_errors, "Gradient": with_gradients}
        optional = [name for name, shown in columns.items() if shown]
        lines.append("| " + " | ".join(["Operator", "Forms", *optional, ""]) + " |")
        lines.append("|---" * (3 + len(optional)) + "|")
        for op in rows:
            names = f"`{op['public_name']}{shown_signature(op)}`"
            if op["aliases"]:
                names += " also " + ", ".join(f"`{alias}`" for alias in op["aliases"])
            cells = [cell(names), forms_of(op)]
            cells += [dtypes_of(op) if op["dtypes"] else ""] if with_dtypes else []
            cells += [accuracy.get(op["public_name"], "")] if with_errors else []
            cells += [gradient_of(op)] if with_gradients else []
            lines.append("| " + " | ".join([*cells, cell(first_sentence(op["doc"]))]) + " |")
    lines += ["", "## Functions beside the table", "", "| Function | |", "|---|---|"]
    lines += plain_functions(table)
    lines += ["", "## Methods and properties beside the table", "", "| Tensor | |", "|---|---|"]
    lines += plain_members()
    return "\n".join(lines) + "\n"


def documented(name: str, member: object) -> str | None:
    """A table line from the docstring, whose first line is the signature where the code is compiled."""
    doc = (getattr(member, "__doc__", None) or "").strip()
    if not doc:
        return None
    head, _, body = doc.partition("\n\n")
    plain_name = name.split(".")[-1]
    while body and (head.startswith(f"{plain_name}(") or " -> " in head.split("\n")[0]):
        head, _, body = body.partition("\n\n")
    return f"| `{name}` | {cell(first_sentence(head))} |"


def plain_functions(table: list[dict]) -> list[str]:
    listed = {name for op in table for name in [op["public_name"], *op["aliases"]]}
    names = {name for name in {*vars(wengert), *wengert._LAZY} if not name.startswith("_")} - listed
    public = {name: getattr(wengert, name) for name in sorted(names)}
    lines = [documented(name, value) for name, value in public.items() if callable(value)]
    return [line for line in lines if line]


def plain_members() -> list[str]:
    composites = {name for op in _composite.table() for name in [op["public_name"], *op["aliases"]]}
    listed = {*_C.methods, *composites, *(f"{name}_" for name in composites)}
    names = {name for name in dir(wengert.Tensor) if not name.startswith("_")} - listed
    lines = [documented(f"Tensor.{name}", getattr(wengert.Tensor, name)) for name in sorted(names)]
    return [line for line in lines if line]


def generated() -> dict[Path, str]:
    table = _C.op_table() + _composite.table()
    module = {
        "submodules": submodules(),
        "reexports": reexports("__init__.pyi"),
        "lazy": lazy("__init__.pyi"),
        "results": imports(table),
        "functions": members(table, "function"),
    }
    return {
        PACKAGE / "__init__.pyi": fill("__init__.pyi", **module),
        PACKAGE / "_tensor.pyi": fill("_tensor.pyi", methods=members(table, "method"), results=results(table)),
        ROOT / "docs" / "ops.md": ops_page(table),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the checked-in files instead of writing them")
    check = parser.parse_args().check
    stale = False
    for path, text in generated().items():
        old = path.read_text() if path.exists() else ""
        if old == text:
            continue
        stale = True
        name = str(path.relative_to(ROOT))
        if check:
            sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), text.splitlines(True), name, f"{name} (new)"))
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            print(f"wrote {name}")
    return int(check and stale)


if __name__ == "__main__":
    sys.exit(main())
