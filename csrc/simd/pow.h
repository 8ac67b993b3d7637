// pow of every pair of arguments. Largest errors measured (2 10^6 points): float32 0.50 ULP, float64 0.80 ULP with AVX-512.
#pragma once

#include "simd/log.h"
#include "simd/round.h"
#include "simd/widen.h"

namespace wengert::WENGERT_ISA {
namespace {

// log(2^shift x) of a positive, normal, finite x, as a pair. x = 2^e m with m in [sqrt(1/2), sqrt(2)), and for
// s = (m - 1) / (m + 1), z = s^2: log(m) = 2 s + 2 s z (1/3 + z Q(z)). s, z, the bracket and the sums are pairs. Q: mpmath's
// chebyfit with 8 terms on [0, 0.0296], off by 2^-59.8.
inline Pair<double> log_to_twice_precision(Vec<double> x, Vec<double> shift) {
  const I64 bits = I64(x.v) - 0x3fe6a09e667f3bcd;  // less those of sqrt(1/2)
  const I64 biased = I64((Vec<uint64_t>::Raw(bits) + (uint64_t{2048} << 52)) >> 52);
  const Vec<double> e = Vec<double>(F64(biased | 0x4330000000000000) - (0x1p52 + 2048)) + shift;
  const Vec<double> f = F64((bits & 0xfffffffffffff) + 0x3fe6a09e667f3bcd) - 1.0;

  const Pair<double> divisor = fast_two_sum(Vec<double>(2.0), f);
  const Vec<double> inverse = 1.0 / divisor.high;
  const Vec<double> s = opaque(f * inverse);
  const Pair<double> back = two_product(s, divisor.high);
  const Vec<double> s_low = (((f - back.high) - back.low) - s * divisor.low) * inverse;

  const Pair<double> z = two_product(s, s);
  const Vec<double> z_low = z.low + 2.0 * s * s_low;
  const Vec<double> rest =
      z.high * Vec<double>(polynomial<double>(z.high.v, 0x1.e07718874a6aap-5, 0x1.df75d14ba9928p-5, 0x1.1118e94969bd7p-4,
                                              0x1.3b1395347c9dep-4, 0x1.745d177c10ad9p-4, 0x1.c71c71c6e8f44p-4,
                                              0x1.2492492492527p-3, 0x1.999999999999ap-3));
  const Pair<double> bracket = fast_two_sum(Vec<double>(0x1.5555555555555p-2), rest);
  const Pair<double> scaled = two_product(z.high, bracket.high);
  const Vec<double> scaled_low = scaled.low + (z.high * (bracket.low + 0x1.5555555555555p-56) + z_low * bracket.high);
  const Pair<double> tail = two_product(s, scaled.high);
  const Vec<double> tail_low = tail.low + (s * scaled_low + s_low * scaled.high);
  const Pair<double> half = fast_two_sum(s, tail.high);

  const Pair<double> sum = fast_two_sum(e * Ln2<double>::high, 2.0 * half.high);
  const Vec<double> low = 2.0 * (half.low + (s_low + tail_low));
  return normalized(Pair<double>{sum.high, sum.low + (low + e * Ln2<double>::low)});
}

// ---- x^y for positive finite x, float64's normal, and any finite y

inline Vec<double> power_of_pair(Pair<double> log, Vec<double> y) {
  const Pair<double> product = two_product(log.high, y);
  // The rest of a product that overflows has no meaning.
  const Vec<double> low =
      blend(less(magnitude(product.high), Vec<double>(1000.0)), product.low + y * log.low, Vec<double>(0.0));
  return exp_of_sum(product.high, low);
}
inline Vec<double> power_of_usual(Vec<double> x, Vec<double> y) {
  return power_of_pair(log_to_twice_precision(x, Vec<double>(0.0)), y);
}

inline Vec<double> log_of_widened(Vec<double> x) {
  const Pair<double> natural = log_pair(reduce_log(x));
  return natural.high + natural.low;
}
// In float64, whose error the rounding to float32 hides in all but rare cases.
inline Vec<float> power_of_usual(Vec<float> x, Vec<float> y) {
  const Widened a = widen(x), b = widen(y);
  return narrow({exp(log_of_widened(a.low) * b.low), exp(log_of_widened(a.high) * b.high)});
}

// ---- for x >= 0 or NaN, any y; NaN for 1^inf and NaN^0

inline Vec<double> power_of_magnitude(Vec<double> x, Vec<double> y) {
  const Mask<double> subnormal = less(x, Vec<double>(Format<double>::smallest_normal));
  const Mask<double> usual = greater(x, Vec<double>(0.0)) & less(x, Vec<double>(__builtin_inf()));
  const Vec<double> normal = blend(subnormal, x * 0x1p54, x);
  Pair<double> log =
      log_to_twice_precision(blend(usual, normal, Vec<double>(1.0)), blend(subnormal, Vec<double>(-54.0), Vec<double>(0.0)));
  log.high = blend(usual, log.high, fix_log(x, x));
  return power_of_pair(log, y);
}
inline Vec<double> power_of_widened(Vec<double> x, Vec<double> y) {
  const Mask<double> usual = greater(x, Vec<double>(0.0)) & less(x, Vec<double>(__builtin_inf()));
  return exp(fix_log(log_of_widened(blend(usual, x, Vec<double>(1.0))), x) * y);
}
inline Vec<float> power_of_magnitude(Vec<float> x, Vec<float> y) {
  const Widened a = widen(x), b = widen(y);
  return narrow({power_of_widened(a.low, b.low), power_of_widened(a.high, b.high)});
}

// Annex F of the C standard.
template <class T>
[[gnu::noinline]] Vec<T> power_of_unusual(Vec<T> x, Vec<T> y) {
  const Vec<T> zero(T(0)), one(T(1)), inf(static_cast<T>(__builtin_inf())), size = magnitude(x), half = y * T(0.5);
  const Mask<T> whole = equal(round_to<Rounding::toward_zero>(y), y);
  const Mask<T> even = equal(round_to<Rounding::toward_zero>(half), half);
  Vec<T> power = power_of_magnitude(size, y);
  const Vec<T> with_sign = set_sign(power, x);
  power = blend(whole, blend(even, power, with_sign), power);
  const Mask<T> negative = less(x, zero) & less(size, inf);
  power = blend(negative, blend(whole, power, Vec<T>(T(__builtin_nan("")))), power);
  const Mask<T> always_one = equal(y, zero) | equal(x, one) | (equal(size, one) & equal(magnitude(y), inf));
  return blend(always_one, one, power);
}

template <class T>
Vec<T> pow(Vec<T> x, Vec<T> y) {
  const Mask<T> usual = not_below(x, Vec<T>(Format<T>::smallest_normal)) & less(x, Vec<T>(T(__builtin_inf()))) &
                        less(magnitude(y), Vec<T>(T(__builtin_inf())));
  if (__builtin_expect(!all(usual), 0)) return power_of_unusual(x, y);
  return power_of_usual(x, y);
}

// Two roundings of x x x are up to 1.3 ULP: with FMA the first one is made good, where the cube is finite.
template <class T>
Vec<T> cube(Vec<T> x) {
#if WENGERT_FMA
  const Vec<T> limit = sizeof(T) == 4 ? T(0x1p43) : T(0x1p342);
  const Pair<T> square = two_product(x, x);
  const Vec<T> rest = blend(less(magnitude(x), limit), opaque(square.low * x), Vec<T>(T(0)));
  return set_sign(square.high * x + rest, x);
#else
  return x * x * x;
#endif
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
