#include "kernels/conv.h"

#include "kernels/conv_tile.h"
#include "simd/mask.h"
#include "simd/transpose.h"

namespace wengert::WENGERT_ISA {
namespace {

// Whole vectors: what is written too far is written again, or lies in the slack.
template <class T>
void fill_over(T* out, int64_t n, Vec<T> value) {
  for (int64_t i = 0; i < n; i += Vec<T>::width) value.store(out + i);
}

// Every second element of a and b together, from the first or the second on.
template <int First, class T, int... I>
Vec<T> every_second(Vec<T> a, Vec<T> b, Lanes<I...>) {
#if defined(__clang__)
  return typename Vec<T>::Raw(__builtin_shufflevector(a.v, b.v, (2 * I + First)...));
#else
  return typename Vec<T>::Raw(__builtin_shuffle(a.v, b.v, typename LaneIndex<T>::Raw{(2 * I + First)...}));
#endif
}

// even[i] = in[2 i], odd[i] = in[2 i + 1]
template <class T>
void split_by_two(const T* in, int64_t n, T* even, T* odd) {
  using V = Vec<T>;
  constexpr int W = V::width;
  constexpr FirstLanes<W> all;
  for (; n >= 2 * W; n -= 2 * W, in += 2 * W, even += W, odd += W) {
    const V a = V::load(in), b = V::load(in + W);
    every_second<0>(a, b, all).store(even);
    every_second<1>(a, b, all).store(odd);
  }
  if (n == 0) return;
  const int lanes = static_cast<int>(n);
  const V a = lanes < W ? V::load(in, lanes) : V::load(in), b = lanes > W ? V::load(in + W, lanes - W) : V(T(0));
  const V evens = every_second<0>(a, b, all), odds = every_second<1>(a, b, all);
  if (lanes == 2 * W - 1)
    evens.store(even);
  else
    evens.store(even, (lanes + 1) / 2);
  odds.store(odd, lanes / 2);
}

template <class T>
void band(const BandArgs& a) {
  using V = Vec<T>;
  constexpr int W = V::width;
  const V pad(static_cast<T>(a.pad));
  const int64_t left = a.first_column < 0 ? (-a.first_column < a.columns ? -a.first_column : a.columns) : 0;
  const int64_t begin = a.first_column + left;  // in the row of `in`
  const int64_t last = a.first_column + a.columns < a.in_columns ? a.first_column + a.columns : a.in_columns;
  const int64_t middle = last > begin ? last - begin : 0, whole = middle - middle % W;
  const int tail = static_cast<int>(middle % W);
  for (int64_t plane = 0; plane < a.planes; ++plane) {
    const T* in = static_cast<const T*>(a.in) + plane * a.in_plane;
    T* out = static_cast<T*>(a.out) + plane * a.out_plane;
    for (int64_t r = 0; r < a.rows; ++r, out += a.out_row) {
      const int64_t y = a.first_row + r;
      if (y < 0 || y >= a.in_rows || middle == 0) {
        fill_over(out, a.out_row, pad);
        continue;
      }
      const T* row = in + y * a.in_columns + begin;
      if (a.step == 1) {
        fill_over(out, left, pad);
        for (int64_t i = 0; i < whole; i += W) V::load(row + i).store(out + left + i);
        if (tail) V::load(row + whole, tail).store(out + left + whole);
        fill_over(out + left + middle, a.columns - left - middle, pad);
        continue;
      }
      if (left > 0 || left + middle < a.columns) fill_over(out, a.out_row, pad);
      if (a.step == 2) {
        T *first = out + left % 2 * a.run + left / 2, *second = out + (left + 1) % 2 * a.run + (left + 1) / 2;
        split_by_two(row, middle, first, second);
        continue;
      }
      for (int64_t phase = 0; phase < a.step; ++phase) {
        int64_t i = (phase - left) % a.step;
        if (i < 0) i += a.step;
        T* p = out + phase * a.run + (i + left) / a.step;
        for (; i < middle; i += a.step) *p++ = row[i];
      }
    }
  }
}

template <class T>
void columns(const ColumnArgs& a) {
  using V = Vec<T>;
  constexpr int W = V::width;
  T* out = static_cast<T*>(a.out);
  bool narrow = true;  // each run is one vector
  for (int64_t i = 0; i < a.count; ++i) narrow = narrow && a.runs[i].length <= W;
  for (int64_t k = 0; k < a.rows; ++k, out += a.pitch) {
    const T* in = static_cast<const T*>(a.in) + a.offset[k];
    if (narrow) {
#pragma GCC unroll 4
      for (int64_t i = 0; i < a.count; ++i) V::load(in + a.runs[i].from).store(out + a.runs[i].to);
      continue;
    }
    for (int64_t i = 0; i < a.count; ++i) {
      const BandRun run = a.runs[i];
      const T* p = in + run.from;
      T* q = out + run.to;
      for (int64_t j = 0; j < run.length; j += W) V::load(p + j).store(q + j);
    }
  }
  if (a.ones) fill_over(out, a.pitch, V(T(1)));
}

template <class T>
inline constexpr TapTiles<T> kTapTiles{};

template <class T>
void taps(const TapArgs& a) {
  const int64_t blocks = (a.rows + kTileRows - 1) / kTileRows;
  for (int64_t v = 0; v < a.count;) {
    const int nv = panel_vectors<kTileVectors>(a.count - v);
    for (int64_t block = 0; block < blocks; ++block) {
      const int64_t row = a.rows * block / blocks, height = a.rows * (block + 1) / blocks - row;
      kTapTiles<T>.of[height - 1][nv - 1](a, a.runs + v, static_cast<const T*>(a.weight) + row * a.weight_row,
                                          static_cast<T*>(a.out) + row * a.out_row);
    }
    v += nv;
  }
}

template <class T>
void tap_products(const TapProductArgs& a) {
  constexpr int W = Vec<T>::width;
  const int64_t vectors = (a.columns + W - 1) / W, blocks = (a.terms + kTileRows - 1) / kTileRows;
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t first = a.terms * block / blocks, height = a.terms * (block + 1) / blocks - first;
    kTapTiles<T>.product[height - 1][vectors - 1](a, first, a.columns % W != 0);
  }
}

template <class T>
void spread(const SpreadArgs& a) {
  using V = Vec<T>;
  constexpr int W = V::width;
  for (int64_t m = 0; m < a.rows; ++m) {
    const T* in = static_cast<const T*>(a.in) + m * a.in_row;
    T* out = static_cast<T*>(a.out) + m * a.out_row;
    for (int64_t i = 0; i < a.count; ++i) {
      const BandRun run = a.runs[i];
      const T* p = in + run.from;
      T* q = out + run.to;
      if (a.out_step != 1) {
        for (int64_t j = 0; j < run.length; ++j) q[j * a.out_step] = p[j];
        continue;
      }
      int64_t j = 0;
      for (; j + W <= run.length; j += W) V::load(p + j).store(q + j);
      if (j < run.length) V::load(p + j).store(q + j, static_cast<int>(run.length - j));
    }
  }
}

template <class T>
void sums(const WindowArgs& a) {
  using V = Vec<T>;
  constexpr int W = V::width;
  const T* weight = static_cast<const T*>(a.weight);
  const V start(weight[a.taps]);
  for (int64_t r = 0; r < a.rows; ++r) {
    const T* in = static_cast<const T*>(a.in) + r * a.in_row;
    T* out = static_cast<T*>(a.out) + r * a.out_row;
    int64_t j = 0;
    for (; j + 4 * W <= a.n; j += 4 * W) {
      V acc[4] = {start, start, start, start};
      for (int64_t t = 0; t < a.taps; ++t) {
        const T* p = in + a.offset[t] + j;
        const V w(weight[t]);
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) acc[u] = fma(w, V::load(p + u * W), acc[u]);
      }
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) acc[u].store(out + j + u * W);
    }
    for (; j < a.n; j += W) {
      V acc = start;
      for (int64_t t = 0; t < a.taps; ++t) acc = fma(V(weight[t]), V::load(in + a.offset[t] + j), acc);
      if (a.n - j < W)
        acc.store(out + j, static_cast<int>(a.n - j));
      else
        acc.store(out + j);
    }
  }
}

