// The blocked and batched matrix product: what to pack, which blocks, which thread.
#include <algorithm>
#include <cstddef>

#include "core/parallel.h"
#include "core/scratch.h"
#include "kernels/dispatch.h"
#include "ops/product.h"

namespace wengert {
namespace {

using std::int64_t;

constexpr int64_t kL2 = 1 << 20;        // assumed, per core
constexpr int64_t kBlockA = kL2 / 4;    // a block of A stays in L2 beside the panel of B that streams by
constexpr int64_t kWidePanel = 2048;    // columns of B
constexpr int64_t kInPlaceDepth = 384;  // up to which a transposed A is read in place
constexpr int64_t kPackCost = 10;       // multiply-adds that packing an element costs, about

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t unit) { return ceil_div(a, unit) * unit; }

// n cut into the fewest parts of at most `most`, all of nearly equal size: that size, in whole units.
constexpr int64_t balanced(int64_t n, int64_t most, int64_t unit) {
  return n <= most ? n : round_up(ceil_div(n, ceil_div(n, most)), unit);
}

// Lines `stride` bytes apart meet in few sets of a cache when a high power of two divides the stride: true if `count` of
// them need more than `capacity` bytes of a cache then.
constexpr bool crowded(int64_t stride, int64_t count, int64_t capacity) { return (stride & -stride) * count > capacity; }

// The batch dimensions with strides in bytes, neighbours joined where all operands allow it.
struct Batch {
  struct Dim {
    int64_t size, a, b, c;
  };
  int64_t total = 1;
  int dims = 0;
  Dim dim[kMaxDims];

  void push(const Dim& next) {
    total *= next.size;
    if (next.size == 1) return;
    if (dims > 0) {
      Dim& last = dim[dims - 1];
      if (last.a == next.size * next.a && last.b == next.size * next.b && last.c == next.size * next.c) {
        last = {last.size * next.size, next.a, next.b, next.c};
        return;
      }
    }
    dim[dims++] = next;
  }
};

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

// n cut evenly into parts, in whole units.
int64_t largest_part(int64_t n, int64_t unit, int parts) { return std::min(n, ceil_div(ceil_div(n, unit), parts) * unit); }
Range part_of(int64_t n, int64_t unit, int part, int parts) {
  const int64_t units = ceil_div(n, unit);
  return {std::min(n, units * part / parts * unit), std::min(n, units * (part + 1) / parts * unit)};
}

struct Gemm {
  const GemmKernel& kernel;
  int64_t size;  // of an element
  int64_t M, N, K;
  const char *a, *b;
  char* c;
  int64_t a_row, a_col, b_row, b_col, c_row, c_col;  // elements
  bool accumulate;
  alignas(8) std::byte alpha[8];
  Batch batch;

  // One thread's share of every product and its plan.
  struct Plan {
    bool pack_a, pack_b;
    int64_t m, n, k;               // block
    std::size_t a_bytes, b_bytes;  // of packed blocks
  };

  // Where C has unit row stride: C^T = B^T A^T.
  Gemm(const Product& p, const GemmKernel& kernel)
      : kernel(kernel), size(static_cast<int64_t>(itemsize(p.dtype))), K(p.K), c(p.c), accumulate(p.accumulate) {
    const bool swap = p.c_col != 1 && p.c_row == 1;
    M = swap ? p.N : p.M, N = swap ? p.M : p.N;
    a = swap ? p.b : p.a, b = swap ? p.a : p.b;
    a_row = swap ? p.b_col : p.a_row, a_col = swap ? p.b_row : p.a_col;
    b_row = swap ? p.a_col : p.b_row, b_col = swap ? p.a_row : p.b_col;
    c_row = swap ? p.c_col : p.c_row, c_col = swap ? p.c_row : p.c_col;
    const Dims &over_a = swap ? p.b_batch : p.a_batch, &over_b = swap ? p.a_batch : p.b_batch;
    for (int i = 0; i < p.batch.size(); ++i) batch.push({p.batch[i], over_a[i] * size, over_b[i] * size, p.c_batch[i] * size});
    fold();
    if (N == 1) b_col = c_col = 1;
    if (K == 1) a_col = 1;
    p.alpha.store(p.dtype, alpha);
  }

  // A batch that repeats B and goes on where the rows of A and C end is one taller product; likewise for columns.
  void fold() {
    while (batch.dims > 0) {
      const Batch::Dim& inner = batch.dim[batch.dims - 1];
      if (inner.b == 0 && inner.a == M * a_row * size && inner.c == M * c_row * size)
        M *= inner.size;
      else if (inner.a == 0 && inner.b == N * b_col * size && inner.c == N * c_col * size)
        N *= inner.size;
      else
        break;
      batch.total /= inner.size;
      --batch.dims;
    }
  }

