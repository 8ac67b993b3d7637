"""Calls of recurrent layers."""

import wengert

from . import call, samples

PACKED = wengert.tensor([3, 2, 2, 1])
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def _states(make, count, batch, size, given):
    return [make(batch, size) if given else None for _ in range(count)]


def _weights(make, gates, features, hidden, size, bias):
    weights = [make(gates * hidden, features, low=-0.8, high=0.8), make(gates * hidden, size, low=-0.8, high=0.8)]
    return [*weights, *(make(gates * hidden) if bias else None for _ in range(2))]


def _calls(make, kind, states, *, size=3):
    """Sequences of one length and packed ones, both directions, with and without first states and biases, one step, one unit."""
    gates, hidden = GATES[kind], 3
    for reverse in (False, True):
        for given in (False, True):
            weights = _weights(make, gates, 2, hidden, size, bias=given)
            yield (make(4, 2, 2), *_states(make, states, 2, size, given), *weights), {"reverse": reverse}
            yield (
                (make(8, 2), *_states(make, states, 3, size, given), *weights),
                {"batch_sizes": PACKED, "reverse": reverse},
            )
    if size == hidden:
        yield (make(1, 1, 3), *_states(make, states, 1, 1, True), *_weights(make, gates, 3, 1, 1, True)), {}
        strided = make(3, 2, 2), *_states(make, states, 2, size, True), *_weights(make, gates, 2, hidden, size, True)
        yield tuple(t.detach().mT.contiguous().mT.requires_grad_() if t.dim() > 1 else t for t in strided), {}


@samples("_lstm_layer")
def _(make):
    def kept(*results):  # the others have no gradient
        return results[:3]

    for args, options in _calls(make, "lstm", 2):
        yield call(*args, **options).reduced(kept)
    for args, options in _calls(make, "lstm", 2, size=2):
        c = make(args[2].shape[0], 3) if args[2] is not None else None
        yield call(*args[:2], c, *args[3:], w_hr=make(2, 3), **options).reduced(kept)


@samples("_gru_layer")
def _(make):
    for args, options in _calls(make, "gru", 1):
        yield call(*args, **options).reduced(lambda *results: results[:2])


@samples("_rnn_layer")
def _(make):
    for args, options in _calls(make, "rnn", 1):
        yield call(*args, **options)
    for args, options in _calls(make, "rnn", 1):
        yield call(*args, nonlinearity="relu", **options)
