"""softmax, log_softmax, logsumexp: every layout, dim and length, against NumPy in higher precision."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import wengert as torch
from reference import DTYPES, FLOATS, LENGTHS, bits, dtype_of, layouts, samples

NAN, INF = float("nan"), float("inf")
floats = pytest.mark.parametrize("dtype", FLOATS)


def logsumexp(array, axis, keepdims=False):
    exact = array.astype(np.longdouble)
    most = exact.max(axis, keepdims=True)
    result = np.log(np.exp(exact - most).sum(axis, keepdims=True)) + most
    return result if keepdims else result.squeeze(axis)


def check(tensor, array, dim, about=""):
    eps = np.finfo(array.dtype).eps
    expected = array.astype(np.longdouble) - logsumexp(array, dim, True)
    spread = np.abs(array).max(initial=1)  # rounding x - max changes its exponential by as many units
    softmax, logs = tensor.softmax(dim), tensor.log_softmax(dim)
    np.testing.assert_allclose(softmax.numpy(), np.exp(expected), rtol=(4 + 2 * spread) * eps, err_msg=str(about))
    np.testing.assert_allclose(logs.numpy(), expected, rtol=4 * eps, atol=4 * spread * eps, err_msg=str(about))
    np.testing.assert_allclose(tensor.logsumexp(dim).numpy(), logsumexp(array, dim), rtol=4 * eps, atol=4 * spread * eps)
    assert softmax.dtype == logs.dtype == tensor.dtype and softmax.is_contiguous() and logs.is_contiguous()


@floats
def test_of_every_length(dtype):
    for length in (*LENGTHS[1:], 5000):
        row = (3 * samples(length, dtype, length)).astype(dtype)
        check(torch.tensor(row), row, 0, length)
        table = samples((length, 3), dtype, length)
        check(torch.tensor(table), table, 0, length)
        wide = samples((3, length), dtype, length)
        check(torch.tensor(wide), wide, 0, length)


@floats
@pytest.mark.parametrize("shape", [(5, 7), (2, 3, 4), (130, 70), (1, 9)])
def test_of_every_dim_and_layout(shape, dtype):
    for name, tensor, array in layouts(samples(shape, dtype)):
        for dim in range(-len(shape), len(shape)):
            check(tensor, array, dim, (name, dim))
        for dims, keep in itertools.product([(0, 1), tuple(range(len(shape)))], (False, True)):
            result = torch.logsumexp(tensor, dims, keep).numpy()
            np.testing.assert_allclose(result, logsumexp(array, dims, keep), rtol=8 * np.finfo(dtype).eps)


@floats
def test_special_values(dtype):
    def of(*values):
        return torch.tensor(values, dtype=dtype_of(dtype))

    for wide in (1, 3, 70):  # along and across memory
        table = of(1e4, -1e4, 1e4).view(3, 1).expand(3, wide)
        np.testing.assert_array_equal(table.softmax(0).numpy(), np.repeat([[0.5], [0], [0.5]], wide, 1))
        assert np.isnan(of(1, NAN, 2).view(3, 1).expand(3, wide).softmax(0).numpy()).all()
        assert np.isnan(of(1, NAN, 2).view(3, 1).expand(3, wide).logsumexp(0).numpy()).all()
        assert np.isnan(of(-INF, -INF).view(2, 1).expand(2, wide).softmax(0).numpy()).all()
        assert (of(-INF, -INF).view(2, 1).expand(2, wide).logsumexp(0).numpy() == -INF).all()
        assert (of(-INF, INF).view(2, 1).expand(2, wide).logsumexp(0).numpy() == INF).all()
        masked = of(0, -INF, 0).view(3, 1).expand(3, wide)
        np.testing.assert_array_equal(masked.softmax(0).numpy(), np.repeat([[0.5], [0], [0.5]], wide, 1))
    far = torch.full((10_000,), -2000.0, dtype=dtype_of(dtype))  # a block of -inf before blocks far from zero
    far[:5000] = -INF
    np.testing.assert_allclose(far.logsumexp(0).item(), -2000 + np.log(5000), rtol=1e-6)
    assert torch.tensor(3.0).softmax(0).item() == 1 and torch.tensor(3.0).log_softmax(-1).item() == 0
    assert torch.zeros(0, 3).softmax(0).shape == (0, 3) and torch.zeros(0, 3).logsumexp(0).tolist() == [-INF] * 3


def test_dtypes_and_errors():
    x = torch.tensor([[1, 2], [3, 4]])
    assert x.softmax(0, dtype=torch.float64).dtype == torch.float64 and x.logsumexp(0).dtype == torch.float32
    assert torch.softmax(x.float(), 1, torch.float64).dtype == torch.float64
    for name in ("softmax", "log_softmax"):
        for dtype in DTYPES:
            if dtype not in FLOATS:
                with pytest.raises(NotImplementedError, match=f'"{name}_kernel_impl" not implemented for'):
                    getattr(torch, name)(x.to(dtype_of(dtype)), 0)
        with pytest.raises(IndexError, match="Dimension out of range"):
            getattr(torch, name)(x.float(), 2)
        out = torch.zeros(2, 2)
        assert getattr(torch, name)(x.float(), 1, out=out) is out
        assert bits(out) == bits(getattr(torch, name)(x.float(), 1))
        with pytest.raises(RuntimeError, match="Expected out tensor to have dtype float, but got double instead"):
            getattr(torch, name)(x.float(), 1, out=out.double())
    with pytest.raises(RuntimeError, match="dim 0 appears multiple times"):
        x.float().logsumexp((0, 0))


@given(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5), st.data())
def test_of_any_shape(shape, data):
    name, tensor, array = data.draw(st.sampled_from(list(layouts(samples(shape, "float32")))))
    check(tensor, array, data.draw(st.integers(-len(shape), len(shape) - 1)), name)


def test_same_bits_for_any_thread_count_and_layout():
    tensors = [torch.randn(100_001), torch.randn(300, 500), torch.randn(40, 50, 70)]
    results = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        results.append([])
        for x, name in itertools.product(tensors, ("softmax", "log_softmax", "logsumexp")):
            for dim in range(x.dim()):
                results[-1].append(bits(getattr(x, name)(dim)))
                if name != "logsumexp":
                    order = tuple(range(x.dim()))[::-1]
                    permuted = x.permute(order).contiguous().permute(order)
                    assert bits(getattr(permuted, name)(dim)) == results[-1][-1]
    assert results[0] == results[1] == results[2]
