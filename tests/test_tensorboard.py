"""SummaryWriter: what it writes, read back from the event files and, through the real server, over HTTP and in a browser."""

import contextlib
import importlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest

import wengert as torch

pytest.importorskip("tensorboard", reason="the package tensorboard is not installed")
nn = torch.nn

from tensorboard.backend.event_processing import event_file_loader  # noqa: E402
from tensorboard.compat.proto import graph_pb2  # noqa: E402
from tensorboard.plugins.hparams import metadata as hparams_metadata  # noqa: E402
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData  # noqa: E402

from wengert.utils.tensorboard import SummaryWriter  # noqa: E402


def events(folder):
    """All events of a folder's files, in order, as they were written."""
    for path in sorted(pathlib.Path(folder).glob("events.out.tfevents.*")):
        yield from event_file_loader.LegacyEventFileLoader(str(path)).Load()


def summaries(folder):
    return [(event, value) for event in events(folder) for value in event.summary.value]


@pytest.fixture
def written(tmp_path):
    """written(f) calls f(writer) and returns the values that stand in the run's file afterwards."""

    def write(function, **options):
        with SummaryWriter(tmp_path / "run", **options) as writer:
            function(writer)
        return [value for _, value in summaries(tmp_path / "run")]

    write.folder = tmp_path / "run"
    return write


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return x + self.fc(x).relu()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 4)
        self.body = nn.Sequential(Block(), Block())
        self.norm = nn.BatchNorm1d(4)
        self.head = nn.Linear(4, 2)

    def forward(self, x, index):
        x = self.norm(self.body(x + self.embed(index)))
        return self.head(x).softmax(-1), x


def graph_of(folder):
    (data,) = [event.graph_def for event in events(folder) if event.graph_def]
    return {node.name: node for node in graph_pb2.GraphDef.FromString(data).node}


def shapes(node):
    return [tuple(dim.size for dim in shape.dim) for shape in node.attr["_output_shapes"].list.shape]


# ---- what stands in the files


def test_scalars(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("loss", 0.5, 3, walltime=12.5)
        writer.add_scalar("loss", torch.tensor([0.25]), 4)
        writer.add_scalar("no step", np.float64(2))
        writer.add_scalar("exact", 0.1, 1, new_style=True, double_precision=True)
        writer.add_scalars("both", {"train": 1, "test": 2}, 5)
        with pytest.raises(ValueError, match="a scalar is expected, got 2 elements"):
            writer.add_scalar("loss", torch.ones(2))
        with pytest.raises(NotImplementedError, match="Got <class 'str'>"):
            writer.add_scalar("loss", "high")
    found = [(value.tag, event.step, value.simple_value) for event, value in summaries(tmp_path)]
    assert found[:3] == [("loss", 3, 0.5), ("loss", 4, 0.25), ("no step", 0, 2.0)]
    event, exact = summaries(tmp_path)[3]
    assert np.frombuffer(exact.tensor.tensor_content)[0] == 0.1 and exact.metadata.plugin_data.plugin_name == "scalars"
    assert summaries(tmp_path)[0][0].wall_time == 12.5
    ((event, value),) = summaries(tmp_path / "both_test")
    assert (value.tag, event.step, value.simple_value) == ("both", 5, 2.0)


def test_histogram(written):
    values = torch.tensor([-1.0, 0.5, 0.5, 2.0])
    (value, counted, raw) = written(
        lambda writer: [
            writer.add_histogram("a", values, 1),
            writer.add_histogram("b", values, 1, bins=[-2, 0, 1, 3], max_bins=2),
            writer.add_histogram_raw("c", 0, 1, 3, 2, 1.5, [0.5, 1], [1, 2]),
        ]
    )
    histo = value.histo
    assert (histo.min, histo.max, histo.num, histo.sum, histo.sum_squares) == (-1, 2, 4, 2, 5.5)
    assert sum(histo.bucket) == 4 and len(histo.bucket) == len(histo.bucket_limit)
    assert sum(count for limit, count in zip(histo.bucket_limit, histo.bucket, strict=True) if 0 < limit < 1) == 2
    assert list(counted.histo.bucket)[-3:] == [1, 2, 1] and list(raw.histo.bucket) == [1, 2]
    with pytest.raises(ValueError, match="The input has no element"):
        written(lambda writer: writer.add_histogram("a", torch.zeros(0)))


def image_of(value):
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(value.image.encoded_image_string)))


