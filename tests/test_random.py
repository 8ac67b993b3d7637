"""Random numbers: for a seed, those of PyTorch 2.13's CPU generator.

Uniform numbers are compared by the checksum of their bytes. Normal ones may differ from PyTorch's in their last bits (see
csrc/ops/random.h); how many words of the stream they take is checked exactly, by the generator's state.
"""

import random
import threading
import zlib

import numpy
import pytest

import wengert as torch

FLOATS = [torch.float32, torch.float64]
TOLERANCE = {torch.float32: 1e-6, torch.float64: 4e-15}

# The last of randn(n) for n = 1, 2, ... 40, drawn in a row from seed 7.
LAST_NORMAL = {
    torch.float32: [
        -0.146795094,
        0.94682163,
        -0.894827902,
        -1.68219852,
        1.39545083,
        1.77915502,
        -0.602848291,
        0.282687157,
        0.107241459,
        -0.878170669,
        -0.911792517,
        1.15595973,
        -0.619707704,
        -0.800749063,
        -0.231552601,
        -0.30043155,
        -1.47872758,
        -1.43091416,
        -1.75298071,
        1.57459974,
        0.706724465,
        -0.5875718,
        -1.16594541,
        -0.539341331,
        -0.641168535,
        0.293778628,
        -0.195040807,
        -0.0384688526,
        0.122985005,
        1.25628793,
        -0.876635849,
        2.64937806,
        -2.10231376,
        -0.113933824,
        1.23254752,
        0.892161727,
        -0.903272033,
        1.66689003,
        -1.04241288,
        0.187095851,
    ],
    torch.float64: [
        -0.1467950974849952,
        0.9468216090039564,
        -0.8948278791726386,
        -1.6821984860536687,
        1.3954507962006726,
        1.77915501934496,
        -0.6028483110826827,
        0.28268715134692357,
        0.10724145956199044,
        -0.8781706900117012,
        -0.9117924991832427,
        1.1559597721142092,
        -0.6197077162375677,
        -0.8007490342295619,
        -0.23155260056979937,
        -0.04602333718920173,
        -0.428487240601649,
        1.2669030994331536,
        2.568677083579488,
        0.7539593824087465,
        1.0846716224467152,
        -0.6904383388522576,
        -1.2173598791065954,
        0.030471957727715104,
        0.4500362908319834,
        -0.9369954614922904,
        0.5682895236931399,
        -1.1318736856625458,
        1.407279598568874,
        0.3795145303355632,
        -0.17064901692407738,
        -1.9530993197033564,
        -0.17532799862455306,
        -0.04552264807573762,
        0.6399842316007079,
        -0.6991637335939068,
        -0.06517686046234483,
        -0.2208028500224771,
        -0.5095487861425265,
        1.4943966384146263,
    ],
}


@pytest.fixture(autouse=True)
def keep_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def checksum(*tensors):
    value = 0
    for t in tensors:
        value = zlib.crc32(t.numpy().tobytes(), value)
    return value


def draw(kind, n, dtype, generator=None):
    return getattr(torch, kind)(n, dtype=dtype, generator=generator)


@pytest.mark.parametrize(
    ("dtype", "small", "large"),
    [(torch.float32, 0xE024035A, 0x97D2D3DB), (torch.float64, 0x585D21AA, 0x9B58D2F7)],
)
def test_rand_bits(dtype, small, large):
    torch.manual_seed(7)
    assert checksum(*[torch.rand(n, dtype=dtype) for n in range(41)]) == small
    assert checksum(torch.rand(1000003, dtype=dtype)) == large


@pytest.mark.parametrize("dtype", FLOATS)
def test_randn_small(dtype):
    torch.manual_seed(7)
    drawn = [torch.randn(n, dtype=dtype)[-1].item() for n in range(1, 41)]
    assert drawn == pytest.approx(LAST_NORMAL[dtype], rel=0, abs=TOLERANCE[dtype])


@pytest.mark.parametrize(
    ("dtype", "values", "total", "squares"),
    [
        (
            torch.float32,
            [-0.820134521, -0.893655419, 0.926542997, 0.511823893, 0.850468934, -0.857539177],
            63.39087346439885,
            1001133.1090971861,
        ),
        (
            torch.float64,
            [
                0.06626753966449943,
                0.7378295754101417,
                -0.8067815436367963,
                1.585057752083122,
                -0.31172259918478157,
                -1.2145365030942898,
            ],
            -1909.413420820327,
            998100.057581591,
        ),
    ],
)
def test_randn_large(dtype, values, total, squares):
    torch.manual_seed(7)
    x = torch.randn(1000003, dtype=dtype).numpy()
    assert [x[i] for i in (0, 7, 8, 333333, 999991, 1000002)] == pytest.approx(values, rel=0, abs=TOLERANCE[dtype])
    x = x.astype("f8")
    assert x.sum() == pytest.approx(total, rel=0, abs=1e-2)
    assert (x * x).sum() == pytest.approx(squares, rel=1e-8)


def test_stream_of_mixed_calls():
    torch.manual_seed(11)
    for i in range(200):
        draw(("rand", "randn")[i % 2], i * 7 % 41, FLOATS[i % 3 == 0])
    assert checksum(torch.get_rng_state()) == 0x33F2BC61
    assert torch.randn(3, dtype=torch.float64).tolist() == pytest.approx(
        [0.8784049952593761, 0.4780980349280376, 0.058216431273807635], rel=1e-15
    )


@pytest.mark.parametrize("kind", ["rand", "randn"])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 4095, 65536, 100001, 1000003])
def test_same_bits_for_any_number_of_threads(kind, dtype, n):
    seen = set()
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        generator = torch.Generator().manual_seed(3)
        draw("rand", 5, torch.float32, generator)  # so that a block of the stream is begun
        seen.add(checksum(draw(kind, n, dtype, generator), draw(kind, 33, dtype, generator), generator.get_state()))
    assert len(seen) == 1


