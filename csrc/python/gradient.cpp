// What Python sees of a tensor's history: requires_grad, grad, grad_fn, detach ..., the modes of a thread, and the functions
// that attach nodes to results of Python's own functions.
#include <cstring>

#include "python/autograd.h"

namespace wengert::python {
namespace {

void check_can_require(PyObject* self, const char* dtypes) {
  check(is_floating(tensor_of(self).dtype()), "only Tensors of ", dtypes, " dtype can require gradients");
  check(!(as_tensor(self)->flags & kInference) || mode.inference,
        "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.");
}

PyObject* get_requires_grad(PyObject* self, void*) { return PyBool_FromLong(requires_grad(self)); }

void change(PyObject* self, bool on) {
  PyTensor* tensor = as_tensor(self);
  tensor->flags = static_cast<std::uint8_t>(on ? tensor->flags | kRequiresGrad : tensor->flags & ~kRequiresGrad);
}

constexpr const char* kOnlyLeaves = "you can only change requires_grad flags of leaf variables.";
constexpr const char* kUseDetach =
    " If you want to use a computed variable in a subgraph that doesn't require differentiation use var_no_grad = "
    "var.detach().";

int set_requires_grad(PyObject* self, PyObject* value, void*) {
  return guarded([&] {
    check(value && PyBool_Check(value), "requires_grad must be a bool");
    const bool on = value == Py_True;
    check(!grad_fn_of(self), kOnlyLeaves, on ? "" : kUseDetach);
    if (on) check_can_require(self, "floating point and complex");
    change(self, on);
    return 0;
  });
}

PyObject* requires_grad_method(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  return guarded([&]() -> PyObject* {
    const Py_ssize_t total = count + (names ? PyTuple_GET_SIZE(names) : 0);
    check_type(total <= 1 && (!names || PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "requires_grad") == 0) &&
                   (total == 0 || PyBool_Check(args[0])),
               "requires_grad_(): argument 'requires_grad' must be bool");
    const bool on = total == 0 || args[0] == Py_True;
    Node* node = grad_fn_of(self);
    check(!node || on, kOnlyLeaves, kUseDetach);
    if (!node) {
      if (on) check_can_require(self, "floating point");
      change(self, on);
    }
    return Py_NewRef(self);
  });
}

PyObject* get_is_leaf(PyObject* self, void*) {
  return guarded([&] { return PyBool_FromLong(!grad_fn_of(self)); });
}

PyObject* get_grad_fn(PyObject* self, void*) {
  return guarded([&] {
    Node* node = grad_fn_of(self);
    return Py_NewRef(node ? as_object(node) : Py_None);
  });
}

PyObject* get_output_nr(PyObject* self, void*) { return PyLong_FromUnsignedLong(as_tensor(self)->output); }

PyObject* get_grad(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    const PyTensor* tensor = as_tensor(self);
    if (tensor->extra && tensor->extra->grad) return Py_NewRef(tensor->extra->grad);
    if (tensor->grad_fn && !(tensor->flags & kRetainsGrad) &&
        PyErr_WarnEx(
            PyExc_UserWarning,
            "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be "
            "populated during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, "
            "use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access the "
            "leaf Tensor instead.",
            1) < 0)
      return nullptr;
    Py_RETURN_NONE;
  });
}

