// x[...] and x[...] = value for the basic keys: ints, slices with any non-zero step, None, Ellipsis and tuples of
// them. Everything basic is a view.
#include "ops/copy.h"
#include "ops/view.h"
#include "python/python.h"

namespace wengert::python {
namespace {

[[noreturn, gnu::cold]] void unsupported(PyObject* key) {
  const char* type = Py_TYPE(key)->tp_name;
  if (is_tensor(key) || PySequence_Check(key) || PyBool_Check(key))
    fail(ErrorKind::not_implemented, "indexing with a ", type,
         " is not covered yet; ints, slices, None and ... are [for one element per index, index in a loop or use matrix "
         "products]");
  fail(ErrorKind::index,
       "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got ", type, ")");
}

Tensor take_slice(const Tensor& input, int dim, PyObject* key) {
  Py_ssize_t start, stop, step;
  if (PySlice_Unpack(key, &start, &stop, &step) < 0) throw PythonError();
  const Py_ssize_t length = PySlice_AdjustIndices(input.size(dim), &start, &stop, step);
  return slice(input, dim, start, step, length);
}

// Keys consume dimensions from left to right; `dim` is the next one of the view so far.
Tensor apply_tuple(const Tensor& input, PyObject* keys) {
  const Py_ssize_t count = PyTuple_GET_SIZE(keys);
  int consumed = 0;
  bool ellipsis = false;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* key = PyTuple_GET_ITEM(keys, i);
    if (key == Py_Ellipsis) {
      if (ellipsis) fail(ErrorKind::index, "an index can only have a single ellipsis ('...')");
      ellipsis = true;
    } else if (key != Py_None) {
      ++consumed;
    }
  }
  check_index(consumed <= input.dim(), "too many indices for tensor of dimension ", input.dim());
  Tensor view = input;
  int dim = 0, selected = 0;  // errors count the dimensions that ints have taken away
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* key = PyTuple_GET_ITEM(keys, i);
    std::int64_t index;
    if (key == Py_Ellipsis) {
      dim += input.dim() - consumed;
    } else if (key == Py_None) {
      view = unsqueeze(view, dim++);
    } else if (PySlice_Check(key)) {
      view = take_slice(view, dim++, key);
    } else if (as_integer(key, &index)) {
      check_in_bounds(index, view.size(dim), dim + selected++);
      view = select(view, dim, index);
    } else {
      unsupported(key);
    }
  }
  return view;
}

Tensor view_of_key(const Tensor& input, PyObject* key) {
  std::int64_t index;
  if (PyTuple_Check(key)) return apply_tuple(input, key);
  if (key == Py_Ellipsis) return input;
  if (key == Py_None) return unsqueeze(input, 0);
  if (PySlice_Check(key)) {
    check_index(input.dim() > 0, "slice() cannot be applied to a 0-dim tensor.");
    return take_slice(input, 0, key);
  }
  if (!as_integer(key, &index)) unsupported(key);
  check_index(input.dim() > 0,
              "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim "
              "tensor to a number");
  return select(input, 0, index);
}

Tensor view_of(const Tensor& input, PyObject* key) {
  try {
    return view_of_key(input, key);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::index) throw;
    throw Error(error.kind(), str(error.what(), " [index: input ", tuple_of(input.sizes()), "]"));
  }
}

}  // namespace

PyObject* subscript(PyObject* self, PyObject* key) {
  return guarded([&] { return wrap(view_of(tensor_of(self), key)); });
}

int assign_subscript(PyObject* self, PyObject* key, PyObject* value) {
  return guarded([&] {
    check_type(value != nullptr, "Tensor does not support deleting items");
    const Tensor target = view_of(tensor_of(self), key);
    Scalar number;
    if (!is_tensor(value) && as_number(value, &number)) {
      fill(target, number);
      return 0;
    }
    check_type(is_tensor(value), "can't assign a ", Py_TYPE(value)->tp_name, " to a torch.", info(target.dtype()).scalar,
               "Tensor");
    Tensor source = tensor_of(value);
    while (source.dim() > 0 && source.size(0) == 1) source = select(source, 0, 0);  // as PyTorch, leading ones go
    copy_into(target, expand(source, target.sizes()));
    return 0;
  });
}

}  // namespace wengert::python
