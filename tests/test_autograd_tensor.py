"""Tensors with a history as a user meets them: creation, printing, detaching, copies, other libraries, dtypes."""

import copy
import math
import pickle

import numpy as np
import pytest

import wengert as torch


def leaf(*shape, dtype=torch.float32):
    return torch.ones(*shape, dtype=dtype, requires_grad=True)


# Creation ----------------------------------------------------------------------------------------------------------------

CREATIONS = {
    "tensor": lambda **o: torch.tensor([1.0, 2.0], **o),
    "zeros": lambda **o: torch.zeros(2, **o),
    "ones": lambda **o: torch.ones((2,), **o),
    "empty": lambda **o: torch.empty(2, **o),
    "full": lambda **o: torch.full((2,), 3.0, **o),
    "arange": lambda **o: torch.arange(2.0, **o),
    "linspace": lambda **o: torch.linspace(0, 1, 2, **o),
    "logspace": lambda **o: torch.logspace(0, 1, 2, **o),
    "eye": lambda **o: torch.eye(2, **o),
    "rand": lambda **o: torch.rand(2, **o),
    "randn": lambda **o: torch.randn(2, **o),
    "zeros_like": lambda **o: torch.zeros_like(torch.ones(2), **o),
    "ones_like": lambda **o: torch.ones_like(torch.ones(2), **o),
    "empty_like": lambda **o: torch.empty_like(torch.ones(2), **o),
    "full_like": lambda **o: torch.full_like(torch.ones(2), 3.0, **o),
    "rand_like": lambda **o: torch.rand_like(torch.ones(2), **o),
    "randn_like": lambda **o: torch.randn_like(torch.ones(2), **o),
    "new_zeros": lambda **o: torch.ones(2).new_zeros(2, **o),
    "new_ones": lambda **o: torch.ones(2).new_ones(2, **o),
    "new_full": lambda **o: torch.ones(2).new_full((2,), 3.0, **o),
    "new_empty": lambda **o: torch.ones(2).new_empty(2, **o),
    "new_tensor": lambda **o: torch.ones(2).new_tensor([1.0], **o),
}


@pytest.mark.parametrize("name", CREATIONS)
def test_creation_with_requires_grad(name):
    x = CREATIONS[name](requires_grad=True)
    assert x.requires_grad and x.is_leaf and x.grad_fn is None
    assert not CREATIONS[name](requires_grad=False).requires_grad and not CREATIONS[name]().requires_grad
    with torch.no_grad():
        assert CREATIONS[name](requires_grad=True).requires_grad


# Printing ----------------------------------------------------------------------------------------------------------------


def test_printing():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == "tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 4.], grad_fn=<MulBackward0>)"
    assert repr(x.sum()) == "tensor(3., grad_fn=<SumBackward0>)"
    assert repr(x.double()) == "tensor([1., 2.], dtype=torch.float64, grad_fn=<ToCopyBackward0>)"
    assert repr(x.detach()) == "tensor([1., 2.])" == repr(x.data)
    assert repr(torch.ones(0, requires_grad=True)) == "tensor([], requires_grad=True)"
    assert f"{x.sum():.2f}" == "3.00"
    with torch.no_grad():
        assert repr(x) == "tensor([1., 2.], requires_grad=True)"


def test_python_numbers_of_results():
    x = torch.tensor([2.0], requires_grad=True)
    assert (x * 3).item() == 6.0 == float(x * 3) and (x * 3).tolist() == [6.0] and int(x) == 2 and bool(x)
    assert f"{x * 3}" == "tensor([6.], grad_fn=<MulBackward0>)" and len(x) == 1
    assert math.sin((x * 0).sum()) == 0


# Detaching ---------------------------------------------------------------------------------------------------------------


def test_detach_shares_memory_and_version():
    x = leaf(2)
    y = x * 2
    d = y.detach()
    assert not d.requires_grad and d.is_leaf and d.data_ptr() == y.data_ptr()
    version = y._version
    d.add_(1)
    assert y.tolist() == [3, 3] and y._version == version + 1 == d._version


def test_writes_through_detach_are_noticed():
    y = leaf(2) * 2
    z = y * y
    y.detach().add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_detach_in_place():
    x = leaf(2)
    y = x * 2
    assert y.detach_() is y and y.is_leaf and not y.requires_grad and y.grad_fn is None
    y.requires_grad_()
    (y * 3).sum().backward()
    assert x.grad is None and y.grad.tolist() == [3, 3]
    with pytest.raises(RuntimeError, match=r"Can't detach views in-place\. Use detach\(\) instead"):
        (x * 2)[0].detach_()


def test_data_is_apart_from_versions():
    x = leaf(2)
    y = x.exp()
    version, data = x._version, x.data
    assert data.data_ptr() == x.data_ptr() and not data.requires_grad and not data._is_view()
    data.add_(1)
    assert x._version == version and x.tolist() == [2, 2]
    y.sum().backward()
    assert np.allclose(x.grad.numpy(), math.e)


def test_data_is_replaced():
    x = leaf(2)
    y = x * x.detach().clone()
    x.data = torch.full((2,), 7.0)
    assert x.requires_grad and x.is_leaf and x.tolist() == [7, 7]
    y.sum().backward()
    assert x.grad.tolist() == [1, 1]
    with pytest.raises(TypeError, match="Variable data has to be a tensor, but got "):
        x.data = 3
    with pytest.raises(
        RuntimeError, match="data set to a tensor that requires gradients must be floating point or complex dtype"
    ):
        x.data = torch.ones(2, dtype=torch.int64)


