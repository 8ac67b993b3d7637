// Estimates of reciprocals, good enough to be corrected by one more step or to divide what is itself a correction; and what
// such a correction is made of, the rest of a quotient or root.
#pragma once

#include "simd/mask.h"
#include "simd/math.h"

namespace wengert::WENGERT_ISA {
namespace {

// a - b c, where b c is close to a: one rounding, or none.
template <class T>
typename Vec<T>::Raw rest_of(typename Vec<T>::Raw a, typename Vec<T>::Raw b, typename Vec<T>::Raw c) {
#if defined(__FMA__) || defined(__aarch64__)
  return a - b * c;
#else
  // Halves whose products are exact, all but the last of float64.
  using Raw = typename Vec<T>::Raw;
  using Integer = typename IntegerOf<T>::type;
  using Int = typename RawOf<Integer>::Raw;
  constexpr Integer kUpper = sizeof(T) == 4 ? ~Integer{0xfff} : ~Integer{0x7ffffff};
  const Raw b1 = Raw(Int(b) & kUpper), b2 = b - b1, c1 = Raw(Int(c) & kUpper), c2 = c - c1;
  return (((a - b1 * c1) - b1 * c2) - b2 * c1) - b2 * c2;
#endif
}

// 1 / x, relative error at most 2^-14 for float and 2^-27 for double; 0 gives inf or NaN.
inline Vec<float> reciprocal(Vec<float> x) {
#if WENGERT_AVX512
  return Vec<float>::Raw(_mm512_maskz_rcp14_ps(0xffff, x.v));
#else
  return 1.0f / x.v;
#endif
}
inline Vec<double> reciprocal(Vec<double> x) {
#if WENGERT_AVX512
  const Vec<double>::Raw y = Vec<double>::Raw(_mm512_maskz_rcp14_pd(0xff, x.v));
  return y + y * (1.0 - x.v * y);
#else
  return 1.0 / x.v;
#endif
}

// 1 / x, relative error at most 2^-23 for float and 2^-53 for double; not of subnormal x, 0 or infinity.
inline Vec<float> close_reciprocal(Vec<float> x) {
#if WENGERT_AVX512
  const Vec<float> y = reciprocal(x);
  return y.v + y.v * (1.0f - x.v * y.v);
#else
  return 1.0f / x.v;
#endif
}
inline Vec<double> close_reciprocal(Vec<double> x) { return 1.0 / x.v; }

// 1 / x, relative error at most 2^-8: what a correction is divided by.
inline Vec<float> rough_reciprocal(Vec<float> x) {
#if WENGERT_AVX512
  return Vec<float>::Raw(_mm512_maskz_rcp14_ps(0xffff, x.v));
#elif WENGERT_AVX2
  return Vec<float>::Raw(_mm256_rcp_ps(x.v));
#elif WENGERT_SSE2
  return Vec<float>::Raw(_mm_rcp_ps(x.v));
#elif defined(__aarch64__)
  return Vec<float>::Raw(vrecpeq_f32(float32x4_t(x.v)));
#else
  return 1.0f / x.v;
#endif
}
inline Vec<double> rough_reciprocal(Vec<double> x) {
#if WENGERT_AVX512
  return Vec<double>::Raw(_mm512_maskz_rcp14_pd(0xff, x.v));
#elif defined(__aarch64__)
  return Vec<double>::Raw(vrecpeq_f64(float64x2_t(x.v)));
#else
  return 1.0 / x.v;
#endif
}

// 1 / sqrt(x), relative error at most 2^-11; 0 gives inf.
inline Vec<float> reciprocal_sqrt(Vec<float> x) {
#if WENGERT_AVX512
  return Vec<float>::Raw(_mm512_maskz_rsqrt14_ps(0xffff, x.v));
#elif WENGERT_AVX2
  return Vec<float>::Raw(_mm256_rsqrt_ps(x.v));
#elif WENGERT_SSE2
  return Vec<float>::Raw(_mm_rsqrt_ps(x.v));
#else
  return 1.0f / sqrt(x).v;
#endif
}
inline Vec<double> reciprocal_sqrt(Vec<double> x) {
#if WENGERT_AVX512
  return Vec<double>::Raw(_mm512_maskz_rsqrt14_pd(0xff, x.v));
#else
  return 1.0 / sqrt(x).v;
#endif
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
