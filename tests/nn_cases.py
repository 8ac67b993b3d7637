"""Modules and losses with inputs, for the comparison with PyTorch and the tests that run over all of them.

A case builds its module from a library (wengert or torch), so that one text serves both::

    case("Linear", lambda t: t.nn.Linear(3, 4), x(5, 3))

Inputs are NumPy arrays, or tuples of them, made from a seed; float ones get gradients unless marked with ``constant``.
"""

import numpy as np

CASES = []


class Constant:
    """A float input that gets no gradient."""

    def __init__(self, array):
        self.array = array


class Case:
    def __init__(self, name, build, inputs, call, eval_too, draws, kwargs):
        self.name, self.build, self.inputs, self.call = name, build, inputs, call
        self.eval_too, self.draws, self.kwargs = eval_too, draws, kwargs

    def __repr__(self):
        return self.name


def case(name, build, *inputs, call=None, eval_too=False, draws=False, **kwargs):
    """call(module, *inputs) gives the outputs, the module's own call unless given; eval_too compares in evaluation as well; draws
    says that forward takes random numbers."""
    CASES.append(Case(name, build, inputs, call, eval_too, draws, kwargs))


def x(*shape, low=-2.0, high=2.0, seed=0):
    """Floats in (low, high)."""
    return np.random.default_rng((seed, *shape)).uniform(low, high, shape).astype(np.float32)


def positive(*shape, seed=0):
    return x(*shape, low=0.1, high=0.9, seed=seed)


def index(*shape, high, seed=0):
    return np.random.default_rng((seed, *shape)).integers(0, high, shape)


def signs(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).choice(np.array([-1.0, 1.0], np.float32), shape)


def probabilities(*shape, seed=0):
    values = positive(*shape, seed=seed)
    return values / values.sum(1, keepdims=True)


C = Constant

# ---- activations: elements of either sign, away from the kinks at whole and half numbers

A = x(4, 6) * 2 + np.float32(0.013)
for name, build in {
    "CELU": lambda t: t.nn.CELU(1.5),
    "ELU": lambda t: t.nn.ELU(0.7),
    "GELU": lambda t: t.nn.GELU(),
    "GELU tanh": lambda t: t.nn.GELU("tanh"),
    "GLU": lambda t: t.nn.GLU(),
    "GLU dim": lambda t: t.nn.GLU(0),
    "Hardshrink": lambda t: t.nn.Hardshrink(0.7),
    "Hardsigmoid": lambda t: t.nn.Hardsigmoid(),
    "Hardswish": lambda t: t.nn.Hardswish(),
    "Hardtanh": lambda t: t.nn.Hardtanh(-1.5, 0.5),
    "LeakyReLU": lambda t: t.nn.LeakyReLU(0.2),
    "LogSigmoid": lambda t: t.nn.LogSigmoid(),
    "LogSoftmax": lambda t: t.nn.LogSoftmax(1),
    "Mish": lambda t: t.nn.Mish(),
    "PReLU": lambda t: t.nn.PReLU(),
    "PReLU channels": lambda t: t.nn.PReLU(6, 0.1),
    "ReLU": lambda t: t.nn.ReLU(),
    "ReLU6": lambda t: t.nn.ReLU6(),
    "SELU": lambda t: t.nn.SELU(),
    "SiLU": lambda t: t.nn.SiLU(),
    "Sigmoid": lambda t: t.nn.Sigmoid(),
    "Softmax": lambda t: t.nn.Softmax(0),
    "Softmin": lambda t: t.nn.Softmin(-1),
    "Softplus": lambda t: t.nn.Softplus(2, 3),
    "Softshrink": lambda t: t.nn.Softshrink(0.7),
    "Softsign": lambda t: t.nn.Softsign(),
    "Tanh": lambda t: t.nn.Tanh(),
    "Tanhshrink": lambda t: t.nn.Tanhshrink(),
    "Threshold": lambda t: t.nn.Threshold(0.3, 5.0),
}.items():
    case(name, build, A)
case("RReLU", lambda t: t.nn.RReLU(), A, eval_too=True, draws=True)
case("Softmax2d", lambda t: t.nn.Softmax2d(), x(2, 3, 4, 5))
for name, build in {
    "ReLU inplace": lambda t: t.nn.ReLU(inplace=True),
    "ELU inplace": lambda t: t.nn.ELU(inplace=True),
    "CELU inplace": lambda t: t.nn.CELU(inplace=True),
    "SELU inplace": lambda t: t.nn.SELU(inplace=True),
    "SiLU inplace": lambda t: t.nn.SiLU(inplace=True),
    "Mish inplace": lambda t: t.nn.Mish(inplace=True),
    "Hardswish inplace": lambda t: t.nn.Hardswish(inplace=True),
    "Hardsigmoid inplace": lambda t: t.nn.Hardsigmoid(inplace=True),
    "Hardtanh inplace": lambda t: t.nn.Hardtanh(inplace=True),
    "ReLU6 inplace": lambda t: t.nn.ReLU6(inplace=True),
    "LeakyReLU inplace": lambda t: t.nn.LeakyReLU(inplace=True),
    "Threshold inplace": lambda t: t.nn.Threshold(0.3, -5.0, inplace=True),
    "RReLU inplace": lambda t: t.nn.RReLU(inplace=True),
}.items():
    case(name, build, A, call=lambda module, a: module(a * 1), draws=True)

