"""Module, its attributes, walks, state, hooks, errors; Parameter and Buffer."""

import copy
import pickle
import warnings
from collections import OrderedDict

import pytest

import wengert as torch
from wengert import nn


class Scale(nn.Module):
    """A parameter, a persistent and another buffer, a plain attribute."""

    def __init__(self, size=2):
        super().__init__()
        self.factor = nn.Parameter(torch.full((size,), 3.0))
        self.register_buffer("calls", torch.tensor(0))
        self.register_buffer("last", torch.zeros(size), persistent=False)
        self.label = "scale"

    def forward(self, input, shift=0.0):
        self.calls += 1
        return input * self.factor + shift


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.rest = nn.Sequential(nn.ReLU(), nn.Sequential(Scale(3)))
        self.none = None

    def forward(self, input):
        return self.rest(self.first(input))


# ---- Parameter and Buffer


def test_parameter_shares_memory_and_is_a_leaf():
    data = torch.ones(2)
    parameter = nn.Parameter(data)
    data[0] = 5
    assert parameter.tolist() == [5.0, 1.0]
    assert parameter.requires_grad and parameter.is_leaf and isinstance(parameter, torch.Tensor)
    assert type(parameter * 1) is torch.Tensor and type(parameter.data) is torch.Tensor
    assert not nn.Parameter(torch.ones(2), requires_grad=False).requires_grad
    assert nn.Parameter(parameter * 2).is_leaf
    assert nn.Parameter().shape == (0,)
    assert repr(nn.Parameter(torch.ones(1))) == "Parameter containing:\ntensor([1.], requires_grad=True)"


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_parameter_and_buffer_copy_as_what_they_are(clone):
    parameter = nn.Parameter(torch.ones(2), requires_grad=False)
    again = clone(parameter)
    assert type(again) is nn.Parameter and not again.requires_grad and again.tolist() == [1.0, 1.0]
    buffer = clone(nn.Buffer(torch.ones(2), persistent=False))
    assert type(buffer) is nn.Buffer and buffer.persistent is False


def test_buffer_registers_itself():
    module = nn.Module()
    module.kept, module.lost = nn.Buffer(torch.ones(1)), nn.Buffer(torch.ones(2), persistent=False)
    assert [name for name, _ in module.named_buffers()] == ["kept", "lost"]
    assert list(module.state_dict()) == ["kept"]


# ---- attributes


def test_attributes_are_found_by_kind():
    net = Net()
    assert list(net._parameters) == [] and list(net._modules) == ["first", "rest"]
    assert "none" in vars(net) and "first" not in vars(net)
    scale = net.rest[1][0]
    assert list(scale._parameters) == ["factor"] and list(scale._buffers) == ["calls", "last"]
    assert scale.label == "scale" and scale.factor is scale._parameters["factor"]
    assert {"factor", "calls", "label", "forward"} <= set(dir(scale))
    assert "0" not in dir(net.rest)


def test_attributes_change_their_kind():
    module = nn.Module()
    module.x = 5
    module.x = nn.Parameter(torch.ones(1))
    assert list(module._parameters) == ["x"] and "x" not in vars(module)
    module.x = nn.Identity()
    assert list(module._parameters) == [] and list(module._modules) == ["x"]
    module.x = nn.Buffer(torch.ones(1), persistent=False)
    assert list(module._modules) == [] and list(module._buffers) == ["x"]
    module.x = torch.zeros(2)
    assert module._buffers["x"].shape == (2,)
    module.x = nn.Parameter(torch.ones(1))
    assert list(module._buffers) == [] and module._non_persistent_buffers_set == set()
    module.x = None
    assert module.x is None and "x" in module._parameters
    del module.x
    assert not hasattr(module, "x")


