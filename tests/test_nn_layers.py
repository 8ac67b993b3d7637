"""Layers and nn.functional against formulas in NumPy, in float64; gradients by central differences."""

import itertools
import math

import numpy as np
import pytest

import wengert as torch
from wengert import nn
from wengert.autograd import gradcheck
from wengert.nn import functional as F


def random(*shape, seed=0, low=-2.0, high=2.0):
    return np.random.default_rng((seed, *shape)).uniform(low, high, shape)


def tensor(array, grad=False):
    return torch.tensor(array).requires_grad_(grad)


def close(result, expected, tolerance=1e-12):
    expected = np.asarray(expected)
    assert tuple(result.shape) == expected.shape
    np.testing.assert_allclose(result.detach().numpy(), expected, rtol=tolerance, atol=tolerance)


def fill(module, seed=0):
    """Gives a module float64 parameters of a seed, and returns it."""
    module.double()
    for place, parameter in enumerate(module.parameters()):
        parameter.data.copy_(tensor(random(*parameter.shape, seed=(seed + place + 1))))
    return module


def array(parameter):
    return parameter.detach().numpy()


# ---- activations


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


phi = np.vectorize(lambda x: (1 + math.erf(x / math.sqrt(2))) / 2)
ACTIVATIONS = {
    "CELU": (nn.CELU(1.5), lambda x: np.where(x > 0, x, 1.5 * np.expm1(x / 1.5))),
    "ELU": (nn.ELU(0.7), lambda x: np.where(x > 0, x, 0.7 * np.expm1(x))),
    "GELU": (nn.GELU(), lambda x: x * phi(x)),
    "GELU tanh": (
        nn.GELU("tanh"),
        lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    "GLU": (nn.GLU(0), lambda x: x[:2] * sigmoid(x[2:])),
    "Hardshrink": (nn.Hardshrink(0.7), lambda x: np.where(np.abs(x) > 0.7, x, 0)),
    "Hardsigmoid": (nn.Hardsigmoid(), lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    "Hardswish": (nn.Hardswish(), lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    "Hardtanh": (nn.Hardtanh(-1.5, 0.5), lambda x: np.clip(x, -1.5, 0.5)),
    "LeakyReLU": (nn.LeakyReLU(0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
    "LogSigmoid": (nn.LogSigmoid(), lambda x: np.log(sigmoid(x))),
    "LogSoftmax": (nn.LogSoftmax(1), lambda x: np.log(softmax(x, 1))),
    "Mish": (nn.Mish(), lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    "PReLU": (nn.PReLU(6, 0.5).double(), lambda x: np.where(x > 0, x, 0.5 * x)),
    "RReLU": (nn.RReLU().eval(), lambda x: np.where(x > 0, x, x * (1 / 8 + 1 / 3) / 2)),
    "ReLU": (nn.ReLU(), lambda x: np.maximum(x, 0)),
    "ReLU6": (nn.ReLU6(), lambda x: np.clip(x, 0, 6)),
    "SELU": (nn.SELU(), lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))),
    "SiLU": (nn.SiLU(), lambda x: x * sigmoid(x)),
    "Sigmoid": (nn.Sigmoid(), sigmoid),
    "Softmax": (nn.Softmax(0), lambda x: softmax(x, 0)),
    "Softmin": (nn.Softmin(-1), lambda x: softmax(-x, -1)),
    "Softplus": (nn.Softplus(2, 3), lambda x: np.where(2 * x > 3, x, np.log1p(np.exp(2 * x)) / 2)),
    "Softshrink": (nn.Softshrink(0.7), lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.7, 0)),
    "Softsign": (nn.Softsign(), lambda x: x / (1 + np.abs(x))),
    "Tanh": (nn.Tanh(), np.tanh),
    "Tanhshrink": (nn.Tanhshrink(), lambda x: x - np.tanh(x)),
    "Threshold": (nn.Threshold(0.3, 5.0), lambda x: np.where(x > 0.3, x, 5.0)),
}
X = random(4, 6) * 2 + 0.013


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name):
    module, formula = ACTIVATIONS[name]
    close(module(tensor(X)), formula(X))
    assert gradcheck(module, (tensor(X, True),))


@pytest.mark.parametrize(
    "module",
    [
        nn.ReLU, nn.ReLU6, nn.ELU, nn.CELU, nn.SELU, nn.SiLU, nn.Mish, nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.LeakyReLU,
        lambda **options: nn.Threshold(0.3, 5.0, **options),
    ],
)  # fmt: skip
def test_in_place(module):
    x = tensor(X)
    assert module(inplace=True)(x) is x
    close(x, module()(tensor(X)).numpy())
    a, b = tensor(X, True), tensor(X, True)
    written = a * 1
    (module(inplace=True)(written) ** 2).sum().backward()
    (module()(b) ** 2).sum().backward()
    close(a.grad, b.grad.numpy())
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        module(inplace=True)(tensor(X, True))


def test_functions_in_place():
    for name in ("relu_", "elu_", "celu_", "selu_", "hardtanh_", "leaky_relu_", "threshold_", "rrelu_"):
        x = tensor(X)
        arguments = (0.3, 5.0) if name == "threshold_" else ()
        assert getattr(F, name)(x, *arguments) is x, name
        close(x, getattr(F, name[:-1])(tensor(X), *arguments).numpy())


def test_softmax_family():
    x = random(2, 3, 4, 5)
    close(nn.Softmax2d()(tensor(x)), softmax(x, 1))
    close(nn.Softmax2d()(tensor(x[0])), softmax(x[0], 0))
    for function in (F.softmax, F.softmin, F.log_softmax):
        with pytest.warns(UserWarning, match="Implicit dimension choice"):
            close(function(tensor(x[0])), function(tensor(x[0]), 0).numpy())
        assert function(tensor(x).float(), 1, dtype=torch.float64).dtype == torch.float64


def test_gumbel_softmax():
    torch.manual_seed(0)
    logits = torch.zeros(2000, 3, dtype=torch.float64, requires_grad=True)
    soft = F.gumbel_softmax(logits, tau=0.5)
    close(soft.sum(1), np.ones(2000))
    hard = F.gumbel_softmax(logits + torch.tensor([0.0, 1.0, 2.0]), hard=True)
    close(hard, hard.detach().round().numpy())
    frequencies = hard.round().mean(0).tolist()
    expected = softmax(np.array([[0.0, 1.0, 2.0]]), 1)[0]
    assert np.abs(np.array(frequencies) - expected).max() < 0.05
    (hard * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert logits.grad.abs().sum() > 0


def test_rrelu_draws_slopes():
    torch.manual_seed(0)
    x = torch.full((1000,), -1.0)
    slopes = -F.rrelu(x, 0.2, 0.4, training=True)
    assert slopes.min() >= 0.2 and slopes.max() < 0.4 and abs(slopes.mean().item() - 0.3) < 0.01
    assert torch.equal(F.rrelu(-x, training=True), -x)


# ---- dropout


def test_dropout():
    torch.manual_seed(0)
    x = torch.ones(100, 100)
    kept = nn.Dropout(0.3)(x)
    assert set(kept.unique().tolist()) == {0.0, torch.tensor(1 / 0.7).item()}
    assert abs((kept > 0).float().mean().item() - 0.7) < 0.02
    assert nn.Dropout(0.3).eval()(x) is x and nn.Dropout(0.0)(x) is x
    assert nn.Dropout(1.0)(x).abs().sum() == 0
    again = x.clone()
    assert nn.Dropout(inplace=True)(again) is again and (again == 0).any()
    leaf = torch.ones(50, requires_grad=True)
    output = F.dropout(leaf)
    output.sum().backward()
    assert torch.equal(leaf.grad, output.detach())


@pytest.mark.parametrize(
    ("module", "shape"), [(nn.Dropout1d, (20, 30, 4)), (nn.Dropout2d, (20, 30, 4, 3)), (nn.Dropout3d, (20, 30, 2, 2, 2))]
)
def test_dropout_of_channels(module, shape):
    torch.manual_seed(0)
    flat = module()(torch.ones(shape)).flatten(2)
    assert torch.equal(flat, flat[..., :1].expand(flat.shape)) and 0.4 < (flat == 0).float().mean() < 0.6
    if module is not nn.Dropout2d:
        assert module()(torch.ones(shape[1:])).shape == shape[1:]


@pytest.mark.parametrize("module", [nn.AlphaDropout, nn.FeatureAlphaDropout])
def test_alpha_dropout_keeps_the_moments(module):
    torch.manual_seed(0)
    x = torch.randn(200, 500)
    y = module(0.2)(x)
    assert abs(y.mean().item()) < 0.02 and abs(y.var().item() - 1) < 0.03
    assert module(0.2).eval()(x) is x


# ---- linear maps and tables


def test_linear():
    module = fill(nn.Linear(3, 4))
    for shape in ((5, 3), (3,), (2, 5, 3), (0, 3), (2, 0, 3)):
        x = random(*shape)
        close(module(tensor(x)), x @ array(module.weight).T + array(module.bias))
    x = random(5, 3)
    close(F.linear(tensor(x), module.weight), x @ array(module.weight).T)
    close(F.linear(tensor(x), module.weight[0]), x @ array(module.weight)[0])
    assert gradcheck(F.linear, (tensor(random(2, 5, 3), True), module.weight, module.bias))


def test_bilinear():
    module = fill(nn.Bilinear(3, 4, 5))
    x, y = random(2, 6, 3), random(2, 6, 4)
    close(module(tensor(x), tensor(y)), np.einsum("bti,oij,btj->bto", x, array(module.weight), y) + array(module.bias))
    assert gradcheck(F.bilinear, (tensor(random(2, 3), True), tensor(random(2, 4), True), module.weight, module.bias))


def test_embedding():
    module = fill(nn.Embedding(7, 3, padding_idx=2))
    index = np.random.default_rng(0).integers(0, 7, (4, 5))
    output = module(tensor(index))
    close(output, array(module.weight)[index])
    grad = random(4, 5, 3)
    output.backward(tensor(grad))
    expected = np.zeros((7, 3))
    np.add.at(expected, index.ravel(), grad.reshape(-1, 3))
    expected[2] = 0
    close(module.weight.grad, expected)
    assert nn.Embedding(7, 3, padding_idx=-1).weight[6].tolist() == [0.0, 0.0, 0.0]
    assert module(torch.tensor([1], dtype=torch.int32)).shape == (1, 3)


def test_embedding_options():
    weight = random(5, 3)
    index = np.array([0, 0, 0, 1])
    table = tensor(weight, True)
    F.embedding(tensor(index), table, scale_grad_by_freq=True).sum().backward()
    close(table.grad, [[1.0] * 3, [1.0] * 3, *[[0.0] * 3] * 3])
    table = tensor(weight)
    F.embedding(tensor(index), table, max_norm=0.5)
    norms = np.linalg.norm(table.numpy(), axis=1)
    np.testing.assert_allclose(norms[:2], 0.5, rtol=1e-6)
    np.testing.assert_allclose(table.numpy()[2:], weight[2:])
    with pytest.raises(RuntimeError, match="sparse"):
        nn.Embedding(3, 2, sparse=True)(tensor(index[:1]))


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_embedding_bag(mode):
    weight = random(9, 3)
    index = np.random.default_rng(1).integers(0, 9, 12)
    offsets = [0, 3, 3, 8]
    bags = [index[a:b] for a, b in itertools.pairwise([*offsets, 12])]

    def reduce(rows):
        return getattr(rows, mode)(0) if len(rows) else np.zeros(3)

    def bag(i, o=None, **options):
        return F.embedding_bag(tensor(i), tensor(weight), None if o is None else torch.tensor(o), mode=mode, **options)

    close(bag(index, offsets), [reduce(weight[b]) for b in bags])
    close(bag(index, [*offsets, 12], include_last_offset=True), [reduce(weight[b]) for b in bags])
    close(bag(index, offsets, padding_idx=3), [reduce(weight[b[b != 3]]) for b in bags])
    close(bag(index.reshape(4, 3)), [reduce(weight[row]) for row in index.reshape(4, 3)])
    assert gradcheck(lambda w: F.embedding_bag(tensor(index), w, torch.tensor(offsets), mode=mode), (tensor(weight, True),))


def test_embedding_bag_weights():
    weight, index, factors = random(9, 3), np.random.default_rng(1).integers(0, 9, (4, 5)), random(4, 5)
    result = F.embedding_bag(tensor(index), tensor(weight), mode="sum", per_sample_weights=tensor(factors))
    close(result, np.einsum("bld,bl->bd", weight[index], factors))


def test_one_hot():
    index = np.random.default_rng(0).integers(0, 5, (2, 3))
    assert np.array_equal(F.one_hot(tensor(index), 5).numpy(), np.eye(5, dtype="int64")[index])
    assert F.one_hot(torch.tensor([2, 0])).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert F.one_hot(torch.zeros(0, dtype=torch.int64), 3).shape == (0, 3)


# ---- shapes, padding, images


def test_shapes():
    x = torch.arange(24.0).view(2, 3, 4)
    assert nn.Flatten()(x).shape == (2, 12) and nn.Flatten(0, 1)(x).shape == (6, 4)
    assert nn.Unflatten(2, (2, 2))(x).shape == (2, 3, 2, 2) and nn.Identity()(x) is x


PAD = {"constant": {}, "reflect": {}, "replicate": {"mode": "edge"}, "circular": {"mode": "wrap"}}


@pytest.mark.parametrize("mode", PAD)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_pad(mode, dims):
    around = (1, 2, 3, 0, 2, 1)[: 2 * dims]
    for shape in ((2, 3, *[5] * dims), (3, *[5] * dims)):
        x = random(*shape)
        widths = [(0, 0)] * (len(shape) - dims) + [around[2 * d : 2 * d + 2] for d in reversed(range(dims))]
        expected = np.pad(x, widths, **{"mode": mode, **PAD[mode]})
        close(F.pad(tensor(x), around, mode), expected)
    if dims < 3:
        assert gradcheck(lambda t: F.pad(t, around, mode), (tensor(random(1, 2, *[4] * dims), True),))


def test_pad_constants_and_less():
    x = random(2, 3)
    close(F.pad(tensor(x), (1, -1), value=7.0), np.pad(x[:, :-1], ((0, 0), (1, 0)), constant_values=7.0))
    close(F.pad(tensor(x), (-1, 1), "replicate"), np.pad(x[:, 1:], ((0, 0), (0, 1)), "edge"))
    assert F.pad(tensor(x), (0, 0), "reflect").data_ptr() != tensor(x).data_ptr()
    close(nn.ConstantPad2d(1, 2.0)(tensor(x[None])), np.pad(x[None], ((0, 0), (1, 1), (1, 1)), constant_values=2.0))
    close(nn.ZeroPad1d((1, 0))(tensor(x)), np.pad(x, ((0, 0), (1, 0))))


def test_pixels_and_channels():
    x = random(2, 8, 3, 4)
    shuffled = x.reshape(2, 2, 2, 2, 3, 4).transpose(0, 1, 4, 2, 5, 3).reshape(2, 2, 6, 8)
    close(F.pixel_shuffle(tensor(x), 2), shuffled)
    close(F.pixel_unshuffle(tensor(shuffled), 2), x)
    close(F.channel_shuffle(tensor(x), 4), x.reshape(2, 4, 2, 3, 4).swapaxes(1, 2).reshape(x.shape))


def windows(x, kernel, dilation, padding, stride):
    padded = np.pad(x, ((0, 0), (0, 0), *[(p, p) for p in padding]))
    count = [(padded.shape[2 + a] - dilation[a] * (kernel[a] - 1) - 1) // stride[a] + 1 for a in range(2)]
    columns = []
    for i, j in itertools.product(range(count[0]), range(count[1])):
        rows = [i * stride[0] + k * dilation[0] for k in range(kernel[0])]
        cols = [j * stride[1] + k * dilation[1] for k in range(kernel[1])]
        columns.append(padded[:, :, rows][:, :, :, cols].reshape(len(x), -1))
    return np.stack(columns, 2)


@pytest.mark.parametrize(
    "numbers", [((2, 3), (1, 1), (0, 0), (1, 1)), ((2, 2), (2, 1), (1, 2), (2, 3)), ((3, 1), (1, 2), (0, 1), (3, 1))]
)
def test_unfold_and_fold(numbers):
    x = random(2, 3, 6, 7)
    expected = windows(x, *numbers)
    close(F.unfold(tensor(x), *numbers), expected)
    y = random(*expected.shape)
    folded = F.fold(tensor(y), (6, 7), *numbers)
    assert math.isclose((expected * y).sum(), (x * folded.numpy()).sum(), rel_tol=1e-12)  # fold is unfold's transpose
    close(F.unfold(tensor(x[0]), *numbers), expected[0])
    assert gradcheck(lambda t: F.unfold(t, *numbers), (tensor(random(1, 2, 6, 7), True),))
    close(nn.Fold((6, 7), *numbers)(tensor(y)), folded.numpy())


def resampled(x, count, scale, kind, align):
    """Along the last axis, by definition."""
    size = x.shape[-1]
    step = size / count if scale is None else 1 / scale
    columns = []
    for i in range(count):
        if kind == "nearest":
            columns.append(x[..., min(int(i * step), size - 1)])
            continue
        if kind == "nearest-exact":
            columns.append(x[..., min(int((i + 0.5) * step), size - 1)])
            continue
        place = i * (size - 1) / (count - 1) if align else (i + 0.5) * step - 0.5
        if kind == "linear":
            place = max(place, 0)
            low = int(place)
            t = place - low
            columns.append(x[..., low] * (1 - t) + x[..., min(low + 1, size - 1)] * t)
            continue
        low = math.floor(place)
        total = 0
        for k in range(-1, 3):
            d = abs(place - low - k)
            w = ((-0.75 + 2) * d - (-0.75 + 3)) * d * d + 1 if d <= 1 else -0.75 * (((d - 5) * d + 8) * d - 4)
            total = total + w * x[..., min(max(low + k, 0), size - 1)]
        columns.append(total)
    return np.stack(columns, -1)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic"])
@pytest.mark.parametrize(
    "target", [{"size": 7}, {"size": 3}, {"scale_factor": 2}, {"scale_factor": 1.7}, {"size": 8, "align_corners": True}]
)
def test_interpolate(mode, target):
    if "nearest" in mode and "align_corners" in target:
        pytest.skip("takes no align_corners")
    dims = {"linear": 1, "trilinear": 3}.get(mode, 2)
    x = random(2, 3, *range(4, 4 + dims))
    kind = {"bicubic": "cubic"}.get(mode, "linear" if mode.endswith("linear") else mode)
    expected = x
    for axis in range(2, 2 + dims):
        count = target.get("size") or int(x.shape[axis] * target["scale_factor"])
        moved = resampled(np.moveaxis(expected, axis, -1), count, target.get("scale_factor"), kind, target.get("align_corners"))
        expected = np.moveaxis(moved, -1, axis)
    close(F.interpolate(tensor(x), mode=mode, **target), expected)
    if dims < 3:
        assert gradcheck(lambda t: F.interpolate(t, mode=mode, **target), (tensor(random(1, 1, *[4] * dims), True),))


def test_interpolate_area_and_antialias():
    x = random(1, 1, 4, 8)
    close(F.interpolate(tensor(x), (2, 4), mode="area"), x.reshape(1, 1, 2, 2, 4, 2).mean((3, 5)))
    for mode in ("bilinear", "bicubic", "lanczos"):
        smaller = F.interpolate(torch.ones(1, 1, 8, 8), (3, 5), mode=mode, antialias=True)
        np.testing.assert_allclose(smaller.numpy(), 1.0, rtol=1e-6)  # weights sum to 1
    line = torch.arange(8.0).view(1, 1, 1, 8)
    halves = F.interpolate(line, (1, 4), mode="bilinear", antialias=True).flatten().tolist()
    np.testing.assert_allclose(halves[1:3], [2.5, 4.5], rtol=1e-6)  # symmetric filters keep straight lines


def test_upsampling_deprecations():
    x = torch.arange(4.0).view(1, 1, 2, 2)
    with pytest.warns(UserWarning, match="deprecated"):
        assert F.upsample(x, 4).shape == (1, 1, 4, 4)
    with pytest.warns(UserWarning, match="deprecated"):
        assert torch.equal(F.upsample_nearest(x, scale_factor=2), nn.UpsamplingNearest2d(scale_factor=2)(x))
    with pytest.warns(UserWarning, match="deprecated"):
        assert torch.equal(F.upsample_bilinear(x, 3), nn.UpsamplingBilinear2d(3)(x))


# ---- convolutions and pooling as layers; the kernels have tests of their own


def correlated(x, weight, bias, stride, padding, dilation, groups, mode="constant"):
    dims = weight.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0), *padding], mode=mode)
    count = [(n - d * (k - 1) - 1) // s + 1 for n, d, k, s in zip(x.shape[2:], dilation, weight.shape[2:], stride, strict=True)]
    out = np.zeros((len(x), len(weight), *count))
    per, results = weight.shape[1], len(weight) // groups
    for element in np.ndindex(weight.shape[2:]):
        where = tuple(
            slice(d * e, d * e + s * (n - 1) + 1, s) for d, e, s, n in zip(dilation, element, stride, count, strict=True)
        )
        for g in range(groups):
            kernel = weight[(slice(g * results, (g + 1) * results), slice(None), *element)]
            out[:, g * results : (g + 1) * results] += np.einsum(
                "oc,nc...->no...", kernel, x[(slice(None), slice(g * per, (g + 1) * per), *where)]
            )
    return out if bias is None else out + bias.reshape(-1, *[1] * dims)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [(1, 2), "same", "valid"])
def test_conv2d(mode, padding):
    module = fill(nn.Conv2d(4, 6, (2, 3), padding=padding, dilation=(2, 1), groups=2, padding_mode=mode))
    x = random(2, 4, 7, 6)
    around = {"same": [(1, 1), (1, 1)], "valid": [(0, 0), (0, 0)], (1, 2): [(1, 1), (2, 2)]}[padding]
    name = {"zeros": "constant", "replicate": "edge", "circular": "wrap"}.get(mode, mode)
    expected = correlated(x, array(module.weight), array(module.bias), (1, 1), around, (2, 1), 2, name)
    close(module(tensor(x)), expected)
    close(module(tensor(x[0])), expected[0])


@pytest.mark.parametrize("dims", [1, 3])
def test_conv(dims):
    module = fill(getattr(nn, f"Conv{dims}d")(2, 3, 2, stride=2, padding=1, bias=False))
    x = random(2, 2, *[5] * dims)
    expected = correlated(x, array(module.weight), None, (2,) * dims, [(1, 1)] * dims, (1,) * dims, 1)
    close(module(tensor(x)), expected)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_conv_transpose_is_the_transpose(dims):
    up = fill(getattr(nn, f"ConvTranspose{dims}d")(3, 2, 3, stride=2, padding=1, bias=False))
    down = getattr(F, f"conv{dims}d")
    x, y = random(2, 3, *[4] * dims), random(2, 2, *[8] * dims)
    grown = up(tensor(x), output_size=[8] * dims)
    shrunk = down(tensor(y), up.weight, stride=2, padding=1)
    assert math.isclose((grown * tensor(y)).sum().item(), (shrunk * tensor(x)).sum().item(), rel_tol=1e-12)


def test_conv_tbc():
    x, weight, bias = random(7, 2, 3), random(2, 3, 4), random(4)
    expected = correlated(x.transpose(1, 2, 0), weight.transpose(2, 1, 0), bias, (1,), [(1, 1)], (1,), 1)
    close(F.conv_tbc(tensor(x), tensor(weight), tensor(bias), 1), expected.transpose(2, 0, 1))


def test_pooling():
    x = random(2, 3, 6, 8)
    squares = x.reshape(2, 3, 3, 2, 4, 2)
    close(nn.MaxPool2d(2)(tensor(x)), squares.max((3, 5)))
    close(nn.AvgPool2d(2)(tensor(x)), squares.mean((3, 5)))
    close(nn.LPPool2d(3, 2)(tensor(np.abs(x))), (np.abs(squares) ** 3).sum((3, 5)) ** (1 / 3))
    close(F.lp_pool2d(tensor(x), math.inf, 2), np.abs(squares).max((3, 5)))
    close(F.lp_pool2d(tensor(x), -math.inf, 2), np.abs(squares).min((3, 5)))
    close(nn.AdaptiveAvgPool2d((3, 4))(tensor(x)), squares.mean((3, 5)))
    close(nn.AdaptiveMaxPool2d((None, 4))(tensor(x)), x.reshape(2, 3, 6, 4, 2).max(4))
    close(nn.MaxPool1d(2)(tensor(x[0])), x[0].reshape(3, 6, 4, 2).max(3))
    close(nn.AvgPool1d(2)(tensor(x[0])), x[0].reshape(3, 6, 4, 2).mean(3))
    close(nn.AvgPool3d((1, 2, 2))(tensor(x)), squares.mean((3, 5)))
    values, indices = nn.MaxPool2d(2, return_indices=True)(tensor(x))
    close(values, np.take_along_axis(x.reshape(2, 3, 48), indices.numpy().reshape(2, 3, 12), 2).reshape(2, 3, 3, 4))
    back = nn.MaxUnpool2d(2)(values, indices)
    close(back, np.where(np.repeat(np.repeat(squares.max((3, 5)), 2, 2), 2, 3) == x, x, 0))
    assert gradcheck(lambda t: F.max_unpool2d(t, indices, 2), (values.requires_grad_(),))


# ---- normalisation


def normalised(x, axes, eps, centred=True):
    mean = x.mean(axes, keepdims=True) if centred else 0
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + eps)


