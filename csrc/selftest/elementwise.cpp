// Every row of the elementwise family and its variants. An element's expected value comes from C++'s own arithmetic where this
// file knows the operator, and from the kernel's answer to that element alone otherwise.
#include <limits>
#include <string_view>

#include "selftest/check.h"

namespace wengert::selftest {
namespace {

// `name` of a and b (with a third input: of a and scale * b).
template <class T>
bool known(std::string_view name, int arity, T a, T b, T scale, char* result) {
  const auto give = [&](T value) { return std::memcpy(result, &value, sizeof value), true; };
  const auto give_bool = [&](bool value) { return *result = value, true; };
  if (name == "eq") return give_bool(a == b);
  if (name == "ne") return give_bool(a != b);
  if (name == "lt") return give_bool(a < b);
  if (name == "le") return give_bool(a <= b);
  if (name == "gt") return give_bool(a > b);
  if (name == "ge") return give_bool(a >= b);
  if constexpr (std::is_same_v<T, bool>) {
    if (name == "add") return give(a || (b && (arity == 2 || scale)));
    if (name == "mul") return give(a && b);
    return false;
  } else {
    if (arity == 3) b = multiply(scale, b);
    if (name == "add") return give(plus(a, b));
    if (name == "sub") return give(plus(a, multiply(static_cast<T>(-1), b)));
    if (name == "mul") return give(multiply(a, b));
    if (name == "neg") return give(multiply(static_cast<T>(-1), a));
    if (name == "maximum") return give(b != b ? b : a > b || a != a ? a : b);
    if (name == "minimum") return give(b != b ? b : a < b || a != a ? a : b);
    if constexpr (std::is_floating_point_v<T>) {
      if (name == "div") return give(a / b);
      if (name == "abs") return give(std::abs(a));
    }
    return false;
  }
}

// Not zero, for the divisions; now and then something that is no plain number.
template <class T>
T input(Source& source) {
  if constexpr (std::is_floating_point_v<T>) {
    constexpr T special[] = {std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(),
                             std::numeric_limits<T>::quiet_NaN(), T(0), -T(0)};
    if (source.below(32) == 0) return special[source.below(5)];
  }
  const T value = source.value<T>();
  return value == T(0) && !std::is_same_v<T, bool> ? T(1) : value;
}

struct Steps {
  std::int64_t row_step, step;
};

// Dense, with gaps, reversed, transposed; for inputs one element or one row repeated as well.
Steps steps_of(int kind, std::int64_t rows, std::int64_t n) {
  const Steps kinds[] = {{n, 1}, {n + 3, 1}, {2 * n + 1, 2}, {-n, 1}, {n, -1}, {1, rows}, {1, 0}, {0, 1}, {0, 0}};
  return kinds[kind];
}
constexpr int kResultKinds = 6, kInputKinds = 9;

template <class T, class Out>
void run_case(const ElementwiseRow& row, ElementwiseLoop loop, std::int64_t rows, std::int64_t n, const int* kinds, bool stream,
              bool in_place, Source& source, Report& report, const char* isa) {
  const auto operand = [&]<class E>(int kind, E) {
    const Steps s = steps_of(kind, rows, n);
    return Operand<E>(rows, n, s.row_step, s.step);
  };
  // isclose takes its tolerances from the first element of a row.
  const int last = std::string_view(row.name).starts_with("isclose") ? 8 : kinds[3];
  Operand<T> inputs[] = {operand(kinds[1], T()), operand(kinds[2], T()), operand(last, T()), operand(last, T())};
  for (auto& one : inputs) one.fill([&] { return input<T>(source); });
  Operand<bool> mask = operand(kinds[1], bool());  // in place of the first input where the row has one
  mask.fill([&] { return source.below(2) == 0; });
  Operand<Out> apart = operand(kinds[0], Out());
  Operand<Out>* out = &apart;
  if constexpr (std::is_same_v<T, Out>)
    if (in_place) out = &inputs[0];
  Operand<Out> want = *out;

  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t i = 0; i < n; ++i) {
      T value[] = {inputs[0].at(r, i), inputs[1].at(r, i), inputs[2].at(r, i), inputs[3].at(r, i)};
      Out result;
      if (!known(row.name, row.arity, value[0], value[1], value[2], reinterpret_cast<char*>(&result))) {
        ElementwiseArgs single = {};
        single.n = single.rows = 1;
        single.data[0] = reinterpret_cast<char*>(&result), single.step[0] = sizeof(Out);
        for (int k = 0; k < row.arity; ++k) {
          single.data[k + 1] = reinterpret_cast<char*>(&value[k]);
          single.step[k + 1] = sizeof(T);
        }
        if (row.has_mask) single.data[1] = reinterpret_cast<char*>(&mask.at(r, i));
        loop(single);
      }
      want.at(r, i) = result;
    }
  }

