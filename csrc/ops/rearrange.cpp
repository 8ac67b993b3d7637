#include "ops/rearrange.h"

#include <algorithm>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/parts.h"
#include "ops/strided.h"
#include "ops/view.h"

namespace wengert {
namespace {

const Tensor& input_of(const Call& call) { return *call.args[0].tensor; }

// ---- flip, rot90 ----

Tensor flip(const Tensor& input, const Dims& dims) {
  bool turned[kMaxDims] = {};
  for (std::int64_t dim : dims) {
    const int i = wrap_dim(dim, input.dim());
    check(!turned[i], "dim ", i, " appears multiple times in the list of dims");
    turned[i] = true;
  }
  Tensor result = empty_alike(input, input.dtype());
  if (input.numel() == 0) return result;
  Dims strides = input.strides();
  std::int64_t first = 0;
  for (int i = 0; i < input.dim(); ++i) {
    if (!turned[i]) continue;
    first += (input.size(i) - 1) * input.stride(i);
    strides[i] = -strides[i];
  }
  copy_unchecked(result, input.view_as(input.sizes(), strides, first));
  return result;
}

Result flip_op(const Call& call) { return flip(input_of(call), call.args[1].ints); }

Result fliplr_op(const Call& call) {
  check(input_of(call).dim() >= 2, "Input must be >= 2-d.");
  return flip(input_of(call), {1});
}

Result flipud_op(const Call& call) {
  check(input_of(call).dim() >= 1, "Input must be >= 1-d.");
  return flip(input_of(call), {0});
}

Result rot90_op(const Call& call) {
  const Tensor& input = input_of(call);
  const std::int64_t k = call.args[1].integer();
  const Dims dims = call.args[2].given() ? call.args[2].ints : Dims{0, 1};
  check(dims.size() == 2, "expected total rotation dims == 2, but got dims = ", dims.size());
  check(input.dim() >= 2, "expected total dims >= 2, but got total dims = ", input.dim());
  for (std::int64_t dim : dims) wrap_dim(dim, input.dim());
  check(dims[0] != dims[1] && std::abs(dims[0] - dims[1]) != input.dim(),
        "expected rotation dims to be different, but got dim0 = ", dims[0], " and dim1 = ", dims[1]);
  switch ((k % 4 + 4) % 4) {
    case 1:
      return transpose(flip(input, {dims[1]}), dims[0], dims[1]);
    case 2:
      return flip(input, dims);
    case 3:
      return transpose(flip(input, {dims[0]}), dims[0], dims[1]);
    default: {
      Tensor result = Tensor::empty(input.sizes(), input.dtype());
      copy_unchecked(result, input);
      return result;
    }
  }
}

// ---- roll ----

// Every dimension with a shift is cut in two, whose parts change places: up to 2^dims boxes, each a copy.
Tensor roll(const Tensor& input, const Dims& shifts, const Dims& dims) {
  Tensor result = Tensor::empty(input.sizes(), input.dtype());
  if (input.numel() == 0) return result;
  Dims shift(input.dim());
  for (int i = 0; i < dims.size(); ++i) {
    const int dim = static_cast<int>(dims[i]);
    const std::int64_t size = input.size(dim);
    shift[dim] = ((shift[dim] + shifts[i] % size) % size + size) % size;
  }
  int cut[kMaxDims], cuts = 0;
  for (int i = 0; i < input.dim(); ++i)
    if (shift[i] != 0) cut[cuts++] = i;
  for (std::uint64_t box = 0; box < std::uint64_t{1} << cuts; ++box) {
    Tensor from = input, to = result;
    for (int c = 0; c < cuts; ++c) {
      const int dim = cut[c];
      const std::int64_t size = input.size(dim), by = shift[dim];
      const bool wraps = box >> c & 1;
      from = wraps ? slice(from, dim, size - by, 1, by) : slice(from, dim, 0, 1, size - by);
      to = wraps ? slice(to, dim, 0, 1, by) : slice(to, dim, by, 1, size - by);
    }
    copy_unchecked(to, from, result.nbytes());
  }
  return result;
}

Result roll_op(const Call& call) {
  const Tensor& input = input_of(call);
  const Dims& shifts = call.args[1].ints;
  const Dims& dims = call.args[2].given() ? call.args[2].ints : Dims();
  check(!shifts.empty(), "`shifts` required");
  check((dims.empty() && shifts.size() == 1) || dims.size() == shifts.size(),
        "shifts and dimensions must align. shifts: ", shifts.size(), ", dims:", dims.size());
  if (dims.empty()) {
    const Tensor flat = reshape(input, {input.numel()});
    return reshape(roll(flat, shifts, {0}), input.sizes());
  }
  if (input.numel() == 0) return clone(input);
  Dims wrapped = dims;
  for (std::int64_t& dim : wrapped) {
    check_index(input.dim() > 0, "Dimension specified as ", dim, " but tensor has no dimensions");
    dim = wrap_dim(dim, input.dim());
  }
  return roll(input, shifts, wrapped);
}

// ---- repeat, tile, repeat_interleave ----

Tensor repeat(const Tensor& input, const Dims& repeats) {
  const int added = repeats.size() - input.dim();
  check(added >= 0, "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor");
  Dims sizes(repeats.size());
  for (int i = 0; i < repeats.size(); ++i) {
    const bool overflow = __builtin_mul_overflow(repeats[i], i < added ? 1 : input.size(i - added), &sizes[i]);
    check(!overflow, "Storage size calculation overflowed with repeats=", repeats);
  }
  Tensor result = Tensor::empty(sizes, input.dtype());
  if (result.numel() == 0) return result;
  // Each dimension of the result as (repeats, size); sizes of 1 are left out to stay within the number of dimensions.
  Dims apart, to, from;
  for (int i = 0; i < repeats.size(); ++i) {
    const std::int64_t size = i < added ? 1 : input.size(i - added);
    if (repeats[i] != 1) {
      apart.push_back(repeats[i]);
      to.push_back(size * result.stride(i));
      from.push_back(0);
    }
    if (size != 1) {
      apart.push_back(size);
      to.push_back(result.stride(i));
      from.push_back(input.stride(i - added));
    }
  }
  copy_unchecked(result.view_as(apart, to), input.view_as(apart, from), result.nbytes());
  return result;
}

Result repeat_op(const Call& call) { return repeat(input_of(call), call.args[1].ints); }

Result tile_op(const Call& call) {
  const Tensor& input = input_of(call);
  Dims repeats = call.args[1].ints;
  while (repeats.size() < input.dim()) repeats.insert(0, 1);
  return repeat(input, repeats);
}

void check_repeats_dtype(const Tensor& repeats) {
  if (repeats.dtype() != DType::int64 && repeats.dtype() != DType::int32)
    fail(ErrorKind::not_implemented, "\"repeat_interleave_cpu\" not implemented for '", info(repeats.dtype()).scalar, "'");
}

void check_output_size(const Value& output_size) {
  const std::int64_t size = output_size.given() ? output_size.integer() : 0;
  check(size >= 0, "Trying to create tensor with negative dimension ", size, ": [", size, "]");
}

// The sum of a contiguous vector of repeats.
std::int64_t total_repeats(const Tensor& repeats, const Value& output_size) {
  check_output_size(output_size);
  std::int64_t total = 0;
  bool overflow = false, negative = false;
  for (std::int64_t i = 0; i < repeats.numel(); ++i) {
    const std::int64_t count =
        repeats.dtype() == DType::int64 ? repeats.data<std::int64_t>()[i] : repeats.data<std::int32_t>()[i];
    negative = negative || count < 0;
    overflow = overflow || __builtin_add_overflow(total, count, &total);
  }
  check(!output_size.given() || overflow || output_size.integer() == total, "allocated size does not match required size");
  check(!negative, "repeats can not be negative");
  check(!overflow, "Storage size calculation overflowed: the repeats add up to more than int64 holds");
  return total;
}

// How often each index: [2, 1] gives [0, 0, 1].
Result repeat_interleave_indices_op(const Call& call) {
  const Tensor& given = input_of(call);
  check_repeats_dtype(given);
  check(given.dim() == 1, "repeat_interleave only accept 1D vector as repeat");
  const Tensor repeats = contiguous(given);
  Tensor result = Tensor::empty({total_repeats(repeats, call.args[1])}, repeats.dtype());
  const auto write = [&]<class T>() {
    T* out = result.data<T>();
    for (std::int64_t i = 0; i < repeats.numel(); ++i)
      for (T k = 0; k < repeats.data<T>()[i]; ++k) *out++ = static_cast<T>(i);
  };
  repeats.dtype() == DType::int64 ? write.operator()<std::int64_t>() : write.operator()<std::int32_t>();
  return result;
}

// The input and its dimension for a repeat_interleave; without a dim, the flattened input.
Tensor interleaved_input(const Tensor& input, const Value& dim, int* along) {
  *along = dim.given() ? wrap_dim(dim.integer(), input.dim()) : 0;
  return dim.given() ? input : reshape(input, {input.numel()});
}

constexpr std::int64_t kFewRepeats = 8;  // below, `repeats` strided copies are faster than a fill for every element

// Every element `repeats` times: in blocks that stay in the cache, each a strided copy for each repeat.
void repeat_elements(const Tensor& result, const Tensor& source, std::int64_t repeats) {
  constexpr std::int64_t kBlock = 2048;
  const std::int64_t item = source.itemsize();
  const CopyLoop copy = kernels().copy->cast[index_of(source.dtype())].to[index_of(source.dtype())];
  const double ns = 0.35 * static_cast<double>(result.numel());
  LongWork work(ns);
  parallel_for(source.numel(), kBlock, ns, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += kBlock) {
      const std::int64_t n = std::min(kBlock, end - i);
      for (std::int64_t k = 0; k < repeats; ++k)
        copy({result.data() + (i * repeats + k) * item, source.data() + i * item, repeats * item, item, 0, 0, n, 1, false});
    }
  });
}

