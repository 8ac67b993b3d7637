"""Histograms of parameters, gradients and activations."""

import math

from ._plot import COLOURS, Plot, figure, require, style
from ._values import dtype_text, shape_text

_TICKS = {"labelsize": 7}


def histograms(source, *inputs, gradients=False, bins=40, columns=4, log=False, title=""):
    """A panel for each tensor with the distribution of its elements, as a :class:`Plot`.

    source: a dict from names to tensors, or a module: its parameters, with gradients=True their gradients (those that are there),
        and with inputs the outputs of its innermost modules, for which it is run once as it is, training or not, without gradients.
    bins: into how many parts the range is divided. columns: how many panels a row has.
    log: whether counts have a logarithmic scale, which shows the tails.

    Over each panel stand the name, the shape, mean and standard deviation, and how many elements are zero or not finite, where
    there are any; those that are not finite are left out of the rest. ImportError without matplotlib (extra ``[viz]``); TypeError
    for another source, or for gradients or inputs with a dict; ValueError where there is nothing to draw.

    >>> wengert.viz.histograms({"w": wengert.arange(6.0), "b": wengert.zeros(3)})
    <Plot of w (6,), b (3,)>
    """
    require("histograms")
    tensors = _tensors(source, inputs, gradients)
    if not tensors:
        what = "gradient: call backward() first" if gradients else "tensor"
        raise ValueError(f"histograms(): there is no {what}")
    columns = min(columns, len(tensors))
    rows = math.ceil(len(tensors) / columns)
    picture = figure(2.6 * max(columns, 2), 1.9 * rows + 0.3 * bool(title))
    for i, (name, tensor) in enumerate(tensors.items()):
        axes = style(picture.add_subplot(rows, columns, i + 1))
        _panel(axes, name, tensor, bins, log)
    if title:
        picture.suptitle(title)
    return Plot(picture)


def _tensors(source, inputs, gradients):
    """{name: tensor} of what is to be drawn."""
    if isinstance(source, dict):
        if inputs or gradients:
            raise TypeError("histograms(): inputs and gradients go with a module, not with a dict of tensors")
        return source
    if not hasattr(source, "named_parameters"):
        raise TypeError(f"histograms(): expected a module or a dict of tensors, not {type(source).__name__}")
    if inputs and gradients:
        raise TypeError("histograms(): either inputs, for the activations, or gradients=True")
    if inputs:
        return _activations(source, inputs)
    named = source.named_parameters()
    return {name: p.grad for name, p in named if p.grad is not None} if gradients else dict(named)


def _activations(module, inputs):
    import wengert

    found, handles = {}, []

    def keeper(name):
        def hook(module, args, output):
            for i, tensor in enumerate(tensors_in(output)):
                found[f"{name}[{i}]" if i else name] = tensor.detach()

        return hook

    try:
        for name, part in module.named_modules():
            if not any(True for _ in part.children()):
                handles.append(part.register_forward_hook(keeper(": ".join(filter(None, [name, type(part).__name__])))))
        with wengert.no_grad():
            module(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    return found


def tensors_in(value):
    """The tensors in a result of a module: a tensor, or tuples, lists and dicts of them."""
    if hasattr(value, "grad_fn"):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (tuple, list)):
        return []
    return [tensor for part in value for tensor in tensors_in(part)]


def _panel(axes, name, tensor, bins, log):
    import numpy as np

    values = tensor.detach().double().numpy().ravel()
    finite = values[np.isfinite(values)]
    notes = []
    if finite.size:
        notes.append(f"mean {finite.mean():.3g}, std {finite.std():.3g}")
        counts, edges = np.histogram(finite, bins)
        axes.stairs(counts, edges, fill=True, color=COLOURS[0])
        axes.axvline(finite.mean(), color=COLOURS[1], linewidth=1)
        axes.locator_params(nbins=4)
    else:
        axes.set(xticks=[], yticks=[])
    zeros, lost = int((values == 0).sum()), values.size - finite.size
    if zeros:
        notes.append(f"{zeros / values.size:.0%} zero")
    if lost:
        notes.append(f"{lost:,} not finite")
    if log and finite.size:
        axes.set_yscale("log")
    dtype = "" if dtype_text(tensor.dtype) == "float32" else f"{dtype_text(tensor.dtype)} "
    axes.set_title(f"{name} {dtype}{shape_text(tensor.shape)}\n{', '.join(notes) or 'no elements'}", fontsize=8)
    axes.tick_params(**_TICKS)
    axes.grid(False, axis="x")
    axes.xaxis.get_offset_text().set_fontsize(7)
