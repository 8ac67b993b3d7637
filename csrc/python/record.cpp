// The recorder: what a call leaves in the graph, and the histories of tensors that are written to in place.
#include <cstring>

#include "ops/copy.h"
#include "python/autograd.h"

namespace wengert::python {

thread_local Mode mode;

namespace {

Edge owned_edge(Node* node, std::uint32_t output) {
  Py_INCREF(as_object(node));
  return {node, output};
}

// "[torch.FloatTensor [2, 3]]"
std::string type_and_sizes(const Tensor& tensor) {
  std::string sizes;
  for (std::int64_t size : tensor.sizes()) sizes += str(sizes.empty() ? "" : ", ", size);
  return str("[torch.", info(tensor.dtype()).scalar, "Tensor [", sizes, "]]");
}

// ExpBackward0: Exp, as PyTorch's messages have it.
std::string function_name(Node* node) {
  const std::string name = node_name(node);
  return name.substr(0, name.find("Backward"));
}

// PyTorch's sentence, then which operator keeps the value and which one wrote to it.
[[noreturn, gnu::cold]] void fail_version(const Tensor& tensor, std::uint32_t expected, Node* source, std::uint32_t output,
                                          Node* owner) {
  std::string origin;
  if (source) {
    origin = str(", which is output ", output, " of ", function_name(source), ",");
  }
  const char* writer = tensor.storage()->writer;
  fail(ErrorKind::runtime, "one of the variables needed for gradient computation has been modified by an inplace operation: ",
       type_and_sizes(tensor), origin, " is at version ", tensor.version(), "; expected version ", expected,
       " instead. Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
       "torch.autograd.set_detect_anomaly(True, check_nan=False). [kept by ",
       owner->rule ? owner->rule->op : std::string(node_name(owner)), " for its derivative",
       writer ? str(", written to by ", writer) : std::string(), "]");
}

// The versions of all tensors in a sequence and in those inside it, added up.
std::uint32_t versions_of(PyObject* sequence, bool* any) {
  std::uint32_t sum = 0;
  PyObject* const* items = PySequence_Fast_ITEMS(sequence);
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence); ++i) {
    if (is_tensor(items[i])) {
      sum += tensor_of(items[i]).version();
      *any = true;
    } else if (PyTuple_Check(items[i]) || PyList_Check(items[i])) {
      sum += versions_of(items[i], any);
    }
  }
  return sum;
}

// A sequence as it is now: lists and arrays inside it may change later.
Owned frozen(PyObject* object) {
  if (is_numpy_array(object)) return checked(PyObject_CallMethod(object, "copy", nullptr));
  if (!PyTuple_CheckExact(object) && !PyList_Check(object)) return Owned::of(object);
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(object);
  Owned copy = checked(PyTuple_CheckExact(object) ? PyTuple_New(count) : PyList_New(count));
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = frozen(PySequence_Fast_GET_ITEM(object, i)).release();
    if (PyTuple_CheckExact(object))
      PyTuple_SET_ITEM(copy.get(), i, item);
    else
      PyList_SET_ITEM(copy.get(), i, item);
  }
  return copy;
}

void check_savable(PyObject* tensor) {
  check(!(as_tensor(tensor)->flags & kInference),
        "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in computation "
        "tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it in autograd, or use "
        "`torch.no_grad()` instead of `torch.inference_mode()`.");
}

// A tensor of the same elements without history.
PyObject* twin_of(PyObject* tensor) { return wrap(Tensor(tensor_of(tensor))); }

// As twin_of, but the result of `node`; of an accumulator, another name of its leaf.
Owned with_history(PyObject* tensor, Node* node, std::uint32_t output, bool tangent = true) {
  Owned result = checked(twin_of(tensor));
  PyTensor* made = as_tensor(result.get());
  if (tangent && has_tangent(tensor)) {
    Extra& extra = extra_of(result.get());
    extra.tangent = Py_NewRef(as_tensor(tensor)->extra->tangent);
    extra.tangent_version = as_tensor(tensor)->extra->tangent_version;
    made->flags |= kTangent;
  }
  if (node->variable) {
    made->flags |= kRequiresGrad;
    extra_of(result.get()).accumulator = node;
    extra_of(result.get()).keeps_accumulator = Py_NewRef(as_object(node));
    return result;
  }
  Py_INCREF(as_object(node));
  made->grad_fn = node;
  made->output = output;
  made->flags |= kRequiresGrad;
  return result;
}

