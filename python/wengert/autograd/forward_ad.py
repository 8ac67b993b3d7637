"""Forward mode: tensors carry a tangent, and every operation passes it on, by the same rows that give the gradients.

``tangent`` of a row says how (see ``wengert.autograd.derivatives``). A row that says nothing gets its tangent from its formulas:
they are linear in ``grad``, and differentiating them with respect to it transposes them (Christianson, "Automatic Hessians by
reverse accumulation", 1992).
"""

from collections import namedtuple

from .. import _C
from .engine import grad as gradient
from .modes import enable_grad

UnpackedDualTensor = namedtuple("UnpackedDualTensor", "primal tangent")

_levels: "list[list]" = []  # for each level that was entered, weak references to the tensors that got a tangent in it


def enter_dual_level():
    """Enters forward mode and returns the level, 0. RuntimeError inside another level: nesting is not covered."""
    if _levels:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _levels.append([])
    return 0


def exit_dual_level(*, level=None):
    """Leaves the level: all tangents made in it are gone."""
    if not _levels:
        raise RuntimeError("Trying to exit a forward AD level but no level exists, make sure to enter_dual_level() first.")
    if level not in (None, 0):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    for reference in _levels.pop():
        tensor = reference()
        if tensor is not None:
            tensor._tangent = None


class dual_level:
    """Forward mode for the length of a with statement.

    >>> import wengert.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     x = fwAD.make_dual(wengert.tensor([2.0]), wengert.tensor([1.0]))
    ...     fwAD.unpack_dual(x**3).tangent
    tensor([12.])
    """

    def __enter__(self):
        return enter_dual_level()

    def __exit__(self, *error):
        exit_dual_level()


def make_dual(tensor, tangent, *, level=None):
    """The same elements, in the same memory, with a tangent of their shape and dtype. RuntimeError outside a level, and for a
    tensor that carries a tangent already.

    See dual_level for an example.
    """
    if not _levels:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    if not tensor.is_floating_point():
        raise ValueError(f"Expected primal to be floating point or complex, but got: {tensor.dtype}")
    if not tangent.is_floating_point():
        raise ValueError(f"Expected tangent to be floating point or complex, but got: {tangent.dtype}")
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not supported. "
            f"Tensor is of size {list(tensor.shape)} while the given forward gradient is of size {list(tangent.shape)}."
        )
    if tensor.dtype != tangent.dtype:
        raise RuntimeError(f"Expected tensor and tangent to have the same dtype, got {tensor.dtype} and {tangent.dtype}")
    if tensor._tangent is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not supported."
        )
    dual = tensor.view_as(tensor) if tensor.requires_grad else tensor.detach()
    carry(dual, tangent)
    return dual


def unpack_dual(tensor, *, level=None):
    """(primal, tangent) of a tensor; the tangent is None where it carries none."""
    if not _levels:
        return UnpackedDualTensor(tensor, None)
    return UnpackedDualTensor(_C._primal(tensor), tensor._tangent)


def carry(tensor, tangent):
    """Gives the tensor its tangent, until the level is left."""
    import weakref

    tensor._tangent = tangent
    _levels[-1].append(weakref.ref(tensor))


# Views ---------------------------------------------------------------------------------------------------------------------


def _layout(tensor):
    return tuple(tensor.shape), tensor.stride(), tensor.storage_offset()


def _laid_out(tangent, base, view):
    """A copy of base's tangent as base lies in memory, and the part of it that lies as the view of base does."""
    from .derivatives._strided import extent
    from .derivatives._strided import view as view_of

    low, count = extent(_layout(base), _layout(view))
    memory = tangent.new_zeros(count)
    whole = view_of(memory, _layout(base), low).copy_(tangent)
    return whole, view_of(memory, _layout(view), low)


def part(tangent, base, view):
    """Called for a view of base that was made, or written to through another view, before base got this tangent."""
    carry(view, _laid_out(tangent, base, view)[1])
    return view._tangent


