"""autograd.Function: forward, setup_context and backward, what ctx keeps, in-place functions, and what is refused."""

import gc
import weakref

import numpy as np
import pytest

import wengert as torch
from wengert.autograd import Function
from wengert.autograd.function import FunctionCtx, once_differentiable


def leaf(*values, dtype=torch.float64):
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def make(name="F", **methods):
    """A Function with these static methods."""
    return type(name, (Function,), {key: staticmethod(method) for key, method in methods.items()})


class Mul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, grad):
        a, b = ctx.saved_tensors
        return grad * b, grad * a


def test_values_gradients_and_the_node():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = Mul.apply(a, b)
    assert y.tolist() == [3, 8] and y.requires_grad and not y.is_leaf
    node = y.grad_fn
    assert isinstance(node, FunctionCtx) and isinstance(node, torch._C.Node)
    assert node.name() == "MulBackward" and type(node).__name__ == "MulBackward" and type(Mul.apply(a, b).grad_fn) is type(node)
    assert [edge.variable is tensor for (edge, _), tensor in zip(node.next_functions, (a, b), strict=True)] == [True, True]
    assert [kept.tolist() for kept in node.saved_tensors] == [[1, 2], [3, 4]] and node.saved_tensors[0] is a
    y.backward(torch.tensor([1.0, 10.0], dtype=torch.float64))
    assert a.grad.tolist() == [3, 40] and b.grad.tolist() == [1, 20]


def test_second_derivative():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (first,) = torch.autograd.grad(Mul.apply(a, Mul.apply(a, b)).sum(), a, create_graph=True)
    assert first.tolist() == [6, 16] and first.requires_grad
    second = torch.autograd.grad(first.sum(), (a, b))
    assert [grad.tolist() for grad in second] == [[6, 8], [2, 4]]


def test_only_needed_gradients_are_asked_for():
    seen = []

    def backward(ctx, grad):
        seen.append(ctx.needs_input_grad)
        return grad, None, None

    f = make(forward=lambda ctx, a, b, c: a * b, backward=backward)
    a = leaf(1.0)
    f.apply(a, torch.ones(1), 3).sum().backward()
    assert seen == [(True, False, False)] and a.grad.tolist() == [1]


def test_setup_context_defaults_and_names():
    class Scale(Function):
        @staticmethod
        def forward(input, factor=3):
            return input * factor

        @staticmethod
        def setup_context(ctx, inputs, output):
            assert not torch.is_grad_enabled() and not output.requires_grad
            _, ctx.factor = inputs

        @staticmethod
        def vjp(ctx, grad):
            return grad * ctx.factor, None

    x = leaf(2.0)
    for y, factor in ((Scale.apply(x), 3), (Scale.apply(x, 5), 5), (Scale.apply(x, factor=7), 7), (Scale.apply(input=x), 3)):
        assert y.item() == 2 * factor and torch.autograd.grad(y, x)[0].item() == factor


def test_keyword_arguments_are_passed_to_forward():
    def forward(ctx, x, *, factor):
        ctx.factor = factor
        return x * factor

    f = make(forward=forward, backward=lambda ctx, grad: grad * ctx.factor)
    x = leaf(2.0)
    assert torch.autograd.grad(f.apply(x, factor=5), x)[0].item() == 5
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        f.apply(x, other=1)


def test_outputs_of_every_kind():
    seen = []

    def forward(ctx, x):
        order = x.argsort()
        noise = x * 2
        ctx.mark_non_differentiable(noise)
        return x.exp(), 5, order, noise, [x]

    def backward(ctx, *grads):
        seen.append(grads)
        return grads[0]

    x = leaf(2.0, 1.0)
    y, number, order, noise, kept = make(forward=forward, backward=backward).apply(x)
    assert number == 5 and order.tolist() == [1, 0] and noise.tolist() == [4, 2] and kept[0] is x
    assert y.requires_grad and not order.requires_grad and not noise.requires_grad
    assert [y.output_nr, y.grad_fn.outputs[0]] == [0, (torch.Size([2]), torch.float64)]
    y.sum().backward()
    ((grad, *others),) = seen
    assert grad.tolist() == [1, 1] and others[0] is None and others[3] is None
    assert others[1].tolist() == [0, 0] and others[1].dtype == torch.int64 and others[2].tolist() == [0, 0]


