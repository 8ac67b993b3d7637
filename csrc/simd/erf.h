// The error function and its relatives. Coefficients: tools/minimax_special.py. Errors: docs/accuracy.md.
#pragma once

#include "simd/approximate.h"
#include "simd/exp.h"
#include "simd/log.h"

namespace wengert::WENGERT_ISA {
namespace {

// exp(x.high + x.low) = 2^n (1 + high + low), |x.high| <= 2^10.
template <class T>
struct Exponential {
  Vec<T> n, high, low;
};

template <class T>
Exponential<T> exponential(Pair<T> x) {
  const Vec<T> n = round_even(x.high * Ln2<T>::inverse);
  const Vec<T> first = x.high - n * Ln2<T>::high, second = x.low - n * Ln2<T>::low, r = first + second;
  return {n, r, (second - (r - first)) + r * r * exp_polynomial(r)};
}
// (x + low) 2^n (1 + ..), |low| small beside x.
template <class T>
Vec<T> times(Vec<T> x, Vec<T> low, Exponential<T> exp) {
  return x + (x * exp.high + (x * exp.low + low));
}

// The polynomial as those of its even and its odd powers, which do not wait for one another: long ones.
template <class T, int N>
Vec<T> long_polynomial(Vec<T> u, const T (&coefficients)[N]) {
  const Vec<T> square = u * u;
  Vec<T> one(coefficients[0]), other(coefficients[1]);
#pragma GCC unroll 32
  for (int i = 2; i < N; i += 2) {
    one = one * square + coefficients[i];
    if (i + 1 < N) other = other * square + coefficients[i + 1];
  }
  return N % 2 ? other * u + one : one * u + other;
}

// P(x^2), where erf(x) = x + x P(x^2): |x| <= 1.0625 for float, 1 for double.
inline Vec<float> erf_polynomial(Vec<float> u) {
  return polynomial<float>(u.v, 0x1.38bf94p-14f, -0x1.9de096p-11f, 0x1.5332a8p-8f, -0x1.b7df36p-6f, 0x1.ce2b98p-4f,
                           -0x1.812738p-2f, 0x1.06eba8p-3f);
}
inline Vec<double> erf_polynomial(Vec<double> u) {
  return long_polynomial<double>(
      u, {-0x1.ab4f52319337ap-31, 0x1.d6f8c456bb6e3p-27, -0x1.5c01c10be4dfep-23, 0x1.b97edb08b56b6p-20, -0x1.f4ca312e72c77p-17,
          0x1.f9a2b88e69186p-14, -0x1.c02db023575d1p-11, 0x1.565bccf85264bp-8, -0x1.b82ce311f1f79p-6, 0x1.ce2f21a0409f6p-4,
          -0x1.812746b0379b4p-2, 0x1.06eba8214db68p-3});
}

// exp(x^2) erfc(x) = (high + low) / (denominator + rest) for x >= 0.75, a polynomial in q = (x - pole) / (x + pole).
template <class T>
struct ScaledErfc {
  Vec<T> high, low, denominator, rest;
};
template <class T>
struct Summed {  // q P(q) and the constant in two parts, leading first
  Vec<T> variable;
  T constant;
};
inline Summed<float> scaled_erfc_polynomial(Vec<float> x) {
  const Vec<float> q = (x - 2.5f) / (x + 2.5f);
  const Vec<float> p =
      polynomial<float>(q.v, -0x1.95a0eep-13f, 0x1.367cdap-11f, 0x1.2bc62cp-11f, -0x1.1f9cep-8f, 0x1.dd7072p-11f,
                        0x1.0c693ap-5f, -0x1.a5be4ap-4f, 0x1.42d33ap-3f, -0x1.959adcp-4f, -0x1.f52c5ap-4f);
  return {q * p - 0x1.2098ap-25f, 0x1.43cc7p+0f};
}
inline Summed<double> scaled_erfc_polynomial(Vec<double> x) {
  const Vec<double> q = (x - 3.0) / (x + 3.0);
  const Vec<double> p = long_polynomial<double>(
      q, {0x1.035bb8b42d553p-27, -0x1.5db1fe4add0adp-25, 0x1.44cd6dedba784p-25,  0x1.3b314ce1350cfp-23,  -0x1.5f218bcdaf5f4p-23,
          -0x1.5a5564396e68p-21, 0x1.995efcda695bep-22,  0x1.d3316d114bde4p-19,  -0x1.8f45238812123p-21, -0x1.513ee17e86281p-16,
          0x1.4c63789ae3108p-18, 0x1.065a1be63bb26p-13,  -0x1.b91321d921e1bp-14, -0x1.98db4eb10287ep-11, 0x1.ef1bde6d2b10dp-10,
          0x1.4b884e31498d5p-9,  -0x1.8574c40cf058bp-6,  0x1.17ca2877f9b82p-4,   -0x1.e88b803a46dfep-4,  0x1.098366a5b4512p-3,
          -0x1.85a15c58aa6c1p-5, -0x1.15c084bb9e8fp-3});
  return {q * p + 0x1.b9a0e1a0ab63bp-55, 0x1.40c522d7e4987p+0};
}
template <class T>
ScaledErfc<T> scaled_erfc(Vec<T> x) {
  const Summed<T> p = scaled_erfc_polynomial(x);
  const Pair<T> sum = fast_two_sum(Vec<T>(p.constant), p.variable), denominator = fast_two_sum(x + x, Vec<T>(T(1)));
  return {sum.high, sum.low, denominator.high, denominator.low};
}
template <class T>
Vec<T> quotient(ScaledErfc<T> s) {
  const Pair<T> numerator = fast_two_sum(s.high, s.low);
  const Vec<T> y = numerator.high / s.denominator;
  const Vec<T> rest = rest_of<T>(numerator.high.v, y.v, s.denominator.v);
  return y + (rest + (numerator.low - y * s.rest)) * reciprocal(s.denominator);
}

// erfc(x + low) times 2^-shift for x >= 0.75, with -(x + low)^2 given. d log(exp(x^2) erfc(x)) / dx is -1 / (x + 0.6) to a
// tenth.
template <class T>
Vec<T> erfc_tail(Vec<T> x, Pair<T> minus_square, Vec<T> low = Vec<T>(T(0)), T shift = 0) {
  ScaledErfc<T> s = scaled_erfc(x);
  const Exponential<T> exp = exponential(minus_square);
  s.low = s.high * exp.high + (s.high * (exp.low - low * reciprocal(x + T(0.6))) + s.low);
  return scale(quotient(s), exp.n - shift);
}
template <class T>
Pair<T> minus_square(Vec<T> x) {
  const Pair<T> square = two_product(x, x);
  return {-square.high, -square.low};
}

// Beyond these erfc rounds to 0.
template <class T>
inline constexpr T kErfcEnd = sizeof(T) == 4 ? T(10.25) : T(27.3);
template <class T>
inline constexpr T kErfcTail = T(0.8125);  // where erfc turns from 1 - erf to its own tail

template <class T>
Vec<T> erfc(Vec<T> x) {
  const Vec<T> a = magnitude(x), far = smaller(a, Vec<T>(kErfcEnd<T>));
  const Vec<T> tail = erfc_tail(far, minus_square(far));
  const Pair<T> rest = fast_two_sum(Vec<T>(T(1)), -x);
  const Vec<T> near = rest.high + (rest.low - x * erf_polynomial(x * x));
  return blend(not_below(a, Vec<T>(kErfcTail<T>)), blend(less(x, Vec<T>(T(0))), Vec<T>(T(2)) - tail, tail), near);
}

inline Vec<double> erf(Vec<double> x) {
  const Vec<double> a = magnitude(x), far = smaller(a, Vec<double>(5.95));
  const Vec<double> tail = 1.0 - erfc_tail(far, minus_square(far));
  const Vec<double> near = x + x * erf_polynomial(x * x);
  return blend(not_below(a, Vec<double>(1.0)), set_sign(tail, x), near);
}
// Its tail is 1 - p^2: the square root of erfc needs a lower degree, and its fourth root would lose half a unit.
inline Vec<float> erf(Vec<float> x) {
  const Vec<float> a = magnitude(x), t = smaller(a, Vec<float>(3.95f)) - 2.5f;
  const Vec<float> p = polynomial<float>(t.v, 0x1.ab9c7p-18f, 0x1.269a6p-17f, -0x1.799a86p-14f, 0x1.dcb836p-15f,
                                         0x1.46b146p-11f, -0x1.0efbeap-9f, 0x1.dd0034p-11f, 0x1.7b9c66p-7f, -0x1.40267ap-5f,
                                         0x1.00ef16p-4f, -0x1.ba4926p-5f, 0x1.4a83d4p-6f);
  const Vec<float> near = x + x * erf_polynomial(x * x);
  return blend(not_below(a, Vec<float>(1.0546875f)), set_sign(Vec<float>(1.0f - p * p), x), near);
}

// ---- the inverse of erf, by w = -log((1 - a) (1 + a)), a = |x|

// Where w >= 4, with the rounding errors of w and its root.
[[gnu::noinline]] inline Vec<float> erfinv_tail(Vec<float> a, Pair<float> log) {
  const Vec<float> w = -log.high, root = sqrt(w), s = root - 3.0f;
  const Vec<float> tail = polynomial<float>(s.v, -0x1.69a07ep-16f, 0x1.43fee4p-17f, 0x1.84bbf8p-13f, -0x1.6ab9f8p-12f,
                                            -0x1.06ac5ep-13f, 0x1.8e00dap-10f, -0x1.d3db36p-9f, 0x1.74007ep-8f, -0x1.f4d2c2p-8f,
                                            0x1.3589d4p-7f, 0x1.b72446p-10f, -0x1.561044p-3f);
  // x (root + rest) as root + (rest - (1 - x) (root + rest)), which rounds once.
  const Vec<float> rest = tail + (rest_of<float>(w.v, root.v, root.v) - log.low) * (0.5f * reciprocal(root));
  return root + (rest - (1.0f - a) * (root + rest));
}

// With the rounding errors of w, which a result near 2 would show. The constant of `near` is in two parts.
inline Vec<float> erfinv_magnitude(Vec<float> a) {
  const Pair<float> log = normalized(log_pair(reduce_log(Vec<float>((1.0f - a) * (a + 1.0f)))));
  const Vec<float> w = -log.high;
  const Vec<float> near = polynomial<float>(w.v, -0x1.4a671p-27f, 0x1.003c2cp-22f, -0x1.1e072ep-19f, 0x1.3bef3ep-18f,
                                            0x1.656286p-15f, -0x1.04da6p-13f, -0x1.3251aap-9f, 0x1.7a773cp-7f, 0x1.db29f4p-3f);
  const Pair<float> factor = fast_two_sum(Vec<float>(0x1.c5bf8ap-1f), w * near - (log.low * 0.23f + 0x1.baf3bep-26f));
  const Pair<float> product = two_product(a, factor.high);
  const Vec<float> product_low = blend(less(a, Vec<float>(0x1p-60f)), Vec<float>(0.0f), product.low);  // would be subnormal
  const Vec<float> y = product.high + (product_low + a * factor.low);
  const Mask<float> usual = less(w, Vec<float>(4.0f));  // |x| < 0.991
  return __builtin_expect(all(usual), 1) ? y : blend(usual, y, erfinv_tail(a, log));
}

// To 2^-23, as a multiple of a; Far: also where w > 37.5, which no double a has.
template <bool Far>
Vec<double> erfinv_start(Vec<double> w) {
  const Vec<double> root = sqrt(w), c = w - 2.5, s = root - 4.0;
  const Vec<double> near = long_polynomial<double>(
      c, {0x1.ea3acc19a4f78p-26, 0x1.7112adda923bcp-22, -0x1.d9a2db2f7cc4bp-19, -0x1.270fe9b4c0f06p-18, 0x1.ca712c44fa7d6p-13,
          -0x1.48a6e3e0d87cbp-10, -0x1.11ca4e66d288fp-8, 0x1.f91ec5e622421p-3, 0x1.805c5e2bcf554p+0});
  Vec<double> tail = long_polynomial<double>(
      s, {-0x1.7bb02c7e9766p-22, 0x1.a583b7c7d0a26p-20, 0x1.1c934d3e49767p-20, -0x1.0278d290b8dedp-16, 0x1.c7bacb801ee72p-16,
          -0x1.664ef30cc036fp-16, 0x1.5a17679e4731ap-15, -0x1.0caa4a3ac8988p-13, 0x1.5bb7637729a9ep-12, -0x1.c546571baf8b1p-11,
          0x1.49863c38fbf02p-10, 0x1.026e1c3c61bb7p+0, 0x1.eb7e0a0d9df57p+1});
  if constexpr (Far) {
    const Vec<double> f = root - 12.0;
    const Vec<double> far = long_polynomial<double>(
        f, {0x1.64ccb8c4e0d22p-52, -0x1.670427cfab78cp-46, 0x1.1da96ca9977eap-41, -0x1.bdd03a3bebaabp-38, 0x1.5178fefb6129dp-35,
            -0x1.afc07f767dba9p-34, -0x1.c89c9e64c72b1p-37, 0x1.218207ab1a4a9p-26, -0x1.413f90c253f3cp-21, 0x1.bd92feb27683p-17,
            -0x1.0ad8278a30756p-12, 0x1.0138bc8c73426p+0, 0x1.7cd75864b8a95p+3});
    tail = blend(less(root, Vec<double>(6.125)), tail, far);
  }
  return blend(less(w, Vec<double>(5.0)), near, tail);
}

// One step of Halley's method from there, with the residual in full precision. For 0 <= a < 1 and rest = 2^-shift (1 - a),
// which may be known better than by a.
template <bool Far>
Vec<double> erfinv_magnitude(Vec<double> a, Vec<double> rest, Vec<double> shift) {
  const Vec<double> w = -log(Vec<double>(rest * (a + 1.0))) - shift * 0.6931471805599453;
  const Vec<double> y = a * erfinv_start<Far>(w);
  const auto near = less(y, Vec<double>(1.0));
  const Vec<double> residual = (y - a) + y * erf_polynomial(y * y);  // erf(y) - a where y < 1
  const Exponential<double> exp = exponential(minus_square(y));
  // (erf(y) - a) / exp(-y^2), or its other form exp(y^2) (1 - a) - exp(y^2) erfc(y)
  const Vec<double> ratio =
      scale(Vec<double>(blend(near, residual, rest) / (1.0 + (exp.high + exp.low))), blend(near, -exp.n, shift - exp.n));
  const Vec<double> scaled = quotient(scaled_erfc(larger(y, Vec<double>(0.75))));
  const Vec<double> step = (ratio - blend(near, Vec<double>(0.0), scaled)) * 0.886226925452758;
  return y - step * (1.0 - y * step);
}
inline Vec<double> erfinv_magnitude(Vec<double> a) { return erfinv_magnitude<false>(a, 1.0 - a, Vec<double>(0.0)); }

template <class T>
Vec<T> erfinv(Vec<T> x) {
  const Vec<T> a = magnitude(x), one(T(1));
  const Vec<T> outside = blend(equal(a, one), Vec<T>(T(__builtin_inf())), Vec<T>(T(__builtin_nan(""))));
  return set_sign(blend(less(a, one), erfinv_magnitude(a), outside), x);
}

// ---- float64 only: float32 arrives widened

// Probabilities of the normal distribution below x.
inline Vec<double> ndtr(Vec<double> x) {
  constexpr double kHigh = 0x1.6a09e667f3bcdp-1, kLow = -0x1.bdd3413b26456p-55;  // sqrt(1/2)
  const Vec<double> a = magnitude(x), far = smaller(a, Vec<double>(38.7));
  const Pair<double> square = minus_square(far);
  const Pair<double> scaled = two_product(far, Vec<double>(kHigh));
  const Vec<double> tail =
      erfc_tail(scaled.high, {square.high * 0.5, square.low * 0.5}, Vec<double>(scaled.low + far * kLow), 1.0);
  const Pair<double> y = two_product(x, Vec<double>(kHigh));
  const Vec<double> rest = y.high * erf_polynomial(y.high * y.high) + (y.low + x * kLow);
  const Pair<double> half = fast_two_sum(Vec<double>(0.5), y.high * 0.5);
  const Vec<double> near = half.high + (half.low + rest * 0.5);
  return blend(not_below(a, Vec<double>(1.15)), blend(less(x, Vec<double>(0.0)), tail, 1.0 - tail), near);
}

inline Vec<double> erfcx(Vec<double> x) {
  const Vec<double> a = magnitude(x), inner = smaller(a, Vec<double>(27.0));
  const Pair<double> square = two_product(inner, inner);
  const Exponential<double> exp = exponential(square);
  const Vec<double> tail = quotient(scaled_erfc(smaller(a, Vec<double>(0x1p40))));
  const Vec<double> negative = scale(Vec<double>(1.0 + (exp.high + exp.low)), exp.n + 1.0) - tail;
  const Pair<double> rest = fast_two_sum(Vec<double>(1.0), -x);
  const Vec<double> low = rest.low - x * erf_polynomial(x * x);
  const Pair<double> sum = fast_two_sum(rest.high, low);
  const Vec<double> near = scale(times(sum.high, sum.low, exp), exp.n);
  const Vec<double> positive = blend(greater(a, Vec<double>(0x1p30)), 0x1.20dd750429b6dp-1 / x, tail);
  return blend(not_below(a, Vec<double>(kErfcTail<double>)), blend(less(x, Vec<double>(0.0)), negative, positive), near);
}

// The x with ndtr(x) = p.
inline Vec<double> ndtri(Vec<double> p) {
  const Vec<double> half(0.5), zero(0.0), one(1.0);
  const auto upper = greater(p, half);
  const Vec<double> lower = blend(upper, 1.0 - p, p);  // exact
  // sqrt(2) erfinv(1 - 2 lower), and 2 lower is exact: subnormal ones are scaled.
  const auto tiny = less(lower, Vec<double>(0x1p-500));
  const Vec<double> y = erfinv_magnitude<true>(Vec<double>(1.0 - 2.0 * lower), blend(tiny, lower * 0x1p501, lower * 2.0),
                                               blend(tiny, Vec<double>(-500.0), zero));
  const Vec<double> x = y * 0x1.6a09e667f3bcdp+0 + y * -0x1.bdd3413b26456p-54;
  const Vec<double> end = blend(equal(lower, zero), Vec<double>(__builtin_inf()), Vec<double>(__builtin_nan("")));
  const Vec<double> result = blend(greater(lower, zero), x, end);
  return blend(upper, result, Vec<double>(0.0) - result);
}

inline Vec<double> log_ndtr(Vec<double> x) {
  const Vec<double> a = magnitude(x), zero(0.0), turn(1.25);
  const auto tail = less(x, -turn);
  // Where x < -1.25 it is log(erfcx(-x / sqrt(2)) / 2) - x^2 / 2. Beyond 10^150 only the leading word of the square counts.
  const Vec<double> far = smaller(larger(a, turn), Vec<double>(1e150));
  const Vec<double> scaled = 0.5 * quotient(scaled_erfc(Vec<double>(far * 0x1.6a09e667f3bcdp-1)));
  const Vec<double> half = a * 0.5, high = opaque(half * a);
  const Vec<double> low = blend(less(a, Vec<double>(1e150)), product_error(half, a, high), zero);
  const Vec<double> below = ndtr(-a), log_below = log(blend(tail, scaled, below));
  return blend(less(x, zero), blend(tail, (log_below - low) - high, log_below), log1p(-below));
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
