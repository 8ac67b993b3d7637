"""How each library makes, views and evaluates the operands of a case. Runs in the worker of that library."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import importlib
import math
from collections.abc import Callable, Sequence
from typing import Any

from .cases import Case, Operand

FIRST = (
    5  # evaluations whose numbers contestants compare where NumPy has no reference: enough for an optimizer's state to matter
)
BLOCK = (1 << 20) + 7  # random values drawn once and repeated: 8192 x 8192 of them would take longer to draw than to multiply


class WrongResult(Exception):
    """A library's result that differs from NumPy's."""


@functools.cache
def _block(kind: str) -> Any:
    import numpy

    rng = numpy.random.default_rng(1964)
    return rng.random(BLOCK) if kind == "float" else rng.integers(-100, 101, BLOCK)


def base(operand: Operand, dtype: str) -> Any:
    """The contiguous NumPy array an operand is a view of."""
    import numpy

    dtype, shape = operand.dtype or dtype, operand.shape
    if operand.layout == "columns":
        shape = (*shape[:-2], shape[-1], shape[-2])
    elif operand.layout == "strided":
        shape = (*shape[:-1], 2 * shape[-1])
    if dtype.startswith("float"):
        values = (operand.low + (operand.high - operand.low) * _block("float")).astype(dtype)
    elif operand.high > 1:
        values = numpy.floor(operand.low + (operand.high - operand.low) * _block("float")).astype(dtype)
    elif dtype == "bool":
        values = _block("integer") > 0
    else:
        values = numpy.where(_block("integer") == 0, 1, _block("integer")).astype(dtype)  # no division by zero
    return numpy.resize(numpy.roll(values, len(operand.name) * 7919 + ord(operand.name[0])), shape)


def view(tensor: Any, layout: str) -> Any:
    """The view of a base that has the operand's shape; the same spelling in every library."""
    if layout == "columns":
        return tensor.T
    return tensor[..., ::2] if layout == "strided" else tensor


def compile_loops(names: list[str], expression: str, namespace: dict[str, Any]) -> dict[str, Any]:
    """``once(*operands)``, and the loops over sets of operands that evaluate the expression or do nothing."""
    arguments = ", ".join(names)
    target = f"({arguments},)" if names else "()"
    source = (
        f"def once({arguments}):\n    return {expression}\n"
        f"def loop(items):\n    for {target} in items:\n        {expression}\n"
        f"def idle(items):\n    for {target} in items:\n        pass\n"
    )
    exec(source, namespace)  # expressions are the package's own, in cases.py and its siblings
    return namespace


class Bound:
    """A case bound to ``copies`` sets of operands of one library. Calling it evaluates the first set once."""

    def __init__(self, sets: list[tuple[Any, ...]], loops: dict[str, Any]):
        self.sets = sets
        self.once: Callable[..., Any] = loops["once"]
        self.loop: Callable[[Any], None] = loops["loop"]
        self.idle: Callable[[Any], None] = loops["idle"]

    def __call__(self) -> Any:
        return self.once(*self.sets[0])


class Adapter:
    """The NumPy adapter, and what the others share."""

    module = "numpy"

    def __init__(self) -> None:
        self.library = importlib.import_module(self.module)

    def set_threads(self, count: int) -> None:
        """NumPy's BLAS reads its environment when it is loaded."""

    def about(self) -> dict[str, str]:
        return {"version": self.library.__version__}

    def tensor(self, array: Any) -> Any:
        """The library's own memory, with the values of ``array``."""
        return array.copy()

    def operand(self, array: Any, operand: Operand) -> Any:
        """The tensor that an expression gets."""
        return view(self.tensor(array), operand.layout)

    def array(self, result: Any) -> Any:
        import numpy

        return numpy.asarray(result)

    def release(self) -> None:
        """Gives memory that is kept for later back to the system."""
        gc.collect()
        self.empty_cache()
        with contextlib.suppress(
            OSError, AttributeError
        ):  # only glibc's malloc keeps what is freed, and gives it back when asked
            ctypes.CDLL(None).malloc_trim(0)

    def empty_cache(self) -> None:
        """The library's own part of that."""

    def namespace(self) -> dict[str, Any]:
        return {"np": self.library, "rng": self.library.random.default_rng(1964)}

    def bind(self, case: Case, copies: int = 1) -> Bound:
        bases = [base(o, case.dtype) for o in case.operands]
        pairs = list(zip(bases, case.operands, strict=True))
        sets = [tuple(self.operand(b, o) for b, o in pairs) for _ in range(copies)]
        names = [o.name for o in case.operands]
        return Bound(sets, compile_loops(names, case.expression(self.module), self.run_program(case)))

    def run_program(self, case: Case) -> dict[str, Any]:
        """The names that the case's expression may use, its program's among them."""
        namespace = self.namespace()
        exec(case.statements(self.module), namespace)
        return namespace

    def first(self, bound: Bound) -> list[float]:
        """The numbers of the first evaluations, each a single one. Raises WrongResult where one is not finite."""
        import numpy

        values = [float(self.array(bound()).reshape(())) for _ in range(FIRST)]
        if not numpy.isfinite(values).all():
            raise WrongResult(f"not finite: {numbers(values)}")
        return values

    def check(self, case: Case, bound: Bound) -> None:
        """Raises WrongResult unless one evaluation gives what NumPy gives."""
        if case.check == "none":
            return
        if case.check == "peers":
            self.first(bound)
            return
        import numpy

        result = bound()
        results = [self.array(r) for r in (result if isinstance(result, tuple) else (result,))]
        result = results[0]
        if case.check == "moments":
            mean, deviation = float(result.mean(dtype="f8")), float(result.std(dtype="f8"))
            if abs(mean) > 0.01 or abs(deviation - 1) > 0.01:
                raise WrongResult(f"mean {mean:.4f} and deviation {deviation:.4f} of a standard normal draw")
            return
        operands = {o.name: view(base(o, case.dtype), o.layout) for o in case.operands}
        reference = case.code.get("reference") or case.code["numpy"]
        names: dict[str, Any] = {"np": numpy}
        exec(case.statements("numpy"), names)
        with numpy.errstate(all="ignore"):
            wanted = eval(reference, {**names, **operands})
        for one, other in zip(results, wanted if isinstance(wanted, tuple) else (wanted,), strict=True):
            compare(one, numpy.asarray(other))


def numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{v:.6g}" for v in values)


def agree(values: Sequence[float], wanted: Sequence[float]) -> bool:
    """Whether the first numbers of two runs agree: float32 rounding, grown over a few steps of an optimizer."""
    return all(math.isclose(v, w, rel_tol=1e-3, abs_tol=1e-6) for v, w in zip(values, wanted, strict=True))


def compare(result: Any, wanted: Any) -> None:
    """Raises WrongResult unless shapes agree, integers are equal and floats agree within rounding of a long sum."""
    import numpy

    if result.shape != wanted.shape:
        raise WrongResult(f"shape {result.shape}, NumPy has {wanted.shape}")
    if wanted.dtype.kind != "f":
        if not numpy.array_equal(result, wanted):
            raise WrongResult("values differ from NumPy's")
        return
    if not numpy.array_equal(numpy.isnan(result), numpy.isnan(wanted)):
        raise WrongResult("nan in other places than NumPy's")
    tolerance = 1e-3 if wanted.dtype == numpy.float32 else 1e-9
    scale = float(numpy.nanmax(numpy.abs(wanted), initial=0.0))
    error = float(numpy.nanmax(numpy.abs(result - wanted), initial=0.0))
    if not error <= tolerance * scale:
        raise WrongResult(f"off by {error:.3g} where the largest value is {scale:.3g}")


class TorchAdapter(Adapter):
    module = "torch"

    def set_threads(self, count: int) -> None:
        self.library.set_num_threads(count)

    def about(self) -> dict[str, str]:
        return {"version": self.library.__version__, "threads": str(self.library.get_num_threads())}

    def empty_cache(self) -> None:
        """The packed panels that MKL keeps, in a PyTorch that is linked with it."""
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(self.library._C.__file__).mkl_serv_free_buffers()

    def tensor(self, array: Any) -> Any:
        return self.library.from_numpy(array).clone()

    def operand(self, array: Any, operand: Operand) -> Any:
        made = super().operand(array, operand)
        return made.requires_grad_() if operand.grad else made

    def array(self, result: Any) -> Any:
        return result.detach().numpy()

    def namespace(self) -> dict[str, Any]:
        return {"torch": self.library}


class WengertAdapter(TorchAdapter):
    module = "wengert"

    def about(self) -> dict[str, str]:
        return {**super().about(), "isa": self.library._C.isa()}

    def empty_cache(self) -> None:
        self.library.empty_cache()


class JaxAdapter(Adapter):
    """Expressions run under ``jit``, views included: JAX has no strided arrays. Every result is waited for."""

    module = "jax"

    def __init__(self) -> None:
        super().__init__()
        self.library.config.update("jax_enable_x64", True)
        self.numpy = importlib.import_module("jax.numpy")

    def tensor(self, array: Any) -> Any:
        return self.numpy.array(array)

    def bind(self, case: Case, copies: int = 1) -> Bound:
        bases = [base(o, case.dtype) for o in case.operands]
        names = [o.name for o in case.operands]
        expression = case.expression("jax")
        # The key is an argument: a constant one would be folded into the result at compile time.
        plain = compile_loops([*names, "key"], expression, self.run_program(case))["once"]
        layouts = [o.layout for o in case.operands]

        def viewed(*operands: Any) -> Any:
            *tensors, key = operands
            return plain(*(view(t, how) for t, how in zip(tensors, layouts, strict=True)), key)

        key = self.library.random.key(1964)
        sets = [(*(self.tensor(b) for b in bases), key) for _ in range(copies)]
        call = f"compiled({', '.join([*names, 'key'])})"
        several = isinstance(self.library.eval_shape(viewed, *sets[0]), tuple)
        waited = f"wait({call})" if several else f"{call}.block_until_ready()"
        return Bound(sets, compile_loops([*names, "key"], waited, {"compiled": self.library.jit(viewed), "wait": _wait}))

    def namespace(self) -> dict[str, Any]:
        return {"np": self.numpy, "jax": self.library}


def _wait(results: tuple[Any, ...]) -> tuple[Any, ...]:
    """Results of one compiled function, which are ready together."""
    results[0].block_until_ready()
    return results


ADAPTERS = {a.module: a for a in (Adapter, TorchAdapter, WengertAdapter, JaxAdapter)}


@functools.cache
def adapter(library: str) -> Adapter:
    return ADAPTERS[library]()
