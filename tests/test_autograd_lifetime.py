"""What graphs keep alive and when they let go: memory, cycles, deep graphs, long training."""

import gc
import os
import weakref

import pytest

import wengert as torch
from wengert.autograd import Function, grad

MB = 1 << 20


@pytest.fixture
def no_gc():
    """References alone must free what is tested."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def held():
    """Bytes of the elements of living tensors that do not fit into their objects."""
    return torch.memory_stats()["allocated_bytes"]


def big(**options):
    return torch.ones(MB // 4, **options)  # 1 MiB


# Saved tensors -----------------------------------------------------------------------------------------------------------------


def test_saved_tensors_are_freed_by_the_pass(no_gc):
    x, start = big(requires_grad=True), held()
    y = x
    for _ in range(10):
        y = y.sin()
    total = y.sum()
    del y
    assert held() - start >= 9 * MB  # beside x
    total.backward()
    assert held() - start <= 1.5 * MB  # the gradient is left; total still holds the nodes
    assert total.grad_fn.next_functions[0][0].freed


def test_saved_tensors_are_freed_on_the_way(no_gc):
    """A pass holds a few gradients beside what the graph holds, never all of them."""
    x = big(requires_grad=True)
    y = x
    for _ in range(30):
        y = y.sin()
    y = y.sum()
    torch.empty_cache()
    before = held()
    seen = []
    x.register_hook(lambda g: seen.append(held()))
    peaks = []
    step = y.grad_fn
    while step.next_functions:
        step.register_hook(lambda *_: peaks.append(held()))
        step = step.next_functions[0][0]
    y.backward()
    assert max(peaks) <= before + 4 * MB and seen[0] <= 4 * MB + x.nbytes


def test_what_retain_graph_holds_goes_with_the_result(no_gc):
    x, start = big(requires_grad=True), held()
    y = x.exp().sin().sum()
    y.backward(retain_graph=True)
    assert held() - start >= 2 * MB
    del y
    x.grad = None
    assert held() == start


def test_results_of_grad_hold_no_graph(no_gc):
    x, start = big(requires_grad=True), held()
    (g,) = grad(x.exp().sum(), x)
    assert held() - start <= 1.1 * MB and g.grad_fn is None
    del g
    assert held() == start


def test_a_failed_pass_lets_go(no_gc):
    x, start = big(requires_grad=True), held()
    y = x.exp()
    y.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        y.sin().sum().backward()
    del y
    assert held() - start <= 0.1 * MB


def test_addition_keeps_no_elements(no_gc):
    x, start = big(requires_grad=True), held()
    y = x
    for _ in range(10):
        y = y + 1.0
    assert held() - start <= 1.1 * MB


def test_numbers_and_shapes_keep_no_elements(no_gc):
    x = big(requires_grad=True)
    kept = (x * 1.0).sum()
    y = (x + 0).view(-1, 2).t().sum(0)
    nodes, seen = [kept.grad_fn, y.grad_fn], []
    while nodes:
        node = nodes.pop()
        nodes += [end for end, _ in node.next_functions if end is not None]
        seen += [value for value in getattr(node, "saved", {}).values() if isinstance(value, torch.Tensor)]
    assert seen == []


# Cycles ------------------------------------------------------------------------------------------------------------------------


def dies(make):
    """Whether what make() returns a weak reference to is freed, at the latest by a collection."""
    reference = make()
    gc.collect()
    return reference() is None


def test_a_result_that_its_node_keeps_is_no_cycle(no_gc):
    for f in (torch.exp, torch.tanh, torch.sqrt, lambda x: x.softmax(0), lambda x: x.sort()[0], lambda x: x.max(0)[0]):
        y = f(torch.ones(2, requires_grad=True))
        node, tensor = weakref.ref(y.grad_fn), weakref.ref(y)
        del y
        assert node() is None and tensor() is None


def test_cycles_through_hooks():
    def make():
        x = torch.ones(2, requires_grad=True)
        y = x * 2
        y.register_hook(lambda g: y.sum() and None)
        y.grad_fn.register_hook(lambda *_: y and None)
        x.register_hook(lambda g: x and None)
        x.register_post_accumulate_grad_hook(lambda t: x and None)
        return weakref.ref(y.grad_fn)

    assert dies(make)


def test_cycles_through_leaves():
    def make():
        x = torch.ones(2, requires_grad=True)
        x.register_hook(lambda g, x=x: None)
        return weakref.ref(x)

    assert dies(make)


def test_cycles_through_attributes_and_metadata():
    def make():
        y = torch.ones(2, requires_grad=True) * 2
        y.grad_fn.metadata["result"] = y
        y.mine = y.grad_fn
        return weakref.ref(y)

    assert dies(make)


def test_cycles_through_gradients_of_create_graph():
    def make():
        x = torch.ones(2, requires_grad=True)
        (x**3).sum().backward(create_graph=True)  # x.grad leads to x
        return weakref.ref(x)

    assert dies(make)


def test_cycles_through_functions():
    class Keep(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.result = x * 2
            ctx.me = ctx
            return ctx.result

        @staticmethod
        def backward(ctx, g):
            return g * 2

    def make():
        y = Keep.apply(torch.ones(2, requires_grad=True))
        return weakref.ref(y)

    assert dies(make)


def test_cycles_through_writes_and_views():
    def make():
        x = torch.ones(4, requires_grad=True)
        y = x * 1
        view = y[:2]
        view.mul_(y[2:])
        y.view_of_me, view.base_of_me = view, y
        y.register_hook(lambda g: view and None)
        return weakref.ref(y)

    assert dies(make)


def test_cycles_through_saved_tensor_hooks():
    def make():
        x = torch.ones(2, requires_grad=True)
        box = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: (box, t), lambda packed: packed[1]):
            y = x.exp()
        box.append(y)
        return weakref.ref(y)

    assert dies(make)


def test_collections_in_the_middle_of_a_pass():
    x = torch.ones(3, requires_grad=True)
    y = x
    for i in range(12):
        y = y * 1.01 if i % 2 else y.sin()
        y.register_hook(lambda g: (gc.collect(), None)[1])
    y.sum().backward()
    assert x.grad is not None and bool(x.grad.isfinite().all())


def test_finalizers_may_run_passes():
    """What is freed inside a pass may itself run one."""
    total = torch.zeros(1, requires_grad=True)

    class Finalizer:
        def __del__(self):
            with torch.enable_grad():
                (total * 1).backward()

    x = torch.ones(2, requires_grad=True)
    y = x
    for _ in range(20):
        y = y * 2
        y.grad_fn.metadata["freed with the node"] = Finalizer()
    result = y.sum()
    del y
    result.backward()
    del result
    gc.collect()
    assert total.grad.item() == 20 and x.grad.tolist() == [2.0**20] * 2


# Depth -------------------------------------------------------------------------------------------------------------------------


def test_a_chain_of_a_million_nodes(no_gc):
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1
    last = weakref.ref(y.grad_fn)
    del y
    assert last() is None


def test_deep_chains_of_everything_are_freed(no_gc):
    """Nodes that keep tensors, lists, results, views, writes and nodes of Python's own classes."""

    class Twice(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    def write(y):
        y = y * 1
        y[0].mul_(2)
        return y

    x = torch.ones(2, requires_grad=True)
    steps = {
        "saves": lambda y: y.sin(),
        "result": lambda y: y.tanh(),
        "list": lambda y: torch.cat([y[:1], y[1:]]),
        "stack": lambda y: torch.stack([y, y]).sum(0),
        "views": lambda y: y.view(2, 1).t()[0],
        "function": Twice.apply,
        "writes": write,
        "product": lambda y: y * y.detach(),
    }
    for name, step in steps.items():
        y = x
        for _ in range(20_000):
            y = step(y)
        reference = weakref.ref(y.grad_fn)
        y.sum().backward()
        del y
        assert reference() is None, name


def test_deep_graphs_are_collected_with_a_cycle():
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(50_000):
        y = y + 1
    y.grad_fn.metadata["cycle"] = y
    reference = weakref.ref(y)
    del y
    gc.collect()
    assert reference() is None


def test_wide_graphs():
    x = torch.ones(2, requires_grad=True)
    parts = [x * i for i in range(5_000)]
    torch.stack(parts).sum().backward()
    assert x.grad.tolist() == [sum(range(5_000))] * 2
    x.grad = None
    sum(parts[1:], parts[0]).sum().backward()
    assert x.grad.tolist() == [sum(range(5_000))] * 2


def test_graphs_of_many_paths_run_each_node_once():
    """2^200 paths, 200 nodes."""
    x = torch.ones(1, dtype=torch.float64, requires_grad=True)
    y, ran = x, []
    for _ in range(200):
        y = y + y
        y.grad_fn.register_hook(lambda *_: ran.append(1))
    y.backward()
    assert x.grad.item() == 2.0**200 and len(ran) == 200


# Long training -----------------------------------------------------------------------------------------------------------------

TRAINING = """
import gc, resource
import wengert as torch

w, b = torch.randn(8, 4, requires_grad=True), torch.zeros(8, requires_grad=True)
data = torch.randn(16, 4)
hidden = []

def step():
    y = torch.addmm(b, data, w.t()).tanh()
    y = torch.cat([y, y[:, :2] * 2], 1)
    z = y * 1
    z[:, 0] = 0.0
    loss = (z**2).mean() + w.abs().max() + torch.stack([b.sum(), w.std()]).logsumexp(0)
    y.retain_grad()
    handle = y.register_hook(lambda g: g * 1)
    w.grad = b.grad = None
    loss.backward()
    (slope,) = torch.autograd.grad((torch.addmm(b, data, w.t()).exp()).sum(), w, create_graph=True)
    (slope**2).sum().backward()
    handle.remove()
    with torch.no_grad():
        w.sub_(w.grad, alpha=1e-3)
        b.sub_(b.grad, alpha=1e-3)

def objects():
    return sum(isinstance(o, (torch.Tensor, torch._C.Node)) for o in gc.get_objects())

def rss():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize()

gc.disable()
for _ in range(300):
    step()
before, memory, stats = objects(), rss(), torch.memory_stats()["allocated_bytes"]
for _ in range(3000):
    step()
print(objects() - before, rss() - memory, torch.memory_stats()["allocated_bytes"] - stats, gc.collect())
"""


def test_training_does_not_grow(python):
    """No object, no byte, and nothing that only a collection would free."""
    objects, resident, allocated, collected = map(int, python(TRAINING, timeout=300).split())
    assert objects == 0 and allocated == 0
    if "asan" not in os.environ.get("LD_PRELOAD", ""):  # which keeps freed memory
        assert resident < 1 * MB
    assert collected < 50
