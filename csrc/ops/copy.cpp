#include "ops/copy.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/op.h"
#include "ops/promote.h"
#include "ops/strided.h"

namespace wengert {
namespace {

constexpr double kByteNs = 0.011;    // reading or writing a byte in L3: ~100 GB/s measured
constexpr double kStridedNs = 0.4;   // an element that shares its line with no neighbour
constexpr std::int64_t kFew = 1024;  // contiguous elements up to this many need no plan: a small copy is mostly its call
constexpr int kTile = 64;            // side of the tiles of a transposing cast
// Transposing copies write scattered lines, which the cache would first read: past it from 2 MB up.
constexpr std::int64_t kTransposeStreamBytes = std::int64_t{2} << 20;

int log2_of(std::int64_t itemsize) { return itemsize == 1 ? 0 : itemsize == 2 ? 1 : itemsize == 4 ? 2 : 3; }

CopyArgs args_of(const Walk& walk, const WalkPiece& piece, bool stream) {
  const auto step = [&](int k, int d) { return walk.dims > d ? walk.step[k][d] : 0; };
  return {piece.data[0], piece.data[1], step(0, 0), step(1, 0), step(0, 1), step(1, 1), piece.n, piece.rows, stream};
}

// A transposing cast: tiles of the source, transposed in its own width, then cast.
void transpose_cast(const CopyArgs& all, CopyLoop transpose, CopyLoop cast, std::int64_t source_item) {
  alignas(64) char tile[kTile * kTile * 8];
  for (std::int64_t r = 0; r < all.rows; r += kTile) {
    for (std::int64_t i = 0; i < all.n; i += kTile) {
      const std::int64_t n = all.n - i < kTile ? all.n - i : kTile, rows = all.rows - r < kTile ? all.rows - r : kTile;
      transpose({tile, all.in + i * all.in_step + r * all.in_row_step, source_item, all.in_step, n * source_item, source_item,
                 n, rows, false});
      cast({all.out + i * all.out_step + r * all.out_row_step, tile, all.out_step, source_item, all.out_row_step,
            n * source_item, n, rows, false});
    }
  }
}

}  // namespace

void copy_unchecked(const Tensor& out, const Tensor& source, std::int64_t whole_bytes) {
  if (out.numel() == 0) return;
  const CopyKernels& copy = *kernels().copy;
  const CopyLoop cast = copy.cast[index_of(source.dtype())].to[index_of(out.dtype())];
  if (out.numel() <= kFew && out.is_contiguous() && source.is_contiguous() && out.numel() == source.numel())
    return cast({out.data(), source.data(), out.itemsize(), source.itemsize(), 0, 0, out.numel(), 1, false});
  Walk walk;
  int order[kMaxDims];
  const Tensor* tensors[] = {&out, &source};
  Walk::order(out.sizes(), tensors, 2, order);
  walk.start(out.sizes(), order);
  walk.add(out, order);
  walk.add(source, order);
  walk.merge();
  const auto numel = static_cast<double>(out.numel());
  const std::int64_t item = source.itemsize();
  double ns = numel * kByteNs * static_cast<double>(item + out.itemsize());
  const int unit = walk.unit_dim(1, item);
  if (unit == 0) {
    const bool dense = walk.dims == 0 || (walk.step[0][0] == out.itemsize() && walk.step[1][0] <= item && walk.step[1][0] >= 0);
    if (!dense) ns += numel * kStridedNs;
    const bool stream = std::max(whole_bytes, out.nbytes()) > stream_bytes();
    LongWork work(ns);
    for_each_piece(walk, ns, 1, Walk::kElementUnit, [&](const WalkPiece& piece) { cast(args_of(walk, piece, stream)); });
    return;
  }
  if (unit > 1) walk.exchange(1, unit);
  const CopyLoop transpose = copy.transpose[log2_of(item)];
  const bool stream = out.nbytes() > kTransposeStreamBytes, direct = out.dtype() == source.dtype() && walk.step[0][0] == item;
  LongWork work(ns);
  for_each_piece(walk, ns, kTile, Walk::kElementUnit, [&](const WalkPiece& piece) {
    const CopyArgs args = args_of(walk, piece, stream);
    if (direct)
      transpose(args);
    else
      transpose_cast(args, transpose, cast, item);
  });
}

Tensor empty_alike(const Tensor& input, DType dtype) {
  if (input.is_contiguous() && input.numel() > 0) return Tensor::empty(input.sizes(), dtype);
  return Tensor::empty_strided(input.sizes(), dense_layout(input).strides(), dtype);
}

namespace {

const char* c_name(DType dtype) {
  constexpr const char* kNames[kDTypes] = {"bool",     "uint8_t",  "int8_t",   "int16_t", "int",   "int64_t",
                                           "uint16_t", "uint32_t", "uint64_t", "float",   "double"};
  return kNames[index_of(dtype)];
}

// As PyTorch: an unsigned dtype takes a negative integer that wraps to a value it holds; floats keep infinities and NaN.
template <class T>
bool fits(Scalar value) {
  using Limits = std::numeric_limits<T>;
  if constexpr (dtype_of<T>::value == DType::boolean) {
    return true;
  } else if constexpr (!Limits::is_integer) {
    const double v = value.to<double>();
    return !(std::abs(v) <= std::numeric_limits<double>::max()) || std::abs(v) <= static_cast<double>(Limits::max());
  } else if (std::is_same_v<T, std::uint64_t> && !value.is_floating()) {
    return true;
  } else if (value.is_unsigned) {
    return false;
  } else if (value.is_floating()) {
    const double v = value.floating;
    const double limit = 2.0 * static_cast<double>(static_cast<std::uint64_t>(Limits::max()) / 2 + 1);  // max + 1, exactly
    return v >= static_cast<double>(Limits::lowest()) && (sizeof(T) == 8 ? v < limit : v <= static_cast<double>(Limits::max()));
  } else {
    const std::int64_t lowest =
        Limits::is_signed ? static_cast<std::int64_t>(Limits::lowest()) : -static_cast<std::int64_t>(Limits::max());
    return value.integer >= lowest && value.integer <= static_cast<std::int64_t>(Limits::max());
  }
}

}  // namespace

bool holds(DType dtype, Scalar value) {
  return dispatch(dtype, [&]<class T>() { return fits<T>(value); });
}

void fail_to_hold(DType dtype, const std::string& context) {
  fail(ErrorKind::runtime, "value cannot be converted to type ", c_name(dtype), " without overflow", context);
}

namespace {

void fill_unchecked(const Tensor& out, const char* element) {
  if (out.numel() == 0) return;
  if (out.numel() == 1) {
    std::memcpy(out.data(), element, static_cast<std::size_t>(out.itemsize()));
    return;
  }
  const CopyLoop loop = kernels().copy->cast[index_of(out.dtype())].to[index_of(out.dtype())];
  if (out.numel() <= kFew && out.is_contiguous())
    return loop({out.data(), element, out.itemsize(), 0, 0, 0, out.numel(), 1, false});
  Walk walk;
  int order[kMaxDims];
  const Tensor* tensors[] = {&out};
  Walk::order(out.sizes(), tensors, 1, order);
  walk.start(out.sizes(), order);
  walk.add(out, order);
  walk.add_number(const_cast<char*>(element));
  walk.merge();
  const double ns = static_cast<double>(out.nbytes()) * kByteNs;
  const bool stream = out.nbytes() > stream_bytes();
  LongWork work(ns);
  for_each_piece(walk, ns, 1, Walk::kElementUnit, [&](const WalkPiece& piece) { loop(args_of(walk, piece, stream)); });
}

}  // namespace

void copy_into(const Tensor& out, const Tensor& source) {
  if (!(out.sizes() == source.sizes())) {
    const auto shapes = [&] {
      return str(" [copy_: input ", tuple_of(out.sizes()), ", other ", tuple_of(source.sizes()), ']');
    };
    Dims common;
    try {
      common = broadcast(out.sizes(), source.sizes());
    } catch (const Error& error) {
      fail(error.kind(), error.what(), shapes());
    }
    check(common == out.sizes(), "output with shape ", out.sizes(), " doesn't match the broadcast shape ", common, shapes);
  }
  check_writable(out);
  check_no_partial_overlap(out, source);
  out.bump_version();
  if (!may_overlap(out, source)) return copy_unchecked(out, source);
  if (!same_elements(out, source)) copy_unchecked(out, clone(source));
}

void fill(const Tensor& out, Scalar value) {
  if (!holds(out.dtype(), value))
    fail_to_hold(out.dtype(), str(" [fill_: input ", tuple_of(out.sizes()), ' ', info(out.dtype()).name, ']'));
  check_not_read_only(out);
  out.bump_version();
  alignas(8) char element[8];
  value.store(out.dtype(), element);
  if (out.is_contiguous()) return fill_unchecked(out, element);
  Dims once = out.sizes();  // elements that share a place are written once
  for (int i = 0; i < out.dim(); ++i)
    if (out.stride(i) == 0 && once[i] > 1) once[i] = 1;
  fill_unchecked(out.view_as(once, out.strides()), element);
}

Tensor contiguous(const Tensor& input) {
  if (input.is_contiguous()) return input;
  Tensor result = Tensor::empty(input.sizes(), input.dtype());
  copy_unchecked(result, input);
  return result;
}

Tensor contiguous(Tensor&& input) { return input.is_contiguous() ? std::move(input) : contiguous(std::as_const(input)); }

const Tensor& contiguous(const Tensor& input, Tensor* made) {
  return input.is_contiguous() ? input : *made = contiguous(input);
}

const Tensor& contiguous(const Tensor& input, DType dtype, Tensor* made) {
  if (input.dtype() == dtype) return contiguous(input, made);
  *made = Tensor::empty(input.sizes(), dtype);
  copy_unchecked(*made, input);
  return *made;
}

Tensor clone(const Tensor& input) {
  Tensor result = empty_alike(input, input.dtype());
  copy_unchecked(result, input);
  return result;
}

Tensor to_dtype(const Tensor& input, DType dtype) {
  if (input.dtype() == dtype) return input;
  Tensor result = empty_alike(input, dtype);
  copy_unchecked(result, input);
  return result;
}

Tensor to_dtype(Tensor&& input, DType dtype) {
  return input.dtype() == dtype ? std::move(input) : to_dtype(std::as_const(input), dtype);
}

void check_out(const char* op, Tensor* out, const Dims& sizes, DType dtype) {
  check(can_cast(dtype, out->dtype()), "result type ", info(dtype).scalar, " can't be cast to the desired output type ",
        info(out->dtype()).scalar, " [", op, ": out ", tuple_of(out->sizes()), ' ', info(out->dtype()).name, ']');
  if (!(out->sizes() == sizes)) {
    check(out->numel() == 0, "output with shape ", out->sizes(), " doesn't match the result's shape ", sizes, " [", op,
          ": out ", tuple_of(out->sizes()), ", result ", tuple_of(sizes), ']');
    *out = Tensor::empty(sizes, out->dtype());
  }
  check_writable(*out);
}

namespace {

const Tensor& input_of(const Call& call) { return *call.args[0].tensor; }

Result copy_op(const Call& call) {
  const Value& other = call.args[1];
  if (other.is_tensor()) {
    copy_into(input_of(call), *other.tensor);
  } else {  // wraps and truncates, unlike fill_
    const Tensor number = Tensor::empty({}, other.number.is_floating() ? DType::float64 : DType::int64);
    other.number.store(number.dtype(), number.data());
    copy_into(input_of(call), number);
  }
  return input_of(call);
}

Result fill_op(const Call& call) {
  const Tensor& input = input_of(call);
  const Value& value = call.args[1];
  if (value.is_tensor()) {
    check(value.tensor->dim() == 0, "fill_ only supports 0-dimension value tensor but got tensor with ", value.tensor->dim(),
          " dimensions. [fill_: input ", tuple_of(input.sizes()), ", value ", tuple_of(value.tensor->sizes()), ']');
    copy_into(input, *value.tensor);
  } else {
    fill(input, value.number);
  }
  return input;
}

Result filled_op(const Call& call) {
  const Tensor& input = input_of(call);
  const Value& value = call.args[1];
  const Tensor result = empty_alike(input, input.dtype());
  if (value.is_tensor()) {
    check(value.tensor->dim() == 0, "fill_ only supports 0-dimension value tensor but got tensor with ", value.tensor->dim(),
          " dimensions.");
    copy_into(result, *value.tensor);
  } else {
    fill(result, value.number);
  }
  result.storage()->version = 0;
  return result;
}

Result zero_op(const Call& call) {
  fill(input_of(call), Scalar::of(std::int64_t{0}));
  return input_of(call);
}

// The result of an operator made of others, written to its out=.
Result write_op(const Call& call) {
  const Tensor& input = input_of(call);
  if (!call.out) return input;
  check_out("out", call.out, input.sizes(), input.dtype());
  copy_into(*call.out, input);
  return *call.out;
}

constexpr OpRow kRows[] = {
    {"_write", "", "input: Tensor", kFunction | kOut | kSelf, write_op, "input, copied to out= where that is given."},
    {"copy_", "", "input: Tensor, other: Operand, non_blocking: bool = False", kMethod | kInplaceOnly, copy_op,
     "Copies other, broadcast and cast, into input.\n\n"
     ">>> wengert.zeros(2).copy_(wengert.tensor([1, 2]))\ntensor([1., 2.])"},
    {"fill_", "", "input: Tensor, value: Operand", kMethod | kInplaceOnly, fill_op,
     "Sets every element to value.\n\n"
     ">>> wengert.zeros(2).fill_(3)\ntensor([3., 3.])"},
    {"fill", "", "input: Tensor, value: Operand", kFunction, filled_op,
     "A tensor of input's shape and dtype whose elements are all value.\n\n"
     ">>> wengert.fill(wengert.zeros(2), 3)\ntensor([3., 3.])"},
    {"zero_", "", "input: Tensor", kMethod | kInplaceOnly, zero_op,
     "Sets every element to zero.\n\n"
     ">>> wengert.ones(2).zero_()\ntensor([0., 0.])"},
};

}  // namespace

constinit const std::span<const OpRow> kCopyOps = kRows;

}  // namespace wengert
