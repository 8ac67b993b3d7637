"""Tools for networks: clipping gradients, parameters as a vector, normalised weights, sequences of different lengths."""

from . import rnn
from .clip_grad import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)
from .convert_parameters import parameters_to_vector, vector_to_parameters
from .init import skip_init
from .spectral_norm import remove_spectral_norm, spectral_norm
from .weight_norm import remove_weight_norm, weight_norm

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "remove_spectral_norm",
    "remove_weight_norm",
    "rnn",
    "skip_init",
    "spectral_norm",
    "vector_to_parameters",
    "weight_norm",
]


def __getattr__(name):
    if name in ("parametrizations", "parametrize"):
        raise AttributeError(
            f"wengert.nn.utils does not cover {name!r}; weight_norm and spectral_norm are here under their own names", name=name
        )
    raise AttributeError(f"wengert.nn.utils does not cover {name!r}", name=name)
