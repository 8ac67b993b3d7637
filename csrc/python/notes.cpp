// What a node notes about the call that made it, and what is made of it when a backward pass fails.
#include <cmath>
#include <cstring>

#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "python/autograd.h"

namespace wengert::python {

Notes notes = Notes::none;
bool check_nan = true;

namespace {

PyObject* anomaly_module() { return checked(PyImport_ImportModule("wengert.autograd.anomaly")).release(); }

// The folder of the package: frames in it are ours, the first outside made the call.
const std::string& package_folder() {
  static const std::string folder = [] {
    const Owned module = checked(PyImport_ImportModule("wengert"));
    const Owned file = checked(PyObject_GetAttrString(module.get(), "__file__"));
    const std::string path = PyUnicode_AsUTF8(file.get());
    return path.substr(0, path.rfind('/') + 1);
  }();
  return folder;
}

void note_line(Node* node) {
  const std::string& folder = package_folder();
  Owned frame = Owned::of(reinterpret_cast<PyObject*>(PyEval_GetFrame()));
  while (frame) {
    auto* at = reinterpret_cast<PyFrameObject*>(frame.get());
    Owned code(reinterpret_cast<PyObject*>(PyFrame_GetCode(at)));
    const char* file = PyUnicode_AsUTF8(reinterpret_cast<PyCodeObject*>(code.get())->co_filename);
    if (file && std::strncmp(file, folder.c_str(), folder.size()) != 0) {
      NodeExtra& extra = node_extra(node);
      extra.line = PyFrame_GetLineNumber(at);
      extra.where = code.release();
      return;
    }
    frame = Owned(reinterpret_cast<PyObject*>(PyFrame_GetBack(at)));
  }
}

}  // namespace

void note_call(Node* node) {
  if (notes == Notes::line) return note_line(node);
  const Owned module(anomaly_module());
  node_extra(node).where = checked(PyObject_CallMethod(module.get(), "traceback_text", nullptr)).release();
}

void explain(Node* node) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  const Owned module(anomaly_module());
  const Owned done(PyObject_CallMethod(module.get(), "explain", "O", as_object(node)));
  if (!done) PyErr_Clear();
  PyErr_Restore(type, value, traceback);
}

void check_for_nan(Node* node, const Few<Owned, 3>& gradients) {
  static const ElementwiseRow& isnan = elementwise_row("isnan");
  for (int i = 0; i < gradients.size(); ++i) {
    if (!gradients[i] || !is_floating(tensor_of(gradients[i].get()).dtype())) continue;
    const Operand operand(tensor_of(gradients[i].get()));
    const Tensor count = sum(elementwise(isnan, {&operand, 1}));
    if (Scalar::load(count.dtype(), count.data()).is(0)) continue;
    explain(node);
    fail(ErrorKind::runtime, "Function '", node_name(node), "' returned nan values in its ", i, "th output.");
  }
}

}  // namespace wengert::python
