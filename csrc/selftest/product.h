// The naive matrix product that gemm.cpp and gemv.cpp compare with.
#pragma once

#include "selftest/check.h"

namespace wengert::selftest {

template <class T>
T matrix_value(Source& source) {
  if constexpr (std::is_floating_point_v<T>)
    return source.value<T>() / 2;
  else
    return source.value<T>();
}

// c (+)= alpha a b, over operands of any strides.
template <class T>
void multiply_naively(const Operand<T>& a, const Operand<T>& b, T alpha, bool accumulate, const Operand<T>& c) {
  for (std::int64_t i = 0; i < a.rows; ++i) {
    for (std::int64_t j = 0; j < b.n; ++j) {
      if constexpr (std::is_floating_point_v<T>) {
        long double sum = 0;
        for (std::int64_t k = 0; k < a.n; ++k) sum += static_cast<long double>(a.at(i, k)) * b.at(k, j);
        c.at(i, j) = static_cast<T>(alpha * sum + (accumulate ? c.at(i, j) : 0));
      } else {
        T sum = 0;
        for (std::int64_t k = 0; k < a.n; ++k) sum = plus(sum, multiply(a.at(i, k), b.at(k, j)));
        c.at(i, j) = plus(multiply(alpha, sum), accumulate ? c.at(i, j) : T(0));
      }
    }
  }
}

}  // namespace wengert::selftest
