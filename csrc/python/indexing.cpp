// x[...] and x[...] = value. Ints, slices with any non-zero step, None and Ellipsis make views; tensors, arrays, lists, ranges
// and bools are collected as keys for ops/index.h, which indexes the view.
#include <forward_list>

#include "ops/copy.h"
#include "ops/create.h"
#include "ops/index.h"
#include "ops/view.h"
#include "python/autograd.h"

namespace wengert::python {
namespace {

[[noreturn, gnu::cold]] void invalid(PyObject* key) {
  fail(ErrorKind::index,
       "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got ",
       Py_TYPE(key)->tp_name, ")");
}

bool is_mask(const Tensor& key) { return key.dtype() == DType::boolean || key.dtype() == DType::uint8; }

// What a tensor is as a key.
enum class KeyKind : std::uint8_t { number, flag, list };
KeyKind kind_of(const Tensor& key) {
  if (key.dim() != 0 || is_floating(key.dtype())) return KeyKind::list;
  return is_mask(key) ? KeyKind::flag : KeyKind::number;
}

// A list, a range, an array: what PyTorch makes a tensor of.
bool is_sequence(PyObject* key) { return PySequence_Check(key) && !PyTuple_CheckExact(key); }

Tensor tensor_of_sequence(PyObject* key) {
  Tensor result = is_numpy_array(key) ? from_buffer(key) : from_data(key, nullptr);
  if (result.dtype() == DType::int64 || is_mask(result)) return result;
  return to_dtype(result, DType::int64);  // floats and the empty list too, as PyTorch
}

// The view so far, and a key for each of its dimensions up to the last one that has a tensor. The view is sizes, strides and an
// offset until the end: a tensor per key would cost more than the keys.
class Selection {
 public:
  explicit Selection(const Tensor& input) : input_(input), sizes_(input.sizes()), strides_(input.strides()) {}

  bool advanced() const { return count_ > 0; }
  Tensor view() const { return input_.view_as(sizes_, strides_, offset_); }
  Tensor read() const { return changed_ ? index(view(), keys()) : index(input_, keys()); }
  void write(const Tensor& values) const { index_put(changed_ ? view() : input_, keys(), values, false); }

  void apply(PyObject* keys) {
    if (PyTuple_Check(keys)) return apply_all(&PyTuple_GET_ITEM(keys, 0), PyTuple_GET_SIZE(keys));
    PyObject* one[] = {keys};
    apply_all(one, 1);
  }

 private:
  const Tensor& input_;
  Dims sizes_, strides_;
  std::int64_t offset_ = 0;
  bool changed_ = false;          // something other than a tensor was a key
  const Tensor* keys_[kMaxDims];  // null: the whole dimension
  int count_ = 0;
  std::forward_list<Tensor> made_;  // of keys that were no tensors
  int dim_ = 0;                     // the next dimension of the view
  int selected_ = 0;                // dimensions that ints have taken away, for errors

  Keys keys() const { return {keys_, static_cast<std::size_t>(count_)}; }
  int dims() const { return sizes_.size(); }

  // How many dimensions of the input a key takes.
  static int taken(PyObject* key) {
    if (key == Py_None || key == Py_Ellipsis || PyBool_Check(key)) return 0;
    if (!is_tensor(key)) return 1;
    const Tensor& tensor = tensor_of(key);
    return is_mask(tensor) ? tensor.dim() : 1;
  }

  void apply_all(PyObject* const* keys, Py_ssize_t count) {
    std::int64_t consumed = 0;
    for (Py_ssize_t i = 0; i < count; ++i) consumed += taken(keys[i]);
    check_index(consumed <= dims(), "too many indices for tensor of dimension ", dims());
    const int skipped = dims() - static_cast<int>(consumed);
    bool ellipsis = false;
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyObject* key = keys[i];
      std::int64_t number;
      if (PyLong_CheckExact(key) && as_integer(key, &number)) {
        apply_integer(number);
      } else if (PySlice_Check(key)) {
        apply_slice(key);
      } else if (is_tensor(key)) {
        apply_tensor(tensor_of(key));
      } else if (key == Py_Ellipsis) {
        if (ellipsis) fail(ErrorKind::index, "an index can only have a single ellipsis ('...')");
        ellipsis = true;
        dim_ += skipped;
      } else if (key == Py_None) {
        add_dimension(dim_++);
      } else if (PyBool_Check(key)) {
        apply_flag(key == Py_True);
      } else if (as_integer(key, &number)) {
        apply_integer(number);
      } else if (is_sequence(key) && !PyUnicode_Check(key) && !PyBytes_Check(key)) {
        apply_list(keep(tensor_of_sequence(key)));
      } else {
        check_type(!PyUnicode_Check(key), "new(): invalid data type 'str'");
        invalid(key);
      }
    }
  }

  void apply_integer(std::int64_t number) {
    const std::int64_t size = sizes_[dim_];
    check_in_bounds(number, size, dim_ + selected_++);
    offset_ += (number < 0 ? number + size : number) * strides_[dim_];
    sizes_.erase(dim_);
    strides_.erase(dim_);
    changed_ = true;
  }

