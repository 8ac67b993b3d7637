"""Attention of several heads and transformers: against their equations in NumPy, in float64, and against PyTorch."""

import copy
import pickle
import re
import warnings

import numpy as np
import pytest

import wengert as torch
from nn_reference import array, close, fill, random, tensor
from wengert import nn
from wengert.autograd import gradcheck

NEVER = -np.inf


def softmax(x):
    with np.errstate(invalid="ignore"):
        e = np.exp(x - x.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)


def attention(module, query, key, value, mask=0.0):
    """(result (N, L, E), weights (N, heads, L, S)) of inputs (N, length, width), by the equations; mask is added to the scores."""
    heads, size = module.num_heads, module.head_dim
    if module._qkv_same_embed_dim:
        weights = np.split(array(module.in_proj_weight), 3)
    else:
        weights = [array(w) for w in (module.q_proj_weight, module.k_proj_weight, module.v_proj_weight)]
    biases = np.split(array(module.in_proj_bias), 3) if module.in_proj_bias is not None else (0.0, 0.0, 0.0)
    q, k, v = (x @ w.T + b for x, w, b in zip((query, key, value), weights, biases, strict=True))
    many = query.shape[0]
    if module.bias_k is not None:
        k, v = (
            np.concatenate([x, np.broadcast_to(array(b), (many, 1, x.shape[2]))], 1)
            for x, b in ((k, module.bias_k), (v, module.bias_v))
        )
    if module.add_zero_attn:
        k, v = (np.concatenate([x, np.zeros((many, 1, x.shape[2]))], 1) for x in (k, v))
    q, k, v = (x.reshape(many, -1, heads, size).swapaxes(1, 2) for x in (q, k, v))
    scores = q @ k.swapaxes(2, 3) / np.sqrt(size)
    added = scores.shape[3] - np.shape(mask)[-1] if np.ndim(mask) else 0
    scores = scores + (np.concatenate([mask, np.zeros((*mask.shape[:-1], added))], -1) if added else mask)
    weights = softmax(scores)
    result = (weights @ v).swapaxes(1, 2).reshape(many, -1, heads * size)
    bias = 0.0 if module.out_proj.bias is None else array(module.out_proj.bias)
    return result @ array(module.out_proj.weight).T + bias, weights


