"""Transforms of functions: gradients, products with Jacobians, Jacobians and Hessians as functions of the same arguments.

Arguments and results may be nested dicts, lists and tuples of tensors; what a transform returns has their structure. Transforms
nest to any depth: ``jacfwd(jacrev(f))``, ``grad(lambda x: grad(f)(x).sum())``. They have no side effects: nothing is added to
any ``.grad``, and a function's argument counts as another variable than the same tensor used beside it.

``argnums`` says which positional arguments to differentiate by, one number or a tuple of numbers, which may be negative; the
result then has one structure or a tuple of them. With ``has_aux`` the function returns ``(output, aux)``, and aux is passed on.

>>> from wengert.func import grad
>>> grad(grad(lambda x: x**3))(wengert.tensor(2.0))
tensor(12.)
"""

import functools

import wengert

from .autograd._products import Pushforward, gradients, jacobian_columns, jacobian_rows
from .utils import _pytree

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "value_and_grad",
    "vjp",
    "vmap",
]


def grad(func, argnums=0, has_aux=False):
    """The function that returns the gradient of func, whose output is a tensor without dimensions.

    With has_aux it returns (gradient, aux). RuntimeError for another output; ValueError for arguments that are no tensors.

    >>> wengert.func.grad(lambda x, y: x * y**2, argnums=(0, 1))(wengert.tensor(2.0), wengert.tensor(3.0))
    (tensor(9.), tensor(12.))
    >>> wengert.func.grad(lambda p: (p["w"] * p["b"]).sum())({"w": wengert.tensor([1.0, 2.0]), "b": wengert.tensor(3.0)})
    {'w': tensor([3., 3.]), 'b': tensor(3.)}
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def grad_and_value(func, argnums=0, has_aux=False):
    """The function that returns (gradient, output) of func, as PyTorch has it; with has_aux (gradient, (output, aux)).

    >>> wengert.func.grad_and_value(lambda x: x**3)(wengert.tensor(2.0))
    (tensor(12.), tensor(8.))
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        level, args, spec = _Level.enter(args, argnums)
        output, aux = _split(level.run(func, args, kwargs), has_aux, "grad_and_value(f)(*args)")
        if not isinstance(output, wengert.Tensor):
            raise RuntimeError(f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(output)}")
        if output.dim() != 0:
            raise RuntimeError(
                "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with "
                f"{output.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
            )
        (value,) = level.close([output])
        gradient = spec.unflatten(level.gradients([output], None))
        return gradient, (value, level.leave_tree(aux)) if has_aux else value

    return wrapper


def value_and_grad(func, argnums=0, has_aux=False):
    """The function that returns (output, gradient) of func, as JAX has it; with has_aux ((output, aux), gradient).

    >>> wengert.func.value_and_grad(lambda x: x**3)(wengert.tensor(2.0))
    (tensor(8.), tensor(12.))
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        gradient, value = both(*args, **kwargs)
        return value, gradient

    return wrapper


def vjp(func, *primals, has_aux=False):
    """(output, vjp_fn) of func at primals, or (output, vjp_fn, aux): vjp_fn(v) is v^T J, a tuple with one item a primal.

    v has the structure of the output. vjp_fn may be called any number of times. RuntimeError where an output is no float tensor.

    >>> output, vjp_fn = wengert.func.vjp(lambda x: x * x, wengert.tensor([1.0, 2.0]))
    >>> vjp_fn(wengert.tensor([1.0, 10.0]))
    (tensor([ 2., 40.]),)
    """
    level, aliases, spec = _Level.enter(primals)
    tree, aux = _split(level.run(func, aliases), has_aux, "vjp(f, *primals)")
    outputs, output_spec = _outputs(tree, "vjp(f, *primals)")
    for output in outputs:
        if not output.is_floating_point():
            raise RuntimeError(
                f"vjp(f, ...): All outputs of f must be floating-point or complex Tensors, got Tensor with dtype {output.dtype}"
            )

    def vjp_fn(cotangents, retain_graph=True, create_graph=None):
        try:
            flat = output_spec.flatten_like(cotangents)
        except ValueError:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. "
                f"cotangents: {_pytree.flatten(cotangents)[1]}, primal output: {output_spec}"
            ) from None
        for cotangent in flat:
            if not isinstance(cotangent, wengert.Tensor):
                raise TypeError(f"gradients can be either Tensors or None, but got {type(cotangent).__name__}")
        recording = wengert.is_grad_enabled() if create_graph is None else create_graph
        return spec.unflatten(level.gradients(outputs, flat, retain_graph, recording))

    value = output_spec.unflatten(level.close(outputs))
    return (value, vjp_fn, level.leave_tree(aux)) if has_aux else (value, vjp_fn)


def jvp(func, primals, tangents, *, strict=False, has_aux=False):
    """(output, J t) of func at primals for tangents t, or (output, J t, aux). Both are tuples, of the same structure.

    With strict an output that does not depend on primals is a RuntimeError, else its tangent is zeros.

    >>> wengert.func.jvp(lambda x: x * x, (wengert.tensor([1.0, 2.0]),), (wengert.tensor([1.0, 10.0]),))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{_JVP}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    output, push, aux = _linearized(func, primals, has_aux)
    tangent = push(tangents, strict, retain_graph=False)
    return (output, tangent, aux) if has_aux else (output, tangent)


