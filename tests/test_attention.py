"""Attention, block by block, against the matrix of all scores in NumPy in float64."""

import numpy as np
import pytest

import wengert as torch
from reference import FLOATS, bits
from test_networks_ops import INF, NAN, F, close, values
from wengert.nn.functional.attention import scaled_dot_product_attention

floats = pytest.mark.parametrize("dtype", FLOATS)


def attention_reference(q, k, v, mask=None, causal=False, scale=None):
    q, k, v = (a.astype("float64") for a in (q, k, v))
    scores = q @ k.swapaxes(-1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None:
        scores = np.where(mask, scores, -INF) if mask.dtype == bool else scores + mask
    if causal:
        scores = np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -INF)
    most = scores.max(-1, keepdims=True, initial=-INF)
    p = np.exp(scores - np.where(np.isinf(most), 0, most))
    total = p.sum(-1, keepdims=True)
    return (p / np.where(total == 0, 1, total)) @ v


@floats
def test_attention(dtype):
    for batch, queries, keys, width, values_width in [
        ((), 1, 1, 1, 1),
        ((2, 3), 7, 5, 4, 6),
        ((2,), 64, 64, 32, 32),
        ((1,), 65, 257, 16, 33),
        ((1,), 300, 520, 8, 8),
        ((3,), 130, 1, 5, 3),
    ]:
        q, k = values(*batch, queries, width, dtype=dtype), values(*batch, keys, width, dtype=dtype, seed=1)
        v = values(*batch, keys, values_width, dtype=dtype, seed=2)
        ours = [torch.tensor(a) for a in (q, k, v)]
        rng = np.random.default_rng(0)
        bias, mask = values(queries, keys, dtype=dtype, seed=3), rng.random((*batch, queries, keys)) < 0.7
        mask[..., 0] = True
        for options, expected in [
            ({}, attention_reference(q, k, v)),
            ({"is_causal": True}, attention_reference(q, k, v, causal=True)),
            ({"scale": 0.3}, attention_reference(q, k, v, scale=0.3)),
            ({"attn_mask": torch.tensor(bias)}, attention_reference(q, k, v, bias)),
            ({"attn_mask": torch.tensor(mask)}, attention_reference(q, k, v, mask)),
            ({"attn_mask": torch.tensor(mask[..., :1, :])}, attention_reference(q, k, v, mask[..., :1, :])),
            ({"attn_mask": torch.tensor(bias[:, :1])}, attention_reference(q, k, v, bias[:, :1])),
        ]:
            close(scaled_dot_product_attention(*ours, **options), expected, dtype, 32, (queries, keys, list(options)))


