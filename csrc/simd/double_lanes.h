// Memory of float or double through vectors of doubles, for sums and products kept in double.
#pragma once

#include "simd/vec.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace wengert::WENGERT_ISA {
namespace {

inline Vec<double> load_doubles(const double* p) { return Vec<double>::load(p); }
inline void store_doubles(Vec<double> x, double* p) { x.store(p); }

// (Masked, since the plain intrinsics make GCC 12 warn of uninitialised variables; it splits a conversion of half a vector.)
inline Vec<double> load_doubles(const float* p) {
#if WENGERT_AVX512
  return Vec<double>::Raw(_mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(p)));
#elif WENGERT_AVX2
  return Vec<double>::Raw(_mm256_cvtps_pd(_mm_loadu_ps(p)));
#elif WENGERT_SSE2
  return Vec<double>::Raw(_mm_cvtps_pd(_mm_castsi128_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))));
#elif defined(__aarch64__)
  return Vec<double>::Raw(vcvt_f64_f32(vld1_f32(p)));
#else
  Vec<double> x;
  for (int i = 0; i < Vec<double>::width; ++i) x.v[i] = p[i];
  return x;
#endif
}
inline void store_doubles(Vec<double> x, float* p) {
#if WENGERT_AVX512
  _mm256_storeu_ps(p, _mm512_maskz_cvtpd_ps(0xff, x.v));
#elif WENGERT_AVX2
  _mm_storeu_ps(p, _mm256_cvtpd_ps(x.v));
#elif WENGERT_SSE2
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_castps_si128(_mm_cvtpd_ps(x.v)));
#elif defined(__aarch64__)
  vst1_f32(p, vcvt_f32_f64(float64x2_t(x.v)));
#else
  for (int i = 0; i < Vec<double>::width; ++i) p[i] = static_cast<float>(x.v[i]);
#endif
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
