// sigmoid, tanh, sinh, cosh, their inverses and logit, of every argument. Coefficients and tables: tools/minimax.py. Of float32
// the hyperbolic functions but tanh are computed in float64, whose accuracy leaves room for the plain formulas.
// Largest errors, measured as those of exp.h: float32 0.96 ULP, float64 0.98, without FMA 1.04 (atanh, logit, asinh).
#pragma once

#include "simd/approximate.h"
#include "simd/log.h"
#include "simd/squash_table.h"
#include "simd/widen.h"

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

// ---- float64 arithmetic for float32 results

// Below it, a few terms of the series do.
inline constexpr double kSmall = 0x1p-6;

struct SinhOfFloat {
  Vec<double> operator()(Vec<double> x) const {
    const Vec<double> a = magnitude(x), e = exp(smaller(Vec<double>(100.0), a)), z = a * a;
    return flip_sign(blend(less(a, Vec<double>(kSmall)), a + a * z * (1.0 / 6 + z * (1.0 / 120)), 0.5 * (e - 1.0 / e)), x);
  }
};
struct CoshOfFloat {
  Vec<double> operator()(Vec<double> x) const {
    const Vec<double> e = exp(smaller(Vec<double>(100.0), magnitude(x)));
    return 0.5 * (e + 1.0 / e);
  }
};
struct AsinhOfFloat {
  Vec<double> operator()(Vec<double> x) const {
    const Vec<double> a = magnitude(x), z = a * a;
    const Vec<double> series = a - a * z * (1.0 / 6 - z * (3.0 / 40));
    return flip_sign(blend(less(a, Vec<double>(kSmall)), series, log(a + sqrt(z + 1.0))), x);
  }
};
struct AcoshOfFloat {
  Vec<double> operator()(Vec<double> x) const {
    return blend(less(x, 1.0), Vec<double>(__builtin_nan("")), log(x + sqrt(x * x - 1.0)));
  }
};
struct AtanhOfFloat {
  Vec<double> operator()(Vec<double> x) const {
    const Vec<double> a = magnitude(x), z = a * a;
    const Vec<double> series = a + a * z * (1.0 / 3 + z * (1.0 / 5));
    return flip_sign(blend(less(a, Vec<double>(kSmall)), series, 0.5 * log((1.0 + a) / (1.0 - a))), x);
  }
};
template <class F, class... V>
Vec<float> in_double(Vec<float> x, V... y) {
  const Widened wide = widen(x);
  return narrow({F{}(wide.low, widen(y).low...), F{}(wide.high, widen(y).high...)});
}

inline Vec<float> sinh(Vec<float> x) { return in_double<SinhOfFloat>(x); }
inline Vec<float> cosh(Vec<float> x) { return in_double<CoshOfFloat>(x); }
inline Vec<float> asinh(Vec<float> x) { return in_double<AsinhOfFloat>(x); }
inline Vec<float> acosh(Vec<float> x) { return in_double<AcoshOfFloat>(x); }
inline Vec<float> atanh(Vec<float> x) { return in_double<AtanhOfFloat>(x); }

// ---- float64

inline constexpr double kManyExponents = 700;  // beyond it 2^n may overflow before the halving

