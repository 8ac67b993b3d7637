"""The older names of :mod:`wengert.amp`, whose device is CUDA and so disabled."""

from .. import amp


class autocast(amp.autocast):
    """A context and decorator without effect."""

    def __init__(self, enabled=True, dtype=None, cache_enabled=True):
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """A scaler of losses that leaves them as they are."""

    def __init__(self, init_scale=2.0**16, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000, enabled=True):
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