Tensor interleave_evenly(const Tensor& input, std::int64_t repeats, int dim, const Value& output_size) {
  check(repeats >= 0, "Repeats must be non-negative");
  Dims sizes = input.sizes();
  check(!__builtin_mul_overflow(sizes[dim], repeats, &sizes[dim]),
        "Storage size calculation overflowed with repeats=", repeats);
  check(!output_size.given() || output_size.integer() == sizes[dim], "repeat_interleave: Invalid output_size, expected ",
        sizes[dim], " but got ", output_size.given() ? output_size.integer() : 0);
  Tensor result = Tensor::empty(sizes, input.dtype());
  if (result.numel() == 0) return result;
  if (dim == input.dim() - 1 && repeats <= kFewRepeats) {
    repeat_elements(result, contiguous(input), repeats);
    return result;
  }
  Dims apart = input.sizes(), to = result.strides(), from = input.strides();
  to[dim] *= repeats;
  apart.insert(dim + 1, repeats);
  to.insert(dim + 1, result.stride(dim));
  from.insert(dim + 1, 0);
  copy_unchecked(result.view_as(apart, to), input.view_as(apart, from), result.nbytes());
  return result;
}

Result repeat_interleave_int_op(const Call& call) {
  int dim;
  const Tensor input = interleaved_input(input_of(call), call.args[2], &dim);
  check(call.args[1].integer() >= 0, "Repeats must be non-negative");
  check_index(input.dim() > 0, "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
  return interleave_evenly(input, call.args[1].integer(), dim, call.args[3]);
}

Result repeat_interleave_op(const Call& call) {
  const Tensor& given = *call.args[1].tensor;
  const Value& along = call.args[2];
  check(given.dim() <= 1, "repeats must be 0-dim or 1-dim tensor");
  check_index(!along.given() || input_of(call).dim() > 0, "Dimension specified as ", along.given() ? along.integer() : 0,
              " but tensor has no dimensions");
  int dim;
  const Tensor input = interleaved_input(input_of(call), along, &dim);
  const Tensor repeats = contiguous(given);
  const std::int64_t size = input.size(dim);
  const bool one = repeats.numel() == 1;
  check(one || repeats.numel() == size,
        "repeats must have the same size as input along dim, but got repeats.size(0) = ", repeats.numel(), " and input.size(",
        along.given() ? along.integer() : 0, ") = ", size);
  check_repeats_dtype(repeats);
  const auto count = [&](std::int64_t i) {
    return repeats.dtype() == DType::int64 ? repeats.data<std::int64_t>()[i] : repeats.data<std::int32_t>()[i];
  };
  if (one) {
    check_output_size(call.args[3]);
    check(count(0) >= 0, "repeats can not be negative");
    check(!call.args[3].given() || call.args[3].integer() == size * count(0), "allocated size does not match required size");
    return interleave_evenly(input, count(0), dim, Value());
  }
  Dims sizes = input.sizes();
  sizes[dim] = total_repeats(repeats, call.args[3]);
  Tensor result = Tensor::empty(sizes, input.dtype());
  if (result.numel() == 0) return result;
  const Tensor source = contiguous(input);
  std::int64_t rows = 1, n = 1;
  for (int i = 0; i < input.dim(); ++i) (i < dim ? rows : n) *= i == dim ? 1 : input.size(i);
  const std::int64_t item = input.itemsize(), row = n * item;
  const CopyLoop copy = kernels().copy->cast[index_of(input.dtype())].to[index_of(input.dtype())];
  const double ns = 0.022 * static_cast<double>(result.nbytes()) + 5.0 * static_cast<double>(rows * size);
  LongWork work(ns);
  parallel_for(rows, 1, ns, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      char* out = result.data() + r * sizes[dim] * row;
      const char* in = source.data() + r * size * row;
      for (std::int64_t i = 0; i < size; ++i, in += row) {
        const std::int64_t times = count(i);
        if (times > 0) copy({out, in, item, item, row, 0, n, times, false});
        out += times * row;
      }
    }
  });
  return result;
}

