#include "kernels/reduce.h"

#include "kernels/by_dtype.h"

#include "simd/vec.h"

namespace wengert::WENGERT_ISA {
namespace {

constexpr int kBlock = 4096;       // elements added by one set of accumulators; a block that has to be gathered stays in L1
constexpr int kPanelBytes = 4096;  // of a row, in the loops that read along the results
constexpr int kBlockRows = 128;    // rows added by one accumulator there

template <class T>
inline constexpr bool kIsFloating = static_cast<T>(0.5) != T(0);

// The elements j of one result, made contiguous where they are not. n <= kBlock.
template <class T>
const T* gather_block(const ReduceArgs& a, int64_t result, int64_t begin, int n, T* buffer) {
  const char* p = a.in + result * a.in_step + begin * a.reduce_step;
  if (a.reduce_step == sizeof(T)) return reinterpret_cast<const T*>(p);
#pragma GCC unroll 8
  for (int j = 0; j < n; ++j, p += a.reduce_step) buffer[j] = *reinterpret_cast<const T*>(p);
  return buffer;
}

inline int block_size(int64_t count, int64_t begin) {
  return static_cast<int>(count - begin < kBlock ? count - begin : kBlock);
}

// ---- sums of floats

// What is left of a block is added in double: the last sums are the largest, and their rounding would dominate the error.
template <class T>
double lane_sum(Vec<T> v) {
  constexpr int W = Vec<T>::width;
  T lane[W];
  v.store(lane);
  double sum[W];
  for (int l = 0; l < W; ++l) sum[l] = lane[l];
#pragma GCC unroll 8
  for (int half = W / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) sum[l] += sum[l + half];
  return sum[0];
}

// Eight accumulators hide the latency of an addition (4 cycles at 2 a cycle).
template <class T>
double block_sum(const T* p, int n) {
  using V = Vec<T>;
  constexpr int W = V::width;
  if (n <= W) return lane_sum(n == W ? V::load(p) : V::load(p, n));
  V acc[8];
#pragma GCC unroll 8
  for (int u = 0; u < 8; ++u) acc[u] = V(T(0));
  int i = 0;
  for (; i + 8 * W <= n; i += 8 * W) {
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u) acc[u] = acc[u] + V::load(p + i + u * W);
  }
#pragma GCC unroll 8
  for (int u = 0; u < 8; ++u) {
    if (i + W <= n) {
      acc[u] = acc[u] + V::load(p + i);
      i += W;
    } else if (i < n) {
      acc[u] = acc[u] + V::load(p + i, n - i);
      i = n;
    }
  }
  return lane_sum(((acc[0] + acc[1]) + (acc[2] + acc[3])) + ((acc[4] + acc[5]) + (acc[6] + acc[7])));
}

template <class T>
void sum_rows(const ReduceArgs& a) {
  T buffer[kBlock];
  for (int64_t i = 0; i < a.n; ++i) {
    double level[64];  // sums of 2^k blocks that wait for their equal, largest first
    int levels = 0;
    int64_t block = 0;
    for (int64_t begin = 0; begin < a.count; begin += kBlock, ++block) {
      const int n = block_size(a.count, begin);
      double sum = block_sum(gather_block(a, i, begin, n, buffer), n);
      for (int64_t rest = block; rest & 1; rest >>= 1) sum = level[--levels] + sum;
      level[levels++] = sum;
    }
    double sum = level[--levels];
    while (levels > 0) sum = level[--levels] + sum;
    *reinterpret_cast<T*>(a.out + i * a.out_step) = static_cast<T>(sum);
  }
}

// acc[i] = the sum of up to kBlockRows rows.
template <class T>
void add_rows(T* acc, const char* in, int64_t step, int rows, int n) {
  using V = Vec<T>;
  constexpr int W = V::width;
  const auto row = [&](int r) { return reinterpret_cast<const T*>(in + r * step); };
  int r = 0;
  for (; r + 8 <= rows; r += 8) {
    const T* p[8];
    for (int u = 0; u < 8; ++u) p[u] = row(r + u);
    const auto sum = [&](auto load) {
      return ((load(p[0]) + load(p[1])) + (load(p[2]) + load(p[3]))) + ((load(p[4]) + load(p[5])) + (load(p[6]) + load(p[7])));
    };
    int i = 0;
    for (; i + W <= n; i += W) {
      const V v = sum([&](const T* q) { return V::load(q + i); });
      (r == 0 ? v : V::load(acc + i) + v).store(acc + i);
    }
    if (i < n) {
      const V v = sum([&](const T* q) { return V::load(q + i, n - i); });
      (r == 0 ? v : V::load(acc + i, n - i) + v).store(acc + i, n - i);
    }
  }
  for (; r < rows; ++r) {
    const T* p = row(r);
    if (r == 0) {
      __builtin_memcpy(acc, p, n * sizeof(T));
      continue;
    }
    int i = 0;
    for (; i + W <= n; i += W) (V::load(acc + i) + V::load(p + i)).store(acc + i);
    if (i < n) (V::load(acc + i, n - i) + V::load(p + i, n - i)).store(acc + i, n - i);
  }
}

template <class T>
void sum_columns(const ReduceArgs& a) {
  constexpr int kPanel = kPanelBytes / sizeof(T);
  constexpr int kLevels = 26;  // 2^31 rows in blocks of 128
  T level[kLevels][kPanel];
  for (int64_t i = 0; i < a.n; i += kPanel) {
    const int n = static_cast<int>(a.n - i < kPanel ? a.n - i : kPanel);
    const char* in = a.in + i * sizeof(T);
    T* out = reinterpret_cast<T*>(a.out) + i;
    int levels = 0;
    int64_t block = 0;
    const auto join = [&] {  // the last two waiting sums become one
      --levels;
      for (int c = 0; c < n; ++c) level[levels - 1][c] += level[levels][c];
    };
    for (int64_t begin = 0; begin < a.count; begin += kBlockRows, ++block) {
      const int rows = static_cast<int>(a.count - begin < kBlockRows ? a.count - begin : kBlockRows);
      add_rows(a.count <= kBlockRows ? out : level[levels], in + begin * a.reduce_step, a.reduce_step, rows, n);
      ++levels;
      for (int64_t rest = block; rest & 1; rest >>= 1) join();
    }
    if (a.count <= kBlockRows) continue;
    while (levels > 1) join();
    __builtin_memcpy(out, level[0], n * sizeof(T));
  }
}

// ---- sums of integers, in int64 and in any order

template <class T>
int64_t integer_sum(const T* p, int n) {
  if constexpr (sizeof(T) <= 2) {  // kBlock of them fit int32
    int32_t sum = 0;
    for (int j = 0; j < n; ++j) sum += p[j];
    return sum;
  } else {
    uint64_t sum = 0;  // wraps
    for (int j = 0; j < n; ++j) sum += static_cast<uint64_t>(static_cast<int64_t>(p[j]));
    return static_cast<int64_t>(sum);
  }
}

template <class T>
void integer_sum_rows(const ReduceArgs& a) {
  T buffer[kBlock];
  for (int64_t i = 0; i < a.n; ++i) {
    uint64_t sum = 0;
    for (int64_t begin = 0; begin < a.count; begin += kBlock) {
      const int n = block_size(a.count, begin);
      sum += static_cast<uint64_t>(integer_sum(gather_block(a, i, begin, n, buffer), n));
    }
    *reinterpret_cast<uint64_t*>(a.out + i * a.out_step) = sum;
  }
}

template <class T>
void integer_sum_columns(const ReduceArgs& a) {
  constexpr int kPanel = kPanelBytes / 8;
  const auto wide = [](T x) { return static_cast<uint64_t>(static_cast<int64_t>(x)); };
  for (int64_t i = 0; i < a.n; i += kPanel) {
    const int n = static_cast<int>(a.n - i < kPanel ? a.n - i : kPanel);
    uint64_t sum[kPanel] = {};
    const char* in = a.in + i * sizeof(T);
    const auto row = [&](int64_t r) { return reinterpret_cast<const T*>(in + r * a.reduce_step); };
    int64_t r = 0;
    for (; r + 4 <= a.count; r += 4) {
      const T *p0 = row(r), *p1 = row(r + 1), *p2 = row(r + 2), *p3 = row(r + 3);
      for (int c = 0; c < n; ++c) sum[c] += (wide(p0[c]) + wide(p1[c])) + (wide(p2[c]) + wide(p3[c]));
    }
    for (; r < a.count; ++r) {
      const T* p = row(r);
      for (int c = 0; c < n; ++c) sum[c] += wide(p[c]);
    }
    __builtin_memcpy(a.out + i * 8, sum, n * 8);
  }
}

// ---- extremes

struct Larger {
  template <class V>
  static auto beats(V a, V b) {
    return a > b;
  }
};
struct Smaller {
  template <class V>
  static auto beats(V a, V b) {
    return a < b;
  }
};

// A NaN beats everything, and nothing beats a NaN.
template <class Order, class T>
bool beats(T a, T b) {
  return Order::beats(a, b) | (bool(a != a) & bool(b == b));
}

template <class Order, class T>
Vec<T> better(Vec<T> a, Vec<T> b) {
  if constexpr (kIsFloating<T>)
    return select(Order::beats(a.v, b.v) | (a.v != a.v), a, b);
  else
    return select(Order::beats(a.v, b.v), a, b);
}

template <class Order, class T>
T block_extreme(const T* p, int n) {
  using V = Vec<T>;
  constexpr int W = V::width;
  T best = p[0];
  int i = 0;
  if (n >= W) {
    V acc[4];
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) acc[u] = V::load(p);
    for (; i + 4 * W <= n; i += 4 * W) {
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) acc[u] = better<Order, T>(V::load(p + i + u * W), acc[u]);
    }
    for (; i + W <= n; i += W) acc[0] = better<Order, T>(V::load(p + i), acc[0]);
    if (i < n) acc[1] = better<Order, T>(V::load(p + n - W), acc[1]);  // overlaps what was seen
    T lane[W];
    better<Order, T>(better<Order, T>(acc[0], acc[1]), better<Order, T>(acc[2], acc[3])).store(lane);
    best = lane[0];
#pragma GCC unroll 1
    for (int l = 1; l < W; ++l) best = beats<Order>(lane[l], best) ? lane[l] : best;
    return best;
  }
