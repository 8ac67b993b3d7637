"""The names of PyTorch that a program uses, found in its source, without running it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from .names import TOP, resolve

# Packages that stand on PyTorch's own internals.
_COMPANIONS = {
    "accelerate", "kornia", "lightning", "monai", "pytorch_lightning", "timm", "torch_geometric", "torchaudio", "torchdata", "torchmetrics",
    "torchtext", "torchvision", "transformers",
}  # fmt: skip


class _Names(ast.NodeVisitor):
    """The dotted names, with their lines: `found` of torch, `companions` of packages that need it."""

    def __init__(self) -> None:
        self.found: dict[str, set[int]] = {}
        self.companions: dict[str, set[int]] = {}
        self.aliases: dict[str, str] = {}

    def _note(self, where: dict[str, set[int]], name: str, line: int) -> None:
        where.setdefault(name, set()).add(line)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            if top == TOP:
                self.aliases[alias.asname or TOP] = alias.name if alias.asname else TOP
                if alias.name != TOP:
                    self._note(self.found, alias.name, node.lineno)
            elif top in _COMPANIONS:
                self._note(self.companions, top, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or node.module is None:
            return
        top = node.module.partition(".")[0]
        if top in _COMPANIONS:
            self._note(self.companions, top, node.lineno)
        if top != TOP:
            return
        for alias in node.names:
            if alias.name == "*":
                self._note(self.found, node.module, node.lineno)
                continue
            name = f"{node.module}.{alias.name}"
            self.aliases[alias.asname or alias.name] = name
            self._note(self.found, name, node.lineno)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        parts, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in self.aliases:
            self._note(self.found, ".".join([self.aliases[inner.id], *reversed(parts)]), node.lineno)
        else:
            self.visit(inner)


class _Imports(_Names):
    """Imports alone: names may be used above the line that imports them, in a function that is called later."""

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)


def names_used(source: str, filename: str = "<program>") -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    """({dotted name of torch: lines}, {package that needs PyTorch: lines}) of a program; SyntaxError for what is none.

    >>> from wengert.run.compat import names_used
    >>> names_used("import torch.nn as nn\\nnet = nn.Linear(2, 1)")[0]
    {'torch.nn': {1}, 'torch.nn.Linear': {2}}
    """
    tree = ast.parse(source, filename)
    imports = _Imports()
    imports.visit(tree)
    names = _Names()
    names.aliases = imports.aliases
    names.visit(tree)
    return names.found, names.companions


def _files(paths: Iterable[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def report(paths: Iterable[str], missing_only: bool) -> int:
    """Prints the names of the programs; 0 where all are covered, 1 where some are not, 2 for what cannot be read."""
    status = 0
    for path in _files(paths):
        try:
            found, companions = names_used(path.read_text(encoding="utf-8"), str(path))
        except (OSError, SyntaxError, UnicodeDecodeError) as error:
            print(f"wengert compat: {path}: {error}", file=sys.stderr)
            status = 2
            continue
        covered: list = []
        missing: list = []
        for name, lines in sorted(found.items()):
            good, near = resolve(name)
            (covered if good else missing).append((name, lines, near))
        status = max(status, 1 if missing or companions else 0)
        print(f"{path}: {len(found)} names of PyTorch, {len(covered)} covered")
        width = max([len(name) for name, _, _ in covered + missing], default=0)
        for name, lines, near in missing:
            hint = f"   nearest: {', '.join(near)}" if near else ""
            print(f"  not covered  {name:{width}}  {_lines(lines)}{hint}")
        for package, lines in sorted(companions.items()):
            print(f"  not covered  {package:{width}}  {_lines(lines)}   a package that needs PyTorch itself")
        for name, lines, _ in [] if missing_only else covered:
            print(f"  covered      {name:{width}}  {_lines(lines)}")
    print(
        "Methods of objects (x.view(...), model.parameters()) are not looked at: what an object is shows only in a running program."
    )
    return status


def _lines(lines: set[int]) -> str:
    shown = ", ".join(map(str, sorted(lines)[:5])) + (", ..." if len(lines) > 5 else "")
    return f"line{'s' if len(lines) > 1 else ''} {shown}"
