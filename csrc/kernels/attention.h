// Contract of attention's exponentials: blocks of scores, queries by keys, between the products.
#pragma once

#include <stdint.h>

namespace wengert {

// `rows` rows of `n` scores, `pitch` apart. A row counts its first `visible` scores, one more in each row that follows where
// `causal`, and never more than n; the others become 0.
struct AttentionArgs {
  void* scores;
  int64_t rows, n, pitch;
  const void* mask;  // added to the scores, rows mask_row apart; or null
  int64_t mask_row;
  int64_t visible;
  bool causal;
  // Forward: the largest score and the sum of exponentials so far; `out`, rows of `width` that are out_row
  // elements apart, is scaled to the new largest one.
  double *largest, *sum;
  void* out;
  int64_t width, out_row;
  // Backward: the logarithms of the sums, the gradients of the probabilities (alike the scores), their rows' totals.
  const double *log_sum, *total;
  void* gradient;
  double scale;
};

struct AttentionKernel {
  void (*exponentials)(const AttentionArgs& args);   // scores = e^(score - largest)
  void (*probabilities)(const AttentionArgs& args);  // scores = e^(score - log_sum), gradient = scores (gradient - total) scale
};

struct AttentionKernels {
  AttentionKernel of[2];  // float32, float64
};

}  // namespace wengert
