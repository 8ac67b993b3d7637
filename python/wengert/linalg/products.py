"""Products of vectors and matrices, and powers."""

import wengert

from ..autograd.primitive import primitive
from ._support import check, check_float, check_square, given


def matmul(input, other, *, out=None):
    """``wengert.matmul``.

    >>> wengert.linalg.matmul(wengert.ones(2, 3), wengert.ones(3)).tolist()
    [3.0, 3.0]
    """
    return wengert.matmul(input, other, out=out)


def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    """The diagonals of the matrices of two dimensions, a view.

    >>> wengert.linalg.diagonal(wengert.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return wengert.diagonal(A, offset, dim1, dim2)


def cross(input, other, *, dim=-1, out=None):
    """The vector products of vectors of three elements along dim; the other dimensions are broadcast.

    >>> wengert.linalg.cross(wengert.tensor([1, 0, 0]), wengert.tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    check(
        input.dim() == other.dim(),
        "linalg.cross: inputs must have the same number of dimensions.",
    )
    check(
        input.size(dim) == 3 and other.size(dim) == 3,
        f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.size(dim)} and {other.size(dim)}",
    )
    a, b = wengert.broadcast_tensors(input, other)
    after, before = (lambda t: t.roll(-1, dim)), (lambda t: t.roll(1, dim))
    return given(out, after(a) * before(b) - before(a) * after(b))


def vecdot(x, y, *, dim=-1, out=None):
    """The scalar products of the vectors along dim, after broadcasting.

    >>> wengert.linalg.vecdot(wengert.tensor([[1, 2], [3, 4]]), wengert.tensor([1, 1]))
    tensor([3, 7])
    """
    return given(out, (x * y).sum(dim))


def vander(x, N=None):
    """The powers 0..N-1 (by default as many as x has elements) of the elements of x, along a new last dimension.

    >>> wengert.linalg.vander(wengert.tensor([2, 3]), N=3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    check(x.dim() > 0, "linalg.vander: input must have at least 1 dimension")
    n = x.size(-1) if N is None else N
    check(n > 1 or N is None, f"N must be greater than 1, got {N}")
    return x.unsqueeze(-1) ** wengert.arange(n)


def matrix_power(A, n, *, out=None):
    """The n-th power of square matrices by repeated squaring; a negative n is that of the inverse.

    >>> wengert.linalg.matrix_power(wengert.tensor([[1, 1], [0, 1]]), 5)
    tensor([[1, 5],
            [0, 1]])
    """
    check_square("linalg.matrix_power", A)
    if n == 1:
        return given(out, A.clone(memory_format=wengert.contiguous_format))
    if n < 0:
        from .solvers import inv

        A, n = inv(A), -n
    if n == 0:
        one = wengert.eye(A.size(-1), dtype=A.dtype)
        return given(out, A.clone(memory_format=wengert.contiguous_format).copy_(one))  # with a gradient of zeros
    result, square = None, A
    while n:
        if n & 1:
            result = square if result is None else result @ square
        n >>= 1
        if n:
            square = square @ square
    return given(out, result)


# The numerator's coefficients of the [13/13] Pade approximant of exp, and the largest 1-norm for which it has no error beyond
# rounding in float64: N. J. Higham, "The scaling and squaring method for the matrix exponential revisited", SIAM J. Matrix
# Anal. Appl. 26(4), 2005, table 2.3.
PADE = (
    *(64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600),
    *(670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1),
)
_THETA = 5.371920351148152


def scaled_down(A):
    """(A / 2**s in float64, s) with the smallest s that makes every matrix small enough for the approximant."""
    x = A.double()
    largest = float(x.detach().abs().sum(-2).max())
    s = 0
    while largest > _THETA * 2**s and s < 1023:
        s += 1
    return x / 2.0**s, s


@primitive("linalg_matrix_exp")
def matrix_exp(A):
    """The exponentials of square matrices, by scaling and squaring (Higham 2005).

    >>> wengert.linalg.matrix_exp(wengert.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    check_square("linalg.matrix_exp", A)
    check_float("linalg.matrix_exp", A)
    if A.numel() == 0:
        return A.clone()
    x, squarings = scaled_down(A)
    one = wengert.eye(x.size(-1), dtype=x.dtype)
    x2 = x @ x
    x4 = x2 @ x2
    x6 = x4 @ x2
    c = [float(k) for k in PADE]
    odd = x @ (x6 @ (c[13] * x6 + c[11] * x4 + c[9] * x2) + c[7] * x6 + c[5] * x4 + c[3] * x2 + c[1] * one)
    even = x6 @ (c[12] * x6 + c[10] * x4 + c[8] * x2) + c[6] * x6 + c[4] * x4 + c[2] * x2 + c[0] * one
    from .solvers import solve

    result = solve(even - odd, even + odd)
    for _ in range(squarings):
        result = result @ result
    return result.to(A.dtype).contiguous()


def multi_dot(tensors, *, out=None):
    """The product of two or more matrices in the order of the fewest multiplications (dynamic programming over the sizes; the
    first and the last may be vectors).

    >>> wengert.linalg.multi_dot([wengert.ones(2, 3), wengert.ones(3, 4), wengert.ones(4)])
    tensor([12., 12.])
    """
    tensors = list(tensors)
    check(len(tensors) >= 2, f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    for position, tensor in (("first", tensors[0]), ("last", tensors[-1])):
        check(tensor.dim() in (1, 2), f"multi_dot(): the {position} tensor must be 1D or 2D but got {tensor.dim()}D")
    for index, tensor in enumerate(tensors[1:-1], 1):
        check(tensor.dim() == 2, f"multi_dot(): tensor {index} must be 2D but got {tensor.dim()}D")
    row, column = tensors[0].dim() == 1, tensors[-1].dim() == 1
    matrices = [tensors[0].unsqueeze(0) if row else tensors[0], *tensors[1:]]
    if column:
        matrices[-1] = matrices[-1].unsqueeze(-1)
    for i in range(len(matrices) - 1):
        a, b = matrices[i], matrices[i + 1]
        check(
            a.size(1) == b.size(0),
            f"multi_dot(): tensors {i} and {i + 1} with shapes {list(tensors[i].shape)} and {list(tensors[i + 1].shape)} "
            "cannot be multiplied",
        )
    result = _chain(matrices)
    if row:
        result = result.squeeze(0)
    return given(out, result.squeeze(-1) if column else result)


def _chain(matrices):
    sizes = [matrices[0].size(0), *(matrix.size(1) for matrix in matrices)]
    count = len(matrices)
    cost = {(i, i): 0 for i in range(count)}
    split = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            at = [(cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i, j], split[i, j] = min(at)

    def product(i, j):
        return matrices[i] if i == j else product(i, split[i, j]) @ product(split[i, j] + 1, j)

    return product(0, count - 1)
