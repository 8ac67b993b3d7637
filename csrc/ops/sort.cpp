#include "ops/sort.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "core/parallel.h"
#include "core/scratch.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/promote.h"
#include "ops/strided.h"

namespace wengert {
namespace {

constexpr double kElementNs = 6;              // serial time of one element of a row
constexpr std::int64_t kPieceSize = 1 << 15;  // records of a piece, with as many spare: half of a 1 MB L2 cache

Tensor moved_to_last(const Tensor& input, int dim) {
  Dims sizes = input.sizes(), strides = input.strides();
  sizes.erase(dim);
  strides.erase(dim);
  sizes.push_back(input.size(dim));
  strides.push_back(input.stride(dim));
  return input.view_as(std::move(sizes), std::move(strides));
}

// Pieces of whole cells, each of about `target` elements where its cells allow it.
int assign_pieces(const std::uint32_t* counts, std::int64_t target, std::uint8_t* piece, std::int64_t* begins) {
  int pieces = 0;
  std::int64_t total = 0, start = 0;
  for (int cell = 0; cell < kSortCells; ++cell) {
    const std::int64_t here = counts[cell];
    const bool full = total + here - start > target && total > start && pieces + 1 < kSortPieces;
    if (full) {
      begins[pieces++] = start;
      start = total;
    }
    piece[cell] = static_cast<std::uint8_t>(pieces);
    total += here;
  }
  begins[pieces++] = start;
  begins[pieces] = total;
  return pieces;
}

// A row of more than kSortRow elements: split by the upper bits of its keys into pieces that fit the cache, then each sorted.
void sort_long_row(SortKeys keys, const char* in, std::int64_t item, std::int64_t n, char* values, std::int64_t* indices,
                   std::uint64_t* records, std::uint64_t* spare, std::uint32_t* counts, int threads, std::int64_t wanted) {
  const SortKernels& kernel = *kernels().sort;
  const auto part = [&](int thread, int of) { return n / of * thread + std::min<std::int64_t>(n % of, thread); };
  kernel.start(&keys, in);
  std::atomic<std::uint64_t> differ{0};
  parallel_run(threads, [&](int thread, int of) {
    const std::int64_t begin = part(thread, of), end = part(thread + 1, of);
    differ.fetch_or(kernel.differ(keys, in + begin * item, end - begin));
  });
  kernel.narrow(&keys, differ.load());
  std::memset(counts, 0, sizeof(std::uint32_t) * kSortCells * static_cast<std::size_t>(threads));
  int ran = 1;
  parallel_run(threads, [&](int thread, int of) {
    kernel.count(keys, in, part(thread, of), part(thread + 1, of), counts + kSortCells * thread);
    if (thread == 0) ran = of;
  });
  std::uint32_t all[kSortCells];
  std::copy_n(counts, kSortCells, all);
  for (int t = 1; t < ran; ++t)
    for (int c = 0; c < kSortCells; ++c) all[c] += counts[kSortCells * t + c];
  std::uint8_t piece[kSortCells];
  std::int64_t begins[kSortPieces + 1];
  const int pieces = assign_pieces(all, std::max(kPieceSize, n / (kSortPieces - 32)), piece, begins);

  // The place of each part's first element of each piece.
  std::uint32_t* const places = counts;  // kSortPieces <= kSortCells: in place
  std::uint32_t next[kSortPieces];
  for (int p = 0; p < pieces; ++p) next[p] = static_cast<std::uint32_t>(begins[p]);
  for (int t = 0; t < ran; ++t) {
    std::uint32_t sums[kSortPieces] = {};
    for (int c = 0; c < kSortCells; ++c) sums[piece[c]] += counts[kSortCells * t + c];
    for (int p = 0; p < pieces; ++p) {
      places[kSortCells * t + p] = next[p];
      next[p] += sums[p];
    }
  }
  parallel_run(ran, [&](int thread, int of) {
    // Should this region get fewer threads than the one before, they take the parts of those that are missing.
    for (int t = thread; t < ran; t += of)
      kernel.partition(keys, in, part(t, ran), part(t + 1, ran), piece, places + kSortCells * t, records);
  });
  std::atomic<int> following{0};
  parallel_run(threads, [&](int, int) {
    for (int p; (p = following.fetch_add(1, std::memory_order_relaxed)) < pieces;) {
      const std::int64_t begin = begins[p], size = begins[p + 1] - begin;
      if (size == 0 || begin >= wanted) continue;
      kernel.finish(keys, in, records + begin, spare + begin, size, values ? values + begin * item : nullptr,
                    indices ? indices + begin : nullptr);
    }
  });
}

}  // namespace

Rows rows_along(const Tensor& input, int dim) {
  if (input.dim() == 0) return {{}, input.data(), {}, 1, 1, input.itemsize()};
  const std::int64_t n = input.size(dim), count = n == 0 ? 0 : input.numel() / n, bytes = n * input.itemsize();
  if (dim == input.dim() - 1 && input.is_contiguous()) return {{}, input.data(), input.sizes(), count, n, bytes};
  Tensor made = contiguous(moved_to_last(input, dim));
  const char* const data = made.data();
  const Dims sizes = made.sizes();
  return {std::move(made), data, sizes, count, n, bytes};
}

Tensor moved_from_last(Tensor rows, int dim) {
  const int last = rows.dim() - 1;
  if (dim == last || rows.dim() == 0) return rows;
  Dims sizes = rows.sizes(), strides = rows.strides();
  sizes.erase(last);
  strides.erase(last);
  sizes.insert(dim, rows.size(last));
  strides.insert(dim, rows.stride(last));
  const Tensor moved = contiguous(rows.view_as(sizes, std::move(strides)));
  return moved.view_as(sizes, contiguous_strides(sizes));  // strides of sizes 1 too
}

SortKeys sort_keys(DType dtype, bool descending) {
  const int bytes = static_cast<int>(itemsize(dtype));
  const std::uint64_t all = ~std::uint64_t{0} >> (64 - 8 * bytes);
  SortKeys keys{};
  keys.flip = descending ? all : 0;
  if (is_floating(dtype)) {
    keys.kind = bytes == 4 ? 4 : 5;
  } else {
    keys.kind = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
    if (info(dtype).is_signed) keys.flip ^= std::uint64_t{1} << (8 * bytes - 1);
  }
  return keys;
}

void check_sortable(const char* op, std::int64_t n) {
  check(n < (std::int64_t{1} << 32), op, "(): rows of 2^32 elements or more are not covered");
}

int sort_dim(const Tensor& input, std::int64_t dim) { return wrap_dim(dim, input.dim()); }

void sort_rows(DType dtype, bool descending, const char* in, std::int64_t count, std::int64_t n, char* values,
               std::int64_t* indices, std::int64_t wanted) {
  if (count == 0 || n == 0) return;
  const SortKernels& kernel = *kernels().sort;
  const SortKeys keys = sort_keys(dtype, descending);
  const auto item = static_cast<std::int64_t>(itemsize(dtype));
  const double ns = static_cast<double>(count) * static_cast<double>(n) * kElementNs;
  const auto size = static_cast<std::size_t>(n);
  if (n > kSortRow) {
    const int threads = threads_for(ns, n);
    const Tensor memory = Tensor::empty({2 * n}, DType::int64);  // two blocks in one, from the cache of freed ones
    const Tensor counts = Tensor::empty({threads * std::int64_t{kSortCells}}, DType::int32);
    auto* records = memory.data<std::uint64_t>();
    LongWork work(ns);
    for (std::int64_t r = 0; r < count; ++r)
      sort_long_row(keys, in + r * n * item, item, n, values ? values + r * n * item : nullptr,
                    indices ? indices + r * n : nullptr, records, records + n, counts.data<std::uint32_t>(), threads, wanted);
    return;
  }
  const int threads = threads_for(ns, count);
  const Scratch<4096> scratch(static_cast<std::size_t>(threads) * size * 16);
  auto* records = reinterpret_cast<std::uint64_t*>(scratch.data());
  LongWork work(ns);
  parallel_run(threads, [&](int thread, int of) {
    const std::int64_t begin = count * thread / of, end = count * (thread + 1) / of;
    std::uint64_t* const mine = records + 2 * n * thread;
    for (std::int64_t r = begin; r < end; ++r)
      kernel.row(keys, in + r * n * item, mine, mine + n, n, values ? values + r * n * item : nullptr,
                 indices ? indices + r * n : nullptr);
  });
}

Tensor sort(const Tensor& input, int dim, bool descending, Tensor* indices) {
  const std::int64_t n = input.dim() == 0 ? 1 : input.size(dim);
  check_sortable("sort", n);
  // PyTorch's results have the strides that a dense input has.
  const bool plain = input.is_contiguous() && input.numel() > 0;
  const auto alike = [&](DType dtype) {
    return plain ? Tensor::empty(input.sizes(), dtype)
                 : Tensor::empty_strided(input.sizes(), dense_layout(input).strides(), dtype);
  };
  Tensor values = alike(input.dtype());
  if (indices) *indices = alike(DType::int64);
  if (input.numel() == 0) return values;
  const bool in_place = input.dim() == 0 || (plain ? dim == input.dim() - 1 : is_dense(input) && input.stride(dim) == 1);
  if (in_place) {  // the rows follow one another in memory, here as there
    sort_rows(input.dtype(), descending, input.data(), input.numel() / n, n, values.data(),
              indices ? indices->data<std::int64_t>() : nullptr);
    return values;
  }
  const Rows rows = rows_along(input, dim);
  const Tensor sorted = Tensor::empty(rows.sizes, input.dtype());
  const Tensor order = indices ? Tensor::empty(rows.sizes, DType::int64) : Tensor();
  sort_rows(input.dtype(), descending, rows.data, rows.count, n, sorted.data(), indices ? order.data<std::int64_t>() : nullptr);
  copy_unchecked(moved_to_last(values, dim), sorted);
  if (indices) copy_unchecked(moved_to_last(*indices, dim), order);
  return values;
}

void check_pair_out(const Call& call, const Dims& sizes, DType values, DType indices) {
  if (!call.out) return;
  const auto exact = [&](Tensor* out, DType dtype) {
    check(out->dtype() == dtype, "Expected out tensor to have dtype ", cpp_name(dtype), ", but got ", cpp_name(out->dtype()),
          " instead");
    check_out(call.op.public_name.c_str(), out, sizes, dtype);
  };
  exact(call.out, values);
  exact(call.out2, indices);
  check_no_overlap(*call.out, *call.out2);
}

Result give_pair(const Call& call, Tensor values, Tensor indices) {
  if (!call.out) return std::pair(std::move(values), std::move(indices));
  copy_into(*call.out, values);
  copy_into(*call.out2, indices);
  return std::pair(*call.out, *call.out2);
}

namespace {

Result sort_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const int dim = sort_dim(input, a[1].integer());
  check_pair_out(call, input.sizes(), input.dtype());
  Tensor indices;
  Tensor values = sort(input, dim, a[2].truth(), &indices);
  return give_pair(call, std::move(values), std::move(indices));
}

Result argsort_call(const Call& call) {
  const Value* a = call.args;
  const Tensor& input = *a[0].tensor;
  const int dim = sort_dim(input, a[1].integer());
  if (call.out) check_out("argsort", call.out, input.sizes(), DType::int64);
  Tensor indices;
  sort(input, dim, a[2].truth(), &indices);
  if (!call.out) return indices;
  copy_into(*call.out, indices);
  return *call.out;
}

Result msort_call(const Call& call) {
  const Tensor& input = *call.args[0].tensor;
  if (call.out) check_out("msort", call.out, input.sizes(), input.dtype());
  Tensor values = sort(input, 0, false, nullptr);
  if (!call.out) return values;
  copy_into(*call.out, values);
  return *call.out;
}

constexpr OpRow kRows[] = {
    {"sort", "", "input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool? = False -> (values, indices)",
     kFunction | kMethod | kOut, sort_call,
     "The elements along dim in ascending or descending order and the positions they had. NaN counts as the largest number. "
     "Equal elements keep their order, whether stable is asked for or not.\n\n"
     ">>> wengert.sort(wengert.tensor([3, 1, 2])).indices\ntensor([1, 2, 0])"},
    {"argsort", "", "input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False",
     kFunction | kMethod | kOut, argsort_call,
     "The positions that sort the elements along dim; equal elements keep their order.\n\n"
     ">>> wengert.argsort(wengert.tensor([3, 1, 2]))\ntensor([1, 2, 0])"},
    {"msort", "", "input: Tensor", kFunction | kMethod | kOut, msort_call,
     "The elements in ascending order along the first dim.\n\n"
     ">>> wengert.msort(wengert.tensor([3, 1, 2]))\ntensor([1, 2, 3])"},
};

}  // namespace

constinit const std::span<const OpRow> kSortOps = kRows;

}  // namespace wengert
