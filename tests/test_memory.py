"""Memory: the allocator's figures and bounds, bytes around results, and the lives of tensor objects."""

import concurrent.futures
import gc
import os
import sys
import weakref

import numpy as np
import pytest

import wengert as torch
from reference import DTYPES, LENGTHS, bits, dtype_of, into_domain, samples

MB = 1 << 20


@pytest.fixture
def clean():
    gc.collect()
    torch.empty_cache()
    return torch.memory_stats()


def test_stats_follow_tensors(clean):
    assert set(clean) == {"allocated_bytes", "peak_bytes", "cached_bytes", "cache_limit_bytes", "allocations", "cache_hits"}
    assert clean["cached_bytes"] == 0
    tensor = torch.empty(MB, dtype=torch.uint8)
    view = tensor[5:].view(-1)
    held = torch.memory_stats()
    assert MB <= held["allocated_bytes"] - clean["allocated_bytes"] <= 1.25 * MB
    assert held["peak_bytes"] >= held["allocated_bytes"] and held["allocations"] == clean["allocations"] + 1
    del tensor
    assert torch.memory_stats()["allocated_bytes"] == held["allocated_bytes"]  # the view holds it
    del view
    after = torch.memory_stats()
    assert after["allocated_bytes"] == clean["allocated_bytes"] and after["cached_bytes"] >= MB
    torch.empty_cache()
    assert torch.memory_stats()["cached_bytes"] == 0


def test_freed_blocks_are_used_again(clean):
    for size in (1000, 100_000, 5_000_000):
        first = torch.empty(size)
        pointer = first.data_ptr()
        del first
        hits = torch.memory_stats()["cache_hits"]
        again = torch.empty(size - 3)  # the same class of sizes
        assert again.data_ptr() == pointer and torch.memory_stats()["cache_hits"] == hits + 1
    assert not torch.zeros(size).max()


def test_small_results_need_no_block(clean):
    tensors = [torch.zeros(16) + i for i in range(100)]
    assert torch.memory_stats()["allocations"] == clean["allocations"]
    assert [t[3].item() for t in tensors] == list(range(100))


