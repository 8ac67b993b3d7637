// Horizontal sums of many vectors at once: N vectors become one vector of their N sums, in order, by log2(width) levels of
// "shuffle two ways, add". 16 sums of 16 lanes take 15 such steps instead of 16 times 4.
#pragma once

#include "simd/transpose.h"

namespace wengert::WENGERT_ISA {
namespace {

// Where lane i of one half of a fold comes from; lanes of b count from W. Below 128 bits, units of `unit` lanes of a and b
// alternate inside each 128-bit part (the cheap shuffles); from there on, every second 128-bit part of a, then of b.
template <int W, int E>  // lanes of a vector, and of 128 bits of it
constexpr int fold_lane(int i, int unit, int high) {
  const int part = i / E, lane = i % E;
  if (unit < E) {
    const int position = lane / unit;
    return part * E + (position / 2 + high * (E / unit / 2)) * unit + lane % unit + position % 2 * W;
  }
  constexpr int half = W / E / 2 > 0 ? W / E / 2 : 1;
  return (part % half * 2 + high) * E + lane + part / half * W;
}

// Everything below is inlined by force: a call would send the vectors through memory.
template <int Unit, int High, class T, int... I>
inline __attribute__((always_inline)) Vec<T> fold_half(Vec<T> a, Vec<T> b, Lanes<I...>) {
  constexpr int W = Vec<T>::width, E = 16 / sizeof(T);
#if defined(__clang__)
  return typename Vec<T>::Raw(__builtin_shufflevector(a.v, b.v, fold_lane<W, E>(I, Unit, High)...));
#else
  return typename Vec<T>::Raw(__builtin_shuffle(a.v, b.v, typename LaneIndex<T>::Raw{fold_lane<W, E>(I, Unit, High)...}));
#endif
}

template <int Unit, class T>
inline __attribute__((always_inline)) Vec<T> fold(Vec<T> a, Vec<T> b) {
  constexpr FirstLanes<Vec<T>::width> all;
  return fold_half<Unit, 0>(a, b, all) + fold_half<Unit, 1>(a, b, all);
}

// The sums of v[0..N), N a power of two up to the width, in lanes 0..N-1. A lane's order of additions does not depend on N.
template <int N, int Level = 1, class T>
inline __attribute__((always_inline)) Vec<T> lane_sums(const Vec<T>* v) {
  constexpr int W = Vec<T>::width, E = 16 / sizeof(T), unit = Level < E ? Level : E;
  static_assert(N >= 1 && N <= W && (N & (N - 1)) == 0);
  if constexpr (Level == W) {
    return v[0];
  } else if constexpr (N == 1) {
    const Vec<T> folded = fold<unit>(v[0], v[0]);
    return lane_sums<1, 2 * Level>(&folded);
  } else {
    Vec<T> folded[N / 2];
#pragma GCC unroll 32
    for (int i = 0; i < N / 2; ++i) folded[i] = fold<unit>(v[2 * i], v[2 * i + 1]);
    return lane_sums<N / 2, 2 * Level>(folded);
  }
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
