// The register tile of a correlation: results of several channels at neighbouring places, from taps that are read where they
// lie.
#pragma once

#include "kernels/conv.h"
#include "kernels/gemm_tile.h"

namespace wengert::WENGERT_ISA {
namespace {

// MR channels at the places of NV runs.
template <class T, int MR, int NV>
void tap_tile(const TapArgs& a, const BandRun* runs, const T* weight, T* out) {
  using V = Vec<T>;
  constexpr int W = V::width;
  const int64_t weight_row = a.weight_row, *offset = a.offset;
  const T* in[NV];
#pragma GCC unroll 8
  for (int j = 0; j < NV; ++j) in[j] = static_cast<const T*>(a.in) + runs[j].from;
  V acc[MR][NV];
#pragma GCC unroll 8
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) acc[i][j] = V(T(0));
  for (int64_t t = a.terms; t > 0; --t, ++offset, ++weight) {
    V tap[NV];
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) tap[j] = V::load(in[j] + *offset);
#pragma GCC unroll 8
    for (int i = 0; i < MR; ++i) {
      const V w(weight[i * weight_row]);
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) acc[i][j] = fma(w, tap[j], acc[i][j]);
    }
  }
  const TapArgs& args = *opaque(&a);
#pragma GCC unroll 8
  for (int i = 0; i < MR; ++i) {
    const V last(args.start ? weight[i * weight_row] : T(0));
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) {
      T* p = out + i * args.out_row + runs[j].to;
      if (runs[j].length == W)
        (acc[i][j] + last).store(p);
      else
        (acc[i][j] + last).store(p, static_cast<int>(runs[j].length));
    }
  }
}

// MR terms by NV vectors of columns. One vector alone is summed over places of even and of odd number apart: there have to be
// enough sums for the latency of an addition.
template <class T, int MR, int NV>
void tap_product_tile(const TapProductArgs& a, int64_t first, bool ragged) {
  using V = Vec<T>;
  constexpr int W = V::width, kSums = NV == 1 ? 2 : 1;
  const int64_t* offset = a.offset + first;
  const T* b = static_cast<const T*>(a.packed);
  V acc[kSums][MR][NV];
#pragma GCC unroll 2
  for (int s = 0; s < kSums; ++s)
#pragma GCC unroll 8
    for (int i = 0; i < MR; ++i)
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) acc[s][i][j] = V(T(0));
  const BandRun* const end = a.runs + a.count;
  for (const BandRun* run = a.runs; run != end; ++run) {
    const T* in[MR];
#pragma GCC unroll 8
    for (int i = 0; i < MR; ++i) in[i] = static_cast<const T*>(a.in) + run->from + offset[i];
    const auto step = [&](int s, int64_t x) __attribute__((always_inline)) {
      V factor[NV];
#pragma GCC unroll 8
      for (int j = 0; j < NV; ++j) factor[j] = V::load(b + j * W);
      b += NV * W;
#pragma GCC unroll 8
      for (int i = 0; i < MR; ++i) {
        const V tap(in[i][x]);
#pragma GCC unroll 8
        for (int j = 0; j < NV; ++j) acc[s][i][j] = fma(tap, factor[j], acc[s][i][j]);
      }
    };
    int64_t x = 0;
    for (; x + kSums <= run->length; x += kSums) {
      step(0, x);
      if constexpr (kSums == 2) step(1, x + 1);
    }
    if (x < run->length) step(0, x);
  }
  const TapProductArgs& args = *opaque(&a);
  T* out = static_cast<T*>(args.out) + first * args.out_row;
  const int tail = ragged ? static_cast<int>(args.columns % W) : W;
#pragma GCC unroll 8
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < NV; ++j) {
      T* p = out + i * args.out_row + j * W;
      V sum = acc[0][i][j];
      if constexpr (kSums == 2) sum = sum + acc[1][i][j];
      if (j == NV - 1 && tail < W)
        (args.accumulate ? V::load(p, tail) + sum : sum).store(p, tail);
      else
        (args.accumulate ? V::load(p) + sum : sum).store(p);
    }
}

template <class T>
struct TapTiles {
  void (*of[kTileRows][kTileVectors])(const TapArgs&, const BandRun*, const T*, T*);
  void (*product[kTileRows][kTileVectors])(const TapProductArgs&, int64_t, bool);

  constexpr TapTiles() : of{}, product{} { fill<kTileRows, kTileVectors>(); }

 private:
  template <int MR, int NV>
  constexpr void fill() {
    of[MR - 1][NV - 1] = tap_tile<T, MR, NV>;
    product[MR - 1][NV - 1] = tap_product_tile<T, MR, NV>;
    if constexpr (NV > 1)
      fill<MR, NV - 1>();
    else if constexpr (MR > 1)
      fill<MR - 1, kTileVectors>();
  }
};

}  // namespace
}  // namespace wengert::WENGERT_ISA
