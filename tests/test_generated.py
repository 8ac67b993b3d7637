"""The stubs and docs/ops.md are those of the op table, and name everything that is public."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import wengert

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "python" / "wengert"


def test_files_are_current():
    command = [sys.executable, ROOT / "tools" / "generate.py", "--check"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, "run `python tools/generate.py`\n" + result.stdout + result.stderr


def declared(path, indent=""):
    text = path.read_text()
    pattern = rf"^{indent}(?:def |class |from \S+ import \S+ as )?(\w+)(?=[(:\n])"
    return set(re.findall(pattern, text, re.MULTILINE))


@pytest.mark.parametrize(
    ("module", "stub"),
    [(wengert, "__init__.pyi"), (wengert._C, "_C.pyi")],
    ids=["wengert", "_C"],
)
def test_module_stub_is_complete(module, stub):
    submodules = {path.stem for path in PACKAGE.iterdir()}
    public = {name for name in vars(module) if not name.startswith("_")} - submodules
    assert public - declared(PACKAGE / stub) == set()


def test_tensor_stub_is_complete():
    public = {name for name in dir(wengert.Tensor) if not name.startswith("_")}
    assert public - declared(PACKAGE / "_tensor.pyi", "    ") == set()


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_types():
    command = [sys.executable, "-m", "mypy", "--cache-dir", "/dev/null"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout
