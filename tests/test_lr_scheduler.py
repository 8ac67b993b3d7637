"""Learning rate schedulers against closed forms; state, resuming, tensors as rates, warnings, errors."""

import copy
import math
import warnings

import numpy as np
import pytest

import wengert as torch
from optimizers import parameter
from wengert.optim import lr_scheduler

EPOCHS = 12


def sgd(*rates, **options):
    groups = [{"params": [parameter([1.0])], "lr": rate} for rate in rates or (0.5,)]
    return torch.optim.SGD(groups, **options)


def run(optimizer, scheduler, epochs=EPOCHS):
    """The rates of the first group, epoch by epoch."""
    rates = []
    for _ in range(epochs):
        rates.append(optimizer.param_groups[0]["lr"])
        assert scheduler.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
        optimizer.step()
        scheduler.step()
    return rates


def triangle(epoch, up, down):
    """The height, from 0 to 1 and back."""
    x = epoch % (up + down)
    return x / up if x <= up else 1 - (x - up) / down


def restarts(epoch, period, factor):
    while epoch >= period:
        epoch, period = epoch - period, period * factor
    return (1 + math.cos(math.pi * epoch / period)) / 2


def one_cycle(epoch, steps, share, anneal):
    top = share * steps - 1
    if epoch <= top:
        return anneal(1 / 25, 1.0, epoch / top)
    return anneal(1.0, 1 / 25e4, (epoch - top) / (steps - 1 - top))


def cosine(start, end, share):
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def line(start, end, share):
    return start + (end - start) * share


