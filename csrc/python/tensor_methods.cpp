// Methods and properties that ask a tensor about itself, and those that turn it into Python objects.
#include "ops/view.h"
#include "python/autograd.h"

namespace wengert::python {
namespace {

PyObject* item(PyObject* self, PyObject*) {
  return guarded([&] {
    const Tensor& t = tensor_of(self);
    check(t.numel() == 1, "a Tensor with ", t.numel(), " elements cannot be converted to Scalar [item: input ",
          tuple_of(t.sizes()), "]");
    return wrap_number(Scalar::load(t.dtype(), t.data()));
  });
}

PyObject* list_of(const Tensor& t, int dim, const char* data) {
  if (dim == t.dim()) return wrap_number(Scalar::load(t.dtype(), data));
  PyObject* list = PyList_New(t.size(dim));
  const std::int64_t step = t.stride(dim) * t.itemsize();
  for (std::int64_t i = 0; list && i < t.size(dim); ++i) {
    PyObject* entry = list_of(t, dim + 1, data + i * step);
    if (!entry) {
      Py_CLEAR(list);
      break;
    }
    PyList_SET_ITEM(list, i, entry);
  }
  return list;
}

PyObject* tolist(PyObject* self, PyObject*) { return list_of(tensor_of(self), 0, tensor_of(self).data()); }

// size() and stride(): all of them, or the one of a dimension.
PyObject* all_or_one(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names, const char* method,
                     const Dims& dims, PyObject* (*all)(const Dims&)) {
  return guarded([&]() -> PyObject* {
    const Py_ssize_t total = count + (names ? PyTuple_GET_SIZE(names) : 0);
    check_type(total <= 1 && (!names || PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "dim") == 0), method,
               "() takes one argument, dim");
    if (total == 0 || args[0] == Py_None) return all(dims);
    std::int64_t dim;
    check_type(as_integer(args[0], &dim), method, "(): argument 'dim' (position 1) must be int, not ",
               Py_TYPE(args[0])->tp_name);
    const int i = wrap_dim(dim, tensor_of(self).dim());
    check_index(dims.size() > 0, "Dimension specified as ", dim, " but tensor has no dimensions");
    return PyLong_FromLongLong(dims[i]);
  });
}

PyObject* size(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  return all_or_one(self, args, count, names, "size", tensor_of(self).sizes(), wrap_size);
}
PyObject* stride(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  return all_or_one(self, args, count, names, "stride", tensor_of(self).strides(), wrap_strides);
}

PyObject* numel(PyObject* self, PyObject*) { return PyLong_FromLongLong(tensor_of(self).numel()); }
PyObject* dim(PyObject* self, PyObject*) { return PyLong_FromLong(tensor_of(self).dim()); }
PyObject* data_ptr(PyObject* self, PyObject*) {
  return PyLong_FromVoidPtr(tensor_of(self).numel() ? tensor_of(self).data() : nullptr);
}
PyObject* storage_offset(PyObject* self, PyObject*) { return PyLong_FromLongLong(tensor_of(self).storage_offset()); }
PyObject* element_size(PyObject* self, PyObject*) { return PyLong_FromLongLong(tensor_of(self).itemsize()); }
PyObject* is_floating_point(PyObject* self, PyObject*) { return PyBool_FromLong(is_floating(tensor_of(self).dtype())); }

PyObject* shape(PyObject* self, void*) { return wrap_size(tensor_of(self).sizes()); }
PyObject* dtype(PyObject* self, void*) { return wrap_dtype(tensor_of(self).dtype()); }
PyObject* ndim(PyObject* self, void*) { return dim(self, nullptr); }
PyObject* itemsize(PyObject* self, void*) { return element_size(self, nullptr); }
PyObject* nbytes(PyObject* self, void*) { return PyLong_FromLongLong(tensor_of(self).nbytes()); }
PyObject* version(PyObject* self, void*) { return PyLong_FromUnsignedLong(tensor_of(self).version()); }
// A view of the tensor, recorded under the attribute's name.
template <class F>
PyObject* view_attribute(PyObject* self, const char* name, F&& view) {
  return guarded([&] {
    const auto run = [&] {
      PyObject* result = wrap(view(tensor_of(self)));
      if (result) track_view(result, self);
      return result;
    };
    PyObject* const objects[] = {self};
    if (may_need(self) && needs_recording(objects)) return record_call(rule_named(name, {"input"}), objects, nullptr, run);
    return run();
  });
}

PyObject* transposed(PyObject* self, void*) { return view_attribute(self, "T", reversed_dims); }
PyObject* matrix_transposed(PyObject* self, void*) { return view_attribute(self, "mT", matrix_transpose); }
PyObject* adjoint_of(PyObject* self, void*) {
  return view_attribute(self, "mH", [](const Tensor& t) { return adjoint(t, "mH"); });
}
PyObject* conjugate_transposed(PyObject* self, void*) {
  return view_attribute(self, "H", [](const Tensor& t) {
    check(t.dim() == 0 || t.dim() == 2, "tensor.H is only supported on matrices (2-D tensors). Got ", t.dim(), "-D tensor.",
          t.dim() > 2 ? " For batches of matrices, consider using tensor.mH" : "");
    return reversed_dims(t);
  });
}

PyObject* is_contiguous(PyObject* self, PyObject*) { return PyBool_FromLong(tensor_of(self).is_contiguous()); }

}  // namespace

