"""The default random generator. For a seed, all numbers are those of PyTorch's CPU generator."""

from ._C import default_generator


def manual_seed(seed):
    """Start the stream of ``seed``, an int from -2**63 to 2**64 - 1, and return the default generator.

    >>> _ = wengert.manual_seed(0)
    >>> wengert.rand(2)
    tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(int(seed))


def seed():
    """Start a stream with a seed from the system's entropy and return that seed."""
    return default_generator.seed()


def initial_seed():
    """The seed of the current stream."""
    return default_generator.initial_seed()


def get_rng_state():
    """The state of the default generator as a uint8 tensor, in PyTorch's layout."""
    return default_generator.get_state()


def set_rng_state(new_state):
    """Continue from a state of :func:`get_rng_state`."""
    default_generator.set_state(new_state)


class fork_rng:
    """Give the default generator its state back at the end of a ``with`` block. ``devices`` has to be empty.

    >>> _ = wengert.manual_seed(0)
    >>> with wengert.random.fork_rng():
    ...     _ = wengert.rand(100)
    >>> wengert.rand(1)
    tensor([0.4963])
    """

    def __init__(self, devices=(), enabled=True):
        if devices:
            raise RuntimeError(f"fork_rng: the CPU is the only device, got devices={devices!r}")
        self.enabled = enabled

    def __enter__(self):
        if self.enabled:
            self.state = get_rng_state()

    def __exit__(self, *_):
        if self.enabled:
            set_rng_state(self.state)
