#include "kernels/gemv.h"

#include "kernels/by_dtype.h"

#include "simd/lane_sums.h"

namespace wengert::WENGERT_ISA {
namespace {

#define WENGERT_UNROLL _Pragma("GCC unroll 32")

// Left alone, GCC loads a vector again for every multiplication it enters.
template <class T>
inline __attribute__((always_inline)) Vec<T> in_register(Vec<T> v) {
#if WENGERT_AVX512
  asm("" : "+v"(v.v));
#elif defined(__SSE2__)
  asm("" : "+x"(v.v));
#elif defined(__aarch64__)
  asm("" : "+w"(v.v));
#endif
  return v;
}

// Integers are summed as unsigned ones of their size: they wrap.
template <class T>
using Wide = decltype(T() * 1u);

template <class T>
T mul_add(T a, T b, T c) {
  return static_cast<T>(Wide<T>(a) * b + c);
}

template <class T>
const T* matrix(const GemvArgs& g, int64_t i, int64_t k) {
  return static_cast<const T*>(g.a) + i * g.a_row + k * g.a_col;
}
template <class T>
const T* factor(const GemvArgs& g, int64_t k, int64_t j = 0) {
  return static_cast<const T*>(g.b) + k * g.b_row + j * g.b_col;
}
template <class T>
T* result(const GemvArgs& g, int64_t i, int64_t j = 0) {
  return static_cast<T*>(g.c) + i * g.c_row + j * g.c_col;
}
template <class T>
T alpha_of(const GemvArgs& g) {
  return *static_cast<const T*>(g.alpha);
}

template <class T>
void emit_one(const GemvArgs& g, T sum, T* c) {
  *c = g.accumulate ? mul_add(alpha_of<T>(g), sum, *c) : static_cast<T>(Wide<T>(alpha_of<T>(g)) * sum);
}

// n < width (n == 0: the whole vector) elements of c (+)= alpha * sums
template <class T>
inline void emit_vector(const GemvArgs& g, Vec<T> sums, T* c, int n) {
  const Vec<T> alpha(alpha_of<T>(g));
  if (n == 0)
    (g.accumulate ? fma(alpha, sums, Vec<T>::load(c)) : alpha * sums).store(c);
  else
    (g.accumulate ? fma(alpha, sums, Vec<T>::load(c, n)) : alpha * sums).store(c, n);
}

// c[i * step] (+)= alpha * sums[i], i < n
template <class T>
[[gnu::noinline]] void emit(const GemvArgs& g, T* c, int64_t step, const T* sums, int64_t n) {
  constexpr int W = Vec<T>::width;
  int64_t i = 0;
  if (step == 1) {
    for (; i + W <= n; i += W) emit_vector(g, Vec<T>::load(sums + i), c + i, 0);
    if (const int tail = static_cast<int>(n - i)) emit_vector(g, Vec<T>::load(sums + i, tail), c + i, tail);
  } else {
    for (; i < n; ++i) emit_one(g, sums[i], c + i * step);
  }
}

// out[i] = sum of the lanes of v[i]. Writes up to a vector more than N elements.
template <int N, class T>
inline __attribute__((always_inline)) void sums_of(const Vec<T>* v, T* out) {
  if constexpr (N > 0) {
    constexpr int W = Vec<T>::width;
    constexpr int chunk = N >= 16 && W >= 16 ? 16 : N >= 8 && W >= 8 ? 8 : N >= 4 && W >= 4 ? 4 : N >= 2 ? 2 : 1;
    lane_sums<chunk>(v).store(out);
    sums_of<N - chunk>(v + chunk, out + chunk);
  }
}

// ---- rows: y = A x, A read along its rows ----

// Up to this length of rows one vector of sums is made from as many rows, which divides the cost of adding across lanes: 71
// instead of 12 GB/s at 100000 x 64 float32. Longer rows run faster as four streams.
template <class T>
inline constexpr int64_t kShortRow = 1024 / sizeof(T);

// R rows from `row` on, U vectors of each at a time.
template <int R, int U, class T>
void row_group(const GemvArgs& g, int64_t row) {
  constexpr int W = Vec<T>::width;
  const T *a = matrix<T>(g, row, 0), *x = factor<T>(g, 0);
  const int64_t a_row = g.a_row, K = g.K;
  Vec<T> sum[U][R];
  WENGERT_UNROLL
  for (int u = 0; u < U; ++u) {
    WENGERT_UNROLL
    for (int r = 0; r < R; ++r) sum[u][r] = T(0);
  }
  int64_t k = 0;
  for (; k + U * W <= K; k += U * W) {
    WENGERT_UNROLL
    for (int u = 0; u < U; ++u) {
      const Vec<T> v = Vec<T>::load(x + k + u * W);
      WENGERT_UNROLL
      for (int r = 0; r < R; ++r) sum[u][r] = fma(Vec<T>::load(a + r * a_row + k + u * W), v, sum[u][r]);
    }
  }
  if constexpr (U > 1) {
    for (; k + W <= K; k += W) {
      const Vec<T> v = Vec<T>::load(x + k);
      WENGERT_UNROLL
      for (int r = 0; r < R; ++r) sum[0][r] = fma(Vec<T>::load(a + r * a_row + k), v, sum[0][r]);
    }
  }
  if (const int tail = static_cast<int>(K - k)) {
    const Vec<T> v = Vec<T>::load(x + k, tail);
    WENGERT_UNROLL
    for (int r = 0; r < R; ++r) sum[U - 1][r] = fma(Vec<T>::load(a + r * a_row + k, tail), v, sum[U - 1][r]);
  }
  WENGERT_UNROLL
  for (int step = 1; step < U; step *= 2) {
    WENGERT_UNROLL
    for (int u = 0; u + step < U; u += 2 * step) {
      WENGERT_UNROLL
      for (int r = 0; r < R; ++r) sum[u][r] = sum[u][r] + sum[u + step][r];
    }
  }
  if constexpr (R == 1 || R > W) {
    T out[R + W];
    sums_of<R>(sum[0], out);
    for (int r = 0; r < R; ++r) emit_one(g, out[r], result<T>(g, row + r));
  } else {
    const Vec<T> sums = lane_sums<R>(sum[0]);
    if (g.c_row == 1) {
      emit_vector(g, sums, result<T>(g, row), R % W);
    } else {
      T out[W];
      sums.store(out);
      for (int r = 0; r < R; ++r) emit_one(g, out[r], result<T>(g, row + r));
    }
  }
}

template <class T>
void rows(const GemvArgs& g) {
  constexpr int W = Vec<T>::width;
  constexpr int kMany = W >= 16 ? 16 : 8;
  const bool single = g.K <= W;  // vectors: more accumulators than that would only be cleared and added up
  int64_t i = 0;
  if (g.K <= kShortRow<T>)
    for (; i + kMany <= g.M; i += kMany) row_group<kMany, 1, T>(g, i);
  for (; i + 4 <= g.M; i += 4) single ? row_group<4, 1, T>(g, i) : row_group<4, 2, T>(g, i);
  for (; i < g.M; ++i) single ? row_group<1, 1, T>(g, i) : row_group<1, 8, T>(g, i);
}

// ---- columns: y = A x, A read along its columns ----

// A strip of y stays in L1 while the columns of A pass.

// sums[i] += P columns of A
template <int P, class T>
void add_columns(const GemvArgs& g, int64_t row, int64_t n, int64_t k, T* sums) {
  constexpr int W = Vec<T>::width;
  const T* a = matrix<T>(g, row, k);
  Vec<T> x[P];
  WENGERT_UNROLL
  for (int p = 0; p < P; ++p) x[p] = Vec<T>(*factor<T>(g, k + p));
  int64_t i = 0;
  for (; i + W <= n; i += W) {
    Vec<T> s = Vec<T>::load(sums + i);
    WENGERT_UNROLL
    for (int p = 0; p < P; ++p) s = fma(Vec<T>::load(a + p * g.a_col + i), x[p], s);
    s.store(sums + i);
  }
  if (const int tail = static_cast<int>(n - i)) {
    Vec<T> s = Vec<T>::load(sums + i);
    WENGERT_UNROLL
    for (int p = 0; p < P; ++p) s = fma(Vec<T>::load(a + p * g.a_col + i, tail), x[p], s);
    s.store(sums + i);
  }
}

// At most V vectors of y, in registers.
template <int V, class T>
void narrow_columns(const GemvArgs& g, int64_t row, int n, T* sums) {
  constexpr int W = Vec<T>::width, U = V >= 3 ? 2 : 8 / V;
  const int last = n - (V - 1) * W;
  Vec<T> sum[U][V];
  WENGERT_UNROLL
  for (int u = 0; u < U; ++u) {
    WENGERT_UNROLL
    for (int v = 0; v < V; ++v) sum[u][v] = T(0);
  }
  const auto add = [&](int64_t k, Vec<T>(&s)[V], auto full) {
    const T* a = matrix<T>(g, row, k);
    const Vec<T> x(*factor<T>(g, k));
    WENGERT_UNROLL
    for (int v = 0; v < V - 1; ++v) s[v] = fma(Vec<T>::load(a + v * W), x, s[v]);
    constexpr int end = (V - 1) * W;
    s[V - 1] = fma(full() ? Vec<T>::load(a + end) : Vec<T>::load(a + end, last), x, s[V - 1]);
  };
  const auto run = [&](auto full) {
    int64_t k = 0;
    for (; k + U <= g.K; k += U) {
      WENGERT_UNROLL
      for (int u = 0; u < U; ++u) add(k + u, sum[u], full);
    }
    for (; k < g.K; ++k) add(k, sum[0], full);
  };
  if (last == W)
    run([] { return true; });
  else
    run([] { return false; });
  WENGERT_UNROLL
  for (int v = 0; v < V; ++v) {
    WENGERT_UNROLL
    for (int u = 1; u < U; ++u) sum[0][v] = sum[0][v] + sum[u][v];
    sum[0][v].store(sums + v * W);
  }
}

template <class T>
void columns(const GemvArgs& g) {
  constexpr int W = Vec<T>::width;
  constexpr int64_t strip = kGemvStripBytes / static_cast<int64_t>(sizeof(T));
  alignas(kVectorBytes) T sums[strip];
  for (int64_t row = 0; row < g.M; row += strip) {
    const int64_t n = g.M - row < strip ? g.M - row : strip;
    const int vectors = sizeof(T) < 4 || n > 4 * W ? 0 : static_cast<int>((n + W - 1) / W);
    if constexpr (sizeof(T) >= 4) switch (vectors) {
        case 1:
          narrow_columns<1>(g, row, static_cast<int>(n), sums);
          break;
        case 2:
          narrow_columns<2>(g, row, static_cast<int>(n), sums);
          break;
        case 3:
          narrow_columns<3>(g, row, static_cast<int>(n), sums);
          break;
        case 4:
          narrow_columns<4>(g, row, static_cast<int>(n), sums);
          break;
      }
    if (vectors == 0) {
      for (int64_t i = 0; i < n; i += W) Vec<T>(T(0)).store(sums + i);
      int64_t k = 0;
      for (; k + 8 <= g.K; k += 8) add_columns<8>(g, row, n, k, sums);
      if (k + 4 <= g.K) add_columns<4>(g, row, n, k, sums), k += 4;
      for (; k < g.K; ++k) add_columns<1>(g, row, n, k, sums);
    }
    emit(g, result<T>(g, row), g.c_row, sums, n);
  }
}

// sums[j][i] += P columns of A times P rows of B
template <int P, int N, class T>
void add_products(const GemvArgs& g, int64_t row, int64_t n, int64_t k, T* sums, int64_t pitch) {
  constexpr int W = Vec<T>::width;
  const T* a = matrix<T>(g, row, k);
  Vec<T> x[P][N];
  WENGERT_UNROLL
  for (int p = 0; p < P; ++p) {
    WENGERT_UNROLL
    for (int j = 0; j < N; ++j) x[p][j] = Vec<T>(*factor<T>(g, k + p, j));
  }
  for (int64_t i = 0; i < n; i += W) {
    const int tail = n - i < W ? static_cast<int>(n - i) : 0;
    Vec<T> v[P];
    WENGERT_UNROLL
    for (int p = 0; p < P; ++p) {
      const T* from = a + p * g.a_col + i;
      v[p] = in_register(tail ? Vec<T>::load(from, tail) : Vec<T>::load(from));
    }
    WENGERT_UNROLL
    for (int j = 0; j < N; ++j) {
      Vec<T> s = Vec<T>::load(sums + j * pitch + i);
      WENGERT_UNROLL
      for (int p = 0; p < P; ++p) s = fma(v[p], x[p][j], s);
      s.store(sums + j * pitch + i);
    }
  }
}

template <int N, class T>
void few_columns(const GemvArgs& g) {
  constexpr int64_t W = Vec<T>::width, pitch = kGemvStripBytes / static_cast<int64_t>(sizeof(T));
  alignas(kVectorBytes) T sums[N * pitch];
  for (int64_t row = 0; row < g.M; row += pitch) {
    const int64_t n = g.M - row < pitch ? g.M - row : pitch;
    for (int64_t i = 0; i < N * pitch; i += W) Vec<T>(T(0)).store(sums + i);
    int64_t k = 0;
    for (; k + 4 <= g.K; k += 4) add_products<4, N>(g, row, n, k, sums, pitch);
    for (; k < g.K; ++k) add_products<1, N>(g, row, n, k, sums, pitch);
    for (int j = 0; j < N; ++j) emit(g, result<T>(g, row, j), g.c_row, sums + j * pitch, n);
  }
}

template <class T>
void few_columns(const GemvArgs& g) {
  static_assert(kGemvFewColumns == 3);
  g.N == 2 ? few_columns<2, T>(g) : few_columns<3, T>(g);
}

// N <= width columns, through registers
template <class T>
void pack_columns(const T* from, int64_t b_row, int64_t K, int N, T* to, int64_t step) {
  constexpr int W = Vec<T>::width;
  for (int64_t k = 0; k < K; k += W) {
    const int n = K - k < W ? static_cast<int>(K - k) : W;
    Vec<T> r[W];
    WENGERT_UNROLL
    for (int i = 0; i < W; ++i) {
      const T* row = from + (k + i) * b_row;
      r[i] = i >= n ? Vec<T>(T(0)) : N == W ? Vec<T>::load(row) : Vec<T>::load(row, N);
    }
    transpose(r);
    WENGERT_UNROLL
    for (int j = 0; j < W; ++j) {
      T* column = to + j * step + k;
      if (j < N) n == W ? r[j].store(column) : r[j].store(column, n);
    }
  }
}

template <class T>
void pack(const void* b, int64_t b_row, int64_t b_col, int64_t K, int64_t N, void* packed, int64_t step) {
  constexpr int W = Vec<T>::width;
  const T* from = static_cast<const T*>(b);
  T* to = static_cast<T*>(packed);
  if constexpr (sizeof(T) >= 4) {
    if (b_col == 1 && N > 1) {
      for (int64_t j = 0; j < N; j += W)
        pack_columns(from + j, b_row, K, static_cast<int>(N - j < W ? N - j : W), to + j * step, step);
      return;
    }
  }
  for (int64_t j = 0; j < N; ++j)
#pragma GCC unroll 1
    for (int64_t k = 0; k < K; ++k) to[j * step + k] = from[j * b_col + k * b_row];
}

// ---- any strides: panels of A are copied to L1, along the smaller stride, and multiplied there ----

template <class T>
void strided(const GemvArgs& g) {
  constexpr int64_t kLong = 2048 / sizeof(T), kShort = 16;
  T panel[kLong * kShort], x[kLong];
  const int64_t row_step = g.a_row < 0 ? -g.a_row : g.a_row, col_step = g.a_col < 0 ? -g.a_col : g.a_col;
  const bool along_rows = col_step <= row_step;
  const int64_t height = along_rows ? kShort : kLong, width = along_rows ? kLong : kShort;
  GemvArgs part = g;
  part.a = panel;
  part.b = x;
  part.b_row = 1;
  for (int64_t k = 0; k < g.K; k += width) {
    part.K = g.K - k < width ? g.K - k : width;
    part.accumulate = g.accumulate || k > 0;
    pack<T>(factor<T>(g, k), g.b_row, 0, part.K, 1, x, 0);
    for (int64_t i = 0; i < g.M; i += height) {
      part.M = g.M - i < height ? g.M - i : height;
      part.c = result<T>(g, i);
      if (along_rows) {
        pack<T>(matrix<T>(g, i, k), g.a_col, g.a_row, part.K, part.M, panel, part.a_row = kLong);
        part.a_col = 1;
        rows<T>(part);
      } else {
        pack<T>(matrix<T>(g, i, k), g.a_row, g.a_col, part.M, part.K, panel, part.a_col = kLong);
        part.a_row = 1;
        columns<T>(part);
      }
    }
  }
}

// ---- few: the dot form of A B with few columns ----

// Accumulators of a tile, its columns of B and one vector of A fill the registers: 4 x 6 of 32, 4 x 3 of 16 (without a fused
// multiply-add one more holds the product). Four rows are as many streams as are read at full speed. Integers of one and two
// bytes have no vector multiplication worth more code.
#if WENGERT_AVX512 || defined(__aarch64__)
inline constexpr int kTileRows = 4, kWordColumns = 6;
#elif WENGERT_AVX2
inline constexpr int kTileRows = 4, kWordColumns = 3;
#else
inline constexpr int kTileRows = 3, kWordColumns = 3;
#endif
template <class T>
inline constexpr int kTileColumns = sizeof(T) < 4 ? 2 : kWordColumns;

// The R x C block of C at (i, j) (+)= sums
template <int R, int C, class T>
void emit_tile(const GemvArgs& g, int64_t i, int64_t j, const T* sums) {
  if (g.c_col == 1 && !g.accumulate) {
    for (int r = 0; r < R; ++r) __builtin_memcpy(result<T>(g, i + r, j), sums + r * C, C * sizeof(T));
    return;
  }
  for (int r = 0; r < R; ++r) {
    T* c = result<T>(g, i + r, j);
    for (int s = 0; s < C; ++s, c += g.c_col) *c = g.accumulate ? static_cast<T>(*c + sums[r * C + s]) : sums[r * C + s];
  }
}

template <int R, int C, class T>
void tile(const GemvArgs& g, int64_t i, int64_t j) {
  constexpr int W = Vec<T>::width;
  const T *a = matrix<T>(g, i, 0), *b = factor<T>(g, 0, j);
  // Rows a multiple of a page apart defeat the prefetcher (2048 x 2048 x 24: 178 instead of 132 GFLOP/s); elsewhere asking for
  // the next rows costs 5%.
  const bool ahead = g.a_row * static_cast<int64_t>(sizeof(T)) % 4096 == 0;
  Vec<T> sum[R * C];
  WENGERT_UNROLL
  for (int t = 0; t < R * C; ++t) sum[t] = T(0);
  int64_t k = 0;
  for (; k + W <= g.K; k += W) {
    Vec<T> bs[C];
    WENGERT_UNROLL
    for (int c = 0; c < C; ++c) bs[c] = Vec<T>::load(b + c * g.b_col + k);
    WENGERT_UNROLL
    for (int r = 0; r < R; ++r) {
      if (ahead) __builtin_prefetch(a + (R + r) * g.a_row + k);
      const Vec<T> v = in_register(Vec<T>::load(a + r * g.a_row + k));
      WENGERT_UNROLL
      for (int c = 0; c < C; ++c) sum[r * C + c] = fma(v, bs[c], sum[r * C + c]);
    }
  }
  if (const int tail = static_cast<int>(g.K - k)) {
    Vec<T> bs[C];
    WENGERT_UNROLL
    for (int c = 0; c < C; ++c) bs[c] = Vec<T>::load(b + c * g.b_col + k, tail);
    WENGERT_UNROLL
    for (int r = 0; r < R; ++r) {
      const Vec<T> v = Vec<T>::load(a + r * g.a_row + k, tail);
      WENGERT_UNROLL
      for (int c = 0; c < C; ++c) sum[r * C + c] = fma(v, bs[c], sum[r * C + c]);
    }
  }
  T out[R * C + W];
  sums_of<R * C>(sum, out);
  const Vec<T> alpha(alpha_of<T>(g));
  WENGERT_UNROLL
  for (int t = 0; t < R * C; t += W) (alpha * Vec<T>::load(out + t)).store(out + t);
  emit_tile<R, C>(g, i, j, out);
}

template <int C, class T>
void tiles(const GemvArgs& g, int64_t begin, int64_t end, int64_t j) {
  constexpr int R = kTileRows;
  int64_t i = begin;
  for (; i + R <= end; i += R) tile<R, C, T>(g, i, j);
  for (; i < end; ++i) tile<1, C, T>(g, i, j);
}

// The columns of B come in nearly equal groups, the rows of A in blocks that stay in L2 while the groups pass over them, and K
// in blocks for which a tile's rows of A and columns of B fit in L1.
template <class T>
void few(const GemvArgs& g) {
  constexpr int64_t size = sizeof(T), kBlockBytes = 256 << 10, kBlockRows = 48, kDepthBytes = 4096;
  constexpr int columns = kTileColumns<T>;
  const int64_t groups = (g.N + columns - 1) / columns, depths = (g.K * size + kDepthBytes - 1) / kDepthBytes;
  const int64_t depth = (g.K / depths + Vec<T>::width) / Vec<T>::width * Vec<T>::width;
  const int64_t fit = kBlockBytes / size / depth / kBlockRows * kBlockRows;
  const int64_t block = groups * depths == 1 ? g.M : fit < kBlockRows ? kBlockRows : fit;
  GemvArgs part = g;
  for (int64_t begin = 0; begin < g.M; begin += block) {
    const int64_t end = begin + block < g.M ? begin + block : g.M;
    for (int64_t k = 0; k < g.K; k += depth) {
      part.a = matrix<T>(g, 0, k);
      part.b = factor<T>(g, k);
      part.K = depth < g.K - k ? depth : g.K - k;
      part.accumulate = g.accumulate || k > 0;
      for (int64_t group = 0; group < groups; ++group) {
        const int64_t j = g.N * group / groups;
        switch (g.N * (group + 1) / groups - j) {
          case 1:
            tiles<1, T>(part, begin, end, j);
            break;
          case 2:
            tiles<2, T>(part, begin, end, j);
            break;
          case 3:
            if constexpr (columns >= 3) tiles<3, T>(part, begin, end, j);
            break;
          case 4:
            if constexpr (columns >= 4) tiles<4, T>(part, begin, end, j);
            break;
          case 5:
            if constexpr (columns >= 5) tiles<5, T>(part, begin, end, j);
            break;
          case 6:
            if constexpr (columns >= 6) tiles<6, T>(part, begin, end, j);
            break;
        }
      }
    }
  }
}

// ---- the rest ----

template <class T>
void outer(const GemvArgs& g) {
  const T* b = factor<T>(g, 0);
  for (int64_t i = 0; i < g.M; ++i) {
    GemvArgs row = g;
    const T scaled = static_cast<T>(Wide<T>(alpha_of<T>(g)) * *matrix<T>(g, i, 0));
    row.alpha = &scaled;
    emit(row, result<T>(g, i), 1, b, g.N);
  }
}

template <class T>
void combine(void* blocks, int64_t count, const GemvArgs& g) {
  constexpr int W = Vec<T>::width;
  T* sums = static_cast<T*>(blocks);
  const int64_t n = g.M * g.N;
  for (int64_t step = 1; step < count; step *= 2)
    for (int64_t block = 0; block + step < count; block += 2 * step) {
      T* into = sums + block * n;
      const T* from = into + step * n;
      int64_t i = 0;
      for (; i + W <= n; i += W) (Vec<T>::load(into + i) + Vec<T>::load(from + i)).store(into + i);
      if (const int tail = static_cast<int>(n - i))
        (Vec<T>::load(into + i, tail) + Vec<T>::load(from + i, tail)).store(into + i, tail);
    }
  if (g.N == 1)
    emit(g, result<T>(g, 0), g.c_row, sums, n);
  else
    for (int64_t i = 0; i < g.M; ++i) emit(g, result<T>(g, i), g.c_col, sums + i * g.N, g.N);
}

template <class T>
constexpr GemvLoop few_columns_of() {
  if constexpr (sizeof(T) >= 4)
    return few_columns<T>;
  else
    return nullptr;
}

template <class T>
constexpr GemvKernel kernel() {
  return {rows<T>, columns<T>, strided<T>, few<T>, few_columns_of<T>(), outer<T>, pack<T>, combine<T>};
}

}  // namespace

extern const GemvKernels kGemv;
#define KERNEL(T) kernel<T>()
const GemvKernels kGemv = {{{}, WENGERT_BY_WIDTH(KERNEL)}};
#undef KERNEL

}  // namespace wengert::WENGERT_ISA
