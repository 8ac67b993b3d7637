"""Attention of several heads."""

import wengert

from .. import init
from ..functional.multi_head import attend
from ..parameter import Parameter
from .linear import Linear
from .module import Module

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """Linear, by the name that PyTorch gives the projection of the heads."""


class MultiheadAttention(Module):
    """Attention of several heads: each softmaxes the products of its projected queries and keys, and averages its projected values.

    The heads, side by side, are projected once more: Vaswani et al. (2017), "Attention is all you need".

    Args:
        embed_dim: the width of queries and results; num_heads divides it.
        dropout: the probability with which weights become 0 in training.
        bias: whether projections have one.
        add_bias_kv: whether there is a learned key and value that every query sees besides.
        add_zero_attn: whether there is one of zeros.
        kdim, vdim: the widths of keys and values, embed_dim unless given.
        batch_first: sequences are (N, length, width) instead of (length, N, width).

    Called with query (L, N, embed_dim), key (S, N, kdim) and value (S, N, vdim), or all without N, and

    * key_padding_mask (N, S), or (S,): True for keys to leave out, or floats that are added to their scores;
    * attn_mask (L, S) or (N num_heads, L, S): likewise for pairs of queries and keys;
    * is_causal: attn_mask is known to leave out the keys after the query's place;
    * need_weights: without them scores are made a block at a time.

    Returns (L, N, embed_dim) and the weights, or None: (N, L, S), or with average_attn_weights=False (N, num_heads, L, S).
    AssertionError or RuntimeError for shapes that do not fit, ValueError for sizes that are not positive.

    >>> attention = wengert.nn.MultiheadAttention(4, 2, batch_first=True)
    >>> x = wengert.ones(1, 3, 4)
    >>> output, weights = attention(x, x, x)
    >>> output.shape, weights
    (torch.Size([1, 3, 4]), tensor([[[0.3333, 0.3333, 0.3333],
             [0.3333, 0.3333, 0.3333],
             [0.3333, 0.3333, 0.3333]]], grad_fn=<MeanBackward1>))
    """

    def __init__(
        self,
        embed_dim,
        num_heads,
        dropout=0.0,
        bias=True,
        add_bias_kv=False,
        add_zero_attn=False,
        kdim=None,
        vdim=None,
        batch_first=False,
        device=None,
        dtype=None,
    ):
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")

        def parameter(used, *shape):
            return Parameter(wengert.empty(shape, device=device, dtype=dtype)) if used else None

        same = self._qkv_same_embed_dim
        parameters = {"in_proj_weight": parameter(same, 3 * embed_dim, embed_dim)}
        for name, width in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim)):
            parameters[f"{name}_proj_weight"] = parameter(not same, embed_dim, width)
        # What is there is registered first, in PyTorch's order.
        for name in sorted(parameters, key=lambda name: parameters[name] is None):
            self.register_parameter(name, parameters[name])
        self.register_parameter("in_proj_bias", parameter(bias, 3 * embed_dim))
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self.bias_k = parameter(add_bias_kv, 1, 1, embed_dim)
        self.bias_v = parameter(add_bias_kv, 1, 1, embed_dim)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self):
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query,
        key,
        value,
        key_padding_mask=None,
        need_weights=True,
        attn_mask=None,
        average_attn_weights=True,
        is_causal=False,
    ):
        weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        return attend(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight if self._qkv_same_embed_dim else weights,
            self.in_proj_bias,
            (self.bias_k, self.bias_v),
            self.add_zero_attn,
            self.dropout if self.training else 0.0,
            self.out_proj.weight,
            self.out_proj.bias,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            average=average_attn_weights,
            is_causal=is_causal,
            batch_first=self.batch_first,
        )
