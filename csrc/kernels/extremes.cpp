#include "kernels/reduce_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

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

// The first position of which the test holds; there is one.
template <class T, class Test>
int first_where(const T* p, int n, Test test) {
  constexpr int kTogether = 4 * Vec<T>::width;
  int j = 0;
  for (; j + kTogether <= n; j += kTogether) {
    unsigned found = 0;
    for (int k = 0; k < kTogether; ++k) found |= test(p[j + k]);
    if (found) break;
  }
  while (!test(p[j])) ++j;
  return j;
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
    const int j = best == best ? first_where(p, block_size(a.count, block), [&](T x) { return x == best; })
                               : first_where(p, block_size(a.count, block), [](T x) { return x != x; });
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

}  // namespace

extern const ExtremeKernels kExtremes;
const ExtremeKernels kExtremes = {
    .max = extreme<Larger>(),
    .min = extreme<Smaller>(),
    .max_index = extreme_index<Larger>(),
    .min_index = extreme_index<Smaller>(),
};

}  // namespace wengert::WENGERT_ISA
