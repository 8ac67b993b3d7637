// Automatic differentiation: what a tensor knows of its history, the nodes of the graph, the rules they come from, and the
// recorder that makes them. The derivatives themselves are Python's (wengert/autograd/derivatives).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "python/python.h"

namespace wengert::python {

// An owned reference, or none.
class Owned {
 public:
  Owned() = default;
  explicit Owned(PyObject* owned) : object_(owned) {}
  Owned(Owned&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    if (this != &other) Py_XDECREF(std::exchange(object_, std::exchange(other.object_, nullptr)));
    return *this;
  }
  ~Owned() { Py_XDECREF(object_); }
  static Owned of(PyObject* borrowed) { return Owned(Py_XNewRef(borrowed)); }
  PyObject* get() const { return object_; }
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PyObject* object_ = nullptr;
};
inline Owned checked(PyObject* owned) {  // of a call that returns null with an exception set
  if (!owned) throw PythonError();
  return Owned(owned);
}

// The state of a thread ------------------------------------------------------------------------------------------------

struct Mode {
  bool grad = true;                // graphs are recorded
  bool inference = false;          // inside inference_mode: new tensors never take part in a graph
  PyObject* pack_hooks = nullptr;  // a tuple (pack, unpack) of saved_tensors_hooks, or null
};
extern thread_local Mode mode;

class GradMode {  // for a scope
 public:
  explicit GradMode(bool on) : before_(std::exchange(mode.grad, on)) {}
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;
  ~GradMode() { mode.grad = before_; }

