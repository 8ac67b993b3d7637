#include "kernels/reduce_loop.h"
#include "simd/double_lanes.h"

namespace wengert::WENGERT_ISA {
namespace {

// Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
Moments joined(const Moments& a, const Moments& b) {
  const double count = a.count + b.count, delta = b.mean - a.mean, share = b.count / count;
  return {count, a.mean + delta * share, a.deviations + b.deviations + delta * delta * a.count * share};
}

// Of x - about: the sum, and the sum of squares.
struct Sums {
  double sum, squares;
};

template <class T>
Sums block_sums(const T* p, int n, double about) {
  using V = Vec<double>;
  constexpr int W = V::width;
  double sum[W] = {}, squares[W] = {};
  int i = 0;
  if (n >= W) {
    V s[4], q[4];
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) s[u] = q[u] = V(0.0);
    const V origin(about);
    for (; i + 4 * W <= n; i += 4 * W) {
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) {
        const V d = load_doubles(p + i + u * W) - origin;
        s[u] = s[u] + d;
        q[u] = q[u] + d * d;
      }
    }
    for (; i + W <= n; i += W) {
      const V d = load_doubles(p + i) - origin;
      s[0] = s[0] + d;
      q[0] = q[0] + d * d;
    }
    ((s[0] + s[1]) + (s[2] + s[3])).store(sum);
    ((q[0] + q[1]) + (q[2] + q[3])).store(squares);
  }
  for (int l = 0; i < n; ++i, ++l) {
    const double d = p[i] - about;
    sum[l] += d;
    squares[l] += d * d;
  }
#pragma GCC unroll 8
  for (int half = W / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) sum[l] += sum[l + half], squares[l] += squares[l + half];
  return {sum[0], squares[0]};
}

// About the first element: (mean - about)^2 is at most the sum of squared deviations, so little of it cancels.
template <class T>
Moments block_moments(const T* p, int n) {
  double about = p[0];
  if constexpr (sizeof(T) == 8) about += block_sums(p, n, about).sum / n;
  const Sums sums = block_sums(p, n, about);
  const double shift = sums.sum / n, deviations = sums.squares - sums.sum * shift;
  return {static_cast<double>(n), about + shift, deviations < 0 ? 0 : deviations};
}

template <class T>
void moment_rows(const ReduceArgs& a) {
  pairwise_rows<T, Moments, Moments>(a, block_moments<T>, joined);
}

template <class T>
void moment_columns(const ReduceArgs& a) {
  constexpr int kPanel = 256;
  for (int64_t i = 0; i < a.n; i += kPanel) {
    const int n = static_cast<int>(a.n - i < kPanel ? a.n - i : kPanel);
    Moments* out = reinterpret_cast<Moments*>(a.out) + i;
    const char* in = a.in + i * sizeof(T);
    for (int64_t begin = 0; begin < a.count; begin += kBlockRows) {
      const int rows = static_cast<int>(a.count - begin < kBlockRows ? a.count - begin : kBlockRows);
      const auto row = [&](int r) { return reinterpret_cast<const T*>(in + (begin + r) * a.reduce_step); };
      double about[kPanel], sum[kPanel], squares[kPanel];
      for (int c = 0; c < n; ++c) about[c] = row(0)[c];
      const auto add = [&] {
        for (int c = 0; c < n; ++c) sum[c] = squares[c] = 0;
        int r = 0;
        for (; r + 4 <= rows; r += 4) {
          const T *p0 = row(r), *p1 = row(r + 1), *p2 = row(r + 2), *p3 = row(r + 3);
          for (int c = 0; c < n; ++c) {
            const double d0 = p0[c] - about[c], d1 = p1[c] - about[c], d2 = p2[c] - about[c], d3 = p3[c] - about[c];
            sum[c] += (d0 + d1) + (d2 + d3);
            squares[c] += (d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3);
          }
        }
        for (; r < rows; ++r) {
          const T* p = row(r);
          for (int c = 0; c < n; ++c) {
            const double d = p[c] - about[c];
            sum[c] += d;
            squares[c] += d * d;
          }
        }
      };
      add();
      if constexpr (sizeof(T) == 8) {
        for (int c = 0; c < n; ++c) about[c] += sum[c] / rows;
        add();
      }
      for (int c = 0; c < n; ++c) {
        const double shift = sum[c] / rows, deviations = squares[c] - sum[c] * shift;
        const Moments block = {static_cast<double>(rows), about[c] + shift, deviations < 0 ? 0 : deviations};
        out[c] = begin == 0 ? block : joined(out[c], block);
      }
    }
  }
}

void join_moments(const ReduceArgs& a) {
  for (int64_t i = 0; i < a.n; ++i) {
    const char* p = a.in + i * a.in_step;
    Moments all = *reinterpret_cast<const Moments*>(p);
    for (int64_t j = 1; j < a.count; ++j) all = joined(all, *reinterpret_cast<const Moments*>(p + j * a.reduce_step));
    *reinterpret_cast<Moments*>(a.out + i * a.out_step) = all;
  }
}

}  // namespace

#define ROWS(T) moment_rows<T>
#define COLUMNS(T) moment_columns<T>
extern const MomentKernels kMoments;
const MomentKernels kMoments = {
    .moments = {{nullptr, WENGERT_FLOATING(ROWS)}, {nullptr, WENGERT_FLOATING(COLUMNS)}},
    .join = join_moments,
};

}  // namespace wengert::WENGERT_ISA
