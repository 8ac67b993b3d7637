"""The public Tensor class: the compiled type plus what reads best in Python, and the operators as its methods."""

from . import _C
from ._printing import tensor_repr


class Tensor(_C.TensorBase):
    """A multi-dimensional array of one dtype on the CPU, in PyTorch's spelling.

    Made by :func:`wengert.tensor`, the creation functions and operators. Views share memory.

    >>> wengert.tensor([[1, 2], [3, 4]]).t()
    tensor([[1, 3],
            [2, 4]])
    """

    __slots__ = ()

    def __repr__(self):
        return tensor_repr(self)

    def __format__(self, spec):
        if self.dim() == 0:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __contains__(self, element):
        if not isinstance(element, (Tensor, int, float)):
            raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")
        equal = self == element
        return equal.numel() > 0 and bool(equal.max())

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
        """Adds to ``.grad`` of the leaves the gradient of this tensor, weighted with gradient; see :func:`wengert.autograd.backward`.

        >>> x = wengert.tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4.])
        """
        if inputs is None and (gradient is None or isinstance(gradient, Tensor)):
            retain = create_graph if retain_graph is None else retain_graph
            _C._run_backward((self,), (gradient,), bool(retain), bool(create_graph), None, True)
            return
        from .autograd import backward

        backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook):
        """hook(grad) runs on the gradient of this tensor in every backward pass, and may return another; returns a handle.

        >>> x = wengert.tensor([1.0], requires_grad=True)
        >>> handle = x.register_hook(lambda grad: grad * 2)
        >>> x.sum().backward()
        >>> x.grad
        tensor([2.])
        """
        from .utils.hooks import register

        return register(self._hook_dict(), hook)

    def register_post_accumulate_grad_hook(self, hook):
        """hook(tensor) runs after a backward pass has added to ``.grad`` of this leaf; returns a handle."""
        from .utils.hooks import register

        return register(self._post_accumulate_dict(), hook)

    def numpy(self, *, force=False):
        """A NumPy array that shares the tensor's memory. RuntimeError for a tensor that requires a gradient while graphs are
        recorded, unless force.

        >>> wengert.tensor([1, 2]).numpy()
        array([1, 2])
        """
        import numpy

        if self.requires_grad:
            if not force and _C.is_grad_enabled():
                raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
            self = self.detach()
        return numpy.asarray(memoryview(self))

    def __array__(self, dtype=None, copy=None):
        import numpy

        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError("a copy is needed to change the dtype of the array")
            return array.astype(dtype)
        return numpy.array(array, copy=True) if copy else array

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        from ._numpy import apply_ufunc

        return apply_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function, types, args, options):
        from ._numpy import apply_function

        return apply_function(function, args, options)

    def __array_namespace__(self, *, api_version=None):
        from . import array_api

        return array_api.namespace(api_version)

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        from ._interop import export

        return export(self, stream, max_version, dl_device, copy)

    def __dlpack_device__(self):
        return (1, 0)

    def __reduce_ex__(self, protocol):
        from ._interop import reduce

        return reduce(self, protocol)

    def __copy__(self):
        from ._interop import copy

        return copy(self)

    def __deepcopy__(self, memo):
        from ._interop import deepcopy

        return deepcopy(self, memo)

    def type(self, dtype=None, non_blocking=False):
        """The name of the tensor's type as PyTorch has it, or the tensor in another dtype: ``torch.float64``,
        ``torch.DoubleTensor`` or its name. ValueError for a name that is none.

        >>> wengert.tensor([1]).type()
        'torch.LongTensor'
        >>> wengert.tensor([1]).type("torch.FloatTensor")
        tensor([1.])
        """
        if dtype is None:
            return f"torch.{_TYPE_NAMES[self.dtype]}Tensor"
        if isinstance(dtype, str):
            named = (known for known, name in _TYPE_NAMES.items() if dtype == f"torch.{name}Tensor")
            if (known := next(named, None)) is None:
                raise ValueError(f"invalid type: {dtype!r}")
            dtype = known
        return self.to(getattr(dtype, "dtype", dtype), non_blocking)

    @property
    def device(self):
        """The CPU."""
        return _CPU

    @property
    def layout(self):
        """wengert.strided."""
        return _C.strided

    @property
    def is_cuda(self):
        """False."""
        return False


_CPU = _C.device("cpu")
_TYPE_NAMES = {
    _C.bool: "Bool",
    _C.uint8: "Byte",
    _C.int8: "Char",
    _C.int16: "Short",
    _C.int32: "Int",
    _C.int64: "Long",
    _C.uint16: "UInt16",
    _C.uint32: "UInt32",
    _C.uint64: "UInt64",
    _C.float32: "Float",
    _C.float64: "Double",
}

for _name, _method in _C.methods.items():
    setattr(Tensor, _name, _method)
# Python 2's names of /, which PyTorch keeps.
Tensor.__div__, Tensor.__rdiv__, Tensor.__idiv__ = Tensor.__truediv__, Tensor.__rtruediv__, Tensor.__itruediv__
_C._register_tensor_class(Tensor)

# The in-place methods that PyTorch has as functions of its namespace too.
INPLACE_FUNCTIONS = (
    "abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ as_strided_ asin_ asinh_ atan_ atanh_ "
    "ceil_ clamp_ clamp_max_ clamp_min_ clip_ conj_physical_ cos_ cosh_ deg2rad_ erf_ erfc_ exp2_ exp_ expm1_ fill_ fix_ "
    "floor_ frac_ gcd_ i0_ index_put_ lcm_ ldexp_ log10_ log1p_ log2_ log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ "
    "reciprocal_ relu_ resize_as_ round_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_ zero_"
)
