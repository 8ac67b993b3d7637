// The operators as Python callables, made from the op table: argument conversion, overloads, out=, in-place forms, results.

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <pybind11/stl.h>

#include "core/random.h"
#include "python/arguments.h"
#include "python/autograd.h"
#include "python/named_tuple.h"
#include "python/python.h"

namespace wengert::python {
namespace {

enum class Form : std::uint8_t { function, method, inplace };

struct Overload {
  const Op* op;
  std::vector<PyObject*> names;  // interned argument names
  std::vector<Value> defaults;
  int positional = 0;                     // how many may be given by position
  int required = 0;                       // how many have no default
  bool bare_ints = false;                 // the last positional takes bare ints: view(2, 3)
  int requires_grad = -1;                 // the index of the argument of that name
  bool creates = false;                   // the result takes a tensor's shape only: nothing to record
  bool views = false;                     // results that share the input's storage are views of it
  mutable PyTypeObject* tuple = nullptr;  // of a result with named fields; made with the first
};

struct Operator {
  PyObject_HEAD vectorcallfunc call;
  std::vector<Overload>* overloads;
  Form form;
  PyObject* name;
  PyObject* doc;
  PyObject* signature;
  PyObject* weakrefs;
};

PyTypeObject *function_type = nullptr, *method_type = nullptr;
PyObject* out_name = nullptr;

constexpr int kMaxArgs = 12;

// One attempt to fit the given arguments to one overload.
struct Binding {
  Value* values;
  PyObject* objects[kMaxArgs];  // the arguments as given; null for those left out and for bare ints
  PyObject* out = nullptr;

  explicit Binding(const Overload& overload)
      : values(reinterpret_cast<Value*>(memory)), count(static_cast<int>(overload.op->args.size())) {
    for (int i = 0; i < count; ++i) {
      new (&values[i]) Value();
      objects[i] = nullptr;
    }
  }
  Binding(const Binding&) = delete;
  Binding& operator=(const Binding&) = delete;
  ~Binding() {
    for (int i = 0; i < count; ++i) values[i].~Value();
  }

