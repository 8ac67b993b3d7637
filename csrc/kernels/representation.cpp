// What a number is made of: sign, exponent and mantissa, neighbours; the angle of a real number.
#include "kernels/elementwise_compare.h"
#include "kernels/math_loop.h"
#include "simd/exp.h"
#include "simd/round.h"
#include "simd/widen.h"

namespace wengert::WENGERT_ISA {
namespace {

struct Angle {  // of NaN: NaN
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    const Vec<T> zero(T(0));
    return blend(unordered(x, x), x, blend(less(x, zero), Vec<T>(static_cast<T>(3.14159265358979323846)), zero));
  }
};

struct CopySign {
  template <class T>
  Vec<T> operator()(Vec<T> magnitude_of, Vec<T> sign) const {
    return set_sign(magnitude(magnitude_of), sign);
  }
};

struct SignBit {
  uint8_t operator()(float x) const { return __builtin_signbit(x) != 0; }
  uint8_t operator()(double x) const { return __builtin_signbit(x) != 0; }
  template <class T>
  uint8_t operator()(T x) const {
    return x < T(0);
  }
};

// One step of the bits, which are ordered as the magnitudes are.
struct NextAfter {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> towards) const {
    using Raw = typename Vec<T>::Raw;
    using Int = typename IntVec<T>::Raw;
    const Vec<T> zero(T(0));
    const Int bits = Int(x.v);
    const Vec<T> away = Raw(bits + 1), nearer = Raw(bits - 1);
    const Mask<T> grows = (less(x, towards) & greater(x, zero)) | (greater(x, towards) & less(x, zero));
    const Vec<T> smallest = set_sign(Vec<T>(Raw(Int{} + 1)), towards);
    const Vec<T> next = blend(equal(x, zero), smallest, blend(grows, away, nearer));
    return blend(unordered(x, towards), Vec<T>(Raw(x.v + towards.v)), blend(equal(x, towards), towards, next));
  }
};

// By a whole exponent, rounded once; one beyond those of any number does what the nearest such does.
inline Vec<float> scale_by(Vec<float> x, Vec<float> n) {
  const Vec<float> limited = larger(Vec<float>(-400.0f), smaller(Vec<float>(400.0f), n));
#if WENGERT_AVX512
  return scale(x, limited);
#else
  // In float64, which holds any such product.
  const Widened wide = widen(x), exponent = widen(limited);
  return narrow({wide.low * power_of_two(exponent.low), wide.high * power_of_two(exponent.high)});
#endif
}
inline Vec<double> scale_by(Vec<double> x, Vec<double> n) {
  const Vec<double> limited = larger(Vec<double>(-5000.0), smaller(Vec<double>(5000.0), n));
#if WENGERT_AVX512
  return scale(x, limited);
#else
#pragma GCC unroll 1
  for (int i = 0; i < Vec<double>::width; ++i) x.v[i] = __builtin_ldexp(x.v[i], static_cast<int>(limited.v[i]));
  return x;
#endif
}
struct ScaleByPower {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> exponent) const {
    const Vec<T> whole = round_to<Rounding::toward_zero>(exponent);
    const Mask<T> is_whole = equal(whole, exponent);
    const Vec<T> y = scale_by(x, blend(is_whole, whole, Vec<T>(T(0))));
    return all(is_whole) ? y : blend(is_whole, y, x * exp2(exponent));
  }
};

// x = mantissa 2^exponent, 1/2 <= |mantissa| < 1; zeros, infinities and NaN are their own mantissa.
template <class T>
struct Parts {
  static constexpr int kBits = sizeof(T) == 4 ? 23 : 52, kBias = sizeof(T) == 4 ? 126 : 1022;
  static constexpr typename IntegerOf<T>::type kExponents = sizeof(T) == 4 ? 0x7f800000 : 0x7ff0000000000000;

  Vec<T> mantissa, exponent;