def test_the_cache_is_bounded(clean):
    limit = clean["cache_limit_bytes"]
    assert 0 < limit <= 1 << 30
    blocks = [torch.empty(64 * MB, dtype=torch.uint8) for _ in range(limit // (64 * MB) + 4)]  # never touched
    del blocks
    assert torch.memory_stats()["cached_bytes"] <= limit
    torch.empty_cache()


def test_blocks_do_not_overlap(clean):
    """Random sizes come and go, on one thread and on several: every block keeps what was written to it."""

    def work(seed, count):
        rng = np.random.default_rng(seed)
        held = []
        for step in range(count):
            if len(held) < 30 and rng.random() < 0.55:
                size = int(rng.choice([rng.integers(1, 60_000), rng.integers(60_000, 2_000_000), 1 << 20, 1 << 18]))
                held.append((torch.full((size,), seed * 100_000 + step, dtype=torch.int32), seed * 100_000 + step))
            elif held:
                tensor, value = held.pop(int(rng.integers(len(held))))
                assert (tensor == value).all()
            if rng.random() < 0.01:
                torch.empty_cache()
        assert all((tensor == value).all() for tensor, value in held)

    work(1, 1500)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(work, seed, 300) for seed in (2, 3, 4)]:
            future.result()
    gc.collect()
    torch.empty_cache()
    after = torch.memory_stats()
    assert after["cached_bytes"] == 0 and after["allocated_bytes"] == clean["allocated_bytes"]


REUSE = """
import wengert as torch
def rss():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
start = rss()
for elements in (1 << 20, 700_000, 3 << 18, 300_000, 1 << 21):
    tensors = [torch.zeros(elements) for _ in range((48 << 20) // (4 * elements))]
    del tensors
print((rss() - start) >> 20, torch.memory_stats()["cached_bytes"] >> 20)
torch.empty_cache()
print((rss() - start) >> 20, torch.memory_stats()["cached_bytes"])
x = torch.ones(40_000_000)
del x
torch.empty_cache()
print((rss() - start) >> 20)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="the sanitizers' build takes every block from malloc")
def test_memory_of_one_size_serves_another(python):
    """48 MiB of tensors of one size after another hold hardly more than 48 MiB, and go back when asked."""
    first, second, third = python(REUSE).splitlines()
    resident, cached = map(int, first.split())
    assert 40 <= resident <= 54 and cached <= 54
    resident, cached = map(int, second.split())
    assert resident <= 4 and cached == 0
    assert int(third) <= 4


def test_alignment():
    for dtype in DTYPES:
        for length in (1, 5, 16, 17, 100, 1000, 12345, 1_000_000):
            tensors = [torch.empty(length, dtype=dtype_of(dtype)) for _ in range(3)]
            assert all(t.data_ptr() % 64 == 0 for t in tensors), (dtype, length)
            assert len({t.data_ptr() for t in tensors}) == 3


RSS = """
import resource
import wengert as torch
def rss():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * resource.getpagesize()
def flat(step, rounds):
    for _ in range(20): step()
    before = rss()
    for _ in range(rounds): step()
    return rss() - before
"""


STEPS = {
    "large products": ("a = torch.ones(1000, 1000); b = torch.eye(1000)\ndef step():\n    global a\n    a = a @ b", 40),
    "products": ("a = torch.ones(200, 200); b = torch.eye(200)\ndef step():\n    global a\n    a = a @ b + 0", 500),
    "views": ("a = torch.ones(100)\ndef step(): (a.view(10, 10)[2:5].t() * 2 - a[0]).sum().item(), a.tolist()", 20000),
    "buffers": (
        "import numpy\na = numpy.ones(1000)\ndef step(): torch.from_numpy(a).numpy(), memoryview(torch.tensor(a))",
        20000,
    ),
    "errors": ("def step():\n    try: torch.ones(2, 3) @ torch.ones(2, 3)\n    except RuntimeError: pass", 20000),
    "bad data": ("def step():\n    try: torch.tensor([[1.0, 2.0], [3.0, 'a']])\n    except Exception: pass", 20000),
    "cycles": ("def step():\n    x = torch.rand(7, 9); x.me = x; x += 1; x.max(1)", 20000),
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="AddressSanitizer keeps freed memory")
@pytest.mark.parametrize("name", STEPS)
def test_memory_in_use_stays_flat(python, name):
    step, rounds = STEPS[name]
    grown = int(python(RSS + step + f"\nprint(flat(step, {rounds}))"))
    assert grown < 4 * MB


def guarded(shape, dtype, strided=False):
    """A tensor of 9s with room around it, and a check that the room is untouched."""
    size = int(np.prod(shape))
    step = 3 if strided else 1
    room = torch.full((64 + step * size + 64,), 9, dtype=dtype_of(dtype))
    inside = room[64 : 64 + step * size : step].view(shape)

    def untouched():
        values = room.numpy().copy()
        values[64 : 64 + step * size : step] = 9 if dtype != "bool" else True
        return (values == (9 if dtype != "bool" else True)).all()

    return inside, untouched


@pytest.mark.parametrize("op", [op for op in torch._C.op_table() if op["family"] == "elementwise" and "out" in op["forms"] and not op["fields"]],
                         ids=lambda op: op["name"])  # fmt: skip
def test_nothing_is_written_around_elementwise_results(op):
    count = sum(arg["kind"] == "Tensor" for arg in op["args"])
    for dtype in ("uint8", "int16", "int64", "float32", "float64"):
        for length in LENGTHS:
            arrays = into_domain(op["name"], [samples(length, dtype, seed) for seed in range(count)])
            inputs = [torch.tensor(array) for array in arrays]
            if op["args"][0]["name"] == "condition":
                inputs[0] = inputs[0] > 0
            try:
                result = getattr(torch, op["public_name"])(*inputs)
            except (NotImplementedError, RuntimeError):
                assert dtype not in op["dtypes"], dtype
                continue
            for strided in (False, True):
                out, untouched = guarded((length,), str(result.dtype).removeprefix("torch."), strided)
                getattr(torch, op["public_name"])(*inputs, out=out)
                assert untouched() and bits(out) == bits(result), (dtype, length, strided)


@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_nothing_is_written_around_products(dtype):
    def x(*shape):
        return torch.ones(shape, dtype=dtype_of(dtype))

    for m, k, n in [
        (1, 1, 1),
        (3, 5, 7),
        (9, 17, 1),
        (1, 17, 9),
        (8, 3, 48),
        (9, 40, 49),
        (31, 33, 65),
        (130, 20, 131),
        (2, 0, 3),
    ]:
        for strided in (False, True):
            for name, shape, operands in [
                ("mm", (m, n), (x(m, k), x(k, n))),
                ("bmm", (3, m, n), (x(3, m, k), x(3, k, n))),
                ("mv", (m,), (x(m, k), x(k))),
                ("outer", (m, n), (x(m), x(n))),
                ("addmm", (m, n), (x(m, n), x(m, k), x(k, n))),
                ("matmul", (2, m), (x(2, m, k), x(k))),
            ]:
                out, untouched = guarded(shape, dtype, strided)
                getattr(torch, name)(*operands, out=out)
                value = {"outer": 1, "addmm": k + 1}.get(name, k)
                assert untouched() and out.eq(value).sum() == out.numel(), (name, m, k, n, strided)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_is_written_around_copies_and_sums(dtype):
    for length in (*LENGTHS, 2000):
        source = torch.tensor(samples((length, 3), dtype))
        for strided in (False, True):
            out, untouched = guarded((3, length), dtype, strided)
            out.copy_(source.t())
            assert untouched() and torch.equal(out, source.t())
            out.fill_(1)
            assert untouched()
            out, untouched = guarded((length,), "int64", strided)
            torch.sum(torch.ones(3, length, dtype=dtype_of(dtype)), 0, out=out)
            assert untouched() and out.sum() == 3 * length


def test_weak_references():
    tensor = torch.zeros(3)
    ended = []
    reference = weakref.ref(tensor, ended.append)
    assert reference() is tensor
    del tensor
    gc.collect()
    assert reference() is None and len(ended) == 1
    kept = weakref.WeakValueDictionary({i: torch.tensor(i) for i in range(3)})
    gc.collect()
    assert len(kept) == 0


def test_attributes_and_cycles():
    class Canary:
        pass

    tensor = torch.ones(2)
    tensor.name, tensor.canary = "weights", Canary()
    canary = weakref.ref(tensor.canary)
    tensor.me = tensor
    assert tensor.name == "weights" and tensor.me.me is tensor and vars(tensor)["name"] == "weights"
    assert gc.is_tracked(tensor)
    del tensor
    gc.collect()
    assert canary() is None
    assert not hasattr(torch.ones(2), "name")  # a reused object starts without
    with pytest.raises(AttributeError):
        torch.ones(2).shape = (1,)


def test_subclasses():
    class Parameter(torch.Tensor):
        label = "parameter"

    class Named(Parameter):
        def __init__(self, *data):
            self.name = "n"

    for cls in (Parameter, Named):
        for _ in range(1000):
            tensor = cls([1.0, 2.0])
            assert isinstance(tensor, torch.Tensor) and tensor.label == "parameter" and tensor.tolist() == [1, 2]
            assert (tensor + 1).tolist() == [2, 3] and tensor.sum() == 3 and torch.is_tensor(tensor)
            reference = weakref.ref(tensor)
            del tensor
            assert reference() is None
    assert Named(2, 3).shape == (2, 3) and Named([1]).name == "n"
    cycle = Named([1.0])
    cycle.me = cycle
    reference = weakref.ref(cycle)
    del cycle
    gc.collect()
    assert reference() is None


def test_many_small_tensors():
    """More than any list of free objects holds, made and dropped in several orders."""
    for order in (slice(None), slice(None, None, -1), slice(None, None, 7)):
        tensors = [torch.tensor(i) for i in range(20000)]
        copies = [t.clone() for t in tensors]
        assert [t.item() for t in copies] == list(range(20000))
        for t in copies[order]:
            t.add_(1)
        assert [t.item() for t in tensors] == list(range(20000))
        del tensors[order], copies[order]
    views = [torch.arange(10)[i:] for i in range(10) for _ in range(500)]
    gc.collect()
    assert sum(len(v) for v in views) == 500 * 55


def test_hash_and_identity():
    a, b = torch.zeros(2), torch.zeros(2)
    assert len({a, b, a}) == 2 and {a: 1}[a] == 1 and b not in {a: 1}
