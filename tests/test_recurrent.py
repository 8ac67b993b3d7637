"""The operators of recurrent layers: steps against their equations in NumPy, in float64; shapes at every edge; the same bits for any
number of threads; errors. test_nn_rnn.py has the modules on them, the proof of the table their derivatives."""

import re
import threading

import numpy as np
import pytest

import wengert as torch
from nn_reference import random, sigmoid
from wengert import nn

KINDS = {"lstm": 4, "gru": 3, "rnn": 1}


def equations(kind, x, h, c, w_ih, w_hh, b_ih, b_hh, w_hr=None):
    """h and c after one step of x (N, features)."""
    a, b = x @ w_ih.T + b_ih, h @ w_hh.T + b_hh
    if kind == "rnn":
        return np.tanh(a + b), c
    if kind == "relu":
        return np.maximum(a + b, 0), c
    if kind == "gru":
        (ar, az, an), (br, bz, bn) = np.split(a, 3, 1), np.split(b, 3, 1)
        r, z = sigmoid(ar + br), sigmoid(az + bz)
        return (1 - z) * np.tanh(an + r * bn) + z * h, c
    i, f, g, o = np.split(a + b, 4, 1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return (h if w_hr is None else h @ w_hr.T), c


def oracle(kind, rows, h, c, weights, sizes, reverse):
    """(output, h, c) of packed rows: sequence i has the elements i of the steps that are longer than i."""
    h, c = h.copy(), c.copy()
    firsts = np.cumsum([0, *sizes])
    output = [None] * len(sizes)
    for t in reversed(range(len(sizes))) if reverse else range(len(sizes)):
        n = sizes[t]
        h[:n], c[:n] = equations(kind, rows[firsts[t] : firsts[t + 1]], h[:n], c[:n], *weights)
        output[t] = h[:n].copy()
    return np.concatenate(output), h, c


def problem(kind, features, hidden, batch, *, projection=None, dtype="float64"):
    """(h, c, weights) of a seed; weights small enough that states do not saturate."""
    gates, size = KINDS["rnn" if kind == "relu" else kind], projection or hidden
    scale = 1 / np.sqrt(max(hidden, features))
    weights = [
        random(gates * hidden, features) * scale,
        random(gates * hidden, size, seed=1) * scale,
        random(gates * hidden, seed=2),
        random(gates * hidden, seed=3),
    ]
    if projection:
        weights.append(random(projection, hidden) / np.sqrt(hidden))
    states = random(batch, size, seed=4, low=-1, high=1), random(batch, hidden, seed=5, low=-1, high=1)
    return [x.astype(dtype) for x in states], [w.astype(dtype) for w in weights]


def layer(kind, x, h, c, weights, sizes=None, reverse=False):
    """(output, h, c) as tensors; of a kind without c that is None."""
    projection = weights[4] if len(weights) > 4 else None
    w = list(weights[:4])
    if kind == "lstm":
        return torch._lstm_layer(x, h, c, *w, projection, sizes, reverse)[:3]
    if kind == "gru":
        return *torch._gru_layer(x, h, *w, sizes, reverse)[:2], None
    return *torch._rnn_layer(x, h, *w, "relu" if kind == "relu" else "tanh", sizes, reverse), None


# Sizes around vectors and tiles, one step, one sequence, one unit, no feature, no sequence; weights that are shared by units among
# threads (more than 512 KB), and deeper than one block of a product.
SHAPES = [
    (4, 3, 5, 7),
    (1, 1, 1, 1),
    (3, 2, 0, 4),
    (2, 0, 3, 4),
    (5, 1, 8, 16),
    (6, 9, 3, 17),
    (3, 33, 16, 64),
    (2, 12, 5, 300),
    (4, 1, 6, 400),
    (1, 17, 3, 5),
]


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn", "relu"])
@pytest.mark.parametrize("shape", SHAPES, ids=repr)
def test_layer(kind, shape):
    steps, batch, features, hidden = shape
    for dtype, tolerance in (("float64", 1e-11), ("float32", 2e-5)):
        (h, c), weights = problem(kind, features, hidden, batch, dtype=dtype)
        x = random(steps, batch, features).astype(dtype)
        for reverse in (False, True):
            expected = oracle(kind, x.reshape(steps * batch, features), h, c, weights, [batch] * steps, reverse)
            tensors = [torch.tensor(a) for a in (x, h, c)]
            output, *last = layer(kind, *tensors, [torch.tensor(w) for w in weights], reverse=reverse)
            assert output.shape == (steps, batch, hidden) and output.dtype == tensors[0].dtype
            np.testing.assert_allclose(output.numpy().reshape(-1, hidden), expected[0], rtol=0, atol=tolerance)
            for got, want in zip(last, expected[1:], strict=True):
                if got is not None:
                    np.testing.assert_allclose(got.numpy(), want, rtol=0, atol=tolerance)


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn", "relu"])
@pytest.mark.parametrize("sizes", [[3, 2, 2, 1], [1], [4], [9, 9, 1], [20, 19, 18, 3, 3, 1], [40, 2]], ids=repr)
@pytest.mark.parametrize("hidden", [6, 260])
def test_layer_of_packed_sequences(kind, sizes, hidden):
    (h, c), weights = problem(kind, 4, hidden, sizes[0])
    x = random(sum(sizes), 4)
    for reverse in (False, True):
        expected = oracle(kind, x, h, c, weights, sizes, reverse)
        tensors = [torch.tensor(a) for a in (x, h, c)]
        output, *last = layer(kind, *tensors, [torch.tensor(w) for w in weights], torch.tensor(sizes), reverse)
        np.testing.assert_allclose(output.numpy(), expected[0], rtol=0, atol=1e-11)
        for got, want in zip(last, expected[1:], strict=True):
            if got is not None:
                np.testing.assert_allclose(got.numpy(), want, rtol=0, atol=1e-11)


@pytest.mark.parametrize("hidden", [7, 300])
@pytest.mark.parametrize("sizes", [None, [5, 3, 1]])
def test_projection(hidden, sizes):
    (h, c), weights = problem("lstm", 3, hidden, 5, projection=4)
    x = random(9 if sizes else 15, 3)
    expected = oracle("lstm", x, h, c, weights, sizes or [5, 5, 5], False)
    given = torch.tensor(x) if sizes else torch.tensor(x).view(3, 5, 3)
    output, *last = layer(
        "lstm", given, torch.tensor(h), torch.tensor(c), [torch.tensor(w) for w in weights], sizes and torch.tensor(sizes)
    )
    np.testing.assert_allclose(output.numpy().reshape(-1, 4), expected[0], rtol=0, atol=1e-11)
    for got, want in zip(last, expected[1:], strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_strides_and_what_is_not_given(kind):
    (h, c), weights = problem(kind, 4, 6, 3)
    x = random(5, 3, 4)
    zeros = [np.zeros_like(w) if w.ndim == 1 else w for w in weights]
    expected = oracle(kind, x.reshape(-1, 4), h * 0, c * 0, zeros, [3] * 5, False)[0]
    for input in (torch.tensor(x), torch.tensor(x.swapaxes(0, 1).copy()).transpose(0, 1), torch.tensor(x[::-1].copy()).flip(0)):
        turned = [torch.tensor(w.T.copy()).t() for w in weights[:2]]
        output = layer(kind, input, None, None, [*turned, None, None])[0]
        np.testing.assert_allclose(output.numpy().reshape(-1, 6), expected, rtol=0, atol=1e-12)


def test_no_number_is_lost():
    w = torch.ones(1, 1)
    x = torch.tensor([float("nan"), 1.0, float("inf")]).view(1, 3, 1)
    for nonlinearity, expected in (("relu", ["nan", "1.0", "inf"]), ("tanh", ["nan", "0.7615941762924194", "1.0"])):
        output = torch._rnn_layer(x, None, w, w, nonlinearity=nonlinearity)[0]
        assert [str(v) for v in output.flatten().tolist()] == expected


def everything(kind, features, hidden, steps, batch, packed, dtype, **options):
    torch.manual_seed(0)
    module = getattr(nn, kind)(features, hidden, bidirectional=True, **options).to(dtype)
    x = torch.randn(steps, batch, features, dtype=dtype, requires_grad=True)
    lengths = [1 + i * 7 % steps for i in range(batch)]
    given = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False) if packed else x
    output, states = module(given)
    output = output.data if packed else output
    (output * output).sum().backward()
    states = states if isinstance(states, tuple) else (states,)
    return [output.detach(), *(s.detach() for s in states), x.grad, *(p.grad for p in module.parameters())]


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("packed", [False, True])
def test_same_bits_for_any_thread_count(kind, packed):
    cases = [
        ((16, 64, 20, 33), torch.float32, {}),
        ((8, 250, 6, 20), torch.float32, {}),
        ((5, 200, 5, 30), torch.float64, {}),
        ((4, 300, 3, 1), torch.float32, {}),
    ]
    if kind == "LSTM":
        cases += [((8, 250, 6, 20), torch.float32, {"proj_size": 37}), ((8, 64, 12, 20), torch.float32, {"proj_size": 17})]
    for (features, hidden, steps, batch), dtype, options in cases:
        results = []
        for count in (1, 2, 3, 4):
            torch.set_num_threads(count)
            results.append(everything(kind, features, hidden, steps, batch, packed, dtype, **options))
        for other in results[1:]:
            assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True)), (features, hidden, steps, batch)


