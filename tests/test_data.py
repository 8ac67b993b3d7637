"""wengert.utils.data: data sets, orders, batches, worker processes."""

import collections
import gc
import importlib
import multiprocessing
import os
import pathlib
import pickle
import random
import signal
import subprocess
import sys
import time
import traceback

import numpy as np
import pytest

import wengert as torch
from wengert.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    get_worker_info,
    random_split,
)


def plain(value):
    """Batches as lists and numbers, to compare them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


class Numbers(Dataset):
    """0, 1, ... n - 1, with what a worker's copy is asked for at some of them."""

    def __init__(self, n, at=None):
        self.n, self.at = n, at or {}

    def __getitem__(self, index):
        if index in self.at:
            self.at[index]()
        return index

    def __len__(self):
        return self.n


class Counting(IterableDataset):
    """0, 1, ... n - 1, shared out among workers."""

    def __init__(self, n):
        self.n = n

    def __iter__(self):
        info = get_worker_info()
        return iter(range(self.n) if info is None else range(info.id, self.n, info.num_workers))

    def __len__(self):
        return self.n


# ---- data sets


def test_tensor_dataset():
    data = TensorDataset(torch.arange(4), torch.arange(8).view(4, 2))
    assert len(data) == 4 and plain(data[-1]) == [3, [6, 7]]
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        TensorDataset(torch.zeros(2), torch.zeros(3))


def test_concat_and_chain():
    both = Numbers(2) + Numbers(3)
    assert isinstance(both, ConcatDataset) and list(map(both.__getitem__, [0, 1, 2, 4, -5])) == [0, 1, 0, 2, 0]
    with pytest.raises(ValueError, match="absolute value of index should not exceed dataset length"):
        both[-6]
    with pytest.raises(AssertionError, match="empty iterable"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="does not support IterableDataset"):
        ConcatDataset([Counting(1)])
    chain = Counting(2) + Counting(1)
    assert isinstance(chain, ChainDataset) and list(chain) == [0, 1, 0] and len(chain) == 3
    with pytest.raises(AssertionError, match="only supports IterableDataset"):
        list(ChainDataset([Numbers(1)]))


def test_stack_dataset():
    assert StackDataset([1, 2], "ab")[1] == (2, "b")
    named = StackDataset(x=[1, 2], y=Subset([5, 6, 7], [2, 0]))
    assert named[1] == {"x": 2, "y": 5} and named.__getitems__([1, 0]) == [{"x": 2, "y": 5}, {"x": 1, "y": 7}]
    for arguments, named, message in [
        (([1],), {"x": [1]}, "both types are given"),
        ((), {}, "At least one"),
        (([1], [1, 2]), {}, "Size mismatch"),
    ]:
        with pytest.raises(ValueError, match=message):
            StackDataset(*arguments, **named)


