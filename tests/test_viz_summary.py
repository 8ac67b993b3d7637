"""wengert.viz.summary: what a module is made of, and that looking at it leaves it as it was."""

import re
import warnings
from html.parser import HTMLParser

import pytest

import wengert as torch
from wengert import nn, viz


def net():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Sequential(nn.Linear(8, 3, bias=False), nn.Dropout(0.5)))


def without_times(text):
    return re.sub(r"[\d.]+ [um]?s\b", "T", text)


def test_the_table():
    summary = viz.summary(net(), torch.ones(5, 4))
    lines = [re.sub(" +", " ", line) for line in without_times(str(summary)).splitlines()]
    assert lines == [
        "layer output parameters weights output bytes time",
        "Sequential float32 (5, 3) 64 256 B 60 B T",
        " 0: Linear float32 (5, 8) 40 160 B 160 B T",
        " 1: ReLU float32 (5, 8) 0 0 B 160 B T",
        " 2: Sequential float32 (5, 3) 24 96 B 60 B T",
        " 0: Linear float32 (5, 3) 24 96 B 60 B T",
        " 1: Dropout float32 (5, 3) 0 0 B 60 B T",
        "64 parameters, all trainable, 256 B; input 80 B; a pass T, 440 B of results inside",
    ]
    columns = [line.index("float32 (") for line in str(summary).splitlines()[1:-1]]
    assert len(set(columns)) == 1 and repr(summary) == str(summary)


def test_numbers():
    module = net()
    module[0].weight.requires_grad_(False)
    summary = viz.summary(module, torch.ones(5, 4))
    assert (summary.parameters, summary.trainable, summary.nbytes) == (64, 32, 256)
    assert (summary.input_nbytes, summary.output_nbytes) == (80, 440) and summary.module is module
    assert [row.name for row in summary.rows] == ["", "0", "1", "2", "2.0", "2.1"]
    assert [row.kind for row in summary.rows][:2] == ["Sequential", "Linear"]
    assert [row.depth for row in summary.rows] == [0, 1, 1, 1, 2, 2]
    assert all(row.calls == 1 and row.seconds > 0 for row in summary.rows)
    assert summary.rows[0].seconds >= sum(row.seconds for row in summary.rows if row.depth == 1) * 0.5
    assert "64 parameters, 32 trainable" in str(summary)


def test_without_arguments():
    summary = viz.summary(net())
    lines = [re.sub(" +", " ", line) for line in str(summary).splitlines()]
    assert lines[0] == "layer parameters weights" and lines[1] == "Sequential 64 256 B"
    assert lines[-1] == "64 parameters, all trainable, 256 B"
    assert summary.seconds is None and summary.rows[0].output is None and summary._repr_html_().count(">-<") == 18


def test_depth():
    summary = viz.summary(net(), torch.ones(1, 4), depth=1)
    assert [row.name for row in summary.rows] == ["", "0", "1", "2"]
    assert summary.output_nbytes == viz.summary(net(), torch.ones(1, 4)).output_nbytes


class Odd(nn.Module):
    """A module called twice, one that is shared, one that is not called, one that returns several tensors, and buffers."""

    class Pair(nn.Module):
        def forward(self, x, *, scale):
            return x, {"scaled": [x * scale]}

    def __init__(self):
        super().__init__()
        self.twice = nn.Linear(2, 2)
        self.also_twice = self.twice
        self.unused = nn.Linear(3, 1)
        self.tied = nn.Linear(2, 2)
        self.tied.weight = self.twice.weight
        self.pair = self.Pair()
        self.register_buffer("offset", torch.zeros(10))
        self.own = nn.Parameter(torch.ones(7))

    def forward(self, x, scale=1.0):
        x = self.also_twice(self.twice(x))
        x, more = self.pair(self.tied(x), scale=scale)
        return x + more["scaled"][0]


def test_odd_modules():
    summary = viz.summary(Odd(), torch.ones(3, 2), scale=2.0)
    rows = {row.name: row for row in summary.rows}
    assert list(rows) == ["", "twice", "unused", "tied", "pair"]
    assert rows[""].parameters == 6 + 4 + 2 + 7 and rows[""].nbytes == 4 * 19 + 40
    assert rows["twice"].calls == 2 and rows["twice"].output_nbytes == 48 and "float32 (3, 2) x2" in str(summary)
    assert rows["unused"].calls == 0 and rows["unused"].output is None and rows["unused"].seconds is None
    assert rows["tied"].parameters == 2  # the weight is counted where it occurs first
    assert rows["pair"].output == [("(3, 2)", "float32"), ("(3, 2)", "float32")]


def test_the_module_is_left_as_it_was():
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))
    module.train()
    module[1].eval()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    viz.summary(module, torch.randn(4, 2, generator=torch.Generator().manual_seed(1)))
    assert torch.equal(torch.rand(3), expected)
    assert [part.training for part in module.modules()] == [True, True, False, True]
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
    assert all(parameter.grad is None for parameter in module.parameters())


def test_a_call_that_fails():
    module = net().train()
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        viz.summary(module, torch.ones(5, 3))
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
    assert all(part.training for part in module.modules())


def test_errors():
    with pytest.raises(TypeError, match="expected a module, not Tensor"):
        viz.summary(torch.ones(2))


class Page(HTMLParser):
    """Checks that tags close in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.cells = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "!doctype"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.cells.append(data)


def test_html():
    class Named(nn.Module):
        def forward(self, x):
            return x

    Named.__name__ = "<b>"
    summary = viz.summary(nn.Sequential(Named(), nn.Linear(2, 2)), torch.ones(1, 2))
    page = Page(summary.to_html())
    assert page.open == [] and page.cells[:6] == ["layer", "output", "parameters", "weights", "output bytes", "time"]
    assert "0: <b>" in page.cells and "float32 (1, 2)" in page.cells and len(page.cells) == 6 + 3 * 6 + 1
    assert summary.to_html() == summary._repr_html_() and "<b>" not in summary.to_html()


def test_save(tmp_path):
    summary = viz.summary(net())
    summary.save(tmp_path / "net.txt")
    summary.save(tmp_path / "net.html")
    assert (tmp_path / "net.txt").read_text() == f"{summary}\n"
    assert Page((tmp_path / "net.html").read_text()).open == []
    with pytest.raises(ValueError, match=r"must be \.txt or \.html"):
        summary.save(tmp_path / "net.svg")


def test_neither_matplotlib_nor_warnings(python):
    script = """
import sys, warnings
warnings.simplefilter("error")
import wengert as torch
print(torch.viz.summary(torch.nn.Linear(2, 2), torch.ones(2)).parameters, "matplotlib" in sys.modules)
"""
    assert python(script) == "6 False\n"


def test_many_modules():
    module = nn.Sequential(*(nn.Sequential(nn.Linear(1, 1)) for _ in range(300)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        summary = viz.summary(module, torch.ones(1), repeats=1)
    assert len(summary.rows) == 601 and summary.parameters == 600
