"""Module, the base of all layers and networks."""

from collections import OrderedDict

import wengert
from wengert import Tensor, device, dtype

from ..parameter import Buffer, Parameter
from . import _calls
from ._calls import ANY as _hooks_of_all
from ._calls import add_note as _add_note
from ._calls import (
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from ._state import StatefulModule

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]


class _NoHooks(dict):
    """The hooks of every module that has had none."""

    def __setitem__(self, key, hook):
        raise TypeError("hooks are added by the module's methods register_forward_hook, register_forward_pre_hook and the like")


_NONE = _NoHooks()


def typename(value):
    """How PyTorch's messages name the type of value: 'int', 'torch.FloatTensor', 'wengert.nn.modules.linear.Linear'."""
    if isinstance(value, Tensor):
        return value.type()
    cls = value if isinstance(value, type) else type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _indented(text, spaces):
    first, *rest = text.split("\n")
    return "\n".join([first, *[" " * spaces + line for line in rest]])


class Module(StatefulModule):
    """The base of all layers and networks: it finds the parameters, buffers and modules among its attributes.

    A subclass calls ``super().__init__()`` first, assigns its parts to attributes, and defines ``forward``. A module is called
    like a function. An error inside says in which module, by its path from the outermost one, and on which shapes it happened.

    >>> class Scale(wengert.nn.Module):
    ...     def __init__(self, size):
    ...         super().__init__()
    ...         self.factor = wengert.nn.Parameter(wengert.ones(size))
    ...     def forward(self, input):
    ...         return input * self.factor
    >>> scale = Scale(2)
    >>> scale(wengert.tensor([1.0, 2.0]))
    tensor([1., 2.], grad_fn=<MulBackward0>)
    >>> [name for name, parameter in scale.named_parameters()]
    ['factor']
    """

    dump_patches = False
    training = True
    call_super_init = False  # whether __init__ passes its arguments on to the next class

    _hooked = False  # whether forward or backward hooks were ever registered on this module
    _forward_hooks = _forward_hooks_with_kwargs = _forward_hooks_always_called = _NONE
    _forward_pre_hooks = _forward_pre_hooks_with_kwargs = _NONE
    _backward_hooks = _backward_pre_hooks = _NONE
    _state_dict_hooks = _state_dict_pre_hooks = _load_state_dict_pre_hooks = _load_state_dict_post_hooks = _NONE
    _is_full_backward_hook = None

    def __init__(self, *args, **kwargs):
        if self.call_super_init is False:
            name = type(self).__name__
            if kwargs:
                raise TypeError(f"{name}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'")
            if args:
                raise TypeError(f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were given")
        fields = self.__dict__
        fields["training"] = True
        fields["_parameters"] = {}
        fields["_buffers"] = {}
        fields["_non_persistent_buffers_set"] = set()
        fields["_modules"] = {}
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def forward(self, *input):
        """What calling the module computes; every subclass defines it."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args, **kwargs):
        try:
            if self._hooked or _hooks_of_all:
                return _calls.call_with_hooks(self, args, kwargs)
            return self.forward(*args, **kwargs)
        except Exception as error:
            _add_note(error, self, args, kwargs)
            raise

    # ---- attributes

    def __getattr__(self, name):
        fields = self.__dict__
        if "_parameters" in fields:  # Module.__init__ has run
            if name in fields["_parameters"]:
                return fields["_parameters"][name]
            if name in fields["_buffers"]:
                return fields["_buffers"][name]
            if name in fields["_modules"]:
                return fields["_modules"][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)

    def __setattr__(self, name, value):
        fields = self.__dict__
        if isinstance(value, Parameter):
            self._forget(name, "_parameters", "cannot assign parameters before Module.__init__() call")
            self.register_parameter(name, value)
            return
        if isinstance(value, Module):
            self._forget(name, "_modules", "cannot assign module before Module.__init__() call")
            fields["_modules"][name] = _calls.registered(_calls.module_registration_hooks, self, name, value)
            return
        if isinstance(value, Buffer):
            self._forget(name, "_buffers", "cannot assign buffer before Module.__init__() call")
            self.register_buffer(name, value, value.persistent)
            return
        for place, kind, allowed in (
            ("_parameters", "parameter", "torch.nn.Parameter"),
            ("_modules", "child module", "torch.nn.Module"),
            ("_buffers", "buffer", "torch.nn.Buffer, torch.Tensor"),
        ):
            values = fields.get(place)
            if values is not None and name in values:
                if value is None:
                    values[name] = None
                elif place == "_buffers" and isinstance(value, Tensor):
                    values[name] = _calls.registered(_calls.buffer_registration_hooks, self, name, value)
                else:
                    raise TypeError(f"cannot assign '{typename(value)}' as {kind} '{name}' ({allowed} or None expected)")
                return
        object.__setattr__(self, name, value)

    def _forget(self, name, place, message):
        """Takes name out of everything but place. AttributeError(message) before Module.__init__."""
        fields = self.__dict__
        if place not in fields:
            raise AttributeError(message)
        fields.pop(name, None)
        for other in ("_parameters", "_buffers", "_modules"):
            if other != place:
                fields[other].pop(name, None)
        fields["_non_persistent_buffers_set"].discard(name)

    def __delattr__(self, name):
        for place in (self._parameters, self._buffers, self._modules):
            if name in place:
                del place[name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self):
        keys = [*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers]
        return sorted(key for key in keys if not key[0].isdigit())

    def _check_name(self, kind, name, known):
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in known:
            raise KeyError(f"attribute '{name}' already exists")

    def register_buffer(self, name, tensor, persistent=True):
        """Adds a tensor, or None, that the module stores but does not train; state_dict leaves it out unless persistent.

        KeyError for a name that has a dot, is empty or is another attribute's; TypeError for what is no tensor.
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"cannot assign '{typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)")
        self._buffers[name] = _calls.registered(_calls.buffer_registration_hooks, self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name, param):
        """Adds a Parameter, or None. Errors as register_buffer, and ValueError for a tensor that is no leaf."""
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_name("parameter", name, self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly. To express "
                    f"'{name}' as a function of another Tensor, compute the value in the forward() method."
                )
            param = _calls.registered(_calls.parameter_registration_hooks, self, name, param)
        self._parameters[name] = param

    def add_module(self, name, module):
        """Adds a submodule, or None. Errors as register_buffer."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = _calls.registered(_calls.module_registration_hooks, self, name, module)

    def register_module(self, name, module):
        """As add_module."""
        self.add_module(name, module)

    def _owner(self, target, kind):
        """(module, last part of its name) for a dotted name."""
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if not hasattr(owner, name):
            raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
        return owner, name

    def get_submodule(self, target):
        """The submodule of a dotted name; "" is the module itself. AttributeError where there is none.

        >>> net = wengert.nn.Sequential(wengert.nn.Sequential(wengert.nn.Identity()))
        >>> net.get_submodule("0.0")
        Identity()
        """
        module = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target, module, strict=False):
        """Puts module in place of the submodule of a dotted name; without strict, also where there was none."""
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        path, _, name = target.rpartition(".")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        owner = self.get_submodule(path)
        if strict and not hasattr(owner, name):
            raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
        if hasattr(owner, name) and not isinstance(getattr(owner, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(owner, name, module)

    def get_parameter(self, target):
        """The parameter of a dotted name. AttributeError where there is none."""
        owner, name = self._owner(target, "parameter")
        parameter = getattr(owner, name)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return parameter

    def get_buffer(self, target):
        """The buffer of a dotted name. AttributeError where there is none."""
        owner, name = self._owner(target, "buffer")
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return getattr(owner, name)

    # ---- walking over the parts

    def _named_members(self, get_members_fn, prefix="", recurse=True, remove_duplicate=True):
        """(dotted name, member) for the members that get_members_fn(module) lists, once each with remove_duplicate."""
        seen = set()
        for path, module in (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        ):
            for name, member in get_members_fn(module):
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield f"{path}.{name}" if path else name, member

    def parameters(self, recurse=True):
        """Iterates over the parameters of the module and, with recurse, its submodules, each once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """Iterates over (dotted name, parameter).

        >>> [name for name, parameter in wengert.nn.Linear(2, 3).named_parameters("layer")]
        ['layer.weight', 'layer.bias']
        """
        yield from self._named_members(lambda module: module._parameters.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse=True):
        """Iterates over the buffers of the module and, with recurse, its submodules, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        """Iterates over (dotted name, buffer)."""
        yield from self._named_members(lambda module: module._buffers.items(), prefix, recurse, remove_duplicate)

    def children(self):
        """Iterates over the direct submodules, each once."""
        for _, module in self.named_children():
            yield module

    def named_children(self):
        """Iterates over (name, direct submodule)."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def modules(self):
        """Iterates over the module itself and all modules inside, each once."""
        for _, module in self.named_modules():
            yield module

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """Iterates over (dotted name, module), the module itself first; memo is a set of modules to leave out."""
        memo = set() if memo is None else memo
        if self not in memo:
            if remove_duplicate:
                memo.add(self)
            yield prefix, self
            for name, module in self._modules.items():
                if module is not None:
                    yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def apply(self, fn):
        """Calls fn on every submodule, the innermost first, and on the module, which it returns."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # ---- all tensors at once

    def _apply(self, fn, recurse=True):
        """Puts fn(tensor) in place of every parameter, its gradient, and every buffer."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        with wengert.no_grad():
            for parameter in self._parameters.values():
                if parameter is None:
                    continue
                grad, result = parameter.grad, fn(parameter)
                if result is not parameter:
                    parameter.data = result
                if grad is not None:
                    parameter.grad = None
                    parameter.grad = fn(grad).requires_grad_(grad.requires_grad)
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def to(self, *args, **kwargs):
        """Moves parameters and buffers to a device (the CPU) and those with float dtypes to dtype, in place.

        Called as to(device=None, dtype=None, non_blocking=False), to(dtype) or to(tensor). TypeError for a dtype that is not
        a float's.

        >>> wengert.nn.Linear(2, 1).to(wengert.float64).weight.dtype
        torch.float64
        """
        where, kind, non_blocking = _parse_to(*args, **kwargs)
        if kind is not None and not kind.is_floating_point:
            raise TypeError(f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={kind}")
        return self._apply(
            lambda t: t.to(where or t.device, kind if kind is not None and t.is_floating_point() else t.dtype, non_blocking)
        )

    def to_empty(self, *, device, recurse=True):
        """Puts memory of unknown content in place of that of all parameters and buffers."""
        return self._apply(lambda tensor: wengert.empty_like(tensor, device=device), recurse=recurse)

    def type(self, dst_type):
        """Casts all parameters and buffers to a dtype."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def float(self):
        """Casts parameters and buffers with float dtypes to float32."""
        return self._apply(lambda tensor: tensor.float() if tensor.is_floating_point() else tensor)

    def double(self):
        """Casts parameters and buffers with float dtypes to float64."""
        return self._apply(lambda tensor: tensor.double() if tensor.is_floating_point() else tensor)

    def half(self):
        """TypeError: float16 is not covered."""
        raise TypeError("wengert has no dtype float16; float32 is the smallest float dtype it covers")

    def bfloat16(self):
        """TypeError: bfloat16 is not covered."""
        raise TypeError("wengert has no dtype bfloat16; float32 is the smallest float dtype it covers")

    def cpu(self):
        """The module itself: all tensors are on the CPU."""
        return self

    def cuda(self, device=None):
        """RuntimeError: there is only the CPU."""
        return self.to("cuda")

    def share_memory(self):
        """RuntimeError: tensors in memory that processes share are not covered."""
        raise RuntimeError(
            "wengert does not cover share_memory(); a forked process has the parameters of its parent's as a copy"
        )

    def compile(self, *args, **kwargs):
        """RuntimeError: there is no compiler."""
        raise RuntimeError("wengert does not cover Module.compile(); call the module as it is")

    def requires_grad_(self, requires_grad=True):
        """Sets requires_grad of all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Forgets the gradients of all parameters, or fills them with zeros where set_to_none is False."""
        for parameter in self.parameters():
            grad = parameter.grad
            if grad is None:
                continue
            if set_to_none:
                parameter.grad = None
            else:
                if grad.grad_fn is not None:
                    grad.detach_()
                else:
                    grad.requires_grad_(False)
                grad.zero_()

    def train(self, mode=True):
        """Sets ``training`` of all modules inside, which Dropout, BatchNorm and others heed."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """train(False)."""
        return self.train(False)

    # ---- hooks

    def _own_hooks(self, name):
        """The module's own dict of hooks of that name."""
        hooks = self.__dict__.get(name)
        if hooks is None:
            hooks = self.__dict__[name] = OrderedDict()
        return hooks

    def _register(self, name, hook, prepend=False, flags=()):
        self.__dict__["_hooked"] = True
        return _calls.register(self._own_hooks(name), hook, prepend, [self._own_hooks(flag) for flag in flags])

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """hook(module, args) runs before forward and may return other args; returns a handle.

        With with_kwargs it is hook(module, args, kwargs) and may return (args, kwargs). With prepend it runs before the others.
        """
        flags = ["_forward_pre_hooks_with_kwargs"] if with_kwargs else []
        return self._register("_forward_pre_hooks", hook, prepend, flags)

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        """hook(module, args, output) runs after forward and may return another output; returns a handle.

        With with_kwargs it is hook(module, args, kwargs, output). With always_call it runs although forward has raised.

        >>> layer = wengert.nn.Identity()
        >>> with layer.register_forward_hook(lambda module, args, output: output * 2):
        ...     layer(wengert.ones(2))
        tensor([2., 2.])
        """
        flags = ["_forward_hooks_with_kwargs"] if with_kwargs else []
        flags += ["_forward_hooks_always_called"] if always_call else []
        return self._register("_forward_hooks", hook, prepend, flags)

    def register_full_backward_pre_hook(self, hook, prepend=False):
        """hook(module, grad_output) runs before the gradients pass the module, and may return others; returns a handle.

        grad_output is a tuple of the gradients to what forward returned.
        """
        return self._register("_backward_pre_hooks", hook, prepend)

    def register_full_backward_hook(self, hook, prepend=False):
        """hook(module, grad_input, grad_output) runs when the gradients have passed the module; returns a handle.

        The two are tuples of gradients to forward's positional arguments and to what it returned, None for what is no tensor.
        The hook may return another grad_input.
        """
        return self._register_backward(hook, prepend, True)

    def register_backward_hook(self, hook):
        """PyTorch's deprecated form of register_full_backward_hook: the hook sees the last node of the module alone."""
        return self._register_backward(hook, False, False)

    def _register_backward(self, hook, prepend, full):
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only one of them."
            )
        self._is_full_backward_hook = full
        return self._register("_backward_hooks", hook, prepend)

    # ---- printing

    def _get_name(self):
        return type(self).__name__

    def extra_repr(self):
        """What stands between the parentheses of the module's repr; subclasses define it."""
        return ""

    def __repr__(self):
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        children = [f"({name}): {_indented(repr(module), 2)}" for name, module in self._modules.items()]
        lines = extra_lines + children
        if not lines:
            return self._get_name() + "()"
        if len(extra_lines) == 1 and not children:
            return f"{self._get_name()}({extra_lines[0]})"
        return self._get_name() + "(\n  " + "\n  ".join(lines) + "\n)"


