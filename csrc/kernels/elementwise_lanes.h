// Loops of two inputs that compute one element at a time: for functors without a vector form.
#pragma once

#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class F, class T>
void lane_loop(const ElementwiseArgs& args) {
  // Values, which the stores cannot change as they could the arguments.
  const int64_t n = args.n, out_step = args.step[0], a_step = args.step[1], b_step = args.step[2];
  each_row<3>(args, [=](char* const* p) {
    char* out = p[0];
    const char *a = p[1], *b = p[2];
#pragma GCC unroll 1
    for (int64_t i = 0; i < n; ++i, out += out_step, a += a_step, b += b_step)
      *reinterpret_cast<T*>(out) = F{}(*reinterpret_cast<const T*>(a), *reinterpret_cast<const T*>(b));
  });
}

// Of the integers, by dtype; null for bool and floats.
template <class F>
constexpr ElementwiseLoops integer_lanes() {
  ElementwiseLoops loops{};
#define X(name, T) loops.by_dtype[index_of(DType::name)] = lane_loop<F, T>;
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
