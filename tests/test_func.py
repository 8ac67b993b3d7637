"""wengert.func: transforms and their nesting against derivatives worked out by hand, structures, levels, and errors."""

import collections
import re

import numpy as np
import pytest

import wengert
import wengert as torch
from wengert import func
from wengert.utils import _pytree

A = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 4.0]])
X = np.array([0.3, -1.2, 2.0])


def tensor(values, **options):
    return torch.tensor(values, dtype=torch.float64, **options)


def affine_sin(x):
    """sin(A x); its Jacobian is cos(A x) A."""
    return (tensor(A) @ x).sin()


def quartic(x):
    """(|x|^2)^2; gradient 4 |x|^2 x, Hessian 8 x x^T + 4 |x|^2, third derivative 8 (x_i d_jk + x_j d_ik + x_k d_ij)."""
    return (x * x).sum() ** 2


JACOBIAN = np.cos(A @ X)[:, None] * A
GRADIENT = 4 * (X @ X) * X
HESSIAN = 8 * np.outer(X, X) + 4 * (X @ X) * np.eye(3)
THIRD = 8 * sum(np.einsum(f"i,jk->{order}", X, np.eye(3)) for order in ("ijk", "jik", "jki"))


def close(result, expected, requires_grad=False):
    assert result.requires_grad is requires_grad
    assert tuple(result.shape) == np.shape(expected)
    assert np.allclose(result.detach().numpy(), expected, rtol=1e-12, atol=1e-12)


# Each transform --------------------------------------------------------------------------------------------------------


def test_gradients():
    x = tensor(X)
    close(func.grad(quartic)(x), GRADIENT)
    gradient, value = func.grad_and_value(quartic)(x)
    close(gradient, GRADIENT)
    close(value, (X @ X) ** 2)
    value, gradient = func.value_and_grad(quartic)(x)
    close(gradient, GRADIENT)
    close(value, (X @ X) ** 2)
    assert x.grad is None and not x.requires_grad


def test_argnums_and_structures():
    def f(p, x, *, power):
        return (p["w"] * x).sum() ** power + p["b"][0] * p["b"][1]

    p, x = {"w": tensor([1.0, 2.0]), "b": [tensor(3.0), tensor(5.0)]}, tensor([4.0, 0.5])
    gradient = func.grad(f)(p, x, power=2)
    assert list(gradient) == ["w", "b"] and isinstance(gradient["b"], list)
    assert gradient["w"].tolist() == [40, 5] and [g.item() for g in gradient["b"]] == [5, 3]
    both = func.grad(f, argnums=(1, 0))(p, x, power=2)
    assert isinstance(both, tuple) and both[0].tolist() == [10, 20] and both[1]["w"].tolist() == [40, 5]
    assert func.grad(f, argnums=-1)(p, x, power=2).tolist() == [10, 20]
    (only,) = func.grad(f, argnums=(1,))(p, x, power=2)
    assert only.tolist() == [10, 20]


def test_aux():
    x = tensor([1.0, 2.0])

    def f(x):
        return (x * x).sum(), {"double": x * 2, "note": "text"}

    gradient, aux = func.grad(f, has_aux=True)(x)
    assert gradient.tolist() == [2, 4] and aux["double"].tolist() == [2, 4] and aux["note"] == "text"
    assert not aux["double"].requires_grad
    gradient, (value, aux) = func.grad_and_value(f, has_aux=True)(x)
    assert value.item() == 5 and aux["double"].tolist() == [2, 4]
    (value, aux), gradient = func.value_and_grad(f, has_aux=True)(x)
    assert value.item() == 5 and gradient.tolist() == [2, 4]
    _, vjp_fn, aux = func.vjp(f, x, has_aux=True)
    assert vjp_fn(tensor(1.0))[0].tolist() == [2, 4] and aux["note"] == "text"
    output, tangent, aux = func.jvp(f, (x,), (x,), has_aux=True)
    assert (output.item(), tangent.item(), aux["note"]) == (5, 10, "text")
    for transform in (func.jacrev, func.jacfwd):
        jacobian, aux = transform(f, has_aux=True)(x)
        assert jacobian.tolist() == [2, 4] and aux["double"].tolist() == [2, 4]


