// From Python arguments to the values of a call, and from the op table to signatures and docstrings.
#pragma once

#include <string>
#include <vector>

#include "python/python.h"

namespace wengert::python {

const char* kind_name(ArgKind kind);  // as PyTorch's messages name it
Value default_value(const ArgSpec& spec);

// False where the object is of another kind.
bool convert(const ArgSpec& spec, PyObject* object, Value* value);
bool bare_ints(PyObject* const* args, Py_ssize_t count, Dims* ints);  // view(2, 3)

// The index of a keyword, also by NumPy's names axis, keepdims and x; -1 where there is none.
int find_argument(const Op& op, const std::vector<PyObject*>& names, PyObject* keyword);

std::string text_signature(const Op& op, bool method);
std::string documentation(const Op& op, const std::string& name, bool function, bool inplace);

}  // namespace wengert::python
