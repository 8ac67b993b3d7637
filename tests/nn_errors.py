"""Wrong uses of wengert.nn, for the comparison of their errors with PyTorch's: functions of the library."""

import collections
import itertools


def module_with(t, **attributes):
    module = t.nn.Module()
    for name, value in attributes.items():
        setattr(module, name, value)
    return module


class _Uncalled:
    """Makes a Module subclass that assigns before super().__init__()."""

    @staticmethod
    def make(t, value):
        class Early(t.nn.Module):
            def __init__(self):
                self.part = value(t)
                super().__init__()

        return Early()


def F(name, *args, **kwargs):
    """A call of nn.functional with arguments made by functions of the library where they are functions."""
    return lambda t: getattr(t.nn.functional, name)(
        *(arg(t) if callable(arg) else arg for arg in args),
        **{key: value(t) if callable(value) else value for key, value in kwargs.items()},
    )


def z(*shape):
    return lambda t: t.zeros(*shape)


def _clipped(t):
    x = t.zeros(1, requires_grad=True)
    x.grad = t.tensor([float("nan")])
    return t.nn.utils.clip_grad_norm_(x, 1.0, error_if_nonfinite=True)


def ones(*shape):
    return lambda t: t.ones(*shape)


def i(*values):
    return lambda t: t.tensor(values)


