"""Forward mode: levels and dual tensors, tangents against reverse mode on compositions, writes in place, second derivatives."""

import gc
import weakref

import numpy as np
import pytest

import inplace_programs
import wengert as torch
from wengert.autograd import Function, forward_ad, grad
from wengert.autograd.forward_ad import dual_level, enter_dual_level, exit_dual_level, make_dual, unpack_dual


def tensor(*values, **options):
    return torch.tensor(values, dtype=torch.float64, **options)


def tangent_of(f, x, u):
    """The tangent of f at x along u."""
    with dual_level():
        return unpack_dual(f(make_dual(x, u))).tangent


# Levels and duals --------------------------------------------------------------------------------------------------------


def test_duals_carry_tangents():
    x, u = tensor(2.0, 3.0), tensor(1.0, 10.0)
    with dual_level():
        dual = make_dual(x, u)
        assert dual.data_ptr() == x.data_ptr() and dual.tolist() == [2, 3]
        primal, tangent = unpack_dual(dual)
        assert primal.tolist() == [2, 3] and tangent is u and unpack_dual(primal).tangent is None
        cube = unpack_dual(dual**3)
        assert cube.primal.tolist() == [8, 27] and cube.tangent.tolist() == [12, 270]
        assert cube._fields == ("primal", "tangent") and type(cube).__name__ == "UnpackedDualTensor"
        assert unpack_dual(x) == (x, None)
    assert unpack_dual(x) == (x, None)


def test_tangents_are_gone_after_the_level():
    with dual_level():
        dual = make_dual(tensor(2.0), tensor(1.0))
        result = dual * 3
    assert unpack_dual(dual).tangent is None and unpack_dual(result * 2).tangent is None and result.tolist() == [6]
    with dual_level():
        assert unpack_dual(dual).tangent is None and unpack_dual(result * 2).tangent is None


def test_levels_keep_nothing_alive():
    with dual_level():
        tangent = tensor(1.0)
        dual = make_dual(tensor(2.0), tangent)
        reference = weakref.ref(dual * 3)
        assert reference() is None
        held = weakref.ref(tangent)
    del tangent
    gc.collect()
    assert held() is None and dual.tolist() == [2]


def test_a_level_ends_with_an_exception():
    with pytest.raises(ZeroDivisionError), dual_level():
        _ = 1 / 0
    with dual_level():
        pass


def test_levels_by_hand():
    level = enter_dual_level()
    assert level == 0
    dual = make_dual(tensor(2.0), tensor(1.0), level=level)
    assert unpack_dual(dual, level=level).tangent.tolist() == [1]
    exit_dual_level(level=level)
    assert unpack_dual(dual).tangent is None


@pytest.mark.parametrize(
    "run, error, message",
    [
        (
            lambda: make_dual(tensor(1.0), tensor(1.0, 2.0)),
            RuntimeError,
            r"has a different size than that of the original Tensor",
        ),
        (lambda: make_dual(tensor(1.0), tensor(1.0).float()), RuntimeError, "to have the same dtype"),
        (
            lambda: make_dual(torch.tensor([1]), tensor(1.0)),
            ValueError,
            r"Expected primal to be floating point or complex, but got: torch\.int64",
        ),
        (
            lambda: make_dual(tensor(1.0), torch.tensor([1])),
            ValueError,
            r"Expected tangent to be floating point or complex, but got: torch\.int64",
        ),
        (
            lambda: make_dual(make_dual(tensor(1.0), tensor(1.0)), tensor(1.0)),
            RuntimeError,
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not supported",
        ),
        (enter_dual_level, RuntimeError, "Nested forward mode AD is not supported at the moment"),
        (lambda: exit_dual_level(level=3), RuntimeError, "that was not the last one that was created"),
        (lambda: torch.add(make_dual(tensor(1.0), tensor(1.0)), 1, out=tensor(0.0)), RuntimeError, "functions with out="),
    ],
)
def test_errors(run, error, message):
    with dual_level(), pytest.raises(error, match=message):
        run()


def test_errors_outside_a_level():
    with pytest.raises(RuntimeError, match="Trying to create a dual Tensor for forward AD but no level exists"):
        make_dual(tensor(1.0), tensor(1.0))
    with pytest.raises(RuntimeError, match="Trying to exit a forward AD level but no level exists"):
        exit_dual_level()


