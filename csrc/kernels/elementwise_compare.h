// Loops whose result is bool: plain ones that the compiler vectorises.
#pragma once

#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class F, class T>
[[gnu::noinline]] void compare_row(uint8_t* out, const void* first, const void* second, int64_t n) {
  const T *a = static_cast<const T*>(first), *b = static_cast<const T*>(second);
#if !defined(__clang__)
#pragma GCC ivdep  // the result is apart from an input or the input itself
#endif
  for (int64_t i = 0; i < n; ++i) out[i] = F{}(a[i], b[i]);
}

// Against one element, for comparisons that are common enough.
template <class F, class T>
[[gnu::noinline]] void compare_number(uint8_t* out, const void* first, const void* second, int64_t n) {
  const T *a = static_cast<const T*>(first), b = *static_cast<const T*>(second);
#if !defined(__clang__)
#pragma GCC ivdep
#endif
  for (int64_t i = 0; i < n; ++i) out[i] = F{}(a[i], b);
}

template <class Bits>
void fill_elements(Bits* out, Bits value, int64_t n) {
  constexpr int W = Vec<Bits>::width;
  const Vec<Bits> values(value);
  int64_t i = 0;
  for (; i + W <= n; i += W) values.store(out + i);
  if (i < n) values.store(out + i, static_cast<int>(n - i));
}

using CompareRow = void (*)(uint8_t* out, const void* first, const void* second, int64_t n);

// Once per width of element. `number` takes a repeated second operand, `mirrored` a repeated first one as its second; else what
// is not contiguous passes through blocks that stay in L1, a repeated element fills one.
template <class Bits>
[[gnu::noinline]] void run_comparison(const ElementwiseArgs& args, CompareRow row, CompareRow number, CompareRow mirrored) {
  constexpr int64_t size = sizeof(Bits);
  const int64_t n = args.n, step[3] = {args.step[0], args.step[1], args.step[2]};
  const bool one = n == 1;  // contiguous whatever its steps
  const auto direct = [&](int k) { return one || step[k] == (k == 0 ? 1 : size); };
  if (number && direct(0) && direct(1) && step[2] == 0 && !one)
    return each_row<3>(args, [&](char* const* p) { number(reinterpret_cast<uint8_t*>(p[0]), p[1], p[2], n); });
  if (mirrored && direct(0) && direct(2) && step[1] == 0 && !one)
    return each_row<3>(args, [&](char* const* p) { mirrored(reinterpret_cast<uint8_t*>(p[0]), p[2], p[1], n); });
  const bool whole = direct(0) && direct(1) && direct(2);
  const int64_t most = whole ? n : 4096 / size;
  each_row<3>(args, [&](char* const* p) {
    Bits block[2][4096 / size];
    uint8_t result[4096 / size];
    for (int64_t i = 0; i < n; i += most) {
      const int64_t count = n - i < most ? n - i : most;
      const void* in[2];
      for (int k = 0; k < 2; ++k) {
        const int64_t by = step[k + 1];
        in[k] = direct(k + 1) ? p[k + 1] + i * size : reinterpret_cast<const char*>(block[k]);
        if (direct(k + 1) || (by == 0 && i > 0)) continue;
        if (by == 0)
          fill_elements(block[k], *reinterpret_cast<const Bits*>(p[k + 1]), count);
        else
          gather_elements<Bits>(block[k], p[k + 1] + i * by, by, static_cast<int>(count));
      }
      row(direct(0) ? reinterpret_cast<uint8_t*>(p[0]) + i : result, in[0], in[1], count);
      if (!direct(0)) scatter_elements<uint8_t>(p[0] + i * step[0], step[0], result, static_cast<int>(count));
    }
  });
}

template <class F, class T>
void compare_loop(const ElementwiseArgs& args) {
  run_comparison<Unsigned<T>>(args, compare_row<F, T>, nullptr, nullptr);
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
