"""The derivative table: complete, and every row of it proven (tests/proof.py)."""

import pytest

import proof
import wengert
from derivative_samples import COMPOSITES, SAMPLES
from wengert.autograd.derivatives import TABLE

# Float results that PyTorch does not differentiate either, or that have nothing to differentiate.
WITHOUT_ROW = {
    "_write": "writes out=",
    "resize_": "PyTorch's error",
    "resize_as_": "PyTorch's error",
    "_lstm_layer_backward": "runs while nothing is recorded: under create_graph the formula is made of operators",
    "_gru_layer_backward": "likewise",
    "_rnn_layer_backward": "likewise",
    **dict.fromkeys(
        [
            "_rows_norm_gradient",
            "_group_norm_gradient",
            "_batch_norm_gradient",
            "_cross_entropy_gradient",
            "_nll_loss_gradient",
            "_attention_gradient",
        ],
        "one pass, which formulas leave out where a second derivative is asked for",
    ),
}
NOTHING_TO_DIFFERENTIATE = {
    "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "logical_not", "isnan", "isinf", "isfinite",
    "isposinf", "isneginf", "isreal", "signbit", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "bitwise_left_shift",
    "bitwise_right_shift", "gcd", "lcm", "isclose", "argmax", "argmin", "all", "any", "count_nonzero", "equal", "allclose", "argsort",
    "searchsorted", "bucketize", "isin", "nonzero", "argwhere", "nonzero_static", "where.condition", "unravel_index",
    "normal.numbers", "repeat_interleave", "bool", "byte", "char", "short", "int", "long", "multinomial",
}  # fmt: skip


@pytest.mark.parametrize("name", [*proof.differentiable_rows(), *COMPOSITES])
def test_row_is_proven(name):
    proof.prove(name)


def test_every_operator_with_a_float_result_has_a_row():
    missing = [
        name
        for name, entry in proof.OPS.items()
        if name not in TABLE
        and name not in NOTHING_TO_DIFFERENTIATE
        and name not in WITHOUT_ROW
        and entry["family"] != "creation"
        and "_like" not in name
        and not name.startswith(("rand", "randint"))
    ]
    assert not missing, f"add rows to wengert/autograd/derivatives: {missing}"


def test_rows_and_samples_name_operators():
    assert set(SAMPLES) <= set(TABLE)
    python_rows = {"getitem", "setitem", "T", "H", "mT", "mH", "polygamma", "cdist"}
    unknown = [n for n in TABLE if n not in proof.OPS and n not in python_rows and not n.startswith(("linalg_", "nn_"))]
    assert not unknown


def test_formulas_ask_for_what_exists():
    for name, row in TABLE.items():
        entry = proof.OPS.get(name)
        if entry is None:
            continue
        arguments = {arg["name"] for arg in entry["args"]}
        assert set(row.formulas) <= arguments, name
        assert set(row.of) <= arguments, name


def test_a_missing_row_names_operator_and_table(monkeypatch):
    x = wengert.ones(2, requires_grad=True)
    with pytest.raises(
        RuntimeError, match=r"derivative for resize_ is not implemented \[wengert.autograd.derivatives has no row"
    ):
        (x * 1).resize_(3)


def test_none_says_not_differentiable():
    x = wengert.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="the derivative for 'unique' is not implemented with respect to 'input'"):
        wengert.unique(x)


@pytest.mark.parametrize(
    "name", ["uniform_", "normal_", "exponential_", "log_normal_", "geometric_", "cauchy_", "bernoulli_", "random_"]
)
def test_random_fills_have_gradient_zero(name):
    x = wengert.rand(4, requires_grad=True)
    y = x * 2
    getattr(y, name)(*([0.5] if name == "geometric_" else []))
    assert y.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [0.0] * 4


def test_draws_have_gradient_zero():
    p = wengert.full((4,), 0.5, requires_grad=True)
    wengert.bernoulli(p).sum().backward()
    wengert.poisson(p).sum().backward()
    wengert.normal(p, 1.0).sum().backward()
    assert p.grad.tolist() == [0.0] * 4


def test_casts_send_gradients_back_in_the_dtype_of_the_input():
    x = wengert.ones(3, dtype=wengert.float64, requires_grad=True)
    (x.float() * 3).sum().backward()
    assert x.grad.dtype == wengert.float64
    assert x.grad.tolist() == [3.0] * 3


# Kinks: PyTorch's conventions ----------------------------------------------------------------------------------------------

KINKS = [
    ("abs", lambda x: x.abs(), [0.0], [0.0]),
    ("relu", lambda x: x.relu(), [0.0], [0.0]),
    ("sign", lambda x: x.sign(), [0.0, 2.0], [0.0, 0.0]),
    ("clamp at its bounds", lambda x: x.clamp(-1, 1), [-1.0, 1.0, 2.0], [1.0, 1.0, 0.0]),
    ("max of all shares ties", lambda x: x.max(), [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
    ("amax shares ties", lambda x: x.amax(0), [3.0, 3.0, 1.0], [0.5, 0.5, 0.0]),
    ("max along a dim takes the index", lambda x: x.max(0).values, [1.0, 3.0, 2.0], [0.0, 1.0, 0.0]),
    ("prod with a zero", lambda x: x.prod(), [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
    ("prod with two zeros", lambda x: x.prod(), [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
    ("cumprod with a zero", lambda x: x.cumprod(0), [2.0, 0.0, 3.0], [1.0, 8.0, 0.0]),
    ("norm at zero", lambda x: x.norm(), [0.0, 0.0], [0.0, 0.0]),
    ("1-norm at zero", lambda x: x.norm(p=1), [0.0, 2.0], [0.0, 1.0]),
    ("pow 0 at 0", lambda x: x**0, [0.0, 2.0], [0.0, 0.0]),
    ("pow 2 at 0", lambda x: x**2, [0.0], [0.0]),
    ("pow 1 at 0", lambda x: x**1, [0.0], [1.0]),
    ("sqrt at 0", lambda x: x.sqrt(), [0.0], [float("inf")]),
    ("std of equals", lambda x: x.std(), [1.0, 1.0], [0.0, 0.0]),
]


@pytest.mark.parametrize("name, f, at, expected", KINKS, ids=[kink[0] for kink in KINKS])
def test_kink(name, f, at, expected):
    x = wengert.tensor(at, dtype=wengert.float64, requires_grad=True)
    f(x).sum().backward()
    assert wengert.equal(
        x.grad.nan_to_num(99.0, 98.0), wengert.tensor(expected, dtype=wengert.float64).nan_to_num(99.0, 98.0)
    ), x.grad


def test_maximum_halves_ties():
    a, b = (wengert.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    wengert.maximum(a, b).sum().backward()
    assert a.grad.tolist() == b.grad.tolist() == [0.5, 0.5]


def test_where_does_not_mix_branches():
    x = wengert.tensor([0.0, 4.0], requires_grad=True)
    wengert.where(x > 0, x.log(), x).sum().backward()
    assert x.grad[1].item() == 0.25
