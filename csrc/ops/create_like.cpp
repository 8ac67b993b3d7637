// New tensors after the shape or dtype of another one, and with strides as given.
#include <algorithm>
#include <string_view>

#include "ops/copy.h"
#include "ops/create.h"
#include "ops/promote.h"
#include "ops/strided.h"

namespace wengert {
namespace {

const Scalar kZero = Scalar::of(std::int64_t{0}), kOne = Scalar::of(std::int64_t{1});

Tensor filled(Tensor result, Scalar value) {
  fill(result, value);
  result.storage()->version = 0;
  return result;
}

// a[first ...]: dtype, layout, device, pin_memory, requires_grad, memory_format.
Tensor like(const Call& call, int first) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  return empty_like(input, dtype_or(a[first], input.dtype()), a[first + 5]);
}

Result empty_like_op(const Call& call) { return like(call, 1); }
Result zeros_like_op(const Call& call) { return filled(like(call, 1), kZero); }
Result ones_like_op(const Call& call) { return filled(like(call, 1), kOne); }
Result full_like_op(const Call& call) { return filled(like(call, 2), call.args[1].number); }

// a[1] is the size; a[first ...]: dtype, layout, device, pin_memory, requires_grad.
Tensor fresh(const Call& call, int first) {
  const Value* a = call.args;
  check_sizes(a[1].ints);
  return Tensor::empty(a[1].ints, dtype_or(a[first], a[0].tensor->dtype()));
}

Result new_empty_op(const Call& call) { return fresh(call, 2); }
Result new_zeros_op(const Call& call) { return filled(fresh(call, 2), kZero); }
Result new_ones_op(const Call& call) { return filled(fresh(call, 2), kOne); }
Result new_full_op(const Call& call) { return filled(fresh(call, 3), call.args[2].number); }

Tensor strided(const Dims& sizes, const Dims& strides, DType dtype) {
  check_sizes(sizes);
  check(sizes.size() == strides.size(), "dimensionality of sizes (", sizes.size(), ") must match dimensionality of strides (",
        strides.size(), ")");
  bool elements = true, backwards = false;
  for (int d = 0; d < sizes.size(); ++d) {
    elements = elements && sizes[d] > 0;
    backwards = backwards || (sizes[d] > 1 && strides[d] < 0);
  }
  check(!elements || !backwards, "Storage size calculation overflowed with sizes=", sizes, " and strides=", strides);
  return Tensor::empty_strided(sizes, strides, dtype);
}

Result empty_strided_op(const Call& call) {
  const Value* a = call.args;
  return strided(a[0].ints, a[1].ints, dtype_or(a[2], default_dtype()));
}

Result new_empty_strided_op(const Call& call) {
  const Value* a = call.args;
  return strided(a[1].ints, a[2].ints, dtype_or(a[3], a[0].tensor->dtype()));
}

Result empty_permuted_op(const Call& call) {
  const Value* a = call.args;
  const Dims &sizes = a[0].ints, &order = a[1].ints;
  check(sizes.size() == order.size(), "Number of dimensions in size does not match the length of the physical_layout; i.e. ",
        "len(size) = ", sizes.size(), " is not equal to len(physical_layout) = ", order.size());
  Dims strides(sizes.size());
  bool seen[kMaxDims] = {};
  for (int i = 0; i < order.size(); ++i) {
    const std::int64_t dim = order[i];
    check(dim >= 0 && dim < sizes.size(), "Dimension out of range (expected to be between 0 and ", sizes.size() - 1,
          ", but got ", dim, " at index ", i, ").  NB: negative dims not currently supported; file an issue if you want it.");
    check(!seen[dim], "Duplicate dim not allowed");
    seen[dim] = true;
  }
  check_sizes(sizes);
  std::int64_t step = 1;
  for (int i = order.size() - 1; i >= 0; --i) {
    const int dim = static_cast<int>(order[i]);
    strides[dim] = step;
    step *= std::max<std::int64_t>(sizes[dim], 1);
  }
  return Tensor::empty_strided(sizes, strides, dtype_or(a[2], default_dtype()));
}

Result scalar_tensor_op(const Call& call) {
  const Value* a = call.args;
  return full({}, a[0].number, dtype_or(a[1], default_dtype()));
}

#define WENGERT_LIKE_ARGS WENGERT_CREATION_ARGS ", memory_format: memory_format? = None"
#define WENGERT_LIKE_DOC " The dtype is input's unless given; a dense layout is kept.\n\n"

constexpr OpRow kRows[] = {
    {"empty_like", "", "input: Tensor, " WENGERT_LIKE_ARGS, kFunction, empty_like_op,
     "A tensor of input's shape whose elements hold whatever was in memory." WENGERT_LIKE_DOC
     ">>> wengert.empty_like(wengert.zeros(2, 3)).shape\ntorch.Size([2, 3])"},
    {"zeros_like", "", "input: Tensor, " WENGERT_LIKE_ARGS, kFunction, zeros_like_op,
     "Zeros in input's shape." WENGERT_LIKE_DOC ">>> wengert.zeros_like(wengert.tensor([1, 2]))\ntensor([0, 0])"},
    {"ones_like", "", "input: Tensor, " WENGERT_LIKE_ARGS, kFunction, ones_like_op,
     "Ones in input's shape." WENGERT_LIKE_DOC ">>> wengert.ones_like(wengert.tensor([1, 2]))\ntensor([1, 1])"},
    {"full_like", "", "input: Tensor, fill_value: Number, " WENGERT_LIKE_ARGS, kFunction, full_like_op,
     "A tensor of input's shape filled with one value." WENGERT_LIKE_DOC
     ">>> wengert.full_like(wengert.tensor([1, 2]), 7)\ntensor([7, 7])"},
    {"new_empty", "", "input: Tensor, size: int[], " WENGERT_CREATION_ARGS, kMethod, new_empty_op,
     "A tensor of the given shape and of input's dtype, unless given, whose elements hold whatever was in memory.\n\n"
     ">>> wengert.tensor([1, 2]).new_empty(3).shape\ntorch.Size([3])"},
    {"new_zeros", "", "input: Tensor, size: int[], " WENGERT_CREATION_ARGS, kMethod, new_zeros_op,
     "Zeros of the given shape, of input's dtype unless given.\n\n"
     ">>> wengert.tensor([1, 2]).new_zeros(3)\ntensor([0, 0, 0])"},
    {"new_ones", "", "input: Tensor, size: int[], " WENGERT_CREATION_ARGS, kMethod, new_ones_op,
     "Ones of the given shape, of input's dtype unless given.\n\n"
     ">>> wengert.tensor([1, 2]).new_ones(3)\ntensor([1, 1, 1])"},
    {"new_full", "", "input: Tensor, size: tuple, fill_value: Number, " WENGERT_CREATION_ARGS, kMethod, new_full_op,
     "A tensor of the given shape filled with one value, of input's dtype unless given.\n\n"
     ">>> wengert.tensor([1, 2]).new_full((3,), 7)\ntensor([7, 7, 7])"},
    {"new_empty_strided", "", "input: Tensor, size: tuple, stride: tuple, " WENGERT_CREATION_ARGS, kMethod,
     new_empty_strided_op,
     "A tensor of the given shape and strides, of input's dtype unless given, whose elements hold whatever was in memory.\n\n"
     ">>> wengert.tensor([1, 2]).new_empty_strided((2, 3), (1, 2)).stride()\n(1, 2)"},
    {"empty_strided", "", "size: tuple, stride: tuple, " WENGERT_CREATION_ARGS, kFunction, empty_strided_op,
     "A tensor of the given shape and strides whose elements hold whatever was in memory.\n\n"
     ">>> wengert.empty_strided((2, 3), (1, 2)).stride()\n(1, 2)"},
    {"empty_permuted", "", "size: tuple, physical_layout: tuple, " WENGERT_CREATION_ARGS, kFunction, empty_permuted_op,
     "A dense tensor whose dimensions lie in memory in the order of physical_layout, the widest stride first.\n\n"
     ">>> wengert.empty_permuted((2, 3, 4), (2, 0, 1)).stride()\n(3, 1, 6)"},
    {"scalar_tensor", "", "s: Number, " WENGERT_CREATION_ARGS, kFunction, scalar_tensor_op,
     "A 0-d tensor of the default float dtype unless dtype is given.\n\n>>> wengert.scalar_tensor(3)\ntensor(3.)"},
};

}  // namespace

constinit const std::span<const OpRow> kLikeOps = kRows;

Tensor empty_like(const Tensor& input, DType dtype, const Value& memory_format) {
  const bool preserve = !memory_format.given() || std::string_view(memory_format.text) == "preserve_format";
  if (!preserve || (input.is_contiguous() && input.numel() > 0)) return Tensor::empty(input.sizes(), dtype);
  return Tensor::empty_strided(input.sizes(), dense_layout(input).strides(), dtype);
}

}  // namespace wengert