  // Steps of K in a block. Sums are cut here, so that it must not depend on how threads share the work. Where A has to be
  // packed for each panel of B, and B packed to its full depth would take more memory than C, it is halved: C is then read once
  // more.
  int64_t depth() const {
    const int64_t full = balanced(K, kernel.depth, 16), bytes = full * kernel.packed_bytes;
    const bool repacked = a_col != 1 && full > kInPlaceDepth && M * bytes > kL2;
    const bool large = std::min(N, kWidePanel) * bytes > std::max(kL2, M * N * size);
    return repacked && large ? balanced(K, kernel.depth / 2, 16) : full;
  }

  // Of a part of every product.
  Plan plan(int64_t rows, int64_t columns) const {
    Plan plan;
    const int64_t packed = kernel.packed_bytes;
    plan.k = depth();
    // One block of rows stays packed while blocks of B, each used once, pass through L2.
    const int64_t most = std::max<int64_t>(kBlockA / packed / plan.k / kernel.rows, 1) * kernel.rows;
    plan.m = rows * plan.k * packed <= kL2 / 2 ? rows : balanced(rows, most, kernel.rows);

    // B in place is read a narrow strip at a time, each row of it on a page of its own: good up to about 3 MB where the strip
    // is 192 bytes wide (AVX-512), 1 MB where it is 64.
    const bool large = rows >= 24 * kernel.rows && columns * K * size >= 16384 * kernel.columns * packed;
    const bool crowded_b = rows > 3 * kernel.rows && crowded(b_row * size, plan.k, kL2);
    plan.pack_b = !kernel.in_place || b_col != 1 || (!kernel.masked && N % kernel.vector != 0) || large || crowded_b;
    // A in place is read along its rows, or by a few elements of a line at each step if it is transposed; a large one costs
    // less packed when other programs share the caches.
    const bool scattered_a = a_col != 1 ? plan.k > kInPlaceDepth || crowded(a_col * size, plan.k, kL2 / 2)
                                        : rows * K * size > 4 * kL2 || crowded(a_row * size, plan.m, kL2 / 2);
    plan.pack_a = !kernel.in_place || (columns >= 4 * kernel.columns && scattered_a);
    // A panel of B stays in L2 with one block of rows. With more, each packs A anew, and may take as much memory as C.
    int64_t panel = kBlockA;
    if (!plan.pack_b)
      panel = kWidePanel * plan.k * packed;
    else if (plan.m < rows)
      panel = plan.pack_a ? std::max(kL2, rows * columns * size) : kL2 / 2;
    plan.n = balanced(columns, round_up(std::clamp<int64_t>(panel / packed / plan.k, 1, kWidePanel), kernel.columns),
                      kernel.columns);
    plan.a_bytes = plan.pack_a ? ceil_div(plan.m, kernel.rows) * kernel.packed_rows * plan.k * packed : 0;
    plan.b_bytes = plan.pack_b ? round_up(plan.n, kernel.vector) * plan.k * packed : 0;
    plan.a_bytes = round_up(plan.a_bytes, kAlignment);
    plan.b_bytes = round_up(plan.b_bytes, kAlignment);
    return plan;
  }

  // Rows, columns and products of one thread.
  void run(const Plan& plan, Range rows, Range columns, Range products, char* workspace) const {
    GemmArgs g;
    g.a_row = a_row, g.a_col = a_col, g.b_row = b_row, g.c_row = c_row, g.c_col = c_col;
    g.a_step = g.b_step = g.c_step = 0;
    g.alpha = alpha;
    g.a_packed = plan.pack_a, g.b_packed = plan.pack_b;
    const char *a_part = a + rows.begin * a_row * size, *b_part = b + columns.begin * b_col * size;
    char* c_part = c + (rows.begin * c_row + columns.begin * c_col) * size;
    const bool whole = rows.size() <= plan.m && columns.size() <= plan.n && K <= plan.k;
    void *packed_a = workspace, *packed_b = workspace + plan.a_bytes;
    const char *last_a = nullptr, *last_b = nullptr;  // packed already

    for (int64_t product = products.begin; product < products.end;) {
      int64_t to_a = 0, to_b = 0, to_c = 0, index = product;
      g.count = 1;
      for (int i = batch.dims - 1; i >= 0; --i) {
        const Batch::Dim& dim = batch.dim[i];
        const int64_t at = index % dim.size;
        index /= dim.size;
        to_a += at * dim.a, to_b += at * dim.b, to_c += at * dim.c;
        if (i == batch.dims - 1 && whole && !plan.pack_a && !plan.pack_b) {
          g.count = std::min(dim.size - at, products.end - product);
          g.a_step = dim.a / size, g.b_step = dim.b / size, g.c_step = dim.c / size;
        }
      }
      product += g.count;
      if (whole) {
        g.M = rows.size(), g.N = columns.size(), g.K = K;
        g.a = a_part + to_a, g.b = b_part + to_b, g.c = c_part + to_c;
        g.accumulate = accumulate;
        if (plan.pack_b) {
          if (last_b != b_part + to_b) kernel.pack_b(b_part + to_b, b_row, b_col, g.K, g.N, packed_b);
          last_b = b_part + to_b, g.b = packed_b;
        }
        if (plan.pack_a) {
          if (last_a != a_part + to_a) kernel.pack_a(a_part + to_a, a_row, a_col, g.M, g.K, packed_a);
          last_a = a_part + to_a, g.a = packed_a;
        }
        kernel.multiply(g);
        continue;
      }
      const auto panel = [&](int64_t column, int64_t k, bool a_is_packed) {
        g.N = std::min(plan.n, columns.size() - column);
        g.K = std::min(plan.k, K - k);
        g.accumulate = accumulate || k > 0;
        const char* b_block = b_part + to_b + (k * b_row + column * b_col) * size;
        if (plan.pack_b) kernel.pack_b(b_block, b_row, b_col, g.K, g.N, packed_b);
        g.b = plan.pack_b ? packed_b : b_block;
        for (int64_t row = 0; row < rows.size(); row += plan.m) {
          g.M = std::min(plan.m, rows.size() - row);
          const char* a_block = a_part + to_a + (row * a_row + k * a_col) * size;
          if (plan.pack_a && !a_is_packed) kernel.pack_a(a_block, a_row, a_col, g.M, g.K, packed_a);
          g.a = plan.pack_a ? packed_a : a_block;
          g.c = c_part + to_c + (row * c_row + column * c_col) * size;
          kernel.multiply(g);
        }
      };
      if (rows.size() <= plan.m) {
        for (int64_t k = 0; k < K; k += plan.k)
          for (int64_t column = 0; column < columns.size(); column += plan.n) panel(column, k, column > 0);
      } else {
        for (int64_t column = 0; column < columns.size(); column += plan.n)
          for (int64_t k = 0; k < K; k += plan.k) panel(column, k, false);
      }
    }
  }

