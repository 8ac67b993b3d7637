// A tensor's history: what computed it, also after it or the tensor that it is a view of was written to in place.
#include "python/autograd.h"

namespace wengert::python {

thread_local Mode mode;

namespace {

Edge owned_edge(Node* node, std::uint32_t output) {
  Py_INCREF(as_object(node));
  return {node, output};
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

}  // namespace

std::string function_name(Node* node) {
  const std::string name = node_name(node);
  return name.substr(0, name.find("Backward"));
}

PyObject* layout_of(const Tensor& tensor) {
  return Py_BuildValue("(NNL)", wrap_size(tensor.sizes()), wrap_strides(tensor.strides()),
                       static_cast<long long>(tensor.storage_offset()));
}

PyObject* twin_of(PyObject* tensor) { return wrap(Tensor(tensor_of(tensor))); }

Owned with_history(PyObject* tensor, Node* node, std::uint32_t output, bool tangent) {
  Owned result = checked(twin_of(tensor));
  PyTensor* made = as_tensor(result.get());
  if (tangent && has_tangent(tensor)) give_tangent(result.get(), tangent_of(tensor).get());
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

Owned tangent_of(PyObject* tensor) {
  const PyTensor* object = as_tensor(tensor);
  const auto current = [&](const PyTensor* of) { return of->extra->tangent_version == object->tensor.version(); };
  const bool own = object->flags & kTangent;
  if (own && current(object)) return Owned::of(object->extra->tangent);
  const PyTensor* base = object->flags & kTracked ? as_tensor(object->base) : nullptr;
  const bool of_base = base && base->flags & kTangent;
  check(!(own || of_base) || (of_base && current(base)),
        "forward mode: the tensor was written to through another tensor on its memory after its tangent had been computed");
  if (!of_base) return {};
  const Owned module = checked(PyImport_ImportModule("wengert.autograd.forward_ad"));
  return checked(PyObject_CallMethod(module.get(), "part", "OOO", base->extra->tangent, object->base, tensor));
}

void give_tangent(PyObject* tensor, PyObject* tangent) {
  Extra& extra = extra_of(tensor);
  Py_XDECREF(std::exchange(extra.tangent, Py_NewRef(tangent)));
  extra.tangent_version = tensor_of(tensor).version();
  as_tensor(tensor)->flags |= kTangent;
}

Owned primal_of(PyObject* tensor) {
  if (!has_tangent(tensor)) return Owned::of(tensor);
  const Edge edge = edge_of(tensor);
  if (!edge.node) return checked(twin_of(tensor));
  const Owned held(as_object(edge.node));
  return with_history(tensor, edge.node, edge.output, false);
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