constexpr const char* kNoGradView =
    " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the "
    "view "
    "and the inplace either both inside the no_grad block (if you don't want the inplace to be tracked) or both outside (if "
    "you "
    "want the inplace to be tracked).";

// What a view of that kind does not allow; `happened` to it.
[[noreturn, gnu::cold]] void fail_view(PyTensor* view, const char* happened) {
  if (view->view_kind == ViewKind::no_grad)
    fail(ErrorKind::runtime, "A view was created in no_grad mode and ", happened, " with grad mode enabled.", kNoGradView);
  const std::string node = view->grad_fn ? function_name(view->grad_fn) : "a function";
  const std::string output = str("Output ", view->output, " of ", node, " is a view and ", happened, ". ");
  if (view->view_kind == ViewKind::several)
    fail(
        ErrorKind::runtime, output,
        "This view is the output of a function that returns multiple views. Such functions do not allow the output views to be "
        "modified inplace. You should replace the inplace operation by an out-of-place one.");
  fail(ErrorKind::runtime, output,
       "This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to "
       "handle "
       "view+inplace would override the custom backward associated with the custom Function, leading to incorrect gradients. "
       "This "
       "behavior is forbidden. You can fix this by cloning the output of the custom Function.");
}

// retain_grad() of a tensor follows it to its new node.
void move_retained(PyTensor* tensor, Node* from, Node* to, std::uint32_t output) {
  if (!(tensor->flags & kRetainsGrad) || !from || !from->extra || !from->extra->retained) return;
  const Owned old = checked(PyLong_FromUnsignedLong(tensor->output)), now = checked(PyLong_FromUnsignedLong(output));
  PyObject* held = PyDict_GetItemWithError(from->extra->retained, old.get());
  if (!held) return;
  NodeExtra& extra = node_extra(to);
  if (!extra.retained) extra.retained = checked(PyDict_New()).release();
  if (PyDict_SetItem(extra.retained, now.get(), held) < 0 || PyDict_DelItem(from->extra->retained, old.get()) < 0)
    throw PythonError();
}

// A view whose base, or another view of it, has been written to: it is an as_strided of what the base is now.
void renew_view(PyTensor* view) {
  if (view->view_kind != ViewKind::plain) fail_view(view, "its base or another view of its base has been modified inplace");
  static const Rule& rule = rule_of(find_op("as_strided"));
  const Tensor& tensor = view->tensor;
  const Owned size = checked(wrap_size(tensor.sizes())), stride = checked(wrap_strides(tensor.strides())),
              offset = checked(PyLong_FromLongLong(tensor.storage_offset()));
  PyObject* const objects[] = {view->base, size.get(), stride.get(), offset.get()};
  const GradMode recording(true);  // also where it is asked for under no_grad
  Recorder recorder(rule, objects, nullptr);
  Node* node = recorder.view_node();
  node->outputs.resize(1);
  node->outputs[0] = {tensor.sizes(), tensor.dtype(), true};
  move_retained(view, view->grad_fn, node, 0);
  Py_XDECREF(std::exchange(view->grad_fn, node));
  view->output = 0;
  view->view_version = tensor.version();
  view->flags |= kRequiresGrad;
}

// The Python class whose instances put the gradient of a written view back into the gradient of its base.
PyObject* copy_slices_class() {
  static PyObject* type = nullptr;
  if (!type) {
    const Owned module = checked(PyImport_ImportModule("wengert.autograd.graph"));
    type = checked(PyObject_GetAttrString(module.get(), "CopySlices")).release();
  }
  return type;
}

PyObject* layout_of(const Tensor& tensor) {
  return Py_BuildValue("(NNL)", wrap_size(tensor.sizes()), wrap_strides(tensor.strides()),
                       static_cast<long long>(tensor.storage_offset()));
}

}  // namespace

// A tensor's history ---------------------------------------------------------------------------------------------------

Extra& extra_of(PyObject* tensor) {
  PyTensor* object = as_tensor(tensor);
  if (!object->extra) object->extra = new Extra;
  return *object->extra;
}

