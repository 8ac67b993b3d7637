"""Activations, normalisation, losses and embedding against NumPy in float64."""

import math

import numpy as np
import pytest

import wengert as torch
from reference import FLOATS, bits, dtype_of

F = torch._C.functions
NAN, INF = float("nan"), float("inf")
floats = pytest.mark.parametrize("dtype", FLOATS)
EPS = {"float32": 2.0**-23, "float64": 2.0**-52}


def values(*shape, dtype="float64", seed=0, scale=1.0):
    return (np.random.default_rng((seed, *shape)).standard_normal(shape) * scale).astype(dtype)


def close(result, expected, dtype, factor=8, about=None):
    """Within `factor` rounding errors of the largest element."""
    expected = np.asarray(expected)
    assert result.dtype == dtype_of(dtype) and tuple(result.shape) == expected.shape, about
    finite = np.abs(expected[np.isfinite(expected)]).max(initial=1.0)
    np.testing.assert_allclose(result.numpy(), expected, rtol=0, atol=factor * EPS[dtype] * finite, err_msg=str(about))


# ---- activations: (name, arguments, f, f')

erf = np.vectorize(math.erf, otypes=["float64"])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(0, x)


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def slope(f, x, h=1e-6):
    return (f(x + h) - f(x - h)) / (2 * h)


ACTIVATIONS = {
    "gelu": ((), lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2)))),
    "silu": ((), lambda x: x * sigmoid(x)),
    "mish": ((), lambda x: x * np.tanh(softplus(x))),
    "softplus": ((2.0, 3.0), lambda x: np.where(2 * x > 3, x, softplus(2 * x) / 2)),
    "logsigmoid": ((), lambda x: -softplus(-x)),
    "elu": ((0.7, 1.5), lambda x: np.where(x > 0, x, 0.7 * np.expm1(1.5 * np.minimum(x, 0)))),
    "selu": ((), lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))),
    "leaky_relu": ((0.1,), lambda x: np.where(x > 0, x, 0.1 * x)),
    "hardtanh": ((-1.5, 0.5), lambda x: np.clip(x, -1.5, 0.5)),
    "hardsigmoid": ((), lambda x: np.clip(x + 3, 0, 6) / 6),
    "hardswish": ((), lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "softshrink": ((0.3,), lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.3, 0)),
    "hardshrink": ((0.3,), lambda x: np.where(np.abs(x) > 0.3, x, 0)),
    "threshold": ((0.25, -7.0), lambda x: np.where(x > 0.25, x, -7.0)),
}
SHARED = {"softshrink": "_shrink_gradient", "hardshrink": "_shrink_gradient"}


@floats
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name, dtype):
    numbers, f = ACTIVATIONS[name]
    for length in (1, 7, 16, 33, 1000):
        x = values(length, dtype=dtype, scale=2.0)
        x = np.where(np.abs(slope(f, x.astype("float64"), 1e-3) - slope(f, x.astype("float64"), 1e-5)) < 0.01, x, x + 0.01)
        x = x.astype(dtype)  # away from kinks
        ours = torch.tensor(x)
        close(F[name](ours, *numbers), f(x.astype("float64")), dtype, about=name)
        table = torch.tensor(np.repeat(x[:, None], 3, 1)).t()
        close(F[name](table, *numbers), f(np.repeat(x[None], 3, 0).astype("float64")), dtype, about=name)
        grad = values(length, dtype=dtype, seed=1)
        numbers_back = numbers[:1] if name == "threshold" else numbers
        result = F[SHARED.get(name, f"_{name}_gradient")](torch.tensor(grad), ours, *numbers_back)
        expected = grad.astype("float64") * slope(f, x.astype("float64"))
        np.testing.assert_allclose(result.numpy(), expected, rtol=0, atol=2e-5 if dtype == "float32" else 1e-8, err_msg=name)


@floats
def test_gelu_by_tanh(dtype):
    x = values(500, dtype=dtype, scale=3.0)
    close(F["gelu"](torch.tensor(x), approximate="tanh"), gelu_tanh(x.astype("float64")), dtype)
    grad = F["_gelu_gradient"](torch.ones(500, dtype=dtype_of(dtype)), torch.tensor(x), approximate="tanh")
    np.testing.assert_allclose(grad.numpy(), slope(gelu_tanh, x.astype("float64")), atol=1e-6)
    with pytest.raises(RuntimeError, match="approximate argument must be either none or tanh"):
        F["gelu"](torch.tensor(x), approximate="both")