  void apply_slice(PyObject* key) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(key, &start, &stop, &step) < 0) throw PythonError();
    const Py_ssize_t length = PySlice_AdjustIndices(sizes_[dim_], &start, &stop, step);
    if (length > 0) offset_ += start * strides_[dim_];
    sizes_[dim_] = length;
    strides_[dim_] *= step;
    ++dim_;
    changed_ = true;
  }

  void add_dimension(int at) {
    const std::int64_t stride = at < dims() ? sizes_[at] * strides_[at] : 1;
    sizes_.insert(at, 1);
    strides_.insert(at, stride);
    changed_ = true;
  }

  // A new dimension of size 1, indexed once or not at all.
  void apply_flag(bool value) {
    add_dimension(dim_);
    apply_list(keep(full({value ? 1 : 0}, Scalar::of(std::int64_t{0}), DType::int64)));
  }

  void apply_tensor(const Tensor& key) {
    switch (kind_of(key)) {
      case KeyKind::number:
        return apply_integer(Scalar::load(key.dtype(), key.data()).integer);
      case KeyKind::flag:
        return apply_flag(!Scalar::load(key.dtype(), key.data()).is(0));
      case KeyKind::list:
        return apply_list(key);
    }
  }

  const Tensor& keep(Tensor key) {
    made_.push_front(std::move(key));
    return made_.front();
  }

  void apply_list(const Tensor& key) {
    const int taken = is_mask(key) ? key.dim() : 1;
    check_index(dim_ + taken <= dims(), "too many indices for tensor of dimension ", dims());
    for (int whole = whole_dims(); whole < dim_; ++whole) push(nullptr);
    push(&key);
    dim_ += taken;
  }
  void push(const Tensor* key) {
    check_index(count_ < kMaxDims, "too many indices for tensor of dimension ", dims());
    keys_[count_++] = key;
  }

  // Dimensions of the view that the keys so far stand for.
  int whole_dims() const {
    int total = 0;
    for (const Tensor* key : keys()) total += key && is_mask(*key) ? key->dim() : 1;
    return total;
  }
};

// As PyTorch: a short list that holds a slice, None or an Ellipsis, a tensor or another sequence is a tuple of keys.
bool is_tuple_like(PyObject* key) {
  if (!PyList_Check(key)) return false;
  const Py_ssize_t count = PyList_GET_SIZE(key);
  if (count >= 32) return false;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = PyList_GET_ITEM(key, i);
    if (item == Py_None || item == Py_Ellipsis || PySlice_Check(item) || is_tensor(item)) return true;
    if (PySequence_Check(item) && !PyUnicode_Check(item)) return true;
  }
  return false;
}

// f(selection), with the input's shape behind an IndexError's message.
template <class F>
auto with_selection(const Tensor& input, PyObject* key, F f) {
  try {
    Selection selection(input);
    if (is_tuple_like(key)) {
      PyObject* tuple = PyList_AsTuple(key);
      if (!tuple) throw PythonError();
      const pybind11::object held = pybind11::reinterpret_steal<pybind11::object>(tuple);
      selection.apply(tuple);
      return f(selection);
    }
    selection.apply(key);
    return f(selection);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::index && error.kind() != ErrorKind::runtime) throw;
    const std::string_view message = error.what();
    if (error.kind() == ErrorKind::runtime && message.ends_with(']')) throw;
    throw Error(error.kind(), str(message, " [index: input ", tuple_of(input.sizes()), "]"));
  }
}

// The commonest keys, alone, without a Selection. False: another key.
bool plain_view(const Tensor& input, PyObject* key, Tensor* view) {
  std::int64_t number;
  if (key == Py_Ellipsis) {
    *view = input;
    return true;
  }
  if (input.dim() == 0 || is_tensor(key) || PyBool_Check(key)) return false;
  if (PyLong_Check(key) && as_integer(key, &number)) {
    if (number < -input.size(0) || number >= input.size(0)) return false;
    *view = select(input, 0, number);
    return true;
  }
  return false;
}

void check_not_zero_dim(const Tensor& input, PyObject* key) {
  if (input.dim() != 0) return;
  const auto context = [&] { return str(" [index: input ", tuple_of(input.sizes()), "]"); };
  if (PySlice_Check(key)) fail(ErrorKind::index, "slice() cannot be applied to a 0-dim tensor.", context());
  std::int64_t number;
  if (!PyBool_Check(key) && !is_tensor(key) && as_integer(key, &number))
    fail(ErrorKind::index,
         "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim "
         "tensor to a number",
         context());
}

// The number as an element of the target, with PyTorch's check of its range.
Tensor element(const Tensor& target, Scalar number) { return full({}, number, target.dtype()); }

void assign(const Tensor& target, PyObject* value, const Scalar* number) {
  if (number) return fill(target, *number);
  Tensor source = tensor_of(value);
  while (source.dim() > 0 && source.size(0) == 1) source = select(source, 0, 0);  // as PyTorch, leading ones go
  copy_into(target, expand(source, target.sizes()));
}

}  // namespace

