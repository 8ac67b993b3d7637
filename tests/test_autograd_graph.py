"""The recorded graph: what is recorded, nodes and what they keep, hooks on what is saved."""

import math
import weakref

import numpy as np
import pytest

import wengert as torch
from wengert.autograd import graph


def leaf(*shape, dtype=torch.float32):
    return torch.ones(*shape, dtype=dtype, requires_grad=True)


def name_of(tensor):
    return tensor.grad_fn.name()


# Who requires a gradient -------------------------------------------------------------------------------------------------


def test_nothing_is_recorded_without_being_asked():
    x = torch.ones(3)
    assert x.requires_grad is False and x.is_leaf and x.grad is None and x.grad_fn is None
    assert (x * 2).grad_fn is None and (x * 2).is_leaf


def test_a_result_requires_what_any_argument_requires():
    x, y = leaf(3), torch.ones(3)
    for result in (x * y, y * x, x + 1, 1 + x, torch.where(y > 0, y, x), torch.cat([y, x]), torch.stack((y, x)), y @ x, x[0]):
        assert result.requires_grad and not result.is_leaf and result.grad_fn is not None
    assert x.is_leaf and x.grad_fn is None


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x > 0,
        lambda x: x == x,
        lambda x: x.argmax(),
        lambda x: x.isnan(),
        lambda x: x.long(),
        lambda x: x.bool(),
        lambda x: x.sort().indices,
        lambda x: x.topk(2)[1],
        lambda x: x.max(0).indices,
        lambda x: x.argsort(),
        lambda x: x.nonzero(),
        lambda x: x.count_nonzero(),
        lambda x: torch.zeros_like(x),
        lambda x: torch.empty_like(x),
        lambda x: torch.randn_like(x),
        lambda x: x.new_zeros(3),
        lambda x: x.new_tensor([1.0]),
    ],
)
def test_results_that_have_no_gradient(f):
    result = f(leaf(3))
    assert not result.requires_grad and result.is_leaf and result.grad_fn is None


def test_requires_grad_is_switched_on_leaves():
    x = torch.ones(2)
    assert x.requires_grad_() is x and x.requires_grad
    assert x.requires_grad_(False) is x and not x.requires_grad
    x.requires_grad = True
    assert x.requires_grad and (x * 1).requires_grad
    x.requires_grad_(requires_grad=False)
    assert not (x * 1).requires_grad
    with pytest.raises(RuntimeError, match="requires_grad must be a bool"):
        x.requires_grad = 1
    with pytest.raises(TypeError):
        x.requires_grad_("yes")


def test_a_switch_between_operations_counts_from_then_on():
    x = torch.ones(2)
    before = x * 2
    x.requires_grad_()
    assert not before.requires_grad and (before * x).requires_grad


def test_results_of_operations_stay_as_they_are():
    y = leaf(2) * 2
    assert y.requires_grad_() is y and y.requires_grad
    for switch_off in (lambda: y.requires_grad_(False), lambda: setattr(y, "requires_grad", False)):
        with pytest.raises(RuntimeError, match=r"you can only change requires_grad flags of leaf variables\..*var\.detach\(\)"):
            switch_off()
    with pytest.raises(RuntimeError, match=r"you can only change requires_grad flags of leaf variables\.$"):
        y.requires_grad = True


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool])
def test_only_floats_require_gradients(dtype):
    x = torch.ones(3, dtype=dtype)
    with pytest.raises(RuntimeError, match="only Tensors of floating point dtype can require gradients"):
        x.requires_grad_()
    with pytest.raises(RuntimeError, match="only Tensors of floating point and complex dtype can require gradients"):
        x.requires_grad = True
    with pytest.raises(RuntimeError, match="nly Tensors of floating point"):
        torch.zeros(3, dtype=dtype, requires_grad=True)
    assert x.requires_grad_(False) is x


def test_integers_given_to_tensor_do_not_require():
    with pytest.raises(RuntimeError, match="nly Tensors of floating point"):
        torch.tensor([1, 2], requires_grad=True)


