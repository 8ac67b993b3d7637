// Memory shared with others: the buffer protocol both ways. NumPy arrays come and go through it, so NumPy is never linked.
#include <memory>
#include <string>
#include <string_view>

#include "python/autograd.h"

namespace wengert::python {
namespace {

Dims reversed(const Dims& dims) {
  Dims result(dims.size());
  for (int i = 0; i < dims.size(); ++i) result[i] = dims[dims.size() - 1 - i];
  return result;
}

struct Layout {  // of an exported buffer, in bytes
  Py_ssize_t shape[kMaxDims], strides[kMaxDims];
};

void release_view(void* owner) {
  auto* view = static_cast<Py_buffer*>(owner);
  PyGILState_STATE state = PyGILState_Ensure();
  PyBuffer_Release(view);
  PyGILState_Release(state);
  delete view;
}

std::string numpy_type_name(PyObject* array) {
  PyObject* dtype = PyObject_GetAttrString(array, "dtype");
  PyObject* type = dtype ? PyObject_GetAttrString(dtype, "type") : nullptr;
  PyObject* name = type ? PyObject_GetAttrString(type, "__name__") : nullptr;
  const char* text = name ? PyUnicode_AsUTF8(name) : nullptr;
  std::string result = text ? text : "?";
  Py_XDECREF(name);
  Py_XDECREF(type);
  Py_XDECREF(dtype);
  PyErr_Clear();
  return result;
}

[[noreturn, gnu::cold]] void unsupported_type(PyObject* array) {
  std::string names;
  for (const DTypeInfo& entry : kDTypeInfo) names += (names.empty() ? "" : ", ") + std::string(entry.name);
  fail(ErrorKind::type, "can't convert np.ndarray of type numpy.", numpy_type_name(array),
       ". The only supported types are: ", names, ".");
}

DType dtype_of_format(std::string_view format, PyObject* array, Py_ssize_t itemsize) {
  check_value(
      format.empty() || format[0] != '>',
      "given numpy array has byte order different from the native byte order. Conversion between byte orders is currently "
      "not supported.");
  if (!format.empty() && (format[0] == '<' || format[0] == '=' || format[0] == '@')) format.remove_prefix(1);
  if (format == "q") format = "l";  // NumPy tells long and long long apart; both have 64 bits
  for (int i = 0; i < kDTypes; ++i)
    if (format == kDTypeInfo[i].format && kDTypeInfo[i].itemsize == itemsize) return static_cast<DType>(i);
  unsupported_type(array);
}

}  // namespace

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  return guarded([&] {
    const Tensor& t = tensor_of(self);
    view->obj = nullptr;
    const auto refuse = [](const char* why) {
      PyErr_SetString(PyExc_BufferError, why);
      return -1;
    };
    check(!mode.grad || !requires_grad(self),
          "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.");
    if ((flags & PyBUF_WRITABLE) && !t.writable()) return refuse("the tensor shares read-only memory");
    const auto asks = [flags](int request) { return (flags & request) == request; };
    const bool fortran = is_contiguous(reversed(t.sizes()), reversed(t.strides()));
    if (!asks(PyBUF_STRIDES) || asks(PyBUF_C_CONTIGUOUS)) {
      if (!t.is_contiguous()) return refuse("the tensor is not contiguous");
    }
    if (asks(PyBUF_F_CONTIGUOUS) && !fortran) return refuse("the tensor is not Fortran contiguous");
    if (asks(PyBUF_ANY_CONTIGUOUS) && !t.is_contiguous() && !fortran) return refuse("the tensor is not contiguous");
    auto layout = std::make_unique<Layout>();
    for (int i = 0; i < t.dim(); ++i) {
      layout->shape[i] = t.size(i);
      layout->strides[i] = t.stride(i) * t.itemsize();
    }
    view->buf = t.data();
    view->len = t.nbytes();
    view->itemsize = t.itemsize();
    view->readonly = !t.writable();
    view->ndim = t.dim();
    view->format = flags & PyBUF_FORMAT ? const_cast<char*>(info(t.dtype()).format) : nullptr;
    view->shape = flags & PyBUF_ND ? layout->shape : nullptr;
    view->strides = asks(PyBUF_STRIDES) ? layout->strides : nullptr;
    view->suboffsets = nullptr;
    view->internal = layout.release();
    view->obj = Py_NewRef(self);
    return 0;
  });
}

void release_buffer(PyObject*, Py_buffer* view) { delete static_cast<Layout*>(view->internal); }

bool is_numpy_array(PyObject* object) {
  for (PyTypeObject* type = Py_TYPE(object); type; type = type->tp_base)
    if (std::string_view(type->tp_name) == "numpy.ndarray") return true;
  return false;
}

Tensor from_buffer(PyObject* array) {
  auto view = std::make_unique<Py_buffer>();
  if (PyObject_GetBuffer(array, view.get(), PyBUF_STRIDED | PyBUF_FORMAT) < 0) {
    PyErr_Clear();
    if (PyObject_GetBuffer(array, view.get(), PyBUF_STRIDED_RO | PyBUF_FORMAT) < 0) {
      PyErr_Clear();
      unsupported_type(array);
    }
  }
  // From here on the storage owns the buffer and gives it back, also where a check fails.
  Py_buffer* buffer = view.get();
  const StorageRef storage(
      new_foreign_storage(buffer->buf, static_cast<std::size_t>(buffer->len), buffer->readonly, release_view, view.release()));
  const DType dtype = dtype_of_format(buffer->format ? buffer->format : "B", array, buffer->itemsize);
  check_value(
      reinterpret_cast<std::uintptr_t>(buffer->buf) % static_cast<std::size_t>(buffer->itemsize) == 0,
      "the memory of the given numpy array is not aligned to its elements. Copy the numpy array to reallocate the memory.");
  Dims sizes(buffer->ndim), strides(buffer->ndim);
  for (int i = 0; i < buffer->ndim; ++i) {
    check_value(
        buffer->strides[i] % buffer->itemsize == 0,
        "given numpy array strides not a multiple of the element byte size. Copy the numpy array to reallocate the memory.");
    sizes[i] = buffer->shape[i];
    strides[i] = buffer->strides[i] / buffer->itemsize;
  }
  return Tensor(storage, static_cast<char*>(buffer->buf), dtype, sizes, strides);
}

}  // namespace wengert::python
