// The register tile of the matrix product: C[MR][NV vectors] += A[MR][K] B[K][NV vectors].
#pragma once

#include "simd/vec.h"

namespace wengert::WENGERT_ISA {
namespace {

// Accumulators, NV vectors of B and one broadcast of A fill the registers. 8 x 3: 24 + 3 + 1 of 32; 6 x 2: 12 + 2 + 1 of 16.
#if WENGERT_AVX512 || defined(__aarch64__)
inline constexpr int kTileRows = 8, kTileVectors = 3, kIntegerTileVectors = 2;
#else
inline constexpr int kTileRows = 6, kTileVectors = 2, kIntegerTileVectors = 1;
#endif

// Bytes of a row of A in one block of K; C is read and written once for each. The wide tile streams B from L2 (float32 at 1024:
// 98% of the FMA peak with one block, 96% with two). The others keep a panel of B in L1 (float32 at 1000: 94% with 334 steps,
// 91% with 500).
#if WENGERT_AVX512
inline constexpr int kBlockBytes = 5120;
#else
inline constexpr int kBlockBytes = 1536;
#endif

// Lanes of the given size can be masked in a load.
template <class T>
inline constexpr bool kMasked = kVectorBytes == 64 || (kVectorBytes == 32 && sizeof(T) >= 4);

// Vectors of the next panel of at most NV when `left` are left: nearly equal panels, never a thin last one.
template <int NV>
int panel_vectors(int64_t left) {
  if (left <= NV) return static_cast<int>(left);
  return left == NV + 1 ? (NV + 2) / 2 : NV;
}

// `count` tiles, one after another. Strides of A and B in bytes, of C in elements.
template <class T>
struct TileRun {
  const char* a;
  int64_t a_row, a_col;
  const char* b;
  int64_t b_row;
  T* c;
  int64_t c_row;
  int64_t K;
  int64_t count, a_step, b_step, c_step;
  T alpha;
  bool accumulate;
  int tail;  // columns of the last vector
};

inline constexpr int64_t kPrefetchSteps = 64;  // shorter loops end before a prefetch arrives

// Hides where a value comes from, so that what is derived from it is not kept in registers over the loop.
template <class P>
inline __attribute__((always_inline)) P opaque(P value) {
  asm("" : "+r"(value));
  return value;
}

template <class T, int MR, int NV, bool Tail, bool Accumulate>
inline __attribute__((always_inline)) void store_tile(const Vec<T> (&acc)[MR][NV], const TileRun<T>& run, T* c) {
  using V = Vec<T>;
  const V alpha(run.alpha);
  const int64_t c_row = run.c_row;
  const int tail = run.tail;
#pragma GCC unroll 8
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) {
      T* p = c + i * c_row + j * V::width;
      if (Tail && j == NV - 1)
        (Accumulate ? fma(alpha, acc[i][j], V::load(p, tail)) : alpha * acc[i][j]).store(p, tail);
      else
        (Accumulate ? fma(alpha, acc[i][j], V::load(p)) : alpha * acc[i][j]).store(p);
    }
}

template <class T, int MR, int NV, bool Tail>
void tile(const TileRun<T>& run) {
  using V = Vec<T>;
  constexpr int W = V::width;
  const int64_t a_row = run.a_row, a_col = run.a_col, b_row = run.b_row, K = run.K;
  const char *a = run.a, *b_start = run.b;
  T* c = run.c;
  const int tail = run.tail;
  for (int64_t left = run.count; left > 0; --left) {
    if (K >= kPrefetchSteps) {  // this tile of C and the next rows of A arrive while the loop runs
      const int64_t c_row = run.c_row;
#pragma GCC unroll 8
      for (int i = 0; i < MR; ++i) {
        __builtin_prefetch(a + run.a_step + i * a_row);
#pragma GCC unroll 8
        for (int j = 0; j < NV; ++j) __builtin_prefetch(c + i * c_row + j * W, 1);
      }
    }
    V acc[MR][NV];
#pragma GCC unroll 8
    for (int i = 0; i < MR; ++i)
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) acc[i][j] = V(T(0));
    const char* b = b_start;
    const char* a_k = a;
    for (int64_t k = K; k > 0; --k) {
      V bv[NV];
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) {
        const T* p = reinterpret_cast<const T*>(b) + j * W;
        bv[j] = Tail && kMasked<T> && j == NV - 1 ? V::load(p, tail) : V::load(p);
      }
#pragma GCC unroll 8
      for (int i = 0; i < MR; ++i) {
        const V av(*reinterpret_cast<const T*>(a_k + i * a_row));
#pragma GCC unroll 8
        for (int j = 0; j < NV; ++j) acc[i][j] = fma(av, bv[j], acc[i][j]);
      }
      a_k += a_col;
      b += b_row;
    }
    const TileRun<T>& r = *opaque(&run);
    if (r.accumulate)
      store_tile<T, MR, NV, Tail, true>(acc, r, c);
    else
      store_tile<T, MR, NV, Tail, false>(acc, r, c);
    a += run.a_step;
    b_start += run.b_step;
    c += run.c_step;
  }
}

template <class T>
using TileFunction = void (*)(const TileRun<T>&);

// [MR - 1][NV - 1][tail]
template <class T, int Rows, int Vectors>
struct TileTable {
  TileFunction<T> of[Rows][Vectors][2];

  constexpr TileTable() : of{} { fill<Rows, Vectors>(); }

 private:
  template <int MR, int NV>
  constexpr void fill() {
    of[MR - 1][NV - 1][0] = tile<T, MR, NV, false>;
    of[MR - 1][NV - 1][1] = tile<T, MR, NV, true>;
    if constexpr (NV > 1)
      fill<MR, NV - 1>();
    else if constexpr (MR > 1)
      fill<MR - 1, Vectors>();
  }
};

}  // namespace
}  // namespace wengert::WENGERT_ISA
