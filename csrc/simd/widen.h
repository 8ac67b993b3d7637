// A vector of float as two of double and back: float32 functions whose inner part is done in float64.
#pragma once

#include "simd/vec.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace wengert::WENGERT_ISA {
namespace {

struct Widened {
  Vec<double> low, high;  // of the first and of the last lanes
};

inline Widened widen(Vec<float> x) {
#if WENGERT_AVX512
  return {Vec<double>::Raw(_mm512_maskz_cvtps_pd(0xff, _mm512_maskz_extractf32x8_ps(0xff, x.v, 0))),
          Vec<double>::Raw(_mm512_maskz_cvtps_pd(0xff, _mm512_maskz_extractf32x8_ps(0xff, x.v, 1)))};
#elif WENGERT_AVX2
  return {Vec<double>::Raw(_mm256_cvtps_pd(_mm256_castps256_ps128(x.v))),
          Vec<double>::Raw(_mm256_cvtps_pd(_mm256_extractf128_ps(x.v, 1)))};
#elif WENGERT_SSE2
  return {Vec<double>::Raw(_mm_cvtps_pd(x.v)), Vec<double>::Raw(_mm_cvtps_pd(_mm_movehl_ps(x.v, x.v)))};
#elif defined(__aarch64__)
  const float32x4_t v = float32x4_t(x.v);
  return {Vec<double>::Raw(vcvt_f64_f32(vget_low_f32(v))), Vec<double>::Raw(vcvt_high_f64_f32(v))};
#else
  constexpr int W = Vec<double>::width;
  Widened wide;
  for (int i = 0; i < W; ++i) wide.low.v[i] = x.v[i], wide.high.v[i] = x.v[W + i];
  return wide;
#endif
}

inline Vec<float> narrow(Widened x) {
#if WENGERT_AVX512
  const __m256 low = _mm512_maskz_cvtpd_ps(0xff, x.low.v), high = _mm512_maskz_cvtpd_ps(0xff, x.high.v);
  return Vec<float>::Raw(_mm512_maskz_insertf32x8(0xffff, _mm512_castps256_ps512(low), high, 1));
#elif WENGERT_AVX2
  return Vec<float>::Raw(_mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(x.low.v)), _mm256_cvtpd_ps(x.high.v), 1));
#elif WENGERT_SSE2
  return Vec<float>::Raw(_mm_movelh_ps(_mm_cvtpd_ps(x.low.v), _mm_cvtpd_ps(x.high.v)));
#elif defined(__aarch64__)
  return Vec<float>::Raw(vcvt_high_f32_f64(vcvt_f32_f64(float64x2_t(x.low.v)), float64x2_t(x.high.v)));
#else
  constexpr int W = Vec<double>::width;
  Vec<float> x32;
  for (int i = 0; i < W; ++i) x32.v[i] = float(x.low.v[i]), x32.v[W + i] = float(x.high.v[i]);
  return x32;
#endif
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
