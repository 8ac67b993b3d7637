// Order statistics: topk, kthvalue, median, mode, quantile.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

#include "core/parallel.h"
#include "core/scratch.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/sort.h"

namespace wengert {
namespace {

constexpr double kElementNs = 2;            // of one element looked at
constexpr std::int64_t kSparse = 64;        // fewer than one in so many wanted: a scan with a limit; else a sort
constexpr std::int64_t kShortRow = 512;     // for which counting cells is not worth it
constexpr std::int64_t kFirst = 32;         // elements that a scan takes to find its first limit
constexpr std::int64_t kInserted = 24;      // candidates up to which the best are kept sorted
constexpr std::int64_t kPartRow = 1 << 16;  // a thread's part of a row that several search together

Dims reduced_sizes(const Tensor& input, int dim, bool keepdim) {
  Dims sizes = input.sizes();
  if (input.dim() == 0) return sizes;
  if (keepdim)
    sizes[dim] = 1;
  else
    sizes.erase(dim);
  return sizes;
}

void copy_element(char* to, const char* from, std::int64_t item) { std::memcpy(to, from, static_cast<std::size_t>(item)); }

// ---- topk

bool by_key(const SortCandidate& a, const SortCandidate& b) { return a.key != b.key ? a.key < b.key : a.position < b.position; }

// Room for k candidates and as many that may replace them.
std::int64_t candidates_of(std::int64_t k) { return 2 * k + 1024 + kSortStep; }

// The k smallest of `count` candidates to the front, the largest of them last; `held` of them have gone through this
// before.
void keep_smallest(SortCandidate* room, std::int64_t held, std::int64_t count, std::int64_t k) {
  if (k > kInserted) {
    if (count >= k) std::nth_element(room, room + k - 1, room + count, by_key);
    return;
  }
  for (std::int64_t i = held; i < count; ++i) {  // the front stays sorted
    const SortCandidate candidate = room[i];
    std::int64_t at = std::min(i, k);
    if (at == k && !by_key(candidate, room[--at])) continue;
    for (; at > 0 && by_key(candidate, room[at - 1]); --at) room[at] = room[at - 1];
    room[at] = candidate;
  }
}

// The k smallest of [begin, end) by (key, position), in no order, at the front of the room.
std::int64_t smallest(const SortKeys& keys, const char* in, std::int64_t begin, std::int64_t end, std::int64_t k,
                      std::uint64_t all_ones, SortCandidate* room) {
  const SortKernels& kernel = *kernels().sort;
  std::uint64_t limit = all_ones;
  std::int64_t held = 0;
  const std::int64_t start = begin;
  while (begin < end) {
    std::int64_t found;
    // The first few give a limit soon, to which the next few are held, and so on.
    const std::int64_t seen = begin - start, stop = std::min(end, begin + std::max({2 * k, kFirst, seen}));
    begin = kernel.below(keys, in, begin, stop, limit, room + held, candidates_of(k) - held, &found);
    keep_smallest(room, held, held + found, k);
    held += found;
    if (held < k) continue;
    held = k;
    if (room[k - 1].key == 0) break;  // a later element has to be smaller
    limit = room[k - 1].key - 1;
  }
  return held;
}

struct TopK {
  SortKeys keys;
  std::uint64_t all_ones;
  std::int64_t item, n, k;
  char* values;
  std::int64_t* indices;

