// The backward pass: nodes are numbered at creation, and the one with the highest number runs first, so that a node has all of
// its gradient when its turn comes. No recursion, no sorting of the graph.
#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <mutex>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "ops/copy.h"
#include "ops/create.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "python/autograd.h"

namespace wengert::python {

bool watch_gradients = false;

namespace {

PyObject* method(PyObject* self, const char* name) { return PyObject_CallMethod(self, name, nullptr); }

std::string list_of(const Dims& sizes) {
  std::string text = "[";
  for (std::int64_t size : sizes) text += str(text.size() > 1 ? ", " : "", size);
  return text + "]";
}

const Dims& sizes_of(const Edge& edge) {
  return edge.node->variable ? tensor_of(edge.node->variable).sizes() : edge.node->outputs[static_cast<int>(edge.output)].sizes;
}
DType dtype_of(const Edge& edge) {
  return edge.node->variable ? tensor_of(edge.node->variable).dtype() : edge.node->outputs[static_cast<int>(edge.output)].dtype;
}

// `sizes` broadcasts to `larger`.
bool expandable(const Dims& sizes, const Dims& larger) {
  const int leading = larger.size() - sizes.size();
  if (leading < 0) return false;
  for (int i = 0; i < sizes.size(); ++i)
    if (sizes[i] != 1 && sizes[i] != larger[leading + i]) return false;
  return true;
}

// x[0] = y takes a y of shape (1, 3).
Dims without_leading_ones(Dims sizes) {
  while (!sizes.empty() && sizes[0] == 1) sizes.erase(0);
  return sizes;
}

// The gradient in the shape and dtype of what it belongs to: broadcasting is undone here, and nowhere else.
Owned conform(Owned grad, const Edge& edge, Node* node, int index) {
  const Dims& sizes = sizes_of(edge);
  if (!(tensor_of(grad.get()).sizes() == sizes)) {
    const Dims have = tensor_of(grad.get()).sizes();
    check(expandable(sizes, have) || without_leading_ones(sizes) == without_leading_ones(have), "Function ", node_name(node),
          " returned an invalid gradient at index ", index, " - got ", list_of(have), " but expected shape compatible with ",
          list_of(sizes));
    const Owned size = checked(wrap_size(sizes));
    grad = checked(PyObject_CallMethod(grad.get(), expandable(sizes, have) ? "sum_to_size" : "reshape", "(O)", size.get()));
  }
  if (const DType dtype = dtype_of(edge); tensor_of(grad.get()).dtype() != dtype) {
    const Owned wanted = checked(wrap_dtype(dtype));
    grad = checked(PyObject_CallMethod(grad.get(), "to", "O", wanted.get()));
  }
  return grad;
}

PyObject* zeros_of(const Output& output) { return wrap(full(output.sizes, Scalar::of(std::int64_t{0}), output.dtype)); }

bool wants(const Node* node, int edge, const bool* wanted) { return node->edges[edge].node && (!wanted || wanted[edge]); }

// The values of a rule's sources for one run of its node, each made when a formula first asks for it.
class Values {
 public:
  Values(Node* node, std::span<PyObject* const> grads, const bool* wanted) : node_(node), grads_(grads), wanted_(wanted) {
    values_.resize(static_cast<int>(node->rule->sources.size()));
  }

  PyObject* get(int i) {
    Owned& value = values_[i];
    if (!value) value = make(i);
    return value.get();
  }

 private:
  Node* node_;
  std::span<PyObject* const> grads_;
  const bool* wanted_;
  Few<Owned, 8> values_;

