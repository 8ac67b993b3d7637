"""Random integers, permutations and distributions: for a seed, the numbers of PyTorch 2.13's CPU generator."""

import zlib

import numpy as np
import pytest

import wengert as torch
from reference import DTYPES, FLOATS, INTS, dtype_of, name_of

NAN = float("nan")

# What each call gives after manual_seed(11), from PyTorch.
DRAWN = {
    "torch.randint(10, (6,))": [1, 9, 0, 7, 3, 7],
    "torch.randint(-5, 5, (6,), dtype=torch.int32)": [-4, 4, -5, 2, -2, 2],
    "torch.randint(2**28 - 1, (4,))": [237381531, 24940224, 83645520, 170597477],
    "torch.randint(2**28, (4,))": [24940223, 170597467, 28413879, 220258636],
    "torch.randint(-(2**62), 2**62, (3,))": [-1286297105190842689, -4252431242715521957, 3933187637257539511],
    "torch.randint(0, 256, (5,), dtype=torch.uint8)": [153, 191, 80, 91, 81],
    "torch.randint(0, 2, (6,), dtype=torch.bool)": [True, True, False, True, True, True],
    "torch.randint(100, (5,), dtype=torch.float32)": [41.0, 79.0, 20.0, 27.0, 33.0],
    "torch.randint_like(torch.zeros(2, 3).t(), 3, 9)": [[6.0, 8.0], [6.0, 8.0], [3.0, 6.0]],
    "torch.randperm(10)": [1, 7, 2, 0, 9, 3, 5, 6, 4, 8],
    "torch.randperm(5, dtype=torch.float64)": [1.0, 4.0, 2.0, 0.0, 3.0],
    "torch.randperm(1)": [0],
    "torch.empty(5, dtype=torch.bool).random_()": [True, True, False, True, True],
    "torch.empty(5, dtype=torch.uint8).random_()": [153, 191, 80, 91, 81],
    "torch.empty(5, dtype=torch.int8).random_()": [25, 63, 80, 91, 81],
    "torch.empty(4, dtype=torch.int16).random_()": [10137, 3775, 21584, 7259],
    "torch.empty(3, dtype=torch.int32).random_()": [774252441, 293375679, 83645520],
    "torch.empty(2, dtype=torch.int64).random_()": [3325388913236545215, 359254775711865947],
    "torch.empty(3).random_()": [2500459.0, 8162990.0, 16536652.0],
    "torch.empty(3, dtype=torch.float64).random_()": [1732388237118798.0, 7974004776967220.0, 6048762190466051.0],
    "torch.empty(5).random_(7)": [4.0, 2.0, 0.0, 4.0, 3.0],
    "torch.empty(5).random_(-3, 3)": [0.0, 0.0, -3.0, 2.0, 2.0],
    "torch.empty(3, dtype=torch.int64).random_(-(2**63), None)": [3325388913236545215, 359254775711865947, 8544873655684927415],
    "torch.empty(3, dtype=torch.int32).random_(5, None)": [1593449165, 1543923589, 1401451795],
    "torch.empty(3).random_(2**24 + 1, 2**25 - 1)": [19277814.0, 24940258.0, 33313880.0],
    "torch.empty(2, 3).t().random_(10)": [[1.0, 7.0], [9.0, 3.0], [0.0, 7.0]],
    "torch.empty(4).uniform_(-1, 3)": [-0.403833151, 0.94621253, 2.94264603, -0.32639432],
    "torch.empty(3).normal_(2, 3)": [4.21288824, 7.83778763, -0.0986248255],
    "torch.empty(3).exponential_(1.5)": [0.142404228, 1.4435792, 0.742242038],
    "torch.empty(3, dtype=torch.float64).exponential_()": [0.21360633900546627, 2.165368737320736, 1.113363064707832],
    "torch.empty(6).geometric_(0.2)": [8.0, 1.0, 2.0, 2.0, 3.0, 9.0],
    "torch.empty(6, dtype=torch.int64).geometric_(0.2)": [8, 1, 2, 2, 3, 9],
    "torch.empty(3).cauchy_(1, 2)": [-1.89699328, 6.30758476, 2.19595861],
    "torch.empty(3, dtype=torch.float64).log_normal_(0.5, 0.25)": [1.9825965271298582, 2.6817841164446823, 1.3841892616708713],
    "torch.empty(8).bernoulli_(0.3)": [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
    "torch.empty(8, dtype=torch.bool).bernoulli_()": [True, False, False, False, False, True, True, True],
    "torch.empty(8, dtype=torch.int64).bernoulli_(torch.linspace(0, 1, 8))": [0, 0, 0, 1, 0, 1, 1, 1],
    "torch.empty(8).bernoulli_(torch.linspace(0, 1, 8, dtype=torch.float64))": [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
    "torch.empty(3, 2).t().bernoulli_(torch.tensor([0.2, 0.5, 0.8]))": [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]],
    "torch.bernoulli(torch.full((8,), 0.5))": [1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
    "torch.bernoulli(torch.zeros(8), 0.5)": [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
    "torch.normal(torch.tensor([0.0, 10.0]), torch.tensor([1.0, 2.0]))": [0.737629473, 13.8918581],
    "torch.normal(torch.tensor([0.0, 10.0]), 0.5)": [0.368814737, 10.9729643],
    "torch.normal(1.0, torch.tensor([1.0, 2.0], dtype=torch.float64))": [1.7376294517619426, 4.891858304992538],
    "torch.normal(5.0, 2.0, (3,))": [6.47525883, 8.8918581, 3.60091686],
    "torch.multinomial(torch.arange(1.0, 9), 3)": [7, 6, 5],
    "torch.multinomial(torch.arange(1.0, 9), 1)": [7],
    "torch.multinomial(torch.tensor([0.1, 0.0, 0.9]), 6, True)": [2, 2, 2, 2, 2, 2],
    "torch.multinomial(torch.tensor([[1.0, 2, 3], [3, 2, 1]], dtype=torch.float64), 2)": [[0, 2], [2, 0]],
    "torch.multinomial(torch.ones(2, 50), 5, True)": [[9, 44, 33, 33, 28], [7, 8, 6, 41, 21]],
    "torch.poisson(torch.tensor([0.0, 0.5, 3.0, 9.9, 10.0, 50.0]))": [0.0, 0.0, 4.0, 9.0, 17.0, 62.0],
    "torch.rand_like(torch.zeros(3, dtype=torch.float64))": [0.19233373084394845, 0.8852923701860037, 0.6715475054338559],
    "torch.randn_like(torch.zeros(2, 2).t())": [[0.737629473, -0.699541628], [1.94592917, -1.30229735]],
}

# The checksums of results too long to be written down.
DRAWN_MANY = {
    "torch.randint(1000, (100003,))": 3674798702,
    "torch.randint(2**40, (100003,))": 3333375547,
    "torch.randperm(100003)": 772118366,
    "torch.empty(100003, dtype=torch.int16).random_()": 1709219438,
    "torch.empty(100003).bernoulli_(0.25)": 2814161492,
    "torch.bernoulli(torch.linspace(0, 1, 10007, dtype=torch.float64))": 2840663070,
    "torch.empty(100003, dtype=torch.int32).geometric_(0.1)": 2970468835,
    "torch.multinomial(torch.arange(1, 1025, dtype=torch.float64), 5000, True)": 2764046720,
    "torch.multinomial(torch.arange(1, 1025, dtype=torch.float64), 500)": 2840176847,
}

# The checksum of the generator's state after all of these calls in a row: that each takes as many words as PyTorch's.
STATE_AFTER = 3838447940


def call(expression):
    return eval(expression, {"torch": torch})


@pytest.mark.parametrize("expression", DRAWN)
def test_drawn(expression):
    torch.manual_seed(11)
    result = call(expression)
    tolerance = 1e-14 if result.dtype == torch.float64 else 2e-6
    if "normal" in expression or "randn" in expression or result.is_floating_point():
        np.testing.assert_allclose(result.numpy(), np.array(DRAWN[expression]), rtol=tolerance, atol=tolerance)
    else:
        assert result.tolist() == DRAWN[expression]


@pytest.mark.parametrize("expression", DRAWN_MANY)
@pytest.mark.parametrize("threads", [1, 3])
def test_drawn_many(expression, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(11)
    assert zlib.crc32(call(expression).numpy().tobytes()) == DRAWN_MANY[expression]


def test_words_taken():
    torch.manual_seed(11)
    for expression in (*DRAWN, *DRAWN_MANY):
        call(expression)
    assert zlib.crc32(torch.get_rng_state().numpy().tobytes()) == STATE_AFTER


@pytest.mark.parametrize("dtype", DTYPES)
def test_integers_of_every_dtype(dtype):
    wanted = dtype_of(dtype)
    for low, high in [(0, 1), (0, 2), (1, 2)] + ([(3, 100)] if dtype != "bool" else []):
        drawn = torch.randint(low, high, (500,), dtype=wanted)
        assert drawn.dtype == wanted and set(drawn.tolist()) <= set(range(low, high))
        assert len(set(drawn.tolist())) > (high - low) * 0.9
    whole = torch.empty(2000, dtype=wanted).random_().numpy()
    if dtype in INTS:
        top = np.iinfo(dtype).max
        assert whole.min() >= 0 and whole.max() > 0.98 * top
    if dtype == "bool":
        assert 800 < whole.sum() < 1200
    else:
        assert sorted(torch.randperm(100, dtype=wanted).tolist()) == list(range(100))


def test_permutations():
    for n in (0, 1, 2, 1000):
        assert sorted(torch.randperm(n).tolist()) == list(range(n))
    out = torch.empty(20, dtype=torch.int32)[::2]
    assert torch.randperm(10, out=out) is out and sorted(out.tolist()) == list(range(10))


@pytest.mark.parametrize("dtype", FLOATS)
def test_moments(dtype):
    n, wanted = 200_000, dtype_of(dtype)
    empty = torch.empty(n, dtype=wanted)
    torch.manual_seed(3)
    for draw, mean, variance in [
        (lambda t: t.exponential_(2.0), 0.5, 0.25),
        (lambda t: t.geometric_(0.25), 4.0, 12.0),
        (lambda t: t.log_normal_(0.0, 0.5), np.exp(0.125), (np.exp(0.25) - 1) * np.exp(0.25)),
        (lambda t: t.bernoulli_(0.3), 0.3, 0.21),
        (lambda t: t.random_(10), 4.5, 8.25),
        (lambda t: t.uniform_(1, 4), 2.5, 0.75),
        (lambda t: t.normal_(1, 2), 1.0, 4.0),
        (lambda t: torch.poisson(t.fill_(4.0)), 4.0, 4.0),
        (lambda t: torch.poisson(t.fill_(40.0)), 40.0, 40.0),
    ]:
        values = draw(empty).numpy().astype(np.float64)
        assert abs(values.mean() - mean) < 5 * np.sqrt(variance / n) and abs(values.var() / variance - 1) < 0.06
    median = np.median(empty.cauchy_(3, 2).numpy())
    assert abs(median - 3) < 0.1


def test_multinomial_frequencies():
    torch.manual_seed(0)
    weights = torch.tensor([1.0, 0.0, 3.0, 6.0])
    drawn = torch.multinomial(weights, 100_000, True)
    np.testing.assert_allclose(np.bincount(drawn.numpy(), minlength=4) / 100_000, [0.1, 0, 0.3, 0.6], atol=0.01)
    first = [torch.multinomial(weights, 3).tolist() for _ in range(300)]
    assert all(sorted(row) == [0, 2, 3] for row in first)
    rows = torch.multinomial(torch.eye(5), 1)
    assert rows.tolist() == [[0], [1], [2], [3], [4]]


@pytest.mark.parametrize("fill", ["random_", "bernoulli_", "exponential_", "cauchy_", "log_normal_", "uniform_", "normal_"])
def test_elements_are_drawn_in_memory_order(fill):
    torch.manual_seed(5)
    plain = getattr(torch.zeros(4, 3), fill)()
    torch.manual_seed(5)
    turned = torch.zeros(4, 3).t()
    assert getattr(turned, fill)() is turned
    assert turned.t().tolist() == plain.tolist()
    torch.manual_seed(5)
    apart = torch.zeros(8, 6)
    getattr(apart[::2, ::2], fill)()
    assert apart[::2, ::2].tolist() == plain.tolist() and apart[1::2].tolist() == [[0.0] * 6] * 4


def test_generator_and_default():
    g = torch.Generator().manual_seed(4)
    torch.manual_seed(4)
    for call_with in [
        lambda **kw: torch.randint(10, (5,), **kw),
        lambda **kw: torch.randperm(6, **kw),
        lambda **kw: torch.zeros(5).exponential_(**kw),
        lambda **kw: torch.bernoulli(torch.full((5,), 0.5), **kw),
        lambda **kw: torch.multinomial(torch.ones(5), 2, **kw),
        lambda **kw: torch.normal(0.0, torch.ones(3), **kw),
        lambda **kw: torch.poisson(torch.ones(4), **kw),
        lambda **kw: torch.rand_like(torch.ones(4), **kw),
    ]:
        assert call_with(generator=g).tolist() == call_with().tolist()


def test_results():
    assert name_of(torch.randint(5, (2,)).dtype) == name_of(torch.randperm(3).dtype) == "int64"
    assert torch.randint_like(torch.zeros(2, 3), 5).dtype == torch.float32
    out = torch.empty(2, 3, dtype=torch.int64)
    assert torch.randint(5, (2, 3), out=out) is out
    out = torch.empty(3)
    assert torch.bernoulli(torch.ones(3), out=out) is out and out.tolist() == [1, 1, 1]
    assert torch.normal(torch.zeros(2), 1.0, out=out[:2]).shape == (2,)
    assert torch.normal(torch.zeros(2, 1), torch.zeros(3)).tolist() == [[0.0] * 3] * 2
    assert torch.normal(0.0, 1.0, (2, 3), dtype=torch.float64).dtype == torch.float64
    x = torch.zeros(3)
    x.random_(5)
    assert x._version == 1


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda x: torch.randint(5, 3, (2,)),
            RuntimeError,
            "random_ expects 'from' to be less than 'to', but got from=5 >= to=3",
        ),
        (lambda x: torch.randint(0, 300, (2,), dtype=torch.uint8), RuntimeError, "to - 1 is out of bounds for unsigned char"),
        (lambda x: torch.randint(-3, 3, (2,), dtype=torch.uint8), RuntimeError, "from is out of bounds for unsigned char"),
        (lambda x: torch.randint(0, 3, (2,), dtype=torch.bool), RuntimeError, "to - 1 is out of bounds for bool"),
        (lambda x: torch.randint(3, (-1,)), RuntimeError, "Trying to create tensor with negative dimension -1: [-1]"),
        (lambda x: torch.randperm(-1), RuntimeError, "Trying to create tensor with negative dimension -1: [-1]"),
        (lambda x: torch.randperm(300, dtype=torch.uint8), RuntimeError, "value cannot be converted to type uint8_t without"),
        (lambda x: torch.randperm(3, dtype=torch.bool), NotImplementedError, "\"randperm\" not implemented for 'Bool'"),
        (lambda x: x.random_(3, 3), RuntimeError, "random_ expects 'from' to be less than 'to', but got from=3 >= to=3"),
        (lambda x: x.bernoulli_(1.5), RuntimeError, "bernoulli_ expects p to be in [0, 1], but got p=1.5"),
        (lambda x: x.bernoulli_(torch.full((3,), 2.0)), RuntimeError, "Expected p_in >= 0 && p_in <= 1 to be true"),
        (lambda x: x.bernoulli_(torch.ones(3).long()), NotImplementedError, '"bernoulli_tensor_cpu_p_" not implemented for'),
        (
            lambda x: x.bernoulli_(torch.ones(2)),
            RuntimeError,
            "The expanded size of the tensor (3) must match the existing size",
        ),
        (lambda x: x.exponential_(0), RuntimeError, "exponential_ expects lambda > 0.0, but found lambda=0"),
        (lambda x: x.long().exponential_(), RuntimeError, "Exponential distribution is a continuous probability distribution."),
        (lambda x: x.geometric_(1.0), RuntimeError, "geometric_ expects p to be in (0, 1), but got p=1"),
        (lambda x: x.cauchy_(0, 0), RuntimeError, "cauchy_ expects sigma > 0.0, but found sigma=0"),
        (lambda x: x.log_normal_(0, 0), RuntimeError, "log_normal_ expects std > 0.0, but found std=0"),
        (lambda x: x.long().normal_(), NotImplementedError, "\"normal_kernel_cpu\" not implemented for 'Long'"),
        (lambda x: x.long().uniform_(), NotImplementedError, "\"check_uniform_bounds\" not implemented for 'Long'"),
        (lambda x: torch.multinomial(x, 4), RuntimeError, "cannot sample n_sample > prob_dist.size(-1) samples without repl"),
        (lambda x: torch.multinomial(x, 0), RuntimeError, "cannot sample n_sample <= 0 samples"),
        (lambda x: torch.multinomial(x.long(), 1), RuntimeError, "multinomial only supports floating-point dtypes for input"),
        (lambda x: torch.multinomial(x.view(1, 1, 3), 1), RuntimeError, "prob_dist must be 1 or 2 dim"),
        (lambda x: torch.multinomial(-x, 1), RuntimeError, "probability tensor contains either `inf`, `nan` or element < 0"),
        (lambda x: torch.multinomial(x * NAN, 1), RuntimeError, "probability tensor contains either `inf`, `nan` or element"),
        (lambda x: torch.multinomial(x * 0, 2, True), RuntimeError, "invalid multinomial distribution (sum of probabilities"),
        (lambda x: torch.normal(x, -x), RuntimeError, "normal expects all elements of std >= 0.0"),
        (lambda x: torch.normal(x, -1.0), RuntimeError, "normal expects std >= 0.0, but found std -1"),
        (
            lambda x: torch.normal(x, torch.ones(2)),
            RuntimeError,
            "The size of tensor a (3) must match the size of tensor b (2)",
        ),
        (lambda x: torch.poisson(-x), RuntimeError, "invalid Poisson rate, expected rate to be non-negative"),
        (lambda x: torch.rand_like(x.long()), NotImplementedError, "\"check_uniform_bounds\" not implemented for 'Long'"),
        (lambda x: x[:1].expand(3).random_(3), RuntimeError, "unsupported operation: more than one element of the written-to"),
    ],
)
def test_errors(call, error, message):
    x = torch.ones(3)
    state = torch.get_rng_state()
    with pytest.raises(error) as raised:
        call(x)
    assert str(raised.value).startswith(message)
    assert x.tolist() == [1, 1, 1] and x._version == 0
    assert torch.equal(torch.get_rng_state(), state)