def test_images(written):
    grey = torch.arange(6, dtype=torch.uint8).view(2, 3)
    colours = torch.stack([torch.zeros(2, 3), torch.ones(2, 3), torch.full((2, 3), 0.5)])

    def write(writer):
        writer.add_image("grey", grey, dataformats="HW")
        writer.add_image("chw", colours)
        writer.add_image("hwc", colours.permute(1, 2, 0), dataformats="HWC")
        writer.add_images("grid", colours.expand(9, 3, 2, 3))
        with pytest.raises(ValueError, match="size of input tensor and input format are different"):
            writer.add_image("wrong", grey)

    one, chw, hwc, grid = map(image_of, written(write))
    assert one.shape == (2, 3, 3) and (one[..., 1] == grey.numpy()).all()
    assert chw.shape == (2, 3, 3) and chw[0, 0].tolist() == [0, 255, 127] and (chw == hwc).all()
    assert grid.shape == (4, 24, 3) and grid[2, 0].tolist() == [0, 255, 127] and grid[2, 3].tolist() == [0, 0, 0]


def test_figures(written):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed")

    def figure():
        made, axes = pyplot.subplots(figsize=(2, 1), dpi=50)
        axes.plot([1, 2])
        return made

    one = figure()
    single, several = written(lambda writer: [writer.add_figure("a", one), writer.add_figure("b", [figure(), figure()])])
    assert image_of(single).shape == (50, 100, 3) and image_of(several).shape == (50, 200, 3)
    assert image_of(single).std() > 5 and not pyplot.fignum_exists(one.number)


def test_text_and_curves(written):
    labels, predictions = torch.tensor([0, 1, 1, 0]), torch.tensor([0.1, 0.4, 0.9, 0.6])
    text, curve = written(
        lambda writer: [writer.add_text("note", "**ü**"), writer.add_pr_curve("pr", labels, predictions, 0, 5)]
    )
    assert text.tag == "note/text_summary" and text.tensor.string_val == ["**ü**".encode()]
    rows = np.frombuffer(curve.tensor.tensor_content, np.float32).reshape(6, 5)
    assert rows[0].tolist() == [2, 2, 1, 1, 0] and rows[1].tolist() == [2, 1, 1, 0, 0]  # at 0, 1/4, ... 1
    assert rows[5].tolist() == [1, 1, 0.5, 0.5, 0]


def test_hparams(written):
    def write(writer):
        writer.add_hparams(
            {"lr": 0.1, "name": "adam", "on": True, "n": torch.tensor(3)}, {"accuracy": 0.9}, {"lr": [0.1, 0.2]}, "one"
        )
        with pytest.raises(TypeError, match="should be dictionary"):
            writer.add_hparams([], {})
        with pytest.raises(ValueError, match="value should be one of int, float, str, bool"):
            writer.add_hparams({"x": object()}, {})

    assert written(write) == []
    values = [value for _, value in summaries(written.folder / "one")]
    assert [value.tag for value in values] == [
        f"_hparams_/{each}" for each in ("experiment", "session_start_info", "session_end_info")
    ] + ["accuracy"]
    experiment = hparams_metadata.parse_experiment_plugin_data(values[0].metadata.plugin_data.content)
    start = hparams_metadata.parse_session_start_info_plugin_data(values[1].metadata.plugin_data.content)
    assert [info.name for info in experiment.hparam_infos] == ["lr", "name", "on", "n"]
    assert start.hparams["lr"].number_value == 0.1 and start.hparams["n"].number_value == 3 and start.hparams["on"].bool_value


