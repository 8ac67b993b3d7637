"""Where the boxes of a picture go: layers from top to bottom, few crossings, short lines. For where there is no Graphviz.

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981): layers by the
longest path, an order within each by barycentres, then coordinates. Nothing recurses; the work grows with the boxes, the lines
and the layers that lines pass.
"""

from itertools import pairwise

from ._drawing import SMALL_SIZE, text_width

LAYER_GAP, BOX_GAP, LINE_GAP, MARGIN = 34.0, 22.0, 11.0, 14.0
_SWEEPS = 8
# Lines pass through the layers between their ends, where they take up room; of pictures with more passages than this, the long
# lines do not.
_PASSAGES = 20_000
_LONG = 12


class Layout:
    """places: the centres of the boxes; routes: for each line the points of a curve, an end and three points for each piece of
    it as in SVG's C; labels: the middle of each line's label; and the size of the whole."""

    __slots__ = ("height", "labels", "places", "routes", "width")

    def __init__(self, places, routes, labels, width, height):
        self.places, self.routes, self.labels, self.width, self.height = places, routes, labels, width, height


def layout(drawing):
    """The Layout of a Drawing, whose lines lead from earlier boxes to later ones."""
    boxes = drawing.boxes
    lines = [(line.source, line.target) for line in drawing.lines]
    layer = _layers(len(boxes), lines)
    widths = [box.width for box in boxes]
    paths = _paths(lines, layer, widths)
    rows = _rows(layer)
    above, below = _neighbours(paths, len(widths))
    rows = _ordered(rows, above, below)
    x = _columns(rows, above, below, widths, len(boxes))
    heights = [max((boxes[v].height for v in row if v < len(boxes)), default=0.0) for row in rows]
    tops, y = [], MARGIN
    for height in heights:
        tops.append(y)
        y += height + LAYER_GAP
    left = min(x[v] - widths[v] / 2 for v in range(len(widths))) - MARGIN
    right = max(x[v] + widths[v] / 2 for v in range(len(widths))) + MARGIN
    places = [(x[v] - left, tops[layer[v]] + heights[layer[v]] / 2) for v in range(len(boxes))]
    bands = [(top, top + height) for top, height in zip(tops, heights, strict=True)]
    routes, labels = _routes(drawing, paths, layer, bands, [value - left for value in x], places)
    return Layout(places, routes, labels, right - left, y - LAYER_GAP + MARGIN)


def _layers(count, lines):
    """The layer of each box: below all it comes from; moved down where that makes no line longer than it makes others shorter."""
    layer = [0] * count
    sources, targets = _lists(count), _lists(count)
    for source, target in lines:
        sources[target].append(source)
        targets[source].append(target)
    for v in range(count):
        layer[v] = max((layer[u] + 1 for u in sources[v]), default=0)
    for v in reversed(range(count)):
        if targets[v] and len(set(sources[v])) <= len(set(targets[v])):
            layer[v] = min(layer[u] for u in targets[v]) - 1
    return layer


def _lists(count) -> list[list[int]]:
    return [[] for _ in range(count)]


def _paths(lines, layer, widths):
    """For each line the boxes and passages it goes through; passages get numbers after the boxes, a layer and a width."""
    spans = [layer[target] - layer[source] for source, target in lines]
    through_all = sum(span - 1 for span in spans) <= _PASSAGES
    paths = []
    for (source, target), span in zip(lines, spans, strict=True):
        path = [source]
        if through_all or span <= _LONG:
            for between in range(layer[source] + 1, layer[target]):
                path.append(len(widths))
                widths.append(0.0)
                layer.append(between)
        paths.append([*path, target])
    return paths


def _rows(layer):
    rows = _lists(max(layer, default=0) + 1)
    for v, number in enumerate(layer):
        rows[number].append(v)
    return rows


def _neighbours(paths, count):
    above, below = _lists(count), _lists(count)
    for path in paths:
        for u, v in pairwise(path):
            below[u].append(v)
            above[v].append(u)
    return above, below


# ---- the order within layers


