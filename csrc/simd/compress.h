// Masks of bytes as bits, and the moves that close or open gaps between lanes.
#pragma once

#include "simd/vec.h"

namespace wengert::WENGERT_ISA {
namespace {

inline constexpr int kMaskBlock = 64;  // bytes of a mask that make one word of bits

// Bit i: mask[i] is not zero.
inline uint64_t mask_bits(const uint8_t* mask) {
#if WENGERT_AVX512
  const __m512i v = _mm512_loadu_si512(mask);
  return _mm512_test_epi8_mask(v, v);
#elif defined(__SSE2__)
  uint64_t bits = 0;
  for (int i = 0; i < 4; ++i) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(mask + 16 * i));
    const unsigned zeros = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_setzero_si128())));
    bits |= uint64_t{~zeros & 0xffff} << (16 * i);
  }
  return bits;
#else
  uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) {
    uint64_t word;
    __builtin_memcpy(&word, mask + 8 * i, 8);
    // The top bit of each byte that is not zero; the product moves them side by side into the top byte.
    word = (((word & 0x7f7f7f7f7f7f7f7f) + 0x7f7f7f7f7f7f7f7f) | word) & 0x8080808080808080;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    bits |= ((word >> 7) * 0x0102040810204080 >> 56) << (8 * i);
  }
  return bits;
#endif
}
inline uint64_t mask_bits(const uint8_t* mask, int n) {  // of the first n < kMaskBlock; nothing else is read
#if WENGERT_AVX512
  const __m512i v = _mm512_maskz_loadu_epi8((uint64_t{1} << n) - 1, mask);
  return _mm512_test_epi8_mask(v, v);
#else
  uint8_t block[kMaskBlock] = {};
  __builtin_memcpy(block, mask, n);
  return mask_bits(block);
#endif
}

inline int count_bits(uint64_t bits) {
#if defined(__POPCNT__) || defined(__aarch64__)
  return __builtin_popcountll(bits);
#else
  bits -= bits >> 1 & 0x5555555555555555;
  bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
  return static_cast<int>(((bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101 >> 56);
#endif
}

#if WENGERT_AVX512

// A step of the moves below covers Gap<T>::lanes elements, each in a lane of 32 or 64 bits.
template <class T>
struct Gap {
  static constexpr int lanes = sizeof(T) == 8 ? 8 : 16;

  static __m512i load(const T* p, unsigned mask) {  // the lanes of the mask; the others read as zero, from nowhere
    if constexpr (sizeof(T) == 8) return _mm512_maskz_loadu_epi64(static_cast<__mmask8>(mask), p);
    if constexpr (sizeof(T) == 4) return _mm512_maskz_loadu_epi32(static_cast<__mmask16>(mask), p);
    if constexpr (sizeof(T) == 2)
      return _mm512_maskz_cvtepu16_epi32(0xffff, _mm256_maskz_loadu_epi16(static_cast<__mmask16>(mask), p));
    if constexpr (sizeof(T) == 1)
      return _mm512_maskz_cvtepu8_epi32(0xffff, _mm_maskz_loadu_epi8(static_cast<__mmask16>(mask), p));
  }
  static void store(T* p, unsigned mask, __m512i v) {
    if constexpr (sizeof(T) == 8) _mm512_mask_storeu_epi64(p, static_cast<__mmask8>(mask), v);
    if constexpr (sizeof(T) == 4) _mm512_mask_storeu_epi32(p, static_cast<__mmask16>(mask), v);
    if constexpr (sizeof(T) == 2)
      _mm256_mask_storeu_epi16(p, static_cast<__mmask16>(mask), _mm512_maskz_cvtepi32_epi16(0xffff, v));
    if constexpr (sizeof(T) == 1) _mm_mask_storeu_epi8(p, static_cast<__mmask16>(mask), _mm512_maskz_cvtepi32_epi8(0xffff, v));
  }
  static __m512i close(unsigned mask, __m512i v) {
    if constexpr (sizeof(T) == 8)
      return _mm512_maskz_compress_epi64(static_cast<__mmask8>(mask), v);
    else
      return _mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), v);
  }
  static __m512i open(unsigned mask, __m512i v) {
    if constexpr (sizeof(T) == 8)
      return _mm512_maskz_expand_epi64(static_cast<__mmask8>(mask), v);
    else
      return _mm512_maskz_expand_epi32(static_cast<__mmask16>(mask), v);
  }
};

// The elements of `in` (up to kMaskBlock) that `bits` names, side by side. Past the last of them nothing is written.
template <class T>
T* compress_block(uint64_t bits, const T* in, T* out) {
  constexpr int L = Gap<T>::lanes;
  for (; bits; bits >>= L, in += L) {
    const unsigned mask = static_cast<unsigned>(bits & ((1u << L) - 1));
    const int count = count_bits(mask);
    Gap<T>::store(out, (1u << count) - 1, Gap<T>::close(mask, Gap<T>::load(in, mask)));
    out += count;
  }
  return out;
}

// The next elements of `in` to the places of `out` that `bits` names.
template <class T>
const T* expand_block(uint64_t bits, const T* in, T* out) {
  constexpr int L = Gap<T>::lanes;
  for (; bits; bits >>= L, out += L) {
    const unsigned mask = static_cast<unsigned>(bits & ((1u << L) - 1));
    const int count = count_bits(mask);
    Gap<T>::store(out, mask, Gap<T>::open(mask, Gap<T>::load(in, (1u << count) - 1)));
    in += count;
  }
  return in;
}

// first + i for every bit i.
inline int64_t* position_block(uint64_t bits, int64_t first, int64_t* out) {
  __m512i lane = _mm512_add_epi64(_mm512_set1_epi64(first), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
  for (; bits; bits >>= 8) {
    const unsigned mask = static_cast<unsigned>(bits & 0xff);
    const int count = count_bits(mask);
    Gap<int64_t>::store(out, (1u << count) - 1, Gap<int64_t>::close(mask, lane));
    out += count;
    lane = _mm512_add_epi64(lane, _mm512_set1_epi64(8));
  }
  return out;
}

#else

template <class T>
T* compress_block(uint64_t bits, const T* in, T* out) {
  if (bits == ~uint64_t{0}) {
    __builtin_memcpy(out, in, kMaskBlock * sizeof(T));
    return out + kMaskBlock;
  }
  for (; bits; bits &= bits - 1) *out++ = in[__builtin_ctzll(bits)];
  return out;
}

template <class T>
const T* expand_block(uint64_t bits, const T* in, T* out) {
  if (bits == ~uint64_t{0}) {
    __builtin_memcpy(out, in, kMaskBlock * sizeof(T));
    return in + kMaskBlock;
  }
  for (; bits; bits &= bits - 1) out[__builtin_ctzll(bits)] = *in++;
  return in;
}

inline int64_t* position_block(uint64_t bits, int64_t first, int64_t* out) {
  for (; bits; bits &= bits - 1) *out++ = first + __builtin_ctzll(bits);
  return out;
}

#endif

}  // namespace
}  // namespace wengert::WENGERT_ISA
