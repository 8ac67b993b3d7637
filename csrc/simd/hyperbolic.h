// sigmoid, tanh, sinh, cosh, their inverses and logit, of every argument. Coefficients and tables: tools/minimax.py
// and, for sinh, minimax_trigonometric.py.
// Largest errors, measured as those of exp.h: float32 1.06 ULP, float64 0.98, without FMA 1.04 (atanh, logit, asinh).
#pragma once

#include "simd/approximate.h"
#include "simd/log.h"
#include "simd/squash_table.h"

namespace wengert::WENGERT_ISA {
namespace {

// dividend / divisor with an inverse of divisor.high whose error is squared in the result's.
template <class T>
Pair<T> quotient(Pair<T> dividend, Pair<T> divisor, Vec<T> inverse) {
  const Vec<T> high = opaque(dividend.high * inverse);
  const Vec<T> rest = (dividend.low - high * divisor.low) - product_error(high, divisor.high, dividend.high);
  return {high, rest * inverse};
}

// ---- sigmoid

template <class T>
struct SigmoidRange;
template <>
struct SigmoidRange<float> {
  static constexpr float lowest = -86, highest = 30;
};
template <>
struct SigmoidRange<double> {
  static constexpr double lowest = -700, highest = 40;
};

// 1 / (1 + e^-x) = 1 / (1 + p (head + tail)) for x of at least SigmoidRange::lowest, p a power of two. The inverse is corrected
// by its product with 1 - inverse - inverse p (head + tail).
template <class T>
Vec<T> sigmoid_core(Vec<T> x) {
  const ExpParts<T> e = exp_parts(-smaller(Vec<T>(SigmoidRange<T>::highest), x));
  const Vec<T> zero(T(0)), inverse = reciprocal(T(1) + e.power * (e.head + e.tail)), scaled = inverse * e.power;
  const Pair<T> product = two_product(scaled, e.head);
  // The larger term first: its difference from 1 loses little, and that is kept.
  const Mask<T> negative = less(x, zero);
  const Pair<T> first = fast_two_sum(Vec<T>(T(1)), -blend(negative, product.high, inverse));
  const Vec<T> rest = (first.high - blend(negative, inverse, product.high)) + (first.low - (product.low + scaled * e.tail));
  return inverse + inverse * rest;
}

template <class T>
[[gnu::noinline]] Vec<T> sigmoid_of_any(Vec<T> x) {
  const Vec<T> lowest(SigmoidRange<T>::lowest);
  return blend(less(x, lowest), exp(x), sigmoid_core(larger(lowest, x)));
}

inline Vec<double> sigmoid(Vec<double> x) {
  if (__builtin_expect(any(less(x, SigmoidRange<double>::lowest)), 0)) return sigmoid_of_any(x);
  return sigmoid_core(x);
}
inline Vec<float> sigmoid(Vec<float> x) {
#if WENGERT_AVX512
  if (__builtin_expect(any(greater(magnitude(x), SigmoidTable::limit)), 0)) return sigmoid_of_any(x);
  return sigmoid_by_table(x);
#else
  if (__builtin_expect(any(less(x, SigmoidRange<float>::lowest)), 0)) return sigmoid_of_any(x);
  return sigmoid_core(x);
#endif
}

// ---- tanh

// expm1(2 |x|) / (expm1(2 |x|) + 2); beyond the limit 1.
template <class T>
Vec<T> tanh_by_expm1(Vec<T> x) {
  const Vec<T> limit(sizeof(T) == 4 ? T(10) : T(20)), positive = smaller(limit, magnitude(x));
  const Pair<T> e = normalized(expm1_pair(positive + positive)), sum = two_sum(e.high, Vec<T>(T(2)));
  const Pair<T> y = quotient(e, {sum.high, sum.low + e.low}, reciprocal(sum.high));
  return flip_sign(y.high + y.low, x);
}

inline Vec<double> tanh(Vec<double> x) { return tanh_by_expm1(x); }
#if WENGERT_AVX512
inline Vec<float> tanh(Vec<float> x) { return tanh_by_table(x); }
#else
inline Vec<float> tanh(Vec<float> x) { return tanh_by_expm1(x); }
#endif

// ---- sinh and cosh

// Beyond it 2^n may overflow before the halving.
template <class T>
inline constexpr T kManyExponents = sizeof(T) == 4 ? T(87) : T(700);

// e^x / 2
template <class T>
Vec<T> half_exp(Vec<T> x) {
  const Pair<T> less_ln2 = two_sum(x, Vec<T>(-Ln2<T>::high));
  return exp_of_sum(less_ln2.high, blend(less(x, Vec<T>(T(1000))), less_ln2.low - Ln2<T>::low, Vec<T>(T(0))));
}

// (E + E / (1 + E)) / 2 with E = e^|x| - 1
inline Vec<double> sinh_core(Vec<double> a) {
  const Pair<double> e = normalized(expm1_pair(a)), sum = two_sum(e.high, Vec<double>(1.0));
  const Pair<double> q = quotient(e, {sum.high, sum.low + e.low}, reciprocal(sum.high)), total = fast_two_sum(e.high, q.high);
  return 0.5 * (total.high + (total.low + (e.low + q.low)));
}
// (e^|x| + 1 / e^|x|) / 2
inline Vec<double> cosh_core(Vec<double> a) {
  const Pair<double> e = normalized(expm1_pair(a)), sum = two_sum(e.high, Vec<double>(1.0));
  const Pair<double> power = {sum.high, sum.low + e.low};
  const Pair<double> q = quotient({Vec<double>(1.0), Vec<double>(0.0)}, power, reciprocal(power.high)),
                     total = fast_two_sum(power.high, q.high);
  return 0.5 * (total.high + (total.low + (power.low + q.low)));
}

// By the halves of e^|x| and its inverse; sinh below 1, where they cancel, by its own polynomial.
struct HalfPowers {
  Vec<float> power, head, rest;  // e^a / 2 = power head + rest
  Vec<float> inverse;            // e^-a / 2