#pragma GCC unroll 1
  for (; i < n; ++i) best = beats<Order>(p[i], best) ? p[i] : best;
  return best;
}

template <class Order, class T>
void extreme_rows(const ReduceArgs& a) {
  T buffer[kBlock];
  for (int64_t i = 0; i < a.n; ++i) {
    T best = *reinterpret_cast<const T*>(a.in + i * a.in_step);
    for (int64_t begin = 0; begin < a.count; begin += kBlock) {
      const int n = block_size(a.count, begin);
      const T found = block_extreme<Order>(gather_block(a, i, begin, n, buffer), n);
      if (beats<Order>(found, best)) best = found;
    }
    *reinterpret_cast<T*>(a.out + i * a.out_step) = best;
  }
}

// Which block holds the first of the extreme, then where in it.
template <class Order, class T>
void extreme_index_rows(const ReduceArgs& a) {
  T buffer[kBlock];
  for (int64_t i = 0; i < a.n; ++i) {
    T best = *reinterpret_cast<const T*>(a.in + i * a.in_step);
    int64_t block = 0;
    for (int64_t begin = 0; begin < a.count && best == best; begin += kBlock) {
      const int n = block_size(a.count, begin);
      const T found = block_extreme<Order>(gather_block(a, i, begin, n, buffer), n);
      if (beats<Order>(found, best)) best = found, block = begin;
    }
    const T* p = gather_block(a, i, block, block_size(a.count, block), buffer);
    int j = 0;
    while (best == best ? p[j] != best : p[j] == p[j]) ++j;
    *reinterpret_cast<T*>(a.out + i * a.out_step) = p[j];
    *reinterpret_cast<int64_t*>(reinterpret_cast<char*>(a.index) + i * a.index_step) = block + j;
  }
}

