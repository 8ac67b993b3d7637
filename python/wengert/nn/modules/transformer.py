"""Transformers: Vaswani et al. (2017), "Attention is all you need"."""

import copy

import wengert

from .. import functional as F
from .. import init
from ..functional.multi_head import additive
from .activation import GELU, ReLU
from .attention import MultiheadAttention
from .container import ModuleList
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .normalization import LayerNorm

__all__ = ["Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer"]


def _causal_mask(size, device=None, dtype=None):
    """(size, size): -inf for later keys, else 0."""
    return wengert.full((size, size), float("-inf"), dtype=dtype, device=device).triu(1)


def _is_causal(mask, hint, size):
    """Whether a mask leaves out later keys and nothing else, for a sequence of that size; the hint, where there is one, is right."""
    if hint is not None or mask is None:
        return hint is True
    return mask.shape == (size, size) and bool((mask == _causal_mask(size, dtype=mask.dtype)).all())


def _length(input, batch_first):
    return input.size(1 if batch_first and input.dim() == 3 else 0)


def _copies(layer, count):
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


def _activation(activation):
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return F.relu if activation == "relu" else F.gelu


class _Layer(Module):
    """What the layers of encoder and decoder have in common: attentions, a network of two linear maps, a norm for each of them."""

    def __init__(
        self, attentions, d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias,
        device, dtype,
    ):  # fmt: skip
        super().__init__()
        place = {"device": device, "dtype": dtype}
        for name in attentions:
            setattr(self, name, MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, **place))
        self.linear1 = Linear(d_model, dim_feedforward, bias, **place)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **place)
        self.norm_first = norm_first
        for number in range(1, len(attentions) + 2):
            setattr(self, f"norm{number}", LayerNorm(d_model, layer_norm_eps, bias=bias, **place))
        for number in range(1, len(attentions) + 2):
            setattr(self, f"dropout{number}", Dropout(dropout))
        self.activation = _activation(activation)

    def _sa_block(self, x, attn_mask, key_padding_mask, is_causal=False):
        return self.dropout1(_attended(self.self_attn, x, x, attn_mask, key_padding_mask, is_causal))

    def _network(self, x):
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


def _attended(attention, x, memory, attn_mask, key_padding_mask, is_causal):
    output, _ = attention(x, memory, memory, key_padding_mask, need_weights=False, attn_mask=attn_mask, is_causal=is_causal)
    return output


