"""The backward pass: arguments of backward and grad, accumulation into .grad, freed graphs, versions, and what formulas may do."""

import re

import numpy as np
import pytest

import wengert as torch
from wengert.autograd import Function, backward, grad
from wengert.autograd.derivatives import TABLE, rule
from wengert.autograd.primitive import primitive


def leaf(*values, dtype=torch.float32):
    return torch.tensor(values or (1.0, 2.0), dtype=dtype, requires_grad=True)


# backward --------------------------------------------------------------------------------------------------------------------


def test_backward_fills_the_leaves():
    x, y, plain = leaf(1.0, 2.0), leaf(3.0, 4.0), torch.ones(2)
    assert (x * y + plain * x).sum().backward() is None
    assert x.grad.tolist() == [4, 5] and y.grad.tolist() == [1, 2] and plain.grad is None
    assert not x.grad.requires_grad and x.grad.is_leaf


def test_the_lectures_gradient():
    """d/dx sin(log(x^2 + 1)) = cos(log(x^2 + 1)) 2x / (x^2 + 1), at 1: cos(log 2) = 0.769239."""
    x = torch.tensor([1.0], requires_grad=True)
    y = torch.sin(torch.log(x**2 + 1))
    y.backward()
    manual = (torch.cos(torch.log(x**2 + 1)) / (x**2 + 1) * 2 * x).detach()
    assert x.grad.item() == manual.item() and round(x.grad.item(), 6) == 0.769239 and round(y.item(), 6) == 0.638961


def test_gradient_weights_the_results():
    x = leaf()
    (x * x).backward(torch.tensor([10.0, 100.0]))
    assert x.grad.tolist() == [20, 400]
    x.grad = None
    (x * x).backward(gradient=torch.tensor([1, 2]))  # of another dtype
    assert x.grad.tolist() == [2, 8] and x.grad.dtype == torch.float32
    x.grad = None
    backward([x.sum(), x * 2], [None, torch.tensor([1.0, 3.0])])
    assert x.grad.tolist() == [3, 7]


def test_one_element_of_any_shape_is_a_scalar():
    for shape in ((), (1,), (1, 1)):
        x = leaf()
        x[:1].view(shape).backward()
        assert x.grad.tolist() == [1, 0]


def test_a_leaf_is_its_own_root():
    x = torch.tensor(3.0, requires_grad=True)
    x.backward()
    x.backward()
    assert x.grad.item() == 2


@pytest.mark.parametrize(
    "run, error, message",
    [
        (lambda x: (x * 2).backward(), RuntimeError, "grad can be implicitly created only for scalar outputs"),
        (
            lambda x: x.detach().sum().backward(),
            RuntimeError,
            "element 0 of tensors does not require grad and does not have a grad_fn",
        ),
        (lambda x: backward([x.sum(), torch.ones(1)]), RuntimeError, "element 1 of tensors does not require grad"),
        (
            lambda x: (x * 2).backward(torch.ones(1)),
            RuntimeError,
            r"Mismatch in shape: grad_output\[0\] has a shape of torch.Size\(\[1\]\) and output\[0\] has a shape of torch.Size\(\[2\]\)",
        ),
        (lambda x: x.sum().backward(torch.ones(1)), RuntimeError, r"Mismatch in shape: grad_output\[0\]"),
        (
            lambda x: (x * 2).backward(3),
            TypeError,
            "gradients can be either Tensors or None, but got int|'int' object is not iterable",
        ),
        (lambda x: backward([x.sum(), x.sum()], [torch.tensor(1.0)]), RuntimeError, "got 2 tensors and 1 gradients"),
        (lambda x: x.sum().backward(inputs=[]), RuntimeError, r"`inputs` argument to `backward\(\)` cannot be empty"),
        (
            lambda x: x.sum().backward(inputs=[torch.ones(1)]),
            RuntimeError,
            "can't retain_grad on Tensor that has requires_grad=False",
        ),
        (
            lambda x: backward(x.sum(), torch.tensor(1.0), grad_variables=torch.tensor(1.0)),
            RuntimeError,
            "both passed to `backward",
        ),
        (lambda x: torch.ones(1, dtype=torch.int64).backward(), RuntimeError, "element 0 of tensors does not require grad"),
        (lambda x: grad(x.sum(), []), RuntimeError, r"`inputs` argument to `grad\(\)` cannot be empty"),
        (lambda x: grad(torch.ones(()), x), RuntimeError, "element 0 of tensors does not require grad"),
        (lambda x: grad(x.sum(), torch.ones(2)), RuntimeError, "One of the differentiated Tensors does not require grad"),
        (
            lambda x: grad(x.sum(), leaf()),
            RuntimeError,
            "The differentiated Tensor at index 0 appears to not have been used in the graph. Set allow_unused=True if this is the "
            "desired behavior",
        ),
        (
            lambda x: grad(x.sum(), [x, leaf()]),
            RuntimeError,
            "The differentiated Tensor at index 1 appears to not have been used",
        ),
        (
            lambda x: grad(x.sum(), x, allow_unused=False, materialize_grads=True),
            ValueError,
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False",
        ),
    ],
)
def test_errors(run, error, message):
    x = leaf()
    with pytest.raises(error, match=message):
        run(x)
    assert x.grad is None
    x.sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_the_error_of_no_scalar_says_what_to_do():
    with pytest.raises(
        RuntimeError, match=r"\[backward: output \(2,\); pass gradient=, or reduce with sum\(\) or mean\(\) first\]"
    ):
        (leaf() * 2).backward()


