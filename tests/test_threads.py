"""Threads: the same bits for any number of them, forks, several Python threads at once, and Ctrl-C."""

import sys
import threading

import numpy as np
import pytest

import wengert as torch
from reference import bits, digits, dtype_of, layouts, samples

COUNTS = (1, 2, 4)


def floats(*shape, dtype="float32", seed=0):
    return torch.tensor(samples(shape, dtype, seed))


def everyone(dtype):
    """(name, call) for the whole matrix family, elementwise operators, reductions, copies and creation, large enough to be
    shared between threads."""

    def f(*shape, seed=0):
        return floats(*shape, dtype=dtype, seed=seed)

    square, other = f(320, 320), f(320, 320, seed=1)
    yield "mm", lambda: torch.mm(square, other)
    yield "mm of transposes", lambda: torch.mm(square.t(), other.t())
    yield "mm of strides", lambda: torch.mm(f(200, 640)[:, ::2], other[::-1] if NEGATIVE else other)
    for m, k, n in [
        (1000, 1000, 1),
        (1, 1000, 1000),
        (1000, 1000, 4),
        (3, 1000, 1000),
        (1000, 7, 1000),
        (30, 9000, 30),
        (2000, 60, 50),
    ]:
        yield f"mm {m}x{k}x{n}", lambda m=m, k=k, n=n: torch.mm(f(m, k), f(k, n, seed=1))
    for m, k in [(1500, 1500), (20, 50000), (50000, 20), (1, 300000)]:
        yield f"mv {m}x{k}", lambda m=m, k=k: torch.mv(f(m, k), f(k, seed=1))
        yield f"mv of a transpose {m}x{k}", lambda m=m, k=k: torch.mv(f(m, k).t(), f(m, seed=1))
    yield "dot", lambda: torch.dot(f(1_000_003), f(1_000_003, seed=1))
    yield "dot of strides", lambda: torch.dot(f(1_000_002)[::2], f(1_500_003, seed=1)[::3])
    yield "outer", lambda: torch.outer(f(700), f(900, seed=1))
    yield "bmm of small ones", lambda: torch.bmm(f(3000, 4, 4), f(3000, 4, 4, seed=1))
    yield "bmm", lambda: torch.bmm(f(16, 64, 64), f(16, 64, 64, seed=1))
    yield "bmm of two", lambda: torch.bmm(f(2, 200, 200), f(2, 200, 200, seed=1))
    yield "matmul", lambda: torch.matmul(f(6, 1, 40, 50), f(7, 50, 60, seed=1))
    yield "matmul with a matrix", lambda: torch.matmul(f(30, 40, 50), f(50, 60, seed=1))
    yield "matmul with a vector", lambda: torch.matmul(f(30, 100, 200), f(200, seed=1))
    yield "addmm", lambda: torch.addmm(f(320), square, other, beta=0.3, alpha=1.7)
    yield "addmv", lambda: torch.addmv(f(1500), f(1500, 1500), f(1500, seed=1), beta=0.3, alpha=1.7)
    yield "baddbmm", lambda: torch.baddbmm(f(64), f(16, 64, 64), f(16, 64, 64, seed=1), beta=0.3, alpha=1.7)
    yield "mm of a deep transpose", lambda: torch.mm(f(1100, 784).t(), f(1100, 512, seed=1))
    images, filters = f(6, 8, 40, 40), f(16, 8, 3, 3, seed=1)
    conv2d = torch.nn.functional.conv2d
    yield "conv2d", lambda: conv2d(images, filters, padding=1)
    yield "conv2d with a step", lambda: conv2d(images, filters, stride=2)
    for name, of in [("image", 0), ("filter", 1)]:
        inputs = [images.clone().requires_grad_(of == 0), filters.clone().requires_grad_(of == 1)]
        loss = conv2d(*inputs, padding=1).square().sum()
        yield f"conv2d's gradient to the {name}", lambda y=loss, x=inputs[of]: torch.autograd.grad(y, x, retain_graph=True)[0]
    lines = f(400, 500).requires_grad_()
    normal = torch.nn.functional.batch_norm(lines, None, None, training=True)
    yield "batch_norm", lambda: torch.nn.functional.batch_norm(lines.detach(), None, None, training=True)
    yield "its gradient", lambda: torch.autograd.grad(normal.sin().sum(), lines, retain_graph=True)[0]
    wide = f(700, 901)
    for name, x in [("dense", wide), ("transposed", f(901, 700).t()), ("strided", f(1400, 1802)[::2, ::2])]:
        yield f"add {name}", lambda x=x: x + wide
        yield f"add a row {name}", lambda x=x: x + wide[0]
        yield f"div {name}", lambda x=x: x / (abs(wide) + 1)
        yield f"alpha {name}", lambda x=x: torch.add(x, wide, alpha=0.3)
        yield f"gt {name}", lambda x=x: x > wide
        yield f"in place {name}", lambda x=x: x.clone().mul_(wide).sub_(1)
        yield f"cast {name}", lambda x=x: (x * 50).to(torch.int32)
        yield f"clone {name}", lambda x=x: x.contiguous()
        for dim in (None, 0, 1):
            yield f"sum {name} {dim}", lambda x=x, dim=dim: torch.sum(x, dim)
            yield f"max {name} {dim}", lambda x=x, dim=dim: x.max() if dim is None else x.max(dim)[0]
            yield f"argmin {name} {dim}", lambda x=x, dim=dim: x.min() if dim is None else x.min(dim)[1]
    yield "sum of a long vector", lambda: f(3_000_001).sum()
    yield "sum of all but one dim", lambda: f(40, 50, 60).sum((0, 2))
    yield "full", lambda: torch.full((1000, 1000), 1.5, dtype=dtype_of(dtype))
    yield "arange", lambda: torch.arange(0, 1000, 0.001, dtype=dtype_of(dtype))
    yield "rand", lambda: (torch.manual_seed(1), torch.rand(1_000_003, dtype=dtype_of(dtype)))[1]
    yield "randn", lambda: (torch.manual_seed(1), torch.randn(1_000_003, dtype=dtype_of(dtype)))[1]