# ---- linear maps, tables, shapes

case("Identity", lambda t: t.nn.Identity(3, unused=1), x(2, 3))
case("Linear", lambda t: t.nn.Linear(3, 4), x(5, 3))
case("Linear no bias", lambda t: t.nn.Linear(3, 4, bias=False), x(5, 3))
case("Linear vector", lambda t: t.nn.Linear(3, 4), x(3))
case("Linear batches", lambda t: t.nn.Linear(3, 4), x(2, 5, 3))
case("Linear batches no bias", lambda t: t.nn.Linear(3, 4, bias=False), x(2, 5, 3))
case("Linear double", lambda t: t.nn.Linear(3, 4, dtype=t.float64), x(5, 3).astype(np.float64))
case("Bilinear", lambda t: t.nn.Bilinear(3, 4, 5), x(6, 3), x(6, 4, seed=1))
case("Bilinear batches", lambda t: t.nn.Bilinear(3, 4, 5, bias=False), x(2, 6, 3), x(2, 6, 4, seed=1))
case("Flatten", lambda t: t.nn.Flatten(), x(2, 3, 4))
case("Unflatten", lambda t: t.nn.Unflatten(1, (2, 3)), x(2, 6))
case("Embedding", lambda t: t.nn.Embedding(7, 3), index(2, 4, high=7))
case("Embedding padding", lambda t: t.nn.Embedding(7, 3, padding_idx=-2), index(2, 9, high=7))
case("Embedding freq", lambda t: t.nn.Embedding(7, 3, scale_grad_by_freq=True), index(20, high=7))
case("Embedding max_norm", lambda t: t.nn.Embedding(7, 3, max_norm=1.0, norm_type=3.0), index(2, 2, high=7))
for mode in ("sum", "mean", "max"):
    case(f"EmbeddingBag {mode}", lambda t, mode=mode: t.nn.EmbeddingBag(9, 3, mode=mode), index(4, 5, high=9))
    case(
        f"EmbeddingBag offsets {mode}",
        lambda t, mode=mode: t.nn.EmbeddingBag(9, 3, mode=mode, padding_idx=1),
        index(12, high=9),
        np.array([0, 3, 3, 8]),
    )
case(
    "EmbeddingBag last offset",
    lambda t: t.nn.EmbeddingBag(9, 3, mode="sum", include_last_offset=True, max_norm=1.0),
    index(12, high=9),
    np.array([0, 3, 12]),
)
case(
    "EmbeddingBag weights",
    lambda t: t.nn.EmbeddingBag(9, 3, mode="sum"),
    index(4, 5, high=9),
    x(4, 5),
    call=lambda module, i, w: module(i, per_sample_weights=w),
)
case("CosineSimilarity", lambda t: t.nn.CosineSimilarity(), x(4, 6), x(4, 6, seed=1))
case("PairwiseDistance", lambda t: t.nn.PairwiseDistance(), x(4, 6), x(4, 6, seed=1))
case("PairwiseDistance 1", lambda t: t.nn.PairwiseDistance(1.0, keepdim=True), x(4, 6), x(4, 6, seed=1))

# ---- dropout

case("Dropout", lambda t: t.nn.Dropout(0.3), x(40, 6), eval_too=True, draws=True)
case("Dropout 0", lambda t: t.nn.Dropout(0.0), x(4, 6), draws=True)
case("Dropout 1", lambda t: t.nn.Dropout(1.0), x(4, 6), draws=True)
case("Dropout inplace", lambda t: t.nn.Dropout(inplace=True), x(4, 6), call=lambda m, a: m(a * 1), draws=True)
case("Dropout1d", lambda t: t.nn.Dropout1d(), x(4, 6, 3), eval_too=True, draws=True)
case("Dropout1d unbatched", lambda t: t.nn.Dropout1d(), x(6, 3), draws=True)
case("Dropout2d", lambda t: t.nn.Dropout2d(), x(4, 6, 3, 2), eval_too=True, draws=True)
case("Dropout3d", lambda t: t.nn.Dropout3d(), x(4, 6, 3, 2, 2), eval_too=True, draws=True)
case("AlphaDropout", lambda t: t.nn.AlphaDropout(0.2), x(4, 6), eval_too=True, draws=True)
case("FeatureAlphaDropout", lambda t: t.nn.FeatureAlphaDropout(0.2), x(4, 6, 3), eval_too=True, draws=True)

