"""What may not be written to in place, and what becomes of views, leaves and custom functions where something may."""

import pytest

import wengert as torch
from wengert.autograd import Function

LEAF_WRITES = {
    "add_": lambda x: x.add_(1),
    "+=": lambda x: x.__iadd__(1),
    "a number": lambda x: x.__setitem__(0, 1.0),
    "a list": lambda x: x.__setitem__([0], 1.0),
    "a mask": lambda x: x.__setitem__(x > 0, 1.0),
    "copy_": lambda x: x.copy_(torch.zeros(4, 3)),
    "zero_": lambda x: x.zero_(),
    "uniform_": lambda x: x.uniform_(),
    "unsqueeze_": lambda x: x.unsqueeze_(0),
    "t_": lambda x: x.t_(),
    "of a view": lambda x: x[0].add_(1),
    "of a transpose": lambda x: x.t().add_(1),
    "of nothing": lambda x: x[:0].add_(1),
    "by a tensor that requires": lambda x: x.mul_(torch.ones(3, requires_grad=True)),
}


@pytest.mark.parametrize("name", LEAF_WRITES)
def test_leaves_are_not_written_to(name):
    x = torch.ones(4, 3, requires_grad=True)
    message = r"a (view of a )?leaf Variable that requires grad is being used in an in-place operation\."
    with pytest.raises(RuntimeError, match=message):
        LEAF_WRITES[name](x)
    assert x.tolist() == [[1.0] * 3] * 4 and x._version == 0
    with torch.no_grad():
        LEAF_WRITES[name](x)
    assert x.requires_grad and x.is_leaf
    (x * 2).sum().backward()
    assert (x.grad == 2).all()


def test_leaves_are_written_to_where_nothing_is_recorded():
    x = torch.ones(3, requires_grad=True)
    view = x[:2]
    with torch.no_grad():
        x.add_(1)
        x[0] = 5.0
        view.mul_(2)
    x.detach()[2] = 7.0
    x.data.add_(1)
    assert x.tolist() == [11, 5, 8] and x.is_leaf
    ((x * x).sum() + (view * view).sum()).backward()
    assert x.grad.tolist() == [44, 20, 16]
    y = x * x
    with torch.no_grad():
        x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


SEVERAL = {
    "unbind": lambda y: y.unbind()[0],
    "iteration": lambda y: next(iter(y)),
    "split": lambda y: y.split(2)[0],
    "split into sizes": lambda y: y.split([1, 3])[0],
    "chunk": lambda y: y.chunk(2)[0],
}


@pytest.mark.parametrize("name", SEVERAL)
def test_views_of_functions_with_several_are_not_written_to(name):
    """Nor views of them, nor may they be read after their base was written to."""
    written = (
        r"Output 0 of \w+ is a view and is being modified inplace\. This view is the output of a function that returns multiple "
        r"views\. Such functions do not allow the output views to be modified inplace\. You should replace the inplace operation "
        r"by an out-of-place one\."
    )
    for narrower in (lambda t: t, lambda t: t[:1], lambda t: t.view_as(t)):
        y = torch.ones(4, 3, requires_grad=True) * 1
        with pytest.raises(RuntimeError, match=written):
            narrower(SEVERAL[name](y)).mul_(2)
        assert (y == 1).all() and y._version == 0
    y = torch.ones(4, 3, requires_grad=True) * 1
    taken = SEVERAL[name](y)
    y.mul_(2)
    with pytest.raises(RuntimeError, match=r"is a view and its base or another view of its base has been modified inplace"):
        _ = taken * 2
    with torch.no_grad():
        SEVERAL[name](y).mul_(2)
    plain = torch.ones(4, 3)
    SEVERAL[name](plain).mul_(2)
    assert plain[0].tolist() == [2, 2, 2]


