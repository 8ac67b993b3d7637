"""Losses against formulas in NumPy, in float64, for every reduction; gradients by central differences."""

import itertools
import math

import numpy as np
import pytest

import wengert as torch
from nn_reference import random, sigmoid, tensor
from wengert import nn
from wengert.autograd import gradcheck
from wengert.nn import functional as F

REDUCTIONS = ("none", "mean", "sum")


def check(function, losses, *arrays, mean=None, differentiable=1, **options):
    """function for each reduction against losses, elementwise or by row; mean is theirs unless given."""
    for reduction in REDUCTIONS:
        expected = {"none": losses, "sum": losses.sum(), "mean": losses.mean() if mean is None else mean}[reduction]
        tensors = [torch.tensor(a) if isinstance(a, np.ndarray) else a for a in arrays]
        result = function(*tensors, reduction=reduction, **options)
        assert result.shape == np.shape(expected)
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12, atol=1e-12)
        leaves = [t.clone().requires_grad_() for t in tensors[:differentiable]]
        rest = tensors[differentiable:]
        assert gradcheck(lambda *x: function(*x, *rest, reduction=reduction, **options), tuple(leaves))  # noqa: B023


def log_softmax(x, axis=1):
    x = x - x.max(axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis, keepdims=True))


X, Y = random(4, 5), random(4, 5, seed=1)
D = X - Y
P, Q = random(4, 5, low=0.1, high=0.9), random(4, 5, seed=1, low=0.1, high=0.9)
SIGNS = np.sign(random(4, 5, seed=2))

# ---- numbers


def test_squares_and_distances():
    check(F.mse_loss, D**2, X, Y, differentiable=2)
    check(F.l1_loss, np.abs(D), X, Y, differentiable=2)
    a = np.abs(D)
    check(F.smooth_l1_loss, np.where(a < 0.7, a**2 / 1.4, a - 0.35), X, Y, beta=0.7, differentiable=2)
    check(F.smooth_l1_loss, a, X, Y, beta=0)
    check(F.huber_loss, np.where(a <= 0.7, a**2 / 2, 0.7 * (a - 0.35)), X, Y, delta=0.7, differentiable=2)


def test_weights_of_elements():
    w = random(4, 5, low=0.5, high=2.0)
    check(F.mse_loss, w * D**2, X, Y, mean=(w * D**2).sum() / w.sum(), weight=tensor(w))
    check(F.l1_loss, w * np.abs(D), X, Y, mean=(w * np.abs(D)).sum() / w.sum(), weight=tensor(w))
    check(F.huber_loss, w * np.where(np.abs(D) < 1, D**2 / 2, np.abs(D) - 0.5), X, Y, weight=tensor(w))


@pytest.mark.parametrize("shapes", [((3, 1), (1, 4)), ((4,), (3, 4)), ((2, 3), (3,)), ((1,), (5,))])
def test_gradients_of_shapes_that_broadcast(shapes):
    """A mean divides by the number of losses, of which there may be more than elements of either."""
    x, y = (tensor(random(*shape, seed=3), True) for shape in shapes)
    for function in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss):
        for reduction in REDUCTIONS:
            with pytest.warns(UserWarning, match="different to the input size"):
                assert gradcheck(lambda a, b: function(a, b, reduction=reduction), (x, y))  # noqa: B023


def test_shapes_that_differ_warn():
    for function in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss):
        with pytest.warns(UserWarning, match=r"Using a target size \(torch.Size\(\[5\]\)\) that is different"):
            assert function(tensor(X), tensor(Y[0]), reduction="none").shape == (4, 5)


def test_losses_of_nothing():
    empty = torch.zeros(0, 3, requires_grad=True)
    for function in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss, F.binary_cross_entropy_with_logits):
        assert math.isnan(function(empty, torch.zeros(0, 3))) and function(empty, torch.zeros(0, 3), reduction="sum") == 0
        assert function(empty, torch.zeros(0, 3), reduction="none").shape == (0, 3)


