// New tensors from sizes and numbers.
#pragma once

#include <span>

#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

// The end of a creation operator's signature.
#define WENGERT_CREATION_ARGS                                                                            \
  "*, dtype: dtype? = None, layout: layout? = None, device: device? = None, pin_memory: bool? = False, " \
  "requires_grad: bool? = False"

Tensor full(const Dims& sizes, Scalar value, DType dtype);

DType dtype_or(const Value& value, DType otherwise);
void check_sizes(const Dims& sizes);  // none is negative
// call.out, checked and resized, or a new tensor.
Tensor result_of(const Call& call, const Dims& sizes, DType dtype);
// A new tensor of input's shape; a dense layout is kept unless memory_format says otherwise.
Tensor empty_like(const Tensor& input, DType dtype, const Value& memory_format = {});
// The result, filled: the values of a new tensor are its version 0.
Tensor written(const Call& call, const Tensor& result);

extern const std::span<const OpRow> kCreateOps;
extern const std::span<const OpRow> kLikeOps;   // create_like.cpp: *_like, new_*, given strides
extern const std::span<const OpRow> kRangeOps;  // ranges.cpp: linspace, logspace, triangles' indices

}  // namespace wengert