@pytest.mark.parametrize("materialize", [True, False])
def test_undefined_gradients(materialize):
    seen = []

    def forward(ctx, x):
        ctx.set_materialize_grads(materialize)
        return x * 1, x * 2

    def backward(ctx, first, second):
        seen.append(first)
        return second * 2

    x = leaf(1.0, 2.0)
    f = make(forward=forward, backward=backward)
    f.apply(x)[1].sum().backward()
    assert x.grad.tolist() == [2, 2]
    assert seen[0].tolist() == [0, 0] if materialize else seen[0] is None


def test_none_is_a_gradient_of_zeros():
    x, y = leaf(1.0), leaf(2.0)
    (make(forward=lambda ctx, x: x * 1, backward=lambda ctx, grad: None).apply(x) + y).backward()
    assert x.grad is None and y.grad.item() == 1


@pytest.mark.parametrize(
    "forward, args, returned, error, message",
    [
        (lambda ctx, a, b: a * b, 2, lambda g: g, RuntimeError, r"incorrect number of gradients \(expected 2, got 1\)"),
        (lambda ctx, a, b: a * b, 2, lambda g: (g, g, g), RuntimeError, r"incorrect number of gradients \(expected 2, got 3\)"),
        (lambda ctx, a, b: a * b, 2, lambda g: [g, g], RuntimeError, r"incorrect number of gradients \(expected 2, got 1\)"),
        (lambda ctx, a: a * 1, 1, lambda g: (), RuntimeError, r"function FBackward returned an incorrect number .*1, got 0\)"),
        (lambda ctx, a, b: a * b, 2, lambda g: (g, 3), RuntimeError, r"expected Variable or None \(got int\)"),
        (
            lambda ctx, a: a * 1,
            1,
            lambda g: g.new_zeros(5),
            RuntimeError,
            r"invalid gradient at index 0 - got \[5\] but expected",
        ),
        (
            lambda ctx, a, b: a * b,
            "number",
            lambda g: (g, g),
            RuntimeError,
            "function FBackward returned a gradient different than None at position 2, but the corresponding forward input was not",
        ),
    ],
)
def test_wrong_gradients(forward, args, returned, error, message):
    given = (leaf(1.0, 2.0), 3.0) if args == "number" else [leaf(1.0, 2.0) for _ in range(args)]
    y = make(forward=forward, backward=lambda ctx, grad: returned(grad)).apply(*given)
    with pytest.raises(error, match=message):
        y.sum().backward()


def test_more_gradients_than_arguments_if_they_are_none():
    x = leaf(2.0)
    make(forward=lambda ctx, x: x * 1, backward=lambda ctx, grad: (grad, None, None)).apply(x).backward()
    assert x.grad.item() == 1


def test_missing_methods():
    x = leaf(1.0)
    with pytest.raises(NotImplementedError, match=r"You must implement the forward function for custom autograd\.Function"):
        Function.apply(x)
    with pytest.raises(NotImplementedError, match="You must implement either the backward or vjp method"):
        make(forward=lambda ctx, x: x * 1).apply(x).backward()
    both = make(forward=lambda ctx, x: x * 1, backward=lambda ctx, g: g, vjp=lambda ctx, g: g)
    with pytest.raises(RuntimeError, match="Implementing both 'backward' and 'vjp' for a custom Function is not allowed"):
        both.apply(x).backward()
    with pytest.raises(RuntimeError, match=r"Legacy autograd function .*Mul\.apply"):
        Mul()(x)


def test_without_gradients_nothing_is_kept():
    y = Mul.apply(torch.ones(2), torch.ones(2))
    assert y.grad_fn is None and not y.requires_grad
    kept = []

    def forward(ctx, x):
        kept.append(weakref.ref(ctx))
        ctx.save_for_backward(x)
        assert ctx.saved_tensors == ()
        return x * 1

    with torch.no_grad():
        y = make(forward=forward).apply(leaf(1.0))
    assert not y.requires_grad
    gc.collect()
    assert kept[0]() is None


# What is saved --------------------------------------------------------------------------------------------------------


def test_none_and_outputs_are_saved_without_a_cycle():
    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(None, y)
            return y

        @staticmethod
        def backward(ctx, grad):
            nothing, y = ctx.saved_tensors
            assert nothing is None and (y.grad_fn is ctx or not torch.is_grad_enabled())
            return grad * y

    x = leaf(0.5)
    y = Exp.apply(x)
    first = torch.autograd.grad(y, x, create_graph=True)[0]
    second = torch.autograd.grad(first, x)[0]
    assert np.allclose([y.item(), first.item(), second.item()], np.exp(0.5))
    reference = weakref.ref(y.grad_fn)
    gc.disable()
    try:
        del y, first, second
        assert reference() is None
    finally:
        gc.enable()


