"""Every module and loss against PyTorch: parameters from the same seed, repr, state_dict, outputs, gradients, buffers."""

import importlib
import inspect
import re
import warnings

import numpy as np
import pytest

import nn_cases
import wengert
from nn_cases import CASES, Constant
from nn_errors import EVERY

pytestmark = pytest.mark.parity
PASSED = set()


@pytest.fixture(scope="module")
def reference():
    return importlib.import_module("torch")


@pytest.fixture(scope="module", autouse=True)
def summary(request):
    yield
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"\nparity of modules and losses with PyTorch: {len(PASSED)} of {len(CASES)} cases passed")


def outputs(result):
    """The tensors of a result, in order."""
    if isinstance(result, (tuple, list)):
        return [tensor for item in result for tensor in outputs(item)]
    return [result]


def run(library, case, evaluating):
    """Everything that is compared, as NumPy arrays and text."""
    library.manual_seed(7)
    module = case.build(library)
    facts = {"repr": repr(module)}
    for name, value in module.state_dict().items():
        facts[f"state {name}"] = value.numpy().copy()
    if evaluating:  # with statistics and weights that are not the first ones
        with library.no_grad():
            for place, value in enumerate(module.state_dict().values()):
                if value.is_floating_point():
                    value.copy_(library.tensor(nn_cases.positive(*value.shape, seed=place)))
        module.eval()
    library.manual_seed(11)
    tensors = []
    for value in case.inputs:
        constant = isinstance(value, Constant)
        tensor = library.tensor(value.array if constant else value)
        tensors.append(tensor.requires_grad_() if tensor.is_floating_point() and not constant else tensor)
    results = outputs(case.call(module, *tensors) if case.call else module(*tensors))
    facts["next draw"] = library.rand(2).numpy()
    total = 0
    for place, result in enumerate(results):
        facts[f"output {place}"] = result.detach().numpy()
        if result.requires_grad:
            total = total + (result * library.tensor(nn_cases.positive(*result.shape, seed=place)).to(result.dtype)).sum()
    if results[0].requires_grad:
        total.backward()
    for place, tensor in enumerate(tensors):
        if tensor.grad is not None:
            facts[f"gradient of input {place}"] = tensor.grad.numpy()
    for name, parameter in module.named_parameters():
        facts[f"gradient of {name}"] = None if parameter.grad is None else parameter.grad.numpy()
    for name, buffer in module.named_buffers():
        facts[f"buffer {name}"] = buffer.numpy()
    return facts


def compare(case, reference, evaluating):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = run(wengert, case, evaluating), run(reference, case, evaluating)
    assert list(ours) == list(theirs)
    for name, expected in theirs.items():
        if not isinstance(expected, np.ndarray):
            if isinstance(expected, str):
                assert ours[name] == expected
            else:
                assert ours[name] is None, name
            continue
        result = ours[name]
        assert result is not None and result.dtype == expected.dtype and result.shape == expected.shape, name
        if name.startswith(("state", "next draw")):
            np.testing.assert_allclose(result, expected, rtol=3e-7, atol=1e-7, err_msg=name)
        else:
            scale = max(1.0, np.abs(expected).max(initial=0.0))
            np.testing.assert_allclose(result, expected, rtol=2e-5, atol=3e-6 * scale, err_msg=name)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_module(case, reference):
    compare(case, reference, False)
    if case.eval_too:
        compare(case, reference, True)
    PASSED.add(case.name)


def raised(use, library):
    """(type, message) of the error of a wrong use, in PyTorch's words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            use(library)
        except Exception as error:
            return type(error), re.sub(r"\bwengert\.nn\b", "torch.nn", str(error))
    return None, None


@pytest.mark.parametrize("name", EVERY)
def test_error(name, reference):
    (ours, message), (theirs, expected) = raised(EVERY[name], wengert), raised(EVERY[name], reference)
    assert theirs not in (None, NameError), "PyTorch accepts it"
    assert ours is not None and issubclass(ours, theirs), (ours, expected)
    assert message.startswith(expected.partition("\n[ torch.")[0]), f"{message!r} is not {expected!r}"


def parameters_of(function):
    """(name, default) of each parameter; functions stand for themselves by name."""
    found = []
    for parameter in inspect.signature(function).parameters.values():
        default = parameter.default
        found.append(
            (
                parameter.name,
                parameter.kind,
                default.__name__ if callable(default) and not isinstance(default, type) else default,
            )
        )
    return found


def test_signatures_of_modules(reference):
    for name, ours in sorted(vars(wengert.nn).items()):
        if isinstance(ours, type) and issubclass(ours, wengert.nn.Module):
            theirs = getattr(reference.nn, name)
            assert parameters_of(ours.__init__) == parameters_of(theirs.__init__), name
            if name not in ("Module", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "RNNBase", "RNNCellBase"):
                assert parameters_of(ours.forward) == parameters_of(theirs.forward), name


def test_signatures_of_functions(reference):
    for place in ("functional", "init"):
        ours, theirs = getattr(wengert.nn, place), getattr(reference.nn, place)
        for name in sorted(vars(ours)):
            function, peer = getattr(ours, name), getattr(theirs, name, None)
            if name.startswith("_") or not inspect.isfunction(function) or not inspect.isfunction(peer):
                continue
            expected = parameters_of(peer)
            if [kind for _, kind, _ in expected] != [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]:
                assert parameters_of(function) == expected, f"{place}.{name}"


# Names of torch.nn and its parts that are not covered: what they are for is said where they are asked for, or they belong to the
# compiler, to quantisation, or to other devices.
NOT_COVERED = {
    "nn": r"Lazy\w+|Uninitialized\w+|AdaptiveLogSoftmaxWithLoss|CrossMapLRN2d|DataParallel|FractionalMaxPool\dd|LinearCrossEntropy\w+|"
    r"SyncBatchNorm|Container|attention|common_types|factory_kwargs|grad|intrinsic|parallel|qat|quantiz\w+",
    "functional": r"fractional_max_pool\w+|linear_cross_entropy|"
    r"scaled_(grouped_)?mm|grouped_mm|assert_int_or_pair|boolean_dispatch|handle_torch_function|has_torch_function\w*",
    "init": "",
    "utils": r"fuse_\w+|fusion|convert_conv\dd_weight_memory_format|memory_format|parametriz\w+|stateless",
}


@pytest.mark.parametrize("place", NOT_COVERED)
def test_names(place, reference):
    ours = wengert.nn if place == "nn" else getattr(wengert.nn, place)
    theirs = reference.nn if place == "nn" else getattr(reference.nn, place)
    public = {
        name
        for name, value in vars(theirs).items()
        if (
            not name.startswith("_")
            and (callable(value) or inspect.ismodule(value))
            and name[0] not in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        )
        or (isinstance(value, type) and place == "nn")
    }
    public = {name for name in public if getattr(getattr(theirs, name), "__module__", "").startswith("torch")}
    missing = {name for name in public if name not in vars(ours) and not re.fullmatch(NOT_COVERED[place], name)}
    assert missing == set()