bool requires_grad(PyObject* tensor) {
  const PyTensor* object = as_tensor(tensor);
  if (object->flags & kRequiresGrad) return true;
  return (object->flags & kTracked) && (as_tensor(object->base)->flags & kRequiresGrad);
}

void track_view(PyObject* result, PyObject* input, bool several) {
  PyTensor *view = as_tensor(result), *from = as_tensor(input);
  if (mode.inference || (from->flags & kInference)) return;
  if (view->tensor.dtype() != from->tensor.dtype()) return;  // x.view(dtype) is not differentiable
  view->base = Py_NewRef(from->base ? from->base : input);
  view->flags |= kTracked;
  view->view_version = view->tensor.version();
  view->view_kind = !mode.grad ? ViewKind::no_grad : several ? ViewKind::several : from->view_kind;
}

void clear_history(PyTensor* tensor) {
  Py_CLEAR(tensor->base);
  if (Node* node = std::exchange(tensor->grad_fn, nullptr)) Py_DECREF(as_object(node));
  if (Extra* extra = std::exchange(tensor->extra, nullptr)) {
    for (PyObject* held : {extra->grad, extra->hooks, extra->post_accumulate_hooks, extra->tangent, extra->keeps_accumulator})
      Py_XDECREF(held);
    delete extra;
  }
}

int traverse_history(PyTensor* tensor, visitproc visit, void* arg) {
  Py_VISIT(tensor->base);
  Py_VISIT(tensor->grad_fn);
  if (const Extra* extra = tensor->extra)
    for (PyObject* held : {extra->grad, extra->hooks, extra->post_accumulate_hooks, extra->tangent, extra->keeps_accumulator})
      Py_VISIT(held);
  return 0;
}

Node* grad_fn_of(PyObject* tensor) {
  PyTensor* object = as_tensor(tensor);
  if ((object->flags & kTracked) && object->view_version != object->tensor.version() &&
      (as_tensor(object->base)->flags & kRequiresGrad))
    renew_view(object);
  return object->grad_fn;
}

void set_history(PyTensor* tensor, Node* node, std::uint32_t output) {
  move_retained(tensor, tensor->grad_fn, node, output);
  Py_INCREF(as_object(node));
  Py_XDECREF(std::exchange(tensor->grad_fn, node));
  tensor->output = output;
  tensor->flags |= kRequiresGrad;
  tensor->view_version = tensor->tensor.version();
}

// Before a tensor is written to while a graph is recorded, and it or what is written needs a gradient.
void check_inplace(PyObject* written) {
  PyTensor* tensor = as_tensor(written);
  const bool needs = requires_grad(written);
  // Where elements share places, which write was the last decides the value, and no formula knows which one it was.
  check(surely_apart(tensor->tensor),
        "unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please "
        "clone() "
        "the tensor before performing the operation.");
  if (tensor->flags & kTracked) {
    if (tensor->view_kind != ViewKind::plain) fail_view(tensor, "is being modified inplace");
    const PyTensor* base = as_tensor(tensor->base);
    check(!(needs && (base->flags & kRequiresGrad) && !base->grad_fn),
          "a view of a leaf Variable that requires grad is being used in an in-place operation.");
  }
  check(!needs || grad_fn_of(written), "a leaf Variable that requires grad is being used in an in-place operation.");
}

Edge edge_of(PyObject* tensor) {
  if (!requires_grad(tensor)) return {};
  if (Node* node = grad_fn_of(tensor)) return owned_edge(node, as_tensor(tensor)->output);
  Extra& extra = extra_of(tensor);
  if (extra.accumulator) return owned_edge(extra.accumulator, 0);
  Node* node = new_node(accumulator_type);
  node->variable = Py_NewRef(tensor);
  node->sequence = next_sequence();
  extra.accumulator = node;
  return {node, 0};
}

Owned primal_of(PyObject* tensor) {
  if (!has_tangent(tensor)) return Owned::of(tensor);
  const Edge edge = edge_of(tensor);
  if (!edge.node) return checked(twin_of(tensor));
  const Owned held(as_object(edge.node));
  return with_history(tensor, edge.node, edge.output, false);
}

// Saved values ---------------------------------------------------------------------------------------------------------