  Owned make(int i) const {
    switch (node_->rule->sources[static_cast<std::size_t>(i)].kind) {
      case SourceKind::grad:
        for (std::size_t k = 0; k < grads_.size(); ++k)
          if (node_->outputs[static_cast<int>(k)].differentiable)
            return grads_[k] ? Owned::of(grads_[k]) : checked(zeros_of(node_->outputs[static_cast<int>(k)]));
        return Owned::of(Py_None);
      case SourceKind::grads:
      case SourceKind::some_grads: {
        const bool fill = node_->rule->sources[static_cast<std::size_t>(i)].kind == SourceKind::grads;
        Owned tuple = checked(PyTuple_New(static_cast<Py_ssize_t>(grads_.size())));
        for (std::size_t k = 0; k < grads_.size(); ++k) {
          const Output& output = node_->outputs[static_cast<int>(k)];
          PyObject* item = grads_[k]                       ? Py_NewRef(grads_[k])
                           : fill && output.differentiable ? checked(zeros_of(output)).release()
                                                           : Py_NewRef(Py_None);
          PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(k), item);
        }
        return tuple;
      }
      case SourceKind::needs: {
        Owned tuple = checked(PyTuple_New(node_->edges.size()));
        for (int k = 0; k < node_->edges.size(); ++k)
          PyTuple_SET_ITEM(tuple.get(), k, PyBool_FromLong(wants(node_, k, wanted_)));
        return tuple;
      }
      default:
        if (i >= node_->saved.size() || !node_->saved[i].object) fail_freed();
        return unpack(node_->saved[i], node_);
    }
  }
};

Owned apply(const Formula& formula, Values& values) {
  PyObject* arguments[16];
  const std::size_t count = formula.parameters.size();
  check(count <= std::size(arguments), "a formula has at most ", std::size(arguments), " parameters");
  for (std::size_t i = 0; i < count; ++i) arguments[i] = values.get(formula.parameters[i]);
  return checked(PyObject_Vectorcall(formula.function, arguments, count, nullptr));
}

void take(Node* node, int at, PyObject* value, Gradients* result) {
  const Edge& edge = node->edges[at];
  if (!edge.node) return;
  if (value == Py_None) {  // a formula's way to say zeros; of a custom function nothing
    if (node->rule) (*result)[at] = checked(wrap(full(sizes_of(edge), Scalar::of(std::int64_t{0}), dtype_of(edge))));
    return;
  }
  check_type(is_tensor(value), "Function ", node_name(node), " returned a gradient at index ", at, " that is a ",
             Py_TYPE(value)->tp_name, ", not a Tensor");
  (*result)[at] = conform(Owned::of(value), edge, node, at);
}

// A node of a class of Python's own: custom functions, CopySlices.
void run_python_node(Node* node, std::span<PyObject* const> grads, Gradients* result) {
  Owned arguments = checked(PyTuple_New(static_cast<Py_ssize_t>(grads.size())));
  for (std::size_t i = 0; i < grads.size(); ++i)
    PyTuple_SET_ITEM(arguments.get(), static_cast<Py_ssize_t>(i), Py_NewRef(grads[i] ? grads[i] : Py_None));
  const Owned run = checked(PyObject_GetAttrString(as_object(node), "run_backward"));
  const Owned returned = checked(PyObject_Call(run.get(), arguments.get(), nullptr));
  check_type(PyTuple_Check(returned.get()) && PyTuple_GET_SIZE(returned.get()) == node->edges.size(), node_name(node),
             ".run_backward returns a tuple of one gradient an input");
  for (int i = 0; i < node->edges.size(); ++i) take(node, i, PyTuple_GET_ITEM(returned.get(), i), result);
}

bool finite(const Tensor& tensor) {
  if (tensor.numel() == 0 || !is_floating(tensor.dtype())) return true;
  const Tensor total = sum(tensor);  // a sum that only overflows is looked into by watching.py
  return std::isfinite(Scalar::load(total.dtype(), total.data()).to<double>());
}

// One pass ---------------------------------------------------------------------------------------------------------------

std::uint64_t last_pass = 0;
thread_local bool restricted = false;  // the pass that runs on this thread leaves out what does not lead to its inputs
std::recursive_mutex accumulation;     // what a finalizer runs inside may be a pass of its own

// Two threads' passes may add to one leaf. Waiting must not hold the GIL, which the other needs to finish.
class AccumulationLock {
 public:
  AccumulationLock() {
    if (accumulation.try_lock()) return;
    PyThreadState* state = PyEval_SaveThread();
    accumulation.lock();
    PyEval_RestoreThread(state);
  }
  ~AccumulationLock() { accumulation.unlock(); }
  AccumulationLock(const AccumulationLock&) = delete;
  AccumulationLock& operator=(const AccumulationLock&) = delete;
};

// Nobody else sees the tensor or its memory.
bool sole_holder(PyObject* tensor) {
  return Py_REFCNT(tensor) == 1 && !tensor_of(tensor).storage()->release &&
         tensor_of(tensor).storage()->references.load(std::memory_order_acquire) == 1;
}

class Pass {
 public:
  Pass(bool retain_graph, bool create_graph)
      : retain_(retain_graph), create_(create_graph), id_(++last_pass), recording_(create_graph) {}
  ~Pass() {
    for (Slot& slot : slots_) leave(slot);
  }
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  void begin(const Edge& root, Owned grad) {
    if (!root_) root_ = Owned::of(as_object(root.node));
    add(root, std::move(grad));
  }

