"""wengert.viz: what the recorded graph is read as, and the pictures, with and without Graphviz."""

import random
import re
import shutil
import subprocess
import sys
import weakref
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from itertools import pairwise

import pytest

import wengert as torch
from wengert import viz
from wengert.viz import _dot, _drawing, _layout, _model

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def without_graphviz(monkeypatch):
    """Pictures are laid out here, as on a machine without Graphviz, unless a test brings its own."""
    monkeypatch.setattr(_dot, "program", lambda: None)


def lecture():
    """f(x) = sin(log(x^2 + 1)) and its input."""
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    return (x**2 + 1).log().sin(), x


def by_operator(graph):
    return {vertex.operator: vertex for vertex in graph.model.vertices if vertex.operator}


def titles(graph):
    return [vertex.title for vertex in graph.model.vertices]


# ---- what is read


def test_the_lectures_picture():
    y, x = lecture()
    graph = viz.graph(y)
    assert titles(graph) == ["x", "pow(·, 2)", "add(·, 1)", "log", "sin"]
    leaf, *operators = graph.model.vertices
    assert leaf.kind == "leaf" and leaf.outputs == (("(3,)", "float32"),)
    for vertex, source in zip(operators, graph.model.vertices, strict=False):
        assert [edge.source for edge in vertex.inputs] == [source]
        assert vertex.inputs[0].type == ("(3,)", "float32") and vertex.inputs[0].argument == "input"
    assert [vertex.node_name for vertex in operators] == ["PowBackward0", "AddBackward0", "LogBackward0", "SinBackward0"]
    assert [vertex.row.name for vertex in operators] == ["pow", "add", "log", "sin"]
    assert [edge.source for edge in graph.model.results] == [operators[-1]]
    assert graph.model.results[0].name == "y" and repr(graph) == "<Graph of y: 4 operators, 1 leaf>"
    assert x.grad is None


def test_text():
    y, x = lecture()
    assert str(viz.graph(y)) == (
        "x  = leaf        float32 (3,)\n"
        "v1 = pow(x, 2)   float32 (3,)  saves input (shared with x): 12 B\n"
        "v2 = add(v1, 1)  float32 (3,)\n"
        "v3 = log(v2)     float32 (3,)  saves input: 12 B\n"
        "y  = sin(v3)     float32 (3,)  saves input: 12 B\n"
        "result y; 4 operators, 1 leaf; 36 B saved in 3 storages, 12 B of it the leaves' own"
    )
    y.sum().backward()
    lines = viz.graph(y).to_text().splitlines()
    assert lines[0].endswith(f"gradient norm {float(x.grad.norm()):.4g}")
    assert lines[-2].endswith("saved: freed by backward") and "pow(x, 2)" in lines[1]


def test_it_only_reads():
    y, x = lecture()
    before = (x * 2).grad_fn.sequence
    graph = viz.graph(y)
    graph.to_text(), graph.to_svg(), graph.to_html(), graph.to_dot()
    assert (x * 2).grad_fn.sequence == before + 1 and x.grad is None and x._version == 0
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None  # the graph keeps nothing alive


def test_names_of_variables():
    x, b = torch.ones(2, requires_grad=True), torch.ones(2)
    hidden = x * b
    middle = hidden.exp()
    out = middle * middle
    graph = viz.graph(out)
    assert [vertex.name for vertex in graph.model.vertices] == ["x", "b", "hidden", "middle", "out"]
    assert "hidden = mul(x, b)" in graph.to_text() and "out    = mul(middle, middle)" in graph.to_text()

    def elsewhere(tensor):
        return viz.graph(tensor)

    graph = elsewhere(out)
    assert [vertex.name for vertex in graph.model.vertices] == ["leaf1", "c1", "v1", "v2", "tensor"]
    v1 = middle * 3
    assert "v2 = exp(hidden)" not in viz.graph(v1).to_text()
    del hidden, middle
    assert "v2 = mul(x, b)" in viz.graph(v1).to_text()  # a variable has the name v1