def test_graph_is_freed_after_one_pass():
    x = leaf(1.0, 2.0)
    y = Mul.apply(x, x)
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    for again in (lambda: y.grad_fn.saved_tensors, lambda: y.sum().backward()):
        with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
            again()
    free = make(forward=lambda ctx, x: x * 2, backward=lambda ctx, grad: grad * 2).apply(x)
    free.backward(torch.ones(2, dtype=torch.float64))
    free.backward(torch.ones(2, dtype=torch.float64))  # it kept nothing


def test_saved_tensor_that_was_written_to():
    x = leaf(1.0) * 1
    y = Mul.apply(x, x)
    x.add_(1)
    with pytest.raises(
        RuntimeError, match="one of the variables needed for gradient computation has been modified by an inplace"
    ):
        y.backward()


def test_only_tensors_are_saved():
    def forward(ctx, x):
        ctx.save_for_backward(x, 3)
        return x * 1

    with pytest.raises(TypeError, match="save_for_backward can only save variables, but argument 1 is of type int"):
        make(forward=forward).apply(leaf(1.0))


def test_saved_tensors_hooks():
    packed = []

    def pack(tensor):
        packed.append(tensor.tolist())
        return tensor.numpy().copy()

    x = leaf(3.0)
    with torch.autograd.graph.saved_tensors_hooks(pack, torch.from_numpy):
        y = Mul.apply(x, x)
    assert packed == [[3], [3]]
    (grad,) = torch.autograd.grad(y, x, create_graph=True)
    assert grad.item() == 6 and torch.autograd.grad(grad, x)[0].item() == 2


# Inputs as outputs ----------------------------------------------------------------------------------------------------


class AddOne(Function):
    """In place, with a derivative that shows that it was used."""

    @staticmethod
    def forward(ctx, x):
        x.add_(1)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, grad):
        return grad * 7


def test_in_place_on_a_result():
    x = leaf(1.0, 2.0)
    y = x * 1
    assert AddOne.apply(y) is y and y.tolist() == [2, 3] and y.grad_fn.name() == "AddOneBackward"
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [7, 7]


def test_in_place_on_a_view():
    x = leaf(1.0, 2.0)
    base = x * 1
    view = base[:1]
    AddOne.apply(view)
    assert base.tolist() == [2, 2]
    assert torch.autograd.grad(base.sum(), x, retain_graph=True)[0].tolist() == [7, 1]
    assert torch.autograd.grad(view.sum() * 2, x)[0].tolist() == [14, 0]


def test_in_place_without_gradients():
    x = torch.zeros(2)
    assert AddOne.apply(x) is x and x.tolist() == [1, 1] and x.grad_fn is None


def test_in_place_that_the_graph_would_miss():
    """A write through NumPy counts once it is marked."""

    def forward(ctx, x):
        x.detach().numpy()[...] += 1
        ctx.mark_dirty(x)
        return x

    x = leaf(1.0) * 1
    square = x * x
    make(forward=forward, backward=lambda ctx, grad: grad).apply(x)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        square.backward()


def test_wrong_marks():
    def forward(ctx, x):
        ctx.mark_dirty(mark)
        return x * 2

    f = make(forward=forward, backward=lambda ctx, grad: grad)
    x = leaf(1.0)
    mark = 3
    with pytest.raises(RuntimeError, match="mark_dirty can only accept variables, but argument 0 is of type int"):
        f.apply(x)
    mark = x
    with pytest.raises(
        RuntimeError, match="Some elements marked as dirty during the forward method were not returned as output"
    ):
        f.apply(x)
    mark = torch.ones(1)
    with pytest.warns(UserWarning, match=r"ctx\.mark_dirty\(\) received a tensor that was not an input"):
        f.apply(x)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad has been used in an in-place operation"):
        AddOne.apply(x)

    def forward(ctx, x):
        ctx.mark_non_differentiable(3)
        return x * 2

    with pytest.raises(RuntimeError, match="mark_non_differentiable only accepts variable arguments, but got int"):
        make(forward=forward).apply(x)


def test_input_returned_as_it_is():
    f = make(forward=lambda ctx, x: x, backward=lambda ctx, grad: grad * 3)
    x = leaf(1.0, 2.0)
    y = f.apply(x)
    assert y is not x and y.data_ptr() == x.data_ptr() and x.is_leaf
    y.sum().backward()
    assert x.grad.tolist() == [3, 3]
    with torch.no_grad():
        assert f.apply(x).requires_grad is False
    y = f.apply(x * 1)
    with pytest.raises(RuntimeError, match="This view was created inside a custom Function"):
        y.add_(1)


