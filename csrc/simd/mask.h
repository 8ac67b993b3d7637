// Masks of floating-point lanes: comparisons, combination and choice. AVX-512 keeps them in mask registers; GCC 12 moves the
// result of a portable comparison that is used twice through vector registers, which doubles its cost.
#pragma once

#include "simd/vec.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace wengert::WENGERT_ISA {
namespace {

template <class T>
struct IntegerOf;
template <>
struct IntegerOf<float> {
  using type = int32_t;
};
template <>
struct IntegerOf<double> {
  using type = int64_t;
};

template <class T>
struct Mask {
#if WENGERT_AVX512
  uint16_t lanes;  // bit i: lane i
  friend Mask operator&(Mask a, Mask b) { return {static_cast<uint16_t>(a.lanes & b.lanes)}; }
  friend Mask operator|(Mask a, Mask b) { return {static_cast<uint16_t>(a.lanes | b.lanes)}; }
#else
  typename RawOf<typename IntegerOf<T>::type>::Raw lanes;  // all bits of a lane
  friend Mask operator&(Mask a, Mask b) { return {a.lanes & b.lanes}; }
  friend Mask operator|(Mask a, Mask b) { return {a.lanes | b.lanes}; }
#endif
};

// False where either is NaN; unordered() is true there.
#if WENGERT_AVX512
#define WENGERT_COMPARISON(name, op, predicate)                                                             \
  inline Mask<float> name(Vec<float> a, Vec<float> b) { return {_mm512_cmp_ps_mask(a.v, b.v, predicate)}; } \
  inline Mask<double> name(Vec<double> a, Vec<double> b) { return {_mm512_cmp_pd_mask(a.v, b.v, predicate)}; }
#else
#define WENGERT_COMPARISON(name, op, predicate)                                \
  inline Mask<float> name(Vec<float> a, Vec<float> b) { return {a.v op b.v}; } \
  inline Mask<double> name(Vec<double> a, Vec<double> b) { return {a.v op b.v}; }
#endif
WENGERT_COMPARISON(less, <, _CMP_LT_OQ)
WENGERT_COMPARISON(greater, >, _CMP_GT_OQ)
WENGERT_COMPARISON(equal, ==, _CMP_EQ_OQ)
WENGERT_COMPARISON(not_below, >=, _CMP_GE_OQ)
#undef WENGERT_COMPARISON

#if WENGERT_AVX512
inline Mask<float> unordered(Vec<float> a, Vec<float> b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_UNORD_Q)}; }
inline Mask<double> unordered(Vec<double> a, Vec<double> b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_UNORD_Q)}; }
#else
template <class T>
Mask<T> unordered(Vec<T> a, Vec<T> b) {
  return {(a.v != a.v) | (b.v != b.v)};
}
#endif

// Lanes whose integer has the bit set.
inline Mask<float> has_bits(Vec<int32_t> x, int32_t bits) {
#if WENGERT_AVX512
  return {_mm512_test_epi32_mask(__m512i(x.v), _mm512_set1_epi32(bits))};
#else
  return {(x.v & bits) != 0};
#endif
}
inline Mask<double> has_bits(Vec<int64_t> x, int64_t bits) {
#if WENGERT_AVX512
  return {_mm512_test_epi64_mask(__m512i(x.v), _mm512_set1_epi64(bits))};
#else
  return {(x.v & bits) != 0};
#endif
}

// a where the mask holds, else b.
inline Vec<float> blend(Mask<float> mask, Vec<float> a, Vec<float> b) {
#if WENGERT_AVX512
  return Vec<float>::Raw(_mm512_mask_blend_ps(mask.lanes, b.v, a.v));
#else
  return Vec<float>::Raw(mask.lanes ? a.v : b.v);
#endif
}
inline Vec<double> blend(Mask<double> mask, Vec<double> a, Vec<double> b) {
#if WENGERT_AVX512
  return Vec<double>::Raw(_mm512_mask_blend_pd(static_cast<__mmask8>(mask.lanes), b.v, a.v));
#else
  return Vec<double>::Raw(mask.lanes ? a.v : b.v);
#endif
}

template <class T>
bool any(Mask<T> mask) {
#if WENGERT_AVX512
  return mask.lanes != 0;
#elif WENGERT_AVX2
  return _mm256_movemask_epi8(__m256i(mask.lanes)) != 0;
#elif WENGERT_SSE2
  return _mm_movemask_epi8(__m128i(mask.lanes)) != 0;
#elif defined(__aarch64__)
  return vmaxvq_u32(uint32x4_t(mask.lanes)) != 0;
#else
  for (int i = 0; i < Vec<T>::width; ++i)
    if (mask.lanes[i]) return true;
  return false;
#endif
}

template <class T>
bool all(Mask<T> mask) {
#if WENGERT_AVX512
  return mask.lanes == (1u << Vec<T>::width) - 1;
#elif WENGERT_AVX2
  return _mm256_movemask_epi8(__m256i(mask.lanes)) == -1;
#elif WENGERT_SSE2
  return _mm_movemask_epi8(__m128i(mask.lanes)) == 0xffff;
#elif defined(__aarch64__)
  return vminvq_u32(uint32x4_t(mask.lanes)) != 0;
#else
  for (int i = 0; i < Vec<T>::width; ++i)
    if (!mask.lanes[i]) return false;
  return true;
#endif
}

// The larger or smaller; where either is NaN, b.
inline Vec<float> larger(Vec<float> a, Vec<float> b) {
#if WENGERT_AVX512
  return Vec<float>::Raw(_mm512_maskz_max_ps(0xffff, a.v, b.v));
#elif WENGERT_AVX2
  return Vec<float>::Raw(_mm256_max_ps(a.v, b.v));
#elif WENGERT_SSE2
  return Vec<float>::Raw(_mm_max_ps(a.v, b.v));
#else
  return blend(greater(a, b), a, b);
#endif
}
inline Vec<double> larger(Vec<double> a, Vec<double> b) {
#if WENGERT_AVX512
  return Vec<double>::Raw(_mm512_maskz_max_pd(0xff, a.v, b.v));
#elif WENGERT_AVX2
  return Vec<double>::Raw(_mm256_max_pd(a.v, b.v));
#elif WENGERT_SSE2
  return Vec<double>::Raw(_mm_max_pd(a.v, b.v));
#else
  return blend(greater(a, b), a, b);
#endif
}
inline Vec<float> smaller(Vec<float> a, Vec<float> b) {
#if WENGERT_AVX512
  return Vec<float>::Raw(_mm512_maskz_min_ps(0xffff, a.v, b.v));
#elif WENGERT_AVX2
  return Vec<float>::Raw(_mm256_min_ps(a.v, b.v));
#elif WENGERT_SSE2
  return Vec<float>::Raw(_mm_min_ps(a.v, b.v));
#else
  return blend(less(a, b), a, b);
#endif
}
inline Vec<double> smaller(Vec<double> a, Vec<double> b) {
#if WENGERT_AVX512
  return Vec<double>::Raw(_mm512_maskz_min_pd(0xff, a.v, b.v));
#elif WENGERT_AVX2
  return Vec<double>::Raw(_mm256_min_pd(a.v, b.v));
#elif WENGERT_SSE2
  return Vec<double>::Raw(_mm_min_pd(a.v, b.v));
#else
  return blend(less(a, b), a, b);
#endif
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
