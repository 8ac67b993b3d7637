#include "kernels/reduce_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

template <int Bytes>
bool equal_bits(const void* a, const void* b, int64_t n) {
  return __builtin_memcmp(a, b, n * Bytes) == 0;
}

template <class T>
bool equal_floats(const void* a, const void* b, int64_t n) {
  const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b);
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int count = block_size(n, begin);
    unsigned differ = 0;
    for (int j = 0; j < count; ++j) differ |= x[begin + j] != y[begin + j];
    if (differ) return false;
  }
  return true;
}

template <class T>
constexpr auto equal_of() {
  if constexpr (kIsFloating<T>)
    return equal_floats<T>;
  else
    return equal_bits<sizeof(T)>;
}

template <class T>
bool close_floats(const void* a, const void* b, int64_t n, double rtol, double atol, bool equal_nan) {
  const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b);
  const T relative = static_cast<T>(rtol), absolute = static_cast<T>(atol);
  const T infinity = static_cast<T>(__builtin_inf());
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int count = block_size(n, begin);
    unsigned differ = 0;
    for (int j = 0; j < count; ++j) {
      const T p = x[begin + j], q = y[begin + j];
      const T distance = p < q ? q - p : p - q, scaled = relative * q;
      const T allowed = absolute + (scaled < T(0) ? -scaled : scaled);
      const bool near = (distance <= allowed) & (distance < infinity), nan = equal_nan & (p != p) & (q != q);
      differ |= !(near | (p == q) | nan);
    }
    if (differ) return false;
  }
  return true;
}

}  // namespace

#define EQUAL(T) equal_of<T>()
extern const AgreementKernels kAgreement;
const AgreementKernels kAgreement = {
    .equal = {equal_bits<1>, WENGERT_BY_DTYPE(EQUAL)},
    .close = {close_floats<float>, close_floats<double>},
};

}  // namespace wengert::WENGERT_ISA
