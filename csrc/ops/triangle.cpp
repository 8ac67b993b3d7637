#include "ops/triangle.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/parts.h"
#include "ops/reduce.h"
#include "ops/strided.h"
#include "ops/view.h"

namespace wengert {
namespace {

const Tensor& input_of(const Call& call) { return *call.args[0].tensor; }

// ---- tril, triu ----

// The columns [first, last) of row i that stay.
struct Kept {
  bool lower;
  std::int64_t k, columns;

  std::int64_t boundary(std::int64_t i) const {  // without overflow, whatever k is
    const std::int64_t at = k > columns ? columns : k < -(std::int64_t{1} << 62) ? 0 : i + k + (lower ? 1 : 0);
    return std::clamp<std::int64_t>(at, 0, columns);
  }
  std::int64_t first(std::int64_t i) const { return lower ? 0 : boundary(i); }
  std::int64_t last(std::int64_t i) const { return lower ? boundary(i) : columns; }
};

// Zeroes what lies outside the triangle of `out` and, where source is given, copies what lies inside. Both have the same shape;
// source is contiguous as out then is.
void write_triangle(const Tensor& out, const Tensor* source, bool lower, std::int64_t k) {
  if (out.numel() == 0) return;
  const int n = out.dim();
  Tensor matrix = out;
  if (!source && std::abs(out.stride(n - 2)) < std::abs(out.stride(n - 1))) {  // rows that lie together in memory
    matrix = transpose(out, -2, -1);
    lower = !lower;
    k = k == std::numeric_limits<std::int64_t>::min() ? std::numeric_limits<std::int64_t>::max() : -k;
  }
  const std::int64_t rows = matrix.size(n - 2), columns = matrix.size(n - 1), item = out.itemsize();
  const std::int64_t step = matrix.stride(n - 1) * item, row_step = matrix.stride(n - 2) * item;
  const Kept kept{lower, k, columns};
  const CopyLoop copy = kernels().copy->cast[index_of(out.dtype())].to[index_of(out.dtype())];
  const bool stream = out.nbytes() > stream_bytes();
  alignas(8) const char zero[8] = {};
  std::int64_t batch = 1;
  for (int d = 0; d < n - 2; ++d) batch *= matrix.size(d);
  const double ns = 0.022 * static_cast<double>(out.nbytes()) + 10.0 * static_cast<double>(batch * rows);
  LongWork work(ns);
  parallel_for(batch * rows, 1, ns, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      std::int64_t rest = r / rows, at = 0;
      const std::int64_t i = r % rows;
      for (int d = n - 3; d >= 0; --d) {
        at += rest % matrix.size(d) * matrix.stride(d) * item;
        rest /= matrix.size(d);
      }
      char* row = matrix.data() + at + i * row_step;
      const std::int64_t first = std::min(kept.first(i), kept.last(i)), last = kept.last(i);
      if (first > 0) copy({row, zero, step, 0, 0, 0, first, 1, stream});
      if (source && last > first) {
        const char* in = source->data() + (r * columns + first) * item;
        copy({row + first * step, in, step, item, 0, 0, last - first, 1, stream});
      }
      if (last < columns) copy({row + last * step, zero, step, 0, 0, 0, columns - last, 1, stream});
    }
  });
}

const char* c_name(DType dtype) {
  return dispatch(dtype, []<class T>() -> const char* {
    switch (dtype_of<T>::value) {
      case DType::uint8:
        return "unsigned char";
      case DType::int8:
        return "signed char";
      case DType::int16:
        return "short int";
      case DType::int32:
        return "int";
      case DType::int64:
        return "long int";
      case DType::float32:
        return "float";
      case DType::float64:
        return "double";
      default:
        return info(dtype_of<T>::value).name;
    }
  });
}

template <bool Lower>
Result triangle_op(const Call& call) {
  const Tensor& input = input_of(call);
  const std::int64_t k = call.args[1].integer();
  check(input.dim() >= 2, Lower ? "tril" : "triu", ": input tensor must have at least 2 dimensions");
  if (call.inplace) {
    check_writable(input);
    input.bump_version();
    write_triangle(input, nullptr, Lower, k);
    return input;
  }
  if (call.out) {
    check(call.out->dtype() == input.dtype(), "Expected out tensor to have dtype ", c_name(input.dtype()), ", but got ",
          c_name(call.out->dtype()), " instead");
    check_out(call.op.public_name.c_str(), call.out, input.sizes(), input.dtype());
    copy_into(*call.out, input);
    write_triangle(*call.out, nullptr, Lower, k);
    return *call.out;
  }
  Tensor result = Tensor::empty(input.sizes(), input.dtype());
  if (input.is_contiguous()) {
    write_triangle(result, &input, Lower, k);
  } else {
    copy_unchecked(result, input);
    write_triangle(result, nullptr, Lower, k);
  }
  return result;
}

