// sigmoid, the hyperbolic functions, and their inverses.
#include "simd/hyperbolic.h"
#include "kernels/math_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

#define WENGERT_FUNCTOR(Name, function) \
  struct Name {                         \
    template <class... V>               \
    auto operator()(V... x) const {     \
      return function(x...);            \
    }                                   \
  }
WENGERT_FUNCTOR(Sigmoid, sigmoid);
WENGERT_FUNCTOR(Tanh, tanh);
WENGERT_FUNCTOR(Sinh, sinh);
WENGERT_FUNCTOR(Cosh, cosh);
WENGERT_FUNCTOR(Asinh, asinh);
WENGERT_FUNCTOR(Acosh, acosh);
WENGERT_FUNCTOR(Atanh, atanh);
WENGERT_FUNCTOR(Logit, logit);
#undef WENGERT_FUNCTOR

struct LogitClamped {  // into [eps, 1 - eps], the lower bound last
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> eps) const {
    const Vec<T> highest = T(1) - eps, below = blend(greater(x, highest), highest, x);
    return logit(blend(less(x, eps), eps, below));
  }
};

const ElementwiseRow kLogitClamped = {
    .name = "logit", .rule = DTypeRule::floating, .arity = 2, .ns = 1, .loops = math_loops<LogitClamped, 2>()};

const ElementwiseRow kRows[] = {
    {.name = "sigmoid",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.15f,
     .doc = "1 / (1 + exp(-input)), element by element; integers become the default float dtype.\n\n"
            ">>> wengert.sigmoid(wengert.tensor([0, 1, -100]))\ntensor([5.0000e-01, 7.3106e-01, 3.7835e-44])",
     .loops = math_loops<Sigmoid, 1>()},
    {.name = "tanh",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.15f,
     .doc = "The hyperbolic tangent of each element; integers become the default float dtype.\n\n"
            ">>> wengert.tanh(wengert.tensor([0, 1, -100]))\ntensor([ 0.0000,  0.7616, -1.0000])",
     .loops = math_loops<Tanh, 1>()},
    {.name = "sinh",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.5f,
     .doc = "The hyperbolic sine of each element; integers become the default float dtype.\n\n"
            ">>> wengert.sinh(wengert.tensor([0, 1, -1]))\ntensor([ 0.0000,  1.1752, -1.1752])",
     .loops = math_loops<Sinh, 1>()},
    {.name = "cosh",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.5f,
     .doc = "The hyperbolic cosine of each element; integers become the default float dtype.\n\n"
            ">>> wengert.cosh(wengert.tensor([0, 1, -1]))\ntensor([1.0000, 1.5431, 1.5431])",
     .loops = math_loops<Cosh, 1>()},
    {.name = "asinh",
     .aliases = "arcsinh",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.8f,
     .doc = "The number whose hyperbolic sine is the element.\n\n"
            ">>> wengert.asinh(wengert.tensor([0, 1, -1]))\ntensor([ 0.0000,  0.8814, -0.8814])",
     .loops = math_loops<Asinh, 1>()},
    {.name = "acosh",
     .aliases = "arccosh",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.7f,
     .doc = "The number from 0 up whose hyperbolic cosine is the element; NaN below 1.\n\n"
            ">>> wengert.acosh(wengert.tensor([1, 2, 0.5]))\ntensor([0.0000, 1.3170,    nan])",
     .loops = math_loops<Acosh, 1>()},
    {.name = "atanh",
     .aliases = "arctanh",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.7f,
     .doc = "The number whose hyperbolic tangent is the element: infinite for 1 and -1, NaN beyond.\n\n"
            ">>> wengert.atanh(wengert.tensor([0, 0.5, 1]))\ntensor([0.0000, 0.5493,    inf])",
     .loops = math_loops<Atanh, 1>()},
    {.name = "logit",
     .signature = "input: Tensor, eps: float? = None",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.6f,
     .doc = "log(input / (1 - input)), the number whose sigmoid is the element: infinite for 0 and 1, NaN outside of [0, 1]. "
            "With eps, elements are first brought into [eps, 1 - eps]; integers become the default float dtype.\n\n"
            ">>> wengert.logit(wengert.tensor([0.5, 0.9, 2]), eps=0.25)\ntensor([0.0000, 1.0986, 1.0986])",
     .loops = math_loops<Logit, 1>(),
     .variants = {{nullptr, &kLogitClamped}}},
};

}  // namespace

extern const ElementwiseRows kHyperbolic;
const ElementwiseRows kHyperbolic = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
