"""Activations: functions of one element, and the softmax family."""

import wengert
from wengert import is_grad_enabled

from ... import _C

gelu = _C.functions["gelu"]
hardshrink = _C.functions["hardshrink"]
logsigmoid = _C.functions["logsigmoid"]
softplus = _C.functions["softplus"]
softshrink = _C.functions["softshrink"]
_elu, _selu, _silu, _mish = (_C.functions[name] for name in ("elu", "selu", "silu", "mish"))
_hardsigmoid, _hardswish, _hardtanh = (_C.functions[name] for name in ("hardsigmoid", "hardswish", "hardtanh"))
_leaky_relu, _relu, _threshold = (_C.functions[name] for name in ("leaky_relu", "relu", "threshold"))
_softmax, _log_softmax = _C.functions["softmax"], _C.functions["log_softmax"]


def _written(input, function, *args):
    """function(input, *args), written over input. What the graph keeps of the input is what it held before."""
    source = input.clone() if input.requires_grad and is_grad_enabled() else input
    return input.copy_(function(source, *args))


def relu(input, inplace=False):
    """max(input, 0), element by element.

    >>> wengert.nn.functional.relu(wengert.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return input.relu_() if inplace else _relu(input)


def relu_(input):
    """relu, in place."""
    return input.relu_()


def relu6(input, inplace=False):
    """input, brought into [0, 6].

    >>> wengert.nn.functional.relu6(wengert.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


def threshold(input, threshold, value, inplace=False):
    """input where it is above threshold, else value.

    >>> wengert.nn.functional.threshold(wengert.tensor([0.5, 1.5]), 1.0, -1.0)
    tensor([-1.0000,  1.5000])
    """
    return _written(input, _threshold, threshold, value) if inplace else _threshold(input, threshold, value)


def threshold_(input, threshold, value):
    """threshold, in place."""
    return _written(input, _threshold, threshold, value)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """input, brought into [min_val, max_val]. ValueError where min_val is above max_val.

    >>> wengert.nn.functional.hardtanh(wengert.tensor([-3.0, 0.5, 3.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _written(input, _hardtanh, min_val, max_val) if inplace else _hardtanh(input, min_val, max_val)


def hardtanh_(input, min_val=-1.0, max_val=1.0):
    """hardtanh, in place."""
    return hardtanh(input, min_val, max_val, True)


def hardsigmoid(input, inplace=False):
    """input / 6 + 1 / 2, brought into [0, 1].

    >>> wengert.nn.functional.hardsigmoid(wengert.tensor([-1.0, 2.0]))
    tensor([0.3333, 0.8333])
    """
    return _written(input, _hardsigmoid) if inplace else _hardsigmoid(input)


def hardswish(input, inplace=False):
    """input * hardsigmoid(input), element by element: Howard et al. (2019), "Searching for MobileNetV3".

    >>> wengert.nn.functional.hardswish(wengert.tensor([-1.0, 2.0]))
    tensor([-0.3333,  1.6667])
    """
    return _written(input, _hardswish) if inplace else _hardswish(input)


def elu(input, alpha=1.0, inplace=False):
    """input where it is positive, else alpha (exp(input) - 1): Clevert et al. (2016).

    >>> wengert.nn.functional.elu(wengert.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return _written(input, _elu, alpha) if inplace else _elu(input, alpha)


def elu_(input, alpha=1.0):
    """elu, in place."""
    return _written(input, _elu, alpha)


def selu(input, inplace=False):
    """1.0507 elu(input, 1.6733), which keeps mean 0 and variance 1: Klambauer et al. (2017).

    >>> wengert.nn.functional.selu(wengert.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return _written(input, _selu) if inplace else _selu(input)


def selu_(input):
    """selu, in place."""
    return _written(input, _selu)


def celu(input, alpha=1.0, inplace=False):
    """input where it is positive, else alpha (exp(input / alpha) - 1): Barron (2017).

    >>> wengert.nn.functional.celu(wengert.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return _written(input, wengert.celu, alpha) if inplace else wengert.celu(input, alpha)


def celu_(input, alpha=1.0):
    """celu, in place."""
    return celu(input, alpha, True)


def silu(input, inplace=False):
    """input * sigmoid(input), element by element: Elfwing et al. (2017).

    >>> wengert.nn.functional.silu(wengert.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """
    return _written(input, _silu) if inplace else _silu(input)


def mish(input, inplace=False):
    """input * tanh(softplus(input)), element by element: Misra (2019).

    >>> wengert.nn.functional.mish(wengert.tensor([-1.0, 2.0]))
    tensor([-0.3034,  1.9440])
    """
    return _written(input, _mish) if inplace else _mish(input)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """input where it is positive, else negative_slope * input.

    >>> wengert.nn.functional.leaky_relu(wengert.tensor([-1.0, 2.0]), 0.5)
    tensor([-0.5000,  2.0000])
    """
    return _written(input, _leaky_relu, negative_slope) if inplace else _leaky_relu(input, negative_slope)


def leaky_relu_(input, negative_slope=0.01):
    """leaky_relu, in place."""
    return _written(input, _leaky_relu, negative_slope)


def prelu(input, weight):
    """leaky_relu with a slope that is trained: weight has one element, or one for each channel, (N, C, ...).

    RuntimeError for a weight of another number of elements or dtype.

    >>> wengert.nn.functional.prelu(wengert.tensor([[-1.0, -2.0]]), wengert.tensor([0.5, 0.25]))
    tensor([[-0.5000, -0.5000]])
    """
    return wengert.prelu(input, weight)


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    """leaky_relu with slopes drawn from [lower, upper), one for each element that is not positive; else their mean: Xu et al. (2015).

    >>> wengert.nn.functional.rrelu(wengert.tensor([-1.0, 2.0]))
    tensor([-0.2292,  2.0000])
    """
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    if not lower <= upper:
        raise RuntimeError(f"Lower bound should be less than or equal to the upper bound, got lower={lower} and upper={upper}")
    negative = input.detach() <= 0
    slopes = wengert.ones(input.shape, dtype=input.dtype)
    drawn = wengert.empty(int(negative.sum()), dtype=wengert.float64).uniform_(lower, upper)
    slopes.masked_scatter_(negative, drawn.to(input.dtype))
    return input.mul_(slopes) if inplace else input * slopes


def rrelu_(input, lower=1.0 / 8, upper=1.0 / 3, training=False):
    """rrelu, in place."""
    return rrelu(input, lower, upper, training, True)


def glu(input, dim=-1):
    """a * sigmoid(b) for the two halves a, b of input along dim, which needs an even size: Dauphin et al. (2017).

    >>> wengert.nn.functional.glu(wengert.tensor([1.0, 2.0, 0.0, 0.0]))
    tensor([0.5000, 1.0000])
    """
    if input.dim() == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    if input.size(dim) % 2 != 0:
        dim = dim % input.dim()
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {input.size(dim)}")
    a, b = input.chunk(2, dim)
    return a * b.sigmoid()


def sigmoid(input):
    """1 / (1 + exp(-input)), element by element.

    >>> wengert.nn.functional.sigmoid(wengert.tensor([-1.0, 2.0]))
    tensor([0.2689, 0.8808])
    """
    return input.sigmoid()


def tanh(input):
    """The hyperbolic tangent, element by element.

    >>> wengert.nn.functional.tanh(wengert.tensor([-1.0, 2.0]))
    tensor([-0.7616,  0.9640])
    """
    return input.tanh()


def softsign(input):
    """input / (1 + |input|), element by element.

    >>> wengert.nn.functional.softsign(wengert.tensor([-1.0, 2.0]))
    tensor([-0.5000,  0.6667])
    """
    return input / (input.abs() + 1)


def tanhshrink(input):
    """input - tanh(input), element by element.

    >>> wengert.nn.functional.tanhshrink(wengert.tensor([-1.0, 2.0]))
    tensor([-0.2384,  1.0360])
    """
    return input - input.tanh()


# ---- the softmax family


def _implicit_dim(name, ndim, stacklevel):
    import warnings

    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """exp(input) over its sum along dim. Leaving dim out is deprecated. dtype is that to compute in and of the result.

    >>> wengert.nn.functional.softmax(wengert.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    if dim is None:
        dim = _implicit_dim("softmax", input.dim(), _stacklevel)
    return _softmax(input, dim, dtype)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """softmax(-input).

    >>> wengert.nn.functional.softmin(wengert.tensor([0.0, 1.0]), dim=0)
    tensor([0.7311, 0.2689])
    """
    if dim is None:
        dim = _implicit_dim("softmin", input.dim(), _stacklevel)
    return _softmax(-input, dim, dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """The logarithm of softmax, without its loss of digits.

    >>> wengert.nn.functional.log_softmax(wengert.tensor([0.0, 0.0]), dim=0)
    tensor([-0.6931, -0.6931])
    """
    if dim is None:
        dim = _implicit_dim("log_softmax", input.dim(), _stacklevel)
    return _log_softmax(input, dim, dtype)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """A sample of the Gumbel-Softmax distribution along dim, at temperature tau: Jang et al. (2017).

    With hard the result is one-hot, with the gradient of the soft sample. eps is deprecated and has no effect.

    >>> wengert.nn.functional.gumbel_softmax(wengert.zeros(3), hard=True).sum()
    tensor(1.)
    """
    if eps != 1e-10:
        import warnings

        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    gumbel = wengert.empty_like(logits).exponential_().log_().neg_()
    soft = _softmax((logits + gumbel) / tau, dim)
    if not hard:
        return soft
    place = soft.detach().argmax(dim, keepdim=True)
    return wengert.zeros_like(logits).scatter_(dim, place, 1.0) - soft.detach() + soft
