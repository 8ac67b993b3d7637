#include "ops/resize.h"

#include <cstring>

#include "core/tensor.h"
#include "ops/reduce.h"
#include "ops/view.h"

namespace wengert {
namespace {

// Contiguous (where the shape changes or a memory format is asked for), from the same place in the storage; where that is too
// small, the tensor moves to a larger one with what the old one held. Other views keep the old one.
void resize(Tensor* tensor, const Dims& sizes, const Value& memory_format) {
  const std::int64_t item = tensor->itemsize();
  for (std::int64_t size : sizes) check(size >= 0, "Trying to create tensor with negative dimension ", size, ": ", sizes);
  if (tensor->sizes() == sizes && !memory_format.given()) return;
  const std::int64_t numel = checked_numel(sizes, item), offset = tensor->data() - static_cast<char*>(tensor->storage()->data);
  const auto have = static_cast<std::int64_t>(tensor->storage()->nbytes);
  std::int64_t needed = 0;
  check(!__builtin_add_overflow(offset, numel * item, &needed), "Storage size calculation overflowed with sizes=", sizes);
  StorageRef storage = tensor->storage();
  if (numel > 0 && needed > have) {
    check(!storage->release, "Trying to resize storage that is not resizable");
    storage = StorageRef(new_storage(static_cast<std::size_t>(needed)));
    std::memcpy(storage->data, tensor->storage()->data, static_cast<std::size_t>(have));
  }
  storage->version = tensor->storage()->version + 1;  // others hold the tensor object
  char* data = static_cast<char*>(storage->data) + offset;
  *tensor = Tensor(std::move(storage), data, tensor->dtype(), sizes, contiguous_strides(sizes));
}

Result resize_op(const Call& call) {
  resize(call.out, call.args[1].ints, call.args[2]);
  return *call.out;
}

Result resize_as_op(const Call& call) {
  resize(call.out, call.args[1].tensor->sizes(), call.args[2]);
  return *call.out;
}

Result sum_to_size_op(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const Dims& size = call.args[1].ints;
  const int leading = input.dim() - size.size();
  bool fits = leading >= 0;
  for (int i = 0; fits && i < size.size(); ++i) fits = size[i] == 1 || size[i] == input.size(leading + i);
  check(fits, "size {", size, "} is not expandable to size {", input.sizes(), "}.");
  Dims dims;
  for (int i = 0; i < input.dim(); ++i)
    if (i < leading || (size[i - leading] == 1 && input.size(i) != 1)) dims.push_back(i);
  if (size.empty()) return sum(input);
  if (dims.empty()) return input;
  return view(sum(input, dims, true), size);
}

constexpr OpRow kRows[] = {
    {"resize_", "", "input: Tensor, size: int[], *, memory_format: memory_format? = None", kMethod | kInplaceOnly, resize_op,
     "Gives the tensor another shape; elements beyond the old ones hold whatever was in memory.\n\n"
     "Where its memory has to grow, other views keep the old memory.\n\n"
     ">>> wengert.arange(4).resize_(2, 1)\ntensor([[0],\n        [1]])"},
    {"resize_as_", "", "input: Tensor, the_template: Tensor, *, memory_format: memory_format? = None", kMethod | kInplaceOnly,
     resize_as_op,
     "Gives the tensor the shape of another one, as resize_.\n\n"
     ">>> wengert.arange(4).resize_as_(wengert.zeros(2))\ntensor([0, 1])"},
    {"sum_to_size", "", "input: Tensor, size: int[]", kMethod | kSelf, sum_to_size_op,
     "The sums over the dimensions that expand would repeat to get from size to the shape of input.\n\n"
     ">>> wengert.ones(3, 2).sum_to_size(1, 2)\ntensor([[3., 3.]])"},
};

}  // namespace

constinit const std::span<const OpRow> kResizeOps = kRows;

}  // namespace wengert
