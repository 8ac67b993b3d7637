"""Products with Jacobians and Hessians, and these matrices themselves, of functions of tensors.

============  =============================  ===================================================
``vjp``       v^T J                          one backward pass
``jvp``       J v                            the vjp is linear in v: its own vjp is J v
``jacobian``  J, a row or a column a pass    rows by ``vjp``, columns by ``jvp``
``vhp``       v^T H                          the vjp of the gradient
``hvp``       H v                            the jvp of the gradient
``hessian``   H                              the Jacobian of the gradient
============  =============================  ===================================================

Inputs and outputs are a tensor or a tuple of tensors, and results come in the same form. Inputs stay as they are: the function
is given aliases of them, so that a tensor which it uses beside its arguments counts as a constant, even one of the inputs.
:mod:`wengert.func` has the same as transforms of functions, for nested containers of tensors.
"""

import wengert

from ._products import Pushforward, gradients, jacobian_columns, jacobian_rows

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

_STRICT = "This is not allowed in strict mode"
_NO_PATH = "The output of the user-provided function is independent of input {}. " + _STRICT + "."


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), v^T J): the product of v with the Jacobian of func at inputs.

    v has the form of func's output; it may be left out where that is one element, for 1. With create_graph both results can be
    differentiated again. With strict an input that no output depends on is a RuntimeError, else its result is zeros.
    RuntimeError where v has other sizes than the output.

    >>> x = wengert.tensor([1.0, 2.0])
    >>> wengert.autograd.functional.vjp(lambda x: x * x, x, wengert.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with wengert.enable_grad():
        many_inputs, inputs = _tensors(inputs, "inputs", "vjp")
        inputs = _aliases(inputs, create_graph)
        many_outputs, outputs = _call(func, inputs, "vjp", strict)
        if v is not None:
            v = _vector(v, outputs, many_outputs, "vjp", create_graph)
        elif len(outputs) != 1 or outputs[0].numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single element."
            )
        found = gradients(outputs, inputs, v, create_graph)
        found = _filled(found, inputs, strict, create_graph, _NO_PATH, "jacobian")
    return _result(outputs, many_outputs, create_graph), _result(found, many_inputs, create_graph)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), J v): the product of the Jacobian of func at inputs with v.

    v has the form of inputs; it may be left out where that is one element, for 1. The options are those of :func:`vjp`.

    >>> x = wengert.tensor([1.0, 2.0])
    >>> wengert.autograd.functional.jvp(lambda x: (x * x).sum(), x, wengert.tensor([1.0, 10.0]))
    (tensor(5.), tensor(42.))
    """
    with wengert.enable_grad():
        many_inputs, inputs = _tensors(inputs, "inputs", "jvp")
        inputs = _aliases(inputs, create_graph)
        v = _input_vector(v, inputs, many_inputs, "jvp", create_graph)
        many_outputs, outputs = _call(func, inputs, "jvp", strict)
        push = Pushforward(outputs, inputs)
        if strict:
            _check_rows(push.rows)
        found = _filled(
            push(v, create_graph, retain_graph=create_graph),
            outputs,
            strict,
            create_graph,
            "The gradient with respect to the input is independent of entry {} in the grad_outputs when using the double backward "
            "trick to compute forward mode gradients. " + _STRICT + ".",
            "jacobian",
        )
    return _result(outputs, many_outputs, create_graph), _result(found, many_outputs, create_graph)


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """The Jacobian of func at inputs: for an output and an input, a tensor of the output's sizes and then the input's.

    One tensor for one output and one input, a tuple where one of them is a tuple, and where both are, ``J[i][j]`` is that of
    output i with respect to input j.

    strategy "reverse-mode" takes a backward pass for each element of the output, "forward-mode" one for each element of the
    input. With create_graph the result can be differentiated again. With strict (reverse mode only) an output that does not
    depend on an input is a RuntimeError. vectorize is accepted and changes nothing.

    >>> wengert.autograd.functional.jacobian(lambda x: x.flip(0) * x, wengert.tensor([1.0, 2.0]))
    tensor([[2., 1.],
            [2., 1.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    if strategy == "forward-mode" and strict:
        raise NotImplementedError(
            'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are not supported together (yet). '
            'Please either set `strict=False` or `strategy="reverse-mode"`.'
        )
    with wengert.enable_grad():
        many_inputs, inputs = _tensors(inputs, "inputs", "jacobian")
        inputs = _aliases(inputs, create_graph)
        many_outputs, outputs = _call(func, inputs, "jacobian", strict)
        if strategy == "forward-mode":
            blocks = jacobian_columns(outputs, inputs, create_graph)
        else:
            blocks = jacobian_rows(outputs, inputs, create_graph, _check_row if strict else None)
    blocks = tuple(_result(row, many_inputs, create_graph) for row in blocks)
    return blocks if many_outputs else blocks[0]


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """The Hessian of func, whose output is one element, at inputs: ``H[i][j]`` has the sizes of input i and then of input j.

    One tensor for one input. The inner derivative is a backward pass; outer_jacobian_strategy and the other options are those of
    :func:`jacobian`. RuntimeError where the output is not one tensor with one element.

    >>> wengert.autograd.functional.hessian(lambda x: x.prod(), wengert.tensor([1.0, 2.0, 3.0]))
    tensor([[0., 3., 2.],
            [3., 0., 1.],
            [2., 1., 0.]])
    """
    many, inputs = _tensors(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def gradient(*aliases):
        output = _scalar(func, aliases, "hessian", strict)
        found = _filled(gradients((output,), aliases, None, True), aliases)
        if strict:
            _check_dependence(found)
        return found

    blocks = jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return blocks if many else blocks[0][0]


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), v^T H): the product of v with the Hessian of func, whose output is one element, at inputs.

    v has the form of inputs; it may be left out where that is one element, for 1. The options are those of :func:`vjp`. Cheaper
    than :func:`hvp`, which is the same wherever the second derivatives are continuous, since H is symmetric there.

    >>> x, v = wengert.tensor([1.0, 2.0]), wengert.tensor([1.0, 0.0])
    >>> wengert.autograd.functional.vhp(lambda x: x[0] * x[1] ** 2, x, v)
    (tensor(4.), tensor([0., 4.]))
    """
    with wengert.enable_grad():
        many, inputs = _tensors(inputs, "inputs", "vhp")
        inputs = _aliases(inputs, create_graph)
        v = _input_vector(v, inputs, many, "vhp", create_graph)
        output = _scalar(func, inputs, "vhp", strict)
        gradient = gradients((output,), inputs, None, True)
        if strict:
            _check_dependence(gradient)
        found = gradients(gradient, inputs, v, create_graph)
        text = "The jacobian of the user-provided function is independent of input {}. " + _STRICT + "."
        found = _filled(found, inputs, strict, create_graph, text, "hessian")
    return _result((output,), False, create_graph), _result(found, many, create_graph)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), H v): the product of the Hessian of func, whose output is one element, at inputs with v.

    As :func:`vhp`, but for the order of the product; it takes one backward pass more.

    >>> x, v = wengert.tensor([1.0, 2.0]), wengert.tensor([1.0, 0.0])
    >>> wengert.autograd.functional.hvp(lambda x: x[0] * x[1] ** 2, x, v)
    (tensor(4.), tensor([0., 4.]))
    """
    with wengert.enable_grad():
        many, inputs = _tensors(inputs, "inputs", "hvp")
        inputs = _aliases(inputs, create_graph)
        v = _input_vector(v, inputs, many, "hvp", create_graph)
        output = _scalar(func, inputs, "hvp", strict)
        gradient = gradients((output,), inputs, None, True)
        if strict:
            _check_dependence(gradient)
        push = Pushforward(gradient, inputs)
        text = (
            "The hessian of the user-provided function is independent of entry {} in the grad_jacobian."
            + _STRICT
            + " as it prevents from using the double backward trick to replace forward mode AD."
        )
        found = _filled(push(v, create_graph, retain_graph=create_graph), inputs, strict, create_graph, text, "hessian")
    return _result((output,), False, create_graph), _result(found, many, create_graph)


def _tensors(value, what, api):
    """(whether value is a tuple, value as a tuple); TypeError unless its items are tensors."""
    items = value if isinstance(value, tuple) else (value,)
    for i, item in enumerate(items):
        if not isinstance(item, wengert.Tensor):
            place = f"value at index {i}" if isinstance(value, tuple) else f"given {what}"
            raise TypeError(
                f"The {what} given to {api} must be either a Tensor or a tuple of Tensors but the {place} has type {type(item)}."
            )
    return isinstance(value, tuple), items


def _aliases(tensors, create_graph):
    """New tensors of the same elements, which need gradients; results lead back to the given ones with create_graph only."""
    return tuple(
        tensor.view(tensor.shape) if create_graph and tensor.requires_grad else tensor.detach().requires_grad_()
        for tensor in tensors
    )


def _call(func, inputs, api, strict):
    many, outputs = _tensors(func(*inputs), "outputs of the user-provided function", api)
    for i, output in enumerate(outputs):
        if strict and not output.requires_grad:
            raise RuntimeError(
                f"Output {i} of the user-provided function does not require gradients. The outputs must be computed in a "
                "differentiable manner from the input when running in strict mode."
            )
    return many, outputs


def _scalar(func, inputs, api, strict):
    many, outputs = _call(func, inputs, api, strict)
    if many:
        raise RuntimeError(f"The function given to {api} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {api} should contain a single element")
    return outputs[0]


def _vector(v, like, many, api, create_graph):
    """v as a tuple; RuntimeError unless it has the sizes of `like`."""
    _, v = _tensors(v, "v", api)
    if len(v) != len(like):
        if many:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for i, (given, other) in enumerate(zip(v, like, strict=True)):
        if given.shape != other.shape:
            entry = f"Entry {i} in " if many else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {other.shape} but got {given.shape}.")
    return v if create_graph else tuple(given.detach() for given in v)


def _input_vector(v, inputs, many, api, create_graph):
    if v is not None:
        return _vector(v, inputs, many, api, create_graph)
    if len(inputs) != 1 or inputs[0].numel() != 1:
        raise RuntimeError(
            "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
        )
    return None


def _check_row(output, input, gradient, create_graph):
    if gradient is None:
        raise RuntimeError(f"Output {output} of the user-provided function is independent of input {input}. {_STRICT}.")
    if create_graph and not gradient.requires_grad:
        raise RuntimeError(_constant("jacobian", output))


def _filled(found, like, strict=False, create_graph=False, no_path="", matrix=""):
    """found with zeros for None; in strict mode an error for that, and for what cannot be differentiated again."""
    result = []
    for i, (tensor, other) in enumerate(zip(found, like, strict=True)):
        if strict and tensor is None:
            raise RuntimeError(no_path.format(i))
        if strict and create_graph and not tensor.requires_grad:
            raise RuntimeError(_constant(matrix, i))
        result.append(wengert.zeros_like(other) if tensor is None else tensor)
    return tuple(result)


def _constant(matrix, i):
    return f"The {matrix} of the user-provided function is independent of input {i}. {_STRICT} when create_graph=True."


def _check_rows(rows):
    for i, row in enumerate(rows):
        if row is None:
            raise RuntimeError(_NO_PATH.format(i))
        if not row.requires_grad:
            raise RuntimeError(
                f"The gradient with respect to input {i} is independent of the inputs of the user-provided function. {_STRICT}."
            )


def _check_dependence(gradient):
    """The first derivative in strict mode, before the second."""
    for i, part in enumerate(gradient):
        if part is None:
            raise RuntimeError(_NO_PATH.format(i))
        if not part.requires_grad:
            raise RuntimeError(
                f"While computing the hessian, found that the jacobian of the user-provided function with respect to input {i} is "
                f"independent of the input. {_STRICT}. You should ensure that your function is twice differentiable and that the "
                "jacobian depends on the inputs (this would be violated by a linear function for example)."
            )


def _result(tensors, many, create_graph):
    if not create_graph:
        tensors = tuple(tensor.detach() for tensor in tensors)
    return tensors if many else tensors[0]