@pytest.mark.parametrize(
    ("module", "shape"),
    [(nn.BatchNorm1d, (8, 3)), (nn.BatchNorm1d, (4, 3, 5)), (nn.BatchNorm2d, (2, 3, 4, 5)), (nn.BatchNorm3d, (2, 3, 2, 2, 3))],
)
def test_batch_norm(module, shape):
    norm = fill(module(3, eps=0.1, momentum=0.3))
    axes = (0, *range(2, len(shape)))
    weight, bias = (array(p).reshape(-1, *[1] * (len(shape) - 2)) for p in (norm.weight, norm.bias))
    mean, variance = np.zeros(3), np.ones(3)
    for seed in range(2):
        x = random(*shape, seed=seed)
        close(norm(tensor(x)), normalised(x, axes, 0.1) * weight + bias)
        mean = 0.7 * mean + 0.3 * x.mean(axes)
        variance = 0.7 * variance + 0.3 * x.var(axes, ddof=1)
        close(norm.running_mean, mean)
        close(norm.running_var, variance)
    assert norm.num_batches_tracked == 2
    along = (1, 3, *[1] * (len(shape) - 2))
    close(norm.eval()(tensor(x)), (x - mean.reshape(along)) / np.sqrt(variance.reshape(along) + 0.1) * weight + bias)
    norm.reset_running_stats()
    assert norm.running_mean.abs().sum() == 0 and norm.num_batches_tracked == 0


