// 1 / sqrt(x) of every x, with the error of a single rounding.
#pragma once

#include "simd/approximate.h"
#include "simd/pair.h"
#include "simd/power_of_two.h"

namespace wengert::WENGERT_ISA {
namespace {

// y ~ 1 / sqrt(x) to 2^-11: made right by 1 - x y^2, whose second order counts for an estimate.
template <class T>
Vec<T> refined_rsqrt(Vec<T> x, Vec<T> y) {
  const Pair<T> root = two_product(x, y);
  const Vec<T> rest = -product_error(root.high, y, Vec<T>(T(1))) - root.low * y;
  return y + y * (rest * (T(0.5) + T(0.375) * rest));
}
inline Vec<float> corrected_rsqrt(Vec<float> x) { return refined_rsqrt(x, reciprocal_sqrt(x)); }
inline Vec<double> corrected_rsqrt(Vec<double> x) {
  Vec<double> y = reciprocal_sqrt(x);
#if WENGERT_AVX512
  const Vec<double> rest = 1.0 - x * y * y;
  y = y + y * (rest * (0.5 + 0.375 * rest));
#endif
  return refined_rsqrt(x, y);
}

template <class T>
[[gnu::noinline]] Vec<T> rsqrt_of_unusual(Vec<T> x) {  // subnormals, 0, infinity, negative
  constexpr T kUp = sizeof(T) == 4 ? T(0x1p24) : T(0x1p54), kRoot = sizeof(T) == 4 ? T(0x1p12) : T(0x1p27);
  const Vec<T> inf = T(__builtin_inf());
  const Mask<T> subnormal = less(x, Vec<T>(Format<T>::smallest_normal)), inside = greater(x, Vec<T>(T(0))) & less(x, inf);
  const Vec<T> y = corrected_rsqrt(blend(subnormal, x * kUp, x));
  return blend(inside, blend(subnormal, y * kRoot, y), T(1) / sqrt(x));
}
template <class T>
Vec<T> rsqrt(Vec<T> x) {
  const bool usual = all(not_below(x, Vec<T>(Format<T>::smallest_normal)) & less(x, Vec<T>(T(__builtin_inf()))));
  return __builtin_expect(usual, 1) ? corrected_rsqrt(x) : rsqrt_of_unusual(x);
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