  void add(const Edge& edge, Owned grad) {
    const std::uint32_t at = slot_of(edge.node);
    Slot& slot = slots_[at];
    Owned& place = slot.grads[static_cast<int>(edge.output)];
    place = place ? sum_of(std::move(place), std::move(grad)) : std::move(grad);
    if (slot.queued) return;
    slot.queued = true;
    ready_.emplace(edge.node->sequence, at);
  }

  // The gradient that reaches this edge is kept in results[i].
  void capture(const Edge& edge, std::size_t i) { captures_.push_back({edge.node, edge.output, i}); }

  // Only what lies between the roots and these edges runs.
  void restrict_to_inputs(std::span<const Edge> roots, std::span<const Edge> targets);

  void run(std::vector<Owned>* results);

 private:
  struct Slot {
    Node* node = nullptr;  // owned
    Few<Owned, 1> grads;
    bool queued = false;
  };
  struct Capture {
    Node* node;
    std::uint32_t output;
    std::size_t index;
  };
  bool retain_, create_;
  std::uint64_t id_;
  GradMode recording_;
  std::deque<Slot> slots_;
  std::vector<std::uint32_t> unused_;
  std::priority_queue<std::pair<std::uint64_t, std::uint32_t>> ready_;
  std::unordered_map<Node*, std::uint32_t> foreign_;  // nodes that another pass knows by their slot
  std::vector<Capture> captures_;
  Owned root_;  // the node that the pass began with
  bool reported_ = false;
  bool restricted_ = false;
  std::unordered_map<Node*, bool> runs_;  // with restrict_to_inputs: nodes that lead to a target
  std::unordered_set<Node*> targets_;     // and the targets' nodes

  std::uint32_t slot_of(Node* node) {
    if (node->pass == id_) return node->slot;
    if (!foreign_.empty()) {
      const auto found = foreign_.find(node);
      if (found != foreign_.end()) return found->second;
    }
    std::uint32_t at;
    if (unused_.empty()) {
      at = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      at = unused_.back();
      unused_.pop_back();
    }
    Slot& slot = slots_[at];
    Py_INCREF(as_object(node));
    slot.node = node;
    slot.grads.resize(std::max(1, node->outputs.size()));
    if (node->pass == 0) {
      node->pass = id_;
      node->slot = at;
    } else {
      foreign_[node] = at;
    }
    return at;
  }

  void leave(Slot& slot) {
    if (!slot.node) return;
    if (slot.node->pass == id_)
      slot.node->pass = 0;
    else
      foreign_.erase(slot.node);
    for (Owned& grad : slot.grads) grad = Owned();
    slot.queued = false;
    Py_DECREF(as_object(std::exchange(slot.node, nullptr)));
  }

