// Vector mathematics. Coefficients: tools/minimax.py. The errors stated are the largest measured, for float32 over every 13th
// float of the domain against double, for float64 over 3 10^6 points against 113-bit arithmetic.
#pragma once

#include <math.h>

#include "simd/vec.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace wengert::WENGERT_ISA {
namespace {

using F32 = Vec<float>::Raw;
using I32 = Vec<int32_t>::Raw;
using F64 = Vec<double>::Raw;
using I64 = Vec<int64_t>::Raw;

// Coefficients from the highest power down.
template <class T, class... Rest>
typename Vec<T>::Raw polynomial(typename Vec<T>::Raw u, T leading, Rest... rest) {
  typename Vec<T>::Raw sum = leading - typename Vec<T>::Raw{};
  ((sum = sum * u + rest), ...);
  return sum;
}

// Correctly rounded. (Masked, since the plain intrinsic makes GCC 12 warn of uninitialised variables.)
inline Vec<float> sqrt(Vec<float> x) {
#if WENGERT_AVX512
  return F32(_mm512_maskz_sqrt_ps(0xffff, x.v));
#elif WENGERT_AVX2
  return F32(_mm256_sqrt_ps(x.v));
#elif WENGERT_SSE2
  return F32(_mm_sqrt_ps(x.v));
#elif defined(__aarch64__)
  return F32(vsqrtq_f32(float32x4_t(x.v)));
#else
  for (int i = 0; i < Vec<float>::width; ++i) x.v[i] = sqrtf(x.v[i]);
  return x;
#endif
}
inline Vec<double> sqrt(Vec<double> x) {
#if WENGERT_AVX512
  return F64(_mm512_maskz_sqrt_pd(0xff, x.v));
#elif WENGERT_AVX2
  return F64(_mm256_sqrt_pd(x.v));
#elif WENGERT_SSE2
  return F64(_mm_sqrt_pd(x.v));
#elif defined(__aarch64__)
  return F64(vsqrtq_f64(float64x2_t(x.v)));
#else
  for (int i = 0; i < Vec<double>::width; ++i) x.v[i] = ::sqrt(x.v[i]);
  return x;
#endif
}

// Natural logarithm of a positive, normal, finite x; 0.80 ULP. x = 2^e m with m in [sqrt(1/2), sqrt(2)), f = m - 1.
inline Vec<float> log_normal(Vec<float> x) {
  const I32 bits = I32(x.v) - 0x3f3504f3;  // less those of sqrt(1/2)
  const F32 e = __builtin_convertvector(bits >> 23, F32);
  const F32 f = F32((bits & 0x7fffff) + 0x3f3504f3) - 1.0f;
  const F32 z = f * f;
  F32 y = polynomial<float>(f, 0x1.b4bb3ep-5f, -0x1.bef78ep-4f, 0x1.efff5cp-4f, -0x1.01069ap-3f, 0x1.230304p-3f,
                            -0x1.552f04p-3f, 0x1.99a542p-3f, -0x1.00007p-2f, 0x1.555548p-2f);
  y = y * (f * z) + e * 0x1.7f7d1cp-20f;
  y = y - 0.5f * z;
  return e * 0x1.62e4p-1f + (f + y);
}
// The same, 0.83 ULP.
inline Vec<double> log_normal(Vec<double> x) {
  const I64 bits = I64(x.v) - 0x3fe6a09e667f3bcd;  // less those of sqrt(1/2)
  // The exponent as a double, without the 64-bit conversion that AVX2 lacks: 2^52 + (e + 2048) has e + 2048 as its low bits.
  const I64 biased = I64((Vec<uint64_t>::Raw(bits) + (uint64_t{2048} << 52)) >> 52);
  const F64 e = F64(biased | 0x4330000000000000) - (0x1p52 + 2048);
  const F64 f = F64((bits & 0xfffffffffffff) + 0x3fe6a09e667f3bcd) - 1.0;
  const F64 s = f / (f + 2.0), z = s * s, half = 0.5 * f * f;
  const F64 r = z * polynomial<double>(z, 0x1.2f024dfe37a6p-3, 0x1.39a20becf1975p-3, 0x1.74663ba13b6bp-3, 0x1.c71c521a1fbe6p-3,
                                       0x1.24924941db456p-2, 0x1.999999997ff63p-2, 0x1.5555555555592p-1);
  const F64 y = s * (half + r) + e * 0x1.ef35793c7673p-45;
  return e * 0x1.62e42fefa38p-1 + (f - (half - y));
}

// The parts of pi/2: for FMA, or such that n * part is exact.
#if defined(__FMA__) || defined(__aarch64__)
inline constexpr float kHalfPi[] = {0x1.921fb6p+0f, -0x1.777a5cp-25f, -0x1.ee59dap-50f};
#else
inline constexpr float kHalfPi[] = {0x1.92p+0f, 0x1.fb4p-12f, 0x1.444p-24f, 0x1.68c234p-39f};
#endif
inline constexpr double kHalfPi64[] = {0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2e037073p-69};

template <class T>
struct SinCos {
  Vec<T> sin, cos;
};

// |x| <= 12000; 1.56 ULP with FMA, 2.35 without.
inline SinCos<float> sincos(Vec<float> x) {
  const F32 shifted = x.v * 0x1.45f306p-1f + 0x1.8p23f;  // x / (pi/2), rounded, as the low bits
  const I32 n = I32(shifted);
  const F32 quadrant = shifted - 0x1.8p23f;
  F32 r = x.v;
  for (const float part : kHalfPi) r = r - quadrant * part;
  const F32 z = r * r;
  const F32 s = r + r * z * polynomial<float>(z, -0x1.995408p-13f, 0x1.110778p-7f, -0x1.555546p-3f);
  const F32 c = (1.0f - 0.5f * z) + z * z * polynomial<float>(z, 0x1.99e80cp-16f, -0x1.6c0c28p-10f, 0x1.55554ap-5f);
  const auto odd = (n & 1) != 0;
  constexpr int32_t kSign = INT32_MIN;
  return {F32(I32(odd ? c : s) ^ ((n << 30) & kSign)), F32(I32(odd ? s : c) ^ (((n + 1) << 30) & kSign))};
}
// |x| <= 10^6; 2.4 ULP.
inline SinCos<double> sincos(Vec<double> x) {
  const F64 shifted = x.v * 0x1.45f306dc9c883p-1 + 0x1.8p52;
  const I64 n = I64(shifted);
  const F64 quadrant = shifted - 0x1.8p52;
  F64 r = x.v;
  for (const double part : kHalfPi64) r = r - quadrant * part;
  const F64 z = r * r;
  const F64 s = r + r * z *
                        polynomial<double>(z, 0x1.5d8b5520b9d66p-33, -0x1.ae5e4b82bf076p-26, 0x1.71de35552a6a5p-19,
                                           -0x1.a01a019be921p-13, 0x1.111111110f73p-7, -0x1.5555555555548p-3);
  const F64 c =
      (1.0 - 0.5 * z) + z * z *
                            polynomial<double>(z, -0x1.8fa68460bf383p-37, 0x1.1ee9dbcecc11ap-29, -0x1.27e4f7f191244p-22,
                                               0x1.a01a019c8f253p-16, -0x1.6c16c16c15015p-10, 0x1.555555555554bp-5);
  const auto odd = (n & 1) != 0;
  constexpr int64_t kSign = INT64_MIN;
  return {F64(I64(odd ? c : s) ^ ((n << 62) & kSign)), F64(I64(odd ? s : c) ^ (((n + 1) << 62) & kSign))};
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