template <class Order, class T>
void extreme_columns(const ReduceArgs& a) {
  using V = Vec<T>;
  constexpr int W = V::width, kPanel = kPanelBytes / sizeof(T);
  for (int64_t i = 0; i < a.n; i += kPanel) {
    const int n = static_cast<int>(a.n - i < kPanel ? a.n - i : kPanel);
    T* out = reinterpret_cast<T*>(a.out) + i;
    const char* in = a.in + i * sizeof(T);
    __builtin_memcpy(out, in, n * sizeof(T));
    for (int64_t r = 1; r < a.count; r += 4) {
      // The last rows repeat: an extreme does not mind.
      const T* p[4];
      for (int u = 0; u < 4; ++u)
        p[u] = reinterpret_cast<const T*>(in + (r + u < a.count ? r + u : a.count - 1) * a.reduce_step);
      int c = 0;
      for (; c + W <= n; c += W) {
        const V x = better<Order, T>(V::load(p[1] + c), V::load(p[0] + c)),
                y = better<Order, T>(V::load(p[3] + c), V::load(p[2] + c));
        better<Order, T>(better<Order, T>(y, x), V::load(out + c)).store(out + c);
      }
#pragma GCC unroll 1
      for (; c < n; ++c)
        for (int u = 0; u < 4; ++u) out[c] = beats<Order>(p[u][c], out[c]) ? p[u][c] : out[c];
    }
  }
}