# Copies and other libraries ----------------------------------------------------------------------------------------------


def test_pickling_keeps_leaves():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    again = pickle.loads(pickle.dumps(x))
    assert again.requires_grad and again.is_leaf and again.tolist() == [1, 2]
    assert not pickle.loads(pickle.dumps(x.detach())).requires_grad
    a, b = pickle.loads(pickle.dumps([x, x]))
    assert a is b
    result = pickle.loads(pickle.dumps(x * 2))
    assert result.requires_grad and result.is_leaf


def test_copies():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (x * 3).sum().backward()
    deep = copy.deepcopy(x)
    assert deep.requires_grad and deep.is_leaf and deep.data_ptr() != x.data_ptr()
    assert deep.grad.tolist() == [3, 3] and deep.grad.data_ptr() != x.grad.data_ptr()
    once = copy.deepcopy({"a": x, "b": x})
    assert once["a"] is once["b"]
    with pytest.raises(
        RuntimeError, match=r"Only Tensors created explicitly by the user \(graph leaves\) support the deepcopy"
    ):
        copy.deepcopy(x * 2)
    shallow = copy.copy(x)
    assert shallow.data_ptr() == x.data_ptr() and shallow.requires_grad


def test_numpy_asks_for_detach():
    x = leaf(2)
    message = r"Can't call numpy\(\) on Tensor that requires grad\. Use tensor\.detach\(\)\.numpy\(\) instead\."
    asks = (lambda: x.numpy(), lambda: np.asarray(x), lambda: np.array([x, x]), lambda: (x * 2).numpy(), lambda: np.ptp(x))
    for ask in (*asks, lambda: memoryview(x)):
        with pytest.raises(RuntimeError, match=message):
            ask()
    assert x.detach().numpy().tolist() == [1, 1] == x.numpy(force=True).tolist()
    with torch.no_grad():
        assert [np.shape(ask()) for ask in asks] == [(2,), (2,), (2, 2), (2,), ()]


def test_functions_of_numpy_that_have_a_counterpart_are_recorded():
    x = torch.tensor([0.5, 1.0], requires_grad=True)
    y = np.exp(x) * np.array([2.0, 3.0])
    y.sum().backward()
    assert np.allclose(x.grad.numpy(), np.exp([0.5, 1.0]) * [2, 3])


def test_dlpack_asks_for_detach():
    x = leaf(2)
    for ask in (x.__dlpack__, lambda: torch.from_dlpack(x)):
        with pytest.raises(BufferError, match=r"Can't export tensors that require gradient, use tensor\.detach\(\)"):
            ask()
    assert torch.from_dlpack(x.detach()).tolist() == [1, 1]


def test_tensors_of_data_that_require_a_gradient():
    x = leaf(2)
    y = x * 3
    assert torch.asarray(x) is x and torch.as_tensor(y) is y and torch.asarray(y, requires_grad=True) is y
    assert torch.asarray([1.0], requires_grad=True).requires_grad
    assert torch.frombuffer(bytearray(8), dtype=torch.float32, requires_grad=True).is_leaf
    with pytest.raises(RuntimeError, match="nly Tensors of floating point"):
        torch.frombuffer(bytearray(8), dtype=torch.int32, requires_grad=True)
    assert not torch.tensor([x[0], x[1]]).requires_grad
    again = torch.Tensor(y)
    assert again.grad_fn.name() == "AliasBackward0" and again.data_ptr() == y.data_ptr()
    again.mul_(2)
    y.sum().backward()
    assert x.grad.tolist() == [6, 6]


@pytest.mark.parametrize("which", ["argument", "out"])
def test_out_is_not_differentiable(which):
    x = leaf(2)
    arguments = (x, torch.ones(2)) if which == "argument" else (torch.ones(2), torch.ones(2))
    out = torch.empty(2) if which == "argument" else x
    message = (
        r"add\(\): functions with out=\.\.\. arguments don't support automatic differentiation, but one of the arguments "
        r"requires grad\."
    )
    with pytest.raises(RuntimeError, match=message):
        torch.add(*arguments, out=out)
    with torch.no_grad():
        assert torch.add(*arguments, out=out) is out and out.tolist() == [2, 2]


# Dtypes and numbers ------------------------------------------------------------------------------------------------------


def test_gradients_have_the_dtype_of_their_tensor():
    x, y = leaf(2), leaf(2, dtype=torch.float64)
    z = x * y + torch.arange(2) * x
    assert z.dtype == torch.float64
    z.sum().backward()
    assert x.grad.dtype == torch.float32 and y.grad.dtype == torch.float64
    assert x.grad.tolist() == [1, 2] and y.grad.tolist() == [1, 1]


def test_numbers_first():
    x = torch.tensor([2.0, 4.0], requires_grad=True)
    (2 - x + 8 / x + 2**x + 3 * x).sum().backward()
    expected = [-1 - 8 / v**2 + 2**v * math.log(2) + 3 for v in (2.0, 4.0)]
    assert np.allclose(x.grad.numpy(), expected)
    assert np.allclose(torch.rsub(x, 1.0).detach().numpy(), [-1, -3])


def test_broadcast_gradients_have_the_shape_of_their_tensor():
    a, b, c = leaf(3, 1), leaf(4), leaf(())
    (a * b * c).sum().backward()
    assert a.grad.shape == (3, 1) and a.grad.flatten().tolist() == [4, 4, 4]
    assert b.grad.tolist() == [3, 3, 3, 3] and c.grad.item() == 12 and c.grad.shape == ()
