"""Modules made without drawing their parameters."""

__all__ = ["skip_init"]


def skip_init(module_cls, *args, **kwargs):
    """module_cls(*args, **kwargs) whose parameters are to be written before use.

    Here they are drawn nevertheless, from a copy of the generator: the numbers that follow are as if they had not been.

    >>> layer = wengert.nn.utils.skip_init(wengert.nn.Linear, 2, 3)
    >>> layer.weight.shape
    torch.Size([3, 2])
    """
    from ..modules.module import Module

    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    import wengert

    state = wengert.get_rng_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        wengert.set_rng_state(state)