def _parse_to(*args, **kwargs):
    """(device or None, dtype or None, non_blocking) of the arguments of Module.to."""
    options: dict = {"device": None, "dtype": None, "non_blocking": False}
    names: tuple[str, ...]
    if args and isinstance(args[0], Tensor):
        options["device"], options["dtype"] = args[0].device, args[0].dtype
        names = ("tensor", "non_blocking", "copy")
    elif args and isinstance(args[0], dtype):
        names = ("dtype", "non_blocking", "copy")
    else:
        names = ("device", "dtype", "non_blocking", "copy")
    given = dict(zip(names, args, strict=False))
    if len(args) > len(names) or set(given) & set(kwargs) or set(kwargs) - {"copy", "memory_format", "tensor", *options}:
        raise TypeError(
            "to() received an invalid combination of arguments - got ("
            + ", ".join(
                [*(type(arg).__name__ for arg in args), *(f"{key}={type(arg).__name__}" for key, arg in kwargs.items())]
            )
            + ")"
        )
    options.update(given)
    options.update(kwargs)
    if isinstance(options.get("tensor"), Tensor):
        options["device"], options["dtype"] = options["tensor"].device, options["tensor"].dtype
    where = options["device"]
    if where is not None and not isinstance(where, device):
        where = device(where)
    return where, options["dtype"], options["non_blocking"]
