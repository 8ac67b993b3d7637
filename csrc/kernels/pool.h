// Contract of adaptive pooling and of the gradient of extremes: plain loops, window by window.
#pragma once

#include <stdint.h>

namespace wengert {

// Planes of in_size elements and of out_size windows, row-major. Window i of n over s elements is [floor(i s / n),
// ceil((i + 1) s / n)).
struct AdaptiveArgs {
  const void* in;
  void* out;
  int64_t* index;  // extremes: their places in the plane
  int64_t planes;
  int64_t in_size[3], out_size[3];
};

struct PoolKernel {
  void (*means)(const AdaptiveArgs& args);
  // `in` has a number for each window, which its elements in `out` share; sizes are those of means.
  void (*shares)(const AdaptiveArgs& args);
  void (*extremes)(const AdaptiveArgs& args);  // the last NaN, else the first of equals
  // out = 0, then out[index[i]] += in[i] in order. False for an index outside of [0, size).
  bool (*collect)(const void* in, const int64_t* index, int64_t n, void* out, int64_t size);
};

struct PoolKernels {
  PoolKernel of[2];  // float32, float64
};

}  // namespace wengert
