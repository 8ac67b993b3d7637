"""Blame: where in a backward pass a gradient first was NaN or infinite.

While it is watched, the engine adds up each gradient that a node gives (a NaN or an infinity survives every sum), and nodes note the
line of the forward call that made them. The first node that gives a gradient which is not finite is reported, with the way to it.
"""

import collections

from .. import _C

_report = None  # the text of the last backward pass that went wrong


class watch:
    """Switches watching on, or off with watch(False), at once, and back at the end of a with statement; see blame.

    It costs one pass over every gradient, and about 0.1 us for each recorded operation.
    """

    def __init__(self, mode=True):
        self.before = (_C._set_watch(bool(mode)), _C._get_notes())
        if self.before[1][0] < 2:  # anomaly detection notes more than lines
            _C._set_notes(int(bool(mode)), self.before[1][1])

    def __enter__(self):
        return None

    def __exit__(self, *error):
        watching, notes = self.before
        _C._set_watch(watching)
        _C._set_notes(*notes)


def blame():
    """Prints where a gradient first was NaN or infinite in the last backward pass in which one was.

    The report names the node, the line of the forward call that made it, the row of the derivative table, the ranges of what its
    formulas read, and the nodes between it and the result.

    >>> with wengert.autograd.watch():
    ...     x = wengert.tensor([0.0, 4.0], requires_grad=True)
    ...     (x.sqrt() * wengert.tensor([0.0, 1.0])).sum().backward()
    >>> wengert.autograd.blame()  # doctest: +ELLIPSIS
    SqrtBackward0: the gradient of input has 1 NaN
      made at ...
      row sqrt: input = ...
      grad (2,) in [0, 1], 1 zero
      result (2,) in [0, 2], 1 zero
    The way to it, from the result:
      SumBackward0 ...
      MulBackward0 ...
      SqrtBackward0 ...
    """
    if _report is None:
        watching = " It is not watched now: wengert.autograd.watch() switches that on." if not _watching() else ""
        print(f"No backward pass that was watched had a gradient that is not finite.{watching}")
    else:
        print(_report)


def _watching():
    before = _C._set_watch(False)
    _C._set_watch(before)
    return before


def found(root, node, grads, results, index):
    """Called by the engine: node, on the way from root, made results of grads, and results[index] may not be finite. Returns
    whether it really is not; a sum of large numbers overflows too."""
    global _report
    result = results[index]
    with _plain():
        if bool(result.isfinite().all()):
            return False
        lines = [f"{type(node).__name__}: the gradient of {_argument(node, index)} has {_faults(result)}"]
        lines.append(f"  made at {node.where or 'an unknown line: it was not watched then'}")
        lines += _rows(node, index)
        named = [("grad" if len(grads) == 1 else f"grads[{i}]", grad) for i, grad in enumerate(grads) if grad is not None]
        lines += [f"  {name} {_range(value)}" for name, value in named]
        if not node.freed:
            lines += [f"  {name} {_range(value)}" for name, value in node.saved.items() if isinstance(value, _C.TensorBase)]
        if any(not bool(grad.isfinite().all()) for _, grad in named):
            lines.append("  (what came in was not finite already)")
    lines.append("The way to it, from the result:")
    lines += [f"  {type(step).__name__} {step.where or ''}".rstrip() for step in _path(root, node)]
    _report = "\n".join(lines)
    return True


def _plain():
    from .modes import no_grad

    return no_grad()


def _argument(node, index):
    if node.row is None:
        return f"input {index}"
    names = list(node.row.of) or [name for name, formula in node.row.formulas.items() if formula is not None]
    return names[index] if index < len(names) else names[-1]


def _rows(node, index):
    if node.row is None:
        return []
    from .derivatives._source import source

    argument = _argument(node, index)
    text = source(node.row).get(argument)
    return [f"  row {node.op}: {argument} = {text}"] if text else []


def _faults(tensor):
    counts = [(int(tensor.isnan().sum()), "NaN"), (int(tensor.isinf().sum()), "infinite")]
    return " and ".join(f"{count} {what}" for count, what in counts if count)


def _range(tensor):
    """(2, 3) in [0, 4.5], 1 zero, 1 NaN"""
    shape = tuple(tensor.shape)
    if tensor.numel() == 0:
        return f"{shape}, empty"
    if not tensor.is_floating_point():
        return f"{shape} {tensor.dtype}".replace("torch.", "")
    finite = tensor[tensor.isfinite()]
    text = f"{shape} in [{float(finite.min()):.4g}, {float(finite.max()):.4g}]" if finite.numel() else f"{shape}"
    zeros = int((tensor == 0).sum())
    faults = _faults(tensor)
    return text + (f", {zeros} zero" if zeros else "") + (f", {faults}" if faults else "")


def _path(root, node):
    """The nodes from root to node along a shortest way."""
    came_from = {root: None}
    queue = collections.deque([root])
    while queue and node not in came_from:
        step = queue.popleft()
        if step.sequence < node.sequence:
            continue
        for following, _ in step.next_functions:
            if following is not None and following not in came_from:
                came_from[following] = step
                queue.append(following)
    path = []
    while node is not None:
        path.append(node)
        node = came_from.get(node)
    return path[::-1]