  void write(std::int64_t row, const char* in, SortCandidate* candidates, std::int64_t held) const {
    if (held > k) std::nth_element(candidates, candidates + k - 1, candidates + held, by_key);
    std::sort(candidates, candidates + k, by_key);
    for (std::int64_t i = 0; i < k; ++i) {
      indices[row * k + i] = candidates[i].position;
      copy_element(values + (row * k + i) * item, in + candidates[i].position * item, item);
    }
  }
};

// Few of long rows.
void sparse_topk(const TopK& top, const Rows& rows) {
  const double row_ns = static_cast<double>(rows.n) * 0.3 + static_cast<double>(top.k) * 60;
  const double ns = row_ns * static_cast<double>(rows.count);
  const std::int64_t room = candidates_of(top.k);
  const int parts = rows.count == 1 ? threads_for(ns, rows.n / kPartRow) : 1;
  const int threads = rows.count == 1 ? parts : threads_for(ns, rows.count);
  const Scratch<64> scratch(static_cast<std::size_t>(threads * room) * sizeof(SortCandidate));
  auto* const candidates = reinterpret_cast<SortCandidate*>(scratch.data());
  LongWork work(ns);
  if (parts == 1) {
    parallel_run(threads, [&](int thread, int of) {
      SortCandidate* const mine = candidates + room * thread;
      for (std::int64_t r = rows.count * thread / of; r < rows.count * (thread + 1) / of; ++r)
        top.write(r, rows.row(r), mine, smallest(top.keys, rows.row(r), 0, rows.n, top.k, top.all_ones, mine));
    });
    return;
  }
  const Scratch<1024> counts(static_cast<std::size_t>(parts) * sizeof(std::int64_t));
  auto* const held = reinterpret_cast<std::int64_t*>(counts.data());
  parallel_run(parts, [&](int thread, int of) {
    for (int part = thread; part < parts; part += of)
      held[part] =
          smallest(top.keys, rows.row(0), rows.n / parts * part, part + 1 == parts ? rows.n : rows.n / parts * (part + 1),
                   top.k, top.all_ones, candidates + room * part);
  });
  std::int64_t total = held[0];
  for (int part = 1; part < parts; ++part) {
    std::memmove(candidates + total, candidates + room * part, static_cast<std::size_t>(held[part]) * sizeof(SortCandidate));
    total += held[part];
  }
  top.write(0, rows.row(0), candidates, total);
}

}  // namespace

Tensor topk(const Tensor& input, std::int64_t k, int dim, bool largest, Tensor* indices) {
  const std::int64_t n = input.dim() == 0 ? 1 : input.size(dim);
  const Rows rows = rows_along(input, dim);
  Dims row_sizes = rows.sizes;
  if (input.dim() > 0) row_sizes[input.dim() - 1] = k;
  Tensor values = Tensor::empty(row_sizes, input.dtype()), places = Tensor::empty(row_sizes, DType::int64);
  const std::int64_t item = input.itemsize();
  if (values.numel() == 0) {
  } else if (k == n || input.dim() == 0) {
    sort_rows(input.dtype(), largest, rows.data, rows.count, n, values.data(), places.data<std::int64_t>());
  } else if (k == 1 || (n > kShortRow && k < n / kSparse)) {
    sparse_topk({sort_keys(input.dtype(), largest), ~std::uint64_t{0} >> (64 - 8 * item), item, n, k, values.data(),
                 places.data<std::int64_t>()},
                rows);
  } else {  // by whole rows, of which the beginning is kept
    const std::int64_t together = std::max<std::int64_t>(1, std::min(rows.count, (1 << 16) / n));
    const Scratch<2048> scratch(static_cast<std::size_t>(together * n * (item + 8)));
    auto* const order = reinterpret_cast<std::int64_t*>(scratch.data());
    char* const sorted = scratch.data() + together * n * 8;
    for (std::int64_t r = 0; r < rows.count; r += together) {
      const std::int64_t count = std::min(together, rows.count - r);
      sort_rows(input.dtype(), largest, rows.row(r), count, n, sorted, order, k);
      for (std::int64_t i = 0; i < count; ++i) {
        std::memcpy(values.data() + (r + i) * k * item, sorted + i * n * item, static_cast<std::size_t>(k * item));
        std::memcpy(places.data<std::int64_t>() + (r + i) * k, order + i * n, static_cast<std::size_t>(k) * 8);
      }
    }
  }
  *indices = moved_from_last(std::move(places), dim);
  return moved_from_last(std::move(values), dim);
}

namespace {

Result topk_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const std::int64_t k = a[1].integer();
  const int dim = sort_dim(input, a[2].integer());
  const bool largest = a[3].truth();
  const std::int64_t n = input.dim() == 0 ? 1 : input.size(dim);
  check(k >= 0 && k <= n, "selected index k out of range");
  check(input.dtype() != DType::boolean, "topk does not support bool dtypes on CPU");
  check_sortable("topk", n);
  Dims sizes = input.sizes();
  if (input.dim() > 0) sizes[dim] = k;
  check_pair_out(call, sizes, input.dtype());
  Tensor indices;
  Tensor values = topk(input, k, dim, largest, &indices);
  return give_pair(call, std::move(values), std::move(indices));
}

// ---- one element of each row

// The position of the element that is k-th, from 0, in the stable order. `records`: n + 1.
std::int64_t select(SortKeys keys, const char* in, std::int64_t n, std::int64_t k, std::uint64_t* records) {
  const SortKernels& kernel = *kernels().sort;
  kernel.start(&keys, in);
  kernel.narrow(&keys, kernel.differ(keys, in, n));
  std::int64_t count = n;
  if (n <= kShortRow) {
    kernel.pack(keys, in, 0, n, records);
  } else {
    std::uint32_t counts[kSortCells] = {};
    kernel.count(keys, in, 0, n, counts);
    std::uint32_t cell = 0;
    for (; k >= counts[cell]; ++cell) k -= counts[cell];
    count = kernel.collect(keys, in, 0, n, cell, records);
  }
  std::nth_element(records, records + k, records + count);
  if (keys.low > 0) {  // several may share what the records hold of their keys
    const std::uint64_t upper = records[k] >> 32;
    const auto less = std::partition(records, records + count, [&](std::uint64_t r) { return r >> 32 < upper; });
    const auto equal = std::partition(less, records + count, [&](std::uint64_t r) { return r >> 32 == upper; });
    k -= less - records;
    kernel.repack(keys, in, less, equal - less);
    std::nth_element(less, less + k, equal);
    return static_cast<std::uint32_t>(less[k]);
  }
  return static_cast<std::uint32_t>(records[k]);
}

template <class T>
std::int64_t count_nan(const char* in, std::int64_t n) {
  const T* p = reinterpret_cast<const T*>(in);
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; ++i) count += p[i] != p[i];
  return count;
}

