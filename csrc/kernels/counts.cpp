#include "kernels/reduce_loop.h"
#include "simd/unsigned.h"

namespace wengert::WENGERT_ISA {
namespace {

struct Nonzero {
  template <class V>
  static auto test(V x) {
    return x != V{};
  }
};
struct Number {
  template <class V>
  static auto test(V x) {
    return x == x;
  }
};

// Lanes of the element's own size count: a block gives each of one byte fewer than 2^8.
template <class F, class T>
int64_t block_count(const T* p, int n) {
  using U = Unsigned<T>;
  constexpr int W = Vec<T>::width;
  static_assert(sizeof(T) > 1 || kBlock / (4 * W) + 4 < 256);
  int64_t count = 0;
  int i = 0;
  if (n >= W) {
    Vec<U> acc[4];
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) acc[u] = Vec<U>(U(0));
    const auto add = [&](Vec<U>& to, const T* q) {  // a true lane is -1
      to.v -= typename Vec<U>::Raw(F::test(Vec<T>::load(q).v));
    };
    for (; i + 4 * W <= n; i += 4 * W) {
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) add(acc[u], p + i + u * W);
    }
    for (; i + W <= n; i += W) add(acc[0], p + i);
    constexpr int kSums = sizeof(T) > 1 ? 1 : 4;  // four bytes together may pass 255
    if (kSums == 1) acc[0] = (acc[0] + acc[1]) + (acc[2] + acc[3]);
    for (int u = 0; u < kSums; ++u) {
      U lane[W];
      acc[u].store(lane);
      for (int l = 0; l < W; ++l) count += static_cast<int64_t>(lane[l]);
    }
  }
#pragma GCC unroll 1
  for (; i < n; ++i) count += F::test(p[i]) ? 1 : 0;
  return count;
}

template <class F, class T>
void rows(const ReduceArgs& a) {
  T buffer[kBlock];
  for (int64_t i = 0; i < a.n; ++i) {
    int64_t count = 0;
    for (int64_t begin = 0; begin < a.count; begin += kBlock) {
      const int n = block_size(a.count, begin);
      count += block_count<F>(gather_block(a, i, begin, n, buffer), n);
    }
    *reinterpret_cast<int64_t*>(a.out + i * a.out_step) = count;
  }
}

template <class F, class T>
void columns(const ReduceArgs& a) {
  using U = Unsigned<T>;
  constexpr int kPanel = kPanelBytes / 8, kRows = 252;  // rows that the narrowest lane can count
  for (int64_t i = 0; i < a.n; i += kPanel) {
    const int n = static_cast<int>(a.n - i < kPanel ? a.n - i : kPanel);
    int64_t* out = reinterpret_cast<int64_t*>(a.out) + i;
    const char* in = a.in + i * sizeof(T);
    for (int64_t begin = 0; begin < a.count; begin += kRows) {
      const int rows = static_cast<int>(a.count - begin < kRows ? a.count - begin : kRows);
      U acc[kPanel] = {};
      const auto row = [&](int r) { return reinterpret_cast<const T*>(in + (begin + r) * a.reduce_step); };
      int r = 0;
      for (; r + 4 <= rows; r += 4) {
        const T *p0 = row(r), *p1 = row(r + 1), *p2 = row(r + 2), *p3 = row(r + 3);
        for (int c = 0; c < n; ++c)
          acc[c] += static_cast<U>(U(F::test(p0[c])) + U(F::test(p1[c])) + U(F::test(p2[c])) + U(F::test(p3[c])));
      }
      for (; r < rows; ++r) {
        const T* p = row(r);
        for (int c = 0; c < n; ++c) acc[c] += U(F::test(p[c]));
      }
      for (int c = 0; c < n; ++c) out[c] = (begin > 0 ? out[c] : 0) + static_cast<int64_t>(acc[c]);
    }
  }
}

}  // namespace

#define NONZERO_ROWS(T) rows<Nonzero, T>
#define NONZERO_COLUMNS(T) columns<Nonzero, T>
#define NUMBER_ROWS(T) rows<Number, T>
#define NUMBER_COLUMNS(T) columns<Number, T>
extern const CountKernels kCounts;
const CountKernels kCounts = {
    .nonzero = {{rows<Nonzero, uint8_t>, WENGERT_BY_WIDTH(NONZERO_ROWS)},
                {columns<Nonzero, uint8_t>, WENGERT_BY_WIDTH(NONZERO_COLUMNS)}},
    .numbers = {{nullptr, WENGERT_FLOATING(NUMBER_ROWS)}, {nullptr, WENGERT_FLOATING(NUMBER_COLUMNS)}},
};

}  // namespace wengert::WENGERT_ISA
