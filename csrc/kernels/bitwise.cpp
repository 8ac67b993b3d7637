// Bits: and, or, exclusive or, not, shifts.
#include "kernels/elementwise_lanes.h"
#include "simd/shift.h"

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
#if WENGERT_LANE_SHIFTS
struct ShiftLeft {
  template <class T>
  Vec<T> operator()(Vec<T> a, Vec<T> b) const {
    return shift<true, T>(a.v, b.v);
  }
};
struct ShiftRight {
  template <class T>
  Vec<T> operator()(Vec<T> a, Vec<T> b) const {
    using Bits = typename RawOf<Unsigned<T>>::Raw;
    const Bits sign = Bits(a.v < T(0));  // negative numbers with their bits turned, there and back
    return typename Vec<T>::Raw(shift<false, Unsigned<T>>(Bits(a.v) ^ sign, Bits(b.v)) ^ sign);
  }
};
#else
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
#endif

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

#if WENGERT_LANE_SHIFTS
constexpr ElementwiseLoops kShiftLeft = bit_loops<ShiftLeft, 2>(nullptr);
constexpr ElementwiseLoops kShiftRight = [] {
  ElementwiseLoops loops{};
#define X(name, T) loops.by_dtype[index_of(DType::name)] = elementwise_loop<ShiftRight, T, 2>;
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
}();
#else
constexpr ElementwiseLoops kShiftLeft = integer_lanes<ShiftLeft>(), kShiftRight = integer_lanes<ShiftRight>();
#endif

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
           kShiftLeft, "lshift_cpu"),
    binary("bitwise_right_shift",
           "floor(input / 2 ** other), element by element; where other is negative or not below the number of bits: -1 for "
           "negative "
           "numbers, else 0. What >> does. Integers.\n\n>>> wengert.tensor([9, -9]) >> 1\ntensor([ 4, -5])",
           kShiftRight, "rshift_cpu"),
};

}  // namespace

extern const ElementwiseRows kBitwise;
const ElementwiseRows kBitwise = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
