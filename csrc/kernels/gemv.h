// Contract of the skinny products: a matrix times one vector or a few. They are bound by reading A once;
// ops/product.cpp chooses among them.
#pragma once

#include <stdint.h>

#include "core/dtype.h"

namespace wengert {

// C = alpha A B (accumulate = false) or C + alpha A B. A is M x K, B is K x N, C is M x N, all at least 1. Strides count
// elements and may be zero or negative, but for what a kernel asks for.
struct GemvArgs {
  int64_t M, N, K;
  const void* a;
  int64_t a_row, a_col;
  const void* b;
  int64_t b_row, b_col;
  void* c;
  int64_t c_row, c_col;
  const void* alpha;  // one element
  bool accumulate;
};

using GemvLoop = void (*)(const GemvArgs&);

// How a result is rounded depends on where M is cut: cut it at multiples of kGemvRows, for `columns`, and for `strided` where
// |a_col| > |a_row|, at multiples of kGemvStripBytes of C.
inline constexpr int64_t kGemvRows = 16, kGemvStripBytes = 8192;

// With four columns gemm is as fast.
inline constexpr int kGemvFewColumns = 3;

struct GemvKernel {
  GemvLoop rows;         // N == 1, a_col == 1, b_row == 1
  GemvLoop columns;      // N == 1, a_row == 1
  GemvLoop strided;      // N == 1
  GemvLoop few;          // a_col == 1, b_row == 1, N a few dozen at most: A and B are both read along K
  GemvLoop few_columns;  // a_row == 1, 2 <= N <= kGemvFewColumns: A is read along its columns. None below 4 bytes
  GemvLoop outer;        // K == 1, b_col == 1, c_col == 1
  // packed[j * step + k] = b[k, j]
  void (*pack)(const void* b, int64_t b_row, int64_t b_col, int64_t K, int64_t N, void* packed, int64_t step);
  // C (+)= alpha times the sum of `blocks` M x N blocks, row-major one after the other, added pairwise. Overwrites the blocks.
  void (*combine)(void* blocks, int64_t count, const GemvArgs& c);
};

struct GemvKernels {
  GemvKernel of[kDTypes];  // by dtype; none for bool
};

}  // namespace wengert
