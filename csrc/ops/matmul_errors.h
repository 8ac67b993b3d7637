// What the matrix operators refuse, in PyTorch's words, with the operands' own shapes and a fix that was tried. Out of the way
// of ops/matmul.cpp, whose fast checks come here only when they failed.
#pragma once

#include "core/tensor.h"

namespace wengert {

struct Names {
  const char *op, *first, *second;
};
inline constexpr Names kDotNames{"dot", "input", "tensor"}, kMvNames{"mv", "input", "vec"}, kMmNames{"mm", "mat1", "mat2"},
    kBmmNames{"bmm", "input", "mat2"}, kMatmulNames{"matmul", "input", "other"}, kAddmvNames{"addmv", "mat", "vec"},
    kAddmmNames{"addmm", "mat1", "mat2"}, kBaddbmmNames{"baddbmm", "batch1", "batch2"};

[[noreturn]] void fail_dot(const Names& names, const Tensor& a, const Tensor& b);
[[noreturn]] void fail_dot_out(const Names& names, const Tensor& out, const Tensor& a);
[[noreturn]] void fail_mv_out(const Names& names, const Tensor& out, const Tensor& a);
[[noreturn]] void fail_outer(const Tensor& a, const Tensor& b);
[[noreturn]] void fail_out_dtype(const Names& names, const Tensor& out, DType dtype);
[[noreturn]] void fail_overflow(DType dtype);  // of beta or alpha
[[noreturn]] void fail_expand(const Names& names, const Error& error, const Tensor& input, const Tensor& a, const Tensor& b);
[[noreturn]] void fail_inplace_shape(const Names& names, const Tensor& input, const Dims& sizes);

// These return where nothing is wrong; a bool product is allowed where it is empty.
void check_mv(const Names& names, const Tensor& a, const Tensor& x);
void check_mm(const Names& names, const Tensor& a, const Tensor& b);
void check_bmm(const Names& names, const Tensor& a, const Tensor& b);
void check_addmv(const Tensor& input, const Tensor& mat, const Tensor& vec);
void check_addmm(const Tensor& input, const Tensor& mat1, const Tensor& mat2);
void check_baddbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2);
// Returns the common batch dimensions.
Dims check_batched_matmul(const Tensor& a, const Tensor& b, const Dims& batch_a, const Dims& batch_b);

}  // namespace wengert
