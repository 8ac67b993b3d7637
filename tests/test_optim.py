"""Optimizers against the published algorithms in float64 (tests/optimizers.py), for every layout, size and split over threads."""

import sys

import numpy as np
import pytest

import wengert as torch
from optimizers import CASES, NAMES, OPTIONS, REFERENCES, every_optimizer, gradients, make, parameter, values
from reference import bits


@pytest.mark.parametrize("name, options", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps_are_the_algorithm(name, options, dtype):
    start = np.random.default_rng(3).standard_normal(67).astype(dtype)
    exact, reference = start.astype("float64"), REFERENCES[name](**options)
    p = parameter(start)
    optimizer = make(name, [p], **options)
    for t, g in enumerate(gradients(start.shape, dtype), 1):
        p.grad = torch.tensor(g)
        optimizer.step()
        reference.step(exact, g.astype("float64"), t)
        # NAdam's product of mu and ASGD's eta are kept in float32, as PyTorch keeps them.
        tolerance = 2e-5 if dtype == "float32" else 1e-6 if name in ("NAdam", "ASGD") else 1e-12
        np.testing.assert_allclose(values(p), exact, rtol=tolerance, atol=tolerance, err_msg=f"step {t}")


def test_asgd_averages():
    p = parameter([1.0])
    optimizer = torch.optim.ASGD([p], lr=0.1, t0=1)
    seen = []
    for _ in range(4):
        p.grad = torch.tensor([1.0])
        optimizer.step()
        seen.append(p.item())
    # mu is 1 for three steps, since max(1, t - t0) is, then 1/2.
    assert optimizer.state[p]["ax"].item() == pytest.approx((seen[2] + seen[3]) / 2)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_finds_the_minimum_of_a_quadratic(search):
    rng = np.random.default_rng(0)
    root = rng.standard_normal((5, 5))
    matrix, target = root @ root.T + np.eye(5), rng.standard_normal(5)
    p = parameter(np.zeros(5))
    optimizer = torch.optim.LBFGS([p], line_search_fn=search, max_iter=50, tolerance_change=1e-14)
    losses = []

    def closure():
        residual = matrix @ (values(p) - target)
        p.grad = torch.tensor(residual)
        losses.append(0.5 * float((values(p) - target) @ residual))
        return losses[-1]

    assert optimizer.step(closure) == losses[0]
    np.testing.assert_allclose(values(p), target, atol=1e-6)
    state = optimizer.state[p]
    assert state["func_evals"] == len(losses) <= 62 and state["n_iter"] <= 50


def test_lbfgs_of_several_parameters_and_missing_gradients():
    p, q, unused = parameter([[3.0, 1.0]]), parameter(2.0), parameter([5.0])
    optimizer = torch.optim.LBFGS([p, q, unused], line_search_fn="strong_wolfe", history_size=2)

    def closure():
        p.grad, q.grad = torch.tensor(2 * values(p)), torch.tensor(4 * values(q))
        return float((values(p) ** 2).sum() + 2 * values(q) ** 2)

    optimizer.step(closure)
    assert abs(values(p)).max() < 1e-5 and abs(q.item()) < 1e-5 and unused.tolist() == [5.0]
    assert len(optimizer.state[p]["old_dirs"]) <= 2


def test_the_lectures_loop():
    """Ten iterations of Adam on sin(log(x^2 + 1)) from 1, and what the lecture prints."""
    x = torch.tensor([1.0], requires_grad=True)
    optimizer = torch.optim.Adam([x], lr=0.1)
    seen, losses = [], []
    for _ in range(10):
        seen.append(f"{x.item():.4f}")
        y = torch.sin(torch.log(x**2 + 1))
        losses.append(f"{y.item():.6f}")
        y.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert seen == ["1.0000", "0.9000", "0.7999", "0.6996", "0.5992", "0.4989", "0.3989", "0.3000", "0.2032", "0.1100"]
    assert losses == (
        ["0.638961", "0.559122", "0.474661", "0.387947", "0.301997", "0.220408", "0.147134", "0.086076", "0.040449", "0.012033"]
    )
    assert f"{x.item():.4f}" == "0.0226"


def test_gradients_of_a_closure():
    """step() records what its closure computes, also where nothing is recorded around it."""
    for make_optimizer in (lambda p: torch.optim.SGD([p], lr=0.25), lambda p: torch.optim.LBFGS([p], max_iter=1)):
        x = torch.tensor([3.0], requires_grad=True)
        optimizer = make_optimizer(x)

        def closure(x=x, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (x * x).sum()
            loss.backward()
            return loss

        with torch.no_grad():
            assert optimizer.step(closure).item() == 9.0
            assert not torch.is_grad_enabled()
        assert x.item() < 3.0 and x.grad is not None and x.requires_grad


# Layouts, sizes, edges


def layouts_of_parameters(dtype):
    """(name, parameter, gradient) whose elements are 0 .. 23 in some order of memory."""
    base = np.arange(24, dtype=dtype).reshape(4, 6)
    dense, step = torch.tensor(base), torch.tensor(base + 1)
    yield "contiguous", dense.clone(), step.clone()
    yield "transposed", torch.tensor(base.T.copy()).t(), torch.tensor((base + 1).T.copy()).t()
    yield "gradient transposed", dense.clone(), torch.tensor((base + 1).T.copy()).t()
    yield "parameter transposed", torch.tensor(base.T.copy()).t(), step.clone()
    yield "columns", torch.tensor(np.repeat(base, 2, 1))[:, ::2], step.clone()
    yield "reversed", torch.from_numpy(base[::-1, ::-1].copy()[::-1, ::-1]), step.clone()
    yield "permuted", torch.tensor(base.reshape(4, 1, 6).transpose(2, 0, 1).copy()).permute(1, 2, 0)[:, 0], step.clone()


@every_optimizer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_layout(name, dtype):
    options = OPTIONS[name][-1]
    results = {}
    for layout, p, g in layouts_of_parameters(dtype):
        p = p.detach().requires_grad_()
        optimizer = make(name, [p], **options)
        for scale in (1.0, -0.5, 0.25):
            p.grad = g * scale if layout == "contiguous" else g.mul(scale)
            optimizer.step()
        results[layout] = bits(p.detach().contiguous())
    assert len(set(results.values())) == 1, list(results)


def test_expanded_gradient():
    p = parameter([1.0, 2.0, 3.0])
    p.grad = torch.tensor([0.5]).expand(3)
    torch.optim.SGD([p], lr=1.0).step()
    assert p.tolist() == [0.5, 1.5, 2.5]


@every_optimizer
def test_a_part_of_a_tensor_leaves_the_rest_alone(name):
    whole = torch.tensor(np.arange(40, dtype="float32"))
    p = whole[3:30:3].detach().requires_grad_()
    before = whole.clone()
    p.grad = torch.ones(9)
    make(name, [p], **OPTIONS[name][0]).step()
    changed = (whole != before).tolist()
    assert [i for i, c in enumerate(changed) if c] == list(range(3, 30, 3))


@every_optimizer
def test_same_bits_for_any_split(name):
    """Many parameters of any size at once, one thread or two: as each on its own."""
    sizes = [1, 2, 7, 16, 17, 1000, 4096, 40_001, 3, *[5] * 40, 100_003]
    rng = np.random.default_rng(0)
    starts = [rng.standard_normal(n).astype("float32") for n in sizes]
    steps = [rng.standard_normal(n).astype("float32") for n in sizes]
    options = OPTIONS[name][-1]

    def run(threads, together):
        torch.set_num_threads(threads)
        params = [parameter(a) for a in starts]
        optimizers = [make(name, params, **options)] if together else [make(name, [p], **options) for p in params]
        for _ in range(3):
            for p, g in zip(params, steps, strict=True):
                p.grad = torch.tensor(g)
            for optimizer in optimizers:
                optimizer.step()
        return [bits(p.detach()) for p in params]

    expected = run(1, False)
    assert run(1, True) == expected and run(2, True) == expected


@every_optimizer
def test_no_gradient_no_step(name):
    p, q = parameter([1.0, 2.0]), parameter([3.0])
    optimizer = make(name, [p, q], lr=0.1)
    q.grad = torch.tensor([1.0])
    optimizer.step()
    assert p.tolist() == [1.0, 2.0] and q.item() != 3.0
    if name != "Adagrad":  # which makes its state at once
        assert p not in optimizer.state


@every_optimizer
def test_empty_and_scalar_parameters(name):
    p, q = parameter(np.zeros((0, 3), "float32")), parameter(np.float32(2.0))
    p.grad, q.grad = torch.zeros(0, 3), torch.tensor(1.0)
    optimizer = make(name, [p, q], **OPTIONS[name][-1])
    optimizer.step()
    assert p.shape == (0, 3) and q.dim() == 0 and q.item() != 2.0
    assert all(
        kept.shape == (0, 3) for key, kept in optimizer.state[p].items() if key not in ("step", "mu_product", "eta", "mu")
    )


@every_optimizer
def test_nan_stays_where_it_is(name):
    p = parameter(np.ones(20, "float32"))
    optimizer = make(name, [p], **OPTIONS[name][0])
    g = np.ones(20, "float32")
    for bad in (3, 17):
        g[bad] = np.nan
    for _ in range(2):
        p.grad = torch.tensor(g)
        optimizer.step()
    bad = np.isnan(values(p))
    assert bad.tolist() == [i in (3, 17) if name != "Rprop" else False for i in range(20)]


def test_zero_steps_do_not_move():
    p = parameter([1.0, -2.0])
    p.grad = torch.zeros(2)
    for name in NAMES:
        if name not in ("AdamW", "ASGD"):  # which decay
            make(name, [p], lr=0.1).step()
            assert p.tolist() == [1.0, -2.0], name


def test_the_same_parameter_twice_takes_two_steps():
    p = parameter(np.ones(30_000, "float32"))
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimizer = torch.optim.Adam([p, p], lr=0.1)
    p.grad = torch.ones(30_000)
    optimizer.step()
    assert optimizer.state[p]["step"].item() == 2
    np.testing.assert_allclose(values(p), 0.8, rtol=1e-5)


def test_steps_hold_on_to_nothing():
    p = parameter([1.0, 2.0])
    p.grad = torch.ones(2)
    optimizer = torch.optim.Adam([p], lr=0.1)
    optimizer.step()
    held = [p, p.grad, optimizer.state[p], *optimizer.state[p].values()]
    before = [sys.getrefcount(item) for item in held]
    for _ in range(10):
        optimizer.step()
    optimizer.param_groups[0]["params"].append("no tensor")
    for _ in range(10):
        with pytest.raises(TypeError, match="can only optimize Tensors"):
            optimizer.step()
    assert [sys.getrefcount(item) for item in held] == before


def test_saved_values_that_a_step_changed():
    """A step counts as a write: the backward of what was computed before it is refused."""
    p = parameter([2.0])
    y = (p * p).sum()
    p.grad = torch.tensor([1.0])
    torch.optim.SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_version_counts():
    p = parameter([1.0])
    p.grad = torch.tensor([1.0])
    before = p._version
    torch.optim.SGD([p], lr=0.1).step()
    assert p._version > before
