// The node type: allocation, garbage collection without recursion, and what Python sees of a node.
#include <algorithm>
#include <cstring>

#include "python/autograd.h"

namespace wengert::python {

PyTypeObject* node_type = nullptr;
PyTypeObject* accumulator_type = nullptr;

namespace {

constexpr int kFreeNodes = 256;
PyObject* free_nodes[kFreeNodes];
int free_count = 0;
std::uint64_t last_sequence = 0;

void construct(Node* node) {
  node->dict = node->weakrefs = nullptr;
  node->rule = nullptr;
  node->variable = nullptr;
  node->constant = nullptr;
  node->constant_argument = -1;
  node->extra = nullptr;
  node->sequence = 0;
  node->pass = 0;
  node->slot = 0;
  node->freed = false;
  node->list = -1;
  node->list_size = 0;
  new (&node->edges) Few<Edge, 2>;
  new (&node->outputs) Few<Output, 1>;
  new (&node->saved) Few<Saved, 3>;
}

PyObject* node_new(PyTypeObject* type, PyObject*, PyObject*) {
  PyObject* self = type->tp_alloc(type, 0);
  if (self) construct(as_node(self));
  return self;
}

int node_traverse(PyObject* self, visitproc visit, void* arg) {
  Node* node = as_node(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(node->dict);
  Py_VISIT(node->variable);
  for (Edge& edge : node->edges) Py_VISIT(edge.node);
  for (Saved& saved : node->saved) {
    Py_VISIT(saved.object);
    Py_VISIT(saved.history);
    Py_VISIT(saved.unpack);
  }
  if (const NodeExtra* extra = node->extra) {
    for (PyObject* held : {extra->prehooks, extra->hooks, extra->tensor_hooks, extra->retained, extra->where}) Py_VISIT(held);
  }
  return 0;
}

// What a node being freed held. A chain of a million nodes must not free itself by recursion: the outermost call works the
// list off, the calls inside it only add to it.
// (Never destroyed: objects are freed after a thread's own variables are.)
thread_local std::vector<PyObject*>& doomed = *new std::vector<PyObject*>;
thread_local bool unwinding = false;

void give_up(PyObject* object) {
  if (!object) return;
  if (Py_REFCNT(object) > 1)
    Py_DECREF(object);
  else
    doomed.push_back(object);
}

void give_up_all(Node* node) {
  for (Edge& edge : node->edges) give_up(as_object(std::exchange(edge.node, nullptr)));
  for (Saved& saved : node->saved) {
    give_up(std::exchange(saved.object, nullptr));
    give_up(as_object(std::exchange(saved.history, nullptr)));
    give_up(std::exchange(saved.unpack, nullptr));
  }
  Py_CLEAR(node->constant);
  if (PyObject* variable = std::exchange(node->variable, nullptr)) {
    if (Extra* extra = as_tensor(variable)->extra; extra && extra->accumulator == node) extra->accumulator = nullptr;
    give_up(variable);
  }
  if (NodeExtra* extra = std::exchange(node->extra, nullptr)) {
    for (PyObject* held : {extra->prehooks, extra->hooks, extra->tensor_hooks, extra->retained, extra->where}) give_up(held);
    delete extra;
  }
  give_up(std::exchange(node->dict, nullptr));
}

void unwind() {
  if (unwinding) return;
  unwinding = true;
  while (!doomed.empty()) {
    PyObject* object = doomed.back();
    doomed.pop_back();
    Py_DECREF(object);
  }
  unwinding = false;
}

int node_clear(PyObject* self) {
  give_up_all(as_node(self));
  unwind();
  return 0;
}

void node_dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  Node* node = as_node(self);
  if (node->weakrefs) PyObject_ClearWeakRefs(self);
  give_up_all(node);
  node->edges.~Few();
  node->outputs.~Few();
  node->saved.~Few();
  PyTypeObject* type = Py_TYPE(self);
  if (type->tp_dealloc == node_dealloc && free_count < kFreeNodes)
    free_nodes[free_count++] = self;
  else
    type->tp_free(self);
  Py_DECREF(type);
  unwind();
}

PyObject* node_repr(PyObject* self) { return PyUnicode_FromFormat("<%s object at %p>", Py_TYPE(self)->tp_name, self); }

// PyTorch writes the namespace of the nodes that its generator has not made.
PyObject* name_method(PyObject* self, PyObject*) {
  const std::string name = node_name(as_node(self));
  const bool plain = name == "AccumulateGrad" || name == "CopySlices" || name == "CopyBackwards";
  return PyUnicode_FromString((plain ? "torch::autograd::" + name : name).c_str());
}

PyObject* next_functions(PyObject* self, void*) {
  Node* node = as_node(self);
  PyObject* result = PyTuple_New(node->edges.size());
  for (int i = 0; result && i < node->edges.size(); ++i) {
    const Edge& edge = node->edges[i];
    PyObject* pair = Py_BuildValue("(OI)", edge.node ? as_object(edge.node) : Py_None, edge.output);
    if (pair)
      PyTuple_SET_ITEM(result, i, pair);
    else
      Py_CLEAR(result);
  }
  return result;
}

PyObject* variable(PyObject* self, void*) {
  if (PyObject* held = as_node(self)->variable) return Py_NewRef(held);
  return PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute 'variable'", Py_TYPE(self)->tp_name);
}
PyObject* sequence(PyObject* self, void*) { return PyLong_FromUnsignedLongLong(as_node(self)->sequence); }
PyObject* sequence_method(PyObject* self, PyObject*) { return sequence(self, nullptr); }
PyObject* row(PyObject* self, void*) {
  const Rule* rule = as_node(self)->rule;
  return Py_NewRef(rule ? rule->row : Py_None);
}
PyObject* operator_name(PyObject* self, void*) {
  const Rule* rule = as_node(self)->rule;
  return rule ? PyUnicode_FromString(rule->op.c_str()) : Py_NewRef(Py_None);
}

PyObject* outputs(PyObject* self, void*) {
  Node* node = as_node(self);
  if (node->variable) {
    const Tensor& tensor = tensor_of(node->variable);
    return Py_BuildValue("((NN))", wrap_size(tensor.sizes()), wrap_dtype(tensor.dtype()));
  }
  PyObject* result = PyTuple_New(node->outputs.size());
  for (int i = 0; result && i < node->outputs.size(); ++i) {
    PyObject* pair = Py_BuildValue("(NN)", wrap_size(node->outputs[i].sizes), wrap_dtype(node->outputs[i].dtype));
    if (pair)
      PyTuple_SET_ITEM(result, i, pair);
    else
      Py_CLEAR(result);
  }
  return result;
}

PyObject* saved_values(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    Node* node = as_node(self);
    Owned result = checked(PyDict_New());
    for (int i = 0; i < node->saved.size(); ++i) {
      if (!node->saved[i].object) continue;
      const Owned value = unpack(node->saved[i], node);
      if (PyDict_SetItemString(result.get(), node->rule->sources[static_cast<std::size_t>(i)].name.c_str(), value.get()) < 0)
        throw PythonError();
    }
    if (node->constant) {
      const std::string& name = node->rule->arguments[static_cast<std::size_t>(node->constant_argument)];
      if (PyDict_SetItemString(result.get(), name.c_str(), node->constant) < 0) throw PythonError();
    }
    return result.release();
  });
}

