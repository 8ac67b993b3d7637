"""autograd.functional: products with Jacobians and Hessians against derivatives worked out by hand; structures, strict mode, errors."""

import itertools
import re

import numpy as np
import pytest

import wengert
import wengert as torch
from wengert.autograd import functional

A = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 4.0]])
X = np.array([0.3, -1.2, 2.0])


def tensor(values, **options):
    return torch.tensor(values, dtype=torch.float64, **options)


def affine_sin(x):
    """sin(A x); its Jacobian is cos(A x) A."""
    return (tensor(A) @ x).sin()


def jacobian_of_affine_sin(x):
    return np.cos(A @ x)[:, None] * A


def quartic(x):
    """(|x|^2)^2; gradient 4 |x|^2 x, Hessian 8 x x^T + 4 |x|^2."""
    return (x * x).sum() ** 2


def hessian_of_quartic(x):
    return 8 * np.outer(x, x) + 4 * (x @ x) * np.eye(len(x))


def close(result, expected):
    assert result.dtype == torch.float64 and not result.requires_grad
    assert tuple(result.shape) == np.shape(expected)
    assert np.allclose(result.numpy(), expected, rtol=1e-12, atol=1e-12)


def test_products_with_the_jacobian():
    v, u = np.array([2.0, -0.5]), np.array([1.0, 0.25, -3.0])
    jacobian = jacobian_of_affine_sin(X)
    output, product = functional.vjp(affine_sin, tensor(X), tensor(v))
    close(output, np.sin(A @ X))
    close(product, v @ jacobian)
    output, product = functional.jvp(affine_sin, tensor(X), tensor(u))
    close(output, np.sin(A @ X))
    close(product, jacobian @ u)
    for strategy in ("reverse-mode", "forward-mode"):
        close(functional.jacobian(affine_sin, tensor(X), strategy=strategy), jacobian)
        close(functional.jacobian(affine_sin, tensor(X), vectorize=True, strategy=strategy), jacobian)


def test_products_with_the_hessian():
    v, hessian = np.array([1.0, 0.25, -3.0]), hessian_of_quartic(X)
    for product in (functional.vhp, functional.hvp):
        output, found = product(quartic, tensor(X), tensor(v))
        close(output, (X @ X) ** 2)
        close(found, hessian @ v)
    for strategy in ("reverse-mode", "forward-mode"):
        close(functional.hessian(quartic, tensor(X), outer_jacobian_strategy=strategy), hessian)


def test_shapes_of_several_inputs_and_outputs():
    def f(x, y):  # x (2, 2), y (3,)
        return x.sum(0) * y[:2], (y**2).sum()

    x, y = np.arange(4.0).reshape(2, 2), np.array([1.0, 2.0, 3.0])
    jacobian = functional.jacobian(f, (tensor(x), tensor(y)))
    assert isinstance(jacobian, tuple) and all(isinstance(row, tuple) for row in jacobian)
    expected = np.zeros((2, 2, 2))
    expected[0, :, 0], expected[1, :, 1] = y[0], y[1]
    close(jacobian[0][0], expected)
    close(jacobian[0][1], np.array([[2.0, 0, 0], [0, 4.0, 0]]))
    close(jacobian[1][0], np.zeros((2, 2)))
    close(jacobian[1][1], 2 * y)
    for block, forward in zip(jacobian, functional.jacobian(f, (tensor(x), tensor(y)), strategy="forward-mode"), strict=True):
        for one, other in zip(block, forward, strict=True):
            assert one.tolist() == other.tolist()

    outputs, found = functional.vjp(f, (tensor(x), tensor(y)), (tensor([1.0, 10.0]), tensor(100.0)))
    assert [tuple(output.shape) for output in outputs] == [(2,), ()]
    close(found[0], np.array([[1.0, 20.0], [1.0, 20.0]]))
    close(found[1], np.array([2.0, 40.0, 0.0]) + 200 * y)
    hessian = functional.hessian(lambda x, y: (x.sum() * y).sum(), (tensor(x), tensor(y)))
    close(hessian[0][1], np.ones((2, 2, 3)))
    close(hessian[1][0], np.ones((3, 2, 2)))
    close(hessian[1][1], np.zeros((3, 3)))


