"""Checkpoints: a function's intermediate tensors are not kept for the backward pass, which calls the function again.

Without checkpoints a graph keeps what its formulas ask for. :func:`checkpoint` keeps the function's arguments instead, and
the backward pass through it costs one more call. Two ways:

* ``use_reentrant=False`` records the graph as usual, but what nodes save is replaced by placeholders
  (:class:`wengert.autograd.graph.saved_tensors_hooks`). The first one that the backward pass asks for makes the function run
  again; what that call saves, in the same order, fills the placeholders. Everything that works on a graph works.
* ``use_reentrant=True`` records one node for the whole function. Its backward pass runs the function again and calls
  ``backward`` on the result, so that ``wengert.autograd.grad`` cannot be used, and at least one argument must require a gradient.

The function has to do the same in both calls; random numbers are the same, since the generator's state is kept.
"""

import contextlib
import os
import sys
import warnings
import weakref

import wengert

from ..autograd.function import Function
from ..autograd.graph import saved_tensors_hooks
from ..random import fork_rng

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn", "set_checkpoint_early_stop"]

_PACKAGE = os.path.dirname(os.path.dirname(__file__))
_early_stop = None  # set_checkpoint_early_stop


class CheckpointError(RuntimeError):
    """The second call of a checkpointed function differs from the first."""


def noop_context_fn():
    """The default of context_fn: no contexts."""
    return contextlib.nullcontext(), contextlib.nullcontext()


@contextlib.contextmanager
def set_checkpoint_early_stop(enable):
    """Checkpoints made in a ``with`` block end their second call when all that is needed has been computed, or they do not.

    >>> with wengert.utils.checkpoint.set_checkpoint_early_stop(False):
    ...     y = wengert.utils.checkpoint.checkpoint(wengert.exp, wengert.ones(2), use_reentrant=False)
    """
    global _early_stop
    before, _early_stop = _early_stop, enable
    try:
        yield
    finally:
        _early_stop = before


def checkpoint(
    function,
    *args,
    use_reentrant=None,
    context_fn=noop_context_fn,
    determinism_check="default",
    debug=False,
    early_stop=True,
    preserve_rng_state=True,
    **kwargs,
):
    """function(*args, **kwargs), whose intermediate tensors are computed again in the backward pass.

    Args:
        use_reentrant: which of the two ways, at the head of this module; give it: None warns and counts as True.
        context_fn: returns two context managers, for the first call and for the second.
        determinism_check: "default" compares sizes and dtypes of what the two calls save, "none" does not.
        debug: errors say which lines saved the tensors.
        early_stop: the second call ends when all that is needed has been computed.
        preserve_rng_state: the second call sees the random numbers of the first.

    kwargs, context_fn, determinism_check, debug and early_stop are for use_reentrant=False. CheckpointError where the second call
    saves other tensors than the first.

    >>> x = wengert.tensor([1.0, 2.0], requires_grad=True)
    >>> y = wengert.utils.checkpoint.checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False)
    >>> y.sum().backward()
    >>> x.grad
    tensor([-2.4783,  3.3129])
    """
    if use_reentrant is None:
        warnings.warn(_ASK.format("checkpoint"), stacklevel=2)
        use_reentrant = True
    if not use_reentrant:
        if determinism_check not in ("default", "none"):
            raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
        if debug and context_fn is not noop_context_fn:
            raise ValueError("debug=True is incompatible with non-default context_fn")
        stop = early_stop if _early_stop is None else _early_stop
        region = _Region(function, args, kwargs, context_fn(), preserve_rng_state, determinism_check == "default", debug, stop)
        return region.call(args, kwargs)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if context_fn is not noop_context_fn or debug:
        raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
    if wengert.is_grad_enabled() and not any(isinstance(arg, wengert.Tensor) and arg.requires_grad for arg in args):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)
    return CheckpointFunction.apply(function, preserve_rng_state, *args)


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """The functions one after the other, in segments of which all but the last are checkpointed.

    functions is a list or a module with ``children()``; each takes the result of the one before. The options are
    use_reentrant and preserve_rng_state of :func:`checkpoint`.

    >>> x = wengert.tensor([1.0], requires_grad=True)
    >>> wengert.utils.checkpoint.checkpoint_sequential([wengert.exp, wengert.sin], 2, x, use_reentrant=False).backward()
    >>> x.grad
    tensor([-2.4783])
    """
    if use_reentrant is None:
        warnings.warn(_ASK.format("checkpoint_sequential"), stacklevel=2)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    functions = list(functions.children() if hasattr(functions, "children") else functions)
    size = len(functions) // segments
    split = size * (segments - 1)
    for start in range(0, split, size) if size else ():
        part = _in_order(functions[start : start + size])
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return _in_order(functions[split:])(input)


