"""Bad input: PyTorch's exception type and the beginning of its sentence; operands untouched and the process usable after."""

import pytest

import wengert as torch

X, V, B = torch.ones(3, 2), torch.ones(2), torch.ones(2, 3, 4)
INTS, DOUBLES, BOOLS = torch.ones(2, dtype=torch.int64), torch.ones(2, dtype=torch.float64), torch.ones(2, dtype=torch.bool)
SQUARE_BOOLS, ZERO = torch.ones(2, 2, dtype=torch.bool), torch.tensor(1.0)
f = torch.zeros

TABLE = [
    # matrix family: shapes
    ("mm", (X, X), RuntimeError, "mat1 and mat2 shapes cannot be multiplied (3x2 and 3x2)"),
    ("mm", (V, X), RuntimeError, "self must be a matrix"),
    ("mm", (X, V), RuntimeError, "mat2 must be a matrix"),
    ("mm", (B, V), RuntimeError, "self must be a matrix"),
    ("matmul", (X, X), RuntimeError, "mat1 and mat2 shapes cannot be multiplied (3x2 and 3x2)"),
    ("matmul", (f(3), V), RuntimeError, "inconsistent tensor size, expected tensor [3] and src [2] to have the same number "
     "of elements, but got 3 and 2 elements respectively"),
    ("matmul", (X, f(3)), RuntimeError, "size mismatch, got input (3), mat (3x2), vec (3)"),
    ("matmul", (f(3), f(2, 3)), RuntimeError, "mat1 and mat2 shapes cannot be multiplied (1x3 and 2x3)"),
    ("matmul", (ZERO, X), RuntimeError, "both arguments to matmul need to be at least 1D, but they are 0D and 2D"),
    ("matmul", (X, ZERO), RuntimeError, "both arguments to matmul need to be at least 1D, but they are 2D and 0D"),
    ("matmul", (f(4, 3, 2), X), RuntimeError, "mat1 and mat2 shapes cannot be multiplied (12x2 and 3x2)"),
    ("matmul", (f(4, 3, 2), f(3)), RuntimeError, "size mismatch, got input (12), mat (12x2), vec (3)"),
    ("matmul", (f(3), B.mT.contiguous()), RuntimeError, "Expected size for first two dimensions of batch2 tensor to be: [2, 3] but got: "
     "[2, 4]."),
    ("matmul", (f(4, 3, 2), f(5, 2, 3)), RuntimeError, "The size of tensor a (4) must match the size of tensor b (5) at "
     "non-singleton dimension 0"),
    ("matmul", (f(4, 3, 2), f(4, 3, 3)), RuntimeError, "Expected size for first two dimensions of batch2 tensor to be: "
     "[4, 2] but got: [4, 3]."),
    ("dot", (V, f(3)), RuntimeError, "inconsistent tensor size, expected tensor [2] and src [3] to have the same number of "
     "elements, but got 2 and 3 elements respectively"),
    ("dot", (X, V), RuntimeError, "1D tensors expected, but got 2D and 1D tensors"),
    ("dot", (ZERO, ZERO), RuntimeError, "1D tensors expected, but got 0D and 0D tensors"),
    ("mv", (f(2, 3), V), RuntimeError, "size mismatch, got input (2), mat (2x3), vec (2)"),
    ("mv", (f(2, 3), f(3, 1)), RuntimeError, "vector + matrix @ vector expected, got 1, 2, 2"),
    ("mv", (V, V), RuntimeError, "vector + matrix @ vector expected, got 1, 1, 1"),
    ("outer", (X, V), RuntimeError, "outer: Expected 1-D argument self, but got 2-D"),
    ("outer", (V, X), RuntimeError, "outer: Expected 1-D argument vec2, but got 2-D"),
    ("bmm", (X, B), RuntimeError, "batch1 must be a 3D tensor"),
    ("bmm", (B, X), RuntimeError, "batch2 must be a 3D tensor"),
    ("bmm", (B, f(3, 4, 5)), RuntimeError, "Expected size for first two dimensions of batch2 tensor to be: [2, 4] but got: "
     "[3, 4]."),
    ("bmm", (B, B), RuntimeError, "Expected size for first two dimensions of batch2 tensor to be: [2, 4] but got: [2, 3]."),
    ("addmm", (X, X, X), RuntimeError, "mat1 and mat2 shapes cannot be multiplied (3x2 and 3x2)"),
    ("addmm", (f(2, 2), X, f(2, 3)), RuntimeError, "The expanded size of the tensor (3) must match the existing size (2) at "
     "non-singleton dimension 1.  Target sizes: [3, 3].  Tensor sizes: [2, 2]"),
    ("addmm", (f(1, 3, 3), X, f(2, 3)), RuntimeError, "expand(torch.FloatTensor{[1, 3, 3]}, size=[3, 3]): the number of "
     "sizes provided (2) must be greater or equal to the number of dimensions in the tensor (3)"),
    ("addmm", (f(3), f(3), f(2, 3)), RuntimeError, "mat1 must be a matrix, got 1-D tensor"),
    ("addmm", (f(3), X, V), RuntimeError, "mat2 must be a matrix, got 1-D tensor"),
    ("addmv", (f(3), f(2, 3), f(3)), RuntimeError, "size mismatch, got input (3), mat (2x3), vec (3)"),
    ("addmv", (f(2, 2), f(2, 3), f(3)), RuntimeError, "vector + matrix @ vector expected, got 2, 2, 1"),
    ("baddbmm", (f(6), B, f(2, 4, 5)), RuntimeError, "The expanded size of the tensor (5) must match the existing size (6) "
     "at non-singleton dimension 2.  Target sizes: [2, 3, 5].  Tensor sizes: [6]"),
    ("baddbmm", (f(5), X, f(2, 4, 5)), RuntimeError, "batch1 must be a 3D tensor"),
    ("baddbmm", (f(5), B, B), RuntimeError, "Expected size for first two dimensions of batch2 tensor to be: [2, 4] but got:"),
    # matrix family: dtypes
    ("mm", (X, f(2, 2).double()), RuntimeError, "expected m1 and m2 to have the same dtype, but got: float != double"),
    ("mm", (X.long(), f(2, 2).double()), RuntimeError, "expected m1 and m2 to have the same dtype, but got: long int != do"),
    ("matmul", (V, DOUBLES), RuntimeError, "dot : expected both vectors to have same dtype, but found Float and Double"),
    ("matmul", (X, DOUBLES), RuntimeError, "addmv input tensors must have the same dtype, but got Double, Float, and Double"),
    ("bmm", (B, B.mT.double()), RuntimeError, "expected scalar type Float but found Double"),
    ("dot", (V, DOUBLES), RuntimeError, "dot : expected both vectors to have same dtype, but found Float and Double"),
    ("mv", (X, DOUBLES), RuntimeError, "addmv input tensors must have the same dtype, but got Double, Float, and Double"),
    ("addmm", (f(3).double(), X, f(2, 3)), RuntimeError, "self and mat2 must have the same dtype, but got Double and Float"),
    ("addmv", (DOUBLES, f(2, 3), f(3)), RuntimeError, "addmv input tensors must have the same dtype, but got Double, Float, "
     "and Float"),
    ("baddbmm", (f(5).double(), B, f(2, 4, 5)), RuntimeError, "Input dtypes must be the same, got: input double, batch1: "
     "float, batch2: float"),
    ("mm", (SQUARE_BOOLS, SQUARE_BOOLS), NotImplementedError, "\"addmm_impl_cpu_\" not implemented for 'Bool'"),
    ("dot", (BOOLS, BOOLS), NotImplementedError, "\"dot\" not implemented for 'Bool'"),
    ("mv", (SQUARE_BOOLS, BOOLS), NotImplementedError, "\"addmv_impl_cpu\" not implemented for 'Bool'"),
    ("bmm", (SQUARE_BOOLS[None], SQUARE_BOOLS[None]), NotImplementedError, "\"bmm\" not implemented for 'Bool'"),
    # elementwise
    ("add", (X, f(4, 2)), RuntimeError, "The size of tensor a (3) must match the size of tensor b (4) at non-singleton "
     "dimension 0"),
    ("mul", (X, f(3)), RuntimeError, "The size of tensor a (2) must match the size of tensor b (3) at non-singleton "
     "dimension 1"),
    ("sub", (BOOLS, BOOLS), RuntimeError, "Subtraction, the `-` operator, with two bool tensors is not supported."),
    ("sub", (BOOLS, 1), RuntimeError, "Subtraction, the `-` operator, with a bool tensor is not supported."),
    ("sub", (INTS, BOOLS), RuntimeError, "Subtraction, the `-` operator, with a bool tensor is not supported."),
    ("neg", (BOOLS,), RuntimeError, "Negation, the `-` operator, on a bool tensor is not supported."),
    ("abs", (BOOLS,), NotImplementedError, "\"abs_cpu\" not implemented for 'Bool'"),
    # reductions
    ("sum", (X, 2), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
    ("sum", (X, (0, -3)), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got -3)"),
    ("sum", (X, (0, 0)), RuntimeError, "dim 0 appears multiple times in the list of dims"),
    ("sum", (X, (1, -1)), RuntimeError, "dim 1 appears multiple times in the list of dims"),
    ("max", (f(0),), RuntimeError, "max(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
     "reduction dim with the 'dim' argument."),
    ("min", (f(2, 0),), RuntimeError, "min(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
     "reduction dim with the 'dim' argument."),
    ("max", (f(0, 3), 0), IndexError, "max(): Expected reduction dim 0 to have non-zero size."),
    ("max", (X, 2), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
    ("allclose", (V, DOUBLES), RuntimeError, "Float did not match Double"),
    ("allclose", (V, f(3)), RuntimeError, "The size of tensor a (2) must match the size of tensor b (3) at non-singleton "
     "dimension 0"),
    # arguments
    ("mm", (X, 1), TypeError, "mm(): argument 'mat2' (position 2) must be Tensor, not int"),
    ("matmul", (V, [1, 2]), TypeError, "matmul(): argument 'other' (position 2) must be Tensor, not list"),
    ("add", (V, "a"), TypeError, "add(): argument 'other' (position 2) must be Tensor, not str"),
    ("add", (V,), TypeError, "add() "),
    ("add", (), TypeError, "add() "),
    ("abs", ("a",), TypeError, "abs(): argument 'input' (position 1) must be Tensor, not str"),
    ("neg", (3,), TypeError, "neg(): argument 'input' (position 1) must be Tensor, not int"),
    ("equal", (V, 0), TypeError, "equal(): argument 'other' (position 2) must be Tensor, not int"),
    ("max", (V, "a"), TypeError, "max() received an invalid combination of arguments - got (Tensor, str), but expected one"),
    ("sum", (X, "a"), TypeError, "sum()"),
]  # fmt: skip


@pytest.mark.parametrize("name, arguments, error, message", TABLE, ids=[f"{row[0]}-{row[3][:30]}" for row in TABLE])
def test_table(name, arguments, error, message):
    tensors = [argument for argument in arguments if isinstance(argument, torch.Tensor)]
    before = [(tensor.clone(), tensor._version) for tensor in tensors]
    with pytest.raises(error) as raised:
        getattr(torch, name)(*arguments)
    assert type(raised.value) is error and str(raised.value).startswith(message)
    for tensor, (values, version) in zip(tensors, before, strict=True):
        assert tensor.equal(values) and tensor._version == version
    assert (torch.ones(8, 8) @ torch.ones(8, 8)).sum() == 512


@pytest.mark.parametrize(
    "name, arguments", [row[:2] for row in TABLE if row[0] in ("mm", "matmul", "bmm", "dot", "mv", "addmm") and row[2] is RuntimeError]
)  # fmt: skip
def test_matrix_errors_name_the_operands_own_shapes(name, arguments):
    with pytest.raises(RuntimeError) as raised:
        getattr(torch, name)(*arguments)
    text = str(raised.value)
    assert f"[{name}: " in text and text.endswith("]")
    for tensor in arguments:
        assert str(tuple(tensor.shape)) in text


def test_matrix_errors_name_a_transpose_that_fits():
    with pytest.raises(RuntimeError) as raised:
        torch.mm(torch.ones(3, 2), torch.ones(3, 2))
    assert "mat2.t() would fit: (2, 3)" in str(raised.value)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: X.mm(X), RuntimeError, "mat1 and mat2 shapes cannot be multiplied (3x2 and 3x2)"),
        (lambda: X @ X, RuntimeError, "mat1 and mat2 shapes cannot be multiplied (3x2 and 3x2)"),
        (lambda: X @ [1, 2], TypeError, "unsupported operand type(s) for @: 'Tensor' and 'list'"),
        (lambda: V.add("a"), TypeError, "add(): argument 'other' (position 1) must be Tensor, not str"),
        (lambda: torch.add(V, 1, foo=2), TypeError, "add() got an unexpected keyword argument 'foo'"),
        (lambda: V.addmv_(f(3, 3), f(3)), RuntimeError, ""),
        (lambda: f(1).addmv_(f(2, 3), f(3)), RuntimeError, "Bad in-place call: input tensor size [1] and output tensor size "
         "[2] should match"),
        (lambda: f(2).addmm_(f(2, 3), f(3, 2)), RuntimeError, "Bad in-place call: input tensor size [2] and output tensor "
         "size [2, 2] should match"),
        (lambda: f(2).baddbmm_(f(2, 2, 3), f(2, 3, 2)), RuntimeError, "Bad in-place call: input tensor size [2] and output "
         "tensor size [2, 2, 2] should match"),
        (lambda: torch.add(INTS, INTS, alpha=1.5), RuntimeError, "For integral input tensors, argument alpha must not be a "
         "floating point number."),
        (lambda: torch.add(V, V, alpha=True), RuntimeError, "Boolean alpha only supported for Boolean results."),
        (lambda: torch.div(V, V, rounding_mode="x"), RuntimeError, "div expected rounding_mode to be one of None, 'trunc', "
         "or 'floor' but found 'x'"),
        (lambda: torch.allclose(V, V, rtol=-1), RuntimeError, "rtol must be greater than or equal to zero, but got -1"),
        (lambda: torch.allclose(V, V, atol=-1), RuntimeError, "atol must be greater than or equal to zero, but got -1"),
        (lambda: torch.max(X, 0, out=(f(2), f(2))), RuntimeError, "Expected out tensor to have dtype long int, but got float"),
        (lambda: torch.mm(V.view(1, 2), X), RuntimeError, "mat1 and mat2 shapes cannot be multiplied (1x2 and 3x2)"),
    ],
)  # fmt: skip
def test_other_forms(call, error, message):
    with pytest.raises(error) as raised:
        call()
    assert type(raised.value) is error and str(raised.value).startswith(message)


def test_what_is_not_covered_says_so():
    for name in ("stft", "matmull", "quantize_per_tensor"):
        with pytest.raises(AttributeError, match=name):
            getattr(torch, name)
    with pytest.raises(AttributeError, match="matmul"):
        torch.matmull  # noqa: B018  the nearest name is part of the message
    with pytest.raises(RuntimeError, match="CPU"):
        torch.zeros(2, device="cuda")
    with pytest.raises(RuntimeError, match="complex"):
        torch.tensor(1j)
