"""Optimizers around their steps: options, groups, state dicts, hooks, errors."""

import copy
import pickle

import numpy as np
import pytest

import wengert as torch
from optimizers import OPTIONS, Reference, every_optimizer, gradients, make, parameter, values
from reference import bits

# Options


def test_tensors_as_options():
    def run(lr, betas):
        p = parameter([1.0, 2.0])
        optimizer = torch.optim.Adam([p], lr=lr, betas=betas)
        for _ in range(3):
            p.grad = torch.tensor([1.0, -0.5])
            optimizer.step()
        return p.tolist()

    betas = torch.tensor(0.5, dtype=torch.float64), torch.tensor([0.75], dtype=torch.float64)
    assert run(torch.tensor(0.25), (0.5, 0.75)) == run(0.25, (0.5, 0.75)) == run(0.25, betas)


def test_groups_have_options_of_their_own():
    p, q = parameter([1.0]), parameter([1.0])
    optimizer = torch.optim.SGD([{"params": [p]}, {"params": q, "lr": 1.0}], lr=0.5)
    p.grad, q.grad = torch.tensor([0.5]), torch.tensor([0.5])
    optimizer.step()
    assert p.item() == 0.75 and q.item() == 0.5
    late = parameter([1.0])
    optimizer.add_param_group({"params": late, "momentum": 0.5})
    late.grad = torch.tensor([1.0])
    optimizer.step()
    assert late.item() == 0.5 and "momentum_buffer" in optimizer.state[late] and p not in optimizer.state
    optimizer.param_groups[0]["lr"] = 0.0
    before = p.item()
    optimizer.step()
    assert p.item() == before


def test_replaced_state_and_parameters_are_seen():
    p = parameter([1.0])
    optimizer = torch.optim.SGD([p], lr=1.0, momentum=0.5)
    p.grad = torch.tensor([1.0])
    optimizer.step()
    optimizer.state[p]["momentum_buffer"] = torch.tensor([4.0])
    optimizer.step()
    assert p.item() == -3.0  # 0 - (0.5 * 4 + 1)
    optimizer.state.clear()
    optimizer.step()
    assert p.item() == -4.0
    q = parameter([1.0])
    q.grad = torch.tensor([2.0])
    optimizer.param_groups[0]["params"][0] = q
    optimizer.step()
    assert q.item() == -1.0 and p.item() == -4.0


def test_hints_change_nothing():
    results = set()
    for hints in ({}, {"foreach": True}, {"foreach": False}, {"fused": True}, {"fused": False}):
        p = parameter(np.linspace(-1, 1, 37, dtype="float32"))
        optimizer = torch.optim.Adam([p], lr=0.1, **hints)
        for g in gradients(37, "float32"):
            p.grad = torch.tensor(g)
            optimizer.step()
        results.add(bits(p.detach()))
    assert len(results) == 1


def test_repr():
    optimizer = torch.optim.SGD([{"params": [parameter([1.0])]}, {"params": [parameter([1.0])], "lr": 0.5}], lr=0.1)
    one = (
        "Parameter Group {}\n    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n    lr: {}\n"
        "    maximize: False\n    momentum: 0\n    nesterov: False\n    weight_decay: 0\n"
    )
    assert repr(optimizer) == "SGD (\n" + one.format(0, 0.1) + one.format(1, 0.5) + ")"


def test_closure():
    p = parameter([2.0])
    optimizer = torch.optim.SGD([p], lr=0.25)

    def closure():
        p.grad = torch.tensor(2 * values(p))
        return "loss"

    assert optimizer.step(closure) == "loss" and p.item() == 1.0 and optimizer.step() is None


def test_zero_grad():
    p, q = parameter([2.0]), parameter([1.0])
    optimizer = torch.optim.SGD([p, q], lr=0.1)
    p.grad = kept = torch.tensor([1.0])
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is kept and kept.item() == 0.0 and q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


# State dicts