def test_embedding(written):
    def write(writer):
        writer.add_embedding(torch.eye(3), ["a", "b", "c"], torch.rand(3, 1, 4, 4), 2, "x/y")
        writer.add_embedding(torch.eye(2), [["a", 1], ["b", 2]], global_step=3, metadata_header=["name", "n"])
        writer.add_embedding(torch.eye(2), global_step=3)  # again
        with pytest.raises(ValueError, match="mat should be 2D"):
            writer.add_embedding(torch.ones(2))
        with pytest.raises(ValueError, match="#labels should equal with #data points"):
            writer.add_embedding(torch.eye(2), ["a"])

    written(write)
    config = (written.folder / "projector_config.pbtxt").read_text()
    assert config.count("embeddings {") == 2 and 'tensor_path: "00003/default/tensors.tsv"' in config
    assert (written.folder / "00002" / "x%2fy" / "metadata.tsv").read_text() == "a\nb\nc\n"
    assert (written.folder / "00003" / "default" / "tensors.tsv").read_text() == "1.0\t0.0\n0.0\t1.0\n"
    assert (written.folder / "00003" / "default" / "metadata.tsv").read_text() == "name\tn\na\t1\nb\t2\n"


def test_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    writer = SummaryWriter(comment="_try", filename_suffix=".end")
    assert writer.get_logdir().startswith("runs") and writer.get_logdir().endswith("_try")
    writer.add_scalar("a", 1)
    writer.flush()
    assert len(summaries(writer.log_dir)) == 1
    writer.close()
    writer.add_scalar("a", 2)  # opens another file
    writer.close()
    paths = list(pathlib.Path(writer.log_dir).iterdir())
    assert len(paths) == 2 and all(path.name.endswith(".end") for path in paths)
    with SummaryWriter("purged", purge_step=7):
        pass
    assert [event.step for event in events("purged")][1:] == [7, 7]


def test_the_package_is_an_extra(python):
    script = """
import sys, wengert
sys.modules["tensorboard"] = sys.modules["tensorboard.summary"] = None
from wengert.utils.tensorboard import SummaryWriter
try:
    SummaryWriter("x")
except ImportError as error:
    print(error)
"""
    assert "pip install 'wengert[tensorboard]'" in python(script)


# ---- graphs