def test_names_of_params():
    w, b, x = (torch.ones(2, requires_grad=True) for _ in range(3))
    y = w * x + b

    class Module:
        def named_parameters(self):
            yield "layer.weight", w
            yield "layer.bias", b

    for params in ({"layer.weight": w, "layer.bias": b}, [("layer.weight", w), ("layer.bias", b)], Module()):
        graph = viz.graph(y, params=params)
        kinds = {vertex.name: vertex.kind for vertex in graph.model.vertices if not vertex.operator}
        assert kinds == {"layer.weight": "parameter", "x": "leaf", "layer.bias": "parameter"}
    with pytest.raises(TypeError, match="params must be a dict of tensors by name"):
        viz.graph(y, params=[w, b])


def test_saved_bytes_count_a_storage_once():
    x = torch.ones(4, 3, requires_grad=True)
    h = x.exp()  # keeps its result, which the product keeps too
    y = h * h[:2].sum(0).expand(4, 3)
    graph = viz.graph(y)
    vertices = by_operator(graph)
    assert vertices["exp"].nbytes == 48
    kept = {entry.name: entry for entry in vertices["mul"].saved}
    assert kept["input"].nbytes == 48 and kept["input"].shared is vertices["exp"]
    assert kept["other"].nbytes == 12  # three elements that are repeated
    assert graph.model.nbytes == 60 and graph.model.storages == 2 and graph.model.leaf_nbytes == 0
    z = x * x
    assert viz.graph(z).model.nbytes == viz.graph(z).model.leaf_nbytes == 48


def test_constants():
    x, data = torch.ones(2, 3, requires_grad=True), torch.ones(3, 4)
    y = x.mm(data) + torch.ones(4)
    graph = viz.graph(y)
    constant = graph.model.vertices[1]
    assert (constant.name, constant.kind, constant.outputs) == ("data", "constant", (("(3, 4)", "float32"),))
    assert "v1   = mm(x, data)" in graph.to_text()
    assert by_operator(graph)["add"].title == "add(·, const)"  # no formula asks for it: only that there is one is known


def test_arguments():
    x, y = torch.ones(3, 4, requires_grad=True), torch.ones(3, 4, requires_grad=True)
    values, indices = (x * 1.5).max(1, keepdim=True)
    z = torch.cat([x, y, values], 1)[0, 1:]
    graph = viz.graph(z)
    text = graph.to_text()
    assert "mul(x, 1.5)" in text and "cat(x, y, values, dim=1)" in text
    assert re.search(r"^values, v2\[1\] += max\(v1, dim=1, keepdim=True\) +float32 \(3, 1\), int64 \(3, 1\)", text, re.M)
    assert re.search(r"^z += v3\[0, 1:\]", text, re.M)
    cat = by_operator(graph)["cat"]
    assert [edge.argument for edge in cat.inputs] == ["tensors"] * 3 and cat.title == "cat(·, ·, ·, dim=1)"
    assert indices.grad_fn is None


def test_several_results_and_leaves():
    x = torch.ones(2, requires_grad=True)
    a, b = x * 2, x * 3
    graph = viz.graph(a, b, x)
    assert [edge.name for edge in graph.model.results] == ["a", "b", "x"]
    assert repr(graph) == "<Graph of a, b, x: 2 operators, 1 leaf>" == repr(viz.graph([a, b, x]))
    assert titles(viz.graph(x)) == ["x"] and viz.graph(x).to_svg()


