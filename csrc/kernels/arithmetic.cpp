// Addition, subtraction, multiplication, squares, magnitude.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class T>
inline constexpr bool kIsFloating = static_cast<T>(0.5) != T(0);

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
struct Square {
  template <class V>
  V operator()(V a) const {
    return a * a;
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

struct Absolute {  // integers wrap: the smallest is its own
  template <class T>
  Vec<T> operator()(Vec<T> a) const {
    if constexpr (kIsFloating<T>)  // -0 + 0 is 0
      return select(a.v != a.v, a, Vec<T>(typename Vec<T>::Raw(a.v < T(0) ? -a.v : a.v) + T(0)));
    else
      return select(a.v < T(0), Vec<T>(typename Vec<T>::Raw(-typename RawOf<Unsigned<T>>::Raw(a.v))), a);
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
    {.name = "neg",
     .aliases = "negative",
     .signature = "input: Tensor",
     .arity = 1,
     .doc = "-input, element by element.\n\n"
            ">>> -wengert.tensor([1, -2])\ntensor([-1,  2])",
     .loops = wrapping_loops<Negate, 1>(nullptr),
     .bool_error = "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the "
                   "`~` or `logical_not()` operator instead."},
    {.name = "square",
     .signature = "input: Tensor",
     .rule = DTypeRule::number,
     .arity = 1,
     .doc = "input * input, element by element; bool becomes int64.\n\n"
            ">>> wengert.tensor([1.5, -2]).square()\ntensor([2.2500, 4.0000])",
     .loops = wrapping_loops<Square, 1>(nullptr)},
    {.name = "abs",
     .aliases = "absolute",
     .signature = "input: Tensor",
     .arity = 1,
     .doc = "The absolute value, element by element; the smallest integer of a dtype is its own.\n\n"
            ">>> wengert.tensor([-1.5, 2]).abs()\ntensor([1.5000, 2.0000])",
     .loops = signed_loops<Absolute, 1>(nullptr)},
};

}  // namespace

extern const ElementwiseRows kArithmetic;
const ElementwiseRows kArithmetic = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
