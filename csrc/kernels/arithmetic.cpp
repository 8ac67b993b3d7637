// Addition to division, sign, larger and smaller.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class T>
inline constexpr bool kIsFloating = static_cast<T>(0.5) != T(0);

// Lane by lane, where there is no vector form; out of line, since the code is long.
template <class T, class F>
[[gnu::noinline]] Vec<T> lanewise(Vec<T> a, Vec<T> b, F f) {
  constexpr int W = Vec<T>::width;
  T x[W], y[W];
  a.store(x), b.store(y);
#pragma GCC unroll 1
  for (int i = 0; i < W; ++i) x[i] = f(x[i], y[i]);
  return Vec<T>::load(x);
}

struct Add {
  template <class V>
  V operator()(V a, V b) const {
    return a + b;
  }
};
struct Subtract {
  template <class V>
  V operator()(V a, V b) const {
    return a - b;
  }
};
struct AddScaled {  // a + scale * b
  template <class V>
  V operator()(V a, V b, V scale) const {
    return fma(scale, b, a);
  }
};
struct SubtractScaled {
  template <class V>
  V operator()(V a, V b, V scale) const {
    return fma(-scale, b, a);
  }
};
struct Multiply {
  template <class V>
  V operator()(V a, V b) const {
    return a * b;
  }
};
struct Divide {
  template <class V>
  V operator()(V a, V b) const {
    return a / b;
  }
};
struct Negate {
  template <class V>
  V operator()(V a) const {
    return -a;
  }
};

// Of bool, kept as bytes 0 and 1.
struct Or {
  template <class V>
  V operator()(V a, V b) const {
    return a.v | b.v;
  }
};
struct And {
  template <class V>
  V operator()(V a, V b) const {
    return a.v & b.v;
  }
};
struct OrScaled {
  template <class V>
  V operator()(V a, V b, V scale) const {
    return a.v | (b.v & scale.v);
  }
};

// The frame lets no integer division by zero through but in the unused lanes of a tail.
template <class T>
struct IntegerDivision {
  static T truncate(T a, T b) {
    if (b == 0) return 0;
    if constexpr (static_cast<T>(-1) < T(0)) {
      if (b == static_cast<T>(-1)) return static_cast<T>(T(0) - uint64_t(a));  // the smallest number over -1 wraps
    }
    return static_cast<T>(a / b);
  }
  static T floor(T a, T b) {
    const T q = truncate(a, b);
    const bool inexact = static_cast<T>(uint64_t(q) * uint64_t(b)) != a;
    return inexact && (a < T(0)) != (b < T(0)) ? static_cast<T>(q - 1) : q;
  }
};

inline float remainder_of(float a, float b) { return __builtin_fmodf(a, b); }
inline double remainder_of(double a, double b) { return __builtin_fmod(a, b); }
inline float floor_of(float a) { return __builtin_floorf(a); }
inline double floor_of(double a) { return __builtin_floor(a); }
inline float truncation_of(float a) { return __builtin_truncf(a); }
inline double truncation_of(double a) { return __builtin_trunc(a); }
inline float sign_onto(float a, float sign) { return __builtin_copysignf(a, sign); }
inline double sign_onto(double a, double sign) { return __builtin_copysign(a, sign); }

// Python's floor division: exact where floor(a / b) would round up to the next integer.
template <class T>
T floor_quotient(T a, T b) {
  if (b == T(0)) return a / b;
  const T remainder = remainder_of(a, b);
  T quotient = (a - remainder) / b;
  if (remainder != T(0) && (b < T(0)) != (remainder < T(0))) quotient -= T(1);
  if (quotient == T(0)) return sign_onto(T(0), a / b);
  T whole = floor_of(quotient);
  if (quotient - whole > T(0.5)) whole += T(1);
  return whole;
}

struct DivideFloor {
  template <class T>
  Vec<T> operator()(Vec<T> a, Vec<T> b) const {
    return lanewise(a, b, [](T x, T y) {
      if constexpr (kIsFloating<T>)
        return floor_quotient(x, y);
      else
        return IntegerDivision<T>::floor(x, y);
    });
  }
};
struct DivideTruncate {
  template <class T>
  Vec<T> operator()(Vec<T> a, Vec<T> b) const {
    return lanewise(a, b, [](T x, T y) {
      if constexpr (kIsFloating<T>)
        return truncation_of(x / y);
      else
        return IntegerDivision<T>::truncate(x, y);
    });
  }
};

struct Absolute {  // integers wrap: the smallest is its own
  template <class T>
  Vec<T> operator()(Vec<T> a) const {
    if constexpr (kIsFloating<T>)  // -0 + 0 is 0
      return select(a.v != a.v, a, Vec<T>(typename Vec<T>::Raw(a.v < T(0) ? -a.v : a.v) + T(0)));
    else
      return select(a.v < T(0), Vec<T>(typename Vec<T>::Raw(-typename RawOf<Bits<T>>::Raw(a.v))), a);
  }
};

// A NaN in either operand is the result.
struct Maximum {
  template <class V>
  V operator()(V a, V b) const {
    return select((a.v > b.v) | (a.v != a.v), a, b);
  }
};
struct Minimum {
  template <class V>
  V operator()(V a, V b) const {
    return select((a.v < b.v) | (a.v != a.v), a, b);
  }
};