  ElementwiseArgs args = {};
  args.n = n, args.rows = rows, args.stream = stream;
  args.data[0] = out->bytes(), args.step[0] = out->step_bytes(), args.row_step[0] = out->row_step_bytes();
  for (int k = 0; k < row.arity; ++k) {
    args.data[k + 1] = inputs[k].bytes();
    args.step[k + 1] = inputs[k].step_bytes(), args.row_step[k + 1] = inputs[k].row_step_bytes();
  }
  if (row.has_mask) args.data[1] = mask.bytes(), args.step[1] = mask.step_bytes(), args.row_step[1] = mask.row_step_bytes();
  loop(args);
  report.add(agree(*out, want, sum_tolerance<T>(1)),
             text("%s %s %s: %lld x %lld, layouts %d %d %d %d%s%s", isa, row.name, info(dtype_of<T>::value).name,
                  static_cast<long long>(rows), static_cast<long long>(n), kinds[0], kinds[1], kinds[2], kinds[3],
                  stream ? ", streamed" : "", in_place ? ", in place" : ""));
}

void test_row(const ElementwiseRow& row, const KernelTable& table, Source& source, Report& report) {
  for (int d = 0; d < kDTypes; ++d) {
    const ElementwiseLoop loop = row.loops.by_dtype[d];
    if (!loop) continue;
    dispatch(static_cast<DType>(d), [&]<class T>() {
      const auto run = [&](std::int64_t rows, std::int64_t n, const int* kinds, bool stream, bool in_place) {
        if (row.rule == DTypeRule::compare)
          run_case<T, bool>(row, loop, rows, n, kinds, stream, false, source, report, table.isa);
        else
          run_case<T, T>(row, loop, rows, n, kinds, stream, in_place && !row.has_mask, source, report, table.isa);
      };
      const std::int64_t w = table.vector_bytes / static_cast<std::int64_t>(sizeof(T));
      for (const std::int64_t n : {std::int64_t{1}, w - 1, w, w + 1, 4 * w, 4 * w + 3, 9 * w + 5}) {
        if (n < 1) continue;
        constexpr int dense[] = {1, 1, 1, 1}, repeated_first[] = {0, 6, 0, 0}, repeated_second[] = {0, 0, 6, 6};
        constexpr int scaled[] = {0, 0, 0, 8};
        run(3, n, dense, false, false);
        run(1, n, dense, true, false);
        run(2, n, dense, false, true);
        run(2, n, repeated_first, false, false);
        run(2, n, repeated_second, true, false);
        run(2, n, scaled, false, false);
        for (int i = 0; i < 6; ++i) {
          const int kinds[] = {static_cast<int>(source.below(kResultKinds)), static_cast<int>(source.below(kInputKinds)),
                               static_cast<int>(source.below(kInputKinds)), static_cast<int>(source.below(kInputKinds))};
          run(1 + source.below(4), n, kinds, source.below(2), false);
        }
      }
    });
  }
  for (const ElementwiseVariant& variant : row.variants)
    if (variant.row) test_row(*variant.row, table, source, report);
}

}  // namespace

void test_elementwise(const KernelTable& table, Report& report) {
  Source source;
  for (const ElementwiseRows& file : table.elementwise)
    for (int i = 0; i < file.count; ++i) test_row(file.rows[i], table, source, report);
}

}  // namespace wengert::selftest
