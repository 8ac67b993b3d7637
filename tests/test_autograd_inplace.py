"""Writes in place and through views: gradients against central differences, and random programs of them."""

import collections
import re

import numpy as np
import pytest

import inplace_programs
import wengert as torch
from wengert.autograd import grad

STEP = 1e-6  # of the central differences
WEIGHTS = np.array([[2.0, 3, 5], [7, 11, 13], [17, 19, 23], [29, 31, 37]]) / 10


def tensor(values, **options):
    return torch.tensor(values, dtype=torch.float64, **options)


def key(*values):
    return torch.tensor(values)


def loss(program, x, v):
    """The program works on y, which is x, and on v; it writes to y or returns something else."""
    y = x * 1
    out = program(y, v)
    out = y if out is None else out
    return (out * out.cos() * tensor(np.resize(WEIGHTS, tuple(out.shape)))).sum()


def check(program):
    """Gradients of the loss with respect to x and v along random directions."""
    numbers = np.random.default_rng(3)
    points = [numbers.uniform(0.5, 1.5, shape) for shape in ((4, 3), (3,))]
    leaves = [tensor(point, requires_grad=True) for point in points]
    value = loss(program, *leaves)
    grads = grad(value, leaves, materialize_grads=True) if value.requires_grad else [torch.zeros_like(t) for t in leaves]
    for _ in range(3):
        directions = [numbers.uniform(-1, 1, point.shape) for point in points]
        ends = []
        for sign in (1, -1):
            moved = [tensor(p + sign * STEP * d, requires_grad=True) for p, d in zip(points, directions, strict=True)]
            ends.append(loss(program, *moved).item())
        expected = (ends[0] - ends[1]) / (2 * STEP)
        exact = sum((g.numpy() * d).sum() for g, d in zip(grads, directions, strict=True))
        assert abs(exact - expected) <= 1e-7 * max(1.0, abs(expected), abs(value.item()))


def setitem(k, value):
    def program(y, v):
        y[k] = value(v) if callable(value) else value

    return program


ASSIGNMENTS = {
    "a row, a number": setitem(0, 5.0),
    "a row": setitem(1, lambda v: v * 2),
    "rows, a number": setitem(slice(1, 3), 5),
    "rows, broadcast": setitem(slice(1, 3), lambda v: v),
    "leading ones": setitem(0, lambda v: v.view(1, 1, 3)),
    "steps": setitem((slice(None, None, 2), slice(None, None, 2)), lambda v: v[0]),
    "reversed": setitem((1, slice(None, None, -1)), lambda v: v),
    "an element": setitem((2, 1), lambda v: v[1]),
    "all": setitem(Ellipsis, lambda v: v),
    "None in the key": setitem((None, 0), lambda v: v),
    "a tensor of indices": setitem(key(0, 2), lambda v: v),
    "a list": setitem([0, 2], lambda v: v),
    "a list, a number": setitem([3, 1], 1.0),
    "the same value twice": setitem(key(0, 0), 2.0),
    "a mask": setitem(torch.tensor(WEIGHTS > 1.2), lambda v: v[0]),
    "a mask of values": setitem(torch.tensor(WEIGHTS > 2.5), lambda v: v),
    "a mask of rows": setitem(torch.tensor([True, False, False, True]), lambda v: v),
    "a mask, a number": setitem(torch.tensor(WEIGHTS > 1.2), 3.0),
    "indices and a slice": setitem((key(0, 2), slice(0, 2)), lambda v: v[:2]),
    "pairs of indices": setitem((key(0, 1), key(1, 1)), lambda v: v[:2]),
    "a tensor as a number": setitem(torch.tensor(1), lambda v: v),
    "True": setitem(True, lambda v: v),
    "nothing": setitem(slice(0, 0), lambda v: v),
    "an empty mask": setitem(torch.zeros(4, 3, dtype=torch.bool), 9.0),
    "of another dtype": setitem(0, lambda v: torch.ones(3, dtype=torch.float32)),
    "itself": lambda y, v: y.__setitem__(0, y[1]),
    "itself, written twice": lambda y, v: (y.__setitem__(0, y[1] + v), y.__setitem__(1, y[0] + v), None)[2],
}


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_assignment(name):
    check(ASSIGNMENTS[name])


