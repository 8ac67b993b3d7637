#include "ops/gather.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <string_view>
#include <type_traits>

#include "core/parallel.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/indexed.h"
#include "ops/strided.h"
#include "ops/view.h"

namespace wengert {
namespace {

constexpr std::int64_t kBlock = 1024;    // offsets of one block, on the stack
constexpr std::int64_t kShortLine = 16;  // lines of indices shorter than this are walked across, if that is longer
constexpr double kElementNs = 1.0;       // an offset and an element (measured)

[[noreturn, gnu::cold, gnu::noinline]] void out_of_range(std::int64_t index, int dim, std::int64_t size) {
  fail(ErrorKind::index_out_of_range, "index ", index, " is out of bounds for dimension ", dim, " with size ", size);
}

// Lines of indices along dim: element j of line k stands for base[.., index, ..] and side[.., j, ..].
struct Lines {
  const Tensor &base, &index, &side;  // all of at least one dimension, and of one number; side has index's sizes or more
  int dim;
  bool wrap;

  Places places() const { return {base, dim, index, wrap}; }

  void check_bounds() const {
    const Places all = places();
    const std::int64_t bad = all.first_out_of_range();
    if (bad < all.n) out_of_range(all.at(bad), dim, all.size);
  }

  // Calls f(base, side, offsets, n, side_step) on pieces of lines. False where an index is out of range.
  template <class F>
  bool each(bool shared, F f) const {
    Walk walk;
    walk.operands = 3;
    const std::int64_t item = base.itemsize(), index_item = index.itemsize();
    for (int d = index.dim() - 1; d >= 0; --d) {
      if (d == dim) continue;
      walk.size[walk.dims] = index.size(d);
      walk.step[0][walk.dims] = side.stride(d) * item;
      walk.step[1][walk.dims] = base.stride(d) * item;
      walk.step[2][walk.dims] = index.stride(d) * index_item;
      ++walk.dims;
    }
    walk.data[0] = side.data();
    walk.data[1] = base.data();
    walk.data[2] = index.data();
    walk.merge();
    const std::int64_t length = index.size(dim), index_step = index.stride(dim) * index_item;
    const std::int64_t side_step = side.stride(dim) * item, across = walk.dims > 0 ? walk.size[0] : 1;
    bool along = walk.dims == 0 || index_step == index_item || walk.step[2][0] != index_item;
    if (along && length < kShortLine && across > length) along = false;
    if (!along && across < kShortLine && length > across) along = true;
    const OffsetLoop loop = kernels().index->offsets[index_item == 8];
    const std::int64_t size = base.size(dim), stride = base.stride(dim) * item;
    const double ns = kElementNs * static_cast<double>(index.numel());
    const std::int64_t step0 = walk.dims > 0 ? walk.step[0][0] : 0, step1 = walk.dims > 0 ? walk.step[1][0] : 0,
                       step2 = walk.dims > 0 ? walk.step[2][0] : 0;
    std::atomic<bool> inside{true};
    LongWork work(ns);
    for_each_piece(walk, shared ? ns : 0, 1, 64, [&](const WalkPiece& piece) {
      std::int64_t offsets[kBlock];
      // n indices from `at`, `apart` bytes apart, for elements of base that are base_apart bytes apart.
      const auto run = [&](char* to_base, char* to_side, const char* at, std::int64_t apart, std::int64_t base_apart,
                           std::int64_t side_apart, std::int64_t n) {
        for (std::int64_t i = 0; i < n; i += kBlock) {
          const std::int64_t count = std::min(kBlock, n - i);
          if (!loop({offsets, at + i * apart, apart, count, size, stride, i * base_apart, base_apart, wrap, false})) {
            inside.store(false, std::memory_order_relaxed);
            return;
          }
          f(to_base, to_side + i * side_apart, offsets, count, side_apart);
        }
      };
      for (std::int64_t r = 0; r < piece.rows; ++r) {
        const bool rows = walk.dims > 1;
        char *side_row = piece.data[0] + (rows ? r * walk.step[0][1] : 0),
             *base_row = piece.data[1] + (rows ? r * walk.step[1][1] : 0);
        const char* index_row = piece.data[2] + (rows ? r * walk.step[2][1] : 0);
        if (along) {
          for (std::int64_t c = 0; c < piece.n; ++c)
            run(base_row + c * step1, side_row + c * step0, index_row + c * step2, index_step, 0, side_step, length);
        } else {
          for (std::int64_t j = 0; j < length; ++j)
            run(base_row, side_row + j * side_step, index_row + j * index_step, step2, step1, step0, piece.n);
        }
      }
    });
    return inside;
  }
};

// The index along dim alone, where it is the same for every other position: a list of places serves all.
// Null: it is not.
const Tensor* as_list(const Tensor& index, int dim, Tensor* made) {
  if (index.dim() == 1 && index.is_contiguous()) return &index;
  for (int d = 0; d < index.dim(); ++d)
    if (d != dim && index.size(d) != 1 && index.stride(d) != 0) return nullptr;
  *made = contiguous(index.view_as({index.size(dim)}, {index.stride(dim)}));
  return made;
}

// A tensor of at least the sizes, cut to them.
Tensor cut(const Tensor& tensor, const Dims& sizes) { return tensor.view_as(sizes, tensor.strides()); }

void gather_into(const Tensor& out, const Tensor& input, int dim, const Tensor& index, bool wrap) {
  Tensor made;
  if (const Tensor* list = as_list(index, dim, &made)) {
    const Places places(input, dim, *list, wrap);
    if (!gather(sweep_along(input, dim, places, out))) {
      const std::int64_t bad = places.first_out_of_range();
      out_of_range(places.at(bad), dim, places.size);
    }
    return;
  }
  const Tensor& dense = contiguous(index, &made);
  const Lines lines{input, dense, out, dim, wrap};
  const MoveLoop move = kernels().index->move[log2_of(input.itemsize())];
  const bool inside = lines.each(true, [&](char* base, char* side, const std::int64_t* offsets, std::int64_t n,
                                           std::int64_t step) { move({side, base, nullptr, offsets, step, 0, n, 0, false}); });
  if (!inside) lines.check_bounds();
}

// target at the indices = source, or op(target, source). With `first`, all indices are looked at before anything is written;
// without, the target is a copy that an error throws away.
struct ScatterInto {
  int dim;
  Tensor made;
  const Tensor *list, *index;

