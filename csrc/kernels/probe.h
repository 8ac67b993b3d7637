// Contract of the probes: loops that run at one limit of the machine each, for the figures that results are compared with.
#pragma once

#include <stdint.h>

namespace wengert {

struct ProbeKernels {
  // Multiply-adds on registers only, `n` rounds of them. Returns the floating-point operations done (two for a multiply-add).
  int64_t (*fma_f32)(int64_t n);
  int64_t (*fma_f64)(int64_t n);

  // Buffers are aligned to 64 bytes and `bytes` is a multiple of 1024.
  uint64_t (*read)(const void* p, int64_t bytes);                                 // a value that depends on every byte
  void (*add_f32)(float* out, const float* a, const float* b, int64_t bytes);     // out = a + b; `bytes` of each
  void (*add_f32_nt)(float* out, const float* a, const float* b, int64_t bytes);  // written past the caches
  void (*copy)(void* out, const void* in, int64_t bytes);
};

}  // namespace wengert
