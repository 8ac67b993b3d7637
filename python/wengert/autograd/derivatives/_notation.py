"""From the syntax tree of a formula to mathematics in one line of Unicode: ``grad * (1 - result * result)`` is ``g·(1 − y²)``.

Every part of a formula becomes a text and how tightly it binds; whatever stands around it adds parentheses where it binds
tighter. Products and quotients are multiplied out, numbers first. What has no notation stays as Python has it.
"""

# ruff: noqa: RUF001, RUF002 - mathematics has letters of its own

import ast

LETTERS = {
    "grad": "g",
    "grads": "g",
    "some_grads": "g",
    "result": "y",
    "results": "y",
    "input": "x",
    "other": "z",
    "mat1": "A",
    "mat2": "B",
    "mat": "A",
    "batch1": "A",
    "batch2": "B",
    "vec": "v",
    "vec1": "v",
    "vec2": "w",
    "weight": "w",
    "exponent": "p",
    "tensors": "x",
    "tensor1": "a",
    "tensor2": "b",
    "alpha": "α",
    "beta": "β",
    "lambd": "λ",
    "eps": "ε",
    "pi": "π",
    "inf": "∞",
    "_LN2": "log 2",
    "_LN10": "log 10",
    "_SQRT_PI": "√π",
    "_SQRT_2PI": "√(2π)",
}

# How tightly a text binds, from a choice, `a if c else b`, to what never needs parentheses.
CHOICE, LOGICAL, RELATION, SUM, QUOTIENT, PRODUCT, APPLICATION, POWER, ATOM = range(9)

