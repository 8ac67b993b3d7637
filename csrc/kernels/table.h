// All kernels of one instruction set.
#pragma once

#include "kernels/copy.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "kernels/gemv.h"
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
  const GemmKernels* gemm;
  const GemvKernels* gemv;
  const RandomKernels* random;
  const ProbeKernels* probe;
};

}  // namespace wengert
