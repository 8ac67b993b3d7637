"""Settings and fixtures shared by the suite. No test needs PyTorch, a network, or a clock."""

import importlib.util
import os
import subprocess
import sys

import hypothesis
import pytest

import wengert as torch

# The same examples in every run: a failure is there to stay until it is mended.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None, max_examples=60, database=None)
hypothesis.settings.load_profile("suite")


def pytest_configure(config):
    config.addinivalue_line("markers", "parity: compares with PyTorch where it is installed")


def pytest_collection_modifyitems(items):
    if importlib.util.find_spec("torch") is None:
        for item in items:
            if item.get_closest_marker("parity"):
                item.add_marker(pytest.mark.skip(reason="PyTorch is not installed"))


@pytest.fixture(autouse=True)
def global_state():
    """Puts back what a test may set for the whole process."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    yield
    torch.set_num_threads(threads)
    torch.set_default_dtype(dtype)


@pytest.fixture
def python():
    """Runs a script in a fresh interpreter and returns what it prints; a hang or a failing exit fails the test."""

    def run(script, timeout=60, **environment):
        completed = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, **environment},
        )
        assert completed.returncode == 0, completed.stderr
        return completed.stdout

    return run
