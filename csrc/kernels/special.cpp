// Error functions, gamma functions, and others.
#include "kernels/math_loop.h"
#include "simd/bessel.h"
#include "simd/erf.h"
#include "simd/gamma_of_float.h"
#include "simd/widen.h"

namespace wengert::WENGERT_ISA {
namespace {

struct Erf {
  template <class V>
  V operator()(V x) const {
    return erf(x);
  }
};
struct Erfc {
  template <class V>
  V operator()(V x) const {
    return erfc(x);
  }
};
struct Erfinv {
  template <class V>
  V operator()(V x) const {
    return erfinv(x);
  }
};

// A function on vectors of double, for float too.
template <class F>
struct InDouble {
  Vec<double> operator()(Vec<double> x) const { return F{}(x); }
  Vec<float> operator()(Vec<float> x) const {
    const Widened wide = widen(x);
    return narrow({F{}(wide.low), F{}(wide.high)});
  }
};

template <class F>
Vec<double> each_lane(Vec<double> x, F f) {
  constexpr int W = Vec<double>::width;
  double lanes[W];
  x.store(lanes);
#pragma GCC unroll 1
  for (int i = 0; i < W; ++i) lanes[i] = f(lanes[i]);
  return Vec<double>::load(lanes);
}

struct Ndtr {
  Vec<double> operator()(Vec<double> x) const { return ndtr(x); }
};
struct Ndtri {
  Vec<double> operator()(Vec<double> x) const { return ndtri(x); }
};
struct Erfcx {
  Vec<double> operator()(Vec<double> x) const { return erfcx(x); }
};
struct LogNdtr {
  Vec<double> operator()(Vec<double> x) const { return log_ndtr(x); }
};
template <bool First, bool Scaled>
struct BesselI {
  Vec<double> operator()(Vec<double> x) const { return bessel_i<First, Scaled>(x); }
};
struct LogGamma {
  Vec<double> operator()(Vec<double> x) const { return each_lane(x, log_gamma); }
  Vec<float> operator()(Vec<float> x) const {
    const Widened wide = widen(x);
    return narrow({log_gamma_of_float(wide.low), log_gamma_of_float(wide.high)});
  }
};
struct Digamma {
  Vec<double> operator()(Vec<double> x) const { return each_lane(x, digamma); }
  Vec<float> operator()(Vec<float> x) const {
    const Widened wide = widen(x);
    return narrow({digamma_of_float(wide.low), digamma_of_float(wide.high)});
  }
};

struct Entr {
  Vec<double> operator()(Vec<double> x) const {
    const Vec<double> zero(0.0), y = -x * log(x);
    return blend(less(x, zero), Vec<double>(-__builtin_inf()), blend(equal(x, zero), zero, y));
  }
};

// What every row here has in common.
constexpr ElementwiseRow row(const char* name, const char* doc, float ns, ElementwiseLoops loops, bool in_special = false) {
  ElementwiseRow row{};
  row.name = name;
  row.signature = "input: Tensor";
  row.rule = DTypeRule::floating;
  row.arity = 1;
  row.ns = ns;
  row.doc = doc;
  row.loops = loops;
  row.has_inplace = row.has_method = !in_special;
  return row;
}

const ElementwiseRow kRows[] = {
    row("erf",
        "The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to input, element by element.\n\n"
        ">>> wengert.tensor([0, -1.0, 10.0]).erf()\ntensor([ 0.0000, -0.8427,  1.0000])",
        0.3f, math_loops<Erf, 1>()),
    row("erfc",
        "1 - erf(input), element by element, without the loss of digits where erf is close to 1.\n\n"
        ">>> wengert.tensor([0, -1.0, 5.0]).erfc()\ntensor([1.0000e+00, 1.8427e+00, 1.5375e-12])",
        0.8f, math_loops<Erfc, 1>()),
    row("erfinv",
        "The inverse of erf, element by element: infinite at -1 and 1, NaN beyond.\n\n"
        ">>> wengert.tensor([0, 0.5, -1.0]).erfinv()\ntensor([0.0000, 0.4769,   -inf])",
        0.9f, math_loops<Erfinv, 1>()),
    row("lgamma",
        "The logarithm of the absolute value of the gamma function, element by element.\n\n"
        ">>> wengert.tensor([0.5, 1.0, 5.0]).lgamma()\ntensor([0.5724, 0.0000, 3.1781])",
        2, math_loops<LogGamma, 1>()),
    row("digamma",
        "The derivative of the logarithm of the gamma function, element by element: infinite at 0, NaN at negative "
        "integers.\n\n"
        ">>> wengert.tensor([1.0, 0.5]).digamma()\ntensor([-0.5772, -1.9635])",
        2, math_loops<Digamma, 1>()),
    row("i0",
        "The modified Bessel function of the first kind of order 0, element by element.\n\n"
        ">>> wengert.tensor([0, 1.0, -2.0]).i0()\ntensor([1.0000, 1.2661, 2.2796])",
        2, math_loops<InDouble<BesselI<false, false>>, 1>()),
    row("special_i0e",
        "exp(-|input|) i0(input), element by element; wengert.special.i0e.\n\n"
        ">>> wengert.special.i0e(wengert.tensor([0, 1.0, 100.0]))\ntensor([1.0000, 0.4658, 0.0399])",
        2, math_loops<InDouble<BesselI<false, true>>, 1>(), true),
    row("special_i1",
        "The modified Bessel function of the first kind of order 1, element by element; wengert.special.i1.\n\n"
        ">>> wengert.special.i1(wengert.tensor([0, 1.0, -2.0]))\ntensor([ 0.0000,  0.5652, -1.5906])",
        2, math_loops<InDouble<BesselI<true, false>>, 1>(), true),
    row("special_i1e",
        "exp(-|input|) i1(input), element by element; wengert.special.i1e.\n\n"
        ">>> wengert.special.i1e(wengert.tensor([0, 1.0, 100.0]))\ntensor([0.0000, 0.2079, 0.0397])",
        2, math_loops<InDouble<BesselI<true, true>>, 1>(), true),
    row("special_ndtr",
        "The probability of a standard normal number below input, element by element; wengert.special.ndtr.\n\n"
        ">>> wengert.special.ndtr(wengert.tensor([-1.0, 0, 1.0]))\ntensor([0.1587, 0.5000, 0.8413])",
        2, math_loops<InDouble<Ndtr>, 1>(), true),
    row("special_ndtri",
        "The inverse of ndtr, element by element: infinite at 0 and 1, NaN beyond; wengert.special.ndtri.\n\n"
        ">>> wengert.special.ndtri(wengert.tensor([0, 0.25, 0.5]))\ntensor([   -inf, -0.6745,  0.0000])",
        2, math_loops<InDouble<Ndtri>, 1>(), true),
    row("special_log_ndtr",
        "log(ndtr(input)), element by element, finite where ndtr is too small for a float; wengert.special.log_ndtr.\n\n"
        ">>> wengert.special.log_ndtr(wengert.tensor([-50.0, 0, 1.0]))\ntensor([-1.2548e+03, -6.9315e-01, -1.7275e-01])",
        8, math_loops<InDouble<LogNdtr>, 1>(), true),
    row("special_erfcx",
        "exp(input^2) erfc(input), element by element, where the factors would over- and underflow; wengert.special.erfcx.\n\n"
        ">>> wengert.special.erfcx(wengert.tensor([0, 1.0, 100.0]))\ntensor([1.0000, 0.4276, 0.0056])",
        2, math_loops<InDouble<Erfcx>, 1>(), true),
    row("special_entr",
        "-input log(input), element by element: 0 at 0, -inf below; wengert.special.entr.\n\n"
        ">>> wengert.special.entr(wengert.tensor([0, 0.5, -1.0]))\ntensor([0.0000, 0.3466,   -inf])",
        0.3f, math_loops<InDouble<Entr>, 1>(), true),
};

}  // namespace

extern const ElementwiseRows kSpecial;
const ElementwiseRows kSpecial = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
