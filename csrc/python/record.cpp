// The recorder: what a call leaves in the graph.
#include <cstring>

#include "ops/copy.h"
#include "python/autograd.h"

namespace wengert::python {

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
    const PyTensor* tensor = as_tensor(written);
    if (tensor->flags & kTracked) {
      check(!(tensor->flags & kTangent) || as_tensor(tensor->base)->flags & kTangent, "forward mode: ", rule.op,
            " writes in place to a dual tensor that requires a gradient, which is not covered");
      base_tangent_ = tangent_of(tensor->base);
    }
    for (PyObject* object : objects) {
      before_.emplace_back();
      if (!object || !is_tensor(object) || tensor_of(object).storage().get() != tensor->tensor.storage().get()) continue;
      before_.back() = checked(wrap(clone(tensor_of(object))));
      if (const Edge edge = mode.grad ? edge_of(object) : Edge{}; edge.node) {
        const Owned held(as_object(edge.node));
        before_.back() = with_history(before_.back().get(), edge.node, edge.output);
      }
      if (const Owned tangent = tangent_of(object)) give_tangent(before_.back().get(), tangent.get());
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
        if (static_cast<std::size_t>(source.index) < before_.size() && before_[static_cast<std::size_t>(source.index)]) {
          place = save(before_[static_cast<std::size_t>(source.index)].get());
        } else if (given == written_ && written_) {  // what it holds before the write
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
    if (written_ && rule_.reshapes)
      set_history(as_tensor(written_), node_, 0);
    else if (written_)
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
      PyTuple_SET_ITEM(arguments.get(), static_cast<Py_ssize_t>(i),
                       Py_NewRef(i < before_.size() && before_[i] ? before_[i].get() : object(static_cast<int>(i))));
    Owned names = checked(PyTuple_New(static_cast<Py_ssize_t>(rule_.arguments.size())));
    for (std::size_t i = 0; i < rule_.arguments.size(); ++i)
      PyTuple_SET_ITEM(names.get(), static_cast<Py_ssize_t>(i),
                       checked(PyUnicode_FromString(rule_.arguments[i].c_str())).release());
    checked(PyObject_CallMethod(module.get(), "pass_on", "OsOOOOO", rule_.row, rule_.op.c_str(), names.get(), arguments.get(),
                                result, written_ ? Py_True : Py_False, base_tangent_ ? base_tangent_.get() : Py_None));
    // What the node keeps of its results carries their tangents too: forward over reverse.
    for (int i = 0; node_ && i < node_->saved.size(); ++i) {
      const Saved& saved = node_->saved[i];
      if (saved.output < 0 || saved.unpack) continue;
      const bool many = PyTuple_Check(saved.object);
      for (std::size_t k = 0; k < (many ? count : 1); ++k) {
        PyObject* twin = many ? PyTuple_GET_ITEM(saved.object, static_cast<Py_ssize_t>(k)) : saved.object;
        PyObject* of = many ? results[k] : results[static_cast<std::size_t>(saved.output)];
        if (has_tangent(of)) checked(PyObject_CallMethod(module.get(), "carry", "OO", twin, tangent_of(of).get()));
      }
    }
  }
}

}  // namespace wengert::python
