// Positions of values: in sorted sequences, in sets, among the distinct ones.
#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "core/parallel.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/promote.h"
#include "ops/sort.h"

namespace wengert {
namespace {

constexpr double kStepNs = 1.2;  // of one step of a binary search whose sequence lies in the cache

Operand operand_of(const Value& value) { return value.is_tensor() ? Operand(*value.tensor) : Operand(value.number); }

Tensor as_tensor(const Value& value, DType dtype) {
  if (value.is_tensor()) return to_dtype(*value.tensor, dtype);
  return to_dtype(full({}, value.number, value.number.is_floating() ? DType::float64 : DType::int64), dtype);  // wraps
}

// For each of `count` values, how many of the n elements from `base` are before it: in an ascending sequence, where it would be
// inserted. Elements are taken at order[i] where order is given. A NaN, in either place, has everything before it. Several
// searches take their steps together and without branches, so that the reads overlap.
constexpr std::int64_t kTogether = 8;

template <bool kRight, class T>
void insertion_points(const T* base, const std::int64_t* order, std::int64_t n, const T* values, std::int64_t count,
                      std::int64_t* points) {
  std::int64_t first[kTogether] = {};
  const auto before = [&](std::int64_t i, T value) -> std::int64_t {
    const T element = base[order ? order[i] : i];
    return kRight ? !(element > value) : !(element >= value);
  };
  for (std::int64_t left = n; left > 0;) {
    const std::int64_t half = (left + 1) / 2;
    for (std::int64_t v = 0; v < count; ++v) first[v] += before(first[v] + half - 1, values[v]) * half;
    left -= half;
  }
  for (std::int64_t v = 0; v < count; ++v) points[v] = first[v];
}

// Calls f(i, point) for the values [begin, end).
template <bool kRight, class T, class F>
void each_point(const T* base, const std::int64_t* order, std::int64_t n, const T* values, std::int64_t begin, std::int64_t end,
                F&& f) {
  std::int64_t points[kTogether];
  std::int64_t i = begin;
  for (; i + kTogether <= end; i += kTogether) {
    insertion_points<kRight>(base, order, n, values + i, kTogether, points);
    for (std::int64_t v = 0; v < kTogether; ++v) f(i + v, points[v]);
  }
  if (i < end) insertion_points<kRight>(base, order, n, values + i, end - i, points);
  for (std::int64_t v = 0; i + v < end; ++v) f(i + v, points[v]);
}

struct Search {
  const Tensor& boundaries;
  const Value& input;
  const Tensor* sorter;
  bool right, narrow;
};

// torch.searchsorted's checks and their order.
void check_search(const Search& search) {
  const Tensor& boundaries = search.boundaries;
  if (search.sorter) {
    const Tensor& sorter = *search.sorter;
    check(sorter.sizes() == boundaries.sizes(), "torch.searchsorted(): boundary and sorter must have the same size, but got ",
          "boundary tensor ", boundaries.sizes(), "and got sorter tensor ", sorter.sizes());
    check(sorter.dtype() == DType::int64, "torch.searchsorted(): sorter must be a tensor of long dtype but got dtype ",
          info(sorter.dtype()).scalar);
    if (sorter.numel() > 0) {
      const Tensor dense = contiguous(sorter);
      const auto [low, high] = std::minmax_element(dense.data<std::int64_t>(), dense.data<std::int64_t>() + dense.numel());
      if (*low < 0 || *high >= sorter.size(sorter.dim() - 1))
        fail(ErrorKind::index_out_of_range, "torch.searchsorted(): sorter index out of range");
    }
  }
  const Dims sizes = search.input.is_tensor() ? search.input.tensor->sizes() : Dims();
  check(boundaries.dim() != 0, "torch.searchsorted(): boundaries tensor should have positive dimension, but got 0 dimension");
  check(!sizes.empty() || boundaries.dim() == 1,
        "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries ",
        "tensor dim(", boundaries.dim(), ") and input value's dim(0) numel(1)");
  bool matched = boundaries.dim() == 1 || boundaries.dim() == sizes.size();
  for (int d = 0; matched && boundaries.dim() > 1 && d + 1 < sizes.size(); ++d) matched = boundaries.size(d) == sizes[d];
  check(matched,
        "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and ",
        "input value tensor must match, but we got boundaries tensor ", boundaries.sizes(), " and input value tensor ", sizes);
}

Result run_search(const Call& call, const Search& search) {
  const Operand operands[] = {search.boundaries, operand_of(search.input)};
  const DType dtype = result_type(operands);
  const bool empty = search.input.is_tensor() && search.input.tensor->numel() == 0;
  if (dtype == DType::boolean && !empty)
    fail(ErrorKind::not_implemented, "\"searchsorted_out_cpu\" not implemented for 'Bool'");
  const DType out_dtype = search.narrow ? DType::int32 : DType::int64;
  check(!search.narrow || search.boundaries.size(search.boundaries.dim() - 1) < INT32_MAX,
        "torch.searchsorted(): the size of boundaries' last dimension should be less than ", INT32_MAX, ", but we got ",
        search.boundaries.size(search.boundaries.dim() - 1));
  const Tensor values = contiguous(as_tensor(search.input, dtype));
  check(!call.out || call.out->dtype() == out_dtype, "torch.searchsorted(): output tensor's dtype is wrong, it can only be ",
        "Int(int32) or Long(int64) depending on whether out_int32 flag is True, but we got output tensor's dtype ",
        call.out ? info(call.out->dtype()).scalar : "", " and out_int32 flag is ", search.narrow ? "True" : "False");
  Tensor result = result_of(call, values.sizes(), out_dtype);
  const Tensor found = call.out ? Tensor::empty(values.sizes(), out_dtype) : result;
  const Tensor sequence = contiguous(to_dtype(search.boundaries, dtype));
  const Tensor order = search.sorter ? contiguous(*search.sorter) : Tensor();
  const std::int64_t n = sequence.size(sequence.dim() - 1), count = values.numel();
  const bool one = sequence.dim() == 1;
  const std::int64_t each = one ? std::max<std::int64_t>(count, 1) : values.size(values.dim() - 1);
  const double ns = kStepNs * static_cast<double>(count) * (1 + std::log2(static_cast<double>(n + 1)));
  LongWork work(ns);
  dispatch(dtype, [&]<class T>() {
    const auto run = [&]<bool kRight, class Out>() {
      Out* out = found.data<Out>();
      const T* p = values.data<T>();
      parallel_for(count, 64, ns, [&](std::int64_t begin, std::int64_t end) {
        while (begin < end) {
          const std::int64_t row = one ? 0 : begin / each, stop = one ? end : std::min(end, (row + 1) * each);
          each_point<kRight>(sequence.data<T>() + row * n, search.sorter ? order.data<std::int64_t>() + row * n : nullptr, n, p,
                             begin, stop, [out](std::int64_t i, std::int64_t point) { out[i] = static_cast<Out>(point); });
          begin = stop;
        }
      });
    };
    if (search.narrow)
      search.right ? run.template operator()<true, std::int32_t>() : run.template operator()<false, std::int32_t>();
    else
      search.right ? run.template operator()<true, std::int64_t>() : run.template operator()<false, std::int64_t>();
  });
  if (call.out) copy_into(result, found);
  return result;
}

Result searchsorted_call(const Call& call) {
  const Value* a = call.args;
  Search what{*a[0].tensor, a[1], a[5].given() ? a[5].tensor : nullptr, a[3].truth(), a[2].truth()};
  if (a[4].given()) {
    const std::string_view side = a[4].text;
    check(side == "left" || side == "right", "torch.searchsorted(): side can only be 'left' or 'right' but got ", side);
    check(side == "right" || !what.right,
          "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True");
    what.right = side == "right";
  }
  check_search(what);
  return run_search(call, what);
}

Result bucketize_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& boundaries = *a[1].tensor;
  check(boundaries.dim() == 1, "boundaries tensor must be 1 dimension, but got dim(", boundaries.dim(), ")");
  return run_search(call, {boundaries, a[0], nullptr, a[3].truth(), a[2].truth()});
}

// ---- isin

Result isin_call(const Call& call) {
  const Value* a = call.args;
  check_type(a[0].is_tensor() || a[1].is_tensor(),
             "isin() received an invalid combination of arguments - got two numbers, but one has to be a Tensor");
  const Operand operands[] = {operand_of(a[0]), operand_of(a[1])};
  const DType dtype = result_type(operands);
  for (const Operand& operand : operands)
    check(operand.tensor ? operand.tensor->dtype() != DType::boolean : operand.number.kind != Scalar::Kind::boolean,
          "Unsupported input type encountered for isin(): Bool");
  const bool invert = a[3].truth();
  const Tensor elements = contiguous(as_tensor(a[0], dtype)), tests = contiguous(as_tensor(a[1], dtype));
  const Tensor result = result_of(call, elements.sizes(), DType::boolean);
  const Tensor found = Tensor::empty(elements.sizes(), DType::boolean), sorted = Tensor::empty({tests.numel()}, dtype);
  sort_rows(dtype, false, tests.data(), 1, tests.numel(), sorted.data(), nullptr);
  const std::int64_t count = elements.numel();
  const double ns = kStepNs * static_cast<double>(count) * (1 + std::log2(static_cast<double>(tests.numel() + 1)));
  LongWork work(ns);
  dispatch(dtype, [&]<class T>() {
    const T *p = elements.data<T>(), *q = sorted.data<T>();
    std::int64_t n = tests.numel();
    while (n > 0 && q[n - 1] != q[n - 1]) --n;  // NaN stand last and equal nothing
    bool* out = found.data<bool>();
    parallel_for(count, 64, ns, [&](std::int64_t begin, std::int64_t end) {
      each_point<false>(q, nullptr, n, p, begin, end,
                        [&](std::int64_t i, std::int64_t at) { out[i] = (at < n && q[at] == p[i]) != invert; });
    });
  });
  if (!call.out) return found;
  copy_into(result, found);
  return result;
}

// ---- unique

struct Distinct {
  Tensor values, inverse, counts;
};

Result given(const Distinct& found, bool inverse, bool counts) {
  if (!inverse && !counts) return found.values;
  std::vector<Tensor> all{found.values};
  if (inverse) all.push_back(found.inverse);
  if (counts) all.push_back(found.counts);
  return all;
}

// The runs of equal neighbours among n slices, the i-th of which stands at order[i], or at i where there is no order: the slice
// that begins each run, the run that each slice belongs to, the runs' lengths.
struct Runs {
  std::vector<std::int64_t> first;
  Tensor inverse, counts;
};

template <class Same>
Runs runs_of(std::int64_t n, const std::int64_t* order, bool inverse, Same same) {
  Runs runs{{}, inverse ? Tensor::empty({n}, DType::int64) : Tensor(), Tensor()};
  auto* const belongs = inverse ? runs.inverse.data<std::int64_t>() : nullptr;
  for (std::int64_t i = 0; i < n; ++i) {
    if (i == 0 || !same(i - 1, i)) runs.first.push_back(i);
    if (inverse) belongs[order ? order[i] : i] = static_cast<std::int64_t>(runs.first.size()) - 1;
  }
  const auto count = static_cast<std::int64_t>(runs.first.size());
  runs.counts = Tensor::empty({count}, DType::int64);
  for (std::int64_t r = 0; r < count; ++r)
    runs.counts.data<std::int64_t>()[r] =
        (r + 1 < count ? runs.first[static_cast<std::size_t>(r + 1)] : n) - runs.first[static_cast<std::size_t>(r)];
  return runs;
}

// Of all elements; `consecutive`: only neighbours are compared.
Distinct distinct_elements(const Tensor& input, bool consecutive, bool inverse) {
  const std::int64_t n = input.numel();
  check_sortable("unique", n);
  const Tensor dense = contiguous(input);
  Tensor sorted = dense, order;
  if (!consecutive) {
    sorted = Tensor::empty({n}, input.dtype());
    if (inverse) order = Tensor::empty({n}, DType::int64);
    sort_rows(input.dtype(), false, dense.data(), 1, n, sorted.data(), inverse ? order.data<std::int64_t>() : nullptr);
  }
  const std::int64_t* const positions = order.defined() ? order.data<std::int64_t>() : nullptr;
  return dispatch(input.dtype(), [&]<class T>() {
    const T* p = sorted.data<T>();
    const Runs runs = runs_of(n, positions, inverse, [p](std::int64_t i, std::int64_t j) { return p[i] == p[j]; });
    Distinct found{Tensor::empty({static_cast<std::int64_t>(runs.first.size())}, input.dtype()), runs.inverse, runs.counts};
    for (std::size_t r = 0; r < runs.first.size(); ++r) found.values.data<T>()[r] = p[runs.first[r]];
    if (inverse) found.inverse = found.inverse.view_as(input.sizes(), contiguous_strides(input.sizes()));
    return found;
  });
}

// Of the slices along dim, in lexicographic order.
Distinct distinct_slices(const Tensor& input, std::int64_t given_dim, bool consecutive, bool inverse) {
  check_index(input.dim() > 0, "Dimension specified as ", given_dim, " but tensor has no dimensions");
  const int dim = sort_dim(input, given_dim);
  const auto zeros = std::count(input.sizes().begin(), input.sizes().end(), 0);
  const std::int64_t n = input.size(dim);
  if (n == 0) {
    check(zeros == 1, "Number of zero sized dimensions is more than one, so unique cannot be applied ");
    return {Tensor::empty(input.sizes(), input.dtype()), Tensor::empty({0}, DType::int64), Tensor::empty({0}, DType::int64)};
  }
  check(zeros == 0, "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied");
  Dims sizes{n}, strides{input.stride(dim)};
  for (int d = 0; d < input.dim(); ++d) {
    if (d == dim) continue;
    sizes.push_back(input.size(d));
    strides.push_back(input.stride(d));
  }
  const Tensor slices = contiguous(input.view_as(sizes, std::move(strides)));
  const std::int64_t length = input.numel() / n;
  const Tensor order = Tensor::empty({n}, DType::int64);
  auto* const positions = order.data<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i) positions[i] = i;
  return dispatch(input.dtype(), [&]<class T>() {
    const T* p = slices.data<T>();
    const auto slice = [&](std::int64_t i) { return p + positions[i] * length; };
    if (!consecutive)
      std::stable_sort(positions, positions + n, [&](std::int64_t i, std::int64_t j) {
        const T *a = p + i * length, *b = p + j * length;
        return std::lexicographical_compare(a, a + length, b, b + length);
      });
    const Runs runs = runs_of(n, positions, inverse, [&](std::int64_t i, std::int64_t j) {
      return std::equal(slice(i), slice(i) + length, slice(j));
    });
    const auto count = static_cast<std::int64_t>(runs.first.size());
    Dims kept = sizes;
    kept[0] = count;
    const Tensor values = Tensor::empty(kept, input.dtype());
    for (std::int64_t r = 0; r < count; ++r)
      std::copy_n(slice(runs.first[static_cast<std::size_t>(r)]), length, values.data<T>() + r * length);
    Dims shape, steps;
    for (int d = 0; d < input.dim(); ++d) {
      const int from = d == dim ? 0 : d < dim ? d + 1 : d;
      shape.push_back(values.size(from));
      steps.push_back(values.stride(from));
    }
    return Distinct{values.view_as(std::move(shape), std::move(steps)), runs.inverse, runs.counts};
  });
}

