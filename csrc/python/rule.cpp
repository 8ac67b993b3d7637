// From rows of the derivative table to rules: what each formula asks for, resolved once for an operator's argument names.
#include <algorithm>
#include <cctype>
#include <map>

#include "python/arguments.h"
#include "python/autograd.h"

namespace wengert::python {
namespace {

// Null where the table has none.
PyObject* find_row(const std::string& name) {
  const Owned module = checked(PyImport_ImportModule("wengert.autograd.derivatives"));
  const Owned table = checked(PyObject_GetAttrString(module.get(), "TABLE"));
  return Py_XNewRef(PyDict_GetItemString(table.get(), name.c_str()));
}

std::string text_of(PyObject* object) {
  const char* text = PyUnicode_AsUTF8(object);
  if (!text) throw PythonError();
  return text;
}

// index_select: IndexSelectBackward0, avg_pool2d: AvgPool2DBackward0, as PyTorch's generator of names has them.
std::string node_name_of(const std::string& op) {
  std::string name;
  bool upper = true;
  for (char c : op.substr(0, op.find('.'))) {
    if (c == '_') {
      upper = true;
      continue;
    }
    name += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    upper = std::isdigit(static_cast<unsigned char>(c)) != 0;
  }
  return name + "Backward0";
}

class Builder {
 public:
  Builder(std::string name, std::vector<std::string> arguments, std::vector<std::string> fields)
      : fields_(std::move(fields)), rule_(new Rule) {
    rule_->op = std::move(name);
    rule_->row = find_row(rule_->op);
    rule_->missing = rule_->row == nullptr;
    rule_->arguments = std::move(arguments);
    rule_->formulas.resize(rule_->arguments.size());
  }

  Rule* build() {
    if (rule_->missing) {
      rule_->row = Py_NewRef(Py_None);
      return rule_;
    }
    const Owned formulas = checked(PyObject_GetAttrString(rule_->row, "formulas"));
    PyObject *key, *function;
    for (Py_ssize_t at = 0; PyDict_Next(formulas.get(), &at, &key, &function);) {
      const int index = argument(text_of(key));
      check(index >= 0, "row '", rule_->op, "' of wengert.autograd.derivatives: the operator has no argument '", text_of(key),
            "'");
      if (function == Py_None) continue;
      rule_->formulas[static_cast<std::size_t>(index)] = formula(function);
      rule_->differentiable.push_back(index);
    }
    const Owned joint = checked(PyObject_GetAttrString(rule_->row, "joint")),
                of = checked(PyObject_GetAttrString(rule_->row, "of"));
    if (joint.get() != Py_None) {
      rule_->joint = formula(joint.get());
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(of.get()); ++i) {
        const int index = argument(text_of(PyTuple_GET_ITEM(of.get(), i)));
        check(index >= 0, "row '", rule_->op, "' of wengert.autograd.derivatives: the operator has no such argument in of=");
        rule_->differentiable.push_back(index);
      }
    }
    rule_->constant = bits("constant", fields_);
    rule_->unread = bits("unread", rule_->arguments);
    std::sort(rule_->differentiable.begin(), rule_->differentiable.end());
    add_types();
    return rule_;
  }

 private:
  std::vector<std::string> fields_;
  Rule* rule_;

  int argument(const std::string& name) const {
    const auto at = std::find(rule_->arguments.begin(), rule_->arguments.end(), name);
    return at == rule_->arguments.end() ? -1 : static_cast<int>(at - rule_->arguments.begin());
  }