NEGATIVE = "reversed" in {name for name, *_ in layouts(np.zeros(2))}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_bits_for_any_number_of_threads(dtype):
    for name, call in everyone(dtype):
        results = []
        for count in (*COUNTS, COUNTS[1]):  # and from run to run
            torch.set_num_threads(count)
            results.append(bits(call()))
        assert len(set(results)) == 1, name


@pytest.mark.parametrize("dtype", ["int16", "int64"])
def test_integers_for_any_number_of_threads(dtype):
    a, b = samples((300, 310), dtype, 1), samples((310, 290), dtype, 2)
    results = set()
    for count in COUNTS:
        torch.set_num_threads(count)
        x, y = torch.tensor(a), torch.tensor(b)
        results.add((bits(x @ y), bits(x.sum(0)), bits(x * x), bits(torch.mv(x, y[:, 0])), bits(x.t().contiguous())))
    assert len(results) == 1
    assert np.array_equal((x @ y).numpy(), a @ b)


def test_the_number_of_threads():
    assert torch.get_num_threads() >= 1
    torch.set_num_threads(3)
    assert torch.get_num_threads() == 3
    with pytest.raises(RuntimeError, match="set_num_threads expects a positive integer"):
        torch.set_num_threads(0)
    with pytest.raises((RuntimeError, TypeError), match="set_num_threads expects an int, but got float"):
        torch.set_num_threads(1.5)
    assert torch.get_num_threads() == 3


