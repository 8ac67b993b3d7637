// Packing of operands. Transposes happen in registers on the way.
#pragma once

#include "simd/transpose.h"

namespace wengert::WENGERT_ISA {
namespace {

// dst[k * pitch + i] = src[i * lane + k * step] for i < P and k < K; lanes from `lanes` on are zero. pitch = P unless P is
// the vector's width.
template <int P, class From, class T>
void pack_lanes(const From* src, int64_t lane, int64_t step, int lanes, int64_t K, T* dst, int64_t pitch) {
  int64_t k = 0;
  if constexpr (sizeof(From) == sizeof(T) && sizeof(T) >= 4) {
    using V = Vec<T>;
    constexpr int W = V::width;
    if (step == 1 && lane != 1) {
      for (; k < K; k += W) {  // W values of each lane
        const int n = K - k < W ? static_cast<int>(K - k) : W;
        V r[P];
#pragma GCC unroll 32
        for (int i = 0; i < P; ++i) {
          const T* p = src + i * lane + k;
          __builtin_prefetch(p + 4 * W);  // as many streams as lanes are more than the hardware follows
          r[i] = i >= lanes ? V(T(0)) : n == W ? V::load(p) : V::load(p, n);
        }
        transpose(r);
#pragma GCC unroll 32
        for (int i = 0; i < P; ++i) {
          if constexpr (P == W) {
            if (i < n) r[i].store(dst + (k + i) * pitch);
          } else {
            const int rest = n * P - i * W;
            T* p = dst + k * P + i * W;
            if (rest >= W)
              r[i].store(p);
            else if (rest > 0)
              r[i].store(p, rest);
          }
        }
      }
      return;
    }
  }
  if (lanes == P && lane == 1) {
    for (; k < K; ++k)
#pragma GCC unroll 32
      for (int i = 0; i < P; ++i) dst[k * pitch + i] = src[i + k * step];
    return;
  }
  for (; k < K; ++k) {
    for (int i = 0; i < lanes; ++i) dst[k * pitch + i] = src[i * lane + k * step];
    for (int i = lanes; i < P; ++i) dst[k * pitch + i] = T(0);
  }
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
