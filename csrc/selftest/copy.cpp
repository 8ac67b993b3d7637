// Casts between all dtypes, strided copies and fills, and transposing copies.
#include <limits>

#include "selftest/check.h"

namespace wengert::selftest {
namespace {

// As the contract in kernels/copy.h says.
template <class From, class To>
To cast(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (std::is_floating_point_v<From> && !std::is_floating_point_v<To>) {
    using Wide = std::conditional_t<sizeof(To) == 8 || std::is_same_v<To, std::uint8_t>, std::int64_t, std::int32_t>;
    const double bound = std::ldexp(1.0, 8 * sizeof(Wide) - 1);
    double value = x;
    constexpr bool kHalves = std::is_unsigned_v<To> && sizeof(To) >= 4;
    const bool upper = kHalves && value >= bound;
    if (upper) value -= bound;
    // Below the bound by less than one, the number still truncates to the smallest: the same result either way.
    const bool fits = value >= -bound && value < bound;
    const Wide whole = fits ? static_cast<Wide>(value) : std::numeric_limits<Wide>::min();
    return static_cast<To>(upper ? whole ^ std::numeric_limits<Wide>::min() : whole);
  } else {
    return static_cast<To>(x);
  }
}

template <class T>
T input(Source& source) {
  if constexpr (std::is_floating_point_v<T>) {
    constexpr T special[] = {std::numeric_limits<T>::infinity(),
                             -std::numeric_limits<T>::infinity(),
                             std::numeric_limits<T>::quiet_NaN(),
                             T(0),
                             T(0.5),
                             T(-0.5),
                             T(300),
                             T(-300),
                             T(70000),
                             T(3e9),
                             T(-3e9),
                             T(1e19),
                             T(-1e19),
                             T(2147483520),
                             T(-2147483648.0)};
    if (source.below(3) == 0) return special[source.below(sizeof special / sizeof *special)];
    return source.value<T>() * T(1000);
  }
  return source.value<T>();
}

struct Steps {
  std::int64_t row_step, step;
};

template <class From, class To>
void test_cast(const KernelTable& table, Source& source, Report& report) {
  const CopyLoop loop = table.copy->cast[index_of(dtype_of<From>::value)].to[index_of(dtype_of<To>::value)];
  const std::int64_t w = table.vector_bytes / static_cast<std::int64_t>(std::min(sizeof(From), sizeof(To)));
  for (const std::int64_t n : {std::int64_t{1}, std::int64_t{2}, w - 1, w + 1, 9 * w + 5}) {
    for (std::int64_t rows = 1; rows <= 3; rows += 2) {
      const Steps kinds[] = {{n, 1}, {n + 3, 1}, {2 * n + 1, 2}, {-n, 1}, {n, -1}, {1, rows}, {1, 0}, {0, 1}};
      for (int in_kind = 0; in_kind < 8; ++in_kind) {
        const int out_kind = in_kind < 2 ? in_kind : static_cast<int>(source.below(6));
        const bool stream = source.below(2);
        Operand<From> in(rows, n, kinds[in_kind].row_step, kinds[in_kind].step);
        in.fill([&] { return input<From>(source); });
        Operand<To> out(rows, n, kinds[out_kind].row_step, kinds[out_kind].step), want = out;
        for (std::int64_t r = 0; r < rows; ++r)
          for (std::int64_t i = 0; i < n; ++i) want.at(r, i) = cast<From, To>(in.at(r, i));
        loop({.out = out.bytes(),
              .in = in.bytes(),
              .out_step = out.step_bytes(),
              .in_step = in.step_bytes(),
              .out_row_step = out.row_step_bytes(),
              .in_row_step = in.row_step_bytes(),
              .n = n,
              .rows = rows,
              .stream = stream});
        report.add(agree(out, want),
                   text("%s cast %s to %s: %lld x %lld, layouts %d %d%s", table.isa, info(dtype_of<From>::value).name,
                        info(dtype_of<To>::value).name, static_cast<long long>(rows), static_cast<long long>(n), in_kind,
                        out_kind, stream ? ", streamed" : ""));
      }
    }
  }
}

template <class T>
void test_transpose(int log, const KernelTable& table, Source& source, Report& report) {
  const std::int64_t w = table.vector_bytes / static_cast<std::int64_t>(sizeof(T));
  for (const std::int64_t rows : {std::int64_t{1}, w - 1, w, 2 * w + 3, std::int64_t{70}}) {
    for (const std::int64_t n : {std::int64_t{1}, w, w + 1, std::int64_t{67}}) {
      for (int kind = 0; kind < 4; ++kind) {
        if (rows < 1) continue;
        const bool stream = kind >= 2;
        // Streamed rows are whole vectors apart and start at one.
        const std::int64_t out_row = kind == 3 ? (n + w - 1) / w * w : n + kind;
        Operand<T> in(rows, n, 1, kind == 1 ? -(rows + 2) : rows + 1);
        Operand<T> out(rows, n, out_row, 1, kind == 3 ? table.vector_bytes : 0), want = out;
        in.fill([&] { return source.value<T>(); });
        for (std::int64_t r = 0; r < rows; ++r)
          for (std::int64_t i = 0; i < n; ++i) want.at(r, i) = in.at(r, i);
        table.copy->transpose[log]({.out = out.bytes(),
                                    .in = in.bytes(),
                                    .out_step = out.step_bytes(),
                                    .in_step = in.step_bytes(),
                                    .out_row_step = out.row_step_bytes(),
                                    .in_row_step = in.row_step_bytes(),
                                    .n = n,
                                    .rows = rows,
                                    .stream = stream});
        report.add(agree(out, want), text("%s transpose of %d-byte elements: %lld x %lld, layout %d", table.isa, 1 << log,
                                          static_cast<long long>(rows), static_cast<long long>(n), kind));
      }
    }
  }
}

}  // namespace

void test_copy(const KernelTable& table, Report& report) {
  Source source;
  for (int from = 0; from < kDTypes; ++from)
    for (int to = 0; to < kDTypes; ++to)
      dispatch(static_cast<DType>(from), [&]<class From>() {
        dispatch(static_cast<DType>(to), [&]<class To>() { test_cast<From, To>(table, source, report); });
      });
  test_transpose<std::uint8_t>(0, table, source, report);
  test_transpose<std::int16_t>(1, table, source, report);
  test_transpose<std::int32_t>(2, table, source, report);
  test_transpose<std::int64_t>(3, table, source, report);
}

}  // namespace wengert::selftest
