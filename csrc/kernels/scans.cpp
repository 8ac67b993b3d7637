#include <math.h>

#include "kernels/reduce_loop.h"
#include "kernels/scan.h"
#include "simd/double_lanes.h"
#include "simd/transpose.h"

namespace wengert::WENGERT_ISA {
namespace {

struct Sum {
  static constexpr int kStart = 0;
  template <class V>
  static V step(V a, V b) {
    return a + b;
  }
};
struct Product {
  static constexpr int kStart = 1;
  template <class V>
  static V step(V a, V b) {
    return a * b;
  }
};

template <class T>
struct WideOf {
  using type = double;
};
template <>
struct WideOf<uint64_t> {
  using type = uint64_t;
};

template <class T>
Vec<typename WideOf<T>::type> load_wide(const T* p) {
  if constexpr (kIsFloating<T>)
    return load_doubles(p);
  else
    return Vec<T>::load(p);
}

template <class T>
void store_narrow(Vec<typename WideOf<T>::type> v, T* p) {
  if constexpr (kIsFloating<T>)
    store_doubles(v, p);
  else
    v.store(p);
}

template <class A, int... I>
inline __attribute__((always_inline)) Vec<A> lanes_of(Vec<A> a, Vec<A> b, Lanes<I...>) {
#if defined(__clang__)
  return typename Vec<A>::Raw(__builtin_shufflevector(a.v, b.v, I...));
#else
  return typename Vec<A>::Raw(__builtin_shuffle(a.v, b.v, typename LaneIndex<A>::Raw{I...}));
#endif
}
template <int By, class A, int... I>
inline __attribute__((always_inline)) Vec<A> shifted(Vec<A> x, Vec<A> fill, Lanes<I...>) {
  return lanes_of(x, fill, Lanes<(I < By ? Vec<A>::width + I : I - By)...>());
}
template <class A, int... I>
inline __attribute__((always_inline)) Vec<A> last_lane(Vec<A> x, Lanes<I...>) {
  return lanes_of(x, x, Lanes<(0 * I + Vec<A>::width - 1)...>());
}

// Lane i of the result: of lanes 0..i of x.
template <class F, int By = 1, class A>
inline __attribute__((always_inline)) Vec<A> scanned(Vec<A> x, Vec<A> start) {
  if constexpr (By < Vec<A>::width) {
    constexpr FirstLanes<Vec<A>::width> all;
    return scanned<F, 2 * By>(F::step(shifted<By>(x, start, all), x), start);
  } else {
    return x;
  }
}

template <class F, class T>
void scan_rows(const ScanArgs& a) {
  using A = typename WideOf<T>::type;
  using V = Vec<A>;
  constexpr int W = V::width;
  constexpr FirstLanes<W> all;
  const V start(A(F::kStart));
  for (int64_t i = 0; i < a.n; ++i) {
    const T* in = reinterpret_cast<const T*>(a.in) + i * a.line;
    T* out = reinterpret_cast<T*>(a.out) + i * a.line;
    V carry = start;
    int64_t j = 0;
    // Two vectors are scanned for each step of the chain through `carry`.
    for (; j + 2 * W <= a.count; j += 2 * W) {
      const V x = scanned<F>(load_wide(in + j), start), y = scanned<F>(load_wide(in + j + W), start);
      const V middle = F::step(carry, last_lane(x, all));
      store_narrow<T>(F::step(carry, x), out + j);
      store_narrow<T>(F::step(middle, y), out + j + W);
      carry = F::step(carry, F::step(last_lane(x, all), last_lane(y, all)));
    }
    A last = carry.v[0];
    for (; j < a.count; ++j) {
      last = F::step(last, static_cast<A>(in[j]));
      out[j] = static_cast<T>(last);
    }
  }
}

template <class F, class T>
void scan_columns(const ScanArgs& a) {
  using A = typename WideOf<T>::type;
  constexpr int kPanel = 2048;  // long rows stream, and the running sums stay in L1
  for (int64_t i = 0; i < a.n; i += kPanel) {
    const int n = static_cast<int>(a.n - i < kPanel ? a.n - i : kPanel);
    A acc[kPanel];
    for (int c = 0; c < n; ++c) acc[c] = A(F::kStart);
    for (int64_t j = 0; j < a.count; ++j) {
      const T* in = reinterpret_cast<const T*>(a.in) + i + j * a.step;
      T* out = reinterpret_cast<T*>(a.out) + i + j * a.step;
#pragma GCC ivdep
      for (int c = 0; c < n; ++c) {
        acc[c] = F::step(acc[c], static_cast<A>(in[c]));
        out[c] = static_cast<T>(acc[c]);
      }
    }
  }
}

// ---- extremes

struct AtLeast {
  template <class T>
  static bool wins(T x, T best) {
    return bool(x >= best) | bool(x != x);
  }
};
struct AtMost {
  template <class T>
  static bool wins(T x, T best) {
    return bool(x <= best) | bool(x != x);
  }
};

template <class Order, class T>
void extreme_rows(const ScanArgs& a) {
  for (int64_t i = 0; i < a.n; ++i) {
    const T* in = reinterpret_cast<const T*>(a.in) + i * a.line;
    T* out = reinterpret_cast<T*>(a.out) + i * a.line;
    int64_t* index = a.index + i * a.line;
    T best = in[0];
    int64_t at = 0;
    for (int64_t j = 0; j < a.count; ++j) {
      const T x = in[j];
      const bool wins = Order::wins(x, best);
      best = wins ? x : best;
      at = wins ? j : at;
      out[j] = best;
      index[j] = at;
    }
  }
}

template <class Order, class T>
void extreme_columns(const ScanArgs& a) {
  constexpr int kPanel = 256;
  for (int64_t i = 0; i < a.n; i += kPanel) {
    const int n = static_cast<int>(a.n - i < kPanel ? a.n - i : kPanel);
    T best[kPanel];
    int64_t at[kPanel];
    __builtin_memcpy(best, reinterpret_cast<const T*>(a.in) + i, n * sizeof(T));
    for (int64_t j = 0; j < a.count; ++j) {
      const T* in = reinterpret_cast<const T*>(a.in) + i + j * a.step;
      T* out = reinterpret_cast<T*>(a.out) + i + j * a.step;
      int64_t* index = a.index + i + j * a.step;
#pragma GCC ivdep
      for (int c = 0; c < n; ++c) {
        const T x = in[c];
        const bool wins = Order::wins(x, best[c]);
        const T value = wins ? x : best[c];
        const int64_t position = wins ? j : at[c];
        best[c] = value;
        at[c] = position;
        out[c] = value;
        index[c] = position;
      }
    }
  }
}

// ---- logarithm of the sum of exponentials

double log_add_exp(double a, double b) {
  if (a != a || b != b) return a + b;
  const double low = a < b ? a : b, high = a < b ? b : a;
  return low == high && isinf(low) ? low : high + log1p(exp(low - high));
}

template <class T>
void log_sum_exp(const ScanArgs& a) {
  for (int64_t i = 0; i < a.n; ++i) {
    const T* in = reinterpret_cast<const T*>(a.in) + i * a.line;
    T* out = reinterpret_cast<T*>(a.out) + i * a.line;
    double sum = -__builtin_inf();
    for (int64_t j = 0; j < a.count; ++j) {
      sum = log_add_exp(sum, in[j * a.step]);
      out[j * a.step] = static_cast<T>(sum);
    }
  }
}

template <class F, class T>
constexpr Scan scan_of() {
  return {scan_rows<F, T>, scan_columns<F, T>};
}

}  // namespace

#define CUMMAX(T) {extreme_rows<AtLeast, T>, extreme_columns<AtLeast, T>}
#define CUMMIN(T) {extreme_rows<AtMost, T>, extreme_columns<AtMost, T>}
extern const ScanKernels kScans;
const ScanKernels kScans = {
    .sum = {scan_of<Sum, uint64_t>(), scan_of<Sum, float>(), scan_of<Sum, double>()},
    .product = {scan_of<Product, uint64_t>(), scan_of<Product, float>(), scan_of<Product, double>()},
    .max = {CUMMAX(uint8_t), WENGERT_BY_DTYPE(CUMMAX)},
    .min = {CUMMIN(uint8_t), WENGERT_BY_DTYPE(CUMMIN)},
    .log_sum_exp = {log_sum_exp<float>, log_sum_exp<double>},
};

}  // namespace wengert::WENGERT_ISA