Saved save(PyObject* object) {
  Saved saved;
  if (is_tensor(object)) {
    check_savable(object);
    saved.version = tensor_of(object).version();
    saved.has_versions = true;
    if (mode.pack_hooks) {
      const Owned twin = checked(twin_of(object));
      saved.object = PyObject_CallOneArg(PyTuple_GET_ITEM(mode.pack_hooks, 0), twin.get());
      if (!saved.object) throw PythonError();
      saved.unpack = Py_NewRef(PyTuple_GET_ITEM(mode.pack_hooks, 1));
      if (requires_grad(object)) {
        const Edge edge = edge_of(object);
        saved.history = edge.node;
        saved.output = static_cast<std::int16_t>(edge.output);
      }
      return saved;
    }
    saved.object = Py_NewRef(object);
  } else if (PyTuple_Check(object) || PyList_Check(object)) {
    saved.version = versions_of(object, &saved.has_versions);
    saved.object = frozen(object).release();
  } else {
    saved.object = (is_numpy_array(object) ? frozen(object) : Owned::of(object)).release();
  }
  return saved;
}

Owned unpack(const Saved& saved, Node* owner) {
  if (saved.unpack) {
    Owned value = checked(PyObject_CallOneArg(saved.unpack, saved.object));
    check_type(is_tensor(value.get()), "Output of saved tensor unpack_hook expected to be a Tensor but got result of type ",
               Py_TYPE(value.get())->tp_name);
    Node* history = saved.history ? saved.history : saved.output >= 0 ? owner : nullptr;
    return history ? with_history(value.get(), history, static_cast<std::uint32_t>(saved.output)) : std::move(value);
  }
  if (!saved.has_versions) return Owned::of(saved.object);
  if (is_tensor(saved.object)) {
    const Tensor& tensor = tensor_of(saved.object);
    if (tensor.version() != saved.version) {
      const bool own = saved.output >= 0;
      Node* source = own ? owner : as_tensor(saved.object)->grad_fn;
      fail_version(tensor, saved.version, source,
                   own ? static_cast<std::uint32_t>(saved.output) : as_tensor(saved.object)->output, owner);
    }
    if (saved.output >= 0 && mode.grad) return with_history(saved.object, owner, static_cast<std::uint32_t>(saved.output));
    return Owned::of(saved.object);
  }
  bool any = false;
  if (versions_of(saved.object, &any) != saved.version)
    fail(ErrorKind::runtime,
         "one of the variables needed for gradient computation has been modified by an inplace operation: a tensor of a list "
         "[kept by ",
         owner->rule ? owner->rule->op : std::string(node_name(owner)), " for its derivative]");
  if (saved.output < 0 || !mode.grad) return Owned::of(saved.object);
  const Py_ssize_t count = PyTuple_GET_SIZE(saved.object);  // results
  Owned tuple = checked(PyTuple_New(count));
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = PyTuple_GET_ITEM(saved.object, i);
    const bool differentiable = owner->outputs[static_cast<int>(i)].differentiable;
    PyTuple_SET_ITEM(tuple.get(), i,
                     differentiable ? with_history(item, owner, static_cast<std::uint32_t>(i)).release() : Py_NewRef(item));
  }
  return tuple;
}

// Recording ------------------------------------------------------------------------------------------------------------

bool needs_recording(std::span<PyObject* const> objects) {
  const auto needs = [](PyObject* object) {
    return may_need(object) && ((mode.grad && requires_grad(object)) || has_tangent(object));
  };
  for (PyObject* object : objects) {
    if (!object) continue;
    if (is_tensor(object)) {
      if (needs(object)) return true;
    } else if (PyTuple_Check(object) || PyList_Check(object)) {
      PyObject* const* items = PySequence_Fast_ITEMS(object);
      for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(object); ++i)
        if (is_tensor(items[i]) && needs(items[i])) return true;
    }
  }
  return false;
}

PyObject* Recorder::object(int argument) const {
  const auto at = static_cast<std::size_t>(argument);
  PyObject* given = at < objects_.size() ? objects_[at] : nullptr;
  if (!given && at < rule_.defaults.size()) given = rule_.defaults[at];
  return given ? given : Py_None;
}

