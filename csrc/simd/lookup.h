// Tables of 16 and 32 numbers that stay in registers: an index is the low four or five bits of a lane.
#pragma once

#include "simd/sign.h"

#if WENGERT_AVX512
namespace wengert::WENGERT_ISA {
namespace {

inline Vec<float> lookup(const float (&table)[16], Vec<int32_t>::Raw index) {
  return Vec<float>::Raw(_mm512_maskz_permutexvar_ps(0xffff, __m512i(index), _mm512_load_ps(table)));
}
inline Vec<float> lookup(const float (&table)[32], Vec<int32_t>::Raw index) {
  return Vec<float>::Raw(
      _mm512_maskz_permutex2var_ps(0xffff, _mm512_load_ps(table), __m512i(index), _mm512_load_ps(table + 16)));
}
inline Vec<double> lookup(const double (&table)[16], Vec<int64_t>::Raw index) {
  return Vec<double>::Raw(_mm512_maskz_permutex2var_pd(0xff, _mm512_load_pd(table), __m512i(index), _mm512_load_pd(table + 8)));
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
#endif
