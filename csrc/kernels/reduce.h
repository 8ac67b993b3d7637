// Contract of the reductions along one dimension, and of the comparisons of whole arrays.
#pragma once

#include <stdint.h>

#include "core/dtype.h"

namespace wengert {

// n results; result i is made of the `count` >= 1 elements at in + i * in_step + j * reduce_step. Steps in bytes.
struct ReduceArgs {
  char* out;
  int64_t* index;  // where the result's position j goes, for those that have one; else null
  const char* in;
  int64_t out_step, index_step;
  int64_t in_step, reduce_step;
  int64_t n, count;
};

using ReduceLoop = void (*)(const ReduceArgs&);

// By dtype of the input. `rows` takes any steps and reads along the reduced dimension; `columns` wants in_step and out_step to
// be the sizes of one element, index_step 8 and count < 2^31, and reads along the results. Which elements are added to which
// depends on the count alone, so that results do not depend on how the work was split.
struct Reduction {
  ReduceLoop rows[kDTypes], columns[kDTypes];
};

struct SumKernels {
  // Pairwise in blocks, a block of float32 ending in double. The error is below 2^-24 (float32; 2^-53 float64) times the sum of
  // magnitudes times 36 (rows; float64: 40 + log2(count)) or 20 + log2(count) (columns). Results are float32, float64, and for
  // everything else int64.
  Reduction sum;
  // Floats: NaN counts as zero; magnitudes.
  Reduction sum_without_nan, sum_of_magnitudes;
};

struct ProductKernels {
  // Floats, into float64: each element enters as a double, and the error is a few units of that.
  Reduction sum_of_squares, product;
  ReduceLoop product_of_int64[2];  // rows, columns; wraps
};

struct ExtremeKernels {
  // NaN where there is one. The position is the first of the extreme, or of a NaN.
  Reduction max, min;
  Reduction max_index, min_index;  // with `index`
};

struct CountKernels {
  Reduction nonzero;  // NaN is one of them. Results are int64
  Reduction numbers;  // floats: what is not NaN
};

// The count, the mean and the sum of squared deviations from it of some elements.
struct Moments {
  double count, mean, deviations;
};

struct MomentKernels {
  // Floats, into Moments: float32 in double throughout, each block about one of its elements, which costs at most log2 of the
  // block's count of the 53 bits; float64 about the block's mean.
  Reduction moments;
  ReduceLoop join;  // Moments into Moments, with any steps
};

struct AgreementKernels {
  // Whether two contiguous arrays agree: equal, or for floats |a - b| <= atol + |rtol * b| (indexed float32, float64).
  bool (*equal[kDTypes])(const void* a, const void* b, int64_t n);
  bool (*close[2])(const void* a, const void* b, int64_t n, double rtol, double atol, bool equal_nan);
};

}  // namespace wengert
