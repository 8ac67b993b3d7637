"""Optimizers and schedulers against PyTorch: ten steps of every option, state dicts, rates to the last bit."""

import numpy as np
import pytest

import wengert
import wengert.optim
from optimizers import CASES, NAMES, OPTIONS, gradients
from test_lr_scheduler import BAD as BAD_SCHEDULERS
from test_lr_scheduler import SCHEDULES
from test_optim_state import BAD

pytestmark = pytest.mark.parity

SIZE = 67  # whole vectors and a tail


def both():
    torch = pytest.importorskip("torch")
    return wengert, torch


def train(torch, name, options, start, steps):
    """The parameter after each step, and the optimizer."""
    p = torch.tensor(start, requires_grad=True)
    optimizer = getattr(torch.optim, name)([p], **options)
    seen = []
    for g in steps:
        p.grad = torch.tensor(g)
        optimizer.step()
        seen.append(p.detach().numpy().copy())
    return seen, optimizer


def assert_close(ours, theirs, scale, about):
    """Equal but for the last bits: PyTorch's square root is off by one of them, and a step is no smaller than its terms."""
    assert ours.dtype == theirs.dtype, about
    error = np.abs(ours - theirs) / (np.finfo(ours.dtype).eps * np.maximum(np.abs(theirs), scale))
    assert np.nanmax(error, initial=0) <= 4, (about, float(np.nanmax(error)))
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs), err_msg=str(about))


