// The tuples with named fields that operators such as max(dim) give, as PyTorch's torch.return_types.
#pragma once

#include "python/python.h"

namespace wengert::python {

// One type per operator, which its forms and aliases share. Null with an exception set.
PyTypeObject* named_tuple_type(const Op& op);
// A tuple of that type, its items still null.
PyObject* new_named_tuple(PyTypeObject* type, Py_ssize_t count);

}  // namespace wengert::python
