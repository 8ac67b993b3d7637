// One vector of the instruction set's width, with one API for all of them. Arithmetic comes from the compiler's vector
// extensions; intrinsics stand where the portable form costs (masked tails, streaming stores).
#pragma once

#include "simd/isa.h"

namespace wengert::WENGERT_ISA {
namespace {

inline constexpr int kVectorBytes = WENGERT_VECTOR_BYTES;

// GCC takes vector_size on a plain type only, not on a template's parameter.
template <class T>
struct RawOf;
#define WENGERT_RAW(T)                                                                             \
  template <>                                                                                      \
  struct RawOf<T> {                                                                                \
    typedef T Raw __attribute__((vector_size(kVectorBytes)));                                      \
    typedef T Unaligned __attribute__((vector_size(kVectorBytes), aligned(sizeof(T)), may_alias)); \
  };
WENGERT_RAW(uint8_t)
WENGERT_RAW(int8_t)
WENGERT_RAW(uint16_t)
WENGERT_RAW(int16_t)
WENGERT_RAW(uint32_t)
WENGERT_RAW(int32_t)
WENGERT_RAW(uint64_t)
WENGERT_RAW(int64_t)
WENGERT_RAW(float)
WENGERT_RAW(double)
#undef WENGERT_RAW

template <class T>
struct Vec {
  using Raw = typename RawOf<T>::Raw;
  using Unaligned = typename RawOf<T>::Unaligned;
  static constexpr int width = kVectorBytes / sizeof(T);

  Raw v;

  Vec() = default;
  Vec(Raw raw) : v(raw) {}
  Vec(T value) : v(value - Raw{}) {}

  static Vec load(const T* p) { return Raw(*reinterpret_cast<const Unaligned*>(p)); }
  void store(T* p) const { *reinterpret_cast<Unaligned*>(p) = v; }

  // The first n < width lanes; the others read as zero and are not written. Nothing past p + n is touched.
  static Vec load(const T* p, int n) {
#if WENGERT_AVX512
    if constexpr (sizeof(T) == 8) return Raw(_mm512_maskz_loadu_epi64(static_cast<__mmask8>((1u << n) - 1), p));
    if constexpr (sizeof(T) == 4) return Raw(_mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << n) - 1), p));
    if constexpr (sizeof(T) == 2) return Raw(_mm512_maskz_loadu_epi16((1u << n) - 1, p));
    if constexpr (sizeof(T) == 1) return Raw(_mm512_maskz_loadu_epi8((uint64_t{1} << n) - 1, p));
#else
#if WENGERT_AVX2
    if constexpr (sizeof(T) == 8) return Raw(_mm256_maskload_epi64(reinterpret_cast<const long long*>(p), mask(n)));
    if constexpr (sizeof(T) == 4) return Raw(_mm256_maskload_epi32(reinterpret_cast<const int*>(p), mask(n)));
#endif
    Raw raw{};
    __builtin_memcpy(&raw, p, n * sizeof(T));
    return raw;
#endif
  }
  void store(T* p, int n) const {
#if WENGERT_AVX512
    if constexpr (sizeof(T) == 8) _mm512_mask_storeu_epi64(p, static_cast<__mmask8>((1u << n) - 1), __m512i(v));
    if constexpr (sizeof(T) == 4) _mm512_mask_storeu_epi32(p, static_cast<__mmask16>((1u << n) - 1), __m512i(v));
    if constexpr (sizeof(T) == 2) _mm512_mask_storeu_epi16(p, (1u << n) - 1, __m512i(v));
    if constexpr (sizeof(T) == 1) _mm512_mask_storeu_epi8(p, (uint64_t{1} << n) - 1, __m512i(v));
#else
#if WENGERT_AVX2
    if constexpr (sizeof(T) == 8) {
      _mm256_maskstore_epi64(reinterpret_cast<long long*>(p), mask(n), __m256i(v));
      return;
    }
    if constexpr (sizeof(T) == 4) {
      _mm256_maskstore_epi32(reinterpret_cast<int*>(p), mask(n), __m256i(v));
      return;
    }
#endif
    __builtin_memcpy(p, &v, n * sizeof(T));
#endif
  }

  // The lower half of the lanes at p, the upper at q. (The unmasked intrinsics make GCC 12 warn of uninitialised variables.)
  static Vec load_halves(const T* p, const T* q) {
    Raw raw;
#if WENGERT_AVX512
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(q));
    raw = Raw(_mm512_maskz_inserti64x4(0xff, _mm512_castsi256_si512(low), high, 1));
#else
    __builtin_memcpy(&raw, p, kVectorBytes / 2);
    __builtin_memcpy(reinterpret_cast<char*>(&raw) + kVectorBytes / 2, q, kVectorBytes / 2);
#endif
    return raw;
  }
  void store_halves(T* p, T* q) const {
#if WENGERT_AVX512
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_maskz_extracti64x4_epi64(0xff, __m512i(v), 0));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(q), _mm512_maskz_extracti64x4_epi64(0xff, __m512i(v), 1));
#else
    __builtin_memcpy(p, &v, kVectorBytes / 2);
    __builtin_memcpy(q, reinterpret_cast<const char*>(&v) + kVectorBytes / 2, kVectorBytes / 2);
#endif
  }

  // Past the caches; p is aligned to kVectorBytes. stream_fence() after the last one of a thread.
  void stream(T* p) const {
#if WENGERT_AVX512
    _mm512_stream_si512(reinterpret_cast<__m512i*>(p), __m512i(v));
#elif WENGERT_AVX2
    _mm256_stream_si256(reinterpret_cast<__m256i*>(p), __m256i(v));
#elif WENGERT_SSE2
    _mm_stream_si128(reinterpret_cast<__m128i*>(p), __m128i(v));
#else
    store(p);
#endif
  }

  friend Vec operator+(Vec a, Vec b) { return a.v + b.v; }
  friend Vec operator-(Vec a, Vec b) { return a.v - b.v; }
  friend Vec operator*(Vec a, Vec b) { return a.v * b.v; }
  friend Vec operator/(Vec a, Vec b) { return a.v / b.v; }
  friend Vec operator-(Vec a) { return -a.v; }
  friend auto operator<(Vec a, Vec b) { return a.v < b.v; }
  friend auto operator>(Vec a, Vec b) { return a.v > b.v; }
  friend auto operator!=(Vec a, Vec b) { return a.v != b.v; }

 private:
#if WENGERT_AVX2
  static __m256i mask(int n) {
    const Raw lane = iota();
    return __m256i(lane < static_cast<T>(n));
  }
  static Raw iota() {
    Raw lane;
    for (int i = 0; i < width; ++i) lane[i] = static_cast<T>(i);
    return lane;
  }
#endif
};

template <class T>
Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) {  // one rounding where the instruction set has it (-ffp-contract=fast)
  return a.v * b.v + c.v;
}

template <class M, class T>
Vec<T> select(M mask, Vec<T> a, Vec<T> b) {
  return typename Vec<T>::Raw(mask ? a.v : b.v);
}

inline void stream_fence() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
