// asin, acos, atan, atan2, hypot and sinc. Coefficients: tools/minimax_trigonometric.py. Errors are the largest measured: for
// float32 over all inputs (atan2, hypot: samples), for float64 over samples.
#pragma once

#include "simd/trig.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class T>
struct Pi {  // in two words
  static constexpr T high = static_cast<T>(3.14159265358979323846);
  static constexpr T low = sizeof(T) == 4 ? T(-0x1.777a5cp-24) : T(0x1.1a62633145c07p-53);
};

// base + term + tail for |term| <= base or base = 0, with the error of the first sum.
template <class R>
R add_to(R base, R term, R tail) {
  const R sum = base + term;
  return sum + (((base - sum) + term) + tail);
}

// asin(w) = w + w z P(z), z = w^2 <= 1/4.
inline F32 arcsine_polynomial(F32 z) {
  return polynomial<float>(z, 0x1.34c3c4p-5f, 0x1.d524d8p-7f, 0x1.04d2dep-5f, 0x1.6ca754p-5f, 0x1.3338acp-4f, 0x1.55554cp-3f);
}
inline F64 arcsine_polynomial(F64 z) {
  return polynomial<double>(z, 0x1.0b4768fc6e8e6p-5, -0x1.57ff9ba74848ep-6, 0x1.639dede9e7e8p-6, 0x1.e5f0ba5ae2a4fp-9,
                            0x1.613cdc3736f27p-7, 0x1.75857bccccf53p-7, 0x1.ca1f8f1305832p-7, 0x1.1c49f04c24fffp-6,
                            0x1.6e8bdee120cbfp-6, 0x1.f1c71a94eb96dp-6, 0x1.6db6db721278dp-5, 0x1.333333332e13p-4,
                            0x1.5555555555577p-3);
}

// The smaller of asin(a) and pi/2 - 2 asin(sqrt((1 - a)/2)) costs the fewer terms: asin(w) = w + tail for w = a up to 1/2, and
// for the root, whose rounding error is in the tail, above.
template <class T>
struct Arcsine {
  Mask<T> large;  // a > 1/2
  typename Vec<T>::Raw w, tail;
};
template <class T>
Arcsine<T> arcsine_parts(Vec<T> a) {
  using Raw = typename Vec<T>::Raw;
  const Mask<T> large = greater(a, Vec<T>(T(0.5)));
  const Vec<T> half = Raw(T(0.5) - T(0.5) * a.v);
  const Vec<T> z = blend(large, half, Vec<T>(Raw(a.v * a.v)));
  const Vec<T> root = sqrt(half);
  const Raw error = rest_of<T>(half.v, root.v, root.v) * (T(0.5) * reciprocal_sqrt(larger(half, Vec<T>(T(0x1p-100)))).v);
  const Vec<T> w = blend(large, root, a);
  const Raw product = (w.v * z.v) * arcsine_polynomial(z.v);
  return {large, w.v, blend(large, Vec<T>(Raw(product + error)), Vec<T>(product)).v};
}

// 0.64 ULP, float64 0.63.
template <class T>
Vec<T> asin(Vec<T> x) {
  using Raw = typename Vec<T>::Raw;
  const Arcsine<T> s = arcsine_parts(magnitude(x));
  const Vec<T> zero(T(0)), one(T(1));
  const Raw base = blend(s.large, Vec<T>(Pi<T>::high / 2), zero).v, low = blend(s.large, Vec<T>(Pi<T>::low / 2), zero).v;
  const Raw factor = blend(s.large, Vec<T>(T(-2)), one).v;
  return flip_sign(Vec<T>(add_to<Raw>(base, factor * s.w, factor * s.tail + low)), typename IntVec<T>::Raw(x.v));
}