def test_subset_and_split():
    part = Subset(torch.arange(10), [7, 3])
    assert plain(part[[1, 0]]) == [3, 7] and len(part) == 2
    generator = torch.Generator().manual_seed(3)
    sizes = [len(each) for each in random_split(range(11), [0.5, 0.25, 0.25], generator=generator)]
    assert sizes == [6, 3, 2]
    whole = random_split(range(10), [3, 7], generator=generator)
    assert sorted(i for each in whole for i in each) == list(range(10))
    with pytest.raises(ValueError, match="Sum of input lengths does not equal"):
        random_split(range(10), [3, 6])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        random_split(range(10), [1.5, -0.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(1), [0.5, 0.5])


def test_an_overridden_subset_says_what_it_lacks():
    class Doubled(Subset):
        def __getitem__(self, index):
            return 2 * super().__getitem__(index)

    with pytest.raises(NotImplementedError, match="Doubled overrides __getitem__ but not __getitems__"):
        next(iter(DataLoader(Doubled([1, 2], [0]))))


def test_abstract_methods():
    with pytest.raises(NotImplementedError, match="Subclasses of Dataset should implement __getitem__"):
        Dataset()[0]
    with pytest.raises(NotImplementedError, match="Subclasses of IterableDataset should implement __iter__"):
        iter(IterableDataset())

    class Typed(Dataset[int]):
        pass

    assert issubclass(Typed, Dataset)


# ---- samplers


def test_samplers():
    assert list(SequentialSampler("abc")) == [0, 1, 2]
    assert sorted(RandomSampler(range(5))) == [0, 1, 2, 3, 4]
    assert len(list(RandomSampler(range(5), num_samples=12))) == 12
    assert set(RandomSampler(range(3), replacement=True, num_samples=40)) <= {0, 1, 2}
    assert sorted(SubsetRandomSampler([4, 7, 9])) == [4, 7, 9]
    assert list(WeightedRandomSampler([0, 0, 1], 2)) == [2, 2]
    assert list(BatchSampler(range(5), 2, True)) == [[0, 1], [2, 3]]
    assert [len(BatchSampler(range(5), 2, drop_last)) for drop_last in (True, False)] == [2, 3]


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: RandomSampler([1], replacement=1), TypeError, "replacement should be a boolean value"),
        (lambda: RandomSampler([]), ValueError, "num_samples should be a positive integer value, but got num_samples=0"),
        (lambda: WeightedRandomSampler([1], 0), ValueError, "num_samples should be a positive integer"),
        (lambda: WeightedRandomSampler([[1]], 1), ValueError, r"weights should be a 1d sequence .* \(1, 1\)"),
        (lambda: BatchSampler([1], 0, False), ValueError, "batch_size should be a positive integer value"),
        (lambda: BatchSampler([1], 1, 2), ValueError, "drop_last should be a boolean value"),
    ],
)
def test_samplers_refuse(make, error, message):
    with pytest.raises(error, match=message):
        make()


# ---- batches


def test_default_collate():
    pair = collections.namedtuple("pair", "a b")
    batch = default_collate([pair(1, {"x": 1.5, "s": "u"}), pair(2, {"x": 2.5, "s": "v"})])
    assert isinstance(batch, pair) and plain(batch.a) == [1, 2]
    assert batch.b["x"].dtype == torch.float64 and batch.b["s"] == ["u", "v"]
    assert default_collate([(True, b"x"), (False, b"y")])[0].dtype == torch.bool
    stacked = default_collate([np.ones((2, 2), np.float32)] * 3)
    assert stacked.shape == (3, 2, 2) and stacked.dtype == torch.float32
    assert default_collate([np.float32(1), np.float32(2)]).tolist() == [1, 2]
    assert default_collate([torch.ones(2, requires_grad=True)] * 2).requires_grad
    ordered = default_collate([collections.OrderedDict(b=1, a=2)])
    assert type(ordered) is collections.OrderedDict and list(ordered) == ["b", "a"]
    with pytest.raises(RuntimeError, match="each element in list of batch should be of equal size"):
        default_collate([[1], [1, 2]])
    with pytest.raises(
        TypeError, match="batch must contain tensors, numpy arrays, numbers, dicts or lists; found <class 'object'>"
    ):
        default_collate([object()])
    with pytest.raises(TypeError, match="found <U1"):
        default_collate([np.array(["a"])])
    with pytest.raises(RuntimeError, match="stack expects each tensor to be equal size"):
        default_collate([torch.ones(2), torch.ones(3)])


def test_default_convert():
    array = np.zeros(2)
    data = default_convert({"x": array, "t": (array, 1), "s": "text", "f": np.float64(2), "n": np.array(["a"])})
    data["x"][0] = 5
    assert array[0] == 5 and data["t"][1] == 1 and data["s"] == "text"
    assert isinstance(data["n"], np.ndarray) and data["f"].item() == 2


