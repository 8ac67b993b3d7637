"""nn.utils: clipping, parameters as a vector, weight and spectral normalisation, sequences of different lengths."""

import copy

import numpy as np
import pytest

import wengert as torch
from wengert import nn
from wengert.nn import utils
from wengert.nn.utils import rnn


def with_gradients(*values):
    parameters = []
    for value in values:
        parameter = nn.Parameter(torch.zeros(len(value)))
        parameter.grad = torch.tensor(value)
        parameters.append(parameter)
    return parameters


# ---- gradients


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3, float("inf")])
def test_clip_grad_norm(norm_type):
    values = [[3.0, -4.0], [1.0], [2.0, 2.0, -9.0]]
    parameters = [*with_gradients(*values), nn.Parameter(torch.zeros(1))]
    expected = np.linalg.norm(np.concatenate(values), norm_type)
    total = utils.clip_grad_norm_(iter(parameters), 1.0, norm_type)
    assert total.item() == pytest.approx(expected)
    for parameter, value in zip(parameters, values, strict=False):
        assert parameter.grad.tolist() == pytest.approx((np.array(value) / expected).tolist(), rel=1e-5)
    assert utils.get_total_norm([p.grad for p in parameters[:3]], norm_type).item() == pytest.approx(1, rel=1e-5)


def test_clip_grad_norm_leaves_small_ones():
    (parameter,) = with_gradients([3.0, 4.0])
    grad = parameter.grad
    assert utils.clip_grad_norm_(parameter, 5.1).item() == 5.0
    assert parameter.grad is grad and grad.tolist() == [3.0, 4.0]
    assert utils.clip_grad_norm_([], 1.0) == 0 and utils.clip_grad_norm_([nn.Parameter(torch.zeros(1))], 1.0) == 0
    with pytest.warns(FutureWarning, match="clip_grad_norm` is now deprecated"):
        utils.clip_grad_norm(parameter, 1.0)
    assert parameter.grad.norm().item() == pytest.approx(1)
    utils.clip_grads_with_norm_(parameter, 1.0, torch.tensor(4.0))
    assert parameter.grad.norm().item() == pytest.approx(0.25)


def test_clip_grad_norm_of_nan():
    (parameter,) = with_gradients([float("nan")])
    assert utils.clip_grad_norm_(parameter, 1.0).isnan()
    with pytest.raises(RuntimeError, match="is non-finite, so it cannot be clipped"):
        utils.clip_grad_norm_(parameter, 1.0, error_if_nonfinite=True)


def test_clip_grad_value():
    parameters = [*with_gradients([3.0, -0.5], [-7.0]), nn.Parameter(torch.zeros(1))]
    assert utils.clip_grad_value_(parameters, 1) is None
    assert [p.grad.tolist() for p in parameters[:2]] == [[1.0, -0.5], [-1.0]]


# ---- one vector


def test_parameters_and_vector():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    vector = utils.parameters_to_vector(net.parameters())
    assert vector.shape == (13,) and vector.requires_grad
    vector.sum().backward()
    assert net[0].weight.grad.tolist() == [[1.0, 1.0]] * 3
    values = torch.arange(13.0)
    utils.vector_to_parameters(values, net.parameters())
    assert net[0].weight.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]] and net[1].bias.tolist() == [12.0]
    values[0] = 100.0
    assert net[0].weight[0, 0] == 100 and net[0].weight.requires_grad


# ---- weights


@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm(dim):
    layer = nn.Linear(3, 2)
    weight = layer.weight.detach().numpy().copy()
    x = torch.ones(4, 3)
    before = layer(x).detach()
    assert utils.weight_norm(layer, dim=dim) is layer
    assert [name for name, _ in layer.named_parameters()] == ["bias", "weight_g", "weight_v"]
    norms = np.linalg.norm(weight) if dim is None else np.linalg.norm(weight, axis=1 - dim, keepdims=True)
    np.testing.assert_allclose(layer.weight_g.detach().numpy(), norms, rtol=1e-6)
    np.testing.assert_allclose(layer(x).detach().numpy(), before.numpy(), rtol=1e-5, atol=1e-6)
    layer.weight_g.data.mul_(2)
    np.testing.assert_allclose(
        (layer(x) - layer.bias).detach().numpy(), 2 * (before - layer.bias).detach().numpy(), rtol=1e-5, atol=1e-6
    )
    layer(x).sum().backward()
    assert layer.weight_v.grad is not None and layer.weight_g.grad.shape == layer.weight_g.shape
    with pytest.raises(RuntimeError, match="Cannot register two weight_norm hooks on the same parameter weight"):
        utils.weight_norm(layer)
    utils.remove_weight_norm(layer)
    assert [name for name, _ in layer.named_parameters()] == ["bias", "weight"] and len(layer._forward_pre_hooks) == 0
    np.testing.assert_allclose(layer.weight.detach().numpy(), 2 * weight, rtol=1e-5)


