"""The formulas of the table as text: their Python source, and the same as mathematics.

Read by the pictures of :mod:`wengert.viz` and by ``tools/derivatives.py``, and imported by nothing else: it needs `ast` and
`inspect`, which calling a formula does not.

>>> from wengert.autograd import derivatives
>>> from wengert.autograd.derivatives import _source
>>> _source.source(derivatives.TABLE["sin"])
{'input': 'grad * input.cos()'}
>>> _source.mathematics(derivatives.TABLE["sin"])
{'input': 'g·cos x'}
"""

import ast
import copy
import functools
import inspect
import sys

from . import _notation

_PACKAGE = __name__.rpartition(".")[0]


def source(row):
    """The formula of each argument of a row as Python: a lambda's body on one line, a function's definition, or None.

    A joint formula stands under each argument it is for. Where the source is not to be had, as of a row entered at a prompt, the
    text says so.
    """
    return {argument: formula and text(formula) for argument, formula in formulas(row).items()}


def mathematics(row):
    """The formula of each argument of a row as mathematics: g is the gradient of the result y, x the input, z the other.

    A formula that is a function, or a call of one, is the first line of that function's docstring.
    """
    return {argument: formula and notation(formula) for argument, formula in formulas(row).items()}


def formulas(row):
    """argument -> function or None, with a joint formula under each argument that it is for."""
    return {**(dict.fromkeys(row.of, row.joint) if row.joint else {}), **row.formulas}


def text(formula):
    """The Python of one formula; see source."""
    try:
        node, lines = _definition(formula)
    except (OSError, TypeError, LookupError, SyntaxError):
        return f"<{formula.__name__}: no source>"
    if isinstance(node, ast.Lambda):
        body = _segment(lines, node.body)
        return ast.unparse(node.body) if "\n" in body else body
    return _segment(lines, node)


def notation(formula):
    """The mathematics of one formula; see mathematics."""
    try:
        node = _definition(formula)[0]
    except (OSError, TypeError, LookupError, SyntaxError):
        return text(formula)
    value = _value(node)
    if not _is_lambda(formula):
        # Of a function that returns nothing but an argument or None, that says more than its docstring.
        plain = isinstance(value, ast.Name | ast.Constant) or (value and not sentence(formula))
        return _notation.translate(value) if plain else sentence(formula) or call(formula)
    named = helpers(formula)
    value = _Inlined(named).visit(copy.deepcopy(value))
    whole = named.get(_function_name(value.func)) if isinstance(value, ast.Call) else None
    if sentence(whole):
        return sentence(whole)
    used = dict.fromkeys(_function_name(part.func) for part in ast.walk(value) if isinstance(part, ast.Call))
    wheres = [f"{name.lstrip('_')}: {sentence(named[name])}" for name in used if sentence(named.get(name))]
    written = _notation.translate(value)
    return f"{written}, where {'; '.join(wheres)}" if wheres else written


def _function_name(node):
    """The name that a called function has in its module; None for a method of anything but a module."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id.startswith("_"):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _value(node):
    """The expression that a lambda, or a function of one statement, returns; None of any other."""
    if isinstance(node, ast.Lambda):
        return node.body
    statements = [part for part in node.body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))]
    return statements[0].value if len(statements) == 1 and isinstance(statements[0], ast.Return) else None


class _Inlined(ast.NodeTransformer):
    """Puts the expressions of functions in the place of their calls: of those without a docstring, and of scalings."""

    def __init__(self, named):
        self.named = named

    def visit_Call(self, node):
        self.generic_visit(node)
        function = self.named.get(_function_name(node.func))
        if function is None or node.keywords or len(node.args) != len(parameters(function)):
            return node
        value = _value(_definition(function)[0])
        if value is None or (sentence(function) and not _notation.is_scaling(value)):
            return node
        return _Given(dict(zip(parameters(function), node.args, strict=True))).visit(copy.deepcopy(value))


class _Given(ast.NodeTransformer):
    """Puts arguments in the place of parameters."""

    def __init__(self, arguments):
        self.arguments = arguments

    def visit_Name(self, node):
        return self.arguments.get(node.id, node)


def call(formula):
    """A formula in one line of Python: a lambda's body, or the call of a function."""
    return text(formula) if _is_lambda(formula) else f"{formula.__name__}({', '.join(parameters(formula))})"


def parameters(formula):
    """The names of a formula's parameters: what the graph saves for it."""
    code = formula.__code__
    return code.co_varnames[: code.co_argcount]


def helpers(formula):
    """The functions written in the table's own modules that a formula is, or calls: name -> function."""
    names = _global_names(formula.__code__)
    held = [formula.__globals__.get(name) for name in names]
    modules = [value for value in held if inspect.ismodule(value) and value.__name__.startswith(f"{_PACKAGE}._")]
    named = {} if _is_lambda(formula) else {formula.__name__: formula}
    for name, value in zip(names, held, strict=True):
        named.setdefault(name, value)
        for module in modules:
            named[name] = named[name] or getattr(module, name, None)
    return {
        name: value
        for name, value in named.items()
        if inspect.isfunction(value) and (value.__module__ == formula.__module__ or value.__module__.startswith(_PACKAGE))
    }


def sentence(function):
    """The first line of a function's docstring, without its full stop; empty where there is none."""
    lines = (inspect.getdoc(function) or "").splitlines() if function is not None else []
    return lines[0].removesuffix(".") if lines else ""


def _is_lambda(formula):
    return formula.__name__ == "<lambda>"


def _global_names(code):
    """The globals and attributes that code names, those of comprehensions and lambdas inside it too."""
    names = list(code.co_names)
    for constant in code.co_consts:
        if inspect.iscode(constant):
            names += _global_names(constant)
    return names


@functools.cache
def _module(name):
    """The lambdas and functions of a module by the number of the line they begin on, and the module's lines."""
    whole = inspect.getsource(sys.modules[name])
    by_line: dict = {}
    for node in ast.walk(ast.parse(whole)):
        if isinstance(node, ast.Lambda | ast.FunctionDef):
            decorators = getattr(node, "decorator_list", ())
            by_line.setdefault(min(part.lineno for part in (node, *decorators)), []).append(node)
    return by_line, whole.encode().splitlines(keepends=True)


def _definition(formula):
    """The lambda or function in the syntax tree that a formula was compiled from, and the lines of its module."""
    code = formula.__code__
    by_line, lines = _module(formula.__module__)
    nodes = [node for node in by_line[code.co_firstlineno] if isinstance(node, ast.Lambda) == _is_lambda(formula)]
    nodes = [node for node in nodes if tuple(argument.arg for argument in node.args.args) == parameters(formula)]
    if len(nodes) > 1:
        # Lambdas on one line with the same parameters: the innermost in which all instructions lie, by line and byte. (The first
        # instruction has no column, and with -X no_debug_ranges none has.)
        starts = [(line, column) for line, _, column, _ in code.co_positions() if line and column]
        inside = [node for node in nodes if starts and all(_holds(node.body, *start) for start in starts)]
        nodes = sorted(inside, key=lambda node: -node.col_offset) or nodes
    return nodes[0], lines


def _holds(node, line, column):
    return (node.lineno, node.col_offset) <= (line, column) < (node.end_lineno, node.end_col_offset)


def _segment(lines, node):
    """The text of a node, whose columns count bytes."""
    part = lines[node.lineno - 1 : node.end_lineno]
    part[-1] = part[-1][: node.end_col_offset]
    part[0] = part[0][node.col_offset :]
    return b"".join(part).decode()