RELATIONS = {
    ast.Gt: ">",
    ast.Lt: "<",
    ast.GtE: "≥",
    ast.LtE: "≤",
    ast.Eq: "=",
    ast.NotEq: "≠",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
}
RELATION_METHODS = {"gt": ">", "lt": "<", "ge": "≥", "le": "≤", "eq": "=", "ne": "≠"}
LOGIC = {ast.BitAnd: "∧", ast.BitOr: "∨", ast.BitXor: "≠"}
LOGIC_METHODS = {"logical_and": "∧", "logical_or": "∨", "logical_xor": "≠"}
TRIGONOMETRIC = {"sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"}
EXPONENTIAL = {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sigmoid"}
APPLIED = {*TRIGONOMETRIC, *EXPONENTIAL, "erf", "erfc", "erfinv", "digamma", "lgamma", "sign", "sgn", "det"}
PRODUCT_CALLS = {("mul", 2), ("div", 2), ("neg", 1), ("negative", 1), ("square", 1), ("rsqrt", 1), ("reciprocal", 1)}
PRODUCTS = {"mm", "mv", "bmm", "matmul", "dot"}
TRANSPOSES = {"mT", "mH", "T", "H", "t", "adjoint"}
MODULES = {"wengert", "torch", "math", "special", "linalg"}
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def translate(node):
    """The mathematics of an expression."""
    return _value(CHOICE, node)


def _render(node):
    """(text, how tightly it binds) of an expression."""
    return globals().get(f"_{type(node).__name__}", _as_python)(node)


def _at(level, node):
    """The text of an expression inside something that binds at least this tightly; a condition there counts 0 or 1."""
    text, own = _render(node)
    if own >= level:
        return text
    return f"[{text}]" if own in (LOGICAL, RELATION) and level > RELATION else f"({text})"


def _value(level, node):
    """What a formula gives, where None stands for zeros."""
    return "0" if isinstance(node, ast.Constant) and node.value is None else _at(level, node)


def _as_python(node):
    return ast.unparse(node), ATOM


def _Constant(node):
    whole = isinstance(node.value, float) and node.value.is_integer() and abs(node.value) < 1e6
    return (str(int(node.value)) if whole else ast.unparse(node)), ATOM


def _Name(node):
    name = node.id
    for suffix, of in (("_shape", "shape"), ("_dtype", "dtype"), ("_layout", "layout")):
        if name.endswith(suffix):
            return f"{of}({_letter(name.removesuffix(suffix))})", ATOM
    letter = _letter(name)
    return letter, APPLICATION if " " in letter or "√" in letter else ATOM


def _letter(name):
    return LETTERS.get(name, name.lstrip("_"))


def _Tuple(node):
    return f"({', '.join(_value(CHOICE, part) for part in node.elts)})", ATOM


_List = _Tuple


def _Starred(node):
    return f"*{_at(ATOM, node.value)}", ATOM


def _IfExp(node):
    if is_scaling(node):
        return _render(node.orelse)
    return f"{_value(LOGICAL, node.body)} if {_at(LOGICAL, node.test)} else {_value(CHOICE, node.orelse)}", CHOICE


def is_scaling(node):
    """Whether it is `x if factor == 1 else x * factor`, which saves a multiplication."""
    if not (isinstance(node, ast.IfExp) and isinstance(node.orelse, ast.BinOp) and isinstance(node.orelse.op, ast.Mult)):
        return False
    x, factor = ast.unparse(node.orelse.left), ast.unparse(node.orelse.right)
    return ast.unparse(node.body) == x and ast.unparse(node.test) in (f"{factor} == 1", f"({factor}) == 1")


def _GeneratorExp(node):
    loops = " ".join(f"for {_at(CHOICE, part.target)} in {_at(CHOICE, part.iter)}" for part in node.generators)
    return f"({_value(LOGICAL, node.elt)} {loops})", ATOM


_ListComp = _GeneratorExp


def _BoolOp(node):
    sign = " and " if isinstance(node.op, ast.And) else " or "
    return sign.join(_at(RELATION, part) for part in node.values), LOGICAL


def _Compare(node):
    parts = [_at(SUM, node.left)]
    for operator, right in zip(node.ops, node.comparators, strict=True):
        parts += [RELATIONS[type(operator)], _at(SUM, right)]
    return " ".join(parts), RELATION


def _UnaryOp(node):
    if isinstance(node.op, ast.USub):
        return _product(node)
    if isinstance(node.op, ast.Invert | ast.Not):
        return f"¬{_at(APPLICATION, node.operand)}", RELATION
    return _render(node.operand)


def _BinOp(node):
    operator, left, right = type(node.op), node.left, node.right
    if operator in (ast.Mult, ast.Div):
        return _product(node)
    if operator in LOGIC:
        return f"{_at(RELATION, left)} {LOGIC[operator]} {_at(RELATION, right)}", LOGICAL
    if operator is ast.Add:
        more = _at(SUM, right)
        return f"{_at(SUM, left)} {f'− {more[1:]}' if more[0] == '−' else f'+ {more}'}", SUM
    if operator is ast.Sub:
        less = _at(QUOTIENT, right)
        return f"{_at(SUM, left)} − {f'({less})' if less[0] == '−' else less}", SUM
    if operator is ast.MatMult:
        return f"{_at(APPLICATION, left)} {_at(APPLICATION, right)}", APPLICATION
    if operator is ast.Pow:
        return _power(left, right)
    if operator is ast.FloorDiv:
        return f"⌊{_at(PRODUCT, left)} / {_at(APPLICATION, right)}⌋", ATOM
    if operator is ast.Mod:
        return f"{_at(APPLICATION, left)} mod {_at(APPLICATION, right)}", SUM
    return _as_python(node)[0], SUM


class _Factors:
    """What a product is made of: its sign, numbers, and expressions above and below the line."""

    def __init__(self):
        self.negative, self.numbers, self.divisors, self.above, self.below = False, [], [], [], []

    def collect(self, node, inverted=False):
        if is_scaling(node):
            node = node.orelse
        name, arguments = _called(node)
        if isinstance(node, ast.Call) and node.keywords:
            name = None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            name, arguments = "div" if isinstance(node.op, ast.Div) else "mul", [node.left, node.right]
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            name, arguments = "neg", [node.operand]
        if name in ("mul", "div") and len(arguments) == 2:
            self.collect(arguments[0], inverted)
            self.collect(arguments[1], inverted != (name == "div"))
        elif name == "square" and len(arguments) == 1:
            self.collect(arguments[0], inverted)
            self.collect(arguments[0], inverted)
        elif name in ("neg", "negative") and len(arguments) == 1:
            self.negative = not self.negative
            self.collect(arguments[0], inverted)
        elif name in ("rsqrt", "reciprocal") and len(arguments) == 1:
            root = ast.Call(ast.Name("sqrt"), arguments, [])
            self.collect(root if name == "rsqrt" else arguments[0], not inverted)
        elif isinstance(node, ast.Constant):
            (self.divisors if inverted else self.numbers).append(_render(node)[0])
        else:
            (self.below if inverted else self.above).append(node)


def _product(node):
    factors = _Factors()
    factors.collect(node)
    above = "·".join(factors.numbers + _powers(factors.above)) or "1"
    sign = "−" if factors.negative else ""
    below = factors.divisors + _powers(factors.below)
    if not below:
        return sign + above, PRODUCT
    return f"{sign}{above} / {below[0] if len(below) == 1 else '({})'.format('·'.join(below))}", QUOTIENT


def _powers(nodes):
    """The texts of factors, each once, with how often it occurs as its exponent."""
    counts: dict = {}
    for node in nodes:
        counts.setdefault(ast.unparse(node), [node, 0])[1] += 1
    return [
        _at(APPLICATION, node) if count == 1 else f"{_at(ATOM, node)}{str(count).translate(SUPERSCRIPTS)}"
        for node, count in counts.values()
    ]


def _power(base, exponent):
    text = _render(exponent)[0].replace("−", "-")
    if text.lstrip("-").isdigit():
        return f"{_at(ATOM, base)}{text.translate(SUPERSCRIPTS)}", POWER
    return f"{_at(ATOM, base)}^{_at(ATOM, exponent)}", POWER


def _Attribute(node):
    if node.attr in TRANSPOSES:
        return f"{_at(ATOM, node.value)}ᵀ", POWER
    if isinstance(node.value, ast.Name) and node.value.id in MODULES:
        return _letter(node.attr), ATOM
    if node.attr in ("shape", "dtype"):
        return f"{node.attr}({_at(CHOICE, node.value)})", ATOM
    return f"{_at(ATOM, node.value)}.{node.attr}", ATOM


def _Subscript(node):
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return f"{_at(ATOM, node.value)}[{', '.join(_at(CHOICE, part) for part in parts)}]", ATOM


def _Slice(node):
    bounds = [_at(SUM, part) if part else "" for part in (node.lower, node.upper)]
    return ":".join([*bounds, _at(SUM, node.step)] if node.step else bounds), ATOM


def _called(node):
    """The name and arguments of a call, the tensor of a method first; (None, []) for anything else."""
    if not isinstance(node, ast.Call):
        return None, []
    if isinstance(node.func, ast.Name):
        return node.func.id.lstrip("_"), node.args
    if not isinstance(node.func, ast.Attribute):
        return None, []
    name, value = node.func.attr.removesuffix("_"), node.func.value
    if ast.unparse(value).split(".")[0].lstrip("_") in MODULES:
        return name.removeprefix("special_"), node.args
    if name == "where" and len(node.args) == 2:  # chosen.where(condition, rest)
        return name, [node.args[0], value, node.args[1]]
    return name, [value, *node.args]


def _Call(node):
    name, arguments = _called(node)
    if name is None:
        return _as_python(node)
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    return _known(node, name, arguments, keywords) or _application(name, arguments, keywords)


def _application(name, arguments, keywords):
    if name == "tuple" and len(arguments) == 1 and isinstance(arguments[0], ast.GeneratorExp):
        return _render(arguments[0])
    given = [_at(CHOICE, argument) for argument in arguments]
    given += [f"{key}={_at(CHOICE, value)}" if key else f"**{_at(ATOM, value)}" for key, value in keywords.items()]
    return f"{name}({', '.join(given)})", ATOM


def _known(node, name, arguments, keywords):
    """The notation of a call that has one, or None."""
    if name in ("zeros_like", "new_zeros", "zeros"):
        return "0", ATOM
    if name in ("ones_like", "new_ones", "ones"):
        return "1", ATOM
    if name == "div" and set(keywords) == {"rounding_mode"} and isinstance(keywords["rounding_mode"], ast.Constant):
        quotient = _render(ast.BinOp(arguments[0], ast.Div(), arguments[1]))[0]
        return f"⌊{quotient}⌋" if keywords["rounding_mode"].value == "floor" else f"trunc({quotient})", ATOM
    if keywords:
        return None
    if (name, len(arguments)) in PRODUCT_CALLS:
        return _product(node)
    by_count: dict = {1: _of_one, 2: _of_two, 3: _of_three}
    of = by_count.get(len(arguments))
    return of and of(name, *arguments)


def _of_one(name, x):
    if name in APPLIED:
        text, level = _render(x)
        return (f"{name} {text}" if level >= POWER and "(" not in text else f"{name}({text})"), APPLICATION
    if name in TRANSPOSES:
        return f"{_at(ATOM, x)}ᵀ", POWER
    if name == "sqrt":
        return f"√{_at(ATOM, x)}", APPLICATION
    if name == "abs":
        return f"|{_at(SUM, x)}|", ATOM
    if name == "logical_not":
        return f"¬{_at(APPLICATION, x)}", RELATION
    if name == "sum":
        return f"Σ {_at(APPLICATION, x)}", APPLICATION
    return None


def _of_two(name, x, y):
    if name in RELATION_METHODS:
        return f"{_at(SUM, x)} {RELATION_METHODS[name]} {_at(SUM, y)}", RELATION
    if name in LOGIC_METHODS:
        return f"{_at(RELATION, x)} {LOGIC_METHODS[name]} {_at(RELATION, y)}", LOGICAL
    if name in PRODUCTS:
        return _render(ast.BinOp(x, ast.MatMult(), y))
    if name == "outer":
        return f"{_at(APPLICATION, x)} {_at(ATOM, y)}ᵀ", APPLICATION
    operator = {"add": ast.Add, "sub": ast.Sub, "pow": ast.Pow}.get(name)
    return operator and _render(ast.BinOp(x, operator(), y))


def _of_three(name, x, y, z):
    if name == "where":
        return f"{_value(LOGICAL, y)} where {_at(LOGICAL, x)} else {_value(CHOICE, z)}", CHOICE
    if name == "masked_fill":
        return f"{_at(LOGICAL, z)} where {_at(LOGICAL, y)} else {_at(CHOICE, x)}", CHOICE
    if name == "threshold_gradient":
        return f"0 where {_at(SUM, y)} ≤ {_at(SUM, z)} else {_at(CHOICE, x)}", CHOICE
    if name == "transpose" and {ast.unparse(y), ast.unparse(z)} == {"-1", "-2"}:
        return f"{_at(ATOM, x)}ᵀ", POWER
    return None