void Recorder::fail_blocked() const {
  if (rule_.missing)
    fail(ErrorKind::runtime, "derivative for ", rule_.op, " is not implemented [wengert.autograd.derivatives has no row '",
         rule_.op, "']");
  fail(ErrorKind::runtime, "the derivative for '", rule_.op, "' is not implemented with respect to '",
       rule_.arguments[static_cast<std::size_t>(blocked_)], "' [its row in wengert.autograd.derivatives says None]");
}

Recorder::Recorder(const Rule& rule, std::span<PyObject* const> objects, PyObject* written, PyTypeObject* type)
    : rule_(rule), objects_(objects), written_(written) {
  bool gradients = false;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    PyObject* object = objects[i];
    if (!object) continue;
    const auto look = [&](PyObject* tensor) {
      if (!may_need(tensor)) return;
      tangents_ |= has_tangent(tensor);
      if (!mode.grad || !requires_grad(tensor) || rule.unread >> i & 1) return;
      gradients = true;
      if (rule.missing || (!rule.formulas[i].function && !rule.joint.function)) blocked_ = static_cast<int>(i);
    };
    if (is_tensor(object)) {
      look(object);
    } else if (PyTuple_Check(object) || PyList_Check(object)) {
      PyObject* const* items = PySequence_Fast_ITEMS(object);
      for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(object); ++k)
        if (is_tensor(items[k])) look(items[k]);
    }
  }
  if (written && tangents_) {
    check(!(as_tensor(written)->flags & kTracked), "forward mode: ", rule.op,
          " writes in place to a view, which is not covered");
    before_ = checked(wrap(clone(tensor_of(written))));
    if (has_tangent(written)) {
      Extra& extra = extra_of(before_.get());
      extra.tangent = Py_NewRef(as_tensor(written)->extra->tangent);
      extra.tangent_version = tensor_of(before_.get()).version();
      as_tensor(before_.get())->flags |= kTangent;
    }
  }
  if (!gradients) return;
  if (written) {
    check_inplace(written);
    if (blocked_ >= 0) fail_blocked();
  }
  if (rule.missing) return;
  if (!type) {
    const bool first = objects.size() > 0 && objects[0] && is_tensor(objects[0]);
    PyObject* given = objects.size() > 1 ? objects[1] : nullptr;
    if (rule.by_presence)
      type = rule.types[given && given != Py_None];
    else
      type = rule.types[first ? (given && is_tensor(given) ? 1 : 0) : 2];
  }
  node_ = new_node(type);
  node_->rule = &rule;
  try {
    add_edges();
    keep_arguments();
  } catch (...) {
    Py_CLEAR(node_);
    throw;
  }
}

void Recorder::add_edges() {
  int count = 0;
  for (int argument : rule_.differentiable) {
    PyObject* given = object(argument);
    count += PyTuple_Check(given) || PyList_Check(given) ? static_cast<int>(PySequence_Fast_GET_SIZE(given)) : 1;
  }
  node_->edges.resize(count);
  int at = 0;
  bool any = false;
  const auto add = [&](PyObject* given) {
    if (is_tensor(given)) node_->edges[at] = edge_of(given);
    any |= node_->edges[at].node != nullptr;
    ++at;
  };
  for (int argument : rule_.differentiable) {
    PyObject* given = object(argument);
    if (PyTuple_Check(given) || PyList_Check(given)) {
      node_->list = static_cast<std::int16_t>(argument);
      node_->list_size = static_cast<int>(PySequence_Fast_GET_SIZE(given));
      for (int i = 0; i < node_->list_size; ++i) add(PySequence_Fast_GET_ITEM(given, i));
    } else {
      add(given);
      if (PyFloat_Check(given) || PyLong_Check(given)) {
        Py_XDECREF(std::exchange(node_->constant, Py_NewRef(given)));
        node_->constant_argument = static_cast<std::int16_t>(argument);
      }
    }
  }
  if (!any) Py_CLEAR(node_);  // what needs a gradient has no formula
}

