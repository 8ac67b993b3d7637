// Hooks on gradients: what they are called with, and what they may return in place of it.
#include <string>

#include "python/autograd.h"

namespace wengert::python {
namespace {

// PyTorch's name of a hook in its messages.
std::string hook_name(PyObject* hook) {
  const Owned name(PyObject_GetAttrString(hook, "__name__"));
  PyErr_Clear();
  return name && PyUnicode_Check(name.get()) ? PyUnicode_AsUTF8(name.get()) : "<unknown>";
}

// What a hook returned in place of a gradient.
void check_replacement(PyObject* before, PyObject* returned, PyObject* hook) {
  check_type(is_tensor(returned), "expected Variable, but hook returned '", Py_TYPE(returned)->tp_name, "'");
  const Tensor &was = tensor_of(before), &now = tensor_of(returned);
  check(
      now.dtype() == was.dtype(), "hook '", [&] { return hook_name(hook); }, "' has changed the type of value (was torch.",
      info(was.dtype()).scalar, "Tensor got torch.", info(now.dtype()).scalar, "Tensor)");
  check(now.sizes() == was.sizes(), "hook '", [&] { return hook_name(hook); }, "' has changed the size of value");
}

// A hook of a node may replace the gradients by a tuple of as many.
void replace_gradients(PyObject* returned, PyObject* hook, Gradients& grads) {
  if (returned == Py_None) return;
  check_type(PyTuple_Check(returned), "expected tuple, but hook returned '", Py_TYPE(returned)->tp_name, "'");
  check(
      PyTuple_GET_SIZE(returned) == grads.size(), "hook '", [&] { return hook_name(hook); },
      "' has returned an incorrect number of values (got ", PyTuple_GET_SIZE(returned), ", but expected ", grads.size(), ")");
  for (int i = 0; i < grads.size(); ++i) {
    PyObject* item = PyTuple_GET_ITEM(returned, i);
    if (item == Py_None) {
      grads[i] = Owned();
      continue;
    }
    check(static_cast<bool>(grads[i]), "can't replace a None gradient with a non-None value");
    check_replacement(grads[i].get(), item, hook);
    grads[i] = Owned::of(item);
  }
}

}  // namespace

PyObject* tuple_of_gradients(const Gradients& grads) {
  PyObject* tuple = PyTuple_New(grads.size());
  for (int i = 0; tuple && i < grads.size(); ++i) PyTuple_SET_ITEM(tuple, i, Py_NewRef(grads[i] ? grads[i].get() : Py_None));
  return tuple;
}

Owned hooked(PyObject* hooks, Owned grad) {
  const Owned list = checked(PyDict_Values(hooks));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i) {
    PyObject* hook = PyList_GET_ITEM(list.get(), i);
    Owned changed = checked(PyObject_CallOneArg(hook, grad.get()));
    if (changed.get() == Py_None) continue;
    check_replacement(grad.get(), changed.get(), hook);
    grad = std::move(changed);
  }
  return grad;
}

void run_prehooks(Node* node, Gradients& grads) {
  if (!node->extra || !node->extra->prehooks) return;
  const Owned list = checked(PyDict_Values(node->extra->prehooks));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i) {
    PyObject* hook = PyList_GET_ITEM(list.get(), i);
    const Owned given = checked(tuple_of_gradients(grads));
    replace_gradients(checked(PyObject_CallOneArg(hook, given.get())).get(), hook, grads);
  }
}

void run_posthooks(Node* node, const Gradients& grads, Gradients& result) {
  if (!node->extra || !node->extra->hooks) return;
  const Owned list = checked(PyDict_Values(node->extra->hooks));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i) {
    PyObject* hook = PyList_GET_ITEM(list.get(), i);
    const Owned inputs = checked(tuple_of_gradients(result)), outputs = checked(tuple_of_gradients(grads));
    PyObject* const arguments[] = {inputs.get(), outputs.get()};
    replace_gradients(checked(PyObject_Vectorcall(hook, arguments, 2, nullptr)).get(), hook, result);
  }
}

}  // namespace wengert::python
