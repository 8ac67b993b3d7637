"""Tools beside tensors: :mod:`wengert.utils.checkpoint` trades computation for memory."""

# Loaded when first used: a graph's hooks are part of `import wengert`, and come from here.
_SUBMODULES = ("checkpoint", "data", "hooks", "tensorboard")


def __getattr__(name):
    if name in _SUBMODULES:
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"wengert.utils does not cover {name!r}", name=name)
