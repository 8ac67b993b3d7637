// What the files of this folder share: the Python tensor object, conversions, and the way errors cross into Python.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <pybind11/pybind11.h>
#include <structmember.h>

#include <new>

#include "core/tensor.h"
#include "ops/op.h"

namespace wengert::python {

struct Node;
struct Extra;
enum class ViewKind : std::uint8_t;

struct PyTensor {
  PyObject_HEAD Tensor tensor;
  PyObject* dict;
  PyObject* weakrefs;
  // History (autograd.h); all zero for a tensor that has none.
  Node* grad_fn;               // owned: what computed it, with `output`
  PyObject* base;              // owned: of a view, the tensor that is none
  Extra* extra;                // owned
  std::uint32_t output;        // which of grad_fn's
  std::uint32_t view_version;  // the storage's when grad_fn was right for this view
  std::uint8_t flags;
  ViewKind view_kind;
};

extern PyTypeObject* tensor_base_type;  // wengert._C.TensorBase
extern PyTypeObject* size_type;         // wengert.Size
extern PyTypeObject* dtype_type;        // wengert.dtype

inline bool is_tensor(PyObject* object) { return PyObject_TypeCheck(object, tensor_base_type); }
inline Tensor& tensor_of(PyObject* object) { return reinterpret_cast<PyTensor*>(object)->tensor; }

// All of these return a new reference, or null with an exception set.
PyObject* wrap(Tensor&& tensor);  // an instance of the public class
PyObject* wrap_number(const Scalar& value);
PyObject* wrap_size(const Dims& dims);
PyObject* wrap_strides(const Dims& dims);
PyObject* wrap_dtype(DType dtype);  // the singleton

// From 3.14 on a tuple keeps its hash, and zero bytes are no sign that it has none yet.
inline void forget_hash([[maybe_unused]] PyObject* tuple) {
#if PY_VERSION_HEX >= 0x030E0000
  reinterpret_cast<PyTupleObject*>(tuple)->ob_hash = -1;
#endif
}
// An instance of a subclass of tuple that adds nothing to its layout, its items still null.
inline PyObject* new_tuple(PyTypeObject* type, Py_ssize_t count) {
  PyObject* self = type->tp_alloc(type, count);
  if (self) forget_hash(self);
  return self;
}

// False where the object is none, without an exception, unless converting it raised.
bool as_dtype(PyObject* object, DType* dtype);           // also float, int, bool
bool as_number(PyObject* object, Scalar* value);         // Python and NumPy numbers; throws Error for ints beyond int64
bool as_integer(PyObject* object, std::int64_t* value);  // what has __index__, but bool
bool numpy_scalar_dtype(PyObject* object, DType* dtype);

// A Python exception is already set.
struct PythonError {};

// Turns the C++ exception in flight into a Python one.
void set_error_from_exception() noexcept;

// Runs f; null (or -1 for int) with a Python exception where it throws.
template <class F>
auto guarded(F&& f) noexcept -> decltype(f()) {
  try {
    return f();
  } catch (...) {
    set_error_from_exception();
  }
  if constexpr (std::is_pointer_v<decltype(f())>)
    return nullptr;
  else
    return -1;
}

// Each file adds its part.
void add_types(PyObject* module);        // types.cpp
void add_tensor_type(PyObject* module);  // tensor_type.cpp
void add_operators(PyObject* module);    // op_call.cpp
extern PyMethodDef kTensorMethods[];     // tensor_methods.cpp
extern PyGetSetDef kTensorProperties[];
void add_dlpack(PyObject* module);                   // dlpack.cpp
void add_optimizers(PyObject* module);               // optimizer.cpp
PyObject* subscript(PyObject* self, PyObject* key);  // indexing.cpp
int assign_subscript(PyObject* self, PyObject* key, PyObject* value);
int get_buffer(PyObject* self, Py_buffer* view, int flags);  // buffer.cpp
void release_buffer(PyObject* self, Py_buffer* view);
Tensor from_buffer(PyObject* array);  // shares the memory of a NumPy array or scalar
bool is_numpy_array(PyObject* object);
Tensor from_data(PyObject* data, const DType* dtype);  // data.cpp
const ElementwiseRow& elementwise_row(const char* name);
PyObject* number_operator(const Op& op, PyObject* a, PyObject* b);  // NotImplemented for foreign operands

}  // namespace wengert::python

// The tensor crosses into pybind11's functions by reference: no holder, no registry (a class_ instance costs 150 ns more).
namespace pybind11::detail {
template <>
struct type_caster<wengert::Tensor> {
  PYBIND11_TYPE_CASTER(wengert::Tensor, const_name("Tensor"));
  bool load(handle source, bool) {
    if (!wengert::python::is_tensor(source.ptr())) return false;
    value = wengert::python::tensor_of(source.ptr());
    return true;
  }
  static handle cast(wengert::Tensor tensor, return_value_policy, handle) { return wengert::python::wrap(std::move(tensor)); }
};
template <>
struct type_caster<wengert::DType> {
  PYBIND11_TYPE_CASTER(wengert::DType, const_name("dtype"));
  bool load(handle source, bool) { return wengert::python::as_dtype(source.ptr(), &value); }
  static handle cast(wengert::DType dtype, return_value_policy, handle) { return wengert::python::wrap_dtype(dtype); }
};
}  // namespace pybind11::detail
