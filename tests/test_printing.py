"""What tensors print, against the text that PyTorch 2.13 prints for the same."""

from math import inf, nan

import pytest

import wengert as torch


@pytest.fixture(autouse=True)
def default_options():
    yield
    torch.set_printoptions(profile="default")


def case(name, make, expected, options=None):
    return pytest.param(make, options or {}, expected, id=name)


@pytest.mark.parametrize(
    ("make", "options", "expected"),
    [
        case(
            "hadamard",
            lambda: torch.tensor([[1, 2], [3, 4]]) * torch.tensor([[5, 6], [7, 8]]),
            "tensor([[ 5, 12],\n        [21, 32]])",
        ),
        case("0d float", lambda: torch.tensor(1.5), "tensor(1.5000)"),
        case("0d whole", lambda: torch.tensor(3.0), "tensor(3.)"),
        case("0d int", lambda: torch.tensor(-7), "tensor(-7)"),
        case("0d bool", lambda: torch.tensor(True), "tensor(True)"),
        case("0d nan", lambda: torch.tensor(nan), "tensor(nan)"),
        case("0d small", lambda: torch.tensor(1e-5), "tensor(1.0000e-05)"),
        case("0d large", lambda: torch.tensor(1.5e10), "tensor(1.5000e+10)"),
        case("0d negative zero", lambda: torch.tensor(-0.0), "tensor(-0.)"),
        case(
            "0d float64",
            lambda: torch.tensor(0.1, dtype=torch.float64),
            "tensor(0.1000, dtype=torch.float64)",
        ),
        case("0d uint8", lambda: torch.tensor(3, dtype=torch.uint8), "tensor(3, dtype=torch.uint8)"),
        case("empty", lambda: torch.tensor([]), "tensor([])"),
        case("empty int64", lambda: torch.tensor([], dtype=torch.int64), "tensor([], dtype=torch.int64)"),
        case("empty float64", lambda: torch.tensor([], dtype=torch.float64), "tensor([], dtype=torch.float64)"),
        case("empty 2d", lambda: torch.empty(0, 3), "tensor([], size=(0, 3))"),
        case("empty inner", lambda: torch.empty(2, 0), "tensor([], size=(2, 0))"),
        case(
            "empty bool",
            lambda: torch.empty((0, 3), dtype=torch.bool),
            "tensor([], size=(0, 3), dtype=torch.bool)",
        ),
        case("empty 4d", lambda: torch.zeros(0, 0, 1, 5), "tensor([], size=(0, 0, 1, 5))"),
        case("bool", lambda: torch.tensor([True, False]), "tensor([ True, False])"),
        case("all true", lambda: torch.tensor([[True], [True]]), "tensor([[True],\n        [True]])"),
        case("int widths", lambda: torch.tensor([-1, 200]), "tensor([ -1, 200])"),
        case(
            "int8",
            lambda: torch.tensor([[1], [-100]], dtype=torch.int8),
            "tensor([[   1],\n        [-100]], dtype=torch.int8)",
        ),
        case("int16", lambda: torch.tensor([7], dtype=torch.int16), "tensor([7], dtype=torch.int16)"),
        case(
            "int32 matrix",
            lambda: torch.arange(6, dtype=torch.int32).view(2, 3),
            "tensor([[0, 1, 2],\n        [3, 4, 5]], dtype=torch.int32)",
        ),
        case(
            "int64 limits",
            lambda: torch.tensor([-(2**63), 2**63 - 1]),
            "tensor([-9223372036854775808,  9223372036854775807])",
        ),
        case("whole floats", lambda: torch.tensor([1.0, -20.0, 3.0]), "tensor([  1., -20.,   3.])"),
        case("mixed floats", lambda: torch.tensor([1.0, -20.5, 3.25]), "tensor([  1.0000, -20.5000,   3.2500])"),
        case("zeros", lambda: torch.zeros(3), "tensor([0., 0., 0.])"),
        case("signed zeros", lambda: torch.tensor([-0.0, 0.0]), "tensor([-0., 0.])"),
        case("negative zero among others", lambda: torch.tensor([-0.0, 1.25]), "tensor([-0.0000, 1.2500])"),
        case("inf among whole", lambda: torch.tensor([1.0, 2.0, inf]), "tensor([1., 2., inf])"),
        case("nan among floats", lambda: torch.tensor([nan, 1.5, -inf]), "tensor([   nan, 1.5000,   -inf])"),
        case("only nan and inf", lambda: torch.tensor([nan, inf, -inf]), "tensor([nan, inf, -inf])"),
        case("nan and zero", lambda: torch.tensor([nan, 0.0]), "tensor([nan, 0.])"),
        case(
            "float32 beside 2^24",
            lambda: torch.tensor([0.1, 0.7, 16777217.0]),
            "tensor([1.0000e-01, 7.0000e-01, 1.6777e+07])",
        ),
        case("float32 digits", lambda: torch.tensor([123456.789]), "tensor([123456.7891])"),
        case("rounds up", lambda: torch.tensor([0.99995, 9.99996]), "tensor([ 0.9999, 10.0000])"),
        case("ratio 1000", lambda: torch.tensor([1.5, 1500.0]), "tensor([   1.5000, 1500.0000])"),
        case("ratio above 1000", lambda: torch.tensor([1.5, 1501.0]), "tensor([1.5000e+00, 1.5010e+03])"),
        case("whole ratio 1000", lambda: torch.tensor([1.0, 1000.0]), "tensor([   1., 1000.])"),
        case("whole ratio above 1000", lambda: torch.tensor([1.0, 1001.0]), "tensor([1.0000e+00, 1.0010e+03])"),
        case("1e8", lambda: torch.tensor([1e8]), "tensor([100000000.])"),
        case("above 1e8", lambda: torch.tensor([100000008.0]), "tensor([1.0000e+08])"),
        case("1e-4", lambda: torch.tensor([1e-4], dtype=torch.float64), "tensor([0.0001], dtype=torch.float64)"),
        case("below 1e-4", lambda: torch.tensor([9.9e-5, 0.01]), "tensor([9.9000e-05, 1.0000e-02])"),
        case("subnormal float32", lambda: torch.tensor([1e-45]), "tensor([1.4013e-45])"),
        case(
            "subnormal float64",
            lambda: torch.tensor([5e-324], dtype=torch.float64),
            "tensor([4.9407e-324], dtype=torch.float64)",
        ),
        case("largest float32", lambda: torch.tensor([3.4028234e38, 1.0]), "tensor([3.4028e+38, 1.0000e+00])"),
        case(
            "three exponent digits",
            lambda: torch.tensor([1e100, -1.0], dtype=torch.float64),
            "tensor([1.0000e+100, -1.0000e+00], dtype=torch.float64)",
        ),
        case(
            "scientific with zero and nan",
            lambda: torch.tensor([0.0, 1e-6, nan]),
            "tensor([0.0000e+00, 1.0000e-06,        nan])",
        ),
        case(
            "matrix",
            lambda: torch.tensor([[0.5, -1.25], [100.0, 3.0]]),
            "tensor([[  0.5000,  -1.2500],\n        [100.0000,   3.0000]])",
        ),
        case(
            "3d",
            lambda: torch.arange(8).view(2, 2, 2),
            "tensor([[[0, 1],\n         [2, 3]],\n\n        [[4, 5],\n         [6, 7]]])",
        ),
        case("4d", lambda: torch.zeros(1, 2, 1, 2), "tensor([[[[0., 0.]],\n\n         [[0., 0.]]]])"),
        case(
            "transposed",
            lambda: torch.arange(6).view(2, 3).t(),
            "tensor([[0, 3],\n        [1, 4],\n        [2, 5]])",
        ),
        case("strided", lambda: torch.arange(6).view(2, 3)[:, ::2], "tensor([[0, 2],\n        [3, 5]])"),
        case(
            "wraps",
            lambda: torch.arange(30),
            "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
            "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])",
        ),
        case(
            "wraps floats",
            lambda: torch.full((25,), 1.5),
            "tensor([1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000,\n"
            "        1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000,\n"
            "        1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000])",
        ),
        case(
            "wraps in matrix",
            lambda: torch.arange(60).view(2, 30),
            "tensor([[ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
            "         18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29],\n"
            "        [30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,\n"
            "         48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59]])",
        ),
        case(
            "wraps bool",
            lambda: torch.ones(15, dtype=torch.bool),
            "tensor([True, True, True, True, True, True, True, True, True, True, True, True,\n        True, True, True])",
        ),
        case(
            "dtype on its own line",
            lambda: torch.zeros(24, dtype=torch.float64),
            "tensor([0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.],\n"
            "       dtype=torch.float64)",
        ),
        case(
            "dtype fits",
            lambda: torch.zeros(25, dtype=torch.float64),
            "tensor([0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.,\n"
            "        0.], dtype=torch.float64)",
        ),
        case("at the threshold", lambda: torch.arange(4), "tensor([0, 1, 2, 3])", {"threshold": 4}),
        case("summary 1d", lambda: torch.arange(1001), "tensor([   0,    1,    2,  ...,  998,  999, 1000])"),
        case(
            "summary float64",
            lambda: torch.zeros(2000, dtype=torch.float64),
            "tensor([0., 0., 0.,  ..., 0., 0., 0.], dtype=torch.float64)",
        ),
        case(
            "summary 2d",
            lambda: torch.arange(1200).view(40, 30),
            "tensor([[   0,    1,    2,  ...,   27,   28,   29],\n"
            "        [  30,   31,   32,  ...,   57,   58,   59],\n"
            "        [  60,   61,   62,  ...,   87,   88,   89],\n"
            "        ...,\n"
            "        [1110, 1111, 1112,  ..., 1137, 1138, 1139],\n"
            "        [1140, 1141, 1142,  ..., 1167, 1168, 1169],\n"
            "        [1170, 1171, 1172,  ..., 1197, 1198, 1199]])",
        ),
        case(
            "summary wide",
            lambda: torch.arange(2000).view(2, 1000),
            "tensor([[   0,    1,    2,  ...,  997,  998,  999],\n        [1000, 1001, 1002,  ..., 1997, 1998, 1999]])",
        ),
        case(
            "summary tall",
            lambda: torch.arange(2000).view(1000, 2),
            "tensor([[   0,    1],\n"
            "        [   2,    3],\n"
            "        [   4,    5],\n"
            "        ...,\n"
            "        [1994, 1995],\n"
            "        [1996, 1997],\n"
            "        [1998, 1999]])",
        ),
        case(
            "summary 3d",
            lambda: torch.zeros(11, 10, 10),
            "tensor([[[0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         ...,\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.]],\n"
            "\n"
            "        [[0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         ...,\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.]],\n"
            "\n"
            "        [[0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         ...,\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.]],\n"
            "\n"
            "        ...,\n"
            "\n"
            "        [[0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         ...,\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.]],\n"
            "\n"
            "        [[0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         ...,\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.]],\n"
            "\n"
            "        [[0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         ...,\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.],\n"
            "         [0., 0., 0.,  ..., 0., 0., 0.]]])",
        ),
        case(
            "summary hides a width",
            lambda: torch.arange(1100) * (torch.arange(1100) < 500),
            "tensor([0, 1, 2,  ..., 0, 0, 0])",
        ),
        case("precision", lambda: torch.tensor([1.12345, 2.0]), "tensor([1.12, 2.00])", {"precision": 2}),
        case("precision 0", lambda: torch.tensor([1.5, 2.25]), "tensor([2, 2])", {"precision": 0}),
        case(
            "precision 8",
            lambda: torch.tensor([0.1, 1.0 / 3]),
            "tensor([0.10000000, 0.33333334])",
            {"precision": 8},
        ),
        case("threshold 5", lambda: torch.arange(10), "tensor([0, 1, 2,  ..., 7, 8, 9])", {"threshold": 5}),
        case(
            "edgeitems 1",
            lambda: torch.arange(12).view(4, 3),
            "tensor([[ 0,  ...,  2],\n        ...,\n        [ 9,  ..., 11]])",
            {"threshold": 5, "edgeitems": 1},
        ),
        case(
            "edgeitems 0",
            lambda: torch.arange(12).view(4, 3),
            "tensor([...], size=(4, 3))",
            {"threshold": 5, "edgeitems": 0},
        ),
        case(
            "linewidth 20",
            lambda: torch.arange(12).view(2, 6),
            "tensor([[ 0,  1,  2,\n          3,  4,  5],\n        [ 6,  7,  8,\n          9, 10, 11]])",
            {"linewidth": 20},
        ),
        case(
            "linewidth 0",
            lambda: torch.tensor([1.5, 2.5]),
            "tensor([1.5000,\n        2.5000])",
            {"linewidth": 0},
        ),
        case(
            "short",
            lambda: torch.arange(1001) / 8,
            "tensor([  0.00,   0.12,  ..., 124.88, 125.00])",
            {"profile": "short"},
        ),
        case("full", lambda: torch.arange(1001)[:5], "tensor([0, 1, 2, 3, 4])", {"profile": "full"}),
        case(
            "sci_mode on",
            lambda: torch.tensor([0.0, 1.0, 250.5]),
            "tensor([0.0000e+00, 1.0000e+00, 2.5050e+02])",
            {"sci_mode": True},
        ),
        case(
            "sci_mode on, whole",
            lambda: torch.tensor([1.0, 20.0]),
            "tensor([1.0000e+00, 2.0000e+01])",
            {"sci_mode": True},
        ),
        case(
            "sci_mode off",
            lambda: torch.tensor([1e-6, 1e6]),
            "tensor([      0.0000, 1000000.0000])",
            {"sci_mode": False},
        ),
        case("sci_mode on, zeros", lambda: torch.zeros(2), "tensor([0., 0.])", {"sci_mode": True}),
    ],
)
def test_text(make, options, expected):
    torch.set_printoptions(**options)
    assert repr(make()) == expected
    assert str(make()) == expected