def test_values_are_in_range():
    torch.manual_seed(0)
    for dtype in FLOATS:
        x = torch.rand(100000, dtype=dtype).numpy()
        assert x.min() >= 0
        assert x.max() < 1
        assert numpy.isfinite(torch.randn(100001, dtype=dtype).numpy()).all()


def test_arguments():
    torch.manual_seed(0)
    assert torch.rand(()).shape == ()
    assert torch.rand(2, 3).shape == (2, 3)
    assert torch.randn([2, 0]).shape == (2, 0)
    assert torch.rand(size=(2,)).dtype == torch.float32
    out = torch.empty(3, dtype=torch.float64)
    torch.manual_seed(5)
    assert torch.randn(3, out=out) is out
    torch.manual_seed(5)
    assert out.tolist() == torch.randn(3, dtype=torch.float64).tolist()


def test_out_with_strides():
    base = torch.zeros(4, 6)
    torch.manual_seed(5)
    torch.rand(3, 2, out=base.t()[::2, ::2])
    torch.manual_seed(5)
    # Drawn in the order of memory.
    assert base[::2, ::2].tolist() == torch.rand(2, 3).tolist()
    assert base[1::2].tolist() == [[0.0] * 6] * 2


def test_default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.rand(1).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_bad_arguments():
    with pytest.raises(NotImplementedError, match="\"check_uniform_bounds\" not implemented for 'Long'"):
        torch.rand(3, dtype=torch.int64)
    with pytest.raises(NotImplementedError, match="\"normal_kernel_cpu\" not implemented for 'Bool'"):
        torch.randn(3, dtype=torch.bool)
    with pytest.raises(RuntimeError, match=r"Trying to create tensor with negative dimension -1: \[2, -1\]"):
        torch.rand(2, -1)
    with pytest.raises(RuntimeError, match=r"dtype Double does not match dtype of out parameter \(Float\)"):
        torch.randn(3, dtype=torch.float64, out=torch.empty(3))
    with pytest.raises(TypeError):
        torch.rand(2, generator=3)


@pytest.mark.parametrize("seed", [0, 1, -1, 2**32, -(2**63), 2**63, 2**64 - 1])
def test_seeds(seed):
    assert torch.manual_seed(seed) is torch.default_generator
    assert torch.initial_seed() == seed % 2**64
    first = torch.rand(4).tolist()
    generator = torch.Generator().manual_seed(seed)
    assert torch.rand(4, generator=generator).tolist() == first
    assert generator.initial_seed() == seed % 2**64


def test_bad_seeds():
    for seed in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError, match="Overflow when unpacking long long"):
            torch.manual_seed(seed)
    for seed in (1.5, "a", None):
        with pytest.raises(RuntimeError, match=f"manual_seed expected a long, but got {type(seed).__name__}"):
            torch.Generator().manual_seed(seed)


def test_seed_from_entropy():
    assert torch.Generator().initial_seed() == 67280421310721
    generator = torch.Generator()
    assert generator.seed() == generator.initial_seed() != generator.seed()
    assert torch.seed() == torch.initial_seed()


def test_state():
    torch.manual_seed(2)
    torch.randn(7)  # leaves the second value of a pair
    state = torch.get_rng_state()
    assert state.shape == (5056,)
    assert state.dtype == torch.uint8
    expected = [torch.randn(3).tolist(), torch.rand(700).tolist()]
    torch.manual_seed(3)
    torch.set_rng_state(state)
    assert [torch.randn(3).tolist(), torch.rand(700).tolist()] == expected
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(state)
        assert [torch.randn(3).tolist(), torch.rand(700).tolist()] == expected
    torch.rand(1)


def test_bad_states():
    before = torch.get_rng_state()
    with pytest.raises(
        RuntimeError,
        match="Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size to be 3",
    ):
        torch.set_rng_state(torch.zeros(3, dtype=torch.uint8))
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        torch.set_rng_state(torch.zeros(5056, dtype=torch.uint8))
    with pytest.raises(TypeError, match=r"torch\.ByteTensor"):
        torch.set_rng_state(torch.zeros(5056))
    assert torch.get_rng_state().tolist() == before.tolist()


def test_threads_share_a_generator():
    # Whatever the order, the calls together take one stretch of the stream.
    generator = torch.Generator().manual_seed(4)
    parts = []
    workers = [
        threading.Thread(target=lambda: parts.extend(torch.rand(100000, generator=generator) for _ in range(5)))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    whole = torch.rand(2000000, generator=torch.Generator().manual_seed(4)).numpy()
    assert sorted(p.numpy().tobytes() for p in parts) == sorted(part.tobytes() for part in whole.reshape(20, -1))


@pytest.mark.parity
@pytest.mark.parametrize("seed", range(5))
def test_parity(seed):
    reference = pytest.importorskip("torch")
    chooser = random.Random(seed)
    torch.manual_seed(seed - 2)
    reference.manual_seed(seed - 2)
    for _ in range(300):
        kind = chooser.choice(["rand", "randn"])
        dtype = chooser.choice(["float32", "float64"])
        n = chooser.choice([*range(41), 100, 1000, 99999])
        ours = getattr(torch, kind)(n, dtype=getattr(torch, dtype)).numpy()
        theirs = getattr(reference, kind)(n, dtype=getattr(reference, dtype)).numpy()
        if kind == "rand":
            assert ours.tobytes() == theirs.tobytes()
        else:
            numpy.testing.assert_array_max_ulp(ours, theirs, maxulp=4)
    assert torch.get_rng_state().tolist() == reference.get_rng_state().tolist()
