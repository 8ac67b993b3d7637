// Exponentials, logarithms and what is made of them.
#include "kernels/math_loop.h"
#include "simd/log.h"

namespace wengert::WENGERT_ISA {
namespace {

#define WENGERT_FUNCTOR(Name, function) \
  struct Name {                         \
    template <class... V>               \
    auto operator()(V... x) const {     \
      return function(x...);            \
    }                                   \
  }
WENGERT_FUNCTOR(Exp, exp);
WENGERT_FUNCTOR(Exp2, exp2);
WENGERT_FUNCTOR(Expm1, expm1);
WENGERT_FUNCTOR(Log, log);
WENGERT_FUNCTOR(Log2, log2);
WENGERT_FUNCTOR(Log10, log10);
WENGERT_FUNCTOR(Log1p, log1p);
#undef WENGERT_FUNCTOR

const ElementwiseRow kRows[] = {
    {.name = "exp",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.08f,
     .doc = "e to the power of each element; integers become the default float dtype.\n\n"
            ">>> wengert.exp(wengert.tensor([0, 1, -1]))\ntensor([1.0000, 2.7183, 0.3679])",
     .loops = math_loops<Exp, 1>()},
    {.name = "exp2",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.08f,
     .doc = "2 to the power of each element; integers become the default float dtype.\n\n"
            ">>> wengert.exp2(wengert.tensor([0, 3, -1]))\ntensor([1.0000, 8.0000, 0.5000])",
     .loops = math_loops<Exp2, 1>()},
    {.name = "expm1",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.2f,
     .doc = "exp(input) - 1, precise where the element is small; integers become the default float dtype.\n\n"
            ">>> wengert.expm1(wengert.tensor([0, 1, 1e-8]))\ntensor([0.0000e+00, 1.7183e+00, 1.0000e-08])",
     .loops = math_loops<Expm1, 1>()},
    {.name = "log",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.12f,
     .doc =
         "The natural logarithm of each element: -inf of 0, NaN of negative ones; integers become the default float dtype.\n\n"
         ">>> wengert.log(wengert.tensor([1, 10, 0]))\ntensor([0.0000, 2.3026,   -inf])",
     .loops = math_loops<Log, 1>()},
    {.name = "log2",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.15f,
     .doc = "The logarithm to base 2 of each element: -inf of 0, NaN of negative ones; integers become the default float "
            "dtype.\n\n"
            ">>> wengert.log2(wengert.tensor([1, 8, 0.5]))\ntensor([ 0.,  3., -1.])",
     .loops = math_loops<Log2, 1>()},
    {.name = "log10",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.15f,
     .doc = "The logarithm to base 10 of each element: -inf of 0, NaN of negative ones; integers become the default float "
            "dtype.\n\n"
            ">>> wengert.log10(wengert.tensor([1, 1000, 0.1]))\ntensor([ 0.,  3., -1.])",
     .loops = math_loops<Log10, 1>()},
    {.name = "log1p",
     .signature = "input: Tensor",
     .rule = DTypeRule::floating,
     .arity = 1,
     .ns = 0.25f,
     .doc = "log(1 + input), precise where the element is small; integers become the default float dtype.\n\n"
            ">>> wengert.log1p(wengert.tensor([0, 1, 1e-8]))\ntensor([0.0000e+00, 6.9315e-01, 1.0000e-08])",
     .loops = math_loops<Log1p, 1>()},
};

}  // namespace

extern const ElementwiseRows kExponential;
const ElementwiseRows kExponential = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
