#include "ops/masked.h"

#include <vector>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/indexed.h"
#include "ops/strided.h"
#include "ops/view.h"

namespace wengert {
namespace {

constexpr std::int64_t kChunk = 32768;             // mask bytes that a thread counts, then moves, as one
constexpr double kCountNs = 0.02, kMoveNs = 0.25;  // a byte of a mask, an element moved (measured)

const MaskKernels& masks() { return *kernels().mask; }
const std::uint8_t* bytes_of(const Tensor& mask) { return mask.data<const std::uint8_t>(); }

// Where each chunk's selected elements begin among all; the last entry is their number.
struct Starts {
  std::vector<std::int64_t> at;

  explicit Starts(const Tensor& mask) {
    const std::int64_t n = mask.numel(), chunks = (n + kChunk - 1) / kChunk;
    at.resize(chunks + 1);
    const double ns = kCountNs * static_cast<double>(n);
    LongWork work(ns);
    parallel_for(chunks, 1, ns, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t c = begin; c < end; ++c)
        at[c + 1] = masks().count(bytes_of(mask) + c * kChunk, std::min(kChunk, n - c * kChunk));
    });
    for (std::int64_t c = 0; c < chunks; ++c) at[c + 1] += at[c];
  }
  std::int64_t total() const { return at.back(); }

  // f(first position, how many, what was selected before) for every chunk.
  template <class F>
  void each(std::int64_t n, F f) const {
    const auto chunks = static_cast<std::int64_t>(at.size()) - 1;
    const double ns = kMoveNs * static_cast<double>(n);
    LongWork work(ns);
    parallel_for(chunks, 1, ns, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t c = begin; c < end; ++c) f(c * kChunk, std::min(kChunk, n - c * kChunk), at[c]);
    });
  }
};

// The coordinates of row-major positions, ascending, as the columns of rows.
void unravel(const std::int64_t* positions, std::int64_t n, const Dims& sizes, std::int64_t* columns) {
  const int last = sizes.size() - 1;
  const std::int64_t width = sizes[last];
  const double ns = 2.0 * static_cast<double>(n);
  LongWork work(ns);
  parallel_for(n, 1024, ns, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t coordinate[kMaxDims], row = -1, row_end = 0;  // of the row that positions are in
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t p = positions[i];
      if (p >= row_end) {
        if (row >= 0 && p < row_end + width) {  // the next row
          ++row;
          for (int d = last - 1; d >= 0 && ++coordinate[d] == sizes[d]; --d) coordinate[d] = 0;
        } else {
          row = p / width;
          for (std::int64_t d = last - 1, rest = row; d >= 0; --d) {
            coordinate[d] = rest % sizes[static_cast<int>(d)];
            rest /= sizes[static_cast<int>(d)];
          }
        }
        row_end = (row + 1) * width;
      }
      for (int d = 0; d < last; ++d) columns[d * n + i] = coordinate[d];
      columns[last * n + i] = p - (row_end - width);
    }
  });
}

// Row-major bytes that are zero where `input` is: itself where it is so already.
const Tensor& mask_bytes(const Tensor& input, Tensor* made) {
  if (input.itemsize() == 1) return contiguous(input, made);
  return *made = contiguous(to_dtype(input, DType::boolean));
}

}  // namespace

std::int64_t count_selected(const Tensor& mask) {
  Tensor made;
  const Tensor& bytes = mask_bytes(mask, &made);
  return bytes.numel() <= kChunk ? masks().count(bytes_of(bytes), bytes.numel()) : Starts(bytes).total();
}

Tensor nonzero_positions(const Tensor& input) {
  Tensor made;
  const Tensor& mask = mask_bytes(input, &made);
  const std::int64_t n = mask.numel();
  if (n <= kChunk) {
    Tensor result = Tensor::empty({masks().count(bytes_of(mask), n)}, DType::int64);
    masks().positions(bytes_of(mask), n, 0, result.data<std::int64_t>());
    return result;
  }
  const Starts starts(mask);
  const Tensor result = Tensor::empty({starts.total()}, DType::int64);
  starts.each(n, [&](std::int64_t first, std::int64_t count, std::int64_t before) {
    masks().positions(bytes_of(mask) + first, count, first, result.data<std::int64_t>() + before);
  });
  return result;
}