// ---- padding ----

Result constant_pad_op(const Call& call) {
  const Tensor& input = input_of(call);
  const Dims& pad = call.args[1].ints;
  const int padded = pad.size() / 2, unpadded = input.dim() - padded;
  check(pad.size() % 2 == 0, "Length of pad must be even but instead it equals ", pad.size());
  check(unpadded >= 0, "Length of pad should be no more than twice the number of dimensions of the input. Pad length is ",
        pad.size(), "while the input has ", input.dim(), "dimensions.");
  // Pads come last dimension first, (before, after) each; negative ones cut.
  Tensor kept = input;
  Dims sizes = input.sizes(), before(input.dim());
  bool grows = false;
  const auto cut = [&](int dim, std::int64_t start, std::int64_t length) {
    check(length >= 0, "narrow(): length must be non-negative.");
    kept = narrow_unchecked(kept, dim, start, length);
  };
  for (int i = unpadded; i < input.dim(); ++i) {
    const std::int64_t low = pad[2 * (input.dim() - 1 - i)], high = pad[2 * (input.dim() - 1 - i) + 1];
    if (low < 0) cut(i, std::min(-low, kept.size(i)), kept.size(i) + low);
    if (high < 0) cut(i, 0, kept.size(i) + high);
    before[i] = std::max<std::int64_t>(low, 0);
    grows = grows || low > 0 || high > 0;
    std::int64_t size = 0;
    const bool overflow = __builtin_add_overflow(input.size(i), low, &size) || __builtin_add_overflow(size, high, &size);
    check(!overflow, "Storage size calculation overflowed with pad=", pad);
    sizes[i] = size;
  }
  if (!grows) return clone(kept);
  for (int i = unpadded; i < input.dim(); ++i)
    check(sizes[i] >= 0, "The input size ", input.size(i), ", plus negative padding ", pad[2 * (input.dim() - 1 - i)], " and ",
          pad[2 * (input.dim() - 1 - i) + 1], " resulted in a negative output size, which is invalid. Check dimension ", i,
          " of your input.");
  Tensor result = Tensor::empty(sizes, input.dtype());
  fill(result, call.args[2].number);
  result.storage()->version = 0;
  Tensor middle = result;
  for (int i = unpadded; i < input.dim(); ++i) middle = narrow_unchecked(middle, i, before[i], kept.size(i));
  copy_unchecked(middle, kept);
  return result;
}

