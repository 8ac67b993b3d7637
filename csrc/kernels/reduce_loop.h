// What the reduction kernels share: blocks along the reduced dimension, and the pairwise tree over blocks.
#pragma once

#include "kernels/by_dtype.h"
#include "kernels/reduce.h"
#include "simd/vec.h"

namespace wengert::WENGERT_ISA {
namespace {

inline constexpr int kBlock = 4096;       // elements taken by one set of accumulators; a block that is gathered stays in L1
inline constexpr int kPanelBytes = 4096;  // of a row, in the loops that read along the results
inline constexpr int kBlockRows = 128;    // rows taken by one accumulator there

template <class T>
inline constexpr bool kIsFloating = static_cast<T>(0.5) != T(0);

// The elements j of one result, made contiguous where they are not. n <= kBlock.
template <class T>
const T* gather_block(const ReduceArgs& a, int64_t result, int64_t begin, int n, T* buffer) {
  const char* p = a.in + result * a.in_step + begin * a.reduce_step;
  if (a.reduce_step == sizeof(T)) return reinterpret_cast<const T*>(p);
#pragma GCC unroll 8
  for (int j = 0; j < n; ++j, p += a.reduce_step) buffer[j] = *reinterpret_cast<const T*>(p);
  return buffer;
}

inline int block_size(int64_t count, int64_t begin) {
  return static_cast<int>(count - begin < kBlock ? count - begin : kBlock);
}

// Each result of type Out from block(p, n), a Part, of its blocks, joined in pairs: the depth of the tree is log2 of their
// number.
template <class T, class Out, class Part, class Block, class Join>
inline __attribute__((always_inline)) void pairwise_rows(const ReduceArgs& a, Block block, Join join) {
  T buffer[kBlock];
  for (int64_t i = 0; i < a.n; ++i) {
    Part level[64];  // of 2^k blocks that wait for their equal, largest first
    int levels = 0;
    int64_t index = 0;
    for (int64_t begin = 0; begin < a.count; begin += kBlock, ++index) {
      const int n = block_size(a.count, begin);
      Part part = block(gather_block(a, i, begin, n, buffer), n);
      for (int64_t rest = index; rest & 1; rest >>= 1) part = join(level[--levels], part);
      level[levels++] = part;
    }
    Part all = level[--levels];
    while (levels > 0) all = join(level[--levels], all);
    *reinterpret_cast<Out*>(a.out + i * a.out_step) = static_cast<Out>(all);
  }
}

// Panels of results: rows(acc, in, step, rows, n) makes acc[0..n) of up to kBlockRows rows, and join(a, b, n) adds b to a.
template <class T, class Acc, class Rows, class Join>
inline __attribute__((always_inline)) void pairwise_columns(const ReduceArgs& a, Rows rows_of, Join join_panels) {
  constexpr int kPanel = kPanelBytes / sizeof(Acc);
  constexpr int kLevels = 26;  // 2^31 rows in blocks of 128
  Acc level[kLevels][kPanel];
  for (int64_t i = 0; i < a.n; i += kPanel) {
    const int n = static_cast<int>(a.n - i < kPanel ? a.n - i : kPanel);
    const char* in = a.in + i * sizeof(T);
    Acc* out = reinterpret_cast<Acc*>(a.out) + i;
    int levels = 0;
    int64_t block = 0;
    const auto join = [&] {  // the last two waiting panels become one
      --levels;
      join_panels(level[levels - 1], level[levels], n);
    };
    for (int64_t begin = 0; begin < a.count; begin += kBlockRows, ++block) {
      const int rows = static_cast<int>(a.count - begin < kBlockRows ? a.count - begin : kBlockRows);
      rows_of(a.count <= kBlockRows ? out : level[levels], in + begin * a.reduce_step, a.reduce_step, rows, n);
      ++levels;
      for (int64_t rest = block; rest & 1; rest >>= 1) join();
    }
    if (a.count <= kBlockRows) continue;
    while (levels > 1) join();
    __builtin_memcpy(out, level[0], n * sizeof(Acc));
  }
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
