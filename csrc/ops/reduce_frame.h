// The frame of the reductions: any set of dimensions of any layout, over threads, as passes of a kernel along or across memory.
#pragma once

#include <bitset>
#include <string>

#include "core/tensor.h"
#include "kernels/reduce.h"
#include "ops/op.h"

namespace wengert {

inline constexpr std::int64_t kReduceChunk = 32768;  // elements of one piece of a long reduction, whole blocks of the kernels

// One pass: its loops and the bytes of what they read and write.
struct ReducePass {
  ReduceLoop rows, columns;
  std::int64_t in_item, out_item;
};
ReducePass pass_of(const Reduction& loops, DType input, DType output);
ReducePass pass_of(const Reduction& loops, DType input, std::int64_t out_item);

// `first` reads the input's elements. `next` takes its results together until each has one. `finish`, where there is one,
// makes the final value of each, and of `second` where that is asked for.
struct Reducer {
  using Finish = void (*)(const char* partial, char* out, char* second, std::int64_t n, double parameter);

  ReducePass first, next;
  DType dtype;  // of the result
  Finish finish = nullptr;
  double parameter = 0;
  bool indexed = false;  // `second` gets positions; one dimension at most may be reduced
};

using DimSet = std::bitset<kMaxDims>;

// The reduction of a tensor with elements; a new row-major tensor.
Tensor reduce(const Reducer& reducer, const Tensor& input, const DimSet& reduced, bool keepdim, Tensor* second = nullptr);

// PyTorch's checks of dimensions. No dims: all of them.
int checked_dim(const char* op, const Tensor& input, std::int64_t dim);
DimSet dim_set(const char* op, const Tensor& input, const Dims& dims);
DimSet one_dim(const Tensor& input, int dim);  // none of a 0-d tensor
Dims reduced_sizes(const Tensor& input, const DimSet& reduced, bool keepdim);
std::string reduce_context(const char* op, const Tensor& input);  // " [op: input (2, 3)]"

// An out= of exactly the result's dtype.
void check_exact_out(const char* op, Tensor* out, const Dims& sizes, DType dtype);
Result give(const Call& call, Tensor result);  // as it is, or written to out=
Result give(const Call& call, Tensor result, Tensor second);

}  // namespace wengert