@floats
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_of_special_elements(name, dtype):
    """NaN stays NaN; infinite and large elements have the limits of f and f'."""
    numbers, f = ACTIVATIONS[name]
    result = F[name](torch.tensor([NAN, INF, 1e4], dtype=dtype_of(dtype)), *numbers).tolist()
    limit = {"hardtanh": 0.5, "hardsigmoid": 1.0, "logsigmoid": 0.0, "selu": INF}.get(name, INF)
    assert math.isnan(result[0]) and result[1] == limit, result
    assert math.isclose(result[2], f(np.array([1e4]))[0], rel_tol=1e-5, abs_tol=1e-7)
    low = F[name](torch.tensor([-1e4, -700.0, -88.0], dtype=dtype_of(dtype)), *numbers).numpy()
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(low, f(np.array([-1e4, -700.0, -88.0])), rtol=1e-5, atol=1e-30)
    if name in ("threshold", "hardshrink", "softshrink", "leaky_relu", "hardtanh"):
        return
    back = F[f"_{name}_gradient"](
        torch.ones(2, dtype=dtype_of(dtype)), torch.tensor([-1e4, 1e4], dtype=dtype_of(dtype)), *numbers
    )
    expected = {
        "logsigmoid": [1, 0],
        "hardsigmoid": [0, 0],
        "selu": [0, 1.0507009873554805],
    }.get(name, [0, 1])
    np.testing.assert_allclose(back.numpy(), expected, rtol=1e-6)


def test_piecewise_gradients_at_their_corners():
    ones = lambda *x: (torch.ones(len(x)), torch.tensor(x))  # noqa: E731
    assert F["_leaky_relu_gradient"](*ones(0.0, -0.0, 1.0), 0.1).tolist() == pytest.approx([0.1, 0.1, 1])
    assert F["_hardtanh_gradient"](*ones(-1.0, 1.0, 0.5), -1, 1).tolist() == [0, 0, 1]
    assert F["_hardsigmoid_gradient"](*ones(-3.0, 3.0, 0.0)).tolist() == pytest.approx([0, 0, 1 / 6])
    assert F["_hardswish_gradient"](*ones(-3.0, 3.0)).tolist() == [0, 1]
    assert F["_shrink_gradient"](*ones(0.5, -0.5, 0.6), 0.5).tolist() == [0, 0, 1]
    assert F["_threshold_gradient"](*ones(1.0, 1.5), 1.0).tolist() == [0, 1]
    with pytest.raises(RuntimeError, match="lambda must be greater or equal to 0, but found to be -1"):
        F["softshrink"](torch.ones(1), -1.0)
    with pytest.raises(NotImplementedError, match="\"silu_cpu\" not implemented for 'Long'"):
        F["silu"](torch.ones(1).long())


def test_activations_of_pytorchs_namespace():
    x = torch.tensor([[-1.0, 2.0, -3.0]])
    assert torch.prelu(x, torch.tensor([0.5])).tolist() == [[-0.5, 2, -1.5]]
    assert x.prelu(torch.tensor([1.0, 2.0, 3.0])).tolist() == [[-1, 2, -9]]
    assert torch.celu(x, 2.0).numpy() == pytest.approx(np.where(x.numpy() > 0, x.numpy(), 2 * np.expm1(x.numpy() / 2)))
    assert x.hardshrink(2.0).tolist() == [[0, 0, -3]]
    assert torch.threshold(x, 0, 20).tolist() == [[20, 2, 20]]
    with pytest.raises(RuntimeError, match="Found parameter numbers = 2 and channel size = 3"):
        torch.prelu(x, torch.ones(2))
    with pytest.raises(RuntimeError, match="Not allow zero-dim input tensor"):
        torch.prelu(torch.tensor(1.0), torch.ones(2))
    with pytest.raises(RuntimeError, match="alpha cannot be 0 for CELU"):
        torch.celu(x, 0)
    assert "gelu" not in vars(torch) and "silu" not in vars(torch)
    with pytest.raises(AttributeError):
        torch.gelu  # noqa: B018


# ---- normalisation


