// Loops for functors of long bodies, as those of simd/ that compute a function. The body stands once in the code, where
// elementwise_loop() has it seven times (unrolled, streamed, in tails): its own arithmetic fills the machine.
#pragma once

#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

// A streamed row's first vector ends where the result is aligned.
template <class F, class T, int Arity>
[[gnu::noinline, gnu::flatten]] void math_row(char* const* operands, unsigned repeated, int64_t n, bool stream) {
  constexpr int W = Vec<T>::width;
  T copies[Arity > 1 ? Arity : 1][W];
  const T* in[Arity];
  int64_t moves[Arity];  // all bits, or none: GCC would make a loop for each combination of conditions
#pragma GCC unroll 4
  for (int k = 0; k < Arity; ++k) {
    in[k] = reinterpret_cast<const T*>(operands[k + 1]);
    moves[k] = Arity == 1 || !(repeated >> k & 1) ? -1 : 0;
    if (moves[k]) continue;
    Vec<T>(*in[k]).store(copies[k]);
    in[k] = copies[k];
  }
  T* out = reinterpret_cast<T*>(operands[0]);
  int64_t next = stream ? W - static_cast<int>(reinterpret_cast<uintptr_t>(out) % kVectorBytes / sizeof(T)) : W;
  for (int64_t i = 0; i < n; i += next, next = W) {
    const int lanes = static_cast<int>(n - i < next ? n - i : next);
    Vec<T> x[Arity];
#pragma GCC unroll 4
    for (int k = 0; k < Arity; ++k) {
      const T* p = in[k] + (i & moves[k]);
      x[k] = lanes == W ? Vec<T>::load(p) : Vec<T>::load(p, lanes);
    }
    Vec<T> result;
    if constexpr (Arity == 1)
      result = F{}(x[0]);
    else if constexpr (Arity == 2)
      result = F{}(x[0], x[1]);
    else if constexpr (Arity == 3)
      result = F{}(x[0], x[1], x[2]);
    else
      result = F{}(x[0], x[1], x[2], x[3]);
    if (lanes < W)
      result.store(out + i, lanes);
    else if (stream)
      result.stream(out + i);
    else
      result.store(out + i);
  }
}

template <class F, class T, int Arity>
void math_loop(const ElementwiseArgs& args) {
  run_rows<Unsigned<T>>(args, Arity, math_row<F, T, Arity>);
}

#define WENGERT_LOOP(T) math_loop<F, T, Arity>

template <class F, int Arity>
constexpr ElementwiseLoops math_loops() {
  return {{nullptr, WENGERT_FLOATING(WENGERT_LOOP)}};
}

#undef WENGERT_LOOP

}  // namespace
}  // namespace wengert::WENGERT_ISA