def test_structure_of_results_is_that_of_the_arguments():
    x = tensor([1.0, 2.0])
    assert isinstance(functional.jacobian(lambda x: x * 2, x), torch.Tensor)
    assert isinstance(functional.jacobian(lambda x: x * 2, (x,)), tuple)
    assert isinstance(functional.jacobian(lambda x: (x * 2,), x), tuple)
    ((block,),) = functional.jacobian(lambda x: (x * 2,), (x,))
    assert block.tolist() == [[2, 0], [0, 2]]
    ((block,),) = functional.hessian(lambda x: (x**2).sum(), (x,))
    assert block.tolist() == [[2, 0], [0, 2]]


def test_inputs_stay_as_they_are():
    x = tensor([1.0, 2.0])
    w = tensor([3.0, 4.0], requires_grad=True)
    w.grad = tensor([5.0, 6.0])
    for name in functional.__all__:
        options = {"v": tensor([1.0, 1.0])} if name in ("jvp", "vhp", "hvp") else {}
        getattr(functional, name)(lambda x: (x * x * w).sum(), x, **options)
    assert not x.requires_grad and x.grad is None and w.grad.tolist() == [5, 6]


def test_a_tensor_used_beside_the_arguments_is_a_constant():
    x = tensor([1.0, 2.0], requires_grad=True)
    assert functional.jacobian(lambda y: x * y, x).tolist() == [[1, 0], [0, 2]]
    assert functional.vjp(lambda y: x * y, x, tensor([1.0, 1.0]))[1].tolist() == [1, 2]


@pytest.mark.parametrize("name", ["vjp", "jvp", "jacobian", "hessian", "vhp", "hvp"])
def test_create_graph(name):
    """Results can be differentiated once more: of f = sum(x^4) / 12 by third derivatives."""
    x = tensor([1.0, 2.0], requires_grad=True)
    v = tensor([3.0, 5.0], requires_grad=True)

    def f(x):
        return (x**4).sum() / 12

    if name == "hessian":
        result, expected = functional.hessian(f, x, create_graph=True).sum(), 2 * x
    elif name == "jacobian":
        result, expected = functional.jacobian(f, x, create_graph=True).sum(), x**2
    elif name == "vjp":
        output, product = functional.vjp(f, x, create_graph=True)
        assert output.requires_grad
        result, expected = product.sum(), x**2
    elif name == "jvp":
        result, expected = functional.jvp(f, x, v, create_graph=True)[1], v * x**2
    else:
        result, expected = getattr(functional, name)(f, x, v, create_graph=True)[1].sum(), 2 * x * v
    (found,) = torch.autograd.grad(result, x, retain_graph=True)
    assert np.allclose(found.numpy(), expected.detach().numpy())
    if name in ("vhp", "hvp"):
        assert torch.autograd.grad(result, v)[0].tolist() == [1, 4]


def test_without_gradients_around():
    with torch.no_grad():
        close(functional.jacobian(affine_sin, tensor(X)), jacobian_of_affine_sin(X))
        close(functional.hessian(quartic, tensor(X)), hessian_of_quartic(X))
        close(functional.jvp(affine_sin, tensor(X), tensor(X))[1], jacobian_of_affine_sin(X) @ X)


def test_empty_tensors():
    x = torch.ones(2, dtype=torch.float64)
    for strategy in ("reverse-mode", "forward-mode"):
        assert functional.jacobian(lambda x: x[:0], x, strategy=strategy).shape == (0, 2)
        assert functional.jacobian(lambda x: x.sum(), x[:0], strategy=strategy).shape == (0,)
    assert functional.hessian(lambda x: (x**2).sum(), x[:0]).shape == (0, 0)


