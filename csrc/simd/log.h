// log, log2, log10 and log1p of every argument. Coefficients and tables: tools/minimax.py. Largest
// errors, measured as those of exp.h: 0.95 ULP with AVX-512, elsewhere 0.89; float32's log2 and log10 by tables 1.2.
#pragma once

#include "simd/exp.h"

namespace wengert::WENGERT_ISA {
namespace {

// ---- x = 2^e m, log(x) = e ln 2 - log(c) + log(1 + r) with r = m c - 1

template <class T>
struct LogReduction {
  Vec<T> r;
  Vec<T> high, low;  // e ln 2 - log(c); high, short of mantissa, is exact, and 0 where x is near 1
};

#if WENGERT_AVX512
// By the four upper bits of the mantissa of m in [0.75, 1.5): c, and the parts of -log(c), for m < 1 of -log(2 c).
template <class T>
struct LogTable;
template <>
struct LogTable<float> {
  alignas(64) static constexpr float c[16] = {0x1p+0f,    0x1.d4p-1f, 0x1.bap-1f, 0x1.a4p-1f, 0x1.9p-1f,  0x1.7ep-1f,
                                              0x1.6cp-1f, 0x1.5cp-1f, 0x1.4ep+0f, 0x1.41p+0f, 0x1.35p+0f, 0x1.2ap+0f,
                                              0x1.1fp+0f, 0x1.16p+0f, 0x1.0dp+0f, 0x1p+0f};
  alignas(64) static constexpr float high[16] = {
      0x0p+0f,     0x1.7p-4f,    0x1.2d1p-3f,  0x1.95ap-3f,  0x1.f99p-3f, 0x1.2bfp-2f, 0x1.5d58p-2f, 0x1.8b6p-2f,
      0x1.b57p-2f, 0x1.de18p-2f, 0x1.028cp-1f, 0x1.151cp-1f, 0x1.286p-1f, 0x1.38bp-1f, 0x1.4988p-1f, 0x1.62e4p-1f};
  alignas(64) static constexpr float low[16] = {0x0p+0f,          0x1.a615d6p-17f,  0x1.84321ap-17f,  0x1.6b73dcp-17f,
                                                0x1.c6cb3cp-19f,  -0x1.f0646ep-19f, 0x1.eefacap-17f,  0x1.cd445ap-17f,
                                                -0x1.7eee76p-20f, -0x1.4a9106p-18f, 0x1.2d6a96p-17f,  0x1.fb794cp-20f,
                                                -0x1.f7bd36p-17f, -0x1.de8e68p-17f, -0x1.4c7c96p-19f, 0x1.7f7d1cp-20f};
};
template <>
struct LogTable<double> {
  alignas(64) static constexpr double c[16] = {0x1p+0,    0x1.d4p-1, 0x1.bap-1, 0x1.a4p-1, 0x1.9p-1,  0x1.7ep-1,
                                               0x1.6cp-1, 0x1.5cp-1, 0x1.4ep+0, 0x1.41p+0, 0x1.35p+0, 0x1.2ap+0,
                                               0x1.1fp+0, 0x1.16p+0, 0x1.0dp+0, 0x1p+0};
  alignas(64) static constexpr double high[16] = {0x0p+0,
                                                  0x1.700d30aeacp-4,
                                                  0x1.2d1610c868p-3,
                                                  0x1.95a5adcf7p-3,
                                                  0x1.f991c6cb3cp-3,
                                                  0x1.2bef07cdc9p-2,
                                                  0x1.5d5bddf596p-2,
                                                  0x1.8b639a88b3p-2,
                                                  0x1.b56fa04463p-2,
                                                  0x1.de16b56ef9p-2,
                                                  0x1.028d2d6a96p-1,
                                                  0x1.151c3f6f298p-1,
                                                  0x1.285e0842cap-1,
                                                  0x1.38ae2171978p-1,
                                                  0x1.4987ace0da8p-1,
                                                  0x1.62e42fefa38p-1};
  alignas(64) static constexpr double low[16] = {0x0p+0,
                                                 0x1.c1e8da99ded32p-49,
                                                 0x1.39d6ccb81b4a1p-47,
                                                 0x1.7f22858a0ff6fp-47,
                                                 -0x1.90d04cd7cc834p-44,
                                                 0x1.a9cfa4a5004f4p-45,
                                                 -0x1.a0b2a08a465dcp-47,
                                                 -0x1.05ae1e5e7047p-45,
                                                 -0x1.bdab6b49ef99bp-44,
                                                 0x1.e08cfe6fe4752p-47,
                                                 0x1.fa3fec303d08p-44,
                                                 -0x1.edd97a293ae49p-45,
                                                 0x1.c1c4d866d5f22p-44,
                                                 -0x1.18b7abb5569a4p-45,
                                                 0x1.d83ed15c6b2f4p-44,
                                                 0x1.ef35793c7673p-45};
};

inline Vec<float> exponent(Vec<float> x) { return F32(_mm512_maskz_getexp_ps(0xffff, x.v)); }
inline Vec<double> exponent(Vec<double> x) { return F64(_mm512_maskz_getexp_pd(0xff, x.v)); }
// In [0.75, 1.5), subnormals too.
inline Vec<float> mantissa(Vec<float> x) {
  return F32(_mm512_maskz_getmant_ps(0xffff, x.v, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero));
}
inline Vec<double> mantissa(Vec<double> x) {
  return F64(_mm512_maskz_getmant_pd(0xff, x.v, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero));
}

// Of positive x; of others some result.
template <class T>
LogReduction<T> reduce_log(Vec<T> x) {
  const Vec<T> e = exponent(x), m = mantissa(x);
  const auto k = typename IntVec<T>::Raw(m.v) >> (Format<T>::mantissa_bits - 4);
  const Vec<T> c = lookup(LogTable<T>::c, k);
  return {m * c - T(1), e * Ln2<T>::high + lookup(LogTable<T>::high, k), e * Ln2<T>::low + lookup(LogTable<T>::low, k)};
}
// Of x + low, where |low| is a few units of x: r is x's.
template <class T>
LogReduction<T> reduce_log(Vec<T> x, Vec<T> low) {
  const Vec<T> m = mantissa(x);
  const Vec<T> c = lookup(LogTable<T>::c, typename IntVec<T>::Raw(m.v) >> (Format<T>::mantissa_bits - 4));
  LogReduction<T> result = reduce_log(x);
  const Vec<T> addend = scale(low, exponent(m) - exponent(x)) * c;
  result.low = result.low + (addend - result.r * addend);
  return result;
}

// log(1 + r) - r, -1/32 <= r <= 1/16
inline Vec<float> log_tail(Vec<float> r) {
  const Vec<float> z = r * r;
  return z * ((-0x1p-1f + r * 0x1.555856p-2f) + z * (-0x1.0017fep-2f + r * 0x1.82b8aap-3f));
}
inline Vec<double> log_tail(Vec<double> r) {
  const Vec<double> z = r * r, zz = z * z;
  const Vec<double> low =
      (-0x1.0000000000003p-1 + r * 0x1.5555555555fb1p-2) + z * (-0x1.ffffffffed81fp-3 + r * 0x1.9999997fe02a2p-3);
  const Vec<double> high =
      (-0x1.555554d202237p-3 + r * 0x1.2492dcff87e2ap-3) + z * (-0x1.000993836dc06p-3 + r * 0x1.c56117e837214p-4);
  return z * (low + zz * (high + zz * -0x1.6551a6cfce99ep-4));
}
#else
// c = 1 and m in [sqrt(1/2), sqrt(2)); of positive, normal, finite x.
inline LogReduction<float> reduce_log(Vec<float> x) {
  const I32 bits = I32(x.v) - 0x3f3504f3;  // less those of sqrt(1/2)
  const Vec<float> e = __builtin_convertvector(bits >> 23, F32);
  const Vec<float> r = F32((bits & 0x7fffff) + 0x3f3504f3) - 1.0f;
  return {r, e * Ln2<float>::high, e * Ln2<float>::low};
}
inline LogReduction<double> reduce_log(Vec<double> x) {
  const I64 bits = I64(x.v) - 0x3fe6a09e667f3bcd;
  // The exponent as a double, without the 64-bit conversion that AVX2 lacks: 2^52 + (e + 2048) has e + 2048 as its low bits.
  const I64 biased = I64((Vec<uint64_t>::Raw(bits) + (uint64_t{2048} << 52)) >> 52);
  const Vec<double> e = F64(biased | 0x4330000000000000) - (0x1p52 + 2048);
  const Vec<double> r = F64((bits & 0xfffffffffffff) + 0x3fe6a09e667f3bcd) - 1.0;
  return {r, e * Ln2<double>::high, e * Ln2<double>::low};
}
// Of x + low, x < 2^100.
template <class T>
LogReduction<T> reduce_log(Vec<T> x, Vec<T> low) {
  LogReduction<T> result = reduce_log(x);
  const Vec<T> e = round_even(result.high * Ln2<T>::inverse);
  const Vec<T> addend = low * power_of_two(-e), sum = result.r + addend;
  result.low = result.low + ((result.r - sum) + addend);
  result.r = sum;
  return result;
}

inline Vec<float> log_tail(Vec<float> r) {
  const Vec<float> z = r * r;
  const Vec<float> cubic = polynomial<float>(r.v, 0x1.b4bb3ep-5f, -0x1.bef78ep-4f, 0x1.efff5cp-4f, -0x1.01069ap-3f,
                                             0x1.230304p-3f, -0x1.552f04p-3f, 0x1.99a542p-3f, -0x1.00007p-2f, 0x1.555548p-2f);
  return r * z * cubic - 0.5f * z;
}
inline Vec<double> log_tail(Vec<double> r) {
  const Vec<double> s = r / (r + 2.0), z = s * s, half = 0.5 * r * r;
  const Vec<double> quotient = z * Vec<double>(polynomial<double>(
                                       z.v, 0x1.2f024dfe37a6p-3, 0x1.39a20becf1975p-3, 0x1.74663ba13b6bp-3,
                                       0x1.c71c521a1fbe6p-3, 0x1.24924941db456p-2, 0x1.999999997ff63p-2, 0x1.5555555555592p-1));
  return s * (half + quotient) - half;
}
#endif

// log(x); high has all of it but the tail of log(1 + r).
template <class T>
Pair<T> log_pair(const LogReduction<T>& x) {
  const Pair<T> sum = fast_two_sum(x.high, x.r);
  return {sum.high, sum.low + (log_tail(x.r) + x.low)};
}

// ---- bases

template <class T>
struct BaseE {
  static Vec<T> log(Pair<T> natural) { return natural.high + natural.low; }
};
template <class T, class C>
Vec<T> log_to_base(Pair<T> natural) {
#if !WENGERT_AVX512
  natural = normalized(natural);  // the tail is too large to be rounded once more
#endif
  const Pair<T> product = two_product(natural.high, Vec<T>(C::high));
  return product.high + (product.low + (natural.low * C::high + natural.high * C::low));
}
template <class T>
struct Base2;
template <>
struct Base2<float> {
  static constexpr float high = 0x1.715476p+0f, low = 0x1.4ae0cp-26f;
  static Vec<float> log(Pair<float> natural) { return log_to_base<float, Base2>(natural); }
};
template <>
struct Base2<double> {
  static constexpr double high = 0x1.71547652b82fep+0, low = 0x1.777d0ffda0d24p-56;
  static Vec<double> log(Pair<double> natural) { return log_to_base<double, Base2>(natural); }
};
template <class T>
struct Base10;
template <>
struct Base10<float> {
  static constexpr float high = 0x1.bcb7b2p-2f, low = -0x1.5b235ep-27f;
  static Vec<float> log(Pair<float> natural) { return log_to_base<float, Base10>(natural); }
};
template <>
struct Base10<double> {
  static constexpr double high = 0x1.bcb7b1526e50ep-2, low = 0x1.95355baaafad3p-57;
  static Vec<double> log(Pair<double> natural) { return log_to_base<double, Base10>(natural); }
};

// ---- every x

// The result for x, put right where x is 0, negative, infinite or NaN.
#if WENGERT_AVX512
// By the class of x, from the lowest digit up: NaNs (2: quiet), 0 (4: -inf), 1, -inf (3: NaN), inf (5: inf), negative,
// positive.
inline constexpr int kLogFixes = 0x03530422;
inline Vec<float> fix_log(Vec<float> y, Vec<float> x) {
  return F32(_mm512_fixupimm_ps(y.v, x.v, _mm512_set1_epi32(kLogFixes), 0));
}
inline Vec<double> fix_log(Vec<double> y, Vec<double> x) {
  return F64(_mm512_fixupimm_pd(y.v, x.v, _mm512_set1_epi64(kLogFixes), 0));
}
#else
template <class T>
Vec<T> fix_log(Vec<T> y, Vec<T> x) {
  const T inf = T(__builtin_inf()), nan = T(__builtin_nan(""));
  y = blend(less(x, Vec<T>(inf)), y, x);
  y = blend(less(x, Vec<T>(T(0))), Vec<T>(nan), y);
  return blend(equal(x, Vec<T>(T(0))), Vec<T>(-inf), y);
}
template <class Base, class T>
[[gnu::noinline]] Vec<T> log_of_unusual(Vec<T> x) {
  constexpr T kUp = sizeof(T) == 4 ? T(0x1p24) : T(0x1p54), kExponent = sizeof(T) == 4 ? T(24) : T(54);
  const Mask<T> subnormal = less(x, Vec<T>(Format<T>::smallest_normal));
  LogReduction<T> reduction = reduce_log(blend(subnormal, x * kUp, x));
  const Vec<T> excess = blend(subnormal, Vec<T>(kExponent), Vec<T>(T(0)));
  reduction.high = reduction.high - excess * Ln2<T>::high;
  reduction.low = reduction.low - excess * Ln2<T>::low;
  return fix_log(Base::log(log_pair(reduction)), x);
}
#endif

template <class Base, class T>
Vec<T> log_of(Vec<T> x) {
#if WENGERT_AVX512
  return fix_log(Base::log(log_pair(reduce_log(x))), x);
#else
  const bool usual = all(not_below(x, Vec<T>(Format<T>::smallest_normal)) & less(x, Vec<T>(T(__builtin_inf()))));
  if (__builtin_expect(!usual, 0)) return log_of_unusual<Base>(x);
  return Base::log(log_pair(reduce_log(x)));
#endif
}

template <class T>
Vec<T> log(Vec<T> x) {
  return log_of<BaseE<T>>(x);
}
#if WENGERT_AVX512
// Of float32 to base 2 and 10 by tables of their own: -log(c) as LogTable has it, log(2) and the factors of the powers of r.
struct Log2Table {
  static constexpr float two = 1, two_low = 0, first = 0x1.715476p+0f, first_low = 0x1.4ae0cp-26f, second = -0x1.715478p-1f,
                         third = 0x1.ec7536p-2f, fourth = -0x1.715e26p-2f, fifth = 0x1.15176p-2f;
  alignas(64) static constexpr float high[16] = {
      0x0p+0f,      0x1.098p-3f, 0x1.b26p-3f,  0x1.24ap-2f,  0x1.6cbp-2f, 0x1.b0b8p-2f, 0x1.f808p-2f, 0x1.1d38p-1f,
      0x1.3b8cp-1f, 0x1.58ep-1f, 0x1.7504p-1f, 0x1.8fc8p-1f, 0x1.ab9p-1f, 0x1.c31cp-1f, 0x1.db68p-1f, 0x1p+0f};
  alignas(64) static constexpr float low[16] = {0x0p+0f,          -0x1.c731ap-19f,  0x1.24beaap-22f,  -0x1.96a762p-17f,
                                                0x1.ed0cbap-19f,  -0x1.80b0bap-18f, -0x1.a8b97ap-17f, -0x1.7d694ap-17f,
                                                -0x1.c72e0cp-18f, -0x1.c40748p-17f, -0x1.33b5d8p-17f, 0x1.24c89ap-17f,
                                                0x1.51be16p-17f,  -0x1.d823p-17f,   0x1.4903dap-17f,  0x0p+0f};
};
struct Log10Table {
  static constexpr float two = 0x1.344p-2f, two_low = 0x1.3509f8p-18f, first = 0x1.bcb7b2p-2f, first_low = -0x1.5b235ep-27f,
                         second = -0x1.bcb7b2p-3f, third = 0x1.287d08p-3f, fourth = -0x1.bcd5f8p-4f, fifth = 0x1.4f5594p-4f;
  alignas(64) static constexpr float high[16] = {
      0x0p+0f,     0x1.3fcp-5f, 0x1.058p-4f, 0x1.606p-4f, 0x1.b72p-4f,  0x1.048p-3f,  0x1.2f7p-3f,  0x1.577p-3f,
      0x1.7bfp-3f, 0x1.9f4p-3f, 0x1.c12p-3f, 0x1.e16p-3f, 0x1.0168p-2f, 0x1.0f98p-2f, 0x1.1e38p-2f, 0x1.344p-2f};
  alignas(64) static constexpr float low[16] = {0x0p+0f,         -0x1.08399cp-17f, 0x1.4a0ddap-18f, -0x1.19422cp-17f,
                                                0x1.cd1716p-20f, 0x1.39250ap-17f,  0x1.80e7a8p-18f, -0x1.c4f422p-19f,
                                                0x1.def04cp-18f, 0x1.9c03f4p-18f,  0x1.9831ccp-17f, 0x1.ea93f4p-18f,
                                                0x1.efb50cp-17f, -0x1.a0f002p-19f, 0x1.e209bep-18f, 0x1.3509f8p-18f};
};
template <class Table>
Vec<float> log_by_table(Vec<float> x) {
  const Vec<float> e = exponent(x), m = mantissa(x);
  const I32 k = I32(m.v) >> 19;
  const Vec<float> r = m * lookup(LogTable<float>::c, k) - 1.0f, z = r * r;
  const Vec<float> tail = (Table::second + r * Table::third) + z * (Table::fourth + r * Table::fifth);
  const Vec<float> high = e * Table::two + lookup(Table::high, k), low = e * Table::two_low + lookup(Table::low, k);
  return fix_log(high + (r * Table::first + (r * Table::first_low + (z * tail + low))), x);
}
inline Vec<float> log2(Vec<float> x) { return log_by_table<Log2Table>(x); }
inline Vec<float> log10(Vec<float> x) { return log_by_table<Log10Table>(x); }
#endif
template <class T>
Vec<T> log2(Vec<T> x) {
  return log_of<Base2<T>>(x);
}
template <class T>
Vec<T> log10(Vec<T> x) {
  return log_of<Base10<T>>(x);
}

// ---- log1p

// log(1 + x); below AVX-512 for -1 < x < 2^100.
template <class T>
Pair<T> log1p_pair(Vec<T> x) {
  const Pair<T> sum = two_sum(Vec<T>(T(1)), x);
  return log_pair(reduce_log(sum.high, sum.low));
}

#if !WENGERT_AVX512
template <class T>
[[gnu::noinline]] Vec<T> log1p_of_unusual(Vec<T> x) {
  const Mask<T> usual = greater(x, Vec<T>(T(-1))) & less(x, Vec<T>(T(0x1p100)));
  const Pair<T> y = log1p_pair(blend(usual, x, Vec<T>(T(0))));
  return blend(usual, set_sign(y.high + y.low, x), log(blend(not_below(x, Vec<T>(T(0x1p100))), x, T(1) + x)));
}
#endif

template <class T>
Vec<T> log1p(Vec<T> x) {
#if WENGERT_AVX512
  const Pair<T> y = log1p_pair(x);
  return set_sign(fix_log(y.high + y.low, T(1) + x), x);
#else
  if (__builtin_expect(!all(greater(x, Vec<T>(T(-1))) & less(x, Vec<T>(T(0x1p100)))), 0)) return log1p_of_unusual(x);
  const Pair<T> y = log1p_pair(x);
  return set_sign(y.high + y.low, x);
#endif
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
