// New tensors from sizes and numbers.
#pragma once

#include <span>

#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

Tensor full(const Dims& sizes, Scalar value, DType dtype);

// Common arguments of creation operators. `requires_grad` has to be false as long as there is no autograd layer.
void check_creation(const char* op, const Dims& sizes, const Value& requires_grad);
// call.out, checked and resized, or a new tensor.
Tensor result_of(const Call& call, const Dims& sizes, DType dtype);
// The result, filled: the values of a new tensor are its version 0.
Tensor written(const Call& call, const Tensor& result);

extern const std::span<const OpRow> kCreateOps;

}  // namespace wengert
