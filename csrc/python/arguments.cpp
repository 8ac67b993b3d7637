#include "python/arguments.h"

#include <climits>
#include <cstdlib>
#include <string_view>

#include "core/random.h"
#include "python/device.h"

namespace wengert::python {

const char* kind_name(ArgKind kind) {
  switch (kind) {
    case ArgKind::tensor:
    case ArgKind::operand:
      return "Tensor";
    case ArgKind::tensors:
      return "tuple of Tensors";
    case ArgKind::number:
      return "Number";
    case ArgKind::integer:
      return "int";
    case ArgKind::floating:
      return "float";
    case ArgKind::boolean:
      return "bool";
    case ArgKind::text:
      return "str";
    case ArgKind::ints:
    case ArgKind::tuple:
    case ArgKind::list:
      return "tuple of ints";
    case ArgKind::floats:
      return "tuple of floats";
    case ArgKind::dtype:
      return "torch.dtype";
    case ArgKind::generator:
      return "torch.Generator";
    case ArgKind::device:
      return "torch.device";
    case ArgKind::layout:
      return "torch.layout";
    case ArgKind::memory_format:
      return "torch.memory_format";
  }
  __builtin_unreachable();
}

Value default_value(const ArgSpec& spec) {
  Value value;
  const std::string& text = spec.default_text;
  if (!spec.has_default || text == "None") return value;
  if (text == "()") {
    value.tag = Value::Tag::ints;
    return value;
  }
  value.tag = Value::Tag::number;
  if (text == "True" || text == "False") {
    value.number = Scalar::of(text == "True");
  } else if (spec.kind == ArgKind::text) {
    value.tag = Value::Tag::text;
    value.text = text.c_str();
  } else if (spec.kind == ArgKind::floating || text.find_first_of(".e") != std::string::npos) {
    value.number = Scalar::of(std::strtod(text.c_str(), nullptr));
  } else {
    value.number = Scalar::of(static_cast<std::int64_t>(std::strtoll(text.c_str(), nullptr, 10)));
    if (spec.kind == ArgKind::ints || spec.kind == ArgKind::tuple) {
      value.tag = Value::Tag::ints;
      value.ints = {std::strtoll(text.c_str(), nullptr, 10)};
    }
  }
  return value;
}

namespace {

bool list_of_ints(PyObject* const* args, Py_ssize_t count, Dims* ints) {
  check(count <= INT_MAX, "a list of ", count, " ints");
  *ints = Dims::list(static_cast<int>(count));
  for (Py_ssize_t i = 0; i < count; ++i)
    if (!as_integer(args[i], &(*ints)[static_cast<int>(i)])) return false;
  return true;
}

}  // namespace

bool bare_ints(PyObject* const* args, Py_ssize_t count, Dims* ints) {
  check(count <= kMaxDims, "a tensor has at most ", kMaxDims, " dimensions, got ", count);
  return list_of_ints(args, count, ints);
}

namespace {

bool sequence_of_ints(PyObject* object, Dims* ints, bool any_number = false) {
  if (!PyTuple_Check(object) && !PyList_Check(object)) return false;
  return (any_number ? list_of_ints : bare_ints)(PySequence_Fast_ITEMS(object), PySequence_Fast_GET_SIZE(object), ints);
}

bool sequence_of_tensors(PyObject* object, std::vector<Tensor>* tensors) {
  if (!PyTuple_Check(object) && !PyList_Check(object)) return false;
  PyObject* const* items = PySequence_Fast_ITEMS(object);
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(object);
  tensors->reserve(static_cast<std::size_t>(count));
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!is_tensor(items[i])) return false;
    tensors->push_back(tensor_of(items[i]));
  }
  return true;
}

bool numbers(PyObject* object, std::vector<Tensor>* tensors) {
  if (!PyTuple_Check(object) && !PyList_Check(object)) return false;
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(object);
  const Tensor values = Tensor::empty({count}, DType::float64);
  for (Py_ssize_t i = 0; i < count; ++i) {
    Scalar number;
    if (!as_number(PySequence_Fast_GET_ITEM(object, i), &number)) return false;
    values.data<double>()[i] = number.to<double>();
  }
  *tensors = {values};
  return true;
}

}  // namespace