// Positions of 4 and 8 bytes ride in vectors beside the values; those of shorter elements take a plain loop.
template <int Bytes>
struct PositionOf {
  using type = int32_t;
};
template <>
struct PositionOf<8> {
  using type = int64_t;
};

// One more set of `Rows` rows, the first of which is row r.
template <class Order, int Rows, class T, class I>
void extreme_index_pass(T* best, I* where, const char* in, int64_t step, I r, int n) {
  int c = 0;
  if constexpr (sizeof(T) == sizeof(I)) {
    constexpr int W = Vec<T>::width;
    for (; c + W <= n; c += W) {
      Vec<T> y = Vec<T>::load(best + c);
      Vec<I> at = Vec<I>::load(where + c);
#pragma GCC unroll 4
      for (int u = 0; u < Rows; ++u) {
        const Vec<T> x = Vec<T>::load(reinterpret_cast<const T*>(in + u * step) + c);
        auto wins = Order::beats(x.v, y.v);
        if constexpr (kIsFloating<T>) wins = wins | ((x.v != x.v) & (y.v == y.v));
        y = select(wins, x, y);
        at = select(wins, Vec<I>(static_cast<I>(r + u)), at);
      }
      y.store(best + c);
      at.store(where + c);
    }
  }
  for (int u = 0; u < Rows; ++u) {
    const T* p = reinterpret_cast<const T*>(in + u * step);
    for (int k = c; k < n; ++k) {
      const bool wins = beats<Order>(p[k], best[k]);
      best[k] = wins ? p[k] : best[k];
      where[k] = wins ? static_cast<I>(r + u) : where[k];
    }
  }
}

template <class Order, class T>
void extreme_index_columns(const ReduceArgs& a) {
  using I = typename PositionOf<sizeof(T)>::type;
  constexpr int kPanel = 512;
  for (int64_t i = 0; i < a.n; i += kPanel) {
    const int n = static_cast<int>(a.n - i < kPanel ? a.n - i : kPanel);
    T best[kPanel];
    I where[kPanel] = {};
    const char* in = a.in + i * sizeof(T);
    __builtin_memcpy(best, in, n * sizeof(T));
    int64_t r = 1;
    for (; r + 4 <= a.count; r += 4)
      extreme_index_pass<Order, 4>(best, where, in + r * a.reduce_step, a.reduce_step, static_cast<I>(r), n);
    for (; r < a.count; ++r)
      extreme_index_pass<Order, 1>(best, where, in + r * a.reduce_step, a.reduce_step, static_cast<I>(r), n);
    __builtin_memcpy(a.out + i * sizeof(T), best, n * sizeof(T));
    for (int c = 0; c < n; ++c) a.index[i + c] = where[c];
  }
}