constexpr OpRow kRows[] = {
    {"flip", "", "input: Tensor, dims: int[]", kFunction | kMethod, flip_op,
     "A copy with the order of the elements along dims reversed.\n\n"
     ">>> wengert.tensor([[1, 2], [3, 4]]).flip(0)\ntensor([[3, 4],\n        [1, 2]])"},
    {"fliplr", "", "input: Tensor", kFunction | kMethod, fliplr_op,
     "A copy with the order of the columns reversed: dimension 1.\n\n"
     ">>> wengert.fliplr(wengert.tensor([[1, 2], [3, 4]]))\ntensor([[2, 1],\n        [4, 3]])"},
    {"flipud", "", "input: Tensor", kFunction | kMethod, flipud_op,
     "A copy with the order of the rows reversed: dimension 0.\n\n"
     ">>> wengert.flipud(wengert.tensor([[1, 2], [3, 4]]))\ntensor([[3, 4],\n        [1, 2]])"},
    {"rot90", "", "input: Tensor, k: int = 1, dims: tuple? = None", kFunction | kMethod, rot90_op,
     "A copy turned k times by 90 degrees in the plane of dims, (0, 1) unless given, from the first towards the second.\n\n"
     ">>> wengert.rot90(wengert.tensor([[1, 2], [3, 4]]))\ntensor([[2, 4],\n        [1, 3]])"},
    {"roll", "", "input: Tensor, shifts: int[], dims: int[]? = None", kFunction | kMethod, roll_op,
     "A copy shifted along dims; what leaves at one end comes in at the other. Without dims, as if flattened.\n\n"
     ">>> wengert.arange(5).roll(2)\ntensor([3, 4, 0, 1, 2])"},
    {"repeat", "", "input: Tensor, repeats: int[]", kMethod, repeat_op,
     "Copies of input next to each other, as many along each dimension as repeats says; new dimensions come first.\n\n"
     ">>> wengert.tensor([1, 2]).repeat(2, 2)\ntensor([[1, 2, 1, 2],\n        [1, 2, 1, 2]])"},
    {"tile", "", "input: Tensor, dims: int[]", kFunction | kMethod, tile_op,
     "As repeat, where fewer numbers than dimensions count for the last ones.\n\n"
     ">>> wengert.tile(wengert.tensor([[1], [2]]), (2,))\ntensor([[1, 1],\n        [2, 2]])"},
    {"repeat_interleave", "", "repeats: Tensor, *, output_size: int? = None", kFunction, repeat_interleave_indices_op,
     "Each index i as often as repeats[i], an int32 or int64 vector, says.\n\n"
     ">>> wengert.repeat_interleave(wengert.tensor([1, 2]))\ntensor([0, 1, 1])"},
    {"repeat_interleave.tensor", "", "input: Tensor, repeats: Tensor, dim: int? = None, *, output_size: int? = None",
     kFunction | kMethod, repeat_interleave_op,
     "Every slice of input along dim as often as its number in repeats says; without dim, every element.\n\n"
     ">>> wengert.tensor([5, 6]).repeat_interleave(wengert.tensor([1, 2]))\ntensor([5, 6, 6])"},
    {"repeat_interleave.int", "", "input: Tensor, repeats: int, dim: int? = None, *, output_size: int? = None",
     kFunction | kMethod, repeat_interleave_int_op,
     "Every slice of input along dim `repeats` times; without dim, every element.\n\n"
     ">>> wengert.tensor([5, 6]).repeat_interleave(2)\ntensor([5, 5, 6, 6])"},
    {"constant_pad_nd", "", "input: Tensor, pad: list, value: Number = 0", kFunction, constant_pad_op,
     "input with value around it: pad is (before, after) of the last dimension, then of the one before it; negative cuts.\n\n"
     ">>> wengert.constant_pad_nd(wengert.tensor([1, 2]), (1, 2), 9)\ntensor([9, 1, 2, 9, 9])"},
};

}  // namespace

constinit const std::span<const OpRow> kRearrangeOps = kRows;

}  // namespace wengert
