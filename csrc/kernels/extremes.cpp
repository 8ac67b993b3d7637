#include "kernels/reduce_loop.h"
#include "simd/mask.h"

namespace wengert::WENGERT_ISA {
namespace {

struct Larger {
  template <class V>
  static auto beats(V a, V b) {
    return a > b;
  }
  template <class T>
  static Vec<T> number(Vec<T> a, Vec<T> b) {  // b where a is NaN
    return larger(a, b);
  }
};
struct Smaller {
  template <class V>
  static auto beats(V a, V b) {
    return a < b;
  }
  template <class T>
  static Vec<T> number(Vec<T> a, Vec<T> b) {
    return smaller(a, b);
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

// Of n >= 4 vectors of floats. A NaN shows in the largest of the bits without the sign, which is cheaper than two
// comparisons and a choice for each element.
template <class Order, class T>
T block_float_extreme(const T* p, int n) {
  using V = Vec<T>;
  using I = typename IntegerOf<T>::type;
  using Bits = typename RawOf<I>::Raw;
  constexpr int W = V::width;
  constexpr I kMagnitude = static_cast<I>(~(I(1) << (8 * sizeof(T) - 1)));
  V acc[4];
  Bits bits[4];
#pragma GCC unroll 4
  for (int u = 0; u < 4; ++u) acc[u] = V::load(p), bits[u] = Bits(acc[u].v) & kMagnitude;
  const auto take = [&](int u, const T* q) {
    const V x = V::load(q);
    const Bits magnitude = Bits(x.v) & kMagnitude;
    acc[u] = Order::number(x, acc[u]);
    bits[u] = magnitude > bits[u] ? magnitude : bits[u];
  };
  int i = 0;
  for (; i + 4 * W <= n; i += 4 * W) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) take(u, p + i + u * W);
  }
#pragma GCC unroll 4
  for (int u = 0; u < 4; ++u) take(u, p + (i + (u + 1) * W <= n ? i + u * W : n - W));  // overlaps what was seen
  T lane[4 * W];
  I largest[4 * W];
#pragma GCC unroll 4
  for (int u = 0; u < 4; ++u) acc[u].store(lane + u * W), Vec<I>(bits[u]).store(largest + u * W);
  const T infinity = static_cast<T>(__builtin_inf());
  I limit;
  __builtin_memcpy(&limit, &infinity, sizeof limit);
  T best = lane[0];
  bool nan = false;
  for (int l = 0; l < 4 * W; ++l) {
    nan |= largest[l] > limit;
    best = Order::beats(lane[l], best) ? lane[l] : best;
  }
  return nan ? static_cast<T>(__builtin_nan("")) : best;
}

template <class Order, class T>
T block_extreme(const T* p, int n) {
  using V = Vec<T>;
  constexpr int W = V::width;
  if constexpr (kIsFloating<T>)
    if (n >= 4 * W) return block_float_extreme<Order>(p, n);
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

// The first position of `value`, or of a NaN where that is one; there is one.
template <class T>
int first_position(const T* p, int n, T value) {
  constexpr int W = Vec<T>::width;
  const bool nan = value != value;
  int j = 0;
  if constexpr (kIsFloating<T>) {
    const Vec<T> v(value);
    const auto found = [&](int k) {
      const Vec<T> x = Vec<T>::load(p + k);
      return nan ? unordered(x, x) : equal(x, v);
    };
    for (; j + 4 * W <= n; j += 4 * W)
      if (any((found(j) | found(j + W)) | (found(j + 2 * W) | found(j + 3 * W)))) break;
    for (; j + W <= n; j += W)
      if (any(found(j))) break;
  } else {
    for (; j + 4 * W <= n; j += 4 * W) {
      unsigned found = 0;
      for (int k = 0; k < 4 * W; ++k) found |= p[j + k] == value;
      if (found) break;
    }
  }
  while (nan ? p[j] == p[j] : p[j] != value) ++j;
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
    const int j = first_position(p, block_size(a.count, block), best);
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