def linearize(func, *primals):
    """(output, jvp_fn) of func at primals: jvp_fn(*tangents) is J t, without calling func again.

    >>> output, jvp_fn = wengert.func.linearize(lambda x: x * x, wengert.tensor([1.0, 2.0]))
    >>> jvp_fn(wengert.tensor([1.0, 0.0])), jvp_fn(wengert.tensor([0.0, 1.0]))
    (tensor([2., 0.]), tensor([0., 4.]))
    """
    output, push, _ = _linearized(func, primals, False)

    def jvp_fn(*tangents):
        return push(tangents)

    return output, jvp_fn


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None):
    """The function that returns the Jacobian of func, by a backward pass for each element of the output.

    For each tensor of the output, in its structure, the structure of the arguments, whose tensors have the output's sizes and
    then the argument's. With has_aux it returns (Jacobian, aux). chunk_size is accepted and changes nothing.

    >>> wengert.func.jacrev(lambda x: x.flip(0) * x)(wengert.tensor([1.0, 2.0]))
    tensor([[2., 1.],
            [2., 1.]])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")
    return _jacobian(
        func, argnums, has_aux, "vjp(f, *primals)", lambda outputs, level: jacobian_rows(outputs, level.inputs, level.outer)
    )


def jacfwd(func, argnums=0, has_aux=False, *, randomness="error"):
    """The function that returns the Jacobian of func, by a product with a tangent for each element of the arguments.

    Its result is that of :func:`jacrev`; cheaper where the output has many more elements than the arguments. randomness is
    accepted: func is called once.

    >>> wengert.func.jacfwd(lambda x: wengert.stack([x, x**2, x**3]))(wengert.tensor(2.0))
    tensor([ 1.,  4., 12.])
    """
    return _jacobian(
        func, argnums, has_aux, _JVP, lambda outputs, level: jacobian_columns(outputs, level.inputs, level.outer, level.mark)
    )


def hessian(func, argnums=0):
    """The function that returns the Hessian of func: jacrev(jacrev(func, argnums), argnums).

    PyTorch's is jacfwd(jacrev(func)), whose values are the same; a tangent here takes two backward passes, so that rows are
    cheaper than columns.

    >>> wengert.func.hessian(lambda x: x.prod())(wengert.tensor([1.0, 2.0, 3.0]))
    tensor([[0., 3., 2.],
            [3., 0., 1.],
            [2., 1., 0.]])
    """
    return jacrev(jacrev(func, argnums), argnums)


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    """Not covered: NotImplementedError. ``wengert.stack([func(x) for x in xs])`` gives the values of ``vmap(func)(xs)``."""
    raise NotImplementedError("vmap is not covered; wengert.stack([func(x) for x in xs]) gives the values of vmap(func)(xs)")


def functional_call(module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """module(*args, **kwargs) with other parameters and buffers, a dict by qualified name or several of them.

    The module has its own back afterwards. A value for one of several names of the same tensor serves for all, unless
    tie_weights is False. With strict all names have to be given, and no others: RuntimeError. ValueError for a name in two
    dicts, and for two values of one tensor.
    """
    given = _merged(parameter_and_buffer_dicts)
    places = _places(module)
    if tie_weights:
        given = _tied(places, given)
    if strict:
        _check_names(module, places, given)
    before = []
    try:
        for name, value in given.items():
            if name in places:
                table, key = places[name]
                before.append((table, key, table[key]))
                table[key] = value
        args = () if args is None else args if isinstance(args, tuple) else (args,)
        return module(*args, **(kwargs or {}))
    finally:
        for table, key, value in reversed(before):
            table[key] = value


_JVP = "jvp(f, primals, tangents)"
_ORDINARY = object()  # stands for the token of leaves without a mark: an ordinary graph may always be asked for
_running = {_ORDINARY}  # tokens of levels whose functions run


class _Level:
    """One transform at work: aliases of the tensors it differentiates by, and what its results still belong to.

    The alias of a tensor that an outer graph tracks is a view of it, of any other a new leaf. New leaves are marked with the
    level's token. A result that leads to marked leaves only, of levels that do not run (any more), is detached as it leaves: the
    caller asked for no graph.
    """

    def __init__(self, tensors):
        self.recording = wengert.is_grad_enabled()
        self.outer = False
        self.token = object()
        self.inputs = []
        self.marked = []  # keeps the leaves' nodes, and with them the marks
        for tensor in tensors:
            if not isinstance(tensor, wengert.Tensor):
                raise ValueError(f"Thing passed to transform API must be Tensor, got {type(tensor)}")
            if self.recording and tensor.requires_grad:
                self.inputs.append(tensor.view(tensor.shape))
            else:
                self.inputs.append(tensor.detach().requires_grad_())
                self.mark(self.inputs[-1])

    @classmethod
    def enter(cls, args, argnums=None):
        """(level, args with aliases for those of argnums, their structure); all arguments where argnums is None."""
        chosen = args if argnums is None else _chosen(args, argnums)
        tensors, spec = _pytree.flatten(chosen)
        level = cls(tensors)
        aliases = spec.unflatten(level.inputs)
        if argnums is None:
            return level, aliases, spec
        args = list(args)
        if isinstance(argnums, tuple):
            for number, alias in zip(argnums, aliases, strict=True):
                args[number] = alias
        else:
            args[argnums] = aliases
        return level, tuple(args), spec

    def run(self, func, args, kwargs=None):
        """func(*args, **kwargs), recorded."""
        _running.add(self.token)
        try:
            with wengert.enable_grad():
                return func(*args, **(kwargs or {}))
        finally:
            _running.discard(self.token)

    def mark(self, leaf):
        node = _accumulator(leaf)
        node.metadata["wengert.func"] = self.token
        self.marked.append(node)

    def leads_out(self, tensor):
        """Whether a tensor's graph has a leaf of somebody else: not marked, or of a level that runs."""
        if not tensor.requires_grad:
            return False
        nodes, seen = [tensor.grad_fn or _accumulator(tensor)], set()
        while nodes:
            node = nodes.pop()
            if node not in seen:
                seen.add(node)
                edges = [edge for edge, _ in node.next_functions if edge is not None]
                if not edges and node.metadata.get("wengert.func", _ORDINARY) in _running:
                    return True
                nodes += edges
        return False

    def close(self, outputs):
        """What leaves for the outputs. From here on `outer` says whether an outer graph depends on them."""
        values = self.leave(outputs)
        self.outer = any(value.requires_grad for value in values)
        return values

    def gradients(self, outputs, cotangents, retain_graph=None, recording=True):
        """The gradients of the outputs with respect to the inputs, for the caller."""
        outer = recording and (self.outer or any(map(self.leads_out, cotangents or ())))
        found = gradients(outputs, self.inputs, cotangents, outer, retain_graph)
        return self.leave(_filled(found, self.inputs), outer)

    def leave(self, tensors, recording=True):
        recording = recording and self.recording
        return [tensor if recording and self.leads_out(tensor) else tensor.detach() for tensor in tensors]

    def leave_tree(self, tree):
        return _pytree.tree_map(lambda leaf: self.leave([leaf])[0] if isinstance(leaf, wengert.Tensor) else leaf, tree)


