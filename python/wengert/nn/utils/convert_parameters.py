"""Parameters as one vector, and back."""

import wengert
from wengert import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters):
    """The elements of all parameters, one after the other.

    >>> wengert.nn.utils.parameters_to_vector([wengert.ones(2, 2), wengert.zeros(1)])
    tensor([1., 1., 1., 1., 0.])
    """
    return wengert.cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec, parameters):
    """Gives the parameters the elements of vec, whose memory they share from then on. TypeError where vec is no tensor.

    >>> weight = wengert.nn.Parameter(wengert.zeros(2, 2))
    >>> wengert.nn.utils.vector_to_parameters(wengert.arange(4.0), [weight])
    >>> weight.tolist()
    [[0.0, 1.0], [2.0, 3.0]]
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    start = 0
    for parameter in parameters:
        count = parameter.numel()
        parameter.data = vec[start : start + count].view(parameter.shape).data
        start += count
