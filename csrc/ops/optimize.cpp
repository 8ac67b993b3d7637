#include "ops/optimize.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "core/parallel.h"
#include "core/scalar.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/strided.h"

namespace wengert {
namespace {

constexpr int kTensors = 2 + StepArgs::kStates;  // of a parameter: itself, its gradient, its states

struct Job {
  StepArgs args;
  bool single;

  double elements() const { return static_cast<double>(args.n) * (single ? 1 : 2); }  // in float32's
};

// Jobs that may run at once, by elements over all of them.
class Queue {
 public:
  explicit Queue(const OptimizerRow& row) : loops_(row.loops(*kernels().steps)), ns_(row.ns) {}

  Job& next() {
    if (count_ == kJobs) flush();
    return *new (jobs_ + count_++) Job;
  }

  void flush() {
    double ns = 0;
    for (int j = 0; j < count_; ++j) ns += jobs_[j].elements() * ns_;
    if (ns < kParallelNs) {
      for (int j = 0; j < count_; ++j) run(jobs_[j], 0, jobs_[j].args.n);
    } else {
      const LongWork release(ns);
      // What shares memory is updated one after the other.
      const int together = apart() ? count_ : 1;
      for (int j = 0; j < count_; j += together) share(jobs_ + j, together);
    }
    count_ = 0;
  }

 private:
  static constexpr int kJobs = 32;
  static constexpr std::int64_t kUnit = 1024;  // elements: whole cache lines, most of the time

  void run(const Job& job, std::int64_t begin, std::int64_t end) const {
    StepArgs args = job.args;
    const std::int64_t offset = begin * (job.single ? 4 : 8);
    args.param = static_cast<char*>(args.param) + offset;
    args.grad = static_cast<const char*>(args.grad) + offset;
    for (void*& state : args.state)
      if (state) state = static_cast<char*>(state) + offset;
    args.n = end - begin;
    loops_[job.single ? 0 : 1](args);
  }

  void share(const Job* jobs, int count) const {
    std::int64_t total = 0;
    double ns = 0;
    for (int j = 0; j < count; ++j) total += jobs[j].args.n, ns += jobs[j].elements() * ns_;
    parallel_for(total, kUnit, ns, [&](std::int64_t begin, std::int64_t end) {
      for (int j = 0; j < count && end > 0; ++j) {
        const std::int64_t n = jobs[j].args.n;
        if (begin < n) run(jobs[j], std::max<std::int64_t>(begin, 0), std::min(end, n));
        begin -= n, end -= n;
      }
    });
  }

  bool apart() const {
    std::pair<const char*, const char*> extents[kJobs * kTensors];
    int n = 0;
    for (int j = 0; j < count_; ++j) {
      const StepArgs& args = jobs_[j].args;
      const auto add = [&](const void* data) {
        if (data)
          extents[n++] = {static_cast<const char*>(data), static_cast<const char*>(data) + args.n * (jobs_[j].single ? 4 : 8)};
      };
      add(args.param);
      add(args.grad);
      for (const void* state : args.state) add(state);
    }
    std::sort(extents, extents + n);
    for (int i = 1; i < n; ++i)
      if (extents[i].first < extents[i - 1].second) return false;
    return true;
  }

  const StepLoop* loops_;
  double ns_;
  int count_ = 0;
  alignas(Job) unsigned char memory_[kJobs * sizeof(Job)];
  Job* jobs_ = reinterpret_cast<Job*>(memory_);  // made when they are added
};

void check_written(const Tensor& tensor) {
  check_not_read_only(tensor);
  if (!tensor.is_contiguous()) check_no_internal_overlap(tensor);
}

void check_slot(const OptimizerRow& row, const OptimizerSlot& slot) {
  const Tensor& param = *slot.param;
  if (!is_floating(param.dtype())) [[unlikely]]
    fail(ErrorKind::not_implemented, '"', row.name, "\" not implemented for '", info(param.dtype()).scalar, '\'');
  check(slot.grad->sizes() == param.sizes(), row.name, ": the gradient's shape ", tuple_of(slot.grad->sizes()),
        " is not its parameter's, ", tuple_of(param.sizes()));
  check_written(param);
  for (const Tensor* state : slot.states) {
    if (!state) continue;
    check(state->sizes() == param.sizes(), row.name, ": the shape of its state, ", tuple_of(state->sizes()),
          ", is not the parameter's, ", tuple_of(param.sizes()));
    check_written(*state);
  }
  for (const Tensor* scalar : slot.scalars) {
    if (!scalar) continue;
    check(scalar->numel() == 1, row.name, ": the state has a number of shape ", tuple_of(scalar->sizes()));
    check_not_read_only(*scalar);
  }
}

bool same_layout(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && ((a.is_contiguous() && b.is_contiguous()) || a.strides() == b.strides());
}

void write_scalars(const OptimizerSlot& slot, const StepScalar* scalars) {
  for (int k = 0; k < OptimizerRow::kScalars && slot.scalars[k]; ++k) {
    Scalar::of(scalars[k].value).store(slot.scalars[k]->dtype(), slot.scalars[k]->data());
    slot.scalars[k]->bump_version();
  }
}

// A step of a parameter of which something lies in memory otherwise than the rest: through copies of one layout.
void step_of_copies(Queue& queue, const OptimizerSlot& slot, const StepConstants& constants) {
  queue.flush();
  const Tensor* tensors[kTensors] = {slot.param, slot.grad};
  std::copy(std::begin(slot.states), std::end(slot.states), tensors + 2);
  const Tensor& param = *slot.param;
  const Tensor layout = is_dense(param) ? param : Tensor::empty(param.sizes(), param.dtype());
  Tensor copies[kTensors];
  char* data[kTensors] = {};
  for (int k = 0; k < kTensors; ++k) {
    if (!tensors[k]) continue;
    data[k] = tensors[k]->data();
    if (same_layout(*tensors[k], layout)) continue;
    copies[k] = Tensor::empty_strided(layout.sizes(), layout.strides(), layout.dtype());
    copy_unchecked(copies[k], *tensors[k]);
    data[k] = copies[k].data();
  }
  queue.next() = {{data[0], data[1], {data[2], data[3], data[4]}, param.numel(), constants}, param.dtype() == DType::float32};
  queue.flush();
  for (int k = 0; k < kTensors; ++k)
    if (copies[k].defined() && k != 1) copy_unchecked(*tensors[k], copies[k]);
}

}  // namespace

void optimizer_step(const OptimizerRow& row, const double* options, std::span<const OptimizerSlot> slots) {
  for (const OptimizerSlot& slot : slots) check_slot(row, slot);
  Queue queue(row);
  StepScalar before[OptimizerRow::kScalars] = {}, after[OptimizerRow::kScalars] = {};
  StepConstants constants;
  bool prepared = false, fresh = false;
  for (const OptimizerSlot& slot : slots) {
    StepScalar now[OptimizerRow::kScalars] = {};
    for (int k = 0; k < OptimizerRow::kScalars && slot.scalars[k]; ++k) {
      const Tensor& scalar = *slot.scalars[k];
      now[k] = {Scalar::load(scalar.dtype(), scalar.data()).to<double>(), scalar.dtype() == DType::float32};
    }
    // Most parameters have taken as many steps as the one before.
    if (!prepared || fresh != slot.fresh || !std::equal(now, std::end(now), before)) {
      std::copy(now, std::end(now), before);
      std::copy(now, std::end(now), after);
      constants = row.prepare(options, after, slot.fresh);
      prepared = true, fresh = slot.fresh;
    }
    const Tensor& param = *slot.param;
    if (param.numel() > 0) {
      bool direct = same_layout(param, *slot.grad) && (param.is_contiguous() || is_dense(param));
      for (const Tensor* state : slot.states) direct = direct && (!state || same_layout(param, *state));
      if (direct) {
        Job& job = queue.next();
        job.args.param = param.data();
        job.args.grad = slot.grad->data();
        for (int k = 0; k < StepArgs::kStates; ++k) job.args.state[k] = slot.states[k] ? slot.states[k]->data() : nullptr;
        job.args.n = param.numel();
        job.args.constants = constants;
        job.single = param.dtype() == DType::float32;
      } else {
        step_of_copies(queue, slot, constants);
      }
    }
    param.bump_version();
    for (const Tensor* state : slot.states)
      if (state) state->bump_version();
    write_scalars(slot, after);
  }
  queue.flush();
}

}  // namespace wengert