  // How `threads` share the work: whole products, or each product by a grid of rows and columns.
  struct Grid {
    int rows = 1, columns = 1, products = 1;
  };
  Grid grid(int threads) const {
    if (batch.total >= 4 * threads || batch.total % threads == 0) return {1, 1, threads};
    const int64_t row_units = ceil_div(M, kernel.rows), column_units = ceil_div(N, kernel.vector);
    Grid best;
    int64_t least = INT64_MAX;
    for (int r = 1; r <= threads && r <= row_units; ++r) {
      const auto c = static_cast<int>(std::min<int64_t>(threads / r, column_units));
      const int64_t height = ceil_div(row_units, r) * kernel.rows, width = ceil_div(column_units, c) * kernel.vector;
      const int64_t cost = height * width + kPackCost * (height + width);  // of one step of K
      if (cost < least) least = cost, best = {r, c, 1};
    }
    return best;
  }

  void run() const {
    const double ns = static_cast<double>(M) * static_cast<double>(N) * static_cast<double>(K) *
                      static_cast<double>(batch.total) / kernel.rate;
    Grid g;
    if (ns >= kParallelNs) g = grid(get_num_threads());
    const Plan plan = this->plan(largest_part(M, kernel.rows, g.rows), largest_part(N, kernel.vector, g.columns));
    const std::size_t share = plan.a_bytes + plan.b_bytes;
    const int parts = g.rows * g.columns * g.products;
    const Scratch<16384> workspace(share * parts);
    LongWork work(ns);
    parallel_run(parts, [&](int thread, int threads) {
      for (int part = thread; part < parts; part += threads) {
        const int row = part % g.rows, column = part / g.rows % g.columns, product = part / (g.rows * g.columns);
        run(plan, part_of(M, kernel.rows, row, g.rows), part_of(N, kernel.vector, column, g.columns),
            part_of(batch.total, 1, product, g.products), workspace.data() + share * thread);
      }
    });
  }
};

// One product that needs neither packing nor threads nor blocks, where the call itself would count. False if it does.
bool run_small(const Product& p, const GemmKernel& kernel) {
  if (!p.batch.empty() || !kernel.in_place || p.c_col != 1 || p.b_col != 1 || p.K > kernel.depth) return false;
  if (!kernel.masked && p.N % kernel.vector != 0) return false;
  if (static_cast<double>(p.M) * static_cast<double>(p.N) * static_cast<double>(p.K) > kParallelNs * kernel.rate) return false;
  alignas(8) std::byte alpha[8];
  p.alpha.store(p.dtype, alpha);
  kernel.multiply(
      {p.M, p.N, p.K, p.a, p.a_row, p.a_col, p.b, p.b_row, p.c, p.c_row, 1, 1, 0, 0, 0, alpha, p.accumulate, false, false});
  return true;
}

}  // namespace

void gemm(const Product& product) {
  const GemmKernel& kernel = kernels().gemm->of[index_of(product.dtype)];
  if (!run_small(product, kernel)) Gemm(product, kernel).run();
}

}  // namespace wengert
