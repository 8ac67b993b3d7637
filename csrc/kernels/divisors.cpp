// Greatest common divisors and least common multiples.
#include "kernels/elementwise_loop.h"
#include "simd/extremes.h"
#include "simd/shift.h"

namespace wengert::WENGERT_ISA {
namespace {

// The smallest number has no positive counterpart and stands for its own magnitude, which wraps.
template <class Word, class T>
Word magnitude(T a) {
  return a < T(0) ? -static_cast<Word>(a) : static_cast<Word>(a);
}

template <class Word>
inline constexpr int kDivisorBlock = 4 * Vec<Word>::width;

// Stein's binary algorithm: u odd; v loses its factors of two, then the smaller and the difference follow. x becomes the
// divisors.
#if WENGERT_AVX512
// The number of zeros below the lowest bit: the exponent of that bit as a float. Of 0: more than the lane's width.
inline Vec<uint64_t>::Raw trailing_zeros(Vec<uint64_t>::Raw x) {
  return (Vec<uint64_t>::Raw(_mm512_maskz_cvtepu64_pd(0xff, __m512i(x & -x))) >> 52) - 1023;
}
inline Vec<uint32_t>::Raw trailing_zeros(Vec<uint32_t>::Raw x) {
  return (Vec<uint32_t>::Raw(_mm512_maskz_cvtepu32_ps(0xffff, __m512i(x & -x))) >> 23) - 127;
}

// Four vectors side by side, since a step of one waits for the conversion.
template <class Word>
[[gnu::noinline]] void common_divisors(const Word* x, const Word* y, Word* divisors) {
  using V = Vec<Word>;
  using Raw = typename V::Raw;
  Raw u[4], v[4], twos[4];
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    const Raw a = V::load(x + k * V::width).v, b = V::load(y + k * V::width).v;
    u[k] = a == 0 ? b : a, v[k] = a == 0 ? a : b;
    twos[k] = trailing_zeros(u[k] | v[k]);
    u[k] = shift<false, Word>(u[k], trailing_zeros(u[k]));
  }
  for (Raw left;;) {
    left = v[0] | v[1] | v[2] | v[3];
    if (_mm512_test_epi64_mask(__m512i(left), __m512i(left)) == 0) break;
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) {
      const Raw odd = shift<false, Word>(v[k], trailing_zeros(v[k]));
      const Raw low = smaller(V(u[k]), V(odd)).v, high = larger(V(u[k]), V(odd)).v;
      u[k] = v[k] != 0 ? low : u[k];
      v[k] = v[k] != 0 ? high - low : v[k];
    }
  }
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) V(shift<true, Word>(u[k], twos[k])).store(divisors + k * V::width);
}
#else
inline uint64_t trailing_zeros(uint64_t x) { return static_cast<uint64_t>(__builtin_ctzll(x)); }

template <class Word>
[[gnu::noinline]] void common_divisors(const Word* x, const Word* y, Word* divisors) {
  for (int i = 0; i < kDivisorBlock<Word>; ++i) {
    Word u = x[i], v = y[i];
    if (u == 0 || v == 0) {
      divisors[i] = u | v;
      continue;
    }
    const uint64_t twos = trailing_zeros(u | v);
    u >>= trailing_zeros(u);
    while (v != 0) {
      v >>= trailing_zeros(v);
      const Word difference = u < v ? v - u : u - v;
      u = u < v ? u : v;
      v = difference;
    }
    divisors[i] = u << twos;
  }
}
#endif

template <class T>
using DivisorWord = typename UnsignedOf<sizeof(T) == 8 ? 8 : 4>::type;

template <class T>
WENGERT_ONE_BODY void divisor_row(char* const* operands, unsigned repeated, int64_t n, bool multiple) {
  using Word = DivisorWord<T>;
  constexpr int kBlock = kDivisorBlock<Word>;
  T* out = reinterpret_cast<T*>(operands[0]);
  const T *a = reinterpret_cast<const T*>(operands[1]), *b = reinterpret_cast<const T*>(operands[2]);
  const int64_t a_step = !(repeated & 1), b_step = !(repeated & 2);
  for (int64_t i = 0; i < n; i += kBlock) {
    const int count = static_cast<int>(n - i < kBlock ? n - i : kBlock);
    Word x[kBlock] = {}, y[kBlock] = {}, divisor[kBlock];
#pragma GCC unroll 1
    for (int k = 0; k < count; ++k) x[k] = magnitude<Word>(a[(i + k) * a_step]), y[k] = magnitude<Word>(b[(i + k) * b_step]);
    common_divisors(x, y, divisor);
    if (!multiple) {
      for (int k = 0; k < count; ++k) out[i + k] = static_cast<T>(divisor[k]);
      continue;
    }
#pragma GCC unroll 1
    for (int k = 0; k < count; ++k) {
      const T product = divisor[k] == 0 ? T(0) : static_cast<T>(x[k] / divisor[k] * y[k]);
      // PyTorch takes the absolute value as an int at least: shorter integers may wrap to negative ones.
      out[i + k] = sizeof(T) >= 4 && product < T(0) ? static_cast<T>(-static_cast<Word>(product)) : product;
    }
  }
}

template <class T, bool Multiple>
void divisor_loop(const ElementwiseArgs& args) {
  run_rows<Unsigned<T>>(args, 2, [](char* const* operands, unsigned repeated, int64_t n, bool) {
    divisor_row<T>(operands, repeated, n, Multiple);
  });
}

template <bool Multiple>
constexpr ElementwiseLoops divisor_loops() {
  ElementwiseLoops loops{};
#define X(name, T) loops.by_dtype[index_of(DType::name)] = divisor_loop<T, Multiple>;
  X(uint8, uint8_t)
  X(int8, int8_t)
  X(int16, int16_t)
  X(int32, int32_t)
  X(int64, int64_t)
  X(uint16, uint16_t)
  X(uint32, uint32_t)
  X(uint64, uint64_t)
#undef X
  return loops;
}

const ElementwiseRow kRows[] = {
    {.name = "gcd",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .ns = 8,
     .doc = "The greatest common divisor, element by element; gcd(0, 0) is 0. Integers.\n\n"
            ">>> wengert.gcd(wengert.tensor([12, -9]), wengert.tensor([18, 6]))\ntensor([6, 3])",
     .loops = divisor_loops<false>()},
    {.name = "lcm",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .ns = 10,
     .doc = "The least common multiple, element by element; 0 where either is 0. Integers.\n\n"
            ">>> wengert.lcm(wengert.tensor([4, -9]), wengert.tensor([6, 6]))\ntensor([12, 18])",
     .loops = divisor_loops<true>()},
};

}  // namespace

extern const ElementwiseRows kDivisors;
const ElementwiseRows kDivisors = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
