// The comparisons: bool results, made by plain loops that the compiler vectorises.
#include "kernels/elementwise_loop.h"

namespace wengert::WENGERT_ISA {
namespace {

struct Equal {
  template <class T>
  bool operator()(T a, T b) const {
    return a == b;
  }
};
struct NotEqual {
  template <class T>
  bool operator()(T a, T b) const {
    return a != b;
  }
};
struct Less {
  template <class T>
  bool operator()(T a, T b) const {
    return a < b;
  }
};
struct LessEqual {
  template <class T>
  bool operator()(T a, T b) const {
    return a <= b;
  }
};

// Steps of 1, or 0 for one repeated element.
template <class F, int AStep, int BStep, class T>
void compare_row(uint8_t* out, const T* a, const T* b, int64_t n) {
#if !defined(__clang__)
#pragma GCC ivdep  // the result is apart from an input or the input itself
#endif
  for (int64_t i = 0; i < n; ++i) out[i] = F{}(a[i * AStep], b[i * BStep]);
}

template <class F, class T>
void compare_strided(char* const* p, const int64_t* step, int64_t n) {
  constexpr int kBlock = 256;
  T a[kBlock], b[kBlock];
  uint8_t out[kBlock];
  for (int64_t i = 0; i < n; i += kBlock) {
    const int count = static_cast<int>(n - i < kBlock ? n - i : kBlock);
    gather_elements<Bits<T>>(a, p[1] + i * step[1], step[1], count);
    gather_elements<Bits<T>>(b, p[2] + i * step[2], step[2], count);
    compare_row<F, 1, 1>(out, a, b, count);
    scatter_elements<uint8_t>(p[0] + i * step[0], step[0], out, count);
  }
}

template <class F, class T>
void compare_loop(const ElementwiseArgs& args) {
  constexpr int64_t size = sizeof(T);
  const bool dense = args.step[0] == 1 || args.n == 1;
  const int64_t a_step = args.n == 1 ? size : args.step[1], b_step = args.n == 1 ? size : args.step[2];
  each_row<3>(args, [&](char* const* p) {
    uint8_t* out = reinterpret_cast<uint8_t*>(p[0]);
    const T *a = reinterpret_cast<const T*>(p[1]), *b = reinterpret_cast<const T*>(p[2]);
    if (dense && a_step == size && b_step == size)
      compare_row<F, 1, 1>(out, a, b, args.n);
    else if (dense && a_step == size && b_step == 0)
      compare_row<F, 1, 0>(out, a, b, args.n);
    else if (dense && a_step == 0 && b_step == size)
      compare_row<F, 0, 1>(out, a, b, args.n);
    else
      compare_strided<F, T>(p, args.step, args.n);
  });
}

template <class F>
constexpr ElementwiseLoops ordered_loops() {
#define LOOP(T) compare_loop<F, T>
  return {{compare_loop<F, uint8_t>, WENGERT_BY_DTYPE(LOOP)}};
}

// Signedness does not matter to these.
template <class F>
constexpr ElementwiseLoops equality_loops() {
  return {{compare_loop<F, uint8_t>, WENGERT_BY_WIDTH(LOOP)}};
#undef LOOP
}

// Greater is Less with its operands exchanged.
template <class F, class T>
void exchanged_loop(const ElementwiseArgs& args) {
  ElementwiseArgs other = args;
  other.data[1] = args.data[2], other.step[1] = args.step[2], other.row_step[1] = args.row_step[2];
  other.data[2] = args.data[1], other.step[2] = args.step[1], other.row_step[2] = args.row_step[1];
  compare_loop<F, T>(other);
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
