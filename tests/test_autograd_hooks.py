"""Hooks: on tensors, leaves and nodes, before and after; retain_grad; their order, their removal, and what they may return."""

import pytest

import wengert as torch
from wengert.autograd import grad


def leaf(*values):
    return torch.tensor(values or (1.0, 2.0), requires_grad=True)


def factor(log, name, by):
    """A hook on a tensor that notes its name and multiplies the gradient."""

    def hook(gradient):
        log.append(name)
        return gradient * by

    return hook


def end_of(tensor):
    """The AccumulateGrad of a leaf."""
    return torch.autograd.graph.get_gradient_edge(tensor).node


# On tensors ------------------------------------------------------------------------------------------------------------------


def test_a_hook_sees_the_gradient():
    x = leaf()
    y = x * 3
    seen = []
    y.register_hook(seen.append)
    (y * torch.tensor([1.0, 10.0])).sum().backward()
    assert [g.tolist() for g in seen] == [[1, 10]] and x.grad.tolist() == [3, 30]


def test_a_hook_replaces_the_gradient():
    x = leaf()
    y = x * 3
    y.register_hook(lambda g: g * 2)
    x.register_hook(lambda g: g + 1)
    y.sum().backward()
    assert x.grad.tolist() == [7, 7]
    (gradient,) = grad((x * 1).sum(), x)
    assert gradient.tolist() == [2, 2]


def test_hooks_run_in_the_order_of_registration():
    log = []
    y = leaf() * 1
    for name in "abc":
        y.register_hook(factor(log, name, 2))
    y.register_hook(lambda g: log.append(g.tolist()))
    y.sum().backward()
    assert log == ["a", "b", "c", [8, 8]]


def test_a_hook_runs_once_on_the_whole_gradient():
    x = leaf()
    y = x * 1
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    x.register_hook(lambda g: seen.append(g.tolist()))
    (y * 2 + y * 3 + x).sum().backward()
    assert seen == [[5, 5], [6, 6]]


def test_hooks_of_several_results():
    x = torch.ones(3, 2, requires_grad=True)
    rows, seen = x.unbind(), []
    for i in (0, 2):
        rows[i].register_hook(lambda g, i=i: seen.append((i, g.tolist())))
    (rows[0] * 2 + rows[1]).sum().backward()
    assert seen == [(0, [2, 2])]  # the third row has no gradient


def test_hooks_are_removed():
    x = leaf()
    first, second = x.register_hook(lambda g: g * 10), x.register_hook(lambda g: g * 3)
    first.remove()
    first.remove()
    x.sum().backward()
    assert x.grad.tolist() == [3, 3]
    with second:
        pass
    x.grad = None
    with x.register_hook(lambda g: g * 7):
        x.sum().backward()
    x.sum().backward()
    assert x.grad.tolist() == [8, 8]


def test_hooks_change_hooks():
    x, log = leaf(), []

    def once(_):
        log.append("once")
        handle.remove()
        x.register_hook(lambda _: log.append("later"))

    handle = x.register_hook(once)
    x.sum().backward()
    assert log == ["once"]
    x.sum().backward()
    assert log == ["once", "later"]


def test_hooks_stay_with_what_was_computed():
    """A write in place makes a new result: hooks from before see the gradient of the old one."""
    x, seen = leaf(), []
    y = x * 1
    y.register_hook(lambda g: seen.append(("before", g.tolist())))
    y.mul_(3)
    y.register_hook(lambda g: seen.append(("after", g.tolist())))
    (y * 2).sum().backward()
    assert seen == [("after", [2, 2]), ("before", [6, 6])] and x.grad.tolist() == [6, 6]


def test_hooks_of_a_leaf_survive_a_switch():
    x = leaf()
    x.register_hook(lambda g: g * 2)
    x.requires_grad_(False).requires_grad_(True)
    x.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_hooks_are_recorded_under_create_graph():
    x = torch.tensor(2.0, requires_grad=True)
    y = x**3
    y.register_hook(lambda g: g * x)
    (first,) = grad(y, x, create_graph=True)
    (second,) = grad(first, x)
    assert first.item() == 24 and second.item() == 9 * 4  # 3 x^3 and its derivative


@pytest.mark.parametrize("on_leaf", [True, False])
def test_what_a_hook_may_return(on_leaf):
    def run(hook):
        x = leaf()
        y = x if on_leaf else x * 1
        y.register_hook(hook)
        y.sum().backward()

    def smaller(g):
        return g[:1]

    run(lambda g: None)
    with pytest.raises(TypeError, match="expected Variable, but hook returned 'int'"):
        run(lambda g: 3)
    with pytest.raises(RuntimeError, match="hook 'smaller' has changed the size of value"):
        run(smaller)
    message = r"hook '<lambda>' has changed the type of value \(was torch\.FloatTensor got torch\.DoubleTensor\)"
    with pytest.raises(RuntimeError, match=message):
        run(lambda g: g.double())


