// softmax(scale Q K^T + mask) V without the matrix of all scores: blocks of queries meet blocks of keys, with the largest score
// and the sum of exponentials of each query so far (Rabe and Staats, "Self-attention does not need O(n^2) memory", 2021; Dao et
// al., "FlashAttention", 2022). The gradients make the blocks again from the logarithms of the sums.
#include "ops/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/parallel.h"
#include "core/scratch.h"
#include "kernels/dispatch.h"
#include "ops/copy.h"
#include "ops/create.h"
#include "ops/elementwise.h"

namespace wengert {
namespace {

using std::int64_t;

constexpr int64_t kQueries = 64;  // of a block: 64 x 256 scores of float32 are 64 KB, with the packed operands half of L2
constexpr int64_t kKeys = 256;
constexpr double kScoreNs = 0.15;  // of an exponential and its neighbours

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t unit) { return ceil_div(a, unit) * unit; }
constexpr std::size_t aligned(int64_t bytes) { return static_cast<std::size_t>(round_up(bytes, kAlignment)); }

// The batch dimensions of `tensor`, (..., rows, columns), broadcast to `batch`; columns are one element apart.
struct Matrices {
  Tensor made;
  char* data;
  int64_t size, rows, columns, row;  // bytes of an element, sizes, elements from a row to the next
  Dims batch, steps;

  Matrices() : data(nullptr), size(0), rows(0), columns(0), row(0) {}
  Matrices(const Tensor& tensor, const Dims& batch) : batch(batch), steps(batch.size(), 0) {
    const int dims = tensor.dim(), extra = batch.size() - (dims - 2);
    check(dims >= 2 && extra >= 0, "attention: expected at least 2 dimensions, but got ", tensor.sizes());
    const bool dense = tensor.stride(dims - 1) == 1 || tensor.size(dims - 1) == 1;
    made = dense ? tensor : contiguous(tensor);
    data = made.data(), size = made.itemsize();
    rows = made.size(dims - 2), columns = made.size(dims - 1), row = made.stride(dims - 2);
    for (int i = 0; i < dims - 2; ++i) {
      check(made.size(i) == batch[extra + i] || made.size(i) == 1, "attention: batch sizes ", tensor.sizes(),
            " do not broadcast to ", batch);
      if (made.size(i) != 1) steps[extra + i] = made.stride(i);
    }
  }
  // Row i of matrix `index` of the batch.
  char* at(int64_t index, int64_t i) const {
    int64_t offset = i * row;
    for (int d = batch.size() - 1; d >= 0; --d) offset += index % batch[d] * steps[d], index /= batch[d];
    return data + offset * size;
  }
};

struct Attention {
  DType dtype;
  Dims batch;
  int64_t count = 1;  // of the batch
  Matrices query, key, value, mask;
  bool causal;
  double scale;
  const GemmKernel& gemm;
  const AttentionKernel& kernel;
  alignas(8) char one[8], scale_bytes[8];

  // (query, key, value, attn_mask, is_causal, scale)
  explicit Attention(const Value* a)
      : dtype(a[0].tensor->dtype()),
        causal(a[4].truth()),
        scale(a[5].number.floating),
        gemm(kernels().gemm->of[index_of(dtype)]),
        kernel(kernels().attention->of[dtype == DType::float64]) {
    const Tensor &q = *a[0].tensor, &k = *a[1].tensor, &v = *a[2].tensor;
    check(is_floating(dtype) && k.dtype() == dtype && v.dtype() == dtype,
          "Expected query, key, and value to have the same floating dtype, but got query.dtype: ", info(dtype).name,
          " key.dtype: ", info(k.dtype()).name, " and value.dtype: ", info(v.dtype()).name, " instead.");
    check(q.dim() >= 2 && k.dim() >= 2 && v.dim() >= 2, "attention: expected at least 2 dimensions, but got ", q.sizes(), ", ",
          k.sizes(), " and ", v.sizes());
    batch = broadcast(broadcast(leading(q), leading(k)), leading(v));
    for (const int64_t n : batch) count *= n;
    query = Matrices(q, batch), key = Matrices(k, batch), value = Matrices(v, batch);
    check(query.columns == key.columns && key.rows == value.rows, "attention: query ", q.sizes(), ", key ", k.sizes(),
          " and value ", v.sizes(), " do not go together");
    if (a[3].given()) set_mask(*a[3].tensor);
    Scalar::of(1.0).store(dtype, one);
    Scalar::of(scale).store(dtype, scale_bytes);
  }

  static Dims leading(const Tensor& tensor) { return Dims(std::span(tensor.sizes().data(), tensor.dim() - 2)); }