def normalized(x, axes, eps, centred=True):
    x = x.astype("float64")
    if centred:
        x = x - x.mean(axes, keepdims=True)
    return x / np.sqrt((x**2).mean(axes, keepdims=True) + eps)


@floats
def test_layer_and_rms_norm(dtype):
    for shape, dims in [((3, 5), 1), ((4, 16), 1), ((2, 3, 7), 2), ((5, 1000), 1), ((2, 5000), 1), ((200, 33), 1), ((7, 1), 1)]:
        x, inner = values(*shape, dtype=dtype), shape[-dims:]
        axes = tuple(range(-dims, 0))
        weight, bias = values(*inner, dtype=dtype, seed=1), values(*inner, dtype=dtype, seed=2)
        ours = [torch.tensor(a) for a in (x, weight, bias)]
        close(torch.layer_norm(ours[0], inner), normalized(x, axes, 1e-5), dtype, 32, shape)
        expected = normalized(x, axes, 0.1) * weight + bias
        close(torch.layer_norm(ours[0], inner, ours[1], ours[2], 0.1), expected, dtype, 32, shape)
        close(torch.layer_norm(ours[0], inner, None, ours[2], 0.1), normalized(x, axes, 0.1) + bias, dtype, 32, shape)
        close(torch.rms_norm(ours[0], inner, ours[1], 0.1), normalized(x, axes, 0.1, False) * weight, dtype, 32, shape)
        close(torch.rms_norm(ours[0], inner), normalized(x, axes, EPS[dtype], False), dtype, 32, shape)
        transposed = torch.tensor(np.ascontiguousarray(x.T)).permute(*range(len(shape))[::-1])
        close(torch.layer_norm(transposed, inner), normalized(x, axes, 1e-5), dtype, 32, shape)


@floats
def test_a_large_mean_costs_little(dtype):
    """The deviations are taken before anything is added up."""
    x = (values(4, 300, scale=1e-2) + 100).astype(dtype)
    expected = normalized(x, (-1,), 1e-5)
    np.testing.assert_allclose(
        torch.layer_norm(torch.tensor(x), [300]).numpy(), expected, atol=2e-3 if dtype == "float32" else 1e-11
    )
    result = torch.group_norm(torch.tensor(x).view(4, 2, 150), 2).numpy()
    np.testing.assert_allclose(
        result, normalized(x.reshape(4, 2, 150), (-1,), 1e-5), atol=2e-3 if dtype == "float32" else 1e-11
    )


@floats
def test_group_and_batch_norm(dtype):
    for shape, groups in [((2, 4, 5), 2), ((3, 6, 4, 4), 3), ((5, 8), 4), ((1, 3, 40), 1), ((2, 4, 3, 2, 2), 4)]:
        x, channels = values(*shape, dtype=dtype), shape[1]
        weight, bias = values(channels, dtype=dtype, seed=1), values(channels, dtype=dtype, seed=2)
        ours = [torch.tensor(a) for a in (x, weight, bias)]
        wide = [a.reshape(-1, *[1] * (len(shape) - 2)) for a in (weight, bias)]
        y = normalized(x.reshape(shape[0], groups, -1), (-1,), 0.1).reshape(shape)
        close(torch.group_norm(ours[0], groups, ours[1], ours[2], 0.1), y * wide[0] + wide[1], dtype, 32, shape)
        close(torch.group_norm(ours[0], groups, eps=0.1), y, dtype, 32, shape)
        axes = tuple(i for i in range(len(shape)) if i != 1)
        y = normalized(x, axes, 0.1)
        mean, variance = torch.zeros(channels, dtype=dtype_of(dtype)), torch.ones(channels, dtype=dtype_of(dtype))
        result = torch.batch_norm(ours[0], ours[1], ours[2], mean, variance, True, 0.3, 0.1, True)
        close(result, y * wide[0] + wide[1], dtype, 64, shape)
        x64 = x.astype("float64")
        count = x.size // channels
        close(mean, 0.3 * x64.mean(axes), dtype)
        close(variance, 0.7 + 0.3 * x64.var(axes) * (count / max(count - 1, 1)), dtype)
        expected = (x64 - mean.numpy().reshape(wide[0].shape)) / np.sqrt(variance.numpy().reshape(wide[0].shape) + 0.1)
        result = torch.batch_norm(ours[0], ours[1], ours[2], mean, variance, False, 0.3, 0.1, True)
        close(result, expected * wide[0] + wide[1], dtype, 64, shape)
        assert result.is_contiguous()
        if len(shape) > 2:
            y = normalized(x, tuple(range(2, len(shape))), 0.1)
            result = torch.instance_norm(ours[0], ours[1], ours[2], None, None, True, 0.3, 0.1, True)
            close(result, y * wide[0] + wide[1], dtype, 64, shape)
            mean, variance = torch.zeros(channels, dtype=dtype_of(dtype)), torch.ones(channels, dtype=dtype_of(dtype))
            torch.instance_norm(ours[0], None, None, mean, variance, True, 0.3, 0.1, True)
            close(mean, 0.3 * x64.mean(axes), dtype, 64)