MODULE = {
    "no forward": lambda t: t.nn.Module()(1),
    "keyword": lambda t: t.nn.Module(a=1),
    "positional": lambda t: t.nn.Module(1),
    "attribute": lambda t: t.nn.Linear(2, 3).missing,
    "early parameter": lambda t: _Uncalled.make(t, lambda t: t.nn.Parameter(t.zeros(1))),
    "early module": lambda t: _Uncalled.make(t, lambda t: t.nn.Identity()),
    "early buffer": lambda t: _Uncalled.make(t, lambda t: t.nn.Buffer(t.zeros(1))),
    "tensor for parameter": lambda t: setattr(t.nn.Linear(2, 3), "weight", t.zeros(3, 2)),
    "int for parameter": lambda t: setattr(t.nn.Linear(2, 3), "weight", 5),
    "int for module": lambda t: setattr(t.nn.Sequential(t.nn.Identity()), "0", 5),
    "int for buffer": lambda t: setattr(t.nn.BatchNorm1d(2), "running_mean", 5),
    "buffer name": lambda t: t.nn.Module().register_buffer(5, None),
    "buffer dot": lambda t: t.nn.Module().register_buffer("a.b", None),
    "buffer empty": lambda t: t.nn.Module().register_buffer("", None),
    "buffer exists": lambda t: t.nn.Module().register_buffer("forward", None),
    "buffer int": lambda t: t.nn.Module().register_buffer("a", 5),
    "parameter name": lambda t: t.nn.Module().register_parameter(5, None),
    "parameter dot": lambda t: t.nn.Module().register_parameter("a.b", None),
    "parameter empty": lambda t: t.nn.Module().register_parameter("", None),
    "parameter exists": lambda t: t.nn.Module().register_parameter("forward", None),
    "parameter tensor": lambda t: t.nn.Module().register_parameter("a", t.zeros(1)),
    "module name": lambda t: t.nn.Module().add_module(5, None),
    "module dot": lambda t: t.nn.Module().add_module("a.b", None),
    "module empty": lambda t: t.nn.Module().add_module("", None),
    "module exists": lambda t: t.nn.Module().add_module("forward", None),
    "module int": lambda t: t.nn.Module().add_module("a", 5),
    "get_submodule": lambda t: t.nn.Sequential(t.nn.Linear(2, 3)).get_submodule("0.a"),
    "get_submodule parameter": lambda t: t.nn.Sequential(t.nn.Linear(2, 3)).get_submodule("0.weight"),
    "get_parameter": lambda t: t.nn.Sequential(t.nn.Linear(2, 3)).get_parameter("0.a"),
    "get_parameter module": lambda t: t.nn.Sequential(t.nn.Linear(2, 3)).get_parameter("0"),
    "get_buffer": lambda t: t.nn.BatchNorm1d(2).get_buffer("weight"),
    "get_buffer missing": lambda t: t.nn.BatchNorm1d(2).get_buffer("a"),
    "set_submodule": lambda t: t.nn.Module().set_submodule("", t.nn.Identity()),
    "set_submodule strict": lambda t: t.nn.Module().set_submodule("a", t.nn.Identity(), strict=True),
    "delattr": lambda t: delattr(t.nn.Module(), "a"),
    "train": lambda t: t.nn.Module().train(1),
    "to int": lambda t: t.nn.Linear(2, 3).to(t.int64),
    "load list": lambda t: t.nn.Linear(2, 3).load_state_dict([1]),
    "load missing": lambda t: t.nn.Linear(2, 3).load_state_dict({}),
    "load unexpected": lambda t: t.nn.Sequential(t.nn.ReLU(), t.nn.Linear(2, 3)).load_state_dict(
        {
            "0.a": t.zeros(1),
            "1.weight": t.zeros(3, 2),
            "1.bias": t.zeros(3),
            "b": t.zeros(1),
            "1.weight.c": t.zeros(1),
            "2.d": 5,
        }
    ),
    "load size": lambda t: t.nn.Linear(2, 3).load_state_dict({"weight": t.zeros(2, 3), "bias": t.zeros(4)}),
    "load number": lambda t: t.nn.Linear(2, 3).load_state_dict({"weight": 5, "bias": t.zeros(3)}),
    "get_extra_state": lambda t: t.nn.Module().get_extra_state(),
    "pre-hook": lambda t: _hooked(t, lambda m: m.register_forward_pre_hook(lambda *args: 5, with_kwargs=True)),
    "two kinds of backward hooks": lambda t: _hooked(
        t, lambda m: (m.register_backward_hook(lambda *args: None), m.register_full_backward_hook(lambda *args: None))
    ),
    "Sequential index": lambda t: t.nn.Sequential()[0],
    "Sequential set": lambda t: t.nn.Sequential().__setitem__(3, t.nn.Identity()),
    "Sequential insert": lambda t: t.nn.Sequential().insert(2, t.nn.Identity()),
    "Sequential insert int": lambda t: t.nn.Sequential().insert(0, 5),
    "Sequential int": lambda t: t.nn.Sequential(5),
    "Sequential add": lambda t: t.nn.Sequential() + t.nn.Identity(),
    "Sequential mul": lambda t: t.nn.Sequential() * "a",
    "Sequential mul 0": lambda t: t.nn.Sequential() * 0,
    "ModuleList index": lambda t: t.nn.ModuleList([t.nn.Identity()])[1],
    "ModuleList extend": lambda t: t.nn.ModuleList().extend(5),
    "ModuleList call": lambda t: t.nn.ModuleList()(5),
    "ModuleDict key": lambda t: t.nn.ModuleDict()["a"],
    "ModuleDict update": lambda t: t.nn.ModuleDict(5),
    "ModuleDict pairs": lambda t: t.nn.ModuleDict([5]),
    "ModuleDict triples": lambda t: t.nn.ModuleDict([(1, 2, 3)]),
    "ParameterList index": lambda t: t.nn.ParameterList([t.zeros(1)])[-2],
    "ParameterList extend": lambda t: t.nn.ParameterList(t.zeros(1)),
    "ParameterList call": lambda t: t.nn.ParameterList()(),
    "ParameterDict key": lambda t: t.nn.ParameterDict({5: t.zeros(1)}),
    "ParameterDict update": lambda t: t.nn.ParameterDict(5),
    "ParameterDict call": lambda t: t.nn.ParameterDict()(1),
    "ParameterDict popitem": lambda t: t.nn.ParameterDict().popitem(),
}


