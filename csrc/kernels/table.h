// All kernels of one instruction set.
#pragma once

#include "kernels/attention.h"
#include "kernels/conv.h"
#include "kernels/copy.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "kernels/gemv.h"
#include "kernels/index.h"
#include "kernels/mask.h"
#include "kernels/normalize.h"
#include "kernels/optimize.h"
#include "kernels/pool.h"
#include "kernels/probe.h"
#include "kernels/random.h"
#include "kernels/recurrent.h"
#include "kernels/reduce.h"
#include "kernels/scan.h"
#include "kernels/softmax.h"
#include "kernels/sort.h"

namespace wengert {

// The files of elementwise rows, in the order of the docs.
#define WENGERT_ELEMENTWISE_FILES(X) \
  X(Arithmetic)                      \
  X(Division)                        \
  X(Rounding)                        \
  X(Representation)                  \
  X(Comparison)                      \
  X(Logic)                           \
  X(Bitwise)                         \
  X(Divisors)                        \
  X(Choice)                          \
  X(Exponential)                     \
  X(Power)                           \
  X(Trigonometric)                   \
  X(Hyperbolic)                      \
  X(Special)                         \
  X(Activation)

#define X(file) +1
inline constexpr int kElementwiseFiles = 0 WENGERT_ELEMENTWISE_FILES(X);
#undef X

struct KernelTable {
  const char* isa;
  int vector_bytes;
  ElementwiseRows elementwise[kElementwiseFiles];
  const CopyKernels* copy;
  const AttentionKernels* attention;
  const ConvKernels* conv;
  const SumKernels* sums;
  const ProductKernels* products;
  const ExtremeKernels* extremes;
  const CountKernels* counts;
  const MomentKernels* moments;
  const AgreementKernels* agreement;
  const ScanKernels* scans;
  const SoftmaxKernels* softmax;
  const GemmKernels* gemm;
  const GemvKernels* gemv;
  const IndexKernels* index;
  const MaskKernels* mask;
  const RandomKernels* random;
  const NormalizeKernels* normalize;
  const PoolKernels* pool;
  const SortKernels* sort;
  const StepKernels* steps;
  const RecurrentKernels* recurrent;
  const ProbeKernels* probe;
};

}  // namespace wengert