# ---- convolutions

case("Conv1d", lambda t: t.nn.Conv1d(4, 6, 3), x(2, 4, 9))
case("Conv1d same", lambda t: t.nn.Conv1d(4, 6, 4, padding="same", dilation=2), x(2, 4, 9))
case("Conv1d reflect", lambda t: t.nn.Conv1d(4, 6, 3, padding=2, padding_mode="reflect"), x(2, 4, 9))
case("Conv1d unbatched", lambda t: t.nn.Conv1d(4, 6, 3, padding="valid"), x(4, 9))
case("Conv2d", lambda t: t.nn.Conv2d(4, 6, 3), x(2, 4, 8, 9))
case("Conv2d no bias", lambda t: t.nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 2), bias=False), x(2, 4, 8, 9))
case("Conv2d groups", lambda t: t.nn.Conv2d(4, 6, 3, groups=2, dilation=2), x(2, 4, 8, 9))
case("Conv2d depthwise", lambda t: t.nn.Conv2d(4, 8, 3, groups=4, padding="same"), x(2, 4, 8, 9))
for mode in ("reflect", "replicate", "circular"):
    case(
        f"Conv2d {mode}",
        lambda t, mode=mode: t.nn.Conv2d(2, 3, 3, padding=(1, 2), padding_mode=mode),
        x(2, 2, 6, 5),
    )
    case(
        f"Conv2d {mode} same",
        lambda t, mode=mode: t.nn.Conv2d(2, 3, (2, 3), padding="same", padding_mode=mode),
        x(2, 2, 6, 5),
    )
case("Conv3d", lambda t: t.nn.Conv3d(2, 3, 2, stride=2, padding=1), x(2, 2, 4, 5, 6))
case("ConvTranspose1d", lambda t: t.nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1), x(2, 4, 5))
case("ConvTranspose2d", lambda t: t.nn.ConvTranspose2d(4, 6, 3, stride=2), x(2, 4, 5, 6))
case(
    "ConvTranspose2d groups",
    lambda t: t.nn.ConvTranspose2d(4, 6, (3, 2), groups=2, dilation=2, bias=False),
    x(2, 4, 5, 6),
)
case(
    "ConvTranspose2d output_size",
    lambda t: t.nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1),
    x(1, 4, 5, 5),
    call=lambda module, a: module(a, output_size=(10, 9)),
)
case("ConvTranspose3d", lambda t: t.nn.ConvTranspose3d(2, 3, 2, stride=2), x(1, 2, 3, 3, 2))
case("Unfold", lambda t: t.nn.Unfold((2, 3), dilation=(2, 1), padding=1, stride=(1, 2)), x(2, 3, 6, 7))
case("Unfold unbatched", lambda t: t.nn.Unfold(2), x(3, 6, 7))
case("Fold", lambda t: t.nn.Fold((4, 5), (2, 2), stride=(2, 1), padding=(0, 1)), x(2, 12, 12))
case("Fold unbatched", lambda t: t.nn.Fold((4, 5), 2), x(8, 12))

# ---- pooling

P = {
    dims: np.random.default_rng(dims).permutation(2 * 3 * 7**dims).reshape(2, 3, *[7] * dims) / np.float32(9)
    for dims in (1, 2, 3)
}
P = {dims: array.astype(np.float32) for dims, array in P.items()}
for dims in (1, 2, 3):
    case(f"MaxPool{dims}d", lambda t, d=dims: getattr(t.nn, f"MaxPool{d}d")(3, 2, 1), P[dims])
    case(f"MaxPool{dims}d ceil", lambda t, d=dims: getattr(t.nn, f"MaxPool{d}d")(2, ceil_mode=True, dilation=2), P[dims])
    case(f"MaxPool{dims}d indices", lambda t, d=dims: getattr(t.nn, f"MaxPool{d}d")(2, return_indices=True), P[dims])
    case(f"AvgPool{dims}d", lambda t, d=dims: getattr(t.nn, f"AvgPool{d}d")(3, 2, 1), P[dims])
    case(
        f"AvgPool{dims}d ceil",
        lambda t, d=dims: getattr(t.nn, f"AvgPool{d}d")(2, 2, 1, ceil_mode=True, count_include_pad=False),
        P[dims],
    )
    case(f"LPPool{dims}d", lambda t, d=dims: getattr(t.nn, f"LPPool{d}d")(2, 3, 2), P[dims])
    case(f"AdaptiveAvgPool{dims}d", lambda t, d=dims: getattr(t.nn, f"AdaptiveAvgPool{d}d")(4), P[dims])
    case(f"AdaptiveMaxPool{dims}d", lambda t, d=dims: getattr(t.nn, f"AdaptiveMaxPool{d}d")(4), P[dims])
    case(
        f"AdaptiveMaxPool{dims}d indices",
        lambda t, d=dims: getattr(t.nn, f"AdaptiveMaxPool{d}d")(3, return_indices=True),
        P[dims],
    )
    case(
        f"MaxUnpool{dims}d",
        lambda t, d=dims: t.nn.Sequential(
            getattr(t.nn, f"MaxPool{d}d")(2, return_indices=True), getattr(t.nn, f"MaxUnpool{d}d")(2)
        ),
        P[dims],
        call=lambda module, a: module[1](*module[0](a), output_size=a.shape),
    )
