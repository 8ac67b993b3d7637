#include "kernels/softmax.h"

#include "kernels/reduce_loop.h"
#include "simd/exp.h"
#include "simd/mask.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class T>
constexpr T kInfinity = static_cast<T>(__builtin_inf());

// The largest of p[0..n), and of `best`; NaN is passed over, since its exponential will spread.
template <class T>
T largest(const T* p, int64_t n, T best) {
  using V = Vec<T>;
  constexpr int W = V::width;
  int64_t i = 0;
  if (n >= W) {
    V acc[4];
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) acc[u] = V(best);
    for (; i + 4 * W <= n; i += 4 * W) {
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) acc[u] = larger(V::load(p + i + u * W), acc[u]);
    }
    for (; i + W <= n; i += W) acc[0] = larger(V::load(p + i), acc[0]);
    if (i < n) acc[1] = larger(V::load(p + n - W), acc[1]);  // overlaps what was seen
    T lane[W];
    larger(larger(acc[0], acc[1]), larger(acc[2], acc[3])).store(lane);
#pragma GCC unroll 1
    for (int l = 0; l < W; ++l) best = lane[l] > best ? lane[l] : best;
    return best;
  }
#pragma GCC unroll 1
  for (; i < n; ++i) best = p[i] > best ? p[i] : best;
  return best;
}

template <class T>
double sum_of_lanes(Vec<T> v) {
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

// The sum of e^(x - shift) over n <= kBlock elements; with Keep they are written too.
template <bool Keep, class T>
double sum_exponentials(const T* p, T* out, int n, T shift) {
  using V = Vec<T>;
  constexpr int W = V::width;
  const V s(shift);
  V acc[4];
#pragma GCC unroll 4
  for (int u = 0; u < 4; ++u) acc[u] = V(T(0));
  int i = 0;
  for (; i + 4 * W <= n; i += 4 * W) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) {
      const V e = exp(V::load(p + i + u * W) - s);
      if (Keep) e.store(out + i + u * W);
      acc[u] = acc[u] + e;
    }
  }
#pragma GCC unroll 1
  for (; i + W <= n; i += W) {
    const V e = exp(V::load(p + i) - s);
    if (Keep) e.store(out + i);
    acc[0] = acc[0] + e;
  }
  if (i < n) {
    T tail[W] = {};  // the other lanes add nothing
    exp(V::load(p + i, n - i) - s).store(tail, n - i);
    const V e = V::load(tail);
    if (Keep) e.store(out + i, n - i);
    acc[1] = acc[1] + e;
  }
  return sum_of_lanes((acc[0] + acc[1]) + (acc[2] + acc[3]));
}

// out[i] = f(in[i])
template <class T, class F>
void map_row(T* out, const T* in, int64_t n, F f) {
  using V = Vec<T>;
  constexpr int W = V::width;
  int64_t i = 0;
  for (; i + W <= n; i += W) f(V::load(in + i)).store(out + i);
  if (i < n) {
    const int lanes = static_cast<int>(n - i);
    f(V::load(in + i, lanes)).store(out + i, lanes);
  }
}

template <bool Log, class T>
void softmax_rows(const ScanArgs& a) {
  for (int64_t i = 0; i < a.n; ++i) {
    const T* in = reinterpret_cast<const T*>(a.in) + i * a.line;
    T* out = reinterpret_cast<T*>(a.out) + i * a.line;
    const T shift = largest(in, a.count, -kInfinity<T>);
    double sum = 0;
    for (int64_t begin = 0; begin < a.count; begin += kBlock)
      sum += sum_exponentials<!Log>(in + begin, out + begin, block_size(a.count, begin), shift);
    if constexpr (Log) {
      const Vec<T> s(shift), l(static_cast<T>(::log(sum)));
      map_row(out, in, a.count, [&](Vec<T> x) { return (x - s) - l; });
    } else {
      const Vec<T> scale(static_cast<T>(1 / sum));
      map_row(out, out, a.count, [&](Vec<T> x) { return x * scale; });
    }
  }
}