def test_hooks_on_what_needs_no_gradient():
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"):
        torch.ones(2).register_hook(lambda g: g)
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"):
        torch.ones(2).register_post_accumulate_grad_hook(lambda g: g)


# retain_grad -----------------------------------------------------------------------------------------------------------------


def test_retain_grad():
    x = leaf()
    y = x * 3
    assert not y.retains_grad
    y.retain_grad()
    y.retain_grad()
    assert y.retains_grad
    (y * y).sum().backward(retain_graph=True)
    assert y.grad.tolist() == [6, 12] and x.grad.tolist() == [18, 36]
    (y * 1).sum().backward()
    assert y.grad.tolist() == [7, 13]
    x.retain_grad()
    assert not x.retains_grad and x.grad.tolist() == [21, 39]
    with pytest.raises(RuntimeError, match="can't retain_grad on Tensor that has requires_grad=False"):
        torch.ones(1).retain_grad()


def test_retain_grad_comes_after_the_hooks():
    y = leaf() * 1
    y.retain_grad()
    y.register_hook(lambda g: g * 5)
    y.sum().backward()
    assert y.grad.tolist() == [5, 5]


def test_retain_grad_follows_writes():
    x = leaf()
    y = x * 1
    y.retain_grad()
    y.mul_(3)
    (y * 2).sum().backward()
    assert y.grad.tolist() == [2, 2] and x.grad.tolist() == [6, 6]


def test_retaining_does_not_keep_alive():
    import weakref

    x = leaf()
    y = x * 3
    y.retain_grad()
    z, alive = (y + 1).sum(), weakref.ref(y)
    del y
    assert alive() is None
    z.backward()
    assert x.grad.tolist() == [3, 3]


# After accumulation ----------------------------------------------------------------------------------------------------------


def test_post_accumulate_hooks():
    x, log = leaf(), []

    def step(t):
        log.append(t.grad.tolist())
        with torch.no_grad():
            t -= t.grad
        t.grad = None

    handle = x.register_post_accumulate_grad_hook(step)
    assert x.sum().backward() is None and x.grad is None and x.tolist() == [0, 1] and log == [[1, 1]]
    grad(x.sum(), x)
    assert len(log) == 1  # nothing was accumulated
    handle.remove()
    x.sum().backward()
    assert x.grad.tolist() == [1, 1] and len(log) == 1
    with pytest.raises(RuntimeError, match="post accumulate grad hooks cannot be registered on non-leaf tensors"):
        (x * 1).register_post_accumulate_grad_hook(step)


# On nodes --------------------------------------------------------------------------------------------------------------------


def test_hooks_of_nodes():
    x, log = leaf(), []
    y = x * torch.tensor([2.0, 3.0])
    y.grad_fn.register_hook(lambda inputs, outputs: log.append((inputs, outputs)))
    y.grad_fn.register_prehook(lambda outputs: log.append(outputs))
    y.sum().backward()
    (before,), (inputs, outputs) = log
    assert before.tolist() == [1, 1] and inputs[0].tolist() == [2, 3] and inputs[1] is None and outputs[0].tolist() == [1, 1]


def test_hooks_of_nodes_replace_gradients():
    x = leaf()
    y = x * 2
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 10,))
    first = y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + 1, None))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 2, None))
    y.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [42, 42]
    first.remove()
    x.grad = None
    y.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [40, 40]
    y.grad_fn.register_hook(lambda inputs, outputs: (None, None))
    x.grad = None
    y.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize("register", ["register_hook", "register_prehook"])
def test_what_hooks_of_nodes_may_return(register):
    def run(returned):
        y = leaf().sin()

        def named(*_):
            return returned

        getattr(y.grad_fn, register)(named)
        y.sum().backward()

    run(None)
    run((torch.ones(2),))
    for returned, error, message in (
        (3, TypeError, "expected tuple, but hook returned 'int'"),
        (torch.ones(2), TypeError, "expected tuple, but hook returned 'Tensor'"),
        ((), RuntimeError, r"hook 'named' has returned an incorrect number of values \(got 0, but expected 1\)"),
        ((3,), TypeError, "expected Variable, but hook returned 'int'"),
        ((torch.ones(3),), RuntimeError, "hook 'named' has changed the size of value"),
        ((torch.ones(2).double(),), RuntimeError, "hook 'named' has changed the type of value"),
    ):
        with pytest.raises(error, match=message):
            run(returned)