@every_optimizer
def test_state_dict_continues_where_it_was(name):
    options = OPTIONS[name][-1]
    steps = gradients(9, "float32", 6)

    def train(p, optimizer, some):
        for g in some:
            p.grad = torch.tensor(g)
            optimizer.step()

    p = parameter(np.ones(9, "float32"))
    optimizer = make(name, [p], **options)
    train(p, optimizer, steps[:3])
    saved = copy.deepcopy(optimizer.state_dict())
    q = parameter(values(p).copy())
    again = make(name, [q], **{**options, "lr": 0.5})
    again.load_state_dict(saved)
    third = pickle.loads(pickle.dumps(optimizer))
    r = third.param_groups[0]["params"][0]
    train(p, optimizer, steps[3:])
    train(q, again, steps[3:])
    train(r, third, steps[3:])
    assert bits(p.detach()) == bits(q.detach()) == bits(r.detach())
    assert list(saved) == ["state", "param_groups"] and saved["param_groups"][0]["params"] == [0]


@every_optimizer
def test_loaded_tensors_have_the_parameters_dtype(name):
    p, q = parameter(np.ones(3)), parameter(np.ones(3, "float32"))
    optimizer = make(name, [p], **OPTIONS[name][-1])
    p.grad, q.grad = torch.ones(3, dtype=torch.float64), torch.ones(3)
    optimizer.step()
    other = make(name, [q], **OPTIONS[name][-1])
    other.load_state_dict(optimizer.state_dict())
    other.step()
    for key, kept in other.state[q].items():
        assert kept.dtype == torch.float32, key


def test_steps_that_were_numbers_become_tensors():
    p = parameter([1.0])
    optimizer = torch.optim.Adam([p], lr=0.1)
    state = optimizer.state_dict()
    state["state"] = {0: {"step": 4, "exp_avg": torch.tensor([0.5]), "exp_avg_sq": torch.tensor([0.25])}}
    for key in ("amsgrad", "fused", "decoupled_weight_decay"):
        del state["param_groups"][0][key]
    optimizer.load_state_dict(state)
    p.grad = torch.tensor([1.0])
    optimizer.step()
    assert optimizer.state[p]["step"].item() == 5 and optimizer.state[p]["step"].dtype == torch.float32
    assert optimizer.param_groups[0]["amsgrad"] is False


def test_step_counts_follow_the_default_dtype():
    torch.set_default_dtype(torch.float64)
    p = parameter([1.0])
    p.grad = torch.tensor([1.0])
    for fused, dtype in ((None, torch.float64), (True, torch.float32)):
        optimizer = torch.optim.Adam([p], fused=fused)
        optimizer.step()
        assert optimizer.state[p]["step"].dtype == dtype


def test_state_dict_hooks():
    p = parameter([1.0])
    optimizer = torch.optim.SGD([p], lr=0.1)
    seen = []
    handle = optimizer.register_state_dict_pre_hook(lambda o: seen.append("pre"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "more": 1})
    state = optimizer.state_dict()
    assert seen == ["first", "pre"] and state["more"] == 1
    handle.remove()
    optimizer.state_dict()
    assert seen == ["first", "pre", "first"]

    def change(optimizer, state):
        group = {**state["param_groups"][0], "lr": 7.0}
        return {**state, "param_groups": [group]}

    with optimizer.register_load_state_dict_pre_hook(change):
        optimizer.register_load_state_dict_post_hook(lambda o: seen.append(o.param_groups[0]["lr"]))
        optimizer.load_state_dict(state)
    assert seen[-1] == 7.0
    optimizer.load_state_dict(state)
    assert seen[-1] == 0.1


def test_names_of_parameters():
    pairs = [("a", parameter([1.0])), ("b", parameter([2.0]))]
    optimizer = torch.optim.SGD(pairs, lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["a", "b"]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["a", "b"]
    plain = torch.optim.SGD([p for _, p in pairs], lr=0.1)
    optimizer.load_state_dict(plain.state_dict())
    assert optimizer.param_groups[0]["param_names"] == ["a", "b"]
    with pytest.raises(ValueError, match="cannot add param group without names"):
        optimizer.add_param_group({"params": [parameter([1.0])]})
    with pytest.raises(ValueError, match="Some param names are missing"):
        torch.optim.SGD([("a", parameter([1.0])), parameter([1.0])], lr=0.1)


# Hooks of steps


def test_step_hooks():
    p = parameter([1.0])
    optimizer, other = torch.optim.SGD([p], lr=0.1), torch.optim.SGD([p], lr=0.1)
    seen = []
    with optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(("pre", o, args, kwargs))):
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("post"))
        assert optimizer.step(closure=None) is None
    assert seen == [("pre", optimizer, (optimizer,), {"closure": None}), "post"]
    other.step()
    assert len(seen) == 2
    optimizer.register_step_pre_hook(lambda o, args, kwargs: (args, {"closure": lambda: "other loss"}))
    assert optimizer.step() == "other loss"
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 1)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        optimizer.step()


