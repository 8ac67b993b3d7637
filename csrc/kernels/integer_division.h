// Quotients and rests of integers through floats: a division instruction of vectors, or a quick one of scalars, where that of
// integers takes 20 to 90 cycles on many processors. The frame lets no zero divisor through.
#pragma once

#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class T>
inline constexpr bool kIsSigned = static_cast<T>(-1) < T(0);

// Whether to round the quotient down (else towards zero) and whether the rest is wanted: all bits or none, so that the loops
// have no branch.
struct Division {
  int64_t floor, rest;
};

inline constexpr int kDivisionBlock = 256;

#if !defined(__clang__)
#define WENGERT_NO_DEPENDENCE _Pragma("GCC ivdep")  // the result is apart from an input or the input itself
#else
#define WENGERT_NO_DEPENDENCE
#endif

// Of at most 32 bits. The quotient of two integers lies at least 1 / b from the next whole number, farther than the rounding of
// a float that holds both, so that cutting off its fraction is exact: float for 16 bits, double for 32.
template <class T, class Float, class Int>
[[gnu::noinline]] void divide_narrow(T* out, const T* a, const T* b, int n, Division how) {
  const T floor = static_cast<T>(how.floor), rest = static_cast<T>(how.rest);
  WENGERT_NO_DEPENDENCE
  for (int i = 0; i < n; ++i) {
    const T x = a[i], y = b[i];
    Float quotient = static_cast<Float>(x) / static_cast<Float>(y);
    if constexpr (sizeof(T) == 4 && kIsSigned<T>)
      quotient = quotient < Float(0x1p31) ? quotient : Float(-0x1p31);  // -2^31 / -1
    T q = static_cast<T>(static_cast<Int>(quotient));
    T r = static_cast<T>(x - q * y);
    if constexpr (kIsSigned<T>) {
      const T down = static_cast<T>(-static_cast<T>((r != 0) & ((r ^ y) < 0))) & floor;
      q = static_cast<T>(q + down), r = static_cast<T>(r + (y & down));
    }
    out[i] = static_cast<T>((q & ~rest) | (r & rest));
  }
}

// Adds x / y rounded down, estimated in double, to q and leaves the rest in r. Where x and y are below 2^53 in magnitude the
// estimate is right or too large by one. Returns whether some r is out of its range, 0 to y.
inline bool divide_step(const int64_t* x, const int64_t* y, int64_t* q, int64_t* r, int n) {
  uint64_t wrong = 0;
  WENGERT_NO_DEPENDENCE
  for (int i = 0; i < n; ++i) {
    const double quotient = static_cast<double>(x[i]) / static_cast<double>(y[i]);
    const uint64_t b = static_cast<uint64_t>(y[i]);
    uint64_t whole = static_cast<uint64_t>(static_cast<int64_t>(quotient < 0x1p63 ? quotient : 0x1.fffffffffffffp62));
    uint64_t rest = static_cast<uint64_t>(x[i]) - whole * b;
    const uint64_t down = -static_cast<uint64_t>((rest != 0) & (static_cast<int64_t>(rest ^ b) < 0));
    whole += down, rest += b & down;
    q[i] = static_cast<int64_t>(static_cast<uint64_t>(q[i]) + whole);
    r[i] = static_cast<int64_t>(rest);
    const uint64_t sign = -(b >> 63), size = (rest ^ sign) - sign;
    wrong |= (((b ^ sign) - sign) - size - 1) | size;  // its top bit: size < 0 or size >= |y|
  }
  return wrong >> 63;
}

// The rounding of the operands leaves a rest of at most 2^12 times y, the next step one of at most 2 y, the third none. (No
// rest overflows: where y is within 2^12 of 2^63, the first estimate is right, since conversion to double is monotonic.)
[[gnu::noinline]] inline void divide_wide(int64_t* out, const int64_t* a, const int64_t* b, int n, Division how) {
  int64_t q[kDivisionBlock] = {}, r[kDivisionBlock];
  for (const int64_t* x = a; divide_step(x, b, q, r, n); x = r) {
  }
  WENGERT_NO_DEPENDENCE
  for (int i = 0; i < n; ++i) {
    const int64_t up = -static_cast<int64_t>((r[i] != 0) & ((a[i] ^ b[i]) < 0)) & ~how.floor;
    const uint64_t quotient = static_cast<uint64_t>(q[i]) - static_cast<uint64_t>(up);
    const uint64_t rest = static_cast<uint64_t>(r[i]) - static_cast<uint64_t>(b[i] & up);
    out[i] = static_cast<int64_t>((quotient & ~static_cast<uint64_t>(how.rest)) | (rest & static_cast<uint64_t>(how.rest)));
  }
}

[[gnu::noinline]] inline void divide_unsigned(uint64_t* out, const uint64_t* a, const uint64_t* b, int n, Division how) {
  for (int i = 0; i < n; ++i) out[i] = how.rest ? a[i] % b[i] : a[i] / b[i];
}

// (Not cloned for what its callers pass on.)
template <class T>
WENGERT_ONE_BODY void divide_row(char* const* operands, unsigned repeated, int64_t n, Division how) {
  T copies[2][kDivisionBlock];
  T* out = reinterpret_cast<T*>(operands[0]);
  const T* in[2];
  for (int k = 0; k < 2; ++k) {
    in[k] = reinterpret_cast<const T*>(operands[k + 1]);
    if (!(repeated >> k & 1)) continue;
    const T value = *in[k];
    for (int i = 0; i < kDivisionBlock && i < n; ++i) copies[k][i] = value;
    in[k] = copies[k];
  }
  for (int64_t i = 0; i < n; i += kDivisionBlock) {
    const int count = static_cast<int>(n - i < kDivisionBlock ? n - i : kDivisionBlock);
    const T *a = repeated & 1 ? in[0] : in[0] + i, *b = repeated & 2 ? in[1] : in[1] + i;
    if constexpr (sizeof(T) <= 2)
      divide_narrow<T, float, int32_t>(out + i, a, b, count, how);
    else if constexpr (sizeof(T) == 4)
      divide_narrow<T, double, T>(out + i, a, b, count, how);
    else if constexpr (kIsSigned<T>)
      divide_wide(out + i, a, b, count, how);
    else
      divide_unsigned(out + i, a, b, count, how);
  }
}

template <class T, bool Floor, bool Rest>
void division_loop(const ElementwiseArgs& args) {
  run_rows<Unsigned<T>>(args, 2, [](char* const* operands, unsigned repeated, int64_t n, bool) {
    divide_row<T>(operands, repeated, n, {Floor ? -1 : 0, Rest ? -1 : 0});
  });
}

// Of the integers, by dtype; null for bool and floats.
template <bool Floor, bool Rest>
constexpr ElementwiseLoops integer_division_loops() {
  ElementwiseLoops loops{};
#define X(name, T) loops.by_dtype[index_of(DType::name)] = division_loop < T, Floor && kIsSigned<T>, Rest > ;
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

}  // namespace
}  // namespace wengert::WENGERT_ISA
