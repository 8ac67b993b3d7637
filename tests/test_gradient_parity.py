"""Gradients against PyTorch: every row of the derivative table and every composite that has samples, to second order, with the
names of the nodes; random programs of views and writes in place."""

import copy
import re

import numpy as np
import pytest

import derivative_samples
import inplace_programs
import proof
import wengert
from derivative_samples import COMPOSITES
from wengert.autograd.derivatives._strided import may_overlap

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]

NAMES = [*proof.differentiable_rows(), *COMPOSITES]
TOLERANCE = 1e-8  # of float64, relative to the largest element
PROGRAMS = 3000
TOTAL = []  # (operator, samples, failures)

# Rows that PyTorch has no function for, or one with other arguments.
WITHOUT_COUNTERPART = {
    "cross_entropy_loss": "its function is the composite nn_cross_entropy",
    "nll_loss": "its function is the composite nn_nll_loss",
}
# Differences on purpose: operator, what the line says, why.
ON_PURPOSE = [
    ("elu", "a leaf Variable that requires grad", "PyTorch's third argument is inplace; the scales are of selu"),
    ("as_strided_scatter", "first 0", "PyTorch gives the input the gradient of the part that src replaced"),
    ("as_strided", "setStorage", "the sample's memory holds more than its elements"),
    ("as_strided_copy", "setStorage", "likewise"),
    ("dist", "Expected a proper Tensor but got None", "PyTorch's 0-norm of a difference fails"),
    ("sub", "RsubBackward1, not SubBackward0", "a number first: the name of 2 - x"),
    ("div", "DivBackward0, not", "one name for all modes, and for a number first"),
    ("div", "MulBackward0, not DivBackward0", "a number over a tensor"),
    ("masked_fill", "MaskedFillBackward0, not", "one name for numbers and tensors"),
    ("index_fill", "IndexFillBackward0, not", "likewise"),
    ("lerp", "LerpBackward0, not", "likewise"),
    ("clamp", "ClampBackward1, not", "one name with either bound missing"),
    ("squeeze", "SqueezeBackward0, not", "one name for one dim, several, and all"),
    ("squeeze_copy", "SqueezeBackward0_copy, not", "likewise"),
    ("sum_to_size", "SumBackward1, not SumBackward0", "of all dims"),
    ("diag", "DiagonalBackward0_copy, not DiagEmbedBackward0", "one row for both directions"),
    ("adaptive_avg_pool2d", "not MeanBackward1", "PyTorch takes the mean where the output is 1x1"),
    ("adaptive_avg_pool3d", "not MeanBackward1", "likewise"),
]
# What PyTorch does not differentiate.
REFUSED = "is not implemented|is not differentiable with respect to"


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def function(torch, name):
    """PyTorch's function of a row, as proof.function gives wengert's; None where it has none."""
    if name in ("getitem", "setitem", "T", "H", "mT", "mH"):
        return proof.function(name)
    if name in WITHOUT_COUNTERPART or name.startswith("_"):
        return None
    entry = proof.OPS.get(name)
    public = entry["public_name"] if entry else name
    if entry and "inplace_only" in entry["forms"]:
        return lambda input, *rest, **options: getattr(input.clone(), public)(*rest, **options)
    if entry and not {"function", "network"} & set(entry["forms"]):
        return getattr(torch.Tensor, public, None)
    return derivative_samples.function_of(torch, name)


def converted(torch, value):
    """An argument for PyTorch: tensors with the same elements and strides, in a larger memory."""
    if isinstance(value, wengert.Tensor):
        strides, offset, array = value.stride(), value.storage_offset(), value.detach().numpy()
        if min(strides, default=0) < 0:
            return torch.from_numpy(array.copy()).requires_grad_(value.requires_grad)
        if may_overlap(tuple(value.shape), strides):
            return torch.from_numpy(array).detach().requires_grad_(value.requires_grad)
        reach = sum(stride * (size - 1) for stride, size in zip(strides, value.shape, strict=True) if size)
        memory = torch.zeros(offset + reach + 16, dtype=getattr(torch, array.dtype.name))
        result = memory.as_strided(tuple(value.shape), strides, offset).detach()
        return result.copy_(torch.from_numpy(array.copy())).requires_grad_(value.requires_grad)
    if isinstance(value, wengert.dtype):
        return getattr(torch, str(value).removeprefix("torch."))
    if isinstance(value, (tuple, list)):
        return type(value)(converted(torch, item) for item in value)
    if isinstance(value, dict):
        return {key: converted(torch, item) for key, item in value.items()}
    return value


