"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import importlib.util
import pkgutil

import pytest

import wengert

MODULES = [
    module.name
    for module in pkgutil.walk_packages(wengert.__path__, "wengert.")
    if not module.name.startswith(("wengert._C", "wengert.bench")) and not module.name.endswith("__main__")
]


class Runner(doctest.DocTestRunner):
    """Skips what says that it needs SciPy where there is none: SciPy is an extra."""

    def report_unexpected_exception(self, out, test, example, exc_info):
        error = exc_info[1]
        if isinstance(error, ImportError) and "needs SciPy" in str(error) and importlib.util.find_spec("scipy") is None:
            pytest.skip(str(error))
        super().report_unexpected_exception(out, test, example, exc_info)


def run(test):
    result = Runner(optionflags=doctest.ELLIPSIS).run(test)
    assert result.failed == 0
    return result.attempted


def run_text(text, name):
    return run(doctest.DocTestParser().get_doctest(text, {"wengert": wengert}, name, None, 0))


def examples():
    """Every docstring with examples of every module."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in ("wengert", *MODULES):
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.startswith("wengert"):
                raise
            continue  # it is about another package, which an extra brings
        for test in finder.find(module, name, extraglobs={"wengert": wengert}):
            if test.examples and not test.name.endswith("_"):  # in-place functions are rows of the table
                yield pytest.param(test, id=test.name)


# But for operators that nn.functional alone has, whose examples are its own.
ROWS = [
    op
    for op in (*wengert._C.op_table(), *wengert._composite.table())
    if op["public_name"][0] != "_" and "network" not in op["forms"]
]


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op["name"])
def test_operator_has_an_example_that_runs(op):
    assert run_text(op["doc"], op["name"]) > 0


# Compiled functions, methods and properties that are no rows: doctest looks for Python's own only.
COMPILED = {
    f"{owner.__name__}.{name}": member.__doc__
    for owner in (wengert._C, wengert._C.TensorBase, wengert._C.Node)
    for name, member in vars(owner).items()
    if ">>>" in (getattr(member, "__doc__", None) or "") and not isinstance(member, type)
}


@pytest.mark.parametrize("name", sorted(COMPILED))
def test_compiled_function(name):
    assert run_text(COMPILED[name], name) > 0


@pytest.mark.parametrize("test", list(examples()))
def test_python(test):
    assert run(test) > 0