#define FAST(f) reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_FASTCALL | METH_KEYWORDS
PyMethodDef kTensorMethods[] = {
    {"item", item, METH_NOARGS, "item() -> bool | int | float\n\nThe only element. RuntimeError unless there is exactly one."},
    {"tolist", tolist, METH_NOARGS, "tolist() -> list\n\nThe elements as nested lists; a number for a 0-d tensor."},
    {"size", FAST(size), "size(dim=None) -> Size | int\n\nAll sizes, or that of one dimension."},
    {"stride", FAST(stride), "stride(dim=None) -> tuple | int\n\nSteps between neighbours, in elements."},
    {"numel", numel, METH_NOARGS, "numel() -> int\n\nThe number of elements."},
    {"nelement", numel, METH_NOARGS, "nelement() -> int\n\nThe number of elements."},
    {"dim", dim, METH_NOARGS, "dim() -> int\n\nThe number of dimensions."},
    {"ndimension", dim, METH_NOARGS, "ndimension() -> int\n\nThe number of dimensions."},
    {"data_ptr", data_ptr, METH_NOARGS, "data_ptr() -> int\n\nThe address of the first element; 0 for an empty tensor."},
    {"storage_offset", storage_offset, METH_NOARGS,
     "storage_offset() -> int\n\nWhere in the storage the first element lies, in elements."},
    {"element_size", element_size, METH_NOARGS, "element_size() -> int\n\nBytes of one element."},
    {"is_floating_point", is_floating_point, METH_NOARGS, "is_floating_point() -> bool\n\nTrue for float dtypes."},
    {"is_contiguous", is_contiguous, METH_NOARGS, "is_contiguous() -> bool\n\nTrue where the elements lie in row-major order."},
    {nullptr, nullptr, 0, nullptr},
};
#undef FAST

PyGetSetDef kTensorProperties[] = {
    {"shape", shape, nullptr, "The sizes, as wengert.Size.", nullptr},
    {"dtype", dtype, nullptr, "The type of the elements.", nullptr},
    {"ndim", ndim, nullptr, "The number of dimensions.", nullptr},
    {"itemsize", itemsize, nullptr, "Bytes of one element.", nullptr},
    {"nbytes", nbytes, nullptr, "Bytes of all elements.", nullptr},
    {"T", transposed, nullptr, "A view with the dimensions in reverse order.", nullptr},
    {"mT", matrix_transposed, nullptr, "A view with the last two dimensions exchanged.", nullptr},
    {"H", conjugate_transposed, nullptr, "A view of a matrix transposed.", nullptr},
    {"mH", adjoint_of, nullptr, "A view with the last two dimensions exchanged.", nullptr},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, "The attributes set on this tensor.", nullptr},
    {"_version", version, nullptr, "How often the storage has been written to in place.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace wengert::python