  // The positions in `among` of the names that the row's attribute lists.
  std::uint64_t bits(const char* attribute, const std::vector<std::string>& among) const {
    const Owned names = checked(PyObject_GetAttrString(rule_->row, attribute));
    std::uint64_t result = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names.get()); ++i) {
      const auto at = std::find(among.begin(), among.end(), text_of(PyTuple_GET_ITEM(names.get(), i)));
      check(at != among.end(), "row '", rule_->op,
            "' of wengert.autograd.derivatives: the operator has nothing of the name in ", attribute, "=");
      result |= std::uint64_t{1} << (at - among.begin());
    }
    return result;
  }

  Source source(const std::string& name) {
    const std::pair<const char*, SourceKind> plain[] = {{"grad", SourceKind::grad},
                                                        {"grads", SourceKind::grads},
                                                        {"some_grads", SourceKind::some_grads},
                                                        {"needs", SourceKind::needs},
                                                        {"results", SourceKind::results}};
    for (const auto& [text, kind] : plain)
      if (name == text) return {kind, 0, name};
    if (const int index = argument(name); index >= 0) return {SourceKind::argument, static_cast<std::int16_t>(index), name};
    if (name == "result") return {SourceKind::result, 0, name};
    for (std::size_t i = 0; i < fields_.size(); ++i)
      if (fields_[i] == name) return {SourceKind::result, static_cast<std::int16_t>(i), name};
    const std::pair<const char*, SourceKind> suffixes[] = {
        {"_shape", SourceKind::shape}, {"_layout", SourceKind::layout}, {"_dtype", SourceKind::dtype}};
    for (const auto& [suffix, kind] : suffixes)
      if (name.ends_with(suffix))
        if (const int index = argument(name.substr(0, name.size() - std::string(suffix).size())); index >= 0)
          return {kind, static_cast<std::int16_t>(index), name};
    fail(ErrorKind::runtime, "row '", rule_->op, "' of wengert.autograd.derivatives: a formula asks for '", name,
         "', which is neither an argument nor a result of the operator");
  }

  Formula formula(PyObject* function) {
    Formula result;
    result.function = Py_NewRef(function);
    const Owned code = checked(PyObject_GetAttrString(function, "__code__"));
    const Owned count = checked(PyObject_GetAttrString(code.get(), "co_argcount"));
    const Owned names = checked(PyObject_GetAttrString(code.get(), "co_varnames"));
    for (Py_ssize_t i = 0; i < PyLong_AsLong(count.get()); ++i) {
      const std::string name = text_of(PyTuple_GET_ITEM(names.get(), i));
      auto& sources = rule_->sources;
      auto at = std::find_if(sources.begin(), sources.end(), [&](const Source& known) { return known.name == name; });
      if (at == sources.end()) at = sources.insert(sources.end(), source(name));
      rule_->several_outputs |= at->kind == SourceKind::grads || at->kind == SourceKind::some_grads;
      result.parameters.push_back(static_cast<std::uint16_t>(at - sources.begin()));
    }
    return result;
  }

  void add_types() {
    const Owned node = checked(PyObject_GetAttrString(rule_->row, "node"));
    rule_->by_presence = PyTuple_Check(node.get()) && PyTuple_GET_SIZE(node.get()) == 2;
    for (int i = 0; i < (rule_->by_presence ? 2 : 3); ++i) {
      std::string name;
      if (node.get() == Py_None)
        name = node_name_of(rule_->op);
      else if (PyTuple_Check(node.get()))
        name = text_of(PyTuple_GET_ITEM(node.get(), i));
      else
        name = text_of(node.get());
      static std::map<std::string, PyTypeObject*> types;
      PyTypeObject*& type = types[name];
      if (!type) type = new_node_type(name);
      rule_->types[i] = type;
    }
  }
};

PyObject* default_object(const ArgSpec& spec) {
  if (!spec.has_default) return nullptr;
  const Value value = default_value(spec);
  switch (value.tag) {
    case Value::Tag::number:
      return wrap_number(value.number);
    case Value::Tag::ints:
      return wrap_strides(value.ints);
    case Value::Tag::text:
      return PyUnicode_FromString(value.text);
    default:
      return Py_NewRef(Py_None);
  }
}

}  // namespace

const Rule& rule_of(const Op& op) {
  static std::vector<Rule*> rules(op_table().size());
  Rule*& rule = rules[static_cast<std::size_t>(&op - op_table().data())];
  if (!rule) {
    std::vector<std::string> names;
    for (const ArgSpec& arg : op.args) names.push_back(arg.name);
    Rule* made = Builder(op.name, names, op.fields).build();
    made->reshapes = std::string_view(op.family) == "view";
    for (const ArgSpec& arg : op.args) made->defaults.push_back(default_object(arg));
    rule = made;
  }
  return *rule;
}

const Op& matmul_op(const Tensor& input, const Tensor& other) {
  static const Op &dot = find_op("dot"), &mv = find_op("mv"), &mm = find_op("mm"), &bmm = find_op("bmm"),
                  &matmul = find_op("matmul");
  if (input.dim() == 2 && other.dim() == 2) return mm;
  if (input.dim() == 2 && other.dim() == 1) return mv;
  if (input.dim() == 1 && other.dim() == 1) return dot;
  if (input.dim() == 3 && other.dim() == 3 && input.size(0) == other.size(0)) return bmm;
  return matmul;
}

const Rule& rule_named(const std::string& name, const std::vector<std::string>& arguments,
                       const std::vector<std::string>& fields) {
  static std::map<std::string, Rule*> rules;
  Rule*& rule = rules[name];
  if (!rule) {
    Rule* made = Builder(name, arguments, fields).build();
    made->defaults.resize(arguments.size());
    rule = made;
  }
  return *rule;
}

}  // namespace wengert::python