 private:
  bool before_;
};

// Of the process: what nodes note about the call that makes them.
enum class Notes : std::uint8_t { none, line, traceback };
extern Notes notes;
extern bool check_nan;        // with Notes::traceback: a NaN in a gradient is an error
extern bool watch_gradients;  // the engine reports the first gradient that is not finite (autograd/watching.py)

// A tensor's history ---------------------------------------------------------------------------------------------------

enum Flag : std::uint8_t {
  kRequiresGrad = 1,  // a leaf that asks for a gradient, or the result of a node
  kTracked = 2,       // a view whose base is known: what is written to the base or to other views changes its history
  kTangent = 4,       // forward mode: `extra` has a tangent
  kInference = 8,     // made in inference_mode
  kRetainsGrad = 16,  // retain_grad()
};
// What may not be written to in place while a graph is recorded, and why.
enum class ViewKind : std::uint8_t { plain, no_grad, several, custom };

// What few tensors have.
struct Extra {
  PyObject* grad = nullptr;
  Node* accumulator = nullptr;            // borrowed: the node keeps its variable alive, not the other way
  PyObject* keeps_accumulator = nullptr;  // owned: of another name of a leaf, whose accumulator it shares
  PyObject* hooks = nullptr;              // dict of a leaf's hooks, in the order of their keys
  PyObject* post_accumulate_hooks = nullptr;
  PyObject* tangent = nullptr;
  std::uint32_t tangent_version = 0;  // the storage's when the tangent was computed
};
Extra& extra_of(PyObject* tensor);  // made where there is none

inline PyTensor* as_tensor(PyObject* object) { return reinterpret_cast<PyTensor*>(object); }
// Cheap; false for nearly every tensor of a program without gradients.
inline bool may_need(PyObject* tensor) { return as_tensor(tensor)->flags & (kRequiresGrad | kTracked | kTangent); }
bool requires_grad(PyObject* tensor);
inline void check_written(PyObject* tensor) {
  check(!(as_tensor(tensor)->flags & kInference) || mode.inference,
        "Inplace update to inference tensor outside InferenceMode is not allowed. You can make a clone to get a normal tensor "
        "before "
        "doing inplace update. See https://github.com/pytorch/rfcs/pull/17 for more details.");
}
inline bool has_tangent(PyObject* tensor) {  // of its own, or as a view of what has one
  const PyTensor* object = as_tensor(tensor);
  return object->flags & kTangent || (object->flags & kTracked && as_tensor(object->base)->flags & kTangent);
}
// None where there is no tangent; RuntimeError where the tensor was written to past it.
Owned tangent_of(PyObject* tensor);
void give_tangent(PyObject* tensor, PyObject* tangent);

// A result that shares its storage with `input` is a view of input's base.
void track_view(PyObject* result, PyObject* input, bool several = false);
// Frees what the fields of a tensor hold.
void clear_history(PyTensor* tensor);
int traverse_history(PyTensor* tensor, visitproc visit, void* arg);

// Rules ----------------------------------------------------------------------------------------------------------------

// What a formula's parameter stands for.
enum class SourceKind : std::uint8_t {
  grad,
  grads,
  some_grads,
  needs,  // known when the node runs
  argument,
  shape,
  layout,
  dtype,  // of an argument
  result,
  results  // of the operator
};
struct Source {
  SourceKind kind;
  std::int16_t index = 0;  // of the argument or result
  std::string name;
  bool saved() const { return kind >= SourceKind::argument; }
};

struct Formula {
  PyObject* function = nullptr;           // null: not differentiable
  std::vector<std::uint16_t> parameters;  // indices into Rule::sources
};

// A row of the derivative table, made for one operator's argument names.
struct Rule {
  std::string op;
  PyObject* row;
  std::vector<std::string> arguments;
  std::vector<PyObject*> defaults;  // of arguments that were not given; null where there is none
  std::vector<Formula> formulas;    // one an argument
  std::vector<Source> sources;      // what the formulas ask for, each once
  Formula joint;                    // one formula for all `differentiable` arguments, where the row has one
  std::vector<int> differentiable;  // arguments with a formula, in order: the node's edges
  bool missing = false;             // the table has no row for the operator
  bool several_outputs = false;     // all float results are differentiable, not only the first
  std::uint64_t constant = 0;       // results, by bits, that no formula differentiates
  std::uint64_t unread = 0;         // arguments, by bits, whose elements do not matter
  PyTypeObject* types[3] = {};      // of nodes: for (tensor, number), (tensor, tensor), (number, tensor); or, by_presence, for
  bool reshapes = false;            // in place it changes how the tensor object lies on its memory, and nothing in memory
  bool by_presence = false;         // calls without a second argument and with one
};

// The rule of a row for arguments of these names, made once. `missing` where the table has no row.
const Rule& rule_of(const Op& op);
const Rule& rule_named(const std::string& name, const std::vector<std::string>& arguments,
                       const std::vector<std::string>& fields = {});

// The matrix product that matmul is for operands of these dimensions: its row has one case.
const Op& matmul_op(const Tensor& input, const Tensor& other);

// Nodes ----------------------------------------------------------------------------------------------------------------

struct Edge {
  Node* node = nullptr;  // owned
  std::uint32_t output = 0;
};

struct Saved {
  PyObject* object = nullptr;  // owned; with packed, what the pack hook returned
  Node* history = nullptr;     // owned: of a packed tensor that had one
  PyObject* unpack = nullptr;  // owned: the hook
  std::uint32_t version = 0;   // of the tensor, or the sum of those in a sequence
  std::int16_t output = -1;    // of this node (-1: none), or of history
  bool has_versions = false;
  bool has_history = false;  // a tensor that was the result of a node
};

struct Output {
  Dims sizes;
  DType dtype = DType::float32;
  bool differentiable = false;
};

// What few nodes have.
struct NodeExtra {
  PyObject* prehooks = nullptr;      // dict: on the gradients of the outputs
  PyObject* hooks = nullptr;         // dict: after the node ran
  PyObject* tensor_hooks = nullptr;  // dict {output: dict of hooks}
  PyObject* retained = nullptr;      // dict {output: weak reference to the tensor}
  PyObject* where = nullptr;         // "file:line", or a traceback
  int line = 0;
};

// A few of something, in place up to N of them.
template <class T, int N>
class Few {
 public:
  Few() = default;
  Few(const Few&) = delete;
  Few& operator=(const Few&) = delete;
  ~Few() {
    if (items_ != inline_) delete[] items_;
  }
  void resize(int count) {  // new items where there were fewer places
    if (count > capacity_) {
      if (items_ != inline_) delete[] items_;
      items_ = new T[static_cast<std::size_t>(count)];
      capacity_ = count;
    }
    count_ = count;
  }
  int size() const { return count_; }
  T& operator[](int i) { return items_[i]; }
  const T& operator[](int i) const { return items_[i]; }
  const T* begin() const { return items_; }
  const T* end() const { return items_ + count_; }
  T* begin() { return items_; }
  T* end() { return items_ + count_; }

 private:
  T inline_[N];
  T* items_ = inline_;
  int capacity_ = N, count_ = 0;
};

struct Node {
  PyObject_HEAD PyObject* dict;
  PyObject* weakrefs;
  const Rule* rule;    // null: an accumulator, or a node whose class has run_backward
  PyObject* variable;  // of an accumulator
  PyObject* constant;  // a number that stood for a tensor, as in x + 1: not needed, but worth showing
  std::int16_t constant_argument;
  NodeExtra* extra;
  std::uint64_t sequence;  // larger than those of the nodes it leads to
  std::uint64_t pass;      // the run of the engine that knows it by `slot`; 0: none
  std::uint32_t slot;
  bool freed;         // what it saved has been given up
  std::int16_t list;  // the argument that is a list of tensors, with list_size edges; -1: none
  int list_size;
  Few<Edge, 2> edges;
  Few<Output, 1> outputs;
  Few<Saved, 3> saved;  // one a source of the rule; empty where no formula that is needed asks for it
};

extern PyTypeObject* node_type;         // wengert._C.Node
extern PyTypeObject* accumulator_type;  // AccumulateGrad
inline Node* as_node(PyObject* object) { return reinterpret_cast<Node*>(object); }
inline PyObject* as_object(Node* node) { return reinterpret_cast<PyObject*>(node); }
Node* new_node(PyTypeObject* type);                    // no edges yet; throws
PyTypeObject* new_node_type(const std::string& name);  // a subclass of Node
std::uint64_t next_sequence();
const char* node_name(Node* node);
NodeExtra& node_extra(Node* node);
void note_call(Node* node);                                      // as `notes` asks
void explain(Node* node);                                        // warns with the traceback that the node noted
void check_for_nan(Node* node, const Few<Owned, 3>& gradients);  // as PyTorch's anomaly mode
[[noreturn]] void fail_freed();                                  // PyTorch's error of a second backward

// The node and output that a tensor's gradient goes to; none where it needs no gradient.
Edge edge_of(PyObject* tensor);
Node* grad_fn_of(PyObject* tensor);  // borrowed or null; renews that of a view whose base was written to

// ExpBackward0: Exp, as PyTorch's messages have it.
std::string function_name(Node* node);
PyObject* layout_of(const Tensor& tensor);  // (sizes, strides, storage offset)

// A tensor of the same elements without history; and that as the result of `node` or, of an accumulator, another name of its
// leaf, with the tangent that it carries.
PyObject* twin_of(PyObject* tensor);
Owned with_history(PyObject* tensor, Node* node, std::uint32_t output, bool tangent = true);

// A value for a node to keep: a tensor with its version, a sequence with its tensors' versions, or anything else.
Saved save(PyObject* object);
// RuntimeError where a tensor has been written to since; names both operators.
Owned unpack(const Saved& saved, Node* owner);

// The same tensor, with its history, without its tangent.
Owned primal_of(PyObject* tensor);

// Recording ------------------------------------------------------------------------------------------------------------

// One call of an operator that may need a gradient. Made before the operator runs: keeps what the formulas ask for of the
// arguments, and raises what can be known before anything is touched.
class Recorder {
 public:
  // objects: the arguments, null where left out. written: the tensor that an in-place form writes to, or null.
  Recorder(const Rule& rule, std::span<PyObject* const> objects, PyObject* written, PyTypeObject* type = nullptr);
  ~Recorder() { Py_XDECREF(node_); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void finish(PyObject* result);  // a tensor, a tuple of tensors, or something else that is not differentiable
  Node* view_node();              // for a view that stands for the arguments' as_strided: its node, owned

 private:
  const Rule& rule_;
  std::span<PyObject* const> objects_;
  PyObject* written_;
  Node* node_ = nullptr;
  int blocked_ = -1;  // an argument that needs a gradient and has no formula
  bool tangents_ = false;
  std::vector<Owned> before_;  // with tangents: the arguments that lie where is written to, as they were before
  Owned base_tangent_;         // and, of a view, the tangent of its base

  PyObject* object(int argument) const;
  void add_edges();
  void keep_arguments();
  void keep_results(std::span<PyObject* const> results);
  void set_outputs(std::span<PyObject* const> results);
  [[noreturn]] void fail_blocked() const;
};

// Whether a call with these arguments (null: left out) has to be recorded or has tangents to pass on. Looks into sequences.
bool needs_recording(std::span<PyObject* const> objects);

// Before a tensor is written to while a graph is recorded, and it or what is written needs a gradient: PyTorch's errors.
void check_inplace(PyObject* written);

// run(), which returns the operator's Python result, recorded.
template <class F>
PyObject* record_call(const Rule& rule, std::span<PyObject* const> objects, PyObject* written, F&& run,
                      PyTypeObject* type = nullptr) {
  Recorder recorder(rule, objects, written, type);
  Owned result = checked(run());
  recorder.finish(result.get());
  return result.release();
}

// The tensor is output number `output` of node.
void set_history(PyTensor* tensor, Node* node, std::uint32_t output);

// The tensor was written to by `node`, whose output is what it holds now.
void rebase_history(PyObject* written, Node* node, std::uint32_t output);

// The engine -------------------------------------------------------------------------------------------------------------

using Gradients = Few<Owned, 3>;
// A node's gradients with respect to its inputs, one an edge, from those of its outputs; null: none.
// wanted: which edges' (null: all).
void run_node(Node* node, std::span<PyObject* const> grads, Gradients* result, const bool* wanted = nullptr);
void release_saved(Node* node);

// Hooks (hooks.cpp): each may replace what it is given.
Owned hooked(PyObject* hooks, Owned grad);  // by the hooks of a tensor, a dict
void run_prehooks(Node* node, Gradients& grads);
void run_posthooks(Node* node, const Gradients& grads, Gradients& result);
PyObject* tuple_of_gradients(const Gradients& grads);  // null with an exception set

void add_nodes(PyObject* module);
void add_engine(PyObject* module);
void add_gradients(PyObject* module);  // gradient.cpp

}  // namespace wengert::python