def test_outputs_that_do_not_depend_on_the_inputs():
    x = tensor([1.0, 2.0])

    def f(x):
        return x * 2, torch.ones(1, dtype=torch.float64)

    close(functional.jacobian(f, x)[1], np.zeros((1, 2)))
    close(functional.jvp(f, x, x)[1][1], np.zeros(1))
    close(functional.vjp(f, x, (x, tensor([1.0])))[1], 2 * x.numpy())
    close(functional.vhp(lambda x: x.sum(), x, x)[1], np.zeros(2))
    close(functional.hessian(lambda x: x.sum(), x), np.zeros((2, 2)))
    assert functional.jacobian(lambda x: x.argsort(), x).tolist() == [[0, 0], [0, 0]]


ONE, TWO = tensor([2.0]), tensor([1.0, 2.0])
STRICT = [
    (
        "vjp",
        lambda x, y: x.sum(),
        (TWO, TWO),
        "The output of the user-provided function is independent of input 1. This is not",
    ),
    ("vjp", lambda x: torch.ones(1), TWO, "Output 0 of the user-provided function does not require gradients."),
    ("jvp", lambda x: (x, torch.ones(1)), ONE, "Output 1 of the user-provided function does not require gradients."),
    (
        "jvp",
        lambda x, y: x.sum(),
        (TWO, TWO),
        "The output of the user-provided function is independent of input 1. This is not",
    ),
    (
        "jacobian",
        lambda x, y: (x, y),
        (TWO, TWO),
        "Output 0 of the user-provided function is independent of input 1. This is not",
    ),
    (
        "hessian",
        lambda x: x.sum(),
        TWO,
        "found that the jacobian of the user-provided function with respect to input 0 is indep",
    ),
    ("vhp", lambda x: x.sum(), ONE, "While computing the hessian, found that the jacobian of the user-provided function with"),
    ("hvp", lambda x: x.sum(), ONE, "While computing the hessian, found that the jacobian of the user-provided function with"),
    ("vhp", lambda x, y: (x**2).sum(), (TWO, TWO), "The output of the user-provided function is independent of input 1."),
]


def vector_for(name, inputs):
    return {} if name in ("jacobian", "hessian", "vjp") else {"v": inputs}


@pytest.mark.parametrize("name, f, inputs, message", STRICT)
def test_strict(name, f, inputs, message):
    with pytest.raises(RuntimeError, match=re.escape(message)):
        getattr(functional, name)(f, inputs, strict=True, **vector_for(name, inputs))


def test_strict_with_create_graph():
    for name, matrix in (("vjp", "jacobian"), ("jacobian", "jacobian")):
        with pytest.raises(RuntimeError, match=f"The {matrix} of the user-provided function is independent of input 0"):
            getattr(functional, name)(
                lambda x: (x * 2).sum(), tensor([1.0], requires_grad=True), create_graph=True, strict=True
            )
    with pytest.raises(NotImplementedError, match='`strict=True` and `strategy="forward-mode"` are not supported together'):
        functional.jacobian(lambda x: x * 2, TWO, strict=True, strategy="forward-mode")
    for name in functional.__all__:
        getattr(functional, name)(lambda x: (x**3).sum(), ONE, strict=True)