FORK = """
import os, signal, threading
import wengert as torch
torch.set_num_threads(4)
a = torch.ones(512, 512)
expected = float(512 ** 3)
assert (a @ a).sum() == expected

def child():
    signal.alarm(30)  # a hang becomes a signal
    ok = (a @ a).sum() == expected and (a + a).sum() == 2 * 512 * 512 and torch.mv(a, a[0]).sum() == 512 * 512
    torch.set_num_threads(4)
    ok = ok and torch.randn(512, 512).mm(a).shape == (512, 512)
    grandchild = os.fork()
    if grandchild == 0:
        os._exit(0 if (a @ a).sum() == expected else 1)
    os._exit(0 if ok and os.waitpid(grandchild, 0)[1] == 0 else 1)

def fork(times):
    for _ in range(times):
        pid = os.fork()
        if pid == 0:
            child()
        assert os.waitpid(pid, 0)[1] == 0
        assert (a @ a).sum() == expected
"""


def test_fork_after_threads(python):
    assert python(FORK + "fork(3); print('done')") == "done\n"


def test_fork_while_other_threads_compute(python):
    """The child has only the forking thread: whatever the others held when it was made must not be waited for."""
    script = """
stop = threading.Event()
def work():
    b = torch.ones(300, 300)
    while not stop.is_set():
        assert (b @ b).sum() == 300 ** 3
workers = [threading.Thread(target=work) for _ in range(3)]
for worker in workers: worker.start()
fork(15)
stop.set()
for worker in workers: worker.join()
print('done')
"""
    assert python(FORK + script, timeout=120) == "done\n"


def test_multiprocessing_with_fork(python):
    script = """
import multiprocessing
import wengert as torch
def work(n):
    a = torch.full((n, n), 2.0)
    return (a @ a).sum().item()
if __name__ == '__main__':
    assert work(512) == 4 * 512 ** 3
    with multiprocessing.get_context('fork').Pool(2) as pool:
        print(pool.map_async(work, [512] * 6).get(timeout=40) == [4 * 512 ** 3] * 6)
"""
    assert python(script) == "True\n"


def test_several_python_threads_at_once():
    """Each multiplies its own matrices and checks every product."""
    errors = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for size in (5, 40, 130, 300) * 4:
            a, b = digits((size, size + seed), "float32", rng.integers(99)), digits((size + seed, size), "float32", seed)
            x, y, expected = torch.tensor(a), torch.tensor(b), a @ b
            for result in (x @ y, (y.t() @ x.t()).t(), torch.addmm(torch.zeros(size), x, y)):
                if not np.array_equal(result.numpy(), expected):
                    errors.append((seed, size))
            if torch.mv(x, y[:, 0]).tolist() != expected[:, 0].tolist() or (x + x).sum() != 2 * a.sum():
                errors.append((seed, size, "mv"))

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert not worker.is_alive()
    assert not errors


def test_long_work_lets_other_threads_run():
    """With a switch interval of an hour a thread runs only where another one gives way."""
    go, ran = threading.Event(), []
    worker = threading.Thread(target=lambda: (go.wait(), ran.append(True)))
    worker.start()
    a = torch.ones(500, 500)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(3600)
    try:
        go.set()
        for _ in range(200):
            if ran:
                break
            a @ a
        assert ran
    finally:
        sys.setswitchinterval(interval)
        worker.join()


def test_ctrl_c_arrives_between_operations(python):
    script = """
import os, signal, threading
import wengert as torch
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
a = torch.eye(400)
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    while True:
        b = a @ a
except KeyboardInterrupt:
    pass
print(bool((a @ a).equal(a)), bool(torch.ones(3).sum() == 3))
"""
    for body in (script, script.replace("b = a @ a", "b = a[0] + a[1]")):
        assert python(body) == "True True\n"


BUSY = """
import os, subprocess, sys, time
import wengert as torch

others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * os.cpu_count())]
try:
    torch.set_num_threads(4)
    a, b = torch.randn(64, 784), torch.randn(784, 128)
    expected, same, end = a @ b, True, time.monotonic() + 1
    while time.monotonic() < end:
        same = same and bool((a @ b == expected).all())
    print(same)
finally:
    for other in others:
        other.kill()
"""


def test_other_programs_on_the_processors(python):
    """The caller then takes over what its threads do not come to; every result is the same."""
    assert python(BUSY).split() == ["True"]
