// The matrix operators. With `out` the result is written there (resized when empty; shape, dtype and overlap checked first)
// and returned.
#pragma once

#include <span>

#include "core/scalar.h"
#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

Tensor dot(const Tensor& input, const Tensor& tensor, Tensor* out = nullptr);
Tensor outer(const Tensor& input, const Tensor& vec2, Tensor* out = nullptr);
Tensor mv(const Tensor& input, const Tensor& vec, Tensor* out = nullptr);
Tensor mm(const Tensor& input, const Tensor& mat2, Tensor* out = nullptr);
Tensor bmm(const Tensor& input, const Tensor& mat2, Tensor* out = nullptr);
Tensor matmul(const Tensor& input, const Tensor& other, Tensor* out = nullptr);

// beta * input + alpha * product. In place: out is input.
struct Blend {
  Scalar beta = Scalar::of(std::int64_t{1}), alpha = Scalar::of(std::int64_t{1});
  Tensor* out = nullptr;
  bool inplace = false;
};
Tensor addmv(const Tensor& input, const Tensor& mat, const Tensor& vec, const Blend& blend = {});
Tensor addmm(const Tensor& input, const Tensor& mat1, const Tensor& mat2, const Blend& blend = {});
Tensor baddbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2, const Blend& blend = {});

// mm by the blocked kernel whatever the shape, also for one column: what mv and the skinny kernels save is measured against it.
Tensor mm_through_gemm(const Tensor& input, const Tensor& mat2);

extern const std::span<const OpRow> kMatrixOps;

}  // namespace wengert
