"""The examples run, each for a few steps in a process of its own, and their pages in docs/examples show what they are."""

import importlib.util
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDER, PAGES = ROOT / "examples", ROOT / "docs" / "examples"
# {name: arguments for a few steps}
EXAMPLES = {
    "lecture": [],
    "digits": ["--epochs", "1", "--log", "log"],
    "characters": ["--steps", "2", "--write", "5"],
    "lstm": ["--steps", "2"],
    "pendulum": ["--steps", "1", "--seconds", "2"],
}
NEEDS = {"digits": "sklearn"}
PICTURES_BYTES = 150_000  # of a page


def installed(module):
    return importlib.util.find_spec(module) is not None


def run(name, folder, *arguments):
    """What the example prints; its pictures go to folder / "pictures" where they can be drawn."""
    pictures = ["--pictures", "pictures"] if installed("matplotlib") else []
    completed = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), *arguments, *pictures],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # threads that wait for one another are slow on a busy machine
    )
    assert completed.returncode == 0, completed.stderr
    assert "Warning" not in completed.stderr, completed.stderr
    return completed.stdout


def page(name):
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def blocks(name, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page(name), re.M | re.S)


def test_every_example_is_tested():
    scripts = {path.stem for path in FOLDER.glob("*.py")} - {"progress"}
    assert scripts == set(EXAMPLES) == {path.stem for path in PAGES.glob("*.md")}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name, tmp_path):
    if name in NEEDS and not installed(NEEDS[name]):
        pytest.skip(f"{NEEDS[name]} is not installed: wengert[examples]")
    printed = run(name, tmp_path, *EXAMPLES[name])
    assert printed
    if installed("matplotlib"):
        drawn = {path.name for path in (tmp_path / "pictures").glob("*.svg")}
        # Which digits are read wrong, and whether any, depends on the training.
        assert drawn | {"digits-errors.svg"} == set(pictures(name)) | {"digits-errors.svg"}
    if name == "digits" and installed("tensorboard"):
        assert list((tmp_path / "log").glob("events.out.tfevents.*"))
    if name == "lecture":  # it is short enough to be run as a whole, and prints what its page says
        shown = "".join(blocks(name, "text"))
        assert shown and all(line in printed.splitlines() for line in shown.splitlines())


@pytest.mark.parametrize("name", EXAMPLES)
def test_wrong_arguments(name):
    completed = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), "--nonsense"], capture_output=True, text=True, timeout=60
    )
    assert completed.returncode == 2 and "unrecognized arguments: --nonsense" in completed.stderr


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("pendulum", ["--seconds", "0.5"], "a second of measurements at least"),
        ("characters", ["--text", "nowhere.txt"], "there is no nowhere.txt"),
        ("characters", ["--text", str(FOLDER / "progress.py")], "characters are too few to learn from"),
    ],
)
def test_arguments_that_cannot_work(name, arguments, message):
    command = [sys.executable, str(FOLDER / f"{name}.py"), *arguments]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert completed.returncode == 2 and message in completed.stderr


def test_progress_with_and_without_tqdm(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(FOLDER))
    import progress

    monkeypatch.setattr(progress, "tqdm", None)
    bar = progress.Progress(range(20), unit="step")
    for i in bar:
        bar.note(f"loss {i}")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10 and lines[0] == "step 2/20 loss 1" and lines[-1] == "step 20/20 loss 19"

    class Bar(list):
        def __init__(self, things, unit, file, dynamic_ncols):
            super().__init__(things)
            self.notes = []

        def set_postfix_str(self, text, refresh):
            self.notes.append(text)

    monkeypatch.setattr(progress, "tqdm", Bar)
    bar = progress.Progress(range(3), unit="step")
    assert [bar.note(str(i)) or i for i in bar] == [0, 1, 2] and bar.bar.notes == ["0", "1", "2"]
    assert capsys.readouterr().err == ""
    monkeypatch.delitem(sys.modules, "progress")


# ---- the pages


def pictures(name):
    return re.findall(r"!\[[^\]]+\]\(([\w.-]+)\)", page(name))


@pytest.mark.parametrize("name", EXAMPLES)
def test_excerpts_are_the_scripts(name):
    script = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    excerpts = blocks(name, "python")
    assert excerpts
    for excerpt in excerpts:
        indented = [textwrap.indent(excerpt, " " * depth) for depth in (0, 4, 8, 12)]
        assert any(text in script for text in indented), f"{name}.py has not: {excerpt}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_links_and_pictures(name):
    assert pictures(name)
    for target in re.findall(r"\]\(([^)#:]+)\)", page(name)):
        assert (PAGES / target).exists(), target
    files = list(PAGES.glob(f"{name}-*.svg"))
    assert {path.name for path in files} == set(pictures(name))
    assert sum(path.stat().st_size for path in files) <= PICTURES_BYTES


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_command_is_the_scripts(name):
    (command,) = blocks(name, "sh")
    assert f"python examples/{name}.py" in command
    known = set(re.findall(r'add_argument\("(--\w+)"', (FOLDER / f"{name}.py").read_text(encoding="utf-8")))
    assert set(re.findall(r"--\w+", command)) <= known
