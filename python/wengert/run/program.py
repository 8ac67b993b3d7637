"""Runs a program as ``python script.py`` does, with ``torch`` meaning wengert."""

import os
import runpy
import sys
from types import ModuleType

from . import finder


def run_script(script, arguments):
    """The status to exit with. The program sees sys.argv, sys.path and __main__ as if it had been started by itself."""
    path = os.path.join(script, "__main__.py") if os.path.isdir(script) else script
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        print(f"wengert run: can't open file {path!r}: [Errno {error.errno}] {error.strerror}", file=sys.stderr)
        return 2
    finder.install()
    sys.argv = [script, *arguments]
    sys.path[0] = script if os.path.isdir(script) else os.path.dirname(os.path.abspath(path))
    main = ModuleType("__main__")
    main.__file__ = path
    main.__dict__["__builtins__"] = __builtins__
    main.__loader__ = main.__spec__ = None
    sys.modules["__main__"] = main
    return _carry_out(lambda: exec(compile(source, path, "exec"), main.__dict__))


def run_module(name, arguments):
    """The same for ``python -m name``."""
    finder.install()
    sys.argv = [name, *arguments]
    sys.path[0] = os.getcwd()
    return _carry_out(lambda: runpy.run_module(name, run_name="__main__", alter_sys=True))


def _carry_out(program):
    """Runs program; what it raises is shown by sys.excepthook, with a traceback of its own frames."""
    try:
        program()
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename in (__file__, runpy.__file__, "<frozen runpy>"):
            trace = trace.tb_next
        _end_in_program(trace)
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 1
    return 0


def _end_in_program(trace):
    """Cuts off the frames in which the finder raised: the last line shown is the program's."""
    while trace is not None and trace.tb_next is not None:
        if trace.tb_next.tb_frame.f_code.co_filename == finder.__file__:
            trace.tb_next = None
        trace = trace.tb_next