def _accumulator(leaf):
    """The node that a leaf's gradient ends in."""
    with wengert.enable_grad():
        return leaf.view(leaf.shape).grad_fn.next_functions[0][0]


def _filled(found, like):
    """found with zeros for None."""
    return [wengert.zeros_like(other) if tensor is None else tensor for tensor, other in zip(found, like, strict=True)]


def _linearized(func, primals, has_aux):
    """(output, push, aux): push(tangents, strict, retain_graph) is J t in the structure of the output."""
    tensors, spec = _pytree.flatten(primals)
    if not tensors:
        raise RuntimeError(f"{_JVP}: Expected primals to contain at least one Tensor.")
    for tensor in tensors:
        if not isinstance(tensor, wengert.Tensor):
            raise RuntimeError(f"{_JVP}: Expected primals to only contain Tensors, got {type(tensor)}")
        if not tensor.is_floating_point():
            raise ValueError(f"Expected primal to be floating point or complex, but got: {tensor.dtype}")
    level, aliases, _ = _Level.enter(primals)
    tree, aux = _split(level.run(func, aliases), has_aux, _JVP)
    outputs, output_spec = _outputs(tree, _JVP)
    values = output_spec.unflatten(level.close(outputs))
    pushforward = Pushforward(outputs, level.inputs, level.mark)

    def push(tangents, strict=False, retain_graph=True):
        flat = _checked_tangents(tangents, tensors, spec)
        outer = wengert.is_grad_enabled() and (level.outer or any(map(level.leads_out, flat)))
        found = pushforward(flat, outer, retain_graph or outer)
        if strict and any(tangent is None for tangent in found):
            raise RuntimeError(
                "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not allowed with "
                "strict=True."
            )
        return output_spec.unflatten(level.leave(_filled(found, outputs), outer))

    return values, push, level.leave_tree(aux)