def test_views_made_where_nothing_is_recorded():
    message = (
        r"A view was created in no_grad mode and {} with grad mode enabled\. Given that this use case is ambiguous and "
        r"error-prone, it is forbidden\. You can clarify your code by moving both the view and the inplace either both inside the "
        r"no_grad block \(if you don't want the inplace to be tracked\) or both outside \(if you want the inplace to be tracked\)\."
    )
    y, v = torch.ones(3, requires_grad=True) * 1, torch.ones(3, requires_grad=True)
    with torch.no_grad():
        view = y[:]
    with pytest.raises(RuntimeError, match=message.format("is being modified inplace")):
        view.mul_(v)
    y.mul_(v)
    with pytest.raises(RuntimeError, match=message.format("its base or another view of its base has been modified inplace")):
        _ = view.grad_fn
    with torch.no_grad():
        view.mul_(2)
    base = torch.zeros(3)
    with torch.no_grad():
        view = base[:]
    with pytest.raises(RuntimeError, match=message.format("is being modified inplace")):
        view.add_(v)
    view.add_(1)  # nothing to record
    assert base.tolist() == [1, 1, 1]


def test_elements_that_share_places_are_not_written_to():
    message = "unsupported operation: more than one element of the written-to tensor refers to a single memory location"
    y = torch.ones(1, 3, requires_grad=True) * 1
    wide = y.expand(4, 3)
    for write in (
        lambda: wide.mul_(2),
        lambda: wide.__setitem__(torch.tensor([0, 1]), 2.0),
        lambda: y.view(-1).as_strided((2, 2), (1, 1)).mul_(2),
    ):
        with pytest.raises(RuntimeError, match=message):
            write()
    wide[2] = 5.0  # one row shares nothing
    assert y.tolist() == [[5, 5, 5]]


def test_what_is_written_to_must_not_have_been_saved():
    def refused(f):
        x = torch.ones(4, 3, requires_grad=True)
        y = x * 1
        with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
            f(y).sum().backward()

    def saved_then(write, keep=lambda y: y * y):
        def f(y):
            z = keep(y)
            write(y)
            return z

        return f

    refused(saved_then(lambda y: y.add_(1)))
    refused(saved_then(lambda y: y[0].add_(1)))
    refused(saved_then(lambda y: y.t().zero_()))
    refused(saved_then(lambda y: y.detach().add_(1)))
    refused(saved_then(lambda y: y.view(torch.int32).zero_()))
    refused(saved_then(lambda y: y.numpy(force=True) is not None and y.add_(1)))
    refused(saved_then(lambda y: y[1].add_(1), lambda y: y[0] * y[0]))  # one version a memory
    refused(saved_then(lambda y: y.add_(1), lambda y: y[0].exp() * y[0]))
    refused(saved_then(lambda y: y.t_()))  # nothing in memory, but what was saved is the tensor object
    refused(saved_then(lambda y: y.unsqueeze_(0)))
    refused(saved_then(lambda y: y.transpose_(0, 1)))
    refused(saved_then(lambda y: y.as_strided_((2,), (1,))))
    refused(lambda y: y.exp().add_(1))
    refused(lambda y: y.tanh()[0].mul_(2))

    x = torch.ones(3, requires_grad=True)
    y = x * 1
    z = y * y
    y.data.add_(1)  # not noticed
    z.sum().backward()
    assert x.grad.tolist() == [4, 4, 4]


def test_what_was_saved_keeps_its_shape():
    for reshape in (lambda c: c.t_(), lambda c: c.squeeze_(), lambda c: c.resize_(1), lambda c: c.resize_(9)):
        x, c = torch.ones(2, 2, requires_grad=True), torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        y = (x * c).sum()
        reshape(c)
        with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
            y.backward()


def test_what_was_saved_must_not_have_been_detached():
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    y = x * 1
    z = (y * y).sum()
    y.detach_()
    with pytest.raises(
        RuntimeError, match=r"Trying to use a saved tensor that has been detached in-place, i\.e\. with \.detach_\(\)"
    ):
        torch.autograd.grad(z, x, create_graph=True)
    y.requires_grad_()  # of another graph
    with pytest.raises(RuntimeError, match="has been detached in-place"):
        torch.autograd.grad(z, x, create_graph=True)
    z.backward()  # the values are as they were
    assert x.grad.tolist() == [4, 6]


