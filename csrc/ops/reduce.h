// Sums, products, means, extremes, counts; and comparisons of whole tensors.
#pragma once

#include <optional>
#include <span>

#include "core/tensor.h"
#include "ops/op.h"
#include "ops/reduce_frame.h"

namespace wengert {

// Over `dims` (none: all). The result's dtype: given, else int64 for integers and bool, else the input's.
Tensor sum(const Tensor& input, const Dims& dims = {}, bool keepdim = false, std::optional<DType> dtype = {});
// Over everything; RuntimeError for no elements. NaN where there is one.
Tensor max(const Tensor& input);
Tensor min(const Tensor& input);
// The dtype in which integers and bool are added: int64, or uint64.
DType widened(DType dtype);
std::int64_t elements_each(const Tensor& input, const DimSet& reduced);  // that a result is made of

Tensor amax(const Tensor& input, const DimSet& reduced, bool keepdim);  // of a tensor with elements
Tensor amin(const Tensor& input, const DimSet& reduced, bool keepdim);

// Same shape and equal elements; dtypes may differ.
bool equal(const Tensor& input, const Tensor& other);
// |input - other| <= atol + |rtol * other| or equal, everywhere, after broadcasting; dtypes may not differ.
bool allclose(const Tensor& input, const Tensor& other, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);

Result equal_call(const Call& call);
Result allclose_call(const Call& call);

extern const std::span<const OpRow> kReduceOps;  // with equal and allclose

}  // namespace wengert