def test_inputs_limit_what_is_filled():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    z = x * y
    z.sum().backward(inputs=[x])
    assert x.grad.tolist() == [3, 4] and y.grad is None
    (x * y).sum().backward(inputs=y)
    assert x.grad.tolist() == [3, 4] and y.grad.tolist() == [1, 2]


def test_inputs_that_are_no_leaves():
    x = leaf()
    y = x * 2
    (y * 3).sum().backward(inputs=[y], retain_graph=True)
    assert y.grad.tolist() == [3, 3] and x.grad is None
    (y * 3).sum().backward(inputs=[x, y])
    assert y.grad.tolist() == [6, 6] and x.grad.tolist() == [6, 6]


def test_only_the_way_to_the_inputs_is_run():
    ran = []
    x, y = leaf(), leaf()
    first, second = x * 2, y * 3
    first.grad_fn.register_hook(lambda *_: ran.append("first"))
    second.grad_fn.register_hook(lambda *_: ran.append("second"))
    (first + second).sum().backward(inputs=[x])
    assert ran == ["first"] and y.grad is None


def test_a_backward_pass_records_as_it_is_told():
    x = leaf()
    modes = []
    for create_graph in (False, True):
        y = (x**2).sum()
        y.grad_fn.register_hook(lambda *_: modes.append(torch.is_grad_enabled()))
        with torch.no_grad():
            y.backward(create_graph=create_graph)
        assert torch.is_grad_enabled()
    assert modes == [False, True] and x.grad.requires_grad


# grad ------------------------------------------------------------------------------------------------------------------------


def test_grad_leaves_grad_alone():
    x, y = leaf(), leaf(3.0, 4.0)
    z = (x * y).sum()
    result = grad(z, [x, y])
    assert isinstance(result, tuple) and [g.tolist() for g in result] == [[3, 4], [1, 2]]
    assert x.grad is None and y.grad is None


def test_grad_of_what_is_no_leaf():
    x = leaf()
    y = x * 2
    z = (y * y).sum()
    assert [g.tolist() for g in grad(z, (y, x), retain_graph=True)] == [[4, 8], [8, 16]]
    assert [g.tolist() for g in grad(z, [z, y])] == [1, [4, 8]]


def test_grad_counts_each_root():
    x = leaf()
    y = (x * 2).sum()
    assert grad([y, y], x)[0].tolist() == [4, 4]
    y = x * 2
    assert [g.tolist() for g in grad([y.sum(), (y * 3).sum()], [x, y])] == [[8, 8], [4, 4]]
    assert [g.tolist() for g in grad((x * 5).sum(), [x, x])] == [[5, 5], [5, 5]]


def test_grad_outputs():
    x = leaf()
    (weighted,) = grad(x * x, x, torch.tensor([1.0, 10.0]))
    assert weighted.tolist() == [2, 40]
    (both,) = grad([x.sum(), x * 2], x, grad_outputs=[None, torch.ones(2)])
    assert both.tolist() == [3, 3]
    w = leaf(5.0, 6.0)
    (through,) = grad(x * x, x, grad_outputs=w, create_graph=True)
    assert grad(through.sum(), w)[0].tolist() == [2, 4]  # linear in grad_outputs


