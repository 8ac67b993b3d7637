"""Pictures: of the recorded graph, of trainings, of the values in a network; and the summary of a module.

``graph(y)`` is the graph that was recorded for y, ``curves`` draws series of numbers over steps, ``histograms`` the distribution of
parameters, gradients and activations, and ``summary`` lists the parts of a module with shapes, parameters, bytes and times.
``curves`` and ``histograms`` need matplotlib (extra ``[viz]``), which they import when they are called.

``graph`` reads what was recorded, from ``grad_fn`` through ``next_functions`` down to the leaves, and never runs the function
again.

>>> x = wengert.tensor([1.0, 2.0], requires_grad=True)
>>> y = (x**2 + 1).log().sin()
>>> print(wengert.viz.graph(y))
x  = leaf        float32 (2,)
v1 = pow(x, 2)   float32 (2,)  saves input (shared with x): 8 B
v2 = add(v1, 1)  float32 (2,)
v3 = log(v2)     float32 (2,)  saves input: 8 B
y  = sin(v3)     float32 (2,)  saves input: 8 B
result y; 4 operators, 1 leaf; 24 B saved in 3 storages, 8 B of it the leaves' own
"""

from ._curves import curves
from ._graph import LIMIT, Graph, graph
from ._histograms import histograms
from ._plot import Plot
from ._summary import Summary, summary

__all__ = ["LIMIT", "Graph", "Plot", "Summary", "curves", "graph", "histograms", "summary"]