// Strips of four vectors of lines side by side; of the three passes over a strip, the later ones find it in L2. The last strip
// goes through padded copies of its rows.
template <bool Log, class T>
void softmax_columns(const ScanArgs& a) {
  using V = Vec<T>;
  constexpr int W = V::width, kStrip = 4 * W;
  for (int64_t i = 0; i < a.n; i += kStrip) {
    const int n = static_cast<int>(a.n - i < kStrip ? a.n - i : kStrip);
    const T* in = reinterpret_cast<const T*>(a.in) + i;
    T* out = reinterpret_cast<T*>(a.out) + i;
    // f(p, q) for each row j of [begin, end): p is where to read kStrip elements of `from`, q where to write as many of out.
    const auto each_row = [&](const T* from, int64_t begin, int64_t end, bool write, auto f) {
      if (n == kStrip) {
        for (int64_t j = begin; j < end; ++j) f(from + j * a.step, out + j * a.step);
        return;
      }
      T row[kStrip] = {};
#pragma GCC unroll 1
      for (int64_t j = begin; j < end; ++j) {
        __builtin_memcpy(row, from + j * a.step, static_cast<size_t>(n) * sizeof(T));
        f(row, row);
        if (write) __builtin_memcpy(out + j * a.step, row, static_cast<size_t>(n) * sizeof(T));
      }
    };
    V shift[4], last[4];
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) shift[u] = V(-kInfinity<T>);
    each_row(in, 0, a.count, false, [&](const T* p, T*) {
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) shift[u] = larger(V::load(p + u * W), shift[u]);
    });
    double sum[kStrip] = {};
    for (int64_t begin = 0; begin < a.count; begin += kBlockRows) {
      V acc[4];
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) acc[u] = V(T(0));
      each_row(in, begin, a.count - begin < kBlockRows ? a.count : begin + kBlockRows, !Log, [&](const T* p, T* q) {
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) {
          const V e = exp(V::load(p + u * W) - shift[u]);
          if (!Log) e.store(q + u * W);
          acc[u] = acc[u] + e;
        }
      });
      T part[kStrip];
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) acc[u].store(part + u * W);
      for (int c = 0; c < kStrip; ++c) sum[c] += part[c];
    }
    T factor[kStrip];
    for (int c = 0; c < kStrip; ++c) factor[c] = static_cast<T>(Log ? ::log(sum[c]) : 1 / sum[c]);
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) last[u] = V::load(factor + u * W);
    each_row(Log ? in : out, 0, a.count, true, [&](const T* p, T* q) {
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) {
        const V x = V::load(p + u * W);
        (Log ? (x - shift[u]) - last[u] : x * last[u]).store(q + u * W);
      }
    });
  }
}

// ---- as a reduction

Exponentials joined(const Exponentials& a, const Exponentials& b) {
  if (b.sum == 0) return a;
  if (a.sum == 0) return b;
  const double shift = a.shift > b.shift ? a.shift : b.shift;
  return {shift, a.sum * ::exp(a.shift - shift) + b.sum * ::exp(b.shift - shift)};
}

template <class T>
T finite_shift(T largest) {
  return largest - largest == 0 ? largest : T(0);
}

template <class T>
Exponentials block_exponentials(const T* p, int n) {
  const T shift = finite_shift(largest(p, n, -kInfinity<T>));
  return {shift, sum_exponentials<false>(p, static_cast<T*>(nullptr), n, shift)};
}

template <class T>
void exponential_rows(const ReduceArgs& a) {
  pairwise_rows<T, Exponentials, Exponentials>(a, block_exponentials<T>, joined);
}

template <class T>
void exponential_columns(const ReduceArgs& a) {
  using V = Vec<T>;
  constexpr int W = V::width, kPanel = 256;
  for (int64_t i = 0; i < a.n; i += kPanel) {
    const int n = static_cast<int>(a.n - i < kPanel ? a.n - i : kPanel);
    Exponentials* out = reinterpret_cast<Exponentials*>(a.out) + i;
    for (int64_t begin = 0; begin < a.count; begin += kBlockRows) {
      const int rows = static_cast<int>(a.count - begin < kBlockRows ? a.count - begin : kBlockRows);
      const auto row = [&](int r) { return reinterpret_cast<const T*>(a.in + (begin + r) * a.reduce_step) + i; };
      for (int c = 0; c < n; c += W) {
        const int lanes = n - c < W ? n - c : W;
        const auto load = [&](int r) { return lanes == W ? V::load(row(r) + c) : V::load(row(r) + c, lanes); };
        V most(-kInfinity<T>), sum(T(0));
        for (int r = 0; r < rows; ++r) most = larger(load(r), most);
        T shift[W], total[W];
        most.store(shift);
        for (int l = 0; l < W; ++l) shift[l] = finite_shift(shift[l]);
        const V s = V::load(shift);
        for (int r = 0; r < rows; ++r) sum = sum + exp(load(r) - s);
        sum.store(total);
        for (int l = 0; l < lanes; ++l) {
          const Exponentials block = {shift[l], total[l]};
          out[c + l] = begin == 0 ? block : joined(out[c + l], block);
        }
      }
    }
  }
}

void join_exponentials(const ReduceArgs& a) {
  for (int64_t i = 0; i < a.n; ++i) {
    const char* p = a.in + i * a.in_step;
    Exponentials all = *reinterpret_cast<const Exponentials*>(p);
    for (int64_t j = 1; j < a.count; ++j) all = joined(all, *reinterpret_cast<const Exponentials*>(p + j * a.reduce_step));
    *reinterpret_cast<Exponentials*>(a.out + i * a.out_step) = all;
  }
}

}  // namespace

#define ROWS(T) exponential_rows<T>
#define COLUMNS(T) exponential_columns<T>
extern const SoftmaxKernels kSoftmax;
const SoftmaxKernels kSoftmax = {
    .softmax = {{softmax_rows<false, float>, softmax_columns<false, float>},
                {softmax_rows<false, double>, softmax_columns<false, double>}},
    .log_softmax = {{softmax_rows<true, float>, softmax_columns<true, float>},
                    {softmax_rows<true, double>, softmax_columns<true, double>}},
    .exponentials = {{nullptr, WENGERT_FLOATING(ROWS)}, {nullptr, WENGERT_FLOATING(COLUMNS)}},
    .join = join_exponentials,
};

}  // namespace wengert::WENGERT_ISA