@pytest.mark.parametrize(
    "name, f, inputs, options, error, message",
    [
        (
            "vjp",
            lambda x: x,
            3,
            {},
            TypeError,
            "The inputs given to vjp must be either a Tensor or a tuple of Tensors but the given",
        ),
        ("hvp", lambda x: x, (ONE, 3), {}, TypeError, "but the value at index 1 has type <class 'int'>."),
        (
            "jvp",
            lambda x: 3,
            ONE,
            {},
            TypeError,
            "The outputs of the user-provided function given to jvp must be either a Tensor",
        ),
        (
            "vjp",
            lambda x: x,
            TWO,
            {},
            RuntimeError,
            "The vector v can only be None if the user-provided function returns a single",
        ),
        (
            "jvp",
            lambda x: x,
            TWO,
            {},
            RuntimeError,
            "The vector v can only be None if the input to the user-provided function is a",
        ),
        (
            "vjp",
            lambda x: x,
            TWO,
            {"v": ONE},
            RuntimeError,
            "v has invalid size: should be torch.Size([2]) but got torch.Size([1])",
        ),
        ("vjp", lambda x: x, TWO, {"v": (TWO, TWO)}, RuntimeError, "The given v should contain a single Tensor."),
        ("vjp", lambda x: (x, x), TWO, {"v": TWO}, RuntimeError, "v is a tuple of invalid length: should be 2 but got 1."),
        ("vjp", lambda x: (x, x), TWO, {"v": (TWO, ONE)}, RuntimeError, "Entry 1 in v has invalid size"),
        (
            "hessian",
            lambda x: x,
            TWO,
            {},
            RuntimeError,
            "The Tensor returned by the function given to hessian should contain a sin",
        ),
        ("vhp", lambda x: (x.sum(),), ONE, {}, RuntimeError, "The function given to vhp should return a single Tensor"),
        ("jacobian", lambda x: x, TWO, {"strategy": "?"}, AssertionError, 'Expected strategy to be either "forward-mode" or'),
        ("hessian", lambda x: x, TWO, {"outer_jacobian_strategy": 1}, AssertionError, "Expected strategy to be either"),
        (
            "vjp",
            lambda x: x,
            torch.ones(1, dtype=torch.int64),
            {},
            RuntimeError,
            "only Tensors of floating point dtype can require",
        ),
    ],
)
def test_errors(name, f, inputs, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        getattr(functional, name)(f, inputs, **options)


# (function of a library's namespace and the inputs, inputs)
PARITY = [
    (lambda t, x: x.exp(), [X]),
    (lambda t, x, y: (x * y[0], y.sum()), [X, A]),
    (lambda t, x, y: (x * y).sum(), [X, A]),
    (lambda t, x, y: x.sum() ** 2, [X, A]),
    (lambda t, x: x**3, [np.array(1.5)]),
    (lambda t, x: x.sum().reshape(1, 1) ** 2, [X]),
    (lambda t, x: t.ones(1), [X]),
    (lambda t, x: x, [X]),
    (lambda t, x: 3, [X]),
    (lambda t, x, y: (x.sum() * 3, (y**3).sum()), [X, A]),
]


def outcome(library, module, name, case, options, v):
    f, inputs = PARITY[case]
    inputs = tuple(library.tensor(value, dtype=library.float64, requires_grad=True) for value in inputs)
    if v is not None:
        options = {**options, "v": tuple(library.tensor(value, dtype=library.float64) for value in v)}
    try:
        result = getattr(module, name)(lambda *args: f(library, *args), inputs, **options)
    except Exception as error:
        return type(error).__name__, " ".join(str(error).split())
    return "result", plain(result, options["create_graph"])


def plain(result, create_graph):
    """Values; whether a constant derivative needs a gradient depends on its formula."""
    if isinstance(result, tuple):
        return tuple(plain(item, create_graph) for item in result)
    return create_graph or result.requires_grad, result.detach().numpy().round(9).tolist()


@pytest.mark.parity
@pytest.mark.parametrize("name", functional.__all__)
def test_parity(name):
    import torch

    for case, create_graph, strict in itertools.product(range(len(PARITY)), (False, True), (False, True)):
        vectors = [None] if name in ("jacobian", "hessian") else [None, PARITY[case][1], [np.ones(7)], [X, X, X]]
        if strict and create_graph and name in ("hessian", "vhp", "hvp"):
            continue  # refuses constant results, which the formulas may or may not give a history
        for v in vectors:
            options = {"create_graph": create_graph, "strict": strict}
            ours = outcome(wengert, functional, name, case, options, v)
            assert ours == outcome(torch, torch.autograd.functional, name, case, options, v), (case, options, v)
