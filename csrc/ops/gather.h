// One index per element along a dimension: gather and the scatters, take and put.
#pragma once

#include <span>

#include "core/tensor.h"
#include "kernels/index.h"
#include "ops/op.h"

namespace wengert {

// result[i][j] = input[index[i][j]][j] for dim 0, and likewise for others. With wrap, negative indices count from the end.
Tensor gather(const Tensor& input, std::int64_t dim, const Tensor& index, bool wrap = false);

// The identity of a reduction ("prod", "mean", "amax", "amin", else "sum"), 0-d.
Tensor reduction_identity(std::string_view reduce, DType dtype);
Accumulate reduction_kind(std::string_view reduce);
// target / max(counts, 1), of contiguous tensors; of integers rounded down. counts are int64.
void divide_by_counts(const Tensor& target, const Tensor& counts);

extern const std::span<const OpRow> kGatherOps;

}  // namespace wengert