def then_nothing(f):
    """A program that only writes."""
    return lambda y, v: (f(y, v), None)[1]


WRITES = {
    "add_": lambda y, v: y.add_(v),
    "add_ with alpha": lambda y, v: y.add_(v, alpha=3),
    "sub_": lambda y, v: y.sub_(v),
    "mul_": lambda y, v: y.mul_(v),
    "mul_ by itself": lambda y, v: y.mul_(y),
    "mul_ twice": lambda y, v: y.mul_(v).mul_(v),
    "div_": lambda y, v: y.div_(v),
    "pow_": lambda y, v: y.pow_(3),
    "pow_ of tensors": lambda y, v: y.pow_(v),
    "exp_": lambda y, v: y.exp_(),
    "tanh_": lambda y, v: y.tanh_(),
    "sin_ twice": lambda y, v: y.sin_().sin_(),
    "sqrt_": lambda y, v: y.sqrt_(),
    "clamp_": lambda y, v: y.clamp_(0.7, 1.2),
    "relu_": lambda y, v: y.sub_(1).relu_(),
    "copy_": lambda y, v: y.copy_(v),
    "fill_": lambda y, v: y.fill_(3.0),
    "fill_ with a tensor": lambda y, v: y.fill_(v[0]),
    "zero_": lambda y, v: y.zero_(),
    "addcmul_": lambda y, v: y.addcmul_(v, v, value=2),
    "lerp_": lambda y, v: y.lerp_(v.expand(4, 3), 0.3),
    "addmm_": lambda y, v: y.addmm_(y.clone(), torch.outer(v, v)),
    "masked_fill_": lambda y, v: y.masked_fill_(torch.tensor(WEIGHTS > 1.2), 2.0),
    "masked_scatter_": lambda y, v: y.masked_scatter_(torch.tensor(WEIGHTS > 2.5), v),
    "index_fill_": lambda y, v: y.index_fill_(0, key(1, 2), 4.0),
    "index_add_": lambda y, v: y.index_add_(0, key(1, 1), torch.stack([v, v * 2]), alpha=2),
    "index_copy_": lambda y, v: y.index_copy_(0, key(3), v[None]),
    "index_put_": lambda y, v: y.index_put_((key(0, 2),), v),
    "index_put_ that adds": lambda y, v: y.index_put_((key(0, 0),), v, accumulate=True),
    "scatter_": lambda y, v: y.scatter_(0, key(0, 1, 2)[None], v[None]),
    "scatter_add_": lambda y, v: y.scatter_add_(0, key(1, 1, 1)[None], v[None]),
    "put_": lambda y, v: y.put_(key(0, 5, 7), v),
    "tril_": lambda y, v: y.tril_(),
    "cumsum_": lambda y, v: y.cumsum_(0),
    "unsqueeze_": lambda y, v: y.unsqueeze_(0).mul_(v),
    "t_": lambda y, v: y.t_().mul_(v[1]),
    "a chain": lambda y, v: y.mul_(v).add_(1).sin_().div_(v).exp_(),
}
AUGMENTED = {
    "+=": "y += v",
    "-=": "y -= v",
    "*=": "y *= v",
    "/=": "y /= v",
    "**=": "y **= 2",
    "+= a row": "y[1] += v",
    "*= a column": "y[:, 0] *= v[0]",
    "+= indices": "y[key(0, 2)] += v",
    "*= a mask": "y[mask] *= v[1]",
}


@pytest.mark.parametrize("name", WRITES)
def test_write(name):
    check(WRITES[name])


@pytest.mark.parametrize("name", AUGMENTED)
def test_augmented_assignment(name):
    def program(y, v):
        exec(AUGMENTED[name], {"y": y, "v": v, "key": key, "mask": torch.tensor(WEIGHTS > 1.2)})

    check(program)


