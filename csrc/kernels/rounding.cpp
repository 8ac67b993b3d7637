// Rounding to whole numbers and to decimals, fractions, sign.
#include "kernels/elementwise_loop.h"
#include "simd/round.h"

namespace wengert::WENGERT_ISA {
namespace {

struct Same {
  template <class V>
  V operator()(V a) const {
    return a;
  }
};
template <Rounding R>
struct Round {
  template <class V>
  V operator()(V a) const {
    return round_to<R>(a);
  }
};
struct Fraction {
  template <class V>
  V operator()(V a) const {
    return a - round_to<Rounding::toward_zero>(a);
  }
};
struct Sign {  // of NaN: 0
  template <class T>
  Vec<T> operator()(Vec<T> a) const {
    const Vec<T> zero(T(0));
    return select(a > zero, Vec<T>(T(1)), select(a < zero, Vec<T>(static_cast<T>(-1)), zero));
  }
};

// scale is a power of ten.
struct RoundDecimals {
  template <class V>
  V operator()(V a, V scale) const {
    return round_to<Rounding::nearest>(a * scale) / scale;
  }
};
struct RoundTens {
  template <class V>
  V operator()(V a, V scale) const {
    return round_to<Rounding::nearest>(a / scale) * scale;
  }
};

template <Rounding R>
constexpr ElementwiseLoops rounding_loops() {  // integers are whole
  ElementwiseLoops loops = wrapping_loops<Same, 1>(nullptr);
  loops.by_dtype[index_of(DType::float32)] = elementwise_loop<Round<R>, float, 1>;
  loops.by_dtype[index_of(DType::float64)] = elementwise_loop<Round<R>, double, 1>;
  return loops;
}

const ElementwiseRow kRows[] = {
    {.name = "floor",
     .kernel = "floor_vml_cpu",
     .signature = "input: Tensor",
     .arity = 1,
     .doc = "The largest whole number not above, element by element.\n\n"
            ">>> wengert.tensor([-1.5, 2.7]).floor()\ntensor([-2.,  2.])",
     .loops = rounding_loops<Rounding::down>(),
     .exact_out = true},
    {.name = "ceil",
     .kernel = "ceil_vml_cpu",
     .signature = "input: Tensor",
     .arity = 1,
     .doc = "The smallest whole number not below, element by element.\n\n"
            ">>> wengert.tensor([-1.5, 2.3]).ceil()\ntensor([-1.,  3.])",
     .loops = rounding_loops<Rounding::up>(),
     .exact_out = true},
    {.name = "trunc",
     .aliases = "fix",
     .kernel = "trunc_vml_cpu",
     .signature = "input: Tensor",
     .arity = 1,
     .doc = "The whole part, element by element: rounded towards zero.\n\n"
            ">>> wengert.tensor([-1.5, 2.7]).trunc()\ntensor([-1.,  2.])",
     .loops = rounding_loops<Rounding::toward_zero>(),
     .exact_out = true},
    {.name = "round",
     .kernel = "round_vml_cpu",
     .signature = "input: Tensor",
     .arity = 1,
     .doc = "The nearest whole number, element by element; halves go to the even one.\n\n"
            ">>> wengert.tensor([0.5, 1.5, 2.7]).round()\ntensor([0., 2., 3.])",
     .loops = rounding_loops<Rounding::nearest>(),
     .exact_out = true},
    {.name = "round_decimals",
     .kernel = "round_cpu",
     .signature = "input: , scale: ",
     .arity = 2,
     .ns = 0.1f,
     .loops = floating_loops<RoundDecimals, 2>(),
     .hidden = true,
     .exact_out = true},
    {.name = "round_tens",
     .kernel = "round_cpu",
     .signature = "input: , scale: ",
     .arity = 2,
     .ns = 0.1f,
     .loops = floating_loops<RoundTens, 2>(),
     .hidden = true,
     .exact_out = true},
    {.name = "frac",
     .signature = "input: Tensor",
     .arity = 1,
     .doc = "What trunc leaves: input - input.trunc(), element by element. Floats only.\n\n"
            ">>> wengert.tensor([-1.5, 2.25]).frac()\ntensor([-0.5000,  0.2500])",
     .loops = floating_loops<Fraction, 1>(),
     .exact_out = true},
    {.name = "sign",
     .aliases = "sgn",
     .signature = "input: Tensor",
     .arity = 1,
     .doc = "-1, 0 or 1, element by element; 0 for NaN.\n\n>>> wengert.tensor([-1.5, 0, 2]).sign()\ntensor([-1.,  0.,  1.])",
     .loops = signed_loops<Sign, 1>(elementwise_loop<Same, uint8_t, 1>),
     .exact_out = true},
};

}  // namespace

extern const ElementwiseRows kRounding;
const ElementwiseRows kRounding = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
