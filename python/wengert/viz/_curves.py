"""Training curves: series of numbers over steps."""

from ._plot import COLOURS, Plot, figure, require, style

# A series is drawn with at most twice as many points: of each part of it the lowest and the highest.
_PARTS = 1000


def curves(series, *, title="", xlabel="step", ylabel="", log="", smooth=1, axes=None):
    """Series of numbers over steps as a :class:`Plot`, such as the losses of a training.

    series: numbers (a list, a one-dimensional tensor or array, also a list of tensors with one element), whose steps are then 0, 1,
        2 ...; or a dict from names to such numbers, or to pairs (steps, numbers).
    log: the axes with a logarithmic scale, "x", "y" or "xy"; True is "y".
    smooth: with n > 1 the mean of the last n numbers is drawn, over the numbers themselves in a lighter tone.
    axes: axes of matplotlib to draw into, for a picture with several; by default new ones.

    A number that is not finite leaves a gap. Long series are thinned to the extremes of a thousand parts, so that no spike is lost.
    ImportError without matplotlib (extra ``[viz]``); ValueError for an empty dict, for steps and numbers that differ in length,
    for more than one dimension, and for a logarithmic axis without positive numbers; TypeError for what is not numbers.

    >>> plot = wengert.viz.curves({"train": [1.0, 0.5, 0.25], "test": ([0, 2], [1.1, 0.4])}, ylabel="loss", log="y")
    >>> plot
    <Plot of loss>
    >>> plot.to_svg().startswith("<?xml")
    True
    """
    require("curves")
    log = {True: "y", False: ""}.get(log, log)
    if log not in ("", "x", "y", "xy"):
        raise ValueError(f"curves(): log must be '', 'x', 'y' or 'xy', not {log!r}")
    if isinstance(smooth, bool) or not isinstance(smooth, int) or smooth < 1:
        raise ValueError(f"curves(): smooth must be an integer from 1 up, not {smooth!r}")
    named = {name: _series(name, values) for name, values in (series if isinstance(series, dict) else {"": series}).items()}
    if not named:
        raise ValueError("curves(): there is no series to draw")
    for letter, which in (("x", 0), ("y", 1)):
        if letter in log and not any(number > 0 for pair in named.values() for number in pair[which]):
            raise ValueError(f"curves(): no number along {letter} is positive, as log={log!r} needs")

    if axes is None:
        axes = figure(7.2, 4.0).add_subplot()
    style(axes)
    for i, (name, (steps, values)) in enumerate(named.items()):
        colour = COLOURS[i % len(COLOURS)]
        marker = "o" if len(values) == 1 else None  # a line through a single point would not be seen
        if smooth > 1:
            axes.plot(*_thinned(steps, values), color=colour, linewidth=0.8, alpha=0.3)
            values = _smoothed(values, smooth)
        axes.plot(*_thinned(steps, values), color=colour, linewidth=1.6, marker=marker, label=name or None)
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    if "x" in log:
        axes.set_xscale("log")
    if "y" in log:
        axes.set_yscale("log")
    if any(named):
        axes.legend(edgecolor="none", framealpha=0.7)
    return Plot(axes.figure)


def _series(name, values):
    """(steps, numbers) as lists of floats."""
    pair = isinstance(values, tuple) and len(values) == 2 and all(map(_is_sequence, values))
    steps, values = values if pair else (None, values)
    values = _numbers(name, values)
    steps = list(map(float, range(len(values)))) if steps is None else _numbers(name, steps)
    if len(steps) != len(values):
        raise ValueError(f"curves(): {_the(name)} has {len(steps)} steps for {len(values)} numbers")
    return steps, values


def _is_sequence(value):
    return getattr(value, "ndim", 1) > 0 and hasattr(value, "__len__") and not isinstance(value, str)


def _numbers(name, values):
    if hasattr(values, "tolist"):
        if values.ndim != 1:
            raise ValueError(f"curves(): {_the(name)} has the shape {tuple(values.shape)}, not one dimension")
        values = values.tolist()
    try:
        return [float(value.detach() if hasattr(value, "detach") else value) for value in values]
    except (TypeError, ValueError) as error:
        raise TypeError(f"curves(): {_the(name)} is not made of numbers: {error}") from None


def _the(name):
    return f"the series {name!r}" if name else "the series"


def _smoothed(values, length):
    """The mean of the last `length` numbers up to each; of those that are there at the beginning."""
    import numpy as np

    ones = np.ones(length)
    counts = np.convolve(np.ones(len(values)), ones)[: len(values)]
    return (np.convolve(values, ones)[: len(values)] / counts).tolist()


def _thinned(steps, values):
    if len(values) <= 2 * _PARTS:
        return steps, values
    kept: list[int] = []
    for part in range(_PARTS):
        places = range(part * len(values) // _PARTS, (part + 1) * len(values) // _PARTS)
        # Comparisons with NaN are false: as the first of a part it would be taken for an extreme, so it comes last.
        ordered = sorted(places, key=lambda i: values[i] != values[i])
        kept += sorted({min(ordered, key=values.__getitem__), max(ordered, key=values.__getitem__)})
    return [steps[i] for i in kept], [values[i] for i in kept]
