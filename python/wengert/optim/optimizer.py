"""What all optimizers share: parameter groups, state and its storage, hooks."""

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from copy import deepcopy
from itertools import chain

import wengert
from wengert import Tensor
from wengert.utils.hooks import register

_global_pre_hooks: OrderedDict = OrderedDict()
_global_post_hooks: OrderedDict = OrderedDict()


class _Required:
    def __repr__(self):
        return "<required parameter>"


required = _Required()


def typename(value):
    """The name of value's type as PyTorch's messages have it."""
    if isinstance(value, Tensor):
        return value.type()
    module = getattr(value, "__module__", None)
    prefix = f"{module}." if module not in (None, "builtins") else ""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    return prefix + (name or type(value).__name__)


# Steps with hooks. A step is called as it is written until the first hook is registered: only then is the class's function
# replaced by one that looks for hooks, which costs as much as a step of a small model.


def _with_hooks(step):
    @functools.wraps(step)
    def hooked(*args, **kwargs):
        self = args[0]
        if self._stepping:  # called by a subclass's step, which looked for hooks
            return step(*args, **kwargs)
        for hook in (*_global_pre_hooks.values(), *self._optimizer_step_pre_hooks.values()):
            result = hook(self, args, kwargs)
            if result is not None:
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise RuntimeError(f"{step} must return None or a tuple of (new_args, new_kwargs), but got {result}.")
                args, kwargs = result
        self._stepping = True
        try:
            loss = step(*args, **kwargs)
        finally:
            self._stepping = False
        for hook in (*self._optimizer_step_post_hooks.values(), *_global_post_hooks.values()):
            hook(self, args, kwargs)
        return loss

    hooked.hooked = True  # type: ignore[attr-defined]
    return hooked


def _look_for_hooks(cls):
    if not getattr(cls.step, "hooked", False):
        cls.step = _with_hooks(cls.step)


def _look_for_hooks_everywhere():
    classes = [Optimizer]
    for cls in classes:
        classes += cls.__subclasses__()
        if "step" in vars(cls):
            _look_for_hooks(cls)


def _register(hooks, hook, prepend=False):
    handle = register(hooks, hook)
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook):
    """Calls hook(optimizer, args, kwargs) before every step of every optimizer; returns a handle with remove().

    The hook may return new (args, kwargs); args begin with the optimizer.
    """
    _look_for_hooks_everywhere()
    return _register(_global_pre_hooks, hook)


def register_optimizer_step_post_hook(hook):
    """Calls hook(optimizer, args, kwargs) after every step of every optimizer; returns a handle with remove()."""
    _look_for_hooks_everywhere()
    return _register(_global_post_hooks, hook)