bool convert(const ArgSpec& spec, PyObject* object, Value* value) {
  if (spec.kind == ArgKind::tensor || spec.kind == ArgKind::operand) {
    if (is_tensor(object)) {
      value->tag = Value::Tag::tensor;
      value->tensor = &tensor_of(object);
      return true;
    }
    if (spec.kind == ArgKind::tensor && object != Py_None) return false;
  }
  if (object == Py_None) return spec.optional;
  std::int64_t integer;
  switch (spec.kind) {
    case ArgKind::tensor:
      return false;
    case ArgKind::tensors:
      value->tag = Value::Tag::tensors;
      return sequence_of_tensors(object, &value->tensors);
    case ArgKind::operand:
    case ArgKind::number:
      value->tag = Value::Tag::number;
      return as_number(object, &value->number);
    case ArgKind::floating:
      value->tag = Value::Tag::number;
      if (!as_number(object, &value->number)) return false;
      value->number = Scalar::of(value->number.to<double>());
      return true;
    case ArgKind::integer:
      if (!as_integer(object, &integer)) return false;
      value->tag = Value::Tag::number;
      value->number = Scalar::of(integer);
      return true;
    case ArgKind::boolean:
      if (!PyBool_Check(object)) return false;
      value->tag = Value::Tag::number;
      value->number = Scalar::of(object == Py_True);
      return true;
    case ArgKind::text:
      if (!PyUnicode_Check(object)) return false;
      value->tag = Value::Tag::text;
      value->text = PyUnicode_AsUTF8(object);
      if (!value->text) throw PythonError();
      return true;
    case ArgKind::ints:
      value->tag = Value::Tag::ints;
      if (as_integer(object, &integer)) {
        value->ints = {integer};
        return true;
      }
      return sequence_of_ints(object, &value->ints);
    case ArgKind::tuple:
      value->tag = Value::Tag::ints;
      return sequence_of_ints(object, &value->ints);
    case ArgKind::list:
      value->tag = Value::Tag::ints;
      return sequence_of_ints(object, &value->ints, true);
    case ArgKind::floats:
      value->tag = Value::Tag::tensors;
      return numbers(object, &value->tensors);
    case ArgKind::dtype:
      value->tag = Value::Tag::dtype;
      return as_dtype(object, &value->dtype);
    case ArgKind::generator:
      if (!pybind11::isinstance<Generator>(object)) return false;
      value->tag = Value::Tag::generator;
      value->generator = pybind11::cast<Generator*>(pybind11::handle(object));
      return true;
    case ArgKind::device:
      return is_cpu(object);
    case ArgKind::layout:
      return is_strided(object);
    case ArgKind::memory_format:
      value->tag = Value::Tag::text;
      value->text = dense_format(object);
      return value->text != nullptr;
  }
  __builtin_unreachable();
}

int find_argument(const Op& op, const std::vector<PyObject*>& names, PyObject* keyword) {
  const int count = static_cast<int>(names.size());
  for (int i = 0; i < count; ++i)
    if (names[i] == keyword) return i;
  const char* text = PyUnicode_AsUTF8(keyword);
  if (!text) throw PythonError();
  std::string_view wanted = text;
  if (wanted == "axis") wanted = "dim";
  if (wanted == "keepdims") wanted = "keepdim";
  if (wanted == "x" || wanted == "a" || wanted == "self") wanted = "input";
  for (int i = 0; i < count; ++i)
    if (op.args[i].name == wanted) return i;
  return -1;
}

std::string text_signature(const Op& op, bool method) {
  std::string text = "(";
  bool keyword_only = false;
  for (std::size_t i = 0; i < op.args.size(); ++i) {
    const ArgSpec& arg = op.args[i];
    if (arg.keyword_only && !keyword_only) text += text.size() > 1 ? ", *" : "*";
    keyword_only = arg.keyword_only;
    text += str(text.size() > 1 ? ", " : "", i == 0 && method ? std::string("$self") : arg.name);
    if (arg.has_default) text += "=" + (arg.kind == ArgKind::text ? "'" + arg.default_text + "'" : arg.default_text);
  }
  if ((op.forms & kOut) && !method) text += str(keyword_only ? ", " : ", *, ", "out=None");
  return text + ")";
}

std::string documentation(const Op& op, const std::string& name, bool function, bool inplace) {
  const auto arrow = op.signature.find(" -> ");
  std::string arguments = op.signature.substr(0, arrow);
  if (!function) {  // self is not written
    const auto comma = arguments.find(',');
    arguments = comma == std::string::npos ? "" : arguments.substr(comma + 2);
  }
  if (function && (op.forms & kOut)) {
    const bool open = arguments.find('*') != std::string::npos;
    arguments += str(open ? ", " : ", *, ", "out: Tensor? = None");
  }
  const std::string result = arrow == std::string::npos || inplace ? "" : op.signature.substr(arrow);
  std::string text = str(name, "(", arguments, ")", result, "\n\n", op.doc);
  if (inplace && !(op.forms & kInplaceOnly)) text += "\n\nThis form writes the result into the tensor and returns it.";
  if (op.row) {
    text += "\n\n";
    switch (op.row->rule) {
      case DTypeRule::common:
        text += "The result has the promoted dtype of the operands";
        break;
      case DTypeRule::number:
        text += "The result has the promoted dtype of the operands, int64 for bool";
        break;
      case DTypeRule::floating:
        text += "The result has the promoted dtype of the operands, the default float dtype for integers";
        break;
      case DTypeRule::compare:
        text += "The result is bool";
        break;
    }
    text += op.row->arity > 1 ? " and their broadcast shape; RuntimeError where the shapes do not broadcast."
                              : " and the shape of input.";
  }
  return text;
}

}  // namespace wengert::python
