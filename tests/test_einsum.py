"""einsum, tensordot, kron and the products of several matrices, against NumPy."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wengert as torch
from reference import digits, layouts

EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,kj", (2, 3), (4, 3)),
    ("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
    ("bij,jk->bki", (5, 2, 3), (3, 4)),
    ("i,j->ij", (2,), (3,)),
    ("i,i", (3,), (3,)),
    ("ij,ij->", (2, 3), (2, 3)),
    ("ij->ji", (2, 3)),
    ("ij->i", (2, 3)),
    ("ij->", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iij->ji", (3, 3, 2)),
    ("iijj->ij", (2, 2, 3, 3)),
    ("...ij->...ji", (4, 2, 3)),
    ("...i,...i->...", (4, 2, 3), (2, 3)),
    ("...ij,jk->...ik", (4, 5, 2, 3), (3, 4)),
    ("i...,i...->...", (3, 2), (3, 4, 2)),
    ("a...b,b...c->ac...", (2, 5, 3), (3, 5, 4)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)),
    ("ij,jk,kl,lm->im", (2, 3), (3, 4), (4, 5), (5, 2)),
    ("ijk,jl,kl->il", (2, 3, 4), (3, 5), (4, 5)),
    ("bi,bj,bk->bijk", (2, 3), (2, 4), (2, 5)),
    ("ab,bc,ca->", (2, 3), (3, 4), (4, 2)),
    ("iji,j->i", (2, 3, 2), (3,)),
    (" i j , j k -> i k ", (2, 3), (3, 4)),
    ("aB,Bc->ca", (2, 3), (3, 4)),
    (",ij->ij", (), (2, 3)),
    (",", (), ()),
    ("ij,jk->ik", (2, 0), (0, 4)),
    ("ij,jk->ik", (0, 3), (3, 4)),
    ("ijk,ilm,njm,nlk,abc->", (2, 3, 2), (2, 2, 3), (2, 3, 3), (2, 2, 2), (1, 2, 1)),
]


def check(result, wanted):
    wanted = np.asarray(wanted)
    assert tuple(result.shape) == wanted.shape
    np.testing.assert_allclose(result.numpy(), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", EQUATIONS, ids=lambda case: case[0])
@pytest.mark.parametrize("dtype", ["float64", "int64"])
def test_equations(case, dtype, monkeypatch):
    equation, *shapes = case
    arrays = [digits(shape, dtype, seed) for seed, shape in enumerate(shapes)]
    wanted = np.einsum(equation, *arrays)
    check(torch.einsum(equation, *map(torch.tensor, arrays)), wanted)
    check(torch.einsum(equation, [torch.tensor(a) for a in arrays]), wanted)
    monkeypatch.setitem(sys.modules, "opt_einsum", None)  # without it, by our own order
    check(torch.einsum(equation, *map(torch.tensor, arrays)), wanted)


@pytest.mark.parametrize("case", EQUATIONS[:20], ids=lambda case: case[0])
def test_layouts(case):
    equation, *shapes = case
    arrays = [digits(shape, "float64", seed) for seed, shape in enumerate(shapes)]
    for _, tensor, array in layouts(arrays[0]):
        check(torch.einsum(equation, tensor, *map(torch.tensor, arrays[1:])), np.einsum(equation, array, *arrays[1:]))


def test_sizes_of_one_broadcast():
    a, b = digits((2, 3), "float64", 1), digits((1, 4), "float64", 2)
    check(torch.einsum("ij,jk->ik", torch.tensor(a), torch.tensor(b)), a.sum(1)[:, None] * b)
    check(torch.einsum("ij,ij->ij", torch.tensor(a[:, :1]), torch.tensor(a)), a[:, :1] * a)
    check(torch.einsum("ij,ij->ij", torch.tensor(a[:1, :1]), torch.tensor(a[:1, :1])), a[:1, :1] ** 2)


def test_sublists():
    a, b = digits((2, 3), "float64", 1), digits((3, 4), "float64", 2)
    s, t = torch.tensor(a), torch.tensor(b)
    check(torch.einsum(s, [0, 1], t, [1, 2], [0, 2]), a @ b)
    check(torch.einsum(s, [0, 1], t, [1, 2]), a @ b)
    check(torch.einsum(s, [..., 1], t, [1, 30], [..., 30]), a @ b)
    with pytest.raises(ValueError, match="valid range"):
        torch.einsum(s, [0, 52])


def test_permutations_and_diagonals_are_views():
    x = torch.ones(3, 3)
    torch.einsum("ii->i", x).fill_(5)
    assert x.trace() == 15 and x.sum() == 21
    assert torch.einsum("ij->ji", x).data_ptr() == x.data_ptr()


LETTERS = "abcde"


@given(st.data())
def test_random_equations(data):
    sizes = {letter: data.draw(st.integers(0, 3)) for letter in LETTERS}
    terms = data.draw(st.lists(st.text(LETTERS, max_size=4), min_size=1, max_size=4))
    used = sorted(set("".join(terms)))
    output = "".join(data.draw(st.permutations(used)))[: data.draw(st.integers(0, len(used)))]
    arrays = [digits([sizes[letter] for letter in term], "int64", seed) for seed, term in enumerate(terms)]
    equation = f"{','.join(terms)}->{output}"
    check(torch.einsum(equation, *map(torch.tensor, arrays)), np.einsum(equation, *arrays))


@pytest.mark.parametrize(
    ("equation", "shapes", "message"),
    [
        ("ij,jk->ik", [(2, 3)], "fewer operands were provided than specified in the equation"),
        ("ij->ij", [(2, 3), (2, 3)], "more operands were provided than specified in the equation"),
        ("ijk->ij", [(2, 3)], r"the number of subscripts in the equation \(3\) does not match the number of dimensions \(2\)"),
        ("i1->i", [(2, 3)], "invalid subscript given at index 1 in the equation string"),
        ("ij->ik", [(2, 3)], "output subscript k does not appear in the equation for any input operand"),
        ("ij->ii", [(2, 3)], "output subscript i appears more than once in the output"),
        (
            "ij,jk->ik",
            [(2, 3), (4, 2)],
            "subscript j has size 4 for operand 1 which does not broadcast with previously seen size 3",
        ),
        ("i.j->i", [(2, 3)], "found '.' for operand 0 that is not part of any ellipsis"),
        ("...i...->i", [(2, 3)], "found '.' for operand 0 for which an ellipsis was already found"),
        ("ij->i.j", [(2, 3)], "found '.' for output that is not part of any ellipsis"),
        ("ii->i", [(2, 3)], "subscript i is repeated for operand 0 but the sizes don't match, 3 != 2"),
        ("ij->ij->i", [(2, 3)], "invalid subscript given at index 6"),
    ],
)
def test_errors(equation, shapes, message):
    with pytest.raises(RuntimeError, match=message):
        torch.einsum(equation, *[torch.ones(shape) for shape in shapes])


def test_arguments():
    with pytest.raises(ValueError, match="must specify the equation"):
        torch.einsum("ij")
    with pytest.raises(TypeError, match="element 0"):
        torch.einsum("ij,kj->ik", 5, torch.ones(2, 2))


@pytest.mark.parametrize("dims", [0, 1, 2, ([1], [0]), ([0, 1], [1, 0]), ([-1], [-2])])
def test_tensordot(dims):
    shapes = {0: ((2, 3), (4,)), 1: ((2, 3), (3, 4)), 2: ((5, 2, 3), (2, 3, 4))}.get(dims if isinstance(dims, int) else -1)
    shapes = shapes or ((2, 3), (3, 2))
    a, b = digits(shapes[0], "float64", 1), digits(shapes[1], "float64", 2)
    wanted = np.tensordot(a, b, dims)
    check(torch.tensordot(torch.tensor(a), torch.tensor(b), dims), wanted)
    out = torch.empty(0, dtype=torch.float64)
    assert torch.tensordot(torch.tensor(a), torch.tensor(b), dims=dims, out=out) is out
    check(out, wanted)


def test_tensordot_of_nothing_and_errors():
    assert torch.tensordot(torch.ones(2, 0), torch.ones(0, 3), 1).tolist() == [[0] * 3] * 2
    ones = torch.ones
    for arguments, message in [
        ((ones(2, 3), ones(4, 3), ([1], [0])), "contracted dimensions need to match, but first has size 3 in dim 1"),
        ((ones(2, 3), ones(4, 3), ([1], [0, 1])), "both dimension lists should have same length"),
        ((ones(2, 3), ones(4, 3), -1), "tensordot expects dims >= 0, but got dims=-1"),
        ((ones(2, 3), ones(4, 3), 3), "tensordot expects dims < ndim_a or ndim_b, but got dims=3"),
        ((ones(2, 3), ones(4, 3), ([1, 1], [1, 1])), "dim 1 appears multiple times in the list of dims"),
        ((ones(2, 3), ones(2, 3).long(), 2), "both inputs should have same dtype"),
    ]:
        with pytest.raises(RuntimeError, match=message):
            torch.tensordot(*arguments)


@pytest.mark.parametrize(
    "shapes", [((2, 3), (2,)), ((2,), (3, 2)), ((2, 3), (4, 5)), ((), (2,)), ((2, 1, 3), (2, 2)), ((0, 2), (3, 1))]
)
def test_kron(shapes):
    a, b = digits(shapes[0], "int64", 1), digits(shapes[1], "int64", 2)
    check(torch.kron(torch.tensor(a), torch.tensor(b)), np.kron(a, b))


def test_chains():
    rng = np.random.default_rng(0)
    matrices = [rng.standard_normal(shape) for shape in [(10, 2), (2, 30), (30, 3), (3, 5)]]
    tensors = [torch.tensor(m) for m in matrices]
    wanted = np.linalg.multi_dot(matrices)
    check(torch.linalg.multi_dot(tensors), wanted)
    check(torch.chain_matmul(*tensors), wanted)
    check(torch.chain_matmul(tensors[0]), matrices[0])
    vectors = [matrices[0][0], *matrices[1:3], matrices[3][:, 0]]
    check(torch.linalg.multi_dot([torch.tensor(v) for v in vectors]), np.linalg.multi_dot(vectors))
    for shapes, message in [
        ([(2, 3)], "expected at least 2 tensors but got 1"),
        ([(2, 3), (4, 3)], r"tensors 0 and 1 with shapes \[2, 3\] and \[4, 3\] cannot be multiplied"),
        ([(2, 3, 1), (4, 3)], "the first tensor must be 1D or 2D but got 3D"),
        ([(2, 3), (3, 3), (3, 3, 3)], "the last tensor must be 1D or 2D but got 3D"),
    ]:
        with pytest.raises(RuntimeError, match=message):
            torch.linalg.multi_dot([torch.ones(shape) for shape in shapes])