PyObject* where(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    const NodeExtra* extra = as_node(self)->extra;
    if (!extra || !extra->where) Py_RETURN_NONE;
    if (extra->line == 0) return Py_NewRef(extra->where);
    const Owned file = checked(PyObject_GetAttrString(extra->where, "co_filename"));
    return PyUnicode_FromFormat("%U:%d", file.get(), extra->line);
  });
}

PyObject* freed(PyObject* self, void*) { return PyBool_FromLong(as_node(self)->freed); }
PyObject* queued(PyObject* self, void*) { return PyBool_FromLong(as_node(self)->pass != 0); }

PyObject* dict_of(PyObject*& place) {
  if (!place && !(place = PyDict_New())) return nullptr;
  return Py_NewRef(place);
}
PyObject* hooks(PyObject* self, void*) { return dict_of(node_extra(as_node(self)).hooks); }
PyObject* prehooks(PyObject* self, void*) { return dict_of(node_extra(as_node(self)).prehooks); }
PyObject* metadata(PyObject* self, void*) {
  const Owned dict(PyObject_GenericGetDict(self, nullptr));
  if (!dict) return nullptr;
  PyObject* held = PyDict_GetItemString(dict.get(), "_metadata");
  if (held) return Py_NewRef(held);
  PyObject* made = PyDict_New();
  if (made && PyDict_SetItemString(dict.get(), "_metadata", made) < 0) Py_CLEAR(made);
  return made;
}

