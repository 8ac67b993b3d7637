// Bits: and, or, exclusive or, not, shifts; greatest common divisors.
#include "kernels/elementwise_lanes.h"

namespace wengert::WENGERT_ISA {
namespace {

struct And {
  template <class V>
  V operator()(V a, V b) const {
    return a.v & b.v;
  }
};
struct Or {
  template <class V>
  V operator()(V a, V b) const {
    return a.v | b.v;
  }
};
struct ExclusiveOr {
  template <class V>
  V operator()(V a, V b) const {
    return a.v ^ b.v;
  }
};
struct Not {
  template <class V>
  V operator()(V a) const {
    return ~a.v;
  }
};
struct NotBool {  // a byte 0 or 1
  Vec<uint8_t> operator()(Vec<uint8_t> a) const { return a.v ^ uint8_t{1}; }
};

// Shifted by a negative number, or out of the element: no bit is left, or copies of the sign.
struct ShiftLeft {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<uint64_t>(b) >= 8 * sizeof(T) ? T(0) : static_cast<T>(static_cast<uint64_t>(a) << b);
  }
};
struct ShiftRight {
  template <class T>
  T operator()(T a, T b) const {
    constexpr bool kSigned = static_cast<T>(-1) < T(0);
    if (static_cast<uint64_t>(b) < 8 * sizeof(T)) return static_cast<T>(a >> b);
    return kSigned ? static_cast<T>(a >> (8 * sizeof(T) - 1)) : T(0);
  }
};

// The smallest number has no positive counterpart and stands for its own magnitude, which wraps.
template <class T>
uint64_t magnitude(T a) {
  return a < T(0) ? -static_cast<uint64_t>(a) : static_cast<uint64_t>(a);
}
template <class T>
uint64_t common_divisor(T a, T b) {
  uint64_t x = magnitude(a), y = magnitude(b);
  while (y != 0) {
    const uint64_t rest = x % y;
    x = y, y = rest;
  }
  return x;
}
struct GreatestCommonDivisor {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(common_divisor(a, b));
  }
};
struct LeastCommonMultiple {
  template <class T>
  T operator()(T a, T b) const {
    if (a == 0 || b == 0) return 0;
    const T multiple = static_cast<T>(magnitude(a) / common_divisor(a, b) * magnitude(b));
    // PyTorch takes the absolute value as an int at least: shorter integers may wrap to negative ones.
    return sizeof(T) >= 4 && multiple < T(0) ? static_cast<T>(-static_cast<uint64_t>(multiple)) : multiple;
  }
};

// Of the integers, once per width, and of bool.
template <class F, int Arity>
constexpr ElementwiseLoops bit_loops(ElementwiseLoop boolean) {
  ElementwiseLoops loops{};
  loops.by_dtype[index_of(DType::boolean)] = boolean;
#define X(name, T) loops.by_dtype[index_of(DType::name)] = elementwise_loop<F, T, Arity>;
  X(uint8, uint8_t)
  X(int8, uint8_t)
  X(int16, uint16_t)
  X(int32, uint32_t)
  X(int64, uint64_t)
  X(uint16, uint16_t)
  X(uint32, uint32_t)
  X(uint64, uint64_t)
#undef X
  return loops;
}

constexpr ElementwiseRow binary(const char* name, const char* doc, ElementwiseLoops loops, const char* kernel = nullptr) {
  return {
      .name = name, .kernel = kernel, .signature = "input: Operand, other: Operand", .arity = 2, .doc = doc, .loops = loops};
}

const ElementwiseRow kRows[] = {
    binary("bitwise_and",
           "The bits set in both, element by element; of bool: and. What & does. Integers and bool.\n\n"
           ">>> wengert.tensor([12, 10]) & 6\ntensor([4, 2])",
           bit_loops<And, 2>(elementwise_loop<And, uint8_t, 2>)),
    binary("bitwise_or",
           "The bits set in either, element by element; of bool: or. What | does. Integers and bool.\n\n"
           ">>> wengert.tensor([12, 10]) | 1\ntensor([13, 11])",
           bit_loops<Or, 2>(elementwise_loop<Or, uint8_t, 2>)),
    binary("bitwise_xor",
           "The bits set in one of the two only, element by element; of bool: exclusive or. What ^ does. Integers and bool.\n\n"
           ">>> wengert.tensor([12, 10]) ^ 6\ntensor([10, 12])",
           bit_loops<ExclusiveOr, 2>(elementwise_loop<ExclusiveOr, uint8_t, 2>)),
    {.name = "bitwise_not",
     .signature = "input: Tensor",
     .arity = 1,
     .doc = "All bits turned, element by element; of bool: not. What ~ does. Integers and bool.\n\n"
            ">>> ~wengert.tensor([0, 5])\ntensor([-1, -6])",
     .loops = bit_loops<Not, 1>(elementwise_loop<NotBool, uint8_t, 1>),
     .exact_out = true},
    binary("bitwise_left_shift",
           "input * 2 ** other, element by element, without the bits that leave; 0 where other is negative or not below the "
           "number "
           "of bits. What << does. Integers.\n\n>>> wengert.tensor([1, 3]) << 2\ntensor([ 4, 12])",
           integer_lanes<ShiftLeft>(), "lshift_cpu"),
    binary("bitwise_right_shift",
           "floor(input / 2 ** other), element by element; where other is negative or not below the number of bits: -1 for "
           "negative "
           "numbers, else 0. What >> does. Integers.\n\n>>> wengert.tensor([9, -9]) >> 1\ntensor([ 4, -5])",
           integer_lanes<ShiftRight>(), "rshift_cpu"),
    {.name = "gcd",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .ns = 8,
     .doc = "The greatest common divisor, element by element; gcd(0, 0) is 0. Integers.\n\n"
            ">>> wengert.gcd(wengert.tensor([12, -9]), wengert.tensor([18, 6]))\ntensor([6, 3])",
     .loops = integer_lanes<GreatestCommonDivisor>()},
    {.name = "lcm",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .ns = 10,
     .doc = "The least common multiple, element by element; 0 where either is 0. Integers.\n\n"
            ">>> wengert.lcm(wengert.tensor([4, -9]), wengert.tensor([6, 6]))\ntensor([12, 18])",
     .loops = integer_lanes<LeastCommonMultiple>()},
};

}  // namespace

extern const ElementwiseRows kBitwise;
const ElementwiseRows kBitwise = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
