"""A module's state: state_dict and load_state_dict, and the hooks around them."""

from collections import OrderedDict, namedtuple
from collections.abc import Callable, Mapping

from wengert import Tensor

from ...autograd import no_grad
from ..parameter import Buffer, Parameter
from ._calls import register

_EXTRA_STATE = "_extra_state"


class IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """The keys that load_state_dict did not find, and those that it did not know."""

    __slots__ = ()

    def __repr__(self):
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class _OfModule:
    """A load hook that is given its module first. A class, so that a module with such a hook can be copied and pickled."""

    def __init__(self, hook, module):
        self.hook, self.module = hook, module

    def __call__(self, *args):
        return self.hook(self.module, *args)


class StatefulModule:
    """The part of Module that stores and loads its parameters and buffers."""

    _version = 1  # a class that changes what it stores counts it up; see _load_from_state_dict
    # What Module has besides.
    _parameters: dict
    _buffers: dict
    _modules: dict
    _non_persistent_buffers_set: set
    _state_dict_hooks: Mapping
    _state_dict_pre_hooks: Mapping
    _load_state_dict_pre_hooks: Mapping
    _load_state_dict_post_hooks: Mapping
    _own_hooks: Callable

    def state_dict(self, *args, destination=None, prefix="", keep_vars=False):
        """An OrderedDict of the parameters and persistent buffers of the module and its submodules, by their dotted names.

        The tensors share the module's memory; they are detached unless keep_vars. Its attribute ``_metadata`` holds the version
        of each module.

        >>> list(wengert.nn.Sequential(wengert.nn.Linear(2, 3)).state_dict())
        ['0.weight', '0.bias']
        """
        if args:
            import warnings

            warnings.warn(
                "Positional args are being deprecated, use kwargs instead. Refer to "
                "https://pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.state_dict for details.",
                FutureWarning,
                stacklevel=2,
            )
            destination, prefix, keep_vars = (*args, *(destination, prefix, keep_vars)[len(args) :])
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            result = hook(self, destination, prefix, metadata)
            if getattr(hook, "_from_public_api", False):
                if result is not None:
                    raise RuntimeError("state_dict post-hook must return None")
            elif result is not None:
                destination = result
        return destination

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        """Puts the state of this module, without its submodules, into destination. Subclasses may store it otherwise."""
        for name, parameter in self._parameters.items():
            if parameter is not None:
                destination[prefix + name] = parameter if keep_vars else parameter.detach()
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                destination[prefix + name] = buffer if keep_vars else buffer.detach()
        if type(self).get_extra_state is not StatefulModule.get_extra_state:
            destination[prefix + _EXTRA_STATE] = self.get_extra_state()

    def get_extra_state(self):
        """What else the state_dict shall hold; a subclass that defines it defines set_extra_state too."""
        raise RuntimeError(
            "Reached a code path in Module.get_extra_state() that should never be called. Please file an issue at "
            "https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml to report this bug."
        )

    def set_extra_state(self, state):
        """Takes what get_extra_state of a stored module gave."""
        raise RuntimeError(
            "Reached a code path in Module.set_extra_state() that should never be called. Please file an issue at "
            "https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml to report this bug."
        )

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """Copies the tensors of state_dict into the parameters and buffers of the same names; with assign, takes the tensors.

        Returns the missing and the unexpected keys. RuntimeError, when all that fits has been copied, for tensors of other
        shapes and, if strict, for keys that are missing or unexpected.

        >>> wengert.nn.Linear(2, 3).load_state_dict({"weight": wengert.ones(3, 2), "bias": wengert.zeros(3)})
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        metadata = getattr(state_dict, "_metadata", None)
        state_dict = OrderedDict(state_dict)  # hooks may change it
        if metadata is not None:
            state_dict._metadata = metadata

        def load(module, state, prefix):
            local = {} if metadata is None else metadata.get(prefix[:-1], {})
            if assign:
                local["assign_to_params_buffers"] = assign
            module._load_from_state_dict(state, prefix, local, True, missing, unexpected, errors)
            for name, child in module._modules.items():
                if child is not None:
                    within = f"{prefix}{name}."
                    load(child, {key: value for key, value in state.items() if key.startswith(within)}, within)
            incompatible = IncompatibleKeys(missing, unexpected)
            for hook in module._load_state_dict_post_hooks.values():
                if hook(module, incompatible) is not None:
                    raise AssertionError(
                        "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new values, if "
                        "incompatible_keys need to be modified, it should be done inplace."
                    )

        load(self, state_dict, "")
        if strict:
            if unexpected:
                keys = ", ".join(f'"{key}"' for key in unexpected)
                errors.insert(0, f"Unexpected key(s) in state_dict: {keys}. ")
            if missing:
                keys = ", ".join(f'"{key}"' for key in missing)
                errors.insert(0, f"Missing key(s) in state_dict: {keys}. ")
        if errors:
            raise RuntimeError("Error(s) in loading state_dict for {}:\n\t{}".format(type(self).__name__, "\n\t".join(errors)))
        return IncompatibleKeys(missing, unexpected)

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
        """Takes the state of this module, without its submodules. Subclasses read what their older versions stored.

        local_metadata holds the stored "version". What is wrong is added to the three lists.
        """
        for hook in self._load_state_dict_pre_hooks.values():
            hook(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        assign = local_metadata.get("assign_to_params_buffers", False)
        persistent = {name: value for name, value in self._buffers.items() if name not in self._non_persistent_buffers_set}
        for name, own in [*self._parameters.items(), *persistent.items()]:
            if own is None:
                continue
            key = prefix + name
            if key in state_dict:
                self._load_tensor(name, key, own, state_dict[key], assign, error_msgs)
            elif strict:
                missing_keys.append(key)
        self._load_extra_state(state_dict, prefix, strict, missing_keys, unexpected_keys)
        if strict:
            for key in state_dict:
                if key.startswith(prefix) and key != prefix + _EXTRA_STATE:
                    name, dot, _ = key[len(prefix) :].partition(".")
                    if name not in self._modules if dot else name not in persistent and name not in self._parameters:
                        unexpected_keys.append(key)

    def _load_tensor(self, name, key, own, given, assign, error_msgs):
        if not isinstance(given, Tensor):
            error_msgs.append(
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint but '
                f"received {type(given)}"
            )
            return
        if own.dim() == 0 and given.dim() == 1 and len(given) == 1:  # stored before PyTorch had 0-d tensors
            given = given[0]
        if given.shape != own.shape:
            error_msgs.append(
                f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, the shape in current model is "
                f"{own.shape}."
            )
            return
        try:
            with no_grad():
                if not assign:
                    own.copy_(given)
                elif isinstance(own, Parameter):
                    value = given if isinstance(given, Parameter) else Parameter(given, own.requires_grad)
                    setattr(self, name, value.requires_grad_(own.requires_grad))
                else:
                    setattr(self, name, Buffer(given, persistent=True) if isinstance(own, Buffer) else given)
        except Exception as error:
            action = "swapping" if assign else "copying"
            error_msgs.append(
                f'While {action} the parameter named "{key}", whose dimensions in the model are {own.shape} and whose dimensions in '
                f"the checkpoint are {given.shape}, an exception occurred : {error.args}."
            )

    def _load_extra_state(self, state_dict, prefix, strict, missing_keys, unexpected_keys):
        key = prefix + _EXTRA_STATE
        if type(self).set_extra_state is not StatefulModule.set_extra_state:
            if key in state_dict:
                self.set_extra_state(state_dict[key])
            elif strict:
                missing_keys.append(key)
        elif strict and key in state_dict:
            unexpected_keys.append(key)

    # ---- hooks

    def register_state_dict_pre_hook(self, hook):
        """hook(module, prefix, keep_vars) runs before the module's state is put into a state_dict; returns a handle."""
        return register(self._own_hooks("_state_dict_pre_hooks"), hook)

    def register_state_dict_post_hook(self, hook):
        """hook(module, state_dict, prefix, local_metadata) runs afterwards, and may change state_dict in place; returns a handle."""
        hook._from_public_api = True
        return register(self._own_hooks("_state_dict_hooks"), hook)

    def _register_state_dict_hook(self, hook):
        """As register_state_dict_post_hook, but the hook may return another state_dict."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was previously registered via "
                "register_state_dict_post_hook"
            )
        return register(self._own_hooks("_state_dict_hooks"), hook)

    def register_load_state_dict_pre_hook(self, hook):
        """hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs) runs before the
        module takes its part of a state_dict, and may change it; returns a handle."""
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(self, hook, with_module=False):
        """As register_load_state_dict_pre_hook; without with_module the hook is not given the module."""
        return register(self._own_hooks("_load_state_dict_pre_hooks"), _OfModule(hook, self) if with_module else hook)

    def register_load_state_dict_post_hook(self, hook):
        """hook(module, incompatible_keys) runs afterwards, and may change the two lists of keys in place; returns a handle."""
        return register(self._own_hooks("_load_state_dict_post_hooks"), hook)