 private:
  int count;
  alignas(Value) unsigned char memory[kMaxArgs * sizeof(Value)];
};

const char* type_name(PyObject* object) {
  const char* name = Py_TYPE(object)->tp_name;
  const char* dot = std::strrchr(name, '.');
  return is_tensor(object) && dot ? dot + 1 : name;
}

std::string shown_name(const Overload& overload, Form form) {
  return overload.op->public_name + (form == Form::inplace && !(overload.op->forms & kInplaceOnly) ? "_" : "");
}

// First position of a method's arguments as PyTorch counts them: self does not count.
std::string misfit(const Overload& overload, Form form, int index, bool by_position, PyObject* value) {
  const ArgSpec& spec = overload.op->args[index];
  const int position = index + (form == Form::function ? 1 : 0);
  return str(shown_name(overload, form), "(): argument '", spec.name, "'",
             by_position && !spec.keyword_only ? str(" (position ", position, ")") : std::string(), " must be ",
             kind_name(spec.kind), ", not ", type_name(value));
}

std::string missing_arguments(const Overload& overload, Form form, const bool* given) {
  std::string names;
  int count = 0;
  for (std::size_t i = 0; i < overload.op->args.size(); ++i)
    if (!given[i] && !overload.op->args[i].has_default) names += str(count++ ? ", " : "", '"', overload.op->args[i].name, '"');
  return str(shown_name(overload, form), "() missing ", count, " required positional arguments: ", names);
}

// Fits args to the overload. On failure fills `why`, if asked for, and returns false. Throws for values that fit in kind but
// are wrong in themselves.
bool bind(const Overload& overload, Form form, PyObject* const* args, Py_ssize_t count, PyObject* keywords, Binding* binding,
          std::string* why) {
  const Op& op = *overload.op;
  const int specs = static_cast<int>(op.args.size());
  bool given[kMaxArgs] = {};
  int index = 0;
  for (Py_ssize_t i = 0; i < count; ++i, ++index) {
    if (index >= overload.positional) {
      if (why) {
        const int self = form == Form::function ? 0 : 1, limit = overload.positional - self;
        *why = str(shown_name(overload, form), "() takes ", limit, " positional argument", limit == 1 ? "" : "s", " but ",
                   count - self, count - self == 1 ? " was" : " were", " given");
      }
      return false;
    }
    Value& value = binding->values[index];
    if (overload.bare_ints && index == overload.positional - 1 && (i + 1 < count || PyLong_Check(args[i]))) {
      if (!bare_ints(args + i, count - i, &value.ints)) {
        if (why)
          *why = i + 1 < count && (PyTuple_Check(args[i]) || PyList_Check(args[i]))
                     ? str(shown_name(overload, form), "() takes ", overload.positional, " positional argument",
                           overload.positional == 1 ? "" : "s", " but ", count, " were given")
                     : misfit(overload, form, index, true, args[i]);
        return false;
      }
      value.tag = Value::Tag::ints;
      i = count;
    } else if (!convert(op.args[index], args[i], &value)) {
      if (why) *why = misfit(overload, form, index, true, args[i]);
      return false;
    } else {
      binding->objects[index] = args[i];
    }
    given[index] = true;
  }
  const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
  PyObject* const* keyword_values = args + count;
  const char* unexpected = nullptr;
  for (Py_ssize_t k = 0; k < named; ++k) {
    PyObject* name = PyTuple_GET_ITEM(keywords, k);
    PyObject* value = keyword_values[k];
    if (name == out_name && (op.forms & kOut) && form == Form::function) {
      binding->out = value == Py_None ? nullptr : value;
      continue;
    }
    const int at = find_argument(op, overload.names, name);
    if (at < 0) {
      unexpected = PyUnicode_AsUTF8(name);
      continue;
    }
    if (given[at]) {
      if (why) *why = str(shown_name(overload, form), "() got multiple values for argument '", op.args[at].name, "'");
      return false;
    }
    if (!convert(op.args[at], value, &binding->values[at])) {
      if (why) *why = misfit(overload, form, at, false, value);
      return false;
    }
    binding->objects[at] = value;
    given[at] = true;
  }
  for (int i = 0; i < specs; ++i) {
    if (given[i]) continue;
    if (!op.args[i].has_default) {
      if (why) *why = missing_arguments(overload, form, given);
      return false;
    }
    overload.defaults[i].copy_default(&binding->values[i]);
  }
  if (unexpected) {
    if (why) *why = str(shown_name(overload, form), "() got an unexpected keyword argument '", unexpected, "'");
    return false;
  }
  return true;
}

std::string given_types(Form form, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  std::string text;
  for (Py_ssize_t i = form == Form::function ? 0 : 1; i < count; ++i) text += str(text.empty() ? "" : ", ", type_name(args[i]));
  for (Py_ssize_t k = 0; keywords && k < PyTuple_GET_SIZE(keywords); ++k)
    text += str(text.empty() ? "" : ", ", PyUnicode_AsUTF8(PyTuple_GET_ITEM(keywords, k)), "=", type_name(args[count + k]));
  return text;
}

[[noreturn, gnu::cold]] void no_overload(const Operator& self, PyObject* const* args, Py_ssize_t count, PyObject* keywords) {
  const auto& overloads = *self.overloads;
  std::string why;
  // One candidate, or a first argument that none of them takes: the plain message says more than the list.
  Binding binding(overloads[0]);
  bind(overloads[0], self.form, args, count, keywords, &binding, &why);
  const bool first_is_wrong = overloads[0].op->args[0].kind == ArgKind::tensor && (count == 0 || !is_tensor(args[0]));
  if (overloads.size() == 1 || first_is_wrong) fail(ErrorKind::type, why);
  std::string text = str(shown_name(overloads[0], self.form), "() received an invalid combination of arguments - got (",
                         given_types(self.form, args, count, keywords), "), but expected one of:");
  for (const Overload& overload : overloads) text += str("\n * (", overload.op->signature, ")");
  fail(ErrorKind::type, text);
}

PyObject* wrap_tuple(const Overload& overload, std::span<Tensor> tensors) {
  const Op& op = *overload.op;
  if (!op.fields.empty() && !overload.tuple && !(overload.tuple = named_tuple_type(op))) return nullptr;
  const auto count = static_cast<Py_ssize_t>(tensors.size());
  PyObject* result = overload.tuple ? new_named_tuple(overload.tuple, count) : PyTuple_New(count);
  for (Py_ssize_t i = 0; result && i < count; ++i) {
    PyObject* item = wrap(std::move(tensors[static_cast<std::size_t>(i)]));
    if (item)
      PyTuple_SET_ITEM(result, i, item);
    else
      Py_CLEAR(result);
  }
  return result;
}

bool same_view(const Tensor& a, const Tensor& b) {
  return a.storage().get() == b.storage().get() && a.data() == b.data() && a.dtype() == b.dtype() && a.sizes() == b.sizes() &&
         a.strides() == b.strides();
}

void set_out(const Op& op, PyObject* out, Call* call) {
  if (op.fields.empty()) {
    check_type(is_tensor(out), op.public_name, "(): argument 'out' must be Tensor, not ", type_name(out));
    call->out = &tensor_of(out);
    return;
  }
  const auto count = static_cast<Py_ssize_t>(op.fields.size());
  bool fits = PyTuple_Check(out) && PyTuple_GET_SIZE(out) == count;
  for (Py_ssize_t i = 0; fits && i < count; ++i) fits = is_tensor(PyTuple_GET_ITEM(out, i));
  check_type(fits, op.public_name, "(): argument 'out' must be tuple of Tensors, not ", type_name(out));
  Tensor** const places[] = {&call->out, &call->out2, &call->out3};
  for (Py_ssize_t i = 0; i < count; ++i) *places[i] = &tensor_of(PyTuple_GET_ITEM(out, i));
}

// "[(2, 3) float32, (2, 4) float32, ...]"
std::string shapes_of(const std::vector<Tensor>& tensors) {
  constexpr std::size_t kShown = 4;
  std::string text = "[";
  for (std::size_t i = 0; i < std::min(tensors.size(), kShown); ++i)
    text += str(i ? ", " : "", tuple_of(tensors[i].sizes()), ' ', info(tensors[i].dtype()).name);
  return text + (tensors.size() > kShown ? ", ...]" : "]");
}

// " [view: input (2, 3), size (4,)]": the user's own arguments, after a message that does not name them itself.
std::string context(const Op& op, const Value* values) {
  std::string text = " [" + op.public_name + ":";
  for (std::size_t i = 0; i < op.args.size(); ++i) {
    const Value& value = values[i];
    if (value.tag != Value::Tag::tensor && value.tag != Value::Tag::tensors && value.tag != Value::Tag::ints &&
        value.tag != Value::Tag::number)
      continue;
    if (op.args[i].keyword_only && op.args[i].has_default) continue;
    text += str(text.back() == ':' ? " " : ", ", op.args[i].name, ' ');
    if (value.is_tensor())
      text += str(tuple_of(value.tensor->sizes()), ' ', info(value.tensor->dtype()).name);
    else if (value.tag == Value::Tag::tensors)
      text += shapes_of(value.tensors);
    else if (value.tag == Value::Tag::ints)
      text += tuple_of(value.ints);
    else
      text += value.number.is_floating() ? str(value.number.floating) : str(value.number.integer);
  }
  return text + "]";
}

Result call_in_context(const Call& call) {
  try {
    return call.op.call(call);
  } catch (const Error& error) {
    const std::string_view message = error.what();
    if (message.ends_with(']')) throw;
    throw Error(error.kind(), str(message, context(call.op, call.args)));
  }
}

// The operator's result as Python has it.
PyObject* wrapped(const Overload& overload, Result&& result, PyObject* input) {
  const Op& op = *overload.op;
  const auto is_view = [&](PyObject* object) {
    return object && overload.views && is_tensor(object) &&
           tensor_of(object).storage().get() == tensor_of(input).storage().get();
  };
  if (auto* tensor = std::get_if<Tensor>(&result)) {
    if ((op.forms & kSelf) && same_view(*tensor, tensor_of(input))) return Py_NewRef(input);
    PyObject* object = wrap(std::move(*tensor));
    if (is_view(object)) track_view(object, input);
    return object;
  }
  if (auto* pair = std::get_if<std::pair<Tensor, Tensor>>(&result)) {
    Tensor both[] = {std::move(pair->first), std::move(pair->second)};
    return wrap_tuple(overload, both);
  }
  if (auto* many = std::get_if<std::vector<Tensor>>(&result)) {
    PyObject* tuple = wrap_tuple(overload, *many);
    // The outputs of unbind, split and chunk may not be written to; those of tensor_split and its kin are slices, in PyTorch
    // too.
    const bool several = op.public_name != "tensor_split" && op.public_name != "hsplit" && op.public_name != "vsplit" &&
                         op.public_name != "dsplit";
    for (Py_ssize_t i = 0; tuple && overload.views && i < PyTuple_GET_SIZE(tuple); ++i)
      if (is_view(PyTuple_GET_ITEM(tuple, i))) track_view(PyTuple_GET_ITEM(tuple, i), input, several);
    return tuple;
  }
  if (auto* number = std::get_if<Scalar>(&result)) return wrap_number(*number);
  return PyBool_FromLong(std::get<bool>(result));
}

// Which rule records the call: that of the operator, or of what it comes to.
const Rule& rule_of_call(const Op& op, const Binding& binding) {
  static const Op& matmul = find_op("matmul");
  return rule_of(&op == &matmul ? matmul_op(tensor_of(binding.objects[0]), tensor_of(binding.objects[1])) : op);
}

// The arguments as formulas get them: ints always as a tuple. `made` holds those.
void complete_objects(const Op& op, Binding& binding, std::vector<Owned>* made) {
  for (std::size_t i = 0; i < op.args.size(); ++i) {
    if (binding.values[i].tag != Value::Tag::ints) continue;
    made->push_back(checked(wrap_strides(binding.values[i].ints)));
    binding.objects[i] = made->back().get();
  }
}

[[noreturn, gnu::cold]] void fail_out(const Op& op) {
  fail(ErrorKind::runtime, op.public_name,
       "(): functions with out=... arguments don't support automatic differentiation, but one of the "
       "arguments requires grad.");
}

PyObject* run(const Overload& overload, Form form, PyObject* const* args, Binding& binding) {
  const Op& op = *overload.op;
  Call call{op, binding.values};
  const bool inplace = form == Form::inplace;
  bool may_record = false;
  for (std::size_t i = 0; i < op.args.size(); ++i) {
    const Value& value = binding.values[i];
    if (value.is_tensor())
      may_record |= may_need(binding.objects[i]);
    else if (value.tag == Value::Tag::tensors)
      may_record = true;  // looked into below
  }
  if (inplace) {
    check_written(args[0]);
    call.out = &tensor_of(args[0]);
    call.inplace = true;
  } else if (binding.out) {
    set_out(op, binding.out, &call);
    may_record |= is_tensor(binding.out) && may_need(binding.out);
  }
  const auto compute = [&]() -> PyObject* {
    Result result = call_in_context(call);
    if (inplace) {
      call.out->storage()->writer = op.public_name.c_str();
      return Py_NewRef(args[0]);
    }
    if (binding.out) return Py_NewRef(binding.out);
    return wrapped(overload, std::move(result), binding.objects[0]);
  };
  if (may_record) {
    const std::span<PyObject* const> objects(binding.objects, op.args.size());
    if (binding.out) {
      PyObject* const outs[] = {binding.out};
      if (needs_recording(objects) || needs_recording(outs)) fail_out(op);
    } else if (!overload.creates && needs_recording(objects)) {
      std::vector<Owned> made;
      complete_objects(op, binding, &made);
      return record_call(rule_of_call(op, binding), objects, inplace ? args[0] : nullptr, compute);
    }
  }
  PyObject* result = compute();
  if (overload.requires_grad >= 0 && binding.values[overload.requires_grad].given() &&
      binding.values[overload.requires_grad].truth() && result) {
    Owned held(result);
    check(is_floating(tensor_of(result).dtype()), "Only Tensors of floating point and complex dtype can require gradients");
    as_tensor(result)->flags |= kRequiresGrad;
    return held.release();
  }
  return result;
}

PyObject* call_operator(PyObject* callable, PyObject* const* args, std::size_t flags, PyObject* keywords) {
  const auto& self = *reinterpret_cast<Operator*>(callable);
  const Py_ssize_t count = PyVectorcall_NARGS(flags);
  return guarded([&]() -> PyObject* {
    if (self.form != Form::function && (count == 0 || !is_tensor(args[0])))
      fail(ErrorKind::type, "descriptor '", PyUnicode_AsUTF8(self.name), "' requires a Tensor as its first argument");
    const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    for (const Overload& overload : *self.overloads) {
      if (count + named < overload.required || (count > overload.positional && !overload.bare_ints)) continue;
      Binding binding(overload);
      if (bind(overload, self.form, args, count, keywords, &binding, nullptr)) return run(overload, self.form, args, binding);
    }
    no_overload(self, args, count, keywords);
  });
}

PyObject* bind_method(PyObject* self, PyObject* instance, PyObject*) {
  return instance ? PyMethod_New(self, instance) : Py_NewRef(self);
}

PyObject* operator_repr(PyObject* self) {
  const auto& op = *reinterpret_cast<Operator*>(self);
  return PyUnicode_FromFormat(op.form == Form::function ? "<function %U>" : "<method %U of Tensor>", op.name);
}

PyMemberDef kMembers[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Operator, call), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Operator, weakrefs), READONLY, nullptr},
    {"__name__", T_OBJECT, offsetof(Operator, name), READONLY, nullptr},
    {"__qualname__", T_OBJECT, offsetof(Operator, name), READONLY, nullptr},
    {"__doc__", T_OBJECT, offsetof(Operator, doc), READONLY, nullptr},
    {"__text_signature__", T_OBJECT, offsetof(Operator, signature), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyObject* module_name(PyObject* self, void*) {
  const auto& overloads = *reinterpret_cast<Operator*>(self)->overloads;
  return PyUnicode_FromString(overloads.front().op->forms & kNetwork ? "wengert.nn.functional" : "wengert");
}
PyGetSetDef kProperties[] = {
    {"__module__", module_name, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

// Copies are the operator itself; pickles hold its name.
PyObject* reduce(PyObject* self, PyObject*) {
  const auto& op = *reinterpret_cast<Operator*>(self);
  if (op.form == Form::function) return Py_NewRef(op.name);
  PyObject* module = PyImport_ImportModule("wengert");
  PyObject* type = module ? PyObject_GetAttrString(module, "Tensor") : nullptr;
  Py_XDECREF(module);
  return type ? Py_BuildValue("O(NO)", PyDict_GetItemString(PyEval_GetBuiltins(), "getattr"), type, op.name) : nullptr;
}
PyMethodDef kMethods[] = {
    {"__reduce__", reduce, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot kFunctionSlots[] = {
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_repr, reinterpret_cast<void*>(operator_repr)},
    {Py_tp_members, kMembers},
    {Py_tp_getset, kProperties},
    {Py_tp_methods, kMethods},
    {0, nullptr},
};
PyType_Slot kMethodSlots[] = {
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_repr, reinterpret_cast<void*>(operator_repr)},
    {Py_tp_descr_get, reinterpret_cast<void*>(bind_method)},
    {Py_tp_members, kMembers},
    {Py_tp_getset, kProperties},
    {Py_tp_methods, kMethods},
    {0, nullptr},
};
constexpr unsigned kFlags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION;
PyType_Spec kFunctionSpec = {"wengert._C.Function", sizeof(Operator), 0, kFlags, kFunctionSlots};
PyType_Spec kMethodSpec = {"wengert._C.Method", sizeof(Operator), 0, kFlags | Py_TPFLAGS_METHOD_DESCRIPTOR, kMethodSlots};

PyObject* make_operator(const std::string& name, Form form, const std::vector<const Op*>& ops) {
  auto overloads = std::make_unique<std::vector<Overload>>();
  std::string doc;
  for (const Op* op : ops) {
    check(op->args.size() <= kMaxArgs, "op table: ", op->name, " has more than ", kMaxArgs, " arguments");
    Overload overload{op, {}, {}};
    for (const ArgSpec& arg : op->args) {
      overload.names.push_back(PyUnicode_InternFromString(arg.name.c_str()));
      overload.defaults.push_back(default_value(arg));
      if (arg.name == "requires_grad") overload.requires_grad = static_cast<int>(overload.names.size()) - 1;
      overload.positional += !arg.keyword_only;
      overload.required += !arg.has_default;
    }
    overload.bare_ints = overload.positional > 0 && op->args[overload.positional - 1].kind == ArgKind::ints;
    overload.creates = std::strcmp(op->family, "creation") == 0 || op->name.find("_like") != std::string::npos;
    overload.views = !op->args.empty() && op->args[0].kind == ArgKind::tensor;
    overloads->push_back(std::move(overload));
    doc += str(doc.empty() ? "" : "\n\n", documentation(*op, name, form == Form::function, form == Form::inplace));
  }
  PyTypeObject* type = form == Form::function ? function_type : method_type;
  auto* self = PyObject_New(Operator, type);
  if (!self) return nullptr;
  self->call = call_operator;
  self->form = form;
  self->name = PyUnicode_InternFromString(name.c_str());
  self->doc = PyUnicode_FromString(doc.c_str());
  self->signature =
      ops.size() == 1 ? PyUnicode_FromString(text_signature(*ops[0], form != Form::function).c_str()) : Py_NewRef(Py_None);
  self->overloads = overloads.release();
  self->weakrefs = nullptr;
  return reinterpret_cast<PyObject*>(self);
}

PyObject* describe_op(const Op& op) {
  namespace py = pybind11;
  py::dict entry;
  py::list forms, args;
  const std::pair<unsigned, const char*> names[] = {{kFunction, "function"},        {kMethod, "method"},
                                                    {kInplace, "inplace"},          {kOut, "out"},
                                                    {kInplaceOnly, "inplace_only"}, {kNetwork, "network"}};
  for (const auto& [bit, text] : names)
    if (op.forms & bit) forms.append(text);
  for (const ArgSpec& arg : op.args) {
    py::dict spec;
    spec["name"] = arg.name;
    spec["kind"] = kind_name(arg.kind);
    spec["optional"] = arg.optional;
    spec["keyword_only"] = arg.keyword_only;
    spec["default"] = arg.has_default ? py::cast(arg.default_text) : py::none();
    args.append(spec);
  }
  entry["name"] = op.name;
  entry["public_name"] = op.public_name;
  entry["aliases"] = py::cast(op.aliases);
  entry["signature"] = op.signature;
  entry["args"] = args;
  entry["fields"] = py::cast(op.fields);
  entry["returns"] = op.returns;
  entry["forms"] = forms;
  entry["doc"] = op.doc;
  entry["family"] = op.family;
  py::list dtypes;
  for (int i = 0; op.row && i < kDTypes; ++i)
    if (op.row->loops.by_dtype[i]) dtypes.append(kDTypeInfo[i].name);
  entry["dtypes"] = dtypes;
  return entry.release().ptr();
}

}  // namespace

// module.functions and module.methods: name -> callable, for _tensor.py to publish; module.network_functions: the names of the
// functions that are nn.functional's alone.
void add_operators(PyObject* module) {
  namespace py = pybind11;
  function_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&kFunctionSpec));
  method_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&kMethodSpec));
  out_name = PyUnicode_InternFromString("out");
  if (!function_type || !method_type || !out_name) throw py::error_already_set();
  std::map<std::string, std::vector<const Op*>> functions, methods, inplaces;
  py::list network;
  for (const Op& op : op_table()) {
    std::vector<std::string> names = op.aliases;
    names.push_back(op.public_name);
    for (const std::string& name : names) {
      if (op.forms & (kFunction | kNetwork)) functions[name].push_back(&op);
      if (op.forms & kNetwork) network.append(name);
      if (op.forms & kMethod) methods[name].push_back(&op);
      if (op.forms & kInplace) inplaces[name + "_"].push_back(&op);
      if (op.forms & kInplaceOnly) inplaces[name].push_back(&op);
    }
  }
  py::dict function_dict, method_dict;
  const auto publish = [](py::dict& dict, const auto& table, Form form) {
    for (const auto& [name, ops] : table) {
      PyObject* callable = make_operator(name, form, ops);
      if (!callable) throw py::error_already_set();
      dict[name.c_str()] = py::reinterpret_steal<py::object>(callable);
    }
  };
  publish(function_dict, functions, Form::function);
  publish(method_dict, methods, Form::method);
  publish(method_dict, inplaces, Form::inplace);
  auto m = py::reinterpret_borrow<py::module_>(module);
  m.attr("functions") = function_dict;
  m.attr("network_functions") = py::frozenset(network);
  m.attr("methods") = method_dict;
  m.def(
      "op_table",
      [] {
        py::list table;
        for (const Op& op : op_table()) table.append(py::reinterpret_steal<py::object>(describe_op(op)));
        return table;
      },
      "The op table as a list of dicts: what documentation, stubs, tests and benchmarks are made from.");
}

}  // namespace wengert::python
