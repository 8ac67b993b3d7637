// pow of every pair of arguments. Largest errors measured (2 10^6 points): float64 0.80 ULP with AVX-512; float32 0.56, 0.76
// where the result is subnormal, elsewhere 0.50. Coefficients and the table: tools/minimax.py.
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

#if WENGERT_AVX512
// By the five upper bits of the mantissa of m in [0.75, 1.5): c of so few bits that m c - 1 is exact in float32, and the parts
// of -log(c), for m < 1 of -log(2 c).
struct FineLogTable {
  alignas(64) static constexpr float c[32] = {0x1p+0f,   0x1.e8p-1f, 0x1.d8p-1f, 0x1.dp-1f,  0x1.cp-1f,  0x1.b8p-1f, 0x1.a8p-1f,
                                              0x1.ap-1f, 0x1.98p-1f, 0x1.88p-1f, 0x1.8p-1f,  0x1.78p-1f, 0x1.7p-1f,  0x1.68p-1f,
                                              0x1.6p-1f, 0x1.58p-1f, 0x1.5p+0f,  0x1.48p+0f, 0x1.48p+0f, 0x1.4p+0f,  0x1.38p+0f,
                                              0x1.3p+0f, 0x1.3p+0f,  0x1.28p+0f, 0x1.2p+0f,  0x1.2p+0f,  0x1.18p+0f, 0x1.1p+0f,
                                              0x1.1p+0f, 0x1.08p+0f, 0x1.08p+0f, 0x1p+0f};
  alignas(64) static constexpr float high[32] = {
      0x0p+0f,      0x1.894p-5f,  0x1.4d4p-4f,  0x1.934p-4f,  0x1.118p-3f,  0x1.366p-3f,  0x1.824p-3f,  0x1.a94p-3f,
      0x1.d1p-3f,   0x1.1178p-2f, 0x1.2698p-2f, 0x1.3c28p-2f, 0x1.5228p-2f, 0x1.68bp-2f,  0x1.7fbp-2f,  0x1.9738p-2f,
      0x1.af5p-2f,  0x1.c8p-2f,   0x1.c8p-2f,   0x1.e148p-2f, 0x1.fb38p-2f, 0x1.0ae8p-1f, 0x1.0ae8p-1f, 0x1.189p-1f,
      0x1.2698p-1f, 0x1.2698p-1f, 0x1.3504p-1f, 0x1.43d8p-1f, 0x1.43d8p-1f, 0x1.5324p-1f, 0x1.5324p-1f, 0x1.62e4p-1f};
  alignas(64) static constexpr float low[32] = {
      0x0p+0f,          0x1.54294p-18f,   -0x1.dd45cp-17f,  -0x1.43454ep-17f, -0x1.c5f76p-17f,  -0x1.a7f538p-22f,
      -0x1.f4d572p-18f, -0x1.2c3752p-19f, 0x1.bf932ap-18f,  0x1.d044fcp-19f,  -0x1.deecb2p-18f, -0x1.6c4666p-17f,
      0x1.7039c6p-17f,  -0x1.be0b1cp-17f, -0x1.7109fap-20f, 0x1.1a189ap-17f,  0x1.4a9246p-17f,  -0x1.8e2eaap-20f,
      -0x1.8e2eaap-20f, 0x1.4344e4p-19f,  -0x1.3a842ep-17f, -0x1.23a5f6p-18f, -0x1.23a5f6p-18f, -0x1.1bf0dcp-17f,
      -0x1.deecb2p-17f, -0x1.deecb2p-17f, -0x1.752628p-17f, 0x1.ff2f92p-17f,  0x1.ff2f92p-17f,  -0x1.1d9798p-17f,
      -0x1.1d9798p-17f, 0x1.7f7d1cp-20f};
};

// log(x) to 2^-33.8 (a seventh of a unit of the power at most) in float32's arithmetic, of positive x: r - r^2 / 2 is split
// without an error, and only the rest r^3 (1/3 - ..), |r| <= 1/32, is rounded.
inline Pair<float> fine_log(Vec<float> x) {
  const Vec<float> e = exponent(x), m = mantissa(x);
  const I32 k = I32(m.v) >> 18;
  const Vec<float> r = m * lookup(FineLogTable::c, k) - 1.0f;
  const Pair<float> square = two_product(r, r);
  const Vec<float> main = r - 0.5f * square.high, main_low = (r - main) - 0.5f * square.high;
  const Vec<float> rest = (0x1.555552p-2f + r * -0x1.00002p-2f) + square.high * (0x1.99f7e6p-3f + r * -0x1.541006p-3f);
  const Pair<float> sum = fast_two_sum(e * Ln2<float>::high + lookup(FineLogTable::high, k), main);
  const Vec<float> low = (e * Ln2<float>::low + lookup(FineLogTable::low, k)) + (r * square.high) * rest;
  return normalized(Pair<float>{sum.high, (sum.low + (main_low - 0.5f * square.low)) + low});
}
template <bool Any>
Vec<float> power_in_float(Vec<float> x, Vec<float> y) {
  Pair<float> log = fine_log(x);
  if constexpr (Any) log.high = fix_log(log.high, x);
  const Pair<float> product = two_product(log.high, y);
  return exp_of_sum(product.high, product.low + y * log.low);
}
#else
// In float64, whose error the rounding to float32 hides in all but rare cases.
inline Vec<double> log_of_widened(Vec<double> x) {
  const Pair<double> natural = log_pair(reduce_log(x));
  return natural.high + natural.low;
}
template <bool Any>
Vec<float> power_in_float(Vec<float> x, Vec<float> y) {
  const Widened a = widen(x), b = widen(y);
  Vec<double> low = log_of_widened(a.low), high = log_of_widened(a.high);
  if constexpr (Any) low = fix_log(low, a.low), high = fix_log(high, a.high);
  return narrow({exp(low * b.low), exp(high * b.high)});
}
#endif
inline Vec<float> power_of_usual(Vec<float> x, Vec<float> y) { return power_in_float<false>(x, y); }

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
inline Vec<float> power_of_magnitude(Vec<float> x, Vec<float> y) { return power_in_float<true>(x, y); }

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
