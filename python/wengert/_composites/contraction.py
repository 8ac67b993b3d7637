"""Sums of products over named dimensions: einsum, and tensordot and kron. Pairs of tensors meet in the batched matrix product."""

from __future__ import annotations

import wengert

from .._composite import composite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wengert import Tensor


def _check(condition, message):
    if not condition:
        raise RuntimeError(message)


# ---- subscripts: letters are numbers 0..51 (A..Z, then a..z, as in the sublist format); the dimensions of an ellipsis are
# numbered from the last one, -1, -2, ...

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ELLIPSIS = "..."


def _parse_subscripts(text, where, equation, offset):
    """The labels of one operand or of the output, with _ELLIPSIS where the ellipsis stands."""
    labels: list[Any] = []
    i = 0
    while i < len(text):
        c = text[i]
        if c == " ":
            i += 1
        elif c == ".":
            _check(_ELLIPSIS not in labels, f"einsum(): found '.' for {where} for which an ellipsis was already found")
            suffix = " (...)" if where == "output" else ""
            _check(text[i : i + 3] == "...", f"einsum(): found '.' for {where} that is not part of any ellipsis{suffix}")
            labels.append(_ELLIPSIS)
            i += 3
        else:
            _check(
                c in _LETTERS,
                f"einsum(): invalid subscript given at index {offset + i} in the equation string, subscripts must be in [a-zA-Z]",
            )
            labels.append(_LETTERS.index(c))
            i += 1
    return labels


def _parse_equation(equation, count):
    left, arrow, right = equation.partition("->")
    parts = left.split(",")
    _check(len(parts) <= count, "einsum(): fewer operands were provided than specified in the equation")
    _check(len(parts) >= count, "einsum(): more operands were provided than specified in the equation")
    offset, inputs = 0, []
    for i, part in enumerate(parts):
        inputs.append(_parse_subscripts(part, f"operand {i}", equation, offset))
        offset += len(part) + 1
    output = _parse_subscripts(right, "output", equation, len(left) + 2) if arrow else None
    return inputs, output


def _parse_sublists(args):
    """Operands and labels of einsum(A, [0, 1], B, [1, 2], [0, 2])."""
    output = list(args[-1]) if len(args) % 2 else None
    operands = list(args[: len(args) - len(args) % 2 : 2])
    lists = [list(labels) for labels in args[1::2]]
    converted = []
    for labels in [*lists, *([output] if output is not None else [])]:
        for label in labels:
            if label is not Ellipsis and not (isinstance(label, int) and 0 <= label < 52):
                raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
        converted.append([_ELLIPSIS if label is Ellipsis else label for label in labels])
    return operands, converted[: len(lists)], converted[len(lists)] if output is not None else None


def _number_ellipses(inputs, operands):
    """Labels with every ellipsis replaced by the numbers of the dimensions it stands for; and how many the longest has."""
    longest, numbered = 0, []
    for i, (labels, operand) in enumerate(zip(inputs, operands, strict=True)):
        named = len(labels) - (_ELLIPSIS in labels)
        if _ELLIPSIS not in labels:
            _check(
                named == operand.dim(),
                f"einsum(): the number of subscripts in the equation ({named}) does not match the number of dimensions "
                f"({operand.dim()}) for operand {i} and no ellipsis was given",
            )
            numbered.append(labels)
            continue
        _check(
            named <= operand.dim(),
            f"einsum(): the number of subscripts in the equation ({named}) is more than the number of dimensions "
            f"({operand.dim()}) for operand {i}",
        )
        extra = operand.dim() - named
        longest = max(longest, extra)
        at = labels.index(_ELLIPSIS)
        numbered.append([*labels[:at], *range(-extra, 0), *labels[at + 1 :]])
    return numbered, longest