def test_vjp():
    output, vjp_fn = func.vjp(affine_sin, tensor(X))
    close(output, np.sin(A @ X))
    for v in np.eye(2):  # as often as one likes
        (product,) = vjp_fn(tensor(v))
        close(product, v @ JACOBIAN)
    output, vjp_fn = func.vjp(lambda x, y: {"sum": x + y[0], "product": (x * y[0],)}, tensor([2.0]), [tensor([3.0])])
    dx, (dy,) = vjp_fn({"product": (tensor([10.0]),), "sum": tensor([1.0])})  # keys in any order
    assert output["product"][0].item() == 6 and dx.item() == 31 and dy.item() == 21


def test_jvp_and_linearize():
    u = np.array([1.0, 0.25, -3.0])
    output, tangent = func.jvp(affine_sin, (tensor(X),), (tensor(u),))
    close(output, np.sin(A @ X))
    close(tangent, JACOBIAN @ u)
    calls = []
    output, push = func.linearize(lambda x: (calls.append(1), affine_sin(x))[1], tensor(X))
    close(output, np.sin(A @ X))
    for unit in np.eye(3):
        close(push(tensor(unit)), JACOBIAN @ unit)
    assert len(calls) == 1
    output, tangent = func.jvp(lambda x, y: [x * y, y], (tensor([2.0]), tensor([3.0])), (tensor([1.0]), tensor([10.0])))
    assert [t.item() for t in tangent] == [23, 10]


def test_jacobians():
    for transform in (func.jacrev, func.jacfwd):
        close(transform(affine_sin)(tensor(X)), JACOBIAN)
        result = transform(lambda x, y: {"a": x * y.sum(), "b": (y,)}, argnums=(0, 1))(tensor([1.0, 2.0]), tensor([[3.0]]))
        close(result["a"][0], 3 * np.eye(2))
        close(result["a"][1], np.array([1.0, 2.0]).reshape(2, 1, 1))
        close(result["b"][0][0], np.zeros((1, 1, 2)))
        close(result["b"][0][1], np.ones((1, 1, 1, 1)))
        close(transform(lambda x: x[:0])(tensor(X)), np.zeros((0, 3)))
        close(transform(lambda x: x.sum())(tensor([])), np.zeros(0))
    close(func.jacrev(affine_sin, chunk_size=1)(tensor(X)), JACOBIAN)
    close(func.jacfwd(affine_sin, randomness="same")(tensor(X)), JACOBIAN)


def test_hessian():
    close(func.hessian(quartic)(tensor(X)), HESSIAN)
    blocks = func.hessian(lambda x, y: (x**2 * y).sum(), argnums=(0, 1))(tensor([1.0, 2.0]), tensor([3.0, 4.0]))
    close(blocks[0][0], np.diag([6.0, 8.0]))
    close(blocks[0][1], np.diag([2.0, 4.0]))
    close(blocks[1][1], np.zeros((2, 2)))


def test_what_nothing_depends_on_is_zeros():
    x = tensor([1.0, 2.0])
    close(func.grad(lambda y: x.sum())(x), np.zeros(2))
    close(func.vjp(lambda y: x * 2, x)[1](x)[0], np.zeros(2))
    close(func.jvp(lambda y: x * 2, (x,), (x,))[1], np.zeros(2))
    close(func.jacrev(lambda y: x * 2)(x), np.zeros((2, 2)))
    close(func.hessian(lambda y: y.sum())(x), np.zeros((2, 2)))
    with pytest.raises(
        RuntimeError, match=r"The output of f is independent of the inputs. This is not allowed with strict=True"
    ):
        func.jvp(lambda y: x * 2, (x,), (x,), strict=True)
    output, tangent = func.jvp(lambda x: x.argsort(), (x,), (x,))
    assert output.tolist() == [0, 1] and tangent.tolist() == [0, 0]


# Nesting ---------------------------------------------------------------------------------------------------------------

TRANSFORMS = {"jacrev": func.jacrev, "jacfwd": func.jacfwd}


@pytest.mark.parametrize("outer", TRANSFORMS)
@pytest.mark.parametrize("inner", [*TRANSFORMS, "grad"])
def test_second_derivatives(outer, inner):
    close(TRANSFORMS[outer](getattr(func, inner)(quartic))(tensor(X)), HESSIAN)


