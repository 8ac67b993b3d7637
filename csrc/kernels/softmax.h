// Contract of the exponentials of a dimension in proportion to their sum.
#pragma once

#include "kernels/reduce.h"
#include "kernels/scan.h"

namespace wengert {

// The sum of e^(x - shift) over some elements; shift is the largest, or 0 where that is infinite.
struct Exponentials {
  double shift, sum;
};

struct SoftmaxKernels {
  // float32, float64. Sums in blocks, the blocks in float64.
  Scan softmax[2], log_softmax[2];
  Reduction exponentials;  // floats, into Exponentials
  ReduceLoop join;         // Exponentials into Exponentials, with any steps
};

}  // namespace wengert