  Owned sum_of(Owned a, Owned b) const {
    static const ElementwiseRow& add = elementwise_row("add");
    Tensor& first = tensor_of(a.get());
    if (!create_ && !has_tangent(a.get()) && !has_tangent(b.get()) && sole_holder(a.get()) &&
        first.dtype() == tensor_of(b.get()).dtype() && surely_apart(first)) {
      const Operand operands[2] = {Operand(first), Operand(tensor_of(b.get()))};
      elementwise(add, operands, &first, true);
      return a;
    }
    return checked(PyNumber_Add(a.get(), b.get()));
  }

  bool runs(Node* node) const {
    const auto found = runs_.find(node);
    return found != runs_.end() && found->second;
  }
  bool wanted(Node* node) const { return targets_.count(node) > 0 || runs(node); }
  void run_tensor_hooks(Node* node, Gradients& grads);
  bool take_turn(Node* node, Gradients& grads, Gradients* result, std::vector<Owned>* results);
  void accumulate(PyObject* variable, Owned grad);
  void report(Node* node, Gradients& grads, Gradients& result);
};

// What a weak reference refers to, owned; null where it is gone.
PyObject* referent(PyObject* reference) {
#if PY_VERSION_HEX >= 0x030D0000
  PyObject* object = nullptr;
  PyWeakref_GetRef(reference, &object);
  return object;
#else
  PyObject* object = PyWeakref_GetObject(reference);
  return object == Py_None ? nullptr : Py_NewRef(object);
#endif
}

// The hooks on the tensors that the node computed, or on its leaf, and what they retain: whether or not the node runs.
void Pass::run_tensor_hooks(Node* node, Gradients& grads) {
  if (node->variable) {
    if (const Extra* extra = as_tensor(node->variable)->extra; extra && extra->hooks && grads[0])
      grads[0] = hooked(extra->hooks, std::move(grads[0]));
  }
  const NodeExtra* extra = node->extra;
  if (!extra) return;
  for (int i = 0; extra->tensor_hooks && i < grads.size(); ++i) {
    const Owned key = checked(PyLong_FromLong(i));
    PyObject* hooks = PyDict_GetItemWithError(extra->tensor_hooks, key.get());
    if (hooks && grads[i]) grads[i] = hooked(hooks, std::move(grads[i]));
  }
  for (int i = 0; extra->retained && i < grads.size(); ++i) {
    const Owned key = checked(PyLong_FromLong(i));
    PyObject* reference = PyDict_GetItemWithError(extra->retained, key.get());
    if (!reference || !grads[i]) continue;
    PyObject* tensor = referent(reference);
    if (!tensor) continue;
    const Owned held(tensor);
    accumulate(tensor, Owned::of(grads[i].get()));
  }
}

void Pass::accumulate(PyObject* variable, Owned grad) {
  static const ElementwiseRow& add = elementwise_row("add");
  Owned held;  // what .grad was, until after the lock: the GIL is released in long additions, and somebody may set .grad
  const AccumulationLock lock;
  Extra& extra = extra_of(variable);
  const bool recorded = create_ || has_tangent(grad.get()) || (extra.grad && has_tangent(extra.grad));
  if (!extra.grad) {
    const Tensor &value = tensor_of(grad.get()), &of = tensor_of(variable);
    const bool same_layout = value.strides() == of.strides() || (value.is_contiguous() && of.is_contiguous());
    if (recorded)
      extra.grad = checked(method(grad.get(), "clone")).release();
    else if (same_layout && sole_holder(grad.get()) && !as_tensor(grad.get())->grad_fn)
      extra.grad = grad.release();
    else {
      Tensor copy = surely_apart(of) ? empty_alike(of, value.dtype()) : Tensor::empty(of.sizes(), value.dtype());
      copy_unchecked(copy, value);
      extra.grad = checked(wrap(std::move(copy))).release();
    }
    return;
  }
  if (recorded) {
    PyObject* total = checked(PyNumber_Add(extra.grad, grad.get())).release();
    held = Owned(std::exchange(extra.grad, total));
    return;
  }
  held = Owned::of(extra.grad);
  Tensor& total = tensor_of(held.get());
  const Operand operands[2] = {Operand(total), Operand(tensor_of(grad.get()))};
  elementwise(add, operands, &total, true);
}

void Pass::restrict_to_inputs(std::span<const Edge> roots, std::span<const Edge> targets) {
  restricted_ = true;
  std::uint64_t lowest = ~std::uint64_t{0};
  for (const Edge& target : targets) lowest = std::min(lowest, target.node->sequence);
  std::vector<Node*> stack, reached;
  for (const Edge& root : roots) stack.push_back(root.node);
  while (!stack.empty()) {
    Node* node = stack.back();
    stack.pop_back();
    if (node->sequence < lowest || !runs_.emplace(node, false).second) continue;
    reached.push_back(node);
    for (const Edge& edge : node->edges)
      if (edge.node) stack.push_back(edge.node);
  }
  for (const Edge& target : targets) targets_.insert(target.node);
  // The inputs of a node have lower numbers: in this order they are decided first.
  std::sort(reached.begin(), reached.end(), [](const Node* a, const Node* b) { return a->sequence < b->sequence; });
  for (Node* node : reached) {
    bool runs = false;
    for (const Edge& edge : node->edges) runs |= edge.node && wanted(edge.node);
    runs_[node] = runs;
  }
}

// The first gradient that is not finite, to watching.py.
void Pass::report(Node* node, Gradients& grads, Gradients& result) {
  for (int i = 0; i < result.size(); ++i) {
    if (!result[i] || finite(tensor_of(result[i].get()))) continue;
    const Owned module = checked(PyImport_ImportModule("wengert.autograd.watching"));
    const Owned inputs = checked(tuple_of_gradients(result)), outputs = checked(tuple_of_gradients(grads));
    const Owned real = checked(
        PyObject_CallMethod(module.get(), "found", "OOOOi", root_.get(), as_object(node), outputs.get(), inputs.get(), i));
    reported_ = real.get() == Py_True;
    if (reported_) return;
  }
}

// A node's turn with all of its hooks. Returns whether it gave gradients of inputs, in `result`.
bool Pass::take_turn(Node* node, Gradients& grads, Gradients* result, std::vector<Owned>* results) {
  run_tensor_hooks(node, grads);
  if (restricted_ && targets_.count(node) > 0)
    for (const Capture& capture : captures_)
      if (capture.node == node && grads[static_cast<int>(capture.output)])
        (*results)[capture.index] = Owned::of(grads[static_cast<int>(capture.output)].get());
  if (PyObject* variable = node->variable) {
    if (results || !requires_grad(variable)) return false;  // of autograd.grad, which accumulates nowhere; switched off since
    run_prehooks(node, grads);
    if (!grads[0]) return false;
    const bool seen_later = node->extra && node->extra->hooks;
    accumulate(variable, seen_later ? Owned::of(grads[0].get()) : std::move(grads[0]));
    if (const Extra* extra = as_tensor(variable)->extra; extra->post_accumulate_hooks) {
      const Owned list = checked(PyDict_Values(extra->post_accumulate_hooks));
      for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i)
        checked(PyObject_CallOneArg(PyList_GET_ITEM(list.get(), i), variable));
    }
    Gradients nothing;
    run_posthooks(node, grads, nothing);
    return false;
  }
  if (restricted_ && !runs(node)) return false;
  run_prehooks(node, grads);
  Few<bool, 4> wants;
  if (restricted_) {
    wants.resize(node->edges.size());
    for (int i = 0; i < wants.size(); ++i) wants[i] = node->edges[i].node && wanted(node->edges[i].node);
  }
  PyObject* given[8];
  std::vector<PyObject*> many;
  PyObject** outputs = given;
  if (grads.size() > 8) {
    many.resize(static_cast<std::size_t>(grads.size()));
    outputs = many.data();
  }
  for (int i = 0; i < grads.size(); ++i) outputs[i] = grads[i].get();
  run_node(node, {outputs, static_cast<std::size_t>(grads.size())}, result, restricted_ ? wants.begin() : nullptr);
  run_posthooks(node, grads, *result);
  return true;
}

void Pass::run(std::vector<Owned>* results) {
  while (!ready_.empty()) {
    const std::uint32_t at = ready_.top().second;
    ready_.pop();
    Slot& slot = slots_[at];
    const Owned held = Owned::of(as_object(slot.node));
    Node* node = slot.node;
    Gradients grads, result;
    grads.resize(slot.grads.size());
    for (int i = 0; i < grads.size(); ++i) grads[i] = std::move(slot.grads[i]);
    leave(slot);
    unused_.push_back(at);
    try {
      if (!take_turn(node, grads, &result, results)) continue;
    } catch (...) {
      if (notes == Notes::traceback) explain(node);
      throw;
    }
    if (notes == Notes::traceback && check_nan) check_for_nan(node, result);
    if (watch_gradients && !reported_) report(node, grads, result);
    if (!retain_) {
      release_saved(node);
      if (!node->rule && PyObject_HasAttrString(as_object(node), "release")) checked(method(as_object(node), "release"));
    }
    for (int i = 0; i < node->edges.size(); ++i)
      if (result[i]) add(node->edges[i], std::move(result[i]));
  }
}

// run_backward(roots, grads, retain_graph, create_graph, inputs, accumulate) -> tuple | None: backward() where accumulate, else
// the gradients of inputs, None for those not used. grads: None for an implicit 1.
PyObject* run_backward(PyObject*, PyObject* const* args, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    check_type(count == 6 && PyTuple_Check(args[0]) && PyTuple_Check(args[1]),
               "run_backward(roots, grads, retain_graph, create_graph, inputs, accumulate)");
    const bool retain = args[2] == Py_True, create = args[3] == Py_True, accumulate = args[5] == Py_True;
    PyObject* inputs = args[4] == Py_None ? nullptr : args[4];
    const Py_ssize_t root_count = PyTuple_GET_SIZE(args[0]);
    std::vector<Owned> held;  // the nodes of the edges below
    std::vector<Edge> roots, targets;
    std::vector<Owned> grads;
    const auto hold = [&](Edge edge) {
      held.emplace_back(as_object(edge.node));
      return edge;
    };
    for (Py_ssize_t i = 0; i < root_count; ++i) {
      PyObject* root = PyTuple_GET_ITEM(args[0], i);
      check_type(is_tensor(root), "expected a Tensor as element ", i, " of tensors, but got ", Py_TYPE(root)->tp_name);
      check(requires_grad(root), "element ", i, " of tensors does not require grad and does not have a grad_fn");
      const Tensor& tensor = tensor_of(root);
      PyObject* grad = PyTuple_GET_ITEM(args[1], i);
      if (grad == Py_None) {
        check(tensor.numel() == 1, "grad can be implicitly created only for scalar outputs [backward: output ",
              tuple_of(tensor.sizes()), "; pass gradient=, or reduce with sum() or mean() first]");
        grads.push_back(checked(wrap(full(tensor.sizes(), Scalar::of(std::int64_t{1}), tensor.dtype()))));
      } else {
        check(tensor_of(grad).sizes() == tensor.sizes(), "Mismatch in shape: grad_output[", i, "] has a shape of torch.Size(",
              list_of(tensor_of(grad).sizes()), ") and output[", i, "] has a shape of torch.Size(", list_of(tensor.sizes()),
              ").");
        grads.push_back(Owned::of(grad));
      }
      roots.push_back(hold(edge_of(root)));
    }
    Pass pass(retain, create);
    std::vector<Owned> results;
    if (inputs) {
      const Py_ssize_t input_count = PyTuple_GET_SIZE(inputs);
      if (!accumulate) results.resize(static_cast<std::size_t>(input_count));
      for (Py_ssize_t i = 0; i < input_count; ++i) {
        PyObject* input = PyTuple_GET_ITEM(inputs, i);
        check(requires_grad(input), "One of the differentiated Tensors does not require grad");
        const Edge edge = hold(edge_of(input));
        targets.push_back(edge);
        if (!accumulate) pass.capture(edge, static_cast<std::size_t>(i));
      }
      pass.restrict_to_inputs(roots, targets);
    }
    for (Py_ssize_t i = 0; i < root_count; ++i)
      pass.begin(roots[static_cast<std::size_t>(i)], std::move(grads[static_cast<std::size_t>(i)]));
    const bool before = std::exchange(restricted, inputs != nullptr);
    try {
      pass.run(accumulate ? nullptr : &results);
    } catch (...) {
      restricted = before;
      throw;
    }
    restricted = before;
    if (accumulate) Py_RETURN_NONE;
    Owned tuple = checked(PyTuple_New(static_cast<Py_ssize_t>(results.size())));
    for (std::size_t i = 0; i < results.size(); ++i)
      PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), results[i] ? results[i].release() : Py_NewRef(Py_None));
    return tuple.release();
  });
}

