// Unevaluated sums of two numbers, for results that need more than one word's precision.
//
// Note [Rounded products]
// The kernels are compiled with -ffp-contract=fast: a product that is visible to a later sum may become part of a
// fused multiply-add and lose the rounding that its error term accounts for. Such a product passes through opaque().
#pragma once

#include "simd/sign.h"

namespace wengert::WENGERT_ISA {
namespace {

#if defined(__FMA__) || defined(__aarch64__)
#define WENGERT_FMA 1
#endif

template <class T>
struct Pair {
  Vec<T> high, low;
};

// The same value, of which the compiler knows nothing.
template <class T>
Vec<T> opaque(Vec<T> x) {
#if WENGERT_AVX512
  asm("" : "+v"(x.v));
#elif defined(__SSE2__)
  asm("" : "+x"(x.v));
#elif defined(__aarch64__)
  asm("" : "+w"(x.v));
#else
  asm("" : "+m"(x.v));
#endif
  return x;
}

// The upper half of the mantissa, rounded towards 0.
template <class T>
Vec<T> upper_half(Vec<T> x) {
  constexpr typename IntegerOf<T>::type kKept = sizeof(T) == 4 ? ~int64_t{0xfff} : ~int64_t{0x7ffffff};
  return typename Vec<T>::Raw(typename IntVec<T>::Raw(x.v) & kKept);
}

// a * b - product, for the rounded product. Exact with FMA where it does not underflow; else (Dekker) nearly so.
template <class T>
Vec<T> product_error(Vec<T> a, Vec<T> b, Vec<T> product) {
#if WENGERT_FMA
  return opaque(a) * b - product;  // opaque: else this a * b is the one that was rounded
#else
  const Vec<T> ah = upper_half(a), al = a - ah, bh = upper_half(b), bl = b - bh;
  return ((ah * bh - product) + (ah * bl + al * bh)) + al * bl;
#endif
}
template <class T>
Pair<T> two_product(Vec<T> a, Vec<T> b) {
  const Vec<T> product = opaque(a * b);
  return {product, product_error(a, b, product)};
}

// a + b where |a| >= |b| or a is 0.
template <class T>
Pair<T> fast_two_sum(Vec<T> a, Vec<T> b) {
  const Vec<T> sum = a + b;
  return {sum, (a - sum) + b};
}
template <class T>
Pair<T> two_sum(Vec<T> a, Vec<T> b) {
  const Vec<T> sum = a + b, part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

// The same number with |low| at most half a unit of high.
template <class T>
Pair<T> normalized(Pair<T> x) {
  return fast_two_sum(x.high, x.low);
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
