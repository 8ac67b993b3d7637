#include "ops/reduce.h"

#include <algorithm>
#include <bitset>
#include <cstring>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/elementwise.h"
#include "ops/promote.h"
#include "ops/strided.h"

namespace wengert {
namespace {

constexpr double kByteNs = 0.011;       // reading a byte from L3: ~100 GB/s measured
constexpr double kRowNs = 6;            // the horizontal end of one row
constexpr std::int64_t kChunk = 32768;  // elements of one piece of a long reduction, whole blocks of the kernels
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
  DType dtype;
  Axis axes[kMaxDims + 1];
  int count = 0;
  Tensor owner;  // of data, when it is an intermediate result
};

struct Family {
  const Reduction* kernel;
  bool indexed;
  DType result(DType input) const { return widens && !is_floating(input) ? DType::int64 : input; }
  bool widens;  // integers to int64
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

// Runs the kernel on every result of a walk (operand 0: results, 1: the first element of each), `count` elements each.
void run_kernel(const Family& family, DType dtype, Walk& walk, std::int64_t* index, std::int64_t reduce_step,
                std::int64_t count, bool columns) {
  const auto item = static_cast<std::int64_t>(itemsize(dtype)),
             out_item = static_cast<std::int64_t>(itemsize(family.result(dtype)));
  const ReduceLoop by_rows = family.kernel->rows[index_of(dtype)], by_columns = family.kernel->columns[index_of(dtype)];
  const CopyLoop transpose = kernels().copy->transpose[item == 1 ? 0 : item == 2 ? 1 : item == 4 ? 2 : 3];
  const double results = static_cast<double>(walk.numel());
  const double ns = results * static_cast<double>(count * item) * kByteNs + (columns ? 0 : results * kRowNs);
  const char* const first = walk.data[0];
  const bool short_rows =
      !columns && count > 1 && count <= kShortRow && reduce_step == item && walk.dims > 0 && walk.size[0] >= kTile;

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
            (columns ? by_columns : by_rows)(args);
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
            by_columns(part);
          }
        }
      });
}

// Reduces one axis; the results lie row-major over the other axes in their order. The chunks of a long one become an axis.
void reduce_axis(const Family& family, State& state, int which, Tensor* index) {
  const Axis axis = state.axes[which];
  const auto item = static_cast<std::int64_t>(itemsize(state.dtype));
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
  std::int64_t chunk = kChunk;
  if (columns) chunk = std::max(kChunkRows, kChunk / width / kChunkRows * kChunkRows);
  const bool chunked = !family.indexed && pieces < kFewPieces && axis.size >= 2 * chunk;
  const std::int64_t whole = chunked ? axis.size / chunk : 0, rest = chunked ? axis.size % chunk : axis.size;
  const std::int64_t chunks = whole + (rest > 0);

  const DType out_dtype = family.result(state.dtype);
  const auto out_item = static_cast<std::int64_t>(itemsize(out_dtype));
  Tensor out = Tensor::empty({chunks, results}, out_dtype);
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
    run_kernel(family, state.dtype, walk, index ? index->data<std::int64_t>() : nullptr, axis.stride, length, columns);
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
  state.dtype = out_dtype;
  state.owner = std::move(out);
}

// Many short rows of memory, added down: rows are taken together, kPanel elements at a time, as one long row, which leaves
// fewer rows of the same shape. False: not this case.
bool reduce_narrow(const Family& family, State& state) {
  const auto item = static_cast<std::int64_t>(itemsize(state.dtype));
  if (family.indexed || state.count != 2) return false;
  const Axis rows = state.axes[0], width = state.axes[1];
  if (!rows.reduced || width.reduced || width.size > kPanel / 8 || width.stride != item || rows.stride != width.size * item)
    return false;
  const std::int64_t together = kPanel / width.size, groups = rows.size / together;
  if (groups < 16) return false;
  const std::int64_t whole = groups / kChunkRows, rest = groups % kChunkRows, single = rows.size % together;
  const std::int64_t left = (whole + (rest > 0)) * together + (single > 0);
  const DType out_dtype = family.result(state.dtype);
  const auto out_item = static_cast<std::int64_t>(itemsize(out_dtype));
  Tensor out = Tensor::empty({left, width.size}, out_dtype);
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
    run_kernel(family, state.dtype, walk, nullptr, length * item, count, true);
  };
  run(0, 0, whole, long_row, kChunkRows);
  run(whole * together, whole * kChunkRows * together, 1, long_row, rest);
  run(left - 1, groups * together, 1, width.size, single);
  state.axes[0] = {left, width.size * out_item, -1, true};
  state.axes[1].stride = out_item;
  state.data = out.data();
  state.dtype = out_dtype;
  state.owner = std::move(out);
  return true;
}