std::int64_t nans(DType dtype, const char* in, std::int64_t n) {
  if (!is_floating(dtype)) return 0;
  return dtype == DType::float32 ? count_nan<float>(in, n) : count_nan<double>(in, n);
}

// pick(r, row, records) gives the position to keep of row r, with room for n + 1 records.
template <class Pick>
Result pick_rows(const Call& call, const Tensor& input, int dim, bool keepdim, double ns_each, Pick pick) {
  const Dims sizes = reduced_sizes(input, dim, keepdim);
  check_pair_out(call, sizes, input.dtype());
  const Rows rows = rows_along(input, dim);
  Tensor values = Tensor::empty(sizes, input.dtype()), indices = Tensor::empty(sizes, DType::int64);
  if (values.numel() > 0) {
    const double ns = ns_each * static_cast<double>(input.numel());
    const int threads = threads_for(ns, rows.count);
    const std::int64_t item = input.itemsize();
    const Scratch<2048> scratch(static_cast<std::size_t>(threads * (rows.n + 1)) * 8);
    LongWork work(ns);
    parallel_run(threads, [&](int thread, int of) {
      auto* const records = reinterpret_cast<std::uint64_t*>(scratch.data()) + (rows.n + 1) * thread;
      for (std::int64_t r = rows.count * thread / of; r < rows.count * (thread + 1) / of; ++r) {
        const std::int64_t position = pick(r, rows.row(r), records);
        indices.data<std::int64_t>()[r] = position;
        copy_element(values.data() + r * item, rows.row(r) + position * item, item);
      }
    });
  }
  return give_pair(call, std::move(values), std::move(indices));
}

void check_row(const char* op, const Tensor& input, int dim) {
  check_index(input.dim() == 0 || input.size(dim) > 0, op, "(): Expected reduction dim ", dim, " to have non-zero size.");
  check_sortable(op, input.dim() == 0 ? 1 : input.size(dim));
}

Result kthvalue_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const std::int64_t k = a[1].integer();
  const int dim = sort_dim(input, a[2].integer());
  check_row("kthvalue", input, dim);
  const std::int64_t n = input.dim() == 0 ? 1 : input.size(dim);
  check(k >= 1 && k <= n, "kthvalue(): selected number k out of range for dimension ", dim);
  if (input.dtype() == DType::boolean) fail(ErrorKind::not_implemented, "\"kthvalue_cpu\" not implemented for 'Bool'");
  const SortKeys keys = sort_keys(input.dtype(), false);
  return pick_rows(call, input, dim, a[3].truth(), kElementNs,
                   [&](std::int64_t, const char* row, std::uint64_t* records) { return select(keys, row, n, k - 1, records); });
}