  explicit Parts(Vec<T> x) {
    using Raw = typename Vec<T>::Raw;
    using Int = typename IntVec<T>::Raw;
    const Vec<T> size = magnitude(x), zero(T(0));
    const Mask<T> subnormal = less(size, Vec<T>(T(sizeof(T) == 4 ? 0x1p-126 : 0x1p-1022)));
    const Int bits = Int(blend(subnormal, Vec<T>(Raw(x.v * T(sizeof(T) == 4 ? 0x1p24 : 0x1p53))), x).v);
    const Mask<T> ordinary = greater(size, zero) & less(size, Vec<T>(static_cast<T>(__builtin_inf())));
    const Int half = Int(Vec<T>(T(0.5)).v);
    mantissa = blend(ordinary, Vec<T>(Raw((bits & ~kExponents) | half)), x);
    const Raw n = __builtin_convertvector(((bits & kExponents) >> kBits) - kBias, Raw);
    const Raw shift = blend(subnormal, Vec<T>(T(kBits + 1)), zero).v;
    exponent = blend(ordinary, Vec<T>(Raw(n - shift)), zero);
  }
};
struct Mantissa {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return Parts<T>(x).mantissa;
  }
};
struct Exponent {
  template <class T>
  Vec<T> operator()(Vec<T> x) const {
    return Parts<T>(x).exponent;
  }
};

#define TEST(T) test_loop<SignBit, T>
constexpr ElementwiseLoops kSignBitLoops = {{test_loop<SignBit, uint8_t>, WENGERT_BY_DTYPE(TEST)}};
#undef TEST

const ElementwiseRow kRows[] = {
    {.name = "angle",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .doc = "pi for negative elements, else 0; NaN of NaN. Integers become the default float dtype.\n\n"
            ">>> wengert.angle(wengert.tensor([-2.0, 0, 3]))\ntensor([3.1416, 0.0000, 0.0000])",
     .loops = floating_loops<Angle, 1>(),
     .has_inplace = false},
    {.name = "copysign",
     .signature = "input: Tensor, other: Operand",
     .rule = DTypeRule::floating,
     .arity = 2,
     .doc = "The magnitude of input with the sign of other, element by element; that of -0 and of NaN counts. Integers become "
            "the default float dtype.\n\n"
            ">>> wengert.copysign(wengert.tensor([1.0, -2]), -0.0)\ntensor([-1., -2.])",
     .loops = floating_loops<CopySign, 2>()},
    {.name = "nextafter",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .doc = "The next float after input in the direction of other, element by element; other where they are equal.\n\n"
            ">>> wengert.nextafter(wengert.tensor([1.0]), wengert.tensor([2.0])) - 1\ntensor([1.1921e-07])",
     .loops = math_loops<NextAfter, 2>()},
    {.name = "ldexp",
     .signature = "input: Tensor, other: Tensor",
     .rule = DTypeRule::floating,
     .arity = 2,
     .ns = 0.1f,
     .doc =
         "input * 2^other, element by element, rounded once where other is whole. Integers become the default float dtype.\n\n"
         ">>> wengert.ldexp(wengert.tensor([1.0, 3]), wengert.tensor([4, -1]))\ntensor([16.0000,  1.5000])",
     .loops = math_loops<ScaleByPower, 2>()},
    {.name = "signbit",
     .signature = "input: Tensor",
     .rule = DTypeRule::compare,
     .arity = 1,
     .doc = "Whether the sign is minus, element by element; also that of -0 and of NaN.\n\n"
            ">>> wengert.signbit(wengert.tensor([-0.0, 0, -3]))\ntensor([ True, False,  True])",
     .loops = kSignBitLoops,
     .has_inplace = false},
    {.name = "frexp_mantissa", .signature = "input: ", .arity = 1, .loops = math_loops<Mantissa, 1>(), .hidden = true},
    {.name = "frexp_exponent", .signature = "input: ", .arity = 1, .loops = math_loops<Exponent, 1>(), .hidden = true},
};

}  // namespace

extern const ElementwiseRows kRepresentation;
const ElementwiseRows kRepresentation = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
