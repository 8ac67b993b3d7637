// Logarithm of the gamma function and its derivative, one number at a time.
#pragma once

#include <math.h>

#include "simd/isa.h"

namespace wengert::WENGERT_ISA {
namespace {

inline double log_gamma(double x) {
  int sign;  // lgamma() writes it to a global
  return ::lgamma_r(x, &sign);
}

// x >= 1.
inline double digamma_from_one(double x) {
  if (x >= 10) {  // log(x) - 1/(2x) - sum of B(2k) / (2k x^2k); the first term left out is below 2^-54
    const double z = 1 / (x * x);
    const double series =
        z * (1.0 / 12 -
             z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z * (1.0 / 12)))))));
    return ::log(x) - (0.5 / x + series);
  }
  double sum = 0;
  while (x > 2) x -= 1, sum += 1 / x;
  // On [1, 2] by its zero, in two parts.
  const double t = x - 1.5;
  constexpr double kPolynomial[] = {
      0x1.5e4840b916a84p-13,  -0x1.75286df9e397ap-13, 0x1.e464a3c7e8984p-16,  -0x1.307a04b41ebadp-13, 0x1.7eeef1d8079a4p-12,
      -0x1.fd53785b65ebcp-12, 0x1.62becb8e348b7p-11,  -0x1.0fb85a27de702p-10, 0x1.9aa4aaf7033fp-10,   -0x1.336d41fd41d3bp-9,
      0x1.cd114d001278cp-9,   -0x1.5a06adeaac292p-8,  0x1.03c10528dc085p-7,   -0x1.8635639e3fd59p-7,  0x1.25646ee0b36f9p-6,
      -0x1.b9f8b11e3626cp-6,  0x1.4de9aa23772f3p-5,   -0x1.fb44202a1a8bp-5,   0x1.8512e5901a532p-4,   -0x1.2feeeb98a796bp-3,
      0x1.eca189b8e71afp-3,   -0x1.b1cb63005ee98p-2,  0x1.e6f0cbb873616p-1};
  double p = kPolynomial[0];
  for (int i = 1; i < static_cast<int>(sizeof kPolynomial / sizeof *kPolynomial); ++i) p = p * t + kPolynomial[i];
  return ((x - 0x1.762d86356be3fp+0) - 0x1.b86a722197829p-54) * p + sum;
}

// PyTorch's values at its poles: an infinity at 0, of the other sign, and NaN at negative integers.
inline double digamma(double x) {
  if (x == 0) return ::copysign(__builtin_inf(), -x);
  if (x >= 1) return x < __builtin_inf() ? digamma_from_one(x) : x;
  if (x > 0) return digamma_from_one(x + 1) - 1 / x;
  if (!(x < 0)) return x;
  const double offset = x - ::rint(x);
  if (offset == 0 || x == -__builtin_inf()) return __builtin_nan("");
  constexpr double kPi = 3.14159265358979323846;
  return digamma_from_one(1 - x) - kPi / ::tan(kPi * offset);
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