def test_an_operator_without_a_row():
    with dual_level():
        dual = make_dual(tensor(1.0, 2.0), tensor(1.0, 1.0))
        with pytest.raises(NotImplementedError, match=r"forward mode: resize_ has no row in wengert\.autograd\.derivatives"):
            (dual * 1).resize_(3)


def test_what_passes_no_tangent():
    with dual_level():
        dual = make_dual(tensor(1.5, -2.0), tensor(1.0, 1.0))
        for result in (dual.detach(), dual.data, dual.long(), dual > 0, dual.argmax(), torch.zeros_like(dual)):
            assert unpack_dual(result).tangent is None
        assert dual.sum().item() == -0.5 and dual.numpy().tolist() == [1.5, -2]
        assert unpack_dual(dual.sign()).tangent is None or not unpack_dual(dual.sign()).tangent.any()


def test_tangents_pass_whether_or_not_graphs_are_recorded():
    with dual_level(), torch.no_grad():
        result = unpack_dual(make_dual(tensor(2.0), tensor(1.0)) ** 2)
        assert result.tangent.tolist() == [4] and not result.primal.requires_grad


def test_tangents_have_the_dtype_of_their_tensor():
    with dual_level():
        dual = make_dual(tensor(2.0), tensor(1.0))
        assert unpack_dual(dual.float() * 3).tangent.dtype == torch.float32
        assert unpack_dual(dual * torch.tensor([3], dtype=torch.int32)).tangent.tolist() == [3]


# Compositions ------------------------------------------------------------------------------------------------------------

COMPOSITIONS = {
    "the lecture's": lambda x: torch.sin(torch.log(x**2 + 1)),
    "a network": lambda x: torch.relu(x @ x.t() + 0.1).tanh() @ x,
    "views": lambda x: x.t()[1:].reshape(-1)[::2].unsqueeze(0).expand(3, -1) * 2,
    "reductions": lambda x: x.mean(0) + x.std(0) * x.logsumexp(1).sum() + x.prod() + x.norm() + x.var() + x.amax(),
    "softmax": lambda x: (x.softmax(1) * x.log_softmax(0)).cumsum(0),
    "choices": lambda x: torch.where(x > 0.9, x * x, x.exp()) + x.clamp(0.6, 1.1) + torch.maximum(x, x.flip(0)),
    "sorting": lambda x: x.sort(0).values * x.topk(2, 1).values.sum() + x.max(1).values.unsqueeze(1) + x.median(),
    "several outputs": lambda x: torch.cat([a * b for a, b in zip(x.unbind(0), x.split(1), strict=True)]),
    "indexing": lambda x: x[[0, 2]] * x[1:3] + x[:, [1]][:2] + x[x > 0].sum() + x.index_select(0, torch.tensor([3, 3])),
    "joining": lambda x: torch.stack([x, x * 2, torch.cat([x[2:], x[:2]])]).sum(1) / x.sum(),
    "linear algebra": lambda x: torch.linalg.solve(x.t() @ x + torch.eye(3, dtype=x.dtype), x.t()) @ x,
    "decompositions": lambda x: torch.linalg.det(x.t() @ x) + torch.linalg.svd(x).S.sum() + torch.linalg.inv(x.t() @ x).sum(),
    "einsum": lambda x: torch.einsum("ij,kj,kl->il", x, x, x),
    "scatter": lambda x: torch.zeros_like(x).scatter_add(0, torch.tensor([[0, 1, 0], [2, 2, 1]]), x[:2]) * x,
    "casts": lambda x: (x.float() * 3).double() + x.to(torch.float32).to(torch.float64).exp(),
    "powers": lambda x: x**x + x**-1.5 + 2**x + x.reciprocal() + torch.hypot(x, x.flip(1)) + torch.atan2(x, x.flip(0)),
    "special": lambda x: torch.lgamma(x) + torch.erf(x) + torch.digamma(x) + torch.special.i0(x) + x.sinc(),
}


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_forward_against_reverse(name):
    """<w, df(x) u> = <grad <w, f>(x), u>."""
    f, numbers = COMPOSITIONS[name], np.random.default_rng(4)
    x, u = (torch.tensor(numbers.uniform(0.5, 1.5, (4, 3))) for _ in range(2))
    leaf = x.clone().requires_grad_()
    value = f(leaf)
    w = torch.tensor(numbers.uniform(-1, 1, tuple(value.shape)))
    (gradient,) = grad(value, leaf, w)
    tangent = tangent_of(f, x, u)
    assert tangent.shape == value.shape
    tolerance = 1e-5 if name == "casts" else 1e-10
    assert np.isclose((w * tangent).sum().item(), (gradient * u).sum().item(), rtol=tolerance, atol=tolerance)


