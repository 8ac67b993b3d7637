// The frame of the elementwise family: promote, broadcast, allocate, split over threads, run the row's loop.
#pragma once

#include <span>
#include <string_view>

#include "core/scalar.h"
#include "core/tensor.h"
#include "kernels/elementwise.h"
#include "ops/op.h"

namespace wengert {

// A tensor or a Python number (tensor == nullptr).
struct Operand {
  const Tensor* tensor = nullptr;
  Scalar number;
  Operand() = default;
  Operand(const Tensor& t) : tensor(&t) {}
  Operand(Scalar s) : number(s) {}
};

// Applies row to `inputs` (row.arity of them). Without out the result is a new tensor laid out as the inputs are (PyTorch's
// rule). With out: checked (dtype castable, shape, overlap), then written; in place it may not be broadcast. Returns the
// result; with out, a tensor that shares out's storage.
Tensor elementwise(const ElementwiseRow& row, std::span<const Operand> inputs, Tensor* out = nullptr, bool inplace = false);

// What the operands' shapes broadcast to; RuntimeError where they do not.
Dims common_shape(const ElementwiseRow& row, std::span<const Operand> inputs);

// A row of the active kernel table, by name; must exist.
const ElementwiseRow& kernel_row(std::string_view name);

// The implementation of every op made from an ElementwiseRow: chooses the variant, then as above.
Result elementwise_call(const Call& call);

}  // namespace wengert