// 0.62 ULP, float64 0.61.
template <class T>
Vec<T> acos(Vec<T> x) {
  using Raw = typename Vec<T>::Raw;
  const Arcsine<T> s = arcsine_parts(magnitude(x));
  const Mask<T> negative = less(x, Vec<T>(T(0)));
  // Up to 1/2 pi/2 -+ asin(a), above 2 asin(root) or pi less that.
  const Vec<T> large_base = blend(negative, Vec<T>(Pi<T>::high), Vec<T>(T(0)));
  const Vec<T> large_low = blend(negative, Vec<T>(Pi<T>::low), Vec<T>(T(0)));
  const Raw base = blend(s.large, large_base, Vec<T>(Pi<T>::high / 2)).v,
            low = blend(s.large, large_low, Vec<T>(Pi<T>::low / 2)).v;
  const Vec<T> unsigned_factor = blend(s.large, Vec<T>(T(-2)), Vec<T>(T(1)));
  const Raw factor = blend(negative, unsigned_factor, Vec<T>(Raw(-unsigned_factor.v))).v;
  return Vec<T>(add_to<Raw>(base, factor * s.w, factor * s.tail + low));
}

// atan(a / b) = value + tail for 0 <= a <= b, where 2^-85 <= b <= 2^126 in float32.
template <class T>
struct Arctangent {
  typename Vec<T>::Raw value, tail;
};

// t + t z P(z), z = t^2 <= 1; of t + rest, where 1 / (1 + z) is 1 - z / 2 to 0.09.
inline Arctangent<float> arctangent_series(F32 t, F32 rest) {
  const F32 z = t * t;
  const F32 p = polynomial<float>(z, -0x1.bf05a2p-10f, 0x1.5968bep-7f, -0x1.f41d8ep-6f, 0x1.d5ca1ep-5f, -0x1.56dc96p-4f,
                                  0x1.c02f64p-4f, -0x1.2418b6p-3f, 0x1.999146p-3f, -0x1.55553cp-2f);
  return {t, (t * z) * p + (rest - rest * (0.5f * z))};
}
// The rest of the division is left out where a is not regular, or it would be rounded itself.
inline Arctangent<float> arctangent_parts(Vec<float> a, Vec<float> b, Mask<float> regular) {
  const F32 t = a.v / b.v;
  return arctangent_series(t,
                           blend(regular, Vec<float>(rest_of<float>(a.v, t, b.v) * rough_reciprocal(b).v), Vec<float>(0.0f)).v);
}

// Above 1/3, atan(1/2) and the arctangent of (a/b - 1/2) / (1 + a/2b), by which at most 1/3 is left to the polynomial: half its
// terms and half the error. The numerator is exact.
inline Arctangent<double> arctangent_parts(Vec<double> a, Vec<double> b, Mask<double> regular) {
  const Vec<double> zero(0.0);
  const Mask<double> upper = greater(a, Vec<double>(b.v * (1.0 / 3)));
  const Vec<double> sum = b.v + a.v * 0.5;
  const Vec<double> over = blend(upper, Vec<double>(a.v - b.v * 0.5), a), under = blend(upper, sum, b);
  const F64 under_tail = blend(upper, Vec<double>((b.v - sum.v) + a.v * 0.5), zero).v;
  const F64 t = over.v / under.v, z = t * t;
  const F64 rest = (rest_of<double>(over.v, t, under.v) - t * under_tail) * rough_reciprocal(under).v;
  const F64 low = blend(upper, Vec<double>(0x1.a2b7f222f65e2p-56), zero).v;
  const F64 p = polynomial<double>(z, 0x1.c8c5a8fafe208p-6, -0x1.88ecc2f41a6bp-5, 0x1.dc80af0fd0f7dp-5, -0x1.10d3b48f076ebp-4,
                                   0x1.3b1026f96e614p-4, -0x1.745cf5a66525fp-4, 0x1.c71c7100e262cp-4, -0x1.2492492341c44p-3,
                                   0x1.999999999763p-3, -0x1.555555555554bp-2);
  const F64 base = blend(upper, Vec<double>(0x1.dac670561bb4fp-2), zero).v, value = base + t;
  const F64 tail = (t * z) * p + (blend(regular, Vec<double>(rest), zero).v + low);
  return {value, ((base - value) + t) + tail};
}

// Of a <= 2^100 (2^1000), or of -1 / a where steep, that is a > 1.
inline Arctangent<float> arctangent_of(Vec<float> a, Mask<float> steep) {
  const Vec<float> divisor = -larger(Vec<float>(1.0f), a), inverse = close_reciprocal(divisor);
  const Vec<float> rest = Vec<float>(rest_of<float>(1.0f - F32{}, inverse.v, divisor.v)) * inverse;
  return arctangent_series(blend(steep, inverse, a).v, blend(steep, rest, Vec<float>(0.0f)).v);
}
inline Arctangent<double> arctangent_of(Vec<double> a, Mask<double> steep) {
  const Vec<double> one(1.0);
  const F64 turn = blend(steep, Vec<double>(-1.0), one).v;
  const auto angle = arctangent_parts(blend(steep, one, a), blend(steep, a, one), greater(a, Vec<double>(0x1p-60)));
  return {turn * angle.value, turn * angle.tail};
}

