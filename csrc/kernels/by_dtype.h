// Initialisers of tables by dtype, in the order of core/dtype.h: f(T) for the C++ type of every dtype but bool.
#pragma once

#include <stdint.h>

// clang-format off
#define WENGERT_BY_DTYPE(f) \
  f(uint8_t), f(int8_t), f(int16_t), f(int32_t), f(int64_t), f(uint16_t), f(uint32_t), f(uint64_t), f(float), f(double)
// For what wraps or moves bits alike for signed and unsigned: one instance per width.
#define WENGERT_BY_WIDTH(f) \
  f(uint8_t), f(uint8_t), f(uint16_t), f(uint32_t), f(uint64_t), f(uint16_t), f(uint32_t), f(uint64_t), f(float), f(double)
#define WENGERT_FLOATING(f) \
  nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, f(float), f(double)
// clang-format on
