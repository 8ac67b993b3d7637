"""Filling tensors with first values for training. All fill in place, outside of any graph, and return the tensor.

Draws take the same numbers of the generator as PyTorch's, so that the same seed gives the same weights.
"""

import math

import wengert
from wengert import no_grad

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]

_LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid")


def calculate_gain(nonlinearity, param=None):
    """The factor by which weights before a nonlinearity should be larger, so that signals keep their size.

    1 for linear layers and "sigmoid", 5/3 for "tanh", sqrt(2) for "relu", sqrt(2 / (1 + slope^2)) for "leaky_relu" of slope
    param (0.01), 3/4 for "selu". ValueError for other names.

    >>> wengert.nn.init.calculate_gain("leaky_relu", 1)
    1.0
    """
    if nonlinearity in _LINEAR:
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        if param is None:
            param = 0.01
        elif isinstance(param, bool) or not isinstance(param, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + param**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


@no_grad()
def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Numbers from the uniform distribution on [a, b).

    >>> wengert.nn.init.uniform_(wengert.empty(100), -1.0, 1.0).abs().max() <= 1
    tensor(True)
    """
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Numbers from the normal distribution of a mean and a standard deviation.

    >>> wengert.nn.init.normal_(wengert.empty(2, 3), std=0.5).shape
    torch.Size([2, 3])
    """
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Numbers from the normal distribution, those outside [a, b] drawn again until they are inside.

    Warns where the mean is further than two standard deviations outside. Where less than 0.3 of the distribution lies inside,
    uniform numbers are taken with a probability in proportion to its density.

    >>> wengert.nn.init.trunc_normal_(wengert.empty(100)).abs().max() <= 2
    tensor(True)
    """

    def below(x):
        return (1 + math.erf((x - mean) / std / math.sqrt(2))) / 2

    if mean < a - 2 * std or mean > b + 2 * std:
        import warnings

        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be incorrect.",
            stacklevel=3,
        )
    if below(b) - below(a) > 0.3:
        low, high = (wengert.tensor(bound, dtype=tensor.dtype).item() for bound in (a, b))  # as the elements are rounded
        tensor.normal_(mean, std, generator=generator)
        while (outside := (tensor < low).logical_or_(tensor > high)).any():
            again = wengert.empty_like(tensor).normal_(mean, std, generator=generator)
            tensor.copy_(wengert.where(outside, again, tensor))
        return tensor
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    pending = None
    while pending is None or pending.any():
        proposal = wengert.empty_like(tensor).uniform_(a, b, generator=generator)
        log_density = ((proposal - mean) / std).square_().mul_(-0.5).sub_(peak)
        refused = wengert.empty_like(tensor).uniform_(generator=generator).log_() > log_density
        tensor.copy_(proposal if pending is None else wengert.where(pending, proposal, tensor))
        pending = refused if pending is None else pending.logical_and_(refused)
    return tensor


@no_grad()
def constant_(tensor, val):
    """One number everywhere.

    >>> wengert.nn.init.constant_(wengert.empty(2), 0.5)
    tensor([0.5000, 0.5000])
    """
    return tensor.fill_(val)


@no_grad()
def ones_(tensor):
    """Ones.

    >>> wengert.nn.init.ones_(wengert.empty(2))
    tensor([1., 1.])
    """
    return tensor.fill_(1.0)


@no_grad()
def zeros_(tensor):
    """Zeros.

    >>> wengert.nn.init.zeros_(wengert.empty(2))
    tensor([0., 0.])
    """
    return tensor.zero_()


@no_grad()
def eye_(tensor):
    """The identity matrix. ValueError unless the tensor has two dimensions.

    >>> wengert.nn.init.eye_(wengert.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    tensor.zero_().diagonal().fill_(1)
    return tensor


@no_grad()
def dirac_(tensor, groups=1):
    """A convolution's weight that leaves as many channels of each group as it can unchanged: ones in the middle of the kernel.

    ValueError unless the tensor has 3, 4 or 5 dimensions, the first a multiple of groups.

    >>> wengert.nn.init.dirac_(wengert.empty(1, 1, 3))
    tensor([[[0., 1., 0.]]])
    """
    if tensor.dim() not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    results, channels, *kernel = tensor.shape
    if results % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    tensor.zero_()
    middle = tuple(size // 2 for size in kernel)
    tensor[(..., *middle)].view(groups, results // groups, channels).diagonal(dim1=1, dim2=2).fill_(1)
    return tensor


def _calculate_fan_in_and_fan_out(tensor):
    """How many elements of the input an element of the result sees, and the reverse."""
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    kernel = math.prod(tensor.shape[2:])
    return tensor.size(1) * kernel, tensor.size(0) * kernel


def _calculate_correct_fan(tensor, mode):
    mode = mode.lower()
    valid = ["fan_in", "fan_out"]
    if mode not in valid:
        raise ValueError(f"Mode {mode} not supported, please use one of {valid}")
    return _calculate_fan_in_and_fan_out(tensor)[valid.index(mode)]


def _xavier_std(tensor, gain):
    return gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """Uniform on [-a, a], a = gain sqrt(6 / (fan_in + fan_out)): Glorot & Bengio (2010), "Understanding the difficulty of training
    deep feedforward neural networks".

    >>> wengert.nn.init.xavier_uniform_(wengert.empty(3, 3)).abs().max() <= 1
    tensor(True)
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """Normal, of standard deviation gain sqrt(2 / (fan_in + fan_out)): Glorot & Bengio (2010).

    >>> wengert.nn.init.xavier_normal_(wengert.empty(2, 3)).shape
    torch.Size([2, 3])
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def _kaiming_std(tensor, a, mode, nonlinearity):
    """The standard deviation, or None, with a warning, for a tensor without elements."""
    if 0 in tensor.shape:
        import warnings

        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return None
    return calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Uniform on [-b, b], b = gain sqrt(3 / fan): He et al. (2015), "Delving deep into rectifiers".

    a is the slope of a leaky_relu; mode "fan_in" keeps the size of signals, "fan_out" that of gradients.

    >>> wengert.nn.init.kaiming_uniform_(wengert.empty(4, 6)).abs().max() <= 1
    tensor(True)
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    if std is None:
        return tensor
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Normal, of standard deviation gain / sqrt(fan): He et al. (2015); see kaiming_uniform_.

    >>> wengert.nn.init.kaiming_normal_(wengert.empty(2, 3), mode="fan_out", nonlinearity="relu").shape
    torch.Size([2, 3])
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if std is None else normal_(tensor, 0, std, generator)


@no_grad()
def orthogonal_(tensor, gain=1, generator=None):
    """A matrix, of the first dimension and all others together, with orthonormal rows or columns, times gain.

    Uniform among these, by the signs of R in a QR factorisation: Mezzadri (2007), "How to generate random matrices from the classical
    compact groups". ValueError for fewer than two dimensions.

    >>> weight = wengert.nn.init.orthogonal_(wengert.empty(2, 3))
    >>> wengert.allclose(weight @ weight.t(), wengert.eye(2), atol=1e-6)
    True
    """
    if tensor.dim() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.size(0)
    columns = tensor.numel() // rows
    drawn = tensor.new_empty((rows, columns)).normal_(0, 1, generator=generator)
    q, r = wengert.linalg.qr(drawn.t() if rows < columns else drawn)
    q = q * r.diagonal().sign()
    tensor.copy_((q.t() if rows < columns else q).reshape(tensor.shape))
    return tensor.mul_(gain)


@no_grad()
def sparse_(tensor, sparsity, std=0.01, generator=None):
    """Normal numbers, and zeros for the fraction sparsity of each column: Martens (2010), "Deep learning via Hessian-free
    optimization". ValueError unless the tensor has two dimensions.

    >>> (wengert.nn.init.sparse_(wengert.empty(4, 5), 0.5) == 0).sum(0)
    tensor([2, 2, 2, 2, 2])
    """
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        tensor[wengert.randperm(rows)[:zeros], column] = 0
    return tensor


def _deprecated(function):
    name = function.__name__.removesuffix("_")

    def call(*args, **kwargs):
        import warnings

        warnings.warn(
            f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"PyTorch's deprecated name of {name}_."
    return call


uniform = _deprecated(uniform_)
normal = _deprecated(normal_)
constant = _deprecated(constant_)
eye = _deprecated(eye_)
dirac = _deprecated(dirac_)
xavier_uniform = _deprecated(xavier_uniform_)
xavier_normal = _deprecated(xavier_normal_)
kaiming_uniform = _deprecated(kaiming_uniform_)
kaiming_normal = _deprecated(kaiming_normal_)
orthogonal = _deprecated(orthogonal_)
sparse = _deprecated(sparse_)
