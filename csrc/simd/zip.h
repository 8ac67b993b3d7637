// Interleaving of two vectors, and the transposition made of it.
#pragma once

#include "simd/vec.h"

namespace wengert::WENGERT_ISA {
namespace {

template <int... I>
struct Lanes {};
#if defined(__clang__)
template <class T, T... I>
struct LaneSequence {
  using Type = Lanes<I...>;
};
template <int N>
using FirstLanes = typename __make_integer_seq<LaneSequence, int, N>::Type;
#else
template <int N>
using FirstLanes = Lanes<__integer_pack(N)...>;
#endif

// Index of output lane i of the zip that starts at lane `first`: a[first], b[first], a[first + 1], ...
template <int W>
constexpr int zip_lane(int i, int first) {
  return i / 2 + first + (i & 1) * W;
}

template <class T>
struct ZipIndex;  // GCC's older shuffle takes the indices as a vector of integers of the lanes' size
template <class T>
  requires(sizeof(T) == 2)
struct ZipIndex<T> {
  using Raw = RawOf<int16_t>::Raw;
};
template <class T>
  requires(sizeof(T) == 4)
struct ZipIndex<T> {
  using Raw = RawOf<int32_t>::Raw;
};
template <class T>
  requires(sizeof(T) == 8)
struct ZipIndex<T> {
  using Raw = RawOf<int64_t>::Raw;
};

template <class T, int First, int... I>
Vec<T> zip(Vec<T> a, Vec<T> b, Lanes<I...>) {
  constexpr int W = Vec<T>::width;
#if defined(__clang__)
  return typename Vec<T>::Raw(__builtin_shufflevector(a.v, b.v, zip_lane<W>(I, First)...));
#else
  return typename Vec<T>::Raw(__builtin_shuffle(a.v, b.v, typename ZipIndex<T>::Raw{zip_lane<W>(I, First)...}));
#endif
}

template <class T>
Vec<T> zip_low(Vec<T> a, Vec<T> b) {
  return zip<T, 0>(a, b, FirstLanes<Vec<T>::width>{});
}
template <class T>
Vec<T> zip_high(Vec<T> a, Vec<T> b) {
  return zip<T, Vec<T>::width / 2>(a, b, FirstLanes<Vec<T>::width>{});
}

// r as an R x width matrix in row-major order becomes width x R, in place. R is a power of two. One perfect shuffle of the
// R * width elements moves the top bit of the index to the bottom; log2(R) of them move the row there.
template <int R, class T>
void transpose(Vec<T> (&r)[R]) {
  for (int stage = 1; stage < R; stage *= 2) {
    Vec<T> s[R];
#pragma GCC unroll 32
    for (int i = 0; i < R / 2; ++i) {
      s[2 * i] = zip_low(r[i], r[i + R / 2]);
      s[2 * i + 1] = zip_high(r[i], r[i + R / 2]);
    }
#pragma GCC unroll 32
    for (int i = 0; i < R; ++i) r[i] = s[i];
  }
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
