// Sums, extremes and their positions along one dimension, and the comparisons of whole arrays.
#include <limits>

#include "selftest/check.h"

namespace wengert::selftest {
namespace {

template <class T>
T input(Source& source) {
  if constexpr (!std::is_floating_point_v<T>) {
    if (sizeof(T) > 1 && source.below(2)) return static_cast<T>(source.below(3));  // equal extremes
  } else {
    if (source.below(64) == 0) return std::numeric_limits<T>::quiet_NaN();
  }
  return source.value<T>();
}

template <class T>
struct Steps {
  std::int64_t result, reduced;
  bool columns;
};

enum class Kind { sum, max, min };

template <class T, class Out>
void run_case(const char* name, Kind kind, const Reduction& reduction, bool with_index, std::int64_t n, std::int64_t count,
              Source& source, Report& report, const char* isa) {
  const int dtype = index_of(dtype_of<T>::value);
  const Steps<T> layouts[] = {{count, 1, false},   {count + 3, 1, false}, {-count, -1, false}, {2, 2 * n + 1, false},
                              {0, 1, false},       {n > 1, 0, false},     {1, n, true},        {1, n + 5, true},
                              {1, -(n + 1), true}, {1, 0, true}};
  for (const Steps<T>& layout : layouts) {
    Operand<T> in(n, count, layout.result, layout.reduced);
    in.fill([&] { return kind == Kind::sum ? source.value<T>() : input<T>(source); });
    Operand<Out> out(n, 1, layout.columns ? 1 : 2, 1), want = out;
    Operand<std::int64_t> index(n, 1, layout.columns ? 1 : 3, 1), want_index = index;
    for (std::int64_t i = 0; i < n; ++i) {
      if (kind == Kind::sum) {
        using Sum = std::conditional_t<std::is_floating_point_v<T>, long double, std::uint64_t>;
        Sum sum = 0;
        for (std::int64_t j = 0; j < count; ++j) sum += static_cast<Sum>(in.at(i, j));
        want.at(i) = static_cast<Out>(sum);
      } else {
        std::int64_t best = 0;
        for (std::int64_t j = 1; j < count; ++j) {
          const T a = in.at(i, j), b = in.at(i, best);
          if (b == b && (a != a || (kind == Kind::max ? a > b : a < b))) best = j;
        }
        want.at(i) = static_cast<Out>(in.at(i, best));
        if (with_index) want_index.at(i) = best;
      }
    }
    ReduceArgs args = {};
    args.out = out.bytes(), args.out_step = out.row_step_bytes();
    if (with_index) args.index = index.first, args.index_step = index.row_step_bytes();
    args.in = in.bytes(), args.in_step = in.row_step_bytes(), args.reduce_step = in.step_bytes();
    args.n = n, args.count = count;
    (layout.columns ? reduction.columns : reduction.rows)[dtype](args);
    const double tolerance = kind == Kind::sum ? sum_tolerance<T>(count) : 0;
    report.add(agree(out, want, tolerance) && agree(index, want_index),
               text("%s %s %s: %lld of %lld, steps %lld %lld%s", isa, name, info(dtype_of<T>::value).name,
                    static_cast<long long>(n), static_cast<long long>(count), static_cast<long long>(layout.result),
                    static_cast<long long>(layout.reduced), layout.columns ? ", columns" : ""));
  }
}

template <class T>
void test_comparisons(const KernelTable& table, Source& source, Report& report) {
  const int dtype = index_of(dtype_of<T>::value);
  const std::int64_t w = table.vector_bytes / static_cast<std::int64_t>(sizeof(T));
  for (const std::int64_t n : {std::int64_t{1}, w - 1, w, w + 1, 9 * w + 5}) {
    if (n < 1) continue;
    const auto what = [&](const char* name) {
      return text("%s %s %s: %lld", table.isa, name, info(dtype_of<T>::value).name, static_cast<long long>(n));
    };
    Operand<T> a(1, n, 0, 1);
    a.fill([&] { return source.value<T>(); });
    for (std::int64_t at = 0; at < n; at += 1 + n / 4) {
      Operand<T> b = a;
      bool ok = table.agreement->equal[dtype](a.first, b.first, n);
      b.at(0, at) = b.at(0, at) == T(0) ? T(1) : T(0);
      ok = ok && !table.agreement->equal[dtype](a.first, b.first, n);
      report.add(ok, what("equal"));
      if constexpr (std::is_floating_point_v<T>) {
        const auto close_to = [&](T x, T y, bool equal_nan) {
          a.at(0, at) = x, b.at(0, at) = y;
          return table.agreement->close[sizeof(T) == 8](a.first, b.first, n, 0.1, 0.25, equal_nan);
        };
        constexpr T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
        report.add(close_to(T(10), T(11), false) && !close_to(T(10), T(12), false) && close_to(T(-10), T(-11), false) &&
                       close_to(T(0.2), T(0), false) && !close_to(nan, nan, false) && close_to(nan, nan, true) &&
                       !close_to(nan, T(1), true) && close_to(inf, inf, false) && !close_to(inf, -inf, false) &&
                       !close_to(T(1), inf, false),
                   what("close"));
      }
    }
  }
}

}  // namespace

void test_reduce(const KernelTable& table, Report& report) {
  Source source;
  for (int d = 0; d < kDTypes; ++d) {
    dispatch(static_cast<DType>(d), [&]<class T>() {
      using Sum = std::conditional_t<std::is_floating_point_v<T>, T, std::int64_t>;
      const std::int64_t w = table.vector_bytes / static_cast<std::int64_t>(sizeof(T));
      const ExtremeKernels& extremes = *table.extremes;
      for (const std::int64_t count : {std::int64_t{1}, std::int64_t{2}, w - 1, w + 1, 5 * w + 3, std::int64_t{1500}}) {
        for (const std::int64_t n : {std::int64_t{1}, std::int64_t{3}, w, w + 1, 5 * w + 3}) {
          if (count < 1 || (count > 1000 && n > w + 1)) continue;
          run_case<T, Sum>("sum", Kind::sum, table.sums->sum, false, n, count, source, report, table.isa);
          run_case<T, T>("max", Kind::max, extremes.max, false, n, count, source, report, table.isa);
          run_case<T, T>("min", Kind::min, extremes.min, false, n, count, source, report, table.isa);
          run_case<T, T>("max_index", Kind::max, extremes.max_index, true, n, count, source, report, table.isa);
          run_case<T, T>("min_index", Kind::min, extremes.min_index, true, n, count, source, report, table.isa);
        }
      }
      test_comparisons<T>(table, source, report);
    });
  }
}

}  // namespace wengert::selftest
