// A Python number on its way into an operator: bool, int or float, with PyTorch's promotion category.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/error.h"

namespace wengert {

struct Scalar {
  enum class Kind : std::uint8_t { boolean, integer, floating };

  Kind kind = Kind::integer;
  bool is_unsigned = false;  // of an integer: 2^64 is to be added
  union {
    std::int64_t integer = 0;
    double floating;
  };

  static Scalar of(bool v) { return make(Kind::boolean, v); }
  static Scalar of(std::int64_t v) { return make(Kind::integer, v); }
  static Scalar of(std::uint64_t v) {
    Scalar s = make(Kind::integer, static_cast<std::int64_t>(v));
    s.is_unsigned = v > INT64_MAX;
    return s;
  }
  static Scalar of(double v) {
    Scalar s;
    s.kind = Kind::floating;
    s.floating = v;
    return s;
  }

  bool is_floating() const { return kind == Kind::floating; }
  template <class T>
  T to() const {
    if (is_floating()) return static_cast<T>(floating);
    return is_unsigned ? static_cast<T>(static_cast<std::uint64_t>(integer)) : static_cast<T>(integer);
  }
  bool is(double v) const { return to<double>() == v; }

  // Writes the value as an element of dtype; integers wrap as in C.
  void store(DType dtype, void* out) const {
    dispatch(dtype, [&]<class T>() { *static_cast<T*>(out) = to<T>(); });
  }
  static Scalar load(DType dtype, const void* in) {
    return dispatch(dtype, [&]<class T>() {
      const T v = *static_cast<const T*>(in);
      if constexpr (dtype_of<T>::value == DType::boolean)
        return of(v);
      else if constexpr (static_cast<T>(0.5) != T(0))
        return of(static_cast<double>(v));
      else if constexpr (static_cast<T>(-1) > T(0))
        return of(static_cast<std::uint64_t>(v));
      else
        return of(static_cast<std::int64_t>(v));
    });
  }

 private:
  static Scalar make(Kind kind, std::int64_t v) {
    Scalar s;
    s.kind = kind;
    s.integer = v;
    return s;
  }
};

}  // namespace wengert