def test_hooks_of_all_optimizers():
    from wengert.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

    class Own(torch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {})

        def step(self, closure=None):
            return "own"

    class Late(torch.optim.Adam):
        def step(self, closure=None):
            super().step(closure)
            return "late"

    p = parameter([1.0])
    seen = []
    before = torch.optim.Adam([p])
    pre, post = (lambda o, *_: seen.append(type(o).__name__)), (lambda *_: seen.append("after"))
    with register_optimizer_step_pre_hook(pre), register_optimizer_step_post_hook(post):
        assert before.step() is None and Own([p]).step() == "own" and Late([p]).step() == "late"
    before.step()
    assert seen == ["Adam", "after", "Own", "after", "Late", "after"]


def test_an_optimizer_of_ones_own():
    class Sign(torch.optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        with torch.no_grad():
                            p.sub_(p.grad.sign() * group["lr"])

    p = parameter([1.0, -1.0])
    optimizer = Sign([p], lr=0.25)
    p.grad = torch.tensor([5.0, -0.1])
    optimizer.step()
    assert p.tolist() == [0.75, -0.75]
    with pytest.raises(NotImplementedError):
        torch.optim.Optimizer([p], {}).step()


# Errors

BAD = [
    ("SGD", {"lr": -1}, "Invalid learning rate: -1"),
    ("SGD", {"momentum": -0.5}, "Invalid momentum value: -0.5"),
    ("SGD", {"weight_decay": -1}, "Invalid weight_decay value: -1"),
    ("SGD", {"nesterov": True}, "Nesterov momentum requires a momentum and zero dampening"),
    ("Adam", {"lr": -1}, "Invalid learning rate: -1"),
    ("Adam", {"eps": -1}, "Invalid epsilon value: -1"),
    ("Adam", {"betas": (1.0, 0.9)}, "Invalid beta parameter at index 0: 1.0"),
    ("Adam", {"betas": (0.9, -1.0)}, "Invalid beta parameter at index 1: -1.0"),
    ("Adam", {"betas": (0, 0.9)}, "betas must be either both floats or both Tensors"),
    ("AdamW", {"weight_decay": -1}, "Invalid weight_decay value: -1"),
    ("RMSprop", {"alpha": -1}, "Invalid alpha value: -1"),
    ("RMSprop", {"momentum": -1}, "Invalid momentum value: -1"),
    ("Adagrad", {"lr_decay": -1}, "Invalid lr_decay value: -1"),
    ("Adagrad", {"initial_accumulator_value": -1}, "Invalid initial_accumulator_value value: -1"),
    ("Adadelta", {"rho": 1.5}, "Invalid rho value: 1.5"),
    ("Adamax", {"betas": (0.9, 2.0)}, "Invalid beta parameter at index 1: 2.0"),
    ("NAdam", {"momentum_decay": -1}, "Invalid momentum_decay value: -1"),
    ("RAdam", {"eps": -1}, "Invalid epsilon value: -1"),
    ("Rprop", {"etas": (1.5, 2.0)}, r"Invalid eta values: 1.5, 2.0"),
    ("ASGD", {"weight_decay": -1}, "Invalid weight_decay value: -1"),
    ("LBFGS", {"lr": -1}, "Invalid learning rate: -1"),
]


@pytest.mark.parametrize("name, options, message", BAD)
def test_options_out_of_range(name, options, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        make(name, [parameter([1.0])], **options)


def test_tensor_options_have_one_element():
    p = parameter([1.0])
    with pytest.raises(ValueError, match="Tensor lr must be 1-element"):
        torch.optim.SGD([p], lr=torch.tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match="lr as a Tensor is not supported for capturable=False and foreach=True"):
        torch.optim.Adam([p], lr=torch.tensor(0.1), foreach=True)


def test_combinations_that_do_not_go():
    p = parameter([1.0])
    with pytest.raises(RuntimeError, match="`fused` and `foreach` cannot be `True` together"):
        torch.optim.Adam([p], fused=True, foreach=True)
    with pytest.raises(RuntimeError, match="`fused` does not support `differentiable`"):
        torch.optim.SGD([p], fused=True, differentiable=True)
    with pytest.raises(NotImplementedError, match=r"Adam\(differentiable=True\)"):
        torch.optim.Adam([p], differentiable=True)
    p.grad = torch.tensor([1.0])
    with pytest.raises(AssertionError, match="params and state_steps must be on supported devices"):
        torch.optim.Adam([p], capturable=True).step()
    with pytest.raises(ValueError, match="LBFGS doesn't support per-parameter options"):
        torch.optim.LBFGS([{"params": [p]}, {"params": [parameter([1.0])]}])
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        torch.optim.LBFGS([p], line_search_fn="golden").step(lambda: 1.0)


def test_parameters_that_are_none():
    p = parameter([1.0])
    SGD = torch.optim.SGD
    with pytest.raises(TypeError, match=r"should be an iterable of Tensors or dicts, but got torch.FloatTensor"):
        SGD(p, lr=0.1)
    with pytest.raises(ValueError, match="optimizer got an empty parameter list"):
        SGD([], lr=0.1)
    with pytest.raises(TypeError, match="but one of the params is float"):
        SGD([1.0], lr=0.1)
    with pytest.raises(TypeError, match=r"one of the params is optimizers\.Reference"):
        SGD([Reference(0.1)], lr=0.1)
    with pytest.raises(TypeError, match="param_group must be a dict, but got <class 'list'>"):
        SGD([p], lr=0.1).add_param_group([p])
    with pytest.raises(TypeError, match="ordered collections"):
        SGD([{"params": {p}}], lr=0.1)
    with pytest.raises(ValueError, match="some parameters appear in more than one parameter group"):
        SGD([{"params": [p]}, {"params": [p]}], lr=0.1)
    with pytest.raises(ValueError, match="parameter group didn't specify a value of required"):
        torch.optim.Optimizer([p], {"lr": torch.optim.optimizer.required})
    with pytest.raises(AttributeError, match=r"wengert\.optim does not cover 'Adan'; the nearest it has: Ada"):
        torch.optim.Adan  # noqa: B018


def test_state_dicts_that_do_not_fit():
    optimizer = torch.optim.SGD([parameter([1.0])], lr=0.1)
    state = optimizer.state_dict()
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optimizer.load_state_dict({**state, "param_groups": []})
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        optimizer.load_state_dict({**state, "param_groups": [{**state["param_groups"][0], "params": [0, 1]}]})


def test_errors_come_before_anything_is_written():
    p, q = parameter([1.0]), parameter([1.0])
    optimizer = torch.optim.Adam([p, q], lr=0.1)
    p.grad = q.grad = torch.tensor([1.0])
    optimizer.step()
    before, step = p.tolist(), optimizer.state[p]["step"].item()
    optimizer.state[q]["exp_avg"] = torch.zeros(2)
    with pytest.raises(RuntimeError, match=r"the shape of its state, \(2,\), is not the parameter's, \(1,\)"):
        optimizer.step()
    optimizer.state[q]["exp_avg"] = "none"
    with pytest.raises(TypeError, match="the optimizer's state 'exp_avg' must be a Tensor, not str"):
        optimizer.step()
    del optimizer.state[q]["exp_avg"]
    with pytest.raises(KeyError, match="exp_avg"):
        optimizer.step()
    assert p.tolist() == before and optimizer.state[p]["step"].item() == step
    optimizer.param_groups[0]["lr"] = "fast"
    with pytest.raises(TypeError, match="the optimizer's option 'lr' must be a number, not str"):
        optimizer.step()
    del optimizer.param_groups[0]["lr"]
    with pytest.raises(KeyError, match="lr"):
        optimizer.step()


def test_memory_that_must_not_be_written():
    array = np.ones(3, "float32")
    array.flags.writeable = False
    p = torch.from_numpy(array).requires_grad_()
    p.grad = torch.ones(3)
    with pytest.raises(RuntimeError, match="read-only"):
        torch.optim.SGD([p], lr=0.1).step()
    q = torch.tensor([1.0]).expand(3).detach().requires_grad_()
    q.grad = torch.ones(3)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor refers to a single memory location"):
        torch.optim.SGD([q], lr=0.1).step()