  ScatterInto(const ScatterInto&) = delete;
  ScatterInto(const Tensor& target, int dim, const Tensor& given, bool first) : dim(dim), list(as_list(given, dim, &made)) {
    index = list ? list : &contiguous(given, &made);
    if (first) check_bounds(target);
  }

  void check_bounds(const Tensor& target) const {
    const Places places(target, dim, *index, false);
    const std::int64_t bad = places.first_out_of_range();
    if (bad < places.n) out_of_range(places.at(bad), dim, places.size);
  }

  void write(const Tensor& to, const Tensor& source) const {
    bool inside;
    if (list) {
      inside = scatter(sweep_along(to, dim, {to, dim, *list, false}, source));
    } else {
      const MoveLoop move = kernels().index->move[log2_of(to.itemsize())];
      const auto run = [&](char* base, char* side, const std::int64_t* offsets, std::int64_t n, std::int64_t step) {
        move({base, side, offsets, nullptr, 0, step, n, 0, false});
      };
      inside = Lines{to, *index, source, dim, false}.each(surely_apart(to), run);
    }
    if (!inside) check_bounds(to);
  }

  void reduce(const Tensor& to, const Tensor& source, Accumulate op) const {
    bool inside;
    if (list) {
      inside = accumulate(sweep_along(to, dim, {to, dim, *list, false}, source), op, to.dtype());
    } else {
      const AccumulateLoop loop = kernels().index->accumulate[static_cast<int>(op)][index_of(to.dtype())];
      const auto run = [&](char* base, char* side, const std::int64_t* offsets, std::int64_t n, std::int64_t step) {
        loop({base, side, offsets, nullptr, step, n, 1});
      };
      inside = Lines{to, *index, source, dim, false}.each(surely_apart(to), run);
    }
    if (!inside) check_bounds(to);
  }
};

}  // namespace

Accumulate reduction_kind(std::string_view reduce) {
  if (reduce == "prod" || reduce == "multiply") return Accumulate::multiply;
  if (reduce == "amax") return Accumulate::maximum;
  return reduce == "amin" ? Accumulate::minimum : Accumulate::add;
}

Tensor reduction_identity(std::string_view reduce, DType dtype) {
  const Tensor result = Tensor::empty({}, dtype);
  dispatch(dtype, [&]<class T>() {
    using Limits = std::numeric_limits<T>;
    T value(0);
    if (reduce == "prod") value = T(1);
    if (reduce == "amax") value = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    if (reduce == "amin") value = Limits::has_infinity ? Limits::infinity() : Limits::max();
    *result.data<T>() = value;
  });
  return result;
}

void divide_by_counts(const Tensor& target, const Tensor& counts) {
  const std::int64_t n = target.numel();
  const double ns = 2.0 * static_cast<double>(n);
  dispatch(target.dtype(), [&]<class T>() {
    T* out = target.data<T>();
    const std::int64_t* count = counts.data<std::int64_t>();
    LongWork work(ns);
    parallel_for(n, 1024, ns, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        if (count[i] <= 1) continue;
        if constexpr (std::is_floating_point_v<T>) {
          out[i] /= static_cast<T>(count[i]);
        } else if constexpr (std::is_signed_v<T>) {
          const auto value = static_cast<std::int64_t>(out[i]);
          out[i] = static_cast<T>(value / count[i] - (value % count[i] < 0 ? 1 : 0));
        } else {
          out[i] = static_cast<T>(static_cast<std::uint64_t>(out[i]) / static_cast<std::uint64_t>(count[i]));
        }
      }
    });
  });
}

