// Contract of the optimizers' steps: one parameter, its gradient and what the optimizer keeps for it, updated in one pass.
#pragma once

#include <stdint.h>

namespace wengert {

// The numbers of one step of one parameter, named after what they multiply. They are rounded to the element type by the kernel.
// `sign` is -1 where the objective is maximized, else 1. `decay` is added to the gradient for each unit of the parameter;
// `shrink` multiplies the parameter before the step (decoupled weight decay). 0 and 1 are exact and leave the elements alone.
struct StepConstants {
  double sign = 1, decay = 0, shrink = 1;
  double rate = 0;     // the step's length, times whatever corrections the method has
  double first = 0;    // the weight of the gradient in the first moment: 1 - beta1, or 1 - dampening
  double keep = 0;     // what is kept of the second moment: beta2, alpha, rho
  double second = 0;   // the weight of the gradient's square in it: 1 - keep
  double correct = 1;  // the bias correction of the second moment
  double epsilon = 0;
  double momentum = 0;
  double extra[3] = {};  // of one method each, see there
  bool begins = false;   // SGD: the momentum buffer holds nothing yet
  bool nesterov = false;
};

struct StepArgs {
  static constexpr int kStates = 3;

  void* param;
  const void* grad;
  void* state[kStates];  // null: the options do without it
  int64_t n;             // all contiguous
  StepConstants constants;
};

using StepLoop = void (*)(const StepArgs&);

struct StepKernels {  // float32, float64
  StepLoop sgd[2], adam[2], rmsprop[2], adagrad[2], adadelta[2], adamax[2], nadam[2], radam[2], rprop[2], asgd[2];
};

}  // namespace wengert
