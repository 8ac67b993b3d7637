#include "ops/reduce_frame.h"

#include <algorithm>

#include "core/parallel.h"
#include "core/scratch.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/promote.h"
#include "ops/strided.h"

namespace wengert {
namespace {

constexpr double kByteNs = 0.011;  // reading a byte from L3: ~100 GB/s measured
constexpr double kRowNs = 6;       // the horizontal end of one row
constexpr double kFinishNs = 2;    // the final value of one result
constexpr std::int64_t kChunkRows = 128;
constexpr std::int64_t kPanel = 512;     // results that a thread computes together
constexpr std::int64_t kFewPieces = 64;  // below this many independent pieces a long reduction is cut into chunks
constexpr std::int64_t kShortRow = 32;   // rows up to this long are transposed and added as columns
constexpr std::int64_t kTile = 64;

struct Axis {
  std::int64_t size, stride;  // in bytes
  int dim;                    // of the input; -1: made by chunking
  bool reduced;
};

// What is left to reduce: axes over memory.
struct State {
  const char* data;
  std::int64_t item;  // bytes of an element
  Axis axes[kMaxDims + 1];
  int count = 0;
  Tensor owner;  // of data, when it is an intermediate result
};

// Joins reduced axes that one stride walks, and orders all by stride, the widest first.
void tidy(State& state) {
  Axis* end = std::remove_if(state.axes, state.axes + state.count, [](const Axis& axis) { return axis.size == 1; });
  std::stable_sort(state.axes, end, [](const Axis& a, const Axis& b) { return std::abs(a.stride) > std::abs(b.stride); });
  int last = -1;
  for (Axis* axis = state.axes; axis != end; ++axis) {
    if (last >= 0 && axis->reduced && state.axes[last].reduced && state.axes[last].stride == axis->stride * axis->size) {
      state.axes[last].size *= axis->size;
      state.axes[last].stride = axis->stride;
    } else {
      state.axes[++last] = *axis;
    }
  }
  state.count = last + 1;
}

// Runs a pass on every result of a walk (operand 0: results, 1: the first element of each), `count` elements each.
void run_pass(const ReducePass& pass, Walk& walk, std::int64_t* index, std::int64_t reduce_step, std::int64_t count,
              bool columns) {
  const std::int64_t item = pass.in_item, out_item = pass.out_item;
  const double results = static_cast<double>(walk.numel());
  const double ns = results * static_cast<double>(count * item) * kByteNs + (columns ? 0 : results * kRowNs);
  const char* const first = walk.data[0];
  const bool short_rows =
      !columns && item <= 8 && count > 1 && count <= kShortRow && reduce_step == item && walk.dims > 0 && walk.size[0] >= kTile;
  const CopyLoop transpose = kernels().copy->transpose[item == 1 ? 0 : item == 2 ? 1 : item == 4 ? 2 : 3];

  LongWork work(ns);
  for_each_piece(
      walk, ns, 1,
      columns      ? kPanel
      : short_rows ? kTile
                   : 1,
      [&](const WalkPiece& piece) {
        ReduceArgs args;
        args.out_step = walk.dims > 0 ? walk.step[0][0] : out_item;
        args.in_step = walk.dims > 0 ? walk.step[1][0] : item;
        args.index_step = args.out_step / out_item * 8;
        args.reduce_step = reduce_step;
        args.count = count;
        for (std::int64_t r = 0; r < piece.rows; ++r) {
          args.out = piece.data[0] + (walk.dims > 1 ? r * walk.step[0][1] : 0);
          args.in = piece.data[1] + (walk.dims > 1 ? r * walk.step[1][1] : 0);
          args.n = piece.n;
          args.index = index ? index + (args.out - first) / out_item : nullptr;
          if (!short_rows) {
            (columns ? pass.columns : pass.rows)(args);
            continue;
          }
          alignas(64) char tile[kShortRow * kTile * 8];
          for (std::int64_t i = 0; i < piece.n; i += kTile) {
            ReduceArgs part = args;
            part.n = std::min(kTile, piece.n - i);
            transpose({tile, args.in + i * args.in_step, item, args.in_step, kTile * item, item, part.n, count, false});
            part.out += i * args.out_step;
            if (index) part.index += i;
            part.in = tile, part.in_step = item, part.reduce_step = kTile * item;
            pass.columns(part);
          }
        }
      });
}

// Reduces one axis; the results lie row-major over the other axes in their order. The chunks of a long one become an axis.
void reduce_axis(const ReducePass& pass, State& state, int which, bool cut, Tensor* index) {
  const Axis axis = state.axes[which];
  const std::int64_t item = state.item;
  Axis others[kMaxDims + 1];
  int count = 0;
  std::int64_t results = 1;
  for (int i = 0; i < state.count; ++i) {
    if (i == which) continue;
    others[count++] = state.axes[i];
    results *= state.axes[i].size;
  }
  const bool columns =
      count > 0 && others[count - 1].stride == item && axis.size < (std::int64_t{1} << 31) && std::abs(axis.stride) > item;
  const std::int64_t width = columns ? others[count - 1].size : 1;
  const std::int64_t pieces = columns ? results / width * ((width + kPanel - 1) / kPanel) : results;
  std::int64_t chunk = kReduceChunk;
  if (columns) chunk = std::max(kChunkRows, kReduceChunk / width / kChunkRows * kChunkRows);
  const bool chunked = cut && pieces < kFewPieces && axis.size >= 2 * chunk;
  const std::int64_t whole = chunked ? axis.size / chunk : 0, rest = chunked ? axis.size % chunk : axis.size;
  const std::int64_t chunks = whole + (rest > 0);

  const std::int64_t out_item = pass.out_item;
  Tensor out = Tensor::empty({chunks * results * out_item}, DType::uint8);
  if (index) *index = Tensor::empty({results}, DType::int64);

  // `parts` chunks of `length` elements, from chunk `begin`.
  const auto run = [&](std::int64_t begin, std::int64_t parts, std::int64_t length) {
    if (parts == 0 || length == 0) return;
    Walk walk;
    walk.operands = 2;
    walk.dims = 0;
    std::int64_t out_step = out_item;
    const auto add = [&](std::int64_t size, std::int64_t in_step) {
      walk.size[walk.dims] = size;
      walk.step[0][walk.dims] = out_step;
      walk.step[1][walk.dims] = in_step;
      ++walk.dims;
      out_step *= size;
    };
    for (int i = count - 1; i >= 0; --i) add(others[i].size, others[i].stride);
    add(parts, chunk * axis.stride);
    walk.data[0] = out.data() + begin * results * out_item;
    walk.data[1] = const_cast<char*>(state.data) + begin * chunk * axis.stride;
    walk.merge();
    run_pass(pass, walk, index ? index->data<std::int64_t>() : nullptr, axis.stride, length, columns);
  };
  run(0, whole, chunk);
  run(whole, rest > 0, rest);

  state.count = 0;
  std::int64_t stride = out_item;
  for (int i = count - 1; i >= 0; --i) {
    others[i].stride = stride;
    stride *= others[i].size;
  }
  if (chunks > 1) state.axes[state.count++] = {chunks, stride, -1, true};
  for (int i = 0; i < count; ++i) state.axes[state.count++] = others[i];
  state.data = out.data();
  state.item = out_item;
  state.owner = std::move(out);
}

// Many short rows of memory, added down: rows are taken together, kPanel elements at a time, as one long row, which leaves
// fewer rows of the same shape. False: not this case.
bool reduce_narrow(const ReducePass& pass, State& state) {
  const std::int64_t item = state.item;
  if (state.count != 2) return false;
  const Axis rows = state.axes[0], width = state.axes[1];
  if (!rows.reduced || width.reduced || width.size > kPanel / 8 || width.stride != item || rows.stride != width.size * item)
    return false;
  const std::int64_t together = kPanel / width.size, groups = rows.size / together;
  if (groups < 16) return false;
  const std::int64_t whole = groups / kChunkRows, rest = groups % kChunkRows, single = rows.size % together;
  const std::int64_t left = (whole + (rest > 0)) * together + (single > 0);
  const std::int64_t out_item = pass.out_item;
  Tensor out = Tensor::empty({left * width.size * out_item}, DType::uint8);
  const std::int64_t long_row = together * width.size;
  // `parts` results of `length` elements each, `count` long rows or rows added to each.
  const auto run = [&](std::int64_t to, std::int64_t from, std::int64_t parts, std::int64_t length, std::int64_t count) {
    if (parts == 0 || count == 0) return;
    Walk walk;
    walk.operands = 2;
    walk.dims = 2;
    walk.size[0] = length, walk.step[0][0] = out_item, walk.step[1][0] = item;
    walk.size[1] = parts, walk.step[0][1] = length * out_item, walk.step[1][1] = count * length * item;
    walk.data[0] = out.data() + to * rows.stride / item * out_item;
    walk.data[1] = const_cast<char*>(state.data) + from * rows.stride;
    run_pass(pass, walk, nullptr, length * item, count, true);
  };
  run(0, 0, whole, long_row, kChunkRows);
  run(whole * together, whole * kChunkRows * together, 1, long_row, rest);
  run(left - 1, groups * together, 1, width.size, single);
  state.axes[0] = {left, width.size * out_item, -1, true};
  state.axes[1].stride = out_item;
  state.data = out.data();
  state.item = out_item;
  state.owner = std::move(out);
  return true;
}

// A tensor of `dtype` with a value per combination of the kept axes at `data`, row-major over them in the order of state: as a
// row-major tensor of `sizes`, whose dimensions are the kept ones in the input's order (and ones).
Tensor arrange(const State& state, const Tensor& owner, char* data, DType dtype, const Dims& kept_sizes, const Dims& sizes) {
  Dims strides(kept_sizes.size());
  int dims[kMaxDims], n = 0;
  for (int i = 0; i < state.count; ++i) dims[n++] = state.axes[i].dim;
  std::sort(dims, dims + n);
  // Size-1 dimensions were dropped; the others stand in kept_sizes in the order of their dims.
  int position = 0;
  for (int d = 0; d < kept_sizes.size(); ++d) {
    if (kept_sizes[d] == 1) continue;
    const int dim = dims[position++];
    for (int i = 0; i < state.count; ++i)
      if (state.axes[i].dim == dim) strides[d] = state.axes[i].stride / state.item;
  }
  const Tensor ordered = contiguous(Tensor(owner.storage(), data, dtype, kept_sizes, strides));
  return ordered.view_as(sizes, contiguous_strides(sizes));
}

void finish_all(const Reducer& reducer, const char* partial, char* out, char* second, std::int64_t n) {
  const double ns = static_cast<double>(n) * kFinishNs;
  const std::int64_t item = reducer.next.out_item, out_item = static_cast<std::int64_t>(itemsize(reducer.dtype));
  LongWork work(ns);
  parallel_for(n, 1024, ns, [&](std::int64_t begin, std::int64_t end) {
    reducer.finish(partial + begin * item, out + begin * out_item, second ? second + begin * out_item : nullptr, end - begin,
                   reducer.parameter);
  });
}

}  // namespace

ReducePass pass_of(const Reduction& loops, DType input, std::int64_t out_item) {
  return {loops.rows[index_of(input)], loops.columns[index_of(input)], static_cast<std::int64_t>(itemsize(input)), out_item};
}
ReducePass pass_of(const Reduction& loops, DType input, DType output) {
  return pass_of(loops, input, static_cast<std::int64_t>(itemsize(output)));
}

Dims reduced_sizes(const Tensor& input, const DimSet& reduced, bool keepdim) {
  Dims sizes;
  for (int d = 0; d < input.dim(); ++d) {
    if (!reduced[d])
      sizes.push_back(input.size(d));
    else if (keepdim)
      sizes.push_back(1);
  }
  return sizes;
}

// What reduce() does, made short for few contiguous elements whose reduced dimensions are neighbours. False: not this case.
bool reduce_small(const Reducer& reducer, const Tensor& input, const DimSet& reduced, const Dims& sizes, Tensor* result,
                  Tensor* second) {
  if (input.numel() >= 2 * kReduceChunk) return false;
  std::int64_t outer = 1, count = 1, inner = 1;
  if (reduced.count() == static_cast<std::size_t>(input.dim())) {
    if (!is_dense(input) || (reducer.indexed && !input.is_contiguous())) return false;
    count = input.numel();
  } else {
    if (!input.is_contiguous()) return false;
    int d = 0;
    while (d < input.dim() && !reduced[d]) outer *= input.size(d++);
    while (d < input.dim() && reduced[d]) count *= input.size(d++);
    for (; d < input.dim(); ++d) {
      if (reduced[d]) return false;
      inner *= input.size(d);
    }
    if (inner == 1 && count <= kShortRow && outer >= kTile) return false;
  }
  const std::int64_t item = input.itemsize(), n = outer * inner, out_item = reducer.first.out_item;
  *result = Tensor::empty(sizes, reducer.dtype);
  if (second) *second = Tensor::empty(sizes, reducer.indexed ? DType::int64 : reducer.dtype);
  Scratch<256> partial(reducer.finish ? static_cast<std::size_t>(n * out_item) : 0);
  std::int64_t* index = reducer.indexed ? second->data<std::int64_t>() : nullptr;
  char* const out = reducer.finish ? partial.data() : result->data();
  if (inner == 1) {
    reducer.first.rows({out, index, input.data(), out_item, 8, count * item, item, outer, count});
  } else {
    for (std::int64_t i = 0; i < outer; ++i)
      reducer.first.columns({out + i * inner * out_item, index ? index + i * inner : nullptr,
                             input.data() + i * count * inner * item, out_item, 8, item, inner * item, inner, count});
  }
  if (reducer.finish) reducer.finish(out, result->data(), second ? second->data() : nullptr, n, reducer.parameter);
  return true;
}

Tensor reduce(const Reducer& reducer, const Tensor& input, const DimSet& reduced, bool keepdim, Tensor* second) {
  const Dims sizes = reduced_sizes(input, reduced, keepdim);
  if (Tensor result; reduce_small(reducer, input, reduced, sizes, &result, second)) return result;
  State state;
  state.data = input.data();
  state.item = input.itemsize();
  for (int d = 0; d < input.dim(); ++d)
    state.axes[state.count++] = {input.size(d), input.stride(d) * input.itemsize(), d, reduced[d]};
  tidy(state);
  // Once at least, so that the results have memory and a position of their own.
  const auto left = [&] {
    return std::count_if(state.axes, state.axes + state.count, [](const Axis& axis) { return axis.reduced; });
  };
  if (left() == 0) state.axes[state.count++] = {1, input.itemsize(), -1, true};
  Tensor index;
  const ReducePass* pass = &reducer.first;
  while (left() > 0) {
    const bool narrow = !reducer.indexed && reduce_narrow(*pass, state);
    if (!narrow) {
      // The axis that runs along memory, else the longest.
      int which = -1;
      for (int i = 0; i < state.count; ++i)
        if (state.axes[i].reduced && (which < 0 || state.axes[i].size >= state.axes[which].size)) which = i;
      if (state.axes[state.count - 1].reduced && state.axes[state.count - 1].size > 1) which = state.count - 1;
      reduce_axis(*pass, state, which, !reducer.indexed, reducer.indexed ? &index : nullptr);
    }
    pass = &reducer.next;
  }
  const Dims kept = reduced_sizes(input, reduced, false);
  const std::int64_t n = state.owner.numel() / state.item;
  const auto arranged = [&](const Tensor& owner, DType dtype) {
    return arrange(state, owner, owner.data(), dtype, kept, sizes);
  };
  if (!reducer.finish) {
    if (second) *second = arranged(index, DType::int64);
    return arranged(state.owner, reducer.dtype);
  }
  Tensor result = Tensor::empty({n}, reducer.dtype);
  if (second) *second = Tensor::empty({n}, reducer.dtype);
  finish_all(reducer, state.owner.data(), result.data(), second ? second->data() : nullptr, n);
  if (second) *second = arranged(*second, reducer.dtype);
  return arranged(result, reducer.dtype);
}

std::string reduce_context(const char* op, const Tensor& input) {
  return str(" [", op, ": input ", tuple_of(input.sizes()), ']');
}

int checked_dim(const char* op, const Tensor& input, std::int64_t dim) {
  try {
    return wrap_dim(dim, input.dim());
  } catch (const Error& error) {
    fail(error.kind(), error.what(), reduce_context(op, input));
  }
}

DimSet dim_set(const char* op, const Tensor& input, const Dims& dims) {
  DimSet set;
  if (dims.empty()) {
    for (int d = 0; d < input.dim(); ++d) set.set(d);
    return set;
  }
  for (std::int64_t dim : dims) {
    const int d = checked_dim(op, input, dim);
    if (set[d]) fail(ErrorKind::runtime, "dim ", d, " appears multiple times in the list of dims", reduce_context(op, input));
    set.set(d);
  }
  if (input.dim() == 0) set.reset();
  return set;
}

// An out= of a reduction has exactly the result's dtype.
void check_exact_out(const char* op, Tensor* out, const Dims& sizes, DType dtype) {
  if (out->dtype() != dtype)
    fail(ErrorKind::runtime, "Expected out tensor to have dtype ", cpp_name(dtype), ", but got ", cpp_name(out->dtype()),
         " instead [", op, ": out ", tuple_of(out->sizes()), ' ', info(out->dtype()).name, ']');
  check_out(op, out, sizes, dtype);
}

DimSet one_dim(const Tensor& input, int dim) {
  DimSet set;
  if (input.dim() > 0) set.set(dim);
  return set;
}

Result give(const Call& call, Tensor result) {
  if (!call.out) return result;
  copy_into(*call.out, result);
  return *call.out;
}

Result give(const Call& call, Tensor result, Tensor second) {
  if (!call.out) return std::pair(std::move(result), std::move(second));
  copy_into(*call.out, result);
  copy_into(*call.out2, second);
  return std::pair(*call.out, *call.out2);
}

}  // namespace wengert
