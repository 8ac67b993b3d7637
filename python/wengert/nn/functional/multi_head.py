"""Attention of several heads, with its projections: Vaswani et al. (2017), "Attention is all you need"."""

import wengert

from .attention import scaled_dot_product_attention
from .linear import linear

__all__ = ["multi_head_attention_forward"]


def multi_head_attention_forward(
    query,
    key,
    value,
    embed_dim_to_check,
    num_heads,
    in_proj_weight,
    in_proj_bias,
    bias_k,
    bias_v,
    add_zero_attn,
    dropout_p,
    out_proj_weight,
    out_proj_bias,
    training=True,
    key_padding_mask=None,
    need_weights=True,
    attn_mask=None,
    use_separate_proj_weight=False,
    q_proj_weight=None,
    k_proj_weight=None,
    v_proj_weight=None,
    static_k=None,
    static_v=None,
    average_attn_weights=True,
    is_causal=False,
):
    """What nn.MultiheadAttention computes, of query (L, N, E), key (S, N, Ek) and value (S, N, Ev), or all without N.

    Args:
        embed_dim_to_check: E; num_heads divides it.
        in_proj_weight: (3E, E), for query, key and value; with use_separate_proj_weight q_proj_weight (E, E), k_proj_weight (E, Ek)
            and v_proj_weight (E, Ev) instead. in_proj_bias: (3E,) or None.
        bias_k, bias_v: (1, 1, E), a further key and value for every query, or None. add_zero_attn: one of zeros.
        dropout_p: of the weights, while training.
        key_padding_mask: (N, S), or (S,) without N: True for keys to leave out, or floats to add to their scores.
        attn_mask: (L, S) or (N num_heads, L, S), likewise for pairs. is_causal: attn_mask is known to leave out later keys.
        static_k, static_v: (N num_heads, S, E / num_heads) instead of the projected key and value.

    Returns:
        ((L, N, E), weights): the weights (N, L, S), or (N, num_heads, L, S) unless average_attn_weights; None unless need_weights,
        without which scores are made a block at a time.

    Raises:
        AssertionError, RuntimeError: shapes and dtypes that do not fit, and is_causal without attn_mask.

    >>> x, weight = wengert.eye(2).unsqueeze(1), wengert.eye(2)
    >>> options = {"use_separate_proj_weight": True, "q_proj_weight": weight, "k_proj_weight": weight, "v_proj_weight": weight}
    >>> output, weights = multi_head_attention_forward(x, x, x, 2, 1, None, None, None, None, False, 0.0, weight, None, **options)
    >>> weights
    tensor([[[0.6698, 0.3302],
             [0.3302, 0.6698]]])
    """
    weights = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else in_proj_weight
    return attend(
        query,
        key,
        value,
        embed_dim_to_check,
        num_heads,
        weights,
        in_proj_bias,
        (bias_k, bias_v),
        add_zero_attn,
        dropout_p if training else 0.0,
        out_proj_weight,
        out_proj_bias,
        key_padding_mask=key_padding_mask,
        need_weights=need_weights,
        attn_mask=attn_mask,
        statics=(static_k, static_v),
        average=average_attn_weights,
        is_causal=is_causal,
    )


def attend(
    query,
    key,
    value,
    embed_dim,
    num_heads,
    in_weights,
    in_bias,
    further,
    add_zero,
    dropout_p,
    out_weight,
    out_bias,
    *,
    key_padding_mask,
    need_weights,
    attn_mask,
    average,
    is_causal,
    statics=(None, None),
    batch_first=False,
):
    """multi_head_attention_forward for either order of sequence and batch; in_weights are one tensor or three."""
    batched = _check_dims(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        batch_first = False
        alike = query is key, key is value
        query, key, value = (x.unsqueeze(1) for x in (query, key, value))
        key, value = query if alike[0] else key, (query if alike[0] else key) if alike[1] else value
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    time, many = (1, 0) if batch_first else (0, 1)
    targets, batch, sources = query.size(time), query.size(many), key.size(time)
    key_padding_mask = additive(key_padding_mask, "key_padding_mask", query.dtype, attn_mask, "attn_mask")
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    causal = is_causal and key_padding_mask is None and not need_weights
    mask = None if causal else additive(attn_mask, "attn_mask", query.dtype)
    _check_sizes(query, key, value, embed_dim, num_heads, in_weights)

    q, k, v = _project(query, key, value, in_weights, in_bias, num_heads, batch_first)
    if mask is not None:
        mask = _scores_mask(mask, batch, num_heads, targets, sources)
    k, v, added = _extend(k, v, further, add_zero, statics, batch, num_heads)
    if added:
        mask = None if mask is None else wengert.nn.functional.pad(mask, (0, added))
        key_padding_mask = None if key_padding_mask is None else wengert.nn.functional.pad(key_padding_mask, (0, added))
    if key_padding_mask is not None:
        _check_padding(key_padding_mask, batch, k.size(2))
        padding = key_padding_mask.unsqueeze(1).unsqueeze(1)
        mask = padding if mask is None else mask + padding

    weights = None
    if need_weights:
        scores = (q * q.size(-1) ** -0.5) @ k.mT
        weights = (scores if mask is None else scores + mask).softmax(-1)
        if dropout_p > 0:
            weights = wengert.dropout(weights, dropout_p, True)
        heads = weights @ v
    else:
        heads = scaled_dot_product_attention(q, k, v, mask, dropout_p, causal)
    heads = heads.transpose(1, 2) if batch_first else heads.permute(2, 0, 1, 3)
    output = linear(heads.flatten(2), out_weight, out_bias)
    if weights is not None and average:
        weights = weights.mean(1)
    if not batched:
        return output.squeeze(1), None if weights is None else weights.squeeze(0)
    return output, weights


def additive(mask, name, dtype, other=None, other_name=None):
    """A mask of bools as one that is added to scores, -inf for True; others as they are. AssertionError for integers.

    Warns where another mask has another dtype.
    """
    if mask is None:
        return None
    if mask.dtype != wengert.bool and not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and other.dtype != mask.dtype:
        import warnings

        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.", stacklevel=4
        )
    if mask.is_floating_point():
        return mask
    return wengert.zeros(mask.shape, dtype=dtype).masked_fill_(mask, float("-inf"))