// 1.0 ULP, float64 0.54.
template <class T>
Vec<T> atan(Vec<T> x) {
  using Raw = typename Vec<T>::Raw;
  const Vec<T> zero(T(0)), one(T(1));
  const Vec<T> a = smaller(Vec<T>(T(sizeof(T) == 4 ? 0x1p100 : 0x1p1000)), magnitude(x));  // pi/2 from there on
  const Mask<T> steep = greater(a, one);
  const Arctangent<T> angle = arctangent_of(a, steep);
  const Raw base = blend(steep, Vec<T>(Pi<T>::high / 2), zero).v, low = blend(steep, Vec<T>(Pi<T>::low / 2), zero).v;
  return flip_sign(Vec<T>(add_to<Raw>(base, angle.value, angle.tail + low)), x);
}

// The angle of the point (x, y), from the smaller of |y| and |x| over the larger; 1.32 ULP, float64 0.57.
template <class T>
Vec<T> atan2(Vec<T> y, Vec<T> x) {
  using Raw = typename Vec<T>::Raw;
  using Int = typename IntVec<T>::Raw;
  const Vec<T> ay = magnitude(y), ax = magnitude(x), zero(T(0)), one(T(1));
  const Vec<T> infinity{static_cast<T>(__builtin_inf())};
  const Mask<T> steep = greater(ay, ax);
  const Vec<T> a = blend(steep, ax, ay), b = blend(steep, ay, ax);
  // As C has it 0/0 is 0 and inf/inf is 1. The others are scaled so that nothing of the division's rest underflows.
  const Mask<T> same = equal(ay, ax);
  const Vec<T> enlarge(T(sizeof(T) == 4 ? 0x1p64 : 0x1p512)), shrink(T(0.25));
  const Mask<T> tiny = less(b, Vec<T>(T(sizeof(T) == 4 ? 0x1p-60 : 0x1p-500)));
  const Mask<T> huge = greater(b, Vec<T>(T(sizeof(T) == 4 ? 0x1p100 : 0x1p1000)));
  const Raw scale = blend(tiny, enlarge, blend(huge, shrink, one)).v;
  const Mask<T> whole = same | equal(b, infinity);
  const Vec<T> over = blend(whole, blend(same & greater(a, zero), one, zero), Vec<T>(Raw(a.v * scale)));
  const Vec<T> under = blend(whole, one, Vec<T>(Raw(b.v * scale)));
  const Arctangent<T> angle = arctangent_parts(over, under, greater(over, Vec<T>(T(sizeof(T) == 4 ? 0x1p-90 : 0x1p-600))));
  // pi/2 less the angle where steep, pi less the angle left of the y axis.
  const Mask<T> left = has_bits(IntVec<T>(Int(x.v)), kSignBit<T>);
  const Vec<T> flat_base = blend(left, Vec<T>(Pi<T>::high), zero), flat_low = blend(left, Vec<T>(Pi<T>::low), zero);
  const Raw base = blend(steep, Vec<T>(Pi<T>::high / 2), flat_base).v, low = blend(steep, Vec<T>(Pi<T>::low / 2), flat_low).v;
  const Vec<T> turn = flip_sign(blend(steep, Vec<T>(T(-1)), one), x);
  const Vec<T> result = flip_sign(Vec<T>(add_to<Raw>(base, turn.v * angle.value, turn.v * angle.tail + low)), y);
  return blend(unordered(x, y), Vec<T>(Raw(x.v + y.v)), result);
}