enum class Nan { wins, ignored };

void check_median(const Tensor& input) {
  if (input.dtype() == DType::boolean) fail(ErrorKind::not_implemented, "\"median_cpu\" not implemented for 'Bool'");
}

// The position of the median: the lower of two; a NaN where one counts, the first one.
template <Nan nan>
std::int64_t median_of(DType dtype, const SortKeys& keys, const char* row, std::int64_t n, std::uint64_t* records) {
  const std::int64_t missing = nans(dtype, row, n), left = n - missing;
  if (missing > 0 && (nan == Nan::wins || left == 0)) return select(keys, row, n, left, records);
  return select(keys, row, n, (left - 1) / 2, records);
}

template <Nan nan>
Result median_dim_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const int dim = sort_dim(input, a[1].integer());
  check_row("median", input, dim);
  check_median(input);
  const SortKeys keys = sort_keys(input.dtype(), false);
  const std::int64_t n = input.dim() == 0 ? 1 : input.size(dim);
  return pick_rows(call, input, dim, a[2].truth(), kElementNs, [&](std::int64_t, const char* row, std::uint64_t* records) {
    return median_of<nan>(input.dtype(), keys, row, n, records);
  });
}

template <Nan nan>
Result median_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  const std::int64_t n = input.numel();
  if (n > 0) check_median(input);
  check_sortable(call.op.public_name.c_str(), n);
  if (call.out) check_out(call.op.public_name.c_str(), call.out, {}, input.dtype());
  if (n == 0) {  // NaN, cast where input has integers
    const Tensor missing = full({}, Scalar::of(std::numeric_limits<double>::quiet_NaN()), DType::float64);
    const bool is_unsigned = is_integral(input.dtype()) && !info(input.dtype()).is_signed;
    const Tensor result = result_of(call, {}, input.dtype());
    copy_into(result, is_unsigned ? to_dtype(missing, DType::int64) : missing);
    return written(call, result);
  }
  Tensor made;
  const Tensor& dense = contiguous(input, &made);
  const Scratch<2048> scratch(static_cast<std::size_t>(n + 1) * 8);
  std::int64_t position;
  {
    LongWork work(kElementNs * static_cast<double>(n));
    position = median_of<nan>(input.dtype(), sort_keys(input.dtype(), false), dense.data(), n,
                              reinterpret_cast<std::uint64_t*>(scratch.data()));
  }
  Tensor value = Tensor::empty({}, input.dtype());
  copy_element(value.data(), dense.data() + position * input.itemsize(), input.itemsize());
  if (!call.out) return value;
  copy_into(*call.out, value);
  return *call.out;
}

// ---- mode

Result mode_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const int dim = sort_dim(input, a[1].integer());
  check_row("mode", input, dim);
  const std::int64_t n = input.dim() == 0 ? 1 : input.size(dim);
  const Tensor order = Tensor::empty({input.numel()}, DType::int64), sorted = Tensor::empty({input.numel()}, input.dtype());
  const Rows rows = rows_along(input, dim);
  sort_rows(input.dtype(), false, rows.data, rows.count, n, sorted.data(), order.data<std::int64_t>());
  return pick_rows(call, input, dim, a[2].truth(), kElementNs, [&](std::int64_t r, const char*, std::uint64_t*) {
    const std::int64_t at = r * n;
    return order.data<std::int64_t>()[at + dispatch(input.dtype(), [&]<class T>() {
                                        const T* p = sorted.data<T>() + at;
                                        std::int64_t best = 0, best_length = 0, length = 0;
                                        for (std::int64_t i = 0; i < n; ++i) {
                                          ++length;
                                          if (i + 1 < n && p[i] == p[i + 1]) continue;
                                          if (length > best_length) best = i, best_length = length;
                                          length = 0;
                                        }
                                        return best;
                                      })];
  });
}

// ---- quantile

enum class Between { linear, lower, higher, nearest, midpoint };

template <class T>
T quantile_of(const T* sorted, T rank, Between between) {
  if (between == Between::lower) rank = std::floor(rank);
  if (between == Between::higher) rank = std::ceil(rank);
  if (between == Between::nearest) rank = std::nearbyint(rank);
  const T low = sorted[static_cast<std::int64_t>(rank)], high = sorted[static_cast<std::int64_t>(std::ceil(rank))];
  const T weight = between == Between::midpoint ? T(0.5) : rank - std::floor(rank);
  if (between != Between::linear && between != Between::midpoint) return low;
  return weight < T(0.5) ? std::fma(weight, high - low, low) : std::fma(weight - T(1), high - low, high);  // as lerp
}