Tensor nonzero(const Tensor& input) {
  const Tensor positions = nonzero_positions(input);
  const std::int64_t n = positions.numel(), dims = input.dim();
  if (dims <= 1) return positions.view_as({n, dims}, {1, dims == 0 ? 1 : std::max<std::int64_t>(n, 1)});
  const Tensor columns = Tensor::empty({dims, n}, DType::int64);
  unravel(positions.data<std::int64_t>(), n, input.sizes(), columns.data<std::int64_t>());
  return transpose(columns, 0, 1);
}

Tensor compress(const Tensor& input, const Tensor& mask) {
  Tensor made_dense, made;
  const Tensor &dense = contiguous(input, &made_dense), &bytes = mask_bytes(mask, &made);
  const MaskLoop loop = masks().compress[log2_of(input.itemsize())];
  const std::int64_t n = bytes.numel(), item = input.itemsize();
  if (n <= kChunk) {
    Tensor result = Tensor::empty({masks().count(bytes_of(bytes), n)}, input.dtype());
    loop({bytes_of(bytes), dense.data(), result.data(), n});
    return result;
  }
  const Starts starts(bytes);
  const Tensor result = Tensor::empty({starts.total()}, input.dtype());
  starts.each(n, [&](std::int64_t first, std::int64_t count, std::int64_t before) {
    loop({bytes_of(bytes) + first, dense.data() + first * item, result.data() + before * item, count});
  });
  return result;
}

void expand_into(const Tensor& target, const Tensor& mask, const Tensor& source) {
  Tensor made;
  const Tensor& bytes = mask_bytes(mask, &made);
  const MaskLoop loop = masks().expand[log2_of(target.itemsize())];
  const std::int64_t n = bytes.numel(), item = target.itemsize();
  if (n <= kChunk) {
    loop({bytes_of(bytes), source.data(), target.data(), n});
    return;
  }
  Starts(bytes).each(n, [&](std::int64_t first, std::int64_t count, std::int64_t before) {
    loop({bytes_of(bytes) + first, source.data() + before * item, target.data() + first * item, count});
  });
}

void fill_selected(const Tensor& target, const Tensor& mask, const Tensor& value) {
  Tensor made;
  const Tensor& bytes = mask_bytes(mask, &made);
  const MaskLoop loop = masks().fill[log2_of(target.itemsize())];
  const std::int64_t n = bytes.numel(), item = target.itemsize();
  const double ns = 0.02 * static_cast<double>(n * item);
  LongWork work(ns);
  parallel_for(n, Walk::kElementUnit, ns, [&](std::int64_t begin, std::int64_t end) {
    loop({bytes_of(bytes) + begin, value.data(), target.data() + begin * item, end - begin});
  });
}

