"""How tensors print: PyTorch's layout, to the character.

A tensor is shown as nested lists whose numbers share one column width and one style, chosen from all numbers shown. Large
tensors show the first and last ``edgeitems`` along each dimension, and only these are read.
"""

import math
from itertools import chain
from types import SimpleNamespace

from . import _C

_PREFIX = "tensor("
_GAP = object()  # stands for the items left out of a summary

# Floats are written with an exponent when they span or exceed these.
_LARGEST_RATIO = 1000.0
_LARGEST_FIXED = 1.0e8
_SMALLEST_FIXED = 1.0e-4


_DEFAULT: dict = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}
_PROFILES: dict[str, dict] = {
    "default": _DEFAULT,
    "short": {**_DEFAULT, "precision": 2, "edgeitems": 2},
    "full": {**_DEFAULT, "threshold": math.inf},
}
_options = SimpleNamespace(**_DEFAULT)


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Set how tensors print; what is not given stays, but for ``sci_mode``, which goes back to None (automatic).

    Args:
        precision: digits after the point of floats (4).
        threshold: tensors with more elements than this are summarised (1000).
        edgeitems: how many items a summary shows at each end of a dimension (3).
        linewidth: characters in a line (80).
        profile: ``"default"``, ``"short"`` or ``"full"`` (no summaries), applied before the other arguments.
        sci_mode: True or False to force or forbid exponents; None chooses by the values.

    >>> wengert.set_printoptions(precision=2)
    >>> wengert.tensor([1.12345])
    tensor([1.12])
    >>> wengert.set_printoptions(profile="default")
    """
    global _options
    if profile is not None and profile not in _PROFILES:
        raise ValueError(f"set_printoptions: profile must be one of {', '.join(_PROFILES)}, got {profile!r}")
    base = vars(_options) if profile is None else _PROFILES[profile]
    given: dict = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    for name, value in given.items():
        if value is None:
            continue
        if not isinstance(value, (int, float) if name == "threshold" else int):
            raise TypeError(f"set_printoptions: {name} must be a number, got {value!r}")
        if not value >= 0:
            raise ValueError(f"set_printoptions: {name} must not be negative, got {value!r}")
    changes = {name: value for name, value in given.items() if value is not None}
    _options = SimpleNamespace(**{**base, "sci_mode": sci_mode, **changes})


def get_printoptions() -> dict:
    """The options in use, by name."""
    return dict(vars(_options))


class printoptions:
    """:func:`set_printoptions` for the length of a ``with`` block."""

    def __init__(self, **options):
        self.options = options

    def __enter__(self):
        self.before = _options
        set_printoptions(**self.options)

    def __exit__(self, *_):
        global _options
        _options = self.before


def tensor_repr(t) -> str:
    """``repr(t)`` of any object with a tensor's dtype, shape, dim(), numel(), tolist() and indexing."""
    summarise = t.dim() > 0 and t.numel() > _options.threshold
    if t.numel() == 0:
        body = "[]"
    elif summarise and not _options.edgeitems:
        body = "[...]"
    else:
        items = _edges(t.detach()) if summarise else t.tolist()
        values = items if t.dim() else [items]
        for _ in range(t.dim() - 1):
            values = list(chain.from_iterable(i for i in values if i is not _GAP))
        write, width = _column([v for v in values if v is not _GAP], t.dtype)
        body = _block(items, t.dim(), len(_PREFIX), write, width) if t.dim() else write(items)
    return _with_suffixes(_PREFIX + body, _suffixes(t))


def _suffixes(t):
    """What is told of a tensor besides its values."""
    suffixes = []
    # As PyTorch: without edge items the shape is always told, since a summary would not show it.
    if t.dim() != 1 if t.numel() == 0 else not _options.edgeitems:
        suffixes.append(f"size={tuple(t.shape)}")
    # The values shown tell bool and int64 apart from the default float.
    evident = (_C.get_default_dtype(),) if t.numel() == 0 else (_C.get_default_dtype(), _C.int64, _C.bool)
    if t.dtype not in evident:
        suffixes.append(f"dtype={t.dtype}")
    if t.requires_grad:
        suffixes.append(_history(t))
    return suffixes


def _history(t):
    try:
        node = t.grad_fn
    except RuntimeError:  # of a view that may not be used any more
        return "grad_fn=<Invalid>"
    return "requires_grad=True" if node is None else f"grad_fn=<{type(node).__name__}>"


def _with_suffixes(text, suffixes):
    room = len(text) - text.rfind("\n") + 1  # of the last line, with the comma and space before the next suffix
    parts = [text]
    for suffix in suffixes:
        if room + len(suffix) + 2 > _options.linewidth:
            parts.append(",\n" + " " * len(_PREFIX) + suffix)
            room = len(_PREFIX) + len(suffix)
        else:
            parts.append(", " + suffix)
            room += len(suffix) + 2
    return "".join(parts) + ")"


def _edges(t):
    """The nested list that a summary shows, with _GAP where items are left out."""
    n, edge = t.shape[0], _options.edgeitems
    if n <= 2 * edge:
        return t.tolist() if t.dim() == 1 else [_edges(t[i]) for i in range(n)]
    if t.dim() == 1:
        return [*t[:edge].tolist(), _GAP, *t[n - edge :].tolist()]
    return [*(_edges(t[i]) for i in range(edge)), _GAP, *(_edges(t[i]) for i in range(n - edge, n))]


def _block(items, dim, indent, write, width):
    """The bracketed text of nested lists `dim` deep whose bracket stands in column `indent`."""
    margin = "\n" + " " * (indent + 1)
    if dim > 1:
        rows = ("..." if i is _GAP else _block(i, dim - 1, indent + 1, write, width) for i in items)
        return "[" + ("," + "\n" * (dim - 2) + margin).join(rows) + "]"
    texts = [" ..." if i is _GAP else write(i) for i in items]
    per_line = max(1, int((_options.linewidth - indent) // (width + 2)))
    lines = (", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line))
    return "[" + ("," + margin).join(lines) + "]"


def _column(values, dtype):
    """How each of `values` is written, and the width of their column."""
    if not dtype.is_floating_point:
        width = max(len(str(v)) for v in values)
        return (lambda v: str(v).rjust(width)), width
    digits = _options.precision

    def integral(v):
        return f"{v:.0f}." if math.isfinite(v) else str(v)

    def fixed(v):
        return f"{v:.{digits}f}"

    def exponent(v):
        return f"{v:.{digits}e}"

    # Zeros, infinities and NaNs follow the style and width of the others.
    others = [v for v in values if v and math.isfinite(v)]
    if not others:
        return integral, 1
    plain = integral if all(v.is_integer() for v in others) else fixed
    largest, smallest = max(map(abs, others)), min(map(abs, others))
    scientific = _options.sci_mode
    if scientific is None:
        scientific = largest / smallest > _LARGEST_RATIO or largest > _LARGEST_FIXED
        scientific = scientific or (plain is fixed and smallest < _SMALLEST_FIXED)
    style = exponent if scientific else plain
    width = max(len(style(v)) for v in others)
    return (lambda v: style(v).rjust(width)), width
