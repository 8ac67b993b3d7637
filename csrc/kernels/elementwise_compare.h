// Loops whose result is bool: plain ones that the compiler vectorises.
#pragma once

#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

// Steps of 1, or 0 for one repeated element.
template <class F, int AStep, int BStep, class T>
void compare_row(uint8_t* out, const T* a, const T* b, int64_t n) {
#if !defined(__clang__)
#pragma GCC ivdep  // the result is apart from an input or the input itself
#endif
  for (int64_t i = 0; i < n; ++i) out[i] = F{}(a[i * AStep], b[i * BStep]);
}

template <class F, class T>
void compare_strided(char* const* p, const int64_t* step, int64_t n) {
  constexpr int kBlock = 256;
  T a[kBlock], b[kBlock];
  uint8_t out[kBlock];
  for (int64_t i = 0; i < n; i += kBlock) {
    const int count = static_cast<int>(n - i < kBlock ? n - i : kBlock);
    gather_elements<Unsigned<T>>(a, p[1] + i * step[1], step[1], count);
    gather_elements<Unsigned<T>>(b, p[2] + i * step[2], step[2], count);
    compare_row<F, 1, 1>(out, a, b, count);
    scatter_elements<uint8_t>(p[0] + i * step[0], step[0], out, count);
  }
}

template <class F, class T>
void compare_loop(const ElementwiseArgs& args) {
  constexpr int64_t size = sizeof(T);
  const bool dense = args.step[0] == 1 || args.n == 1;
  const int64_t a_step = args.n == 1 ? size : args.step[1], b_step = args.n == 1 ? size : args.step[2];
  each_row<3>(args, [&](char* const* p) {
    uint8_t* out = reinterpret_cast<uint8_t*>(p[0]);
    const T *a = reinterpret_cast<const T*>(p[1]), *b = reinterpret_cast<const T*>(p[2]);
    if (dense && a_step == size && b_step == size)
      compare_row<F, 1, 1>(out, a, b, args.n);
    else if (dense && a_step == size && b_step == 0)
      compare_row<F, 1, 0>(out, a, b, args.n);
    else if (dense && a_step == 0 && b_step == size)
      compare_row<F, 0, 1>(out, a, b, args.n);
    else
      compare_strided<F, T>(p, args.step, args.n);
  });
}

// Of one input. (The counts are values: what is stored as bytes might, for all the compiler knows, change the arguments.)
template <class F, class T>
void test_row(uint8_t* out, const T* in, int64_t n) {
#if !defined(__clang__)
#pragma GCC ivdep
#endif
  for (int64_t i = 0; i < n; ++i) out[i] = F{}(in[i]);
}
template <class F, class T>
void test_strided(char* out, const char* in, int64_t out_step, int64_t in_step, int64_t n) {
#pragma GCC unroll 1
  for (int64_t i = 0; i < n; ++i) out[i * out_step] = F{}(*reinterpret_cast<const T*>(in + i * in_step));
}
template <class F, class T>
void test_loop(const ElementwiseArgs& args) {
  const bool dense = args.n == 1 || (args.step[0] == 1 && args.step[1] == sizeof(T));
  each_row<2>(args, [&](char* const* p) {
    if (dense)
      test_row<F, T>(reinterpret_cast<uint8_t*>(p[0]), reinterpret_cast<const T*>(p[1]), args.n);
    else
      test_strided<F, T>(p[0], p[1], args.step[0], args.step[1], args.n);
  });
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