class TransformerEncoderLayer(_Layer):
    """Self-attention and a network of two linear maps, each added to its input and normalised.

    Args:
        d_model: the width of input and result; nhead heads divide it.
        dim_feedforward: the width between the linear maps.
        dropout: of the attention's weights, between the linear maps, and of what is added.
        activation: "relu", "gelu" or a function.
        layer_norm_eps: of the norms. norm_first: inputs are normalised, not sums.
        batch_first: sequences are (N, S, d_model) instead of (S, N, d_model).
        bias: whether linear maps, projections and norms have one.

    Called with (S, N, d_model), or (S, d_model), src_mask, src_key_padding_mask and is_causal as MultiheadAttention is.

    >>> layer = wengert.nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)
    >>> layer(wengert.ones(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(
        self,
        d_model,
        nhead,
        dim_feedforward=2048,
        dropout=0.1,
        activation=F.relu,
        layer_norm_eps=1e-5,
        batch_first=False,
        norm_first=False,
        bias=True,
        device=None,
        dtype=None,
    ):
        super().__init__(
            ("self_attn",), d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias,
            device, dtype,
        )  # fmt: skip
        function = self.activation
        self.activation_relu_or_gelu = (
            1
            if function is F.relu or isinstance(function, ReLU)
            else 2
            if function is F.gelu or isinstance(function, GELU)
            else 0
        )

    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        padding = additive(src_key_padding_mask, "src_key_padding_mask", src.dtype, src_mask, "src_mask")
        mask = additive(src_mask, "src_mask", src.dtype)
        x = src
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), mask, padding, is_causal)
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(x + self._sa_block(x, mask, padding, is_causal))
        return self.norm2(x + self._ff_block(x))

    def _ff_block(self, x):
        return self.dropout2(self._network(x))


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to a memory, and a network of two linear maps, each added to its input and normalised.

    The arguments are TransformerEncoderLayer's. Called with tgt (T, N, d_model), memory (S, N, d_model), the masks tgt_mask (T, T),
    memory_mask (T, S), tgt_key_padding_mask (N, T) and memory_key_padding_mask (N, S), tgt_is_causal and memory_is_causal.

    >>> layer = wengert.nn.TransformerDecoderLayer(8, 2, dim_feedforward=16, batch_first=True)
    >>> layer(wengert.ones(3, 5, 8), wengert.ones(3, 7, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(
        self,
        d_model,
        nhead,
        dim_feedforward=2048,
        dropout=0.1,
        activation=F.relu,
        layer_norm_eps=1e-5,
        batch_first=False,
        norm_first=False,
        bias=True,
        device=None,
        dtype=None,
    ):
        super().__init__(
            ("self_attn", "multihead_attn"), d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias, device, dtype,
        )  # fmt: skip

    def forward(
        self,
        tgt,
        memory,
        tgt_mask=None,
        memory_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        tgt_is_causal=False,
        memory_is_causal=False,
    ):
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        other = (memory, memory_mask, memory_key_padding_mask, memory_is_causal)
        x = tgt
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), *own)
            x = x + self._mha_block(self.norm2(x), *other)
            return x + self._ff_block(self.norm3(x))
        x = self.norm1(x + self._sa_block(x, *own))
        x = self.norm2(x + self._mha_block(x, *other))
        return self.norm3(x + self._ff_block(x))

    def _mha_block(self, x, mem, attn_mask, key_padding_mask, is_causal=False):
        return self.dropout2(_attended(self.multihead_attn, x, mem, attn_mask, key_padding_mask, is_causal))

    def _ff_block(self, x):
        return self.dropout3(self._network(x))


class TransformerEncoder(Module):
    """num_layers copies of an encoder layer, one after the other, and norm, if there is one.

    All copies start with the same parameters. Called with src, mask, src_key_padding_mask and is_causal, as the layer; with
    is_causal=None a causal mask is recognised. As in PyTorch, where an evaluated encoder works on the elements that are not padding
    (enable_nested_tensor), the others are 0 before the norm: without gradients, for a batch whose padding is at the end and no mask.

    >>> layer = wengert.nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)
    >>> wengert.nn.TransformerEncoder(layer, num_layers=2)(wengert.ones(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(self, encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True):
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.use_nested_tensor = enable_nested_tensor and _skips_padding(encoder_layer)
        self.mask_check = mask_check

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
        padding = additive(src_key_padding_mask, "src_key_padding_mask", src.dtype, mask, "mask")
        mask = additive(mask, "mask", src.dtype)
        skipped = self._skipped(src, mask, padding)
        causal = _is_causal(mask, is_causal, _length(src, self.layers[0].self_attn.batch_first))
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=causal, src_key_padding_mask=padding)
        if skipped is not None:
            output = output.masked_fill(skipped.unsqueeze(-1), 0.0)
        return output if self.norm is None else self.norm(output)

    def _skipped(self, src, mask, padding):
        """The elements that PyTorch would leave out, (N, S), or None."""
        first = self.layers[0]
        if not self.use_nested_tensor or first.training or src.dim() != 3 or padding is None or mask is not None:
            return None
        if wengert.is_grad_enabled() and (src.requires_grad or any(weight.requires_grad for weight in first.parameters())):
            return None
        skipped = padding != 0
        if self.mask_check and not wengert.equal(skipped, skipped.sort(1)[0]):
            return None
        return skipped


def _skips_padding(layer):
    if not isinstance(layer, TransformerEncoderLayer) or layer.norm_first or not layer.activation_relu_or_gelu:
        return False
    attention = layer.self_attn
    whole = attention._qkv_same_embed_dim and attention.in_proj_bias is not None and attention.num_heads % 2 == 0
    return attention.batch_first and whole and layer.norm1.eps == layer.norm2.eps


class TransformerDecoder(Module):
    """num_layers copies of a decoder layer, one after the other, and norm, if there is one.

    All copies start with the same parameters. Called as the layer; with tgt_is_causal=None a causal tgt_mask is recognised.

    >>> layer = wengert.nn.TransformerDecoderLayer(8, 2, dim_feedforward=16, batch_first=True)
    >>> wengert.nn.TransformerDecoder(layer, num_layers=2)(wengert.ones(3, 5, 8), wengert.ones(3, 7, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(self, decoder_layer, num_layers, norm=None):
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt,
        memory,
        tgt_mask=None,
        memory_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        tgt_is_causal=None,
        memory_is_causal=False,
    ):
        causal = _is_causal(tgt_mask, tgt_is_causal, _length(tgt, self.layers[0].self_attn.batch_first))
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder and a decoder that attends to the encoder's result.

    Args:
        d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias: the layers'.
        num_encoder_layers, num_decoder_layers: how many.
        custom_encoder, custom_decoder: modules to take instead.

    Called with src (S, N, d_model), tgt (T, N, d_model), src_mask, tgt_mask, memory_mask, src_key_padding_mask,
    tgt_key_padding_mask, memory_key_padding_mask, src_is_causal, tgt_is_causal (None: causal masks are recognised) and
    memory_is_causal; returns (T, N, d_model). RuntimeError for batches or widths that differ.

    >>> model = wengert.nn.Transformer(8, 2, 1, 1, dim_feedforward=16)
    >>> mask = model.generate_square_subsequent_mask(2)
    >>> mask
    tensor([[0., -inf],
            [0., 0.]])
    >>> model(wengert.ones(5, 3, 8), wengert.ones(2, 3, 8), tgt_mask=mask).shape
    torch.Size([2, 3, 8])
    """

    def __init__(
        self,
        d_model=512,
        nhead=8,
        num_encoder_layers=6,
        num_decoder_layers=6,
        dim_feedforward=2048,
        dropout=0.1,
        activation=F.relu,
        custom_encoder=None,
        custom_decoder=None,
        layer_norm_eps=1e-5,
        batch_first=False,
        norm_first=False,
        bias=True,
        device=None,
        dtype=None,
    ):
        super().__init__()
        place = {"device": device, "dtype": dtype}
        options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        if custom_encoder is None:
            encoder_layer = TransformerEncoderLayer(*options, **place)
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, **place)
            custom_encoder = TransformerEncoder(encoder_layer, num_encoder_layers, norm)
        self.encoder = custom_encoder
        if custom_decoder is None:
            decoder_layer = TransformerDecoderLayer(*options, **place)
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, **place)
            custom_decoder = TransformerDecoder(decoder_layer, num_decoder_layers, norm)
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def forward(
        self,
        src,
        tgt,
        src_mask=None,
        tgt_mask=None,
        memory_mask=None,
        src_key_padding_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        src_is_causal=None,
        tgt_is_causal=None,
        memory_is_causal=False,
    ):
        batch = 0 if self.batch_first else 1
        if src.dim() == 3 and src.size(batch) != tgt.size(batch):
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz, device=None, dtype=None):
        """(sz, sz): -inf for later keys, else 0."""
        return _causal_mask(sz, device, dtype)

    def _reset_parameters(self):
        for weight in self.parameters():
            if weight.dim() > 1:
                init.xavier_uniform_(weight)
