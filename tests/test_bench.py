"""The benchmark's cases, arithmetic, words and files. Nothing here depends on how long anything takes."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench_figures import imagined, timing
from wengert.bench import (
    adapters,
    cases,
    cli,
    elementwise,
    gradients,
    limits,
    memory,
    output,
    peers,
    progress,
    surface,
    table,
    training,
    worker,
    workers,
)
from wengert.bench.limits import Limits
from wengert.bench.workers import Timing


@pytest.fixture
def known():
    return imagined()


# Cases


EVERY = [c for module in (cases, surface, gradients, training, memory) for c in module.written_cases()]


def test_case_names_are_unique():
    names = [f"{c.family}: {c.name}" for c in EVERY]
    assert len(names) == len(set(names))


FAMILIES = ["gemm", "small gemm", "skinny", "columns", "integer", "bmm", "mv", "dot", "call", "memory", "random"]
FAMILIES += ["maths", "broadcast", "reduction", "movement", "indexing", "sorting", "small call"]
FAMILIES += ["autograd", "training", "peak memory"]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_cases(family):
    assert cases.select(EVERY, family + ":")


def test_case_travels_as_json():
    for case in EVERY:
        assert cases.Case.from_json(json.loads(json.dumps(case.to_json()))) == case


def test_bytes_and_flops_of_a_product():
    case = cases.mm(2, 3, 5, "float64", "NT")
    assert case.bytes == 8 * (6 + 15 + 10)
    assert case.flops == 60
    assert [o.layout for o in case.operands] == ["rows", "columns"]
    assert cases.batched((8, 1, 4, 3), (1, 16, 3, 2)).flops == 2 * 128 * 4 * 3 * 2


def test_spelling_per_library():
    case = cases.mm(2, 2, 2)
    assert case.expression("wengert") == case.expression("torch") == "torch.mm(a, b)"
    assert case.expression("jax") == case.expression("numpy") == "np.matmul(a, b)"
    forced = cases.forced_gemm(2, 2, "float32", "NN")
    assert forced.expression("wengert") and not forced.expression("torch") and not forced.expression("jax")


def test_filter():
    every = cases.written_cases()
    assert cases.select(every, "") == every
    assert all(c.family == "bmm" for c in cases.select(every, "bmm"))
    assert [c.name for c in cases.select(every, "call: a + b*, dot f32 1000000")] == ["dot f32 1000000", "a + b, 1 element"]
    assert cases.select(every, "no such case") == []


# Elementwise rows from the op table


class FakeLibrary:
    """Enough of a library for elementwise.probe: an operator for floats, one for integers, one that compares."""

    float32, int64, bool = np.dtype("float32"), np.dtype("int64"), np.dtype("bool")

    @staticmethod
    def ones(n, dtype):
        return np.ones(n, dtype)

    exp = staticmethod(np.exp)
    gt = staticmethod(np.greater)

    @staticmethod
    def bitwise_and(a, b):
        if a.dtype.kind == "f":
            raise RuntimeError("not implemented for 'Float'")
        return a & b

    @staticmethod
    def novel(a):
        return a


def op(name, signature, family="elementwise"):
    return {"name": name, "public_name": name, "aliases": [], "signature": signature, "forms": 3, "doc": "", "family": family}


def test_elementwise_cases():
    ops = [
        op("exp", "input: Tensor"),
        op("gt", "input: Operand, other: Operand"),
        op("bitwise_and", "input: Operand, other: Operand"),
        op("novel", "input: Tensor, *, scale: float = 1.0"),
        op("method_only", "input: Tensor"),
        op("mm", "input: Tensor, mat2: Tensor", family="matrix"),
    ]
    made = {c.name: c for c in elementwise.cases(FakeLibrary, ops)}
    assert list(made) == ["exp f32 1e6", "gt f32 1e6", "bitwise_and i64 1e6", "novel f32 1e6"]
    assert made["exp f32 1e6"].bytes == 8e6
    assert made["gt f32 1e6"].bytes == 9e6  # the result is bool
    assert made["gt f32 1e6"].code == {"torch": "torch.gt(input, other)", "numpy": "np.greater(input, other)"}
    assert made["novel f32 1e6"].check == "none" and made["exp f32 1e6"].check == "value"


def test_required_arguments():
    signature = "input: Tensor, other: Operand, dim: int[]? = None, *, dtype: dtype? = None -> (values, indices)"
    assert elementwise.arguments(signature) == [("input", "Tensor"), ("other", "Operand")]


# Operands, loops, checks


@pytest.mark.parametrize("layout", ["rows", "columns", "strided"])
def test_operands_have_their_shape(layout):
    operand = cases.Operand("a", (3, 5), layout)
    made = adapters.view(adapters.base(operand, "float32"), layout)
    assert made.shape == (3, 5) and made.dtype == np.float32
    assert made.flags.c_contiguous == (layout == "rows")


def test_numpy_case_evaluates_and_loops():
    case = cases.mm(4, 6, 3)
    bound = case.setup("numpy", copies=2)
    assert len(bound.sets) == 2 and bound().shape == (4, 3)
    bound.loop(bound.sets)
    bound.idle(bound.sets)
    result = worker.Timer(bound).run(0.001)
    assert result["best"] <= result["median"] and result["samples"] >= 1


def test_no_operands():
    bound = cases.select(cases.written_cases(), "randn")[0].setup("numpy")
    adapters.adapter("numpy").check(cases.select(cases.written_cases(), "randn")[0], bound)


SMALL = [c for c in cases.written_cases() if c.bytes < 2e6] + [c for c in surface.written_cases() if c.bytes < 5e7]


@pytest.mark.parametrize("case", SMALL, ids=lambda c: f"{c.family}: {c.name}")
def test_wengert_gives_what_numpy_gives(case):
    adapter = adapters.adapter("wengert")
    adapter.check(case, adapter.bind(case))


def test_forced_gemm_is_checked_against_numpy():
    case = cases.forced_gemm(67, 129, "float32", "TN")
    adapter = adapters.adapter("wengert")
    adapter.check(case, adapter.bind(case))


def test_every_elementwise_operator_has_a_case_that_runs():
    adapter = adapters.adapter("wengert")
    made = elementwise.installed_cases()
    assert made
    for case in made:
        adapter.check(case, adapter.bind(case))


@pytest.mark.parametrize(
    ("result", "wanted", "message"),
    [
        (np.zeros(2), np.zeros(3), "shape"),
        (np.array([1, 2]), np.array([1, 3]), "differ"),
        (np.array([1.0, 2.1]), np.array([1.0, 2.0]), "off by 0.1"),
        (np.array([1.0, np.nan]), np.array([1.0, 2.0]), "nan"),
        (np.array([1.0, np.inf]), np.array([1.0, 2.0]), "off by inf"),
    ],
)
def test_wrong_results_are_refused(result, wanted, message):
    with pytest.raises(adapters.WrongResult, match=message):
        adapters.compare(result, wanted)


def test_right_results_pass():
    adapters.compare(np.array([1.0, np.nan]), np.array([1.0 + 1e-12, np.nan]))
    adapters.compare(np.zeros((0, 3), "f4"), np.zeros((0, 3), "f4"))


# The environment of the contestants


PRESET = {
    "OPENBLAS_CORETYPE": "Haswell",
    "MKL_DEBUG_CPU_TYPE": "5",
    "OMP_NUM_THREADS": "1",
    "GOTO_NUM_THREADS": "1",
    "KMP_AFFINITY": "none",
}


def test_presets_are_found_and_removed():
    base = {**PRESET, "PATH": "/bin", "WENGERT_ISA": "avx2", "TOX_PASS": "OPENBLAS_*"}
    assert peers.presets(base) == dict(sorted(PRESET.items()))
    cleaned = peers.clean(base, 3)
    assert cleaned["PATH"] == "/bin" and cleaned["WENGERT_ISA"] == "avx2" and cleaned["TOX_PASS"] == "OPENBLAS_*"
    assert "OPENBLAS_CORETYPE" not in cleaned and "MKL_DEBUG_CPU_TYPE" not in cleaned and "KMP_AFFINITY" not in cleaned
    assert cleaned["OMP_NUM_THREADS"] == cleaned["OPENBLAS_NUM_THREADS"] == cleaned["PJRT_NPROC"] == "3"
    assert output.presets_text(peers.presets(base)).count("=") == len(PRESET)
    assert "no presets" in output.presets_text({})


def test_intel_shim_is_preloaded_before_what_is():
    made = peers.environment("torch+intel", 1, {"LD_PRELOAD": "/lib/other.so"}, Path("/tmp/shim.so"))
    assert made["LD_PRELOAD"] == "/tmp/shim.so /lib/other.so"
    assert "LD_PRELOAD" not in peers.environment("torch", 1, {}, Path("/tmp/shim.so"))


def test_intel_shim_answers(tmp_path):
    import ctypes

    if peers.compiler() is None:
        pytest.skip("no C compiler here")
    library, _ = peers.build_shim(tmp_path)
    assert ctypes.CDLL(str(library)).mkl_serv_intel_cpu_true() == 1


def test_no_compiler_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(peers.BenchError, match="needs a C compiler"):
        peers.build_shim(tmp_path)


def test_choice_of_contestants():
    assert peers.choose("numpy,wengert", None, False) == ["numpy", "wengert"]
    assert peers.choose(None, "numpy", False) == ["wengert", "numpy"]
    assert peers.choose(None, None, False)[0] == "wengert"
    assert "torch+intel" not in peers.choose(None, None, False)
    with pytest.raises(peers.BenchError, match="unknown contestant 'tensorflow'"):
        peers.choose(None, "tensorflow", False)


def test_missing_contestant_is_named(monkeypatch):
    monkeypatch.setattr(peers, "installed", lambda name: name != "jax")
    assert "jax" not in peers.choose(None, None, False)
    with pytest.raises(peers.BenchError, match="'jax' is not installed: pip install jax"):
        peers.choose(None, "jax", False)


# Workers


def test_workers_answer_fail_and_end():
    case = cases.mm(8, 8, 8)
    broken = cases.Case("broken", "test", "float32", case.operands, {"numpy": "np.no_such_function(a)"}, 1.0, 1.0)
    other = cases.Case("torch only", "test", "float32", case.operands, {"torch": "torch.mm(a, b)"}, 1.0, 1.0)
    with workers.Crew(["numpy"], 1) as crew:
        assert crew.about["numpy"]["version"] == np.__version__
        results = crew.measure(case, copies=2, rounds=2, seconds=0.001)
        assert isinstance(results["numpy"], Timing) and len(results["numpy"].rounds) == 2
        assert "no_such_function" in crew.measure(broken, rounds=1, seconds=0.001)["numpy"]
        assert crew.measure(other) == {}
        crew.workers["numpy"].process.kill()
        assert "process ended" in crew.measure(case, rounds=1, seconds=0.001)["numpy"]
        assert "stopped at" in crew.failed["numpy"] and not crew.workers
        assert crew.probe(Limits(), [1])[0].startswith("limits of the machine unknown")


def test_worker_of_a_peer_does_not_load_wengert():
    case = cases.Case("modules", "test", "bool", (), {"numpy": "__import__('sys').modules['wengert']"}, 1.0, 1.0, check="none")
    with workers.Crew(["numpy"], 1) as crew:
        assert "KeyError: 'wengert'" in crew.measure(case, rounds=1, seconds=0.001)["numpy"]


def test_worker_of_wengert_probes_the_machine():
    made = Limits(cache=1 << 18)
    with workers.Crew(["wengert"], 1) as crew:
        assert crew.about["wengert"]["isa"]
        made.measure(crew.workers["wengert"].call, [1], seconds=0.001)
    assert made.peak("float32", 1) > 0 and made.peak("float64", 1) > 0
    assert all(made.bandwidth(size, 1) > 0 for size in made.working_sets())


def test_ratios():
    ours, peer = timing(10, (10, 20, 10)), timing(20, (20, 60, 15))
    assert workers.ratio(peer, ours) == 2.0  # of 2, 3, 1.5
    assert workers.ratio(peer, ours, "best") == pytest.approx(2.0)
    rounds = [{"best": b, "q1": b, "median": b + 1, "q3": b + 3, "cpus": 1.0} for b in (3.0, 1.0, 2.0)]
    combined = workers.combine(rounds)
    assert (combined.best, combined.median, combined.rounds) == (1.0, 3.0, (4.0, 2.0, 3.0))
    assert combined.spread == pytest.approx(1.0)


# Limits


def test_shares(known):
    # 4 MB at 200 GB/s are 20 us; 8 Mflop at 400 GFLOP/s are as many.
    assert known.share(4e6, 1e6, "float32", 2, 40e3) == (0.5, "memory")
    assert known.share(4e6, 16e6, "float32", 2, 80e3) == (0.5, "compute")
    assert known.share(4e6, 1e6, "float32", 2, 160e3, cold=True) == (0.5, "memory")
    assert known.share(4e8, 1e6, "float32", 2, 16e6) == (0.5, "memory")  # too large for the caches
    assert known.share(4e6, 1e6, "float32", 1, 80e3) == (0.5, "memory")
    assert known.share(0.0, 0.0, "float32", 2, 100.0) == (None, "call")
    assert known.share(4e6, 16e6, "int64", 2, 80e3) == (None, "unknown")
    assert known.share(4e6, 1e6, "int64", 2, 40e3) == (0.5, "memory")
    assert Limits(cache=32 << 20).share(4e6, 1e6, "float32", 2, 40e3) == (None, "unknown")


def test_more_threads_are_never_a_lower_limit(known):
    known.bandwidths[16 << 10, 2] = 1.0
    assert known.bandwidth(16 << 10, 2) == 100


def test_probes_keep_the_best():
    made, answers = Limits(cache=1 << 16), iter(range(1, 100))
    made.measure(lambda op, **_: {"gflops": next(answers), "gbs": next(answers)}, [1])
    better = dict(made.bandwidths)
    made.measure(lambda op, **_: {"gflops": 0.5, "gbs": 0.5}, [1])
    assert made.bandwidths == better
    assert json.loads(json.dumps(made.to_json()))["peak_gflops"][0]["gflops"] >= 1


def test_copies_overflow_the_cache():
    assert limits.copies_to_flush(1e12) == 1
    size = 1 << 20
    assert limits.copies_to_flush(size) * size >= 4 * limits.last_level_cache()


def test_missing_tqdm_is_noted(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with progress.Progress(2) as bar:
        bar.say("one")
        bar.step("one")
        bar.step("two")
    err = capsys.readouterr().err
    assert "wengert[bench]" in err and "2/2 two" in err


# Files


def test_json_and_csv(tmp_path):
    data = {"rows": [{"share": None, "ns": 1.5}]}
    output.write_json(tmp_path / "new" / "a.json", data)
    assert json.loads((tmp_path / "new" / "a.json").read_text()) == data
    output.write_csv(tmp_path / "a.csv", [{"a": 1, "b": None}, {"a": 2, "c": 3.5}])
    with (tmp_path / "a.csv").open() as file:
        assert list(csv.DictReader(file)) == [{"a": "1", "b": "", "c": ""}, {"a": "2", "b": "", "c": "3.5"}]


def test_unwritable_files_are_refused_first(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert cli.main(["table", "--contestants", "numpy", "--json", str(tmp_path / "file" / "a.json")]) == 2
    assert "cannot write" in capsys.readouterr().err
    output.check_writable(None, tmp_path / "a.json")
    assert not (tmp_path / "a.json").exists()


def test_texts():
    assert [output.time_text(ns) for ns in (43, 1500, 123456, 2e7, 3e9)] == ["43 ns", "1.50 us", "123 us", "20.0 ms", "3.00 s"]
    assert output.size_text(48 << 10) == "48 KiB" and output.size_text(100) == "100 B"
    assert output.text_table(["a", "bb"], [["x", "1"], ["yyy", "22"]]) == "a    bb\n---  --\nx     1\nyyy  22"
    assert output.disturbed([timing(1)] * 30) == []
    assert "2 of 2" in output.disturbed([Timing(10, 9, 11, 1, (10,), 1.0)] * 2)[0]


# table


def test_table(known):
    case = cases.mm(1000, 1000, 2)
    results = {"wengert": timing(40), "numpy": timing(80), "torch": timing(60), "jax": "WrongResult: off"}
    rows = [table.row(case, results, "wengert", 2, known, "median")]
    assert rows[0]["ratios"] == {"numpy": 2.0, "torch": 1.5}
    assert (rows[0]["fastest_peer"], rows[0]["vs_fastest"], rows[0]["bound"]) == ("torch", 1.5, "memory")
    assert rows[0]["share"] == pytest.approx(case.bytes / 200 / 40e3)
    data = {
        "machine": output.machine(),
        "contestants": {"wengert": {"isa": "avx2", "version": "1"}, "numpy": {}, "torch": {}, "jax": {}},
        "presets_removed": {},
        "threads": 2,
        "by": "median",
        "rows": rows,
        "memory": [],
        "problems": ["jax: off"],
    }
    text = table.text(data, known)
    line = next(line for line in text.splitlines() if line.startswith("mm f32"))
    shown = [
        "mm",
        "f32",
        "1000x1000x2",
        "40.00",
        "us",
        "80.00",
        "us",
        "2.00x",
        "60.00",
        "us",
        "1.50x",
        "failed",
        "-",
        "1.50x",
        "50%",
    ]
    assert line.split() == [*shown, "memory"]
    assert "(avx2)" in text and "2 threads" in text and "jax: off" in text
    flat = table.flat(data)
    assert [f["contestant"] for f in flat] == ["wengert", "numpy", "torch"]
    assert flat[1]["share"] == pytest.approx(rows[0]["share"] / 2)


def test_table_command(tmp_path, capsys):
    arguments = ["--contestants", "numpy", "--filter", "mm f32 8x8x8", "--rounds", "1", "--seconds", "0.001", "--threads", "1"]
    assert cli.main(["table", *arguments, "--json", str(tmp_path / "a.json"), "--csv", str(tmp_path / "a.csv")]) == 0
    assert "mm f32 8x8x8" in capsys.readouterr().out
    made = json.loads((tmp_path / "a.json").read_text())
    assert made["rows"][0]["times"]["numpy"]["median"] > 0
    assert (tmp_path / "a.csv").read_text().count("\n") == 2


def test_table_list_and_empty_filter(capsys):
    assert cli.main(["table", "--contestants", "numpy", "--filter", "dot", "--list"]) == 0
    assert capsys.readouterr().out.split("\n")[0] == "dot: dot f32 1000"
    assert cli.main(["table", "--contestants", "numpy", "--filter", "no such case"]) == 2


@pytest.mark.parametrize("command", [["-m", "wengert", "bench"], ["-m", "wengert.bench"]])
def test_command_lines(command):
    done = subprocess.run([sys.executable, *command, "--help"], capture_output=True, text=True, check=True)
    assert "mv-mm" in done.stdout and "table" in done.stdout


def test_import_of_wengert_leaves_the_benchmark_alone():
    code = "import sys, wengert; sys.exit(any(m.startswith('wengert.bench') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_turns_wait_until_threads_stop_spinning():
    if os.path.exists("/proc/self/schedstat"):
        assert workers.running_ns(os.getpid()) > 0
    assert workers.running_ns(2**22 + 1) == 0  # no such process
    workers.wait_until_idle([])