def test_custom_functions_and_second_derivatives():
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    x = torch.ones(2, requires_grad=True)
    y = Double.apply(x)
    vertex = by_operator(viz.graph(y))["Double"]
    assert vertex.node_name == "DoubleBackward" and vertex.row is None and vertex.nbytes == 8
    (slope,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    assert viz.graph(slope).model.count("operator") >= 2 and viz.graph(slope).to_html()


def test_a_saved_tensor_that_was_written_to():
    x = torch.ones(2, requires_grad=True)
    h = x.exp()
    y = h.sin()
    h.add_(1)
    text = viz.graph(y).to_text()
    assert "saved: one of the variables needed for gradient computation has been modified by an inplace operation" in text


def test_lines_that_were_noted():
    x = torch.ones(2, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        y = x.exp()
    graph = viz.graph(y)
    line = y.grad_fn.where.count("\n") and by_operator(graph)["exp"].where
    assert line.startswith(f"{__file__}:") and f"at {line}" in graph.to_text() and f"recorded at {line}" in graph.to_html()


def test_errors():
    with pytest.raises(RuntimeError, match="does not require grad and does not have a grad_fn"):
        viz.graph(torch.ones(2))
    with pytest.raises(TypeError, match="expected tensors, not int"):
        viz.graph(1)
    with pytest.raises(TypeError, match="expected a tensor"):
        viz.graph()
    y, _ = lecture()
    with pytest.raises(ValueError, match="engine must be"):
        viz.graph(y).to_svg(engine="neato")


# ---- large graphs


def chain(length):
    y = torch.ones(1, requires_grad=True)
    for _ in range(length):
        y = y * 1.5
    return y


def test_a_chain_of_100000():
    y = chain(100_000)
    graph = viz.graph(y)
    assert repr(graph) == "<Graph of y: 100,000 operators, 1 leaf>"
    assert len(graph.to_text().splitlines()) == 100_002
    printed = str(graph).splitlines()
    assert len(printed) == 202 and printed[100] == "... 99,801 lines left out; to_text() has them all"
    for picture in (graph.to_svg(), graph.to_html(), graph.to_dot(), graph._repr_html_()):
        assert "… 98,001 more" in picture and len(picture) < 10_000_000
    assert graph.to_svg(limit=5).count('class="operator"') == 5


def test_a_fan_of_5000():
    x = torch.ones(1, requires_grad=True)
    y = torch.cat([x * i for i in range(5000)])
    graph = viz.graph(y)
    assert graph.model.count("operator") == 5001 and "… 3,002 more" in graph.to_svg()
    assert re.search(r"[34],\d+ inputs", graph.to_svg())


# ---- pictures


def boxes_of(svg):
    """{title: (left, top, right, bottom)} of the boxes of a picture."""
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        if rect is not None:
            left, top, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
            found[group.find(f"{SVG}text").text] = (left, top, left + width, top + height)
    return found


def test_svg_runs_from_the_leaf_down_to_the_result():
    y, x = lecture()
    assert y.grad_fn and x.is_leaf
    root = ElementTree.fromstring(viz.graph(y).to_svg())
    boxes = boxes_of(viz.graph(y).to_svg())
    assert list(boxes) == ["x", "pow(·, 2)", "add(·, 1)", "log", "sin", "y"]
    rows = list(boxes.values())
    assert all(above[3] < below[1] for above, below in pairwise(rows))
    assert all(0 < box[0] < box[2] < float(root.get("width")) for box in rows)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert texts.count("(3,)") == 5 and "float32, saves 12 B" in texts
    told = [element.text for element in root.iter(f"{SVG}title")]
    assert any("gradient of input: g·cos x\n    grad * input.cos()" in text for text in told)
    assert viz.graph(y)._repr_svg_() == viz.graph(y).to_svg()


class Page(HTMLParser):
    """The tags and the text of a page; checks that tags close in order."""

    VOID = ("meta",)

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_html_needs_nothing_else():
    y, x = lecture()
    y.sum().backward()
    html = viz.graph(y).to_html()
    page = Page(html)
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert "svg" in names and not names & {"script", "link", "img", "iframe", "object"}
    attributes = {name for _, attrs in page.tags for name in attrs}
    assert not attributes & {"src", "href", "xlink:href", "onload", "onclick"}
    assert "url(" not in html and re.findall(r"https?://[^\"']+", html) == ["http://www.w3.org/2000/svg"]
    words = " ".join(page.words)
    assert "g·cos x" in words and "grad * input.cos()" in words and "SinBackward0" in words
    assert f"gradient norm {float(x.grad.norm()):.4g}" in words
    assert sum("spot" in attrs.get("class", "") for _, attrs in page.tags) == 6


def test_names_are_escaped():
    w = torch.ones(2, requires_grad=True)
    y = w.exp()
    graph = viz.graph(y, params={'<script>"a"\\&': w})
    assert "<script" not in graph.to_html() and Page(graph.to_html()).open == []
    assert '<script>"a"\\&' in boxes_of(graph.to_svg())
    assert r'[label="<script>\"a\"\\&\nfloat32 (2,)"' in graph.to_dot()


def test_dot():
    y, x = lecture()
    text = viz.graph(y).to_dot()
    assert x.is_leaf and text.startswith("digraph wengert {") and text.endswith("}\n")
    nodes = dict(re.findall(r'^  (\w+) \[label="(.*?)", fillcolor', text, re.M))
    assert [label.split(r"\n")[0] for label in nodes.values()] == ["x", "pow(·, 2)", "add(·, 1)", "log", "sin", "y"]
    edges = re.findall(r'^  (\w+) -> (\w+) \[label="(.*?)"', text, re.M)
    names = list(nodes)
    assert edges == [(a, b, "(3,)") for a, b in pairwise(names)]
    assert "grad * input.cos()" in text


def test_parallel_lines_have_one_label():
    x = torch.ones(7, requires_grad=True)
    y = x * x
    root = ElementTree.fromstring(viz.graph(y).to_svg())
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert texts.count("(7,)") == 2 and len(list(root.iter(f"{SVG}polygon"))) == 3


def random_drawing(seed):
    """A picture of random lines between boxes of random widths, each from an earlier box."""
    rng = random.Random(seed)
    boxes = [_drawing.Box(f"n{i}", "operator", "x" * rng.randrange(1, 12), ["y"] * rng.randrange(3)) for i in range(40)]
    lines = []
    for target in range(1, len(boxes)):
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            lines.append(_drawing.Line(rng.randrange(max(0, target - 12), target), target, "(3,)"))
    return _drawing.Drawing(boxes, lines, 0)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("passages", [20_000, 0])
def test_boxes_do_not_meet_and_lines_lead_down(seed, passages, monkeypatch):
    monkeypatch.setattr(_layout, "_PASSAGES", passages)
    monkeypatch.setattr(_layout, "_LONG", 3)
    drawing = random_drawing(seed)
    found = _layout.layout(drawing)
    edges = []
    for box, (x, y) in zip(drawing.boxes, found.places, strict=True):
        edges.append((x - box.width / 2, y - box.height / 2, x + box.width / 2, y + box.height / 2))
        assert edges[-1][0] > 0 and edges[-1][1] > 0 and edges[-1][2] < found.width and edges[-1][3] < found.height
    for i, a in enumerate(edges):
        for b in edges[:i]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for line, route in zip(drawing.lines, found.routes, strict=True):
        heights = [y for _, y in route]
        assert heights == sorted(heights) and len(route) % 3 == 1
        assert route[0][1] == pytest.approx(edges[line.source][3]) and route[-1][1] == pytest.approx(edges[line.target][1])
        assert edges[line.target][0] < route[-1][0] < edges[line.target][2]


def test_crossings_are_counted_and_removed():
    boxes = [_drawing.Box(f"n{i}", "operator", "x", []) for i in range(6)]
    crossed = [_drawing.Line(a, b, "") for a, b in [(0, 5), (1, 4), (2, 3)]]
    places = _layout.layout(_drawing.Drawing(boxes, crossed, 0)).places
    assert all(places[a][0] == pytest.approx(places[b][0]) for a, b in [(0, 5), (1, 4), (2, 3)])
    at = {v: i for i, v in enumerate([0, 1, 2])} | {v: i for i, v in enumerate([3, 4, 5])}
    assert _layout._crossings([[0, 1, 2], [3, 4, 5]], [[5], [4], [3], [], [], []], at) == 3


# ---- files and Graphviz


def test_save(tmp_path):
    y, _ = lecture()
    graph = viz.graph(y)
    for suffix, text in ((".svg", graph.to_svg()), (".html", graph.to_html()), (".dot", graph.to_dot())):
        graph.save(tmp_path / f"graph{suffix}")
        assert (tmp_path / f"graph{suffix}").read_text() == text
    graph.save(str(tmp_path / "graph.TXT"))
    assert (tmp_path / "graph.TXT").read_text() == graph.to_text() + "\n"
    with pytest.raises(RuntimeError, match="needs Graphviz"):
        graph.save(tmp_path / "graph.png")
    with pytest.raises(ValueError, match=r"must be \.svg, \.html, \.dot, \.txt or \.png"):
        graph.save(tmp_path / "graph.pdf")
    assert not (tmp_path / "graph.png").exists() and not (tmp_path / "graph.pdf").exists()


def test_without_graphviz():
    y, _ = lecture()
    with pytest.raises(RuntimeError, match="needs Graphviz, whose program `dot` was not found"):
        viz.graph(y).to_svg(engine="dot")
    assert viz.graph(y).to_svg() == viz.graph(y).to_svg(engine="own")


def program_of(monkeypatch, tmp_path, script):
    """A `dot` that runs a Python script."""
    path = tmp_path / "dot"
    path.write_text(f"#!{sys.executable}\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(_dot, "program", lambda: str(path))


PLAIN = """\
graph 1 2 5
node 0 1 4.5 1 1 "" solid box black lightgrey
node 1 1 0.5 1 1 "" solid box black lightgrey
edge 0 1 4 1 4 1 3 1 2 1 1 xxxxx 1.5 2.5 solid black
edge 0 1 4 1.2 4 1.2 3 1.2 2 1.2 1 solid black
stop
"""


def test_places_by_graphviz(monkeypatch, tmp_path):
    program_of(monkeypatch, tmp_path, f"import sys\nassert sys.argv[1:] == ['-Tplain']\nprint({PLAIN!r})")
    boxes = [_drawing.Box(f"n{i}", "operator", "x", []) for i in range(2)]
    lines = [_drawing.Line(0, 1, "(3,)"), _drawing.Line(0, 1, "")]
    found = _dot.layout(_drawing.Drawing(boxes, lines, 0))
    assert (found.width, found.height) == (172, 388)
    assert found.places == [(86, 388 - 14 - 324), (86, 388 - 14 - 36)]
    assert [route[0] for route in found.routes] == [(86, 86), (pytest.approx(100.4), 86)]
    assert found.labels[0] == (pytest.approx(122, abs=5), 194)


@pytest.mark.parametrize("script", ["raise SystemExit('dot is broken')", "import time\ntime.sleep(60)"])
def test_a_graphviz_that_fails(monkeypatch, tmp_path, script):
    program_of(monkeypatch, tmp_path, script)
    monkeypatch.setattr(_dot, "SECONDS", 0.5)
    y, _ = lecture()
    assert viz.graph(y).to_svg() == viz.graph(y).to_svg(engine="own")
    with pytest.raises(RuntimeError, match=r"Graphviz: (dot is broken|.* timed out)"):
        viz.graph(y).to_svg(engine="dot")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz(monkeypatch, tmp_path):
    monkeypatch.setattr(_dot, "program", lambda: shutil.which("dot"))
    y, _ = lecture()
    graph = viz.graph(y)
    boxes = list(boxes_of(graph.to_svg()).values())
    assert all(above[3] < below[1] for above, below in pairwise(boxes))
    graph.save(tmp_path / "graph.png")
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")
    checked = subprocess.run(["dot", "-Tsvg"], input=graph.to_dot().encode(), capture_output=True, timeout=60, check=True)
    assert checked.stderr == b"" and "grad * input.cos()" in checked.stdout.decode()


def test_kinds_have_colours_and_meanings():
    kinds = {_model.PARAMETER, _model.LEAF, _model.CONSTANT, _model.OPERATOR}
    assert kinds < set(_drawing.COLOURS) and kinds < set(_drawing.MEANINGS)