def test_third_derivatives():
    close(func.jacfwd(func.jacrev(func.grad(quartic)))(tensor(X)), THIRD)
    close(func.jacrev(func.jacfwd(func.jacfwd(quartic)))(tensor(X)), THIRD)
    cube = func.grad(func.grad(func.grad(func.grad(lambda x: x**5))))
    assert cube(tensor(2.0)).item() == 240


def test_products_with_the_hessian():
    v = np.array([1.0, 0.25, -3.0])
    close(func.jvp(func.grad(quartic), (tensor(X),), (tensor(v),))[1], HESSIAN @ v)
    close(func.vjp(func.grad(quartic), tensor(X))[1](tensor(v))[0], HESSIAN @ v)
    close(func.grad(lambda x: func.jvp(quartic, (x,), (tensor(v),))[1])(tensor(X)), HESSIAN @ v)
    close(func.grad(lambda x: (func.vjp(quartic, x)[1](tensor(1.0))[0] * tensor(v)).sum())(tensor(X)), HESSIAN @ v)
    second = func.jvp(lambda x: func.jvp(quartic, (x,), (tensor(v),))[1], (tensor(X),), (tensor(v),))[1]
    close(second, v @ HESSIAN @ v)


def test_products_are_linear_in_the_vector():
    x = tensor(X)
    for of_vector in (
        lambda v: func.jvp(affine_sin, (x,), (v,))[1],
        lambda v: func.linearize(affine_sin, x)[1](v),
    ):
        close(func.jacrev(of_vector)(x), JACOBIAN)
        close(func.jacfwd(of_vector)(x), JACOBIAN)
        close(func.jvp(of_vector, (x,), (x,))[1], JACOBIAN @ X)
    _, vjp_fn = func.vjp(affine_sin, x)  # made outside of the transform that differentiates it
    close(func.jacrev(lambda v: vjp_fn(v)[0])(tensor([1.0, 1.0])), JACOBIAN.T)


def test_each_level_has_its_own_variable():
    """The classic confusions of perturbations: an inner derivative must not see the outer variable's."""
    x = tensor(3.0)
    assert func.grad(lambda x: x * func.grad(lambda y: x + y)(tensor(1.0)))(x).item() == 1
    assert func.grad(lambda x: func.grad(lambda y: y * x)(x))(x).item() == 1  # the same tensor at both levels
    assert func.grad(lambda x: x * func.grad(lambda y: y * y * x)(x))(x).item() == 6 * 9
    assert func.jvp(lambda x: x * func.jvp(lambda y: x * y, (x,), (tensor(1.0),))[1], (x,), (tensor(1.0),))[1].item() == 6


def test_results_leave_without_a_graph():
    x = tensor(X)
    for result in (
        func.grad(quartic)(x),
        func.grad(lambda x: func.grad(quartic)(x).sum())(x),
        func.hessian(quartic)(x),
        func.jvp(lambda v: func.jvp(affine_sin, (x,), (v,))[1], (x,), (x,))[0],
        *func.vjp(affine_sin, x)[1](tensor([1.0, 1.0])),
    ):
        assert not result.requires_grad and result.grad_fn is None


def test_tensors_of_an_outer_graph():
    x, w = tensor(X), tensor([2.0, 3.0, 4.0], requires_grad=True)

    def f(x):
        return (x * x * w).sum()

    gradient, value = func.grad_and_value(f)(x)
    close(gradient, 2 * X * w.tolist(), requires_grad=True)
    assert value.requires_grad
    close(torch.autograd.grad(gradient.sum(), w)[0], 2 * X)
    close(torch.autograd.grad(value, w)[0], X * X)
    close(torch.autograd.grad(func.hessian(f)(x).sum(), w)[0], np.full(3, 2.0))
    close(torch.autograd.grad(func.jacfwd(f)(x).sum(), w)[0], 2 * X)
    close(torch.autograd.grad(func.jvp(f, (x,), (x,))[1], w)[0], 2 * X * X)
    assert x.grad is None and w.grad is None
    # The variable itself belongs to the outer graph.
    close(
        torch.autograd.grad(func.grad(quartic)(w).sum(), w)[0],
        np.sum(8 * np.outer(w.tolist(), w.tolist()) + 4 * 29 * np.eye(3), 0),
    )
    close(func.grad(lambda x: x.sum())(w), np.ones(3))
    output, vjp_fn = func.vjp(affine_sin, w)
    assert output.requires_grad
    with torch.no_grad():
        assert not vjp_fn(tensor([1.0, 1.0]))[0].requires_grad
    assert not vjp_fn(tensor([1.0, 1.0]), create_graph=False)[0].requires_grad