template <class Order>
constexpr Reduction extreme() {
#define ROWS(T) extreme_rows<Order, T>
#define COLUMNS(T) extreme_columns<Order, T>
  return {{extreme_rows<Order, uint8_t>, WENGERT_BY_DTYPE(ROWS)}, {extreme_columns<Order, uint8_t>, WENGERT_BY_DTYPE(COLUMNS)}};
#undef ROWS
#undef COLUMNS
}

template <class Order>
constexpr Reduction extreme_index() {
#define ROWS(T) extreme_index_rows<Order, T>
#define COLUMNS(T) extreme_index_columns<Order, T>
  return {{extreme_index_rows<Order, uint8_t>, WENGERT_BY_DTYPE(ROWS)},
          {extreme_index_columns<Order, uint8_t>, WENGERT_BY_DTYPE(COLUMNS)}};
#undef ROWS
#undef COLUMNS
}

template <class T>
constexpr ReduceLoop sum_rows_of() {
  if constexpr (kIsFloating<T>)
    return sum_rows<T>;
  else
    return integer_sum_rows<T>;
}
template <class T>
constexpr ReduceLoop sum_columns_of() {
  if constexpr (kIsFloating<T>)
    return sum_columns<T>;
  else
    return integer_sum_columns<T>;
}

// ---- comparisons of whole arrays

template <int Bytes>
bool equal_bits(const void* a, const void* b, int64_t n) {
  return __builtin_memcmp(a, b, n * Bytes) == 0;
}

template <class T>
bool equal_floats(const void* a, const void* b, int64_t n) {
  const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b);
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int count = block_size(n, begin);
    unsigned differ = 0;
    for (int j = 0; j < count; ++j) differ |= x[begin + j] != y[begin + j];
    if (differ) return false;
  }
  return true;
}

template <class T>
bool close_floats(const void* a, const void* b, int64_t n, double rtol, double atol, bool equal_nan) {
  const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b);
  const T relative = static_cast<T>(rtol), absolute = static_cast<T>(atol);
  const T infinity = static_cast<T>(__builtin_inf());
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int count = block_size(n, begin);
    unsigned differ = 0;
    for (int j = 0; j < count; ++j) {
      const T p = x[begin + j], q = y[begin + j];
      const T distance = p < q ? q - p : p - q, scaled = relative * q;
      const T allowed = absolute + (scaled < T(0) ? -scaled : scaled);
      const bool near = (distance <= allowed) & (distance < infinity), nan = equal_nan & (p != p) & (q != q);
      differ |= !(near | (p == q) | nan);
    }
    if (differ) return false;
  }
  return true;
}

}  // namespace

extern const ReduceKernels kReduce;
#define ROWS(T) sum_rows_of<T>()
#define COLUMNS(T) sum_columns_of<T>()
const ReduceKernels kReduce = {
    .sum = {{integer_sum_rows<uint8_t>, WENGERT_BY_DTYPE(ROWS)}, {integer_sum_columns<uint8_t>, WENGERT_BY_DTYPE(COLUMNS)}},
    .max = extreme<Larger>(),
    .min = extreme<Smaller>(),
    .max_index = extreme_index<Larger>(),
    .min_index = extreme_index<Smaller>(),
    .equal = {equal_bits<1>, equal_bits<1>, equal_bits<1>, equal_bits<2>, equal_bits<4>, equal_bits<8>, equal_bits<2>,
              equal_bits<4>, equal_bits<8>, equal_floats<float>, equal_floats<double>},
    .close = {close_floats<float>, close_floats<double>},
};

}  // namespace wengert::WENGERT_ISA
