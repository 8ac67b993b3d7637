"""wengert.viz: curves and histograms, and the files that they write. Nothing here needs a display."""

import math
import sys
import xml.etree.ElementTree as ElementTree

import pytest

import wengert as torch
from wengert import viz

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is an extra: wengert[viz]")


def lines(plot):
    """{label: (steps, values)} of the lines of a plot; lines without a label by their number."""
    found = {}
    for i, line in enumerate(plot.figure.axes[0].lines):
        label = line.get_label()
        found[i if label.startswith("_") else label] = (list(line.get_xdata()), list(line.get_ydata()))
    return found


def texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


# ---- curves


@pytest.mark.parametrize(
    "values",
    [
        [3.0, 1.0, 2.0],
        (3, 1, 2),
        torch.tensor([3.0, 1.0, 2.0]),
        torch.tensor([3, 1, 2]),
        torch.tensor([3.0, 1.0, 2.0]).numpy(),
        torch.tensor([3.0, 1.0, 2.0], requires_grad=True),
        [torch.tensor(3.0, requires_grad=True), torch.tensor([1.0]), 2],
    ],
    ids=["list", "tuple", "tensor", "integers", "array", "with gradient", "list of tensors"],
)
def test_a_series_in_every_form(values):
    assert lines(viz.curves(values)) == {0: ([0.0, 1.0, 2.0], [3.0, 1.0, 2.0])}
    steps = torch.tensor([0, 10, 20])
    assert lines(viz.curves({"loss": (steps, values)})) == {"loss": ([0.0, 10.0, 20.0], [3.0, 1.0, 2.0])}


def test_a_pair_of_numbers_is_a_series():
    assert lines(viz.curves({"a": (1.0, 2.0)})) == {"a": ([0.0, 1.0], [1.0, 2.0])}
    assert lines(viz.curves({"a": (torch.tensor(1.0), torch.tensor(2.0))})) == {"a": ([0.0, 1.0], [1.0, 2.0])}


def test_words_and_scales():
    plot = viz.curves({"train": [1.0, 0.1], "test": [2.0, 0.2]}, title="Title", xlabel="epoch", ylabel="loss", log="xy")
    (axes,) = plot.figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert {"Title", "epoch", "loss", "train", "test"} <= set(texts(plot.to_svg()))
    assert viz.curves([1, 2], log=True).figure.axes[0].get_yscale() == "log"
    assert viz.curves([1, 2]).figure.axes[0].get_legend() is None
    assert repr(plot) == "<Plot of Title>" and repr(viz.curves([1])) == "<Plot of a figure>"


def test_smoothing():
    plot = viz.curves({"loss": [4.0, 2.0, 0.0, math.nan, 4.0, 4.0]}, smooth=2)
    raw, (_, means) = lines(plot).values()
    assert raw[1][:3] == [4.0, 2.0, 0.0] and raw[0] == [0, 1, 2, 3, 4, 5]
    assert means[:3] == [4.0, 3.0, 1.0] and math.isnan(means[3]) and math.isnan(means[4]) and means[5] == 4.0


def test_long_series_keep_their_spikes():
    values = [0.0] * 100_000
    values[54_321], values[70_000] = 5.0, math.nan
    values[70_001] = -3.0
    steps, drawn = lines(viz.curves(values))[0]
    assert len(drawn) <= 2000 and max(drawn) == 5.0 and min(drawn) == -3.0 and steps == sorted(steps)
    assert steps[drawn.index(5.0)] == 54_321


def test_values_that_are_not_finite_leave_gaps():
    plot = viz.curves([1.0, math.nan, math.inf, 2.0], log="y")
    assert len(lines(plot)[0][1]) == 4
    assert "nan" not in plot.to_svg().lower().replace("dominant", "")


def test_axes_of_ones_own():
    from matplotlib.figure import Figure

    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert viz.curves([1, 2], axes=left).figure is figure
    viz.curves([2, 1], axes=right)
    assert [len(axes.lines) for axes in figure.axes] == [1, 1]


@pytest.mark.parametrize(
    "error, call, message",
    [
        (ValueError, lambda: viz.curves({}), "there is no series"),
        (ValueError, lambda: viz.curves([1], log="z"), "log must be"),
        (ValueError, lambda: viz.curves([1], smooth=0), "smooth must be an integer from 1 up, not 0"),
        (ValueError, lambda: viz.curves({"a": ([1, 2, 3], [1, 2])}), "'a' has 3 steps for 2 numbers"),
        (ValueError, lambda: viz.curves(torch.ones(2, 3)), r"shape \(2, 3\), not one dimension"),
        (ValueError, lambda: viz.curves([0.0, -1.0], log="y"), "no number along y is positive"),
        (TypeError, lambda: viz.curves({"a": ["one"]}), "'a' is not made of numbers"),
        (TypeError, lambda: viz.curves([torch.ones(2)]), "not made of numbers"),
    ],
)
def test_errors_of_curves(error, call, message):
    with pytest.raises(error, match=message):
        call()


# ---- histograms


def net():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2))


def titles(plot):
    return [axes.get_title() for axes in plot.figure.axes]


