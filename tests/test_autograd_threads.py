"""Backward passes in several threads, after forks, and interrupted by Ctrl-C."""

import threading

import pytest

import wengert as torch

LONG = 200_000  # elements: work for which the GIL is released


def in_threads(count, run):
    """run(i) in as many threads at once; raises what any of them raised."""
    start, errors = threading.Barrier(count), []

    def body(i):
        try:
            start.wait()
            run(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=body, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.parametrize("size", [3, LONG])
def test_separate_graphs(size):
    results = {}

    def run(i):
        x = torch.full((size,), float(i), requires_grad=True)
        for _ in range(20):
            (x * x).sum().backward()
        results[i] = x.grad

    in_threads(6, run)
    assert all((results[i] == 40.0 * i).all() for i in range(6))


@pytest.mark.parametrize("size", [3, LONG])
def test_one_leaf(size):
    """No gradient is lost, whoever comes first."""
    x = torch.ones(size, requires_grad=True)

    def run(i):
        for _ in range(20):
            (x * float(i)).sum().backward()

    in_threads(6, run)
    assert (x.grad == 20.0 * sum(range(6))).all()


@pytest.mark.parametrize("size", [3, LONG])
def test_one_graph(size):
    """Passes over the same nodes at the same time."""
    x = torch.full((size,), 2.0, requires_grad=True)
    y = x
    for _ in range(5):
        y = y * x
    total, seen = y.sum(), []

    def run(i):
        for _ in range(5):
            seen.append(torch.autograd.grad(total, x, retain_graph=True)[0])

    in_threads(4, run)
    assert len(seen) == 20 and all((gradient == 6 * 2.0**5).all() for gradient in seen)


def test_gradients_taken_away_meanwhile():
    """A thread that adds to .grad and one that clears it: whatever is left is whole."""
    x = torch.ones(LONG, requires_grad=True)
    done = threading.Event()

    def run(i):
        if i == 0:
            while not done.is_set():
                x.grad = None
        else:
            for _ in range(50):
                x.sum().backward()
            done.set()

    in_threads(2, run)
    x.grad = None
    x.sum().backward()
    assert (x.grad == 1).all()


def test_modes_hooks_and_levels_of_threads_are_apart():
    seen = {}

    def run(i):
        x = torch.ones(2, requires_grad=True)
        for _ in range(50):
            with torch.set_grad_enabled(i % 2 == 0):
                y = x * 2
                seen.setdefault(i, set()).add(y.requires_grad)
            with torch.autograd.graph.saved_tensors_hooks(lambda t: (i, t), lambda packed: packed[1] * (packed[0] == i)):
                z = (x * x).sum()
            z.backward()
        assert x.grad.tolist() == [100, 100]

    in_threads(4, run)
    assert seen == {0: {True}, 1: {False}, 2: {True}, 3: {False}}


def test_errors_of_threads_are_their_own():
    def run(i):
        x = torch.ones(2, requires_grad=True)
        for _ in range(50):
            y = x * 2
            if i % 2:
                y.register_hook(lambda g: 1 / 0)
                with pytest.raises(ZeroDivisionError):
                    y.sum().backward()
            else:
                y.sum().backward()
        assert (x.grad is None) if i % 2 else x.grad.tolist() == [100, 100]

    in_threads(4, run)


FORK = """
import os, threading
import wengert as torch

x = torch.ones(200_000, requires_grad=True)
(x * 2).sum().backward()  # imports what is imported late: a fork amid an import would wait for ever, whoever's it is
done = threading.Event()

def train():
    while not done.is_set():
        (x * 2).sum().backward()

threads = [threading.Thread(target=train) for _ in range(2)]
for thread in threads:
    thread.start()
for i in range(20):
    child = os.fork()
    if child == 0:
        y = torch.ones(200_000, requires_grad=True)
        (y * 3).sum().backward()
        (y * 3).sum().backward()
        x.grad = None
        x.sum().backward()
        os._exit(0 if (y.grad == 6).all() and (x.grad == 1).all() else 1)
    assert os.waitpid(child, 0)[1] == 0
done.set()
for thread in threads:
    thread.join()
print("done")
"""


def test_forks_amid_passes(python):
    """A child may be made while another thread adds to a gradient."""
    assert python(FORK, timeout=120).split() == ["done"]


CTRL_C = """
import signal
import wengert as torch

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
x = torch.full((1000,), 0.5, requires_grad=True)
caught = 0
for attempt in range(5):
    y = x
    for _ in range(2000):
        y = y.sin()
    y.register_hook(lambda g: signal.raise_signal(signal.SIGINT))
    try:
        y.sum().backward()
    except KeyboardInterrupt:
        caught += 1
assert torch.is_grad_enabled()
x.grad = None
(x * 2).sum().backward()
print(caught, x.grad[0].item())
"""


def test_ctrl_c_in_a_hook(python):
    assert python(CTRL_C).split() == ["5", "2.0"]