# ---- probabilities


def test_binary_cross_entropy():
    losses = -Q * np.log(P) - (1 - Q) * np.log(1 - P)
    check(F.binary_cross_entropy, losses, P, Q, differentiable=2)
    w = random(5, low=0.5, high=2.0)
    check(F.binary_cross_entropy, losses * w, P, Q, weight=tensor(w))
    edge = torch.tensor([0.0, 1.0], requires_grad=True)
    result = F.binary_cross_entropy(edge, torch.tensor([1.0, 0.0]), reduction="none")
    assert result.tolist() == [100.0, 100.0]
    result.sum().backward()
    assert edge.grad.isfinite().all()


def test_binary_cross_entropy_with_logits():
    s = sigmoid(X)
    losses = -Q * np.log(s) - (1 - Q) * np.log(1 - s)
    check(F.binary_cross_entropy_with_logits, losses, X, Q, differentiable=2)
    w, p = random(5, low=0.5, high=2.0), random(5, seed=1, low=0.5, high=2.0)
    losses = w * (-p * Q * np.log(s) - (1 - Q) * np.log(1 - s))
    check(F.binary_cross_entropy_with_logits, losses, X, Q, weight=tensor(w), pos_weight=tensor(p), differentiable=2)
    far = torch.tensor([1e4, -1e4], dtype=torch.float64)
    assert F.binary_cross_entropy_with_logits(far, torch.tensor([0.0, 1.0]).double(), reduction="none").tolist() == [1e4, 1e4]
    assert F.binary_cross_entropy_with_logits(far, torch.tensor([1.0, 0.0]).double(), reduction="none").tolist() == [0.0, 0.0]


def test_kl_div():
    losses = Q * (np.log(Q) - X)
    with pytest.warns(UserWarning, match="'batchmean' divides only by the batch size"):
        check(F.kl_div, losses, X, Q)
    result = F.kl_div(tensor(X), tensor(np.log(Q)), reduction="batchmean", log_target=True)
    np.testing.assert_allclose(result.item(), losses.sum() / 4, rtol=1e-12)
    assert F.kl_div(torch.tensor([0.5]), torch.tensor([0.0]), reduction="sum") == 0


# ---- classes


def test_cross_entropy_of_classes():
    target = np.array([1, 4, 0, 2])
    losses = -log_softmax(X)[np.arange(4), target]
    check(F.cross_entropy, losses, X, target)
    check(F.nll_loss, -X[np.arange(4), target], X, target)
    w = random(5, low=0.5, high=2.0)
    ignoring = np.where(target == 4, 0, losses * w[target])
    counted = w[target][target != 4].sum()
    check(F.cross_entropy, ignoring, X, target, mean=ignoring.sum() / counted, weight=tensor(w), ignore_index=4)
    single = F.cross_entropy(tensor(X[0]), torch.tensor(1))
    np.testing.assert_allclose(single.item(), losses[0], rtol=1e-12)


def test_cross_entropy_of_images():
    x, target = random(2, 3, 4, 5), np.random.default_rng(0).integers(0, 3, (2, 4, 5))
    losses = -np.take_along_axis(log_softmax(x), target[:, None], 1)[:, 0]
    check(F.cross_entropy, losses, x, target)
    check(F.nll_loss, losses, log_softmax(x), target)


def test_label_smoothing_and_soft_targets():
    target = np.array([1, 4, 0, 2])
    spread = np.eye(5)[target] * 0.9 + 0.1 / 5
    check(F.cross_entropy, -(spread * log_softmax(X)).sum(1), X, target, label_smoothing=0.1)
    soft = Q / Q.sum(1, keepdims=True)
    check(F.cross_entropy, -(soft * log_softmax(X)).sum(1), X, soft, differentiable=2)
    w = random(5, low=0.5, high=2.0)
    smoothed = (soft * 0.9 + 0.1 / 5) * w
    check(F.cross_entropy, -(smoothed * log_softmax(X)).sum(1), X, soft, weight=tensor(w), label_smoothing=0.1)