case("AvgPool2d divisor", lambda t: t.nn.AvgPool2d((2, 3), divisor_override=5), P[2])
case("AdaptiveAvgPool2d None", lambda t: t.nn.AdaptiveAvgPool2d((None, 3)), P[2])
case("MaxPool2d unbatched", lambda t: t.nn.MaxPool2d(2), P[2][0])

# ---- normalisation

N = {dims: x(4, 6, *[5] * dims) for dims in (0, 1, 2, 3)}
for dims, ndim in ((1, 0), (1, 1), (2, 2), (3, 3)):
    name = f"BatchNorm{dims}d"
    case(f"{name} {ndim + 2}D", lambda t, n=name: getattr(t.nn, n)(6), N[ndim], eval_too=True)
    case(f"{name} {ndim + 2}D no affine", lambda t, n=name: getattr(t.nn, n)(6, affine=False), N[ndim], eval_too=True)
case("BatchNorm1d cumulative", lambda t: t.nn.BatchNorm1d(6, momentum=None), N[0], eval_too=True)
case("BatchNorm1d untracked", lambda t: t.nn.BatchNorm1d(6, track_running_stats=False), N[0], eval_too=True)
case("BatchNorm2d eps", lambda t: t.nn.BatchNorm2d(6, eps=0.1, momentum=0.5), N[2], eval_too=True)
case("BatchNorm2d no bias", lambda t: t.nn.BatchNorm2d(6, bias=False), N[2])
for dims in (1, 2, 3):
    name = f"InstanceNorm{dims}d"
    case(name, lambda t, n=name: getattr(t.nn, n)(6), N[dims], eval_too=True)
    case(
        f"{name} tracked",
        lambda t, n=name: getattr(t.nn, n)(6, affine=True, track_running_stats=True),
        N[dims],
        eval_too=True,
    )
case("InstanceNorm2d unbatched", lambda t: t.nn.InstanceNorm2d(6, affine=True), N[2][0])
case("LayerNorm", lambda t: t.nn.LayerNorm(5), N[1])
case("LayerNorm 2D", lambda t: t.nn.LayerNorm((6, 5), eps=1e-3), N[1])
case("LayerNorm no bias", lambda t: t.nn.LayerNorm(5, bias=False), N[1])
case("LayerNorm no affine", lambda t: t.nn.LayerNorm([6, 5], elementwise_affine=False), N[1])
case("RMSNorm", lambda t: t.nn.RMSNorm(5), N[1])
case("RMSNorm eps", lambda t: t.nn.RMSNorm((6, 5), eps=0.1, elementwise_affine=False), N[1])
case("GroupNorm", lambda t: t.nn.GroupNorm(3, 6), N[2])
case("GroupNorm no affine", lambda t: t.nn.GroupNorm(1, 6, affine=False), N[1])
case("GroupNorm no bias", lambda t: t.nn.GroupNorm(6, 6, bias=False, eps=0.1), N[1])
case("LocalResponseNorm", lambda t: t.nn.LocalResponseNorm(3, alpha=0.1), N[2])
case("LocalResponseNorm even", lambda t: t.nn.LocalResponseNorm(4, 0.2, 0.5, 2.0), N[1])

# ---- padding, pixels, resampling

for mode in ("Zero", "Reflection", "Replication", "Circular", "Constant"):
    for dims in (1, 2, 3):
        around = (1, 2, 2, 0, 1, 3)[: 2 * dims]
        value = (3.5,) if mode == "Constant" else ()
        name = f"{mode}Pad{dims}d"
        case(name, lambda t, n=name, a=around, v=value: getattr(t.nn, n)(a, *v), x(2, 3, *[5] * dims))
        case(f"{name} unbatched", lambda t, n=name, v=value: getattr(t.nn, n)(2, *v), x(3, *[5] * dims))
        negative = (-1, 2, 1, -2, 0, 1)[: 2 * dims]
        case(f"{name} negative", lambda t, n=name, a=negative, v=value: getattr(t.nn, n)(a, *v), x(2, 3, *[5] * dims))
