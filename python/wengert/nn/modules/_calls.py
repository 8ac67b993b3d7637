"""What happens around a module's forward: its hooks, those of all modules, and the note on an error about where it happened.

Most modules have no hooks, and their call goes straight to forward. The first registration on a module sets its flag ``_hooked``.
"""

from collections import OrderedDict

from wengert import Tensor
from wengert import is_grad_enabled as _is_grad_enabled

from ...utils.hooks import RemovableHandle

__all__ = [
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]


def register(hooks, hook, prepend=False, flags=()):
    """Puts hook into an OrderedDict of hooks, before the others with prepend, and its id into the flags; returns its handle."""
    while (handle := RemovableHandle(hooks, extra_dict=list(flags))).id in hooks:  # a module that was pickled has old ids
        pass
    hooks[handle.id] = hook
    for flag in flags:
        flag[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


# ---- hooks of all modules

forward_pre_hooks: OrderedDict = OrderedDict()
forward_hooks: OrderedDict = OrderedDict()
forward_with_kwargs: dict = {}
forward_always_called: dict = {}
backward_pre_hooks: OrderedDict = OrderedDict()
backward_hooks: OrderedDict = OrderedDict()
# hook(module, name, what is registered) may return something else to register
buffer_registration_hooks: OrderedDict = OrderedDict()
module_registration_hooks: OrderedDict = OrderedDict()
parameter_registration_hooks: OrderedDict = OrderedDict()

ANY: list = []  # the dicts among the first that have had a hook: empty as long as nobody registers one
_all_full = True  # whether backward_hooks are of register_module_full_backward_hook


def _register_for_all(hooks, hook, flags=()):
    if not any(known is hooks for known in ANY):
        ANY.append(hooks)
    return register(hooks, hook, flags=flags)


def _register_backward_for_all(hook, full):
    global _all_full
    if backward_hooks and _all_full is not full:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. Please use only one of them."
        )
    _all_full = full
    return _register_for_all(backward_hooks, hook)


def register_module_forward_pre_hook(hook):
    """hook(module, args) runs before the forward of every module and may return other args; returns a handle."""
    return _register_for_all(forward_pre_hooks, hook)


def register_module_forward_hook(hook, *, with_kwargs=False, always_call=False):
    """hook(module, args, output) runs after the forward of every module and may return another output; returns a handle.

    With with_kwargs it is hook(module, args, kwargs, output). With always_call it runs although forward has raised.
    """
    flags = [flag for flag, on in ((forward_with_kwargs, with_kwargs), (forward_always_called, always_call)) if on]
    return _register_for_all(forward_hooks, hook, flags)


def register_module_full_backward_pre_hook(hook):
    """hook(module, grad_output) runs before the backward pass of every module; see Module.register_full_backward_pre_hook."""
    return _register_for_all(backward_pre_hooks, hook)


def register_module_full_backward_hook(hook):
    """hook(module, grad_input, grad_output) runs in the backward pass of every module; see Module.register_full_backward_hook."""
    return _register_backward_for_all(hook, True)


def register_module_backward_hook(hook):
    """PyTorch's deprecated form of register_module_full_backward_hook: the hook sees the last node of a module alone."""
    return _register_backward_for_all(hook, False)


def register_module_buffer_registration_hook(hook):
    """hook(module, name, buffer) runs when a buffer is registered, and may return another; returns a handle."""
    return register(buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook):
    """hook(module, name, submodule) runs when a submodule is registered, and may return another; returns a handle."""
    return register(module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook):
    """hook(module, name, parameter) runs when a parameter is registered, and may return another; returns a handle."""
    return register(parameter_registration_hooks, hook)


def registered(hooks, module, name, value):
    """value, or what the registration hooks want in its place."""
    for hook in hooks.values():
        other = hook(module, name, value)
        if other is not None:
            value = other
    return value


# ---- a call


def call_with_hooks(module, args, kwargs):
    """The output of module(*args, **kwargs), through all hooks."""
    done = set()
    output = None
    try:
        for key, hook in [*forward_pre_hooks.items(), *module._forward_pre_hooks.items()]:
            args, kwargs = _changed_arguments(hook, key in module._forward_pre_hooks_with_kwargs, module, args, kwargs)
        before = [*backward_pre_hooks.values(), *module._backward_pre_hooks.values()]
        every = list(backward_hooks.values())
        after, last_only = (every, []) if _all_full else ([], every)
        (last_only if module._is_full_backward_hook is False else after).extend(module._backward_hooks.values())
        gates = _Gates(module, after, before) if after or before else None
        if gates:
            args = gates.around_inputs(args)
        output = module.forward(*args, **kwargs)
        for key, hook in [*forward_hooks.items(), *module._forward_hooks.items()]:
            done.add(key)
            output = _changed_output(key, hook, module, args, kwargs, output)
        if gates:
            output = gates.around_output(output)
        if last_only:
            _register_on_last_node(last_only, module, output)
        return output
    except Exception:
        for key, hook in [*forward_hooks.items(), *module._forward_hooks.items()]:
            if key not in done and (key in forward_always_called or key in module._forward_hooks_always_called):
                try:
                    output = _changed_output(key, hook, module, args, kwargs, output)
                except Exception as error:
                    _warn_silenced(error)
        raise


def _changed_arguments(hook, with_kwargs, module, args, kwargs):
    changed = hook(module, args, kwargs) if with_kwargs else hook(module, args)
    if changed is None:
        return args, kwargs
    if not with_kwargs:
        return (changed if isinstance(changed, tuple) else (changed,)), kwargs
    if not (isinstance(changed, tuple) and len(changed) == 2):
        raise RuntimeError(f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}.")
    return changed