@pytest.mark.parametrize("name, options", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ten_steps(name, options, dtype):
    start = np.random.default_rng(5).standard_normal(SIZE).astype(dtype)
    runs = [train(torch, name, options, start, gradients(SIZE, dtype)) for torch in both()]
    (ours, optimizer), (theirs, peer) = runs
    for step, (a, b) in enumerate(zip(ours, theirs, strict=True), 1):
        assert_close(a, b, 1.0, f"step {step}")
    mine, its = optimizer.state_dict(), peer.state_dict()
    assert mine["param_groups"] == its["param_groups"] and list(mine["param_groups"][0]) == list(its["param_groups"][0])
    assert list(mine["state"]) == list(its["state"])
    for key in mine["state"]:
        assert list(mine["state"][key]) == list(its["state"][key])
        for part, kept in mine["state"][key].items():
            other = its["state"][key][part]
            assert tuple(kept.shape) == tuple(other.shape) and str(kept.dtype) == str(other.dtype), part
            # A state is a sum over steps, as exact as the largest of them.
            assert_close(np.asarray(kept), other.numpy(), max(1.0, float(abs(other).max())), part)


@pytest.mark.parametrize("name", ["SGD", "ASGD"])
def test_without_roots_the_bits_are_equal(name):
    start = np.random.default_rng(5).standard_normal(SIZE).astype("float32")
    if wengert._C.isa() == "generic":
        pytest.skip("products are fused with sums where the instruction set has it")
    for options in OPTIONS[name]:
        ours, theirs = (train(torch, name, options, start, gradients(SIZE, "float32"))[0] for torch in both())
        np.testing.assert_array_equal(ours, theirs, err_msg=str(options))


@pytest.mark.parametrize("name", NAMES)
def test_special_values(name):
    start = np.array([0.0, -0.0, 1e-30, 1e30, 1.0, 2.0, 3.0, -1.0], "float32")
    steps = [np.array([0.0, 1.0, 1e-30, 1e-10, np.nan, np.inf, -np.inf, 1e20], "float32")] * 3
    with np.errstate(all="ignore"):
        for options in OPTIONS[name][:1]:
            ours, theirs = (train(torch, name, options, start, steps)[0] for torch in both())
            for a, b in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(np.isfinite(a), np.isfinite(b))
                np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_state_dicts_travel(name):
    """Half of the way there, the other half here, and the other way round."""
    options = OPTIONS[name][-1]
    start = np.random.default_rng(5).standard_normal(SIZE).astype("float32")
    steps = gradients(SIZE, "float32")
    expected = train(wengert, name, options, start, steps)[0][-1]
    for first, second in (both(), both()[::-1]):
        seen, optimizer = train(first, name, options, start, steps[:5])
        state = optimizer.state_dict()
        state["state"] = {
            number: {key: second.tensor(np.array(kept.tolist(), str(kept.dtype).split(".")[-1])) for key, kept in entry.items()}
            for number, entry in state["state"].items()
        }
        p = second.tensor(seen[-1], requires_grad=True)
        again = getattr(second.optim, name)([p], **options)
        again.load_state_dict(state)
        for g in steps[5:]:
            p.grad = second.tensor(g)
            again.step()
        assert_close(p.detach().numpy(), expected, 1.0, (first.__name__, second.__name__))


@pytest.mark.parametrize("name", NAMES)
def test_training(name):
    """A network of two layers, gradients by backward(): losses of ten steps."""
    rng = np.random.default_rng(1)
    x, target = rng.standard_normal((16, 3)), rng.standard_normal((16, 1))
    weights = [rng.standard_normal(shape) for shape in ((3, 5), (5,), (5, 1), (1,))]
    runs = []
    for torch in both():
        params = [torch.tensor(w, requires_grad=True) for w in weights]
        optimizer = getattr(torch.optim, name)([{"params": params[:2]}, {"params": params[2:], "lr": 0.01}], lr=0.02)
        losses = []
        for _ in range(10):
            hidden = (torch.tensor(x) @ params[0] + params[1]).tanh()
            loss = ((hidden @ params[2] + params[3] - torch.tensor(target)) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        runs.append(losses)
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-9)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize("history", [2, 100])
def test_lbfgs(search, history):
    rng = np.random.default_rng(0)
    root = rng.standard_normal((6, 6))
    matrix, target = root @ root.T + np.eye(6), rng.standard_normal(6)
    runs = []
    for torch in both():
        p = torch.tensor(np.zeros(6), requires_grad=True)
        lr = 1 if search else 0.1
        optimizer = torch.optim.LBFGS([p], lr=lr, line_search_fn=search, history_size=history, max_iter=4)

        def closure(torch=torch, p=p):
            x = p.detach().numpy() - target
            p.grad = torch.tensor(matrix @ x + 4 * x**3)
            return float(0.5 * x @ matrix @ x + (x**4).sum())

        seen = []
        for _ in range(4):
            optimizer.step(closure)
            seen.append(p.detach().numpy().copy())
        state = optimizer.state_dict()["state"][0]
        runs.append((seen, state["func_evals"], state["n_iter"], set(state), len(state["old_dirs"])))
    (ours, *counts), (theirs, *their_counts) = runs
    assert counts == their_counts
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name, options, message", BAD)
def test_messages_of_optimizers(name, options, message):
    texts = []
    for torch in both():
        with pytest.raises(ValueError, match=message) as error:
            getattr(torch.optim, name)([torch.tensor([1.0], requires_grad=True)], **options)
        texts.append(str(error.value))
    assert texts[0] == texts[1]


def test_repr():
    ours, theirs = (
        [repr(getattr(torch.optim, name)([torch.tensor([1.0], requires_grad=True)])) for name in (*NAMES, "LBFGS")]
        for torch in both()
    )
    assert ours == theirs


# Schedulers


def rates(torch, make, epochs=12, momentum=0.9, optimizer="SGD"):
    p, q = (torch.tensor([1.0], requires_grad=True) for _ in range(2))
    options = {"momentum": momentum} if optimizer == "SGD" else {}
    optimizer = getattr(torch.optim, optimizer)([{"params": [p]}, {"params": [q], "lr": 0.03}], lr=0.5, **options)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    seen = []
    for epoch in range(epochs):
        seen.append([{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step(*([abs(epoch - 3.0)] if "Plateau" in type(scheduler).__name__ else []))
    return seen, scheduler.state_dict()


def comparable(state):
    return {key: [comparable(s) for s in value] if key == "_schedulers" else value for key, value in state.items()}


MADE = [
    *[lambda module, o, n=n, kw=kw: getattr(module, n)(o, **kw) for n, kw, _ in SCHEDULES],
    lambda m, o: m.OneCycleLR(o, [0.3, 0.7], 12, three_phase=True, div_factor=10.0, pct_start=0.4),
    lambda m, o: m.CyclicLR(o, [0.1, 0.2], [0.4, 0.9], 3, 2, base_momentum=0.7, max_momentum=0.95),
    lambda m, o: m.CosineAnnealingLR(o, 3, 0.01),
    lambda m, o: m.MultiStepLR(o, [1, 4, 9]),
    lambda m, o: m.LinearLR(o),
    lambda m, o: m.ConstantLR(o),
    lambda m, o: m.PolynomialLR(o),
    lambda m, o: m.ReduceLROnPlateau(o, patience=1, factor=0.5, cooldown=1, min_lr=[0.01, 0.001]),
    lambda m, o: m.ReduceLROnPlateau(o, mode="max", patience=0, threshold_mode="abs"),
    lambda m, o: m.ChainedScheduler([m.ConstantLR(o, 0.1, 4), m.ExponentialLR(o, 0.9), m.CosineAnnealingLR(o, 5)]),
    lambda m, o: m.SequentialLR(o, [m.LinearLR(o, 0.1, total_iters=4), m.CosineAnnealingLR(o, 6)], [4]),
    lambda m, o: m.SequentialLR(o, [m.ConstantLR(o, 0.5, 3), m.ExponentialLR(o, 0.9), m.StepLR(o, 2)], [3, 7]),
    # A sequence within one takes its first step twice.
    lambda m, o: m.SequentialLR(
        o, [m.SequentialLR(o, [m.ConstantLR(o, 0.5, 9), m.ExponentialLR(o, 0.5)], [2]), m.StepLR(o, 2)], [4]
    ),
]


@pytest.mark.parametrize("make", MADE)
@pytest.mark.filterwarnings("ignore:Detected call")
def test_rates(make):
    (ours, state), (theirs, peer) = (rates(torch, make) for torch in both())
    assert ours == theirs
    assert set(state) == set(peer) and comparable(state) == comparable(peer)


@pytest.mark.parametrize("make", [MADE[11], MADE[15]])
def test_momentum_of_adam(make):
    ours, theirs = (rates(torch, make, optimizer="Adam")[0] for torch in both())
    assert ours == theirs


@pytest.mark.parametrize("name, options, message", BAD_SCHEDULERS)
def test_messages_of_schedulers(name, options, message):
    texts = []
    for torch in both():
        optimizer = torch.optim.SGD([torch.tensor([1.0], requires_grad=True)], lr=0.5, momentum=0.9)
        with pytest.raises(ValueError, match=message) as error:
            getattr(torch.optim.lr_scheduler, name)(optimizer, **options)
        texts.append(str(error.value))
    assert texts[0] == texts[1]