# Nodes -------------------------------------------------------------------------------------------------------------------

NAMES = {
    "MulBackward0": lambda x: x * 2,
    "AddBackward0": lambda x: 1 + x,
    "SubBackward0": lambda x: x - x,
    "RsubBackward1": lambda x: 2 - x,
    "DivBackward0": lambda x: x / 3,
    "NegBackward0": lambda x: -x,
    "PowBackward0": lambda x: x**2,
    "PowBackward1": lambda x: x**x,
    "SinBackward0": lambda x: x.sin(),
    "LogBackward0": lambda x: torch.log(x),
    "ExpBackward0": lambda x: x.exp(),
    "SumBackward0": lambda x: x.sum(),
    "SumBackward1": lambda x: x.sum(0),
    "MeanBackward0": lambda x: x.mean(),
    "MeanBackward1": lambda x: x.mean(1),
    "MmBackward0": lambda x: x @ x,
    "MvBackward0": lambda x: x @ x[0],
    "DotBackward0": lambda x: x[0] @ x[0],
    "BmmBackward0": lambda x: torch.bmm(x[None], x[None]),
    "AddmmBackward0": lambda x: torch.addmm(x, x, x),
    "TBackward0": lambda x: x.t(),
    "ViewBackward0": lambda x: x.view(4),
    "ExpandBackward0": lambda x: x.expand(3, 2, 2),
    "SelectBackward0": lambda x: x[0],
    "SliceBackward0": lambda x: x[1:],
    "IndexBackward0": lambda x: x[[0, 1]],
    "UnbindBackward0": lambda x: x.unbind()[0],
    "SplitBackward0": lambda x: x.split(1)[0],
    "CatBackward0": lambda x: torch.cat([x, x]),
    "StackBackward0": lambda x: torch.stack([x, x]),
    "SoftmaxBackward0": lambda x: x.softmax(0),
    "CloneBackward0": lambda x: x.clone(),
    "ToCopyBackward0": lambda x: x.double(),
    "ReluBackward0": lambda x: x.relu(),
    "ClampBackward1": lambda x: x.clamp(0, 1),
    "MaxBackward0": lambda x: x.max(0).values,
    "MaxBackward1": lambda x: x.max(),
    "WhereBackward0": lambda x: torch.where(x > 0, x, x),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_nodes(name):
    node = NAMES[name](leaf(2, 2)).grad_fn
    assert node.name() == type(node).__name__ == name
    assert repr(node).startswith(f"<{name} object at 0x") and isinstance(node, graph.Node)


def test_a_tensor_keeps_its_node():
    y = leaf(2) * 2
    assert y.grad_fn is y.grad_fn and y.output_nr == 0
    with pytest.raises(AttributeError):
        y.grad_fn = None


def test_the_lectures_graph():
    """sin(log(x^2 + 1)): four nodes in a chain, the leaf at its end."""
    x = torch.tensor([1.0], requires_grad=True)
    node, names = torch.sin(torch.log(x**2 + 1)).grad_fn, []
    while node is not None:
        names.append(node.name())
        node, number = node.next_functions[0] if node.next_functions else (None, 0)
        assert number == 0
    assert names == ["SinBackward0", "LogBackward0", "AddBackward0", "PowBackward0", "torch::autograd::AccumulateGrad"]


def test_next_functions_end_in_the_leaves():
    x, y = leaf(2), leaf(2)
    node = (x * y + torch.ones(2)).grad_fn
    (product, _), other = node.next_functions
    assert other == (None, 0) and product.name() == "MulBackward0"
    ends = [end for end, _ in product.next_functions]
    assert [end.variable is tensor for end, tensor in zip(ends, (x, y), strict=True)] == [True, True]
    assert all(end.next_functions == () and type(end).__name__ == "AccumulateGrad" for end in ends)
    assert (x * 3).grad_fn.next_functions[0][0] is ends[0]  # one accumulator a leaf
    assert not hasattr(product, "variable")


def test_next_functions_of_a_list():
    x, y = leaf(2), torch.ones(2)
    assert [node and node.name() for node, _ in torch.cat([x, y, x * 2]).grad_fn.next_functions] == [
        "torch::autograd::AccumulateGrad",
        None,
        "MulBackward0",
    ]


def test_several_outputs_share_a_node():
    x = leaf(3, 2)
    rows = x.unbind()
    assert [row.output_nr for row in rows] == [0, 1, 2] and len({id(row.grad_fn) for row in rows}) == 1
    assert (rows[2] * 2).grad_fn.next_functions[0] == (rows[2].grad_fn, 2)
    values, indices = x.sort(dim=0)
    assert values.grad_fn.name() == "SortBackward0" and not indices.requires_grad
    (rows[0].sum() + rows[2].sum() * 5).backward()
    assert x.grad.tolist() == [[1, 1], [0, 0], [5, 5]]


def test_iteration_unbinds():
    x = leaf(3, 2)
    first, *rest = x
    assert [name_of(row) for row in (first, *rest)] == ["UnbindBackward0"] * 3
    (first * rest[1]).sum().backward()
    assert x.grad.tolist() == [[1, 1], [0, 0], [1, 1]]


def test_shapes_and_numbers_of_nodes():
    x = leaf(2, 3)
    first, second = x * 2, x.sort()
    assert first.grad_fn.outputs == ((torch.Size([2, 3]), torch.float32),)
    assert second.values.grad_fn.outputs[1][1] is torch.int64
    assert second.values.grad_fn.sequence > first.grad_fn.sequence == first.grad_fn._sequence_nr()
    assert first.grad_fn.next_functions[0][0].outputs == ((torch.Size([2, 3]), torch.float32),)
    assert first.grad_fn.row.name == first.grad_fn.op == "mul" and first.grad_fn.where is None


def test_metadata_and_attributes():
    node = (leaf(2) * 2).grad_fn
    assert node.metadata == {}
    node.metadata["epoch"] = 3
    assert node.metadata["epoch"] == 3
    node.note = "mine"
    assert node.note == "mine"


def test_calling_a_node():
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    node = (x * x.detach()).grad_fn
    assert node(torch.ones(2))[0].tolist() == [2, 3] and node(torch.ones(2))[1] is None
    assert x.sin().grad_fn(torch.zeros(2)).tolist() == [0, 0]


# What nodes keep ---------------------------------------------------------------------------------------------------------


def test_saved_values():
    x, y = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0], requires_grad=True)
    product = (x * y).grad_fn
    assert product._saved_self is x and product._saved_other is y
    assert product.saved == {"input": x, "other": y} and list(product.saved) in (["input", "other"], ["other", "input"])
    power = (x**3).grad_fn
    assert power._saved_self is x and power._saved_exponent == 3
    assert x.sin().grad_fn._saved_self is x
    assert x.sum(0, keepdim=True).grad_fn._saved_keepdim is True
    exponential = x.exp()
    assert exponential.grad_fn._saved_result.tolist() == exponential.tolist()
    assert exponential.grad_fn._saved_result.grad_fn is exponential.grad_fn