def _hooked(t, register):
    module = t.nn.Identity()
    register(module)
    return module(t.zeros(1))


LAYERS = {
    "Linear": lambda t: t.nn.Linear(2, 3)(t.zeros(4, 5)),
    "Linear vector": lambda t: t.nn.Linear(2, 3)(t.zeros(5)),
    "Linear batches": lambda t: t.nn.Linear(2, 3)(t.zeros(4, 2, 5)),
    "Linear dtype": lambda t: t.nn.Linear(2, 3)(t.zeros(4, 2, dtype=t.float64)),
    "Bilinear": lambda t: t.nn.Bilinear(0, 2, 3),
    "Bilinear sizes": lambda t: t.nn.Bilinear(2, 3, 4)(t.zeros(5, 2), t.zeros(5, 4)),
    "Bilinear batch": lambda t: t.nn.Bilinear(2, 3, 4)(t.zeros(5, 2), t.zeros(6, 3)),
    "Bilinear dims": lambda t: t.nn.Bilinear(2, 3, 4)(t.zeros(5, 2), t.zeros(5, 1, 3)),
    "Unflatten": lambda t: t.nn.Unflatten(1, 5),
    "Unflatten float": lambda t: t.nn.Unflatten(1, (5, 0.5)),
    "Dropout": lambda t: t.nn.Dropout(1.5),
    "Dropout1d": lambda t: t.nn.Dropout1d()(t.zeros(2)),
    "Embedding padding": lambda t: t.nn.Embedding(3, 2, padding_idx=3),
    "Embedding weight": lambda t: t.nn.Embedding(3, 2, _weight=t.zeros(2, 2)),
    "Embedding 1D": lambda t: t.nn.Embedding.from_pretrained(t.zeros(2)),
    "Embedding range": lambda t: t.nn.Embedding(3, 2)(t.tensor([3])),
    "Embedding float": lambda t: t.nn.Embedding(3, 2)(t.tensor([1.0])),
    "EmbeddingBag padding": lambda t: t.nn.EmbeddingBag(3, 2, padding_idx=-4),
    "EmbeddingBag offsets": lambda t: t.nn.EmbeddingBag(3, 2)(t.tensor([1])),
    "EmbeddingBag 2D offsets": lambda t: t.nn.EmbeddingBag(3, 2)(t.tensor([1]), t.tensor([[1]])),
    "EmbeddingBag mode": lambda t: t.nn.EmbeddingBag(3, 2, mode="a")(t.tensor([[1]])),
    "EmbeddingBag 3D": lambda t: t.nn.EmbeddingBag(3, 2)(t.tensor([[[1]]])),
    "EmbeddingBag start": lambda t: t.nn.EmbeddingBag(3, 2)(t.tensor([1, 2]), t.tensor([1])),
    "EmbeddingBag end": lambda t: t.nn.EmbeddingBag(3, 2)(t.tensor([1, 2]), t.tensor([0, 3])),
    "EmbeddingBag weights": lambda t: t.nn.EmbeddingBag(3, 2)(t.tensor([[1, 2]]), per_sample_weights=t.zeros(1, 2)),
    "EmbeddingBag weights shape": lambda t: t.nn.EmbeddingBag(3, 2, mode="sum")(
        t.tensor([[1, 2]]), per_sample_weights=t.zeros(2)
    ),
    "EmbeddingBag max": lambda t: t.nn.EmbeddingBag(3, 2, mode="max", scale_grad_by_freq=True)(t.tensor([[1, 2]])),
    "Hardtanh": lambda t: t.nn.Hardtanh(2, 1),
    "Softmax2d": lambda t: t.nn.Softmax2d()(t.zeros(2)),
    "PReLU": lambda t: t.nn.PReLU(3)(t.zeros(2, 4)),
    "Conv groups": lambda t: t.nn.Conv2d(3, 4, 1, groups=2),
    "Conv groups out": lambda t: t.nn.Conv2d(4, 3, 1, groups=2),
    "Conv groups 0": lambda t: t.nn.Conv2d(4, 3, 1, groups=0),
    "Conv same stride": lambda t: t.nn.Conv2d(4, 4, 3, 2, padding="same"),
    "ConvTranspose mode": lambda t: t.nn.ConvTranspose2d(1, 1, 1, padding_mode="reflect"),
    "ConvTranspose size": lambda t: t.nn.ConvTranspose2d(1, 1, 3, 2)(t.zeros(1, 1, 3, 3), output_size=(20, 20)),
    "ConvTranspose sizes": lambda t: t.nn.ConvTranspose2d(1, 1, 3, 2)(t.zeros(1, 1, 3, 3), output_size=(20,)),
    "Conv channels": lambda t: t.nn.Conv2d(3, 4, 1)(t.zeros(1, 2, 3, 3)),
    "BatchNorm1d": lambda t: t.nn.BatchNorm1d(3)(t.zeros(3)),
    "BatchNorm2d": lambda t: t.nn.BatchNorm2d(3)(t.zeros(2, 3)),
    "BatchNorm one": lambda t: t.nn.BatchNorm1d(3)(t.zeros(1, 3)),
    "InstanceNorm dims": lambda t: t.nn.InstanceNorm2d(3)(t.zeros(2, 3)),
    "InstanceNorm size": lambda t: t.nn.InstanceNorm2d(3, affine=True)(t.zeros(2, 4, 2, 2)),
    "InstanceNorm one": lambda t: t.nn.InstanceNorm1d(3)(t.zeros(2, 3, 1)),
    "GroupNorm": lambda t: t.nn.GroupNorm(2, 3),
    "GroupNorm input": lambda t: t.nn.GroupNorm(2, 4)(t.zeros(2, 3, 2)),
    "LayerNorm": lambda t: t.nn.LayerNorm(3)(t.zeros(2, 4)),
    "LocalResponseNorm": lambda t: t.nn.LocalResponseNorm(3)(t.zeros(2, 3)),
    "PixelShuffle": lambda t: t.nn.PixelShuffle(2)(t.zeros(1, 3, 2, 2)),
    "PixelShuffle dims": lambda t: t.nn.PixelShuffle(2)(t.zeros(3, 2)),
    "PixelUnshuffle": lambda t: t.nn.PixelUnshuffle(2)(t.zeros(1, 3, 3, 2)),
    "ChannelShuffle": lambda t: t.nn.ChannelShuffle(2)(t.zeros(1, 3, 3, 2)),
    "Unfold": lambda t: t.nn.Unfold(2)(t.zeros(1, 1, 1, 3, 3)),
    "Unfold size": lambda t: t.nn.Unfold(5)(t.zeros(1, 3, 3, 3)),
    "Fold channels": lambda t: t.nn.Fold((3, 3), 2)(t.zeros(1, 3, 4)),
    "Fold windows": lambda t: t.nn.Fold((3, 3), 2)(t.zeros(1, 4, 5)),
    "Upsample": lambda t: t.nn.Upsample()(t.zeros(1, 1, 2, 2)),
    "Upsample both": lambda t: t.nn.Upsample(2, 2)(t.zeros(1, 1, 2, 2)),
    "Upsample mode": lambda t: t.nn.Upsample(2, mode="linear")(t.zeros(1, 1, 2, 2)),
    "Upsample dims": lambda t: t.nn.Upsample(2)(t.zeros(2, 2)),
    "Upsample corners": lambda t: t.nn.Upsample(2, align_corners=True)(t.zeros(1, 1, 2)),
    "Upsample sizes": lambda t: t.nn.Upsample((2, 2))(t.zeros(1, 1, 2)),
    "MaxUnpool": lambda t: t.nn.MaxUnpool2d(2)(t.zeros(1, 1, 2, 2), t.zeros(1, 1, 2, 2, dtype=t.int64), output_size=(9, 9)),
    "RNN dropout": lambda t: t.nn.RNN(2, 3, dropout=2),
    "RNN bias": lambda t: t.nn.RNN(2, 3, bias=1),
    "RNN sizes": lambda t: t.nn.LSTM(2, 0),
    "RNN layers": lambda t: t.nn.LSTM(2, 3, 0),
    "RNN float": lambda t: t.nn.GRU(2.0, 3),
    "RNN proj": lambda t: t.nn.GRU(2, 3, proj_size=1),
    "RNN nonlinearity": lambda t: t.nn.RNN(2, 3, nonlinearity="a"),
    "LSTM proj": lambda t: t.nn.LSTM(2, 3, proj_size=3),
    "RNN dims": lambda t: t.nn.RNN(2, 3)(t.zeros(2)),
    "LSTM dims": lambda t: t.nn.LSTM(2, 3)(t.zeros(2)),
    "GRU dims": lambda t: t.nn.GRU(2, 3)(t.zeros(2)),
    "RNN width": lambda t: t.nn.RNN(2, 3)(t.zeros(4, 1, 3)),
    "RNN dtype": lambda t: t.nn.RNN(2, 3)(t.zeros(4, 1, 2, dtype=t.float64)),
    "RNN state": lambda t: t.nn.RNN(2, 3)(t.zeros(4, 1, 2), t.zeros(1, 2, 3)),
    "RNN state dims": lambda t: t.nn.RNN(2, 3)(t.zeros(4, 1, 2), t.zeros(1, 3)),
    "RNN unbatched state": lambda t: t.nn.RNN(2, 3)(t.zeros(4, 2), t.zeros(1, 1, 3)),
    "LSTM state": lambda t: t.nn.LSTM(2, 3)(t.zeros(4, 1, 2), (t.zeros(1, 1, 3), t.zeros(1, 1, 4))),
    "LSTM state dims": lambda t: t.nn.LSTM(2, 3)(t.zeros(4, 1, 2), (t.zeros(1, 3), t.zeros(1, 1, 3))),
    "RNNCell": lambda t: t.nn.RNNCell(2, 3)(t.zeros(1, 1, 2)),
    "RNNCell nonlinearity": lambda t: t.nn.RNNCell(2, 3, nonlinearity="a")(t.zeros(1, 2)),
    "LSTMCell state": lambda t: t.nn.LSTMCell(2, 3)(t.zeros(1, 2), (t.zeros(1, 1, 3), t.zeros(1, 3))),
    "GRUCell width": lambda t: t.nn.GRUCell(2, 3)(t.zeros(1, 3)),
    "GRUCell state": lambda t: t.nn.GRUCell(2, 3)(t.zeros(1, 2), t.zeros(1, 4)),
    "GRUCell batch": lambda t: t.nn.GRUCell(2, 3)(t.zeros(1, 2), t.zeros(2, 3)),
}