// e^x / 2
inline Vec<double> half_exp(Vec<double> x) {
  const Pair<double> less_ln2 = two_sum(x, Vec<double>(-Ln2<double>::high));
  return exp_of_sum(less_ln2.high, blend(less(x, Vec<double>(1000.0)), less_ln2.low - Ln2<double>::low, Vec<double>(0.0)));
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

using DoubleFunction = Vec<double> (*)(Vec<double>);

template <DoubleFunction core>
[[gnu::noinline]] Vec<double> of_large(Vec<double> a) {
  const Vec<double> limit(kManyExponents);
  return blend(greater(a, limit), half_exp(a), core(smaller(limit, a)));
}
template <DoubleFunction core>
Vec<double> of_magnitude(Vec<double> a) {
  if (__builtin_expect(any(greater(a, Vec<double>(kManyExponents))), 0)) return of_large<core>(a);
  return core(a);
}
inline Vec<double> sinh(Vec<double> x) { return flip_sign(of_magnitude<sinh_core>(magnitude(x)), x); }
inline Vec<double> cosh(Vec<double> x) { return of_magnitude<cosh_core>(magnitude(x)); }

// x + sqrt(x^2 + One), for 1 the argument of asinh's logarithm and for -1 that of acosh's; of large x 2 x is meant, see below.
template <int One>
Pair<double> with_root(Vec<double> x) {
  const Pair<double> square = two_product(x, x), sum = two_sum(square.high, Vec<double>(One));
  const Vec<double> root = sqrt(sum.high), rest = -product_error(root, root, sum.high) + (sum.low + square.low);
  const Vec<double> root_low = blend(greater(root, Vec<double>(0.0)), rest * (0.5 / root.v), Vec<double>(0.0));
  const Pair<double> total = two_sum(x, root);
  return {total.high, total.low + root_low};
}
template <int One>
Vec<double> log_with_root_core(Vec<double> x) {
  const Pair<double> u = with_root<One>(x), y = log_pair(reduce_log(u.high, u.low));
  return y.high + y.low;
}
// log(2 x), what is left of it for x from 2^90 up.
template <int One>
[[gnu::noinline]] Vec<double> log_with_root_of_large(Vec<double> x) {
  const Vec<double> limit(0x1p90), low(One < 0 ? 1.0 : 0.0);
  const Vec<double> usual = log_with_root_core<One>(larger(low, smaller(limit, x)));
  const Vec<double> large = blend(less(x, Vec<double>(__builtin_inf())), x, limit);
  LogReduction<double> reduction = reduce_log(larger(limit, large));
  reduction.high = reduction.high + Vec<double>(Ln2<double>::high);
  reduction.low = reduction.low + Vec<double>(Ln2<double>::low);
  const Pair<double> y = log_pair(reduction);
  const Vec<double> result = blend(greater(x, limit), y.high + y.low, usual);
  return blend(less(x, low), Vec<double>(__builtin_nan("")), blend(less(x, Vec<double>(__builtin_inf())), result, x));
}
template <int One>
Vec<double> log_with_root(Vec<double> x) {
  const Vec<double> low(One < 0 ? 1.0 : 0.0);
  if (__builtin_expect(!all(not_below(x, low) & less(x, Vec<double>(0x1p90))), 0)) return log_with_root_of_large<One>(x);
  return log_with_root_core<One>(x);
}

// Below it f(x) = x rounds right for odd f with f'(0) = 1.
inline constexpr double kIdentity = 0x1p-28;

inline Vec<double> asinh(Vec<double> x) {
  const Vec<double> a = magnitude(x);
  return flip_sign(blend(less(a, Vec<double>(kIdentity)), a, log_with_root<1>(a)), x);
}
inline Vec<double> acosh(Vec<double> x) { return log_with_root<-1>(x); }

// log(n / d) for sums; n / d within 2^+-90. Where it is near 1 all of its bits count: the inverse is a full one.
template <class T>
Vec<T> log_of_quotient(Pair<T> n, Pair<T> d) {
  const Pair<T> q = quotient(n, d, T(1) / d.high), sum = fast_two_sum(q.high, q.low);
  const Pair<T> y = log_pair(reduce_log(sum.high, sum.low));
  return y.high + y.low;
}
inline Vec<double> atanh(Vec<double> x) {
  const Vec<double> a = magnitude(x), one(1.0), inside = blend(less(a, one), a, Vec<double>(0.0));
  Vec<double> y = 0.5 * log_of_quotient(two_sum(one, inside), two_sum(one, -inside));
  y = blend(less(a, Vec<double>(kIdentity)), a, blend(less(a, one), y, Vec<double>(__builtin_nan(""))));
  return flip_sign(blend(equal(a, one), Vec<double>(__builtin_inf()), y), x);
}

// ---- logit of both

template <class T>
[[gnu::noinline]] Vec<T> logit_of_unusual(Vec<T> x) {
  const Vec<T> small(T(0x1p-60)), zero(T(0)), one(T(1));  // below it 1 - x is 1
  const Vec<T> inside = blend(not_below(x, small) & less(x, one), x, Vec<T>(T(0.5)));
  const Vec<T> y = log_of_quotient({inside, zero}, two_sum(one, -inside));
  const Vec<T> above = blend(equal(x, one), Vec<T>(T(__builtin_inf())), Vec<T>(T(__builtin_nan(""))));
  return blend(less(x, small), log(x), blend(less(x, one), y, above));
}
template <class T>
Vec<T> logit(Vec<T> x) {
  const Vec<T> small(T(0x1p-60)), zero(T(0)), one(T(1));
  if (__builtin_expect(!all(not_below(x, small) & less(x, one)), 0)) return logit_of_unusual(x);
  return log_of_quotient({x, zero}, two_sum(one, -x));
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