def test_norms_of_no_elements_and_errors():
    assert torch.layer_norm(torch.zeros(0, 3), [3]).shape == (0, 3)
    assert torch.layer_norm(torch.zeros(2, 0), [0]).shape == (2, 0)
    assert torch.group_norm(torch.zeros(0, 4, 3), 2).shape == (0, 4, 3)
    assert torch.batch_norm(torch.zeros(0, 4, 3), None, None, None, None, True, 0.1, 1e-5).shape == (0, 4, 3)
    x = torch.zeros(2, 4, 3)
    for function, message in [
        (lambda: torch.layer_norm(x, []), "Expected normalized_shape to be at least 1-dimensional"),
        (
            lambda: torch.layer_norm(x, [4]),
            r"Given normalized_shape=\[4\], expected input with shape \[\*, 4\], but got input of size\[2, 4, 3\]",
        ),
        (
            lambda: torch.layer_norm(x, [3], torch.ones(4)),
            r"Expected weight to be of same shape as normalized_shape, but got weight of shape \[4\]",
        ),
        (
            lambda: torch.group_norm(x, 3),
            r"Expected number of channels in input to be divisible by num_groups, but got input of shape \[2, 4, 3\] and num_groups=3",
        ),
        (lambda: torch.group_norm(x, 0), "Expected num groups to be greater than 0, got 0"),
        (
            lambda: torch.group_norm(x, 2, torch.ones(3)),
            "Expected weight to be a vector of size equal to the number of channels in input",
        ),
        (
            lambda: torch.batch_norm(x, torch.ones(3), None, None, None, True, 0.1, 1e-5),
            "weight should contain 4 elements not 3",
        ),
        (
            lambda: torch.batch_norm(x, None, None, torch.ones(3), torch.ones(4), True, 0.1, 1e-5),
            "running_mean should contain 4 elements not 3",
        ),
        (
            lambda: torch.batch_norm(x, None, None, None, None, False, 0.1, 1e-5),
            "running_mean must be defined in evaluation mode",
        ),
        (
            lambda: torch.instance_norm(x, None, None, None, None, False, 0.1, 1e-5),
            "Expected running_mean and running_var to be defined when use_input_stats is false",
        ),
    ]:
        with pytest.raises(RuntimeError, match=message):
            function()
    with pytest.raises(NotImplementedError, match="\"LayerNormKernelImpl\" not implemented for 'Long'"):
        torch.layer_norm(x.long(), [3])


def test_training_does_not_depend_on_running_statistics():
    """Two passes before one backward, as gradients that are accumulated make."""
    x, mean, variance = torch.randn(4, 3, 5, requires_grad=True), torch.zeros(3), torch.ones(3)
    first = torch.batch_norm(x, None, None, mean, variance, True, 0.1, 1e-5)
    second = torch.batch_norm(x, None, None, mean, variance, True, 0.1, 1e-5)
    (first.exp().sum() + second.exp().sum()).backward()
    assert x.grad.isfinite().all()
    y = torch.batch_norm(x, None, None, mean, variance, False, 0.1, 1e-5)
    torch.batch_norm(x, None, None, mean, variance, True, 0.1, 1e-5)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.exp().sum().backward()


# ---- losses


def log_softmax(x, axis=1):
    x = x.astype("float64")
    x = x - x.max(axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis, keepdims=True))


