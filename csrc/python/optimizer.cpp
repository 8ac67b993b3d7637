// The steps of optimizers as Python callables, made from the rows of ops/optimize.h. They read the parameter group, the state
// and the gradients where the optimizer keeps them, so that a step costs no list in Python and sees whatever was replaced
// there.
#include <algorithm>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "core/scratch.h"
#include "ops/optimize.h"
#include "python/autograd.h"

namespace wengert::python {
namespace {

struct Option {
  PyObject* name;  // null: the group has no such option
  int count;       // numbers: of a tuple, where more than one
};

// A row with its names as Python strings. Made once, for as long as the process lives.
struct Method {
  const OptimizerRow* row;
  std::vector<Option> options;
  std::vector<PyObject*> states, scalars;
};

PyObject* params_name;

template <class F>
void each_word(std::string_view text, F f) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    f(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

PyObject* interned(std::string_view text) { return PyUnicode_InternFromString(std::string(text).c_str()); }

// References that one step holds.
class References {
 public:
  explicit References(std::size_t most) : memory_(most * sizeof(PyObject*)) {}
  References(const References&) = delete;
  References& operator=(const References&) = delete;
  ~References() {
    for (int i = 0; i < count_; ++i) Py_DECREF(items()[i]);
  }
  PyObject* take(PyObject* owned) { return items()[count_++] = owned; }
  PyObject* hold(PyObject* borrowed) { return take(Py_NewRef(borrowed)); }

 private:
  PyObject** items() { return reinterpret_cast<PyObject**>(memory_.data()); }
  int count_ = 0;
  Scratch<1024> memory_;
};

// A key that must be there; a borrowed reference.
PyObject* item(PyObject* dict, PyObject* key) {
  PyObject* value = PyDict_GetItemWithError(dict, key);
  if (!value) {
    if (!PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, key);
    throw PythonError();
  }
  return value;
}

// A Python number or a tensor of one element.
double number(PyObject* value, PyObject* name) {
  if (PyFloat_CheckExact(value)) return PyFloat_AS_DOUBLE(value);
  if (is_tensor(value)) {
    const Tensor& tensor = tensor_of(value);
    check(tensor.numel() == 1, "Tensor ", PyUnicode_AsUTF8(name), " must be 1-element");
    return Scalar::load(tensor.dtype(), tensor.data()).to<double>();
  }
  Scalar scalar;
  check_type(as_number(value, &scalar), "the optimizer's option '", PyUnicode_AsUTF8(name), "' must be a number, not ",
             Py_TYPE(value)->tp_name);
  return scalar.to<double>();
}

void read_options(const Method& method, PyObject* group, double* out) {
  for (const auto& [name, count] : method.options) {
    if (!name) {
      *out++ = 0;
      continue;
    }
    PyObject* value = item(group, name);
    if (count == 1) {
      *out++ = number(value, name);
      continue;
    }
    check_type((PyTuple_Check(value) || PyList_Check(value)) && PySequence_Fast_GET_SIZE(value) == count,
               "the optimizer's option '", PyUnicode_AsUTF8(name), "' must be a tuple of ", count, " numbers");
    for (int i = 0; i < count; ++i) *out++ = number(PySequence_Fast_GET_ITEM(value, i), name);
  }
}

const Tensor* state_tensor(PyObject* state, PyObject* key, References& references) {
  PyObject* value = item(state, key);
  check_type(is_tensor(value), "the optimizer's state '", PyUnicode_AsUTF8(key), "' must be a Tensor, not ",
             Py_TYPE(value)->tp_name);
  return &tensor_of(references.hold(value));
}

// The state of one parameter, a dict, made where there is none; begin(param, state, group) fills in what is missing.
void read_state(const Method& method, unsigned needed, PyObject* states, PyObject* param, PyObject* group, PyObject* begin,
                References& references, OptimizerSlot* slot) {
  if (!needed && method.scalars.empty()) return;
  PyObject* state = PyDict_GetItemWithError(states, param);
  if (state) {
    references.hold(state);
  } else {
    if (PyErr_Occurred()) throw PythonError();
    state = PyDict_New();
    if (!state) throw PythonError();
    references.take(state);
    if (PyDict_SetItem(states, param, state) < 0) throw PythonError();
  }
  check_type(PyDict_Check(state), "the optimizer's state of a parameter must be a dict, not ", Py_TYPE(state)->tp_name);
  const auto lacks = [&](PyObject* key) {
    PyObject* value = PyDict_GetItemWithError(state, key);
    if (!value && PyErr_Occurred()) throw PythonError();
    return !value || value == Py_None;
  };
  bool missing = false;
  for (PyObject* key : method.scalars) missing = missing || lacks(key);
  for (std::size_t k = 0; k < method.states.size(); ++k) missing = missing || ((needed >> k & 1) && lacks(method.states[k]));
  if (missing) {
    PyObject* arguments[] = {param, state, group};
    PyObject* result = PyObject_Vectorcall(begin, arguments, 3, nullptr);
    if (!result) throw PythonError();
    Py_DECREF(result);
    slot->fresh = true;
  }
  for (std::size_t k = 0; k < method.scalars.size(); ++k) slot->scalars[k] = state_tensor(state, method.scalars[k], references);
  for (std::size_t k = 0; k < method.states.size(); ++k)
    if (needed >> k & 1) slot->states[k] = state_tensor(state, method.states[k], references);
}

void step(const Method& method, PyObject* group, PyObject* states, PyObject* begin) {
  check_type(PyDict_Check(group), method.row->name, "(): argument 'group' must be dict, not ", Py_TYPE(group)->tp_name);
  check_type(PyDict_Check(states), method.row->name, "(): argument 'state' must be dict, not ", Py_TYPE(states)->tp_name);
  double options[OptimizerRow::kOptions];
  read_options(method, group, options);
  const unsigned needed = method.row->needs(options) & ((1u << method.states.size()) - 1);
  PyObject* params = item(group, params_name);
  check_type(PyList_Check(params), "the optimizer's 'params' must be a list, not ", Py_TYPE(params)->tp_name);
  const Py_ssize_t count = PyList_GET_SIZE(params);
  // A parameter, its gradient, its dict, and what that holds; and the list itself.
  References references(1 + static_cast<std::size_t>(count) * (3 + StepArgs::kStates + OptimizerRow::kScalars));
  references.hold(params);
  Scratch<1024> memory(static_cast<std::size_t>(count) * sizeof(OptimizerSlot));
  auto* slots = reinterpret_cast<OptimizerSlot*>(memory.data());
  std::size_t used = 0;
  // begin() is Python, and may change the list.
  for (Py_ssize_t i = 0; i < count && i < PyList_GET_SIZE(params); ++i) {
    PyObject* param = references.hold(PyList_GET_ITEM(params, i));
    check_type(is_tensor(param), "optimizer can only optimize Tensors, but one of the params is ", Py_TYPE(param)->tp_name);
    const Extra* extra = as_tensor(param)->extra;
    if (!extra || !extra->grad) continue;
    PyObject* grad = references.hold(extra->grad);
    check_written(param);
    OptimizerSlot& slot = *new (&slots[used++]) OptimizerSlot{&tensor_of(param), &tensor_of(grad), {}, {}, false};
    read_state(method, needed, states, param, group, begin, references, &slot);
  }
  optimizer_step(*method.row, options, {slots, used});
}

PyObject* call(PyObject* capsule, PyObject* const* args, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    const auto& method = *static_cast<const Method*>(PyCapsule_GetPointer(capsule, nullptr));
    check_type(count == 3, method.row->name, "() takes 3 positional arguments but ", count, " were given");
    step(method, args[0], args[1], args[2]);
    Py_RETURN_NONE;
  });
}

PyMethodDef definition(const char* name) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call)), METH_FASTCALL,
          "step(group, state, begin)\n\n"
          "One step of all parameters of a group that have gradients, in place. `state` maps parameters to the dicts of\n"
          "what the method keeps; begin(param, state, group) is called to fill in what one lacks."};
}

}  // namespace

