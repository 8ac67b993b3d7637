"""The benchmarks a user runs: ``wengert bench mv-mm`` and ``wengert bench table``.

cases     what is timed, as data: one definition for the command line, the workers and ``benchmarks/``; surface, elementwise,
          gradients and training hold more of them
memory    the programs whose peak memory is measured, and how
peers     the contestants, their environment, the shim behind ``torch+intel``
adapters  how each library makes, views and times its operands (runs in the worker)
worker    the process of one contestant; workers holds its other end
limits    what this machine can do, and shares of it
mv_mm, answer, table     the two commands and the sentences of the first
output, plots, report    text tables, JSON, CSV; figures; the HTML page

Modules here import each other relatively and NumPy or a peer only inside functions: a worker loads this package without
``wengert`` itself, so that no peer shares a process with our extension and its thread pool.
"""
