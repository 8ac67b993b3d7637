"""gradcheck and gradgradcheck: right derivatives pass, each kind of wrong one is found, and what is refused."""

import re

import numpy as np
import pytest

import wengert as torch
from wengert.autograd import Function, gradcheck, gradgradcheck
from wengert.autograd.function import once_differentiable

GradcheckError = torch.autograd.GradcheckError


def leaf(*sizes, dtype=torch.float64):
    values = np.random.default_rng(len(sizes)).uniform(0.5, 1.5, sizes)
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def function(backward, forward=lambda ctx, x: x * 2, **methods):
    methods = {"forward": forward, "backward": backward, **methods}
    return type("F", (Function,), {name: staticmethod(method) for name, method in methods.items()}).apply


RIGHT = [
    (torch.sin, leaf(3)),
    (lambda x, y: (x * y, x.sum()), (leaf(2, 3), leaf(3))),
    (lambda x, y: x @ y, (leaf(2, 3).detach().t().requires_grad_(), leaf(2, 2))),
    (lambda x: x.prod(), leaf()),
    (lambda x: x * 2, leaf(0)),
    (lambda x: x[:0], leaf(2)),
    (lambda x, k: x**k, (leaf(2), 3)),
    (lambda x: [x * 2, x.argmax()], leaf(3)),
    (lambda x, y: x.exp(), (leaf(2), leaf(3))),
    (lambda x, y: x * y, (leaf(2), torch.ones(2, dtype=torch.float64))),
    (lambda x: x.exp(), leaf(3) * 2),
    (lambda x: x.exp(), leaf(8).detach()[::2].requires_grad_()),
]


@pytest.mark.parametrize("fast_mode", [False, True])
@pytest.mark.parametrize("case", range(len(RIGHT)))
def test_right_derivatives(case, fast_mode):
    f, inputs = RIGHT[case]
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    before = [input.tolist() if isinstance(input, torch.Tensor) else input for input in inputs]
    assert gradcheck(f, inputs, fast_mode=fast_mode) is True
    assert gradgradcheck(f, inputs, fast_mode=fast_mode) is True
    assert gradgradcheck(f, inputs, gen_non_contig_grad_outputs=True) is True
    assert before == [input.tolist() if isinstance(input, torch.Tensor) else input for input in inputs]
    assert all(input.grad is None for input in inputs if isinstance(input, torch.Tensor) and input.is_leaf)


@pytest.mark.parametrize("case", range(len(RIGHT)))
def test_tangents(case):
    f, inputs = RIGHT[case]
    assert gradcheck(f, inputs, check_forward_ad=True)
    assert gradcheck(f, inputs, check_forward_ad=True, check_backward_ad=False, fast_mode=True)
    assert gradgradcheck(f, inputs, check_fwd_over_rev=True)


def test_functions_that_use_their_inputs_beside_the_arguments():
    """As with the parameters of a module."""
    w = leaf(3)
    assert gradcheck(lambda *_: w * w.exp(), (w,))


MISMATCH = "Jacobian mismatch for output 0 with respect to input 0,\nnumerical:tensor("
WRONG = [
    (function(lambda ctx, grad: grad * 3), MISMATCH),
    (function(lambda ctx, grad: grad * 2 + 1), MISMATCH),
    (function(lambda ctx, grad: None), MISMATCH),
    (lambda x: x.detach() * 2, "Numerical gradient for function expected to be zero"),
    (lambda x: (x * 2, x.detach() ** 2)[1] + 0 * x, MISMATCH),
]


@pytest.mark.parametrize("fast_mode", [False, True])
@pytest.mark.parametrize("case", range(len(WRONG)))
def test_wrong_derivatives(case, fast_mode):
    f, message = WRONG[case]
    if fast_mode and "Jacobian" in message:
        message = "Jacobian mismatch for output 0 with respect to input 0,\nnumerical:"
    with pytest.raises(GradcheckError, match=re.escape(message)):
        gradcheck(f, leaf(2), fast_mode=fast_mode)
    assert gradcheck(f, leaf(2), fast_mode=fast_mode, raise_exception=False) is False


def test_messages_name_the_place_and_the_numbers():
    wrong = function(lambda ctx, grad: grad * 3)
    with pytest.raises(GradcheckError) as error:
        gradcheck(lambda n, x, y: (x, x * 1, wrong(y)), (5, leaf(2), leaf(2)))
    assert str(error.value).startswith("Jacobian mismatch for output 2 with respect to input 2,\nnumerical:tensor([[2.0000, ")
    assert "analytical:tensor([[3., 0.],\n        [0., 3.]]" in str(error.value)
    with pytest.raises(GradcheckError, match=r"products u\^T J v with random u and v \(fast_mode\). All of the Jacobian:"):
        gradcheck(wrong, leaf(2), fast_mode=True)


def test_wrong_tangents():
    wrong = function(lambda ctx, grad: grad * 2, jvp=lambda ctx, tangent: tangent * 3)
    assert gradcheck(wrong, leaf(2))
    for fast_mode in (False, True):
        with pytest.raises(
            GradcheckError, match="Jacobian computed with forward mode mismatch for output 0 with respect to in"
        ):
            gradcheck(wrong, leaf(2), check_forward_ad=True, fast_mode=fast_mode)