def test_view_of_an_input():
    f = make(forward=lambda ctx, x: x.view(2, 1), backward=lambda ctx, grad: grad.view(2) * 3)
    x = leaf(1.0, 2.0)
    y = f.apply(x * 1)
    assert y.shape == (2, 1) and torch.autograd.grad(y.sum(), x, retain_graph=True)[0].tolist() == [3, 3]
    with pytest.raises(RuntimeError, match="This view was created inside a custom Function"):
        y.add_(1)


def test_tensor_from_elsewhere_keeps_its_own_history():
    other = leaf(5.0)
    x = leaf(1.0)
    y = make(forward=lambda ctx, x: other, backward=lambda ctx, grad: grad * 2).apply(x)
    y.backward()
    assert x.grad.item() == 2 and other.grad is None and other.is_leaf and other.requires_grad


# once_differentiable --------------------------------------------------------------------------------------------------


def test_once_differentiable():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, grad):
            assert not torch.is_grad_enabled()
            return 2 * grad * ctx.saved_tensors[0]

    x, w = leaf(3.0), leaf(2.0)
    assert torch.autograd.grad(Square.apply(x), x)[0].item() == 6
    (grad,) = torch.autograd.grad(Square.apply(x) * w, x, create_graph=True)
    assert grad.item() == 12
    with pytest.raises(
        RuntimeError, match="trying to differentiate twice a function that was marked with @once_differentiable"
    ):
        grad.backward()
    assert Square.backward.__name__ == "backward"


# Graphs ---------------------------------------------------------------------------------------------------------------


def test_deep_chain_is_differentiated_and_freed_without_recursion():
    double = make(forward=lambda ctx, x: x * 1, backward=lambda ctx, grad: grad)
    x = leaf(1.0)
    y = x
    for _ in range(20_000):
        y = double.apply(y)
    y.backward()
    assert x.grad.item() == 1
    del y


def test_backward_inside_backward():
    def backward(ctx, grad):
        with torch.enable_grad():
            inner = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
            (inner**2).sum().backward()
        return grad * inner.grad

    x = leaf(1.0)
    make(forward=lambda ctx, x: x * 1, backward=backward).apply(x).backward()
    assert x.grad.item() == 4


def test_errors_of_forward_leave_the_mode_as_it_was():
    def forward(ctx, x):
        raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        make(forward=forward).apply(leaf(1.0))
    assert torch.is_grad_enabled()


def test_hooks_see_the_gradients_of_a_function():
    x = leaf(1.0)
    y = Mul.apply(x, x)
    seen = []
    y.register_hook(lambda grad: seen.append(grad.item()))
    y.backward(torch.tensor([5.0], dtype=torch.float64))
    assert seen == [5]


# Forward mode ---------------------------------------------------------------------------------------------------------


def tangents_of(f, *args, of=(0,)):
    from wengert.autograd import forward_ad

    with forward_ad.dual_level():
        args = [forward_ad.make_dual(arg, torch.full_like(arg, 2)) if i in of else arg for i, arg in enumerate(args)]
        outputs = f.apply(*args)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return [forward_ad.unpack_dual(output).tangent if isinstance(output, torch.Tensor) else None for output in outputs]


def test_jvp():
    seen = []

    def forward(ctx, a, b, n):
        ctx.save_for_forward(a, b)
        ctx.save_for_backward(a)
        return a * b * n, n

    def jvp(ctx, a_tangent, b_tangent, n):
        seen.append((n, b_tangent.tolist()))
        a, b = ctx.saved_tensors
        return (a_tangent * b + a * b_tangent) * 3, None

    f = make(forward=forward, jvp=jvp)
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    tangent, nothing = tangents_of(f, a, b, 3)
    assert tangent.tolist() == [18, 24] and nothing is None and seen == [(None, [0, 0])]


@pytest.mark.parametrize(
    "result, message",
    [
        (lambda t: (t, t), r"invalid number of forward gradients \(expected 1 but got 2\)"),
        (lambda t: 3, r"expected Variable or None \(got int\) for grad output 0\."),
    ],
)
def test_wrong_jvps(result, message):
    f = make(forward=lambda ctx, x: x * 2, jvp=lambda ctx, t: result(t))
    with pytest.raises(RuntimeError, match=message):
        tangents_of(f, torch.ones(2))


def test_missing_jvp():
    with pytest.raises(NotImplementedError, match="You must implement the jvp function for custom autograd"):
        tangents_of(make(forward=lambda ctx, x: x * 2), torch.ones(2))
