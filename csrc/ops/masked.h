// Masks: where they are true, and what is taken from or put there.
#pragma once

#include <span>

#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

// The row-major positions of what is not zero, ascending, int64.
Tensor nonzero_positions(const Tensor& input);
// A row of input.dim() indices for each of them; in memory the columns are contiguous.
Tensor nonzero(const Tensor& input);

// The elements under a mask of the same shape, in row-major order.
Tensor compress(const Tensor& input, const Tensor& mask);
// How many a mask selects.
std::int64_t count_selected(const Tensor& mask);
// Contiguous `target`, mask of its shape: the selected elements become those of contiguous `source`, in order (there are
// enough of them), or its only one.
void expand_into(const Tensor& target, const Tensor& mask, const Tensor& source);
void fill_selected(const Tensor& target, const Tensor& mask, const Tensor& value);

extern const std::span<const OpRow> kMaskedOps;

}  // namespace wengert