# name, options, factor of the initial rate 0.5 by epoch
SCHEDULES = [
    ("LambdaLR", {"lr_lambda": lambda epoch: 1 / (1 + epoch)}, lambda e: 1 / (1 + e)),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.9}, lambda e: 0.9**e),
    ("StepLR", {"step_size": 3, "gamma": 0.5}, lambda e: 0.5 ** (e // 3)),
    ("MultiStepLR", {"milestones": [2, 5, 5], "gamma": 0.5}, lambda e: 0.5 ** ((e >= 2) + 2 * (e >= 5))),
    ("ConstantLR", {"factor": 0.25, "total_iters": 4}, lambda e: 0.25 if e < 4 else 1),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.8, "total_iters": 6}, lambda e: 0.1 + 0.7 * min(e, 6) / 6),
    ("ExponentialLR", {"gamma": 0.8}, lambda e: 0.8**e),
    ("PolynomialLR", {"total_iters": 7, "power": 2.0}, lambda e: (1 - min(e, 7) / 7) ** 2),
    ("CosineAnnealingLR", {"T_max": 5, "eta_min": 0.05}, lambda e: 0.1 + 0.9 * (1 + math.cos(math.pi * e / 5)) / 2),
    ("CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 2}, lambda e: restarts(e, 2, 2)),
    ("CosineAnnealingWarmRestarts", {"T_0": 5}, lambda e: restarts(e, 5, 1)),
    (
        "CyclicLR",
        {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 2, "step_size_down": 3},
        lambda e: 0.2 + 0.8 * triangle(e, 2, 3),
    ),
    (
        "CyclicLR",
        {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 2, "mode": "triangular2"},
        lambda e: 0.2 + 0.8 * triangle(e, 2, 2) / 2 ** (e // 4),
    ),
    (
        "CyclicLR",
        {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 2, "mode": "exp_range", "gamma": 0.9},
        lambda e: 0.2 + 0.8 * triangle(e, 2, 2) * 0.9**e,
    ),
    (
        "CyclicLR",
        {"base_lr": 0.1, "max_lr": 0.5, "step_size_up": 2, "scale_fn": lambda x: 1 / x, "cycle_momentum": False},
        lambda e: 0.2 + 0.8 * triangle(e, 2, 2) / (1 + e // 4),
    ),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": EPOCHS}, lambda e: one_cycle(e, EPOCHS, 0.3, cosine)),
    (
        "OneCycleLR",
        {"max_lr": 0.5, "epochs": 3, "steps_per_epoch": 4, "anneal_strategy": "linear", "pct_start": 0.5},
        lambda e: one_cycle(e, EPOCHS, 0.5, line),
    ),
]
every_schedule = pytest.mark.parametrize("name, options, factor", SCHEDULES)


@every_schedule
def test_rates_are_the_closed_form(name, options, factor):
    optimizer = sgd(0.5, momentum=0.9)
    scheduler = getattr(lr_scheduler, name)(optimizer, **options)
    expected = [0.5 * factor(epoch) for epoch in range(EPOCHS)]
    np.testing.assert_allclose(run(optimizer, scheduler), expected, rtol=1e-12, atol=1e-15)
    assert scheduler.last_epoch == EPOCHS


@every_schedule
def test_state_dict_continues_where_it_was(name, options, factor):
    cls = getattr(lr_scheduler, name)
    optimizer = sgd(0.5, momentum=0.9)
    scheduler = cls(optimizer, **options)
    run(optimizer, scheduler, 5)
    saved, saved_optimizer = copy.deepcopy(scheduler.state_dict()), copy.deepcopy(optimizer.state_dict())
    other = sgd(0.5, momentum=0.9)
    again = cls(other, **options)
    other.load_state_dict(saved_optimizer)
    again.load_state_dict(saved)
    assert "optimizer" not in saved and saved["last_epoch"] == 5
    assert run(other, again, 6) == run(optimizer, scheduler, 6)


@pytest.mark.parametrize(
    "name, options",
    [(n, o) for n, o, _ in SCHEDULES if n not in ("LambdaLR", "MultiplicativeLR", "CyclicLR", "OneCycleLR")],
)
def test_step_to_an_epoch(name, options):
    optimizer = sgd(0.5)
    rates = run(optimizer, getattr(lr_scheduler, name)(optimizer, **options))
    scheduler = getattr(lr_scheduler, name)(sgd(0.5), **options)
    for epoch in (7, 3, 0):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            scheduler.step(epoch)
        np.testing.assert_allclose(scheduler.get_last_lr(), [rates[epoch]], rtol=1e-12, atol=1e-15)
        assert scheduler.last_epoch == epoch


def test_warm_restarts_at_fractions():
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(sgd(1.0), T_0=2, T_mult=2)
    for epoch in (0.5, 1.75, 2.0, 3.5, 6.25):
        scheduler.step(epoch)
        assert scheduler.get_last_lr() == [pytest.approx(restarts(epoch, 2, 2))]


def test_groups_have_rates_of_their_own():
    optimizer = sgd(0.5, 1.0)
    scheduler = lr_scheduler.LambdaLR(optimizer, [lambda epoch: 0.5**epoch, lambda epoch: 1 + epoch])
    run(optimizer, scheduler, 2)
    assert scheduler.get_last_lr() == [0.125, 3.0] and scheduler.base_lrs == [0.5, 1.0]
    optimizer = sgd(0.5, 1.0, momentum=0.5)
    scheduler = lr_scheduler.CyclicLR(optimizer, [0.1, 0.2], [0.5, 0.6], 2)
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [pytest.approx(0.3), pytest.approx(0.4)]


def test_momentum_goes_the_other_way():
    optimizer = sgd(0.5, momentum=0.5)
    scheduler = lr_scheduler.CyclicLR(optimizer, 0.1, 0.5, 2, base_momentum=0.6, max_momentum=0.8)
    seen = []
    for _ in range(5):
        seen.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        scheduler.step()
    assert seen == pytest.approx([0.8, 0.7, 0.6, 0.7, 0.8])
    adam = torch.optim.Adam([parameter([1.0])])
    lr_scheduler.OneCycleLR(adam, 0.5, 10, max_momentum=0.75)
    assert adam.param_groups[0]["betas"] == (0.75, 0.999)


def test_three_phases():
    optimizer = sgd(0.5, momentum=0.9)
    scheduler = lr_scheduler.OneCycleLR(optimizer, 1.0, 10, pct_start=0.3, anneal_strategy="linear", three_phase=True)
    rates = run(optimizer, scheduler, 10)
    np.testing.assert_allclose(rates[:5], [0.04, 0.52, 1.0, 0.52, 0.04], rtol=1e-12)
    assert rates == sorted(rates[:3]) + sorted(rates[3:], reverse=True) and rates[-1] == pytest.approx(4e-6)


def test_plateau():
    optimizer = sgd(1.0)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, cooldown=1, min_lr=0.2)
    losses = [5, 4, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3]
    rates = []
    for loss in losses:
        scheduler.step(torch.tensor(float(loss)))
        rates.append(optimizer.param_groups[0]["lr"])
    # Three bad epochs reduce; the one after does not count; at last the bound.
    assert rates == [1.0] * 4 + [0.5] * 4 + [0.25] + [0.25] * 3 + [0.2] * 5
    assert scheduler.best == 3.0 and scheduler.last_epoch == len(losses)


@pytest.mark.parametrize(
    "mode, threshold_mode, better, worse",
    [("min", "rel", 8.9, 9.1), ("min", "abs", 9.8, 9.95), ("max", "rel", 11.1, 10.9), ("max", "abs", 10.2, 10.05)],
)
def test_what_counts_as_better(mode, threshold_mode, better, worse):
    for value, best in ((better, better), (worse, 10.0)):
        scheduler = lr_scheduler.ReduceLROnPlateau(sgd(), mode=mode, threshold=0.1, threshold_mode=threshold_mode)
        scheduler.step(10.0)
        scheduler.step(value)
        assert scheduler.best == best and scheduler.num_bad_epochs == (best == 10.0)


def test_one_after_the_other():
    optimizer = sgd(1.0)
    parts = [
        lr_scheduler.ConstantLR(optimizer, factor=0.1, total_iters=3),
        lr_scheduler.ExponentialLR(optimizer, gamma=0.5),
        lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1),
    ]
    scheduler = lr_scheduler.SequentialLR(optimizer, parts, milestones=[3, 6])
    rates = run(optimizer, scheduler, 10)
    np.testing.assert_allclose(rates, [0.1] * 3 + [1, 0.5, 0.25] + [1, 1, 0.1, 0.1], rtol=1e-12)
    saved = copy.deepcopy(scheduler.state_dict())
    other = sgd(1.0)
    again = lr_scheduler.SequentialLR(
        other,
        [
            lr_scheduler.ConstantLR(other, factor=0.1, total_iters=3),
            lr_scheduler.ExponentialLR(other, gamma=0.5),
            lr_scheduler.StepLR(other, step_size=2, gamma=0.1),
        ],
        milestones=[3, 6],
    )
    again.load_state_dict(saved)
    other.load_state_dict(optimizer.state_dict())
    assert run(other, again, 3) == run(optimizer, scheduler, 3)


