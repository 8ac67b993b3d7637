"""Activations as layers."""

import wengert

from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class _InPlace(Module):
    """An activation that may be written over its input."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""

    def _with(self, text):
        return f"{text}, inplace=True" if self.inplace else text


class ReLU(_InPlace):
    """max(x, 0)

    >>> wengert.nn.ReLU()(wengert.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input):
        return F.relu(input, self.inplace)


class RReLU(_InPlace):
    """LeakyReLU with slopes drawn from [lower, upper) in training, else their mean.

    >>> wengert.nn.RReLU(0.25, 0.75).eval()(wengert.tensor([-1.0, 2.0]))
    tensor([-0.5000,  2.0000])
    """

    def __init__(self, lower=1.0 / 8, upper=1.0 / 3, inplace=False):
        super().__init__(inplace)
        self.lower = lower
        self.upper = upper

    def forward(self, input):
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self):
        return self._with(f"lower={self.lower}, upper={self.upper}")


class Hardtanh(_InPlace):
    """x, brought into [min_val, max_val]. AssertionError unless min_val < max_val.

    >>> wengert.nn.Hardtanh()(wengert.tensor([-1.0, 2.0]))
    tensor([-1.,  1.])
    """

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None):
        super().__init__(inplace)
        for old, new, value in (("min_value", "min_val", min_value), ("max_value", "max_val", max_value)):
            if value is not None:
                import warnings

                warnings.warn(f"keyword argument `{old}` is deprecated and rename to `{new}`", FutureWarning, stacklevel=2)
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        if self.max_val <= self.min_val:
            raise AssertionError(f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})")

    def forward(self, input):
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self):
        return self._with(f"min_val={self.min_val}, max_val={self.max_val}")


class ReLU6(Hardtanh):
    """x, brought into [0, 6].

    >>> wengert.nn.ReLU6()(wengert.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, inplace=False):
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class Threshold(_InPlace):
    """x where it is above threshold, else value.

    >>> wengert.nn.Threshold(0.5, -7.0)(wengert.tensor([-1.0, 2.0]))
    tensor([-7.,  2.])
    """

    def __init__(self, threshold, value, inplace=False):
        super().__init__(inplace)
        self.threshold = threshold
        self.value = value

    def forward(self, input):
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self):
        return self._with(f"threshold={self.threshold}, value={self.value}")


class Sigmoid(Module):
    """1 / (1 + exp(-x))

    >>> wengert.nn.Sigmoid()(wengert.tensor([-1.0, 2.0]))
    tensor([0.2689, 0.8808])
    """

    def forward(self, input):
        return input.sigmoid()


class Tanh(Module):
    """The hyperbolic tangent.

    >>> wengert.nn.Tanh()(wengert.tensor([-1.0, 2.0]))
    tensor([-0.7616,  0.9640])
    """

    def forward(self, input):
        return input.tanh()


class Hardsigmoid(_InPlace):
    """x / 6 + 1 / 2, brought into [0, 1].

    >>> wengert.nn.Hardsigmoid()(wengert.tensor([-1.0, 2.0]))
    tensor([0.3333, 0.8333])
    """

    def forward(self, input):
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self):
        return ""


class Hardswish(_InPlace):
    """x Hardsigmoid(x)

    >>> wengert.nn.Hardswish()(wengert.tensor([-1.0, 2.0]))
    tensor([-0.3333,  1.6667])
    """

    def forward(self, input):
        return F.hardswish(input, self.inplace)

    def extra_repr(self):
        return ""


class SiLU(_InPlace):
    """x sigmoid(x), also called swish.

    >>> wengert.nn.SiLU()(wengert.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """

    def forward(self, input):
        return F.silu(input, self.inplace)


class Mish(_InPlace):
    """x tanh(softplus(x))

    >>> wengert.nn.Mish()(wengert.tensor([-1.0, 2.0]))
    tensor([-0.3034,  1.9440])
    """

    def forward(self, input):
        return F.mish(input, self.inplace)


class ELU(_InPlace):
    """x where it is positive, else alpha (exp(x) - 1).

    >>> wengert.nn.ELU()(wengert.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input):
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self):
        return self._with(f"alpha={self.alpha}")


