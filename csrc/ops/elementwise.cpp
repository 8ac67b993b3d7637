#include "ops/elementwise.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string_view>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/promote.h"
#include "ops/strided.h"

namespace wengert {
namespace {

constexpr double kByteNs = 0.009;  // moving a byte between the cores and L3: 115 GB/s measured for an addition
constexpr double kCastNs = 0.05;   // an element through a cast buffer

// ---- messages

std::string_view argument_name(std::string_view signature, int index) {
  for (; index > 0 && signature.find(',') != signature.npos; --index) signature.remove_prefix(signature.find(',') + 2);
  return signature.substr(0, signature.find(':'));
}

// " [mul: input (2, 3), other (2, 4)]"; with dtypes: " [add: input (2, 3) int64, other 1.5]".
std::string context_text(const ElementwiseRow& row, std::span<const Operand> inputs, bool dtypes) {
  std::string text = str(" [", row.name, ": ");
  const std::string_view signature = *row.signature ? row.signature : "input: , other: , alpha: ";
  for (int i = 0; i < static_cast<int>(inputs.size()); ++i) {
    const Operand& operand = inputs[i];
    text += str(i ? ", " : "", argument_name(signature, i), ' ');
    if (operand.tensor) {
      text += tuple_of(operand.tensor->sizes());
      if (dtypes) text += str(' ', info(operand.tensor->dtype()).name);
    } else if (operand.number.is_floating()) {
      text += str(operand.number.floating);
    } else {
      text += str(operand.number.integer);
    }
  }
  return text + ']';
}

// As a part of a message, which is made only where a check fails.
auto context(const ElementwiseRow& row, std::span<const Operand> inputs, bool dtypes) {
  return [&row, inputs, dtypes] { return context_text(row, inputs, dtypes); };
}

[[noreturn, gnu::cold]] void fail_without_loop(const ElementwiseRow& row, std::span<const Operand> inputs, DType compute) {
  if (compute == DType::boolean && row.bool_error) fail(ErrorKind::runtime, row.bool_error, context(row, inputs, true));
  fail(ErrorKind::not_implemented, '"', row.kernel ? row.kernel : str(row.name, "_cpu"), "\" not implemented for '",
       info(compute).scalar, '\'', context(row, inputs, true));
}

// ---- the paths for contiguous operands of one dtype and one shape

// The number's category does not exceed the tensor's, so that the tensor's dtype stays.
bool keeps_dtype(Scalar number, DType dtype) {
  if (is_floating(dtype) || number.kind == Scalar::Kind::boolean) return true;
  return number.kind == Scalar::Kind::integer && dtype != DType::boolean;
}

// Of the last input, where it is a number.
const ElementwiseRow& row_of_number(const ElementwiseRow& row, Scalar number) {
  const double value = number.to<double>();
  for (const ElementwiseNumber& entry : std::span(row.numbers.values, row.numbers.count))
    if (entry.value == value) return *entry.row;
  return *row.numbers.other;
}

struct Number {
  alignas(8) char bytes[8];
};

[[gnu::noinline]] void check_number(const ElementwiseRow& row, std::span<const Operand> inputs, Scalar number, DType dtype) {
  if (!holds(dtype, number)) fail_to_hold(dtype, context_text(row, inputs, true));
}

void store_number(const ElementwiseRow& row, std::span<const Operand> inputs, Scalar number, DType dtype, Number* stored) {
  if (row.checked_numbers) check_number(row, inputs, number, dtype);
  number.store(dtype, stored->bytes);
}

// Runs the loop over n contiguous (or repeated, step 0) elements, over threads where it is worth it.
void run_flat(const ElementwiseRow& row, ElementwiseLoop loop, ElementwiseArgs& args) {
  std::int64_t bytes = 0;
  for (int k = 0; k <= row.arity; ++k) bytes += args.step[k];
  const double ns = static_cast<double>(args.n) * (row.ns + kByteNs * static_cast<double>(bytes));
  args.rows = 1;
  args.stream = false;
  if (ns < kParallelNs) return loop(args);
  args.stream = args.n * args.step[0] > stream_bytes();
  LongWork work(ns);
  parallel_for(args.n, 1024, ns, [&](std::int64_t begin, std::int64_t end) {
    ElementwiseArgs part = args;
    for (int k = 0; k <= row.arity; ++k) part.data[k] += begin * args.step[k];
    part.n = end - begin;
    loop(part);
  });
}

// Whether one of n contiguous elements of an integer dtype is zero.
// (Out of line, as the check of numbers is, for the prologue of the small calls.)
[[gnu::noinline]] bool has_zero(const char* data, DType dtype, std::int64_t n) {
  const ReduceLoop count = kernels().counts->nonzero.rows[index_of(dtype)];
  const auto item = static_cast<std::int64_t>(itemsize(dtype));
  std::atomic<bool> found{false};
  parallel_for(n, 4096, kByteNs * static_cast<double>(n * item), [&](std::int64_t begin, std::int64_t end) {
    std::int64_t nonzero = 0;
    count({.out = reinterpret_cast<char*>(&nonzero),
           .index = nullptr,
           .in = data + begin * item,
           .out_step = 0,
           .index_step = 0,
           .in_step = 0,
           .reduce_step = item,
           .n = 1,
           .count = end - begin});
    if (nonzero != end - begin) found.store(true, std::memory_order_relaxed);
  });
  return found.load();
}

// The common case: contiguous tensors of one shape and dtype, and numbers that keep it. Fills in the inputs of args, and gives
// the tensor that the result is like and its loop; null where this is another case.
const Tensor* simple_case(const ElementwiseRow& row, std::span<const Operand> inputs, const Tensor* out, bool inplace,
                          Number* numbers, ElementwiseArgs& args, ElementwiseLoop* loop) {
  const Tensor* first = inputs[0].tensor;
  if (row.has_mask) [[unlikely]]
    first = inputs[1].tensor ? inputs[1].tensor : inputs[2].tensor;
  else if (!first && row.arity > 1)
    first = inputs[1].tensor;
  if (!first || !first->is_contiguous()) return nullptr;
  const DType dtype = first->dtype();
  *loop = row.loops.by_dtype[index_of(dtype)];
  if (!*loop) return nullptr;
  if (out && out->dtype() != (row.rule == DTypeRule::compare ? DType::boolean : dtype)) return nullptr;
  int k = 0;
  if (row.has_mask) [[unlikely]] {
    const Tensor& mask = *inputs[0].tensor;
    if (mask.dtype() != DType::boolean || !mask.is_contiguous() || !(mask.sizes() == first->sizes())) return nullptr;
    args.data[1] = mask.data();
    args.step[1] = 1;
    k = 1;
  }
  for (; k < row.arity; ++k) {
    if (const Tensor* tensor = inputs[k].tensor) {
      if (tensor != first && (tensor->dtype() != dtype || !tensor->is_contiguous() || !(tensor->sizes() == first->sizes())))
        return nullptr;
      args.data[k + 1] = tensor->data();
      args.step[k + 1] = tensor->itemsize();
    } else {
      if (!keeps_dtype(inputs[k].number, dtype)) return nullptr;
      if (inputs[k].number.kind == Scalar::Kind::boolean && (row.mixed_bool_error || row.has_scale)) return nullptr;
      store_number(row, inputs, inputs[k].number, dtype, &numbers[k]);
      args.data[k + 1] = numbers[k].bytes;
      args.step[k + 1] = 0;
    }
  }
  if (row.zero_error && !is_floating(dtype)) {  // the general path has the error
    const Tensor* divisor = inputs[row.arity - 1].tensor;
    if (has_zero(args.data[row.arity], dtype, divisor ? divisor->numel() : 1)) return nullptr;
  }
  if (row.negative_error && !is_floating(dtype) && inputs.back().number.to<double>() < 0) return nullptr;  // as there
  if (out) {
    if (inplace ? out != first : !out->is_contiguous() || !(out->sizes() == first->sizes())) return nullptr;
    if (!out->writable()) return nullptr;
    for (k = 0; k < row.arity; ++k) {
      const Tensor* input = inputs[k].tensor;
      if (!input || (input->data() == out->data() && input->dtype() == out->dtype())) continue;
      if (may_overlap(*out, *input)) return nullptr;
    }
  }
  return first;
}

// ---- the general path

constexpr std::int64_t kTileBytes = 16384;  // of one operand's tile: two fit L1, all fit L2
constexpr std::int64_t kLine = 64;          // bytes; a tile of a transposed operand is this high, so that its lines are used up
constexpr std::int64_t kTileStreamBytes = std::int64_t{8} << 20;  // a + a.t(): 16 MB 1.5 -> 0.95 ms, 4 MB 0.21 -> 0.30 ms
constexpr std::int64_t kChunk = 512;                              // elements cast at a time

// How one operand comes to, or leaves, the loop.
struct Stage {
  DType dtype;
  bool repeat = false;           // a short row that every row of a tile repeats: copied (and cast) once
  CopyLoop transpose = nullptr;  // first into a tile whose rows are contiguous
  CopyLoop cast = nullptr;       // then (the result: afterwards) between its dtype and the loop's
  bool direct() const { return !transpose && !cast && !repeat; }
};

struct Plan {
  const ElementwiseRow* row;
  ElementwiseLoop loop;
  DType compute;               // of the loop's inputs
  DType wanted[kMaxOperands];  // of its operands: the result's and a mask's may be another
  Walk walk;
  Stage stage[kMaxOperands];
  Number numbers[kMaxOperands];
  std::int64_t tile_n, tile_rows;
  bool staged = false, stream = false;
  bool joined = false;  // the rows of a tile lie one after the other in every operand, and are computed as one
  double ns;
};

// Rows shorter than this are computed many at a time where the result is contiguous: (N, 3) + (3,).
constexpr std::int64_t kShortRow = 64;

// Whether all operands but short repeated rows are contiguous over dimensions 0 and 1.
bool joins_rows(const Plan& plan) {
  const Walk& walk = plan.walk;
  if (walk.dims < 2 || walk.size[0] > kShortRow || walk.size[1] < 8) return false;
  for (int k = 0; k < walk.operands; ++k) {
    if (walk.repeated(k)) continue;
    const auto item = static_cast<std::int64_t>(itemsize(plan.stage[k].dtype));
    if (walk.step[k][0] != item || (walk.step[k][1] != item * walk.size[0] && (k == 0 || walk.step[k][1] != 0))) return false;
  }
  return true;
}

void choose_stages(Plan& plan) {
  Walk& walk = plan.walk;
  const CopyKernels& copy = *kernels().copy;
  std::int64_t widest = static_cast<std::int64_t>(itemsize(plan.compute)), bytes = 0;
  std::int64_t narrowest = 8;  // of the transposed operands
  int casts = 0, unit = 0;
  plan.joined = joins_rows(plan);
  for (int k = 0; k < walk.operands; ++k) {
    Stage& stage = plan.stage[k];
    const auto item = static_cast<std::int64_t>(itemsize(stage.dtype));
    const DType wanted = plan.wanted[k];
    if (k > 0 && walk.repeated(k)) {  // one element: cast once
      if (stage.dtype == wanted) continue;
      copy.cast[index_of(stage.dtype)].to[index_of(wanted)]({plan.numbers[k].bytes, walk.data[k], 0, 0, 0, 0, 1, 1, false});
      walk.data[k] = plan.numbers[k].bytes;
      stage.dtype = wanted;
      continue;
    }
    widest = std::max(widest, item);
    bytes += item;
    stage.repeat = plan.joined && k > 0 && walk.step[k][1] == 0;
    if (stage.dtype != wanted || stage.repeat) {
      stage.cast = k == 0 ? copy.cast[index_of(wanted)].to[index_of(stage.dtype)]
                          : copy.cast[index_of(stage.dtype)].to[index_of(wanted)];
      casts += !stage.repeat;
    }
    if (k > 0) {
      const int d = walk.unit_dim(k, item);
      if (d > 0 && (unit == 0 || unit == d)) {
        unit = d;
        narrowest = std::min(narrowest, item);
        stage.transpose = copy.transpose[item == 1 ? 0 : item == 2 ? 1 : item == 4 ? 2 : 3];
      }
    }
    plan.staged = plan.staged || !stage.direct();
  }
  if (unit > 1) walk.exchange(1, unit);
  const std::int64_t n = walk.dims > 0 ? walk.size[0] : 1;
  plan.tile_rows = unit ? kLine / narrowest : std::max<std::int64_t>(1, kChunk / std::min(n, kChunk));
  plan.tile_n = unit ? kTileBytes / (plan.tile_rows * widest) : std::min(n, kChunk);
  // Tiles write scattered lines, which the cache would first read.
  const std::int64_t result_bytes = walk.numel() * static_cast<std::int64_t>(itemsize(plan.stage[0].dtype));
  plan.stream = unit ? !plan.stage[0].cast && result_bytes > kTileStreamBytes : !plan.staged && result_bytes > stream_bytes();
  plan.ns = static_cast<double>(walk.numel()) * (plan.row->ns + kByteNs * static_cast<double>(bytes) + kCastNs * casts);
}

ElementwiseArgs args_of(const Plan& plan, const WalkPiece& piece) {
  const Walk& walk = plan.walk;
  ElementwiseArgs args;
  for (int k = 0; k < walk.operands; ++k) {
    args.data[k] = piece.data[k];
    args.step[k] = walk.dims > 0 ? walk.step[k][0] : 0;
    args.row_step[k] = walk.dims > 1 ? walk.step[k][1] : 0;
  }
  args.n = piece.n;
  args.rows = piece.rows;
  args.stream = plan.stream;
  return args;
}

// Tile by tile: transposed, cast and repeated operands pass through buffers that stay in cache.
void run_tiles(const Plan& plan, const WalkPiece& piece) {
  alignas(64) char transposed[kMaxOperands][kTileBytes], cast[kMaxOperands][kTileBytes];
  const int operands = plan.walk.operands;
  const ElementwiseArgs whole = args_of(plan, piece);
  for (std::int64_t r = 0; r < whole.rows; r += plan.tile_rows) {
    for (std::int64_t i = 0; i < whole.n; i += plan.tile_n) {
      ElementwiseArgs tile = whole;
      tile.n = std::min(plan.tile_n, whole.n - i);
      tile.rows = std::min(plan.tile_rows, whole.rows - r);
      CopyArgs last{};
      for (int k = 0; k < operands; ++k) {
        tile.data[k] += i * whole.step[k] + r * whole.row_step[k];
        const Stage& stage = plan.stage[k];
        if (stage.direct()) continue;
        const auto item = static_cast<std::int64_t>(itemsize(stage.dtype));
        const auto wanted = static_cast<std::int64_t>(itemsize(plan.wanted[k]));
        if (stage.transpose) {
          stage.transpose({transposed[k], tile.data[k], item, whole.step[k], tile.n * item, item, tile.n, tile.rows, false});
          tile.data[k] = transposed[k], tile.step[k] = item, tile.row_step[k] = tile.n * item;
        }
        if (!stage.cast) continue;
        if (k == 0)
          last = {tile.data[0], cast[0], tile.step[0], wanted, tile.row_step[0], tile.n * wanted, tile.n, tile.rows, false};
        else if (!stage.repeat || r == 0)
          stage.cast(
              {cast[k], tile.data[k], wanted, tile.step[k], tile.n * wanted, tile.row_step[k], tile.n, tile.rows, false});
        tile.data[k] = cast[k], tile.step[k] = wanted, tile.row_step[k] = tile.n * wanted;
      }
      if (plan.joined) {
        tile.n *= tile.rows;
        tile.rows = 1;
      }
      plan.loop(tile);
      if (plan.stage[0].cast) plan.stage[0].cast(last);
    }
  }
}

void run_plan(Plan& plan) {
  LongWork work(plan.ns);
  if (plan.staged) {
    for_each_piece(plan.walk, plan.ns, plan.tile_rows, Walk::kElementUnit,
                   [&](const WalkPiece& piece) { run_tiles(plan, piece); });
  } else {
    for_each_piece(plan.walk, plan.ns, 1, Walk::kElementUnit, [&](const WalkPiece& piece) { plan.loop(args_of(plan, piece)); });
  }
}

}  // namespace

Dims common_shape(const ElementwiseRow& row, std::span<const Operand> inputs) {
  Dims sizes;
  for (const Operand& operand : inputs) {
    if (!operand.tensor) continue;
    try {
      sizes = broadcast(sizes, operand.tensor->sizes());
    } catch (const Error& error) {
      fail(error.kind(), error.what(), context(row, inputs, false));
    }
  }
  return sizes;
}

namespace {

void check_bools(const ElementwiseRow& row, std::span<const Operand> inputs) {
  if (!row.mixed_bool_error) return;
  int bools = 0;
  for (const Operand& operand : inputs.first(2))
    bools += operand.tensor ? operand.tensor->dtype() == DType::boolean : operand.number.kind == Scalar::Kind::boolean;
  if (bools == 2) fail_without_loop(row, inputs, DType::boolean);
  check(bools == 0, row.mixed_bool_error, context(row, inputs, true));
}

DType promote_inputs(const ElementwiseRow& row, std::span<const Operand> inputs) {
  // A mask and a scale have no say.
  const DType promoted = result_type(inputs.subspan(row.has_mask, inputs.size() - row.has_mask - row.has_scale));
  if (row.rule == DTypeRule::floating && !is_floating(promoted)) return default_dtype();
  return row.rule == DTypeRule::number && promoted == DType::boolean ? DType::int64 : promoted;
}

void check_scale(const ElementwiseRow& row, std::span<const Operand> inputs, DType compute) {
  const Scalar scale = inputs.back().number;
  check(scale.kind != Scalar::Kind::boolean || compute == DType::boolean, "Boolean alpha only supported for Boolean results.",
        context(row, inputs, true));
  check(!scale.is_floating() || is_floating(compute),
        "For integral input tensors, argument alpha must not be a floating point number.", context(row, inputs, true));
}

void check_divisor(const ElementwiseRow& row, std::span<const Operand> inputs, DType compute) {
  const Operand& divisor = inputs.back();
  bool zero = false;
  if (divisor.tensor) {
    const Tensor dense = contiguous(to_dtype(*divisor.tensor, compute));
    zero = has_zero(dense.data(), compute, dense.numel());
  } else {
    Number number{};
    divisor.number.store(compute, number.bytes);
    zero = has_zero(number.bytes, compute, 1);
  }
  check(!zero, row.zero_error, context(row, inputs, false));
}

// Checks out against what will be written to it; an empty one will be given the shape and layout wanted.
void check_out_shape(const ElementwiseRow& row, std::span<const Operand> inputs, const Tensor& out, bool inplace,
                     const Dims& sizes) {
  check(out.sizes() == sizes || (!inplace && out.numel() == 0), "output with shape ", out.sizes(),
        " doesn't match the broadcast shape ", sizes, context(row, inputs, false));
}

void check_out_memory(const ElementwiseRow& row, std::span<const Operand> inputs, const Tensor& out, DType computed) {
  check(!row.exact_out || out.dtype() == computed, "Found dtype ", info(out.dtype()).scalar, " but expected ",
        info(computed).scalar, context(row, inputs, true));
  check(can_cast(computed, out.dtype()), "result type ", info(computed).scalar, " can't be cast to the desired output type ",
        info(out.dtype()).scalar, context(row, inputs, true));
  check_writable(out);
  for (const Operand& operand : inputs)
    if (operand.tensor) check_no_partial_overlap(out, *operand.tensor);
}

// The new result's strides: those that all inputs share, else by PyTorch's order of dimensions.
Dims new_strides(const Tensor* const* inputs, int count, const Dims& sizes, const int* order) {
  const Tensor* first = nullptr;
  bool alike = true;
  for (int k = 0; k < count; ++k) {
    if (!inputs[k]) continue;
    if (!first) first = inputs[k];
    alike = alike && inputs[k]->sizes() == sizes && inputs[k]->strides() == first->strides();
  }
  return alike && first && !first->is_contiguous() && is_dense(*first) ? first->strides() : Walk::result_strides(sizes, order);
}

Tensor run_general(const ElementwiseRow& row, std::span<const Operand> inputs, Tensor* out, bool inplace) {
  Plan plan;
  plan.row = &row;
  check_bools(row, inputs);
  if (row.dtype_error)
    for (const Operand& operand : inputs)
      check(operand.tensor->dtype() == inputs[0].tensor->dtype() && (!out || out->dtype() == operand.tensor->dtype()),
            row.dtype_error, context(row, inputs, true));
  const Dims sizes = common_shape(row, inputs);
  if (out) check_out_shape(row, inputs, *out, inplace, sizes);
  plan.compute = promote_inputs(row, inputs);
  const DType computed = row.rule == DTypeRule::compare ? DType::boolean : plan.compute;
  std::fill_n(plan.wanted, kMaxOperands, plan.compute);
  plan.wanted[0] = computed;
  if (row.has_mask) plan.wanted[1] = DType::boolean;
  plan.loop = row.loops.by_dtype[index_of(plan.compute)];
  if (out) check_out_memory(row, inputs, *out, computed);
  if (row.has_scale) check_scale(row, inputs, plan.compute);
  check(!row.negative_error || is_floating(plan.compute) || inputs.back().number.to<double>() >= 0, row.negative_error,
        context(row, inputs, true));
  if (!plan.loop) fail_without_loop(row, inputs, plan.compute);
  const bool empty = std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
  if (row.zero_error && !is_floating(plan.compute) && !empty) check_divisor(row, inputs, plan.compute);

  const bool fresh = !out || !(out->sizes() == sizes);
  const Tensor* tensors[kMaxOperands] = {fresh ? nullptr : out};
  const Tensor* layouts[kMaxOperands] = {tensors[0]};  // what decides the order of dimensions
  Tensor copies[kMaxOperands];
  for (int k = 1; k <= row.arity; ++k) {
    const Tensor* input = tensors[k] = layouts[k] = inputs[k - 1].tensor;
    if (!input) continue;
    // PyTorch casts such an input first, which makes it dense.
    if (input->dtype() != plan.wanted[k] && !is_dense(*input)) layouts[k] = &(copies[k] = dense_layout(*input));
    if (fresh) continue;
    // Interleaved views of one buffer may share elements that the check above cannot see.
    if (!same_elements(*input, *out) && may_overlap(*out, *input)) tensors[k] = layouts[k] = &(copies[k] = clone(*input));
  }

  if (fresh && row.plain_after_number && !inputs[0].tensor) std::fill_n(layouts, kMaxOperands, nullptr);

  int order[kMaxDims];
  Walk::order(sizes, layouts, row.arity + 1, order);
  Tensor result;
  if (!fresh) {
    result = *out;
  } else {
    result = Tensor::empty_strided(sizes, new_strides(layouts + 1, row.arity, sizes, order), out ? out->dtype() : computed);
    if (out) *out = result;
  }
  if (out) result.bump_version();
  if (result.numel() == 0) return result;

  plan.walk.start(sizes, order);
  plan.walk.add(result, order);
  plan.stage[0].dtype = result.dtype();
  for (int k = 0; k < row.arity; ++k) {
    if (tensors[k + 1]) {
      plan.walk.add(*tensors[k + 1], order);
      plan.stage[k + 1].dtype = tensors[k + 1]->dtype();
    } else {
      store_number(row, inputs, inputs[k].number, plan.compute, &plan.numbers[k + 1]);
      plan.walk.add_number(plan.numbers[k + 1].bytes);
      plan.stage[k + 1].dtype = plan.compute;
    }
  }
  plan.walk.merge();
  choose_stages(plan);
  run_plan(plan);
  return result;
}

}  // namespace

Tensor elementwise(const ElementwiseRow& general, std::span<const Operand> inputs, Tensor* out, bool inplace) {
  const bool by_number = general.numbers.other && !inputs.back().tensor;
  const ElementwiseRow& row = by_number ? row_of_number(general, inputs.back().number) : general;
  ElementwiseArgs args;
  Number numbers[kMaxOperands];
  ElementwiseLoop loop;
  const Tensor* like = simple_case(row, inputs, out, inplace, numbers, args, &loop);
  if (!like) return run_general(row, inputs, out, inplace);
  Tensor result = out ? *out : Tensor::empty(like->sizes(), row.rule == DTypeRule::compare ? DType::boolean : like->dtype());
  if (out) result.bump_version();
  args.n = result.numel();
  args.data[0] = result.data();
  args.step[0] = result.itemsize();
  if (args.n > 0) run_flat(row, loop, args);
  return result;
}

namespace {

Operand operand_of(const Value& value) { return value.is_tensor() ? Operand(*value.tensor) : Operand(value.number); }

}  // namespace

const ElementwiseRow& kernel_row(std::string_view name) {
  for (const ElementwiseRows& file : kernels().elementwise)
    for (const ElementwiseRow& row : std::span(file.rows, file.count))
      if (row.name == name) return row;
  fail(ErrorKind::runtime, "kernels: no elementwise row '", name, "'");
}

Result elementwise_call(const Call& call) {
  const ElementwiseRow* row = call.op.row;
  Operand inputs[kMaxOperands - 1];
  std::size_t count = row->arity;
  for (std::size_t k = 0; k < count; ++k) inputs[k] = operand_of(call.args[k]);

  if (row->variants[0].row && call.args[count].given()) {
    const Value& option = call.args[count];
    if (!row->variants[0].value) {
      if (option.number.kind != Scalar::Kind::integer || option.number.integer != 1) {
        inputs[count++] = Operand(option.number);
        row = row->variants[0].row;
      }
    } else {
      const ElementwiseRow* chosen = nullptr;
      for (const ElementwiseVariant& variant : row->variants)
        if (variant.row && std::strcmp(option.text, variant.value) == 0) chosen = variant.row;
      check(chosen, row->name, " expected rounding_mode to be one of None, 'trunc', or 'floor' but found '", option.text, '\'');
      row = chosen;
    }
  }
  return elementwise(*row, {inputs, count}, call.out, call.inplace);
}

}  // namespace wengert
