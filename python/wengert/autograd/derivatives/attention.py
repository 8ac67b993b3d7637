"""Rows of attention: O = P V, P = softmax(S), S = scale Q Kᵀ + mask.

With dP = g Vᵀ, dS = P (dP - sum(P dP)) and sum(P dP) = sum(g O): Vᵀ gets Pᵀ g, Q scale dS K, K scale dSᵀ Q.
"""

import wengert
from wengert import _C

from . import rule

attention_gradient = _C.functions["_attention_gradient"]


def probabilities(query, key, attn_mask, is_causal, scale):
    """P, with zeros in rows that see nothing"""
    scores = query @ key.mT * scale
    if attn_mask is not None:
        allowed = attn_mask.dtype == wengert.bool
        scores = scores.masked_fill(attn_mask.logical_not(), -wengert.inf) if allowed else scores + attn_mask
    if is_causal:
        later = wengert.ones(scores.shape[-2:], dtype=wengert.bool).triu(1)
        scores = scores.masked_fill(later, -wengert.inf)
    return scores.softmax(-1).masked_fill((scores == -wengert.inf).all(-1, keepdim=True), 0)


def attention(grad, query, key, value, attn_mask, is_causal, scale, output, log_sum):
    """scale dS K, scale dSᵀ Q and Pᵀ g"""
    if not wengert.is_grad_enabled():
        return attention_gradient(query, key, value, attn_mask, is_causal, scale, grad, output, log_sum)
    p = probabilities(query, key, attn_mask, is_causal, scale)
    to_p = grad @ value.mT
    to_scores = p * (to_p - (p * to_p).sum(-1, keepdim=True)) * scale
    return to_scores @ key, to_scores.mT @ query, p.mT @ grad


rule(
    "_attention",
    of=("query", "key", "value"),
    joint=attention,
    node="ScaledDotProductFlashAttentionForCpuBackward0",
)
