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


def members(owner):
    return {name for name in dir(owner) if not name.startswith("__")}


def test_module_stub_is_complete():
    loaded = {name for name in members(wengert) if not name.startswith("_")} - {path.stem for path in PACKAGE.iterdir()}
    names = loaded | set(wengert._LAZY) | set(wengert._SUBMODULES)
    assert names - declared(PACKAGE / "__init__.pyi") == set()


def test_extension_stub_is_complete():
    assert members(wengert._C) - declared(PACKAGE / "_C.pyi") == set()


@pytest.mark.parametrize("owner", [wengert.Tensor, wengert._C.Node], ids=["Tensor", "Node"])
def test_class_stub_is_complete(owner):
    stub = PACKAGE / ("_tensor.pyi" if owner is wengert.Tensor else "_C.pyi")
    assert members(owner) - declared(stub, "    ") == set()


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_types():
    command = [sys.executable, "-m", "mypy", "--cache-dir", "/dev/null"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout
