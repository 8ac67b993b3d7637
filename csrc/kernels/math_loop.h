// Loops for functors of long bodies, as those of simd/ that compute a function. The body stands once in the code, where
// elementwise_loop() has it a dozen times (unrolled, streamed, in tails): its own arithmetic fills the machine.
#pragma once

#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

// A streamed row wants a stream_fence() after it. Its first vector ends where the result is aligned.
template <class F, class T, int Arity>
[[gnu::noinline, gnu::flatten]] void math_row(char* const* operands, int64_t n, bool stream) {
  constexpr int W = Vec<T>::width;
  const DenseInputs<T, Arity, 0> in(operands);
  T* out = reinterpret_cast<T*>(operands[0]);
  int64_t next = stream ? W - static_cast<int>(reinterpret_cast<uintptr_t>(out) % kVectorBytes / sizeof(T)) : W;
  for (int64_t i = 0; i < n; i += next, next = W) {
    const int lanes = static_cast<int>(n - i < next ? n - i : next);
    Vec<T> x, y;
    if (lanes == W) {
      x = in.template get<0>(i);
      if constexpr (Arity == 2) y = in.template get<1>(i);
    } else {
      x = in.template get<0>(i, lanes);
      if constexpr (Arity == 2) y = in.template get<1>(i, lanes);
    }
    Vec<T> result;
    if constexpr (Arity == 1)
      result = F{}(x);
    else
      result = F{}(x, y);
    if (lanes < W)
      result.store(out + i, lanes);
    else if (stream)
      result.stream(out + i);
    else
      result.store(out + i);
  }
}

// As strided_row(), for operands that are not all contiguous: also those of one repeated element.
template <class F, class T, int Arity>
[[gnu::noinline]] void strided_math_row(char* const* operands, const int64_t* step, int64_t n) {
  constexpr int kBlock = 256;
  T block[Arity + 1][kBlock];
  for (int64_t i = 0; i < n; i += kBlock) {
    const int count = static_cast<int>(n - i < kBlock ? n - i : kBlock);
    char* dense[Arity + 1];
#pragma GCC unroll 1
    for (int k = 0; k <= Arity; ++k) {
      dense[k] = operands[k] + i * step[k];
      if (step[k] == sizeof(T)) continue;
      if (k > 0 && (step[k] != 0 || i == 0)) gather_elements<Bits<T>>(block[k], dense[k], step[k], count);
      dense[k] = reinterpret_cast<char*>(block[k]);
    }
    math_row<F, T, Arity>(dense, count, false);
    if (step[0] != sizeof(T)) scatter_elements<Bits<T>>(operands[0] + i * step[0], step[0], block[0], count);
  }
}

template <class F, class T, int Arity>
void math_loop(const ElementwiseArgs& args) {
  bool dense = true;
  for (int k = 0; k <= Arity; ++k) dense = dense && args.step[k] == sizeof(T);
  if (dense || args.n == 1) {
    each_row<Arity + 1>(args, [&](char* const* p) { math_row<F, T, Arity>(p, args.n, args.stream); });
    if (args.stream) stream_fence();
  } else {
    each_row<Arity + 1>(args, [&](char* const* p) { strided_math_row<F, T, Arity>(p, args.step, args.n); });
  }
}

#define WENGERT_LOOP(T) math_loop<F, T, Arity>

template <class F, int Arity>
constexpr ElementwiseLoops math_loops() {
  return {{nullptr, WENGERT_FLOATING(WENGERT_LOOP)}};
}

#undef WENGERT_LOOP

}  // namespace
}  // namespace wengert::WENGERT_ISA