def loss_reference(logp, target, weight, reduction, ignore, smoothing=0.0):
    """The definition, row by row; logp is (rows, C)."""
    weight = np.ones(logp.shape[1]) if weight is None else weight.astype("float64")
    losses, total = np.zeros(len(logp)), 0.0
    for i, (row, t) in enumerate(zip(logp, target, strict=True)):
        if t != ignore:
            losses[i] = -(1 - smoothing) * weight[t] * row[t] - smoothing / len(row) * (weight * row).sum()
            total += weight[t]
    return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.sum() / total


@floats
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_cross_entropy(reduction, dtype):
    for rows, classes in [(1, 1), (64, 10), (7, 17), (33, 300), (200, 3)]:
        x = values(rows, classes, dtype=dtype, scale=3.0)
        target = np.random.default_rng(rows).integers(0, classes, rows)
        for weight, smoothing, ignore in [(None, 0.0, -100), (True, 0.0, 0), (None, 0.1, -100), (True, 0.3, 0)]:
            if classes == 1 and ignore == 0:
                continue
            weight = None if weight is None else np.random.default_rng(1).random(classes).astype(dtype) + 0.5
            ours = None if weight is None else torch.tensor(weight)
            options = {"reduction": reduction, "ignore_index": ignore}
            expected = loss_reference(log_softmax(x), target, weight, reduction, ignore, smoothing)
            result = F["cross_entropy_loss"](torch.tensor(x), torch.tensor(target), ours, **options, label_smoothing=smoothing)
            close(result, expected, dtype, 16, (rows, classes, smoothing))
            if smoothing == 0:
                logp = log_softmax(x).astype(dtype)
                expected = loss_reference(logp.astype("float64"), target, weight, reduction, ignore)
                close(F["nll_loss"](torch.tensor(logp), torch.tensor(target), ours, **options), expected, dtype, 16)


@floats
def test_cross_entropy_of_images_and_probabilities(dtype):
    x = values(2, 5, 3, 4, dtype=dtype)
    target = np.random.default_rng(0).integers(0, 5, (2, 3, 4))
    flat = log_softmax(x).transpose(0, 2, 3, 1).reshape(-1, 5)
    for reduction in ("none", "mean", "sum"):
        expected = loss_reference(flat, target.ravel(), None, reduction, -100)
        expected = expected.reshape(target.shape) if reduction == "none" else expected
        close(F["cross_entropy_loss"](torch.tensor(x), torch.tensor(target), reduction=reduction), expected, dtype)
        close(
            F["nll_loss"](torch.tensor(log_softmax(x).astype(dtype)), torch.tensor(target), reduction=reduction),
            expected,
            dtype,
        )
    soft = np.random.default_rng(0).dirichlet(np.ones(5), (2, 3, 4)).transpose(0, 3, 1, 2).astype(dtype)
    weight = np.array([1, 2, 3, 4, 5], dtype)
    mixed = (soft.astype("float64") * 0.8 + 0.2 / 5) * weight.reshape(-1, 1, 1)
    losses = -(mixed * log_softmax(x)).sum(1)
    for reduction, expected in (("none", losses), ("sum", losses.sum()), ("mean", losses.mean())):
        result = F["cross_entropy_loss"](
            torch.tensor(x), torch.tensor(soft), torch.tensor(weight), reduction=reduction, label_smoothing=0.2
        )
        close(result, expected, dtype, 16)
    close(F["cross_entropy_loss"](torch.tensor(x[0, :, 0, 0]), torch.tensor(2)), -flat[0][2], dtype)
    large = torch.tensor([[1e4, 0.0, -1e4]], dtype=dtype_of(dtype))
    assert F["cross_entropy_loss"](large, torch.tensor([1])).item() == 1e4
    assert F["cross_entropy_loss"](large, torch.tensor([0])).item() == 0
    assert math.isnan(F["cross_entropy_loss"](large, torch.tensor([-100])).item())
    assert F["cross_entropy_loss"](torch.zeros(0, 3), torch.zeros(0).long(), reduction="sum").item() == 0


