// Contract of the matrix product: one block, over operands in place or packed. ops/gemm.cpp chooses the blocks.
#pragma once

#include <stdint.h>

#include "core/dtype.h"

namespace wengert {

// C[i] = alpha A[i] B[i]          (accumulate = false)
// C[i] = C[i] + alpha A[i] B[i]   (accumulate = true)      for i < count
// A is M x K, B is K x N, C is M x N, all at least 1; strides count elements.
struct GemmArgs {
  int64_t M, N, K;
  const void* a;  // packed by pack_a, or in place
  int64_t a_row, a_col;
  const void* b;  // packed by pack_b, or in place with unit column stride
  int64_t b_row;
  void* c;
  int64_t c_row, c_col;
  int64_t count, a_step, b_step, c_step;  // from one product to the next; packed operands only with count = 1
  const void* alpha;                      // one element
  bool accumulate, a_packed, b_packed;
};

// Every element of C is the sum over k in order, however M and N are cut into calls: cutting them never changes a bit.
struct GemmKernel {
  void (*multiply)(const GemmArgs& args);
  void (*pack_a)(const void* a, int64_t row, int64_t col, int64_t M, int64_t K, void* packed);
  void (*pack_b)(const void* b, int64_t row, int64_t col, int64_t K, int64_t N, void* packed);
  int rows, columns;  // of the register tile
  int vector;         // columns of one vector; cutting N at its multiples costs nothing
  int depth;          // steps of K of one block, where that is a choice
  int packed_rows;    // a packed A takes K elements for each of these, in ceil(M / rows) groups of them
  int packed_bytes;   // size of a packed element; a packed B takes K of them for each column, in whole vectors
  bool in_place;      // operands may be read in place; otherwise both must be packed
  bool masked;        // B in place may end within a vector; otherwise it must be packed if it does
  float rate;         // rough multiply-adds per nanosecond, for the choice of threads
};

struct GemmKernels {
  GemmKernel of[kDTypes];  // by dtype; none for bool
};

}  // namespace wengert