// module.optimizers: name -> callable.
void add_optimizers(PyObject* module) {
  namespace py = pybind11;
  params_name = interned("params");
  static std::vector<Method> methods;
  static std::vector<PyMethodDef> definitions;
  py::dict table;
  methods.reserve(kOptimizerRows.size());
  definitions.reserve(kOptimizerRows.size());
  for (const OptimizerRow& row : kOptimizerRows) {
    Method& method = methods.emplace_back(Method{&row, {}, {}, {}});
    each_word(row.options, [&](std::string_view word) {
      const std::size_t slash = word.find('/');
      method.options.push_back({word == "-" ? nullptr : interned(word.substr(0, slash)),
                                slash == std::string_view::npos ? 1 : word[slash + 1] - '0'});
    });
    each_word(row.states, [&](std::string_view word) { method.states.push_back(interned(word)); });
    each_word(row.scalars, [&](std::string_view word) { method.scalars.push_back(interned(word)); });
    definitions.push_back(definition(row.name));
    PyObject* capsule = PyCapsule_New(&method, nullptr, nullptr);
    PyObject* callable = capsule ? PyCFunction_NewEx(&definitions.back(), capsule, nullptr) : nullptr;
    Py_XDECREF(capsule);
    if (!callable) throw py::error_already_set();
    table[row.name] = py::reinterpret_steal<py::object>(callable);
  }
  py::reinterpret_borrow<py::module_>(module).attr("optimizers") = table;
}

}  // namespace wengert::python
