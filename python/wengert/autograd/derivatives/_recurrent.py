"""Recurrent layers step by step: what their derivatives are where they must be differentiated themselves."""

import wengert


def lstm_steps(input, h, c, w_ih, w_hh, b_ih, b_hh, w_hr, batch_sizes, reverse):
    """c' = f·c + i·g, h' = o·tanh(c'), times w_hr' with a projection."""

    def step(gates, states):
        h, c = states
        i, f, g, o = (gates + product(h)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        return [h if w_hr is None else h @ w_hr.t(), c]

    product = _affine(w_hh, b_hh)
    return _run(step, input, [(h, w_hh.size(1)), (c, w_hh.size(0) // 4)], _affine(w_ih, b_ih), batch_sizes, reverse)


def gru_steps(input, h, w_ih, w_hh, b_ih, b_hh, batch_sizes, reverse):
    """n = tanh(x + r·q), h' = n + z·(h - n), q the product with h."""

    def step(gates, states):
        (h,) = states
        own = product(h)
        r, z = (gates[:, : 2 * size] + own[:, : 2 * size]).sigmoid().chunk(2, 1)
        n = (gates[:, 2 * size :] + r * own[:, 2 * size :]).tanh()
        return [n + z * (h - n)]

    product, size = _affine(w_hh, b_hh), w_hh.size(1)
    return _run(step, input, [(h, size)], _affine(w_ih, b_ih), batch_sizes, reverse)


def rnn_steps(input, h, w_ih, w_hh, b_ih, b_hh, nonlinearity, batch_sizes, reverse):
    """h' = tanh or relu of the sum."""

    def step(gates, states):
        return [getattr(gates + product(states[0]), nonlinearity)()]

    product = _affine(w_hh, b_hh)
    return _run(step, input, [(h, w_hh.size(1))], _affine(w_ih, b_ih), batch_sizes, reverse)


def through(steps, tensors, options, grads, needs):
    """The gradients of tensors, as functions of them and of grads, by recording the steps."""
    # Other names, so that a tensor that is two arguments has two gradients. In forward mode none need require one.
    names = [None if tensor is None else tensor.view_as(tensor) for tensor in tensors]
    for name, need in zip(names, needs, strict=True):
        if need and name is not None and not name.requires_grad:
            name.requires_grad_()
    results = steps(*names, *options)
    results, grads = zip(*[pair for pair in zip(results, grads, strict=True) if pair[1] is not None], strict=True)
    wanted = [name for name, need in zip(names, needs, strict=True) if need]
    found = iter(wengert.autograd.grad(results, wanted, grads, create_graph=True, allow_unused=True))
    return tuple(next(found) if need else None for need in needs)


def _affine(weight, bias):
    weight = weight.t()
    return (lambda x: x @ weight) if bias is None else (lambda x: wengert.addmm(bias, x, weight))


def _run(step, input, states, affine, batch_sizes, reverse):
    """(output, *the states after each sequence's last step)."""
    if batch_sizes is None:
        time, batch, features = input.shape
        sizes, rows = [batch] * time, input.reshape(time * batch, features)
    else:
        sizes, rows = batch_sizes.tolist(), input
    states = [input.new_zeros(sizes[0], size) if state is None else state for state, size in states]
    gates = affine(rows)
    starts = [0]
    for size in sizes:
        starts.append(starts[-1] + size)
    outputs: list = [None] * len(sizes)
    ended = []  # states of sequences that are over, the shortest first
    waiting, states = states, [state[: sizes[-1 if reverse else 0]] for state in states]
    for t in reversed(range(len(sizes))) if reverse else range(len(sizes)):
        active, size = states[0].size(0), sizes[t]
        if size > active:  # sequences whose last element this is
            states = [wengert.cat([state, first[active:size]]) for state, first in zip(states, waiting, strict=True)]
        elif size < active:
            ended.append([state[size:] for state in states])
            states = [state[:size] for state in states]
        states = step(gates[starts[t] : starts[t + 1]], states)
        outputs[t] = states[0]
    if ended:
        states = [wengert.cat(parts) for parts in zip(states, *reversed(ended), strict=True)]
    output = wengert.cat(outputs)
    return (output if batch_sizes is not None else output.view(time, batch, -1), *states)