LOSSES = {
    "cross_entropy batch": F("cross_entropy", z(3, 5), i(0, 1)),
    "cross_entropy range": F("cross_entropy", z(3, 5), i(0, 1, 9)),
    "cross_entropy float": F("cross_entropy", z(3, 5), z(3)),
    "cross_entropy reduction": F("cross_entropy", z(3, 5), i(0, 1, 2), reduction="a"),
    "cross_entropy smoothing": F("cross_entropy", z(3, 5), i(0, 1, 2), label_smoothing=2.0),
    "cross_entropy weight": F("cross_entropy", z(3, 5), i(0, 1, 2), z(4)),
    "cross_entropy ints": F("cross_entropy", z(3, 5), lambda t: t.zeros(3, 5, dtype=t.int64)),
    "nll_loss batch": F("nll_loss", z(3, 5), i(0, 1)),
    "nll_loss weight": F("nll_loss", z(3, 5), i(0, 1, 2), z(4)),
    "binary_cross_entropy size": F("binary_cross_entropy", z(3, 5), z(3, 4)),
    "binary_cross_entropy range": F("binary_cross_entropy", lambda t: t.tensor([1.5]), z(1)),
    "binary_cross_entropy nan": F("binary_cross_entropy", lambda t: t.tensor([float("nan")]), z(1)),
    "binary_cross_entropy_with_logits size": F("binary_cross_entropy_with_logits", z(3, 5), z(3, 4)),
    "smooth_l1_loss": F("smooth_l1_loss", z(3), z(3), beta=-1.0),
    "huber_loss": F("huber_loss", z(3), z(3), delta=0.0),
    "mse_loss weight": F("mse_loss", z(3), z(3), weight=z(2)),
    "mse_loss reduction": F("mse_loss", z(3), z(3), reduction="a"),
    "kl_div": F("kl_div", z(3), z(3), reduction="a"),
    "cosine_embedding_loss target": F("cosine_embedding_loss", z(3, 5), z(3, 5), z(3, 5)),
    "cosine_embedding_loss 1D": F("cosine_embedding_loss", z(5), z(5), z(3)),
    "cosine_embedding_loss 0D": F("cosine_embedding_loss", z(3, 5), z(3, 5), z()),
    "margin_ranking_loss": F("margin_ranking_loss", z(3, 5), z(3, 5), z(3)),
    "multi_margin_loss": F("multi_margin_loss", z(3, 5), i(0, 1)),
    "multi_margin_loss range": F("multi_margin_loss", z(3, 5), i(0, 1, 9)),
    "multi_margin_loss p": F("multi_margin_loss", z(3, 5), i(0, 1, 2), p=3),
    "multilabel_margin_loss": F("multilabel_margin_loss", z(3, 5), i(0, 1)),
    "multilabel_margin_loss float": F("multilabel_margin_loss", z(3), z(3)),
    "triplet_margin_loss": F("triplet_margin_loss", z(3, 5), z(3, 5), z(5)),
    "triplet_margin_loss margin": F("triplet_margin_loss", z(3), z(3), z(3), margin=0.0),
    "gaussian_nll_loss": F("gaussian_nll_loss", z(3), z(3), lambda t: -t.ones(3)),
    "gaussian_nll_loss size": F("gaussian_nll_loss", z(3, 2), z(3, 2), ones(4)),
    "gaussian_nll_loss reduction": F("gaussian_nll_loss", z(3), z(3), ones(3), reduction="a"),
    "poisson_nll_loss": F("poisson_nll_loss", z(3), z(3), reduction="a"),
    "MultiMarginLoss": lambda t: t.nn.MultiMarginLoss(3),
    "MultiMarginLoss weight": lambda t: t.nn.MultiMarginLoss(weight=t.zeros(2, 2)),
    "TripletMarginLoss": lambda t: t.nn.TripletMarginLoss(0.0),
}