int set_grad(PyObject* self, PyObject* value, void*) {
  return guarded([&] {
    if (!value || value == Py_None) {
      if (Extra* extra = as_tensor(self)->extra) Py_CLEAR(extra->grad);
      return 0;
    }
    check_type(is_tensor(value), "assigned grad expected to be a Tensor or None but got grad of type ",
               Py_TYPE(value)->tp_name);
    check(value != self, "can't assign Variable as its own grad");
    const Tensor &grad = tensor_of(value), &tensor = tensor_of(self);
    const auto sizes = [](const Tensor& t) {
      std::string text;
      for (std::int64_t size : t.sizes()) text += str(text.empty() ? "" : ", ", size);
      return "[" + text + "]";
    };
    check(grad.dtype() == tensor.dtype(), "attempting to assign a gradient with dtype '", info(grad.dtype()).name,
          "' to a tensor with grad_dtype '", info(tensor.dtype()).name, "'. The gradient must match the tensor's dtype.");
    check(
        grad.sizes() == tensor.sizes(), "attempting to assign a gradient of size '", [&] { return sizes(grad); },
        "' to a tensor of size '", [&] { return sizes(tensor); },
        "'. Please ensure that the gradient and the tensor are the same size");
    Extra& extra = extra_of(self);
    Py_XDECREF(std::exchange(extra.grad, Py_NewRef(value)));
    return 0;
  });
}

PyObject* get_data(PyObject* self, void*) {
  return guarded([&] { return wrap(tensor_of(self).untracked()); });
}

int set_data(PyObject* self, PyObject* value, void*) {
  return guarded([&] {
    check_type(value && is_tensor(value), "Variable data has to be a tensor, but got ",
               value ? Py_TYPE(value)->tp_name : "nothing");
    check(!requires_grad(self) || is_floating(tensor_of(value).dtype()),
          "data set to a tensor that requires gradients must be floating point or complex dtype");
    tensor_of(self) = tensor_of(value);
    if (as_tensor(self)->flags & kTracked) as_tensor(self)->view_version = tensor_of(self).version();
    return 0;
  });
}

// The same elements, without history.
PyObject* detach(PyObject* self, PyObject*) {
  return guarded([&] {
    PyObject* result = wrap(Tensor(tensor_of(self)));
    if (result) as_tensor(result)->flags |= as_tensor(self)->flags & kInference;
    return result;
  });
}

PyObject* detach_inplace(PyObject* self, PyObject*) {
  return guarded([&] {
    PyTensor* tensor = as_tensor(self);
    check(!(tensor->flags & kTracked), "Can't detach views in-place. Use detach() instead.");
    if (Node* node = std::exchange(tensor->grad_fn, nullptr)) Py_DECREF(as_object(node));
    tensor->output = 0;
    change(self, false);
    return Py_NewRef(self);
  });
}

PyObject* retain_grad(PyObject* self, PyObject*) {
  return guarded([&]() -> PyObject* {
    check(requires_grad(self), "can't retain_grad on Tensor that has requires_grad=False");
    Node* node = grad_fn_of(self);
    if (!node) Py_RETURN_NONE;
    NodeExtra& extra = node_extra(node);
    if (!extra.retained) extra.retained = checked(PyDict_New()).release();
    const Owned reference = checked(PyWeakref_NewRef(self, nullptr)),
                output = checked(PyLong_FromUnsignedLong(as_tensor(self)->output));
    if (PyDict_SetItem(extra.retained, output.get(), reference.get()) < 0) throw PythonError();
    as_tensor(self)->flags |= kRetainsGrad;
    Py_RETURN_NONE;
  });
}

PyObject* get_retains_grad(PyObject* self, void*) { return PyBool_FromLong((as_tensor(self)->flags & kRetainsGrad) != 0); }
PyObject* get_base(PyObject* self, void*) {
  PyObject* base = as_tensor(self)->base;
  return Py_NewRef(base ? base : Py_None);
}
PyObject* is_view(PyObject* self, PyObject*) { return PyBool_FromLong(as_tensor(self)->base != nullptr); }
PyObject* is_inference(PyObject* self, PyObject*) { return PyBool_FromLong((as_tensor(self)->flags & kInference) != 0); }

PyObject* new_or_held(PyObject*& place) {
  if (!place) place = checked(PyDict_New()).release();
  return Py_NewRef(place);
}

