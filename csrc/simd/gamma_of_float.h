// Logarithm of the gamma function and its derivative on vectors of double, for float32 results: relative error 2^-30, and every
// digit near the zeros. Coefficients: tools/minimax_special.py; of the sine, tools/minimax_trigonometric.py.
#pragma once

#include "simd/approximate.h"
#include "simd/brief.h"
#include "simd/erf.h"
#include "simd/gamma.h"
#include "simd/round.h"

namespace wengert::WENGERT_ISA {
namespace {

// From 3 on by Stirling's series, made minimax; below on [1, 2], which is at most one step of the recurrence away.
struct GammaRange {
  Mask<double> far, below, above;  // from 3 on; less than 1; from 2 to 3
  Vec<double> v, inverse;          // a, or a - 1 where above; its inverse, 0 of infinity
  Vec<double> w;                   // in [1, 2) but where far

  explicit GammaRange(Vec<double> a) {  // a > 0
    const Vec<double> zero(0.0), one(1.0);
    far = not_below(a, Vec<double>(3.0)), below = less(a, one),
    above = not_below(a, Vec<double>(2.0)) & less(a, Vec<double>(3.0));
    v = blend(above, a - one, a);
    w = blend(below, a + one, v);
#if WENGERT_AVX512
    const Vec<double> y = reciprocal(v);
    inverse = blend(less(v, Vec<double>(__builtin_inf())), y + y * (1.0 - v * y), zero);
#else
    inverse = one / v;
#endif
  }
};

// Results at which the errors of the terms that have cancelled count.
inline constexpr double kCancelled = 0x1p-9;

// Where the mask holds, by the function of one number.
template <class F>
[[gnu::noinline]] Vec<double> mend_lanes(Vec<double> y, Vec<double> x, Mask<double> mask, F function) {
  constexpr int W = Vec<double>::width;
  double arguments[W], results[W], chosen[W];
  x.store(arguments), y.store(results);
  blend(mask, Vec<double>(1.0), Vec<double>(0.0)).store(chosen);
#pragma GCC unroll 1
  for (int i = 0; i < W; ++i)
    if (chosen[i] != 0) results[i] = function(arguments[i]);
  return Vec<double>::load(results);
}

// Of x < 0: log(pi / (a |sin(pi a)|)) - lgamma(a), a = |x|.
[[gnu::noinline]] inline Vec<double> log_gamma_of_negative(Vec<double> x, Vec<double> of_magnitude) {
  const Vec<double> zero(0.0), a = magnitude(x), r = magnitude(a - round_to<Rounding::nearest>(a)), z = r * r;
  const Vec<double> sine =
      Vec<double>(polynomial<double>(z.v, 0x1.2ab0216b6df3p-13, -0x1.333c90864ae7bp-9, 0x1.ac6690cfc2ac3p-6,
                                     -0x1.86a8e06e3cef4p-3, 0x1.9f9cb3f87d358p-1, -0x1.a51a66251ee75p+0));
  const Vec<double> infinity(__builtin_inf());
  const Vec<double> y = -of_magnitude - brief_log(a * (r + r * z * sine));
  const Vec<double> result = blend(equal(r, zero) | equal(a, infinity), infinity, y);
  const Mask<double> cancelled = less(magnitude(y), Vec<double>(kCancelled)) & less(x, Vec<double>(-2.0));
  return any(cancelled) ? mend_lanes(result, x, cancelled, log_gamma) : result;
}

inline Vec<double> log_gamma_of_float(Vec<double> x) {
  const Vec<double> zero(0.0), one(1.0), infinity(__builtin_inf()), a = magnitude(x);
  const GammaRange range(a);
  const Vec<double> log = brief_log(range.v), u = range.inverse * range.inverse, t = range.w - 1.5;
  // (a - 1/2) (log(a) - 1) + (log(2 pi) - 1) / 2 + series, or lgamma(w) and the logarithm of one factor.
  const Vec<double> series = polynomial<double>(u.v, 0x1.d652d2ce7fff8p-12, -0x1.217e11ed9d5b1p-11, 0x1.9ed44a87f4693p-11,
                                                -0x1.6c1497071d56p-9, 0x1.5555552b901b4p-4);
  const Vec<double> central = long_polynomial<double>(
      t, {0x1.966eced3efc82p-12, -0x1.3e8982aa9d58fp-11, 0x1.5e7349225cb5ep-11, -0x1.226446398cf5ep-10, 0x1.fa159535809b4p-10,
          -0x1.a62a3bd70d9b4p-9, 0x1.64e4e1aba6d99p-8, -0x1.34d65d68fbf62p-7, 0x1.133442aa3f2cap-6, -0x1.007ab35d8b0a6p-5,
          0x1.01af6282ae925p-4, -0x1.2aed05956998ep-3, 0x1.eeb95b0951637p-2});
  const Vec<double> factor = blend(range.far, a - 0.5, blend(range.below, -one, blend(range.above, one, zero)));
  const Vec<double> rest =
      blend(range.far, 0x1.acfe390c97d69p-2 + range.inverse * series - factor, central * ((range.w - 1.0) * (range.w - 2.0)));
  Vec<double> y = factor * log + rest;
  if (any(less(x, zero))) y = blend(less(x, zero), log_gamma_of_negative(x, y), y);
  return blend(equal(x, zero) | equal(x, infinity), infinity, y);
}

// Of x < 0: digamma(1 - x) - pi cot(pi x).
[[gnu::noinline]] inline Vec<double> digamma_of_negative(Vec<double> x, Vec<double> of_mirrored) {
  const Vec<double> r = x - round_to<Rounding::nearest>(x), nan(__builtin_nan(""));
  const Vec<double> cotangent = long_polynomial<double>(
      Vec<double>(r * r), {-0x1.29447db10dcf2p+3, 0x1.c89529a9dad96p+1, -0x1.07c7d6ebcb9afp+2, -0x1.857897b5b6506p+0,
                           -0x1.08bd4e4f1ac21p+1, -0x1.fef3c9f6a8c67p+0, -0x1.011645088c40ap+1, -0x1.04703d2a62b3dp+1,
                           -0x1.1513242c7e4c6p+1, -0x1.a51a6622ba8cbp+1, 0x1.fffffffffd553p-1});
  const Vec<double> y = of_mirrored - cotangent / r;
  const Vec<double> result = blend(equal(r, Vec<double>(0.0)), nan, y);
  const Mask<double> cancelled = less(magnitude(y), Vec<double>(kCancelled)) & less(x, Vec<double>(0.0));
  return any(cancelled) ? mend_lanes(result, x, cancelled, [](double lane) { return digamma(lane); }) : result;
}

inline Vec<double> digamma_of_float(Vec<double> x) {
  const Vec<double> zero(0.0), one(1.0), infinity(__builtin_inf());
  const Mask<double> negative = less(x, zero);
  const GammaRange range(blend(negative, one - x, x));
  const Vec<double> inverse = range.inverse, u = inverse * inverse, t = range.w - 1.5;
  // log(a) - 1 / 2a - u series, or digamma(w) and the inverse of one factor.
  const Vec<double> series = polynomial<double>(u.v, 0x1.df2d2a568bd08p-9, -0x1.ed95ba7b11f2ep-9, 0x1.02ad906f187c5p-8,
                                                -0x1.110cb332da2bap-7, 0x1.55555424f516bp-4);
  const Vec<double> central =
      long_polynomial<double>(t, {-0x1.f3b996869b731p-8, 0x1.6fff31e52c8d3p-7, -0x1.6d361a8784919p-7, 0x1.1510bd1f04f49p-6,
                                  -0x1.bbd5eb65dc66ap-6, 0x1.4f02108e44b3bp-5, -0x1.fb334bb45d1b6p-5, 0x1.850a83c7fff89p-4,
                                  -0x1.2fef0b463fcbdp-3, 0x1.eca1a10180712p-3, -0x1.b1cb62df9041dp-2, 0x1.e6f0cbb33c371p-1});
  const Vec<double> from_root = (range.w - 0x1.762d86356be3fp+0) - 0x1.b86a722197829p-54;
  const Vec<double> factor = blend(range.far, Vec<double>(-0.5), blend(range.below, -one, blend(range.above, one, zero)));
  Vec<double> y = blend(range.far, brief_log(range.v) - u * series, from_root * central) + factor * inverse;
  if (any(negative)) y = blend(negative, digamma_of_negative(x, y), y);
  y = blend(equal(x, infinity), x, y);
  return blend(equal(x, zero), flip_sign(-infinity, x), y);
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