def _changed_output(key, hook, module, args, kwargs, output):
    with_kwargs = key in forward_with_kwargs or key in module._forward_hooks_with_kwargs
    changed = hook(module, args, kwargs, output) if with_kwargs else hook(module, args, output)
    return output if changed is None else changed


def _warn_silenced(error):
    import warnings

    warnings.warn(
        "module forward hook with ``always_call=True`` raised an exception that was silenced as another error was raised in "
        f"forward: {error}",
        stacklevel=5,
    )


# ---- backward hooks: nodes of the graph before a module's inputs and after its output, which the gradients pass


class _Gates:
    """The two nodes around one call of a module, and the hooks that they run."""

    def __init__(self, module, hooks, pre_hooks):
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.grad_output = None  # between the two nodes of a backward pass
        self.input_count, self.inputs_pass = 0, False

    def around_inputs(self, args):
        self.input_count = len(args)
        args, self.inputs_pass = _through_gate(self._at_inputs, args)
        return args

    def around_output(self, output):
        if isinstance(output, tuple):
            items, _ = _through_gate(self._at_output, output)
            return items if type(output) is tuple else type(output)(*items)
        if not isinstance(output, Tensor):
            import warnings

            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                f"{type(output)}",
                stacklevel=4,
            )
        return _through_gate(self._at_output, (output,))[0][0]

    def _at_inputs(self, grads):
        if self.grad_output is None:  # the gradient came past the module's output, in a second derivative
            return grads
        for hook in self.hooks:
            changed = hook(self.module, grads, self.grad_output)
            if changed is None:
                continue
            changed = changed if isinstance(changed, tuple) else (changed,)
            if len(changed) != len(grads):
                raise RuntimeError(
                    f"Backward hook returned an invalid number of grad_input, got {len(changed)}, but expected {len(grads)}"
                )
            grads = changed
        self.grad_output = None
        return grads

    def _at_output(self, grads):
        for hook in self.pre_hooks:
            changed = hook(self.module, grads)
            if changed is None:
                continue
            changed = changed if isinstance(changed, tuple) else (changed,)
            if len(changed) != len(grads):
                raise RuntimeError(
                    f"Backward pre hook returned an invalid number of grad_output, got {len(changed)}, but expected {len(grads)}"
                )
            grads = changed
        if self.inputs_pass:
            self.grad_output = grads
        else:
            self._without_inputs(grads)
        return grads

    def _without_inputs(self, grads):
        if not self.hooks:
            return
        import warnings

        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs require "
            "gradients.",
            stacklevel=2,
        )
        for hook in self.hooks:
            changed = hook(self.module, (None,) * self.input_count, grads)
            if changed is not None and not (isinstance(changed, tuple) and all(item is None for item in changed)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None for all gradients."
                )


def _through_gate(function, items):
    """The items with their tensors passed through one node, and whether any needs a gradient: function(grads, None for others)."""
    places = [i for i, item in enumerate(items) if isinstance(item, Tensor)]
    if not (_is_grad_enabled() and any(items[i].requires_grad for i in places)):
        return items, False

    def at_tensors(grads):
        every = [None] * len(items)
        for place, grad in zip(places, grads, strict=True):
            every[place] = grad
        results = function(tuple(every))
        return tuple([results[place] for place in places])

    passed = _gate().apply(at_tensors, *[items[place] for place in places])
    result = list(items)
    for place, tensor in zip(places, passed, strict=True):
        result[place] = tensor
    return tuple(result), True


def _gate():
    """The Function of the gates; autograd.Function is loaded with the first backward hook."""
    global _Gate
    if _Gate is None:
        from ...autograd import Function

        class BackwardHookFunction(Function):
            @staticmethod
            def forward(ctx, function, *tensors):
                ctx.function = function
                ctx.set_materialize_grads(False)
                ctx.mark_non_differentiable(*[tensor for tensor in tensors if not tensor.requires_grad])
                return tensors

            @staticmethod
            def backward(ctx, *grads):
                results = ctx.function(grads)
                return (None, *[grad if need else None for grad, need in zip(results, ctx.needs_input_grad[1:], strict=True)])

        _Gate = BackwardHookFunction
    return _Gate


_Gate: type | None = None


def _register_on_last_node(hooks, module, output):
    """The deprecated hooks: hook(module, grad_inputs, grad_outputs) of the node that made the output."""
    while not isinstance(output, Tensor):
        output = next(v for v in output.values() if isinstance(v, Tensor)) if isinstance(output, dict) else output[0]
    node = output.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(lambda grad_input, grad_output, hook=hook: hook(module, grad_input, grad_output))


# ---- errors


def add_note(error, module, args, kwargs):
    """Says on an error in which module it happened and what the module was given: "in net.2 Linear(...), given (2, 5) float32".

    The innermost module writes the note, and those around it put its name in them before it.
    """
    try:
        place = error.__dict__.get("_wengert_module")
        if place is None:
            inner, name, given = module, "", _described(args, kwargs)
        else:
            inner, name, given = place[:3]
            if inner is not module:
                name = next((found for found, one in module.named_modules() if one is inner), name)
            if place[3] in error.__notes__:
                error.__notes__.remove(place[3])
        title = repr(inner) if not inner._modules else f"{type(inner).__name__}(...)"
        note = f"in {name} {title}, given {given}" if name else f"in {title}, given {given}"
        error._wengert_module = (inner, name, given, note)
        error.add_note(note)
    except Exception:  # a module that cannot even be printed must not hide the error
        return


def _described(args, kwargs):
    def one(value):
        if isinstance(value, Tensor):
            return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
        if isinstance(value, (tuple, list)):
            return f"[{', '.join(map(one, value))}]"
        return type(value).__name__

    return ", ".join([*map(one, args), *[f"{name}={one(value)}" for name, value in kwargs.items()]]) or "nothing"
