// The tensor type: allocation, garbage collection, and the number, comparison, sequence and mapping slots.

#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/view.h"
#include "python/autograd.h"

namespace wengert::python {

PyTypeObject* tensor_base_type = nullptr;

namespace {

// The public class, a Python subclass registered at import, and its freed objects: a result costs no malloc.
PyTypeObject* tensor_class = nullptr;
constexpr int kFreeObjects = 256;
PyObject* free_objects[kFreeObjects];
int free_count = 0;

PyObject* tensor_new(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  if (kwargs && PyDict_GET_SIZE(kwargs) > 0) {
    PyErr_SetString(PyExc_TypeError, "Tensor() takes no keyword arguments; use wengert.tensor(data, dtype=...)");
    return nullptr;
  }
  // Tensor(2, 3) is uninitialised float32, Tensor([1, 2]) float32 data, Tensor(t) the same tensor, as in PyTorch.
  return guarded([&]() -> PyObject* {
    Tensor value;
    const DType dtype = DType::float32;
    PyObject* first = PyTuple_GET_SIZE(args) == 1 ? PyTuple_GET_ITEM(args, 0) : nullptr;
    if (first && is_tensor(first)) {
      value = tensor_of(first);
    } else if (first && !PyLong_Check(first)) {
      value = from_data(first, &dtype);
    } else {
      Dims sizes;
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) {
        std::int64_t size;
        check_type(as_integer(PyTuple_GET_ITEM(args, i), &size), "Tensor(): sizes are ints, or one argument holds the data");
        sizes.push_back(size);
      }
      if (sizes.empty()) sizes.push_back(0);
      value = Tensor::empty(sizes, dtype);
    }
    PyObject* self = type->tp_alloc(type, 0);
    if (!self) return nullptr;
    new (&tensor_of(self)) Tensor(std::move(value));
    if (first && is_tensor(first) && mode.grad && requires_grad(first)) {  // x[...] of another class
      const Owned held(self), alias = checked(PyObject_GetItem(first, Py_Ellipsis));
      track_view(self, first);
      set_history(as_tensor(self), as_tensor(alias.get())->grad_fn, as_tensor(alias.get())->output);
      return Py_NewRef(self);
    }
    if (mode.inference) as_tensor(self)->flags |= kInference;
    return self;
  });
}

int tensor_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(reinterpret_cast<PyTensor*>(self)->dict);
  return traverse_history(as_tensor(self), visit, arg);
}

int tensor_clear(PyObject* self) {
  Py_CLEAR(as_tensor(self)->dict);
  clear_history(as_tensor(self));
  return 0;
}

void tensor_dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  auto* object = reinterpret_cast<PyTensor*>(self);
  if (object->weakrefs) PyObject_ClearWeakRefs(self);
  Py_CLEAR(object->dict);
  if (object->base || object->grad_fn || object->extra) clear_history(object);
  object->tensor.~Tensor();
  PyTypeObject* type = Py_TYPE(self);
  if (type == tensor_class && free_count < kFreeObjects)
    free_objects[free_count++] = self;
  else
    type->tp_free(self);
  Py_DECREF(type);
}

// Operators ---------------------------------------------------------------------------------------------------------

struct Rows {
  const Op &add = find_op("add"), &sub = find_op("sub"), &mul = find_op("mul"), &div = find_op("div"), &neg = find_op("neg"),
           &abs = find_op("abs"), &eq = find_op("eq"), &ne = find_op("ne"), &lt = find_op("lt"), &le = find_op("le"),
           &gt = find_op("gt"), &ge = find_op("ge"), &floor_divide = find_op("floor_divide"), &remainder = find_op("remainder"),
           &bitwise_and = find_op("bitwise_and"), &bitwise_or = find_op("bitwise_or"), &bitwise_xor = find_op("bitwise_xor"),
           &bitwise_not = find_op("bitwise_not"), &left_shift = find_op("bitwise_left_shift"),
           &right_shift = find_op("bitwise_right_shift"), &pow = find_op("pow");
};
const Rows* rows = nullptr;

bool as_operand(PyObject* object, Operand* operand) {
  if (is_tensor(object)) {
    *operand = Operand(tensor_of(object));
    return true;
  }
  operand->tensor = nullptr;
  return as_number(object, &operand->number);
}

