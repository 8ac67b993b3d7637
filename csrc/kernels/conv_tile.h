// The register tile of a correlation: results of several channels at neighbouring places, from taps that are read where they lie.
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

template <class T>
struct TapTiles {
  using Function = void (*)(const TapArgs&, const BandRun*, const T*, T*);
  Function of[kTileRows][kTileVectors];

  constexpr TapTiles() : of{} { fill<kTileRows, kTileVectors>(); }

 private:
  template <int MR, int NV>
  constexpr void fill() {
    of[MR - 1][NV - 1] = tap_tile<T, MR, NV>;
    if constexpr (NV > 1)
      fill<MR, NV - 1>();
    else if constexpr (MR > 1)
      fill<MR - 1, kTileVectors>();
  }
};

}  // namespace
}  // namespace wengert::WENGERT_ISA