using DimSet = std::bitset<kMaxDims>;

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

// `flat` holds a value per combination of the kept axes, row-major over them in the order of state: as a row-major tensor of
// `sizes`, whose dimensions are the kept ones in the input's order (and ones).
Tensor arrange(const State& state, const Tensor& flat, const Dims& kept_sizes, const Dims& sizes) {
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
      if (state.axes[i].dim == dim) strides[d] = state.axes[i].stride / static_cast<std::int64_t>(itemsize(state.dtype));
  }
  const Tensor ordered = contiguous(flat.view_as(kept_sizes, strides));
  return ordered.view_as(sizes, contiguous_strides(sizes));
}

// The reduction of a tensor with elements. With `index`, one dim at most is reduced.
Tensor reduce(const Family& family, const Tensor& input, const DimSet& reduced, bool keepdim, Tensor* index = nullptr) {
  const Dims sizes = reduced_sizes(input, reduced, keepdim);
  if (!family.indexed && input.numel() < 2 * kChunk && reduced.count() == static_cast<std::size_t>(input.dim()) &&
      is_dense(input)) {
    Tensor result = Tensor::empty(sizes, family.result(input.dtype()));  // what follows, made short
    family.kernel->rows[index_of(input.dtype())](
        {result.data(), nullptr, input.data(), 0, 0, 0, input.itemsize(), 1, input.numel()});
    return result;
  }
  State state;
  state.data = input.data();
  state.dtype = input.dtype();
  for (int d = 0; d < input.dim(); ++d)
    state.axes[state.count++] = {input.size(d), input.stride(d) * input.itemsize(), d, reduced[d]};
  tidy(state);
  // Once at least, so that the results have memory and a position of their own.
  const auto left = [&] {
    return std::count_if(state.axes, state.axes + state.count, [](const Axis& axis) { return axis.reduced; });
  };
  if (left() == 0) state.axes[state.count++] = {1, input.itemsize(), -1, true};
  while (left() > 0) {
    if (reduce_narrow(family, state)) continue;
    // The axis that runs along memory, else the longest.
    int which = -1;
    for (int i = 0; i < state.count; ++i)
      if (state.axes[i].reduced && (which < 0 || state.axes[i].size >= state.axes[which].size)) which = i;
    if (state.axes[state.count - 1].reduced && state.axes[state.count - 1].size > 1) which = state.count - 1;
    reduce_axis(family, state, which, index);
  }
  const Dims kept = reduced_sizes(input, reduced, false);
  if (index)
    *index = [&] {
      State of_index = state;
      of_index.dtype = DType::int64;
      for (int i = 0; i < of_index.count; ++i)
        of_index.axes[i].stride = of_index.axes[i].stride / static_cast<std::int64_t>(itemsize(state.dtype)) * 8;
      return arrange(of_index, *index, kept, sizes);
    }();
  return arrange(state, state.owner, kept, sizes);
}

// ---- dims and messages

std::string context(const char* op, const Tensor& input) { return str(" [", op, ": input ", tuple_of(input.sizes()), ']'); }

