// Floats rounded to whole numbers, exactly, with the sign of zero kept: one instruction where the instruction set has it.
#pragma once

#include "simd/vec.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace wengert::WENGERT_ISA {
namespace {

enum class Rounding { nearest, down, up, toward_zero };  // nearest: ties to even. The order is that of x86's immediates

#if !WENGERT_AVX512 && !WENGERT_AVX2 && !defined(__aarch64__)
// Adding and subtracting 2^23 (2^52) rounds to nearest what is smaller; larger floats are whole. The rest is one step.
template <Rounding R, class T, class I>
Vec<T> round_by_adding(Vec<T> x, T magic, I sign_bit) {
  using Raw = typename Vec<T>::Raw;
  using Int = typename RawOf<I>::Raw;
  const Int sign = Int(x.v) & sign_bit;
  const Raw magnitude = Raw(Int(x.v) ^ sign);
  Raw whole = (magnitude + magic) - magic;
  if constexpr (R == Rounding::toward_zero) whole = whole - (whole > magnitude ? Raw{} + T(1) : Raw{});
  whole = Raw(Int(whole) | sign);
  if constexpr (R == Rounding::down) whole = whole - (whole > x.v ? Raw{} + T(1) : Raw{});
  if constexpr (R == Rounding::up) whole = Raw(Int(whole + (whole < x.v ? Raw{} + T(1) : Raw{})) | sign);
  return Raw(magnitude < magic ? whole : x.v);
}
#endif

// (The AVX-512 forms are masked, since the plain intrinsics make GCC 12 warn of uninitialised variables.)
template <Rounding R>
Vec<float> round_to(Vec<float> x) {
#if WENGERT_AVX512
  return Vec<float>::Raw(_mm512_maskz_roundscale_ps(0xffff, x.v, static_cast<int>(R) | _MM_FROUND_NO_EXC));
#elif WENGERT_AVX2
  return Vec<float>::Raw(_mm256_round_ps(x.v, static_cast<int>(R) | _MM_FROUND_NO_EXC));
#elif defined(__aarch64__)
  const float32x4_t v = float32x4_t(x.v);
  if constexpr (R == Rounding::nearest) return Vec<float>::Raw(vrndnq_f32(v));
  if constexpr (R == Rounding::down) return Vec<float>::Raw(vrndmq_f32(v));
  if constexpr (R == Rounding::up) return Vec<float>::Raw(vrndpq_f32(v));
  if constexpr (R == Rounding::toward_zero) return Vec<float>::Raw(vrndq_f32(v));
#else
  return round_by_adding<R>(x, 0x1p23f, INT32_MIN);
#endif
}
template <Rounding R>
Vec<double> round_to(Vec<double> x) {
#if WENGERT_AVX512
  return Vec<double>::Raw(_mm512_maskz_roundscale_pd(0xff, x.v, static_cast<int>(R) | _MM_FROUND_NO_EXC));
#elif WENGERT_AVX2
  return Vec<double>::Raw(_mm256_round_pd(x.v, static_cast<int>(R) | _MM_FROUND_NO_EXC));
#elif defined(__aarch64__)
  const float64x2_t v = float64x2_t(x.v);
  if constexpr (R == Rounding::nearest) return Vec<double>::Raw(vrndnq_f64(v));
  if constexpr (R == Rounding::down) return Vec<double>::Raw(vrndmq_f64(v));
  if constexpr (R == Rounding::up) return Vec<double>::Raw(vrndpq_f64(v));
  if constexpr (R == Rounding::toward_zero) return Vec<double>::Raw(vrndq_f64(v));
#else
  return round_by_adding<R>(x, 0x1p52, INT64_MIN);
#endif
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
