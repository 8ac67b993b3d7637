#include "kernels/pool.h"

#include "simd/isa.h"

namespace wengert::WENGERT_ISA {
namespace {

struct Range {
  int64_t begin, end;
};
Range window(int64_t i, int64_t size, int64_t count) { return {i * size / count, ((i + 1) * size + count - 1) / count}; }

// body(plane, number of the window, its ranges)
template <class F>
void each_window(const AdaptiveArgs& a, F body) {
  for (int64_t plane = 0; plane < a.planes; ++plane) {
    int64_t number = 0;
    for (int64_t z = 0; z < a.out_size[0]; ++z)
      for (int64_t y = 0; y < a.out_size[1]; ++y)
        for (int64_t x = 0; x < a.out_size[2]; ++x)
          body(plane, number++, window(z, a.in_size[0], a.out_size[0]), window(y, a.in_size[1], a.out_size[1]),
               window(x, a.in_size[2], a.out_size[2]));
  }
}

// body(place in the plane)
template <class F>
void each_element(const AdaptiveArgs& a, Range z, Range y, Range x, F body) {
  for (int64_t i = z.begin; i < z.end; ++i)
    for (int64_t j = y.begin; j < y.end; ++j)
      for (int64_t k = x.begin; k < x.end; ++k) body((i * a.in_size[1] + j) * a.in_size[2] + k);
}

int64_t elements(const int64_t* size) { return size[0] * size[1] * size[2]; }
int64_t elements(Range z, Range y, Range x) { return (z.end - z.begin) * (y.end - y.begin) * (x.end - x.begin); }

template <class T>
void means(const AdaptiveArgs& a) {
  each_window(a, [&](int64_t plane, int64_t number, Range z, Range y, Range x) {
    const T* in = static_cast<const T*>(a.in) + plane * elements(a.in_size);
    double sum = 0;
    each_element(a, z, y, x, [&](int64_t place) { sum += in[place]; });
    static_cast<T*>(a.out)[plane * elements(a.out_size) + number] =
        static_cast<T>(sum / static_cast<double>(elements(z, y, x)));
  });
}

template <class T>
void shares(const AdaptiveArgs& a) {
  __builtin_memset(a.out, 0, static_cast<size_t>(a.planes * elements(a.in_size)) * sizeof(T));
  each_window(a, [&](int64_t plane, int64_t number, Range z, Range y, Range x) {
    T* out = static_cast<T*>(a.out) + plane * elements(a.in_size);
    const T share = static_cast<const T*>(a.in)[plane * elements(a.out_size) + number] / static_cast<T>(elements(z, y, x));
    each_element(a, z, y, x, [&](int64_t place) { out[place] += share; });
  });
}

template <class T>
void extremes(const AdaptiveArgs& a) {
  each_window(a, [&](int64_t plane, int64_t number, Range z, Range y, Range x) {
    const T* in = static_cast<const T*>(a.in) + plane * elements(a.in_size);
    int64_t best = (z.begin * a.in_size[1] + y.begin) * a.in_size[2] + x.begin;
    each_element(a, z, y, x, [&](int64_t place) {
      if (in[place] > in[best] || in[place] != in[place]) best = place;
    });
    const int64_t at = plane * elements(a.out_size) + number;
    static_cast<T*>(a.out)[at] = in[best];
    a.index[at] = best;
  });
}

template <class T>
bool collect(const void* in, const int64_t* index, int64_t n, void* out, int64_t size) {
  __builtin_memset(out, 0, static_cast<size_t>(size) * sizeof(T));
  bool inside = true;
  for (int64_t i = 0; i < n; ++i) {
    if (static_cast<uint64_t>(index[i]) < static_cast<uint64_t>(size))
      static_cast<T*>(out)[index[i]] += static_cast<const T*>(in)[i];
    else
      inside = false;
  }
  return inside;
}

template <class T>
constexpr PoolKernel kernel() {
  return {means<T>, shares<T>, extremes<T>, collect<T>};
}

}  // namespace

extern const PoolKernels kPool;
const PoolKernels kPool = {{kernel<float>(), kernel<double>()}};

}  // namespace wengert::WENGERT_ISA