def test_several_arguments_with_tangents():
    with dual_level():
        a, b = make_dual(tensor(2.0), tensor(1.0)), make_dual(tensor(5.0), tensor(10.0))
        assert unpack_dual(a * b).tangent.tolist() == [25]
        assert unpack_dual(torch.cat([a, tensor(1.0), b])).tangent.tolist() == [1, 0, 10]
        assert unpack_dual(a + tensor(1.0, 2.0)).tangent.tolist() == [1, 1]  # broadcast
        assert [unpack_dual(row).tangent.item() for row in torch.stack([a, b]).unbind()] == [1, 10]


def test_custom_functions():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_forward(x)
            return x * x

        @staticmethod
        def jvp(ctx, u):
            (x,) = ctx.saved_tensors
            return 2 * x * u

    assert tangent_of(Square.apply, tensor(3.0), tensor(10.0)).tolist() == [60]


# Writes in place -----------------------------------------------------------------------------------------------------------


def test_writes_to_duals():
    with dual_level():
        x = make_dual(tensor(3.0, 4.0), tensor(1.0, 2.0))
        x.mul_(x)
        assert unpack_dual(x).primal.tolist() == [9, 16] and unpack_dual(x).tangent.tolist() == [6, 16]
        x.sin_().add_(tensor(1.0, 1.0))
        assert np.allclose(unpack_dual(x).tangent.numpy(), [6 * np.cos(9), 16 * np.cos(16)])
        x.zero_()
        assert unpack_dual(x).tangent.tolist() == [0, 0]


def test_what_is_read_is_read_before_the_write():
    for other in (lambda x: x, lambda x: x.view_as(x)):
        with dual_level():
            x = make_dual(tensor(3.0), tensor(1.0))
            x.mul_(other(x))
            assert unpack_dual(x).tangent.tolist() == [6]
    with dual_level():
        x = make_dual(tensor(3.0), tensor(1.0))
        x.mul_(x.detach())
        assert unpack_dual(x).tangent.tolist() == [3]


def test_plain_tensors_take_tangents():
    with dual_level():
        u = make_dual(tensor(2.0, 3.0), tensor(1.0, 10.0))
        x = tensor(5.0, 7.0)
        x.mul_(u)
        assert unpack_dual(x).tangent.tolist() == [5, 70]
        y = torch.zeros(3, dtype=torch.float64)
        y[1:] = u
        y[0] = u[1] * u[0]
        assert y.tolist() == [6, 2, 3] and unpack_dual(y).tangent.tolist() == [23, 1, 10]
        y[[0, 2]] = 1.0
        assert unpack_dual(y).tangent.tolist() == [0, 1, 0]
        z = torch.zeros(2, dtype=torch.float64).copy_(u)
        assert unpack_dual(z).tangent.tolist() == [1, 10]


def test_writes_through_views():
    with dual_level():
        u = make_dual(tensor(2.0, 3.0), tensor(1.0, 10.0))
        x = torch.ones(2, 2, dtype=torch.float64)
        early, row = x.t(), x[0]
        row.mul_(u)
        assert unpack_dual(x).tangent.tolist() == [[1, 10], [0, 0]] and unpack_dual(row).tangent.tolist() == [1, 10]
        assert unpack_dual(early).tangent.tolist() == [[1, 0], [10, 0]]
        early[:, 1].copy_(early[:, 0])
        assert unpack_dual(x).tangent.tolist() == [[1, 10], [1, 10]]
        x.mul_(2)
        assert unpack_dual(row).tangent.tolist() == [2, 20] and unpack_dual(early[0] * 1).tangent.tolist() == [2, 2]
        x[::-1][0].zero_()
        assert unpack_dual(x.sum(1)).tangent.tolist() == [22, 0]