def test_gradients_are_the_steps_gradients():
    """The compiled way back against recording step by step, which create_graph does, for shapes that the proof has not."""
    for kind, (steps, batch, features, hidden) in [
        (k, s) for k in KINDS for s in [(7, 5, 9, 33), (3, 4, 2, 150), (30, 1, 1, 2)]
    ]:
        module = getattr(nn, kind.upper())(features, hidden, num_layers=2, bidirectional=True).double()
        x = torch.tensor(random(steps, batch, features)).requires_grad_()
        inputs = [x, *module.parameters()]
        output, states = module(x)
        total = (output**2).sum() + sum((s**3).sum() for s in (states if kind == "lstm" else (states,)))
        compiled = torch.autograd.grad(total, inputs, retain_graph=True)
        recorded = torch.autograd.grad(total, inputs, create_graph=True)
        for a, b in zip(compiled, recorded, strict=True):
            np.testing.assert_allclose(a.numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-10)
            assert b.requires_grad and not a.requires_grad


def test_only_what_is_needed_has_a_gradient():
    module = nn.LSTM(3, 4)
    module.weight_ih_l0.requires_grad_(False)
    x = torch.ones(2, 1, 3)
    output, (_, c) = module(x)
    output.sum().backward(retain_graph=True)
    assert module.weight_ih_l0.grad is None and x.grad is None and module.weight_hh_l0.grad.shape == (16, 4)
    assert torch.equal(module.bias_ih_l0.grad, module.bias_hh_l0.grad)
    module.bias_ih_l0.grad.zero_()  # they do not share memory
    assert module.bias_hh_l0.grad.any()
    first = torch.autograd.grad(c.sum(), module.bias_hh_l0)[0]  # of the last state alone
    assert first.any()