case("PixelShuffle", lambda t: t.nn.PixelShuffle(2), x(2, 8, 3, 4))
case("PixelUnshuffle", lambda t: t.nn.PixelUnshuffle(2), x(2, 2, 6, 4))
case("ChannelShuffle", lambda t: t.nn.ChannelShuffle(3), x(2, 6, 3, 2))
for mode, dims in (
    ("nearest", 1),
    ("linear", 1),
    ("nearest", 2),
    ("bilinear", 2),
    ("bicubic", 2),
    ("nearest", 3),
    ("trilinear", 3),
):
    for size, scale in ((None, 2), (None, 1.7), (7, None), (3, None), (None, 0.6)):
        case(
            f"Upsample {mode} {dims}D {size or scale}",
            lambda t, m=mode, size=size, scale=scale: t.nn.Upsample(size, scale, mode=m),
            x(2, 3, *[5] * dims),
        )
    if mode != "nearest":
        case(
            f"Upsample {mode} corners",
            lambda t, m=mode: t.nn.Upsample(8, mode=m, align_corners=True),
            x(2, 3, *[5] * dims),
        )
case("UpsamplingNearest2d", lambda t: t.nn.UpsamplingNearest2d(scale_factor=3), x(2, 3, 4, 5))
case("UpsamplingBilinear2d", lambda t: t.nn.UpsamplingBilinear2d((7, 9)), x(2, 3, 4, 5))

# ---- recurrent layers

for kind in ("RNN", "LSTM", "GRU"):
    case(kind, lambda t, k=kind: getattr(t.nn, k)(3, 5), x(6, 2, 3))
    case(f"{kind} deep", lambda t, k=kind: getattr(t.nn, k)(3, 5, 2, bidirectional=True, batch_first=True), x(2, 6, 3))
    case(f"{kind} no bias", lambda t, k=kind: getattr(t.nn, k)(3, 5, bias=False), x(6, 3))
    case(
        f"{kind} dropout",
        lambda t, k=kind: getattr(t.nn, k)(3, 5, num_layers=3, dropout=0.4),
        x(6, 2, 3),
        eval_too=True,
        draws=True,
    )
    states = (x(2, 2, 5, seed=1), x(2, 2, 5, seed=2))
    case(
        f"{kind} state",
        lambda t, k=kind: getattr(t.nn, k)(3, 5, bidirectional=True),
        x(6, 2, 3),
        *(states if kind == "LSTM" else states[:1]),
        call=(lambda m, a, h, c: m(a, (h, c))) if kind == "LSTM" else None,
    )
    cell = f"{kind}Cell"
    case(cell, lambda t, k=cell: getattr(t.nn, k)(3, 5), x(2, 3))
    cell_states = (x(2, 5, seed=1), x(2, 5, seed=2))
    case(
        f"{cell} state",
        lambda t, k=cell: getattr(t.nn, k)(3, 5, bias=False),
        x(2, 3),
        *(cell_states if kind == "LSTM" else cell_states[:1]),
        call=(lambda m, a, h, c: m(a, (h, c))) if kind == "LSTM" else None,
    )
case("RNN relu", lambda t: t.nn.RNN(3, 5, nonlinearity="relu"), x(6, 2, 3))
case("RNNCell relu", lambda t: t.nn.RNNCell(3, 5, nonlinearity="relu"), x(3))
case("LSTM proj", lambda t: t.nn.LSTM(3, 5, 2, proj_size=2, bidirectional=True), x(6, 2, 3))

# ---- losses

