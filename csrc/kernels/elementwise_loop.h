// The loops of the elementwise family, written once: a functor on vectors becomes an ElementwiseLoop. A functor must give
// some value, without trapping, for operands that are all zero: the unused lanes of a tail.
#pragma once

#include "kernels/by_dtype.h"
#include "kernels/elementwise.h"
#include "simd/vec.h"

namespace wengert::WENGERT_ISA {
namespace {

// Input k of a row: a vector at element i. Bit k of Repeated: one element for all.
template <class T, int Arity, unsigned Repeated>
struct DenseInputs {
  const T* data[Arity];
  Vec<T> repeated[Arity];

  explicit DenseInputs(char* const* operands) {
    for (int k = 0; k < Arity; ++k) {
      data[k] = reinterpret_cast<const T*>(operands[k + 1]);
      if (Repeated >> k & 1) repeated[k] = Vec<T>(*data[k]);
    }
  }
  template <int K>
  Vec<T> get(int64_t i) const {
    if constexpr (Repeated >> K & 1) return repeated[K];
    return Vec<T>::load(data[K] + i);
  }
  template <int K>
  Vec<T> get(int64_t i, int lanes) const {
    if constexpr (Repeated >> K & 1) return repeated[K];
    return Vec<T>::load(data[K] + i, lanes);
  }
  template <class F, class... Lanes>
  Vec<T> apply(int64_t i, Lanes... lanes) const {
    if constexpr (Arity == 1) return F{}(get<0>(i, lanes...));
    if constexpr (Arity == 2) return F{}(get<0>(i, lanes...), get<1>(i, lanes...));
    if constexpr (Arity == 3) return F{}(get<0>(i, lanes...), get<1>(i, lanes...), get<2>(i, lanes...));
    if constexpr (Arity == 4) return F{}(get<0>(i, lanes...), get<1>(i, lanes...), get<2>(i, lanes...), get<3>(i, lanes...));
  }
};

// A streamed row wants a stream_fence() after it.
template <class F, class T, int Arity, unsigned Repeated>
void dense_row(char* const* operands, int64_t n, bool stream) {
  constexpr int W = Vec<T>::width;
  const DenseInputs<T, Arity, Repeated> in(operands);
  T* out = reinterpret_cast<T*>(operands[0]);
  int64_t i = 0;
  if (stream && n >= 2 * W) {
    const int head = static_cast<int>(-reinterpret_cast<uintptr_t>(out) % kVectorBytes / sizeof(T));
    if (head) in.template apply<F>(0, head).store(out, head);
    for (i = head; i + 4 * W <= n; i += 4 * W) {
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) in.template apply<F>(i + u * W).stream(out + i + u * W);
    }
  } else {
    for (; i + 4 * W <= n; i += 4 * W) {
      Vec<T> r[4];
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) r[u] = in.template apply<F>(i + u * W);
#pragma GCC unroll 4
      for (int u = 0; u < 4; ++u) r[u].store(out + i + u * W);
    }
  }
  for (; i + W <= n; i += W) in.template apply<F>(i).store(out + i);
  if (i < n) {
    const int lanes = static_cast<int>(n - i);
    in.template apply<F>(i, lanes).store(out + i, lanes);
  }
}

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

template <int Bytes>
struct BitsOf;
template <>
struct BitsOf<1> {
  using type = uint8_t;
};
template <>
struct BitsOf<2> {
  using type = uint16_t;
};
template <>
struct BitsOf<4> {
  using type = uint32_t;
};
template <>
struct BitsOf<8> {
  using type = uint64_t;
};
template <class T>
using Bits = typename BitsOf<sizeof(T)>::type;

// Any steps: what is not contiguous is gathered, computed and scattered in blocks that stay in L1.
template <class F, class T, int Arity>
void strided_row(char* const* operands, const int64_t* step, int64_t n) {
  constexpr int kBlock = 256;
  T block[Arity + 1][kBlock];
  for (int64_t i = 0; i < n; i += kBlock) {
    const int count = static_cast<int>(n - i < kBlock ? n - i : kBlock);
    char* dense[Arity + 1];
#pragma GCC unroll 1
    for (int k = 0; k <= Arity; ++k) {
      dense[k] = operands[k] + i * step[k];
      if (step[k] == sizeof(T)) continue;
      if (k > 0) gather_elements<Bits<T>>(block[k], dense[k], step[k], count);
      dense[k] = reinterpret_cast<char*>(block[k]);
    }
    dense_row<F, T, Arity, 0>(dense, count, false);
    if (step[0] != sizeof(T)) scatter_elements<Bits<T>>(operands[0] + i * step[0], step[0], block[0], count);
  }
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

template <int Arity>
inline constexpr unsigned kLastNumber = Arity > 2 ? 1u << (Arity - 1) : 0;

// The functor's loop. Contiguous rows have loops of their own: without repeated elements; of two inputs, with either one
// repeated; of more, with those repeated that the bits of Numbers say (bit k: input k).
template <class F, class T, int Arity, unsigned Numbers = kLastNumber<Arity>>
void elementwise_loop(const ElementwiseArgs& args) {
  unsigned repeated = 0;
  bool dense = args.step[0] == sizeof(T);
  for (int k = 0; k < Arity; ++k) {
    if (args.step[k + 1] == 0)
      repeated |= 1u << k;
    else
      dense = dense && args.step[k + 1] == sizeof(T);
  }
  // A row of one element is dense whatever its steps.
  if (args.n == 1) dense = true, repeated = 0;
  const auto run = [&]<unsigned Repeated>() {
    each_row<Arity + 1>(args, [&](char* const* p) { dense_row<F, T, Arity, Repeated>(p, args.n, args.stream); });
    if (args.stream) stream_fence();
  };
  if (dense && repeated == 0) return run.template operator()<0>();
  if constexpr (Arity == 2) {
    if (dense && repeated == 1) return run.template operator()<1>();
    if (dense && repeated == 2) return run.template operator()<2>();
  }
  if constexpr (Arity > 2) {
    if (dense && repeated == Numbers) return run.template operator()<Numbers>();
  }
  each_row<Arity + 1>(args, [&](char* const* p) { strided_row<F, T, Arity>(p, args.step, args.n); });
}

#define WENGERT_LOOP(T) elementwise_loop<F, T, Arity, Numbers>

// Loops that wrap alike for signed and unsigned integers are made once per width.
template <class F, int Arity, unsigned Numbers = kLastNumber<Arity>>
constexpr ElementwiseLoops wrapping_loops(ElementwiseLoop boolean) {
  return {{boolean, WENGERT_BY_WIDTH(WENGERT_LOOP)}};
}

template <class F, int Arity, unsigned Numbers = kLastNumber<Arity>>
constexpr ElementwiseLoops signed_loops(ElementwiseLoop boolean) {
  return {{boolean, WENGERT_BY_DTYPE(WENGERT_LOOP)}};
}

template <class F, int Arity, unsigned Numbers = kLastNumber<Arity>>
constexpr ElementwiseLoops floating_loops() {
  return {{nullptr, WENGERT_FLOATING(WENGERT_LOOP)}};
}

#undef WENGERT_LOOP

}  // namespace
}  // namespace wengert::WENGERT_ISA
