#include "kernels/reduce_loop.h"
#include "simd/double_lanes.h"

namespace wengert::WENGERT_ISA {
namespace {

struct Squares {
  static constexpr double kStart = 0;
  template <class V>
  static V step(V acc, V x) {
    return acc + x * x;
  }
  template <class V>
  static V join(V a, V b) {
    return a + b;
  }
};

template <class T>
struct ProductOf {
  static constexpr T kStart = 1;
  template <class V>
  static V step(V acc, V x) {
    return acc * x;
  }
  template <class V>
  static V join(V a, V b) {
    return a * b;
  }
};

template <class T>
struct Wide {
  using type = double;
  static Vec<double> load(const T* p) { return load_doubles(p); }
};
template <>
struct Wide<uint64_t> {
  using type = uint64_t;
  static Vec<uint64_t> load(const uint64_t* p) { return Vec<uint64_t>::load(p); }
};

template <class F, class T>
auto block_of(const T* p, int n) {
  using A = typename Wide<T>::type;
  using V = Vec<A>;
  constexpr int W = V::width;
  A lane[W];
  int i = 0;
  if (n >= W) {
    V acc[8];
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u) acc[u] = V(A(F::kStart));
    for (; i + 8 * W <= n; i += 8 * W) {
#pragma GCC unroll 8
      for (int u = 0; u < 8; ++u) acc[u] = F::step(acc[u], Wide<T>::load(p + i + u * W));
    }
#pragma GCC unroll 8
    for (int u = 0; u < 8; ++u) {
      if (i + W > n) continue;
      acc[u] = F::step(acc[u], Wide<T>::load(p + i));
      i += W;
    }
    F::join(F::join(F::join(acc[0], acc[1]), F::join(acc[2], acc[3])),
            F::join(F::join(acc[4], acc[5]), F::join(acc[6], acc[7])))
        .store(lane);
  } else {
    for (int l = 0; l < W; ++l) lane[l] = A(F::kStart);
  }
  for (int l = 0; i < n; ++i, ++l) lane[l] = F::step(lane[l], static_cast<A>(p[i]));
#pragma GCC unroll 8
  for (int half = W / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) lane[l] = F::join(lane[l], lane[l + half]);
  return lane[0];
}

template <class F, class T>
void rows(const ReduceArgs& a) {
  using A = typename Wide<T>::type;
  pairwise_rows<T, A, A>(a, block_of<F, T>, [](A x, A y) { return F::join(x, y); });
}

template <class F, class T>
void columns(const ReduceArgs& a) {
  using A = typename Wide<T>::type;
  const auto panel = [](A* acc, const char* in, int64_t step, int rows, int n) {
    const auto row = [&](int r) { return reinterpret_cast<const T*>(in + r * step); };
    for (int c = 0; c < n; ++c) acc[c] = A(F::kStart);
    int r = 0;
    for (; r + 4 <= rows; r += 4) {
      const T *p0 = row(r), *p1 = row(r + 1), *p2 = row(r + 2), *p3 = row(r + 3);
      for (int c = 0; c < n; ++c) {
        const A low = F::step(F::step(A(F::kStart), A(p0[c])), A(p1[c]));
        const A high = F::step(F::step(A(F::kStart), A(p2[c])), A(p3[c]));
        acc[c] = F::join(acc[c], F::join(low, high));
      }
    }
    for (; r < rows; ++r) {
      const T* p = row(r);
      for (int c = 0; c < n; ++c) acc[c] = F::step(acc[c], A(p[c]));
    }
  };
  pairwise_columns<T, A>(a, panel, [](A* x, const A* y, int n) {
    for (int c = 0; c < n; ++c) x[c] = F::join(x[c], y[c]);
  });
}

template <class F>
constexpr Reduction floating() {
#define ROWS(T) rows<F, T>
#define COLUMNS(T) columns<F, T>
  return {{nullptr, WENGERT_FLOATING(ROWS)}, {nullptr, WENGERT_FLOATING(COLUMNS)}};
#undef ROWS
#undef COLUMNS
}

}  // namespace

extern const ProductKernels kProducts;
const ProductKernels kProducts = {
    .sum_of_squares = floating<Squares>(),
    .product = floating<ProductOf<double>>(),
    .product_of_int64 = {rows<ProductOf<uint64_t>, uint64_t>, columns<ProductOf<uint64_t>, uint64_t>},
};

}  // namespace wengert::WENGERT_ISA