def test_nothing_is_written_before_a_refusal():
    x = torch.ones(3, requires_grad=True)
    y = x * 1
    for write in (
        lambda: y.unbind()[0].add_(1),
        lambda: x.add_(y),
        lambda: y.add_(torch.ones(4)),
        lambda: y.__setitem__(slice(0, 2), torch.ones(3, requires_grad=True)),
        lambda: y.copy_(torch.ones(2, 3)),
    ):
        with pytest.raises(RuntimeError):
            write()
    assert y.tolist() == [1, 1, 1] and y._version == 0 and y.grad_fn.name() == "MulBackward0"
    y.sum().backward()
    assert x.grad.tolist() == [1, 1, 1]


def test_integers_take_values_without_gradients():
    x = torch.tensor([2.7], requires_grad=True)
    counts = torch.zeros(2, dtype=torch.int64)
    counts[0] = x[0]
    counts.add_(1)
    assert counts.tolist() == [3, 1] and not counts.requires_grad


def test_views_and_their_bases_as_leaves():
    base = torch.zeros(3)
    view = base[:2]
    base.requires_grad_()
    assert view.requires_grad  # of the base's memory
    base = torch.zeros(3)
    view = base[:2].requires_grad_()
    (view * 2).sum().backward()
    assert view.is_leaf and view.grad.tolist() == [2, 2] and not base.requires_grad
    base[2] = 1.0
    assert view.is_leaf and view.requires_grad


def test_views_keep_their_base():
    x = torch.ones(3, requires_grad=True)
    y = x * 1
    view = y[:2]
    assert view._base is y and view[0]._base is y and y._base is None and view._is_view() and not y._is_view()
    del y
    view.mul_(3)
    view._base.mul_(2)
    (view.sum() + view._base.sum()).backward()
    assert x.grad.tolist() == [12, 12, 2]


def test_hooks_and_retained_gradients_of_written_tensors():
    x, seen = torch.ones(3, requires_grad=True), []
    y = x * 1
    view = y[:2]
    y.retain_grad()
    view.retain_grad()
    view.mul_(3)
    view.register_hook(lambda g: seen.append(g.tolist()))
    (y.sum() + (view * 2).sum()).backward()
    assert seen == [[2, 2]] and view.grad.tolist() == [2, 2] and y.grad.tolist() == [3, 3, 1]
    assert x.grad.tolist() == [9, 9, 1]


# Custom functions ----------------------------------------------------------------------------------------------------------


class Flatten(Function):
    @staticmethod
    def forward(ctx, x):
        return x.view(-1)

    @staticmethod
    def backward(ctx, g):
        return g.view(4, 3) * 3


class Triple(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(3)

    @staticmethod
    def backward(ctx, g):
        return g * 3


def test_views_of_custom_functions_are_not_written_to():
    message = "This view was created inside a custom Function \\(or because an input was returned as-is\\)"
    y = Flatten.apply(torch.ones(4, 3, requires_grad=True) * 1)
    with pytest.raises(RuntimeError, match=message):
        y.add_(1)
    base = torch.ones(4, 3, requires_grad=True) * 1
    view = Flatten.apply(base)
    base.add_(1)
    with pytest.raises(RuntimeError, match=message):
        _ = view.grad_fn


def test_custom_functions_write_in_place():
    x = torch.ones(4, 3, requires_grad=True)
    y = x * 1
    Triple.apply(y[0])
    Triple.apply(y)
    y.sum().backward()
    assert y[0].tolist() == [9, 9, 9] and x.grad[:2].tolist() == [[9, 9, 9], [3, 3, 3]]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        Triple.apply(torch.ones(3, requires_grad=True))