def test_graph_of_a_model(tmp_path):
    torch.manual_seed(0)
    net, x, index = Net(), torch.randn(3, 4), torch.tensor([0, 4, 2])
    net.head.requires_grad_(False)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.get_rng_state()
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(net, (x, index))
    assert (
        all((before[name] == value).all() for name, value in net.state_dict().items())
        and (torch.get_rng_state() == state).all()
    )
    assert not net.head.weight.requires_grad and not x.requires_grad and all(each.grad is None for each in net.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())
    graph = graph_of(tmp_path)
    for name, kind, shape in [
        ("input/input_0", "Input", (3, 4)),
        ("input/input_1", "Input", (3,)),
        ("output/output_0", "Output", (3, 2)),
        ("output/output_1", "Output", (3, 4)),
        ("Net/Sequential[body]/Block[1]/Linear[fc]/weight", "Parameter", (4, 4)),
        ("Net/Linear[head]/bias", "Parameter", (2,)),
        ("Net/Sequential[body]/Block[0]/relu", "relu", (3, 4)),
    ]:
        assert graph[name].op == kind and shapes(graph[name]) == [shape], name
    for node in graph.values():
        assert all(edge.rpartition(":")[0] or edge in graph for edge in node.input)
    # Every node lies on a way from an input or parameter to an output.
    reached, waiting = set(), ["output/output_0", "output/output_1"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [edge.partition(":")[0] if edge not in graph else edge for edge in graph[name].input]
    assert reached == set(graph)
    assert {name.rpartition("/")[0] for name in graph} >= {
        "Net/Embedding[embed]",
        "Net/BatchNorm1d[norm]",
        "Net/Sequential[body]/Block[0]",
    }
    linear = [name for name in graph if name.startswith("Net/Linear[head]/") and graph[name].op not in ("Parameter",)]
    assert linear and any("Net/Linear[head]/weight" in graph[name].input or len(linear) > 1 for name in linear)


def test_graph_of_a_function_and_of_containers(tmp_path):
    def function(pair, scale):
        first, second = pair["x"].split(2)
        pair["y"].add_(1)
        return [first * scale, (second @ pair["y"]).sum(dim=1, keepdim=True)]

    given = {"x": torch.ones(4, 3), "y": torch.zeros(3, 3)}
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(function, (given, 2.0))
    graph = graph_of(tmp_path)
    assert given["y"].tolist() == torch.zeros(3, 3).tolist()
    assert b"keepdim=True" in graph["sum"].attr["arguments"].s
    assert graph["split"].input == ["input/input_0"] and {"split", "split:1"} <= {
        edge for node in graph.values() for edge in node.input
    }


def test_a_module_that_is_called_twice_and_one_that_fails(tmp_path):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def forward(self, x):
            return self.fc(self.fc(x))

    class Failing(Twice):
        def forward(self, x):
            raise ValueError("no")

    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(Twice(), torch.ones(1, 2), verbose=False)
        net = Failing()
        with pytest.raises(ValueError, match="no"):
            writer.add_graph(net, torch.ones(1, 2))
    assert not net._forward_hooks and not net.fc._forward_pre_hooks
    names = [name for name in graph_of(tmp_path) if name.startswith("Twice/Linear[fc]/")]
    assert len([name for name in names if name.endswith("_1")]) >= 1 and names.count("Twice/Linear[fc]/weight") == 1


# ---- the server


def plain_environment():
    """Without proxies, and without a sanitizer's library, which the suite may run under and a browser cannot."""
    return {key: value for key, value in os.environ.items() if "proxy" not in key.lower() and key != "LD_PRELOAD"}


@contextlib.contextmanager
def server(folder):
    """The address of a TensorBoard of a folder, on this machine."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--host", "127.0.0.1", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--load_fast", "false"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=plain_environment(),
    )
    try:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if " at http://" in line:
                break
        else:
            pytest.fail("TensorBoard did not start:\n" + "".join(lines))
        yield line.split(" at ")[1].split()[0].rstrip("/")
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def fetch(address, path):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{address}/data/{path}", timeout=30) as answer:
        return answer.read()


@pytest.fixture
def run(tmp_path):
    torch.manual_seed(0)
    folder = tmp_path / "logs" / "first"
    with SummaryWriter(folder) as writer:
        writer.add_graph(Net(), (torch.randn(3, 4), torch.tensor([0, 4, 2])))
        for step in range(5):
            writer.add_scalar("train/loss", 1 / (1 + step), step)
        writer.add_histogram("weights", torch.randn(100), 0)
        writer.add_text("note", "hello")
    return folder


def test_the_server_shows_scalars_and_the_graph(run):
    with server(run.parent) as address:
        deadline = time.monotonic() + 60
        while "first" not in json.loads(fetch(address, "runs")) and time.monotonic() < deadline:
            time.sleep(0.1)
        scalars = json.loads(fetch(address, "plugin/scalars/scalars?run=first&tag=train/loss"))
        assert [(step, value) for _, step, value in scalars] == [(step, pytest.approx(1 / (1 + step))) for step in range(5)]
        assert json.loads(fetch(address, "plugin/graphs/info"))["first"]["run_graph"]
        text = fetch(address, "plugin/graphs/graph?run=first&conceptual=false").decode()
        for name in graph_of(run):
            assert f'name: "{name}"' in text
        histograms = json.loads(fetch(address, "plugin/histograms/histograms?run=first&tag=weights"))
        assert sum(bucket[2] for bucket in histograms[0][2]) == 100
        assert b"hello" in fetch(address, "plugin/text/text?run=first&tag=note/text_summary")


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def test_the_graph_in_a_browser(run, tmp_path):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser is installed: {', '.join(BROWSERS)}")
    from PIL import Image

    picture = pathlib.Path(os.environ.get("WENGERT_SCREENSHOTS", tmp_path)) / "tensorboard_graph.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1400,1000"]
    command += [
        f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=30000",
        f"--screenshot={picture}",
        "--no-proxy-server",
    ]
    with server(run.parent) as address:
        subprocess.run(
            [*command, f"{address}/#graphs&run=first"], capture_output=True, timeout=180, check=True, env=plain_environment()
        )
    image = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    header, graph = image[10:50, 10:200], image[150:600, 380:1390]
    assert header[..., 0].mean() > 200 > 150 > header[..., 2].mean()  # TensorBoard's orange
    assert (graph.sum(axis=2) < 300).sum() > 200 and (graph.sum(axis=2) > 740).mean() > 0.5  # boxes and names on white


# ---- PyTorch


def writes(lib, module, folder):
    with module.SummaryWriter(folder) as writer:
        writer.add_scalar("a", 0.5, 1)
        writer.add_scalar("b", lib.tensor(2.0), 2, new_style=True)
        writer.add_scalar("c", 0.1, 2, new_style=True, double_precision=True)
        writer.add_scalar("d", 0.1, 2, double_precision=True)
        lib.manual_seed(0)
        values = (lib.arange(1000.0) - 300) ** 3
        writer.add_histogram("h", values, 3)
        writer.add_histogram("h2", values, 3, bins=[-1e6, 0, 1, 5, 1e6], max_bins=2)
        writer.add_histogram("h3", values, 3, bins="sqrt", max_bins=7)
        writer.add_image("i", (lib.arange(24) / 24).view(3, 2, 4), 1)
        writer.add_image("i2", lib.arange(8, dtype=lib.uint8).view(2, 4), 1, dataformats="HW")
        writer.add_images("i3", (lib.arange(240) / 240).view(10, 1, 4, 6), 1)
        writer.add_text("t", "text", 4)
        writer.add_pr_curve("p", lib.tensor([0, 1, 1, 0]), lib.tensor([0.1, 0.4, 0.9, 0.6]), 5)
        writer.add_scalars("s", {"x": 1}, 6)
        writer.add_hparams({"lr": 0.1, "n": "x"}, {"m": 1.0}, {"lr": [0.1, 0.2]}, run_name="hp")


def normal(event, value):
    value = type(value).FromString(value.SerializeToString())
    value.tensor.tensor_shape.SetInParent()
    pixels = None
    if value.HasField("image"):
        pixels = image_of(value).tolist()
        value.image.encoded_image_string = b""
    if value.tensor.float_val or value.tensor.double_val:  # the same numbers, held in another field
        kind = np.float32 if value.tensor.float_val else np.float64
        value.tensor.tensor_content = np.array([*value.tensor.float_val, *value.tensor.double_val], kind).tobytes()
        value.tensor.ClearField("float_val")
        value.tensor.ClearField("double_val")
    plugin, content = value.metadata.plugin_data, None
    if plugin.plugin_name == "hparams":  # a map, whose entries have no order
        content = str(HParamsPluginData.FromString(plugin.content))
        plugin.content = b""
    return value.tag, event.step, str(value), pixels, content


@pytest.mark.parity
def test_files_are_those_of_pytorch(tmp_path):
    reference = importlib.import_module("torch")
    theirs = importlib.import_module("torch.utils.tensorboard")
    writes(torch, importlib.import_module("wengert.utils.tensorboard"), tmp_path / "ours")
    writes(reference, theirs, tmp_path / "theirs")
    for part in ("", "s_x", "hp"):
        pairs = zip(summaries(tmp_path / "ours" / part), summaries(tmp_path / "theirs" / part), strict=True)
        for ours, other in pairs:
            assert normal(*ours) == normal(*other)
