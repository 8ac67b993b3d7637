#include "kernels/random.h"

#include "simd/math.h"

namespace wengert::WENGERT_ISA {

namespace {

using U32 = Vec<uint32_t>::Raw;
using U64 = Vec<uint64_t>::Raw;

constexpr int kWords = 624, kShift = 397;  // mt19937: x[i + 624] = x[i + 397] ^ twist(x[i], x[i + 1])
constexpr uint32_t kMatrix = 0x9908b0df;

template <class W>
W twist(W current, W following) {
  const W mixed = (current & 0x80000000u) | (following & 0x7fffffffu);
  return (mixed >> 1) ^ (-(mixed & 1u) & kMatrix);
}

// state[begin .. end) from the words `ahead` places further on. A vector's results do not depend on one another, since 227
// and 397 are both more than a vector's width.
void advance_range(uint32_t* state, int begin, int end, int ahead) {
  constexpr int kWidth = Vec<uint32_t>::width;
  int i = begin;
  for (; i + kWidth <= end; i += kWidth) {
    const U32 current = Vec<uint32_t>::load(state + i).v, following = Vec<uint32_t>::load(state + i + 1).v;
    Vec<uint32_t>(Vec<uint32_t>::load(state + i + ahead).v ^ twist(current, following)).store(state + i);
  }
  for (; i < end; ++i) state[i] = state[i + ahead] ^ twist(state[i], state[i + 1]);
}

void advance(uint32_t* state) {
  advance_range(state, 0, kWords - kShift, kShift);
  advance_range(state, kWords - kShift, kWords - 1, kShift - kWords);
  state[kWords - 1] = state[kShift - 1] ^ twist(state[kWords - 1], state[0]);
}

void temper(const uint32_t* state, void* words, int64_t n) {
  auto* out = static_cast<uint32_t*>(words);
  const auto tempered = [](U32 y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return Vec<uint32_t>(y ^ (y >> 18));
  };
  int64_t i = 0;
  for (; i + Vec<uint32_t>::width <= n; i += Vec<uint32_t>::width) tempered(Vec<uint32_t>::load(state + i).v).store(out + i);
  if (const int rest = static_cast<int>(n - i); rest > 0) tempered(Vec<uint32_t>::load(state + i, rest).v).store(out + i, rest);
}

// u in [0, 1): the low 24 bits of a word; the low 53 bits of two, the first one drawn being the upper half.
F32 unit(Vec<float> words) { return __builtin_convertvector(I32(words.v) & 0xffffff, F32) * 0x1p-24f; }
F64 unit(Vec<double> words) {
  const U64 drawn = U64(words.v), low = drawn >> 32, high = drawn & 0x1fffff;
  // 2^84 + high 2^32 and 2^52 + low, both exact: no conversion of 64-bit integers below AVX-512.
  return ((F64(high | 0x4530000000000000) - 0x1.00000001p84) + F64(low | 0x4330000000000000)) * 0x1p-53;
}

template <class T>
void uniform(void* data, int64_t n, T low, T range) {
  constexpr int kWidth = Vec<T>::width;
  auto* p = static_cast<T*>(data);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) Vec<T>(unit(Vec<T>::load(p + i)) * range + low).store(p + i);
  if (const int rest = static_cast<int>(n - i); rest > 0)
    Vec<T>(unit(Vec<T>::load(p + i, rest)) * range + low).store(p + i, rest);
}

// u1 becomes radius cos(angle), u2 radius sin(angle). The angle is rounded to T before its sine is taken, as in PyTorch.
template <class T>
void box_muller(Vec<T>& first, Vec<T>& second, T mean, T std) {
  const Vec<T> radius = sqrt(Vec<T>(T(-2) * log_normal(Vec<T>(T(1) - unit(first))).v));
  const SinCos<T> angle = sincos(Vec<T>(T(6.283185307179586) * unit(second)));
  first = radius.v * angle.cos.v * std + mean;
  second = radius.v * angle.sin.v * std + mean;
}

constexpr int kBlock = 16, kHalf = kBlock / 2;

template <class T>
void normal(void* data, int64_t blocks, T mean, T std) {
  auto* p = static_cast<T*>(data);
  if constexpr (Vec<T>::width <= kHalf) {
    for (int64_t b = 0; b < blocks; ++b, p += kBlock) {
      for (int i = 0; i < kHalf; i += Vec<T>::width) {
        Vec<T> first = Vec<T>::load(p + i), second = Vec<T>::load(p + kHalf + i);
        box_muller(first, second, mean, std);
        first.store(p + i);
        second.store(p + kHalf + i);
      }
    }
  } else {  // a vector takes the halves of two blocks
    int64_t b = 0;
    for (; b + 2 <= blocks; b += 2, p += 2 * kBlock) {
      Vec<T> first = Vec<T>::load_halves(p, p + kBlock), second = Vec<T>::load_halves(p + kHalf, p + kBlock + kHalf);
      box_muller(first, second, mean, std);
      first.store_halves(p, p + kBlock);
      second.store_halves(p + kHalf, p + kBlock + kHalf);
    }
    if (b < blocks) {
      Vec<T> first = Vec<T>::load(p, kHalf), second = Vec<T>::load(p + kHalf, kHalf);
      box_muller(first, second, mean, std);
      first.store(p, kHalf);
      second.store(p + kHalf, kHalf);
    }
  }
}

}  // namespace

extern const RandomKernels kRandom;
const RandomKernels kRandom = {advance, temper, uniform<float>, uniform<double>, normal<float>, normal<double>};

}  // namespace wengert::WENGERT_ISA