def test_batch_norm_without_statistics():
    x = random(8, 3)
    norm = nn.BatchNorm1d(3, affine=False, track_running_stats=False)
    close(norm.eval()(tensor(x)), normalised(x, 0, 1e-5))
    assert list(norm.state_dict()) == []
    mean = nn.BatchNorm1d(3, momentum=None).double()
    for seed in range(3):
        mean(tensor(random(8, 3, seed=seed)))
    close(mean.running_mean, np.mean([random(8, 3, seed=seed).mean(0) for seed in range(3)], 0))
    old = {name: value for name, value in nn.BatchNorm1d(3).state_dict().items() if name != "num_batches_tracked"}
    nn.BatchNorm1d(3).load_state_dict(old)  # stored before version 2


def test_other_norms():
    x = random(2, 6, 5)
    layer = fill(nn.LayerNorm((6, 5), eps=0.1))
    close(layer(tensor(x)), normalised(x, (1, 2), 0.1) * array(layer.weight) + array(layer.bias))
    close(nn.LayerNorm(5, elementwise_affine=False)(tensor(x)), normalised(x, 2, 1e-5))
    group = fill(nn.GroupNorm(3, 6))
    grouped = normalised(x.reshape(2, 3, -1), 2, 1e-5).reshape(x.shape)
    close(group(tensor(x)), grouped * array(group.weight)[:, None] + array(group.bias)[:, None])
    rms = fill(nn.RMSNorm(5))
    close(rms(tensor(x)), normalised(x, 2, np.finfo("float64").eps, centred=False) * array(rms.weight))
    instance = fill(nn.InstanceNorm1d(6, affine=True))
    expected = normalised(x, 2, 1e-5) * array(instance.weight)[:, None] + array(instance.bias)[:, None]
    close(instance(tensor(x)), expected)
    close(instance(tensor(x[0])), expected[0])
    tracked = nn.InstanceNorm1d(6, track_running_stats=True).double()
    tracked(tensor(x))
    close(tracked.running_mean, 0.1 * x.mean((0, 2)))
    close(tracked.running_var, 0.9 + 0.1 * x.var(2, ddof=1).mean(0))
    with pytest.warns(UserWarning, match="does not match num_features"):
        nn.InstanceNorm1d(5)(tensor(x))