def test_wrong_assignments():
    with pytest.raises(TypeError, match=r"cannot assign 'torch.FloatTensor' as parameter 'weight'"):
        nn.Linear(2, 3).weight = torch.zeros(3, 2)
    empty = nn.Module.__new__(nn.Module)
    with pytest.raises(AttributeError, match=r"cannot assign module before Module.__init__\(\) call"):
        empty.part = nn.Identity()
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'missing'"):
        _ = nn.Linear(2, 3).missing
    written = _with_history(torch.ones(1, requires_grad=True))
    with pytest.raises(ValueError, match="Cannot assign non-leaf Tensor to parameter 'a'"):
        nn.Module().register_parameter("a", written)
    with pytest.raises(NotImplementedError, match=r'Module \[Module\] is missing the required "forward" function'):
        nn.Module()(1)


def _with_history(x):
    """A Parameter that is written to from a graph."""
    parameter = nn.Parameter(torch.zeros(1), requires_grad=False)
    parameter.copy_(x * 2)
    return parameter


def test_a_module_needs_no_hooks_to_be_small():
    assert set(vars(nn.Module())) == {"training", "_parameters", "_buffers", "_non_persistent_buffers_set", "_modules"}


def test_call_super_init():
    class Mixin:
        def __init__(self, value, **rest):
            self.value = value
            super().__init__(**rest)

    class Both(nn.Module, Mixin):
        call_super_init = True

    assert Both(value=7).value == 7


# ---- walks


def test_walks():
    net = Net()
    names = ["first.weight", "first.bias", "rest.1.0.factor"]
    assert [name for name, _ in net.named_parameters()] == names
    assert [name for name, _ in net.named_parameters("net")] == [f"net.{name}" for name in names]
    assert list(net.named_parameters(recurse=False)) == []
    assert [tuple(p.shape) for p in net.parameters()] == [(3, 2), (3,), (3,)]
    assert [name for name, _ in net.named_buffers()] == ["rest.1.0.calls", "rest.1.0.last"]
    assert [name for name, _ in net.named_children()] == ["first", "rest"]
    assert [name for name, _ in net.named_modules()] == ["", "first", "rest", "rest.0", "rest.1", "rest.1.0"]
    assert next(net.modules()) is net and len(list(net.children())) == 2
    assert net.get_submodule("rest.1.0") is net.rest[1][0] and net.get_submodule("") is net
    assert net.get_parameter("rest.1.0.factor") is net.rest[1][0].factor
    assert net.get_buffer("rest.1.0.calls") is net.rest[1][0].calls
    net.set_submodule("rest.0", nn.Tanh())
    assert isinstance(net.rest[0], nn.Tanh)


def test_what_is_shared_is_met_once():
    shared = nn.Linear(2, 2)
    net = nn.Sequential(shared, shared)
    net.tied = shared.weight
    assert [name for name, _ in net.named_parameters()] == ["tied", "0.bias"]
    assert [name for name, _ in net.named_modules()] == ["", "0"]
    assert [name for name, _ in net.named_modules(remove_duplicate=False)] == ["", "0", "1"]
    assert [n for n, _ in net.named_parameters(remove_duplicate=False)] == ["tied", "0.weight", "0.bias", "1.weight", "1.bias"]
    assert [name for name, _ in net.named_children()] == ["0"]


def test_apply_visits_the_innermost_first():
    order = []
    net = Net()
    assert net.apply(lambda module: order.append(type(module).__name__)) is net
    assert order == ["Linear", "ReLU", "Scale", "Sequential", "Sequential", "Net"]


def test_train_and_eval():
    net = Net()
    assert all(module.training for module in net.modules())
    assert net.eval() is net and not any(module.training for module in net.modules())
    net.rest.train()
    assert not net.training and not net.first.training and net.rest[1][0].training


# ---- all tensors at once