// Whether the backward pass that runs on this thread is limited to some inputs.
PyObject* is_restricted(PyObject*, PyObject*) { return PyBool_FromLong(restricted); }
PyMethodDef kIsRestricted = {"_is_restricted", is_restricted, METH_NOARGS, nullptr};

PyMethodDef kRunBackward = {"_run_backward", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(run_backward)),
                            METH_FASTCALL, nullptr};

}  // namespace

void run_node(Node* node, std::span<PyObject* const> grads, Gradients* result, const bool* wanted) {
  result->resize(node->edges.size());
  if (!node->rule) return run_python_node(node, grads, result);
  if (node->freed) fail_freed();
  const Rule& rule = *node->rule;
  Values values(node, grads, wanted);
  if (rule.joint.function) {
    const Owned returned = apply(rule.joint, values);
    check_type(PyTuple_Check(returned.get()) && PyTuple_GET_SIZE(returned.get()) == node->edges.size(), "row '", rule.op,
               "': a joint formula returns a tuple of one gradient an argument");
    for (int i = 0; i < node->edges.size(); ++i)
      if (wants(node, i, wanted)) take(node, i, PyTuple_GET_ITEM(returned.get(), i), result);
    return;
  }
  int at = 0;
  for (int argument : rule.differentiable) {
    const bool list = argument == node->list;
    const int count = list ? node->list_size : 1;
    bool any = false;
    for (int i = 0; i < count; ++i) any |= wants(node, at + i, wanted);
    if (any) {
      const Owned returned = apply(rule.formulas[static_cast<std::size_t>(argument)], values);
      if (!list) {
        take(node, at, returned.get(), result);
      } else if (returned.get() == Py_None) {
        for (int i = 0; i < count; ++i) take(node, at + i, Py_None, result);
      } else {
        const Owned items = checked(PySequence_Fast(returned.get(), "a formula for a list of tensors returns a tuple"));
        check_type(PySequence_Fast_GET_SIZE(items.get()) == count, "row '", rule.op,
                   "': the formula of a list returns as many gradients");
        for (int i = 0; i < count; ++i)
          if (wants(node, at + i, wanted)) take(node, at + i, PySequence_Fast_GET_ITEM(items.get(), i), result);
      }
    }
    at += count;
  }
}

void add_engine(PyObject* module) {
  // The thread that holds the lock does not exist in a forked child.
  pthread_atfork(nullptr, nullptr, [] { new (&accumulation) std::recursive_mutex; });
  for (PyMethodDef* definition : {&kRunBackward, &kIsRestricted}) {
    PyObject* function = PyCFunction_New(definition, nullptr);
    if (!function || PyModule_AddObject(module, definition->ml_name, function) < 0) throw pybind11::error_already_set();
  }
}

}  // namespace wengert::python