// The dict that a hook of this tensor goes into: a leaf's own, or that of the node which computed it.
PyObject* hook_dict(PyObject* self, PyObject*) {
  return guarded([&]() -> PyObject* {
    check(requires_grad(self), "cannot register a hook on a tensor that doesn't require gradient");
    Node* node = grad_fn_of(self);
    if (!node) return new_or_held(extra_of(self).hooks);
    NodeExtra& extra = node_extra(node);
    if (!extra.tensor_hooks) extra.tensor_hooks = checked(PyDict_New()).release();
    const Owned output = checked(PyLong_FromUnsignedLong(as_tensor(self)->output));
    if (PyObject* held = PyDict_GetItemWithError(extra.tensor_hooks, output.get())) return Py_NewRef(held);
    Owned made = checked(PyDict_New());
    if (PyDict_SetItem(extra.tensor_hooks, output.get(), made.get()) < 0) throw PythonError();
    return made.release();
  });
}

PyObject* post_accumulate_dict(PyObject* self, PyObject*) {
  return guarded([&] {
    check(requires_grad(self), "cannot register a hook on a tensor that doesn't require gradient");
    check(!grad_fn_of(self), "post accumulate grad hooks cannot be registered on non-leaf tensors");
    return new_or_held(extra_of(self).post_accumulate_hooks);
  });
}

PyObject* get_tangent(PyObject* self, void*) {
  return guarded([&] {
    Owned tangent = tangent_of(self);
    return tangent ? tangent.release() : Py_NewRef(Py_None);
  });
}
int set_tangent(PyObject* self, PyObject* value, void*) {
  return guarded([&] {
    PyTensor* tensor = as_tensor(self);
    if (!value || value == Py_None) {
      if (tensor->extra) Py_CLEAR(tensor->extra->tangent);
      tensor->flags = static_cast<std::uint8_t>(tensor->flags & ~kTangent);
      return 0;
    }
    check_type(is_tensor(value), "a tangent is a Tensor, not ", Py_TYPE(value)->tp_name);
    give_tangent(self, value);
    return 0;
  });
}

#define FAST(f) reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_FASTCALL | METH_KEYWORDS
PyMethodDef kMethods[] = {
    {"requires_grad_", FAST(requires_grad_method),
     "requires_grad_(requires_grad=True) -> Tensor\n\nWhether operations on this leaf are recorded; returns the tensor itself. "
     "RuntimeError for\ndtypes other than floats, and for False on the result of a recorded operation.\n\n"
     ">>> wengert.ones(2).requires_grad_()\ntensor([1., 1.], requires_grad=True)"},
    {"detach", detach, METH_NOARGS,
     "detach() -> Tensor\n\nThe same elements, in the same memory, without history.\n\n"
     ">>> x = wengert.ones(2, requires_grad=True)\n>>> (x * 2).detach()\ntensor([2., 2.])"},
    {"detach_", detach_inplace, METH_NOARGS,
     "detach_() -> Tensor\n\nForgets the tensor's own history and returns the tensor. RuntimeError for views."},
    {"retain_grad", retain_grad, METH_NOARGS,
     "retain_grad()\n\nBackward passes put the gradient of this tensor into .grad though it is no leaf. RuntimeError where it "
     "needs none."},
    {"_is_view", is_view, METH_NOARGS, "_is_view() -> bool\n\nWhether the tensor is a view of another one."},
    {"is_inference", is_inference, METH_NOARGS, "is_inference() -> bool\n\nWhether the tensor was made in inference_mode."},
    {"_hook_dict", hook_dict, METH_NOARGS, "_hook_dict() -> dict\n\nThe hooks on this tensor's gradient, by their number."},
    {"_post_accumulate_dict", post_accumulate_dict, METH_NOARGS,
     "_post_accumulate_dict() -> dict\n\nThe hooks after accumulation."},
};
#undef FAST

