// Contract of the random kernels: the Mersenne twister's words and what is made of them, in place.
#pragma once

#include <stdint.h>

namespace wengert {

struct RandomKernels {
  void (*advance)(uint32_t* state);  // 624 words, to the next 624
  void (*temper)(const uint32_t* state, void* words, int64_t n);

  // `data` holds n tempered words (f32) or 2 n (f64) and receives n elements low + u * range, u in [0, 1) with 24 or 53 bits,
  // rounded once where the instruction set has FMA.
  void (*uniform_f32)(void* data, int64_t n, float low, float range);
  void (*uniform_f64)(void* data, int64_t n, double low, double range);

  // The same words, 16 elements a block: Box-Muller on the pairs (i, i + 8) as PyTorch orders them.
  void (*normal_f32)(void* data, int64_t blocks, float mean, float std);
  void (*normal_f64)(void* data, int64_t blocks, double mean, double std);
};

}  // namespace wengert
