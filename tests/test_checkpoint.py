"""utils.checkpoint: gradients are those without a checkpoint, memory is given up, and differing calls are noticed."""

import gc
import itertools
import weakref

import numpy as np
import pytest

import wengert as torch
from wengert.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential, set_checkpoint_early_stop

BOTH = pytest.mark.parametrize("use_reentrant", [True, False])


def leaf(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def work(x, y):
    return (x.sin() * y.exp()).tanh() * x


def gradients(call, *inputs):
    for input in inputs:
        input.grad = None
    call(*inputs).sum().backward()
    return [input.grad.tolist() for input in inputs]


@BOTH
def test_gradients(use_reentrant):
    x, y = leaf(0.5, -1.0), leaf(0.3, 0.7)
    plain = gradients(work, x, y)
    assert gradients(lambda x, y: checkpoint(work, x, y, use_reentrant=use_reentrant), x, y) == plain
    assert gradients(lambda x, y: checkpoint(lambda y: work(x, y), y, use_reentrant=use_reentrant) + 0 * x, x, y) == plain
    result = checkpoint(work, x, y, use_reentrant=use_reentrant)
    assert result.tolist() == work(x, y).tolist() and result.requires_grad


@BOTH
def test_the_function_runs_again_in_the_backward_pass_only(use_reentrant):
    calls = []

    def f(x):
        calls.append(torch.is_grad_enabled())
        return x.exp().sin()

    x = leaf(1.0)
    y = checkpoint(f, x, use_reentrant=use_reentrant)
    assert calls == [not use_reentrant]
    y.backward()
    assert calls == [not use_reentrant, True]
    with torch.no_grad():
        checkpoint(f, x, use_reentrant=False)
    assert len(calls) == 3


@BOTH
def test_several_outputs_and_other_arguments(use_reentrant):
    def f(x, n, text, y):
        assert text == "text"
        return x * n, x.argsort(), (y * x).exp()

    def total(x, y, run):
        first, order, last = run(f, x, 3, "text", y)
        assert order.dtype == torch.int64
        return first * 2 + last

    x, y = leaf(0.5, -1.0), leaf(0.3, 0.7)
    plain = gradients(lambda x, y: total(x, y, lambda f, *args: f(*args)), x, y)
    run = lambda f, *args: checkpoint(f, *args, use_reentrant=use_reentrant)  # noqa: E731
    assert gradients(lambda x, y: total(x, y, run), x, y) == plain


def test_keyword_arguments():
    x, y = leaf(0.5, -1.0), leaf(0.3, 0.7)
    assert gradients(lambda x, y: checkpoint(work, x, y=y, use_reentrant=False), x, y) == gradients(work, x, y)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: y"):
        checkpoint(work, x, y=y, use_reentrant=True)


def test_grad_and_second_derivatives():
    x, y = leaf(0.5, -1.0), leaf(0.3, 0.7)

    def second(f):
        (first,) = torch.autograd.grad(f(x, y).sum(), x, create_graph=True)
        return [grad.tolist() for grad in torch.autograd.grad(first.sum(), (x, y))]

    assert second(lambda x, y: checkpoint(work, x, y, use_reentrant=False)) == second(work)
    # Twice over the same graph, and over a part of it.
    z = checkpoint(work, x, y, use_reentrant=False).sum()
    expected = [grad.tolist() for grad in torch.autograd.grad(work(x, y).sum(), (x, y))]
    assert torch.autograd.grad(z, y, retain_graph=True)[0].tolist() == expected[1]
    assert [grad.tolist() for grad in torch.autograd.grad(z, (x, y), retain_graph=True)] == expected
    assert [grad.tolist() for grad in torch.autograd.grad(z, (x, y))] == expected
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        z.backward()


@BOTH
def test_random_numbers_are_the_same(use_reentrant):
    def f(x):
        return x * torch.rand(3, dtype=torch.float64)

    x = leaf(1.0, 1.0, 1.0)
    torch.manual_seed(3)
    y = checkpoint(f, x, use_reentrant=use_reentrant)
    following = torch.rand(1).item()
    state = torch.get_rng_state().tolist()
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()
    assert torch.get_rng_state().tolist() == state
    torch.manual_seed(3)
    f(x)
    assert torch.rand(1).item() == following
    x.grad = None
    y = checkpoint(f, x, use_reentrant=use_reentrant, preserve_rng_state=False)
    y.sum().backward()
    assert x.grad.tolist() != y.tolist()


@pytest.mark.parametrize("inner, outer", list(itertools.product([True, False], repeat=2)))
def test_nested(inner, outer):
    x, y = leaf(0.5, -1.0), leaf(0.3, 0.7)

    def nest(x, y):
        z = checkpoint(work, x * 2, y, use_reentrant=inner)
        return checkpoint(work, z, y.exp(), use_reentrant=inner)

    plain = gradients(lambda x, y: work(work(x * 2, y), y.exp()), x, y)
    assert gradients(lambda x, y: checkpoint(nest, x, y, use_reentrant=outer), x, y) == plain


def test_nested_three_deep_with_second_derivatives():
    def deep(x, level):
        return (
            x.exp().sin()
            if level == 0
            else checkpoint(deep, checkpoint(deep, x, level - 1, use_reentrant=False) * 2, 0, use_reentrant=False)
        )

    def plain(x, level):
        return x.exp().sin() if level == 0 else plain(plain(x, level - 1) * 2, 0)

    x = leaf(0.3, 0.9)

    def second(f):
        (first,) = torch.autograd.grad(f(x, 3).sum(), x, create_graph=True)
        return first.tolist(), torch.autograd.grad(first.sum(), x)[0].tolist()

    assert np.allclose(second(deep), second(plain))


@pytest.mark.parametrize("early_stop", [True, False])
def test_early_stop(early_stop):
    ends = []

    def f(x):
        y = x.exp().sin()
        ends.append(y.item())
        return y + 1

    x = leaf(1.0)
    checkpoint(f, x, use_reentrant=False, early_stop=early_stop).backward()
    assert len(ends) == (1 if early_stop else 2)
    with set_checkpoint_early_stop(not early_stop):
        y = checkpoint(f, x, use_reentrant=False, early_stop=early_stop)
    ends.clear()
    y.backward()
    assert len(ends) == (1 if early_stop else 0)


@pytest.mark.parametrize("early_stop", [True, False])
def test_backward_inside_the_function(early_stop):
    def f(x):
        (slope,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        return slope * x.exp()

    def plain(x):
        return 3 * x**2 * x.exp()

    x = leaf(0.5, -1.0)
    result = gradients(lambda x: checkpoint(f, x, use_reentrant=False, early_stop=early_stop), x)
    assert np.allclose(result, gradients(plain, x))


def test_memory_is_given_up():
    kept = []

    def f(x):
        y = x.exp()
        kept.append(weakref.ref(y))
        return y.sin().sum()

    gc.disable()
    try:
        x = leaf(*range(5))
        y = checkpoint(f, x, use_reentrant=False)
        assert kept[0]() is None
        y.backward()
        assert kept[1]() is None
        plain = f(x)
        assert kept[2]() is not None or plain.grad_fn.next_functions
        region = weakref.ref(y.grad_fn)
        del y
        assert region() is None
    finally:
        gc.enable()


def test_inputs_inside_an_outer_checkpoint_are_given_up():
    kept = []

    def outer(x):
        y = x * 2
        kept.append(weakref.ref(y))
        return checkpoint(torch.exp, y, use_reentrant=False).sum()

    gc.disable()
    try:
        z = checkpoint(outer, leaf(1.0, 2.0), use_reentrant=False)
        assert kept[0]() is None
        z.backward()
    finally:
        gc.enable()


def test_bytes():
    """A chain of sixteen elementwise operations on 1 MB keeps the checkpoint's input only."""

    def chain(x):
        for _ in range(16):
            x = x.sin()
        return x

    x = torch.ones(1 << 18, requires_grad=True)

    def held(f):
        before = torch.memory_stats()["allocated_bytes"]
        y = f(x)
        return torch.memory_stats()["allocated_bytes"] - before - y.numel() * 4

    assert held(chain) > 14 << 20
    assert held(lambda x: checkpoint(chain, x, use_reentrant=False)) < 1 << 20


# Differences between the calls -----------------------------------------------------------------------------------------


def alternating(*functions):
    functions = iter(functions)
    return lambda x: next(functions)(x)


def test_fewer_tensors():
    f = alternating(lambda x: x.exp().sin() * x, lambda x: x.exp() + x)
    with pytest.raises(
        CheckpointError, match=r"A different number of tensors was saved during the original forward and recomputa"
    ):
        checkpoint(f, leaf(1.0), use_reentrant=False).backward()


def test_more_tensors():
    f = alternating(lambda x: x.exp(), lambda x: x.exp().sin())
    with pytest.raises(
        CheckpointError, match="trying to save more tensors during recomputation than during the original forward"
    ):
        checkpoint(f, leaf(1.0), use_reentrant=False, early_stop=False).backward()


def test_other_sizes_and_dtypes():
    def call(**options):
        functions = lambda x: x.exp(), lambda x: x[:1].exp(), lambda x: x.exp()
        return checkpoint(alternating(*functions), x, use_reentrant=False, **options)

    x, ones = leaf(1.0, 2.0), torch.ones(2, dtype=torch.float64)
    y = call()
    with pytest.raises(
        CheckpointError, match=r"different metadata than during the forward pass\.\ntensor at position 0:\nsaved met"
    ):
        y.backward(ones)
    y.backward(ones)  # nothing of the failed call is left: the third one is right
    assert np.allclose(x.grad.tolist(), np.exp([1, 2]))
    x.grad = None
    call(determinism_check="none").backward(ones)
    assert np.allclose(x.grad.tolist(), np.exp([1, 1]))  # the one element, for both


def test_debug_names_the_lines():
    f = alternating(lambda x: x.exp().sin() * x, lambda x: x.exp() + x)
    with pytest.raises(CheckpointError, match=r"Saved during forward:\n  .*test_checkpoint\.py:\d+ in <lambda>\n"):
        checkpoint(f, leaf(1.0), use_reentrant=False, debug=True).backward()


def test_arguments_that_were_written_to():
    x = leaf(1.0) * 1
    y = checkpoint(torch.exp, x, use_reentrant=False)
    x.add_(1)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        y.backward()


def test_errors_of_the_function_pass_through():
    def fails_second(x, calls=iter((False, True, False))):  # noqa: B008
        if next(calls):
            raise KeyError("again")
        return x.exp()

    x = leaf(1.0)
    y = checkpoint(fails_second, x, use_reentrant=False)
    with pytest.raises(KeyError, match="again"):
        y.backward()
    assert torch.is_grad_enabled()
    y.backward()
    assert np.allclose(x.grad.item(), np.e)


# Options ---------------------------------------------------------------------------------------------------------------


def test_context_fn():
    class Note:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            seen.append(self.name)

        def __exit__(self, *error):
            seen.append(error[0])

    seen = []
    y = checkpoint(torch.exp, leaf(1.0), use_reentrant=False, context_fn=lambda: (Note("first"), Note("second")))
    assert seen == ["first", None]
    y.backward()
    assert seen == ["first", None, "second", None]


@BOTH
def test_sequential(use_reentrant):
    calls = []

    def counted(f):
        return lambda x: (calls.append(f.__name__), f(x))[1]

    functions = [counted(f) for f in (torch.sin, torch.exp, torch.tanh, torch.cos, torch.sigmoid)]
    x = leaf(0.5, -1.0)
    plain = gradients(lambda x: x.sin().exp().tanh().cos().sigmoid(), x)
    for segments, again in ((1, 0), (2, 2), (5, 4)):
        calls.clear()
        y = checkpoint_sequential(functions, segments, x, use_reentrant=use_reentrant)
        assert calls == ["sin", "exp", "tanh", "cos", "sigmoid"]
        x.grad = None
        y.sum().backward()
        assert np.allclose(x.grad.tolist(), plain[0]) and len(calls) == 5 + again

    class Sequential:
        def children(self):
            return iter(functions)

    assert checkpoint_sequential(Sequential(), 2, x, use_reentrant=use_reentrant).tolist() == y.tolist()
    with pytest.raises(ValueError, match="Unexpected keyword arguments: early"):
        checkpoint_sequential(functions, 2, x, use_reentrant=use_reentrant, early=True)


def test_use_reentrant_should_be_given():
    x = leaf(1.0)
    with pytest.warns(UserWarning, match="the use_reentrant parameter should be passed explicitly"):
        y = checkpoint(torch.exp, x)
    assert y.grad_fn.name() == "CheckpointFunctionBackward"
    with pytest.warns(UserWarning, match="checkpoint_sequential: the use_reentrant parameter should be passed explicitly"):
        checkpoint_sequential([torch.exp, torch.sin], 2, x)


def test_reentrant_needs_an_input_that_requires_a_gradient():
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True. Gradients will be None"):
        assert not checkpoint(torch.exp, torch.ones(2), use_reentrant=True).requires_grad
    y = checkpoint(lambda x: x.detach() * 1, leaf(1.0), use_reentrant=True)
    with pytest.raises(RuntimeError, match="none of output has requires_grad=True, this checkpoint"):
        y.backward()


def test_wrong_options():
    x = leaf(1.0)
    with pytest.raises(ValueError, match="only supported when use_reentrant=False"):
        checkpoint(torch.exp, x, use_reentrant=True, debug=True)
    with pytest.raises(ValueError, match=r"determinism_check should be one of \['default', 'none'\], but got full"):
        checkpoint(torch.exp, x, use_reentrant=False, determinism_check="full")
    with pytest.raises(ValueError, match="debug=True is incompatible with non-default context_fn"):
        checkpoint(torch.exp, x, use_reentrant=False, debug=True, context_fn=lambda: None)