class Optimizer:
    """The base of all optimizers.

    params is an iterable of tensors, of (name, tensor) pairs, or of dicts: parameter groups with "params" and options of their
    own. defaults are the options of groups that do not say otherwise. Subclasses define step().

    `param_groups` is a list of dicts, `state` a dict from parameters to what the optimizer keeps for each.
    """

    _stepping = False  # inside of a step with hooks
    _optimizer_step_pre_hooks: OrderedDict
    _optimizer_step_post_hooks: OrderedDict
    _optimizer_state_dict_pre_hooks: OrderedDict
    _optimizer_state_dict_post_hooks: OrderedDict
    _optimizer_load_state_dict_pre_hooks: OrderedDict
    _optimizer_load_state_dict_post_hooks: OrderedDict

    def __init__(self, params, defaults):
        self.defaults = defaults
        self._make_hooks()
        if _global_pre_hooks or _global_post_hooks:
            _look_for_hooks(type(self))
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got " + typename(params)
            )
        self.state: defaultdict = defaultdict(dict)
        self.param_groups: list[dict] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _make_hooks(self):
        for name in Optimizer.__annotations__:
            self.__dict__.setdefault(name, OrderedDict())

    def __getstate__(self):
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._make_hooks()
        self.defaults.setdefault("differentiable", False)

    def __repr__(self):
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join(lines) + "\n)"

    def register_step_pre_hook(self, hook):
        """Calls hook(optimizer, args, kwargs) before each step; returns a handle with remove().

        The hook may return new (args, kwargs); args begin with the optimizer.
        """
        _look_for_hooks(type(self))
        return _register(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook):
        """Calls hook(optimizer, args, kwargs) after each step; returns a handle with remove()."""
        _look_for_hooks(type(self))
        return _register(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook, prepend=False):
        """Calls hook(optimizer) before state_dict(), first of all if prepend; returns a handle with remove()."""
        return _register(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend=False):
        """Calls hook(optimizer, state_dict) after state_dict(), which returns the hook's result where that is not None."""
        return _register(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend=False):
        """Calls hook(optimizer, state_dict) with a shallow copy before load_state_dict(), which loads what the hook returns
        where that is not None."""
        return _register(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend=False):
        """Calls hook(optimizer) after load_state_dict(); returns a handle with remove()."""
        return _register(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    def state_dict(self):
        """The state as a dict: "state", from numbers of parameters to what is kept for them, and "param_groups", the groups with
        those numbers in place of the parameters. Tensors are the optimizer's own, not copies.

        >>> p = wengert.ones(2, requires_grad=True)
        >>> wengert.optim.SGD([p], lr=0.1).state_dict()["param_groups"][0]["params"]
        [0]
        """
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        numbers: dict[int, int] = {}
        groups, start = [], 0
        for group in self.param_groups:
            for number, p in enumerate(group["params"], start):
                numbers.setdefault(id(p), number)
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers[id(p)] for p in group["params"]]
            groups.append(packed)
            start += len(group["params"])
        state = {numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in self.state.items()}
        result = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            changed = hook(self, result)
            if changed is not None:
                result = changed
        return result

    def load_state_dict(self, state_dict):
        """Takes over a state of state_dict(), parameter by parameter in the order of the groups, options included.

        Tensors are cast to the dtype of their parameter, but for step counts, and not copied where that is theirs. ValueError
        where the groups do not match in number or size.
        """
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            changed = hook(self, state_dict)
            if changed is not None:
                state_dict = changed
        groups, saved = self.param_groups, deepcopy(state_dict["param_groups"])
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(group["params"]) != len(other["params"]) for group, other in zip(groups, saved, strict=True)):
            raise ValueError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        params = dict(
            zip(chain.from_iterable(g["params"] for g in saved), chain.from_iterable(g["params"] for g in groups), strict=True)
        )
        as_float32 = {
            number
            for group in saved
            if group.get("fused", False) or group.get("capturable", False)
            for number in group["params"]
        }
        state: defaultdict = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in params:
                state[params[key]] = _cast(params[key], value, key in as_float32)
            else:
                state[key] = value
        for group, other in zip(groups, saved, strict=True):
            other["params"] = group["params"]
            if "param_names" in group:
                other.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def zero_grad(self, set_to_none=True):
        """Takes the gradients of all parameters away, or fills them with zeros if not set_to_none.

        >>> p = wengert.ones(2, requires_grad=True)
        >>> p.sum().backward()
        >>> wengert.optim.SGD([p], lr=0.1).zero_grad()
        >>> p.grad is None
        True
        """
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    if p.grad.grad_fn is not None:
                        p.grad.detach_()
                    else:
                        p.grad.requires_grad_(False)
                    p.grad.zero_()

    def step(self, closure=None):
        """One step of all parameters that have a gradient. closure() computes the loss anew, where a method needs it; its result
        is returned."""
        raise NotImplementedError

    def add_param_group(self, param_group):
        """Adds a group, a dict with "params" and options of its own.

        TypeError for what is no tensor, ValueError for a parameter that is no leaf or is in another group already.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but "
                "the ordering of tensors in sets will change between runs. Please use a list instead."
            )
        params = list(params)
        names = [p[0] for p in params if isinstance(p, tuple)]
        if names:
            if len(names) != len(params):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
            param_group["param_names"] = names
        params = param_group["params"] = [p[1] if isinstance(p, tuple) else p for p in params]

        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError("optimizer can only optimize Tensors, but one of the params is " + typename(p))
            if not self.defaults.get("differentiable") and not (p.is_leaf or p.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        if len(params) != len(set(params)):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; "
                "in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )

        known = set()
        for group in self.param_groups:
            known.update(group["params"])
            if ("param_names" in param_group) != ("param_names" in group):
                which = "with names" if "param_names" in param_group else "without names"
                raise ValueError(
                    f"all optimizer param groups should be with/without names. cannot add param group {which} to the optimizer"
                )
        if not known.isdisjoint(params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)


def _cast(param, value, step_as_float32, key=None):
    if isinstance(value, Tensor):
        if key == "step":
            return value.to(dtype=wengert.float32) if step_as_float32 else value
        return value.to(dtype=param.dtype) if param.is_floating_point() else value
    if isinstance(value, dict):
        return {key: _cast(param, item, step_as_float32, key) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return type(value)(_cast(param, item, step_as_float32) for item in value)  # type: ignore[call-arg]
    return value
