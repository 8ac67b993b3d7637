// The element types. One line of WENGERT_DTYPES adds one everywhere a loop over the list is enough.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wengert {

// X(enumerator, C++ type, PyTorch's name, the name PyTorch uses in messages, buffer protocol format)
#define WENGERT_DTYPES(X)                           \
  X(boolean, bool, "bool", "Bool", "?")             \
  X(uint8, std::uint8_t, "uint8", "Byte", "B")      \
  X(int8, std::int8_t, "int8", "Char", "b")         \
  X(int16, std::int16_t, "int16", "Short", "h")     \
  X(int32, std::int32_t, "int32", "Int", "i")       \
  X(int64, std::int64_t, "int64", "Long", "l")      \
  X(uint16, std::uint16_t, "uint16", "UInt16", "H") \
  X(uint32, std::uint32_t, "uint32", "UInt32", "I") \
  X(uint64, std::uint64_t, "uint64", "UInt64", "L") \
  X(float32, float, "float32", "Float", "f")        \
  X(float64, double, "float64", "Double", "d")

enum class DType : std::uint8_t {
#define X(name, type, text, scalar, format) name,
  WENGERT_DTYPES(X)
#undef X
};

#define X(name, type, text, scalar, format) +1
inline constexpr int kDTypes = 0 WENGERT_DTYPES(X);
#undef X

struct DTypeInfo {
  const char* name;    // "float32"; printed as torch.float32
  const char* scalar;  // "Float", as PyTorch's messages say
  const char* format;  // struct module code
  std::uint8_t itemsize;
  bool is_floating;
  bool is_signed;
};

inline constexpr DTypeInfo kDTypeInfo[kDTypes] = {
#define X(name, type, text, scalar, format) \
  {text, scalar, format, sizeof(type), type(0.5) != type(0) && sizeof(type) >= 4, type(-1) < type(0)},
    WENGERT_DTYPES(X)
#undef X
};

template <DType D>
struct ctype_of;
template <class T>
struct dtype_of;
#define X(name, type, text, scalar, format)     \
  template <>                                   \
  struct ctype_of<DType::name> {                \
    using value = type;                         \
  };                                            \
  template <>                                   \
  struct dtype_of<type> {                       \
    static constexpr DType value = DType::name; \
  };
WENGERT_DTYPES(X)
#undef X

constexpr int index_of(DType d) { return static_cast<int>(d); }
constexpr const DTypeInfo& info(DType d) { return kDTypeInfo[index_of(d)]; }
constexpr std::size_t itemsize(DType d) { return info(d).itemsize; }
constexpr bool is_floating(DType d) { return info(d).is_floating; }
constexpr bool is_integral(DType d) { return !is_floating(d) && d != DType::boolean; }

// Calls f.template operator()<T>() with T the C++ type of d.
template <class F>
constexpr decltype(auto) dispatch(DType d, F&& f) {
  switch (d) {
#define X(name, type, text, scalar, format) \
  case DType::name:                         \
    return f.template operator()<type>();
    WENGERT_DTYPES(X)
#undef X
  }
  __builtin_unreachable();
}

}  // namespace wengert