// _saved_other: what the node keeps under a formula's parameter; PyTorch's self is input here.
PyObject* get_attribute(PyObject* self, PyObject* name) {
  Node* node = as_node(self);
  const char* text = PyUnicode_AsUTF8(name);
  if (!text) return nullptr;
  if (!node->rule || std::strncmp(text, "_saved_", 7) != 0) return PyObject_GenericGetAttr(self, name);
  const std::string wanted = std::strcmp(text + 7, "self") == 0 ? "input" : text + 7;
  const auto& sources = node->rule->sources;
  return guarded([&]() -> PyObject* {
    for (std::size_t i = 0; i < sources.size(); ++i)
      if (sources[i].name == wanted && sources[i].saved()) {
        if (static_cast<int>(i) >= node->saved.size()) Py_RETURN_NONE;
        const Saved& saved = node->saved[static_cast<int>(i)];
        if (!saved.object && saved.has_versions) fail_freed();
        if (!saved.object) Py_RETURN_NONE;
        return unpack(saved, node).release();
      }
    return PyObject_GenericGetAttr(self, name);
  });
}

PyObject* call_node(PyObject* self, PyObject* args, PyObject*) {
  return guarded([&]() -> PyObject* {
    std::vector<PyObject*> given;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i)
      given.push_back(PyTuple_GET_ITEM(args, i) == Py_None ? nullptr : PyTuple_GET_ITEM(args, i));
    Gradients grads;
    run_node(as_node(self), given, &grads);
    const auto item = [&](int i) { return grads[i] ? grads[i].release() : Py_NewRef(Py_None); };
    if (grads.size() == 1) return item(0);
    Owned tuple = checked(PyTuple_New(grads.size()));
    for (int i = 0; i < grads.size(); ++i) PyTuple_SET_ITEM(tuple.get(), i, item(i));
    return tuple.release();
  });
}

PyObject* release_method(PyObject* self, PyObject*) {
  release_saved(as_node(self));
  Py_RETURN_NONE;
}