def test_parameters_gradients_and_activations():
    module = net()
    assert [title.splitlines()[0] for title in titles(viz.histograms(module))] == (
        ["0.weight (5, 3)", "0.bias (5,)", "2.weight (2, 5)", "2.bias (2,)"]
    )
    with pytest.raises(ValueError, match=r"no gradient: call backward\(\) first"):
        viz.histograms(module, gradients=True)
    module(torch.ones(1, 3)).sum().backward()
    module[0].bias.grad = None
    assert [title.split()[0] for title in titles(viz.histograms(module, gradients=True))] == ["0.weight", "2.weight", "2.bias"]
    shown = titles(viz.histograms(module, torch.randn(7, 3)))
    assert [title.splitlines()[0] for title in shown] == ["0: Linear (7, 5)", "1: ReLU (7, 5)", "2: Linear (7, 2)"]
    assert "% zero" in shown[1]
    assert not any(part._forward_hooks for part in module.modules())


def test_counts_are_those_of_the_elements():
    values = torch.tensor([0.0, 0.0, 1.0, 3.0, math.nan, math.inf])
    plot = viz.histograms({"v": values}, bins=3)
    (axes,) = plot.figure.axes
    (patch,) = axes.patches
    counts, edges, _ = patch.get_data()
    assert counts.tolist() == [2, 1, 1] and edges.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert axes.get_title() == "v (6,)\nmean 1, std 1.22, 33% zero, 2 not finite"


def test_kinds_of_tensors():
    plot = viz.histograms(
        {
            "integers": torch.arange(5),
            "bools": torch.tensor([True, False]),
            "nothing": torch.empty(0),
            "one": torch.tensor(2.0),
            "nan": torch.tensor([math.nan]),
            "double": torch.ones(2, dtype=torch.float64),
        },
        columns=2,
        log=True,
        title="all of them",
    )
    assert [title.splitlines()[0] for title in titles(plot)] == (
        ["integers int64 (5,)", "bools bool (2,)", "nothing (0,)", "one ()", "nan (1,)", "double float64 (2,)"]
    )
    assert titles(plot)[2].endswith("no elements") and titles(plot)[4].endswith("1 not finite")
    assert "all of them" in texts(plot.to_svg())


def test_outputs_that_are_tuples():
    class Two(torch.nn.Module):
        def forward(self, x):
            return x, {"more": [x * 2]}

    shown = titles(viz.histograms(Two(), torch.ones(2)))
    assert [title.splitlines()[0] for title in shown] == ["Two (2,)", "Two[1] (2,)"]


def test_errors_of_histograms():
    with pytest.raises(TypeError, match="expected a module or a dict of tensors, not list"):
        viz.histograms([torch.ones(2)])
    with pytest.raises(TypeError, match="go with a module"):
        viz.histograms({"a": torch.ones(2)}, torch.ones(2))
    with pytest.raises(TypeError, match="either inputs"):
        viz.histograms(net(), torch.ones(1, 3), gradients=True)
    with pytest.raises(ValueError, match="there is no tensor"):
        viz.histograms({})
    module = net()
    with pytest.raises(RuntimeError):
        viz.histograms(module, torch.ones(1, 4))
    assert not any(part._forward_hooks for part in module.modules())


# ---- files


def test_save(tmp_path):
    plot = viz.curves({"loss": [1.0, 0.5]})
    for name, start in (("a.svg", b"<?xml"), ("a.PNG", b"\x89PNG"), ("a.pdf", b"%PDF")):
        plot.save(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    assert (tmp_path / "a.svg").read_text() == plot.to_svg() == plot._repr_svg_()
    with pytest.raises(ValueError, match=r"suffix of '.*a\.gif' must be \.svg, \.png or \.pdf"):
        plot.save(tmp_path / "a.gif")
    assert not (tmp_path / "a.gif").exists()
    assert plot.to_png(dpi=50) != plot.to_png(dpi=100)


def test_the_same_bytes_every_time():
    draw = """
from wengert import viz
import hashlib
plot = viz.curves({"a": [1.0, 2.0], "b": [2.0, 1.0]}, log="y")
print(hashlib.sha256(plot.to_svg().encode() + plot.to_png()).hexdigest())
"""
    from subprocess import check_output

    assert len({check_output([sys.executable, "-c", draw]) for _ in range(2)}) == 1


def test_show_opens_the_picture(monkeypatch):
    import webbrowser
    from pathlib import Path

    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    plot = viz.curves([1.0, 2.0])
    plot.show()
    path = Path(opened[0].removeprefix("file://"))
    assert path.read_text() == plot.to_svg()
    path.unlink()


def test_matplotlib_is_imported_when_it_is_used(python):
    script = """
import sys
import wengert as torch
torch.viz.graph(torch.ones(1, requires_grad=True) * 2)
assert "matplotlib" not in sys.modules
sys.modules["matplotlib"] = None
for call in (lambda: torch.viz.curves([1.0]), lambda: torch.viz.histograms({"a": torch.ones(1)})):
    try:
        call()
    except ImportError as error:
        print(error)
"""
    assert python(script).splitlines() == (
        ["curves() needs matplotlib: pip install 'wengert[viz]'", "histograms() needs matplotlib: pip install 'wengert[viz]'"]
    )


def test_no_window_system_is_loaded(python):
    script = """
import sys
import wengert as torch
torch.viz.curves([1.0, 2.0]).to_svg()
print("matplotlib.pyplot" in sys.modules)
"""
    assert python(script) == "False\n"
