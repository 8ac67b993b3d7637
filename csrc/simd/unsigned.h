// The unsigned integer as wide as a type.
#pragma once

#include "simd/isa.h"

namespace wengert::WENGERT_ISA {
namespace {

template <int Bytes>
struct UnsignedOf;
template <>
struct UnsignedOf<1> {
  using type = uint8_t;
};
template <>
struct UnsignedOf<2> {
  using type = uint16_t;
};
template <>
struct UnsignedOf<4> {
  using type = uint32_t;
};
template <>
struct UnsignedOf<8> {
  using type = uint64_t;
};
template <class T>
using Unsigned = typename UnsignedOf<sizeof(T)>::type;

}  // namespace
}  // namespace wengert::WENGERT_ISA
