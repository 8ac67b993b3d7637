// The loops of the elementwise family, written once: a functor on vectors becomes an ElementwiseLoop. A functor must give
// some value, without trapping, for operands that are all zero: the unused lanes of a tail.
#pragma once

#include "kernels/by_dtype.h"
#include "kernels/elementwise.h"
#include "simd/unsigned.h"
#include "simd/vec.h"

namespace wengert::WENGERT_ISA {
namespace {

// Between strided memory and a short array, once per width of element.
template <class Bits>
[[gnu::noinline]] void gather_elements(void* out, const char* p, int64_t step, int n) {
#pragma GCC unroll 8
  for (int i = 0; i < n; ++i, p += step) __builtin_memcpy(static_cast<char*>(out) + i * sizeof(Bits), p, sizeof(Bits));
}
template <class Bits>
[[gnu::noinline]] void scatter_elements(char* p, int64_t step, const void* in, int n) {
#pragma GCC unroll 8
  for (int i = 0; i < n; ++i, p += step) __builtin_memcpy(p, static_cast<const char*>(in) + i * sizeof(Bits), sizeof(Bits));
}

// Calls row(operands) for each row. The row steps of a single row are not looked at.
template <int Operands, class Row>
void each_row(const ElementwiseArgs& args, Row row) {
  char* operands[Operands];
  for (int k = 0; k < Operands; ++k) operands[k] = args.data[k];
  for (int64_t rows = args.rows; rows > 0;) {
    row(operands);
    if (--rows == 0) return;
    for (int k = 0; k < Operands; ++k) operands[k] += args.row_step[k];
  }
}

// Of a function that is to stand once in the code, whatever constants its callers pass.
#if defined(__clang__)
#define WENGERT_ONE_BODY __attribute__((noinline))
#else
#define WENGERT_ONE_BODY __attribute__((noinline, noclone))
#endif

// ---- rows of any functor, once per width of element

// n elements of operands that are contiguous or, of several inputs, bit k of repeated: one element for all. A streamed row
// wants a stream_fence() after it.
using DenseRow = void (*)(char* const* operands, unsigned repeated, int64_t n, bool stream);

// Any steps: what is not contiguous is gathered, computed and scattered in blocks that stay in L1.
template <class Bits>
[[gnu::noinline]] void strided_row(char* const* operands, const int64_t* step, int arity, int64_t n, DenseRow row) {
  constexpr int kBlock = 256;
  Bits block[kMaxOperands][kBlock];
  for (int64_t i = 0; i < n; i += kBlock) {
    const int count = static_cast<int>(n - i < kBlock ? n - i : kBlock);
    char* dense[kMaxOperands];
    unsigned repeated = 0;
#pragma GCC unroll 1
    for (int k = 0; k <= arity; ++k) {
      dense[k] = operands[k] + i * step[k];
      if (step[k] == sizeof(Bits)) continue;
      if (k > 0 && arity > 1 && step[k] == 0) {
        repeated |= 1u << (k - 1);
        continue;
      }
      if (k > 0) gather_elements<Bits>(block[k], dense[k], step[k], count);
      dense[k] = reinterpret_cast<char*>(block[k]);
    }
    row(dense, repeated, count, false);
    if (step[0] != sizeof(Bits)) scatter_elements<Bits>(operands[0] + i * step[0], step[0], block[0], count);
  }
}

template <class Bits>
[[gnu::noinline]] void run_rows(const ElementwiseArgs& args, int arity, DenseRow row) {
  unsigned repeated = 0;
  bool dense = args.step[0] == sizeof(Bits);
  char* operands[kMaxOperands] = {args.data[0]};
#pragma GCC unroll 1
  for (int k = 1; k <= arity; ++k) {
    operands[k] = args.data[k];
    if (arity > 1 && args.step[k] == 0)
      repeated |= 1u << (k - 1);
    else
      dense = dense && args.step[k] == sizeof(Bits);
  }
  // A row of one element is dense whatever its steps.
  if (args.n == 1) dense = true, repeated = 0;
  for (int64_t rows = args.rows; rows > 0;) {
    if (dense)
      row(operands, repeated, args.n, args.stream);
    else
      strided_row<Bits>(operands, args.step, arity, args.n, row);
    if (--rows == 0) break;
#pragma GCC unroll 1
    for (int k = 0; k <= arity; ++k) operands[k] += args.row_step[k];
  }
  if (dense && args.stream) stream_fence();
}

// ---- one functor's row

// The functor on vector `vector` of the inputs; of the first lanes only, where a number of them is given.
template <class F, class T, int Arity, class... Lanes>
[[gnu::always_inline]] inline Vec<T> apply(const char* const* in, int vector, Lanes... lanes) {
  const auto input = [&](int k) __attribute__((always_inline)) {
    return Vec<T>::load(reinterpret_cast<const T*>(in[k]) + vector * Vec<T>::width, lanes...);
  };
  if constexpr (Arity == 1) return F{}(input(0));
  if constexpr (Arity == 2) return F{}(input(0), input(1));
  if constexpr (Arity == 3) return F{}(input(0), input(1), input(2));
  if constexpr (Arity == 4) return F{}(input(0), input(1), input(2), input(3));
}

template <class F, class T, int Arity>
[[gnu::noinline]] void dense_part(const char* const* in, T* out, int lanes) {
  apply<F, T, Arity>(in, 0, lanes).store(out, lanes);
}

// Keeps the compiler from computing with n: GCC would replace each pointer after a loop by a product of its step.
inline void count_down(int64_t& n) { asm("" : "+r"(n)); }

// Four vectors at a time, then single ones, then some lanes of one. A repeated element is read from four vectors of it, so that
// one loop serves all.
template <class F, class T, int Arity>
void dense_row(char* const* operands, unsigned repeated, int64_t n, bool stream) {
  constexpr int W = Vec<T>::width;
  T copies[Arity > 1 ? Arity : 1][4 * W];
  const char* in[Arity];
  int64_t step[Arity];  // bytes between vectors
  T* out = reinterpret_cast<T*>(operands[0]);
#pragma GCC unroll 4
  for (int k = 0; k < Arity; ++k) {
    in[k] = operands[k + 1], step[k] = kVectorBytes;
    if (Arity > 1 && repeated >> k & 1) {
      const Vec<T> value(*reinterpret_cast<const T*>(in[k]));
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) value.store(copies[k] + u * W);
      in[k] = reinterpret_cast<const char*>(copies[k]), step[k] = 0;
    }
  }
  const auto part = [&](int lanes) __attribute__((always_inline)) {
    const char* now[Arity];  // a copy, since what is passed on by address leaves the registers
#pragma GCC unroll 4
    for (int k = 0; k < Arity; ++k) now[k] = in[k];
    dense_part<F, T, Arity>(now, out, lanes);
  };
  if (stream && n >= 2 * W) {
    const int head = static_cast<int>(-reinterpret_cast<uintptr_t>(out) % kVectorBytes / sizeof(T));
    if (head) {
      part(head);
#pragma GCC unroll 4
      for (int k = 0; k < Arity; ++k) in[k] += step[k] ? head * sizeof(T) : 0;
      out += head, n -= head;
    }
    for (; n >= W; n -= W, out += W) {
      count_down(n);
      apply<F, T, Arity>(in, 0).stream(out);
#pragma GCC unroll 4
      for (int k = 0; k < Arity; ++k) in[k] += step[k];
    }
  } else {
    for (; n >= 4 * W; n -= 4 * W, out += 4 * W) {
      count_down(n);
      Vec<T> r[4];
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) r[u] = apply<F, T, Arity>(in, u);
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) r[u].store(out + u * W);
#pragma GCC unroll 4
      for (int k = 0; k < Arity; ++k) in[k] += 4 * step[k];
    }
    for (; n >= W; n -= W, out += W) {
      count_down(n);
      apply<F, T, Arity>(in, 0).store(out);
#pragma GCC unroll 4
      for (int k = 0; k < Arity; ++k) in[k] += step[k];
    }
  }
  if (n > 0) part(static_cast<int>(n));
}

template <class F, class T, int Arity>
void elementwise_loop(const ElementwiseArgs& args) {
  run_rows<Unsigned<T>>(args, Arity, dense_row<F, T, Arity>);
}

#define WENGERT_LOOP(T) elementwise_loop<F, T, Arity>

// Loops that wrap alike for signed and unsigned integers are made once per width.
template <class F, int Arity>
constexpr ElementwiseLoops wrapping_loops(ElementwiseLoop boolean) {
  return {{boolean, WENGERT_BY_WIDTH(WENGERT_LOOP)}};
}

template <class F, int Arity>
constexpr ElementwiseLoops signed_loops(ElementwiseLoop boolean) {
  return {{boolean, WENGERT_BY_DTYPE(WENGERT_LOOP)}};
}

template <class F, int Arity>
constexpr ElementwiseLoops floating_loops() {
  return {{nullptr, WENGERT_FLOATING(WENGERT_LOOP)}};
}

#undef WENGERT_LOOP

}  // namespace
}  // namespace wengert::WENGERT_ISA
