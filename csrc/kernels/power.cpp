// pow and roots.
#include "simd/pow.h"
#include "simd/rsqrt.h"

#include "kernels/elementwise_lanes.h"
#include "kernels/math_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

template <class T>
inline constexpr bool kIsSigned = static_cast<T>(-1) < T(0);

// By repeated squaring, modulo 2^64 and so modulo the width of T. A negative power is 0 but of 1 and -1.
struct IntegerPower {
  template <class T>
  T operator()(T base, T exponent) const {
    if constexpr (kIsSigned<T>) {
      if (exponent < T(0)) {
        if (base == T(1)) return 1;
        return base == static_cast<T>(-1) ? static_cast<T>(exponent & 1 ? -1 : 1) : T(0);
      }
    }
    uint64_t power = 1, square = static_cast<uint64_t>(base);
    for (uint64_t left = static_cast<uint64_t>(exponent); left; left >>= 1, square *= square)
      if (left & 1) power *= square;
    return static_cast<T>(power);
  }
};

struct Power {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> y) const {
    return pow(x, y);
  }
};

struct Sqrt {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return sqrt(x);
  }
};
struct Rsqrt {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return rsqrt(x);
  }
};

constexpr ElementwiseLoops power_loops() {
  ElementwiseLoops loops = integer_lanes<IntegerPower>();
  loops.by_dtype[index_of(DType::float32)] = math_loop<Power, float, 2>;
  loops.by_dtype[index_of(DType::float64)] = math_loop<Power, double, 2>;
  return loops;
}

// ---- exponents that are one of a few numbers

struct One {
  template <class T>
  Vec<T> operator()(Vec<T>) const {
    return Vec<T>(T(1));
  }
};
struct Itself {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return x;
  }
};
struct Square {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return x * x;
  }
};
struct Cube {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    if constexpr (static_cast<T>(0.5) != T(0))
      return cube(x);
    else
      return x * x * x;
  }
};
struct Inverse {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return Vec<T>(T(1)) / x;
  }
};
struct InverseSquare {  // 1 / (x * x) would lose small results. With a step of Newton's, at most 1 ULP
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    const Vec<T> one(T(1)), inverse = one / x, square = inverse * inverse, error = -product_error(x, inverse, one);
    const Mask<T> usual = less(square, Vec<T>(static_cast<T>(__builtin_inf()))) & greater(square, Vec<T>(T(0)));
    return blend(usual, fma(error + error, square, square), square);
  }
};
// The exponent is not looked at.
template <class F, class T>
void base_loop(const ElementwiseArgs& args) {
  elementwise_loop<F, T, 1>(args);
}

#define WENGERT_LOOP(T) base_loop<F, T>
template <class F>
constexpr ElementwiseLoops base_loops(ElementwiseLoop boolean) {
  return {{boolean, WENGERT_BY_WIDTH(WENGERT_LOOP)}};
}
template <class F>
constexpr ElementwiseLoops floating_base_loops() {
  return {{nullptr, WENGERT_FLOATING(WENGERT_LOOP)}};
}
#undef WENGERT_LOOP

constexpr const char* kSignature = "input: Operand, exponent: Operand";
constexpr const char* kNegative = "Integers to negative integer powers are not allowed.";

constexpr ElementwiseRow number_row(ElementwiseLoops loops, float ns) {
  return {.name = "pow",
          .kernel = "pow",
          .signature = kSignature,
          .arity = 2,
          .ns = ns,
          .loops = loops,
          .checked_numbers = true,
          .negative_error = kNegative};
}

constexpr ElementwiseRow kByOther = number_row(power_loops(), 1),
                         kByZero = number_row(base_loops<One>(base_loop<One, uint8_t>), 0.02f),
                         kByOne = number_row(base_loops<Itself>(base_loop<Itself, uint8_t>), 0.02f),
                         kByTwo = number_row(base_loops<Square>(nullptr), 0.02f),
                         kByThree = number_row(base_loops<Cube>(nullptr), 0.02f),
                         kByHalf = number_row(floating_base_loops<Sqrt>(), 0.1f),
                         kByMinusOne = number_row(floating_base_loops<Inverse>(), 0.1f),
                         kByMinusTwo = number_row(floating_base_loops<InverseSquare>(), 0.1f),
                         kByMinusHalf = number_row(floating_base_loops<Rsqrt>(), 0.1f);

const ElementwiseNumber kNumbers[] = {{2, &kByTwo},       {3, &kByThree},        {0.5, &kByHalf}, {-1, &kByMinusOne},
                                      {-2, &kByMinusTwo}, {-0.5, &kByMinusHalf}, {1, &kByOne},    {0, &kByZero}};

const ElementwiseRow kRows[] = {
    {.name = "pow",
     .kernel = "pow",
     .signature = kSignature,
     .arity = 2,
     .ns = 1,
     .doc =
         "input to the power of exponent, element by element; either may be a number. Floats follow C's pow: any number to "
         "the power 0 is 1, a negative one to a power that is not whole NaN; but the numbers 0.5 and -0.5 are sqrt and rsqrt, "
         "of -0 and -inf too. Integers wrap; their powers by negative elements "
         "are rounded towards zero, and by a negative number a RuntimeError.\n\n"
         ">>> wengert.pow(wengert.tensor([1, 2, 3]), wengert.tensor([3, 2, 1]))\ntensor([1, 4, 3])",
     .loops = power_loops(),
     .numbers = {kNumbers, sizeof kNumbers / sizeof *kNumbers, &kByOther},
     .plain_after_number = true},
    {.name = "sqrt",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.1f,
     .doc = "The square root of each element, correctly rounded; NaN of negative ones; integers become the default float "
            "dtype.\n\n"
            ">>> wengert.sqrt(wengert.tensor([4, 2, -1]))\ntensor([2.0000, 1.4142,    nan])",
     .loops = math_loops<Sqrt, 1>()},
    {.name = "rsqrt",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.1f,
     .doc = "1 / sqrt(input), element by element; integers become the default float dtype.\n\n"
            ">>> wengert.rsqrt(wengert.tensor([4, 0, -1]))\ntensor([0.5000,    inf,    nan])",
     .loops = math_loops<Rsqrt, 1>()},
};

}  // namespace

extern const ElementwiseRows kPower;
const ElementwiseRows kPower = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
