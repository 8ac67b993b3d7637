// From a batched strided product to the kernel that suits it.
#include "ops/product.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/parallel.h"
#include "core/scratch.h"
#include "kernels/dispatch.h"

namespace wengert {
namespace {

enum class Path { rows, columns, strided, few, few_columns, outer, turned, gemm };

constexpr std::int64_t kFewColumns = 32;
constexpr std::int64_t kUncutBytes = 256 << 10;  // an A up to this size is one piece: one thread reads it from L2 in 1.3 us
constexpr double kBytesPerNs = 64;               // estimate of reading A, for the choice of threads
constexpr double kCallNs = 10;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

struct One {  // the number one in every dtype
  alignas(8) char bytes[kDTypes][8];
  One() {
    for (int d = 0; d < kDTypes; ++d) Scalar::of(std::int64_t{1}).store(static_cast<DType>(d), bytes[d]);
  }
};
const One one;

// ---- one product out of many ----

void reverse(const char*& pointer, std::int64_t& stride, std::int64_t count, std::int64_t size) {
  pointer += (count - 1) * stride * size;
  stride = -stride;
}
void reverse(char*& pointer, std::int64_t& stride, std::int64_t count, std::int64_t size) {
  pointer += (count - 1) * stride * size;
  stride = -stride;
}

// Runs an index backwards where that makes the strides of C positive, and the common index k where A is read backwards.
void straighten(Product& p) {
  const auto size = static_cast<std::int64_t>(itemsize(p.dtype));
  if (p.c_row < 0) reverse(p.c, p.c_row, p.M, size), reverse(p.a, p.a_row, p.M, size);
  if (p.c_col < 0) reverse(p.c, p.c_col, p.N, size), reverse(p.b, p.b_col, p.N, size);
  if (p.a_col < 0) reverse(p.a, p.a_col, p.K, size), reverse(p.b, p.b_row, p.K, size);
  for (int d = 0; d < p.batch.size(); ++d) {
    if (p.c_batch[d] >= 0) continue;
    reverse(p.c, p.c_batch[d], p.batch[d], size);
    reverse(p.a, p.a_batch[d], p.batch[d], size);
    reverse(p.b, p.b_batch[d], p.batch[d], size);
  }
}

void erase_batch(Product& p, int d) {
  p.batch.erase(d);
  p.a_batch.erase(d);
  p.b_batch.erase(d);
  p.c_batch.erase(d);
}

// A batch dimension over which B is the same and A and C go on as from row to row is more rows; likewise columns.
bool fold_into_matrix(Product& p, int d) {
  const std::int64_t n = p.batch[d];
  if (n == 1) return true;
  if (p.b_batch[d] == 0 && (p.M == 1 || (p.a_batch[d] == p.M * p.a_row && p.c_batch[d] == p.M * p.c_row))) {
    if (p.M == 1) p.a_row = p.a_batch[d], p.c_row = p.c_batch[d];
    p.M *= n;
    return true;
  }
  if (p.a_batch[d] == 0 && (p.N == 1 || (p.b_batch[d] == p.N * p.b_col && p.c_batch[d] == p.N * p.c_col))) {
    if (p.N == 1) p.b_col = p.b_batch[d], p.c_col = p.c_batch[d];
    p.N *= n;
    return true;
  }
  return false;
}

void fold(Product& p) {
  for (int d = p.batch.size() - 1; d >= 0; --d)
    if (fold_into_matrix(p, d)) erase_batch(p, d);
  for (int d = p.batch.size() - 1; d > 0; --d) {  // neighbours that every operand steps through as through one
    const std::int64_t n = p.batch[d];
    if (p.a_batch[d - 1] != n * p.a_batch[d] || p.b_batch[d - 1] != n * p.b_batch[d] || p.c_batch[d - 1] != n * p.c_batch[d])
      continue;
    p.batch[d] *= p.batch[d - 1];
    erase_batch(p, d - 1);
  }
}

// ---- the choice ----

// Against gemm, whose tile is a whole number of vectors wide and has to turn a B that is contiguous along K. Measured in
// columns that both do in the same time for long rows, float32 at 1000: 17 in one vector of 16, 26 in two. Short rows make the
// dot form dearer, by as much as 64 elements more.
bool few_is_faster(const Product& p) {
  const auto size = static_cast<std::int64_t>(itemsize(p.dtype));
  const std::int64_t W = kernels().vector_bytes / size;
  const std::int64_t even = p.b_row == 1 ? 2 * W : p.N <= W ? W + 1 : p.N <= 2 * W ? W * 8 / 5 : 0;
  return size >= 4 && p.M >= 2 * p.N && p.K >= 32 && p.N * (p.K + 64) <= p.K * even;
}

// One column at most, or a few: the kernels below expect the large operand in A.
Path choose(Product& p) {
  const auto size = static_cast<std::int64_t>(itemsize(p.dtype));
  const bool few_rows = (p.M <= kFewColumns && p.b_row == 1) || (p.M <= kGemvFewColumns && p.b_col == 1 && p.N * size >= 1024);
  if (p.M < p.N && (p.M == 1 || few_rows)) p = p.transposed();
  if (p.K == 1) p.a_col = p.b_row = 1;  // steps that are never taken
  if (p.N == 1) {
    if (p.a_row == 1 && (p.a_col != 1 || p.K == 1) && p.M > 1) return Path::columns;
    if (p.a_col == 1 && (p.b_row == 1 || p.M >= 4)) return Path::rows;
    if (p.M == 1) p.a_row = p.a_col;  // the longer side counts as the one with smaller steps
    if (p.K == 1) p.a_col = 2 * p.a_row;
    return Path::strided;
  }
  if (p.K == 1 && p.c_row == 1 && p.c_col != 1) p = p.transposed();
  if (p.K == 1 && p.b_col == 1 && p.c_col == 1) return Path::outer;
  if (p.N > kFewColumns) return Path::gemm;
  if (p.a_col == 1 && few_is_faster(p)) return Path::few;
  const bool tall = p.M * size >= 1024 && p.K >= 32;
  if (p.a_row == 1 && p.N <= kGemvFewColumns && tall && size >= 4) return Path::few_columns;
  const bool one_vector = p.N * size <= kernels().vector_bytes;
  if (p.a_row == 1 && p.c_col == 1 && one_vector && p.batch.empty() && p.K >= 32 && p.M >= 64) return Path::turned;
  return Path::gemm;
}

// ---- the skinny paths ----

// Where a product is cut for threads, by its shape alone so that the result does not depend on their number: either rows,
// or K in blocks of fixed depth whose partial results are added pairwise.
struct Cut {
  std::int64_t rows, depth;
};

Cut cut_of(const Product& p, Path path) {
  const auto size = static_cast<std::int64_t>(itemsize(p.dtype));
  const std::int64_t bytes = p.M * p.K * size;
  if (bytes <= kUncutBytes || path == Path::outer) return {path == Path::outer ? kGemvRows : p.M, p.K};
  const bool scattered = path == Path::strided && std::abs(p.a_col) > std::abs(p.a_row);
  if (path == Path::columns || path == Path::few_columns || scattered) {
    if (p.M * size >= 4 * kGemvStripBytes) return {kGemvStripBytes / size, p.K};
    // At most 16 blocks: each costs a pass over C.
    return {p.M, std::max(ceil_div(p.K, 16 * 8) * 8, kUncutBytes / 2 / (p.M * size))};
  }
  constexpr std::int64_t kDepthBytes = 32 << 10;  // x stays in L1 while the rows pass
  if (p.M < 12 * kGemvRows && p.K * size >= 2 * kDepthBytes) return {p.M, kDepthBytes / size};
  return {kGemvRows, p.K};
}

std::int64_t batches_of(const Product& p) {
  std::int64_t count = 1;
  for (const std::int64_t n : p.batch) count *= n;
  return count;
}

// The operands of batch number `index`.
struct Operands {
  const char *a, *b;
  char* c;
};

Operands operands(const Product& p, std::int64_t index) {
  const auto size = static_cast<std::int64_t>(itemsize(p.dtype));
  std::int64_t a = 0, b = 0, c = 0;
  for (int d = p.batch.size() - 1; d >= 0; --d) {
    const std::int64_t i = index % p.batch[d];
    index /= p.batch[d];
    a += i * p.a_batch[d], b += i * p.b_batch[d], c += i * p.c_batch[d];
  }
  return {p.a + a * size, p.b + b * size, p.c + c * size};
}

// B with its columns contiguous along K. A batch dimension over which B repeats is not repeated here.
struct PackedB {
  Dims batch_strides;
  std::int64_t step, bytes;

