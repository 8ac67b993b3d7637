// Tensors put together: cat, stack and their kin.
#pragma once

#include <span>
#include <vector>

#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

Tensor cat(std::span<const Tensor> tensors, std::int64_t dim, Tensor* out = nullptr);

extern const std::span<const OpRow> kJoinOps;

}  // namespace wengert