def test_only_what_is_needed_is_saved():
    x, y = leaf(2), torch.ones(2)
    assert (x * y).grad_fn._saved_self is None and (x * y).grad_fn._saved_other is y
    assert "input" not in (x * y).grad_fn.saved
    assert (x + y).grad_fn.saved == {}
    big = torch.ones(1000)
    alive = weakref.ref(big)
    total = leaf(1000) + big
    del big
    assert alive() is None and total.requires_grad


def test_unknown_attributes():
    node = leaf(2).sin().grad_fn
    for name in ("_saved_result", "_saved_", "_saved_nothing", "nothing"):
        assert not hasattr(node, name)
    assert not hasattr(node.next_functions[0][0], "_saved_self")


def test_saved_values_after_backward():
    y = leaf(2).exp()
    node = y.grad_fn
    y.sum().backward()
    assert node.freed
    with pytest.raises(RuntimeError, match=r"directly access saved tensors after they have already been freed\)"):
        _ = node._saved_result


def test_a_saved_value_that_was_written_to():
    x = leaf(2)
    y = x * 1
    node = y.sin().grad_fn
    y.add_(1)
    with pytest.raises(RuntimeError, match="has been modified by an inplace operation"):
        _ = node._saved_self


def test_what_is_saved_is_freed_with_the_result():
    kept = torch.ones(10)
    alive = weakref.ref(kept)
    y = leaf(10) * kept
    del kept
    assert alive() is not None
    del y
    assert alive() is None


