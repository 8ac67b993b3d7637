// Modified Bessel functions of the first kind, orders 0 and 1, also scaled by exp(-|x|); float64, float32 arrives widened.
// Below 10 the power series in (x/2)^2, beyond it the asymptotic form in 10/x; coefficients: tools/minimax_special.py.
#pragma once

#include "simd/erf.h"

namespace wengert::WENGERT_ISA {
namespace {

inline Vec<double> bessel_near(Vec<double> u, bool first) {
  return first ? long_polynomial<double>(
                     u, {0x1.3faf3d4ae0ba4p-92, 0x1.f2379cbd5e9e8p-86, 0x1.6ba92f01c5bb1p-77, 0x1.12efc7f8d9c49p-69,
                         0x1.8c7b943664b45p-62, 0x1.e24ad8395fc7fp-55, 0x1.f1792947ddd31p-48, 0x1.ab81b8070d2ep-41,
                         0x1.2c975bb025ea6p-34, 0x1.522a43bb81158p-28, 0x1.27e4fb7ae7218p-22, 0x1.845c8a0ca22b2p-17,
                         0x1.6c16c16c1a17dp-12, 0x1.c71c71c71c3fbp-8, 0x1.555555555556dp-4, 0x1.fffffffffffffp-2, 0x1p+0})
               : long_polynomial<double>(
                     u, {0x1.5ae73be4b2054p-88, 0x1.ded8b698e9f1p-82, 0x1.57d6424304878p-73, 0x1.e01b73d3b0031p-66,
                         0x1.4243546c9f0ddp-58, 0x1.69b31bd401e97p-51, 0x1.5603e140f3368p-44, 0x1.0b31069f4cebdp-37,
                         0x1.522a48a1adffep-31, 0x1.522a439b4a06p-25, 0x1.02e85c0d6fc21p-19, 0x1.23456789536acp-14,
                         0x1.c71c71c72469ep-10, 0x1.c71c71c71c07fp-6, 0x1.000000000002bp-2, 0x1.ffffffffffffdp-1, 0x1p+0});
}
inline Vec<double> bessel_far(Vec<double> t, bool first) {
  return first ? long_polynomial<double>(
                     t, {-0x1.3713073be33edp-18, 0x1.78d5df560ae5fp-15,  -0x1.a14e601042bcfp-13, 0x1.180fda1bf40b5p-11,
                         -0x1.fdb01514f21b3p-11, 0x1.4d6e4028b69ebp-10,  -0x1.44a064d825fa9p-10, 0x1.e0471214f7135p-11,
                         -0x1.112b8b21f0432p-11, 0x1.e048adafcba21p-13,  -0x1.460f5cf31fe4ep-14, 0x1.535ffc49cd7d2p-16,
                         -0x1.0d855bec307f4p-18, 0x1.0dbc8d65e3a46p-21,  -0x1.62ee608f06ac6p-22, -0x1.281e9c44707acp-20,
                         -0x1.820f66b97201dp-18, -0x1.572777b6ce8c9p-15, -0x1.ea3863e1bbbap-12,  -0x1.ea3863e31e1eep-7,
                         0x1.9884533d43651p-2})
               : long_polynomial<double>(
                     t, {0x1.28c837a25cb09p-18, -0x1.66c746e5da5efp-15, 0x1.8c60731d8dafbp-13, -0x1.094e6e341f786p-11,
                         0x1.e15e7436e5c09p-11, -0x1.39d074231953cp-10, 0x1.305140d88e297p-10, -0x1.c0311173cda64p-11,
                         0x1.fb3a24c20d2e1p-12, -0x1.bb61b86fbb9c7p-13, 0x1.2b41357a55a5fp-14, -0x1.35eabe34ce304p-16,
                         0x1.eb4887320beb1p-19, -0x1.f3ed496b628bap-22, 0x1.32f29ffd0b2bfp-22, 0x1.e40da34ba9c6ap-21,
                         0x1.2c469a4b6c42bp-18, 0x1.ea385a2f39569p-16,  0x1.2621d58c4f5cdp-12, 0x1.46d04297680e5p-8,
                         0x1.9884533d43651p-2});
}

// The logarithmic derivative of bessel_near(), to a tenth.
inline Vec<double> bessel_slope(Vec<double> u, bool first) {
  return first ? reciprocal_sqrt(4.0 + u) : reciprocal_sqrt(1.0 + u);
}

template <bool First, bool Scaled>
Vec<double> bessel_i(Vec<double> x) {
  const Vec<double> a = magnitude(x), half = a * 0.5, turn(10.0), zero(0.0);
  // exp(a) where the far form is not scaled, exp(-a) where the near one is; 800 over- or underflows either.
  const Vec<double> bounded = smaller(a, Vec<double>(800.0));
  const Exponential<double> exp = exponential(Pair<double>{Scaled ? -bounded : bounded, zero});
  // A rounding of u counts up to ten times in the result.
  const Pair<double> u = two_product(half, half);
  Vec<double> near = bessel_near(u.high, First);
  near = near + near * (u.low * bessel_slope(u.high, First));
  if (First) near = near * half;
  const Vec<double> far = larger(Scaled ? a : bounded, turn);
  Vec<double> tail = bessel_far(turn / far, First) / sqrt(far);
  Vec<double>& other = Scaled ? near : tail;
  other = scale(times(other, zero, exp), exp.n);
  const Vec<double> result = blend(not_below(a, turn), tail, near);
  return First ? set_sign(result, x) : result;
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
