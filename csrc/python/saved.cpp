// What nodes keep: tensors with the version they had, sequences as they were, and what pack hooks made of them.
#include "python/autograd.h"

namespace wengert::python {
namespace {

// "[torch.FloatTensor [2, 3]]"
std::string type_and_sizes(const Tensor& tensor) {
  std::string sizes;
  for (std::int64_t size : tensor.sizes()) sizes += str(sizes.empty() ? "" : ", ", size);
  return str("[torch.", info(tensor.dtype()).scalar, "Tensor [", sizes, "]]");
}

// PyTorch's sentence, then which operator keeps the value and which one wrote to it.
[[noreturn, gnu::cold]] void fail_version(const Tensor& tensor, std::uint32_t expected, Node* source, std::uint32_t output,
                                          Node* owner) {
  std::string origin;
  if (source) {
    origin = str(", which is output ", output, " of ", function_name(source), ",");
  }
  const char* writer = tensor.storage()->writer;
  fail(ErrorKind::runtime, "one of the variables needed for gradient computation has been modified by an inplace operation: ",
       type_and_sizes(tensor), origin, " is at version ", tensor.version(), "; expected version ", expected,
       " instead. Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
       "torch.autograd.set_detect_anomaly(True, check_nan=False). [kept by ",
       owner->rule ? owner->rule->op : std::string(node_name(owner)), " for its derivative",
       writer ? str(", written to by ", writer) : std::string(), "]");
}

// The versions of all tensors in a sequence and in those inside it, added up.
std::uint32_t versions_of(PyObject* sequence, bool* any) {
  std::uint32_t sum = 0;
  PyObject* const* items = PySequence_Fast_ITEMS(sequence);
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence); ++i) {
    if (is_tensor(items[i])) {
      sum += tensor_of(items[i]).version();
      *any = true;
    } else if (PyTuple_Check(items[i]) || PyList_Check(items[i])) {
      sum += versions_of(items[i], any);
    }
  }
  return sum;
}

// A sequence as it is now: lists and arrays inside it may change later.
Owned frozen(PyObject* object) {
  if (is_numpy_array(object)) return checked(PyObject_CallMethod(object, "copy", nullptr));
  if (!PyTuple_CheckExact(object) && !PyList_Check(object)) return Owned::of(object);
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(object);
  Owned copy = checked(PyTuple_CheckExact(object) ? PyTuple_New(count) : PyList_New(count));
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = frozen(PySequence_Fast_GET_ITEM(object, i)).release();
    if (PyTuple_CheckExact(object))
      PyTuple_SET_ITEM(copy.get(), i, item);
    else
      PyList_SET_ITEM(copy.get(), i, item);
  }
  return copy;
}

void check_savable(PyObject* tensor) {
  check(!(as_tensor(tensor)->flags & kInference),
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in computation "
        "tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it in autograd, or use "
        "`torch.no_grad()` instead of `torch.inference_mode()`.");
}

}  // namespace

Saved save(PyObject* object) {
  Saved saved;
  if (is_tensor(object)) {
    check_savable(object);
    saved.version = tensor_of(object).version();
    saved.has_versions = true;
    saved.has_history = as_tensor(object)->grad_fn != nullptr;
    if (mode.pack_hooks) {
      const Owned twin = checked(twin_of(object));
      saved.object = PyObject_CallOneArg(PyTuple_GET_ITEM(mode.pack_hooks, 0), twin.get());
      if (!saved.object) throw PythonError();
      saved.unpack = Py_NewRef(PyTuple_GET_ITEM(mode.pack_hooks, 1));
      if (requires_grad(object)) {
        const Edge edge = edge_of(object);
        saved.history = edge.node;
        saved.output = static_cast<std::int16_t>(edge.output);
      }
      return saved;
    }
    saved.object = Py_NewRef(object);
  } else if (PyTuple_Check(object) || PyList_Check(object)) {
    saved.version = versions_of(object, &saved.has_versions);
    saved.object = frozen(object).release();
  } else {
    saved.object = (is_numpy_array(object) ? frozen(object) : Owned::of(object)).release();
  }
  return saved;
}

Owned unpack(const Saved& saved, Node* owner) {
  if (saved.unpack) {
    Owned value = checked(PyObject_CallOneArg(saved.unpack, saved.object));
    check_type(is_tensor(value.get()), "Output of saved tensor unpack_hook expected to be a Tensor but got result of type ",
               Py_TYPE(value.get())->tp_name);
    Node* history = saved.history ? saved.history : saved.output >= 0 ? owner : nullptr;
    return history ? with_history(value.get(), history, static_cast<std::uint32_t>(saved.output)) : std::move(value);
  }
  if (!saved.has_versions) return Owned::of(saved.object);
  if (is_tensor(saved.object)) {
    const Tensor& tensor = tensor_of(saved.object);
    if (tensor.version() != saved.version) {
      const bool own = saved.output >= 0;
      Node* source = own ? owner : as_tensor(saved.object)->grad_fn;
      fail_version(tensor, saved.version, source,
                   own ? static_cast<std::uint32_t>(saved.output) : as_tensor(saved.object)->output, owner);
    }
    check(
        !saved.has_history || !mode.grad || as_tensor(saved.object)->grad_fn,
        "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_().This is not supported, please use "
        "out-of-place `.detach()` instead");
    if (saved.output >= 0 && mode.grad) return with_history(saved.object, owner, static_cast<std::uint32_t>(saved.output));
    return Owned::of(saved.object);
  }
  bool any = false;
  if (versions_of(saved.object, &any) != saved.version)
    fail(ErrorKind::runtime,
         "one of the variables needed for gradient computation has been modified by an inplace operation: a tensor of a list "
         "[kept by ",
         owner->rule ? owner->rule->op : std::string(node_name(owner)), " for its derivative]");
  if (saved.output < 0 || !mode.grad) return Owned::of(saved.object);
  const Py_ssize_t count = PyTuple_GET_SIZE(saved.object);  // results
  Owned tuple = checked(PyTuple_New(count));
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = PyTuple_GET_ITEM(saved.object, i);
    const bool differentiable = owner->outputs[static_cast<int>(i)].differentiable;
    PyTuple_SET_ITEM(tuple.get(), i,
                     differentiable ? with_history(item, owner, static_cast<std::uint32_t>(i)).release() : Py_NewRef(item));
  }
  return tuple;
}

}  // namespace wengert::python
