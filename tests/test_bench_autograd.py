"""The benchmark's cases of automatic differentiation and training, and its peaks of memory. Nothing here depends on how long
anything takes."""

import pytest

from bench_figures import imagined, timing
from wengert.bench import adapters, cases, cli, gradients, memory, peers, table, training, workers
from wengert.bench.workers import Timing


def named(every, part):
    (case,) = (c for c in every if part in c.name)
    return case


LECTURE = (0.638961, 0.559122, 0.474661, 0.387947, 0.301997, 0.220408, 0.147134, 0.086076, 0.040449, 0.012033)
VALUES = [c for c in gradients.written_cases() if c.check == "value"]


# Gradients


@pytest.mark.parametrize("case", VALUES, ids=lambda c: c.name)
def test_wengert_gives_the_gradients_of_the_formulas(case):
    adapter = adapters.adapter("wengert")
    adapter.check(case, adapter.bind(case))


@pytest.mark.parity
@pytest.mark.parametrize("case", VALUES, ids=lambda c: c.name)
def test_torch_gives_the_gradients_of_the_formulas(case):
    pytest.importorskip("torch")
    adapter = adapters.adapter("torch")
    adapter.check(case, adapter.bind(case))


def test_jax_gives_the_gradients_of_the_formulas():
    if not peers.installed("jax"):
        pytest.skip("JAX is not installed")
    with workers.Crew(["jax"], 1) as crew:
        for case in VALUES:
            result = crew.measure(case, rounds=1, seconds=0.001)
            assert not case.code.get("jax") or isinstance(result["jax"], Timing), (case.name, result)


def test_a_wrong_gradient_is_refused():
    operands = (cases.Operand("x", (3,), grad=True),)
    case = gradients.gradient("wrong", operands, "(x * x).sum()", "(x * x).sum()", "3 * x")
    adapter = adapters.adapter("wengert")
    with pytest.raises(adapters.WrongResult, match="off by"):
        adapter.check(case, adapter.bind(case))


def test_gradients_are_dropped_between_evaluations():
    case = gradients.gradient("square", (cases.Operand("x", (3,), grad=True),), "(x * x).sum()", "(x * x).sum()", "2 * x")
    bound = case.setup("wengert")
    first, second = bound(), bound()
    assert (first[1] == second[1]).all()


def test_recorded_and_unrecorded_rows():
    every = gradients.written_cases()
    assert named(every, "recorded").setup("wengert")().requires_grad
    assert not named(every, "nothing requires grad").setup("wengert")().requires_grad
    assert not named(every, "no_grad()").setup("wengert")().requires_grad


def test_adam_iteration_is_the_lecture_s():
    bound = named(gradients.written_cases(), "Adam").setup("wengert")
    assert [bound().item() for _ in LECTURE] == pytest.approx(LECTURE, abs=1e-6)


def test_numpy_has_no_gradients():
    for case in gradients.written_cases() + training.written_cases():
        assert not case.expression("numpy")
        assert case.expression("wengert") == case.expression("torch") != ""
    assert all(not case.expression("jax") for case in training.written_cases())


# Training


@pytest.mark.parity
@pytest.mark.parametrize("case", training.written_cases(), ids=lambda c: c.name)
def test_training_gives_torch_s_losses(case):
    pytest.importorskip("torch")
    ours, theirs = (adapters.adapter(name).first(case.setup(name)) for name in ("wengert", "torch"))
    assert workers.disagreements({"wengert": ours, "torch": theirs}) == {}


@pytest.mark.parametrize("case", training.written_cases(), ids=lambda c: c.name)
def test_training_lowers_the_loss(case):
    losses = adapters.adapter("wengert").first(case.setup("wengert"))
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]


def test_disagreements():
    first = {"wengert": [1.0, 0.9], "torch": [1.0, 0.8], "torch+intel": [1.0, 0.80001], "jax": [1.0, 0.7]}
    wrong = workers.disagreements(first)
    assert list(wrong) == ["wengert", "jax"]
    assert wrong["wengert"] == "WrongResult: 1, 0.9 where torch has 1, 0.8"
    assert workers.disagreements({"wengert": [1.0]}) == {}


def test_numbers_that_are_not_finite_are_refused():
    case = cases.Case("nan", "test", "float32", (), {"numpy": "np.array(np.nan)"}, 0.0, 0.0, "peers")
    with pytest.raises(adapters.WrongResult, match="not finite: nan"):
        adapters.adapter("numpy").first(case.setup("numpy"))


def test_disagreeing_contestants_are_reported_and_not_timed():
    code = {"wengert": "torch.tensor(1.0)", "numpy": "np.array(2.0)"}
    case = cases.Case("loss", "test", "float32", (), code, 0.0, 0.0, "peers")
    with workers.Crew(["wengert", "numpy"], 1) as crew:
        results = crew.measure(case, rounds=1, seconds=0.001)
    assert results["wengert"] == "WrongResult: 1, 1, 1, 1, 1 where numpy has 2, 2, 2, 2, 2"
    assert isinstance(results["numpy"], Timing)


