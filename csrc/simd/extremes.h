// The larger and the smaller of integers, one instruction where the instruction set has it. (Floats: simd/mask.h.)
#pragma once

#include "simd/mask.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class T>
Vec<T> larger(Vec<T> a, Vec<T> b) {
  return select(a < b, b, a);
}
template <class T>
Vec<T> smaller(Vec<T> a, Vec<T> b) {
  return select(a > b, b, a);
}

// GCC 12 makes a comparison and a choice of the portable form, and loads operands twice. (Masked, since the plain intrinsics
// make it warn of uninitialised variables.)
#if WENGERT_AVX512
#define WENGERT_EXTREME(name, T, intrinsic)                                         \
  inline Vec<T> name(Vec<T> a, Vec<T> b) {                                          \
    constexpr auto kAll = static_cast<uint64_t>(-1) >> (64 - Vec<T>::width);        \
    return Vec<T>::Raw(_mm512_maskz_##intrinsic(kAll, __m512i(a.v), __m512i(b.v))); \
  }
#elif WENGERT_AVX2
#define WENGERT_EXTREME(name, T, intrinsic) \
  inline Vec<T> name(Vec<T> a, Vec<T> b) { return Vec<T>::Raw(_mm256_##intrinsic(__m256i(a.v), __m256i(b.v))); }
#endif
#if WENGERT_AVX512 || WENGERT_AVX2
#define WENGERT_EXTREMES(T, suffix)        \
  WENGERT_EXTREME(larger, T, max_##suffix) \
  WENGERT_EXTREME(smaller, T, min_##suffix)
WENGERT_EXTREMES(uint8_t, epu8)
WENGERT_EXTREMES(int8_t, epi8)
WENGERT_EXTREMES(uint16_t, epu16)
WENGERT_EXTREMES(int16_t, epi16)
WENGERT_EXTREMES(uint32_t, epu32)
WENGERT_EXTREMES(int32_t, epi32)
#if WENGERT_AVX512
WENGERT_EXTREMES(uint64_t, epu64)
WENGERT_EXTREMES(int64_t, epi64)
#endif
#undef WENGERT_EXTREMES
#undef WENGERT_EXTREME
#endif

}  // namespace
}  // namespace wengert::WENGERT_ISA
