"""The contestants: which exist here, and the environment their processes get."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Variables that steer a contestant's kernels, threads or memory. A preset one decides a comparison silently: a preset
# OPENBLAS_CORETYPE=Haswell halves NumPy on an AVX-512 machine. WENGERT_ISA stays, for it is asked for; the header shows it.
PREFIXES = (
    "OPENBLAS_",
    "MKL_",
    "OMP_",
    "GOTO_",
    "GOMP_",
    "KMP_",
    "LIBOMP_",
    "BLIS_",
    "BLAS_",
    "VECLIB_",
    "ATLAS_",
    "ONEDNN_",
    "DNNL_",
    "NUMEXPR_",
    "NPY_",
    "NUMPY_",
    "TORCH_",
    "PYTORCH_",
    "ATEN_",
    "THP_MEM_",
    "XLA_",
    "JAX_",
    "TF_XLA_",
    "TF_CPU_",
    "TF_NUM_",
    "PJRT_",
    "NPROC",
    "MALLOC_",
    "GLIBC_TUNABLES",
)

INTEL_SHIM = "int mkl_serv_intel_cpu_true(void) { return 1; }\n"
INTEL_NOTE = (
    "torch+intel is PyTorch with a preloaded one-line library that answers MKL's vendor check "
    "(mkl_serv_intel_cpu_true returning 1), compiled here with {compiler}: what the same wheel does on an Intel processor"
)


class BenchError(Exception):
    """What the user asked for cannot be done, and why."""


@dataclass(frozen=True)
class Contestant:
    name: str
    library: str  # the adapter
    package: str  # what to install


CONTESTANTS = {
    c.name: c
    for c in (
        Contestant("wengert", "wengert", "wengert"),
        Contestant("numpy", "numpy", "numpy"),
        Contestant("torch", "torch", "torch"),
        Contestant("torch+intel", "torch", "torch"),
        Contestant("jax", "jax", "jax"),
    )
}


def installed(name: str) -> bool:
    return importlib.util.find_spec(CONTESTANTS[name].library) is not None


def version(name: str) -> str:
    try:
        return importlib.metadata.version(CONTESTANTS[name].package)
    except importlib.metadata.PackageNotFoundError:
        return "uninstalled source"


def choose(contestants: str | None, peers: str | None, intel: bool) -> list[str]:
    """The names to run, in order: exactly ``contestants``, or wengert and ``peers``, or wengert and all that is installed."""
    if contestants is not None:
        names = [n.strip() for n in contestants.split(",") if n.strip()]
    elif peers is not None:
        names = ["wengert", *(n.strip() for n in peers.split(",") if n.strip())]
    else:
        names = [n for n in CONTESTANTS if n != "torch+intel" and (n == "wengert" or installed(n))]
    if intel and "torch+intel" not in names:
        names.append("torch+intel")
    names = list(dict.fromkeys(names))
    if not names:
        raise BenchError("no contestants named")
    for name in names:
        if name not in CONTESTANTS:
            raise BenchError(f"unknown contestant '{name}': choose from {', '.join(CONTESTANTS)}")
        if not installed(name):
            package = CONTESTANTS[name].package
            raise BenchError(f"contestant '{name}' is not installed: pip install {package}, or leave it out with --peers")
    return names


def presets(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of ``environment`` that would steer a contestant."""
    return {key: value for key, value in sorted(environment.items()) if key.startswith(PREFIXES)}


def clean(environment: Mapping[str, str], threads: int) -> dict[str, str]:
    """``environment`` without presets, and with the one setting every contestant gets: the number of threads."""
    removed = presets(environment)
    kept = {key: value for key, value in environment.items() if key not in removed}
    count = str(threads)
    # PJRT_NPROC sizes XLA's thread pool, which has no other knob.
    for key in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PJRT_NPROC"):
        kept[key] = count
    kept["JAX_PLATFORMS"] = "cpu"
    kept["CUDA_VISIBLE_DEVICES"] = ""
    return kept


def compiler() -> list[str] | None:
    """The C compiler: ``CC`` if set, else the first of cc, gcc, clang that exists."""
    wanted = shlex.split(os.environ.get("CC", ""))
    for command in [wanted] if wanted else [["cc"], ["gcc"], ["clang"]]:
        if shutil.which(command[0]):
            return command
    return None


def build_shim(folder: Path) -> tuple[Path, str]:
    """The library ``torch+intel`` preloads, compiled into ``folder``, and the compiler that made it."""
    command = compiler()
    if command is None:
        raise BenchError("torch+intel needs a C compiler for its one-line library: install one, set CC, or leave out --intel")
    source, library = folder / "intel.c", folder / "libintel.so"
    source.write_text(INTEL_SHIM)
    done = subprocess.run(
        [*command, "-shared", "-fPIC", "-o", str(library), str(source)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"torch+intel: {shlex.join(command)} failed: {done.stderr.strip()}")
    return library, command[0]


def environment(name: str, threads: int, base: Mapping[str, str], shim: Path | None = None) -> dict[str, str]:
    """What the worker of a contestant runs in."""
    made = clean(base, threads)
    if name == "torch+intel":
        if shim is None:
            raise BenchError("torch+intel needs its shim built first")
        made["LD_PRELOAD"] = " ".join(filter(None, [str(shim), base.get("LD_PRELOAD", "")]))
    return made