int checked_dim(const char* op, const Tensor& input, std::int64_t dim) {
  try {
    return wrap_dim(dim, input.dim());
  } catch (const Error& error) {
    fail(error.kind(), error.what(), context(op, input));
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
    if (set[d]) fail(ErrorKind::runtime, "dim ", d, " appears multiple times in the list of dims", context(op, input));
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

Result give(const Call& call, Tensor result) {
  if (!call.out) return result;
  copy_into(*call.out, result);
  return *call.out;
}

// ---- sum

const Family& sum_family() {
  static const Family family{&kernels().reduce->sum, false, true};
  return family;
}

Result sum_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  std::optional<DType> dtype;
  if (a[3].given())
    dtype = a[3].dtype;
  else if (call.out)
    dtype = call.out->dtype();
  const Dims dims = a[1].given() ? a[1].ints : Dims();
  const bool keepdim = a[2].given() && a[2].truth();
  if (call.out) check_exact_out("sum", call.out, reduced_sizes(input, dim_set("sum", input, dims), keepdim), *dtype);
  return give(call, sum(input, dims, keepdim, dtype));
}

// ---- max and min

struct Extreme {
  const char* name;
  const char* elementwise;
  const Reduction ReduceKernels::* value;
  const Reduction ReduceKernels::* position;
};
constexpr Extreme kMax = {"max", "maximum", &ReduceKernels::max, &ReduceKernels::max_index};
constexpr Extreme kMin = {"min", "minimum", &ReduceKernels::min, &ReduceKernels::min_index};

Tensor extreme(const Extreme& which, const Tensor& input) {
  if (input.numel() == 0)
    fail(
        ErrorKind::runtime, which.name,
        "(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument.",
        context(which.name, input));
  return reduce({&(kernels().reduce->*which.value), false, false}, input, dim_set(which.name, input, {}), false);
}

template <const Extreme& which>
Result extreme_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  if (call.out) {
    if (input.numel() > 0) check_out(which.name, call.out, {}, input.dtype());
    check_no_partial_overlap(*call.out, input);
  }
  return give(call, extreme(which, input));
}

template <const Extreme& which>
Result extreme_dim_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const int dim = checked_dim(which.name, input, call.args[1].integer());
  const bool keepdim = call.args[2].given() && call.args[2].truth();
  check_index(input.dim() == 0 || input.size(dim) > 0, which.name, "(): Expected reduction dim ", dim,
              " to have non-zero size.", context(which.name, input));
  DimSet reduced;
  if (input.dim() > 0) reduced.set(dim);
  const Dims sizes = reduced_sizes(input, reduced, keepdim);
  if (call.out) {
    check_exact_out(which.name, call.out, sizes, input.dtype());
    check_exact_out(which.name, call.out2, sizes, DType::int64);
    check_no_overlap(*call.out, input);
    check_no_overlap(*call.out2, input);
    check_no_overlap(*call.out, *call.out2);
  }
  std::pair<Tensor, Tensor> result;
  if (input.numel() == 0)
    result = {Tensor::empty(sizes, input.dtype()), Tensor::empty(sizes, DType::int64)};
  else
    result.first = reduce({&(kernels().reduce->*which.position), true, false}, input, reduced, keepdim, &result.second);
  if (!call.out) return result;
  copy_into(*call.out, result.first);
  copy_into(*call.out2, result.second);
  return std::pair(*call.out, *call.out2);
}

template <const Extreme& which>
Result extreme_other_call(const Call& call) {
  static const ElementwiseRow& row = [&]() -> const ElementwiseRow& {
    for (const ElementwiseRows& file : kernels().elementwise)
      for (const ElementwiseRow& candidate : std::span(file.rows, file.count))
        if (std::strcmp(candidate.name, which.elementwise) == 0) return candidate;
    fail(ErrorKind::runtime, "no elementwise operator ", which.elementwise);
  }();
  const Operand inputs[] = {*call.args[0].tensor, *call.args[1].tensor};
  return elementwise(row, inputs, call.out);
}

