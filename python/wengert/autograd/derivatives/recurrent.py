"""Rows of recurrent layers: one layer, in one direction, over all steps.

Where gradients are recorded themselves (create_graph), and in forward mode, the steps are recorded one by one instead.
"""

import wengert
from wengert import _C

from . import rule
from ._recurrent import gru_steps, lstm_steps, rnn_steps, through

lstm_layer_backward, gru_layer_backward, rnn_layer_backward = (
    _C.functions[f"_{kind}_layer_backward"] for kind in ("lstm", "gru", "rnn")
)


def compiled(operator, *arguments, needs):
    """The gradients that are needed, the others None."""
    grads = operator(*arguments, tuple(map(int, needs)))
    return tuple(grad if need else None for grad, need in zip(grads, needs, strict=True))


def lstm_gradients(
    some_grads, input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, batch_sizes, reverse, output, gates, cells, raw, needs
):
    """With ḡ of the sums of i f g o, from the last step to the first: ḣ = g + ḡ₊·W_hh, ċ = ċ₊·f₊ + ḣ·o·(1 - tanh²c), and ḡ = ċ·g·i(1 - i),
    ċ·c₋·f(1 - f), ċ·i·(1 - g²), ḣ·tanh c·o(1 - o). Then ḡ·W_ih for the input, ḡ'·x and ḡ'·h₋ for the weights, Σ ḡ for the biases.
    """
    some_grads = some_grads[:3]
    if wengert.is_grad_enabled():
        return through(lstm_steps, (input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr), (batch_sizes, reverse), some_grads, needs)
    weights = (w_ih, w_hh) if w_hr is None else (w_ih, w_hh, w_hr)
    arguments = (input, h, c, weights, (output, gates, cells, raw), batch_sizes, reverse)
    return compiled(lstm_layer_backward, *some_grads, *arguments, needs=needs)


def gru_gradients(some_grads, input, h, w_ih, w_hh, b_ih, b_hh, batch_sizes, reverse, output, gates, inner, needs):
    """With ḡ of the sums of r z n, and q the hidden part of n's, from the last step to the first: ḣ = g + ḡ₊·W_hh + ḣ₊·z₊, and
    ḡ = ñ·q·r(1 - r), ḣ·(h₋ - n)·z(1 - z), ñ = ḣ·(1 - z)·(1 - n²), in products with the hidden state ñ·r for ñ. The rest as of an LSTM.
    """
    some_grads = some_grads[:2]
    if wengert.is_grad_enabled():
        return through(gru_steps, (input, h, w_ih, w_hh, b_ih, b_hh), (batch_sizes, reverse), some_grads, needs)
    arguments = (input, h, (w_ih, w_hh), (output, gates, inner), batch_sizes, reverse)
    return compiled(gru_layer_backward, *some_grads, *arguments, needs=needs)


def rnn_gradients(some_grads, input, h, w_ih, w_hh, b_ih, b_hh, nonlinearity, batch_sizes, reverse, output, needs):
    """With ḡ of the sums, from the last step to the first: ḡ = (g + ḡ₊·W_hh)·(1 - h²), or where h > 0. The rest as of an LSTM."""
    if wengert.is_grad_enabled():
        return through(rnn_steps, (input, h, w_ih, w_hh, b_ih, b_hh), (nonlinearity, batch_sizes, reverse), some_grads, needs)
    arguments = (input, h, (w_ih, w_hh), output, nonlinearity, batch_sizes, reverse)
    return compiled(rnn_layer_backward, *some_grads, *arguments, needs=needs)


WEIGHTS = ("w_ih", "w_hh", "b_ih", "b_hh")

rule(
    "_lstm_layer",
    of=("input", "h", "c", *WEIGHTS, "w_hr"),
    joint=lstm_gradients,
    constant=("gates", "cells", "raw"),
)
rule("_gru_layer", of=("input", "h", *WEIGHTS), joint=gru_gradients, constant=("gates", "inner"))
rule("_rnn_layer", of=("input", "h", *WEIGHTS), joint=rnn_gradients, kink="of relu at 0: 0")
