"""backward and grad: what the C++ engine (csrc/python/engine.cpp) is asked to do, and the checks before it.

The engine numbers nodes at their creation and runs the highest number first, so that a node has all of its gradient when its turn
comes: no recursion and no sorting of the graph.
"""

from .. import _C


def _tuple(value):
    return (value,) if isinstance(value, _C.TensorBase) else tuple(value)


def _gradients(tensors, grads):
    if grads is None:
        return (None,) * len(tensors)
    grads = _tuple(grads)
    if len(grads) != len(tensors):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(grads)} gradients")
    for grad in grads:
        if grad is not None and not isinstance(grad, _C.TensorBase):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(grad).__name__}")
    return grads


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None):
    """Adds to ``.grad`` of the leaves the gradient of the sum of the tensors, each weighted with its grad_tensor.

    grad_tensors may be left out for tensors of one element. The graph is given up afterwards unless retain_graph; with create_graph
    the gradients are themselves part of a graph. inputs limits the pass to these tensors. RuntimeError where a tensor needs no
    gradient, where a gradient has another shape, and where the graph has been given up.

    >>> x = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> wengert.autograd.backward((x * x).sum())
    >>> x.grad
    tensor([2., 4.])
    """
    tensors = _tuple(tensors)
    if grad_variables is not None:
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    grads = _gradients(tensors, grad_tensors)
    if inputs is not None:
        inputs = _tuple(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        for tensor in inputs:
            tensor.retain_grad()
    retain = create_graph if retain_graph is None else retain_graph
    _C._run_backward(tensors, grads, bool(retain), bool(create_graph), inputs, True)


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph=None,
    create_graph=False,
    only_inputs=True,
    allow_unused=None,
    is_grads_batched=False,
    materialize_grads=False,
):
    """The gradients of the outputs, weighted with grad_outputs, with respect to inputs: a tuple, one a tensor. Leaves' ``.grad`` stays.

    Only what lies between outputs and inputs is run. An input that the outputs do not depend on is an error, or None with
    allow_unused, or zeros with materialize_grads. With is_grads_batched the first dimension of grad_outputs counts several passes,
    which are run one after the other, and of the results likewise.

    >>> x = wengert.tensor(3.0, requires_grad=True)
    >>> (dx,) = wengert.autograd.grad(x**3, x, create_graph=True)
    >>> wengert.autograd.grad(dx, x)
    (tensor(18.),)
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    allow_unused = materialize_grads if allow_unused is None else allow_unused
    outputs, inputs = _tuple(outputs), _tuple(inputs)
    grads = _gradients(outputs, grad_outputs)
    if not inputs:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _batched(outputs, inputs, grads, retain, create_graph, allow_unused, materialize_grads)
    results = _C._run_backward(outputs, grads, bool(retain), bool(create_graph), inputs, False)
    unused = [i for i, result in enumerate(results) if result is None]
    if unused:
        if not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {unused[0]} appears to not have been used in the graph. Set allow_unused=True if this "
                "is the desired behavior."
            )
        if materialize_grads:
            results = tuple(
                input.new_zeros(input.shape) if result is None else result
                for input, result in zip(inputs, results, strict=True)
            )
    return results


def _batched(outputs, inputs, grads, retain, create_graph, allow_unused, materialize_grads):
    import wengert

    counts = {grad.size(0) for grad in grads if grad is not None and grad.dim() > 0}
    if len(counts) != 1:
        raise RuntimeError(
            f"is_grads_batched=True: the first dimension of grad_outputs differs or is missing: {sorted(counts)}"
        )
    (count,) = counts
    rows = [
        grad(
            outputs,
            inputs,
            tuple(None if each is None else each[i] for each in grads),
            retain or i + 1 < count,
            create_graph,
            allow_unused=allow_unused,
            materialize_grads=materialize_grads,
        )
        for i in range(count)
    ]
    return tuple(None if column[0] is None else wengert.stack(column) for column in zip(*rows, strict=True))