constexpr ElementwiseLoop kOr = elementwise_loop<Or, uint8_t, 2>, kAnd = elementwise_loop<And, uint8_t, 2>;

constexpr const char* kSubtractBools =
    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead.";
constexpr const char* kSubtractBool =
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the `~` or "
    "`logical_not()` operator instead.";

const ElementwiseRow kAddScaled = {.name = "add",
                                   .arity = 3,
                                   .loops = wrapping_loops<AddScaled, 3>(elementwise_loop<OrScaled, uint8_t, 3>),
                                   .has_scale = true};

const ElementwiseRow kSubtractScaled = {.name = "sub",
                                        .arity = 3,
                                        .loops = wrapping_loops<SubtractScaled, 3>(nullptr),
                                        .has_scale = true,
                                        .bool_error = kSubtractBools,
                                        .mixed_bool_error = kSubtractBool};

const ElementwiseRow kDivideFloor = {.name = "div_floor",
                                     .arity = 2,
                                     .ns = 3,
                                     .loops = signed_loops<DivideFloor, 2>(nullptr),
                                     .zero_error = "ZeroDivisionError"};

const ElementwiseRow kDivideTruncate = {.name = "div_trunc",
                                        .arity = 2,
                                        .ns = 1,
                                        .loops = signed_loops<DivideTruncate, 2>(nullptr),
                                        .zero_error = "ZeroDivisionError"};

const ElementwiseRow kRows[] = {
    {.name = "add",
     .signature = "input: Operand, other: Operand, *, alpha: Number = 1",
     .arity = 2,
     .doc = "input + alpha * other, element by element. Of bool: or.\n\n"
            ">>> wengert.add(wengert.tensor([1, 2]), 3, alpha=2)\ntensor([7, 8])",
     .loops = wrapping_loops<Add, 2>(kOr),
     .variants = {{nullptr, &kAddScaled}}},
    {.name = "sub",
     .aliases = "subtract",
     .signature = "input: Operand, other: Operand, *, alpha: Number = 1",
     .arity = 2,
     .doc = "input - alpha * other, element by element.\n\n"
            ">>> wengert.tensor([1, 2]) - wengert.tensor([[1], [2]])\ntensor([[ 0,  1],\n        [-1,  0]])",
     .loops = wrapping_loops<Subtract, 2>(nullptr),
     .variants = {{nullptr, &kSubtractScaled}},
     .bool_error = kSubtractBools,
     .mixed_bool_error = kSubtractBool},
    {.name = "mul",
     .aliases = "multiply",
     .signature = "input: Operand, other: Operand",
     .arity = 2,
     .doc = "input * other, element by element (the Hadamard product). Of bool: and.\n\n"
            ">>> wengert.tensor([[1, 2], [3, 4]]) * wengert.tensor([[5, 6], [7, 8]])\ntensor([[ 5, 12],\n        [21, 32]])",
     .loops = wrapping_loops<Multiply, 2>(kAnd)},
    {.name = "div",
     .aliases = "divide true_divide",
     .signature = "input: Operand, other: Operand, *, rounding_mode: str? = None",
     .rule = DTypeRule::floating,
     .arity = 2,
     .ns = 0.1f,
     .doc = "input / other, element by element; integers become the default float dtype. rounding_mode 'trunc' rounds towards "
            "zero and 'floor' down, both in the inputs' own dtype.\n\n"
            ">>> wengert.div(wengert.tensor([-7, 7]), 2, rounding_mode='floor')\ntensor([-4,  3])",
     .loops = floating_loops<Divide, 2>(),
     .variants = {{"floor", &kDivideFloor}, {"trunc", &kDivideTruncate}}},
    {.name = "neg",
     .aliases = "negative",
     .signature = "input: Tensor",
     .arity = 1,
     .doc = "-input, element by element.\n\n"
            ">>> -wengert.tensor([1, -2])\ntensor([-1,  2])",
     .loops = wrapping_loops<Negate, 1>(nullptr),
     .bool_error = "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the "
                   "`~` or `logical_not()` operator instead."},
    {.name = "abs",
     .aliases = "absolute",
     .signature = "input: Tensor",
     .arity = 1,
     .doc = "The absolute value, element by element; the smallest integer of a dtype is its own.\n\n"
            ">>> wengert.tensor([-1.5, 2]).abs()\ntensor([1.5000, 2.0000])",
     .loops = signed_loops<Absolute, 1>(nullptr)},
    {.name = "maximum",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .doc = "The larger of input and other, element by element; NaN where either is.\n\n"
            ">>> wengert.maximum(wengert.tensor([1, 5]), wengert.tensor([3, 2]))\ntensor([3, 5])",
     .loops = signed_loops<Maximum, 2>(kOr),
     .has_inplace = false},
    {.name = "minimum",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .doc = "The smaller of input and other, element by element; NaN where either is.\n\n"
            ">>> wengert.minimum(wengert.tensor([1, 5]), wengert.tensor([3, 2]))\ntensor([1, 2])",
     .loops = signed_loops<Minimum, 2>(kAnd),
     .has_inplace = false},
};

}  // namespace

extern const ElementwiseRows kArithmetic;
const ElementwiseRows kArithmetic = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