Result quantile(const Call& call, const Tensor& input, const Tensor& q, Nan nan) {
  const Value* a = call.args;
  constexpr const char* kNames[] = {"linear", "lower", "higher", "nearest", "midpoint"};
  const std::string_view name = a[4].text;
  const auto* const found = std::find(std::begin(kNames), std::end(kNames), name);
  check(found != std::end(kNames),
        "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got ", name);
  const auto between = static_cast<Between>(found - kNames);
  check(input.numel() > 0, "quantile() input tensor must be non-empty");
  check(q.dim() <= 1, "quantile() q must be a scalar or 1D tensor");
  check(is_floating(input.dtype()), "quantile() input tensor must be either float or double dtype");
  check(q.dtype() == input.dtype(), "quantile() q tensor must be same dtype as the input tensor");
  const bool whole = !a[2].given(), keepdim = a[3].truth();
  const int dim = whole ? 0 : sort_dim(input, a[2].integer());
  Tensor made[2];
  const Tensor& quantiles = contiguous(q, &made[0]);
  dispatch(q.dtype(), [&]<class T>() {
    if constexpr (std::is_floating_point_v<T>)
      for (std::int64_t i = 0; i < q.numel(); ++i)
        check(quantiles.data<T>()[i] >= 0 && quantiles.data<T>()[i] <= 1, "quantile() q values must be in the range [0, 1]");
  });
  const Tensor& rows_input =
      whole && !(input.dim() == 1 && input.is_contiguous()) ? made[1] = contiguous(input).view_as({input.numel()}, {1}) : input;
  const Rows rows = rows_along(rows_input, dim);
  check_sortable(call.op.public_name.c_str(), rows.n);
  Dims sizes = whole ? (keepdim ? Dims(input.dim(), 1) : Dims()) : reduced_sizes(input, dim, keepdim);
  if (q.dim() == 1) sizes.insert(0, q.numel());
  if (call.out) check_out(call.op.public_name.c_str(), call.out, sizes, input.dtype());
  const Tensor sorted = Tensor::empty({input.numel()}, input.dtype());
  Tensor values = Tensor::empty(sizes, input.dtype());
  sort_rows(input.dtype(), false, rows.data, rows.count, rows.n, sorted.data(), nullptr);
  dispatch(input.dtype(), [&]<class T>() {
    if constexpr (std::is_floating_point_v<T>) {
      T* out = values.data<T>();
      for (std::int64_t r = 0; r < rows.count; ++r) {
        const T* p = sorted.data<T>() + r * rows.n;
        const std::int64_t missing = std::isnan(p[rows.n - 1]) ? count_nan<T>(reinterpret_cast<const char*>(p), rows.n) : 0;
        for (std::int64_t i = 0; i < quantiles.numel(); ++i) {
          const std::int64_t last = nan == Nan::ignored ? std::max<std::int64_t>(rows.n - missing - 1, 0) : rows.n - 1;
          const bool spoilt = missing > 0 && (nan == Nan::wins || missing == rows.n);
          out[i * rows.count + r] =
              spoilt ? p[rows.n - 1] : quantile_of(p, quantiles.data<T>()[i] * static_cast<T>(last), between);
        }
      }
    }
  });
  if (!call.out) return values;
  copy_into(*call.out, values);
  return *call.out;
}

template <Nan nan>
Result quantile_call(const Call& call) {
  return quantile(call, *call.args[0].tensor, *call.args[1].tensor, nan);
}

template <Nan nan>
Result quantile_number_call(const Call& call) {
  const double q = call.args[1].number.floating;
  check(q >= 0 && q <= 1, "quantile() q must be in the range [0, 1] but got ", q);
  const Tensor& input = *call.args[0].tensor;
  return quantile(call, input, full({}, Scalar::of(q), is_floating(input.dtype()) ? input.dtype() : DType::float32), nan);
}

constexpr unsigned kForms = kFunction | kMethod | kOut;
#define WENGERT_QUANTILE_ARGS ", dim: int? = None, keepdim: bool = False, *, interpolation: str = linear"