R = ("mean", "sum", "none")
for r in R:
    for name, build in {
        "L1Loss": lambda t, r=r: t.nn.L1Loss(reduction=r),
        "MSELoss": lambda t, r=r: t.nn.MSELoss(reduction=r),
        "SmoothL1Loss": lambda t, r=r: t.nn.SmoothL1Loss(reduction=r, beta=0.7),
        "SmoothL1Loss 0": lambda t, r=r: t.nn.SmoothL1Loss(reduction=r, beta=0.0),
        "HuberLoss": lambda t, r=r: t.nn.HuberLoss(reduction=r, delta=0.7),
    }.items():
        case(f"{name} {r}", build, x(4, 5), x(4, 5, seed=1))
    case(f"BCELoss {r}", lambda t, r=r: t.nn.BCELoss(reduction=r), positive(4, 5), positive(4, 5, seed=1))
    case(
        f"BCELoss weight {r}",
        lambda t, r=r: t.nn.BCELoss(t.tensor([1.0, 2.0, 0.5]), reduction=r),
        positive(4, 3),
        C(positive(4, 3, seed=1)),
    )
    case(f"BCEWithLogitsLoss {r}", lambda t, r=r: t.nn.BCEWithLogitsLoss(reduction=r), x(4, 5), positive(4, 5, seed=1))
    case(
        f"BCEWithLogitsLoss weights {r}",
        lambda t, r=r: t.nn.BCEWithLogitsLoss(t.tensor([1.0, 2.0, 0.5]), reduction=r, pos_weight=t.tensor([2.0, 1.0, 3.0])),
        x(4, 3),
        C(positive(4, 3, seed=1)),
    )
    case(f"CrossEntropyLoss {r}", lambda t, r=r: t.nn.CrossEntropyLoss(reduction=r), x(4, 5), index(4, high=5))
    case(
        f"CrossEntropyLoss all {r}",
        lambda t, r=r: t.nn.CrossEntropyLoss(
            t.tensor([1.0, 2.0, 0.5, 1.5, 3.0]), ignore_index=2, reduction=r, label_smoothing=0.1
        ),
        x(6, 5, 3),
        index(6, 3, high=5),
    )
    case(
        f"CrossEntropyLoss soft {r}",
        lambda t, r=r: t.nn.CrossEntropyLoss(reduction=r, label_smoothing=0.1),
        x(4, 5),
        C(probabilities(4, 5)),
    )
    case(
        f"CrossEntropyLoss soft weight {r}",
        lambda t, r=r: t.nn.CrossEntropyLoss(t.tensor([1.0, 2.0, 0.5, 1.5, 3.0]), reduction=r),
        x(4, 5, 2),
        C(probabilities(4, 5, 2)),
    )
    case(f"NLLLoss {r}", lambda t, r=r: t.nn.NLLLoss(reduction=r), x(4, 5), index(4, high=5))
    case(
        f"NLLLoss weight {r}",
        lambda t, r=r: t.nn.NLLLoss(t.tensor([1.0, 2.0, 0.5, 1.5, 3.0]), ignore_index=1, reduction=r),
        x(4, 5, 2, 3),
        index(4, 2, 3, high=5),
    )
    case(f"KLDivLoss {r}", lambda t, r=r: t.nn.KLDivLoss(reduction=r), x(4, 5), C(positive(4, 5)))
    case(f"KLDivLoss log {r}", lambda t, r=r: t.nn.KLDivLoss(reduction=r, log_target=True), x(4, 5), x(4, 5, seed=1))
    case(
        f"CosineEmbeddingLoss {r}",
        lambda t, r=r: t.nn.CosineEmbeddingLoss(0.2, reduction=r),
        x(6, 5),
        x(6, 5, seed=1),
        C(signs(6)),
    )
    case(f"HingeEmbeddingLoss {r}", lambda t, r=r: t.nn.HingeEmbeddingLoss(0.8, reduction=r), x(4, 5), C(signs(4, 5)))
    case(
        f"MarginRankingLoss {r}",
        lambda t, r=r: t.nn.MarginRankingLoss(0.3, reduction=r),
        x(6),
        x(6, seed=1),
        C(signs(6)),
    )
    case(f"SoftMarginLoss {r}", lambda t, r=r: t.nn.SoftMarginLoss(reduction=r), x(4, 5), C(signs(4, 5)))
    case(f"MultiMarginLoss {r}", lambda t, r=r: t.nn.MultiMarginLoss(reduction=r), x(4, 5), index(4, high=5))
    case(
        f"MultiMarginLoss 2 {r}",
        lambda t, r=r: t.nn.MultiMarginLoss(2, 0.4, t.tensor([1.0, 2.0, 0.5]), reduction=r),
        x(4, 3),
        index(4, high=3),
    )
    targets = np.array([[1, 3, -1, 0], [0, 1, 2, 3], [-1, 2, 1, 0], [2, -1, -1, -1]])
    case(f"MultiLabelMarginLoss {r}", lambda t, r=r: t.nn.MultiLabelMarginLoss(reduction=r), x(4, 4), targets)
    case(
        f"MultiLabelSoftMarginLoss {r}",
        lambda t, r=r: t.nn.MultiLabelSoftMarginLoss(t.tensor([1.0, 2.0, 0.5]), reduction=r),
        x(4, 3),
        C(index(4, 3, high=2).astype(np.float32)),
    )
    case(
        f"PoissonNLLLoss {r}",
        lambda t, r=r: t.nn.PoissonNLLLoss(reduction=r),
        x(4, 5),
        C(index(4, 5, high=4).astype(np.float32)),
    )
    case(
        f"PoissonNLLLoss full {r}",
        lambda t, r=r: t.nn.PoissonNLLLoss(log_input=False, full=True, reduction=r),
        positive(4, 5),
        C(index(4, 5, high=4).astype(np.float32)),
    )
    case(
        f"GaussianNLLLoss {r}",
        lambda t, r=r: t.nn.GaussianNLLLoss(full=True, reduction=r),
        x(4, 5),
        x(4, 5, seed=1),
        positive(4, 5),
    )
    triple = (x(4, 5), x(4, 5, seed=1), x(4, 5, seed=2))
    case(f"TripletMarginLoss {r}", lambda t, r=r: t.nn.TripletMarginLoss(2.0, reduction=r), *triple)
    case(f"TripletMarginLoss swap {r}", lambda t, r=r: t.nn.TripletMarginLoss(1.5, p=1.0, swap=True, reduction=r), *triple)
    case(
        f"TripletMarginWithDistanceLoss {r}",
        lambda t, r=r: t.nn.TripletMarginWithDistanceLoss(
            distance_function=lambda a, b: (a - b).abs().amax(1), margin=1.5, reduction=r
        ),
        *triple,
    )
