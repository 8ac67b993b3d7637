"""Recurrent layers against their equations in NumPy, in float64, and packed sequences against each sequence alone."""

import numpy as np
import pytest

import wengert as torch
from nn_reference import array, close, fill, random, sigmoid, tensor
from wengert import nn
from wengert.autograd import gradcheck


def steps(kind, x, state, w_ih, w_hh, b_ih, b_hh, w_hr=None):
    """All h, and the last state, of x (T, N, in), by the equations."""
    h, c = state
    outputs = []
    for x_t in x:
        if kind == "GRU":
            a, b = np.split(x_t @ w_ih.T + b_ih, 3, 1), np.split(h @ w_hh.T + b_hh, 3, 1)
            r, z = sigmoid(a[0] + b[0]), sigmoid(a[1] + b[1])
            h = (1 - z) * np.tanh(a[2] + r * b[2]) + z * h
        else:
            gates = x_t @ w_ih.T + b_ih + h @ w_hh.T + b_hh
            if kind == "RNN":
                h = np.tanh(gates)
            else:
                i, f, g, o = np.split(gates, 4, 1)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
                h = h if w_hr is None else h @ w_hr.T
        outputs.append(h)
    return np.stack(outputs), (h, c)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_recurrent(kind, bidirectional):
    module = fill(getattr(nn, kind)(3, 5, num_layers=2, bidirectional=bidirectional))
    directions = 1 + bidirectional
    x = random(6, 2, 3)
    states = random(2 * directions, 2, 5, seed=1), random(2 * directions, 2, 5, seed=2)
    hx = tuple(map(tensor, states)) if kind == "LSTM" else tensor(states[0])
    output, last = module(tensor(x), hx)
    data, ends = x, []
    for layer in range(2):
        parts = []
        for direction in range(directions):
            place = layer * directions + direction
            weights = [array(w) for w in module.all_weights[place]]
            run = data[::-1] if direction else data
            result, state = steps(kind, run, (states[0][place], states[1][place]), *weights)
            parts.append(result[::-1] if direction else result)
            ends.append(state)
        data = np.concatenate(parts, 2)
    close(output, data)
    close(last[0] if kind == "LSTM" else last, np.stack([end[0] for end in ends]))
    if kind == "LSTM":
        close(last[1], np.stack([end[1] for end in ends]))


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_recurrent_layouts(kind):
    module = fill(getattr(nn, kind)(3, 5))
    first = fill(getattr(nn, kind)(3, 5, batch_first=True))
    x = random(6, 2, 3)
    output, _ = module(tensor(x))
    close(first(tensor(x.swapaxes(0, 1)))[0], output.detach().numpy().swapaxes(0, 1))
    single, last = module(tensor(x[:, 0]))
    close(single, output[:, 0].detach().numpy())
    assert (last[0] if kind == "LSTM" else last).shape == (1, 5)
    cell = getattr(nn, f"{kind}Cell")(3, 5).double()
    cell.load_state_dict({name: module.state_dict()[f"{name}_l0"] for name in cell.state_dict()})
    state = None
    for t in range(6):
        state = cell(tensor(x[t]), state)
        close(state[0] if kind == "LSTM" else state, output[t].detach().numpy())
    assert cell(tensor(x[0, 0]))[0].shape == ((5,) if kind == "LSTM" else ())


def test_lstm_projection():
    module = fill(nn.LSTM(3, 5, proj_size=2))
    x = random(6, 2, 3)
    output, (h, c) = module(tensor(x))
    expected, (last, cell) = steps("LSTM", x, (np.zeros((2, 2)), np.zeros((2, 5))), *map(array, module.all_weights[0]))
    close(output, expected)
    close(h[0], last)
    close(c[0], cell)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_packed_sequences_run_as_each_would_alone(kind):
    module = fill(getattr(nn, kind)(3, 5, num_layers=2, bidirectional=True))
    sequences = [tensor(random(length, 3, seed=length), True) for length in (2, 6, 4, 4)]
    packed = nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False)
    states = random(4, 4, 5), random(4, 4, 5, seed=1)
    hx = tuple(map(tensor, states)) if kind == "LSTM" else tensor(states[0])
    output, last = module(packed, hx)
    for place, (sequence, part) in enumerate(zip(sequences, nn.utils.rnn.unpack_sequence(output), strict=True)):
        own = tuple(tensor(s[:, place]) for s in states)
        alone, end = module(sequence, own if kind == "LSTM" else own[0])
        close(part, alone.detach().numpy())
        close((last[0] if kind == "LSTM" else last)[:, place], (end[0] if kind == "LSTM" else end).detach().numpy())
    total = output.data.sum()
    gradients = torch.autograd.grad(total, sequences)
    alone = [torch.autograd.grad(module(s, _of(hx, i))[0].sum(), s)[0] for i, s in enumerate(sequences)]
    for a, b in zip(gradients, alone, strict=True):
        close(a, b.numpy())


def _of(hx, place):
    return tuple(h[:, place] for h in hx) if isinstance(hx, tuple) else hx[:, place]


def test_recurrent_dropout_is_between_layers():
    torch.manual_seed(0)
    module = nn.LSTM(3, 4, num_layers=2, dropout=1.0)
    dropped = module(torch.ones(2, 1, 3))[0]
    module.eval()
    assert not torch.equal(dropped, module(torch.ones(2, 1, 3))[0])
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last"):
        nn.LSTM(3, 4, dropout=0.5)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_gradients_of_recurrent_layers(kind):
    module = fill(getattr(nn, kind)(2, 3, bidirectional=True))
    assert gradcheck(lambda x: module(x)[0], (tensor(random(3, 1, 2), True),))
    module.flatten_parameters()
    assert module._flat_weights_names[0] == "weight_ih_l0" and len(module._flat_weights) == 8
