// Bits shifted by a number of places for each lane. What leaves the lane is lost: 0 for places from the lane's width on.
#pragma once

#include "simd/vec.h"

namespace wengert::WENGERT_ISA {
namespace {

// Whether the instruction set shifts each lane by its own number; else the compiler takes vectors apart.
#if WENGERT_AVX512 || WENGERT_AVX2 || defined(__aarch64__)
#define WENGERT_LANE_SHIFTS 1

template <class T>
struct TwiceAsWide;
template <>
struct TwiceAsWide<uint8_t> {
  using type = uint16_t;
};
template <>
struct TwiceAsWide<uint16_t> {
  using type = uint32_t;
};

template <bool Left, class T>
typename Vec<T>::Raw shift(typename Vec<T>::Raw a, typename Vec<T>::Raw places) {
  using Raw = typename Vec<T>::Raw;
#if WENGERT_AVX512
  const __m512i x = __m512i(a), n = __m512i(places);
  if constexpr (sizeof(T) == 8) return Raw(Left ? _mm512_maskz_sllv_epi64(0xff, x, n) : _mm512_maskz_srlv_epi64(0xff, x, n));
  if constexpr (sizeof(T) == 4)
    return Raw(Left ? _mm512_maskz_sllv_epi32(0xffff, x, n) : _mm512_maskz_srlv_epi32(0xffff, x, n));
  if constexpr (sizeof(T) == 2) return Raw(Left ? _mm512_maskz_sllv_epi16(~0u, x, n) : _mm512_maskz_srlv_epi16(~0u, x, n));
  constexpr bool kDirect = sizeof(T) > 1;
#elif WENGERT_AVX2
  const __m256i x = __m256i(a), n = __m256i(places);
  if constexpr (sizeof(T) == 8) return Raw(Left ? _mm256_sllv_epi64(x, n) : _mm256_srlv_epi64(x, n));
  if constexpr (sizeof(T) == 4) return Raw(Left ? _mm256_sllv_epi32(x, n) : _mm256_srlv_epi32(x, n));
  constexpr bool kDirect = sizeof(T) > 2;
#else
  constexpr T kWidth = 8 * sizeof(T);
  const Raw within = places & static_cast<T>(kWidth - 1);
  return (Left ? a << within : a >> within) & Raw(places < kWidth);
  constexpr bool kDirect = true;
#endif
  if constexpr (!kDirect) {  // the lanes of even and of odd number, in lanes twice as wide
    using Wide = typename TwiceAsWide<T>::type;
    using WideRaw = typename Vec<Wide>::Raw;
    constexpr int kWidth = 8 * sizeof(T);
    constexpr Wide kLow = static_cast<T>(-1), kHigh = static_cast<Wide>(kLow << kWidth);
    const WideRaw both = WideRaw(a), counts = WideRaw(places);
    const WideRaw even = shift<Left, Wide>(both & kLow, counts & kLow) & kLow;
    const WideRaw odd = shift<Left, Wide>(both & kHigh, counts >> kWidth) & kHigh;
    return Raw(even | odd);
  }
}
#endif

}  // namespace
}  // namespace wengert::WENGERT_ISA
