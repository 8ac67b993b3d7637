// Exponentials, logarithms and what is made of them.
#include "kernels/math_loop.h"
#include "simd/brief.h"
#include "simd/widen.h"

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

// ---- x log(y), which is 0 where x is, but for a y that is NaN

template <class T>
Vec<T> times_log(Vec<T> x, Vec<T> y, Vec<T> log) {
  const Vec<T> zero(T(0)), product = x * log;
  return blend(equal(x, zero), blend(unordered(y, y), y, zero), product);
}
struct XLogY {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> y) const {
    return times_log(x, y, log(y));
  }
};
struct XLog1pY {
  template <class T>
  Vec<T> operator()(Vec<T> x, Vec<T> y) const {
    return times_log(x, y, log1p(y));
  }
};

// ---- log(b^x + b^y) = larger + log(1 + b^-|x - y|)

template <bool Base2>
struct AddInLogs {
  static constexpr double kLog2 = 0x1.62e42fefa39efp-1, kInverse = 0x1.71547652b82fep+0;

  Vec<double> operator()(Vec<double> x, Vec<double> y) const {
    // Of equal infinities the difference is 0; a NaN stays in it.
    const Vec<double> distance = blend(equal(x, y), Vec<double>(0.0), magnitude(x - y));
    const Vec<double> top = blend(greater(x, y), x, y);
    // Rounded: log2(1 + 1) is 1.
    return top + opaque((Base2 ? kInverse : 1.0) * log1p(exp(distance * (Base2 ? -kLog2 : -1.0))));
  }

  // In float64, since the terms may cancel; where all but 2^-13 of them does, with all of its digits.
  Vec<float> operator()(Vec<float> x, Vec<float> y) const {
    const Widened a = widen(x), b = widen(y);
    const Vec<float> sum = narrow({brief(a.low, b.low), brief(a.high, b.high)});
    if (__builtin_expect(any(less(magnitude(sum), Vec<float>(0x1p-13f))), 0)) return of_cancelling(x, y, sum);
    return blend(unordered(x, y), x + y, sum);
  }

 private:
  // A difference that is NaN counts as large: of equal infinities the larger one is the result.
  static Vec<double> brief(Vec<double> x, Vec<double> y) {
    const Vec<double> distance = smaller(magnitude(x - y), Vec<double>(1100.0));
    const Vec<double> log = log_of_one_and_power(Base2 ? distance : distance * kInverse);
    return larger(x, y) + (Base2 ? log * kInverse : log);
  }
  [[gnu::noinline]] static Vec<float> of_cancelling(Vec<float> x, Vec<float> y, Vec<float> sum) {
    const Widened a = widen(x), b = widen(y);
    const Vec<float> exact = narrow({AddInLogs{}(a.low, b.low), AddInLogs{}(a.high, b.high)});
    return blend(unordered(x, y), x + y, blend(less(magnitude(sum), Vec<float>(0x1p-13f)), exact, sum));
  }
};

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
    {.name = "xlogy",
     .signature = "input: Operand, other: Operand",
     .rule = DTypeRule::floating,
     .arity = 2,
     .ns = 0.2f,
     .doc = "input * log(other), element by element; 0 where input is 0, but NaN where other is. Integers become the default "
            "float dtype.\n\n"
            ">>> wengert.xlogy(wengert.tensor([0, 1, 2]), wengert.tensor([0, 10, 1]))\ntensor([0.0000, 2.3026, 0.0000])",
     .loops = math_loops<XLogY, 2>()},
    {.name = "special_xlog1py",
     .signature = "input: Operand, other: Operand",
     .rule = DTypeRule::floating,
     .arity = 2,
     .ns = 0.3f,
     .doc = "input * log1p(other), element by element; 0 where input is 0, but NaN where other is; wengert.special.xlog1py.\n\n"
            ">>> wengert.special.xlog1py(wengert.tensor([0, 1.0]), wengert.tensor([-1.0, 9.0]))\ntensor([0.0000, 2.3026])",
     .loops = math_loops<XLog1pY, 2>(),
     .has_inplace = false,
     .has_method = false},
    {.name = "logaddexp",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .ns = 0.8f,
     .doc = "log(exp(input) + exp(other)), element by element, without overflow on the way. Not of integers.\n\n"
            ">>> wengert.logaddexp(wengert.tensor([100.0]), wengert.tensor([100.0]))\ntensor([100.6931])",
     .loops = math_loops<AddInLogs<false>, 2>(),
     .has_inplace = false},
    {.name = "logaddexp2",
     .signature = "input: Tensor, other: Tensor",
     .arity = 2,
     .ns = 0.8f,
     .doc = "log2(2^input + 2^other), element by element, without overflow on the way. Not of integers.\n\n"
            ">>> wengert.logaddexp2(wengert.tensor([0.0, -1000.0]), wengert.tensor([0.0, -1000.0]))\n"
            "tensor([   1., -999.])",
     .loops = math_loops<AddInLogs<true>, 2>(),
     .has_inplace = false},
};

}  // namespace

extern const ElementwiseRows kExponential;
const ElementwiseRows kExponential = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