  explicit PackedB(const Product& p) : batch_strides(p.batch.size()) {
    const auto size = static_cast<std::int64_t>(itemsize(p.dtype));
    // Whole cache lines, but no multiple of a page: columns of B would meet in one set of L1.
    step = ceil_div(p.K * size, 64) * 64;
    if (p.N > 1 && step % 4096 == 0) step += 64;
    step /= size;
    std::int64_t elements = p.N * step;
    for (int d = p.batch.size() - 1; d >= 0; --d) {
      if (p.b_batch[d] == 0) continue;
      batch_strides[d] = elements;
      elements *= p.batch[d];
    }
    bytes = elements * size;
  }

  void pack(Product& p, const GemvKernel& kernel, char* packed) const {
    const auto size = static_cast<std::int64_t>(itemsize(p.dtype));
    Product once = p;  // one visit to every matrix of B that differs
    for (int d = 0; d < p.batch.size(); ++d)
      if (p.b_batch[d] == 0) once.batch[d] = 1;
    const std::int64_t count = batches_of(once);
    for (std::int64_t i = 0; i < count; ++i)
      kernel.pack(operands(once, i).b, p.b_row, p.b_col, p.K, p.N, packed + i * p.N * step * size, step);
    p.b = packed;
    p.b_row = 1;
    p.b_col = step;
    p.b_batch = batch_strides;
  }
};

GemvLoop loop_of(const GemvKernel& kernel, Path path) {
  switch (path) {
    case Path::rows:
      return kernel.rows;
    case Path::columns:
      return kernel.columns;
    case Path::strided:
      return kernel.strided;
    case Path::few:
      return kernel.few;
    case Path::few_columns:
      return kernel.few_columns;
    default:
      return kernel.outer;
  }
}

void run_skinny(Product& p, Path path) {
  const GemvKernel& kernel = kernels().gemv->of[index_of(p.dtype)];
  const GemvLoop loop = loop_of(kernel, path);
  const auto size = static_cast<std::int64_t>(itemsize(p.dtype));
  const bool along_k = path == Path::rows || path == Path::few;
  const PackedB packing(p);
  const Scratch<2048> packed(along_k && p.b_row != 1 ? packing.bytes : 0);
  if (along_k && p.b_row != 1) packing.pack(p, kernel, packed.data());

  const Cut cut = cut_of(p, path);
  const std::int64_t batches = batches_of(p), pieces = ceil_div(p.M, cut.rows), blocks = ceil_div(p.K, cut.depth);
  const double touched = static_cast<double>(p.M) * size * static_cast<double>(p.K + (p.K == 1 ? 2 * p.N : 0));
  const double ns = static_cast<double>(batches) * (touched / kBytesPerNs * (1 + p.N / 8.0 * (p.K > 1)) + kCallNs);
  alignas(8) char alpha[8];
  p.alpha.store(p.dtype, alpha);
  const Scratch<2048> partial(blocks > 1 ? blocks * p.M * p.N * size : 0);

  const auto args = [&](std::int64_t batch) {
    const Operands at = operands(p, batch);
    return GemvArgs{p.M, p.N, p.K, at.a, p.a_row, p.a_col, at.b, p.b_row, p.b_col, at.c, p.c_row, p.c_col, alpha, p.accumulate};
  };
  const LongWork work(ns);
  if (blocks == 1) {
    parallel_for(batches * pieces, 1, ns, [&](std::int64_t begin, std::int64_t end) {
      while (begin < end) {
        const std::int64_t first = begin % pieces, count = std::min(pieces - first, end - begin), row = first * cut.rows;
        GemvArgs g = args(begin / pieces);
        g.M = std::min(count * cut.rows, p.M - row);
        g.a = static_cast<const char*>(g.a) + row * p.a_row * size;
        g.c = static_cast<char*>(g.c) + row * p.c_row * size;
        loop(g);
        begin += count;
      }
    });
    return;
  }
  const bool turned = path == Path::few_columns;  // it writes C by columns
  for (std::int64_t batch = 0; batch < batches; ++batch) {
    GemvArgs whole = args(batch);
    parallel_for(blocks, 1, ns / static_cast<double>(batches), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t block = begin; block < end; ++block) {
        const std::int64_t k = block * cut.depth;
        GemvArgs g = whole;
        g.K = std::min(cut.depth, p.K - k);
        g.a = static_cast<const char*>(whole.a) + k * p.a_col * size;
        g.b = static_cast<const char*>(whole.b) + k * p.b_row * size;
        g.c = partial.data() + block * p.M * p.N * size;
        g.c_row = turned ? 1 : p.N;
        g.c_col = turned ? p.M : 1;
        g.alpha = one.bytes[index_of(p.dtype)];
        g.accumulate = false;
        loop(g);
      }
    });
    if (turned) std::swap(whole.M, whole.N), std::swap(whole.c_row, whole.c_col);
    kernel.combine(partial.data(), blocks, whole);
  }
}