template <class T>
T sum_of_lanes(Vec<T> v) {
  constexpr int W = Vec<T>::width;
  T lane[W];
  v.store(lane);
#pragma GCC unroll 8
  for (int half = W / 2; half > 0; half /= 2)
    for (int l = 0; l < half; ++l) lane[l] += lane[l + half];
  return lane[0];
}

template <class T>
void products(const WindowArgs& a, void* weight) {
  using V = Vec<T>;
  constexpr int W = V::width, kGroup = 4;  // taps at a time: each load of `out` serves all of them
  for (int64_t first = 0; first < a.taps; first += kGroup) {
    const int count = static_cast<int>(a.taps - first < kGroup ? a.taps - first : kGroup);
    const T* tap[kGroup];
    V acc[kGroup];
#pragma GCC unroll 4
    for (int u = 0; u < kGroup; ++u) {
      tap[u] = static_cast<const T*>(a.in) + a.offset[first + (u < count ? u : 0)];
      acc[u] = V(T(0));
    }
    for (int64_t r = 0; r < a.rows; ++r) {
      const T* out = static_cast<const T*>(a.out) + r * a.out_row;
      const int64_t at = r * a.in_row, whole = a.n - a.n % W;
      for (int64_t j = 0; j < whole; j += W) {
        const V g = V::load(out + j);
#pragma GCC unroll 4
        for (int u = 0; u < kGroup; ++u) acc[u] = fma(g, V::load(tap[u] + at + j), acc[u]);
      }
      if (whole < a.n) {  // both tails read as zero: what follows a row of the band may be anything
        const int tail = static_cast<int>(a.n - whole);
        const V g = V::load(out + whole, tail);
#pragma GCC unroll 4
        for (int u = 0; u < kGroup; ++u) acc[u] = fma(g, V::load(tap[u] + at + whole, tail), acc[u]);
      }
    }
#pragma GCC unroll 4
    for (int u = 0; u < kGroup; ++u)
      if (u < count) static_cast<T*>(weight)[first + u] += sum_of_lanes(acc[u]);
  }
}