case("KLDivLoss batchmean", lambda t: t.nn.KLDivLoss(reduction="batchmean"), x(4, 5), C(positive(4, 5)))
for blank in (0, 2):
    labels = np.array([[1, 1, 3, 4], [3, 1, 4, 4], [1, 3, 3, 3]])
    for reduction in ("none", "sum", "mean"):
        case(
            f"CTCLoss {blank} {reduction}",
            lambda t, blank=blank, reduction=reduction: t.nn.CTCLoss(blank, reduction),
            x(9, 3, 5),
            labels,
            np.array([9, 7, 8]),
            np.array([4, 0, 3]),
            call=lambda module, scores, *rest: module(scores.log_softmax(2), *rest),
        )
case(
    "CTCLoss impossible",
    lambda t: t.nn.CTCLoss(zero_infinity=True),
    x(3, 3, 5),
    labels,
    np.array([3, 3, 3]),
    np.array([4, 2, 2]),
)
case("CTCLoss one", lambda t: t.nn.CTCLoss(), x(9, 5), labels[0], np.array(9), np.array(4))
case("CTCLoss joined", lambda t: t.nn.CTCLoss(), x(9, 3, 5), labels.ravel()[:9], np.array([9, 8, 7]), np.array([4, 3, 2]))
case("CrossEntropyLoss one", lambda t: t.nn.CrossEntropyLoss(), x(5), np.array(3))
case("MultiMarginLoss one", lambda t: t.nn.MultiMarginLoss(), x(5), np.array(3))
case("MultiLabelMarginLoss one", lambda t: t.nn.MultiLabelMarginLoss(), x(4), targets[0])
case("GaussianNLLLoss shared", lambda t: t.nn.GaussianNLLLoss(), x(4, 5), x(4, 5, seed=1), positive(4, 1))

# ---- containers

case("Sequential", lambda t: t.nn.Sequential(t.nn.Linear(3, 4), t.nn.Tanh(), t.nn.Sequential(t.nn.Linear(4, 2))), x(5, 3))
case(
    "ModuleList",
    lambda t: t.nn.ModuleList([t.nn.Linear(3, 3) for _ in range(3)] + [t.nn.ReLU(), t.nn.Linear(3, 2)]),
    x(5, 3),
    call=lambda module, a: [a := layer(a) for layer in module][-1],
)
case(
    "ModuleDict",
    lambda t: t.nn.ModuleDict({"b": t.nn.Linear(3, 3), "a": t.nn.Linear(3, 2)}),
    x(5, 3),
    call=lambda module, a: module["a"](module["b"](a)),
)
case(
    "ParameterList",
    lambda t: t.nn.ParameterList([t.ones(3), t.nn.Parameter(t.zeros(2, 3)), 7, "text"]),
    x(5, 3),
    call=lambda module, a: a * module[0] + module[1].sum(0),
)
case(
    "ParameterDict",
    lambda t: t.nn.ParameterDict({"left": t.ones(3), "right": t.nn.Parameter(t.zeros(2, 3)), "also": 3}),
    x(5, 3),
    call=lambda module, a: a * module["left"] + module["right"].sum(0),
)

# ---- functions that no module calls with these arguments


def functions(t):
    module = t.nn.Identity()
    module.F, module.utils = t.nn.functional, t.nn.utils
    return module


def function(name, *inputs, draws=False, call=None, function_name=None, **options):
    used = function_name or name.partition(" ")[0]
    case(
        f"F.{name}",
        functions,
        *inputs,
        call=call or (lambda module, *args: getattr(module.F, used)(*args, **options)),
        draws=draws,
    )


for target in ({"size": 3}, {"size": 7}, {"scale_factor": 1.7}, {"scale_factor": 0.45}):
    for mode in ("area", "nearest-exact", "nearest"):
        for dims in (1, 2, 3):
            function(f"interpolate {mode} {dims} {target}", x(2, 3, *[5] * dims), mode=mode, **target)
    for mode in ("bilinear", "bicubic", "lanczos"):
        function(f"interpolate antialias {mode} {target}", x(2, 3, 9, 8), mode=mode, antialias=True, **target)
    if "scale_factor" in target:
        function(f"interpolate recompute {target}", x(2, 3, 9, 8), mode="bilinear", recompute_scale_factor=True, **target)
