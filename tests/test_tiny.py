"""Read this first: what wengert is, in thirty lines."""

import wengert as torch


def test_tensors():
    a = torch.tensor([[1, 2], [3, 4]])
    assert a.shape == (2, 2) and a.dtype == torch.int64 and a[1, 0] == 3
    assert a.t().tolist() == [[1, 3], [2, 4]]
    a.t()[0, 1] = 30  # a view: the same memory
    assert a.tolist() == [[1, 2], [30, 4]]


def test_products():
    a, b = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[5.0, 6.0], [7.0, 8.0]])
    assert (a * b).tolist() == [[5, 12], [21, 32]]  # Hadamard
    assert (a @ b).tolist() == torch.mm(a, b).tolist() == [[19, 22], [43, 50]]  # matrix
    assert a.mv(b[0]).tolist() == [17, 39]  # matrix and vector
    assert torch.dot(a[0], b[0]).item() == 17  # scalar


def test_arithmetic():
    x = torch.arange(4)
    assert (x / 2).tolist() == [0.0, 0.5, 1.0, 1.5]
    assert (x + torch.tensor([[10], [20]])).tolist() == [[10, 11, 12, 13], [20, 21, 22, 23]]
    assert x.add_(1) is x and x.sum() == 10 and x.max() == 4
