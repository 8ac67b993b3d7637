"""``wengert run`` and ``wengert compat``: programs that say ``import torch``."""

import os
import subprocess
import sys

import pytest

import wengert
from wengert.__main__ import main
from wengert.run import compat
from wengert.run.names import nearest, resolve


@pytest.fixture
def program(tmp_path):
    """Writes a program and runs it by `wengert run`; the completed process."""

    def run(source, *arguments, name="program.py", options=()):
        path = tmp_path / name
        path.write_text(source)
        command = [sys.executable, "-m", "wengert", "run", *options, str(path), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=120, cwd=tmp_path, env={**os.environ, "LANG": "C"}
        )

    return run


def output(completed):
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.splitlines()


def test_a_program_runs(program):
    source = """
import torch
import torch.autograd, torch.linalg as la, torch.utils.data as data
from torch.utils.data import DataLoader, TensorDataset
from torch.optim.lr_scheduler import StepLR
from torch import Tensor, optim
import torch.optim as other
x = torch.tensor([1.0, 2.0], requires_grad=True)
(x * x).sum().backward()
print(x.grad.tolist(), la.norm(torch.ones(4)).item(), isinstance(x, Tensor), type(x).__module__)
print([batch.tolist() for (batch,) in DataLoader(TensorDataset(torch.arange(3)), batch_size=2, num_workers=1)])
print(data.DataLoader is DataLoader, other is optim is torch.optim, torch.utils.data.Subset is data.Subset)
print(torch.autograd.grad((x * 3).sum(), x)[0].tolist(), torch.no_grad.__name__, torch.get_default_dtype())
"""
    assert output(program(source)) == [
        "[2.0, 4.0] 2.0 True wengert._tensor",
        "[[0, 1], [2]]",
        "True True True",
        "[3.0, 3.0] no_grad torch.float32",
    ]


def test_what_a_program_sees_of_itself(program, tmp_path):
    (tmp_path / "beside.py").write_text("import torch\nvalue = torch.arange(2).tolist()\n")
    source = """
import sys, os, beside, __main__
print(sys.argv[1:], __name__, os.path.basename(__file__), os.path.samefile(sys.path[0], os.path.dirname(__file__)))
print(beside.value, __main__.source, "torch" in sys.modules, __spec__)
""".replace("import sys", "source = 5\nimport sys")
    lines = output(program(source, "--epochs", "3", "-v"))
    assert lines == ["['--epochs', '3', '-v'] __main__ program.py True", "[0, 1] 5 True None"]