Result unique_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const bool inverse = a[2].truth(), counts = a[3].truth();
  return given(a[4].given() ? distinct_slices(input, a[4].integer(), false, inverse) : distinct_elements(input, false, inverse),
               inverse, counts);
}

Result unique_consecutive_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const bool inverse = a[1].truth(), counts = a[2].truth();
  return given(a[3].given() ? distinct_slices(input, a[3].integer(), true, inverse) : distinct_elements(input, true, inverse),
               inverse, counts);
}

constexpr OpRow kRows[] = {
    {"searchsorted", "",
     "sorted_sequence: Tensor, input: Operand, *, out_int32: bool = False, right: bool = False, side: str? = None, "
     "sorter: Tensor? = None",
     kFunction | kOut, searchsorted_call,
     "Where the elements of input would be inserted into the ascending sequence: before equal ones, or after them with "
     "right=True or side='right'. The sequence is one for all, or one for each row of input. sorter gives the order of a "
     "sequence that is not sorted itself.\n\n"
     ">>> wengert.searchsorted(wengert.tensor([1, 3, 5]), wengert.tensor([0, 3, 9]))\ntensor([0, 1, 3])"},
    {"bucketize", "", "input: Operand, boundaries: Tensor, *, out_int32: bool = False, right: bool = False", kFunction | kOut,
     bucketize_call,
     "The number of the bucket between ascending boundaries that each element falls into; equal to a boundary, the one before "
     "it, or after it with right=True.\n\n"
     ">>> wengert.bucketize(wengert.tensor([0, 3, 9]), wengert.tensor([1, 3, 5]))\ntensor([0, 1, 3])"},
    {"isin", "", "elements: Operand, test_elements: Operand, *, assume_unique: bool = False, invert: bool = False",
     kFunction | kOut, isin_call,
     "Whether each element is one of test_elements; with invert, whether it is none of them. One of the two may be a "
     "number.\n\n"
     ">>> wengert.isin(wengert.tensor([1, 2, 3]), wengert.tensor([3, 1]))\ntensor([ True, False,  True])"},
    {"unique", "",
     "input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int? = None -> "
     "Tensor | Tensor[]",
     kFunction | kMethod, unique_call,
     "The distinct elements in ascending order, or the distinct slices along dim; on demand also which of them each element is "
     "and how often each occurs. No two NaN are alike.\n\n"
     ">>> wengert.unique(wengert.tensor([3, 1, 3]), return_counts=True)\n(tensor([1, 3]), tensor([1, 2]))"},
    {"unique_consecutive", "",
     "input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int? = None -> Tensor | Tensor[]",
     kFunction | kMethod, unique_consecutive_call,
     "The elements, or slices along dim, that differ from the one before; on demand also which of them each element is and how "
     "often each is repeated.\n\n"
     ">>> wengert.unique_consecutive(wengert.tensor([1, 1, 2, 1]))\ntensor([1, 2, 1])"},
};

}  // namespace

constinit const std::span<const OpRow> kSearchOps = kRows;

}  // namespace wengert