def test_dtypes_and_devices():
    net = Net()
    parameters = list(net.parameters())
    net(torch.ones(1, 2)).sum().backward()
    assert net.double() is net
    assert all(p.dtype == torch.float64 and p.grad.dtype == torch.float64 for p in net.parameters())
    assert net.rest[1][0].calls.dtype == torch.int64 and net.rest[1][0].last.dtype == torch.float64
    assert all(a is b for a, b in zip(parameters, net.parameters(), strict=True))
    for arguments in (("cpu", torch.float32), (torch.float64,), (torch.zeros(1),), ("cpu",)):
        net.to(*arguments)
    assert net.first.weight.dtype == torch.float32
    net.to(dtype=torch.float64)
    assert net.float().first.weight.dtype == torch.float32 and net.cpu() is net
    net.type(torch.float64)
    assert net.rest[1][0].calls.dtype == torch.float64
    assert net.to_empty(device="cpu").first.weight.shape == (3, 2)


@pytest.mark.parametrize(
    ("use", "error", "words"),
    [
        (lambda m: m.half(), TypeError, "no dtype float16"),
        (lambda m: m.bfloat16(), TypeError, "no dtype bfloat16"),
        (lambda m: m.cuda(), RuntimeError, "CPU only"),
        (lambda m: m.to("cuda:1"), RuntimeError, "CPU only"),
        (lambda m: m.to(torch.int64), TypeError, "only accepts floating point"),
        (lambda m: m.to(1, 2, 3, 4, 5), TypeError, "invalid combination"),
        (lambda m: m.share_memory(), RuntimeError, "does not cover share_memory"),
        (lambda m: m.compile(), RuntimeError, "does not cover Module.compile"),
    ],
)
def test_what_is_not_covered_says_so(use, error, words):
    with pytest.raises(error, match=words):
        use(nn.Linear(2, 3))