Tensor gather(const Tensor& input, std::int64_t dim, const Tensor& index, bool wrap) {
  Tensor result = Tensor::empty(index.sizes(), input.dtype());
  const int d = wrap_dim(dim, input.dim());
  if (index.numel() == 0) return result;
  Tensor made[3];
  gather_into(at_least_1d(result, &made[0]), at_least_1d(input, &made[1]), d, at_least_1d(index, &made[2]), wrap);
  return result;
}

namespace {

const Tensor& input_of(const Call& call) { return *call.args[0].tensor; }

Result gather_op(const Call& call) {
  const Tensor &input = input_of(call), &index = *call.args[2].tensor;
  const int dim = wrap_dim(call.args[1].integer(), input.dim());
  if (call.out) {
    check_same_out_dtype(call, input);
    check_no_overlap(*call.out, input);
    check_no_overlap(*call.out, index);
  }
  if (index.numel() > 0) {
    check(is_index_dtype(index.dtype()), "gather(): Expected dtype int32/int64 for index");
    check(std::max(index.dim(), 1) == std::max(input.dim(), 1),
          "Index tensor must have the same number of dimensions as input tensor");
    for (int d = 0; d < input.dim(); ++d)
      check(d == dim || index.size(d) <= input.size(d), "Size does not match at dimension ", d, " expected index ",
            index.sizes(), " to be no larger than self ", input.sizes(), " apart from dimension ", dim);
  }
  return given_to(call, gather(input, dim, index));
}

Result take_along_dim_op(const Call& call) {
  const Tensor &input = input_of(call), &indices = *call.args[1].tensor;
  if (call.out) {
    check_same_out_dtype(call, input);
    check_no_overlap(*call.out, input);
    check_no_overlap(*call.out, indices);
  }
  if (!call.args[2].given()) {
    check(indices.numel() == 0 || is_index_dtype(indices.dtype()), "gather(): Expected dtype int32/int64 for index");
    return given_to(call, gather(reshape(input, {-1}), 0, reshape(indices, {-1})));
  }
  check(input.dim() == indices.dim(),
        "torch.take_along_dim(): input and indices should have the same number of dimensions, but got ", input.dim(),
        " dimensions for input, and ", indices.dim(), " dimensions for indices");
  check(indices.dtype() == DType::int64, "torch.take_along_dim(): dtype of indices should be Long but got ",
        info(indices.dtype()).scalar);
  const int dim = wrap_dim(call.args[2].integer(), input.dim());
  Dims of_input = input.sizes(), of_indices = indices.sizes();
  if (input.dim() > 0) of_indices[dim] = input.size(dim);
  Dims sizes = broadcast(of_input, of_indices);
  if (input.dim() > 0) sizes[dim] = input.size(dim);
  const Tensor all = expand(input, sizes);
  if (input.dim() > 0) sizes[dim] = indices.size(dim);
  return given_to(call, gather(all, dim, expand(indices, sizes), true));
}

// The shape checks of every scatter; src is null for a number.
void check_scatter(const Tensor& input, int dim, const Tensor& index, const Tensor* src) {
  check(std::max(index.dim(), 1) == std::max(input.dim(), 1),
        "Index tensor must have the same number of dimensions as self tensor");
  check(!src || std::max(index.dim(), 1) == std::max(src->dim(), 1),
        "Index tensor must have the same number of dimensions as src tensor");
  bool fits = true;
  for (int d = 0; d < index.dim(); ++d) {
    fits = fits && (d == dim || index.size(d) <= (input.dim() ? input.size(d) : 1));
    fits = fits && (!src || index.size(d) <= (src->dim() ? src->size(d) : 1));
  }
  if (fits) return;
  if (src)
    fail(ErrorKind::runtime, "Expected index ", index.sizes(), " to be no larger than self ", input.sizes(),
         " apart from dimension ", dim, " and to be no larger size than src ", src->sizes());
  fail(ErrorKind::runtime, "Expected index ", index.sizes(), " to be no larger than self ", input.sizes(),
       " apart from dimension ", dim);
}

// How the values of a scatter join what is there: written if `reduce` is empty. `words`: which reductions the operator names.
struct Combining {
  std::string_view reduce;
  bool include_self = true;
  enum Words : std::uint8_t { unasked, two, five } words = unasked;