def test_unused_inputs():
    x, z = leaf(), torch.ones(3, dtype=torch.float64, requires_grad=True)
    assert grad(x.sum(), [z, x], allow_unused=True)[0] is None
    zeros, ones = grad(x.sum(), [z, x], materialize_grads=True)
    assert zeros.tolist() == [0, 0, 0] and zeros.dtype == torch.float64 and ones.tolist() == [1, 1]
    y = x * 2
    assert grad(x.sum(), [y], allow_unused=True) == (None,)


def test_batched_grads_run_one_after_the_other():
    x = leaf(1.0, 2.0, 3.0)
    y = x * x
    (jacobian,) = grad(y, x, torch.eye(3), is_grads_batched=True, retain_graph=True)
    assert jacobian.tolist() == [[2, 0, 0], [0, 4, 0], [0, 0, 6]]
    (jacobian,) = grad(y, x, torch.eye(3), is_grads_batched=True, create_graph=True)
    assert jacobian.requires_grad and grad(jacobian.sum(), x)[0].tolist() == [2, 2, 2]
    unused, used = grad(y, [leaf(), x], torch.eye(3), is_grads_batched=True, allow_unused=True)
    assert unused is None and used.shape == (3, 3)
    with pytest.raises(RuntimeError, match="is_grads_batched=True"):
        grad(y, x, torch.tensor(1.0), is_grads_batched=True)