def test_weak_references_to_nodes():
    y = leaf(2) * 2
    node, end = weakref.ref(y.grad_fn), weakref.ref(y.grad_fn.next_functions[0][0])
    assert node() is y.grad_fn
    del y
    assert node() is None and end() is None


def test_a_leaf_outlives_its_name_in_the_graph():
    x = leaf(2)
    alive = weakref.ref(x)
    y = x * 2
    del x
    y.sum().backward()
    assert alive().grad.tolist() == [2, 2]
    del y
    assert alive() is None


# wengert.autograd.graph ----------------------------------------------------------------------------------------------------


def test_saved_tensors_hooks():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    packed, unpacked = [], []

    def pack(tensor):
        packed.append(tensor)
        return tensor.numpy().tolist()

    def unpack(values):
        unpacked.append(values)
        return torch.tensor(values)

    with graph.saved_tensors_hooks(pack, unpack):
        y = (x * x).exp()
    z = y * y  # outside: kept as it is
    assert len(packed) == 3 and not any(tensor.requires_grad for tensor in packed) and unpacked == []
    z.sum().backward()
    assert len(unpacked) == 3
    assert np.allclose(x.grad.numpy(), [4 * v * math.exp(2 * v * v) for v in (1, 2)])


def test_hooks_on_saved_tensors_keep_second_derivatives():
    x = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
    with graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        y = x.exp() * x
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert np.allclose(second.numpy(), [math.exp(v) * (v + 2) for v in (0.5, 2.0)])


def test_hooks_on_saved_tensors_nest_and_end():
    x = leaf(2)
    seen = []
    with graph.saved_tensors_hooks(lambda t: (seen.append("outer"), t)[1], lambda t: t):
        with graph.saved_tensors_hooks(lambda t: (seen.append("inner"), t)[1], lambda t: t):
            x.sin()
        x.sin()
    x.sin()
    assert seen == ["inner", "outer"]
    with pytest.raises(ZeroDivisionError), graph.saved_tensors_hooks(lambda t: 1 / 0, lambda t: t):
        x.sin()
    assert x.sin().requires_grad


def test_unpacking_something_else():
    with graph.saved_tensors_hooks(lambda t: t, lambda t: 3):
        y = leaf(2).sin()
    with pytest.raises(TypeError, match="unpack_hook"):
        y.sum().backward()


def test_save_on_cpu_and_disabled_hooks():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with graph.save_on_cpu():
        y = x * x
    y.sum().backward()
    assert x.grad.tolist() == [2, 4]
    with graph.disable_saved_tensors_hooks("not here"):
        with pytest.raises(RuntimeError, match="not here"), graph.saved_tensors_hooks(lambda t: t, lambda t: t):
            pass
        assert (x * x).requires_grad
    with graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        pass


def test_gradient_edges():
    x = leaf(2)
    y = x * 2
    edge = graph.get_gradient_edge(y)
    assert edge.node is y.grad_fn and edge.output_nr == 0
    end = graph.get_gradient_edge(x)
    assert end.node is y.grad_fn.next_functions[0][0] and end.node.variable is x
    assert graph.get_gradient_edge(y.unbind()[1]).output_nr == 1
    with pytest.raises(RuntimeError, match="does not require gradients"):
        graph.get_gradient_edge(torch.ones(2))


def test_multithreading_is_accepted():
    x = leaf(2)
    with torch.autograd.set_multithreading_enabled(False):
        (x * 2).sum().backward()
    assert x.grad.tolist() == [2, 2]