@floats
def test_attention_of_any_layout_and_of_what_sees_nothing(dtype):
    q, k, v = (values(2, 9, 3, 8, dtype=dtype, seed=i) for i in range(3))
    ours = [torch.tensor(a).transpose(1, 2) for a in (q, k, v)]
    arrays = [a.swapaxes(1, 2) for a in (q, k, v)]
    close(scaled_dot_product_attention(*ours), attention_reference(*arrays), dtype, 32)
    close(
        scaled_dot_product_attention(ours[0], ours[1][:1], ours[2][:, :1]),
        attention_reference(arrays[0], arrays[1][:1], arrays[2][:, :1]),
        dtype,
        32,
    )
    mask = np.zeros((9, 9), bool)
    mask[3:] = True
    result = scaled_dot_product_attention(*ours, attn_mask=torch.tensor(mask))
    close(result, attention_reference(*arrays, mask), dtype, 32)
    assert not result[..., :3, :].any()
    heads = scaled_dot_product_attention(ours[0].repeat(1, 2, 1, 1), ours[1], ours[2], enable_gqa=True)
    assert heads.shape == (2, 6, 9, 8)
    q[0, 0, 0, 0] = NAN
    ours[0] = torch.tensor(q).transpose(1, 2)
    spoilt = scaled_dot_product_attention(*ours).isnan()
    assert spoilt[0, 0, 0].all() and spoilt.sum() == 8


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"mask": "bool"}, {"mask": "float"}])
def test_gradients_of_attention(options):
    """The fused gradients, over several blocks, against those of the parts."""
    shape = (2, 150, 12)
    mask = {
        "bool": torch.tensor(np.random.default_rng(0).random((150, 400)) < 0.5),
        "float": torch.tensor(values(150, 400, seed=5)),
        None: None,
    }[options.get("mask")]
    arrays = [values(*shape), values(2, 400, 12, seed=1), values(2, 400, 20, seed=2)]
    weights = torch.tensor(values(2, 150, 20, seed=3))

    def parts(q, k, v):
        scores = q @ k.mT * 12**-0.5
        if mask is not None:
            scores = scores.masked_fill(~mask, -INF) if mask.dtype == torch.bool else scores + mask
        if options.get("is_causal"):
            scores = scores.masked_fill(torch.ones(150, 400, dtype=torch.bool).triu(1), -INF)
        return scores.softmax(-1) @ v

    def fused(q, k, v):
        return scaled_dot_product_attention(q, k, v, mask, is_causal=options.get("is_causal", False))

    grads = []
    for function in (parts, fused):
        leaves = [torch.tensor(a, requires_grad=True) for a in arrays]
        (function(*leaves) * weights).sum().backward()
        grads.append([leaf.grad.numpy() for leaf in leaves])
    for a, b in zip(*grads, strict=True):
        np.testing.assert_allclose(b, a, rtol=0, atol=1e-12 * np.abs(a).max())


def test_errors_of_attention():
    q, k = torch.zeros(2, 3, 4), torch.zeros(2, 5, 4)
    for function, message in [
        (lambda: scaled_dot_product_attention(q, k, k.double()), "Expected query, key, and value to have the same dtype"),
        (
            lambda: scaled_dot_product_attention(q, k, k, torch.ones(3, 5), is_causal=True),
            "Explicit attn_mask should not be set when is_causal=True",
        ),
        (
            lambda: scaled_dot_product_attention(q, k, k, torch.ones(3, 5).long()),
            "Expected attn_mask dtype to be bool or float",
        ),
        (lambda: scaled_dot_product_attention(q, k, k, torch.ones(4, 5)), "the mask has shape"),
        (lambda: scaled_dot_product_attention(q, k[..., :3], k), "do not go together"),
        (lambda: scaled_dot_product_attention(q, k[:, :2], k), "do not go together"),
    ]:
        with pytest.raises(RuntimeError, match=message):
            function()


def test_same_bits_for_any_thread_count():
    q, k, v = (torch.tensor(values(3, 4, 200, 16, dtype="float32", seed=i)) for i in range(3))
    grad = torch.tensor(values(3, 4, 200, 16, dtype="float32", seed=4))
    results = []
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        out, log_sum = F["_attention"](q, k, v, None, True, 0.25)
        gradients = F["_attention_gradient"](q, k, v, None, True, 0.25, grad, out, log_sum)
        results.append([bits(tensor) for tensor in (out, log_sum, *gradients)])
    assert results[0] == results[1] == results[2]


@pytest.mark.parity
def test_parity():
    """Forward and gradients against PyTorch's."""
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

    q, k, v = (rng.standard_normal((2, 3, n, 8)).astype("float32") for n in (70, 90, 90))
    mask = rng.random((70, 90)) < 0.6
    mask[4] = False
    for options in ({}, {"is_causal": True}, {"scale": 0.1}):
        compare(
            lambda t, q, k, v, o=options: scaled_dot_product_attention(q, k, v, **o),
            lambda t, q, k, v, o=options: functional.scaled_dot_product_attention(q, k, v, **o),
            q,
            k,
            v,
        )
    compare(
        lambda t, q, k, v: scaled_dot_product_attention(q, k, v, t.tensor(mask)),
        lambda t, q, k, v: functional.scaled_dot_product_attention(q, k, v, t.tensor(mask)),
        q,
        k,
        v,
    )