// sqrt(x^2 + y^2) without overflow; inf where either is, else NaN where either is. 0.51 ULP, float64 0.98 with FMA and 1.13
// without.
inline Vec<float> hypot(Vec<float> x, Vec<float> y) {
  const Widened a = widen(x), b = widen(y);
  const Vec<float> root = narrow(
      {sqrt(Vec<double>(a.low.v * a.low.v + b.low.v * b.low.v)), sqrt(Vec<double>(a.high.v * a.high.v + b.high.v * b.high.v))});
  const Vec<float> infinity(__builtin_inff());
  return blend(equal(magnitude(x), infinity) | equal(magnitude(y), infinity), infinity, root);
}
inline Vec<double> hypot(Vec<double> x, Vec<double> y) {
  const Vec<double> ax = magnitude(x), ay = magnitude(y);
  const Vec<double> a = larger(ax, ay), b = smaller(ax, ay);
  // Scaled by a power of two where a^2 overflows or b^2 would lose bits that count.
  const Mask<double> big = greater(a, Vec<double>(0x1p500)), small = less(a, Vec<double>(0x1p-450));
  const Vec<double> one(1.0);
  const Vec<double> scale = blend(big, Vec<double>(0x1p-600), blend(small, Vec<double>(0x1p600), one));
  const Vec<double> back = blend(big, Vec<double>(0x1p600), blend(small, Vec<double>(0x1p-600), one));
  const F64 p = a.v * scale.v, q = b.v * scale.v;
  const Vec<double> root = sqrt(Vec<double>(p * p + q * q)).v * back.v;
  const Vec<double> infinity(__builtin_inf());
  const Vec<double> finite = blend(unordered(x, y), Vec<double>(x.v + y.v), root);
  return blend(equal(ax, infinity) | equal(ay, infinity), infinity, finite);
}

// sin(pi x) / (pi x) = (-1)^n (r / x) (1 + r^2 P(r^2)), x = n + r: exact where PyTorch rounds pi x, and
// 0, never -0, at the whole numbers. 0.51 ULP, float64 2.1: two factors, each rounded.
inline Vec<double> sinc_for_float(Vec<double> r, Vec<double> x) {
  const F64 z = r.v * r.v;
  const F64 series = 1.0 + z * polynomial<double>(z, -0x1.253a410d41052p-9, 0x1.abe8ed52d51f6p-6, -0x1.86a6de2f8a863p-3,
                                                  0x1.9f9cacbd292dp-1, -0x1.a51a661403852p+0);
  return blend(equal(r, x), Vec<double>(1.0), Vec<double>(r.v / x.v)).v * series;
}
inline Vec<float> sinc(Vec<float> x) {
  const Vec<float> a = magnitude(x);
  const F32 shifted = a.v + 0x1p23f;
  const Mask<float> whole = greater(a, Vec<float>(0x1p23f));
  const Vec<float> r = blend(whole, Vec<float>(a.v - a.v), Vec<float>(a.v - (shifted - 0x1p23f)));
  const Widened wide = widen(a), rest = widen(r);
  const Vec<float> result = narrow({sinc_for_float(rest.low, wide.low), sinc_for_float(rest.high, wide.high)});
  return flip_sign(result, I32(shifted) << 31).v + 0.0f;
}
inline Vec<double> sinc(Vec<double> x) {
  const Vec<double> a = magnitude(x);
  const F64 shifted = a.v + 0x1p52;
  const Mask<double> whole = greater(a, Vec<double>(0x1p52));
  const Vec<double> r = blend(whole, Vec<double>(a.v - a.v), Vec<double>(a.v - (shifted - 0x1p52)));
  const F64 z = r.v * r.v;
  const F64 series =
      z * polynomial<double>(z, 0x1.07436ff5efdccp-22, -0x1.d3e6a385d0d67p-18, 0x1.3746a1843f547p-13, -0x1.33816997b9dbap-9,
                             0x1.ac6805cc8999fp-6, -0x1.86a8e4720a1dbp-3, 0x1.9f9cb402bc429p-1, -0x1.a51a6625307d3p+0);
  const F64 inverse = 1.0 / a.v, quotient = r.v * inverse;
  const Mask<double> central = equal(r, a);
  const Vec<double> ratio = blend(central, Vec<double>(1.0), Vec<double>(quotient));
  const Vec<double> rest = blend(central, Vec<double>(0.0), Vec<double>(rest_of<double>(r.v, quotient, a.v) * inverse));
  return flip_sign(Vec<double>(ratio.v + (ratio.v * series + rest.v)), I64(shifted) << 63).v + 0.0;
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
