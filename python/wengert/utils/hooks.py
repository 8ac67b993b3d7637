"""Handles of registered hooks."""


class RemovableHandle:
    """What registering a hook returns: ``remove()`` takes the hook out again, and so does leaving a with statement.

    >>> x = wengert.ones(1, requires_grad=True)
    >>> with x.register_hook(lambda grad: grad * 10):
    ...     x.sum().backward()
    >>> x.grad
    tensor([10.])
    """

    next_id = 0

    def __init__(self, hooks, *, extra_dict=None):
        import weakref

        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        self._extra = () if extra_dict is None else extra_dict if isinstance(extra_dict, (list, tuple)) else (extra_dict,)
        self._hooks = (lambda: hooks) if type(hooks) is dict else weakref.ref(hooks)  # no weak references to plain dicts

    def remove(self):
        """Takes the hook out; nothing happens where it has been taken out already."""
        hooks = self._hooks()
        if hooks is not None:
            hooks.pop(self.id, None)
        for extra in self._extra:
            extra.pop(self.id, None)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.remove()


def register(hooks, hook):
    """Puts hook into a dict of hooks and returns its handle."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle
