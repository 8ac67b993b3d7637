// Steps of optimizers: each method as data, and the one frame that updates a list of parameters.
#pragma once

#include <cstdint>
#include <span>

#include "core/tensor.h"
#include "kernels/optimize.h"

namespace wengert {

// A number that an optimizer keeps for a parameter, such as the count of its steps.
struct StepScalar {
  double value;
  bool single;  // kept as float32
  double rounded(double v) const { return single ? static_cast<float>(v) : v; }
  void set(double v) { value = rounded(v); }
  bool operator==(const StepScalar&) const = default;
};

// What a method asks of a parameter group and keeps for a parameter. The names are PyTorch's keys of param_groups and state.
struct OptimizerRow {
  static constexpr int kOptions = 12, kScalars = 3;

  const char* name;
  const char* options;  // numbers of the group, separated by spaces; "betas/2": a pair
  const char* states;   // tensors of the parameter's shape
  const char* scalars;  // tensors of one element
  // Which of the states these options need, as bits.
  unsigned (*needs)(const double* options);
  // The constants of one step; scalars are changed to what they are after it. `fresh`: the states were made for this step.
  StepConstants (*prepare)(const double* options, StepScalar* scalars, bool fresh);
  const StepLoop* (*loops)(const StepKernels& kernels);  // float32, float64
  double ns;  // of one float32 in the second-level cache, on an AMD EPYC with AVX-512
};

// One parameter of a step. Its tensors stay alive meanwhile.
struct OptimizerSlot {
  const Tensor* param;
  const Tensor* grad;
  const Tensor* states[StepArgs::kStates];  // null: not needed
  const Tensor* scalars[OptimizerRow::kScalars];
  bool fresh;
};

extern const std::span<const OptimizerRow> kOptimizerRows;

// Updates the parameters in place, as if one after the other, without recording. RuntimeError, before anything is written, for
// a gradient or a state of another shape and for memory that must not be written; NotImplementedError for elements that are no
// floats. A gradient or a state of another layout or dtype than its parameter is copied to and fro.
void optimizer_step(const OptimizerRow& row, const double* options, std::span<const OptimizerSlot> slots);

}  // namespace wengert