function("interpolate antialias corners", x(2, 3, 9, 8), size=(5, 3), mode="bilinear", antialias=True, align_corners=True)
function("interpolate two scales", x(2, 3, 6, 8), scale_factor=(2, 0.5), mode="bicubic")
function("interpolate same size", x(2, 3, 6, 8), size=(6, 8), mode="bilinear")
for mode in ("bilinear", "bicubic", "nearest", "nearest-exact"):
    function(f"interpolate {mode} scale of one", x(2, 3, 6, 21), scale_factor=1.05, mode=mode)
for corners in (False, True):
    for padding in ("zeros", "border", "reflection"):
        for mode in ("bilinear", "nearest", "bicubic"):
            options = {"mode": mode, "padding_mode": padding, "align_corners": corners}
            function(f"grid_sample {options}", x(2, 3, 5, 4), x(2, 6, 3, 2, low=-1.5, high=1.5), **options)
            if mode != "bicubic":
                function(f"grid_sample 3 {options}", x(2, 3, 4, 5, 3), x(2, 3, 4, 2, 3, low=-1.5, high=1.5), **options)
    function(f"affine_grid {corners}", x(2, 2, 3), size=(2, 3, 5, 4), align_corners=corners)
    function(f"affine_grid 3 {corners}", x(2, 3, 4), size=(2, 3, 4, 1, 3), align_corners=corners)
function("gumbel_softmax", x(40, 5), draws=True, tau=0.7)
function("gumbel_softmax hard", x(40, 5), draws=True, hard=True, dim=0)
for p in (1.0, 2.0, 3.5, float("inf")):
    function(f"normalize {p}", x(4, 5), p=p)
    function(f"pdist {p}", x(4, 5), p=p)
    function(f"pairwise_distance {p}", x(4, 5), x(5, seed=1), p=p)
function("cosine_similarity", x(4, 1, 5), x(3, 5, seed=1), dim=-1)
function("one_hot", index(3, 2, high=4))
function("conv_tbc", x(7, 2, 3), x(2, 3, 4, seed=1), x(4, seed=2), pad=1)
function("bilinear", x(3), x(4, seed=1), x(5, 3, 4, seed=2))
function("linear", x(2, 4, 3), x(3, seed=1))
function("embedding negative padding", index(6, high=4), x(4, 3), padding_idx=-1, scale_grad_by_freq=True)
function("lp_pool2d inf", x(2, 3, 4, 6), norm_type=float("inf"), kernel_size=2)
function("lp_pool1d", positive(2, 3, 6), norm_type=1.5, kernel_size=3, stride=2, ceil_mode=True)
function("mse_loss weight", x(4, 5), x(4, 5, seed=1), weight=None)
function("alpha_dropout", x(40, 5), draws=True, training=True)
function("dropout1d", x(40, 5, 3), draws=True)
function("triplet_margin_with_distance_loss", x(4, 5), x(4, 5, seed=1), x(4, 5, seed=2), swap=True)
function("relu_", x(4, 5), call=lambda module, a: module.F.relu_(a * 1))
function("tanh", x(4, 5))
function("sigmoid", x(4, 5))
function("softmax", x(4, 5), dim=-1)
function("max_pool1d_with_indices", P[1], kernel_size=2)
function("adaptive_max_pool2d_with_indices", P[2], output_size=3)
function("upsample", x(2, 3, 4), scale_factor=2)
function(
    "pack and pad",
    x(6, 4, 3),
    call=lambda module, a: module.utils.rnn.pad_packed_sequence(
        module.utils.rnn.pack_padded_sequence(a, [2, 6, 4, 4], enforce_sorted=False), padding_value=2.0
    )[0],
)
for kind in ("RNN", "LSTM", "GRU"):
    case(
        f"{kind} packed",
        lambda t, k=kind: holding(getattr(t.nn, k)(3, 5, 2, bidirectional=True), t),
        x(6, 4, 3),
        call=lambda module, a: tensors_of(module(module.rnn.pack_padded_sequence(a, [2, 6, 4, 4], enforce_sorted=False))),
    )
for name, apply in {
    "weight_norm": lambda t: t.nn.utils.weight_norm(t.nn.Linear(3, 4)),
    "weight_norm of all": lambda t: t.nn.utils.weight_norm(t.nn.Conv1d(2, 4, 3), dim=None),
    "spectral_norm": lambda t: t.nn.utils.spectral_norm(t.nn.Linear(3, 4), n_power_iterations=2),
}.items():
    case(name, apply, x(5, 3) if "of all" not in name else x(2, 2, 6), eval_too="spectral" not in name)


def holding(module, t):
    module.rnn = t.nn.utils.rnn
    return module


def tensors_of(result):
    """The tensors of (PackedSequence, states)."""
    packed, states = result
    return [packed.data, packed.batch_sizes, *(states if isinstance(states, tuple) else [states])]
