"""Mixed precision, for programs that switch it off on a CPU: contexts and scalers that do nothing.

There is no CUDA, so what asks for it is disabled, as PyTorch does. Autocast on the CPU, which would compute in bfloat16, is an error.
"""

import functools
import warnings


class autocast:
    """A context and decorator without effect. NotImplementedError for autocast on the CPU."""

    def __init__(self, device_type="cuda", dtype=None, enabled=True, cache_enabled=None):
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if enabled and device_type == "cuda":
            warnings.warn("User provided device_type of 'cuda', but CUDA is not available. Disabling", stacklevel=2)
        elif enabled:
            raise NotImplementedError(
                f"wengert does not cover autocast on {device_type!r}: there is no bfloat16; enabled=False computes in float32"
            )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False

    def __call__(self, function):
        @functools.wraps(function)
        def inside(*arguments, **named):
            return function(*arguments, **named)

        return inside


class GradScaler:
    """A scaler of losses that leaves them as they are: what PyTorch's is without CUDA."""

    def __init__(
        self, device="cuda", init_scale=2.0**16, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000, enabled=True
    ):
        if enabled:
            warnings.warn("torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.", stacklevel=2)

    def is_enabled(self):
        """False."""
        return False

    def scale(self, outputs):
        """outputs."""
        return outputs

    def unscale_(self, optimizer):
        """Nothing."""

    def step(self, optimizer, *arguments, **named):
        """optimizer.step()."""
        return optimizer.step(*arguments, **named)

    def update(self, new_scale=None):
        """Nothing."""

    def get_scale(self):
        """1."""
        return 1.0

    def state_dict(self):
        """Nothing to keep."""
        return {}

    def load_state_dict(self, state_dict):
        """Nothing to restore."""
