"""docs/derivatives.md is the page of the table, and formulas are written as mathematics by the rules of tools and pictures."""

# ruff: noqa: RUF001 - mathematics has letters of its own

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import CodeType, SimpleNamespace

import pytest

from wengert.autograd.derivatives import TABLE, _notation, _source

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "derivatives.md"


def test_page_is_current():
    command = [sys.executable, ROOT / "tools" / "derivatives.py", "--check"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, "run `python tools/derivatives.py`\n" + result.stdout + result.stderr


def test_page_has_every_row_once():
    lines = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    named = [name for line in lines for name in re.findall(r"`([^`]+)`", line[0])]
    assert sorted(named) == sorted(TABLE)
    assert all(len(re.split(r"(?<!\\)\|", line)) == 10 for line in PAGE.read_text().splitlines() if line.startswith("| "))


def names_and_constants(code):
    constants = [names_and_constants(each) if isinstance(each, CodeType) else each for each in code.co_consts]
    return code.co_names, code.co_varnames, [each for each in constants if not isinstance(each, str)]


@pytest.mark.parametrize("name", TABLE)
def test_formulas_have_source_and_mathematics(name):
    row = TABLE[name]
    code, mathematics = _source.source(row), _source.mathematics(row)
    arguments = {*row.formulas, *row.of}
    assert set(code) == set(mathematics) == arguments
    for argument, formula in _source.formulas(row).items():
        if formula is None:
            assert code[argument] is None and mathematics[argument] is None
            continue
        assert mathematics[argument] and "\n" not in mathematics[argument] and "no source" not in code[argument]
        if formula.__name__ != "<lambda>":
            assert code[argument].startswith(f"def {formula.__name__}(")
            continue
        # The text is that of this very lambda: compiled again it names the same things in the same order.
        free = formula.__code__.co_freevars
        inner = f"lambda {', '.join(_source.parameters(formula))}: {code[argument]}"
        again = eval(f"lambda {', '.join(free)}: {inner}", formula.__globals__)(*free)
        assert names_and_constants(again.__code__) == names_and_constants(formula.__code__)


def helper(grad, factor):
    """g times the factor."""
    return grad * factor if factor else None


def bare(grad, factor):
    return grad / factor


# Several lambdas on a line, with the same parameters, inside one another, over several lines, after letters of two bytes.
CLOSE = (lambda grad, x: grad * x, lambda grad, x: grad - x, "äöü", lambda grad, x: grad + x)
NESTED = lambda grad, x: [lambda grad, x: grad + x, grad * x]  # noqa: E731
CALL = lambda grad, x: grad.add(  # noqa: E731
    x, alpha=2 if x is not None else 3, out=None if grad is x else x, dim=(1, 2, 3), keepdim=True, dtype=None, device=None
)
LONG = lambda grad, x: (  # noqa: E731
    grad  # a comment
    * (x + 1)
)


def row_of(**formulas):
    return SimpleNamespace(formulas=formulas, of=(), joint=None)


def test_source_of_lambdas_that_are_close():
    assert [_source.text(formula) for formula in CLOSE if callable(formula)] == ["grad * x", "grad - x", "grad + x"]
    assert _source.text(NESTED) == "[lambda grad, x: grad + x, grad * x]"
    assert _source.text(NESTED(1, 1)[0]) == "grad + x"
    assert _source.text(CALL).startswith("grad.add(x, alpha=2") and _source.text(CALL).endswith("device=None)")
    assert _source.text(LONG) == "grad * (x + 1)" and _source.notation(LONG) == "g·(x + 1)"


def test_source_that_is_not_to_be_had():
    formula = eval("lambda grad: grad")
    row = row_of(input=formula, other=None)
    assert _source.source(row) == _source.mathematics(row) == {"input": "<<lambda>: no source>", "other": None}


def test_mathematics_of_functions():
    row = row_of(
        input=helper,
        other=lambda grad, alpha: helper(grad, alpha),
        weight=lambda grad, alpha: bare(grad, alpha) * 2,
        value=lambda grad, alpha: helper(grad, alpha) + grad,
        bare=bare,
    )
    assert _source.mathematics(row) == {
        "input": "g times the factor",
        "other": "g times the factor",
        "weight": "2·g / α",
        "value": "helper(g, α) + g, where helper: g times the factor",
        "bare": "g / factor",
    }
    assert _source.source(row)["input"].startswith('def helper(grad, factor):\n    """g times')
    assert _source.call(helper) == "helper(grad, factor)"


def test_a_joint_formula_stands_under_each_argument():
    row = SimpleNamespace(formulas={"dim": None}, of=("input", "other"), joint=helper)
    assert _source.mathematics(row) == {"input": "g times the factor", "other": "g times the factor", "dim": None}


@pytest.mark.parametrize(
    ("python", "mathematics"),
    [
        ("grad * input.cos()", "g·cos x"),
        ("-grad * input.sin()", "−g·sin x"),
        ("grad * (1 - result * result)", "g·(1 − y²)"),
        ("grad * (input * 2)", "2·g·x"),
        ("grad * (result * result * result * -0.5)", "−0.5·g·y³"),
        ("-grad * (input / other / other)", "−g·x / z²"),
        ("grad / (result * 2)", "g / (2·y)"),
        ("grad * (1 - input * input).rsqrt()", "g / √(1 − x²)"),
        ("grad * input.square().neg().exp()", "g·exp(−x²)"),
        ("grad * exponent * input ** (exponent - 1)", "g·p·x^(p − 1)"),
        ("input ** 2 + input**-1", "x² + x⁻¹"),
        ("grad @ other.mT", "g zᵀ"),
        ("input.t().mv(grad)", "xᵀ g"),
        ("grad.outer(vec)", "g vᵀ"),
        ("(grad + input) @ other", "(g + x) z"),
        ("alpha * (grad @ mat2.mT)", "α·g Bᵀ"),
        ("grad.transpose(-2, -1)", "gᵀ"),
        ("a - (b - c)", "a − (b − c)"),
        ("a + -b", "a − b"),
        ("a - -b", "a − (−b)"),
        ("(a + b) ** 2", "(a + b)²"),
        ("grad * (input > 0)", "g·[x > 0]"),
        ("grad * ((input >= min) & (input <= max))", "g·[x ≥ min ∧ x ≤ max]"),
        ("grad.masked_fill(result <= 0, 0)", "0 where y ≤ 0 else g"),
        ("wengert.where(input == other, grad / 2, grad)", "g / 2 where x = z else g"),
        ("grad.where(input > 0, 0.0)", "g where x > 0 else 0"),
        ("None if rounding_mode else grad / other", "0 if rounding_mode else g / z"),
        ("grad if alpha == 1 else grad * alpha", "g·α"),
        ("wengert.div(input, other, rounding_mode='floor')", "⌊x / z⌋"),
        ("grad.expand(input_shape)", "expand(g, shape(x))"),
        ("grad.sum(dim, keepdim=True)", "sum(g, dim, keepdim=True)"),
        ("grad.sum()", "Σ g"),
        ("tuple(grad * t for t in tensors)", "(g·t for t in x)"),
        ("grad[..., 1:, None]", "g[..., 1:, None]"),
        ("input.abs() * input.sign()", "|x|·sign x"),
        ("grad * ~mask", "g·[¬mask]"),
        ("wengert.special_i1(input)", "i1(x)"),
        ("grad.new_zeros(shape).index_add_(dim, index, grad)", "index_add(0, dim, index, g)"),
        ("None", "0"),
    ],
)
def test_notation(python, mathematics):
    assert _notation.translate(ast.parse(python, mode="eval").body) == mathematics
