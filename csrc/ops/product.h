// What every public matrix operator becomes: one batched product with strides. ops/matmul.cpp makes it, ops/product.cpp
// chooses the path, ops/gemm.cpp runs the blocked one.
#pragma once

#include "core/dtype.h"
#include "core/scalar.h"
#include "core/shape.h"

namespace wengert {

// C[b] = alpha * A[b] B[b]            (accumulate = false)
// C[b] = C[b] + alpha * A[b] B[b]     (accumulate = true)
// for b over the batch dimensions; A is M x K, B is K x N, C is M x N. Strides count elements and may be zero or negative
// (not in C). A batch stride of zero repeats an operand without expanding it.
struct Product {
  DType dtype;
  std::int64_t M, N, K;
  const char* a;
  std::int64_t a_row, a_col;
  const char* b;
  std::int64_t b_row, b_col;
  char* c;
  std::int64_t c_row, c_col;
  Scalar alpha = Scalar::of(std::int64_t{1});
  bool accumulate = false;
  Dims batch = {}, a_batch = {}, b_batch = {}, c_batch = {};  // sizes, and the strides of each operand over them

  // C^T = B^T A^T
  Product transposed() const {
    Product t = *this;
    t.M = N, t.N = M;
    t.a = b, t.a_row = b_col, t.a_col = b_row, t.a_batch = b_batch;
    t.b = a, t.b_row = a_col, t.b_col = a_row, t.b_batch = a_batch;
    t.c_row = c_col, t.c_col = c_row;
    return t;
  }
};

// The entry for all: folds what can be one product, chooses the kernel. Any M, N, K and batch sizes >= 1, any strides, also
// negative ones in C.
void multiply(Product product);

// y = A x for one vector: multiply() without its preparations where A is small.
void multiply_vector(DType dtype, std::int64_t M, std::int64_t K, const char* a, std::int64_t a_row, std::int64_t a_col,
                     const char* x, std::int64_t x_step, char* y, std::int64_t y_step);

// Any M, N, K >= 1 and any strides, blocked or batched, threaded; the size decides between direct and packed operands.
void gemm(const Product& product);

}  // namespace wengert