OPTIONS = {
    "plain": {},
    "no bias": {"bias": False},
    "bias_kv": {"add_bias_kv": True},
    "zero": {"add_zero_attn": True},
    "both": {"add_bias_kv": True, "add_zero_attn": True},
    "widths": {"kdim": 5, "vdim": 3},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_multihead_attention(options, batch_first):
    module = fill(nn.MultiheadAttention(6, 2, batch_first=batch_first, **options))
    query, key = random(3, 4, 6), random(3, 5, options.get("kdim", 6), seed=1)
    value = random(3, 5, options.get("vdim", 6), seed=2)
    masks = {
        "none": ({}, 0.0),
        "added": ({"attn_mask": tensor(random(4, 5))}, random(4, 5)),
        "each head": ({"attn_mask": tensor(random(6, 4, 5))}, random(6, 4, 5).reshape(3, 2, 4, 5)),
        "bools": ({"attn_mask": torch.ones(4, 5).triu(2) > 0}, np.where(np.triu(np.ones((4, 5)), 2) > 0, NEVER, 0.0)),
        "padding": (
            {"key_padding_mask": torch.tensor([[0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 1, 0, 1, 0]]) > 0},
            np.array([[0, 0, 0, 0, 0], [0, 0, 0, 0, NEVER], [0, NEVER, 0, NEVER, 0]])[:, None, None],
        ),
    }
    order = (lambda x: x) if batch_first else (lambda x: x.swapaxes(0, 1))
    arguments = [tensor(order(x).copy()) for x in (query, key, value)]
    for name, (mask, added) in masks.items():
        expected, weights = attention(module, query, key, value, np.asarray(added))
        output, averaged = module(*arguments, **mask)
        close(output, order(expected), 1e-10)
        close(averaged, weights.mean(1), 1e-10)
        close(module(*arguments, average_attn_weights=False, **mask)[1], weights, 1e-10)
        output, nothing = module(*arguments, need_weights=False, **mask)
        close(output, order(expected), 1e-10)
        assert nothing is None, name


def test_multihead_attention_to_itself_and_without_a_batch():
    module = fill(nn.MultiheadAttention(6, 3))
    x, memory = random(4, 6), random(5, 6, seed=1)
    expected, weights = attention(module, x[None], x[None], x[None])
    for need in (True, False):
        output, averaged = module(tensor(x), tensor(x), tensor(x), need_weights=need)
        close(output, expected[0], 1e-10)
        if need:
            close(averaged, weights[0].mean(0), 1e-10)
    t = tensor(x)
    close(module(t, t, t)[0], expected[0], 1e-10)
    other, kept = attention(module, x[None], memory[None], memory[None], np.array([0.0, NEVER, 0, 0, 0]))
    m = tensor(memory)
    hidden = torch.tensor([False, True, False, False, False])
    output, averaged = module(t, m, m, key_padding_mask=hidden, average_attn_weights=False)
    close(output, other[0], 1e-10)
    close(averaged, kept[0], 1e-10)


def test_causal_hint():
    module = fill(nn.MultiheadAttention(6, 2, batch_first=True))
    x = random(2, 4, 6)
    mask = nn.Transformer.generate_square_subsequent_mask(4, dtype=torch.float64)
    np.testing.assert_array_equal(mask.numpy(), np.where(np.triu(np.ones((4, 4)), 1) > 0, NEVER, 0))
    expected, _ = attention(module, x, x, x, mask.numpy())
    for need in (True, False):
        close(module(tensor(x), tensor(x), tensor(x), need_weights=need, attn_mask=mask, is_causal=True)[0], expected, 1e-10)
    padding = torch.tensor([[False] * 4, [False, False, True, True]])
    added = mask.numpy() + np.where(padding.numpy(), NEVER, 0.0)[:, None, None]
    with pytest.warns(UserWarning, match="mismatched key_padding_mask and attn_mask"):
        output, _ = module(tensor(x), tensor(x), tensor(x), padding, need_weights=False, attn_mask=mask, is_causal=True)
    close(output, attention(module, x, x, x, added)[0], 1e-10)


def test_attention_of_static_keys():
    module = fill(nn.MultiheadAttention(4, 2))
    x = tensor(random(3, 2, 4))
    static = random(4, 5, 2)
    output, weights = nn.functional.multi_head_attention_forward(
        x, x, x, 4, 2, module.in_proj_weight, module.in_proj_bias, None, None, False, 0.0,
        module.out_proj.weight, module.out_proj.bias, static_k=tensor(static), static_v=tensor(static),
    )  # fmt: skip
    q = (random(3, 2, 4) @ array(module.in_proj_weight)[:4].T + array(module.in_proj_bias)[:4]).reshape(3, 4, 2).swapaxes(0, 1)
    expected = softmax(q @ static.swapaxes(1, 2) / np.sqrt(2))
    close(weights, expected.reshape(2, 2, 3, 5).mean(1), 1e-10)
    assert output.shape == (3, 2, 4)


@pytest.mark.parametrize("need_weights", [False, True])
def test_gradients_of_multihead_attention(need_weights):
    module = fill(nn.MultiheadAttention(4, 2, add_bias_kv=True, batch_first=True))
    for parameter in module.parameters():
        parameter.data *= 0.3

    def call(query, key, mask):
        return module(query, key, key, attn_mask=mask, need_weights=need_weights)[0]

    inputs = tensor(random(2, 3, 4), True), tensor(random(2, 5, 4, seed=1), True), tensor(random(3, 5, seed=2), True)
    assert gradcheck(call, inputs)


def test_dropout_of_attention_weights():
    torch.manual_seed(0)
    module = nn.MultiheadAttention(4, 2, dropout=1.0)
    x = torch.ones(3, 1, 4)
    output, weights = module(x, x, x)
    assert not weights.any() and torch.equal(output, module.out_proj.bias.expand_as(output))
    assert torch.equal(module(x, x, x, need_weights=False)[0], output)
    assert module.eval()(x, x, x)[1].sum() == 3


# ---- layers


def norm(module, x):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + module.eps)
    return x * array(module.weight) + (0 if module.bias is None else array(module.bias))


def network(layer, x):
    bias1, bias2 = (0 if b is None else array(b) for b in (layer.linear1.bias, layer.linear2.bias))
    return np.maximum(x @ array(layer.linear1.weight).T + bias1, 0) @ array(layer.linear2.weight).T + bias2


def encoded(layer, x, mask=0.0):
    parts = [lambda x: attention(layer.self_attn, x, x, x, np.asarray(mask))[0], lambda x: network(layer, x)]
    return through(layer, parts, x)