def test_gradients_are_switched_and_forgotten():
    net = Net()
    net(torch.ones(1, 2)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net.first.weight.grad.tolist() == [[0.0, 0.0]] * 3
    net.zero_grad()
    assert net.first.weight.grad is None
    assert net.requires_grad_(False) is net
    assert not any(p.requires_grad for p in net.parameters()) and not net(torch.ones(1, 2)).requires_grad


# ---- state


def test_state_dict():
    net = Net()
    state = net.state_dict()
    assert type(state) is OrderedDict
    assert list(state) == ["first.weight", "first.bias", "rest.1.0.factor", "rest.1.0.calls"]
    assert not state["first.weight"].requires_grad and net.state_dict(keep_vars=True)["first.weight"] is net.first.weight
    state["first.bias"][0] = 9.0
    assert net.first.bias[0] == 9.0
    assert state._metadata["rest.1"] == {"version": 1} and nn.BatchNorm1d(1).state_dict()._metadata[""] == {"version": 2}
    assert all(name.startswith("p.") for name in net.state_dict(prefix="p."))


def test_load_state_dict_copies():
    a, b = Net(), Net()
    weight = b.first.weight
    assert repr(b.load_state_dict(a.state_dict())) == "<All keys matched successfully>"
    assert b.first.weight is weight and torch.equal(a.first.weight, weight)
    a.first.weight.data.fill_(1)
    assert not torch.equal(a.first.weight, weight)


def test_load_state_dict_assigns():
    net = Net()
    given = {name: value.double() for name, value in net.state_dict().items()}
    net.first.bias.requires_grad_(False)
    net.load_state_dict(given, assign=True)
    assert net.first.weight.dtype == torch.float64 and isinstance(net.first.weight, nn.Parameter)
    assert net.first.weight.data_ptr() == given["first.weight"].data_ptr()
    assert net.first.weight.requires_grad and not net.first.bias.requires_grad


def test_load_state_dict_says_what_does_not_fit():
    net = Net()
    state = net.state_dict()
    del state["first.bias"]
    state["first.weight"] = torch.zeros(2, 2)
    state["other.x"] = torch.zeros(1)
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    assert str(caught.value) == (
        "Error(s) in loading state_dict for Net:\n"
        '\tMissing key(s) in state_dict: "first.bias". \n'
        '\tUnexpected key(s) in state_dict: "other.x". \n'
        "\tsize mismatch for first.weight: copying a param with shape torch.Size([2, 2]) from checkpoint, the shape in current "
        "model is torch.Size([3, 2])."
    )
    state["first.weight"] = torch.zeros(3, 2)
    keys = net.load_state_dict(state, strict=False)
    assert keys.missing_keys == ["first.bias"] and keys.unexpected_keys == ["other.x"]
    assert net.first.weight.sum() == 0


def test_extra_state():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.count = 0

        def get_extra_state(self):
            return {"count": self.count}

        def set_extra_state(self, state):
            self.count = state["count"]

    a, b = nn.Sequential(Counting()), nn.Sequential(Counting())
    a[0].count = 5
    assert list(a.state_dict()) == ["0._extra_state"]
    b.load_state_dict(a.state_dict())
    assert b[0].count == 5
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "0._extra_state"'):
        b.load_state_dict({})


def test_state_hooks():
    log = []
    net = nn.Sequential(nn.Linear(1, 1))
    net[0].register_state_dict_pre_hook(lambda module, prefix, keep_vars: log.append(("pre", prefix, keep_vars)))
    net[0].register_state_dict_post_hook(lambda module, state, prefix, metadata: state.update({prefix + "more": 7}))
    net.register_load_state_dict_pre_hook(lambda module, state, *rest: state.pop("0.more"))
    net.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
    state = net.state_dict()
    assert log == [("pre", "0.", False)] and state["0.more"] == 7
    del state["0.bias"]
    net.load_state_dict(state)
    with net._register_state_dict_hook(lambda module, state, prefix, metadata: {"all": state}):
        assert list(net.state_dict()) == ["all"]
    assert "0.weight" in net.state_dict()
    net.register_load_state_dict_post_hook(lambda module, keys: keys)
    with pytest.raises(AssertionError, match="not expected to return new values"):
        net.load_state_dict(net.state_dict())


def test_pickle_and_deepcopy():
    net = Net()
    net.register_forward_hook(_double)
    for other in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        x = torch.ones(1, 2)
        assert torch.equal(other(x), net(x))
        assert other.first.weight is not net.first.weight and isinstance(other.first.weight, nn.Parameter)
        handle = other.register_forward_hook(_double)
        assert torch.equal(other(x), net(x) * 2)
        handle.remove()
        assert torch.equal(other(x), net(x))


def _double(module, args, output):
    return output * 2


# ---- hooks


def test_forward_hooks_see_and_change():
    log = []
    scale = Scale(1)
    scale.factor.data.fill_(1.0)
    scale.register_forward_pre_hook(lambda m, args: log.append("pre") or (args[0] + 1,))
    scale.register_forward_pre_hook(lambda m, args: args[0] * 2)
    scale.register_forward_hook(lambda m, args, output: log.append(args[0].item()) or output + 10)
    scale.register_forward_hook(lambda m, args, output: log.append(output.item()))
    assert scale(torch.tensor([1.0])).item() == 14.0
    assert log == ["pre", 4.0, 14.0]


def test_hooks_with_kwargs_and_in_front():
    scale = Scale(1)
    scale.register_forward_pre_hook(lambda m, args, kwargs: (args, {"shift": kwargs["shift"] + 1}), with_kwargs=True)
    scale.register_forward_hook(lambda m, args, kwargs, output: output * kwargs["shift"], with_kwargs=True)
    assert scale(torch.ones(1), shift=1.0).item() == (3 + 2) * 2
    order = []
    module = nn.Identity()
    module.register_forward_hook(lambda *args: order.append("second"))
    module.register_forward_hook(lambda *args: order.append("first"), prepend=True)
    module(torch.ones(1))
    assert order == ["first", "second"]


def test_handles_remove():
    module = nn.Identity()
    with module.register_forward_hook(lambda m, a, output: output + 1):
        assert module(torch.zeros(1)).item() == 1
    assert module(torch.zeros(1)).item() == 0


def test_hooks_are_added_by_methods():
    module = nn.Identity()
    module._forward_hooks.clear()
    with pytest.raises(TypeError, match="hooks are added by the module's methods"):
        module._forward_hooks[0] = _double
    module.register_forward_hook(_double)
    module._forward_hooks.clear()
    assert module(torch.ones(1)).item() == 1 and len(nn.Identity()._forward_hooks) == 0


def test_always_called():
    log = []

    class Broken(nn.Module):
        def forward(self, input):
            raise ValueError("broken")

    module = Broken()
    module.register_forward_hook(lambda *args: log.append("always"), always_call=True)
    module.register_forward_hook(lambda *args: log.append("never"))
    with pytest.raises(ValueError, match="broken"):
        module(1)
    assert log == ["always"]


def test_hooks_of_all_modules():
    log = []
    handles = [
        nn.modules.module.register_module_forward_pre_hook(lambda m, args: log.append(f"pre {m._get_name()}")),
        nn.modules.module.register_module_forward_hook(lambda m, args, output: log.append(m._get_name())),
    ]
    nn.Sequential(nn.Identity())(torch.ones(1))
    for handle in handles:
        handle.remove()
    nn.Identity()(torch.ones(1))
    assert log == ["pre Sequential", "pre Identity", "Identity", "Sequential"]


def test_registration_hooks():
    log = []
    module_module = nn.modules.module
    handles = [
        module_module.register_module_parameter_registration_hook(lambda m, name, value: log.append(name)),
        module_module.register_module_buffer_registration_hook(lambda m, name, value: log.append(name)),
        module_module.register_module_module_registration_hook(lambda m, name, value: log.append(name)),
    ]
    nn.Sequential(Scale())
    for handle in handles:
        handle.remove()
    assert log == ["factor", "calls", "last", "0"]


def test_full_backward_hooks():
    log = []
    layer = nn.Linear(2, 2, bias=False)
    layer.weight.data.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))

    def hook(module, grad_input, grad_output):
        log.append((grad_input[0].tolist(), grad_output[0].tolist()))
        return (grad_input[0] * 10,)

    layer.register_full_backward_pre_hook(lambda module, grad_output: (grad_output[0] + 1,))
    layer.register_full_backward_hook(hook)
    x = torch.ones(1, 2, requires_grad=True)
    layer(x).sum().backward()
    assert log == [([[8.0, 12.0]], [[2.0, 2.0]])]
    assert x.grad.tolist() == [[80.0, 120.0]]
    assert layer.weight.grad.tolist() == [[2.0, 2.0]] * 2