namespace {

// Which of the rule's sources the formulas of this node's edges ask for.
template <class F>
void each_needed(Node* node, F&& f) {
  const Rule& rule = *node->rule;
  std::uint64_t needed = 0;
  const auto ask = [&](const Formula& formula) {
    for (std::uint16_t parameter : formula.parameters) needed |= std::uint64_t{1} << parameter;
  };
  if (rule.joint.function) {
    ask(rule.joint);
  } else {
    int at = 0;
    for (int argument : rule.differentiable) {
      const int count = argument == node->list ? node->list_size : 1;
      bool any = false;
      for (int i = 0; i < count; ++i) any |= node->edges[at++].node != nullptr;
      if (any) ask(rule.formulas[static_cast<std::size_t>(argument)]);
    }
  }
  for (std::size_t i = 0; i < rule.sources.size(); ++i)
    if ((needed >> i & 1) && rule.sources[i].saved()) f(static_cast<int>(i), rule.sources[i]);
}

PyObject* shapes_of(PyObject* given, PyObject* (*of)(const Tensor&)) {
  if (is_tensor(given)) return of(tensor_of(given));
  if (!PyTuple_Check(given) && !PyList_Check(given)) return Py_NewRef(Py_None);
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(given);
  Owned tuple = checked(PyTuple_New(count));
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(given, i);
    PyTuple_SET_ITEM(tuple.get(), i, is_tensor(item) ? checked(of(tensor_of(item))).release() : Py_NewRef(Py_None));
  }
  return tuple.release();
}

}  // namespace

void Recorder::keep_arguments() {
  if (!node_) return;
  int last = -1;
  each_needed(node_, [&](int i, const Source&) { last = i; });
  node_->saved.resize(last + 1);
  each_needed(node_, [&](int i, const Source& source) {
    Saved& place = node_->saved[i];
    PyObject* given = source.kind == SourceKind::result || source.kind == SourceKind::results ? nullptr : object(source.index);
    switch (source.kind) {
      case SourceKind::argument:
        if (given == written_ && written_) {  // what it holds before the write
          const Owned before = checked(wrap(clone(tensor_of(given))));
          if (requires_grad(given)) {
            const Edge edge = edge_of(given);
            place = save(with_history(before.get(), edge.node, edge.output).get());
            Py_DECREF(as_object(edge.node));
          } else {
            place = save(before.get());
          }
        } else {
          place = save(given);
        }
        break;
      case SourceKind::shape:
        place.object = checked(shapes_of(given, [](const Tensor& t) { return wrap_size(t.sizes()); })).release();
        break;
      case SourceKind::layout:
        place.object = checked(shapes_of(given, layout_of)).release();
        break;
      case SourceKind::dtype:
        place.object = checked(shapes_of(given, [](const Tensor& t) { return wrap_dtype(t.dtype()); })).release();
        break;
      default:
        break;
    }
  });
}

void Recorder::keep_results(std::span<PyObject* const> results) {
  each_needed(node_, [&](int i, const Source& source) {
    Saved& place = node_->saved[i];
    if (source.kind == SourceKind::result) {
      PyObject* result = results[static_cast<std::size_t>(source.index)];
      if (!node_->outputs[source.index].differentiable) {
        place = save(result);
        return;
      }
      const Owned twin = checked(twin_of(result));
      place = save(twin.get());
      place.output = source.index;
    } else if (source.kind == SourceKind::results) {
      Owned twins = checked(PyTuple_New(static_cast<Py_ssize_t>(results.size())));
      for (std::size_t k = 0; k < results.size(); ++k)
        PyTuple_SET_ITEM(twins.get(), static_cast<Py_ssize_t>(k), checked(twin_of(results[k])).release());
      place = save(twins.get());
      place.output = 0;
    }
  });
}

void Recorder::set_outputs(std::span<PyObject* const> results) {
  node_->outputs.resize(static_cast<int>(results.size()));
  bool any = false;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Tensor& tensor = tensor_of(results[i]);
    const bool differentiable =
        is_floating(tensor.dtype()) && (rule_.several_outputs || !any) && !(i < 64 && rule_.constant >> i & 1);
    any |= differentiable;
    node_->outputs[static_cast<int>(i)] = {tensor.sizes(), tensor.dtype(), differentiable};
  }
}

Node* Recorder::view_node() {
  node_->sequence = next_sequence();
  return std::exchange(node_, nullptr);
}

