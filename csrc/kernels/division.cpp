// Division with whole quotients, and what it leaves: div's rounding modes, floor_divide, remainder, fmod; reciprocal.
#include "kernels/integer_division.h"
#include "simd/round.h"

namespace wengert::WENGERT_ISA {
namespace {

inline float c_fmod(float a, float b) { return __builtin_fmodf(a, b); }
inline double c_fmod(double a, double b) { return __builtin_fmod(a, b); }

template <class T>
[[gnu::noinline]] Vec<T> fmod_by_lanes(Vec<T> a, Vec<T> b) {
  constexpr int W = Vec<T>::width;
  T x[W], y[W];
  a.store(x), b.store(y);
#pragma GCC unroll 1
  for (int i = 0; i < W; ++i) x[i] = c_fmod(x[i], y[i]);
  return Vec<T>::load(x);
}

template <class T>
Vec<T> absolute(Vec<T> a) {
  return select(a < Vec<T>(T(0)), -a, a);
}
// The magnitude of a with the sign of b.
template <class T>
Vec<T> with_sign(Vec<T> a, Vec<T> b) {
  using Int = typename RawOf<Unsigned<T>>::Raw;
  constexpr Unsigned<T> kSign = Unsigned<T>{1} << (8 * sizeof(T) - 1);
  return typename Vec<T>::Raw((Int(a.v) & ~kSign) | (Int(b.v) & kSign));
}

template <class Mask>
bool any_lane(Mask mask) {
  typename RawOf<uint64_t>::Raw words;
  static_assert(sizeof words == sizeof mask);
  __builtin_memcpy(&words, &mask, sizeof mask);
  uint64_t all = 0;
  for (int i = 0; i < Vec<uint64_t>::width; ++i) all |= words[i];
  return all != 0;
}

// The remainder of the truncated quotient, exact, with the sign of a. With a fused multiply-add and a quotient q below the
// number of the significand's bits, a - q b is exact: q is right or, where a / b was rounded up to it, too large by one.
template <class T>
Vec<T> fmod(Vec<T> a, Vec<T> b) {
#if defined(__FMA__) || defined(__aarch64__)
  constexpr T kLargest = sizeof(T) == 4 ? T(0x1p22) : T(0x1p51), kMax = sizeof(T) == 4 ? T(__FLT_MAX__) : T(__DBL_MAX__);
  const Vec<T> q = round_to<Rounding::toward_zero>(a / b), size = absolute(q);
  if (any_lane(size.v > kLargest)) return fmod_by_lanes(a, b);
  Vec<T> rest = fma(-q, b, a);
  const Vec<T> turned = rest * with_sign(Vec<T>(T(1)), a);
  rest = select(turned.v < T(0), rest + with_sign(b, a), rest);
  rest = select((absolute(b).v > kMax) & (absolute(a).v <= kMax), a, rest);  // an infinite divisor
  return with_sign(rest, a);
#else
  return fmod_by_lanes(a, b);
#endif
}

template <class T>
auto other_sign(Vec<T> rest, Vec<T> b) {  // a rest that is not zero, on the other side of zero
  return (rest.v != T(0)) & ((rest.v < T(0)) != (b.v < T(0)));
}

struct Divide {
  template <class V>
  V operator()(V a, V b) const {
    return a / b;
  }
};
struct Fmod {
  template <class V>
  V operator()(V a, V b) const {
    return fmod(a, b);
  }
};
struct Remainder {
  template <class V>
  V operator()(V a, V b) const {
    const V rest = fmod(a, b);
    return select(other_sign(rest, b), rest + b, rest);
  }
};
struct DivideTruncate {
  template <class V>
  V operator()(V a, V b) const {
    return round_to<Rounding::toward_zero>(a / b);
  }
};
// Python's: exact where floor(a / b) would have been rounded up to the next integer.
struct DivideFloor {
  template <class T>
  Vec<T> operator()(Vec<T> a, Vec<T> b) const {
    const Vec<T> rest = fmod(a, b), plain = a / b, one(T(1)), zero(T(0));
    Vec<T> quotient = (a - rest) / b;
    quotient = select(other_sign(rest, b), quotient - one, quotient);
    Vec<T> whole = round_to<Rounding::down>(quotient);
    whole = select((quotient - whole) > Vec<T>(T(0.5)), whole + one, whole);
    whole = select(quotient.v == T(0), with_sign(zero, plain), whole);
    return select(b.v == T(0), plain, whole);
  }
};
struct Reciprocal {
  template <class T>
  Vec<T> operator()(Vec<T> a) const {
    return Vec<T>(T(1)) / a;
  }
};

// With loops of floats.
template <class Vector>
constexpr ElementwiseLoops division_loops(ElementwiseLoops loops) {
  loops.by_dtype[index_of(DType::float32)] = elementwise_loop<Vector, float, 2>;
  loops.by_dtype[index_of(DType::float64)] = elementwise_loop<Vector, double, 2>;
  return loops;
}

constexpr ElementwiseLoops kFloorLoops = division_loops<DivideFloor>(integer_division_loops<true, false>());

const ElementwiseRow kDivideFloor = {
    .name = "div_floor", .arity = 2, .ns = 1, .loops = kFloorLoops, .zero_error = "ZeroDivisionError"};
const ElementwiseRow kDivideTruncate = {.name = "div_trunc",
                                        .arity = 2,
                                        .ns = 0.2f,
                                        .loops = division_loops<DivideTruncate>(integer_division_loops<false, false>()),
                                        .zero_error = "ZeroDivisionError"};

const ElementwiseRow kRows[] = {
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
    {.name = "floor_divide",
     .kernel = "div_floor_cpu",
     .signature = "input: Operand, other: Operand",
     .arity = 2,
     .ns = 1,
     .doc =
         "input / other rounded down, element by element, in their own dtype, as Python's //. RuntimeError for an integer zero "
         "divisor.\n\n>>> wengert.tensor([-7, 7]) // 2\ntensor([-4,  3])",
     .loops = kFloorLoops,
     .zero_error = "ZeroDivisionError"},
    {.name = "remainder",
     .signature = "input: Operand, other: Operand",
     .arity = 2,
     .ns = 1,
     .doc = "What floor_divide leaves, with the sign of other, as Python's %. RuntimeError for an integer zero divisor; floats "
            "give NaN.\n\n>>> wengert.tensor([-7, 7]) % 3\ntensor([2, 1])",
     .loops = division_loops<Remainder>(integer_division_loops<true, true>()),
     .zero_error = "ZeroDivisionError"},
    {.name = "fmod",
     .signature = "input: Tensor, other: Operand",
     .arity = 2,
     .ns = 1,
     .doc = "What division rounded towards zero leaves, with the sign of input, as C's fmod. RuntimeError for an integer zero "
            "divisor; floats give NaN.\n\n>>> wengert.fmod(wengert.tensor([-7, 7]), 3)\ntensor([-1,  1])",
     .loops = division_loops<Fmod>(integer_division_loops<false, true>()),
     .zero_error = "ZeroDivisionError"},
    {.name = "reciprocal",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.05f,
     .doc = "1 / input, element by element; integers become the default float dtype.\n\n"
            ">>> wengert.tensor([2., 0.5]).reciprocal()\ntensor([0.5000, 2.0000])",
     .loops = floating_loops<Reciprocal, 1>()},
};

}  // namespace

extern const ElementwiseRows kDivision;
const ElementwiseRows kDivision = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
