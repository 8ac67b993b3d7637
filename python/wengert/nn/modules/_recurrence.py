"""One layer of a recurrent network in one direction, step by step.

The input's part of all gates is one product before the first step. Sequences are packed: step t has the first batch_sizes[t] of
them, the longest first.
"""

import wengert

from .. import functional as F


def _tanh_step(gates, states, weight, bias):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh)"""
    return [(gates + _product(states[0], weight, bias)).tanh()]


def _relu_step(gates, states, weight, bias):
    """h' = relu(W_ih x + b_ih + W_hh h + b_hh)"""
    return [(gates + _product(states[0], weight, bias)).relu()]


def _lstm_step(gates, states, weight, bias, projection=None):
    """c' = f c + i g, h' = o tanh(c'), times the projection's matrix"""
    h, c = states
    i, f, g, o = (gates + _product(h, weight, bias)).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    return [h if projection is None else h.mm(projection), c]


def _gru_step(gates, states, weight, bias):
    """n = tanh(x_n + r h_n), h' = n + z (h - n)"""
    (h,) = states
    size = h.size(1)
    own = _product(h, weight, bias)
    r, z = (gates[:, : 2 * size] + own[:, : 2 * size]).sigmoid().chunk(2, 1)
    n = (gates[:, 2 * size :] + r * own[:, 2 * size :]).tanh()
    return [n + z * (h - n)]


def _product(h, weight, bias):
    return h.mm(weight) if bias is None else wengert.addmm(bias, h, weight)


STEPS = {"RNN_TANH": _tanh_step, "RNN_RELU": _relu_step, "LSTM": _lstm_step, "GRU": _gru_step}


def layer(mode, data, states, weights, has_bias, batch_sizes, backwards):
    """(h of all steps (elements, size), the states after the last step) for data (elements, width) and states (N, size)."""
    weight_ih, weight_hh, *rest = weights
    bias_ih, bias_hh = rest[:2] if has_bias else (None, None)
    options = {"projection": rest[-1].t()} if len(rest) > (2 if has_bias else 0) else {}
    step, weight = STEPS[mode], weight_hh.t()
    gates = F.linear(data, weight_ih, bias_ih).split(batch_sizes, 0)
    outputs: list = [None] * len(batch_sizes)
    if backwards:
        first = states
        states = [state[: batch_sizes[-1]] for state in first]
        for t in reversed(range(len(batch_sizes))):
            begun, size = states[0].size(0), batch_sizes[t]
            if size > begun:  # sequences whose last element this is
                states = [wengert.cat([state, start[begun:size]]) for state, start in zip(states, first, strict=True)]
            states = step(gates[t], states, weight, bias_hh, **options)
            outputs[t] = states[0]
    else:
        ended = []  # states of sequences that are over, the shortest first
        for t, size in enumerate(batch_sizes):
            if size < states[0].size(0):
                ended.append([state[size:] for state in states])
                states = [state[:size] for state in states]
            states = step(gates[t], states, weight, bias_hh, **options)
            outputs[t] = states[0]
        if ended:
            states = [wengert.cat(parts) for parts in zip(states, *reversed(ended), strict=True)]
    return wengert.cat(outputs), states