// ---- diagonals ----

Tensor copied_to(const Call& call, const Tensor& view) {
  Tensor result = result_of(call, view.sizes(), view.dtype());
  if (call.out)
    copy_into(result, view);
  else
    copy_unchecked(result, view);
  return result;
}

// Zeros with the elements of `input` on the offset-th diagonal of the last two dimensions.
Tensor embedded(const Call& call, const Tensor& input, std::int64_t offset, int dim0, int dim1) {
  const std::int64_t grow = offset < 0 ? -offset : offset, length = input.size(input.dim() - 1);
  std::int64_t side = 0;
  check(offset != std::numeric_limits<std::int64_t>::min() && !__builtin_add_overflow(length, grow, &side),
        "Storage size calculation overflowed with offset=", offset);
  Dims sizes = input.sizes();
  sizes.erase(input.dim() - 1);
  sizes.insert(std::min(dim0, dim1), side);
  sizes.insert(std::max(dim0, dim1), side);
  Tensor result = result_of(call, sizes, input.dtype());
  const Tensor source = call.out && may_overlap(result, input) ? clone(input) : input;
  fill(result, Scalar::of(std::int64_t{0}));
  copy_unchecked(diagonal(result, offset, dim0, dim1), source);
  return written(call, result);
}

Result diag_op(const Call& call) {
  const Tensor& input = input_of(call);
  const std::int64_t offset = call.args[1].integer();
  check(input.dim() == 1 || input.dim() == 2, "diag(): Supports 1D or 2D tensors. Got ", input.dim(), "D");
  if (input.dim() == 1) return embedded(call, input, offset, 0, 1);
  return copied_to(call, diagonal(input, offset, 0, 1));
}

Result diagflat_op(const Call& call) {
  const Tensor& input = input_of(call);
  return embedded(call, reshape(input, {input.numel()}), call.args[1].integer(), 0, 1);
}

Result diag_embed_op(const Call& call) {
  const Tensor& input = input_of(call);
  const Value* a = call.args;
  const int ndim = input.dim() + 1;
  const int dim0 = wrap_dim(a[2].integer(), ndim), dim1 = wrap_dim(a[3].integer(), ndim);
  check(dim0 != dim1, "diagonal dimensions cannot be identical ", a[2].integer(), ", ", a[3].integer());
  return embedded(call, input, a[1].integer(), dim0, dim1);
}

Result trace_op(const Call& call) {
  const Tensor& input = input_of(call);
  if (input.dtype() == DType::boolean) fail(ErrorKind::not_implemented, "\"trace\" not implemented for 'Bool'");
  check(input.dim() == 2, "trace: expected a matrix, but got tensor with dim ", input.dim());
  return sum(diagonal(input, 0, 0, 1));
}

constexpr OpRow kRows[] = {
    {"tril", "", "input: Tensor, diagonal: int = 0", kFunction | kMethod | kInplace | kOut, triangle_op<true>,
     "The lower triangle of the matrices in the last two dimensions, zeros above its diagonal.\n\n"
     ">>> wengert.ones(2, 2).tril()\ntensor([[1., 0.],\n        [1., 1.]])"},
    {"triu", "", "input: Tensor, diagonal: int = 0", kFunction | kMethod | kInplace | kOut, triangle_op<false>,
     "The upper triangle of the matrices in the last two dimensions, zeros below its diagonal.\n\n"
     ">>> wengert.ones(2, 2).triu(1)\ntensor([[0., 1.],\n        [0., 0.]])"},
    {"diag", "", "input: Tensor, diagonal: int = 0", kFunction | kMethod | kOut, diag_op,
     "A copy of the diagonal of a matrix, or the square matrix with a vector as its diagonal.\n\n"
     ">>> wengert.diag(wengert.tensor([1, 2]))\ntensor([[1, 0],\n        [0, 2]])"},
    {"diagflat", "", "input: Tensor, offset: int = 0", kFunction | kMethod, diagflat_op,
     "The square matrix with all elements of input as its diagonal.\n\n"
     ">>> wengert.diagflat(wengert.tensor([[1], [2]]))\ntensor([[1, 0],\n        [0, 2]])"},
    {"diag_embed", "", "input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1", kFunction | kMethod, diag_embed_op,
     "Square matrices, in dimensions dim1 and dim2 of the result, with the last dimension of input as their diagonals.\n\n"
     ">>> wengert.diag_embed(wengert.ones(3, 2)).shape\ntorch.Size([3, 2, 2])"},
    {"trace", "", "input: Tensor", kFunction | kMethod, trace_op,
     "The sum of the main diagonal of a matrix; int64 for integers.\n\n"
     ">>> wengert.trace(wengert.tensor([[1, 2], [3, 4]]))\ntensor(5)"},
};

}  // namespace

constinit const std::span<const OpRow> kTriangleOps = kRows;

}  // namespace wengert