def test_all_at_once():
    optimizer = sgd(1.0)
    parts = [lr_scheduler.ConstantLR(optimizer, factor=0.1, total_iters=2), lr_scheduler.ExponentialLR(optimizer, gamma=0.9)]
    scheduler = lr_scheduler.ChainedScheduler(parts, optimizer)
    np.testing.assert_allclose(run(optimizer, scheduler, 4), [0.1, 0.09, 0.81, 0.729], rtol=1e-12)
    state = copy.deepcopy(scheduler.state_dict())
    scheduler.load_state_dict(state)
    assert [part["last_epoch"] for part in state["_schedulers"]] == [4, 4]


def test_rates_that_are_tensors():
    """The tensor is written to; what was returned before does not change."""
    rate = torch.tensor(1.0, dtype=torch.float64)
    optimizer = torch.optim.SGD([parameter([1.0])], lr=rate)
    scheduler = lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    before = scheduler.get_last_lr()[0]
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is rate and rate.item() == 0.5 and before.item() == 1.0
    assert scheduler.base_lrs[0].item() == 1.0


def test_resuming_at_an_epoch():
    optimizer = sgd(0.5)
    with pytest.raises(KeyError, match="param 'initial_lr' is not specified in param_groups"):
        lr_scheduler.StepLR(optimizer, 2, last_epoch=3)
    optimizer.param_groups[0]["initial_lr"] = 0.5
    scheduler = lr_scheduler.LambdaLR(optimizer, lambda epoch: epoch, last_epoch=3)
    assert scheduler.last_epoch == 4 and scheduler.get_last_lr() == [2.0]


