"""The summary of a module: its parts as a tree, with shapes, parameters, bytes and times."""

import os
import time
from html import escape

from ._histograms import tensors_in
from ._values import bytes_text, dtype_text, shape_text

_LONGEST = 48
_NUMBERS = (2, 3, 4)  # the columns of those that stand at the right
_HEADS = ("layer", "output", "parameters", "weights", "output bytes", "time")


def summary(module, *inputs, depth=None, repeats=5, **kwargs):
    """What a module is made of, and what a call of it costs, as a :class:`Summary`.

    inputs, kwargs: the arguments of a call. The module is called 1 + repeats times with them, in eval mode and without gradients;
        its modes and the state of the random generator are put back. Without them shapes and times are missing.
    depth: how many levels of modules inside modules are listed; all by default.

    The parts are observed through forward hooks. A row counts what is inside it too; a parameter or module that occurs twice is
    counted, and listed, where it occurs first. The bytes of weights are those of parameters and buffers; output bytes are those of
    all calls' results in one pass; times are medians over the repeats, with a few microseconds that the hooks of inner modules take.
    Modules that a pass does not call have neither output nor time. TypeError for what is not a module; errors of the call pass.

    >>> net = wengert.nn.Sequential(wengert.nn.Linear(4, 8), wengert.nn.ReLU(), wengert.nn.Linear(8, 2))
    >>> print(wengert.viz.summary(net, wengert.ones(5, 4)))
    layer        output          parameters  weights  output bytes  time
    Sequential   float32 (5, 2)          58    232 B          40 B  ... us
      0: Linear  float32 (5, 8)          40    160 B         160 B  ... us
      1: ReLU    float32 (5, 8)           0      0 B         160 B  ... us
      2: Linear  float32 (5, 2)          18     72 B          40 B  ... us
    58 parameters, all trainable, 232 B; input 80 B; a pass ... us, 360 B of results inside
    """
    if not hasattr(module, "named_modules"):
        raise TypeError(f"summary(): expected a module, not {type(module).__name__}")
    rows = _rows(module)
    if inputs or kwargs:
        _observe(module, rows, inputs, kwargs, repeats)
    given = sum(map(_nbytes, tensors_in([inputs, kwargs])))
    return Summary(module, [row for row in rows if depth is None or row.depth <= depth], rows, given)


class Row:
    """One part of a module.

    name: its path, "" for the whole. kind: its class. depth: how far inside. parameters, trainable: numbers of elements. nbytes: of
    parameters and buffers. output: the tensors' (shape, dtype) of its first call, None where it is not called. calls: in a pass.
    output_nbytes: of all calls. seconds: of all calls of a pass, a median.
    """

    def __init__(self, name, module, depth):
        self.name, self.kind, self.depth = name, type(module).__name__, depth
        self.parameters = self.trainable = self.nbytes = 0
        self.output, self.calls, self.output_nbytes, self.seconds = None, 0, 0, None
        self.inner = any(True for _ in module.children())
        self.module = module

    @property
    def label(self):
        return f"{self.name.rpartition('.')[2]}: {self.kind}" if self.name else self.kind


class Summary:
    """What :func:`summary` found: ``print`` shows a table, a notebook an HTML table, and ``rows`` are the numbers.

    module: the module. rows: a :class:`Row` for each part, outermost first. parameters, trainable: numbers of elements. nbytes: of
    parameters and buffers. input_nbytes: of the arguments. output_nbytes: of the results of the innermost modules in a pass.
    seconds: of a pass; None without arguments.
    """

    def __init__(self, module, rows, every, input_nbytes):
        whole = every[0]
        self.module, self.rows, self.input_nbytes = module, rows, input_nbytes
        self.parameters, self.trainable, self.nbytes = whole.parameters, whole.trainable, whole.nbytes
        self.seconds = whole.seconds
        self.output_nbytes = sum(row.output_nbytes for row in every if not row.inner)

    def __repr__(self):
        return self.to_text()

    def to_text(self):
        """The table as text, a line for each part and one that sums up."""
        cells = [["  " * row.depth + row.label, *_cells(row)] for row in self.rows]
        used = [i for i in range(len(_HEADS)) if i in (0, 2, 3) or self.seconds is not None]
        table = [[line[i] for i in used] for line in [list(_HEADS), *cells]]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = []
        for line in table:
            parts = [f"{cell:{_align(i)}{width}}" for i, cell, width in zip(used, line, widths, strict=True)]
            lines.append("  ".join(parts).rstrip())
        return "\n".join([*lines, self._total()])

    def _total(self):
        frozen = self.parameters - self.trainable
        trainable = f"{self.trainable:,} trainable" if frozen else "all trainable"
        parts = [f"{self.parameters:,} parameters, {trainable}, {bytes_text(self.nbytes)}"]
        if self.seconds is not None:
            parts.append(f"input {bytes_text(self.input_nbytes)}")
            parts.append(f"a pass {time_text(self.seconds)}, {bytes_text(self.output_nbytes)} of results inside")
        return "; ".join(parts)

    def to_html(self):
        """The table as HTML; a bar behind each time is its share of the pass."""
        head = "".join(
            f'<th style="text-align:{_side(i)};padding:2px 12px">{escape(text)}</th>' for i, text in enumerate(_HEADS)
        )
        body = []
        for row in self.rows:
            share = f"{100 * row.seconds / self.seconds:.0f}%" if row.seconds is not None and self.seconds else "0%"
            bar = f"background:linear-gradient(90deg,#2f74b540 {share},transparent {share})"
            styles = [f"padding-left:{12 + 18 * row.depth}px", "", "", "", "", bar]
            cells = [row.label, *_cells(row)]
            body.append(
                f'<tr title="{escape(row.name or row.kind)}">'
                + "".join(
                    f'<td style="text-align:{_side(i)};padding:2px 12px;{style}">{escape(cell)}</td>'
                    for i, (cell, style) in enumerate(zip(cells, styles, strict=True))
                )
                + "</tr>"
            )
        return (
            '<table style="border-collapse:collapse;font:13px/1.5 system-ui,sans-serif">'
            f'<thead><tr style="border-bottom:1px solid #707a84">{head}</tr></thead>\n<tbody>'
            + "\n".join(body)
            + f'</tbody>\n<tfoot><tr style="border-top:1px solid #707a84"><td colspan="{len(_HEADS)}" '
            f'style="text-align:left;padding:2px 12px">{escape(self._total())}</td></tr></tfoot></table>\n'
        )

    def save(self, path):
        """Writes the file that the suffix of path asks for: .txt or .html. ValueError for another suffix."""
        suffix = os.path.splitext(path)[1].lower()
        if suffix not in (".txt", ".html", ".htm"):
            raise ValueError(f"save(): the suffix of {os.fspath(path)!r} must be .txt or .html")
        text = f"{self.to_text()}\n" if suffix == ".txt" else f'<!doctype html>\n<meta charset="utf-8">\n{self.to_html()}'
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def _repr_html_(self):
        return self.to_html()