namespace {

const Tensor& input_of(const Call& call) { return *call.args[0].tensor; }

// The columns of nonzero's result, one for each dimension; a 0-d tensor counts as 1-d.
std::vector<Tensor> columns_of(const Tensor& input) {
  std::vector<Tensor> columns;
  const Tensor rows = nonzero(input.dim() == 0 ? unsqueeze(input, 0) : input);
  for (int d = 0; d < rows.size(1); ++d) columns.push_back(select(rows, 1, d));
  return columns;
}

Result nonzero_op(const Call& call) {
  if (call.args[1].truth()) {
    check(!call.out, "nonzero does not support the out kwarg when as_tuple is True");
    return columns_of(input_of(call));
  }
  if (!call.out) return nonzero(input_of(call));
  check(call.out->dtype() == DType::int64, "nonzero: Expected out tensor to have scalar type Long but got scalar type",
        info(call.out->dtype()).scalar);
  const Tensor rows = nonzero(input_of(call));
  check_out("nonzero", call.out, rows.sizes(), DType::int64);
  copy_into(*call.out, rows);
  return *call.out;
}

Result argwhere_op(const Call& call) { return nonzero(input_of(call)); }
Result where_op(const Call& call) { return columns_of(input_of(call)); }

Result nonzero_static_op(const Call& call) {
  const Tensor& input = input_of(call);
  const std::int64_t size = call.args[1].integer();
  check(size >= 0, "nonzero_static: 'size' must be an non-negative integer");
  const Tensor result = result_of(call, {size, input.dim()}, DType::int64);
  const Tensor rows = nonzero(input);
  const std::int64_t found = std::min(size, rows.size(0));
  copy_into(slice(result, 0, 0, 1, found), slice(rows, 0, 0, 1, found));
  fill(slice(result, 0, found, 1, size - found), call.args[2].number);
  return written(call, result);
}

Result masked_select_op(const Call& call) {
  const Tensor &input = input_of(call), &mask = *call.args[1].tensor;
  check(mask.dtype() == DType::boolean, "masked_select: expected BoolTensor for mask");
  check(!call.out || call.out->dtype() == input.dtype(), "masked_select(): self and result must have the same scalar type");
  const bool same = mask.sizes() == input.sizes();
  const Dims sizes = same ? input.sizes() : broadcast(mask.sizes(), input.sizes());
  Tensor result = same ? compress(input, mask) : compress(expand(input, sizes), expand(mask, sizes));
  if (!call.out) return result;
  check_no_overlap(*call.out, input);
  check_no_overlap(*call.out, mask);
  check_out("masked_select", call.out, result.sizes(), result.dtype());
  copy_into(*call.out, result);
  return *call.out;
}

Result masked_scatter_op(const Call& call) {
  const Tensor &input = input_of(call), &mask = *call.args[1].tensor, &source = *call.args[2].tensor;
  const Dims sizes = call.inplace ? input.sizes() : broadcast(mask.sizes(), input.sizes());
  check(input.dtype() == source.dtype(), "masked_scatter: expected self and source to have same dtypes but got",
        info(input.dtype()).scalar, " and ", info(source.dtype()).scalar);
  Tensor made[4];
  const Tensor& spread = mask.sizes() == sizes ? mask : made[0] = expand(mask, sizes);
  check(mask.dtype() == DType::boolean, "masked_scatter_ only supports boolean masks, but got mask with dtype ",
        info(mask.dtype()).scalar);
  check(count_selected(spread) <= source.numel(), "Number of elements of source < number of ones in mask");
  if (call.inplace) check_writable(input);
  const Tensor& dense = contiguous(source, &made[1]);
  if (call.inplace && input.is_contiguous()) {
    expand_into(input, may_overlap(input, spread) ? made[2] = clone(spread) : spread,
                may_overlap(input, dense) ? made[3] = clone(dense) : dense);
    input.bump_version();
    return input;
  }
  Tensor target = Tensor::empty(sizes, input.dtype());
  copy_into(target, input);
  target.storage()->version = 0;
  expand_into(target, spread, dense);
  if (call.inplace) {
    copy_into(input, target);
    return input;
  }
  if (!call.out) return target;
  check_out("masked_scatter", call.out, target.sizes(), target.dtype());
  copy_into(*call.out, target);
  return *call.out;
}

// Coordinates by floor division and remainder, as PyTorch's for positions out of range.
Result unravel_index_op(const Call& call) {
  const Tensor& indices = input_of(call);
  const Dims& shape = call.args[1].ints;
  check_type(is_integral(indices.dtype()), "expected 'indices' to be integer dtype, but got torch.",
             info(indices.dtype()).name);
  bool negative = false;
  for (std::int64_t size : shape) negative = negative || size < 0;
  check_value(!negative, "'shape' cannot have negative values, but got ", tuple_of(shape));
  const int dims = shape.size();
  const Tensor flat = contiguous(to_dtype(indices, DType::int64));
  Dims sizes = indices.sizes();
  sizes.push_back(dims);
  const Tensor rows = Tensor::empty(sizes, DType::int64);
  bool empty = false;
  for (std::int64_t size : shape) empty = empty || size == 0;
  check(!empty || flat.numel() == 0, "ZeroDivisionError");
  const double ns = 8.0 * static_cast<double>(rows.numel());
  LongWork work(ns);
  parallel_for(flat.numel(), 256, ns, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t rest = flat.data<std::int64_t>()[i];
      for (int d = dims - 1; d >= 0; --d) {
        const std::int64_t below = rest % shape[d] < 0 ? 1 : 0, quotient = rest / shape[d] - below;
        rows.data<std::int64_t>()[i * dims + d] = rest - quotient * shape[d];
        rest = quotient;
      }
    }
  });
  std::vector<Tensor> columns;
  for (int d = 0; d < dims; ++d) columns.push_back(select(rows, rows.dim() - 1, d));
  return columns;
}