def _carry_written(view, tangent, base_tangent):
    """As carry, for a tensor that was written to: of a view, its base carries the tangent too."""
    base = view._base
    if base is not None:
        if base_tangent is None:
            base_tangent = base.new_zeros(base.shape)
        whole, place = _laid_out(base_tangent, base, view)
        place.copy_(tangent)
        carry(base, whole)
    carry(view, tangent)


# What a call's tangent is made from ---------------------------------------------------------------------------------------


def _map(function, value):
    """function of a tensor, or of each in a sequence; anything else as it is."""
    if isinstance(value, (tuple, list)):
        return type(value)(_map(function, item) for item in value)
    return function(value) if isinstance(value, _C.TensorBase) else value


def _tangent_of(tensor):
    return tensor._tangent if isinstance(tensor, _C.TensorBase) else None


def _any_tangent(value):
    if isinstance(value, (tuple, list)):
        return any(_tangent_of(item) is not None for item in value)
    return _tangent_of(value) is not None


def _tangent_or_zeros(tensor):
    tangent = tensor._tangent
    if tangent is None:
        return tensor.new_zeros(tensor.shape) if tensor.is_floating_point() else tensor
    return tangent


class _Application:
    """One call of an operator: its row, its arguments (primals and tangents) and its results."""

    def __init__(self, row, op, names, arguments, results):
        self.row, self.op, self.names = row, op, names
        self.given = dict(zip(names, arguments, strict=True))
        self.primals = {name: _map(_C._primal, value) for name, value in self.given.items()}
        self.results = results if isinstance(results, tuple) else (results,)
        self.fields = getattr(type(results), "_fields", ()) or getattr(type(results), "__match_args__", ())
        self.plain = tuple(map(_C._primal, self.results))
        constant = [self.fields.index(name) for name in row.constant]
        floating = [i for i, result in enumerate(self.results) if result.is_floating_point() and i not in constant]
        several = any({"grads", "some_grads"} & set(_parameters(f)) for f in self.formulas().values())
        self.outputs = floating if several else floating[:1]

    def formulas(self):
        if self.row.joint is not None:
            return dict.fromkeys(self.row.of, self.row.joint)
        return {name: formula for name, formula in self.row.formulas.items() if formula is not None}

    def source(self, name, grads, needs=()):
        """The value of a formula's parameter."""
        if name == "grad":
            return grads[self.outputs[0]]
        if name in ("grads", "some_grads"):
            return tuple(grads)
        if name == "needs":
            return needs
        if name in self.primals:
            return self.primals[name]
        if name == "result":
            return self.plain[0]
        if name == "results":
            return self.plain
        if name in self.fields:
            return self.plain[self.fields.index(name)]
        argument, _, what = name.rpartition("_")
        value = self.given.get(argument)
        if what == "tangent":
            return _map(_tangent_of, value)
        read = {
            "shape": lambda t: t.shape,
            "dtype": lambda t: t.dtype,
            "layout": lambda t: (t.shape, t.stride(), t.storage_offset()),
        }[what]
        return _map(read, value)

    def apply(self, formula, grads=(), needs=()):
        return formula(*(self.source(name, grads, needs) for name in _parameters(formula)))

    def operator(self, arguments):
        """The operator of other arguments."""
        return _operator(self.op)(*(arguments[name] for name in self.names))

    # The kinds of rows ------------------------------------------------------------------------------------------------------

    def linear(self):
        replaced = {name: _map(_tangent_or_zeros, self.given[name]) for name in self.formulas()}
        return self.operator({**self.primals, **replaced})

    def multilinear(self):
        terms = [
            self.operator({**self.primals, name: _map(_tangent_or_zeros, self.given[name])})
            for name in self.formulas()
            if _any_tangent(self.given[name])
        ]
        return sum(terms[1:], terms[0])

    def elementwise(self):
        total = None
        for name, formula in self.formulas().items():
            tangent = _tangent_of(self.given[name])
            if tangent is None:
                continue
            shape = self.results[0].shape
            term = self.apply(formula, [tangent if tangent.shape == shape else tangent.expand(shape)])
            total = term if total is None else total if term is None else total + term
        return total

    def transposed(self):
        """From the formulas: the derivative of <formula(v), tangent> with respect to v."""
        recording = _C.is_grad_enabled()
        with enable_grad():
            grads = [
                result.new_zeros(result.shape).requires_grad_() if i in self.outputs else None
                for i, result in enumerate(self.plain)
            ]
            total = None
            for tangent, value in self._pullbacks(grads):
                if value is None or tangent is None:
                    continue
                if value.shape != tangent.shape:
                    value = value.sum_to_size(tangent.shape)
                term = (value * tangent).sum()
                total = term if total is None else total + term
            if total is None or not total.requires_grad:
                return [None] * len(grads)
            wanted = [grads[i] for i in self.outputs]
            found = gradient(total, wanted, create_graph=recording, allow_unused=True)
        tangents = [None] * len(grads)
        for i, value in zip(self.outputs, found, strict=True):
            tangents[i] = value
        return tangents

    def _pullbacks(self, grads):
        """(tangent, gradient) of every tensor that carries a tangent."""
        if self.row.joint is not None:
            needs = tuple(_any_tangent(self.given[name]) for name in self.row.of)
            values = self.apply(self.row.joint, grads, needs)
            pairs = list(zip(self.row.of, values, strict=True))
        else:
            pairs = [(name, self.apply(f, grads)) for name, f in self.formulas().items() if _any_tangent(self.given[name])]
        for name, value in pairs:
            given = self.given[name]
            if isinstance(given, (tuple, list)):
                yield from zip(map(_tangent_of, given), value or [None] * len(given), strict=True)
            else:
                yield _tangent_of(given), value

    def tangents(self):
        """One a result."""
        kind = self.row.tangent
        if kind is None:
            return self.transposed()
        result = self.apply(kind) if callable(kind) else getattr(self, kind)()
        result = tuple(result) if isinstance(result, (tuple, list)) else (result,)
        return [*result, *[None] * (len(self.results) - len(result))]