def test_cross_entropy_keeps_its_digits():
    x = torch.tensor([[1000.0, 0.0]], requires_grad=True)
    loss = F.cross_entropy(x, torch.tensor([1]))
    loss.backward()
    assert loss == 1000 and x.grad.tolist() == [[1.0, -1.0]]


def test_margins_of_classes():
    target = np.array([1, 4, 0, 2])
    own = X[np.arange(4), target][:, None]
    w = random(5, low=0.5, high=2.0)
    others = 1 - np.eye(5)[target]
    check(F.multi_margin_loss, (np.maximum(1 - own + X, 0) * others).sum(1) / 5, X, target)
    squared = (np.maximum(0.4 - own + X, 0) ** 2 * others).sum(1) / 5 * w[target]
    check(F.multi_margin_loss, squared, X, target, p=2, margin=0.4, weight=tensor(w))
    check(F.soft_margin_loss, np.log1p(np.exp(-SIGNS * X)), X, SIGNS)
    many = (SIGNS > 0).astype(float)
    losses = -(many * np.log(sigmoid(X)) + (1 - many) * np.log(1 - sigmoid(X)))
    check(F.multilabel_soft_margin_loss, losses.mean(1), X, many)
    check(F.multilabel_soft_margin_loss, (losses * w).mean(1), X, many, weight=tensor(w))


def test_multilabel_margin():
    listed = np.array([[1, 3, -1, 0, 2], [0, 1, 2, 3, 4], [-1, 2, 1, 0, 3], [2, -1, -1, -1, -1]])
    losses = []
    for row, classes in zip(X, listed, strict=True):
        wanted = classes[: list(classes).index(-1)] if -1 in classes else classes
        rest = [i for i in range(5) if i not in wanted]
        losses.append(sum(max(0, 1 - row[j] + row[i]) for j in wanted for i in rest) / 5)
    check(F.multilabel_margin_loss, np.array(losses), X, listed)
    np.testing.assert_allclose(F.multilabel_margin_loss(tensor(X[0]), tensor(listed[0])).item(), losses[0], rtol=1e-12)


# ---- pairs and triples


def test_pairs():
    y = np.sign(random(4, seed=3))
    cosine = (X * Y).sum(1) / np.linalg.norm(X, axis=1) / np.linalg.norm(Y, axis=1)
    losses = np.where(y == 1, 1 - cosine, np.maximum(0, cosine - 0.2))
    for reduction in REDUCTIONS:
        result = F.cosine_embedding_loss(tensor(X), tensor(Y), tensor(y), margin=0.2, reduction=reduction)
        expected = {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]
        np.testing.assert_allclose(result.numpy(), expected, atol=1e-10)
    one = F.cosine_embedding_loss(tensor(X[0]), tensor(Y[0]), torch.tensor(1.0))
    np.testing.assert_allclose(one.item(), 1 - cosine[0], atol=1e-10)
    check(F.hinge_embedding_loss, np.where(SIGNS == 1, X, np.maximum(0, 0.8 - X)), X, SIGNS, margin=0.8)
    check(F.margin_ranking_loss, np.maximum(0, -SIGNS * D + 0.3), X, Y, SIGNS, margin=0.3, differentiable=2)


def test_triples():
    z = random(4, 5, seed=2)

    def distance(a, b, p):
        return np.linalg.norm(a - b + 1e-6, p, axis=1)

    losses = np.maximum(0, distance(X, Y, 2) - distance(X, z, 2) + 1.5)
    check(F.triplet_margin_loss, losses, X, Y, z, margin=1.5, differentiable=3)
    far = np.minimum(distance(X, z, 1), distance(Y, z, 1))
    check(F.triplet_margin_loss, np.maximum(0, distance(X, Y, 1) - far + 1), X, Y, z, p=1, swap=True)
    own = np.maximum(0, np.abs(X - Y).max(1) - np.abs(X - z).max(1) + 1)
    check(F.triplet_margin_with_distance_loss, own, X, Y, z, distance_function=lambda a, b: (a - b).abs().amax(1))


