// Parts of a tensor as views: narrow, select, diagonal, unfold, as_strided, and the splits into several.
#pragma once

#include <span>
#include <vector>

#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

// Elements [start, start + length) of dim; the caller has checked that they lie inside it.
Tensor narrow_unchecked(const Tensor& input, int dim, std::int64_t start, std::int64_t length);
// The offset-th diagonal of dim0 and dim1, as the last dimension of the result.
Tensor diagonal(const Tensor& input, std::int64_t offset, std::int64_t dim0, std::int64_t dim1);

extern const std::span<const OpRow> kPartOps;

}  // namespace wengert