def test_backward_hook_of_several_inputs_and_outputs():
    class Both(nn.Module):
        def forward(self, a, text, b):
            return a * 2, text, b * 3

    log = []
    module = Both()
    module.register_full_backward_hook(lambda m, grad_input, grad_output: log.append((grad_input, grad_output)))
    a, b = torch.ones(1, requires_grad=True), torch.ones(1)
    first, text, second = module(a, "text", b)
    assert text == "text" and not second.requires_grad
    first.sum().backward()
    ((grad_input, grad_output),) = log
    assert [g if g is None else g.item() for g in grad_input] == [2.0, None, None]
    assert [g if g is None else g.item() for g in grad_output] == [1.0, None, None]


def test_backward_hook_without_gradients_of_inputs():
    log = []
    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(lambda m, grad_input, grad_output: log.append((grad_input, grad_output[0].tolist())))
    with pytest.warns(UserWarning, match="no inputs require gradients"):
        layer(torch.ones(1, 2)).sum().backward()
    assert log == [((None,), [[1.0, 1.0]])]


def test_deprecated_backward_hook():
    log = []
    layer = nn.Linear(2, 1)
    layer.register_backward_hook(lambda m, grad_input, grad_output: log.append(grad_output[0].tolist()))
    layer(torch.ones(1, 2)).sum().backward()
    assert log == [[[1.0]]]
    with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full backward hooks"):
        layer.register_full_backward_hook(lambda *args: None)