def test_gradients_of_losses_are_those_of_their_parts():
    """The fused gradient against that of log_softmax and nll, of float32 inputs of one or many classes."""
    for shape in ((64, 10), (3, 200), (2, 5, 7)):
        x = torch.tensor(values(*shape, dtype="float32"))
        target = torch.tensor(np.random.default_rng(0).integers(0, shape[1], (shape[0], *shape[2:])))
        grads = []
        for function in (
            lambda x, t: F["cross_entropy_loss"](x, t),
            lambda x, t: F["nll_loss"](x.log_softmax(1), t),
            lambda x, t: -x.log_softmax(1).gather(1, t.unsqueeze(1)).mean(),
        ):
            leaf = x.clone().requires_grad_()
            function(leaf, target).backward()
            grads.append(leaf.grad.numpy())
        np.testing.assert_allclose(grads[0], grads[2], rtol=1e-5, atol=1e-8)
        np.testing.assert_allclose(grads[1], grads[2], rtol=1e-5, atol=1e-8)


def test_errors_of_losses():
    x, y = torch.zeros(3, 5), torch.tensor([1, 2, 3])
    for name in ("cross_entropy_loss", "nll_loss"):
        loss = F[name]
        for arguments, kind, message in [
            ((x, y[:2]), ValueError, r"Expected input batch_size \(3\) to match target batch_size \(2\)"),
            ((x, y + 2), IndexError, "Target 5 is out of bounds"),
            ((x, y - 2), IndexError, "Target -1 is out of bounds"),
            ((x, y.int()), RuntimeError, "expected target dtype to be Long or Byte, but got Int"),
            ((x, y, torch.ones(4)), RuntimeError, "either for all 5 classes or no classes but got weight tensor of shape: .4."),
            ((torch.zeros(2, 5, 4), torch.zeros(2, 3).long()), RuntimeError, r"Expected target size \[2, 4\], got \[2, 3\]"),
            ((x, y, None, "median"), ValueError, "median is not a valid value for reduction"),
            ((torch.tensor(1.0), torch.tensor(0)), ValueError, r"Expected 1 or more dimensions \(got 0\)"),
        ]:
            with pytest.raises(kind, match=message):
                loss(*arguments)
    with pytest.raises(RuntimeError, match="Expected floating point type for target with class probabilities, got Long"):
        F["cross_entropy_loss"](x, torch.zeros(3, 5).long())
    with pytest.raises(RuntimeError, match=r"label_smoothing must be between 0\.0 and 1\.0"):
        F["cross_entropy_loss"](x, y, label_smoothing=2.0)
    assert F["cross_entropy_loss"](x, y.to(torch.uint8)).item() == pytest.approx(math.log(5))


# ---- embedding


def test_embedding():
    weight = torch.tensor(values(6, 4, dtype="float32"), requires_grad=True)
    index = torch.tensor([[1, 5, 1], [0, 1, 2]])
    for dtype in (torch.int64, torch.int32):
        assert (torch.embedding(weight, index.to(dtype)).detach().numpy() == weight.detach().numpy()[index.numpy()]).all()
    assert torch.embedding(weight.detach().t().contiguous().t(), torch.tensor(3)).shape == (4,)
    torch.embedding(weight, index, padding_idx=5, scale_grad_by_freq=True).sum().backward()
    assert weight.grad[:, 0].tolist() == [1, 1, 1, 0, 0, 0]
    weight.grad = None
    torch.embedding(weight, index).sum().backward()
    assert weight.grad[:, 0].tolist() == [1, 3, 1, 0, 0, 1]
    assert torch.embedding(weight, torch.zeros(0, 2).long()).shape == (0, 2, 4)
    for bad in (6, -1):
        with pytest.raises(IndexError, match="index out of range in self"):
            torch.embedding(weight, torch.tensor([bad]))
    with pytest.raises(RuntimeError, match="'weight' must be 2-D"):
        torch.embedding(weight[0], index)
    with pytest.raises(RuntimeError, match="Expected tensor for argument #1 'indices'"):
        torch.embedding(weight, index.float())


def test_dropout():
    x = torch.ones(1000)
    assert torch.dropout(x, 0.5, False) is x
    torch.manual_seed(0)
    dropped = torch.dropout(x, 0.25, True)
    assert set(dropped.tolist()) == {0.0, 4 / 3} or set(np.round(dropped.numpy(), 5)) == {0.0, np.float32(1.33333)}
    assert not torch.dropout(x, 1.0, True).any()
    with pytest.raises(RuntimeError, match="dropout probability has to be between 0 and 1, but got 2"):
        torch.dropout(x, 2.0, True)


