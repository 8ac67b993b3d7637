"""nn.functional.scaled_dot_product_attention."""

import wengert


def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False
):
    """softmax(scale query keyᵀ + attn_mask) value over the last two dimensions.

    Args:
        query: (..., L, E).
        key: (..., S, E); value: (..., S, Ev). The leading dimensions broadcast.
        attn_mask: added to the scores, of a shape that broadcasts to (..., L, S) and query's dtype; or bools, True for what counts.
        dropout_p: the probability with which elements of the softmax become 0, the others being divided by 1 - dropout_p.
        is_causal: query i sees keys up to i alone.
        scale: 1 / sqrt(E) unless given.
        enable_gqa: keys and values have fewer heads (third dim from the end) than queries, each for as many queries.

    Returns:
        (..., L, Ev). Without dropout the scores are made a block at a time; a query that sees no key has result 0.

    Raises:
        RuntimeError: dtypes or shapes that do not fit, or attn_mask together with is_causal.

    >>> query = wengert.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> scaled_dot_product_attention(query, query, wengert.tensor([[1.0], [3.0]]), is_causal=True)
    tensor([[1.0000],
            [2.3395]])
    """
    if not query.dtype == key.dtype == value.dtype:
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{_name(query)} key.dtype: {_name(key)} and value.dtype: {_name(value)} instead."
        )
    if attn_mask is not None:
        if is_causal:
            raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
        if attn_mask.dtype not in (wengert.bool, query.dtype):
            raise RuntimeError(
                "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
                f"{_name(attn_mask)} and  query.dtype: {_name(query)} instead."
            )
    if enable_gqa:
        repeats = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(repeats, -3), value.repeat_interleave(repeats, -3)
    scale = (query.shape[-1] or 1) ** -0.5 if scale is None else scale
    if dropout_p == 0 and not (attn_mask is not None and attn_mask.requires_grad):
        return wengert._C.functions["_attention"](query, key, value, attn_mask, is_causal, scale)[0]
    from ...autograd.derivatives.attention import probabilities

    return wengert.dropout(probabilities(query, key, attn_mask, is_causal, scale), dropout_p, True) @ value


def _name(tensor):
    """float of float32, long int of int64 and so on, as PyTorch's messages have them."""
    names = {"float32": "float", "float64": "double", "int64": "long int", "int32": "int", "bool": "bool"}
    dtype = str(tensor.dtype).removeprefix("torch.")
    return names.get(dtype, dtype)