namespace {

// Ints, slices, None and Ellipsis only: x[key] is a view.
bool is_view_key(PyObject* key) {
  const auto plain = [](PyObject* item) {
    return (PyLong_Check(item) && !PyBool_Check(item)) || PySlice_Check(item) || item == Py_None || item == Py_Ellipsis;
  };
  if (!PyTuple_Check(key)) return plain(key);
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i)
    if (!plain(PyTuple_GET_ITEM(key, i))) return false;
  return true;
}

// PyTorch's names of the nodes: that of the last key's view, or of indexing by tensors.
PyTypeObject* node_of_key(PyObject* key, bool advanced) {
  static PyTypeObject *index = new_node_type("IndexBackward0"), *select = new_node_type("SelectBackward0"),
                      *slice = new_node_type("SliceBackward0"), *unsqueeze = new_node_type("UnsqueezeBackward0"),
                      *alias = new_node_type("AliasBackward0");
  if (advanced) return index;
  if (PyTuple_Check(key)) {
    if (PyTuple_GET_SIZE(key) == 0) return alias;
    key = PyTuple_GET_ITEM(key, PyTuple_GET_SIZE(key) - 1);
  }
  return PySlice_Check(key) ? slice : key == Py_None ? unsqueeze : key == Py_Ellipsis ? alias : select;
}

PyObject* read_subscript(PyObject* self, PyObject* key, bool* advanced) {
  const Tensor& input = tensor_of(self);
  Tensor view;
  if (!plain_view(input, key, &view)) {
    check_not_zero_dim(input, key);
    view = with_selection(input, key, [&](const Selection& selection) {
      *advanced = selection.advanced();
      return *advanced ? selection.read() : selection.view();
    });
  }
  PyObject* result = wrap(std::move(view));
  if (result && !*advanced) track_view(result, self);
  return result;
}

}  // namespace

PyObject* subscript(PyObject* self, PyObject* key) {
  return guarded([&]() -> PyObject* {
    bool advanced = false;
    PyObject* const objects[] = {self, key};
    if (!may_need(self) || !needs_recording({objects, 1})) return read_subscript(self, key, &advanced);
    static const Rule& rule = rule_named("getitem", {"input", "key"});
    Owned result = checked(read_subscript(self, key, &advanced));
    Recorder recorder(rule, objects, nullptr, node_of_key(key, advanced));
    recorder.finish(result.get());
    return result.release();
  });
}

namespace {

int write_subscript(PyObject* self, PyObject* key, PyObject* value);

}  // namespace

int assign_subscript(PyObject* self, PyObject* key, PyObject* value) {
  return guarded([&] {
    check_type(value != nullptr, "Tensor does not support deleting items");
    check_written(self);
    PyObject* const objects[] = {self, key, value};
    if ((may_need(self) || (is_tensor(value) && may_need(value))) && needs_recording(objects)) {
      static const Rule& rule = rule_named("setitem", {"input", "key", "value"});
      static PyTypeObject *slices = new_node_type("CopySlices"), *put = new_node_type("IndexPutBackward0");
      const bool view = is_view_key(key);
      if (view &&
          !surely_apart(tensor_of(self))) {  // what is written shows in other elements of self: a write to the part alone
        const Owned part = checked(subscript(self, key));
        checked(PyObject_CallMethod(part.get(), is_tensor(value) ? "copy_" : "fill_", "O", value));
        return 0;
      }
      check(!view || !requires_grad(self) || grad_fn_of(self) || !mode.grad,
            "a view of a leaf Variable that requires grad is being used in an in-place operation.");
      Recorder recorder(rule, objects, self, view ? slices : put);
      if (write_subscript(self, key, value) < 0) throw PythonError();
      recorder.finish(self);
      return 0;
    }
    return write_subscript(self, key, value);
  });
}

namespace {

int write_subscript(PyObject* self, PyObject* key, PyObject* value) {
  return guarded([&] {
    const Tensor& input = tensor_of(self);
    Scalar number;
    const bool is_number = !is_tensor(value) && as_number(value, &number);
    input.storage()->writer = "__setitem__";
    check_not_zero_dim(input, key);
    if (PyBool_Check(key) && (is_number || is_tensor(value))) {  // everything or nothing
      if (key == Py_True) assign(unsqueeze(input, 0), value, is_number ? &number : nullptr);
      return 0;
    }
    with_selection(input, key, [&](const Selection& selection) {
      check_type(is_number || is_tensor(value), "can't assign a ", Py_TYPE(value)->tp_name, " to a torch.",
                 info(input.dtype()).scalar, "Tensor");
      if (!selection.advanced()) {
        assign(selection.view(), value, is_number ? &number : nullptr);
        return 0;
      }
      if (is_number) {
        selection.write(element(input, number));
        return 0;
      }
      Tensor source = tensor_of(value);
      while (source.dim() > 0 && source.size(0) == 1) source = select(source, 0, 0);
      selection.write(source);
      return 0;
    });
    return 0;
  });
}

}  // namespace

}  // namespace wengert::python
