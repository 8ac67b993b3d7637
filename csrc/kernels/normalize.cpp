#include "kernels/normalize.h"

#include "simd/math.h"

namespace wengert::WENGERT_ISA {
namespace {

inline constexpr int kBlockVectors = 256;  // added up in T before the sum goes on in double

// The sum of f(i) over the vectors of [0, n), where f(i, lanes) has zeros beyond the last element.
template <class T, class F>
double sum_of(int64_t n, F f) {
  using V = Vec<T>;
  constexpr int W = V::width;
  double sum = 0;
  for (int64_t begin = 0; begin < n; begin += kBlockVectors * W) {
    const int64_t end = begin + kBlockVectors * W < n ? begin + kBlockVectors * W : n;
    V acc[4] = {V(T(0)), V(T(0)), V(T(0)), V(T(0))};
    int64_t i = begin;
    for (; i + 4 * W <= end; i += 4 * W) {
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) acc[u] = acc[u] + f(i + u * W, W);
    }
    for (; i < end; i += W) acc[0] = acc[0] + f(i, end - i < W ? static_cast<int>(end - i) : W);
    T lane[W];
    ((acc[0] + acc[1]) + (acc[2] + acc[3])).store(lane);
    double part[W];
    for (int l = 0; l < W; ++l) part[l] = lane[l];
#pragma GCC unroll 8
    for (int half = W / 2; half > 0; half /= 2)
      for (int l = 0; l < half; ++l) part[l] += part[l + half];
    sum += part[0];
  }
  return sum;
}

template <class T>
Vec<T> load(const T* p, int lanes) {
  return lanes == Vec<T>::width ? Vec<T>::load(p) : Vec<T>::load(p, lanes);
}
template <class T>
void store(Vec<T> v, T* p, int lanes) {
  if (lanes == Vec<T>::width)
    v.store(p);
  else
    v.store(p, lanes);
}
// v, with zeros beyond the first lanes.
template <class T>
Vec<T> first(Vec<T> v, int lanes) {
  if (lanes == Vec<T>::width) return v;
  T kept[Vec<T>::width] = {};
  v.store(kept, lanes);
  return Vec<T>::load(kept);
}

template <class T, class F>
void each_vector(int64_t n, F f) {
  constexpr int W = Vec<T>::width;
  for (int64_t i = 0; i < n; i += W) f(i, n - i < W ? static_cast<int>(n - i) : W);
}

template <class T>
NormalizeScaling scaling_of(const T* x, int64_t n, double eps, bool centred) {
  const auto count = static_cast<double>(n);
  const double mean = centred ? sum_of<T>(n, [&](int64_t i, int lanes) { return load(x + i, lanes); }) / count : 0.0;
  const Vec<T> m(static_cast<T>(mean));
  const double squares = sum_of<T>(n, [&](int64_t i, int lanes) {
    const Vec<T> d = first(load(x + i, lanes) - m, lanes);
    return d * d;
  });
  // m is the mean rounded to T: what is left of it is taken off.
  const double rest = mean - static_cast<double>(static_cast<T>(mean));
  return {mean, 1 / __builtin_sqrt(squares / count - rest * rest + eps)};
}

template <class T>
void rows(const NormalizeArgs& a) {
  const T *weight = static_cast<const T*>(a.weight), *bias = static_cast<const T*>(a.bias);
  for (int64_t r = 0; r < a.rows; ++r) {
    const T* x = static_cast<const T*>(a.in) + r * a.n;
    T* out = static_cast<T*>(a.out) + r * a.n;
    const NormalizeScaling s = scaling_of(x, a.n, a.eps, a.centred);
    const Vec<T> mean(static_cast<T>(s.mean)), scale(static_cast<T>(s.scale));
    each_vector<T>(a.n, [&](int64_t i, int lanes) {
      Vec<T> y = (load(x + i, lanes) - mean) * scale;
      if (weight) y = y * load(weight + i, lanes);
      if (bias) y = y + load(bias + i, lanes);
      store(y, out + i, lanes);
    });
  }
}

// With y = (x - m) s and h = grad weight: s (h - mean(h) - y mean(h y)), without mean(h) unless centred.
template <class T>
void rows_gradient(const NormalizeArgs& a) {
  const T* weight = static_cast<const T*>(a.weight);
  T *to_weight = static_cast<T*>(a.to_weight), *to_bias = static_cast<T*>(a.to_bias);
  for (int64_t r = 0; r < a.rows; ++r) {
    const T* x = static_cast<const T*>(a.in) + r * a.n;
    const T* grad = static_cast<const T*>(a.grad) + r * a.n;
    const NormalizeScaling s = scaling_of(x, a.n, a.eps, a.centred);
    const Vec<T> mean(static_cast<T>(s.mean)), scale(static_cast<T>(s.scale));
    const auto weighted = [&](int64_t i, int lanes) {
      const Vec<T> g = load(grad + i, lanes);
      return weight ? g * load(weight + i, lanes) : g;
    };
    const auto count = static_cast<double>(a.n);
    const Vec<T> shift(static_cast<T>(a.centred ? sum_of<T>(a.n, weighted) / count : 0.0));
    const Vec<T> tilt(static_cast<T>(
        sum_of<T>(
            a.n, [&](int64_t i, int lanes) { return first((load(x + i, lanes) - mean) * scale * weighted(i, lanes), lanes); }) /
        count));
    T* out = a.out ? static_cast<T*>(a.out) + r * a.n : nullptr;
    each_vector<T>(a.n, [&](int64_t i, int lanes) {
      const Vec<T> y = (load(x + i, lanes) - mean) * scale, g = load(grad + i, lanes);
      if (to_weight) store(load(to_weight + i, lanes) + g * y, to_weight + i, lanes);
      if (to_bias) store(load(to_bias + i, lanes) + g, to_bias + i, lanes);
      if (out) store(scale * (weighted(i, lanes) - shift - y * tilt), out + i, lanes);
    });
  }
}

template <class T>
ChannelSums sums(const void* grad, const void* in, int64_t n, double about) {
  const T *g = static_cast<const T*>(grad), *x = static_cast<const T*>(in);
  const Vec<T> m(static_cast<T>(about));
  return {sum_of<T>(n, [&](int64_t i, int lanes) { return load(g + i, lanes); }),
          sum_of<T>(n, [&](int64_t i, int lanes) { return first(load(g + i, lanes) * (load(x + i, lanes) - m), lanes); })};
}

template <class T>
NormalizeScaling scaling(const void* in, int64_t n, double eps) {
  return scaling_of(static_cast<const T*>(in), n, eps, true);
}

template <class T>
void map(const void* in, void* out, int64_t n, double a, double b, double about) {
  const Vec<T> factor(static_cast<T>(a)), summand(static_cast<T>(b)), m(static_cast<T>(about));
  each_vector<T>(n, [&](int64_t i, int lanes) {
    store(fma(factor, load(static_cast<const T*>(in) + i, lanes) - m, summand), static_cast<T*>(out) + i, lanes);
  });
}

template <class T>
void mix(const void* grad, const void* in, void* out, int64_t n, double a, double b, double c, double about) {
  const Vec<T> of_grad(static_cast<T>(a)), of_in(static_cast<T>(b)), summand(static_cast<T>(c)), m(static_cast<T>(about));
  each_vector<T>(n, [&](int64_t i, int lanes) {
    const Vec<T> g = load(static_cast<const T*>(grad) + i, lanes), x = load(static_cast<const T*>(in) + i, lanes);
    store(fma(of_grad, g, fma(of_in, x - m, summand)), static_cast<T*>(out) + i, lanes);
  });
}

// f(first element of the vector, its lanes, its place in a row) for the vectors of each row.
template <class T, class F>
void each_across(const AcrossArgs& a, F f) {
  for (int64_t r = 0; r < a.rows; ++r) each_vector<T>(a.n, [&](int64_t i, int lanes) { f(r * a.row + i, lanes, i); });
}

template <class T>
void sums_across(const AcrossArgs& a, double* grad, double* product) {
  constexpr int64_t kRows = 64;  // added up in T before the sums go on in double
  constexpr int W = Vec<T>::width;
  const T *g = static_cast<const T*>(a.grad), *x = static_cast<const T*>(a.in), *about = static_cast<const T*>(a.about);
  each_vector<T>(a.n, [&](int64_t i, int lanes) {
    const Vec<T> m = load(about + i, lanes);
    double sums[W] = {}, products[W] = {};
    for (int64_t begin = 0; begin < a.rows; begin += kRows) {
      const int64_t end = begin + kRows < a.rows ? begin + kRows : a.rows;
      Vec<T> sum(T(0)), dot(T(0));
      for (int64_t r = begin; r < end; ++r) {
        const Vec<T> v = load(g + r * a.row + i, lanes);
        sum = sum + v;
        dot = fma(v, load(x + r * a.row + i, lanes) - m, dot);
      }
      T lane[2][W];
      sum.store(lane[0]), dot.store(lane[1]);
      for (int l = 0; l < W; ++l) sums[l] += lane[0][l], products[l] += lane[1][l];
    }
    for (int l = 0; l < lanes; ++l) grad[i + l] = sums[l], product[i + l] = products[l];
  });
}

template <class T>
void map_across(const AcrossArgs& args) {
  const T *in = static_cast<const T*>(args.in), *a = static_cast<const T*>(args.a), *b = static_cast<const T*>(args.b),
          *about = static_cast<const T*>(args.about);
  each_across<T>(args, [&](int64_t at, int lanes, int64_t i) {
    store(fma(load(a + i, lanes), load(in + at, lanes) - load(about + i, lanes), load(b + i, lanes)),
          static_cast<T*>(args.out) + at, lanes);
  });
}

template <class T>
void mix_across(const AcrossArgs& args) {
  const T *grad = static_cast<const T*>(args.grad), *in = static_cast<const T*>(args.in), *a = static_cast<const T*>(args.a),
          *b = static_cast<const T*>(args.b), *c = static_cast<const T*>(args.c), *about = static_cast<const T*>(args.about);
  each_across<T>(args, [&](int64_t at, int lanes, int64_t i) {
    const Vec<T> x = load(in + at, lanes) - load(about + i, lanes);
    store(fma(load(a + i, lanes), load(grad + at, lanes), fma(load(b + i, lanes), x, load(c + i, lanes))),
          static_cast<T*>(args.out) + at, lanes);
  });
}

template <class T>
constexpr NormalizeKernel kernel() {
  return {rows<T>, rows_gradient<T>, sums<T>, scaling<T>, map<T>, mix<T>, sums_across<T>, map_across<T>, mix_across<T>};
}

}  // namespace

extern const NormalizeKernels kNormalize;
const NormalizeKernels kNormalize = {{kernel<float>(), kernel<double>()}};

}  // namespace wengert::WENGERT_ISA
