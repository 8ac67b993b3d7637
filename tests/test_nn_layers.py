"""Layers and nn.functional against formulas in NumPy, in float64; gradients by central differences."""

import itertools
import math

import numpy as np
import pytest

import wengert as torch
from nn_reference import array, close, fill, random, sigmoid, tensor
from wengert import nn
from wengert.autograd import gradcheck
from wengert.nn import functional as F

# ---- activations


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