_ASK = (
    "torch.utils.checkpoint.{}: the use_reentrant parameter should be passed explicitly. use_reentrant=False is recommended, "
    "but if you need to preserve the current default behavior, you can pass use_reentrant=True."
)


def _in_order(functions):
    def run(input):
        for function in functions:
            input = function(input)
        return input

    return run


# use_reentrant=False --------------------------------------------------------------------------------------------------


class _Stop(BaseException):
    """Ends the second call. No Exception, so that a function which catches those lets it pass."""


class _Placeholder:
    """Stands for a tensor that the first call saved."""

    __slots__ = ("__weakref__", "place", "region", "value", "where")

    def __init__(self, region, place, where, about):
        self.region, self.place, self.where = region, (place, about), where
        self.value = None


class _Region:
    """One checkpointed call. The graph's placeholders keep it alive; it knows them weakly, in the order they were saved in.

    Tensors among the arguments are saved by a node of their own, made before the placeholders come in: in a checkpoint inside
    another one they are placeholders of the outer one, and nothing in between stays in memory.
    """

    def __init__(self, function, args, kwargs, contexts, preserve_rng_state, compare, debug, early_stop):
        self.function = function
        self.first_context, self.second_context = contexts
        self.compare, self.debug, self.early_stop = compare, debug, early_stop
        self.state = wengert.get_rng_state() if preserve_rng_state else None
        self.placeholders = []
        values = (*args, *kwargs.values())
        self.names = tuple(kwargs)
        self.tensors = [i for i, value in enumerate(values) if isinstance(value, wengert.Tensor)]
        self.others = [None if i in self.tensors else value for i, value in enumerate(values)]
        self.complete = False  # the first call has come to its end
        with wengert.enable_grad():
            anchor = wengert.empty(0, requires_grad=True)
            self.node = _Keep.apply(anchor, *(values[i] for i in self.tensors)).grad_fn

    def call(self, args, kwargs):
        with saved_tensors_hooks(self.pack, _fill), self.first_context:
            result = self.function(*args, **kwargs)
        self.complete = True
        return result

    def pack(self, tensor):
        where = _line_of_call() if self.debug else None
        placeholder = _Placeholder(self, len(self.placeholders), where, _about(tensor))
        self.placeholders.append(weakref.ref(placeholder))
        return placeholder

    def arguments(self):
        values = list(self.others)
        for i, tensor in zip(self.tensors, self.node.saved_tensors, strict=True):
            values[i] = tensor
        count = len(values) - len(self.names)
        return values[:count], dict(zip(self.names, values[count:], strict=True))

    def fill(self):
        """Calls the function again and fills the placeholders that are still there."""
        try:
            self.call_again()
        except BaseException:
            for reference in self.placeholders:
                if (placeholder := reference()) is not None:
                    placeholder.value = None
            raise

    def call_again(self):
        args, kwargs = self.arguments()
        count = len(self.placeholders)
        saved = 0
        lines: list = []

        def pack(tensor):
            nonlocal saved
            if saved >= count:
                # A backward pass inside the function's first call comes before all has been saved.
                if self.complete:
                    raise CheckpointError(
                        "torch.utils.checkpoint: trying to save more tensors during recomputation than during the original forward "
                        "pass." + self.trace(lines)
                    )
                return tensor
            placeholder = self.placeholders[saved]()
            saved += 1
            if self.debug:
                lines.append(_line_of_call())
            if placeholder is not None:
                placeholder.value = tensor
            if self.early_stop and saved == count:
                raise _Stop
            return tensor

        with (
            fork_rng(enabled=self.state is not None),
            wengert.enable_grad(),
            saved_tensors_hooks(pack, lambda tensor: tensor),
            self.second_context,
            contextlib.suppress(_Stop),
        ):
            if self.state is not None:
                wengert.set_rng_state(self.state)
            self.function(*args, **kwargs)
        if saved != count:
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and recomputation.\n"
                f"Number of tensors saved during forward: {count}\n"
                f"Number of tensors saved during recomputation: {saved}." + self.trace(lines)
            )
        if self.compare:
            self.check(lines)

    def check(self, lines):
        different = []
        for placeholder in filter(None, (reference() for reference in self.placeholders)):
            place, about = placeholder.place
            if _about(placeholder.value) != about:
                different.append(
                    f"tensor at position {place}:\nsaved metadata: {about}\nrecomputed metadata: {_about(placeholder.value)}"
                )
        if different:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than during the "
                "forward pass.\n" + "\n".join(different) + self.trace(lines)
            )

    def trace(self, lines):
        if not self.debug:
            return "\nTip: checkpoint(..., debug=True) names the lines that saved the tensors."
        first = [placeholder.where if placeholder else "(freed)" for placeholder in (ref() for ref in self.placeholders)]
        return "\nSaved during forward:\n  " + "\n  ".join(first) + "\nSaved during recomputation:\n  " + "\n  ".join(lines)