@pytest.mark.parametrize("exponent", [1, 2, 3])
def test_derivatives_of_powers_end_in_zero(exponent):
    """n + 1 times differentiated x^n is 0, which no graph leads to: once more is an error."""
    x = torch.tensor([1.5, -2.0], requires_grad=True)
    for power in (lambda x: x**exponent, torch.square if exponent == 2 else lambda x: x.pow(float(exponent))):
        y, factor = power(x), 1
        for n in range(exponent, -1, -1):
            (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
            factor *= n
            assert y.tolist() == [factor * v ** max(n - 1, 0) for v in (1.5, -2.0)]
        with pytest.raises(RuntimeError, match="does not require grad"):
            torch.autograd.grad(y.sum(), x)


def test_higher_derivatives():
    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    value, found = x**5, []
    for _ in range(5):
        (value,) = grad(value, x, create_graph=True)
        found.append(value.item())
    assert found == [80, 160, 240, 240, 120]


def test_create_graph_in_backward():
    x = torch.tensor(3.0, requires_grad=True)
    (x**3).backward(create_graph=True)
    first, x.grad = x.grad, None
    assert first.item() == 27 and first.requires_grad
    first.backward()
    assert x.grad.item() == 18


def test_derivatives_of_derivatives_in_a_loss():
    """A gradient penalty: d/dw of (d(w x^2)/dx)^2 = 8 w x^2."""
    w, x = torch.tensor(3.0, requires_grad=True), torch.tensor(2.0, requires_grad=True)
    (slope,) = grad(w * x * x, x, create_graph=True)
    (slope**2).backward()
    assert w.grad.item() == 8 * 3 * 4


# Accumulation ----------------------------------------------------------------------------------------------------------------


def test_gradients_add_up_in_place():
    x = leaf()
    (x * 2).sum().backward()
    held = x.grad
    (x * 3).sum().backward()
    assert x.grad is held and held.tolist() == [5, 5]
    x.grad = None
    x.sum().backward()
    assert x.grad is not held and held.tolist() == [5, 5]


def test_with_create_graph_a_sum_is_a_new_tensor():
    x = leaf()
    (x**2).sum().backward(create_graph=True)
    first = x.grad
    (x * 3).sum().backward(create_graph=True)
    assert x.grad is not first and first.tolist() == [2, 4] and x.grad.tolist() == [5, 7]
    assert grad(x.grad.sum(), x)[0].tolist() == [2, 2]


def test_a_given_gradient_is_neither_changed_nor_shared():
    for f in (lambda x: x, lambda x: x + 0, lambda x: x.view(2), lambda x: x + x.detach(), lambda x: x.clone()):
        x, given = leaf(), torch.ones(2)
        f(x).backward(given)
        assert x.grad.data_ptr() != given.data_ptr()
        f(x).backward(given)
        x.grad.mul_(10)
        assert given.tolist() == [1, 1] and x.grad.tolist() == [20, 20]


def test_gradients_of_two_leaves_never_share_memory():
    x, y, z = leaf(), leaf(), leaf()
    (x + y + z).backward(torch.ones(2))
    assert len({t.grad.data_ptr() for t in (x, y, z)}) == 3
    x.grad.zero_()
    assert y.grad.tolist() == z.grad.tolist() == [1, 1]
    x, y = leaf(), leaf()
    torch.cat([x, y]).backward(torch.ones(4))
    x.grad.zero_()
    assert y.grad.tolist() == [1, 1] and not np.shares_memory(x.grad.numpy(), y.grad.numpy())


def test_retained_gradients_do_not_share_memory_with_the_leaves():
    x = leaf()
    y = x + 0
    y.retain_grad()
    y.backward(torch.ones(2))
    y.grad.zero_()
    assert x.grad.tolist() == [1, 1]


def test_gradients_of_grad_may_be_changed():
    x = leaf()
    y = x * 1
    a, b = grad(y, [x, y], torch.ones(2))
    a.zero_()
    assert b.tolist() == [1, 1]


def test_an_array_that_a_formula_returned_is_not_written_to():
    array = np.ones(2, dtype="float32")

    class FromNumPy(Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            return torch.from_numpy(array)

    x = leaf()
    (FromNumPy.apply(x) + x).sum().backward()
    FromNumPy.apply(x).sum().backward()
    assert x.grad.tolist() == [3, 3] and array.tolist() == [1, 1]


def test_gradients_have_the_layout_of_the_leaf():
    dense = torch.ones(2, 3).t().requires_grad_()
    dense.sum().backward()
    assert dense.grad.stride() == (1, 3) == dense.stride()
    strided = torch.ones(4, 6)[:, ::2].requires_grad_()
    (strided * 2).sum().backward()
    assert strided.grad.shape == (4, 3) and strided.grad.tolist() == [[2.0] * 3] * 4
    overlapping = torch.ones(1, 3).expand(2, 3).requires_grad_()
    (overlapping * 2).sum().backward()
    assert overlapping.grad.tolist() == [[2.0] * 3] * 2 and overlapping.grad.is_contiguous()


def test_gradients_may_be_set():
    x = leaf()
    mine = torch.tensor([1.0, 1.0])
    x.grad = mine
    assert x.grad is mine
    x.sum().backward()
    assert x.grad is mine and mine.tolist() == [2, 2]  # added to what is there
    plain = torch.ones(2)
    plain.grad = torch.zeros(2)
    assert plain.grad.tolist() == [0, 0]
    del x.grad
    assert x.grad is None
    for value, error, message in (
        (3, TypeError, "assigned grad expected to be a Tensor or None but got grad of type int"),
        (x, RuntimeError, "can't assign Variable as its own grad"),
        (torch.ones(3), RuntimeError, r"attempting to assign a gradient of size '\[3\]' to a tensor of size '\[2\]'"),
        (torch.ones(2, dtype=torch.float64), RuntimeError, "attempting to assign a gradient with dtype"),
    ):
        with pytest.raises(error, match=message):
            x.grad = value


def test_grad_of_what_is_no_leaf_warns():
    y = leaf() * 2
    with pytest.warns(UserWarning, match=r"The \.grad attribute of a Tensor that is not a leaf Tensor is being accessed"):
        assert y.grad is None
    y.retain_grad()
    assert y.grad is None


def test_empty_tensors():
    x = torch.ones(0, 3, requires_grad=True)
    x.sum().backward()
    assert x.grad.shape == (0, 3)
    x.exp().backward(torch.ones(0, 3))
    y = torch.ones(2, requires_grad=True)
    (y[:0].sum() + y[0]).backward()
    assert y.grad.tolist() == [1, 0]


def test_a_leaf_that_is_switched_off_gets_nothing():
    x = leaf()
    y = (x * 2).sum()
    x.requires_grad_(False)
    y.backward()
    assert x.grad is None


# Graphs that are given up ----------------------------------------------------------------------------------------------------

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). "
    "Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you "
    "need to backward through the graph a second time or if you need to access saved tensors after calling backward."
)


def test_a_second_backward_is_an_error():
    for run in (lambda x, y: y.backward(), lambda x, y: grad(y, x)):
        x = leaf()
        y = x.exp().sum()
        run(x, y)
        with pytest.raises(RuntimeError, match=re.escape(FREED)):
            run(x, y)


