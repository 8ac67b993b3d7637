// Loops that compute one element at a time: for functors without a vector form.
#pragma once

#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class F, class T, int Arity>
void lane_loop(const ElementwiseArgs& args) {
  each_row<Arity + 1>(args, [&](char* const* p) {
    const auto at = [&](int k, int64_t i) { return *reinterpret_cast<const T*>(p[k] + i * args.step[k]); };
#pragma GCC unroll 1
    for (int64_t i = 0; i < args.n; ++i) {
      T result;
      if constexpr (Arity == 1) result = F{}(at(1, i));
      if constexpr (Arity == 2) result = F{}(at(1, i), at(2, i));
      *reinterpret_cast<T*>(p[0] + i * args.step[0]) = result;
    }
  });
}

// Of the integers, by dtype; null for bool and floats.
template <class F, int Arity>
constexpr ElementwiseLoops integer_lanes() {
  ElementwiseLoops loops{};
#define X(name, T) loops.by_dtype[index_of(DType::name)] = lane_loop<F, T, Arity>;
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
