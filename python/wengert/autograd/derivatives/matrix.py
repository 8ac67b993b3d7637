"""Rows of the matrix family. Beside a product of matrices stand its shapes."""

from . import rule


def left_of_mm(grad, mat2, input_layout):
    """g Bᵀ, in the order of memory of A."""
    return mat2.mm(grad.t()).t() if _by_columns(*input_layout) else grad.mm(mat2.t())  # (M, N) (N, K) -> (M, K)


def right_of_mm(grad, input, mat2_layout):
    """Aᵀ g, in the order of memory of B."""
    return grad.t().mm(input).t() if _by_columns(*mat2_layout) else input.t().mm(grad)  # (K, M) (M, N) -> (K, N)


def _by_columns(sizes, strides, offset):
    """Whether a matrix is the transpose of a contiguous one, as a weight is in `x @ w.t()`: its gradient should be, too."""
    return strides[0] == 1 and strides[1] == sizes[0]


# ---- products

rule(
    "dot",
    input=lambda grad, tensor: grad * tensor,  # () (N) -> (N)
    tensor=lambda grad, input: grad * input,  # () (N) -> (N)
    tangent="multilinear",
)
rule(
    "outer",
    input=lambda grad, vec2: grad.mv(vec2),  # (N, M) (M) -> (N)
    vec2=lambda grad, input: grad.t().mv(input),  # (M, N) (N) -> (M)
    tangent="multilinear",
    node="MulBackward0",
)
rule(
    "mv",
    input=lambda grad, vec: grad.outer(vec),  # (M) (K) -> (M, K)
    vec=lambda grad, input: input.t().mv(grad),  # (K, M) (M) -> (K)
    tangent="multilinear",
)
rule("mm", "_mm_gemm", input=left_of_mm, mat2=right_of_mm, tangent="multilinear", node="MmBackward0")
rule(
    "bmm",
    input=lambda grad, mat2: grad.bmm(mat2.mT),  # (B, M, N) (B, N, K) -> (B, M, K)
    mat2=lambda grad, input: input.mT.bmm(grad),  # (B, K, M) (B, M, N) -> (B, K, N)
    tangent="multilinear",
)


def left_of_matmul(grad, other, input_layout):
    """g Bᵀ; a matrix or vector that met a batch gets the sum over it."""
    ndim = len(input_layout[0])
    if other.ndim == 1:
        return grad.unsqueeze(-1) * other  # (..., M, 1) (K) -> (..., M, K)
    if ndim == 1:
        return other.matmul(grad.unsqueeze(-1)).squeeze(-1)  # (..., K, N) (..., N, 1) -> (..., K)
    if ndim == 2:
        return _side_by_side(grad).mm(_side_by_side(other).t())  # (M, ...N) (...N, K) -> (M, K)
    return grad.matmul(other.mT)  # (..., M, N) (..., N, K) -> (..., M, K)


def right_of_matmul(grad, input, other_layout):
    """Aᵀ g; a matrix or vector that met a batch gets the sum over it."""
    ndim = len(other_layout[0])
    if input.ndim == 1:
        return input.unsqueeze(-1) * grad.unsqueeze(-2)  # (K, 1) (..., 1, N) -> (..., K, N)
    if ndim == 1:
        return input.flatten(0, -2).t().mv(grad.flatten())  # (K, ...M) (...M) -> (K)
    if ndim == 2:
        return right_of_mm(grad.flatten(0, -2), input.flatten(0, -2), other_layout)  # (K, ...M) (...M, N) -> (K, N)
    return input.mT.matmul(grad)  # (..., K, M) (..., M, N) -> (..., K, N)


def _side_by_side(batch):
    """The matrices of a batch as one: (..., M, N) -> (M, ...N)."""
    return batch.movedim(-2, 0).flatten(1)


rule("matmul", input=left_of_matmul, other=right_of_matmul, tangent="multilinear", node="UnsafeViewBackward0")

# ---- sums with a product


def scaled(grad, factor):
    """g·factor, itself for a factor of 1."""
    return grad if factor == 1 else grad * factor


def left_of_addmm(grad, mat2, mat1_layout, alpha):
    """g Bᵀ·alpha, in the order of memory of A."""
    return left_of_mm(scaled(grad, alpha), mat2, mat1_layout)  # (M, N) (N, K) -> (M, K)


def right_of_addmm(grad, mat1, mat2_layout, alpha):
    """Aᵀ g·alpha, in the order of memory of B."""
    return right_of_mm(scaled(grad, alpha), mat1, mat2_layout)  # (K, M) (M, N) -> (K, N)


rule(
    "addmv",
    input=lambda grad, beta: grad if beta == 1 else grad * beta,
    mat=lambda grad, vec, alpha: scaled(grad, alpha).outer(vec),  # (M) (K) -> (M, K)
    vec=lambda grad, mat, alpha: mat.t().mv(scaled(grad, alpha)),  # (K, M) (M) -> (K)
)
rule("addmm", input=lambda grad, beta: grad if beta == 1 else grad * beta, mat1=left_of_addmm, mat2=right_of_addmm)
rule(
    "baddbmm",
    input=lambda grad, beta: grad if beta == 1 else grad * beta,
    batch1=lambda grad, batch2, alpha: scaled(grad, alpha).bmm(batch2.mT),  # (B, M, N) (B, N, K) -> (B, M, K)
    batch2=lambda grad, batch1, alpha: batch1.mT.bmm(scaled(grad, alpha)),  # (B, K, M) (B, M, N) -> (B, K, N)
)