PyObject* unary(const Op& op, PyObject* self) {
  return guarded([&] {
    const auto run = [&] {
      const Operand operand(tensor_of(self));
      return wrap(elementwise(*op.row, {&operand, 1}));
    };
    if (may_need(self)) {
      PyObject* const objects[] = {self};
      if (needs_recording(objects)) return record_call(rule_of(op), objects, nullptr, run);
    }
    return run();
  });
}

PyObject* inplace(const Op& op, PyObject* self, PyObject* other) {
  return guarded([&]() -> PyObject* {
    Operand operands[2] = {Operand(tensor_of(self)), Operand(Scalar())};
    if (!as_operand(other, &operands[1])) Py_RETURN_NOTIMPLEMENTED;
    const auto run = [&] {
      elementwise(*op.row, operands, &tensor_of(self), true);
      tensor_of(self).storage()->writer = op.public_name.c_str();
      return Py_NewRef(self);
    };
    check_written(self);
    if (may_need(self) || (is_tensor(other) && may_need(other))) {
      PyObject* const objects[] = {self, other};
      if (needs_recording(objects)) return record_call(rule_of(op), objects, self, run);
    }
    return run();
  });
}

// a + b, also reflected, and a += b.
#define WENGERT_BINARY(name)                                                                  \
  PyObject* nb_##name(PyObject* a, PyObject* b) { return number_operator(rows->name, a, b); } \
  PyObject* nb_inplace_##name(PyObject* a, PyObject* b) { return inplace(rows->name, a, b); }
WENGERT_BINARY(add)
WENGERT_BINARY(sub)
WENGERT_BINARY(mul)
WENGERT_BINARY(div)
WENGERT_BINARY(floor_divide)
WENGERT_BINARY(remainder)
WENGERT_BINARY(bitwise_and)
WENGERT_BINARY(bitwise_or)
WENGERT_BINARY(bitwise_xor)
WENGERT_BINARY(left_shift)
WENGERT_BINARY(right_shift)
#undef WENGERT_BINARY

PyObject* nb_power(PyObject* a, PyObject* b, PyObject* modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return number_operator(rows->pow, a, b);
}
PyObject* nb_inplace_power(PyObject* a, PyObject* b, PyObject*) { return inplace(rows->pow, a, b); }

PyObject* nb_negative(PyObject* self) { return unary(rows->neg, self); }
PyObject* nb_absolute(PyObject* self) { return unary(rows->abs, self); }
PyObject* nb_invert(PyObject* self) {
  return guarded([&] {
    check_type(!is_floating(tensor_of(self).dtype()),
               "~ (operator.invert) is only implemented on integer and Boolean-type tensors");
    return unary(rows->bitwise_not, self);
  });
}
PyObject* nb_positive(PyObject* self) { return Py_NewRef(self); }

PyObject* nb_matmul(PyObject* a, PyObject* b) {
  if (!is_tensor(a) || !is_tensor(b)) Py_RETURN_NOTIMPLEMENTED;
  return guarded([&] {
    const auto run = [&] { return wrap(matmul(tensor_of(a), tensor_of(b))); };
    if (may_need(a) || may_need(b)) {
      PyObject* const objects[] = {a, b};
      if (needs_recording(objects)) return record_call(rule_of(matmul_op(tensor_of(a), tensor_of(b))), objects, nullptr, run);
    }
    return run();
  });
}

PyObject* richcompare(PyObject* a, PyObject* b, int op) {
  const Op* const by_op[] = {&rows->lt, &rows->le, &rows->eq, &rows->ne, &rows->gt, &rows->ge};
  return number_operator(*by_op[op], a, b);
}

Py_hash_t hash(PyObject* self) { return _Py_HashPointer(self); }

int nb_bool(PyObject* self) {
  return guarded([&] {
    const Tensor& t = tensor_of(self);
    check(t.numel() != 0, "Boolean value of Tensor with no values is ambiguous");
    check(t.numel() == 1, "Boolean value of Tensor with more than one value is ambiguous [tensor ", tuple_of(t.sizes()), "]");
    return static_cast<int>(!Scalar::load(t.dtype(), t.data()).is(0));
  });
}

Scalar single(PyObject* self) {
  const Tensor& t = tensor_of(self);
  check_value(t.numel() == 1, "only one element tensors can be converted to Python scalars");
  return Scalar::load(t.dtype(), t.data());
}