def test_local_response_norm():
    x = random(2, 6, 5)
    for size in (1, 3, 4):
        padded = np.pad(x**2, ((0, 0), (size // 2, (size - 1) // 2), (0, 0)))
        mean = np.stack([padded[:, c : c + size].sum(1) / size for c in range(6)], 1)
        close(nn.LocalResponseNorm(size, 0.2, 0.5, 2.0)(tensor(x)), x / (2 + 0.2 * mean) ** 0.5)


@pytest.mark.parametrize(
    "module",
    [
        nn.BatchNorm1d(3), nn.BatchNorm1d(3).eval(), nn.LayerNorm(4), nn.GroupNorm(3, 3), nn.RMSNorm(4), nn.InstanceNorm1d(3),
        nn.LocalResponseNorm(2),
    ],
)  # fmt: skip
def test_gradients_of_norms(module):
    module.double()
    assert gradcheck(module, (tensor(random(2, 3, 4), True),))


# ---- distances


def test_distances():
    x, y = random(4, 6), random(4, 6, seed=1)
    cosine = (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    close(nn.CosineSimilarity()(tensor(x), tensor(y)), cosine)
    close(
        F.cosine_similarity(tensor(x)[:, None], tensor(y)[None], dim=2),
        (x / np.linalg.norm(x, axis=1, keepdims=True)) @ (y / np.linalg.norm(y, axis=1, keepdims=True)).T,
    )
    assert F.cosine_similarity(torch.zeros(3), torch.ones(3), dim=0) == 0
    for p in (1.0, 2.0, 3.5, math.inf):
        close(nn.PairwiseDistance(p)(tensor(x), tensor(y)), np.linalg.norm(x - y + 1e-6, p, axis=1))
        close(F.normalize(tensor(x), p), x / np.linalg.norm(x, p, axis=1, keepdims=True))
    out = torch.empty(4, 6, dtype=torch.float64)
    assert F.normalize(tensor(x), out=out) is out and abs(out[0].norm().item() - 1) < 1e-12
    close(F.pdist(tensor(x)), [np.linalg.norm(x[i] - x[j]) for i in range(4) for j in range(i + 1, 4)])
    assert gradcheck(F.cosine_similarity, (tensor(x, True), tensor(y, True)))


# ---- recurrent layers


def steps(kind, x, state, w_ih, w_hh, b_ih, b_hh, w_hr=None):
    """All h, and the last state, of x (T, N, in), by the equations."""
    h, c = state
    outputs = []
    for x_t in x:
        if kind == "GRU":
            a, b = np.split(x_t @ w_ih.T + b_ih, 3, 1), np.split(h @ w_hh.T + b_hh, 3, 1)
            r, z = sigmoid(a[0] + b[0]), sigmoid(a[1] + b[1])
            h = (1 - z) * np.tanh(a[2] + r * b[2]) + z * h
        else:
            gates = x_t @ w_ih.T + b_ih + h @ w_hh.T + b_hh
            if kind == "RNN":
                h = np.tanh(gates)
            else:
                i, f, g, o = np.split(gates, 4, 1)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
                h = h if w_hr is None else h @ w_hr.T
        outputs.append(h)
    return np.stack(outputs), (h, c)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_recurrent(kind, bidirectional):
    module = fill(getattr(nn, kind)(3, 5, num_layers=2, bidirectional=bidirectional))
    directions = 1 + bidirectional
    x = random(6, 2, 3)
    states = random(2 * directions, 2, 5, seed=1), random(2 * directions, 2, 5, seed=2)
    hx = tuple(map(tensor, states)) if kind == "LSTM" else tensor(states[0])
    output, last = module(tensor(x), hx)
    data, ends = x, []
    for layer in range(2):
        parts = []
        for direction in range(directions):
            place = layer * directions + direction
            weights = [array(w) for w in module.all_weights[place]]
            run = data[::-1] if direction else data
            result, state = steps(kind, run, (states[0][place], states[1][place]), *weights)
            parts.append(result[::-1] if direction else result)
            ends.append(state)
        data = np.concatenate(parts, 2)
    close(output, data)
    close(last[0] if kind == "LSTM" else last, np.stack([end[0] for end in ends]))
    if kind == "LSTM":
        close(last[1], np.stack([end[1] for end in ends]))


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_recurrent_layouts(kind):
    module = fill(getattr(nn, kind)(3, 5))
    first = fill(getattr(nn, kind)(3, 5, batch_first=True))
    x = random(6, 2, 3)
    output, _ = module(tensor(x))
    close(first(tensor(x.swapaxes(0, 1)))[0], output.detach().numpy().swapaxes(0, 1))
    single, last = module(tensor(x[:, 0]))
    close(single, output[:, 0].detach().numpy())
    assert (last[0] if kind == "LSTM" else last).shape == (1, 5)
    cell = getattr(nn, f"{kind}Cell")(3, 5).double()
    cell.load_state_dict({name: module.state_dict()[f"{name}_l0"] for name in cell.state_dict()})
    state = None
    for t in range(6):
        state = cell(tensor(x[t]), state)
        close(state[0] if kind == "LSTM" else state, output[t].detach().numpy())
    assert cell(tensor(x[0, 0]))[0].shape == ((5,) if kind == "LSTM" else ())


def test_lstm_projection():
    module = fill(nn.LSTM(3, 5, proj_size=2))
    x = random(6, 2, 3)
    output, (h, c) = module(tensor(x))
    expected, (last, cell) = steps("LSTM", x, (np.zeros((2, 2)), np.zeros((2, 5))), *map(array, module.all_weights[0]))
    close(output, expected)
    close(h[0], last)
    close(c[0], cell)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_packed_sequences_run_as_each_would_alone(kind):
    module = fill(getattr(nn, kind)(3, 5, num_layers=2, bidirectional=True))
    sequences = [tensor(random(length, 3, seed=length), True) for length in (2, 6, 4, 4)]
    packed = nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False)
    states = random(4, 4, 5), random(4, 4, 5, seed=1)
    hx = tuple(map(tensor, states)) if kind == "LSTM" else tensor(states[0])
    output, last = module(packed, hx)
    for place, (sequence, part) in enumerate(zip(sequences, nn.utils.rnn.unpack_sequence(output), strict=True)):
        own = tuple(tensor(s[:, place]) for s in states)
        alone, end = module(sequence, own if kind == "LSTM" else own[0])
        close(part, alone.detach().numpy())
        close((last[0] if kind == "LSTM" else last)[:, place], (end[0] if kind == "LSTM" else end).detach().numpy())
    total = output.data.sum()
    gradients = torch.autograd.grad(total, sequences)
    alone = [torch.autograd.grad(module(s, _of(hx, i))[0].sum(), s)[0] for i, s in enumerate(sequences)]
    for a, b in zip(gradients, alone, strict=True):
        close(a, b.numpy())


def _of(hx, place):
    return tuple(h[:, place] for h in hx) if isinstance(hx, tuple) else hx[:, place]


def test_recurrent_dropout_is_between_layers():
    torch.manual_seed(0)
    module = nn.LSTM(3, 4, num_layers=2, dropout=1.0)
    dropped = module(torch.ones(2, 1, 3))[0]
    module.eval()
    assert not torch.equal(dropped, module(torch.ones(2, 1, 3))[0])
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last"):
        nn.LSTM(3, 4, dropout=0.5)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_gradients_of_recurrent_layers(kind):
    module = fill(getattr(nn, kind)(2, 3, bidirectional=True))
    assert gradcheck(lambda x: module(x)[0], (tensor(random(3, 1, 2), True),))
    module.flatten_parameters()
    assert module._flat_weights_names[0] == "weight_ih_l0" and len(module._flat_weights) == 8
