"""nn.init: distributions by their moments and bounds, structured fills by definition, and what layers start with."""

import math

import pytest

import wengert as torch
from wengert import nn
from wengert.nn import init


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def moments(tensor):
    return tensor.mean().item(), tensor.std().item()


def test_every_function_fills_in_place_outside_of_the_graph():
    weight = nn.Parameter(torch.zeros(6, 4, 3))
    for fill in (
        init.uniform_, init.normal_, init.trunc_normal_, init.ones_, init.zeros_, init.dirac_, init.xavier_uniform_,
        init.xavier_normal_, init.kaiming_uniform_, init.kaiming_normal_, init.orthogonal_, lambda w: init.constant_(w, 3.0),
    ):  # fmt: skip
        before = weight.data_ptr()
        assert fill(weight) is weight and weight.is_leaf and weight.requires_grad and weight.data_ptr() == before
    matrix = nn.Parameter(torch.zeros(6, 4))
    assert init.eye_(matrix) is matrix and init.sparse_(matrix, 0.5) is matrix


def test_uniform_and_normal():
    x = torch.empty(200, 500)
    init.uniform_(x, -1.0, 3.0)
    assert x.min() >= -1 and x.max() < 3 and moments(x) == pytest.approx((1, 4 / math.sqrt(12)), abs=0.02)
    assert moments(init.normal_(x, 2.0, 0.5)) == pytest.approx((2, 0.5), abs=0.01)


def density_moments(mean, std, a, b, count=100000):
    step = (b - a) / count
    points = [a + (i + 0.5) * step for i in range(count)]
    weights = [math.exp(-0.5 * ((p - mean) / std) ** 2) for p in points]
    total = sum(weights)
    centre = sum(p * w for p, w in zip(points, weights, strict=True)) / total
    return centre, math.sqrt(sum((p - centre) ** 2 * w for p, w in zip(points, weights, strict=True)) / total)


@pytest.mark.parametrize(("mean", "std", "a", "b"), [(0.0, 1.0, -2.0, 2.0), (0.5, 2.0, -1.0, 1.0), (0.0, 1.0, 1.5, 3.0)])
def test_trunc_normal(mean, std, a, b):
    x = init.trunc_normal_(torch.empty(200, 500), mean, std, a, b)
    assert x.min() >= a and x.max() <= b
    assert moments(x) == pytest.approx(density_moments(mean, std, a, b), abs=0.01)


def test_trunc_normal_far_away_warns():
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        x = init.trunc_normal_(torch.empty(100), 0.0, 1.0, 4.0, 5.0)
    assert x.min() >= 4 and x.max() <= 5


def test_gains():
    gains = {"linear": 1, "conv2d": 1, "sigmoid": 1, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
    for name, gain in gains.items():
        assert init.calculate_gain(name) == gain
    assert init.calculate_gain("leaky_relu") == math.sqrt(2 / (1 + 0.01**2)) and init.calculate_gain(
        "leaky_relu", 2
    ) == math.sqrt(0.4)


def test_fans():
    x = torch.empty(30, 20, 5, 5)  # fan in 500, out 750
    for fill, std in (
        (init.xavier_normal_, math.sqrt(2 / 1250)),
        (init.xavier_uniform_, math.sqrt(2 / 1250)),
        (init.kaiming_normal_, math.sqrt(2 / 500)),
        (init.kaiming_uniform_, math.sqrt(2 / 500)),
    ):
        assert moments(fill(x)) == pytest.approx((0, std), abs=0.02 * std + 0.001)
    assert init.xavier_uniform_(x).abs().max() <= math.sqrt(6 / 1250)
    assert moments(init.kaiming_normal_(x, mode="fan_out", nonlinearity="linear"))[1] == pytest.approx(
        math.sqrt(1 / 750), rel=0.03
    )
    assert moments(init.xavier_normal_(x, gain=3.0))[1] == pytest.approx(3 * math.sqrt(2 / 1250), rel=0.03)
    with pytest.warns(UserWarning, match="zero-element tensors is a no-op"):
        init.kaiming_uniform_(torch.empty(0, 3))


def test_structured():
    assert torch.equal(init.eye_(torch.ones(3, 5)), torch.eye(3, 5))
    x = torch.arange(30.0).view(1, 5, 6)
    same = nn.functional.pad(x, (1, 1)).unfold(2, 3, 1)
    for groups in (1, 2):
        weight = init.dirac_(torch.ones(6, 3, 3), groups)
        expected = torch.zeros(6, 3, 3)
        for row in range(6):
            if row % (6 // groups) < 3:
                expected[row, row % (6 // groups), 1] = 1
        assert torch.equal(weight, expected)
    assert torch.equal((same * init.dirac_(torch.ones(5, 5, 3))[2].unsqueeze(1)).sum([1, 3]), x[:, 2])
    for shape in ((4, 7), (7, 4), (4, 3, 2)):
        weight = init.orthogonal_(torch.empty(shape, dtype=torch.float64), gain=2.0).flatten(1)
        gram = weight @ weight.t() if weight.shape[0] <= weight.shape[1] else weight.t() @ weight
        assert torch.allclose(gram, 4 * torch.eye(len(gram), dtype=torch.float64))
    assert init.orthogonal_(torch.empty(0, 3)).shape == (0, 3)
    sparse = init.sparse_(torch.ones(10, 50), 0.33, std=0.5)
    assert ((sparse == 0).sum(0) == 4).all() and abs(sparse[sparse != 0].std().item() - 0.5) < 0.05


def test_generators():
    for fill in (init.uniform_, init.normal_, init.trunc_normal_, init.xavier_uniform_, init.kaiming_normal_, init.orthogonal_):
        a, b = (fill(torch.empty(4, 5), generator=torch.Generator().manual_seed(3)) for _ in range(2))
        assert torch.equal(a, b)


def test_old_names():
    with pytest.warns(FutureWarning, match="`nn.init.uniform` is now deprecated in favor of `nn.init.uniform_`"):
        init.uniform(torch.empty(2))


def test_layers_start_within_their_bounds():
    cases = [
        (nn.Linear(16, 30), 1 / 4),
        (nn.Bilinear(16, 4, 30), 1 / 4),
        (nn.Conv2d(4, 60, 2), 1 / 4),
        (nn.Conv1d(8, 60, 4, groups=2), 1 / 4),
        (nn.ConvTranspose2d(8, 16, 1), 1 / 4),
        (nn.LSTM(3, 16, 2), 1 / 4),
        (nn.GRUCell(3, 16), 1 / 4),
    ]
    for module, bound in cases:
        for name, parameter in module.named_parameters():
            assert parameter.abs().max() <= bound and parameter.abs().max() > 0.8 * bound, (module, name)
    assert moments(nn.Embedding(200, 100).weight) == pytest.approx((0, 1), abs=0.03)
    for module in (nn.BatchNorm2d(4), nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.InstanceNorm1d(4, affine=True)):
        assert module.weight.tolist() == [1.0] * 4 and module.bias.tolist() == [0.0] * 4
    assert nn.PReLU(2, 0.3).weight.tolist() == pytest.approx([0.3, 0.3])


def test_the_same_seed_gives_the_same_network():
    def build():
        torch.manual_seed(5)
        return nn.Sequential(nn.Linear(3, 4), nn.Conv1d(2, 3, 3), nn.LSTM(2, 3)).state_dict()

    a, b = build(), build()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_the_first_numbers_of_a_layer():
    torch.manual_seed(0)  # the numbers that PyTorch 2 prints
    assert nn.Linear(2, 1).weight.tolist()[0] == pytest.approx([-0.0052939812, 0.3793228865], abs=1e-8)