template <class T>
bool extremes(const WindowArgs& a) {
  using V = Vec<T>;
  constexpr int W = V::width;
  const V lowest(-static_cast<T>(__builtin_inf())), none(T(-1));
  T lane[W];
  bool found = true;
  for (int64_t r = 0; r < a.rows; ++r) {
    const T* in = static_cast<const T*>(a.in) + r * a.in_row;
    T* out = static_cast<T*>(a.out) + r * a.out_row;
    for (int64_t j = 0; j < a.n; j += W) {
      const int lanes = static_cast<int>(a.n - j < W ? a.n - j : W);
      V best = lowest, place = none;
      for (int64_t t = 0; t < a.taps; ++t) {
        const V x = V::load(in + a.offset[t] + j);
        const auto wins = greater(x, best) | unordered(x, x);
        best = blend(wins, x, best);
        if (a.index) place = blend(wins, V(static_cast<T>(a.place[t])), place);
      }
      if (lanes < W)
        best.store(out + j, lanes);
      else
        best.store(out + j);
      if (!a.index) continue;
      place.store(lane);
      int64_t* index = a.index + r * a.out_row + j;
      const int64_t base = a.place_base + j * a.place_step + r * a.place_row;
      int64_t lowest_place = 0;
      for (int l = 0; l < lanes; ++l) {
        const auto tap = static_cast<int64_t>(lane[l]);
        index[l] = tap < 0 ? -1 : base + l * a.place_step + tap;
        lowest_place = tap < lowest_place ? tap : lowest_place;
      }
      found = found && lowest_place == 0;
    }
  }
  return found;
}

template <class T>
constexpr ConvKernel kernel() {
  return {Vec<T>::width, kTileVectors * Vec<T>::width,
          band<T>,       columns<T>,
          taps<T>,       tap_products<T>,
          spread<T>,     sums<T>,
          products<T>,   extremes<T>};
}

}  // namespace

extern const ConvKernels kConv;
const ConvKernels kConv = {{kernel<float>(), kernel<double>()}};

}  // namespace wengert::WENGERT_ISA