def test_loader_in_one_process():
    data = TensorDataset(torch.arange(5), torch.arange(5) * 2)
    assert plain(list(DataLoader(data, batch_size=2))) == [[[0, 1], [0, 2]], [[2, 3], [4, 6]], [[4], [8]]]
    assert len(DataLoader(data, batch_size=2)) == 3 and len(DataLoader(data, batch_size=2, drop_last=True)) == 2
    assert plain(list(DataLoader(data, batch_sampler=[[4, 0], [-1]]))) == [[[4, 0], [8, 0]], [[4], [8]]]
    assert plain(list(DataLoader(Subset(data, [3, 1]), sampler=[1, 0, 1]))) == [[[1], [2]], [[3], [6]], [[1], [2]]]
    assert plain(list(DataLoader(data, batch_size=None)))[4] == [4, 8]
    assert plain(list(DataLoader(data, collate_fn=len, batch_size=3, pin_memory=True))) == [3, 2]
    assert plain(list(DataLoader(Counting(5), batch_size=2))) == [[0, 1], [2, 3], [4]]
    assert plain(list(DataLoader(Counting(5), batch_size=2, drop_last=True))) == [[0, 1], [2, 3]]
    assert list(DataLoader(Counting(3), batch_size=None)) == [0, 1, 2] and len(DataLoader(Counting(5), batch_size=2)) == 3
    with pytest.raises(IndexError):
        list(DataLoader(data, sampler=[5]))


def test_rows_of_tensors_in_one_gather_are_those_of_a_stack():
    x = torch.randn(6, 3).t().contiguous().t()
    data = random_split(TensorDataset(x, torch.arange(6)), [4, 2], generator=torch.Generator().manual_seed(0))[0]
    for quick, stacked in zip(
        DataLoader(data, batch_size=3), DataLoader(data, batch_size=3, collate_fn=lambda s: default_collate(s)), strict=True
    ):
        assert plain(quick) == plain(stacked) and quick[0].stride() == stacked[0].stride()
    x.requires_grad_(True)
    assert next(iter(DataLoader(data)))[0].requires_grad


@pytest.mark.parametrize(
    "options, message",
    [
        ({"num_workers": -1}, "num_workers option should be non-negative"),
        ({"timeout": -1}, "timeout option should be non-negative"),
        ({"prefetch_factor": 2}, "prefetch_factor option could only be specified in multiprocessing"),
        ({"persistent_workers": True}, "persistent_workers option needs num_workers > 0"),
        ({"sampler": [0], "shuffle": True}, "sampler option is mutually exclusive with shuffle"),
        ({"batch_sampler": [[0]], "batch_size": 2}, "batch_sampler option is mutually exclusive with"),
        ({"batch_size": None, "drop_last": True}, "batch_size=None option disables auto-batching"),
        ({"multiprocessing_context": "fork"}, "multiprocessing_context can only be used with multi-process loading"),
        ({"num_workers": 1, "multiprocessing_context": "no"}, "should specify a valid start method"),
    ],
)
def test_loader_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        DataLoader([1], **options)


