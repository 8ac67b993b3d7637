"""THE derivative table: one row an operator, in a module per family.

::

    rule("sin", input=lambda grad, input: grad * input.cos(), tangent="elementwise")
    rule("mul", input=lambda grad, other: grad * other, other=lambda grad, input: grad * input, tangent="elementwise")
    rule("sign", input=None)

A row is keyed by the operator's name in the op table (``max.dim`` is an overload of ``max``). It has one formula for each argument
that is a tensor: the gradient of that argument, from `grad`, the gradient of the result. ``None`` says that there is none. **The
names of a formula's parameters are what the graph saves**, and nothing else is kept alive:

grad                 the gradient of the result (of the only one with a float dtype); never None
grads                the gradients of all results, in order; zeros for results that nothing depends on
some_grads           the same, but None for those
result               the result; of several, their field names (``values``, ``indices``), or ``results`` for all
input, other, dim    the operator's own arguments, as given or by default; numbers and lists of ints as tuples are passed on
input_shape          the Size of a tensor argument (a tuple of them for a list of tensors), without its elements
input_layout         its (sizes, strides, storage offset)
input_dtype          its dtype
needs                which arguments need a gradient: for a row with one formula for several arguments

Formulas are written with wengert's own differentiable operators, so a second derivative needs nothing more. They return a tensor
that broadcasting may have made larger than the argument: the engine sums it to the argument's shape and dtype, adds up what comes
from several uses, and leaves out what needs no gradient. A formula may return None for a gradient of zeros. For an argument that
is a list of tensors it returns a tuple.

Where several gradients share most of their work, one formula gives them all::

    rule("linalg_lstsq", of=("input", "other"), joint=lambda grad, ..., needs: (grad_input, grad_other))

`tangent` says how a tangent passes in forward mode:

"linear"             the operator is linear in all its tensors together: apply it to the tangents
"multilinear"        linear in each of them: the sum, over the tensors, of the operator with one replaced by its tangent
"elementwise"        each formula with the tangent for `grad` (the Jacobian is diagonal), summed
a function           parameters as of a formula, and ``input_tangent`` (None where there is none)
None (left out)      from the formulas, by differentiating them with respect to `grad`, in which they are linear

`domain` is the open interval that an elementwise operator's arguments are drawn from in the proof of the table, or a dict of them
by argument name; `constant` the names of results that no formula differentiates, though they are floats; `unread` the names of tensor
arguments whose elements the operator does not read; `kink` one sentence for the convention where the derivative is not defined. `node` is the name that PyTorch
gives the node, where it is not the operator's in camel case and "Backward0"; three names stand for (tensor, number), (tensor, tensor)
and (number, tensor), two for a call without a second argument and with one.
"""

TABLE: "dict[str, Row]" = {}


class Row:
    """One operator's derivatives; see the head of this module."""

    __slots__ = ("constant", "domain", "formulas", "joint", "kink", "module", "name", "node", "of", "tangent", "unread")

    def __init__(self, name, formulas, of, joint, tangent, domain, constant, unread, kink, node, module):
        self.name, self.formulas, self.of, self.joint, self.tangent = name, formulas, of, joint, tangent
        self.domain, self.constant, self.unread, self.kink = domain, constant, unread, kink
        self.node, self.module = node, module

    def __repr__(self):
        return f"<row {self.name!r} of {self.module}>"

    @property
    def differentiable(self):
        """Whether any argument has a formula."""
        return self.joint is not None or any(formula is not None for formula in self.formulas.values())


def rule(*names, of=(), joint=None, tangent=None, domain=None, constant=(), unread=(), kink=None, node=None, **formulas):
    """Writes one row for each of the names; see the head of this module. ValueError for a name that has a row already."""
    import sys

    module = sys._getframe(1).f_globals["__name__"].rpartition(".")[2]
    for name in names:
        if name in TABLE:
            raise ValueError(f"derivatives: {name!r} has a row already, in {TABLE[name].module}")
        TABLE[name] = Row(name, formulas, of, joint, tangent, domain, constant, unread, kink, node, module)


from . import (  # noqa: E402
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