constexpr OpRow kRows[] = {
    {"masked_select", "", "input: Tensor, mask: Tensor", kFunction | kMethod | kOut, masked_select_op,
     "The elements where the bool mask is true, as one dimension in row-major order; the two are broadcast together.\n\n"
     ">>> x = wengert.arange(4)\n>>> x.masked_select(x > 1)\ntensor([2, 3])"},
    {"masked_scatter", "", "input: Tensor, mask: Tensor, source: Tensor", kFunction | kMethod | kInplace | kOut,
     masked_scatter_op,
     "Input with the elements where mask is true replaced by those of source, one after the other.\n\n"
     "RuntimeError, before anything is written, where source has too few elements.\n\n"
     ">>> x = wengert.arange(4)\n>>> x.masked_scatter(x > 1, wengert.tensor([8, 9, 10]))\ntensor([0, 1, 8, 9])"},
    {"nonzero", "", "input: Tensor, *, as_tuple: bool = False", kFunction | kMethod | kOut, nonzero_op,
     "The indices of the elements that are not zero, a row for each in row-major order; as_tuple: a tensor for each\n"
     "dimension, fit for indexing.\n\n"
     ">>> wengert.tensor([[0, 5], [7, 0]]).nonzero()\ntensor([[0, 1],\n        [1, 0]])"},
    {"argwhere", "", "input: Tensor", kFunction | kMethod, argwhere_op,
     "The indices of the elements that are not zero, a row for each.\n\n"
     ">>> wengert.tensor([0, 5, 7]).argwhere()\ntensor([[1],\n        [2]])"},
    {"nonzero_static", "", "input: Tensor, *, size: int, fill_value: int = -1", kFunction | kMethod | kOut, nonzero_static_op,
     "The first `size` rows of nonzero, filled up with fill_value where there are fewer.\n\n"
     ">>> wengert.nonzero_static(wengert.tensor([0, 5, 7]), size=3)\ntensor([[ 1],\n        [ 2],\n        [-1]])"},
    {"where.condition", "", "condition: Tensor", kFunction, where_op,
     "The indices of the elements that are not zero: a tensor for each dimension, as nonzero(as_tuple=True).\n\n"
     ">>> wengert.where(wengert.tensor([0, 5, 7]))\n(tensor([1, 2]),)"},
    {"unravel_index", "", "indices: Tensor, shape: int[]", kFunction, unravel_index_op,
     "The coordinates of row-major positions in a tensor of the given shape, a tensor for each dimension.\n\n"
     ">>> wengert.unravel_index(wengert.tensor([5, 7]), (3, 4))\n(tensor([1, 1]), tensor([1, 3]))"},
};

}  // namespace

constinit const std::span<const OpRow> kMaskedOps = kRows;

}  // namespace wengert
