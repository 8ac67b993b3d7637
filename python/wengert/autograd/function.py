"""Functions with derivatives of their own: `Function`, and the node of the graph that its `forward` sees as ctx.

::

    class Exp(Function):
        @staticmethod
        def forward(ctx, input):
            result = input.exp()
            ctx.save_for_backward(result)
            return result

        @staticmethod
        def backward(ctx, grad):
            (result,) = ctx.saved_tensors
            return grad * result

    y = Exp.apply(x)

ctx is the node itself: ``y.grad_fn is ctx``. Its class, named ExpBackward, is made when Exp is first applied.
"""

import functools

from .. import _C

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx:
    """What ``forward`` and ``backward`` of a :class:`Function` see of a call. Other attributes may be set at will."""

    to_save = ()
    saved_for_forward = ()
    dirty_tensors = ()
    non_differentiable = ()
    materialize_grads = True
    needs_input_grad = ()

    def save_for_backward(self, *tensors):
        """Keeps tensors, or None, for ``saved_tensors`` in backward; called once, in forward or setup_context.

        Backward passes check that nothing has written to them since; attributes of ctx are not checked, and an output kept as
        an attribute never becomes free.
        """
        self.to_save = tensors

    def save_for_forward(self, *tensors):
        """Keeps tensors, or None, for ``saved_tensors`` in jvp."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, _C.TensorBase):
                raise AssertionError(
                    "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes on ctx."
                )
        self.saved_for_forward = tensors

    def mark_dirty(self, *args):
        """Says that forward writes to these inputs in place; it has to return them too."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args):
        """Says that these outputs have no derivative. backward is given zeros for them."""
        self.non_differentiable = args

    def set_materialize_grads(self, value):
        """Whether backward and jvp are given zeros where there is no gradient or tangent (True), or None."""
        self.materialize_grads = value


class BackwardFunction(FunctionCtx, _C.Node):
    """The node of one call. Its subclasses know their Function as ``_forward_cls``."""

    _saved: "tuple | None" = ()  # of _C.SavedTensor or None; None after it was released
    _tensor_outputs = None  # forward's outputs that are tensors, by number, where not all are
    _output_count = 1
    _in_jvp = False

    @property
    def saved_tensors(self):
        """The tensors of save_for_backward; RuntimeError after a backward pass that did not retain the graph."""
        if self._in_jvp:
            return self.saved_for_forward
        if self._saved is None:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
                "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
                "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
                "after calling backward."
            )
        return tuple([None if saved is None else _C._unpack(saved, self) for saved in self._saved])

    def run_backward(self, *given):
        """Called by the engine: a gradient or None for each tensor that forward returned, and the same for its arguments."""
        grads = list(given)
        if self.materialize_grads and any(grad is None for grad in grads):
            grads = [_zeros(*output) if grad is None else grad for grad, output in zip(grads, self.outputs, strict=True)]
        if self._tensor_outputs is not None:
            left = iter(grads)
            grads = [next(left) if number in self._tensor_outputs else None for number in range(self._output_count)]
        results = self._forward_cls._formula()(self, *grads)
        if type(results) is not tuple:
            results = (results,) if not isinstance(results, tuple) else tuple(results)
        count = len(self.needs_input_grad)
        if len(results) > count and all(result is None for result in results[count:]):
            results = results[:count]
        if len(results) != count:
            raise RuntimeError(
                f"function {type(self).__name__} returned an incorrect number of gradients (expected {count}, got {len(results)})"
            )
        for i, result in enumerate(results):
            if result is None or isinstance(result, _C.TensorBase):
                if result is not None and self._argument_is_tensor[i] is False:
                    raise RuntimeError(
                        f"function {type(self).__name__} returned a gradient different than None at position {i + 1}, but the "
                        "corresponding forward input was not a Variable"
                    )
            else:
                raise RuntimeError(f"expected Variable or None (got {type(result).__name__})")
        return results

    def release(self):
        """Called by the engine after a backward pass that does not retain the graph."""
        self._saved = None


