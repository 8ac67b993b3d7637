"""The proof of the derivative table: every row against central differences, to second order, in both modes.

For a call f with float64 arguments x, fixed random weights w and L(x) = <w, f(x)>:

first order    <grad L, u> against (L(x + hu) - L(x - hu)) / 2h for random directions u
second order   G(x) = <grad L(x), u>: <grad G, v> against the difference quotient of G along v
forward mode   <w, tangent of f along u> against <grad L, u>

Directions touch all elements at once, so that a wrong element shows in every one of them. Errors are relative to the sizes of what
is compared.
"""

import itertools

import numpy

import derivative_samples
import wengert
import wengert.autograd.forward_ad as forward_ad
from derivative_samples import COMPOSITES, SAMPLES, Call, Make
from wengert.autograd.derivatives import TABLE

OPS = {entry["name"]: entry for entry in wengert._C.op_table()}
STEP = 1e-5  # of the central difference; its error is about STEP^2 of the third derivative plus 1e-16 / STEP
FIRST, SECOND, FORWARD = 2e-6, 2e-5, 1e-9  # what a proof allows

# Rows whose result is random or that only have in-place forms: what their gradients are is tested by name.
BY_NAME = {
    "uniform_", "normal_", "log_normal_", "exponential_", "geometric_", "cauchy_", "random_", "random_.to", "random_.from",
    "bernoulli", "bernoulli.number", "bernoulli.tensor", "bernoulli_", "bernoulli_.number", "poisson",
    "normal", "normal.mean", "normal.std", "float",
}  # fmt: skip


def differentiable_rows():
    return [name for name, row in TABLE.items() if row.differentiable and name not in BY_NAME]


def calls(name):
    """The calls that prove a row or a composite."""
    make = Make()
    if name in SAMPLES:
        return list(SAMPLES[name](make))
    if name in COMPOSITES:
        return list(COMPOSITES[name](make))
    if name not in OPS or OPS[name]["family"] != "elementwise":
        raise AssertionError(f"the row {name!r} has no calls: add some to tests/derivative_samples")
    return list(_by_signature(make, TABLE[name], OPS[name]))


def _by_signature(make, row, entry):
    names = [arg["name"] for arg in entry["args"] if arg["kind"] in ("Tensor", "Operand") and arg["default"] is None]

    def tensor(name, *shape):
        domain = row.domain.get(name, (-2, 2)) if isinstance(row.domain, dict) else row.domain or (-2, 2)
        low, high = domain
        margin = 0.02 * (high - low)
        return make(*shape, low=low + margin, high=high - margin)

    for shapes in [[(3, 4)] * 3, [(3, 1), (1, 4), (4,)], [(), (), ()], [(0, 2)] * 3]:
        yield Call(tuple(tensor(name, *shape) for name, shape in zip(names, shapes, strict=False)), {})
    yield Call(tuple(tensor(name, 4, 3).detach().t().requires_grad_() for name in names), {})


def function(name):
    if name == "getitem":
        return lambda input, key: input[key]
    if name in ("T", "H", "mT", "mH"):
        return lambda input: getattr(input, name)
    if name == "setitem":

        def assign(input, key, value):
            result = input.clone()
            result[key] = value
            return result

        return assign
    public = OPS[name]["public_name"] if name in OPS else name
    if name in OPS and "inplace_only" in OPS[name]["forms"]:
        return lambda input, *rest, **options: getattr(input.clone(), public)(*rest, **options)
    if name in OPS and not {"function", "network"} & set(OPS[name]["forms"]):
        return getattr(wengert.Tensor, public)
    return derivative_samples.function_of(wengert, name)