def test_no_gradient_cannot_be_replaced():
    y = leaf() * torch.ones(2)
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0], torch.ones(2)))
    with pytest.raises(RuntimeError, match="can't replace a None gradient with a non-None value"):
        y.sum().backward()


def test_hooks_of_the_accumulator():
    x, log = leaf(), []
    node = end_of(x)
    node.register_prehook(lambda outputs: (outputs[0] * 2,))
    node.register_hook(lambda inputs, outputs: log.append((inputs, outputs[0].tolist())))
    assert (x * 1).grad_fn.next_functions[0][0] is node
    (x * 3).sum().backward()
    assert x.grad.tolist() == [6, 6] and log == [((), [6, 6])]
    assert grad((x * 3).sum(), x)[0].tolist() == [3, 3]  # the accumulator does not run
    x.grad.zero_()
    assert log[0][1] == [6, 6]


# Order -----------------------------------------------------------------------------------------------------------------------


def test_the_order_of_hooks():
    """On the tensor, what is retained, before the node, after the node; on the leaf, before, accumulation, after."""
    x, log = leaf(), []
    y = x * 2
    node, end = y.grad_fn, end_of(x)
    end.register_hook(lambda *_: log.append("after accumulation, node"))
    x.register_post_accumulate_grad_hook(lambda *_: log.append("after accumulation, leaf"))
    end.register_prehook(lambda *_: log.append("before accumulation, node"))
    x.register_hook(lambda *_: log.append("leaf"))
    node.register_hook(lambda *_: log.append("after the node"))
    node.register_prehook(lambda outputs: (log.append("before the node"), (outputs[0] * 3,))[1])
    y.retain_grad()
    y.register_hook(factor(log, "tensor", 5))
    y.sum().backward()
    assert log == [
        "tensor",
        "before the node",
        "after the node",
        "leaf",
        "before accumulation, node",
        "after accumulation, leaf",
        "after accumulation, node",
    ]
    assert y.grad.tolist() == [5, 5] and x.grad.tolist() == [30, 30]


@pytest.mark.parametrize("runs", [False, True])
def test_what_grad_gives_has_been_through_the_hooks_of_the_tensor(runs):
    x, log = leaf(), []
    y = x * 2
    y.register_hook(factor(log, "tensor", 3))
    y.grad_fn.register_prehook(lambda outputs: log.append("before the node"))
    result = grad(y.sum(), [y, x] if runs else [y])
    assert result[0].tolist() == [3, 3] and log == ["tensor", "before the node"][: 1 + runs]


# Errors and passes inside hooks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_hook_that_raises_leaves_everything_usable(error):
    def fail(*_):
        raise error

    x = leaf()
    y = x * 1
    z = y * y
    places = [
        lambda: y.register_hook(fail),
        lambda: x.register_hook(fail),
        lambda: z.grad_fn.register_hook(fail),
        lambda: z.grad_fn.register_prehook(fail),
        lambda: x.register_post_accumulate_grad_hook(fail),
    ]
    for place in places:
        handle = place()
        for create_graph in (False, True):
            with pytest.raises(error):
                z.sum().backward(retain_graph=True, create_graph=create_graph)
            assert torch.is_grad_enabled()
        handle.remove()
    x.grad = None
    z.sum().backward()
    assert x.grad.tolist() == [2, 4]


def test_a_backward_pass_inside_a_hook():
    x = leaf()

    def hook(gradient):
        z = leaf(3.0, 4.0)
        with torch.enable_grad():
            (z * z).sum().backward()
        return gradient * z.grad

    y = x * 1
    y.register_hook(hook)
    y.sum().backward()
    assert x.grad.tolist() == [6, 8]


@torch.enable_grad()
def enabled(f, *args):
    """In a hook nothing is recorded, unless it is asked for."""
    return f(*args)


def test_a_pass_over_the_same_graph_inside_a_hook():
    x = leaf(0.0, 1.0)
    y = x * 1
    z, inner = y.exp(), []
    product = enabled(lambda: (y * 5).sum())
    z.register_hook(lambda g: inner.append(grad(product, x, retain_graph=True)[0].tolist()))
    z.register_hook(lambda g: inner.append(grad(product, y)[0].tolist()))
    z.sum().backward()
    assert inner == [[5, 5], [5, 5]] and torch.allclose(x.grad, x.detach().exp())


def test_passes_deep_inside_hooks():
    def chain(depth):
        x = leaf()
        y = x * 2
        if depth:
            y.register_hook(lambda g: g + enabled(chain, depth - 1))
        y.sum().backward()
        return x.grad

    assert chain(20).tolist() == [2.0**22 - 2] * 2
