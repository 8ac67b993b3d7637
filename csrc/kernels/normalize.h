// Contract of normalisation: rows to mean 0 and variance 1, and what their gradients need; and the same for channels, whose
// elements have a factor and a summand in common.
#pragma once

#include <stdint.h>

namespace wengert {

// `rows` contiguous rows of n elements x; s = 1 / sqrt(mean of (x - m)^2 + eps), where m is the mean, or 0 unless `centred`.
// weight and bias, of n elements, may be null.
struct NormalizeArgs {
  const void* in;
  const void* weight;
  const void* bias;
  void* out;  // (x - m) s weight + bias; of the gradient: that to x
  int64_t rows, n;
  double eps;
  bool centred;
  // Of the gradient alone. to_weight and to_bias (null, or n elements that are added to): grad (x - m) s and grad.
  const void* grad;
  void *to_weight, *to_bias;
};

struct NormalizeScaling {
  double mean, scale;  // m and s
};

struct ChannelSums {
  double grad, product;  // of g, of g (x - about)
};

// Channels of one element in each of `rows` rows, which are `row` elements apart: n of them, each with its own numbers.
struct AcrossArgs {
  const void *grad, *in;
  void* out;
  int64_t rows, n, row;
  const void *a, *b, *c, *about;
};

struct NormalizeKernel {
  void (*rows)(const NormalizeArgs& args);
  void (*rows_gradient)(const NormalizeArgs& args);
  ChannelSums (*sums)(const void* grad, const void* in, int64_t n, double about);
  NormalizeScaling (*scaling)(const void* in, int64_t n, double eps);  // centred
  // out = a (x - about) + b; out = a g + b (x - about) + c
  void (*map)(const void* in, void* out, int64_t n, double a, double b, double about);
  void (*mix)(const void* grad, const void* in, void* out, int64_t n, double a, double b, double c, double about);
  // The same three for channels across rows.
  void (*sums_across)(const AcrossArgs& args, double* grad, double* product);
  void (*map_across)(const AcrossArgs& args);
  void (*mix_across)(const AcrossArgs& args);
};

struct NormalizeKernels {
  NormalizeKernel of[2];  // float32, float64
};

}  // namespace wengert