def _check_dims(query, key, value, key_padding_mask, attn_mask, num_heads):
    """Whether there is a batch; AssertionError for numbers of dimensions that do not go together."""
    if query.dim() not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {query.dim()}-D query tensor")
    dims = query.dim()
    what = f"For {'batched (3-D)' if dims == 3 else 'unbatched (2-D)'} `query`, expected"
    if key.dim() != dims or value.dim() != dims:
        raise AssertionError(
            f"{what} `key` and `value` to be {dims}-D but found {key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    if key_padding_mask is not None and key_padding_mask.dim() != dims - 1:
        raise AssertionError(
            f"{what} `key_padding_mask` to be `None` or {dims - 1}-D but found {key_padding_mask.dim()}-D tensor instead"
        )
    if attn_mask is not None:
        if attn_mask.dim() not in (2, 3):
            raise AssertionError(f"{what} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.dim()}-D tensor instead")
        expected = (num_heads, query.shape[0], key.shape[0])
        if dims == 2 and attn_mask.dim() == 3 and attn_mask.shape != expected:
            raise AssertionError(f"Expected `attn_mask` shape to be {expected} but got {attn_mask.shape}")
    return dims == 3


def _check_sizes(query, key, value, embed_dim, num_heads, in_weights):
    width = query.size(-1)
    if width != embed_dim:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim}, but got {width}")
    if width % num_heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {num_heads}")
    if isinstance(in_weights, tuple):
        if key.shape[:2] != value.shape[:2]:
            raise AssertionError(f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}")
        for name, weight in zip("qkv", in_weights, strict=True):
            if weight is None:
                raise AssertionError(f"use_separate_proj_weight is True but {name}_proj_weight is None")
    else:
        if key.shape != value.shape:
            raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")
        if in_weights is None:
            raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")


def _project(query, key, value, weights, bias, num_heads, batch_first):
    """query, key and value projected, each (N, num_heads, length, E / num_heads): views of as few products as possible."""

    def heads(x, weight, bias, count):
        parts = linear(x, weight, bias).unflatten(-1, (count, num_heads, -1)).unbind(2)
        return [part.transpose(1, 2) if batch_first else part.permute(1, 2, 0, 3) for part in parts]

    size = query.size(-1)
    if isinstance(weights, tuple):
        biases = (None, None, None) if bias is None else bias.chunk(3)
        triples = zip((query, key, value), weights, biases, strict=True)
        return [heads(x, weight, b, 1)[0] for x, weight, b in triples]
    if query is key and key is value:
        return heads(query, weights, bias, 3)
    sizes, inputs = ([size, 2 * size], (query, key)) if key is value else ([size] * 3, (query, key, value))
    biases = [None] * len(sizes) if bias is None else bias.split(sizes)
    parts = zip(inputs, weights.split(sizes), biases, sizes, strict=True)
    return [head for x, weight, b, rows in parts for head in heads(x, weight, b, rows // size)]


def _scores_mask(mask, batch, num_heads, targets, sources):
    """A mask that broadcasts to the scores (N, num_heads, L, S)."""
    expected = (targets, sources) if mask.dim() == 2 else (batch * num_heads, targets, sources)
    if mask.shape != expected:
        raise RuntimeError(f"The shape of the {mask.dim()}D attn_mask is {mask.shape}, but should be {expected}.")
    return mask if mask.dim() == 2 else mask.view(batch, num_heads, targets, sources)


def _extend(k, v, further, add_zero, statics, batch, num_heads):
    """Keys and values with those that every query sees besides, and how many these are."""
    bias_k, bias_v = further
    if (bias_k is None) != (bias_v is None):
        missing, given = ("bias_v", "bias_k") if bias_v is None else ("bias_k", "bias_v")
        raise AssertionError(f"{given} is set but {missing} is None")
    size, added = k.size(-1), 0
    if bias_k is not None:
        for name, static in zip(("key", "value"), statics, strict=True):
            if static is not None:
                raise AssertionError(f"bias cannot be added to static {name}.")
        k, v = (
            wengert.cat([x, b.view(1, num_heads, 1, size).expand(batch, -1, -1, -1)], 2) for x, b in ((k, bias_k), (v, bias_v))
        )
        added = 1
    for name, static in zip("kv", statics, strict=True):
        if static is None:
            continue
        for dim, expected in ((0, batch * num_heads), (2, size)):
            if static.size(dim) != expected:
                raise AssertionError(f"expecting static_{name}.size({dim}) of {expected}, but got {static.size(dim)}")
    static_k, static_v = statics
    k = k if static_k is None else static_k.view(batch, num_heads, -1, size)
    v = v if static_v is None else static_v.view(batch, num_heads, -1, size)
    if add_zero:
        k, v = (wengert.cat([x, x.new_zeros(batch, num_heads, 1, size)], 2) for x in (k, v))
        added += 1
    return k, v, added


def _check_padding(mask, batch, sources):
    for dim, expected in ((0, batch), (1, sources)):
        if mask.size(dim) != expected:
            raise AssertionError(f"Expected key_padded_mask.shape[{dim}] to be {expected}, but got {mask.size(dim)}")