class Function:
    """Base of functions with derivatives of their own: static methods ``forward`` and ``backward``, called by ``apply``.

    forward computes with gradients off, so that it may use anything; backward has the graph on under ``create_graph=True``, so
    that a backward made of wengert's operators can itself be differentiated. See the methods for what they take.

    >>> class Cube(wengert.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         (x,) = ctx.saved_tensors
    ...         return grad * 3 * x**2
    >>> x = wengert.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x)
    tensor(8., grad_fn=<CubeBackward>)
    >>> wengert.autograd.grad(Cube.apply(x), x)
    (tensor(12.),)
    """

    _backward_cls: type  # of the nodes: each subclass makes its own

    @staticmethod
    def forward(*args, **kwargs):
        """``forward(ctx, *args)`` returns a tensor or a tuple; with a ``setup_context`` it is ``forward(*args)``.

        Tensors among the outputs are differentiable, but for integers and what ctx.mark_non_differentiable names. An output
        that is an input, and not marked dirty, is returned as a view of it.
        """
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Called after a forward without ctx, with its arguments as a tuple and its result: keeps what backward needs."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """``backward(ctx, *grads)``: one gradient an output in, one gradient or None an argument out.

        None goes in for outputs that are no tensors, and has to come out for arguments that are none. ctx.needs_input_grad says
        of each argument whether its gradient is of use.
        """
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx, *grad_inputs):
        """``jvp(ctx, *tangents)``, for forward mode: one tangent an argument in, one tangent or None an output out."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    def __call__(self, *args, **kwargs):
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd function with "
            f"static forward method. [{type(self).__name__}.apply(...)]"
        )

    @classmethod
    def apply(cls, *args, **kwargs):
        """Calls forward and puts its call into the graph where an argument requires a gradient.

        Keyword arguments are passed on to forward; they are no inputs of the graph, unless there is a setup_context.
        """
        separate = cls.setup_context is not Function.setup_context
        if separate:
            args, kwargs = _bound(cls.forward, args, kwargs)
        ctx = cls._node_class()()
        tensors, needs, tangents = [], [], None
        for i, arg in enumerate(args):
            is_tensor = isinstance(arg, _C.TensorBase)
            tensors.append(is_tensor)
            needs.append(is_tensor and arg.requires_grad)
            if is_tensor and arg._tangent is not None:
                tangents = tangents or [None] * len(args)
                tangents[i] = arg._tangent
        ctx._argument_is_tensor, ctx.needs_input_grad = tensors, tuple(needs)
        recording = _C._set_grad_enabled(False)
        try:
            if tangents:
                _set_tangents(args, [None] * len(args), tangents)
            if separate:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, output)
            else:
                output = cls.forward(ctx, *args, **kwargs)
            outputs, differentiable = _prepared(ctx, args, output, recording and True in needs)
        finally:
            _C._set_grad_enabled(recording)
            if tangents:
                _set_tangents(args, tangents, tangents)
        if recording and True in needs:
            _attach(ctx, args, outputs, differentiable)
        if tangents:
            _pass_tangents(ctx, args, tangents, outputs)
        ctx.to_save = ()
        return outputs if isinstance(output, tuple) else outputs[0]

    @classmethod
    def _node_class(cls):
        made = cls.__dict__.get("_backward_cls")
        if made is None:
            made = cls._backward_cls = type(cls.__name__ + "Backward", (BackwardFunction,), {"_forward_cls": cls})
        return made

    @classmethod
    def _formula(cls):
        own, other = cls.backward is not Function.backward, cls.vjp is not Function.vjp
        if own and other:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement one of "
                "them."
            )
        return cls.vjp if other else cls.backward


def once_differentiable(fn):
    """Decorates a backward that cannot be differentiated again: it runs with gradients off, and a second derivative is an error.

    ::

        @staticmethod
        @once_differentiable
        def backward(ctx, grad):
            ...
    """

    @functools.wraps(fn)
    def wrapper(ctx, *args):
        recording = _C._set_grad_enabled(False)
        try:
            results = fn(ctx, *args)
        finally:
            _C._set_grad_enabled(recording)
        inputs = tuple([arg for arg in args if isinstance(arg, _C.TensorBase) and arg.requires_grad])
        if not recording or not inputs:
            return results
        several = isinstance(results, tuple)
        results = results if several else (results,)
        results = tuple([result if result is None else result.detach() for result in results])
        outputs = tuple([result for result in results if result is not None])
        node = _TwiceDifferentiated()
        node.needs_input_grad = (True,) * len(inputs)
        _C._attach(node, inputs, outputs, (True,) * len(outputs))
        return results if several else results[0]

    return wrapper


class _TwiceDifferentiated(_C.Node):
    """Where the graph of a backward that is once differentiable ends."""

    def run_backward(self, *grads):
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


def _zeros(sizes, dtype):
    return _C.functions["zeros"](sizes, dtype=dtype)


def _bound(forward, args, kwargs):
    """All arguments of a forward in order, by default where not given; those that only have a name stay apart."""
    code = getattr(forward, "__code__", None)
    if not kwargs and code is not None and len(args) == code.co_argcount and code.co_kwonlyargcount == 0:
        return args, kwargs
    import inspect

    bound = inspect.signature(forward).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.args, bound.kwargs