  explicit HalfPowers(Vec<float> a) {
    const ExpParts<float> e = exp_parts(a);
    power = 0.5f * e.power, head = e.head, rest = power * e.tail;
    inverse = 0.25f * close_reciprocal(power * head + rest);
  }
};
inline Vec<float> sinh_core(Vec<float> a) {
  const HalfPowers half(a);
  const Vec<float> z = a * a;
  const Vec<float> near =
      a + (a * z) * Vec<float>(polynomial<float>(z.v, 0x1.7a2ad2p-19f, 0x1.9ffe06p-13f, 0x1.111136p-7f, 0x1.555556p-3f));
  return blend(less(a, Vec<float>(1.0f)), near, half.power * half.head + (half.rest - half.inverse));
}
inline Vec<float> cosh_core(Vec<float> a) {
  const HalfPowers half(a);
  return half.power * half.head + (half.rest + half.inverse);
}

template <class T>
using Function = Vec<T> (*)(Vec<T>);

template <class T, Function<T> core>
[[gnu::noinline]] Vec<T> of_large(Vec<T> a) {
  const Vec<T> limit(kManyExponents<T>);
  return blend(greater(a, limit), half_exp(a), core(smaller(limit, a)));
}
template <class T, Function<T> core>
Vec<T> of_magnitude(Vec<T> a) {
  if (__builtin_expect(any(greater(a, Vec<T>(kManyExponents<T>))), 0)) return of_large<T, core>(a);
  return core(a);
}
template <class T>
Vec<T> sinh(Vec<T> x) {
  return flip_sign(of_magnitude<T, sinh_core>(magnitude(x)), x);
}
template <class T>
Vec<T> cosh(Vec<T> x) {
  return of_magnitude<T, cosh_core>(magnitude(x));
}

// ---- their inverses

// x + sqrt(x^2 + One), for 1 the argument of asinh's logarithm and for -1 that of acosh's; of large x 2 x is meant, see below.
template <int One, class T>
Pair<T> with_root(Vec<T> x) {
  const Pair<T> square = two_product(x, x), sum = two_sum(square.high, Vec<T>(T(One)));
  const Vec<T> root = sqrt(sum.high), rest = -product_error(root, root, sum.high) + (sum.low + square.low);
  const Vec<T> root_low = blend(greater(root, Vec<T>(T(0))), rest * (T(0.5) * close_reciprocal(root)), Vec<T>(T(0)));
  const Pair<T> total = two_sum(x, root);
  return {total.high, total.low + root_low};
}
template <int One, class T>
Vec<T> log_with_root_core(Vec<T> x) {
  const Pair<T> u = with_root<One>(x), y = log_pair(reduce_log(u.high, u.low));
  return y.high + y.low;
}
template <class T>
inline constexpr T kLargeRoot = sizeof(T) == 4 ? T(0x1p60) : T(0x1p90);
// log(2 x), what is left of it for large x.
template <int One, class T>
[[gnu::noinline]] Vec<T> log_with_root_of_large(Vec<T> x) {
  const Vec<T> limit(kLargeRoot<T>), low(One < 0 ? T(1) : T(0)), infinity{T(__builtin_inf())};
  const Vec<T> usual = log_with_root_core<One>(larger(low, smaller(limit, x)));
  const Vec<T> large = blend(less(x, infinity), x, limit);
  LogReduction<T> reduction = reduce_log(larger(limit, large));
  reduction.high = reduction.high + Vec<T>(Ln2<T>::high);
  reduction.low = reduction.low + Vec<T>(Ln2<T>::low);
  const Pair<T> y = log_pair(reduction);
  const Vec<T> result = blend(greater(x, limit), y.high + y.low, usual);
  return blend(less(x, low), Vec<T>(T(__builtin_nan(""))), blend(less(x, infinity), result, x));
}
template <int One, class T>
Vec<T> log_with_root(Vec<T> x) {
  const Vec<T> low(One < 0 ? T(1) : T(0));
  if (__builtin_expect(!all(not_below(x, low) & less(x, Vec<T>(kLargeRoot<T>))), 0)) return log_with_root_of_large<One>(x);
  return log_with_root_core<One>(x);
}

// Below it f(x) = x rounds right for odd f with f'(0) = 1, to a fifth of a unit.
template <class T>
inline constexpr T kIdentity = sizeof(T) == 4 ? T(0x1p-13) : T(0x1p-28);

template <class T>
Vec<T> asinh(Vec<T> x) {
  const Vec<T> a = magnitude(x);
  return flip_sign(blend(less(a, Vec<T>(kIdentity<T>)), a, log_with_root<1>(a)), x);
}
template <class T>
Vec<T> acosh(Vec<T> x) {
  return log_with_root<-1>(x);
}

// log(n / d) for sums; n / d within 2^+-90. Where it is near 1 all of its bits count: the inverse is a close one.
template <class T>
Vec<T> log_of_quotient(Pair<T> n, Pair<T> d) {
  const Pair<T> q = quotient(n, d, close_reciprocal(d.high)), y = log_pair(reduce_log(q.high, q.low));
  return y.high + y.low;
}
template <class T>
Vec<T> atanh(Vec<T> x) {
  const Vec<T> a = magnitude(x), one(T(1)), inside = blend(less(a, one), a, Vec<T>(T(0)));
  Vec<T> y = T(0.5) * log_of_quotient(fast_two_sum(one, inside), fast_two_sum(one, -inside));
  y = blend(less(a, Vec<T>(kIdentity<T>)), a, blend(less(a, one), y, Vec<T>(T(__builtin_nan("")))));
  return flip_sign(blend(equal(a, one), Vec<T>(T(__builtin_inf())), y), x);
}

// ---- logit of both

template <class T>
[[gnu::noinline]] Vec<T> logit_of_unusual(Vec<T> x) {
  const Vec<T> small(T(0x1p-60)), zero(T(0)), one(T(1));  // below it 1 - x is 1
  const Vec<T> inside = blend(not_below(x, small) & less(x, one), x, Vec<T>(T(0.5)));
  const Vec<T> y = log_of_quotient({inside, zero}, fast_two_sum(one, -inside));
  const Vec<T> above = blend(equal(x, one), Vec<T>(T(__builtin_inf())), Vec<T>(T(__builtin_nan(""))));
  return blend(less(x, small), log(x), blend(less(x, one), y, above));
}
template <class T>
Vec<T> logit(Vec<T> x) {
  const Vec<T> small(T(0x1p-60)), zero(T(0)), one(T(1));
  if (__builtin_expect(!all(not_below(x, small) & less(x, one)), 0)) return logit_of_unusual(x);
  return log_of_quotient({x, zero}, fast_two_sum(one, -x));
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
