"""Calls of every differentiable operator, which the proof of the derivative table and the comparison with PyTorch run over.

A generator is registered by the name of the row and yields calls whose float tensors are float64::

    @samples("index_select")
    def _(make):
        yield call(make(3, 4), 1, make.index(5, high=4))

Elementwise operators without one are called by their signature, with elements from the row's domain. Functions made of
operators have no row; they are registered with ``@composites`` by their name, that of linalg.qr being linalg_qr.

What is differentiated is ``Call.values``: a call may make its arguments from the tensors it holds, such as symmetric ones, and
compare what does not depend on a free choice of the function, such as the signs of eigenvectors::

    yield call(make.definite(n=3)).prepared(symmetric).reduced(lambda values, vectors: (values, vectors.abs()))

Both work in either library: they use only methods and operators.
"""

import numpy

import wengert

SAMPLES = {}
COMPOSITES = {}


class Call:
    """Arguments of one call, and what is done before and after it."""

    def __init__(self, args, options):
        self.args, self.options = args, options
        self.prepare = self.reduce = None

    def prepared(self, prepare):
        """prepare(*args) gives the arguments of the function."""
        self.prepare = prepare
        return self

    def reduced(self, reduce):
        """reduce(*results) gives the values: a tensor or a tuple of them."""
        self.reduce = reduce
        return self

    def values(self, function, *args):
        """The float tensors that come of function(*args), the library's own, as a tuple."""
        results = function(*(self.prepare(*args) if self.prepare else args), **self.options)
        results = tuple(results) if isinstance(results, (tuple, list)) else (results,)
        if self.reduce:
            results = self.reduce(*results)
            results = results if isinstance(results, tuple) else (results,)
        return tuple(result for result in results if result.is_floating_point())

    def __repr__(self):
        def show(value):
            if isinstance(value, wengert.Tensor):
                return f"{value.dtype}{tuple(value.shape)}".removeprefix("torch.")
            if isinstance(value, (tuple, list)) and any(isinstance(item, wengert.Tensor) for item in value):
                return "[" + ", ".join(map(show, value)) + "]"
            return repr(value)

        return ", ".join([show(value) for value in self.args] + [f"{k}={show(v)}" for k, v in self.options.items()])


def call(*args, **options):
    return Call(args, options)


def samples(*names):
    return _register(SAMPLES, names)


def composites(*names):
    return _register(COMPOSITES, names)


def _register(table, names):
    def register(generator):
        for name in names:
            assert name not in table, name
            table[name] = generator
        return generator

    return register


def function_of(library, name):
    """The function of a row or composite: linalg_qr is linalg.qr, nn_mse_loss nn.functional.mse_loss."""
    if name.startswith("nn_"):
        return getattr(library.nn.functional, name.removeprefix("nn_"))
    for place in ("linalg", "special"):
        if name.startswith(f"{place}_"):
            return getattr(getattr(library, place), name.removeprefix(f"{place}_"))
    public = name.partition(".")[0]
    if library is wengert and public in wengert._C.network_functions:
        return wengert._C.functions[public]
    return getattr(library, public) if hasattr(library, public) else getattr(library.nn.functional, public)


class Make:
    """Makes the tensors of a call from a seed; float tensors have float64 and are leaves that require a gradient."""

    def __init__(self, seed=0):
        self.random = numpy.random.default_rng(seed)

    def __call__(self, *shape, low=-2.0, high=2.0, grad=True):
        return self.leaf(self.random.uniform(low, high, shape), grad)

    def distinct(self, *shape, gap=0.1, grad=True):
        """No two elements nearer than gap, in random order: for sorts and maxima, whose derivative jumps at ties."""
        count = int(numpy.prod(shape))
        values = (numpy.arange(count) - count / 2 + 0.25) * gap
        return self.leaf(self.random.permutation(values).reshape(shape), grad)

    def away(self, *shape, low=0.2, high=2.0, grad=True):
        """Elements of either sign at least low from zero: for abs, sign and divisors."""
        values = self.random.uniform(low, high, shape) * self.random.choice([-1.0, 1.0], shape)
        return self.leaf(values, grad)

    def index(self, *shape, high):
        return wengert.tensor(self.random.integers(0, high, shape))

    def permutation(self, count):
        return wengert.tensor(self.random.permutation(count))

    def mask(self, *shape):
        return wengert.tensor(self.random.integers(0, 2, shape).astype(bool))

    def definite(self, *batch, n, grad=True):
        """Symmetric positive definite matrices with eigenvalues of about 1 to n + 1."""
        a = self.random.uniform(-1, 1, (*batch, n, n))
        return self.leaf(a @ a.swapaxes(-1, -2) + numpy.eye(n), grad)

    def regular(self, *batch, n, grad=True):
        """Well conditioned square matrices."""
        return self.leaf(self.random.uniform(-1, 1, (*batch, n, n)) + 2 * numpy.eye(n), grad)

    def leaf(self, values, grad):
        values = wengert.tensor(numpy.asarray(values, dtype=numpy.float64))
        return values.requires_grad_() if grad else values


from . import (  # noqa: E402, F401
    activations,
    attention,
    elementwise,
    indexing,
    linalg,
    losses,
    matrix,
    movement,
    networks,
    normalization,
    pointwise_losses,
    recurrent,
    reductions,
    sorting,
    special,
    views,
    windows,
)
