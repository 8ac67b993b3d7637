// Running results along a dimension: cumsum, cumprod, cummax, cummin, logcumsumexp.
#pragma once

#include <span>

#include "kernels/scan.h"
#include "ops/op.h"

namespace wengert {

// Runs lines along `dim` of row-major tensors of one shape and item size: those of the last dimension one after the other,
// others side by side. `index`, for loops that have one, is int64 and row-major too.
void run_scan(const Scan& loops, const Tensor& in, const Tensor& out, const Tensor* index, int dim, double element_ns);

extern const std::span<const OpRow> kScanOps;

}  // namespace wengert
