// sin, cos and tan of every argument. Coefficients: tools/minimax.py, minimax_trigonometric.py. Errors are the largest
// measured: for float32 over all inputs, for float64 over samples of every binade.
#pragma once

#include "simd/approximate.h"
#include "simd/huge_angle.h"
#include "simd/sign.h"
#include "simd/widen.h"

namespace wengert::WENGERT_ISA {
namespace {

// ---- x = n pi/2 + high + low

template <class T>
struct Reduction {
  typename Vec<T>::Raw high, low;     // of the rest
  typename IntVec<T>::Raw quadrants;  // n modulo 4
};

// pi/2 in parts. n times a part but the last is exact up to the limit; with FMA the first has all bits, since the difference is
// exact: its terms are multiples of the last bit of a number below 1, and it is below 1.
template <class T>
struct HalfPi;
#if defined(__FMA__) || defined(__aarch64__)
template <>
struct HalfPi<float> {
  static constexpr float parts[] = {0x1.921fb6p+0f, -0x1.778p-25f, 0x1.68c234p-39f};
  static constexpr float limit = 0x1p13f, inverse = 0x1.45f306p-1f, rounder = 0x1.8p23f;
};
template <>
struct HalfPi<double> {
  static constexpr double parts[] = {0x1.921fb54442d18p+0, 0x1.1a626331p-54, 0x1.1701b839a252p-88};
  static constexpr double limit = 0x1p20, inverse = 0x1.45f306dc9c883p-1, rounder = 0x1.8p52;
};
#else
template <>
struct HalfPi<float> {
  static constexpr float parts[] = {0x1.92p+0f, 0x1.fb4p-12f, 0x1.444p-24f, 0x1.68c234p-39f};
  static constexpr float limit = 0x1p13f, inverse = 0x1.45f306p-1f, rounder = 0x1.8p23f;
};
template <>
struct HalfPi<double> {
  static constexpr double parts[] = {0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2ep-69, 0x1.b839a252049c1p-104};
  static constexpr double limit = 0x1p20, inverse = 0x1.45f306dc9c883p-1, rounder = 0x1.8p52;
};
#endif

// 0 <= x <= HalfPi<T>::limit. A NaN stays one.
template <class T>
Reduction<T> reduce(Vec<T> x) {
  using Raw = typename Vec<T>::Raw;
  using Pi = HalfPi<T>;
  const Raw shifted = x.v * Pi::inverse + Pi::rounder;  // n as the low bits
  const Raw n = shifted - Pi::rounder;
  const Raw r = x.v - n * Pi::parts[0];
  Reduction<T> result;
  result.quadrants = typename IntVec<T>::Raw(shifted);
#if defined(__FMA__) || defined(__aarch64__)
  result.high = r - n * Pi::parts[1];
  result.low = ((r - result.high) - n * Pi::parts[1]) - n * Pi::parts[2];
#else
  const Raw s = r - n * Pi::parts[1];
  const Raw t = ((r - s) - n * Pi::parts[1]) - n * Pi::parts[2];
  result.high = s + t;
  result.low = ((s - result.high) + t) - n * Pi::parts[3];
#endif
  return result;
}

// As reduce(), where some lane is larger.
[[gnu::noinline]] inline Reduction<double> reduce_any(Vec<double> x) {
  Reduction<double> reduction = reduce(x);
#pragma GCC unroll 1
  for (int i = 0; i < Vec<double>::width; ++i) {
    const double lane = x.v[i];
    if (!(lane > HalfPi<double>::limit)) continue;
    const ReducedAngle angle = lane < __builtin_inf() ? reduce_huge(lane) : ReducedAngle{lane - lane, 0, 0};
    reduction.high[i] = angle.high;
    reduction.low[i] = angle.low;
    reduction.quadrants[i] = angle.quadrants;
  }
  return reduction;
}

template <class T>
Mask<T> beyond_limit(Vec<T> x) {
  return greater(x, Vec<T>(HalfPi<T>::limit));
}
// Out of line where some lane needs it; what a lane gives never depends on the others.
inline Reduction<double> reduce_all(Vec<double> x) {
  return __builtin_expect(any(beyond_limit(x)), 0) ? reduce_any(x) : reduce(x);
}

// ---- sin and cos of the rest, z = high^2, with sin low ~ low and cos low ~ 1

inline F32 sine_of(const Reduction<float>& r, F32 z) {
  return r.high + ((r.high * z) * polynomial<float>(z, -0x1.995408p-13f, 0x1.110778p-7f, -0x1.555546p-3f) + r.low);
}
inline F64 sine_of(const Reduction<double>& r, F64 z) {
  return r.high + ((r.high * z) * polynomial<double>(z, 0x1.5d8b5520b9d66p-33, -0x1.ae5e4b82bf076p-26, 0x1.71de35552a6a5p-19,
                                                     -0x1.a01a019be921p-13, 0x1.111111110f73p-7, -0x1.5555555555548p-3) +
                   r.low);
}
// 1 - z/2, rounded, and a tail with the error of that.
template <class F>
F one_less_half(F z, F tail) {
  const F value = 1 - z / 2;
  return value + (((1 - value) - z / 2) + tail);
}
inline F32 cosine_of(const Reduction<float>& r, F32 z) {
  return one_less_half(z, (z * z) * polynomial<float>(z, 0x1.99e80cp-16f, -0x1.6c0c28p-10f, 0x1.55554ap-5f) - r.high * r.low);
}
inline F64 cosine_of(const Reduction<double>& r, F64 z) {
  return one_less_half(z, (z * z) * polynomial<double>(z, -0x1.8fa68460bf383p-37, 0x1.1ee9dbcecc11ap-29, -0x1.27e4f7f191244p-22,
                                                       0x1.a01a019c8f253p-16, -0x1.6c16c16c15015p-10, 0x1.555555555554bp-5) -
                              r.high * r.low);
}

// sin(x + Quarter pi/2) from the reduction of |x|; 0.92 ULP, float64 0.85.
template <int Quarter, class T>
Vec<T> sine(Vec<T> x, const Reduction<T>& r) {
  const auto z = r.high * r.high;
  const Mask<T> odd = has_bits(IntVec<T>(r.quadrants), 1);
  const Vec<T> s = sine_of(r, z), c = cosine_of(r, z);
  const auto sign = (r.quadrants + Quarter) << (8 * sizeof(T) - 2);
  if constexpr (Quarter == 0) return flip_sign(blend(odd, c, s), sign ^ typename IntVec<T>::Raw(x.v));
  return flip_sign(blend(odd, s, c), sign);
}

template <int Quarter>
Vec<double> sine(Vec<double> x) {
  return sine<Quarter>(x, reduce_all(magnitude(x)));
}

template <int Quarter>
[[gnu::noinline]] Vec<float> sine_of_large(Vec<float> x) {
  const Widened wide = widen(x);
  return narrow({sine<Quarter>(wide.low), sine<Quarter>(wide.high)});
}
template <int Quarter>
Vec<float> sine(Vec<float> x) {
  const Vec<float> positive = magnitude(x), result = sine<Quarter>(x, reduce(positive));
  const Mask<float> large = beyond_limit(positive);
  return __builtin_expect(any(large), 0) ? blend(large, sine_of_large<Quarter>(x), result) : result;
}

template <class T>
Vec<T> sin(Vec<T> x) {
  return sine<0>(x);
}
template <class T>
Vec<T> cos(Vec<T> x) {
  return sine<1>(x);
}

// ---- tan

inline F32 tangent_polynomial(F32 z) {
  return polynomial<float>(z, 0x1.1e91cap-8f, 0x1.9c0b64p-14f, 0x1.62cb32p-7f, 0x1.5cc0d4p-6f, 0x1.bad9c2p-5f, 0x1.110d9ep-3f,
                           0x1.55556p-2f);
}
inline F64 tangent_polynomial(F64 z) {
  return polynomial<double>(z, 0x1.5dceedb7b1556p-16, -0x1.77fe9babae9cdp-15, 0x1.76c3b257816f2p-14, -0x1.b8d1b5cf355bap-16,
                            0x1.1e25c3c592599p-13, 0x1.d27257b35522bp-13, 0x1.37fa69fc61009p-11, 0x1.7d5b60761576dp-10,
                            0x1.d6d9336629783p-9, 0x1.226e125cc1a86p-7, 0x1.664f49a8573bfp-6, 0x1.ba1ba1b46be8dp-5,
                            0x1.11111111182cap-3, 0x1.55555555554f2p-2);
}

// tan of the rest, or minus its inverse; 1.27 ULP, float64 1.19.
template <class T>
Vec<T> tangent(Vec<T> x, const Reduction<T>& r) {
  using Raw = typename Vec<T>::Raw;
  const Raw z = r.high * r.high;
  const Raw tail = (r.high * z) * tangent_polynomial(z) + (z * r.low + r.low);  // tan(high + low) ~ tan(high) + low (1 + z)
  const Raw t = r.high + tail;
  const Raw error = (r.high - t) + tail;
  const Raw y = reciprocal(Vec<T>(t)).v;
  const Raw inverse = y + y * (rest_of<T>(T(1) - Raw{}, t, y) - error * y);
  const Mask<T> odd = has_bits(IntVec<T>(r.quadrants), 1);
  return flip_sign(blend(odd, Vec<T>(inverse), Vec<T>(t)), (r.quadrants << (8 * sizeof(T) - 1)) ^ typename IntVec<T>::Raw(x.v));
}

inline Vec<double> tan(Vec<double> x) { return tangent(x, reduce_all(magnitude(x))); }
[[gnu::noinline]] inline Vec<float> tan_of_large(Vec<float> x) {
  const Widened wide = widen(x);
  return narrow({tan(wide.low), tan(wide.high)});
}
inline Vec<float> tan(Vec<float> x) {
  const Vec<float> positive = magnitude(x), result = tangent(x, reduce(positive));
  const Mask<float> large = beyond_limit(positive);
  return __builtin_expect(any(large), 0) ? blend(large, tan_of_large(x), result) : result;
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