THROUGH_VIEWS = {
    "a row": lambda y, v: y[1].mul_(v),
    "a view of a view": lambda y, v: y[1:][1:][0].mul_(v),
    "a transpose": lambda y, v: y.t()[0].mul_(2),
    "a whole transpose": lambda y, v: y.t().add_(v[:, None]),
    "every fifth element": lambda y, v: y.view(-1)[::5].mul_(v),
    "backwards": lambda y, v: y[::-1][:3, ::-1].mul_(v),
    "the diagonal": lambda y, v: y.diagonal().mul_(v),
    "a new dim": lambda y, v: y.unsqueeze(0)[0, 0].add_(v),
    "narrow": lambda y, v: y.narrow(0, 1, 2).mul_(v),
    "unfold": lambda y, v: y.unfold(0, 2, 2)[0].mul_(3),
    "as_strided": lambda y, v: y.as_strided((3,), (4,), 1).mul_(v),
    "permute": lambda y, v: y.permute(1, 0)[1].mul_(3),
    "unflatten": lambda y, v: y.unflatten(0, (2, 2))[1, 0].mul_(v),
    "tensor_split": lambda y, v: y.tensor_split(2)[1].mul_(v),
    "hsplit": lambda y, v: y.hsplit(3)[1].mul_(v[0]),
    "copy_": lambda y, v: y[1].copy_(v),
    "fill_": lambda y, v: y[1].fill_(v[0]),
    "zero_": lambda y, v: y[1].zero_(),
    "sin_": lambda y, v: y[1].sin_(),
    "assignment to a view": lambda y, v: y.t()[1:].__setitem__(0, v[0]),
    "one after the other": lambda y, v: (y[0].mul_(v), y[1].add_(y[0]), y.t()[1].mul_(2), y[:, 2].copy_(v[0])),
    "all of it": lambda y, v: y.view(4, 3).mul_(v),
    "an empty view": lambda y, v: y[4:].mul_(v),
    "iterating": lambda y, v: [y[i].mul_(i + v) for i in range(4)],
}


@pytest.mark.parametrize("name", THROUGH_VIEWS)
def test_write_through_a_view(name):
    check(then_nothing(THROUGH_VIEWS[name]))


def read_after(write, view):
    def program(y, v):
        taken = view(y)
        write(y, v)
        return taken * taken

    return program


READS = {
    "a row, after its base": read_after(lambda y, v: y.mul_(v), lambda y: y[1]),
    "a row, after another view": read_after(lambda y, v: y[1].mul_(v), lambda y: y[1:3]),
    "a flat view, after assignments": read_after(lambda y, v: (y[0].mul_(v), y.__setitem__(1, v)), lambda y: y.view(-1)[2:5]),
    "a view of a view": read_after(lambda y, v: y.t()[0].add_(v[0]), lambda y: y[1:][::2].t()),
    "an expanded view": read_after(lambda y, v: y.mul_(v), lambda y: y[:1].expand(4, 3)),
    "a reversed view": read_after(lambda y, v: y.t()[0].mul_(v[0]), lambda y: y[::-1]),
    "an untouched part": read_after(lambda y, v: y[0].mul_(v), lambda y: y[2:]),
    "after no_grad": lambda y, v: shifted(y, y[1]),
}


def shifted(y, taken):
    with torch.no_grad():
        y.add_(0.5)
    return taken * taken


@pytest.mark.parametrize("name", READS)
def test_views_know_what_was_written_through_others(name):
    check(READS[name])


TURNED = {
    "read the base": lambda y, v, view: y * v,
    "read the view": lambda y, v, view: view * 2,
    "write through the view": lambda y, v, view: (view[0].mul_(5), y * v)[1],
    "write to the base, read the view": lambda y, v, view: (y[0].mul_(v), view * 2)[1],
    "turn the base too": lambda y, v, view: (y.t_(), y.mul_(3), view * 2)[2],
}


@pytest.mark.parametrize("name", TURNED)
@pytest.mark.parametrize("part", [slice(None), slice(3)])
def test_a_view_that_turns_writes_nothing(name, part):
    def program(y, v):
        view = y[part]
        view.t_()
        return TURNED[name](y, v, view)

    check(program)
    y = torch.ones(2, 2, requires_grad=True) * 1
    view = y[:]
    view.t_()
    assert y.grad_fn.name() == "MulBackward0" and view.grad_fn.name() == "TBackward0" and view._base is y


def test_a_base_gets_its_history_from_a_view():
    def program(y, v):
        base = tensor(np.ones((4, 3)))
        early = base[1:3]
        base[1] = v
        base[2] = base[1].clone() * v
        base.t()[0].mul_(3)
        return early * base[:2]

    check(program)
    base, w = torch.ones(3), torch.ones(2, requires_grad=True)
    early = base[1:]
    base[:2].mul_(w)
    assert base.requires_grad and early.requires_grad and not early.is_leaf
    assert base.grad_fn.name() == "torch::autograd::CopySlices" and early.grad_fn.name() == "AsStridedBackward0"