def test_vectors_of_an_outer_graph():
    x, v = tensor(X), tensor([1.0, 2.0], requires_grad=True)
    (product,) = func.vjp(affine_sin, x)[1](v)
    close(torch.autograd.grad(product.sum(), v)[0], JACOBIAN.sum(1))
    t = tensor(X, requires_grad=True)
    close(torch.autograd.grad(func.jvp(affine_sin, (x,), (t,))[1].sum(), t)[0], JACOBIAN.sum(0))


def test_under_no_grad():
    x = tensor(X, requires_grad=True)
    with torch.no_grad():
        close(func.grad(quartic)(x), GRADIENT)
        close(func.hessian(quartic)(x), HESSIAN)
        close(func.jvp(affine_sin, (x,), (x,))[1], JACOBIAN @ X)
        close(func.grad(lambda x: func.grad(quartic)(x).sum())(x), HESSIAN.sum(0))
        assert not torch.is_grad_enabled()


def test_no_grad_inside():
    def f(x):
        with torch.no_grad():
            scale = (x * x).sum()
        return (scale * x).sum()

    close(func.grad(f)(tensor(X)), np.full(3, X @ X))
    close(func.jacrev(func.grad(f))(tensor(X)), np.zeros((3, 3)))


def test_errors_inside_leave_everything_as_it_was():
    x = tensor(X)

    def fail(x):
        raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        func.grad(lambda x: func.grad(fail)(x).sum())(x)
    close(func.grad(quartic)(x), GRADIENT)


def test_wrappers_keep_names():
    for transform in (func.grad, func.grad_and_value, func.value_and_grad, func.jacrev, func.jacfwd, func.hessian):
        assert transform(quartic).__name__ == "quartic" and transform(quartic).__doc__ == quartic.__doc__


# Errors ----------------------------------------------------------------------------------------------------------------