  void set_mask(const Tensor& given) {
    Tensor added = given;
    if (given.dtype() == DType::boolean) {
      const Tensor zero = full({}, Scalar::of(0.0), dtype), lowest = full({}, Scalar::of(-HUGE_VAL), dtype);
      const Operand operands[] = {given, zero, lowest};
      added = elementwise(kernel_row("where"), operands);
    }
    check(added.dtype() == dtype, "attention: expected a mask of dtype bool or ", info(dtype).name, ", but got ",
          info(given.dtype()).name);
    Dims sizes = batch, strides(batch.size() + 2, 0);
    sizes.push_back(query.rows), sizes.push_back(key.rows);
    const int extra = sizes.size() - added.dim();
    check(extra >= 0, "attention: the mask has shape ", given.sizes(), ", the scores ", sizes);
    for (int i = 0; i < added.dim(); ++i) {
      check(added.size(i) == sizes[extra + i] || added.size(i) == 1, "attention: the mask has shape ", given.sizes(),
            ", the scores ", sizes);
      if (added.size(i) != 1) strides[extra + i] = added.stride(i);
    }
    if (strides[sizes.size() - 1] == 1) {
      mask.made = added;
      mask.data = added.data(), mask.row = strides[sizes.size() - 2];
      mask.steps = Dims(std::span(strides.data(), batch.size()));
    } else {
      mask.made = contiguous(added.view_as(sizes, strides));
      mask.data = mask.made.data(), mask.row = key.rows;
      mask.steps = contiguous_strides(batch);
      for (int64_t& step : mask.steps) step *= query.rows * key.rows;
    }
    mask.batch = batch, mask.size = added.itemsize(), mask.rows = query.rows, mask.columns = key.rows;
  }

  int64_t size() const { return query.size; }
  // Whether no query of [i, i + n) sees a key from j on.
  bool hidden(int64_t i, int64_t n, int64_t j) const { return causal && i + n <= j; }

  AttentionArgs block(int64_t index, int64_t i, int64_t rows, int64_t j, int64_t n, char* scores, int64_t pitch) const {
    return {.scores = scores,
            .rows = rows,
            .n = n,
            .pitch = pitch,
            .mask = mask.data ? mask.at(index, i) + j * size() : nullptr,
            .mask_row = mask.row,
            .visible = i + 1 - j,
            .causal = causal,
            .largest = nullptr,
            .sum = nullptr,
            .out = nullptr,
            .width = 0,
            .out_row = 0,
            .log_sum = nullptr,
            .total = nullptr,
            .gradient = nullptr,
            .scale = scale};
  }

  // c = alpha a b, or c += it: a (M x K) in place, b (K x N) packed.
  void multiply(int64_t M, int64_t N, int64_t K, const void* a, int64_t a_row, int64_t a_col, const void* b, void* c,
                int64_t c_row, bool accumulate, const void* alpha) const {
    if (M == 0 || N == 0 || K == 0) return;
    gemm.multiply({M, N, K, a, a_row, a_col, b, 0, c, c_row, 1, 1, 0, 0, 0, alpha, accumulate, false, true});
  }
  std::size_t packed_bytes(int64_t K, int64_t N) const { return aligned(K * round_up(N, gemm.vector) * size()); }