def decoded(layer, x, memory, mask=0.0):
    parts = [
        lambda x: attention(layer.self_attn, x, x, x, np.asarray(mask))[0],
        lambda x: attention(layer.multihead_attn, x, memory, memory)[0],
        lambda x: network(layer, x),
    ]
    return through(layer, parts, x)


def through(layer, parts, x):
    for number, part in enumerate(parts, 1):
        own = getattr(layer, f"norm{number}")
        x = x + part(norm(own, x)) if layer.norm_first else norm(own, x + part(x))
    return x


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("bias", [True, False])
def test_transformer(norm_first, bias):
    options = {"dropout": 0.0, "batch_first": True, "norm_first": norm_first, "bias": bias}
    model = fill(nn.Transformer(6, 2, 2, 2, 8, **options))
    source, target = random(3, 5, 6), random(3, 4, 6, seed=1)
    mask = model.generate_square_subsequent_mask(4, dtype=torch.float64)
    memory, x = source, target
    for layer in model.encoder.layers:
        memory = encoded(layer, memory)
    memory = norm(model.encoder.norm, memory)
    for layer in model.decoder.layers:
        x = decoded(layer, x, memory, mask.numpy())
    x = norm(model.decoder.norm, x)
    for causal in (None, True, False):
        close(model(tensor(source), tensor(target), tgt_mask=mask, tgt_is_causal=causal), x, 1e-8)
    model.batch_first = False
    for module in model.modules():
        if isinstance(module, nn.MultiheadAttention):
            module.batch_first = False
    first = model(tensor(source).transpose(0, 1), tensor(target).transpose(0, 1), tgt_mask=mask)
    close(first, x.swapaxes(0, 1), 1e-8)
    single = model(tensor(source[0]), tensor(target[0]), tgt_mask=mask)
    close(single, x[0], 1e-8)


def test_activations_of_a_layer():
    for given, function in (("relu", nn.functional.relu), ("gelu", nn.functional.gelu), (torch.tanh, torch.tanh)):
        layer = nn.TransformerEncoderLayer(4, 2, 8, activation=given)
        assert layer.activation is function
        stack = nn.TransformerEncoder(layer, 2)
        assert stack.layers[1].activation is function and pickle.loads(pickle.dumps(layer)).activation is function
    assert nn.TransformerEncoderLayer(4, 2, 8, activation=nn.GELU()).activation_relu_or_gelu == 2
    with pytest.raises(RuntimeError, match="activation should be relu/gelu, not tanh"):
        nn.TransformerDecoderLayer(4, 2, 8, activation="tanh")


def test_layers_of_a_stack_are_copies():
    layer = nn.TransformerEncoderLayer(4, 2, 8)
    stack = nn.TransformerEncoder(layer, 2)
    weights = [each.linear1.weight for each in (layer, *stack.layers)]
    assert len({id(w) for w in weights}) == 3
    assert all(torch.equal(w, weights[0]) for w in weights)
    assert len(copy.deepcopy(stack).state_dict()) == len(stack.state_dict()) == 2 * len(layer.state_dict())


def test_padding_is_left_out_where_an_encoder_is_evaluated():
    torch.manual_seed(0)
    stack = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 2).eval()
    x, padding = torch.randn(2, 3, 4), torch.tensor([[False, False, True], [False, False, False]])
    with torch.no_grad():
        skipped = stack(x, src_key_padding_mask=padding)
        assert not skipped[0, 2].any() and skipped[0, 1].any() and skipped[1, 2].any()
        inner = torch.tensor([[False, True, False], [False, False, False]])
        assert stack(x, src_key_padding_mask=inner)[0, 1].any()  # not at the end
    kept = stack(x, src_key_padding_mask=padding)
    assert kept[0, 2].any() and torch.equal(kept[:, :2], skipped[:, :2])
    plain = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 2, enable_nested_tensor=False).eval()
    with torch.no_grad():
        assert plain(x, src_key_padding_mask=padding)[0, 2].any()


def test_same_bits_for_any_thread_count():
    torch.manual_seed(0)
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, batch_first=True), 2)
    x = torch.randn(5, 33, 64)
    results = []
    for count in (1, 2, 4):
        torch.set_num_threads(count)
        model.zero_grad()
        output = model(x)
        output.square().sum().backward()
        results.append([output.detach(), *(parameter.grad for parameter in model.parameters())])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


# ---- errors, as PyTorch's