PyObject* nb_int(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const Scalar value = single(self);
    if (value.is_floating()) return PyLong_FromDouble(value.floating);
    return value.is_unsigned ? wrap_number(value) : PyLong_FromLongLong(value.integer);  // True is 1
  });
}

PyObject* nb_float(PyObject* self) {
  return guarded([&] { return PyFloat_FromDouble(single(self).to<double>()); });
}

PyObject* nb_index(PyObject* self) {
  return guarded([&] {
    const Tensor& t = tensor_of(self);
    check_type(t.numel() == 1 && !is_floating(t.dtype()),
               "only integer tensors of a single element can be converted to an index");
    const Scalar value = Scalar::load(t.dtype(), t.data());
    return value.is_unsigned ? wrap_number(value) : PyLong_FromLongLong(value.integer);
  });
}

Py_ssize_t length(PyObject* self) {
  const Tensor& t = tensor_of(self);
  if (t.dim() == 0) {
    PyErr_SetString(PyExc_TypeError, "len() of a 0-d tensor");
    return -1;
  }
  return t.size(0);
}

PyObject* iterate(PyObject* self) {
  return guarded([&]() -> PyObject* {
    const Tensor& t = tensor_of(self);
    check_type(t.dim() > 0, "iteration over a 0-d tensor");
    if (may_need(self)) {
      PyObject* const objects[] = {self};
      if (needs_recording(objects)) {
        const Owned parts = checked(PyObject_CallMethod(self, "unbind", nullptr));
        return PyObject_GetIter(parts.get());
      }
    }
    PyObject* rows_of = PyTuple_New(t.size(0));
    if (!rows_of) return nullptr;
    for (std::int64_t i = 0; i < t.size(0); ++i) {
      PyObject* row = wrap(select(t, 0, i));
      if (!row) {
        Py_DECREF(rows_of);
        return nullptr;
      }
      track_view(row, self, true);
      PyTuple_SET_ITEM(rows_of, i, row);
    }
    PyObject* iterator = PyObject_GetIter(rows_of);
    Py_DECREF(rows_of);
    return iterator;
  });
}

