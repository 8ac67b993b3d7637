// The comparisons.
#include "kernels/elementwise_compare.h"

namespace wengert::WENGERT_ISA {
namespace {

struct Greater {
  template <class T>
  bool operator()(T a, T b) const {
    return a > b;
  }
};
struct GreaterEqual {
  template <class T>
  bool operator()(T a, T b) const {
    return a >= b;
  }
};
struct Equal {
  using Mirror = Equal;
  template <class T>
  bool operator()(T a, T b) const {
    return a == b;
  }
};
struct NotEqual {
  using Mirror = NotEqual;
  template <class T>
  bool operator()(T a, T b) const {
    return a != b;
  }
};
struct Less {
  using Mirror = Greater;
  template <class T>
  bool operator()(T a, T b) const {
    return a < b;
  }
};
struct LessEqual {
  using Mirror = GreaterEqual;
  template <class T>
  bool operator()(T a, T b) const {
    return a <= b;
  }
};

// Shorter integers are rare enough.
template <class F, class T>
void order_loop(const ElementwiseArgs& args) {
  if constexpr (sizeof(T) >= 4)
    run_comparison<Unsigned<T>>(args, compare_row<F, T>, compare_number<F, T>, compare_number<typename F::Mirror, T>);
  else
    compare_loop<F, T>(args);
}

template <class F>
constexpr ElementwiseLoops ordered_loops() {
#define LOOP(T) order_loop<F, T>
  return {{order_loop<F, uint8_t>, WENGERT_BY_DTYPE(LOOP)}};
}

// Signedness does not matter to these.
template <class F>
constexpr ElementwiseLoops equality_loops() {
  return {{order_loop<F, uint8_t>, WENGERT_BY_WIDTH(LOOP)}};
#undef LOOP
}

// Greater is Less with its operands exchanged.
template <class F, class T>
void exchanged_loop(const ElementwiseArgs& args) {
  ElementwiseArgs other = args;
  other.data[1] = args.data[2], other.step[1] = args.step[2], other.row_step[1] = args.row_step[2];
  other.data[2] = args.data[1], other.step[2] = args.step[1], other.row_step[2] = args.row_step[1];
  order_loop<F, T>(other);
}

template <class F>
constexpr ElementwiseLoops exchanged_loops() {
#define LOOP(T) exchanged_loop<F, T>
  return {{exchanged_loop<F, uint8_t>, WENGERT_BY_DTYPE(LOOP)}};
#undef LOOP
}

constexpr ElementwiseRow comparison(const char* name, const char* aliases, const char* doc, ElementwiseLoops loops) {
  return {.name = name,
          .aliases = aliases,
          .signature = "input: Tensor, other: Operand",
          .rule = DTypeRule::compare,
          .arity = 2,
          .ns = 0.03f,
          .doc = doc,
          .loops = loops};
}

const ElementwiseRow kRows[] = {
    comparison("eq", "",
               "input == other, element by element.\n\n>>> wengert.tensor([1, 2, 3]) == 2\ntensor([False,  True, False])",
               equality_loops<Equal>()),
    comparison("ne", "not_equal",
               "input != other, element by element.\n\n>>> wengert.tensor([1, 2, 3]) != 2\ntensor([ True, False,  True])",
               equality_loops<NotEqual>()),
    comparison("lt", "less",
               "input < other, element by element.\n\n>>> wengert.tensor([1, 2, 3]) < 2\ntensor([ True, False, False])",
               ordered_loops<Less>()),
    comparison("le", "less_equal",
               "input <= other, element by element.\n\n>>> wengert.tensor([1, 2, 3]) <= 2\ntensor([ True,  True, False])",
               ordered_loops<LessEqual>()),
    comparison("gt", "greater",
               "input > other, element by element.\n\n>>> wengert.tensor([1, 2, 3]) > 2\ntensor([False, False,  True])",
               exchanged_loops<Less>()),
    comparison("ge", "greater_equal",
               "input >= other, element by element.\n\n>>> wengert.tensor([1, 2, 3]) >= 2\ntensor([False,  True,  True])",
               exchanged_loops<LessEqual>()),
};

}  // namespace

extern const ElementwiseRows kComparison;
const ElementwiseRows kComparison = {kRows, sizeof kRows / sizeof *kRows};

}  // namespace wengert::WENGERT_ISA