class CELU(ELU):
    """x where it is positive, else alpha (exp(x / alpha) - 1).

    >>> wengert.nn.CELU()(wengert.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def forward(self, input):
        return F.celu(input, self.alpha, self.inplace)


class SELU(_InPlace):
    """1.0507 ELU(x) with alpha = 1.6733, which keeps mean 0 and variance 1.

    >>> wengert.nn.SELU()(wengert.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """

    def forward(self, input):
        return F.selu(input, self.inplace)


class GLU(Module):
    """a sigmoid(b) for the two halves a, b of the input along dim.

    >>> wengert.nn.GLU()(wengert.tensor([1.0, 2.0, 0.0, 0.0]))
    tensor([0.5000, 1.0000])
    """

    def __init__(self, dim=-1):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return F.glu(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class GELU(Module):
    """x times the probability that a normally distributed number is below it; approximate="tanh" is a formula near to it.

    >>> wengert.nn.GELU()(wengert.tensor([-1.0, 2.0]))
    tensor([-0.1587,  1.9545])
    """

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, input):
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class Hardshrink(Module):
    """x; 0 where it is within lambd of 0.

    >>> wengert.nn.Hardshrink()(wengert.tensor([-1.0, 2.0]))
    tensor([-1.,  2.])
    """

    def __init__(self, lambd=0.5):
        super().__init__()
        self.lambd = lambd

    def forward(self, input):
        return F.hardshrink(input, self.lambd)

    def extra_repr(self):
        return f"{self.lambd}"


class Softshrink(Hardshrink):
    """x brought lambd nearer to 0; 0 where it is within lambd of it.

    >>> wengert.nn.Softshrink()(wengert.tensor([-1.0, 2.0]))
    tensor([-0.5000,  1.5000])
    """

    def forward(self, input):
        return F.softshrink(input, self.lambd)


class LeakyReLU(_InPlace):
    """x where it is positive, else negative_slope x.

    >>> wengert.nn.LeakyReLU(0.5)(wengert.tensor([-1.0, 2.0]))
    tensor([-0.5000,  2.0000])
    """

    def __init__(self, negative_slope=0.01, inplace=False):
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input):
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self):
        return self._with(f"negative_slope={self.negative_slope}")


class LogSigmoid(Module):
    """log(sigmoid(x))

    >>> wengert.nn.LogSigmoid()(wengert.tensor([-1.0, 2.0]))
    tensor([-1.3133, -0.1269])
    """

    def forward(self, input):
        return F.logsigmoid(input)


class Softplus(Module):
    """log(1 + exp(beta x)) / beta; x itself where beta x is above threshold.

    >>> wengert.nn.Softplus()(wengert.tensor([-1.0, 2.0]))
    tensor([0.3133, 2.1269])
    """

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input):
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self):
        return f"beta={self.beta}, threshold={self.threshold}"


class PReLU(Module):
    """x where it is positive, else weight x, with one trained weight, or one for each channel of (N, C, ...).

    >>> wengert.nn.PReLU()(wengert.tensor([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    def __init__(self, num_parameters=1, init=0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(wengert.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self):
        """Gives every weight the value init."""
        init.constant_(self.weight, self.init)

    def forward(self, input):
        return F.prelu(input, self.weight)

    def extra_repr(self):
        return f"num_parameters={self.num_parameters}"


class Softsign(Module):
    """x / (1 + |x|)

    >>> wengert.nn.Softsign()(wengert.tensor([-1.0, 2.0]))
    tensor([-0.5000,  0.6667])
    """

    def forward(self, input):
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x)

    >>> wengert.nn.Tanhshrink()(wengert.tensor([-1.0, 2.0]))
    tensor([-0.2384,  1.0360])
    """

    def forward(self, input):
        return F.tanhshrink(input)


class Softmin(Module):
    """softmax(-x) along dim.

    >>> wengert.nn.Softmin(dim=0)(wengert.tensor([0.0, 1.0]))
    tensor([0.7311, 0.2689])
    """

    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return F.softmin(input, self.dim, _stacklevel=5)

    def extra_repr(self):
        return f"dim={self.dim}"


class Softmax(Softmin):
    """exp(x) over its sum along dim.

    >>> wengert.nn.Softmax(dim=0)(wengert.zeros(2))
    tensor([0.5000, 0.5000])
    """

    def forward(self, input):
        return F.softmax(input, self.dim, _stacklevel=5)


class LogSoftmax(Softmin):
    """The logarithm of Softmax.

    >>> wengert.nn.LogSoftmax(dim=0)(wengert.zeros(2))
    tensor([-0.6931, -0.6931])
    """

    def forward(self, input):
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """Softmax over the channels of images (N, C, H, W) or (C, H, W). ValueError for other numbers of dimensions.

    >>> wengert.nn.Softmax2d()(wengert.zeros(1, 4, 2, 2))[0, 0]
    tensor([[0.2500, 0.2500],
            [0.2500, 0.2500]])
    """

    def forward(self, input):
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3)