PyMemberDef kMembers[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(PyTensor, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(PyTensor, weakrefs), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

#define SLOT(id, f) {id, reinterpret_cast<void*>(f)}
PyType_Slot kSlots[] = {
    SLOT(Py_tp_new, tensor_new),
    SLOT(Py_tp_dealloc, tensor_dealloc),
    SLOT(Py_tp_traverse, tensor_traverse),
    SLOT(Py_tp_clear, tensor_clear),
    SLOT(Py_tp_members, kMembers),
    SLOT(Py_tp_methods, kTensorMethods),
    SLOT(Py_tp_getset, kTensorProperties),
    SLOT(Py_tp_hash, hash),
    SLOT(Py_tp_richcompare, richcompare),
    SLOT(Py_tp_iter, iterate),
    SLOT(Py_nb_add, nb_add),
    SLOT(Py_nb_subtract, nb_sub),
    SLOT(Py_nb_multiply, nb_mul),
    SLOT(Py_nb_true_divide, nb_div),
    SLOT(Py_nb_floor_divide, nb_floor_divide),
    SLOT(Py_nb_remainder, nb_remainder),
    SLOT(Py_nb_power, nb_power),
    SLOT(Py_nb_and, nb_bitwise_and),
    SLOT(Py_nb_or, nb_bitwise_or),
    SLOT(Py_nb_xor, nb_bitwise_xor),
    SLOT(Py_nb_lshift, nb_left_shift),
    SLOT(Py_nb_rshift, nb_right_shift),
    SLOT(Py_nb_inplace_add, nb_inplace_add),
    SLOT(Py_nb_inplace_subtract, nb_inplace_sub),
    SLOT(Py_nb_inplace_multiply, nb_inplace_mul),
    SLOT(Py_nb_inplace_true_divide, nb_inplace_div),
    SLOT(Py_nb_inplace_floor_divide, nb_inplace_floor_divide),
    SLOT(Py_nb_inplace_remainder, nb_inplace_remainder),
    SLOT(Py_nb_inplace_power, nb_inplace_power),
    SLOT(Py_nb_inplace_and, nb_inplace_bitwise_and),
    SLOT(Py_nb_inplace_or, nb_inplace_bitwise_or),
    SLOT(Py_nb_inplace_xor, nb_inplace_bitwise_xor),
    SLOT(Py_nb_inplace_lshift, nb_inplace_left_shift),
    SLOT(Py_nb_inplace_rshift, nb_inplace_right_shift),
    SLOT(Py_nb_invert, nb_invert),
    SLOT(Py_nb_matrix_multiply, nb_matmul),
    SLOT(Py_nb_negative, nb_negative),
    SLOT(Py_nb_positive, nb_positive),
    SLOT(Py_nb_absolute, nb_absolute),
    SLOT(Py_nb_bool, nb_bool),
    SLOT(Py_nb_int, nb_int),
    SLOT(Py_nb_float, nb_float),
    SLOT(Py_nb_index, nb_index),
    SLOT(Py_sq_length, length),
    SLOT(Py_mp_length, length),
    SLOT(Py_mp_subscript, subscript),
    SLOT(Py_mp_ass_subscript, assign_subscript),
    SLOT(Py_bf_getbuffer, get_buffer),
    SLOT(Py_bf_releasebuffer, release_buffer),
    {0, nullptr},
};
#undef SLOT
PyType_Spec kSpec = {"wengert._C.TensorBase", sizeof(PyTensor), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, kSlots};

// Called once, by _tensor.py, with the public class. Its instances have exactly our layout (__slots__ = ()), so that they may
// be made here and, with our own deallocator in place of Python's general one, kept for reuse.
PyObject* register_class(PyObject*, PyObject* type) {
  auto* cls = reinterpret_cast<PyTypeObject*>(type);
  if (!PyType_Check(type) || cls->tp_base != tensor_base_type || cls->tp_basicsize != sizeof(PyTensor)) {
    PyErr_SetString(PyExc_TypeError, "the public tensor class derives from TensorBase and has __slots__ = ()");
    return nullptr;
  }
  cls->tp_dealloc = tensor_dealloc;
  tensor_class = reinterpret_cast<PyTypeObject*>(Py_NewRef(type));
  Py_RETURN_NONE;
}

PyMethodDef kRegister = {"_register_tensor_class", register_class, METH_O, nullptr};

}  // namespace

PyObject* wrap(Tensor&& tensor) {
  PyObject* self;
  if (free_count > 0) {
    self = PyObject_Init(free_objects[--free_count], tensor_class);
    PyObject_GC_Track(self);
  } else {
    self = tensor_class->tp_alloc(tensor_class, 0);
    if (!self) return nullptr;
  }
  auto* object = reinterpret_cast<PyTensor*>(self);
  new (&object->tensor) Tensor(std::move(tensor));
  object->dict = nullptr;
  object->weakrefs = nullptr;
  object->grad_fn = nullptr;
  object->base = nullptr;
  object->extra = nullptr;
  object->output = object->view_version = 0;
  object->flags = mode.inference ? kInference : 0;
  object->view_kind = ViewKind::plain;
  return self;
}

PyObject* number_operator(const Op& op, PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    Operand operands[2] = {Operand(Scalar()), Operand(Scalar())};
    if (!as_operand(a, &operands[0]) || !as_operand(b, &operands[1])) Py_RETURN_NOTIMPLEMENTED;
    const auto run = [&] { return wrap(elementwise(*op.row, operands)); };
    if ((operands[0].tensor && may_need(a)) || (operands[1].tensor && may_need(b))) {
      PyObject* const objects[] = {a, b};
      if (needs_recording(objects)) return record_call(rule_of(op), objects, nullptr, run);
    }
    return run();
  });
}

const ElementwiseRow& elementwise_row(const char* name) { return *find_op(name).row; }

void add_tensor_type(PyObject* module) {
  tensor_base_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&kSpec));
  if (!tensor_base_type) throw pybind11::error_already_set();
  rows = new Rows;
  PyObject* registrar = PyCFunction_New(&kRegister, nullptr);
  if (!registrar || PyModule_AddObject(module, kRegister.ml_name, registrar) < 0 ||
      PyModule_AddObjectRef(module, "TensorBase", reinterpret_cast<PyObject*>(tensor_base_type)) < 0)
    throw pybind11::error_already_set();
}

}  // namespace wengert::python