def test_a_missing_ingredient_is_reported():
    program = {"torch": "layer = torch.no_such_layer()\n"}
    case = cases.Case("missing", "test", "float32", (), {"torch": "layer"}, 0.0, 0.0, "peers", program)
    with workers.Crew(["wengert"], 1) as crew:
        results = crew.measure(case, rounds=1, seconds=0.001)
    assert "does not cover 'no_such_layer'" in results["wengert"]
    made = table.row(case, results, "wengert", 1, imagined(), "median")
    assert "no_such_layer" in made["problems"]["wengert"]


def test_results_compared_between_contestants_need_two():
    case = training.mlp()
    alone = table.row(case, {"wengert": timing(40)}, "wengert", 2, imagined(), "median")
    both = table.row(case, {"wengert": timing(40), "torch": timing(60)}, "wengert", 2, imagined(), "median")
    assert not alone["checked"] and both["checked"]
    assert both["bound"] == "compute" and both["ratios"] == {"torch": 1.5}


# Memory


def test_peak_memory_is_what_a_run_adds():
    size = 64 << 20
    # Two blocks of which one is freed before the run is over, and one that stays from the first run on.
    program = "kept = []\ndef run():\n    kept or kept.append(np.ones(1 << 20, 'u1'))\n    block = np.ones({0}, 'u1')\n    del block\n"
    case = cases.Case(
        "block", memory.FAMILY, "uint8", (), {"numpy": "run()"}, 0.0, 0.0, "none", {"numpy": program.format(size)}
    )
    found = workers.peak_memory(case, ["numpy"], 1)["numpy"]
    if isinstance(found, str) and found.startswith("Unsupported"):
        pytest.skip(found)
    assert size <= found < size + (4 << 20)


def test_peak_memory_of_what_fails_or_sits_out():
    case = cases.Case("broken", memory.FAMILY, "float32", (), {"numpy": "np.no_such_function()"}, 0.0, 0.0, "none")
    assert "no_such_function" in workers.peak_memory(case, ["numpy"], 1)["numpy"]
    assert workers.peak_memory(training.mlp(memory.FAMILY), ["numpy"], 1) == {}


def test_a_system_that_tells_no_peak_is_reported(monkeypatch):
    def refuse(self, *_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(memory.Path, "write_text", refuse)
    with pytest.raises(memory.Unsupported, match="reset its peak memory: Permission denied"):
        memory.peak(adapters.adapter("numpy"), cases.mm(4, 4, 4))


def test_memory_in_the_table():
    case = memory.written_cases()[0]
    rows = [table.memory_row(case, {"wengert": 2 << 20, "torch": 5 << 20, "jax": "no memory"}, "wengert")]
    assert rows[0]["ratios"] == {"torch": 2.5} and rows[0]["problems"] == {"jax": "no memory"}
    data = {
        "machine": {"cpu": "Imagined", "processors": 2, "caches": {}, "memory": 1 << 34, "system": "Linux", "python": "3"},
        "contestants": {"wengert": {"version": "1"}, "torch": {}, "jax": {}},
        "presets_removed": {},
        "threads": 2,
        "by": "median",
        "rows": [],
        "memory": rows,
        "problems": [],
    }
    text = table.text(data, imagined())
    line = next(line for line in text.splitlines() if line.startswith(case.name))
    assert line[len(case.name) :].split() == ["2", "MiB", "5", "MiB", "2.50x", "failed", "-"]
    assert "fastest" not in text
    assert [(f["contestant"], f["peak_bytes"], f["ratio"]) for f in table.flat(data)] == [
        ("wengert", 2 << 20, 1.0),
        ("torch", 5 << 20, 2.5),
    ]


def test_memory_command(tmp_path, capsys):
    arguments = ["--contestants", "wengert", "--filter", "peak memory: mm", "--threads", "1", "--csv", str(tmp_path / "a.csv")]
    code = cli.main(["table", *arguments])
    out = capsys.readouterr().out
    if "Unsupported" in out:
        pytest.skip("this system tells no peak of memory")
    assert code == 0
    assert next(line for line in out.splitlines() if line.startswith("mm f32")).split()[-1] in ("KiB", "MiB")
    assert "peak_bytes" in (tmp_path / "a.csv").read_text()


def test_memory_is_left_out_when_time_is_over():
    wanted = [memory.written_cases()[0]]
    data, _ = table.run(wanted, ["numpy"], 1, 1, 0.001, limit_s=-1.0)
    assert data["memory"] == [] and "1 of 1 cases left out" in data["problems"][-1]