class Derivatives:
    """What one library makes of a call: values, and first and second derivatives along directions that both libraries share."""

    def __init__(self, library, function, call):
        self.library, self.random = library, np.random.default_rng(1)
        self.leaves = [t for t in proof._flat(call.args) if isinstance(t, library.Tensor) and t.requires_grad]
        self.results = call.values(function, *call.args)

    def weighted(self, tensors):
        """<w, t> over all tensors."""
        total = self.library.zeros((), dtype=self.library.float64)
        for tensor in tensors:
            weights = self.random.uniform(0.5, 1.5, tuple(tensor.shape)) * self.random.choice([-1.0, 1.0], tuple(tensor.shape))
            total = total + (self.library.tensor(weights).to(tensor.dtype) * tensor).sum()
        return total

    def gradient(self, value, **options):
        if not value.requires_grad:
            return [self.library.zeros_like(leaf) for leaf in self.leaves]
        return self.library.autograd.grad(value, self.leaves, materialize_grads=True, **options)

    def first(self):
        self.gradients = self.gradient(self.weighted(self.results), create_graph=True)
        return self.gradients

    def second(self):
        return self.gradient(self.weighted(self.gradients))

    def node_names(self):
        return [type(result.grad_fn).__name__ for result in self.results]

    def single(self):
        """For each result, whether it is one node away from the leaves."""
        for result in self.results:
            ends = result.grad_fn.next_functions if result.grad_fn else [(result, 0)]
            yield all(end is None or type(end).__name__ == "AccumulateGrad" for end, _ in ends)


def differences(torch, name, call):
    """Lines that say how the libraries differ."""
    theirs_call = copy.copy(call)
    theirs_call.args, theirs_call.options = converted(torch, call.args), converted(torch, call.options)
    ours, theirs = Derivatives(wengert, proof.function(name), call), None
    try:
        theirs = Derivatives(torch, function(torch, name), theirs_call)
        yield from compared("value", ours.results, theirs.results)
        yield from compared("first", ours.first(), theirs.first())
        yield from compared("second", ours.second(), theirs.second())
    except RuntimeError as error:
        if not re.search(REFUSED, str(error)):
            yield f"{type(error).__name__}: {error}"
    if theirs is None or call.prepare or call.reduce or name in COMPOSITES:
        return
    for mine, its, single in zip(ours.node_names(), theirs.node_names(), theirs.single(), strict=True):
        if single and its not in (mine, "NotImplemented"):
            yield f"node {mine}, not {its}"


def compared(order, ours, theirs):
    for i, (mine, its) in enumerate(zip(ours, theirs, strict=True)):
        a, b = mine.detach().numpy(), its.detach().numpy(force=True)
        if a.shape != b.shape or a.dtype != b.dtype:
            yield f"{order} {i}: {a.dtype}{a.shape}, not {b.dtype}{b.shape}"
        elif not np.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE * max(1.0, np.abs(b).max(initial=0)), equal_nan=True):
            yield f"{order} {i}: {np.abs(a - b).max():.1e} apart of {np.abs(b).max():.1e}"


def on_purpose(name, line):
    return any(operator == name and part in line for operator, part, _ in ON_PURPOSE)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives(torch, name):
    if function(torch, name) is None:
        pytest.skip("PyTorch has no such function")
    calls = proof.calls(name)
    failures = [
        f"{name}({call}): {line}" for call in calls for line in differences(torch, name, call) if not on_purpose(name, line)
    ]
    TOTAL.append((name, len(calls), len(failures)))
    assert not failures, "\n".join(failures)


# Where PyTorch refuses a program: it saves what wengert copies before the write; it takes a view for a leaf whose base has got its
# history from another view; and it assigns no number to elements that share places.
PYTORCH_REFUSES = (
    "modified by an inplace operation|a leaf Variable that requires grad is being used in an in-place operation|"
    "unsupported operation: more than one element of the written-to tensor"
)
# Where elements share places, PyTorch's masks and copies write nonetheless.
WENGERT_REFUSES = "unsupported operation: more than one element of the written-to tensor"


def test_programs_of_views_and_writes(torch):
    """The same loss and gradients wherever PyTorch gives any, and a refusal where it refuses for other reasons."""
    failures, same = [], 0
    for seed in range(PROGRAMS):
        outcomes = []
        for library in (wengert, torch):
            try:
                outcomes.append(inplace_programs.run(library, seed))
            except RuntimeError as error:
                outcomes.append(str(error))
        ours, theirs = outcomes
        if isinstance(theirs, str):
            if not isinstance(ours, str) and not re.search(PYTORCH_REFUSES, theirs):
                failures.append(f"{seed}: PyTorch refuses: {theirs}")
        elif isinstance(ours, str):
            if not re.search(WENGERT_REFUSES, ours):
                failures.append(f"{seed}: wengert refuses: {ours}")
        else:
            same += 1
            failures += [f"{seed}: {line}" for line in _unlike(ours, theirs)]
    TOTAL.append(("programs in place", PROGRAMS, len(failures)))
    assert not failures, "\n".join(failures[:20])
    assert same > PROGRAMS // 2


def _unlike(ours, theirs):
    if not np.isclose(ours[0], theirs[0], rtol=1e-9, equal_nan=True):
        yield f"loss {ours[0]}, not {theirs[0]}"
    for mine, its in zip(ours[1], theirs[1], strict=True):
        if (mine is None) != (its is None):
            yield f"gradient {mine}, not {its}"
        elif mine is not None and not np.allclose(
            mine, its, rtol=1e-8, atol=1e-8 * max(1.0, np.abs(its).max()), equal_nan=True
        ):
            yield f"gradients {np.abs(mine - its).max():.1e} apart"


def test_summary(torch, capsys):
    with capsys.disabled():
        print(
            f"\nparity: {len(TOTAL)} operators, {sum(t[1] for t in TOTAL)} samples, {sum(t[2] for t in TOTAL)} failures "
            f"(derivatives to second order, PyTorch {torch.__version__})"
        )
