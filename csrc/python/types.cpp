// dtype and Size, and conversions between Python numbers and ours.
#include <string>
#include <string_view>

#include "python/python.h"

namespace wengert::python {

PyTypeObject* size_type = nullptr;
PyTypeObject* dtype_type = nullptr;

namespace {

struct PyDType {
  PyObject_HEAD DType dtype;
};

PyObject* dtypes[kDTypes];

DType dtype_of_object(PyObject* self) { return reinterpret_cast<PyDType*>(self)->dtype; }

PyObject* dtype_repr(PyObject* self) { return PyUnicode_FromFormat("torch.%s", info(dtype_of_object(self)).name); }
PyObject* dtype_reduce(PyObject* self, PyObject*) { return PyUnicode_FromString(info(dtype_of_object(self)).name); }
PyObject* dtype_floating(PyObject* self, void*) { return PyBool_FromLong(info(dtype_of_object(self)).is_floating); }
PyObject* dtype_signed(PyObject* self, void*) { return PyBool_FromLong(info(dtype_of_object(self)).is_signed); }
PyObject* dtype_complex(PyObject*, void*) { Py_RETURN_FALSE; }
PyObject* dtype_itemsize(PyObject* self, void*) { return PyLong_FromSize_t(itemsize(dtype_of_object(self))); }

PyMethodDef kDTypeMethods[] = {
    {"__reduce__", dtype_reduce, METH_NOARGS, nullptr},  // a name: pickle looks it up in wengert
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef kDTypeProperties[] = {
    {"is_floating_point", dtype_floating, nullptr, "True for float dtypes.", nullptr},
    {"is_signed", dtype_signed, nullptr, "True where negative values exist.", nullptr},
    {"is_complex", dtype_complex, nullptr, "False: complex dtypes are not covered.", nullptr},
    {"itemsize", dtype_itemsize, nullptr, "Bytes of one element.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyType_Slot kDTypeSlots[] = {
    {Py_tp_doc, const_cast<char*>("The type of a tensor's elements: wengert.float32 and the like.")},
    {Py_tp_repr, reinterpret_cast<void*>(dtype_repr)},
    {Py_tp_methods, kDTypeMethods},
    {Py_tp_getset, kDTypeProperties},
    {0, nullptr},
};
PyType_Spec kDTypeSpec = {"wengert.dtype", sizeof(PyDType), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                          kDTypeSlots};

PyObject* size_repr(PyObject* self) {
  PyObject* list = PySequence_List(self);
  if (!list) return nullptr;
  PyObject* text = PyUnicode_FromFormat("torch.Size(%R)", list);
  Py_DECREF(list);
  return text;
}

PyObject* as_size(PyObject* tuple) {  // steals the tuple
  if (!tuple || !PyTuple_Check(tuple)) return tuple;
  const Py_ssize_t n = PyTuple_GET_SIZE(tuple);
  PyObject* result = new_tuple(size_type, n);
  if (result)
    for (Py_ssize_t i = 0; i < n; ++i) PyTuple_SET_ITEM(result, i, Py_NewRef(PyTuple_GET_ITEM(tuple, i)));
  Py_DECREF(tuple);
  return result;
}

PyObject* size_concat(PyObject* a, PyObject* b) { return as_size(PyTuple_Type.tp_as_sequence->sq_concat(a, b)); }
PyObject* size_repeat(PyObject* a, Py_ssize_t n) { return as_size(PyTuple_Type.tp_as_sequence->sq_repeat(a, n)); }
PyObject* size_subscript(PyObject* self, PyObject* key) {
  PyObject* item = PyTuple_Type.tp_as_mapping->mp_subscript(self, key);
  return PySlice_Check(key) ? as_size(item) : item;
}

PyObject* size_numel(PyObject* self, PyObject*) {
  PyObject* product = PyLong_FromLong(1);
  for (Py_ssize_t i = 0; product && i < PyTuple_GET_SIZE(self); ++i) {
    PyObject* next = PyNumber_Multiply(product, PyTuple_GET_ITEM(self, i));
    Py_DECREF(product);
    product = next;
  }
  return product;
}

PyMethodDef kSizeMethods[] = {
    {"numel", size_numel, METH_NOARGS, "numel() -> int\n\nThe number of elements of a tensor of this size."},
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot kSizeSlots[] = {
    {Py_tp_doc, const_cast<char*>("The sizes of a tensor: a tuple of ints that prints as PyTorch's.")},
    {Py_tp_repr, reinterpret_cast<void*>(size_repr)},
    {Py_tp_methods, kSizeMethods},
    {Py_sq_concat, reinterpret_cast<void*>(size_concat)},
    {Py_sq_repeat, reinterpret_cast<void*>(size_repeat)},
    {Py_mp_subscript, reinterpret_cast<void*>(size_subscript)},
    {0, nullptr},
};
PyType_Spec kSizeSpec = {"wengert.Size", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, kSizeSlots};

PyObject* int_tuple(PyObject* tuple, const Dims& dims) {
  for (int i = 0; tuple && i < dims.size(); ++i) {
    PyObject* item = PyLong_FromLongLong(dims[i]);
    if (!item) {
      Py_CLEAR(tuple);
      return nullptr;
    }
    PyTuple_SET_ITEM(tuple, i, item);
  }
  return tuple;
}

}  // namespace

PyObject* wrap_size(const Dims& dims) { return int_tuple(new_tuple(size_type, dims.size()), dims); }
PyObject* wrap_strides(const Dims& dims) { return int_tuple(PyTuple_New(dims.size()), dims); }
PyObject* wrap_dtype(DType dtype) { return Py_NewRef(dtypes[index_of(dtype)]); }

PyObject* wrap_number(const Scalar& value) {
  if (value.is_floating()) return PyFloat_FromDouble(value.floating);
  return value.kind == Scalar::Kind::boolean ? PyBool_FromLong(value.integer != 0)
         : value.is_unsigned                 ? PyLong_FromUnsignedLongLong(static_cast<unsigned long long>(value.integer))
                                             : PyLong_FromLongLong(value.integer);
}

bool as_dtype(PyObject* object, DType* dtype) {
  if (Py_IS_TYPE(object, dtype_type))
    *dtype = dtype_of_object(object);
  else if (object == reinterpret_cast<PyObject*>(&PyFloat_Type))
    *dtype = DType::float64;
  else if (object == reinterpret_cast<PyObject*>(&PyLong_Type))
    *dtype = DType::int64;
  else if (object == reinterpret_cast<PyObject*>(&PyBool_Type))
    *dtype = DType::boolean;
  else
    return false;
  return true;
}

bool numpy_scalar_dtype(PyObject* object, DType* dtype) {
  std::string_view name = Py_TYPE(object)->tp_name;
  if (!name.starts_with("numpy.")) return false;
  name.remove_prefix(6);
  if (name == "bool_") name = "bool";
  if (name == "longlong") name = "int64";
  for (int i = 0; i < kDTypes; ++i) {
    if (name != kDTypeInfo[i].name) continue;
    *dtype = static_cast<DType>(i);
    return true;
  }
  return false;
}

bool as_number(PyObject* object, Scalar* value) {
  if (PyFloat_Check(object)) {
    *value = Scalar::of(PyFloat_AS_DOUBLE(object));
    return true;
  }
  if (PyBool_Check(object)) {
    *value = Scalar::of(object == Py_True);
    return true;
  }
  DType dtype;
  const bool integer = PyLong_Check(object);
  if (!integer && is_tensor(object)) {
    const Tensor& t = tensor_of(object);
    if (t.dim() != 0) return false;
    *value = Scalar::load(t.dtype(), t.data());
    return true;
  }
  if (!integer && !numpy_scalar_dtype(object, &dtype)) return false;
  if (!integer && dtype == DType::boolean) {
    *value = Scalar::of(PyObject_IsTrue(object) == 1);
    return true;
  }
  if (!integer && is_floating(dtype)) {
    const double number = PyFloat_AsDouble(object);
    if (number == -1 && PyErr_Occurred()) throw PythonError();
    *value = Scalar::of(number);
    return true;
  }
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow > 0) {  // up to 2^64 - 1
    const unsigned long long large = PyLong_AsUnsignedLongLong(object);
    if (PyErr_Occurred()) {
      PyErr_Clear();
      fail(ErrorKind::overflow, "int too big to convert");
    }
    *value = Scalar::of(static_cast<std::uint64_t>(large));
    return true;
  }
  if (overflow) fail(ErrorKind::overflow, "int too big to convert");
  if (number == -1 && PyErr_Occurred()) throw PythonError();
  *value = Scalar::of(static_cast<std::int64_t>(number));
  return true;
}

bool as_integer(PyObject* object, std::int64_t* value) {
  if (!PyLong_Check(object) && !PyIndex_Check(object)) return false;
  if (PyBool_Check(object)) return false;
  if (is_tensor(object) && (tensor_of(object).dim() != 0 || is_floating(tensor_of(object).dtype()))) return false;
  PyObject* index = PyNumber_Index(object);
  if (!index) {
    PyErr_Clear();  // a NumPy array has the slot but may not have the value
    return false;
  }
  int overflow = 0;
  *value = PyLong_AsLongLongAndOverflow(index, &overflow);
  Py_DECREF(index);
  check_value(!overflow, "Overflow when unpacking long long");
  return true;
}

void add_types(PyObject* module) {
  dtype_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&kDTypeSpec));
  size_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&kSizeSpec, reinterpret_cast<PyObject*>(&PyTuple_Type)));
  if (!dtype_type || !size_type) throw pybind11::error_already_set();
  for (int i = 0; i < kDTypes; ++i) {
    auto* object = PyObject_New(PyDType, dtype_type);
    if (!object) throw pybind11::error_already_set();
    object->dtype = static_cast<DType>(i);
    dtypes[i] = reinterpret_cast<PyObject*>(object);
    if (PyModule_AddObjectRef(module, kDTypeInfo[i].name, dtypes[i]) < 0) throw pybind11::error_already_set();
  }
  if (PyModule_AddObjectRef(module, "dtype", reinterpret_cast<PyObject*>(dtype_type)) < 0 ||
      PyModule_AddObjectRef(module, "Size", reinterpret_cast<PyObject*>(size_type)) < 0)
    throw pybind11::error_already_set();
}

}  // namespace wengert::python
