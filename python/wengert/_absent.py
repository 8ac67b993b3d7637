"""Names of PyTorch's dtypes that no tensor here has, for programs that compare with them: ``x.dtype in (torch.float16, ...)``.

Any other use is an error that names ``dtype_not_covered``.
"""


class dtype_not_covered:
    """A dtype by name alone; it differs from all that tensors have."""

    def __init__(self, name, itemsize):
        self.name, self.itemsize = name, itemsize
        self.is_complex = name.startswith("complex")
        self.is_floating_point = not self.is_complex
        self.is_signed = True

    def __repr__(self):
        return f"torch.{self.name}"

    def __reduce__(self):
        return self.name  # pickled by name, as PyTorch's are


float16 = half = dtype_not_covered("float16", 2)
bfloat16 = dtype_not_covered("bfloat16", 2)
complex64 = cfloat = dtype_not_covered("complex64", 8)
complex128 = cdouble = dtype_not_covered("complex128", 16)
