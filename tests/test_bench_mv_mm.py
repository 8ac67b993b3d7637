"""What wengert bench mv-mm plans, computes, says and writes, from canned figures."""

import json
import math
import sys
from dataclasses import replace

import pytest

from bench_figures import imagined, timing
from wengert.bench import answer, cli, mv_mm
from wengert.bench.limits import Limits


@pytest.fixture
def known():
    return imagined()


MV, MM, GEMM = (mv_mm.Point(op, 1024, 1024, 1, "float32", "rows", 2, "warm") for op in ("mv", "mm", "gemm"))


@pytest.fixture
def data(known):
    """A finished mv-mm run on canned times."""
    measured = []
    for threads, cache, factor in ((2, "warm", 1), (2, "cold", 4), (1, "warm", 2)):
        for point, us in ((MV, 25.0), (MM, 25.2), (GEMM, 75.0 if cache == "warm" else 30.0)):
            at = replace(point, threads=threads, cache=cache)
            times = {"wengert": timing(us * factor)}
            if point is not GEMM:
                times["numpy"] = timing(2 * us * factor)
            measured.append((at, times))
    for columns, us in ((2, 26.0), (16, 100.0)):
        measured.append((replace(MM, columns=columns), {"wengert": timing(us), "numpy": timing(3 * us)}))
    small = replace(MV, m=64, k=64)
    measured.append((small, {"wengert": timing(0.3)}))
    rows = [mv_mm.row(p, n, t, known, times.get("wengert")) for p, times in measured for n, t in times.items()]
    return {
        "machine": {
            "cpu": "Imagined",
            "processors": 2,
            "caches": {"L3": 32 << 20},
            "memory": 1 << 34,
            "system": "Linux",
            "python": "3",
        },
        "contestants": {"wengert": {"version": "1", "isa": "avx512"}, "numpy": {"version": "2"}},
        "presets_removed": {"OPENBLAS_CORETYPE": "Haswell"},
        "threads": [2, 1],
        "rounds": 3,
        "rows": rows,
        "problems": ["numpy: something <b>"],
        "answer": answer.sentences(rows, known, "wengert"),
    }


def test_grid_is_complete():
    options = mv_mm.Options(threads=(2, 1))
    points = mv_mm.grid(options)
    assert len(points) == len(set(points)) == 2 * 10 * 2 * 2 * (8 + 3)
    assert {p.op for p in points} == {"mv", "mm", "gemm"}
    assert {p.columns for p in points} == set(mv_mm.COLUMNS)
    for point in points:
        assert point.case().flops == 2.0 * point.m * point.k * point.columns


def test_quick_grid_is_a_part_of_the_grid():
    options = mv_mm.Options(threads=(2, 1), shapes=mv_mm.QUICK_SHAPES, quick=True)
    points = mv_mm.quick_grid(options)
    assert len(points) == len(set(points)) <= 50
    assert set(points) <= set(mv_mm.grid(options))
    assert {p.columns for p in points} == set(mv_mm.COLUMNS)
    assert {p.cache for p in points} == {"warm", "cold"} and {p.threads for p in points} == {1, 2}


def test_thread_counts():
    assert mv_mm.thread_counts(1) == (1,)
    assert mv_mm.thread_counts(2) == (2, 1)
    assert mv_mm.thread_counts(6) == (6, 4, 2, 1)
    assert mv_mm.thread_counts(8) == (8, 4, 2, 1)


def test_row(known):
    made = mv_mm.row(MV, "numpy", timing(50), known, timing(25))
    assert made["vs_first"] == 2.0
    assert made["gbs"] == pytest.approx((1024 * 1024 + 2048) * 4 / 50e3)
    assert made["share"] == pytest.approx(made["gbs"] / 200)
    assert mv_mm.row(MV, "numpy", timing(50), known, None, "best")["ns"] == 45e3