def test_backward_hooks_of_all_modules():
    log = []
    handle = nn.modules.module.register_module_full_backward_hook(lambda m, gi, go: log.append(m._get_name()))
    x = torch.ones(1, 2, requires_grad=True)
    nn.Sequential(nn.Linear(2, 2), nn.Tanh())(x).sum().backward()
    handle.remove()
    assert log == ["Tanh", "Linear", "Sequential"]


# ---- errors


def test_an_error_names_the_module_and_the_shape():
    net = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Linear(4, 3)))
    with pytest.raises(RuntimeError) as caught:
        net(torch.ones(5, 2))
    assert str(caught.value).startswith("mat1 and mat2 shapes cannot be multiplied (5x3 and 4x3)")
    assert caught.value.__notes__ == ["in 1.1 Linear(in_features=4, out_features=3, bias=True), given (5, 3) float32"]


def test_an_error_in_a_forward_of_ones_own():
    class Wrong(nn.Module):
        def forward(self, a, *, pair):
            raise KeyError("x")

    net = nn.ModuleDict({"wrong": Wrong()})
    outer = nn.Module()
    outer.net = net
    outer.forward = lambda a: outer.net["wrong"](a, pair=[torch.ones(1, dtype=torch.int64), "text"])
    with pytest.raises(KeyError) as caught:
        outer(torch.ones(2, 3))
    assert caught.value.__notes__ == ["in net.wrong Wrong(), given (2, 3) float32, pair=[(1,) int64, str]"]


def test_the_same_error_again_has_one_note():
    layer = nn.Linear(2, 3)
    for _ in range(2):
        with pytest.raises(RuntimeError) as caught:
            layer(torch.ones(3))
        assert len(caught.value.__notes__) == 1


def test_functional_without_hooks_is_called_directly():
    class Plain(nn.Module):
        def forward(self, *args, **kwargs):
            return args, kwargs

    assert Plain()(1, b=2) == ((1,), {"b": 2})


# ---- printing


def test_repr():
    assert repr(Net()) == (
        "Net(\n"
        "  (first): Linear(in_features=2, out_features=3, bias=True)\n"
        "  (rest): Sequential(\n"
        "    (0): ReLU()\n"
        "    (1): Sequential(\n"
        "      (0): Scale()\n"
        "    )\n"
        "  )\n"
        ")"
    )

    class Told(nn.Module):
        def extra_repr(self):
            return "one\ntwo"

    assert repr(Told()) == "Told(\n  one\n  two\n)"
    assert repr(nn.Sequential()) == "Sequential()"
    assert repr(nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh()])) == "ModuleList(\n  (0-1): 2 x ReLU()\n  (2): Tanh()\n)"


# ---- names


def test_nn_says_what_it_does_not_cover():
    for name, words in (
        ("LazyLinear", "give Linear the sizes"),
        ("FractionalMaxPool2d", "fractional pooling"),
        ("Linea", "the nearest it has: Linear"),
    ):
        with pytest.raises(AttributeError, match=words):
            getattr(nn, name)
    with pytest.raises(AttributeError, match="does not cover 'fractional_max_pool2d' yet"):
        _ = nn.functional.fractional_max_pool2d


def test_importing_wengert_does_not_import_nn(python):
    loaded = python("import sys, wengert; print(*[m for m in sys.modules if m.startswith('wengert.nn')])").split()
    assert loaded == []
    script = "import wengert.nn.functional as F; from wengert.nn.utils.rnn import pack_sequence; import sys; print('numpy' in sys.modules)"
    assert python(script).split() == ["False"]


def test_no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Net()(torch.ones(1, 2)).sum().backward()
