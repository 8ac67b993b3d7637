// Sorting distinct 64-bit numbers with AVX-512: a quick sort whose partitions close the gaps of masks, over networks of up
// to 64.
#pragma once

#include "simd/vec.h"

#if WENGERT_AVX512

namespace wengert::WENGERT_ISA {
namespace {

inline constexpr int kNetwork = 64;

// (Masked forms, since the plain intrinsics make GCC 12 warn of uninitialised variables.)
inline __m512i min64(__m512i a, __m512i b) { return _mm512_maskz_min_epu64(0xff, a, b); }
inline __m512i max64(__m512i a, __m512i b) { return _mm512_maskz_max_epu64(0xff, a, b); }

// Sorts the lanes of a bitonic vector: comparisons at distances 4, 2 and 1.
inline __m512i merge_lanes(__m512i v) {
  __m512i other = _mm512_maskz_shuffle_i64x2(0xff, v, v, 0x4e);
  v = _mm512_mask_max_epu64(min64(v, other), 0xf0, v, other);
  other = _mm512_maskz_permutex_epi64(0xff, v, 0x4e);
  v = _mm512_mask_max_epu64(min64(v, other), 0xcc, v, other);
  other = _mm512_maskz_permutex_epi64(0xff, v, 0xb1);
  return _mm512_mask_max_epu64(min64(v, other), 0xaa, v, other);
}

inline __m512i reverse_lanes(__m512i v) {
  return _mm512_maskz_permutexvar_epi64(0xff, _mm512_set_epi64(0, 1, 2, 3, 4, 5, 6, 7), v);
}

inline void exchange(__m512i& a, __m512i& b) {
  const __m512i low = min64(a, b);
  b = max64(a, b);
  a = low;
}

// Two sorted halves of 8 * N numbers become one.
template <int N>
[[gnu::always_inline]] inline void merge_vectors(__m512i* v) {
#pragma GCC unroll 8
  for (int i = 0; i < N / 2; ++i) {  // the second half backwards makes the whole bitonic
    const __m512i a = v[i], b = reverse_lanes(v[N - 1 - i]);
    v[i] = min64(a, b);
    v[N - 1 - i] = max64(a, b);
  }
#pragma GCC unroll 8
  for (int d = N / 4; d > 0; d /= 2)
#pragma GCC unroll 8
    for (int i = 0; i < N; ++i)
      if (!(i & d)) exchange(v[i], v[i + d]);
#pragma GCC unroll 8
  for (int i = 0; i < N; ++i) v[i] = merge_lanes(v[i]);
}

inline void transpose_lanes(__m512i* v) {
  __m512i t[8], u[8];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[2 * i] = _mm512_maskz_unpacklo_epi64(0xff, v[2 * i], v[2 * i + 1]);
    t[2 * i + 1] = _mm512_maskz_unpackhi_epi64(0xff, v[2 * i], v[2 * i + 1]);
  }
#pragma GCC unroll 2
  for (int h = 0; h < 8; h += 4) {
#pragma GCC unroll 2
    for (int i = 0; i < 2; ++i) {
      u[h + i] = _mm512_maskz_shuffle_i64x2(0xff, t[h + i], t[h + 2 + i], 0x88);
      u[h + 2 + i] = _mm512_maskz_shuffle_i64x2(0xff, t[h + i], t[h + 2 + i], 0xdd);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm512_maskz_shuffle_i64x2(0xff, u[i], u[4 + i], 0x88);
    v[4 + i] = _mm512_maskz_shuffle_i64x2(0xff, u[i], u[4 + i], 0xdd);
  }
}

// n <= kNetwork: columns of eight by a network of 19 exchanges, then their merges.
[[gnu::noinline]] inline void sort_network(uint64_t* p, int n) {
  __m512i v[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    const int lanes = n - 8 * i < 0 ? 0 : n - 8 * i < 8 ? n - 8 * i : 8;
    v[i] = _mm512_mask_loadu_epi64(_mm512_set1_epi64(-1), static_cast<__mmask8>((1u << lanes) - 1), p + 8 * i);
  }
  constexpr int kExchanges[19][2] = {{0, 2}, {1, 3}, {4, 6}, {5, 7}, {0, 4}, {1, 5}, {2, 6}, {3, 7}, {0, 1}, {2, 3},
                                     {4, 5}, {6, 7}, {2, 4}, {3, 5}, {1, 4}, {3, 6}, {1, 2}, {3, 4}, {5, 6}};
#pragma GCC unroll 19
  for (int i = 0; i < 19; ++i) exchange(v[kExchanges[i][0]], v[kExchanges[i][1]]);
  transpose_lanes(v);
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) merge_vectors<2>(v + i);
  merge_vectors<4>(v);
  merge_vectors<4>(v + 4);
  merge_vectors<8>(v);
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    const int lanes = n - 8 * i < 0 ? 0 : n - 8 * i < 8 ? n - 8 * i : 8;
    _mm512_mask_storeu_epi64(p + 8 * i, static_cast<__mmask8>((1u << lanes) - 1), v[i]);
  }
}

inline uint64_t median(uint64_t a, uint64_t b, uint64_t c) {
  const uint64_t low = a < b ? a : b, high = a < b ? b : a, upper = high < c ? high : c;
  return low > upper ? low : upper;
}
// About the median: of nine numbers across the range, the middle one of the middle ones.
inline uint64_t pivot_of(const uint64_t* p, int64_t n) {
  const int64_t step = n / 9;
  const auto three = [&](int64_t i) { return median(p[i], p[i + step], p[i + 2 * step]); };
  return median(three(0), three(3 * step), three(6 * step));
}

// Moves the numbers from the pivot on behind the others, in their order; returns how many those are. spare: n.
inline int64_t partition_around(uint64_t* p, uint64_t* spare, int64_t n, uint64_t pivot) {
  const __m512i limit = _mm512_set1_epi64(static_cast<long long>(pivot));
  int64_t low = 0, high = 0, i = 0;
  for (; i + 8 <= n; i += 8) {  // whole vectors are written: behind what was read, and to as many places
    const __m512i v = _mm512_loadu_si512(p + i);
    const __mmask8 below = _mm512_cmplt_epu64_mask(v, limit);
    _mm512_storeu_si512(p + low, _mm512_maskz_compress_epi64(below, v));
    _mm512_storeu_si512(spare + high, _mm512_maskz_compress_epi64(static_cast<__mmask8>(~below), v));
    const int count = __builtin_popcount(below);
    low += count, high += 8 - count;
  }
  for (; i < n; ++i) {
    const uint64_t x = p[i];
    p[low] = x, spare[high] = x;
    low += x < pivot, high += x >= pivot;
  }
  for (i = 0; i + 8 <= high; i += 8) _mm512_storeu_si512(p + low + i, _mm512_loadu_si512(spare + i));
  const auto rest = static_cast<__mmask8>((1u << (high - i)) - 1);
  _mm512_mask_storeu_epi64(p + low + i, rest, _mm512_maskz_loadu_epi64(rest, spare + i));
  return low;
}

// Returns false where `depth` partitions in a row did not do; the numbers then stand in some order.
inline bool quick_sort(uint64_t* p, uint64_t* spare, int64_t n, int depth) {
  while (n > kNetwork) {
    if (depth-- == 0) return false;
    const int64_t low = partition_around(p, spare, n, pivot_of(p, n));
    if (!quick_sort(p, spare, low, depth)) return false;
    p += low, n -= low;
  }
  sort_network(p, static_cast<int>(n));
  return true;
}

}  // namespace
}  // namespace wengert::WENGERT_ISA

#endif
