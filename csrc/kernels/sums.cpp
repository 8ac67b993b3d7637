#include "kernels/reduce_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

// ---- floats

struct Same {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return x;
  }
};
struct WithoutNan {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return select(x.v == x.v, x, Vec<T>(T(0)));
  }
};
struct Magnitude {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return select(x.v < Vec<T>(T(0)).v, -x, x);
  }
};

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
template <class Map, class T>
double block_sum(const T* p, int n) {
  using V = Vec<T>;
  constexpr int W = V::width;
  constexpr Map map;
  if (n <= W) return lane_sum(map(n == W ? V::load(p) : V::load(p, n)));
  V acc[8];
#pragma GCC unroll 8
  for (int u = 0; u < 8; ++u) acc[u] = V(T(0));
  int i = 0;
  for (; i + 8 * W <= n; i += 8 * W) {
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u) acc[u] = acc[u] + map(V::load(p + i + u * W));
  }
#pragma GCC unroll 8
  for (int u = 0; u < 8; ++u) {
    if (i + W <= n) {
      acc[u] = acc[u] + map(V::load(p + i));
      i += W;
    } else if (i < n) {
      acc[u] = acc[u] + map(V::load(p + i, n - i));
      i = n;
    }
  }
  return lane_sum(((acc[0] + acc[1]) + (acc[2] + acc[3])) + ((acc[4] + acc[5]) + (acc[6] + acc[7])));
}

template <class Map, class T>
void sum_rows(const ReduceArgs& a) {
  pairwise_rows<T, T, double>(a, block_sum<Map, T>, [](double x, double y) { return x + y; });
}

// acc[i] = the sum of up to kBlockRows rows.
template <class Map, class T>
void add_rows(T* acc, const char* in, int64_t step, int rows, int n) {
  using V = Vec<T>;
  constexpr int W = V::width;
  constexpr Map map;
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
      const V v = sum([&](const T* q) { return map(V::load(q + i)); });
      (r == 0 ? v : V::load(acc + i) + v).store(acc + i);
    }
    if (i < n) {
      const V v = sum([&](const T* q) { return map(V::load(q + i, n - i)); });
      (r == 0 ? v : V::load(acc + i, n - i) + v).store(acc + i, n - i);
    }
  }
  for (; r < rows; ++r) {
    const T* p = row(r);
    int i = 0;
    for (; i + W <= n; i += W) {
      const V v = map(V::load(p + i));
      (r == 0 ? v : V::load(acc + i) + v).store(acc + i);
    }
    if (i < n) {
      const V v = map(V::load(p + i, n - i));
      (r == 0 ? v : V::load(acc + i, n - i) + v).store(acc + i, n - i);
    }
  }
}

template <class Map, class T>
void sum_columns(const ReduceArgs& a) {
  pairwise_columns<T, T>(a, add_rows<Map, T>, [](T* x, const T* y, int n) {
    for (int c = 0; c < n; ++c) x[c] += y[c];
  });
}

// ---- integers, in 64 bits and in any order

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

template <class T>
constexpr ReduceLoop rows_of() {
  if constexpr (kIsFloating<T>)
    return sum_rows<Same, T>;
  else
    return integer_sum_rows<T>;
}
template <class T>
constexpr ReduceLoop columns_of() {
  if constexpr (kIsFloating<T>)
    return sum_columns<Same, T>;
  else
    return integer_sum_columns<T>;
}

template <class Map>
constexpr Reduction mapped_sum() {
#define ROWS(T) sum_rows<Map, T>
#define COLUMNS(T) sum_columns<Map, T>
  return {{nullptr, WENGERT_FLOATING(ROWS)}, {nullptr, WENGERT_FLOATING(COLUMNS)}};
#undef ROWS
#undef COLUMNS
}

}  // namespace

#define ROWS(T) rows_of<T>()
#define COLUMNS(T) columns_of<T>()
extern const SumKernels kSums;
const SumKernels kSums = {
    .sum = {{integer_sum_rows<uint8_t>, WENGERT_BY_DTYPE(ROWS)}, {integer_sum_columns<uint8_t>, WENGERT_BY_DTYPE(COLUMNS)}},
    .sum_without_nan = mapped_sum<WithoutNan>(),
    .sum_of_magnitudes = mapped_sum<Magnitude>(),
};

}  // namespace wengert::WENGERT_ISA