def test_modules_and_folders(program, tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text("import torch, sys\nprint(torch.ones(1).item(), sys.argv[1:])\n")
    run = [sys.executable, "-m", "wengert", "run"]
    for command in ([*run, "package", "a"], [*run, "-m", "package", "a"]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert output(done) == ["1.0 ['a']"]
    (tmp_path / "package" / "__main__.py").write_text("1 / 0\n")
    done = subprocess.run([*run, "-m", "package"], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.count("  File ") == 1


def test_settings(program):
    source = """
import torch, warnings
print(torch.__version__, torch.version.cuda, torch.cuda.is_available(), torch.cuda.device_count())
torch.manual_seed(0); torch.cuda.manual_seed_all(0)
torch.backends.cudnn.benchmark = True
torch.backends.cudnn.deterministic = False
torch.backends.cuda.matmul.allow_tf32 = True
print(torch.backends.cudnn.benchmark, torch.backends.mps.is_available(), torch.backends.openmp.is_available())
torch.use_deterministic_algorithms(True)
torch.set_float32_matmul_precision("high")
print(torch.are_deterministic_algorithms_enabled(), torch.get_float32_matmul_precision(), torch.get_num_interop_threads())
with torch.autocast("cuda", enabled=False), torch.cuda.amp.autocast(enabled=False), torch.amp.autocast("cpu", enabled=False):
    print(torch.compile(lambda x: x + 1)(torch.ones(1)).item())
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for scaler in (torch.cuda.amp.GradScaler(), torch.amp.GradScaler("cuda")):
        print(scaler.scale(torch.ones(1)).item(), scaler.is_enabled())
try:
    torch.cuda.synchronize()
except AssertionError as error:
    print(error)
"""
    assert output(program(source)) == [
        f"{wengert.version.pytorch}+wengert None False 0",
        "True False True",
        "True high 1",
        "2.0",
        "1.0 False",
        "1.0 False",
        "Torch not compiled with CUDA enabled [wengert computes on the CPU only]",
    ]


def test_names_of_dtypes_that_no_tensor_has(program):
    source = """
import torch
print(torch.ones(1).dtype in (torch.float16, torch.bfloat16, torch.half), torch.complex64, torch.float16.itemsize)
print(torch.FloatTensor([1, 2]), torch.LongTensor(2, 3).shape, isinstance(torch.ones(1), torch.FloatTensor), torch.ByteTensor().shape)
try:
    torch.ones(1, dtype=torch.float16)
except TypeError as error:
    print(error)
"""
    assert output(program(source)) == [
        "False torch.complex64 2",
        "tensor([1., 2.]) torch.Size([2, 3]) True torch.Size([0])",
        "ones(): argument 'dtype' must be torch.dtype, not dtype_not_covered",
    ]


def test_versions_compare_as_pytorch_s():
    packaging = pytest.importorskip("packaging.version", reason="the package packaging is not installed")
    version = packaging.Version(f"{wengert.version.pytorch}+wengert")
    assert packaging.Version("2.0") < version < packaging.Version("3.0")


@pytest.mark.parametrize(
    "line, error",
    [
        ("torch.lingalg.norm(1)", "AttributeError: wengert does not cover torch.lingalg; the nearest it has: torch.linalg"),
        ("torch.bench", "AttributeError: wengert does not cover torch.bench"),
        ("torch.importlib", "AttributeError: wengert does not cover torch.importlib"),
        ("torch.linalg.sovle", "AttributeError: wengert does not cover torch.linalg.sovle; the nearest it has: torch.linalg.solve"),
        ("import torch.distributed", "ModuleNotFoundError: wengert does not cover torch.distributed"),
        ("import torch.bench", "ModuleNotFoundError: wengert does not cover torch.bench"),
        ("from torch.utils.data import DataLoadr", "ModuleNotFoundError: wengert does not cover torch.utils.data.DataLoadr; the nearest it has: torch.utils.data.DataLoader"),
        ("from torch import einsumm", "ModuleNotFoundError: wengert does not cover torch.einsumm; the nearest it has: torch.einsum"),
        ("from torch.linalg import sovle", "ImportError: |ModuleNotFoundError: wengert does not cover torch.linalg.sovle"),
        ("torch.ones(2) @ torch.ones(3)", "RuntimeError: inconsistent tensor size, expected tensor [2] and src [3]"),
    ],
)  # fmt: skip
def test_errors_point_into_the_program(program, line, error):
    completed = program(f"import torch\ndef f():\n    {line}\nf()\n")
    lines = completed.stderr.strip().splitlines()
    assert completed.returncode == 1 and any(lines[-1].startswith(each) for each in error.split("|")), completed.stderr
    frames = [each for each in lines if each.startswith("  File ")]
    assert (
        lines[0] == "Traceback (most recent call last):" and len(frames) == 2 and all("program.py" in each for each in frames)
    )
    assert f"    {line}" in lines


def test_what_is_missing_can_be_tried(program):
    source = """
import torch
for name in ("torch.distributed", "torch.fx"):
    try:
        __import__(name)
    except ImportError:
        print("without", name)
try:
    from torch.utils.data import DataPipe
except ImportError:
    print("no pipe")
print(hasattr(torch, "fft"), getattr(torch, "sparse", None), hasattr(torch, "einsum"))
"""
    assert output(program(source)) == ["without torch.distributed", "without torch.fx", "no pipe", "False None True"]


def test_how_programs_end(program):
    assert program("import sys; sys.exit(7)").returncode == 7
    assert program("raise SystemExit('text')").stderr == "text\n"
    syntax = program("import torch\nx = (\n")
    assert syntax.returncode == 1 and "SyntaxError" in syntax.stderr and "run/program.py" not in syntax.stderr
    hook = program("import sys\nsys.excepthook = lambda *a: print(a[0].__name__)\n1 / 0")
    assert hook.stdout == "ZeroDivisionError\n"
    missing = subprocess.run([sys.executable, "-m", "wengert", "run", "absent.py"], capture_output=True, text=True, timeout=60)
    assert missing.returncode == 2 and "can't open file 'absent.py'" in missing.stderr


def test_patches_hold_for_both_names(program):
    source = """
import torch, wengert
torch.answer = 42
print(wengert.answer, torch.answer, torch.autograd.Function is wengert.autograd.Function)
"""
    assert output(program(source)) == ["42 42 True"]


def test_pytorch_itself_is_not_replaced(python):
    script = """
import sys, types
sys.modules["torch"] = types.ModuleType("torch")
from wengert.run import finder
try:
    finder.install()
except RuntimeError as error:
    print(error)
"""
    assert "PyTorch itself has been imported already" in python(script)


# ---- compat


def test_names_of_a_program():
    source = """
import torch, torch.nn as nn
from torch.nn import functional as F, Linear
from torch import *
import torch.utils.data
import torchvision.transforms as T
def later():
    return o.SGD(nn.Sequential(Linear(1, 1)).parameters())
import torch.optim as o
y = F.relu(torch.ones(2).view(1, 2)).sum()
other.torch.x
"""
    found, companions = compat.names_used(source)
    assert found == {
        "torch": {4},
        "torch.nn": {2},
        "torch.nn.functional": {3},
        "torch.nn.Linear": {3},
        "torch.utils.data": {5},
        "torch.nn.Sequential": {8},
        "torch.optim": {9},
        "torch.optim.SGD": {8},
        "torch.nn.functional.relu": {10},
        "torch.ones": {10},
    }
    assert companions == {"torchvision": {6}}


@pytest.mark.parametrize(
    "name, covered",
    [
        ("torch", True),
        ("torch.linalg.norm", True),
        ("torch.linalg.Norm", False),
        ("torch.Tensor.view", True),
        ("torch.Tensor.vieww", False),
        ("torch.float32.itemsize", True),
        ("torch.utils.data.DataLoader.absent", False),
        ("torch.utils.data.dataloader.default_collate", True),
        ("torch.save", True),
        ("torch.no_grad", True),
        ("torch.bool", True),
        ("torch.fft.rfft", False),
        ("torch.viz", False),
        ("torch.float16", False),
        ("torch.FloatTensor", True),
        ("torch._C", False),
        ("torch.difflib", False),
    ],
)
def test_resolve(name, covered):
    assert resolve(name)[0] is covered


def test_nearest_names_of_every_kind():
    assert nearest(wengert, "Einsum", "torch")[0] == "torch.einsum"
    assert "torch.no_grad" in nearest(wengert, "nograd", "torch")


def test_compat_reports(tmp_path, capsys):
    path = tmp_path / "a.py"
    path.write_text("import torch\nx = torch.ones(2)\ny = torch.eins(x)\nz = torch.ones(1)\n")
    assert main(["compat", str(path)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{path}: 2 names of PyTorch, 1 covered" and "Methods of objects" in out[-1]
    assert [line.split() for line in out[1:3]] == [
        ["not", "covered", "torch.eins", "line", "3", "nearest:", *out[1].split("nearest: ")[1].split()],
        ["covered", "torch.ones", "lines", "2,", "4"],
    ]
    (tmp_path / "b.py").write_text("print(1)\n")
    (tmp_path / "c.py").write_text("x = (\n")
    assert main(["compat", "--missing", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert "covered      " not in captured.out and "c.py" in captured.err
    assert main(["compat", str(tmp_path / "b.py")]) == 0
    assert main(["compat", str(tmp_path / "absent.py")]) == 2


def test_the_command_lists_its_parts(capsys):
    assert main([]) == 2
    out = capsys.readouterr().out
    assert all(name in out for name in ("bench", "run", "compat"))


# ---- PyTorch

TRAINING = """
import argparse, io, random
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=1)
args = parser.parse_args()
torch.manual_seed(3)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3))

    def forward(self, x):
        return F.log_softmax(self.layers(x), dim=-1)


x = torch.randn(90, 6)
y = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
train, test = random_split(TensorDataset(x, y), [70, 20])
net = Net().to(device)
optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
print(net)
for epoch in range(args.epochs):
    net.train()
    for a, b in DataLoader(train, batch_size=16, shuffle=True, num_workers=1):
        optimizer.zero_grad()
        loss = F.nll_loss(net(a.to(device)), b.to(device))
        loss.backward()
        optimizer.step()
    scheduler.step()
    net.eval()
    with torch.no_grad():
        right = sum((net(a).argmax(1) == b).sum().item() for a, b in DataLoader(test, batch_size=20))
    print(f"{epoch} {loss.item():.4f} {right} {scheduler.get_last_lr()[0]:.5f}")
file = io.BytesIO()
torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict()}, file)
file.seek(0)
state = torch.load(file, map_location=device, weights_only=True)
net.load_state_dict(state["net"])
print(list(state["net"]), sorted(state["optimizer"]["state"][0]), len(list(net.parameters())))
"""


@pytest.mark.parity
def test_a_program_prints_what_it_prints_with_pytorch(program, tmp_path):
    lines = output(program(TRAINING, "--epochs", "4", name="train.py"))
    reference = subprocess.run(
        [sys.executable, "train.py", "--epochs", "4"], capture_output=True, text=True, timeout=120, cwd=tmp_path
    )
    assert lines == output(reference)
    assert len(lines) > 10