def mha(*args, **options):
    return lambda t: t.nn.MultiheadAttention(*args, **options)


def attend(*shapes, module=None, **masks):
    def use(t):
        made = {name: make(t) if callable(make) else make for name, make in masks.items()}
        return (module or mha(6, 2))(t)(*(t.zeros(*shape) for shape in shapes), **made)

    return use


X = ((3, 2, 6),) * 3
WRONG = {
    "sizes": mha(0, 2),
    "heads": mha(6, 4),
    "one dim": attend((6,), (6,), (6,)),
    "dims of key": attend((3, 2, 6), (3, 6), (3, 2, 6)),
    "dims of value without a batch": attend((3, 6), (3, 6), (3, 2, 6)),
    "width": attend((3, 2, 5), (3, 2, 5), (3, 2, 5)),
    "key and value": attend((3, 2, 6), (4, 2, 6), (3, 2, 6)),
    "lengths": attend((3, 2, 6), (4, 2, 5), (3, 2, 3), module=mha(6, 2, kdim=5, vdim=3)),
    "mask dims": attend(*X, attn_mask=lambda t: t.zeros(3)),
    "mask shape": attend(*X, attn_mask=lambda t: t.zeros(3, 4)),
    "mask shape of heads": attend(*X, attn_mask=lambda t: t.zeros(3, 3, 3)),
    "mask shape without a batch": attend((3, 6), (3, 6), (3, 6), attn_mask=lambda t: t.zeros(3, 3, 3)),
    "mask dtype": attend(*X, attn_mask=lambda t: t.zeros(3, 3, dtype=t.int64)),
    "padding dims": attend(*X, key_padding_mask=lambda t: t.zeros(3)),
    "padding dims without a batch": attend((3, 6), (3, 6), (3, 6), key_padding_mask=lambda t: t.zeros(2, 3)),
    "padding batch": attend(*X, key_padding_mask=lambda t: t.zeros(3, 3)),
    "padding length": attend(*X, key_padding_mask=lambda t: t.zeros(2, 4)),
    "padding dtype": attend(*X, key_padding_mask=lambda t: t.zeros(2, 3, dtype=t.int64)),
    "causal alone": attend(*X, is_causal=True),
    "batches": lambda t: t.nn.Transformer(6, 2, 1, 1, 8)(t.zeros(3, 2, 6), t.zeros(3, 1, 6)),
    "widths": lambda t: t.nn.Transformer(6, 2, 1, 1, 8)(t.zeros(3, 2, 6), t.zeros(3, 2, 5)),
    "activation": lambda t: t.nn.TransformerEncoderLayer(6, 2, activation="selu"),
}


def error_of(use, library):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as caught:  # noqa: PT011
            use(library)
    return type(caught.value), str(caught.value)


@pytest.mark.parametrize("name", WRONG)
def test_errors(name):
    kind, message = error_of(WRONG[name], torch)
    assert kind in (AssertionError, RuntimeError, ValueError) and message


@pytest.fixture(scope="module")
def reference():
    return pytest.importorskip("torch")


@pytest.mark.parity
@pytest.mark.parametrize("name", WRONG)
def test_errors_are_pytorchs(name, reference):
    assert error_of(WRONG[name], torch) == error_of(WRONG[name], reference)


# ---- PyTorch, after the same seed


def self_attention(t, masked):
    def call(module, x):
        mask = t.ones(4, 4).triu(1) > 0 if masked else None
        return module(x, x, x, attn_mask=mask)

    return call


STACKS = {
    "encoder": lambda t: t.nn.TransformerEncoder(t.nn.TransformerEncoderLayer(8, 2, 16, 0.0), 2, t.nn.LayerNorm(8)),
    "encoder, gelu": lambda t: t.nn.TransformerEncoder(
        t.nn.TransformerEncoderLayer(8, 4, 16, 0.0, "gelu", batch_first=True, norm_first=True), 3
    ),
    "encoder without bias": lambda t: t.nn.TransformerEncoder(t.nn.TransformerEncoderLayer(8, 2, 16, 0.0, bias=False), 1),
}
MASKS = {
    "none": lambda t: {},
    "bools": lambda t: {"mask": t.ones(4, 4).triu(1) > 0},
    "causal": lambda t: {"mask": t.nn.Transformer.generate_square_subsequent_mask(4), "is_causal": True},
    "padding": lambda t: {"src_key_padding_mask": t.tensor([[False, False, False, True]] * 4)},
    "both": lambda t: {"mask": t.ones(4, 4).tril(-1), "src_key_padding_mask": t.tensor([[0.0, 0.5, -1.0, 0.25]] * 4)},
}


