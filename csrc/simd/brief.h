// log, and exp on negative numbers, in float64 to 2^-37: what a float32 result needs of its inner part, at less cost than the
// full ones where there are tables. Coefficients: tools/minimax.py.
#pragma once

#include "simd/log.h"

namespace wengert::WENGERT_ISA {
namespace {

#if WENGERT_AVX512
// log(1 + r), -1/32 <= r <= 1/16, relative error 2^-39.8.
inline Vec<double> brief_log1p(Vec<double> r) {
  const Vec<double> z = r * r;
  const Vec<double> low = -0x1.fffffffea71a7p-2 + r * 0x1.555554e774d74p-2;
  const Vec<double> high =
      (-0x1.0000152f1f7e3p-2 + r * 0x1.99a303711b966p-3) + z * (-0x1.55126eb89c9b1p-3 + r * 0x1.0b3019f19ce3cp-3);
  return r + z * (low + z * high);
}
// Of positive, normal, finite x; of others some result. What e ln 2 - log(c) has below 2^-42 is left out.
inline Vec<double> brief_log(Vec<double> x) {
  const Vec<double> m = mantissa(x);
  const I64 k = I64(m.v) >> 48;
  const Vec<double> r = m * lookup(LogTable<double>::c, k) - 1.0;
  return (exponent(x) * Ln2<double>::high + lookup(LogTable<double>::high, k)) + brief_log1p(r);
}

// LogTable's c, halved for m < 1.
alignas(64) inline constexpr double kHalvedLogTable[16] = {0x1p+0,    0x1.d4p-1, 0x1.bap-1, 0x1.a4p-1, 0x1.9p-1,  0x1.7ep-1,
                                                           0x1.6cp-1, 0x1.5cp-1, 0x1.4ep-1, 0x1.41p-1, 0x1.35p-1, 0x1.2ap-1,
                                                           0x1.1fp-1, 0x1.16p-1, 0x1.0dp-1, 0x1p-1};

// log(1 + 2^-x) of x >= 0, relative error 2^-37. 2^r by (2^r - 1) / r to 2^-38.5, |r| <= 1/32.
inline Vec<double> log_of_one_and_power(Vec<double> x) {
  using Table = ExpTable<double>;
  const Vec<double> r = F64(_mm512_maskz_reduce_pd(0xff, x.v, 4 << 4)), shifted = Table::rounder - x;
  const Vec<double> z = r * r;
  const Vec<double> p =
      (r * -0x1.62e42fec3cb6p-1 + z * (0x1.ebfbdffd389a5p-3 - r * 0x1.c6b3f6c5854f3p-5)) + (z * z) * 0x1.3b2a83db46b6bp-7;
  const Vec<double> power = lookup(Table::power, I64(shifted.v));
  const Vec<double> t = scale(power + power * p, shifted - Vec<double>(Table::rounder));
  // c / 2 for the mantissas that reduce_log() halves: from the bits of 1 + t, or of the last number before 2.
  const Vec<double> index = larger(Vec<double>(1.0), t + (1.0 - 0x1p-50));
  const I64 k = I64(index.v) >> 48;
  const Vec<double> c = lookup(kHalvedLogTable, k);
  return lookup(LogTable<double>::high, k) + brief_log1p(t * c + (c - 1.0));
}
#else
inline Vec<double> brief_log(Vec<double> x) {
  const Pair<double> natural = log_pair(reduce_log(x));
  return natural.high + natural.low;
}
inline Vec<double> log_of_one_and_power(Vec<double> x) { return log1p(exp(x * -0x1.62e42fefa39efp-1)); }
#endif

}  // namespace
}  // namespace wengert::WENGERT_ISA