PyGetSetDef kProperties[] = {
    {"requires_grad", get_requires_grad, set_requires_grad, "Whether operations on this tensor are recorded.", nullptr},
    {"is_leaf", get_is_leaf, nullptr, "Whether no recorded operation computed this tensor.", nullptr},
    {"grad", get_grad, set_grad, "The gradient that backward passes have accumulated, or None.", nullptr},
    {"grad_fn", get_grad_fn, nullptr, "The node of the graph that computed this tensor, or None.", nullptr},
    {"output_nr", get_output_nr, nullptr, "Which of its node's results this tensor is.", nullptr},
    {"retains_grad", get_retains_grad, nullptr, "Whether retain_grad() was called on this tensor, which is no leaf.", nullptr},
    {"data", get_data, set_data, "The same elements without history; writes through it are not noticed by saved tensors.",
     nullptr},
    {"_base", get_base, nullptr, "The tensor that this one is a view of, or None.", nullptr},
    {"_tangent", get_tangent, set_tangent, "The tangent of forward mode, or None.", nullptr},
};

// Saved tensors of custom functions ------------------------------------------------------------------------------------------

struct SavedTensor {
  PyObject_HEAD Saved saved;
};
PyTypeObject* saved_type = nullptr;
Saved& saved_of(PyObject* object) { return reinterpret_cast<SavedTensor*>(object)->saved; }

int saved_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(saved_of(self).object);
  Py_VISIT(saved_of(self).history);
  Py_VISIT(saved_of(self).unpack);
  return 0;
}
int saved_clear(PyObject* self) {
  Saved& saved = saved_of(self);
  Py_CLEAR(saved.object);
  Node* history = std::exchange(saved.history, nullptr);
  Py_XDECREF(history);
  Py_CLEAR(saved.unpack);
  return 0;
}
void saved_dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  saved_clear(self);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}
PyType_Slot kSavedSlots[] = {{Py_tp_traverse, reinterpret_cast<void*>(saved_traverse)},
                             {Py_tp_clear, reinterpret_cast<void*>(saved_clear)},
                             {Py_tp_dealloc, reinterpret_cast<void*>(saved_dealloc)},
                             {0, nullptr}};
PyType_Spec kSavedSpec = {"wengert._C.SavedTensor", sizeof(SavedTensor), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, kSavedSlots};

// Functions of the module
// ------------------------------------------------------------------------------------------------------

#define ARGS PyObject *, PyObject *const *args, Py_ssize_t count

PyObject* needs_gradient(PyObject*, PyObject* arguments) {
  return guarded([&]() -> PyObject* {
    check_type(PyTuple_Check(arguments), "_needs_gradient(arguments: tuple)");
    return PyBool_FromLong(
        needs_recording({&PyTuple_GET_ITEM(arguments, 0), static_cast<std::size_t>(PyTuple_GET_SIZE(arguments))}));
  });
}

std::vector<std::string> texts(PyObject* tuple) {
  std::vector<std::string> result;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) result.emplace_back(PyUnicode_AsUTF8(PyTuple_GET_ITEM(tuple, i)));
  return result;
}

PyObject* record(ARGS) {
  return guarded([&]() -> PyObject* {
    check_type(count == 4 && PyUnicode_Check(args[0]) && PyTuple_Check(args[1]) && PyTuple_Check(args[2]),
               "_record(name: str, names: tuple, arguments: tuple, results)");
    std::vector<std::string> fields;
    for (const char* attribute : {"_fields", "__match_args__"}) {
      const Owned names(PyObject_GetAttrString(args[3], attribute));
      if (names && PyTuple_Check(names.get())) fields = texts(names.get());
      if (!names) PyErr_Clear();
      if (!fields.empty()) break;
    }
    const Rule& rule = rule_named(PyUnicode_AsUTF8(args[0]), texts(args[1]), fields);
    Recorder recorder(rule, {&PyTuple_GET_ITEM(args[2], 0), static_cast<std::size_t>(PyTuple_GET_SIZE(args[2]))}, nullptr);
    recorder.finish(args[3]);
    return Py_NewRef(args[3]);
  });
}