def _output_labels(output, inputs, ellipsis):
    if output is None:  # letters that occur once, in the order of the alphabet
        counts: dict[int, int] = {}
        for labels in inputs:
            for label in labels:
                counts[label] = counts.get(label, 0) + 1
        return [*range(-ellipsis, 0), *sorted(label for label, n in counts.items() if n == 1 and label >= 0)]
    labels = []
    for label in output:
        labels += range(-ellipsis, 0) if label == _ELLIPSIS else [label]
    for label in labels:
        letter = _LETTERS[label] if label >= 0 else _ELLIPSIS
        _check(labels.count(label) == 1, f"einsum(): output subscript {letter} appears more than once in the output")
        _check(
            any(label in own for own in inputs),
            f"einsum(): output subscript {letter} does not appear in the equation for any input operand",
        )
    return labels


def _diagonal(operand, labels, i):
    """operand with every repeated label once: a view of the diagonal."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            a = labels.index(label)
            b = labels.index(label, a + 1)
            _check(
                operand.size(a) == operand.size(b),
                f"einsum(): subscript {_LETTERS[label]} is repeated for operand {i} but the sizes don't match, "
                f"{operand.size(b)} != {operand.size(a)}",
            )
            operand = operand.diagonal(0, a, b).movedim(-1, a)
            labels = labels[:b] + labels[b + 1 :]
    return operand, labels


def _sizes(terms):
    sizes: dict[int, int] = {}
    for i, (operand, labels) in enumerate(terms):
        for size, label in zip(operand.shape, labels, strict=True):
            seen = sizes.setdefault(label, size)
            _check(
                size in (1, seen) or seen == 1,
                f"einsum(): subscript {_LETTERS[label] if label >= 0 else _ELLIPSIS} has size {size} for operand {i} which does not "
                f"broadcast with previously seen size {seen}",
            )
            if seen == 1:
                sizes[label] = size
    return sizes


# ---- contraction


def _without_ones(operand, labels, sizes):
    """operand without the dimensions of size 1 that others broadcast."""
    dims = [d for d, label in enumerate(labels) if operand.size(d) == 1 and sizes[label] != 1]
    if dims:
        operand = operand.squeeze(tuple(dims))
    return operand, [label for d, label in enumerate(labels) if d not in dims]


def _reduced(operand, labels, keep):
    """operand summed over the labels that nobody else needs."""
    dims = tuple(d for d, label in enumerate(labels) if label not in keep)
    if dims:
        operand = operand.sum(dims, dtype=operand.dtype if operand.dtype.is_floating_point else None)
    return operand, [label for label in labels if label in keep]


def _pair(a, b, keep):
    """The contraction of two terms over the labels that are not in keep."""
    (x, xs), (y, ys) = a, b
    x, xs = _reduced(x, xs, keep | set(ys))
    y, ys = _reduced(y, ys, keep | set(xs))
    batch = [label for label in xs if label in ys and label in keep]
    inner = [label for label in xs if label in ys and label not in keep]
    rows = [label for label in xs if label not in ys]
    columns = [label for label in ys if label not in xs]
    x = x.permute([xs.index(label) for label in (*batch, *rows, *inner)])
    y = y.permute([ys.index(label) for label in (*batch, *inner, *columns)])
    shape = [x.size(d) for d in range(len(batch) + len(rows))] + [
        y.size(y.dim() - len(columns) + d) for d in range(len(columns))
    ]
    labels = [*batch, *rows, *columns]
    if not inner:
        left = x.reshape((*x.shape, *[1] * len(columns)))
        right = y.reshape((*y.shape[: len(batch)], *[1] * len(rows), *y.shape[len(batch) :]))
        return left * right, labels
    b, m, n = len(batch), len(batch) + len(rows), y.dim() - len(columns)
    x = x.reshape(x.shape[:b].numel(), x.shape[b:m].numel(), x.shape[m:].numel())
    y = y.reshape(y.shape[:b].numel(), y.shape[b:n].numel(), y.shape[n:].numel())
    return wengert.bmm(x, y).reshape(shape), labels


def _cost(a, b, sizes):
    """Multiplications of contracting two terms, and how many elements the result adds."""
    together = set(a) | set(b)
    work = 1
    for label in together:
        work *= sizes[label]
    return work


def _next_pair(labels, output, sizes):
    """The pair whose contraction costs the fewest multiplications, of those the one with the smallest result."""
    best = None
    for i in range(len(labels)):
        for j in range(i + 1, len(labels)):
            others = {label for k, own in enumerate(labels) if k not in (i, j) for label in own} | set(output)
            size = 1
            for label in (set(labels[i]) | set(labels[j])) & others:
                size *= sizes[label]
            key = (_cost(labels[i], labels[j], sizes), size, i, j)
            best = key if best is None else min(best, key)
    assert best is not None
    return best[2:]


def _path(labels, output, sizes):
    """Pairs of positions to contract, one after the other; results come last."""
    try:
        import opt_einsum
    except ImportError:
        labels = list(labels)
        path = []
        while len(labels) > 2:
            i, j = _next_pair(labels, output, sizes)
            path.append((i, j))
            a, b = labels[i], labels[j]
            rest = [own for k, own in enumerate(labels) if k not in (i, j)]
            needed = {label for own in rest for label in own} | set(output)
            labels = [*rest, [label for label in dict.fromkeys((*a, *b)) if label in needed]]
        return [*path, (0, 1)]
    symbol = {label: opt_einsum.get_symbol(i) for i, label in enumerate(sizes)}
    text = ",".join("".join(symbol[label] for label in own) for own in labels)
    equation = f"{text}->{''.join(symbol[label] for label in output)}"
    shapes = [tuple(sizes[label] for label in own) for own in labels]
    return [tuple(sorted(pair)) for pair in opt_einsum.contract_path(equation, *shapes, shapes=True)[0]]


def _contract(terms, output, sizes):
    terms = [_without_ones(operand, labels, sizes) for operand, labels in terms]
    path = _path([labels for _, labels in terms], output, sizes) if len(terms) > 2 else [(0, 1)] * (len(terms) - 1)
    for positions in path:
        chosen = [terms[k] for k in positions]
        terms = [term for k, term in enumerate(terms) if k not in positions]
        while len(chosen) > 1:  # a path may name more than two at a time
            a, b, *chosen = chosen
            keep = set(output).union(*(labels for _, labels in (*terms, *chosen)))
            chosen.insert(0, _pair(a, b, keep))
        terms.append(chosen[0])
    operand, labels = _reduced(terms[0][0], terms[0][1], set(output))
    return operand.permute([labels.index(label) for label in output])


@composite()
def einsum(*args: Any) -> Tensor:
    """The sum of products that an equation describes: ``einsum("bij,bjk->bik", a, b)`` is a batched matrix product.

    Letters name dimensions; those that the output does not name are summed over. Without "->" the output has, in alphabetical
    order, the letters that occur once. A repeated letter takes a diagonal, "..." stands for any dimensions, which broadcast.
    Also ``einsum(a, [0, 1], b, [1, 2], [0, 2])``, with numbers below 52 or Ellipsis. From three operands on, the order of the
    pairwise contractions is opt_einsum's where that is installed, else by the fewest multiplications. RuntimeError for
    equations that do not fit their operands.

    >>> wengert.einsum("ij,kj->ik", wengert.tensor([[1, 2], [3, 4]]), wengert.tensor([[1, 1]]))
    tensor([[3],
            [7]])
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its subscripts list"
        )
    if isinstance(args[0], str):
        operands = list(args[1]) if len(args) == 2 and isinstance(args[1], (list, tuple)) else list(args[1:])
        inputs, output = None, None
    else:
        operands, inputs, output = _parse_sublists(args)
    for i, operand in enumerate(operands):
        if not isinstance(operand, wengert.Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 1, but got {type(operand).__name__}")
    if inputs is None:
        inputs, output = _parse_equation(args[0], len(operands))
    inputs, ellipsis = _number_ellipses(inputs, operands)
    output = _output_labels(output, inputs, ellipsis)
    terms = [_diagonal(operand, labels, i) for i, (operand, labels) in enumerate(zip(operands, inputs, strict=True))]
    sizes = _sizes(terms)
    if len(terms) == 1:
        operand, labels = _reduced(terms[0][0], terms[0][1], set(output))
        return operand.permute([labels.index(label) for label in output])
    result = _contract(terms, [label for label in output if sizes[label] != 1], sizes)
    return result.reshape([sizes[label] for label in output])


def _tensordot_dims(a, b, dims):
    if isinstance(dims, wengert.Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        _check(dims >= 0, f"tensordot expects dims >= 0, but got dims={dims}")
        _check(dims <= min(a.dim(), b.dim()), f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        return list(range(-dims, 0)), list(range(dims))
    _check(
        isinstance(dims, (list, tuple)) and len(dims) == 2,
        "tensordot expects dims to be int or tuple[list[int], list[int]] or list[list[int]] containing two lists, "
        f"but got dims={dims}",
    )
    first, second = ([d] if isinstance(d, int) else list(d) for d in dims)
    return first, second


@composite("out")
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sums of products over dimensions of both: the last `dims` of a and the first of b, or two lists of dimensions.

    The result has a's other dimensions, then b's. RuntimeError where paired sizes differ; a size of 1 broadcasts.

    >>> wengert.tensordot(wengert.ones(2, 3, 4), wengert.ones(4, 3, 5), dims=([1, 2], [1, 0])).shape
    torch.Size([2, 5])
    """
    first, second = _tensordot_dims(a, b, dims)
    _check(len(first) == len(second), "both dimension lists should have same length")
    _check(a.dtype == b.dtype, "both inputs should have same dtype")
    for own, tensor in ((first, a), (second, b)):
        wrapped = [d % tensor.dim() if -tensor.dim() <= d < tensor.dim() else tensor.size(d) for d in own]
        for d in wrapped:
            _check(wrapped.count(d) == 1, f"dim {d} appears multiple times in the list of dims")
    for i, j in zip(first, second, strict=True):
        m, n = a.size(i), b.size(j)
        _check(
            m == n or 1 in (m, n),
            f"contracted dimensions need to match, but first has size {m} in dim {i} and second has size {n} in dim {j}",
        )
        if m != n:
            a, b = (a, b.sum(j, keepdim=True, dtype=b.dtype)) if m == 1 else (a.sum(i, keepdim=True, dtype=a.dtype), b)
    first, second = [d % a.dim() for d in first], [d % b.dim() for d in second]
    rows = [d for d in range(a.dim()) if d not in first]
    columns = [d for d in range(b.dim()) if d not in second]
    shape = [a.size(d) for d in rows] + [b.size(d) for d in columns]
    k = 1
    for d in first:
        k *= a.size(d)
    m, n = 1, 1
    for d in rows:
        m *= a.size(d)
    for d in columns:
        n *= b.size(d)
    return wengert.mm(a.permute([*rows, *first]).reshape(m, k), b.permute([*second, *columns]).reshape(k, n)).reshape(shape)


@composite("out")
def chain_matmul(*matrices: Tensor) -> Tensor:
    """The product of matrices in the order of the fewest multiplications: linalg.multi_dot, of one matrix too.

    >>> wengert.chain_matmul(wengert.ones(2, 3), wengert.ones(3, 4), wengert.ones(4, 1)).tolist()
    [[12.0], [12.0]]
    """
    _check(len(matrices) > 0, "chain_matmul(): Expected one or more matrices")
    for matrix in matrices:
        _check(matrix.dim() == 2, f"Tensor dimension is {matrix.dim()}, expected 2 instead.")
    if len(matrices) == 1:
        return matrices[0].clone()
    return wengert.linalg.multi_dot(matrices)
