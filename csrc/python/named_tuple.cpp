// The types are CPython's struct sequences. Making and freeing a tuple of them is done here: CPython's own functions find the
// number of fields by its name in the type's dictionary, which costs more than the operator.
#include "python/named_tuple.h"

#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace wengert::python {
namespace {

// Freed tuples of two fields, of any type: all have one layout.
constexpr int kFreePairs = 16;
PyObject* free_pairs[kFreePairs];
int free_count = 0;

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  const Py_ssize_t count = PyTuple_GET_SIZE(self);
  for (Py_ssize_t i = 0; i < count; ++i) Py_CLEAR(PyTuple_GET_ITEM(self, i));
  PyTypeObject* type = Py_TYPE(self);
  if (count == 2 && free_count < kFreePairs)
    free_pairs[free_count++] = self;
  else
    PyObject_GC_Del(self);
  Py_DECREF(type);
}

PyObject* repr(PyObject* self) {
  namespace py = pybind11;
  return guarded([&] {
    const py::handle me(self);
    const py::tuple names = me.attr("__match_args__");
    std::string text = str("torch.return_types.", std::strrchr(Py_TYPE(self)->tp_name, '.') + 1, "(");
    for (std::size_t i = 0; i < names.size(); ++i)
      text += str(i ? ",\n" : "\n", names[i].cast<std::string>(), "=", py::repr(me[py::int_(i)]).cast<std::string>());
    return PyUnicode_FromString((text + ")").c_str());
  });
}

}  // namespace

PyTypeObject* named_tuple_type(const Op& op) {
  static std::map<const Op*, PyTypeObject*> types;
  PyTypeObject*& type = types[&op];
  if (type) return type;
  static std::deque<std::string> names;  // CPython keeps pointers into them
  names.push_back("wengert.return_types." + op.public_name);
  std::vector<PyStructSequence_Field> fields;
  for (const std::string& field : op.fields) fields.push_back({field.c_str(), nullptr});
  fields.push_back({nullptr, nullptr});
  PyStructSequence_Desc description = {names.back().c_str(), nullptr, fields.data(), static_cast<int>(op.fields.size())};
  type = PyStructSequence_NewType(&description);
  if (!type) return nullptr;
  type->tp_repr = repr;
  type->tp_dealloc = dealloc;
  return type;
}

PyObject* new_named_tuple(PyTypeObject* type, Py_ssize_t count) {
  if (count != 2 || free_count == 0) return new_tuple(type, count);
  PyVarObject* self = PyObject_InitVar(reinterpret_cast<PyVarObject*>(free_pairs[--free_count]), type, count);
  forget_hash(reinterpret_cast<PyObject*>(self));
  PyObject_GC_Track(self);
  return reinterpret_cast<PyObject*>(self);
}

}  // namespace wengert::python