def test_writes_that_are_not_seen_are_errors():
    message = "written to through another tensor on its memory after its tangent had been computed"
    with dual_level():
        x = tensor(3.0)
        dual = make_dual(x, tensor(1.0))
        x.add_(1)
        with pytest.raises(RuntimeError, match=message):
            unpack_dual(dual)
        with pytest.raises(RuntimeError, match=message):
            _ = dual * 2
        with pytest.raises(RuntimeError, match=message):
            dual.mul_(2)
        y = dual.detach() * 1
        y = make_dual(y, tensor(1.0)) * 2
        y.detach().add_(1)
        with pytest.raises(RuntimeError, match=message):
            _ = y.sin()


def test_random_programs():
    """The tangent of the loss along u against <grad, u>, in one run."""
    compared = 0
    for seed in range(600):
        try:
            _, grads = inplace_programs.run(torch, seed, reversed_views=True)
        except RuntimeError:
            continue
        numbers = np.random.RandomState(seed + 2)
        directions = [numbers.uniform(-1, 1, inplace_programs.SHAPE) for _ in range(2)]
        with dual_level():
            leaves = inplace_programs.leaves_of(torch, seed)
            duals = [make_dual(leaf, torch.tensor(u)) for leaf, u in zip(leaves, directions, strict=True)]
            tangent = unpack_dual(inplace_programs.Program(torch, seed, duals, reversed_views=True).run()).tangent
        found = 0.0 if tangent is None else tangent.item()
        expected = sum((g * u).sum() for g, u in zip(grads, directions, strict=True) if g is not None)
        size = max(1.0, sum(np.abs(g).sum() for g in grads if g is not None))
        assert abs(found - expected) <= 1e-11 * size, seed
        compared += 1
    assert compared > 400


# Second derivatives --------------------------------------------------------------------------------------------------------

SECOND = {
    "a power": lambda x: (x**3).sum(),
    "a composition": lambda x: torch.sin(torch.log(x**2 + 1)).prod() + x.logsumexp(0),
    "kept results": lambda x: (x.exp().tanh() * x.softmax(0)).sum(),
    "square in place": lambda x: (x * 1).mul_(x).sum(),
    "itself in place": lambda x: squared(x * 1).sum(),
    "through a view": lambda x: part_scaled(x * 1, x).sin().sum(),
    "an assignment": lambda x: assigned(x * 1, x).exp().sum(),
}


def squared(y):
    return y.mul_(y)


def part_scaled(y, x):
    y[1:].mul_(x[:2]).sin_()
    return y


def assigned(y, x):
    y[0] = y[1].clone() * x[2]
    y.t().tanh_()
    return y


@pytest.mark.parametrize("name", SECOND)
def test_hessians_in_every_order(name):
    """H u: forward over reverse, reverse over forward, reverse over reverse, and differences of gradients."""
    f, u = SECOND[name], tensor(0.3, -0.5, 0.2)

    def leaf(shift=0.0):
        return (tensor(1.3, 0.7, 2.1) + shift * u).requires_grad_()

    def gradient(x, **options):
        return grad(f(x), x, **options)[0]

    with dual_level():
        forward_reverse = unpack_dual(gradient(make_dual(leaf(), u))).tangent
    with dual_level():
        recorded = unpack_dual(gradient(make_dual(leaf(), u), create_graph=True)).tangent.detach()
    x = leaf()
    with dual_level():
        (reverse_forward,) = grad(unpack_dual(f(make_dual(x, u))).tangent, x)
    x = leaf()
    (reverse_reverse,) = grad((gradient(x, create_graph=True) * u).sum(), x)
    differences = (gradient(leaf(1e-6)) - gradient(leaf(-1e-6))) / 2e-6
    for found in (forward_reverse, recorded, reverse_forward):
        assert np.allclose(found.numpy(), reverse_reverse.numpy(), rtol=1e-10, atol=1e-12)
    assert np.allclose(reverse_reverse.numpy(), differences.numpy(), rtol=1e-6, atol=1e-7)


def test_backward_inside_a_level():
    """Gradients that carry tangents add up with them."""
    x = tensor(2.0).requires_grad_()
    with dual_level():
        dual = make_dual(x, tensor(1.0))
        y = dual * 1
        y.retain_grad()
        (y**3).sum().backward()
        (y**2).sum().backward()
        assert y.grad.tolist() == [16] and unpack_dual(y.grad).tangent.tolist() == [12 + 2]
    assert x.grad.tolist() == [16] and forward_ad.unpack_dual(x.grad).tangent is None