// _attach(node, inputs, outputs, differentiable) -> bool: the outputs of a custom function.
PyObject* attach(ARGS) {
  return guarded([&]() -> PyObject* {
    check_type(count == 4 && PyObject_TypeCheck(args[0], node_type) && PyTuple_Check(args[1]) && PyTuple_Check(args[2]) &&
                   PyTuple_Check(args[3]),
               "_attach(node: Node, inputs: tuple, outputs: tuple, differentiable: tuple)");
    Node* node = as_node(args[0]);
    const Py_ssize_t input_count = PyTuple_GET_SIZE(args[1]), output_count = PyTuple_GET_SIZE(args[2]);
    const auto input = [&](Py_ssize_t i) { return PyTuple_GET_ITEM(args[1], i); };
    const auto output = [&](Py_ssize_t i) { return PyTuple_GET_ITEM(args[2], i); };
    const auto written = [&](Py_ssize_t i) {
      for (Py_ssize_t k = 0; k < input_count; ++k)
        if (input(k) == output(i)) return true;
      return false;
    };
    node->edges.resize(static_cast<int>(input_count));
    bool any = false;
    for (Py_ssize_t i = 0; i < input_count; ++i) {
      if (is_tensor(input(i))) node->edges[static_cast<int>(i)] = edge_of(input(i));
      any |= node->edges[static_cast<int>(i)].node != nullptr;
    }
    node->outputs.resize(static_cast<int>(output_count));
    node->sequence = next_sequence();
    for (Py_ssize_t i = 0; i < output_count; ++i) {
      const Tensor& tensor = tensor_of(output(i));
      const bool differentiable = PyObject_IsTrue(PyTuple_GET_ITEM(args[3], i)) && is_floating(tensor.dtype());
      node->outputs[static_cast<int>(i)] = {tensor.sizes(), tensor.dtype(), differentiable};
      if (any && differentiable && written(i)) check_inplace(output(i));
    }
    if (!any) Py_RETURN_FALSE;
    if (notes != Notes::none) note_call(node);
    for (Py_ssize_t i = 0; i < output_count; ++i) {
      if (!node->outputs[static_cast<int>(i)].differentiable) continue;
      PyTensor* tensor = as_tensor(output(i));
      if (written(i)) {
        check(!(tensor->flags & kTracked) || output_count == 1,
              "If your Function modifies an input view in-place and has several outputs, return a clone of the view instead");
        rebase_history(output(i), node, static_cast<std::uint32_t>(i));
      } else {
        if (tensor->flags & kTracked) tensor->view_kind = ViewKind::custom;
        set_history(tensor, node, static_cast<std::uint32_t>(i));
      }
    }
    Py_RETURN_TRUE;
  });
}

PyObject* pack(ARGS) {
  return guarded([&]() -> PyObject* {
    check_type(count == 2 && is_tensor(args[0]) && PyObject_TypeCheck(args[1], node_type), "_pack(tensor: Tensor, node: Node)");
    Saved saved;
    if (as_tensor(args[0])->grad_fn == as_node(args[1])) {  // an output: its history would be a cycle
      const Owned twin = checked(wrap(Tensor(tensor_of(args[0]))));
      saved = save(twin.get());
      saved.output = static_cast<std::int16_t>(as_tensor(args[0])->output);
    } else {
      saved = save(args[0]);
    }
    PyObject* self = saved_type->tp_alloc(saved_type, 0);
    if (!self) throw PythonError();
    new (&saved_of(self)) Saved(saved);
    return self;
  });
}

PyObject* unpack_saved(ARGS) {
  return guarded([&]() -> PyObject* {
    check_type(count == 2 && PyObject_TypeCheck(args[0], saved_type) && PyObject_TypeCheck(args[1], node_type),
               "_unpack(saved: SavedTensor, node: Node)");
    return unpack(saved_of(args[0]), as_node(args[1])).release();
  });
}

PyObject* primal(PyObject*, PyObject* tensor) {
  return guarded([&] {
    check_type(is_tensor(tensor), "_primal(tensor: Tensor)");
    return primal_of(tensor).release();
  });
}