  double ns() const {
    const double scores = static_cast<double>(count * query.rows) * static_cast<double>(key.rows);
    return scores * (static_cast<double>(query.columns + value.columns) / gemm.rate + kScoreNs) * (causal ? 0.5 : 1);
  }
};

// Memory of one thread, cut into pieces.
struct Pieces {
  char* next;
  char* take(std::size_t bytes) {
    char* piece = next;
    next += bytes;
    return piece;
  }
};

Dims result_sizes(const Dims& batch, int64_t rows, int64_t columns) {
  Dims sizes = batch;
  sizes.push_back(rows);
  if (columns >= 0) sizes.push_back(columns);
  return sizes;
}

// The rows of the last batch dimension, the heads, lie together: (..., heads, rows, columns) in the memory of (..., rows,
// heads, columns), which a projection of all heads reads without a copy.
Tensor rows_of_heads(const Dims& batch, int64_t rows, int64_t columns, DType dtype) {
  const int heads = batch.size() - 1;
  Dims sizes = result_sizes(batch, rows, columns);
  if (heads >= 0) std::swap(sizes[heads], sizes[heads + 1]);
  const Tensor made = full(sizes, Scalar::of(0.0), dtype);
  if (heads < 0) return made;
  Dims strides = made.strides();
  std::swap(sizes[heads], sizes[heads + 1]);
  std::swap(strides[heads], strides[heads + 1]);
  return made.view_as(sizes, strides);
}

Result attention_call(const Call& call) {
  const Attention a(call.args);
  const int64_t size = a.size(), width = a.value.columns, L = a.query.rows, S = a.key.rows, E = a.query.columns;
  const Tensor out = rows_of_heads(a.batch, L, width, a.dtype);
  const Tensor log_sums = full(result_sizes(a.batch, L, -1), Scalar::of(-HUGE_VAL), DType::float64);
  if (out.numel() == 0 || S == 0) return std::pair(out, log_sums);
  const Matrices results(out, a.batch);
  const int64_t blocks = ceil_div(L, kQueries), keys = std::min(kKeys, S), pitch = round_up(keys, a.gemm.vector);
  const int used = threads_for(a.ns(), a.count * blocks);
  const std::size_t key_bytes = a.packed_bytes(E, keys), value_bytes = a.packed_bytes(keys, width);
  const std::size_t score_bytes = aligned(kQueries * pitch * size), state_bytes = aligned(kQueries * sizeof(double));
  const std::size_t thread_bytes = key_bytes + value_bytes + score_bytes + 2 * state_bytes;
  const Scratch<16384> workspace(thread_bytes * used);
  LongWork work(a.ns());
  parallel_run(used, [&](int thread, int threads) {
    Pieces pieces{workspace.data() + thread_bytes * thread};
    char *packed_key = pieces.take(key_bytes), *packed_value = pieces.take(value_bytes), *scores = pieces.take(score_bytes);
    auto* largest = reinterpret_cast<double*>(pieces.take(state_bytes));
    auto* sum = reinterpret_cast<double*>(pieces.take(state_bytes));
    int64_t packed = -1;  // whose keys and values, where they are one block
    const int64_t all = a.count * blocks;
    for (int64_t unit = all * thread / threads; unit < all * (thread + 1) / threads; ++unit) {
      const int64_t index = unit / blocks, i = unit % blocks * kQueries, rows = std::min(kQueries, L - i);
      char* to = results.at(index, i);
      std::fill_n(largest, rows, -HUGE_VAL);
      std::fill_n(sum, rows, 0.0);
      for (int64_t j = 0; j < S && !a.hidden(i, rows, j); j += keys) {
        const int64_t n = std::min(keys, S - j);
        if (packed != index || keys < S) {
          a.gemm.pack_b(a.key.at(index, j), 1, a.key.row, E, n, packed_key);
          a.gemm.pack_b(a.value.at(index, j), a.value.row, 1, n, width, packed_value);
          packed = index;
        }
        if (E == 0) std::fill_n(scores, score_bytes, '\0');
        a.multiply(rows, n, E, a.query.at(index, i), a.query.row, 1, packed_key, scores, pitch, false, a.scale_bytes);
        AttentionArgs args = a.block(index, i, rows, j, n, scores, pitch);
        args.largest = largest, args.sum = sum, args.out = to, args.width = j ? width : 0, args.out_row = results.row;
        a.kernel.exponentials(args);
        a.multiply(rows, width, n, scores, pitch, 1, packed_value, to, results.row, j > 0, a.one);
      }
      const NormalizeKernel& lines = kernels().normalize->of[a.dtype == DType::float64];
      for (int64_t r = 0; r < rows; ++r) {
        char* row = to + r * results.row * size;
        if (sum[r] != 0) lines.map(row, row, width, 1 / sum[r], 0, 0);
        log_sums.data<double>()[index * L + i + r] = largest[r] + std::log(sum[r]);
      }
    }
  });
  return std::pair(out, log_sums);
}

// (query, key, value, attn_mask, is_causal, scale, cotangent, output, log_sum): to query, key and value, broadcast. One unit is
// one matrix of the batch: what is added to a gradient is so in the order of the blocks.
Result attention_gradient_call(const Call& call) {
  const Attention a(call.args);
  const Tensor &cotangent = *call.args[6].tensor, &output = *call.args[7].tensor, &log_sum = *call.args[8].tensor;
  const int64_t size = a.size(), width = a.value.columns, L = a.query.rows, S = a.key.rows, E = a.query.columns;
  const Dims shape = result_sizes(a.batch, L, width);
  check(cotangent.sizes() == shape && output.sizes() == shape && cotangent.dtype() == a.dtype && output.dtype() == a.dtype &&
            log_sum.sizes() == result_sizes(a.batch, L, -1) && log_sum.dtype() == DType::float64,
        "attention: expected a gradient and a result of shape ", shape, ", but got ", cotangent.sizes(), " and ",
        output.sizes());
  const Tensor to_query = rows_of_heads(a.batch, L, E, a.dtype), to_key = rows_of_heads(a.batch, S, E, a.dtype),
               to_value = rows_of_heads(a.batch, S, width, a.dtype);
  const auto result = [&] { return std::vector<Tensor>{to_query, to_key, to_value}; };
  if (a.count == 0 || L == 0 || S == 0) return result();
  const Matrices grad(cotangent, a.batch), values(output, a.batch), query_grad(to_query, a.batch), key_grad(to_key, a.batch),
      value_grad(to_value, a.batch);
  const Tensor sums = contiguous(log_sum);
  const int64_t keys = std::min(kKeys, S), pitch = round_up(keys, a.gemm.vector), queries = std::min(kQueries, L);
  const double ns = 2.5 * a.ns();
  const int used = threads_for(ns, a.count);
  const std::size_t score_bytes = aligned(queries * pitch * size), total_bytes = aligned(L * sizeof(double));
  const std::size_t key_bytes = a.packed_bytes(E, keys), value_bytes = a.packed_bytes(width, keys);
  const std::size_t key_rows_bytes = a.packed_bytes(keys, E), query_bytes = a.packed_bytes(queries, E);
  const std::size_t grad_bytes = a.packed_bytes(queries, width);
  const std::size_t thread_bytes =
      2 * score_bytes + total_bytes + key_bytes + value_bytes + key_rows_bytes + query_bytes + grad_bytes;
  const Scratch<16384> workspace(thread_bytes * used);
  const NormalizeKernel& lines = kernels().normalize->of[a.dtype == DType::float64];
  LongWork work(ns);
  parallel_run(used, [&](int thread, int threads) {
    Pieces pieces{workspace.data() + thread_bytes * thread};
    char *scores = pieces.take(score_bytes), *gradient = pieces.take(score_bytes);
    auto* total = reinterpret_cast<double*>(pieces.take(total_bytes));
    char *packed_key = pieces.take(key_bytes), *packed_value = pieces.take(value_bytes),
         *key_rows = pieces.take(key_rows_bytes);
    char *packed_query = pieces.take(query_bytes), *packed_grad = pieces.take(grad_bytes);
    for (int64_t index = a.count * thread / threads; index < a.count * (thread + 1) / threads; ++index) {
      for (int64_t i = 0; i < L; ++i) total[i] = lines.sums(grad.at(index, i), values.at(index, i), width, 0).product;
      for (int64_t j = 0; j < S; j += keys) {
        const int64_t n = std::min(keys, S - j);
        a.gemm.pack_b(a.key.at(index, j), 1, a.key.row, E, n, packed_key);
        a.gemm.pack_b(a.value.at(index, j), 1, a.value.row, width, n, packed_value);
        a.gemm.pack_b(a.key.at(index, j), a.key.row, 1, n, E, key_rows);
        for (int64_t i = 0; i < L; i += queries) {
          const int64_t rows = std::min(queries, L - i);
          if (a.hidden(i, rows, j)) continue;
          const char *q = a.query.at(index, i), *g = grad.at(index, i);
          if (E == 0) std::fill_n(scores, score_bytes, '\0');
          if (width == 0) std::fill_n(gradient, score_bytes, '\0');
          a.multiply(rows, n, E, q, a.query.row, 1, packed_key, scores, pitch, false, a.scale_bytes);
          a.multiply(rows, n, width, g, grad.row, 1, packed_value, gradient, pitch, false, a.one);
          AttentionArgs args = a.block(index, i, rows, j, n, scores, pitch);
          args.log_sum = sums.data<double>() + index * L + i, args.total = total + i, args.gradient = gradient;
          a.kernel.probabilities(args);
          a.gemm.pack_b(q, a.query.row, 1, rows, E, packed_query);
          a.gemm.pack_b(g, grad.row, 1, rows, width, packed_grad);
          a.multiply(n, width, rows, scores, 1, pitch, packed_grad, value_grad.at(index, j), value_grad.row, true, a.one);
          a.multiply(n, E, rows, gradient, 1, pitch, packed_query, key_grad.at(index, j), key_grad.row, true, a.one);
          a.multiply(rows, E, n, gradient, pitch, 1, key_rows, query_grad.at(index, i), query_grad.row, true, a.one);
        }
      }
    }
  });
  return result();
}

#define ARGS "query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor?, is_causal: bool, scale: float"

constexpr OpRow kRows[] = {
    {"_attention", "", ARGS " -> (output, log_sum)", kFunction, attention_call,
     "softmax(scale query key^T + attn_mask) value over the last two dimensions, the others broadcast, and the logarithms of "
     "the "
     "softmax's sums, float64. attn_mask is added, or a mask of bools of what counts; with is_causal query i sees keys up to i "
     "alone. "
     "A query that sees nothing has result 0."},
    {"_attention_gradient", "", ARGS ", cotangent: Tensor, output: Tensor, log_sum: Tensor -> (query, key, value)", kFunction,
     attention_gradient_call, "The gradients of _attention to query, key and value, all of the broadcast batch."},
};

}  // namespace

constinit const std::span<const OpRow> kAttentionOps = kRows;

}  // namespace wengert
