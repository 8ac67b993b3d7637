// Norms, and what is made of them.
#pragma once

#include <span>

#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

// The `order`-norm over `dims` (none: all), computed in `dtype` if given. PyTorch's checks and messages.
Tensor vector_norm(const Tensor& input, double order, const Dims& dims = {}, bool keepdim = false, const Value& dtype = {});

extern const std::span<const OpRow> kNormOps;

}  // namespace wengert