T = tensor([1.0, 2.0])
INT = torch.tensor([1, 2])


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda: func.grad(lambda x: x)(T),
            RuntimeError,
            "to return a scalar Tensor, got tensor with 1 dims. Maybe you wanted to",
        ),
        (lambda: func.grad(lambda x: 3)(T), RuntimeError, "Expected f(*args) to return a Tensor, got <class 'int'>"),
        (lambda: func.grad(torch.sum)(3), ValueError, "Thing passed to transform API must be Tensor, got <class 'int'>"),
        (lambda: func.grad(torch.sum)(INT), RuntimeError, "only Tensors of floating point dtype can require gradients"),
        (lambda: func.grad(torch.sum, argnums=1)(T), RuntimeError, "Got argnum=1, but only 1 positional inputs"),
        (lambda: func.grad(torch.sum, argnums=-2)(T), RuntimeError, "Got argnum=-2, but only 1 positional inputs"),
        (lambda: func.grad(torch.sum)(input=T), RuntimeError, "Got argnum=0, but only 0 positional inputs"),
        (lambda: func.grad(torch.sum, argnums=())(T), RuntimeError, "argnums must be non-empty"),
        (lambda: func.grad(torch.sum, argnums=(0, -1))(T), RuntimeError, "argnums elements must be unique, got (0, 0)"),
        (
            lambda: func.grad(torch.sum, argnums=[0])(T),
            RuntimeError,
            "argnums must be int or Tuple[int, ...], got: <class 'list'>",
        ),
        (lambda: func.grad(torch.sum, argnums=(0.0,))(T), RuntimeError, "argnum must be int, got: <class 'float'>"),
        (
            lambda: func.grad(torch.sum, has_aux=True)(T),
            RuntimeError,
            "output of function f should be a tuple: (output, aux) if h",
        ),
        (
            lambda: func.vjp(torch.argsort, T),
            RuntimeError,
            "All outputs of f must be floating-point or complex Tensors, got Tensor",
        ),
        (
            lambda: func.vjp(lambda x: 3, T),
            RuntimeError,
            "expected f(*primals) to return only tensors, got unsupported type <class",
        ),
        (
            lambda: func.vjp(lambda x: None, T),
            RuntimeError,
            "Expected f to be a function that has non-empty output (got output = [",
        ),
        (lambda: func.vjp(torch.sin, T)[1]((T,)), RuntimeError, "cotangents: (*,), primal output: *"),
        (lambda: func.vjp(torch.sin, T)[1](3), TypeError, "gradients can be either Tensors or None, but got int"),
        (
            lambda: func.vjp(torch.sin, T)[1](tensor([1.0])),
            RuntimeError,
            "Mismatch in shape: grad_output[0] has a shape of torch.Siz",
        ),
        (
            lambda: func.jvp(torch.sin, T, (T,)),
            RuntimeError,
            "Expected primals to be a tuple. E.g. it should be valid to call f(*pr",
        ),
        (
            lambda: func.jvp(torch.sin, (T,), T),
            RuntimeError,
            "Expected primals and tangents to have the same python structure.",
        ),
        (lambda: func.jvp(torch.sin, (), ()), RuntimeError, "Expected primals to contain at least one Tensor."),
        (lambda: func.jvp(torch.sin, (3,), (3,)), RuntimeError, "Expected primals to only contain Tensors, got <class 'int'>"),
        (lambda: func.jvp(torch.sin, (T,), (3,)), RuntimeError, "Expected tangents to only contain Tensors, got <class 'int'>"),
        (
            lambda: func.jvp(torch.neg, (INT,), (INT,)),
            ValueError,
            "Expected primal to be floating point or complex, but got: torch",
        ),
        (
            lambda: func.jvp(torch.neg, (T,), (INT,)),
            ValueError,
            "Expected tangent to be floating point or complex, but got: torch.",
        ),
        (
            lambda: func.jvp(torch.sin, (T,), (tensor([1.0]),)),
            RuntimeError,
            "of size [2] while the given forward gradient is of size",
        ),
        (
            lambda: func.linearize(torch.sin, T)[1](T, T),
            RuntimeError,
            "Got primals with structure (*,) and tangents with structure (*",
        ),
        (lambda: func.jacrev(lambda x: x, chunk_size=0), ValueError, "jacrev: `chunk_size` should be greater than 0."),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_vmap_says_what_to_use():
    with pytest.raises(NotImplementedError, match=r"vmap is not covered; wengert\.stack\(\[func\(x\) for x in xs\]\)"):
        func.vmap(torch.sin)


# functional_call -------------------------------------------------------------------------------------------------------


class Module:
    """The three tables that a module of PyTorch's kind keeps."""

    def __init__(self, parameters, buffers=None, **children):
        self._parameters, self._buffers, self._modules = parameters, buffers or {}, children


class Linear(Module):
    def __call__(self, x):
        return x @ self._parameters["weight"] + self._buffers["bias"]


class Net(Module):
    def __call__(self, x, scale=1):
        return self._modules["first"](x).sum() * self._parameters["gain"] * scale


def net():
    return Net({"gain": tensor(2.0), "unused": None}, first=Linear({"weight": tensor([[1.0], [2.0]])}, {"bias": tensor([0.5])}))


def test_functional_call():
    model, x = net(), tensor([3.0, 4.0])
    assert func.functional_call(model, {}, x).item() == 23
    other = {"first.weight": tensor([[10.0], [0.0]]), "first.bias": tensor([0.0])}
    assert func.functional_call(model, other, (x,), {"scale": 3}).item() == 180
    assert func.functional_call(model, ({"gain": tensor(1.0)}, other), (x, 3)).item() == 90
    assert model(x).item() == 23
    gradient = func.grad(lambda p: func.functional_call(model, p, x))(other)
    assert gradient["first.weight"].tolist() == [[6], [8]] and gradient["first.bias"].tolist() == [2]


def test_functional_call_restores_after_an_error():
    model = net()
    with pytest.raises(RuntimeError):
        func.functional_call(model, {"first.weight": torch.ones(7, 7)}, tensor([3.0, 4.0]))
    assert model(tensor([3.0, 4.0])).item() == 23


