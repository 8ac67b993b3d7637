#include "ops/parts.h"

#include <algorithm>

#include "ops/copy.h"
#include "ops/view.h"

namespace wengert {

Tensor narrow_unchecked(const Tensor& input, int dim, std::int64_t start, std::int64_t length) {
  return slice(input, dim, start, 1, length);
}

Tensor diagonal(const Tensor& input, std::int64_t offset, std::int64_t dim0, std::int64_t dim1) {
  const int a = wrap_dim(dim0, input.dim()), b = wrap_dim(dim1, input.dim());
  check(a != b, "diagonal dimensions cannot be identical ", dim0, ", ", dim1);
  const std::int64_t rows = input.size(a), columns = input.size(b);
  // Compared before they are subtracted: offset may be any int64.
  const std::int64_t length = offset >= 0       ? (offset >= columns ? 0 : std::min(rows, columns - offset))
                              : offset <= -rows ? 0
                                                : std::min(rows + offset, columns);
  const std::int64_t first = length == 0 ? 0 : offset >= 0 ? offset * input.stride(b) : -offset * input.stride(a);
  Dims sizes, strides;
  for (int i = 0; i < input.dim(); ++i) {
    if (i == a || i == b) continue;
    sizes.push_back(input.size(i));
    strides.push_back(input.stride(i));
  }
  sizes.push_back(length);
  strides.push_back(input.stride(a) + input.stride(b));
  return input.view_as(std::move(sizes), std::move(strides), first);
}

namespace {

const Tensor& input_of(const Call& call) { return *call.args[0].tensor; }

// wrap_dim for operators that have no use for a 0-d tensor.
int dim_of(const Tensor& input, std::int64_t dim) {
  const int wrapped = wrap_dim(dim, input.dim());
  check_index(input.dim() > 0, "Dimension specified as ", wrapped, " but tensor has no dimensions");
  return wrapped;
}

Tensor narrow(const Tensor& input, std::int64_t dim, std::int64_t start, std::int64_t length) {
  check(input.dim() > 0, "narrow() cannot be applied to a 0-dim tensor.");
  check(length >= 0, "narrow(): length must be non-negative.");
  const int d = wrap_dim(dim, input.dim());
  const std::int64_t size = input.size(d);
  check_index(start >= -size && start <= size, "start out of range (expected to be in range of [", -size, ", ", size,
              "], but got ", start, ")");
  if (start < 0) start += size;
  check(length <= size - start, "start (", start, ") + length (", length, ") exceeds dimension size (", size, ").");
  return narrow_unchecked(input, d, start, length);
}

Result narrow_op(const Call& call) {
  const Value* a = call.args;
  return narrow(input_of(call), a[1].integer(), a[2].integer(), a[3].integer());
}

Result narrow_tensor_op(const Call& call) {
  const Value* a = call.args;
  const Tensor& start = *a[2].tensor;
  check(start.dim() == 0 && is_integral(start.dtype()), "start must be an 0-dim integral Tensor.");
  return narrow(input_of(call), a[1].integer(), Scalar::load(start.dtype(), start.data()).integer, a[3].integer());
}

Result select_op(const Call& call) {
  const Tensor& input = input_of(call);
  check_index(input.dim() > 0, "select() cannot be applied to a 0-dim tensor.");
  const int dim = wrap_dim(call.args[1].integer(), input.dim());
  const std::int64_t index = call.args[2].integer(), size = input.size(dim);
  check_index(index >= -size && index < size, "select(): index ", index, " out of range for tensor of size ", input.sizes(),
              " at dimension ", dim);
  return select(input, dim, index);
}

Result diagonal_op(const Call& call) {
  const Value* a = call.args;
  return diagonal(input_of(call), a[1].integer(), a[2].integer(), a[3].integer());
}

Result unfold_op(const Call& call) {
  const Tensor& input = input_of(call);
  const int dim = wrap_dim(call.args[1].integer(), input.dim());
  const std::int64_t size = call.args[2].integer(), step = call.args[3].integer();
  const std::int64_t have = input.dim() > 0 ? input.size(dim) : 1;
  check(size >= 0, "size is ", size, " but must be >= 0");
  check(size <= have, "maximum size for tensor at dimension ", dim, " is ", have, " but size is ", size);
  check(step > 0, "step is ", step, " but must be > 0");
  Dims sizes = input.sizes(), strides = input.strides();
  if (input.dim() > 0) {
    const std::int64_t stride = input.stride(dim), windows = (have - size) / step + 1;
    sizes[dim] = windows;
    strides[dim] = windows > 1 ? stride * step : stride * std::min(step, have + 1);
    strides.push_back(stride);
  } else {
    strides.push_back(1);
  }
  sizes.push_back(size);
  return input.view_as(std::move(sizes), std::move(strides));
}

// A view of the whole storage; every element it has must lie inside.
Tensor as_strided(const Tensor& input, const Dims& sizes, const Dims& strides, std::int64_t offset) {
  check(sizes.size() == strides.size(), "mismatch in length of strides and shape");
  check(offset >= 0, "Tensor: invalid storage offset ", offset);
  for (std::int64_t stride : strides)
    check(stride >= 0, "as_strided: Negative strides are not supported at the moment, got strides: ", strides);
  bool overflow = false, empty = false;
  std::int64_t last = 0, bytes = 0, first = 0;
  for (std::int64_t size : sizes) {
    overflow = overflow || size < 0;
    empty = empty || size == 0;
  }
  for (int i = 0; i < sizes.size() && !overflow && !empty; ++i) {
    std::int64_t reach = 0;
    overflow = __builtin_mul_overflow(sizes[i] - 1, strides[i], &reach) || __builtin_add_overflow(last, reach, &last);
  }
  const std::int64_t item = input.itemsize();
  overflow = overflow || __builtin_add_overflow(last, empty ? 0 : 1, &last) || __builtin_mul_overflow(last, item, &bytes);
  check(!overflow, "Storage size calculation overflowed with sizes=", sizes, " and strides=", strides);
  overflow = __builtin_mul_overflow(offset, item, &first) || __builtin_add_overflow(bytes, first, &bytes);
  check(!overflow, "Storage size calculation overflowed with sizes=", sizes, " and strides=", strides);
  const auto have = static_cast<std::int64_t>(input.storage()->nbytes);
  check(empty || bytes <= have, "setStorage: sizes ", sizes, ", strides ", strides, ", storage offset ", offset,
        ", and itemsize ", item, " requiring a storage size of ", bytes, " are out of bounds for storage of size ", have);
  char* data = static_cast<char*>(input.storage()->data);
  return Tensor(input.storage(), data + (empty ? std::min(first, have) : first), input.dtype(), sizes, strides);
}

Result as_strided_op(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = input_of(call);
  const std::int64_t offset = a[3].given() ? a[3].integer() : input.storage_offset();
  Tensor result = as_strided(input, a[1].ints, a[2].ints, offset);
  if (call.inplace) {
    *call.out = result;
    call.out->bump_version();
  }
  return result;
}

// ---- splits ----

using Tensors = std::vector<Tensor>;

Tensors split_with_sizes(const Tensor& input, const Dims& sizes, std::int64_t dim) {
  check(input.dim() != 0, "split expects at least a 1-dimensional tensor");
  const int d = wrap_dim(dim, input.dim());
  std::int64_t total = 0;
  bool overflow = false;
  for (std::int64_t size : sizes) {
    check(size >= 0, "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes=", sizes);
    overflow = overflow || __builtin_add_overflow(total, size, &total);
  }
  check(!overflow && total == input.size(d), "split_with_sizes expects split_sizes to sum exactly to ", input.size(d),
        " (input tensor's size at dimension ", dim, "), but got split_sizes=", sizes);
  Tensors parts;
  parts.reserve(sizes.size());
  std::int64_t start = 0;
  for (std::int64_t size : sizes) {
    parts.push_back(narrow_unchecked(input, d, start, size));
    start += size;
  }
  return parts;
}

Tensors split(const Tensor& input, std::int64_t split_size, int dim) {
  const std::int64_t size = input.size(dim);
  check(split_size > 0 || size == 0, "split_size can only be 0 if dimension size is 0, but got dimension size of ", size);
  Tensors parts;
  if (size == 0) return {input.view_as(input.sizes(), input.strides())};
  parts.reserve((size - 1) / split_size + 1);
  for (std::int64_t start = 0; start < size; start += std::min(split_size, size - start))
    parts.push_back(narrow_unchecked(input, dim, start, std::min(split_size, size - start)));
  return parts;
}

Result split_op(const Call& call) {
  const Tensor& input = input_of(call);
  const std::int64_t split_size = call.args[1].integer();
  check(input.dim() > 0, "split expects at least a 1-dimensional tensor");
  check(split_size >= 0, "split expects split_size be non-negative, but got split_size=", split_size);
  return split(input, split_size, wrap_dim(call.args[2].integer(), input.dim()));
}

Result split_with_sizes_op(const Call& call) {
  return split_with_sizes(input_of(call), call.args[1].ints, call.args[2].integer());
}

Result chunk_op(const Call& call) {
  const Tensor& input = input_of(call);
  const std::int64_t chunks = call.args[1].integer();
  check(input.dim() > 0, "chunk expects at least a 1-dimensional tensor");
  check(chunks > 0, "chunk expects `chunks` to be greater than 0, got: ", chunks);
  const int dim = wrap_dim(call.args[2].integer(), input.dim());
  const std::int64_t size = input.size(dim);
  if (size == 0) return Tensors(chunks, input);
  return split(input, (size - 1) / chunks + 1, dim);
}

int tensor_split_dim(const Tensor& input, std::int64_t dim) {
  check(input.dim() > 0, "tensor_split expected at least a 1-dimensional tensor, but got a tensor with ", input.dim(), " dims");
  return wrap_dim(dim, input.dim());
}

Tensors split_evenly(const Tensor& input, std::int64_t sections, int dim) {
  check(sections > 0, "number of sections must be larger than 0, got ", sections);
  const std::int64_t size = input.size(dim), least = size / sections, larger = size % sections;
  Tensors parts;
  parts.reserve(sections);
  std::int64_t start = 0;
  for (std::int64_t i = 0; i < sections; ++i) {
    const std::int64_t length = least + (i < larger ? 1 : 0);
    parts.push_back(narrow_unchecked(input, dim, start, length));
    start += length;
  }
  return parts;
}

// As x[i:j] between neighbouring indices.
Tensors split_at(const Tensor& input, std::span<const std::int64_t> indices, int dim) {
  const std::int64_t size = input.size(dim);
  const auto clamped = [&](std::int64_t i) { return std::clamp<std::int64_t>(i < 0 ? i + size : i, 0, size); };
  Tensors parts;
  parts.reserve(indices.size() + 1);
  std::int64_t start = 0;
  for (std::size_t i = 0; i <= indices.size(); ++i) {
    const std::int64_t end = i < indices.size() ? clamped(indices[i]) : size;
    parts.push_back(narrow_unchecked(input, dim, start, std::max<std::int64_t>(end - start, 0)));
    start = end;
  }
  return parts;
}

std::span<const std::int64_t> span_of(const Dims& dims) { return {dims.begin(), static_cast<std::size_t>(dims.size())}; }

Result tensor_split_op(const Call& call) {
  const Tensor& input = input_of(call);
  const int dim = tensor_split_dim(input, call.args[2].integer());
  const Value& where = call.args[1];
  if (where.tag == Value::Tag::ints) return split_at(input, span_of(where.ints), dim);
  return split_evenly(input, where.integer(), dim);
}

Result tensor_split_tensor_op(const Call& call) {
  const Tensor &input = input_of(call), &given = *call.args[1].tensor;
  tensor_split_dim(input, 0);
  check(given.dtype() == DType::int64, "tensor_split expected tensor_indices_or_sections to have dtype of long, but got ",
        info(given.dtype()).scalar);
  check(given.dim() <= 1,
        "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but got a tensor "
        "with ",
        given.dim(), " dims");
  const int dim = tensor_split_dim(input, call.args[2].integer());
  const Tensor where = contiguous(given);
  if (where.dim() == 0) return split_evenly(input, *where.data<std::int64_t>(), dim);
  return split_at(input, {where.data<std::int64_t>(), static_cast<std::size_t>(where.numel())}, dim);
}

// hsplit, vsplit, dsplit: tensor_split along dim 1 (0 of a vector), 0 and 2, where an int has to divide the size.
template <char Letter, int Dim>
Result letter_split_op(const Call& call) {
  constexpr int least = Letter == 'h' ? 1 : Letter == 'v' ? 2 : 3;
  const Tensor& input = input_of(call);
  check(input.dim() >= least, "torch.", Letter, "split requires a tensor with at least ", least,
        " dimension, but got a tensor with ", input.dim(), " dimensions!");
  const int dim = input.dim() == 1 ? 0 : Dim;
  const Value& where = call.args[1];
  if (where.tag == Value::Tag::ints) return split_at(input, span_of(where.ints), dim);
  const std::int64_t sections = where.integer();
  check(sections != 0 && input.size(dim) % sections == 0, "torch.", Letter, "split attempted to split along dimension ", dim,
        ", but the size of the dimension ", input.size(dim), " is not divisible by the split_size ", sections, "!");
  return split_evenly(input, sections, dim);
}

Result unbind_op(const Call& call) {
  const Tensor& input = input_of(call);
  const int dim = dim_of(input, call.args[1].integer());
  Tensors parts;
  parts.reserve(input.size(dim));
  for (std::int64_t i = 0; i < input.size(dim); ++i) parts.push_back(select(input, dim, i));
  return parts;
}

#define WENGERT_LETTER_SPLIT(name, letter, dim, where, example)                                                         \
  {name,                                                                                                                \
   "",                                                                                                                  \
   "input: Tensor, sections: int -> Tensor[]",                                                                          \
   kFunction | kMethod,                                                                                                 \
   letter_split_op<letter, dim>,                                                                                        \
   "Views of equal parts along " where "; sections has to divide its size.\n\n" example},                               \
  {                                                                                                                     \
    name ".indices", "", "input: Tensor, indices: list -> Tensor[]", kFunction | kMethod, letter_split_op<letter, dim>, \
        "Views of the parts before, between and after indices along " where ".\n\n" example                             \
  }

// Overloads for tensors come first: a 0-d tensor of integers also passes as an int.
constexpr OpRow kRows[] = {
    {"narrow.tensor", "", "input: Tensor, dim: int, start: Tensor, length: int", kFunction | kMethod, narrow_tensor_op,
     "As narrow, with start as a 0-d tensor of integers.\n\n"
     ">>> wengert.arange(5).narrow(0, wengert.tensor(1), 3)\ntensor([1, 2, 3])"},
    {"narrow", "", "input: Tensor, dim: int, start: int, length: int", kFunction | kMethod, narrow_op,
     "A view of the elements start .. start + length - 1 of dimension dim.\n\n"
     ">>> wengert.arange(5).narrow(0, 1, 3)\ntensor([1, 2, 3])"},
    {"select", "", "input: Tensor, dim: int, index: int", kFunction | kMethod, select_op,
     "A view of one index of dimension dim, without that dimension.\n\n"
     ">>> wengert.tensor([[1, 2], [3, 4]]).select(1, -1)\ntensor([2, 4])"},
    {"diagonal", "", "input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1", kFunction | kMethod, diagonal_op,
     "A view of the diagonal of dim1 and dim2, as the last dimension; offset > 0 lies above the main one, < 0 below.\n\n"
     ">>> wengert.tensor([[1, 2], [3, 4]]).diagonal()\ntensor([1, 4])"},
    {"unfold", "", "input: Tensor, dimension: int, size: int, step: int", kMethod, unfold_op,
     "A view of the windows of `size` elements, `step` apart, along a dimension; the windows are the last dimension.\n\n"
     ">>> wengert.arange(5).unfold(0, 3, 2)\ntensor([[0, 1, 2],\n        [2, 3, 4]])"},
    {"as_strided", "", "input: Tensor, size: tuple, stride: tuple, storage_offset: int? = None", kFunction | kMethod | kInplace,
     as_strided_op,
     "A view of input's storage with any sizes and strides, counted in elements; RuntimeError outside the storage.\n\n"
     ">>> wengert.arange(6).as_strided((2, 2), (1, 3))\ntensor([[0, 3],\n        [1, 4]])"},
    {"split", "", "tensor: Tensor, split_size_or_sections: int, dim: int = 0 -> Tensor[]", kFunction, split_op,
     "Views of the parts of split_size_or_sections elements along dim; the last may be smaller.\n\n"
     ">>> wengert.split(wengert.arange(5), 2)\n(tensor([0, 1]), tensor([2, 3]), tensor([4]))"},
    {"split.sizes", "", "tensor: Tensor, split_size_or_sections: list, dim: int = 0 -> Tensor[]", kFunction,
     split_with_sizes_op,
     "Views of the parts of the given sizes along dim.\n\n"
     ">>> wengert.split(wengert.arange(3), [1, 2])\n(tensor([0]), tensor([1, 2]))"},
    {"split.method", "", "input: Tensor, split_size: int, dim: int = 0 -> Tensor[]", kMethod, split_op,
     "Views of the parts of split_size elements along dim; the last may be smaller.\n\n"
     ">>> wengert.arange(3).split(2)\n(tensor([0, 1]), tensor([2]))"},
    {"split.method_sizes", "", "input: Tensor, split_size: list, dim: int = 0 -> Tensor[]", kMethod, split_with_sizes_op,
     "Views of the parts of the given sizes along dim.\n\n"
     ">>> wengert.arange(3).split([1, 2])\n(tensor([0]), tensor([1, 2]))"},
    {"split_with_sizes", "unsafe_split_with_sizes", "input: Tensor, split_sizes: list, dim: int = 0 -> Tensor[]",
     kFunction | kMethod, split_with_sizes_op,
     "Views of the parts of the given sizes along dim.\n\n"
     ">>> wengert.split_with_sizes(wengert.arange(3), [1, 2])\n(tensor([0]), tensor([1, 2]))"},
    {"unsafe_split", "", "input: Tensor, split_size: int, dim: int = 0 -> Tensor[]", kFunction | kMethod, split_op,
     "As split.\n\n>>> wengert.unsafe_split(wengert.arange(3), 2)\n(tensor([0, 1]), tensor([2]))"},
    {"chunk", "unsafe_chunk", "input: Tensor, chunks: int, dim: int = 0 -> Tensor[]", kFunction | kMethod, chunk_op,
     "Views of at most `chunks` parts of equal size along dim; the last may be smaller.\n\n"
     ">>> wengert.arange(5).chunk(2)\n(tensor([0, 1, 2]), tensor([3, 4]))"},
    {"tensor_split.tensor", "", "input: Tensor, tensor_indices_or_sections: Tensor, dim: int = 0 -> Tensor[]",
     kFunction | kMethod, tensor_split_tensor_op,
     "As the other two, for a 0-d (sections) or 1-d (indices) tensor of int64.\n\n"
     ">>> wengert.arange(3).tensor_split(wengert.tensor([1]))\n(tensor([0]), tensor([1, 2]))"},
    WENGERT_LETTER_SPLIT("hsplit", 'h', 1, "dimension 1, 0 of a vector",
                         ">>> wengert.hsplit(wengert.arange(2), 2)\n(tensor([0]), tensor([1]))"),
    WENGERT_LETTER_SPLIT("vsplit", 'v', 0, "dimension 0",
                         ">>> wengert.vsplit(wengert.zeros(2, 1), 2)\n(tensor([[0.]]), tensor([[0.]]))"),
    WENGERT_LETTER_SPLIT("dsplit", 'd', 2, "dimension 2",
                         ">>> [part.shape for part in wengert.dsplit(wengert.zeros(1, 1, 4), 2)]\n"
                         "[torch.Size([1, 1, 2]), torch.Size([1, 1, 2])]"),
    {"tensor_split", "", "input: Tensor, sections: int, dim: int = 0 -> Tensor[]", kFunction | kMethod, tensor_split_op,
     "Views of exactly `sections` parts along dim, the first of them one larger where the size is no multiple.\n\n"
     ">>> wengert.arange(3).tensor_split(2)\n(tensor([0, 1]), tensor([2]))"},
    {"tensor_split.indices", "", "input: Tensor, indices: list, dim: int = 0 -> Tensor[]", kFunction | kMethod, tensor_split_op,
     "Views of the parts before, between and after indices along dim.\n\n"
     ">>> wengert.arange(3).tensor_split([1])\n(tensor([0]), tensor([1, 2]))"},
    {"unbind", "", "input: Tensor, dim: int = 0 -> Tensor[]", kFunction | kMethod, unbind_op,
     "Views of the slices along dim, without that dimension.\n\n"
     ">>> wengert.tensor([[1, 2], [3, 4]]).unbind()\n(tensor([1, 2]), tensor([3, 4]))"},
};

}  // namespace

constinit const std::span<const OpRow> kPartOps = kRows;

}  // namespace wengert