def test_options_stay_until_changed():
    torch.set_printoptions(precision=1)
    torch.set_printoptions(threshold=2)
    assert repr(torch.tensor([0.25, 0.5, 0.75])) == "tensor([0.2, 0.5, 0.8])"
    torch.set_printoptions(sci_mode=True)
    torch.set_printoptions(threshold=1000)  # sci_mode is automatic again
    assert repr(torch.tensor([0.25])) == "tensor([0.2])"
    torch.set_printoptions(profile="default")
    assert repr(torch.tensor([0.25])) == "tensor([0.2500])"


def test_default_dtype_needs_no_suffix():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        assert repr(torch.zeros(1)) == "tensor([0.])"
        assert repr(torch.zeros(1, dtype=torch.float32)) == "tensor([0.], dtype=torch.float32)"
    finally:
        torch.set_default_dtype(before)


def test_bad_options():
    before = torch.get_printoptions()
    with pytest.raises(ValueError, match="profile must be one of default, short, full, got 'long'"):
        torch.set_printoptions(profile="long")
    with pytest.raises(ValueError, match="precision must not be negative, got -1"):
        torch.set_printoptions(precision=-1)
    with pytest.raises(TypeError, match="linewidth must be a number, got 'wide'"):
        torch.set_printoptions(precision=3, linewidth="wide")
    assert torch.get_printoptions() == before


def test_only_the_edges_are_read():
    big = torch.zeros(1).expand(2**40)
    assert repr(big) == "tensor([0., 0., 0.,  ..., 0., 0., 0.])"
