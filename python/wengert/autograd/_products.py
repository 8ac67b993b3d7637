"""Products with Jacobians on recorded outputs: what `functional` and `wengert.func` are made of.

outputs and inputs are sequences of tensors; the outputs were computed from the inputs while a graph was recorded.
"""

import wengert


def gradients(outputs, inputs, cotangents=None, create_graph=False, retain_graph=None):
    """v^T J for each input, None where nothing leads to it. Outputs may be None or need no gradient; None for v is 1."""
    if cotangents is None:
        cotangents = (None,) * len(outputs)
    pairs = [
        (output, cotangent)
        for output, cotangent in zip(outputs, cotangents, strict=True)
        if output is not None and output.requires_grad
    ]
    if not pairs:
        return (None,) * len(inputs)
    outputs, cotangents = zip(*pairs, strict=True)
    return wengert.autograd.grad(
        outputs, inputs, cotangents, retain_graph=retain_graph, create_graph=create_graph, allow_unused=True
    )


class Pushforward:
    """J t for any number of t, from one recorded call.

    u -> u^T J is recorded for a u of zeros. It is linear in u, so that this value does not matter, and its own vjp at t is
    J t: one backward pass over that record for each t. mark is called with the zeros, which are new leaves of the graph.
    """

    def __init__(self, outputs, inputs, mark=None):
        self.count = len(outputs)
        self.known = [i for i, output in enumerate(outputs) if output is not None and output.requires_grad]
        self.dummies = [wengert.zeros_like(outputs[i], requires_grad=True) for i in self.known]
        for dummy in self.dummies if mark is not None else ():
            mark(dummy)
        self.rows = gradients([outputs[i] for i in self.known], inputs, self.dummies, True)

    def __call__(self, tangents, create_graph=False, retain_graph=True):
        """One tensor an output, None where it does not depend on the inputs. tangents: one tensor an input; None is 1."""
        result = [None] * self.count
        found = gradients(self.rows, self.dummies, tangents, create_graph, retain_graph)
        for i, tangent in zip(self.known, found, strict=True):
            result[i] = tangent
        return result


def jacobian_rows(outputs, inputs, create_graph=False, check=None):
    """The Jacobian by backward passes, one for each element of the outputs: ``J[i][j]`` of output i and input j.

    check(i, j, gradient, create_graph) is called for every pass; its gradient is None where nothing leads to the input.
    """
    blocks = []
    for i, output in enumerate(outputs):
        rows: list = [[] for _ in inputs]
        for unit in _units(output):
            found = gradients((output,), inputs, (unit,), create_graph, True)
            for j, (row, gradient) in enumerate(zip(rows, found, strict=True)):
                if check is not None:
                    check(i, j, gradient, create_graph)
                row.append(wengert.zeros_like(inputs[j]) if gradient is None else gradient)
        blocks.append(tuple(_joined(row, 0, input, output, input) for row, input in zip(rows, inputs, strict=True)))
    return blocks


def jacobian_columns(outputs, inputs, create_graph=False, mark=None):
    """The same by products with tangents, one for each element of the inputs. mark is that of :class:`Pushforward`."""
    push = Pushforward(outputs, inputs, mark)
    blocks: list = [[] for _ in outputs]
    for j, input in enumerate(inputs):
        columns: list = [[] for _ in outputs]
        for unit in _units(input):
            tangents = [unit if k == j else wengert.zeros_like(other) for k, other in enumerate(inputs)]
            for column, found, output in zip(columns, push(tangents, create_graph), outputs, strict=True):
                column.append(wengert.zeros_like(output) if found is None else found)
        for block, column, output in zip(blocks, columns, outputs, strict=True):
            block.append(_joined(column, -1, output, output, input))
    return [tuple(block) for block in blocks]


def _units(tensor):
    """For each element of tensor, the tensor that is 1 there and 0 elsewhere."""
    for i in range(tensor.numel()):
        unit = wengert.zeros(tensor.numel(), dtype=tensor.dtype)
        unit[i] = 1
        yield unit.view(tensor.shape)


def _joined(parts, dim, like, output, input):
    """One block of a Jacobian; without parts it is empty, with the dtype of `like`."""
    sizes = output.shape + input.shape
    return wengert.stack(parts, dim).reshape(sizes) if parts else like.new_zeros(sizes)
