"""What the build promises: isolated kernel objects, one version, layers that include one way, an import that stays light."""

import os
import re
import shutil
import subprocess
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import wengert

ROOT = Path(__file__).parent.parent


def built_objects():
    """Kernel objects of the builds in this checkout, but for those with sanitizers, which add symbols of their own."""
    for directory in sorted((ROOT / "build").glob("*")):
        cache = directory / "CMakeCache.txt"
        if cache.exists() and not re.search(r"^WENGERT_SANITIZE:\w+=.+$", cache.read_text(), re.MULTILINE):
            yield from directory.glob("CMakeFiles/kernels_*.dir/csrc/kernels/*.o")


def compiled_objects(directory):
    """The kernels compiled for the baseline, where there is no build to look at."""
    compiler = shutil.which(os.environ.get("CXX", "g++"))
    if not compiler:
        pytest.skip("no build directory and no compiler")
    sources = [path for path in (ROOT / "csrc" / "kernels").glob("*.cpp") if path.name != "dispatch.cpp"]
    flags = ["-std=c++20", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-fvisibility=hidden", "-Wno-psabi"]

    def compile_one(source):
        target = directory / f"{source.stem}.o"
        command = [compiler, *flags, f"-I{ROOT / 'csrc'}", "-DWENGERT_ISA=generic", "-c", source, "-o", target]
        subprocess.run(command, check=True)
        return target

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(compile_one, sources))


@pytest.mark.skipif(not shutil.which("nm"), reason="nm is not installed")
def test_kernel_objects_export_one_symbol(tmp_path):
    """Note [One exported symbol] in csrc/simd/isa.h: a weak symbol could be replaced by another instruction set's."""
    for path in list(built_objects()) or compiled_objects(tmp_path):
        listing = subprocess.run(["nm", "-C", "--defined-only", path], check=True, capture_output=True, text=True).stdout
        symbols = re.findall(r"^[0-9a-f]+ (\w) (.+)$", listing, re.MULTILINE)
        assert not [name for kind, name in symbols if kind in "wWvVu"], path
        exported = [name for kind, name in symbols if kind.isupper()]
        assert len(exported) == 1, (path, exported)
        assert re.match(r"wengert::\w+::k", exported[0]), (path, exported)


def test_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    newest = re.search(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE).group(1)
    assert wengert.__version__ == project == newest


def test_layers_include_to_the_left():
    layers = ["core", "simd", "kernels", "ops", "python"]
    for number, layer in enumerate(layers):
        for path in (ROOT / "csrc" / layer).iterdir():
            text = path.read_text()
            for included in re.findall(r'#include "(\w+)/', text):
                assert layers.index(included) <= number, f"{path}: {included}"
            if layer != "python":
                assert "Python.h" not in text, path
            if path.stem != "parallel" or layer != "core":
                assert "#pragma omp" not in text, path


def test_import_is_light(python):
    script = """
import sys
before = set(sys.modules)
import wengert
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before} & {"numpy", "argparse", "subprocess", "json"}))
wengert.tensor([1.0]).numpy()
assert "numpy" in sys.modules
"""
    assert python(script).strip() == ""