def test_words_follow_from_the_figures(data):
    words = " ".join(data["answer"])
    assert "0.5 flop a byte in f32" in words
    assert "multiplies 400 GFLOP/s and reads 200 GB/s from its last cache, 50 GB/s from memory" in words
    assert "busy from 2.0 flops a byte" in words and "at most 25% of the arithmetic (6% beyond" in words
    assert "mm with one column takes 1.01 times mv's time over 3 measured places (level)" in words
    assert (
        f"takes {(3 * 1.2 * 3) ** (1 / 3):.2f} times mv's time in the mean: from 1.20 at 1024x1024 f32, 2 threads, cold"
        in words
    )
    assert "Warm operands: 3.00 times; operands that come from memory: 1.20 times. Cold, mv saves less" in words
    assert "16 columns cost 4.0 times one mv" in words and "it saves 4.0 times here" in words
    assert "2 of them make mv 2.00 times as fast as one" in words
    assert "numpy: its mv takes 2.00 times wengert's (from 2.00 to 2.00)" in words
    assert "at 64x64 f32, 2 threads, warm mv takes 300 ns" in words


def test_words_say_when_mm_is_slower_or_stacking_does_not_pay(known):
    times = ((MV, 10.0), (MM, 20.0), (mv_mm.Point("mm", 1024, 1024, 2, "float32", "rows", 2, "warm"), 50.0))
    rows = [mv_mm.row(p, "numpy", timing(us), known, timing(us)) for p, us in times]
    words = " ".join(answer.sentences(rows, known, "numpy"))
    assert "2.00 times mv's time over 1 measured places (50% saved by mv)" in words
    assert "stacking vectors for mm does not pay" in words
    assert answer.sentences([], known, "numpy") == ["Nothing was measured."]


def test_words_without_limits(data):
    words = " ".join(answer.sentences(data["rows"], Limits(cache=32 << 20), "wengert"))
    assert "This machine multiplies" not in words and "gemm kernel" in words


def test_text(data, known):
    text = mv_mm.text(data, known, ["a note"])
    assert "a note" in text and "OPENBLAS_CORETYPE=Haswell" in text and "numpy: something <b>" in text
    lines = text.splitlines()
    header = next(line for line in lines if line.startswith("A ") and "forced gemm" in line)
    first = lines[lines.index(header) + 2]
    assert first.split()[:6] == ["1024x1024", "f32", "row-major", "2", "warm", "25.00"]
    assert "84%" in first and "1.01x" in first and "3.00x" in first and "2.00x" in first


def test_report_is_self_contained(data, known, tmp_path):
    pytest.importorskip("matplotlib")
    from wengert.bench import report

    page = report.write(tmp_path / "out", data, known, ["a note"]).read_text()
    assert page.count("data:image/svg+xml;base64,") == 3
    assert "something &lt;b&gt;" in page and "a note" in page
    assert all(reference.startswith("data:") for reference in page.split('src="')[1:])
    assert "http" not in page


def test_missing_matplotlib_names_the_extra(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert cli.main(["mv-mm", "--contestants", "numpy", "--report", str(tmp_path)]) == 2
    assert "wengert[bench]" in capsys.readouterr().err


def test_mv_mm_command(tmp_path, capsys):
    arguments = [
        "--contestants",
        "numpy",
        "--sizes",
        "8,20x6",
        "--dtypes",
        "f32",
        "--rounds",
        "1",
        "--seconds",
        "0.001",
        "--caches",
        "warm",
    ]
    files = ["--json", str(tmp_path / "a.json"), "--csv", str(tmp_path / "a.csv")]
    assert cli.main(["mv-mm", *arguments, "--threads", "1", "--columns", "1,2", *files]) == 0
    out = capsys.readouterr().out
    assert "20x6 f32" in out and "0.5 flop a byte" in out
    made = json.loads((tmp_path / "a.json").read_text())
    assert {(r["op"], r["columns"]) for r in made["rows"]} == {("mv", 1), ("mm", 1), ("mm", 2)}  # forced gemm is wengert's own
    assert len(made["rows"]) == 2 * 2 * 3
    assert all(math.isfinite(r["gbs"]) for r in made["rows"])


@pytest.mark.parametrize(
    "bad", [["--sizes", "0"], ["--sizes", "big"], ["--dtypes", "f16"], ["--threads", "0"], ["--columns", ""]]
)
def test_bad_options_are_usage_errors(bad, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["mv-mm", *bad])
    assert stop.value.code == 2
    assert bad[0] in capsys.readouterr().err