def trained(t, build, use):
    """Everything about a module after the seed 0, one call and the gradients of a weighted sum of the results."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        t.manual_seed(0)
        module = build(t)
        facts = {"repr": repr(module), **{f"state {name}": value.numpy() for name, value in module.state_dict().items()}}
        x = t.linspace(-1, 1, 128).reshape(4, 4, 8).sin().requires_grad_()
        results = [r for r in use(module, x) if r is not None]
        sum((r * t.linspace(0.5, 1.5, r.numel()).reshape(r.shape)).sum() for r in results).backward()
    facts |= {f"result {i}": r.detach().numpy() for i, r in enumerate(results)}
    facts |= {f"gradient {name}": p.grad.numpy() for name, p in [*module.named_parameters(), ("x", x)] if p.grad is not None}
    return facts


def compare(reference, build, use):
    ours, theirs = trained(torch, build, use(torch)), trained(reference, build, use(reference))
    assert list(ours) == list(theirs)
    for name, expected in theirs.items():
        if name == "repr":
            assert ours[name] == expected
        else:
            np.testing.assert_allclose(ours[name], expected, rtol=2e-5, atol=4e-6 * max(1, abs(expected).max()), err_msg=name)


@pytest.mark.parity
@pytest.mark.parametrize("masks", MASKS)
@pytest.mark.parametrize("stack", STACKS)
def test_encoders_are_pytorchs(stack, masks, reference):
    compare(reference, STACKS[stack], lambda t: lambda module, x: [module(x, **MASKS[masks](t))])


@pytest.mark.parity
@pytest.mark.parametrize("options", [*OPTIONS.values(), {"batch_first": True}], ids=[*OPTIONS, "batch_first"])
def test_multihead_attention_is_pytorchs(options, reference):
    def use(t):
        def call(module, x):
            key, value = x[..., : options.get("kdim", 8)], x[..., : options.get("vdim", 8)]
            found = []
            for alike in (True, False):
                if alike and ("kdim" in options):
                    continue
                arguments = (x, x, x) if alike else (x, key * 2, value * 3)
                for need in (True, False):
                    found += module(*arguments, need_weights=need, attn_mask=t.ones(4, 4).triu(1) > 0)
                found += module(*arguments, average_attn_weights=False, key_padding_mask=t.eye(4) > 0)
            return found

        return call

    compare(reference, lambda t: t.nn.MultiheadAttention(8, 2, **options), use)


@pytest.mark.parity
@pytest.mark.parametrize("options", [{}, {"norm_first": True, "activation": "gelu"}, {"batch_first": True, "bias": False}])
def test_transformer_is_pytorchs(options, reference):
    def use(t):
        mask = t.nn.Transformer.generate_square_subsequent_mask(4)
        padding = t.zeros(4, 4)
        return lambda module, x: [
            module(x, x * 2, tgt_mask=mask, memory_mask=t.ones(4, 4).tril(-1)),
            module(x, -x, tgt_mask=mask, tgt_is_causal=True, tgt_key_padding_mask=padding, memory_key_padding_mask=padding),
        ]

    compare(reference, lambda t: t.nn.Transformer(8, 2, 2, 2, 16, 0.0, **options), use)


@pytest.mark.parity
def test_evaluated_encoder_is_pytorchs(reference):
    results = []
    for t in (torch, reference):
        t.manual_seed(0)
        layer = t.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        stack = t.nn.TransformerEncoder(layer, 2, t.nn.LayerNorm(8)).eval()
        x = t.linspace(-1, 1, 96).reshape(3, 4, 8).sin()
        padding = t.tensor([[False] * 4, [False, False, True, True], [False, False, False, True]])
        with t.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's nested tensors are a prototype
            results.append(stack(x, src_key_padding_mask=padding).numpy())
    np.testing.assert_allclose(*results, rtol=2e-5, atol=4e-6)


@pytest.mark.parity
def test_warning_is_pytorchs(reference):
    for t in (torch, reference):
        module = t.nn.MultiheadAttention(4, 2)
        x = t.zeros(3, 1, 4)
        with pytest.warns(UserWarning, match=re.escape("Support for mismatched key_padding_mask and attn_mask is deprecated")):
            module(x, x, x, key_padding_mask=t.zeros(1, 3), attn_mask=t.zeros(3, 3) > 0)