// C^T (+)= B^T A^T in working memory, and back: gemm is at its best when its vectors run along what is contiguous in A, and B
// and C are small.
void run_turned(Product& p) {
  const GemvKernel& kernel = kernels().gemv->of[index_of(p.dtype)];
  const PackedB packing(p);
  const Scratch<2048> packed(p.b_row != 1 ? packing.bytes : 0);
  if (p.b_row != 1) packing.pack(p, kernel, packed.data());
  const Scratch<2048> turned(p.M * p.N * static_cast<std::int64_t>(itemsize(p.dtype)));
  Product t = p.transposed();
  t.c = turned.data(), t.c_row = p.M, t.c_col = 1;
  if (p.accumulate) kernel.pack(p.c, p.c_row, 1, p.M, p.N, turned.data(), p.M);
  gemm(t);
  kernel.pack(turned.data(), p.M, 1, p.N, p.M, p.c, p.c_row);
}

}  // namespace

void multiply(Product p) {
  straighten(p);
  fold(p);
  switch (const Path path = choose(p)) {
    case Path::gemm:
      return gemm(p);
    case Path::turned:
      return run_turned(p);
    default:
      return run_skinny(p, path);
  }
}

void multiply_vector(DType dtype, std::int64_t M, std::int64_t K, const char* a, std::int64_t a_row, std::int64_t a_col,
                     const char* x, std::int64_t x_step, char* y, std::int64_t y_step) {
  constexpr std::int64_t kSmall = 4096;
  if (M * K <= kSmall) {
    const GemvKernel& kernel = kernels().gemv->of[index_of(dtype)];
    const GemvLoop loop = a_col == 1 && x_step == 1 ? kernel.rows : a_row == 1 ? kernel.columns : kernel.strided;
    loop({M, 1, K, a, M == 1 ? a_col : a_row, a_col, x, x_step, 1, y, y_step, 1, one.bytes[index_of(dtype)], false});
    return;
  }
  Product p{dtype, M, 1, K, a, a_row, a_col, x, x_step, 1, y, y_step, 1};
  multiply(std::move(p));
}

}  // namespace wengert