def test_callable_objects_keep_their_state():
    class Factor:
        def __init__(self, base):
            self.base = base

        def __call__(self, epoch):
            return self.base**epoch

    scheduler = lr_scheduler.LambdaLR(sgd(1.0), Factor(0.5))
    state = scheduler.state_dict()
    assert state["lr_lambdas"] == [{"base": 0.5}]
    other = lr_scheduler.LambdaLR(sgd(1.0), Factor(0.9))
    other.load_state_dict(state)
    assert other.lr_lambdas[0].base == 0.5
    assert lr_scheduler.LambdaLR(sgd(1.0), lambda epoch: 1).state_dict()["lr_lambdas"] == [None]
    cyclic = lr_scheduler.CyclicLR(sgd(1.0), 0.1, 1.0, scale_fn=Factor(0.5), cycle_momentum=False)
    state = cyclic.state_dict()
    assert state["_scale_fn_custom"] == {"base": 0.5} and "_scale_fn_custom" in state
    cyclic._scale_fn_custom.base = 7
    cyclic.load_state_dict(state)
    assert cyclic.scale_fn(2) == 0.25 and state["_scale_fn_custom"] == {"base": 0.5}


# Order of calls


def test_scheduler_before_optimizer_warns():
    optimizer = sgd()
    scheduler = lr_scheduler.StepLR(optimizer, 2)
    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        scheduler.step()
    optimizer.step()
    scheduler.step()


def test_replaced_step_warns():
    optimizer = sgd()
    scheduler = lr_scheduler.StepLR(optimizer, 2)
    optimizer.step = lambda closure=None: None
    with pytest.warns(UserWarning, match=r"Seems like `optimizer.step\(\)` has been overridden"):
        scheduler.step()


def test_rates_asked_for_outside_of_step_warn():
    scheduler = lr_scheduler.StepLR(sgd(), 2)
    with pytest.warns(UserWarning, match=r"please use `get_last_lr\(\)`"):
        scheduler.get_lr()
    scheduler.optimizer.step()
    with pytest.warns(UserWarning, match="The epoch parameter"):
        scheduler.step(3)


def test_steps_under_a_scheduler():
    """A step keeps its result, its closure and its hooks, also those registered later."""
    p = parameter([1.0])
    optimizer = torch.optim.SGD([p], lr=0.5)
    lr_scheduler.StepLR(optimizer, 2)
    seen = []
    optimizer.register_step_pre_hook(lambda *_: seen.append("hook"))
    p.grad = torch.tensor([1.0])
    assert optimizer.step(lambda: "loss") == "loss" and p.item() == 0.5 and seen == ["hook"]
    lr_scheduler.StepLR(optimizer, 2)
    optimizer.step()
    assert p.item() == 0.0 and seen == ["hook", "hook"]


# Errors