def test_a_shared_part_is_given_up_too():
    x = leaf()
    shared = x.exp()
    shared.sum().backward()
    with pytest.raises(RuntimeError, match="a second time"):
        (shared * 2).sum().backward()


def test_what_keeps_nothing_runs_again():
    x = leaf()
    y = (x + 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2, 2]


def test_retain_graph():
    x = leaf()
    y = x.exp().sum()
    y.backward(retain_graph=True)
    first = x.grad.clone()
    y.backward()
    assert x.grad.tolist() == (first * 2).tolist()
    y = x.exp().sum()
    y.backward(create_graph=True)  # retains it
    y.backward()
    y = x.exp().sum()
    y.backward(create_graph=True, retain_graph=False)
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward()


# Versions --------------------------------------------------------------------------------------------------------------------


def test_what_was_saved_must_not_have_changed():
    x = leaf()
    y = x.exp()
    y.add_(1)
    message = (
        r"one of the variables needed for gradient computation has been modified by an inplace operation: \[torch\.FloatTensor "
        r"\[2\]\], which is output 0 of Exp(Backward0)?, is at version 1; expected version 0 instead\. Hint: enable anomaly "
        r"detection"
    )
    with pytest.raises(RuntimeError, match=message):
        y.sum().backward()


def test_the_error_names_both_operators():
    x = leaf()
    y = x * 1
    z = y.sin()
    y.mul_(2)
    with pytest.raises(RuntimeError, match=r"\[kept by sin for its derivative, written to by mul_?\]"):
        z.sum().backward()


def test_what_is_not_kept_may_change():
    x = leaf()
    y = x * 1
    z = y + 1
    y.mul_(2)
    z.sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_arguments_without_a_gradient_are_checked_as_well():
    x, w = leaf(), torch.ones(2)
    y = x * w
    w.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    index = torch.tensor([0, 1])
    y = x.index_select(0, index)
    index.fill_(0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_the_versions_of_a_list_are_checked():
    x, w = leaf(), torch.tensor([0, 1])
    y = (x * 1)[[w]]
    w.fill_(0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


# Formulas --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def row():
    """row(name, **formulas) writes a row for the test and returns its operator, the identity of one tensor."""
    written = []

    def write(name, **formulas):
        rule(name, **formulas)
        written.append(name)

        @primitive(name)
        def operator(input):
            return input.clone()

        return operator

    yield write
    for name in written:
        del TABLE[name]


def test_a_formula_that_raises_leaves_everything_usable(row):
    operator = row("test_raises", input=lambda grad: 1 / 0)
    x, z = leaf(), leaf()
    y = operator(x) + z * z
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            y.sum().backward(retain_graph=True)
    assert torch.is_grad_enabled()
    x.grad = z.grad = None
    (x * z).sum().backward()
    assert x.grad.tolist() == [1, 2] == z.grad.tolist()


def test_formulas_return_gradients_that_fit(row):
    wide = row("test_wide", input=lambda grad: grad.expand(3, 2))
    x = leaf()
    wide(x).sum().backward()
    assert x.grad.tolist() == [3, 3]  # summed to the argument's shape
    none = row("test_none", input=lambda grad: None)
    x = leaf()
    none(x).sum().backward()
    assert x.grad.tolist() == [0, 0]
    other = row("test_other_dtype", input=lambda grad: grad.double())
    x = leaf()
    other(x).sum().backward()
    assert x.grad.dtype == torch.float32
    bad = row("test_bad_shape", input=lambda grad: grad.new_ones(3))
    with pytest.raises(
        RuntimeError, match=r"returned an invalid gradient at index 0 - got \[3\] but expected shape compatible with \[2\]"
    ):
        bad(leaf()).sum().backward()
    number = row("test_number", input=lambda grad: 3.0)
    with pytest.raises(TypeError, match="returned a gradient at index 0 that is a float, not a Tensor"):
        number(leaf()).sum().backward()


def test_a_formula_that_asks_for_what_does_not_exist(row):
    operator = row("test_unknown", input=lambda grad, nothing: grad)
    with pytest.raises(RuntimeError, match="a formula asks for 'nothing', which is neither an argument nor a result"):
        operator(leaf())
