"""Linear and bilinear maps."""

from ... import _C

_addmm = _C.functions["addmm"]

__all__ = ["bilinear", "linear"]


def linear(input, weight, bias=None):
    """input (..., in) times the transpose of weight (out, in), plus bias (out): (..., out).

    A weight of shape (in,) gives (...). RuntimeError where sizes or dtypes do not fit.

    >>> wengert.nn.functional.linear(wengert.ones(2, 3), wengert.ones(1, 3), wengert.ones(1))
    tensor([[4.],
            [4.]])
    """
    if bias is None or weight.dim() != 2:
        result = input.matmul(weight.t())
        return result if bias is None else result + bias
    if input.dim() == 2:
        return _addmm(bias, input, weight.t())
    if input.dim() == 0:  # matmul's error
        return input.matmul(weight.t())
    rows = _addmm(bias, input.reshape(-1, input.size(-1)), weight.t())
    return rows.view(*input.shape[:-1], weight.size(0))


def bilinear(input1, input2, weight, bias=None):
    """x W_o y for each matrix W_o of weight (out, in1, in2), with x (..., in1), y (..., in2), plus bias (out): (..., out).

    RuntimeError where sizes do not fit.

    >>> wengert.nn.functional.bilinear(wengert.tensor([1.0, 2.0]), wengert.tensor([3.0]), wengert.ones(1, 2, 1))
    tensor([9.])
    """
    if input1.dim() != input2.dim():
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {input1.dim()} and {input2.dim()}")
    for dim, (a, b) in enumerate(zip(input1.shape[:-1], input2.shape[:-1], strict=True)):
        if a != b:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {dim}: got {a} and {b}")
    for name, input, dim in (("input1", input1, 1), ("input2", input2, 2)):
        if input.size(-1) != weight.size(dim):
            raise RuntimeError(
                f"bilinear(): {name} size does not match weight size: got {input.size(-1)} but expected {weight.size(dim)}"
            )
    if bias is not None and bias.size(0) != weight.size(0):
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias.size(0)} but expected {weight.size(0)}"
        )
    out, in1, in2 = weight.shape
    x, y = input1.reshape(-1, in1), input2.reshape(-1, in2)
    folded = x.matmul(weight.transpose(0, 1).reshape(in1, out * in2)).view(-1, out, in2)  # x W_o
    result = folded.matmul(y.unsqueeze(-1)).view(*input1.shape[:-1], out)
    return result if bias is None else result + bias
