// Signs of floating-point lanes.
#pragma once

#include "simd/mask.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class T>
using IntVec = Vec<typename IntegerOf<T>::type>;

template <class T>
inline constexpr typename IntegerOf<T>::type kSignBit = sizeof(T) == 4 ? INT32_MIN : INT64_MIN;

template <class T>
Vec<T> magnitude(Vec<T> x) {
  return typename Vec<T>::Raw(typename IntVec<T>::Raw(x.v) & ~kSignBit<T>);
}
// x, negated where `sign` has its sign bit set.
template <class T>
Vec<T> flip_sign(Vec<T> x, typename IntVec<T>::Raw sign) {
  return typename Vec<T>::Raw(typename IntVec<T>::Raw(x.v) ^ (sign & kSignBit<T>));
}
template <class T>
Vec<T> flip_sign(Vec<T> x, Vec<T> sign) {
  return flip_sign(x, typename IntVec<T>::Raw(sign.v));
}
// x, which is positive or has its sign already, with the sign of `sign`: what an odd function does for -0.
template <class T>
Vec<T> set_sign(Vec<T> x, Vec<T> sign) {
  return typename Vec<T>::Raw(typename IntVec<T>::Raw(x.v) | (typename IntVec<T>::Raw(sign.v) & kSignBit<T>));
}

}  // namespace
}  // namespace wengert::WENGERT_ISA