def test_loader_of_an_iterable_refuses_an_order():
    for options in ({"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}):
        with pytest.raises(ValueError, match=f"expected unspecified {next(iter(options))} option"):
            DataLoader(Counting(1), **options)
    loader = DataLoader([1])
    with pytest.raises(ValueError, match="dataset attribute should not be set after DataLoader is initialized"):
        loader.dataset = [2]


# ---- workers


def drawn(lib):
    return lib.randint(1 << 30, ()).item(), np.random.randint(1 << 30), random.random()


class Drawing(Dataset):
    def __getitem__(self, index):
        return [index, *drawn(torch)]

    def __len__(self):
        return 6


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_keep_the_order(workers):
    data = TensorDataset(torch.arange(23), torch.arange(46).view(23, 2))
    torch.manual_seed(5)
    expected = [plain(list(DataLoader(data, batch_size=4, shuffle=True))) for _ in range(2)]
    torch.manual_seed(5)
    loader = DataLoader(data, batch_size=4, shuffle=True, num_workers=workers)
    assert [plain(list(loader)) for _ in range(2)] == expected and len(loader) == len(iter(loader)) == 6
    unordered = DataLoader(data, batch_size=4, num_workers=workers, in_order=False)
    assert sorted(plain(batch)[0][0] for batch in unordered) == [0, 4, 8, 12, 16, 20]


def test_workers_share_an_iterable():
    loader = DataLoader(Counting(11), batch_size=2, num_workers=3)
    batches = plain(list(loader))
    assert batches == [[0, 3], [1, 4], [2, 5], [6, 9], [7, 10], [8]] and plain(list(loader)) == batches
    kept = DataLoader(Counting(11), batch_size=2, num_workers=3, persistent_workers=True, drop_last=True)
    assert plain(list(kept)) == plain(list(kept)) == batches[:-1]


def test_persistent_workers_are_the_same_processes():
    class Pids(Numbers):
        def __getitem__(self, index):
            return os.getpid()

    kept = DataLoader(Pids(4), num_workers=2, persistent_workers=True)
    first = plain(list(kept))
    next(iter(kept))  # a pass left early
    assert plain(list(kept)) == first and len({pid for (pid,) in first}) == 2 and [os.getpid()] not in first
    fresh = DataLoader(Pids(4), num_workers=2)
    assert plain(list(fresh)) != plain(list(fresh))


def test_seeds_of_workers():
    def run(**options):
        torch.manual_seed(2)
        return plain(list(DataLoader(Drawing(), num_workers=2, **options)))

    batches = run()
    assert batches == run() and len({str(batch[1:]) for batch in batches}) == 6
    assert batches != run(generator=torch.Generator().manual_seed(1))


def test_worker_info_and_init():
    class Informed(Numbers):
        def __getitem__(self, index):
            info = get_worker_info()
            with pytest.raises(RuntimeError, match="Cannot assign attributes to WorkerInfo objects"):
                info.id = 3
            return info.id, info.num_workers, info.seed - info.id, info.dataset.extra, torch.get_num_threads()

    def start(worker_id):
        get_worker_info().dataset.extra = 100 + worker_id

    assert get_worker_info() is None
    batches = plain(list(DataLoader(Informed(4), num_workers=2, worker_init_fn=start)))
    assert [batch[0] + batch[1] for batch in batches] == [[0, 2], [1, 2], [0, 2], [1, 2]]
    assert [batch[3] for batch in batches] == [[100], [101], [100], [101]] and all(batch[4] == [1] for batch in batches)
    assert len({str(batch[2]) for batch in batches}) == 1

    def fail(worker_id):
        raise OSError(f"no start for {worker_id}")

    with pytest.raises(
        OSError, match=r"Caught OSError in DataLoader worker process 0.\nOriginal Traceback(?s:.*)no start for 0"
    ):
        list(DataLoader(Numbers(4), num_workers=2, worker_init_fn=fail))


class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(one, two)


def raiser(error):
    def throw():
        raise error

    return throw


@pytest.mark.parametrize(
    "error, kind",
    [(ValueError("mine"), ValueError), (KeyError("k"), KeyError), (Odd(1, 2), RuntimeError), (StopIteration(), StopIteration)],
)
def test_an_exception_in_a_worker(error, kind):
    loader = iter(DataLoader(Numbers(6, {2: raiser(error)}), num_workers=2))
    assert plain([next(loader), next(loader)]) == [[0], [1]]
    with pytest.raises(kind) as caught:
        next(loader)
    text = "".join(traceback.format_exception(caught.value))
    assert f"Caught {type(error).__name__} in DataLoader worker process 0.\nOriginal Traceback" in text and "in throw" in text
    assert plain(list(loader)) == [[3], [4], [5]]  # the others are still to be had


def test_what_cannot_be_pickled_is_an_error():
    with pytest.raises((AttributeError, pickle.PicklingError, RuntimeError), match="in DataLoader worker process"):
        list(DataLoader([1], num_workers=1, collate_fn=lambda batch: lambda: batch))


@pytest.mark.parametrize("end, reason", [(lambda: os._exit(7), "exit code 7"), (lambda: os.kill(os.getpid(), 9), "SIGKILL")])
def test_a_worker_that_dies(end, reason):
    loader = iter(DataLoader(Numbers(8, {3: end}), num_workers=2))
    with pytest.raises(RuntimeError, match=rf"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly .*{reason}"):
        list(loader)
    with pytest.raises(RuntimeError, match="has ended with an error"):
        next(loader)
    assert not any(process.is_alive() for process in loader._workers.processes)


def test_timeout():
    loader = DataLoader(Numbers(4, {1: lambda: time.sleep(30)}), num_workers=1, timeout=0.3)
    begin = time.monotonic()
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0.3 seconds"):
        list(loader)
    assert time.monotonic() - begin < 20


def test_no_worker_outlives_its_pass():
    gc.collect()
    before = set(multiprocessing.active_children())
    loader = DataLoader(TensorDataset(torch.zeros(64, 1 << 16)), num_workers=2, prefetch_factor=4, batch_size=8)
    for _ in loader:
        break
    passed = iter(loader)
    list(passed)
    assert set(multiprocessing.active_children()) <= before


def test_tasks_larger_than_a_pipe_do_not_block():
    sampler = [list(range(50_000))] * 4
    loader = DataLoader(
        TensorDataset(torch.arange(50_000)), batch_sampler=sampler, num_workers=1, prefetch_factor=4, timeout=60
    )
    assert [batch.sum().item() for (batch,) in loader] == [49_999 * 25_000] * 4


def test_tensors_arrive_as_they_were():
    class Views(Numbers):
        def __getitem__(self, index):
            return index

    def collate(samples):
        wide = torch.arange(12, dtype=torch.float64).view(3, 4)
        return {"t": wide.t(), "empty": torch.empty(0, 3), "bool": torch.tensor([True, False]), "array": np.arange(3.0)}

    (batch,) = DataLoader(Views(1), num_workers=1, collate_fn=collate)
    assert batch["t"].stride() == (1, 4) and batch["t"].sum() == 66 and batch["empty"].shape == (0, 3)
    assert batch["bool"].tolist() == [True, False] and batch["array"].tolist() == [0, 1, 2]
    batch["t"].add_(1)
    batch["array"][0] = 5


def test_workers_started_afresh(python, tmp_path):
    script = """
import multiprocessing, wengert as torch
from wengert.utils.data import DataLoader, TensorDataset
if __name__ == "__main__":
    for start in ("fork", "forkserver", "spawn"):
        loader = DataLoader(TensorDataset(torch.arange(5)), batch_size=2, num_workers=2, multiprocessing_context=start)
        print([batch.tolist() for (batch,) in loader])
"""
    path = tmp_path / "script.py"
    path.write_text(script)
    out = python(f"import runpy; runpy.run_path({str(path)!r}, run_name='__main__')", timeout=120)
    assert out == "[[0, 1], [2, 3], [4]]\n" * 3


def running(pid):
    stat = pathlib.Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().split()[2] != "Z"


def test_workers_end_with_their_parent():
    script = """
import os, signal, time
from wengert.utils.data import DataLoader
loader = iter(DataLoader(range(100), num_workers=2))
next(loader)
print(*(process.pid for process in loader._workers.processes), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL
    left = [int(pid) for pid in done.stdout.split()]
    deadline = time.monotonic() + 30
    while left and time.monotonic() < deadline:
        left = [pid for pid in left if running(pid)]
        time.sleep(0.05)
    assert not left


# ---- PyTorch


def orders(lib):
    """What many ways of drawing an order give, for the same seeds."""
    data = importlib.import_module(f"{lib.__name__}.utils.data")
    samples = list(range(45))

    def passes(loader, count=2):
        return [plain(batch) for _ in range(count) for batch in loader]

    def generator(seed):
        return lib.Generator().manual_seed(seed)

    lib.manual_seed(11)
    yield "shuffle", passes(data.DataLoader(samples, batch_size=4, shuffle=True))
    yield "own generator", passes(data.DataLoader(samples, batch_size=4, shuffle=True, generator=generator(1)))
    yield "workers", passes(data.DataLoader(samples, batch_size=4, shuffle=True, num_workers=2))
    yield "kept", passes(data.DataLoader(samples, shuffle=True, num_workers=2, persistent_workers=True, generator=generator(2)))
    yield "replacement", passes(data.DataLoader(samples, sampler=data.RandomSampler(samples, True, 70)))
    yield "many", passes(data.DataLoader(samples, sampler=data.RandomSampler(samples, num_samples=100, generator=generator(3))))
    yield "multiple of 32", passes(data.DataLoader(samples, sampler=data.RandomSampler(samples, True, 64, generator(4))))
    yield (
        "subset",
        passes(data.DataLoader(samples, sampler=data.SubsetRandomSampler(samples[::3], generator(5)), drop_last=True)),
    )
    weights = [float(i) for i in range(45)]
    yield "weighted", list(data.WeightedRandomSampler(weights, 50))
    yield "weighted once", list(data.WeightedRandomSampler(weights, 20, replacement=False, generator=generator(6)))
    yield "split", [list(part) for part in data.random_split(samples, [0.5, 0.3, 0.2])]
    yield "split by a generator", [list(part) for part in data.random_split(samples, [40, 5], generator=generator(7))]
    yield "drawn in workers", passes(data.DataLoader(Drawn(lib), batch_size=2, num_workers=2))
    yield "what follows", lib.randint(1 << 30, (3,)).tolist()


class Drawn(Dataset):
    """Random numbers of a library, of NumPy and of Python, in the worker."""

    def __init__(self, lib):
        self.lib = lib

    def __getitem__(self, index):
        return drawn(self.lib)

    def __len__(self):
        return 8


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_orders_are_those_of_pytorch():
    reference = importlib.import_module("torch")
    ours, theirs = dict(orders(torch)), dict(orders(reference))
    assert list(ours) == list(theirs)
    for name, order in ours.items():
        assert order == theirs[name], name


@pytest.mark.parity
def test_messages_are_those_of_pytorch():
    reference = importlib.import_module("torch.utils.data")
    module = importlib.import_module("wengert.utils.data")
    calls = [
        lambda data: data.DataLoader([], shuffle=True),
        lambda data: data.DataLoader([1], num_workers=-1),
        lambda data: data.DataLoader([1], prefetch_factor=1),
        lambda data: data.DataLoader([1], batch_size=0),
        lambda data: data.DataLoader([1], drop_last=3),
        lambda data: data.DataLoader([1], sampler=[1], shuffle=True),
        lambda data: data.DataLoader([1], batch_sampler=[1], drop_last=True),
        lambda data: data.DataLoader([1], num_workers=1, multiprocessing_context=3),
        lambda data: data.DataLoader([1], num_workers=1, multiprocessing_context="no"),
        lambda data: data.RandomSampler([1], num_samples=0.5),
        lambda data: data.WeightedRandomSampler([1], 1, replacement=2),
        lambda data: data.random_split([1, 2], [3]),
        lambda data: data.random_split([1, 2], [2.0, -1.0]),
        lambda data: data.ConcatDataset([[1]])[-2],
        lambda data: data.default_collate([[1], [1, 2]]),
        lambda data: data.default_collate([None]),
        lambda data: list(data.DataLoader([object()])),
    ]
    for number, call in enumerate(calls):
        raised = []
        for data in (module, reference):
            try:
                call(data)
            except Exception as error:
                raised.append((type(error), str(error)))
        assert len(raised) == 2 and raised[0] == raised[1], (number, raised)