def test_second_derivatives():
    """y = (x0 x1, x2 x0 x1, x2), f = y0^2 + y1^2 + y2^2 in x = (1, 2, 3)."""
    x = tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 1
    y[0:2].mul_(x[1:])
    y[1] = y[0].clone() * x[2]
    (first,) = grad((y**2).sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    assert first.tolist() == [2 * 1 * 4 * 10, 2 * 2 * 10, 2 * 3 * 4 + 6]
    a, b, c = 1.0, 2.0, 3.0  # f = a^2 b^2 (1 + c^2) + c^2
    rows = [
        [2 * b * b * (1 + c * c), 4 * a * b * (1 + c * c), 4 * a * b * b * c],
        [4 * a * b * (1 + c * c), 2 * a * a * (1 + c * c), 4 * a * a * b * c],
        [4 * a * b * b * c, 4 * a * a * b * c, 2 * a * a * b * b + 2],
    ]
    assert np.allclose(second.numpy(), np.sum(rows, 0))


def test_names_of_nodes():
    y = torch.ones(4, requires_grad=True) * 1
    view = y[:2]
    view.mul_(2)
    assert y.grad_fn.name() == "torch::autograd::CopySlices" and view.grad_fn.name() == "AsStridedBackward0"
    assert y.grad_fn.next_functions[0][0].name() == "MulBackward0" and y._version == 1 == view._version
    assert y.add_(1).grad_fn.name() == "AddBackward0"


# Random programs ---------------------------------------------------------------------------------------------------------

REFUSALS = "modified by an inplace operation|multiple views|unsupported operation"


def programs(seeds):
    """(seed, loss, gradients) of the programs that are not refused."""
    for seed in seeds:
        try:
            yield seed, *inplace_programs.run(torch, seed, reversed_views=True)
        except RuntimeError as error:
            if not re.search(REFUSALS, str(error)):
                raise


def test_random_programs():
    counts = collections.Counter()
    for seed, value, grads in programs(range(1200)):
        numbers = np.random.RandomState(seed + 2)
        directions = [numbers.uniform(-1, 1, inplace_programs.SHAPE) for _ in range(2)]
        ends = [inplace_programs.loss_of(torch, seed, [s * STEP * d for d in directions], reversed_views=True) for s in (1, -1)]
        expected = (ends[0] - ends[1]) / (2 * STEP)
        exact = sum((g * d).sum() for g, d in zip(grads, directions, strict=True) if g is not None)
        size = max(1.0, abs(expected), 1e-3 * abs(value), sum(np.abs(g).sum() for g in grads if g is not None))
        assert abs(exact - expected) <= 1e-6 * size, seed
        counts[exact != 0] += 1
    assert counts[True] > 800


def test_random_programs_to_second_order():
    """<grad L, u> along v."""

    def slope(seed, directions, shift, create_graph):
        leaves = inplace_programs.leaves_of(torch, seed, shift)
        value = inplace_programs.Program(torch, seed, leaves, reversed_views=True).run()
        grads = grad(value, leaves, create_graph=create_graph, materialize_grads=True)
        return leaves, sum((g * tensor(d)).sum() for g, d in zip(grads, directions, strict=True))

    compared = 0
    for seed, _, first in programs(range(500)):
        if all(g is None for g in first):
            continue
        numbers = np.random.RandomState(seed + 2)
        u, v = ([numbers.uniform(-1, 1, inplace_programs.SHAPE) for _ in range(2)] for _ in range(2))
        leaves, value = slope(seed, u, (0.0, 0.0), True)
        if not value.requires_grad:
            continue
        grads = grad(value, leaves, materialize_grads=True)
        exact = sum((g.numpy() * d).sum() for g, d in zip(grads, v, strict=True))
        up, down = (slope(seed, u, [sign * STEP * d for d in v], False)[1].item() for sign in (1, -1))
        expected = (up - down) / (2 * STEP)
        size = max(1.0, abs(expected), 1e-3 * abs(value.item()), sum(float(g.abs().sum()) for g in grads))
        assert abs(exact - expected) <= 1e-6 * size, seed
        compared += 1
    assert compared > 300
