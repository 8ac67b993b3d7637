// Angles too large for a reduction by a few parts of pi/2: Payne and Hanek's method, lane by lane in integers.
#pragma once

#include "simd/vec.h"

namespace wengert::WENGERT_ISA {
namespace {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

// The bits of 2/pi behind the binary point, after 64 zeros.
inline constexpr uint64_t kTwoOverPi[] = {
    0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0,
    0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b,
    0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab, 0xf0cfbc209af4361d};

struct ReducedAngle {
  double high, low;   // of the rest, in [-pi/4, pi/4]; error below 2^-62 of it
  int64_t quadrants;  // modulo 4
};

// x = quadrants pi/2 + rest, for finite x of at least 1. Of the 1200 bits of 2/pi, those that make whole turns of x are left
// out and the 192 that follow are multiplied by the 53 bits of x. The rest of a double is at least 2^-62 quadrants, so 126 bits
// of the fraction do.
[[gnu::noinline]] inline ReducedAngle reduce_huge(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, 8);
  const uint64_t mantissa = (bits & 0xfffffffffffff) | 0x10000000000000;
  const int first = static_cast<int>(bits >> 52 & 0x7ff) - 1075 + 62;  // bit of the table whose product counts two quadrants
  const uint64_t* word = kTwoOverPi + first / 64;
  const int shift = first % 64;
  uint64_t part[3];
  for (int i = 0; i < 3; ++i) part[i] = word[i] << shift | word[i + 1] >> 1 >> (63 - shift);
  // In units of 2^-62 quadrants, with 128 further bits of which the last 64 are only carried.
  const UInt128 low = UInt128(mantissa) * part[2];
  const UInt128 product = (UInt128(mantissa * part[0]) << 64) + UInt128(mantissa) * part[1] + (low >> 64);
  const auto quadrants = static_cast<int64_t>(static_cast<uint64_t>(product >> 64) + (uint64_t{1} << 61)) >> 62;
  const auto fraction = static_cast<Int128>(product - (UInt128(static_cast<uint64_t>(quadrants)) << 126));
  const auto high = static_cast<double>(fraction);
  const auto low_part = static_cast<double>(fraction - static_cast<Int128>(high));
  constexpr double kUnit = 0x1p-126;
  const double f = high * kUnit, g = low_part * kUnit;
  const double r = f * 0x1.921fb54442d18p+0;
  const double error = __builtin_fma(f, 0x1.921fb54442d18p+0, -r) + (f * 0x1.1a62633145c07p-54 + g * 0x1.921fb54442d18p+0);
  return {r, error, quadrants};
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