def test_one_tensor_as_two_arguments():
    h = torch.tensor(random(2, 3)).requires_grad_()
    w = torch.tensor(random(12, 3)).requires_grad_()
    x = torch.tensor(random(4, 2, 3))
    for create_graph in (False, True):
        output = torch._lstm_layer(x, h, h, w, w).output
        both = torch.autograd.grad(output.sum(), (h, w), create_graph=create_graph)
        apart = [t.detach().clone().requires_grad_() for t in (h, h, w, w)]
        output = torch._lstm_layer(x, apart[0], apart[1], apart[2], apart[3]).output
        a, b, c, d = torch.autograd.grad(output.sum(), apart)
        np.testing.assert_allclose(both[0].detach().numpy(), (a + b).numpy(), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(both[1].detach().numpy(), (c + d).numpy(), rtol=1e-12, atol=1e-14)


def test_changed_results_are_noticed():
    module = nn.GRU(3, 4)
    output, _ = module(torch.ones(5, 2, 3))
    output.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


def test_long_sequences_and_several_python_threads():
    module = nn.GRU(2, 3)
    output, _ = module(torch.ones(20000, 1, 2))
    output[-1].sum().backward()
    assert torch.isfinite(module.weight_hh_l0.grad).all()
    wanted = everything("LSTM", 8, 200, 5, 16, False, torch.float32)
    results = [None] * 4

    def work(place):
        module = nn.LSTM(8, 200)
        x = torch.ones(5, 16, 8)
        results[place] = [module(x)[0].shape for _ in range(5)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(shapes == [(5, 16, 200)] * 5 for shapes in results)
    assert all(torch.equal(a, b) for a, b in zip(wanted, everything("LSTM", 8, 200, 5, 16, False, torch.float32), strict=True))


def zeros(*shape, **options):
    return torch.zeros(*shape, **options)


LSTM = (zeros(12, 2), zeros(12, 3))
ERRORS = {
    "no steps": (lambda: torch._lstm_layer(zeros(0, 2, 2), None, None, *LSTM), "Expected sequence length to be larger than 0"),
    "dims": (lambda: torch._lstm_layer(zeros(2, 2), None, None, *LSTM), "input should have three dimensions"),
    "packed dims": (
        lambda: torch._gru_layer(zeros(2, 2, 2), None, zeros(9, 2), zeros(9, 3), batch_sizes=torch.tensor([2])),
        "input should have two dimensions with batch_sizes",
    ),
    "w_ih": (
        lambda: torch._lstm_layer(zeros(1, 2, 5), None, None, *LSTM),
        r"w_ih has the shape (12, 2) but should have (12, 5)",
    ),
    "w_hh": (
        lambda: torch._lstm_layer(zeros(1, 2, 2), None, None, LSTM[0], zeros(12, 4)),
        "w_hh has the shape (12, 4) but should have (12, 3)",
    ),
    "rows": (
        lambda: torch._lstm_layer(zeros(1, 2, 2), None, None, LSTM[0], zeros(3, 3)),
        "w_hh should be a matrix of at least 4",
    ),
    "bias": (
        lambda: torch._lstm_layer(zeros(1, 2, 2), None, None, *LSTM, zeros(3)),
        "b_ih has the shape (3,) but should have (12,)",
    ),
    "h": (lambda: torch._lstm_layer(zeros(1, 2, 2), zeros(1, 3), None, *LSTM), "h has the shape (1, 3) but should have (2, 3)"),
    "c": (lambda: torch._lstm_layer(zeros(1, 2, 2), None, zeros(2, 4), *LSTM), "c has the shape (2, 4) but should have (2, 3)"),
    "dtype": (lambda: torch._lstm_layer(zeros(1, 2, 2, dtype=torch.float64), None, None, *LSTM), "to have the dtype of input"),
    "batch_sizes grow": (
        lambda: torch._lstm_layer(zeros(3, 2), None, None, *LSTM, batch_sizes=torch.tensor([1, 2])),
        "batch_sizes should be positive and no larger than the one before",
    ),
    "batch_sizes of zero": (
        lambda: torch._lstm_layer(zeros(3, 2), None, None, *LSTM, batch_sizes=torch.tensor([3, 0])),
        "batch_sizes should be positive",
    ),
    "batch_sizes too many": (
        lambda: torch._lstm_layer(zeros(3, 2), None, None, *LSTM, batch_sizes=torch.tensor([2, 2])),
        "add up to more than the 3 rows of input",
    ),
    "batch_sizes too few": (
        lambda: torch._lstm_layer(zeros(3, 2), None, None, *LSTM, batch_sizes=torch.tensor([2])),
        "batch_sizes add up to 2, but input has 3 rows",
    ),
    "batch_sizes dtype": (
        lambda: torch._lstm_layer(zeros(3, 2), None, None, *LSTM, batch_sizes=torch.tensor([3.0])),
        "batch_sizes should be a vector of int64",
    ),
    "nonlinearity": (
        lambda: torch._rnn_layer(zeros(1, 2, 2), None, zeros(3, 2), zeros(3, 3), nonlinearity="sin"),
        "Unknown nonlinearity: sin",
    ),
    "integers": (
        lambda: torch._lstm_layer(torch.ones(1, 2, 2, dtype=torch.int64), None, None, *LSTM),
        "not implemented for 'Long'",
    ),
    "gradient of another shape": (
        lambda: torch._rnn_layer_backward(
            zeros(1, 2, 4), None, zeros(1, 2, 2), None, (zeros(3, 2), zeros(3, 3)), zeros(1, 2, 3), "tanh", None, False, [1] * 6
        ),
        "grad_output has the shape (1, 2, 4) but should have (1, 2, 3)",
    ),
    "too few needs": (
        lambda: torch._rnn_layer_backward(
            None, None, zeros(1, 2, 2), None, (zeros(3, 2), zeros(3, 3)), zeros(1, 2, 3), "tanh", None, False, [1]
        ),
        "needs should be 6 numbers",
    ),
    "too few weights": (
        lambda: torch._rnn_layer_backward(
            None, None, zeros(1, 2, 2), None, (zeros(3, 2),), zeros(1, 2, 3), "tanh", None, False, [1] * 6
        ),
        "weights should be 2 tensors, got 1",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, message = ERRORS[name]
    with pytest.raises((RuntimeError, ValueError, NotImplementedError), match=re.escape(message)):
        call()
