// Powers of two, and rounding to whole numbers.
#pragma once

#include "simd/pair.h"

namespace wengert::WENGERT_ISA {
namespace {

// Facts of the formats.
template <class T>
struct Format;
template <>
struct Format<float> {
  static constexpr int mantissa_bits = 23;
  static constexpr int32_t one = 0x3f800000;
  static constexpr float rounder = 0x1.8p23f;  // x + rounder has the nearest whole number to x as its low bits, |x| < 2^22
  static constexpr float smallest_normal = 0x1p-126f;
};
template <>
struct Format<double> {
  static constexpr int mantissa_bits = 52;
  static constexpr int64_t one = 0x3ff0000000000000;
  static constexpr double rounder = 0x1.8p52;
  static constexpr double smallest_normal = 0x1p-1022;
};

// The nearest whole number where |x| < 2^22 (2^51); larger ones stay large, infinity and NaN themselves.
template <class T>
Vec<T> round_even(Vec<T> x) {
  return (x + Vec<T>(Format<T>::rounder)) - Vec<T>(Format<T>::rounder);
}

// 2^n for a whole n within the exponents of normal numbers.
template <class T>
Vec<T> power_of_two(Vec<T> n) {
  const auto bits = typename IntVec<T>::Raw((n + Vec<T>(Format<T>::rounder)).v);
  return typename Vec<T>::Raw((bits << Format<T>::mantissa_bits) + Format<T>::one);
}

// x * 2^n for a whole n, rounded once where the result is subnormal. Below AVX-512 |n| is at most twice the exponents'
// range; with it any n, and (x, +-inf) is inf or 0.
inline Vec<float> scale(Vec<float> x, Vec<float> n) {
#if WENGERT_AVX512
  return Vec<float>::Raw(_mm512_maskz_scalef_ps(0xffff, x.v, n.v));
#else
  const Vec<float> half = round_even(n * 0.5f);
  return x * power_of_two(half) * power_of_two(n - half);
#endif
}
inline Vec<double> scale(Vec<double> x, Vec<double> n) {
#if WENGERT_AVX512
  return Vec<double>::Raw(_mm512_maskz_scalef_pd(0xff, x.v, n.v));
#else
  const Vec<double> half = round_even(n * 0.5);
  return x * power_of_two(half) * power_of_two(n - half);
#endif
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