# ---- distributions


def test_poisson():
    counts = np.random.default_rng(0).integers(0, 5, (4, 5)).astype(float)
    check(F.poisson_nll_loss, np.exp(X) - counts * X, X, counts)
    check(F.poisson_nll_loss, P - counts * np.log(P + 1e-8), P, counts, log_input=False)
    safe = np.maximum(counts, 1)
    stirling = np.where(counts > 1, safe * np.log(safe) - safe + 0.5 * np.log(2 * math.pi * safe), 0)
    check(F.poisson_nll_loss, np.exp(X) - counts * X + stirling, X, counts, full=True)


def test_gaussian():
    losses = (np.log(P) + D**2 / P) / 2
    check(F.gaussian_nll_loss, losses, X, Y, P, differentiable=3)
    check(F.gaussian_nll_loss, losses + math.log(2 * math.pi) / 2, X, Y, P, full=True)
    check(F.gaussian_nll_loss, (np.log(P[:, :1]) + D**2 / P[:, :1]) / 2, X, Y, P[:, 0])
    result = F.gaussian_nll_loss(tensor(X), tensor(Y), 0.5, reduction="none")
    np.testing.assert_allclose(result.numpy(), (math.log(0.5) + D**2 / 0.5) / 2)
    tiny = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    F.gaussian_nll_loss(torch.ones(1), torch.ones(1), tiny, eps=1e-3).backward()
    assert tiny.grad.item() == pytest.approx(0.5 / 1e-3)


# ---- arguments


def test_old_flags_mean_reductions():
    x, y = tensor(X), tensor(Y)
    for flags, reduction in (
        ({"size_average": True}, "mean"),
        ({"size_average": False}, "sum"),
        ({"reduce": False}, "none"),
        ({"reduce": True}, "mean"),
    ):
        with pytest.warns(UserWarning, match=f"please use reduction='{reduction}' instead"):
            assert torch.equal(F.mse_loss(x, y, **flags), F.mse_loss(x, y, reduction=reduction))
        with pytest.warns(UserWarning, match=f"please use reduction='{reduction}' instead"):
            assert nn.MSELoss(**flags).reduction == reduction
    with pytest.raises(ValueError, match="all is not a valid value for reduction"):
        F.mse_loss(x, y, reduction="all")
    with pytest.warns(FutureWarning, match="NLLLoss2d has been deprecated"):
        nn.NLLLoss2d()


def test_weights_are_buffers():
    weight = torch.tensor([1.0, 2.0])
    for module in (nn.CrossEntropyLoss(weight), nn.BCELoss(weight), nn.NLLLoss(weight), nn.MultiMarginLoss(weight=weight)):
        assert list(module.state_dict()) == ["weight"] and module.double().weight.dtype == torch.float64
    assert list(nn.BCEWithLogitsLoss(weight, pos_weight=weight).state_dict()) == ["weight", "pos_weight"]
    assert nn.CrossEntropyLoss().weight is None


def test_one_node_a_loss():
    x, y = tensor(X, True), tensor(Y)
    names = {
        F.mse_loss(x, y): "MseLossBackward0",
        F.smooth_l1_loss(x, y): "SmoothL1LossBackward0",
        F.huber_loss(x, y): "HuberLossBackward0",
        F.binary_cross_entropy_with_logits(x, tensor(Q)): "BinaryCrossEntropyWithLogitsBackward0",
        F.soft_margin_loss(x, y): "SoftMarginLossBackward0",
    }
    for loss, name in names.items():
        assert loss.grad_fn.name() == name and loss.grad_fn.next_functions[0][0].variable is x


# ---- sequences