def time_text(seconds):
    """``12.3 us``, ``4.56 ms``."""
    for unit, scale in (("us", 1e6), ("ms", 1e3)):
        if seconds * scale < 1000:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds:.3g} s"


def _side(column):
    return "right" if column in _NUMBERS else "left"


def _align(column):
    return ">" if column in _NUMBERS else "<"


def _cells(row):
    """The texts of a row, but the first."""
    output = "-"
    if row.output is not None:
        output = ", ".join(f"{dtype} {shape}" for shape, dtype in row.output) or "no tensor"
        output = output if len(output) <= _LONGEST else f"{output[: _LONGEST - 1]}…"
        output += f" x{row.calls}" if row.calls > 1 else ""
    called = row.seconds is not None
    return (
        output,
        f"{row.parameters:,}",
        bytes_text(row.nbytes),
        bytes_text(row.output_nbytes) if called else "-",
        time_text(row.seconds) if called else "-",
    )


def _nbytes(tensor):
    return tensor.numel() * tensor.element_size()


def _rows(module):
    """A Row for each module in the order of named_modules, with what it and the modules inside it own."""
    rows = [Row(name, part, name.count(".") + 1 if name else 0) for name, part in module.named_modules()]
    by_name = {row.name: row for row in rows}
    seen: set = set()
    for row in rows:
        around = _around(row.name, by_name)
        for tensor, is_parameter in [
            *((p, True) for p in row.module.parameters(recurse=False)),
            *((b, False) for b in row.module.buffers(recurse=False)),
        ]:
            if id(tensor) in seen:
                continue
            seen.add(id(tensor))
            for outer in around:
                outer.nbytes += _nbytes(tensor)
                outer.parameters += tensor.numel() if is_parameter else 0
                outer.trainable += tensor.numel() if is_parameter and tensor.requires_grad else 0
    return rows


def _around(name, by_name):
    """The rows of a module and of those that it is in."""
    found = [by_name[name]]
    while name:
        name = name.rpartition(".")[0]
        found.append(by_name[name])
    return found


def _observe(module, rows, inputs, kwargs, repeats):
    """Calls the module and fills in outputs, calls and times."""
    import wengert

    modes = {part: part.training for part in module.modules()}
    state = wengert.get_rng_state()
    watches, handles = [_Watch(row) for row in rows], []
    passes = []
    try:
        for watch in watches:
            handles.append(watch.row.module.register_forward_pre_hook(watch.before, prepend=False))
            handles.append(watch.row.module.register_forward_hook(watch.after, prepend=True))
        module.eval()
        with wengert.no_grad():
            for _ in range(1 + max(1, repeats)):  # the first one fills caches, and is not counted
                for watch in watches:
                    watch.spent, watch.calls, watch.nbytes = 0, 0, 0
                module(*inputs, **kwargs)
                passes.append([watch.spent for watch in watches])
    finally:
        for handle in handles:
            handle.remove()
        for part, mode in modes.items():
            part.training = mode
        wengert.set_rng_state(state)
    for i, watch in enumerate(watches):
        if watch.calls:
            times = sorted(spent[i] for spent in passes[1:])
            watch.row.output, watch.row.calls = watch.output, watch.calls
            watch.row.output_nbytes, watch.row.seconds = watch.nbytes, times[len(times) // 2] / 1e9


class _Watch:
    """The hooks around one module, and what they saw of a pass."""

    def __init__(self, row):
        self.row, self.output, self.started = row, None, []
        self.spent = self.calls = self.nbytes = 0

    def before(self, module, args):
        self.started.append(time.perf_counter_ns())  # a stack: a module may call itself

    def after(self, module, args, output):
        spent = time.perf_counter_ns() - self.started.pop()
        if not self.started:
            self.spent += spent
        tensors = tensors_in(output)
        self.calls += 1
        self.nbytes += sum(map(_nbytes, tensors))
        if self.output is None:
            self.output = [(shape_text(tensor.shape), dtype_text(tensor.dtype)) for tensor in tensors]
