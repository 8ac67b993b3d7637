"""pytest-benchmark over the cases of wengert.bench: one library in this process, checked against NumPy before it is timed."""

import os

import pytest

from wengert.bench import peers
from wengert.bench.adapters import adapter

LIBRARIES = ("wengert", "numpy", "torch", "jax")


def pytest_addoption(parser):
    parser.addoption("--library", choices=LIBRARIES, default="wengert", help="the library to time")


def pytest_configure(config):
    # Read when a library is loaded, so before any test asks for one.
    for name in peers.presets(os.environ):
        if not name.endswith("_NUM_THREADS"):
            del os.environ[name]


@pytest.fixture
def time_case(request, benchmark):
    """Checks and times one case."""
    library = request.config.getoption("--library")

    def run(case):
        if not case.expression(library):
            pytest.skip(f"{library} has no part in this case")
        bound = adapter(library).bind(case)
        if library != "numpy":
            adapter(library).check(case, bound)
        benchmark.group = f"{case.family}: {case.name}"
        benchmark.extra_info.update(library=library, bytes=case.bytes, flops=case.flops)
        benchmark(bound.once, *bound.sets[0])

    return run
