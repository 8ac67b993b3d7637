"""A case per elementwise operator, read from the op table: a new operator gets its row with no edit here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .cases import ITEMSIZE, SHORT, Case, Operand

COUNT = 1000000

# PyTorch's name -> NumPy's, where they differ; below, formulas for what NumPy has no function for.
NUMPY = {
    "neg": "negative",
    "abs": "absolute",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "pow": "power",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "round": "rint",
    "bitwise_not": "invert",
    "bitwise_left_shift": "left_shift",
    "bitwise_right_shift": "right_shift",
}
FORMULAS = {
    "sigmoid": "1 / (1 + np.exp(-{0}))",
    "relu": "np.maximum({0}, 0)",
    "rsqrt": "1 / np.sqrt({0})",
    "sgn": "np.sign({0})",
    "frac": "{0} - np.trunc({0})",
    "lerp": "{0} + {2} * ({1} - {0})",
    "addcmul": "{0} + {1} * {2}",
    "addcdiv": "{0} + {1} / {2}",
    "rsub": "{1} - {0}",
    "ldexp": "{0} * 2**{1}",
}
# Where an operator is not defined on (0.1, 0.9), or not worth timing there.
DOMAIN = {"acosh": (1.1, 3.0), "fmod": (1.0, 9.0), "remainder": (1.0, 9.0), "floor_divide": (1.0, 9.0)}
DTYPES = ("float32", "int64", "bool")  # the first one an operator is defined for is timed


def arguments(signature: str) -> list[tuple[str, str]]:
    """The required arguments of an op table signature as (name, kind): what one must pass."""
    required = []
    for part in signature.split(" -> ")[0].split(","):
        name, _, kind = part.strip().partition(":")
        if name == "*":
            break
        if kind and "=" not in kind and not kind.strip().endswith("?"):
            required.append((name.strip(), kind.strip()))
    return required


def numpy_code(name: str, names: list[str], known: Callable[[str], bool]) -> str:
    """The NumPy spelling of an operator, or empty."""
    if name in FORMULAS:
        return FORMULAS[name].format(*names)
    spelled = NUMPY.get(name, name)
    return f"np.{spelled}({', '.join(names)})" if known(spelled) else ""


def build(row: dict[str, Any], dtype: str, result: str, known: Callable[[str], bool]) -> Case:
    """The case of one op table row, given the dtype it is timed at and the dtype of its result."""
    name = row["public_name"]
    low, high = DOMAIN.get(name, (0.1, 0.9))
    operands, passed = [], []
    for argument, kind in arguments(row["signature"]):
        if kind in ("Tensor", "Operand"):
            of = "bool" if argument == "condition" else dtype
            operands.append(Operand(argument, (COUNT,), dtype=of, low=low, high=high))
            passed.append(argument)
        else:
            passed.append("0.5" if dtype == "float32" else "1")
    numpy = numpy_code(name, passed, known)
    moved = COUNT * (sum(ITEMSIZE[o.dtype] for o in operands) + ITEMSIZE[result])
    return Case(
        name=f"{name} {SHORT[dtype]} 1e6",
        family="elementwise",
        dtype=dtype,
        operands=tuple(operands),
        code={"torch": f"torch.{name}({', '.join(passed)})", "numpy": numpy},
        bytes=float(moved),
        flops=float(COUNT),
        check="value" if numpy else "none",
    )


def probe(library: Any, row: dict[str, Any]) -> tuple[str, str] | None:
    """The first dtype of DTYPES the operator is defined for, and the dtype of its result, tried on two elements."""
    function = getattr(library, row["public_name"], None)
    if function is None:  # an operator that is a method only
        return None
    for dtype in DTYPES:
        passed = []
        for argument, kind in arguments(row["signature"]):
            if kind in ("Tensor", "Operand"):
                of = "bool" if argument == "condition" else dtype
                passed.append(library.ones(2, dtype=getattr(library, of)))
            else:
                passed.append(0.5 if dtype == "float32" else 1)
        try:
            result = function(*passed)
        except (RuntimeError, TypeError, NotImplementedError):
            continue
        if isinstance(result, tuple):  # of several results
            return None
        return dtype, str(result.dtype).rpartition(".")[2]
    return None


def cases(library: Any, table: Iterable[dict[str, Any]]) -> list[Case]:
    """One case per public elementwise name of ``table``, ``wengert._C.op_table()``."""
    import numpy

    made: dict[str, Case] = {}
    for row in table:
        if row["family"] != "elementwise" or row["public_name"] in made:
            continue
        found = probe(library, row)
        if found is not None:
            made[row["public_name"]] = build(row, *found, known=lambda name: hasattr(numpy, name))
    return list(made.values())


def installed_cases() -> list[Case]:
    """The cases of the wengert that is installed."""
    import wengert

    return cases(wengert, wengert._C.op_table())
