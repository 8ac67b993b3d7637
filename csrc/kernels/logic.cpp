// Logic on whether elements are zero, and what a float is: NaN, infinite, finite.
#include "kernels/elementwise_compare.h"

namespace wengert::WENGERT_ISA {
namespace {

struct And {
  template <class T>
  bool operator()(T a, T b) const {
    return (a != T(0)) & (b != T(0));
  }
};
struct Or {
  template <class T>
  bool operator()(T a, T b) const {
    return (a != T(0)) | (b != T(0));
  }
};
struct ExclusiveOr {
  template <class T>
  bool operator()(T a, T b) const {
    return (a != T(0)) != (b != T(0));
  }
};
struct Not {
  template <class T>
  bool operator()(T a) const {
    return a == T(0);
  }
};

template <class T>
inline constexpr T kInfinity = sizeof(T) == 4 ? T(__builtin_inff()) : T(__builtin_inf());

struct IsNan {
  template <class T>
  bool operator()(T a) const {
    return a != a;
  }
};
struct IsInfinite {
  template <class T>
  bool operator()(T a) const {
    return (a == kInfinity<T>) | (a == -kInfinity<T>);
  }
};
struct IsFinite {
  template <class T>
  bool operator()(T a) const {
    return (a < kInfinity<T>)&(a > -kInfinity<T>);
  }
};
struct IsPositiveInfinity {
  template <class T>
  bool operator()(T a) const {
    return a == kInfinity<T>;
  }
};
struct IsNegativeInfinity {
  template <class T>
  bool operator()(T a) const {
    return a == -kInfinity<T>;
  }
};

// The same for every element.
template <bool Value>
void constant_loop(const ElementwiseArgs& args) {
  const int64_t n = args.n, step = args.step[0];
  each_row<1>(args, [=](char* const* p) {
    if (step == 1) {
      __builtin_memset(p[0], Value, static_cast<size_t>(n));
    } else {
      for (int64_t i = 0; i < n; ++i) p[0][i * step] = Value;
    }
  });
}

// A zero is a zero, signed or not: integers share the loops of their width.
#define BINARY(T) compare_loop<F, T>
template <class F>
constexpr ElementwiseLoops logic_loops() {
  return {{compare_loop<F, uint8_t>, WENGERT_BY_WIDTH(BINARY)}};
}
#undef BINARY
#define UNARY(T) test_loop<F, T>
template <class F>
constexpr ElementwiseLoops test_loops() {
  return {{test_loop<F, uint8_t>, WENGERT_BY_WIDTH(UNARY)}};
}
#undef UNARY

// Integers and bool: always or never.
template <class F, bool OfIntegers>
constexpr ElementwiseLoops float_tests() {
  ElementwiseLoops loops{};
  for (ElementwiseLoop& loop : loops.by_dtype) loop = constant_loop<OfIntegers>;
  loops.by_dtype[index_of(DType::float32)] = test_loop<F, float>;
  loops.by_dtype[index_of(DType::float64)] = test_loop<F, double>;
  return loops;
}

constexpr ElementwiseLoops kAlways = [] {
  ElementwiseLoops loops{};
  for (ElementwiseLoop& loop : loops.by_dtype) loop = constant_loop<true>;
  return loops;
}();

constexpr ElementwiseRow logical(const char* name, const char* doc, ElementwiseLoops loops) {
  return {.name = name,
          .signature = "input: Tensor, other: Tensor",
          .rule = DTypeRule::compare,
          .arity = 2,
          .ns = 0.03f,
          .doc = doc,
          .loops = loops};
}
constexpr ElementwiseRow test(const char* name, const char* doc, ElementwiseLoops loops) {
  return {.name = name,
          .signature = "input: Tensor",
          .rule = DTypeRule::compare,
          .arity = 1,
          .ns = 0.03f,
          .doc = doc,
          .loops = loops,
          .has_inplace = false,
          .exact_out = true};
}

const ElementwiseRow kRows[] = {
    logical("logical_and",
            "Whether both are not zero, element by element.\n\n"
            ">>> wengert.logical_and(wengert.tensor([0, 1, 2]), wengert.tensor([1, 1, 0]))\ntensor([False,  True, False])",
            logic_loops<And>()),
    logical("logical_or",
            "Whether either is not zero, element by element.\n\n"
            ">>> wengert.logical_or(wengert.tensor([0, 1, 0]), wengert.tensor([1, 1, 0]))\ntensor([ True,  True, False])",
            logic_loops<Or>()),
    logical("logical_xor",
            "Whether one of the two is not zero, element by element.\n\n"
            ">>> wengert.logical_xor(wengert.tensor([0, 1, 0]), wengert.tensor([1, 1, 0]))\ntensor([ True, False, False])",
            logic_loops<ExclusiveOr>()),
    {.name = "logical_not",
     .signature = "input: Tensor",
     .rule = DTypeRule::compare,
     .arity = 1,
     .ns = 0.03f,
     .doc = "Whether input is zero, element by element.\n\n"
            ">>> wengert.tensor([0.5, 0]).logical_not()\ntensor([False,  True])",
     .loops = test_loops<Not>()},
    test("isnan",
         "Whether input is NaN, element by element.\n\n>>> wengert.tensor([1, wengert.nan]).isnan()\ntensor([False,  True])",
         float_tests<IsNan, false>()),
    test("isinf",
         "Whether input is an infinity, element by element.\n\n"
         ">>> wengert.tensor([1, -wengert.inf]).isinf()\ntensor([False,  True])",
         float_tests<IsInfinite, false>()),
    test("isfinite",
         "Whether input is neither infinite nor NaN, element by element.\n\n"
         ">>> wengert.tensor([1, wengert.inf, wengert.nan]).isfinite()\ntensor([ True, False, False])",
         float_tests<IsFinite, true>()),
    test("isposinf",
         "Whether input is positive infinity, element by element.\n\n"
         ">>> wengert.tensor([-wengert.inf, wengert.inf]).isposinf()\ntensor([False,  True])",
         float_tests<IsPositiveInfinity, false>()),
    test("isneginf",
         "Whether input is negative infinity, element by element.\n\n"
         ">>> wengert.tensor([-wengert.inf, wengert.inf]).isneginf()\ntensor([ True, False])",
         float_tests<IsNegativeInfinity, false>()),
    test("isreal",
         "Whether input is a real number, element by element: every dtype here is real.\n\n"
         ">>> wengert.tensor([1.5, 2]).isreal()\ntensor([True, True])",
         kAlways),
};

}  // namespace

extern const ElementwiseRows kLogic;
const ElementwiseRows kLogic = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