class _Keep(Function):
    """A node that saves tensors."""

    @staticmethod
    def forward(ctx, anchor, *tensors):
        ctx.save_for_backward(*tensors)
        return anchor.clone()

    @staticmethod
    def backward(ctx, grad):
        raise AssertionError("this node is in no graph")


def _fill(placeholder):
    """The tensor that a placeholder stands for. It is given away: what a second backward pass asks for is computed again."""
    if placeholder.value is None:
        placeholder.region.fill()
    value, placeholder.value = placeholder.value, None
    return value


def _about(tensor):
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


def _line_of_call():
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


# use_reentrant=True ---------------------------------------------------------------------------------------------------


class CheckpointFunction(Function):
    """``apply(function, preserve_rng_state, *args)``: one node, whose backward pass runs the function again."""

    @staticmethod
    def forward(ctx, function, preserve_rng_state, *args):
        ctx.function = function
        ctx.state = wengert.get_rng_state() if preserve_rng_state else None
        ctx.others = [None if isinstance(arg, wengert.Tensor) else arg for arg in args]
        ctx.places = [i for i, arg in enumerate(args) if isinstance(arg, wengert.Tensor)]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        return function(*args)

    @staticmethod
    def backward(ctx, *grads):
        if wengert._C._is_restricted():
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` parameter to "
                ".backward(). To resolve this error, you can either set use_reentrant=False, or call .backward() without passing the "
                "`inputs` argument."
            )
        args = list(ctx.others)
        for i, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            args[i] = tensor.detach().requires_grad_(tensor.requires_grad)
        with fork_rng(enabled=ctx.state is not None), wengert.enable_grad():
            if ctx.state is not None:
                wengert.set_rng_state(ctx.state)
            outputs = ctx.function(*args)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [
            (output, grad)
            for output, grad in zip(outputs, grads, strict=True)
            if isinstance(output, wengert.Tensor) and output.requires_grad
        ]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        outputs, grads = zip(*pairs, strict=True)
        wengert.autograd.backward(outputs, grads)
        return (None, None, *(arg.grad if isinstance(arg, wengert.Tensor) else None for arg in args))
