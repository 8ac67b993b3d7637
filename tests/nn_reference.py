"""What the tests of layers share: arrays of a seed, and the comparison with NumPy's results."""

import numpy as np

import wengert as torch


def random(*shape, seed=0, low=-2.0, high=2.0):
    return np.random.default_rng((seed, *shape)).uniform(low, high, shape)


def tensor(array, grad=False):
    return torch.tensor(array).requires_grad_(grad)


def array(parameter):
    return parameter.detach().numpy()


def close(result, expected, tolerance=1e-12):
    expected = np.asarray(expected)
    assert tuple(result.shape) == expected.shape
    np.testing.assert_allclose(result.detach().numpy(), expected, rtol=tolerance, atol=tolerance)


def fill(module, seed=0):
    """Gives a module float64 parameters of a seed, and returns it."""
    module.double()
    for place, parameter in enumerate(module.parameters()):
        parameter.data.copy_(tensor(random(*parameter.shape, seed=seed + place + 1)))
    return module


def sigmoid(x):
    return 1 / (1 + np.exp(-x))
