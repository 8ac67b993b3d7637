"""What the tensors of a graph are called: in `params=`, or by the variables of whoever asks for the picture."""

import sys

import wengert

from ._values import identity

_OPTIMIZED = 1  # inspect.CO_OPTIMIZED: the code of a function, whose variables are not in a dict


class Names:
    """parameters and leaves: by id; results of operators: by (node, output); constants: by what memory they are a view of."""

    def __init__(self, parameters=(), variables=()):
        self.parameters: dict = {}
        self.leaves: dict = {}
        self.results: dict = {}
        self.constants: dict = {}
        for name, tensor in parameters:
            self.parameters.setdefault(id(tensor), str(name))
        for name, tensor in variables:
            if not tensor.requires_grad:
                self.constants.setdefault(identity(tensor), name)
            elif tensor.grad_fn is None:
                self.leaves.setdefault(id(tensor), name)
            else:
                self.results.setdefault((tensor.grad_fn, tensor.output_nr), name)
        self.taken = {name for names in (self.parameters, self.leaves, self.results, self.constants) for name in names.values()}


def parameters_of(params):
    """(name, tensor) pairs of `params=`: a dict, pairs, or an object with named_parameters(). TypeError for anything else."""
    if params is None:
        return []
    if hasattr(params, "named_parameters"):
        params = params.named_parameters()
    pairs = list(params.items() if hasattr(params, "items") else params)
    for pair in pairs:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[1], wengert.Tensor)):
            raise TypeError(
                f"graph(): params must be a dict of tensors by name, or pairs of a name and a tensor, not {pair!r:.60}"
            )
    return pairs


def variables_of(frame):
    """(name, tensor) of a frame's local variables that hold tensors; those named _ for being of no interest have no name."""
    variables = frame.f_locals
    found = [
        (name, value) for name, value in variables.items() if isinstance(value, wengert.Tensor) and name.strip("_0123456789")
    ]
    # Before Python 3.13 a function's f_locals is a copy that its frame keeps, and with it every tensor, until the function returns.
    # Emptied, unless the program has a reference to it beside the frame's and the two here, as from locals().
    copied = frame.f_code.co_flags & _OPTIMIZED and sys.version_info < (3, 13)
    if copied and sys.getrefcount(variables) <= 3:
        variables.clear()
    return sorted(found, key=lambda pair: pair[0].startswith("_"))