def _checked_tangents(tangents, primals, spec):
    try:
        flat = spec.flatten_like(tangents)
    except ValueError:
        raise RuntimeError(
            f"{_JVP}: Expected primals and tangents to have the same python structure. For example, if primals is a tuple of 3 "
            f"tensors, tangents also must be. Got primals with structure {spec} and tangents with structure "
            f"{_pytree.flatten(tangents)[1]}"
        ) from None
    for tangent, primal in zip(flat, primals, strict=True):
        if not isinstance(tangent, wengert.Tensor):
            raise RuntimeError(f"{_JVP}: Expected tangents to only contain Tensors, got {type(tangent)}")
        if not tangent.is_floating_point():
            raise ValueError(f"Expected tangent to be floating point or complex, but got: {tangent.dtype}")
        if tangent.shape != primal.shape:
            raise RuntimeError(
                "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
                f"supported. Tensor is of size {list(primal.shape)} while the given forward gradient is of size "
                f"{list(tangent.shape)}."
            )
    return flat


def _jacobian(func, argnums, has_aux, api, blocks):
    @functools.wraps(func)
    def wrapper(*args):
        level, args, spec = _Level.enter(args, argnums)
        tree, aux = _split(level.run(func, args), has_aux, api)
        outputs, output_spec = _outputs(tree, api)
        level.close(outputs)
        found = blocks(outputs, level)
        result = output_spec.unflatten([spec.unflatten(level.leave(row, level.outer)) for row in found])
        return (result, level.leave_tree(aux)) if has_aux else result

    return wrapper


def _outputs(tree, api):
    """The output's tensors and structure; RuntimeError where it has none, or something else."""
    outputs, spec = _pytree.flatten(tree)
    if not outputs or (len(outputs) == 1 and outputs[0] is None):
        raise RuntimeError(f"{api}: Expected f to be a function that has non-empty output (got output = {outputs})")
    for output in outputs:
        if not isinstance(output, wengert.Tensor):
            raise RuntimeError(f"{api}: expected f(*primals) to return only tensors, got unsupported type {type(output)}")
    return outputs, spec


def _split(result, has_aux, api):
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(f"{api}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return result


def _chosen(args, argnums):
    """The arguments that argnums names: one, or a tuple."""
    if not isinstance(argnums, (int, tuple)):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    for number in numbers:
        if not isinstance(number, int):
            raise RuntimeError(f"argnum must be int, got: {type(number)}")
        if not -len(args) <= number < len(args):
            raise RuntimeError(f"Got argnum={number}, but only {len(args)} positional inputs")
    numbers = tuple(number % len(args) for number in numbers)
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    if len(set(numbers)) != len(numbers):
        raise RuntimeError(f"argnums elements must be unique, got {numbers}")
    return tuple(args[number] for number in numbers) if isinstance(argnums, tuple) else args[argnums]


def _merged(dicts):
    if isinstance(dicts, dict):
        return dict(dicts)
    if not isinstance(dicts, (tuple, list)):
        raise ValueError(f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(dicts)}")
    merged: dict = {}
    for part in dicts:
        if not isinstance(part, dict):
            raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
        repeated = [name for name in part if name in merged]
        if repeated:
            raise ValueError(f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous")
        merged.update(part)
    return merged


def _places(module, prefix=""):
    """Where each parameter and buffer of a module is kept: {qualified name: (dict, key)}."""
    places = {}
    for table in (module._parameters, module._buffers):
        places.update({prefix + key: (table, key) for key, value in table.items() if value is not None})
    for name, child in module._modules.items():
        if child is not None:
            places.update(_places(child, f"{prefix}{name}."))
    return places


def _tied(places, given):
    """given, with the value for one name of a tensor under its other names too."""
    names: dict = {}
    for name, (table, key) in places.items():
        names.setdefault(id(table[key]), []).append(name)
    result = dict(given)
    for tied in names.values():
        values = {id(given[name]): given[name] for name in tied if name in given}
        if len(values) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(tied)}, which are tied. Consider using tie_weights=False"
            )
        for value in values.values():
            result.update(dict.fromkeys(tied, value))
    return result


def _check_names(module, places, given):
    errors = []
    for word, names in (
        ("Unexpected", [name for name in given if name not in places]),
        ("Missing", [name for name in places if name not in given]),
    ):
        if names:
            errors.append(f"{word} key(s): {', '.join(map(repr, names))}.")
    if errors:
        raise RuntimeError(f"Error(s) in reparametrizing for {type(module).__name__}:\n\t" + "\n\t".join(errors))