def _parameters(formula):
    code = formula.__code__
    return code.co_varnames[: code.co_argcount]


_OPERATORS = {
    "getitem": lambda input, key: input[key],
    "T": lambda input: input.T,
    "H": lambda input: input.H,
    "mT": lambda input: input.mT,
    "mH": lambda input: input.mH,
}


def _operator(name):
    """The operator as a function of its row's arguments, in order."""
    if name not in _OPERATORS:
        for entry in _C.op_table():
            public = entry["public_name"]
            function = _C.functions.get(public) or _C.methods.get(public)
            keywords = [argument["name"] if argument["keyword_only"] else None for argument in entry["args"]]

            def call(*values, function=function, keywords=keywords):
                positional = [value for value, keyword in zip(values, keywords, strict=True) if keyword is None]
                named = {keyword: value for value, keyword in zip(values, keywords, strict=True) if keyword is not None}
                return function(*positional, **named)

            _OPERATORS.setdefault(entry["name"], call)
    return _OPERATORS[name]


def pass_on(row, op, names, arguments, results, written, base_tangent=None):
    """Called by the recorder after an operation on tensors that carry tangents; written: in place, results is the first argument,
    whose value and tangent before the write stand in arguments. base_tangent: where results is a view, its base's before."""
    if row is None:
        raise NotImplementedError(f"forward mode: {op} has no row in wengert.autograd.derivatives")
    if op == "setitem":
        before, key, value = arguments
        return _pass_assignment(before, key, value, results, base_tangent)
    call = _Application(row, op, names, arguments, results)
    for result, tangent in zip(call.results, call.tangents(), strict=True):
        if tangent is None and written and (result._base is not None or arguments[0]._tangent is not None):
            tangent = result.new_zeros(result.shape)
        if tangent is None:
            continue
        if tangent.shape != result.shape:
            tangent = tangent.expand(result.shape)
        tangent = tangent.to(result.dtype)
        if written:
            _carry_written(result, tangent, base_tangent)
        else:
            carry(result, tangent)
    return None


def _pass_assignment(before, key, value, written, base_tangent):
    tangent = _tangent_or_zeros(before).clone()
    value_tangent = _tangent_of(value)
    tangent[key] = 0 if value_tangent is None else value_tangent
    _carry_written(written, tangent, base_tangent)
