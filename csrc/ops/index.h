// Indexing by tensors: x[i, :, mask] and x[...] = values, as PyTorch's index and index_put_.
#pragma once

#include <span>

#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

// A tensor per dimension (a mask stands for as many as it has), null for a whole dimension: int64, int32, bool or uint8 (a
// mask too). The dimensions of the indices, broadcast together, stand where the first of them was if they are neighbours, else
// in front. IndexError for what is out of range.
using Keys = std::span<const Tensor* const>;
Tensor index(const Tensor& input, Keys keys);
// Writes values, broadcast to the shape that index() would give, or adds them; of equal places the last value stays, or all
// are added in order.
void index_put(const Tensor& input, Keys keys, const Tensor& values, bool accumulate);

extern const std::span<const OpRow> kIndexOps;

}  // namespace wengert
