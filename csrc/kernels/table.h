// All kernels of one instruction set.
#pragma once

#include "kernels/copy.h"
#include "kernels/elementwise.h"
#include "kernels/matrix.h"
#include "kernels/probe.h"
#include "kernels/random.h"
#include "kernels/reduce.h"

namespace wengert {

inline constexpr int kElementwiseFiles = 2;

struct KernelTable {
  const char* isa;
  int vector_bytes;
  ElementwiseRows elementwise[kElementwiseFiles];
  const CopyKernels* copy;
  const ReduceKernels* reduce;
  const MatrixKernels* matrix;
  const RandomKernels* random;
  const ProbeKernels* probe;
};

}  // namespace wengert