def test_random_backward():
    steps = iter(range(1, 10_000))
    wobbly = function(lambda ctx, grad: grad * (2 + 1e-9 * next(steps)))
    with pytest.raises(
        GradcheckError, match=r"Backward is not reentrant, i\.e\., running backward with same input and grad_output mul"
    ):
        gradcheck(wobbly, leaf(2))
    assert gradcheck(wobbly, leaf(2), nondet_tol=1e-5)


def test_gradient_that_is_no_multiple_of_what_comes_in():
    """Right for a gradient of 1, the only one that a sum ever sees."""
    constant = function(lambda ctx, grad: (grad != 0).double() * 2)
    assert gradcheck(constant, leaf(1))
    with pytest.raises(GradcheckError, match="backward not multiplied by grad_output"):
        gradcheck(function(lambda ctx, grad: (grad != 0).double() * 2 + (grad == 0).all() * 1e-7), leaf(1))


def test_undefined_gradients():
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2, x * 3

    careless = function(lambda ctx, first, second: first * 2 + second * 3, forward)

    def sees(ctx, first, second):
        return (0 if first is None else first * 2) + (0 if second is None else second * 3)

    def refuses(ctx, first, second):
        if first is None and not second.any():
            raise RuntimeError("no gradient")
        return sees(ctx, first, second)

    def invents(ctx, first, second):
        return torch.ones(2, dtype=torch.float64) if first is None and not second.any() else sees(ctx, first, second)

    with pytest.raises(TypeError):
        gradcheck(careless, leaf(2))
    with pytest.raises(GradcheckError, match="Expected backward function to handle undefined output grads"):
        gradcheck(function(refuses, forward), leaf(2))
    with pytest.raises(
        GradcheckError, match="Expected all input grads to be undefined or zero when all output grads are undefined"
    ):
        gradcheck(function(invents, forward), leaf(2))
    assert gradcheck(function(invents, forward), leaf(2), check_undefined_grad=False)


def test_second_derivatives():
    class Detached(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            return 2 * grad * ctx.saved_tensors[0].detach()

    assert gradcheck(Detached.apply, leaf(2))
    with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0"):
        gradgradcheck(Detached.apply, leaf(2))
    assert gradgradcheck(Detached.apply, leaf(2), raise_exception=False) is False
    assert gradgradcheck(lambda x: x**3, leaf(2), torch.ones(2, dtype=torch.float64, requires_grad=True))

    once = function(once_differentiable(lambda ctx, grad: grad * 2))
    with pytest.raises(RuntimeError, match="marked with @once_differentiable"):
        gradgradcheck(once, leaf(2))


def test_precision():
    with pytest.warns(UserWarning, match="Input #0 requires gradient and is not a double precision floating point or complex"):
        assert gradcheck(torch.exp, leaf(2, dtype=torch.float32), eps=1e-2, atol=1e-2)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda: gradcheck(torch.exp, torch.ones(2)),
            ValueError,
            "gradcheck expects at least one input tensor to require gradient",
        ),
        (
            lambda: gradgradcheck(torch.exp, torch.ones(2)),
            ValueError,
            "gradcheck expects at least one input tensor to require gra",
        ),
        (
            lambda: gradgradcheck(torch.argsort, leaf(2)),
            ValueError,
            "gradgradcheck expects at least one output to require gradient",
        ),
        (
            lambda: gradcheck(torch.exp, leaf(1).expand(3)),
            RuntimeError,
            "The 0th input has a dimension with stride 0. gradcheck on",
        ),
        (
            lambda: gradcheck(torch.exp, leaf(1), check_backward_ad=False),
            AssertionError,
            "Expected at least one of check_forward_ad or check_backward_ad to be True",
        ),
        (
            lambda: gradcheck(torch.exp, leaf(1), check_backward_ad=False, check_forward_ad=True, check_batched_grad=True),
            AssertionError,
            "Setting check_batched_grad=True requires check_backward_ad to be True",
        ),
        (
            lambda: gradcheck(torch.exp, leaf(1), check_batched_forward_grad=True),
            AssertionError,
            "Setting check_batched_forward_grad=True requires check_forward_ad to be True",
        ),
        (
            lambda: gradgradcheck(torch.exp, leaf(1), check_rev_over_rev=False),
            AssertionError,
            "Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True",
        ),
        (
            lambda: gradgradcheck(torch.exp, leaf(1), check_rev_over_rev=False, check_fwd_over_rev=True),
            AssertionError,
            "Setting check_undefined_grad=True requires check_rev_over_rev to be True",
        ),
        (
            lambda: gradcheck(lambda x: x[x > 0.75], torch.tensor([0.75, 2.0], dtype=torch.float64, requires_grad=True)),
            AssertionError,
            "Expected `func` to return outputs with the same shape when inputs are perturbed on index 0 by 1e-06, but got: shapes",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_importing_the_module_leaves_the_function(python):
    """The import binds the module in the package, under the function's name."""
    script = """
import wengert, wengert.autograd.gradcheck
from wengert.autograd.gradcheck import GradcheckError
x = wengert.ones(2, dtype=wengert.float64, requires_grad=True)
print(wengert.autograd.gradcheck(wengert.sin, x), wengert.autograd.GradcheckError is GradcheckError)
"""
    assert python(script) == "True True\n"