def readings(probabilities, target, blank):
    """The probability of all paths that read as the target, one by one."""
    steps, classes = probabilities.shape
    total = 0.0
    for path in itertools.product(range(classes), repeat=steps):
        once = [c for i, c in enumerate(path) if c != blank and (i == 0 or c != path[i - 1])]
        if once == list(target):
            total += math.prod(probabilities[t, c] for t, c in enumerate(path))
    return total


@pytest.mark.parametrize("blank", [0, 2])
def test_ctc(blank):
    scores = random(5, 3, 3)
    logs = log_softmax(scores, 2)
    one, other = (label for label in range(3) if label != blank)
    targets, lengths, steps = [[one, one], [other, one], [one, other]], (2, 1, 0), (5, 3, 4)
    losses = np.array(
        [
            -math.log(readings(np.exp(logs[:n, i]), t[:k], blank))
            for i, (t, k, n) in enumerate(zip(targets, lengths, steps, strict=True))
        ]
    )
    joined = torch.tensor([label for t, k in zip(targets, lengths, strict=True) for label in t[:k]])
    for given in (torch.tensor(targets), joined):
        for reduction, expected in (
            ("none", losses),
            ("sum", losses.sum()),
            ("mean", (losses / [2, 1, 1]).mean()),
        ):
            call = lambda x: F.ctc_loss(x.log_softmax(2), given, steps, lengths, blank, reduction)  # noqa: B023, E731
            result = call(tensor(scores))
            np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12)
            assert gradcheck(call, (tensor(scores, True),))
    alone = F.ctc_loss(tensor(logs[:, 0]), torch.tensor(targets[0]), torch.tensor(5), torch.tensor(2), blank)
    assert math.isclose(alone.item(), losses[0] / 2, rel_tol=1e-12)
    assert isinstance(nn.CTCLoss(blank)(tensor(logs), joined, steps, lengths), torch.Tensor)


def test_ctc_of_targets_that_are_too_long():
    """Two equal labels need a blank between them: three steps."""
    logs = tensor(log_softmax(random(2, 2, 3), 2), True)
    targets = torch.tensor([[1, 1], [1, 2]])
    losses = F.ctc_loss(logs, targets, (2, 2), (2, 2), reduction="none")
    assert losses[0].item() == math.inf and math.isfinite(losses[1].item())
    F.ctc_loss(logs, targets, (2, 2), (2, 2), reduction="sum", zero_infinity=True).backward()
    assert not logs.grad[:, 0].any() and logs.grad[:, 1].isfinite().all() and logs.grad[:, 1].any()
    never = torch.full((3, 1, 3), -math.inf)
    never[:, :, 0] = 0
    assert F.ctc_loss(never, torch.tensor([[1]]), (3,), (1,)).item() == math.inf


def test_ctc_refuses():
    logs, targets = torch.zeros(4, 2, 3), torch.ones(2, 3, dtype=torch.int64)
    for arguments, words in (
        ((logs[0, 0], targets, (4, 4), (3, 3)), "expected log_probs of shape"),
        ((logs.long(), targets, (4, 4), (3, 3)), "a floating dtype, got"),
        ((logs, targets, (4,), (3, 3)), "input_lengths must be of size batch_size: 2, but got 1"),
        ((logs, targets, (4, 5), (3, 3)), "at most 4, but got value 5"),
        ((logs, targets, (4, 4), (3, -1)), "at least 0, but got value -1"),
        ((logs, targets, (4, 4), (3, 4)), r"targets of shape \(2, 3\) do not go with target_lengths \[3, 4\]"),
        ((logs, targets + 2, (4, 4), (3, 3)), "expected targets from 0 to 2"),
        ((logs, targets.float(), (4, 4), (3, 3)), "targets must be integers"),
        ((logs, targets, (4, 4), (3, 3), 3), "blank must be in label range"),
    ):
        with pytest.raises(RuntimeError, match=words):
            F.ctc_loss(*arguments)
