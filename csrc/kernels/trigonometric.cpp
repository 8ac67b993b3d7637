// sin, cos, tan, their inverses, and angles.
#include "kernels/math_loop.h"
#include "simd/inverse_trig.h"

namespace wengert::WENGERT_ISA {
namespace {

#define WENGERT_FUNCTOR(Name, function) \
  struct Name {                         \
    template <class... V>               \
    auto operator()(V... x) const {     \
      return function(x...);            \
    }                                   \
  }
WENGERT_FUNCTOR(Sin, sin);
WENGERT_FUNCTOR(Cos, cos);
WENGERT_FUNCTOR(Tan, tan);
WENGERT_FUNCTOR(Asin, asin);
WENGERT_FUNCTOR(Acos, acos);
WENGERT_FUNCTOR(Atan, atan);
WENGERT_FUNCTOR(Atan2, atan2);
WENGERT_FUNCTOR(Hypot, hypot);
WENGERT_FUNCTOR(Sinc, sinc);
#undef WENGERT_FUNCTOR

// By a factor in two words, both positive, so that infinities pass.
template <class T>
Vec<T> times(Vec<T> x, T high, T low) {
  return x.v * high + x.v * low;
}
struct DegToRad {
  Vec<float> operator()(Vec<float> x) const { return times(x, 0x1.1df46ap-6f, 0x1.294e9cp-33f); }
  Vec<double> operator()(Vec<double> x) const { return times(x, 0x1.1df46a2529d39p-6, 0x1.5c1d8becdd291p-62); }
};
struct RadToDeg {
  Vec<float> operator()(Vec<float> x) const { return times(x, 0x1.ca5dcp+5f, 0x1.a63c2p-19f); }
  Vec<double> operator()(Vec<double> x) const { return times(x, 0x1.ca5dc1a63c1f7p+5, 0x1.70c2a5d4dfd03p-48); }
};

const ElementwiseRow kRows[] = {
    {.name = "sin",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.2f,
     .doc = "The sine of each element, an angle in radians, however large; integers become the default float dtype.\n\n"
            ">>> wengert.sin(wengert.tensor([0, 1, 1e22]))\ntensor([ 0.0000,  0.8415, -0.7341])",
     .loops = math_loops<Sin, 1>()},
    {.name = "cos",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.2f,
     .doc = "The cosine of each element, an angle in radians, however large; integers become the default float dtype.\n\n"
            ">>> wengert.cos(wengert.tensor([0, 1, 1e22]))\ntensor([1.0000, 0.5403, 0.6791])",
     .loops = math_loops<Cos, 1>()},
    {.name = "tan",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.3f,
     .doc = "The tangent of each element, an angle in radians, however large; integers become the default float dtype.\n\n"
            ">>> wengert.tan(wengert.tensor([0, 1, -1]))\ntensor([ 0.0000,  1.5574, -1.5574])",
     .loops = math_loops<Tan, 1>()},
    {.name = "asin",
     .aliases = "arcsin",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.2f,
     .doc = "The angle in [-pi/2, pi/2] whose sine is the element; NaN outside [-1, 1].\n\n"
            ">>> wengert.asin(wengert.tensor([0, 0.5, 1, 2]))\ntensor([0.0000, 0.5236, 1.5708,    nan])",
     .loops = math_loops<Asin, 1>()},
    {.name = "acos",
     .aliases = "arccos",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.2f,
     .doc = "The angle in [0, pi] whose cosine is the element; NaN outside [-1, 1].\n\n"
            ">>> wengert.acos(wengert.tensor([1, 0.5, -1, 2]))\ntensor([0.0000, 1.0472, 3.1416,    nan])",
     .loops = math_loops<Acos, 1>()},
    {.name = "atan",
     .aliases = "arctan",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.25f,
     .doc = "The angle in [-pi/2, pi/2] whose tangent is the element.\n\n"
            ">>> wengert.atan(wengert.tensor([0, 1, -float('inf')]))\ntensor([ 0.0000,  0.7854, -1.5708])",
     .loops = math_loops<Atan, 1>()},
    {.name = "atan2",
     .aliases = "arctan2",
     .signature = "input: Tensor, other: Tensor",
     .rule = DTypeRule::floating,
     .arity = 2,
     .ns = 0.4f,
     .doc = "The angle in [-pi, pi] of the point whose y is in input and whose x is in other; the signs of zeros count.\n\n"
            ">>> wengert.atan2(wengert.tensor([1, 1, -1]), wengert.tensor([1, -1, 0]))\n"
            "tensor([ 0.7854,  2.3562, -1.5708])",
     .loops = math_loops<Atan2, 2>()},
    {.name = "hypot",
     .signature = "input: Tensor, other: Tensor",
     .rule = DTypeRule::common,
     .arity = 2,
     .ns = 0.3f,
     .doc = "The length sqrt(input^2 + other^2), without overflow on the way; infinite where either is, be the other NaN.\n\n"
            ">>> wengert.hypot(wengert.tensor([3.0]), wengert.tensor([4.0]))\ntensor([5.])",
     .loops = math_loops<Hypot, 2>()},
    {.name = "sinc",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.3f,
     .doc = "sin(pi x) / (pi x) for each element x, 1 at 0; the whole numbers are exactly its zeros.\n\n"
            ">>> wengert.sinc(wengert.tensor([0, 0.5, 1]))\ntensor([1.0000, 0.6366, 0.0000])",
     .loops = math_loops<Sinc, 1>()},
    {.name = "deg2rad",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .doc = "Degrees in radians: input * pi / 180.\n\n"
            ">>> wengert.deg2rad(wengert.tensor([180, -90]))\ntensor([ 3.1416, -1.5708])",
     .loops = floating_loops<DegToRad, 1>()},
    {.name = "rad2deg",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .doc = "Radians in degrees: input * 180 / pi.\n\n"
            ">>> wengert.rad2deg(wengert.tensor([3.1415927, -0.5]))\ntensor([180.0000, -28.6479])",
     .loops = floating_loops<RadToDeg, 1>()},
};

}  // namespace

extern const ElementwiseRows kTrigonometric;
const ElementwiseRows kTrigonometric = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