def _prepared(ctx, args, output, recording):
    """forward's outputs as they are returned, and which of its tensors are differentiable. Called with gradients off."""
    if isinstance(output, _C.TensorBase) and not (ctx.dirty_tensors or ctx.non_differentiable or output.requires_grad):
        for arg in args:
            if arg is output:
                break
        else:  # one new tensor: by far the most calls
            return (output,), (output.is_floating_point(),)
    given = {id(arg) for arg in args if isinstance(arg, _C.TensorBase)}
    dirty = _ids(ctx.dirty_tensors, "mark_dirty can only accept variables, but argument {} is of type {}")
    fixed = _ids(ctx.non_differentiable, "mark_non_differentiable only accepts variable arguments, but got {1}")
    outputs, differentiable = [], []
    for item in output if isinstance(output, tuple) else (output,):
        if isinstance(item, _C.TensorBase):
            counts = recording and id(item) not in fixed and item.is_floating_point()
            is_input, written = id(item) in given, id(item) in dirty
            if written and is_input:
                if counts and item.requires_grad and item.is_leaf:
                    raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
                item.detach().as_strided((0,), (1,)).zero_()  # a new version, also where forward wrote through other hands
                dirty.discard(id(item))
            if is_input and not written:
                item = item.view(item.shape) if counts or not item.requires_grad else item.detach()
            elif not is_input and item.requires_grad and not item._is_view():  # from elsewhere, with a history of its own
                item = item.detach()
            differentiable.append(counts)
        outputs.append(item)
    if dirty & given:
        raise RuntimeError(
            "Some elements marked as dirty during the forward method were not returned as output. The inputs that are modified "
            "inplace must all be outputs of the Function."
        )
    if dirty:
        import warnings

        warnings.warn(
            "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated should be passed "
            "to ctx.mark_dirty().",
            stacklevel=3,
        )
    return tuple(outputs), tuple(differentiable)


def _ids(tensors, text):
    for i, tensor in enumerate(tensors):
        if not isinstance(tensor, _C.TensorBase):
            raise RuntimeError(text.format(i, type(tensor).__name__))
    return {id(tensor) for tensor in tensors}


def _attach(ctx, args, outputs, differentiable):
    """Makes ctx the node of the outputs and saves what it is to keep."""
    for i, tensor in enumerate(ctx.to_save):
        if tensor is not None and not isinstance(tensor, _C.TensorBase):
            raise TypeError(f"save_for_backward can only save variables, but argument {i} is of type {type(tensor).__name__}")
    results = tuple([output for output in outputs if isinstance(output, _C.TensorBase)])
    if len(results) != len(outputs):
        ctx._tensor_outputs = {i for i, output in enumerate(outputs) if isinstance(output, _C.TensorBase)}
        ctx._output_count = len(outputs)
    inputs = tuple([arg if isinstance(arg, _C.TensorBase) else None for arg in args])
    _C._attach(ctx, inputs, results, differentiable)
    ctx._saved = tuple([None if tensor is None else _C._pack(tensor, ctx) for tensor in ctx.to_save])


def _set_tangents(args, values, tangents):
    for arg, value, tangent in zip(args, values, tangents, strict=True):
        if tangent is not None:
            arg._tangent = value


def _pass_tangents(ctx, args, tangents, outputs):
    """Forward mode: gives the outputs the tangents that jvp makes of the arguments'."""
    from .forward_ad import carry

    if ctx.materialize_grads:
        tangents = [
            _zeros(arg.shape, arg.dtype) if tangent is None and isinstance(arg, _C.TensorBase) else tangent
            for arg, tangent in zip(args, tangents, strict=True)
        ]
    ctx._in_jvp = True
    try:
        results = ctx._forward_cls.jvp(ctx, *tangents)
    finally:
        ctx._in_jvp = False
        ctx.saved_for_forward = ()
    results = results if isinstance(results, tuple) else (results,)
    if len(results) != len(outputs):
        raise RuntimeError(
            f"Function's jvp returned an invalid number of forward gradients (expected {len(outputs)} but got {len(results)})"
        )
    for i, (output, tangent) in enumerate(zip(outputs, results, strict=True)):
        if tangent is None:
            continue
        if not isinstance(tangent, _C.TensorBase):
            raise RuntimeError(f"expected Variable or None (got {type(tangent).__name__}) for grad output {i}.")
        if not isinstance(output, _C.TensorBase):
            raise RuntimeError(
                f"Function's jvp returned a gradient at position {i}, but the corresponding forward output is not a differentiable "
                "Tensor. You should return None at that position instead."
            )
        if output.is_floating_point():
            carry(output, tangent)
