"""What a thread records: no_grad, enable_grad, set_grad_enabled, inference_mode, as context managers and decorators."""

from .. import _C


def _wrapped(function, manager):
    """function inside manager(); a generator function between its yields only."""
    import functools

    if function.__code__.co_flags & 0x20:  # CO_GENERATOR

        @functools.wraps(function)
        def generate(*args, **options):
            generator = function(*args, **options)
            step, value = generator.send, None
            while True:
                try:
                    with manager():
                        item = step(value)
                except StopIteration as stop:
                    return stop.value
                try:
                    value = yield item
                    step = generator.send
                except GeneratorExit:
                    with manager():
                        generator.close()
                    raise
                except BaseException as error:
                    step, value = generator.throw, error

        return generate

    @functools.wraps(function)
    def call(*args, **options):
        with manager():
            return function(*args, **options)

    return call


class _Mode:
    """A context manager that also decorates functions, with parentheses or without."""

    __slots__ = ("before",)
    before: bool  # the mode outside

    def __new__(cls, function=None):
        self = super().__new__(cls)
        return self if function is None else self(function)

    def __call__(self, function):
        return _wrapped(function, type(self))

    def __exit__(self, *error):
        _C._set_grad_enabled(self.before)


class no_grad(_Mode):
    """Nothing is recorded inside.

    >>> x = wengert.ones(2, requires_grad=True)
    >>> with wengert.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    __slots__ = ()

    def __enter__(self):
        self.before = _C._set_grad_enabled(False)


class enable_grad(_Mode):
    """Operations are recorded inside, though they are not outside.

    >>> x = wengert.ones(2, requires_grad=True)
    >>> with wengert.no_grad(), wengert.enable_grad():
    ...     y = x * 2
    >>> y.requires_grad
    True
    """

    __slots__ = ()

    def __enter__(self):
        self.before = _C._set_grad_enabled(True)


class set_grad_enabled:
    """Switches recording on or off at once, and back at the end of a with statement.

    >>> with wengert.set_grad_enabled(False):
    ...     wengert.is_grad_enabled()
    False
    """

    __slots__ = ("before", "mode")

    def __init__(self, mode):
        self.mode = bool(mode)
        self.before = _C._set_grad_enabled(self.mode)

    def __call__(self, function):
        _C._set_grad_enabled(self.before)
        mode = self.mode
        return _wrapped(function, lambda: set_grad_enabled(mode))

    def __enter__(self):
        _C._set_grad_enabled(self.mode)

    def __exit__(self, *error):
        _C._set_grad_enabled(self.before)


class inference_mode:
    """As no_grad; tensors made inside can never take part in a graph, so that no view of them needs to be tracked.

    >>> with wengert.inference_mode():
    ...     y = wengert.ones(2)
    >>> y.is_inference()
    True
    """

    __slots__ = ("before", "mode")
    mode: bool

    def __new__(cls, mode=True):
        self = super().__new__(cls)
        if isinstance(mode, bool):
            self.mode = mode
            return self
        self.mode = True
        return self(mode)

    def __call__(self, function):
        mode = self.mode
        return _wrapped(function, lambda: inference_mode(mode))

    def __enter__(self):
        self.before = (_C._set_inference_mode(self.mode), _C._set_grad_enabled(not self.mode))

    def __exit__(self, *error):
        inference, grad = self.before
        _C._set_inference_mode(inference)
        _C._set_grad_enabled(grad)