constexpr OpRow kRows[] = {
    {"topk", "", "input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True -> (values, indices)", kForms,
     topk_call,
     "The k largest elements along dim, or the k smallest, and their positions, in order whatever sorted is. Of equal elements "
     "the first ones are taken; NaN counts as the largest number.\n\n"
     ">>> wengert.topk(wengert.tensor([1, 4, 2, 3]), 2).values\ntensor([4, 3])"},
    {"kthvalue", "", "input: Tensor, k: int, dim: int = -1, keepdim: bool = False -> (values, indices)", kForms, kthvalue_call,
     "The k-th smallest element along dim, counted from 1, and its position: the one that a stable sort would put there.\n\n"
     ">>> wengert.kthvalue(wengert.tensor([3, 1, 2]), 2).values\ntensor(2)"},
    {"median", "", "input: Tensor", kForms, median_call<Nan::wins>,
     "The median of all elements: the lower of two in the middle; NaN if there is one.\n\n"
     ">>> wengert.median(wengert.tensor([3, 1, 2, 4]))\ntensor(2)"},
    {"median.dim", "", "input: Tensor, dim: int, keepdim: bool = False -> (values, indices)", kForms,
     median_dim_call<Nan::wins>,
     "The median along dim, the lower of two in the middle, and its position; a NaN if there is one.\n\n"
     ">>> wengert.median(wengert.tensor([[3, 1, 2], [6, 5, 4]]), dim=1).values\ntensor([2, 5])"},
    {"nanmedian", "", "input: Tensor", kForms, median_call<Nan::ignored>,
     "The median of all elements that are not NaN; NaN if there is none.\n\n"
     ">>> wengert.nanmedian(wengert.tensor([3.0, 1.0, float('nan')]))\ntensor(1.)"},
    {"nanmedian.dim", "", "input: Tensor, dim: int, keepdim: bool = False -> (values, indices)", kForms,
     median_dim_call<Nan::ignored>,
     "The median along dim of the elements that are not NaN, and its position.\n\n"
     ">>> wengert.nanmedian(wengert.tensor([3.0, 1.0, float('nan')]), dim=0).values\ntensor(1.)"},
    {"mode", "", "input: Tensor, dim: int = -1, keepdim: bool = False -> (values, indices)", kForms, mode_call,
     "The most frequent element along dim, the smallest of several, and the last position where it stands.\n\n"
     ">>> wengert.mode(wengert.tensor([2, 1, 2, 3])).values\ntensor(2)"},
    {"quantile", "", "input: Tensor, q: Tensor" WENGERT_QUANTILE_ARGS, kForms, quantile_call<Nan::wins>,
     "The q-quantiles of the float elements along dim, or of all: one for each q in [0, 1], as a new first dimension, each "
     "between the two elements next to it as interpolation says (linear, lower, higher, nearest, midpoint); NaN where there is "
     "one.\n\n>>> wengert.quantile(wengert.tensor([1.0, 2.0, 3.0]), wengert.tensor([0.25, 0.5]))\ntensor([1.5000, 2.0000])"},
    {"quantile.number", "", "input: Tensor, q: float" WENGERT_QUANTILE_ARGS, kForms, quantile_number_call<Nan::wins>,
     "The q-quantile for a number q.\n\n>>> wengert.quantile(wengert.tensor([1.0, 2.0, 3.0]), 0.5)\ntensor(2.)"},
    {"nanquantile", "", "input: Tensor, q: Tensor" WENGERT_QUANTILE_ARGS, kForms, quantile_call<Nan::ignored>,
     "The q-quantiles of the elements that are not NaN; otherwise as quantile.\n\n"
     ">>> wengert.nanquantile(wengert.tensor([1.0, float('nan'), 3.0]), wengert.tensor([0.5]))\ntensor([2.])"},
    {"nanquantile.number", "", "input: Tensor, q: float" WENGERT_QUANTILE_ARGS, kForms, quantile_number_call<Nan::ignored>,
     "The q-quantile, for a number q, of the elements that are not NaN.\n\n"
     ">>> wengert.nanquantile(wengert.tensor([1.0, float('nan'), 3.0]), 0.5)\ntensor(2.)"},
};

}  // namespace

constinit const std::span<const OpRow> kSelectOps = kRows;

}  // namespace wengert