def test_same_bits_for_any_thread_count():
    x, image = torch.tensor(values(500, 257, dtype="float32")), torch.tensor(values(6, 12, 40, 41, dtype="float32"))
    target = torch.tensor(np.random.default_rng(0).integers(0, 257, 500))
    results = []
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        normal = F["_batch_norm_train"](image, None, None, None, None, 0.1, 1e-5)
        results.append(
            [
                bits(tensor)
                for tensor in (
                    torch.layer_norm(x, [257]),
                    *F["_rows_norm_gradient"](x, x.flip(0), (257,), None, 1e-5, True, True, True),
                    torch.group_norm(image, 4),
                    *F["_group_norm_gradient"](image, image.flip(0), 4, None, 1e-5),
                    *normal,
                    *F["_batch_norm_gradient"](image.flip(0), image, None, normal[1], normal[2], True),
                    F["cross_entropy_loss"](x, target),
                    F["_cross_entropy_gradient"](torch.ones(()), x, target),
                    F["gelu"](x),
                )
            ]
        )
    assert results[0] == results[1] == results[2]


@pytest.mark.parity
def test_parity():
    """Forward and gradients of everything here against PyTorch's."""
    theirs = pytest.importorskip("torch")
    functional = theirs.nn.functional
    rng = np.random.default_rng(0)

    def compare(ours, other, *arrays):
        mine = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
        their = [theirs.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
        result, expected = ours(torch, *mine), other(theirs, *their)
        np.testing.assert_allclose(result.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-5)
        result.square().sum().backward()
        expected.square().sum().backward()
        for a, b in zip(mine, their, strict=True):
            if a.requires_grad and b.grad is not None:
                np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-4, atol=2e-5)

    def both(function, *arrays):
        compare(function, function, *arrays)

    x = (rng.standard_normal((6, 5, 9)) * 3).astype("float32")
    for name, (numbers, _) in ACTIVATIONS.items():
        numbers = numbers[:1] if name == "elu" else numbers
        compare(lambda t, x, n=name, a=numbers: F[n](x, *a), lambda t, x, n=name, a=numbers: getattr(functional, n)(x, *a), x)
    compare(lambda t, x: F["gelu"](x, approximate="tanh"), lambda t, x: functional.gelu(x, approximate="tanh"), x)
    w5, b5, w9, b9 = (rng.standard_normal(n).astype("float32") for n in (5, 5, 9, 9))
    both(lambda t, x, w: t.prelu(x, w), x, w5)
    both(lambda t, x: t.celu(x, 1.5), x)
    both(lambda t, x, w, b: t.layer_norm(x, [9], w, b), x, w9, b9)
    both(lambda t, x, w: t.rms_norm(x, [9], w), x, w9)
    both(lambda t, x, w, b: t.group_norm(x[:, :4], 2, w[:4], b[:4]), x, w5, b5)
    both(lambda t, x, w, b: t.batch_norm(x, w, b, None, None, True, 0.1, 1e-5, True), x, w5, b5)
    both(lambda t, x, w, b: t.batch_norm(x, w, b, b.detach(), w.detach() ** 2, False, 0.1, 1e-5, True), x, w5, b5)
    both(lambda t, x, w, b: t.instance_norm(x, w, b, None, None, True, 0.1, 1e-5, True), x, w5, b5)
    target = rng.integers(0, 5, (6, 9))
    target[0, 0] = -100
    soft = rng.dirichlet(np.ones(5), (6, 9)).transpose(0, 2, 1).astype("float32").copy()
    weight = rng.random(5).astype("float32") + 0.5
    for reduction in ("none", "mean", "sum"):
        for smoothing in (0.0, 0.2):
            for y in (target, soft):
                compare(
                    lambda t, x, y, r=reduction, s=smoothing: F["cross_entropy_loss"](
                        x, y, t.tensor(weight), r, label_smoothing=s
                    ),
                    lambda t, x, y, r=reduction, s=smoothing: functional.cross_entropy(
                        x, y, t.tensor(weight), reduction=r, label_smoothing=s
                    ),
                    x,
                    y,
                )
        compare(
            lambda t, x, r=reduction: F["nll_loss"](x, t.tensor(target), t.tensor(weight), r),
            lambda t, x, r=reduction: functional.nll_loss(x, t.tensor(target), t.tensor(weight), reduction=r),
            x,
        )
    both(lambda t, w: t.embedding(w, t.tensor([[1, 5, 1]]), 5, True), x[:, :, 0].copy())