FUNCTIONS = {
    "hardtanh": F("hardtanh", z(2), 2.0, 1.0),
    "glu": F("glu", z(3)),
    "glu 0": F("glu", z()),
    "celu": F("celu", z(2), 0.0),
    "one_hot float": F("one_hot", z(2)),
    "one_hot empty": F("one_hot", lambda t: t.zeros(0, dtype=t.int64)),
    "one_hot negative": F("one_hot", i(-1)),
    "one_hot large": F("one_hot", i(3), 2),
    "linear bias": F("linear", z(2, 4), z(3, 4), z(2)),
    "pad mode": F("pad", z(1, 2, 3), (1, 1), "a"),
    "pad odd": F("pad", z(1, 2, 3), (1,), "reflect"),
    "pad dims": F("pad", z(3), (1, 1), "reflect"),
    "pad value": F("pad", z(1, 2, 3), (1, 1), "reflect", 1.0),
    "pad reflect": F("pad", z(1, 2, 3), (3, 1), "reflect"),
    "pad circular": F("pad", z(1, 2, 3), (4, 1), "circular"),
    "pad replicate": F("pad", z(1, 2, 3), (-2, -2), "replicate"),
    "pad circular negative": F("pad", z(1, 2, 3), (-2, -2), "circular"),
    "pad empty": F("pad", z(1, 2, 0), (1, 1), "replicate"),
    "interpolate antialias": F("interpolate", z(1, 2, 3), 2, mode="linear", antialias=True),
    "interpolate lanczos": F("interpolate", z(1, 2, 3, 3), 2, mode="lanczos"),
    "interpolate float": F("interpolate", z(1, 2, 3, 3), (2.5, 2)),
    "interpolate scales": F("interpolate", z(1, 2, 3, 3), scale_factor=(2.0,)),
    "interpolate recompute": F("interpolate", z(1, 2, 3, 3), 2, recompute_scale_factor=True),
    "cosine_similarity": F("cosine_similarity", i(1, 2), i(1, 2), 0),
    "pdist": F("pdist", z(2)),
    "calculate_gain": lambda t: t.nn.init.calculate_gain("a"),
    "calculate_gain slope": lambda t: t.nn.init.calculate_gain("leaky_relu", "a"),
    "xavier_uniform_": lambda t: t.nn.init.xavier_uniform_(t.zeros(2)),
    "kaiming_uniform_": lambda t: t.nn.init.kaiming_uniform_(t.zeros(2, 2), mode="a"),
    "eye_": lambda t: t.nn.init.eye_(t.zeros(2)),
    "dirac_": lambda t: t.nn.init.dirac_(t.zeros(2)),
    "dirac_ groups": lambda t: t.nn.init.dirac_(t.zeros(3, 2, 2), 2),
    "orthogonal_": lambda t: t.nn.init.orthogonal_(t.zeros(2)),
    "sparse_": lambda t: t.nn.init.sparse_(t.zeros(2), 0.1),
    "clip_grad_norm_": lambda t: _clipped(t),
    "vector_to_parameters": lambda t: t.nn.utils.vector_to_parameters(5, []),
    "remove_weight_norm": lambda t: t.nn.utils.remove_weight_norm(t.nn.Linear(2, 3)),
    "remove_spectral_norm": lambda t: t.nn.utils.remove_spectral_norm(t.nn.Linear(2, 3)),
    "spectral_norm": lambda t: t.nn.utils.spectral_norm(t.nn.Linear(2, 3), n_power_iterations=0),
    "pack lengths": lambda t: t.nn.utils.rnn.pack_padded_sequence(t.zeros(3, 2), [3]),
    "pack order": lambda t: t.nn.utils.rnn.pack_padded_sequence(t.zeros(3, 2), [1, 3]),
    "pack zero": lambda t: t.nn.utils.rnn.pack_padded_sequence(t.zeros(3, 2), [3, 0]),
    "pack empty": lambda t: t.nn.utils.rnn.pack_padded_sequence(t.zeros(0, 2), [3, 0]),
    "pad total": lambda t: t.nn.utils.rnn.pad_packed_sequence(t.nn.utils.rnn.pack_sequence([t.zeros(3)]), total_length=2),
    "pad_sequence": lambda t: t.nn.utils.rnn.pad_sequence(5),
}

EVERY = dict(
    itertools.chain(
        MODULE.items(), LAYERS.items(), ((f"loss: {key}", value) for key, value in LOSSES.items()), FUNCTIONS.items()
    )
)
assert len(EVERY) == sum(map(len, (MODULE, LAYERS, LOSSES, FUNCTIONS))), collections.Counter(
    itertools.chain(MODULE, LAYERS, FUNCTIONS)
).most_common(3)
