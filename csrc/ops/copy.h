// Copies between layouts and dtypes.
#pragma once

#include <span>
#include <string>

#include "core/scalar.h"
#include "core/tensor.h"
#include "ops/op.h"

namespace wengert {

void copy_into(const Tensor& out, const Tensor& source);  // broadcasts, casts; checks shape, overlap, read-only; bumps version
// Copies source, broadcast and cast, into out: no checks, no overlap, no new version. whole_bytes, where it is more than out's:
// of the result that out is a part of, which decides whether it is written past the caches.
void copy_unchecked(const Tensor& out, const Tensor& source, std::int64_t whole_bytes = 0);
void fill(const Tensor& out, Scalar value);  // as above
Tensor contiguous(const Tensor& input);      // input itself if it is
Tensor contiguous(Tensor&& input);
// Likewise, without the cost of another reference to it: what is not input itself is kept in *made.
const Tensor& contiguous(const Tensor& input, Tensor* made);
const Tensor& contiguous(const Tensor& input, DType dtype, Tensor* made);
// A new dense tensor of input's shape and, where input is dense, its strides; else PyTorch's order of dimensions.
Tensor empty_alike(const Tensor& input, DType dtype);
Tensor clone(const Tensor& input);                  // keeps a dense layout (PyTorch's preserve_format)
Tensor to_dtype(const Tensor& input, DType dtype);  // input itself if it is
Tensor to_dtype(Tensor&& input, DType dtype);

// Whether a tensor of dtype can hold the number, by PyTorch's rules for fill_ and the like; and the error where it cannot.
bool holds(DType dtype, Scalar value);
[[noreturn]] void fail_to_hold(DType dtype, const std::string& context);

// out= as PyTorch treats it: an empty out is resized to `sizes`, another shape is an error that names both, and the dtype
// must be one that `dtype` may be cast to. Returns the tensor to write to, of out's dtype.
void check_out(const char* op, Tensor* out, const Dims& sizes, DType dtype);

extern const std::span<const OpRow> kCopyOps;

}  // namespace wengert