PyMethodDef kMethods[] = {
    {"release_saved", release_method, METH_NOARGS, "release_saved()\n\nGives up what the node keeps."},
    {"name", name_method, METH_NOARGS, "name() -> str\n\nPyTorch's name of the node, such as 'MulBackward0'."},
    {"_sequence_nr", sequence_method, METH_NOARGS, "_sequence_nr() -> int\n\nAs the attribute sequence."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef kProperties[] = {
    {"next_functions", next_functions, nullptr,
     "Where the gradients of the inputs go: a tuple of (node or None, which of its outputs).", nullptr},
    {"variable", variable, nullptr, "The leaf whose gradient this node accumulates.", nullptr},
    {"sequence", sequence, nullptr, "The number of the node: larger than those of the nodes that it leads to.", nullptr},
    {"row", row, nullptr, "The row of the derivative table, or None.", nullptr},
    {"op", operator_name, nullptr, "The operator's name in the derivative table, or None.", nullptr},
    {"outputs", outputs, nullptr, "(shape, dtype) of each result of the operator.", nullptr},
    {"saved", saved_values, nullptr, "What the node keeps for the formulas, by their parameters' names.", nullptr},
    {"where", where, nullptr, "The line that made the node, or its traceback, where these are noted; else None.", nullptr},
    {"freed", freed, nullptr, "Whether what the node kept has been given up by a backward pass.", nullptr},
    {"_queued", queued, nullptr, "Whether a backward pass that is going on has a gradient for the node.", nullptr},
    {"metadata", metadata, nullptr, "A dict for the user's own notes.", nullptr},
    {"_hooks", hooks, nullptr, "The dict of the hooks that run after the node.", nullptr},
    {"_prehooks", prehooks, nullptr, "The dict of the hooks that run before the node.", nullptr},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, "The attributes set on this node.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyMemberDef kMembers[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(Node, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Node, weakrefs), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
#define SLOT(id, f) {id, reinterpret_cast<void*>(f)}
PyType_Slot kSlots[] = {
    SLOT(Py_tp_new, node_new),
    SLOT(Py_tp_dealloc, node_dealloc),
    SLOT(Py_tp_traverse, node_traverse),
    SLOT(Py_tp_clear, node_clear),
    SLOT(Py_tp_repr, node_repr),
    SLOT(Py_tp_call, call_node),
    SLOT(Py_tp_getattro, get_attribute),
    SLOT(Py_tp_methods, kMethods),
    SLOT(Py_tp_getset, kProperties),
    SLOT(Py_tp_members, kMembers),
    {0, nullptr},
};
#undef SLOT
PyType_Spec kSpec = {"wengert._C.Node", sizeof(Node), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, kSlots};

}  // namespace

std::uint64_t next_sequence() { return ++last_sequence; }

PyTypeObject* new_node_type(const std::string& name) {
  const Owned bases = checked(PyTuple_Pack(1, node_type)),
              dict = checked(Py_BuildValue("{s:(),s:s}", "__slots__", "__module__", "wengert.autograd"));
  PyObject* type =
      PyObject_CallFunction(reinterpret_cast<PyObject*>(&PyType_Type), "sOO", name.c_str(), bases.get(), dict.get());
  if (!type) throw PythonError();
  // Of Node's own layout: freed nodes are kept for any type, and freed without recursion.
  reinterpret_cast<PyTypeObject*>(type)->tp_dealloc = node_dealloc;
  return reinterpret_cast<PyTypeObject*>(type);
}

Node* new_node(PyTypeObject* type) {
  PyObject* self;
  if (free_count > 0) {
    self = PyObject_Init(free_nodes[--free_count], type);
    construct(as_node(self));
    PyObject_GC_Track(self);
  } else {
    self = type->tp_alloc(type, 0);
    if (!self) throw PythonError();
    construct(as_node(self));
  }
  return as_node(self);
}

const char* node_name(Node* node) {
  const char* name = Py_TYPE(as_object(node))->tp_name;
  const char* dot = std::strrchr(name, '.');
  return dot ? dot + 1 : name;
}

NodeExtra& node_extra(Node* node) {
  if (!node->extra) node->extra = new NodeExtra;
  return *node->extra;
}

void fail_freed() {
  fail(ErrorKind::runtime,
       "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
       "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
       "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors after "
       "calling backward.");
}

void release_saved(Node* node) {
  // Numbers and shapes stay: a node that kept nothing else may run again, as in PyTorch.
  bool kept_tensors = false;
  for (Saved& saved : node->saved) {
    if (!saved.has_versions) continue;
    kept_tensors = true;
    Py_CLEAR(saved.object);
    Node* history = std::exchange(saved.history, nullptr);
    Py_XDECREF(history);
    Py_CLEAR(saved.unpack);
  }
  node->freed |= kept_tensors;
}

void add_nodes(PyObject* module) {
  node_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&kSpec));
  if (!node_type || PyModule_AddObjectRef(module, "Node", reinterpret_cast<PyObject*>(node_type)) < 0)
    throw pybind11::error_already_set();
  accumulator_type = new_node_type("AccumulateGrad");
}

}  // namespace wengert::python