void Recorder::finish(PyObject* result) {
  PyObject* const* results = &result;
  std::size_t count = 1;
  if (PyTuple_Check(result)) {
    results = &PyTuple_GET_ITEM(result, 0);
    count = static_cast<std::size_t>(PyTuple_GET_SIZE(result));
  }
  bool floating = false;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_tensor(results[i])) return;
    floating |= is_floating(tensor_of(results[i]).dtype());
  }
  if (!floating) return;
  if (!written_ && count == 1 && !objects_.empty() && objects_[0] == result) return;  // input itself
  if (blocked_ >= 0) fail_blocked();
  if (node_) {
    const std::span<PyObject* const> all(results, count);
    node_->sequence = next_sequence();
    set_outputs(all);
    keep_results(all);
    if (notes != Notes::none) note_call(node_);
    if (written_)
      rebase_history(written_, node_, 0);
    else
      for (std::size_t i = 0; i < count; ++i)
        if (node_->outputs[static_cast<int>(i)].differentiable)
          set_history(as_tensor(results[i]), node_, static_cast<std::uint32_t>(i));
  }
  if (tangents_) {
    const Owned module = checked(PyImport_ImportModule("wengert.autograd.forward_ad"));
    Owned arguments = checked(PyTuple_New(static_cast<Py_ssize_t>(rule_.arguments.size())));
    for (std::size_t i = 0; i < rule_.arguments.size(); ++i)
      PyTuple_SET_ITEM(
          arguments.get(), static_cast<Py_ssize_t>(i),
          Py_NewRef(before_ && object(static_cast<int>(i)) == written_ ? before_.get() : object(static_cast<int>(i))));
    Owned names = checked(PyTuple_New(static_cast<Py_ssize_t>(rule_.arguments.size())));
    for (std::size_t i = 0; i < rule_.arguments.size(); ++i)
      PyTuple_SET_ITEM(names.get(), static_cast<Py_ssize_t>(i),
                       checked(PyUnicode_FromString(rule_.arguments[i].c_str())).release());
    checked(PyObject_CallMethod(module.get(), "pass_on", "OsOOOO", rule_.row, rule_.op.c_str(), names.get(), arguments.get(),
                                result, written_ ? Py_True : Py_False));
    // What the node keeps of its results carries their tangents too: forward over reverse.
    for (int i = 0; node_ && i < node_->saved.size(); ++i) {
      const Saved& saved = node_->saved[i];
      if (saved.output < 0 || saved.unpack) continue;
      const bool many = PyTuple_Check(saved.object);
      for (std::size_t k = 0; k < (many ? count : 1); ++k) {
        PyObject* twin = many ? PyTuple_GET_ITEM(saved.object, static_cast<Py_ssize_t>(k)) : saved.object;
        PyObject* of = many ? results[k] : results[static_cast<std::size_t>(saved.output)];
        if (has_tangent(of)) checked(PyObject_CallMethod(module.get(), "carry", "OO", twin, as_tensor(of)->extra->tangent));
      }
    }
  }
}

void rebase_history(PyObject* written, Node* node, std::uint32_t output) {
  PyTensor* tensor = as_tensor(written);
  if (!(tensor->flags & kTracked)) return set_history(tensor, node, output);
  // The base is now what it was, with the written part replaced: CopySlices leads to the base's history and to what the
  // operator read besides.
  PyTensor* base = as_tensor(tensor->base);
  const bool own_edge = node->rule && !node->rule->differentiable.empty() && node->rule->differentiable.front() == 0;
  const Owned base_layout = checked(layout_of(base->tensor)), view_layout = checked(layout_of(tensor->tensor));
  Owned made = checked(PyObject_CallFunction(copy_slices_class(), "OOOO", as_object(node), base_layout.get(), view_layout.get(),
                                             own_edge ? Py_True : Py_False));
  Node* slices = as_node(made.get());
  const int others = node->edges.size() - (own_edge ? 1 : 0);
  slices->edges.resize(1 + others);
  slices->edges[0] = edge_of(tensor->base);
  for (int i = 0; i < others; ++i) {
    const Edge& edge = node->edges[i + (own_edge ? 1 : 0)];
    if (edge.node) slices->edges[1 + i] = owned_edge(edge.node, edge.output);
  }
  slices->outputs.resize(1);
  slices->outputs[0] = {base->tensor.sizes(), base->tensor.dtype(), true};
  slices->sequence = next_sequence();
  if (notes != Notes::none) note_call(slices);
  set_history(base, slices, 0);
  // The view finds its new history when it is asked for it.
  tensor->view_version = tensor->tensor.version() - 1;
}

}  // namespace wengert::python