  void check_words() const {
    check(words != two || reduce.empty() || reduce == "add" || reduce == "multiply",
          "reduce argument must be either add or multiply.");
    const bool known = reduce == "sum" || reduce == "prod" || reduce == "mean" || reduce == "amax" || reduce == "amin";
    check(words != five || known, "reduce argument must be either sum, prod, mean, amax or amin, got ", reduce);
  }
};

// `src`: a tensor, or 0-d for a number.
Result scatter_any(const Call& call, const Tensor& given_src, bool is_number, const Combining& combining) {
  const std::string_view reduce = combining.reduce;
  const Tensor& input = input_of(call);
  const bool apart = !call.inplace;
  Tensor made[7];
  const Tensor &given_index = *call.args[2].tensor, &index = apart ? given_index : separated(input, given_index, &made[0]),
               &src = apart ? given_src : separated(input, given_src, &made[1]);
  const int dim = wrap_dim(call.args[1].integer(), input.dim());
  check(index.numel() == 0 || is_index_dtype(index.dtype()), "scatter(): Expected dtype int32/int64 for index");
  check(src.dtype() == input.dtype(), "scatter(): Expected self.dtype to be equal to src.dtype");
  if (index.numel() > 0) check_scatter(input, dim, index, is_number ? nullptr : &src);
  combining.check_words();
  if (reduce == "mean" && input.dtype() == DType::boolean)
    fail(ErrorKind::not_implemented, "\"scatter_gather_tensor_cpu_reduce_mean\" not implemented for 'Bool'");
  if (index.numel() == 0) return Target(call, input, false).finished();

  const Tensor& index1 = at_least_1d(index, &made[2]);
  if (call.inplace) check_writable(input);
  const ScatterInto into(at_least_1d(input, &made[3]), dim, index1, call.inplace);
  Target target(call, input, false);
  const Tensor& to = at_least_1d(*target, &made[4]);
  const auto spread = [&](const Tensor& value) { return repeated(value, to, dim, index1.sizes()); };
  const Tensor& whole = is_number ? made[5] = spread(src) : at_least_1d(src, &made[5]);
  const Tensor& source = whole.sizes() == index1.sizes() ? whole : made[6] = cut(whole, index1.sizes());
  if (reduce.empty()) {
    into.write(to, source);
    return target.finished();
  }
  const bool mean = reduce == "mean";
  Tensor made_work;
  const Tensor& work = mean ? contiguous(to, &made_work) : to;
  if (!combining.include_self) into.write(work, spread(reduction_identity(reduce, to.dtype())));
  into.reduce(work, source, reduction_kind(reduce));
  if (mean) {
    const Scalar one = Scalar::of(std::int64_t{1});
    const Tensor counts = full(to.sizes(), combining.include_self ? one : Scalar::of(std::int64_t{0}), DType::int64);
    into.reduce(counts, spread(full({}, one, DType::int64)), Accumulate::add);
    divide_by_counts(work, counts);
    if (work.data() != to.data()) copy_into(to, work);
  }
  return target.finished();
}

std::string_view text_of(const Value& value) { return value.given() ? std::string_view(value.text) : std::string_view(); }

Result scatter_op(const Call& call) {
  return scatter_any(call, *call.args[3].tensor, false, {text_of(call.args[4]), true, Combining::two});
}

Result scatter_value_op(const Call& call) {
  const Combining combining{text_of(call.args[4]), true, Combining::two};
  return scatter_any(call, full({}, call.args[3].number, input_of(call).dtype()), true, combining);
}

Result scatter_add_op(const Call& call) { return scatter_any(call, *call.args[3].tensor, false, {"add"}); }

Result scatter_reduce_op(const Call& call) {
  return scatter_any(call, *call.args[3].tensor, false, {text_of(call.args[4]), call.args[5].truth(), Combining::five});
}

constexpr unsigned kAllForms = kFunction | kMethod | kInplace | kOut;

constexpr OpRow kRows[] = {
    {"gather", "", "input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False", kFunction | kMethod | kOut,
     gather_op,
     "The elements of input that index names along dim: for dim 0, result[i][j] = input[index[i][j]][j].\n\n"
     "The result has the shape of index, which may be smaller than input's other dimensions. RuntimeError for an index that\n"
     "is negative or too large.\n\n"
     ">>> x = wengert.tensor([[1, 2], [3, 4]])\n>>> x.gather(1, wengert.tensor([[0, 0], [1, 0]]))\n"
     "tensor([[1, 1],\n        [4, 3]])"},
    {"take_along_dim", "", "input: Tensor, indices: Tensor, dim: int? = None", kFunction | kMethod | kOut, take_along_dim_op,
     "Gather with broadcasting and negative indices, as argsort's results want; without dim of the flattened tensors.\n\n"
     "RuntimeError for an index outside [-size, size).\n\n"
     ">>> x = wengert.tensor([[3, 1, 2]])\n>>> x.take_along_dim(wengert.tensor([[1, 2, 0]]), dim=1)\ntensor([[1, 2, 3]])"},
    {"scatter", "", "input: Tensor, dim: int, index: Tensor, src: Tensor, *, reduce: str? = None", kAllForms, scatter_op,
     "Input with src's elements written where index says along dim: for dim 0, input[index[i][j]][j] = src[i][j].\n\n"
     "reduce 'add' or 'multiply' combines instead of writing. Of equal places the last value stays. RuntimeError for an\n"
     "index that is negative or too large, before anything is written.\n\n"
     ">>> i = wengert.tensor([[2], [0]])\n>>> wengert.zeros(2, 3).scatter(1, i, wengert.ones(2, 1))\n"
     "tensor([[0., 0., 1.],\n        [1., 0., 0.]])"},
    {"scatter.value", "", "input: Tensor, dim: int, index: Tensor, value: Number, *, reduce: str? = None", kAllForms,
     scatter_value_op,
     "Scatter of one number.\n\n>>> wengert.zeros(3).scatter(0, wengert.tensor([1]), 5)\ntensor([0., 5., 0.])"},
    {"scatter_add", "", "input: Tensor, dim: int, index: Tensor, src: Tensor", kAllForms, scatter_add_op,
     "Input with src's elements added where index says along dim: for dim 0, input[index[i][j]][j] += src[i][j].\n\n"
     "Values for one place are added in the order of index, so that results do not depend on threads.\n\n"
     ">>> wengert.zeros(3).scatter_add(0, wengert.tensor([1, 1, 2]), wengert.ones(3))\ntensor([0., 2., 1.])"},
    {"scatter_reduce", "", "input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True",
     kAllForms, scatter_reduce_op,
     "Input with src's elements combined into it where index says along dim: 'sum', 'prod', 'mean', 'amax' or 'amin'.\n\n"
     "include_self=False leaves out the values that input had there. NaN stays NaN; means of integers are rounded down.\n\n"
     ">>> i = wengert.tensor([0, 0, 1])\n"
     ">>> wengert.zeros(2).scatter_reduce(0, i, wengert.tensor([1., 5., 3.]), 'amax')\ntensor([5., 3.])"},
};

}  // namespace

constinit const std::span<const OpRow> kGatherOps = kRows;

}  // namespace wengert