def test_functional_call_with_tied_tensors():
    shared = tensor([[1.0], [2.0]])
    bias = {"bias": tensor([0.0])}
    model = Net({"gain": tensor(1.0)}, first=Linear({"weight": shared}, bias), other=Linear({"weight": shared}, bias))
    seen = []
    model.__class__ = type(
        "Both", (Net,), {"__call__": lambda self, x: seen.append([m(x).item() for m in self._modules.values()])}
    )
    x, one = tensor([1.0, 1.0]), tensor([[5.0], [5.0]])
    func.functional_call(model, {"first.weight": one}, x)
    func.functional_call(model, {"first.weight": one}, x, tie_weights=False)
    func.functional_call(model, {"first.weight": one, "other.weight": one}, x)
    assert seen == [[10, 10], [10, 3], [10, 10]]
    with pytest.raises(ValueError, match=r"multiple values for keys \['first.weight', 'other.weight'\], which are tied"):
        func.functional_call(model, {"first.weight": one, "other.weight": one.clone()}, x)


def test_functional_call_errors():
    model, x = net(), tensor([3.0, 4.0])
    with pytest.raises(
        RuntimeError, match=r"Error\(s\) in reparametrizing for Net:\n\tUnexpected key\(s\): 'no'.\n\tMissing key"
    ):
        func.functional_call(model, {"gain": tensor(1.0), "no": x}, x, strict=True)
    with pytest.raises(
        ValueError, match=r"\['gain'\] appeared in multiple dictionaries; behavior of functional call is ambiguous"
    ):
        func.functional_call(model, ({"gain": x}, {"gain": x}), x)
    with pytest.raises(
        ValueError, match="Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got <cla"
    ):
        func.functional_call(model, 3, x)
    with pytest.raises(ValueError, match="Expected all elements of parameter_and_buffer_dicts to be dictionaries"):
        func.functional_call(model, [3], x)


# Trees -----------------------------------------------------------------------------------------------------------------

Point = collections.namedtuple("Point", "x y")
TREES = [
    1,
    None,
    [],
    (),
    {},
    [1, (2, {"a": 3, "b": [4]})],
    Point(1, [2]),
    collections.OrderedDict(b=1, a=(2,)),
    collections.defaultdict(list, b=1, a=2),
    torch.Size([2, 3]),
]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_trees_come_back(tree):
    leaves, spec = _pytree.flatten(tree)
    again = spec.unflatten(leaves)
    assert again == tree and type(again) is type(tree)
    assert spec.flatten_like(tree) == leaves
    assert isinstance(repr(spec), str)


def test_trees():
    leaves, spec = _pytree.flatten({"a": 1, "b": (2, [3])})
    assert leaves == [1, 2, 3] and repr(spec) == "{'a': *, 'b': (*, [*])}"
    assert spec.flatten_like({"b": (5, [6]), "a": 4}) == [4, 5, 6]
    for other in (
        1,
        {"a": 1},
        {"a": 1, "c": (2, [3])},
        {"a": 1, "b": [2, [3]]},
        {"a": 1, "b": (2, [3, 4])},
        {"a": [1], "b": (2, [3])},
    ):
        with pytest.raises(ValueError, match="expected the structure"):
            spec.flatten_like(other)
    assert _pytree.tree_map(lambda leaf: -leaf, [1, Point(2, 3)]) == [-1, Point(-2, -3)]
    result = torch.tensor([3.0, 1.0]).max(0)
    assert type(_pytree.tree_map(lambda leaf: leaf, result)) is type(result)
    assert type(_pytree.flatten(collections.defaultdict(list, a=1))[1].unflatten([2])["new"]) is list


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.func on its own code
def test_parity():
    import torch

    def f(t, x):
        return x.sin() * x.prod() + t.exp(x).sum()

    for build in (
        lambda t: t.func.jacfwd(t.func.jacrev(lambda x: f(t, x))),
        lambda t: t.func.jacrev(t.func.jacrev(t.func.jacrev(lambda x: f(t, x)))),
        lambda t: t.func.hessian(lambda x: f(t, x).sum()),
        lambda t: lambda x: t.func.jvp(t.func.grad(lambda x: f(t, x).sum()), (x,), (x,))[1],
        lambda t: lambda x: t.func.vjp(lambda x: f(t, x), x)[1](x)[0],
    ):
        ours, theirs = (build(t)(t.tensor(X, dtype=t.float64)).numpy() for t in (wengert, torch))
        assert np.allclose(ours, theirs, rtol=1e-10, atol=1e-12)
