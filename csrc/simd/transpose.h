// Shuffles of two vectors, and the transposition made of them.
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

template <class T>
struct LaneIndex;  // GCC's older shuffle takes the indices as a vector of integers of the lanes' size
template <class T>
  requires(sizeof(T) == 1)
struct LaneIndex<T> {
  using Raw = RawOf<int8_t>::Raw;
};
template <class T>
  requires(sizeof(T) == 2)
struct LaneIndex<T> {
  using Raw = RawOf<int16_t>::Raw;
};
template <class T>
  requires(sizeof(T) == 4)
struct LaneIndex<T> {
  using Raw = RawOf<int32_t>::Raw;
};
template <class T>
  requires(sizeof(T) == 8)
struct LaneIndex<T> {
  using Raw = RawOf<int64_t>::Raw;
};

// Which lane of the concatenation a, b comes to lane i.
enum class Shuffle {
  zip_low,   // a0 b0 a1 b1 ... of the first halves
  zip_high,  // of the second halves
  // Within and between 16-byte blocks, where a shuffle is one cheap instruction: zip within each block; even or odd blocks of
  // a, then of b.
  block_zip_low,
  block_zip_high,
  even_blocks,
  odd_blocks,
};
template <class T, Shuffle S>
constexpr int shuffle_lane(int i) {
  constexpr int W = Vec<T>::width, B = 16 / sizeof(T);
  const int in = i % B, block = i / B, half = W / B / 2;
  switch (S) {
    case Shuffle::zip_low:
      return i / 2 + (i & 1) * W;
    case Shuffle::zip_high:
      return i / 2 + W / 2 + (i & 1) * W;
    case Shuffle::block_zip_low:
      return block * B + in / 2 + (in & 1) * W;
    case Shuffle::block_zip_high:
      return block * B + B / 2 + in / 2 + (in & 1) * W;
    case Shuffle::even_blocks:
      return block < half ? 2 * block * B + in : W + 2 * (block - half) * B + in;
    case Shuffle::odd_blocks:
      return block < half ? (2 * block + 1) * B + in : W + (2 * (block - half) + 1) * B + in;
  }
}

template <Shuffle S, class T, int... I>
Vec<T> shuffle(Vec<T> a, Vec<T> b, Lanes<I...>) {
#if defined(__clang__)
  return typename Vec<T>::Raw(__builtin_shufflevector(a.v, b.v, shuffle_lane<T, S>(I)...));
#else
  return typename Vec<T>::Raw(__builtin_shuffle(a.v, b.v, typename LaneIndex<T>::Raw{shuffle_lane<T, S>(I)...}));
#endif
}
template <Shuffle S, class T>
Vec<T> shuffle(Vec<T> a, Vec<T> b) {
  return shuffle<S>(a, b, FirstLanes<Vec<T>::width>{});
}

// For registers that differ in bit `Bit` of their number, that bit moves into the lane's index and a bit of the lane's index
// takes its place.
template <int Bit, Shuffle Low, Shuffle High, int R, class T>
void exchange(Vec<T> (&r)[R]) {
#pragma GCC unroll 32
  for (int i = 0; i < R; ++i) {
    if (i & Bit) continue;
    const Vec<T> a = r[i], b = r[i | Bit];
    r[i] = shuffle<Low>(a, b);
    r[i | Bit] = shuffle<High>(a, b);
  }
}
template <int Bit, class T, int R>
void exchange_within_blocks(Vec<T> (&r)[R]) {
  exchange<Bit, Shuffle::block_zip_low, Shuffle::block_zip_high>(r);
  if constexpr (Bit > 1) exchange_within_blocks<Bit / 2>(r);
}
template <int Bit, class T, int R>
void exchange_blocks(Vec<T> (&r)[R]) {
  if constexpr (Bit < R) {
    exchange<Bit, Shuffle::even_blocks, Shuffle::odd_blocks>(r);
    exchange_blocks<2 * Bit>(r);
  }
}

// r as an R x width matrix in row-major order becomes width x R, in place. R is a power of two.
template <int R, class T>
void transpose(Vec<T> (&r)[R]) {
  if constexpr (R == Vec<T>::width) {
    constexpr int B = 16 / sizeof(T);
    exchange_within_blocks<B / 2>(r);
    exchange_blocks<B>(r);
  } else {
    // One perfect shuffle of the R * width elements moves the top bit of the index to the bottom; log2(R) move the row there.
    for (int stage = 1; stage < R; stage *= 2) {
      Vec<T> s[R];
#pragma GCC unroll 32
      for (int i = 0; i < R / 2; ++i) {
        s[2 * i] = shuffle<Shuffle::zip_low>(r[i], r[i + R / 2]);
        s[2 * i + 1] = shuffle<Shuffle::zip_high>(r[i], r[i + R / 2]);
      }
#pragma GCC unroll 32
      for (int i = 0; i < R; ++i) r[i] = s[i];
    }
  }
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
