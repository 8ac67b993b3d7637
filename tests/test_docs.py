"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import wengert

MODULES = [
    module.name
    for module in pkgutil.walk_packages(wengert.__path__, "wengert.")
    if not module.name.startswith(("wengert._C", "wengert.bench")) and not module.name.endswith("__main__")
]


def run(text, name):
    test = doctest.DocTestParser().get_doctest(text, {"wengert": wengert}, name, None, 0)
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
    assert result.failed == 0
    return result.attempted


ROWS = [op for op in (*wengert._C.op_table(), *wengert._composite.table()) if op["public_name"][0] != "_"]


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op["name"])
def test_operator_has_an_example_that_runs(op):
    assert run(op["doc"], op["name"]) > 0


@pytest.mark.parametrize("name", ["tensor", "from_numpy"])
def test_extension_function(name):
    assert run(getattr(wengert, name).__doc__, name) > 0


@pytest.mark.parametrize("name", ["wengert", *MODULES])
def test_python_module(name):
    module = importlib.import_module(name)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name, extraglobs={"wengert": wengert}):
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        assert runner.run(test).failed == 0
