#include "kernels/attention.h"

#include "simd/exp.h"
#include "simd/mask.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class T>
constexpr T kLowest = -static_cast<T>(__builtin_inf());

int64_t visible(const AttentionArgs& a, int64_t row) {
  const int64_t count = a.causal ? a.visible + row : a.n;
  return count < 0 ? 0 : count < a.n ? count : a.n;
}

// body(i, lanes) for the vectors of [0, n)
template <class T, class F>
void each_vector(int64_t n, F body) {
  constexpr int W = Vec<T>::width;
  for (int64_t i = 0; i < n; i += W) body(i, n - i < W ? static_cast<int>(n - i) : W);
}

template <class T>
void store(Vec<T> v, T* p, int lanes) {
  if (lanes == Vec<T>::width)
    v.store(p);
  else
    v.store(p, lanes);
}
template <class T>
Vec<T> load(const T* p, int lanes) {
  return lanes == Vec<T>::width ? Vec<T>::load(p) : Vec<T>::load(p, lanes);
}

// The masked scores of a row, written; the largest of them, `best` at least. NaN is passed over: its exponential will spread.
template <class T>
T masked(const AttentionArgs& a, int64_t row, T* score, int64_t n, T best) {
  const T* mask = a.mask ? static_cast<const T*>(a.mask) + row * a.mask_row : nullptr;
  Vec<T> most(best);
  each_vector<T>(n, [&](int64_t i, int lanes) {
    Vec<T> s = load(score + i, lanes);
    if (mask) store(s = s + load(mask + i, lanes), score + i, lanes);
    if (lanes < Vec<T>::width) {
      T kept[Vec<T>::width];
      Vec<T>(best).store(kept);
      s.store(kept, lanes);
      s = Vec<T>::load(kept);
    }
    most = larger(s, most);
  });
  T lane[Vec<T>::width];
  most.store(lane);
  for (int l = 0; l < Vec<T>::width; ++l) best = lane[l] > best ? lane[l] : best;
  return best;
}

template <class T>
void clear(T* p, int64_t n) {
  for (int64_t i = 0; i < n; ++i) p[i] = T(0);
}

template <class T>
void exponentials(const AttentionArgs& a) {
  for (int64_t r = 0; r < a.rows; ++r) {
    T* score = static_cast<T*>(a.scores) + r * a.pitch;
    const int64_t n = visible(a, r);
    const T before = static_cast<T>(a.largest[r]), largest = masked(a, r, score, n, before);
    clear(score + n, a.n - n);
    if (largest == kLowest<T>) {  // nothing visible yet, or nothing but NaN
      for (int64_t i = 0; i < n; ++i)
        if (score[i] != score[i]) a.sum[r] = __builtin_nan("");
      clear(score, n);
      continue;
    }
    const Vec<T> shift(largest);
    double sum = 0;
    Vec<T> acc(T(0));
    each_vector<T>(n, [&](int64_t i, int lanes) {
      const Vec<T> e = exp(load(score + i, lanes) - shift);
      store(e, score + i, lanes);
      if (lanes == Vec<T>::width)
        acc = acc + e;
      else
        for (int l = 0; l < lanes; ++l) sum += score[i + l];
    });
    T lane[Vec<T>::width];
    acc.store(lane);
    for (int l = 0; l < Vec<T>::width; ++l) sum += lane[l];
    const double factor = before == kLowest<T> ? 0.0 : ::exp(a.largest[r] - largest);
    a.sum[r] = a.sum[r] * factor + sum;
    a.largest[r] = largest;
    if (factor == 1) continue;
    T* out = static_cast<T*>(a.out) + r * a.out_row;
    const Vec<T> by(static_cast<T>(factor));
    each_vector<T>(a.width, [&](int64_t i, int lanes) { store(load(out + i, lanes) * by, out + i, lanes); });
  }
}

template <class T>
void probabilities(const AttentionArgs& a) {
  for (int64_t r = 0; r < a.rows; ++r) {
    T* score = static_cast<T*>(a.scores) + r * a.pitch;
    T* gradient = static_cast<T*>(a.gradient) + r * a.pitch;
    const int64_t n = a.log_sum[r] == -__builtin_inf() ? 0 : visible(a, r);
    const T* mask = a.mask ? static_cast<const T*>(a.mask) + r * a.mask_row : nullptr;
    const Vec<T> shift(static_cast<T>(a.log_sum[r])), total(static_cast<T>(a.total[r])), scale(static_cast<T>(a.scale));
    each_vector<T>(n, [&](int64_t i, int lanes) {
      Vec<T> s = load(score + i, lanes);
      if (mask) s = s + load(mask + i, lanes);
      const Vec<T> p = exp(s - shift);
      store(p, score + i, lanes);
      store(p * (load(gradient + i, lanes) - total) * scale, gradient + i, lanes);
    });
    clear(score + n, a.n - n);
    clear(gradient + n, a.n - n);
  }
}

template <class T>
constexpr AttentionKernel kernel() {
  return {exponentials<T>, probabilities<T>};
}

}  // namespace

extern const AttentionKernels kAttention;
const AttentionKernels kAttention = {{kernel<float>(), kernel<double>()}};

}  // namespace wengert::WENGERT_ISA