def _ordered(rows, above, below):
    """The rows in the order, of those that sweeps down and up the layers come by, with the fewest crossings."""
    at = {}
    for row in rows:
        at.update({v: i for i, v in enumerate(row)})
    best, fewest = [list(row) for row in rows], _crossings(rows, below, at)
    for sweep in range(_SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            neighbours = above if down else below
            keys = {v: _mean([at[u] for u in neighbours[v]], at[v]) for v in row}
            row.sort(key=keys.__getitem__)
            at.update({v: i for i, v in enumerate(row)})
        crossings = _crossings(rows, below, at)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _mean(values, otherwise):
    return sum(values) / len(values) if values else otherwise


def _crossings(rows, below, at):
    """How many pairs of lines cross: inversions among their lower ends, counted with a binary indexed tree."""
    total = 0
    for row in rows:
        ends = [end for v in row for end in sorted(at[u] for u in below[v])]
        size = max(ends, default=0) + 1
        tree = [0] * (size + 1)
        for seen, end in enumerate(ends):
            i, not_right = end + 1, 0
            while i:
                not_right += tree[i]
                i &= i - 1
            total += seen - not_right
            i = end + 1
            while i <= size:
                tree[i] += 1
                i += i & -i
    return total


# ---- coordinates


def _columns(rows, above, below, widths, boxes):
    """x of every box and passage: near the mean of its neighbours, in the order of its row, without overlaps."""
    x = [0.0] * len(widths)
    for row in rows:
        _place(row, [0.0] * len(row), widths, x, boxes)
    for sweep in range(_SWEEPS + 1):  # down at the end: that keeps lines straight which leave a leaf for many layers
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            near = above if down else below
            wanted = [_mean([x[u] for u in near[v]], x[v]) for v in row]
            _place(row, wanted, widths, x, boxes)
    return x


def _place(row, wanted, widths, x, boxes):
    """The nearest places to those wanted, by least squares, that keep order and gaps: pool adjacent violators.

    Measured from the place that gaps alone would give, the condition is that the offsets never fall. A passage counts more than
    a box, so that long lines stay straight.
    """
    offset, start = 0.0, []
    for i, v in enumerate(row):
        if i:
            between_lines = row[i - 1] >= boxes and v >= boxes
            offset += (widths[row[i - 1]] + widths[v]) / 2 + (LINE_GAP if between_lines else BOX_GAP)
        start.append(offset)
    pools = []  # [sum of weight * (wanted - start), weight, how many]
    for v, place, first in zip(row, wanted, start, strict=True):
        weight = 1.0 if v < boxes else 4.0
        pools.append([weight * (place - first), weight, 1])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] > pools[-1][0] * pools[-2][1]:
            total, weight, count = pools.pop()
            pools[-1] = [pools[-1][0] + total, pools[-1][1] + weight, pools[-1][2] + count]
    places = iter(zip(row, start, strict=True))
    for total, weight, count in pools:
        for _ in range(count):
            v, first = next(places)
            x[v] = total / weight + first


# ---- lines


def _routes(drawing, paths, layer, bands, x, places):
    """The curve of each line, vertical at both ends and where it passes a layer, and the place of its label."""
    ports = _ports(drawing, x)
    routes, labels = [], []
    for number, path in enumerate(paths):
        source, target = path[0], path[-1]
        top = places[source][1] + drawing.boxes[source].height / 2
        bottom = places[target][1] - drawing.boxes[target].height / 2
        points = [(x[source], top)]
        for v in path[1:-1]:
            points += [(x[v], bands[layer[v]][0]), (x[v], bands[layer[v]][1])]
        points.append((ports[number], bottom))
        route = [points[0]]
        for (x0, y0), (x1, y1) in pairwise(points):
            bend = (y1 - y0) / 2
            route += [(x0, y0 + bend), (x1, y1 - bend), (x1, y1)]
        routes.append(route)
        # Beside the middle of the last piece: of a tensor with many uses the labels are apart there.
        (x0, y0), (x1, y1) = points[-2:]
        labels.append(((x0 + x1) / 2 + 5 + text_width(drawing.lines[number].label, SMALL_SIZE) / 2, (y0 + y1) / 2))
    return routes, labels


def _ports(drawing, x):
    """x where each line ends on its target: side by side, in the order they come from."""
    arriving: dict = {}
    for number, line in enumerate(drawing.lines):
        arriving.setdefault(line.target, []).append(number)
    ports = [0.0] * len(drawing.lines)
    for target, numbers in arriving.items():
        numbers.sort(key=lambda number: x[drawing.lines[number].source])
        step = min(18.0, (drawing.boxes[target].width - 12) / len(numbers))
        for i, number in enumerate(numbers):
            ports[number] = x[target] + (i - (len(numbers) - 1) / 2) * step
    return ports