BAD = [
    ("ConstantLR", {"factor": 1.5}, "Constant multiplicative factor expected to be between 0 and 1."),
    ("LinearLR", {"start_factor": 0}, "Starting multiplicative factor expected to be greater than 0"),
    ("LinearLR", {"end_factor": 2}, "Ending multiplicative factor expected to be between 0 and 1."),
    ("LambdaLR", {"lr_lambda": [abs, abs]}, "Expected 1 lr_lambdas, but got 2"),
    ("CosineAnnealingWarmRestarts", {"T_0": 0}, "Expected positive integer T_0, but got 0"),
    ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 1.5}, "Expected integer T_mult >= 1, but got 1.5"),
    ("CosineAnnealingWarmRestarts", {"T_0": 1, "eta_min": "0"}, "Expected float or int eta_min"),
    ("CyclicLR", {"base_lr": [0.1, 0.2], "max_lr": 1}, "base_lr must have the same length as optimizer.param_groups"),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 1, "mode": "square"}, "mode is invalid and scale_fn is None"),
    ("OneCycleLR", {"max_lr": 1}, "You must define either total_steps OR"),
    ("OneCycleLR", {"max_lr": 1, "total_steps": 0}, "Expected positive integer total_steps, but got 0"),
    ("OneCycleLR", {"max_lr": 1, "epochs": 1.5, "steps_per_epoch": 1}, "Expected positive integer epochs, but got 1.5"),
    ("OneCycleLR", {"max_lr": 1, "total_steps": 5, "pct_start": 2.0}, "Expected float between 0 and 1 pct_start"),
    (
        "OneCycleLR",
        {"max_lr": 1, "total_steps": 5, "anneal_strategy": "up"},
        "anneal_strategy must be one of 'cos' or 'linear'",
    ),
    ("ReduceLROnPlateau", {"factor": 1.0}, "Factor should be < 1.0."),
    ("ReduceLROnPlateau", {"mode": "best"}, "mode best is unknown!"),
    ("ReduceLROnPlateau", {"threshold_mode": "far"}, "threshold mode far is unknown!"),
    ("ReduceLROnPlateau", {"min_lr": [0, 0]}, "expected 1 min_lrs, got 2"),
]


@pytest.mark.parametrize("name, options, message", BAD)
def test_options_out_of_range(name, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(lr_scheduler, name)(sgd(momentum=0.9), **options)


def test_what_does_not_fit():
    with pytest.raises(TypeError, match="int is not an Optimizer"):
        lr_scheduler.StepLR(1, 2)
    with pytest.raises(TypeError, match="lr_lambda should be a function, but got int"):
        lr_scheduler.MultiplicativeLR(sgd(), 2)
    with pytest.raises(ValueError, match="optimizer must support momentum or beta1"):
        lr_scheduler.CyclicLR(torch.optim.Adagrad([parameter([1.0])]), 0.1, 1.0)
    optimizer, other = sgd(), sgd()
    step = lr_scheduler.StepLR(optimizer, 2)
    with pytest.raises(ValueError, match="expects all schedulers to belong to the same optimizer"):
        lr_scheduler.ChainedScheduler([step, lr_scheduler.StepLR(other, 2)])
    with pytest.raises(ValueError, match="expects at least one scheduler to be chained"):
        lr_scheduler.ChainedScheduler([])
    with pytest.raises(ValueError, match="does not support `ReduceLROnPlateau`"):
        lr_scheduler.SequentialLR(optimizer, [lr_scheduler.ReduceLROnPlateau(optimizer)], [])
    with pytest.raises(ValueError, match="number of schedulers provided to be one more"):
        lr_scheduler.SequentialLR(optimizer, [step], [3])
    with pytest.raises(TypeError, match="at index 0 should have `optimizer` as its attribute"):
        lr_scheduler.SequentialLR(optimizer, [1], [])
    cycle = lr_scheduler.OneCycleLR(sgd(), 1.0, 2, cycle_momentum=False)
    cycle.optimizer.step()
    cycle.step()
    cycle.step()
    with pytest.raises(ValueError, match=r"Tried to step 3 times\. The specified number of total steps is 2"):
        cycle.step()
    with pytest.raises(ValueError, match="Expected non-negative epoch, but got -1"):
        lr_scheduler.CosineAnnealingWarmRestarts(sgd(), 2).step(-1)
