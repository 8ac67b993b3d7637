// tensor(data): nested sequences of numbers, NumPy arrays and scalars, tensors.
#include <type_traits>

#include "ops/copy.h"
#include "ops/promote.h"
#include "python/python.h"

namespace wengert::python {
namespace {

struct Ref {  // an owned reference
  PyObject* object;
  explicit Ref(PyObject* owned) : object(owned) {
    if (!object) throw PythonError();
  }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  ~Ref() { Py_DECREF(object); }
};

bool is_sequence(PyObject* object) {
  return !is_tensor(object) && PySequence_Check(object) && !PyUnicode_Check(object) && !PyBytes_Check(object) &&
         !PyDict_Check(object);
}

// The shape that the first elements show; the others are held to it while they are read.
Dims shape_of(PyObject* data) {
  Dims shape;
  Ref current(Py_NewRef(data));
  while (is_sequence(current.object)) {
    const Py_ssize_t length = PySequence_Size(current.object);
    if (length < 0) throw PythonError();
    check_value(shape.size() < kMaxDims, "too many dimensions '", Py_TYPE(current.object)->tp_name, "'");
    shape.push_back(length);
    if (length == 0) break;
    PyObject* first = PySequence_GetItem(current.object, 0);
    if (!first) throw PythonError();
    Py_DECREF(std::exchange(current.object, first));
  }
  return shape;
}

DType dtype_of_leaf(PyObject* leaf, int depth) {
  DType dtype;
  if (numpy_scalar_dtype(leaf, &dtype)) return dtype;  // before float: numpy.float64 is one
  if (PyFloat_Check(leaf)) return default_dtype();
  if (PyBool_Check(leaf)) return DType::boolean;
  if (PyLong_Check(leaf)) return DType::int64;
  if (is_tensor(leaf)) return tensor_of(leaf).dtype();
  if (PyUnicode_Check(leaf) || PyBytes_Check(leaf)) {
    const char* name = Py_TYPE(leaf)->tp_name;
    check_type(depth > 0, "new(): invalid data type '", name, "'");
    fail(ErrorKind::value, "too many dimensions '", name, "'");
  }
  fail(ErrorKind::runtime, "Could not infer dtype of ", Py_TYPE(leaf)->tp_name,
       PyComplex_Check(leaf) ? " (complex numbers are not covered)" : "");
}

// Calls f(leaf) for every element in order and holds every sequence to the shape.
template <class F>
void visit(PyObject* data, const Dims& shape, int depth, F& f) {
  if (depth == shape.size()) {
    if (is_sequence(data)) fail(ErrorKind::type, "'", Py_TYPE(data)->tp_name, "' object cannot be interpreted as a number");
    f(data);
    return;
  }
  check_type(is_sequence(data), "not a sequence");
  Ref items(PySequence_Fast(data, "not a sequence"));
  const Py_ssize_t length = PySequence_Fast_GET_SIZE(items.object);
  check_value(length == shape[depth], "expected sequence of length ", shape[depth], " at dim ", depth, " (got ", length, ")");
  for (Py_ssize_t i = 0; i < length; ++i) visit(PySequence_Fast_GET_ITEM(items.object, i), shape, depth + 1, f);
}

template <class T>
T element(const Scalar& value) {
  constexpr DType dtype = dtype_of<T>::value;
  if constexpr (is_integral(dtype)) {
    if constexpr (std::is_same_v<T, std::uint64_t>) {  // as in PyTorch, where negatives wrap into the narrower ones
      if (!value.is_floating() && !value.is_unsigned && value.integer < 0)
        fail(ErrorKind::overflow, "can't convert negative int to unsigned");
    } else {
      check_value(!value.is_unsigned, "Overflow when unpacking long long");
    }
    check(holds(dtype, value), "value cannot be converted to type ", info(dtype).name, " without overflow");
    if (!value.is_floating()) return static_cast<T>(value.integer);
    return value.floating >= 0x1p63 ? static_cast<T>(static_cast<std::uint64_t>(value.floating))
                                    : static_cast<T>(static_cast<std::int64_t>(value.floating));
  } else if constexpr (dtype == DType::boolean) {
    return !value.is(0);
  } else {
    return value.to<T>();
  }
}

Scalar leaf_value(PyObject* leaf) {
  Scalar value;
  if (is_tensor(leaf)) {
    check_value(tensor_of(leaf).numel() == 1, "only one element tensors can be converted to Python scalars");
    return Scalar::load(tensor_of(leaf).dtype(), tensor_of(leaf).data());
  }
  if (PyLong_Check(leaf)) {
    int overflow = 0;
    value = Scalar::of(static_cast<std::int64_t>(PyLong_AsLongLongAndOverflow(leaf, &overflow)));
    if (overflow > 0) {
      const unsigned long long large = PyLong_AsUnsignedLongLong(leaf);
      overflow = PyErr_Occurred() != nullptr;
      PyErr_Clear();
      value = Scalar::of(static_cast<std::uint64_t>(large));
    }
    check_value(!overflow, "Overflow when unpacking long long");
    if (PyBool_Check(leaf)) value.kind = Scalar::Kind::boolean;
    return value;
  }
  check_type(as_number(leaf, &value), "must be a number, not ", Py_TYPE(leaf)->tp_name);
  return value;
}

}  // namespace

Tensor from_data(PyObject* data, const DType* dtype) {
  if (is_tensor(data)) return clone(dtype ? to_dtype(tensor_of(data), *dtype) : tensor_of(data));
  if (is_numpy_array(data)) {
    const Tensor shared = from_buffer(data);
    return dtype && *dtype != shared.dtype() ? contiguous(to_dtype(shared, *dtype)) : clone(contiguous(shared));
  }
  const Dims shape = shape_of(data);
  DType result_dtype = DType::float32;
  if (dtype) {
    result_dtype = *dtype;
  } else {
    bool first = true;
    const auto infer = [&](PyObject* leaf) {
      const DType found = dtype_of_leaf(leaf, shape.size());
      result_dtype = first || found == result_dtype ? found : promote_types(result_dtype, found);
      first = false;
    };
    visit(data, shape, 0, infer);
    if (first) result_dtype = default_dtype();
  }
  Tensor result = Tensor::empty(shape, result_dtype);
  dispatch(result_dtype, [&]<class T>() {
    T* out = result.data<T>();
    const auto store = [&](PyObject* leaf) {
      if constexpr (std::is_floating_point_v<T>) {
        if (PyFloat_CheckExact(leaf)) {
          *out++ = static_cast<T>(PyFloat_AS_DOUBLE(leaf));
          return;
        }
      }
      *out++ = element<T>(leaf_value(leaf));
    };
    visit(data, shape, 0, store);
  });
  return result;
}

}  // namespace wengert::python
