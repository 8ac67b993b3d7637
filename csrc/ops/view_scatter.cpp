#include "ops/view_scatter.h"

#include <algorithm>

#include "ops/copy.h"
#include "ops/indexed.h"
#include "ops/strided.h"
#include "ops/view.h"

namespace wengert {
namespace {

const Tensor& input_of(const Call& call) { return *call.args[0].tensor; }

// A copy with strides and offset like input's, where no two of its elements share a place.
Tensor same_strides(const Tensor& input) {
  if (!surely_apart(input)) return clone(input);
  const Extent span = extent(input);
  const std::int64_t item = input.itemsize(), before = input.storage_offset();
  const std::int64_t count =
      std::max<std::int64_t>((span.last - static_cast<const char*>(input.storage()->data)) / item, before);
  const Tensor memory = Tensor::empty({count}, input.dtype());
  const Tensor copy = memory.view_as(input.sizes(), input.strides(), before);
  copy_into(memory, Tensor(input.storage(), static_cast<char*>(input.storage()->data), input.dtype(), {count}, {1}));
  return copy;
}

// `view` of the copy `target` becomes src.
Result replaced(const Call& call, const Tensor& target, const Tensor& view) {
  const Tensor& src = *call.args[1].tensor;
  check(src.sizes() == view.sizes(), "expected src to have a size equal to the slice of self. src size = ", src.sizes(),
        ", slice size = ", view.sizes());
  copy_into(view, src);
  target.storage()->version = 0;
  return given_to(call, target);
}

Result select_scatter_op(const Call& call) {
  const Tensor& input = input_of(call);
  const std::int64_t index = call.args[3].integer();
  check_index(input.dim() > 0, "select() cannot be applied to a 0-dim tensor.");
  const int dim = wrap_dim(call.args[2].integer(), input.dim());
  check_index(index >= -input.size(dim) && index < input.size(dim), "select(): index ", index,
              " out of range for tensor of size ", input.sizes(), " at dimension ", dim);
  check_same_out_dtype(call, input);
  const Tensor target = same_strides(input);
  return replaced(call, target, select(target, dim, index));
}

Result slice_scatter_op(const Call& call) {
  const Tensor& input = input_of(call);
  const Value* a = call.args;
  check_index(input.dim() > 0, "slice() cannot be applied to a 0-dim tensor.");
  const int dim = wrap_dim(a[2].integer(), input.dim());
  const std::int64_t size = input.size(dim), step = a[5].integer();
  check(step > 0, "slice step must be positive");
  const auto bound = [&](const Value& value, std::int64_t otherwise, std::int64_t low) {
    if (!value.given()) return otherwise;
    const std::int64_t at = value.integer() < 0 ? value.integer() + size : value.integer();
    return std::clamp(at, low, size);
  };
  const std::int64_t start = bound(a[3], 0, 0), end = std::max(bound(a[4], size, 0), start);
  check_same_out_dtype(call, input);
  const Tensor target = same_strides(input);
  return replaced(call, target, slice(target, dim, start, step, (end - start) / step + ((end - start) % step != 0)));
}

Result diagonal_scatter_op(const Call& call) {
  const Tensor& input = input_of(call);
  const Value* a = call.args;
  const std::int64_t offset = a[2].integer();
  const int dim1 = wrap_dim(a[3].integer(), input.dim()), dim2 = wrap_dim(a[4].integer(), input.dim());
  check(dim1 != dim2, "diagonal dimensions cannot be identical ", a[3].integer(), ", ", a[4].integer());
  check_same_out_dtype(call, input);
  const Tensor target = same_strides(input);
  const std::int64_t size1 = target.size(dim1), size2 = target.size(dim2);
  const std::int64_t count =
      std::max<std::int64_t>(0, offset >= 0 ? std::min(size1, size2 - offset) : std::min(size1 + offset, size2));
  Dims sizes = target.sizes(), strides = target.strides();
  for (int d : {std::max(dim1, dim2), std::min(dim1, dim2)}) {
    sizes.erase(d);
    strides.erase(d);
  }
  sizes.push_back(count);
  strides.push_back(target.stride(dim1) + target.stride(dim2));
  const std::int64_t first = count == 0 ? 0 : offset >= 0 ? offset * target.stride(dim2) : -offset * target.stride(dim1);
  return replaced(call, target, target.view_as(sizes, strides, first));
}

Result as_strided_scatter_op(const Call& call) {
  const Tensor& input = input_of(call);
  const Value* a = call.args;
  const Dims &size = a[2].ints, &stride = a[3].ints;
  check(size.size() == stride.size(), "mismatch in length of strides and shape");
  std::int64_t last = 0;
  bool empty = false;
  for (int d = 0; d < size.size(); ++d) {
    check(size[d] >= 0, "Trying to create tensor with negative dimension ", size[d], ": ", size);
    check(stride[d] >= 0, "as_strided: Negative strides are not supported at the moment, got strides: ", stride);
    empty = empty || size[d] == 0;
  }
  bool fits = true;
  for (int d = 0; d < size.size() && !empty; ++d) {
    std::int64_t reach;
    fits = fits && !__builtin_mul_overflow(size[d] - 1, stride[d], &reach) && !__builtin_add_overflow(last, reach, &last);
  }
  check_same_out_dtype(call, input);
  const Tensor target = same_strides(input);
  const std::int64_t offset = a[4].given() ? a[4].integer() : target.storage_offset(), item = target.itemsize();
  check(offset >= 0, "Tensor: invalid storage offset ", offset);
  const auto bytes = static_cast<std::int64_t>(target.storage()->nbytes);
  fits = fits && offset <= bytes / item && (empty || last < bytes / item - offset);
  check(fits, "setStorage: sizes ", size, ", strides ", stride, ", storage offset ", offset, ", and itemsize ", item,
        " requiring a storage size of ", (offset + last + 1) * item, " are out of bounds for storage of size ", bytes);
  const Tensor view(target.storage(), static_cast<char*>(target.storage()->data) + offset * item, target.dtype(), size, stride);
  return replaced(call, target, view);
}

constexpr unsigned kForms = kFunction | kMethod | kOut;

constexpr OpRow kRows[] = {
    {"select_scatter", "", "input: Tensor, src: Tensor, dim: int, index: int", kForms, select_scatter_op,
     "A copy of input with src in place of input.select(dim, index).\n\n"
     ">>> wengert.zeros(2, 2).select_scatter(wengert.ones(2), 0, 1)\ntensor([[0., 0.],\n        [1., 1.]])"},
    {"slice_scatter", "", "input: Tensor, src: Tensor, dim: int = 0, start: int? = None, end: int? = None, step: int = 1",
     kForms, slice_scatter_op,
     "A copy of input with src in place of the slice start:end:step of dim.\n\n"
     ">>> wengert.zeros(4).slice_scatter(wengert.ones(2), start=1, step=2)\ntensor([0., 1., 0., 1.])"},
    {"diagonal_scatter", "", "input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1", kForms,
     diagonal_scatter_op,
     "A copy of input with src in place of input.diagonal(offset, dim1, dim2).\n\n"
     ">>> wengert.zeros(2, 2).diagonal_scatter(wengert.ones(2))\ntensor([[1., 0.],\n        [0., 1.]])"},
    {"as_strided_scatter", "", "input: Tensor, src: Tensor, size: tuple, stride: tuple, storage_offset: int? = None", kForms,
     as_strided_scatter_op,
     "A copy of input with src in place of input.as_strided(size, stride, storage_offset).\n\n"
     ">>> wengert.zeros(4).as_strided_scatter(wengert.ones(2), (2,), (3,))\ntensor([1., 0., 0., 1.])"},
};

}  // namespace

constinit const std::span<const OpRow> kViewScatterOps = kRows;

}  // namespace wengert