class Problem:
    """One call as a function of its float tensors."""

    def __init__(self, name, call, seed=1):
        self.function, self.call, self.name = function(name), call, name
        self.random = numpy.random.default_rng(seed)
        self.args = call.args
        self.variables = [t for t in _flat(call.args) if isinstance(t, wengert.Tensor) and t.requires_grad]
        results = call.values(self.function, *call.args)
        self.differentiable = [r.requires_grad for r in results]
        results = [r.detach() for r in results if r.requires_grad]
        self.weights = [self.draw(r) for r in results]

    def draw(self, like):
        values = wengert.tensor(
            self.random.uniform(0.5, 1.5, tuple(like.shape)) * self.random.choice([-1.0, 1.0], tuple(like.shape))
        )
        return values.to(like.dtype)

    def values(self, variables):
        replaced = iter(variables)

        def swap(value):
            if isinstance(value, wengert.Tensor):
                return next(replaced) if value.requires_grad else value
            if isinstance(value, (tuple, list)):
                return type(value)(map(swap, value))
            return value

        results = self.call.values(self.function, *map(swap, self.args))
        return [r for r, differentiable in zip(results, self.differentiable, strict=True) if differentiable]

    def loss(self, variables):
        total = 0.0
        for weight, value in zip(self.weights, self.values(variables), strict=True):
            total = total + (weight * value).sum()
        return total

    def leaves(self):
        return [_same_layout(v).requires_grad_() for v in self.variables]

    def gradient(self, create_graph=False):
        leaves = self.leaves()
        loss = self.loss(leaves)
        grads = wengert.autograd.grad(loss, leaves, create_graph=create_graph, allow_unused=True)
        return leaves, [leaf.new_zeros(leaf.shape) if grad is None else grad for leaf, grad in zip(leaves, grads, strict=True)]

    def moved(self, direction, step):
        return [_same_layout(v).add_(u, alpha=step) for v, u in zip(self.variables, direction, strict=True)]

    # The three comparisons: relative errors -----------------------------------------------------------------------------

    def first(self):
        direction = [self.draw(v) for v in self.variables]
        _, grads = self.gradient()
        exact = _dot(grads, direction)
        with wengert.no_grad():
            up, down = (float(self.loss(self.moved(direction, sign * STEP))) for sign in (1, -1))
        return _error(exact, (up - down) / (2 * STEP), _size(grads, direction))

    def second(self):
        u, v = ([self.draw(x) for x in self.variables] for _ in range(2))

        def inner(variables, create_graph):
            leaves = [x.requires_grad_() for x in variables]
            loss = self.loss(leaves)
            grads = wengert.autograd.grad(loss, leaves, create_graph=create_graph, allow_unused=True)
            pairs = [(g, d) for g, d in zip(grads, u, strict=True) if g is not None]
            return leaves, sum(((g * d).sum() for g, d in pairs), wengert.zeros((), dtype=wengert.float64))

        leaves, value = inner(self.leaves(), True)
        grads = wengert.autograd.grad(value, leaves, allow_unused=True) if value.requires_grad else [None] * len(leaves)
        grads = [x.new_zeros(x.shape) if grad is None else grad for x, grad in zip(leaves, grads, strict=True)]
        up, down = (float(inner(self.moved(v, sign * STEP), False)[1]) for sign in (1, -1))
        return _error(_dot(grads, v), (up - down) / (2 * STEP), _size(grads, v) + abs(float(value)))

    def forward(self):
        direction = [self.draw(v) for v in self.variables]
        _, grads = self.gradient()
        with forward_ad.dual_level():
            duals = [forward_ad.make_dual(v.detach(), u) for v, u in zip(self.leaves(), direction, strict=True)]
            with wengert.no_grad():
                tangents = [forward_ad.unpack_dual(value).tangent for value in self.values(duals)]
        tangent = _dot(
            [t for t in tangents if t is not None], [w for w, t in zip(self.weights, tangents, strict=True) if t is not None]
        )
        return _error(_dot(grads, direction), tangent, _size(grads, direction))


def _flat(values):
    return itertools.chain.from_iterable(_flat(v) if isinstance(v, (tuple, list)) else (v,) for v in values)


def _same_layout(tensor):
    """A copy with the strides of the tensor, at the same place of a larger memory."""
    strides, offset = tensor.stride(), tensor.storage_offset()
    if min(strides, default=0) < 0 or _overlaps(tensor):
        return tensor.detach().clone()
    reach = sum(stride * (size - 1) for stride, size in zip(strides, tensor.shape, strict=True) if size)
    memory = wengert.zeros(offset + reach + 16, dtype=tensor.dtype)
    return memory.as_strided(tuple(tensor.shape), strides, offset).detach().copy_(tensor.detach())


def _overlaps(tensor):
    """Whether elements share places."""
    from wengert.autograd.derivatives._strided import may_overlap

    return may_overlap(tuple(tensor.shape), tensor.stride())


def _dot(a, b):
    return sum(float((x * y).sum()) for x, y in zip(a, b, strict=True))


def _size(a, b):
    return sum(float((x * y).abs().sum()) for x, y in zip(a, b, strict=True))


def _error(exact, approximate, size):
    if exact == approximate or (exact != exact and approximate != approximate):  # NaN: of an empty mean
        return 0.0
    return abs(exact - approximate) / max(1.0, size)


def prove(name):
    """Worst errors (first, second, forward) over the calls of a row; AssertionError names the call that fails."""
    worst = {"first": 0.0, "second": 0.0, "forward": 0.0}
    allowed = {"first": FIRST, "second": SECOND, "forward": FORWARD}
    count = 0
    for call in calls(name):
        count += 1
        problem = Problem(name, call)
        assert problem.variables, f"{name}({call}): no argument requires a gradient"
        # Elements that share places have by as_strided no derivative that differences could find, only a convention.
        shared = name.startswith("as_strided") and any(map(_overlaps, problem.variables))
        if shared or not any(v.numel() for v in problem.variables):
            problem.gradient()  # only has to run
            continue
        for order, limit in allowed.items():
            error = getattr(problem, order)()
            assert error <= limit, f"{name}({call}): {order}: error {error:.2e} > {limit:.0e}"
            worst[order] = max(worst[order], error)
    assert count, f"{name}: no calls"
    return worst


def main():
    """Proves the whole table and prints a summary; with --write, the worst errors of every row go to tools/derivatives.json."""
    import json
    import pathlib
    import sys

    errors = {name: prove(name) for name in [*differentiable_rows(), *COMPOSITES]}
    print(
        f"{len(TABLE)} rows: {len(differentiable_rows())} proven by {sum(len(calls(n)) for n in differentiable_rows())} calls, ",
        end="",
    )
    print(
        f"{len(BY_NAME)} tested by name, {sum(not row.differentiable for row in TABLE.values())} say None; {len(COMPOSITES)} composites"
    )
    for order in ("first", "second", "forward"):
        name = max(errors, key=lambda n: errors[n][order])
        print(f"worst error, {order}: {errors[name][order]:.1e} ({name})")
    if "--write" in sys.argv:
        text = json.dumps({name: {k: float(f"{v:.1e}") for k, v in e.items()} for name, e in sorted(errors.items())}, indent=1)
        pathlib.Path(__file__).parents[1].joinpath("tools", "derivatives.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