constexpr OpRow kRows[] = {
    {"sum", "", "input: Tensor, dim: int[]? = None, keepdim: bool = False, *, dtype: dtype? = None", kFunction | kMethod | kOut,
     sum_call,
     "The sum over dim, a number, a tuple, or by default everything. Integers and bool are added in int64; with dtype, "
     "elements "
     "are cast first. Floats are added pairwise: the error grows with the logarithm of their number.\n\n"
     ">>> wengert.tensor([[1, 2], [3, 4]]).sum(dim=0)\ntensor([4, 6])"},
    {"max", "", "input: Tensor", kFunction | kMethod | kOut, extreme_call<kMax>,
     "The largest element; NaN if there is one.\n\n"
     ">>> wengert.tensor([1, 3, 2]).max()\ntensor(3)"},
    {"max.other", "", "input: Tensor, other: Tensor", kFunction | kMethod | kOut, extreme_other_call<kMax>,
     "The larger of input and other, element by element: maximum.\n\n"
     ">>> wengert.max(wengert.tensor([1, 5]), wengert.tensor([3, 2]))\ntensor([3, 5])"},
    {"max.dim", "", "input: Tensor, dim: int, keepdim: bool = False -> (values, indices)", kFunction | kMethod | kOut,
     extreme_dim_call<kMax>,
     "The largest element along dim, a NaN if there is one, and the first position where it stands.\n\n"
     ">>> wengert.tensor([[1, 3], [4, 2]]).max(dim=1).indices\ntensor([1, 0])"},
    {"min", "", "input: Tensor", kFunction | kMethod | kOut, extreme_call<kMin>,
     "The smallest element; NaN if there is one.\n\n"
     ">>> wengert.tensor([1, 3, 2]).min()\ntensor(1)"},
    {"min.other", "", "input: Tensor, other: Tensor", kFunction | kMethod | kOut, extreme_other_call<kMin>,
     "The smaller of input and other, element by element: minimum.\n\n"
     ">>> wengert.min(wengert.tensor([1, 5]), wengert.tensor([3, 2]))\ntensor([1, 2])"},
    {"min.dim", "", "input: Tensor, dim: int, keepdim: bool = False -> (values, indices)", kFunction | kMethod | kOut,
     extreme_dim_call<kMin>,
     "The smallest element along dim, a NaN if there is one, and the first position where it stands.\n\n"
     ">>> wengert.tensor([[1, 3], [4, 2]]).min(dim=1).values\ntensor([1, 2])"},
    {"equal", "", "input: Tensor, other: Tensor -> bool", kFunction | kMethod, equal_call,
     "True if both have the same shape and the same elements.\n\n"
     ">>> wengert.equal(wengert.tensor([1, 2]), wengert.tensor([1, 2]))\nTrue"},
    {"allclose", "", "input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False -> bool",
     kFunction | kMethod, allclose_call,
     "True if |input - other| <= atol + |rtol * other| everywhere.\n\n"
     ">>> wengert.allclose(wengert.tensor([1.0]), wengert.tensor([1.0 + 1e-7]))\nTrue"},
};

}  // namespace

Tensor sum(const Tensor& input, const Dims& dims, bool keepdim, std::optional<DType> dtype) {
  const DimSet reduced = dim_set("sum", input, dims);
  const DType target = dtype.value_or(is_floating(input.dtype()) ? input.dtype() : DType::int64);
  const Dims sizes = reduced_sizes(input, reduced, keepdim);
  if (input.numel() == 0) {
    Tensor result = Tensor::empty(sizes, target);
    fill(result, Scalar::of(std::int64_t{0}));
    return result;
  }
  // Integers that wrap may be added wide and cast afterwards; the rest is cast first.
  const bool cast_later = is_integral(target) && !is_floating(input.dtype());
  return to_dtype(reduce(sum_family(), cast_later ? input : to_dtype(input, target), reduced, keepdim), target);
}

Tensor max(const Tensor& input) { return extreme(kMax, input); }
Tensor min(const Tensor& input) { return extreme(kMin, input); }

constinit const std::span<const OpRow> kReduceOps = kRows;

}  // namespace wengert