PyObject* is_grad_enabled(PyObject*, PyObject*) { return PyBool_FromLong(mode.grad); }
PyObject* set_grad_enabled(PyObject*, PyObject* on) {
  return PyBool_FromLong(std::exchange(mode.grad, PyObject_IsTrue(on) == 1));
}
PyObject* is_inference_mode(PyObject*, PyObject*) { return PyBool_FromLong(mode.inference); }
PyObject* set_inference_mode(PyObject*, PyObject* on) {
  return PyBool_FromLong(std::exchange(mode.inference, PyObject_IsTrue(on) == 1));
}

// Returns the hooks that were in force before.
PyObject* set_pack_hooks(PyObject*, PyObject* hooks) {
  PyObject* before = std::exchange(mode.pack_hooks, hooks == Py_None ? nullptr : Py_NewRef(hooks));
  return before ? before : Py_NewRef(Py_None);
}

// _set_notes(level, check_nan) -> the level before: 0 nothing, 1 the line, 2 the traceback of each node's call.
PyObject* set_notes(ARGS) {
  return guarded([&]() -> PyObject* {
    check_type(count == 2 && PyLong_Check(args[0]), "_set_notes(level: int, check_nan: bool)");
    const Notes before = notes;
    notes = static_cast<Notes>(PyLong_AsLong(args[0]));
    check_nan = args[1] == Py_True;
    return PyLong_FromLong(static_cast<long>(before));
  });
}
PyObject* get_notes(PyObject*, PyObject*) {
  return Py_BuildValue("(iO)", static_cast<int>(notes), check_nan ? Py_True : Py_False);
}
PyObject* set_watch(PyObject*, PyObject* on) {
  return PyBool_FromLong(std::exchange(watch_gradients, PyObject_IsTrue(on) == 1));
}

#define FUNCTION(f) reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)), METH_FASTCALL
PyMethodDef kFunctions[] = {
    {"_needs_gradient", needs_gradient, METH_O, nullptr},
    {"_record", FUNCTION(record), nullptr},
    {"_attach", FUNCTION(attach), nullptr},
    {"_pack", FUNCTION(pack), nullptr},
    {"_unpack", FUNCTION(unpack_saved), nullptr},
    {"_primal", primal, METH_O, nullptr},
    {"is_grad_enabled", is_grad_enabled, METH_NOARGS,
     "is_grad_enabled() -> bool\n\nWhether operations are recorded in this thread.\n\n>>> wengert.is_grad_enabled()\nTrue"},
    {"_set_grad_enabled", set_grad_enabled, METH_O, nullptr},
    {"is_inference_mode_enabled", is_inference_mode, METH_NOARGS,
     "is_inference_mode_enabled() -> bool\n\nWhether this thread is inside inference_mode."},
    {"_set_inference_mode", set_inference_mode, METH_O, nullptr},
    {"_set_pack_hooks", set_pack_hooks, METH_O, nullptr},
    {"_set_notes", FUNCTION(set_notes), nullptr},
    {"_get_notes", get_notes, METH_NOARGS, nullptr},
    {"_set_watch", set_watch, METH_O, nullptr},
};

}  // namespace

void add_gradients(PyObject* module) {
  auto* type = reinterpret_cast<PyObject*>(tensor_base_type);
  const auto add = [&](const char* name, PyObject* descriptor) {
    if (PyObject_SetAttrString(type, name, checked(descriptor).get()) < 0) throw pybind11::error_already_set();
  };
  for (PyMethodDef& method : kMethods) add(method.ml_name, PyDescr_NewMethod(tensor_base_type, &method));
  for (PyGetSetDef& property : kProperties) add(property.name, PyDescr_NewGetSet(tensor_base_type, &property));
  saved_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&kSavedSpec));
  if (!saved_type) throw pybind11::error_already_set();
  for (PyMethodDef& function : kFunctions) {
    PyObject* object = PyCFunction_New(&function, nullptr);
    if (!object || PyModule_AddObject(module, function.ml_name, object) < 0) throw pybind11::error_already_set();
  }
}

}  // namespace wengert::python