def test_spectral_norm():
    torch.manual_seed(0)
    layer = utils.spectral_norm(nn.Linear(5, 4), n_power_iterations=20)
    original = layer.weight_orig.detach().numpy().copy()
    layer(torch.ones(1, 5)).sum().backward()
    assert np.linalg.svd(layer.weight.detach().numpy())[1][0] == pytest.approx(1, rel=1e-3)
    assert layer.weight_orig.grad is not None
    assert sorted(layer.state_dict()) == ["bias", "weight_orig", "weight_u", "weight_v"]
    u = layer.weight_u.clone()
    layer.eval()(torch.ones(1, 5))
    assert torch.equal(u, layer.weight_u)
    utils.remove_spectral_norm(layer)
    np.testing.assert_allclose(layer.weight.detach().numpy(), original / np.linalg.svd(original)[1][0], rtol=1e-3)
    transposed = utils.spectral_norm(nn.ConvTranspose2d(3, 4, 2))
    assert transposed.weight_u.shape == (4,) and transposed.weight_v.shape == (12,)


def test_skip_init():
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    layer = utils.skip_init(nn.Linear, 2, out_features=3)
    assert layer.weight.shape == (3, 2) and torch.equal(torch.rand(2), expected)
    with pytest.raises(RuntimeError, match="Expected a Module"):
        utils.skip_init(int)


# ---- sequences

LENGTHS = [2, 6, 4, 4]


def sequences():
    return [torch.arange(1.0, length * 2 + 1).view(length, 2) + 100 * length for length in LENGTHS]


@pytest.mark.parametrize("batch_first", [False, True])
def test_pad_and_unpad(batch_first):
    padded = rnn.pad_sequence(sequences(), batch_first, padding_value=-1.0)
    assert padded.shape == ((4, 6, 2) if batch_first else (6, 4, 2))
    rows = padded if batch_first else padded.transpose(0, 1)
    for row, sequence in zip(rows, sequences(), strict=True):
        assert torch.equal(row[: len(sequence)], sequence) and (row[len(sequence) :] == -1).all()
    back = rnn.unpad_sequence(padded, torch.tensor(LENGTHS), batch_first)
    assert all(torch.equal(a, b) for a, b in zip(back, sequences(), strict=True))
    left = rnn.pad_sequence(sequences(), True, padding_side="left")
    assert torch.equal(left[0, 4:], sequences()[0]) and (left[0, :4] == 0).all()


@pytest.mark.parametrize("batch_first", [False, True])
def test_pack_and_pad_packed(batch_first):
    padded = rnn.pad_sequence(sequences(), batch_first)
    packed = rnn.pack_padded_sequence(padded, LENGTHS, batch_first, enforce_sorted=False)
    assert packed.batch_sizes.tolist() == [4, 4, 3, 3, 1, 1] and packed.data.shape == (16, 2)
    assert packed.sorted_indices.tolist() == [1, 2, 3, 0] and packed.unsorted_indices.tolist() == [3, 0, 1, 2]
    ordered = [sequences()[i] for i in (1, 2, 3, 0)]
    expected = [s[t] for t in range(6) for s in ordered if t < len(s)]
    assert torch.equal(packed.data, torch.stack(expected))
    again, lengths = rnn.pad_packed_sequence(packed, batch_first, padding_value=-1.0, total_length=7)
    assert lengths.tolist() == LENGTHS and again.shape == ((4, 7, 2) if batch_first else (7, 4, 2))
    rows = again if batch_first else again.transpose(0, 1)
    for row, sequence in zip(rows, sequences(), strict=True):
        assert torch.equal(row[: len(sequence)], sequence) and (row[len(sequence) :] == -1).all()
    assert all(torch.equal(a, b) for a, b in zip(rnn.unpack_sequence(packed), sequences(), strict=True))


def test_packed_sequences_pass_gradients():
    xs = [s.clone().requires_grad_() for s in sequences()]
    packed = rnn.pack_sequence(xs, enforce_sorted=False)
    padded, _ = rnn.pad_packed_sequence(packed)
    (padded**2).sum().backward()
    assert all(torch.equal(x.grad, 2 * x.detach()) for x in xs)


def test_packed_sequence_converts_and_copies():
    packed = rnn.pack_sequence([torch.ones(2, 1), torch.zeros(1, 1)])
    assert packed.double().data.dtype == torch.float64 and packed.float() is packed and packed.cpu() is packed
    assert packed.long().data.dtype == torch.int64 and packed.int().data.dtype == torch.int32
    assert not packed.is_cuda and not packed.is_pinned()
    assert torch.equal(copy.deepcopy(packed).data, packed.data)
    assert rnn.PackedSequence(packed.data, packed.batch_sizes, torch.tensor([1, 0])).unsorted_indices.tolist() == [1, 0]
    assert rnn.invert_permutation(None) is None


def test_what_is_not_covered_says_so():
    with pytest.raises(AttributeError, match="weight_norm and spectral_norm are here under their own names"):
        _ = utils.parametrizations
    with pytest.raises(AttributeError, match="does not cover 'fuse_conv_bn_eval'"):
        _ = utils.fuse_conv_bn_eval
